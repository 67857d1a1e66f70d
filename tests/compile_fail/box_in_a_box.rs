//! Containers are made in arenas, and not in what holds one.

fn main() {
    let arena = Box::new(region::Arena::new());
    let one = region::collections::Box::new_in(1, &arena);
}
