//! A slice of one word, complete: its length lies in the arena, before it.

use super::thin::{Header, ThinVec, values};
use super::traits::shared_slice;
use crate::collections::ArenaAllocator;
use crate::error::AllocError;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// A `&'a [T]` in 8 bytes. Made in an arena, or of a [`ThinVec`] that is complete.
///
/// ```
/// use region::collections::unmanaged::ThinSlice;
/// let arena = region::Arena::new();
/// let primes = ThinSlice::from_iter_in([2, 3, 5], &arena);
/// let copy = primes;
/// assert_eq!((copy.len(), primes.as_slice()), (3, &[2, 3, 5][..]));
/// assert!(ThinSlice::<u64>::default().is_empty());
/// ```
// Invariants: `header` is that of a `ThinVec<'a, T>` that was given up.
pub struct ThinSlice<'a, T: 'a> {
    header: NonNull<Header>,
    values: PhantomData<&'a [T]>,
}

impl<'a, T> ThinSlice<'a, T> {
    /// Collects an iterator.
    ///
    /// # Panics
    /// When memory cannot be had, or the iterator does; what was collected is leaked then.
    #[inline]
    #[track_caller]
    pub fn from_iter_in<A: ArenaAllocator>(values: impl IntoIterator<Item = T>, arena: &'a A) -> Self {
        Self::complete(ThinVec::from_iter_in(values, arena), arena)
    }

    /// As [`from_iter_in`](Self::from_iter_in).
    ///
    /// # Errors
    /// When memory cannot be had; what was collected is leaked.
    #[inline]
    pub fn try_from_iter_in<A: ArenaAllocator>(
        values: impl IntoIterator<Item = T>,
        arena: &'a A,
    ) -> Result<Self, AllocError> {
        ThinVec::try_from_iter_in(values, arena).map(|values| Self::complete(values, arena))
    }

    fn complete<A: ArenaAllocator>(mut values: ThinVec<'a, T>, arena: &'a A) -> Self {
        values.shrink_to_fit(arena);
        values.into_thin_slice()
    }

    /// The values, as long as the arena is borrowed.
    #[inline(always)]
    pub fn as_slice(self) -> &'a [T] {
        // SAFETY: the header is there for `'a`, and behind it as many values as it says; nobody changes them, as the
        // vector was given up (the invariant).
        unsafe { NonNull::slice_from_raw_parts(values::<T>(self.header), self.header.read().len()).as_ref() }
    }
}

impl<'a, T> ThinVec<'a, T> {
    /// The values, for as long as the arena is borrowed, in one word that may be copied. They will not change any more,
    /// nor be dropped. Unused memory is not given back; [`shrink_to_fit`](Self::shrink_to_fit) does that before.
    ///
    /// ```
    /// use region::collections::unmanaged::{ThinSlice, ThinVec};
    /// let arena = region::Arena::new();
    /// let words: ThinSlice<&str> = ThinVec::from_iter_in(["to", "be"], &arena).into_thin_slice();
    /// assert_eq!((words.join(" "), size_of_val(&words)), ("to be".to_string(), 8));
    /// ```
    #[inline]
    pub fn into_thin_slice(self) -> ThinSlice<'a, T> {
        // The vector is given up, so nobody changes what it had.
        ThinSlice { header: self.into_header(), values: PhantomData }
    }
}

impl<T> Default for ThinSlice<'_, T> {
    fn default() -> Self {
        ThinVec::new().into_thin_slice()
    }
}

shared_slice!(ThinSlice);
