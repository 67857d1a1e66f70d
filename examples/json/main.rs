//! A strict JSON reader whose tree lives in one arena, and what that saves.
//!
//! Reads a document from a file, a pipe, or one it builds itself; parses it into a [`tree::arena`] tree; prints
//! what is in it; then measures the same parser on the heap, and `serde_json`, each in processes of their own.
//!
//! ```text
//!  command ─► document ─► parser ─► tree ─► census ─► report
//!                 └─────► compare ─► (a process each) candidate, with meter ─┘
//! ```
//!
//! `parser/` and `tree/` are the parts to take elsewhere; they know nothing of the rest.

mod candidate;
mod command;
mod compare;
mod document;
mod meter;
mod parser;
#[path = "../support/program.rs"]
mod program;
mod progress;
mod report;
mod sample;
mod tree;

use command::{Command, Settings};
use document::Document;
use parser::{Kind, SyntaxError};
use progress::Progress;
use report::Paint;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use tree::Census;
use tree::arena::{self, Arena, Refused, Strings};

/// What ends the program early.
enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// The document or its tree does not fit in memory.
    Memory(String),
    /// The document cannot be read.
    Unreadable(String),
    /// The document is not JSON: the error, with its excerpt.
    Refused { name: String, error: SyntaxError, excerpt: String },
    /// Standard output does not take any more.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

fn main() -> ExitCode {
    let outcome = match Command::from_arguments(std::env::args_os().skip(1)) {
        Ok(Command::Help) => help(),
        Ok(Command::Read(settings)) => run(&settings),
        Ok(Command::Measure(order)) => candidate::measure(order).map_err(Failure::Output),
        Err(message) => Err(Failure::Usage(message)),
    };
    let Err(failure) = outcome else { return ExitCode::SUCCESS };
    let paint = Paint::on(&io::stderr());
    // Without standard error only the exit code can say it.
    let mut err = io::stderr().lock();
    match failure {
        // Whoever read the output has seen enough, as in `json big.json | head -1`.
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Failure::Output(error) => _ = writeln!(err, "{} cannot write the report: {error}", paint.red("json:")),
        Failure::Unreadable(message) => _ = writeln!(err, "{} {message}", paint.red("json:")),
        Failure::Refused { name, error, excerpt } => {
            _ = writeln!(err, "{} {name}: {error}\n{}", paint.red("json:"), paint.caret(&excerpt));
        }
        Failure::Memory(message) => {
            _ = writeln!(err, "{} {message}", paint.red("json:"));
            return ExitCode::from(2);
        }
        Failure::Usage(message) => {
            _ = writeln!(err, "{} {message}\nTry --help.", paint.red("json:"));
            return ExitCode::from(2);
        }
    }
    ExitCode::FAILURE
}

fn help() -> Result<(), Failure> {
    io::stdout().lock().write_all(command::HELP.as_bytes())?;
    Ok(())
}

fn run(settings: &Settings) -> Result<(), Failure> {
    let document = Document::load(settings)?;
    let paint = Paint::on(&io::stdout());
    let mut out = io::stdout().lock();

    {
        let arena = Arena::new();
        let progress = Progress::bytes("parsing", document.bytes().len());
        let parsed =
            arena::parse(document.bytes(), &arena, Strings::Borrowed, settings.options, |done| progress.at(done));
        progress.finish();
        // The verdict comes first, and is what the exit code says, whether or not anybody reads the report.
        let root = parsed.map_err(|refused| match refused {
            Refused::Memory(_) | Refused::Syntax(SyntaxError { kind: Kind::Memory, .. }) => {
                Failure::Memory(format!("{}: {refused}", document.name()))
            }
            Refused::Syntax(error) => {
                Failure::Refused { name: document.name().to_string(), excerpt: error.excerpt(document.bytes()), error }
            }
        })?;
        let census = Census::of(&root);
        let census = census.map_err(|_| Failure::Memory(format!("{}: no memory to walk its tree", document.name())))?;
        writeln!(out, "{}: {}", paint.bold(document.name()), document.origin())?;
        report::census(&mut out, &census, document.bytes().len(), &arena)?;
        // The tree goes here, at once, before anything is measured.
    }
    if settings.rounds > 0 {
        out.flush()?;
        let results = compare::run(&document, settings);
        report::comparison(&mut out, &results, settings.rounds, paint, program::width())?;
    }
    out.flush()?;
    Ok(())
}

/// Whether a person looks at this stream, who likes colours and progress.
fn watched(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
