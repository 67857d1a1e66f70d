//! A reference that is pushed must live as long as the type says.

use region::{AppendVec, TypedArena};

fn arena<'s, 'a>(arena: &'s TypedArena<&'static str>, word: &'a str) {
    let shorter: &'s TypedArena<&'a str> = arena;
    shorter.alloc(word);
}

fn append<'s, 'a>(vec: &'s AppendVec<&'static str>, word: &'a str) {
    let shorter: &'s AppendVec<&'a str> = vec;
    shorter.push(word);
}

fn main() {
    arena(&TypedArena::new(), &String::from("gone"));
    append(&AppendVec::new(), &String::from("gone"));
}
