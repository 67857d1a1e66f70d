//! The process-wide cache of blocks: arenas start warm, however many there are (`.back.first-block`, `.back.cache`).
//!
//! Making and dropping a small arena would otherwise be a mapping each time: 4.7 µs for map, first touch and
//! unmap. The cache is one slot cache in a `static`: lock-free, no thread-local storage, and a child of fork has its
//! own copy of both the cache and the blocks (`.sync.fork`). It has a slot for every block that arenas have or had at
//! once. Blocks keep their RAM within one budget ([`BUDGET`]).
//!
//! Large blocks ([`LARGE`]) go back to the system at once, until the process shows that it wants them again: an arena
//! is dropped, and one that is made after it grows as far. From then on the cache keeps as much as such arenas had.
//! When no large block was used for some small lives, the process is taken to want no more of them.
//!
//! It decides what is kept. Mapping is in `reserve`, and what a program sets and asks in `settings`.

use super::tag::Tag;
use super::{Block, reserve, retention};
use crate::error::Error;
use crate::policy::{
    BLOCK_FITS, BUDGET, FIRST, FIRST_BLOCK, FIRST_BLOCKS_AT_ONCE, KINDS, LARGE, LINE, LISTS, PATIENCE, SMALL,
    WHOLE_CACHE,
};
use crate::seeded::{Bug, seeded};
use crate::sync::global::{AtomicUsize, Ordering};
use crate::sync::per_process;
use crate::sync::slot_cache::{self, Chunk, Claim, SlotCache};
use crate::sys::{self, Access, Sharing};
use core::ptr::NonNull;

/// A bit of `SETTING`: nothing is kept.
pub(super) const OFF: usize = 1;

/// The setting: 0 is on.
pub(super) static SETTING: AtomicUsize = AtomicUsize::new(0);

/// A block in the cache. It fits a cache line together with what the slot has beside it.
#[derive(Clone, Copy)]
pub(super) struct Stored {
    start: NonNull<u8>,
    len: usize,
    ready: usize,
    dirty: usize,
    /// The block's tag, but in place of its slot's address the distance from its mapping's start to the block's.
    place: usize,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Entry>() <= 64 && align_of::<Entry>() == 64);

impl Stored {
    /// A block with this slot and this distance.
    fn new(Block { start, len, ready, dirty, tag }: Block, lead: usize) -> Self {
        Stored { start, len, ready, dirty, place: lead | Tag(tag).flags() }
    }

    const fn lead(self) -> usize {
        Tag(self.place).lead()
    }

    /// The block, whose tag does not lead to its slot.
    const fn without_slot(self) -> Block {
        let Stored { start, len, ready, dirty, place } = self;
        Block { start, len, ready, dirty, tag: Tag(place).flags() }
    }

    /// The block as its holder has it.
    fn held(self, slot: &Entry) -> Block {
        let block = self.without_slot();
        Block { tag: Tag(block.tag).slotted(slot, Tag(block.tag).kind()).0, ..block }
    }
}

// SAFETY: a kept block is a range of memory that nothing uses; any thread may unmap or use it.
unsafe impl Send for Stored {}

/// A slot of the cache.
pub(super) type Entry = slot_cache::Entry<Stored>;

per_process! {
    /// Blocks of all kinds.
    pub(super) static BLOCKS: SlotCache<Stored, LISTS, BUDGET> = SlotCache::new();
}

/// First blocks that were mapped. At most as many more are mapped at once.
static FIRSTS: AtomicUsize = AtomicUsize::new(0);

/// Bytes of RAM of longer blocks that arenas found warm, and that went back to the system while blocks were kept.
pub(super) static REUSED: AtomicUsize = AtomicUsize::new(0);
pub(super) static RETURNED: AtomicUsize = AtomicUsize::new(0);

/// How often a block that is to be kept makes a few others lighter, until the budget has as much left.
const LIGHTENINGS: usize = 32;

#[inline(always)]
fn is_off() -> bool {
    SETTING.load(Ordering::Relaxed) & OFF != 0
}

/// The first block that the calling thread gave back last, if that is simply the next one of its list.
///
/// All first blocks are the same but for where they are and how far they were written. What is the same is made anew: it
/// would be loaded in pairs, and a load of two words that were just stored one by one has to wait for the stores.
#[inline(always)]
pub(super) fn take_first_at_once() -> Option<Block> {
    if is_off() {
        return None;
    }
    Some(first(BLOCKS.take_at_once(FIRST)?))
}

