//! The traits of the language and std for a vector.

use super::Vec;
use crate::collections::{ArenaAllocator, Box};
use crate::error::failure::Panic;
use crate::typed::IntoIter;
use crate::vector::{Vector, vector_traits};
use core::panic::UnwindSafe;

vector_traits!([T, A: ArenaAllocator] Vec<'_, T, A>, [B: ArenaAllocator] Vec<'_, T, B>);

// A vector is safe across a panic if its values are, as the standard library's. Arenas are whole after one.
impl<T: UnwindSafe, A: ArenaAllocator> UnwindSafe for Vec<'_, T, A> {}

impl<T, A: ArenaAllocator> AsRef<Self> for Vec<'_, T, A> {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<T, A: ArenaAllocator> AsMut<Self> for Vec<'_, T, A> {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

impl<T: Clone, A: ArenaAllocator> Clone for Vec<'_, T, A> {
    /// The same values in memory of their own in the same arena, with no spare capacity.
    #[track_caller]
    fn clone(&self) -> Self {
        let mut clone = Vec::with_capacity_in(self.len(), self.allocator());
        clone.extend_from_slice(self);
        clone
    }

    #[track_caller]
    fn clone_from(&mut self, source: &Self) {
        self.clear();
        self.extend_from_slice(source);
    }
}

/// Comparisons with other types that are slices, from the left and from the right.
macro_rules! equals {
    ($([$($param:tt)*] $other:ty;)*) => {$(
        impl<$($param)* T: PartialEq<U>, U, A: ArenaAllocator> PartialEq<$other> for Vec<'_, T, A> {
            #[inline]
            fn eq(&self, other: &$other) -> bool {
                self.as_slice() == &other[..]
            }
        }
    )*};
}

equals! {
    ['b, B: ArenaAllocator,] Vec<'b, U, B>;
    [] [U];
    [] &[U];
    [] &mut [U];
    [const N: usize,] [U; N];
    [const N: usize,] &[U; N];
}

/// The same, with the vector on the right.
macro_rules! equalled_by {
    ($($other:ty),*) => {$(
        impl<T: PartialEq<U>, U, A: ArenaAllocator> PartialEq<Vec<'_, U, A>> for $other {
            #[inline]
            fn eq(&self, other: &Vec<'_, U, A>) -> bool {
                &self[..] == other.as_slice()
            }
        }
    )*};
}

equalled_by!([T], &[T], &mut [T]);

impl<T: Clone, A: ArenaAllocator> Clone for IntoIter<T, Vec<'_, T, A>> {
    /// The values that were not taken yet, in memory of their own.
    #[track_caller]
    fn clone(&self) -> Self {
        let mut rest = Vec::with_capacity_in(self.len(), self.vector().allocator());
        rest.extend_from_slice(self.as_slice());
        rest.into_iter()
    }
}

impl<'a, T, A: ArenaAllocator> From<Vec<'a, T, A>> for Box<'a, [T]> {
    /// As [`Vec::into_boxed_slice`].
    fn from(values: Vec<'a, T, A>) -> Self {
        values.into_boxed_slice()
    }
}

impl<'a, T, A: ArenaAllocator, const N: usize> TryFrom<Vec<'a, T, A>> for [T; N] {
    type Error = Vec<'a, T, A>;

    /// Moves the values out, if there are just as many.
    fn try_from(mut values: Vec<'a, T, A>) -> Result<Self, Vec<'a, T, A>> {
        if values.len() != N {
            return Err(values);
        }
        // SAFETY: `N` values lie at the start, which leave the vector and are read once.
        unsafe {
            values.set_len(0);
            Ok(Vector::pointer_to(&values, 0).cast().read())
        }
    }
}

/// Bytes are appended as they come, as to std's `Vec<u8>`; an error is `OutOfMemory`.
#[cfg(feature = "std")]
impl<A: ArenaAllocator> std::io::Write for Vec<'_, u8, A> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let written = self.try_extend_from_slice_copy(bytes);
        written.map_err(|error| std::io::Error::new(std::io::ErrorKind::OutOfMemory, error))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
