//! Any row of operations on a string in an arena against std's string.
//!
//! Does not choose the operations: property tests and fuzzers do.

use region::Arena;
use region::collections::String as ArenaString;
use std::fmt::Write;

/// What can be done to a string.
#[derive(Clone, Debug)]
pub enum Op {
    Push(char),
    PushStr(String),
    Insert(usize, char),
    InsertStr(usize, String),
    Replace(usize, usize, String),
    Drain(usize, usize, usize),
    SplitOff(usize),
    Remove(usize),
    Pop,
    Truncate(usize),
    Retain(u32),
    Extend(String),
    Write(i64),
    Shrink,
    Neighbour,
    Clone,
}

/// The start of some character, or the end.
fn boundary(text: &str, at: usize) -> usize {
    let starts: Vec<_> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    starts[at % starts.len()]
}

/// A range between two such positions.
fn range(text: &str, from: usize, to: usize) -> std::ops::Range<usize> {
    let (from, to) = (boundary(text, from), boundary(text, to));
    from.min(to)..from.max(to)
}

/// Does the same to a string of ours and to std's, with neighbours in between.
pub fn check(ops: &[Op]) {
    let arena = Arena::<1>::with_min_align();
    let mut text = ArenaString::new_in(&arena);
    let mut model = String::new();
    for op in ops {
        match *op {
            Op::Push(c) => (text.push(c), model.push(c)).0,
            Op::PushStr(ref piece) => (text.push_str(piece), model.push_str(piece)).0,
            Op::Insert(at, c) => {
                let at = boundary(&model, at);
                (text.insert(at, c), model.insert(at, c)).0
            }
            Op::InsertStr(at, ref piece) => {
                let at = boundary(&model, at);
                (text.insert_str(at, piece), model.insert_str(at, piece)).0
            }
            Op::Replace(from, to, ref piece) => {
                let range = range(&model, from, to);
                text.replace_range(range.clone(), piece);
                model.replace_range(range, piece);
            }
            Op::Drain(from, to, taken) => {
                let range = range(&model, from, to);
                let ours: String = text.drain(range.clone()).take(taken % 4).collect();
                assert_eq!(ours, model.drain(range).take(taken % 4).collect::<String>());
            }
            Op::SplitOff(at) => {
                let at = boundary(&model, at);
                let (ours, theirs) = (text.split_off(at), model.split_off(at));
                assert_eq!(ours.as_str(), theirs);
                (text, model) = (ours + text.as_str(), theirs + &model);
            }
            Op::Remove(at) => {
                let at = boundary(&model, at);
                if at < model.len() {
                    assert_eq!(text.remove(at), model.remove(at));
                }
            }
            Op::Pop => assert_eq!(text.pop(), model.pop()),
            Op::Truncate(at) => {
                let at = boundary(&model, at);
                (text.truncate(at), model.truncate(at)).0
            }
            Op::Retain(n) => {
                text.retain(|c| c as u32 % n != 0);
                model.retain(|c| c as u32 % n != 0);
            }
            Op::Extend(ref piece) => {
                text.extend(piece.chars());
                text.extend(piece.split(' '));
                model.push_str(piece);
                model.extend(piece.split(' '));
            }
            Op::Write(number) => {
                write!(text, "{number:>9}").unwrap();
                write!(model, "{number:>9}").unwrap();
            }
            Op::Shrink => text.shrink_to_fit(),
            Op::Neighbour => drop(arena.alloc_str("neighbour")),
            Op::Clone => text = text.clone(),
        }
        assert_eq!(text.as_str(), model.as_str());
        assert!(text.capacity() >= text.len());
    }
    assert_eq!(format!("{text} {text:?}"), format!("{model} {model:?}"));
}
