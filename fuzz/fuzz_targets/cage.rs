//! Operations on the arenas of a cage, against a list of what the links into it lead to.
#![no_main]

#[path = "../../tests/model/cage.rs"]
mod model;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use model::{Step, check};

fn step(u: &mut Unstructured<'_>) -> Result<Step> {
    let kind = u.int_in_range(0..=15u8)?;
    let mut which = || u.arbitrary::<u8>().map(usize::from);
    let (first, second) = (which()?, which()?);
    // Sizes of any order of magnitude.
    let size = u.int_in_range(0..=255usize)? << u.int_in_range(0..=14u32)?;
    Ok(match kind {
        0 | 1 => Step::Begin,
        2..=4 => Step::Put(first, second as u8),
        5 | 6 => Step::Zeroed(first, size),
        7 | 8 => Step::List(first, size / 16),
        9 | 10 => Step::Push(first, second, size / 16),
        11 => Step::Limit(first, size),
        12 => Step::Reset(first),
        13 => Step::ResetKeeping(first, size),
        14 => Step::End(first),
        _ => Step::Trim,
    })
}

#[derive(Debug)]
struct Program(Vec<Step>);

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut steps = Vec::new();
        while !u.is_empty() && steps.len() < 100 {
            steps.push(step(u)?);
        }
        Ok(Program(steps))
    }
}

fuzz_target!(|program: Program| check(&program.0));
