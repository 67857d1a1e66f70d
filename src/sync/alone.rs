//! Whether this thread is the only one of its process, where that is known: then an exchange need not lock.
//!
//! Known to a malloc in a program with glibc, which keeps a byte for it (`<sys/single_threaded.h>`). It is cleared before
//! a second thread begins. A signal handler may interrupt its thread in the middle of an operation; it ends its own before
//! that goes on, so a load and a store that are no exchange are enough beside it. Not for words that processes share, which that build has not.

/// Whether no other thread can be running. False where nobody knows.
#[inline(always)]
pub(crate) fn is_alone() -> bool {
    #[cfg(region_malloc)]
    {
        let flag = crate::weak::address!("__libc_single_threaded") as *const u8;
        // SAFETY: a byte of this name is the C library's. It changes at calls that this function is not reordered with.
        !flag.is_null() && unsafe { flag.read_volatile() } != 0
    }
    #[cfg(not(region_malloc))]
    false
}
