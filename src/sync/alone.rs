//! Whether this thread is the only one of its process, where that is known: then an exchange need not lock.
//!
//! glibc keeps a byte for it (`<sys/single_threaded.h>`, since 2.32), which is cleared before a second thread begins. It is
//! asked for weakly; other libraries have none, and then the answer is no. It says nothing of other processes, so it is not
//! for memory that processes share; nor of signal handlers, which may interrupt the thread between any two instructions.

/// Whether no other thread can be running. False where nobody knows. Costs two loads.
#[cfg(all(target_os = "linux", region_weak, not(any(loom, miri, region_mem, region_small))))]
#[inline(always)]
pub(crate) fn is_alone() -> bool {
    let flag = crate::weak::address!("__libc_single_threaded") as *const u8;
    // SAFETY: a byte of this name is the C library's. It changes at calls that this function is not reordered with.
    !flag.is_null() && unsafe { flag.read_volatile() } != 0
}

/// Nobody says, or the archive is made for size.
#[cfg(not(all(target_os = "linux", region_weak, not(any(loom, miri, region_mem, region_small)))))]
#[inline(always)]
pub(crate) fn is_alone() -> bool {
    false
}
