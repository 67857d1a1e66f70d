//! The files of docs/moving.md: each pair, before and after, gives the same for the same input.
#![cfg(all(feature = "collections", unix, not(miri), not(loom)))]

use proptest::prelude::*;

macro_rules! pairs {
    ($($before:ident, $after:ident, $file_before:literal, $file_after:literal;)*) => { $(
        #[path = $file_before]
        mod $before;
        #[path = $file_after]
        mod $after;

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(64))]
            #[test]
            fn $after(lines in proptest::collection::vec("[a-cA-C ]{0,3}[=() ][a-z ()=]{0,6}", 0..20)) {
                let text = lines.join("\n");
                prop_assert_eq!(self::$before::run(&text), self::$after::run(&text));
            }
        }
    )* };
}

pairs! {
    std_before, std_after, "moving/std_before.rs", "moving/std_after.rs";
    bumpalo_before, bumpalo_after, "moving/bumpalo_before.rs", "moving/bumpalo_after.rs";
    typed_arena_before, typed_arena_after, "moving/typed_arena_before.rs", "moving/typed_arena_after.rs";
}

#[test]
fn a_pair_shows_what_it_reads() {
    assert_eq!(std_after::run("a=1\nb = 2\na= 3\n"), "a: 1, 3\nb: 2\n");
    assert_eq!(bumpalo_after::run("(a (b) c) d"), "3 3 again");
    assert_eq!(typed_arena_after::run("x y"), "xyxy2");
}
