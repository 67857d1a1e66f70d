//! What each way to allocate gives, and what it refuses: values, slices, strings, zeroes, raw layouts.

#![cfg(feature = "os")]

use region::backing::Buffer;
use region::error::{AllocOrInitError, AllocReason};
use region::{Arena, StackBuffer};
use std::alloc::Layout;
use std::cell::Cell;
use std::mem::MaybeUninit;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

#[test]
fn every_method_gives_what_it_was_asked_for() {
    let arena = Arena::new();
    assert_eq!(*arena.alloc(7u32), 7);
    assert_eq!(*arena.alloc_with(|| 8u16), 8);
    assert_eq!(arena.alloc_try_with(|| Ok::<_, ()>(9u8)), Ok(&mut 9));
    assert_eq!(arena.alloc_slice_copy(&[1, 2, 3]), [1, 2, 3]);
    assert_eq!(arena.alloc_slice_clone(&["a".to_owned()]), ["a"]);
    assert_eq!(arena.alloc_slice_fill_with(3, |i| i * 2), [0, 2, 4]);
    assert_eq!(arena.alloc_slice_try_fill_with(2, Ok::<_, ()>), Ok(&mut [0, 1][..]));
    assert_eq!(arena.alloc_slice_fill_copy(2, 5i64), [5, 5]);
    assert_eq!(arena.alloc_slice_fill_clone(2, &"x".to_owned()), ["x", "x"]);
    assert_eq!(arena.alloc_slice_fill_default::<u128>(2), [0, 0]);
    assert_eq!(arena.alloc_slice_fill_iter(0..4u8), [0, 1, 2, 3]);
    assert_eq!(arena.alloc_slice_try_fill_iter([Ok::<_, ()>(1), Ok(2)]), Ok(&mut [1, 2][..]));
    assert_eq!(*arena.alloc_zeroed::<[u64; 3]>(), [0; 3]);
    assert_eq!(arena.alloc_slice_zeroed::<bool>(2), [false; 2]);
    assert_eq!(arena.alloc_str("grün"), "grün");
    assert_eq!(arena.alloc_fmt(format_args!("{}-{}", 1, "b")), "1-b");
    assert_eq!(arena.alloc_layout(layout(100, 64)).addr().get() % 64, 0);
    let zeroed = arena.alloc_layout_zeroed(layout(100, 64));
    // SAFETY: 100 bytes that were just allocated, zeroed.
    assert_eq!(unsafe { std::slice::from_raw_parts(zeroed.as_ptr(), 100) }, [0; 100]);
}

#[test]
fn every_try_form_gives_what_its_plain_form_gives() {
    let arena = Arena::new();
    assert_eq!(arena.try_alloc(7u32), Ok(&mut 7));
    assert_eq!(arena.try_alloc_with(|| 8u16), Ok(&mut 8));
    assert_eq!(arena.try_alloc_try_with(|| Ok::<_, ()>(9u8)), Ok(&mut 9));
    assert_eq!(arena.try_alloc_try_with(|| Err::<u8, _>("no")), Err(AllocOrInitError::Init("no")));
    assert_eq!(arena.try_alloc_slice_copy(&[1, 2]).unwrap(), [1, 2]);
    assert_eq!(arena.try_alloc_slice_clone(&["a".to_owned()]).unwrap(), ["a"]);
    assert_eq!(arena.try_alloc_slice_fill_with(3, |i| i * 2).unwrap(), [0, 2, 4]);
    assert_eq!(arena.try_alloc_slice_try_fill_with(2, Ok::<_, ()>).unwrap(), [0, 1]);
    assert_eq!(arena.try_alloc_slice_fill_copy(2, 5i64).unwrap(), [5, 5]);
    assert_eq!(arena.try_alloc_slice_fill_clone(2, &"x".to_owned()).unwrap(), ["x", "x"]);
    assert_eq!(arena.try_alloc_slice_fill_default::<u128>(2).unwrap(), [0, 0]);
    assert_eq!(arena.try_alloc_slice_fill_iter(0..4u8).unwrap(), [0, 1, 2, 3]);
    assert_eq!(arena.try_alloc_slice_try_fill_iter([Ok::<_, ()>(1), Ok(2)]).unwrap(), [1, 2]);
    assert_eq!(arena.try_alloc_zeroed::<[u64; 3]>(), Ok(&mut [0; 3]));
    assert_eq!(arena.try_alloc_slice_zeroed::<bool>(2).unwrap(), [false; 2]);
    assert_eq!(arena.try_alloc_str("grün").unwrap(), "grün");
    assert_eq!(arena.try_alloc_fmt(format_args!("{}-{}", 1, "b")).unwrap(), "1-b");
    assert_eq!(arena.try_alloc_layout(layout(100, 64)).unwrap().addr().get() % 64, 0);
    assert_eq!(arena.try_alloc_layout_zeroed(layout(100, 64)).unwrap().addr().get() % 64, 0);
}

