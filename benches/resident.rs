//! RAM of arenas that stay, over what they hold; and what is still there once arenas are dropped. Beside bumpalo.
//!
//! ```sh
//! cargo bench --bench resident
//! cargo bench --bench resident -- stays       # only the rows that have the word
//! ```
//!
//! No time is measured, so one run says all: each candidate and row has a process of its own, whose RAM (RSS) is read
//! before and after. Linux only: it reads `/proc`. Arenas hold nodes of 24 bytes. What the arenas take in their vector
//! counts too.

mod support;

use std::hint::black_box;
use support::cells::{Asked, Table, answer, child, in_own_process, lacks, resident};
use support::escape;

type Node = [u64; 3];

/// Kilobytes (of 1,000 bytes) that an arena of each row holds. The first row has many.
const SIZES: [usize; 21] = [
    1, 40, 50, 70, 100, 140, 200, 300, 400, 600, 800, 1_000, 1_400, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 25_000,
    50_000,
];
/// How many arenas of 1 KB.
const MANY: usize = 10_000;
/// Bytes that the arenas of another row hold together, about.
const TOGETHER: usize = 100_000_000;
/// The least that will do: RAM over bytes, of arenas from 40 KB on.
const BAR: f64 = 1.15;
/// Bytes of RAM that an arena of 1 KB may take.
const BAR_SMALL: f64 = 4_300.0;
/// What may be left when an arena is dropped, and what a loop may keep, in MiB.
const BAR_DROP: f64 = 2.5;
const BAR_LOOP: f64 = 64.0;
/// Lives of a loop, and small lives.
const LOOP: usize = 20;
const SMALL_LIVES: usize = 64;

/// Defines a candidate: `fn name(bytes)` that makes an arena and fills it.
macro_rules! filled {
    ($name:ident, $type:ty) => {
        #[inline(never)]
        fn $name(bytes: usize) -> $type {
            let arena = <$type>::new();
            for i in 0..(bytes / size_of::<Node>()) as u64 {
                escape::<Node>(arena.alloc([i; 3]));
            }
            arena
        }
    };
}

filled!(region, region::Arena);
filled!(bumpalo, bumpalo::Bump);

/// Bytes of RAM that an arena takes, of `count` that stay.
fn staying<A>(make: fn(usize) -> A, bytes: usize, count: usize) -> f64 {
    let mut arenas: Vec<A> = Vec::with_capacity(count);
    // What the process itself needs to read its RAM is there from here on.
    resident();
    let before = resident();
    for _ in 0..count {
        arenas.push(make(black_box(bytes)));
    }
    let ram = resident().saturating_sub(before) as f64 / count as f64;
    black_box(&arenas);
    std::mem::forget(arenas);
    ram
}

/// What is done before the RAM is read, in a row about arenas that are gone.
#[derive(Clone, Copy, PartialEq)]
enum After {
    OneDrop,
    Loop,
    Trim,
    SmallLives,
}

const AFTER: [(After, &str, f64); 4] = [
    (After::OneDrop, "one drop", BAR_DROP),
    (After::Loop, "a loop", BAR_LOOP),
    (After::Trim, "a loop, then trim()", BAR_DROP),
    (After::SmallLives, "a loop, then 64 small lives", BAR_DROP),
];

/// Large arenas, in bytes.
const LARGE: [(&str, usize); 3] = [("4 MiB", 4 << 20), ("48 MiB", 48 << 20), ("240 MB", 240_000_000)];

/// Bytes of RAM that are left over.
fn left<A>(make: fn(usize) -> A, bytes: usize, after: After) -> f64 {
    drop(make(black_box(240)));
    resident();
    let before = resident();
    let lives = if after == After::OneDrop { 1 } else { LOOP };
    (0..lives).for_each(|_| drop(make(black_box(bytes))));
    match after {
        After::OneDrop | After::Loop => {}
        After::Trim => drop(black_box(region::trim())),
        After::SmallLives => (0..SMALL_LIVES).for_each(|_| drop(make(black_box(240)))),
    }
    resident().saturating_sub(before) as f64
}

