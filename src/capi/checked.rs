//! What callers hand in, checked: versions, options, sizes. The values in their structs are in `held`.
//!
//! A C program may pass NULL, a struct that was never initialized or one that was freed, or be compiled against
//! another header. Each of these is a defined error, found here before any Rust value is formed.

use super::error::{EINVAL, EOVERFLOW, EPROTO};
use core::alloc::Layout;
use core::ffi::c_int;
use core::mem::MaybeUninit;

/// The version of the C ABI. Programs compiled against another one are refused by every `init`.
///
/// cbindgen:ignore
pub(super) const ABI_VERSION: usize = 1;

/// What `REGION_ABI_(type)` of the header says about a struct of this type: the version and the
/// size, in one word.
// (`.c.check`)
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

/// Functions for callers that do not read the header. Each calls another one, as the header's inline function of its
/// name does, with this library's own version.
macro_rules! twins {
    ($($name:ident($this:ident: *mut $type:ty $(, $arg:ident: $of:ty)*) => $inner:ident($($given:expr),*);)*) => { $(
        #[doc = concat!("As `", stringify!($name), "` in the header, for callers that do not read it.")]
        ///
        /// # Safety
        #[doc = concat!("As [`", stringify!($inner), "`].")]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($this: *mut $type $(, $arg: $of)*) -> core::ffi::c_int {
            // SAFETY: the caller's promise, passed on.
            unsafe { $inner($($given,)* $crate::capi::checked::abi_of::<$type>()) }
        }
    )* };
}

pub(super) use twins;

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

/// The largest alignment that is taken: the largest page of any processor. Beyond that it is a mistake.
///
/// cbindgen:ignore
const MOST_ALIGN: usize = 1 << 30;

/// The layout that a caller asks for, or the number of what is wrong with it.
#[inline(always)]
pub(super) fn layout(size: usize, align: usize) -> Result<Layout, c_int> {
    if !align.is_power_of_two() || align > MOST_ALIGN {
        return Err(EINVAL);
    }
    Layout::from_size_align(size, align).map_err(|_| EOVERFLOW)
}

/// `size` times `n`; if that wraps, more than any memory has.
// (`.c.sizes`)
pub(super) const fn product(n: usize, size: usize) -> usize {
    n.saturating_mul(size)
}
