//! Models: the ledger's algorithms under every order of events that the memory model allows.
//!
//! loom runs each model again and again, with every interleaving and every value that an atomic load may
//! give. A block is a cell that its owner writes, so two owners at once, or an owner that does not see what
//! the last one wrote, end the model. A word holds two blocks here, so that a few blocks need summaries.
//!
//! Each model says which seeded bugs it catches, and a test switches them on one by one: a model that
//! passes with its bug would prove nothing without it either.
//!
//! Run by `RUSTFLAGS="--cfg loom" cargo test --profile model --lib pool`.

use super::ledger::{Claim, Ledger, Plan};
use super::seeded::{Bug, seed};
use crate::sync::AtomicUsize;
use loom::cell::UnsafeCell;
use loom::thread;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::vec::Vec;

/// Two blocks a word.
const LOG: u32 = 1;

/// A pool whose blocks are cells.
struct Pool {
    ledger: Ledger<Vec<AtomicUsize>, LOG>,
    blocks: Vec<UnsafeCell<usize>>,
}

impl Pool {
    fn new(capacity: usize, slots: usize) -> Arc<Self> {
        let plan = Plan::new(LOG, capacity, slots);
        let words = (0..plan.words()).map(|_| AtomicUsize::new(0)).collect();
        let blocks = (0..capacity).map(|_| UnsafeCell::new(0)).collect();
        Arc::new(Pool { ledger: Ledger::new(words, plan), blocks })
    }

    /// Uses a block as its only owner may, and leaves it dirty.
    fn write(&self, block: usize) {
        // SAFETY: loom checks that no other access is concurrent with this one, and fails the model if so.
        self.blocks[block].with_mut(|bytes| unsafe { *bytes = 1 });
    }

    /// What the kernel does when it takes a block's RAM.
    fn clean(&self, block: usize) {
        // SAFETY: as in `write`.
        self.blocks[block].with_mut(|bytes| unsafe { *bytes = 0 });
    }

    fn take(&self, hint: usize) -> Option<Claim> {
        let claim = self.ledger.take(hint)?;
        // SAFETY: as in `write`.
        let dirty = self.blocks[claim.block].with(|bytes| unsafe { *bytes } != 0);
        assert!(claim.warm || !dirty, "a block that is called cold holds old bytes");
        self.write(claim.block);
        Some(claim)
    }

    fn give(&self, claim: Claim) {
        self.write(claim.block);
        self.ledger.give(claim.block, claim.slot);
    }

    /// Takes and gives back, where a block must be free all the time.
    fn life(&self, hint: usize) {
        let claim = self.take(hint).expect("a block was free all the time");
        self.give(claim);
    }

    /// All is quiet: nothing is out, and everything can be found.
    fn assert_whole(&self) {
        assert_eq!(self.ledger.taken(), 0, "a block was lost");
        let mut seen = Vec::new();
        while let Some(claim) = self.take(0) {
            assert!(!seen.contains(&claim.block), "a block was given twice");
            seen.push(claim.block);
        }
        assert_eq!(seen.len(), self.ledger.capacity(), "a block cannot be found");
    }
}

/// A model and the bugs that it must catch.
pub(super) struct Model {
    pub name: &'static str,
    /// Switches away from a thread that could go on, at most; what is left out needs more of them.
    pub preemptions: usize,
    pub run: fn(),
    pub catches: &'static [Bug],
}