/// The first block that the calling thread gave back last.
#[inline]
pub(super) fn take_first() -> Option<Block> {
    if is_off() {
        return None;
    }
    Some(first(BLOCKS.take(FIRST)?))
}

/// A first block that was taken.
#[inline(always)]
fn first(Claim { slot, thing }: Claim<'_, Stored>) -> Block {
    let Stored { start, dirty, .. } = thing;
    fetch(start);
    let tag = Tag::new(0, 0).slotted(slot, FIRST).0;
    Block { start, len: FIRST_BLOCK, ready: FIRST_BLOCK, dirty, tag }
}

/// Asks the processor for the second line of a first block, which a small arena writes soon.
///
/// Where many arenas are out, the block's lines have left the near caches. Stores are done in their order, so each line that
/// one misses is waited for by itself, and the exchange of the next life waits for all of them. The processor foresees
/// lines of neighbours, but first blocks are pages apart. From this line it goes on by itself, and the first one is
/// written at once (docs/measurements.md, "Many small arenas").
#[inline(always)]
fn fetch(start: NonNull<u8>) {
    let line = start.as_ptr().wrapping_add(LINE);
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if WHOLE_CACHE {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch is a hint: it changes no byte, never faults, and is no access that another thread's could meet.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) };
    }
    // Other processors have no such hint in the oldest compiler.
    let _ = line;
}

/// The kind of the shortest regions that typed buffers of `need` bytes have, if they have regions. The archive has no
/// typed buffers, and leaves this out.
#[inline(always)]
fn region_kind(need: usize) -> Option<usize> {
    if cfg!(region_staticlib) || need <= BLOCK_FITS[LARGE - 1] || need > BLOCK_FITS[LARGE + 1] {
        return None;
    }
    Some(if need <= BLOCK_FITS[LARGE] { LARGE + 1 } else { LARGE + 2 })
}

/// A small region of `need` bytes at least that the calling thread gave back last, if that is simply the next one of its
/// list: what [`take_first_at_once`] is for an arena.
#[inline(always)]
pub(super) fn take_region_at_once(need: usize) -> Option<Block> {
    let kind = region_kind(need)?;
    if is_off() {
        return None;
    }
    Some(small_region(BLOCKS.take_at_once(kind + SMALL)?, kind))
}

/// A small region that was taken: as long as `BLOCK_FITS` says at least (`is_small_region`). What is the same of all is
/// made anew, as in a first block.
#[inline(always)]
fn small_region(Claim { slot, thing }: Claim<'_, Stored>, kind: usize) -> Block {
    let Stored { start, len, dirty, .. } = thing;
    let tag = Tag::new(0, Tag::LATE).slotted(slot, kind).0;
    Block { start, len, ready: FIRST_BLOCK, dirty, tag }
}

/// Whether the region of a typed buffer goes into the list of the small ones.
#[inline(always)]
fn is_small_region(block: &Block) -> bool {
    let tag = Tag(block.tag);
    !cfg!(region_staticlib)
        && block.ready == FIRST_BLOCK
        && tag.is_plain_region()
        && BLOCK_FITS.get(tag.kind() - 1).is_some_and(|&fits| block.len >= fits)
}

/// A region for a typed buffer that the calling thread gave back last, of `need` bytes at least.
#[inline(never)]
pub(super) fn take_region(need: usize) -> Option<Block> {
    let shortest = region_kind(need)?;
    if is_off() {
        return None;
    }
    (shortest..=LARGE + 2).rev().find_map(|kind| match BLOCKS.take(kind + SMALL) {
        Some(claim) => Some(small_region(claim, kind)),
        None => long_enough(held(BLOCKS.take(kind)?), need),
    })
}

/// A block that was taken, as it was stored.
fn held(Claim { slot, thing }: Claim<'_, Stored>) -> Block {
    thing.held(slot)
}

/// The block, if it is long enough for the value. It may have been mapped when addresses were scarce.
#[inline]
fn long_enough(block: Block, need: usize) -> Option<Block> {
    if block.len >= need {
        return Some(block);
    }
    // SAFETY: the callers have just taken the block.
    unsafe { discard(block) };
    None
}

