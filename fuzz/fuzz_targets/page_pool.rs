//! Operations on page pools against a list of blocks.
#![no_main]

#[path = "../../tests/model/pages.rs"]
mod model;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use model::{Step, check};

#[derive(Debug)]
struct Program {
    capacity: usize,
    slots: usize,
    steps: Vec<Step>,
}

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (capacity, slots) = (u.int_in_range(1..=200)?, u.int_in_range(0..=16)?);
        let mut steps = Vec::new();
        while !u.is_empty() && steps.len() < 100 {
            steps.push(match u.int_in_range(0..=15u8)? {
                0..=3 => Step::Take,
                4 | 5 => Step::TakeZeroed,
                6 | 7 => Step::TakeMany(u.int_in_range(1..=64)?),
                8 => Step::TakeMany(u.int_in_range(1..=4)?),
                9..=12 => Step::GiveBack(u.arbitrary::<u8>()?.into()),
                13 | 14 => Step::GiveBackRaw(u.arbitrary::<u8>()?.into()),
                _ => Step::Trim(u.int_in_range(0..=40)?),
            });
        }
        Ok(Program { capacity, slots, steps })
    }
}

fuzz_target!(|program: Program| check(&program.steps, program.capacity, program.slots));
