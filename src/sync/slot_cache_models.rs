//! Models of slot caches: who takes, puts back, leaves, makes lighter and empties slots.
//!
//! A thing in the cache is the number of a cell, which its holder writes. A model ([`models`](crate::models)) fails
//! when a cell has two holders at once, when a holder does not see what the last one wrote, or when a thing is taken
//! after its holder used it up. All threads of a model use one magazine: its words may lose slots, and must not give
//! one to two threads.

use super::slot_cache::{Chunk, Claim, Entry, SHARE, SlotCache};
use crate::models::{Model, OwnedCell, share, share_among};
use crate::seeded::Bug;
use crate::sync::{AtomicUsize, Ordering};
use core::ptr::NonNull;
use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;

/// Cells that threads make one after the other and keep in a slot cache, as arenas do with blocks.
struct Cache {
    cache: SlotCache<usize, 1, 0>,
    cells: Vec<OwnedCell<usize>>,
    made: AtomicUsize,
    weight: usize,
}

/// What a cell holds that somebody had.
const IN_USE: usize = 1;
/// What a cell holds that was used up.
const USED_UP: usize = 2;

impl Cache {
    fn new(cells: usize) -> Arc<Self> {
        Self::weighing(cells, 0)
    }

    /// Cells that weigh so much each, of which one may be kept.
    fn weighing(cells: usize, weight: usize) -> Arc<Self> {
        let cells = (0..cells).map(|_| OwnedCell::new(0)).collect();
        let cache = SlotCache::new();
        cache.set_most(weight);
        Arc::new(Cache { cache, cells, made: AtomicUsize::new(0), weight })
    }

    /// Uses a cell as its only owner may.
    fn write(&self, cell: usize) {
        assert_ne!(self.cells[cell].replace(IN_USE), USED_UP, "a thing that was used up is there again");
    }

    /// As arenas do it: the thread's own magazine first, then all slots.
    fn take(&self) -> Option<(&Entry<usize>, usize)> {
        // Light things as arenas take them, heavy ones as typed buffers do.
        let own = if self.weight < SHARE { self.cache.take_at_once(0) } else { self.cache.take(0) };
        let Claim { slot, thing } = own.or_else(|| self.cache.take_elsewhere(0))?;
        Some((slot, thing))
    }

    /// A kept cell, or a new one with a slot, or nothing if there is no slot.
    fn take_or_make(&self) -> Option<(&Entry<usize>, usize)> {
        self.take().or_else(|| {
            let (slot, cell) = (self.cache.take_empty()?, self.make());
            // SAFETY: the slot was just taken.
            unsafe { self.cache.fill(slot, cell) };
            Some((slot, cell))
        })
    }

    fn make(&self) -> usize {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    /// What an arena does: takes a kept cell or a new one, writes it and puts it back.
    fn use_cell(&self) {
        match self.take_or_make() {
            None => self.write(self.make()),
            Some((slot, cell)) => {
                self.write(cell);
                self.put(slot, cell);
            }
        }
    }

    /// Puts back what was taken, or what its slot was filled with; uses it up if the budget does not allow that.
    fn put(&self, slot: &Entry<usize>, cell: usize) {
        let change = |kept: &mut usize| assert_eq!(*kept, cell, "another thing came back than was taken");
        // SAFETY: the callers took the slot with its thing or filled it, and are done with it.
        let put = unsafe {
            let light = if self.weight < SHARE { self.cache.put_at_once(slot, 0, self.weight, change) } else { None };
            light.or_else(|| self.cache.put(slot, 0, self.weight, change))
        };
        if put.is_none() {
            self.cells[cell].replace(USED_UP);
            // SAFETY: the callers' thing was not put back, so its slot is still held.
            unsafe { self.cache.leave(slot) };
        }
    }

    /// Takes a kept cell or an empty slot, and leaves nothing there.
    fn use_up(&self) {
        if let Some((slot, cell)) = self.take_or_make() {
            self.write(cell);
            self.cells[cell].replace(USED_UP);
            // SAFETY: the slot was just taken.
            unsafe { self.cache.leave(slot) };
        }
    }

    /// Takes all that is kept, as `trim` does; returns how many.
    fn drain(&self) -> usize {
        let mut drained = Vec::new();
        self.cache.drain(0, &mut |cell| {
            self.write(cell);
            assert!(!drained.contains(&cell), "a thing was given twice");
            drained.push(cell);
        });
        drained.len()
    }

    /// What a drop does for which the budget has too little: others are made lighter.
    fn lighten(&self) {
        self.cache.lighten(&mut |cell| {
            self.write(cell);
            Some((0, cell))
        });
    }

    /// All is quiet: no slot is held, what is kept is there once, and it weighs no more than it may.
    fn assert_quiet(&self) {
        let (kept, weight, held) = self.cache.counts();
        assert_eq!(held, 0, "a slot was lost");
        assert!(weight <= self.weight && kept * self.weight <= self.weight, "more is kept than the budget allows");
        assert_eq!(self.drain(), kept);
        assert_eq!(self.cache.counts(), (0, 0, 0));
    }
}

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "two threads take and put in one magazine",
        preemptions: 3,
        run: one_slot,
        catches: &[Bug::SlotClaimRelaxed, Bug::SlotClaimTorn, Bug::SlotReleaseRelaxed, Bug::CachePutsEarly],
    },
    Model {
        name: "three threads share slots",
        preemptions: 1,
        run: three_threads,
        catches: &[Bug::SlotClaimRelaxed, Bug::SlotClaimTorn, Bug::SlotReleaseRelaxed],
    },
    Model {
        name: "a slot is left empty while it is wanted",
        preemptions: 2,
        run: leave_against_take,
        catches: &[Bug::SlotClaimRelaxed, Bug::SlotClaimTorn, Bug::SlotReleaseRelaxed, Bug::CacheLeavesFull],
    },
    Model {
        name: "drain against take and put",
        preemptions: 3,
        run: drain_against_use,
        catches: &[Bug::SlotClaimRelaxed, Bug::SlotClaimTorn, Bug::SlotReleaseRelaxed, Bug::CacheDrainsUnclaimed],
    },
    Model {
        name: "two drains share what is there",
        preemptions: 3,
        run: drain_against_drain,
        catches: &[Bug::SlotClaimTorn, Bug::CacheDrainsUnclaimed],
    },
    Model {
        name: "things are made lighter while they are used",
        preemptions: 2,
        run: lighten_against_use,
        catches: &[Bug::SlotClaimRelaxed, Bug::SlotClaimTorn, Bug::SlotReleaseRelaxed],
    },
    Model { name: "a budget for one thing keeps one", preemptions: 2, run: budget, catches: &[Bug::SlotClaimTorn] },
    Model { name: "two threads add slots", preemptions: 1, run: more_slots, catches: &[Bug::ListAppendRelaxed] },
    Model { name: "a thread dies with a thing out", preemptions: 3, run: death, catches: &[Bug::SlotClaimTorn] },
];

