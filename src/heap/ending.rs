//! What ends: RAM that goes back while the heap lives, everything freed at once, and the heap's end.

use super::Heap;
use super::chunk::{Chunk, units_of};
use super::page::Kind;
use super::state::State;
use crate::arena::Backing;
use crate::arena::backing::checked;
use crate::checkers::{self, Contents};
use core::ptr::NonNull;

impl<B: Backing> Heap<B> {
    /// Gives the RAM of free memory back, as far as the backing can: whole blocks of the backing in which nothing is in
    /// use, and pages of the others. Addresses stay, and what is in use does.
    ///
    /// A heap does so by itself when the RAM of free pages is more than 1 MiB and an eighth of what is in use.
    ///
    /// ```
    /// let heap = region::Heap::new();
    /// let block = heap.alloc_layout(std::alloc::Layout::new::<[u8; 100_000]>());
    /// // SAFETY: the block is of this heap, and not used any more.
    /// unsafe { heap.free(block) };
    /// heap.trim();
    /// ```
    pub fn trim(&self) {
        let Some(state) = self.state() else { return };
        self.end_quarantine();
        state.free_empty_pages();
        self.release_empty(state, usize::MAX);
        for list in &state.free_runs {
            let mut next = list.get();
            while let Some(page) = next {
                // SAFETY: the pages of the list are records that exist.
                let run = unsafe { page.as_ref() };
                next = run.next.get();
                if run.kind.get() == Kind::Zero {
                    continue;
                }
                let Some(chunk) = state.chunk_with(page.addr().get()) else { continue };
                // SAFETY: the chunk exists.
                let facts = unsafe { chunk.as_ref() };
                let unit = facts.unit_at(run.base.get().addr());
                if self.discard(facts, unit, unit + run.units.get()) {
                    run.kind.set(Kind::Zero);
                }
            }
        }
        for chunk in state.chunks() {
            // SAFETY: the chunks of the list exist.
            let facts = unsafe { chunk.as_ref() };
            let (fresh, clean) = (facts.fresh.get(), facts.clean.get());
            if fresh < clean && self.discard(facts, fresh, clean) {
                facts.clean.set(fresh);
            }
        }
        state.idle.set(0);
    }

    /// Gives the RAM of units back. Whether they are zero now.
    #[inline(never)]
    fn discard(&self, chunk: &Chunk, from: u32, to: u32) -> bool {
        // SAFETY: a chunk's owner exists as long as it does.
        let block = unsafe { chunk.owner.as_ref() }.block.get();
        let at = |unit: u32| chunk.at() + ((unit as usize) << chunk.shift);
        // What is not ready has no RAM to give, and may be other than zero when it is.
        let (from, end) = (at(from), at(to));
        let to = end.min(block.ready);
        if from >= to {
            return false;
        }
        // The backing may write there.
        // SAFETY: the units lie in the block, and are ready.
        let start = unsafe { block.start.add(from) };
        checkers::unpoison(start, to - from, Contents::Initialized);
        // SAFETY: the block is on loan from this backing, nothing uses these bytes, and they are ready.
        let zero = unsafe { checked::discard(self.backing(), &block, from, to - from) };
        checkers::poison(start, to - from);
        zero && to == end
    }

    /// Removes the chunks in which no unit is in use, of the newest so many and not the oldest of all, and releases the
    /// blocks that have none any more.
    #[inline(never)]
    fn release_empty(&self, state: &State, newest: usize) {
        let mut next = state.newest.get();
        for _ in 0..newest {
            let Some(chunk) = next else { break };
            // SAFETY: the chunks of the list exist.
            let facts = unsafe { chunk.as_ref() };
            next = facts.older.get();
            if next.is_none() {
                break;
            }
            // Other threads look up addresses in a shard's chunk: it stays, without RAM.
            if facts.fresh.get() != facts.first || facts.front.is_some() {
                continue;
            }
            // SAFETY: a chunk's owner exists as long as it does.
            let owner = unsafe { facts.owner.as_ref() };
            let end = facts.at() + facts.bytes();
            if owner.cut.get() != end {
                continue;
            }
            if !facts.is_owner() {
                owner.cut.set(facts.at());
            }
            state.remove(chunk);
            if facts.is_owner() {
                let block = facts.block.get();
                checkers::unpoison(block.start, block.ready, Contents::Initialized);
                // SAFETY: the block is on loan, `dirty` covers what was written, and its only chunk is gone.
                unsafe { self.backing().release(&block) };
            }
        }
    }

