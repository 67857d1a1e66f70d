//! A range of values on its way out of a vector.

use super::RegionVec;
use crate::arena::Backing;
use crate::arena::failure::{Failure, Report};
use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// The values of a range, taken out of a vector. Made by [`RegionVec::drain`].
pub struct Drain<'a, T, B: Backing> {
    vec: NonNull<RegionVec<T, B>>,
    /// The values that were not given out yet.
    next: usize,
    end: usize,
    /// Where the values after the range begin, and how many the vector had.
    tail: usize,
    len: usize,
    borrow: PhantomData<&'a mut RegionVec<T, B>>,
}

// SAFETY: a drain is a mutable borrow of the vector, and owns values of it.
unsafe impl<T: Send, B: Backing + Send> Send for Drain<'_, T, B> {}
// SAFETY: behind `&Drain` there are only reads, of values and of the vector.
unsafe impl<T: Sync, B: Backing + Sync> Sync for Drain<'_, T, B> {}

impl<'a, T, B: Backing> Drain<'a, T, B> {
    /// Takes `start..end` out, which lies in the vector.
    pub(super) fn new(vec: &'a mut RegionVec<T, B>, start: usize, end: usize) -> Self {
        let len = vec.row.len();
        // SAFETY: the vector keeps the values below the range. The drain owns the range, and brings those
        // after it back; if it is forgotten, they are forgotten too.
        unsafe { vec.row.set_len(start) };
        Drain { vec: NonNull::from(vec), next: start, end, tail: end, len, borrow: PhantomData }
    }

    fn vec(&self) -> &RegionVec<T, B> {
        // SAFETY: the drain has the vector borrowed for `'a`.
        unsafe { self.vec.as_ref() }
    }

    /// Places between the values that the vector has and those after the range, once all of it was given out.
    pub(super) fn gap(&self) -> usize {
        self.tail - self.vec().row.len()
    }

    /// Puts a value at the vector's end, where there is a gap and all of the range was given out.
    pub(super) fn put(&mut self, value: T) {
        assert!(self.next == self.end && self.gap() != 0);
        // SAFETY: the drain has the vector borrowed mutably.
        let vec = unsafe { self.vec.as_mut() };
        let len = vec.row.len();
        // SAFETY: the place lies in the gap, where nothing is: neither the vector's values, nor the drain's, which
        // has none left, nor those after the range. Once it is written, the vector owns it.
        unsafe {
            vec.row.place(len).write(value);
            vec.row.set_len(len + 1);
        }
    }

    /// Moves the values after the range upward to make room for `more` values before them; for as many as were
    /// put there already if that is more, so that each moves a few times at most; for one if no more can be had.
    pub(super) fn widen<F: Failure>(&mut self, more: usize) -> Result<(), F::Error> {
        let Drain { next, tail, len, .. } = *self;
        // SAFETY: the drain has the vector borrowed mutably.
        let vec = unsafe { self.vec.as_mut() };
        let ample = more.max(vec.row.len() - next);
        let by = match vec.row.make_room_above::<Report>(len, ample) {
            Ok(()) => ample,
            Err(_) => {
                vec.row.make_room_above::<F>(len, 1)?;
                1
            }
        };
        // SAFETY: `tail..len` hold values, and `len + by` places are usable: they move upward, into places that
        // hold nothing, and belong to the drain there as before.
        unsafe { vec.row.place(tail).copy_to(vec.row.place(tail + by), len - tail) };
        (self.tail, self.len) = (tail + by, len + by);
        Ok(())
    }

    /// The values that were not given out yet.
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: `next..end` hold values that the drain owns.
        unsafe { self.vec().row.places(self.next, self.end).as_ref() }
    }
}

impl<T, B: Backing> Iterator for Drain<'_, T, B> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        if self.next == self.end {
            return None;
        }
        let place = self.vec().row.place(self.next);
        self.next += 1;
        // SAFETY: the place holds a value of the drain's, which `next` has just passed: it is read once.
        Some(unsafe { place.read() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }
}

impl<T, B: Backing> DoubleEndedIterator for Drain<'_, T, B> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        if self.next == self.end {
            return None;
        }
        self.end -= 1;
        // SAFETY: the place holds a value of the drain's, which `end` has just passed: it is read once.
        Some(unsafe { self.vec().row.place(self.end).read() })
    }
}

impl<T, B: Backing> ExactSizeIterator for Drain<'_, T, B> {}
impl<T, B: Backing> FusedIterator for Drain<'_, T, B> {}

impl<T, B: Backing> Drop for Drain<'_, T, B> {
    fn drop(&mut self) {
        /// Closes the gap, also when a value's drop panics.
        struct Close<'d, 'a, T, B: Backing>(&'d mut Drain<'a, T, B>);

        impl<T, B: Backing> Drop for Close<'_, '_, T, B> {
            fn drop(&mut self) {
                let Drain { tail, len, .. } = *self.0;
                // SAFETY: the drain has the vector borrowed mutably.
                let vec = unsafe { self.0.vec.as_mut() };
                let kept = vec.row.len();
                // SAFETY: `tail..len` hold values, and those between `kept` and `tail` are gone: the former
                // move down, so that the first `kept + (len - tail)` places hold all there are.
                unsafe {
                    vec.row.place(tail).copy_to(vec.row.place(kept), len - tail);
                    vec.row.set_len(kept + (len - tail));
                }
                vec.row.retire();
            }
        }

        let close = Close(self);
        let (next, end) = (close.0.next, close.0.end);
        close.0.next = end;
        // SAFETY: `next..end` hold values of the drain's; it counts them no more.
        unsafe { close.0.vec().row.places(next, end).drop_in_place() };
    }
}

impl<T: fmt::Debug, B: Backing> fmt::Debug for Drain<'_, T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drain").field(&self.as_slice()).finish()
    }
}