fn one_slot() {
    let cache = Cache::new(4);
    cache.use_cell();
    share(&cache, Cache::use_cell, Cache::use_cell);
    cache.assert_quiet();
}

fn three_threads() {
    let cache = Cache::new(4);
    cache.use_cell();
    share_among(&cache, [0, 1], |cache, _| cache.use_cell(), Cache::use_cell);
    cache.assert_quiet();
}

fn leave_against_take() {
    let cache = Cache::new(6);
    cache.use_cell();
    let theirs = |cache: &Cache| {
        cache.use_up();
        cache.use_cell();
    };
    share(&cache, theirs, Cache::use_up);
    cache.assert_quiet();
}

fn drain_against_use() {
    let cache = Cache::new(6);
    cache.use_cell();
    share(&cache, Cache::use_cell, Cache::drain);
    cache.assert_quiet();
}

/// Two cells are kept.
fn keep_two(cache: &Cache) {
    let taken: Vec<_> = (0..2).filter_map(|_| cache.take_or_make()).collect();
    taken.into_iter().for_each(|(slot, cell)| cache.put(slot, cell));
}

fn drain_against_drain() {
    let cache = Cache::new(2);
    keep_two(&cache);
    let (theirs, mine) = share(&cache, Cache::drain, Cache::drain);
    assert_eq!(mine + theirs, 2, "a thing was lost or given twice");
    cache.assert_quiet();
}

fn lighten_against_use() {
    let cache = Cache::weighing(6, SHARE);
    cache.use_cell();
    share(&cache, Cache::use_cell, Cache::lighten);
    assert_eq!(cache.cache.counts().2, 0, "a slot was lost");
    cache.drain();
    assert_eq!(cache.cache.counts(), (0, 0, 0));
}

fn budget() {
    let cache = Cache::weighing(6, SHARE);
    share(&cache, Cache::use_cell, Cache::use_cell);
    cache.assert_quiet();
}

fn more_slots() {
    let cache = Cache::new(12);
    // The slots that are there are all out.
    let out: Vec<_> = core::iter::from_fn(|| cache.take_or_make()).collect();
    let add = |cache: &Cache| {
        let chunk = NonNull::from(Box::leak(Box::new(Chunk::new())));
        // SAFETY: the chunk is new, and is freed here only if it was not added, else when the threads are gone.
        let added = unsafe { cache.cache.add(chunk) };
        cache.use_cell();
        if added {
            return Some(chunk.as_ptr().expose_provenance());
        }
        // SAFETY: it was a box, and is not in the cache.
        drop(unsafe { Box::from_raw(chunk.as_ptr()) });
        None
    };
    let (theirs, mine) = share(&cache, add, add);
    out.into_iter().for_each(|(slot, cell)| cache.put(slot, cell));
    let (kept, _, held) = cache.cache.counts();
    assert_eq!((cache.drain(), held), (kept, 0), "a slot was lost");
    let chunks = [theirs, mine];
    assert!(chunks.iter().any(Option::is_some), "no slots were added");
    drop(Arc::into_inner(cache).expect("the other thread is gone"));
    for chunk in chunks.into_iter().flatten() {
        let chunk = core::ptr::with_exposed_provenance_mut::<Chunk<usize>>(chunk);
        // SAFETY: it was a box, and the cache that it was added to is gone.
        drop(unsafe { Box::from_raw(chunk) });
    }
}

/// The thing is lost with its slot, and no thread gets it.
fn death() {
    let cache = Cache::new(4);
    cache.use_cell();
    let take = |cache: &Cache| cache.take().map(|(_, cell)| cell);
    let (theirs, mine) = share(&cache, take, take);
    assert_eq!([mine, theirs].iter().flatten().count(), 1, "a thing was lost or given twice");
    assert!(cache.take().is_none(), "a dead thread's slot was given to another");
    assert_eq!((cache.drain(), cache.cache.counts()), (0, (0, 0, 1)));
}
