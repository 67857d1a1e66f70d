//! Counts the words of a file or of standard input, and prints the most frequent.
//!
//! ```sh
//! cargo run --release --features collections --example interner -- README.md
//! cat docs/*.md | cargo run --release --features collections --example interner
//! ```
//!
//! The symbol table of a compiler in small: each distinct word is copied once into an arena and gets a number;
//! a hash map leads from the word to its number, and a list from the number to the word. The input is one
//! slice, so the loop over the words calls no malloc at all; this program counts the calls and says so.
//!
//! Words, map and list have an arena each. A table that hashbrown outgrows is left behind until its arena goes,
//! and a list that is alone in its arena is its last allocation and grows in place.

#[path = "support/program.rs"]
mod program;

use hashbrown::{DefaultHashBuilder, HashMap};
use region::{Arena, Bytes, Input};
use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The number of a word, in the order of first sight.
#[derive(Clone, Copy)]
struct Symbol(u32);

/// What is known of a word.
struct Entry<'a> {
    word: &'a str,
    count: u64,
}

/// Where an interner keeps what it knows.
#[derive(Default)]
struct Memory {
    /// Packed: no byte between two words.
    words: Arena<1>,
    map: Arena,
    list: Arena,
}

/// Words to numbers and back.
struct Interner<'a> {
    words: &'a Arena<1>,
    symbols: HashMap<&'a str, Symbol, DefaultHashBuilder, &'a Arena>,
    entries: region::collections::Vec<'a, Entry<'a>>,
}

impl<'a> Interner<'a> {
    fn new(memory: &'a Memory) -> Self {
        Interner {
            words: &memory.words,
            symbols: HashMap::new_in(&memory.map),
            entries: region::collections::Vec::new_in(&memory.list),
        }
    }

    /// The number of a word, new or known.
    fn intern(&mut self, word: &str) -> Symbol {
        if let Some(&symbol) = self.symbols.get(word) {
            return symbol;
        }
        let symbol = Symbol(u32::try_from(self.entries.len()).expect("more than 2^32 distinct words"));
        let word: &'a str = self.words.alloc_str(word);
        self.entries.push(Entry { word, count: 0 });
        self.symbols.insert(word, symbol);
        symbol
    }

    /// What is known of a word.
    fn entry(&mut self, symbol: Symbol) -> &mut Entry<'a> {
        &mut self.entries[symbol.0 as usize]
    }
}

/// The system's allocator, with a count of its calls.
struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system allocator's, whose contract is the same.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Relaxed);
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

/// How many words are printed.
const SHOWN: usize = 10;

const HELP: &str = "\
Counts the words of FILE, or of standard input, and prints the most frequent.

Usage: interner [FILE]

Exit code: 0, 1 when the input cannot be read or the counts cannot be printed, 2 for a
wrong command line.
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let input = match &arguments[..] {
        [help] if help == "--help" || help == "-h" => {
            return program::end("interner", io::stdout().write_all(HELP.as_bytes()).map(|()| ExitCode::SUCCESS));
        }
        [] => Input::read_stdin(),
        [dash] if dash == "-" => Input::read_stdin(),
        [option] if option.as_encoded_bytes().starts_with(b"-") => {
            let option = option.to_string_lossy();
            return program::misused("interner", &format!("no such option: {}", program::Shown(&option)));
        }
        // Read, not mapped: a text file may be edited while this runs.
        [path] => Input::read(path.as_encoded_bytes()),
        _ => return program::misused("interner", "only one input at a time"),
    };
    let input = match input {
        Ok(input) => input,
        Err(error) => {
            program::complain(format_args!("interner: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match input.as_str() {
        Ok(text) => program::end("interner", count(text).map(|()| ExitCode::SUCCESS)),
        Err(error) => {
            program::complain(format_args!("interner: the input is not UTF-8 from byte {} on", error.valid_up_to()));
            ExitCode::FAILURE
        }
    }
}

fn count(text: &str) -> io::Result<()> {
    let memory = Memory::default();
    let mut interner = Interner::new(&memory);
    let before = CALLS.load(Relaxed);
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let symbol = interner.intern(word);
        interner.entry(symbol).count += 1;
    }
    let calls = CALLS.load(Relaxed) - before;

    let mut out = io::BufWriter::new(io::stdout().lock());
    let total: u64 = interner.entries.iter().map(|entry| entry.count).sum();
    interner.entries.sort_unstable_by(|a, b| b.count.cmp(&a.count).then(a.word.cmp(b.word)));
    for Entry { word, count } in interner.entries.iter().take(SHOWN) {
        writeln!(out, "{count:>8}  {word}")?;
    }
    writeln!(out, "{total} words, {} distinct", interner.entries.len())?;
    let [words, map, list] = [memory.words.used(), memory.map.used(), memory.list.used()].map(Bytes);
    writeln!(out, "{words} of words, {map} of map, {list} of list; {calls} calls of malloc")?;
    out.flush()
}
