//! Outlines of many Rust files at once: each thread parses into an arena of one pool, and all trees live as long
//! as the pool does.
//!
//! ```text
//!  command ─► files ─► crew ─ a thread each: member ─► scanner ─► item ─┐
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
mod progress;
mod report;
mod scanner;

use command::{Command, Settings};
use progress::Progress;
use region::ArenaPool;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let outcome = match Command::from_arguments(std::env::args_os().skip(1)) {
        Ok(Command::Help) => io::stdout().lock().write_all(command::HELP.as_bytes()).map(|()| ExitCode::SUCCESS),
        Ok(Command::Outline(settings)) => outline(&settings),
        Err(message) => {
            _ = writeln!(io::stderr().lock(), "outline: {message}\nTry outline --help.");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(code) => code,
        // Whoever closed the pipe has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            _ = writeln!(io::stderr().lock(), "outline: cannot print: {error}");
            ExitCode::FAILURE
        }
    }
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

    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut totals = report::Totals::new(threads, time);
    for (path, outline) in files.iter().zip(outlines) {
        match outline {
            Ok(outline) => {
                totals.add(&outline);
                if settings.list {
                    report::list(&mut out, path, &outline)?;
                }
            }
            Err(error) => failed.push(format!("{}{error}", path.display())),
        }
    }
    // The trees were read above for the last time, so the pool can be asked, which takes it whole.
    totals.print(&mut out, failed.len(), pool.used(), pool.resident())?;
    out.flush()?;
    for message in &failed {
        writeln!(io::stderr().lock(), "outline: {message}")?;
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
