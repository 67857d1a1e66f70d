//! `shareable!` checks with the language's `assert!`, whatever a program calls so.

macro_rules! assert {
    ($($anything:tt)*) => {};
}

region::shareable! {
    struct Padded { byte: u8, word: u64 }
}

fn main() {
    assert!(false);
}
