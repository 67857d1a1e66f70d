//! Models: claims and links under every order of events that the memory model allows.
//!
//! The claims and the links are those that ship. What is claimed is a cell per word, which its owner writes:
//! two owners of a word, or a reader who does not see what was published, end the model. A thread that is done
//! after its claim stands for a process that was killed there.

use super::bump::{self, Claimer, Refused};
use super::header::{FIRST, SLOTS};
use super::link::AtomicOffset;
use super::offset::Offset;
use super::stretch::Stretch;
use crate::models::{EVERY, Model, OwnedCell, share, share_among};
use crate::seeded::Bug;
use crate::sync::{AtomicU64, Ordering};
use core::cell::Cell;
use std::sync::Arc;
use std::vec::Vec;

/// An arena of a few words, each of them a cell.
struct Arena {
    cursor: AtomicU64,
    slots: [AtomicU64; SLOTS],
    root: AtomicOffset<u64>,
    words: Vec<OwnedCell<u64>>,
}

impl Arena {
    fn new(words: usize) -> Arc<Self> {
        let cursor = AtomicU64::new(FIRST as u64);
        let words = (0..words).map(|_| OwnedCell::new(0)).collect();
        let slots = core::array::from_fn(|_| AtomicU64::new(0));
        Arc::new(Arena { cursor, slots, root: AtomicOffset::new(None), words })
    }

    /// Puts so many words from the front into a slot, as if its holder had claimed them before.
    fn with_stretch(self: Arc<Self>, slot: usize, words: usize) -> Arc<Self> {
        self.slots[slot].store(Stretch { at: FIRST, left: words * 8 }.pack(), Ordering::Relaxed);
        self.cursor.store((FIRST + words * 8) as u64, Ordering::Relaxed);
        self
    }

    fn end(&self) -> usize {
        FIRST + self.words.len() * 8
    }

    fn used(&self) -> usize {
        bump::used(&Holder::new(self, 0), self.cursor.load(Ordering::Relaxed) as usize) / 8
    }

    /// Claims so many words by the slot that all have first; the first.
    fn claim(&self, words: usize) -> Result<usize, Refused> {
        self.claim_by(0, words)
    }

    /// Claims so many words by a slot.
    fn claim_by(&self, slot: usize, words: usize) -> Result<usize, Refused> {
        bump::claim::<false>(&Holder::new(self, slot), words * 8, 8).map(|at| (at - FIRST) / 8)
    }

    /// Writes words as their owner may, who finds them zero.
    fn write(&self, first: usize, words: usize, value: u64) {
        for word in &self.words[first..first + words] {
            assert_eq!(word.replace(value), 0, "a word was given twice");
        }
    }

    fn read(&self, first: usize) -> u64 {
        self.words[first].read()
    }

    /// How many words hold this.
    fn count(&self, value: u64) -> usize {
        (0..self.words.len()).filter(|&word| self.read(word) == value).count()
    }

    /// Allocates and writes.
    fn allocate_and_write(&self, words: usize, value: u64) -> usize {
        let first = self.claim(words).expect("all of them fit");
        self.write(first, words, value);
        first
    }

    fn offset(first: usize) -> Option<Offset<u64>> {
        Offset::from_raw((FIRST + first * 8) as u64)
    }

    /// What the root leads to, which is never unwritten.
    fn follow(&self, root: Option<Offset<u64>>) -> Option<u64> {
        let value = self.read((root?.raw() as usize - FIRST) / 8);
        assert_ne!(value, 0, "a link leads to what was not written yet");
        Some(value)
    }
}

/// One who claims, by a slot of its own until it meets another.
struct Holder<'a> {
    arena: &'a Arena,
    slot: Cell<usize>,
}

impl<'a> Holder<'a> {
    fn new(arena: &'a Arena, slot: usize) -> Self {
        Holder { arena, slot: Cell::new(slot) }
    }
}

impl Claimer for Holder<'_> {
    fn cursor(&self) -> &AtomicU64 {
        &self.arena.cursor
    }

    fn slot(&self, number: usize) -> &AtomicU64 {
        &self.arena.slots[number % SLOTS]
    }

    fn mine(&self) -> usize {
        self.slot.get()
    }

    fn part(&self) {
        self.slot.set((self.slot.get() + 1) % SLOTS);
    }

    fn end(&self) -> usize {
        self.arena.end()
    }
}

