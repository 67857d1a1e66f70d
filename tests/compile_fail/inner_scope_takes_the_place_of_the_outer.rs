//! An inner scope cannot be put where the outer one was, to outlive its guard there.

fn main() {
    let mut arena = region::Arena::new();
    arena.scoped(|mut outer| {
        let mut guard = outer.scope_guard();
        let mut inner = guard.scope();
        std::mem::swap(&mut outer, &mut inner);
        inner.alloc(1u32);
    });
}
