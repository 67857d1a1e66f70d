//! So a reference to it cannot be sent to another.

fn main() {
    let arena = region::Arena::new();
    std::thread::scope(|threads| {
        threads.spawn(|| arena.alloc(1u32));
        arena.alloc(2u32);
    });
}
