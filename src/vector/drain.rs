//! A range of values that is being removed from a vector.

use super::{Grow, Vector, bounds, pointers_to};
use crate::error::failure::{Failure, Report};
use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ops::RangeBounds;
use core::ptr::NonNull;

/// The values of a range, removed from a vector `V`. Made by `drain` of a [`RegionVec`](crate::RegionVec) or a `Vec` in
/// an arena.
///
/// ```
/// let mut values = region::RegionVec::from([0, 1, 2, 3]);
/// let mut middle = values.drain(1..3);
/// assert_eq!((middle.next_back(), middle.as_slice()), (Some(2), &[1][..]));
/// drop(middle);
/// assert_eq!(values, [0, 3]);
/// ```
pub struct Drain<'a, T, V: Vector<T>> {
    vector: NonNull<V>,
    /// The values that were not given out yet.
    next: usize,
    end: usize,
    /// Where the values after the range begin, and how many the vector had.
    tail: usize,
    len: usize,
    borrow: PhantomData<(&'a mut V, T)>,
}

// SAFETY: a drain is a mutable borrow of the vector, and owns values of it.
unsafe impl<T: Send, V: Vector<T> + Send> Send for Drain<'_, T, V> {}
// SAFETY: behind `&Drain` there are only reads, of values and of the vector.
unsafe impl<T: Sync, V: Vector<T> + Sync> Sync for Drain<'_, T, V> {}

impl<'a, T, V: Vector<T>> Drain<'a, T, V> {
    /// Begins to remove a range.
    #[track_caller]
    pub(crate) fn new(vector: &'a mut V, range: impl RangeBounds<usize>) -> Self {
        let len = vector.len();
        let (start, end) = bounds("drain", range, len);
        // SAFETY: the vector keeps the values below the range. The drain owns the range, and brings those after it
        // back; if it is forgotten, they are forgotten too.
        unsafe { vector.set_len(start) };
        Drain { vector: NonNull::from(vector), next: start, end, tail: end, len, borrow: PhantomData }
    }

    fn vector(&self) -> &V {
        // SAFETY: the drain has the vector borrowed for `'a`.
        unsafe { self.vector.as_ref() }
    }

    /// Free positions between the vector's values and those after the range, once all of the range was given out.
    pub(super) fn gap(&self) -> usize {
        self.tail - self.vector().len()
    }

    /// Puts a value at the vector's end. There is a gap, and all of the range was given out.
    pub(super) fn put(&mut self, value: T) {
        assert!(self.next == self.end && self.gap() != 0);
        // SAFETY: the drain has the vector borrowed mutably.
        let vector = unsafe { self.vector.as_mut() };
        let len = vector.len();
        // SAFETY: the position lies in the gap, which holds no value: not the vector's, not the drain's, which has none
        // left, and not those after the range. Once it is written, the vector owns it.
        unsafe {
            vector.pointer_to(len).write(value);
            vector.set_len(len + 1);
        }
    }

    /// The values that were not given out yet.
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: `next..end` hold values that the drain owns.
        unsafe { pointers_to(self.vector(), self.next, self.end).as_ref() }
    }
}

impl<T, V: Grow<T>> Drain<'_, T, V> {
    /// Moves the values after the range upward, so that `more` values fit before them. If more than that were put there
    /// already, the gap is that long, so that each value moves a few times at most. If memory for that cannot be had,
    /// the gap is one value long.
    pub(super) fn widen<F: Failure>(&mut self, more: usize) -> Result<(), F::Error> {
        let Drain { next, tail, len, .. } = *self;
        // SAFETY: the drain has the vector borrowed mutably.
        let vector = unsafe { self.vector.as_mut() };
        let ample = more.max(vector.len() - next);
        let by = match vector.reserve_above::<Report>(len, ample) {
            Ok(()) => ample,
            Err(_) => {
                vector.reserve_above::<F>(len, 1)?;
                1
            }
        };
        // SAFETY: `tail..len` hold values, and the capacity is at least `len + by`. They move upward, into positions
        // that hold nothing, and the drain owns them there as before.
        unsafe { vector.pointer_to(tail).copy_to(vector.pointer_to(tail + by), len - tail) };
        (self.tail, self.len) = (tail + by, len + by);
        Ok(())
    }
}

impl<T, V: Vector<T>> Iterator for Drain<'_, T, V> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        if self.next == self.end {
            return None;
        }
        let pointer = self.vector().pointer_to(self.next);
        self.next += 1;
        // SAFETY: the position holds a value of the drain's, which `next` has just passed: it is read once.
        Some(unsafe { pointer.read() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }
}

impl<T, V: Vector<T>> DoubleEndedIterator for Drain<'_, T, V> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        if self.next == self.end {
            return None;
        }
        self.end -= 1;
        // SAFETY: the position holds a value of the drain's, which `end` has just passed: it is read once.
        Some(unsafe { self.vector().pointer_to(self.end).read() })
    }
}

impl<T, V: Vector<T>> ExactSizeIterator for Drain<'_, T, V> {}
impl<T, V: Vector<T>> FusedIterator for Drain<'_, T, V> {}

impl<T, V: Vector<T>> AsRef<[T]> for Drain<'_, T, V> {
    fn as_ref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T, V: Vector<T>> Drop for Drain<'_, T, V> {
    fn drop(&mut self) {
        /// Closes the gap, also when a value's drop panics.
        struct Close<'d, 'a, T, V: Vector<T>>(&'d mut Drain<'a, T, V>);

        impl<T, V: Vector<T>> Drop for Close<'_, '_, T, V> {
            fn drop(&mut self) {
                let Drain { tail, len, .. } = *self.0;
                // SAFETY: the drain has the vector borrowed mutably.
                let vector = unsafe { self.0.vector.as_mut() };
                let kept = vector.len();
                // SAFETY: `tail..len` hold values, and those between `kept` and `tail` are gone: the former move down,
                // so that the first `kept + (len - tail)` positions hold all there are.
                unsafe {
                    vector.pointer_to(tail).copy_to(vector.pointer_to(kept), len - tail);
                    vector.set_len(kept + (len - tail));
                }
                vector.protect_spare();
            }
        }

        let close = Close(self);
        let (next, end) = (close.0.next, close.0.end);
        close.0.next = end;
        // SAFETY: `next..end` hold values of the drain's; it counts them no more.
        unsafe { pointers_to::<T, V>(close.0.vector(), next, end).drop_in_place() };
    }
}

impl<T: fmt::Debug, V: Vector<T>> fmt::Debug for Drain<'_, T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drain").field(&self.as_slice()).finish()
    }
}
