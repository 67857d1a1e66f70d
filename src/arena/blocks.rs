//! The stack of blocks: entering a new one, leaving it again, giving all back. Marks and rewinds are in `mark`.
//!
//! An arena has one current block. A block that follows another begins with a [`Link`] that leads back. The first block
//! has no link, so an external buffer is used to its last byte. Where another arena's blocks were adopted, the link of
//! the first of them lies in the block below. One block that was left is kept as a spare, so a loop of marks and
//! rewinds across the end of a block makes no system call.

use super::Arena;
use super::backing::{Backing, Block, checked};
use crate::bump::{self, pad_to, round_up};
use crate::checkers::{self, Contents};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// At the start of every block that the arena entered but the first: the state of the arena before.
///
/// Its size is a multiple of 16 bytes, so that no padding comes before the first value behind it. A chunk of values of
/// one type then has no padding at all (`Arena::iter_allocated_chunks`).
#[repr(align(16))]
pub(super) struct Link {
    block: Option<Block>,
    cur: *mut u8,
    base: *mut u8,
    link: Option<NonNull<Link>>,
    /// Bytes used in the blocks before `block`.
    used_before: usize,
}

impl Link {
    /// Bytes in use up to here: in `block`, and in those before it.
    #[inline(always)]
    fn used(&self) -> usize {
        self.used_before + (self.cur.addr() - self.base.addr())
    }
}

