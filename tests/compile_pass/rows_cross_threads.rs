//! Vectors and typed arenas that nobody borrows are sent, and a vector that grows is read by others.

use region::{AppendVec, RegionVec, TypedArena};

/// Vectors of longer-lived values serve where shorter-lived ones are asked for.
fn shorter<'a>(values: RegionVec<&'static str>, _: &'a u32) -> RegionVec<&'a str> {
    values
}

fn main() {
    let arena = TypedArena::new();
    arena.alloc(String::from("a"));
    let words = std::thread::spawn(move || arena.into_vec()).join().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(words, ["a"]));
        assert_eq!(words.len(), 1);
    });

    let log = AppendVec::new();
    let reader = log.reader();
    std::thread::scope(|scope| {
        scope.spawn(move || while reader.is_empty() {});
        log.push(1u8);
    });
    assert_eq!(shorter(RegionVec::from(["b"]), &1), ["b"]);
}
