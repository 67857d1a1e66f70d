//! Address space from the kernel, RAM as it is touched: the default backing.
//!
//! The first block is small, and its pages come at first touch (`.back.first-block`). After it come a block of 1 MiB,
//! one of 16 MiB, and then regions of 4 GiB of addresses, 64 GiB, and 1 TiB (`.back.region`). RAM is brought in a little
//! ahead of the cursor (`.back.populate`), and in regions 2 MiB at a time behind the huge-page threshold
//! (`.back.huge-threshold`):
//!
//! ```text
//!            2 MiB boundary         2 MiB                  2 MiB
//!   │ untouched │← small →│ huge page │ huge page │ ...
//!   mapping     start      boundary                        mapping + mapped
//! ```
//!
//! Blocks come from the cache where it has some. Where the kernel refuses so much, what is kept is given up, and then
//! smaller regions and regions that commit by `mprotect` are tried (`.back.fallback`). How blocks are mapped is in
//! `reserve`, which are kept in `cache`.

use super::reserve::{
    decommit, discard, give_access, is_locked_when_mapped, kind_of, reserve, reserve_or_less, resident,
};
use super::tag::Tag;
use super::{Backing, Block, cache, retention};
use crate::bump::{pad_to, round_up};
use crate::error::{AllocError, AllocReason};
use crate::policy::{
    BLOCK_SIZES, FIRST, FIRST_BLOCK, HUGE_PAGE, LARGE, LATE_PREFIX, PROTECT_STEP, REGION, SMALL_PAGE_PREFIX,
    SMALLEST_PAGE, STEP_LEAST, STEP_MOST, WHOLE_CACHE, size_after,
};
use crate::roots;
use crate::sys::{self, Access, Advice};
use core::alloc::Layout;

/// Memory mapped from the kernel: many addresses are reserved, and RAM is committed late.
///
/// *Cost*: nothing until the first allocation; then a block of 64 KiB; past that blocks of 1 and 16 MiB; past those a
/// region of 4 GiB of addresses. RAM comes ahead of the values by at most an eighth of what the arena holds, in steps of
/// up to 256 KiB, and in 2 MiB pages where the system allows them when the arena holds 16 MiB. Blocks come from a cache
/// of the whole process ([`trim`](crate::trim)). On Windows all but first blocks are committed as they are used, 64 KiB or
/// 1 MiB at a time, as that counts there before it is touched. *Threads*: `Send` and `Sync`; it holds no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mapped {
    /// Bytes of the one region to use, 0 for the usual growing blocks; and [`PARANOID`](Self::PARANOID) and
    /// [`EAGER`](Self::EAGER).
    request: usize,
}

impl Mapped {
    /// Set in `request` when pages above a rewound cursor must lose their access. No region is as long.
    const PARANOID: usize = 1 << (usize::BITS - 1);
    /// Set in `request` when RAM is to come early. No region is as long.
    const EAGER: usize = 1 << (usize::BITS - 2);

    /// Growing blocks: 64 KiB, 1 MiB, 16 MiB, then regions of 4 GiB, 64 GiB and 1 TiB of addresses.
    pub const fn new() -> Self {
        Mapped { request: 0 }
    }

    /// One contiguous region of `bytes`, rounded up to whole pages, and nothing after it.
    ///
    /// A request: where that much cannot be reserved the first allocation fails, with no smaller try.
    pub const fn exactly(bytes: usize) -> Self {
        // 0 would mean the usual growing blocks; a reservation of 0 bytes is one page instead. A length near that of
        // the longest object is refused when it is mapped, and its top bits are used for the flags.
        Mapped {
            request: if bytes == 0 {
                1
            } else if bytes >= Self::EAGER {
                Self::EAGER - 1
            } else {
                bytes
            },
        }
    }

