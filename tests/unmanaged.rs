//! Containers without a pointer to their arena: sizes, what they are to the type system, growing in one arena and in
//! several, and what becomes of their values.
#![cfg(all(feature = "os", any(unix, windows), not(loom)))]

#[path = "support/drops.rs"]
#[allow(dead_code)]
mod drops;

use drops::Drops;
use region::backing::Buffer;
use region::collections::unmanaged::{String, ThinSlice, ThinStr, ThinString, ThinVec, Vec, WithArena, Writer};
use region::error::AllocReason;
use region::{Arena, ArenaPool, StackBuffer};
use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert_eq};
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::Write;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::Rc;

type Heap<T> = std::vec::Vec<T>;

const WORD: usize = size_of::<usize>();
const_assert_eq!(size_of::<Vec<u8>>(), WORD + 8);
const_assert_eq!(size_of::<String>(), WORD + 8);
const_assert_eq!(size_of::<Option<Vec<[u64; 9]>>>(), WORD + 8);
const_assert_eq!(size_of::<ThinVec<u64>>(), WORD);
const_assert_eq!(size_of::<Option<ThinVec<()>>>(), WORD);
const_assert_eq!(size_of::<Option<ThinString>>(), WORD);
const_assert_eq!(size_of::<Option<ThinSlice<u64>>>(), WORD);
const_assert_eq!(size_of::<Option<ThinStr>>(), WORD);
// They are their values, and no arena.
assert_impl_all!(Vec<u8>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default);
assert_impl_all!(ThinVec<Cell<u8>>: Send, UnwindSafe);
assert_not_impl_any!(Vec<Cell<u8>>: Sync, RefUnwindSafe);
assert_not_impl_any!(ThinVec<Rc<u8>>: Send, Sync, Copy, Clone);
assert_not_impl_any!(Vec<&'static mut u8>: UnwindSafe);
assert_impl_all!(ThinSlice<u8>: Send, Sync, Copy);
assert_not_impl_any!(ThinSlice<Cell<u8>>: Send, Sync);
assert_impl_all!(String: Send, Sync, std::hash::Hash, Ord);
const _: () = assert!(!std::mem::needs_drop::<Vec<std::string::String>>());

/// The same test for both vectors.
macro_rules! both {
    ($($(#[$attribute:meta])* fn $name:ident($vector:ident) $body:block)*) => {
        mod vec {
            use super::*;
            $(#[test] $(#[$attribute])* fn $name() { use super::Vec as $vector; $body })*
        }
        mod thin {
            use super::*;
            $(#[test] $(#[$attribute])* fn $name() { use super::ThinVec as $vector; $body })*
        }
    };
}

both! {
    fn values_grow_in_place_at_the_end_of_their_arena(Row) {
        let arena = Arena::new();
        let mut row = Row::new();
        row.push(0u64, &arena);
        let start = row.as_ptr();
        row.extend(1..1000, &arena);
        assert_eq!(row.as_ptr(), start);
        assert!(row.iter().copied().eq(0..1000));
        arena.alloc(7u8);
        row.reserve(10_000, &arena);
        assert_ne!(row.as_ptr(), start);
        assert!(row.iter().copied().eq(0..1000));
    }

    fn every_push_may_be_to_another_arena(Row) {
        let arenas = [Arena::new(), Arena::new(), Arena::new()];
        let small = Arena::<1>::with_min_align();
        let aligned = Arena::<64>::with_min_align();
        type WithModel<'a> = (Row<'a, [u8; 3]>, Heap<[u8; 3]>);
        let mut rows: Heap<WithModel> = (0..8).map(|_| (Row::new(), Heap::new())).collect();
        let mut random = 1u32;
        for n in 0..20_000u32 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (row, model) = &mut rows[(random >> 24) as usize % 8];
            let value = [n as u8, (n >> 8) as u8, (random >> 16) as u8];
            match (random >> 10) % 5 {
                0 => row.push(value, &small),
                1 => row.push(value, &aligned),
                arena => row.push(value, &arenas[arena as usize - 2]),
            }
            model.push(value);
            if (random >> 5) % 32 == 0 {
                row.shrink_to_fit(&arenas[1]);
            }
            if model.len() > 900 {
                row.truncate(5);
                model.truncate(5);
            }
        }
        for (row, model) in &rows {
            assert_eq!(row, &model[..]);
        }
    }

    /// An arena in a buffer that another arena handed out, where the buffer and the vector in it end at the cursor of the
    /// other: all that the other sees of the vector looks like a last allocation of its own.
    fn an_arena_takes_no_block_of_a_nested_one_for_its_own(Row) {
        for spare in 0..64 {
            let outer = Arena::new();
            let buffer = outer.alloc_slice_fill_with(256 + spare, |_| MaybeUninit::<u8>::uninit());
            let mut inner = Arena::<1, Buffer<'_>>::new_in(buffer.into());
            {
                let mut row: Row<u8> = Row::new();
                while row.len() < 200 + spare && row.try_push(1, &inner).is_ok() {}
                let len = row.len();
                let before = row.as_ptr();
                row.reserve(100, &outer);
                assert_ne!(row.as_ptr(), before, "with {spare} bytes to spare");
                row.extend([2; 100], &outer);
                assert!(row[..len] == [1u8; 300][..len] && row[len..] == [2; 100]);
            }
            inner.reset();
            inner.alloc(3u8);
        }
    }

    fn a_buffer_is_used_to_its_last_unit(Row) {
        for len in [64, 65, 71, 72, 1000] {
            let mut memory = [MaybeUninit::<u8>::uninit(); 1000];
            let arena = Arena::<1, Buffer<'_>>::new_in((&mut memory[..len]).into());
            let mut row: Row<u8> = Row::new();
            let fits = len - 1 - (size_of::<Row<u8>>() == WORD) as usize * 8;
            while row.try_push(5, &arena).is_ok() {}
            // It may have begun elsewhere than the first byte: the header is aligned.
            assert!((fits - 3..=fits).contains(&row.len()), "{} of {len}", row.len());
            let error = row.try_push(5, &arena).unwrap_err();
            assert!(matches!(error.reason(), AllocReason::Exhausted(_)), "{error}");
            assert_eq!(row, [5u8; 1000][..row.len()]);
        }
    }

    fn what_is_unused_goes_back_to_the_arena_that_has_it(Row) {
        let (arena, other) = (Arena::new(), Arena::new());
        let mut row: Row<u64> = Row::with_capacity_in(100, &arena);
        row.extend(0..10, &arena);
        let used = arena.used();
        row.shrink_to_fit(&other);
        assert_eq!((arena.used(), row.capacity()), (used, 100));
        row.shrink_to_fit(&arena);
        assert_eq!((arena.used(), row.capacity()), (used - 90 * 8, 10));
        arena.alloc(1u8);
        row.reserve(1, &other);
        assert!(other.used() >= 20 * 8 && row.iter().copied().eq(0..10));
        row.clear();
        row.shrink_to_fit(&other);
        row.extend(0..3, &other);
        assert_eq!(row, [0, 1, 2]);
    }

    fn scratch_memory_of_a_claim_serves_what_was_begun_before(Row) {
        let arena = Arena::new();
        let kept = arena.alloc_str("kept");
        {
            let mut row: Row<u32> = Row::from_iter_in(0..10, &arena);
            assert_eq!(row.try_push(1, &arena).map_err(|error| error.reason()), Ok(()));
            let claim = arena.claim();
            row.shrink_to_fit(&claim);
            row.extend(11..5_000, &claim);
            row.shrink_to_fit(&claim);
            assert_eq!((row.len(), row[4_999]), (5_000, 4_999));
            let nested = claim.claim();
            row.extend(0..100_000, &nested);
            assert_eq!(row.len(), 105_000);
        }
        let mut row: Row<u32> = Row::from_iter_in(0..4, &arena);
        let claim = arena.claim();
        assert_eq!(row.try_extend([1; 100], &arena).unwrap_err().reason(), AllocReason::Claimed);
        assert_eq!(row[..4], [0, 1, 2, 3]);
        drop(claim);
        row.push(1, &arena);
        assert_eq!(*kept, *"kept");
    }

    fn scopes_pools_and_their_arenas_are_arenas(Row) {
        let mut arena = Arena::new();
        let sum: u32 = arena.scoped(|scope| {
            let mut row = Row::from_iter_in([1, 2], &scope);
            row.push(3, &scope);
            row.iter().sum()
        });
        let pool = ArenaPool::new();
        let (member, pooled) = (pool.member(), pool.get());
        let mut row = Row::from_iter_in([sum], &member);
        row.push(1, &*member);
        row.push(2, &pooled);
        assert_eq!(row, [6, 1, 2]);
    }

    fn a_thread_grows_what_another_one_made(Row) {
        let arena = Arena::new();
        let mut rows: Heap<Row<u64>> = (0..4).map(|n| Row::from_iter_in(0..n, &arena)).collect();
        let theirs: [Arena; 4] = std::array::from_fn(|_| Arena::new());
        let pool = ArenaPool::new();
        std::thread::scope(|scope| {
            for row in &mut rows {
                let pool = &pool;
                scope.spawn(move || {
                    // Until the pool ends, so for as long as the rows.
                    let mine = pool.member().into_arena();
                    row.extend(100..1_000, mine);
                });
            }
            arena.alloc([0u64; 100]);
        });
        for (n, row) in rows.iter_mut().enumerate() {
            row.push(7, &theirs[n]);
            assert!(row.iter().copied().eq((0..n as u64).chain(100..1_000).chain([7])));
        }
    }

    fn values_without_bytes_are_counted(Row) {
        let arena = Arena::new();
        let mut row: Row<()> = Row::new();
        row.extend([(); 1_000], &arena);
        row.truncate(999);
        // What a length of four bytes says, and no more than an object may have.
        const MOST: usize = if usize::BITS == 64 { u32::MAX as usize } else { isize::MAX as usize };
        assert_eq!((row.len(), row.pop(), row.capacity()), (999, Some(()), MOST));
        assert!(arena.used() <= 8);
        row.extend_from_slice_copy(&[(); MOST - 998], &arena);
        let error = row.try_push((), &arena).unwrap_err();
        assert_eq!(error.reason(), AllocReason::TooLarge);
        assert_eq!(row.len(), MOST);
    }

    fn lengths_are_bounded_by_what_32_bits_count(Row) {
        let arena = Arena::new();
        let mut row: Row<u8> = Row::from_iter_in([1, 2], &arena);
        for more in [u32::MAX as usize - 1, u32::MAX as usize, usize::MAX, usize::MAX / 2] {
            let error = row.try_reserve(more, &arena).unwrap_err();
            assert_eq!(error.reason(), AllocReason::TooLarge, "{more}");
            assert!(Row::<u64>::try_with_capacity_in(more.saturating_add(2), &arena).is_err());
        }
        assert_eq!(row, [1, 2]);
    }

    fn alignment_is_kept(Row) {
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[repr(align(256))]
        struct Wide(u8);
        let (arena, packed) = (Arena::new(), Arena::<1>::with_min_align());
        let mut row: Row<Wide> = Row::new();
        assert!(row.is_empty() && row.as_ptr().addr() % 256 == 0);
        for n in 0..40 {
            packed.alloc(n);
            row.push(Wide(n), &packed);
            assert_eq!(row.as_ptr().addr() % 256, 0);
        }
        row.extend((40..50).map(Wide), &arena);
        assert!(row.iter().map(|wide| wide.0).eq(0..50));
        let empty: Row<u128> = Row::new();
        assert_eq!(empty.as_ptr().addr() % align_of::<u128>(), 0);
    }

    fn values_are_dropped_when_they_leave_and_never_with_the_vector(Row) {
        let arena = Arena::new();
        let drops = Drops::new();
        let mut row = Row::new();
        row.extend((0..10).map(|_| drops.make()), &arena);
        assert_eq!(row.pop().map(|value| value.number), Some(9));
        row.truncate(8);
        row.retain(|value| value.number % 2 == 0);
        drop(row.remove(0));
        assert_eq!(drops.order(), [9, 8, 1, 3, 5, 7, 0]);
        let mut values = row.into_iter();
        assert_eq!(values.next_back().map(|value| value.number), Some(6));
        drop(values);
        assert_eq!(drops.order(), [9, 8, 1, 3, 5, 7, 0, 6, 2, 4]);

        let row = Row::from_iter_in([drops.make()], &arena);
        assert_eq!(row.len(), 1);
        assert_eq!(drops.order().len(), 10);
        // The test's own: a checker of leaks sees it else.
        let _ = row.into_iter().next();
    }

    fn a_panic_of_an_iterator_or_a_clone_leaves_a_whole_vector(Row) {
        struct Fuse<'d>(&'d Drops, drops::Value);
        impl Clone for Fuse<'_> {
            fn clone(&self) -> Self {
                assert_ne!(self.1.number, 2, "expected");
                Fuse(self.0, self.0.make())
            }
        }
        let arena = Arena::new();
        let drops = Drops::new();
        let mut row = Row::new();
        row.extend((0..4).map(|_| Fuse(&drops, drops.make())), &arena);
        assert!(catch_unwind(AssertUnwindSafe(|| row.with_arena(&arena).extend_from_within(..))).is_err());
        assert_eq!(row.iter().map(|fuse| fuse.1.number).collect::<Heap<_>>(), [0, 1, 2, 3, 4, 5]);
        assert!(catch_unwind(AssertUnwindSafe(|| _ = row.clone_in(&arena))).is_err());
        let panics = (0..3).map(|n| if n < 2 { Fuse(&drops, drops.make()) } else { panic!("expected") });
        assert!(catch_unwind(AssertUnwindSafe(|| row.extend(panics, &arena))).is_err());
        assert_eq!(row.len(), 8);
        drop(row.into_iter());
    }

    fn with_its_arena_it_is_a_vector_as_others(Row) {
        let arena = Arena::new();
        let mut row = Row::from_iter_in([1, 2, 3], &arena);
        let mut other = Row::from_iter_in([8, 9], &arena);
        let mut growing: WithArena<'_, '_, i32, Row<i32>> = row.with_arena(&arena);
        growing.insert(1, 7);
        growing.try_append(&mut other).unwrap();
        growing.resize_with(8, || 4);
        growing.extend_from_slice(&[5]);
        growing.extend_from_slice_copy(&[6]);
        growing.reserve_exact(100);
        growing.push(1);
        growing.try_push(1).unwrap();
        growing.truncate(growing.len() - 2);
        growing.reserve(1);
        growing.try_reserve(1).unwrap();
        growing.try_extend_from_slice_copy(&[]).unwrap();
        growing.as_mut_slice()[0] += growing.as_slice()[0] - 1;
        assert!(growing.splice(0..1, [0, 0, 0]).eq([1]));
        growing.sort_unstable();
        assert_eq!(growing, [0, 0, 0, 2, 3, 4, 4, 5, 6, 7, 8, 9]);
        assert_eq!(format!("{growing:?}").len(), 36);
        assert!(other.is_empty() && row.capacity() >= 110);
        assert_eq!(row.try_clone_in(&arena).unwrap(), row.clone_in(&arena));
        row.as_mut_slice()[11] = 9;
        let same: &mut [i32] = row.into_slice();
        assert_eq!(same.len(), 12);
    }

    fn every_way_to_grow_reports_a_refusal(Row) {
        let mut memory = StackBuffer::<64>::new();
        let arena = Arena::from_buffer(&mut memory);
        let mut row: Row<u64> = Row::try_from_iter_in([1, 2], &arena).unwrap();
        assert!(row.try_reserve(10, &arena).is_err());
        assert!(row.try_extend_from_slice_copy(&[0; 10], &arena).is_err());
        assert!(row.try_clone_in(&arena).is_ok());
        assert!(row.with_arena(&arena).try_reserve_exact(10).is_err());
        assert!(row.with_arena(&arena).try_extend_from_slice(&[0; 10]).is_err());
        assert!(Row::try_from_iter_in(0..100, &arena).is_err());
        assert_eq!(row, [1, 2]);
        assert!(catch_unwind(AssertUnwindSafe(|| row.reserve(10, &arena))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| row.extend(0..10, &arena))).is_err());
        assert!(row.starts_with(&[1, 2]));
    }

    fn it_is_compared_hashed_ordered_and_printed_as_a_slice(Row) {
        let arena = Arena::new();
        let row = Row::from_iter_in(["a", "b"], &arena);
        assert_eq!(format!("{row:?}"), "[\"a\", \"b\"]");
        assert!(row < Row::from_iter_in(["b"], &arena) && row == ["a", "b"] && row != Row::<&str>::new());
        let mut map = HashMap::new();
        map.insert(row, 1);
        assert_eq!(map.get(&["a", "b"][..]), Some(&1));
        let mut row = Row::from_iter_in([3, 1, 2], &arena);
        row.sort();
        for value in &mut row {
            *value += 1;
        }
        assert_eq!((&row).into_iter().sum::<i32>(), 9);
        assert_eq!(row.drain(1..).collect::<Heap<_>>(), [3, 4]);
    }
}

