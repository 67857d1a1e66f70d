//! Other processes change plain values at any time, so safe code gets copies of them.

use region::SharedArena;
use std::sync::atomic::AtomicU32;

fn main() {
    let arena = SharedArena::new(4096).unwrap();
    let number = arena.alloc(1u64).unwrap();
    let _: &u64 = arena.get(number).unwrap();
    let small = arena.alloc(AtomicU32::new(1)).unwrap();
    let _ = arena.get(small).unwrap();
}
