//! Blocks that grow and shrink, where they are if that is possible.
//!
//! A block of a class stays where it is while the class has its size. A large block grows into the free units behind it.

use super::Heap;
use super::classes;
use super::error::FreeError;
use super::page::Page;
use super::state::{Found, State};
use crate::arena::Backing;
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::ptr::NonNull;

impl<B: Backing> Heap<B> {
    /// Gives a block another layout: where it is if there is space, or else by copying it. Its content stays up to the
    /// shorter size.
    ///
    /// # Panics
    /// When memory cannot be had, or no block in use begins there. The block is as it was.
    ///
    /// # Safety
    /// If the block is in use, nothing uses it under its old address any more.
    ///
    /// ```
    /// use std::alloc::Layout;
    ///
    /// let heap = region::Heap::new();
    /// let block = heap.alloc_layout(Layout::new::<[u8; 1000]>());
    /// // SAFETY: the block is of this heap, and used under its new address from here on.
    /// let longer = unsafe { heap.realloc(block, Layout::new::<[u8; 1_000_000]>()) };
    /// assert!(heap.contains(longer) && !heap.contains(block));
    /// ```
    #[track_caller]
    pub unsafe fn realloc(&self, block: NonNull<u8>, layout: Layout) -> NonNull<u8> {
        // SAFETY: the caller's promise, passed on.
        match unsafe { self.try_realloc(block, layout) } {
            Ok(block) => block,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`realloc`](Self::realloc).
    ///
    /// # Errors
    /// When memory cannot be had, or no block in use begins there ([`AllocReason::NoBlock`]). The block is as it was.
    ///
    /// # Safety
    /// If the block is in use and the result is `Ok`, nothing uses it under its old address any more.
    pub unsafe fn try_realloc(&self, block: NonNull<u8>, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.resize(block, layout) }
            .unwrap_or_else(|_| Err(AllocError::new(layout.size(), AllocReason::NoBlock)))
    }

    /// As [`try_realloc`](Self::try_realloc), and says why there is no block to resize.
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn resize(
        &self,
        block: NonNull<u8>,
        layout: Layout,
    ) -> Result<Result<NonNull<u8>, AllocError>, FreeError> {
        let state = self.state().ok_or(FreeError::Foreign)?;
        let address = block.addr().get();
        let found = state.find_used(address)?;
        let old = State::usable(found.chunk, found.page);
        if address & (layout.align() - 1) == 0 && self.resize_here(state, &found, old, layout) {
            State::unpoison_resized(block, old, layout.size(), State::usable(found.chunk, found.page));
            return Ok(Ok(block));
        }
        let new = match self.try_alloc_layout(layout) {
            Ok(new) => new,
            Err(error) => return Ok(Err(error)),
        };
        // SAFETY: both blocks have as many bytes, and the new one is no part of the old one, which is in use. Nobody
        // uses the old one any more, as the caller promised.
        unsafe {
            let bytes = old.min(layout.size());
            crate::checkers::unpoison(block, bytes, crate::checkers::Contents::Initialized);
            new.copy_from_nonoverlapping(block, bytes);
            let freed = self.try_free(block);
            debug_assert!(freed.is_ok());
        }
        Ok(Ok(new))
    }

    /// Whether a block of a page of blocks, which has `old` bytes, stays where it is.
    pub(super) fn stays(page: &Page, old: usize, layout: Layout) -> bool {
        // One class more or less is not worth a copy.
        let now = usize::from(page.class.get());
        let class = Self::class_of(layout);
        layout.size() <= old && class.is_some_and(|class| class + 2 > now || old <= 2 * layout.size())
    }

    /// Gives the block its new length where it is. False if that is impossible, or would keep much more than is needed.
    pub(super) fn resize_here(&self, state: &State, found: &Found, old: usize, layout: Layout) -> bool {
        // SAFETY: what is found is a record that exists, and so does its chunk.
        let (page, chunk): (&Page, _) = unsafe { (found.page.as_ref(), found.chunk.as_ref()) };
        if !page.is_large() {
            return Self::stays(page, old, layout);
        }
        if layout.size() <= classes::LARGEST && Self::class_of(layout).is_some() {
            return false;
        }
        let Ok(units) = u32::try_from(layout.size().max(1).div_ceil(1 << chunk.shift)) else { return false };
        let now = page.units.get();
        if units <= now {
            state.cut(found.chunk, found.page, units);
            if units < now {
                self.relieve();
            }
            return true;
        }
        let more = ((units - now) as usize) << chunk.shift;
        if self.check_limit(state, more).is_err() {
            return false;
        }
        let end = chunk.unit_at(page.base.get().addr()) + now;
        if end == chunk.fresh.get() {
            let fits = units - now <= chunk.units - end;
            if !fits || self.make_ready(found.chunk, end + (units - now)).is_err() {
                return false;
            }
        }
        state.extend(found.chunk, found.page, units)
    }
}
