//! The stack of blocks: entering a new one, leaving it again, rewinding to a mark.
//!
//! An arena has one current block. A block that follows another begins with a [`Link`] that leads back, so
//! the first block, which may be a caller's buffer, is used to its last byte. One block that was left is
//! kept as a spare: a loop of marks and rewinds across the end of a block takes no system call.

use super::Arena;
use super::backing::{Backing, Block};
use super::bump::{pad_to, round_up};
use crate::checkers::{self, Holds};
use crate::error::AllocError;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// At the start of every block but the first: the state of the arena before it entered.
pub(super) struct Link {
    block: Option<Block>,
    cur: *mut u8,
    base: *mut u8,
    link: Option<NonNull<Link>>,
    below: usize,
}

// A spare block keeps its own description where its link was.
const _: () = assert!(size_of::<Block>() <= size_of::<Link>() && align_of::<Block>() <= align_of::<Link>());

/// A position in an arena, to rewind to. Made by [`Arena::mark`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The block's first byte; none in an arena without blocks.
    block: Option<NonNull<u8>>,
    cur: *mut u8,
    used: usize,
    #[cfg(debug_assertions)]
    wasted: usize,
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// What a block must hold for `layout`, as the cursor moves in units of `MIN_ALIGN`.
    #[inline]
    pub(super) fn in_units(layout: Layout) -> Option<Layout> {
        let taken = layout.size().checked_next_multiple_of(MIN_ALIGN)?;
        Layout::from_size_align(taken, layout.align().max(MIN_ALIGN)).ok()
    }

    /// Enters another block with room for `layout`: the spare if it serves, a new one if not.
    pub(super) fn enter_new_block(&self, layout: Layout) -> Result<(), AllocError> {
        let too_large = AllocError::new(layout.size(), crate::AllocReason::TooLarge);
        // What the block must hold: the link, and the value behind it.
        let link = Layout::new::<Link>().align_to(MIN_ALIGN).map(|link| link.pad_to_align());
        let value = Self::in_units(layout).ok_or(too_large)?;
        let (whole, _) = link.and_then(|link| link.extend(value)).map_err(|_| too_large)?;

        if let Some(spare) = self.spare_block().filter(|spare| fits(spare, whole)) {
            self.spare.set(None);
            return self.enter(spare, layout);
        }
        let acquired = self.backing.acquire(whole, self.block.get().map_or(0, |block| block.len));
        let block = acquired.map_err(|error| error.of(layout.size()))?;
        self.enter(block, layout)
    }

    /// How far into a block that is not the first its link lies, and where its values begin.
    fn link_and_values(block: &Block) -> (usize, usize) {
        let at = pad_to(block.start.addr().get(), MIN_ALIGN.max(align_of::<Link>()));
        (at, at + round_up(size_of::<Link>(), MIN_ALIGN))
    }

    /// Makes `block` the current one, with a link to the one before.
    fn enter(&self, mut block: Block, layout: Layout) -> Result<(), AllocError> {
        let (at, base) = Self::link_and_values(&block);
        if base > block.ready {
            // SAFETY: the block is on loan from this backing, and `fits` or `acquire` made sure that a link
            // and the value lie within its length.
            if let Err(error) = unsafe { self.backing.commit(&mut block, base) } {
                // SAFETY: the block is on loan and nothing was put into it.
                unsafe { self.give_back(&block) };
                return Err(error.of(layout.size()));
            }
        }
        // SAFETY: `fits` or `acquire` made sure that the padding, the link and the value that is to follow
        // lie within the block's length.
        let (place, base) = unsafe { (block.start.add(at).cast::<Link>(), block.start.add(base)) };
        // SAFETY: `place` is aligned for a link and its bytes are ready and below `base`, where no value is
        // ever placed.
        unsafe {
            place.write(Link {
                block: self.block.get(),
                cur: self.cur.get(),
                base: self.base.get(),
                link: self.link.get(),
                below: self.below.get(),
            });
        }
        checkers::tell(base, block.ready - (base.addr().get() - block.start.addr().get()), Holds::Nothing);
        self.below.set(self.used());
        self.link.set(Some(place));
        self.block.set(Some(block));
        self.base.set(base.as_ptr());
        self.cur.set(base.as_ptr());
        self.set_end();
        Ok(())
    }

    /// Leaves the current block for the one below it. False when there is none below.
    pub(super) fn leave(&self) -> bool {
        let Some(link) = self.link.get() else { return false };
        self.lower(self.base.get());
        // SAFETY: a link is written when its block is entered and lies below `base`, where nothing else is
        // ever written before the block is a spare.
        let link = unsafe { link.as_ref() };
        let left = self.block.replace(link.block);
        self.cur.set(link.cur);
        self.base.set(link.base);
        self.link.set(link.link);
        self.below.set(link.below);
        if let Some(left) = left {
            self.keep_spare(left);
        }
        true
    }

    /// Gives a block back to the backing.
    ///
    /// # Safety
    /// As for [`Backing::release`].
    #[inline]
    unsafe fn give_back(&self, block: &Block) {
        checkers::tell(block.start, block.ready, Holds::Bytes);
        // SAFETY: the caller's promise, passed on.
        unsafe { self.backing.release(block) };
    }

    /// Lets the backing take back what lies above `keep`. Values begin `values` bytes into the block.
    ///
    /// # Safety
    /// As for [`Backing::decommit`].
    unsafe fn decommit(&self, block: &mut Block, keep: usize, values: usize) {
        // The backing may write into what it takes back.
        checkers::tell(block.start, block.ready, Holds::Bytes);
        // SAFETY: the caller's promise, passed on.
        unsafe { self.backing.decommit(block, keep) };
        if values < block.ready {
            // SAFETY: the block is longer.
            checkers::tell(unsafe { block.start.add(values) }, block.ready - values, Holds::Nothing);
        }
    }

    /// Keeps a block for later: the larger of it and the spare there was. The other goes back.
    fn keep_spare(&self, block: Block) {
        if self.spare_block().is_some_and(|spare| spare.len > block.len) {
            // SAFETY: the block came from this backing, `leave` recorded how far it was written, and all
            // references into it ended with the rewind.
            return unsafe { self.give_back(&block) };
        }
        self.release_spare();
        let at = pad_to(block.start.addr().get(), align_of::<Link>());
        // SAFETY: only blocks that had a link become spares, so the same place holds a block's description
        // (asserted above) and is ready. Nothing refers into a block that was left.
        unsafe {
            let place = block.start.add(at).cast::<Block>();
            place.write(block);
            self.spare.set(Some(place));
        }
    }

    /// Returns the spare to the backing, if there is one.
    fn release_spare(&self) {
        if let Some(spare) = self.spare_block() {
            self.spare.set(None);
            // SAFETY: a spare is on loan, its `dirty` was recorded when it was left, and no reference into the
            // arena outlived that.
            unsafe { self.give_back(&spare) };
        }
    }

    /// The present position, for [`rewind`](Self::rewind).
    pub fn mark(&self) -> Mark {
        Mark {
            block: self.block.get().map(|block| block.start),
            cur: self.cur.get(),
            used: self.used(),
            #[cfg(debug_assertions)]
            wasted: self.wasted.get(),
        }
    }

    /// Whether `mark` is a place that the arena can be rewound to: in a block that it holds, as far from its beginning
    /// as when the mark was made. One step a block.
    ///
    /// In a block that was followed by another the mark may lie above the cursor: its last value has grown since, and
    /// left for the other block.
    #[cfg(feature = "capi")]
    pub(crate) fn knows(&self, mark: &Mark) -> bool {
        let Some(start) = mark.block else { return mark.used == 0 };
        let mut used = self.used();
        if mark.used > used || mark.cur.addr() % MIN_ALIGN != 0 {
            return false;
        }
        for (block, base, cur) in self.blocks() {
            let below = used - (cur.addr() - base.addr());
            if block.start == start {
                let ready = block.start.addr().get() + block.ready;
                return base <= mark.cur
                    && mark.cur.addr() <= ready
                    && mark.cur.addr() - base.addr() + below == mark.used;
            }
            used = below;
        }
        false
    }

    /// Frees everything that was allocated since `mark`, and keeps the memory. Constant time, but for a
    /// step per block that was entered since.
    ///
    /// [`scoped`](Self::scoped) and [`scope_guard`](Self::scope_guard) do the same without `unsafe`.
    ///
    /// # Safety
    /// The mark is of this arena; neither a reset nor a rewind to an older mark came after it, nor was anything
    /// given back or shortened that was there when it was made (a slot whose closure failed, a block by
    /// [`free`](Self::free) or [`try_shrink`](Self::try_shrink), a container that shrank); and nothing that was
    /// allocated or grown since is used any more.
    ///
    /// # Panics
    /// Debug builds panic when the mark is newer than the arena's position: marks rewound out of order.
    pub unsafe fn rewind(&self, mark: Mark) {
        debug_assert!(mark.used <= self.used(), "rewound to a mark that an earlier rewind or reset undid");
        while self.block.get().map(|block| block.start) != mark.block && self.leave() {}
        // A mark of an arena without blocks is the start of the first.
        self.lower_to_mark(if mark.block.is_none() { self.base.get() } else { mark.cur });
        #[cfg(debug_assertions)]
        self.wasted.set(mark.wasted);
    }

    fn lower_to_mark(&self, to: *mut u8) {
        self.lower(to);
        self.set_end();
    }

    /// Frees everything and keeps the memory: the next allocations touch pages that are in RAM already.
    ///
    /// Kept are the first block and the largest; others go back. Values are not dropped.
    ///
    /// *Cost*: constant, no system call unless there are more than two blocks; giving RAM back and
    /// touching it again would be 24 to 250 times dearer (`.back.reset`).
    ///
    /// ```
    /// let mut arena = region::Arena::new();
    /// let first = arena.alloc(1u64) as *const u64;
    /// arena.reset();
    /// assert_eq!(arena.used(), 0);
    /// assert_eq!(arena.alloc(2u64) as *const u64, first);
    /// ```
    pub fn reset(&mut self) {
        while self.leave() {}
        self.lower_to_mark(self.base.get());
        #[cfg(debug_assertions)]
        self.wasted.set(0);
    }

    /// Frees everything, keeps the RAM of about `bytes`, and gives the rest back to the system at once.
    ///
    /// ```
    /// let mut arena = region::Arena::new();
    /// arena.alloc_slice_fill_copy(64 << 20, 1u8);
    /// arena.reset_keeping(1 << 20);
    /// assert!(arena.committed() <= 2 << 20);
    /// ```
    pub fn reset_keeping(&mut self, bytes: usize) {
        self.reset();
        // SAFETY: the cell is this arena's, and nothing that is called here looks at it.
        let Some(block) = (unsafe { &mut *self.block.as_ptr() }) else { return };
        let values = self.base.get().addr() - block.start.addr().get();
        // SAFETY: the block is on loan, and after the reset nothing in it is in use.
        unsafe { self.decommit(block, bytes, values) };
        // A backing may have withdrawn what was written, and keep its RAM.
        let rest = bytes.saturating_sub(block.ready.max(block.dirty));
        self.set_end();
        if rest == 0 {
            return self.release_spare();
        }
        if let Some(mut spare) = self.spare_block() {
            let (_, values) = Self::link_and_values(&spare);
            // SAFETY: a spare is on loan, and nobody uses it. The description of the spare itself stays in RAM, and
            // that is where it is written back to.
            unsafe {
                self.decommit(&mut spare, rest.max(size_of::<Link>() + align_of::<Link>()), values);
                if let Some(place) = self.spare.get() {
                    place.write(spare);
                }
            }
        }
    }

    /// The blocks that hold values, newest first: each with its first value's address and its cursor.
    pub(super) fn blocks(&self) -> Blocks<'_> {
        let (block, base, cur, link) = (self.block.get(), self.base.get(), self.cur.get(), self.link.get());
        Blocks { block, base, cur, link, arena: PhantomData }
    }

    /// The spare's description, without taking it.
    pub(super) fn spare_block(&self) -> Option<Block> {
        // SAFETY: `keep_spare` wrote the description, and nothing was put into the block since.
        self.spare.get().map(|place| unsafe { place.read() })
    }
}

