//! The command line.

use crate::language::Limits;
use crate::program::Shown;
use std::borrow::Cow;
use std::ffi::OsString;

/// What `--help` prints.
pub const HELP: &str = "\
Runs a program in Pebble, a small language that lives in arenas.

Usage: pebble [OPTIONS] [FILE]

FILE is a program; `-`, or nothing, is standard input. examples/pebble/programs has some.

Options:
  --stats           show on standard error what the arenas took
  --max-depth N     nest calls and expressions at most N deep (20000)
  --max-memory MIB  let values take at most so many MiB (256)
  --help            show this

The language: let x = 1; x = x + 1; fn f(a, b) { a * b } return v; if c { } else { }
while c { } for x in list { } and or not == != < <= > >= + - * / % [1, 2][0] \"text\\n\"
fn(x) { x } is a value, nil, true, false. A block's last expression is its value. # comments.
Lists do not change: push(list, x) is a new one, at the price of one element.
Functions: print len push str int join chars range.

Exit code: 0 when the program ran, 1 when it is wrong, fails or cannot be read, 2 for a wrong
command line.
";

/// What to do, by the arguments.
#[derive(Clone, Debug)]
pub struct Settings {
    /// None for standard input.
    pub path: Option<OsString>,
    pub limits: Limits,
    pub stats: bool,
}

impl Settings {
    /// What messages call the source.
    pub fn name(&self) -> Cow<'_, str> {
        self.path.as_ref().map_or(Cow::Borrowed("standard input"), |path| path.to_string_lossy())
    }
}

pub enum Command {
    Help,
    Run(Settings),
}

impl Command {
    /// Makes sense of the arguments, or says why not.
    pub fn from_arguments(arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
        let mut settings = Settings { path: None, limits: Limits { depth: 20_000, memory: 256 << 20 }, stats: false };
        let mut arguments = arguments;
        let mut given = false;
        let mut only_names = false;
        while let Some(argument) = arguments.next() {
            let text = &*argument.to_string_lossy().into_owned();
            if only_names || text == "-" || !text.starts_with('-') {
                if given {
                    return Err("only one program at a time".into());
                }
                given = true;
                settings.path = (only_names || text != "-").then_some(argument);
                continue;
            }
            let (name, inline) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (text, None),
            };
            let mut number = |at_most: usize| {
                let value = inline.clone().or_else(|| arguments.next()?.into_string().ok());
                let value = value.ok_or_else(|| format!("{name} needs a number"))?;
                match value.parse::<usize>() {
                    Ok(number) if (1..=at_most).contains(&number) => Ok(number),
                    Ok(_) => Err(format!("{name} takes 1 to {at_most}")),
                    Err(_) => Err(format!("{name} needs a number, not {value:?}")),
                }
            };
            match name {
                "--" if inline.is_none() => only_names = true,
                "--stats" if inline.is_none() => settings.stats = true,
                "--max-depth" => settings.limits.depth = number(10_000_000)?,
                "--max-memory" => settings.limits.memory = number(1_000_000)? << 20,
                "--help" | "-h" if inline.is_none() => return Ok(Command::Help),
                _ => return Err(format!("no such option: {}", Shown(text))),
            }
        }
        Ok(Command::Run(settings))
    }
}
