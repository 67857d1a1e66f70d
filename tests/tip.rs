//! Blocks at the tip of an arena grow, shrink and go in place; others keep their bytes; nothing overlaps.

#![cfg(feature = "os")]

mod support;

use proptest::prelude::*;
use region::{AllocReason, Arena, Backing, Buffer, Mapped, Spill, StackBuffer};
use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use support::heap::{Heap, Plan};

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// A block that is alive: where, how it was asked for, and what it must hold.
struct Alive {
    start: NonNull<u8>,
    layout: Layout,
    bytes: Vec<u8>,
}

impl Alive {
    fn new<const M: usize, B: Backing>(arena: &Arena<M, B>, size: usize, align: usize, seed: u8) -> Self {
        Self::try_new(arena, size, align, seed).unwrap()
    }

    fn try_new<const M: usize, B: Backing>(arena: &Arena<M, B>, size: usize, align: usize, seed: u8) -> Option<Self> {
        let layout = layout(size, align);
        let start = arena.try_alloc_layout(layout).ok()?;
        let mut new = Alive { start, layout, bytes: Vec::new() };
        new.became(start, layout, seed);
        Some(new)
    }

    /// Checks what was kept, and fills what is new.
    fn became(&mut self, start: NonNull<u8>, layout: Layout, seed: u8) {
        assert_eq!(start.addr().get() % layout.align(), 0);
        (self.start, self.layout) = (start, layout);
        self.bytes.truncate(layout.size());
        self.check();
        let from = self.bytes.len();
        self.bytes.extend((from..layout.size()).map(|i| seed ^ i as u8));
        // SAFETY: the block has this many bytes.
        unsafe { start.copy_from_nonoverlapping(NonNull::from(&self.bytes[..]).cast(), self.bytes.len()) };
    }

    fn read(&self, len: usize) -> &[u8] {
        // SAFETY: the block is alive, and the tests read what they wrote or what must be zero.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), len) }
    }

    fn check(&self) {
        assert!(self.read(self.bytes.len()) == self.bytes, "the bytes of a block changed");
    }

    fn grow<const M: usize, B: Backing>(
        &mut self,
        arena: &Arena<M, B>,
        size: usize,
        align: usize,
    ) -> Result<(), AllocReason> {
        let new = layout(size, align);
        // SAFETY: the block is alive with this layout.
        let start = unsafe { arena.try_grow(self.start, self.layout, new) }.map_err(|error| {
            assert_eq!(error.size(), size);
            error.reason()
        })?;
        self.became(start, new, 0x5a);
        Ok(())
    }

    fn grow_zeroed<const M: usize, B: Backing>(&mut self, arena: &Arena<M, B>, size: usize, align: usize) -> bool {
        let new = layout(size, align);
        // SAFETY: the block is alive with this layout.
        let Ok(start) = (unsafe { arena.try_grow_zeroed(self.start, self.layout, new) }) else { return false };
        (self.start, self.layout) = (start, new);
        assert!(self.read(size)[self.bytes.len()..].iter().all(|&byte| byte == 0), "zeroed bytes are not zero");
        self.became(start, new, 0xa5);
        true
    }

    fn shrink<const M: usize, B: Backing>(&mut self, arena: &Arena<M, B>, size: usize, align: usize) -> bool {
        let new = layout(size, align);
        // SAFETY: the block is alive with this layout.
        let Ok(start) = (unsafe { arena.try_shrink(self.start, self.layout, new) }) else { return false };
        self.became(start, new, 0);
        true
    }

    fn free<const M: usize, B: Backing>(self, arena: &Arena<M, B>) {
        self.check();
        // SAFETY: the block is alive with this layout, and given up.
        unsafe { arena.free(self.start, self.layout) };
    }
}

