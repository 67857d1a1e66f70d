//! A range of values replaced by others.

use super::{Drain, Grow, hinted};
use crate::error::failure::Panic;
use core::fmt;
use core::iter::FusedIterator;

/// The values of a range, taken out of a vector `V` while others come in their place. Made by `splice` of a
/// [`RegionVec`](crate::RegionVec) or a `Vec` in an arena.
pub struct Splice<'a, I: Iterator, V: Grow<I::Item>> {
    drain: Drain<'a, I::Item, V>,
    replacement: I,
}

impl<'a, I: Iterator, V: Grow<I::Item>> Splice<'a, I, V> {
    pub(crate) fn new(drain: Drain<'a, I::Item, V>, replacement: I) -> Self {
        Splice { drain, replacement }
    }
}

impl<I: Iterator, V: Grow<I::Item>> Iterator for Splice<'_, I, V> {
    type Item = I::Item;

    #[inline]
    fn next(&mut self) -> Option<I::Item> {
        self.drain.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.drain.size_hint()
    }
}

impl<I: Iterator, V: Grow<I::Item>> DoubleEndedIterator for Splice<'_, I, V> {
    #[inline]
    fn next_back(&mut self) -> Option<I::Item> {
        self.drain.next_back()
    }
}

impl<I: Iterator, V: Grow<I::Item>> ExactSizeIterator for Splice<'_, I, V> {}
impl<I: Iterator, V: Grow<I::Item>> FusedIterator for Splice<'_, I, V> {}

impl<I: Iterator, V: Grow<I::Item>> Drop for Splice<'_, I, V> {
    /// Puts the replacement where the range was. Whenever the gap is full, the values after it move, each time twice as
    /// far. The drain is dropped after this and closes what is left of the gap.
    fn drop(&mut self) {
        self.drain.by_ref().for_each(drop);
        while let Some(value) = self.replacement.next() {
            if self.drain.gap() == 0 {
                let more = hinted(&self.replacement).saturating_add(1);
                Panic::unwrap(self.drain.widen::<Panic>(more));
            }
            self.drain.put(value);
        }
    }
}

impl<I: Iterator<Item: fmt::Debug>, V: Grow<I::Item>> fmt::Debug for Splice<'_, I, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Splice").field(&self.drain.as_slice()).finish()
    }
}
