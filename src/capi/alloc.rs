//! Taking memory out of an arena, in the shapes C programmers know.
//!
//! Every way ends in [`Inside::take`], which knows what to do when memory cannot be had. The inline part of the
//! header takes what lies before the arena's soft end and comes here for everything else.

use super::arena::{ALIGN, Inside, inside, region_arena};
use super::checked::{length, product};
use super::error::{self, EINVAL, EOVERFLOW};
use crate::arena::Arena;
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::{NonNull, null_mut};

/// The largest alignment that is taken: the largest page of any processor. Beyond that it is a mistake.
///
/// cbindgen:ignore
const MOST_ALIGN: usize = 1 << 30;

/// A way of the arena's to take memory. As a function and not as a flag, so that a program which never asks for zeroes
/// does not link what makes them.
pub(super) type Way = fn(&Arena<ALIGN>, Layout) -> Result<NonNull<u8>, AllocError>;

/// Memory with any content.
pub(super) const ANY: Way = Arena::try_alloc_layout;
/// Zeroes.
pub(super) const ZERO: Way = Arena::try_alloc_layout_zeroed;

impl Inside {
    /// `size` bytes at a multiple of `align`, or NULL when the program's callback gives up.
    ///
    /// Nothing at all is an address that is aligned and never to be used, and is always to be had.
    pub(super) fn take(&self, this: *mut region_arena, size: Option<usize>, align: usize, way: Way) -> *mut c_void {
        if !align.is_power_of_two() || align > MOST_ALIGN {
            self.refused(EINVAL);
            return null_mut();
        }
        loop {
            let error = match self.attempt(size, align, way) {
                Ok(start) => return start.as_ptr().cast(),
                Err(error) => error,
            };
            if !self.should_retry(this, size.unwrap_or(usize::MAX), error) {
                return null_mut();
            }
        }
    }

    fn attempt(&self, size: Option<usize>, align: usize, way: Way) -> Result<NonNull<u8>, c_int> {
        let layout = size.and_then(|size| Layout::from_size_align(size, align).ok()).ok_or(EOVERFLOW)?;
        if layout.size() == 0 {
            // An arena of zeroes has no place, not even for nothing. (`.bump.zst`)
            let nowhere = core::ptr::without_provenance_mut(align.max(ALIGN));
            return NonNull::new(nowhere).ok_or(EINVAL);
        }
        way(self.arena(), layout).map_err(|error| error::of_alloc(&error))
    }
}

/// Takes from an arena that may be NULL.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
unsafe fn take(arena: *mut region_arena, size: Option<usize>, align: usize, way: Way) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    match unsafe { inside(arena) } {
        Some(this) => this.take(arena, size, align, way),
        None => null_mut(),
    }
}

/// What region_alloc calls when there is no room before `end`.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn region_alloc_slow_(arena: *mut region_arena, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take(arena, Some(size), ALIGN, ANY) }
}

/// The exported twin of the header's inline function, for dlsym(3) and other languages.
///
/// cbindgen:ignore
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_alloc(arena: *mut region_arena, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take(arena, Some(size), ALIGN, ANY) }
}

/// `size` bytes at a multiple of `align`, a power of two up to 1 GiB; others give NULL.
///
/// cbindgen:postfix=REGION_BLOCK_((2), 3)
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_alloc_aligned(arena: *mut region_arena, size: usize, align: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take(arena, Some(size), align, ANY) }
}

/// `n` times `size` bytes at a multiple of `align`; NULL when the product wraps.
///
/// cbindgen:postfix=REGION_BLOCK_((2, 3), 4)
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_alloc_array(
    arena: *mut region_arena,
    n: usize,
    size: usize,
    align: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take(arena, product(n, size), align, ANY) }
}

/// `n` times `size` zero bytes, aligned to 16; NULL when the product wraps. Fresh memory is zero already and is
/// not written: a large table takes RAM only where it is touched.
///
/// cbindgen:postfix=REGION_MALLOC_((2, 3))
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_calloc(arena: *mut region_arena, n: usize, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take(arena, product(n, size), ALIGN, ZERO) }
}

/// As region_calloc, at a multiple of `align`.
///
/// cbindgen:postfix=REGION_BLOCK_((2, 3), 4)
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_calloc_aligned(
    arena: *mut region_arena,
    n: usize,
    size: usize,
    align: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take(arena, product(n, size), align, ZERO) }
}

