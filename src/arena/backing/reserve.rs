//! Mappings for blocks: how long they are, with which access, and how they and their RAM go back.
//!
//! Which block an arena gets is in `mapped`, which ones are kept in `cache`. Blocks of a cage are used as these are.

use super::Block;
use super::tag::Tag;
use crate::bump::{pad_to, round_up};
use crate::error::{Call, Error, Reason};
use crate::policy::{
    BLOCK_SIZES, FIRST, FIRST_BLOCK, FIRST_GAP, HUGE_PAGE, KINDS, REGION, SMALL_PAGE_PREFIX, SMALLER, reservation,
};
use crate::roots;
use crate::sync::global::{AtomicUsize, Ordering};
use crate::sys::{self, Access, Advice, Sharing};
use core::ptr::NonNull;

/// Bytes of addresses that blocks have in this process. Decides only how much is reserved for typed buffers.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// What [`usual_reservation`] says, since the last mapping; 0 before the first.
static USUAL: AtomicUsize = AtomicUsize::new(0);

/// Bytes to reserve for a typed buffer whose user did not say how long it may become. A load: computed anew it would be
/// a tenth of the life of a buffer of ten values.
#[cfg_attr(region_staticlib, allow(dead_code))]
#[inline]
pub(crate) fn usual_reservation() -> usize {
    match USUAL.load(Ordering::Relaxed) {
        0 => usual_with(0),
        usual => usual,
    }
}

/// The same while blocks have `held` bytes of addresses.
#[inline(never)]
fn usual_with(held: usize) -> usize {
    reservation(sys::address_space(), held)
}

/// Notes that blocks have `held` bytes of addresses.
fn note_held(held: usize) {
    // The archive has no typed buffers.
    if cfg!(not(region_staticlib)) {
        USUAL.store(usual_with(held), Ordering::Relaxed);
    }
}

/// Maps `len` bytes, whole pages, with nothing special about them, until [`unmap`]. Without `charge` they count against
/// the commit limit when they are touched.
fn map(len: usize, access: Access, charge: bool) -> Result<NonNull<u8>, Error> {
    debug_assert!(len != 0 && len % sys::page_size() == 0);
    let request = sys::MapRequest { len, access, sharing: Sharing::Private, charge, populate: false, huge: None };
    let start = sys::map(request)?;
    roots::enter(start, len);
    note_held(HELD.fetch_add(len, Ordering::Relaxed) + len);
    Ok(start)
}

/// Returns memory that [`map`] mapped.
///
/// # Safety
/// The bytes are the caller's alone, and nothing uses them any more.
unsafe fn unmap_bytes(start: NonNull<u8>, len: usize) {
    note_held(HELD.fetch_sub(len, Ordering::Relaxed) - len);
    roots::leave(start, len);
    // SAFETY: the caller's promise.
    unsafe { sys::release(start, len, Sharing::Private) }
}

/// Bytes of a first block with the gap behind it.
fn stride() -> usize {
    sys::whole_pages(FIRST_BLOCK + FIRST_GAP)
}

/// Bytes of a block that may be in RAM, in whole pages: what is ready, and what was written before its access
/// was taken away.
#[inline]
pub(crate) fn touched(block: &Block) -> usize {
    block.ready.max(round_up(block.dirty, sys::page_size())).min(block.len)
}

/// Bytes of a block that are in RAM, or may be if the system does not say.
pub(crate) fn resident(block: &Block) -> usize {
    let touched = touched(block);
    sys::resident_bytes(block.start, touched).unwrap_or(touched)
}

/// Makes a block that commits step by step usable up to `goal`, or just as far as needed. Returns how far it is usable.
///
/// # Safety
/// The block is on loan, and `ready < need <= goal <= len`, where `ready` and `goal` are whole pages.
pub(crate) unsafe fn give_access(block: &Block, goal: usize, need: usize) -> Result<usize, Error> {
    // SAFETY: whole pages of the block, which is on loan, as the caller promises; raising access keeps every byte.
    let protect = |to: usize| unsafe {
        sys::protect(block.start.add(block.ready), to - block.ready, Access::ReadWrite).map(|()| to)
    };
    // Near a limit (RLIMIT_DATA, strict overcommit) a step may be too much although the value itself still fits.
    protect(goal).or_else(|_| protect(round_up(need, sys::page_size()).min(block.len)))
}

