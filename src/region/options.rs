//! What a region should be like, said before it is mapped.
//!
//! [`RegionOptions`] only collects wishes and checks them against each other; [`RegionOptions::map`] turns
//! them into one mapping. Whatever alignment or guards need beyond the asked length is mapped along and
//! stays untouched: nothing is cut off afterwards, so that a region is always one mapping that is returned
//! whole (at `vm.max_map_count` the kernel refuses to split one).

use super::Region;
use super::pages::Pages;
use crate::error::{Call, Error, Reason};
use crate::sys::{self, Access, Advice, MapRequest, Sharing};
use core::ffi::CStr;

/// What a forked child gets of a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AtFork {
    /// A copy of a private region, page by page as it is written; a shared one itself.
    #[default]
    Keep,
    /// Zeroes (`MADV_WIPEONFORK`): for keys and random states that must not be used twice. Private regions only.
    Wipe,
    /// Nothing (`MADV_DONTFORK`): its addresses are free there. The child must neither use nor drop the region,
    /// for what it maps later may lie at the same place.
    Drop,
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
    /// The most wanted first.
    wishes: &'n [Pages],
    at_fork: AtFork,
    dumped: bool,
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
            wishes: Pages::Base.alone(),
            at_fork: AtFork::Keep,
            dumped: true,
            name: None,
            sharing: Sharing::Private,
            charge: true,
        }
    }

    /// Bytes wanted; rounded up to whole pages of the kind that is granted.
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

    /// Which pages to ask for: these and no others. [`Region::granted`] repeats the wish.
    ///
    /// Pages that were set aside for the purpose are had or refused ([`Pages::Huge2M`], [`Pages::Huge1G`]);
    /// [`Pages::Transparent`] is never refused, and what came of it is in [`Region::page_figures`].
    pub const fn pages(mut self, pages: Pages) -> Self {
        self.wishes = pages.alone();
        self
    }

    /// Which pages to ask for, the most wanted first: the first kind that can be had is taken, and
    /// [`Region::granted`] says which it was. Where none can be had, the error is the last one's.
    ///
    /// ```
    /// use region::{Pages, Region};
    /// let region = Region::options().len(4 << 20).pages_in_order(Pages::LARGEST_FIRST).map()?;
    /// match region.granted() {
    ///     Pages::Huge1G | Pages::Huge2M => println!("all of it is in huge pages"),
    ///     granted => println!("{granted:?}: see what came of it in `page_figures`"),
    /// }
    /// # Ok::<(), region::Error>(())
    /// ```
    pub const fn pages_in_order(mut self, wishes: &'n [Pages]) -> Self {
        self.wishes = if wishes.is_empty() { Pages::Base.alone() } else { wishes };
        self
    }

    /// What a forked child gets of the region. A kernel that cannot do it refuses at [`map`](Self::map).
    pub const fn at_fork(mut self, at_fork: AtFork) -> Self {
        self.at_fork = at_fork;
        self
    }

    /// Leaves the region out of core dumps (`MADV_DONTDUMP`): for keys, and for what is too large to be worth it.
    pub const fn not_dumped(mut self) -> Self {
        self.dumped = false;
        self
    }

    /// A page on either side that faults on any touch (`.region.guard`). Around huge pages that were set aside,
    /// each takes a whole one of them.
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
    ///
    /// Huge pages that were set aside are always reserved when they are mapped: a touch could otherwise end the
    /// process (SIGBUS).
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
        let mut last = None;
        for &pages in self.wishes {
            match self.map_in(pages) {
                Ok(region) => return Ok(region),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or(Error::new(Call::Map, Reason::Empty, self.len)))
    }

    /// Maps the region in pages of one kind.
    #[inline(never)]
    fn map_in(&self, pages: Pages) -> Result<Region, Error> {
        let huge = pages.pool();
        // What the region is made of, and so the unit of every length below.
        let page = pages.grain();
        let refuse = |reason| Error::new(if huge.is_some() { Call::MapHuge } else { Call::Map }, reason, self.len);
        if self.len == 0 {
            return Err(refuse(Reason::Empty));
        }
        if !self.align.is_power_of_two() {
            return Err(refuse(Reason::BadAlignment));
        }
        let too_large = refuse(Reason::TooLarge);
        let len = self.len.checked_add(page - 1).ok_or(too_large)? & !(page - 1);
        let transparent = pages.asks_for_transparent(len);
        let align = self.align.max(if transparent { sys::HUGE_PAGE } else { page });
        let guard = if self.guard { page } else { 0 };

        // The kernel aligns to a page, and to a transparent huge page only if the length is a multiple of one,
        // so any larger alignment is had by mapping that much more.
        let mapped = len
            .checked_add(2 * guard)
            .and_then(|sum| sum.checked_add(align - page))
            .filter(|&sum| sum <= isize::MAX as usize)
            .ok_or(too_large)?;
        let mapping = sys::map(MapRequest {
            len: mapped,
            huge,
            access: self.access,
            sharing: self.sharing,
            charge: self.charge && self.access == Access::ReadWrite,
            // Populating slack would waste RAM, and advice must come first, so a plain mapping only.
            populate: self.populate && mapped == len && !transparent && self.access == Access::ReadWrite,
        })?;

        let lead = guard + (mapping.as_ptr().addr() + guard).wrapping_neg() % align;
        // SAFETY: `lead <= guard + align - page`, so `base..base + len` and a guard behind it lie inside
        // the mapping of `len + 2 * guard + align - page` bytes.
        let base = unsafe { mapping.add(lead) };
        let accessible = if self.access == Access::ReadWrite { len } else { 0 };
        // SAFETY: the mapping was made above, nobody else knows it, and `base..base + len` lies inside it,
        // in whole pages, accessible as requested.
        let mut region = unsafe { Region::from_mapping((mapping, mapped), (base, len), accessible) };
        region.sharing = self.sharing;
        region.granted = pages;

        if self.guard {
            // SAFETY: one page on either side of `base..base + len`, inside the mapping made above, that
            // nobody has used. On error the region is dropped and unmaps everything.
            unsafe {
                sys::guard(base.sub(page), page)?;
                sys::guard(base.add(len), page)?;
            }
        }
        if let Some(name) = self.name {
            // A kernel without names says EINVAL, which costs nothing.
            let _ = region.set_name(name);
        }
        match self.at_fork {
            AtFork::Keep => {}
            AtFork::Wipe => region.advise(.., Advice::WipeOnFork)?,
            AtFork::Drop => region.advise(.., Advice::DontFork)?,
        }
        if !self.dumped {
            region.advise(.., Advice::DontDump)?;
        }
        if transparent {
            // A kernel without THP says EINVAL; base pages serve then.
            let _ = region.advise(.., Advice::HugePage);
        }
        if self.populate && accessible == len && (mapped != len || transparent) {
            // SAFETY: the pages are the region's and writable.
            unsafe { sys::populate(base, len) };
        }
        Ok(region)
    }
}
