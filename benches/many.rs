//! A life while many others are alive: arenas against bumpalo, typed buffers against typed-arena and `Vec`, pools
//! against themselves with nothing out.
//!
//! ```sh
//! cargo bench --bench many
//! cargo bench --bench many -- typed 7         # only the rows that have the word; 7 rounds
//! ```
//!
//! Benches of one arena alone do not show what programs do. A life makes a thing, fills it and drops it. What stays
//! alive is as large as the life, and both candidates hold as many. Each cell runs in three processes, which measure
//! both candidates in turn. Cells of pools run in seven, which measure a life before and after the others are taken.
//! Lives of 100 KB and more, and batches, run in both states of malloc, fresh and warm (benches/support/cells.rs).
//! Cells of large arenas hold both candidates' in full: up to 4 GiB of RAM, or they are skipped.

mod support;

use std::hint::black_box;
use support::cells::{
    Asked, LEVEL, Table, alternate, answer, child, in_own_process, lacks, life, median, resident, warm_malloc,
};
use support::escape;

/// What a compiler's tree is made of.
type Node = [u64; 3];

const ROUNDS: usize = 21;
/// Nodes of a small life.
const SMALL: u64 = 10;

/// Defines a candidate: `fn name(count)` that makes it and fills it.
macro_rules! filled {
    ($name:ident, $type:ty, |$values:ident, $node:ident| $address:expr) => {
        #[inline(always)]
        fn $name(count: u64) -> $type {
            #[allow(unused_mut)] // vectors need it, arenas do not
            let mut $values = <$type>::new();
            for i in 0..count {
                let $node: Node = [i; 3];
                escape::<Node>($address);
            }
            $values
        }
    };
}

filled!(arena, region::Arena, |arena, node| arena.alloc(node));
filled!(bumpalo, bumpalo::Bump, |arena, node| arena.alloc(node));
filled!(typed, region::TypedArena<Node>, |arena, node| arena.alloc(node));
filled!(append, region::AppendVec<Node>, |values, node| values.push(node));
filled!(typed_arena, typed_arena::Arena<Node>, |arena, node| arena.alloc(node));
filled!(region_vec, region::RegionVec<Node>, |values, node| {
    values.push(node);
    values.as_ptr()
});
filled!(std_vec, Vec<Node>, |values, node| {
    values.push(node);
    values.as_ptr()
});

/// A row of the table.
struct Cell {
    name: String,
    peer: &'static str,
    /// The least ratio that will do.
    bar: f64,
    /// RAM that it needs.
    needs: usize,
    processes: usize,
    /// Whether malloc is brought to its warm state first.
    warm: bool,
    /// Gives our nanoseconds and the peer's, for a number of rounds.
    run: Box<dyn Fn(usize) -> [f64; 2]>,
}

/// Lives of `count` nodes each, while `alive` others of ours and as many of the peer's live.
fn alive<A: 'static, B: 'static>(
    what: String,
    peer: &'static str,
    alive: usize,
    count: u64,
    our_make: impl Fn(u64) -> A + Copy + 'static,
    peer_make: impl Fn(u64) -> B + Copy + 'static,
) -> Cell {
    let run = move |rounds| {
        let ours_alive: Vec<A> = (0..alive).map(|_| our_make(black_box(count))).collect();
        let peers_alive: Vec<B> = (0..alive).map(|_| peer_make(black_box(count))).collect();
        let mut ours = |lives| (0..lives).for_each(|_| life(our_make, count));
        let mut peers = |lives| (0..lives).for_each(|_| life(peer_make, count));
        let times = alternate(rounds, &mut [&mut ours, &mut peers]);
        black_box((&ours_alive, &peers_alive));
        // The process ends soon, and the system is faster.
        std::mem::forget((ours_alive, peers_alive));
        [times[0], times[1]]
    };
    let needs = alive * (4 * count as usize * size_of::<Node>() + (8 << 10));
    let name = format!("{what}, {alive} alive");
    Cell { name, peer, bar: LEVEL, needs, processes: 3, warm: false, run: Box::new(run) }
}

