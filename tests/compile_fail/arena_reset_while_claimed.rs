//! A claim borrows the arena: nobody resets or drops it meanwhile.

fn main() {
    let mut arena = region::Arena::new();
    let claim = arena.claim();
    arena.reset();
    claim.alloc(1u32);
}