/// Gives the RAM of the whole pages among these bytes of a block back, and says whether all of the bytes are zero now.
///
/// # Safety
/// As for [`Backing::discard`](super::Backing::discard).
#[cold]
#[inline(never)]
pub(crate) unsafe fn discard(block: &Block, from: usize, len: usize) -> bool {
    let page = sys::page_size();
    let (first, end) = (round_up(from, page), (from + len) & !(page - 1));
    // A caller's buffer is no memory of ours. Where pages are longer than a heap's units there may be no whole one.
    if first >= end || Tag(block.tag).is_external() {
        return false;
    }
    // SAFETY: whole pages of the block, private and anonymous, which are ready and may be written, and which nothing
    // uses, as the caller promises.
    let given = unsafe { sys::decommit(block.start.add(first), end - first, Sharing::Private, Access::ReadWrite) };
    given.is_ok() && (first, end) == (from, from + len)
}

/// As [`touched`], of a block that has come back, so that `dirty` covers what was written: a first block is ready as a
/// whole, and its RAM comes as it is written.
pub(super) fn ram(block: &Block) -> usize {
    if Tag(block.tag).is_first() { round_up(block.dirty, sys::page_size()) } else { touched(block) }
}

/// Gives the RAM above the first `keep` bytes of a block back.
///
/// # Safety
/// As for [`Backing::decommit`](super::Backing::decommit).
#[cold]
#[inline(never)]
pub(crate) unsafe fn decommit(block: &mut Block, keep: usize) {
    if Tag(block.tag).is_external() {
        return;
    }
    let touched = touched(block);
    // Compared before it is rounded: rounding a very large `keep` would wrap to 0.
    if keep >= touched {
        return;
    }
    let keep = round_up(keep, sys::page_size());
    if keep >= touched {
        return;
    }
    // Where giving RAM back takes the access away, a region that commits step by step can commit again.
    let commits_again = sys::GIVING_BACK_REMAPS && Tag(block.tag).has(Tag::PROTECTED);
    let access = if commits_again { Access::None } else { Access::ReadWrite };
    // SAFETY: `keep..touched` are whole pages of the block, private and anonymous, and the caller promises
    // that nothing uses them. All of them may be written, or they count as not ready from here on.
    if unsafe { sys::decommit(block.start.add(keep), touched - keep, Sharing::Private, access) }.is_ok() {
        block.dirty = block.dirty.min(keep);
        // The bytes of a first block are not brought in by steps, so they stay ready.
        block.ready = block.ready.min(if commits_again { keep } else { keep.max(FIRST_BLOCK) });
    }
}

/// Maps `count` first blocks side by side. Returns the first of them; [`next_first`] gives those after it.
pub(super) fn first_blocks(count: usize) -> Result<Block, Error> {
    let len = count * stride();
    let start = map(len, Access::ReadWrite, true)?;
    if count > 1 {
        // Where the system uses huge pages unasked, the first touch of a small arena would bring one in. Where the
        // kernel does not know the advice it has no huge pages.
        // SAFETY: the bytes were just mapped, and advice of this kind changes none.
        let _ = unsafe { sys::advise(start, len, Advice::NoHugePage) };
    }
    Ok(Block { start, len: FIRST_BLOCK, ready: FIRST_BLOCK, dirty: 0, tag: Tag::new(0, Tag::FIRST).0 })
}

/// The first block that was mapped behind this one.
///
/// # Safety
/// `block` is one of those that [`first_blocks`] mapped, and not the last of them.
pub(super) unsafe fn next_first(block: Block) -> Block {
    // SAFETY: the next block lies in the same mapping, as the caller says.
    Block { start: unsafe { block.start.add(stride()) }, ..block }
}

