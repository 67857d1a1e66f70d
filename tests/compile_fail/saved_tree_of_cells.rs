//! An opened tree cannot be written.

region::cage! { struct Ast; }

region::savable! {
    in Ast;
    struct Counter { count: std::cell::Cell<u32> }
}

fn main() {}