    /// Frees every block at once, and keeps the memory and its RAM: the next allocations find it warm.
    ///
    /// *Cost*: two bytes for every 4 KiB that were in use, and a step for each block of the backing.
    ///
    /// ```
    /// let mut heap = region::Heap::new();
    /// let first = heap.alloc_layout(std::alloc::Layout::new::<u64>());
    /// heap.clear();
    /// assert!(!heap.contains(first));
    /// assert_eq!(heap.alloc_layout(std::alloc::Layout::new::<u64>()), first);
    /// ```
    pub fn clear(&mut self) {
        if let Some(state) = self.state() {
            state.forget();
        }
    }

    /// Frees every block, keeps the RAM of about `bytes`, and gives the rest back to the system at once. `usize::MAX` keeps
    /// all, as [`clear`](Self::clear) does.
    ///
    /// ```
    /// let mut heap = region::Heap::new();
    /// for _ in 0..1000 {
    ///     heap.alloc_layout(std::alloc::Layout::new::<[u8; 10_000]>());
    /// }
    /// heap.clear_keeping(0);
    /// assert!(heap.stats().reserved <= 64 << 10);
    /// ```
    pub fn clear_keeping(&mut self, bytes: usize) {
        self.clear();
        let Some(state) = self.state().filter(|_| bytes != usize::MAX) else { return };
        // SAFETY: the chunks of the list exist.
        let facts = |chunk: NonNull<Chunk>| unsafe { chunk.as_ref() };
        let dirty = |chunk: &Chunk| chunk.clean.get() - chunk.first;
        let has: usize = state.chunks().map(facts).map(|chunk| (dirty(chunk) as usize) << chunk.shift).sum();
        // From the newest on: the oldest is the shortest, and has the state.
        let (mut kept, mut empty) = (has, 0);
        for (at, chunk) in state.chunks().map(facts).enumerate() {
            let most = units_of(kept.saturating_sub(bytes), chunk.shift);
            let keep = dirty(chunk) - dirty(chunk).min(u32::try_from(most).unwrap_or(u32::MAX));
            let gone = dirty(chunk) - keep;
            kept -= (gone as usize) << chunk.shift;
            if keep == 0 && empty == at {
                empty = at + 1;
            }
            if gone != 0 && self.discard(chunk, chunk.first + keep, chunk.clean.get()) {
                chunk.clean.set(chunk.first + keep);
            }
        }
        self.release_empty(state, empty);
        state.idle.set(kept);
    }

    /// Gives every block of the backing back.
    pub(super) fn end(&mut self) {
        let Some(state) = self.state.take() else { return };
        // SAFETY: the state exists until its block, the oldest, is released.
        let mut next = unsafe { state.as_ref() }.newest.get();
        while let Some(chunk) = next {
            // SAFETY: the chunk's block was not released yet: an owner is older than the other chunks of its block.
            let (older, owned) = unsafe {
                let facts = chunk.as_ref();
                (facts.older.get(), facts.is_owner().then(|| facts.block.get()))
            };
            if let Some(block) = owned {
                checkers::unpoison(block.start, block.ready, Contents::Initialized);
                // SAFETY: the block is on loan from this backing, `dirty` covers all that was written, and nothing
                // refers into it: blocks borrow the heap, or their users promised so.
                unsafe { self.backing().release(&block) };
            }
            next = older;
        }
    }

    /// The state, for as long as the heap is not at its end.
    #[inline(always)]
    pub(super) fn state(&self) -> Option<&State> {
        // SAFETY: the state is in the first block, which the heap has until its end.
        self.state.get().map(|state: NonNull<State>| unsafe { &*state.as_ptr() })
    }
}

impl<B: Backing> Drop for Heap<B> {
    fn drop(&mut self) {
        self.end();
    }
}