/// Returns a block's mapping to the system; a caller's bytes stay where they are.
///
/// `lead` is the distance from the start of its mapping to the block's start.
///
/// # Safety
/// The block is one that this file made, and is the caller's alone. Nothing uses its bytes any more.
#[cold]
#[inline(never)]
pub(super) unsafe fn unmap(block: Block, lead: usize) {
    let len = if Tag(block.tag).is_first() { stride() } else { block.len + lead };
    // SAFETY: the mapping begins `lead` bytes before the block and ends where it ends, or in the case of a first block
    // behind its gap, as `reserve` and `first_blocks` made it. It belongs to the block, which is the caller's.
    unsafe { unmap_bytes(block.start.sub(lead), len) }
}

/// The kind of the blocks of this length, if blocks of it are kept.
#[inline(never)]
pub(super) fn kind_of(size: usize) -> Option<usize> {
    if size == FIRST_BLOCK {
        return Some(FIRST);
    }
    (FIRST + 1..KINDS).find(|&kind| BLOCK_SIZES[kind - 1] == size)
}

/// Reserves a block of `size` bytes after one of `previous` bytes that can hold `need`. If the kernel refuses, smaller
/// ones are tried, down to `need`.
#[inline(never)]
pub(super) fn reserve_or_less(size: usize, previous: usize, need: usize) -> Result<Block, Error> {
    let mut want = size;
    if need > want {
        return Err(Error::new(Call::Map, Reason::TooLarge, need));
    }
    // Where addresses are scarce a block is a few times as long as what the arena has. Where they are locked they count
    // as if all of them were in RAM.
    let has = previous.saturating_add(need);
    let few = |most: usize, times: usize| round_up(most.min(has.saturating_mul(times)), sys::page_size()).max(need);
    let locked = is_locked_when_mapped(want);
    if locked {
        want = few(want, 2);
    }
    loop {
        match reserve(want, need, locked) {
            Ok(block) => return Ok(block),
            Err(error) if want == need => return Err(error),
            Err(_) => want = few(want / SMALLER, 2 * SMALLER),
        }
    }
}

/// Whether the process locks all memory that it maps (`mlockall(2)` with `MCL_FUTURE`), by a page that is in RAM although
/// nobody touched it. Asked only where it matters: a block that is shorter than a region may be locked as a whole.
pub(crate) fn is_locked_when_mapped(want: usize) -> bool {
    if want < BLOCK_SIZES[1] || cfg!(windows) {
        return false;
    }
    let page = sys::page_size();
    let Ok(start) = map(page, Access::ReadWrite, true) else { return false };
    let resident = sys::resident_bytes(start, page);
    // SAFETY: the page was mapped above, and nothing uses it.
    unsafe { unmap_bytes(start, page) };
    resident.is_ok_and(|bytes| bytes != 0)
}

