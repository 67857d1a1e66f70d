//! The process-wide cache of blocks: arenas start warm (`.back.first-block`, `.back.cache`).
//!
//! Making and dropping a small arena would otherwise be a mapping each time: 4.7 µs for map, first touch and
//! unmap. The cache keeps up to [`FIRST_BLOCKS`] first blocks of 64 KiB and up to [`REGIONS`] regions with
//! at most [`WARM_REGION`] bytes in RAM each, and for rows up to [`LONG_REGIONS`] longer ones; everything else
//! goes back to the system at once. It is three shelves in `static`s: lock-free, no thread-local storage, and a child
//! of fork has its own copy of both the shelves and the blocks.

use super::Block;
use crate::pool::shelf::{AnyShelf, Claim, Shelf};
use crate::pool::stack_hint;
use crate::sync::global::{AtomicUsize, Ordering};
use core::fmt;

/// Most first blocks that are kept, or out and to be kept: 1 MiB of RAM in all.
pub(super) const FIRST_BLOCKS: usize = 16;
/// Most regions that are kept, or out and to be kept.
pub(super) const REGIONS: usize = 8;
/// Most regions of rows, on a shelf of their own: rows that live long would hold arenas' places.
pub(super) const LONG_REGIONS: usize = 4;
/// Whether there are rows: C programs have none, and the archive saves the code of their shelf.
pub(super) const HAS_ROWS: bool = cfg!(not(region_staticlib));
/// Most RAM of a kept region: its runway and one huge page. Every region that an arena of 1 to 2 MiB needs
/// is within it; with less, such an arena would pay a huge-page fault (72–115 µs) each time.
pub(super) const WARM_REGION: usize = super::mapped::RUNWAY + crate::sys::HUGE_PAGE;

/// Whether arenas' blocks are kept for the next arena, or returned to the system at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caching {
    /// Kept, within the bounds that [`trim`] names. The default.
    On,
    /// Returned at once, and every new arena maps anew. What is kept already stays until [`trim`].
    Off,
}

/// Bits of a [`Setting`] word.
const OFF: usize = 1;

/// The setting: 0 is on. Feature `no-cache` builds it off for good.
static SETTING: AtomicUsize = AtomicUsize::new(if cfg!(feature = "no-cache") { OFF } else { 0 });

/// A shelf of blocks and which arenas may use it.
pub(super) struct Kept<S: ?Sized>(S);

/// A shelf of any number of blocks: what is seldom called is made once for all.
pub(super) type AnyKept = Kept<AnyShelf<Stored>>;

/// A block on a shelf.
#[derive(Clone, Copy)]
pub(super) struct Stored(Block);

// SAFETY: a block is a range of memory that nobody uses; which thread unmaps or uses it does not matter.
unsafe impl Send for Stored {}

/// First blocks.
pub(super) static FIRST: Kept<Shelf<Stored, FIRST_BLOCKS>> = Kept(Shelf::new());
/// Regions of the first rung.
pub(super) static REGION: Kept<Shelf<Stored, REGIONS>> = Kept(Shelf::new());
/// Regions of the second rung.
pub(super) static LONG: Kept<Shelf<Stored, LONG_REGIONS>> = Kept(Shelf::new());

/// A place on a shelf that the caller holds until it puts a block there or leaves it.
pub(super) struct Place {
    pub place: usize,
    pub block: Option<Block>,
}

impl<const N: usize> Kept<Shelf<Stored, N>> {
    /// A kept block from where this thread looks first.
    #[inline]
    pub(super) fn claim_kept(&self) -> Option<Block> {
        if cfg!(feature = "no-cache") || SETTING.load(Ordering::Relaxed) & OFF != 0 {
            return None;
        }
        self.0.claim_hinted(stack_hint()).map(|Stored(block)| block)
    }

    /// Gives a block back to the place it came with. False when it is not to be kept: the place is then
    /// empty, and the block still the caller's.
    #[inline]
    pub(super) fn give(&self, place: usize, block: &Block) -> bool {
        if SETTING.load(Ordering::Relaxed) & OFF != 0 {
            self.0.leave(place);
            return false;
        }
        // Where the block is does not change; that much of it stands on the shelf all the time.
        self.0.put(place, |Stored(stored)| {
            stored.ready = block.ready;
            stored.dirty = block.dirty;
            stored.tag = block.tag;
        });
        true
    }

    /// Gives a place up without a block.
    pub(super) fn leave(&self, place: usize) {
        self.0.leave(place);
    }
}

impl AnyKept {
    /// A kept block, or an empty place for one that the caller maps, or nothing: caching is off, or all
    /// places are out.
    pub(super) fn claim(&self) -> Option<Place> {
        if cfg!(feature = "no-cache") || SETTING.load(Ordering::Relaxed) & OFF != 0 {
            return None;
        }
        let Claim { place, content } = self.0.claim(stack_hint())?;
        Some(Place { place, block: content.map(|Stored(block)| block) })
    }

    /// Says which block a held place is for, before it is given back there for the first time.
    pub(super) fn fill(&self, place: usize, block: Block) {
        self.0.fill(place, Stored(block));
    }

    /// As [`Kept::leave`].
    pub(super) fn give_up(&self, place: usize) {
        self.0.give_up(place);
    }

    fn drain(&self) -> usize {
        let mut bytes = 0;
        self.0.drain(|Stored(block)| {
            bytes += block.dirty;
            super::mapped::unmap(block);
        });
        bytes
    }
}

/// Gives the blocks that are kept for new arenas back to the system; returns how many of their bytes had
/// been written to. The RAM that this freed is at least that, and more where huge pages were in use.
///
/// The process keeps at most 16 first blocks of 64 KiB, and 8 regions of arenas and 4 of rows with at most
/// 2.5 MiB in RAM each: 31 MiB in all. A program that goes to sleep may want even that back.
///
/// *Threads*: any, at any time. *Cost*: one `munmap` per block.
///
/// ```
/// drop(region::Arena::new().alloc(1));
/// region::trim();
/// assert_eq!(region::cache_figures().kept, 0);
/// ```
pub fn trim() -> usize {
    let shelves: &[&AnyKept] = if HAS_ROWS { &[&FIRST, &REGION, &LONG] } else { &[&FIRST, &REGION] };
    shelves.iter().map(|shelf| shelf.drain()).sum()
}

/// Turns the keeping of blocks on or off for the whole process, from now on.
///
/// Feature `no-cache` turns it off at build time, whatever is said here.
pub fn set_caching(caching: Caching) {
    SETTING.store(if caching == Caching::Off { OFF } else { 0 }, Ordering::Relaxed);
}

/// What the process-wide cache holds. Made by [`cache_figures`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheFigures {
    /// Blocks and regions that wait for an arena.
    pub kept: usize,
    /// Blocks and regions that are out and will be kept.
    pub out: usize,
}

/// How many blocks the process-wide cache holds and has out. A snapshot: other threads go on meanwhile.
pub fn cache_figures() -> CacheFigures {
    let figures = |shelf: &AnyKept| shelf.0.figures();
    let (first, region) = (figures(&FIRST), figures(&REGION));
    let long = if HAS_ROWS { figures(&LONG) } else { (0, 0) };
    CacheFigures { kept: first.0 + region.0 + long.0, out: first.1 + region.1 + long.1 }
}

impl fmt::Display for CacheFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block cache: {} kept, {} out", self.kept, self.out)
    }
}
