//! Address space from the kernel, RAM as it is touched: the default backing.
//!
//! The first block is small and lazily touched (`.back.first-block`). Beyond it a block is a region of 4 GiB
//! of addresses, then 64 GiB, then 1 TiB (`.back.region`), of which RAM is brought in a little ahead of the
//! cursor (`.back.populate`), and 2 MiB at a time once the arena is big enough to deserve huge pages
//! (`.back.runway`):
//!
//! ```text
//!            2 MiB boundary         2 MiB                  2 MiB
//!   │ untouched │← runway →│ huge page │ huge page │ ...
//!   mapping     start      boundary                        mapping + mapped
//! ```
//!
//! Where the kernel refuses so much, commits by `mprotect` and smaller regions follow (`.back.fallback`),
//! decided by trying.

use super::cache::{self, AnyKept, Kept, Place, Stored};
use super::{Backing, Block};
use crate::arena::bump::{pad_to, round_up};
use crate::error::{AllocError, AllocReason, Call, Error, Reason};
use crate::pool::shelf::Shelf;
use crate::sys::{self, Access, Advice, HUGE_PAGE, Sharing};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Bytes of an arena's first block.
///
/// Most arenas of a compiler or a server end below this. Larger would make each cached block dearer to
/// keep, smaller would send more arenas to a region of their own (a mapping: 1.7 µs plus its faults).
pub(crate) const FIRST_BLOCK: usize = 64 << 10;

/// Lengths of the regions that follow the first block, each tried when the one before is used up.
///
/// Mapping 64 GiB costs what 64 KiB costs, so the only hazard of a large one is a refusal. All are
/// multiples of 2 MiB: otherwise the kernel does not align them for huge pages.
#[cfg(target_pointer_width = "64")]
const RUNGS: [usize; 3] = [4 << 30, 64 << 30, 1 << 40];
/// On 32 bits, shares of an address space of 2 to 4 GiB.
#[cfg(not(target_pointer_width = "64"))]
const RUNGS: [usize; 3] = [32 << 20, 128 << 20, 512 << 20];

/// Bytes of a region below its first huge page: smaller arenas live here on base pages.
///
/// One 2 MiB fault costs about as much as populating 300 KiB of base pages, so an arena must be at least
/// that big before a huge page pays; larger wastes less RAM on arenas that end just past the boundary and
/// pays more small faults on those that go on. docs/design.md ("Runway") has the table.
pub(super) const RUNWAY: usize = 512 << 10;

/// Bounds of the step by which RAM is brought in ahead of the cursor on base pages: a quarter of what the
/// block holds, within these.
///
/// Smaller steps cost more system calls, larger ones zero lines that leave the cache before they are used:
/// 64–256 KiB were 1.37× faster than page-by-page faults, 2 MiB 1.27×, all at once 1.03×.
const STEP_LEAST: usize = 64 << 10;
const STEP_MOST: usize = 256 << 10;

/// Least bytes by which a region that commits through `mprotect` grows: each step costs 0.36 µs, whatever
/// its size, and takes no RAM.
const PROTECT_STEP: usize = 1 << 20;

const _: () = assert!(RUNWAY < HUGE_PAGE && RUNWAY % STEP_MOST == 0 && STEP_LEAST <= STEP_MOST);
const _: () = assert!(RUNGS[0] % HUGE_PAGE == 0 && RUNGS[1] % HUGE_PAGE == 0 && RUNGS[2] % HUGE_PAGE == 0);
const _: () = assert!(FIRST_BLOCK <= RUNWAY);
// A tag has room for the places of every shelf.
const _: () = assert!(cache::FIRST_BLOCKS <= Tag::PLACES && cache::REGIONS <= Tag::PLACES);
const _: () = assert!(cache::LONG_REGIONS <= Tag::PLACES);

/// Memory mapped from the kernel, by reserving far and committing late.
///
/// *Cost*: nothing until the first allocation; then one mapping of 64 KiB; past that one region of 4 GiB of
/// addresses, whose RAM comes in steps of 64–256 KiB and from 512 KiB on in 2 MiB pages where the system
/// allows them. *Threads*: `Send` and `Sync`; it holds no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mapped {
    /// Bytes of the one region to use, 0 for the usual row of growing blocks; and [`PARANOID`](Self::PARANOID).
    wish: usize,
}

