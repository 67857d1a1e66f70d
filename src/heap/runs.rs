//! Runs of units: free ones by length, taken apart and joined with their neighbours.
//!
//! The records of a run's first and last unit say what it is, whether it is in use or free, so that its neighbours can
//! join it in a few steps (boundary tags: Knuth, *The Art of Computer Programming* 1, 2.5; here they are in the table
//! and not in the memory). Free runs are listed by the power of two in their bytes. A free run at a chunk's end is not
//! listed: the chunk's fresh units begin lower then.

use super::chunk::{Chunk, Run, run_in};
use super::classes::{self, LARGE, MOST_BLOCKS};
use super::page::{self, Kind, Page};
use super::state::{BINS, State};
use crate::checkers;
use crate::sync::in_this_order;
use core::num::NonZeroU32;
use core::ptr::NonNull;

/// How many runs of a list are looked at, unless memory is refused otherwise.
const LOOKED_AT: usize = 8;

/// How far to look for a free run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    Short,
    Whole,
}

#[cfg_attr(region_staticlib, inline(never))]
fn bin(bytes: usize) -> usize {
    (bytes.max(1).ilog2() as usize).saturating_sub(9).min(BINS - 1)
}

impl State {
    /// Takes a free run of so many bytes at this alignment, if there is one.
    pub(super) fn take_free(&self, bytes: usize, align: usize, search: Search) -> Option<Run> {
        if self.listed.get() == 0 {
            return None;
        }
        for list in &self.free_runs[bin(bytes)..] {
            let most = if search == Search::Whole { usize::MAX } else { LOOKED_AT };
            let mut next = list.get();
            for _ in 0..most {
                let Some(page) = next else { break };
                // SAFETY: the pages of the list are records that exist.
                let facts = unsafe { page.as_ref() };
                next = facts.next.get();
                let chunk = self.chunk_with(page.addr().get())?;
                // SAFETY: the chunk exists.
                let chunk_facts = unsafe { chunk.as_ref() };
                let (base, len) = (facts.base.get().addr(), facts.units.get());
                let Some((pad, end)) = run_in(base, chunk_facts.shift, (0, len), bytes, align) else { continue };
                let (unit, end, zero) = (chunk_facts.unit_at(base), end.get(), facts.kind.get() == Kind::Zero);
                self.take_out(chunk, page);
                if pad != 0 {
                    self.put_in(chunk, unit, pad, zero);
                }
                if len > end {
                    self.put_in(chunk, unit + end, len - end, zero);
                }
                let units = end - pad;
                return Some(self.begin_run(chunk, unit + pad, units, if zero { 0 } else { units }));
            }
        }
        None
    }

    /// Takes a run of units that were in none, behind those that were. They must be ready:
    /// [`fresh_run`] says which they are.
    pub(super) fn take_fresh(&self, chunk: NonNull<Chunk>, bytes: usize, align: usize) -> Option<Run> {
        // SAFETY: the chunk exists.
        let facts = unsafe { chunk.as_ref() };
        let (unit, end) = fresh_run(facts, bytes, align)?;
        let end = end.get();
        let fresh = facts.fresh.get();
        let clean = facts.clean.get();
        // Units that were in use before are idle.
        let idle = clean.min(end).saturating_sub(fresh) as usize;
        self.idle.set(self.idle.get().saturating_sub(idle << facts.shift));
        if unit > fresh {
            self.put_in(chunk, fresh, unit - fresh, fresh >= clean);
        }
        facts.fresh.set(end);
        facts.clean.set(clean.max(end));
        Some(self.begin_run(chunk, unit, end - unit, clean.saturating_sub(unit).min(end - unit)))
    }

    /// Makes a run that was taken one in use.
    #[cfg_attr(region_staticlib, inline(never))]
    fn begin_run(&self, chunk: NonNull<Chunk>, unit: u32, units: u32, dirty: u32) -> Run {
        // SAFETY: the chunk exists.
        let facts = unsafe { chunk.as_ref() };
        self.dirty.set(dirty);
        end_run(facts, unit, units, Kind::Used);
        // SAFETY: the run was just taken out of those that are free.
        Run { chunk, record: unsafe { write_record(facts, unit, units, Kind::Used, LARGE) } }
    }

