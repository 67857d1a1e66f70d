//! Text that grows in an arena: in place as long as it is the arena's last block.

use super::alloc::{region_free, region_realloc};
use super::c_str::length;
use super::error::EINVAL;
use super::history::Position;
use super::inside::{ALIGN, Inside, inside, region_arena};
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

// `include/region.h` says the same from the other side.
const _: () = assert!(size_of::<region_string>() == size_of::<[usize; 8]>());

impl region_string {
    /// An empty text of an arena.
    pub(super) const fn new(arena: *mut region_arena) -> Self {
        region_string { data: null_mut(), len: 0, capacity: 0, arena, opaque_: [0; 4] }
    }

    /// The arena's position when the text last grew. Any words are a position.
    fn position(&mut self) -> &mut Position {
        const { assert!(size_of::<Position>() <= size_of::<[usize; 4]>()) };
        const { assert!(align_of::<Position>() == align_of::<usize>()) };
        // SAFETY: a position is plain words, no more of them than the opaque ones, any of which it may hold.
        unsafe { &mut *(&raw mut self.opaque_).cast() }
    }

    /// Whether there is a text and a rewind threw it away since it last grew.
    #[inline(never)]
    fn is_lost(&mut self, arena: &Inside) -> bool {
        !self.data.is_null() && arena.history.is_lost(self.position())
    }

    /// Leaves an empty text, of the same arena.
    fn forget(&mut self) {
        (self.data, self.len, self.capacity) = (null_mut(), 0, 0);
    }
}

/// Capacity of the first text; short strings then never move.
const FIRST_CAPACITY: usize = 64;

/// Reserves capacity for `more` bytes and the NUL. On error the text is as it was.
///
/// # Safety
/// `string` is NULL or was made by REGION_STRING_INIT, for an arena that lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_reserve(string: *mut region_string, more: usize) -> c_int {
    // SAFETY: the caller's promise.
    let Some(this) = (unsafe { string.as_mut() }) else { return -EINVAL };
    // SAFETY: the text's arena lives, by the same promise.
    let Some(arena) = (unsafe { inside(this.arena) }) else { return -EINVAL };
    if this.is_lost(arena) {
        arena.policy.refused(EINVAL);
        return -EINVAL;
    }
    // What wraps is more than any memory has, and refused as such.
    let least = this.len.saturating_add(more).saturating_add(1);
    if least <= this.capacity {
        return 0;
    }
    let ample = least.max(this.capacity.saturating_mul(2)).max(FIRST_CAPACITY);
    let (mut data, mut capacity) = (null_mut(), ample);
    if least < ample {
        // A limit may allow what is needed and not twice as much, so this try is not worth asking the
        // program for more memory.
        let ask = arena.policy.suspend();
        // SAFETY: `data` is a block of this arena with `capacity` bytes, or NULL.
        data = unsafe { region_realloc(this.arena, this.data.cast(), this.capacity, ample) };
        arena.policy.resume(ask);
    }
    if data.is_null() {
        // SAFETY: the text is a block of this arena with `capacity` bytes, or NULL; a refused try left it as it was.
        data = unsafe { region_realloc(this.arena, this.data.cast(), this.capacity, least) };
        capacity = least;
    }
    if data.is_null() {
        return arena.policy.last_error();
    }
    // Within what its size was rounded up to, the block grew without taking anything: others may lie behind it.
    if this.data.cast() != data || capacity.div_ceil(ALIGN) != this.capacity.div_ceil(ALIGN) {
        *this.position() = arena.history.note(arena.arena().used());
    }
    (this.data, this.capacity) = (data.cast(), capacity);
    // SAFETY: `len < capacity`. New text has no NUL yet, and a copy of the old one has.
    unsafe { this.data.add(this.len).write(0) };
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
    // SAFETY: `reserve` would have refused NULL.
    let this = unsafe { &mut *string };
    let data = this.data;
    // SAFETY: `data` is a block of the arena with `capacity` bytes, of which the text and its NUL stay. Fewer bytes
    // always stay where they are.
    unsafe { region_realloc(this.arena, data.cast(), this.capacity, this.len + 1) };
    this.forget();
    data
}

/// Frees the text: its memory is used again at once if it is the arena's last block. Leaves an empty text, also of one
/// that a rewind threw away.
///
/// # Safety
/// As [`region_string_reserve`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_string_free(string: *mut region_string) {
    // SAFETY: the caller's promise.
    if let Some(this) = unsafe { string.as_mut() } {
        // SAFETY: the text's arena lives, by the same promise.
        if unsafe { inside(this.arena) }.is_some_and(|arena| !this.is_lost(arena)) {
            // SAFETY: `data` is a block of the arena with `capacity` bytes, or NULL.
            unsafe { region_free(this.arena, this.data.cast(), this.capacity) };
        }
        this.forget();
    }
}
