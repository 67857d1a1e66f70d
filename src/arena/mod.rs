//! Arenas: values of any type, one bump of a pointer each, all given back at once.
//!
//! | you have | you take |
//! |---|---|
//! | values that are freed together | [`Arena`] |
//! | values that end before the arena does | [`Arena::scoped`], [`Scope`], [`ScopeGuard`] |
//! | scratch memory while values of the arena are borrowed | [`Arena::claim`], `Claim` |
//! | a position to go back to, without a closure | [`Mark`] |
//! | an arena and a tree in it as one value | [`Owned`], [`root!`](crate::root) |
//! | such a tree, to live as long as another arena from now on | [`Arena::adopt`] |
//! | an arena per thread | `ArenaPool`, `PooledArena`, `Member` |
//! | an arena in a file | `FileArena` |
//! | a file whose bytes go into an arena | `Arena::alloc_file`, `Arena::alloc_fd` |
//!
//! An arena never runs `Drop` of what it holds, and is used by one thread at a time. Where its memory comes from is in
//! [`backing`](crate::backing); what owns its values, in [`collections`](crate::collections).
//!
//! ```
//! let mut arena = region::Arena::new();
//! let sum: u64 = arena.scoped(|scope| scope.alloc_slice_fill_iter(0..1000u64).iter().sum());
//! assert_eq!((sum, arena.used()), (499_500, 0));
//! ```

// ```text
//  block.start         base     cur           end                     start + len
//  │ link to the last block │ values │ usable now │ reserved, no RAM yet │
// ```
//
// This file holds the arena's state, its fast path and its one slow path. Around it:
//
// - `making`: new arenas, by what they begin with.
// - `value`, `slice`, `text`, `zeroed`, `growing`: the ways to allocate, by what is allocated. `reading`: files.
//   `formatting`: the arena's error where `fmt::Error` has no place for it.
// - `resize`: raw blocks that grow in place; `foreign`: the same of blocks that another arena may have made.
//   `allocator`: the traits by which collections live in an arena.
// - `blocks`: the stack of blocks: entering and leaving. `mark`: positions, and rewinding to them. `scope`: rewinding made
//   safe by lifetimes. `claim`: the same while values are borrowed.
// - `owned`: an arena and what refers into it, in one value. `adopt`: its blocks moved into another arena. `file`: an
//   arena in a file, to be opened again.
// - `pool`, `member`: arenas for many threads, kept warm. `stats`: what an arena holds and costs. `chunks`: its blocks,
//   and bumpalo's names for such things. `backing`: where its memory comes from. `supply`: whose backing that is.
//
// One thread at a time uses an arena (`.sync.arena`). The arithmetic is in `crate::bump`.

#[cfg(feature = "capi")]
mod address;
#[cfg(not(region_staticlib))]
mod adopt;
#[cfg(any(feature = "allocator-api2-02", feature = "allocator-api2-04", region_nightly))]
pub(crate) mod allocator;
pub(crate) mod backing;
mod blocks;
mod chunks;
#[cfg(not(region_staticlib))]
mod claim;
#[cfg(all(feature = "os", unix, not(loom), target_has_atomic = "64"))]
pub(crate) mod file;
#[cfg(not(region_staticlib))]
mod foreign;
pub(crate) mod formatting;
mod growing;
mod making;
mod mark;
#[cfg(all(feature = "os", any(unix, windows)))]
mod member;
#[cfg(all(loom, test))]
pub(crate) mod models;
#[cfg(not(region_staticlib))]
mod owned;
#[cfg(all(feature = "os", any(unix, windows)))]
mod pool;
#[cfg(all(feature = "os", any(unix, windows)))]
pub(crate) mod reading;
mod resize;
mod scope;
mod slice;
mod stats;
mod supply;
mod text;
mod value;
mod zeroed;

