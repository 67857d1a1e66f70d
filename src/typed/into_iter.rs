//! A vector as an iterator over its values.

use super::RegionVec;
use crate::vector::{Vector, pointers_to};
use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;

/// The values of a vector, one by one, from either end. Made by `into_iter` of a [`RegionVec`], an
/// [`AppendVec`](crate::AppendVec), a [`TypedArena`](crate::TypedArena) or a `Vec` in an arena. `V` is that vector.
/// The values that were not taken are dropped with the iterator.
///
/// ```
/// let mut values = region::RegionVec::from([1, 2, 3]).into_iter();
/// assert_eq!((values.next(), values.next_back()), (Some(1), Some(3)));
/// assert_eq!((values.len(), values.as_slice()), (1, &[2][..]));
/// ```
pub struct IntoIter<T, V: Vector<T> = RegionVec<T>> {
    /// Counts no values: the iterator owns them.
    vector: V,
    /// The values that were not given out yet, by number, as values without bytes all have one address.
    next: usize,
    end: usize,
    values: PhantomData<T>,
}

impl<T, V: Vector<T>> IntoIter<T, V> {
    pub(crate) fn of(mut vector: V) -> Self {
        let end = vector.len();
        // SAFETY: the values become the iterator's.
        unsafe { vector.set_len(0) };
        IntoIter { vector, next: 0, end, values: PhantomData }
    }

    /// The memory, and what it holds of values.
    #[cfg(feature = "collections")]
    pub(crate) fn vector(&self) -> &V {
        &self.vector
    }

    /// The values that were not given out yet.
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: `next..end` hold values that the iterator owns.
        unsafe { pointers_to(&self.vector, self.next, self.end).as_ref() }
    }

    /// The values that were not given out yet, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: `next..end` hold values that the iterator owns, and it is borrowed mutably.
        unsafe { pointers_to(&self.vector, self.next, self.end).as_mut() }
    }
}

impl<T, V: Vector<T>> Iterator for IntoIter<T, V> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        if self.next == self.end {
            return None;
        }
        let pointer = self.vector.pointer_to(self.next);
        self.next += 1;
        // SAFETY: the position holds a value of the iterator's, which `next` has just passed: it is read once.
        Some(unsafe { pointer.read() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }

    #[inline]
    fn count(self) -> usize {
        self.end - self.next
    }
}

impl<T, V: Vector<T>> DoubleEndedIterator for IntoIter<T, V> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        if self.next == self.end {
            return None;
        }
        self.end -= 1;
        // SAFETY: the position holds a value of the iterator's, which `end` has just passed: it is read once.
        Some(unsafe { self.vector.pointer_to(self.end).read() })
    }
}

impl<T, V: Vector<T>> ExactSizeIterator for IntoIter<T, V> {}
impl<T, V: Vector<T>> FusedIterator for IntoIter<T, V> {}

impl<T, V: Vector<T>> AsRef<[T]> for IntoIter<T, V> {
    fn as_ref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T, V: Vector<T>> Drop for IntoIter<T, V> {
    fn drop(&mut self) {
        let (next, end) = (self.next, self.end);
        self.next = end;
        // SAFETY: `next..end` hold values of the iterator's; it counts them no more. The memory goes with the vector,
        // also when one's drop panics.
        unsafe { pointers_to::<T, V>(&self.vector, next, end).drop_in_place() };
    }
}

impl<T: fmt::Debug, V: Vector<T>> fmt::Debug for IntoIter<T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.as_slice()).finish()
    }
}
