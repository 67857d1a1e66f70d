//! Raw blocks that grow, shrink and are freed in place while they are the last allocation of the arena.
//!
//! ```text
//!            start             start + held = cur          end                     hard_end
//!   │ others │ last allocation │ ← grows up to here at once │ ← and here by the slow path │
//! ```
//!
//! This is what realloc(3) is to malloc(3), and the one mechanism under the allocator traits, the containers,
//! the slices that are collected and the strings that are formatted. A block that is not the last one moves when
//! it grows, and stays where it is when it shrinks or is freed. There is no free list.

use super::{Arena, Backing, dangling};
use crate::bump::round_up;
use crate::checkers::{self, Contents};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::ptr::NonNull;

/// The layout of no block.
const NOTHING: Layout = Layout::new::<()>();

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Makes a block longer: in place if it is the last allocation and the chunk has memory behind it, or else by
    /// moving it. Returns where it is now.
    ///
    /// The bytes of `old` keep their content, those beyond are uninitialized. The new address is aligned to
    /// `new.align()`, which may differ from `old.align()`. When the last allocation has to move, the bytes that it
    /// leaves are free again.
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
                set_range(start, old.size(), new.size(), Contents::Uninitialized);
                return Ok(start);
            }
            // `.bump.size-first`: the missing bytes are compared with the free ones before the cursor moves.
            let free = self.end.get().addr() - self.cursor();
            if self.is_last(start, held) && new.size() - held <= free {
                // SAFETY: `free` is a multiple of MIN_ALIGN, so the rounded rest is at most `free`. What lies between
                // the cursor and the soft end is usable and handed out to no one (the arena's invariant).
                unsafe { self.cur.set(self.cur.get().add(round_up(new.size() - held, MIN_ALIGN))) };
                self.rounded(old, new);
                return Ok(start);
            }
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { self.grow_slowly(start, old, new) }
    }

    /// Makes a block longer where it lies, if it is the last allocation and the memory behind it suffices. False: it stays
    /// as it is.
    ///
    /// # Safety
    /// As [`try_grow`](Self::try_grow), with an alignment that the block has.
    #[cfg(feature = "capi")]
    pub(crate) unsafe fn grow_in_place(&self, start: NonNull<u8>, old: Layout, new: Layout) -> bool {
        let held = Self::held(old);
        if new.size() <= held {
            self.rounded(old, new);
            set_range(start, old.size(), new.size(), Contents::Uninitialized);
            return true;
        }
        let Ok(more) = Layout::from_size_align(new.size() - held, MIN_ALIGN) else { return false };
        if !self.is_last(start, held) || more.size() > self.chunk_capacity() {
            return false;
        }
        match self.try_alloc_layout(more) {
            Ok(at) if at.addr().get() == start.addr().get() + held => {
                // The rest has its own rounding, and the block's is filled.
                self.rounded(old, Layout::new::<()>());
                set_range(start, old.size(), held, Contents::Uninitialized);
                true
            }
            // The system refused what would have followed, and another block had it.
            Ok(elsewhere) => {
                // SAFETY: the bytes were just taken, of another block, and are not used.
                unsafe { self.free(elsewhere, more) };
                false
            }
            Err(_) => false,
        }
    }

    /// As [`try_grow`](Self::try_grow), and the bytes beyond `old` are zero. Costs no `memset` on memory that
    /// was never used.
    ///
    /// # Errors
    /// When memory cannot be had; the block is as it was.
    ///
    /// # Safety
    /// As [`try_grow`](Self::try_grow).
    #[inline]
    // (`.back.zero`)
    pub unsafe fn try_grow_zeroed(
        &self,
        start: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        let grown = unsafe { self.try_grow(start, old, new)? };
        // The bytes that rounded the old block up to MIN_ALIGN lie before the cursor, where the arena does not know
        // what is zero. The block may have been longer once and have written there, so they are cleared in any case.
        let slack = if grown == start { Self::held(old).min(new.size()) } else { old.size() };
        // SAFETY: `old.size() <= slack <= new.size()`, and so many bytes are the block's. Past the slack they
        // are the last that the arena handed out: the block moved, or it grew as the last allocation.
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
    /// When the block has to move for its alignment and memory cannot be had; the block is as it was.
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
            // SAFETY: the caller promises that the block is in use with the layout `old`, and both sizes are at least
            // `new.size()`, which is how much is copied.
            return unsafe { self.move_elsewhere(start, old, new, new.size()) };
        }
        // Poisoned before the cursor moves back: what a paranoid backing protects then must not stay poisoned.
        set_range(start, new.size(), old.size(), Contents::None);
        if self.is_last(start, Self::held(old)) {
            // SAFETY: what `new` holds is at most what `old` holds, so this is at most the cursor.
            self.rewind_cursor(unsafe { start.add(Self::held(new)) }.as_ptr());
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
        set_range(start, 0, layout.size(), Contents::None);
        if layout.size() != 0 && self.is_last(start, Self::held(layout)) {
            self.rewind_cursor(start.as_ptr());
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
        if self.is_claimed() {
            return Err(AllocError::new(new.size(), self.why_claimed()));
        }
        let held = Self::held(old);
        if is_aligned(start, new) && self.is_last(start, held) {
            // The bytes behind the last allocation are free, so the missing part is the next allocation of bytes.
            // A refusal is final: a move needs more bytes than that.
            let extra = Layout::from_size_align(new.size() - held, 1);
            let extra = extra.map_err(|_| AllocError::new(new.size(), AllocReason::TooLarge))?;
            let taken = self.take_committing(extra);
            let taken = taken.map_err(|refused| refused.of(new.size()))?;
            if let Some(rest) = taken {
                debug_assert_eq!(rest.addr().get(), start.addr().get() + held);
                self.rounded(old, NOTHING);
                set_range(start, old.size(), held, Contents::Uninitialized);
                return Ok(start);
            }
        }
        // SAFETY: the caller's promise, passed on; both sizes are at least `old.size()`.
        unsafe { self.move_elsewhere(start, old, new, old.size()) }
    }

    /// Moves the first `keep` bytes of a block to a new one. If the block is the last allocation, its bytes are freed
    /// first. So the new block may overlap it, and nothing is lost when it moves to another chunk.
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
        // What ends at the cursor of a claimed arena lies before the claim's values.
        let is_last = self.is_last(start, held) && !self.is_claimed();
        if is_last {
            // As `rewind_cursor`, but nothing is protected: the bytes are still to be read.
            if let Some(mut block) = self.block.get() {
                block.dirty = block.dirty.max(self.cursor() - block.start.addr().get());
                self.block.set(Some(block));
            }
            self.note_peak();
            self.cur.set(start.as_ptr());
            self.set_end();
        }
        match self.try_alloc_layout(new) {
            Ok(moved) => {
                // SAFETY: `keep` bytes are the block's at either address. Allocating the new block wrote nothing into
                // the old one, which is still on loan and ready: the only bytes that an arena writes on its own are
                // links, and they lie in chunks that it enters. The two may overlap.
                unsafe { start.copy_to(moved, keep) };
                // Unpoisoned again, as a checker may take what was copied within itself for uninitialized.
                checkers::unpoison(moved, keep, Contents::Initialized);
                let ahead = moved.addr().get().wrapping_sub(start.addr().get());
                set_range(start, 0, old.size().min(ahead), Contents::None);
                if is_last {
                    self.rounded(old, NOTHING);
                }
                Ok(moved)
            }
            Err(refused) => {
                if is_last {
                    // A failed allocation leaves the arena in the chunk where it was, and everything from `start` to
                    // `top` untouched, so the old block is simply handed out again.
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
    pub(super) fn rounded(&self, old: Layout, new: Layout) {
        #[cfg(debug_assertions)]
        {
            let with_new = self.wasted.get() + (Self::held(new) - new.size());
            self.wasted.set(with_new.saturating_sub(Self::held(old) - old.size()));
        }
        let _ = (old, new);
    }

    /// Whether a block that holds `held > 0` bytes ends at the cursor.
    ///
    /// A later chunk begins with a link, so the end of a value in one chunk is never the start of a value in the next.
    /// Equal addresses mean that the block is the last allocation of the current chunk. The first chunk of an arena that
    /// was adopted has no link, and is not current without a value (`Arena::leave_emptied`).
    #[inline(always)]
    fn is_last(&self, start: NonNull<u8>, held: usize) -> bool {
        start.addr().get().wrapping_add(held) == self.cursor()
    }

    /// The cursor's address.
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

/// Says to a memory checker what bytes `from..to` of a block hold. Nothing if the range is empty.
#[inline(always)]
fn set_range(start: NonNull<u8>, from: usize, to: usize, holds: Contents) {
    if from < to {
        // SAFETY: the callers name bytes of the block, or of what rounds it up.
        checkers::set(unsafe { start.add(from) }, to - from, holds);
    }
}
