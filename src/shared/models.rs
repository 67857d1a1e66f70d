//! Models: claims and links under every order of events that the memory model allows.
//!
//! The cursor and the links are those that ship. What is claimed is a cell per word, which its owner writes:
//! two owners of a word, or a reader who does not see what was published, end the model. A thread that is done
//! after its claim stands for a process that was killed there.
//!
//! Each model says which seeded bugs it catches, and a test switches them on one by one: a model that passes
//! with its bug would prove nothing without it either.
//!
//! Run by `RUSTFLAGS="--cfg loom" cargo test --profile model --lib shared`.

use super::bump::{Refused, claim};
use super::header::FIRST;
use super::link::AtomicOffset;
use super::offset::Offset;
use super::seeded::{Bug, seed};
use crate::sync::{AtomicU64, Ordering};
use loom::cell::UnsafeCell;
use loom::thread;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::vec::Vec;

/// An arena of a few words, each of them a cell.
struct Arena {
    cursor: AtomicU64,
    root: AtomicOffset<u64>,
    words: Vec<UnsafeCell<u64>>,
}

impl Arena {
    fn new(words: usize) -> Arc<Self> {
        let cursor = AtomicU64::new(FIRST as u64);
        let words = (0..words).map(|_| UnsafeCell::new(0)).collect();
        Arc::new(Arena { cursor, root: AtomicOffset::new(None), words })
    }

    fn end(&self) -> usize {
        FIRST + self.words.len() * 8
    }

    fn used(&self) -> usize {
        (self.cursor.load(Ordering::Relaxed) as usize - FIRST) / 8
    }

    /// Claims so many words; the first.
    fn claim(&self, words: usize) -> Result<usize, Refused> {
        claim::<false>(&self.cursor, self.end(), words * 8, 8).map(|at| (at - FIRST) / 8)
    }

    /// Writes words as their owner may, who finds them zero.
    fn write(&self, first: usize, words: usize, value: u64) {
        for word in &self.words[first..first + words] {
            // SAFETY: loom checks that no other access is concurrent with this one, and fails the model if so.
            let before = word.with_mut(|word| unsafe { core::mem::replace(&mut *word, value) });
            assert_eq!(before, 0, "a word was given twice");
        }
    }

    fn read(&self, first: usize) -> u64 {
        // SAFETY: as in `write`.
        self.words[first].with(|word| unsafe { *word })
    }

