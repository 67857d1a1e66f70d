//! Misuses an arena or a row as the argument says, or uses them in every lawful way.

use region::backing::Mapped;
use region::{AppendVec, Arena, ArenaPool, Heap, Region, RegionVec, StackBuffer, TypedArena};
use std::alloc::Layout;
use std::hint::black_box;
use std::mem::MaybeUninit;

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

/// A heap that has taken blocks since, and freed none.
fn of_a_freed_block() -> u8 {
    let heap = Heap::new();
    let layout = bytes(48, 8);
    let block = heap.alloc_layout(layout);
    // SAFETY: the block is alive, and freed once.
    unsafe { heap.free(block) };
    (0..15).for_each(|_| _ = heap.alloc_layout(layout));
    read(block.as_ptr())
}

/// A heap whose blocks are freed and taken again, until there is no memory but theirs.
fn lawful_heap() -> u64 {
    let mut memory = StackBuffer::<16_384>::new();
    let mut heap = Heap::from_buffer(&mut memory);
    let mut sum = 0;
    for _ in 0..3 {
        let layout = bytes(200, 8);
        let fill = |heap: &Heap<_>| -> Vec<_> { std::iter::from_fn(|| heap.try_alloc_layout(layout).ok()).collect() };
        let blocks = fill(&heap);
        let count = blocks.len();
        assert!(count > 40 && heap.stats().blocks == count);
        for &block in &blocks {
            // SAFETY: the block is alive, has 200 bytes, and is freed once.
            unsafe {
                block.write_bytes(1, 200);
                heap.free(block);
            }
            assert!(!heap.contains(block) && heap.usable_size(block).is_none());
            // SAFETY: a free block is not freed.
            assert!(unsafe { heap.try_free(block) }.is_err());
        }
        let stats = heap.stats();
        assert_eq!((stats.blocks, stats.used), (0, 0));
        // All of it can be had again, in these pages and as a block of its own.
        assert_eq!(fill(&heap).len(), count);
        heap.clear();
        let large = heap.alloc_layout(bytes(8_000, 8));
        // SAFETY: the block is alive, has 8,000 bytes, and is freed once.
        unsafe {
            large.write_bytes(2, 8_000);
            sum += u64::from(large.read());
            heap.free(large);
        }
        heap.trim();
    }
    sum
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

/// Values of a row: Valgrind takes seconds for every mapping as far as a row's own.
const ROW: usize = 1 << 20;

/// Reads the value at `at` after `shorten` took it out of a vector of 2,000.
fn of_a_shortened_row(at: usize, shorten: impl FnOnce(&mut RegionVec<u8>)) -> u8 {
    let mut values = RegionVec::with_reservation(ROW);
    values.resize(2000, 7u8);
    let stale = &raw const values[at];
    shorten(&mut values);
    values.push(1);
    read(stale)
}

/// Reads right behind the last value of a row that was filled as `fill` says.
fn behind_a_row<'a>(arena: &'a TypedArena<[u8; 8]>, fill: impl FnOnce(&'a TypedArena<[u8; 8]>) -> &'a [u8; 8]) -> u8 {
    let last = &raw const *fill(arena);
    read(last.wrapping_add(1).cast())
}

fn after_a_row_was_cleared() -> u8 {
    let mut arena = TypedArena::with_reservation(ROW);
    let stale = &raw const arena.alloc_extend((0..100u64).filter(|i| i % 2 == 0))[49];
    arena.clear();
    arena.alloc(1);
    read(stale.cast())
}

/// Everything that is allowed to be done to rows.
fn lawful_rows() -> u64 {
    let mut values = RegionVec::with_reservation(ROW);
    for round in 0..3u64 {
        (0..1000).for_each(|i| values.push(i));
        values.extend((0..10_000).filter(|i| i % 3 == 0));
        values.extend_from_slice(&[round; 70_000]);
        values.insert(500, 5);
        values.remove(7);
        values.swap_remove(8);
        values.extend_from_within(..100);
        values.drain(10..20);
        drop(values.splice(30..40, 0..500));
        values.retain(|i| i % 7 != 3);
        values.dedup();
        let mut rest = values.split_off(values.len() / 2);
        values.append(&mut rest);
        values.reserve(10);
        values.spare_capacity_mut()[9].write(1);
        values.pop();
        values.shrink_to_fit();
        assert!(values.iter().sum::<u64>() > 0);
        values.truncate(100 * round as usize);
    }
    let mut sum = values.into_iter().take(50).sum::<u64>();
    for _ in 0..3 {
        let mut arena = TypedArena::with_reservation(ROW);
        for len in [1, 10, 20, 3_000] {
            let row = arena.alloc_extend((0..len).map(|i| {
                if i % 5 == 2 {
                    sum += arena.alloc_extend((0..i % 40).filter(|j| j % 2 == 0)).iter().sum::<u64>();
                    *arena.alloc(i) += 1;
                }
                i
            }));
            sum += row.iter().sum::<u64>();
            sum += arena.alloc_slice_copy(&[1; 100]).iter().sum::<u64>();
        }
        sum += arena.iter_mut().map(|value| *value).sum::<u64>();
        arena.clear();
        arena.alloc_extend(0..100);
        let list = AppendVec::from(arena.into_vec());
        let reader = list.reader();
        sum += list.extend(list.as_slice().iter().map(|value| value + 1)).iter().sum::<u64>();
        sum += reader.iter().sum::<u64>();
    }
    drop(RegionVec::from([1]));
    assert_eq!(RegionVec::from([2]), [2]);
    let mut memory = StackBuffer::<4096>::new();
    for _ in 0..2 {
        let small = TypedArena::from_buffer(&mut memory);
        while small.try_alloc(1u8).is_ok() {}
        assert!(small.into_iter().all(|byte| byte == 1));
    }
    sum
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
    assert_eq!(lawful_rows(), lawful_rows());
    assert_eq!(lawful_heap(), 6);
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
    // Memory that an arena still had when a claim of it was leaked: the same bytes, and what is mapped there next.
    let mut bytes = vec![MaybeUninit::new(6u8); 4096];
    for _ in 0..3 {
        for warm in [0, 1] {
            let small = Arena::from_buffer(&mut bytes[..]);
            small.alloc_slice_zeroed::<u8>(warm);
            std::mem::forget(small.claim());
        }
        // SAFETY: all of them were written when the vector was made, and zeroes over one since.
        let sixes = bytes.iter().filter(|byte| unsafe { byte.assume_init() } == 6).count();
        assert_eq!(sixes, 4095);
        let large = Arena::over(Region::new(8 << 20).unwrap());
        large.alloc_slice_fill_copy(1 << 20, 1u8);
        std::mem::forget(large.claim());
        drop(large);
        let mut next = Region::new(8 << 20).unwrap();
        next.as_mut_slice().fill(1);
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
        "row-truncated" => of_a_shortened_row(1500, |values| values.truncate(1000)),
        "row-cleared" => of_a_shortened_row(1500, RegionVec::clear),
        "row-cleared-warm" => after_a_row_was_cleared(),
        "row-popped" => of_a_shortened_row(1998, |values| (0..3).for_each(|_| _ = values.pop())),
        "row-removed" => of_a_shortened_row(1999, |values| (0..2).for_each(|_| _ = values.remove(5))),
        "row-drained" => of_a_shortened_row(1999, |values| drop(values.drain(100..200))),
        "row-behind" => behind_a_row(&TypedArena::with_reservation(ROW), |arena| arena.alloc([1; 8])),
        "row-behind-iterator" => behind_a_row(&TypedArena::with_reservation(ROW), |arena| {
            &arena.alloc_extend((0..5).filter(|i| i % 2 == 0).map(|i| [i; 8]))[2]
        }),
        "append-behind" => {
            let list = AppendVec::with_reservation(ROW);
            read((&raw const *list.push(1u64)).wrapping_add(1).cast())
        }
        "heap-freed" => of_a_freed_block(),
        "unwritten" => not_yet_written(),
        "lawful" => lawful(),
        other => panic!("no misuse is called {other:?}"),
    };
    println!("read {byte}");
}
