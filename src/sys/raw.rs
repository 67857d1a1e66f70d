//! The calls and advice numbers that rustix does not have, as single instructions.
//!
//! `mincore`, `prctl(PR_SET_VMA)`, one `ioctl`, and `madvise` with numbers outside rustix's closed enum. Where
//! the processor or the system is not known here (`region_trap` in build.rs) every call answers ENOSYS, which all callers
//! must expect anyway (`.back.fallback`).

use super::{number, trap};
use crate::error::number::{EINVAL, ENOSYS};
use core::mem::MaybeUninit;

/// `MADV_COLLAPSE` (Linux 6.1): make huge pages of this range now.
pub(super) const MADV_COLLAPSE: usize = 25;
/// `MADV_GUARD_INSTALL` (Linux 6.13): fault on any access, without an extra map entry.
pub(super) const MADV_GUARD_INSTALL: usize = 102;
/// `PR_SET_VMA` and its only sub-command, `PR_SET_VMA_ANON_NAME` (Linux 5.17).
const PR_SET_VMA: usize = 0x5356_4d41;
const PR_SET_VMA_ANON_NAME: usize = 0;

/// The arguments of a call, of which there are up to six.
pub(super) trait Arguments {
    /// All six. Those that the call does not take are left uninitialized, which costs no instruction.
    fn all(self) -> [MaybeUninit<usize>; trap::ARGUMENTS];
}

/// By patterns and not by a loop, which would not be unrolled in builds for size.
macro_rules! arguments {
    ($($given:ident)*, $($rest:tt)*) => {
        impl Arguments for [usize; <[&str]>::len(&[$(stringify!($given)),*])] {
            #[inline(always)]
            fn all(self) -> [MaybeUninit<usize>; trap::ARGUMENTS] {
                let [$($given),*] = self;
                [$(MaybeUninit::new($given),)* $(arguments!(@ $rest),)*]
            }
        }
    };
    (@ $rest:tt) => { MaybeUninit::uninit() };
}
arguments!(, - - - - - -);
arguments!(a, - - - - -);
arguments!(a b, - - - -);
arguments!(a b c, - - -);
arguments!(a b c d, - -);
arguments!(a b c d e, -);
arguments!(a b c d e f,);

/// Makes one system call of up to six arguments.
///
/// # Safety
/// The call and its arguments must not break memory that the program relies on.
#[inline(always)]
pub(super) unsafe fn call(number: usize, arguments: impl Arguments) -> Result<usize, i32> {
    // SAFETY: the caller vouches for what the call does with its arguments.
    let answer = unsafe { trap::enter(number, arguments.all()) };
    // The kernel answers -4095..=-1 for an error and nothing else in that range.
    match answer {
        Some(answer @ -4095..=-1) => Err(-answer as i32),
        Some(answer) => Ok(answer as usize),
        None => Err(ENOSYS),
    }
}

/// `madvise(2)` with any advice number.
///
/// # Safety
/// As the advice asks: the range is mapped by the caller and may lose or change its content only if
/// the caller relies on nothing in it.
pub(super) unsafe fn madvise(base: *mut u8, len: usize, advice: usize) -> Result<(), i32> {
    // SAFETY: the range is mapped by the caller, who relies on nothing that this advice may change; the call reads and
    // writes no other memory.
    unsafe { call(number::MADVISE, [base.expose_provenance(), len, advice]) }.map(drop)
}

/// `mincore(2)`: fills `pages` with one byte a page, bit 0 set where the page is in RAM. EINVAL, without a call,
/// if `len` bytes could have more pages than `pages` holds.
pub(super) fn mincore(base: *const u8, len: usize, pages: &mut [u8]) -> Result<(), i32> {
    // Checked with the smallest page, as the kernel's page size may not be known here.
    if pages.len() < len.div_ceil(crate::policy::SMALLEST_PAGE) {
        return Err(EINVAL);
    }
    // SAFETY: the kernel writes one byte for each page of `len` bytes, and no page is smaller than the smallest, so
    // `pages` holds them (just checked). It reads page tables and nothing of the range; an unmapped one is ENOMEM.
    unsafe {
        let pages = pages.as_mut_ptr().expose_provenance();
        call(number::MINCORE, [base.expose_provenance(), len, pages])
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

/// What a scan looks for and where it writes the result: `struct pm_scan_arg`.
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

/// `ioctl(PAGEMAP_SCAN)`: fills `runs` with the runs of pages from `start` to `end` that are in RAM, in order.
/// Returns how many there are and the address at which it stopped.
///
/// # Safety
/// The descriptor is one of `/proc/PID/pagemap`: to others the number of this request may mean anything.
pub(super) unsafe fn scan_pages(
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
    // SAFETY: the caller promises that the descriptor is a pagemap's. So the kernel writes at most `runs_len` runs to
    // `runs` and the end of its walk into `scan`, which has the size that the request's number names. Both outlive the
    // call. It reads page tables and no page.
    let found = unsafe {
        let scan = (&raw mut scan).expose_provenance();
        call(number::IOCTL, [pagemap as usize, PAGEMAP_SCAN, scan])
    }?;
    match scan.walk_end as usize {
        // Without progress the caller would repeat the call for ever.
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
