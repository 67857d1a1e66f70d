//! Files read into arenas in C: all bytes of a file as one block.
//!
//! The reading is `crate::arena`'s. The block is a `region_string` while it grows, which asks the arena's callback for
//! memory, and notices when the callback threw it away.

use super::c_str::c_str;
use super::error::{EINVAL, of_error};
use super::inside::{inside, region_arena};
use super::string::{region_string, region_string_finish, region_string_free, region_string_reserve};
use crate::arena::reading::{Room, Want, fill};
use crate::error::{Call, Error, Reason};
use crate::sys::{self, BorrowedFd, Fd, OpenFile};
use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;
use core::ptr::null_mut;

/// A negative errno.
pub struct Refused(c_int);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused(-of_error(&error))
    }
}

impl Room for region_string {
    type Error = Refused;

    fn no_memory(_: usize, error: Error) -> Refused {
        error.into()
    }

    fn begin(&mut self, expected: usize, padding: usize) -> Result<(), Refused> {
        self.reserve(expected.saturating_add(padding), Want::Need)
    }

    #[inline(never)]
    fn reserve(&mut self, more: usize, want: Want) -> Result<(), Refused> {
        // SAFETY: the arena lives during the call that has the text.
        let Some(arena) = (unsafe { inside(self.arena) }) else { return Err(Refused(-EINVAL)) };
        // The program is asked for more memory only where nothing less would do.
        let ask = if want == Want::Try { arena.policy.suspend() } else { None };
        // SAFETY: the text was made for this arena, as above.
        // It adds a byte for the NUL, which is one of the zeroes here.
        let answer = unsafe { region_string_reserve(self, more.saturating_sub(1)) };
        if want == Want::Try {
            arena.policy.resume(ask);
        }
        if answer == 0 { Ok(()) } else { Err(Refused(answer)) }
    }

    fn spare(&mut self) -> &mut [MaybeUninit<u8>] {
        if self.data.is_null() {
            return &mut [];
        }
        // SAFETY: the text's block has `capacity` bytes, and `len` is at most that. Nothing else refers to it.
        unsafe { core::slice::from_raw_parts_mut(self.data.add(self.len).cast(), self.capacity - self.len) }
    }

    unsafe fn add(&mut self, count: usize) {
        self.len += count;
    }
}

/// Reads a file, if there is one: its block, with `padding` zeroes behind the bytes and one at least. Or NULL, and the
/// error is the arena's.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `len` is NULL or may be written.
#[inline(never)]
unsafe fn read(
    arena: *mut region_arena,
    file: Result<BorrowedFd<'_>, Error>,
    position: Option<u64>,
    padding: usize,
    len: *mut usize,
) -> *mut c_char {
    if arena.is_null() {
        return null_mut();
    }
    let mut text = region_string::new(arena);
    let padding = padding.max(1);
    let got = file.map_err(Refused::from).and_then(|file| fill(&mut text, file, position, padding));
    // SAFETY: the text is of this arena, and `len` is the caller's.
    unsafe {
        if let Err(Refused(error)) = got {
            region_string_free(&mut text);
            if let Some(this) = inside(arena) {
                this.policy.refused(-error);
            }
            return null_mut();
        }
        if let Some(len) = len.as_mut() {
            *len = text.len - padding;
        }
        // The last of the zeroes is the text's NUL.
        text.len -= 1;
        region_string_finish(&mut text)
    }
}

/// All bytes of a file, how many in `len` unless NULL, with `padding` zeroes behind them, and one at least. Also of a
/// fifo, a device, and files of /proc. NULL: it could not be opened or read, or memory could not be had;
/// region_arena_error has the errno.
///
/// cbindgen:postfix=REGION_STRING_
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `path` is NULL or NUL-terminated; `len` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_read_file(
    arena: *mut region_arena,
    path: *const c_char,
    padding: usize,
    len: *mut usize,
) -> *mut c_char {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        let file = match path.is_null() {
            true => Err(Error::new(Call::Open, Reason::Empty, 0)),
            false => sys::open_terminated(c_str(path)),
        };
        read(arena, file.as_ref().map(OpenFile::borrow).map_err(|error| *error), Some(0), padding, len)
    }
}

/// The same of an open file, such as 0, from where it stands to its end. What a pipe gave before an error is lost:
/// region_input_read_fd keeps it.
///
/// cbindgen:postfix=REGION_STRING_
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `len` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_read_fd(
    arena: *mut region_arena,
    fd: c_int,
    padding: usize,
    len: *mut usize,
) -> *mut c_char {
    // SAFETY: the caller's promises, passed on; it keeps the descriptor open during the call.
    unsafe { read(arena, sys::descriptor(Fd::from_raw(fd), Call::Stat), None, padding, len) }
}
