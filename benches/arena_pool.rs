//! An arena for a moment: got from a pool, a few values, given back; alone and on two threads.
//!
//! ```sh
//! cargo bench --bench arena_pool
//! ```
//!
//! Peers: bumpalo-herd, which keeps its arenas in a locked list and gives values the herd's life; a list of
//! `Bump`s under a lock, what one writes by hand; and no pool at all, an arena made and dropped, of which
//! `region` keeps the blocks itself. Both sides do 10 values of 24 bytes, so what is measured is the lending.
//! A member's values stay, so each run of those begins with a new pool or herd, in the time that is taken.

mod support;

use std::hint::black_box;
use std::sync::{Barrier, Mutex};
use std::time::Instant;
use support::{Cost, Duel, escape, minor_faults};

/// What a compiler's tree is made of.
type Node = [u64; 3];

const NODES: u64 = 10;
const LIVES: usize = 100_000;
/// Members' values stay: so many lives make 24 MB.
const STAYING: usize = 100_000;
const ROUNDS: usize = 21;

/// Allocates the nodes of one life.
macro_rules! nodes {
    ($arena:expr) => {
        for i in 0..NODES {
            escape::<Node>($arena.alloc([i; 3]));
        }
    };
}

#[inline(never)]
fn ours(pool: &region::ArenaPool) {
    let arena = pool.get();
    nodes!(arena);
}

#[inline(never)]
fn our_member(pool: &region::ArenaPool) {
    let member = pool.member();
    nodes!(member);
}

#[inline(never)]
fn herd(herd: &bumpalo_herd::Herd) {
    let member = herd.get();
    nodes!(member);
}

#[inline(never)]
fn locked(bumps: &Mutex<Vec<bumpalo::Bump>>) {
    let mut bump = bumps.lock().unwrap().pop().unwrap_or_default();
    nodes!(bump);
    bump.reset();
    bumps.lock().unwrap().push(bump);
}

#[inline(never)]
fn no_pool() {
    let arena = region::Arena::new();
    nodes!(arena);
}

#[inline(never)]
fn no_pool_bumpalo() {
    let arena = bumpalo::Bump::new();
    nodes!(arena);
}

/// The time of `lives` lives on each of `threads` threads that start together.
fn together(threads: usize, lives: usize, life: impl Fn() + Sync) -> Cost {
    let start = Barrier::new(threads);
    let faults = minor_faults();
    let times = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    // A first life finds what the thread keeps, and is not timed.
                    life();
                    start.wait();
                    let begin = Instant::now();
                    (0..lives).for_each(|_| life());
                    (begin, Instant::now())
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
    });
    let begin = times.iter().map(|time| time.0).min().unwrap();
    let end = times.iter().map(|time| time.1).max().unwrap();
    Cost { time: end - begin, faults: minor_faults() - faults }
}

fn main() {
    let pool = region::ArenaPool::new();
    let bumps = Mutex::new(Vec::new());
    for threads in [1, 2] {
        let lives = (threads * LIVES) as u64;
        Duel::new(format!("get + {NODES} nodes + give back, {threads} threads"), lives, ROUNDS)
            .add_costed("ArenaPool::get", || together(threads, LIVES, || ours(black_box(&pool))))
            .add_costed("Mutex<Vec<Bump>>", || together(threads, LIVES, || locked(black_box(&bumps))))
            .add_costed("region::Arena, no pool", || together(threads, LIVES, no_pool))
            .add_costed("bumpalo, no pool", || together(threads, LIVES, no_pool_bumpalo))
            .run();
    }
    for threads in [1, 2] {
        let lives = (threads * STAYING) as u64;
        Duel::new(format!("member + {NODES} nodes that stay, {threads} threads"), lives, ROUNDS)
            .add_costed("ArenaPool::member", || {
                let pool = region::ArenaPool::new();
                together(threads, STAYING, || our_member(black_box(&pool)))
            })
            .add_costed("bumpalo-herd", || {
                let all = bumpalo_herd::Herd::new();
                together(threads, STAYING, || herd(black_box(&all)))
            })
            .run();
    }
}
