//! Many values at a time, at a vector's end.

use super::{Grow, Vector, bounds, edit, hinted, outside};
use crate::copy::copy;
use crate::error::failure::{Failure, Report};
use core::marker::PhantomData;
use core::ops::RangeBounds;

/// Appends a value.
#[inline(always)]
#[track_caller]
pub(crate) fn push<F: Failure, T, V: Grow<T>>(vector: &mut V, value: T) -> Result<(), F::Error> {
    let len = vector.len();
    if len == vector.capacity() {
        grow_for_one::<F, T, V>(vector)?;
    }
    // SAFETY: `len < capacity()`, and the position at `len` holds no value. Once it does, the vector owns it.
    unsafe {
        vector.pointer_to(len).write(value);
        vector.set_len(len + 1);
    }
    Ok(())
}

/// Reserves capacity for one value. Not inlined, so that a loop of pushes stays small.
#[cold]
#[inline(never)]
#[track_caller]
fn grow_for_one<F: Failure, T, V: Grow<T>>(vector: &mut V) -> Result<(), F::Error> {
    vector.reserve_above::<F>(vector.len(), 1)
}

/// Appends an iterator's values. Its size hint is no more than a hint.
#[inline]
#[track_caller]
pub(crate) fn extend<F: Failure, T, V: Grow<T>>(
    vector: &mut V,
    values: impl IntoIterator<Item = T>,
) -> Result<(), F::Error> {
    let mut values = values.into_iter();
    // The count of free positions stays in a register.
    loop {
        let free = vector.capacity() - vector.len();
        let mut end = End::of(vector);
        for _ in 0..free {
            match values.next() {
                // SAFETY: this is done `free` times at most.
                Some(value) => unsafe { end.push(value) },
                None => return Ok(()),
            }
        }
        drop(end);
        let Some(value) = values.next() else { return Ok(()) };
        if V::MOVES {
            let _ = vector.reserve_above::<Report>(vector.len(), hinted(&values).saturating_add(1));
        }
        push::<F, T, V>(vector, value)?;
    }
}

/// Appends clones of a slice's values.
#[inline]
#[track_caller]
pub(crate) fn extend_from_slice<F: Failure, T: Clone, V: Grow<T>>(
    vector: &mut V,
    values: &[T],
) -> Result<(), F::Error> {
    vector.reserve_above::<F>(vector.len(), values.len())?;
    // The count is written once, also when a clone panics.
    let mut end = End::of(vector);
    for value in values {
        // SAFETY: capacity was reserved for all of them.
        unsafe { end.push(value.clone()) };
    }
    Ok(())
}

/// Appends copies of a slice's values, in one copy.
#[cfg_attr(region_staticlib, allow(dead_code))] // as `filling_methods`
#[inline(always)]
#[track_caller]
pub(crate) fn copy_from_slice<F: Failure, T: Copy, V: Grow<T>>(vector: &mut V, values: &[T]) -> Result<(), F::Error> {
    let len = vector.len();
    vector.reserve_above::<F>(len, values.len())?;
    // SAFETY: capacity was reserved for so many values past the last, which `values` does not overlap: the vector is
    // borrowed mutably. After the copy they are initialized.
    unsafe {
        copy(values.as_ptr(), vector.pointer_to(len).as_ptr(), values.len());
        vector.set_len(len + values.len());
    }
    Ok(())
}

/// Appends clones of a range of the vector's own values.
#[track_caller]
pub(crate) fn extend_from_within<F: Failure, T: Clone, V: Grow<T>>(
    vector: &mut V,
    range: impl RangeBounds<usize>,
) -> Result<(), F::Error> {
    let (start, past) = bounds("clone", range, vector.len());
    vector.reserve_above::<F>(vector.len(), past - start)?;
    let mut end = End::of(vector);
    for at in start..past {
        // SAFETY: `at` is below the number of values that there were, which nobody changes meanwhile.
        let value = unsafe { end.vector.pointer_to(at).as_ref() }.clone();
        // SAFETY: capacity was reserved for the range.
        unsafe { end.push(value) };
    }
    Ok(())
}

/// Moves the values from number `at` on to the end of another vector.
#[track_caller]
pub(crate) fn split_off<F: Failure, T, V: Grow<T>>(vector: &mut V, at: usize, mut rest: V) -> Result<V, F::Error> {
    let len = vector.len();
    if at > len {
        outside("split", at, len);
    }
    move_from::<F, T, V, V>(&mut rest, vector, at)?;
    Ok(rest)
}

/// Moves all values of another vector, from its number `at` on, to the end of this one.
#[track_caller]
pub(crate) fn move_from<F: Failure, T, V: Grow<T>, W: Vector<T>>(
    vector: &mut V,
    other: &mut W,
    at: usize,
) -> Result<(), F::Error> {
    let (len, more) = (vector.len(), other.len() - at);
    vector.reserve_above::<F>(len, more)?;
    // SAFETY: capacity was reserved for `more` values, and two vectors' memory does not overlap. The values leave the
    // other vector and become this one's.
    unsafe {
        other.set_len(at);
        other.pointer_to(at).copy_to_nonoverlapping(vector.pointer_to(len), more);
        vector.set_len(len + more);
    }
    other.protect_spare();
    Ok(())
}

/// Makes the vector `len` values long: drops values, or appends what `make` gives.
#[track_caller]
pub(crate) fn resize_with<F: Failure, T, V: Grow<T>>(
    vector: &mut V,
    len: usize,
    mut make: impl FnMut() -> T,
) -> Result<(), F::Error> {
    let before = vector.len();
    if len <= before {
        edit::truncate(vector, len);
        return Ok(());
    }
    vector.reserve_above::<F>(before, len - before)?;
    let mut end = End::of(vector);
    for _ in before..len {
        // SAFETY: capacity was reserved for `len` values.
        unsafe { end.push(make()) };
    }
    Ok(())
}

/// The end of a vector while values are written there. Its drop stores their number, so that a loop may keep it in a
/// register, and a panic loses none.
struct End<'v, T, V: Vector<T>> {
    vector: &'v mut V,
    len: usize,
    values: PhantomData<T>,
}

impl<'v, T, V: Vector<T>> End<'v, T, V> {
    #[inline]
    fn of(vector: &'v mut V) -> Self {
        let len = vector.len();
        End { vector, len, values: PhantomData }
    }

    /// Appends a value.
    ///
    /// # Safety
    /// The length is below the capacity.
    #[inline(always)]
    unsafe fn push(&mut self, value: T) {
        // SAFETY: the position at `len` may be written to, as the caller says, and holds no value.
        unsafe { self.vector.pointer_to(self.len).write(value) };
        self.len += 1;
    }
}

impl<T, V: Vector<T>> Drop for End<'_, T, V> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: every position up to `len` was written.
        unsafe { self.vector.set_len(self.len) };
    }
}
