//! The arena waits for its guard.

fn main() {
    let mut arena = region::Arena::new();
    let guard = arena.scope_guard();
    let kept = arena.alloc(1u32);
    drop(guard);
    *kept += 1;
}
