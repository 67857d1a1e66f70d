//! Models: the atomic algorithms under every order of events that the memory model allows.
//!
//! loom runs each model again and again, with every interleaving and every value that an atomic load may give. The
//! algorithms are the code that ships. A model brings threads, and cells in place of the memory that they share. It
//! fails when a cell has two owners at once, or when an owner does not see what the last one wrote. Each module has its
//! models beside its code; here is the one table of them.
//!
//! Each model names the [seeded bugs](crate::seeded) that it catches, and a test switches them on one by one. A model
//! that passes with such a bug proves nothing.
//!
//! Run by `RUSTFLAGS="--cfg loom" cargo test --profile model --lib models`.

use crate::seeded::{Bug, seed};
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use loom::cell::UnsafeCell;
use loom::thread;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

/// A model and the bugs that it must catch.
pub(crate) struct Model {
    pub name: &'static str,
    /// The most switches away from a thread that could go on. Runs with more switches are left out, none with `EVERY`.
    pub preemptions: usize,
    pub run: fn(),
    pub catches: &'static [Bug],
}

/// A value that a model drops at its end, and leaks if it fails. A destructor that uses loom's atomics while its thread
/// unwinds would panic again, and end the process.
pub(crate) struct Held<T>(ManuallyDrop<T>);

impl<T> Held<T> {
    pub(crate) fn new(content: T) -> Self {
        Held(ManuallyDrop::new(content))
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: the content is dropped here alone, and `self` is not used again.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

/// Memory that one thread owns at a time. A thread that uses it while another does, or that does not see what the last
/// owner wrote, ends the model.
pub(crate) struct OwnedCell<T>(UnsafeCell<T>);

impl<T: Copy> OwnedCell<T> {
    pub(crate) fn new(content: T) -> Self {
        OwnedCell(UnsafeCell::new(content))
    }

    /// Writes, as the only owner; what the last one left.
    pub(crate) fn replace(&self, content: T) -> T {
        // SAFETY: loom checks that no other access is concurrent with this one, and fails the model if so.
        self.0.with_mut(|own| unsafe { core::mem::replace(&mut *own, content) })
    }

    /// What the last owner left, while nobody writes.
    pub(crate) fn read(&self) -> T {
        // SAFETY: loom checks that no write is concurrent with this read, and fails the model if so.
        self.0.with(|own| unsafe { *own })
    }
}

/// Runs `theirs` in a thread of its own while this one runs `mine`; what each gives.
pub(crate) fn beside<R: 'static, S>(theirs: impl FnOnce() -> R + 'static, mine: impl FnOnce() -> S) -> (R, S) {
    let thread = thread::spawn(theirs);
    let mine = mine();
    (thread.join().unwrap(), mine)
}

/// As [`beside`], with what both threads share.
pub(crate) fn share<T: 'static, R: 'static, S>(
    shared: &Arc<T>,
    theirs: impl FnOnce(&T) -> R + 'static,
    mine: impl FnOnce(&T) -> S,
) -> (R, S) {
    let other = shared.clone();
    beside(move || theirs(&other), || mine(shared))
}

/// As [`share`], with a thread for each number, which it is given. They are all started before `mine` begins.
pub(crate) fn share_among<T: 'static, S>(
    shared: &Arc<T>,
    numbers: impl IntoIterator<Item = usize>,
    theirs: fn(&T, usize),
    mine: impl FnOnce(&T) -> S,
) -> S {
    let start = |number| {
        let other = shared.clone();
        thread::spawn(move || theirs(&other, number))
    };
    let threads: Vec<_> = numbers.into_iter().map(start).collect();
    let mine = mine(shared);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    mine
}

/// Every interleaving there is.
pub(crate) const EVERY: usize = usize::MAX;

/// All models, by module.
const MODULES: &[&[Model]] = &[
    crate::pool::models::MODELS,
    crate::sync::slot_cache_models::MODELS,
    crate::sync::append_list_models::MODELS,
    crate::sync::remote_models::MODELS,
    crate::sync::address_table_models::MODELS,
    crate::arena::models::MODELS,
    crate::typed::models::MODELS,
    crate::shared::models::MODELS,
    crate::cage::models::MODELS,
];

/// What to explore: a model as it is, or with a bug.
type Work = (&'static Model, Option<Bug>);

fn models() -> impl Iterator<Item = &'static Model> {
    MODULES.iter().copied().flatten()
}

fn explore((model, bug): Work) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = (model.preemptions != EVERY).then_some(model.preemptions);
    seed(bug);
    let explored = catch_unwind(AssertUnwindSafe(|| builder.check(model.run)));
    seed(None);
    match bug {
        None => assert!(explored.is_ok(), "the model {:?} fails", model.name),
        Some(bug) => assert!(explored.is_err(), "{bug:?} passes the model {:?}", model.name),
    }
}

/// Explores on all processors, and prints how long each model took. Panics with the list of all that failed.
fn explore_all(work: Vec<Work>) {
    let queue = Mutex::new(work.into_iter());
    let failed = Mutex::new(Vec::new());
    let worker = || loop {
        let Some(next) = queue.lock().unwrap().next() else { return };
        let start = std::time::Instant::now();
        if let Err(panic) = catch_unwind(|| explore(next)) {
            failed.lock().unwrap().push(*panic.downcast::<String>().expect("the panics of `explore` have arguments"));
        }
        std::println!("{:>8.2?}  {}  {:?}", start.elapsed(), next.0.name, next.1);
    };
    std::thread::scope(|scope| {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        (0..processors).for_each(|_| _ = scope.spawn(worker));
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn models_hold() {
    explore_all(models().map(|model| (model, None)).collect());
}

#[test]
fn every_seeded_bug_is_caught_by_each_model_that_names_it() {
    explore_all(models().flat_map(|model| model.catches.iter().map(move |&bug| (model, Some(bug)))).collect());
}

#[test]
fn every_model_names_a_bug_and_every_bug_has_a_model() {
    models().for_each(|model| assert!(!model.catches.is_empty(), "nothing shows that {:?} is alive", model.name));
    let named = |bug: &Bug| models().any(|model| model.catches.contains(bug));
    let unnamed: Vec<_> = Bug::ALL.iter().filter(|bug| !named(bug)).collect();
    assert!(unnamed.is_empty(), "no model names {unnamed:?}");
}
