//! The page sizes of this machine.
//!
//! The system is asked, and nothing is assumed (`.back.fallback`): 16 KiB and 64 KiB pages exist. The auxiliary vector
//! is not used, as a minimal or sandboxed process may not have one. Nothing is mapped for it, as a limit may refuse
//! that. Calls on ranges of length 0 do nothing, and their answers say whether an address is the start of a page.
//!
//! Where even those calls are refused the size is not known, and no one number is safe for all uses. Lengths and
//! offsets are then rounded to the largest page size ([`page_size`]), which is a multiple of any other. Addresses from
//! the system count as aligned to the smallest page only ([`sure_alignment`]), and ranges as made of smallest pages.

use crate::policy::{LARGEST_PAGE, SMALLEST_PAGE};

/// Bytes of one page, the unit in which memory is mapped, committed and given back.
///
/// A power of two, at least 4096. Costs nothing on x86; elsewhere a few system calls once. Where a sandbox refuses all
/// of them it is 65,536, a multiple of every page size.
pub fn page_size() -> usize {
    known().unwrap_or(LARGEST_PAGE)
}

/// Bytes of a huge page of this kernel: what one page of entries maps, of which each has 8 bytes.
pub(crate) fn huge_page() -> usize {
    page_size() / 8 * page_size()
}

/// Bytes that the start of every reservation of Windows is a multiple of, and every offset at which a file is mapped.
#[cfg(windows)]
const GRANULARITY: usize = 64 << 10;

/// The alignment of every mapping's start: a page, or the smallest possible page where its size is not known.
#[cfg(not(windows))]
pub(crate) fn sure_alignment() -> usize {
    known().unwrap_or(SMALLEST_PAGE)
}

/// The alignment of every mapping's start.
#[cfg(windows)]
pub(crate) fn sure_alignment() -> usize {
    GRANULARITY
}

/// What the offset at which a file is mapped is a multiple of.
#[inline]
pub(crate) fn file_grain() -> usize {
    #[cfg(windows)]
    return GRANULARITY;
    #[cfg(not(windows))]
    page_size()
}

/// The page size, where it is known.
#[inline(always)]
fn known() -> Option<usize> {
    // The only size that these processors and Windows have, and Miri's for the others.
    #[cfg(region_4k)]
    return Some(SMALLEST_PAGE);
    #[cfg(not(region_4k))]
    {
        use crate::sync::global::{AtomicUsize, Ordering};
        /// Zero while it is not known: a later try may succeed.
        static KNOWN: AtomicUsize = AtomicUsize::new(0);
        match KNOWN.load(Ordering::Relaxed) {
            0 => {
                let found = asked()?;
                KNOWN.store(found, Ordering::Relaxed);
                Some(found)
            }
            known => Some(known),
        }
    }
}

/// About how many bytes of addresses a process has: what Windows gives since its version 8.1, where a stack may lie
/// anywhere.
#[cfg(windows)]
pub(crate) fn address_space() -> usize {
    1 << if usize::BITS >= 64 { 47 } else { 31 }
}

/// About how many bytes of addresses a process has: at least so many as the smallest processors give, and as many as
/// reach to the calling thread's stack. A first thread's is at the upper end, and those of others mostly are near it
/// (not under Valgrind).
#[cfg(not(windows))]
pub(crate) fn address_space() -> usize {
    /// riscv64 with Sv39 gives a process 256 GiB; 32 bits give 2 GiB at least.
    const LEAST: u32 = if usize::BITS >= 64 { 38 } else { 31 };
    // Under ThreadSanitizer a program has the addresses next to its stack alone: 1.5 TiB at least. What it maps lower
    // lies in the sanitizer's own memory, where no thread can start.
    #[cfg(all(region_weak, target_pointer_width = "64"))]
    if crate::weak::address!("__tsan_init") != 0 {
        return 1 << 40;
    }
    let here = core::mem::MaybeUninit::<u8>::uninit();
    (&raw const here).addr().checked_next_power_of_two().unwrap_or(1 << (usize::BITS - 1)).max(1 << LEAST)
}

