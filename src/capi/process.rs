//! What belongs to the process as a whole: versions, the page size, and its end.

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

/// Ends the process at once by an illegal instruction (SIGILL, or SIGTRAP): no libc is needed for that.
pub(super) fn stop() -> ! {
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    // SAFETY: the processor raises an exception here, and nothing after it is run.
    unsafe {
        core::arch::asm!("ud2", options(noreturn, nomem, nostack))
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the processor raises an exception at a breakpoint, and nothing after it is run.
    unsafe {
        core::arch::asm!("brk #1", options(noreturn, nomem, nostack))
    }
    #[cfg(any(target_arch = "riscv64", target_arch = "riscv32"))]
    // SAFETY: the processor raises an exception at what is no instruction, and nothing after it is run.
    unsafe {
        core::arch::asm!("unimp", options(noreturn, nomem, nostack))
    }
    #[cfg(not(any(
        target_arch = "x86_64",
        target_arch = "x86",
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "riscv32"
    )))]
    loop {
        core::hint::spin_loop();
    }
}
