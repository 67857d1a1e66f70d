//! Owner and tree in one struct: the tables of contents of Markdown files.
//!
//! ```sh
//! cargo run --example owned_tree README.md docs/*.md
//! ```
//!
//! Each file is read and parsed by a thread of its own. What the threads return are [`Document`]s, which own their text
//! and their tree and borrow nothing, so they are moved into a list. `document.rs` says how, and what the limits are.

mod document;
#[path = "../support/program.rs"]
mod program;

use document::{Document, Heading};
use region::arena::ReadError;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::process::ExitCode;

const HELP: &str = "\
Prints the tables of contents of Markdown files.

Usage: owned_tree FILE...

Exit code: 0, 1 when a file cannot be read or it cannot print, 2 for a wrong
command line.
";

fn read(path: &OsStr) -> Result<Document, ReadError> {
    Document::read(path.as_encoded_bytes())
}

fn print(out: &mut impl Write, headings: &[Heading<'_>], depth: usize, width: usize) -> io::Result<()> {
    let indent = 2 * depth;
    for heading in headings {
        write!(out, "{:indent$}", "")?;
        program::fill(out, &program::Shown(&heading.title()).to_string(), indent, indent + 2, width)?;
        print(out, heading.children(), depth + 1, width)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let paths: Vec<OsString> = std::env::args_os().skip(1).collect();
    if paths.iter().any(|path| path == "--help" || path == "-h") {
        return program::end("owned_tree", io::stdout().write_all(HELP.as_bytes()).map(|()| ExitCode::SUCCESS));
    }
    if let Some(option) = paths.iter().find(|path| path.as_encoded_bytes().starts_with(b"-")) {
        let option = program::Shown(&option.to_string_lossy()).to_string();
        return program::misused("owned_tree", &format!("no such option: {option}"));
    }
    if paths.is_empty() {
        return program::misused("owned_tree", "no file is named");
    }
    let documents: Vec<Result<Document, ReadError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = paths.iter().map(|path| scope.spawn(|| read(path))).collect();
        threads.into_iter().map(|thread| thread.join().expect("reading does not panic")).collect()
    });

    let mut code = ExitCode::SUCCESS;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut printed = || {
        for (path, document) in paths.iter().zip(&documents) {
            let name = program::Shown(&path.to_string_lossy()).to_string();
            match document {
                Ok(document) => {
                    writeln!(out, "{name}: {} headings", document.len())?;
                    print(&mut out, document.headings(), 1, program::width())?;
                }
                Err(error) => {
                    program::complain(format_args!("owned_tree: {name}: {error}"));
                    code = ExitCode::FAILURE;
                }
            }
        }
        out.flush()
    };
    let printed = printed();
    program::end("owned_tree", printed.map(|()| code))
}
