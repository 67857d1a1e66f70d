//! A link borrows its arena, as a reference does.

use region::cage::{Cage, Ref32};

region::cage! {
    struct Ast;
}

fn main() {
    let link;
    {
        let arena = Ast::arena();
        link = Ref32::<_, Ast>::new_in(7, &arena);
    }
    assert_eq!(*link, 7);
}
