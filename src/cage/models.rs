//! Models of cages: who has which units and what is in them, and where the cage is.
//!
//! A unit is a cell that its owner writes. A model ([`models`](crate::models)) fails when a unit has two owners at once,
//! when an owner does not see what the last one wrote, or when what is called zero is not. A word holds two units here.

use super::address::Address;
use super::units::{Plan, Run, Units};
use crate::models::{EVERY, Model, OwnedCell, beside, share};
use crate::seeded::Bug;
use crate::sync::AtomicUsize;
use std::sync::Arc;
use std::vec::Vec;

/// Two units a word.
const LOG: u32 = 1;

/// A cage whose units are cells.
struct Cage {
    plan: Plan,
    words: Vec<AtomicUsize>,
    units: Vec<OwnedCell<usize>>,
}

impl Cage {
    fn new(capacity: usize, slots: usize) -> Arc<Self> {
        let plan = Plan::new(LOG, capacity, slots);
        let words: Vec<_> = (0..plan.words()).map(|_| AtomicUsize::new(0)).collect();
        let cage = Cage { plan, words, units: (0..capacity).map(|_| OwnedCell::new(0)).collect() };
        cage.words().prepare(0);
        Arc::new(cage)
    }

    fn words(&self) -> Units<'_, Vec<AtomicUsize>, LOG> {
        Units::new(&self.words, &self.plan)
    }

    /// Takes a run, looks at it and writes it as its only owner may.
    fn take(&self, count: usize) -> Option<Run> {
        self.words().take(count).map(|run| self.taken(run))
    }

    /// The same of just these units, if they are free.
    fn take_exactly(&self, start: usize, count: usize) -> Option<Run> {
        self.words().take_exactly(start, count).map(|run| self.taken(run))
    }

    fn taken(&self, run: Run) -> Run {
        let count = run.count;
        for at in 0..count {
            let old = self.units[run.start + at].replace(1);
            assert!(old == 0 || at < run.dirty, "a unit that is called zero holds old bytes");
        }
        Run { dirty: count, ..run }
    }

    fn give(&self, run: Run, budget: usize) {
        self.words().give(run, budget, || self.clean(run.start, run.dirty));
    }

    /// What the kernel does when it takes RAM.
    fn clean(&self, start: usize, count: usize) -> bool {
        (start..start + count).for_each(|at| _ = self.units[at].replace(0));
        true
    }

    fn trim(&self) {
        self.words().trim(|start, count| self.clean(start, count));
    }

    /// Takes and gives back, where as much must be free all the time.
    fn life(&self, count: usize, budget: usize) {
        let run = self.take(count).expect("a run was free all the time");
        self.give(run, budget);
    }

    /// As `life` of one unit, by the slot that all have.
    fn life_by_slot(&self) {
        let run = self.words().take_waiting(0).or_else(|| self.words().take(1)).expect("a unit was free all the time");
        let old = self.units[run.start].replace(1);
        assert!(old == 0 || run.dirty == 1, "a unit that is called zero holds old bytes");
        if !self.words().give_waiting(run.start, 0) {
            self.give(Run { dirty: 1, ..run }, 9);
        }
    }

    /// When no other thread is active: nothing is out, all is counted, and it is one run again.
    fn assert_whole(&self) {
        let capacity = self.units.len();
        self.words().empty_slots(usize::MAX, |_, _| false);
        let counts = self.words().counts();
        assert_eq!((counts.live, self.words().free_and_kept()), (0, (capacity, counts.kept)));
        assert!(counts.peak <= capacity && counts.high <= capacity);
        assert!(self.take(capacity).is_some(), "what came back is not one run");
    }
}

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "two arenas take blocks of a cage and leave old bytes",
        preemptions: 3,
        run: two_lives,
        catches: &[Bug::CageForgetsDirty, Bug::CageGivesEarly, Bug::GiveRelaxed, Bug::TakeTorn],
    },
    Model {
        name: "an arena's RAM goes back while another takes its block",
        preemptions: 3,
        run: give_back_against_take,
        catches: &[Bug::CageGivesEarly],
    },
    Model {
        name: "a cage is trimmed while an arena takes a block",
        preemptions: 3,
        run: trim_against_take,
        catches: &[Bug::CageTrimsUntaken],
    },
    Model {
        name: "two arenas meet in one slot",
        preemptions: 3,
        run: one_slot,
        catches: &[Bug::CageSlotTorn, Bug::CageSlotRelaxed],
    },
    Model {
        name: "slots are emptied while an arena takes its block",
        preemptions: 3,
        run: empty_against_take,
        catches: &[Bug::CageSlotTorn],
    },
    Model {
        name: "an opened tree takes its units while an arena takes some of them",
        preemptions: 3,
        run: exactly_against_take,
        catches: &[Bug::RunWithoutRollback, Bug::TakeTorn],
    },
    Model {
        name: "two threads begin one cage",
        preemptions: EVERY,
        run: two_begin,
        catches: &[Bug::CageBaseRelaxed, Bug::CageBaseTorn],
    },
];

fn two_lives() {
    let cage = Cage::new(3, 0);
    share(&cage, |cage| cage.life(1, 3), |cage| cage.life(1, 3));
    cage.assert_whole();
}

fn give_back_against_take() {
    let cage = Cage::new(2, 0);
    let run = cage.take(2).unwrap();
    share(
        &cage,
        |cage| {
            if let Some(run) = cage.take(1) {
                cage.give(run, 0);
            }
        },
        |cage| cage.give(run, 0),
    );
    cage.assert_whole();
}

fn trim_against_take() {
    let cage = Cage::new(2, 0);
    cage.life(2, 2);
    share(&cage, |cage| _ = cage.take(1).map(|run| cage.give(run, 2)), |cage| cage.trim());
    cage.assert_whole();
}

fn exactly_against_take() {
    let cage = Cage::new(4, 0);
    share(
        &cage,
        // Across words.
        |cage| _ = cage.take_exactly(1, 2).map(|run| cage.give(run, 4)),
        |cage| _ = cage.take_exactly(2, 1).or_else(|| cage.take(2)).map(|run| cage.give(run, 4)),
    );
    cage.assert_whole();
}

fn one_slot() {
    let cage = Cage::new(3, 1);
    cage.life_by_slot();
    share(&cage, Cage::life_by_slot, Cage::life_by_slot);
    cage.assert_whole();
}

fn empty_against_take() {
    let cage = Cage::new(2, 1);
    cage.life_by_slot();
    share(&cage, Cage::life_by_slot, Cage::trim);
    cage.assert_whole();
}

/// Each thread prepares a place of its own, and both use the one that is settled.
fn two_begin() {
    let shared = Arc::new((Address::unknown(), [OwnedCell::new(0usize), OwnedCell::new(0)]));
    let begin = |shared: &(Address, [OwnedCell<usize>; 2]), mine: usize| {
        let base = shared.0.get().unwrap_or_else(|| {
            shared.1[mine - 1].replace(mine);
            shared.0.settle(mine)
        });
        assert_eq!(shared.1[base - 1].read(), base, "nothing was prepared there");
        base
    };
    let other = shared.clone();
    let (theirs, mine) = beside(move || begin(&other, 2), || begin(&shared, 1));
    assert_eq!(theirs, mine, "two cages");
}
