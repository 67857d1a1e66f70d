//! What an arena calls back: deferred calls, which must come once each and newest first, and the answers of a program
//! that is told about missing memory.
//!
//! A callback cannot panic into C, so it writes down what was wrong, and whoever made the call looks there.

use super::abi::*;
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};

/// What a deferred call does besides being counted.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    Nothing,
    Alloc(usize),
    /// Defers another, with or without a node of its own.
    Defer(bool),
    Reset,
    Free,
}

/// What the program says when memory cannot be had.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// There is no callback.
    None,
    GiveUp,
    /// Asks for what cannot be, and then gives up: the reason that counts is the first one.
    FailAndGiveUp,
    /// Raises the limit by what is missing, once, and gives up from then on.
    Raise,
}

/// One deferred call.
struct Due {
    number: usize,
    deed: Deed,
    book: *const Book,
    node: Defer,
}

pub struct Book {
    pub arena: Cell<*mut Arena>,
    /// Numbers of the calls that are due, the newest last.
    due: RefCell<Vec<usize>>,
    /// Every call that there was. They stay where they are.
    all: RefCell<Vec<*mut Due>>,
    wrong: RefCell<Vec<String>>,
    pub answer: Cell<Answer>,
    pub was_reset: Cell<bool>,
    pub was_freed: Cell<bool>,
    pub raised: Cell<Option<usize>>,
}

impl Book {
    pub fn new(arena: *mut Arena) -> Box<Self> {
        Box::new(Book {
            arena: Cell::new(arena),
            due: RefCell::default(),
            all: RefCell::default(),
            wrong: RefCell::default(),
            answer: Cell::new(Answer::None),
            was_reset: Cell::new(false),
            was_freed: Cell::new(false),
            raised: Cell::new(None),
        })
    }

    pub fn waiting(&self) -> usize {
        self.due.borrow().len()
    }

    pub fn check(&self) {
        assert!(self.wrong.borrow().is_empty(), "{:?}", self.wrong.borrow());
    }

    fn expect(&self, fact: bool, what: &str) {
        if !fact {
            self.wrong.borrow_mut().push(what.to_owned());
        }
    }

    /// Defers a call, with a node of its own or one of the arena's.
    pub fn defer(&self, node: bool, deed: Deed) -> c_int {
        let number = self.all.borrow().len();
        let nowhere = Defer { next: std::ptr::null_mut(), call: None, context: std::ptr::null_mut(), seal: 0 };
        let due = Box::into_raw(Box::new(Due { number, deed, book: self, node: nowhere }));
        self.all.borrow_mut().push(due);
        // SAFETY: the arena is valid, and the call and its node stay as long as the book.
        let status = unsafe {
            match node {
                true => region_arena_defer_node(self.arena.get(), &raw mut (*due).node, Some(make), due.cast()),
                false => region_arena_defer(self.arena.get(), Some(make), due.cast()),
            }
        };
        if status == 0 {
            self.due.borrow_mut().push(number);
        }
        status
    }

    pub fn set_answer(&self, answer: Answer) {
        self.answer.set(answer);
        let call: OnOom = if matches!(answer, Answer::None) { None } else { Some(answer_oom) };
        // SAFETY: the arena is valid, and the book outlives it.
        let status = unsafe { region_arena_on_oom(self.arena.get(), call, (&raw const *self).cast_mut().cast()) };
        assert_eq!(status, 0);
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        for &due in self.all.borrow().iter() {
            // SAFETY: made by `defer`, and given back once; the arena was freed before.
            drop(unsafe { Box::from_raw(due) });
        }
    }
}

unsafe extern "C" fn make(due: *mut c_void) {
    // SAFETY: what `defer` handed over, which stays. The arena is valid.
    unsafe {
        let Due { number, deed, book, .. } = *due.cast::<Due>();
        let (book, arena) = (&*book, (*book).arena.get());
        let newest = book.due.borrow_mut().pop();
        book.expect(newest == Some(number), "a call came out of its turn");
        match deed {
            Deed::Nothing => {}
            Deed::Alloc(size) => {
                let block = region_alloc(arena, size);
                if !block.is_null() {
                    block.write_bytes(0xee, size);
                }
            }
            Deed::Defer(node) => {
                let status = book.defer(node, Deed::Nothing);
                book.expect(status == 0 || !node, "a node was refused");
            }
            Deed::Reset => {
                book.expect(region_arena_reset(arena, KEEP_ALL) == 0, "a reset was refused");
                book.expect(book.waiting() == 0, "a reset did not make all calls");
                book.was_reset.set(true);
            }
            Deed::Free => {
                book.expect(region_arena_free(arena) == 0, "a free was refused");
                book.expect(book.waiting() == 0, "a free did not make all calls");
                book.was_freed.set(true);
                // The limit went with the arena.
                book.raised.set(None);
            }
        }
    }
}

unsafe extern "C" fn answer_oom(book: *mut c_void, arena: *mut Arena, size: usize) -> c_int {
    // SAFETY: what `set_answer` handed over, which stays. The arena is valid.
    unsafe {
        let book = &*book.cast::<Book>().cast_const();
        book.expect(arena == book.arena.get(), "another arena asks");
        match book.answer.get() {
            Answer::None | Answer::GiveUp => 0,
            Answer::FailAndGiveUp => {
                book.answer.set(Answer::GiveUp);
                book.expect(region_alloc_aligned(arena, 1, 3).is_null(), "an alignment of 3");
                book.answer.set(Answer::FailAndGiveUp);
                0
            }
            Answer::Raise => {
                book.answer.set(Answer::GiveUp);
                let mut stats = Stats::default();
                region_arena_stats(arena, &raw mut stats);
                let more = stats.used.saturating_add(size).saturating_add(4096).max(stats.limit);
                book.expect(region_arena_set_limit(arena, more) == 0, "a limit was refused");
                book.raised.set(Some(more));
                1
            }
        }
    }
}
