//! Options of a region, set before it is mapped.
//!
//! [`RegionOptions`] only collects requests and checks them against each other; [`RegionOptions::map`] turns
//! them into one mapping. Guards are part of the mapping and stay untouched. For an alignment above a page, free
//! addresses are looked for first and mapped then. Nothing is cut off afterwards. So a region is always one mapping
//! that is returned whole (at `vm.max_map_count` the kernel refuses to split one), and it takes no more than was asked
//! for.

use super::Region;
use super::pages::Pages;
use crate::error::{Call, Error, Reason};
use crate::sys::{self, Access, Advice, AtFork, HugePool, MapRequest, Sharing};
use core::ffi::CStr;
use core::ptr::NonNull;

/// A region about to be mapped. Made by [`Region::options`].
///
/// ```
/// use region::Region;
/// use region::mapping::Pages;
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
    /// The most preferred first.
    preferred: &'n [Pages],
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
            preferred: Pages::Base.alone(),
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

    /// The base is a multiple of this power of two, and of a page in any case. Larger than a page, it costs two more
    /// system calls and, during them, that many more addresses.
    pub const fn align(mut self, align: usize) -> Self {
        self.align = align;
        self
    }

    /// All pages are in RAM when `map` returns: one call instead of a fault per page (1.4× faster).
    pub const fn populate(mut self) -> Self {
        self.populate = true;
        self
    }

    /// Which pages to ask for: these and no others. [`Region::granted`] gives the same back.
    ///
    /// Pages that the administrator sets aside ([`Pages::Huge2M`], [`Pages::Huge1G`]) are granted or refused.
    /// [`Pages::Transparent`] is never refused, and [`Region::page_stats`] says what the kernel gave.
    pub const fn pages(mut self, pages: Pages) -> Self {
        self.preferred = pages.alone();
        self
    }

    /// Which pages to ask for, the most preferred first. The first kind that is granted is taken, and
    /// [`Region::granted`] says which it was. If none is granted, the error is that of the last kind.
    ///
    /// ```
    /// use region::Region;
    /// use region::mapping::Pages;
    /// let region = Region::options().len(4 << 20).pages_in_order(Pages::LARGEST_FIRST).map()?;
    /// match region.granted() {
    ///     Pages::Huge1G | Pages::Huge2M => println!("all of it is in huge pages"),
    ///     granted => println!("{granted:?}: see what came of it in `page_stats`"),
    /// }
    /// # Ok::<(), region::Error>(())
    /// ```
    pub const fn pages_in_order(mut self, preferred: &'n [Pages]) -> Self {
        self.preferred = if preferred.is_empty() { Pages::Base.alone() } else { preferred };
        self
    }

    /// What a forked child gets of the region. A kernel that cannot do it refuses at [`map`](Self::map), and so does
    /// Windows.
    ///
    /// # Safety
    /// No forked child relies on what it does not get:
    /// - of [`AtFork::Wipe`], all that is kept in the region is still valid when all bytes are zero. Bytes and
    ///   integers are valid; references, and an arena's values that hold some, are not;
    /// - of [`AtFork::Drop`], a child neither uses nor drops the region, or a value that owns it. The child may map
    ///   something else at the same addresses.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use region::Region;
    /// use region::mapping::AtFork;
    /// // SAFETY: the region holds bytes, and a child that finds zeroes makes a key of its own.
    /// let mut key = unsafe { Region::options().len(4096).at_fork(AtFork::Wipe) }.map()?;
    /// key.as_mut_slice()[..4].copy_from_slice(b"seed");
    /// # Ok::<(), region::Error>(())
    /// ```
    pub const unsafe fn at_fork(mut self, at_fork: AtFork) -> Self {
        self.at_fork = at_fork;
        self
    }

    /// Leaves the region out of core dumps (`MADV_DONTDUMP`): for keys, and for very large regions. Refused at
    /// [`map`](Self::map) where that cannot be said, as on Windows.
    pub const fn not_dumped(mut self) -> Self {
        self.dumped = false;
        self
    }

    /// A page on either side that faults on any touch. Around hugetlb pages each guard takes a whole huge page.
    pub const fn guard_pages(mut self) -> Self {
        self.guard = true;
        self
    }

    /// A name in `/proc/PID/maps`, at most 79 characters. Left out where the kernel has no names, as Windows.
    pub const fn name(mut self, name: &'n CStr) -> Self {
        self.name = Some(name);
        self
    }

    /// Children that are forked later and this process see each other's writes. The RAM goes back to the system when
    /// the last of them has unmapped the region.
    ///
    /// Refused at [`map`](Self::map) on Windows, which forks no children.
    ///
    /// Rust's rules for references hold across processes, so the slices of such a region are empty. A
    /// [`PagePool`](crate::PagePool) over it hands out blocks to all of the processes. Code that uses bytes through
    /// [`as_ptr`](Region::as_ptr) must know by other means, such as atomics, that nothing else uses them. An
    /// [`Arena`](crate::Arena) is refused, as each process would hand out the same bytes: take a
    /// [`SharedArena`](crate::SharedArena).
    pub const fn shared(mut self) -> Self {
        self.sharing = Sharing::Shared;
        self
    }

    /// Does not count the whole length against the system's commit limit now. RAM counts when it is touched, and a
    /// touch may then fail (the out-of-memory killer). For reserving far more than will be used. Windows counts what
    /// may be touched in any case: take [`reserve_only`](Self::reserve_only) there, and commit.
    ///
    /// Hugetlb pages are always reserved when they are mapped: a touch could otherwise end the
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
    /// know are left out.
    pub fn map(self) -> Result<Region, Error> {
        let mut last = None;
        for &pages in self.preferred {
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
        // The size of the region's pages, which is the unit of every length from here on.
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
        // What follows a guard is to be aligned as every mapping is.
        let guard = if self.guard { page.max(sys::sure_alignment()) } else { 0 };

        let whole = len.checked_add(2 * guard).ok_or(too_large)?;
        let request = MapRequest {
            len: whole,
            huge,
            access: self.access,
            sharing: self.sharing,
            charge: self.charge && self.access == Access::ReadWrite,
            // Only for a plain mapping: guards would take RAM, and advice must come before the pages.
            populate: self.populate && guard == 0 && !transparent && self.access == Access::ReadWrite,
        };
        let (mapping, mapped) = map_aligned(request, guard, align, too_large)?;

        let lead = lead(mapping, guard, align);
        // SAFETY: `map_aligned` ensures that `base..base + len` lies inside the mapping, with a guard on either side.
        let base = unsafe { mapping.add(lead) };
        let accessible = if self.access == Access::ReadWrite { len } else { 0 };
        // SAFETY: the mapping was made above, no other code knows it, and `base..base + len` lies inside it,
        // in whole pages, accessible as requested.
        let mut region = unsafe { Region::from_mapping((mapping, mapped), (base, len), accessible) };
        region.sharing = self.sharing;
        region.granted = pages;

        if self.guard {
            // Guard pages (`.region.guard`).
            // SAFETY: `guard` bytes on either side of `base..base + len`, inside the mapping that was made above and has not
            // been used. On error the region is dropped and unmaps everything.
            unsafe {
                sys::guard(base.sub(guard), guard)?;
                sys::guard(base.add(len), guard)?;
            }
        }
        if let Some(name) = self.name {
            // A kernel without names says EINVAL, which costs nothing.
            let _ = region.set_name(name);
        }
        if self.at_fork != AtFork::Keep {
            // SAFETY: the caller of `RegionOptions::at_fork` promised that no child relies on what it does not get.
            unsafe { region.set_at_fork(.., self.at_fork)? };
        }
        if !self.dumped {
            region.advise(.., Advice::DontDump)?;
        }
        if transparent {
            // A kernel without THP says EINVAL; base pages serve then.
            let _ = region.advise(.., Advice::HugePage);
        }
        if self.populate && accessible == len && !(request.populate && mapped == len) {
            // SAFETY: the pages are the region's and writable.
            if unsafe { !sys::populate(base, len) } {
                for at in (0..len).step_by(page) {
                    // SAFETY: the byte is the region's, new and zero, and nothing refers to it yet.
                    unsafe { base.add(at).write_volatile(0) };
                }
            }
        }
        Ok(region)
    }
}

