//! What a string leaves behind lives as long as the arena is borrowed.

fn main() {
    let mut arena = region::Arena::new();
    let text = region::format!(in &arena, "{}", 1).into_bump_str();
    arena.reset();
    assert_eq!(text, "1");
}