    /// Makes a run that was taken a page of the class, with all of its blocks free.
    #[inline(never)]
    pub(super) fn begin_page(&self, run: Run, class: usize) {
        // SAFETY: the chunk and the record exist.
        let (chunk, page) = unsafe { (run.chunk.as_ref(), run.record.as_ref()) };
        let units = page.units.get();
        // No class has 0 bytes, which the compiler does not see.
        let size = classes::get(class).size.max(1);
        let blocks = ((units << chunk.shift) / size).min(MOST_BLOCKS as u32) as usize;
        page.fill(class, blocks);
        chunk.mark_page(chunk.unit_of(run.record), units);
        self.list(run.record);
    }

    /// Lists a free run whose neighbours are in use.
    pub(super) fn put_in(&self, chunk: NonNull<Chunk>, unit: u32, units: u32, zero: bool) {
        // SAFETY: the chunk exists, and has the run.
        let facts = unsafe { chunk.as_ref() };
        let kind = if zero { Kind::Zero } else { Kind::Free };
        let (first, bytes) = (facts.record(unit), (units as usize) << facts.shift);
        // SAFETY: the places of the first and the last unit's records are no record of a run in use. The list has
        // records that exist.
        unsafe {
            end_run(facts, unit, units, kind);
            write_record(facts, unit, units, kind, 0);
            page::push(&self.free_runs[bin(bytes)], first);
        }
        self.listed.set(self.listed.get() + 1);
        if !zero {
            self.idle.set(self.idle.get() + bytes);
        }
    }

    /// Takes a free run out of its list.
    fn take_out(&self, chunk: NonNull<Chunk>, page: NonNull<Page>) {
        // SAFETY: the page is the record of a free run of the chunk, and in its list.
        unsafe {
            let bytes = (page.as_ref().units.get() as usize) << chunk.as_ref().shift;
            page::unlink(&self.free_runs[bin(bytes)], page);
            self.listed.set(self.listed.get() - 1);
            if page.as_ref().kind.get() == Kind::Free {
                self.idle.set(self.idle.get().saturating_sub(bytes));
            }
        }
    }

    /// Frees a run, and joins it with free runs on both sides.
    ///
    /// # Safety
    /// The run is one of this state's, in use until now, and no list or slot has its record.
    pub(super) unsafe fn give_run(&self, chunk: NonNull<Chunk>, mut unit: u32, mut units: u32) {
        // SAFETY: the chunk exists.
        let facts = unsafe { chunk.as_ref() };
        let base = facts.address(unit);
        // SAFETY: no unit is at address 0. The run's bytes are ready.
        checkers::poison(unsafe { NonNull::new_unchecked(base) }, (units as usize) << facts.shift);
        let is_free = |record: NonNull<Page>| {
            // SAFETY: the first and the last record of every run below `fresh` are initialized.
            let kind = unsafe { record.as_ref() }.kind.get();
            (kind == Kind::Free || kind == Kind::Zero).then_some(kind)
        };
        // The neighbours are zero at best, and this run is not.
        if unit > facts.first {
            let last = facts.record(unit - 1);
            if is_free(last).is_some() {
                // SAFETY: the last record of a free run has its length.
                let before = unsafe { last.as_ref() }.units.get();
                self.take_out(chunk, facts.record(unit - before));
                unit -= before;
                units += before;
            }
        }
        if unit + units < facts.fresh.get() {
            let first = facts.record(unit + units);
            if is_free(first).is_some() {
                self.take_out(chunk, first);
                // SAFETY: the first record of a free run has its length.
                units += unsafe { first.as_ref() }.units.get();
            }
        }
        if unit + units == facts.fresh.get() {
            facts.fresh.set(unit);
            self.idle.set(self.idle.get() + ((units as usize) << facts.shift));
        } else {
            self.put_in(chunk, unit, units, false);
        }
    }

    /// Lets a chunk's fresh units begin here, where the last run in use ends.
    pub(super) fn end_at(&self, chunk: NonNull<Chunk>, unit: u32) {
        // SAFETY: the chunk exists.
        let facts = unsafe { chunk.as_ref() };
        facts.fresh.set(unit);
        self.idle.set(self.idle.get() + ((facts.clean.get().saturating_sub(unit) as usize) << facts.shift));
    }

