//! What was wrong with a document, where, and how to show it.

use std::fmt;

/// What was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but white space.
    Empty,
    /// The document starts with U+FEFF, which RFC 8259 forbids to write.
    ByteOrderMark,
    /// A byte that is not UTF-8.
    NotUtf8,
    /// Something else than what may stand here.
    Unexpected {
        /// What stands here.
        found: char,
        /// What may stand here.
        wanted: &'static str,
    },
    /// The document ends where this may stand.
    EndsEarly(&'static str),
    /// A letter begins this word, and something else follows.
    Word(&'static str),
    /// A comma, and then the end of the array or object.
    TrailingComma,
    /// Something follows the document.
    Trailing,
    /// More arrays and objects within each other than this limit.
    TooDeep(usize),
    /// A string that never ends.
    OpenString,
    /// A control character in a string, as itself.
    Control(u8),
    /// A backslash before a character that it does not escape.
    Escape,
    /// A character in `\uXXXX` that is not a hexadecimal digit.
    Hex,
    /// One half of a UTF-16 pair, without the other.
    LoneSurrogate(u16),
    /// A number that goes on after a leading zero.
    LeadingZero,
    /// A number where a digit is missing.
    Digit,
    /// A number that no `f64` comes near.
    NumberRange,
    /// There is no memory for what stands here.
    Memory,
}

impl Kind {
    /// Whether more text might have made it right.
    pub(super) fn is_truncation(self) -> bool {
        matches!(self, Kind::OpenString | Kind::EndsEarly(_) | Kind::Empty)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Kind::Empty => f.write_str("the document is empty; JSON needs one value"),
            Kind::ByteOrderMark => f.write_str("a byte order mark; RFC 8259 wants UTF-8 without one"),
            Kind::NotUtf8 => f.write_str("not UTF-8; RFC 8259 wants nothing else"),
            Kind::Unexpected { found, wanted } => write!(f, "expected {wanted}, found {found:?}"),
            Kind::EndsEarly(wanted) => write!(f, "expected {wanted}, but the document ends here"),
            Kind::Word(word) => write!(f, "expected `{word}`"),
            Kind::TrailingComma => f.write_str("a comma before the end; JSON has no trailing commas"),
            Kind::Trailing => f.write_str("something follows the document; JSON is one value"),
            Kind::TooDeep(limit) => write!(f, "nested more than {limit} deep, which is the limit"),
            Kind::OpenString => f.write_str("this string does not end"),
            Kind::Control(byte) => write!(f, "a control character in a string; write it as \\u{byte:04x}"),
            Kind::Escape => f.write_str("no such escape; there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX"),
            Kind::Hex => f.write_str("expected a hexadecimal digit; \\u takes four"),
            Kind::LoneSurrogate(unit) => write!(f, "\\u{unit:04x} is half of a character; the other half is missing"),
            Kind::LeadingZero => f.write_str("a number does not start with 0 and more digits"),
            Kind::Digit => f.write_str("expected a digit"),
            Kind::NumberRange => f.write_str("a number beyond what 64-bit floating point can hold"),
            Kind::Memory => f.write_str("no memory for what comes here"),
        }
    }
}

/// What was wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What.
    pub kind: Kind,
    /// The byte it was found at, from 0; the document's length when it ends too early.
    pub offset: usize,
    /// Its line, from 1. Lines end in `\n`.
    pub line: usize,
    /// Its column, from 1, in characters.
    pub column: usize,
}

impl SyntaxError {
    pub(super) fn new(kind: Kind, document: &[u8], offset: usize) -> Self {
        let before = &document[..offset];
        let line_start = line_start(before);
        SyntaxError {
            kind,
            offset,
            line: before.iter().filter(|&&byte| byte == b'\n').count() + 1,
            // Every character has one byte that is no continuation.
            column: before[line_start..].iter().filter(|&&byte| byte & 0xc0 != 0x80).count() + 1,
        }
    }

    /// The line it was found in, with a mark: at most [`EXCERPT`] characters to either side, so
    /// that a document on a single line of a gigabyte is shown as well as any other.
    ///
    /// ```text
    ///    3 │   "width": 01,
    ///      │            ^
    /// ```
    pub fn excerpt(&self, document: &[u8]) -> String {
        let line_start = line_start(&document[..self.offset]);
        // A character has at most four bytes; lossy decoding makes the pieces of a cut one visible.
        let from = line_start.max(self.offset.saturating_sub(4 * EXCERPT));
        let rest = &document[self.offset..document.len().min(self.offset + 4 * EXCERPT)];
        let rest = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();

        let before: Vec<char> = String::from_utf8_lossy(&document[from..self.offset]).chars().collect();
        let cut = before.len().saturating_sub(EXCERPT);
        let mut left = String::new();
        if from + cut > line_start {
            left.push('…');
        }
        left.extend(before[cut..].iter().map(|&char| visible(char)));
        let after = String::from_utf8_lossy(rest);
        let mut right: String = after.chars().take(EXCERPT).map(visible).collect();
        if right.ends_with('␍') {
            right.pop();
        }

        let number = self.line.to_string();
        let margin = " ".repeat(number.len().max(4));
        let indent = " ".repeat(left.chars().count());
        format!("{number:>4} │ {left}{right}\n{margin} │ {indent}^")
    }
}

/// Characters shown to either side of a mistake.
const EXCERPT: usize = 60;

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.kind)
    }
}

impl std::error::Error for SyntaxError {}

/// Where the last line of `text` starts.
fn line_start(text: &[u8]) -> usize {
    text.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1)
}

/// The character, or one of the same width that does nothing to a terminal.
fn visible(char: char) -> char {
    match char {
        '\t' => ' ',
        '\0'..='\x1f' => char::from_u32(0x2400 + char as u32).unwrap_or('\u{fffd}'),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' => '\u{fffd}',
        // Marks that reorder what follows would hide the mark.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => char,
    }
}
