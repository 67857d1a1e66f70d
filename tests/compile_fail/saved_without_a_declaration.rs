//! A type that nobody declared is not saved.

use region::cage::Saved;

region::cage! { struct Ast; }

struct Plain(u32);

region::root! { struct Root = for<'a> Plain; }

fn main() {
    let _ = Saved::<Root, Ast>::image(&Plain(1));
}