    /// The same memory, with RAM brought in early: past the first block comes a region, whose steps are twice as long,
    /// with 2 MiB pages from 512 KiB on. Faster for arenas on fresh memory that become large, and much RAM for those
    /// that stay small: one of 600 KB holds 2.7 MB.
    ///
    /// ```
    /// let arena = region::Arena::<8>::new_in(region::backing::Mapped::new().eager());
    /// assert_eq!(arena.alloc_slice_fill_copy(1 << 20, 1u8).len(), 1 << 20);
    /// ```
    #[must_use]
    pub const fn eager(self) -> Self {
        Mapped { request: self.request | Self::EAGER }
    }

    const fn is_eager(&self) -> bool {
        cfg!(not(region_staticlib)) && self.request & Self::EAGER != 0
    }

    /// The same memory, for finding stale pointers: a rewind or reset takes access away from the whole pages
    /// that it frees, and no block is kept for other arenas, so that a pointer into them faults (SIGSEGV) at
    /// its first use, in any build and without a tool.
    ///
    /// *Cost*: a system call for each rewind past a page, and one more when the arena grows there again; each
    /// region may be two entries of the kernel's map.
    ///
    /// ```
    /// let mut arena = region::Arena::<8>::new_in(region::backing::Mapped::new().paranoid());
    /// let stale: *const [u8; 8192] = arena.alloc([7; 8192]);
    /// arena.reset();
    /// // Reading `*stale` now would be a segmentation fault, not the next value's bytes.
    /// # let _ = stale;
    /// ```
    #[must_use]
    pub const fn paranoid(self) -> Self {
        Mapped { request: self.request | Self::PARANOID }
    }

    const fn is_paranoid(&self) -> bool {
        // C programs cannot request it, and the archive leaves its code out. Tests build all arenas so (`.ci/run checked`).
        cfg!(region_paranoid) || (cfg!(not(region_staticlib)) && self.request & Self::PARANOID != 0)
    }

    /// Bytes of the one region to use; 0 for the usual growing blocks.
    const fn reservation(&self) -> usize {
        self.request & !(Self::PARANOID | Self::EAGER)
    }

    /// External bytes as a block: never committed, given back to the system or kept for others.
    ///
    /// # Safety
    /// `start..start + len` may be read and written and has no other user, as long as an arena has the block.
    #[cfg(feature = "capi")]
    pub(crate) const unsafe fn external(start: core::ptr::NonNull<u8>, len: usize) -> Block {
        // The bytes are not known to be zero.
        Block { start, len, ready: len, dirty: len, tag: Tag::new(0, Tag::EXTERNAL).0 }
    }

    /// Whether this is one region of a given size and nothing after it.
    pub(crate) const fn is_exact(&self) -> bool {
        self.reservation() != 0
    }

    /// Whether an arena's or a typed buffer's first block for this layout may be one that is kept for any of them. A
    /// paranoid arena has new blocks. It is a flag in `request`, as is a size.
    #[inline(always)]
    const fn has_kept(&self, layout: Layout) -> bool {
        self.request == 0 && layout.align() <= SMALLEST_PAGE && !cfg!(region_paranoid)
    }

    /// A block that is not simply the next kept one.
    #[cold]
    #[inline(never)]
    fn map_block(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        // Typed buffers begin so.
        if previous == 0 && self.has_kept(layout) {
            if let Some(block) = cache::take_region(layout.size()) {
                return Ok(block);
            }
        }
        // The error is made here only: it is six words, and each copy of this code would be as large as a branch.
        self.find_block(layout, previous).map_err(|reason| AllocError::new(layout.size(), reason))
    }

    /// If a mapping is refused, what is kept for other arenas is given up, and it is tried again.
    #[inline(always)]
    fn find_block(&self, layout: Layout, previous: usize) -> Result<Block, AllocReason> {
        let found = self.next_block(layout, previous);
        match found {
            Err(AllocReason::Os(_)) if WHOLE_CACHE && cache::release_kept(FIRST).0 != 0 => {
                self.next_block(layout, previous)
            }
            found => found,
        }
    }

