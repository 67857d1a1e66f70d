//! What callers hand in, checked: structs that may be empty, versions, options, strings.
//!
//! A C program may pass NULL, a struct that was never initialized or one that was freed, or be compiled against
//! another header. Each of these is a defined error, found here before any Rust value is formed.

use super::error::{EINVAL, EPROTO};
use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;

/// The version of the C ABI. Programs compiled against another one are refused by every `init`.
///
/// cbindgen:ignore
pub(super) const ABI_VERSION: usize = 1;

/// What `REGION_ABI_(type)` of the header says about a struct of this type (`.c.check`): the version and the
/// size, in one word.
pub(super) const fn abi_of<T>() -> usize {
    (ABI_VERSION << 16) | size_of::<T>()
}

/// Whether the caller's header describes `T` as this library does.
pub(super) fn check_abi<T>(said: usize) -> Result<(), c_int> {
    match said == abi_of::<T>() {
        true => Ok(()),
        false => Err(-EPROTO),
    }
}

/// Makes an empty struct where C wants one, once it is known to have the size that it has here.
///
/// # Safety
/// `this` is NULL or may be written, and all bytes zero is a valid empty `T`.
pub(super) unsafe fn prepare<T>(this: *mut T, said: usize) -> Result<(), c_int> {
    // Before anything is written: another header may have a smaller struct.
    if this.is_null() {
        return Err(-EINVAL);
    }
    check_abi::<T>(said)?;
    // SAFETY: the caller's promise.
    unsafe { this.write_bytes(0, 1) };
    Ok(())
}

/// A Rust value in the opaque words of a C struct: there when `state` says so, and not when the words are zero.
///
/// # Invariants
/// `value` is initialized if and only if `state` is `LIVE`.
#[repr(C)]
pub(super) struct Held<T> {
    state: usize,
    value: MaybeUninit<T>,
}

/// A word that memory does not hold by accident, so that a struct that was never initialized is found empty.
const LIVE: usize = (0x5265_6769_6f6e_4c76_u64 & usize::MAX as u64) as usize;

impl<T> Held<T> {
    /// The value that is here.
    pub(super) fn get(&self) -> Option<&T> {
        // SAFETY: the type's invariant.
        (self.state == LIVE).then(|| unsafe { self.value.assume_init_ref() })
    }

    /// The value that is here, to change.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: the type's invariant.
        (self.state == LIVE).then(|| unsafe { self.value.assume_init_mut() })
    }

    /// Puts a value here. What was here is not dropped: it may be garbage that only looks like a value.
    ///
    /// # Safety
    /// `this` may be written.
    pub(super) unsafe fn put(this: *mut Self, value: T) {
        // SAFETY: the caller's promise; nothing is read.
        unsafe { this.write(Held { state: LIVE, value: MaybeUninit::new(value) }) }
    }

    /// Takes the value out and leaves nothing.
    pub(super) fn take(&mut self) -> Option<T> {
        if self.state != LIVE {
            return None;
        }
        self.state = 0;
        // SAFETY: the value was there, and the state says from here on that it is not.
        Some(unsafe { self.value.assume_init_read() })
    }
}

/// Options as the caller knows them, which may be fewer than this library does: the rest is zero, the default.
///
/// `T` leads with its size in bytes. Larger ones come from a newer header; they are taken when all that is not
/// known here is zero.
///
/// # Safety
/// `options` is null or points to as many bytes as its first word says, and `T` is plain words of which zero is
/// a value.
pub(super) unsafe fn options<T: Copy>(options: *const T) -> Result<Option<T>, c_int> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: options lead with their size, by the caller's promise.
    let said = unsafe { options.cast::<usize>().read() };
    if said < size_of::<usize>() || said > MOST_OPTIONS {
        return Err(-EINVAL);
    }
    let mut known = MaybeUninit::<T>::zeroed();
    // SAFETY: at most as many bytes as there are on both sides, which do not overlap.
    unsafe { known.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(options.cast(), said.min(size_of::<T>())) };
    for at in size_of::<T>()..said {
        // SAFETY: `at` is below the size that the options say they have.
        if unsafe { options.cast::<u8>().add(at).read() } != 0 {
            return Err(-EPROTO);
        }
    }
    // SAFETY: all bytes were written, and every pattern of words that C can store is a value of plain options.
    Ok(Some(unsafe { known.assume_init() }))
}

/// More bytes than any version's options have: a size beyond that was never set.
const MOST_OPTIONS: usize = 4096;

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

/// `size` times `n`, unless it wraps (`.c.sizes`).
pub(super) const fn product(n: usize, size: usize) -> Option<usize> {
    n.checked_mul(size)
}
