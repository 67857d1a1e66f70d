//! A cage as the memory of arenas: which run of units a block gets, and when its RAM comes and goes.
//!
//! Finding a run is in [`units`](super::units). What a block has of the system it has as a mapped one has.

use super::Cage;
use super::space::{Mounted, Space};
use super::units::Run;
use crate::arena::backing::{self as mapped, Tag};
use crate::arena::{Arena, Backing, Block};
use crate::bump::{pad_to, round_up};
use crate::error::{AllocError, AllocReason, Error};
use crate::policy::{CAGE_BLOCK, CAGE_HUGE, CAGE_UNIT, FIRST_BLOCK, HUGE_PAGE, PROTECT_STEP, STEP_MOST};
use crate::sys::{self, Advice};
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;

/// The [`Backing`] of arenas in the cage `C`: it has no bytes, as the cage is found by its type.
///
/// ```
/// use region::Arena;
/// use region::cage::{Caged, Ref32};
///
/// region::cage! { struct Ast; }
/// let arena: Arena<8, Caged<Ast>> = Arena::new_in(Caged::new());
/// let link = Ref32::<_, Ast>::new_in(7u64, &arena);
/// assert_eq!((*link, size_of_val(&link)), (7, 4));
/// ```
///
/// *Cost*: an arena's first block is 64 KiB of addresses, each further one twice the last, up to 64 MiB; a value that is
/// longer has a block of its length. A small arena takes the block that the last one of its thread left; others search
/// the cage's words. A system call comes where RAM comes or goes back. *RAM* comes as
/// [`Mapped`](crate::backing::Mapped) has it come; up to 64 MiB of dropped arenas' RAM stays for the next ones in the cage.
/// *Threads*: `Send` and `Sync`. *Fork*: a child has a copy of all.
pub struct Caged<C>(PhantomData<fn() -> C>);

impl<C: Cage> Caged<C> {
    /// Makes no system call.
    #[must_use]
    pub const fn new() -> Self {
        Caged(PhantomData)
    }
}

impl<C> Clone for Caged<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Caged<C> {}

impl<C: Cage> Default for Caged<C> {
    fn default() -> Self {
        Caged::new()
    }
}

impl<C: Cage> fmt::Debug for Caged<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caged<{}>", C::space().name())
    }
}

/// Arenas whose values [`Ref32`](super::Ref32) and its like lead to.
pub type CageArena<C, const MIN_ALIGN: usize = 8> = Arena<MIN_ALIGN, Caged<C>>;

// SAFETY: each block is a run of units that the cage's words give to one taker until it is released. They lie in a
// mapping that is never unmapped, readable and writable from the start or, as far as `ready` says, since `commit`. What
// lies above `dirty` was never written since it was mapped or since its pages were given back: kept units are marked
// before they are free again.
unsafe impl<C: Cage> Backing for Caged<C> {
    #[inline]
    fn acquire_at_once(&self, layout: Layout) -> Option<Block> {
        if layout.size() > CAGE_UNIT || layout.align() > CAGE_UNIT {
            return None;
        }
        let mounted = C::space().mounted()?;
        let run = mounted.take_waiting()?;
        Some(Block {
            start: mounted.start_of(run.start),
            len: CAGE_UNIT,
            ready: CAGE_UNIT,
            dirty: CAGE_UNIT,
            tag: Tag::OTHER,
        })
    }

    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        let reason = match C::space().mount() {
            Ok(mounted) => match acquire(C::space(), mounted, layout, previous) {
                Ok(block) => return Ok(block),
                Err(full) => full,
            },
            Err(refused) => AllocReason::Os(refused),
        };
        Err(AllocError::new(layout.size(), reason))
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        let asked = need - block.ready;
        // SAFETY: the caller's promise, passed on; a block came from a cage that is mounted.
        unsafe { commit(mounted::<C>(), block, need) }.map_err(|error| AllocError::new(asked, AllocReason::Os(error)))
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        // SAFETY: the caller's promise, passed on.
        unsafe { mapped::decommit(block, keep) };
    }

    unsafe fn discard(&self, block: &Block, from: usize, len: usize) -> bool {
        // SAFETY: the caller's promise, passed on.
        unsafe { mapped::discard(block, from, len) }
    }

    unsafe fn release(&self, block: &Block) {
        // SAFETY: the caller's promise, passed on.
        unsafe { release(mounted::<C>(), block) };
    }

    /// All values of this type are of one cage.
    fn adopts(&self, _: &Self, _: &Block) -> bool {
        true
    }

    fn resident(&self, block: &Block) -> usize {
        mapped::resident(block)
    }
}

/// The cage that a block came from.
///
/// # Safety
/// A block of it is out, so it is mounted.
#[inline]
unsafe fn mounted<C: Cage>() -> Mounted {
    // SAFETY: whoever handed the block out had mounted the cage.
    unsafe { C::space().mounted().unwrap_unchecked() }
}

/// Units to ask for, for a value that needs `need` of them, after a block of `previous` bytes in a cage of `capacity`
/// units.
fn wanted(need: usize, previous: usize, capacity: usize) -> usize {
    // A small cage is not for one arena.
    let most = (CAGE_BLOCK / CAGE_UNIT).min(capacity / 16).max(1);
    let next = (previous.saturating_mul(2) / CAGE_UNIT).clamp(1, most);
    if need == 1 || need <= next / 2 {
        return next;
    }
    // A longer value is perhaps a vector that grows, and each block that it leaves is copied.
    need + need.min(most)
}

