//! Text in arenas as std's `String` has it, at its end too: drained, replaced, split off, decoded, collected.
//!
//! Rows of operations are in collections.rs, against a model.

#![cfg(all(feature = "os", feature = "collections"))]

use region::collections::{Box, CollectIn, FromIteratorIn, String, Vec};
use region::error::AllocOrInitError;
use region::{Arena, StackBuffer};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_drained_range_leaves_the_text_however_far_it_was_read() {
    let arena = Arena::new();
    for read in 0..5 {
        let mut text = region::format!(in &arena, "aäb→c");
        let mut drain = text.drain(1..7);
        let front: std::string::String = drain.by_ref().take(read).collect();
        assert_eq!(front + drain.as_str(), "äb→");
        drop(drain);
        assert_eq!(text, "ac");
    }
    let mut text = region::format!(in &arena, "aäb→c");
    let mut drain = text.drain(..);
    assert_eq!((drain.next(), drain.next_back(), drain.next_back()), (Some('a'), Some('c'), Some('→')));
    assert_eq!(format!("{drain:?} {:?}", drain.size_hint()), "StringDrain(\"äb\") (1, Some(3))");
    assert_eq!((drain.next_back(), drain.next(), drain.next_back(), drain.next()), (Some('b'), Some('ä'), None, None));
    std::mem::forget(drain);
    assert_eq!(text, "aäb→c");
}

#[test]
fn positions_inside_a_character_are_refused_and_change_nothing() {
    let arena = Arena::new();
    let mut text = region::format!(in &arena, "aä");
    let mut refused = |what: fn(&mut String)| {
        let said = catch_unwind(AssertUnwindSafe(|| what(&mut text))).unwrap_err();
        assert_eq!(text, "aä");
        *said.downcast::<std::string::String>().unwrap()
    };
    let inside = ": it is inside a character or past the end, 3";
    assert_eq!(refused(|text| drop(text.drain(..2))), format!("cannot drain at byte 2{inside}"));
    assert_eq!(refused(|text| drop(text.drain(2..))), format!("cannot drain at byte 2{inside}"));
    assert_eq!(refused(|text| text.replace_range(2..3, "b")), format!("cannot replace at byte 2{inside}"));
    assert_eq!(refused(|text| drop(text.split_off(2))), format!("cannot split at byte 2{inside}"));
    assert_eq!(refused(|text| drop(text.try_split_off(4))), format!("cannot split at byte 4{inside}"));
    assert_eq!(refused(|text| text.insert(2, 'b')), format!("cannot insert at byte 2{inside}"));
    assert!(refused(|text| drop(text.drain(1..4))).starts_with("cannot drain at 4"));
    #[allow(clippy::reversed_empty_ranges)]
    let backwards = refused(|text| text.replace_range(2..1, ""));
    assert!(backwards.contains("ends before it starts"), "{backwards}");
}

#[test]
fn text_that_does_not_fit_is_left_as_it_was() {
    let buffer = &mut StackBuffer::<8>::new();
    let arena = Arena::from_buffer(buffer);
    let mut text = String::try_from_str_in("abcd", &arena).unwrap();
    assert!(text.try_replace_range(1..3, "0123456").is_err());
    assert!(text.try_insert_str(2, "01234").is_err());
    assert!(text.try_reserve_exact(5).is_err());
    assert_eq!(text, "abcd");
    text.try_replace_range(1..3, "012345").unwrap();
    assert_eq!(text, "a012345d");
    assert!(text.try_insert(0, 'x').is_err() && text.try_split_off(4).is_err());
    // What does not grow needs nothing.
    text.try_replace_range(1..7, "-").unwrap();
    text.replace_range(1..2, "+");
    assert_eq!(text, "a+d");
    assert!(String::try_from_utf8_lossy_in(b"text", &arena).is_err());
    assert!(matches!(String::try_from_utf16_in(&[97], &arena), Err(AllocOrInitError::Alloc(_))));
    assert!(text.try_extend(["0123", "45678"]).is_err());
    assert_eq!(text, "a+d0123");
    assert!("ab".chars().try_collect_in::<String<_>>(&arena).is_err());
    drop(text);
    assert!(matches!(String::try_from_utf16_in(&[0xdc00], &arena), Err(AllocOrInitError::Init(_))));
    assert_eq!("ab".chars().try_collect_in::<String<_>>(&arena).unwrap(), "ab");
}