impl Mapped {
    /// Set in `wish` when pages above a rewound cursor are to lose their access. No region is as long.
    const PARANOID: usize = 1 << (usize::BITS - 1);

    /// Growing blocks: 64 KiB, then regions of 4 GiB, 64 GiB and 1 TiB of addresses.
    pub const fn new() -> Self {
        Mapped { wish: 0 }
    }

    /// One contiguous region of `bytes`, rounded up to whole pages, and nothing after it.
    ///
    /// An exact wish: where that much cannot be reserved the first allocation fails, with no smaller try.
    pub const fn exactly(bytes: usize) -> Self {
        // 0 would mean the usual row; a reservation of nothing is one page that a caller barely uses.
        // What exceeds any object is refused when it is mapped, and its top bit is needed.
        Mapped {
            wish: if bytes == 0 {
                1
            } else if bytes >= Self::PARANOID {
                Self::PARANOID - 1
            } else {
                bytes
            },
        }
    }

    /// The same memory, for finding stale pointers: a rewind or reset takes access away from the whole pages
    /// that it frees, and no block is kept for other arenas, so that a pointer into them faults (SIGSEGV) at
    /// its first use, in any build and without a tool.
    ///
    /// *Cost*: a system call for each rewind past a page, and one more when the arena grows there again; each
    /// region may be two entries of the kernel's map. Feature `paranoid` makes all mapped arenas so.
    ///
    /// ```
    /// let mut arena = region::Arena::<8>::new_in(region::Mapped::new().paranoid());
    /// let stale: *const [u8; 8192] = arena.alloc([7; 8192]);
    /// arena.reset();
    /// // Reading `*stale` now would be a segmentation fault, not the next value's bytes.
    /// # let _ = stale;
    /// ```
    #[must_use]
    pub const fn paranoid(self) -> Self {
        Mapped { wish: self.wish | Self::PARANOID }
    }

    const fn is_paranoid(&self) -> bool {
        // C programs cannot wish for it, and the archive saves its code.
        cfg!(feature = "paranoid") || (cfg!(not(region_staticlib)) && self.wish & Self::PARANOID != 0)
    }

    /// Bytes of the one region to use; 0 for the usual row of growing blocks.
    const fn reservation(&self) -> usize {
        self.wish & !Self::PARANOID
    }

    /// Bytes of a caller's own as a block: never committed, given back to the system or kept for others.
    ///
    /// # Safety
    /// `start..start + len` may be read and written and is used by nobody else, as long as an arena has the block.
    #[cfg(feature = "capi")]
    pub(crate) const unsafe fn lent(start: NonNull<u8>, len: usize) -> Block {
        // Whatever they hold is not known to be zero.
        Block { start, len, ready: len, dirty: len, tag: Tag::new(0, Tag::LENT).0 }
    }

    /// Whether this is one region of a given size and nothing after it.
    pub(crate) const fn is_exact(&self) -> bool {
        self.reservation() != 0
    }

    /// A block that is not simply the next kept one.
    #[cold]
    #[inline(never)]
    fn map_block(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        // One place makes the error: it is six words, and each copy of its making would be as large as a branch here.
        self.find_block(layout, previous).map_err(|reason| AllocError::new(layout.size(), reason))
    }

    #[inline(always)]
    fn find_block(&self, layout: Layout, previous: usize) -> Result<Block, AllocReason> {
        if previous != 0 && self.is_exact() {
            return Err(AllocReason::Exhausted(self.reservation()));
        }
        let need = room_for(layout);
        let block = match self.reservation() {
            0 => {
                let need = need.ok_or(AllocReason::TooLarge)?;
                match previous {
                    // After nothing, and after a few bytes of the caller's; or of scarce addresses, which then
                    // must do.
                    ..FIRST_BLOCK if need <= FIRST_BLOCK => {
                        let first = match self.is_paranoid() {
                            true => first_block(),
                            false => kept_or_new(&cache::FIRST, Tag::KEPT, previous, need),
                        };
                        match first {
                            Err(_) if previous != 0 => ladder(previous, need),
                            first => first,
                        }
                    }
                    _ if self.is_paranoid() => ladder(previous, need).map(lazy_start),
                    0 => next_region(previous, need).map(lazy_start),
                    _ => next_region(previous, need),
                }
            }
            bytes => {
                let len = sys::page_align_up(bytes).ok_or(AllocReason::TooLarge)?;
                if need.is_none_or(|need| need > len) {
                    return Err(AllocReason::Exhausted(len));
                }
                reserve(len, len).map(lazy_start)
            }
        };
        block.map_err(AllocReason::Os)
    }
}

