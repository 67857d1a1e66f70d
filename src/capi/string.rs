//! Text that grows in an arena: in place as long as it is the arena's last block.

use super::c_str::length;
use super::error::EINVAL;
use super::growing::Growing;
use super::inside::{inside, region_arena};
#[cfg(feature = "poison")]
use crate::checkers::{self, Contents};
use core::ffi::{c_char, c_int};
#[cfg(feature = "poison")]
use core::ptr::NonNull;
use core::ptr::null_mut;

/// Text that is being built. `data` is NUL-terminated after every call; read it and `len` freely. Begins as
/// REGION_STRING_INIT(&arena), without a call and without memory.
#[repr(C)]
pub struct region_string {
    /// The text; NULL until something was appended.
    pub data: *mut c_char,
    /// Its bytes, without the NUL.
    pub len: usize,
    /// Bytes that fit into `data`, the NUL included.
    pub capacity: usize,
    /// Where it grows.
    pub arena: *mut region_arena,
    opaque_: [usize; 4],
}

// It is what grows, of bytes.
const _: () = assert!(size_of::<region_string>() == size_of::<Growing>());
const _: () = assert!(align_of::<region_string>() == align_of::<Growing>());

impl region_string {
    /// An empty text of an arena.
    pub(super) const fn new(arena: *mut region_arena) -> Self {
        region_string { data: null_mut(), len: 0, capacity: 0, arena, opaque_: [0; 4] }
    }
}

/// The text as what grows.
///
/// # Safety
/// `string` is NULL or was made by REGION_STRING_INIT, for an arena that lives.
unsafe fn growing<'a>(string: *mut region_string) -> Option<&'a mut Growing> {
    // SAFETY: the caller's promise; a text has just these words, and any words are a position.
    unsafe { string.cast::<Growing>().as_mut() }
}

/// Reserves capacity for `more` bytes and the NUL. On error the text is as it was.
///
/// # Safety
/// `string` is NULL or was made by REGION_STRING_INIT, for an arena that lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_reserve(string: *mut region_string, more: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { growing(string) }) else { return -EINVAL };
    let before = this.capacity;
    // SAFETY: a text is a block of bytes, `capacity` of them. What wraps is more than any memory has.
    if let Err(refused) = unsafe { this.reserve(this.len.saturating_add(more).saturating_add(1), 1) } {
        return refused;
    }
    if this.capacity != before {
        // SAFETY: `len < capacity`. New text has no NUL yet, and a copy of the old one has.
        unsafe { this.data.add(this.len).write(0) };
    }
    0
}

/// What region_string_vprintf calls: as region_string_reserve, but where the text moves from it can still be read.
///
/// # Safety
/// As [`region_string_reserve`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_reserve_(string: *mut region_string, more: usize) -> c_int {
    #[cfg(feature = "poison")]
    // SAFETY: the caller's promise.
    let before = unsafe { string.as_ref() }.map_or((null_mut(), 0), |this| (this.data, this.capacity));
    // SAFETY: the caller's promise, passed on.
    let error = unsafe { region_string_reserve(string, more) };
    #[cfg(feature = "poison")]
    // SAFETY: the caller's promise; a text that has a capacity exists.
    if let (true, Some(left)) = (error == 0 && unsafe { (*string).data } != before.0, NonNull::new(before.0)) {
        // Memory that a text left keeps its bytes until the arena goes back, and no checker is to mind.
        checkers::unpoison(left.cast(), before.1, Contents::Initialized);
    }
    error
}

/// Appends `size` bytes, which may be the string's own. On error the text is as it was.
///
/// # Safety
/// As [`region_string_reserve`]; `bytes` has `size` bytes, or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_append(string: *mut region_string, bytes: *const c_char, size: usize) -> c_int {
    // SAFETY: the caller's promise.
    let Some(this) = (unsafe { string.as_ref() }) else { return -EINVAL };
    if bytes.is_null() && size != 0 {
        // SAFETY: the text's arena lives, by the same promise.
        if let Some(arena) = unsafe { inside(this.arena) } {
            arena.policy.refused(EINVAL);
        }
        return -EINVAL;
    }
    // A piece of the string itself moves with it.
    let within = bytes.addr().wrapping_sub(this.data.addr());
    let own = !this.data.is_null() && within <= this.len;
    // SAFETY: the caller's promise, passed on.
    match unsafe { region_string_reserve(string, size) } {
        0 => {}
        refused => return refused,
    }
    // SAFETY: the caller's promise; nothing else is borrowed.
    let this = unsafe { &mut *string };
    // SAFETY: capacity was reserved for `size` more bytes and the NUL. Own bytes lie below `len`, where the text was
    // copied to if it moved; `copy` allows for the last of them being the old NUL, which is written over.
    unsafe {
        let from = if own { this.data.add(within).cast_const() } else { bytes };
        let to = this.data.add(this.len);
        if size != 0 {
            to.copy_from(from, size);
        }
        to.add(size).write(0);
    }
    this.len += size;
    0
}

/// Appends a NUL-terminated string.
///
/// # Safety
/// As [`region_string_append`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_puts(string: *mut region_string, text: *const c_char) -> c_int {
    // SAFETY: the caller's promise about the text; one byte of NULL is refused.
    unsafe {
        let size = if text.is_null() { 1 } else { length(text, usize::MAX) };
        region_string_append(string, text, size)
    }
}

/// Appends one byte.
///
/// # Safety
/// As [`region_string_append`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_putc(string: *mut region_string, byte: c_char) -> c_int {
    // SAFETY: the caller's promise; one byte of our own.
    unsafe { region_string_append(string, &raw const byte, 1) }
}

/// The finished text, NUL-terminated, with the unused capacity given back; `string` is empty again, and may begin
/// another. NULL only when there was no memory for the NUL of an empty text, or a rewind threw the text away.
///
/// cbindgen:postfix=REGION_NEEDED_
///
/// # Safety
/// As [`region_string_reserve`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_finish(string: *mut region_string) -> *mut c_char {
    // SAFETY: the caller's promise, passed on.
    if unsafe { region_string_reserve(string, 0) } != 0 {
        return null_mut();
    }
    // SAFETY: `reserve` would have refused NULL, and the text stands.
    unsafe { growing(string).map_or(null_mut(), |this| this.finish(this.len + 1, 1)) }.cast()
}

/// Frees the text: its memory is used again at once if it is the arena's last block. Leaves an empty text, also of one
/// that a rewind threw away.
///
/// # Safety
/// As [`region_string_reserve`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_free(string: *mut region_string) {
    // SAFETY: the caller's promise, passed on.
    if let Some(this) = unsafe { growing(string) } {
        // SAFETY: a text is a block of bytes, `capacity` of them, or none.
        unsafe { this.free(1) };
    }
}
