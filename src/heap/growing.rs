//! Where a heap's pages and large blocks come from: free runs, fresh units, and chunks of new blocks of the backing.
//!
//! All of it is slow, and none of it is about single blocks of a page: those are in `state`.

use super::chunk::{Chunk, Plan, Run, Users};
use super::classes;
use super::error::{Taken, refused};
use super::runs::{Search, fresh_run};
use super::state::{Shared, State, chunks_from};
use super::{Heap, classes::page_bytes};
use crate::arena::backing::checked;
use crate::arena::{Backing, Block};
use crate::checkers::{self, Contents};
use crate::error::{AllocError, AllocReason};
use crate::policy::{HEAP_CHUNK, HEAP_IDLE};
use crate::sync::in_this_order;
use core::alloc::Layout;
use core::ptr::NonNull;

/// A chunk that is to be made.
struct Wanted {
    /// The run that it must hold.
    bytes: usize,
    align: usize,
    /// Bytes in front of its marks.
    head: usize,
    users: Users,
    /// Bytes that it needs at least, wherever it is.
    len: usize,
}

impl<B: Backing> Heap<B> {
    /// The slow path of every allocation: there is no state, the class's word has no free block, or the block is large.
    #[cold]
    #[inline(never)]
    pub(crate) fn take_slowly(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let (block, _) = self.take_or_grow(layout).map_err(|error| error.of(layout.size()))?;
        State::unpoison(block, layout.size());
        Ok(block)
    }

    /// A block, and how many of its first bytes may be other than zero.
    pub(super) fn take_or_grow(&self, layout: Layout) -> Taken<(NonNull<u8>, usize)> {
        let class = Self::class_of(layout);
        let state = match self.state() {
            Some(state) => state,
            None => self.begin(layout)?,
        };
        let Some(class) = class else {
            return match self.take_large(state, layout) {
                Err(_) if self.end_quarantine() => self.take_large(state, layout),
                taken => taken,
            };
        };
        loop {
            if let Some(block) = state.take(class) {
                return Ok((block, usize::MAX));
            }
            if state.refill(class).is_some() {
                continue;
            }
            match self.new_page(state, class) {
                Err(error) if !self.end_quarantine() => return Err(error),
                _ => {}
            }
        }
    }

    /// The state of a heap that had none, with a chunk in which there is room for such a block.
    #[inline(never)]
    fn begin(&self, layout: Layout) -> Taken<&State> {
        let bytes = layout.size().max(1);
        if bytes > self.limit() {
            return Err(refused(AllocReason::Limit(self.limit())));
        }
        self.new_chunk(bytes, layout.align())?;
        self.state().ok_or(refused(AllocReason::TooLarge))
    }

    /// Frees the blocks that are held. Whether there was one, and memory may be had now that was refused.
    #[inline]
    pub(super) fn end_quarantine(&self) -> bool {
        cfg!(feature = "poison") && self.state().is_some_and(State::end_quarantine)
    }

    /// A page of the class, with room. It is the first of its list then.
    #[inline(never)]
    pub(super) fn new_page(&self, state: &State, class: usize) -> Taken<()> {
        let size = classes::get(class).size as usize;
        // In a heap that has its first chunk alone, other classes need room, too.
        // SAFETY: the chunks of the state exist.
        let first = |chunk: NonNull<Chunk>| unsafe { chunk.as_ref() }.bytes() <= crate::policy::FIRST_BLOCK;
        let small = state.newest.get().is_none_or(first);
        let run = match self.take_run(state, page_bytes(class, small, state.taken.get()), 1, size) {
            // What is left may be too short for the usual page.
            Err(_) if !small => self.take_run(state, size, 1, size),
            taken => taken,
        };
        state.begin_page(run?, class);
        Ok(())
    }

    /// A block of its own.
    #[inline(never)]
    pub(super) fn take_large(&self, state: &State, layout: Layout) -> Taken<(NonNull<u8>, usize)> {
        let run = self.take_run(state, layout.size().max(1), layout.align(), usize::MAX)?;
        // SAFETY: the chunk and the record exist, and the run is in use, as a block of its own. No unit is at address 0.
        unsafe {
            let chunk = run.chunk.as_ref();
            chunk.mark_page(chunk.unit_of(run.record), 1);
            Ok((NonNull::new_unchecked(run.record.as_ref().base.get()), (state.dirty.get() as usize) << chunk.shift))
        }
    }

    /// A run of so many bytes at this alignment; where memory must be asked for, it may be one of `least` bytes instead.
    #[inline(never)]
    fn take_run(&self, state: &State, bytes: usize, align: usize, least: usize) -> Taken<Run> {
        self.check_limit(state, bytes)?;
        let mut run = self.take_here(state, bytes, align, Search::Short)?;
        if run.is_none() && least < bytes {
            run = self.take_here(state, least, align, Search::Short)?;
        }
        let run = match run {
            Some(run) => run,
            None => {
                let grown = self.new_chunk(bytes, align);
                let search = if grown.is_ok() { Search::Short } else { Search::Whole };
                let why = grown.err().unwrap_or(refused(AllocReason::TooLarge));
                self.take_here(state, bytes, align, search)?.ok_or(why)?
            }
        };
        // SAFETY: the chunk and the record exist.
        let (chunk, units) = unsafe { (run.chunk.as_ref(), run.record.as_ref().units.get()) };
        let bytes = (units as usize) << chunk.shift;
        if let Err(error) = self.check_limit(state, bytes) {
            // SAFETY: the run was just taken from this state, and no list or slot has its record yet.
            unsafe { state.give_run(run.chunk, chunk.unit_of(run.record), units) };
            return Err(error);
        }
        state.count(bytes);
        Ok(run)
    }

