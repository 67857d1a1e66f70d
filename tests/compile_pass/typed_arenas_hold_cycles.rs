//! Values of a typed arena, or of an append-only vector, refer to each other and to themselves, in cycles.

use region::{AppendVec, RegionVec, TypedArena};
use std::cell::Cell;

struct Node<'a> {
    name: String,
    next: Cell<Option<&'a Node<'a>>>,
}

fn node<'a>(name: &str) -> Node<'a> {
    Node { name: name.into(), next: Cell::new(None) }
}

fn main() {
    let arena = TypedArena::new();
    let first: &Node = arena.alloc(node("first"));
    let second: &Node = arena.alloc(node("second"));
    first.next.set(Some(second));
    second.next.set(Some(first));
    assert_eq!(first.next.get().unwrap().next.get().unwrap().name, "first");

    let row = AppendVec::new();
    let (first, second) = (row.push(node("first")), row.push(node("second")));
    first.next.set(Some(second));
    second.next.set(Some(first));
    assert_eq!(row[0].next.get().unwrap().next.get().unwrap().name, "first");

    // As with std's vector, what values without a `Drop` refer to may end first.
    let mut words = RegionVec::new();
    let text = String::from("a b");
    words.extend(text.split(' '));
    assert_eq!(words, ["a", "b"]);

    // And a value with a `Drop` may refer to what outlives the arena.
    struct Count<'a>(&'a Cell<u32>);
    impl Drop for Count<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let drops = Cell::new(0);
    let arena = TypedArena::new();
    arena.alloc_extend([Count(&drops), Count(&drops)]);
    drop(arena);
    assert_eq!(drops.get(), 2);
}
