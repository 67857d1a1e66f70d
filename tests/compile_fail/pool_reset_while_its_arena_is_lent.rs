//! An arena that was lent for the pool's life keeps the pool from being reset.

fn main() {
    let mut pool = region::ArenaPool::new();
    let arena = pool.member().into_arena();
    pool.reset();
    arena.alloc(1);
}
