//! Text from bytes and words that may be no text.

use super::String;
use crate::arena::Arena;
use crate::collections::{ArenaAllocator, Vec};
use crate::error::failure::{Failure, Panic, Report};
use crate::error::{AllocError, AllocOrInitError};
use core::char::DecodeUtf16Error;
use core::error::Error;
use core::fmt;
use core::str::Utf8Error;

/// Bytes that are no text, with what is wrong with them. Made by [`String::from_utf8`].
pub struct FromUtf8Error<'a, A: ArenaAllocator = Arena> {
    bytes: Vec<'a, u8, A>,
    error: Utf8Error,
}

impl<'a, A: ArenaAllocator> String<'a, A> {
    /// Takes bytes that are UTF-8, without copying them.
    ///
    /// # Errors
    /// When they are not; the error has them.
    pub fn from_utf8(bytes: Vec<'a, u8, A>) -> Result<Self, FromUtf8Error<'a, A>> {
        match core::str::from_utf8(&bytes) {
            Ok(_) => Ok(String { bytes }),
            Err(error) => Err(FromUtf8Error { bytes, error }),
        }
    }

    /// A copy of bytes that should be UTF-8: each longest part that is not becomes U+FFFD, the replacement character.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let text = region::collections::String::from_utf8_lossy_in(b"caf\xe9!", &arena);
    /// assert_eq!(text, "caf\u{fffd}!");
    /// ```
    #[track_caller]
    pub fn from_utf8_lossy_in(bytes: &[u8], arena: &'a A) -> Self {
        Panic::unwrap(Panic::check(Self::try_from_utf8_lossy_in(bytes, arena)))
    }

    /// As [`from_utf8_lossy_in`](Self::from_utf8_lossy_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    pub fn try_from_utf8_lossy_in(bytes: &[u8], arena: &'a A) -> Result<Self, AllocError> {
        // Just enough for what is text, or nearly.
        let mut text = Self::try_with_capacity_in(bytes.len(), arena)?;
        for chunk in bytes.utf8_chunks() {
            text.try_push_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                text.try_push(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(text)
    }

    /// Text of UTF-16.
    ///
    /// # Errors
    /// At the first half of a pair without its other half, which the error names.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// use region::collections::String;
    /// let arena = region::Arena::new();
    /// assert_eq!(String::from_utf16_in(&[0xd834, 0xdd1e, 0x6d], &arena).unwrap(), "𝄞m");
    /// assert_eq!(String::from_utf16_in(&[0x6d, 0xd834], &arena).unwrap_err().unpaired_surrogate(), 0xd834);
    /// ```
    #[track_caller]
    pub fn from_utf16_in(words: &[u16], arena: &'a A) -> Result<Self, DecodeUtf16Error> {
        Panic::unwrap(Self::from_utf16_or::<Panic>(words, arena))
    }

    /// As [`from_utf16_in`](Self::from_utf16_in).
    ///
    /// # Errors
    /// When memory cannot be had, or the words are no text.
    pub fn try_from_utf16_in(words: &[u16], arena: &'a A) -> Result<Self, AllocOrInitError<DecodeUtf16Error>> {
        Self::from_utf16_or::<Report>(words, arena)?.map_err(AllocOrInitError::Init)
    }

    #[track_caller]
    fn from_utf16_or<F: Failure>(words: &[u16], arena: &'a A) -> Result<Result<Self, DecodeUtf16Error>, F::Error> {
        // At least a byte a word; the rest comes as it is needed.
        let mut text = F::check(Self::try_with_capacity_in(words.len(), arena))?;
        for character in char::decode_utf16(words.iter().copied()) {
            match character {
                Ok(character) => F::check(text.try_push(character))?,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(text))
    }
}

impl<'a, A: ArenaAllocator> FromUtf8Error<'a, A> {
    /// The bytes that were refused.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let error = region::collections::String::from_utf8(region::vec![in &arena; b'a', 0xff]).unwrap_err();
    /// assert_eq!((error.as_bytes(), error.utf8_error().valid_up_to()), (&b"a\xff"[..], 1));
    /// ```
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes that were refused, as the vector that they were in.
    pub fn into_bytes(self) -> Vec<'a, u8, A> {
        self.bytes
    }

    /// Where and how they are no text.
    pub fn utf8_error(&self) -> Utf8Error {
        self.error
    }
}

impl<'a, A: ArenaAllocator> fmt::Debug for FromUtf8Error<'a, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FromUtf8Error").field(&self.error).finish()
    }
}

impl<'a, A: ArenaAllocator> fmt::Display for FromUtf8Error<'a, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl<'a, A: ArenaAllocator> Error for FromUtf8Error<'a, A> {}
