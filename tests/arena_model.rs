//! Any row of operations, over every kind of backing, against the shadow model of `model/arena.rs`.

#![cfg(feature = "os")]

#[path = "model/arena.rs"]
mod model;
mod support;

use model::{Op, run};
use proptest::prelude::*;
#[cfg(unix)]
use region::backing::Caged;
use region::backing::{Buffer, Mapped, RegionBacking, Spill};
use region::mapping::Pages;
use region::{Region, page_size};
use std::mem::MaybeUninit;
use support::heap::{Heap, Plan};

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..40usize, 3 => 40..400usize, 1 => 400..9_000usize]
}

fn op() -> impl Strategy<Value = Op> {
    let which = || prop_oneof![3 => Just(0usize), 2 => 0..8usize];
    let shift = || prop_oneof![4 => 0..5u32, 1 => 5..11u32];
    prop_oneof![
        4 => (size(), 0..8u32).prop_map(|(size, shift)| Op::Layout { size, shift }),
        1 => (size(), 8..13u32).prop_map(|(size, shift)| Op::Layout { size, shift }),
        4 => (size(), 0..8u32).prop_map(|(size, shift)| Op::Zeroed { size, shift }),
        4 => any::<u8>().prop_map(Op::Values),
        2 => size().prop_map(Op::SliceCopy),
        3 => size().prop_map(Op::SliceZeroed),
        2 => size().prop_map(Op::Str),
        2 => prop::collection::vec(0..70usize, 0..6).prop_map(Op::Fmt),
        3 => (0..120usize, -50..200isize, 0..9usize).prop_map(|(count, hint, nested)| Op::Iter { count, hint, nested }),
        2 => (0..60usize, 0..9usize).prop_map(|(count, nested)| Op::FillWith { count, nested }),
        3 => (0..7u32, prop_oneof![Just(0), size()]).prop_map(|(shift, nested)| Op::Fails { shift, nested }),
        4 => (which(), size(), shift()).prop_map(|(which, more, shift)| Op::Grow { which, more, shift }),
        3 => (which(), size(), shift()).prop_map(|(which, more, shift)| Op::GrowZeroed { which, more, shift }),
        3 => (which(), size(), shift()).prop_map(|(which, size, shift)| Op::Shrink { which, size, shift }),
        3 => which().prop_map(Op::Free),
        2 => prop::collection::vec(size(), 0..5).prop_map(Op::Scope),
        3 => prop::collection::vec(size(), 0..7).prop_map(Op::Claim),
        3 => Just(Op::Mark),
        4 => (0..8usize).prop_map(Op::Rewind),
        1 => Just(Op::Reset),
        1 => prop_oneof![0..20_000usize, Just(usize::MAX)].prop_map(Op::ResetKeeping),
        1 => (0..20_000usize).prop_map(Op::Limit),
        2 => Just(Op::NoLimit),
    ]
}

fn on_heap<const MIN_ALIGN: usize>(plan: Plan, ops: &[Op]) {
    let (heap, book) = Heap::new(plan);
    run::<MIN_ALIGN, _>(heap, ops);
    book.check_closed();
}

fn in_buffer<const MIN_ALIGN: usize>(bytes: usize, ops: &[Op]) {
    let mut memory = vec![MaybeUninit::new(0xa5); bytes];
    run::<MIN_ALIGN, _>(Buffer::new(&mut memory), ops);
}

fn spilling<const MIN_ALIGN: usize>(bytes: usize, ops: &[Op]) {
    let mut memory = vec![MaybeUninit::new(0xa5); bytes];
    run::<MIN_ALIGN, _>(Spill::new(Buffer::new(&mut memory), Mapped::new()), ops);
    let (heap, book) = Heap::new(Plan::TINY);
    run::<MIN_ALIGN, _>(Spill::new(Buffer::new(&mut memory), heap), ops);
    book.check_closed();
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 1..100)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 300 }))]

    #[test]
    fn any_operations_in_mapped_memory_keep_every_value(ops in ops()) {
        run::<1, _>(Mapped::new(), &ops);
        run::<8, _>(Mapped::new(), &ops);
        run::<64, _>(Mapped::new(), &ops);
        run::<8, _>(Mapped::exactly(20_000), &ops);
    }

    #[test]
    fn any_operations_in_a_buffer_keep_every_value(ops in ops(), bytes in 0..20_000usize) {
        in_buffer::<1>(bytes, &ops);
        in_buffer::<8>(bytes, &ops);
        in_buffer::<64>(bytes, &ops);
    }

    #[test]
    fn any_operations_over_a_region_keep_every_value(ops in ops(), pages in 1..1_000usize) {
        let mut used = Region::new(pages * page_size()).unwrap();
        used.as_mut_slice().fill(0xa5);
        run::<1, _>(RegionBacking::new(used), &ops);
        let fresh = Region::options().len(pages * page_size());
        run::<8, _>(RegionBacking::map(fresh).unwrap(), &ops);
        run::<64, _>(RegionBacking::map(fresh.pages(Pages::Transparent)).unwrap(), &ops);
    }

    #[cfg(all(feature = "os", unix, not(miri)))]
    #[test]
    fn any_operations_in_a_cage_keep_every_value(ops in ops()) {
        region::cage! { struct Ops; }
        run::<1, _>(Caged::<Ops>::new(), &ops);
        run::<8, _>(Caged::<Ops>::new(), &ops);
        run::<64, _>(Caged::<Ops>::new(), &ops);
    }

    #[test]
    fn any_operations_that_spill_keep_every_value(ops in ops(), bytes in 0..3_000usize) {
        spilling::<1>(bytes, &ops);
        spilling::<8>(bytes, &ops);
        spilling::<64>(bytes, &ops);
    }

    #[test]
    fn any_operations_in_tiny_blocks_keep_every_value(ops in ops(), ready in 0..256usize, step in 0..100usize, skew in 0..64usize) {
        let plan = Plan { least: 256, ready, step, skew };
        on_heap::<1>(plan, &ops);
        on_heap::<8>(plan, &ops);
        on_heap::<64>(plan, &ops);
        on_heap::<1>(Plan::TIGHT, &ops);
        on_heap::<64>(Plan::TIGHT, &ops);
    }
}
