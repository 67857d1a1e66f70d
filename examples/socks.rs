//! Socks before shoes: the program break against mappings, when everything is freed but one block.
//!
//! ```sh
//! cargo run --release --example socks
//! ```
//!
//! `malloc` has small blocks at the program break, which can only shrink from its top: the last block keeps all
//! below it, as a shoe that is put on keeps the sock. A region gives its RAM back whatever else lives. Each side
//! runs in a process of its own and prints what is in RAM, as the system counts it.

#[path = "support/program.rs"]
mod program;

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Command, ExitCode};

/// Bytes that each side takes in all.
const TOTAL: usize = 256 << 20;
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

/// A line of the table: what was done, what is in RAM, and a bar of that. Asks for no memory either.
fn show(what: &str, width: usize) -> io::Result<()> {
    let mib = resident() >> 20;
    let mut out = io::stdout().lock();
    // 256 MiB and a little fit beside the words, or on a line of their own below them.
    let mib_a_cell = if width >= 72 { 12 } else { 16 };
    match width >= 72 {
        true => write!(out, "  {what:<34}{mib:>5} MiB")?,
        false => write!(out, "  {what}\n  {mib:>5} MiB")?,
    }
    let cells = mib / mib_a_cell;
    write!(out, "{}", if cells > 0 { "  " } else { "" })?;
    (0..cells).try_for_each(|_| write!(out, "█"))?;
    writeln!(out)
}

/// Blocks in a list, each holding the address of the next, so that nothing else takes RAM.
fn by_malloc(width: usize) -> io::Result<ExitCode> {
    show("before", width)?;
    let block = || {
        // SAFETY: the block is large enough for the word, and it is written where there is one.
        unsafe {
            let block = libc::malloc(BLOCK).cast::<usize>();
            (!block.is_null()).then(|| {
                block.write(0);
                block
            })
        }
    };
    let Some(first) = block() else { return Ok(no_memory("malloc")) };
    let mut last = first;
    for _ in 1..BLOCKS {
        let Some(next) = block() else { return Ok(no_memory("malloc")) };
        // SAFETY: the last block is ours and has room for the word.
        unsafe { last.write(next.expose_provenance()) };
        last = next;
    }
    show("256 MiB in blocks of 256 bytes", width)?;
    let mut block = first;
    while block != last {
        // SAFETY: each block's word is the address of the next up to the last, and each is freed once.
        unsafe {
            let next = std::ptr::with_exposed_provenance_mut(block.read());
            libc::free(block.cast());
            block = next;
        }
    }
    show("all freed but the last", width)?;
    // SAFETY: the last block was kept until here.
    unsafe { libc::free(last.cast()) };
    show("the last freed too", width)?;
    Ok(ExitCode::SUCCESS)
}

/// Says that a side has no memory, and asks for none.
fn no_memory(why: impl std::fmt::Display) -> ExitCode {
    program::complain(format_args!("socks: no memory for {}: {why}", region::Bytes(TOTAL)));
    ExitCode::from(2)
}

fn by_region(width: usize) -> io::Result<ExitCode> {
    show("before", width)?;
    let other = region::Arena::new();
    let arena = region::Arena::new();
    for i in 0..BLOCKS {
        if let Err(error) = arena.try_alloc([i; BLOCK / size_of::<usize>()]) {
            return Ok(no_memory(error));
        }
    }
    let last = match other.try_alloc([BLOCKS; BLOCK / size_of::<usize>()]) {
        Ok(last) => last,
        Err(error) => return Ok(no_memory(error)),
    };
    show("256 MiB in blocks of 256 bytes", width)?;
    drop(arena);
    show("dropped, one block lives elsewhere", width)?;
    assert_eq!(last[0], BLOCKS);
    drop(other);
    show("the last dropped too", width)?;
    Ok(ExitCode::SUCCESS)
}

const HELP: &str = "\
Frees all blocks but one, of malloc at the program break and of a region's arena, and
shows what stays in RAM. Each side runs in a process of its own.

Usage: socks [malloc|region]

Exit code: 0, 1 when it cannot print or a side did not end well, 2 for a wrong command
line or too little memory.
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let done = match &arguments[..] {
        [] => both(),
        [help] if help == "--help" || help == "-h" => {
            io::stdout().write_all(HELP.as_bytes()).map(|()| ExitCode::SUCCESS)
        }
        [side] if side == "malloc" => by_malloc(program::width()),
        [side] if side == "region" => by_region(program::width()),
        [first, ..] => {
            return program::misused("socks", &format!("no such side: {}", program::Shown(&first.to_string_lossy())));
        }
    };
    program::end("socks", done)
}

fn both() -> io::Result<ExitCode> {
    for (side, title) in [("malloc", "malloc and free, at the program break"), ("region", "region::Arena")] {
        io::stdout().lock().write_all(format!("{title}\n").as_bytes())?;
        let status =
            Command::new(std::env::current_exe()?).arg(side).env("COLUMNS", program::width().to_string()).status()?;
        if status.code() == Some(2) {
            // It has said why.
            return Ok(ExitCode::from(2));
        }
        if !status.success() {
            program::complain(format_args!("socks: {side} did not run to its end"));
            return Ok(ExitCode::FAILURE);
        }
        io::stdout().lock().write_all(b"\n")?;
    }
    Ok(ExitCode::SUCCESS)
}
