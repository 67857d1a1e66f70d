//! What belongs to the process as a whole: versions and the page size.

use super::checked::ABI_VERSION;
use core::ffi::{c_char, c_uint};

/// The ABI version that the library was built with; `REGION_ABI_VERSION` is the one of the header.
#[unsafe(no_mangle)]
pub extern "C" fn region_abi_version() -> c_uint {
    ABI_VERSION as c_uint
}

/// The library's version, such as "0.1.0".
///
/// cbindgen:postfix=REGION_NEVER_NULL_
#[unsafe(no_mangle)]
pub extern "C" fn region_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Bytes of a page: the unit in which memory is mapped and given back. A power of two, 4096 at least.
#[unsafe(no_mangle)]
pub extern "C" fn region_page_size() -> usize {
    crate::sys::page_size()
}
