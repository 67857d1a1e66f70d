//! An arena over a backing that refuses, is tight, or is tiny: what it asks for, and what it gives back.

#![cfg(feature = "os")]

mod support;

use region::backing::{Backing, Block, Buffer, Spill};
use region::error::AllocReason;
use region::{AllocError, Arena, StaticBuffer};
use std::alloc::Layout;
use std::cell::Cell;
use std::rc::Rc;
use support::heap::{Book, Heap, Plan};

fn arena<const MIN_ALIGN: usize>(plan: Plan) -> (Arena<MIN_ALIGN, Heap>, Rc<Book>) {
    let (heap, book) = Heap::new(plan);
    (Arena::new_in(heap), book)
}

/// Allocates `count` values of mixed sizes, with those that were refused left out.
fn fill<const MIN_ALIGN: usize>(arena: &Arena<MIN_ALIGN, Heap>, count: usize) -> Vec<(usize, &mut [u8])> {
    let row = |i: usize| arena.try_alloc_slice_fill_copy(1 + i * 7 % 90, i as u8).ok().map(|row| (i, row));
    (0..count).filter_map(row).collect()
}

fn intact(values: &[(usize, &mut [u8])]) {
    for (i, row) in values {
        assert!(row.iter().all(|&byte| byte == *i as u8), "value {i} was overwritten");
    }
}

#[test]
fn every_block_is_released_once_as_it_was_lent() {
    fn all<const MIN_ALIGN: usize>() {
        for plan in [Plan::TINY, Plan::TIGHT, Plan { least: 1000, ready: 1000, step: 0, skew: 8 }] {
            let (mut arena, book) = arena::<MIN_ALIGN>(plan);
            intact(&fill(&arena, 100));
            arena.reset();
            intact(&fill(&arena, 50));
            arena.reset_keeping(100);
            intact(&fill(&arena, 50));
            let mark = arena.mark();
            intact(&fill(&arena, 100));
            // SAFETY: the values above are gone, and no reset or rewind came between.
            unsafe { arena.rewind(mark) };
            arena.reset_keeping(0);
            arena.alloc(1u8);
            book.check();
            drop(arena);
            book.check_closed();
            assert!(book.acquired.get() > 2);
        }
    }
    all::<1>();
    all::<8>();
    all::<64>();
}

/// SQLite's way: the Nth call fails, once and for ever, for every N.
#[test]
fn any_refusal_leaves_earlier_values_intact_and_the_arena_usable() {
    for plan in [Plan::TINY, Plan::TIGHT, Plan { least: 512, ready: 0, step: 0, skew: 24 }] {
        let (first, book) = arena::<8>(plan);
        book.refuse(0..0);
        fill(&first, 60);
        let calls = book.calls();
        assert!(calls > 20);
        for n in 0..calls {
            for last in [n + 1, usize::MAX] {
                let (mut arena, book) = arena::<8>(plan);
                book.refuse(n..last);
                let values = fill(&arena, 60);
                assert!(values.len() < 60, "call {n} was refused and nobody noticed");
                intact(&values);
                book.refuse(0..0);
                let more = fill(&arena, 60);
                assert_eq!(more.len(), 60);
                intact(&values);
                intact(&more);
                arena.reset();
                assert_eq!(fill(&arena, 60).len(), 60);
                book.check();
                drop(arena);
                book.check_closed();
            }
        }
    }
}

/// The commit of a value is refused after its block was entered and the link to it written: the soft end
/// must come back with the block below.
#[test]
fn a_refusal_after_a_block_was_entered_ends_the_room_where_the_block_below_ends() {
    let plan = Plan { least: 4096, ready: 4096, step: 0, skew: 0 };
    // Refused in turn: nothing, the first commit, ...; the second block starts with its link alone ready.
    let (heap, book) = Heap::new(plan);
    let arena = Arena::<8, Heap>::new_in(heap);
    arena.alloc_slice_fill_copy(4000, 1u8);
    arena.set_limit(4000 + 500);
    // With its padding the value passes the limit in any block, without it in none. (What aligns a block's first value
    // to a page at most lies before the room, and does not count.)
    let error = arena.try_alloc_layout(Layout::from_size_align(496, 8192).unwrap()).unwrap_err();
    assert_eq!(error.reason(), AllocReason::Limit(4500));
    assert_eq!((book.acquired.get(), arena.used()), (2, 4000));
    arena.set_limit(usize::MAX);
    let first = arena.alloc_slice_fill_copy(96, 2u8);
    let second = arena.alloc_slice_fill_copy(2000, 3u8);
    // Blocks begin at multiples of 4096. A link has 80 bytes, and less where words are shorter.
    let (behind, link) = (second.as_ptr().addr() % 4096, if usize::BITS == 64 { 80..=80 } else { 1..=79 });
    assert!(link.contains(&behind), "the second value is in the second block, past the link: {behind}");
    assert!(first.iter().all(|&byte| byte == 2));
    drop(arena);
    book.check_closed();
}

