//! Where a heap's pages and large blocks come from: free runs, fresh units, and chunks of new blocks of the backing.
//!
//! All of it is slow, and none of it is about single blocks of a page: those are in `state`.

use super::chunk::{Chunk, Plan, Users};
use super::classes::{self, LARGE, MOST_BLOCKS};
use super::error::{Taken, refused};
use super::page::Kind;
use super::runs::{Run, Search, end_used, fresh_run, write_record};
use super::state::State;
use super::{Heap, classes::page_bytes};
use crate::arena::backing::checked;
use crate::arena::{Backing, Block};
use crate::checkers::{self, Contents};
use crate::error::{AllocError, AllocReason};
use crate::policy::{HEAP_CHUNK, HEAP_IDLE};
use crate::sync::in_this_order;
use core::alloc::Layout;
use core::ptr::NonNull;

impl<B: Backing> Heap<B> {
    /// The slow path of every allocation: there is no state, the class's word has no free block, or the block is large.
    #[cold]
    #[inline(never)]
    pub(super) fn take_slowly(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let (block, _) = self.take_or_grow(layout).map_err(|error| error.of(layout.size()))?;
        State::unpoison(block, layout.size());
        Ok(block)
    }

    /// A block, and how many of its first bytes may be other than zero.
    pub(super) fn take_or_grow(&self, layout: Layout) -> Taken<(NonNull<u8>, usize)> {
        let Some(class) = Self::class_of(layout) else {
            return match self.take_large(layout) {
                Err(_) if self.end_quarantine() => self.take_large(layout),
                taken => taken,
            };
        };
        loop {
            if let Some(state) = self.state() {
                if let Some(block) = state.take(class) {
                    return Ok((block, usize::MAX));
                }
                if state.refill(class).is_some() {
                    continue;
                }
            }
            match self.new_page(class) {
                Err(error) if !self.end_quarantine() => return Err(error),
                _ => {}
            }
        }
    }

    /// Frees the blocks that are held. Whether there was one, and memory may be had now that was refused.
    #[inline]
    pub(super) fn end_quarantine(&self) -> bool {
        cfg!(feature = "poison") && self.state().is_some_and(State::end_quarantine)
    }

    /// A page of the class, with room. It is the first of its list then.
    pub(super) fn new_page(&self, class: usize) -> Taken<()> {
        let size = classes::get(class).size as usize;
        // In a heap that has its first chunk alone, other classes need room, too.
        let small = self.state().is_none_or(|state| {
            // SAFETY: the chunks of the state exist.
            state.newest.get().is_none_or(|chunk| unsafe { chunk.as_ref() }.bytes() <= crate::policy::FIRST_BLOCK)
        });
        let taken = self.state().map_or(0, |state| state.taken.get());
        let run = match self.take_run(page_bytes(class, small, taken), 1, size) {
            Ok(run) => run,
            // What is left may be too short for the usual page.
            Err(_) if !small => self.take_run(size, 1, size)?,
            Err(error) => return Err(error),
        };
        let Some(state) = self.state() else { return Err(refused(AllocReason::TooLarge)) };
        // SAFETY: the chunk exists.
        let chunk = unsafe { run.chunk.as_ref() };
        // No class has 0 bytes, which the compiler does not see.
        let blocks = (((run.units as usize) << chunk.shift) / size.max(1)).min(MOST_BLOCKS);
        end_used(chunk, run.unit, run.units);
        // SAFETY: the run is free for this page.
        let record = unsafe { write_record(chunk, run.unit, run.units, Kind::Full, class, blocks) };
        chunk.mark_page(run.unit, run.units);
        state.list(record);
        Ok(())
    }

    /// A block of its own.
    pub(super) fn take_large(&self, layout: Layout) -> Taken<(NonNull<u8>, usize)> {
        let run = self.take_run(layout.size().max(1), layout.align(), usize::MAX)?;
        // SAFETY: the chunk exists, and the run is free for this block. No unit is at address 0.
        unsafe {
            let chunk = run.chunk.as_ref();
            let start = chunk.address(run.unit);
            end_used(chunk, run.unit, run.units);
            write_record(chunk, run.unit, run.units, Kind::Used, LARGE, 0);
            chunk.mark_page(run.unit, 1);
            Ok((NonNull::new_unchecked(start), (run.dirty as usize) << chunk.shift))
        }
    }