/// What [`Block::tag`] says of a mapped block: how far the mapping reaches below the block's start, in
/// whole pages, and in the bits under a page what is known of it.
#[derive(Clone, Copy)]
struct Tag(usize);

impl Tag {
    /// The region was reserved without access and commits through `mprotect`.
    const PROTECTED: usize = 1;
    /// Everything from the runway's end on has been advised huge.
    const ADVISED: usize = 2;
    /// The block has a place in the cache, on the shelf for first blocks or, with `REGION`, for regions; with
    /// `LONG` too, for those of the second rung.
    const KEPT: usize = 4;
    const REGION: usize = 8;
    const LONG: usize = 0x100;
    /// The block is a caller's bytes, which are no mapping of ours: not even whole pages.
    const LENT: usize = 0x200;
    /// Where the number of the place is, of up to `PLACES`.
    const PLACE_SHIFT: u32 = 4;
    const PLACES: usize = 16;
    /// The bits that flags may use; pages are larger everywhere.
    const FLAGS: usize = 0xfff;

    const fn new(lead: usize, flags: usize) -> Self {
        debug_assert!(lead & Self::FLAGS == 0 && flags & !Self::FLAGS == 0);
        Tag(lead | flags)
    }

    const fn lead(self) -> usize {
        self.0 & !Self::FLAGS
    }

    const fn has(self, flag: usize) -> bool {
        self.0 & flag != 0
    }

    /// Whether this is a first block with a place in the cache.
    const fn is_kept_first(self) -> bool {
        self.0 & (Self::KEPT | Self::REGION) == Self::KEPT
    }

    const fn place(self) -> usize {
        self.0 >> Self::PLACE_SHIFT & (Self::PLACES - 1)
    }
}

