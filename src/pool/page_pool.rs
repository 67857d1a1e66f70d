//! The pool itself: the ledger's block numbers turned into memory.

use super::bitmap::Words;
use super::bits::WORD_LOG;
use super::error::{PoolError, PoolReason};
use super::ledger::{Ledger, Plan};
use super::process::{Process, Processes};
use crate::bytes::Bytes;
use crate::error::Error;
use crate::region::Region;
use crate::sync::AtomicUsize;
use crate::sys::{self, Access, MapRequest, Sharing};
use crate::table::Table;
use core::fmt;
use core::ptr::NonNull;

/// Most blocks of one run.
pub(super) const LONGEST_RUN: usize = 64;

/// Fixed-size blocks of memory that any thread takes and gives back without a lock.
///
/// *Units*: blocks of one size, a power of two from a page to 2 MiB. *Alignment*: each block is aligned to
/// its size (in a pool made [`over`](Self::over) a region, as the region's start is). *Order*: the lowest free
/// block first, so that the pool stays dense; up to 16 blocks are kept ready out of that order, see
/// [`PoolOptions::slots`](crate::pool::PoolOptions::slots). *RAM*: comes page by page as blocks are touched, stays with
/// a block that is given back, and returns to the system by [`trim`](Self::trim) or with the pool. Nothing is ever
/// written into a free block. *Cost*: no system call to take or give back; one locked instruction and one store for a
/// block that is ready, about two locked instructions otherwise.
///
/// *Threads*: `Sync`, lock-free, without thread-local storage. *Processes*: after `fork` a pool is a copy of its own in
/// the child; made with [`RegionOptions::shared`](crate::mapping::RegionOptions::shared), it is one pool that both
/// take from at once. A block belongs to the process that took it, which alone gives it back: the copy of a
/// [`Page`](crate::pool::Page) that a child has at `fork` gives nothing back. A process that dies keeps the blocks that
/// it had out; everything else goes on.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// let pool = region::PagePool::new(64 << 10, 1024)?;      // 64 MiB of addresses, no RAM yet
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| {
///             let mut page = pool.take_zeroed().unwrap();
///             page[0] = 1;                                // the first page of RAM
///         });                                             // the block is back
///     }
/// });
/// assert_eq!(pool.taken(), 0);
/// pool.trim(0)?;
/// assert_eq!(pool.resident(), 0);
/// # Ok::<(), region::PoolError>(())
/// ```
pub struct PagePool {
    /// The first block; with the provenance of the whole region.
    base: NonNull<u8>,
    /// The block size, as a logarithm.
    shift: u32,
    pub(super) ledger: Ledger<MappedWords, WORD_LOG>,
    processes: Processes,
    region: Region,
}

// SAFETY: `base` points into `region`, which is `Send`, as are the mappings of the ledger and of the process's number;
// none is tied to the thread that made it.
unsafe impl Send for PagePool {}
// SAFETY: `&PagePool` reaches the ledger's words, which are atomics, fields that are never written after `assemble`,
// and a block's bytes only through a `Page`. The ledger gives a block to one taker at a time, who sees all that the
// last owner wrote (the loom models check its code for that). The region's `&self` methods that are called here ask the
// kernel, and give back the RAM only of blocks that `trim` has taken.
unsafe impl Sync for PagePool {}

impl PagePool {
    /// Joins a region of at least `capacity` writable blocks with a ledger of its own kind.
    pub(super) fn assemble(
        mut region: Region,
        (block_size, capacity): (usize, usize),
        slots: usize,
        dirty: bool,
    ) -> Result<Self, PoolError> {
        let plan = Plan::new(WORD_LOG, capacity, slots);
        let ledger = Ledger::new(MappedWords::new(plan.words(), region.sharing())?, plan);
        let processes = Processes::new(region.sharing())?;
        if dirty {
            ledger.warm_up_all();
        }
        // SAFETY: a region's first byte is what `sys::map` answered, which refuses address 0.
        let base = unsafe { NonNull::new_unchecked(region.as_mut_ptr()) };
        Ok(PagePool { base, shift: block_size.trailing_zeros(), ledger, processes, region })
    }

    /// Gives a block back by its address, for callers that cannot keep a [`Page`](crate::pool::Page).
    ///
    /// # Safety
    /// If the block is out, it must be the caller's: from [`Page::into_raw`](crate::pool::Page::into_raw), with nothing
    /// referring into it any more. Pointers that cannot be right are refused rather than trusted.
    ///
    /// # Errors
    /// `Foreign`, `Misaligned`, or `NotOut` for a block that is free: a second return is noticed unless
    /// the block has been taken again in between. Nothing has changed then.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use region::PagePool;
    /// use region::pool::PoolReason;
    /// let pool = PagePool::new(4096, 8)?;
    /// let block = pool.take()?.into_raw().cast::<u8>();
    /// // SAFETY: the block came from `into_raw`, and nothing refers into it.
    /// unsafe { pool.give_back_raw(block.as_ptr())? };
    /// // SAFETY: the block is not out, so there is nothing to uphold.
    /// let error = unsafe { pool.give_back_raw(block.as_ptr()) }.unwrap_err();
    /// assert_eq!(error.reason(), PoolReason::NotOut);
    /// # Ok::<(), region::PoolError>(())
    /// ```
    pub unsafe fn give_back_raw(&self, block: *mut u8) -> Result<(), PoolError> {
        let at = self.locate(block.addr())?;
        match self.ledger.give_checked(at, crate::sync::thread_hint()) {
            true => Ok(()),
            false => Err(self.refuse(PoolReason::NotOut, block.addr())),
        }
    }

    /// Gives `count` adjacent blocks back by the address of the first.
    ///
    /// # Safety
    /// As [`give_back_raw`](Self::give_back_raw), for each of them.
    ///
    /// # Errors
    /// As [`give_back_raw`](Self::give_back_raw); also `Count`. When any of the blocks is not out, none is
    /// given back, unless another thread gives the same blocks back at the same time.
    pub unsafe fn give_back_many_raw(&self, first: *mut u8, count: usize) -> Result<(), PoolError> {
        let start = self.locate_run(first.addr(), count)?;
        let not_out = |block: usize| self.refuse(PoolReason::NotOut, self.base.addr().get() + (block << self.shift));
        for block in start..start + count {
            self.ledger.slot_of(block, 0).map_err(|()| not_out(block))?;
        }
        (start..start + count).try_for_each(|block| match self.ledger.give_checked(block, 0) {
            true => Ok(()),
            false => Err(not_out(block)),
        })
    }

    /// Gives the RAM of free blocks back to the system until `keep` warm ones are left, the lowest;
    /// returns how many bytes of blocks that were.
    ///
    /// Other threads may take and give meanwhile. At most 64 blocks at a time are out, for the time of one
    /// `madvise(2)` (`MADV_DONTNEED`; in shared memory `MADV_REMOVE`). One call per run of free warm blocks, and per 64
    /// of them.
    ///
    /// # Errors
    /// When the kernel refuses: EINVAL for pages locked in RAM. Those blocks stay warm, and blocks
    /// trimmed before stay trimmed.
    pub fn trim(&self, keep: usize) -> Result<usize, Error> {
        let trimmed = self.ledger.trim(keep, |start, count| {
            // SAFETY: the ledger has taken these blocks for the time of this call, so no one else, in any
            // process that shares the ledger, owns them; they are whole pages inside the region.
            unsafe { self.region.decommit_owned(start << self.shift, count << self.shift) }
        })?;
        Ok(trimmed << self.shift)
    }

    /// Bytes of a block.
    pub const fn block_size(&self) -> usize {
        1 << self.shift
    }

    /// Number of blocks, taken and free.
    pub fn capacity(&self) -> usize {
        self.ledger.capacity()
    }

    /// Number of blocks that are out. Exact while no thread takes or gives; reads one word per 64 blocks.
    pub fn taken(&self) -> usize {
        self.ledger.taken()
    }

    /// Number of free blocks that were out since their RAM was last given back, and so may hold RAM and old
    /// bytes. Exact while no thread takes or gives; reads two words per 64 blocks.
    pub fn warm(&self) -> usize {
        self.ledger.warm()
    }

    /// Bytes of all blocks that are in RAM now, by `mincore(2)`; one call per 4 MiB. All of them where the kernel does
    /// not say (some sandboxes); [`try_resident`](Self::try_resident) says so.
    pub fn resident(&self) -> usize {
        self.region.resident()
    }

    /// As [`resident`](Self::resident).
    ///
    /// # Errors
    /// When the kernel refuses (ENOSYS in some sandboxes).
    pub fn try_resident(&self) -> Result<usize, Error> {
        self.region.try_resident()
    }

    /// All numbers of the pool, as they are now. Exact while no thread takes or gives. They print a line each.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let pool = region::PagePool::new(64 << 10, 16)?;
    /// let page = pool.take_zeroed()?;
    /// let stats = pool.stats();
    /// assert_eq!((stats.taken, stats.capacity), (1, 16));
    /// println!("{stats}");
    /// # Ok::<(), region::PoolError>(())
    /// ```
    pub fn stats(&self) -> PagePoolStats {
        PagePoolStats {
            block_size: self.block_size(),
            capacity: self.capacity(),
            taken: self.taken(),
            warm: self.warm(),
            resident: self.try_resident(),
        }
    }

    /// The first byte of a block.
    pub(super) fn block(&self, at: usize) -> NonNull<u8> {
        // SAFETY: every number that the ledger gives out is below the capacity, and the region holds that
        // many blocks from `base` on.
        unsafe { self.base.add(at << self.shift) }
    }

    /// The calling process, among those that share this pool.
    #[inline]
    pub(super) fn process(&self) -> Process {
        self.processes.current(self.ledger.processes())
    }

    /// Takes back the block at `base`, which its page owned.
    #[inline]
    pub(super) fn give_page(&self, base: NonNull<u8>, count: usize, slot: Option<usize>) {
        let block = (base.addr().get() - self.base.addr().get()) >> self.shift;
        let back = match count {
            1 => self.ledger.give(block, slot),
            _ => self.ledger.give_run(block, count),
        };
        // There was a second handle of one block, against a promise. The ledger has refused, and no block is lost.
        debug_assert!(back, "a page was given back that was not out");
    }

    /// The block that starts at an address.
    fn locate(&self, address: usize) -> Result<usize, PoolError> {
        match block_at(address, self.base.addr().get(), self.shift, self.capacity()) {
            Ok(block) => Ok(block),
            Err(reason) => Err(self.refuse(reason, address)),
        }
    }

    /// The first of `count` blocks that start at an address.
    pub(super) fn locate_run(&self, address: usize, count: usize) -> Result<usize, PoolError> {
        if count == 0 || count > LONGEST_RUN {
            return Err(self.refuse(PoolReason::Count, count));
        }
        let start = self.locate(address)?;
        match self.capacity() - start < count {
            true => Err(self.refuse(PoolReason::Foreign, address)),
            false => Ok(start),
        }
    }

    /// The slot of the block at an address. Checks that the block is out.
    pub(super) fn slot_of_run(&self, address: usize, count: usize) -> Result<Option<usize>, PoolError> {
        let start = self.locate_run(address, count)?;
        let mut slot = None;
        for block in start..start + count {
            slot = match self.ledger.slot_of(block, crate::sync::thread_hint()) {
                // A run is never in slots, so these were taken as single blocks.
                Ok(Some(_)) if count > 1 => return Err(self.refuse(PoolReason::Count, count)),
                Ok(slot) => slot,
                Err(()) => return Err(self.refuse(PoolReason::NotOut, address)),
            };
        }
        Ok(slot)
    }

    #[cold]
    pub(super) fn refuse(&self, reason: PoolReason, subject: usize) -> PoolError {
        PoolError::new(reason, (self.block_size(), self.capacity()), subject)
    }
}

/// A page pool's numbers at one moment. Made by [`PagePool::stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PagePoolStats {
    /// As [`PagePool::block_size`].
    pub block_size: usize,
    /// As [`PagePool::capacity`].
    pub capacity: usize,
    /// As [`PagePool::taken`].
    pub taken: usize,
    /// As [`PagePool::warm`].
    pub warm: usize,
    /// As [`PagePool::try_resident`].
    pub resident: Result<usize, Error>,
}