    /// The block that follows one of `previous` bytes: a kept one, or a new one that can be kept.
    #[inline(never)]
    fn next_block(&self, layout: Layout, previous: usize) -> Result<Block, AllocReason> {
        let need = length_for(layout);
        if self.is_exact() {
            if previous != 0 {
                return Err(AllocReason::Exhausted(self.reservation()));
            }
            // The longest request that there can be stands for all that are longer, so it is not what was asked for.
            let request = Some(self.reservation()).filter(|&request| request < Self::EAGER - 1);
            let len = request.and_then(sys::page_align_up).ok_or(AllocReason::TooLarge)?;
            if need.is_none_or(|need| need > len) {
                return Err(AllocReason::Exhausted(len));
            }
            let block = reserve(len, len, is_locked_when_mapped(len)).map_err(AllocReason::Os)?;
            return Ok(self.begun(block, 0));
        }
        let need = need.ok_or(AllocReason::TooLarge)?;
        // Where stale pointers are to fault, and where a leak checker looks, a block has one life.
        let one_life = self.is_paranoid() || roots::are_looked_for();
        // After no block, or after a short one: a small external buffer, or a block from when addresses were scarce.
        let is_first = previous < FIRST_BLOCK && need <= FIRST_BLOCK;
        let mut size = if is_first { FIRST_BLOCK } else { size_after(previous, need, self.is_eager()) };
        loop {
            let kind = if one_life { None } else { kind_of(size) };
            if let Some(block) = kind.and_then(|kind| cache::take_any(kind, need)) {
                return Ok(self.begun(block, previous));
            }
            let block = match size == FIRST_BLOCK {
                true => cache::new_firsts(one_life),
                false => reserve_or_less(size, previous, need),
            };
            match block {
                Ok(block) => {
                    let block = self.begun(block, previous);
                    return Ok(kind.map_or(block, |kind| cache::enter(block, kind)));
                }
                // A first block is charged to the commit limit as a whole, and a longer one only as it is used.
                Err(_) if size == FIRST_BLOCK && previous != 0 => size = size_after(previous, need, self.is_eager()),
                Err(error) => return Err(AllocReason::Os(error)),
            }
        }
    }

    /// A block for an arena whose last one had `previous` bytes. Huge pages wait until an arena is large. Its first
    /// bytes may be touched lazily if it has little so far.
    #[inline(never)]
    fn begun(&self, mut block: Block, previous: usize) -> Block {
        let early = self.is_eager() || previous >= BLOCK_SIZES[1];
        block.tag = if early { block.tag & !Tag::LATE } else { block.tag | Tag::LATE };
        if !Tag(block.tag).has(Tag::PROTECTED) && previous <= FIRST_BLOCK {
            block.ready = block.ready.max(FIRST_BLOCK.min(block.len));
        }
        block
    }
}

