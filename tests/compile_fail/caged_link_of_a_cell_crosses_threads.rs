//! A link is a shared reference: what threads may not share, they may not have by links either.

use region::cage::{Cage, Ref32};
use std::cell::Cell;

region::cage! {
    struct Ast;
}

fn main() {
    let arena = Ast::arena();
    let counter = Ref32::<_, Ast>::new_in(Cell::new(1), &arena);
    std::thread::scope(|scope| {
        scope.spawn(move || counter.set(2));
    });
}
