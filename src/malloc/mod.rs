//! malloc(3) and its family, over one heap of the process: what `cargo capi-malloc` makes a library and an object of.
//!
//! The symbols are libc's own, so this is compiled for that build alone (`region_malloc`), which has no other. What is
//! asked of the libc is in `libc`; what is done about pointers that are no block, in `mistakes`; the heap, and what a forked
//! child does about it, in `fork`. How blocks are had and freed is the heap's.
//!
//! All of it works from the first instruction of a program to the last: the heap is a `static` of zeroes, and its first
//! block is made when it is asked for. The numbers that functions are to leave in `errno`, and what they do about sizes
//! and alignments, are glibc's.

#![allow(clippy::missing_safety_doc)] // malloc(3) has it

mod fork;
mod libc;
mod mistakes;

use crate::heap::Next;
use core::alloc::Layout;
use core::ffi::{c_int, c_void};
use core::ptr::{NonNull, null_mut};
use fork::{heap, heap_alone};
use libc::{EINVAL, ENOMEM, set_errno};

/// What every block is aligned to: as much as C's largest scalar type wants.
const ALIGN: usize = 16;

/// No block, for a reason.
#[cold]
fn refused(errno: c_int) -> *mut c_void {
    set_errno(errno);
    null_mut()
}

/// `size` bytes at a multiple of `align`, a power of two.
#[inline(never)]
fn take(size: usize, align: usize) -> *mut c_void {
    // A layout's size is `PTRDIFF_MAX` at most.
    let block =
        Layout::from_size_align(size, align.max(ALIGN)).ok().and_then(|layout| heap().try_alloc_layout(layout).ok());
    block.map_or_else(|| refused(ENOMEM), |block| block.as_ptr().cast())
}

/// malloc(3). Of no bytes it is a block of its own, too.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(size: usize) -> *mut c_void {
    // With an alignment that is known a class is found in a few instructions.
    let Ok(layout) = Layout::from_size_align(size, ALIGN) else { return refused(ENOMEM) };
    match heap_alone().take_alone(layout) {
        Ok(block) => block.as_ptr().cast(),
        Err(Some(next)) => take_next(next, size),
        Err(None) => take(size, ALIGN),
    }
}

#[inline(never)]
fn take_next(next: Next<'_>, size: usize) -> *mut c_void {
    match next.take() {
        Some(block) => block.as_ptr().cast(),
        None => take(size, ALIGN),
    }
}

/// calloc(3). Large blocks of fresh memory are not cleared.
#[unsafe(no_mangle)]
pub extern "C" fn calloc(n: usize, size: usize) -> *mut c_void {
    let layout = n.checked_mul(size).and_then(|size| Layout::from_size_align(size, ALIGN).ok());
    let block = layout.and_then(|layout| heap().try_alloc_layout_zeroed(layout).ok());
    block.map_or_else(|| refused(ENOMEM), |block| block.as_ptr().cast())
}

/// free(3). Leaves `errno` alone: no function of the libc is called, but to end the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(block: *mut c_void) {
    let Some(start) = NonNull::new(block.cast::<u8>()) else { return };
    let freed = heap_alone().free_alone(start.addr().get());
    if !matches!(freed, Some(Ok(()))) {
        free_anywhere(start);
    }
}

/// Frees what [`free`] did not, or ends the process.
#[inline(never)]
fn free_anywhere(start: NonNull<u8>) {
    // SAFETY: a block in use is the caller's, who uses it no more.
    if let Err(error) = unsafe { heap().try_free(start) } {
        mistakes::end(mistakes::FREE, error);
    }
}

/// realloc(3). As with glibc, a new size of 0 frees the block, and NULL is returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    let Some(start) = NonNull::new(block.cast::<u8>()) else { return malloc(size) };
    if size == 0 {
        // SAFETY: a block in use is the caller's, who uses it no more.
        unsafe { free(block) };
        return null_mut();
    }
    let Ok(layout) = Layout::from_size_align(size, ALIGN) else { return refused(ENOMEM) };
    // SAFETY: a block in use is the caller's, who uses it under its new address if there is one.
    match unsafe { heap().resize(start, layout) } {
        Ok(Ok(block)) => block.as_ptr().cast(),
        Ok(Err(_)) => refused(ENOMEM),
        Err(error) => mistakes::end(mistakes::REALLOC, error),
    }
}

/// reallocarray(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reallocarray(block: *mut c_void, n: usize, size: usize) -> *mut c_void {
    match n.checked_mul(size) {
        // SAFETY: the caller's promise, passed on.
        Some(size) => unsafe { realloc(block, size) },
        None => refused(ENOMEM),
    }
}

/// aligned_alloc(3), of any size.
#[unsafe(no_mangle)]
pub extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    if align.is_power_of_two() { take(size, align) } else { refused(EINVAL) }
}

/// memalign(3). As with glibc, an alignment that is no power of two is the next one.
#[unsafe(no_mangle)]
pub extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
    match align.checked_next_power_of_two() {
        Some(align) => take(size, align),
        None => refused(EINVAL),
    }
}

/// posix_memalign(3). Returns what is wrong, and leaves `errno` and `*block` alone then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_memalign(block: *mut *mut c_void, align: usize, size: usize) -> c_int {
    if !align.is_power_of_two() || align % size_of::<*mut c_void>() != 0 {
        return EINVAL;
    }
    let layout = Layout::from_size_align(size, align.max(ALIGN)).ok();
    let Some(start) = layout.and_then(|layout| heap().try_alloc_layout(layout).ok()) else { return ENOMEM };
    // SAFETY: the caller lets it be written.
    unsafe { block.write(start.as_ptr().cast()) };
    0
}

/// valloc(3): whole pages' alignment.
#[unsafe(no_mangle)]
pub extern "C" fn valloc(size: usize) -> *mut c_void {
    take(size, crate::sys::page_size())
}

/// pvalloc(3): whole pages.
#[unsafe(no_mangle)]
pub extern "C" fn pvalloc(size: usize) -> *mut c_void {
    match crate::sys::page_align_up(size) {
        Some(size) => take(size, crate::sys::page_size()),
        None => refused(ENOMEM),
    }
}

/// malloc_usable_size(3): all bytes of it may be used. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
    NonNull::new(block.cast::<u8>()).and_then(|start| heap().usable_size(start)).unwrap_or(0)
}

/// malloc_trim(3). What is kept goes back, whatever `pad` says; always 1.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_trim(pad: usize) -> c_int {
    let _ = pad;
    heap().trim();
    crate::arena::backing::trim();
    1
}