    /// A run of so many bytes at this alignment; where memory must be asked for, it may be one of `least` bytes instead.
    fn take_run(&self, bytes: usize, align: usize, least: usize) -> Taken<Run> {
        if let Some(state) = self.state() {
            self.check_limit(state, bytes)?;
            if let Some(run) = self.take_here(state, bytes, align, Search::Short)? {
                return self.taken(state, run);
            }
            if least < bytes {
                if let Some(run) = self.take_here(state, least, align, Search::Short)? {
                    return self.taken(state, run);
                }
            }
        } else if bytes > self.limit() {
            return Err(refused(AllocReason::Limit(self.limit())));
        }
        let grown = self.new_chunk(bytes, align);
        let Some(state) = self.state() else { return Err(grown.err().unwrap_or(refused(AllocReason::TooLarge))) };
        let search = if grown.is_ok() { Search::Short } else { Search::Whole };
        match self.take_here(state, bytes, align, search)? {
            Some(run) => self.taken(state, run),
            None => Err(grown.err().unwrap_or(refused(AllocReason::TooLarge))),
        }
    }

    /// Whether so many bytes more are within the limit. What is asked for is looked at before memory is, and what a run
    /// has, in whole units, when it is taken.
    pub(super) fn check_limit(&self, state: &State, bytes: usize) -> Taken<()> {
        match state.taken.get().checked_add(bytes) {
            Some(taken) if taken <= self.limit() => Ok(()),
            _ => Err(refused(AllocReason::Limit(self.limit()))),
        }
    }

    /// Counts a run that was taken, or frees it again if it exceeds the limit.
    fn taken(&self, state: &State, run: Run) -> Taken<Run> {
        // SAFETY: the chunk exists.
        let bytes = (run.units as usize) << unsafe { run.chunk.as_ref() }.shift;
        if let Err(error) = self.check_limit(state, bytes) {
            // SAFETY: the run was just taken from this state, and nothing has its record yet.
            unsafe { state.give_run(run.chunk, run.unit, run.units) };
            return Err(error);
        }
        state.count(bytes);
        Ok(run)
    }

    /// A run of the chunks that there are.
    fn take_here(&self, state: &State, bytes: usize, align: usize, search: Search) -> Taken<Option<Run>> {
        if let Some(run) = state.take_free(bytes, align, search) {
            return Ok(Some(run));
        }
        let mut refusal = None;
        for chunk in state.chunks() {
            // SAFETY: the chunks of the list exist.
            let Some((_, end)) = fresh_run(unsafe { chunk.as_ref() }, bytes, align) else { continue };
            match self.make_ready(chunk, end) {
                Ok(()) => return Ok(state.take_fresh(chunk, bytes, align)),
                Err(error) => refusal = Some(error),
            }
        }
        refusal.map_or(Ok(None), Err)
    }

    /// Makes a chunk's units ready up to this one, and counts them as written.
    pub(super) fn make_ready(&self, chunk: NonNull<Chunk>, end: u32) -> Taken<()> {
        // SAFETY: the chunk and its owner exist.
        let (chunk, owner) = unsafe { (chunk.as_ref(), chunk.as_ref().owner.as_ref()) };
        let need = chunk.at() + ((end as usize) << chunk.shift);
        let mut block = owner.block.get();
        if need > block.ready {
            let ready = block.ready;
            // SAFETY: the block is on loan from this backing, and the chunk lies in it.
            unsafe { checked::commit(self.backing(), &mut block, need)? };
            // SAFETY: the block is as long as it is ready.
            checkers::poison(unsafe { block.start.add(ready) }, block.ready - ready);
        }
        block.dirty = block.dirty.max(need);
        owner.block.set(block);
        Ok(())
    }

    /// Makes a chunk that can hold such a run, of what is left of a block, or of a new block.
    fn new_chunk(&self, bytes: usize, align: usize) -> Taken<()> {
        let too_large = refused(AllocReason::TooLarge);
        let Some(state) = self.state() else {
            let len = Plan::bytes_for(Self::FIRST_HEAD, bytes, align, Users::One).ok_or(too_large)?;
            let block = checked::acquire(self.backing(), Layout::from_size_align(len, 1).map_err(|_| too_large)?, 0)?;
            return self.begin_chunk(block, 0, bytes, align, None);
        };
        let len = Plan::bytes_for(size_of::<Chunk>(), bytes, align, state.users()).ok_or(too_large)?;
        let mut previous = 0;
        for owner in state.chunks() {
            // SAFETY: the chunks of the list exist.
            let facts = unsafe { owner.as_ref() };
            if facts.is_owner() {
                previous = if previous == 0 { facts.block.get().len } else { previous };
                if facts.block.get().len - facts.cut.get() >= len {
                    return self.begin_chunk(facts.block.get(), facts.cut.get(), bytes, align, Some(owner));
                }
            }
        }
        // Half of what there is, so that even with a backing whose blocks do not grow there are few of them.
        let half = state.taken.get() / 2;
        let layout = |len| Layout::from_size_align(len, 1).map_err(|_| too_large);
        let block = match checked::acquire(self.backing(), layout(len.max(half))?, previous) {
            Err(_) if half > len => checked::acquire(self.backing(), layout(len)?, previous)?,
            block => block?,
        };
        self.begin_chunk(block, 0, bytes, align, None)
    }