// A spare block holds its own `Block` where its link was.
const _: () = assert!(size_of::<Block>() <= size_of::<Link>() && align_of::<Block>() <= align_of::<Link>());

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// The layout that a block must hold for `layout`: the cursor moves in units of `MIN_ALIGN`.
    #[inline]
    pub(super) fn in_units(layout: Layout) -> Option<Layout> {
        let taken = layout.size().checked_next_multiple_of(MIN_ALIGN)?;
        Layout::from_size_align(taken, layout.align().max(MIN_ALIGN)).ok()
    }

    /// Enters another block for `layout`: the spare if it is long enough, else a new one.
    pub(super) fn enter_new_block(&self, layout: Layout) -> Result<(), AllocError> {
        let too_large = AllocError::new(layout.size(), AllocReason::TooLarge);
        // The block must hold the link, and the value behind it.
        let link = Layout::new::<Link>().align_to(MIN_ALIGN).map(|link| link.pad_to_align());
        let value = Self::in_units(layout).ok_or(too_large)?;
        let (whole, _) = link.and_then(|link| link.extend(value)).map_err(|_| too_large)?;

        if let Some(spare) = self.spare_block().filter(|spare| fits(spare, whole)) {
            self.spare.set(None);
            return self.enter(spare, layout);
        }
        let acquired = checked::acquire(self.backing(), whole, self.block.get().map_or(0, |block| block.len));
        let block = acquired.map_err(|error| error.of(layout.size()))?;
        debug_assert!(
            self.blocks()
                .map(|(held, ..)| held)
                .chain(self.spare_block())
                .all(|held| checked::are_apart(&held, &block)),
            "a backing handed out bytes that it had handed out already: {block:?}"
        );
        self.enter(block, layout)
    }

    /// The positions of the link and of the first value of at most this alignment, in a block that is not the first.
    fn link_and_values(block: &Block, align: usize) -> (usize, usize) {
        let start = block.start.addr().get();
        let at = pad_to(start, MIN_ALIGN.max(align_of::<Link>()));
        let behind = at + round_up(size_of::<Link>(), MIN_ALIGN);
        (at, behind + pad_to(start + behind, align))
    }

    /// Makes `block` the current one, with a link to the one before. The first value is aligned as `layout` is.
    ///
    /// For an alignment above a page the bytes behind the link count as padding, so that only the link is committed.
    fn enter(&self, mut block: Block, layout: Layout) -> Result<(), AllocError> {
        let (at, base) = Self::link_and_values(&block, layout.align().min(bump::TOP));
        if base > block.ready {
            // SAFETY: the block is on loan from this backing, and `fits` or `acquire` made sure that a link
            // and the value lie within its length.
            if let Err(error) = unsafe { checked::commit(self.backing(), &mut block, base) } {
                // SAFETY: the block is on loan and holds nothing.
                unsafe { self.give_back(&block) };
                return Err(error.of(layout.size()));
            }
        }
        // SAFETY: `fits` or `acquire` made sure that the padding, the link (padded to the value's alignment) and the
        // value lie within the block's length. `base` is aligned to at most that alignment.
        let (place, base) = unsafe { (block.start.add(at).cast::<Link>(), block.start.add(base)) };
        // Values lay here where the block was adopted: no checker is to mind the link.
        checkers::unpoison(place.cast(), size_of::<Link>(), Contents::Uninitialized);
        // SAFETY: `place` is aligned for a link, and its bytes are ready and lie before `base`, where there is never
        // a value.
        unsafe { place.write(self.link_here()) };
        let behind = at + size_of::<Link>();
        // SAFETY: the link's end lies at or before `base`, and that many bytes of the block are ready.
        checkers::poison(unsafe { block.start.add(behind) }, block.ready - behind);
        self.forget_noted();
        self.link.set(Some(place));
        self.block.set(Some(block));
        self.base.set(base.as_ptr());
        self.cur.set(base.as_ptr());
        self.set_end();
        Ok(())
    }

    /// Leaves the current block for the one before it. False when there is none.
    pub(super) fn leave(&self) -> bool {
        let Some(link) = self.link.get() else { return false };
        self.rewind_cursor(self.base.get());
        // SAFETY: a link is written when its block is entered. It lies before `base`, where nothing else is
        // written until the block is a spare.
        let link = unsafe { link.as_ref() };
        let left = self.block.replace(link.block);
        self.forget_noted();
        self.cur.set(link.cur);
        self.base.set(link.base);
        self.link.set(link.link);
        if let Some(left) = left {
            self.keep_spare(left);
        }
        true
    }

    /// Moves all blocks of `from` onto the stack of this arena, above its current one, which is left with what is free
    /// in it. `from` is empty afterwards, and its backing has nothing on loan. If it holds no values, nothing moves.
    ///
    /// ```text
    ///   before   this: ─ A ─ B          from: ─ C ─ D
    ///   after    this: ─ A ─ B ─ C ─ D, with a link in B that leads from C back to it
    /// ```
    ///
    /// # Errors
    /// Nothing has changed then.
    #[cfg(any(feature = "capi", not(region_staticlib)))]
    pub(crate) fn absorb(&self, from: &Self) -> Result<(), AllocError> {
        let size = from.used();
        if let Some(claimed) = [self, from].into_iter().find(|arena| arena.is_claimed()) {
            return Err(AllocError::new(size, claimed.why_claimed()));
        }
        if size == 0 {
            return Ok(());
        }
        if !from.blocks().all(|(block, ..)| self.backing().adopts(from.backing(), &block)) {
            return Err(AllocError::new(size, AllocReason::Bound));
        }
        // The first block of `from` has no link, and there may be no free byte in it. So the link lies here.
        let link = match self.block.get() {
            Some(_) => Some(self.place_link(size)?),
            None if size > self.limit() => return Err(AllocError::new(size, AllocReason::Limit(self.limit()))),
            None => None,
        };
        from.release_spare();
        let before = self.used();
        let mut at = from.link.take();
        self.link.set(at.or(link));
        while let Some(mut place) = at {
            // SAFETY: the links of `from` are written and its own, and nothing else refers to one now.
            let below = unsafe { place.as_mut() };
            at = below.link;
            below.used_before += before;
            if at.is_none() {
                below.link = link;
            }
        }
        self.block.set(from.block.take());
        self.base.set(from.base.replace(Self::NOWHERE));
        self.cur.set(from.cur.replace(Self::NOWHERE));
        from.end.set(Self::NOWHERE);
        from.forget_noted();
        self.forget_noted();
        #[cfg(debug_assertions)]
        self.wasted.set(self.wasted.get() + from.wasted.take());
        self.set_end();
        Ok(())
    }

    /// Leaves the current block if it was another arena's first, was adopted, and has no value any more. It has no link at
    /// its start, so a value that ends where it begins, in the memory before it, would be taken for its last one.
    ///
    /// For the C ABI, which gives single values back. In Rust the block holds an owner's words, which nobody gives back.
    #[cfg(feature = "capi")]
    #[inline(always)]
    pub(crate) fn leave_emptied(&self) {
        if self.cur.get() == self.base.get() {
            self.leave_adopted();
        }
    }

    #[cfg(feature = "capi")]
    #[cold]
    #[inline(never)]
    fn leave_adopted(&self) {
        let (Some(block), Some(link)) = (self.block.get(), self.link.get()) else { return };
        if link.addr().get().wrapping_sub(block.start.addr().get()) >= block.len {
            // The block below has the link in it, so it is not empty.
            self.leave();
            self.set_end();
        }
    }

    /// Allocates a link that leads back to the arena's state just after, where the limit allows `size` bytes more.
    #[cfg(any(feature = "capi", not(region_staticlib)))]
    fn place_link(&self, size: usize) -> Result<NonNull<Link>, AllocError> {
        let (mark, peak) = (self.mark(), self.peak.get());
        let place = self.try_alloc_layout(Layout::new::<Link>()).map_err(|refused| refused.of(size))?.cast::<Link>();
        if size > self.limit().saturating_sub(self.used()) {
            // SAFETY: the mark was just made in this arena, and what was allocated since is not used.
            unsafe { self.rewind(mark) };
            self.peak.set(peak);
            return Err(AllocError::new(size, AllocReason::Limit(self.limit())));
        }
        // SAFETY: the memory was just allocated for a link.
        unsafe { place.write(self.link_here()) };
        Ok(place)
    }

    /// Bytes in use in the blocks before the current one.
    #[inline(always)]
    pub(super) fn used_before(&self) -> usize {
        // SAFETY: a link is written when its block is entered, or before it is adopted, and nothing else is written there
        // until the block is left.
        self.link.get().map_or(0, |link| unsafe { link.as_ref() }.used())
    }

    /// A link that leads back to the arena's present state.
    #[inline(always)]
    fn link_here(&self) -> Link {
        Link {
            block: self.block.get(),
            cur: self.cur.get(),
            base: self.base.get(),
            link: self.link.get(),
            used_before: self.used_before(),
        }
    }

    /// Gives a block back to the backing.
    ///
    /// # Safety
    /// As for [`Backing::release`].
    #[inline]
    unsafe fn give_back(&self, block: &Block) {
        checkers::unpoison(block.start, block.ready, Contents::Initialized);
        // SAFETY: the caller's promise, passed on.
        unsafe { self.backing().release(block) };
    }

    /// Lets the backing take back the bytes above `keep`. Values begin `values` bytes into the block.
    ///
    /// # Safety
    /// As for [`Backing::decommit`].
    unsafe fn decommit(&self, block: &mut Block, keep: usize, values: usize) {
        // The backing may write into the bytes that it takes back.
        checkers::unpoison(block.start, block.ready, Contents::Initialized);
        // SAFETY: the caller's promise, passed on.
        unsafe { checked::decommit(self.backing(), block, keep) };
        if values < block.ready {
            // SAFETY: the block is longer.
            checkers::poison(unsafe { block.start.add(values) }, block.ready - values);
        }
    }

    /// Keeps the longer of this block and the present spare as the spare. The other one goes back.
    fn keep_spare(&self, mut block: Block) {
        let at = pad_to(block.start.addr().get(), align_of::<Link>());
        // A block that was adopted as another arena's first had no link, and may be too short for a record.
        let recorded = at + size_of::<Block>();
        if block.ready < recorded || self.spare_block().is_some_and(|spare| spare.len > block.len) {
            // SAFETY: the block came from this backing or was adopted, `leave` recorded how far it was written, and all
            // references into it ended with the rewind.
            return unsafe { self.give_back(&block) };
        }
        self.release_spare();
        block.dirty = block.dirty.max(recorded);
        // SAFETY: the first `recorded` bytes are ready, as was just found: `at` is aligned for a link, and so for a
        // `Block` (asserted above). Nothing refers into a block that was left.
        unsafe {
            let place = block.start.add(at).cast::<Block>();
            checkers::unpoison(place.cast(), size_of::<Block>(), Contents::Uninitialized);
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

    /// Frees everything and keeps the memory: the next allocations touch pages that are in RAM already.
    ///
    /// Keeps the first block and the longest of the others; the rest goes back. Values are not dropped.
    ///
    /// *Cost*: constant, no system call unless there are more than two blocks. Giving RAM back and
    /// touching it again would cost 16 to 250 times as much, in huge pages twice.
    ///
    /// ```
    /// let mut arena = region::Arena::new();
    /// let first = arena.alloc(1u64) as *const u64;
    /// arena.reset();
    /// assert_eq!(arena.used(), 0);
    /// assert_eq!(arena.alloc(2u64) as *const u64, first);
    /// ```
    #[inline]
    pub fn reset(&mut self) {
        // As in `rewind`.
        if cfg!(region_staticlib) || self.is_claimed() || self.link.get().is_some() {
            return self.reset_far();
        }
        self.rewind_cursor(self.base.get());
        #[cfg(debug_assertions)]
        self.wasted.set(0);
    }

    /// Resets an arena of any number of blocks, or one that is claimed.
    #[cold]
    #[inline(never)]
    fn reset_far(&mut self) {
        if self.is_claimed() {
            // The claim was leaked. It alone knew the state of the blocks, so they are lost.
            for address in [&self.cur, &self.end, &self.base] {
                address.set(Self::NOWHERE);
            }
            self.block.set(None);
            self.link.set(None);
            self.spare.set(None);
            self.forget_noted();
            self.supply.set_claimed(false);
        }
        while self.leave() {}
        self.rewind_cursor_to_mark(self.base.get());
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
        self.forget_noted();
        // SAFETY: the cell is this arena's, and nothing that is called here looks at it.
        let Some(block) = (unsafe { &mut *self.block.as_ptr() }) else { return };
        let values = self.base.get().addr() - block.start.addr().get();
        // SAFETY: the block is on loan, and after the reset nothing in it is in use.
        unsafe { self.decommit(block, bytes, values) };
        // A backing may have protected what was written, and keep its RAM.
        let rest = bytes.saturating_sub(block.ready.max(block.dirty));
        self.set_end();
        if rest == 0 {
            return self.release_spare();
        }
        if let Some(mut spare) = self.spare_block() {
            let (_, values) = Self::link_and_values(&spare, 1);
            // SAFETY: a spare is on loan, and nothing uses it. Its own `Block` stays in RAM, and is written back to the
            // same address.
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

    /// The spare, without taking it. None in a claimed arena: the claim has the spare, or gave it back.
    pub(super) fn spare_block(&self) -> Option<Block> {
        if self.is_claimed() {
            return None;
        }
        // SAFETY: `keep_spare` wrote the `Block`, and nothing was written there since.
        self.spare.get().map(|place| unsafe { place.read() })
    }
}

/// The blocks of an arena that hold values, newest first. Made by `Arena::blocks`.
///
/// The arena must not be rewound while the iterator is used. Rewinding needs `&mut`, or is `unsafe` with conditions
/// that say so.
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
    /// Gives all blocks back.
    ///
    /// # Safety
    /// The arena has a block.
    #[inline]
    unsafe fn release_all(&mut self) {
        // SAFETY: the caller has found a block in it.
        unsafe { core::hint::assert_unchecked(self.block.get_mut().is_some()) };
        if self.is_claimed() {
            // As in `reset`.
            return;
        }
        if self.link.get().is_some() || self.spare.get().is_some() {
            return self.drop_slowly();
        }
        self.release_first();
    }

    /// Drops an arena that has other blocks than the first.
    #[cold]
    #[inline(never)]
    fn drop_slowly(&mut self) {
        while self.leave() {}
        self.release_spare();
        self.release_first();
    }

    /// Gives the first block back, the last that an arena without others has.
    #[inline(always)]
    fn release_first(&mut self) {
        let cur = self.cur.get().addr();
        // Released in place: a copy of the block would be the most expensive part of dropping a small arena.
        // SAFETY: the cell is this arena's, and nothing that is called here looks at it.
        if let Some(block) = unsafe { &mut *self.block.as_ptr() } {
            let used = cur - block.start.addr().get();
            // Mostly as far as in the life before.
            if block.dirty < used {
                block.dirty = used;
            }
            // SAFETY: the block is on loan, `dirty` covers all that was written, and no reference into the
            // arena outlives it.
            unsafe { self.give_back(block) };
        }
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Drop for Arena<MIN_ALIGN, B> {
    #[inline(always)]
    fn drop(&mut self) {
        // Without a block there is nothing to give back. An arena that was never used calls no function.
        if self.block.get_mut().is_some() {
            // SAFETY: there is a block, as was just found.
            unsafe { self.release_all() }
        }
    }
}
