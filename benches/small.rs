//! The life of a small arena: made, used a little, dropped, against bumpalo and bump-scope.
//!
//! Run with `cargo bench --bench small`. The block cache is what is measured here: m × 24 bytes, and 1 MiB.

#[path = "support/mod.rs"]
mod support;

use std::hint::black_box;
use support::Duel;

/// What a compiler's tree is made of.
type Node = [u64; 3];

/// Most lives a run: enough for the clock, few enough for many rounds.
const LIVES: u64 = 100_000;

/// One candidate's life: made, `m` nodes, dropped.
macro_rules! life {
    ($name:ident, $make:expr) => {
        #[inline(never)]
        fn $name(m: usize) {
            let arena = $make;
            for i in 0..m as u64 {
                black_box(arena.alloc([i; 3] as Node));
            }
            black_box(&arena);
        }
    };
}

life!(ours, region::Arena::new());
life!(bumpalo, bumpalo::Bump::new());
life!(bump_scope, bump_scope::Bump::<bump_scope::alloc::Global>::new());

/// A life in which each node is a link of a list: one word of it is the node before.
macro_rules! list {
    ($name:ident, $make:expr $(, $reference:path)?) => {
        #[inline(never)]
        fn $name(m: usize) {
            struct Link<'a>(Option<&'a Link<'a>>, #[allow(dead_code)] [u64; 2]);
            let arena = $make;
            let mut last: Option<&Link<'_>> = None;
            for i in 0..m as u64 {
                last = Some($($reference)?(arena.alloc(Link(last, [i; 2]))));
            }
            black_box(last.map(|link| link.0.is_some()));
        }
    };
}

list!(our_list, region::Arena::new());
list!(bumpalo_list, bumpalo::Bump::new());
list!(bump_scope_list, bump_scope::Bump::<bump_scope::alloc::Global>::new(), bump_scope::BumpBox::leak);

fn main() {
    for m in [1, 10, 50, 500, 2_000] {
        let lives = (1_000_000 / m as u64).clamp(500, LIVES);
        let run = move |life: fn(usize)| move || (0..lives).for_each(|_| life(black_box(m)));
        Duel::new(format!("new + {m} x 24 bytes + drop"), lives, 31)
            .add("region::Arena", run(ours))
            .add("bumpalo", run(bumpalo))
            .add("bump-scope", run(bump_scope))
            .run();
    }
    for m in [10, 50] {
        let lives = 1_000_000 / m as u64;
        let run = move |life: fn(usize)| move || (0..lives).for_each(|_| life(black_box(m)));
        Duel::new(format!("new + a list of {m} x 24 bytes + drop"), lives, 31)
            .add("region::Arena", run(our_list))
            .add("bumpalo", run(bumpalo_list))
            .add("bump-scope", run(bump_scope_list))
            .run();
    }
    let megabyte = 1_048_576 / 24;
    Duel::new("new + 1 MiB of 24 bytes + drop", 100, 31)
        .add("region::Arena", || (0..100).for_each(|_| ours(black_box(megabyte))))
        .add("bumpalo", || (0..100).for_each(|_| bumpalo(black_box(megabyte))))
        .add("bump-scope", || (0..100).for_each(|_| bump_scope(black_box(megabyte))))
        .run();
}