/// A block of this kind that was kept, of `need` bytes at least. A longer region serves, too: typed buffers ask for shorter
/// ones while the process holds many addresses, and those that are kept count among them.
#[cold]
#[inline(never)]
pub(super) fn take_any(kind: usize, need: usize) -> Option<Block> {
    if is_off() || !WHOLE_CACHE {
        return None;
    }
    let longest = if LISTS > KINDS && kind > LARGE { LARGE + 2 } else { kind };
    let block = (kind..=longest).find_map(|kind| match BLOCKS.take_elsewhere(kind) {
        None if kind > LARGE && LISTS > KINDS => Some(small_region(BLOCKS.take_elsewhere(kind + SMALL)?, kind)),
        claim => Some(held(claim?)),
    })?;
    let block = long_enough(block, need)?;
    if kind != FIRST {
        REUSED.fetch_add(reserve::ram(&block), Ordering::Relaxed);
    }
    Some(block)
}

/// Gives a first block back. Returns false when it is not kept: it still belongs to the caller, with its slot.
///
/// # Safety
/// The block is a first block with a slot, and is the caller's. Unless the answer is false, the caller does not use it
/// any more.
#[inline(always)]
pub(super) unsafe fn give_first_at_once(block: &Block) -> bool {
    if is_off() {
        return false;
    }
    // SAFETY: the block has a slot, as the caller says, which it came with or which was filled for it. It was on loan
    // until now, so the slot is held for it.
    let put = unsafe { BLOCKS.put_at_once(slot_of(block), FIRST, sys::whole_pages(block.dirty), changed_first(block)) };
    let Some(lives) = put else { return false };
    note_life(lives);
    true
}

/// As [`give_first_at_once`], also where the budget has to be asked, or the thread's magazine looked for.
///
/// # Safety
/// As there.
#[inline]
pub(super) unsafe fn give_first(block: &Block) -> bool {
    if is_off() {
        return false;
    }
    // SAFETY: the block has a slot, which is held for it as long as it is on loan, and the caller says that it was.
    let put = unsafe { BLOCKS.put(slot_of(block), FIRST, sys::whole_pages(block.dirty), changed_first(block)) };
    let Some(lives) = put else { return false };
    note_life(lives);
    true
}

/// What changes in the slot of a first block. All else is as [`first`] makes it.
#[inline(always)]
fn changed_first(block: &Block) -> impl FnOnce(&mut Stored) {
    |stored| {
        if stored.dirty != block.dirty && !seeded(Bug::CacheForgetsDirty) {
            stored.dirty = block.dirty;
        }
    }
}

/// Counts the lives of small arenas.
#[inline(always)]
fn note_life(lives: usize) {
    if WHOLE_CACHE && lives % PATIENCE == 0 {
        age(lives);
    }
}

/// Puts a block back into its slot, if the budget allows. Returns how often the thread has done so.
///
/// # Safety
/// As for [`give_first`], for any kind.
#[inline(always)]
unsafe fn put(block: &Block, kind: usize, ram: usize) -> Option<usize> {
    // The block's address and length do not change, and stay in the slot all the time. The rest mostly does not either,
    // and is then not stored: the next taker loads it in pairs of words, which would have to wait for the stores.
    let change = |stored: &mut Stored| {
        let place = stored.lead() | Tag(block.tag).flags();
        if (stored.ready, stored.place) != (block.ready, place) {
            (stored.ready, stored.place) = (block.ready, place);
        }
        if stored.dirty != block.dirty && !seeded(Bug::CacheForgetsDirty) {
            stored.dirty = block.dirty;
        }
    };
    // SAFETY: the block has a slot, as the caller says, which it came with or which was filled for it. It was on loan
    // until now, so the slot is held for it.
    unsafe { BLOCKS.put(slot_of(block), kind, ram, change) }
}

/// Gives the RAM of a kept block back, because another one is to be kept: what was used last is wanted most.
fn lighten(stored: Stored) -> Option<(usize, Stored)> {
    let (mut block, lead) = (stored.without_slot(), stored.lead());
    if Tag(block.tag).kind() < LARGE {
        // SAFETY: the block is in the cache, and nothing uses it. The cache holds its slot meanwhile.
        unsafe { give_ram_back(&mut block, 0) };
        return Some((reserve::ram(&block), Stored::new(block, lead)));
    }
    // SAFETY: the block is in the cache, and nothing uses it; it leaves the cache now.
    unsafe { unmap_kept(stored) };
    None
}

