//! A vector that has grown in scratch memory ends with it, wherever it began.

use region::Arena;
use region::collections::unmanaged::Vec;

fn main() {
    let mut arena = Arena::new();
    let mut row = Vec::from_iter_in([1, 2], &arena);
    let claim = arena.claim();
    row.push(3, &claim);
    drop(claim);
    println!("{row:?}");

    let mut scope = arena.scope_guard();
    let mut row = Vec::new();
    row.push(1, &scope.scope());
    scope.reset();
    println!("{row:?}");
}
