//! A vector gives its room back to the arena when it is dropped.

fn main() {
    let row;
    {
        let arena = region::Arena::new();
        row = region::vec![in &arena; 1, 2];
    }
    assert_eq!(row.len(), 2);
}
