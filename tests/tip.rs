//! Blocks at the tip of an arena grow, shrink and go in place; others keep their bytes; nothing overlaps.

#![cfg(feature = "os")]

#[path = "model/block.rs"]
mod block;
mod support;

use block::{Alive, layout};
use region::error::AllocReason;
use region::{Arena, StackBuffer};
use std::ptr::NonNull;
use support::heap::{Heap, Plan};

#[test]
fn the_last_block_grows_in_place_through_commits() {
    let arena = Arena::<8>::with_min_align();
    arena.alloc_slice_fill_copy(300_000, 0u64); // past the short blocks
    let before = arena.used();
    let mut block = Alive::new(&arena, 3, 1, 1);
    let start = block.start;
    // As far as the region goes, which is 4 GiB where addresses are many.
    let most = (arena.chunk_capacity()).ilog2().min(25);
    assert!(most >= 24);
    for shift in 3..=most {
        block.grow(&arena, 1 << shift, 8).unwrap();
        assert_eq!(block.start, start);
        assert_eq!(arena.used(), before + (1 << shift));
    }
    // What is committed is the block and a step at most: 2 MiB, as long as nothing else is.
    assert!(arena.committed() <= before + (64 << 10) + (1 << most) + (2 << 20), "{}", arena.committed());
    block.free(&arena);
    assert_eq!(arena.used(), before);
}

#[test]
fn a_block_with_something_after_it_moves_and_its_neighbour_stays() {
    let arena = Arena::new();
    let mut first = Alive::new(&arena, 40, 8, 1);
    let start = first.start;
    let second = Alive::new(&arena, 24, 8, 2);
    first.grow(&arena, 48, 8).unwrap();
    assert_ne!(first.start, start);
    assert_eq!(arena.used(), 40 + 24 + 48);
    second.check();
    first.grow(&arena, 4000, 8).unwrap();
    assert_eq!(arena.used(), 40 + 24 + 4000);
    second.check();
}

#[test]
fn growth_within_what_min_align_rounds_up_moves_nothing_even_below_others() {
    let arena = Arena::new();
    let mut first = Alive::new(&arena, 3, 1, 1);
    let second = Alive::new(&arena, 8, 8, 2);
    let (start, used) = (first.start, arena.used());
    first.grow(&arena, 8, 4).unwrap();
    assert_eq!((first.start, arena.used()), (start, used));
    second.check();
    first.grow(&arena, 9, 4).unwrap();
    assert_ne!(first.start, start);
}

#[test]
fn a_tip_that_moves_to_another_block_of_memory_leaves_nothing_behind() {
    let mut memory = StackBuffer::<1024>::new();
    let arena = Arena::with_buffer(&mut memory);
    let kept = Alive::new(&arena, 24, 8, 9);
    let mut block = Alive::new(&arena, 1000, 8, 1);
    block.grow(&arena, 2000, 8).unwrap();
    assert_eq!(arena.used(), 24 + 2000);
    kept.check();
    block.grow(&arena, 1 << 20, 8).unwrap();
    assert_eq!(arena.used(), 24 + (1 << 20));
}

#[test]
fn a_rewind_to_a_mark_behind_a_block_that_grew_into_other_memory_ends_there() {
    for size in [1, 50, 96] {
        let (heap, book) = Heap::new(Plan::TINY);
        let arena = Arena::<8, _>::new_in(heap);
        let kept = Alive::new(&arena, 40, 8, 3);
        let mut block = Alive::new(&arena, size, 8, 7);
        let (mark, used) = (arena.mark(), arena.used());
        block.grow(&arena, 1000, 8).unwrap();
        // SAFETY: the mark is the only one, and the block, which counts as allocated at its growth, is not used again.
        unsafe { arena.rewind(mark) };
        assert_eq!(arena.used(), used);
        kept.check();
        assert!(arena.alloc_slice_zeroed::<u8>(60).iter().all(|&byte| byte == 0));
        drop(arena);
        book.check_closed();
    }
}