/// Reserves `want` bytes, of which at least `need` can be used. In a region with enough spare bytes the start is moved
/// so that the small-page prefix ends at a huge page.
///
/// Readable and writable at once if the kernel allows (one entry in its map); reserved without access and
/// committed by `mprotect` if not (strict overcommit, valgrind), if a checker would read all readable bytes, or if the
/// kernel would count them all as the process's data or, because they are `locked`, bring them all in.
#[inline(never)]
pub(super) fn reserve(want: usize, need: usize, locked: bool) -> Result<Block, Error> {
    let late = sys::COUNTS_AT_ONCE || locked || roots::are_looked_for() || sys::data_is_limited();
    let at_once = if late { None } else { map(want, Access::ReadWrite, false).ok() };
    let (mapping, flags) = match at_once {
        Some(mapping) => (mapping, 0),
        None => (map(want, Access::None, false)?, Tag::PROTECTED),
    };
    if flags == 0 {
        // As in `first_blocks`. A region has huge pages from where they are asked for.
        // SAFETY: the bytes were just mapped, and advice of this kind changes none.
        let _ = unsafe { sys::advise(mapping, want, Advice::NoHugePage) };
    }
    let to_prefix = pad_to(mapping.as_ptr().addr().wrapping_add(SMALL_PAGE_PREFIX), HUGE_PAGE);
    let lead = if want >= REGION && want - need >= to_prefix { to_prefix } else { 0 };
    // SAFETY: `lead <= want - need`, so the start lies inside the mapping.
    let start = unsafe { mapping.add(lead) };
    Ok(Block { start, len: want - lead, ready: 0, dirty: 0, tag: Tag::new(lead, flags | Tag::OTHER).0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{LARGE, LARGEST_PAGE, size_after};

    #[test]
    fn an_arena_beyond_the_last_size_step_goes_on_in_long_steps() {
        let [short, middle, first, second, last] = BLOCK_SIZES;
        let after = |previous, need| size_after(previous, need, false);
        assert_eq!([0, FIRST_BLOCK, short - 1].map(|previous| after(previous, 1)), [short; 3]);
        assert_eq!([short, middle, first, second].map(|previous| after(previous, 1)), [middle, first, second, last]);
        assert_eq!([last, 2 * last].map(|previous| after(previous, 1)), [last; 2]);
        assert!(after(last, last + 1) > last);
    }

    #[test]
    fn after_a_region_whose_start_was_moved_comes_a_longer_one() {
        let [.., first, second, last] = BLOCK_SIZES;
        for moved in [0, sys::page_size(), HUGE_PAGE - sys::page_size()] {
            assert_eq!([first, second].map(|size| size_after(size - moved, 1, false)), [second, last]);
        }
        let region = reserve(first, 1, false).unwrap();
        assert_eq!(size_after(region.len, 1, false), second, "after {:#x} bytes", region.len);
        // SAFETY: the region was reserved above, `lead` before its start as its tag says, and nothing uses it.
        unsafe { unmap(region, Tag(region.tag).lead()) };
    }

    #[test]
    fn a_value_that_fills_much_of_a_block_goes_to_a_longer_one() {
        let [short, middle, first, second, _] = BLOCK_SIZES;
        let after = |need| size_after(FIRST_BLOCK, need, false);
        assert_eq!([FIRST_BLOCK, short / 2].map(after), [short; 2]);
        // On 32 bits whatever is too long for the first is too long for the second.
        if middle / 16 > short / 2 {
            assert_eq!([short / 2 + 1, middle / 16].map(after), [middle; 2]);
        }
        assert_eq!([middle / 16 + 1, first - 2 * HUGE_PAGE].map(after), [first; 2]);
        assert_eq!([first - 1, first].map(after), [second; 2]);
        assert_eq!(size_after(FIRST_BLOCK, 1, true), first, "an eager arena goes on in a region");
    }

    #[test]
    fn kinds_are_the_lengths_in_their_order() {
        assert_eq!(BLOCK_SIZES.map(kind_of), [Some(1), Some(LARGE), Some(3), Some(4), None]);
        assert_eq!([0, FIRST_BLOCK, FIRST_BLOCK + 1, REGION - 1].map(kind_of), [None, Some(FIRST), None, None]);
    }

    /// A process of 32 bits has 4 GiB of addresses, and the kernel would map more than half of them as one object.
    #[test]
    fn no_region_is_longer_than_an_object_may_be() {
        let most = isize::MAX as usize & !(LARGEST_PAGE - 1);
        for below in [0, LARGEST_PAGE, HUGE_PAGE, 2 * HUGE_PAGE, 3 * HUGE_PAGE, most / 2, most - LARGEST_PAGE] {
            let need = most - below;
            for previous in BLOCK_SIZES.into_iter().chain([0, FIRST_BLOCK]) {
                for eager in [false, true] {
                    let first = size_after(previous, need, eager);
                    assert!(need <= first && first <= most, "{need:#x} after {previous:#x}: {first:#x}");
                }
            }
        }
        for above in [1, sys::page_size(), HUGE_PAGE] {
            let size = size_after(0, most + above, false);
            assert!(reserve_or_less(size, 0, most + above).is_err());
        }
    }

    #[test]
    fn many_typed_buffers_leave_most_of_a_small_address_space() {
        let space: usize = 1 << (usize::BITS.min(39) - 1);
        assert!(sys::address_space() >= space);
        let held = (0..12).fold(0, |held, _| held + reservation(space, held));
        assert!(held <= space / 2, "{held:#x} of {space:#x}");
    }
}
