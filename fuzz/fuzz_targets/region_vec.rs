//! Operations on region vectors against std's vector.
#![no_main]

#[path = "../../tests/support/heap.rs"]
#[allow(dead_code)] // the books are kept for tests that look into them
mod heap;
#[path = "../../tests/model/vector.rs"]
mod model;

use arbitrary::{Arbitrary, Result, Unstructured};
use heap::{Heap, Plan};
use libfuzzer_sys::fuzz_target;
use model::{Op, check};
use region::RegionVec;

/// Most operations of a program, and the most values that one adds.
const MOST_OPS: usize = 60;
const MOST_VALUES: usize = 300;

fn op(u: &mut Unstructured<'_>) -> Result<Op> {
    let kind = u.int_in_range(0..=19u8)?;
    let mut number = || u.int_in_range(0..=MOST_VALUES);
    Ok(match kind {
        0 => Op::Push,
        1 => Op::Pop,
        2 => Op::Insert(number()?),
        3 => Op::Remove(number()?),
        4 => Op::SwapRemove(number()?),
        5 => Op::Truncate(number()?),
        6 => Op::Clear,
        7 => Op::Extend(number()?),
        8 => Op::ExtendFromSlice(number()?),
        9 => Op::Append(number()?),
        10 => Op::Retain(number()? % 5 + 1),
        11 => Op::Dedup(number()? % 5 + 1),
        12 => Op::Drain(number()?, number()?, number()?),
        13 => Op::Resize(number()?),
        14 => Op::Reserve(number()?),
        15 => Op::Shrink,
        16 => Op::Sort,
        17 => Op::Splice(number()?, number()?, number()? / 2, number()? % 2 == 0),
        18 => Op::ExtendFromWithin(number()?, number()?),
        _ => Op::ExtractIf(number()?, number()?, number()? % 5 + 1, number()?),
    })
}

#[derive(Debug)]
struct Program {
    plan: Option<Plan>,
    ops: Vec<Op>,
}

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        // More than the operations can fill.
        let least = MOST_OPS * MOST_VALUES * 8 + 4096;
        let plan = u.arbitrary::<bool>()?.then(|| -> Result<Plan> {
            let (ready, step, skew) = (u.int_in_range(0..=64)?, u.int_in_range(0..=64)?, u.int_in_range(0..=4095)?);
            Ok(Plan { least, ready, step, skew })
        });
        let plan = plan.transpose()?;
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < MOST_OPS {
            ops.push(op(u)?);
        }
        Ok(Program { plan, ops })
    }
}

fuzz_target!(|program: Program| {
    match program.plan {
        None => check(RegionVec::new(), &program.ops),
        Some(plan) => {
            let (heap, book) = Heap::new(plan);
            check(RegionVec::try_with_reservation_in(MOST_OPS * MOST_VALUES, heap).unwrap(), &program.ops);
            book.check_closed();
        }
    }
});
