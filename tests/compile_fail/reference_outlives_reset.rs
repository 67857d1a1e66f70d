//! A reset ends every value, so none may be used after it.

fn main() {
    let mut arena = region::Arena::new();
    let value = arena.alloc(1u32);
    arena.reset();
    *value += 1;
}