impl fmt::Display for PagePoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, whole) = (self.block_size, self.capacity * self.block_size);
        let mut table = Table::new(f, format_args!("page pool of {} blocks of {}", self.capacity, Bytes(size)))?;
        table.part("taken", self.taken * size, whole)?;
        table.part("warm", self.warm * size, whole)?;
        match self.resident {
            Ok(resident) => table.part("resident", resident, whole)?,
            Err(error) => table.line("resident", format_args!("unknown: {error}"))?,
        }
        table.bytes("reserved", whole)
    }
}

/// The [stats](PagePool::stats), a line each.
impl fmt::Display for PagePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.stats(), f)
    }
}

impl fmt::Debug for PagePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PagePool")
            .field("base", &self.base)
            .field("block_size", &format_args!("{}", Bytes(self.block_size())))
            .field("capacity", &self.capacity())
            .field("taken", &self.taken())
            .field("warm", &self.warm())
            .finish()
    }
}

/// Which block starts at `address`, in a pool of `capacity` blocks from `base` on.
const fn block_at(address: usize, base: usize, shift: u32, capacity: usize) -> Result<usize, PoolReason> {
    let offset = address.wrapping_sub(base);
    if offset >> shift >= capacity {
        return Err(PoolReason::Foreign);
    }
    if offset & ((1 << shift) - 1) != 0 {
        return Err(PoolReason::Misaligned);
    }
    Ok(offset >> shift)
}

