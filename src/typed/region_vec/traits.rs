//! The traits of the language and std for a vector.

use super::RegionVec;
use crate::arena::Backing;
use crate::error::failure::Panic;
use crate::vector::vector_traits;

vector_traits!([T, B: Backing] RegionVec<T, B>, [C: Backing] RegionVec<T, C>);

#[cfg(all(feature = "os", any(unix, windows)))]
impl<T> Default for RegionVec<T> {
    fn default() -> Self {
        RegionVec::new()
    }
}

impl<T: Clone, B: Backing + Clone> Clone for RegionVec<T, B> {
    /// The same values in a reservation of their own.
    #[track_caller]
    fn clone(&self) -> Self {
        let mut clone = RegionVec::new_in(self.backing().clone());
        clone.extend_from_slice(self);
        clone
    }

    #[track_caller]
    fn clone_from(&mut self, source: &Self) {
        self.clear();
        self.extend_from_slice(source);
    }
}

/// Comparisons with other types that are slices.
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

#[cfg(all(feature = "os", any(unix, windows)))]
impl<T> FromIterator<T> for RegionVec<T> {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut vec = RegionVec::new();
        vec.extend(values);
        vec
    }
}

#[cfg(all(feature = "os", any(unix, windows)))]
impl<T, const N: usize> From<[T; N]> for RegionVec<T> {
    #[track_caller]
    fn from(values: [T; N]) -> Self {
        RegionVec::from_iter(values)
    }
}

#[cfg(all(feature = "os", any(unix, windows)))]
impl<T: Clone> From<&[T]> for RegionVec<T> {
    #[track_caller]
    fn from(values: &[T]) -> Self {
        let mut vec = RegionVec::new();
        vec.extend_from_slice(values);
        vec
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
