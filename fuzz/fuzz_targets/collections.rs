//! Strings and vectors in arenas against std's.
#![no_main]

#[path = "../../tests/model/string.rs"]
mod strings;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use region::Arena;
use strings::Op;

fn op(u: &mut Unstructured<'_>) -> Result<Op> {
    let kind = u.int_in_range(0..=15u8)?;
    let piece = |u: &mut Unstructured<'_>| u.arbitrary::<&str>().map(str::to_owned);
    let at = |u: &mut Unstructured<'_>| u.arbitrary::<u8>().map(usize::from);
    Ok(match kind {
        0 => Op::Push(u.arbitrary()?),
        1 => Op::PushStr(piece(u)?),
        2 => Op::Insert(at(u)?, u.arbitrary()?),
        3 => Op::InsertStr(at(u)?, piece(u)?),
        4 => Op::Remove(at(u)?),
        5 => Op::Pop,
        6 => Op::Truncate(at(u)?),
        7 => Op::Retain(u.int_in_range(1..=5)?),
        8 => Op::Extend(piece(u)?),
        9 => Op::Write(u.arbitrary()?),
        10 => Op::Shrink,
        11 => Op::Neighbour,
        12 => Op::Clone,
        13 => Op::Replace(at(u)?, at(u)?, piece(u)?),
        14 => Op::Drain(at(u)?, at(u)?, at(u)?),
        _ => Op::SplitOff(at(u)?),
    })
}

/// What can be done to a vector.
#[derive(Arbitrary, Debug)]
enum Edit {
    Push(u32),
    Pop,
    Insert(u8, u32),
    Remove(u8),
    SwapRemove(u8),
    Truncate(u8),
    Extend(Vec<u32>),
    Drain(u8, u8),
    Retain(u8),
    Extract(u8, u8, u8),
    Dedup,
    Split(u8),
    Reserve(u8),
    Shrink,
    Clone,
    Neighbour(u8),
}

/// Does the same to a vector in an arena and to std's, whose values are each on the heap.
fn check(edits: Vec<Edit>) {
    let arena = Arena::<1>::with_min_align();
    let mut ours: region::collections::Vec<'_, Box<u32>, Arena<1>> = region::collections::Vec::new_in(&arena);
    let mut model: Vec<Box<u32>> = Vec::new();
    for edit in edits {
        let len = model.len();
        let within = |at: u8| usize::from(at) % (len + 1);
        match edit {
            Edit::Push(value) => (ours.push(Box::new(value)), model.push(Box::new(value))).0,
            Edit::Pop => assert_eq!(ours.pop(), model.pop()),
            Edit::Insert(at, value) => {
                ours.insert(within(at), Box::new(value));
                model.insert(within(at), Box::new(value));
            }
            Edit::Remove(at) if within(at) < len => assert_eq!(ours.remove(within(at)), model.remove(within(at))),
            Edit::SwapRemove(at) if within(at) < len => {
                assert_eq!(ours.swap_remove(within(at)), model.swap_remove(within(at)));
            }
            Edit::Remove(_) | Edit::SwapRemove(_) => {}
            Edit::Truncate(at) => (ours.truncate(at.into()), model.truncate(at.into())).0,
            Edit::Extend(values) => {
                ours.extend(values.iter().copied().map(Box::new));
                model.extend(values.into_iter().map(Box::new));
            }
            Edit::Drain(a, b) => {
                let range = within(a).min(within(b))..within(a).max(within(b));
                assert!(ours.drain(range.clone()).eq(model.drain(range)));
            }
            Edit::Retain(of) => {
                let of = u32::from(of) + 1;
                ours.retain(|value| **value % of != 0);
                model.retain(|value| **value % of != 0);
            }
            Edit::Extract(a, b, of) => {
                let (range, of) = (within(a).min(within(b))..within(a).max(within(b)), u32::from(of) + 1);
                let taken: Vec<_> = ours.extract_if(range.clone(), |value| **value % of == 0).collect();
                let (wanted, kept) = model.drain(range.clone()).partition(|value| **value % of == 0);
                let (wanted, kept): (Vec<_>, Vec<_>) = (wanted, kept);
                drop(model.splice(range.start..range.start, kept));
                assert_eq!(taken, wanted);
            }
            Edit::Dedup => (ours.dedup(), model.dedup()).0,
            Edit::Split(at) => assert!(ours.split_off(within(at)).iter().eq(&model.split_off(within(at)))),
            Edit::Reserve(more) => ours.reserve(more.into()),
            Edit::Shrink => ours.shrink_to_fit(),
            Edit::Clone => ours = ours.clone(),
            Edit::Neighbour(len) => _ = arena.alloc_slice_fill_copy(len.into(), 0xffu8),
        }
        assert!(ours.iter().eq(&model));
        assert!(ours.capacity() >= ours.len());
    }
}

#[derive(Debug)]
enum Program {
    String(Vec<Op>),
    Vector(Vec<Edit>),
}

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if u.arbitrary()? {
            return Ok(Program::Vector(u.arbitrary_iter()?.take(100).collect::<Result<_>>()?));
        }
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < 100 {
            ops.push(op(u)?);
        }
        Ok(Program::String(ops))
    }
}

fuzz_target!(|program: Program| {
    match program {
        Program::String(ops) => strings::check(&ops),
        Program::Vector(edits) => check(edits),
    }
});
