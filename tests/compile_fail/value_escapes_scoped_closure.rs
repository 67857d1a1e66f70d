//! A value of a scope cannot be what its closure returns.

fn main() {
    let mut arena = region::Arena::new();
    let escaped: &mut u32 = arena.scoped(|scope| scope.alloc(1u32));
    *escaped += 1;
}