const MODELS: &[Model] = &[
    Model {
        name: "two threads take and give, without slots",
        preemptions: 4,
        run: take_and_give,
        catches: &[Bug::GiveRelaxed, Bug::TakeRelaxed, Bug::TakeTorn],
    },
    Model {
        name: "a word is marked full while a block comes back to it",
        preemptions: 4,
        run: mark_against_give,
        catches: &[Bug::MarkWithoutRecheck],
    },
    Model {
        name: "a run across words against a single block",
        preemptions: 4,
        run: run_against_take,
        catches: &[Bug::RunWithoutRollback, Bug::TakeTorn],
    },
    Model { name: "two runs want the same blocks", preemptions: 3, run: run_against_run, catches: &[Bug::TakeTorn] },
    Model {
        name: "two threads meet in one slot",
        preemptions: 3,
        run: one_slot,
        catches: &[Bug::SlotGiveRelaxed, Bug::SlotTakeTorn],
    },
    Model {
        name: "a slot is emptied while it is wanted",
        preemptions: 3,
        run: detach_against_take,
        catches: &[Bug::DetachForgets, Bug::SlotTakeTorn],
    },
    Model {
        name: "never exhausted while blocks wander between slots",
        preemptions: 6,
        run: wandering_blocks,
        catches: &[Bug::ExhaustedTooSoon, Bug::SlotWithoutVersion, Bug::SlotTakeHidesGive],
    },
    Model {
        name: "never exhausted while blocks wander between words",
        preemptions: 6,
        run: wandering_words,
        catches: &[Bug::ReopenUncounted],
    },
    Model {
        name: "three threads, three blocks in two words",
        preemptions: 3,
        run: three_threads,
        catches: &[Bug::GiveRelaxed, Bug::TakeTorn],
    },
    Model {
        name: "three threads, three blocks, two slots",
        preemptions: 3,
        run: three_threads_and_slots,
        catches: &[Bug::SlotGiveRelaxed, Bug::SlotTakeTorn],
    },
    Model {
        name: "trim against take, in the bitmap",
        preemptions: 3,
        run: trim_against_take,
        catches: &[Bug::TrimGivesEarly],
    },
    Model {
        name: "trim against take, in a slot",
        preemptions: 3,
        run: trim_against_slot,
        catches: &[Bug::TrimGivesEarly, Bug::DetachForgets],
    },
    Model {
        name: "trim that fails keeps blocks warm",
        preemptions: 3,
        run: trim_that_fails,
        catches: &[Bug::TrimForgetsFailure],
    },
    Model {
        name: "one block returned twice at once, in the bitmap",
        preemptions: 4,
        run: returned_twice,
        catches: &[Bug::ReturnTorn],
    },
    Model {
        name: "one block returned twice at once, in a slot",
        preemptions: 4,
        run: slot_returned_twice,
        catches: &[Bug::ReturnTorn],
    },
];

fn explore(model: &Model, bug: Option<Bug>) {
    seed(bug);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(model.preemptions);
    builder.check(model.run);
    seed(None);
}

/// Explores a model as it is.
pub(super) fn assert_holds(model: &Model) {
    let start = std::time::Instant::now();
    explore(model, None);
    std::println!("{:>8.2?}  {}", start.elapsed(), model.name);
}

/// Explores a model with each of its bugs.
pub(super) fn assert_alive(model: &Model) {
    assert!(!model.catches.is_empty(), "nothing shows that {:?} is alive", model.name);
    for &bug in model.catches {
        let caught = catch_unwind(AssertUnwindSafe(|| explore(model, Some(bug)))).is_err();
        seed(None);
        assert!(caught, "{bug:?} passes the model {:?}", model.name);
    }
}

#[test]
fn models_hold() {
    MODELS.iter().for_each(assert_holds);
}

#[test]
fn every_seeded_bug_is_caught() {
    MODELS.iter().for_each(assert_alive);
}

fn take_and_give() {
    let pool = Pool::new(2, 0);
    let other = pool.clone();
    let thread = thread::spawn(move || {
        other.life(0);
        other.life(0);
    });
    pool.life(0);
    thread.join().unwrap();
    pool.assert_whole();
}

fn mark_against_give() {
    let pool = Pool::new(5, 0);
    let low = [pool.take(0).unwrap(), pool.take(0).unwrap()];
    let other = pool.clone();
    let thread = thread::spawn(move || low.map(|claim| other.give(claim)));
    let claim = pool.take(0).unwrap();
    thread.join().unwrap();
    pool.give(claim);
    assert!(pool.ledger.bitmap().summaries_lead_everywhere(), "a summary hides a free block");
    pool.assert_whole();
}

fn take_run(pool: &Pool, count: usize) -> Option<usize> {
    let start = pool.ledger.take_run(count, |_| ())?;
    (start..start + count).for_each(|block| pool.write(block));
    Some(start)
}

fn give_run(pool: &Pool, start: usize, count: usize) {
    (start..start + count).for_each(|block| pool.write(block));
    pool.ledger.give_run(start, count);
}

fn run_against_take() {
    let pool = Pool::new(3, 0);
    let first = pool.take(0).unwrap();
    let other = pool.clone();
    let thread = thread::spawn(move || {
        // Blocks 1 and 2, in two words.
        if let Some(start) = take_run(&other, 2) {
            give_run(&other, start, 2);
        }
    });
    if let Some(claim) = pool.take(0) {
        pool.give(claim);
    }
    thread.join().unwrap();
    pool.give(first);
    pool.assert_whole();
}

