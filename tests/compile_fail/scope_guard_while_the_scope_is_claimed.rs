//! A scope inside a scope waits until the claim is dropped.

fn main() {
    let mut arena = region::Arena::new();
    arena.scoped(|mut scope| {
        let claim = scope.claim();
        let inner = scope.scope_guard();
        claim.alloc(1u32);
        drop(inner);
    });
}
