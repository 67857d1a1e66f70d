//! Shards whose holders did not come along into a forked child: made whole again, and given up.
//!
//! A child has the memory of its parent as it was at one moment, and of all threads the one that forked. A shard that
//! another was using then is in the middle of some operation, and stays claimed: its free blocks are lost for the child.
//! Here the child makes such a shard anew, of what is true at every moment of an operation: the marks say where the pages
//! and large blocks in use begin, their records how long they are and which blocks are free, the remotes what was freed
//! from outside. What is in none is free. The lists, the counts and the free runs' records are made again.
//!
//! A block that the missing thread was just about to take or to free may stay in use for ever, as its others do.

use super::SyncHeap;
use crate::arena::Backing;
use crate::heap::chunk::Chunk;
use crate::heap::page::{Kind, Page, WORD};
use crate::heap::runs::end_run;
use crate::heap::state::State;
use core::ptr::NonNull;

impl<B: Backing> SyncHeap<B> {
    /// In a forked child: takes over what threads were using at the fork that did not come along. Without it the child
    /// leaves that alone: nothing is wrong then, and what was free there is not used again.
    ///
    /// Parents of several threads fork at any moment of theirs. The heap of a parent, and of a child of one thread, has
    /// nothing to take over.
    ///
    /// *Cost*: a look at each shard; for each that was in use, a step for each 4 KiB of it.
    ///
    /// # Safety
    /// No other thread of the process uses the heap meanwhile, and the calling thread is in the middle of no operation on it:
    /// the fork was not made in a signal handler that interrupted one.
    ///
    /// ```
    /// static HEAP: region::SyncHeap = region::SyncHeap::new();
    ///
    /// # unsafe extern "C" { fn fork() -> i32; fn _exit(status: i32) -> !; }
    /// # if cfg!(miri) { return }
    /// // SAFETY: the child has one thread, which was not using the heap.
    /// unsafe {
    ///     if fork() == 0 {
    ///         HEAP.recover_after_fork();
    ///         HEAP.alloc_layout(std::alloc::Layout::new::<u64>());
    ///         _exit(0);
    ///     }
    /// }
    /// ```
    pub unsafe fn recover_after_fork(&self) {
        let Some(root) = self.root() else { return };
        for shard in root.shards() {
            let held = match shard.claim() {
                Some(_) => continue,
                // SAFETY: a thread held it that is not here any more, and no other thread is there to claim it.
                None => unsafe { shard.take_over() },
            };
            if !held.is_begun() {
                continue;
            }
            held.begin_anew();
            for chunk in held.state().chunks() {
                rebuild(held.state(), chunk);
            }
            self.heap_of(&held).relieve();
        }
    }
}

/// Makes the lists and records of a chunk anew.
fn rebuild(state: &State, chunk: NonNull<Chunk>) {
    // SAFETY: the chunks of the list exist.
    let facts = unsafe { chunk.as_ref() };
    let end = facts.fresh.get();
    let (mut unit, mut free_from) = (facts.first, facts.first);
    while unit < end {
        let record = facts.record(unit);
        let units = units_in_use(facts, record);
        if units == 0 {
            facts.unmark(unit, 1);
            forget_remote(facts, record);
            unit += 1;
            continue;
        }
        if unit > free_from {
            state.put_in(chunk, free_from, unit - free_from, false);
        }
        end_run(facts, unit, units, Kind::Used);
        state.count((units as usize) << facts.shift);
        // SAFETY: the record is that of a page or a large block in use, which is in no list.
        let page: &Page = unsafe { record.as_ref() };
        if !page.is_large() {
            facts.mark_page(unit, units);
            page.unlist();
            if page.word_with_room().is_some() {
                state.list(record);
            }
        }
        // A page has its remote at its first unit.
        (1..units).for_each(|at| forget_remote(facts, facts.record(unit + at)));
        unit += units;
        free_from = unit;
    }
    state.end_at(chunk, free_from);
}

/// Units of the page or large block that begins at a record, after what was freed from outside; 0 if none begins there, or
/// none of its blocks is in use.
fn units_in_use(chunk: &Chunk, record: NonNull<Page>) -> u32 {
    if !chunk.is_in_use(record) {
        return 0;
    }
    // SAFETY: a mark leads to a record.
    let page: &Page = unsafe { record.as_ref() };
    chunk.remote(record).settle(|at| (page.word(at * WORD), page.blocks_of(at)));
    // It may end behind the fresh units' beginning, if it was just being cut: what is in use stays so.
    if page.is_empty() { 0 } else { page.units.get() }
}

/// Clears what was freed from outside in a page that is there no more.
fn forget_remote(chunk: &Chunk, record: NonNull<Page>) {
    // SAFETY: a shard's chunk has a record for each unit. Its words do not change, as there are no blocks.
    chunk.remote(record).settle(|at| (unsafe { record.as_ref() }.word(at * WORD), 0));
}
