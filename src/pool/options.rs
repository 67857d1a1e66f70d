//! What a pool should be like, said before it is made.

use super::error::{PoolError, PoolReason};
use super::page_pool::PagePool;
use super::slots::{MOST_BLOCKS, MOST_SLOTS};
use crate::region::{Region, RegionOptions};
use crate::sys::{self, HUGE_PAGE};

/// Slots of a pool that does not say otherwise.
///
/// Two threads of a random pair meet in one with a chance of 1 in 16; more slots would let more low blocks
/// lie idle outside of the bitmap's order, and cost a failing search more (docs/pool.md has the table).
const USUAL_SLOTS: usize = 16;
const _: () = assert!(USUAL_SLOTS.is_power_of_two() && USUAL_SLOTS <= MOST_SLOTS);

/// A pool about to be made. Made by [`PagePool::options`].
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// use region::{PagePool, Pages, Region};
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

impl<'n> PoolOptions<'n> {
    pub(super) const fn new() -> Self {
        PoolOptions { sizes: Sizes::new(64 << 10, 0), region: Region::options().uncharged() }
    }

    /// Bytes of a block: a power of two from a page to 2 MiB. 64 KiB if not said.
    pub const fn block_size(mut self, bytes: usize) -> Self {
        self.sizes.block_size = bytes;
        self
    }

    /// Number of blocks, at least one.
    pub const fn capacity(mut self, blocks: usize) -> Self {
        self.sizes.capacity = blocks;
        self
    }

    /// How many blocks are kept ready, each for the threads whose hint leads to it; rounded up to a power
    /// of two, 64 at most, 16 if not said.
    ///
    /// A ready block is taken and given back with a single locked instruction and without contention, at
    /// the price that up to so many free blocks are out of order: `take` prefers the ready block to a lower
    /// one. With 0 every `take` gives the lowest free block there is.
    pub const fn slots(mut self, slots: usize) -> Self {
        self.sizes = self.sizes.slots(slots);
        self
    }

    /// What the blocks' memory should be like: huge pages, guard pages, shared with forked children, a
    /// name. Length and alignment are the pool's business and are replaced.
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
    /// When the block size or the capacity cannot be, or the system refuses.
    pub fn map(self) -> Result<PagePool, PoolError> {
        self.sizes.map(self.region)
    }

    /// Makes the pool over a region, which it owns from now on: as many blocks as fit, from its start.
    ///
    /// The capacity and the region options said here do not count. The bytes of every block are taken to be
    /// dirty, since the region may have been used; [`PagePool::trim`] makes them clean.
    ///
    /// # Errors
    /// When the block size cannot be, the region is smaller than one block, or it may not be read and
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

    fn make(self, mut region: Region, dirty: bool) -> Result<PagePool, PoolError> {
        let accessible = region.as_mut_slice().len();
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