/// Gives the RAM of a block above the first `keep` bytes back, and counts it.
///
/// # Safety
/// As for [`reserve::decommit`].
unsafe fn give_ram_back(block: &mut Block, keep: usize) {
    let had = reserve::ram(block);
    // SAFETY: the caller's promise.
    unsafe { reserve::decommit(block, keep) };
    RETURNED.fetch_add(had.saturating_sub(reserve::ram(block)), Ordering::Relaxed);
}

/// Returns a block that was kept to the system, and counts its RAM.
///
/// # Safety
/// The block was taken out of the cache, and nothing uses it.
unsafe fn unmap_kept(stored: Stored) {
    let block = stored.without_slot();
    RETURNED.fetch_add(reserve::ram(&block), Ordering::Relaxed);
    // SAFETY: the caller's promise; the distance is that of the block's mapping.
    unsafe { reserve::unmap(block, stored.lead()) };
}

/// The slot of a block.
///
/// # Safety
/// The block has one: its tag is one that [`enter`] gave it.
#[inline(always)]
unsafe fn slot_of(block: &Block) -> &'static Entry {
    // SAFETY: the tag has the address of a slot of the process-wide cache, whose slots lie in a `static` or in mappings
    // that stay, and are only shared.
    unsafe { &*Tag(block.tag).slot() }
}

/// Gives a small region back, as [`give_first_at_once`] does a first block.
///
/// # Safety
/// As there, of any block with a slot.
#[inline(always)]
pub(super) unsafe fn give_region_at_once(block: &Block) -> bool {
    if is_off() || !is_small_region(block) {
        return false;
    }
    let list = Tag(block.tag).kind() + SMALL;
    // SAFETY: the block has a slot, as the caller says, and was on loan until now, so the slot is held for it.
    unsafe { BLOCKS.put_at_once(slot_of(block), list, FIRST_BLOCK, changed_first(block)) }.is_some()
}

/// Gives the region of a small typed buffer back, as [`give_first`] does.
///
/// # Safety
/// As there, of a region with a slot.
#[inline(never)]
pub(super) unsafe fn give_region(block: &Block) -> bool {
    // The archive has no typed buffers, and leaves this out. A large one is subject to what the process does.
    if cfg!(region_staticlib) || is_off() || block.ready > FIRST_BLOCK {
        return false;
    }
    let kind = Tag(block.tag).kind();
    let list = if is_small_region(block) { kind + SMALL } else { kind };
    // SAFETY: the caller's promise.
    unsafe { put(block, list, FIRST_BLOCK).is_some() }
}

/// Takes a block back: keeps it, with as much of its RAM as the budget and the process's habits allow, or returns it to
/// the system.
///
/// # Safety
/// The block is no external one, is the caller's, and nothing uses it any more.
#[cold]
#[inline(never)]
pub(super) unsafe fn give(mut block: Block) {
    let kind = Tag(block.tag).kind();
    if WHOLE_CACHE && !is_off() && Tag(block.tag).is_slotted() {
        let had = reserve::ram(&block);
        let keep = match kind < LARGE {
            true => had,
            false => retention::keep(kind, had),
        };
        for _ in 0..LIGHTENINGS {
            if keep <= BLOCKS.left() {
                break;
            }
            BLOCKS.lighten(&mut lighten);
        }
        let keep = if kind < LARGE { keep } else { keep.min(BLOCKS.left()) };
        if keep < had {
            // SAFETY: the block is the caller's, and nothing uses it.
            unsafe { give_ram_back(&mut block, keep) };
        }
        // The addresses of short blocks stay also if their RAM may not.
        let tries = if keep == 0 && kind >= LARGE { 0 } else { 2 };
        for _ in 0..tries {
            // SAFETY: the caller's promise.
            if unsafe { put(&block, kind, reserve::ram(&block)) }.is_some() {
                return;
            }
            // SAFETY: the block is the caller's, and nothing uses it.
            unsafe { reserve::decommit(&mut block, 0) };
        }
    }
    // SAFETY: the block is the caller's, and was not put back.
    unsafe { release(block) };
}

