//! Operations on arenas of several alignments over several backings, against a shadow model.
#![no_main]

#[path = "../../tests/support/heap.rs"]
#[allow(dead_code)] // the books are kept for tests that look into them
mod heap;
#[path = "../../tests/model/arena.rs"]
mod model;

use arbitrary::{Arbitrary, Result, Unstructured};
use heap::{Heap, Plan};
use libfuzzer_sys::fuzz_target;
use model::{Op, run};
use region::backing::{Backing, Buffer, Mapped, Spill};
use std::mem::MaybeUninit;

/// Mostly small, now and then more than a block of the cache.
fn size(u: &mut Unstructured<'_>) -> Result<usize> {
    match u.int_in_range(0..=31u8)? {
        0..=15 => u.int_in_range(0..=64),
        16..=24 => u.int_in_range(0..=600),
        25..=29 => u.int_in_range(0..=9_000),
        _ => u.int_in_range(0..=200_000),
    }
}

fn which(u: &mut Unstructured<'_>) -> Result<usize> {
    Ok(usize::from(u.arbitrary::<u8>()?).saturating_sub(192) / 8)
}

fn shift(u: &mut Unstructured<'_>) -> Result<u32> {
    let byte = u.arbitrary::<u8>()?;
    Ok(u32::from(if byte < 200 { byte % 6 } else { byte % 14 }))
}

fn sizes(u: &mut Unstructured<'_>) -> Result<Vec<usize>> {
    (0..u.int_in_range(0..=4u8)?).map(|_| size(u)).collect()
}

fn op(u: &mut Unstructured<'_>) -> Result<Op> {
    Ok(match u.int_in_range(0..=32u8)? {
        0..=3 => Op::Layout { size: size(u)?, shift: shift(u)? },
        4..=6 => Op::Zeroed { size: size(u)?, shift: shift(u)? },
        7 | 8 => Op::Values(u.arbitrary()?),
        9 => Op::SliceCopy(size(u)?),
        10 => Op::SliceZeroed(size(u)?),
        11 => Op::Str(size(u)?),
        12 => Op::Fmt((0..5).map(|_| u.int_in_range(0..=70)).collect::<Result<_>>()?),
        13 => Op::Iter {
            count: u.int_in_range(0..=120)?,
            hint: u.int_in_range(-50..=200)?,
            nested: u.int_in_range(0..=9)?,
        },
        14 => Op::FillWith { count: u.int_in_range(0..=60)?, nested: u.int_in_range(0..=9)? },
        15 => Op::Fails { shift: u.int_in_range(0..=6)?, nested: size(u)? },
        16 => Op::Fails { shift: u.int_in_range(0..=6)?, nested: 0 },
        17..=19 => Op::Grow { which: which(u)?, more: size(u)?, shift: shift(u)? },
        20 | 21 => Op::GrowZeroed { which: which(u)?, more: size(u)?, shift: shift(u)? },
        22 | 23 => Op::Shrink { which: which(u)?, size: size(u)?, shift: shift(u)? },
        24 => Op::Free(which(u)?),
        25 => Op::Scope(sizes(u)?),
        26 => Op::Mark,
        27 => Op::Claim(sizes(u)?),
        28 | 29 => Op::Rewind(which(u)?),
        30 => Op::Reset,
        31 => Op::ResetKeeping(if u.arbitrary()? { size(u)? } else { usize::MAX }),
        _ => match u.arbitrary()? {
            true => Op::Limit(size(u)?),
            false => Op::NoLimit,
        },
    })
}

#[derive(Debug)]
enum Place {
    Mapped,
    Paranoid,
    Exactly(usize),
    Buffer(usize),
    Spill(usize),
    Heap(Plan),
}

#[derive(Debug)]
struct Program {
    place: Place,
    min_align: u8,
    ops: Vec<Op>,
}

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let place = match u.int_in_range(0..=7u8)? {
            0 | 1 => Place::Mapped,
            2 => Place::Paranoid,
            3 => Place::Exactly(u.int_in_range(0..=40_000)?),
            4 => Place::Buffer(u.int_in_range(0..=20_000)?),
            5 => Place::Spill(u.int_in_range(0..=3_000)?),
            _ => Place::Heap(Plan {
                least: u.int_in_range(0..=400)?,
                ready: u.int_in_range(0..=300)?,
                step: u.int_in_range(0..=100)?,
                skew: u.int_in_range(0..=4095)?,
            }),
        };
        let min_align = *u.choose(&[1, 8, 64])?;
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < 150 {
            ops.push(op(u)?);
        }
        Ok(Program { place, min_align, ops })
    }
}

impl Program {
    fn over(&self, backing: impl Backing) {
        match self.min_align {
            1 => run::<1, _>(backing, &self.ops),
            8 => run::<8, _>(backing, &self.ops),
            _ => run::<64, _>(backing, &self.ops),
        }
    }
}

fuzz_target!(|program: Program| {
    match program.place {
        Place::Mapped => program.over(Mapped::new()),
        Place::Paranoid => program.over(Mapped::new().paranoid()),
        Place::Exactly(bytes) => program.over(Mapped::exactly(bytes)),
        Place::Buffer(bytes) => program.over(Buffer::new(&mut vec![MaybeUninit::new(0xa5); bytes])),
        Place::Spill(bytes) => {
            program.over(Spill::new(Buffer::new(&mut vec![MaybeUninit::new(0xa5); bytes]), Mapped::new()));
        }
        Place::Heap(plan) => {
            let (heap, book) = Heap::new(plan);
            program.over(heap);
            book.check_closed();
        }
    }
});
