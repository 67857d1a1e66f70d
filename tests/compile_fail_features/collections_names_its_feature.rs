//! Vectors, strings and their macros need the feature `collections`.

use region::collections::Vec;

fn main() {
    let arena = region::Arena::new();
    let numbers: Vec<u32> = region::vec![in &arena; 1, 2];
    let text: region::collections::String = region::format!(in &arena, "{}", numbers.len());
}
