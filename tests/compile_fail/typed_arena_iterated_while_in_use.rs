fn main() {
    let mut arena = region::TypedArena::new();
    let first = arena.alloc(1);
    arena.iter_mut().for_each(|value| *value += 1);
    *first += 1;
}