#[test]
fn the_last_block_grows_in_place_through_commits() {
    let arena = Arena::<8>::with_min_align();
    arena.alloc([0u64; 9000]); // past the first block
    let before = arena.used();
    let mut block = Alive::new(&arena, 3, 1, 1);
    let start = block.start;
    for shift in 3..26 {
        block.grow(&arena, 1 << shift, 8).unwrap();
        assert_eq!(block.start, start);
        assert_eq!(arena.used(), before + (1 << shift));
    }
    // What is committed is the block and a step at most: 2 MiB, as long as nothing else is.
    assert!(arena.committed() <= before + (64 << 10) + (1 << 25) + (2 << 20), "{}", arena.committed());
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

#[derive(Clone, Debug)]
enum Op {
    Alloc(usize, u32),
    /// Which block, counted from the newest, by how much, and its new alignment.
    Grow(usize, usize, u32),
    GrowZeroed(usize, usize, u32),
    Shrink(usize, usize, u32),
    Free(usize),
    /// A value that the arena puts in by itself.
    Text(usize),
    Limit(Option<usize>),
    Scoped(Vec<Op>),
}

fn plain() -> impl Strategy<Value = Op> {
    let size = || prop_oneof![4 => 0..50usize, 3 => 50..700usize, 1 => 700..9000usize];
    let which = || prop_oneof![3 => Just(0usize), 2 => 0..8usize];
    let shift = || prop_oneof![4 => 0..5u32, 1 => 5..11u32];
    prop_oneof![
        4 => (size(), shift()).prop_map(|(size, shift)| Op::Alloc(size, shift)),
        5 => (which(), size(), shift()).prop_map(|(which, more, shift)| Op::Grow(which, more, shift)),
        4 => (which(), size(), shift()).prop_map(|(which, more, shift)| Op::GrowZeroed(which, more, shift)),
        4 => (which(), size(), shift()).prop_map(|(which, size, shift)| Op::Shrink(which, size, shift)),
        4 => which().prop_map(Op::Free),
        1 => size().prop_map(Op::Text),
        1 => prop::option::of(0..20_000usize).prop_map(Op::Limit),
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let scoped = prop::collection::vec(plain(), 0..12).prop_map(Op::Scoped);
    prop::collection::vec(prop_oneof![12 => plain(), 1 => scoped], 1..80)
}

fn step<const M: usize, B: Backing>(arena: &mut Arena<M, B>, alive: &mut Vec<Alive>, op: &Op, seed: u8) {
    let used = arena.used();
    let pick = |alive: &[Alive], which: usize| alive.len().checked_sub(1 + which);
    match *op {
        Op::Alloc(size, shift) => alive.extend(Alive::try_new(arena, size, 1 << shift, seed)),
        Op::Grow(which, more, shift) => {
            let Some(index) = pick(alive, which) else { return };
            let size = alive[index].layout.size() + more;
            if alive[index].grow(arena, size, 1 << shift).is_err() {
                assert_eq!(arena.used(), used, "a refusal changed the arena");
            }
        }
        Op::GrowZeroed(which, more, shift) => {
            let Some(index) = pick(alive, which) else { return };
            let size = alive[index].layout.size() + more;
            if !alive[index].grow_zeroed(arena, size, 1 << shift) {
                assert_eq!(arena.used(), used, "a refusal changed the arena");
            }
        }
        Op::Shrink(which, size, shift) => {
            let Some(index) = pick(alive, which) else { return };
            let size = size.min(alive[index].layout.size());
            if !alive[index].shrink(arena, size, 1 << shift) {
                assert_eq!(arena.used(), used, "a refusal changed the arena");
            }
        }
        Op::Free(which) => {
            let Some(index) = pick(alive, which) else { return };
            alive.remove(index).free(arena);
            assert!(arena.used() <= used);
        }
        Op::Text(len) => {
            if let Ok(text) = arena.try_alloc_fmt(format_args!("{:len$}{:1$}", 7, len / 2)) {
                let bytes = text.as_bytes().to_vec();
                let start = NonNull::from(text).cast();
                alive.push(Alive { start, layout: layout(bytes.len(), 1), bytes });
            }
        }
        Op::Limit(limit) => arena.set_limit(limit.unwrap_or(usize::MAX)),
        Op::Scoped(ref ops) => {
            // What was there before is left alone inside, as the borrows of a scope demand.
            let mark = arena.mark();
            let mut inner = Vec::new();
            ops.iter().for_each(|op| step(arena, &mut inner, op, seed));
            // SAFETY: everything since the mark was made is forgotten, and nothing older was freed or shrunk.
            unsafe { arena.rewind(mark) };
            assert_eq!(arena.used(), used);
        }
    }
    let mut spans: Vec<_> = alive.iter().filter(|block| block.layout.size() != 0).collect();
    spans.sort_by_key(|block| block.start);
    for pair in spans.windows(2) {
        assert!(pair[0].start.addr().get() + pair[0].layout.size() <= pair[1].start.addr().get(), "two blocks overlap");
    }
    alive.iter().for_each(Alive::check);
    assert!(arena.used() <= arena.committed() && arena.committed() <= arena.reserved());
    assert!(arena.used() <= arena.limit().max(used), "the limit was passed");
}

fn run<const M: usize, B: Backing>(backing: B, ops: &[Op]) {
    let mut arena = Arena::<M, B>::new_in(backing);
    let mut alive = Vec::new();
    for (i, op) in ops.iter().enumerate() {
        step(&mut arena, &mut alive, op, (i as u8).wrapping_mul(37) | 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 300 }))]

    #[test]
    fn any_changes_of_blocks_keep_every_byte_apart(
        ops in ops(),
        bytes in 0..8_000usize,
        ready in 0..256usize,
        step in 0..100usize,
        skew in 0..64usize,
    ) {
        run::<8, _>(Mapped::new(), &ops);
        run::<1, _>(Mapped::exactly(20_000), &ops);
        let mut memory = vec![MaybeUninit::new(0xa5); bytes];
        run::<1, _>(Buffer::new(&mut memory), &ops);
        run::<8, _>(Buffer::new(&mut memory), &ops);
        run::<64, _>(Spill::new(Buffer::new(&mut memory), Mapped::new()), &ops);
        let plan = Plan { least: 256, ready, step, skew };
        for tight in [plan, Plan::TIGHT] {
            let (heap, book) = Heap::new(tight);
            run::<1, _>(heap, &ops);
            book.check_closed();
            let (heap, book) = Heap::new(tight);
            run::<8, _>(Spill::new(Buffer::new(&mut memory), heap), &ops);
            book.check_closed();
            let (heap, book) = Heap::new(tight);
            run::<64, _>(heap, &ops);
            book.check_closed();
        }
    }
}
