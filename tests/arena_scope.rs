//! Scopes and marks: what ends with them, what stays, what they cost.

#![cfg(feature = "os")]

mod support;

use region::backing::{Backing, Mapped};
use region::{Arena, StackBuffer};
use std::panic::{AssertUnwindSafe, catch_unwind};
use support::heap::{Heap, Plan};
use support::watched::{Notes, Watched};

fn deep<const MIN_ALIGN: usize, B: Backing>(scope: &mut region::Scope<'_, MIN_ALIGN, B>, depth: usize) {
    if depth == 0 {
        return;
    }
    let used = scope.used();
    let kept = scope.alloc_slice_fill_copy(100, depth as u8);
    scope.scoped(|mut inner| {
        let own = inner.alloc_slice_fill_copy(50, 0xf0 | depth as u8);
        deep(&mut inner, depth - 1);
        assert!(own.iter().all(|&byte| byte == 0xf0 | depth as u8));
    });
    {
        let mut guard = scope.scope_guard();
        let mut inner = guard.scope();
        deep(&mut inner, depth / 2);
        assert!(inner.used() > used);
        guard.reset();
        let own = guard.scope().alloc_str("after the reset").len();
        assert_eq!(own, 15);
    }
    assert!(kept.iter().all(|&byte| byte == depth as u8));
    assert!(scope.used() < used + 100 + MIN_ALIGN);
}

#[test]
fn scopes_nest_across_the_ends_of_blocks() {
    fn all<const MIN_ALIGN: usize>() {
        let (heap, book) = Heap::new(Plan::TINY);
        let mut arena = Arena::<MIN_ALIGN, Heap>::new_in(heap);
        arena.scoped(|mut scope| deep(&mut scope, 9));
        assert_eq!(arena.used(), 0);
        let base = arena.alloc(7u8) as *mut u8 as usize;
        arena.scoped(|mut scope| deep(&mut scope, 9));
        assert_eq!(arena.used(), MIN_ALIGN);
        arena.reset();
        assert_eq!(arena.alloc(7u8) as *mut u8 as usize, base);
        drop(arena);
        book.check_closed();
        let mut arena = Arena::<MIN_ALIGN>::with_min_align();
        arena.scoped(|mut scope| deep(&mut scope, 9));
        assert_eq!(arena.used(), 0);
    }
    all::<1>();
    all::<8>();
    all::<64>();
}

#[test]
fn every_method_of_a_scope_allocates_for_the_scope() {
    let mut arena = Arena::new();
    let total = arena.scoped(|scope| {
        let mut total = 0;
        total += *scope.alloc(1u64) + *scope.alloc_with(|| 2u64);
        total += *scope.alloc_try_with(|| Ok::<_, ()>(3u64)).unwrap();
        total += scope.alloc_slice_copy(&[4u64]).iter().sum::<u64>();
        total += scope.alloc_slice_fill_iter([5u64, 6]).iter().sum::<u64>();
        total += *scope.alloc_zeroed::<u64>() + scope.alloc_fmt(format_args!("{}", 7)).len() as u64;
        total + scope.used() as u64 * 1000
    });
    assert_eq!((total, arena.used()), (64_022, 0));
}

#[test]
fn a_panic_in_a_scope_frees_its_values() {
    let mut arena = Arena::new();
    arena.alloc(1u8);
    let used = arena.used();
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.scoped(|mut scope| {
            scope.alloc([0u8; 100_000]);
            scope.scoped(|inner| {
                inner.alloc_slice_fill_copy(1 << 20, 0u8);
                panic!("inside")
            })
        })
    }));
    assert!(result.is_err());
    assert_eq!(arena.used(), used);
    assert_eq!(*arena.alloc(3u8), 3);
}

#[test]
fn a_leaked_guard_frees_nothing_and_breaks_nothing() {
    let (heap, book) = Heap::new(Plan::TINY);
    let mut arena = Arena::<8, Heap>::new_in(heap);
    let mut outer = arena.scope_guard();
    {
        let mut scope = outer.scope();
        scope.alloc([1u8; 100]);
        let mut inner = scope.scope_guard();
        inner.scope().alloc([2u8; 300]);
        std::mem::forget(inner);
        let after = scope.alloc([3u8; 100]);
        assert!(scope.used() >= 500);
        assert_eq!(*after, [3; 100]);
    }
    drop(outer);
    assert_eq!(arena.used(), 0);
    let mut guard = arena.scope_guard();
    guard.scope().alloc([1u8; 1000]);
    std::mem::forget(guard);
    assert!(arena.used() >= 1000);
    arena.reset();
    assert_eq!(arena.used(), 0);
    drop(arena);
    book.check_closed();
}

