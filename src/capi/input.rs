//! Files and streams in C: all bytes of a file as one range.

use super::checked::{Held, abi_of, c_str, prepare};
use super::error::{EINVAL, of_error};
use crate::input::{Input, InputError, Source};
use crate::sys::{Fd, open_terminated};
use core::ffi::{c_char, c_int};
use core::ptr::null;

/// The bytes of a file. All bytes zero (REGION_INPUT_INIT) is an empty one, and so is one that was freed.
#[repr(C)]
pub struct region_input {
    /// The first byte. Not NUL-terminated; valid until the input is freed or read on.
    pub data: *const c_char,
    /// How many there are.
    pub len: usize,
    opaque_: [usize; 22],
}

/// The Rust side of a `region_input`.
#[repr(C)]
struct Bytes {
    data: *const c_char,
    len: usize,
    input: Held<Input>,
}

const _: () = assert!(size_of::<Bytes>() <= size_of::<region_input>());
const _: () = assert!(align_of::<Bytes>() <= align_of::<region_input>());

impl Bytes {
    /// Shows C where the bytes are.
    fn show(&mut self) {
        (self.data, self.len) = match self.input.get() {
            Some(input) => (input.as_slice().as_ptr().cast(), input.as_slice().len()),
            None => (null(), 0),
        };
    }
}

/// Puts what was got into a prepared input: on error, the bytes that came before it.
///
/// # Safety
/// `input` may be written.
#[inline(never)]
unsafe fn finish(input: *mut region_input, got: Result<Input, InputError>) -> c_int {
    let (got, answer) = match got {
        Ok(got) => (got, 0),
        Err(stopped) => {
            let answer = -of_error(&stopped.error());
            (stopped.into_input(), answer)
        }
    };
    // SAFETY: the caller's promise, and a `Bytes` fits (asserted).
    unsafe {
        let bytes = input.cast::<Bytes>();
        Held::put(&raw mut (*bytes).input, got);
        (*bytes).show();
    }
    answer
}

/// How the bytes of a file are to be had: REGION_INPUT_... of the header.
const MAP: c_int = 0;
const READ: c_int = 1;

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
        match open_terminated(c_str(path)) {
            Ok(file) => fetch(input, file.lend(), how),
            Err(error) => finish(input, Err(error.into())),
        }
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
            Ok(()) => fetch(input, Fd::from_raw(fd), how),
            Err(error) => error,
        }
    }
}

/// Gets the bytes of a descriptor into a prepared input.
///
/// # Safety
/// As [`region_input_path_`].
#[inline(never)]
unsafe fn fetch(input: *mut region_input, fd: Fd<'_>, how: c_int) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        match how {
            MAP => finish(input, Input::from_fd(fd)),
            READ => finish(input, Input::read_fd(fd)),
            _ => -EINVAL,
        }
    }
}

/// The header's inline functions, for callers that do not read it.
macro_rules! twins {
    ($($name:ident($from:ident: $type:ty) => $inner:ident, $how:ident;)*) => { $(
        /// As in the header.
        ///
        /// cbindgen:ignore
        ///
        /// # Safety
        /// As [`region_input_path_`].
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(input: *mut region_input, $from: $type) -> c_int {
            // SAFETY: the caller's promise, passed on.
            unsafe { $inner(input, $from, $how, abi_of::<region_input>()) }
        }
    )* };
}
twins! {
    region_input_open(path: *const c_char) => region_input_path_, MAP;
    region_input_read(path: *const c_char) => region_input_path_, READ;
    region_input_from_fd(fd: c_int) => region_input_fd_, MAP;
    region_input_read_fd(fd: c_int) => region_input_fd_, READ;
}

/// Reads at most `limit` bytes more (SIZE_MAX: to the end) behind those that are here, which may move; how many came,
/// in `got` unless NULL. For going on after an error, or with another file. An empty input begins here.
///
/// # Safety
/// `input` is NULL or a zeroed or initialized input, whose bytes nothing refers to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_input_more(
    input: *mut region_input,
    fd: c_int,
    limit: usize,
    got: *mut usize,
) -> c_int {
    // SAFETY: size and alignment are those of a `region_input` (asserted), whose bytes are zero, which holds
    // no input, or what this library put there.
    let Some(bytes) = (unsafe { input.cast::<Bytes>().as_mut() }) else { return -EINVAL };
    if bytes.input.get().is_none() {
        // SAFETY: the field is ours to write.
        unsafe { Held::put(&raw mut bytes.input, Input::new()) };
    }
    let before = bytes.len;
    let Some(inner) = bytes.input.get_mut() else { return -EINVAL };
    // SAFETY: the caller keeps the descriptor open during the call.
    let answer = match inner.read_more_up_to(unsafe { Fd::from_raw(fd) }, limit) {
        Ok(_) => 0,
        Err(error) => -of_error(&error),
    };
    bytes.show();
    // SAFETY: NULL or writable, by the caller's promise.
    if let Some(got) = unsafe { got.as_mut() } {
        *got = bytes.len.saturating_sub(before);
    }
    answer
}

/// Whether the file is mapped: its page cache is shown, and nothing was copied.
///
/// # Safety
/// `input` is NULL or a zeroed or initialized input.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_input_is_mapped(input: *const region_input) -> bool {
    // SAFETY: as in `region_input_more`.
    let bytes = unsafe { input.cast::<Bytes>().as_ref() };
    bytes.and_then(|bytes| bytes.input.get()).is_some_and(|input| input.source() == Source::Mapped)
}

/// Gives the memory back and leaves an empty input; nothing happens to an empty one.
///
/// # Safety
/// `input` is NULL or a zeroed or initialized input, and nothing uses its bytes afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_input_free(input: *mut region_input) -> c_int {
    // SAFETY: as in `region_input_more`.
    match unsafe { input.cast::<Bytes>().as_mut() } {
        Some(bytes) => {
            bytes.input.clear();
            bytes.show();
            0
        }
        None => -EINVAL,
    }
}
