//! A region as an arena's memory: huge pages, locked pages, pages with a name. No shared pages.
//!
//! An arena gets memory with any [`RegionOptions`] this way; [`Mapped`](super::Mapped) chooses by itself.
//! The region is all of the arena's memory. When it is used up, allocations fail; a [`Backing`] of your own can go on
//! elsewhere.

use super::loan::Loan;
use super::{Backing, Block};
use crate::arena::Arena;
use crate::bump::round_up;
use crate::error::{AllocError, AllocReason, Call, Error, Reason};
use crate::policy::{HUGE_PAGE, STEP_LEAST, STEP_MOST};
use crate::region::{Advice, PageRun, PageStats, Pages, Region, RegionOptions};
use crate::sys::{self, Sharing};
use core::alloc::Layout;
use core::cell::Cell;
use core::ops::RangeBounds;
use core::ptr::NonNull;

/// A [`Region`] as the memory of an arena, which owns it.
///
/// *Cost*: RAM comes in ahead of the cursor, 2 MiB at a time in huge pages, 64–256 KiB at a time in others, with
/// a system call each. *Threads*: `Send`. *Fork*: the child's arena is a copy. A [shared](RegionOptions::shared) region
/// is refused, as both sides would hand out the same bytes: [`SharedArena`](crate::SharedArena) is for that.
///
/// ```
/// use region::{Arena, Region};
/// use region::backing::RegionBacking;
/// use region::mapping::Pages;
///
/// let options = Region::options().len(8 << 20).pages_in_order(Pages::HUGE_FIRST).name(c"syntax trees");
/// let arena = Arena::over(options.map()?);
/// let node = arena.alloc([1u64; 8]);
/// println!("{:?}: {}", arena.backing().granted(), arena.backing().page_stats()?);
///
/// let aligned: Arena<64, _> = Arena::new_in(RegionBacking::map(options)?);
/// assert_eq!(aligned.alloc(1u8) as *const u8 as usize % 64, 0);
/// # Ok::<(), region::Error>(())
/// ```
#[derive(Debug)]
pub struct RegionBacking {
    /// First, so that it ends before the region does.
    loan: Loan,
    region: Region,
    /// The region's first byte, and how many may be written. Taken from the region by `&mut`, once.
    start: NonNull<u8>,
    len: usize,
    /// Bytes from the start that were brought in, or will come at first touch.
    ready: Cell<usize>,
}

// SAFETY: the region is owned and its pointer leads into it; blocks of it move with the arena that has the backing.
unsafe impl Send for RegionBacking {}

impl RegionBacking {
    /// The region's accessible beginning. Its bytes count as dirty, since the region may have been used: zeroed
    /// allocations clear them. A shared region gives none, and every allocation fails with the reason.
    pub fn new(mut region: Region) -> Self {
        let (len, grain) = (region.as_mut_slice().len(), region.granted().grain());
        debug_assert!(len % grain == 0);
        // SAFETY: a region's first byte is never at address 0.
        let start = unsafe { NonNull::new_unchecked(region.as_mut_ptr()) };
        RegionBacking { region, start, len, ready: Cell::new(0), loan: Loan::new(len) }
    }

    /// Maps a new region, whose bytes are known to be zero.
    ///
    /// # Errors
    /// As [`RegionOptions::map`], and when the options say that the region is shared.
    pub fn map(options: RegionOptions<'_>) -> Result<Self, Error> {
        let mut backing = Self::new(options.map()?);
        if let Some(refused) = backing.refused() {
            return Err(refused);
        }
        backing.loan = Loan::new(0);
        Ok(backing)
    }

    /// Which kind of pages the region was mapped in.
    pub const fn granted(&self) -> Pages {
        self.region.granted()
    }

