//! Outlines of many Rust files at once: each thread parses into an arena of one pool, and all trees live as long
//! as the pool does.
//!
//! ```text
//!  command ─► files ─► crew ─ a thread each: arena ──► scanner ─► item ─┐
//!                        ▲                                             ├─► report
//!                     progress                        &'pool trees ────┘
//! ```
//!
//! The point of it: a tree is made on one thread and read on another, without being copied, counted or freed
//! piece by piece. `crew` is where the pool is; `scanner` knows arenas and no threads.

mod command;
mod crew;
mod files;
mod item;
#[path = "../support/program.rs"]
mod program;
mod progress;
mod report;
mod scanner;

use command::{Command, Settings};
use progress::Progress;
use region::ArenaPool;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let outcome = match Command::from_arguments(std::env::args_os().skip(1)) {
        Ok(Command::Help) => io::stdout().lock().write_all(command::HELP.as_bytes()).map(|()| ExitCode::SUCCESS),
        Ok(Command::Outline(settings)) => outline(&settings),
        Err(message) => return program::misused("outline", &message),
    };
    program::end("outline", outcome)
}

fn outline(settings: &Settings) -> io::Result<ExitCode> {
    let (files, mut failed) = files::find(&settings.paths);
    let mut pool = ArenaPool::new();
    let threads = settings.threads.min(files.len()).max(1);

    let start = Instant::now();
    let progress = Progress::files(files.len());
    let outlines = crew::parse(&files, &pool, threads, &progress);
    progress.finish();
    let time = start.elapsed();

    let on_terminal = io::stdout().is_terminal();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut printed = Ok(());
    let mut totals = report::Totals::new(threads, time);
    for (path, outline) in files.iter().zip(outlines) {
        match outline {
            Ok(outline) => {
                totals.add(&outline);
                if settings.list && printed.is_ok() {
                    printed = report::list(&mut out, path, &outline, on_terminal);
                }
            }
            Err(error) => failed.push(format!("{}{error}", path.display())),
        }
    }
    // The trees were read above for the last time, so the pool can be asked, which takes it whole.
    let printed = printed
        .and_then(|()| totals.print(&mut out, failed.len(), pool.used(), pool.resident()))
        .and_then(|()| out.flush());
    for message in &failed {
        program::complain(format_args!("outline: {}", program::shown(message, &io::stderr())));
    }
    // The exit code says that a file has no outline.
    let code = if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(code),
        printed => printed.map(|()| code),
    }
}