/// So many arenas made, then dropped; the time of one.
fn batch(arenas: usize) -> Cell {
    /// One batch, in a vector that has room for it.
    #[inline(never)]
    fn one<A>(make: impl Fn(u64) -> A, batch: &mut Vec<A>, arenas: usize) {
        for _ in 0..arenas {
            batch.push(make(black_box(SMALL)));
        }
        escape(batch.as_ptr());
        batch.clear();
    }
    let run = move |rounds| {
        let (mut our_batch, mut peers_batch) = (Vec::with_capacity(arenas), Vec::with_capacity(arenas));
        let mut ours = |batches| (0..batches).for_each(|_| one(arena, &mut our_batch, arenas));
        let mut peers = |batches| (0..batches).for_each(|_| one(bumpalo, &mut peers_batch, arenas));
        let times = alternate(rounds, &mut [&mut ours, &mut peers]);
        [times[0] / arenas as f64, times[1] / arenas as f64]
    };
    let (name, needs) = (format!("batch of {arenas} small arenas, each"), arenas * (16 << 10));
    Cell { name, peer: "bumpalo", bar: LEVEL, needs, processes: 3, warm: false, run: Box::new(run) }
}

/// A life that is measured, then measured again while `out` others are out.
fn out<P: 'static, H>(
    what: &str,
    out: usize,
    make: fn() -> P,
    take: impl Fn(&'static P) -> H + Copy + 'static,
) -> Cell {
    let run = move |rounds| {
        let pool: &'static P = Box::leak(Box::new(make()));
        let mut life = |lives| (0..lives).for_each(|_| drop(black_box(take(pool))));
        let none = alternate(rounds, &mut [&mut life])[0];
        let held: Vec<H> = (0..out).map(|_| take(pool)).collect();
        let some = alternate(rounds, &mut [&mut life])[0];
        black_box(&held);
        std::mem::forget(held);
        [some, none]
    };
    let (name, needs) = (format!("{what}, {out} out"), out * (8 << 10));
    Cell { name, peer: "none out", bar: 1.0 / 1.5, needs, processes: 7, warm: false, run: Box::new(run) }
}

