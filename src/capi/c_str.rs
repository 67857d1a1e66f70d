//! Strings that callers hand in: how long they are. Nothing here allocates or copies.

use core::ffi::{CStr, c_char};

/// Bytes of a C string before its NUL, or `most` if it has none within them.
///
/// # Safety
/// `text` points to a NUL-terminated string, or to `most` bytes.
pub(super) unsafe fn length(text: *const c_char, most: usize) -> usize {
    let mut len = 0;
    // SAFETY: no byte behind the NUL or beyond `most` is read. A volatile read, because the compiler would put
    // a call of `strlen` for the plain loop, which a freestanding program does not have.
    while len < most && unsafe { text.add(len).read_volatile() } != 0 {
        len += 1;
    }
    len
}

/// A C string with its NUL.
///
/// # Safety
/// `text` points to a NUL-terminated string, which stays for `'a`.
pub(super) unsafe fn c_str<'a>(text: *const c_char) -> &'a CStr {
    // SAFETY: the caller's promise; the only NUL is the last byte, at which `length` stopped.
    unsafe {
        let bytes = core::slice::from_raw_parts(text.cast(), length(text, usize::MAX) + 1);
        CStr::from_bytes_with_nul_unchecked(bytes)
    }
}
