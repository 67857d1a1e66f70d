//! Typed arenas: references that stay, drops in order, and iterators that come back to the arena they fill.
#![cfg(feature = "os")]

#[path = "model/typed.rs"]
mod model;
mod support;

use model::Op;
use proptest::prelude::*;

use region::error::AllocReason;
use region::{RegionVec, StackBuffer, TypedArena, page_size};
use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use support::drops::Drops;

/// `work` panics.
fn panics(work: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(work)).is_err()
}

#[test]
fn a_new_arena_has_no_memory() {
    let arena = TypedArena::<String>::new();
    assert_eq!((arena.len(), arena.committed(), arena.reserved(), arena.capacity()), (0, 0, 0, 0));
    assert!(arena.is_empty() && arena.resident() == 0);
}

#[test]
fn references_stay_and_values_lie_side_by_side() {
    let mut arena = TypedArena::new();
    let values: Vec<&mut u64> = (0..200_000).map(|i| arena.alloc(i)).collect();
    let first = values[0] as *const u64;
    for (i, value) in values.into_iter().enumerate() {
        assert_eq!(value as *const u64, first.wrapping_add(i));
        assert_eq!(arena.index_of(value), Some(i));
        *value += 1;
    }
    assert!(arena.iter_mut().enumerate().all(|(i, value)| *value == i as u64 + 1));
    assert_eq!((arena.len(), arena.used()), (200_000, 1_600_000));
    assert!(arena.committed() >= arena.used() && arena.reserved() >= arena.committed());
    assert!(arena.resident() >= arena.used() && arena.capacity() >= 200_000);
}

#[test]
fn what_it_holds_is_dropped_in_order() {
    let drops = Drops::new();
    let arena = TypedArena::new();
    (0..1000).for_each(|_| assert!(arena.alloc(drops.make()).number < 1000));
    arena.alloc_extend((0..10).map(|_| drops.make()));
    assert!(drops.order().is_empty());
    drop(arena);
    assert_eq!(drops.order(), Vec::from_iter(0..1010));
}

#[test]
fn memory_is_written_by_the_caller_and_counts_as_values_of_the_arena() {
    let drops = Drops::new();
    let arena = TypedArena::new();
    arena.alloc(drops.make());
    for len in [0, 3, 5000] {
        // SAFETY: all are written before anything else is done.
        let values = unsafe { arena.alloc_uninit(len) };
        assert_eq!(values.len(), len);
        values.iter_mut().for_each(|value| _ = value.write(drops.make()));
    }
    // From within an iterator that is collected: they come first, as all values do.
    arena.alloc_extend((0..2).map(|_| {
        // SAFETY: it is written before anything else is done.
        let within = unsafe { arena.alloc_uninit(1) };
        within[0].write(drops.make());
        drops.make()
    }));
    let rest = arena.spare_capacity();
    let next = arena.alloc(drops.make());
    assert_eq!(std::ptr::from_mut(next).addr(), rest.addr());
    assert!(arena.capacity() >= arena.len() + rest.len() - 1);
    assert_eq!(arena.len(), 5009);
    let numbers: Vec<_> = arena.into_vec().iter().map(|value| value.number).collect();
    assert_eq!(
        (numbers[..5004] == Vec::from_iter(0..5004), &numbers[5004..]),
        (true, &[5004, 5006, 5005, 5007, 5008][..])
    );
    assert_eq!(drops.order(), numbers);

    let mut memory = StackBuffer::<64>::new();
    let arena = TypedArena::<u64, _>::from_buffer(&mut memory);
    // SAFETY: it is refused, so nothing counts.
    let refused = unsafe { arena.try_alloc_uninit(9) };
    assert!(refused.is_err() && arena.is_empty());
    arena.reserve(8);
    assert_eq!(arena.spare_capacity().len(), 8);
}

#[test]
fn a_drop_that_panics_keeps_no_other_from_its_drop() {
    let drops = Drops::new();
    let arena = TypedArena::new();
    (0..100).for_each(|_| assert!(arena.alloc(drops.make()).number < 100));
    drops.panic_at(7);
    assert!(panics(|| drop(arena)));
    assert_eq!(drops.order(), Vec::from_iter(0..100));

    let mut cleared = TypedArena::new();
    cleared.alloc_extend((0..10).map(|_| drops.make()));
    drops.panic_at(103);
    assert!(panics(|| cleared.clear()));
    assert!(drops.complete() && cleared.is_empty());
    cleared.alloc(drops.make());
    drop(cleared);
    assert!(drops.complete());
}

