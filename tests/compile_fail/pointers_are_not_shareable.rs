//! An address means nothing in another process, and a peer may write an offset of zero or a `bool` of two.

use region::SharedArena;
use region::shared::Offset;

fn main() {
    let arena = SharedArena::new(4096).unwrap();
    let text = String::from("mine");
    let _ = arena.alloc(text.as_str());
    let _ = arena.alloc(true);
    let offset: Offset<u32> = arena.alloc(1).unwrap();
    let _ = arena.alloc(offset);
}
