//! Operations on a heap of one thread, or of many, over several backings, against a shadow model.
#![no_main]

#[path = "../../tests/support/heap.rs"]
#[allow(dead_code)] // the books are kept for tests that look into them
mod booked;
#[path = "../../tests/model/heap.rs"]
mod model;

use arbitrary::{Arbitrary, Result, Unstructured};
use booked::Plan;
use libfuzzer_sys::fuzz_target;
use model::{Op, run, run_sync};
use region::Arena;
use region::backing::{Backing, Buffer, Mapped, Spill};
use std::mem::MaybeUninit;

/// Mostly of one class or another, now and then a block of its own.
fn size(u: &mut Unstructured<'_>) -> Result<usize> {
    match u.int_in_range(0..=31u8)? {
        0..=13 => u.int_in_range(0..=200),
        14..=23 => u.int_in_range(0..=5_000),
        24..=29 => u.int_in_range(0..=50_000),
        _ => u.int_in_range(0..=400_000),
    }
}

fn shift(u: &mut Unstructured<'_>) -> Result<u32> {
    let byte = u.arbitrary::<u8>()?;
    Ok(u32::from(if byte < 200 { byte % 5 } else { byte % 18 }))
}

fn which(u: &mut Unstructured<'_>) -> Result<usize> {
    u.arbitrary::<u16>().map(usize::from)
}

fn op(u: &mut Unstructured<'_>) -> Result<Op> {
    Ok(match u.int_in_range(0..=31u8)? {
        0..=8 => Op::Alloc { size: size(u)?, shift: shift(u)? },
        9..=11 => Op::Zeroed { size: size(u)?, shift: shift(u)? },
        12..=17 => Op::Free(which(u)?),
        18 | 19 => Op::FreeMany { from: which(u)?, every: usize::from(u.int_in_range(1..=4u8)?) },
        20 | 21 => Op::FreeAgain(which(u)?),
        22 => Op::FreeInside { which: which(u)?, at: which(u)? },
        23..=26 => Op::Realloc { which: which(u)?, size: size(u)?, shift: shift(u)? },
        27 => Op::Trim,
        28 => Op::Clear,
        29 => Op::ClearKeeping(size(u)?),
        30 => Op::Limit(size(u)?),
        _ => Op::NoLimit,
    })
}

#[derive(Debug)]
enum Place {
    Mapped,
    Paranoid,
    Buffer(usize),
    Spill(usize),
    Booked(Plan),
    Arena,
}

#[derive(Debug)]
struct Program {
    place: Place,
    threads: bool,
    ops: Vec<Op>,
}

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let place = match u.int_in_range(0..=7u8)? {
            0 | 1 => Place::Mapped,
            2 => Place::Paranoid,
            3 => Place::Buffer(u.int_in_range(0..=1_000_000)?),
            4 => Place::Spill(u.int_in_range(0..=20_000)?),
            5 => Place::Arena,
            _ => Place::Booked(Plan {
                least: u.int_in_range(0..=200_000)?,
                ready: u.int_in_range(0..=70_000)?,
                step: u.int_in_range(0..=5_000)?,
                skew: u.int_in_range(0..=4095)?,
            }),
        };
        let threads = u.arbitrary()?;
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < 150 {
            ops.push(op(u)?);
        }
        Ok(Program { place, threads, ops })
    }
}

impl Program {
    fn over(&self, backing: impl Backing) {
        if self.threads { run_sync(backing, &self.ops) } else { run(backing, &self.ops) }
    }
}

fuzz_target!(|program: Program| {
    match program.place {
        Place::Mapped => program.over(Mapped::new()),
        Place::Paranoid => program.over(Mapped::new().paranoid()),
        Place::Buffer(bytes) => program.over(Buffer::new(&mut vec![MaybeUninit::new(0xa5); bytes])),
        Place::Spill(bytes) => {
            program.over(Spill::new(Buffer::new(&mut vec![MaybeUninit::new(0xa5); bytes]), Mapped::new()));
        }
        Place::Arena => {
            let arena = Arena::new();
            // An arena is for one thread, and so is a heap in it.
            run(&arena, &program.ops);
        }
        Place::Booked(plan) => {
            let (backing, book) = booked::Heap::new(plan);
            program.over(backing);
            book.check_closed();
        }
    }
});
