//! A value of a claim's scratch arena ends with the claim.

fn main() {
    let arena = region::Arena::new();
    let claim = arena.claim();
    let value = claim.alloc(1u32);
    drop(claim);
    *value += 1;
}
