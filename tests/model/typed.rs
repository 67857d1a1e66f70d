//! Any row of operations on a typed arena against a list of what is in it: every value where it was put, changed
//! by nobody, and dropped once, also when iterators allocate, lie about their length, or panic.
//!
//! Does not choose the operations: property tests and fuzzers do.

use region::TypedArena;
use region::backing::Backing;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What can be done to a typed arena.
#[derive(Clone, Debug)]
pub enum Op {
    Alloc,
    /// A constructor that allocates so many values first.
    AllocWith {
        nested: usize,
    },
    /// An iterator of so many values, with a hint of so many; every `nested`th allocates a value of its own.
    Extend {
        count: usize,
        hint: usize,
        nested: usize,
    },
    /// As `Extend`, and the iterator panics at its end.
    ExtendPanics {
        count: usize,
        hint: usize,
        nested: usize,
    },
    AllocPanics,
    Reserve(usize),
    Clear,
    Shrink,
    /// To a vector that is cut to so many values, and back.
    ThroughVec {
        truncate: usize,
    },
    /// Writes over one of the values.
    Change(usize),
}

/// A value that counts itself, with its number on the heap, where a checker sees what is dropped twice or never.
pub struct Value<'c> {
    number: Box<usize>,
    alive: &'c Cell<usize>,
}

impl<'c> Value<'c> {
    fn new(number: usize, alive: &'c Cell<usize>) -> Self {
        alive.set(alive.get() + 1);
        Value { number: Box::new(number), alive }
    }
}

impl Drop for Value<'_> {
    fn drop(&mut self) {
        self.alive.set(self.alive.get() - 1);
    }
}

/// What the panics of this model carry, by which they are told from those of a failed check.
struct OnPurpose;

/// An iterator with a hint of its own, which may panic where it ends.
struct Odd<I> {
    values: I,
    hint: usize,
    panics: bool,
}

impl<I: Iterator> Iterator for Odd<I> {
    type Item = I::Item;
    fn next(&mut self) -> Option<I::Item> {
        let next = self.values.next();
        if next.is_none() && self.panics {
            resume_unwind(Box::new(OnPurpose));
        }
        next
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.hint, None)
    }
}

/// Runs `work`; none if it panicked on purpose.
fn caught<R>(work: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result),
        Err(panic) if panic.is::<OnPurpose>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// What an operation gave to the arena, by numbers.
#[derive(Default)]
struct Given {
    next: Cell<usize>,
    /// Values allocated while another is being made: they come first.
    nested: RefCell<Vec<usize>>,
    values: RefCell<Vec<usize>>,
}

impl Given {
    fn number(&self) -> usize {
        self.next.replace(self.next.get() + 1)
    }
}

/// Does all of the operations to an empty arena of values that are counted in `alive`. What does not fit into its
/// backing is refused.
pub fn check<'c, B: Backing>(alive: &'c Cell<usize>, mut arena: TypedArena<Value<'c>, B>, ops: &[Op]) {
    let mut model: Vec<usize> = Vec::new();
    let given = Given::default();
    // Allocates inside of a constructor or an iterator, and keeps the reference.
    let nest = |arena: &TypedArena<Value<'c>, B>| {
        let number = given.number();
        let kept = arena.try_alloc(Value::new(number, alive)).ok()?;
        given.nested.borrow_mut().push(number);
        Some((std::ptr::from_ref(kept), number))
    };
    for op in ops {
        let mut kept = Vec::new();
        let make = || {
            let number = given.number();
            given.values.borrow_mut().push(number);
            Value::new(number, alive)
        };
        let whole = match *op {
            Op::Alloc => arena.try_alloc(make()).is_ok(),
            Op::AllocWith { nested } => {
                let made = arena.try_alloc_with(|| {
                    kept.extend((0..nested).filter_map(|_| nest(&arena)));
                    make()
                });
                made.is_ok()
            }
            Op::Extend { count, hint, nested } | Op::ExtendPanics { count, hint, nested } => {
                let values = (0..count).map(|i| {
                    if nested != 0 && i % nested == 0 {
                        kept.extend(nest(&arena));
                    }
                    make()
                });
                let panics = matches!(op, Op::ExtendPanics { .. });
                let row = caught(|| arena.try_alloc_extend(Odd { values, hint, panics }));
                match row {
                    Some(Ok(row)) => {
                        assert!(row.iter().map(|value| *value.number).eq(given.values.borrow().iter().copied()));
                        !panics
                    }
                    Some(Err(_)) | None => false,
                }
            }
            Op::AllocPanics => {
                _ = caught(|| arena.alloc_with(|| resume_unwind(Box::new(OnPurpose))).number.clone());
                true
            }
            Op::Reserve(more) => {
                _ = arena.try_reserve(more);
                true
            }
            Op::Clear => {
                arena.clear();
                model.clear();
                true
            }
            Op::Shrink => {
                arena.shrink_to_fit();
                true
            }
            Op::ThroughVec { truncate } => {
                let mut values = arena.into_vec();
                values.truncate(truncate);
                model.truncate(truncate);
                arena = values.into();
                true
            }
            Op::Change(which) => {
                if let Some(index) = which.checked_rem(model.len()) {
                    model[index] = given.number();
                    *arena.as_mut_slice()[index].number = model[index];
                }
                true
            }
        };
        for (place, number) in kept {
            // SAFETY: references into the arena end when it is borrowed mutably, and it was not since.
            assert_eq!(unsafe { *(*place).number }, number);
        }
        let numbers: Vec<usize> = arena.as_mut_slice().iter().map(|value| *value.number).collect();
        let (nested, values) = (given.nested.take(), given.values.take());
        if whole {
            model.extend(nested.into_iter().chain(values));
            assert_eq!(numbers, model);
        } else {
            // What was given before the end is there, but for the value that had no room.
            assert_eq!(numbers[..model.len()], model);
            let mut came = numbers[model.len()..].to_vec();
            let mut went = nested.into_iter().chain(values.iter().copied()).collect::<Vec<_>>();
            if came.len() < went.len() {
                went.retain(|number| Some(number) != values.last());
            }
            came.sort();
            went.sort();
            assert_eq!(came, went);
            model = numbers;
        }
        assert_eq!(alive.get(), arena.len(), "every value is in the arena, or was dropped");
        assert!(arena.capacity() >= arena.len() && arena.used() <= arena.committed());
    }
    drop(arena);
    assert_eq!(alive.get(), 0);
}
