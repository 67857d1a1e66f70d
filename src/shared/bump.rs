//! Claiming bytes of shared memory, by stretches: each thread of each process has one of its own, mostly.
//!
//! One word, the cursor, says up to where the memory was handed out. Taking each value from it would make all processes
//! wait for one cache line. So there are slots, each with a line and a [`Stretch`] of its own: a claim is one exchange in
//! the slot of the claimer, and every few hundred values one at the cursor for the next stretch.
//!
//! Whose slot it is, is a hint: two who have the same one meet at its word, the exchange keeps their claims apart, and
//! one of them goes on to another slot. The arithmetic is the arena's (`crate::bump`), on offsets in place of addresses.
//!
//! A process that is killed at any instant leaves words that the others go on from, and loses at most the bytes that it
//! had claimed: a value, or a stretch. What is left in the slots serves everyone once the cursor is at the end. The
//! claimed bytes are not written here.

use super::WORD;
use super::header::{SLOTS, plausible};
use super::stretch::{Stretch, step};
use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicU64, Ordering};

/// Why nothing was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Too few bytes are left in one piece.
    Full,
    /// The cursor points where no claim could have left it.
    Corrupt,
}

/// The words of an arena from which bytes are claimed, and who claims.
pub(super) trait Claimer {
    /// Up to where the memory was handed out.
    fn cursor(&self) -> &AtomicU64;
    /// The word of the slot of this number, modulo [`SLOTS`].
    fn slot(&self, number: usize) -> &AtomicU64;
    /// The number of the claimer's slot.
    fn mine(&self) -> usize;
    /// Gives the claimer another number, after it met someone.
    fn part(&self);
    /// The end of the arena: a multiple of a word, at least [`FIRST`](super::header::FIRST) and at most `isize::MAX`.
    fn end(&self) -> usize;
}

/// Claims `size` bytes, rounded up to words, aligned to `align`, a power of two; their offset.
///
/// Ensures, whatever others write to the words, that the offset is a multiple of a word and of `align`, at least
/// [`FIRST`](super::header::FIRST), and at most `end` less the rounded size; and, as long as only claims change the
/// words, that no two claims meet. `KNOWN`: size and alignment are constants of the caller.
///
/// Relaxed throughout: the exchanges alone keep claims apart, and what is in the bytes is published by
/// whoever hands their offset on ([`AtomicOffset`](super::AtomicOffset)).
#[inline]
pub(super) fn claim<const KNOWN: bool>(claimer: &impl Claimer, size: usize, align: usize) -> Result<usize, Refused> {
    let slot = claimer.slot(claimer.mine());
    let seen = slot.load(Ordering::Relaxed);
    let stretch = Stretch::unpack(seen, claimer.end());
    if let Some(fit) = stretch.fit::<KNOWN>(size, align) {
        if exchange(slot, seen, Stretch::advanced(seen, fit.advance)) {
            return Ok(stretch.at + fit.pad);
        }
        claimer.part();
    }
    claim_next(claimer, size, align)
}