    /// Makes a run longer where it is, if the units behind it are free. Those that were never in a run must be ready.
    pub(super) fn extend(&self, chunk: NonNull<Chunk>, page: NonNull<Page>, units: u32) -> bool {
        // SAFETY: both exist, and the run is in use.
        let (facts, run) = unsafe { (chunk.as_ref(), page.as_ref()) };
        let unit = facts.unit_at(run.base.get().addr());
        let (end, more) = (unit + run.units.get(), units - run.units.get());
        if end == facts.fresh.get() {
            if more > facts.units - end {
                return false;
            }
            let bytes = (more as usize) << facts.shift;
            let fresh = self.take_fresh(chunk, bytes, 1);
            debug_assert!(fresh.is_some_and(|fresh| fresh.record == facts.record(end)));
        } else {
            let next = facts.record(end);
            // SAFETY: a run begins behind the end of another, so this is its first record.
            let (kind, free) = unsafe { (next.as_ref().kind.get(), next.as_ref().units.get()) };
            if !(kind == Kind::Free || kind == Kind::Zero) || free < more {
                return false;
            }
            self.take_out(chunk, next);
            if free > more {
                self.put_in(chunk, end + more, free - more, kind == Kind::Zero);
            }
        }
        self.count((more as usize) << facts.shift);
        self.set_length(facts, unit, units);
        true
    }

    /// Makes a run shorter, and frees its end.
    pub(super) fn cut(&self, chunk: NonNull<Chunk>, page: NonNull<Page>, units: u32) {
        // SAFETY: both exist, and the run is in use.
        let (facts, run) = unsafe { (chunk.as_ref(), page.as_ref()) };
        let (unit, len) = (facts.unit_at(run.base.get().addr()), run.units.get());
        if units >= len {
            return;
        }
        self.set_length(facts, unit, units);
        self.taken.set(self.taken.get() - (((len - units) as usize) << facts.shift));
        // SAFETY: these units were in use until now, and no record leads to them any more.
        unsafe { self.give_run(chunk, unit + units, len - units) };
    }

    fn set_length(&self, chunk: &Chunk, unit: u32, units: u32) {
        // For a forked child: units are in the run before its record says so, and until it says otherwise.
        in_this_order();
        // SAFETY: the run begins with a record.
        unsafe { chunk.record(unit).as_ref() }.units.set(units);
        in_this_order();
        end_run(chunk, unit, units, Kind::Used);
    }
}

/// Where a run of fresh units would begin and end.
pub(super) fn fresh_run(chunk: &Chunk, bytes: usize, align: usize) -> Option<(u32, NonZeroU32)> {
    run_in(chunk.address(0).addr(), chunk.shift, (chunk.fresh.get(), chunk.units), bytes, align)
}

/// Says in the record of a run's last unit what the run is, if that is not its first unit.
#[cfg_attr(region_staticlib, inline(never))]
pub(super) fn end_run(chunk: &Chunk, unit: u32, units: u32, kind: Kind) {
    if units > 1 {
        // SAFETY: the place of the last unit's record is no other run's.
        unsafe { write_record(chunk, unit + units - 1, units, kind, 0) };
    }
}

/// Writes the record of a run at its first or last unit.
///
/// # Safety
/// The unit is in no run, or this run's.
#[cfg_attr(region_staticlib, inline(never))]
pub(super) unsafe fn write_record(chunk: &Chunk, unit: u32, units: u32, kind: Kind, class: usize) -> NonNull<Page> {
    let record = chunk.record(unit);
    // The records of a shard's chunk are zeroes at first, and threads that do not hold it may be looking at what was here
    // before: those change by their cells alone.
    if chunk.front.is_none() {
        // SAFETY: the caller promises that the record's place is used for nothing else. Zeroes are a record.
        unsafe { record.write_bytes(0, 1) };
    }
    // SAFETY: the record was initialized here, or is of a shard's chunk.
    unsafe { record.as_ref() }.begin(chunk.address(unit), units, kind, class);
    record
}
