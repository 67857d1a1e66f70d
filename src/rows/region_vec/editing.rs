//! Changes in the middle of a vector.

use super::{Drain, RegionVec};
use crate::arena::Backing;
use crate::arena::failure::{Failure, Panic, Report};
use crate::error::AllocError;
use core::ops::{Bound, RangeBounds};

impl<T, B: Backing> RegionVec<T, B> {
    /// Puts a value before number `index`; the values from there on move up by one.
    ///
    /// # Panics
    /// When `index` is greater than the length, or memory cannot be had.
    ///
    /// ```
    /// let mut letters = region::RegionVec::from(['a', 'c']);
    /// letters.insert(1, 'b');
    /// assert_eq!(letters, ['a', 'b', 'c']);
    /// ```
    #[track_caller]
    pub fn insert(&mut self, index: usize, value: T) {
        Panic::unwrap(self.insert_or::<Panic>(index, value));
    }

    /// As [`insert`](Self::insert).
    ///
    /// # Errors
    /// When memory cannot be had; the value is dropped.
    ///
    /// # Panics
    /// When `index` is greater than the length.
    #[track_caller]
    pub fn try_insert(&mut self, index: usize, value: T) -> Result<(), AllocError> {
        self.insert_or::<Report>(index, value)
    }

    #[track_caller]
    fn insert_or<F: Failure>(&mut self, index: usize, value: T) -> Result<(), F::Error> {
        let len = self.row.len();
        if index > len {
            outside("insert", index, len);
        }
        self.row.make_room::<F>(1)?;
        // SAFETY: there is room for `len + 1` values. Those from `index <= len` on move up by one place, and the
        // place that this leaves twice over is written to. No code of the caller's runs in between.
        unsafe {
            let place = self.row.place(index);
            place.copy_to(place.add(1), len - index);
            place.write(value);
            self.row.set_len(len + 1);
        }
        Ok(())
    }

    /// Takes value number `index` out; the values after it move down by one.
    ///
    /// # Panics
    /// When there is no such value.
    ///
    /// ```
    /// let mut letters = region::RegionVec::from(['a', 'b', 'c']);
    /// assert_eq!(letters.remove(0), 'a');
    /// assert_eq!(letters, ['b', 'c']);
    /// ```
    #[track_caller]
    pub fn remove(&mut self, index: usize) -> T {
        let len = self.row.len();
        if index >= len {
            outside("remove", index, len);
        }
        // SAFETY: `index < len`. The value is read out once, its place is filled by those after it, and the
        // last place, which then is there twice, leaves the vector.
        unsafe {
            let place = self.row.place(index);
            let value = place.read();
            place.add(1).copy_to(place, len - index - 1);
            self.row.set_len(len - 1);
            self.row.retire_one();
            value
        }
    }

    /// Takes value number `index` out, and puts the last value in its place.
    ///
    /// # Panics
    /// When there is no such value.
    ///
    /// ```
    /// let mut letters = region::RegionVec::from(['a', 'b', 'c']);
    /// assert_eq!(letters.swap_remove(0), 'a');
    /// assert_eq!(letters, ['c', 'b']);
    /// ```
    #[track_caller]
    pub fn swap_remove(&mut self, index: usize) -> T {
        let len = self.row.len();
        if index >= len {
            outside("remove", index, len);
        }
        // SAFETY: `index < len`. The value is read out once, the last one moves to its place (which may be its
        // own), and the last place leaves the vector.
        unsafe {
            let place = self.row.place(index);
            let value = place.read();
            self.row.place(len - 1).copy_to(place, 1);
            self.row.set_len(len - 1);
            self.row.retire_one();
            value
        }
    }

