//! A range of values replaced by others.

use super::{Drain, RegionVec};
use crate::arena::Backing;
use crate::arena::failure::Panic;
use core::fmt;
use core::iter::FusedIterator;

/// The values of a range, taken out while others come in their place. Made by [`RegionVec::splice`].
pub struct Splice<'a, I: Iterator, B: Backing> {
    drain: Drain<'a, I::Item, B>,
    replacement: I,
}

impl<'a, I: Iterator, B: Backing> Splice<'a, I, B> {
    pub(super) fn new(drain: Drain<'a, I::Item, B>, replacement: I) -> Self {
        Splice { drain, replacement }
    }
}

impl<I: Iterator, B: Backing> Iterator for Splice<'_, I, B> {
    type Item = I::Item;

    #[inline]
    fn next(&mut self) -> Option<I::Item> {
        self.drain.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.drain.size_hint()
    }
}

impl<I: Iterator, B: Backing> DoubleEndedIterator for Splice<'_, I, B> {
    #[inline]
    fn next_back(&mut self) -> Option<I::Item> {
        self.drain.next_back()
    }
}

impl<I: Iterator, B: Backing> ExactSizeIterator for Splice<'_, I, B> {}
impl<I: Iterator, B: Backing> FusedIterator for Splice<'_, I, B> {}

impl<I: Iterator, B: Backing> Drop for Splice<'_, I, B> {
    /// The replacement goes where the range was, and the values after it move as often as the gap is full, by
    /// twice as much each time. The drain, which ends after this, closes what is left of the gap.
    fn drop(&mut self) {
        self.drain.by_ref().for_each(drop);
        while let Some(value) = self.replacement.next() {
            if self.drain.gap() == 0 {
                let said = self.replacement.size_hint().0.saturating_add(1);
                Panic::unwrap(self.drain.widen::<Panic>(said));
            }
            self.drain.put(value);
        }
    }
}

impl<I: Iterator<Item: fmt::Debug>, B: Backing> fmt::Debug for Splice<'_, I, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Splice").field(&self.drain.as_slice()).finish()
    }
}

impl<T, B: Backing> RegionVec<T, B> {
    /// Replaces a range by what an iterator gives, however many that are, and gives what was there as an
    /// iterator. The replacement is made when that is dropped; if it is forgotten, the values after the range
    /// are too.
    ///
    /// # Panics
    /// When the range ends after the vector, or before it starts; when memory cannot be had, as the iterator is
    /// dropped: the vector then has what came before. [`try_reserve`](Self::try_reserve) asks first.
    ///
    /// ```
    /// let mut words = region::RegionVec::from(["to", "be", "!"]);
    /// let old: Vec<_> = words.splice(1..2, ["see", "or", "not"]).collect();
    /// assert_eq!(old, ["be"]);
    /// assert_eq!(words, ["to", "see", "or", "not", "!"]);
    /// ```
    #[track_caller]
    pub fn splice<I: IntoIterator<Item = T>>(
        &mut self,
        range: impl core::ops::RangeBounds<usize>,
        replacement: I,
    ) -> Splice<'_, I::IntoIter, B> {
        Splice::new(self.drain(range), replacement.into_iter())
    }
}
