//! Arenas as the allocators of other libraries.
//!
//! Two families. `region_hook_` functions get the old size from the caller, and take the last block back.
//! `region_tracked_` functions keep the size in 16 bytes before each block. With both, other freed blocks stay until
//! the arena is rewound. So arenas suit libraries whose work is thrown away as a whole.

use super::alloc::{ANY, Allocate, ZERO, region_free, region_realloc, take};
use super::checked::product;
use super::inside::{ALIGN, region_arena};
use core::ffi::c_void;
use core::ptr::null_mut;

/// Bytes before a tracked block: its size, padded so that the block stays aligned.
const HEADER: usize = ALIGN;
const _: () = assert!(HEADER >= size_of::<usize>() && HEADER % ALIGN == 0);

/// malloc(3) with a context: `size` bytes, aligned to 16.
///
/// cbindgen:postfix=REGION_MALLOC_((2))
///
/// # Safety
/// `arena` is NULL or a `region_arena`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_hook_malloc(arena: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { super::alloc::region_alloc(arena.cast(), size) }
}

/// realloc(3) with a context and the old size; `new_size` 0 frees and gives NULL. Lua's lua_Alloc as it is.
///
/// cbindgen:postfix=REGION_RESIZED_((4))
///
/// # Safety
/// `arena` is NULL or a `region_arena`, `block` NULL or a block of it, `old_size` bytes long.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_hook_realloc(
    arena: *mut c_void,
    block: *mut c_void,
    old_size: usize,
    new_size: usize,
) -> *mut c_void {
    let arena = arena.cast::<region_arena>();
    // SAFETY: the caller's promise, passed on. Without a block `old_size` says something else (Lua: a type).
    unsafe {
        if new_size == 0 {
            region_free(arena, block, old_size);
            return null_mut();
        }
        region_realloc(arena, block, if block.is_null() { 0 } else { old_size }, new_size)
    }
}

/// free(3) with a context and the size.
///
/// # Safety
/// As [`region_hook_realloc`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_hook_free(arena: *mut c_void, block: *mut c_void, size: usize) {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_free(arena.cast(), block, size) }
}

/// malloc(3) with a context, for blocks whose size the library has to remember.
///
/// cbindgen:postfix=REGION_MALLOC_((2))
///
/// # Safety
/// `arena` is NULL or a `region_arena`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_tracked_malloc(arena: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { begin(arena.cast(), size, ANY) }
}

/// calloc(3) with a context: zlib's zalloc is this with `unsigned` in place of `size_t`.
///
/// cbindgen:postfix=REGION_MALLOC_((2, 3))
///
/// # Safety
/// `arena` is NULL or a `region_arena`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_tracked_calloc(arena: *mut c_void, n: usize, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { begin(arena.cast(), product(n, size), ZERO) }
}

/// realloc(3) with a context; `size` 0 frees and gives NULL.
///
/// cbindgen:postfix=REGION_RESIZED_((3))
///
/// # Safety
/// `arena` is NULL or a `region_arena`, `block` NULL or from a `region_tracked_` function with the same arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_tracked_realloc(arena: *mut c_void, block: *mut c_void, size: usize) -> *mut c_void {
    if block.is_null() {
        // SAFETY: the caller's promise, passed on.
        return unsafe { region_tracked_malloc(arena, size) };
    }
    if size == 0 {
        // SAFETY: the block is of a `region_tracked_` function with this arena, by the caller's promise.
        unsafe { region_tracked_free(arena, block) };
        return null_mut();
    }
    let arena = arena.cast::<region_arena>();
    // A size that wraps with its header is one that no arena has.
    let whole = size.saturating_add(HEADER);
    // SAFETY: `begin` wrote the block's size before it, and the two together are a block of the arena.
    unsafe {
        let start = block.cast::<u8>().sub(HEADER);
        let old = start.cast::<usize>().read() + HEADER;
        let moved = region_realloc(arena, start.cast(), old, whole).cast::<u8>();
        if moved.is_null() {
            return null_mut();
        }
        moved.cast::<usize>().write(size);
        moved.add(HEADER).cast()
    }
}

/// free(3) with a context.
///
/// # Safety
/// As [`region_tracked_realloc`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_tracked_free(arena: *mut c_void, block: *mut c_void) {
    if block.is_null() {
        return;
    }
    // SAFETY: `begin` wrote the block's size before it, and the two together are a block of the arena, which the caller
    // gives up.
    unsafe {
        let start = block.cast::<u8>().sub(HEADER);
        let size = start.cast::<usize>().read();
        region_free(arena.cast(), start.cast(), size + HEADER);
    }
}

/// A block with its size before it.
///
/// # Safety
/// `arena` is NULL or a `region_arena`.
unsafe fn begin(arena: *mut region_arena, size: usize, allocate: Allocate) -> *mut c_void {
    // SAFETY: the caller's promise, passed on. A size that wraps with its header is one that no arena has.
    let start = unsafe { take(arena, size.saturating_add(HEADER), ALIGN, allocate) }.cast::<u8>();
    if start.is_null() {
        return null_mut();
    }
    // SAFETY: the block is new, aligned to 16, and as long as the header and `size` bytes.
    unsafe {
        start.cast::<usize>().write(size);
        start.add(HEADER).cast()
    }
}
