//! A vector as an iterator over its values.

use super::RegionVec;
use crate::arena::{Backing, DefaultBacking};
use crate::rows::row::Row;
use core::fmt;
use core::iter::FusedIterator;

/// The values of a vector, one by one. Made by `into_iter` of a [`RegionVec`], an
/// [`AppendVec`](crate::AppendVec) or a [`TypedArena`](crate::TypedArena). What it does not give is dropped
/// with it.
pub struct IntoIter<T, B: Backing = DefaultBacking> {
    /// Counts no values any more: they are the iterator's.
    row: Row<T, B>,
    next: usize,
    end: usize,
}

impl<T, B: Backing> IntoIter<T, B> {
    /// The values that were not given out yet.
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: `next..end` hold values that the iterator owns.
        unsafe { self.row.places(self.next, self.end).as_ref() }
    }

    /// The values that were not given out yet, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as in `as_slice`, and the iterator is borrowed mutably.
        unsafe { self.row.places(self.next, self.end).as_mut() }
    }
}

impl<T, B: Backing> IntoIterator for RegionVec<T, B> {
    type Item = T;
    type IntoIter = IntoIter<T, B>;

    #[inline]
    fn into_iter(self) -> IntoIter<T, B> {
        let mut row = self.into_row();
        let end = row.len();
        // SAFETY: the values become the iterator's.
        unsafe { row.set_len(0) };
        IntoIter { row, next: 0, end }
    }
}

impl<T, B: Backing> Iterator for IntoIter<T, B> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        if self.next == self.end {
            return None;
        }
        let place = self.row.place(self.next);
        self.next += 1;
        // SAFETY: the place holds a value of the iterator's, which `next` has just passed: it is read once.
        Some(unsafe { place.read() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }
}

impl<T, B: Backing> DoubleEndedIterator for IntoIter<T, B> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        if self.next == self.end {
            return None;
        }
        self.end -= 1;
        // SAFETY: the place holds a value of the iterator's, which `end` has just passed: it is read once.
        Some(unsafe { self.row.place(self.end).read() })
    }
}

impl<T, B: Backing> ExactSizeIterator for IntoIter<T, B> {}
impl<T, B: Backing> FusedIterator for IntoIter<T, B> {}

impl<T, B: Backing> Drop for IntoIter<T, B> {
    fn drop(&mut self) {
        let (next, end) = (self.next, self.end);
        self.next = end;
        // SAFETY: `next..end` hold values of the iterator's; it counts them no more.
        unsafe { self.row.places(next, end).drop_in_place() };
    }
}

impl<T: fmt::Debug, B: Backing> fmt::Debug for IntoIter<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.as_slice()).finish()
    }
}
