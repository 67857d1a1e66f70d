//! A guard lends one scope at a time, so that no two can be nested out of order.

fn main() {
    let mut arena = region::Arena::new();
    let mut guard = arena.scope_guard();
    let mut first = guard.scope();
    let second = guard.scope();
    let inner = first.scope_guard();
    second.alloc(1u32);
    drop(inner);
}
