//! What a page, a plugin or a desktop program does with arenas: `run.mjs` calls each function in WebAssembly, `program.rs` on
//! Windows and wherever it is built for.
//!
//! The standard library's allocator takes of the same memory meanwhile.

use region::backing::DefaultBacking;
#[cfg(target_family = "wasm")]
use region::backing::LinearMemory as Named;
#[cfg(any(unix, windows))]
use region::backing::Mapped as Named;
use region::collections::{String, Vec};
use region::{Arena, Heap, Owned};
use std::alloc::Layout;
use std::hint::black_box;

/// Lists in arenas that live and die: the memory that they gave back is taken again.
#[unsafe(no_mangle)]
pub extern "C" fn lives(count: u32, nodes: u32) -> u64 {
    struct Node<'a> {
        next: Option<&'a Node<'a>>,
        value: u64,
    }
    let mut sum = 0;
    for _ in 0..count {
        let arena = Arena::new();
        let mut list = None;
        for value in 0..u64::from(nodes) {
            list = Some(&*arena.alloc(Node { next: list, value }));
        }
        while let Some(node) = black_box(list) {
            (sum, list) = (sum + node.value, node.next);
        }
    }
    sum
}

/// Values of both allocators, neither of which meets the other's.
#[unsafe(no_mangle)]
pub extern "C" fn beside_the_standard_allocator() -> u32 {
    let arenas: std::vec::Vec<Arena> = (0..20).map(|_| Arena::new()).collect();
    let mut theirs: std::vec::Vec<std::vec::Vec<u8>> = std::vec::Vec::new();
    let mut ours: std::vec::Vec<&[u8]> = std::vec::Vec::new();
    for round in 0..200usize {
        theirs.push(vec![1; round * 100]);
        ours.push(arenas[round % arenas.len()].alloc_slice_fill_copy(round * 100, 2u8));
    }
    assert!(theirs.iter().flatten().all(|&byte| byte == 1));
    assert!(ours.iter().copied().flatten().all(|&byte| byte == 2));
    (theirs.len() + ours.len()) as u32
}

/// Zeroes, large alignments, text, containers, heaps, owners.
#[unsafe(no_mangle)]
pub extern "C" fn all_kinds() -> u32 {
    let dirty = Arena::new();
    dirty.alloc_slice_fill_copy(200_000, 0xffu8);
    drop(dirty);
    let arena = Arena::new();
    assert!(arena.alloc_zeroed::<[u64; 20_000]>().iter().all(|&word| word == 0));
    for align in [1, 64, 4096, 1 << 16, 1 << 20] {
        let at = arena.alloc_layout(Layout::from_size_align(100, align).unwrap());
        assert!(at.addr().get() % align == 0);
    }
    let mut names = Vec::new_in(&arena);
    for round in 0..1000 {
        names.push(region::format!(in &arena, "name {round}"));
    }
    let last: &String<_> = names.last().unwrap();
    assert_eq!(*last, "name 999");
    let named: DefaultBacking = Named::default();
    let by_name = Arena::<1, Named>::new_in(named);
    assert_eq!(by_name.alloc_str("odd"), "odd");

    let mut heap = Heap::new();
    let blocks: std::vec::Vec<_> =
        (1..1000).map(|size| heap.alloc_layout(Layout::array::<u8>(size).unwrap())).collect();
    for block in blocks {
        // SAFETY: each is freed once.
        unsafe { heap.free(block) };
    }
    heap.clear();

    region::root! { struct Words = for<'a> &'a [&'a str]; }
    let words: Owned<Words> = Owned::new(|arena| {
        let words = "a few words".split(' ').map(|word| &*arena.alloc_str(word));
        &*arena.alloc_slice_fill_iter(words.collect::<std::vec::Vec<_>>())
    });
    words.get().len() as u32
}

/// A buffer first, more memory after it; a capacity; a reset that keeps some; a pool of arenas by hand.
#[unsafe(no_mangle)]
pub extern "C" fn beginnings_and_resets() -> u32 {
    let mut buffer = region::StackBuffer::<4096>::new();
    let arena = Arena::with_buffer(&mut buffer);
    for round in 0..1000u32 {
        assert_eq!(*arena.alloc(round), round);
    }
    assert!(arena.stats().blocks > 1);
    let mut arena = Arena::with_capacity(3 << 20);
    let start = arena.alloc_slice_fill_copy(3 << 20, 1u8).as_ptr();
    arena.reset();
    assert_eq!(arena.alloc_slice_fill_copy(3 << 20, 2u8).as_ptr(), start);
    arena.reset_keeping(0);
    assert!(arena.alloc_slice_zeroed::<u8>(20 << 20).iter().all(|&byte| byte == 0));
    let mut arenas: std::vec::Vec<Arena> = (0..100).map(|_| Arena::default()).collect();
    for round in 0..10_000usize {
        let arena = &mut arenas[round % 100];
        arena.alloc_str("some text");
        if round % 7 == 0 {
            arena.reset();
        }
    }
    arenas.iter().map(|arena| arena.used() as u32).sum()
}

/// What is beyond the memory's end is an error, and leaves the arena as it was. The length of its reason's text.
#[unsafe(no_mangle)]
pub extern "C" fn refused() -> u32 {
    let arena = Arena::new();
    let kept = arena.alloc(7u64);
    for size in [isize::MAX as usize / 2, isize::MAX as usize - 8] {
        let layout = Layout::from_size_align(size, 8);
        assert!(layout.map_or(true, |layout| arena.try_alloc_layout(layout).is_err()));
    }
    // A gigabyte is more than the module may have, and half of all addresses more than any process.
    let much = if cfg!(target_family = "wasm") { 1 << 30 } else { isize::MAX as usize / 2 };
    let error = arena.try_alloc_layout(Layout::from_size_align(much, 1).unwrap()).unwrap_err();
    assert_eq!(*kept, 7);
    assert_eq!(*arena.alloc(8u64), 8);
    let text = error.to_string();
    assert!(cfg!(unix) || text.contains(if cfg!(windows) { "VirtualAlloc" } else { "greatest size" }), "{text}");
    text.len() as u32
}

/// Rows of one type that grow in a reservation, and are dropped there.
#[unsafe(no_mangle)]
pub extern "C" fn typed_rows() -> u32 {
    use region::{AppendVec, RegionVec, TypedArena};
    let mut row = RegionVec::with_reservation(50_000);
    row.push(0u64);
    let first = row.as_ptr();
    row.extend(1..50_000);
    assert_eq!((row.as_ptr(), row.iter().copied().sum::<u64>()), (first, (0..50_000).sum()));
    while row.try_push(1).is_ok() {}
    assert!(row.len() == row.capacity() && row.len() < 60_000);
    struct Drops<'a>(&'a std::cell::Cell<u32>);
    impl Drop for Drops<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let dropped = std::cell::Cell::new(0);
    let arena = TypedArena::with_reservation(1000);
    (0..1000).for_each(|_| _ = arena.alloc(Drops(&dropped)));
    drop(arena);
    let names = AppendVec::with_reservation(10);
    let first = names.push_id("first");
    names.push("second");
    assert_eq!((names[first], names.len()), ("first", 2));
    dropped.get()
}
