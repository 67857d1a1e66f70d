//! Positions in an arena, and going back to one: what was allocated since is free.
//!
//! A rewind notes how far the block was written and how much was in use, and up to where that is known; from a cursor that is
//! not higher it only moves the cursor (`.bump.noted`). Leaving blocks is in `blocks`; rewinding made safe by lifetimes in
//! `scope` and `claim`.

#[cfg(feature = "capi")]
use super::Block;
use super::backing::checked;
use super::{Arena, Backing};
use crate::checkers::{self, Contents};
use core::ptr::NonNull;

/// A position in an arena, to rewind to. Made by [`Arena::mark`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The block's first byte; none in an arena without blocks.
    block: Option<NonNull<u8>>,
    cur: *mut u8,
    #[cfg(any(debug_assertions, feature = "capi"))]
    used: usize,
    #[cfg(debug_assertions)]
    wasted: usize,
}

#[cfg(feature = "capi")]
impl Mark {
    /// Bytes in use before the position.
    pub(crate) fn used(&self) -> usize {
        self.used
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// The present position, for [`rewind`](Self::rewind).
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark {
            block: self.start_of_block(),
            cur: self.cur.get(),
            #[cfg(any(debug_assertions, feature = "capi"))]
            used: self.used(),
            #[cfg(debug_assertions)]
            wasted: self.wasted.get(),
        }
    }

    /// Whether the arena can be rewound to `mark`: it lies in a block that the arena holds, and as many bytes are used
    /// before it as when it was made. One step a block.
    ///
    /// In a block that is followed by another the mark may lie above the cursor: its last value may have grown since,
    /// and moved to the other block.
    #[cfg(feature = "capi")]
    pub(crate) fn knows(&self, mark: &Mark) -> bool {
        let Some(start) = mark.block else { return mark.used == 0 };
        if mark.used > self.used() || mark.cur.addr() % MIN_ALIGN != 0 {
            return false;
        }
        self.counted_blocks().find(|(block, ..)| block.start == start).is_some_and(|(block, base, _, used_before)| {
            let ready = block.start.addr().get() + block.ready;
            base <= mark.cur && mark.cur.addr() <= ready && mark.cur.addr() - base.addr() + used_before == mark.used
        })
    }

    /// The blocks, newest first, with the bytes that are in use before each: block, base, cursor, bytes.
    #[cfg(feature = "capi")]
    fn counted_blocks(&self) -> impl Iterator<Item = (Block, *mut u8, *mut u8, usize)> {
        let mut used = self.used();
        self.blocks().map(move |(block, base, cur)| {
            used -= cur.addr() - base.addr();
            (block, base, cur, used)
        })
    }

    /// The mark that was to be had when the next value would have been put at this address: none if it is no address in
    /// memory that was handed out, or not a multiple of `MIN_ALIGN`. One step a block.
    #[cfg(feature = "capi")]
    pub(crate) fn mark_at(&self, address: usize) -> Option<Mark> {
        let has = |(_, base, cur, _): &(Block, *mut u8, *mut u8, usize)| (base.addr()..cur.addr()).contains(&address);
        let (block, base, _, used_before) = self.counted_blocks().find(has).filter(|_| address % MIN_ALIGN == 0)?;
        Some(Mark {
            block: Some(block.start),
            cur: base.with_addr(address),
            used: address - base.addr() + used_before,
            #[cfg(debug_assertions)]
            wasted: self.wasted.get(),
        })
    }

    /// Frees everything that was allocated since `mark`, and keeps the memory. Constant time, plus a
    /// step for each block that was entered since.
    ///
    /// [`scoped`](Self::scoped) and [`scope_guard`](Self::scope_guard) do the same without `unsafe`, and so does
    /// [`claim`](Self::claim), during which this does nothing.
    ///
    /// # Safety
    /// The mark is of this arena; neither a reset nor a rewind to an older mark came after it, nor was anything
    /// given back or shortened that was there when it was made (a slot whose closure failed, a block by
    /// [`free`](Self::free) or [`try_shrink`](Self::try_shrink), a container that shrank); and nothing that was
    /// allocated or grown since is used any more.
    ///
    /// # Panics
    /// Debug builds panic when the mark is newer than the arena's position: marks rewound out of order.
    // Inlined, so that a scope's mark is two registers.
    #[cfg_attr(not(region_staticlib), inline(always))]
    #[cfg_attr(debug_assertions, track_caller)]
    pub unsafe fn rewind(&self, mark: Mark) {
        // First: one that was adopted is empty, and its marks are newer than that.
        if self.is_claimed() {
            return;
        }
        #[cfg(debug_assertions)]
        assert!(mark.used <= self.used(), "rewound to a mark that an earlier rewind or reset undid");
        // As addresses, of which none is null: two options would be compared in two steps.
        let start = |block: Option<NonNull<u8>>| block.map_or(0, |start| start.addr().get());
        if self.only_moves() && start(self.start_of_block()) == start(mark.block) {
            self.cur.set(mark.cur);
        } else {
            self.rewind_far(mark.block, mark.cur);
        }
        #[cfg(debug_assertions)]
        self.wasted.set(mark.wasted);
    }