// SAFETY: every block is new memory, which the kernel gives to one mapping at a time and which no two blocks share, or a
// kept one, which the cache hands out to one taker at a time. `release` gives it to the cache or unmaps it. The first
// `ready` bytes were mapped or protected readable and writable; `decommit` keeps access and content below `keep`. New
// anonymous memory is zero, and `MADV_DONTNEED` makes it so again before `dirty` is lowered; the cache keeps `dirty` as it
// was released. For an external block the
// caller has promised all of this. Its tag says that it is external, and nothing here changes it.
unsafe impl Backing for Mapped {
    #[inline(always)]
    fn acquire_at_once(&self, layout: Layout) -> Option<Block> {
        // The archive that is built for size has one way alone.
        if !WHOLE_CACHE || !self.has_kept(layout) {
            return None;
        }
        // Typed buffers begin with a region.
        if layout.size() <= FIRST_BLOCK {
            cache::take_first_at_once()
        } else {
            cache::take_region_at_once(layout.size())
        }
    }

    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        if previous == 0 && layout.size() <= FIRST_BLOCK && self.has_kept(layout) {
            if let Some(block) = cache::take_first() {
                return Ok(block);
            }
        }
        self.map_block(layout, previous)
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        debug_assert!(need > block.ready && need <= block.len);
        let tag = Tag(block.tag);
        let asked = need - block.ready;
        let mut goal = goal(block, need);
        // SAFETY: `ready <= goal <= len`, whole pages of the block, which is ours and on loan; raising
        // access and advising keep every byte.
        unsafe {
            if tag.has(Tag::PROTECTED) {
                goal =
                    give_access(block, goal, need).map_err(|error| AllocError::new(asked, AllocReason::Os(error)))?;
            }
            let bytes = goal - block.ready;
            let small = small_pages(block);
            if goal > small && !tag.has(Tag::ADVISED) {
                // Without THP this says EINVAL, or 0 and does nothing; base pages serve then.
                let _ = sys::advise(block.start.add(small), block.len - small, Advice::HugePage);
                block.tag |= Tag::ADVISED;
            }
            // A value larger than a step may never be written in full: its RAM comes at first touch.
            if asked <= STEP_MOST && !tag.has(Tag::PROTECTED) {
                sys::populate(block.start.add(block.ready), bytes);
            }
        }
        block.ready = goal;
        if WHOLE_CACHE && tag.is_slotted() {
            retention::grows(tag.kind(), goal);
        }
        Ok(())
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        // SAFETY: the caller's promise, passed on.
        unsafe { decommit(block, keep) };
    }

    unsafe fn discard(&self, block: &Block, from: usize, len: usize) -> bool {
        // SAFETY: the caller's promise, passed on.
        unsafe { discard(block, from, len) }
    }

    #[inline(always)]
    fn protects(&self) -> bool {
        self.is_paranoid()
    }

    #[inline]
    unsafe fn protect(&self, block: &mut Block, keep: usize) {
        if self.is_paranoid() {
            // SAFETY: the caller's promise, passed on.
            unsafe { take_access(block, keep) };
        }
    }

    #[inline]
    unsafe fn release(&self, block: &Block) {
        // SAFETY: the tag is as the cache or `reserve` made it. The block was on loan until now, and the caller promises
        // that nothing uses it any more.
        unsafe {
            if !(WHOLE_CACHE && Tag(block.tag).is_kept_first() && cache::give_first_at_once(block)) {
                release_other(block);
            }
        }
    }

    /// Not beside the one region that this is, nor a caller's bytes; and where stale pointers are to fault, no block
    /// that would be kept for other arenas.
    fn adopts(&self, _: &Self, block: &Block) -> bool {
        let tag = Tag(block.tag);
        !(self.is_exact() || tag.is_external() || self.is_paranoid() && tag.is_slotted())
    }

    #[inline(never)]
    fn resident(&self, block: &Block) -> usize {
        resident(block)
    }
}

/// Takes a block back that is no first block, or not simply put into its thread's list.
///
/// # Safety
/// As for [`Backing::release`].
#[cold]
#[inline(never)]
unsafe fn release_other(block: &Block) {
    // SAFETY: as `release` says of the tag and of the block.
    unsafe {
        if !(WHOLE_CACHE && cache::give_region_at_once(block)) {
            release_slowly(block);
        }
    }
}

/// Takes a block back that is not simply put into its thread's list.
///
/// # Safety
/// As for [`Backing::release`].
#[cold]
#[inline(never)]
unsafe fn release_slowly(block: &Block) {
    // SAFETY: as `release` says of the tag and of the block.
    unsafe {
        let tag = Tag(block.tag);
        let done = match tag.is_slotted() {
            true if tag.is_kept_first() => cache::give_first(block),
            true => tag.kind() > LARGE && cache::give_region(block),
            false => tag.is_external(),
        };
        if !done {
            cache::give(*block);
        }
    }
}

/// Takes access away from the whole pages of a block above `keep`. Where the kernel refuses (its map is full),
/// they stay usable.
///
/// # Safety
/// The block is on loan, and nothing uses the bytes above `keep`.
#[cold]
unsafe fn take_access(block: &mut Block, keep: usize) {
    let keep = round_up(keep, sys::page_size());
    if keep >= block.ready || Tag(block.tag).is_external() {
        return;
    }
    // SAFETY: `keep..ready` are whole pages of the block, and the caller promises that nothing uses them.
    if unsafe { sys::protect(block.start.add(keep), block.ready - keep, Access::None) }.is_ok() {
        block.ready = keep;
        block.tag |= Tag::PROTECTED;
    }
}

