//! Allocating strings: copied, and formatted in place.

use super::failure::{Failure, Panic, Report};
use super::growing::Growing;
use super::{Arena, Backing};
use crate::error::{AllocError, AllocReason};
use core::fmt;

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Copies a string into the arena.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let name: &str = arena.alloc_str("region");
    /// assert_eq!(name, "region");
    /// ```
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn alloc_str(&self, source: &str) -> &mut str {
        Panic::unwrap(self.str_or::<Panic>(source))
    }

    /// As [`alloc_str`](Self::alloc_str).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_str(&self, source: &str) -> Result<&mut str, AllocError> {
        self.str_or::<Report>(source)
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn str_or<F: Failure>(&self, source: &str) -> Result<&mut str, F::Error> {
        let bytes = self.slice_copy_or::<F, u8>(source.as_bytes())?;
        // SAFETY: the bytes are a copy of a string's.
        Ok(unsafe { core::str::from_utf8_unchecked_mut(bytes) })
    }

    /// Formats into the arena, growing in place: no copy, no guess at the length.
    ///
    /// What is formatted may allocate from the same arena.
    ///
    /// # Panics
    /// When memory cannot be had, or a `Display` implementation fails or panics.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let text = arena.alloc_fmt(format_args!("{}:{}", "line", 7));
    /// assert_eq!(text, "line:7");
    /// ```
    #[allow(clippy::mut_from_ref)]
    pub fn alloc_fmt(&self, arguments: fmt::Arguments<'_>) -> &mut str {
        Panic::unwrap(self.fmt_or::<Panic>(arguments))
    }

    /// As [`alloc_fmt`](Self::alloc_fmt).
    ///
    /// # Errors
    /// When memory cannot be had, or a `Display` implementation fails
    /// ([`AllocReason::Format`]).
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_fmt(&self, arguments: fmt::Arguments<'_>) -> Result<&mut str, AllocError> {
        self.fmt_or::<Report>(arguments)
    }

    #[inline]
    #[allow(clippy::mut_from_ref)]
    fn fmt_or<F: Failure>(&self, arguments: fmt::Arguments<'_>) -> Result<&mut str, F::Error> {
        if let Some(text) = arguments.as_str() {
            return self.str_or::<F>(text);
        }
        let mut text = Text { bytes: Growing::new(self), refused: None };
        let written = fmt::write(&mut text, arguments);
        // Asked first: a `Display` may swallow the error of a piece that found no room.
        match (text.refused, written) {
            (Some(refused), _) => Err(F::from(refused)),
            (None, Err(fmt::Error)) => Err(F::from(AllocError::new(0, AllocReason::Format))),
            // SAFETY: only whole strings were appended.
            (None, Ok(())) => Ok(unsafe { core::str::from_utf8_unchecked_mut(text.bytes.finish()) }),
        }
    }
}

/// Text under way, and why the arena refused if it did: `fmt::Error` cannot say.
struct Text<'a, const MIN_ALIGN: usize, B: Backing> {
    bytes: Growing<'a, u8, MIN_ALIGN, B>,
    refused: Option<AllocError>,
}

impl<const MIN_ALIGN: usize, B: Backing> fmt::Write for Text<'_, MIN_ALIGN, B> {
    #[inline]
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.bytes.extend_from_slice::<Report>(piece.as_bytes()).map_err(|error| {
            self.refused = Some(error);
            fmt::Error
        })
    }
}
