//! An arena that nobody borrows is sent, with what it holds.

fn main() {
    let arena = region::Arena::new();
    arena.alloc(1u32);
    std::thread::spawn(move || *arena.alloc(2u32)).join().unwrap();
}