#[test]
fn bytes_lost_to_alignment_are_those_of_the_blocks_as_they_are_now() {
    let arena = Arena::new();
    if arena.wasted().is_none() {
        return; // counted in debug builds
    }
    let mut block = Alive::new(&arena, 3, 1, 1);
    assert_eq!(arena.wasted(), Some(5));
    for (size, wasted) in [(6, 2), (9, 7), (100_001, 7), (100_007, 1)] {
        block.grow(&arena, size, 1).unwrap();
        assert_eq!(arena.wasted(), Some(wasted));
    }
    assert!(block.shrink(&arena, 13, 1));
    assert_eq!(arena.wasted(), Some(3));
    block.free(&arena);
    assert_eq!(arena.wasted(), Some(0));
}

#[test]
fn a_refused_growth_changes_nothing() {
    let mut memory = StackBuffer::<256>::new();
    let arena = Arena::from_buffer(&mut memory);
    let below = Alive::new(&arena, 8, 8, 3);
    let mut block = Alive::new(&arena, 64, 8, 1);
    let start = block.start;
    assert!(matches!(block.grow(&arena, 256, 8), Err(AllocReason::Exhausted(256))));
    // As a move for its alignment, too: that one gives the old place up first.
    assert!(matches!(block.grow(&arena, 250, 128), Err(AllocReason::Exhausted(256))));
    assert!(!block.grow_zeroed(&arena, 249, 8));
    assert_eq!(arena.used(), 72);
    block.check();
    below.check();
    block.grow(&arena, 248, 8).unwrap();
    assert_eq!((block.start, arena.used()), (start, 256));
    assert!(arena.try_alloc(0u8).is_err());
}

#[test]
fn a_limit_counts_every_byte_that_is_grown() {
    let arena = Arena::new();
    arena.set_limit(100_000);
    let mut block = Alive::new(&arena, 8, 8, 1);
    assert!(matches!(block.grow(&arena, 100_001, 8), Err(AllocReason::Limit(100_000))));
    assert_eq!(arena.used(), 8);
    block.grow(&arena, 100_000, 8).unwrap();
    assert_eq!(arena.used(), 100_000);
    assert!(matches!(block.grow(&arena, 100_001, 8), Err(AllocReason::Limit(100_000))));
    arena.set_limit(50_000);
    assert!(matches!(block.grow(&arena, 100_008, 8), Err(AllocReason::Limit(50_000))));
    assert!(block.shrink(&arena, 50_001, 8));
    assert!(arena.try_alloc(0u8).is_err());
    block.free(&arena);
    assert!(arena.try_alloc([0u8; 50_000]).is_ok());
}

#[test]
fn a_tip_that_moves_for_its_alignment_may_overlap_itself() {
    let arena = Arena::new();
    arena.alloc_layout(layout(4096, 4096));
    arena.alloc(1u64);
    let mut block = Alive::new(&arena, 256, 8, 1);
    let start = block.start.addr().get();
    block.grow(&arena, 300, 64).unwrap();
    assert_eq!(block.start.addr().get(), start + 56);
    assert_eq!(arena.used(), 4096 + 64 + 304);
    assert!(block.shrink(&arena, 100, 128));
    assert_eq!(arena.used(), 4096 + 128 + 104);
    assert!(block.grow_zeroed(&arena, 1000, 512));
    assert_eq!(arena.used(), 4096 + 512 + 1000);
}

#[test]
fn shrinking_gives_the_rest_back_at_the_tip_and_keeps_the_place_elsewhere() {
    let arena = Arena::new();
    let mut first = Alive::new(&arena, 100, 8, 1);
    assert!(first.shrink(&arena, 50, 8));
    assert_eq!(arena.used(), 56);
    let mut second = Alive::new(&arena, 100, 8, 2);
    let start = first.start;
    assert!(first.shrink(&arena, 1, 1));
    assert_eq!((first.start, arena.used()), (start, 56 + 104));
    assert!(second.shrink(&arena, 0, 4096));
    assert_eq!((second.start.addr().get(), arena.used()), (4096, 56));
    first.check();
}

#[test]
fn blocks_that_are_freed_last_first_leave_nothing() {
    let arena = Arena::<1>::with_min_align();
    let blocks: Vec<_> = (1..100).map(|size| Alive::new(&arena, size, 1, size as u8)).collect();
    blocks.into_iter().rev().for_each(|block| block.free(&arena));
    assert_eq!(arena.used(), 0);
    // First first, only the last one is at the tip.
    let blocks: Vec<_> = (1..100).map(|size| Alive::new(&arena, size, 1, size as u8)).collect();
    let used = arena.used();
    blocks.into_iter().for_each(|block| block.free(&arena));
    assert_eq!(arena.used(), used - 99);
}

