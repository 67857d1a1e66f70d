//! What `Vec` and `RegionVec` owe alike: values given out from either end, dropped once, and room to the last byte.
//!
//! Run with `--features collections,serde,std`; what needs none of them runs always.

#![cfg(feature = "os")]

#[cfg(feature = "collections")]
#[macro_use]
#[path = "model/vector.rs"]
mod model;

use region::{AppendVec, RegionVec, TypedArena};
use std::cell::Cell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// Values of the kinds below that were dropped; and the one of them, counted from 1, whose drop panics.
    static DROPPED: Cell<usize> = const { Cell::new(0) };
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// Notes a drop, and where it happened.
fn dropped<T>(value: *const T) {
    assert!(value.is_aligned(), "dropped at {value:p}");
    DROPPED.set(DROPPED.get() + 1);
    if DROPPED.get() == PANICS.get() {
        panic!("a drop that panics");
    }
}

/// A kind of value: its number, where it can tell.
trait Kind: Debug + Clone {
    fn make(number: usize) -> Self;
    fn number(&self) -> usize;
}

macro_rules! kind {
    ($(#[$layout:meta])* $name:ident($($field:ty)?), $make:expr, $number:expr) => {
        #[derive(Debug)]
        $(#[$layout])*
        struct $name($($field)?);

        impl Kind for $name {
            fn make(number: usize) -> Self {
                #[allow(clippy::redundant_closure_call)]
                $make(number)
            }
            fn number(&self) -> usize {
                #[allow(clippy::redundant_closure_call)]
                $number(self)
            }
        }

        impl Clone for $name {
            fn clone(&self) -> Self {
                Self::make(self.number())
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                dropped(self);
            }
        }
    };
}
kind!(Number(Box<usize>), |number| Number(Box::new(number)), |this: &Number| *this.0);
kind!(
    #[repr(align(64))]
    Wide(u8),
    |number| Wide(number as u8),
    |this: &Wide| this.0.into()
);
kind!(Nothing(), |_| Nothing(), |_| 0);
kind!(
    #[repr(align(64))]
    WideNothing(),
    |_| WideNothing(),
    |_| 0
);

const MANY: usize = 7;

/// Every way to leave an iterator: so many taken in front and at the back, in turns, and the rest dropped with it.
macro_rules! from_both_ends {
    ($T:ty, $make:expr, $vector:ident => $into:expr) => {{
        let model: std::vec::Vec<usize> = (0..MANY).map(|number| <$T>::make(number).number()).collect();
        for front in 0..=MANY + 1 {
            for back in 0..=MANY + 1 {
                #[allow(unused_mut)]
                let mut $vector = $make;
                DROPPED.set(0);
                let mut values = $into;
                let mut left = model.iter();
                for turn in 0..front.max(back) {
                    if turn < front {
                        assert_eq!(values.next().map(|value| value.number()), left.next().copied());
                    }
                    if turn < back {
                        assert_eq!(values.next_back().map(|value| value.number()), left.next_back().copied());
                    }
                    assert_eq!((values.len(), values.size_hint()), (left.len(), (left.len(), Some(left.len()))));
                    assert!(values.as_slice().iter().map(Kind::number).eq(left.as_slice().iter().copied()));
                }
                assert_eq!(DROPPED.get(), MANY - left.len(), "{front} and {back}");
                drop(values);
                assert_eq!(DROPPED.get(), MANY, "{front} and {back}");
            }
        }
        // One that panics while it is dropped: the others are dropped all the same, and once.
        for panics in 1..=MANY {
            #[allow(unused_mut)]
            let mut $vector = $make;
            DROPPED.set(0);
            let mut values = $into;
            drop((values.next(), values.next_back()));
            PANICS.set(panics);
            let result = catch_unwind(AssertUnwindSafe(|| drop(values)));
            PANICS.set(0);
            assert_eq!((result.is_err(), DROPPED.get()), (panics > 2, MANY), "number {panics}");
        }
        #[allow(unused_mut)]
        let mut $vector = $make;
        assert_eq!($into.rev().count(), MANY);
    }};
}

macro_rules! for_every_kind {
    ($case:ident) => {
        $case!(Number);
        $case!(Wide);
        $case!(Nothing);
        $case!(WideNothing);
    };
}

#[test]
fn rows_give_each_value_once_from_either_end() {
    macro_rules! case {
        ($T:ty) => {
            let all = || (0..MANY).map(<$T>::make);
            from_both_ends!($T, RegionVec::from_iter(all()), vector => vector.into_iter());
            from_both_ends!($T, RegionVec::from_iter(all()), vector => vector.drain(..));
            from_both_ends!($T, AppendVec::from_iter(all()), vector => vector.into_iter());
            from_both_ends!($T, TypedArena::from_iter(all()), vector => vector.into_iter());
        };
    }
    for_every_kind!(case);
}

const BYTES: usize = 96;

/// Grows something until it is refused, or panics for that, in each of several ways: every byte is used then.
macro_rules! fills {
    ($places:ident, $kind:ident, $($name:ident: |$v:ident| $grow:expr;)*) => {$(
        $places!($v => {
            while catch_unwind(AssertUnwindSafe(|| $grow)).unwrap_or(false) {}
            assert_eq!($v.len(), BYTES, "{}::{}", stringify!($kind), stringify!($name));
        });
    )*};
}

/// One value at a time, with room asked for first or not: a limit and a buffer are used to their end either way.
#[test]
fn every_way_to_grow_uses_what_there_is_to_its_end() {
    macro_rules! in_a_buffer {
        ($v:ident => $fill:expr) => {{
            let mut memory = region::StackBuffer::<BYTES>::new();
            let mut $v = RegionVec::from_buffer(&mut memory);
            $fill
        }};
    }
    fills! { in_a_buffer, RegionVec,
        try_push: |v| v.try_push(1u8).is_ok();
        try_reserve: |v| v.try_reserve(1).is_ok() && v.try_push(1u8).is_ok();
        try_insert: |v| v.try_insert(0, 1u8).is_ok();
        try_extend: |v| v.try_extend([1u8]).is_ok();
        try_extend_from_slice: |v| v.try_extend_from_slice(&[1u8]).is_ok();
        push: |v| (v.push(1u8), true).1;
        reserve: |v| (v.reserve(1), v.push(1u8), true).2;
        splice: |v| (drop(v.splice(0..0, [1u8])), true).1;
    }
}

#[cfg(feature = "collections")]
#[test]
fn every_way_to_grow_in_an_arena_uses_it_or_its_limit_to_the_end() {
    use region::collections::{String, Vec};
    use region::{Arena, StackBuffer};
    /// In a buffer, in a larger one under a limit, and with something after the first value.
    macro_rules! in_arenas {
        ($Kind:ident, $v:ident => $fill:expr) => {{
            let (mut small, mut large) = (StackBuffer::<BYTES>::new(), StackBuffer::<{ 10 * BYTES }>::new());
            let (buffer, limited) = (Arena::from_buffer(&mut small), Arena::from_buffer(&mut large));
            limited.set_limit(BYTES);
            for arena in [&buffer, &limited] {
                let mut $v = $Kind::new_in(arena);
                $fill
            }
        }};
    }
    macro_rules! vectors {
        ($v:ident => $fill:expr) => { in_arenas!(Vec, $v => $fill) };
    }
    macro_rules! texts {
        ($v:ident => $fill:expr) => { in_arenas!(String, $v => $fill) };
    }
    fills! { vectors, Vec,
        try_push: |v| v.try_push(1u8).is_ok();
        try_reserve: |v| v.try_reserve(1).is_ok() && v.try_push(1u8).is_ok();
        try_reserve_exact: |v| v.try_reserve_exact(1).is_ok() && v.try_push(1u8).is_ok();
        try_insert: |v| v.try_insert(0, 1u8).is_ok();
        try_extend: |v| v.try_extend([1u8]).is_ok();
        try_extend_from_slice: |v| v.try_extend_from_slice(&[1u8]).is_ok();
        try_extend_from_slice_copy: |v| v.try_extend_from_slice_copy(&[1u8]).is_ok();
        try_extend_from_within: |v| if v.is_empty() { v.try_push(1u8) } else { v.try_extend_from_within(..1) }.is_ok();
        try_resize: |v| v.try_resize(v.len() + 1, 1u8).is_ok();
        try_resize_with: |v| v.try_resize_with(v.len() + 1, || 1u8).is_ok();
        push: |v| (v.push(1u8), true).1;
        reserve: |v| (v.reserve(1), v.push(1u8), true).2;
        reserve_exact: |v| (v.reserve_exact(1), v.push(1u8), true).2;
        insert: |v| (v.insert(0, 1u8), true).1;
        extend: |v| (v.extend([1u8]), true).1;
        extend_from_slice: |v| (v.extend_from_slice(&[1u8]), true).1;
        extend_from_slice_copy: |v| (v.extend_from_slice_copy(&[1u8]), true).1;
        extend_from_slices_copy: |v| (v.extend_from_slices_copy(&[&[1u8], &[]]), true).1;
        resize: |v| (v.resize(v.len() + 1, 1u8), true).1;
        splice: |v| (drop(v.splice(0..0, [1u8])), true).1;
    }
    fills! { texts, String,
        try_push: |v| v.try_push('x').is_ok();
        try_push_str: |v| v.try_push_str("x").is_ok();
        try_reserve: |v| v.try_reserve(1).is_ok() && v.try_push('x').is_ok();
        write: |v| std::fmt::Write::write_char(&mut v, 'x').is_ok();
        push: |v| (v.push('x'), true).1;
        push_str: |v| (v.push_str("x"), true).1;
        reserve: |v| (v.reserve(1), v.push('x'), true).2;
        insert: |v| (v.insert(0, 'x'), true).1;
    }
}

#[cfg(feature = "collections")]
mod in_arenas {
    use super::model::Op;
    use super::*;
    use proptest::prelude::*;
    use region::collections::{Drain, ExtractIf, Splice, String, Vec};
    use region::error::AllocReason;
    use region::typed::IntoIter;
    use region::{Arena, Scope, StackBuffer};
    use std::collections::HashSet;
    use std::hash::{BuildHasher, RandomState};

    #[test]
    fn vectors_give_each_value_once_from_either_end() {
        let arena = Arena::new();
        macro_rules! case {
            ($T:ty) => {
                let all = || Vec::from_iter_in((0..MANY).map(<$T>::make), &arena);
                from_both_ends!($T, all(), vector => vector.into_iter());
                from_both_ends!($T, all(), vector => vector.drain(..));
                // What was not given out is cloned, and the clone gives it.
                let mut values = all().into_iter();
                drop((values.next(), values.next_back()));
                let clone: IntoIter<$T, Vec<$T>> = values.clone();
                assert!(clone.as_slice().iter().map(Kind::number).eq(values.map(|value| value.number())));
                assert_eq!(clone.rev().count(), MANY - 2);
            };
        }
        for_every_kind!(case);
        assert_eq!(region::vec![in &arena; (); 5].into_iter().rev().count(), 5);
        let fresh = Arena::new();
        let last = region::vec![in &fresh; 1, 2, 3].into_iter().next_back();
        assert_eq!((last, fresh.used()), (Some(3), 0));
    }

    #[test]
    fn a_part_that_is_taken_out_closes_up_also_when_a_drop_panics() {
        let arena = Arena::new();
        macro_rules! case {
            ($T:ty) => {
                for panics in 0..4 {
                    let mut vector = Vec::from_iter_in((0..MANY).map(<$T>::make), &arena);
                    DROPPED.set(0);
                    PANICS.set(panics);
                    let range: Drain<'_, $T, Vec<$T>> = vector.drain(2..5);
                    assert_eq!(catch_unwind(AssertUnwindSafe(|| drop(range))).is_err(), panics > 0);
                    PANICS.set(0);
                    assert_eq!((DROPPED.get(), vector.len()), (3, MANY - 3));
                    let left = [0, 1, 5, 6].map(|number| <$T>::make(number).number());
                    assert!(vector.iter().map(Kind::number).eq(left));
                    DROPPED.set(0);
                    drop(vector);
                    assert_eq!(DROPPED.get(), MANY - 3);
                }
                let mut vector = Vec::from_iter_in((0..MANY).map(<$T>::make), &arena);
                // Longer than what it replaces, of a length that is not told, and with something after the vector.
                let mut more = (10..30).map(<$T>::make);
                let neighbour = arena.alloc(7u8);
                let mut range: Splice<'_, _, Vec<$T>> = vector.splice(1..3, std::iter::from_fn(|| more.next()));
                assert_eq!(range.next_back().map(|value| value.number()), Some(<$T>::make(2).number()));
                drop(range);
                let expected = [0].into_iter().chain(10..30).chain(3..MANY);
                assert!(vector.iter().map(Kind::number).eq(expected.map(|number| <$T>::make(number).number())));
                assert_eq!(*neighbour, 7);
            };
        }
        for_every_kind!(case);
    }

    #[test]
    fn values_are_extracted_as_the_iterator_comes_to_them_and_the_rest_stays() {
        let arena = Arena::new();
        macro_rules! case {
            ($T:ty) => {
                // Dropped half way, and with a condition that panics half way.
                for panics in [false, true] {
                    let mut vector = Vec::from_iter_in((0..MANY).map(<$T>::make), &arena);
                    let mut seen = 0;
                    let mut extract: ExtractIf<'_, $T, Vec<$T>, _> = vector.extract_if(1..5, |_| {
                        seen += 1;
                        assert!(!(panics && seen == 4));
                        seen % 2 == 0
                    });
                    assert_eq!(extract.size_hint(), (0, Some(4)));
                    assert_eq!(extract.next().map(|value| value.number()), Some(<$T>::make(2).number()));
                    if panics {
                        assert!(catch_unwind(AssertUnwindSafe(|| extract.next())).is_err());
                    }
                    assert_eq!(
                        format!("{extract:?}"),
                        format!("ExtractIf {{ left: {}, .. }}", 2 - usize::from(panics))
                    );
                    DROPPED.set(0);
                    drop(extract);
                    assert_eq!((DROPPED.get(), vector.len()), (0, MANY - 1));
                    let left = [0, 1, 3, 4, 5, 6].map(|number| <$T>::make(number).number());
                    assert!(vector.iter().map(Kind::number).eq(left));
                }
                let mut vector = Vec::from_iter_in((0..MANY).map(<$T>::make), &arena);
                assert_eq!(vector.extract_if(.., |_| true).count(), MANY);
                assert!(vector.is_empty());
                vector.push(<$T>::make(0));
                assert!(catch_unwind(AssertUnwindSafe(|| vector.extract_if(..2, |_| true).count())).is_err());
                assert_eq!(vector.len(), 1);
            };
        }
        for_every_kind!(case);
    }

    #[test]
    fn an_iterator_that_lies_about_its_length_is_collected_all_the_same() {
        struct Liar(std::ops::Range<u32>, usize);
        impl Iterator for Liar {
            type Item = u32;
            fn next(&mut self) -> Option<u32> {
                self.0.next()
            }
            fn size_hint(&self) -> (usize, Option<usize>) {
                (self.1, Some(self.1))
            }
        }
        for said in [0, 1, 99, 101, 1 << (usize::BITS - 24), usize::MAX] {
            let mut memory = StackBuffer::<1000>::new();
            let arena = Arena::from_buffer(&mut memory);
            let mut row = Vec::try_from_iter_in(Liar(0..100, said), &arena).unwrap();
            row.try_extend(Liar(100..200, said)).unwrap();
            drop(row.splice(0..10, Liar(200..220, said)));
            assert!(row.iter().copied().eq((200..220).chain(10..200)), "{said}");
        }
    }

    #[test]
    fn a_refusal_says_the_arenas_reason_and_what_was_asked() {
        let arena = Arena::new();
        arena.set_limit(64);
        let mut row: Vec<u64> = Vec::try_with_capacity_in(8, &arena).unwrap();
        row.extend(0..8);
        let limit = AllocReason::Limit(64);
        let error = row.try_push(8).unwrap_err();
        assert_eq!((error.size(), error.reason()), (72, limit));
        assert!(error.to_string().contains("the arena's limit is 64 bytes; raise it with `set_limit`"), "{error}");
        assert_eq!(row.try_reserve(92).unwrap_err().size(), 800);
        assert_eq!(row.try_insert(0, 1).unwrap_err().reason(), limit);
        assert_eq!(row.try_resize(9, 1).unwrap_err().reason(), limit);
        assert_eq!(row.try_resize_with(9, || 1).unwrap_err().reason(), limit);
        assert_eq!(row.try_extend_from_slice(&[1]).unwrap_err().reason(), limit);
        assert_eq!(row.try_extend_from_within(..1).unwrap_err().reason(), limit);
        assert_eq!(row.try_split_off(1).unwrap_err().reason(), limit);
        assert_eq!(
            row.try_append(&mut Vec::from_iter_in([1], &Arena::<1>::with_min_align())).unwrap_err().reason(),
            limit
        );
        assert_eq!(row.try_reserve_exact(usize::MAX).unwrap_err().reason(), AllocReason::TooLarge);
        assert_eq!(row.try_reserve(usize::MAX / 16).unwrap_err().reason(), AllocReason::TooLarge);
        assert_eq!(row.len(), 8);
        let mut nothings = region::vec![in &arena; (); 3];
        assert_eq!(nothings.try_reserve(usize::MAX).unwrap_err().reason(), AllocReason::TooLarge);
        assert_eq!((nothings.try_reserve(usize::MAX - 3), nothings.capacity()), (Ok(()), usize::MAX));
        assert_eq!(String::try_from_str_in("x", &arena).unwrap_err().reason(), limit);
        let mut text = String::new_in(&arena);
        assert_eq!(text.try_push('x').unwrap_err().reason(), limit);
        assert_eq!(String::try_from_fmt_in(format_args!("{}", 1), &arena).unwrap_err().reason(), limit);
        row.truncate(4);
        row.shrink_to(5);
        assert_eq!((row.capacity(), arena.used()), (5, 40));
    }

    #[test]
    #[allow(clippy::op_ref)] // each comparison is a trait of its own
    fn vectors_have_the_methods_and_traits_of_the_standard_librarys() {
        let arena = Arena::new();
        let packed = Arena::<1>::with_min_align();
        let mut row = region::vec![in &arena; 3, 1, 2];
        assert_eq!((row.capacity(), std::ptr::eq(row.allocator(), row.bump())), (3, true));
        row.sort_unstable();
        row.insert(1, 7);
        assert_eq!((row.swap_remove(0), row.remove(0), row.pop_if(|last| *last == 3)), (1, 3, None));
        assert_eq!(row, [7, 2]);
        row.resize_with(4, Default::default);
        row.dedup();
        row.dedup_by(|a, b| *a == *b);
        row.dedup_by_key(|value| *value / 100);
        row.retain_mut(|value| std::mem::replace(value, 9) != 0);
        row.extend(&[1, 2]);
        let mut other = region::vec![in &packed; 4, 5];
        row.append(&mut other);
        assert!(other.is_empty() && row == [9, 1, 2, 4, 5]);
        let tail = row.split_off(3);
        assert_eq!((&row, &tail), (&Vec::from_iter_in([9, 1, 2], &arena), &region::vec![in &arena; 4, 5]));
        row.extend_from_within(1..);
        let mut same = [9, 1, 2, 1, 2];
        let (shared, changing): (&[i32], &mut [i32]) = (&same.clone(), &mut same.clone());
        let from_the_left = [row == same, row == &same, row == same[..], row == shared, row == changing];
        same[0] += 1;
        let from_the_right = [same[..] == row, shared == row, changing == row, row == tail];
        assert_eq!((from_the_left, from_the_right), ([true; 5], [false, true, true, false]));
        let mut again = tail.clone();
        again.clone_from(&row);
        assert!(again == row && again > tail && again.cmp(&row).is_eq());
        let hashing = RandomState::new();
        assert_eq!(hashing.hash_one(&row), hashing.hash_one(&[9, 1, 2, 1, 2][..]));
        assert!(HashSet::from([row.clone()]).contains(&row[..]));
        for value in &mut row {
            *value += 1;
        }
        let (slice, vec): (&[i32], &Vec<i32>) = (row.as_ref(), row.as_ref());
        assert!(slice == vec && vec.into_iter().sum::<i32>() == 20 && format!("{row:?}") == "[10, 2, 3, 2, 3]");
        let (slice, mut more): (&mut [i32], _) = (row.as_mut(), region::vec![in &arena; 0; 0]);
        slice.reverse();
        let vec: &mut Vec<i32> = more.as_mut();
        vec.reserve_exact(2);
        vec.spare_capacity_mut()[0].write(8);
        // SAFETY: one value was written.
        unsafe { vec.set_len(1) };
        std::borrow::BorrowMut::<[i32]>::borrow_mut(vec)[0] += 1;
        assert_eq!((more.as_mut_slice(), &row[..]), (&mut [9][..], &[3, 2, 3, 2, 10][..]));
        assert_eq!(<[i32; 5]>::try_from(row.clone()), Ok([3, 2, 3, 2, 10]));
        assert_eq!(<[i32; 4]>::try_from(row.clone()).unwrap_err().len(), 5);
        let boxed: region::collections::Box<'_, [i32]> = row.into();
        let leaked: &mut [i32] = more.leak();
        assert_eq!(
            (&*boxed, leaked, tail.into_bump_slice_mut()),
            (&[3, 2, 3, 2, 10][..], &mut [9][..], &mut [4, 5][..])
        );
    }

    #[test]
    fn a_vector_in_a_scope_is_whole_again_after_a_panic_in_its_iterator() {
        fn half<'s>(scope: &'s Scope<'s>, values: &std::cell::RefCell<Vec<'s, Number, Scope<'s>>>) {
            let mut more = (0..).map(|number| if number < 5 { Number::make(number) } else { panic!("half way") });
            let _ = scope;
            values.borrow_mut().extend(&mut more);
        }
        let mut arena = Arena::new();
        arena.scoped(|scope| {
            let values = std::cell::RefCell::new(region::vec![in &scope; Number::make(9)]);
            assert!(catch_unwind(AssertUnwindSafe(|| half(&scope, &values))).is_err());
            assert!(values.borrow().iter().map(Kind::number).eq([9, 0, 1, 2, 3, 4]));
        });
        assert_eq!(arena.used(), 0);
    }

    #[cfg(feature = "std")]
    #[test]
    fn bytes_are_written_to_a_vector_and_a_refusal_is_an_error() {
        use std::io::Write;
        let mut memory = StackBuffer::<16>::new();
        let arena = Arena::from_buffer(&mut memory);
        let mut bytes = Vec::new_in(&arena);
        write!(bytes, "{}-two", 1).unwrap();
        assert_eq!((bytes.write(b"345").unwrap(), &bytes[..]), (3, &b"1-two345"[..]));
        let error = bytes.write_all(&[0; 9]).unwrap_err();
        assert_eq!((error.kind(), bytes.len()), (std::io::ErrorKind::OutOfMemory, 8));
        assert!(error.to_string().contains("16 bytes is used up"), "{error}");
        assert_eq!(std::io::copy(&mut &b"01234567"[..], &mut bytes).unwrap(), 8);
    }

    /// Something comes after the vector now and then, so that it must move.
    fn check(arena: &Arena<1>, ops: &[Op]) {
        let neighbour = |op: &Op| {
            if let Op::Reserve(len) | Op::Truncate(len) = op {
                arena.alloc_slice_fill_copy(*len, 0xffu8);
            }
        };
        let another = |values| region::collections::Vec::from_iter_in(values, arena);
        end!(check!(region::collections::Vec::new_in(arena), ops, another, neighbour));
        macro_rules! unmanaged {
            ($vector:ident) => {
                let mut vector = region::collections::unmanaged::$vector::new();
                let (mut ours, _) = check!(vector.with_arena(arena), ops, another, neighbour);
                // It drops no values by itself.
                ours.clear();
            };
        }
        unmanaged!(Vec);
        unmanaged!(ThinVec);
    }

    fn op() -> impl Strategy<Value = Op> {
        let small = || 0..40usize;
        prop_oneof![
            4 => Just(Op::Push),
            2 => Just(Op::Pop),
            3 => small().prop_map(Op::Insert),
            2 => small().prop_map(Op::Remove),
            2 => small().prop_map(Op::SwapRemove),
            2 => small().prop_map(Op::Truncate),
            1 => Just(Op::Clear),
            2 => small().prop_map(Op::Extend),
            2 => small().prop_map(Op::ExtendFromSlice),
            1 => small().prop_map(Op::Append),
            2 => (1..5usize).prop_map(Op::Retain),
            1 => (1..5usize).prop_map(Op::Dedup),
            3 => (small(), small(), small()).prop_map(|(a, b, c)| Op::Drain(a, b, c)),
            2 => (small(), small(), 1..5usize, small()).prop_map(|(a, b, of, taken)| Op::ExtractIf(a, b, of, taken)),
            3 => (small(), small(), small(), any::<bool>()).prop_map(|(a, b, given, told)| Op::Splice(a, b, given, told)),
            2 => (small(), small()).prop_map(|(a, b)| Op::ExtendFromWithin(a, b)),
            1 => small().prop_map(Op::Resize),
            2 => small().prop_map(Op::Reserve),
            1 => Just(Op::Shrink),
            1 => Just(Op::Sort),
        ]
    }

    proptest! {
        #[test]
        fn vectors_do_what_std_s_does(ops in proptest::collection::vec(op(), 0..60)) {
            check(&Arena::<1>::with_min_align(), &ops);
        }
    }
}