#[test]
fn bytes_and_words_become_the_text_that_std_makes_of_them() {
    let arena = Arena::new();
    let rows: [&[u8]; 8] = [
        b"",
        b"plain",
        b"\xff",
        b"a\xf0\x9f\x92",
        b"\xf0\x9f\x92b",
        b"\xed\xa0\x80",
        "ä→𝄞".as_bytes(),
        b"\xc3\xc3\xa4",
    ];
    for bytes in rows {
        assert_eq!(String::from_utf8_lossy_in(bytes, &arena), &*std::string::String::from_utf8_lossy(bytes));
    }
    let words: [&[u16]; 5] = [&[], &[0x61, 0xe4], &[0xd834, 0xdd1e], &[0xdd1e, 0x61], &[0x61, 0xd834]];
    for words in words {
        let (ours, std) = (String::from_utf16_in(words, &arena), std::string::String::from_utf16(words));
        assert_eq!(ours.as_deref().ok(), std.as_deref().ok());
    }
}

#[test]
fn text_is_put_together_by_operators_and_from_its_parts() {
    let arena = Arena::new();
    let text = String::from_str_in("a", &arena) + "b" + "c";
    let mut text = std::mem::ManuallyDrop::new(text);
    // SAFETY: the vector is only asked about itself.
    let (bytes, arena) = (unsafe { text.as_mut_vec() }, &arena);
    let (start, len, capacity) = (bytes.as_mut_ptr(), bytes.len(), bytes.capacity());
    // SAFETY: all are of one string, which is not used or dropped any more.
    let mut text = unsafe { String::from_raw_parts_in(start, len, capacity, arena) };
    assert!(std::ptr::eq(text.bump(), arena));
    text.reserve_exact(20);
    assert!(text.capacity() >= 23);
    text.extend([String::from_str_in("d", arena), String::from_str_in("e", arena)]);
    text.extend(&['f']);
    assert_eq!(text, "abcdef");
    let rest = text.split_off(2);
    assert_eq!((text.as_str(), rest.as_str()), ("ab", "cdef"));
}

#[cfg(feature = "alloc")]
#[test]
fn text_of_the_standard_library_is_appended_and_compared() {
    use std::borrow::Cow;
    let arena = Arena::new();
    let mut text = String::from_iter_in([std::string::String::from("a")], &arena);
    text.extend([Cow::Borrowed("b"), Cow::Owned(std::string::String::from("c"))]);
    let same = std::string::String::from("abc");
    assert_eq!(text, same);
    assert_eq!(same, text);
    assert!(text == Cow::Borrowed("abc") && Cow::Borrowed("ab") != text);
}

#[test]
fn chains_of_iterators_end_in_an_arena_or_at_the_first_error() {
    let arena = Arena::new();
    let values: Vec<u32> = (0..4).collect_in(&arena);
    assert_eq!(values, [0, 1, 2, 3]);
    let values: Box<[u32]> = (0..4).collect_in(&arena);
    assert_eq!(*values, [0, 1, 2, 3]);
    assert_eq!(["a", "b"].into_iter().collect_in::<String>(&arena), "ab");

    let mut asked = 0;
    let mut count = |n| {
        asked += 1;
        if n < 2 { Ok(n) } else { Err(n) }
    };
    let values: Result<Vec<u32>, u32> = (0..9).map(&mut count).collect_in(&arena);
    assert_eq!(values, Err(2));
    let values: Result<Result<Vec<u32>, u32>, _> = (0..2).map(&mut count).try_collect_in(&arena);
    assert_eq!(values, Ok(Ok(region::vec![in &arena; 0, 1])));
    assert_eq!(asked, 5);
    let text: Option<String> = "a1".chars().map(|c| c.is_alphabetic().then_some(c)).collect_in(&arena);
    assert_eq!(text, None);
    let text: Result<Option<String>, _> = "ab".chars().map(Some).try_collect_in(&arena);
    assert_eq!(text.unwrap().as_deref(), Some("ab"));

    fn both<'a, C: FromIteratorIn<char, Allocator = &'a Arena>>(arena: &'a Arena) -> [C; 2] {
        [C::from_iter_in("ab".chars(), arena), C::try_from_iter_in("ab".chars(), arena).unwrap()]
    }
    assert_eq!(both::<String>(&arena), ["ab", "ab"]);
    assert_eq!(both::<Vec<char>>(&arena), [['a', 'b'], ['a', 'b']]);

    let full = Arena::new();
    full.set_limit(8);
    assert!((0..9_u8).try_collect_in::<Vec<u8>>(&full).is_err());
    assert!((0..9_u8).map(Some).try_collect_in::<Option<Vec<u8>>>(&full).is_err());
    let mut scope = Arena::new();
    scope.scoped(|scope| assert_eq!((0..3).collect_in::<Vec<i32, _>>(&scope), [0, 1, 2]));
}
