//! Operations on typed arenas, with iterators that lie, allocate and panic, against a list of what is in them.
#![no_main]

#[path = "../../tests/model/typed.rs"]
mod model;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use model::{Op, check};
use region::TypedArena;
use region::backing::Buffer;
use std::cell::Cell;
use std::mem::MaybeUninit;

fn op(u: &mut Unstructured<'_>) -> Result<Op> {
    let kind = u.int_in_range(0..=12u8)?;
    let mut count = || u.int_in_range(0..=70usize);
    Ok(match kind {
        0 | 1 => Op::Alloc,
        2 => Op::AllocWith { nested: count()? },
        3..=5 => Op::Extend { count: count()?, hint: count()?, nested: count()? % 4 },
        6 => Op::ExtendPanics { count: count()?, hint: count()?, nested: count()? % 4 },
        7 => Op::AllocPanics,
        8 => Op::Reserve(count()? * 9),
        9 => Op::Clear,
        10 => Op::Shrink,
        11 => Op::ThroughVec { truncate: count()? },
        _ => Op::Change(count()?),
    })
}

#[derive(Debug)]
struct Program {
    /// Bytes of a buffer that the values must make do with; mapped memory if none.
    room: Option<usize>,
    ops: Vec<Op>,
}

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let room = if u.arbitrary()? { Some(u.int_in_range(0..=6_000)?) } else { None };
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < 60 {
            ops.push(op(u)?);
        }
        Ok(Program { room, ops })
    }
}

fuzz_target!(|program: Program| {
    let alive = Cell::new(0);
    match program.room {
        None => check(&alive, TypedArena::new(), &program.ops),
        Some(bytes) => {
            let mut memory = vec![MaybeUninit::uninit(); bytes];
            check(&alive, TypedArena::new_in(Buffer::new(&mut memory)), &program.ops);
        }
    }
});
