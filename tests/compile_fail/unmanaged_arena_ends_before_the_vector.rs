//! A vector grows in no arena that ends before it does.

use region::Arena;
use region::collections::unmanaged::{String, ThinVec, Vec};

struct Node<'a> {
    kids: Vec<'a, u32>,
    names: ThinVec<'a, u32>,
    text: String<'a>,
}

fn grow<'a>(node: &mut Node<'a>) {
    let arena = Arena::new();
    node.kids.push(1, &arena);
    node.names.push(1, &arena);
    node.text.push('x', &arena);
    node.kids.with_arena(&arena).insert(0, 1);
}

fn shorter<'a, 'b>(row: &mut Vec<'a, u32>, arena: &'b Arena) {
    row.push(1, arena);
}

fn main() {
    let mut row = Vec::new();
    {
        let arena = Arena::new();
        row.push(1, &arena);
    }
    println!("{row:?}");
}
