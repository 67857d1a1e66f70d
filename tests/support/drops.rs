//! Values that know whether they were dropped, once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What became of the values of a test, by their numbers.
#[derive(Clone, Default)]
pub struct Drops {
    /// The numbers, in the order of the drops.
    order: Rc<RefCell<Vec<usize>>>,
    made: Rc<Cell<usize>>,
    /// Values whose drop panics.
    panicking: Rc<RefCell<Vec<usize>>>,
}

/// One of them.
pub struct Value {
    pub number: usize,
    drops: Drops,
    /// On the heap, so that a checker sees a value that is dropped twice, or never.
    _heap: Box<usize>,
}

impl Drops {
    pub fn new() -> Self {
        Drops::default()
    }

    /// Lets the drop of this value panic.
    pub fn panic_at(&self, number: usize) {
        self.panicking.borrow_mut().push(number);
    }

    /// The next value; numbers count from 0.
    pub fn make(&self) -> Value {
        let number = self.made.replace(self.made.get() + 1);
        Value { number, drops: self.clone(), _heap: Box::new(number) }
    }

    /// The numbers of dropped values, in the order of the drops. Panics when one was dropped twice.
    pub fn order(&self) -> Vec<usize> {
        let order = self.order.borrow().clone();
        let mut sorted = order.clone();
        sorted.sort();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]), "dropped twice: {order:?}");
        order
    }

    /// Whether every value that was made was dropped, once.
    pub fn complete(&self) -> bool {
        self.order().len() == self.made.get()
    }
}

impl Value {
    /// The test's account of values.
    pub fn drops(&self) -> &Drops {
        &self.drops
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.drops.order.borrow_mut().push(self.number);
        if self.drops.panicking.borrow().contains(&self.number) {
            panic!("the drop of {}", self.number);
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({})", self.number)
    }
}
