//! An arena that was lent for the pool's life ends with the pool.

fn main() {
    let arena: &region::Arena = {
        let pool = region::ArenaPool::new();
        pool.member().into_arena()
    };
    arena.alloc(1);
}