    /// Allocates and writes.
    fn life(&self, words: usize, value: u64) -> usize {
        let first = self.claim(words).expect("there is room for all");
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

/// A model and the bugs that it must catch.
struct Model {
    name: &'static str,
    run: fn(),
    catches: &'static [Bug],
}

const MODELS: &[Model] = &[
    Model { name: "two processes allocate", run: two_allocate, catches: &[Bug::ClaimTorn] },
    Model { name: "three processes, sizes of their own", run: three_allocate, catches: &[Bug::ClaimTorn] },
    Model {
        name: "two want what is left for one, and leave the rest",
        run: last_room,
        catches: &[Bug::ClaimOvershoots, Bug::ClaimTorn],
    },
    Model { name: "a process dies between claim and write", run: death, catches: &[Bug::ClaimTorn] },
    Model {
        name: "a hostile process moves the cursor",
        run: hostile_cursor,
        catches: &[Bug::ClaimBelievesCursor, Bug::ClaimOvershoots],
    },
    Model { name: "what is linked was written", run: publish, catches: &[Bug::LinkStoreRelaxed, Bug::LinkLoadRelaxed] },
    Model {
        name: "two processes make the root, and one of them does",
        run: make_root,
        catches: &[Bug::LinkExchangeRelaxed, Bug::LinkLossRelaxed, Bug::ClaimTorn],
    },
];

fn explore(model: &Model, bug: Option<Bug>) {
    seed(bug);
    // Small enough to go without a bound on preemptions: every interleaving there is.
    loom::model::Builder::new().check(model.run);
    seed(None);
}

#[test]
fn models_hold() {
    for model in MODELS {
        let start = std::time::Instant::now();
        explore(model, None);
        std::println!("{:>8.2?}  {}", start.elapsed(), model.name);
    }
}

#[test]
fn every_seeded_bug_is_caught() {
    for model in MODELS {
        assert!(!model.catches.is_empty(), "nothing shows that {:?} is alive", model.name);
        for &bug in model.catches {
            let caught = catch_unwind(AssertUnwindSafe(|| explore(model, Some(bug)))).is_err();
            seed(None);
            assert!(caught, "{bug:?} passes the model {:?}", model.name);
        }
    }
}

fn two_allocate() {
    let arena = Arena::new(6);
    let other = arena.clone();
    let thread = thread::spawn(move || {
        other.life(1, 1);
        other.life(2, 1);
    });
    arena.life(1, 2);
    arena.life(1, 2);
    thread.join().unwrap();
    assert_eq!(arena.used(), 5);
    assert_eq!((0..5).filter(|&word| arena.read(word) == 1).count(), 3);
    assert_eq!((0..5).filter(|&word| arena.read(word) == 2).count(), 2);
}

fn three_allocate() {
    let arena = Arena::new(6);
    let threads = [1, 2].map(|id| {
        let arena = arena.clone();
        thread::spawn(move || arena.life(id, id as u64))
    });
    arena.life(3, 3);
    let [_, _] = threads.map(|thread| thread.join().unwrap());
    assert_eq!(arena.used(), 6);
    assert!((0..6).all(|word| arena.read(word) != 0), "a word was lost");
}

fn last_room() {
    let arena = Arena::new(3);
    let other = arena.clone();
    let thread = thread::spawn(move || other.claim(2).is_ok());
    let mine = arena.claim(2).is_ok();
    let theirs = thread.join().unwrap();
    assert!(mine != theirs, "there is room for one of the two");
    assert_eq!(arena.used(), 2, "what was refused counts nothing");
    assert!(arena.claim(1).is_ok() && arena.claim(1) == Err(Refused::Full));
}

fn death() {
    let arena = Arena::new(4);
    let other = arena.clone();
    let thread = thread::spawn(move || other.claim(2).is_ok());
    let mine = arena.life(1, 1);
    assert!(thread.join().unwrap());
    let next = arena.life(1, 1);
    assert_eq!(arena.used(), 4);
    assert!(mine != next && arena.claim(1).is_err());
}

/// Whatever the cursor says, what is claimed lies in the arena.
fn hostile_cursor() {
    let arena = Arena::new(3);
    let other = arena.clone();
    let thread = thread::spawn(move || {
        other.cursor.store(u64::MAX - 7, Ordering::Relaxed);
        other.cursor.store(8, Ordering::Relaxed);
        other.cursor.store(FIRST as u64 + 4, Ordering::Relaxed);
    });
    for _ in 0..2 {
        if let Ok(at) = claim::<false>(&arena.cursor, arena.end(), 16, 8) {
            assert!(at >= FIRST && at + 16 <= arena.end() && at % 8 == 0, "a claim of what is not the arena's");
        }
    }
    thread.join().unwrap();
}

fn publish() {
    let arena = Arena::new(2);
    let other = arena.clone();
    let thread = thread::spawn(move || {
        let first = other.life(1, 7);
        other.root.store(Arena::offset(first));
    });
    if let Some(value) = arena.follow(arena.root.load()) {
        assert_eq!(value, 7);
    }
    thread.join().unwrap();
    assert_eq!(arena.follow(arena.root.load()), Some(7));
}

fn make_root() {
    let arena = Arena::new(2);
    let make = |arena: &Arena, value| {
        let first = arena.life(1, value);
        match arena.root.compare_exchange(None, Arena::offset(first)) {
            Ok(before) => {
                assert_eq!(before, None);
                value
            }
            Err(now) => arena.follow(now).expect("lost to nobody"),
        }
    };
    let other = arena.clone();
    let thread = thread::spawn(move || make(&other, 1));
    let mine = make(&arena, 2);
    assert_eq!(thread.join().unwrap(), mine, "two processes see two roots");
}