/// An arena of a pool with a small life's nodes.
#[inline(always)]
fn pooled(pool: &'static region::ArenaPool) -> region::arena::PooledArena<'static> {
    let arena = pool.get();
    for i in 0..black_box(SMALL) {
        escape::<Node>(arena.alloc([i; 3]));
    }
    arena
}

/// A page, untouched: of 100,000 the RAM would be 6.4 GB.
#[inline(always)]
fn page(pool: &'static region::PagePool) -> region::pool::Page<'static> {
    pool.take().expect("the pool has room")
}

/// A pool that lends, against arenas without a pool.
fn pool_alone() -> Cell {
    let run = |rounds| {
        let pool: &'static region::ArenaPool = Box::leak(Box::default());
        let mut ours = |lives| (0..lives).for_each(|_| life(|_| pooled(pool), SMALL));
        let mut peers = |lives| (0..lives).for_each(|_| life(bumpalo, SMALL));
        let times = alternate(rounds, &mut [&mut ours, &mut peers]);
        [times[0], times[1]]
    };
    let name = format!("ArenaPool::get + {SMALL} nodes");
    Cell { name, peer: "bumpalo", bar: LEVEL, needs: 0, processes: 3, warm: false, run: Box::new(run) }
}

/// The same in the other state of malloc.
fn with_warm_malloc(cell: Cell) -> Cell {
    Cell { name: format!("{}, warm", cell.name), warm: true, ..cell }
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for n in [0, 8, 16, 17, 64, 1_000, 100_000] {
        cells.push(alive(format!("arena of {SMALL} nodes (small)"), "bumpalo", n, SMALL, arena, bumpalo));
    }
    for (size, bytes) in [("100 KB", 100_000), ("1 MB", 1_000_000)] {
        for n in [0, 8, 16, 17, 64, 1_000] {
            let nodes = bytes / size_of::<Node>() as u64;
            let cell = || alive(format!("arena of {size} (large)"), "bumpalo", n, nodes, arena, bumpalo);
            cells.extend([cell(), with_warm_malloc(cell())]);
        }
    }
    for n in [8, 16, 64, 256, 1_000, 10_000] {
        cells.extend([batch(n), with_warm_malloc(batch(n))]);
    }
    for count in [10, 1_000] {
        for n in [0, 4, 64, 10_000] {
            // One that is alone and small may take a little longer.
            let bar = if n == 0 && count == 10 { 0.8 } else { LEVEL };
            let what = format!("TypedArena of {count} (typed)");
            cells.push(Cell { bar, ..alive(what, "typed-arena", n, count, typed, typed_arena) });
            let what = format!("AppendVec of {count} (typed)");
            cells.push(Cell { bar, ..alive(what.clone(), "typed-arena", n, count, append, typed_arena) });
            cells.push(Cell { bar, ..alive(what, "Vec", n, count, append, std_vec) });
            let what = format!("RegionVec of {count} (typed)");
            cells.push(Cell { bar, ..alive(what, "Vec", n, count, region_vec, std_vec) });
        }
    }
    cells.push(pool_alone());
    let get = format!("ArenaPool::get + {SMALL} nodes");
    for n in [0, 16, 1_000, 5_000] {
        cells.push(out(&get, n, region::ArenaPool::new, pooled));
    }
    for n in [0, 64, 99_990] {
        let make = || region::PagePool::new(64 << 10, 100_000).expect("addresses for the pool");
        cells.push(out("PagePool page of 64 KiB", n, make, page));
    }
    cells
}

fn main() {
    let cells = cells();
    if let Some(arguments) = child() {
        let [cell, rounds] = [0, 1].map(|at: usize| arguments[at].parse::<usize>().expect("a number"));
        if cells[cell].warm {
            warm_malloc();
        }
        let [ours, peer] = (cells[cell].run)(rounds);
        answer(&[ours, peer, resident() as f64]);
    }
    let asked = Asked::new();
    let rounds = asked.number_or(ROUNDS);
    let note = format!(
        "ns a life, medians of {rounds} rounds. ratio: the peer's time over ours, above 1 we win. RSS: MiB.\n\
         The bar is {LEVEL}; 0.8 for typed buffers of {SMALL} with none alive; 0.67 for pools with some out."
    );
    let mut table = Table::new("lives while others are alive", &note, &["ours", "peer", "ratio", "RSS"]);
    for (index, cell) in cells.iter().enumerate() {
        let name = format!("{} / {}", cell.name, cell.peer);
        if !asked.wants(&name) {
            continue;
        }
        if let Some(reason) = lacks(cell.needs) {
            table.reason(&name, &reason);
            continue;
        }
        let run = |_| in_own_process(&[index.to_string(), rounds.to_string()]);
        match (0..cell.processes).map(run).collect::<Result<Vec<_>, _>>() {
            Err(reason) => table.reason(&name, &reason),
            Ok(runs) => {
                let ratio = median(runs.iter().map(|run| run[1] / run[0]).collect());
                let [ours, peer, rss] = [0, 1, 2].map(|at| median(runs.iter().map(|run| run[at]).collect()));
                let cells = [format!("{ours:.1}"), format!("{peer:.1}"), format!("{ratio:.2}"), mib(rss)];
                table.row(&name, &cells, ratio < cell.bar);
            }
        }
    }
    table.end();
}

fn mib(bytes: f64) -> String {
    format!("{:.0}", bytes / (1 << 20) as f64)
}
