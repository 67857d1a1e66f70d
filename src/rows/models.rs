//! Models: one thread appends, others read, under every order of events that the memory model allows.
//!
//! A place is a cell that the appender writes once; loom ends the model when a reader's access is not ordered
//! after that write. A test switches the seeded bugs on one by one: each must end the model.
//!
//! Run by `RUSTFLAGS="--cfg loom" cargo test --profile model --lib rows`.

use super::count::Count;
use super::seeded::{Bug, seed, seeded};
use loom::cell::UnsafeCell;
use loom::thread;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::vec::Vec;

/// Places, and where the row starts: that is set at the first push, and read by whoever saw a count.
struct Row {
    count: Count,
    start: UnsafeCell<usize>,
    places: Vec<UnsafeCell<usize>>,
}

/// What the row starts at once it has memory.
const START: usize = 100;

impl Row {
    fn new(places: usize) -> Arc<Self> {
        let places = (0..places).map(|_| UnsafeCell::new(0)).collect();
        Arc::new(Row { count: Count::new(), start: UnsafeCell::new(0), places })
    }

    /// Appends as `SharedRow::push` does: the start at the first time, the value, the count.
    fn push(&self) {
        let len = self.count.own();
        if seeded(Bug::PublishEarly) {
            self.count.publish(len + 1);
        }
        // SAFETY: loom checks that no other access is concurrent with these, and fails the model if so.
        unsafe {
            if len == 0 {
                self.start.with_mut(|start| *start = START);
            }
            self.places[len].with_mut(|place| *place = START + len);
        }
        self.count.publish(len + 1);
    }

    /// Reads every value that can be seen, and says how many there are.
    fn read(&self) -> usize {
        let seen = self.count.seen();
        for at in 0..seen {
            // SAFETY: as in `push`.
            unsafe {
                let start = self.start.with(|start| *start);
                assert_eq!(self.places[at].with(|place| *place), start + at);
            }
        }
        seen
    }
}

fn one_appends_one_reads() {
    let row = Row::new(3);
    let reader = {
        let row = row.clone();
        thread::spawn(move || {
            let before = row.read();
            assert!(row.read() >= before, "a count fell");
        })
    };
    (0..3).for_each(|_| row.push());
    reader.join().unwrap();
    assert_eq!(row.read(), 3);
}

fn one_appends_two_read() {
    let row = Row::new(2);
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let row = row.clone();
            thread::spawn(move || row.read())
        })
        .collect();
    (0..2).for_each(|_| row.push());
    readers.into_iter().for_each(|reader| assert!(reader.join().unwrap() <= 2));
}

const MODELS: [fn(); 2] = [one_appends_one_reads, one_appends_two_read];

#[test]
fn who_sees_a_count_sees_its_values() {
    MODELS.into_iter().for_each(loom::model);
}

#[test]
fn models_notice_each_bug() {
    for bug in [Bug::PublishRelaxed, Bug::SeeRelaxed, Bug::PublishEarly] {
        for model in MODELS {
            seed(Some(bug));
            let caught = catch_unwind(AssertUnwindSafe(|| loom::model(model))).is_err();
            seed(None);
            assert!(caught, "{bug:?} passes a model");
        }
    }
}
