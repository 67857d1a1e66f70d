//! Formatting into text that grows in an arena: the arena's own, and the strings'.
//!
//! It keeps the arena's error, for which `fmt::Error` has no place. Where the text lies is its user's.

use crate::error::{AllocError, AllocReason};
use core::fmt;

/// What is written to piece by piece.
pub(crate) trait Text {
    /// Appends a piece, or changes nothing.
    fn try_append(&mut self, piece: &str) -> Result<(), AllocError>;

    /// Appends a short piece for which there is room, without a call. False, and nothing is changed, for others.
    #[inline(always)]
    fn append_at_hand(&mut self, piece: &str) -> bool {
        let _ = piece;
        false
    }
}

/// A text that is being written, by value: it is written to without another step in between.
pub(crate) struct Formatted<T> {
    pub(crate) text: T,
    /// The error of the arena if it refused.
    refused: Option<AllocError>,
}

impl<T: Text> Formatted<T> {
    #[inline(always)]
    pub(crate) fn new(text: T) -> Self {
        Formatted { text, refused: None }
    }

    /// Writes to the end of the text. If it fails, a part of it may be there.
    ///
    /// # Errors
    /// When memory cannot be had, or a `Display` implementation fails ([`AllocReason::Format`]).
    #[inline(always)]
    pub(crate) fn write(&mut self, arguments: fmt::Arguments<'_>) -> Result<(), AllocError> {
        let written = fmt::write(self, arguments);
        // Looked at first: a `Display` may ignore the error of a piece for which there was no memory.
        match (self.refused, written) {
            (Some(refused), _) => Err(refused),
            (None, Err(fmt::Error)) => Err(AllocError::new(0, AllocReason::Format)),
            (None, Ok(())) => Ok(()),
        }
    }
}

impl<T: Text> Formatted<T> {
    /// Out of line, so that a short piece is written without a register being saved for what this calls.
    #[inline(never)]
    fn write_slowly(&mut self, piece: &str) -> fmt::Result {
        self.text.try_append(piece).map_err(|error| {
            self.refused = Some(error);
            fmt::Error
        })
    }
}

impl<T: Text> fmt::Write for Formatted<T> {
    #[inline]
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.text.append_at_hand(piece) { Ok(()) } else { self.write_slowly(piece) }
    }
}
