//! The JSON example's parser and trees: what RFC 8259 accepts, what it refuses and where, and that every tree
//! says the same. The program around them is `tests/json_program.rs`.

#[path = "model/json.rs"]
mod model;
#[path = "../examples/json/parser/mod.rs"]
mod parser;
#[path = "../examples/json/tree/mod.rs"]
mod tree;

use model::{parse_with, to_serde};
use parser::{Kind, Number, Options, SyntaxError};
use proptest::prelude::*;
use tree::arena::{self, Arena, Strings};
use tree::{Census, compact, heap};

fn parse(document: impl AsRef<[u8]>) -> Result<heap::Value, SyntaxError> {
    parse_with(document.as_ref(), Options::default().max_depth)
}

fn string(document: &str) -> String {
    match parse(document) {
        Ok(heap::Value::String(text)) => text,
        other => panic!("{document} gives {other:?}"),
    }
}

fn number(document: &str) -> Number {
    match parse(document) {
        Ok(heap::Value::Number(number)) => number,
        other => panic!("{document} gives {other:?}"),
    }
}

fn refused(document: impl AsRef<[u8]>) -> (Kind, usize, usize) {
    let document = document.as_ref();
    match parse(document) {
        Err(error) => (error.kind, error.line, error.column),
        Ok(value) => panic!("{} gives {value:?}", String::from_utf8_lossy(document)),
    }
}

#[test]
fn every_kind_of_value_may_stand_alone_with_space_around() {
    for value in ["null", "true", "false", "0", "-1", "\"x\"", "[]", "{}", "[ ]", "{\t}"] {
        for document in [value.to_string(), format!(" \t\r\n{value}\n \r\t")] {
            let peer: serde_json::Value = serde_json::from_str(&document).unwrap();
            assert_eq!(to_serde(&parse(&document).unwrap()), peer, "{document:?}");
        }
    }
}

#[test]
fn lists_nest_in_any_mixture() {
    for document in [
        r#"[1,[2,[3,[]]],{"a":[{"b":{}}]}]"#,
        r#"{"a":{"b":{"c":[null,true,false]}},"d":[],"e":{}}"#,
        r#"[[[[[[]]]]],[[]],{"":""}]"#,
        "[\n1 ,\n 2\t,\r3 ]",
        r#"{"a" : 1 , "b" :2}"#,
    ] {
        let peer: serde_json::Value = serde_json::from_str(document).unwrap();
        assert_eq!(to_serde(&parse(document).unwrap()), peer, "{document}");
    }
}

#[test]
fn duplicate_keys_are_kept_in_their_order() {
    let Ok(heap::Value::Object(members)) = parse(r#"{"a":1,"b":2,"a":3}"#) else { panic!() };
    let keys: Vec<&str> = members.iter().map(|member| member.key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "a"]);
    assert_eq!(members[2].value, heap::Value::Number(Number::Unsigned(3)));
}

