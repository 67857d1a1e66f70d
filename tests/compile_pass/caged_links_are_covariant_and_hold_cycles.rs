//! Links into a cage: covariant in what they lead to and in the arena's life, and part of types that refer to each other.

use region::cage::{Box32, Cage, CageArena, Ref32, Slice32, Str32, Vec32};
use std::cell::Cell;

region::cage! {
    /// Graphs.
    pub struct Graphs;
}

fn shorter<'short, 'long: 'short>(
    link: Ref32<'long, &'long str, Graphs>,
    boxed: Box32<'long, &'long str, Graphs>,
    list: Slice32<'long, &'long str, Graphs>,
    rows: Vec32<'long, &'long str, Graphs>,
    text: Str32<'long, Graphs>,
) -> (
    Ref32<'short, &'short str, Graphs>,
    Box32<'short, &'short str, Graphs>,
    Slice32<'short, &'short str, Graphs>,
    Vec32<'short, &'short str, Graphs>,
    Str32<'short, Graphs>,
) {
    (link, boxed, list, rows, text)
}

/// A node of a graph with cycles, and one that owns its children.
struct Node<'a> {
    next: Cell<Option<Ref32<'a, Node<'a>, Graphs>>>,
}

struct Tree<'a> {
    parent: Cell<Option<Ref32<'a, Tree<'a>, Graphs>>>,
    first: Option<Box32<'a, Tree<'a>, Graphs>>,
    others: Vec32<'a, Tree<'a>, Graphs>,
}

/// A tree that was moved out of the function which built it.
fn tree(arena: &CageArena<Graphs>) -> Tree<'_> {
    let leaf = || Tree { parent: Cell::new(None), first: None, others: Vec32::new() };
    let mut others = Vec32::new();
    others.push(leaf(), arena);
    Tree { parent: Cell::new(None), first: Some(Box32::new_in(leaf(), arena)), others }
}

fn main() {
    let arena = Graphs::arena();
    let one = Ref32::new_in(Node { next: Cell::new(None) }, &arena);
    let two = Ref32::new_in(Node { next: Cell::new(Some(one)) }, &arena);
    one.next.set(Some(two));
    assert_eq!(Ref32::number(one), Ref32::number(two.next.get().unwrap()));
    let built = Ref32::new_in(tree(&arena), &arena);
    built.others[0].parent.set(Some(built));
    built.first.as_ref().unwrap().parent.set(Some(built));
    let text = std::string::String::from("shorter than the arena's life");
    let _ = shorter(
        Ref32::new_in(&*text, &arena),
        Box32::new_in(&*text, &arena),
        Slice32::new_in(&[&*text], &arena),
        Vec32::from_iter_in([&*text], &arena),
        Str32::new_in(&text, &arena),
    );
}
