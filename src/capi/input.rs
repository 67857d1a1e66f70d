//! Files and streams in C: all bytes of a file as one range.

use super::c_str::c_str;
use super::checked::{prepare, twins};
use super::error::{EINVAL, status};
use super::held::{Bytes, Place, Shown, free, holds, place, value};
use crate::error::{Call, Error};
use crate::input::{Input, Source};
use crate::sys::{BorrowedFd, Fd, OpenFile, descriptor, open_terminated};
use core::ffi::{c_char, c_int, c_void};

/// The bytes of a file. All bytes zero (REGION_INPUT_INIT) is an empty one, and so is one that was freed.
#[repr(C)]
pub struct region_input {
    /// The first byte. Not NUL-terminated; valid until the input is freed or read on.
    pub data: *const c_char,
    /// How many there are.
    pub len: usize,
    opaque_: [usize; 22],
}

holds!(region_input: Shown<Input>);

impl Bytes for Input {
    fn bytes(&mut self) -> (*mut c_void, usize) {
        // C has the bytes as constant ones.
        (self.as_slice().as_ptr().cast_mut().cast(), self.as_slice().len())
    }
}

/// Gets bytes of a file, which stands at `position` if that is known, into an input. 0, or a negative errno; then what
/// came before it is there.
///
/// # Safety
/// `input` is NULL or a zeroed or initialized input, whose bytes nothing refers to. If the file is mapped (`how` 0), it
/// is empty, and nobody writes to the file or truncates it as long as the input lives.
#[inline(never)]
unsafe fn fetch(
    input: *mut region_input,
    file: Result<BorrowedFd<'_>, Error>,
    position: Option<u64>,
    how: c_int,
    limit: usize,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(place), MAP..=MORE) = (unsafe { place(input) }, how) else { return -EINVAL };
    let inner = place.held_mut().get_or_put(Input::new);
    let got = match (file, how) {
        (Err(error), _) => Err(error),
        // SAFETY: the caller's promise, passed on.
        (Ok(fd), MAP) => unsafe { inner.map_or_read(fd, position) },
        (Ok(fd), _) => inner.read_on(fd, position, limit),
    };
    if got.is_ok() && how != MORE {
        inner.shrink_to_fit();
    }
    place.show();
    status(got)
}

/// How the bytes of a file are to be had: REGION_INPUT_... of the header.
const MAP: c_int = 0;
const READ: c_int = 1;
/// Behind the bytes that are there.
const MORE: c_int = 2;

/// What region_input_open and region_input_read call.
///
/// # Safety
/// `input` is NULL or may be written; `path` is NULL or NUL-terminated. If the file is mapped (`how` 0), nobody
/// writes to it or truncates it as long as the input lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_input_path_(
    input: *mut region_input,
    path: *const c_char,
    how: c_int,
    abi: usize,
) -> c_int {
    if path.is_null() {
        return -EINVAL;
    }
    // SAFETY: the caller's promise, passed on.
    unsafe {
        if let Err(error) = prepare(input, abi) {
            return error;
        }
        let file = open_terminated(c_str(path));
        fetch(input, file.as_ref().map(OpenFile::borrow).map_err(|error| *error), Some(0), how, usize::MAX)
    }
}

/// What region_input_from_fd and region_input_read_fd call.
///
/// # Safety
/// As [`region_input_path_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_input_fd_(input: *mut region_input, fd: c_int, how: c_int, abi: usize) -> c_int {
    // SAFETY: the caller's promise, passed on; it keeps the descriptor open during the call.
    unsafe {
        match prepare(input, abi) {
            Ok(()) => fetch(input, descriptor(Fd::from_raw(fd), Call::Stat), None, how, usize::MAX),
            Err(error) => error,
        }
    }
}

twins! {
    region_input_open(input: *mut region_input, path: *const c_char) => region_input_path_(input, path, MAP);
    region_input_read(input: *mut region_input, path: *const c_char) => region_input_path_(input, path, READ);
    region_input_from_fd(input: *mut region_input, fd: c_int) => region_input_fd_(input, fd, MAP);
    region_input_read_fd(input: *mut region_input, fd: c_int) => region_input_fd_(input, fd, READ);
}

/// Reads at most `limit` bytes more (SIZE_MAX: to the end) behind those that are here, which may move; how many came,
/// in `got` unless NULL. For going on after an error, or with another file. An empty input begins here.
///
/// # Safety
/// `input` is NULL or a zeroed or initialized input, whose bytes nothing refers to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_input_read_more(
    input: *mut region_input,
    fd: c_int,
    limit: usize,
    got: *mut usize,
) -> c_int {
    // SAFETY: the caller's promises, passed on; it keeps the descriptor open during the call. `got` is NULL or
    // writable.
    unsafe {
        let len = || input.as_ref().map_or(0, |input| input.len);
        let before = len();
        let answer = fetch(input, descriptor(Fd::from_raw(fd), Call::Stat), None, MORE, limit);
        if let Some(got) = got.as_mut() {
            *got = len().saturating_sub(before);
        }
        answer
    }
}

/// Whether the file is mapped: its page cache is shown, and nothing was copied.
///
/// # Safety
/// `input` is NULL or a zeroed or initialized input.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_input_is_mapped(input: *const region_input) -> bool {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(input) }.is_some_and(|input| input.source() == Source::Mapped)
}

/// Gives the memory back and leaves an empty input; nothing happens to an empty one.
///
/// # Safety
/// `input` is NULL or a zeroed or initialized input, and nothing uses its bytes afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_input_free(input: *mut region_input) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { free(input) }
}
