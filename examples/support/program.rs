//! What the example programs do alike: how they print, how they end, and what a terminal is spared.
//!
//! - A closed pipe is no error: whoever closed it has seen enough. A full disk is one, on any stream.
//! - Arguments are bytes, and need not be text.
//! - What comes from others, such as names of files, does nothing to a terminal.

#![allow(dead_code)] // each example uses its part

use std::ffi::OsString;
use std::fmt::{self, Display, Write as _};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// Ends a program that was to print: with the code that its work came to, or for lack of an output.
pub fn end(name: &str, outcome: io::Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("{name}: cannot print: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Says something on standard error. When that is gone, too, nothing can be shown.
pub fn complain(message: impl Display) {
    _ = writeln!(io::stderr().lock(), "{message}");
}

/// A program that prints what it sees, and draws it into a file where `--svg FILE` says so. What is wrong with what it would
/// see is the error of `see`.
pub fn picture<T>(
    name: &str,
    help: &str,
    see: impl FnOnce() -> Result<T, String>,
    draw: impl FnOnce(&T) -> String,
    print: impl FnOnce(&T) -> io::Result<()>,
) -> ExitCode {
    let picture = match with_picture(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => return end(name, io::stdout().write_all(help.as_bytes()).map(|()| ExitCode::SUCCESS)),
        Ok(Asked::Print(picture)) => picture,
        Err(message) => return misused(name, &message),
    };
    let seen = match see() {
        Ok(seen) => seen,
        Err(error) => {
            complain(format_args!("{name}: {error}"));
            return ExitCode::FAILURE;
        }
    };
    // It is wanted whatever becomes of what is printed, so it comes first.
    if let Some(path) = picture {
        if let Err(error) = std::fs::write(&path, draw(&seen)) {
            complain(format_args!("{name}: cannot write {}: {error}", Shown(&Path::new(&path).to_string_lossy())));
            return ExitCode::FAILURE;
        }
    }
    end(name, print(&seen).map(|()| ExitCode::SUCCESS))
}

/// What a program with a picture was asked for.
enum Asked {
    Help,
    /// To print, and to draw into the file if one is named.
    Print(Option<OsString>),
}

/// The arguments of a program that takes `--svg FILE` and `--help`, or what is wrong with them.
fn with_picture(arguments: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let arguments: Vec<OsString> = arguments.collect();
    match &arguments[..] {
        [] => Ok(Asked::Print(None)),
        [help] if help == "--help" || help == "-h" => Ok(Asked::Help),
        [flag, path] if flag == "--svg" => Ok(Asked::Print(Some(path.clone()))),
        [flag] if flag == "--svg" => Err("--svg needs the name of a file".into()),
        [first, ..] => Err(format!("no such option: {}", Shown(&first.to_string_lossy()))),
    }
}

/// Complains of the arguments.
pub fn misused(name: &str, what: &str) -> ExitCode {
    complain(format_args!("{name}: {what}\nTry {name} --help."));
    ExitCode::from(2)
}

/// Columns of the terminal that is printed to, 80 of anything else; `COLUMNS` in the environment goes before both.
pub fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    said.or_else(of_terminal).filter(|&columns| columns > 0).unwrap_or(80)
}

fn of_terminal() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    // SAFETY: the call fills the plain struct that it is given, and keeps nothing.
    unsafe {
        let mut size: libc::winsize = std::mem::zeroed();
        (libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &mut size) == 0).then_some(usize::from(size.ws_col))
    }
}

/// Prints words from `column` on, in lines of at most `width` columns, all but the first indented by `indent`.
pub fn fill(out: &mut impl Write, text: &str, column: usize, indent: usize, width: usize) -> io::Result<()> {
    let (mut at, mut first) = (column, true);
    for word in text.split_whitespace() {
        let len = word.chars().count();
        if !first && at + 1 + len > width {
            write!(out, "\n{:indent$}", "")?;
            at = indent;
        } else if !first {
            write!(out, " ")?;
            at += 1;
        }
        write!(out, "{word}")?;
        (at, first) = (at + len, false);
    }
    writeln!(out)
}

/// A text with every character replaced that does something to a terminal, or to the order of what follows.
pub struct Shown<'t>(pub &'t str);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| f.write_char(visible(char)))
    }
}

/// The text as it is, or as a terminal may have it.
pub fn shown(text: &str, on: &impl IsTerminal) -> String {
    if on.is_terminal() { Shown(text).to_string() } else { text.to_owned() }
}

/// The character, or one of the same width that does nothing.
pub fn visible(char: char) -> char {
    match char {
        '\0'..='\x1f' => char::from_u32(0x2400 + char as u32).unwrap_or('\u{fffd}'),
        '\x7f'..='\u{9f}' => '\u{fffd}',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => char,
    }
}