/// A ledger's words, in a mapping of their own that they own.
#[derive(Debug)]
pub(super) struct MappedWords {
    first: NonNull<AtomicUsize>,
    /// The number of the last word.
    last: usize,
    sharing: Sharing,
}

impl MappedWords {
    /// Maps `count >= 1` zeroed words, seen by forked children if the blocks are.
    fn new(count: usize, sharing: Sharing) -> Result<Self, Error> {
        let last = count - 1;
        let (len, access) = (Self::bytes(last), Access::ReadWrite);
        let base = sys::map(MapRequest { len, huge: None, access, sharing, charge: true, populate: false })?;
        // SAFETY: the pages were just mapped. A kernel without names says EINVAL, which costs nothing.
        let _ = unsafe { sys::name(base, len, c"region: pool ledger") };
        Ok(MappedWords { first: base.cast(), last, sharing })
    }

    /// Bytes of a mapping for words `0..=last`. Far from wrapping: there are fewer words than blocks in memory.
    fn bytes(last: usize) -> usize {
        sys::whole_pages((last + 1) * size_of::<AtomicUsize>())
    }
}

impl Drop for MappedWords {
    fn drop(&mut self) {
        // SAFETY: `new` made the mapping, of this length, for this value alone; `drop` runs once.
        unsafe { sys::release(self.first.cast(), Self::bytes(self.last), self.sharing) }
    }
}

impl Words for MappedWords {
    #[inline]
    fn word(&self, at: usize) -> &AtomicUsize {
        debug_assert!(at <= self.last, "word {at} of {}", self.last);
        // A number past the end can only be a bug of the ledger. A panic here would put panic paths into
        // every archive; so it reaches a word too many and never memory that is not the ledger's.
        let at = at.min(self.last);
        // SAFETY: words `0..=last` lie in the mapping, which is page-aligned, zeroed (a valid `AtomicUsize`),
        // mapped readable and writable as long as `self`, and reached through this function only.
        unsafe { self.first.add(at).as_ref() }
    }
}
