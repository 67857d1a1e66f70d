//! Pebble: a small language whose tree, names and values live in arenas, and nothing of them on the heap.
//!
//! ```text
//! fn fold(list, start, f) {
//!     let sum = start;
//!     for x in list { sum = f(sum, x); }
//!     sum
//! }
//! print("sum:", fold(range(1, 11), 0, fn(a, b) { a + b }));
//! ```
//!
//! `language/` is the language, and the part to take elsewhere. `command` is the command line; this file joins
//! them: reads the source, gives the machine a stack of known size, prints what it says.

mod command;
mod language;
#[path = "../support/program.rs"]
mod program;

use command::{Command, Settings};
use language::error::Error;
use language::machine::{self, Spent};
use language::syntax::{Code, CodeArena};
use language::{Kind, Limits, parse, run};
use program::complain;
use region::arena::ReadError;
use region::cage::Cage;
use region::input::Fd;
use region::{Arena, Bytes};
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::thread;

fn main() -> ExitCode {
    match Command::from_arguments(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            let printed = io::stdout().lock().write_all(command::HELP.as_bytes());
            program::end("pebble", printed.map(|()| ExitCode::SUCCESS))
        }
        Ok(Command::Run(settings)) => on_stack_for(settings.limits, || interpret(&settings)),
        Err(message) => {
            complain(format_args!("pebble: {message}\nTry pebble --help."));
            ExitCode::from(2)
        }
    }
}

/// Stack for what does not depend on the program: the parser, and printing.
const STACK: usize = 16 << 20;

/// Runs `body` on a thread with stack for so many levels, whatever the shell's limit is. Stack that is not used
/// is address space, no RAM.
fn on_stack_for(limits: Limits, body: impl FnOnce() -> ExitCode + Send) -> ExitCode {
    let stack = STACK + limits.depth * machine::STACK_PER_LEVEL;
    thread::scope(|scope| match thread::Builder::new().stack_size(stack).spawn_scoped(scope, body) {
        Ok(thread) => thread.join().unwrap_or(ExitCode::FAILURE),
        Err(error) => {
            complain(format_args!("pebble: no stack of {}: {error}; give a smaller --max-depth", Bytes(stack)));
            ExitCode::FAILURE
        }
    })
}

fn interpret(settings: &Settings) -> ExitCode {
    let name = program::shown(&settings.name(), &io::stderr());
    let tree = Code::arena();
    // The text lies in the arena of the tree that is made of it.
    let text = match &settings.path {
        Some(path) => tree.alloc_file_str(path.as_encoded_bytes()),
        None => tree.alloc_fd_str(Fd::STDIN),
    };
    let source: &str = match text {
        // A byte order mark belongs to the file and not to the program.
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(ReadError::Text(error)) => return fail(format_args!("{name}: not UTF-8 at byte {}", error.valid_up_to())),
        Err(error) => return fail(format_args!("{name}: {error}")),
    };

    let (mut one, mut another) = (Arena::new(), Arena::new());
    let mut out = BufWriter::new(io::stdout().lock());
    let (symbols, spent, result) = match parse(source, &tree) {
        Ok(program) => {
            let (spent, result) = run(&program, [&mut one, &mut another], settings.limits, &mut out);
            (program.symbols, spent, result)
        }
        Err(error) => return fail(error.report(&name, source)),
    };
    // What it printed comes before what is wrong.
    let result = result.and_then(|()| out.flush().map_err(|error| output_error(&error)));
    match result {
        Ok(()) => {}
        // Whoever closed the pipe has seen enough.
        Err(Error { kind: Kind::Output(io::ErrorKind::BrokenPipe), .. }) => return ExitCode::SUCCESS,
        Err(error) => {
            _ = out.flush();
            return fail(error.report(&name, source));
        }
    }
    if settings.stats {
        complain(Stats { source: source.len(), symbols, tree: &tree, values: [&one, &another], spent });
    }
    ExitCode::SUCCESS
}

fn output_error(error: &io::Error) -> Error<'static> {
    let start = language::syntax::Span { start: 0, end: 0 };
    Error { kind: Kind::Output(error.kind()), at: start }
}

fn fail(message: impl std::fmt::Display) -> ExitCode {
    complain(message);
    ExitCode::FAILURE
}

/// What `--stats` prints.
struct Stats<'f> {
    source: usize,
    symbols: usize,
    tree: &'f CodeArena,
    values: [&'f Arena; 2],
    spent: Spent,
}

impl std::fmt::Display for Stats<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut line = |name: &str, value: usize| writeln!(f, "  {name:<18} {value:>14}");
        let both = |number: fn(&Arena) -> usize| self.values.iter().map(|arena| number(arena)).sum();
        line("source", self.source)?;
        line("symbols", self.symbols)?;
        line("tree, used", self.tree.used())?;
        line("tree, committed", self.tree.committed())?;
        line("calls", self.spent.calls)?;
        line("depth", self.spent.depth)?;
        line("values, rewound", self.spent.rewound)?;
        line("values, peak", both(Arena::high_water))?;
        line("values, left", both(Arena::used))?;
        write!(f, "  {:<18} {:>14}", "values, committed", both(Arena::committed))
    }
}
