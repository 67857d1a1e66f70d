//! Many values at a time.

use super::RegionVec;
use crate::arena::Backing;
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use crate::vector::fill;

/// Bytes that a slice is copied by.
///
/// The backing brings RAM in ahead of use for small requests only. It leaves a larger piece to page faults, as that
/// might never be written. A slice that is copied is written at once, so it is requested in pieces.
// (`.back.populate`)
const PIECE: usize = 128 << 10;

impl<T, B: Backing> RegionVec<T, B> {
    /// Appends clones of a slice's values.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let mut text = region::RegionVec::new();
    /// text.extend_from_slice(b"to be ");
    /// text.extend_from_slice(b"or not");
    /// assert_eq!(text, b"to be or not");
    /// ```
    #[track_caller]
    pub fn extend_from_slice(&mut self, values: &[T])
    where
        T: Clone,
    {
        Panic::unwrap(self.extend_from_slice_or::<Panic>(values));
    }

    /// As [`extend_from_slice`](Self::extend_from_slice).
    ///
    /// # Errors
    /// When memory cannot be had; the vector is as it was.
    pub fn try_extend_from_slice(&mut self, values: &[T]) -> Result<(), AllocError>
    where
        T: Clone,
    {
        let len = self.buffer.len();
        self.extend_from_slice_or::<Report>(values).inspect_err(|_| self.truncate(len))
    }

    #[track_caller]
    fn extend_from_slice_or<F: Failure>(&mut self, values: &[T]) -> Result<(), F::Error>
    where
        T: Clone,
    {
        for piece in values.chunks((PIECE / size_of::<T>().max(1)).max(1)) {
            fill::extend_from_slice::<F, T, Self>(self, piece)?;
        }
        Ok(())
    }

    /// Moves the values from number `at` on into a new vector over the same kind of memory. They are copied, as each
    /// vector has one block.
    ///
    /// # Panics
    /// When `at` is greater than the length, or memory cannot be had.
    ///
    /// ```
    /// let mut letters = region::RegionVec::from(['a', 'b', 'c']);
    /// let rest = letters.split_off(1);
    /// assert_eq!((&letters[..], &rest[..]), (&['a'][..], &['b', 'c'][..]));
    /// ```
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self
    where
        B: Clone,
    {
        Panic::unwrap(self.split_off_or::<Panic>(at))
    }

    /// As [`split_off`](Self::split_off).
    ///
    /// # Errors
    /// When memory cannot be had; the vector is as it was.
    ///
    /// # Panics
    /// When `at` is greater than the length.
    #[track_caller]
    pub fn try_split_off(&mut self, at: usize) -> Result<Self, AllocError>
    where
        B: Clone,
    {
        self.split_off_or::<Report>(at)
    }

    #[track_caller]
    fn split_off_or<F: Failure>(&mut self, at: usize) -> Result<Self, F::Error>
    where
        B: Clone,
    {
        let rest = RegionVec::new_in(self.backing().clone());
        fill::split_off::<F, T, Self>(self, at, rest)
    }
}
