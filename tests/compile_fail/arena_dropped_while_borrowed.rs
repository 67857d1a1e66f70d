//! An arena cannot go while a value of it is in use.

fn main() {
    let arena = region::Arena::new();
    let value = arena.alloc(1u32);
    drop(arena);
    *value += 1;
}
