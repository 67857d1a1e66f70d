//! Operations on an arena of the C ABI, against a shadow model.
#![no_main]

#[path = "../../tests/model/c_arena.rs"]
mod model;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use model::{Answer, Deed, Op, Way, Wish, run};

/// Mostly small, now and then more than a block of the cache.
fn size(u: &mut Unstructured<'_>) -> Result<usize> {
    match u.int_in_range(0..=31u8)? {
        0..=15 => u.int_in_range(0..=80),
        16..=24 => u.int_in_range(0..=900),
        25..=29 => u.int_in_range(0..=9_000),
        _ => u.int_in_range(0..=200_000),
    }
}

fn which(u: &mut Unstructured<'_>) -> Result<usize> {
    Ok(usize::from(u.arbitrary::<u8>()?).saturating_sub(160) / 8)
}

fn deed(u: &mut Unstructured<'_>) -> Result<Deed> {
    Ok(match u.int_in_range(0..=9u8)? {
        0..=3 => Deed::Nothing,
        4 | 5 => Deed::Alloc(size(u)?),
        6 | 7 => Deed::Defer(u.arbitrary()?),
        8 => Deed::Reset,
        _ => Deed::Free,
    })
}

fn wish(u: &mut Unstructured<'_>) -> Result<Wish> {
    let mut wish = Wish { limit: if u.arbitrary()? { size(u)? } else { 0 }, ..Wish::default() };
    match u.int_in_range(0..=7u8)? {
        0..=3 => wish.buffer = Some((u.int_in_range(0..=20_000)?, u.int_in_range(0..=63)?, u.arbitrary()?)),
        4 | 5 => wish.reserve = u.int_in_range(0..=300_000)?,
        6 => wish.capacity = u.int_in_range(0..=300_000)?,
        _ => {
            (wish.reserve, wish.capacity) = (size(u)?, size(u)?);
            wish.buffer = if u.arbitrary()? { Some((size(u)?, 0, false)) } else { None };
        }
    }
    Ok(wish)
}

fn op(u: &mut Unstructured<'_>) -> Result<Op> {
    const WAYS: [Way; 8] =
        [Way::Inline, Way::Inline, Way::Twin, Way::Slow, Way::Hook, Way::Sized, Way::SizedZeroed, Way::Calloc];
    const ANSWERS: [Answer; 4] = [Answer::None, Answer::GiveUp, Answer::FailAndGiveUp, Answer::Raise];
    Ok(match u.int_in_range(0..=48u8)? {
        0..=8 => Op::Alloc { way: *u.choose(&WAYS)?, size: size(u)? },
        9 | 10 => Op::Aligned { size: size(u)?, shift: u.int_in_range(0..=13)? },
        11 | 12 => Op::Array {
            n: u.int_in_range(0..=40)?,
            size: u.int_in_range(0..=90)?,
            shift: u.int_in_range(0..=8)?,
            zero: u.arbitrary()?,
        },
        13 => Op::Impossible,
        14..=18 => Op::Realloc { which: which(u)?, size: size(u)?, hook: u.arbitrary()? },
        19..=21 => Op::FreeBlock { which: which(u)?, hook: u.arbitrary()? },
        22 => Op::Memdup(size(u)?),
        23 => {
            let len = u.int_in_range(0..=511)?;
            Op::Strndup { len, most: if u.arbitrary()? { u.int_in_range(0..=511)? } else { usize::MAX } }
        }
        24 => Op::Append(u.int_in_range(0..=511)?),
        25 | 26 => Op::AppendOwn { from: u.int_in_range(0..=4095)?, size: u.int_in_range(0..=4095)? },
        27 => Op::Puts(u.int_in_range(0..=80)?),
        28 => Op::Putc(u.arbitrary()?),
        29 => Op::Reserve(size(u)?),
        30 => Op::Finish,
        31 => Op::DropText,
        32..=34 => Op::Mark,
        35 | 36 => Op::Rewind(which(u)?),
        37 => Op::RewindWrong(which(u)?),
        38 => Op::Reset(match u.arbitrary::<u8>()? {
            0..=99 => usize::MAX,
            100..=150 => 0,
            _ => size(u)?,
        }),
        39..=41 => Op::Defer { node: u.arbitrary()?, deed: deed(u)? },
        42 => Op::Limit(size(u)?),
        43 => Op::Limit(usize::MAX),
        44 => Op::OnOom(*u.choose(&ANSWERS)?),
        45 => Op::Move,
        46 => {
            let sizes = (0..u.int_in_range(0..=6u8)?).map(|_| size(u));
            Op::Adopt(sizes.collect::<Result<_>>()?)
        }
        47 => Op::Free,
        _ => Op::Init(wish(u)?),
    })
}

#[derive(Debug)]
struct Program(Vec<Op>);

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < 150 {
            ops.push(op(u)?);
        }
        Ok(Program(ops))
    }
}

fuzz_target!(|program: Program| run(&program.0));
