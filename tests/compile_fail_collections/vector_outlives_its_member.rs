//! A vector in a member's arena would grow in another thread's, once the member is gone.

fn main() {
    let pool = region::ArenaPool::new();
    let member = pool.member();
    let mut row = region::vec![in &member; 1];
    drop(member);
    row.push(2);
}
