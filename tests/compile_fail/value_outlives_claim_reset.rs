//! A claim's reset frees what was allocated in it.

fn main() {
    let arena = region::Arena::new();
    let mut claim = arena.claim();
    let value = claim.alloc(1u32);
    claim.reset();
    *value += 1;
}
