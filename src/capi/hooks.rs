//! Arenas as the allocators of other libraries.
//!
//! Two families. Hooks that are told the old size bump, and take the last block back. Hooks that are not keep it in
//! 16 bytes before each block. Either way freed blocks inside the arena wait for its rewind: arenas suit libraries
//! whose work is thrown away as a whole.

use super::alloc::{ANY, Way, ZERO, region_free, region_realloc};
use super::arena::{ALIGN, inside, region_arena};
use super::checked::product;
use core::ffi::c_void;
use core::ptr::null_mut;

/// Bytes before a sized block: its size, padded so that the block stays aligned.
const HEADER: usize = ALIGN;
const _: () = assert!(HEADER >= size_of::<usize>() && HEADER % ALIGN == 0);

/// malloc(3) with a context: `size` bytes, aligned to 16.
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
/// # Safety
/// `arena` is NULL or a `region_arena`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sized_malloc(arena: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { begin(arena.cast(), Some(size), ANY) }
}

/// calloc(3) with a context: zlib's zalloc is this with `unsigned` in place of `size_t`.
///
/// # Safety
/// `arena` is NULL or a `region_arena`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sized_calloc(arena: *mut c_void, n: usize, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { begin(arena.cast(), product(n, size), ZERO) }
}

/// realloc(3) with a context; `size` 0 frees and gives NULL.
///
/// # Safety
/// `arena` is NULL or a `region_arena`, `block` NULL or from a `region_sized_` function with the same arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sized_realloc(arena: *mut c_void, block: *mut c_void, size: usize) -> *mut c_void {
    if block.is_null() {
        // SAFETY: the caller's promise, passed on.
        return unsafe { region_sized_malloc(arena, size) };
    }
    if size == 0 {
        // SAFETY: as above.
        unsafe { region_sized_free(arena, block) };
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
/// As [`region_sized_realloc`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sized_free(arena: *mut c_void, block: *mut c_void) {
    if block.is_null() {
        return;
    }
    // SAFETY: as in `region_sized_realloc`.
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
unsafe fn begin(arena: *mut region_arena, size: Option<usize>, way: Way) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return null_mut() };
    let start = this.take(arena, size.and_then(|size| size.checked_add(HEADER)), ALIGN, way).cast::<u8>();
    let (Some(size), false) = (size, start.is_null()) else { return null_mut() };
    // SAFETY: the block is new, aligned to 16, and has room for the header and `size` bytes.
    unsafe {
        start.cast::<usize>().write(size);
        start.add(HEADER).cast()
    }
}