#[test]
fn every_escape_means_its_character() {
    assert_eq!(string(r#""\"\\\/\b\f\n\r\t""#), "\"\\/\u{8}\u{c}\n\r\t");
    assert_eq!(string(r#""\u0041\u00e9\u20AC\uFFFF\u0000""#), "Aé€\u{ffff}\0");
    assert_eq!(string(r#""\ud83d\ude80\uD800\uDC00\udbff\udfff""#), "🚀\u{10000}\u{10ffff}");
    assert_eq!(string("\"é€🚀\u{7f}\u{2028}\""), "é€🚀\u{7f}\u{2028}");
}

/// The scan looks at eight bytes at a time; whatever ends a run must be found at each place in them.
#[test]
fn a_string_may_end_or_be_escaped_at_any_place() {
    for filler in ["x", " ", "é", "\u{7f}", "!", "\u{80}", "𝄞", "]"] {
        for len in 0..40 {
            let plain = filler.repeat(len);
            assert_eq!(string(&format!("\"{plain}\"")), plain);
            assert_eq!(string(&format!("\"{plain}\\n\"")), format!("{plain}\n"));
            assert_eq!(string(&format!("\"\\t{plain}\\\\{plain}\"")), format!("\t{plain}\\{plain}"));
            for control in 0..0x20u8 {
                let document = format!("\"{plain}{}\"", char::from(control));
                assert_eq!(refused(&document), (Kind::Control(control), 1, len + 2), "{document:?}");
            }
        }
    }
}

#[test]
fn strings_without_escapes_stay_in_the_document() {
    let document = r#"["plain", "esc\u0061ped"]"#;
    let arena = Arena::new();
    let value = arena::parse(document.as_bytes(), &arena, Strings::Borrowed, Options::default(), |_| ()).unwrap();
    let arena::Value::Array([arena::Value::String(plain), arena::Value::String(escaped)]) = value else { panic!() };
    assert!(document.as_bytes().as_ptr_range().contains(&plain.as_ptr()));
    assert!(!document.as_bytes().as_ptr_range().contains(&escaped.as_ptr()));
    assert_eq!((*plain, *escaped), ("plain", "escaped"));
}

#[test]
fn integers_that_fit_64_bits_stay_exact() {
    assert_eq!(number("0"), Number::Unsigned(0));
    assert_eq!(number("-1"), Number::Negative(-1));
    assert_eq!(number("9007199254740993"), Number::Unsigned(9_007_199_254_740_993));
    assert_eq!(number("18446744073709551615"), Number::Unsigned(u64::MAX));
    assert_eq!(number("18446744073709551616"), Number::Float(18_446_744_073_709_551_616.0));
    assert_eq!(number("-9223372036854775808"), Number::Negative(i64::MIN));
    assert_eq!(number("-9223372036854775809"), Number::Float(-9_223_372_036_854_775_809.0));
    assert_eq!(number("100000000000000000000000"), Number::Float(1e23));
}

#[test]
fn floats_are_the_nearest_to_what_is_written() {
    for text in [
        "0.1",
        "-0.5",
        "1e5",
        "1E+5",
        "1e-5",
        "0e1",
        "0.0",
        "123.456e-7",
        "2.2250738585072014e-308",
        "5e-324",
        "2e-324",
        "1e-400",
        "1.7976931348623157e308",
        "9007199254740993.0",
        "0.30000000000000004",
        "1e22",
        "1e23",
        "8.5e22",
        "123456789012345678901234567890.5",
        "0.000000000000000000000000000000000001",
        "1e00000000000000000005",
        "0e99999999999999999999",
        "1e-99999999999999999999",
        "4.35",
        "0.000001",
        "179769313486231570000e288",
    ] {
        assert_eq!(number(text), Number::Float(text.parse().unwrap()), "{text}");
    }
    let Number::Float(zero) = number("-0") else { panic!("-0 is no integer") };
    assert!(zero == 0.0 && zero.is_sign_negative());
    for text in ["1e309", "-1e309", "1e99999999999999999999", "179769313486231580794e288"] {
        assert_eq!(refused(text), (Kind::NumberRange, 1, 1), "{text}");
    }
}

#[test]
fn what_is_no_number_is_refused_at_the_place_that_makes_it_none() {
    for (text, kind, column) in [
        ("-", Kind::Digit, 2),
        ("-x", Kind::Digit, 2),
        ("1.", Kind::Digit, 3),
        ("1.e5", Kind::Digit, 3),
        ("1e", Kind::Digit, 3),
        ("1e+", Kind::Digit, 4),
        ("1E-x", Kind::Digit, 4),
        ("-.5", Kind::Digit, 2),
        ("01", Kind::LeadingZero, 1),
        ("-012", Kind::LeadingZero, 2),
        ("00", Kind::LeadingZero, 1),
        ("1 2", Kind::Trailing, 3),
        ("0x10", Kind::Trailing, 2),
        ("1_000", Kind::Trailing, 2),
        ("1f", Kind::Trailing, 2),
        ("1.5.6", Kind::Trailing, 4),
        ("--1", Kind::Digit, 2),
    ] {
        assert_eq!(refused(text), (kind, 1, column), "{text}");
    }
    for text in ["+1", ".5", "NaN", "Infinity", "-Infinity", "１"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_no_string_is_refused_at_the_place_that_makes_it_none() {
    for (text, kind, column) in [
        (r#"["abc"#, Kind::OpenString, 2),
        (r#"["abc\"#, Kind::OpenString, 2),
        (r#"["abc\""#, Kind::OpenString, 2),
        (r#"["\u12"#, Kind::OpenString, 2),
        (r#"["\ud800\u12"#, Kind::OpenString, 2),
        (r#"["ab\x41"]"#, Kind::Escape, 5),
        (r#"["ab\'"]"#, Kind::Escape, 5),
        (r#"["ab\U0041"]"#, Kind::Escape, 5),
        (r#"["é\é"]"#, Kind::Escape, 4),
        (r#"["\u12g4"]"#, Kind::Hex, 7),
        (r#"["\u+123"]"#, Kind::Hex, 5),
        (r#"["\u12"]"#, Kind::Hex, 7),
        (r#"["\ud800"]"#, Kind::LoneSurrogate(0xd800), 3),
        (r#"["\ud800x"]"#, Kind::LoneSurrogate(0xd800), 3),
        (r#"["\ud800\n"]"#, Kind::LoneSurrogate(0xd800), 3),
        (r#"["\ud800\u0041"]"#, Kind::LoneSurrogate(0xd800), 3),
        (r#"["\ud800\ud800"]"#, Kind::LoneSurrogate(0xd800), 3),
        (r#"["é\udc00"]"#, Kind::LoneSurrogate(0xdc00), 4),
        (r#"["\udfff\ud800"]"#, Kind::LoneSurrogate(0xdfff), 3),
        ("['a']", Kind::Unexpected { found: '\'', wanted: "a value" }, 2),
    ] {
        assert_eq!(refused(text), (kind, 1, column), "{text}");
    }
}

#[test]
fn structure_is_refused_at_the_byte_that_breaks_it() {
    let unexpected = |found, wanted| Kind::Unexpected { found, wanted };
    for (text, kind, column) in [
        ("", Kind::Empty, 1),
        (" \t ", Kind::Empty, 4),
        ("[", Kind::EndsEarly("a value"), 2),
        ("[1", Kind::EndsEarly("`,` or `]`"), 3),
        ("[1,", Kind::EndsEarly("a value"), 4),
        ("[1,]", Kind::TrailingComma, 4),
        ("[,]", unexpected(',', "a value"), 2),
        ("[1,,2]", unexpected(',', "a value"), 4),
        ("[1 2]", unexpected('2', "`,` or `]`"), 4),
        ("[1}", unexpected('}', "`,` or `]`"), 3),
        ("]", unexpected(']', "a value"), 1),
        ("[]]", Kind::Trailing, 3),
        ("{", Kind::EndsEarly("a key in double quotes"), 2),
        ("{\"a\"", Kind::EndsEarly("`:`"), 5),
        ("{\"a\":", Kind::EndsEarly("a value"), 6),
        ("{\"a\":1", Kind::EndsEarly("`,` or `}`"), 7),
        ("{\"a\":1,", Kind::EndsEarly("a key in double quotes"), 8),
        ("{\"a\":1,}", Kind::TrailingComma, 8),
        ("{\"a\" 1}", unexpected('1', "`:`"), 6),
        ("{\"a\",1}", unexpected(',', "`:`"), 5),
        ("{a:1}", unexpected('a', "a key in double quotes"), 2),
        ("{1:1}", unexpected('1', "a key in double quotes"), 2),
        ("{\"a\":1]", unexpected(']', "`,` or `}`"), 7),
        ("{\"a\"::1}", unexpected(':', "a value"), 6),
        ("tru", Kind::Word("true"), 1),
        ("[nul]", Kind::Word("null"), 2),
        ("fALSE", Kind::Word("false"), 1),
        ("truex", Kind::Trailing, 5),
        ("True", unexpected('T', "a value"), 1),
        ("// x\n1", unexpected('/', "a value"), 1),
        ("1 /* x */", Kind::Trailing, 3),
        ("{} {}", Kind::Trailing, 4),
        ("\u{a0}1", unexpected('\u{a0}', "a value"), 1),
        ("\u{b}1", unexpected('\u{b}', "a value"), 1),
        ("1\0", Kind::Trailing, 2),
        ("\0", unexpected('\0', "a value"), 1),
        ("[1\0]", unexpected('\0', "`,` or `]`"), 3),
        ("\u{feff}[]", Kind::ByteOrderMark, 1),
        ("[]\u{feff}", Kind::Trailing, 3),
    ] {
        assert_eq!(refused(text), (kind, 1, column), "{text:?}");
    }
}

#[test]
fn bytes_that_are_no_utf8_are_refused_where_they_stand() {
    let bad: [&[u8]; 10] = [
        b"\x80",
        b"\xff",
        b"\xc3",
        b"\xc0\xaf",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xe0\x80\xaf",
        b"\xf0\x80\x80\x80",
    ];
    for bytes in bad {
        for (before, after) in [("\n[\"é", "\"]"), ("\n[\"é\\n", "\"]"), ("\n[1, ", "]"), ("\n[1]", ""), ("\n", "")] {
            let document = [before.as_bytes(), bytes, after.as_bytes()].concat();
            let column = before.chars().count();
            assert_eq!(refused(&document), (Kind::NotUtf8, 2, column), "{document:?}");
        }
        // What is wrong before them comes first.
        let document = [b"[01, \"", bytes, b"\"]"].concat();
        assert_eq!(refused(&document), (Kind::LeadingZero, 1, 2));
    }
}

#[test]
fn line_and_column_count_lines_and_characters() {
    let error = parse("{\n  \"é€🚀\": 1,\r\n\t\"x\" : tru\n}").unwrap_err();
    assert_eq!((error.kind, error.line, error.column, error.offset), (Kind::Word("true"), 3, 8, 28));
    assert_eq!(error.to_string(), "line 3, column 8: expected `true`");
    let error = parse("[\"é€🚀\" 1]").unwrap_err();
    assert_eq!((error.line, error.column), (1, 8));
    let error = parse("[1,\n2\n").unwrap_err();
    assert_eq!((error.kind, error.line, error.column), (Kind::EndsEarly("`,` or `]`"), 3, 1));
}

#[test]
fn the_excerpt_marks_the_place() {
    let document = "{\n\t\"é\": 01,\r\n}";
    let excerpt = parse(document).unwrap_err().excerpt(document.as_bytes());
    assert_eq!(excerpt, "   2 │  \"é\": 01,\n     │       ^");

    // One endless line is cut on both sides, and the mark stays under its byte.
    let document = format!("[{}x{}]", "1,".repeat(100_000), ",1".repeat(100_000));
    let error = parse(&document).unwrap_err();
    let excerpt = error.excerpt(document.as_bytes());
    assert!(excerpt.chars().count() < 300, "{excerpt}");
    let (line, mark) = excerpt.split_once('\n').unwrap();
    assert_eq!(line.chars().nth(mark.chars().count() - 1), Some('x'));

    // Nothing in it reaches a terminal as a command.
    let excerpt = parse("\"\x1b[2J\u{9b}2J\u{202e}").unwrap_err().excerpt("\"\x1b[2J\u{9b}2J\u{202e}".as_bytes());
    assert!(excerpt.chars().all(|char| char == '\n' || !char.is_control()), "{excerpt:?}");

    // A document that ends too early is marked behind its end, and bad bytes are shown as such.
    assert_eq!(parse("[1,").unwrap_err().excerpt(b"[1,"), "   1 │ [1,\n     │    ^");
    assert_eq!(parse(b"[\"\xff\"]").unwrap_err().excerpt(b"[\"\xff\"]"), "   1 │ [\"\u{fffd}\"]\n     │   ^");
}

#[test]
fn depth_is_limited_to_the_level() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse_with(b"1", 0).is_ok());
    assert_eq!(parse_with(b"[]", 0).unwrap_err().kind, Kind::TooDeep(0));
    for depth in [1, 2, 64, 500] {
        assert!(parse_with(nested(depth).as_bytes(), depth).is_ok(), "{depth}");
        let error = parse_with(nested(depth + 1).as_bytes(), depth).unwrap_err();
        assert_eq!((error.kind, error.column), (Kind::TooDeep(depth), depth + 1));
        let objects = "{\"a\":".repeat(depth) + "{}" + &"}".repeat(depth);
        assert_eq!(parse_with(objects.as_bytes(), depth).unwrap_err().kind, Kind::TooDeep(depth));
        assert!(parse_with(objects.as_bytes(), depth + 1).is_ok());
    }
    // What was closed does not count.
    let wide = format!("[{}[]]", "[],{},".repeat(1000));
    assert!(parse_with(wide.as_bytes(), 2).is_ok());
}

#[test]
fn a_million_levels_do_not_overflow_the_stack_of_a_small_thread() {
    let run = || {
        const DEPTH: usize = 1_000_000;
        let document = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
        let arena = Arena::new();
        let options = Options { max_depth: DEPTH };
        let value = arena::parse(document.as_bytes(), &arena, Strings::Borrowed, options, |_| ()).unwrap();
        assert_eq!(Census::of(&value).unwrap().depth, DEPTH);
        // The heap's tree, whose drop recurses, refuses what would overflow; up to there it drops.
        let error = heap::parse(document.as_bytes(), options, |_| ()).unwrap_err();
        assert_eq!(error.kind, Kind::TooDeep(heap::MAX_DEPTH));
        let deepest = "[".repeat(heap::MAX_DEPTH) + &"]".repeat(heap::MAX_DEPTH);
        drop(heap::parse(deepest.as_bytes(), options, |_| ()).unwrap());
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn progress_rises_and_stays_within_the_document() {
    let document = format!("[{}1]", "[\"0123456789\"],".repeat(300_000));
    let mut told = Vec::new();
    let arena = Arena::new();
    arena::parse(document.as_bytes(), &arena, Strings::Borrowed, Options::default(), |done| told.push(done)).unwrap();
    assert!(told.len() >= 4, "{told:?}");
    assert!(told.is_sorted() && told.last().is_some_and(|&last| last <= document.len()));
}

/// Longer than what waits on the parser's stack, so that a part of it is in the arena before it is closed.
const LONG: usize = 200_000;

#[test]
fn a_long_flat_array_leaves_no_hole_in_the_arena() {
    for element in ["7", "true", "null", "\"text\"", "[]", "{}"] {
        let document = format!("[{}]", vec![element; LONG].join(", "));
        let arena = Arena::new();
        let value = arena::parse(document.as_bytes(), &arena, Strings::Borrowed, Options::default(), |_| ()).unwrap();
        let arena::Value::Array(elements) = value else { panic!("{element}") };
        assert!(elements.len() == LONG && elements.iter().all(|element| *element == elements[0]));
        assert_eq!(arena.used(), size_of_val(elements), "nothing but the elements {element}");

        let arena = compact::arena(document.len());
        let value = compact::parse(document.as_bytes(), &arena, Options::default(), |_| ()).unwrap();
        let compact::Value::Array(elements) = value else { panic!("{element}") };
        assert!(elements.len() == LONG && size_of_val(&*elements) == LONG * 12);
        assert_eq!(arena.stats().blocks, 1, "the whole tree in what was reserved");
        if element != "\"text\"" {
            assert_eq!(arena.used(), LONG * 12, "nothing but the elements {element}");
        }
    }
}

#[test]
fn long_arrays_are_whole_in_any_mixture() {
    let flat = format!("[{}]", (0..LONG).map(|i| i.to_string()).collect::<Vec<_>>().join(","));
    let copied = format!("[{}]", (0..LONG).map(|i| format!("\"\\u0041{i}\"")).collect::<Vec<_>>().join(","));
    let members = (0..LONG).map(|i| format!("\"k{i}\":{i}")).collect::<Vec<_>>().join(",");
    let records = vec!["{\"a\":[1,2]}"; LONG].join(",");
    let (half, rest) = flat.split_at(flat.len() / 2);
    let rest = &rest[rest.find(',').unwrap()..];
    for document in [
        flat.clone(),
        copied.clone(),
        format!("{{{members}}}"),
        format!("[{records}]"),
        format!("[{flat},{flat},[{flat}]]"),
        format!("[1,2,{{\"a\":{flat},\"b\":{copied},\"c\":[{records},{flat}]}},3]"),
        // Lists within a long one, at its beginning, in the middle of it and at its end.
        format!("[{flat},{}", &flat[1..]),
        format!("{half},{flat},[[]],{copied}{rest}"),
        format!("{},[{records}]]", &flat[..flat.len() - 1]),
    ] {
        let value = model::parse_with(document.as_bytes(), 1024).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert!(model::to_serde(&value) == expected, "{}", &document[..100]);
    }
}

#[test]
fn the_census_counts_what_is_there() {
    let document = r#"{"a": [1, 2.5, "three", null], "b": {"a": true, "a": false}, "c": [[]], "é": "€"}"#;
    let value = parse(document).unwrap();
    let expected = Census {
        objects: 2,
        arrays: 3,
        strings: 2,
        keys: 6,
        numbers: 2,
        words: 3,
        text_bytes: 5 + 5 + 2 + 3,
        depth: 3,
        sum: 3.5,
        longest: "three",
    };
    assert_eq!(Census::of(&value).unwrap(), expected);
    assert_eq!(expected.values(), 12);
    // serde_json keeps one of the duplicate keys.
    let peer: serde_json::Value = serde_json::from_str(document).unwrap();
    let expected = Census { keys: 5, words: 2, text_bytes: expected.text_bytes - 1, ..expected };
    assert_eq!(Census::of(&peer).unwrap(), expected);
}

/// Any tree that serde_json can write. Keys may repeat: serde_json's map keeps one.
fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let text = prop_oneof![
        "[ -~]{0,20}",
        proptest::collection::vec(any::<char>(), 0..20).prop_map(|chars| chars.into_iter().collect::<String>()),
        "[\"\\\\\u{0}-\u{1f}é𝄞]{0,12}",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        (-1e6..1e6f64).prop_map(serde_json::Value::from),
        text.clone().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(serde_json::Value::from),
            proptest::collection::vec((text.clone(), inner), 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_back(value in any_value()) {
        for document in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let parsed = parse(&document);
            prop_assert!(parsed.is_ok(), "{} gives {:?}", document, parsed);
            prop_assert_eq!(&to_serde(&parsed.unwrap()), &value);
        }
    }

    /// Documents that are almost JSON: both parsers accept, or both refuse. (serde_json reads numbers less
    /// exactly, so values are compared above.)
    #[test]
    fn serde_json_agrees_on_what_is_json(value in any_value(), cuts in proptest::collection::vec((any::<u16>(), any::<u8>(), 0u8..4), 1..4)) {
        let mut document = value.to_string().into_bytes();
        for (at, byte, how) in cuts {
            let at = usize::from(at) % (document.len() + 1);
            // Bytes that mean something to JSON find more mistakes than others.
            const MARKS: &[u8] = b"[]{},:\"\\ue0123456789.-+ntf \n";
            let byte = if byte < 192 { MARKS[usize::from(byte) % MARKS.len()] } else { byte };
            match how {
                0 => document.insert(at, byte),
                1 if at < document.len() => document[at] = byte,
                2 if at < document.len() => _ = document.remove(at),
                _ => document.truncate(at.max(1)),
            }
        }
        let peer = serde_json::from_slice::<serde_json::Value>(&document);
        let parsed = parse(&document);
        prop_assert_eq!(
            parsed.is_ok(), peer.is_ok(),
            "{}: {:?}, serde_json {:?}", String::from_utf8_lossy(&document), parsed, peer
        );
        if let Err(error) = parsed {
            prop_assert!(error.offset <= document.len());
            prop_assert!(error.excerpt(&document).ends_with('^'));
        }
    }

    /// No input panics, whatever it is.
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = parse(&bytes) {
            prop_assert!(error.offset <= bytes.len());
            prop_assert!(error.excerpt(&bytes).ends_with('^'));
        }
    }
}