/// Gives a new block a slot, so that it can be kept. Where no slot can be had it stays without one.
#[inline(never)]
pub(super) fn enter(mut block: Block, kind: usize) -> Block {
    if is_off() || !WHOLE_CACHE && kind != FIRST {
        return block;
    }
    let Some(slot) = BLOCKS.take_empty().or_else(add_chunk) else { return block };
    let tag = Tag(block.tag);
    let lead = tag.lead();
    block.tag = tag.slotted(slot, kind).0;
    // SAFETY: the slot was empty and is the caller's since.
    unsafe { BLOCKS.fill(slot, Stored::new(block, lead)) };
    block
}

/// Maps more slots. Returns one of them.
#[cold]
fn add_chunk() -> Option<&'static Entry> {
    if !WHOLE_CACHE {
        return None;
    }
    let len = sys::page_align_up(size_of::<Chunk<Stored>>())?;
    let request = sys::MapRequest {
        len,
        access: Access::ReadWrite,
        sharing: Sharing::Private,
        charge: true,
        populate: false,
        huge: None,
    };
    let start = sys::map(request).ok()?;
    // SAFETY: the mapping is new, long enough, and aligned as pages are.
    let chunk = unsafe { Chunk::begin(start) };
    // SAFETY: the chunk is new, and is not unmapped if it is added.
    if !unsafe { BLOCKS.add(chunk) } {
        // SAFETY: another thread has added one, so this one is still the caller's mapping.
        unsafe { sys::release(start, len, Sharing::Private) };
    }
    BLOCKS.take_empty()
}

/// Maps first blocks, one for the caller, without a slot, and some for the next arenas: no more than were mapped so far,
/// so that a process with a few arenas has a few. Only one, if a block has `one_life`.
#[cold]
#[inline(never)]
pub(super) fn new_firsts(one_life: bool) -> Result<Block, Error> {
    let more =
        if one_life || is_off() || !WHOLE_CACHE { 0 } else { FIRSTS.load(Ordering::Relaxed).min(FIRST_BLOCKS_AT_ONCE) };
    let mut blocks = reserve::first_blocks(more.max(1));
    if blocks.is_err() && more > 1 {
        return reserve::first_blocks(1);
    }
    FIRSTS.fetch_add(more.max(1), Ordering::Relaxed);
    for _ in 1..more {
        let this = enter(blocks?, FIRST);
        // SAFETY: one more was mapped behind this one, and each of them is this function's own until it is put.
        unsafe {
            blocks = blocks.map(|block| reserve::next_first(block));
            if !Tag(this.tag).is_slotted() || put(&this, FIRST, 0).is_none() {
                release(this);
            }
        }
    }
    blocks
}

/// Returns a block to the system, and leaves its slot empty, if it has one.
///
/// # Safety
/// The block is the caller's, and nothing uses it any more.
unsafe fn release(block: Block) {
    // SAFETY: the caller's promise. Without a slot, the tag says where the mapping begins.
    unsafe {
        match Tag(block.tag).is_slotted() {
            true => discard(block),
            false => reserve::unmap(block, Tag(block.tag).lead()),
        }
    }
}

/// Returns a block with a slot to the system, and leaves the slot empty.
///
/// # Safety
/// The block has a slot, is the caller's, and nothing uses it any more.
#[cold]
#[inline(never)]
unsafe fn discard(block: Block) {
    // SAFETY: the block is the caller's, so the slot is held for it, and has what was stored for it.
    unsafe {
        let slot = slot_of(&block);
        reserve::unmap(block, BLOCKS.thing(slot).lead());
        BLOCKS.leave(slot);
    }
}

/// Gives the large blocks back that nobody has used for some small lives.
#[cold]
#[inline(never)]
fn age(lives: usize) {
    if retention::is_over(lives) {
        release_kept(LARGE);
    }
}

/// Returns all kept blocks of kinds from `least` on to the system: how many, and how many of their bytes had been
/// written to.
pub(super) fn release_kept(least: usize) -> (usize, usize) {
    let (mut blocks, mut bytes) = (0, 0);
    BLOCKS.drain(least, &mut |stored| {
        blocks += 1;
        bytes += stored.dirty;
        // SAFETY: the block was taken out of the cache, and nothing uses it.
        unsafe { unmap_kept(stored) };
    });
    (blocks, bytes)
}