/// Puts `new` in the place of `seen`, if that is still there.
#[inline(always)]
fn exchange(word: &AtomicU64, seen: u64, new: u64) -> bool {
    if seeded(Bug::ClaimTorn) {
        word.store(new, Ordering::Relaxed);
        return true;
    }
    word.compare_exchange(seen, new, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

/// A claim that the claimer's stretch has no room for, or that met another: from the cursor, with a new stretch.
///
/// Whenever it must try again, another claim has succeeded.
#[cold]
#[inline(never)]
fn claim_next(claimer: &impl Claimer, size: usize, align: usize) -> Result<usize, Refused> {
    let (cursor, end) = (claimer.cursor(), claimer.end());
    loop {
        let slot = claimer.slot(claimer.mine());
        let said = match take(slot, end, size, align) {
            Ok(at) => return Ok(at),
            Err(said) => said,
        };
        let mine = Stretch::unpack(said, end);
        let seen = cursor.load(Ordering::Relaxed);
        let at = plausible(seen, end).ok_or(Refused::Corrupt)?;
        // A stretch that ends at the cursor goes on behind it: who is alone loses nothing from one to the next.
        let joined = mine.left != 0 && mine.end() == at;
        let free = |from| Stretch { at: from, left: end - from };
        let Some((value, rest)) = free(if joined { mine.at } else { at }).split(size, align) else {
            // What is left in any slot.
            let slots = claimer.mine()..claimer.mine() + SLOTS;
            let taken = slots.map(|number| take(claimer.slot(number), end, size, align)).find_map(Result::ok);
            return taken.ok_or(Refused::Full);
        };
        // For whole values of this size, so that a stretch of equal ones has no rest. The value's end is past the cursor,
        // as the value does not fit into the stretch.
        let behind = rest.at;
        let taken = (behind - value).max(WORD);
        let ahead = step(behind, end) / taken * taken;
        // A long rest of a stretch is not given up for a value that is longer.
        let keeps = !joined && mine.left > ahead / 8;
        let next = if keeps { behind } else { behind + ahead };
        if seeded(Bug::ClaimOvershoots) {
            let at = cursor.fetch_add(taken as u64, Ordering::Relaxed) as usize;
            return if at + taken > end { Err(Refused::Full) } else { Ok(at) };
        }
        if !exchange(cursor, seen, next as u64) {
            continue;
        }
        if keeps {
            return Ok(value);
        }
        // From the old cursor to the new one all is this claimer's.
        let rest = Stretch { at: behind, left: next - behind };
        if exchange(slot, said, rest.pack()) {
            if !joined {
                leave(claimer, mine);
            }
            return Ok(value);
        }
        // Another one has this slot, too.
        claimer.part();
        if !joined {
            give_back(claimer, rest);
            return Ok(value);
        }
        // The value was to begin in the stretch that the other one took from. What was claimed at the cursor may do.
        let claimed = Stretch { at, left: next - at };
        if let Some((value, rest)) = claimed.split(size, align) {
            give_back(claimer, rest);
            return Ok(value);
        }
        give_back(claimer, claimed);
    }
}

/// A claim from this slot alone; what its word says, if that has no room.
fn take(slot: &AtomicU64, end: usize, size: usize, align: usize) -> Result<usize, u64> {
    loop {
        let said = slot.load(Ordering::Relaxed);
        let Some((value, rest)) = Stretch::unpack(said, end).split(size, align) else { return Err(said) };
        if exchange(slot, said, rest.pack()) {
            return Ok(value);
        }
    }
}

/// Gives back a stretch that was claimed and has no slot: to the cursor, unless others have claimed behind it.
#[inline(never)]
fn give_back(claimer: &impl Claimer, stretch: Stretch) {
    if !exchange(claimer.cursor(), stretch.end() as u64, stretch.at as u64) {
        leave(claimer, stretch);
    }
}

/// Leaves a stretch in a slot that has none, where it serves whoever comes. If all have one, it takes the place of a
/// shorter one, and the shortest is lost.
#[inline(never)]
fn leave(claimer: &impl Claimer, mut stretch: Stretch) {
    for shorter_than in [WORD, usize::MAX] {
        for number in claimer.mine()..claimer.mine() + SLOTS {
            let word = stretch.pack();
            if word == 0 {
                return;
            }
            let slot = claimer.slot(number);
            let said = slot.load(Ordering::Relaxed);
            let held = Stretch::unpack(said, claimer.end());
            if held.left < shorter_than.min(stretch.left) && exchange(slot, said, word) {
                stretch = held;
            }
        }
    }
}

/// Bytes that were handed out, of those before the cursor at `at`: without what is left in the slots.
pub(super) fn used(claimer: &impl Claimer, at: usize) -> usize {
    let left = |number| Stretch::unpack(claimer.slot(number).load(Ordering::Relaxed), at).left;
    let left = (0..SLOTS).map(left).fold(0, usize::saturating_add);
    (at - super::header::FIRST).saturating_sub(left)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::header::FIRST;
    use super::*;
    use core::cell::Cell;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// The words of an arena, without memory.
    struct Words {
        cursor: AtomicU64,
        slots: [AtomicU64; SLOTS],
        mine: Cell<usize>,
        end: usize,
    }

    impl Words {
        fn new(end: usize) -> Self {
            let cursor = AtomicU64::new(FIRST as u64);
            Words { cursor, slots: [const { AtomicU64::new(0) }; SLOTS], mine: Cell::new(0), end }
        }

        fn used(&self) -> usize {
            used(self, self.cursor.load(Ordering::Relaxed) as usize)
        }
    }

    impl Claimer for Words {
        fn cursor(&self) -> &AtomicU64 {
            &self.cursor
        }
        fn slot(&self, number: usize) -> &AtomicU64 {
            &self.slots[number % SLOTS]
        }
        fn mine(&self) -> usize {
            self.mine.get()
        }
        fn part(&self) {
            self.mine.set(self.mine.get() + 1);
        }
        fn end(&self) -> usize {
            self.end
        }
    }

    fn any_word() -> impl Strategy<Value = u64> {
        prop_oneof![
            any::<u64>(),
            Just(0),
            (0..1u64 << 11).prop_map(|n| n * 8),
            (0..1u64 << 11, 0..64u64).prop_map(|(at, left)| at | left << 44),
        ]
    }

    proptest! {
        #[test]
        fn a_claim_lies_where_it_may_whatever_the_words_say(
            cursor in any_word(),
            slots in proptest::array::uniform4(any_word()),
            end in prop_oneof![Just(4096usize), (256..4096usize).prop_map(|n| n * 8)],
            size in prop_oneof![any::<usize>(), 0..5000usize],
            align in 0..13u32,
        ) {
            let words = Words::new(end);
            words.cursor.store(cursor, Ordering::Relaxed);
            for (slot, said) in words.slots.iter().zip(slots) {
                slot.store(said, Ordering::Relaxed);
            }
            for known in [false, true] {
                let answer = match known {
                    true => claim::<true>(&words, size, 1 << align),
                    false => claim::<false>(&words, size, 1 << align),
                };
                if let Ok(at) = answer {
                    prop_assert!(at >= FIRST && at <= end);
                    prop_assert_eq!(at % (1usize << align).max(WORD), 0);
                    prop_assert!(size <= end - at);
                }
            }
        }

        /// Claims by several at once, in turns: none meets another, and what is used and what is left is all there is.
        #[test]
        fn claims_keep_apart_and_serve_the_arena_to_its_end(
            claims in proptest::collection::vec((0..4usize, 1..600usize, 0..8u32), 0..400),
            end in (256..1usize << 14).prop_map(|n| n * 8),
        ) {
            let words = Words::new(end);
            let mut had: Vec<(usize, usize)> = Vec::new();
            for (who, size, align) in claims {
                words.mine.set(who);
                let before = words.used();
                match claim::<false>(&words, size, 1 << align) {
                    Ok(at) => {
                        prop_assert!(words.used() >= before + size);
                        had.push((at, at + size.next_multiple_of(8)));
                    }
                    Err(refused) => {
                        prop_assert_eq!(refused, Refused::Full);
                        prop_assert_eq!(words.used(), before, "a refused claim changes nothing");
                        let left = end - words.cursor.load(Ordering::Relaxed) as usize;
                        prop_assert!(left < size + (1 << align) + WORD);
                    }
                }
            }
            had.sort_unstable();
            prop_assert!(had.windows(2).all(|pair| pair[0].1 <= pair[1].0), "two claims meet");
        }

        #[test]
        fn who_is_alone_gets_every_byte(sizes in proptest::collection::vec(1..300usize, 1..100), end in 256..4096usize) {
            let words = Words::new(end * 8);
            let mut next = FIRST;
            for size in sizes {
                let size = size * 8;
                match claim::<false>(&words, size, 8) {
                    Ok(at) => {
                        prop_assert_eq!(at, next, "values follow each other");
                        next += size;
                    }
                    Err(_) => prop_assert!(words.end - next < size),
                }
                prop_assert_eq!(words.used(), next - FIRST);
            }
            let left = words.end - next;
            prop_assert!(left == 0 || claim::<false>(&words, left, 1) == Ok(next));
        }
    }

    #[test]
    fn sizes_near_the_top_never_wrap() {
        let words = Words::new(1 << 20);
        for size in [usize::MAX, usize::MAX - 3, usize::MAX - FIRST, isize::MAX as usize, isize::MAX as usize - 7] {
            for align in [1, 8, 64, 4096] {
                assert_eq!(claim::<false>(&words, size, align), Err(Refused::Full));
            }
        }
        assert_eq!(words.used(), 0);
    }

    #[test]
    fn what_is_left_in_the_slots_of_others_serves_once_the_end_is_reached() {
        let words = Words::new(1 << 16);
        let mut last = [0; 3];
        // Two fill the arena in turns.
        while let Ok(at) = claim::<false>(&words, 64, 8) {
            last[words.mine.get() % 2] = at;
            words.mine.set((words.mine.get() + 1) % 2);
        }
        words.mine.set(7);
        assert_eq!(claim::<false>(&words, 64, 8), Err(Refused::Full));
        assert_eq!(words.used(), (1 << 16) - FIRST, "some bytes serve nobody");
    }

    #[test]
    fn of_stretches_without_a_slot_the_shortest_alone_is_lost() {
        let words = Words::new(1 << 16);
        let lengths = (0..SLOTS).map(|number| 64 + number * 8);
        let mut at = FIRST;
        for (slot, left) in words.slots.iter().zip(lengths.clone()) {
            slot.store(Stretch { at, left }.pack(), Ordering::Relaxed);
            at += left;
        }
        let homeless = Stretch { at, left: 1024 };
        // Nobody has claimed behind it: the cursor goes back.
        words.cursor.store(homeless.end() as u64, Ordering::Relaxed);
        give_back(&words, homeless);
        assert_eq!(words.cursor.load(Ordering::Relaxed), at as u64);
        assert_eq!(words.used(), 0);
        // Somebody has: it takes the place of a shorter one.
        words.cursor.store(homeless.end() as u64 + 8, Ordering::Relaxed);
        give_back(&words, homeless);
        assert_eq!(words.used(), 8 + lengths.min().unwrap());
    }
}
