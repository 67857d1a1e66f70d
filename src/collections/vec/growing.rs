//! Methods that may need more memory, each in a form that panics and one that returns an error.

use super::Vec;
use super::raw_vec::RawVec;
use crate::collections::ArenaAllocator;
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use crate::vector::{fill, filling_methods, hinted};
use core::marker::PhantomData;

impl<'a, T, A: ArenaAllocator> Vec<'a, T, A> {
    /// An empty vector with capacity for `capacity` values.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[track_caller]
    pub fn with_capacity_in(capacity: usize, arena: &'a A) -> Self {
        Panic::unwrap(Panic::check(Self::try_with_capacity_in(capacity, arena)))
    }

    /// As [`with_capacity_in`](Self::with_capacity_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    pub fn try_with_capacity_in(capacity: usize, arena: &'a A) -> Result<Self, AllocError> {
        let mut raw = RawVec::new(arena);
        raw.exactly(0, capacity)?;
        Ok(Vec { len: 0, raw, owns: PhantomData })
    }

    /// Collects an iterator.
    ///
    /// # Panics
    /// When memory cannot be had, or the iterator does.
    #[inline]
    #[track_caller]
    pub fn from_iter_in(values: impl IntoIterator<Item = T>, arena: &'a A) -> Self {
        Panic::unwrap(Self::from_iter_or::<Panic>(values, arena))
    }

    /// As [`from_iter_in`](Self::from_iter_in).
    ///
    /// # Errors
    /// When memory cannot be had; what was collected is dropped.
    #[inline]
    pub fn try_from_iter_in(values: impl IntoIterator<Item = T>, arena: &'a A) -> Result<Self, AllocError> {
        Self::from_iter_or::<Report>(values, arena)
    }

    #[inline]
    #[track_caller]
    fn from_iter_or<F: Failure>(values: impl IntoIterator<Item = T>, arena: &'a A) -> Result<Self, F::Error> {
        let mut vector = Vec::new_in(arena);
        let values = values.into_iter();
        // Exactly the iterator's least size hint.
        let _ = vector.raw.exactly(0, hinted(&values));
        fill::extend::<F, T, Self>(&mut vector, values)?;
        Ok(vector)
    }

    /// As [`reserve_exact`](Self::reserve_exact).
    ///
    /// # Errors
    /// When that much cannot be had.
    #[inline]
    pub fn try_reserve_exact(&mut self, more: usize) -> Result<(), AllocError> {
        self.raw.exactly(self.len, more)
    }

    /// Appends copies of several slices' values, growing once.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let mut text = region::vec![in &arena; b'a'];
    /// text.extend_from_slices_copy(&[b"bc", b"", b"def"]);
    /// assert_eq!(text, b"abcdef");
    /// ```
    ///
    /// # Panics
    /// When memory cannot be had.
    #[track_caller]
    pub fn extend_from_slices_copy(&mut self, slices: &[&[T]])
    where
        T: Copy,
    {
        // A sum that wraps is more than there can be.
        self.reserve(slices.iter().fold(0, |sum: usize, slice| sum.saturating_add(slice.len())));
        slices.iter().for_each(|slice| self.extend_from_slice_copy(slice));
    }

    /// Moves the values from number `at` on into a new vector in the same arena.
    ///
    /// # Panics
    /// When `at` is greater than the length, or memory cannot be had.
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
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
    pub fn try_split_off(&mut self, at: usize) -> Result<Self, AllocError> {
        self.split_off_or::<Report>(at)
    }

    #[track_caller]
    fn split_off_or<F: Failure>(&mut self, at: usize) -> Result<Self, F::Error> {
        let mut rest = Vec::new_in(self.allocator());
        F::check(rest.raw.exactly(0, self.len.saturating_sub(at)))?;
        fill::split_off::<F, T, Self>(self, at, rest)
    }
}

filling_methods! { [impl<'a, T, A: ArenaAllocator> Vec<'a, T, A>] }