    /// Drops the values that `keep` does not say `true` of. The others close up, in their order.
    ///
    /// ```
    /// let mut values = region::RegionVec::from_iter(0..10);
    /// values.retain(|value| value % 3 == 0);
    /// assert_eq!(values, [0, 3, 6, 9]);
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.retain_mut(|value| keep(value));
    }

    /// As [`retain`](Self::retain), with values that `keep` may change.
    ///
    /// When `keep` or a drop panics, the values that were not looked at yet stay.
    pub fn retain_mut(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        let len = self.row.len();
        let mut sweep = Sweep { next: 0, kept: 0, len, vec: self };
        // SAFETY: until the sweep ends it owns the values: those below `kept`, and from `next` to `len`.
        unsafe { sweep.vec.row.set_len(0) };
        while sweep.next < len {
            let at = sweep.vec.row.place(sweep.next);
            // SAFETY: the place at `next` holds a value that nobody else refers to. It is kept by moving it
            // down to `kept <= next`, a place that holds none, or dropped after `next` has passed it.
            unsafe {
                if keep(&mut *at.as_ptr()) {
                    at.copy_to(sweep.vec.row.place(sweep.kept), 1);
                    sweep.next += 1;
                    sweep.kept += 1;
                } else {
                    sweep.next += 1;
                    at.drop_in_place();
                }
            }
        }
    }

    /// Drops each value of which `same(value, the one kept before)` holds.
    ///
    /// ```
    /// let mut words = region::RegionVec::from(["a", "A", "b", "a"]);
    /// words.dedup_by(|word, before| word.eq_ignore_ascii_case(before));
    /// assert_eq!(words, ["a", "b", "a"]);
    /// ```
    pub fn dedup_by(&mut self, mut same: impl FnMut(&mut T, &mut T) -> bool) {
        let mut before: Option<core::ptr::NonNull<T>> = None;
        let mut kept = self.row.place(0);
        self.retain_mut(|value| {
            if let Some(mut before) = before {
                // SAFETY: `before` is the place below `kept`, where `retain_mut` has put the last value that was
                // kept, in this vector's memory; `value` is at `kept` or above.
                if same(value, unsafe { before.as_mut() }) {
                    return false;
                }
            }
            before = Some(kept);
            // SAFETY: no more values are kept than there are, so this is at most the place after the last.
            kept = unsafe { kept.add(1) };
            true
        });
    }

    /// Drops each value that equals the one before it.
    pub fn dedup(&mut self)
    where
        T: PartialEq,
    {
        self.dedup_by(|value, before| value == before);
    }

    /// Drops each value whose key equals that of the one before it.
    pub fn dedup_by_key<K: PartialEq>(&mut self, mut key: impl FnMut(&mut T) -> K) {
        self.dedup_by(|value, before| key(value) == key(before));
    }

    /// Takes a range of values out, as an iterator. What it does not give is dropped with it, and the values
    /// after the range close up then. If it is forgotten, they are too.
    ///
    /// # Panics
    /// When the range ends after the vector, or before it starts.
    ///
    /// ```
    /// let mut values = region::RegionVec::from_iter(0..6);
    /// assert!(values.drain(1..3).eq([1, 2]));
    /// assert_eq!(values, [0, 3, 4, 5]);
    /// ```
    #[track_caller]
    pub fn drain(&mut self, range: impl RangeBounds<usize>) -> Drain<'_, T, B> {
        let (start, end) = bounds("drain", range, self.row.len());
        Drain::new(self, start, end)
    }
}

/// A pass over a vector that has given its values up to it: those below `kept` and those from `next` on.
struct Sweep<'a, T, B: Backing> {
    vec: &'a mut RegionVec<T, B>,
    next: usize,
    kept: usize,
    len: usize,
}

impl<T, B: Backing> Drop for Sweep<'_, T, B> {
    fn drop(&mut self) {
        let rest = self.len - self.next;
        // SAFETY: `next..len` hold values and `kept..next` do not. The former move down to the latter's start,
        // so that the first `kept + rest` places hold all values there are.
        unsafe {
            self.vec.row.place(self.next).copy_to(self.vec.row.place(self.kept), rest);
            self.vec.row.set_len(self.kept + rest);
        }
        self.vec.row.retire();
    }
}

/// The first number of a range and the one after its last, in a vector of `len` values.
#[track_caller]
pub(super) fn bounds(what: &str, range: impl RangeBounds<usize>, len: usize) -> (usize, usize) {
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&before) => before.checked_add(1).unwrap_or_else(|| outside(what, before, len)),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => last.checked_add(1).unwrap_or_else(|| outside(what, last, len)),
        Bound::Excluded(&end) => end,
        Bound::Unbounded => len,
    };
    if end > len {
        outside(what, end, len);
    }
    if start > end {
        panic!("cannot {what} from {start} to {end}: the range ends before it starts");
    }
    (start, end)
}

/// Says what is wrong with an index.
#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn outside(what: &str, index: usize, len: usize) -> ! {
    panic!("cannot {what} at {index}: the vector has {len} values")
}
