//! Arenas: values of any type, one bump of a pointer each, all given back at once.
//!
//! ```text
//!  block.start      base            cur               end                     start + len
//!  │ link to the block below │ values │ room, usable now │ reserved, no RAM yet │
//! ```
//!
//! [`Arena`] is the type; this file holds its state, its fast path and its one slow path. Around it:
//!
//! - `bump`: the arithmetic, without `unsafe`. `failure`: one body for the panicking and the `try_` forms.
//! - `value`, `slice`, `text`, `zeroed`, `growing`: the ways to allocate, by what is allocated.
//! - `tip`: raw blocks that grow in place; `allocator`: the traits by which collections live in an arena.
//! - `blocks`: the stack of blocks: entering, leaving, rewinding. `scope`: rewinding made safe by lifetimes.
//! - `file`: an arena in a file, to be opened again.
//! - `pool`: arenas for many threads, kept warm. `figures`: what an arena holds and costs. `chunks`: its blocks,
//!   and bumpalo's names for such things. `backing`: where its memory comes from.
//!
//! An arena never runs `Drop` of what it holds, and is used by one thread at a time (`.sync.arena`).

#[cfg(any(feature = "allocator-api2-02", feature = "allocator-api2-04", region_nightly))]
mod allocator;
pub(crate) mod backing;
mod blocks;
pub(crate) mod bump;
mod chunks;
pub(crate) mod failure;
mod figures;
#[cfg(all(feature = "os", unix, not(loom), target_has_atomic = "64"))]
mod file;
mod growing;
#[cfg(feature = "capi")]
mod place;
#[cfg(all(feature = "os", unix, not(loom)))]
mod pool;
mod scope;
mod slice;
mod text;
mod tip;
mod value;
mod zeroed;

#[cfg(feature = "alloc")]
pub use backing::Heap;
pub use backing::{Backing, Block, Buffer, DefaultBacking, Spill, StackBuffer, StaticBuffer};
#[cfg(all(feature = "os", unix, not(loom)))]
pub use backing::{CacheFigures, Caching, Mapped, RegionBacking, cache_figures, set_caching, trim};
pub use blocks::Mark;
pub use chunks::{ChunkIter, ChunkRawIter};
#[cfg(all(feature = "os", unix, not(loom), target_has_atomic = "64"))]
pub use file::{FileArena, FileBacking};
#[cfg(all(feature = "os", unix, not(loom)))]
pub use pool::{ArenaPool, Member, PooledArena};
pub use scope::{Scope, ScopeGuard};
pub use zeroed::Zeroable;

use crate::checkers::{self, Holds};
use crate::error::{AllocError, AllocReason};
use blocks::Link;
use bump::{round_down, round_up};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;
use failure::Failure;
#[cfg(all(feature = "os", unix, not(loom)))]
use failure::{Panic, Report};

