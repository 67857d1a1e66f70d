//! Models: shelves and places under every order of events that the memory model allows.
//!
//! As in [`models`](super::models), and in its terms: a thing on the shelf is the number of a cell, which
//! its holder writes. Two holders at once, or a holder who does not see what the last one wrote, end the
//! model. What holds for a [`Shelf`] of things holds for the places of an arena pool: the shelf touches its
//! places through nothing but [`Place`](super::place::Place).
//!
//! Run by `RUSTFLAGS="--cfg loom" cargo test --profile model --lib pool`.

use super::models::{Model, assert_alive, assert_holds};
use super::place::{EMPTY, FULL, Place};
use super::seeded::Bug;
use super::shelf::{AnyShelf, Claim, Shelf};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;
use std::vec::Vec;

/// Cells that threads make one after the other and keep on a shelf, as arenas do blocks.
struct Cache<const N: usize> {
    shelf: Shelf<usize, N>,
    cells: Vec<UnsafeCell<usize>>,
    made: AtomicUsize,
}

impl<const N: usize> Cache<N> {
    fn new(cells: usize) -> Arc<Self> {
        let cells = (0..cells).map(|_| UnsafeCell::new(0)).collect();
        Arc::new(Cache { shelf: Shelf::new(), cells, made: AtomicUsize::new(0) })
    }

    /// Uses a cell as its only owner may.
    fn write(&self, cell: usize) {
        // SAFETY: loom checks that no other access is concurrent with this one, and fails the model if so.
        self.cells[cell].with_mut(|bytes| unsafe { *bytes += 1 });
    }

    /// The shelf as seldom used code has it.
    fn any(&self) -> &AnyShelf<usize> {
        &self.shelf
    }

    /// As arenas do it: where the hint leads first, then anywhere.
    fn claim(&self, hint: usize) -> Option<Claim<usize>> {
        match self.shelf.claim_hinted(hint) {
            Some(thing) => Some(Claim { place: hint & (N - 1), content: Some(thing) }),
            None => self.any().claim(hint),
        }
    }

