//! A vector of a longer life serves where one of a shorter life is wanted, and structs hold both kinds.

use region::Arena;
use region::collections::{String, Vec};

struct Tokens<'a> {
    names: Vec<'a, &'a str>,
    text: String<'a>,
}

fn shorten<'short>(row: Vec<'short, &'static str>, _: &'short str) -> Vec<'short, &'short str> {
    row
}

fn main() {
    let arena = Arena::new();
    let local = std::string::String::from("y");
    let names = shorten(region::vec![in &arena; "x"], &local);
    let mut tokens = Tokens { names, text: String::new_in(&arena) };
    tokens.names.push(arena.alloc_str("z"));
    tokens.text.push_str(tokens.names[1]);
    assert_eq!((tokens.names.len(), tokens.text.as_str()), (2, "z"));
}
