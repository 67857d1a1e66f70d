//! An arena with a vector in it is not reset, scoped or moved while the vector, or what it became, is used: not even if
//! it has grown in another arena since.

use region::Arena;
use region::collections::unmanaged::{ThinVec, Vec};

fn main() {
    let (mut arena, other) = (Arena::new(), Arena::new());
    let mut row = Vec::from_iter_in([1, 2], &arena);
    row.reserve(1_000, &other);
    arena.reset();
    println!("{row:?}");

    let thin = ThinVec::from_iter_in([1, 2], &arena).into_thin_slice();
    arena.scoped(|scope| *scope.alloc(1));
    println!("{thin:?}");

    let slice = ThinVec::from_iter_in([1, 2], &arena).into_slice();
    drop(arena);
    println!("{slice:?}");
}
