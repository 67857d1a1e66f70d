//! The calls and advice numbers that rustix does not carry, as single instructions.
//!
//! `mincore`, `prctl(PR_SET_VMA)`, one `ioctl`, one `fcntl`, `openat`, `memfd_create` and `madvise` with numbers outside rustix's
//! closed enum. Where the processor or the system is not known here every call answers ENOSYS, which all callers
//! must take in their stride anyway (`.back.fallback`).

/// `MADV_COLLAPSE` (Linux 6.1): make huge pages of this range now.
pub(super) const MADV_COLLAPSE: usize = 25;
/// `MADV_GUARD_INSTALL` (Linux 6.13): fault on any access, without an extra map entry.
pub(super) const MADV_GUARD_INSTALL: usize = 102;
/// `PR_SET_VMA` and its only sub-command, `PR_SET_VMA_ANON_NAME` (Linux 5.17).
const PR_SET_VMA: usize = 0x5356_4d41;
const PR_SET_VMA_ANON_NAME: usize = 0;

/// The call numbers of this processor: mincore, madvise, prctl, ioctl.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod number {
    pub(super) const MINCORE: usize = 27;
    pub(super) const MADVISE: usize = 28;
    pub(super) const PRCTL: usize = 157;
    pub(super) const IOCTL: usize = 16;
    #[cfg(not(miri))]
    pub(super) const FCNTL: usize = 72;
    #[cfg(not(miri))]
    pub(super) const OPENAT: usize = 257;
    #[cfg(not(miri))]
    pub(super) const MEMFD_CREATE: usize = 319;
}

/// The generic table, shared by the processors that came later.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod number {
    pub(super) const MINCORE: usize = 232;
    pub(super) const MADVISE: usize = 233;
    pub(super) const PRCTL: usize = 167;
    pub(super) const IOCTL: usize = 29;
    #[cfg(all(target_os = "linux", not(miri), any(target_arch = "aarch64", target_arch = "riscv64")))]
    pub(super) const FCNTL: usize = 25;
    #[cfg(all(target_os = "linux", not(miri), any(target_arch = "aarch64", target_arch = "riscv64")))]
    pub(super) const OPENAT: usize = 56;
    #[cfg(all(target_os = "linux", not(miri), any(target_arch = "aarch64", target_arch = "riscv64")))]
    pub(super) const MEMFD_CREATE: usize = 279;
}

/// ENOSYS, the answer where no call can be made.
const ENOSYS: i32 = 38;

/// Makes one system call of up to five arguments.
///
/// # Safety
/// The call and its arguments must not break memory that the program relies on.
#[inline]
unsafe fn call(number: usize, arguments: [usize; 5]) -> Result<usize, i32> {
    #[cfg(all(target_os = "linux", not(miri), target_arch = "x86_64"))]
    let answer = {
        let answer: isize;
        // SAFETY: the x86-64 convention: number in rax, arguments in rdi, rsi, rdx, r10, r8; the kernel
        // clobbers rcx and r11 and nothing else. What the call does is the caller's promise.
        unsafe {
            core::arch::asm!(
                "syscall",
                inlateout("rax") number => answer,
                in("rdi") arguments[0],
                in("rsi") arguments[1],
                in("rdx") arguments[2],
                in("r10") arguments[3],
                in("r8") arguments[4],
                lateout("rcx") _,
                lateout("r11") _,
                options(nostack),
            );
        }
        answer
    };
    #[cfg(all(target_os = "linux", not(miri), target_arch = "aarch64"))]
    let answer = {
        let answer: isize;
        // SAFETY: the AArch64 convention: number in x8, arguments in x0 to x4, answer in x0; nothing else
        // is clobbered. What the call does is the caller's promise.
        unsafe {
            core::arch::asm!(
                "svc 0",
                in("x8") number,
                inlateout("x0") arguments[0] => answer,
                in("x1") arguments[1],
                in("x2") arguments[2],
                in("x3") arguments[3],
                in("x4") arguments[4],
                options(nostack),
            );
        }
        answer
    };
    #[cfg(all(target_os = "linux", not(miri), target_arch = "riscv64"))]
    let answer = {
        let answer: isize;
        // SAFETY: the RISC-V convention: number in a7, arguments in a0 to a4, answer in a0; nothing else
        // is clobbered. What the call does is the caller's promise.
        unsafe {
            core::arch::asm!(
                "ecall",
                in("a7") number,
                inlateout("a0") arguments[0] => answer,
                in("a1") arguments[1],
                in("a2") arguments[2],
                in("a3") arguments[3],
                in("a4") arguments[4],
                options(nostack),
            );
        }
        answer
    };
    #[cfg(not(all(
        target_os = "linux",
        not(miri),
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
    )))]
    let answer = {
        let _ = (number, arguments);
        -(ENOSYS as isize)
    };
    // The kernel answers -4095..=-1 for an error and nothing else in that range.
    match answer {
        -4095..=-1 => Err(-answer as i32),
        _ => Ok(answer as usize),
    }
}

/// `madvise(2)` with any advice number.
///
/// # Safety
/// As the advice asks: the range is mapped by the caller and may lose or change its content only if
/// the caller relies on nothing in it.
pub(super) unsafe fn madvise(base: *mut u8, len: usize, advice: usize) -> Result<(), i32> {
    // SAFETY: the caller's promise, passed on unchanged.
    unsafe { call(number::MADVISE, [base.expose_provenance(), len, advice, 0, 0]) }.map(drop)
}

