//! A function cannot return a value of an arena of its own.

fn made<'a>() -> &'a mut u32 {
    let arena = region::Arena::new();
    arena.alloc(1u32)
}

fn main() {
    made();
}