fn run_against_run() {
    let pool = Pool::new(3, 0);
    let first = pool.take(0).unwrap();
    let other = pool.clone();
    let thread = thread::spawn(move || take_run(&other, 2));
    let mine = take_run(&pool, 2);
    let theirs = thread.join().unwrap();
    assert_eq!([mine, theirs].iter().flatten().count(), 1, "one of two must get the only run");
    give_run(&pool, mine.or(theirs).unwrap(), 2);
    pool.give(first);
    pool.assert_whole();
}

fn one_slot() {
    let pool = Pool::new(2, 1);
    pool.life(0);
    let other = pool.clone();
    let thread = thread::spawn(move || {
        other.life(0);
        other.life(0);
    });
    pool.life(0);
    thread.join().unwrap();
    pool.assert_whole();
}

fn detach_against_take() {
    let pool = Pool::new(2, 1);
    pool.life(0);
    let other = pool.clone();
    let thread = thread::spawn(move || {
        if let Some(start) = take_run(&other, 2) {
            give_run(&other, start, 2);
        }
    });
    if let Some(claim) = pool.take(0) {
        pool.give(claim);
    }
    thread.join().unwrap();
    pool.assert_whole();
}

fn wandering_blocks() {
    let pool = Pool::new(2, 2);
    let (zero, one) = (pool.take(0).unwrap(), pool.take(1).unwrap());
    pool.give(zero);
    pool.give(one);
    let other = pool.clone();
    let thread = thread::spawn(move || {
        for hint in [0, 1, 0, 1] {
            other.life(hint);
        }
    });
    pool.life(0);
    thread.join().unwrap();
    pool.assert_whole();
}

/// Blocks 0 and 2, in two words: the other thread holds one of them at a time and goes back and forth, while
/// this one searches low to high.
fn wandering_words() {
    let pool = Pool::new(4, 0);
    let held = [0, 1, 2, 3].map(|_| pool.take(0).unwrap());
    pool.give(held[2]);
    let other = pool.clone();
    let thread = thread::spawn(move || {
        let mut have = held[0];
        for want in [held[2], held[0], held[2]] {
            other.give(have);
            if !other.ledger.bitmap().take_mask(want.block / 2, 1) {
                return;
            }
            other.write(want.block);
            have = want;
        }
        other.give(have);
    });
    // The search itself, which `take` begins when the summaries lead nowhere.
    let claim = pool.ledger.take_last(0).expect("a block was free all the time");
    pool.write(claim.block);
    thread.join().unwrap();
    for claim in [claim, held[1], held[3]] {
        pool.give(claim);
    }
    pool.assert_whole();
}

fn three_threads_on(slots: usize) {
    let pool = Pool::new(3, slots);
    let threads = [0, 1].map(|hint| {
        let other = pool.clone();
        thread::spawn(move || other.life(hint))
    });
    pool.life(0);
    let [_, _] = threads.map(|thread| thread.join().unwrap());
    pool.assert_whole();
}

fn three_threads() {
    three_threads_on(0);
}

fn three_threads_and_slots() {
    three_threads_on(2);
}

fn trim(pool: &Pool) {
    let done = pool.ledger.trim(0, |start, count| {
        (start..start + count).for_each(|block| pool.clean(block));
        Ok::<(), ()>(())
    });
    assert!(done.is_ok_and(|blocks| blocks <= 2));
}

fn trim_against_take() {
    let pool = Pool::new(2, 0);
    pool.life(0);
    let other = pool.clone();
    let thread = thread::spawn(move || trim(&other));
    pool.life(0);
    thread.join().unwrap();
    pool.assert_whole();
}

fn trim_against_slot() {
    let pool = Pool::new(3, 1);
    pool.life(0);
    let other = pool.clone();
    let thread = thread::spawn(move || trim(&other));
    pool.life(0);
    thread.join().unwrap();
    pool.assert_whole();
}

fn trim_that_fails() {
    let pool = Pool::new(2, 0);
    pool.life(0);
    let other = pool.clone();
    let thread = thread::spawn(move || other.ledger.trim(0, |_, _| Err(())));
    pool.life(0);
    let _ = thread.join().unwrap();
    pool.assert_whole();
}

fn return_twice(slots: usize) {
    let pool = Pool::new(2, slots);
    let claim = pool.take(0).unwrap();
    let other = pool.clone();
    let thread = thread::spawn(move || other.ledger.give_checked(claim.block, 0));
    let mine = pool.ledger.give_checked(claim.block, 0);
    let theirs = thread.join().unwrap();
    assert!(mine != theirs, "one of two returns must be refused");
    pool.assert_whole();
}

fn returned_twice() {
    return_twice(0);
}

fn slot_returned_twice() {
    return_twice(1);
}