/// The distance from a mapping's start to its aligned part, behind a guard.
fn lead(mapping: NonNull<u8>, guard: usize, align: usize) -> usize {
    guard + (mapping.as_ptr().addr() + guard).wrapping_neg() % align
}

/// Maps `request` so that the bytes behind its first `guard` bytes can begin at a multiple of `align`. Returns the
/// mapping and its length, which is at least [`lead`] plus the rest of the request.
///
/// The mapping has the length that was asked for. Only where another thread is faster, or the system does not map at
/// the given address, it is longer, by what aligning takes.
fn map_aligned(
    request: MapRequest,
    guard: usize,
    align: usize,
    too_large: Error,
) -> Result<(NonNull<u8>, usize), Error> {
    /// A try fails only if another thread maps something at these addresses at that moment.
    const TRIES: usize = 3;
    // The alignment that the system always gives. It aligns for transparent huge pages only if the length is a
    // multiple.
    let sure = request.huge.map_or_else(sys::sure_alignment, HugePool::page);
    let slack = align.saturating_sub(sure);
    let len = request.len.checked_add(slack).filter(|&sum| sum <= isize::MAX as usize).ok_or(too_large)?;
    if slack == 0 {
        return Ok((sys::map(request)?, len));
    }
    // A reservation of addresses, which no limit of memory counts, to find aligned ones in it.
    let (access, sharing) = (Access::None, Sharing::Private);
    let around = MapRequest { len, huge: None, access, sharing, charge: false, populate: false };
    for _ in 0..TRIES {
        let free = sys::map(around)?;
        let aligned = free.as_ptr().wrapping_add(lead(free, guard, align) - guard);
        // SAFETY: the mapping was made above and is returned whole. It has not been used, and `aligned` is not used as
        // an address of its memory.
        unsafe { sys::release(free, len, sharing) };
        let mapping = sys::map_near(aligned, request)?;
        if mapping.as_ptr() == aligned {
            return Ok((mapping, request.len));
        }
        // SAFETY: the mapping was made above, of this length, and has not been used.
        unsafe { sys::release(mapping, request.len, request.sharing) };
    }
    Ok((sys::map(MapRequest { len, populate: false, ..request })?, len))
}
