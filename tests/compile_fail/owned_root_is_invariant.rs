//! A root whose lifetime must not be shortened has no name: with a cell of references, a value of a shorter life could
//! be put in through what was read.

use std::cell::Cell;

struct Node<'a> {
    next: Cell<Option<&'a Node<'a>>>,
}

region::root! { struct Cells = for<'a> &'a Cell<&'a str>; }
region::root! { struct Cycles = for<'a> &'a Node<'a>; }
region::root! { struct Mutable = for<'a> &'a mut Option<&'a str>; }
region::root! { struct Takes = for<'a> fn(&'a str); }

fn main() {
    let _ = |node: &Node| node.next.get().is_some();
}
