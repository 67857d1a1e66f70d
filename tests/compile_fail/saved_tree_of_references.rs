//! An address means nothing in another process.

use region::cage::Ref32;

region::cage! { struct Ast; }

region::savable! {
    in Ast;
    struct Node<'a> { number: u32, name: &'a str, next: Option<Ref32<'a, Node<'a>, Ast>> }
}

fn main() {}
