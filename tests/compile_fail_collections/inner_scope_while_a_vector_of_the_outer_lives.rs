//! The outer vector would grow into room that the inner scope gives back.

fn main() {
    let mut arena = region::Arena::new();
    arena.scoped(|mut outer| {
        let mut row = region::vec![in &outer; 1];
        outer.scoped(|inner| {
            inner.alloc(1);
            row.push(2);
        });
    });
}