fn count_of(kilobytes: usize) -> usize {
    if kilobytes == 1 { MANY } else { (TOGETHER / (kilobytes * 1_000)).clamp(2, 1_000) }
}

/// A child's work: `stays` or `after`, the row, and whose arenas.
fn work(arguments: &[String]) -> f64 {
    let [row, ours] = [1, 2].map(|at: usize| arguments[at].parse::<usize>().expect("a number"));
    if arguments[0] == "stays" {
        let (bytes, count) = (SIZES[row] * 1_000, count_of(SIZES[row]));
        return if ours == 1 { staying(region, bytes, count) } else { staying(bumpalo, bytes, count) };
    }
    let (bytes, after) = (LARGE[row / AFTER.len()].1, AFTER[row % AFTER.len()].0);
    if ours == 1 { left(region, bytes, after) } else { left(bumpalo, bytes, after) }
}

/// What our process and the peer's say about a row.
fn both(kind: &str, row: usize) -> Result<[f64; 2], String> {
    let one = |ours: &str| Ok::<_, String>(in_own_process(&[kind.into(), row.to_string(), ours.into()])?[0]);
    Ok([one("1")?, one("0")?])
}

fn stays(asked: &Asked) {
    let note =
        format!("RAM over what an arena holds; the bar is {BAR}. Of 1 KB: bytes of RAM an arena, up to {BAR_SMALL}.");
    let columns = ["arenas", "ours", "bumpalo"];
    let mut table = Table::new("RAM of arenas that stay", &note, &columns);
    for (row, kilobytes) in SIZES.into_iter().enumerate() {
        let small = kilobytes == 1;
        let name = format!("stays, {kilobytes} KB, {}", if small { "RAM of one" } else { "over bytes" });
        if !asked.wants(&name) {
            continue;
        }
        let count = count_of(kilobytes);
        if let Some(reason) = lacks(3 * count * kilobytes * 1_000) {
            table.reason(&name, &reason);
            continue;
        }
        match both("stays", row) {
            Err(reason) => table.reason(&name, &reason),
            Ok(rams) => {
                let [ours, peer] = rams.map(|ram| if small { ram } else { ram / (kilobytes * 1_000) as f64 });
                let text = |number| if small { format!("{number:.0}") } else { format!("{number:.2}") };
                table.row(
                    &name,
                    &[count.to_string(), text(ours), text(peer)],
                    ours > if small { BAR_SMALL } else { BAR },
                );
            }
        }
    }
    table.end();
}

fn after(asked: &Asked) {
    let note = format!(
        "MiB of RAM more than before. A loop is {LOOP} lives. The bar is {BAR_DROP}, after a loop {BAR_LOOP}.\n\
         trim() is this library's: malloc keeps what bumpalo's chunks had."
    );
    let mut table = Table::new("RAM when arenas are gone", &note, &["ours", "bumpalo"]);
    for (size, (large, _)) in LARGE.into_iter().enumerate() {
        for (step, (_, done, bar)) in AFTER.into_iter().enumerate() {
            let name = format!("gone, {large}: after {done}");
            if !asked.wants(&name) {
                continue;
            }
            match both("after", size * AFTER.len() + step) {
                Err(reason) => table.reason(&name, &reason),
                Ok(rams) => {
                    let mib = rams.map(|ram| ram / (1 << 20) as f64);
                    table.row(&name, &mib.map(|number| format!("{number:.2}")), mib[0] > bar);
                }
            }
        }
    }
    table.end();
}

fn main() {
    if let Some(arguments) = child() {
        answer(&[work(&arguments)]);
    }
    if resident() == 0 {
        println!("resident: this system has no /proc");
        return;
    }
    let asked = Asked::new();
    stays(&asked);
    after(&asked);
}
