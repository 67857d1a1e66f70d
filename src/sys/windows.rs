//! Windows' calls for memory: the process's heap, and addresses that are reserved, committed and released.
//!
//! One thin function a call (kernel32, which every program has). What is done with them is for `arena::backing::windows`.

use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};

/// Bytes of a page on every processor that Windows runs on.
pub(crate) const PAGE: usize = 4 << 10;
/// What a reservation's start is a multiple of.
pub(crate) const GRANULARITY: usize = 64 << 10;

const MEM_COMMIT: u32 = 0x1000;
const MEM_RESERVE: u32 = 0x2000;
const MEM_DECOMMIT: u32 = 0x4000;
const MEM_RELEASE: u32 = 0x8000;
const PAGE_NOACCESS: u32 = 1;
const PAGE_READWRITE: u32 = 4;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetProcessHeap() -> *mut c_void;
    fn HeapAlloc(heap: *mut c_void, flags: u32, bytes: usize) -> *mut c_void;
    fn HeapFree(heap: *mut c_void, flags: u32, block: *mut c_void) -> i32;
    fn VirtualAlloc(start: *mut c_void, bytes: usize, what: u32, access: u32) -> *mut c_void;
    fn VirtualFree(start: *mut c_void, bytes: usize, what: u32) -> i32;
}

/// A block of the process's heap, aligned to two words, with any content.
pub(crate) fn heap_block(bytes: usize) -> Option<NonNull<u8>> {
    // SAFETY: the process has its heap as long as it runs, and any number of bytes may be asked for.
    NonNull::new(unsafe { HeapAlloc(GetProcessHeap(), 0, bytes) }.cast())
}

/// Gives a block of the heap back.
///
/// # Safety
/// It came from [`heap_block`], and nothing uses it any more.
pub(crate) unsafe fn free_heap_block(block: NonNull<u8>) {
    // SAFETY: the caller's promise.
    let freed = unsafe { HeapFree(GetProcessHeap(), 0, block.as_ptr().cast()) };
    debug_assert!(freed != 0);
}

/// Addresses without memory, so many bytes.
pub(crate) fn reserve(bytes: usize) -> Option<NonNull<u8>> {
    // SAFETY: addresses of the system's choice, which nothing else has.
    NonNull::new(unsafe { VirtualAlloc(null_mut(), bytes, MEM_RESERVE, PAGE_NOACCESS) }.cast())
}

/// Lets whole pages of a reservation be read and written; new ones are zero. False if the system cannot commit as much.
///
/// # Safety
/// The range is in a reservation of the caller's.
pub(crate) unsafe fn commit(start: NonNull<u8>, bytes: usize) -> bool {
    // SAFETY: the caller's promise. Pages that are committed already keep their content.
    unsafe { !VirtualAlloc(start.as_ptr().cast(), bytes, MEM_COMMIT, PAGE_READWRITE).is_null() }
}

/// Takes the memory of whole pages of a reservation back. The addresses stay.
///
/// # Safety
/// As [`commit`], and nothing uses the range any more.
pub(crate) unsafe fn decommit(start: NonNull<u8>, bytes: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { VirtualFree(start.as_ptr().cast(), bytes, MEM_DECOMMIT) != 0 }
}

/// Gives a reservation back, as a whole.
///
/// # Safety
/// It came from [`reserve`], and nothing uses it any more.
pub(crate) unsafe fn release(start: NonNull<u8>) {
    // SAFETY: the caller's promise.
    let released = unsafe { VirtualFree(start.as_ptr().cast(), 0, MEM_RELEASE) };
    debug_assert!(released != 0);
}
