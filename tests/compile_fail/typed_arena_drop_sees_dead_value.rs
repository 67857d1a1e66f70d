//! A `Drop` could look at a value that was dropped before it.

use std::cell::Cell;

struct Node<'a> {
    name: String,
    next: Cell<Option<&'a Node<'a>>>,
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        println!("{}", self.next.get().unwrap().name);
    }
}

fn main() {
    let arena = region::TypedArena::new();
    let first: &Node = arena.alloc(Node { name: "first".into(), next: Cell::new(None) });
    let second: &Node = arena.alloc(Node { name: "second".into(), next: Cell::new(Some(first)) });
    first.next.set(Some(second));
}
