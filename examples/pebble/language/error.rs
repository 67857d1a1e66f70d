//! What is wrong with a program, where, and how to show it. Nothing is formatted before somebody looks.

use super::syntax::Span;
use region::AllocError;
use std::fmt::{self, Write};
use std::io;

/// What is wrong.
#[derive(Debug)]
pub enum Kind<'p> {
    // In the text.
    /// The source has more bytes than a position can count.
    SourceTooLong,
    NoToken(char),
    OpenText,
    NoEscape(char),
    IntegerTooLarge,
    /// Something else than what may stand here.
    Expected {
        wanted: &'static str,
        found: &'p str,
    },
    /// The source nests more than this deep.
    SourceTooDeep(usize),
    NotDefined(&'p str),
    DefinedTwice(&'p str),
    /// A variable that is not the function's own is assigned to.
    NotOwn(&'p str),
    NotAssignable,
    ReturnOutside,
    // While it runs.
    NotYet(&'p str),
    /// An operation on a type that it does not know.
    Operand {
        operation: &'static str,
        found: &'static str,
    },
    Operands {
        operation: &'static str,
        left: &'static str,
        right: &'static str,
    },
    Condition(&'static str),
    NotCallable(&'static str),
    Arguments {
        name: &'p str,
        wanted: usize,
        given: usize,
    },
    OutOfRange {
        index: i64,
        len: usize,
    },
    Overflow(&'static str),
    DivisionByZero,
    NotANumber,
    /// Calls and expressions within each other, more than this deep.
    TooDeep(usize),
    /// Lists and functions inside each other, more than this deep.
    NestedTooDeep(u32),
    Memory(AllocError),
    Output(io::ErrorKind),
}

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Kind::SourceTooLong => f.write_str("a program has at most 4 GiB of source"),
            Kind::NoToken(char) => write!(f, "{char:?} means nothing here"),
            Kind::OpenText => f.write_str("this string does not end on its line; write \\n for a new line"),
            Kind::NoEscape(char) => write!(f, "no such escape: \\{}; there are \\n \\t \\\" \\\\", char.escape_debug()),
            Kind::IntegerTooLarge => write!(f, "this number is too large; the largest is {}", i64::MAX),
            Kind::Expected { wanted, found: "" } => write!(f, "expected {wanted}, but the program ends here"),
            Kind::Expected { wanted, found } => {
                write!(f, "expected {wanted}, found `")?;
                // A string may be anything.
                found.chars().try_for_each(|char| f.write_char(visible(char)))?;
                f.write_str("`")
            }
            Kind::SourceTooDeep(limit) => write!(f, "nested more than {limit} deep, which is the limit"),
            Kind::NotDefined(name) => write!(f, "`{name}` is not defined"),
            Kind::DefinedTwice(name) => write!(f, "the function `{name}` is defined twice"),
            Kind::NotOwn(name) => {
                write!(f, "`{name}` is not a variable of this function: it can be read here, not assigned to")
            }
            Kind::NotAssignable => f.write_str("only a variable can be assigned to; lists do not change: see push"),
            Kind::ReturnOutside => f.write_str("`return` outside of a function"),
            Kind::NotYet(name) => write!(f, "`{name}` is used before its `let`"),
            Kind::Operand { operation, found } => write!(f, "{operation} does not take {found}"),
            Kind::Operands { operation, left, right } => write!(f, "`{operation}` does not take {left} and {right}"),
            Kind::Condition(found) => write!(f, "a condition is true or false, not {found}"),
            Kind::NotCallable(found) => write!(f, "only functions can be called, not {found}"),
            Kind::Arguments { name, wanted, given } => {
                write!(f, "`{name}` takes {wanted} argument{}, not {given}", if wanted == 1 { "" } else { "s" })
            }
            Kind::OutOfRange { index, len } => write!(f, "no element {index}: the list has {len}, from 0"),
            Kind::Overflow(operation) => write!(f, "the result of `{operation}` does not fit a number of 64 bits"),
            Kind::DivisionByZero => f.write_str("division by zero"),
            Kind::NotANumber => f.write_str("this text is not a whole number of 64 bits"),
            Kind::TooDeep(limit) => write!(
                f,
                "calls nest too deep (limit {limit}); a function that calls itself without end? else see --max-depth"
            ),
            Kind::NestedTooDeep(limit) => write!(f, "lists are nested more than {limit} deep, which is the limit"),
            Kind::Memory(error) => write!(f, "the program's memory is used up: {error}; see --max-memory"),
            Kind::Output(kind) => write!(f, "cannot print: {kind}"),
        }
    }
}

/// What is wrong, and the part of the source that it is about.
#[derive(Debug)]
pub struct Error<'p> {
    pub kind: Kind<'p>,
    pub at: Span,
}

impl Error<'_> {
    /// The error as people want it, with the line it is in: [`Report`] displays.
    pub fn report<'e>(&'e self, name: &'e str, source: &'e str) -> Report<'e> {
        Report { kind: &self.kind, at: self.at, name, source }
    }
}

/// An error beside its source.
///
/// ```text
/// primes.pebble:3:15: `mark` is not defined
///    3 │     sieve = mark(sieve, i);
///      │             ^^^^
/// ```
pub struct Report<'e> {
    kind: &'e Kind<'e>,
    at: Span,
    name: &'e str,
    source: &'e str,
}

/// Characters of a long line that are shown to either side of a mistake.
const EXCERPT: usize = 60;

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.at.start as usize, self.at.end as usize);
        let line_start = self.source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let number = self.source[..line_start].matches('\n').count() + 1;
        let before = &self.source[line_start..start];
        let line_end = self.source[start..].find('\n').map_or(self.source.len(), |newline| start + newline);
        // What goes on in the next line is shown up to the end of this one.
        let marked = &self.source[start..end.clamp(start, line_end)];
        let after = self.source[start + marked.len()..line_end].trim_end();

        let columns = before.chars().count();
        writeln!(f, "{}:{number}:{}: {}", self.name, columns + 1, self.kind)?;
        let skipped = columns.saturating_sub(EXCERPT);
        write!(f, "{number:>4} │ {}", if skipped > 0 { "…" } else { "" })?;
        for char in before.chars().skip(skipped).chain(marked.chars().chain(after.chars()).take(EXCERPT)) {
            f.write_char(visible(char))?;
        }
        let indent = columns - skipped + usize::from(skipped > 0);
        write!(f, "\n     │ {:indent$}{:^<width$}", "", "", width = marked.chars().count().clamp(1, EXCERPT))
    }
}

/// The character, or one of the same width that does nothing to a terminal.
fn visible(char: char) -> char {
    match char {
        '\t' => ' ',
        '\0'..='\x1f' => char::from_u32(0x2400 + char as u32).unwrap_or('\u{fffd}'),
        '\x7f'..='\u{9f}' => '\u{fffd}',
        // Marks that reorder what follows would hide the mark.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => char,
    }
}