/// Bump allocation: values of any type for the price of an addition, freed together.
///
/// ```
/// let arena = region::Arena::new();                  // no system call yet
/// let name: &str = arena.alloc_str("x");
/// let pair: &mut (&str, u32) = arena.alloc((name, 7));
/// pair.1 += 1;
/// let list = arena.alloc_slice_fill_iter((0..3).map(|i| i * i));
/// assert_eq!((*pair, &*list), (("x", 8), &[0, 1, 4][..]));
/// // Dropping the arena gives the RAM back to the system.
/// ```
///
/// *Alignment*: every start is a multiple of `MIN_ALIGN` (a power of two, 8 unless told otherwise); sizes
/// are rounded up to it. 1 packs strings, 16 serves SIMD. *Backing*: `B` says where memory comes from;
/// mapped memory by default.
///
/// *Lifetime*: references live as long as the borrow of the arena; what can end them early
/// ([`reset`](Self::reset), [scopes](Self::scoped)) takes `&mut self`. `Drop` of the values never runs.
///
/// *Errors*: the plain methods panic when memory cannot be had, as `Vec` aborts; every one has a `try_` form
/// that returns an [`AllocError`] and never panics. Either way nothing is lost.
///
/// *Cost*: seven instructions and one branch for a `u64`; a system call only when more RAM must be brought
/// in. *Threads*: `Send`, not `Sync`.
///
/// # Invariants
/// - `cur <= end`, both multiples of `MIN_ALIGN` inside the current block, and not in the address space's
///   last page; what lies between them is usable, and handed out to no one.
/// - Without a block, `cur`, `end` and `base` are one address, `MIN_ALIGN`, and every other word is zero unless
///   a limit was set. In memory of zeroes that address is null, and it is an empty arena too if zeroes are its
///   backing: the C ABI makes arenas so, and never asks them for zero bytes, whose place would be null.
/// - `base..cur` was handed out since the last rewind; `base..end` lies within the block's `ready` bytes and
///   below the limit.
/// - Every byte of the block at or above both `cur` and `block.start + block.dirty` is zero if it can be
///   touched (`.back.zero`).
#[repr(C)]
pub struct Arena<const MIN_ALIGN: usize = 8, B: Backing = DefaultBacking> {
    /// Where the next value starts. With `end`, the whole of the fast path (`.bump.inline`).
    cur: Cell<*mut u8>,
    /// The soft end of the room (`.bump.cold`): beyond it lies the slow path, not necessarily the end.
    end: Cell<*mut u8>,
    /// The first address that the current block hands out.
    base: Cell<*mut u8>,
    /// The current block; none before the first.
    block: Cell<Option<Block>>,
    /// What leads from the current block to the one below; none in the first block.
    link: Cell<Option<NonNull<Link>>>,
    /// A block that a rewind left, to go on in.
    spare: Cell<Option<NonNull<Block>>>,
    /// Bytes used in the blocks below the current one.
    below: Cell<usize>,
    /// The complement of the most bytes that `used` may reach, so that zero means `usize::MAX` bytes, which
    /// cannot be reached (`.bump.limit`).
    not_limit: Cell<usize>,
    /// Most bytes in use before the last time that some were given back.
    peak: Cell<usize>,
    /// Bytes in front of and behind values for alignment. Release builds do not count: it would be one more
    /// addition for every value.
    #[cfg(debug_assertions)]
    wasted: Cell<usize>,
    backing: B,
}

