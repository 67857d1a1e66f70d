//! The lines and records of a text against cutting it at every delimiter.

use region::Lines;
use std::collections::VecDeque;

/// The records, obviously: pieces between delimiters, less the empty piece behind a last one.
pub fn obvious(text: &[u8], delimiter: u8) -> VecDeque<&[u8]> {
    let mut pieces: VecDeque<_> = text.split(|&byte| byte == delimiter).collect();
    if pieces.back() == Some(&&b""[..]) {
        pieces.pop_back();
    }
    pieces
}

/// From the front, from the back, counted, and the last.
pub fn check(text: &[u8]) {
    check_of(text, b'\n', Lines::new(text));
}

/// The same with another delimiter.
pub fn check_records(text: &[u8], delimiter: u8) {
    check_of(text, delimiter, Lines::records(text, delimiter));
}

fn check_of<'t>(text: &'t [u8], delimiter: u8, lines: Lines<'t>) {
    let expected = obvious(text, delimiter);
    assert_eq!(lines.clone().collect::<VecDeque<_>>(), expected.clone());
    assert_eq!(lines.clone().rev().collect::<VecDeque<_>>(), expected.iter().rev().copied().collect::<VecDeque<_>>());
    assert_eq!(lines.clone().count(), expected.len());
    assert_eq!(lines.last(), expected.back().copied());
}

/// From both ends in turns, and then to the end.
pub fn check_both_ends(text: &[u8], delimiter: u8, turns: &[bool]) {
    let mut expected = obvious(text, delimiter);
    let mut lines = Lines::records(text, delimiter);
    for front in turns.iter().copied().chain(std::iter::repeat_n(true, 60)) {
        let (low, high) = lines.size_hint();
        assert!(low <= expected.len() && expected.len() <= high.unwrap());
        assert_eq!(lines.clone().count(), expected.len());
        assert_eq!(obvious(lines.remainder(), delimiter), expected.clone());
        if front {
            assert_eq!(lines.next(), expected.pop_front());
        } else {
            assert_eq!(lines.next_back(), expected.pop_back());
        }
    }
}

/// With carriage returns trimmed, against `str::lines`.
pub fn check_crlf(text: &str) {
    let expected: Vec<_> = text.lines().map(str::as_bytes).collect();
    assert_eq!(Lines::new(text.as_bytes()).trim_crlf().collect::<Vec<_>>(), expected.clone());
    let from_back: Vec<_> = Lines::new(text.as_bytes()).trim_crlf().rev().collect();
    assert_eq!(from_back, expected.into_iter().rev().collect::<Vec<_>>());
}
