//! A box of a longer life serves where one of a shorter life is wanted, as a reference does.

use region::Arena;
use region::collections::Box;

fn shorten<'short, 'long: 'short>(boxed: Box<'long, &'static str>, _: &'short u8) -> Box<'short, &'short str> {
    boxed
}

/// A node of a tree whose links are boxes, and a trait object that borrows.
struct Node<'a> {
    left: Option<Box<'a, Node<'a>>>,
    show: Box<'a, dyn Fn() -> u32 + 'a>,
}

fn main() {
    let arena = Arena::new();
    let local = 1;
    assert_eq!(*shorten(Box::new_in("x", &arena), &0), "x");
    let leaf = Node { left: None, show: region::unsize_box!(Box::new_in(|| local, &arena)) };
    let root = Node { left: Some(Box::new_in(leaf, &arena)), show: region::unsize_box!(Box::new_in(|| local + 1, &arena)) };
    assert_eq!((root.show)() + (root.left.as_ref().unwrap().show)(), 3);
}
