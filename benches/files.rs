//! Small files, opened and read again and again: into an arena and as an `Input`, against `std::fs::read`.
//!
//! ```sh
//! cargo bench --bench files
//! cargo bench --bench files -- kept       # only the duels whose title has the word
//! ```
//!
//! The file is in the page cache: what is measured is the calls and the memory, not the disk. Each candidate looks at
//! one byte of each page, as whoever reads a file does at least. The last table has the ratios, above 1 where this
//! library is faster. Large files and lines are in the bench `lines`.

mod support;

use region::{Arena, Input};
use std::hint::black_box;
use std::path::Path;
use support::Duel;

/// Lengths of the files: what a program reads by the thousand.
const LENGTHS: [usize; 5] = [100, 1_000, 10_000, 100_000, 400_000];

/// Looks at the bytes as far as that brings pages in.
fn look(bytes: &[u8]) {
    black_box(bytes.iter().step_by(4096).map(|&byte| u64::from(byte)).sum::<u64>());
}

fn read(path: &[u8]) -> Input {
    Input::read(path).unwrap()
}

/// Reads one file many times; each is gone when the next is read.
fn one_alive(path: &Path, len: usize) -> [f64; 3] {
    let name = path.as_os_str().as_encoded_bytes();
    // Short runs in many rounds: a busy machine is slow for milliseconds at a time, for whoever runs then.
    let times = (4_000_000 / (len + 8_000)) as u64;
    let mut arena = Arena::new();
    let ratios = Duel::new(format!("a file of {len} bytes, one alive"), times, 61)
        .add("Input::read", || (0..times).for_each(|_| look(&read(name))))
        .add("Arena, made for it", || (0..times).for_each(|_| look(Arena::new().alloc_file(name).unwrap())))
        .add("Arena, reset after it", || {
            (0..times).for_each(|_| {
                look(arena.alloc_file(name).unwrap());
                arena.reset();
            })
        })
        .add("std::fs::read", || (0..times).for_each(|_| look(&std::fs::read(path).unwrap())))
        .run();
    ours(&ratios)
}

/// Reads one file many times, and keeps what was read to the end.
fn kept(path: &Path, len: usize) -> [f64; 3] {
    let name = path.as_os_str().as_encoded_bytes();
    let times = if len < 50_000 { 2_000 } else { 200 };
    let ratios = Duel::new(format!("a file of {len} bytes, {times} kept"), times, 9)
        .add("Input::read", || {
            let all: Vec<Input> = (0..times).map(|_| read(name)).collect();
            all.iter().for_each(|bytes| look(bytes));
        })
        .add("Arena, one for all", || {
            let arena = Arena::new();
            let all: Vec<&mut [u8]> = (0..times).map(|_| arena.alloc_file(name).unwrap()).collect();
            all.iter().for_each(|bytes| look(bytes));
        })
        .add("Arena, one for each", || {
            let all: Vec<Arena> = (0..times)
                .map(|_| {
                    let arena = Arena::new();
                    look(arena.alloc_file(name).unwrap());
                    arena
                })
                .collect();
            black_box(&all);
        })
        .add("std::fs::read", || {
            let all: Vec<Vec<u8>> = (0..times).map(|_| std::fs::read(path).unwrap()).collect();
            all.iter().for_each(|bytes| look(bytes));
        })
        .run();
    ours(&ratios)
}

/// The time of `std::fs::read`, the last, over that of each of ours; the first is an input.
fn ours(ratios: &[(&str, f64)]) -> [f64; 3] {
    let of = |at: usize| ratios.get(at).map_or(f64::NAN, |&(_, ratio)| ratio);
    [of(3) / of(1), of(3) / of(2), of(3)]
}

fn main() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("files-{}", std::process::id()));
    let mut table = Vec::new();
    for len in LENGTHS {
        std::fs::write(&path, vec![b'x'; len]).unwrap();
        table.push((len, one_alive(&path, len), kept(&path, len)));
    }
    let _ = std::fs::remove_file(&path);
    println!("\nstd::fs::read's time over ours");
    println!("  {:>8} {:>34} {:>34}", "", "one alive", "many kept");
    println!("     bytes   arena, new  arena, reset      Input  arena, one arena, each       Input");
    for (len, alive, kept) in table {
        let row: Vec<String> = alive.iter().chain(&kept).map(|ratio| format!("{ratio:>11.2}")).collect();
        println!("  {len:>8} {}", row.join(" "));
    }
}