/// Makes the `old_size` bytes at `block` `new_size` bytes long: where they lie if they are the arena's last block,
/// or if they get fewer; else in a new block, with a copy. `block` NULL: a new block. NULL: it could not be
/// had, and the old block is as it was. A block that moves is aligned to 16. One that grows counts as taken now: to
/// rewind to an earlier mark ends it.
///
/// cbindgen:postfix=REGION_SIZED_((4))
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `block` is NULL or a block of it, `old_size` bytes long.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_realloc(
    arena: *mut region_arena,
    block: *mut c_void,
    old_size: usize,
    new_size: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return null_mut() };
    let (Some(start), true) = (NonNull::new(block.cast::<u8>()), old_size != 0) else {
        return this.take(arena, Some(new_size), ALIGN, ANY);
    };
    let old = Layout::from_size_align(old_size, ALIGN).ok();
    loop {
        let moved = match (old, Layout::from_size_align(new_size, ALIGN).ok()) {
            // SAFETY: the block is the caller's, of this arena, with so many bytes; every block is aligned to 16, and
            // what it takes is a multiple of that.
            (Some(old), Some(new)) if new_size >= old_size => unsafe { this.arena().try_grow(start, old, new) },
            // SAFETY: as above, and the caller gives up what is beyond the new size.
            (Some(old), Some(new)) => unsafe { this.arena().try_shrink(start, old, new) },
            _ => Err(AllocError::new(new_size, AllocReason::TooLarge)),
        };
        let error = match moved {
            Ok(block) => return block.as_ptr().cast(),
            Err(error) => error::of_alloc(&error),
        };
        if !this.should_retry(arena, new_size, error) {
            return null_mut();
        }
    }
}

/// Gives a block back: its room is used again at once if it is the arena's last block, else when the arena is
/// rewound, reset or freed. NULL is nothing.
///
/// # Safety
/// As [`region_realloc`]; nothing uses the block afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_free(arena: *mut region_arena, block: *mut c_void, size: usize) {
    // SAFETY: the caller's promise, passed on.
    let this = unsafe { inside(arena) };
    let layout = Layout::from_size_align(size, ALIGN);
    if let (Some(this), Some(start), Ok(layout)) = (this, NonNull::new(block.cast::<u8>()), layout) {
        // SAFETY: the block is the caller's, of this arena, with so many bytes, and given up.
        unsafe { this.arena().free(start, layout) };
    }
}

/// A copy of `size` bytes, aligned to 16.
///
/// cbindgen:postfix=REGION_MALLOC_((3))
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `from` has `size` bytes, or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_memdup(arena: *mut region_arena, from: *const c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return null_mut() };
    if from.is_null() && size != 0 {
        this.refused(EINVAL);
        return null_mut();
    }
    let copy = this.take(arena, Some(size), ALIGN, ANY);
    if !copy.is_null() && size != 0 {
        // SAFETY: both have `size` bytes, and new memory overlaps nothing.
        unsafe { copy.cast::<u8>().copy_from_nonoverlapping(from.cast(), size) };
    }
    copy
}

/// A copy of a string.
///
/// cbindgen:postfix=REGION_STRING_
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `text` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_strdup(arena: *mut region_arena, text: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_strndup(arena, text, usize::MAX) }
}

/// A copy of a string, or of its first `most` bytes, with a NUL after it.
///
/// cbindgen:postfix=REGION_STRING_
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `text` is NULL, NUL-terminated, or `most` bytes long.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_strndup(arena: *mut region_arena, text: *const c_char, most: usize) -> *mut c_char {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return null_mut() };
    if text.is_null() {
        this.refused(EINVAL);
        return null_mut();
    }
    // SAFETY: the caller's promise about the text. Its length is below the address space's, so one more is no wrap.
    let len = unsafe { length(text, most) };
    let copy = this.take(arena, Some(len + 1), ALIGN, ANY).cast::<c_char>();
    if !copy.is_null() {
        // SAFETY: the text has `len` bytes, the copy one more, and new memory overlaps nothing.
        unsafe {
            copy.copy_from_nonoverlapping(text, len);
            copy.add(len).write(0);
        }
    }
    copy
}
