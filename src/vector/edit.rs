//! Changes in the middle of a vector.

use super::{Grow, Vector, outside, pointers_to};
use crate::error::failure::Failure;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// Puts a value before number `index`; the values from there on move up by one.
#[track_caller]
pub(crate) fn insert<F: Failure, T, V: Grow<T>>(vector: &mut V, index: usize, value: T) -> Result<(), F::Error> {
    let len = vector.len();
    if index > len {
        outside("insert", index, len);
    }
    vector.reserve_above::<F>(len, 1)?;
    // SAFETY: the capacity is at least `len + 1`. The values from `index <= len` on move up by one position, and the
    // position `index`, whose value was copied up, is overwritten. None of the caller's code runs in between.
    unsafe {
        let pointer = vector.pointer_to(index);
        pointer.copy_to(pointer.add(1), len - index);
        pointer.write(value);
        vector.set_len(len + 1);
    }
    Ok(())
}

/// Removes value number `index` and returns it. The values after it move down by one.
#[track_caller]
pub(crate) fn remove<T, V: Vector<T>>(vector: &mut V, index: usize) -> T {
    // SAFETY: as many values as there are after the position move down by one.
    take_out(vector, index, |pointer, after| unsafe { pointer.add(1).copy_to(pointer, after) })
}

/// Removes value number `index` and returns it. The last value takes its place.
#[track_caller]
pub(crate) fn swap_remove<T, V: Vector<T>>(vector: &mut V, index: usize) -> T {
    // SAFETY: the last value lies `after` values behind the position, and moves there. It may be the one at the
    // position.
    take_out(vector, index, |pointer, after| unsafe { pointer.add(after).copy_to(pointer, 1) })
}

/// Removes value number `index` and returns it. `fill` gets its address and how many values come after it. It fills the
/// position from these, so that the last of them is there twice.
#[inline(always)]
#[track_caller]
fn take_out<T, V: Vector<T>>(vector: &mut V, index: usize, fill: impl FnOnce(NonNull<T>, usize)) -> T {
    let len = vector.len();
    if index >= len {
        outside("remove", index, len);
    }
    // SAFETY: `index < len`. The value is read out once, its position is filled, and the last value, which then is
    // there twice, leaves the vector. None of the caller's code runs in between.
    unsafe {
        let pointer = vector.pointer_to(index);
        let value = pointer.read();
        fill(pointer, len - index - 1);
        vector.set_len(len - 1);
        vector.protect_spare_one();
        value
    }
}

/// Removes the last value and returns it.
#[inline(always)]
pub(crate) fn pop<T, V: Vector<T>>(vector: &mut V) -> Option<T> {
    let last = vector.len().checked_sub(1)?;
    // SAFETY: the value at `last` leaves the vector before it is read out, so it has one owner.
    unsafe {
        vector.set_len(last);
        let value = vector.pointer_to(last).read();
        vector.protect_spare_one();
        Some(value)
    }
}

/// Drops the values from number `len` on.
#[inline]
pub(crate) fn truncate<T, V: Vector<T>>(vector: &mut V, len: usize) {
    /// Protects what is above the values at the end, also when a drop panics.
    struct ProtectSpare<'v, T, V: Vector<T>>(&'v mut V, PhantomData<T>);

    impl<T, V: Vector<T>> Drop for ProtectSpare<'_, T, V> {
        #[inline]
        fn drop(&mut self) {
            self.0.protect_spare();
        }
    }

    let before = vector.len();
    if len < before {
        let protect = ProtectSpare(vector, PhantomData);
        // SAFETY: `len..before` hold values. They leave the vector before they are dropped, so that none is dropped
        // twice when a drop panics.
        unsafe {
            protect.0.set_len(len);
            pointers_to::<T, V>(protect.0, len, before).drop_in_place();
        }
    }
}

/// Drops the values for which `keep` returns `false`. The others close up, in their order. When `keep` or a drop
/// panics, the values that were not looked at yet stay.
pub(crate) fn retain_mut<T, V: Vector<T>>(vector: &mut V, mut keep: impl FnMut(&mut T) -> bool) {
    let mut sweep = Sweep::from(vector, 0);
    let len = sweep.len;
    while sweep.comes_before(len) {
        drop(sweep.take_if(|value| !keep(value)));
    }
}

/// Drops each value for which `same(value, the one kept before)` returns `true`.
pub(crate) fn dedup_by<T, V: Vector<T>>(vector: &mut V, mut same: impl FnMut(&mut T, &mut T) -> bool) {
    let mut before: Option<NonNull<T>> = None;
    let mut kept = vector.pointer_to(0);
    retain_mut(vector, |value| {
        if let Some(mut before) = before {
            // SAFETY: `before` is the position below `kept`, where `retain_mut` has put the last value that was kept,
            // in this vector's memory; `value` is at `kept` or above.
            if same(value, unsafe { before.as_mut() }) {
                return false;
            }
        }
        before = Some(kept);
        // SAFETY: no more values are kept than there are, so this is at most the position after the last.
        kept = unsafe { kept.add(1) };
        true
    });
}

/// A pass over a vector. It owns the vector's values: those below `kept` and those from `next` on.
pub(super) struct Sweep<'v, T, V: Vector<T>> {
    vector: &'v mut V,
    next: usize,
    kept: usize,
    len: usize,
    values: PhantomData<T>,
}

impl<'v, T, V: Vector<T>> Sweep<'v, T, V> {
    /// Begins at value number `start`, which is at most the length.
    #[inline]
    pub(super) fn from(vector: &'v mut V, start: usize) -> Self {
        let len = vector.len();
        assert!(start <= len);
        // SAFETY: until the sweep ends it owns all values: those below `kept`, and from `next` to `len`.
        unsafe { vector.set_len(0) };
        Sweep { vector, next: start, kept: start, len, values: PhantomData }
    }

    /// Whether the next value lies before number `end`.
    #[inline(always)]
    pub(super) fn comes_before(&self, end: usize) -> bool {
        self.next < end
    }

    /// Values before number `end` that it did not come to yet.
    pub(super) fn left_before(&self, end: usize) -> usize {
        end - self.next
    }

    /// Takes the next value out if `wanted`, or keeps it; there must be one. When `wanted` panics it stays the next.
    #[inline(always)]
    pub(super) fn take_if(&mut self, wanted: impl FnOnce(&mut T) -> bool) -> Option<T> {
        assert!(self.next < self.len);
        let at = self.vector.pointer_to(self.next);
        // SAFETY: the position at `next` holds a value that nobody else refers to. It is kept by moving it down to
        // `kept <= next`, a position that holds none, or read out once, as `next` passes it.
        unsafe {
            let taken = if wanted(&mut *at.as_ptr()) {
                Some(at.read())
            } else {
                at.copy_to(self.vector.pointer_to(self.kept), 1);
                self.kept += 1;
                None
            };
            self.next += 1;
            taken
        }
    }
}

impl<T, V: Vector<T>> Drop for Sweep<'_, T, V> {
    fn drop(&mut self) {
        let rest = self.len - self.next;
        // SAFETY: `next..len` hold values and `kept..next` do not. The former move down to the latter's start, so that
        // the first `kept + rest` positions hold all values there are.
        unsafe {
            self.vector.pointer_to(self.next).copy_to(self.vector.pointer_to(self.kept), rest);
            self.vector.set_len(self.kept + rest);
        }
        self.vector.protect_spare();
    }
}