#[test]
fn a_mark_of_an_arena_without_memory_is_its_beginning() {
    let arena = Arena::new();
    let mark = arena.mark();
    arena.alloc_slice_fill_copy(1 << 20, 0u8);
    arena.alloc([0u8; 100_000]);
    // SAFETY: no value is left, and nothing was rewound further.
    unsafe { arena.rewind(mark) };
    assert_eq!(arena.used(), 0);
}

#[test]
fn marks_rewound_in_order_give_the_same_addresses_again() {
    let (heap, book) = Heap::new(Plan::TINY);
    let arena = Arena::<8, Heap>::new_in(heap);
    let run = || -> Vec<usize> { (1..20).map(|i| arena.alloc_slice_fill_copy(i * 5, 1u8).as_ptr().addr()).collect() };
    run();
    let marks: Vec<_> = (0..30)
        .map(|i| {
            let mark = arena.mark();
            arena.alloc_slice_fill_copy(i * 3, 2u8);
            (mark, arena.mark())
        })
        .collect();
    for (before, after) in marks.into_iter().rev() {
        let used = arena.used();
        // SAFETY: no value since the mark is used any more; marks are rewound newest first.
        unsafe { arena.rewind(after) };
        assert!(arena.used() <= used);
        // SAFETY: as above.
        unsafe { arena.rewind(before) };
    }
    drop(arena);
    book.check_closed();
}

/// What is alive below a mark stays whole while the memory above it is used over and over.
#[test]
fn values_below_a_mark_survive_it() {
    let mut memory = StackBuffer::<4096>::new();
    let arena = Arena::with_buffer(&mut memory);
    let below: Vec<_> = (0..50u8).map(|i| arena.alloc([i; 90])).collect();
    for round in 0..100u8 {
        let mark = arena.mark();
        for _ in 0..50 {
            arena.alloc([!round; 200]);
        }
        // SAFETY: the values above are gone, and nothing was rewound further.
        unsafe { arena.rewind(mark) };
    }
    assert!(below.iter().enumerate().all(|(i, row)| row.iter().all(|&byte| byte == i as u8)));
}

/// Fills so many bytes in a scope, and ends it.
fn filled(arena: &mut Arena, bytes: usize) {
    arena.scoped(|scope| {
        scope.alloc_slice_fill_copy(bytes, 0xffu8);
    });
}

#[test]
fn a_scope_that_ends_lower_than_one_before_is_noted_again_where_ram_went_back() {
    let mut arena = Arena::new();
    for _ in 0..3 {
        // Twice: the second scope ends where the first has noted all.
        for _ in 0..2 {
            filled(&mut arena, 200_000);
            filled(&mut arena, 100_000);
        }
        arena.reset_keeping(0);
        filled(&mut arena, 150_000);
        arena.scoped(|scope| assert!(scope.alloc_slice_zeroed::<u8>(200_000).iter().all(|&byte| byte == 0)));
    }
    assert_eq!((arena.used(), arena.high_water()), (0, 200_000));
}

#[test]
fn a_limit_that_is_set_behind_a_mark_holds_after_the_rewind() {
    let mut arena = Arena::new();
    for _ in 0..2 {
        filled(&mut arena, 10_000);
        let mark = arena.mark();
        arena.alloc_slice_fill_copy(8_000, 1u8);
        arena.set_limit(4_000);
        assert!(arena.try_alloc(1u64).is_err());
        // SAFETY: the mark was made just before, and what was allocated since is not used.
        unsafe { arena.rewind(mark) };
        arena.scoped(|scope| assert!(scope.try_alloc([0u8; 4_000]).is_ok()));
        assert!(arena.try_alloc([0u8; 4_008]).is_err());
        arena.set_limit(usize::MAX);
    }
    assert_eq!(arena.used(), 0);
}

#[test]
fn a_backing_that_protects_hears_of_each_rewind_that_frees_something_and_of_no_other() {
    let notes = Notes::default();
    let mut arena = Arena::<8, _>::new_in(Watched(Mapped::new(), &notes));
    arena.alloc([1u64; 5]);
    for _ in 0..3 {
        arena.scoped(|_| ());
        arena.scoped(|scope| *scope.alloc(2u64));
        arena.scoped(|mut scope| {
            scope.alloc(3u64);
            scope.scoped(|inner| *inner.alloc(4u64));
        });
    }
    assert_eq!(notes.kept.take(), [40, 48, 40].repeat(3));
}
