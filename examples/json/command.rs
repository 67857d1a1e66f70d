//! The command line.

use crate::candidate::{Candidate, Order};
use crate::parser::Options;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
Parses JSON into a tree that lives in one arena, and shows what that saves.

Usage: json [OPTIONS] [FILE]
       … | json [OPTIONS] [-]

FILE is a JSON document; `-` is standard input. Without either, a pipe or file
on standard input is read; failing that, a document is built here, the same
every time.

A regular FILE is mapped, not read: do not write to it while this runs, or give
--read.

Options:
  --read           read FILE into memory instead of mapping it
  --max-depth N    refuse documents that nest deeper (1024)
  --rounds N       measure each candidate N times and show the medians (3);
                   0 measures nothing
  --size MIB       size of the built document in MiB (100)
  --help           show this

The candidates are this parser with its tree in an arena, this parser with its
tree in Vecs and Strings, and serde_json. Each run is a process of its own.

Exit code: 0 when the document is JSON, 1 when it is not or cannot be read, 2
for a wrong command line or too little memory. Colours and the progress bar
appear on terminals only; NO_COLOR is heeded.
";

/// The hidden first argument of a process that measures one candidate.
pub const MEASURE: &str = "--measure-one";

/// Where the document comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file by name, whatever kind it is.
    Path(PathBuf),
    /// Standard input, because it was asked for or because something is there.
    Stdin,
    /// A document built here, of this many bytes or a few more.
    Built(usize),
}

/// What to do, by the arguments.
#[derive(Clone, Debug)]
pub struct Settings {
    pub source: Source,
    pub options: Options,
    /// Whether regular files are mapped or read.
    pub access: Access,
    pub rounds: usize,
}

/// How to get at the bytes of a regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Map,
    Read,
}

/// What the program was started for.
pub enum Command {
    Help,
    Read(Settings),
    /// To be the process that measures one candidate.
    Measure(Order),
}

impl Command {
    /// Makes sense of the arguments, or says why not.
    pub fn from_arguments(arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
        let mut arguments = arguments.peekable();
        if arguments.peek().is_some_and(|first| first == MEASURE) {
            return measure(arguments.skip(1)).ok_or_else(|| format!("{MEASURE} is for the program's own use"));
        }
        let mut settings =
            Settings { source: Source::Stdin, options: Options::default(), access: Access::Map, rounds: 3 };
        let mut size = 100 << 20;
        let mut source = None;
        let mut only_names = false;
        while let Some(argument) = arguments.next() {
            let text = argument.to_str().unwrap_or_default();
            let (name, inline) = match text.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_string())),
                _ => (text, None),
            };
            let mut number = |at_most: usize| {
                let value = inline.clone().or_else(|| arguments.next()?.into_string().ok());
                let value = value.ok_or_else(|| format!("{name} needs a number"))?;
                match value.parse::<usize>() {
                    Ok(number) if number <= at_most => Ok(number),
                    Ok(_) => Err(format!("{name} takes at most {at_most}")),
                    Err(_) => Err(format!("{name} needs a number, not {value:?}")),
                }
            };
            match name {
                _ if only_names || text == "-" || !text.starts_with('-') => {
                    let named = if text == "-" && !only_names { Source::Stdin } else { Source::Path(argument.into()) };
                    if source.replace(named).is_some() {
                        return Err("only one document at a time".into());
                    }
                }
                "--" => only_names = true,
                "--max-depth" => settings.options.max_depth = number(usize::MAX)?,
                "--rounds" => settings.rounds = number(1000)?,
                "--size" => size = number(1_000_000)?.max(1).saturating_mul(1 << 20),
                "--read" if inline.is_none() => settings.access = Access::Read,
                "--help" | "-h" if inline.is_none() => return Ok(Command::Help),
                _ => return Err(format!("no such option: {text}")),
            }
        }
        settings.source =
            source.unwrap_or_else(|| if something_on_stdin() { Source::Stdin } else { Source::Built(size) });
        Ok(Command::Read(settings))
    }
}

/// The arguments that follow [`MEASURE`], as [`Order::arguments`] writes them.
fn measure(mut arguments: impl Iterator<Item = OsString>) -> Option<Command> {
    let mut next = || arguments.next()?.into_string().ok();
    let candidate = Candidate::from_name(&next()?)?;
    let options = Options { max_depth: next()?.parse().ok()? };
    let access = if next()? == "map" { Access::Map } else { Access::Read };
    let ram = next()?.parse().ok()?;
    Some(Command::Measure(Order { candidate, options, access, ram }))
}

/// Whether a document was put on standard input: by `other | json` or `json < file`.
///
/// A terminal and `/dev/null` say no, and so does a socket, which is what services and some test runners
/// hang there without ever writing to it; `-` reads those.
fn something_on_stdin() -> bool {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return false;
    }
    let kind = stdin.as_fd().try_clone_to_owned().and_then(|fd| File::from(fd).metadata());
    kind.is_ok_and(|kind| kind.file_type().is_fifo() || kind.file_type().is_file())
}
