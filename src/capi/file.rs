//! Files as memory in C: their bytes, changed in place.

use super::checked::{Held, abi_of, c_str, prepare};
use super::error::{EINVAL, EOVERFLOW, of_error, status};
use super::map::advice_of;
use crate::region::{FileRegion, Use};
use crate::sys::{Creation, Fd, duplicate, open_terminated, open_writable_terminated};
use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ops::Range;
use core::ptr::null_mut;

/// A file's bytes as memory. All bytes zero (REGION_FILE_INIT) is an empty one, and so is one that was freed.
#[repr(C)]
pub struct region_file {
    /// The first byte; NULL of an empty one. Valid until the file is resized or freed.
    pub base: *mut c_void,
    /// Bytes of the file.
    pub len: usize,
    opaque_: [usize; 14],
}

/// For region_file_open: what is written is the file's, for everybody at once.
pub const REGION_FILE_WRITE: c_uint = 0;
/// Reading only; a write faults.
pub const REGION_FILE_READ: c_uint = 1;
/// What is written is a copy of this process's, and the file stays as it is.
pub const REGION_FILE_PRIVATE: c_uint = 2;

/// What region_file_create of the header says.
const CREATE: c_uint = 3;

/// The Rust side of a `region_file`.
#[repr(C)]
struct Opened {
    base: *mut c_void,
    len: usize,
    region: Held<FileRegion>,
}

const _: () = assert!(size_of::<Opened>() <= size_of::<region_file>());
const _: () = assert!(align_of::<Opened>() <= align_of::<region_file>());

impl Opened {
    /// Shows C where the bytes are.
    fn show(&mut self) {
        (self.base, self.len) = match self.region.get_mut() {
            Some(region) => (region.as_mut_ptr().cast(), region.len()),
            None => (null_mut(), 0),
        };
    }
}

/// The Rust side of a file that C hands in; `None` for NULL.
///
/// # Safety
/// `file` is NULL or points to a `region_file` that is zeroed or initialized and in no other use meanwhile.
unsafe fn opened<'a>(file: *mut region_file) -> Option<&'a mut Opened> {
    // SAFETY: size and alignment are those of a `region_file` (asserted), whose bytes are zero, which is an `Opened`
    // without a region, or what this library put there.
    unsafe { file.cast::<Opened>().as_mut() }
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
            (_, Some(purpose)) => open_terminated(path).and_then(|file| FileRegion::of(file, purpose)),
        };
        finish(file, region)
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
        finish(file, duplicate(Fd::from_raw(fd)).and_then(|file| FileRegion::of(file, purpose)))
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

/// Puts a file into a prepared place, or says why there is none.
///
/// # Safety
/// `file` may be written.
#[inline(never)]
unsafe fn finish(file: *mut region_file, region: Result<FileRegion, crate::Error>) -> c_int {
    match region {
        Ok(region) => {
            // SAFETY: the caller's promise, and an `Opened` fits (asserted).
            unsafe {
                let file = file.cast::<Opened>();
                Held::put(&raw mut (*file).region, region);
                (*file).show();
            }
            0
        }
        Err(error) => -of_error(&error),
    }
}

/// Opens a file, for callers that do not read the header. As `region_file_open` there.
///
/// cbindgen:ignore
///
/// # Safety
/// As [`region_file_open_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_open(file: *mut region_file, path: *const c_char, how: c_uint) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_file_open_(file, path, how, 0, abi_of::<region_file>()) }
}

/// Takes an open file, for callers that do not read the header. As `region_file_from_fd` there.
///
/// cbindgen:ignore
///
/// # Safety
/// As [`region_file_fd_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_from_fd(file: *mut region_file, fd: c_int, how: c_uint) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_file_fd_(file, fd, how, abi_of::<region_file>()) }
}

/// Makes a file, for callers that do not read the header. As `region_file_create` there.
///
/// cbindgen:ignore
///
/// # Safety
/// As [`region_file_open_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_create(file: *mut region_file, path: *const c_char, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_file_open_(file, path, CREATE, len, abi_of::<region_file>()) }
}

/// Unmaps and closes the file and leaves an empty struct; nothing happens to an empty one. What was written is the
/// file's already, and on the disk when the kernel writes it there: region_file_flush waits for that.
///
/// # Safety
/// `file` is NULL or a zeroed or initialized file, and nothing uses its memory afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_free(file: *mut region_file) -> c_int {
    // SAFETY: the caller's promise, passed on.
    match unsafe { opened(file) } {
        Some(file) => {
            file.region.clear();
            file.show();
            0
        }
        None => -EINVAL,
    }
}

/// Makes the file `len` bytes long, not 0; what is new is zero. Its memory may move: `base` is where it is now. Nothing
/// is copied. On error all is as it was, and -EINVAL unless it was opened for REGION_FILE_WRITE.
///
/// # Safety
/// As [`region_file_free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_resize(file: *mut region_file, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(file) = (unsafe { opened(file) }) else { return -EINVAL };
    let Some(region) = file.region.get_mut() else { return -EINVAL };
    let answer = status(region.resize(len));
    file.show();
    answer
}

/// What is done to a range of a file, with a number from C that says how.
type Deed = fn(&FileRegion, Range<usize>, c_uint) -> Result<(), c_int>;

/// Does something to a range of a file.
///
/// # Safety
/// `file` is NULL or a zeroed or initialized file, in no other use meanwhile.
#[inline(never)]
unsafe fn on_range(file: *mut region_file, at: usize, len: usize, how: c_uint, act: Deed) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(region) = unsafe { opened(file) }.and_then(|file| file.region.get_mut()) else { return -EINVAL };
    match at.checked_add(len).ok_or(EOVERFLOW).and_then(|end| act(region, at..end, how)) {
        Ok(()) => 0,
        Err(error) => -error,
    }
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

/// Finds a place on the disk for every byte of the file, so that no later write can fail for want of room (SIGBUS).
/// -ENOSPC when there is none.
///
/// # Safety
/// `file` is NULL or a zeroed or initialized file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_allocate(file: *mut region_file) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { on_range(file, 0, 0, 0, |region, _, _| region.allocate().map_err(|error| of_error(&error))) }
}

/// Tells the kernel how those bytes are going to be used: one of REGION_ADVICE_... Never changes content.
///
/// # Safety
/// `file` is NULL or a zeroed or initialized file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_file_advise(file: *mut region_file, at: usize, len: usize, advice: c_uint) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        on_range(file, at, len, advice, |region, range, advice| {
            region.advise(range, advice_of(advice).ok_or(EINVAL)?).map_err(|error| of_error(&error))
        })
    }
}
