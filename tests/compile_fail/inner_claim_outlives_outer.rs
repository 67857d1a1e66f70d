//! Claims end in order: the inner one borrows the outer.

fn main() {
    let arena = region::Arena::new();
    let outer = arena.claim();
    let inner = outer.claim();
    drop(outer);
    inner.alloc(1u32);
}
