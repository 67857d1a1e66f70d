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
//! and a list that is alone is at its arena's tip and grows in place.

use hashbrown::{DefaultHashBuilder, HashMap};
use region::{Arena, Bytes, Input};
use std::alloc::{GlobalAlloc, Layout, System};
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
    entries: region::Vec<'a, Entry<'a>>,
}

impl<'a> Interner<'a> {
    fn new(memory: &'a Memory) -> Self {
        Interner {
            words: &memory.words,
            symbols: HashMap::new_in(&memory.map),
            entries: region::Vec::new_in(&memory.list),
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

fn main() -> ExitCode {
    let input = match std::env::args_os().nth(1) {
        // Read, not mapped: a text file may be edited while this runs.
        Some(path) => Input::read(path.as_encoded_bytes()),
        None => Input::read_stdin(),
    };
    let input = match input {
        Ok(input) => input,
        Err(error) => {
            eprintln!("interner: {error}");
            return ExitCode::FAILURE;
        }
    };
    let text = match input.as_str() {
        Ok(text) => text,
        Err(error) => {
            eprintln!("interner: the input is not UTF-8 from byte {} on", error.valid_up_to());
            return ExitCode::FAILURE;
        }
    };

    let memory = Memory::default();
    let mut interner = Interner::new(&memory);
    let before = CALLS.load(Relaxed);
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let symbol = interner.intern(word);
        interner.entry(symbol).count += 1;
    }
    let calls = CALLS.load(Relaxed) - before;

    let total: u64 = interner.entries.iter().map(|entry| entry.count).sum();
    interner.entries.sort_unstable_by(|a, b| b.count.cmp(&a.count).then(a.word.cmp(b.word)));
    for Entry { word, count } in interner.entries.iter().take(SHOWN) {
        println!("{count:>8}  {word}");
    }
    println!(
        "{total} words, {} distinct: {} of words, {} of map, {} of list; {calls} calls of malloc",
        interner.entries.len(),
        Bytes(memory.words.used()),
        Bytes(memory.map.used()),
        Bytes(memory.list.used()),
    );
    ExitCode::SUCCESS
}
