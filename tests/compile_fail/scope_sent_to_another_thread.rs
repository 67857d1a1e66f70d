//! A scope is a borrow of its arena, and stays in its thread as well.

fn main() {
    let mut arena = region::Arena::new();
    arena.scoped(|scope| {
        std::thread::scope(|threads| {
            threads.spawn(move || scope.alloc(1u32));
        });
    });
}