// SAFETY: every block is a whole mapping that this value made and owns nothing else of: `acquire` maps it
// and `release` unmaps it, and the kernel gives a range to one mapping at a time. The first `ready` bytes
// were mapped or protected readable and writable; `decommit` keeps access and content below `keep`. New
// anonymous memory is zero, and `MADV_DONTNEED` makes it so again before `dirty` falls. A block that a caller
// lent has the caller's promise for all of this: its tag says that it is not ours, and nothing here changes it.
unsafe impl Backing for Mapped {
    #[inline]
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        // Pages are larger everywhere, so the start of a block is aligned to this at least.
        const ANY_PAGE: usize = 4096;
        let ordinary = layout.size() <= FIRST_BLOCK && layout.align() <= ANY_PAGE && !cfg!(feature = "paranoid");
        let kept = match self.wish == 0 && previous == 0 && ordinary {
            true => cache::FIRST.claim_kept(),
            false => None,
        };
        kept.map_or_else(|| self.map_block(layout, previous), Ok)
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        debug_assert!(need > block.ready && need <= block.len);
        let tag = Tag(block.tag);
        let asked = need - block.ready;
        let mut goal = goal(block, need);
        // SAFETY: `ready <= goal <= len`, whole pages of the block, which is ours and on loan; raising
        // access and advising keep every byte.
        unsafe {
            let from = block.start.add(block.ready);
            if tag.has(Tag::PROTECTED) && sys::protect(from, goal - block.ready, Access::ReadWrite).is_err() {
                // Close to a limit (RLIMIT_DATA, strict overcommit) the step is too much where the value
                // itself still fits.
                goal = round_up(need, sys::page_size()).min(block.len);
                sys::protect(from, goal - block.ready, Access::ReadWrite)
                    .map_err(|error| AllocError::new(asked, AllocReason::Os(error)))?;
            }
            let bytes = goal - block.ready;
            let runway = runway(block.start);
            if goal > runway && !tag.has(Tag::ADVISED) {
                // Without THP this says EINVAL, or 0 and does nothing; base pages serve then.
                let _ = sys::advise(block.start.add(runway), block.len - runway, Advice::HugePage);
                block.tag |= Tag::ADVISED;
            }
            // A value larger than a step may never be written in full: its RAM comes at first touch.
            if asked <= STEP_MOST && !tag.has(Tag::PROTECTED) {
                sys::populate(from, bytes);
            }
        }
        block.ready = goal;
        Ok(())
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        if Tag(block.tag).has(Tag::LENT) {
            return;
        }
        let touched = touched(block);
        // Before it is rounded: all of the address space would wrap to nothing.
        if keep >= touched {
            return;
        }
        let keep = round_up(keep, sys::page_size());
        if keep >= touched {
            return;
        }
        // SAFETY: `keep..touched` are whole pages of the block, private and anonymous, and the caller says
        // that nobody uses them.
        if unsafe { sys::decommit(block.start.add(keep), touched - keep, Sharing::Private) }.is_ok() {
            block.dirty = block.dirty.min(keep);
            // A first block's worth is not brought in by steps, so it stays ready.
            block.ready = block.ready.min(keep.max(FIRST_BLOCK));
        }
    }

    #[inline]
    unsafe fn retire(&self, block: &mut Block, keep: usize) {
        if self.is_paranoid() {
            // SAFETY: the caller's promise, passed on.
            unsafe { withdraw(block, keep) };
        }
    }

    #[inline]
    unsafe fn release(&self, block: &Block) {
        let tag = Tag(block.tag);
        if tag.is_kept_first() && cache::FIRST.give(tag.place(), block) {
            return;
        }
        release_region(*block);
    }

    #[inline(never)]
    fn resident(&self, block: &Block) -> usize {
        let touched = touched(block);
        sys::resident_bytes(block.start, touched).unwrap_or(touched)
    }
}

/// Bytes of a block that may be in RAM, in whole pages: what is ready, and what was written before its access
/// was taken away.
fn touched(block: &Block) -> usize {
    block.ready.max(round_up(block.dirty, sys::page_size())).min(block.len)
}

/// Takes access away from the whole pages of a block above `keep`. Where the kernel refuses (its map is full),
/// they stay usable.
///
/// # Safety
/// The block is on loan, and nobody uses the bytes above `keep`.
#[cold]
unsafe fn withdraw(block: &mut Block, keep: usize) {
    let keep = round_up(keep, sys::page_size());
    if keep >= block.ready || Tag(block.tag).has(Tag::LENT) {
        return;
    }
    // SAFETY: `keep..ready` are whole pages of the block, and the caller says that nobody uses them.
    if unsafe { sys::protect(block.start.add(keep), block.ready - keep, Access::None) }.is_ok() {
        block.ready = keep;
        block.tag |= Tag::PROTECTED;
    }
}

/// How far to make a block usable when `need` bytes of it are needed: whole pages, at most `len`.
fn goal(block: &Block, need: usize) -> usize {
    let runway = runway(block.start);
    let goal = if Tag(block.tag).has(Tag::PROTECTED) {
        need.saturating_add(PROTECT_STEP)
    } else if need > runway {
        // From there on RAM comes 2 MiB at a time anyway.
        runway + round_up(need - runway, HUGE_PAGE)
    } else {
        // Populating across the runway's end would bring a huge page in early.
        (need + (need / 4).clamp(STEP_LEAST, STEP_MOST)).min(runway)
    };
    // Rounding cannot wrap: `goal` is at most a step past `need <= len`, and the kernel maps nothing in
    // the last pages of the address space.
    round_up(goal, sys::page_size()).min(block.len)
}

/// Bytes from `start` to the first huge page: at least [`RUNWAY`], and just that where a region was placed
/// for it.
fn runway(start: NonNull<u8>) -> usize {
    RUNWAY + pad_to(start.addr().get().wrapping_add(RUNWAY), HUGE_PAGE)
}

