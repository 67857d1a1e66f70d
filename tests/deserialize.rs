//! Reading into an arena with serde: what can be read, and what is refused.

#![cfg(all(feature = "collections", feature = "serde"))]

use region::arena::Scope;
use region::collections::{Box, DeserializeIn, Seed, String, Vec};
use region::{Arena, StackBuffer};
use serde::de::DeserializeSeed;
use serde_json::{Deserializer, Error};

/// Reads one value and the end of the text.
fn read<'a, T: for<'de> DeserializeIn<'de, 'a>>(json: &str, arena: &'a Arena) -> Result<T, Error> {
    let mut from = Deserializer::from_str(json);
    let value = Seed::new(arena).deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

#[test]
fn collections_of_collections_are_read_into_the_arena() {
    let arena = Arena::new();
    let rows: Vec<Vec<u32>> = read("[[1, 2], [], [3]]", &arena).unwrap();
    assert_eq!(rows, [&[1, 2][..], &[], &[3]]);
    let words: Vec<String> = read(r#"["plain", "esc\taped", ""]"#, &arena).unwrap();
    assert_eq!(words, ["plain", "esc\taped", ""]);
    let names: &[&str] = read(r#"["a", "\u00e9"]"#, &arena).unwrap();
    assert_eq!(names, ["a", "é"]);
    let text: &mut str = read(r#""abc""#, &arena).unwrap();
    text.make_ascii_uppercase();
    let numbers: &mut [i64] = read("[-1, 9007199254740993]", &arena).unwrap();
    numbers[0] = 0;
    assert_eq!((&*text, &*numbers), ("ABC", &[0, 9_007_199_254_740_993][..]));
    let boxed: Vec<Option<Box<f64>>> = read("[1.5, null]", &arena).unwrap();
    assert_eq!((boxed[0].as_deref(), boxed[1].is_none()), (Some(&1.5), true));
    assert_eq!((read::<bool>("true", &arena).unwrap(), read::<char>("\"x\"", &arena).unwrap()), (true, 'x'));
}

#[test]
fn what_was_written_is_read_back() {
    let arena = Arena::new();
    let rows: Vec<Vec<String>> = read(r#"[["a", "b"], [], ["\"c\""]]"#, &arena).unwrap();
    let written = serde_json::to_string(&rows).unwrap();
    let again: Vec<Vec<String>> = read(&written, &arena).unwrap();
    assert_eq!(rows, again);
}

#[test]
fn a_scope_and_a_claim_are_read_into_as_well() {
    let mut arena = Arena::new();
    let total: u32 = arena.scoped(|scope: Scope| {
        let numbers: Vec<u32, Scope> = Vec::deserialize_in(&scope, &mut Deserializer::from_str("[40, 2]")).unwrap();
        numbers.iter().sum()
    });
    assert_eq!((total, arena.used()), (42, 0));
    let scratch = arena.claim();
    let numbers: Vec<u8> = read("[1, 2, 3]", &scratch).unwrap();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn what_does_not_fit_is_an_error_of_the_format() {
    let arena = Arena::new();
    let wrong = read::<Vec<u8>>("[1, 256]", &arena).unwrap_err();
    assert!(wrong.to_string().contains("256") && wrong.is_data(), "{wrong}");
    let wrong = read::<String>("[]", &arena).unwrap_err();
    assert!(wrong.to_string().contains("expected text"), "{wrong}");
    let wrong = read::<Vec<u8>>("{}", &arena).unwrap_err();
    assert!(wrong.to_string().contains("expected a sequence"), "{wrong}");
    let wrong = read::<Option<u8>>("\"\"", &arena).unwrap_err();
    assert!(wrong.is_data(), "{wrong}");

    arena.set_limit(64);
    for refused in [
        read::<Vec<u64>>("[1, 2, 3, 4, 5, 6, 7, 8, 9]", &arena).map(drop),
        read::<String>(&format!("{:?}", "x".repeat(65)), &arena).map(drop),
        read::<&str>(&format!("{:?}", "x".repeat(65)), &arena).map(drop),
    ] {
        let refused = refused.unwrap_err();
        assert!(refused.to_string().starts_with("cannot allocate "), "{refused}");
    }
}

/// Says that far more comes than does.
struct Boaster<I>(I);

impl<'de> serde::de::SeqAccess<'de> for Boaster<std::vec::IntoIter<u64>> {
    type Error = serde::de::value::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Self::Error> {
        self.0.next().map(|value| seed.deserialize(serde::de::IntoDeserializer::into_deserializer(value))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(usize::MAX)
    }
}

#[test]
fn a_length_that_the_text_claims_takes_no_memory_beyond_a_page() {
    let mut memory = StackBuffer::<5000>::new();
    let arena = Arena::from_buffer(&mut memory);
    let from = serde::de::value::SeqAccessDeserializer::new(Boaster(vec![1u64, 2].into_iter()));
    let read: Vec<u64, _> = Vec::deserialize_in(&arena, from).unwrap();
    assert_eq!(read, [1, 2]);
}
