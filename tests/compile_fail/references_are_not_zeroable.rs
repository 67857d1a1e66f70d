//! All bytes zero is no reference.

fn main() {
    let arena = region::Arena::new();
    arena.alloc_zeroed::<&u32>();
}