/// `len` rounded up to whole pages; `None` when that exceeds `isize::MAX`.
#[inline]
pub(crate) fn page_align_up(len: usize) -> Option<usize> {
    let mask = page_size() - 1;
    match len.checked_add(mask) {
        Some(sum) if sum & !mask <= isize::MAX as usize => Some(sum & !mask),
        _ => None,
    }
}

/// `len` rounded up to whole pages, of a length that is far from wrapping.
#[inline]
pub(crate) fn whole_pages(len: usize) -> usize {
    let mask = page_size() - 1;
    (len + mask) & !mask
}

/// Asks the system for the page size.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android")), not(region_4k)))]
fn asked() -> Option<usize> {
    unsafe extern "C" {
        /// From the C library, which every other Unix uses for its system calls.
        safe fn getpagesize() -> core::ffi::c_int;
    }
    usize::try_from(getpagesize()).ok().filter(|size| size.is_power_of_two() && *size >= SMALLEST_PAGE)
}

/// Asks the system for the page size, in three ways, as a sandbox may refuse some of them.
#[cfg(all(unix, any(target_os = "linux", target_os = "android", test), any(test, not(region_4k))))]
#[cfg_attr(region_4k, allow(dead_code))]
fn asked() -> Option<usize> {
    use crate::sys::system::io::Errno;
    use crate::sys::system::mm::{Advice, MprotectFlags, madvise, mprotect};

    let said = |answer: crate::sys::system::io::Result<()>| match answer {
        Ok(()) => Some(true),
        Err(Errno::INVAL) => Some(false),
        Err(_) => None,
    };
    let at = core::ptr::without_provenance_mut::<core::ffi::c_void>;
    // SAFETY: the range has no bytes, so there is nothing that advice could change.
    let by_advice = |address| said(unsafe { madvise(at(address), 0, Advice::Normal) });
    // SAFETY: the range has no bytes, so there is nothing that could lose its access.
    let by_protection = |address| said(unsafe { mprotect(at(address), 0, MprotectFlags::empty()) });
    let by_residency = |address| match super::raw::mincore(at(address).cast(), 0, &mut []) {
        Ok(()) => Some(true),
        Err(errno) if errno == Errno::INVAL.raw_os_error() => Some(false),
        Err(_) => None,
    };
    first_page(by_advice).or_else(|| first_page(by_protection)).or_else(|| first_page(by_residency))
}

/// The page size, as the smallest power of two for which `is_page` says yes. Nothing where the answers give none: no
/// answer at all, or the same answer for every address.
#[cfg(any(test, not(region_4k)))]
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code))]
fn first_page(is_page: impl Fn(usize) -> Option<bool>) -> Option<usize> {
    // A system that says yes here does not check addresses.
    if is_page(SMALLEST_PAGE / 2)? {
        return None;
    }
    let mut size = SMALLEST_PAGE;
    while size <= LARGEST_PAGE {
        if is_page(size)? {
            return Some(size);
        }
        size *= 2;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_to_pages_never_wraps() {
        let page = page_size();
        assert!(page.is_power_of_two() && page >= 4096);
        assert_eq!(page_align_up(0), Some(0));
        assert_eq!(page_align_up(1), Some(page));
        assert_eq!(page_align_up(page), Some(page));
        assert_eq!(page_align_up(isize::MAX as usize), None);
        assert_eq!(page_align_up(usize::MAX), None);
    }

    #[test]
    fn a_page_size_is_found_or_not_known_and_never_guessed() {
        for page in [4, 8, 16, 32, 64].map(|kib: usize| kib << 10) {
            assert_eq!(first_page(|at| Some(at % page == 0)), Some(page));
        }
        assert_eq!(first_page(|_| None), None, "refused");
        assert_eq!(first_page(|_| Some(true)), None, "everything is called a page's");
        assert_eq!(first_page(|_| Some(false)), None, "nothing is called a page's");
        assert_eq!(first_page(|at| (at < 8192).then_some(at % 16384 == 0)), None, "refused on the way");
    }

    // Another Unix may round such addresses instead of refusing them, and Miri does not have all of the calls.
    #[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
    #[test]
    fn the_system_gives_its_page_size_without_mapping_anything() {
        // SAFETY: asks for a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        assert_eq!(asked(), Some(page));
        assert_eq!((page_size(), sure_alignment()), (page, page));
    }
}
