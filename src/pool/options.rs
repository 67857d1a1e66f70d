//! What a pool should be like, said before it is made.

use super::error::{PoolError, PoolReason};
use super::page_pool::PagePool;
use super::slots::{MOST_BLOCKS, MOST_SLOTS};
use crate::region::{Region, RegionOptions};
use crate::sys::{self, HUGE_PAGE};

/// Slots of a pool that does not say otherwise.
///
/// Any two threads use the same slot with a chance of 1 in 16. With more slots more low blocks would be idle outside of
/// the bitmap's order, and a search that fails would take longer (docs/pool.md has the table).
const USUAL_SLOTS: usize = 16;
const _: () = assert!(USUAL_SLOTS.is_power_of_two() && USUAL_SLOTS <= MOST_SLOTS);

/// A pool about to be made. Made by [`PagePool::options`].
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// use region::{PagePool, Region};
/// use region::mapping::Pages;
/// let pool = PagePool::options()
///     .block_size(2 << 20)
///     .capacity(64)
///     .region(Region::options().uncharged().pages(Pages::Transparent).name(c"frames"))
///     .map()?;
/// assert_eq!(pool.take()?.as_ptr().addr() % (2 << 20), 0);
/// # Ok::<(), region::PoolError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "options do nothing until `map` or `over` is called"]
pub struct PoolOptions<'n> {
    sizes: Sizes,
    region: RegionOptions<'n>,
}

/// How large the blocks of a pool are, how many there are, and for how many of them there are slots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    block_size: usize,
    capacity: usize,
    slots: usize,
}

impl PagePool {
    /// A pool of `capacity` blocks of `block_size` bytes, in memory of its own.
    ///
    /// Address space only: RAM comes as blocks are touched. (On Windows all blocks count against the system's limit at
    /// once.) One mapping for the blocks, one for the ledger
    /// (2 KiB and two bits a block).
    ///
    /// # Errors
    /// When the block size is no power of two from a page to 2 MiB, there are no blocks, or the system
    /// refuses.
    pub fn new(block_size: usize, capacity: usize) -> Result<Self, PoolError> {
        Self::options().block_size(block_size).capacity(capacity).map()
    }

    /// A pool over a region, which it owns from now on: as many blocks of `block_size` as fit.
    ///
    /// # Errors
    /// As [`PoolOptions::over`].
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use region::{PagePool, Region};
    /// let pool = PagePool::over(Region::options().len(1 << 20).guard_pages().map()?, 4096)?;
    /// assert_eq!(pool.capacity(), 256);
    /// # Ok::<(), region::PoolError>(())
    /// ```
    pub fn over(region: Region, block_size: usize) -> Result<Self, PoolError> {
        Sizes::new(block_size, 0).over(region)
    }

    /// Begins a pool with options: block size, capacity, ready blocks, kind of memory.
    pub const fn options<'n>() -> PoolOptions<'n> {
        PoolOptions::new()
    }
}

impl<'n> PoolOptions<'n> {
    pub(super) const fn new() -> Self {
        PoolOptions { sizes: Sizes::new(64 << 10, 0), region: Region::options().uncharged() }
    }

    /// Bytes of a block: a power of two from a page to 2 MiB. 64 KiB by default.
    pub const fn block_size(mut self, bytes: usize) -> Self {
        self.sizes.block_size = bytes;
        self
    }

    /// Number of blocks, at least one.
    pub const fn capacity(mut self, blocks: usize) -> Self {
        self.sizes.capacity = blocks;
        self
    }

    /// How many blocks are kept ready, each for some of the threads. Rounded up to a power of two, 64 at most, 16 by
    /// default.
    ///
    /// Taking a ready block and giving it back are one locked instruction together, without contention. In return up to
    /// so many free blocks are out of order: `take` prefers the ready block to a lower one. With 0 every `take` gives
    /// the lowest free block.
    pub const fn slots(mut self, slots: usize) -> Self {
        self.sizes = self.sizes.slots(slots);
        self
    }

    /// What the blocks' memory should be like: huge pages, guard pages, shared with forked children, a
    /// name. The pool sets length and alignment itself.
    ///
    /// Blocks that are smaller than the huge pages that were set aside for them cannot be given back one by one:
    /// [`PagePool::trim`] is refused.
    pub const fn region(mut self, region: RegionOptions<'n>) -> Self {
        self.region = region;
        self
    }

    /// Makes the pool over memory of its own, each block aligned to its size.
    ///
    /// # Errors
    /// When the block size or the capacity is not allowed, or the system refuses.
    pub fn map(self) -> Result<PagePool, PoolError> {
        self.sizes.map(self.region)
    }

    /// Makes the pool over a region, which it owns from now on: as many blocks as fit, from its start.
    ///
    /// The capacity and the region options that were set are not used. The bytes of every block count as dirty, since
    /// the region may have been used; [`PagePool::trim`] makes them zero.
    ///
    /// # Errors
    /// When the block size is not allowed, the region is smaller than one block, or it may not be read and
    /// written throughout; when the system refuses. The region is dropped then.
    pub fn over(self, region: Region) -> Result<PagePool, PoolError> {
        self.sizes.over(region)
    }
}

impl Sizes {
    /// Blocks of `block_size` bytes, `capacity` of them, with the usual slots.
    pub(crate) const fn new(block_size: usize, capacity: usize) -> Self {
        Sizes { block_size, capacity, slots: USUAL_SLOTS }
    }

    /// As [`PoolOptions::slots`].
    pub(crate) const fn slots(mut self, slots: usize) -> Self {
        self.slots = match slots {
            0 => 0,
            1..=MOST_SLOTS => slots.next_power_of_two(),
            _ => MOST_SLOTS,
        };
        self
    }

    /// As [`PoolOptions::map`], in a region that is to be like `region`.
    pub(crate) fn map(self, region: RegionOptions<'_>) -> Result<PagePool, PoolError> {
        self.check_block_size()?;
        if self.capacity == 0 {
            return Err(self.refuse(PoolReason::Empty, 0));
        }
        let len = self.capacity.checked_mul(self.block_size).filter(|_| self.capacity <= MOST_BLOCKS);
        let len = len.ok_or(self.refuse(PoolReason::TooMany, 0))?;
        let region = region.len(len).align(self.block_size).map()?;
        self.make(region, false)
    }

    /// As [`PoolOptions::over`].
    pub(crate) fn over(mut self, region: Region) -> Result<PagePool, PoolError> {
        self.check_block_size()?;
        self.capacity = region.len() / self.block_size;
        match self.capacity {
            0 => Err(self.refuse(PoolReason::Empty, 0)),
            1..=MOST_BLOCKS => self.make(region, true),
            _ => Err(self.refuse(PoolReason::TooMany, 0)),
        }
    }

    fn make(self, region: Region, dirty: bool) -> Result<PagePool, PoolError> {
        let accessible = region.writable();
        if accessible != region.len() {
            return Err(self.refuse(PoolReason::Inaccessible, accessible));
        }
        PagePool::assemble(region, (self.block_size, self.capacity), self.slots, dirty)
    }

    fn check_block_size(&self) -> Result<(), PoolError> {
        let size = self.block_size;
        match size.is_power_of_two() && size >= sys::page_size() && size <= HUGE_PAGE {
            true => Ok(()),
            false => Err(self.refuse(PoolReason::BlockSize, 0)),
        }
    }

    fn refuse(&self, reason: PoolReason, subject: usize) -> PoolError {
        PoolError::new(reason, (self.block_size, self.capacity), subject)
    }
}
