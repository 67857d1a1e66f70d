//! A value of the scratch arena cannot be what the closure gives back.

fn main() {
    let arena = region::Arena::new();
    let value = arena.claimed(|scratch| scratch.alloc(1u32));
    *value += 1;
}
