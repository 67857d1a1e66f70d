//! A reset would hand the vector's memory out again.

use region::cage::{Cage, Vec32};

region::cage! {
    struct Ast;
}

fn main() {
    let mut arena = Ast::arena();
    let mut rows = Vec32::<u32, Ast>::new();
    rows.push(1, &arena);
    arena.reset();
    assert_eq!(rows, [1]);
}
