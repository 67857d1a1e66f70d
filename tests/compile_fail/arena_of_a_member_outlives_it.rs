//! The arena that a member dereferences to is another member's after it.

fn main() {
    let pool = region::ArenaPool::new();
    let member = pool.member();
    let arena: &region::Arena = &member;
    drop(member);
    arena.alloc(1);
}
