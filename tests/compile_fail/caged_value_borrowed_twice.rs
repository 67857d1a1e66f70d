//! A box is the only way to its value, and a borrow of the box is one of the value.

use region::cage::{Box32, Cage};

region::cage! {
    struct Ast;
}

fn main() {
    let arena = Ast::arena();
    let mut boxed = Box32::<_, Ast>::new_in(1, &arena);
    let shared = &*boxed;
    *boxed = 2;
    assert_eq!(*shared, 1);
}
