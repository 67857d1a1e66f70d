//! What the program's libc has that a malloc needs: `errno`, and `abort`.
//!
//! By names that every libc has, so that the same library is preloaded into programs of any. It is no dependency: nothing
//! here is called while blocks are had and freed. `errno` may be missing: a static program that never asks for it has none.

use crate::weak;
use core::ffi::c_int;

pub(super) const ENOMEM: c_int = 12;
pub(super) const EINVAL: c_int = 22;

/// Sets the calling thread's `errno`, if there is one.
pub(super) fn set_errno(number: c_int) {
    let address = weak::address!("__errno_location");
    if address != 0 {
        // SAFETY: a function of this name is the C library's, as glibc and musl have it.
        let location: extern "C" fn() -> *mut c_int = unsafe { core::mem::transmute(address as *const ()) };
        // SAFETY: the place is the calling thread's own.
        unsafe { location().write(number) };
    }
}

unsafe extern "C" {
    /// abort(3): the end of a process as debuggers and parents know it.
    pub(super) safe fn abort() -> !;
}
