//! Misuses an arena as the argument says, or uses it in every lawful way.

use region::{Arena, ArenaPool, Mapped, StackBuffer};
use std::alloc::Layout;
use std::hint::black_box;

/// Reads through a pointer that may have gone stale.
fn read(stale: *const u8) -> u8 {
    // SAFETY: none: that is what the checker is to find.
    unsafe { black_box(stale).read_volatile() }
}

fn after_a_rewind(len: usize) -> u8 {
    let mut arena = Arena::new();
    arena.alloc(1u64);
    let stale = arena.scoped(|scope| scope.alloc_slice_fill_copy(len, 7u8)[len / 2..].as_ptr());
    read(stale)
}

fn after_a_reset() -> u8 {
    let mut arena = Arena::new();
    let stale = arena.alloc_str("gone").as_ptr();
    arena.reset();
    read(stale)
}

fn behind_the_last_value() -> u8 {
    let arena = Arena::new();
    let value: *const [u8; 24] = arena.alloc([1u8; 24]);
    read(value.cast::<u8>().wrapping_add(24))
}

fn of_a_slot_given_back() -> u8 {
    let arena = Arena::new();
    let kept = arena.alloc(1u64) as *const u64;
    assert!(arena.alloc_try_with(|| Err::<[u64; 9], ()>(())).is_err());
    read(kept.wrapping_add(3).cast())
}

fn not_yet_written() -> u8 {
    let arena = Arena::new();
    let layout = Layout::new::<[u8; 64]>();
    let place = arena.alloc_layout(layout);
    // SAFETY: none, as above: the bytes are the caller's and uninitialized, and the branch depends on them.
    if unsafe { place.as_ptr().add(5).read_volatile() } == 3 { 1 } else { 2 }
}

fn bytes(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

fn above_a_shrunk_block(neighbour: bool) -> u8 {
    let arena = Arena::new();
    let block = arena.alloc_layout(bytes(300, 8));
    if neighbour {
        arena.alloc(1u64);
    }
    // SAFETY: the block is alive, and 300 bytes long.
    unsafe {
        block.write_bytes(1, 300);
        arena.try_shrink(block, bytes(300, 8), bytes(100, 8)).unwrap();
    }
    read(block.as_ptr().wrapping_add(200))
}

fn where_a_grown_block_was() -> u8 {
    let arena = Arena::new();
    let block = arena.alloc_layout(bytes(40, 8));
    arena.alloc(1u64);
    // SAFETY: the block is alive, and 40 bytes long.
    unsafe {
        block.write_bytes(1, 40);
        arena.try_grow(block, bytes(40, 8), bytes(50, 8)).unwrap();
    }
    read(block.as_ptr())
}

/// A block that grows and shrinks through everything that can happen to it, always full, read in full.
fn change_a_block(arena: &Arena) -> usize {
    let mut layout = bytes(3, 1);
    let mut block = arena.alloc_layout(layout);
    // SAFETY: the block is alive with `layout` throughout, and written in full before it is read.
    unsafe {
        block.write_bytes(1, 3);
        let steps = [(5, 1), (8, 8), (30, 8), (33, 64), (100, 128), (5_000, 8), (90_000, 8), (1_000_000, 4096)];
        for (i, (size, align)) in steps.into_iter().enumerate() {
            let new = bytes(size, align);
            block = if i % 2 == 0 {
                arena.try_grow(block, layout, new).unwrap()
            } else {
                arena.try_grow_zeroed(block, layout, new).unwrap()
            };
            block.add(layout.size()).write_bytes(1, size - layout.size());
            layout = new;
            if i == 3 {
                arena.alloc(7u8);
            }
        }
        let sum = std::slice::from_raw_parts(block.as_ptr(), layout.size()).iter().map(|&byte| usize::from(byte)).sum();
        let small = bytes(1000, 8);
        block = arena.try_shrink(block, layout, small).unwrap();
        arena.free(block, small);
        sum
    }
}

/// Everything that is allowed, at sizes that cross every boundary.
fn lawful() -> u8 {
    fn fill(arena: &mut Arena) -> usize {
        let mut sum = 0;
        let text = arena.alloc_fmt(format_args!("{:>300}", "text"));
        sum += text.len();
        // Pieces that go into what rounds the first one up.
        let pieces = [black_box("123456789"), "1234", "56"];
        sum += arena.alloc_fmt(format_args!("{}{}{}", pieces[0], pieces[1], pieces[2])).len();
        for len in [1, 7, 64, 5_000, 70_000, 900_000] {
            sum += arena.alloc_slice_fill_copy(len, 1u8).iter().map(|&byte| usize::from(byte)).sum::<usize>();
            sum += arena.alloc_slice_fill_iter((0..len.min(9_000)).filter(|i| i % 3 == 0)).len();
            sum += arena.alloc_slice_zeroed::<u8>(len).iter().filter(|&&byte| byte == 0).count();
            assert!(arena.alloc_try_with(|| Err::<[u8; 900], ()>(())).is_err());
        }
        sum += change_a_block(arena);
        for _ in 0..3 {
            arena.scoped(|mut scope| {
                let kept = scope.alloc_slice_fill_copy(90_000, 2u8);
                scope.scoped(|inner| inner.alloc_slice_fill_copy(1 << 20, 3u8)[1]);
                sum += usize::from(kept[89_999]);
            });
        }
        sum
    }
    let mut arena = Arena::new();
    let first = fill(&mut arena);
    arena.reset();
    assert_eq!(fill(&mut arena), first);
    arena.reset_keeping(100_000);
    assert_eq!(fill(&mut arena), first);
    drop(arena);
    // Blocks that come from the cache, and a caller's own bytes after the arena.
    assert_eq!(fill(&mut Arena::new()), first);
    // Memory that is mapped where a paranoid arena's pages were.
    for _ in 0..3 {
        assert_eq!(fill(&mut Arena::new_in(Mapped::new().paranoid())), first);
        assert_eq!(fill(&mut Arena::new()), first);
    }
    let mut buffer = StackBuffer::<4096>::new();
    for _ in 0..2 {
        let small = Arena::with_buffer(&mut buffer);
        assert_eq!(small.alloc_slice_fill_copy(10_000, 5u8)[9_999], 5);
        assert_eq!(small.alloc([9u8; 100])[99], 9);
    }
    let pool = ArenaPool::new();
    let kept = pool.member().alloc_str("kept");
    pool.get().alloc([1u8; 100_000]);
    assert_eq!((kept.len(), pool.get().alloc_slice_zeroed::<u8>(9).len()), (4, 9));
    0
}

fn main() {
    let misuse = std::env::args().nth(1).unwrap_or_default();
    let byte = match misuse.as_str() {
        "rewind" => after_a_rewind(100),
        "rewind-across-blocks" => after_a_rewind(1 << 20),
        "reset" => after_a_reset(),
        "behind" => behind_the_last_value(),
        "given-back" => of_a_slot_given_back(),
        "shrunk" => above_a_shrunk_block(false),
        "shrunk-below-others" => above_a_shrunk_block(true),
        "moved" => where_a_grown_block_was(),
        "unwritten" => not_yet_written(),
        "lawful" => lawful(),
        other => panic!("no misuse is called {other:?}"),
    };
    println!("read {byte}");
}
