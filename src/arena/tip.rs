//! Raw blocks that grow, shrink and go in place while they are the last thing in the arena.
//!
//! ```text
//!            start      start + held = cur          end                     wall
//!   │ others │ the tip  │ ← grows up to here at once │ ← and here by the slow path │
//! ```
//!
//! This is what realloc(3) is to malloc(3), and the one mechanism under the allocator traits, the containers,
//! the slices that are collected and the strings that are formatted. A block that is not at the tip moves when
//! it must grow, keeps its place when it shrinks, and stays where it is when it is freed: an arena has no list
//! of holes, and this file makes none.

use super::bump::round_up;
use super::{Arena, Backing, dangling};
use crate::checkers::{self, Holds};
use crate::error::AllocError;
use core::alloc::Layout;
use core::ptr::NonNull;

/// A block that is not there.
const NOTHING: Layout = Layout::new::<()>();

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Makes a block longer: in place if it is the last one and its block of memory has room, or else by
    /// moving it. Returns where it is now.
    ///
    /// The bytes of `old` keep their content, those beyond are uninitialized. The new place is aligned to
    /// `new.align()`, which may differ from `old.align()`. When the last block has to move, the place that it
    /// leaves is free again.
    ///
    /// *Cost*: in place a few instructions, plus bringing in RAM for what is new; elsewhere a copy.
    ///
    /// # Errors
    /// When memory cannot be had; the block is as it was.
    ///
    /// # Safety
    /// `start` came from this arena for the layout `old` (from [`alloc_layout`](Self::alloc_layout), from this
    /// family, or from any method that allocates a value or slice of that layout) and is in use: no reset and
    /// no rewind to an older mark came since, and it was not freed. With `old.size() == 0` it may be anything.
    /// `new.size() >= old.size()`. On success only the returned address may be used.
    ///
    /// What is grown counts as allocated now: a rewind to a mark that was made before ends it.
    ///
    /// ```
    /// use std::alloc::Layout;
    /// let arena = region::Arena::new();
    /// let (small, large) = (Layout::new::<[u64; 2]>(), Layout::new::<[u64; 1000]>());
    /// let block = arena.alloc_layout(small);
    /// // SAFETY: the block was just allocated with this layout.
    /// let grown = unsafe { arena.try_grow(block, small, large)? };
    /// assert_eq!(grown, block);                                   // nothing came after it
    /// assert_eq!(arena.used(), 8000);
    /// # Ok::<(), region::AllocError>(())
    /// ```
    #[inline]
    pub unsafe fn try_grow(&self, start: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<u8>, AllocError> {
        debug_assert!(new.size() >= old.size(), "to grow a block to less than it has");
        let held = Self::held(old);
        if old.size() != 0 && is_aligned(start, new) {
            if new.size() <= held {
                self.rounded(old, new);
                tell_from(start, old.size(), new.size(), Holds::Uninitialized);
                return Ok(start);
            }
            // `.bump.size-first`: what is missing meets the room before the cursor moves.
            let room = self.end.get().addr() - self.cursor();
            if self.is_tip(start, held) && new.size() - held <= room {
                // SAFETY: the room is a multiple of MIN_ALIGN, so the rounded rest is within it, and what lies
                // between the cursor and the soft end is usable and nobody's (the arena's invariant).
                unsafe { self.cur.set(self.cur.get().add(round_up(new.size() - held, MIN_ALIGN))) };
                self.rounded(old, new);
                return Ok(start);
            }
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { self.grow_slowly(start, old, new) }
    }

    /// As [`try_grow`](Self::try_grow), and the bytes beyond `old` are zero. Costs no `memset` on memory that
    /// was never used (`.back.zero`).
    ///
    /// # Errors
    /// When memory cannot be had; the block is as it was.
    ///
    /// # Safety
    /// As [`try_grow`](Self::try_grow).
    #[inline]
    pub unsafe fn try_grow_zeroed(
        &self,
        start: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        let grown = unsafe { self.try_grow(start, old, new)? };
        // What rounded the old block up to MIN_ALIGN lies below the mark up to which the arena knows of
        // writes. The block may have been longer once and have written there, so it is cleared in any case.
        let slack = if grown == start { Self::held(old).min(new.size()) } else { old.size() };
        // SAFETY: `old.size() <= slack <= new.size()`, and so many bytes are the block's. Past the slack they
        // are the last that the arena handed out: the block moved, or it grew at the tip.
        unsafe {
            grown.add(old.size()).write_bytes(0, slack - old.size());
            self.zero(grown.add(slack), new.size() - slack);
        }
        Ok(grown)
    }

    /// Makes a block shorter, and gives the rest back if it is the last one. Returns where it is now, which
    /// is where it was unless `new` asks for more alignment than the block has.
    ///
    /// # Errors
    /// When the block has to move for its alignment and there is no room; it is as it was then.
    ///
    /// # Safety
    /// As [`try_grow`](Self::try_grow), with `new.size() <= old.size()`; and of marks as [`free`](Self::free).
    #[inline]
    pub unsafe fn try_shrink(&self, start: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<u8>, AllocError> {
        debug_assert!(new.size() <= old.size(), "to shrink a block to more than it has");
        if new.size() == 0 {
            // SAFETY: the caller's promise, passed on.
            unsafe { self.free(start, old) };
            return Ok(dangling(new.align()));
        }
        if !is_aligned(start, new) {
            // SAFETY: as above, and both sizes are at least `new.size()`.
            return unsafe { self.move_elsewhere(start, old, new, new.size()) };
        }
        // Told before the cursor falls: what a paranoid backing withdraws then must not keep a mark.
        tell_from(start, new.size(), old.size(), Holds::Nothing);
        if self.is_tip(start, Self::held(old)) {
            // SAFETY: what `new` holds is at most what `old` holds, so this is at most the cursor.
            self.lower(unsafe { start.add(Self::held(new)) }.as_ptr());
            self.rounded(old, new);
        }
        Ok(start)
    }

    /// Gives a block back, if it is the last one; otherwise its bytes wait for a reset.
    ///
    /// ```
    /// use std::alloc::Layout;
    /// let arena = region::Arena::new();
    /// let layout = Layout::new::<[u8; 4096]>();
    /// let block = arena.alloc_layout(layout);
    /// // SAFETY: the block was just allocated with this layout, and is not used any more.
    /// unsafe { arena.free(block, layout) };
    /// assert_eq!(arena.used(), 0);
    /// ```
    ///
    /// # Safety
    /// `start` came from this arena for this layout, as [`try_grow`](Self::try_grow) says it of `old`, and is
    /// not used from here on. A mark that was made after the block was first allocated, however it grew since, must
    /// not be rewound to.
    #[inline]
    pub unsafe fn free(&self, start: NonNull<u8>, layout: Layout) {
        // As in `try_shrink`.
        tell_from(start, 0, layout.size(), Holds::Nothing);
        if layout.size() != 0 && self.is_tip(start, Self::held(layout)) {
            self.lower(start.as_ptr());
            self.rounded(layout, NOTHING);
        }
    }

    /// Grows a block that is not simply extended before the soft end.
    ///
    /// # Safety
    /// As [`try_grow`](Self::try_grow).
    #[cold]
    #[inline(never)]
    unsafe fn grow_slowly(&self, start: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<u8>, AllocError> {
        if old.size() == 0 {
            return self.try_alloc_layout(new);
        }
        let held = Self::held(old);
        if is_aligned(start, new) && self.is_tip(start, held) {
            // What comes after the tip is nobody's, so the missing part is just the next allocation of bytes.
            // A refusal is final: any other place needs more.
            let extra = Layout::from_size_align(new.size() - held, 1);
            let extra = extra.map_err(|_| AllocError::new(new.size(), crate::AllocReason::TooLarge))?;
            let taken = self.take_committing(extra);
            let taken = taken.map_err(|refused| refused.of(new.size()))?;
            if let Some(rest) = taken {
                debug_assert_eq!(rest.addr().get(), start.addr().get() + held);
                self.rounded(old, NOTHING);
                tell_from(start, old.size(), held, Holds::Uninitialized);
                return Ok(start);
            }
        }
        // SAFETY: the caller's promise, passed on; both sizes are at least `old.size()`.
        unsafe { self.move_elsewhere(start, old, new, old.size()) }
    }

    /// Moves the first `keep` bytes of a block to a new one. The place of a block at the tip is free for the
    /// new one already: moved for its alignment it may overlap itself, and moved to another block of memory it
    /// leaves nothing behind.
    ///
    /// # Safety
    /// As [`try_grow`](Self::try_grow); `keep` is at most either size, and `old` has bytes.
    #[cold]
    #[inline(never)]
    unsafe fn move_elsewhere(
        &self,
        start: NonNull<u8>,
        old: Layout,
        new: Layout,
        keep: usize,
    ) -> Result<NonNull<u8>, AllocError> {
        let held = Self::held(old);
        let top = self.cur.get();
        let tip = self.is_tip(start, held);
        if tip {
            // As `lower`, but nothing is withdrawn: the bytes are still to be read.
            if let Some(mut block) = self.block.get() {
                block.dirty = block.dirty.max(self.cursor() - block.start.addr().get());
                self.block.set(Some(block));
            }
            self.note_peak();
            self.cur.set(start.as_ptr());
            self.set_end();
        }
        match self.try_alloc_layout(new) {
            Ok(place) => {
                // SAFETY: `keep` bytes are the block's at either place. Taking the new place wrote nothing into
                // the old one, which is still on loan and ready: what an arena writes on its own, links, lies
                // in blocks of memory that it enters. The two may overlap.
                unsafe { start.copy_to(place, keep) };
                // Told again, as a checker may take what was copied within itself for uninitialized.
                checkers::tell(place, keep, Holds::Bytes);
                let ahead = place.addr().get().wrapping_sub(start.addr().get());
                tell_from(start, 0, old.size().min(ahead), Holds::Nothing);
                if tip {
                    self.rounded(old, NOTHING);
                }
                Ok(place)
            }
            Err(refused) => {
                if tip {
                    // A failed allocation leaves the arena in the block of memory where it was, and everything
                    // from `start` to `top` untouched, so the old block is simply handed out again.
                    self.cur.set(top);
                    self.set_end();
                }
                Err(refused)
            }
        }
    }

    /// Bytes that a block of this layout takes from its start to the next cursor.
    #[inline(always)]
    fn held(layout: Layout) -> usize {
        // A layout's size is at most `isize::MAX`, and MIN_ALIGN at most a page: no wrap.
        round_up(layout.size(), MIN_ALIGN)
    }

    /// Keeps the count of bytes that were lost to alignment, where a block that was counted as `old` now is
    /// `new`.
    #[inline(always)]
    fn rounded(&self, old: Layout, new: Layout) {
        #[cfg(debug_assertions)]
        {
            let with_new = self.wasted.get() + (Self::held(new) - new.size());
            self.wasted.set(with_new.saturating_sub(Self::held(old) - old.size()));
        }
        let _ = (old, new);
    }

    /// Whether a block that holds `held > 0` bytes ends where the cursor stands.
    ///
    /// Blocks of memory never touch at a value's end, as a later one begins with a link; so equal addresses
    /// mean that the block is the last in the current one.
    #[inline(always)]
    fn is_tip(&self, start: NonNull<u8>, held: usize) -> bool {
        start.addr().get().wrapping_add(held) == self.cursor()
    }

    /// The address where the cursor stands.
    #[inline(always)]
    fn cursor(&self) -> usize {
        self.cur.get().addr()
    }
}

/// Whether a block that starts here is aligned for `layout`.
#[inline(always)]
fn is_aligned(start: NonNull<u8>, layout: Layout) -> bool {
    start.addr().get() & (layout.align() - 1) == 0
}

/// Tells a memory checker what the bytes of a block hold `from..to`; none if the range is empty.
#[inline(always)]
fn tell_from(start: NonNull<u8>, from: usize, to: usize, holds: Holds) {
    if from < to {
        // SAFETY: the callers name bytes of the block, or of what rounds it up.
        checkers::tell(unsafe { start.add(from) }, to - from, holds);
    }
}