// Public in `backing` and `cache`, or in the root.
#[cfg(not(region_staticlib))]
pub use adopt::AdoptError;
#[cfg(all(feature = "os", any(unix, windows)))]
pub(crate) use backing::Mapped;
pub(crate) use backing::{Backing, Block, Buffer, DefaultBacking};
pub use chunks::{ChunkIter, ChunkRawIter};
#[cfg(not(region_staticlib))]
pub use claim::Claim;
#[cfg(all(feature = "os", unix, not(loom), target_has_atomic = "64"))]
pub use file::FileArena;
pub use mark::Mark;
#[cfg(all(feature = "os", any(unix, windows)))]
pub use member::Member;
#[cfg(not(region_staticlib))]
pub use owned::{Owned, Root};
#[cfg(all(feature = "os", any(unix, windows)))]
pub use pool::{ArenaPool, ArenaPoolStats, PooledArena};
#[cfg(all(feature = "os", any(unix, windows)))]
pub use reading::{Padded, ReadError};
pub use scope::{Scope, ScopeGuard};
pub use stats::ArenaStats;
pub use zeroed::Zeroable;

use crate::bump::{self, round_down, round_up};
use crate::checkers::{self, Contents};
use crate::error::failure::Failure;
use crate::error::{AllocError, AllocReason};
use crate::policy::FIRST_BLOCK;
use crate::sync::one_thread::one_thread;
use backing::checked;
use blocks::Link;
use core::alloc::Layout;
use core::cell::Cell;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;
use supply::Supply;

/// Bump allocation: values of any type, each allocated by an addition and a comparison, freed together.
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
/// *Alignment*: every start is a multiple of `MIN_ALIGN` (a power of two, 8 by default); sizes
/// are rounded up to it. 1 packs strings, 16 serves SIMD. *Backing*: `B` says where memory comes from;
/// mapped memory by default.
///
/// *Lifetime*: references live as long as the borrow of the arena; what can end them early
/// ([`reset`](Self::reset), [scopes](Self::scoped)) takes `&mut self`. `Drop` of the values never runs.
///
/// *Errors*: the plain methods panic when memory cannot be had, as `Vec` aborts; every one has a `try_` form
/// that returns an [`AllocError`] and never panics. In both cases the arena and its values are unchanged.
/// What reads a file reports in any case, and has no other form.
///
/// *Cost*: seven instructions and one branch for a `u64`; a system call only when more RAM must be brought
/// in. *Threads*: `Send`, not `Sync`.
// Invariants:
// - `cur <= end`, both multiples of `MIN_ALIGN` inside the current block, and not in the address space's last page. The
//   bytes between them are usable, and handed out to no one.
// - Without a block, `cur`, `end` and `base` are one address, `MIN_ALIGN`, and every other word is zero unless a limit
//   was set. In memory of zeroes that address is null. That is an empty arena too if zeroes are its backing. The C ABI
//   makes arenas so, and never asks them for zero bytes, whose address would be null.
// - While it is claimed, `cur == end` and nothing changes: the rest is as when the claim began. The claim has the
//   spare.
// - `base..cur` was handed out since the last rewind; `base..end` lies within the block's `ready` bytes and below the
//   limit.
// - If `cur <= noted`, the block's `dirty` and `peak` cover the cursor, no limit is set, the backing protects nothing and
//   no checker watches.
// - Every byte of the block at or above both `cur` and `block.start + block.dirty` is zero if it can be touched.
#[repr(C)]
pub struct Arena<const MIN_ALIGN: usize = 8, B: Backing = DefaultBacking> {
    // (`.bump.inline`)
    /// Where the next value starts. With `end`, the whole of the fast path.
    cur: Cell<*mut u8>,
    // (`.bump.cold`)
    /// The soft end: beyond it the slow path decides. It may lie before the end of the block.
    end: Cell<*mut u8>,
    /// The first address that the current block hands out.
    base: Cell<*mut u8>,
    /// The current block; none before the first.
    block: Cell<Option<Block>>,
    /// Leads from the current block to the one before; none in the first block.
    link: Cell<Option<NonNull<Link>>>,
    /// A block that a rewind left, for the next time that the arena needs another block.
    spare: Cell<Option<NonNull<Block>>>,
    // (`.bump.limit`)
    /// The complement of the most bytes that `used` may reach, so that zero means `usize::MAX` bytes, which
    /// cannot be reached.
    limit_complement: Cell<usize>,
    /// Most bytes in use before the last time that some were given back.
    peak: Cell<usize>,
    /// A rewind from a cursor at or below this address only moves the cursor.
    #[cfg(not(region_staticlib))]
    noted: Cell<*mut u8>,
    /// Bytes in front of and behind values for alignment. Release builds do not count: it would be one more
    /// addition for every value.
    #[cfg(debug_assertions)]
    wasted: Cell<usize>,
    /// Where the memory comes from.
    supply: Supply<B>,
}

