//! A reset would take the vector's room.

fn main() {
    let mut arena = region::Arena::new();
    let mut row = region::collections::Vec::new_in(&arena);
    row.push(1);
    arena.reset();
    row.push(2);
}
