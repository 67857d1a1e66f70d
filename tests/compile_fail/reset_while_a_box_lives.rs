//! A reset would take the value that the box is to drop.

fn main() {
    let mut arena = region::Arena::new();
    let boxed = region::collections::Box::new_in(String::from("x"), &arena);
    arena.reset();
    drop(boxed);
}