    /// Makes a chunk in a block, `at` bytes behind its start. A new block, which has no `owner`, goes back if that fails.
    fn begin_chunk(
        &self,
        mut block: Block,
        at: usize,
        bytes: usize,
        align: usize,
        owner: Option<NonNull<Chunk>>,
    ) -> Taken<()> {
        let begun = self.try_begin_chunk(&mut block, at, bytes, align, owner);
        if begun.is_err() && owner.is_none() {
            // SAFETY: the block was just acquired, and holds nothing.
            unsafe { self.backing().release(&block) };
        }
        begun
    }

    fn try_begin_chunk(
        &self,
        block: &mut Block,
        at: usize,
        bytes: usize,
        align: usize,
        owner: Option<NonNull<Chunk>>,
    ) -> Taken<()> {
        let is_first = self.state().is_none();
        let head = if is_first { Self::FIRST_HEAD } else { size_of::<Chunk>() };
        let users = self.state().map_or(Users::One, State::users);
        let start = block.start.addr().get() + at;
        let left = block.len - at;
        // A long block is divided, so that its records are near what they are about, and few of them are there at first.
        let needed = Plan::bytes_for(head, bytes, align, users).unwrap_or(left);
        let len = if left <= HEAP_CHUNK { left } else { needed.max(HEAP_CHUNK).max(at.saturating_mul(3)).min(left) };
        let plan = Plan::of(start, len, head, users);
        if !plan.holds(start + plan.pad, bytes, align) {
            return Err(refused(AllocReason::Exhausted(block.len)));
        }
        let ready = at + plan.pad + ((plan.first as usize) << plan.shift);
        if ready > block.ready {
            // SAFETY: the block is on loan from this backing, and the plan lies in it.
            unsafe { checked::commit(self.backing(), block, ready)? };
        }
        // SAFETY: the plan lies in the block.
        checkers::unpoison(unsafe { block.start.add(at) }, ready - at, Contents::Initialized);
        let shard = self.state().and_then(|state| state.shard.get());
        // SAFETY: the plan lies in the block behind what other chunks have, and its table is ready.
        let chunk = unsafe { Chunk::begin(block, at, plan, owner, shard.map(|(front, _)| front)) };
        block.dirty = block.dirty.max(ready);
        // SAFETY: the chunk's owner exists: it is the chunk itself, or one that was there before.
        let (facts, owns) = unsafe { (chunk.as_ref(), chunk.as_ref().owner.as_ref()) };
        let cut = owns.cut.get();
        owns.block.set(*block);
        owns.cut.set(facts.cut.get());
        if let Some((_, addresses)) = shard {
            // A forked child that is without the rest has these bytes in no chunk then, and does not enter them twice.
            in_this_order();
            // SAFETY: the addresses exist as long as the shard. The chunk is whole, its plan begins and ends at a granule,
            // and it stays until the end.
            if let Err(error) = unsafe { addresses.as_ref().enter(chunk, self.backing()) } {
                owns.cut.set(cut);
                return Err(error);
            }
        }
        // SAFETY: the block is as long as it says.
        checkers::poison(unsafe { block.start.add(ready) }, block.ready - ready);
        if is_first {
            // SAFETY: the plan left these bytes for the state, behind the chunk's header.
            unsafe {
                let place = chunk.add(1).cast::<State>();
                State::begin(place);
                self.state.set(Some(place));
            }
        }
        if let Some(state) = self.state() {
            // SAFETY: the chunk stays until `end`, or until it is removed.
            unsafe { state.add(chunk) };
            // Bytes of an earlier life may have RAM.
            // SAFETY: the chunk was just made.
            let facts = unsafe { chunk.as_ref() };
            let idle = (facts.clean.get() - facts.first) as usize;
            state.idle.set(state.idle.get() + (idle << facts.shift));
        }
        Ok(())
    }

    /// Gives the RAM of free runs back to the system if it is more than a share of what is in use.
    #[cold]
    #[inline(never)]
    pub(super) fn relieve(&self) {
        if let Some(state) = self.state() {
            if state.idle.get() > HEAP_IDLE + state.taken.get() / 8 {
                self.trim();
            }
        }
    }
}