    fn make(&self) -> usize {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    /// What an arena does in its life: a kept cell or a new one, written and put back.
    fn life(&self, hint: usize) {
        let Some(claim) = self.claim(hint) else {
            return self.write(self.make());
        };
        let cell = claim.content.unwrap_or_else(|| {
            let cell = self.make();
            self.any().fill(claim.place, cell);
            cell
        });
        self.write(cell);
        self.shelf.put(claim.place, |kept| assert_eq!(*kept, cell, "another thing came back than was taken"));
    }

    /// Takes a kept cell or an empty place, and leaves nothing there.
    fn use_up(&self, hint: usize) {
        if let Some(claim) = self.claim(hint) {
            if let Some(cell) = claim.content {
                self.write(cell);
            }
            self.shelf.leave(claim.place);
        }
    }

    /// Takes all that is kept, as `trim` does; returns how many.
    fn drain(&self) -> usize {
        let mut drained = Vec::new();
        self.any().drain(|cell| {
            self.write(cell);
            assert!(!drained.contains(&cell), "a thing was given twice");
            drained.push(cell);
        });
        drained.len()
    }

    /// All is quiet: no place is held, and what is kept is there once.
    fn assert_quiet(&self) {
        let (kept, held) = self.any().figures();
        assert_eq!(held, 0, "a place was lost");
        assert_eq!(self.drain(), kept);
        assert_eq!(self.any().figures(), (0, 0));
    }
}

const MODELS: &[Model] = &[
    Model {
        name: "two threads claim and put in one place",
        preemptions: 5,
        run: one_place,
        catches: &[Bug::ShelfClaimRelaxed, Bug::ShelfClaimTorn, Bug::ShelfPutRelaxed],
    },
    Model {
        name: "three threads claim and put in two places",
        preemptions: 3,
        run: three_threads,
        catches: &[Bug::ShelfClaimRelaxed, Bug::ShelfClaimTorn, Bug::ShelfPutRelaxed],
    },
    Model {
        name: "a place is left empty while it is wanted",
        preemptions: 4,
        run: leave_against_claim,
        catches: &[Bug::ShelfClaimRelaxed, Bug::ShelfClaimTorn, Bug::ShelfPutRelaxed],
    },
    Model {
        name: "drain against claim and put",
        preemptions: 4,
        run: drain_against_life,
        catches: &[Bug::ShelfClaimRelaxed, Bug::ShelfClaimTorn, Bug::ShelfPutRelaxed],
    },
    Model {
        name: "two drains share what is there",
        preemptions: 4,
        run: drain_against_drain,
        catches: &[Bug::ShelfClaimTorn],
    },
    Model { name: "a thread dies with a thing out", preemptions: 4, run: death, catches: &[Bug::ShelfClaimTorn] },
    Model {
        name: "an arena's place changes hands between empty and full",
        preemptions: 3,
        run: arena_place,
        catches: &[Bug::ShelfClaimRelaxed, Bug::ShelfClaimTorn, Bug::ShelfPutRelaxed],
    },
];

#[test]
fn shelf_models_hold() {
    MODELS.iter().for_each(assert_holds);
}

#[test]
fn every_seeded_bug_of_a_shelf_is_caught() {
    MODELS.iter().for_each(assert_alive);
}

fn one_place() {
    let cache = Cache::<1>::new(4);
    cache.life(0);
    let other = cache.clone();
    let thread = thread::spawn(move || {
        other.life(0);
        other.life(0);
    });
    cache.life(0);
    thread.join().unwrap();
    cache.assert_quiet();
}

fn three_threads() {
    let cache = Cache::<2>::new(4);
    cache.life(0);
    let threads = [0, 1].map(|hint| {
        let other = cache.clone();
        thread::spawn(move || other.life(hint))
    });
    cache.life(0);
    let [_, _] = threads.map(|thread| thread.join().unwrap());
    cache.assert_quiet();
}

fn leave_against_claim() {
    let cache = Cache::<2>::new(6);
    cache.life(0);
    let other = cache.clone();
    let thread = thread::spawn(move || {
        other.use_up(0);
        other.life(0);
    });
    cache.life(0);
    cache.use_up(0);
    thread.join().unwrap();
    cache.assert_quiet();
}

fn drain_against_life() {
    let cache = Cache::<2>::new(6);
    cache.life(0);
    let other = cache.clone();
    let thread = thread::spawn(move || {
        other.life(0);
        other.life(1);
    });
    cache.drain();
    thread.join().unwrap();
    cache.assert_quiet();
}

fn drain_against_drain() {
    let cache = Cache::<2>::new(2);
    for place in [0, 1] {
        let claim = cache.claim(place).unwrap();
        cache.any().fill(claim.place, cache.make());
    }
    for place in [0, 1] {
        cache.shelf.put(place, |_| ());
    }
    let other = cache.clone();
    let thread = thread::spawn(move || other.drain());
    let mine = cache.drain();
    assert_eq!(mine + thread.join().unwrap(), 2, "a thing was lost or given twice");
    cache.assert_quiet();
}

/// The thing is lost with its place, and nobody is given it.
fn death() {
    let cache = Cache::<1>::new(4);
    cache.life(0);
    let other = cache.clone();
    let thread = thread::spawn(move || other.claim(0).and_then(|claim| claim.content));
    let mine = cache.claim(0).and_then(|claim| claim.content);
    let theirs = thread.join().unwrap();
    assert_eq!([mine, theirs].iter().flatten().count(), 1, "a thing was lost or given twice");
    assert!(cache.claim(0).is_none(), "a dead thread's place was given to another");
    assert_eq!((cache.drain(), cache.any().figures()), (0, (0, 1)));
}

/// What an arena pool does: `get` claims empty places only, members full ones first.
fn arena_place() {
    let place = Arc::new(Place::new(0));
    let get = |place: &Place<usize>| {
        if place.claim(EMPTY) {
            // SAFETY: loom checks that the place was ours alone.
            unsafe { place.write(|values| assert_eq!(core::mem::replace(values, 0), 0, "took another's values")) };
            place.give(EMPTY);
        }
    };
    let member = |place: &Place<usize>| {
        let mine = place.claim(FULL) || place.claim(EMPTY);
        if mine {
            // SAFETY: as above.
            unsafe { place.write(|values| *values += 1) };
            place.give(FULL);
        }
        usize::from(mine)
    };
    let threads = [0, 1].map(|_| {
        let place = place.clone();
        thread::spawn(move || {
            get(&place);
            member(&place)
        })
    });
    let mine = member(&place);
    let added = mine + threads.map(|thread| thread.join().unwrap()).iter().sum::<usize>();
    assert!(place.claim(FULL) || added == 0, "a place was lost");
    // SAFETY: all threads are gone.
    assert_eq!(unsafe { place.read(|values| *values) }, added, "a member's value was lost");
}