pub(crate) const MODELS: &[Model] = &[
    Model { name: "two processes allocate", preemptions: 3, run: two_allocate, catches: &[Bug::ClaimTorn] },
    Model {
        name: "three processes, sizes of their own",
        preemptions: 3,
        run: three_allocate,
        catches: &[Bug::ClaimTorn],
    },
    Model {
        name: "two share a stretch that ends at the cursor, and both want more than is in it",
        preemptions: 3,
        run: joined,
        catches: &[Bug::ClaimTorn],
    },
    Model {
        name: "two with stretches of their own fill the arena, and what one leaves serves the other",
        preemptions: 3,
        run: apart,
        catches: &[Bug::ClaimTorn],
    },
    Model {
        name: "two want what is left for one, and leave the rest",
        preemptions: EVERY,
        run: last_room,
        catches: &[Bug::ClaimOvershoots, Bug::ClaimTorn],
    },
    Model { name: "a process dies between claim and write", preemptions: 3, run: death, catches: &[Bug::ClaimTorn] },
    Model {
        name: "a hostile process moves the cursor",
        preemptions: 3,
        run: hostile_cursor,
        catches: &[Bug::ClaimBelievesCursor, Bug::ClaimOvershoots],
    },
    Model {
        name: "what is linked was written",
        preemptions: EVERY,
        run: publish,
        catches: &[Bug::LinkStoreRelaxed, Bug::LinkLoadRelaxed],
    },
    Model {
        name: "two processes make the root, and one of them does",
        preemptions: 3,
        run: make_root,
        catches: &[Bug::LinkExchangeRelaxed, Bug::LinkLossRelaxed, Bug::ClaimTorn],
    },
];

fn two_allocate() {
    let arena = Arena::new(12);
    let allocate =
        |words: [usize; 2], value| move |arena: &Arena| words.map(|words| arena.allocate_and_write(words, value));
    share(&arena, allocate([1, 2], 1), allocate([1, 1], 2));
    assert!(arena.used() >= 5, "what was given is used");
    assert_eq!([1, 2].map(|value| arena.count(value)), [3, 2]);
}

fn three_allocate() {
    let arena = Arena::new(16);
    share_among(
        &arena,
        [1, 2],
        |arena, id| _ = arena.allocate_and_write(id, id as u64),
        |arena| arena.allocate_and_write(3, 3),
    );
    assert!(arena.used() >= 6, "what was given is used");
    assert_eq!([1, 2, 3].map(|value| arena.count(value)), [1, 2, 3]);
}

fn joined() {
    let arena = Arena::new(8).with_stretch(0, 1);
    share(&arena, |arena| _ = arena.allocate_and_write(2, 1), |arena| arena.allocate_and_write(2, 2));
    assert!(arena.used() >= 4, "what was given is used");
    assert_eq!([1, 2].map(|value| arena.count(value)), [2, 2]);
}

fn apart() {
    let arena = Arena::new(4);
    let fill = |slot, value| {
        move |arena: &Arena| {
            for _ in 0..2 {
                if let Ok(first) = arena.claim_by(slot, 1) {
                    arena.write(first, 1, value);
                }
            }
        }
    };
    share(&arena, fill(0, 1), fill(1, 2));
    while let Ok(first) = arena.claim(1) {
        arena.write(first, 1, 3);
    }
    assert_eq!(arena.used(), 4);
    assert!((0..4).all(|word| arena.read(word) != 0), "a word serves nobody");
}

fn last_room() {
    let arena = Arena::new(3);
    let (theirs, mine) = share(&arena, |arena| arena.claim(2).is_ok(), |arena| arena.claim(2).is_ok());
    assert!(mine != theirs, "one of the two fits");
    assert_eq!(arena.used(), 2, "what was refused counts nothing");
    assert!(arena.claim(1).is_ok() && arena.claim(1) == Err(Refused::Full));
}

fn death() {
    let arena = Arena::new(10);
    let (claimed, mine) = share(&arena, |arena| arena.claim(2).is_ok(), |arena| arena.allocate_and_write(1, 1));
    assert!(claimed);
    let next = arena.allocate_and_write(1, 1);
    assert!(mine != next && arena.used() >= 4);
    // All that is left is served, but what the dead one held.
    let left = 10 - arena.used();
    assert_eq!((0..).take_while(|_| arena.claim(1).is_ok()).count(), left);
}

/// Whatever the cursor says, what is claimed lies in the arena.
fn hostile_cursor() {
    let arena = Arena::new(3);
    let lie = |arena: &Arena| {
        for cursor in [u64::MAX - 7, 8, FIRST as u64 + 4] {
            arena.cursor.store(cursor, Ordering::Relaxed);
        }
    };
    let claims = |arena: &Arena| {
        for _ in 0..2 {
            if let Ok(at) = bump::claim::<false>(&Holder::new(arena, 0), 16, 8) {
                assert!(at >= FIRST && at + 16 <= arena.end() && at % 8 == 0, "a claim of what is not the arena's");
            }
        }
    };
    share(&arena, lie, claims);
}

fn publish() {
    let arena = Arena::new(2);
    let link = |arena: &Arena| arena.root.store(Arena::offset(arena.allocate_and_write(1, 7)));
    let (_, seen) = share(&arena, link, |arena| arena.follow(arena.root.load()));
    assert!(seen.is_none_or(|value| value == 7));
    assert_eq!(arena.follow(arena.root.load()), Some(7));
}

fn make_root() {
    let arena = Arena::new(2);
    let make = |arena: &Arena, value| {
        let first = arena.allocate_and_write(1, value);
        match arena.root.compare_exchange(None, Arena::offset(first)) {
            Ok(before) => {
                assert_eq!(before, None);
                value
            }
            Err(now) => arena.follow(now).expect("lost to no other claim"),
        }
    };
    let (theirs, mine) = share(&arena, move |arena| make(arena, 1), |arena| make(arena, 2));
    assert_eq!(theirs, mine, "two processes see two roots");
}