// The fast path outside of Rust reads these two words and nothing else (`.c.prefix`).
const _: () = assert!(core::mem::offset_of!(Arena<8, Buffer<'static>>, cur) == 0);
const _: () = assert!(core::mem::offset_of!(Arena<8, Buffer<'static>>, end) == size_of::<usize>());

// SAFETY: the pointers are into blocks that the backing lends to this arena alone, and a backing that is
// `Send` may be used from another thread with them. References to the values borrow the arena, so none is
// left behind when it is moved.
unsafe impl<const MIN_ALIGN: usize, B: Backing + Send> Send for Arena<MIN_ALIGN, B> {}

#[cfg(all(feature = "os", unix, not(loom)))]
impl Arena {
    /// An empty arena in mapped memory. Makes no system call and takes no memory (`.back.lazy`).
    #[inline]
    pub const fn new() -> Self {
        Arena::new_in(Mapped::new())
    }

    /// An arena whose first block can hold `bytes` without asking the system for addresses again. RAM still
    /// comes as touched.
    ///
    /// # Panics
    /// When the addresses cannot be reserved.
    pub fn with_capacity(bytes: usize) -> Self {
        Self::with_min_align_and_capacity(bytes)
    }

    /// As [`with_capacity`](Self::with_capacity).
    ///
    /// # Errors
    /// When the addresses cannot be reserved.
    pub fn try_with_capacity(bytes: usize) -> Result<Self, AllocError> {
        Self::try_with_min_align_and_capacity(bytes)
    }

    /// An arena in one contiguous reservation of `bytes`, rounded up to whole pages, and nothing after it.
    /// Addresses only: RAM comes as touched, so a reservation may exceed it by far.
    ///
    /// # Errors
    /// When that much cannot be reserved; nothing smaller is tried.
    ///
    /// ```
    /// let arena = region::Arena::try_with_reservation(1 << 20)?;
    /// assert!(arena.try_alloc([0u8; 1 << 20]).is_ok());
    /// assert!(arena.try_alloc(1u8).is_err());
    /// # Ok::<(), region::AllocError>(())
    /// ```
    pub fn try_with_reservation(bytes: usize) -> Result<Arena, AllocError> {
        let arena = Arena::new_in(Mapped::exactly(bytes));
        arena.enter_first(arena.backing.acquire(Layout::new::<u8>(), 0)?);
        Ok(arena)
    }

    /// An arena that starts in the caller's `buffer` and goes on in mapped memory.
    pub fn with_buffer<'b>(buffer: impl Into<Buffer<'b>>) -> Arena<8, Spill<'b, Mapped>> {
        Arena::new_in(Spill::new(buffer.into(), Mapped::new()))
    }
}

#[cfg(all(feature = "os", unix, not(loom)))]
impl<const MIN_ALIGN: usize> Arena<MIN_ALIGN> {
    /// An empty arena in mapped memory whose values are aligned to `MIN_ALIGN` at least.
    ///
    /// ```
    /// let packed = region::Arena::<1>::with_min_align();
    /// packed.alloc_str("abc");
    /// packed.alloc_str("de");
    /// assert_eq!(packed.used(), 5);
    /// ```
    #[inline]
    pub const fn with_min_align() -> Self {
        Arena::new_in(Mapped::new())
    }

    /// As [`with_capacity`](Arena::with_capacity), for any `MIN_ALIGN`.
    ///
    /// # Panics
    /// When the addresses cannot be reserved.
    pub fn with_min_align_and_capacity(bytes: usize) -> Self {
        Panic::unwrap(Self::with_capacity_or::<Panic>(bytes))
    }

    /// As [`with_capacity`](Arena::with_capacity), for any `MIN_ALIGN`.
    ///
    /// # Errors
    /// When the addresses cannot be reserved.
    pub fn try_with_min_align_and_capacity(bytes: usize) -> Result<Self, AllocError> {
        Self::with_capacity_or::<Report>(bytes)
    }

    fn with_capacity_or<F: Failure>(bytes: usize) -> Result<Self, F::Error> {
        let arena = Self::with_min_align();
        if bytes != 0 {
            let layout = Layout::from_size_align(bytes, 1).ok().and_then(Self::in_units);
            let layout = layout.ok_or_else(|| F::from(AllocError::new(bytes, AllocReason::TooLarge)))?;
            arena.enter_first(arena.backing.acquire(layout, 0).map_err(F::from)?);
        }
        Ok(arena)
    }
}

impl<'b> Arena<8, Buffer<'b>> {
    /// An arena in the caller's bytes: a [`StackBuffer`], a [`StaticBuffer`] that was taken, or any slice of
    /// `MaybeUninit<u8>`. Makes no system call, ever; when the bytes are used up, allocations fail.
    pub fn from_buffer(buffer: impl Into<Buffer<'b>>) -> Self {
        Arena::new_in(buffer.into())
    }
}

#[cfg(all(feature = "os", unix, not(loom)))]
impl<const MIN_ALIGN: usize> Default for Arena<MIN_ALIGN> {
    fn default() -> Self {
        Arena::new_in(Mapped::new())
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// An address for nothing: aligned for any value that needs no more than `MIN_ALIGN`, never touched.
    const NOWHERE: *mut u8 = dangling(MIN_ALIGN).as_ptr();

    /// What a wrong `MIN_ALIGN` runs into, at compile time. A page bounds it because mapped blocks start
    /// at one.
    const CHECK: () = assert!(MIN_ALIGN.is_power_of_two() && MIN_ALIGN <= bump::TOP);

    /// An empty arena over any backing.
    #[inline]
    pub const fn new_in(backing: B) -> Self {
        const { Self::CHECK };
        Arena {
            cur: Cell::new(Self::NOWHERE),
            end: Cell::new(Self::NOWHERE),
            base: Cell::new(Self::NOWHERE),
            block: Cell::new(None),
            link: Cell::new(None),
            spare: Cell::new(None),
            below: Cell::new(0),
            not_limit: Cell::new(0),
            peak: Cell::new(0),
            #[cfg(debug_assertions)]
            wasted: Cell::new(0),
            backing,
        }
    }

    /// Where the arena's memory comes from.
    pub const fn backing(&self) -> &B {
        &self.backing
    }

    /// Most bytes that [`used`](Self::used) may reach; `usize::MAX` unless set.
    pub fn limit(&self) -> usize {
        !self.not_limit.get()
    }

    /// Lets [`used`](Self::used) reach `bytes` and not one more. What is in use already stays.
    ///
    /// Every byte counts that the cursor passes, alignment included, so with `MIN_ALIGN` above 1 a limit is
    /// rounded down to a multiple of it.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// arena.set_limit(16_384);
    /// assert!(arena.try_alloc([0u8; 16_384]).is_ok());
    /// assert!(arena.try_alloc(0u8).is_err());
    /// ```
    pub fn set_limit(&self, bytes: usize) {
        self.not_limit.set(!bytes);
        self.set_end();
    }

    /// The fast path: takes room for `layout` if there is any before the soft end.
    ///
    /// `KNOWN` as in [`bump::fit`].
    #[inline(always)]
    fn take<const KNOWN: bool>(&self, layout: Layout) -> Option<NonNull<u8>> {
        let cur = self.cur.get();
        let end = self.end.get().addr();
        let fit = bump::fit::<MIN_ALIGN, KNOWN>(cur.addr(), end, layout.size(), layout.align())?;
        // SAFETY: `fit.pad <= fit.advance <= end - cur` (its postcondition, property-tested), and `cur..end`
        // is inside one block that the backing lends us (the arena's invariant). With no block the
        // distance is zero, so are the bytes and what we add, and the cursor is `NOWHERE`.
        unsafe {
            self.advance(fit, layout);
            Some(NonNull::new_unchecked(cur.add(fit.pad)))
        }
    }

    /// Moves the cursor past a value. (Not its address, too: returned, it would be asked whether it is null.)
    ///
    /// # Safety
    /// The room is the arena's: the next `fit.advance` bytes, if they are any, are the current block's and ready.
    #[inline(always)]
    unsafe fn advance(&self, fit: bump::Fit, layout: Layout) {
        #[cfg(debug_assertions)]
        self.wasted.set(self.wasted.get() + (fit.advance - layout.size()));
        let _ = layout;
        // SAFETY: the caller's promise.
        self.cur.set(unsafe { self.cur.get().add(fit.advance) });
    }

    /// Takes room for a layout of which the compiler knows size and alignment.
    #[inline(always)]
    fn take_known<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error> {
        match self.take::<true>(layout) {
            Some(start) => Ok(start),
            None => self.refill::<F>(layout),
        }
    }

    /// Takes room for any layout.
    ///
    /// An alignment above `MIN_ALIGN` costs a branch and its padding arithmetic, and no call.
    #[inline(always)]
    fn take_any<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error> {
        // The two arms are kept apart: merged, the ordinary one would add a padding of zero.
        let start = if layout.align() <= MIN_ALIGN {
            match self.take::<false>(layout) {
                Some(start) => return Ok(start),
                None => None,
            }
        } else {
            self.take::<false>(layout)
        };
        match start {
            Some(start) => Ok(start),
            None => self.refill::<F>(layout),
        }
    }

    /// The one slow path, for every form of every method (`.bump.cold`).
    ///
    /// An arena's first block is entered right here: for a small arena that is the only slow thing in its
    /// life, and a block from the cache makes it a matter of nanoseconds (`.back.first-block`).
    #[cold]
    #[inline(never)]
    fn refill<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error> {
        if self.block.get().is_none() && layout.size() != 0 && layout.size() <= self.limit() {
            if let Some(whole) = Self::in_units(layout) {
                match self.backing.acquire(whole, 0) {
                    Ok(block) => self.enter_first(block),
                    Err(error) => return Err(F::from(error.of(layout.size()))),
                }
                if let Some(start) = self.take::<false>(layout) {
                    return Ok(start);
                }
            }
        }
        self.take_slowly(layout).map_err(F::from)
    }

    /// Makes `block` the arena's first.
    #[inline]
    fn enter_first(&self, block: Block) {
        let pad = bump::pad_to(block.start.addr().get(), MIN_ALIGN);
        // SAFETY: the block holds what it was acquired for behind the padding for `MIN_ALIGN`.
        let base = unsafe { block.start.add(pad) };
        self.block.set(Some(block));
        self.base.set(base.as_ptr());
        self.cur.set(base.as_ptr());
        // What `set_end` would work out for a block that starts aligned, in the lower half of the address
        // space, and with no limit in its way: as two branches that are predicted, where the general form is a
        // chain that the whole life of a small arena waits for (new + 10 nodes + drop: 18.0 ns became 16.4).
        let ready = round_down(block.ready, MIN_ALIGN);
        checkers::tell(base, block.ready.saturating_sub(pad), Holds::Nothing);
        let lower_half = (block.start.addr().get() | ready) <= usize::MAX / 4;
        if pad == 0 && lower_half && !checkers::watching() && ready <= self.limit() {
            // SAFETY: the first `ready` bytes are the block's.
            self.end.set(unsafe { base.add(ready) }.as_ptr());
        } else {
            self.set_end();
        }
    }

    /// Takes room beyond the soft end: further up in this block, or in another.
    #[cold]
    #[inline(never)]
    fn take_slowly(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout.align()));
        }
        if layout.size() > self.limit().saturating_sub(self.used()) {
            return Err(self.over_limit(layout));
        }
        if let Some(start) = self.take_committing(layout)? {
            return Ok(start);
        }
        self.enter_new_block(layout)?;
        match self.take_committing(layout) {
            Ok(Some(start)) => Ok(start),
            refused => {
                // The block before may still serve smaller values, up to its own end.
                self.leave();
                self.set_end();
                Err(refused.err().unwrap_or(self.over_limit(layout)))
            }
        }
    }

    /// Takes room in the current block, making more of it usable; none when the block is too short.
    fn take_committing(&self, layout: Layout) -> Result<Option<NonNull<u8>>, AllocError> {
        let Some(block) = self.block.get() else { return Ok(None) };
        let cur = self.cur.get();
        let wall = self.wall(&block, block.len).max(cur.addr());
        match bump::fit::<MIN_ALIGN, false>(cur.addr(), wall, layout.size(), layout.align()) {
            Some(fit) => {
                self.commit_to(cur.addr() + fit.advance).map_err(|error| error.of(layout.size()))?;
                // SAFETY: the bytes up to the value's end lie before the wall, and so in the block, and are ready now.
                let start = unsafe {
                    self.advance(fit, layout);
                    NonNull::new_unchecked(cur.add(fit.pad))
                };
                self.set_end();
                checkers::tell(start, layout.size(), Holds::Uninitialized);
                Ok(Some(start))
            }
            // Another block would not help against the limit.
            None if wall < Self::wall_without_limit(&block, block.len) => Err(self.over_limit(layout)),
            None => Ok(None),
        }
    }

    fn over_limit(&self, layout: Layout) -> AllocError {
        AllocError::new(layout.size(), AllocReason::Limit(self.limit()))
    }

    /// Makes the current block usable up to the address `to`, which lies in it.
    fn commit_to(&self, to: usize) -> Result<(), AllocError> {
        // SAFETY: the cell is this arena's, and nothing that is called here looks at it: no method of a backing
        // calls back into the arena.
        let Some(block) = (unsafe { &mut *self.block.as_ptr() }) else { return Ok(()) };
        let need = to - block.start.addr().get();
        let had = block.ready;
        if need > had {
            // SAFETY: the block is on loan from this backing, and `need` is at most its length.
            unsafe { self.backing.commit(block, need)? };
            // SAFETY: `had` bytes of the block were ready before.
            checkers::tell(unsafe { block.start.add(had) }, block.ready - had, Holds::Nothing);
        }
        Ok(())
    }

    /// The address where the first `bytes` of the current block end for this arena: rounded down to
    /// `MIN_ALIGN`, and not beyond the limit.
    fn wall(&self, block: &Block, bytes: usize) -> usize {
        let allowed = self.limit().saturating_sub(self.below.get());
        let by_limit = self.base.get().addr().saturating_add(allowed);
        round_down(by_limit, MIN_ALIGN).min(Self::wall_without_limit(block, bytes))
    }

    fn wall_without_limit(block: &Block, bytes: usize) -> usize {
        let end = block.start.addr().get() + bytes;
        round_down(end.min(usize::MAX - bump::TOP), MIN_ALIGN)
    }

    /// Sets the soft end to what is usable and allowed, and never below the cursor.
    ///
    /// Under a checker it is the cursor, so that the slow path sees every value.
    fn set_end(&self) {
        let Some(block) = self.block.get() else { return };
        let cur = self.cur.get();
        let wall = if checkers::watching() { 0 } else { self.wall(&block, block.ready) };
        let room = wall.saturating_sub(cur.addr());
        // SAFETY: `cur + room` is the wall, inside the block's ready bytes, or the cursor itself.
        self.end.set(unsafe { cur.add(room) });
    }

    /// Takes the last value back, if `start..start + size` is the last: the cursor returns to where it was
    /// `before` the value, padding included.
    #[inline]
    fn give_back_tip(&self, before: *mut u8, start: NonNull<u8>, size: usize) {
        // Blocks never touch at a value's end: a later block begins with a link, so equal addresses mean
        // that the value is the last one of the current block.
        if start.addr().get().wrapping_add(round_up(size, MIN_ALIGN)) == self.cur.get().addr() {
            #[cfg(debug_assertions)]
            self.wasted.set(self.wasted.get().saturating_sub(round_up(size, MIN_ALIGN) - size));
            let base = self.base.get();
            // A cursor in another block means that this one was entered for the value.
            self.lower(if base <= before && before <= start.as_ptr() { before } else { base });
        }
    }

    /// Moves the cursor down to `to`, a cursor position of the current block, and remembers how far the
    /// block was written (`.back.zero`).
    #[inline]
    fn lower(&self, to: *mut u8) {
        // In place: written back as a whole, the next look at the block would wait for the store.
        // SAFETY: the cell is this arena's, and nothing that is called here looks at it: no method of a backing
        // calls back into the arena.
        let Some(block) = (unsafe { &mut *self.block.as_ptr() }) else { return };
        let used = self.cur.get().addr() - block.start.addr().get();
        block.dirty = block.dirty.max(used);
        self.note_peak();
        let keep = to.addr() - block.start.addr().get();
        // A mark may lie above the cursor: the last value before it has grown since, and left for another block.
        // SAFETY: `to` is a cursor position of the block: inside it.
        checkers::tell(unsafe { block.start.add(keep) }, used.saturating_sub(keep), Holds::Nothing);
        let ready = block.ready;
        // SAFETY: the block is on loan, and whoever lowers the cursor vouches that nobody uses what is above.
        unsafe { self.backing.retire(block, keep) };
        if block.ready < ready {
            // Without access these bytes need no mark, and what is mapped there next must not find one.
            // SAFETY: as many bytes of the block were ready before.
            checkers::tell(unsafe { block.start.add(block.ready) }, ready - block.ready, Holds::Bytes);
        }
        let withdrawn = block.ready != ready;
        self.cur.set(to);
        // The soft end stays above the cursor when a limit falls below it, so the room that opens here may
        // be beyond the limit.
        if self.not_limit.get() != 0 || withdrawn || checkers::watching() {
            self.set_end();
        }
    }
}

/// An aligned address that is never touched, for values without bytes (`.bump.zst`) and arenas without
/// blocks.
const fn dangling(align: usize) -> NonNull<u8> {
    // SAFETY: an alignment is at least 1, so the address is not null.
    unsafe { NonNull::new_unchecked(core::ptr::without_provenance_mut(align)) }
}
