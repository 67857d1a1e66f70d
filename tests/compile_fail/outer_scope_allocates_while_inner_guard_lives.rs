//! Only the innermost scope allocates: what the outer one took now would end with the inner guard.

fn main() {
    let mut arena = region::Arena::new();
    arena.scoped(|mut outer| {
        let mut guard = outer.scope_guard();
        let inner = guard.scope();
        let kept = outer.alloc(1u32);
        inner.alloc(2u32);
        drop(guard);
        *kept += 1;
    });
}
