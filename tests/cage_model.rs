//! Any row of operations on the arenas of a cage, against the shadow model of `model/cage.rs`.
#![cfg(all(feature = "os", unix, not(any(miri, loom))))]

#[path = "model/cage.rs"]
mod model;

use model::{Step, check};
use proptest::prelude::*;

fn step() -> impl Strategy<Value = Step> {
    let which = any::<usize>;
    let size = || prop_oneof![4 => 0..300usize, 3 => 0..20_000usize, 2 => 0..200_000usize, 1 => 0..3_000_000usize];
    prop_oneof![
        4 => Just(Step::Begin),
        6 => (which(), any::<u8>()).prop_map(|(which, seed)| Step::Put(which, seed)),
        4 => (which(), size()).prop_map(|(which, len)| Step::Zeroed(which, len)),
        3 => (which(), size()).prop_map(|(which, len)| Step::List(which, len / 16)),
        3 => (which(), which(), size()).prop_map(|(which, other, len)| Step::Push(which, other, len / 16)),
        1 => (which(), size()).prop_map(|(which, bytes)| Step::Limit(which, bytes)),
        1 => which().prop_map(Step::Reset),
        1 => (which(), size()).prop_map(|(which, bytes)| Step::ResetKeeping(which, bytes)),
        2 => which().prop_map(Step::End),
        1 => Just(Step::Trim),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_operations_keep_every_value_and_give_all_of_the_cage_back(steps in prop::collection::vec(step(), 1..100)) {
        check(&steps);
    }
}
