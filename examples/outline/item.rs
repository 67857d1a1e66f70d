//! What an outline is made of: plain data that borrows its arena and nothing else.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Function,
    Struct,
    Enum,
    Trait,
    Impl,
    Module,
    Macro,
}

impl Kind {
    pub const ALL: [Kind; 7] =
        [Kind::Function, Kind::Struct, Kind::Enum, Kind::Trait, Kind::Impl, Kind::Module, Kind::Macro];

    /// As the language has it.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Function => "fn",
            Kind::Struct => "struct",
            Kind::Enum => "enum",
            Kind::Trait => "trait",
            Kind::Impl => "impl",
            Kind::Module => "mod",
            Kind::Macro => "macro_rules",
        }
    }

    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Something with a name, and what is defined in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'p> {
    pub kind: Kind,
    /// For an `impl`, all between that word and the brace.
    pub name: &'p str,
    /// From 1.
    pub line: u32,
    pub inner: &'p [Item<'p>],
}

/// A whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline<'p> {
    pub bytes: usize,
    pub lines: u32,
    pub items: &'p [Item<'p>],
}

/// Why a file has no outline.
#[derive(Debug)]
pub enum Error {
    /// With the system's reason.
    Unreadable(String),
    NotUtf8 {
        at: usize,
    },
    /// Text or comment, which begins in this line, without an end.
    Open {
        what: &'static str,
        line: u32,
    },
    /// Brackets that do not fit.
    Mismatch {
        close: char,
        line: u32,
        open: Option<(char, u32)>,
    },
    TooDeep {
        line: u32,
        limit: usize,
    },
    Memory(region::AllocError),
}

/// What follows the file's name.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unreadable(reason) => write!(f, ": {reason}"),
            Error::NotUtf8 { at } => write!(f, ": not UTF-8 at byte {at}"),
            Error::Open { what, line } => write!(f, ":{line}: this {what} does not end"),
            Error::Mismatch { close, line, open: Some((open, from)) } => {
                write!(f, ":{line}: `{close}` does not close the `{open}` of line {from}")
            }
            Error::Mismatch { close, line, open: None } => write!(f, ":{line}: `{close}` closes nothing"),
            Error::TooDeep { line, limit } => write!(f, ":{line}: nested more than {limit} deep, which is the limit"),
            Error::Memory(error) => write!(f, ": {error}"),
        }
    }
}
