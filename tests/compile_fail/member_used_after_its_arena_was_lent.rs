//! A member that gave its arena away cannot go to another thread, or allocate.

fn main() {
    let pool = region::ArenaPool::new();
    let member = pool.member();
    let arena = member.into_arena();
    std::thread::scope(|threads| {
        threads.spawn(move || *member.alloc(1));
    });
    arena.alloc(2);
}
