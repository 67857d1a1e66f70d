//! What an opened tree leads to is borrowed from it.

use region::cage::{Saved, Str32};

region::cage! { struct Ast; }
region::root! { struct Name = for<'a> Str32<'a, Ast>; }

fn main() {
    let tree = Saved::<Name, Ast>::from_bytes(&[]).unwrap();
    let name = tree.get().as_str();
    drop(tree);
    println!("{name}");
}