#[test]
fn a_complete_list_takes_what_it_has() {
    let arena = Arena::new();
    let used = arena.used();
    let list = ThinSlice::from_iter_in((0..5).filter(|_| true), &arena);
    assert_eq!(arena.used() - used, 8 + 5 * 4 + 4);
    assert_eq!(list.as_slice(), [0, 1, 2, 3, 4]);
    let [one, two] = [list, list];
    assert_eq!(one, two);
    assert_eq!(one.into_iter().chain(&two).sum::<i32>(), 20);
    assert!(list > ThinSlice::default() && format!("{list:?}") == "[0, 1, 2, 3, 4]");
    let read = std::thread::scope(|scope| scope.spawn(move || list.iter().sum::<i32>()).join().unwrap());
    assert_eq!(read, 10);
    let mut memory = StackBuffer::<16>::new();
    assert!(ThinSlice::try_from_iter_in(0..5, &Arena::from_buffer(&mut memory)).is_err());
    assert_eq!(*ThinSlice::try_from_iter_in([1], &arena).unwrap(), [1]);
}

/// The same test for both texts.
macro_rules! text {
    ($name:ident, $text:ident) => {
        #[test]
        fn $name() {
            let (arena, other) = (Arena::<1>::with_min_align(), Arena::new());
            let mut text = $text::with_capacity_in(4, &arena);
            text.push('é', &arena);
            text.push_str("clair", &other);
            text.try_push('!', &arena).unwrap();
            text.try_push_str("?", &other).unwrap();
            assert_eq!((text.pop(), text.pop(), text.len()), (Some('?'), Some('!'), 7));
            text.truncate(2);
            assert!(catch_unwind(AssertUnwindSafe(|| text.truncate(1))).is_err());
            text.as_mut_str().make_ascii_uppercase();
            text.reserve(100, &arena);
            text.try_reserve(100, &arena).unwrap();
            assert!(text.capacity() >= 102);
            text.shrink_to_fit(&arena);
            assert!(text == "é" && text.capacity() == 2 && text == text.clone_in(&other));
            assert_eq!(text.try_clone_in(&other).unwrap().into_str(), "é");
            {
                let mut writer: Writer<'_, '_, _> = text.writer(&other);
                write!(writer, "{}{:>3}", 1, 2).unwrap();
            }
            assert_eq!(format!("{text} {text:?} {}", &*text), "é1  2 \"é1  2\" é1  2");
            assert_eq!($text::from_fmt_in(format_args!("{}{}", "a", 1), &arena), "a1");
            // SAFETY: the bytes were a text's.
            let same = unsafe { $text::from_utf8_unchecked(text.clone_in(&arena).into_bytes()) };
            assert!(same == text && same.as_ref() as &str == "é1  2" && $text::new() < same);
            text.clear();
            assert_eq!(text, "");
            assert_eq!(HashMap::from([(same, 1)]).get("é1  2"), Some(&1));

            let mut memory = StackBuffer::<16>::new();
            let full = Arena::from_buffer(&mut memory);
            assert!($text::try_from_str_in("more than sixteen bytes", &full).is_err());
            assert!($text::try_with_capacity_in(17, &full).is_err());
            let error = $text::try_from_fmt_in(format_args!("{:>100}", 1), &full).unwrap_err();
            assert!(!matches!(error.reason(), AllocReason::Format), "{error}");
            struct Fails;
            impl std::fmt::Display for Fails {
                fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    Err(std::fmt::Error)
                }
            }
            let error = $text::try_from_fmt_in(format_args!("{Fails}"), &arena).unwrap_err();
            assert_eq!(error.reason(), AllocReason::Format);
        }
    };
}

text!(text_of_two_words_is_text, String);
text!(text_of_one_word_is_text, ThinString);

#[test]
fn complete_text_is_one_word() {
    let arena = Arena::new();
    let text = ThinString::from_str_in("one", &arena).into_thin_str();
    let copy = text;
    assert!(copy == "one" && text <= copy && ThinStr::default().is_empty());
    assert_eq!(ThinStr::try_from_str_in("two", &arena).unwrap().as_str(), "two");
    // SAFETY: ASCII.
    let made = unsafe { ThinStr::from_utf8_unchecked(ThinSlice::from_iter_in(*b"abc", &arena)) };
    assert_eq!(format!("{made}{made:?}"), "abc\"abc\"");
    assert_eq!(HashMap::from([(made, 1)]).get("abc"), Some(&1));
}
