//! The limit of an arena: exact, counted across blocks, whatever it was before (`.bump.limit`).

#![cfg(feature = "os")]

mod support;

use region::Arena;
use region::error::AllocReason;
use std::alloc::Layout;
use support::heap::{Heap, Plan};

#[test]
fn the_limit_counts_every_byte() {
    let arena = Arena::<1>::with_min_align();
    arena.set_limit(16_384);
    for _ in 0..16_384 {
        arena.try_alloc(1u8).unwrap();
    }
    assert_eq!(arena.try_alloc(1u8).unwrap_err().reason(), AllocReason::Limit(16_384));
    assert_eq!(arena.used(), 16_384);
    arena.set_limit(16_385);
    arena.try_alloc(1u8).unwrap();
    assert!(arena.try_alloc(1u8).is_err());
}

#[test]
fn the_limit_counts_in_units_of_min_align() {
    let arena = Arena::new();
    arena.set_limit(16_384);
    for _ in 0..2_048 {
        arena.try_alloc(1u8).unwrap();
    }
    assert!(arena.try_alloc(1u8).is_err());
    assert_eq!(arena.used(), 16_384);
    let arena = Arena::new();
    arena.set_limit(100);
    assert!(arena.try_alloc([0u8; 97]).is_err());
    assert!(arena.try_alloc([0u8; 96]).is_ok());
}

#[test]
fn one_value_reaches_the_limit_and_none_passes_it() {
    for limit in [0, 8, 4_096, 65_536, 65_544, 1 << 20, (4 << 20) + 8] {
        let arena = Arena::<1>::with_min_align();
        arena.set_limit(limit);
        let error = arena.try_alloc_slice_zeroed::<u8>(limit + 1).unwrap_err();
        assert_eq!(error.reason(), AllocReason::Limit(limit));
        assert_eq!((arena.used(), arena.reserved()), (0, 0));
        assert_eq!(arena.try_alloc_slice_zeroed::<u8>(limit).unwrap().len(), limit);
        assert!(arena.try_alloc(1u8).is_err());
        assert!(arena.try_alloc(()).is_ok(), "nothing always fits");
    }
}

#[test]
fn the_limit_is_exact_across_blocks() {
    fn all<const MIN_ALIGN: usize>() {
        for limit in (0..=2_048).step_by(64) {
            for size in [1, 8, 64, 100] {
                let (heap, book) = Heap::new(Plan::TINY);
                let arena = Arena::<MIN_ALIGN, Heap>::new_in(heap);
                arena.set_limit(limit);
                let count = (0..).take_while(|_| arena.try_alloc_slice_fill_copy(size, 1u8).is_ok()).count();
                assert_eq!(count, limit / size.next_multiple_of(MIN_ALIGN), "{limit} {size}");
                drop(arena);
                book.check_closed();
            }
        }
    }
    all::<1>();
    all::<8>();
    all::<64>();
}

#[test]
fn a_limit_below_what_is_used_keeps_it_and_refuses_more() {
    let mut arena = Arena::new();
    let kept = arena.alloc_slice_fill_copy(100_000, 7u8);
    arena.set_limit(1_000);
    assert!(arena.try_alloc(1u8).is_err());
    assert!(arena.try_alloc_slice_fill_copy(1 << 20, 1u8).is_err());
    assert!(kept.iter().all(|&byte| byte == 7));
    assert_eq!((arena.used(), arena.limit()), (100_000, 1_000));
    arena.reset();
    assert!(arena.try_alloc([0u8; 1_000]).is_ok());
    assert!(arena.try_alloc(1u8).is_err());
    arena.set_limit(usize::MAX);
    assert!(arena.try_alloc([0u8; 100_000]).is_ok());
}

#[test]
fn the_limit_holds_after_a_rewind() {
    let (heap, _book) = Heap::new(Plan::TINY);
    let arena = Arena::<8, Heap>::new_in(heap);
    arena.set_limit(800);
    for _ in 0..5 {
        let mark = arena.mark();
        let count = (0..).take_while(|_| arena.try_alloc([1u8; 40]).is_ok()).count();
        assert_eq!(count, 20);
        // SAFETY: no value is left, and nothing was rewound further.
        unsafe { arena.rewind(mark) };
    }
}

/// Padding counts too, so an aligned value may be refused in a block that was entered for it.
#[test]
fn an_aligned_value_at_the_limit_is_refused_and_the_next_ones_lie_in_blocks() {
    for limit in 200..600 {
        let (heap, book) = Heap::new(Plan::TINY);
        let arena = Arena::<1, Heap>::new_in(heap);
        arena.set_limit(limit);
        let mut rows: Vec<&mut [u8]> = Vec::new();
        for (i, align) in [1, 64, 128, 1, 64, 1, 128, 1, 1, 1].into_iter().enumerate() {
            let layout = Layout::from_size_align(60 + i, align).unwrap();
            if let Ok(at) = arena.try_alloc_layout(layout) {
                // SAFETY: the bytes were just allocated, live as long as the arena, and are written first.
                rows.push(unsafe {
                    at.write_bytes(i as u8, layout.size());
                    std::slice::from_raw_parts_mut(at.as_ptr(), layout.size())
                });
            }
            assert!(arena.used() <= limit);
        }
        assert!(rows.iter().all(|row| row.iter().all(|&byte| usize::from(byte) == row.len() - 60)));
        drop(arena);
        book.check_closed();
    }
}
