//! The life of a small arena: made, used a little, dropped, against bumpalo and bump-scope. And of scratch memory in
//! one, by claims and scopes, against bump-scope. And of an arena and its root as one value, against a box of both.
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

region::cage! {
    /// For arenas that take their blocks from one reservation.
    struct Cage;
}

life!(ours, region::Arena::new());
life!(ours_caged, <Cage as region::cage::Cage>::arena());
life!(bumpalo, bumpalo::Bump::new());
life!(bump_scope, bump_scope::Bump::<bump_scope::alloc::Global>::new());

/// As the others: blink-alloc calls it something else.
#[inline(never)]
fn blink_alloc(m: usize) {
    let arena = blink_alloc::Blink::new();
    for i in 0..m as u64 {
        black_box(arena.put([i; 3] as Node));
    }
    black_box(&arena);
}

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

/// Scratch memory for `m` nodes, so many times, in an arena with a value in it.
macro_rules! scratch {
    ($name:ident, $make:expr, $arena:ident, $scratch:ident, $run:ident, $begin:expr) => {
        #[inline(never)]
        fn $name(m: usize, times: u64) {
            #[allow(unused_mut)] // scopes need it, claims do not
            let mut $arena = $make;
            black_box($arena.alloc(1u64));
            for _ in 0..times {
                $begin.$run(|$scratch| {
                    for i in 0..m as u64 {
                        black_box($scratch.alloc([i; 3] as Node));
                    }
                });
            }
        }
    };
}

scratch!(our_claim, region::Arena::new(), arena, scratch, claimed, arena);
scratch!(our_scope, region::Arena::new(), arena, scratch, scoped, arena);
scratch!(bump_scope_claim, bump_scope::Bump::<bump_scope::alloc::Global>::new(), arena, scratch, scoped, arena.claim());
scratch!(bump_scope_scope, bump_scope::Bump::<bump_scope::alloc::Global>::new(), arena, scratch, scoped, arena);

region::root! { struct Root = for<'a> &'a Node; }

/// An arena and its root as crates for any owner have them: both in one block of malloc's, and a pointer to it.
struct Boxed<A>(Box<(A, *const Node)>);

impl<A> Boxed<A> {
    #[inline(always)]
    fn new(arena: A, make: impl for<'a> FnOnce(&'a A) -> &'a Node) -> Self {
        let mut boxed = Box::new((arena, std::ptr::null()));
        boxed.1 = make(&boxed.0);
        Boxed(boxed)
    }

    #[inline(always)]
    fn get(&self) -> &Node {
        // SAFETY: the node is in the arena beside it, which nobody changes.
        unsafe { &*self.0.1 }
    }
}

/// One owner's life: made, `m` nodes, the root read through a pointer that the compiler does not know, dropped.
macro_rules! owner {
    ($name:ident, $make:expr) => {
        #[inline(never)]
        fn $name(m: usize) {
            let owner = $make(m);
            black_box(black_box(&owner).get()[0]);
        }
    };
}

/// Builds where the compiler does not know the arena, as a parser does.
macro_rules! nodes {
    ($arena:ident, $m:expr) => {{
        let $arena = black_box($arena);
        for i in 1..$m as u64 {
            black_box($arena.alloc([i; 3] as Node));
        }
        &*$arena.alloc([0; 3])
    }};
}

owner!(our_owner, |m| region::Owned::<Root>::new(|arena| nodes!(arena, m)));
owner!(boxed_arena, |m| Boxed::new(region::Arena::new(), |arena| nodes!(arena, m)));
owner!(boxed_bump, |m| Boxed::new(bumpalo::Bump::new(), |arena| nodes!(arena, m)));

/// `m` nodes and a reset, so many times, in an arena that has a block.
macro_rules! resets {
    ($name:ident, $make:expr) => {
        #[inline(never)]
        fn $name(m: usize, times: u64) {
            let mut arena = $make;
            black_box(arena.alloc(1u64));
            for _ in 0..times {
                for i in 0..m as u64 {
                    black_box(arena.alloc([i; 3] as Node));
                }
                arena.reset();
            }
        }
    };
}

resets!(our_reset, region::Arena::new());
resets!(bumpalo_reset, bumpalo::Bump::new());
resets!(bump_scope_reset, bump_scope::Bump::<bump_scope::alloc::Global>::new());

fn main() {
    for m in [0, 1, 10, 100] {
        let run = move |life: fn(usize)| move || (0..LIVES).for_each(|_| life(black_box(m)));
        Duel::new(format!("an owner of {m} x 24 bytes, made and dropped"), LIVES, 31)
            .add("region::Owned", run(our_owner))
            .add("in a box: region::Arena", run(boxed_arena))
            .add("in a box: bumpalo", run(boxed_bump))
            .run();
    }
    for m in [0, 1, 10, 100] {
        let run = move |work: fn(usize, u64)| move || work(black_box(m), LIVES);
        Duel::new(format!("scratch memory for {m} x 24 bytes while the arena is borrowed"), LIVES, 31)
            .add("region: claim", run(our_claim))
            .add("bump-scope: claim", run(bump_scope_claim))
            .run();
        Duel::new(format!("a scope of {m} x 24 bytes"), LIVES, 31)
            .add("region: scope", run(our_scope))
            .add("bump-scope: scope", run(bump_scope_scope))
            .run();
        Duel::new(format!("{m} x 24 bytes and a reset"), LIVES, 31)
            .add("region: reset", run(our_reset))
            .add("bumpalo: reset", run(bumpalo_reset))
            .add("bump-scope: reset", run(bump_scope_reset))
            .run();
    }
    for m in [0, 1, 2, 3, 5, 10, 20, 50, 500, 2_000] {
        let lives = (1_000_000 / m.max(1) as u64).clamp(500, LIVES);
        let run = move |life: fn(usize)| move || (0..lives).for_each(|_| life(black_box(m)));
        Duel::new(format!("new + {m} x 24 bytes + drop"), lives, 31)
            .add("region::Arena", run(ours))
            .add("region: in a cage", run(ours_caged))
            .add("bumpalo", run(bumpalo))
            .add("bump-scope", run(bump_scope))
            .add("blink-alloc", run(blink_alloc))
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
