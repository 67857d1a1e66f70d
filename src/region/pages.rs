//! Pages: which kinds can be asked for, and which ones a region has.
//!
//! [`Pages`] is what is asked for and what was granted; [`PageStats`] is what lies in RAM now. For transparent huge
//! pages the two differ: the kernel is asked for them and gives them when it can.

use super::Region;
use crate::bytes::Bytes;
use crate::error::{Call, Error};
use crate::sys::{self, HUGE_PAGE, HugePool, PageState};
use core::fmt;
use core::ops::RangeBounds;

/// Which kind of page to ask for.
///
/// | | had when | of | given back in parts of |
/// |---|---|---|---|
/// | [`Base`](Self::Base) | always | all RAM | a page |
/// | [`Transparent`](Self::Transparent) | the kernel finds 2 MiB in one piece, at each touch | all RAM | a page |
/// | [`Huge2M`](Self::Huge2M), [`Huge1G`](Self::Huge1G) | enough are free, at `map` | what was set aside | 2 MiB, 1 GiB |
///
/// The administrator sets pages aside in `/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages` (and `-1048576kB`);
/// see `Documentation/admin-guide/mm/hugetlbpage.rst`. On Windows [`Huge2M`](Self::Huge2M) are large pages, for
/// processes that may lock pages in memory (`SeLockMemoryPrivilege`, given to the user and enabled): else they are
/// refused, as [`Huge1G`](Self::Huge1G) always is there; and [`Transparent`](Self::Transparent) is the same as `Base`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pages {
    /// What the system does by default.
    Base,
    /// 2 MiB pages where the kernel can (transparent huge pages): the region starts on a 2 MiB boundary
    /// when it is at least that long, and `MADV_HUGEPAGE` is given. A preference: the kernel need not follow it.
    ///
    /// It has no effect where the setting in `/sys/kernel/mm/transparent_hugepage/enabled` is `never`, or
    /// where the process runs with `PR_SET_THP_DISABLE`.
    Transparent,
    /// 2 MiB pages that were set aside. The whole region is reserved at `map`, so a shortage is an error there
    /// and never a signal at the touch; lengths are rounded up to 2 MiB. Before Linux 5.18 the pages go back with the
    /// whole region only: giving back a part is refused (EINVAL).
    ///
    /// Where a private one is inherited by a forked child, the first write of either to a page needs one more
    /// page; without one the child is killed (SIGBUS). [`AtFork::Drop`](crate::mapping::AtFork::Drop) avoids it.
    Huge2M,
    /// As [`Huge2M`](Self::Huge2M), of 1 GiB each.
    Huge1G,
}

impl Pages {
    /// From 1 GiB pages down to transparent ones. A region takes whole pages: a short one that is granted
    /// [`Huge1G`](Self::Huge1G) takes 1 GiB.
    pub const LARGEST_FIRST: &'static [Pages] = &[Pages::Huge1G, Pages::Huge2M, Pages::Transparent];
    /// 2 MiB pages: hugetlb pages, else transparent ones.
    pub const HUGE_FIRST: &'static [Pages] = &[Pages::Huge2M, Pages::Transparent];

    /// Where pages of this kind come from, if they were set aside.
    pub(super) const fn pool(self) -> Option<HugePool> {
        match self {
            Pages::Base | Pages::Transparent => None,
            Pages::Huge2M => Some(HugePool::Mega2),
            Pages::Huge1G => Some(HugePool::Giga1),
        }
    }

    /// A sequence of this kind and no other.
    pub(super) const fn alone(self) -> &'static [Pages] {
        match self {
            Pages::Base => &[Pages::Base],
            Pages::Transparent => &[Pages::Transparent],
            Pages::Huge2M => &[Pages::Huge2M],
            Pages::Huge1G => &[Pages::Huge1G],
        }
    }

    /// Bytes of the smallest part that can be mapped, given back or protected on its own.
    pub(crate) fn grain(self) -> usize {
        self.pool().map_or_else(sys::page_size, HugePool::page)
    }

    /// Whether a region of `len` bytes of this kind gets the advice.
    pub(super) const fn asks_for_transparent(self, len: usize) -> bool {
        matches!(self, Pages::Transparent) && len >= HUGE_PAGE
    }
}