    /// Whether so many bytes more are within the limit. What is asked for is looked at before memory is, and what a run
    /// has, in whole units, when it is taken.
    pub(super) fn check_limit(&self, state: &State, bytes: usize) -> Taken<()> {
        match state.taken.get().checked_add(bytes) {
            Some(taken) if taken <= self.limit() => Ok(()),
            _ => Err(refused(AllocReason::Limit(self.limit()))),
        }
    }

    /// A run of the chunks that there are.
    #[inline(never)]
    fn take_here(&self, state: &State, bytes: usize, align: usize, search: Search) -> Taken<Option<Run>> {
        if let Some(run) = state.take_free(bytes, align, search) {
            return Ok(Some(run));
        }
        let mut refusal = None;
        for chunk in state.chunks() {
            // SAFETY: the chunks of the list exist.
            let Some((_, end)) = fresh_run(unsafe { chunk.as_ref() }, bytes, align) else { continue };
            match self.make_ready(chunk, end.get()) {
                Ok(()) => return Ok(state.take_fresh(chunk, bytes, align)),
                Err(error) => refusal = Some(error),
            }
        }
        refusal.map_or(Ok(None), Err)
    }

    /// Makes a chunk's units ready up to this one, and counts them as written.
    #[inline(never)]
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
    #[inline(never)]
    fn new_chunk(&self, bytes: usize, align: usize) -> Taken<()> {
        let too_large = refused(AllocReason::TooLarge);
        let (head, users) = match self.state() {
            Some(state) => (size_of::<Chunk>(), state.users()),
            None => (Self::FIRST_HEAD, Users::One),
        };
        let len = Plan::bytes_for(head, bytes, align, users).ok_or(too_large)?;
        let wanted = Wanted { bytes, align, head, users, len };
        let mut previous = 0;
        for owner in chunks_from(self.state().and_then(|state| state.newest.get())) {
            // SAFETY: the chunks of the list exist.
            let facts = unsafe { owner.as_ref() };
            if facts.is_owner() {
                let mut block = facts.block.get();
                previous = if previous == 0 { block.len } else { previous };
                if block.len - facts.cut.get() >= len {
                    return self.begin_chunk(&mut block, facts.cut.get(), &wanted, Some(owner));
                }
            }
        }
        // Half of what there is, so that even with a backing whose blocks do not grow there are few of them.
        let half = self.state().map_or(0, |state| state.taken.get()) / 2;
        let mut most = len.max(half);
        loop {
            let layout = Layout::from_size_align(most, 1).map_err(|_| too_large)?;
            match &mut checked::acquire(self.backing(), layout, previous) {
                Ok(block) => {
                    let begun = self.begin_chunk(block, 0, &wanted, None);
                    if begun.is_err() {
                        // SAFETY: the block was just acquired, and holds nothing.
                        unsafe { self.backing().release(block) };
                    }
                    return begun;
                }
                Err(_) if most != len => most = len,
                Err(error) => return Err(*error),
            }
        }
    }

    /// Makes a chunk in a block, `at` bytes behind its start. A new block has no `owner`.
    fn begin_chunk(&self, block: &mut Block, at: usize, wanted: &Wanted, owner: Option<NonNull<Chunk>>) -> Taken<()> {
        let is_first = self.state().is_none();
        let start = block.start.addr().get() + at;
        let left = block.len - at;
        // A long block is divided, so that its records are near what they are about, and few of them are there at first.
        let len =
            if left <= HEAP_CHUNK { left } else { wanted.len.max(HEAP_CHUNK).max(at.saturating_mul(3)).min(left) };
        let plan = Plan::of(start, len, wanted.head, wanted.users);
        if !plan.holds(start + plan.pad, wanted.bytes, wanted.align) {
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
        let chunk = unsafe { Chunk::begin(block, at, &plan, owner, shard.map(|shard| shard.front)) };
        block.dirty = block.dirty.max(ready);
        // SAFETY: the chunk's owner exists: it is the chunk itself, or one that was there before.
        let (facts, owns) = unsafe { (chunk.as_ref(), chunk.as_ref().owner.as_ref()) };
        let cut = owns.cut.get();
        owns.block.set(*block);
        owns.cut.set(facts.cut.get());
        if let Some(Shared { addresses, enter, .. }) = shard {
            // A forked child that is without the rest has these bytes in no chunk then, and does not enter them twice.
            in_this_order();
            // SAFETY: the addresses exist as long as the shard, and `enter` is for its backing. The chunk is whole, its plan
            // begins and ends at a granule, and it stays until the end.
            if let Err(error) = unsafe { enter(addresses, chunk, NonNull::from(self.backing()).cast()) } {
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