#[inline(never)]
fn acquire(space: &Space, mounted: Mounted, layout: Layout, previous: usize) -> Result<Block, AllocReason> {
    // Units begin at a multiple of their size.
    let slack = layout.align().saturating_sub(CAGE_UNIT);
    let full = AllocReason::Cage(space.full(mounted));
    let bytes = layout.size().checked_add(slack).filter(|&bytes| bytes <= mounted.len()).ok_or(full)?;
    let need = bytes.div_ceil(CAGE_UNIT).max(1);
    let mut want = wanted(need, previous, mounted.capacity());
    let run = loop {
        match mounted.take(want) {
            Some(run) => break run,
            None if want == need => return Err(full),
            None => want = (want / 2).max(need),
        }
    };
    Ok(block_of(mounted, run, previous > FIRST_BLOCK))
}

/// How many units so many bytes take.
pub(super) fn units_of(bytes: usize) -> usize {
    bytes.div_ceil(CAGE_UNIT)
}

/// As [`Backing::acquire`], of just `len` bytes, not 0: from unit `start` on if that is free, else anywhere.
pub(super) fn acquire_exactly(mounted: Mounted, start: Option<usize>, len: usize) -> Option<Block> {
    let count = units_of(len);
    let there = start.and_then(|start| mounted.take_exactly(start, count));
    let run = there.or_else(|| if count <= mounted.capacity() { mounted.take(count) } else { None })?;
    Some(block_of(mounted, run, true))
}

/// A block of units that were taken. `large` says that its RAM comes by commits, also that of its beginning.
fn block_of(mounted: Mounted, run: Run, large: bool) -> Block {
    let (start, len, dirty) = (mounted.start_of(run.start), run.count * CAGE_UNIT, run.dirty * CAGE_UNIT);
    // Kept units may be written, and so may all of a cage that is not protected: then a small arena's first bytes come at
    // their first touch, and `commit` brings in the rest.
    let lazy = if mounted.is_protected() || large { 0 } else { FIRST_BLOCK };
    // Kept units are not always the first of a run, and those before them may lack access.
    let ready = if mounted.is_protected() { 0 } else { dirty.max(lazy) };
    let mut tag = Tag::OTHER | if mounted.is_protected() { Tag::PROTECTED } else { 0 };
    if len >= CAGE_HUGE && !mounted.is_protected() {
        // SAFETY: the block's pages, which nothing uses yet; advice of this kind changes none.
        let _ = unsafe { sys::advise(start, len, Advice::HugePage) };
        tag |= Tag::ADVISED;
    }
    Block { start, len, ready, dirty, tag }
}

/// # Safety
/// As for [`Backing::commit`].
#[inline(never)]
unsafe fn commit(mounted: Mounted, block: &mut Block, need: usize) -> Result<(), Error> {
    debug_assert!(need > block.ready && need <= block.len);
    let asked = need - block.ready;
    let mut goal = goal(mounted, block, need);
    // SAFETY: `ready < need <= goal <= len`, whole pages of the block, which is ours and on loan; populating keeps every
    // byte.
    unsafe {
        if mounted.is_protected() {
            goal = mapped::give_access(block, goal, need)?;
        } else if asked <= STEP_MOST {
            // What is longer may never be written in full: its RAM comes at first touch.
            sys::populate(block.start.add(block.ready), goal - block.ready);
        }
    }
    block.ready = goal;
    Ok(())
}

/// How far to make a block usable when `need` bytes of it are needed: whole pages, at most all of it.
fn goal(mounted: Mounted, block: &Block, need: usize) -> usize {
    // The arena had about half as much in the blocks before.
    let step = ((block.len / 2).saturating_add(need) / 8).min(STEP_MOST);
    let small = pad_to(block.start.addr().get(), HUGE_PAGE);
    let goal = if mounted.is_protected() {
        need.saturating_add(step.min(PROTECT_STEP))
    } else if !Tag(block.tag).has(Tag::ADVISED) {
        need.saturating_add(step)
    } else if need <= small {
        (need + step).min(small)
    } else {
        small + round_up(need - small, HUGE_PAGE)
    };
    round_up(goal.min(block.len), sys::page_size()).min(block.len)
}

/// # Safety
/// As for [`Backing::release`].
#[inline(never)]
unsafe fn release(mounted: Mounted, block: &Block) {
    if Tag(block.tag).has(Tag::ADVISED) {
        // SAFETY: the block's pages, which nothing uses any more; advice of this kind changes none.
        let _ = unsafe { sys::advise(block.start, block.len, Advice::NoHugePage) };
    }
    let run = Run {
        start: mounted.number_of(block.start),
        count: block.len / CAGE_UNIT,
        // RAM ahead of the values counts, too.
        dirty: mapped::touched(block).div_ceil(CAGE_UNIT),
    };
    // SAFETY: the units are those that `acquire` took, and nothing uses them, as the caller promises.
    unsafe {
        // One that waits is called ready and dirty as a whole.
        if !(block.ready == CAGE_UNIT && mounted.give_waiting(run)) {
            mounted.give(run);
        }
    }
}