#[test]
fn clearing_keeps_the_memory_and_shrinking_gives_it_back() {
    let mut arena = TypedArena::new();
    let first = arena.alloc([1u8; 4096]) as *const _;
    (0..10_000).for_each(|_| assert_eq!(arena.alloc([1u8; 4096])[0], 1));
    let committed = arena.committed();
    arena.clear();
    assert_eq!((arena.len(), arena.committed()), (0, committed));
    assert_eq!(arena.alloc([2; 4096]) as *const _, first);
    arena.shrink_to_fit();
    assert!(arena.committed() <= 64 << 10 && arena.resident() <= 64 << 10);
    assert_eq!(arena.as_mut_slice(), [[2; 4096]]);
    (0..100).for_each(|_| assert_eq!(arena.alloc([3u8; 4096])[0], 3));
}

#[test]
fn an_arena_becomes_a_vector_and_back_without_moving() {
    let drops = Drops::new();
    let arena = TypedArena::new();
    let first = arena.alloc(drops.make()) as *const _;
    arena.alloc(drops.make());
    let mut vec: RegionVec<_> = arena.into_vec();
    assert_eq!((vec.len(), vec.as_ptr()), (2, first));
    vec.push(drops.make());
    let arena = TypedArena::from(vec);
    assert_eq!(arena.alloc(drops.make()).number, 3);
    let mut values = arena.into_iter();
    assert_eq!(values.next().map(|value| value.number), Some(0));
    assert_eq!(values.next_back().map(|value| value.number), Some(3));
    assert_eq!((values.len(), drops.order()), (2, vec![0, 3]));
    drop(values);
    assert_eq!(drops.order(), [0, 3, 1, 2]);
}

#[test]
fn a_constructor_may_allocate_or_panic() {
    let drops = Drops::new();
    let arena = TypedArena::new();
    let outer = arena.alloc_with(|| {
        let inner = arena.alloc(drops.make());
        assert_eq!(inner.number, 0);
        drops.make()
    });
    assert_eq!(outer.number, 1);
    assert!(panics(|| {
        arena.alloc_with(|| panic!("no value"));
    }));
    assert_eq!(arena.len(), 2);
    drop(arena);
    assert_eq!(drops.order(), [0, 1]);
}

/// Collects `outer` values from an iterator that allocates `inner` values before each, and checks all.
fn nested(outer: usize, inner: usize) {
    let drops = Drops::new();
    let arena = TypedArena::new();
    arena.alloc(drops.make());
    let inside = Cell::new(Vec::new());
    let values = arena.alloc_extend((0..outer).map(|_| {
        let mut kept = inside.take();
        (0..inner).for_each(|_| kept.push(&*arena.alloc(drops.make())));
        inside.set(kept);
        drops.make()
    }));
    let kept = inside.take();
    assert_eq!((values.len(), kept.len(), arena.len()), (outer, outer * inner, 1 + outer * (inner + 1)));
    assert!(values.iter().enumerate().all(|(i, value)| value.number == (i + 1) * (inner + 1)));
    for (i, value) in kept.iter().enumerate() {
        assert_eq!(value.number, 1 + i / inner * (inner + 1) + i % inner);
        assert_eq!(arena.index_of(value), Some(1 + i));
    }
    let next = arena.alloc(drops.make());
    assert_eq!(arena.index_of(next), Some(1 + outer * (inner + 1)));
    drop(arena);
    assert!(drops.complete());
}

#[test]
fn an_iterator_may_allocate_in_the_arena_it_fills() {
    for (outer, inner) in [(0, 0), (1, 0), (100, 0), (1, 1), (1, 100), (2, 1), (100, 1), (100, 3), (3000, 1), (17, 200)]
    {
        nested(outer, inner);
    }
}

#[test]
fn iterators_within_iterators_fill_one_arena() {
    let drops = Drops::new();
    let arena = TypedArena::new();
    // Each level collects three rows of the level below before each of its values.
    fn level<'a>(arena: &'a TypedArena<support::drops::Value>, drops: &'a Drops, depth: usize) -> usize {
        let values = arena.alloc_extend((0..3).map(|_| {
            if depth > 0 {
                (0..3).for_each(|_| assert_eq!(level(arena, drops, depth - 1), 3));
                arena.alloc(drops.make());
            }
            drops.make()
        }));
        let numbers: Vec<_> = values.iter().map(|value| value.number).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
        values.len()
    }
    assert_eq!(level(&arena, &drops, 3), 3);
    let mut numbers: Vec<_> = arena.into_iter().map(|value| value.number).collect();
    numbers.sort();
    assert_eq!(numbers, Vec::from_iter(0..numbers.len()));
    assert!(drops.complete());
}

