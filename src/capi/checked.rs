//! What callers hand in, checked: structs that may be empty, versions, options, strings.
//!
//! A C program may pass NULL, a struct that was never initialized or one that was freed, or be compiled against
//! another header. Each of these is a defined error, found here before any Rust value is formed.

use super::error::{EINVAL, EPROTO};
use core::ffi::{CStr, c_char, c_int};
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

/// Checks what an `init` call was given, and leaves an empty struct: all bytes zero.
///
/// # Safety
/// `this` is NULL or may be written, if the caller's header describes it as this library does.
pub(super) unsafe fn prepare<T>(this: *mut T, said: usize) -> Result<(), c_int> {
    // SAFETY: the caller's promise, passed on.
    unsafe { prepare_bytes(this.cast(), abi_of::<T>(), said) }
}

/// [`prepare`] for all types: the size is in the word.
///
/// # Safety
/// As there, for as many bytes as `abi` says.
#[inline(never)]
unsafe fn prepare_bytes(this: *mut u8, abi: usize, said: usize) -> Result<(), c_int> {
    if this.is_null() {
        return Err(-EINVAL);
    }
    // Before anything is written: another header may have a smaller struct.
    if said != abi {
        return Err(-EPROTO);
    }
    // SAFETY: the caller lets so many bytes be written.
    unsafe { this.write_bytes(0, abi & ((1 << 16) - 1)) };
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

/// A word that memory does not hold by accident, so that a struct that was never initialized is found empty. One that
/// an instruction can hold, as every function compares with it.
const LIVE: usize = 0x5265_6769;

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
        // SAFETY: the value was there, and the state says from here on that it is not.
        self.forget().then(|| unsafe { self.value.assume_init_read() })
    }

    /// Drops the value and leaves nothing.
    pub(super) fn clear(&mut self) {
        if self.forget() {
            // SAFETY: the value was there, and the state says that it is not.
            unsafe { self.value.assume_init_drop() };
        }
    }

    /// Calls the place empty; says whether a value was there, which is the caller's now.
    fn forget(&mut self) -> bool {
        core::mem::take(&mut self.state) == LIVE
    }
}

/// Options as the caller knows them, which may be fewer than this library does, or NULL: the rest is zero, the default.
///
/// `T` leads with its size in bytes. Larger ones come from a newer header; they are taken when all that is not
/// known here is zero.
///
/// # Safety
/// `options` is null or points to as many bytes as its first word says, and `T` is plain words of which zero is
/// a value.
pub(super) unsafe fn options<T: Copy>(options: *const T) -> Result<T, c_int> {
    let mut known = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller's promise, and `known` may be written. All its bytes are zero or were written, and every
    // pattern of words that C can store is a value of plain options.
    unsafe {
        copy_options(known.as_mut_ptr().cast(), size_of::<T>(), options.cast())?;
        Ok(known.assume_init())
    }
}

/// Copies `options` over the `size` zeroes at `to`.
///
/// # Safety
/// As for [`options`], and `size` bytes may be written at `to`.
#[inline(never)]
unsafe fn copy_options(to: *mut u8, size: usize, options: *const u8) -> Result<(), c_int> {
    if options.is_null() {
        return Ok(());
    }
    // SAFETY: options lead with their size, by the caller's promise.
    let said = unsafe { options.cast::<usize>().read() };
    if said < size_of::<usize>() || said > MOST_OPTIONS {
        return Err(-EINVAL);
    }
    // SAFETY: at most as many bytes as there are on both sides, which do not overlap.
    unsafe { to.copy_from_nonoverlapping(options, said.min(size)) };
    for at in size..said {
        // SAFETY: `at` is below the size that the options say they have.
        if unsafe { options.add(at).read() } != 0 {
            return Err(-EPROTO);
        }
    }
    Ok(())
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

/// `size` times `n`, unless it wraps (`.c.sizes`).
pub(super) const fn product(n: usize, size: usize) -> Option<usize> {
    n.checked_mul(size)
}
