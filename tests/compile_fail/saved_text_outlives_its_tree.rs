//! Text of a saved tree lives as long as the tree is borrowed, whatever its type says.

use region::cage::Str32;

region::cage! { struct Ast; }

region::savable! {
    in Ast;
    struct Name { text: Str32<'static, Ast> }
}

fn main() {}
