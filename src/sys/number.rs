//! The numbers of system calls, for processors whose calls are made here (`trap`).
//!
//! Those of the kernel's headers: `asm/unistd_64.h` for x86-64, `asm-generic/unistd.h` for processors that came later.
//! The tests of `linux`, and of this file for other processors, compare them with libc's.

pub(super) use table::*;

#[cfg(all(region_raw, target_arch = "x86_64"))]
mod table {
    pub(in crate::sys) const READ: usize = 0;
    pub(in crate::sys) const WRITE: usize = 1;
    pub(in crate::sys) const CLOSE: usize = 3;
    pub(in crate::sys) const FSTAT: usize = 5;
    pub(in crate::sys) const LSEEK: usize = 8;
    pub(in crate::sys) const MMAP: usize = 9;
    pub(in crate::sys) const MPROTECT: usize = 10;
    pub(in crate::sys) const MUNMAP: usize = 11;
    pub(in crate::sys) const IOCTL: usize = 16;
    pub(in crate::sys) const PREAD: usize = 17;
    pub(in crate::sys) const MREMAP: usize = 25;
    pub(in crate::sys) const MSYNC: usize = 26;
    pub(in crate::sys) const MINCORE: usize = 27;
    pub(in crate::sys) const MADVISE: usize = 28;
    pub(in crate::sys) const GETPID: usize = 39;
    pub(in crate::sys) const FCNTL: usize = 72;
    pub(in crate::sys) const FTRUNCATE: usize = 77;
    pub(in crate::sys) const FSTATFS: usize = 138;
    pub(in crate::sys) const MLOCK: usize = 149;
    pub(in crate::sys) const MUNLOCK: usize = 150;
    pub(in crate::sys) const PRCTL: usize = 157;
    pub(in crate::sys) const OPENAT: usize = 257;
    pub(in crate::sys) const FALLOCATE: usize = 285;
    pub(in crate::sys) const PRLIMIT: usize = 302;
    pub(in crate::sys) const MEMFD_CREATE: usize = 319;
}

#[cfg(all(region_raw, not(target_arch = "x86_64")))]
mod table {
    pub(in crate::sys) const FCNTL: usize = 25;
    pub(in crate::sys) const IOCTL: usize = 29;
    pub(in crate::sys) const FSTATFS: usize = 44;
    pub(in crate::sys) const FTRUNCATE: usize = 46;
    pub(in crate::sys) const FALLOCATE: usize = 47;
    pub(in crate::sys) const OPENAT: usize = 56;
    pub(in crate::sys) const CLOSE: usize = 57;
    pub(in crate::sys) const LSEEK: usize = 62;
    pub(in crate::sys) const READ: usize = 63;
    pub(in crate::sys) const WRITE: usize = 64;
    pub(in crate::sys) const PREAD: usize = 67;
    pub(in crate::sys) const FSTAT: usize = 80;
    pub(in crate::sys) const PRCTL: usize = 167;
    pub(in crate::sys) const GETPID: usize = 172;
    pub(in crate::sys) const MUNMAP: usize = 215;
    pub(in crate::sys) const MREMAP: usize = 216;
    pub(in crate::sys) const MMAP: usize = 222;
    pub(in crate::sys) const MPROTECT: usize = 226;
    pub(in crate::sys) const MSYNC: usize = 227;
    pub(in crate::sys) const MLOCK: usize = 228;
    pub(in crate::sys) const MUNLOCK: usize = 229;
    pub(in crate::sys) const MINCORE: usize = 232;
    pub(in crate::sys) const MADVISE: usize = 233;
    pub(in crate::sys) const PRLIMIT: usize = 261;
    pub(in crate::sys) const MEMFD_CREATE: usize = 279;
}

/// Where rustix makes the calls: those that it does not have. Those of the kernel's headers for 32-bit x86, arm and
/// s390x, which have these four alike but for `mincore` and `madvise`.
#[cfg(all(region_trap, not(region_raw)))]
mod table {
    pub(in crate::sys) const IOCTL: usize = 54;
    pub(in crate::sys) const PRCTL: usize = 172;
    pub(in crate::sys) const MINCORE: usize = if cfg!(target_arch = "arm") { 219 } else { 218 };
    pub(in crate::sys) const MADVISE: usize = MINCORE + 1;
}

/// Where no call can be made, a number means nothing.
#[cfg(not(region_trap))]
mod table {
    pub(in crate::sys) const MINCORE: usize = 0;
    pub(in crate::sys) const MADVISE: usize = 0;
    pub(in crate::sys) const PRCTL: usize = 0;
    pub(in crate::sys) const IOCTL: usize = 0;
}

#[cfg(all(test, region_trap, not(region_raw)))]
mod tests {
    #[test]
    fn calls_have_the_numbers_of_this_processor() {
        for (ours, theirs) in [
            (super::IOCTL, libc::SYS_ioctl),
            (super::PRCTL, libc::SYS_prctl),
            (super::MINCORE, libc::SYS_mincore),
            (super::MADVISE, libc::SYS_madvise),
        ] {
            assert_eq!(ours as libc::c_long, theirs);
        }
    }
}
