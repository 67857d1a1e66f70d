//! The pool itself: the ledger's block numbers turned into memory.

use super::bitmap::Words;
use super::bits::WORD_LOG;
use super::error::{PoolError, PoolReason};
use super::ledger::{Claim, Ledger, Plan};
use super::options::{PoolOptions, Sizes};
use super::page::Page;
use crate::bytes::Bytes;
use crate::error::Error;
use crate::region::Region;
use crate::report::Report;
use crate::sync::AtomicUsize;
use crate::sys::{self, Access, MapRequest, Sharing};
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// Most blocks of one run.
pub(super) const LONGEST_RUN: usize = 64;

/// Fixed-size blocks of memory that any thread takes and gives back without a lock.
///
/// *Units*: blocks of one size, a power of two from a page to 2 MiB. *Alignment*: each block is aligned to
/// its size (in a pool made [`over`](Self::over) a region, to what the region's start is). *Order*: the lowest free
/// block first, so that the pool stays dense; up to 16 blocks are kept ready out of that order, see
/// [`PoolOptions::slots`]. *RAM*: comes page by page as blocks are touched, stays with a block that is given
/// back, and returns to the system by [`trim`](Self::trim) or with the pool. Nothing is ever written into a
/// free block. *Cost*: no system call to take or give back; one locked instruction and one store for a
/// block that is ready, about two locked instructions otherwise.
///
/// *Threads*: `Sync`, lock-free, without thread-local storage. *Processes*: after `fork` a pool is a copy of its own in
/// the child; made with [`RegionOptions::shared`](crate::RegionOptions::shared), it is one pool that both
/// take from at once. A process that dies keeps the blocks that it had out; everything else goes on.
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
/// assert_eq!(pool.resident()?, 0);
/// # Ok::<(), region::PoolError>(())
/// ```
pub struct PagePool {
    /// The first block; with the provenance of the whole region.
    base: NonNull<u8>,
    /// The block size, as a logarithm.
    shift: u32,
    ledger: Ledger<MappedWords, WORD_LOG>,
    region: Region,
}

// SAFETY: `base` points into `region`, which is `Send`, as is the ledger's own mapping; neither is tied to
// the thread that made it.
unsafe impl Send for PagePool {}
// SAFETY: through a shared pool threads reach atomics, and blocks that the ledger hands to one of them at a
// time (its models prove that), with the last owner's writes made visible to the next.
unsafe impl Sync for PagePool {}

impl PagePool {
    /// A pool of `capacity` blocks of `block_size` bytes, in memory of its own.
    ///
    /// Address space only: RAM comes as blocks are touched. One mapping for the blocks, one for the ledger
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

    /// Joins a region of at least `capacity` writable blocks with a ledger of its own kind.
    pub(super) fn assemble(
        mut region: Region,
        (block_size, capacity): (usize, usize),
        slots: usize,
        dirty: bool,
    ) -> Result<Self, PoolError> {
        let plan = Plan::new(WORD_LOG, capacity, slots);
        let ledger = Ledger::new(MappedWords::new(plan.words(), region.sharing())?, plan);
        if dirty {
            ledger.warm_up_all();
        }
        // SAFETY: a region's first byte is never at address 0.
        let base = unsafe { NonNull::new_unchecked(region.as_mut_ptr()) };
        Ok(PagePool { base, shift: block_size.trailing_zeros(), ledger, region })
    }

