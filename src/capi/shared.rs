//! Shared arenas in C: an allocator in memory that several processes have at once.

use super::c_str::c_str;
use super::checked::{prepare, twins};
use super::error::{EBADF, EFAULT, EINVAL, of_error, of_shared};
use super::held::{Held, finish, free, holds, value};
use crate::shared::{Offset, SharedArena};
use crate::sys::Fd;
use core::alloc::Layout;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

/// An arena in shared memory. All bytes zero (REGION_SHARED_INIT) is an empty one, and so is one that was freed.
#[repr(C)]
pub struct region_shared {
    opaque_: [usize; 16],
}

// A shared arena is `Sync`.
holds!(region_shared: Held<SharedArena>);

/// What region_shared_init calls.
///
/// # Safety
/// `shared` is NULL or may be written; `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_init_(
    shared: *mut region_shared,
    capacity: usize,
    name: *const c_char,
    abi: usize,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    if let Err(error) = unsafe { prepare(shared, abi) } {
        return error;
    }
    // SAFETY: the caller's promise, passed on.
    let name = (!name.is_null()).then(|| unsafe { c_str(name) });
    // SAFETY: the struct was prepared.
    unsafe { finish(shared, SharedArena::make(capacity, name).map_err(|error| -of_error(&error))) }
}

/// What region_shared_open calls.
///
/// # Safety
/// `shared` is NULL or may be written; the descriptor stays open during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_open_(shared: *mut region_shared, fd: c_int, abi: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    if let Err(error) = unsafe { prepare(shared, abi) } {
        return error;
    }
    // SAFETY: the caller promises that the descriptor stays open during the call; a number that no open file has is
    // refused. The struct was prepared.
    unsafe { finish(shared, SharedArena::open(Fd::from_raw(fd)).map_err(|error| -of_shared(&error))) }
}

twins! {
    region_shared_init(shared: *mut region_shared, capacity: usize, name: *const c_char)
        => region_shared_init_(shared, capacity, name);
    region_shared_open(shared: *mut region_shared, fd: c_int) => region_shared_open_(shared, fd);
}

/// Unmaps the memory here; other processes keep it. Nothing happens to an empty one.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one, and nothing uses it or its memory meanwhile and afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_free(shared: *mut region_shared) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { free(shared) }
}

/// The descriptor to hand to another process, which opens it; stays the arena's. -EBADF of one without a name.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_fd(shared: *const region_shared) -> c_int {
    // SAFETY: the caller's promise, passed on.
    match unsafe { value(shared) } {
        Some(arena) => arena.descriptor().map_or(-EBADF, Fd::as_raw),
        None => -EINVAL,
    }
}

/// `size` zero bytes at a multiple of `align`, a power of two up to 4096: their offset, the same in every process. 0
/// when they do not fit, or cannot be.
///
/// cbindgen:postfix=REGION_NEEDED_
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_alloc(shared: *const region_shared, size: usize, align: usize) -> u64 {
    // SAFETY: the caller's promise, passed on.
    match (unsafe { value(shared) }, Layout::from_size_align(size, align)) {
        (Some(arena), Ok(layout)) => arena.alloc_layout(layout).map_or(0, Offset::raw),
        _ => 0,
    }
}

/// Where the `size` bytes at an offset are in this process. NULL unless all of them lie in the arena, so that an
/// offset from another process cannot lead astray; what they hold is another matter.
///
/// cbindgen:postfix=REGION_NEEDED_
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_at(shared: *const region_shared, offset: u64, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let (Some(arena), Some(offset)) = (unsafe { value(shared) }, Offset::<u8>::from_raw(offset)) else {
        return null_mut();
    };
    arena.address(offset, size).map_or(null_mut(), |start| start.as_ptr().cast())
}

/// Where the structure begins that the processes share: the offset that was set last, 0 if none was.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_root(shared: *const region_shared) -> u64 {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(shared) }.and_then(SharedArena::root::<u8>).map_or(0, Offset::raw)
}

/// Sets it. What was written there before is seen by whoever finds it.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_set_root(shared: *const region_shared, offset: u64) -> c_int {
    // SAFETY: the caller's promise, passed on.
    match (unsafe { value(shared) }, Offset::<u8>::from_raw(offset)) {
        (Some(arena), Some(offset)) => {
            arena.set_root(offset);
            0
        }
        (Some(_), None) => -EFAULT,
        (None, _) => -EINVAL,
    }
}

/// Bytes handed out so far, by all processes.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_used(shared: *const region_shared) -> usize {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(shared) }.map_or(0, SharedArena::used)
}

/// Bytes that blocks can take altogether.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_capacity(shared: *const region_shared) -> usize {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(shared) }.map_or(0, SharedArena::capacity)
}
