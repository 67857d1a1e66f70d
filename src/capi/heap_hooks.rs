//! Heaps as the allocators of other libraries: the context first, and everything by addresses without a type.

use super::heap::blocks::{
    region_heap_alloc, region_heap_calloc, region_heap_free_block, region_heap_realloc, region_heap_usable_size,
};
use super::heap::region_heap;
use core::ffi::c_void;
use core::ptr::null_mut;

/// malloc(3) with a context: `size` bytes, aligned to 16. zstd's customAlloc as it is.
///
/// cbindgen:postfix=REGION_MALLOC_((2))
///
/// # Safety
/// `heap` is NULL or a `region_heap`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_hook_malloc(heap: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_heap_alloc(heap.cast(), size) }
}

/// calloc(3) with a context.
///
/// cbindgen:postfix=REGION_MALLOC_((2, 3))
///
/// # Safety
/// `heap` is NULL or a `region_heap`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_hook_calloc(heap: *mut c_void, n: usize, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_heap_calloc(heap.cast(), n, size) }
}

/// realloc(3) with a context; `size` 0 frees and gives NULL.
///
/// cbindgen:postfix=REGION_RESIZED_((3))
///
/// # Safety
/// `heap` is NULL or a `region_heap`; a block of it is the caller's, who uses it under its new address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_hook_realloc(heap: *mut c_void, block: *mut c_void, size: usize) -> *mut c_void {
    let heap = heap.cast::<region_heap>();
    // SAFETY: the caller's promise, passed on.
    unsafe {
        if size == 0 {
            region_heap_free_block(heap, block);
            return null_mut();
        }
        region_heap_realloc(heap, block, size)
    }
}

/// The same with the old size, which is not needed: Lua's lua_Alloc as it is.
///
/// cbindgen:postfix=REGION_RESIZED_((4))
///
/// # Safety
/// As [`region_heap_hook_realloc`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_hook_resize(
    heap: *mut c_void,
    block: *mut c_void,
    old_size: usize,
    size: usize,
) -> *mut c_void {
    let _ = old_size;
    // SAFETY: the caller's promise, passed on.
    unsafe { region_heap_hook_realloc(heap, block, size) }
}

/// free(3) with a context. What is no block in use stays as it is: see REGION_HEAP_STRICT.
///
/// # Safety
/// `heap` is NULL or a `region_heap`; a block in use is the caller's, who uses it no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_hook_free(heap: *mut c_void, block: *mut c_void) {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_heap_free_block(heap.cast(), block) };
}

/// malloc_usable_size(3) with a context.
///
/// # Safety
/// `heap` is NULL or a `region_heap`. The address is only compared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_hook_size(heap: *mut c_void, block: *mut c_void) -> usize {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_heap_usable_size(heap.cast(), block) }
}
