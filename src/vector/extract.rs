//! Values of a range that are taken out of a vector one by one, by a condition.

use super::edit::Sweep;
use super::{Vector, bounds};
use core::fmt;
use core::iter::FusedIterator;
use core::ops::RangeBounds;

/// The values of a range that meet a condition, taken out of a vector `V`. Made by `extract_if` of a
/// [`RegionVec`](crate::RegionVec) or a `Vec` in an arena.
pub struct ExtractIf<'v, T, V: Vector<T>, F> {
    /// Goes through the range, and closes the gaps when it is dropped.
    sweep: Sweep<'v, T, V>,
    /// Where the range ends.
    end: usize,
    wanted: F,
}

impl<'v, T, V: Vector<T>, F> ExtractIf<'v, T, V, F> {
    #[track_caller]
    pub(crate) fn new(vector: &'v mut V, range: impl RangeBounds<usize>, wanted: F) -> Self {
        let (start, end) = bounds("extract", range, vector.len());
        ExtractIf { sweep: Sweep::from(vector, start), end, wanted }
    }
}

impl<T, V: Vector<T>, F: FnMut(&mut T) -> bool> Iterator for ExtractIf<'_, T, V, F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        while self.sweep.comes_before(self.end) {
            if let Some(value) = self.sweep.take_if(&mut self.wanted) {
                return Some(value);
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.sweep.left_before(self.end)))
    }
}

impl<T, V: Vector<T>, F: FnMut(&mut T) -> bool> FusedIterator for ExtractIf<'_, T, V, F> {}

impl<T, V: Vector<T>, F> fmt::Debug for ExtractIf<'_, T, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractIf").field("left", &self.sweep.left_before(self.end)).finish_non_exhaustive()
    }
}
