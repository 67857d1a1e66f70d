//! What a vector leaves in the scratch arena lives as long as the claim is borrowed, and not as long as the arena.

fn numbers<'a>(arena: &'a region::Arena) -> &'a [u32] {
    let claim = arena.claim();
    let mut row = region::collections::Vec::new_in(&*claim);
    row.push(1);
    row.into_bump_slice()
}

fn main() {
    numbers(&region::Arena::new());
}
