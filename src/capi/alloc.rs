//! Taking memory out of an arena, in the shapes C programmers know.
//!
//! Every allocate ends in [`take`], which knows what to do when memory cannot be had. The inline part of the
//! header takes what lies before the arena's soft end and comes here for everything else.

use super::c_str::length;
use super::checked::{layout, product};
use super::error::{EINVAL, ENOSPC, EOVERFLOW};
use super::inside::{ALIGN, Inside, inside, region_arena};
use crate::arena::Arena;
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::{NonNull, null_mut};

/// A method of the arena that takes memory. A function and not a flag, so that a program which never asks for zeroes
/// does not link the code that makes them.
pub(super) type Allocate = fn(&Arena<ALIGN>, Layout) -> Result<NonNull<u8>, AllocError>;

/// Memory with any content.
pub(super) const ANY: Allocate = Arena::try_alloc_layout;
/// Zeroes.
pub(super) const ZERO: Allocate = Arena::try_alloc_layout_zeroed;

/// `size` bytes at a multiple of `align`, or NULL: of no arena, or when the arena's policy is to give up. A product
/// that wrapped is `usize::MAX` bytes, which are always refused.
///
/// 0 bytes give an address that is aligned and must not be used. They are never refused.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[inline(never)]
pub(super) unsafe fn take(arena: *mut region_arena, size: usize, align: usize, allocate: Allocate) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return null_mut() };
    let layout = match layout(size, align) {
        Ok(layout) => layout,
        Err(error) => {
            this.policy.refused(error);
            return null_mut();
        }
    };
    if size == 0 {
        // An arena of zeroes has no address, not even for 0 bytes. (`.bump.zst`)
        return core::ptr::without_provenance_mut(align.max(ALIGN));
    }
    loop {
        match allocate(this.arena(), layout) {
            Ok(start) => return start.as_ptr().cast(),
            Err(error) if this.may_try_again(arena, size, &error) => {}
            Err(_) => return null_mut(),
        }
    }
}

/// What region_alloc calls when the block does not fit before `end`.
///
/// cbindgen:postfix=REGION_MALLOC_((2))
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn region_alloc_slow_(arena: *mut region_arena, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take(arena, size, ALIGN, ANY) }
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
    unsafe { take(arena, size, ALIGN, ANY) }
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
    unsafe { take(arena, size, align, ANY) }
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
        // SAFETY: the caller's promise, passed on.
        return unsafe { take(arena, new_size, ALIGN, ANY) };
    };
    let old = Layout::from_size_align(old_size, ALIGN).ok();
    loop {
        let moved = match (old, Layout::from_size_align(new_size, ALIGN).ok()) {
            // SAFETY: the block is the caller's, of this arena, with so many bytes; every block is aligned to 16, and
            // what it takes is a multiple of that.
            (Some(old), Some(new)) if new_size >= old_size => unsafe { this.arena().try_grow(start, old, new) },
            (Some(old), Some(new)) => {
                this.note_peak();
                // SAFETY: the block is the caller's, of this arena, with so many bytes, aligned to 16 as every block
                // is, and the caller gives up what is beyond the new size.
                let shrunk = unsafe { this.arena().try_shrink(start, old, new) };
                this.arena().leave_emptied();
                this.history.lowered(this.arena().used());
                shrunk
            }
            _ => Err(AllocError::new(new_size, AllocReason::TooLarge)),
        };
        match moved {
            Ok(block) => return block.as_ptr().cast(),
            // A callback that resets or rewinds its arena may have thrown the block away.
            Err(error) if this.may_try_again(arena, new_size, &error) && this.arena().holds(start.addr().get()) => {}
            Err(_) => return null_mut(),
        }
    }
}

/// As region_realloc, but the block stays where it is: the same address, which the compiler knows to have `new_size`
/// bytes; or NULL, and nothing happens: the block is not the arena's last one, or there is not so much behind it
/// (-ENOSPC). Fewer bytes are always to be had. No callback is asked.
///
/// cbindgen:postfix=REGION_SIZED_((4))
///
/// # Safety
/// As [`region_realloc`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_realloc_in_place(
    arena: *mut region_arena,
    block: *mut c_void,
    old_size: usize,
    new_size: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return null_mut() };
    // SAFETY: the same promise.
    match unsafe { resize_in_place(this, block, old_size, new_size) } {
        Ok(()) => block,
        Err(error) => {
            this.policy.refused(error);
            null_mut()
        }
    }
}

/// # Safety
/// As [`region_realloc`], for this arena.
unsafe fn resize_in_place(this: &Inside, block: *mut c_void, old_size: usize, new_size: usize) -> Result<(), c_int> {
    let start = NonNull::new(block.cast::<u8>()).filter(|_| old_size != 0 && new_size != 0).ok_or(EINVAL)?;
    let layout = |size| Layout::from_size_align(size, ALIGN).map_err(|_| EOVERFLOW);
    let (old, new) = (layout(old_size)?, layout(new_size)?);
    if new_size > old_size {
        // SAFETY: the block is the caller's, of this arena, with so many bytes, aligned to 16 as every block is.
        return if unsafe { this.arena().grow_in_place(start, old, new) } { Ok(()) } else { Err(ENOSPC) };
    }
    this.note_peak();
    // SAFETY: the block is the caller's, as for growing, and the caller gives up what is beyond the new size. A block
    // that keeps its alignment stays where it is.
    let shrunk = unsafe { this.arena().try_shrink(start, old, new) };
    debug_assert!(shrunk.is_ok_and(|at| at == start));
    this.history.lowered(this.arena().used());
    Ok(())
}

/// Gives a block back: its memory is used again at once if it is the arena's last block, else when the arena is
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
        this.note_peak();
        // SAFETY: the block is the caller's, of this arena, with so many bytes, and given up.
        unsafe { this.arena().free(start, layout) };
        this.arena().leave_emptied();
        this.history.lowered(this.arena().used());
    }
}

/// A copy of `size` bytes, aligned to 16. Pointers in it still lead where they did.
///
/// cbindgen:postfix=REGION_SIZED_((3))
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `from` has `size` bytes, or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_memdup(arena: *mut region_arena, from: *const c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return null_mut() };
    if from.is_null() && size != 0 {
        this.policy.refused(EINVAL);
        return null_mut();
    }
    // SAFETY: the caller's promise about the arena.
    let copy = unsafe { take(arena, size, ALIGN, ANY) };
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
        this.policy.refused(EINVAL);
        return null_mut();
    }
    // SAFETY: the caller's promise about the text and the arena. So many bytes are there.
    unsafe { region_strmemdup(arena, text, length(text, most)) }
}

/// A copy of `len` bytes, whatever they are, with a NUL after it: a slice as a string.
///
/// cbindgen:postfix=REGION_STRING_
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `bytes` is `len` bytes long, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_strmemdup(arena: *mut region_arena, bytes: *const c_char, len: usize) -> *mut c_char {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return null_mut() };
    if bytes.is_null() && len != 0 {
        this.policy.refused(EINVAL);
        return null_mut();
    }
    // SAFETY: the caller's promise about the arena. A length that has no successor is refused as a wrapped product is.
    let copy = unsafe { take(arena, len.saturating_add(1), ALIGN, ANY) }.cast::<c_char>();
    if !copy.is_null() {
        // SAFETY: there are `len` bytes, none of NULL, the copy has one more, and new memory overlaps nothing.
        unsafe {
            if len != 0 {
                copy.copy_from_nonoverlapping(bytes, len);
            }
            copy.add(len).write(0);
        }
    }
    copy
}