    /// As [`rewind`](Self::rewind), out of line.
    ///
    /// # Safety
    /// As there.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn rewind_after_panic(&self, mark: Mark) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.rewind(mark) }
    }

    /// Rewinds to a mark in any block, or of before the first.
    #[cfg_attr(region_staticlib, cold)]
    #[inline(never)]
    fn rewind_far(&self, block: Option<NonNull<u8>>, cur: *mut u8) {
        if self.start_of_block() == block {
            return self.rewind_cursor_noting(cur);
        }
        while self.start_of_block() != block && self.leave() {}
        // A mark of an arena without blocks is the start of the first.
        self.rewind_cursor_to_mark(if block.is_none() { self.base.get() } else { cur });
    }

    /// The current block's first byte; none in an arena without blocks.
    #[inline(always)]
    fn start_of_block(&self) -> Option<NonNull<u8>> {
        // SAFETY: the cell is this arena's, and nothing changes it here. Only a word of it is loaded.
        unsafe { (*self.block.as_ptr()).as_ref().map(|block| block.start) }
    }

    pub(super) fn rewind_cursor_to_mark(&self, to: *mut u8) {
        self.rewind_cursor(to);
        self.set_end();
    }

    /// Moves the cursor down to `to`, a cursor position of the current block, and remembers how far the
    /// block was written.
    ///
    /// Does nothing in an arena that is claimed: the claim's values lie behind the bytes that it would give back.
    // (`.back.zero`, `.bump.noted`)
    #[inline(always)]
    pub(super) fn rewind_cursor(&self, to: *mut u8) {
        if self.only_moves() { self.cur.set(to) } else { self.rewind_cursor_noting(to) }
    }

    /// Whether a rewind to a mark of the current block has nothing to do but to move the cursor.
    #[inline(always)]
    fn only_moves(&self) -> bool {
        #[cfg(not(region_staticlib))]
        {
            let moves = self.cur.get() <= self.noted.get() && !self.is_claimed();
            debug_assert!(!moves || self.is_noted(), "what a rewind from here changes was not noted");
            moves
        }
        // The archives have one way alone, which is smaller.
        #[cfg(region_staticlib)]
        false
    }

    /// Whether all holds that a cursor up to `noted` stands for.
    #[cfg(not(region_staticlib))]
    fn is_noted(&self) -> bool {
        // In memory of zeroes an arena without a block is at null, as what is noted.
        let Some(block) = self.block.get() else { return self.cur.get() == self.base.get() };
        block.dirty >= self.cur.get().addr() - block.start.addr().get()
            && self.peak.get() >= self.used()
            && self.is_plain()
    }

    /// Whether a rewind changes nothing but the cursor, once it is noted: no soft end that a limit sets, no access, and no
    /// bytes that a checker minds.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        self.limit_complement.get() == 0 && !self.backing().protects() && !checkers::watching()
    }

    /// As [`rewind_cursor`](Self::rewind_cursor), where nothing was written from `to` on: no more of the block is dirty.
    #[inline(always)]
    pub(super) fn give_back_unwritten(&self, to: *mut u8) {
        if self.is_plain() && !self.is_claimed() { self.cur.set(to) } else { self.rewind_cursor(to) }
    }

    /// As [`rewind_cursor`](Self::rewind_cursor), from a cursor that is higher than any before, or where more is to be
    /// done than to move it.
    #[inline(never)]
    fn rewind_cursor_noting(&self, to: *mut u8) {
        if self.is_claimed() {
            return;
        }
        // Changed in place: after a store of the whole block, the next load of a part would wait for the store.
        // SAFETY: the cell is this arena's, and nothing that is called here looks at it: no method of a backing
        // calls back into the arena.
        let Some(block) = (unsafe { &mut *self.block.as_ptr() }) else { return };
        let used = self.cur.get().addr() - block.start.addr().get();
        if block.dirty < used {
            block.dirty = used;
        }
        self.note_peak();
        let keep = to.addr() - block.start.addr().get();
        // A mark may lie above the cursor: the last value before it may have grown since, and moved to another block.
        // SAFETY: `to` is a cursor position of the block: inside it.
        checkers::poison(unsafe { block.start.add(keep) }, used.saturating_sub(keep));
        if self.is_plain() {
            #[cfg(not(region_staticlib))]
            self.noted.set(self.cur.get());
            self.cur.set(to);
            return;
        }
        if to == self.cur.get() {
            return;
        }
        if self.backing().protects() {
            let ready = block.ready;
            // SAFETY: the block is on loan, and the caller vouches that nothing uses the bytes behind the new cursor.
            unsafe { checked::protect(self.backing(), block, keep) };
            if block.ready < ready {
                // Bytes without access need no poison, and the next mapping at these addresses must not find any.
                // SAFETY: the block had `ready` bytes before, more than it has now, so the address lies inside it.
                checkers::unpoison(unsafe { block.start.add(block.ready) }, ready - block.ready, Contents::Initialized);
            }
        }
        self.cur.set(to);
        // When a limit is set below the cursor, the soft end is the cursor. So bytes that become free here may be
        // beyond the limit.
        self.set_end();
    }

    /// Has the next rewind note how far the block was written: it is another block, or a condition of the invariant no
    /// longer holds.
    #[inline(always)]
    pub(super) fn forget_noted(&self) {
        #[cfg(not(region_staticlib))]
        self.noted.set(core::ptr::null_mut());
    }
}
