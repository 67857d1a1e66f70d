//! Socks before shoes: the program break against mappings, when everything is freed but one block.
//!
//! ```sh
//! cargo run --release --example socks
//! ```
//!
//! `malloc` has small blocks at the program break, which can only shrink from its top: the last block keeps all
//! below it, as a shoe that is put on keeps the sock. A region gives its RAM back whatever else lives. Each side
//! runs in a process of its own and prints what is in RAM, as the system counts it.

use std::fs::File;
use std::io::Read;
use std::process::{Command, ExitCode};

/// Bytes that each side takes in all.
const TOTAL: usize = 256_000_000;
/// Bytes of one block. glibc does not join freed ones of 128 bytes and less, so of those nothing would ever go back.
const BLOCK: usize = 256;
const BLOCKS: usize = TOTAL / BLOCK;

/// Bytes of this process that are in RAM. Asks for no memory: a few bytes at the top of the heap would be the shoe.
fn resident() -> usize {
    let mut text = [0; 128];
    let read = File::open("/proc/self/statm").and_then(|mut file| file.read(&mut text)).unwrap_or(0);
    let text = std::str::from_utf8(&text[..read]).unwrap_or("");
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * region::page_size()
}

/// A line of the table: what was done, what is in RAM, and a bar of that.
fn show(what: &str) {
    const MIB_A_CELL: usize = 8;
    let mib = resident() >> 20;
    print!("  {what:<34}{mib:>5} MiB  ");
    (0..mib / MIB_A_CELL).for_each(|_| print!("█"));
    println!();
}

/// Blocks in a list, each holding the address of the next, so that nothing else takes RAM.
fn by_malloc() {
    show("before");
    let block = || {
        // SAFETY: the block is large enough for the word, and it is checked that there is one.
        unsafe {
            let block = libc::malloc(BLOCK).cast::<usize>();
            assert!(!block.is_null(), "no memory");
            block.write(0);
            block
        }
    };
    let first = block();
    let mut last = first;
    for _ in 1..BLOCKS {
        let next = block();
        // SAFETY: the last block is ours and has room for the word.
        unsafe { last.write(next.expose_provenance()) };
        last = next;
    }
    show("256 MB in blocks of 256 bytes");
    let mut block = first;
    while block != last {
        // SAFETY: each block's word is the address of the next up to the last, and each is freed once.
        unsafe {
            let next = std::ptr::with_exposed_provenance_mut(block.read());
            libc::free(block.cast());
            block = next;
        }
    }
    show("all freed but the last");
    // SAFETY: the last block was kept until here.
    unsafe { libc::free(last.cast()) };
    show("the last freed too");
}

fn by_region() {
    show("before");
    let other = region::Arena::new();
    let arena = region::Arena::new();
    for i in 0..BLOCKS {
        arena.alloc([i; BLOCK / size_of::<usize>()]);
    }
    let last = other.alloc([BLOCKS; BLOCK / size_of::<usize>()]);
    show("256 MB in blocks of 256 bytes");
    drop(arena);
    show("dropped, one block lives elsewhere");
    assert_eq!(last[0], BLOCKS);
    drop(other);
    show("the last dropped too");
}

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("malloc") => by_malloc(),
        Some("region") => by_region(),
        Some(_) => {
            eprintln!("usage: socks [malloc|region]");
            return ExitCode::from(2);
        }
        None => {
            for (side, title) in [("malloc", "malloc and free, at the program break"), ("region", "region::Arena")] {
                println!("{title}");
                let done = std::env::current_exe().and_then(|program| Command::new(program).arg(side).status());
                if !done.is_ok_and(|status| status.success()) {
                    eprintln!("socks: {side} did not run to its end");
                    return ExitCode::FAILURE;
                }
                println!();
            }
        }
    }
    ExitCode::SUCCESS
}