/// Every `try_` form refuses on a full arena without a panic, and calls no closure.
#[test]
fn every_try_form_refuses_on_a_full_arena_and_calls_nothing() {
    let mut memory = StackBuffer::<64>::new();
    let arena = Arena::from_buffer(&mut memory);
    let kept = arena.alloc([7u8; 64]);
    let called = Cell::new(false);
    let call = || called.set(true);
    assert!(arena.try_alloc(1u8).is_err());
    assert!(arena.try_alloc_with(call).is_ok(), "a unit takes no room");
    assert!(called.take());
    assert!(arena.try_alloc_with(|| (call(), 1u8)).is_err());
    assert!(arena.try_alloc_try_with(|| (call(), Err::<u8, ()>(())).1).is_err());
    assert!(arena.try_alloc_slice_copy(&[1u8]).is_err());
    assert!(arena.try_alloc_slice_clone(&[1u8]).is_err());
    assert!(arena.try_alloc_slice_fill_with(1, |_| (call(), 1u8)).is_err());
    assert!(arena.try_alloc_slice_try_fill_with(1, |_| (call(), Err::<u8, ()>(())).1).is_err());
    assert!(arena.try_alloc_slice_fill_copy(1, 1u8).is_err());
    assert!(arena.try_alloc_slice_fill_clone(1, &1u8).is_err());
    assert!(arena.try_alloc_slice_fill_default::<u8>(1).is_err());
    assert!(arena.try_alloc_slice_fill_iter([1u8]).is_err());
    assert!(arena.try_alloc_slice_try_fill_iter([Ok::<u8, ()>(1)]).is_err());
    assert!(arena.try_alloc_zeroed::<u8>().is_err());
    assert!(arena.try_alloc_slice_zeroed::<u8>(1).is_err());
    assert!(arena.try_alloc_str("x").is_err());
    assert!(arena.try_alloc_fmt(format_args!("{}", 1)).is_err());
    assert!(arena.try_alloc_layout(layout(1, 1)).is_err());
    assert!(arena.try_alloc_layout_zeroed(layout(1, 1)).is_err());
    assert!(!called.get());
    assert_eq!((*kept, arena.used()), ([7; 64], 64));
}

#[test]
#[should_panic(expected = "the arena's memory of 64 bytes is used up")]
fn the_panic_of_a_plain_form_says_why() {
    let mut memory = StackBuffer::<64>::new();
    Arena::from_buffer(&mut memory).alloc([0u8; 65]);
}

#[test]
fn values_without_bytes_take_no_memory_and_are_aligned() {
    #[derive(Clone, Copy, Debug, PartialEq, Default)]
    #[repr(align(4096))]
    struct Nothing;
    let arena = Arena::new();
    assert_eq!((arena.alloc(Nothing) as *mut Nothing).addr() % 4096, 0);
    assert_eq!(arena.alloc_slice_fill_default::<Nothing>(1_000).len(), 1_000);
    assert_eq!(arena.alloc_slice_copy(&[Nothing; 3]).as_ptr().addr() % 4096, 0);
    assert_eq!(arena.alloc_slice_fill_iter([Nothing; 5]).len(), 5);
    assert_eq!(arena.alloc_slice_fill_iter([0u64; 0]).len(), 0);
    assert_eq!(arena.alloc_slice_zeroed::<()>(usize::MAX).len(), usize::MAX);
    assert_eq!(arena.alloc_str(""), "");
    assert_eq!(arena.alloc_fmt(format_args!("{}", "")), "");
    for align in (0..usize::BITS).map(|shift| 1 << shift) {
        assert_eq!(arena.alloc_layout(layout(0, align)).addr().get() % align, 0);
        assert_eq!(arena.alloc_layout_zeroed(layout(0, align)).addr().get() % align, 0);
    }
    assert_eq!((arena.used(), arena.reserved()), (0, 0));
}

