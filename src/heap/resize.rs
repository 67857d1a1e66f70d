//! Blocks that grow and shrink, where they are if that is possible.
//!
//! A block of a class stays where it is while the class has its size. A large block grows into the free units behind it.

use super::Heap;
use super::chunk::{Run, units_of};
use super::classes;
use super::error::FreeError;
use super::forms::used_methods;
use super::page::Page;
use super::state::State;
use crate::arena::Backing;
use crate::error::AllocError;
use core::alloc::Layout;
use core::ptr::NonNull;

used_methods! { "Heap"; [impl<B: Backing> Heap<B>] }

impl<B: Backing> Heap<B> {
    /// The page of the block that begins at an address, if it is in use.
    #[inline(never)]
    pub(super) fn find_used(&self, address: usize) -> Result<Run, FreeError> {
        self.state().ok_or(FreeError::Foreign)?.find_used(address)
    }

    /// Frees a block that was copied.
    ///
    /// # Safety
    /// It is in use, and nothing uses it any more.
    unsafe fn free_moved(&self, block: NonNull<u8>, _new: NonNull<u8>) -> Result<(), FreeError> {
        // SAFETY: the caller's promise, passed on.
        let freed = unsafe { self.try_free(block) };
        debug_assert!(freed.is_ok());
        Ok(())
    }

    /// Whether a block of a page of blocks, which has `old` bytes, stays where it is.
    pub(super) fn stays(page: &Page, old: usize, layout: Layout) -> bool {
        let now = usize::from(page.class.get());
        let size = layout.size();
        // One class more or less is not worth a copy.
        size <= old && (now < 2 || size > classes::get(now - 2).size as usize || old <= 2 * size)
    }

    /// Gives the block its new length where it is. False if that is impossible, or would keep much more than is needed.
    pub(super) fn resize_here(&self, run: Run, old: usize, layout: Layout) -> bool {
        // SAFETY: what was found is a record that exists.
        let page: &Page = unsafe { run.record.as_ref() };
        if page.is_large() { self.resize_large(run, layout) } else { Self::stays(page, old, layout) }
    }

    /// The same for a large block.
    #[inline(never)]
    pub(super) fn resize_large(&self, run: Run, layout: Layout) -> bool {
        let Some(state) = self.state() else { return false };
        // SAFETY: what was found is a record that exists, and so does its chunk.
        let (page, chunk): (&Page, _) = unsafe { (run.record.as_ref(), run.chunk.as_ref()) };
        if Self::class_of(layout).is_some() {
            return false;
        }
        let Ok(units) = u32::try_from(units_of(layout.size().max(1), chunk.shift)) else { return false };
        let now = page.units.get();
        if units <= now {
            state.cut(run.chunk, run.record, units);
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
            if !fits || self.make_ready(run.chunk, end + (units - now)).is_err() {
                return false;
            }
        }
        state.extend(run.chunk, run.record, units)
    }
}
