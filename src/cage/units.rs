//! Which units of a cage are out, and which of the free ones hold RAM: words that threads change without a lock.
//!
//! The page pools' [bitmap](crate::pool::bitmap) says which units are out: lowest first, runs joined by themselves. Beside
//! it lies a bit for each unit that may hold other bytes than zeroes, so that the next taker knows, and the RAM of free
//! units is bounded. Three more words count.
//!
//! ```text
//!   counts peak high │ slots │ bitmap: full, filled, taken │ dirty, one bit per unit
//! ```
//!
//! Only whoever has a unit writes its dirty bit, so these writes need no order of their own: the bitmap orders them, as
//! it orders what is in the units (`.cage.order`). A bit stays set while its unit is out.
//!
//! A slot keeps one unit for the next small arena of its thread: the bitmap calls it out, and its taker dirty. A search that
//! finds nothing empties the slots and looks again.
//!
//! This file knows numbers of units. Where they are, and how RAM goes back, is its caller's.

use crate::pool::bitmap::{Bitmap, LINE, Shape, Words};
use crate::pool::bits::{Spans, highest_run, ones, width};
use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering};

/// Where the parts lie among the words. All words zero are units that are free and hold nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Number of slots, each on lines of its own behind the counts.
    slots: usize,
    shape: Shape,
}

impl Plan {
    /// For `capacity >= 1` units, and a power of two of slots, or none.
    pub(super) const fn new(log: u32, capacity: usize, slots: usize) -> Self {
        Plan { slots, shape: Shape::new(log, LINE + slots * LINE, capacity) }
    }

    pub(super) const fn capacity(&self) -> usize {
        self.shape.capacity
    }

    /// How many words there are in all.
    pub(super) const fn words(&self) -> usize {
        self.shape.end + self.shape.leaves()
    }
}

/// The counters' words. The first has two counts: units that are out in its lower half, and above them free ones that are
/// dirty.
const COUNTS: usize = 0;
const PEAK: usize = 1;
const HIGH: usize = 2;

/// Bits of a count. On 32 bits a cage has at most a quarter of 4 GiB, which is 2 to the power of 14 units.
const HALF: u32 = usize::BITS / 2;
const LOWER: usize = (1 << HALF) - 1;

/// Units that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The first one's number.
    pub start: usize,
    pub count: usize,
    /// From so many units on, all of them are zero.
    pub dirty: usize,
}

/// What the counters say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    /// Units that are out.
    pub live: usize,
    /// Most that were out at once, with those that waited in slots.
    pub peak: usize,
    /// One more than the highest number that was ever out.
    pub high: usize,
    /// Free units that may hold RAM.
    pub kept: usize,
}

/// The units over `words`, laid out as `plan` says.
#[derive(Debug)]
pub(super) struct Units<'a, W, const LOG: u32> {
    words: &'a W,
    plan: &'a Plan,
}

impl<W, const LOG: u32> Clone for Units<'_, W, LOG> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W, const LOG: u32> Copy for Units<'_, W, LOG> {}

impl<'a, W: Words, const LOG: u32> Units<'a, W, LOG> {
    pub(super) fn new(words: &'a W, plan: &'a Plan) -> Self {
        Units { words, plan }
    }