/// A row of values without bytes is collected in full, with the alignment of its type.
#[test]
fn a_collected_row_without_bytes_is_aligned() {
    #[derive(Debug, PartialEq)]
    #[repr(align(64))]
    struct Nothing;
    let arena = Arena::new();
    let row = arena.alloc_slice_fill_iter((0..7).map(|_| Nothing));
    assert_eq!((row.len(), row.as_ptr().addr() % 64), (7, 0));
}

#[test]
fn alignments_up_to_2_mib_are_kept() {
    fn all<const MIN_ALIGN: usize>() {
        let mut arena = Arena::<MIN_ALIGN>::with_min_align();
        for _ in 0..2 {
            for align in (0..=21).map(|shift| 1usize << shift) {
                for size in [1, align, 3] {
                    arena.alloc(1u8);
                    let at = arena.alloc_layout(layout(size, align));
                    assert_eq!(at.addr().get() % align.max(MIN_ALIGN), 0, "{size} {align} {MIN_ALIGN}");
                    // SAFETY: `size` bytes were just allocated.
                    unsafe { at.write_bytes(0xff, size) };
                    let zeroed = arena.alloc_layout_zeroed(layout(size, align));
                    // SAFETY: as above, zeroed.
                    let bytes = unsafe { std::slice::from_raw_parts(zeroed.as_ptr(), size) };
                    assert!(bytes.iter().all(|&byte| byte == 0));
                }
            }
            arena.reset();
        }
    }
    all::<1>();
    all::<8>();
    all::<64>();
    all::<4096>();
}

#[test]
fn sizes_that_cannot_be_are_refused_and_change_nothing() {
    let arena = Arena::new();
    let kept = arena.alloc(0x5au8);
    let before = (arena.used(), arena.committed(), arena.reserved());
    for less in 0..64 {
        let len = usize::MAX - less;
        assert_eq!(arena.try_alloc_slice_fill_copy(len, 1u8).unwrap_err().reason(), AllocReason::TooLarge);
        assert_eq!(arena.try_alloc_slice_zeroed::<u64>(len).unwrap_err().reason(), AllocReason::TooLarge);
        assert!(arena.try_alloc_slice_fill_default::<u8>(isize::MAX as usize + 1 + less).is_err());
        assert!(arena.try_alloc_slice_zeroed::<u8>(isize::MAX as usize - less).is_err());
        assert!(arena.try_alloc_slice_zeroed::<u64>((isize::MAX as usize - less) / 8).is_err());
        for align in [1, 8, 4096, 1 << 21] {
            let most = isize::MAX as usize + 1 - align;
            assert!(arena.try_alloc_layout(layout(most - less, align)).is_err());
            // Half of the addresses of 32 bits can often be had.
            if usize::BITS == 64 {
                assert!(arena.try_alloc_layout_zeroed(layout(most / 2 - less, align)).is_err());
            }
        }
    }
    if usize::BITS == 64 {
        assert!(arena.try_alloc_layout(layout(1, 1 << 62)).is_err());
    }
    assert!(Arena::try_with_capacity(usize::MAX).is_err());
    assert!(Arena::try_with_capacity(isize::MAX as usize).is_err());
    assert!(Arena::try_with_reservation(usize::MAX).is_err());
    assert!(Arena::try_with_reservation(isize::MAX as usize).is_err());
    for bytes in [usize::MAX, isize::MAX as usize, 4097] {
        let mut memory = [MaybeUninit::uninit(); 4096];
        assert!(Arena::<1, _>::try_with_capacity_in(bytes, Buffer::new(&mut memory)).is_err());
    }
    let mut memory = [MaybeUninit::uninit(); 4096];
    let whole = Arena::<1, _>::with_capacity_in(4096, Buffer::new(&mut memory));
    assert_eq!((whole.used(), whole.chunk_capacity()), (0, 4096));
    assert_eq!((arena.used(), arena.committed(), arena.reserved()), before);
    let next = arena.alloc(0xa5u8) as *mut u8;
    assert_eq!((*kept, next.addr() - (kept as *mut u8).addr()), (0x5a, 8));
}

#[test]
fn neighbours_lie_one_min_align_apart() {
    fn distance<const MIN_ALIGN: usize>() -> usize {
        let arena = Arena::<MIN_ALIGN>::with_min_align();
        let first = (arena.alloc(1u8) as *mut u8).addr();
        (arena.alloc(2u8) as *mut u8).addr() - first
    }
    assert_eq!((distance::<1>(), distance::<8>(), distance::<64>(), distance::<4096>()), (1, 8, 64, 4096));
}

