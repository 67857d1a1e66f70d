//! Shared arenas in C: an allocator in memory that several processes have at once.

use super::checked::{Held, abi_of, c_str, prepare};
use super::error::{EBADF, EFAULT, EINVAL, of_error, of_shared};
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

const _: () = assert!(size_of::<Held<SharedArena>>() <= size_of::<region_shared>());
const _: () = assert!(align_of::<Held<SharedArena>>() <= align_of::<region_shared>());

/// The Rust side of a shared arena that C hands in; `None` for NULL and for an empty one.
///
/// # Safety
/// `shared` is NULL or points to a `region_shared` that is zeroed or initialized.
unsafe fn inside<'a>(shared: *const region_shared) -> Option<&'a SharedArena> {
    // SAFETY: size and alignment are those of a `region_shared` (asserted), whose bytes are zero, which holds no
    // arena, or what this library put there. Shared: a shared arena is `Sync`.
    unsafe { shared.cast::<Held<SharedArena>>().as_ref() }.and_then(Held::get)
}

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
    match SharedArena::make(capacity, name) {
        Ok(made) => {
            // SAFETY: the place was prepared, and it fits (asserted).
            unsafe { Held::put(shared.cast(), made) };
            0
        }
        Err(error) => -of_error(&error),
    }
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
    // SAFETY: as above.
    match SharedArena::open(unsafe { Fd::from_raw(fd) }) {
        Ok(opened) => {
            // SAFETY: the place was prepared, and it fits (asserted).
            unsafe { Held::put(shared.cast(), opened) };
            0
        }
        Err(error) => -of_shared(&error),
    }
}

/// Makes a shared arena, for callers that do not read the header. As `region_shared_init` there.
///
/// cbindgen:ignore
///
/// # Safety
/// As [`region_shared_init_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_init(shared: *mut region_shared, capacity: usize, name: *const c_char) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_shared_init_(shared, capacity, name, abi_of::<region_shared>()) }
}

/// Opens a shared arena, for callers that do not read the header. As `region_shared_open` there.
///
/// cbindgen:ignore
///
/// # Safety
/// As [`region_shared_open_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_open(shared: *mut region_shared, fd: c_int) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_shared_open_(shared, fd, abi_of::<region_shared>()) }
}

/// Unmaps the memory here; other processes keep it. Nothing happens to an empty one.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one, and nothing uses it or its memory meanwhile and afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_free(shared: *mut region_shared) -> c_int {
    // SAFETY: as in `inside`, and nobody else uses it.
    match unsafe { shared.cast::<Held<SharedArena>>().as_mut() } {
        Some(held) => {
            held.clear();
            0
        }
        None => -EINVAL,
    }
}

/// The descriptor to hand to another process, which opens it; stays the arena's. -EBADF of one without a name.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_fd(shared: *const region_shared) -> c_int {
    // SAFETY: the caller's promise, passed on.
    match unsafe { inside(shared) } {
        Some(arena) => arena.descriptor().map_or(-EBADF, Fd::as_raw),
        None => -EINVAL,
    }
}

/// `size` zero bytes at a multiple of `align`, a power of two up to 4096: their offset, the same in every process. 0
/// when there is no room, or they cannot be.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_alloc(shared: *const region_shared, size: usize, align: usize) -> u64 {
    // SAFETY: the caller's promise, passed on.
    match (unsafe { inside(shared) }, Layout::from_size_align(size, align)) {
        (Some(arena), Ok(layout)) => arena.alloc_layout(layout).map_or(0, Offset::raw),
        _ => 0,
    }
}

/// Where the `size` bytes at an offset are in this process. NULL unless all of them lie in the arena, so that an
/// offset from another process cannot lead astray; what they hold is another matter.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_at(shared: *const region_shared, offset: u64, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let (Some(arena), Some(offset)) = (unsafe { inside(shared) }, Offset::<u8>::from_raw(offset)) else {
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
    unsafe { inside(shared) }.and_then(SharedArena::root::<u8>).map_or(0, Offset::raw)
}

/// Sets it. What was written there before is seen by whoever finds it.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_set_root(shared: *const region_shared, offset: u64) -> c_int {
    // SAFETY: the caller's promise, passed on.
    match (unsafe { inside(shared) }, Offset::<u8>::from_raw(offset)) {
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
    unsafe { inside(shared) }.map_or(0, SharedArena::used)
}

/// Bytes that blocks can take altogether.
///
/// # Safety
/// `shared` is NULL or a zeroed or initialized one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_shared_capacity(shared: *const region_shared) -> usize {
    // SAFETY: the caller's promise, passed on.
    unsafe { inside(shared) }.map_or(0, SharedArena::capacity)
}
