//! A tree is opened in one cage.

use region::cage::Ref32;

region::cage! { struct Ast; }
region::cage! { struct Other; }

region::savable! {
    in Ast;
    struct Node<'a> { number: Ref32<'a, u32, Other> }
}

fn main() {}
