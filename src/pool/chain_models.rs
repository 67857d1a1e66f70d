//! Models: a chain of rows that grows while others walk it, under every order of events that the memory model
//! allows.
//!
//! As in [`models`](super::models), and in its terms. A row here is what an arena pool's is: its number and
//! its place are written before it is appended. A walker who finds a row that is not written, a row that is
//! lost, or a place that two hold, ends the model.
//!
//! Run by `RUSTFLAGS="--cfg loom" cargo test --profile model --lib pool`.

use super::chain::{Link, Linked};
use super::models::{Model, assert_alive, assert_holds};
use super::place::{EMPTY, Place};
use super::seeded::Bug;
use core::ptr::NonNull;
use loom::cell::UnsafeCell;
use loom::thread;
use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;

/// A row of one place.
struct Row {
    link: Link<Row>,
    /// Written by who made the row, read by who finds it.
    number: UnsafeCell<usize>,
    place: Place<usize>,
}

impl Linked for Row {
    fn link(&self) -> &Link<Row> {
        &self.link
    }
}

impl Row {
    fn number(&self) -> usize {
        // SAFETY: loom checks that the write in `append` comes before this read, and fails the model if not.
        self.number.with(|number| unsafe { *number })
    }
}

/// What an arena pool is made of.
struct Rows {
    first: Link<Row>,
}

// SAFETY: rows are reached through shared references, places by who claimed them, numbers never change.
unsafe impl Send for Rows {}
// SAFETY: as above.
unsafe impl Sync for Rows {}

impl Rows {
    fn new() -> Arc<Self> {
        Arc::new(Rows { first: Link::end() })
    }

    /// Makes a row and appends it; says whether that was the one that was appended.
    fn append(&self, number: usize) -> bool {
        let row = Box::new(Row { link: Link::end(), number: UnsafeCell::new(0), place: Place::new(0) });
        // SAFETY: nobody else has the row yet; loom checks that nobody reads it before it is published.
        row.number.with_mut(|own| unsafe { *own = number });
        let row = NonNull::from(Box::leak(row));
        // SAFETY: the row is whole and ours, and stays until the model's end (`Drop`).
        let appended = unsafe { self.first.append(row) };
        if !appended {
            // SAFETY: the row is still ours, as it was not appended.
            drop(unsafe { Box::from_raw(row.as_ptr()) });
        }
        appended
    }

    /// What `ArenaPool::get` does: claims a place, and appends a row when there is none. Says how many rows it
    /// appended.
    fn claim(&self, number: usize) -> (&Row, usize) {
        let mut appended = 0;
        loop {
            if let Some(row) = self.first.iter().find(|row| row.place.claim(EMPTY)) {
                assert_ne!(row.number(), 0, "found a row that is not written");
                // SAFETY: the place is ours; loom checks that it is ours alone.
                unsafe { row.place.write(|user| *user = number) };
                return (row, appended);
            }
            appended += usize::from(self.append(number));
        }
    }

    fn numbers(&self) -> Vec<usize> {
        self.first.iter().map(Row::number).collect()
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        let mut link = core::mem::replace(&mut self.first, Link::end());
        while let Some(row) = link.detach() {
            // SAFETY: the last `Arc` is going, so nobody walks the chain; each row is in it once.
            link = unsafe { Box::from_raw(row.as_ptr()) }.link;
        }
    }
}

const MODELS: &[Model] = &[
    Model {
        name: "a chain is walked while a row is appended",
        preemptions: 5,
        run: walk_against_append,
        catches: &[Bug::ChainAppendRelaxed, Bug::ChainFollowRelaxed],
    },
    Model {
        name: "two threads append rows",
        preemptions: 5,
        run: append_against_append,
        catches: &[Bug::ChainAppendRelaxed, Bug::ChainAppendTorn, Bug::ChainFollowRelaxed],
    },
    Model {
        name: "three threads want a place each in rows of one",
        preemptions: 3,
        run: claim_from_nothing,
        catches: &[Bug::ChainAppendRelaxed, Bug::ChainAppendTorn, Bug::ChainFollowRelaxed, Bug::ShelfClaimTorn],
    },
];

#[test]
fn chain_models_hold() {
    MODELS.iter().for_each(assert_holds);
}

#[test]
fn every_seeded_bug_of_a_chain_is_caught() {
    MODELS.iter().for_each(assert_alive);
}

/// The walker is the thread that loom lets run second: where a thread loads what another stores later, loom looks
/// for the other order only if the store came first.
fn walk_against_append() {
    let rows = Rows::new();
    let other = rows.clone();
    let thread = thread::spawn(move || {
        let mut before = 0;
        for _ in 0..2 {
            let seen = other.numbers();
            assert_eq!(seen, &[1, 2][..seen.len()], "rows were seen unwritten or out of order");
            assert!(seen.len() >= before, "a row that was seen is gone");
            before = seen.len();
        }
    });
    assert!(rows.append(1) && rows.append(2), "nobody else appended");
    thread.join().unwrap();
    assert_eq!(rows.numbers(), [1, 2]);
}

fn append_against_append() {
    let rows = Rows::new();
    let other = rows.clone();
    let thread = thread::spawn(move || [1, 2].map(|number| other.append(number).then_some(number)));
    let mine = rows.append(3).then_some(3);
    let theirs = thread.join().unwrap();
    let mut appended: Vec<usize> = theirs.into_iter().chain([mine]).flatten().collect();
    assert!(appended.len() >= 2, "of two that append at once, one does");
    let mut found = rows.numbers();
    appended.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, appended, "a row was lost, or one is there that was not appended");
}

fn claim_from_nothing() {
    let rows = Rows::new();
    let claim = |rows: &Rows, number| {
        let (row, appended) = rows.claim(number);
        (core::ptr::from_ref(row).addr(), appended)
    };
    let threads = [1, 2].map(|number| {
        let other = rows.clone();
        thread::spawn(move || claim(&other, number))
    });
    let mine = claim(&rows, 3);
    let [one, two] = threads.map(|thread| thread.join().unwrap());
    assert!(mine.0 != one.0 && mine.0 != two.0 && one.0 != two.0, "a place was given twice");
    assert_eq!(rows.first.iter().count(), mine.1 + one.1 + two.1, "a row was lost");
}