/// A run of pages in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRun {
    /// Where it starts, in bytes from the region's start.
    pub start: usize,
    /// How long it is, in bytes.
    pub len: usize,
    /// What its pages are.
    pub state: PageState,
}

/// What a range of a region is made of now, in bytes. The four add up to the range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageStats {
    /// Not in RAM.
    pub absent: usize,
    /// In RAM, in base pages.
    pub base: usize,
    /// In RAM, in huge pages.
    pub huge: usize,
    /// In RAM, in pages of a size that this kernel does not say (before 6.7, or without `/proc`).
    pub unknown: usize,
}

impl PageStats {
    /// Bytes in RAM.
    pub const fn resident(&self) -> usize {
        self.base + self.huge + self.unknown
    }

    fn add(&mut self, run: PageRun) {
        *match run.state {
            PageState::Absent => &mut self.absent,
            PageState::Base => &mut self.base,
            PageState::Huge => &mut self.huge,
            PageState::Unknown => &mut self.unknown,
        } += run.len;
    }
}

impl fmt::Display for PageStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [huge, base, absent] = [self.huge, self.base, self.absent].map(Bytes);
        write!(f, "{huge} in huge pages, {base} in base pages, {absent} not in RAM")?;
        if self.unknown > 0 {
            write!(f, ", {} in pages of unknown size", Bytes(self.unknown))?;
        }
        Ok(())
    }
}

impl Region {
    /// Which of the preferred kinds of pages the region was mapped in.
    ///
    /// [`Pages::Huge2M`] and [`Pages::Huge1G`] are certain; [`Pages::Transparent`] was asked for, and
    /// [`page_stats`](Self::page_stats) says what the kernel gave.
    pub const fn granted(&self) -> Pages {
        self.granted
    }

    /// What `range` is made of now.
    ///
    /// *Cost*: opens `/proc/self/pagemap` and asks it once per 64 runs of pages (`PAGEMAP_SCAN`, Linux 6.7);
    /// elsewhere `mincore(2)`, once per 4 MiB.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region, or the kernel answers neither call.
    ///
    /// ```
    /// let mut region = region::Region::new(1 << 20)?;
    /// region.as_mut_slice()[..8192].fill(1);
    /// let stats = region.page_stats(..)?;
    /// assert_eq!(stats.resident() + stats.absent, 1 << 20);
    /// println!("{stats}");
    /// # Ok::<(), region::Error>(())
    /// ```
    pub fn page_stats(&self, range: impl RangeBounds<usize>) -> Result<PageStats, Error> {
        let mut stats = PageStats::default();
        self.page_runs(range, |run| stats.add(run))?;
        Ok(stats)
    }

    /// Calls `each` for each run of pages of `range` that are in one state, in order and without gaps.
    ///
    /// # Errors
    /// As [`page_stats`](Self::page_stats).
    pub fn page_runs(&self, range: impl RangeBounds<usize>, mut each: impl FnMut(PageRun)) -> Result<(), Error> {
        let (at, len) = self.pages_of(range, Call::Resident)?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: `pages_of` vouches that the offset lies inside the region.
        let start = unsafe { self.base.add(at) };
        sys::page_runs(start, len, &mut |from, len, state| {
            let state = match state {
                // In such a mapping all pages are huge, whatever the kernel says.
                PageState::Unknown | PageState::Base if self.granted.pool().is_some() => PageState::Huge,
                state => state,
            };
            each(PageRun { start: at + from, len, state });
        })
    }

    /// Bytes of the region that are in RAM in huge pages; nothing where the kernel does not say (before 6.7, or
    /// without `/proc`). [`page_stats`](Self::page_stats) with less code, for the C ABI.
    #[cfg(all(unix, feature = "capi"))]
    pub(crate) fn huge_bytes(&self) -> Option<usize> {
        match self.granted.pool() {
            // In such a mapping all pages are huge.
            Some(_) => self.try_resident().ok(),
            None => sys::huge_bytes(self.base, self.len),
        }
    }
}
