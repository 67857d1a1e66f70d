//! Nor can it leave by a variable outside.

fn main() {
    let mut arena = region::Arena::new();
    let mut escaped = None;
    arena.scoped(|scope| escaped = Some(scope.alloc(1u32)));
    println!("{escaped:?}");
}
