//! Allocating strings: copied, and formatted in place.

use super::formatting::{Formatted, Text};
use super::growing::Growing;
use super::{Arena, Backing};
use crate::copy::FEW;
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use core::fmt;
use core::ptr::NonNull;

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
    #[track_caller]
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
    #[track_caller]
    fn str_or<F: Failure>(&self, source: &str) -> Result<&mut str, F::Error> {
        let bytes = self.slice_copy_or::<F, u8>(source.as_bytes())?;
        // SAFETY: the bytes are a copy of a string's.
        Ok(unsafe { core::str::from_utf8_unchecked_mut(bytes) })
    }

    /// Formats into the arena, growing in place: without a copy, and without an estimate of the length.
    ///
    /// A `Display` implementation may allocate from the same arena.
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
    #[track_caller]
    pub fn alloc_fmt(&self, arguments: fmt::Arguments<'_>) -> &mut str {
        Panic::unwrap(self.fmt_or::<Panic>(arguments))
    }

    /// As [`alloc_fmt`](Self::alloc_fmt).
    ///
    /// # Errors
    /// When memory cannot be had, or a `Display` implementation fails
    /// ([`Format`](crate::error::AllocReason::Format)).
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_fmt(&self, arguments: fmt::Arguments<'_>) -> Result<&mut str, AllocError> {
        self.fmt_or::<Report>(arguments)
    }

    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn fmt_or<F: Failure>(&self, arguments: fmt::Arguments<'_>) -> Result<&mut str, F::Error> {
        if let Some(text) = arguments.as_str() {
            return self.str_or::<F>(text);
        }
        // SAFETY: the bytes are text, and nobody else has them.
        Ok(unsafe { core::str::from_utf8_unchecked_mut(self.formatted::<F>(arguments)?.as_mut()) })
    }

    /// The bytes of formatted text, by a pointer that is good for growing them where they are.
    #[inline]
    #[track_caller]
    fn formatted<F: Failure>(&self, arguments: fmt::Arguments<'_>) -> Result<NonNull<[u8]>, F::Error> {
        let bytes = Growing::with_room(self, Growing::<u8, MIN_ALIGN, B>::FIRST_ROOM, 0);
        let mut formatted = Formatted::new(bytes);
        F::check(formatted.write(arguments))?;
        Ok(formatted.text.finish_copied())
    }

    /// As [`try_alloc_fmt`](Self::try_alloc_fmt), for a container that goes on in these bytes.
    pub(crate) fn try_formatted(&self, arguments: fmt::Arguments<'_>) -> Result<NonNull<[u8]>, AllocError> {
        self.formatted::<Report>(arguments)
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Text for Growing<'_, u8, MIN_ALIGN, B> {
    #[inline]
    fn try_append(&mut self, piece: &str) -> Result<(), AllocError> {
        self.extend_from_slice::<Report>(piece.as_bytes())
    }

    #[inline(always)]
    fn append_at_hand(&mut self, piece: &str) -> bool {
        piece.len() <= FEW && self.extend_at_hand(piece.as_bytes())
    }
}
