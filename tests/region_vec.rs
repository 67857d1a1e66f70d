//! Vectors that never move, against std's as the model; vectors that grow while they are read.
#![cfg(feature = "os")]

#[path = "model/vector.rs"]
mod model;
mod support;

use model::{Op, check};
use proptest::prelude::*;
use region::backing::{Buffer, Mapped};
use region::error::AllocReason;
use region::typed::{Id, Reader};
use region::{AppendVec, RegionVec, StackBuffer, page_size};
use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert, const_assert_eq};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::Rc;
use support::drops::{Drops, Value};
use support::heap::{Heap, Plan};

assert_impl_all!(RegionVec<u8>: Send, Sync, Clone, UnwindSafe, RefUnwindSafe);
assert_impl_all!(RegionVec<Cell<u8>>: Send);
assert_not_impl_any!(RegionVec<Cell<u8>>: Sync);
assert_not_impl_any!(RegionVec<Rc<u8>>: Send, Sync);
assert_not_impl_any!(RegionVec<u8, Buffer<'static>>: Sync, Clone);
assert_impl_all!(AppendVec<u8>: Send);
assert_not_impl_any!(AppendVec<u8>: Sync);
assert_impl_all!(Reader<'static, u8>: Send, Sync, Copy);
assert_not_impl_any!(Reader<'static, Cell<u8>>: Send, Sync);
assert_impl_all!(Id<Rc<str>>: Send, Sync, Copy, Ord, UnwindSafe);
const_assert!(size_of::<RegionVec<u8>>() <= 12 * size_of::<usize>());
const_assert_eq!(size_of::<Option<Id<String>>>(), 4);

/// `work` panics.
fn panics(work: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(work)).is_err()
}

#[test]
fn a_vector_extended_from_itself_past_its_reservation_says_so_and_stays() {
    let mut values = RegionVec::with_reservation(page_size() / size_of::<u64>());
    let len = (values.capacity() - 112) as u64;
    values.extend(0..len);
    assert!(values.try_extend_from_within(..200).is_err());
    assert!(values.iter().copied().eq(0..len));
    values.try_extend_from_within(len as usize - 100..).unwrap();
    assert!(values[len as usize..].iter().copied().eq(len - 100..len));
}

/// The alignment and the length of the shortest and the longest pages, and of some between.
#[test]
fn a_reservation_of_values_aligned_like_pages_has_room_for_no_more_than_asked() {
    macro_rules! check {
        ($($align:literal)*) => {$({
            #[repr(align($align))]
            struct Aligned(#[expect(dead_code, reason = "one that has bytes")] u8);
            let most = page_size().div_ceil($align);
            for len in [1, 2, 7] {
                let values = RegionVec::<Aligned>::with_reservation(len);
                assert!((len..len + most).contains(&values.capacity()), "{len} of {}: {}", $align, values.capacity());
            }
        })*};
    }
    check!(4096 8192 16384 32768 65536 2097152);
}

#[test]
fn nothing_moves_while_it_grows() {
    let mut values = RegionVec::new();
    assert_eq!((values.capacity(), values.reserved(), values.committed(), values.resident()), (0, 0, 0, 0));
    values.push(0u64);
    let first = values.as_ptr();
    for i in 1..4_000_000 {
        values.push(i);
    }
    assert_eq!(values.as_ptr(), first);
    assert!(values.iter().enumerate().all(|(i, value)| *value == i as u64));
    assert_eq!(values.used(), 32_000_000);
    assert!(values.committed() >= values.used() && values.committed() <= values.used() + (4 << 20));
    assert!(values.resident() >= values.used());
}

#[test]
fn shrinking_gives_the_ram_back_and_keeps_the_addresses() {
    let mut values = RegionVec::from_iter(0..4_000_000u64);
    let (first, reserved) = (values.as_ptr(), values.reserved());
    values.truncate(100_000);
    values.shrink_to_fit();
    assert!(values.committed() <= 900_000 && values.resident() <= 900_000);
    assert_eq!((values.as_ptr(), values.reserved()), (first, reserved));
    values.extend(100_000..1_000_000);
    assert!(values.iter().copied().eq(0..1_000_000));
    values.clear();
    values.shrink_to_fit();
    assert!(values.resident() <= 64 << 10);
    RegionVec::<u64>::new().shrink_to_fit();
}

#[test]
fn a_vector_without_values_shrinks_where_not_even_its_padding_is_ready() {
    let (heap, book) = Heap::new(Plan::TIGHT);
    let mut values = RegionVec::<u64, _>::try_with_reservation_in(10, heap).unwrap();
    values.shrink_to_fit();
    values.push(1);
    values.clear();
    values.shrink_to_fit();
    values.extend([2, 3]);
    assert_eq!(values, [2, 3]);
    drop(values);
    book.check_closed();
}

fn op() -> impl Strategy<Value = Op> {
    let small = 0..40usize;
    prop_oneof![
        4 => Just(Op::Push),
        2 => Just(Op::Pop),
        3 => small.clone().prop_map(Op::Insert),
        2 => small.clone().prop_map(Op::Remove),
        2 => small.clone().prop_map(Op::SwapRemove),
        1 => small.clone().prop_map(Op::Truncate),
        1 => Just(Op::Clear),
        2 => small.clone().prop_map(Op::Extend),
        2 => small.clone().prop_map(Op::ExtendFromSlice),
        1 => small.clone().prop_map(Op::Append),
        2 => (1..5usize).prop_map(Op::Retain),
        1 => (1..5usize).prop_map(Op::Dedup),
        3 => (small.clone(), small.clone(), small.clone()).prop_map(|(a, b, c)| Op::Drain(a, b, c)),
        2 => (small.clone(), small.clone(), 1..5usize, small.clone())
            .prop_map(|(a, b, of, taken)| Op::ExtractIf(a, b, of, taken)),
        3 => (small.clone(), small.clone(), small.clone(), any::<bool>())
            .prop_map(|(a, b, given, told)| Op::Splice(a, b, given, told)),
        2 => (small.clone(), small.clone()).prop_map(|(a, b)| Op::ExtendFromWithin(a, b)),
        1 => small.clone().prop_map(Op::Resize),
        1 => small.prop_map(Op::Reserve),
        1 => Just(Op::Shrink),
        1 => Just(Op::Sort),
    ]
}

proptest! {
    #[test]
    fn a_vector_does_what_std_s_does(ops in proptest::collection::vec(op(), 0..60)) {
        check(RegionVec::new(), &ops);
    }

    #[test]
    fn any_backing_carries_a_vector(ops in proptest::collection::vec(op(), 0..60)) {
        // More than the operations can fill; little of it ready, at an odd address, and unready bytes poisoned.
        let plan = Plan { least: 60 * 40 * 8 + 4096, ready: 16, step: 3, skew: 4093 };
        let (heap, book) = Heap::new(plan);
        check(RegionVec::try_with_reservation_in(60 * 40, heap).unwrap(), &ops);
        book.check_closed();
    }
}

#[test]
fn a_splice_that_cannot_go_on_keeps_what_came_before() {
    let drops = Drops::new();
    let mut values = RegionVec::with_reservation(4096 / size_of::<Value>());
    values.extend((0..10).map(|_| drops.make()));
    // The iterator panics, with values of the range still to be given.
    assert!(panics(|| {
        let mut given = 0;
        let others = std::iter::from_fn(|| {
            given += 1;
            assert!(given < 6, "enough");
            Some(drops.make())
        });
        assert_eq!(values.splice(3..5, others).next().unwrap().number, 3);
    }));
    let numbers = |values: &[Value]| values.iter().map(|value| value.number).collect::<Vec<_>>();
    assert_eq!(numbers(&values), [0, 1, 2, 10, 11, 12, 13, 14, 5, 6, 7, 8, 9]);
    // Memory runs out, whatever the iterator says of its length.
    let room = values.capacity() - values.len();
    assert!(panics(|| drop(values.splice(1..1, std::iter::repeat_with(|| drops.make())))));
    assert_eq!((values.len(), values.capacity()), (13 + room, 13 + room));
    assert_eq!(numbers(&values[1 + room..]), [1, 2, 10, 11, 12, 13, 14, 5, 6, 7, 8, 9]);
    assert!(values.try_push(drops.make()).is_err());
    drop(values);
    assert!(drops.complete());
}

#[test]
fn a_vector_split_in_two_owns_each_value_once() {
    let drops = Drops::new();
    let mut values = RegionVec::from_iter((0..10).map(|_| drops.make()));
    let rest = values.split_off(4);
    assert!(values.iter().chain(&rest).map(|value| value.number).eq(0..10));
    assert!(values.split_off(4).is_empty());
    assert_eq!((values.split_off(0).len(), values.len()), (4, 0));
    assert_eq!(drops.order(), [0, 1, 2, 3]);
    assert!(panics(|| _ = values.split_off(1)));
    drop(rest);
    assert!(drops.complete());
}

#[test]
fn a_vector_whose_other_half_finds_no_addresses_stays_whole() {
    let mut all = RegionVec::<u8, _>::new_in(Mapped::exactly(1 << if usize::BITS == 64 { 46 } else { 31 }));
    match all.try_extend_from_slice(&[7; 100]) {
        Ok(()) => assert_eq!(all.try_split_off(50).map_or(100, |_| 50), all.len()),
        Err(refused) => eprintln!("SKIPPED: a vector without room for its other half: no room for itself: {refused}"),
    }
}

#[cfg(feature = "serde")]
#[test]
fn serde_writes_the_values() {
    let values = RegionVec::from([1, 2, 3]);
    let appended = AppendVec::from_iter(["a", "b"]);
    assert_eq!(serde_json::to_string(&(values, appended)).unwrap(), r#"[[1,2,3],["a","b"]]"#);
}

#[test]
fn wrong_indices_panic_and_change_nothing() {
    let mut values = RegionVec::from([1, 2, 3]);
    assert!(panics(|| values.insert(4, 0)));
    assert!(panics(|| _ = values.try_insert(4, 0)));
    assert!(panics(|| _ = values.remove(3)));
    assert!(panics(|| _ = values.swap_remove(3)));
    assert!(panics(|| _ = values.drain(2..5)));
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = 2..1;
    assert!(panics(|| _ = values.drain(reversed)));
    assert!(panics(|| _ = values.drain(..=usize::MAX)));
    assert!(panics(|| _ = values[3]));
    assert_eq!(values, [1, 2, 3]);
    assert!(values.drain(..=0).eq([1]) && values.drain(1..).eq([3]));
}

#[test]
fn a_panic_in_retain_keeps_what_it_did_not_reach() {
    for in_drop in [false, true] {
        let drops = Drops::new();
        let mut values = RegionVec::from_iter((0..10).map(|_| drops.make()));
        if in_drop {
            drops.panic_at(4);
        }
        assert!(panics(|| values.retain(|value| {
            assert!(in_drop || value.number != 5);
            value.number % 2 == 1
        })));
        let left: Vec<_> = values.iter().map(|value| value.number).collect();
        assert_eq!(left, [1, 3, 5, 6, 7, 8, 9]);
        drop(values);
        assert!(drops.complete());
    }
}

#[test]
fn a_panic_in_a_drained_value_s_drop_closes_the_gap() {
    let drops = Drops::new();
    let mut values = RegionVec::from_iter((0..10).map(|_| drops.make()));
    drops.panic_at(4);
    assert!(panics(|| drop(values.drain(3..7))));
    assert_eq!(drops.order(), [3, 4, 5, 6]);
    assert_eq!(values.iter().map(|value| value.number).collect::<Vec<_>>(), [0, 1, 2, 7, 8, 9]);
    // A drain that is forgotten loses values, and drops none twice.
    std::mem::forget(values.drain(1..2));
    assert_eq!(values.len(), 1);
    values.push(drops.make());
    drop(values);
    assert_eq!(drops.order(), [3, 4, 5, 6, 0, 10]);
}

#[test]
fn a_panic_in_a_drop_drops_the_others() {
    let ends: [fn(RegionVec<Value>); 3] = [drop, |mut values| values.clear(), |values| drop(values.into_iter())];
    for end in ends {
        let drops = Drops::new();
        let values = RegionVec::from_iter((0..10).map(|_| drops.make()));
        drops.panic_at(3);
        assert!(panics(|| end(values)));
        assert_eq!(drops.order(), Vec::from_iter(0..10));
    }
}

#[test]
fn a_panic_in_clone_or_an_iterator_keeps_what_there_was() {
    struct Fragile(Value, Rc<Cell<usize>>);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(self.1.replace(self.1.get().wrapping_sub(1)) != 0, "no more clones");
            Fragile(self.0.drops().make(), self.1.clone())
        }
    }
    let drops = Drops::new();
    let left = Rc::new(Cell::new(usize::MAX));
    let mut values = RegionVec::from_iter((0..10).map(|_| Fragile(drops.make(), left.clone())));
    left.set(4);
    let others = Vec::from_iter((0..10).map(|_| Fragile(drops.make(), left.clone())));
    assert!(panics(|| values.extend_from_slice(&others)));
    assert_eq!(values.len(), 14);
    left.set(2);
    assert!(panics(|| values.resize(100, Fragile(drops.make(), left.clone()))));
    assert_eq!(values.len(), 16);
    left.set(5);
    assert!(panics(|| _ = values.clone()));
    assert!(panics(|| values.extend((0..9).map(|i| {
        assert!(i < 3, "no more values");
        Fragile(drops.make(), left.clone())
    }))));
    assert_eq!(values.len(), 19);
    drop((values, others));
    assert!(drops.complete());
}

#[test]
fn a_full_reservation_refuses_and_loses_nothing() {
    let drops = Drops::new();
    let mut values = RegionVec::with_reservation(100);
    let capacity = values.capacity();
    assert!(capacity >= 100);
    while values.try_push(drops.make()).is_ok() {}
    assert_eq!((values.len(), drops.order()), (capacity, vec![capacity]));
    let refused = values.try_reserve(1).unwrap_err();
    assert!(matches!(refused.reason(), AllocReason::Reservation(bytes) if bytes == values.reserved()), "{refused}");
    assert!(values.try_insert(0, drops.make()).is_err());
    assert!(values.try_extend([drops.make()]).is_err());
    assert!(values.try_resize_with(capacity + 1, || drops.make()).is_err());
    assert!(values.try_append(&mut RegionVec::from([drops.make()])).is_err());
    assert!(panics(|| values.push(drops.make())));
    assert!(values.iter().enumerate().all(|(i, value)| value.number == i));
    drop(values);
    assert!(drops.complete());

    let page = page_size();
    let mut bytes = RegionVec::with_reservation(page);
    bytes.resize(page - 96, 1u8);
    assert!(bytes.try_extend_from_slice(&[2; 97]).is_err() && bytes.try_resize(page + 1, 2).is_err());
    assert_eq!(bytes.len(), page - 96);
    assert!(bytes.try_extend_from_slice(&[2; 96]).is_ok());
}

#[test]
fn a_refused_slice_leaves_the_vector_as_it_was() {
    // The pieces before the one that does not fit are taken back.
    let mut bytes = RegionVec::with_reservation(1 << 20);
    bytes.push(7u8);
    assert!(bytes.try_extend_from_slice(&vec![1; 1 << 20]).is_err());
    assert_eq!(bytes, [7]);
}

#[test]
fn a_backing_that_refuses_makes_a_vector_that_refuses() {
    for refused in 0..20 {
        let (heap, book) = Heap::new(Plan { least: 8192, ready: 8, step: 8, skew: 8 });
        book.refuse(refused..refused + 3);
        let mut values = RegionVec::try_with_reservation_in(1000, heap);
        let mut lost = 0;
        if let Ok(values) = &mut values {
            for i in 0..1000u64 {
                lost += usize::from(values.try_push(i).is_err());
            }
            assert_eq!(values.len() + lost, 1000);
            assert!(values.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert!(lost > 0 || values.is_err() || refused > 0);
        drop(values);
        book.check_closed();
    }
}

#[test]
fn a_default_vector_asks_for_less_where_much_is_refused() {
    // One block of 8 KiB is all there is: the wish of 64 GiB shrinks until it fits.
    let mut memory = StackBuffer::<8192>::new();
    let mut values = RegionVec::new_in(Buffer::from(&mut memory));
    values.extend(0..1000u64);
    assert_eq!((values.reserved(), values.len()), (8192, 1000));
    assert!(values.try_resize(1025, 0).is_err());
    let exact = RegionVec::<u64, _>::new_in(Mapped::exactly(1 << 20));
    let mut clone = exact.clone();
    clone.push(1);
    assert_eq!(clone.reserved(), 1 << 20);
}

#[test]
fn values_without_bytes_are_counted() {
    let mut values = RegionVec::new();
    values.resize(1000, ());
    values.insert(3, ());
    assert_eq!((values.remove(0), values.swap_remove(7), values.pop()), ((), (), Some(())));
    values.retain(|_| true);
    assert_eq!((values.drain(..100).count(), values.len()), (100, 898));
    assert_eq!((values.reserved(), values.capacity()), (0, usize::MAX));
    assert!(values.try_reserve(usize::MAX).is_err());
    // SAFETY: there is nothing to initialize in values without bytes.
    unsafe { values.set_len(usize::MAX) };
    assert!(values.try_push(()).is_err());
    assert!(values.try_insert(0, ()).is_err());
    assert_eq!(values.into_iter().len(), usize::MAX);
}

#[test]
fn large_alignments_are_kept() {
    #[derive(Clone)]
    #[repr(align(4096))]
    struct Page(usize);
    let mut pages = RegionVec::new();
    (0..50).for_each(|i| pages.push(Page(i)));
    assert!(pages.iter().enumerate().all(|(i, page)| page.0 == i && (&raw const *page).addr() % 4096 == 0));
    let (heap, book) = Heap::new(Plan { least: 0, ready: 0, step: 0, skew: 4093 });
    let mut pages = RegionVec::try_with_reservation_in(5, heap).unwrap();
    pages.resize(5, Page(1));
    assert!(pages.iter().all(|page| (&raw const *page).addr() % 4096 == 0));
    drop(pages);
    book.check_closed();
}

#[test]
// Each form of a comparison is meant; and the cells of a vector do not change behind a shared reference.
#[allow(clippy::op_ref, clippy::cmp_owned, clippy::mutable_key_type)]
fn what_std_offers_for_vectors_is_there() {
    let mut values: RegionVec<_> = [3, 1, 2].into();
    values.sort();
    assert_eq!(format!("{values:?}"), "[1, 2, 3]");
    assert!(values == [1, 2, 3] && values == &[1, 2, 3] && values == [1, 2, 3][..] && values == &[1, 2, 3][..]);
    assert!(values < RegionVec::from([2]) && values == values.clone());
    values.extend(&[4, 5]);
    let doubled: RegionVec<_> = values.iter().map(|value| value * 2).collect();
    assert_eq!(doubled.into_iter().rev().collect::<Vec<_>>(), [10, 8, 6, 4, 2]);
    (&mut values).into_iter().for_each(|value| *value += 1);
    assert_eq!((&values).into_iter().sum::<i32>(), 20);
    let set = std::collections::HashSet::from([values]);
    assert!(set.contains(&[2, 3, 4, 5, 6][..]));
}

/// What is pushed while somebody reads: an index, a reference, an id and an iterator stay good.
#[test]
fn what_is_in_an_append_vec_stays_while_more_comes() {
    let values = AppendVec::new();
    let first = values.push(String::from("0"));
    let ids: Vec<Id<String>> = (1..50_000).map(|i| values.push_id(i.to_string())).collect();
    assert_eq!(first, "0");
    let slice = values.as_slice();
    let mut seen = 0;
    for (i, value) in values.iter().enumerate() {
        assert_eq!(*value, i.to_string());
        if i < 1000 {
            values.push((values.len()).to_string());
        }
        seen += 1;
    }
    assert_eq!((seen, slice.len()), (51_000, 50_000));
    assert!(ids.iter().all(|&id| values[id] == id.index().to_string() && values.id_of(&values[id]) == Some(id)));
    assert_eq!((values.get(51_000), values.get(50_999).is_some()), (None, true));
}

#[test]
fn an_iterator_may_read_and_push_what_it_extends() {
    let values = AppendVec::new();
    values.extend(0..10);
    let copies = values.extend(values.iter().take(5).map(|value| {
        values.push(100 + value);
        assert!(values.len() < 16 && values.as_slice().iter().all(|value| *value != 1000));
        1000 + value
    }));
    assert_eq!(copies, [1000, 1001, 1002, 1003, 1004]);
    assert_eq!(values.as_slice()[10..15], [100, 101, 102, 103, 104]);
    assert_eq!(&values.as_slice()[15..], copies);
}

#[test]
fn an_iterator_goes_on_after_its_end() {
    let values = AppendVec::new();
    let mut iter = values.iter();
    assert_eq!((iter.next(), iter.size_hint()), (None, (0, None)));
    values.push(1);
    assert_eq!((iter.size_hint(), iter.next(), iter.next()), ((1, None), Some(&1), None));
    values.push(2);
    assert_eq!(iter.clone().copied().collect::<Vec<_>>(), [2]);
}

#[test]
fn readers_on_other_threads_see_whole_values() {
    const COUNT: usize = 20_000;
    let mut values = AppendVec::<Box<[usize; 3]>>::new();
    let reader = values.reader();
    assert!(reader.is_empty() && reader.as_slice().is_empty() && reader.get(0).is_none());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(move || {
                let mut next = 0;
                while next < COUNT {
                    for value in reader.iter().skip(next) {
                        assert_eq!(*value, Box::new([next; 3]));
                        next += 1;
                    }
                    std::hint::spin_loop();
                }
                assert_eq!(reader[next - 1][0], next - 1);
            });
        }
        (0..COUNT).for_each(|i| assert_eq!(values.push(Box::new([i; 3]))[0], i));
    });
    assert_eq!((reader.len(), values.len()), (COUNT, COUNT));
    values.clear();
    assert!(values.is_empty() && values.reader().is_empty());
}

#[test]
fn an_id_too_many_is_refused() {
    let mut many = RegionVec::new();
    // SAFETY: there is nothing to initialize in values without bytes.
    unsafe { many.set_len(u32::MAX as usize - 1) };
    let values = AppendVec::from(many);
    let last = values.push_id(());
    assert_eq!((last.index(), Id::<()>::from_index(last.index())), (u32::MAX as usize - 1, Some(last)));
    let error = values.try_push_id(()).unwrap_err();
    assert_eq!(error.reason(), AllocReason::Ids);
    assert!(error.to_string().contains("an Id names one of 4294967295 values"), "{error}");
    assert!(panics(|| _ = values.push_id(())));
    // Without an `Id` there may be one more, if it can be counted.
    assert_eq!((values.len(), values.try_push(()).is_ok()), (u32::MAX as usize, usize::BITS > 32));
    assert_eq!(values.get_id(last), Some(&()));
}

#[test]
fn an_id_of_another_vector_finds_nothing_or_another_value() {
    let (long, short) = (AppendVec::from_iter(0..10), AppendVec::from_iter([7]));
    let (first, last) = (long.id_of(&long[0]).unwrap(), long.id_of(&long[9]).unwrap());
    assert_eq!((short.get_id(first), short.get_id(last)), (Some(&7), None));
    assert!(panics(|| _ = short[last]));
    assert!(first < last && format!("{last:?}") == "Id(9)");
}

#[test]
fn appended_values_are_dropped_in_order() {
    let drops = Drops::new();
    let values = AppendVec::new();
    values.extend((0..10).map(|_| drops.make()));
    values.push(drops.make());
    assert!(format!("{values:?}").starts_with("AppendVec { values: [Value(0),"));
    drop(values);
    assert_eq!(drops.order(), Vec::from_iter(0..11));
}

#[cfg(feature = "std")]
#[test]
fn bytes_are_written_as_to_a_file() {
    use std::io::Write;
    let mut bytes = RegionVec::with_reservation(4096);
    write!(bytes, "{} and {}", 1, 2).unwrap();
    assert_eq!((bytes.write(b"!").unwrap(), &bytes[..]), (1, &b"1 and 2!"[..]));
    let error = bytes.write_all(&[0; 4096]).unwrap_err();
    assert_eq!((error.kind(), bytes.len()), (std::io::ErrorKind::OutOfMemory, 8));
    assert!(error.to_string().contains("the reservation of 4 KiB is used up"));
    bytes.flush().unwrap();
}
