//! The page sizes of this machine.
//!
//! Asked of the kernel, never assumed (`.back.fallback`): 16 KiB and 64 KiB pages exist. Not asked through
//! the auxiliary vector, which a minimal or sandboxed process may not have.

/// Bytes of a huge page: what one page-table entry of the second level maps.
///
/// 2 MiB wherever base pages are 4 KiB (x86-64, and the usual aarch64 and riscv64 kernels). On kernels
/// with 16 KiB or 64 KiB base pages a real huge page is 32 or 512 MiB; 2 MiB alignment is then merely a
/// larger alignment than needed, and the advice does nothing until ranges are large enough.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// Bytes of one page, the unit in which memory is mapped, committed and given back.
///
/// A power of two, from 4096 up. Costs nothing on x86; elsewhere a few system calls once.
pub fn page_size() -> usize {
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    {
        4096
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
    {
        probed_page_size()
    }
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

/// Finds the page size by asking `madvise` which addresses it takes as page-aligned.
#[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
fn probed_page_size() -> usize {
    use crate::sync::global::{AtomicUsize, Ordering};
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    /// The largest base page of any processor this crate builds for, and so always a safe answer.
    const LARGEST: usize = 64 << 10;

    match KNOWN.load(Ordering::Relaxed) {
        0 => {}
        known => return known,
    }
    // SAFETY: a new private mapping at an address of the kernel's choice disturbs nothing.
    let probe = unsafe { mmap_anonymous(core::ptr::null_mut(), 2 * LARGEST, ProtFlags::empty(), MapFlags::PRIVATE) };
    let Ok(probe) = probe else { return LARGEST };
    let found = [4 << 10, 16 << 10].into_iter().find(|&size| {
        // SAFETY: the address lies inside the probe mapping, and MADV_NORMAL changes no content.
        unsafe { madvise(probe.byte_add(size), size, Advice::Normal) }.is_ok()
    });
    // SAFETY: the probe mapping was made above, with this length, and nobody else knows it.
    let _ = unsafe { munmap(probe, 2 * LARGEST) };
    let found = found.unwrap_or(LARGEST);
    KNOWN.store(found, Ordering::Relaxed);
    found
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
}
