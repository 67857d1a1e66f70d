//! The scratch arena itself is lent no longer than the claim is borrowed.

fn main() {
    let arena = region::Arena::new();
    let scratch: &region::Arena;
    {
        let claim = arena.claim();
        scratch = &claim;
    }
    scratch.alloc(1u32);
}
