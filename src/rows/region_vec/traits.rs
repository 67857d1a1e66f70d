//! What the language and std ask of a vector.

use super::RegionVec;
use crate::arena::Backing;
use crate::arena::failure::Panic;
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Deref, DerefMut};

impl<T, B: Backing> Deref for RegionVec<T, B> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T, B: Backing> DerefMut for RegionVec<T, B> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
}

impl<T, B: Backing> AsRef<[T]> for RegionVec<T, B> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T, B: Backing> AsMut<[T]> for RegionVec<T, B> {
    fn as_mut(&mut self) -> &mut [T] {
        self
    }
}

impl<T, B: Backing> Borrow<[T]> for RegionVec<T, B> {
    fn borrow(&self) -> &[T] {
        self
    }
}

impl<T, B: Backing> BorrowMut<[T]> for RegionVec<T, B> {
    fn borrow_mut(&mut self) -> &mut [T] {
        self
    }
}

#[cfg(all(feature = "os", unix))]
impl<T> Default for RegionVec<T> {
    fn default() -> Self {
        RegionVec::new()
    }
}

impl<T: Clone, B: Backing + Clone> Clone for RegionVec<T, B> {
    /// The same values in a reservation of their own.
    fn clone(&self) -> Self {
        let mut clone = RegionVec::new_in(self.backing().clone());
        clone.extend_from_slice(self);
        clone
    }

    fn clone_from(&mut self, source: &Self) {
        self.clear();
        self.extend_from_slice(source);
    }
}

impl<T: fmt::Debug, B: Backing> fmt::Debug for RegionVec<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_slice(), f)
    }
}

/// Comparisons with whatever shows a slice.
macro_rules! equals {
    ($([$($param:tt)*] $other:ty;)*) => {$(
        impl<T: PartialEq<U>, U, B: Backing, $($param)*> PartialEq<$other> for RegionVec<T, B> {
            fn eq(&self, other: &$other) -> bool {
                self.as_slice() == &other[..]
            }
        }
    )*};
}

equals! {
    [C: Backing] RegionVec<U, C>;
    [] [U];
    [] &[U];
    [] &mut [U];
    [const N: usize] [U; N];
    [const N: usize] &[U; N];
}

impl<T: Eq, B: Backing> Eq for RegionVec<T, B> {}

impl<T: PartialOrd, B: Backing, C: Backing> PartialOrd<RegionVec<T, C>> for RegionVec<T, B> {
    fn partial_cmp(&self, other: &RegionVec<T, C>) -> Option<Ordering> {
        self.as_slice().partial_cmp(other.as_slice())
    }
}

impl<T: Ord, B: Backing> Ord for RegionVec<T, B> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl<T: Hash, B: Backing> Hash for RegionVec<T, B> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl<T, B: Backing> Extend<T> for RegionVec<T, B> {
    #[inline]
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        Panic::unwrap(self.extend_or::<Panic>(values));
    }
}

impl<'a, T: Copy, B: Backing> Extend<&'a T> for RegionVec<T, B> {
    #[inline]
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, values: I) {
        Panic::unwrap(self.extend_or::<Panic>(values.into_iter().copied()));
    }
}

#[cfg(all(feature = "os", unix))]
impl<T> FromIterator<T> for RegionVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut vec = RegionVec::new();
        vec.extend(values);
        vec
    }
}

#[cfg(all(feature = "os", unix))]
impl<T, const N: usize> From<[T; N]> for RegionVec<T> {
    fn from(values: [T; N]) -> Self {
        RegionVec::from_iter(values)
    }
}

#[cfg(all(feature = "os", unix))]
impl<T: Clone> From<&[T]> for RegionVec<T> {
    fn from(values: &[T]) -> Self {
        let mut vec = RegionVec::new();
        vec.extend_from_slice(values);
        vec
    }
}

impl<'a, T, B: Backing> IntoIterator for &'a RegionVec<T, B> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> core::slice::Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T, B: Backing> IntoIterator for &'a mut RegionVec<T, B> {
    type Item = &'a mut T;
    type IntoIter = core::slice::IterMut<'a, T>;

    fn into_iter(self) -> core::slice::IterMut<'a, T> {
        self.iter_mut()
    }
}

/// A sequence of the values, as a slice of them is.
#[cfg(feature = "serde")]
impl<T: serde::Serialize, B: Backing> serde::Serialize for RegionVec<T, B> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}

/// Bytes are appended as they come, as to std's `Vec<u8>`; an error is `OutOfMemory`.
#[cfg(feature = "std")]
impl<B: Backing> std::io::Write for RegionVec<u8, B> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let written = self.try_extend_from_slice(bytes);
        written.map_err(|error| std::io::Error::new(std::io::ErrorKind::OutOfMemory, error))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
