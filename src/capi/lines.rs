//! Lines in C: a text cut at its newlines or at another byte, without copying one.

use super::checked::{prepare, twins};
use super::error::EINVAL;
use super::held::{Held, holds, put, value, value_mut};
use crate::input::Lines;
use core::ffi::{c_char, c_int};

/// Some text: an address and a length. Not NUL-terminated.
#[repr(C)]
pub struct region_slice {
    /// The first byte.
    pub data: *const c_char,
    /// How many there are.
    pub len: usize,
}

/// The lines of a text that were not given yet. All bytes zero is none. Owns nothing: there is nothing to free.
#[repr(C)]
pub struct region_lines {
    opaque_: [u64; 32],
}

holds!(region_lines: Held<Lines<'static>>);

/// What region_lines_init and region_lines_records call.
///
/// # Safety
/// `lines` is NULL or may be written; the text stays as it is while they are used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_lines_init_(
    lines: *mut region_lines,
    text: *const c_char,
    len: usize,
    delimiter: c_char,
    abi: usize,
) -> c_int {
    // SAFETY: the caller lets the lines be written.
    if let Err(error) = unsafe { prepare(lines, abi) } {
        return error;
    }
    let text = match (text.is_null(), len) {
        (_, 0) => &[],
        (true, _) => return -EINVAL,
        // No object is larger.
        (_, len) if len > isize::MAX as usize => return -EINVAL,
        // SAFETY: not NULL, and there are `len` bytes, which stay, by the caller's promise.
        (false, len) => unsafe { core::slice::from_raw_parts(text.cast::<u8>(), len) },
    };
    // SAFETY: the lines were prepared.
    unsafe { put(lines, Lines::records(text, delimiter as u8)) };
    0
}

twins! {
    region_lines_init(lines: *mut region_lines, text: *const c_char, len: usize)
        => region_lines_init_(lines, text, len, b'\n' as c_char);
    region_lines_records(lines: *mut region_lines, text: *const c_char, len: usize, delimiter: c_char)
        => region_lines_init_(lines, text, len, delimiter);
}

/// Gives a line to C, if there is one.
///
/// # Safety
/// `line` is NULL or may be written.
unsafe fn give(line: *mut region_slice, text: Option<&[u8]>) -> bool {
    // SAFETY: the caller's promise.
    match (text, unsafe { line.as_mut() }) {
        (Some(text), Some(line)) => {
            (line.data, line.len) = (text.as_ptr().cast(), text.len());
            true
        }
        _ => false,
    }
}

/// The next line, without its newline, in `line`; false when there is none left.
///
/// # Safety
/// `lines` is NULL or zeroed or initialized; `line` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_lines_next(lines: *mut region_lines, line: *mut region_slice) -> bool {
    // SAFETY: the caller's promise, passed on.
    unsafe { give(line, value_mut(lines).and_then(Lines::next)) }
}

/// The next line, without its newline or `\r\n`. A `\r` with no newline behind it is data. Of records, without a
/// `\r` before the delimiter.
///
/// # Safety
/// As [`region_lines_next`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_lines_next_crlf(lines: *mut region_lines, line: *mut region_slice) -> bool {
    // SAFETY: the caller's promise, passed on.
    let next = unsafe { value_mut(lines) }.and_then(|lines| lines.next().map(|line| lines.without_cr(line)));
    // SAFETY: the same promise.
    unsafe { give(line, next) }
}

/// The last line that was not given yet; false when there is none left.
///
/// # Safety
/// As [`region_lines_next`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_lines_next_back(lines: *mut region_lines, line: *mut region_slice) -> bool {
    // SAFETY: the caller's promise, passed on.
    unsafe { give(line, value_mut(lines).and_then(Lines::next_back)) }
}

/// How many lines are left. Looks at all of the text, and leaves the lines where they are.
///
/// # Safety
/// As [`region_lines_next`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_lines_count(lines: *const region_lines) -> usize {
    // SAFETY: the caller's promise, passed on; the lines are only read here.
    unsafe { value(lines) }.map_or(0, |lines| lines.clone().count())
}
