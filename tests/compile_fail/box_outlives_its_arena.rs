//! A box refers into its arena, and its `Drop` looks there.

fn main() {
    let boxed;
    {
        let arena = region::Arena::new();
        boxed = region::collections::Box::new_in(1, &arena);
    }
    assert_eq!(*boxed, 1);
}