#[test]
fn blocks_without_bytes_come_from_nowhere_and_go_there() {
    let arena = Arena::new();
    let mut block = Alive::new(&arena, 0, 64, 0);
    let empty = Alive::new(&arena, 0, 64, 0);
    assert_eq!(arena.reserved(), 0);
    empty.free(&arena);
    block.grow(&arena, 0, 128).unwrap();
    assert_eq!(arena.reserved(), 0);
    assert!(block.grow_zeroed(&arena, 16, 16));
    assert_eq!(arena.used(), 16);
    // An address without bytes that happens to be the cursor is no tip.
    let end = NonNull::new(block.start.as_ptr().wrapping_add(16)).unwrap();
    // SAFETY: nothing is at `end`, and nothing is freed.
    unsafe { arena.free(end, layout(0, 8)) };
    assert_eq!(arena.used(), 16);
    block.check();
}

#[test]
fn zeroed_growth_clears_what_was_written_before() {
    let arena = Arena::new();
    Alive::new(&arena, 4000, 8, 0xff).free(&arena);
    let mut block = Alive::new(&arena, 8, 8, 1);
    // The block's own bytes, above what it now has and below the cursor, where the arena keeps no book.
    assert!(block.shrink(&arena, 3, 1));
    assert!(block.grow_zeroed(&arena, 8, 1));
    assert!(block.shrink(&arena, 3, 1));
    assert!(block.grow_zeroed(&arena, 5000, 1));
    let above = Alive::new(&arena, 1, 1, 1);
    assert!(block.shrink(&arena, 9, 1));
    assert!(block.grow_zeroed(&arena, 16, 1));
    assert!(block.grow_zeroed(&arena, 6000, 1));
    above.check();
}

#[test]
fn zeroed_growth_on_new_memory_touches_none_of_it() {
    let arena = Arena::new();
    let mut block = Alive::new(&arena, 100_000, 8, 1);
    let new = layout(1 << 30, 8);
    // SAFETY: the block is alive with this layout.
    block.start = unsafe { arena.try_grow_zeroed(block.start, block.layout, new) }.unwrap();
    assert!(arena.resident() < 8 << 20, "{}", arena.resident());
    assert_eq!(block.read(1 << 30)[(1 << 30) - 1], 0);
    block.check();
}

#[test]
fn sizes_near_the_largest_are_refused_and_change_nothing() {
    let mut memory = StackBuffer::<256>::new();
    let buffered = Arena::from_buffer(&mut memory);
    let mapped = Arena::new();
    for size in [isize::MAX as usize - 8191, isize::MAX as usize - 15, isize::MAX as usize - 7] {
        for align in [1, 8] {
            let mut block = Alive::new(&buffered, 16, 8, 1);
            assert!(block.grow(&buffered, size, align).is_err());
            block.free(&buffered);
            assert_eq!(buffered.used(), 0);
            let mut block = Alive::new(&mapped, 16, 8, 1);
            let neighbour = Alive::new(&mapped, 16, 8, 1);
            assert!(block.grow(&mapped, size, align).is_err());
            assert!(!block.grow_zeroed(&mapped, size, align));
            block.check();
            neighbour.free(&mapped);
            block.free(&mapped);
            assert_eq!(mapped.used(), 0);
        }
    }
}

#[test]
fn whichever_call_of_the_backing_fails_a_refused_change_leaves_all_as_it_was() {
    for plan in [Plan::TINY, Plan::TIGHT] {
        for failing in 0..6 {
            let (heap, book) = Heap::new(plan);
            let arena = Arena::<8, _>::new_in(heap);
            let below = Alive::new(&arena, 40, 8, 7);
            let mut block = Alive::new(&arena, 30, 2, 1);
            for (size, align) in [(90, 2), (200, 64), (600, 8), (4000, 512)] {
                let used = arena.used();
                book.refuse(failing..usize::MAX);
                let grown = block.grow(&arena, size, align);
                book.refuse(0..0);
                if grown.is_err() {
                    assert_eq!(arena.used(), used);
                    block.grow(&arena, size, align).unwrap();
                }
                below.check();
            }
            drop(arena);
            book.check_closed();
        }
    }
}
