//! A member goes to another thread when nothing in this one borrows its arena.

fn main() {
    let pool = region::ArenaPool::new();
    let member = pool.member();
    let claim = member.claim();
    std::thread::scope(|threads| {
        threads.spawn(move || *member.alloc(1));
    });
    claim.alloc(2);
}
