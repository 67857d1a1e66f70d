//! `reset_keeping` ends every value as `reset` does.

fn main() {
    let mut arena = region::Arena::new();
    let text = arena.alloc_str("gone");
    arena.reset_keeping(1 << 20);
    assert_eq!(text, "gone");
}
