//! A reset of the guard ends what was allocated in its scope.

fn main() {
    let mut arena = region::Arena::new();
    let mut guard = arena.scope_guard();
    let value = guard.scope().alloc(1u32);
    guard.reset();
    *value += 1;
}
