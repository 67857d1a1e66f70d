//! Models of address tables: things are entered while others look.
//!
//! A model fails when a thing is found that is not written, when one that was entered is not found, or when two nodes are
//! made for one place ([`models`](crate::models)).

use super::address_table::{Node, Nodes, Refused, Table};
use crate::models::{Model, OwnedCell, share};
use crate::seeded::Bug;
use core::ptr::NonNull;
use std::boxed::Box;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

/// What is entered: written by the thread that enters it, read by those that find it.
type Thing = OwnedCell<usize>;

/// Granules of one byte, two words a node.
struct Things {
    table: Table<Thing, 0, 1, 2>,
    things: [Thing; 3],
    /// Nodes that were published, to be freed. Not a part of the model.
    kept: Mutex<Vec<usize>>,
}

// SAFETY: what threads share is atomic, or checked by loom.
unsafe impl Send for Things {}
// SAFETY: what threads share is atomic, or checked by loom.
unsafe impl Sync for Things {}

struct Makes<'a>(&'a Mutex<Vec<usize>>);

impl Nodes<2> for Makes<'_> {
    type Error = ();

    fn make(&mut self) -> Result<NonNull<Node<2>>, ()> {
        Ok(NonNull::from(Box::leak(Box::new(Node::new()))))
    }

    fn keep(&mut self, node: NonNull<Node<2>>) {
        self.0.lock().unwrap().push(node.as_ptr().expose_provenance());
    }

    fn unmake(&mut self, node: NonNull<Node<2>>) {
        // SAFETY: the node is a box's, and no other thread has seen it.
        drop(unsafe { Box::from_raw(node.as_ptr()) });
    }
}

impl Things {
    fn new() -> Arc<Self> {
        let things = [0; 3].map(OwnedCell::new);
        Arc::new(Things { table: Table::new(), things, kept: Mutex::new(Vec::new()) })
    }

    fn enter(&self, number: usize) -> Result<(), Refused<()>> {
        self.things[number].replace(number + 1);
        let entered = self.table.enter(number, number + 1, NonNull::from(&self.things[number]), &mut Makes(&self.kept));
        if entered.is_ok() {
            assert_eq!(self.find(number), Some(number + 1), "what was entered is not found");
        }
        entered
    }

    fn find(&self, number: usize) -> Option<usize> {
        // SAFETY: things stay until the model's end.
        self.table.find(number).map(|thing| unsafe { thing.as_ref() }.read())
    }
}

impl Drop for Things {
    fn drop(&mut self) {
        for node in self.kept.get_mut().unwrap().drain(..) {
            // SAFETY: the node was leaked when it was made, and no thread uses the table any more.
            drop(unsafe { Box::from_raw(core::ptr::with_exposed_provenance_mut::<Node<2>>(node)) });
        }
    }
}

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "a table is read while a thing is entered",
        preemptions: 4,
        run: find_against_enter,
        catches: &[Bug::TableFindRelaxed, Bug::TableNodeRelaxed],
    },
    Model {
        name: "a table is read while a thing is entered into a node that is there",
        preemptions: 4,
        run: find_against_second,
        catches: &[Bug::TableEnterRelaxed, Bug::TableFindRelaxed],
    },
    Model {
        name: "a table is read while an entry is refused, and the thing ends",
        preemptions: 4,
        run: find_against_refused,
        catches: &[Bug::TableEntersEarly],
    },
    Model {
        name: "two threads enter things that need the same nodes",
        preemptions: 4,
        run: enter_against_enter,
        catches: &[Bug::TableNodeTorn],
    },
];

fn find_against_enter() {
    let things = Things::new();
    let find = |things: &Things| {
        for _ in 0..2 {
            assert!(matches!(things.find(0), None | Some(1)), "a thing was found unwritten");
        }
    };
    share(&things, find, |things| things.enter(0).unwrap());
    assert_eq!(things.find(0), Some(1));
}

fn find_against_second() {
    let things = Things::new();
    things.enter(0).unwrap();
    let find = |things: &Things| assert!(matches!(things.find(1), None | Some(2)), "a thing was found unwritten");
    share(&things, find, |things| things.enter(1).unwrap());
    assert_eq!([0, 1].map(|number| things.find(number)), [Some(1), Some(2)]);
}

fn find_against_refused() {
    let things = Things::new();
    things.enter(1).unwrap();
    let find = |things: &Things| assert_eq!(things.find(0), None, "a thing was found whose entry is refused");
    share(&things, find, |things| {
        let refused = things.table.enter(0, 2, NonNull::from(&things.things[0]), &mut Makes(&things.kept));
        assert_eq!(refused, Err(Refused::Taken));
        // Its memory is another's from here on.
        things.things[0].replace(9);
    });
    assert_eq!([0, 1].map(|number| things.find(number)), [None, Some(2)]);
}

fn enter_against_enter() {
    let things = Things::new();
    share(&things, |things| things.enter(0).unwrap(), |things| things.enter(1).unwrap());
    assert_eq!([0, 1, 2].map(|number| things.find(number)), [Some(1), Some(2), None]);
}