/// As above, without touching the limit in between: whatever comes next must lie in a block.
#[test]
fn values_after_a_refused_block_lie_in_the_block_below() {
    let plan = Plan { least: 256, ready: 96, step: 16, skew: 0 };
    let (arena, book) = arena::<8>(plan);
    let kept = arena.alloc_slice_fill_copy(248, 1u8);
    // Acquire is call 0, the commit of the value in the new block call 1.
    book.refuse(1..usize::MAX);
    assert!(arena.try_alloc([0u8; 128]).is_err());
    assert_eq!(arena.used(), 248);
    let last = arena.try_alloc(2u64).expect("eight bytes are left in the first block");
    assert_eq!((last as *mut u64).addr(), kept.as_ptr_range().end.addr());
    assert!(arena.try_alloc([0u8; 128]).is_err());
    assert!(kept.iter().all(|&byte| byte == 1));
    drop(arena);
    book.check_closed();
}

/// A block need be no larger than the value.
#[test]
fn a_block_of_just_the_size_serves_a_value_that_is_rounded_up() {
    for size in 1..80 {
        for align in [1, 2, 8, 16, 128] {
            let (arena, book) = arena::<8>(Plan::TIGHT);
            for _ in 0..3 {
                arena.try_alloc_layout(Layout::from_size_align(size, align).unwrap()).unwrap();
            }
            drop(arena);
            book.check_closed();
        }
    }
}

#[test]
fn a_failed_value_that_cannot_be_keeps_the_spare_block() {
    let (mut arena, book) = arena::<8>(Plan::TINY);
    fill(&arena, 40);
    arena.reset();
    let acquired = book.acquired.get();
    assert!(arena.try_alloc_layout(Layout::from_size_align(isize::MAX as usize / 2, 8).unwrap()).is_err());
    arena.alloc([0u8; 200]);
    arena.alloc([0u8; 100]);
    assert_eq!(book.acquired.get(), acquired, "the first block and the spare serve");
}

/// Marks and rewinds across the end of a block go back and forth between two blocks.
#[test]
fn a_loop_across_the_end_of_a_block_acquires_nothing_new() {
    let (arena, book) = arena::<8>(Plan::TINY);
    arena.alloc([0u8; 200]);
    for _ in 0..1000 {
        let mark = arena.mark();
        arena.alloc([1u8; 100]);
        // SAFETY: the value above is gone, and nothing was rewound further.
        unsafe { arena.rewind(mark) };
    }
    assert_eq!(book.acquired.get(), 2);
    drop(arena);
    book.check_closed();
}

/// What a spill asks of the rest goes on from the rest's own blocks, however long the buffer was.
#[test]
fn a_spill_tells_the_rest_how_long_its_own_newest_block_is() {
    static MEMORY: StaticBuffer<4096> = StaticBuffer::new();
    let (heap, book) = Heap::new(Plan { least: 1024, ready: 1024, step: 0, skew: 0 });
    let arena = Arena::<8, _>::new_in(Spill::new(MEMORY.take().unwrap(), heap));
    for _ in 0..60 {
        arena.alloc([0u8; 128]);
    }
    let previous = book.previous.borrow();
    assert_eq!(previous[0], 0);
    assert!(previous.len() > 3 && previous[1..].iter().all(|&len| len == 1024), "{previous:?}");
}

/// A static buffer that is lent, written, released and lent again is not zero any more.
#[test]
fn a_buffer_that_is_lent_again_is_zeroed_again() {
    static MEMORY: StaticBuffer<512> = StaticBuffer::new();
    let (heap, book) = Heap::new(Plan { least: 1024, ready: 1024, step: 0, skew: 0 });
    let mut arena = Arena::<8, Spill<'_, Heap>>::new_in(Spill::new(MEMORY.take().unwrap(), heap));
    arena.alloc([1u8; 1024]); // too long for the buffer
    arena.alloc([0xffu8; 400]); // in the buffer, as the second block
    arena.alloc([2u8; 1024]); // a third
    arena.reset(); // the larger of the second and third is kept, the buffer is released
    arena.alloc([1u8; 1024]);
    arena.alloc([2u8; 1024]); // in the spare
    let zeroed = arena.alloc_zeroed::<[u8; 400]>(); // in the buffer again
    assert_eq!(*zeroed, [0; 400]);
    drop(arena);
    book.check_closed();
}

#[test]
fn a_spill_gives_every_block_back_to_whom_it_came_from() {
    let (heap, book) = Heap::new(Plan::TINY);
    let mut memory = region::StackBuffer::<100>::new();
    let mut arena = Arena::<8, Spill<'_, Heap>>::new_in(Spill::new(Buffer::from(&mut memory), heap));
    for _ in 0..3 {
        let first = arena.alloc([1u8; 90]).as_ptr().addr();
        let more: Vec<_> = (0..20u8).map(|i| arena.alloc([i; 60])).collect();
        assert!(more.iter().enumerate().all(|(i, row)| row.iter().all(|&byte| byte == i as u8)));
        arena.reset();
        assert_eq!(arena.alloc(0u8) as *mut u8 as usize, first, "the buffer comes first again");
        arena.reset_keeping(0);
    }
    drop(arena);
    book.check_closed();
}