#[test]
fn an_iterator_that_panics_leaves_what_it_gave() {
    for inner in [false, true] {
        let drops = Drops::new();
        let arena = TypedArena::new();
        assert!(panics(|| {
            arena.alloc_extend((0..10).map(|i| {
                if inner {
                    arena.alloc(drops.make());
                }
                assert!(i < 5, "enough");
                drops.make()
            }));
        }));
        assert_eq!(arena.len(), if inner { 11 } else { 5 });
        arena.alloc(drops.make());
        drop(arena);
        assert!(drops.complete());
    }
}

#[test]
fn a_panic_within_two_levels_leaves_both_whole() {
    let drops = Drops::new();
    let arena = TypedArena::new();
    let caught = Cell::new(false);
    let values = arena.alloc_extend((0..4).map(|i| {
        caught.set(panics(|| {
            arena.alloc_extend((0..4).map(|j| {
                assert!(i != 2 || j != 3, "enough");
                drops.make()
            }));
        }));
        assert_eq!(caught.get(), i == 2);
        drops.make()
    }));
    assert_eq!(values.iter().map(|value| value.number).collect::<Vec<_>>(), [4, 9, 13, 18]);
    assert_eq!(arena.len(), 19);
    drop(arena);
    assert!(drops.complete());
}

/// An iterator whose word is worth nothing.
struct Liar<I>(I, (usize, Option<usize>));

impl<I: Iterator> Iterator for Liar<I> {
    type Item = I::Item;
    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.1
    }
}

/// Whatever the iterator says of its length, and wherever in it another value or row comes from within: all are
/// where they belong, each with one owner.
#[test]
fn a_row_survives_whatever_comes_from_within_it() {
    for (len, hint) in
        [1, 9, 16, 17, 40].into_iter().flat_map(|len| [0, 1, len, 3 * len, usize::MAX].map(|hint| (len, hint)))
    {
        for at in 0..len {
            for inner in [0, 1, 30] {
                let drops = Drops::new();
                let arena = TypedArena::new();
                arena.alloc(drops.make());
                let within = Cell::new(None);
                let values = (0..len).map(|i| {
                    if i == at {
                        let one = arena.alloc(drops.make()).number;
                        let row = arena.alloc_extend(Liar((0..inner).map(|_| drops.make()), (hint, None)));
                        assert!(row.iter().map(|value| value.number).eq(one + 1..one + 1 + inner));
                        within.set(Some(row));
                    }
                    drops.make()
                });
                let row = arena.alloc_extend(Liar(values, (hint, None)));
                let expected: Vec<_> = (1..=at).chain(at + 2 + inner..len + 2 + inner).collect();
                assert!(row.iter().map(|value| value.number).eq(expected), "{len} {hint} {at} {inner}");
                assert!(within.take().unwrap().iter().map(|value| value.number).eq(at + 2..at + 2 + inner));
                assert_eq!(arena.alloc(drops.make()).number, len + inner + 2);
                assert_eq!(arena.len(), len + inner + 3);
                drop(arena);
                assert!(drops.complete());
            }
        }
    }
}

/// What an iterator does before its first value and after its last belongs to nobody's row.
#[test]
fn an_iterator_s_hint_and_drop_may_allocate_too() {
    struct Busy<'a>(&'a TypedArena<u32>, std::ops::Range<u32>);
    impl Iterator for Busy<'_> {
        type Item = u32;
        fn next(&mut self) -> Option<u32> {
            self.1.next()
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            self.0.alloc(100);
            self.1.size_hint()
        }
    }
    impl Drop for Busy<'_> {
        fn drop(&mut self) {
            self.0.alloc(200);
        }
    }
    let arena = TypedArena::new();
    assert_eq!(arena.alloc_extend(Busy(&arena, 0..3)), [0, 1, 2]);
    assert_eq!(arena.alloc_extend(Busy(&arena, 0..0)), []);
    assert_eq!(arena.into_vec(), [100, 200, 0, 1, 2, 100, 200]);
}

