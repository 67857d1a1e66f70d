//! Why a tree was not saved, or a file not opened as one, in words a person can act on.

use crate::bytes::Bytes;
use crate::error::{AllocError, Error};
use core::fmt;

/// What is wrong with the bytes that a checked opening looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SavedFault {
    /// No variant of the enum has this number.
    Variant(u8),
    /// A `bool` that is neither 0 nor 1.
    Bool(u8),
    /// A `char` that is no Unicode scalar value.
    Char(u32),
    /// A zero where the type has none.
    Zero,
    /// Text that is no UTF-8.
    Text,
    /// A link that leads out of the tree.
    Outside,
    /// A link to a place where no value of its type can begin.
    Misaligned,
    /// A link to bytes that another link has, which owns them or is of another type.
    Taken,
    /// A link back to a value that it is itself a part of.
    Cycle,
    /// A link past bytes that no link leads to, or such bytes at the tree's end.
    Gap,
    /// A link to nothing that has another number than such links have.
    Nothing,
    /// A vector with a capacity that is not its length.
    Capacity,
    /// The list of values that several links lead to names one that is none.
    Shared,
}

impl fmt::Display for SavedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            SavedFault::Variant(number) => return write!(f, "an enum has no variant of number {number}"),
            SavedFault::Bool(byte) => return write!(f, "a bool is {byte}"),
            SavedFault::Char(number) => return write!(f, "a char is {number:#x}, which is no character"),
            SavedFault::Zero => "a number is 0 that cannot be",
            SavedFault::Text => "text is not UTF-8",
            SavedFault::Outside => "a link leads out of the tree",
            SavedFault::Misaligned => "a link leads to a place where no value of its type can begin",
            SavedFault::Taken => "a link leads to bytes that another link has",
            SavedFault::Cycle => "a link leads back to a value that it is a part of",
            SavedFault::Gap => "bytes lie between the values that no link leads to",
            SavedFault::Nothing => "a link to nothing leads somewhere",
            SavedFault::Capacity => "a vector has another capacity than length",
            SavedFault::Shared => "the list of shared values names one that is none",
        };
        f.write_str(text)
    }
}

/// Why a tree was not saved, or not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SavedReason {
    /// The operating system refused.
    Os(Error),
    /// Memory could not be had: the cage is full, or the system refused.
    Alloc(AllocError),
    /// It does not begin as a saved tree does: another file, or a machine with another order of bytes.
    NotATree,
    /// It was saved by a version of this library with this other format.
    Version(u32),
    /// It was saved from a cage whose links count so many bytes.
    Unit(u64),
    /// It was saved with other types than those it is to be opened with.
    Type,
    /// It has this many bytes, and its header says another number, or none that is possible.
    Length(u64),
    /// Its header has something else that no saved tree has: a place outside of any cage, or words that are in use by no
    /// version.
    Header,
    /// A value at this byte of the file cannot be.
    Value {
        /// Where, in bytes from the file's start.
        at: u64,
        /// What is wrong with it.
        fault: SavedFault,
    },
    /// The tree is larger than a cage can be.
    TooLarge,
}

/// What failed, as the sentence has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Save,
    Open,
}

/// A tree that was not saved, or a file that was not opened as one, and why. Nothing is left mapped.
///
/// ```
/// use region::cage::{Saved, SavedReason};
/// region::cage! { struct Ast; }
/// region::root! { struct Number = for<'a> u64; }
///
/// let error = Saved::<Number, Ast>::from_bytes(&[7; 100]).unwrap_err();
/// assert_eq!(error.reason(), SavedReason::NotATree);
/// println!("{error}");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedError {
    operation: Operation,
    cage: &'static str,
    unit: usize,
    reason: SavedReason,
}

impl SavedError {
    pub(super) const fn new(operation: Operation, cage: &'static str, unit: usize, reason: SavedReason) -> Self {
        SavedError { operation, cage, unit, reason }
    }

    /// Why.
    pub const fn reason(&self) -> SavedReason {
        self.reason
    }

    /// The name of the cage that it was to be saved from or opened in.
    pub const fn cage(&self) -> &'static str {
        self.cage
    }
}

impl From<AllocError> for SavedReason {
    fn from(error: AllocError) -> Self {
        SavedReason::Alloc(error)
    }
}

impl From<Error> for SavedReason {
    fn from(error: Error) -> Self {
        SavedReason::Os(error)
    }
}

impl fmt::Display for SavedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operation {
            Operation::Save => write!(f, "cannot save a tree of the cage `{}`: ", self.cage)?,
            Operation::Open => write!(f, "cannot open a saved tree in the cage `{}`: ", self.cage)?,
        }
        match self.reason {
            SavedReason::Os(error) => error.fmt(f),
            SavedReason::Alloc(error) => error.fmt(f),
            SavedReason::NotATree => f.write_str(
                "it does not begin as a saved tree of this kind of machine does. Is it the right file, and not cut?",
            ),
            SavedReason::Version(version) => {
                write!(f, "its format is {version}, and this library's another. Save it anew with this program.")
            }
            SavedReason::Unit(unit) => write!(
                f,
                "its links count {unit} bytes, and those of the cage {}. Declare the cage with the same `shift`.",
                self.unit
            ),
            SavedReason::Type => f.write_str(
                "it was saved with other types, or with other fields in them. Save it anew with this program.",
            ),
            SavedReason::Length(len) => {
                write!(f, "it has {len} bytes, and its header says otherwise. It was cut or changed; save it anew.",)
            }
            SavedReason::Header => {
                f.write_str("its header has what no saved tree has. It was damaged or forged; save it anew.")
            }
            SavedReason::Value { at, fault } => {
                write!(f, "at byte {at} {fault}. It was damaged or forged; save it anew.")
            }
            SavedReason::TooLarge => {
                write!(
                    f,
                    "it is longer than the cage can be, whose links count {}. Declare it with a larger `size` or `shift`.",
                    Bytes(self.unit)
                )
            }
        }
    }
}

impl core::error::Error for SavedError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.reason {
            SavedReason::Os(error) => Some(error),
            SavedReason::Alloc(error) => Some(error),
            _ => None,
        }
    }
}

/// A walk that ended early. The walk knows why.
#[doc(hidden)]
#[derive(Debug)]
pub struct Stop(());

impl Stop {
    pub(super) const NOW: Self = Stop(());
}