/// An iterator that says what it likes about its length.
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

#[test]
fn an_iterators_word_on_its_length_is_not_trusted() {
    for hint in [0, 1, 99, 101, 5_000, 1 << 20, isize::MAX as usize, usize::MAX] {
        for upper in [None, Some(hint), Some(0)] {
            let arena = Arena::new();
            let before = arena.alloc(1u64);
            let row = arena.alloc_slice_fill_iter(Liar(0..100u32, (hint, upper)));
            assert!(row.iter().copied().eq(0..100));
            let after = arena.alloc(2u64);
            let (end, next) = (row.as_ptr_range().end.addr(), (after as *mut u64).addr());
            assert!(next >= end && next - end < 8, "what the row did not use is given back");
            assert_eq!((*before, *after), (1, 2));
            let results = Liar((0..100u32).map(Ok::<_, ()>), (hint, upper));
            assert_eq!(arena.alloc_slice_try_fill_iter(results).unwrap().len(), 100);
        }
    }
}

/// A hint that the memory cannot hold must not refuse values that it can.
#[test]
fn a_hint_too_large_for_the_buffer_does_not_fail() {
    let mut memory = StackBuffer::<64>::new();
    let arena = Arena::from_buffer(&mut memory);
    assert_eq!(arena.try_alloc_slice_fill_iter(Liar(0..5u8, (1_000, None))).unwrap(), [0, 1, 2, 3, 4]);
}

/// Doubling must not refuse what fits.
#[test]
fn a_row_may_fill_a_buffer_to_its_last_byte() {
    let mut memory = StackBuffer::<72>::new();
    let arena = Arena::from_buffer(&mut memory);
    let row = arena.try_alloc_slice_fill_iter(Liar(0..72u8, (0, None))).unwrap();
    assert!(row.iter().copied().eq(0..72));
    let mut memory = StackBuffer::<72>::new();
    let arena = Arena::from_buffer(&mut memory);
    let text = arena.try_alloc_fmt(format_args!("{:30}{:30}{:12}", "a", "b", "c")).unwrap();
    assert_eq!(text.len(), 72);
}

/// Text whose pieces are not multiples of `MIN_ALIGN` still grows where it is.
#[test]
fn text_of_odd_pieces_grows_in_place() {
    let arena = Arena::new();
    let text = arena.alloc_fmt(format_args!("{}{}{}", "eleven char", "thirteen char", "and some more of it"));
    assert_eq!(text, "eleven charthirteen charand some more of it");
    assert_eq!(arena.used(), text.len().next_multiple_of(8));
}

#[test]
fn a_display_that_fails_is_an_error_and_takes_nothing() {
    struct Fails;
    impl std::fmt::Display for Fails {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("some of it")?;
            Err(std::fmt::Error)
        }
    }
    let arena = Arena::new();
    assert_eq!(arena.try_alloc_fmt(format_args!("{Fails}")).unwrap_err().reason(), AllocReason::Format);
    assert_eq!(arena.used(), 0);
}

/// A piece that found no room is an error even when the `Display` looks away.
#[test]
fn a_display_that_swallows_the_refusal_gives_no_partial_text() {
    struct LooksAway;
    impl std::fmt::Display for LooksAway {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let _ = f.write_str("longer than the room there is");
            let _ = f.write_str("x");
            Ok(())
        }
    }
    let mut memory = StackBuffer::<16>::new();
    let arena = Arena::from_buffer(&mut memory);
    let error = arena.try_alloc_fmt(format_args!("{LooksAway}")).unwrap_err();
    assert!(matches!(error.reason(), AllocReason::Exhausted(16)), "{error}");
}

#[test]
fn a_value_that_finds_no_room_is_dropped_once() {
    struct Counts<'a>(&'a Cell<u32>, #[allow(dead_code)] [u8; 100]);
    impl Drop for Counts<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let drops = Cell::new(0);
    let mut memory = StackBuffer::<64>::new();
    assert!(Arena::from_buffer(&mut memory).try_alloc(Counts(&drops, [0; 100])).is_err());
    assert_eq!(drops.get(), 1);
    Arena::new().alloc(Counts(&drops, [0; 100]));
    assert_eq!(drops.get(), 1, "values in an arena are not dropped");
}
