//! Arenas made, filled and dropped again and again: what stays warm between lives, by size, and by two threads.
//!
//! ```sh
//! cargo bench --bench again
//! cargo bench --bench again -- fresh 3        # only the rows that have the word; 3 rounds
//! cargo bench --bench again -- "16 MiB" warm
//! ```
//!
//! The peers' chunks come from malloc, whose state decides their time: so each size runs "fresh" and "warm"
//! (`warm_malloc` in benches/support/cells.rs). A candidate's lives are in a process of its own, a hundred or as many
//! as make 32 MiB; the candidates take turns, after an untimed turn each. Below 1 MiB there are three times the
//! processes. Nodes are 24 bytes and linked in a list. 240 MB runs ten times, with what this library keeps by default.

mod support;

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;
use support::cells::{Asked, LEVEL, Table, answer, child, in_own_process, median, warm_malloc};
use support::list::{Node, life};

const ROUNDS: usize = 7;
const LIVES: usize = 100;
/// Lives of a process that is not timed.
const UNTIMED: usize = 3;

life!(region(nodes: usize) of nodes, region::Arena::new(), |arena, node| arena.alloc(node));
life!(bumpalo(nodes: usize) of nodes, bumpalo::Bump::new(), |arena, node| arena.alloc(node));
life!(bump_scope(nodes: usize) of nodes, <bump_scope::Bump>::new(), |arena, node| bump_scope::BumpBox::leak(arena.alloc(node)));
life!(blink_alloc(nodes: usize) of nodes, blink_alloc::Blink::new(), |arena, node| arena.put_no_drop(node));

/// Ours, then the peers, as the table's columns.
const CANDIDATES: [fn(usize); 4] = [region, bumpalo, bump_scope, blink_alloc];

const SIZES: [(&str, usize); 6] = [
    ("16 KiB", 16 << 10),
    ("128 KiB", 128 << 10),
    ("1 MiB", 1 << 20),
    ("4 MiB", 4 << 20),
    ("16 MiB", 16 << 20),
    ("48 MiB", 48 << 20),
];

/// What malloc has seen before.
const STATES: [&str; 2] = ["fresh", "warm"];

/// A row: what each of the threads does.
struct Row {
    state: &'static str,
    name: &'static str,
    /// Bytes of the lives: one size, or all of them in random order.
    sizes: Vec<usize>,
    threads: usize,
    lives: usize,
    bar: f64,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for state in STATES {
        for threads in [1, 2] {
            for (name, size) in SIZES {
                let bar = if state == "fresh" && size >= 128 << 10 { 1.2 } else { LEVEL };
                // Two threads need a while to meet.
                let lives = LIVES.max((32 << 20) / size);
                rows.push(Row { state, name, sizes: vec![size], threads, lives, bar });
            }
            let sizes = SIZES.map(|(_, size)| size).to_vec();
            let bar = if state == "fresh" { 1.2 } else { LEVEL };
            rows.push(Row { state, name: "mixed", sizes, threads, lives: LIVES, bar });
        }
        rows.push(Row { state, name: "240 MB", sizes: vec![240_000_000], threads: 1, lives: LIVES / 10, bar: LEVEL });
    }
    rows
}

/// So many lives by each of the threads, which start together. Gives the nanoseconds of a life: of the whole time for
/// one thread, of all threads' time for more.
fn lives(life: fn(usize), row: &Row, lives: usize) -> f64 {
    if row.state == "warm" {
        warm_malloc();
    }
    let start = Barrier::new(row.threads);
    let (sizes, start) = (&row.sizes, &start);
    let run = |thread: usize| {
        move || {
            // Each thread has an order of its own, and each candidate the same ones.
            let mut random = thread as u64 + 1;
            let mut below = |bound: usize| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) as usize % bound
            };
            let order: Vec<usize> = (0..lives).map(|_| sizes[below(sizes.len())] / size_of::<Node>()).collect();
            start.wait();
            let begin = Instant::now();
            order.iter().for_each(|nodes| life(black_box(*nodes)));
            (begin, Instant::now())
        }
    };
    let times: Vec<_> = if row.threads == 1 {
        vec![run(0)()]
    } else {
        std::thread::scope(|scope| {
            let runs: Vec<_> = (0..row.threads).map(|thread| scope.spawn(run(thread))).collect();
            runs.into_iter().map(|run| run.join().expect("a thread that allocates")).collect()
        })
    };
    let begin = times.iter().map(|time| time.0).min().expect("there are threads");
    let end = times.iter().map(|time| time.1).max().expect("there are threads");
    (end - begin).as_secs_f64() * 1e9 / lives as f64
}

fn main() {
    let rows = rows();
    if let Some(arguments) = child() {
        let [row, candidate, count] = [0, 1, 2].map(|at: usize| arguments[at].parse::<usize>().expect("a number"));
        answer(&[lives(CANDIDATES[candidate], &rows[row], count)]);
    }
    let asked = Asked::new();
    let rounds = asked.number_or(ROUNDS);
    let note = format!(
        "µs a life, medians of {rounds} processes, or three times as many. Each thread has {LIVES} lives or more.\n\
         ratio: the best peer's time over ours, above 1 we win. The bar is {LEVEL}; fresh, from 128 KiB on: 1.2."
    );
    let columns = ["ours", "bumpalo", "bump-scope", "blink", "ratio"];
    let mut table = Table::new("arenas again and again", &note, &columns);
    for (index, row) in rows.iter().enumerate() {
        let threads = if row.threads == 1 { "1 thread" } else { "2 threads" };
        let name = format!("{}, {threads}, {}", row.state, row.name);
        if !asked.wants(&name) {
            continue;
        }
        let short = row.sizes.len() == 1 && row.sizes[0] < 1 << 20;
        match contest(index, if short { 3 * rounds } else { rounds }, row.lives) {
            Err(reason) => table.reason(&name, &reason),
            Ok(times) => {
                let best = times[1..].iter().copied().fold(f64::INFINITY, f64::min);
                let ratio = best / times[0];
                let mut cells: Vec<String> = times.iter().map(|time| format!("{:.1}", time / 1e3)).collect();
                cells.push(format!("{ratio:.2}"));
                table.row(&name, &cells, ratio < row.bar);
            }
        }
    }
    table.end();
}

/// The candidates' processes in turn: what a life takes each.
fn contest(row: usize, rounds: usize, lives: usize) -> Result<Vec<f64>, String> {
    let one = |candidate: usize, lives: usize| -> Result<f64, String> {
        Ok(in_own_process(&[row, candidate, lives].map(|number| number.to_string()))?[0])
    };
    let count = CANDIDATES.len();
    for candidate in 0..count {
        one(candidate, UNTIMED)?;
    }
    let mut times = vec![Vec::new(); count];
    for round in 0..rounds {
        for turn in 0..count {
            let candidate = (round + turn) % count;
            times[candidate].push(one(candidate, lives)?);
        }
    }
    Ok(times.into_iter().map(median).collect())
}
