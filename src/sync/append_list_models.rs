//! Models of append lists: things are appended while others walk.
//!
//! A model fails when a walker finds a thing that is not written, or when a thing is lost ([`models`](crate::models)).

use super::append_list::{Link, Linked};
use crate::models::{Model, OwnedCell, share};
use crate::seeded::Bug;
use core::ptr::NonNull;
use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;

/// A thing in a list.
struct Node {
    link: Link<Node>,
    /// Written by the thread that made the node, read by those that find it.
    number: OwnedCell<usize>,
}

impl Linked for Node {
    fn link(&self) -> &Link<Node> {
        &self.link
    }
}

impl Node {
    fn number(&self) -> usize {
        self.number.read()
    }
}

/// A list of them.
struct Nodes {
    first: Link<Node>,
}

// SAFETY: nodes are reached through shared references, and their numbers never change once they are appended.
unsafe impl Send for Nodes {}
// SAFETY: what a shared reference allows is to append, which is atomic, and to read numbers that never change.
unsafe impl Sync for Nodes {}

impl Nodes {
    fn new() -> Arc<Self> {
        Arc::new(Nodes { first: Link::end() })
    }

    /// Makes a node and appends it; says whether that was the one that was appended.
    fn append(&self, number: usize) -> bool {
        let node = Box::new(Node { link: Link::end(), number: OwnedCell::new(0) });
        node.number.replace(number);
        let node = NonNull::from(Box::leak(node));
        // SAFETY: the node is whole and ours, and stays until the model's end (`Drop`).
        let appended = unsafe { self.first.append(node) };
        if !appended {
            // SAFETY: the node is still ours, as it was not appended.
            drop(unsafe { Box::from_raw(node.as_ptr()) });
        }
        appended
    }

    fn numbers(&self) -> Vec<usize> {
        self.first.iter().map(Node::number).collect()
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        let mut link = core::mem::replace(&mut self.first, Link::end());
        while let Some(node) = link.detach() {
            // SAFETY: the last `Arc` is being dropped, so no thread walks the list; each node is in it once.
            link = unsafe { Box::from_raw(node.as_ptr()) }.link;
        }
    }
}

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "a list is walked while a node is appended",
        preemptions: 5,
        run: walk_against_append,
        catches: &[Bug::ListAppendRelaxed, Bug::ListFollowRelaxed],
    },
    Model {
        name: "two threads append nodes",
        preemptions: 5,
        run: append_against_append,
        catches: &[Bug::ListAppendRelaxed, Bug::ListAppendTorn, Bug::ListFollowRelaxed],
    },
];

/// The walker is the thread that loom lets run second: where a thread loads what another stores later, loom looks
/// for the other order only if the store came first.
fn walk_against_append() {
    let nodes = Nodes::new();
    let walk = |nodes: &Nodes| {
        let mut before = 0;
        for _ in 0..2 {
            let seen = nodes.numbers();
            assert_eq!(seen, &[1, 2][..seen.len()], "nodes were seen unwritten or out of order");
            assert!(seen.len() >= before, "a node that was seen is gone");
            before = seen.len();
        }
    };
    share(&nodes, walk, |nodes| assert!(nodes.append(1) && nodes.append(2), "nobody else appended"));
    assert_eq!(nodes.numbers(), [1, 2]);
}

fn append_against_append() {
    let nodes = Nodes::new();
    let two = |nodes: &Nodes| [1, 2].map(|number| nodes.append(number).then_some(number));
    let (theirs, mine) = share(&nodes, two, |nodes| nodes.append(3).then_some(3));
    let mut appended: Vec<usize> = theirs.into_iter().chain([mine]).flatten().collect();
    assert!(appended.len() >= 2, "of two that append at once, one does");
    let mut found = nodes.numbers();
    appended.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, appended, "a node was lost, or one is there that was not appended");
}
