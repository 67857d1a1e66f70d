//! Any row of operations on a heap, over every kind of backing, against the shadow model of `model/heap.rs`.

#![cfg(feature = "os")]

#[path = "model/heap.rs"]
mod model;
mod support;

use model::{Op, run, run_sync};
use proptest::prelude::*;
use region::backing::{Buffer, Mapped, RegionBacking, Spill};
#[cfg(all(unix, not(any(miri, loom))))]
use region::cage::{Cage, Caged};
use region::{Arena, Heap, Region, page_size};
use std::mem::MaybeUninit;
use support::heap::{Heap as Booked, Plan};

#[cfg(all(unix, not(any(miri, loom))))]
region::cage! {
    /// Long enough for a heap of these operations, and not for two.
    struct Modelled;
    size = 64 << 20;
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..200usize, 4 => 200..5_000usize, 2 => 5_000..50_000usize, 1 => 50_000..400_000usize]
}

fn op() -> impl Strategy<Value = Op> {
    let shift = || prop_oneof![6 => 0..5u32, 2 => 5..13u32, 1 => 13..18u32];
    prop_oneof![
        8 => (size(), shift()).prop_map(|(size, shift)| Op::Alloc { size, shift }),
        3 => (size(), shift()).prop_map(|(size, shift)| Op::Zeroed { size, shift }),
        6 => any::<usize>().prop_map(Op::Free),
        1 => (any::<usize>(), 1..4usize).prop_map(|(from, every)| Op::FreeMany { from, every }),
        2 => any::<usize>().prop_map(Op::FreeAgain),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(which, at)| Op::FreeInside { which, at }),
        4 => (any::<usize>(), size(), shift()).prop_map(|(which, size, shift)| Op::Realloc { which, size, shift }),
        1 => Just(Op::Trim),
        1 => prop_oneof![Just(Op::Clear), prop_oneof![Just(0), 0..500_000usize].prop_map(Op::ClearKeeping)],
        1 => prop_oneof![(0..300_000usize).prop_map(Op::Limit), Just(Op::NoLimit)],
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 1..150)
}

fn booked(plan: Plan, ops: &[Op]) {
    for run in [run, run_sync] {
        let (booked, book) = Booked::new(plan);
        run(booked, ops);
        book.check_closed();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 150 }))]

    #[test]
    fn any_operations_in_mapped_memory_keep_every_block(ops in ops()) {
        run(Mapped::new(), &ops);
        run(Mapped::new().paranoid(), &ops);
        run_sync(Mapped::new(), &ops);
        run_sync(Mapped::new().paranoid(), &ops);
    }

    #[test]
    fn any_operations_in_a_buffer_keep_every_block(ops in ops(), bytes in prop_oneof![0..20_000usize, 0..2_000_000usize]) {
        let mut memory = vec![MaybeUninit::new(0xa5); bytes];
        run(Buffer::new(&mut memory), &ops);
        run(Spill::new(Buffer::new(&mut memory), Mapped::new()), &ops);
        run_sync(Spill::new(Buffer::new(&mut memory), Mapped::new()), &ops);
    }

    #[test]
    fn any_operations_over_a_region_keep_every_block(ops in ops(), pages in 1..1_000usize) {
        let mut used = Region::new(pages * page_size()).unwrap();
        used.as_mut_slice().fill(0xa5);
        run(RegionBacking::new(used), &ops);
        run(RegionBacking::map(Region::options().len(pages * page_size())).unwrap(), &ops);
    }

    #[cfg(all(unix, not(any(miri, loom))))]
    #[test]
    fn any_operations_in_a_cage_keep_every_block(ops in ops()) {
        run(Caged::<Modelled>::new(), &ops);
        run_sync(Caged::<Modelled>::new(), &ops);
        assert_eq!(Modelled::stats().live, 0);
    }

    #[test]
    fn any_operations_in_blocks_of_any_kind_keep_every_block(
        ops in ops(), least in 0..200_000usize, ready in 0..70_000usize, step in 0..5_000usize, skew in 0..4096usize,
    ) {
        booked(Plan { least, ready, step, skew }, &ops);
        booked(Plan::TIGHT, &ops);
    }

    #[test]
    fn any_operations_in_an_arena_or_a_heap_keep_every_block(ops in ops()) {
        let arena: Arena = Arena::new();
        run(&arena, &ops);
        let heap = Heap::new();
        run(&heap, &ops);
        assert_eq!(heap.stats().blocks, 0);
    }
}
