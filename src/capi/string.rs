//! Text that grows in an arena: in place as long as it is the arena's last block.

use super::alloc::{region_free, region_realloc};
use super::arena::{inside, region_arena};
use super::checked::length;
use super::error::{EINVAL, EOVERFLOW};
use core::ffi::{c_char, c_int};

/// Text under way. `data` is NUL-terminated after every call; read it and `len` freely. Begins as
/// REGION_STRING_INIT(&arena), without a call and without memory.
#[repr(C)]
pub struct region_string {
    /// The text; NULL until something was appended.
    pub data: *mut c_char,
    /// Its bytes, without the NUL.
    pub len: usize,
    /// Bytes that `data` has room for, the NUL included.
    pub room: usize,
    /// Where it grows.
    pub arena: *mut region_arena,
}

/// Room for the first text; short strings then never move.
const FIRST_ROOM: usize = 64;

/// Makes room for `more` bytes and the NUL. On error the text is as it was.
///
/// # Safety
/// `string` is NULL or was made by REGION_STRING_INIT, for an arena that lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_reserve(string: *mut region_string, more: usize) -> c_int {
    // SAFETY: the caller's promise.
    let Some(this) = (unsafe { string.as_mut() }) else { return -EINVAL };
    // SAFETY: as above.
    let Some(arena) = (unsafe { inside(this.arena) }) else { return -EINVAL };
    let Some(least) = this.len.checked_add(more).and_then(|bytes| bytes.checked_add(1)) else { return -EOVERFLOW };
    if least <= this.room {
        return 0;
    }
    let ample = least.max(this.room.saturating_mul(2)).max(FIRST_ROOM);
    // A limit may leave room for what is needed and not for twice as much, so the first try is not worth asking
    // the program for more memory.
    let ask = arena.suspend_oom();
    // SAFETY: `data` is a block of this arena with `room` bytes, or NULL.
    let mut data = unsafe { region_realloc(this.arena, this.data.cast(), this.room, ample) };
    arena.resume_oom(ask);
    let mut room = ample;
    if data.is_null() && least < ample {
        // SAFETY: as above; the block is as it was.
        data = unsafe { region_realloc(this.arena, this.data.cast(), this.room, least) };
        room = least;
    }
    if data.is_null() {
        return arena.last_error();
    }
    (this.data, this.room) = (data.cast(), room);
    // SAFETY: `len < room`. New text has no NUL yet, and a copy of the old one has.
    unsafe { this.data.add(this.len).write(0) };
    0
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
    // SAFETY: there is room for `size` more bytes and the NUL. Own bytes lie below `len`, where the text was
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
    if text.is_null() {
        return -EINVAL;
    }
    // SAFETY: the caller's promise about the text.
    unsafe { region_string_append(string, text, length(text, usize::MAX)) }
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

/// The finished text, NUL-terminated, with the room behind it given back; `string` is empty again, and may begin
/// another. NULL only when there was no memory for the NUL of an empty text.
///
/// # Safety
/// As [`region_string_reserve`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_finish(string: *mut region_string) -> *mut c_char {
    // SAFETY: the caller's promise, passed on.
    if unsafe { region_string_reserve(string, 0) } != 0 {
        return core::ptr::null_mut();
    }
    // SAFETY: `reserve` would have refused NULL.
    let this = unsafe { &mut *string };
    let data = this.data;
    // SAFETY: `data` is a block of the arena with `room` bytes, of which the text and its NUL stay. Fewer bytes
    // always stay where they are.
    unsafe { region_realloc(this.arena, data.cast(), this.room, this.len + 1) };
    (this.data, this.len, this.room) = (core::ptr::null_mut(), 0, 0);
    data
}

/// Gives the text up; its room is used again at once if it is the arena's last block.
///
/// # Safety
/// As [`region_string_reserve`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_drop(string: *mut region_string) {
    // SAFETY: the caller's promise.
    if let Some(this) = unsafe { string.as_mut() } {
        // SAFETY: `data` is a block of the arena with `room` bytes, or NULL.
        unsafe { region_free(this.arena, this.data.cast(), this.room) };
        (this.data, this.len, this.room) = (core::ptr::null_mut(), 0, 0);
    }
}
