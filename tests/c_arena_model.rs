//! Any row of operations on an arena of the C ABI, against the shadow model of `model/c_arena.rs`.

#![cfg(all(feature = "capi", unix))]

#[path = "model/c_arena.rs"]
mod model;

use model::{Answer, Deed, Op, Way, Wish, run};
use proptest::prelude::*;

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![12 => 0..80usize, 6 => 40..900usize, 2 => 900..9_000usize, 1 => 60_000..200_000usize]
}

fn way() -> impl Strategy<Value = Way> {
    const WAYS: [Way; 8] =
        [Way::Inline, Way::Inline, Way::Twin, Way::Slow, Way::Hook, Way::Sized, Way::SizedZeroed, Way::Calloc];
    prop::sample::select(&WAYS[..])
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => Just(Deed::Nothing),
        2 => size().prop_map(Deed::Alloc),
        2 => any::<bool>().prop_map(Deed::Defer),
        1 => Just(Deed::Reset),
        1 => Just(Deed::Free),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    let limit = || prop_oneof![2 => Just(0usize), 1 => 0..20_000usize];
    let buffer = (prop_oneof![0..64usize, 64..20_000usize], 0..40usize, any::<bool>()).prop_map(Some);
    prop_oneof![
        2 => (limit(), buffer).prop_map(|(limit, buffer)| Wish { limit, buffer, ..Wish::default() }),
        1 => (limit(), 1..300_000usize).prop_map(|(limit, reserve)| Wish { limit, reserve, ..Wish::default() }),
        1 => (limit(), 0..300_000usize).prop_map(|(limit, capacity)| Wish { limit, capacity, ..Wish::default() }),
        1 => (1..100_000usize, 1..100_000usize)
            .prop_map(|(reserve, capacity)| Wish { reserve, capacity, ..Wish::default() }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let which = || prop_oneof![3 => Just(0usize), 2 => 0..8usize];
    let answer =
        prop_oneof![Just(Answer::None), Just(Answer::GiveUp), Just(Answer::FailAndGiveUp), Just(Answer::Raise)];
    prop_oneof![
        12 => (way(), size()).prop_map(|(way, size)| Op::Alloc { way, size }),
        3 => (size(), 0..14u32).prop_map(|(size, shift)| Op::Aligned { size, shift }),
        4 => (0..20usize, 0..90usize, 0..8u32, any::<bool>())
            .prop_map(|(n, size, shift, zero)| Op::Array { n, size, shift, zero }),
        1 => Just(Op::Impossible),
        8 => (which(), size(), any::<bool>()).prop_map(|(which, size, hook)| Op::Realloc { which, size, hook }),
        // To another range, where there is one.
        2 => (60_000..90_000usize).prop_map(|size| Op::Realloc { which: 0, size, hook: false }),
        4 => (which(), any::<bool>()).prop_map(|(which, hook)| Op::FreeBlock { which, hook }),
        2 => size().prop_map(Op::Memdup),
        2 => (0..500usize, prop_oneof![Just(usize::MAX), 0..500usize]).prop_map(|(len, most)| Op::Strndup { len, most }),
        3 => (0..300usize).prop_map(Op::Append),
        3 => (0..600usize, 0..600usize).prop_map(|(from, size)| Op::AppendOwn { from, size }),
        2 => (0..80usize).prop_map(Op::Puts),
        2 => any::<u8>().prop_map(Op::Putc),
        2 => size().prop_map(Op::Reserve),
        2 => Just(Op::Finish),
        1 => Just(Op::DropText),
        5 => Just(Op::Mark),
        6 => which().prop_map(Op::Rewind),
        2 => (0..6usize).prop_map(Op::RewindWrong),
        1 => prop_oneof![Just(0usize), Just(usize::MAX), 0..300_000usize].prop_map(Op::Reset),
        4 => (any::<bool>(), deed()).prop_map(|(node, deed)| Op::Defer { node, deed }),
        2 => prop::collection::vec(size(), 0..6).prop_map(Op::Adopt),
        1 => (0..20_000usize).prop_map(Op::Limit),
        1 => Just(Op::Limit(usize::MAX)),
        1 => answer.prop_map(Op::OnOom),
        1 => Just(Op::Move),
        1 => Just(Op::Free),
        1 => wish().prop_map(Op::Init),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn any_operations_keep_every_block_and_every_promise(ops in prop::collection::vec(op(), 1..100)) {
        run(&ops);
    }

    #[test]
    fn any_operations_from_any_beginning_do(wish in wish(), ops in prop::collection::vec(op(), 1..60)) {
        run(&[vec![Op::Init(wish)], ops].concat());
    }
}

/// A buffer with room for one block of 16 bytes: the text has what is needed there, and not a first room of its own.
#[test]
fn a_text_that_grew_within_its_rounding_is_not_lost_by_a_rewind() {
    let wish = Wish { buffer: Some((31, 0, true)), ..Wish::default() };
    run(&[Op::Init(wish), Op::Puts(0), Op::Mark, Op::Putc(0), Op::Rewind(0), Op::Putc(0), Op::Finish]);
}
