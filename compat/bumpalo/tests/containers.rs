//! Containers with the types and bounds that bumpalo's have.
#![cfg(all(feature = "collections", feature = "boxed"))]

use bumpalo::Bump;
use bumpalo::boxed::Box;
use bumpalo::collections::vec::{Drain, DrainFilter, IntoIter, Splice};
use bumpalo::collections::{CollectIn, CollectionAllocErr, FromIteratorIn, String, Vec, string};
use std::borrow::Cow;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Compiles where a longer life passes for a shorter one.
fn shorter<'s>(
    values: Vec<'static, &'static str>,
    text: String<'static>,
    boxed: Box<'static, &'static str>,
    _: &'s (),
) {
    let _: (Vec<'s, &'s str>, String<'s>, Box<'s, &'s str>) = (values, text, boxed);
}

fn sent<T: Send>(value: T) -> T {
    value
}

#[test]
fn lives_and_threads_are_bumpalos() {
    let _ = shorter;
    let bump = Bump::new();
    // The iterator of a vector goes to another thread; the vector itself does not.
    let values: IntoIter<'_, u32> = sent(bumpalo::vec![in &bump; 1, 2, 3].into_iter());
    assert_eq!(std::thread::scope(|threads| threads.spawn(|| values.sum::<u32>()).join().unwrap()), 6);
    let boxed: Box<'_, u32> = sent(Box::new_in(7, &bump));
    assert_eq!(*boxed, 7);
    assert!(std::ptr::eq(Vec::<u8>::new_in(&bump).bump(), &bump));
    assert!(std::ptr::eq(String::new_in(&bump).bump(), &bump));
    let shared: &[u32] = bumpalo::vec![in &bump; 1; 3].into_bump_slice();
    let text: Option<&str> =
        ["a"].into_iter().map(|text| String::from_str_in(text, &bump)).map(String::into_bump_str).next();
    assert_eq!((shared, text), (&[1, 1, 1][..], Some("a")));
    assert_eq!(size_of::<Option<Box<u8>>>(), size_of::<usize>());
}

#[test]
fn an_iterator_drops_what_it_did_not_give_once() {
    let (bump, counted) = (Bump::new(), Rc::new(()));
    let mut values = Vec::from_iter_in((0..9).map(|_| counted.clone()), &bump).into_iter();
    drop((values.next(), values.next_back()));
    assert_eq!((values.as_slice().len(), values.len(), values.size_hint()), (7, 7, (7, Some(7))));
    values.as_mut_slice().reverse();
    assert_eq!(Rc::strong_count(&counted), 8);
    assert!(format!("{values:?}").starts_with("IntoIter([()"));
    drop(values);
    assert_eq!(Rc::strong_count(&counted), 1);
    let mut sizes = Vec::from_iter_in([(); 5], &bump).into_iter();
    assert_eq!((sizes.next(), sizes.next_back(), sizes.count()), (Some(()), Some(()), 3));
}

#[test]
fn a_filter_that_is_dropped_drops_the_rest_and_one_that_panics_is_not_asked_again() {
    let (bump, counted) = (Bump::new(), Rc::new(()));
    let make = || Vec::from_iter_in((0..10).map(|number| (number, counted.clone())), &bump);
    let mut values = make();
    let mut filter: DrainFilter<'_, '_, _, _> = values.drain_filter(|(number, _)| *number % 2 == 0);
    assert_eq!(filter.next().map(|(number, _)| number), Some(0));
    assert_eq!(filter.size_hint(), (0, Some(9)));
    drop(filter);
    assert!(values.iter().map(|(number, _)| *number).eq([1, 3, 5, 7, 9]));
    assert_eq!(Rc::strong_count(&counted), 6);
    drop(values);

    let mut values = make();
    let mut asked = 0;
    let filtered = catch_unwind(AssertUnwindSafe(|| {
        values
            .drain_filter(|(number, _)| {
                asked += 1;
                assert!(*number < 3);
                true
            })
            .count()
    }));
    assert!(filtered.is_err());
    assert_eq!((asked, values.len(), Rc::strong_count(&counted)), (4, 7, 8));
}

#[test]
fn ranges_are_drained_and_spliced_under_bumpalos_names() {
    let bump = Bump::new();
    let mut values = bumpalo::vec![in &bump; 0, 1, 2, 3, 4];
    let drained: Drain<'_, '_, i32> = values.drain(1..3);
    assert!(drained.rev().eq([2, 1]));
    let spliced: Splice<'_, '_, std::vec::IntoIter<i32>> = values.splice(..1, vec![7, 8, 9]);
    assert!(spliced.eq([0]));
    assert_eq!(values, [7, 8, 9, 3, 4]);
    assert_eq!(values[1..3], [8, 9]);
    let mut text = String::from_str_in("abc", &bump);
    let drained: string::Drain<'_, '_> = text.drain(..2);
    assert!(drained.eq(['a', 'b']));
    assert_eq!(&text[..], "c");
}

#[test]
fn refusals_of_containers_are_bumpalos_two() {
    let bump = Bump::new();
    bump.set_allocation_limit(Some(64));
    let mut values = Vec::<u64>::new_in(&bump);
    assert_eq!(values.try_reserve(usize::MAX), Err(CollectionAllocErr::CapacityOverflow));
    assert_eq!(values.try_reserve(100), Err(CollectionAllocErr::AllocErr));
    assert_eq!(values.try_reserve_exact(8), Ok(()));
    // Text that does not fit panics, and is not cut.
    let mut text = String::new_in(&bump);
    assert!(catch_unwind(AssertUnwindSafe(|| write!(text, "{:100}", 1))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| bumpalo::format!(in &bump, "{:100}", 1))).is_err());
}

