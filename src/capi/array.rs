//! Arrays that grow in an arena, of elements of one size: what the macros of the header call, which know the type.

use super::error::EINVAL;
use super::growing::Growing;
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;

/// The array of a macro, for elements of `size` bytes; `EINVAL` for NULL.
///
/// # Safety
/// `array` is NULL or points to a struct of REGION_ARRAY that was made by REGION_ARRAY_INIT, whose arena lives, and
/// that has elements of this size.
unsafe fn growing<'a>(array: *mut c_void, size: usize) -> Result<&'a mut Growing, c_int> {
    // SAFETY: the caller's promise; a struct of REGION_ARRAY has just these words.
    unsafe { array.cast::<Growing>().as_mut() }.filter(|_| size != 0).ok_or(-EINVAL)
}

/// What region_array_reserve and region_array_push call: capacity for `more` elements of `size` bytes. On error the
/// array is as it was.
///
/// # Safety
/// `array` is NULL or was made by REGION_ARRAY_INIT, for an arena that lives, with elements of this size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_array_reserve_(array: *mut c_void, more: usize, size: usize) -> c_int {
    // SAFETY: the caller's promise, passed on. A sum that wraps is more than any memory has.
    let reserved = unsafe { growing(array, size).and_then(|this| this.reserve(this.len.saturating_add(more), size)) };
    reserved.err().unwrap_or(0)
}

/// What region_array_insert, region_array_extend and their like call: `n` elements at index `at`, copied from
/// `items`, which may be the array's own, or to be written by the caller if that is NULL. -EINVAL for an index above
/// `len`. On error the array is as it was.
///
/// # Safety
/// As [`region_array_reserve_`]; `items` has `n` elements, or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_array_insert_(
    array: *mut c_void,
    at: usize,
    items: *const c_void,
    n: usize,
    size: usize,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { insert(array, at, items.cast(), n, size) }.err().unwrap_or(0)
}

/// # Safety
/// As [`region_array_insert_`].
unsafe fn insert(array: *mut c_void, at: usize, items: *const u8, n: usize, size: usize) -> Result<(), c_int> {
    // SAFETY: the caller's promise, passed on.
    let this = unsafe { growing(array, size)? };
    if at > this.len {
        this.standing()?.policy.refused(EINVAL);
        return Err(-EINVAL);
    }
    // Items of the array itself move with it.
    let within = items.addr().wrapping_sub(this.data.addr());
    let own = !this.data.is_null() && !items.is_null() && within < this.len * size;
    // SAFETY: the same promise. A sum that wraps is more than any memory has.
    unsafe { this.reserve(this.len.saturating_add(n), size)? };
    if n == 0 {
        return Ok(());
    }
    let (gap, bytes) = (at * size, n * size);
    // SAFETY: there is capacity for `len + n` elements. Own items lie below `len`; those from the gap on have just
    // moved up by as many bytes as the gap has, and the others are where they were, relative to `data`. Others have `n`
    // elements and do not overlap the array, as they are not in it.
    unsafe {
        let place = this.data.add(gap);
        place.copy_to(place.add(bytes), (this.len - at) * size);
        if own {
            let below = gap.saturating_sub(within).min(bytes);
            place.copy_from(this.data.add(within), below);
            place.add(below).copy_from(this.data.add(within + below + bytes), bytes - below);
        } else if !items.is_null() {
            place.copy_from(items, bytes);
        }
    }
    this.len += n;
    this.gap = at;
    Ok(())
}

/// What region_array_remove calls: takes `n` elements of `size` bytes out, from index `at` on, and closes up.
/// -EINVAL if there are not so many.
///
/// # Safety
/// As [`region_array_reserve_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_array_remove_(array: *mut c_void, at: usize, n: usize, size: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Ok(this) = (unsafe { growing(array, size) }) else { return -EINVAL };
    let arena = match this.standing() {
        Ok(arena) => arena,
        Err(lost) => return lost,
    };
    if at > this.len || n > this.len - at {
        arena.policy.refused(EINVAL);
        return -EINVAL;
    }
    if n != 0 {
        // SAFETY: `at + n <= len`, and so many elements are the array's.
        unsafe {
            let place = this.data.add(at * size);
            place.copy_from(place.add(n * size), (this.len - at - n) * size);
        }
    }
    this.len -= n;
    0
}

/// What region_array_finish calls: the elements, with the unused capacity given back. The array is empty again. NULL
/// of one without elements, or that a rewind threw away.
///
/// cbindgen:postfix=REGION_NEEDED_
///
/// # Safety
/// As [`region_array_reserve_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_array_finish_(array: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let Ok(this) = (unsafe { growing(array, size) }) else { return null_mut() };
    if this.standing().is_err() {
        return null_mut();
    }
    // SAFETY: the same promise; the array stands.
    unsafe {
        if this.len == 0 {
            this.free(size);
            return null_mut();
        }
        this.finish(this.len, size)
    }
}

/// What region_array_free calls: frees the elements, whose memory is used again at once if it is the arena's last
/// block. Leaves an empty array, also of one that a rewind threw away.
///
/// # Safety
/// As [`region_array_reserve_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_array_free_(array: *mut c_void, size: usize) {
    // SAFETY: the caller's promise, passed on.
    if let Ok(this) = unsafe { growing(array, size) } {
        // SAFETY: the same promise.
        unsafe { this.free(size) };
    }
}
