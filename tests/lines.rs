//! `Lines` gives what cutting at every newline gives, or at another byte, on any text, from both ends.

#[path = "model/lines.rs"]
mod model;

use model::{check, check_both_ends, check_crlf, check_records, obvious};
use proptest::prelude::*;
use region::Lines;

/// The bytes that records may end with: newlines, NULs, which pad the end of a text, and any other.
fn delimiters() -> impl Strategy<Value = u8> {
    prop_oneof![Just(b'\n'), Just(0), any::<u8>()]
}

/// Texts whose lines are long, short, empty or absent; NULs and others among them.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..100),
        2 => Just(vec![]),
        1 => prop::collection::vec(any::<u8>(), 900..1200),
        1 => (0usize..5000).prop_map(|len| vec![b'x'; len]),
        1 => Just(b"\r".to_vec()),
    ];
    (prop::collection::vec(line, 0..40), any::<bool>()).prop_map(|(lines, ended)| {
        let mut text = lines.join(&b'\n');
        if ended {
            text.push(b'\n');
        }
        text
    })
}

proptest! {
    #[test]
    fn lines_are_what_cutting_at_newlines_gives(text in texts(), skip in 0usize..64) {
        check(&text[skip.min(text.len())..]);
    }

    #[test]
    fn records_are_what_cutting_at_their_delimiter_gives(
        text in texts(),
        delimiter in delimiters(),
        other in any::<bool>(),
    ) {
        check_records(&text, delimiter);
        // As many as there were lines.
        let swap = |&byte: &u8| if byte == b'\n' { delimiter } else if byte == delimiter { b'\n' } else { byte };
        let swapped: Vec<u8> = text.iter().map(swap).collect();
        check_records(&swapped, if other { delimiter } else { b'\n' });
        prop_assert_eq!(Lines::records(&swapped, delimiter).count(), Lines::new(&text).count());
    }

    #[test]
    fn both_ends_meet_without_losing_or_repeating_a_line(
        text in texts(),
        delimiter in delimiters(),
        turns in prop::collection::vec(any::<bool>(), 0..120),
    ) {
        check_both_ends(&text, b'\n', &turns);
        check_both_ends(&text, delimiter, &turns);
    }

    #[test]
    fn crlf_is_trimmed_as_str_lines_does(text in "[a\r\n\0é]{0,200}") {
        check_crlf(&text);
    }
}

#[test]
fn every_length_at_every_alignment_around_a_newline() {
    let mut buffer = vec![b'x'; 300];
    for newline in 0..220 {
        buffer[newline] = b'\n';
        for from in 0..newline.min(65) + 1 {
            for to in [newline, newline + 1, newline + 2, newline + 70] {
                let text = &buffer[from..to];
                assert!(Lines::new(text).eq(obvious(text, b'\n')), "newline at {newline}, text {from}..{to}");
            }
        }
        buffer[newline] = b'x';
    }
}

#[test]
fn zeroes_behind_a_short_text_are_no_records() {
    for len in 0..200 {
        let text = vec![b'x'; len];
        assert_eq!(Lines::records(&text, 0).count(), usize::from(len != 0));
        assert_eq!(Lines::records(&text, 0).next(), (len != 0).then_some(&text[..]));
        assert_eq!(Lines::records(&text, 0).next_back(), (len != 0).then_some(&text[..]));
        let mut text = text;
        text.push(0);
        assert!(Lines::records(&text, 0).eq([&text[..len]]));
    }
    assert!(Lines::records(b"a\r\0b\r", 0).trim_crlf().eq([&b"a"[..], b"b\r"]));
}

#[test]
fn an_empty_text_has_no_line_and_a_newline_has_one() {
    assert_eq!(Lines::new(b"").next(), None);
    assert_eq!(Lines::new(b"").next_back(), None);
    assert_eq!(Lines::new(b"").size_hint(), (0, Some(0)));
    assert!(Lines::new(b"\n").eq([b""]));
    assert!(Lines::new(b"\n\n").eq([b"", b""]));
}

#[test]
fn lines_stay_over_once_they_are_over() {
    for mut lines in [Lines::new(b"a\nb"), Lines::new(b"a\nb\n"), Lines::new(b"")] {
        while lines.next().is_some() {}
        for _ in 0..100 {
            assert_eq!((lines.next(), lines.next_back(), lines.remainder()), (None, None, &b""[..]));
        }
    }
}

#[test]
fn lines_are_slices_of_the_text_itself() {
    let text = b"zero\none\n";
    for (line, offset) in Lines::new(text).zip([0, 5]) {
        assert_eq!(line.as_ptr(), text[offset..].as_ptr());
    }
}

#[test]
fn nothing_behind_the_end_of_the_text_is_read() {
    // The text ends where readable memory ends: one byte too many is a SIGSEGV.
    let page = region::page_size();
    let mut region = region::Region::options().len(2 * page).guard_pages().map().unwrap();
    for len in (0..2 * page).step_by(61).chain(0..130) {
        let bytes = region.as_mut_slice();
        bytes.fill(b'x');
        bytes[..2 * page - len].fill(b'\n');
        assert_eq!(Lines::new(&bytes[2 * page - len..]).map(<[u8]>::len).sum::<usize>(), len);
        assert_eq!(Lines::new(&bytes[..len]).rev().count(), Lines::new(&bytes[..len]).count());
    }
}

static_assertions::assert_impl_all!(Lines<'static>: Send, Sync, Clone, std::fmt::Debug, std::panic::UnwindSafe);
