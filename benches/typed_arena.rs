//! Arenas of one type: fill, use, drop everything.
//!
//! ```sh
//! cargo bench --bench typed_arena
//! cargo bench --bench typed_arena -- drop     # only the contests whose title has the word
//! ```
//!
//! Warm: what a pass fills fits the second-level cache, and each candidate starts a pass with its memory in
//! place. Ours is cleared after a pass, in the time that is taken; typed-arena has no such thing and is made
//! anew with room for the pass, as is a vector of boxes. bumpalo runs no drops, so it meets only values that
//! have none.

mod support;

use std::cell::Cell;
use support::{Duel, escape};

const PASS: usize = 256 << 10;
const PASSES: usize = 32;
const ROUNDS: usize = 31;

/// A node without a `Drop`.
#[allow(dead_code)] // written, never read
struct Node([u64; 3]);

thread_local!(static DROPS: Cell<u64> = const { Cell::new(0) });

/// A node with one, which does the least that cannot be left out.
struct Counted(u64, #[allow(dead_code)] [u64; 2]);

impl Drop for Counted {
    #[inline]
    fn drop(&mut self) {
        DROPS.set(DROPS.get() + self.0);
    }
}

const NODES: u64 = (PASS / size_of::<Node>()) as u64;
const _: () = assert!(size_of::<Node>() == 24 && size_of::<Counted>() == 24);

/// Defines a candidate's pass: a loop of its own over the numbers, each of which becomes an address.
macro_rules! pass {
    ($name:ident, $arena:ty, |$a:ident, $i:ident| $address:expr) => {
        #[inline(never)]
        fn $name($a: &mut $arena) {
            for $i in 0..NODES {
                escape($address);
            }
        }
    };
}

pass!(ours, region::TypedArena<Node>, |a, i| a.alloc(Node([i, i + 1, i + 2])));
pass!(ours_append, region::AppendVec<Node>, |a, i| a.push(Node([i, i + 1, i + 2])));
pass!(ours_untyped, region::Arena, |a, i| a.alloc(Node([i, i + 1, i + 2])));
pass!(bumpalo, bumpalo::Bump, |a, i| a.alloc(Node([i, i + 1, i + 2])));
pass!(typed, typed_arena::Arena<Node>, |a, i| a.alloc(Node([i, i + 1, i + 2])));
pass!(vec, Vec<Node>, |a, i| {
    a.push(Node([i, i + 1, i + 2]));
    a.last().unwrap()
});

pass!(ours_drop, region::TypedArena<Counted>, |a, i| a.alloc(Counted(i, [i + 1, i + 2])));
pass!(typed_drop, typed_arena::Arena<Counted>, |a, i| a.alloc(Counted(i, [i + 1, i + 2])));
pass!(boxes_drop, Vec<Box<Counted>>, |a, i| {
    a.push(Box::new(Counted(i, [i + 1, i + 2])));
    &**a.last().unwrap()
});

/// An iterator's values side by side: rows of ten.
const ROW: usize = 10;

#[inline(always)]
fn row(i: u64) -> impl ExactSizeIterator<Item = u64> {
    (0..ROW).map(move |j| i + j as u64)
}

pass!(ours_extend, region::TypedArena<u64>, |a, i| a.alloc_extend(row(i)));
pass!(typed_extend, typed_arena::Arena<u64>, |a, i| a.alloc_extend(row(i)));
pass!(bumpalo_extend, bumpalo::Bump, |a, i| a.alloc_slice_fill_iter(row(i)));

fn repeat(mut pass: impl FnMut()) -> impl FnMut() {
    move || (0..PASSES).for_each(|_| pass())
}

fn main() {
    let units = NODES * PASSES as u64;
    let count = NODES as usize;

    let (mut arena, mut append, mut untyped, mut bump) =
        (region::TypedArena::new(), region::AppendVec::new(), region::Arena::new(), bumpalo::Bump::new());
    let mut kept = Vec::new();
    Duel::new("24-byte nodes, warm", units, ROUNDS)
        .add(
            "TypedArena",
            repeat(|| {
                ours(&mut arena);
                arena.clear();
            }),
        )
        .add(
            "AppendVec",
            repeat(|| {
                ours_append(&mut append);
                append.clear();
            }),
        )
        .add(
            "Arena",
            repeat(|| {
                ours_untyped(&mut untyped);
                untyped.reset();
            }),
        )
        .add(
            "bumpalo",
            repeat(|| {
                bumpalo(&mut bump);
                bump.reset();
            }),
        )
        .add("typed-arena", repeat(|| typed(&mut typed_arena::Arena::with_capacity(count))))
        .add(
            "Vec, which moves",
            repeat(|| {
                vec(&mut kept);
                kept.clear();
            }),
        )
        .run();

    let mut arena = region::TypedArena::new();
    let mut kept = Vec::with_capacity(count);
    Duel::new("24-byte nodes with a drop, warm", units, ROUNDS)
        .add(
            "TypedArena",
            repeat(|| {
                ours_drop(&mut arena);
                arena.clear();
            }),
        )
        .add("typed-arena", repeat(|| typed_drop(&mut typed_arena::Arena::with_capacity(count))))
        .add(
            "Box",
            repeat(|| {
                boxes_drop(&mut kept);
                kept.clear();
            }),
        )
        .run();

    let (mut arena, mut bump) = (region::TypedArena::new(), bumpalo::Bump::new());
    Duel::new("rows of ten u64 from an iterator, warm", units, ROUNDS)
        .add(
            "TypedArena",
            repeat(|| {
                ours_extend(&mut arena);
                arena.clear();
            }),
        )
        .add(
            "bumpalo",
            repeat(|| {
                bumpalo_extend(&mut bump);
                bump.reset();
            }),
        )
        .add("typed-arena", repeat(|| typed_extend(&mut typed_arena::Arena::with_capacity(count * ROW))))
        .run();

    /// Nodes of a large arena's life.
    const MANY: u64 = 10_000_000;
    Duel::new("240 MB of 24-byte nodes with a drop in a new process: make, fill, drop", MANY, 7)
        .add_costed("TypedArena", || {
            let life: fn() = || {
                let arena = region::TypedArena::new();
                (0..MANY).for_each(|i| escape(arena.alloc(Counted(i, [i, i]))));
            };
            support::in_child(life);
            support::in_child(life)
        })
        .add_costed("typed-arena", || {
            let life: fn() = || {
                let arena = typed_arena::Arena::new();
                (0..MANY).for_each(|i| escape(arena.alloc(Counted(i, [i, i]))));
            };
            support::in_child(life);
            support::in_child(life)
        })
        .run();
}