/// Bytes, in whole pages, of a mapping that can hold `layout`: a mapping starts at a page, so more
/// alignment costs that much room.
fn room_for(layout: Layout) -> Option<usize> {
    let slack = layout.align().saturating_sub(sys::page_size());
    sys::page_align_up(layout.size().checked_add(slack)?)
}

/// Lets the start of an arena's first block be touched lazily, as most arenas end there.
fn lazy_start(mut block: Block) -> Block {
    if !Tag(block.tag).has(Tag::PROTECTED) {
        block.ready = block.ready.max(FIRST_BLOCK.min(block.len));
    }
    block
}

/// Maps `len` bytes, whole pages, with nothing special about them. Without `charge` they count against the commit
/// limit when they are touched.
fn map(len: usize, access: Access, charge: bool) -> Result<NonNull<u8>, Error> {
    debug_assert!(len != 0 && len % sys::page_size() == 0);
    sys::map(sys::MapRequest { len, access, sharing: Sharing::Private, charge, populate: false, huge: None })
}

/// Maps an arena's first block: small, all of it ready, RAM as touched.
#[inline(never)]
fn first_block() -> Result<Block, Error> {
    let (start, len) = (map(FIRST_BLOCK, Access::ReadWrite, true)?, FIRST_BLOCK);
    Ok(Block { start, len, ready: len, dirty: 0, tag: Tag::new(0, 0).0 })
}

/// A block from the cache's shelf, or a new one that the shelf will keep (`.back.cache`). With the flags of a region
/// it follows one of `previous` bytes.
#[inline(never)]
fn kept_or_new(shelf: &AnyKept, flags: usize, previous: usize, need: usize) -> Result<Block, Error> {
    let map = || if Tag(flags).has(Tag::REGION) { ladder(previous, need) } else { first_block() };
    let Some(Place { place, block }) = shelf.claim() else { return map() };
    if let Some(block) = block {
        if block.len >= need {
            return Ok(block);
        }
        // Kept when addresses were scarce, and too short for this value.
        unmap(block);
    }
    match map() {
        Ok(mut block) => {
            block.tag |= flags | place << Tag::PLACE_SHIFT;
            shelf.fill(place, block);
            Ok(block)
        }
        Err(error) => {
            shelf.give_up(place);
            Err(error)
        }
    }
}

/// The region that follows a block of `previous` bytes: from the cache if it is one of the first rung, or the
/// second as a whole (rows ask for that, src/rows).
#[cold]
fn next_region(previous: usize, need: usize) -> Result<Block, Error> {
    if previous < RUNGS[0] / 2 && need <= RUNGS[0] - 2 * HUGE_PAGE {
        return kept_or_new(&cache::REGION, Tag::KEPT | Tag::REGION, previous, need);
    }
    if cache::HAS_ROWS && previous == 0 && need <= RUNGS[1] - 2 * HUGE_PAGE {
        return kept_or_new(&cache::LONG, Tag::KEPT | Tag::REGION | Tag::LONG, previous, need);
    }
    ladder(previous, need)
}

/// Takes a block back that is no first block with a place: keeps a region that is small enough, and unmaps
/// the rest.
#[cold]
fn release_region(block: Block) {
    let tag = Tag(block.tag);
    let kept = match (tag.has(Tag::REGION), cache::HAS_ROWS && tag.has(Tag::LONG)) {
        (true, false) => put_back(&cache::REGION, &block),
        (true, true) => put_back(&cache::LONG, &block),
        (false, _) => false,
    };
    if !kept {
        unmap(block);
    }
}

/// Gives a region back to its place, or the place up if the region is too warm or nothing is to be kept.
fn put_back<const N: usize>(shelf: &Kept<Shelf<Stored, N>>, region: &Block) -> bool {
    let place = Tag(region.tag).place();
    if region.ready <= cache::WARM_REGION {
        return shelf.give(place, region);
    }
    shelf.leave(place);
    false
}

/// Returns a block's mapping to the system; a caller's bytes stay where they are.
pub(super) fn unmap(block: Block) {
    if Tag(block.tag).has(Tag::LENT) {
        return;
    }
    let lead = Tag(block.tag).lead();
    // SAFETY: `reserve` and `first_block` made the block of a mapping that begins `lead` bytes below it and
    // ends where it ends, and gave the mapping up to the block; whoever has the block by value is its only
    // owner.
    unsafe { sys::release(block.start.sub(lead), block.len + lead, Sharing::Private) }
}