    fn bitmap(self) -> Bitmap<'a, W, LOG> {
        Bitmap::new(self.words, &self.plan.shape)
    }

    /// The dirty bits of the units of leaf `at`.
    fn dirty(self, at: usize) -> &'a AtomicUsize {
        self.words.word(self.plan.shape.end + at)
    }

    /// Before any other use: closes what lies behind the last unit, and takes the first `count` for ever.
    pub(super) fn prepare(self, count: usize) {
        self.bitmap().close_tails();
        if count != 0 {
            let first = self.bitmap().take_run(count);
            debug_assert_eq!(first, Some(0));
        }
    }

    /// Takes the lowest `count >= 1` units that are side by side and free.
    pub(super) fn take(self, count: usize) -> Option<Run> {
        let start = if count == 1 { self.take_one()? } else { self.bitmap().take_run(count)? };
        self.raise(HIGH, start + count);
        Some(self.taken(start, count))
    }

    /// Takes just these units, if the cage has them and all of them are free. They do not count for the highest unit: they
    /// are not the lowest that there were.
    pub(super) fn take_exactly(self, start: usize, count: usize) -> Option<Run> {
        let fits = start.checked_add(count).is_some_and(|end| end <= self.plan.capacity());
        (fits && self.bitmap().take_exactly(start, count)).then(|| self.taken(start, count))
    }

    /// Counts units that were taken just now.
    fn taken(self, start: usize, count: usize) -> Run {
        let (dirty, kept) = self.look(start, count);
        let live = self.count(count.wrapping_sub(kept << HALF)) & LOWER;
        self.raise(PEAK, live);
        Run { start, count, dirty }
    }

    /// Adds to both counts, and returns them.
    fn count(self, change: usize) -> usize {
        self.words.word(COUNTS).fetch_add(change, Ordering::Relaxed).wrapping_add(change)
    }

    /// The slot of a thread.
    fn slot(self, at: usize) -> &'a AtomicUsize {
        self.words.word(LINE + at * LINE)
    }

    /// Takes the unit that waits in a thread's slot. It is dirty.
    #[inline]
    pub(super) fn take_waiting(self, hint: usize) -> Option<Run> {
        if self.plan.slots == 0 {
            return None;
        }
        let slot = self.slot(hint & (self.plan.slots - 1));
        let waiting = slot.load(Ordering::Relaxed);
        if waiting == 0 {
            return None;
        }
        if seeded(Bug::CageSlotTorn) {
            slot.store(0, Ordering::Relaxed);
        } else if slot.compare_exchange(waiting, 0, Ordering::Acquire, Ordering::Relaxed).is_err() {
            // Acquire: what its last holder wrote.
            return None;
        }
        Some(Run { start: waiting - 1, count: 1, dirty: 1 })
    }

    /// Puts a unit into a thread's slot. False if there is one already: the unit is still the caller's.
    #[inline]
    pub(super) fn give_waiting(self, unit: usize, hint: usize) -> bool {
        let release = if seeded(Bug::CageSlotRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        self.plan.slots != 0
            && self.slot(hint & (self.plan.slots - 1)).compare_exchange(0, unit + 1, release, Ordering::Relaxed).is_ok()
    }

    /// Gives what waits in slots to the bitmap, as [`give`](Self::give) does. Returns how many units there were.
    pub(super) fn empty_slots(self, budget: usize, mut give_back: impl FnMut(usize, usize) -> bool) -> usize {
        let mut emptied = 0;
        for at in 0..self.plan.slots {
            if let Some(run) = self.take_waiting(at) {
                self.give(run, budget, || give_back(run.start, 1));
                emptied += 1;
            }
        }
        emptied
    }

    /// The lowest free unit; none only if all were out at one moment.
    fn take_one(self) -> Option<usize> {
        loop {
            // The pool's proof (`Ledger::take_last`), without slots: if no full word got a free unit between two
            // searches that found none, all units were out in between.
            let reopened = self.bitmap().reopened();
            if let Some(unit) = self.bitmap().take_lowest().or_else(|| self.bitmap().take_scanning()) {
                return Some(unit);
            }
            if self.bitmap().reopened() == reopened {
                return None;
            }
        }
    }

    /// From how many units of a run on all are zero, and how many of them may be other than that. The caller has them.
    fn look(self, start: usize, count: usize) -> (usize, usize) {
        let (mut end, mut dirty) = (0, 0);
        for (at, mask) in Spans::<LOG>::new(start, count) {
            // Relaxed: taking the unit acquired what its last holder wrote here.
            let word = self.dirty(at).load(Ordering::Relaxed) & mask;
            if word != 0 {
                dirty += ones(word);
                end = at * width(LOG) + (usize::BITS - word.leading_zeros()) as usize - start;
            }
        }
        (end, dirty)
    }

    /// Makes the first `dirty` units of a run dirty, and the others not. The caller has them.
    fn mark(self, start: usize, count: usize, dirty: usize) {
        for (at, mask) in Spans::<LOG>::new(start, dirty) {
            let word = self.dirty(at);
            if word.load(Ordering::Relaxed) & mask != mask && !seeded(Bug::CageForgetsDirty) {
                word.fetch_or(mask, Ordering::Relaxed);
            }
        }
        for (at, mask) in Spans::<LOG>::new(start + dirty, count - dirty) {
            let word = self.dirty(at);
            if word.load(Ordering::Relaxed) & mask != 0 {
                word.fetch_and(!mask, Ordering::Relaxed);
            }
        }
    }

    fn raise(self, counter: usize, to: usize) {
        let word = self.words.word(counter);
        if word.load(Ordering::Relaxed) < to {
            word.fetch_max(to, Ordering::Relaxed);
        }
    }

    /// Gives a run back whose first `dirty` units may hold other bytes than zeroes. If more than `budget` units would be
    /// kept, `give_back` returns the RAM of the dirty ones first, and says whether they are zero now.
    pub(super) fn give(self, run: Run, budget: usize, give_back: impl FnOnce() -> bool) {
        let Run { start, count, dirty } = run;
        let early = seeded(Bug::CageGivesEarly);
        if early {
            self.bitmap().give(start, count);
        }
        // Counted before it is compared, so that threads that give at once do not keep too much between them.
        let kept = self.count((dirty << HALF).wrapping_sub(count)) >> HALF;
        let gone = dirty != 0 && kept > budget && give_back();
        if gone {
            self.count((dirty << HALF).wrapping_neg());
        }
        self.mark(start, count, if gone { 0 } else { dirty });
        if !early {
            let back = self.bitmap().give(start, count);
            debug_assert!(back, "units were given back that were not out");
        }
    }

    /// Gives the RAM of all free units back, by a function for a start and a count that says whether they are zero now.
    /// Units that others take meanwhile are left out. Returns how many units went.
    pub(super) fn trim(self, mut give_back: impl FnMut(usize, usize) -> bool) -> usize {
        // What they had goes with all the rest.
        self.empty_slots(usize::MAX, |_, _| false);
        let mut gone = 0;
        for at in 0..self.plan.shape.leaves() {
            let mut left = self.dirty(at).load(Ordering::Relaxed) & self.bitmap().free_in(at);
            while left != 0 {
                let run = highest_run(left, width(LOG));
                left &= !run;
                if seeded(Bug::CageTrimsUntaken) || self.bitmap().take_mask(at, run) {
                    gone += self.trim_run(at, run, &mut give_back);
                }
            }
        }
        gone
    }

    /// The same for units of one word, which the caller has taken.
    fn trim_run(self, at: usize, run: usize, give_back: &mut impl FnMut(usize, usize) -> bool) -> usize {
        let (start, count) = (at * width(LOG) + run.trailing_zeros() as usize, ones(run));
        // Somebody may have had them since the look at the bits.
        let (end, dirty) = self.look(start, count);
        let gone = if end != 0 && give_back(start, end) { dirty } else { 0 };
        if gone != 0 {
            self.mark(start, count, 0);
            self.count((gone << HALF).wrapping_neg());
        }
        self.bitmap().give_mask(at, run);
        gone
    }

    /// Exact if no thread takes or gives meanwhile.
    pub(super) fn counts(self) -> Counts {
        let [counts, peak, high] = [COUNTS, PEAK, HIGH].map(|counter| self.words.word(counter).load(Ordering::Relaxed));
        // To the counts they are out.
        let waiting = (0..self.plan.slots).filter(|&at| self.slot(at).load(Ordering::Relaxed) != 0).count();
        Counts { live: (counts & LOWER).saturating_sub(waiting), peak, high, kept: (counts >> HALF) + waiting }
    }

    /// Whether all units of a run are out.
    #[cfg(test)]
    pub(super) fn are_out(self, start: usize, count: usize) -> bool {
        self.bitmap().is_taken(start, count)
    }

    /// How many units are free, and how many of these are dirty. For tests, when no other thread is active.
    #[cfg(test)]
    pub(super) fn free_and_kept(self) -> (usize, usize) {
        let dirty = |at: usize| ones(self.dirty(at).load(Ordering::Relaxed) & self.bitmap().free_in(at));
        (self.bitmap().free(), (0..self.plan.shape.leaves()).map(dirty).sum())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    const LOG: u32 = 2;

    /// Units as they are, one by one, and what is in them.
    struct Model {
        out: Vec<bool>,
        /// Whether a unit holds other bytes than zeroes.
        dirty: Vec<bool>,
        peak: usize,
        high: usize,
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Take(usize),
        /// Which of the runs that are out, how much of it was written, and the budget.
        Give(usize, usize, usize),
        Trim,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (1usize..9).prop_map(Step::Take),
            3 => (any::<usize>(), 0usize..9, 0usize..20).prop_map(|(which, dirty, budget)| Step::Give(which, dirty, budget)),
            1 => Just(Step::Trim),
        ]
    }

    fn check(capacity: usize, reserved: usize, steps: Vec<Step>) {
        let plan = Plan::new(LOG, capacity, 0);
        let words: Vec<AtomicUsize> = (0..plan.words()).map(|_| AtomicUsize::new(0)).collect();
        let units = Units::<_, LOG>::new(&words, &plan);
        units.prepare(reserved);
        let mut model = Model { out: std::vec![false; capacity], dirty: std::vec![false; capacity], peak: 0, high: 0 };
        model.out[..reserved].fill(true);
        let mut runs: Vec<Run> = Vec::new();
        for step in steps {
            match step {
                Step::Take(count) => {
                    let lowest =
                        (0..capacity).find(|&at| at + count <= capacity && !model.out[at..at + count].contains(&true));
                    let run = units.take(count);
                    assert_eq!(run.map(|run| run.start), lowest);
                    let Some(run) = run else { continue };
                    assert!(!model.dirty[run.start + run.dirty..run.start + count].contains(&true), "a zero was none");
                    model.out[run.start..run.start + count].fill(true);
                    model.dirty[run.start..run.start + count].fill(false);
                    model.dirty[run.start..run.start + run.dirty].fill(true);
                    model.high = model.high.max(run.start + count);
                    runs.push(run);
                }
                Step::Give(which, dirty, budget) => {
                    if runs.is_empty() {
                        continue;
                    }
                    let mut run = runs.remove(which % runs.len());
                    run.dirty = run.dirty.max(dirty.min(run.count));
                    let mut gone = false;
                    units.give(run, budget, || {
                        gone = true;
                        true
                    });
                    let span = run.start..run.start + run.count;
                    model.out[span.clone()].fill(false);
                    model.dirty[span].fill(false);
                    let kept = (0..capacity).filter(|&at| model.dirty[at] && !model.out[at]).count();
                    assert_eq!(gone, run.dirty != 0 && kept + run.dirty > budget, "the budget is kept to");
                    if !gone {
                        model.dirty[run.start..run.start + run.dirty].fill(true);
                    }
                }
                Step::Trim => {
                    let free = (0..capacity).filter(|&at| model.dirty[at] && !model.out[at]);
                    let free: Vec<usize> = free.collect();
                    let mut seen = Vec::new();
                    let gone = units.trim(|start, count| {
                        seen.extend(start..start + count);
                        true
                    });
                    seen.sort_unstable();
                    assert_eq!((gone, &seen), (free.len(), &free));
                    free.into_iter().for_each(|at| model.dirty[at] = false);
                }
            }
            let live = runs.iter().map(|run| run.count).sum::<usize>();
            model.peak = model.peak.max(live);
            let kept = (0..capacity).filter(|&at| model.dirty[at] && !model.out[at]).count();
            assert_eq!(units.counts(), Counts { live, peak: model.peak, high: model.high, kept });
            let free = model.out.iter().filter(|&&out| !out).count();
            assert_eq!(units.free_and_kept(), (free, kept));
        }
        for run in runs {
            assert!(units.are_out(run.start, run.count));
            units.give(run, 0, || true);
        }
        assert_eq!(units.free_and_kept().0, capacity - reserved);
        assert_eq!(
            units.take(capacity - reserved).map(|run| run.start),
            Some(reserved),
            "all of them are joined again"
        );
    }

    proptest! {
        #[test]
        fn any_steps_leave_what_a_plain_list_of_units_has(
            capacity in 5usize..90,
            reserved in 0usize..4,
            steps in prop::collection::vec(step(), 1..80),
        ) {
            check(capacity, reserved, steps);
        }
    }

    #[test]
    fn ram_that_cannot_be_given_back_stays_marked() {
        let plan = Plan::new(LOG, 9, 0);
        let words: Vec<AtomicUsize> = (0..plan.words()).map(|_| AtomicUsize::new(0)).collect();
        let units = Units::<_, LOG>::new(&words, &plan);
        units.prepare(1);
        let run = units.take(6).unwrap();
        units.give(Run { dirty: 5, ..run }, 0, || false);
        assert_eq!(units.counts().kept, 5);
        assert_eq!(units.trim(|_, _| false), 0);
        assert_eq!(units.take(6), Some(Run { start: 1, count: 6, dirty: 5 }));
        assert_eq!(units.counts().kept, 0);
    }

    #[test]
    fn a_unit_that_waits_is_one_threads_and_free_when_it_is_needed() {
        let plan = Plan::new(LOG, 3, 2);
        let words: Vec<AtomicUsize> = (0..plan.words()).map(|_| AtomicUsize::new(0)).collect();
        let units = Units::<_, LOG>::new(&words, &plan);
        units.prepare(1);
        let (run, other) = (units.take(1).unwrap(), units.take(1).unwrap());
        assert!(units.give_waiting(run.start, 4) && !units.give_waiting(other.start, 2));
        assert_eq!(units.counts(), Counts { live: 1, peak: 2, high: 3, kept: 1 });
        assert_eq!((units.take_waiting(1), units.take(1)), (None, None));
        assert_eq!(units.take_waiting(0), Some(Run { start: 1, count: 1, dirty: 1 }));
        assert!(units.give_waiting(run.start, 0));
        units.give(other, 9, || true);
        assert_eq!((units.take(2), units.empty_slots(9, |_, _| false)), (None, 1));
        assert_eq!(units.take(2), Some(Run { start: 1, count: 2, dirty: 1 }));
        assert_eq!((units.empty_slots(9, |_, _| false), units.counts().kept), (0, 0));
    }
}