/// `mincore(2)`: fills `pages` with one byte a page, bit 0 set where the page is in RAM.
pub(super) fn mincore(base: *const u8, len: usize, pages: &mut [u8]) -> Result<(), i32> {
    debug_assert!(pages.len() >= len.div_ceil(super::page_size()));
    // SAFETY: the kernel writes one byte a page of `len` into `pages`, which holds that many, and reads
    // nothing of the range itself; an unmapped range is ENOMEM.
    unsafe {
        let pages = pages.as_mut_ptr().expose_provenance();
        call(number::MINCORE, [base.expose_provenance(), len, pages, 0, 0])
    }
    .map(drop)
}

/// `PAGEMAP_SCAN`: `_IOWR('f', 16, struct pm_scan_arg)` of `<linux/fs.h>`.
const PAGEMAP_SCAN: usize = 0xc060_6610;
/// Categories of pages in a scan.
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_PFNZERO: u64 = 1 << 5;
pub(super) const PAGE_IS_HUGE: u64 = 1 << 6;

/// A run of pages that a scan found: `struct page_region`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(super) struct ScannedRun {
    pub start: u64,
    pub end: u64,
    pub categories: u64,
}

/// What a scan looks for and where it puts it: `struct pm_scan_arg`.
#[repr(C)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    runs: u64,
    runs_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

const _: () = assert!(size_of::<Scan>() == PAGEMAP_SCAN >> 16 & 0x3fff);

/// `ioctl(PAGEMAP_SCAN)`: fills `runs` with the runs of pages from `start` to `end` that are in RAM, in order;
/// gives how many there are and up to where it looked.
pub(super) fn scan_pages(
    pagemap: i32,
    start: usize,
    end: usize,
    runs: &mut [ScannedRun],
) -> Result<(usize, usize), i32> {
    let mut scan = Scan {
        size: size_of::<Scan>() as u64,
        flags: 0,
        start: start as u64,
        end: end as u64,
        walk_end: 0,
        runs: runs.as_mut_ptr().expose_provenance() as u64,
        runs_len: runs.len() as u64,
        max_pages: 0,
        category_inverted: PAGE_IS_PFNZERO,
        category_mask: PAGE_IS_PRESENT | PAGE_IS_PFNZERO,
        category_anyof_mask: 0,
        return_mask: PAGE_IS_HUGE,
    };
    // SAFETY: the kernel writes at most `runs_len` runs to `runs` and the end of its walk into `scan`, both of
    // which live on; it reads page tables, no page.
    let found = unsafe {
        let scan = (&raw mut scan).expose_provenance();
        call(number::IOCTL, [pagemap as usize, PAGEMAP_SCAN, scan, 0, 0])
    }?;
    match scan.walk_end as usize {
        // No step forward would be asked for again for ever.
        walked if walked > start && found <= runs.len() => Ok((found, walked)),
        _ => Err(ENOSYS),
    }
}

/// `prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME)`: names a range for `/proc/PID/maps`.
pub(super) fn name(base: *const u8, len: usize, name: &core::ffi::CStr) -> Result<(), i32> {
    let name = name.as_ptr().expose_provenance();
    // SAFETY: the kernel copies the NUL-terminated name and labels map entries; no content changes.
    unsafe { call(number::PRCTL, [PR_SET_VMA, PR_SET_VMA_ANON_NAME, base.expose_provenance(), len, name]) }.map(drop)
}

/// `openat(2)` of a path from the working directory: the descriptor's number.
///
/// rustix's own makes an owned descriptor, which asserts that no number is -1, and so would put the one panic path
/// into every archive (`.c.no-unwind`).
#[cfg(all(
    target_os = "linux",
    not(miri),
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
pub(super) fn open(path: &core::ffi::CStr, flags: usize, mode: usize) -> Result<core::ffi::c_int, i32> {
    /// `AT_FDCWD`.
    const WORKING_DIRECTORY: usize = 100_usize.wrapping_neg();
    // SAFETY: the kernel reads the NUL-terminated path; no memory changes.
    let fd = unsafe { call(number::OPENAT, [WORKING_DIRECTORY, path.as_ptr().expose_provenance(), flags, mode, 0])? };
    Ok(fd as core::ffi::c_int)
}

/// `fcntl(F_DUPFD_CLOEXEC)`: the number of another descriptor of the same open file. By itself for the reason that
/// [`open`] gives.
#[cfg(all(
    target_os = "linux",
    not(miri),
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
pub(super) fn duplicate(fd: core::ffi::c_int) -> Result<core::ffi::c_int, i32> {
    const F_DUPFD_CLOEXEC: usize = 1030;
    // SAFETY: no memory changes.
    let fd = unsafe { call(number::FCNTL, [fd as usize, F_DUPFD_CLOEXEC, 0, 0, 0])? };
    Ok(fd as core::ffi::c_int)
}

/// `memfd_create(2)`: the descriptor's number. By itself for the reason that [`open`] gives.
#[cfg(all(
    target_os = "linux",
    not(miri),
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
pub(super) fn memfd(name: &core::ffi::CStr, flags: usize) -> Result<core::ffi::c_int, i32> {
    // SAFETY: the kernel reads the NUL-terminated name; no memory changes.
    let fd = unsafe { call(number::MEMFD_CREATE, [name.as_ptr().expose_provenance(), flags, 0, 0, 0])? };
    Ok(fd as core::ffi::c_int)
}
