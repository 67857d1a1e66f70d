//! What a claim has goes back to the arena: it is not reset as an arena, and no other takes its place.

fn main() {
    let arena = region::Arena::new();
    let mut claim = arena.claim();
    claim.reset_keeping(0);
    *claim = region::Arena::new();
}