/// How far to make a block usable when `need` bytes of it are needed: whole pages, at most `len`.
fn goal(block: &Block, need: usize) -> usize {
    let small = small_pages(block);
    let goal = if Tag(block.tag).has(Tag::PROTECTED) {
        need.saturating_add(if block.len < REGION { STEP_LEAST } else { PROTECT_STEP })
    } else if need > small {
        // Behind the threshold RAM comes 2 MiB at a time.
        small + round_up(need - small, HUGE_PAGE)
    } else {
        let step = match Tag(block.tag).has(Tag::LATE) {
            true => ((need + FIRST_BLOCK) / 8).min(STEP_MOST),
            false => (need / 4).clamp(STEP_LEAST, STEP_MOST),
        };
        // Populating across the threshold would bring a huge page in early.
        (need + step).min(small)
    };
    // Rounding cannot wrap: `goal` is at most a step past `need <= len`, and the kernel maps nothing in
    // the last pages of the address space.
    round_up(goal, sys::page_size()).min(block.len)
}

/// Bytes from a block's start to the first huge page: all of a short block's, and at least [`SMALL_PAGE_PREFIX`] of a
/// region's, and just that where it was placed for it and is not to wait.
fn small_pages(block: &Block) -> usize {
    let late = || (LATE_PREFIX / HUGE_PAGE).saturating_mul(sys::huge_page()).min(REGION);
    let late = if Tag(block.tag).has(Tag::LATE) { late() } else { 0 };
    late + SMALL_PAGE_PREFIX + pad_to(block.start.addr().get().wrapping_add(SMALL_PAGE_PREFIX), HUGE_PAGE)
}

/// Bytes, in whole pages, of a mapping that can hold `layout`: a mapping starts at a page, so more
/// alignment needs padding.
fn length_for(layout: Layout) -> Option<usize> {
    let slack = layout.align().saturating_sub(sys::sure_alignment());
    sys::page_align_up(layout.size().checked_add(slack)?)
}

#[cfg(all(test, feature = "capi"))]
mod tests {
    use super::*;

    /// Of 32 bits of addresses the longest request is a gigabyte, which a process may have.
    #[test]
    fn a_reservation_too_long_to_be_said_is_refused_and_not_shortened() {
        for bytes in [usize::MAX, isize::MAX as usize, Mapped::EAGER] {
            let arena = crate::Arena::<8>::new_in(Mapped::exactly(bytes));
            assert_eq!(arena.try_alloc(1u8).unwrap_err().reason(), AllocReason::TooLarge, "{bytes}");
        }
    }

    #[test]
    fn bytes_of_a_caller_are_neither_protected_nor_given_back() {
        #[repr(align(4096))]
        struct Pages([u8; 4 * 4096]);
        let mut pages = Pages([1; 4 * 4096]);
        for backing in [Mapped::new(), Mapped::new().paranoid(), Mapped::exactly(4 * 4096)] {
            let start = core::ptr::NonNull::from(&mut pages.0).cast();
            let mut arena = crate::Arena::<16>::new_in(backing);
            // SAFETY: the pages are used through the arena alone until it is dropped, and are as long.
            unsafe { arena.begin_in(Mapped::external(start, 4 * 4096)) };
            assert_eq!(arena.alloc([2u8; 3 * 4096]).as_ptr(), start.as_ptr());
            assert_eq!(arena.try_alloc([3u8; 8192]).is_err(), backing.is_exact());
            arena.reset();
            arena.reset_keeping(0);
            // SAFETY: the pages are mapped, and the arena has no values in them.
            assert_eq!(unsafe { start.cast::<[u8; 3 * 4096]>().read() }, [2; 3 * 4096]);
            assert!(arena.alloc_slice_zeroed::<u8>(3 * 4096).iter().all(|&byte| byte == 0));
            drop(arena);
            assert!(pages.0[..3 * 4096].iter().all(|&byte| byte == 0));
            pages.0.fill(1);
        }
    }
}
