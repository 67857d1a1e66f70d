//! Models of the ledger: who takes and gives back blocks, in the bitmap and through slots.
//!
//! A block is a cell that its owner writes. A model ([`models`](crate::models)) fails when a block has two owners at
//! once, or when an owner does not see what the last one wrote. A word holds two blocks here, so that a few blocks need
//! summaries.

use super::ledger::{Claim, Ledger, Plan};
use crate::models::{Model, OwnedCell, share, share_among};
use crate::seeded::Bug;
use crate::sync::AtomicUsize;
use std::sync::Arc;
use std::vec::Vec;

/// Two blocks a word.
const LOG: u32 = 1;

/// A pool whose blocks are cells.
struct Pool {
    ledger: Ledger<Vec<AtomicUsize>, LOG>,
    blocks: Vec<OwnedCell<usize>>,
}

impl Pool {
    fn new(capacity: usize, slots: usize) -> Arc<Self> {
        let plan = Plan::new(LOG, capacity, slots);
        let words = (0..plan.words()).map(|_| AtomicUsize::new(0)).collect();
        let blocks = (0..capacity).map(|_| OwnedCell::new(0)).collect();
        Arc::new(Pool { ledger: Ledger::new(words, plan), blocks })
    }

    /// Uses a block as its only owner may, and leaves it dirty.
    fn write(&self, block: usize) {
        self.blocks[block].replace(1);
    }

    /// What the kernel does when it takes a block's RAM.
    fn clean(&self, block: usize) {
        self.blocks[block].replace(0);
    }

    fn take(&self, hint: usize) -> Option<Claim> {
        let claim = self.ledger.take(hint)?;
        let dirty = self.blocks[claim.block].read() != 0;
        assert!(claim.warm || !dirty, "a block that is called cold holds old bytes");
        self.write(claim.block);
        Some(claim)
    }

    fn give(&self, claim: Claim) {
        self.write(claim.block);
        assert!(self.ledger.give(claim.block, claim.slot), "the owner's return was refused");
    }

    /// Takes and gives back, where a block must be free all the time.
    fn take_and_give(&self, hint: usize) {
        let claim = self.take(hint).expect("a block was free all the time");
        self.give(claim);
    }

    /// When no other thread is active: no block is out, and all can be found.
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

pub(crate) const MODELS: &[Model] = &[
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

/// Takes a block and gives it back, if there is one.
fn try_take_and_give(pool: &Pool) {
    if let Some(claim) = pool.take(0) {
        pool.give(claim);
    }
}

fn take_and_give_twice(pool: &Pool) {
    pool.take_and_give(0);
    pool.take_and_give(0);
}

fn take_and_give() {
    let pool = Pool::new(2, 0);
    share(&pool, take_and_give_twice, |pool| pool.take_and_give(0));
    pool.assert_whole();
}

fn mark_against_give() {
    let pool = Pool::new(5, 0);
    let low = [pool.take(0).unwrap(), pool.take(0).unwrap()];
    let give_low = move |pool: &Pool| low.into_iter().for_each(|claim| pool.give(claim));
    let (_, claim) = share(&pool, give_low, |pool| pool.take(0).unwrap());
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
    assert!(pool.ledger.give_run(start, count), "the owner's return was refused");
}

/// Takes two blocks side by side and gives them back, if there are two.
fn try_run(pool: &Pool) {
    if let Some(start) = take_run(pool, 2) {
        give_run(pool, start, 2);
    }
}

/// The run is blocks 1 and 2, in two words.
fn run_against_take() {
    let pool = Pool::new(3, 0);
    let first = pool.take(0).unwrap();
    share(&pool, try_run, try_take_and_give);
    pool.give(first);
    pool.assert_whole();
}

fn run_against_run() {
    let pool = Pool::new(3, 0);
    let first = pool.take(0).unwrap();
    let (theirs, mine) = share(&pool, |pool| take_run(pool, 2), |pool| take_run(pool, 2));
    assert_eq!([mine, theirs].iter().flatten().count(), 1, "one of two must get the only run");
    give_run(&pool, mine.or(theirs).unwrap(), 2);
    pool.give(first);
    pool.assert_whole();
}

fn one_slot() {
    let pool = Pool::new(2, 1);
    pool.take_and_give(0);
    share(&pool, take_and_give_twice, |pool| pool.take_and_give(0));
    pool.assert_whole();
}

fn detach_against_take() {
    let pool = Pool::new(2, 1);
    pool.take_and_give(0);
    share(&pool, try_run, try_take_and_give);
    pool.assert_whole();
}

fn wandering_blocks() {
    let pool = Pool::new(2, 2);
    let (zero, one) = (pool.take(0).unwrap(), pool.take(1).unwrap());
    pool.give(zero);
    pool.give(one);
    let wander = |pool: &Pool| [0, 1, 0, 1].into_iter().for_each(|hint| pool.take_and_give(hint));
    share(&pool, wander, |pool| pool.take_and_give(0));
    pool.assert_whole();
}

/// Blocks 0 and 2, in two words: the other thread holds one of them at a time and goes back and forth, while
/// this one searches low to high.
fn wandering_words() {
    let pool = Pool::new(4, 0);
    let held = [0, 1, 2, 3].map(|_| pool.take(0).unwrap());
    pool.give(held[2]);
    let wander = move |pool: &Pool| {
        let mut have = held[0];
        for want in [held[2], held[0], held[2]] {
            pool.give(have);
            if !pool.ledger.bitmap().take_mask(want.block / 2, 1) {
                return;
            }
            pool.write(want.block);
            have = want;
        }
        pool.give(have);
    };
    // The search itself, which `take` begins when the summaries lead nowhere.
    let search = |pool: &Pool| {
        let claim = pool.ledger.take_last(0).expect("a block was free all the time");
        pool.write(claim.block);
        claim
    };
    let (_, claim) = share(&pool, wander, search);
    for claim in [claim, held[1], held[3]] {
        pool.give(claim);
    }
    pool.assert_whole();
}

fn three_threads_on(slots: usize) {
    let pool = Pool::new(3, slots);
    share_among(&pool, [0, 1], Pool::take_and_give, |pool| pool.take_and_give(0));
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

/// Takes and gives while another thread trims, in a pool that has a warm block.
fn take_and_give_beside(trim: fn(&Pool), capacity: usize, slots: usize) {
    let pool = Pool::new(capacity, slots);
    pool.take_and_give(0);
    share(&pool, trim, |pool| pool.take_and_give(0));
    pool.assert_whole();
}

fn trim_against_take() {
    take_and_give_beside(trim, 2, 0);
}

fn trim_against_slot() {
    take_and_give_beside(trim, 3, 1);
}

fn trim_that_fails() {
    take_and_give_beside(|pool| _ = pool.ledger.trim(0, |_, _| Err(())), 2, 0);
}

fn return_twice(slots: usize) {
    let pool = Pool::new(2, slots);
    let block = pool.take(0).unwrap().block;
    let give = move |pool: &Pool| pool.ledger.give_checked(block, 0);
    let (theirs, mine) = share(&pool, give, give);
    assert!(mine != theirs, "one of two returns must be refused");
    pool.assert_whole();
}

fn returned_twice() {
    return_twice(0);
}

fn slot_returned_twice() {
    return_twice(1);
}