/// The blocks of an arena that hold values, newest first. Made by `Arena::blocks`.
///
/// They are those of the moment: whoever holds the iterator does not rewind the arena meanwhile, which needs
/// `&mut`, or `unsafe` whose conditions say so.
#[derive(Clone, Debug)]
pub(super) struct Blocks<'a> {
    block: Option<Block>,
    base: *mut u8,
    cur: *mut u8,
    link: Option<NonNull<Link>>,
    arena: PhantomData<&'a ()>,
}

impl Iterator for Blocks<'_> {
    type Item = (Block, *mut u8, *mut u8);

    fn next(&mut self) -> Option<Self::Item> {
        let item = (self.block.take()?, self.base, self.cur);
        if let Some(link) = self.link.take() {
            // SAFETY: links are written when a block is entered and stay until it is left.
            let link = unsafe { link.as_ref() };
            (self.block, self.base, self.cur, self.link) = (link.block, link.base, link.cur, link.link);
        }
        Some(item)
    }
}

/// Whether `layout` fits into the block past the padding that aligns it.
fn fits(block: &Block, layout: Layout) -> bool {
    let pad = pad_to(block.start.addr().get(), layout.align());
    layout.size() <= block.len && pad <= block.len - layout.size()
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Gives every block but the first back.
    #[cold]
    #[inline(never)]
    fn release_above_first(&mut self) {
        while self.leave() {}
        self.release_spare();
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Drop for Arena<MIN_ALIGN, B> {
    #[inline]
    fn drop(&mut self) {
        if self.link.get().is_some() || self.spare.get().is_some() {
            self.release_above_first();
        }
        let cur = self.cur.get().addr();
        // In place: a copy of the block to release would be the dearest part of a small arena's end.
        // SAFETY: the cell is this arena's, and nothing that is called here looks at it.
        if let Some(block) = unsafe { &mut *self.block.as_ptr() } {
            block.dirty = block.dirty.max(cur - block.start.addr().get());
            // SAFETY: the block is on loan, `dirty` covers all that was written, and no reference into the
            // arena outlives it.
            unsafe { self.give_back(block) };
        }
    }
}