/// The length to try first after a block of `previous` bytes, for `least` bytes: the next rung, the last one
/// again when all were climbed, or more when the value itself is longer.
fn rung_after(previous: usize, least: usize) -> usize {
    let rung = RUNGS.into_iter().find(|&rung| rung > previous && rung >= least);
    rung.unwrap_or(RUNGS[RUNGS.len() - 1].max(least))
}

/// Reserves the next larger region that can hold `need` bytes, or as much as can be had down to that.
fn ladder(previous: usize, need: usize) -> Result<Block, Error> {
    let too_large = Error::new(Call::Map, Reason::TooLarge, need);
    let with_runway = need.checked_add(2 * HUGE_PAGE).ok_or(too_large)?;
    let mut want = rung_after(previous, with_runway);
    loop {
        match reserve(want, need) {
            Ok(block) => return Ok(block),
            Err(error) if want == need => return Err(error),
            Err(_) => want = round_up(want / 4, sys::page_size()).max(need),
        }
    }
}

/// Reserves `want` bytes, of which `need` can be used whatever the start: with room to spare, the start is
/// moved to lie one runway below a huge page.
///
/// Readable and writable at once if the kernel allows (one entry in its map); reserved without access and
/// committed by `mprotect` if not (strict overcommit, valgrind).
fn reserve(want: usize, need: usize) -> Result<Block, Error> {
    let (mapping, flags) = match map(want, Access::ReadWrite, false) {
        Ok(mapping) => (mapping, 0),
        Err(_) => (map(want, Access::None, false)?, Tag::PROTECTED),
    };
    let to_runway = pad_to(mapping.as_ptr().addr().wrapping_add(RUNWAY), HUGE_PAGE);
    let lead = if want - need >= to_runway { to_runway } else { 0 };
    // SAFETY: `lead <= want - need`, so the start lies inside the mapping.
    let start = unsafe { mapping.add(lead) };
    Ok(Block { start, len: want - lead, ready: 0, dirty: 0, tag: Tag::new(lead, flags).0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arena_beyond_the_last_rung_goes_on_in_long_steps() {
        let [first, second, last] = RUNGS;
        assert_eq!(rung_after(0, 1), first);
        assert_eq!(rung_after(FIRST_BLOCK, first), first);
        assert_eq!(rung_after(0, first + 1), second);
        assert_eq!(rung_after(first, 1), second);
        assert_eq!(rung_after(second, 1), last);
        assert_eq!(rung_after(last, 1), last);
        assert_eq!(rung_after(2 * last, 1), last);
        assert_eq!(rung_after(last, last + 1), last + 1);
    }

    #[cfg(feature = "capi")]
    #[test]
    fn bytes_of_a_caller_are_neither_withdrawn_nor_given_back() {
        #[repr(align(4096))]
        struct Pages([u8; 4 * 4096]);
        let mut pages = Pages([1; 4 * 4096]);
        for backing in [Mapped::new(), Mapped::new().paranoid(), Mapped::exactly(4 * 4096)] {
            let start = NonNull::from(&mut pages.0).cast();
            let mut arena = crate::Arena::<16>::new_in(backing);
            // SAFETY: the pages are used through the arena alone until it is dropped, and are as long.
            unsafe { arena.begin_in(Mapped::lent(start, 4 * 4096)) };
            assert_eq!(arena.alloc([2u8; 3 * 4096]).as_ptr(), start.as_ptr());
            assert_eq!(arena.try_alloc([3u8; 8192]).is_err(), backing.is_exact());
            arena.reset();
            arena.reset_keeping(0);
            // SAFETY: the pages are there, and the arena has nothing in them.
            assert_eq!(unsafe { start.cast::<[u8; 3 * 4096]>().read() }, [2; 3 * 4096]);
            assert!(arena.alloc_slice_zeroed::<u8>(3 * 4096).iter().all(|&byte| byte == 0));
            drop(arena);
            assert!(pages.0[..3 * 4096].iter().all(|&byte| byte == 0));
            pages.0.fill(1);
        }
    }
}
