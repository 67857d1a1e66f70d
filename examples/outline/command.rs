//! The command line.

use crate::program::Shown;
use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
Counts what Rust files define, on all processors, with every file's tree in one pool of arenas.

Usage: outline [OPTIONS] [PATH]...

PATH is a file, or a directory to look through for files that end in .rs; `.` if there is none.

Options:
  --list         print the outline of each file: lines, kinds, names, what is in what
  --threads N    parse on N threads (one per processor)
  --help         show this

Exit code: 0 when every file was parsed, 1 when one was not (the others are counted all the
same), 2 for a wrong command line. A progress bar appears when standard error is a terminal.
";

/// What to do, by the arguments.
#[derive(Clone, Debug)]
pub struct Settings {
    pub paths: Vec<PathBuf>,
    pub threads: usize,
    pub list: bool,
}

pub enum Command {
    Help,
    Outline(Settings),
}

/// More threads than any use is for.
const MOST_THREADS: usize = 1024;

impl Command {
    /// Makes sense of the arguments, or says why not.
    pub fn from_arguments(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut settings = Settings { paths: Vec::new(), threads, list: false };
        let mut only_names = false;
        while let Some(argument) = arguments.next() {
            match &*argument.to_string_lossy().into_owned() {
                text if only_names || !text.starts_with('-') => settings.paths.push(argument.into()),
                "--" => only_names = true,
                "--list" => settings.list = true,
                "--help" | "-h" => return Ok(Command::Help),
                text if text == "--threads" || text.starts_with("--threads=") => {
                    let value = match text.split_once('=') {
                        Some((_, value)) => Some(value.to_string()),
                        None => arguments.next().and_then(|value| value.into_string().ok()),
                    };
                    let number = value.as_ref().and_then(|value| value.parse().ok());
                    settings.threads = number
                        .filter(|number| (1..=MOST_THREADS).contains(number))
                        .ok_or_else(|| format!("--threads needs a number from 1 to {MOST_THREADS}"))?;
                }
                text => return Err(format!("no such option: {}", Shown(text))),
            }
        }
        if settings.paths.is_empty() {
            settings.paths.push(".".into());
        }
        Ok(Command::Outline(settings))
    }
}