#[test]
fn rows_without_bytes_are_counted_to_the_last() {
    let mut values = RegionVec::new();
    // SAFETY: values without size are nowhere, and `()` is one.
    unsafe { values.set_len(usize::MAX - 3) };
    let arena = TypedArena::from(values);
    assert_eq!(arena.alloc_extend([(), ()]).len(), 2);
    assert!(arena.try_alloc_extend(std::iter::repeat(())).is_err());
    assert!(arena.len() >= usize::MAX - 1);
    let _ = arena.try_alloc(());
    assert!(arena.try_alloc(()).is_err());
    assert_eq!(arena.len(), usize::MAX);
}

#[test]
fn an_iterator_is_not_believed() {
    for hint in [(0, Some(0)), (usize::MAX, None), (7, Some(3))] {
        let mut arena = TypedArena::new();
        assert_eq!(arena.alloc_extend(Liar(0..5, hint)), [0, 1, 2, 3, 4]);
        arena.extend(Liar(5..8, hint));
        assert_eq!(arena.into_vec(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(RegionVec::from_iter(Liar(0..5, hint)), [0, 1, 2, 3, 4]);
    }
}

#[test]
fn a_full_reservation_refuses_and_loses_nothing() {
    let drops = Drops::new();
    let arena = TypedArena::with_reservation(1);
    let capacity = arena.capacity();
    let page = page_size();
    assert!((1..=page / 8).contains(&capacity));
    (0..capacity - 1).for_each(|_| assert!(arena.try_alloc(drops.make()).is_ok()));
    // One fits, the second is dropped, and the others are never made.
    let error = arena.try_alloc_extend((0..10).map(|_| drops.make())).unwrap_err();
    assert!(matches!(error.reason(), AllocReason::Reservation(bytes) if bytes == page), "{error}");
    assert!(error.to_string().contains(&format!("the reservation of {} KiB is used up", page >> 10)), "{error}");
    assert_eq!((arena.len(), drops.order()), (capacity, vec![capacity]));
    assert!(arena.try_alloc(drops.make()).is_err() && arena.try_reserve(1).is_err());
    assert!(panics(|| {
        arena.alloc(drops.make());
    }));
    let mut numbers: Vec<_> = arena.into_iter().map(|value| value.number).collect();
    numbers.dedup();
    assert_eq!(numbers, Vec::from_iter(0..capacity));
    assert!(drops.complete());
}

/// Where the memory ends while values of two levels are staged, whatever does not fit is dropped or stays,
/// and nothing is dropped twice.
#[test]
fn memory_that_ends_within_nested_iterators_drops_nothing_twice() {
    for room in 1..40 {
        let mut memory = [std::mem::MaybeUninit::<u8>::uninit(); 40 * 40];
        let drops = Drops::new();
        let size = size_of::<support::drops::Value>();
        let arena = TypedArena::from_buffer(&mut memory[..room * size]);
        let outer = arena.try_alloc_extend((0..5).map(|_| {
            let inner = arena.try_alloc_extend((0..3).map(|_| {
                let _ = arena.try_alloc(drops.make());
                drops.make()
            }));
            if let Ok(inner) = inner {
                assert_eq!(inner.len(), 3);
            }
            drops.make()
        }));
        let outer = outer.map(|values| values.iter().map(|value| value.number).collect::<Vec<_>>());
        if let Ok(numbers) = outer {
            assert!(numbers.len() == 5 && numbers.windows(2).all(|pair| pair[0] < pair[1]));
        }
        let held: Vec<_> = arena.into_iter().map(|value| value.number).collect();
        assert!(held.len() <= room);
        drops.order();
    }
}

#[test]
fn values_without_bytes_are_counted_and_dropped() {
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    let arena = TypedArena::new();
    (0..1000).for_each(|_| {
        arena.alloc(Nothing);
    });
    let more = arena.alloc_extend((0..10).map(|_| {
        arena.alloc(Nothing);
        Nothing
    }));
    assert_eq!((more.len(), arena.len(), arena.reserved(), arena.capacity()), (10, 1020, 0, usize::MAX));
    assert_eq!(arena.index_of(&more[0]), None);
    drop(arena);
    assert_eq!(DROPS.get(), 1020);
    assert_eq!(TypedArena::<Nothing>::with_reservation(usize::MAX).capacity(), usize::MAX);
}

#[test]
fn large_alignments_are_kept() {
    #[repr(align(4096))]
    struct Page(u8);
    #[repr(align(65536))]
    struct Large(u8);
    let pages = TypedArena::new();
    assert!((0..100).map(|i| pages.alloc(Page(i))).all(|page| (&raw const *page).addr() % 4096 == 0));
    let large = TypedArena::with_reservation(20);
    assert!((0..20).map(|i| large.alloc(Large(i))).all(|value| (&raw const *value).addr() % 65536 == 0));
    assert!(large.into_iter().map(|value| value.0).eq(0..20));
    let mut memory = StackBuffer::<10_000>::new();
    let small = TypedArena::from_buffer(&mut memory);
    assert_eq!((&raw const *small.alloc(Page(1))).addr() % 4096, 0);
    assert!(small.into_iter().map(|page| page.0).eq([1]));
    assert!(pages.into_iter().map(|page| page.0).eq(0..100));
}

#[test]
fn slices_are_copied_whole_or_not_at_all() {
    let whole = page_size();
    let arena = TypedArena::with_reservation(whole);
    let first: &[u8] = arena.alloc_slice_copy(&vec![1; whole - 96]);
    let more = arena.alloc_extend((0..3).inspect(|_| {
        arena.alloc_slice_copy(&first[..10]);
    }));
    assert_eq!((&*more, arena.len()), (&[0, 1, 2][..], whole - 63));
    assert!(arena.try_alloc_slice_copy(&[2; 64]).is_err());
    let lengths = (arena.len(), arena.alloc_slice_copy(&[2; 63]).len(), arena.alloc_slice_copy(&[]).len());
    assert_eq!(lengths, (whole - 63, 63, 0));
    assert!(arena.into_iter().take(whole - 66).all(|byte| byte == 1));
}

#[test]
fn a_reservation_beyond_the_address_space_is_refused() {
    // Of 32 bits of addresses a process may have half.
    const FAR: usize = if usize::BITS == 64 { 1 << 50 } else { usize::MAX / 16 };
    for max_len in [usize::MAX, usize::MAX / 8, FAR] {
        let error = TypedArena::<u64>::try_with_reservation(max_len).unwrap_err();
        assert!(matches!(error.reason(), AllocReason::TooLarge | AllocReason::Os(_)), "{error}");
    }
    let arena = TypedArena::<u64>::new();
    assert!(arena.try_reserve(usize::MAX).is_err() && arena.try_reserve(FAR).is_err());
    assert_eq!(*arena.alloc(1), 1);
    assert!(arena.try_reserve(usize::MAX).is_err() && arena.try_reserve(FAR).is_err());
}

#[test]
fn a_report_shows_figures_and_no_values() {
    let arena = TypedArena::with_reservation(1 << 20);
    arena.alloc([1u64; 2]);
    let report = format!("{arena:?}");
    assert!(report.starts_with("TypedArena { len: 1, used: 16 bytes,"), "{report}");
    assert!(report.ends_with("reserved: 16 MiB }"), "{report}");
    let report = arena.to_string();
    assert!(report.starts_with("typed arena of 1 value, 16 bytes each\n") && report.ends_with("16 MiB"), "{report}");
}

assert_impl_all!(TypedArena<u8>: Send, Default);
assert_not_impl_any!(TypedArena<u8>: Sync, Clone);
assert_not_impl_any!(TypedArena<Rc<u8>>: Send, Sync);
const_assert!(size_of::<TypedArena<u8>>() <= 16 * size_of::<usize>());

fn op() -> impl Strategy<Value = Op> {
    let count = || 0..70usize;
    prop_oneof![
        3 => Just(Op::Alloc),
        2 => count().prop_map(|nested| Op::AllocWith { nested }),
        4 => (count(), count(), 0..4usize).prop_map(|(count, hint, nested)| Op::Extend { count, hint, nested }),
        2 => (count(), count(), 0..4usize).prop_map(|(count, hint, nested)| Op::ExtendPanics { count, hint, nested }),
        1 => Just(Op::AllocPanics),
        1 => (0..600usize).prop_map(Op::Reserve),
        1 => Just(Op::Clear),
        1 => Just(Op::Shrink),
        1 => count().prop_map(|truncate| Op::ThroughVec { truncate }),
        1 => count().prop_map(Op::Change),
    ]
}

proptest! {
    #[test]
    fn any_operations_keep_every_value_until_it_is_dropped(
        ops in prop::collection::vec(op(), 0..40),
        bytes in 0..6_000usize,
    ) {
        let alive = Cell::new(0);
        model::check(&alive, TypedArena::new(), &ops);
        let mut memory = vec![std::mem::MaybeUninit::uninit(); bytes];
        model::check(&alive, TypedArena::from_buffer(&mut memory[..]), &ops);
    }
}
