//! Mapping, protecting, advising and locking memory: one call each. Callers know which ranges the calls may be used on.

use super::fd::BorrowedFd;
use super::{call, done, flags, io, number};
use core::ffi::c_void;

flags! {
    /// What may be done with new memory.
    ProtFlags {
        READ = 1,
        WRITE = 2,
    }
}

flags! {
    /// What may be done with memory from now on.
    MprotectFlags {
        READ = 1,
        WRITE = 2,
    }
}

flags! {
    /// What a mapping is.
    MapFlags {
        SHARED = 1,
        PRIVATE = 2,
        FIXED = 0x10,
        NORESERVE = 0x4000,
        POPULATE = 0x8000,
        HUGETLB = 0x4_0000,
        FIXED_NOREPLACE = 0x10_0000,
        HUGE_2MB = 21 << 26,
        HUGE_1GB = 30 << 26,
    }
}

flags! {
    /// What may happen to a mapping when its size changes.
    MremapFlags {
        MAYMOVE = 1,
    }
}

flags! {
    /// When pages are written back.
    MsyncFlags {
        ASYNC = 1,
        SYNC = 4,
    }
}

/// Advice about memory, by the kernel's number.
#[derive(Clone, Copy)]
pub(crate) enum Advice {
    Normal = 0,
    Random = 1,
    Sequential = 2,
    WillNeed = 3,
    LinuxDontNeed = 4,
    LinuxRemove = 9,
    LinuxDontFork = 10,
    LinuxDoFork = 11,
    LinuxHugepage = 14,
    LinuxNoHugepage = 15,
    LinuxDontDump = 16,
    LinuxDoDump = 17,
    LinuxWipeOnFork = 18,
    LinuxKeepOnFork = 19,
    LinuxCold = 20,
    LinuxPageOut = 21,
    LinuxPopulateRead = 22,
    LinuxPopulateWrite = 23,
}

/// `MAP_ANONYMOUS`.
pub(super) const ANONYMOUS: u32 = 0x20;

/// `mmap(2)` of a file.
///
/// # Safety
/// If the flags say that a mapping at the address is replaced, that mapping is the caller's.
pub(crate) unsafe fn mmap(
    address: *mut c_void,
    len: usize,
    access: ProtFlags,
    flags: MapFlags,
    fd: BorrowedFd<'_>,
    offset: u64,
) -> io::Result<*mut c_void> {
    // SAFETY: the caller promises what this call requires.
    unsafe { map(address, len, access, flags.bits(), fd.argument(), offset as usize) }
}

/// `mmap(2)` of memory without a file.
///
/// # Safety
/// As for [`mmap`].
pub(crate) unsafe fn mmap_anonymous(
    address: *mut c_void,
    len: usize,
    access: ProtFlags,
    flags: MapFlags,
) -> io::Result<*mut c_void> {
    const NO_FILE: usize = usize::MAX;
    // SAFETY: the caller promises what this call requires.
    unsafe { map(address, len, access, flags.bits() | ANONYMOUS, NO_FILE, 0) }
}

/// # Safety
/// As for [`mmap`].
#[inline]
unsafe fn map(
    address: *mut c_void,
    len: usize,
    access: ProtFlags,
    flags: u32,
    fd: usize,
    offset: usize,
) -> io::Result<*mut c_void> {
    let arguments = [address.expose_provenance(), len, access.bits() as usize, flags as usize, fd, offset];
    // SAFETY: the caller promises what this call requires.
    unsafe { call(number::MMAP, arguments) }.map(core::ptr::with_exposed_provenance_mut)
}

/// `munmap(2)`.
///
/// # Safety
/// The pages are the caller's, and nothing refers to them any more.
pub(crate) unsafe fn munmap(base: *mut c_void, len: usize) -> io::Result<()> {
    // SAFETY: the pages are the caller's, who gives them up.
    unsafe { done(number::MUNMAP, [base.expose_provenance(), len]) }
}

/// `mprotect(2)`.
///
/// # Safety
/// The pages are the caller's, and nothing that is live needs the access that they lose.
pub(crate) unsafe fn mprotect(base: *mut c_void, len: usize, access: MprotectFlags) -> io::Result<()> {
    // SAFETY: the pages are the caller's, who does without the access that they lose.
    unsafe { done(number::MPROTECT, [base.expose_provenance(), len, access.bits() as usize]) }
}

/// `mremap(2)`.
///
/// # Safety
/// The pages are one whole mapping of the caller's, to which nothing refers.
pub(crate) unsafe fn mremap(base: *mut c_void, old: usize, new: usize, flags: MremapFlags) -> io::Result<*mut c_void> {
    // SAFETY: the mapping is the caller's, and nothing refers to it, so the kernel may move it.
    unsafe { call(number::MREMAP, [base.expose_provenance(), old, new, flags.bits() as usize]) }
        .map(core::ptr::with_exposed_provenance_mut)
}

/// `msync(2)`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn msync(base: *mut c_void, len: usize, flags: MsyncFlags) -> io::Result<()> {
    // SAFETY: the pages are the caller's, and writing them back changes none.
    unsafe { done(number::MSYNC, [base.expose_provenance(), len, flags.bits() as usize]) }
}

/// `madvise(2)`.
///
/// # Safety
/// The pages are the caller's mapping, and nothing relies on what the advice takes from them.
pub(crate) unsafe fn madvise(base: *mut c_void, len: usize, advice: Advice) -> io::Result<()> {
    // SAFETY: the pages are the caller's, who does without what the advice takes from them.
    unsafe { done(number::MADVISE, [base.expose_provenance(), len, advice as usize]) }
}

/// `mlock(2)`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn mlock(base: *mut c_void, len: usize) -> io::Result<()> {
    // SAFETY: the pages are the caller's; locking brings them in and changes no byte.
    unsafe { done(number::MLOCK, [base.expose_provenance(), len]) }
}

/// `munlock(2)`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn munlock(base: *mut c_void, len: usize) -> io::Result<()> {
    // SAFETY: the pages are the caller's; unlocking changes no byte.
    unsafe { done(number::MUNLOCK, [base.expose_provenance(), len]) }
}