    /// Takes a block. Its bytes are whatever was left in it.
    ///
    /// # Errors
    /// `Exhausted` when every block was out at some instant during the call. Blocks that another thread's
    /// [`trim`](Self::trim) or [`take_many`](Self::take_many) has in hand count as out.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let pool = region::PagePool::new(4096, 8)?;
    /// let mut page = pool.take()?;
    /// page[..5].write_copy_of_slice(b"hello");
    /// # trait Old { fn write_copy_of_slice(&mut self, from: &[u8]); }
    /// # impl Old for [std::mem::MaybeUninit<u8>] {
    /// #     fn write_copy_of_slice(&mut self, from: &[u8]) {
    /// #         for (to, from) in self.iter_mut().zip(from) { to.write(*from); }
    /// #     }
    /// # }
    /// assert_eq!(pool.taken(), 1);
    /// drop(page);
    /// assert_eq!((pool.taken(), pool.warm()), (0, 1));
    /// # Ok::<(), region::PoolError>(())
    /// ```
    #[inline]
    pub fn take(&self) -> Result<Page<'_>, PoolError> {
        match self.ledger.take(super::stack_hint()) {
            Some(claim) => Ok(self.page(claim)),
            None => Err(self.refuse(PoolReason::Exhausted, 1)),
        }
    }

    /// Takes a block and sees that all of its bytes are zero.
    ///
    /// Costs a `memset` of the block if it was out before, and nothing if it was not or was trimmed since:
    /// those have the kernel's zeroes, and no RAM until they are touched.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    #[inline]
    pub fn take_zeroed(&self) -> Result<Page<'_, u8>, PoolError> {
        let claim = self.ledger.take(super::stack_hint()).ok_or(self.refuse(PoolReason::Exhausted, 1))?;
        let page = self.page(claim);
        if claim.warm {
            return Ok(page.zeroed());
        }
        // SAFETY: a block that is not warm has never been handed out, or not since its RAM was given back
        // to the kernel, which fills its pages with zeroes.
        Ok(unsafe { page.assume_init() })
    }

    /// Takes `count` blocks in a row, 1 to 64, the lowest there are, as one page.
    ///
    /// Looks at every word of the ledger up to the run (64 blocks a word); empties the ready slots when
    /// their blocks may be what is missing. Runs that cross a word boundary are taken in two steps, so two
    /// threads that want the last blocks at once may each be in the other's way for a moment.
    ///
    /// # Errors
    /// `Count` when `count` is not 1 to 64; `Exhausted` when fewer blocks are free; `Fragmented` when they
    /// are not side by side.
    pub fn take_many(&self, count: usize) -> Result<Page<'_>, PoolError> {
        self.take_run(count, |_| ())
    }

    /// Takes `count` blocks in a row, 1 to 64, and sees that all of their bytes are zero.
    ///
    /// # Errors
    /// As [`take_many`](Self::take_many).
    pub fn take_many_zeroed(&self, count: usize) -> Result<Page<'_, u8>, PoolError> {
        let page = self.take_run(count, |block| {
            // SAFETY: the block is one of the run that the ledger has just given to this call alone.
            unsafe { self.block(block).write_bytes(0, self.block_size()) }
        })?;
        // SAFETY: the blocks that were warm have been zeroed above; the others have the kernel's zeroes.
        Ok(unsafe { page.assume_init() })
    }

    fn take_run(&self, count: usize, dirty: impl FnMut(usize)) -> Result<Page<'_>, PoolError> {
        if count == 0 || count > LONGEST_RUN {
            return Err(self.refuse(PoolReason::Count, count));
        }
        match self.ledger.take_run(count, dirty) {
            // SAFETY: the ledger has given this run to this call alone, and it lies inside the pool.
            Some(start) => Ok(unsafe { Page::new(self, self.block(start).cast(), count, None) }),
            None if self.capacity() - self.taken() < count => Err(self.refuse(PoolReason::Exhausted, count)),
            None => Err(self.refuse(PoolReason::Fragmented, count)),
        }
    }

    /// Gives a block back by its address, for callers that cannot keep a [`Page`].
    ///
    /// # Safety
    /// If the block is out, it must be the caller's: from [`Page::into_raw`], with nothing referring into it any
    /// more. Pointers that cannot be right are refused rather than trusted.
    ///
    /// # Errors
    /// `Foreign`, `Misaligned`, or `NotOut` for a block that is free: a second return is noticed unless
    /// somebody has taken the block again in between. Nothing has changed then.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use region::{PagePool, PoolReason};
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
        match self.ledger.give_checked(at, super::stack_hint()) {
            true => Ok(()),
            false => Err(self.refuse(PoolReason::NotOut, block.addr())),
        }
    }

    /// Gives `count` blocks in a row back by the address of the first.
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
    /// Other threads may take and give all the while: the blocks in work are out for the time of one
    /// `madvise(2)` (`MADV_DONTNEED`; in shared memory `MADV_REMOVE`), at most 64 at a time. One call per
    /// run of free warm blocks, and per 64 of them.
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

    /// Number of blocks that are out. Exact while nobody takes or gives; reads one word per 64 blocks.
    pub fn taken(&self) -> usize {
        self.ledger.taken()
    }

    /// Number of free blocks that were out since their RAM was last given back, and so may hold RAM and old
    /// bytes. Exact while nobody takes or gives; reads two words per 64 blocks.
    pub fn warm(&self) -> usize {
        self.ledger.warm()
    }

    /// Bytes of all blocks that are in RAM now, by `mincore(2)`; one call per 4 MiB.
    ///
    /// # Errors
    /// When the kernel refuses (ENOSYS in some sandboxes).
    pub fn resident(&self) -> Result<usize, Error> {
        self.region.resident_bytes()
    }

    /// The first byte of a block.
    fn block(&self, at: usize) -> NonNull<u8> {
        // SAFETY: every number that the ledger gives out is below the capacity, and the region holds that
        // many blocks from `base` on.
        unsafe { self.base.add(at << self.shift) }
    }

    #[inline]
    fn page(&self, claim: Claim) -> Page<'_> {
        // SAFETY: the ledger has given this block to this call alone, and it lies inside the pool.
        unsafe { Page::new(self, self.block(claim.block).cast::<MaybeUninit<u8>>(), 1, claim.slot) }
    }

    /// Takes back the block at `base`, which its page owned.
    #[inline]
    pub(super) fn give_page(&self, base: NonNull<u8>, count: usize, slot: Option<usize>) {
        let block = (base.addr().get() - self.base.addr().get()) >> self.shift;
        match count {
            1 => self.ledger.give(block, slot),
            _ => self.ledger.give_run(block, count),
        }
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

    /// The slot of the block at an address that somebody says is out, checked.
    pub(super) fn slot_of_run(&self, address: usize, count: usize) -> Result<Option<usize>, PoolError> {
        let start = self.locate_run(address, count)?;
        let mut slot = None;
        for block in start..start + count {
            slot = match self.ledger.slot_of(block, super::stack_hint()) {
                // A run is never in slots: this one was put together from single blocks.
                Ok(Some(_)) if count > 1 => return Err(self.refuse(PoolReason::Count, count)),
                Ok(slot) => slot,
                Err(()) => return Err(self.refuse(PoolReason::NotOut, address)),
            };
        }
        Ok(slot)
    }

    #[cold]
    fn refuse(&self, reason: PoolReason, subject: usize) -> PoolError {
        PoolError::new(reason, (self.block_size(), self.capacity()), subject)
    }
}

/// All figures, a line each. Exact while nobody takes or gives.
impl fmt::Display for PagePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, capacity) = (self.block_size(), self.capacity());
        let mut report = Report::new(f, format_args!("page pool of {capacity} blocks of {}", Bytes(size)))?;
        report.part("taken", self.taken() * size, capacity * size)?;
        report.part("warm", self.warm() * size, capacity * size)?;
        match self.resident() {
            Ok(resident) => report.part("resident", resident, capacity * size)?,
            Err(error) => report.line("resident", format_args!("unknown: {error}"))?,
        }
        report.bytes("reserved", capacity * size)
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
struct MappedWords {
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