#[test]
fn a_reset_that_keeps_nothing_returns_a_block_that_starts_at_an_odd_address() {
    let (mut arena, book) = arena::<64>(Plan { least: 133, ready: 43, step: 11, skew: 767 });
    arena.alloc_slice_zeroed::<u32>(25).fill(7);
    arena.reset_keeping(0);
    assert_eq!(arena.used(), 0);
    drop(arena);
    book.check_closed();
}

/// How a chunk that holds nothing but `T`s of this value begins and ends: with one.
fn chunks_without_padding<const MIN_ALIGN: usize, T: Copy + PartialEq>(value: T) {
    for plan in
        [Plan { least: 1000, ready: 1000, step: 0, skew: 8 }, Plan { least: 8192, ready: 64, step: 64, skew: 0 }]
    {
        let (heap, book) = Heap::new(plan);
        // The first block is aligned as its first value is: that much is the backing's.
        let mut arena = Arena::<MIN_ALIGN, Heap>::new_in(heap);
        arena.alloc(value);
        let first = arena.iter_allocated_chunks().next().unwrap().as_ptr();
        let mut count = 1;
        while book.acquired.get() < 5 {
            arena.alloc(value);
            count += 1;
        }
        let mut found = 0;
        for chunk in arena.iter_allocated_chunks().filter(|chunk| chunk.as_ptr() != first) {
            assert!(chunk.as_ptr().addr() % align_of::<T>() == 0 && chunk.len() % size_of::<T>() == 0);
            assert!(!chunk.is_empty() && chunk.as_ptr().addr() % 16 == 0);
            // SAFETY: the chunk is aligned for values and as long as some, and nothing else was allocated.
            let values: &[T] =
                unsafe { std::slice::from_raw_parts(chunk.as_ptr().cast(), chunk.len() / size_of::<T>()) };
            assert!(values.iter().all(|other| *other == value));
            found += values.len();
        }
        let below = arena.iter_allocated_chunks().last().unwrap().len() / size_of::<T>();
        assert_eq!(found + below, count);
    }
}

#[test]
fn chunks_of_one_type_begin_with_a_value_whatever_its_alignment() {
    #[derive(Clone, Copy, PartialEq)]
    #[repr(align(64))]
    struct Line([u8; 64]);
    #[derive(Clone, Copy, PartialEq)]
    #[repr(align(512))]
    struct Sector([u8; 512]);
    chunks_without_padding::<8, u64>(7);
    chunks_without_padding::<8, u128>(7);
    chunks_without_padding::<1, u128>(7);
    chunks_without_padding::<32, [u128; 2]>([7; 2]);
    chunks_without_padding::<8, Line>(Line([7; 64]));
    chunks_without_padding::<1, Sector>(Sector([7; 512]));
}

/// A heap that has each first block at hand, and counts how often it was asked for one.
struct AtHand(Heap, Cell<usize>);

// SAFETY: the contract is the heap's, to which everything is passed on.
unsafe impl Backing for AtHand {
    fn acquire_at_once(&self, layout: Layout) -> Option<Block> {
        self.1.set(self.1.get() + 1);
        self.0.acquire(layout, 0).ok()
    }

    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        assert_ne!(previous, 0, "the first block was at hand");
        self.0.acquire(layout, previous)
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        // SAFETY: the arena's promise about its block, passed on to the heap that made it.
        unsafe { self.0.commit(block, need) }
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        // SAFETY: the block is one of the heap's, and the arena promises the rest.
        unsafe { self.0.decommit(block, keep) }
    }

    unsafe fn release(&self, block: &Block) {
        // SAFETY: the arena gives a block of the heap back, and uses it no more.
        unsafe { self.0.release(block) }
    }
}

#[test]
fn a_first_block_that_is_at_hand_is_asked_for_once() {
    let (heap, book) = Heap::new(Plan::TINY);
    let arena = Arena::<8, _>::new_in(AtHand(heap, Cell::new(0)));
    assert_eq!((arena.backing().1.get(), book.acquired.get()), (0, 0));
    let first = arena.alloc([1u8; 3]);
    assert_eq!((arena.backing().1.get(), book.acquired.get()), (1, 1));
    let rows: Vec<_> = (0..100).map(|i| arena.alloc([i; 5])).collect();
    assert!(book.acquired.get() > 2 && arena.backing().1.get() == 1);
    assert!(*first == [1; 3] && (0..).zip(rows).all(|(i, row)| *row == [i; 5]));
    drop(arena);
    book.check_closed();
}
