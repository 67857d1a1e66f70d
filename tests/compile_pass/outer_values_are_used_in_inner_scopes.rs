//! Values of the arena and of outer scopes are used, and changed, in inner ones.

fn main() {
    let mut arena = region::Arena::new();
    let total = arena.scoped(|mut outer| {
        let sum = outer.alloc(1u32);
        let words = outer.alloc_slice_copy(&["a", "b"]);
        outer.scoped(|mut inner| {
            words[0] = "c";
            *sum += *inner.alloc(2);
            let mut guard = inner.scope_guard();
            *sum += *guard.scope().alloc(3);
        });
        let after = outer.alloc(words.len() as u32);
        *sum + *after
    });
    assert_eq!(total, 8);
}
