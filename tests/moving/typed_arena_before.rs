//! A graph with cycles in a `typed_arena::Arena`: nodes refer to each other, and are dropped with it.

use std::cell::RefCell;
use typed_arena::Arena;

pub struct Node<'a> {
    name: String,
    next: RefCell<Vec<&'a Node<'a>>>,
}

pub fn run(text: &str) -> String {
    let nodes = Arena::new();
    let words: Vec<&Node> = text
        .split_whitespace()
        .map(|word| &*nodes.alloc(Node { name: word.to_owned(), next: RefCell::new(Vec::new()) }))
        .collect();
    for (at, node) in words.iter().enumerate() {
        node.next.borrow_mut().push(words[(at + 1) % words.len()]);
    }
    let Some(first) = words.first() else { return String::new() };
    let mut at = *first;
    let mut shown = String::new();
    for _ in 0..words.len() * 2 {
        shown += &at.name;
        let next = at.next.borrow()[0];
        at = next;
    }
    shown + &nodes.len().to_string()
}
