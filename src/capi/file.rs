//! Files as memory in C: their bytes, changed in place.

use super::c_str::c_str;
use super::checked::{prepare, twins};
use super::error::{EINVAL, of_error, status};
use super::held::{Bytes, Place, Shown, finish, free, holds, on_range, place};
use super::map::advice_of;
use crate::region::{FileRegion, Use};
use crate::sys::{Creation, Fd, duplicate, open_terminated_to_map, open_writable_terminated};
use core::ffi::{c_char, c_int, c_uint, c_void};

/// A file's bytes as memory. All bytes zero (REGION_FILE_INIT) is an empty one, and so is one that was freed.
#[repr(C)]
pub struct region_file {
    /// The first byte; NULL of an empty one. Valid until the file is resized or freed.
    pub base: *mut c_void,
    /// Bytes of the file.
    pub len: usize,
    opaque_: [usize; 14],
}

/// For region_file_open: what is written goes to the file, and all others see it at once.
pub const REGION_FILE_WRITE: c_uint = 0;
/// Reading only; a write faults.
pub const REGION_FILE_READ: c_uint = 1;
/// What is written is a copy of this process's, and the file stays as it is.
pub const REGION_FILE_PRIVATE: c_uint = 2;

/// What region_file_create of the header says.
const CREATE: c_uint = 3;

holds!(region_file: Shown<FileRegion>);

impl Bytes for FileRegion {
    fn bytes(&mut self) -> (*mut c_void, usize) {
        (self.as_mut_ptr().cast(), self.len())
    }
}

/// What region_file_open and region_file_create call.
///
/// # Safety
/// `file` is NULL or may be written; `path` is NULL or NUL-terminated. As long as the file is open here nobody makes it
/// shorter, and nobody writes to it while its bytes are read here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_open_(
    file: *mut region_file,
    path: *const c_char,
    how: c_uint,
    len: usize,
    abi: usize,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        if let Err(error) = prepare(file, abi) {
            return error;
        }
        if path.is_null() {
            return -EINVAL;
        }
        let path = c_str(path);
        let region = match (how, purpose(how)) {
            (CREATE, _) => FileRegion::create_by(len, || open_writable_terminated(path, Creation::Fresh)),
            (_, None) => return -EINVAL,
            (_, Some(Use::Write)) => {
                open_writable_terminated(path, Creation::Existing).and_then(|file| FileRegion::of(file, Use::Write))
            }
            (_, Some(purpose)) => open_terminated_to_map(path).and_then(|file| FileRegion::of(file, purpose)),
        };
        finish(file, region.map_err(|error| -of_error(&error)))
    }
}

/// What region_file_from_fd calls.
///
/// # Safety
/// As [`region_file_open_`], for the descriptor's file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_fd_(file: *mut region_file, fd: c_int, how: c_uint, abi: usize) -> c_int {
    // SAFETY: the caller's promise, passed on; it keeps the descriptor open during the call.
    unsafe {
        if let Err(error) = prepare(file, abi) {
            return error;
        }
        let Some(purpose) = purpose(how) else { return -EINVAL };
        let region = duplicate(Fd::from_raw(fd)).and_then(|file| FileRegion::of(file, purpose));
        finish(file, region.map_err(|error| -of_error(&error)))
    }
}

/// What one of REGION_FILE_... means.
fn purpose(how: c_uint) -> Option<Use> {
    Some(match how {
        REGION_FILE_WRITE => Use::Write,
        REGION_FILE_READ => Use::Read,
        REGION_FILE_PRIVATE => Use::WriteToCopy,
        _ => return None,
    })
}

twins! {
    region_file_open(file: *mut region_file, path: *const c_char, how: c_uint) => region_file_open_(file, path, how, 0);
    region_file_create(file: *mut region_file, path: *const c_char, len: usize)
        => region_file_open_(file, path, CREATE, len);
    region_file_from_fd(file: *mut region_file, fd: c_int, how: c_uint) => region_file_fd_(file, fd, how);
}

/// Unmaps and closes the file and leaves an empty struct; nothing happens to an empty one. What was written is the
/// file's already, and on the disk when the kernel writes it there: region_file_flush waits for that.
///
/// # Safety
/// `file` is NULL or a zeroed or initialized file, and nothing uses its memory afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_free(file: *mut region_file) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { free(file) }
}

/// Makes the file `len` bytes long, not 0; what is new is zero. Its memory may move: `base` is where it is now. Nothing
/// is copied. On error all is as it was: -EINVAL unless it was opened for REGION_FILE_WRITE, -EPERM in a forked child
/// of the process that opened it.
///
/// # Safety
/// As [`region_file_free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_resize(file: *mut region_file, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(file) = (unsafe { place(file) }) else { return -EINVAL };
    let Some(region) = file.held_mut().get_mut() else { return -EINVAL };
    let answer = status(region.resize(len));
    file.show();
    answer
}

/// Writes what was modified of the `len` bytes at offset `at` to the disk and returns when it is there. Bytes, not
/// pages: what shares a page with them is written too, and unmodified pages are not.
///
/// # Safety
/// `file` is NULL or a zeroed or initialized file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_flush(file: *mut region_file, at: usize, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        on_range(file, at, len, 0, |region, range, _| region.flush_range(range).map_err(|error| of_error(&error)))
    }
}

/// Reserves space on the disk for every byte of the file, so that no later write can fail on a full disk (SIGBUS).
/// -ENOSPC when there is none.
///
/// # Safety
/// `file` is NULL or a zeroed or initialized file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_allocate(file: *mut region_file) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { on_range(file, 0, 0, 0, |region, _, _| region.allocate().map_err(|error| of_error(&error))) }
}

/// Advises the kernel how those bytes are going to be used: one of REGION_ADVICE_... Never changes content.
///
/// # Safety
/// `file` is NULL or a zeroed or initialized file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_advise(file: *mut region_file, at: usize, len: usize, advice: c_uint) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        on_range(file, at, len, advice, |region, range, advice| {
            region.hint(range, advice_of(advice).ok_or(EINVAL)?).map_err(|error| of_error(&error))
        })
    }
}
