//! A value of a guard's scope ends with the guard.

fn main() {
    let mut arena = region::Arena::new();
    let mut guard = arena.scope_guard();
    let value = guard.scope().alloc(1u32);
    drop(guard);
    *value += 1;
}