#[test]
fn text_is_compared_put_together_and_decoded() {
    let bump = Bump::new();
    let mut text = String::from_str_in("a", &bump) + "b";
    text += "c";
    text.extend([std::string::String::from("d")]);
    text.extend([Cow::Borrowed("e")]);
    text.extend([String::from_str_in("f", &bump)]);
    text.extend(['g']);
    text.extend(&['h']);
    text.extend(["i"]);
    let (whole, owned) = ("abcdefghi", std::string::String::from("abcdefghi"));
    let equal = [text == whole, whole == text, text == *whole, *whole == text, text == owned, owned == text];
    assert_eq!(equal, [true; 6]);
    assert_eq!([text == Cow::Borrowed(whole), Cow::Borrowed("a") == text], [true, false]);
    assert!(text > String::from_str_in("abc", &bump));
    assert_eq!(String::from_utf8_lossy_in(b"a\xff", &bump), "a\u{fffd}");
    assert!(String::from_utf16_in(&[0xd800], &bump).is_err());
    let error = String::from_utf8(bumpalo::vec![in &bump; b'a', 0xff]).unwrap_err();
    assert_eq!((error.utf8_error().valid_up_to(), error.into_bytes().as_slice()), (1, &b"a\xff"[..]));
    // SAFETY: what is pushed is text.
    unsafe { text.as_mut_vec() }.push(b'!');
    assert_eq!((text.len(), text.pop()), (10, Some('!')));
}

#[test]
fn programs_collect_into_types_of_their_own() {
    struct Sum(u32);
    impl FromIteratorIn<u32> for Sum {
        type Alloc = u32;
        fn from_iter_in<I: IntoIterator<Item = u32>>(values: I, start: u32) -> Self {
            Sum(start + values.into_iter().sum::<u32>())
        }
    }
    let bump = Bump::new();
    assert_eq!((1..4).collect_in::<Sum>(10).0, 16);
    assert_eq!((1..4).map(Ok::<_, ()>).collect_in::<Result<Sum, _>>(10).map(|sum| sum.0), Ok(16));
    assert_eq!((0..3).map(|n| (n < 2).then_some(n)).collect_in::<Option<Vec<i32>>>(&bump), None);
    assert_eq!(*(0..3).collect_in::<Box<[i32]>>(&bump), [0, 1, 2]);
    assert_eq!("ab".chars().collect_in::<String>(&bump), "ab");
}

#[test]
fn boxes_are_downcast_pinned_and_shared_as_bumpalos() {
    use std::any::Any;
    let bump = Bump::new();
    let raw: *mut dyn Any = Box::<u32>::into_raw(Box::new_in(7, &bump));
    // SAFETY: the box just gave its value up.
    let any: Box<dyn Any> = unsafe { Box::from_raw(raw) };
    let any = any.downcast::<u8>().unwrap_err();
    assert_eq!(*any.downcast::<u32>().unwrap(), 7);
    let mut ready = Box::pin_in(std::future::ready(7), &bump);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(ready.as_mut().poll(&mut context), std::task::Poll::Ready(7));
    let array: Box<[u8; 2]> = Box::<[u8]>::from(Box::new_in([1, 2], &bump)).try_into().unwrap();
    let slice: Box<[u8]> = Vec::from_iter_in([1, 2], &bump).into();
    assert!(slice[..] == array[..] && Box::<str>::default().is_empty() && Box::<[u8]>::default().is_empty());
}

#[cfg(feature = "allocator-api2")]
#[test]
fn a_bump_is_an_allocator() {
    let bump = Bump::new();
    let zeroed =
        allocator_api2::alloc::Allocator::allocate_zeroed(&&bump, std::alloc::Layout::new::<[u64; 99]>()).unwrap();
    // SAFETY: the block was just allocated, is zero, and long enough.
    assert!(unsafe { zeroed.cast::<[u64; 99]>().as_ref() }.iter().all(|&word| word == 0));
}

#[cfg(feature = "std")]
#[test]
fn bytes_are_written_to_a_vector() {
    let bump = Bump::new();
    let mut bytes = Vec::new_in(&bump);
    std::io::Write::write_all(&mut bytes, b"bytes").unwrap();
    assert_eq!(bytes, b"bytes");
}

#[cfg(feature = "serde")]
#[test]
fn containers_are_serialized() {
    fn serialized<T: serde::Serialize>() {}
    serialized::<(Vec<u8>, String, Box<u8>)>();
}
