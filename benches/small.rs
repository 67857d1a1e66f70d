//! The life of a small arena: made, used a little, dropped, against bumpalo and bump-scope.
//!
//! Run with `cargo bench --bench small`. The block cache is what is measured here: m × 24 bytes, and 1 MiB.

#[path = "support/mod.rs"]
mod support;

use std::hint::black_box;
use support::Duel;

/// What a compiler's tree is made of.
type Node = [u64; 3];

/// Lives a run: enough for the clock, few enough for many rounds.
const LIVES: u64 = 20_000;

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

fn main() {
    for m in [1, 10, 50, 500, 2_000] {
        let lives = LIVES.max(1_000_000 / m as u64 / 10).min(1_000_000 / m as u64 + 2_000);
        let run = move |life: fn(usize)| move || (0..lives).for_each(|_| life(black_box(m)));
        Duel::new(format!("new + {m} x 24 bytes + drop"), lives, 31)
            .add("region::Arena", run(ours))
            .add("bumpalo", run(bumpalo))
            .add("bump-scope", run(bump_scope))
            .run();
    }
    let megabyte = 1_048_576 / 24;
    Duel::new("new + 1 MiB of 24 bytes + drop", 100, 31)
        .add("region::Arena", || (0..100).for_each(|_| ours(black_box(megabyte))))
        .add("bumpalo", || (0..100).for_each(|_| bumpalo(black_box(megabyte))))
        .add("bump-scope", || (0..100).for_each(|_| bump_scope(black_box(megabyte))))
        .run();
}
