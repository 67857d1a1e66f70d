//! Containers without an arena serve where ones of a shorter life are wanted, stand in nodes that refer to each other in
//! cycles, and may be older than what they refer to: they have no destructor.

use region::collections::unmanaged::{String, ThinSlice, ThinStr, ThinString, ThinVec, Vec};
use region::{Arena, Owned};
use std::cell::Cell;

fn shorten<'short, 'long: 'short>(
    row: Vec<'long, &'static str>,
    thin: ThinVec<'long, &'static str>,
    slice: ThinSlice<'long, &'static str>,
    _: &'short u8,
) -> (Vec<'short, &'short str>, ThinVec<'short, &'short str>, ThinSlice<'short, &'short str>) {
    (row, thin, slice)
}

fn texts<'short>(text: String<'static>, thin: ThinString<'static>, str: ThinStr<'static>) -> (String<'short>, ThinString<'short>, ThinStr<'short>) {
    (text, thin, str)
}

struct Node<'a> {
    name: String<'a>,
    next: Cell<Option<&'a Node<'a>>>,
    around: Vec<'a, &'a Node<'a>>,
    kids: ThinVec<'a, Node<'a>>,
}

impl<'a> Node<'a> {
    fn new(name: &str, arena: &'a Arena) -> Self {
        let name = String::from_str_in(name, arena);
        Node { name, next: Cell::new(None), around: Vec::new(), kids: ThinVec::new() }
    }
}

struct Tree<'a>(Vec<'a, Tree<'a>>, ThinStr<'a>);
region::root! { struct Trees = for<'a> Tree<'a>; }

fn send<T: Send + Sync>(value: T) -> T {
    value
}

fn main() {
    let arena = Arena::new();
    let (row, thin) = (Vec::from_iter_in(["x"], &arena), ThinVec::from_iter_in(["x"], &arena));
    let (row, thin, slice) = shorten(row, thin, ThinSlice::default(), &0);
    assert_eq!((row[0], thin[0], slice.len()), ("x", "x", 0));
    assert_eq!(texts(String::new(), ThinString::new(), ThinStr::default()).0, "");

    // Nodes on the stack and in the arena, in a circle.
    let (one, two) = (Node::new("one", &arena), Node::new("two", &arena));
    one.next.set(Some(&two));
    two.next.set(Some(&one));
    let mut three = Node::new("three", &arena);
    three.around.push(&one, &arena);
    three.kids.push(Node::new("kid", &arena), &arena);
    let three: &Node = arena.alloc(three);
    three.next.set(Some(three));
    assert_eq!((&*three.around[0].next.get().unwrap().name, three.kids.len()), ("two", 1));

    // Older than its value.
    let mut older = Vec::new();
    let younger = std::string::String::from("younger");
    older.push(&younger, &arena);
    assert_eq!(older.len(), 1);

    let tree: Owned<Trees> = send(Owned::new(|arena| {
        let leaf = Tree(Vec::new(), ThinStr::from_str_in("leaf", arena));
        Tree(Vec::from_iter_in([leaf], arena), ThinStr::default())
    }));
    assert_eq!(tree.get().0[0].1, "leaf");
}
