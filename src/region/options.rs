//! What a region should be like, said before it is mapped.
//!
//! [`RegionOptions`] only collects wishes and checks them against each other; [`RegionOptions::map`] turns
//! them into one mapping. Whatever alignment or guards need beyond the asked length is mapped along and
//! stays untouched: nothing is cut off afterwards, so that a region is always one mapping that is returned
//! whole (at `vm.max_map_count` the kernel refuses to split one).

use super::Region;
use crate::error::{Call, Error, Reason};
use crate::sys::{self, Access, Advice, HUGE_PAGE, MapRequest, Sharing};
use core::ffi::CStr;

/// Which size of page to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pages {
    /// Whatever the system does by default.
    Base,
    /// 2 MiB pages where the kernel can (transparent huge pages): the region starts on a 2 MiB boundary
    /// when it is at least that long, and `MADV_HUGEPAGE` is given. Asked, not guaranteed.
    Transparent,
}

/// A region about to be mapped. Made by [`Region::options`].
///
/// ```
/// use region::{Pages, Region};
/// let region = Region::options()
///     .len(8 << 20)
///     .align(1 << 21)
///     .pages(Pages::Transparent)
///     .guard_pages()
///     .name(c"syntax trees")
///     .map()?;
/// assert_eq!(region.as_ptr().addr() % (1 << 21), 0);
/// # Ok::<(), region::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "options do nothing until `map` is called"]
pub struct RegionOptions<'n> {
    len: usize,
    align: usize,
    access: Access,
    populate: bool,
    guard: bool,
    pages: Pages,
    name: Option<&'n CStr>,
    sharing: Sharing,
    charge: bool,
}

impl<'n> RegionOptions<'n> {
    pub(crate) const fn new() -> Self {
        RegionOptions {
            len: 0,
            align: 1,
            access: Access::ReadWrite,
            populate: false,
            guard: false,
            pages: Pages::Base,
            name: None,
            sharing: Sharing::Private,
            charge: true,
        }
    }

    /// Bytes wanted; rounded up to whole pages.
    pub const fn len(mut self, bytes: usize) -> Self {
        self.len = bytes;
        self
    }

    /// Address space only: nothing may be touched until [`Region::commit`].
    pub const fn reserve_only(mut self) -> Self {
        self.access = Access::None;
        self
    }

    /// The base is a multiple of this power of two. A page at least, whatever is said here.
    pub const fn align(mut self, align: usize) -> Self {
        self.align = align;
        self
    }

    /// All pages are in RAM when `map` returns: one call instead of a fault per page (1.4× faster).
    pub const fn populate(mut self) -> Self {
        self.populate = true;
        self
    }

    /// Which pages to ask for.
    pub const fn pages(mut self, pages: Pages) -> Self {
        self.pages = pages;
        self
    }

    /// A page on either side that faults on any touch (`.region.guard`).
    pub const fn guard_pages(mut self) -> Self {
        self.guard = true;
        self
    }

    /// A name in `/proc/PID/maps`, at most 79 characters. Done without where the kernel cannot.
    pub const fn name(mut self, name: &'n CStr) -> Self {
        self.name = Some(name);
        self
    }

    /// Children forked later see the same bytes, and so does this process what they write. The RAM is back
    /// when the last of them has let go.
    ///
    /// Rust's rules for references hold across processes: whoever reads or writes must know by other means
    /// (atomics, a [`PagePool`](crate::PagePool)) that nobody else is at it.
    pub const fn shared(mut self) -> Self {
        self.sharing = Sharing::Shared;
        self
    }

    /// Does not count the whole length against the system's commit limit now; RAM counts as it is touched,
    /// and a touch may then fail (the out-of-memory killer). For reserving far more than will be used.
    pub const fn uncharged(mut self) -> Self {
        self.charge = false;
        self
    }

    /// Maps the region.
    ///
    /// # Errors
    /// When the length is 0, or it exceeds `isize::MAX` together with alignment and guards; when the
    /// alignment is no power of two; when the system refuses. Advice and names that this kernel does not
    /// know are done without (`.back.fallback`).
    pub fn map(self) -> Result<Region, Error> {
        let page = sys::page_size();
        let refuse = |reason| Error::new(Call::Map, reason, self.len);
        if self.len == 0 {
            return Err(refuse(Reason::Empty));
        }
        if !self.align.is_power_of_two() {
            return Err(refuse(Reason::BadAlignment));
        }
        let len = sys::page_align_up(self.len).ok_or(refuse(Reason::TooLarge))?;
        let wants_huge = self.pages == Pages::Transparent && len >= HUGE_PAGE;
        let align = self.align.max(if wants_huge { HUGE_PAGE } else { page });
        let guard = if self.guard { page } else { 0 };

        // The kernel aligns to a page, and to a huge page only if the length is a multiple of one, so any
        // larger alignment is had by mapping that much more.
        let mapped = len
            .checked_add(2 * guard)
            .and_then(|sum| sum.checked_add(align - page))
            .filter(|&sum| sum <= isize::MAX as usize)
            .ok_or(refuse(Reason::TooLarge))?;
        let mapping = sys::map(MapRequest {
            len: mapped,
            access: self.access,
            sharing: self.sharing,
            charge: self.charge && self.access == Access::ReadWrite,
            // Populating slack would waste RAM, and advice must come first, so a plain mapping only.
            populate: self.populate && mapped == len && !wants_huge && self.access == Access::ReadWrite,
        })?;

        let lead = guard + (mapping.as_ptr().addr() + guard).wrapping_neg() % align;
        // SAFETY: `lead <= guard + align - page`, so `base..base + len` and a guard behind it lie inside
        // the mapping of `len + 2 * guard + align - page` bytes.
        let base = unsafe { mapping.add(lead) };
        let accessible = if self.access == Access::ReadWrite { len } else { 0 };
        // SAFETY: the mapping was made above, nobody else knows it, and `base..base + len` lies inside it,
        // page-aligned, accessible as requested.
        let mut region = unsafe { Region::from_mapping((mapping, mapped), (base, len), accessible) };
        region.sharing = self.sharing;

        if self.guard {
            // SAFETY: one page on either side of `base..base + len`, inside the mapping made above, that
            // nobody has used. On error the region is dropped and unmaps everything.
            unsafe {
                sys::guard(base.sub(page), page)?;
                sys::guard(base.add(len), page)?;
            }
        }
        if let Some(name) = self.name {
            // SAFETY: the pages are the region's. A kernel without names says EINVAL, which costs nothing.
            let _ = unsafe { sys::name(base, len, name) };
        }
        if wants_huge {
            // A kernel without THP says EINVAL; base pages serve then.
            let _ = region.advise(.., Advice::HugePage);
        }
        if self.populate && accessible == len && (mapped != len || wants_huge) {
            // SAFETY: the pages are the region's and writable.
            unsafe { sys::populate(base, len) };
        }
        Ok(region)
    }
}