// The fast path outside of Rust reads these two words and nothing else (`.c.prefix`).
const _: () = assert!(core::mem::offset_of!(Arena<8, Buffer<'static>>, cur) == 0);
const _: () = assert!(core::mem::offset_of!(Arena<8, Buffer<'static>>, end) == size_of::<usize>());

// SAFETY: the pointers are into blocks that the backing gave to this arena alone, and a backing that is
// `Send` may be used from another thread with them. References to the values borrow the arena, so none
// exists when it is moved.
unsafe impl<const MIN_ALIGN: usize, B: Backing + Send> Send for Arena<MIN_ALIGN, B> {}
// (`.sync.arena`)
one_thread!([const MIN_ALIGN: usize, B: Backing] Arena<MIN_ALIGN, B>);

// An arena is consistent after every panic. Callers' code (a closure, an iterator, a `Display`) runs between the
// steps of an allocation. If it panics, the memory is given back or stays allocated. No method of a backing panics.
impl<const MIN_ALIGN: usize, B: Backing> UnwindSafe for Arena<MIN_ALIGN, B> {}
impl<const MIN_ALIGN: usize, B: Backing> RefUnwindSafe for Arena<MIN_ALIGN, B> {}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// An address that is never touched, for an arena without a block. Aligned to `MIN_ALIGN`.
    const NOWHERE: *mut u8 = dangling(MIN_ALIGN).as_ptr();

    /// A wrong `MIN_ALIGN` fails here, at compile time. It is at most a page because mapped blocks start at a page.
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
            limit_complement: Cell::new(0),
            peak: Cell::new(0),
            #[cfg(not(region_staticlib))]
            noted: Cell::new(core::ptr::null_mut()),
            #[cfg(debug_assertions)]
            wasted: Cell::new(0),
            supply: Supply::own(backing),
        }
    }

    /// Where the arena's memory comes from.
    #[inline(always)]
    pub fn backing(&self) -> &B {
        self.supply.get()
    }

    /// The arena itself: what [`Scope`] has under the same name.
    #[inline(always)]
    pub(crate) fn as_arena(&self) -> &Self {
        self
    }

    /// Whether there is a claim of the arena, which may have been leaked. For slow paths.
    #[inline(always)]
    fn is_claimed(&self) -> bool {
        self.supply.is_claimed()
    }

    /// Why an arena that is claimed refuses.
    fn why_claimed(&self) -> AllocReason {
        if self.supply.is_adopted() { AllocReason::Adopted } else { AllocReason::Claimed }
    }

    /// Most bytes that [`used`](Self::used) may reach; `usize::MAX` unless set.
    pub fn limit(&self) -> usize {
        !self.limit_complement.get()
    }

    /// Lets [`used`](Self::used) reach `bytes` and not one more. Values that are in use already stay.
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
        if bytes == self.limit() {
            return;
        }
        self.limit_complement.set(!bytes);
        self.forget_noted();
        if !self.is_claimed() {
            self.set_end();
        }
    }

    /// The fast path: takes bytes for `layout` if they fit before the soft end.
    ///
    /// `KNOWN` as in [`bump::fit`].
    #[inline(always)]
    fn take<const KNOWN: bool>(&self, layout: Layout) -> Option<NonNull<u8>> {
        let cur = self.cur.get();
        let end = self.end.get().addr();
        let fit = bump::fit::<MIN_ALIGN, KNOWN>(cur.addr(), end, layout.size(), layout.align())?;
        // SAFETY: `fit.pad <= fit.advance <= end - cur` (its postcondition, property-tested), and `cur..end`
        // is inside one block that the backing gave to this arena (the arena's invariant). Without a block the
        // distance is zero, so nothing is added, and the cursor is `NOWHERE`.
        unsafe {
            self.advance(fit, layout);
            Some(NonNull::new_unchecked(cur.add(fit.pad)))
        }
    }

    /// Moves the cursor past a value. (Does not return the address: the caller would test it for null.)
    ///
    /// # Safety
    /// The next `fit.advance` bytes, if there are any, are in the current block and ready.
    #[inline(always)]
    unsafe fn advance(&self, fit: bump::Fit, layout: Layout) {
        self.count_waste(fit, layout);
        // SAFETY: the caller's promise.
        self.cur.set(unsafe { self.cur.get().add(fit.advance) });
    }

    /// Counts the bytes in front of and behind a value.
    #[inline(always)]
    fn count_waste(&self, fit: bump::Fit, layout: Layout) {
        #[cfg(debug_assertions)]
        self.wasted.set(self.wasted.get() + (fit.advance - layout.size()));
        let _ = (fit, layout);
    }

    /// Takes bytes for a layout whose size and alignment the compiler knows.
    #[inline(always)]
    #[track_caller]
    fn take_known<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error> {
        match self.take::<true>(layout) {
            Some(start) => Ok(start),
            None => self.refill::<F>(layout),
        }
    }

    /// Takes bytes for any layout.
    ///
    /// An alignment above `MIN_ALIGN` costs a branch and its padding arithmetic, and no call.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn take_any<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error> {
        // Two arms: a merged one would add a padding of zero in the usual case.
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

    /// The one slow path, for every form of every method.
    ///
    /// An arena's first block is entered right here: it is the only slow step of a small arena, and with a block from
    /// the cache it takes nanoseconds.
    // (`.bump.cold`, `.back.first-block`)
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn refill<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error> {
        if self.block.get().is_none() && layout.size() != 0 && layout.size() <= self.limit() && !self.is_claimed() {
            if let Some(whole) = Self::in_units(layout).filter(|whole| whole.size() <= FIRST_BLOCK) {
                if let Some(block) = checked::acquire_at_once(self.backing(), whole) {
                    if let Some(start) = self.begin_with(block, layout) {
                        return Ok(start);
                    }
                }
            }
        }
        self.refill_slowly::<F>(layout)
    }

    /// What is not an arena's first block, at hand.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn refill_slowly<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error> {
        if self.block.get().is_none() && layout.size() != 0 && layout.size() <= self.limit() && !self.is_claimed() {
            if let Some(whole) = Self::in_units(layout) {
                match checked::acquire(self.backing(), whole, 0) {
                    Ok(block) => self.enter_first(block),
                    Err(error) => return Err(F::from(error.of(layout.size()))),
                }
            }
        }
        F::check(self.take_slowly(layout))
    }

    /// Makes `block` the arena's first.
    #[inline]
    fn enter_first(&self, block: Block) {
        // Zero bytes: the cursor stays at the block's beginning.
        let _ = self.begin_with(block, Layout::new::<()>());
    }

    /// Makes `block` the arena's first, and takes bytes for `layout` in it if they are usable.
    ///
    /// The cursor is stored once: stores are what the life of a small arena consists of.
    #[inline(always)]
    fn begin_with(&self, block: Block, layout: Layout) -> Option<NonNull<u8>> {
        let pad = bump::pad_to(block.start.addr().get(), MIN_ALIGN);
        // SAFETY: the padding for `MIN_ALIGN` lies inside the block, as the value that it was acquired for lies behind
        // it.
        let base = unsafe { block.start.add(pad) };
        self.block.set(Some(block));
        self.base.set(base.as_ptr());
        // The result of `set_end` for a block that starts aligned, in the lower half of the address space, and
        // without a limit. Here it is two branches that are predicted. `set_end` is a chain of dependent
        // instructions, which a small arena waits for (new + 10 nodes + drop: 18.0 ns became 16.4).
        let ready = round_down(block.ready, MIN_ALIGN);
        checkers::poison(base, block.ready.saturating_sub(pad));
        let lower_half = (block.start.addr().get() | ready) <= usize::MAX / 4;
        if pad == 0 && lower_half && !checkers::watching() && ready <= self.limit() {
            // SAFETY: the first `ready` bytes are the block's.
            let end = unsafe { base.add(ready) };
            self.end.set(end.as_ptr());
            let (from, to) = (base.addr().get(), end.addr().get());
            if let Some(fit) = bump::fit::<MIN_ALIGN, false>(from, to, layout.size(), layout.align()) {
                // SAFETY: `fit.pad <= fit.advance <= end - base` (its postcondition), and these are bytes of the block.
                unsafe {
                    self.cur.set(base.add(fit.advance).as_ptr());
                    self.count_waste(fit, layout);
                    return Some(base.add(fit.pad));
                }
            }
            self.cur.set(base.as_ptr());
            return None;
        }
        self.cur.set(base.as_ptr());
        self.set_end();
        self.take::<false>(layout)
    }

    /// Takes bytes beyond the soft end: in this block, or in another.
    #[cold]
    #[inline(never)]
    fn take_slowly(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout.align()));
        }
        if self.is_claimed() {
            return Err(AllocError::new(layout.size(), self.why_claimed()));
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
                // The block before may still have space for smaller values.
                self.leave();
                self.set_end();
                Err(refused.err().unwrap_or(self.over_limit(layout)))
            }
        }
    }

    /// Takes bytes in the current block, making more of it usable; none when the block is too short.
    fn take_committing(&self, layout: Layout) -> Result<Option<NonNull<u8>>, AllocError> {
        let Some(block) = self.block.get() else { return Ok(None) };
        let cur = self.cur.get();
        let hard_end = self.hard_end(&block, block.len).max(cur.addr());
        match bump::fit::<MIN_ALIGN, false>(cur.addr(), hard_end, layout.size(), layout.align()) {
            Some(fit) => {
                self.commit_to(cur.addr() + fit.advance).map_err(|error| error.of(layout.size()))?;
                // SAFETY: the bytes up to the value's end lie before the hard end, and so in the block, and are ready
                // now.
                let start = unsafe {
                    self.advance(fit, layout);
                    NonNull::new_unchecked(cur.add(fit.pad))
                };
                self.set_end();
                checkers::unpoison(start, layout.size(), Contents::Uninitialized);
                Ok(Some(start))
            }
            // Another block would not help against the limit.
            None if hard_end < Self::end_without_limit(&block, block.len) => Err(self.over_limit(layout)),
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
            unsafe { checked::commit(self.backing(), block, need)? };
            // SAFETY: `had` bytes of the block were ready before.
            checkers::poison(unsafe { block.start.add(had) }, block.ready - had);
        }
        Ok(())
    }

    /// The address where the first `bytes` of the current block end for this arena: rounded down to
    /// `MIN_ALIGN`, and not beyond the limit.
    fn hard_end(&self, block: &Block, bytes: usize) -> usize {
        let allowed = self.limit().saturating_sub(self.used_before());
        let by_limit = self.base.get().addr().saturating_add(allowed);
        round_down(by_limit, MIN_ALIGN).min(Self::end_without_limit(block, bytes))
    }

    fn end_without_limit(block: &Block, bytes: usize) -> usize {
        let end = block.start.addr().get() + bytes;
        round_down(end.min(usize::MAX - bump::TOP), MIN_ALIGN)
    }

    /// Sets the soft end to the last address that is usable and within the limit, or to the cursor if that is higher.
    ///
    /// Under a checker it is the cursor, so that every value takes the slow path.
    fn set_end(&self) {
        let Some(block) = self.block.get() else { return };
        let cur = self.cur.get();
        let hard_end = if checkers::watching() { 0 } else { self.hard_end(&block, block.ready) };
        let room = hard_end.saturating_sub(cur.addr());
        // SAFETY: `cur + room` is the hard end, inside the block's ready bytes, or the cursor itself.
        self.end.set(unsafe { cur.add(room) });
    }

    /// Takes the last value back, if `start..start + size` is the last: the cursor returns to where it was
    /// `before` the value, padding included.
    #[inline]
    fn give_back_last(&self, before: *mut u8, start: NonNull<u8>, size: usize) {
        // A later block begins with a link, so the end of a value in one block is never the start of a value in the
        // next. Equal addresses mean that the value is the last one of the current block.
        if start.addr().get().wrapping_add(round_up(size, MIN_ALIGN)) == self.cur.get().addr() {
            #[cfg(debug_assertions)]
            self.wasted.set(self.wasted.get().saturating_sub(round_up(size, MIN_ALIGN) - size));
            let base = self.base.get();
            // If `before` is in another block, this one was entered for the value.
            self.rewind_cursor(if base <= before && before <= start.as_ptr() { before } else { base });
        }
    }
}

/// An aligned address that is never touched, for values without bytes and arenas without
/// blocks.
// (`.bump.zst`)
const fn dangling(align: usize) -> NonNull<u8> {
    // SAFETY: an alignment is at least 1, so the address is not null.
    unsafe { NonNull::new_unchecked(core::ptr::without_provenance_mut(align)) }
}