    /// What the region is made of now: [`Region::page_stats`] of all of it.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn page_stats(&self) -> Result<PageStats, Error> {
        self.region.page_stats(..)
    }

    /// Calls `each` for each run of pages of the region that are in one state: [`Region::page_runs`] of all of it.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn page_runs(&self, each: impl FnMut(PageRun)) -> Result<(), Error> {
        self.region.page_runs(.., each)
    }

    /// As [`Region::advise`].
    ///
    /// # Errors
    /// As there.
    pub fn advise(&self, range: impl RangeBounds<usize>, advice: Advice) -> Result<(), Error> {
        self.region.advise(range, advice)
    }

    /// As [`Region::lock`].
    ///
    /// # Errors
    /// As there.
    pub fn lock(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        self.region.lock(range)
    }

    /// As [`Region::collapse`].
    ///
    /// # Errors
    /// As there.
    pub fn collapse(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        self.region.collapse(range)
    }

    /// Why nothing can be allocated here, if nothing can.
    fn refused(&self) -> Option<Error> {
        let shared = self.region.sharing() == Sharing::Shared;
        shared.then(|| Error::new(Call::Map, Reason::Shared, self.region.len()))
    }

    /// How many bytes should have RAM when `need` bytes are needed, and the most bytes that are brought in at once.
    fn goal(&self, need: usize) -> (usize, usize) {
        let (goal, step) = match self.region.granted() {
            Pages::Base => (need + (need / 4).clamp(STEP_LEAST, STEP_MOST), STEP_MOST),
            // A page of the smallest huge kind, or one of the kind itself.
            pages => {
                let page = pages.grain().max(HUGE_PAGE);
                (round_up(need, page), page)
            }
        };
        (round_up(goal, sys::page_size()).min(self.len), step)
    }
}

// SAFETY: the region is owned and stays mapped, readable and writable as far as `len`, while the backing is there,
// and its bytes go out as one block at a time (`loan`). Nothing else can reach them: the backing gives no slice.
// Its `dirty` covers what was ever written: all of a region of unknown past, and otherwise what `release` was given.
unsafe impl Backing for RegionBacking {
    fn acquire(&self, layout: Layout, _previous: usize) -> Result<Block, AllocError> {
        if let Some(refused) = self.refused() {
            return Err(AllocError::new(layout.size(), AllocReason::Os(refused)));
        }
        self.loan.take(layout, self.start, self.len, self.ready.get())
    }

    #[inline(never)]
    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        debug_assert!(need > block.ready && need <= block.len);
        let (goal, step) = self.goal(need);
        // A value larger than a step may never be written in full: its RAM comes at first touch.
        if need - block.ready <= step {
            // SAFETY: `ready <= goal <= len`: pages of the region, writable. Populating keeps every byte.
            unsafe { sys::populate(block.start.add(block.ready), goal - block.ready) };
        }
        block.ready = goal;
        self.loan.commit(goal);
        Ok(())
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        let grain = self.region.granted().grain();
        // Compared before it is rounded: rounding a very large `keep` would wrap to 0.
        if keep >= block.len || round_up(keep, grain) >= block.len {
            return;
        }
        let keep = round_up(keep, grain);
        // SAFETY: whole pages of the region, and the caller promises that nothing uses the bytes above `keep`. For
        // locked pages the answer is EINVAL, and they stay as they are.
        if unsafe { self.region.decommit_owned(keep, block.len - keep) }.is_ok() {
            block.dirty = block.dirty.min(keep);
            block.ready = block.ready.min(keep);
        }
    }

    unsafe fn discard(&self, block: &Block, from: usize, len: usize) -> bool {
        let grain = self.region.granted().grain();
        debug_assert!(from + len <= block.len);
        // Heaps give whole pages of the smallest size, which larger pages may hold in part.
        // SAFETY: whole pages of the region, which may be written and nothing uses, as the caller promises.
        (from | len) % grain == 0 && unsafe { self.region.decommit_owned(from, len) }.is_ok()
    }

    unsafe fn release(&self, block: &Block) {
        self.ready.set(block.ready);
        self.loan.give_back(block);
    }

    fn resident(&self, block: &Block) -> usize {
        self.region.try_resident().unwrap_or(block.ready)
    }
}

impl Arena<8, RegionBacking> {
    /// An arena in a region, which it owns from now on: as many bytes as may be written from the region's start.
    ///
    /// In a [shared](RegionOptions::shared) region every allocation is refused ([`Reason::Shared`]).
    pub fn over(region: Region) -> Self {
        Arena::new_in(RegionBacking::new(region))
    }
}
