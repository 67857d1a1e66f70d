//! A region as an arena's memory: huge pages, locked pages, pages with a name, shared pages.
//!
//! What [`RegionOptions`](crate::RegionOptions) can say of memory is had for an arena this way, where
//! [`Mapped`](super::Mapped) decides by itself. The region is the arena's whole supply: when it is used up,
//! allocations fail, or go on elsewhere by way of one's own [`Backing`].

use super::{Backing, Block};
use crate::arena::Arena;
use crate::arena::bump::round_up;
use crate::error::{AllocError, AllocReason, Error};
use crate::region::{Advice, PageFigures, PageRun, Pages, Region, RegionOptions};
use crate::sys::{self, HUGE_PAGE};
use core::alloc::Layout;
use core::cell::Cell;
use core::ops::RangeBounds;
use core::ptr::NonNull;

/// Bounds of the step by which base pages are brought in ahead of the cursor, as for mapped memory: a quarter of
/// what is used, within these (docs/design.md has the figures).
const STEP_LEAST: usize = 64 << 10;
const STEP_MOST: usize = 256 << 10;

/// A [`Region`] that an arena lives in, and that goes with it.
///
/// *Cost*: RAM comes in ahead of the cursor, 2 MiB at a time in huge pages, 64–256 KiB at a time in others, with
/// a system call each. *Threads*: `Send`. *Fork*: with a [shared](RegionOptions::shared) region the values are
/// seen by both sides, and so is whatever either allocates: only one of them may go on allocating.
///
/// ```
/// use region::{Arena, Pages, Region, RegionBacking};
///
/// let options = Region::options().len(8 << 20).pages_in_order(Pages::HUGE_FIRST).name(c"syntax trees");
/// let arena = Arena::over(options.map()?);
/// let node = arena.alloc([1u64; 8]);
/// println!("{:?}: {}", arena.backing().granted(), arena.backing().page_figures()?);
///
/// let aligned: Arena<64, _> = Arena::new_in(RegionBacking::map(options)?);
/// assert_eq!(aligned.alloc(1u8) as *const u8 as usize % 64, 0);
/// # Ok::<(), region::Error>(())
/// ```
#[derive(Debug)]
pub struct RegionBacking {
    region: Region,
    /// The region's first byte, and how many may be written. Taken from the region by `&mut`, once.
    start: NonNull<u8>,
    len: usize,
    /// Bytes from the start that may be other than zero.
    dirty: Cell<usize>,
    /// Bytes from the start that were brought in, or are left to their touch for good.
    ready: Cell<usize>,
    /// Whether an arena holds the bytes now. They go out as one block.
    lent: Cell<bool>,
}

// SAFETY: the region is owned and its pointer leads into it; blocks of it move with the arena that has the backing.
unsafe impl Send for RegionBacking {}

impl RegionBacking {
    /// The region's accessible beginning. Its bytes are taken to be dirty, since it may have been used: zeroed
    /// allocations clear them.
    pub fn new(mut region: Region) -> Self {
        let (len, grain) = (region.as_mut_slice().len(), region.granted().grain());
        debug_assert!(len % grain == 0);
        // SAFETY: a region's first byte is never at address 0.
        let start = unsafe { NonNull::new_unchecked(region.as_mut_ptr()) };
        RegionBacking { region, start, len, dirty: Cell::new(len), ready: Cell::new(0), lent: Cell::new(false) }
    }

    /// A region mapped for the purpose, whose zeroes are known.
    ///
    /// # Errors
    /// As [`RegionOptions::map`].
    pub fn map(options: RegionOptions<'_>) -> Result<Self, Error> {
        let backing = Self::new(options.map()?);
        backing.dirty.set(0);
        Ok(backing)
    }

    /// Which kind of pages the region was mapped in.
    pub const fn granted(&self) -> Pages {
        self.region.granted()
    }

    /// What the region is made of now: [`Region::page_figures`] of all of it.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn page_figures(&self) -> Result<PageFigures, Error> {
        self.region.page_figures(..)
    }

    /// Tells `each` run of pages of the region that are in one state: [`Region::page_runs`] of all of it.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn page_runs(&self, each: impl FnMut(PageRun)) -> Result<(), Error> {
        self.region.page_runs(.., each)
    }

    /// As [`Region::advise`]. [`Advice::DontFork`] and [`Advice::WipeOnFork`] take the values from a forked child.
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

    /// Up to where RAM should be there when `need` bytes are needed, and the most bytes that are brought in at once.
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
// and its bytes go out as one block at a time (`lent`). Nobody else can reach them: the backing gives no slice.
// `dirty` covers what was ever written: all of a region of unknown past, and otherwise what `release` was told.
unsafe impl Backing for RegionBacking {
    fn acquire(&self, layout: Layout, _previous: usize) -> Result<Block, AllocError> {
        let padding = (self.start.addr().get().wrapping_neg()) & (layout.align() - 1);
        let need = layout.size().checked_add(padding);
        if self.lent.get() || need.is_none_or(|need| need > self.len) {
            return Err(AllocError::new(layout.size(), AllocReason::Exhausted(self.len)));
        }
        self.lent.set(true);
        Ok(Block { start: self.start, len: self.len, ready: self.ready.get(), dirty: self.dirty.get(), tag: 0 })
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        debug_assert!(need > block.ready && need <= block.len);
        let (goal, step) = self.goal(need);
        // A value larger than a step may never be written in full: its RAM comes at first touch.
        if need - block.ready <= step {
            // SAFETY: `ready <= goal <= len`: pages of the region, writable. Populating keeps every byte.
            unsafe { sys::populate(block.start.add(block.ready), goal - block.ready) };
        }
        block.ready = goal;
        Ok(())
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        let grain = self.region.granted().grain();
        // Before it is rounded: all of the address space would wrap to nothing.
        if keep >= block.len || round_up(keep, grain) >= block.len {
            return;
        }
        let keep = round_up(keep, grain);
        // SAFETY: whole pages of the region, and the caller says that nobody uses the bytes above `keep`. Locked
        // pages say EINVAL and stay as they are.
        if unsafe { self.region.decommit_owned(keep, block.len - keep) }.is_ok() {
            block.dirty = block.dirty.min(keep);
            block.ready = block.ready.min(keep);
        }
    }

    unsafe fn release(&self, block: &Block) {
        self.dirty.set(block.dirty);
        self.ready.set(block.ready);
        self.lent.set(false);
    }

    fn resident(&self, block: &Block) -> usize {
        self.region.resident_bytes().unwrap_or(block.ready)
    }
}

impl Arena<8, RegionBacking> {
    /// An arena in a region, which it owns from now on: as many bytes as may be written from the region's start.
    pub fn over(region: Region) -> Self {
        Arena::new_in(RegionBacking::new(region))
    }
}
