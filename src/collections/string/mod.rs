//! Growing text in an arena: the standard library's `String`, over a vector of bytes.
//!
//! Only whole characters go in, so the bytes are UTF-8 at any time. For text that does not grow, `Arena::alloc_str` and
//! `alloc_fmt` return a `&mut str`, a word less.
//!
//! - `edit`: changes in the middle. `decode`: text from bytes and UTF-16. `traits`: those of the language, std and
//!   serde.
//!
//! Here are the type, its making, and what happens at its end.

mod decode;
mod edit;
mod traits;

pub use decode::FromUtf8Error;
pub use edit::StringDrain;
pub use traits::Piece;

use super::{ArenaAllocator, Box, Vec};
use crate::arena::Arena;
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use crate::vector::fill;
use core::fmt;

/// Growable text in an arena.
///
/// ```
/// use region::Arena;
/// use region::collections::String;
/// let arena = Arena::new();
/// let mut text = String::from_str_in("let x", &arena);
/// text.push_str(" = ");
/// text.extend(['4', '2']);
/// text.push(';');
/// assert_eq!(text, "let x = 42;");
/// let text: &str = text.into_bump_str();                        // as long as the arena is borrowed
/// assert_eq!(arena.used(), 16);                                  // 11 bytes; unused memory was given back
/// # assert_eq!(text.len(), 11);
/// ```
///
/// *Memory*, *threads*, and *errors*: as [`Vec`]. Through [`fmt::Write`], exhausted memory is
/// [`fmt::Error`], and the piece that did not fit is left out as a whole.
pub struct String<'a, A: ArenaAllocator = Arena> {
    /// Always UTF-8.
    bytes: Vec<'a, u8, A>,
}

impl<'a, A: ArenaAllocator> String<'a, A> {
    /// Empty text, which takes no memory yet.
    #[inline]
    pub fn new_in(arena: &'a A) -> Self {
        String { bytes: Vec::new_in(arena) }
    }

    /// Empty text with capacity for `capacity` bytes.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[track_caller]
    pub fn with_capacity_in(capacity: usize, arena: &'a A) -> Self {
        String { bytes: Vec::with_capacity_in(capacity, arena) }
    }

    /// As [`with_capacity_in`](Self::with_capacity_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    pub fn try_with_capacity_in(capacity: usize, arena: &'a A) -> Result<Self, AllocError> {
        Ok(String { bytes: Vec::try_with_capacity_in(capacity, arena)? })
    }

    /// A copy of `source`, with no spare capacity.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[track_caller]
    pub fn from_str_in(source: &str, arena: &'a A) -> Self {
        let mut text = String::with_capacity_in(source.len(), arena);
        text.push_str(source);
        text
    }

    /// As [`from_str_in`](Self::from_str_in).
    ///
    /// # Errors
    /// When memory is exhausted.
    pub fn try_from_str_in(source: &str, arena: &'a A) -> Result<Self, AllocError> {
        let mut text = String::try_with_capacity_in(source.len(), arena)?;
        text.try_push_str(source)?;
        Ok(text)
    }

    /// Collects characters or strings.
    ///
    /// # Panics
    /// When memory cannot be had, or the iterator does.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let shout = region::collections::String::from_iter_in("name".chars().map(|c| c.to_ascii_uppercase()), &arena);
    /// assert_eq!(shout, "NAME");
    /// ```
    #[track_caller]
    pub fn from_iter_in<T: Piece>(pieces: impl IntoIterator<Item = T>, arena: &'a A) -> Self {
        let mut text = String::new_in(arena);
        text.extend(pieces);
        text
    }

    /// As [`from_iter_in`](Self::from_iter_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    pub fn try_from_iter_in<T: Piece>(pieces: impl IntoIterator<Item = T>, arena: &'a A) -> Result<Self, AllocError> {
        let mut text = String::new_in(arena);
        text.try_extend(pieces)?;
        Ok(text)
    }

    /// Formats; behind [`format!`](crate::format).
    ///
    /// # Panics
    /// When memory cannot be had, or a `Display` implementation fails.
    #[inline]
    #[track_caller]
    pub fn from_fmt_in(arguments: fmt::Arguments<'_>, arena: &'a A) -> Self {
        Panic::unwrap(Panic::check(Self::try_from_fmt_in(arguments, arena)))
    }

    /// As [`from_fmt_in`](Self::from_fmt_in).
    ///
    /// # Errors
    /// When memory cannot be had, or a `Display` implementation fails ([`Format`](crate::error::AllocReason::Format)).
    #[inline]
    pub fn try_from_fmt_in(arguments: fmt::Arguments<'_>, arena: &'a A) -> Result<Self, AllocError> {
        if let Some(whole) = arguments.as_str() {
            return Self::try_from_str_in(whole, arena);
        }
        let text = arena.try_put_fmt(arguments)?;
        // SAFETY: the arena just handed these bytes out, as many as there are, and they are text. The pointer is the
        // arena's own, so the text may grow behind them. Without any there is no capacity either.
        Ok(unsafe { Self::from_raw_parts_in(text.as_ptr().cast(), text.len(), text.len(), arena) })
    }

    /// Takes bytes that the caller knows to be UTF-8.
    ///
    /// # Safety
    /// The bytes are UTF-8.
    pub unsafe fn from_utf8_unchecked(bytes: Vec<'a, u8, A>) -> Self {
        String { bytes }
    }

    /// Text over memory that belonged to a string before: undoes a string's parts, which are those of its
    /// [`as_mut_vec`](Self::as_mut_vec).
    ///
    /// # Safety
    /// As [`Vec::from_raw_parts_in`], and the first `len` bytes are UTF-8.
    pub unsafe fn from_raw_parts_in(start: *mut u8, len: usize, capacity: usize, arena: &'a A) -> Self {
        // SAFETY: the caller's promise, passed on: the bytes were a string's vector, which was forgotten.
        String { bytes: unsafe { Vec::from_raw_parts_in(start, len, capacity, arena) } }
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<'a, u8, A> {
        self.bytes
    }

    /// The text, for as long as the arena is borrowed. Unused memory is given back if this is the arena's last
    /// thing. Named as bumpalo has it.
    #[inline]
    pub fn into_bump_str(self) -> &'a mut str {
        // SAFETY: a string's bytes are UTF-8.
        unsafe { core::str::from_utf8_unchecked_mut(self.bytes.into_bump_slice()) }
    }

    /// The text as a box of two words, with unused memory given back as above.
    pub fn into_boxed_str(self) -> Box<'a, str> {
        // SAFETY: the string gave its text up just now.
        unsafe { Box::from_leaked(self.into_bump_str()) }
    }

    /// The arena or scope that the text lives in.
    pub fn allocator(&self) -> &'a A {
        self.bytes.allocator()
    }

    /// As [`allocator`](Self::allocator); named as bumpalo has it.
    pub fn bump(&self) -> &'a A {
        self.bytes.allocator()
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: a string's bytes are UTF-8.
        unsafe { core::str::from_utf8_unchecked(&self.bytes) }
    }

    /// The text, to change characters in place.
    #[inline]
    pub fn as_mut_str(&mut self) -> &mut str {
        // SAFETY: a string's bytes are UTF-8, and stay so behind a `str`.
        unsafe { core::str::from_utf8_unchecked_mut(&mut self.bytes) }
    }

    /// The bytes behind the text.
    ///
    /// # Safety
    /// They are UTF-8 when the borrow ends.
    pub unsafe fn as_mut_vec(&mut self) -> &mut Vec<'a, u8, A> {
        &mut self.bytes
    }

    /// Bytes that fit before it must grow.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Reserves capacity for at least `more` bytes.
    ///
    /// # Panics
    /// When that much cannot be had.
    #[inline]
    #[track_caller]
    pub fn reserve(&mut self, more: usize) {
        self.bytes.reserve(more);
    }

    /// As [`reserve`](Self::reserve).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    pub fn try_reserve(&mut self, more: usize) -> Result<(), AllocError> {
        self.bytes.try_reserve(more)
    }

    /// Reserves capacity for exactly `more` bytes.
    ///
    /// # Panics
    /// When that much cannot be had.
    #[inline]
    #[track_caller]
    pub fn reserve_exact(&mut self, more: usize) {
        self.bytes.reserve_exact(more);
    }

    /// As [`reserve_exact`](Self::reserve_exact).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    pub fn try_reserve_exact(&mut self, more: usize) -> Result<(), AllocError> {
        self.bytes.try_reserve_exact(more)
    }

    /// Gives unused memory back, if this is the arena's last allocation.
    pub fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Appends a string.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[track_caller]
    pub fn push_str(&mut self, piece: &str) {
        Panic::unwrap(self.push_str_or::<Panic>(piece));
    }

    /// As [`push_str`](Self::push_str).
    ///
    /// # Errors
    /// When memory is exhausted; the text is as it was.
    #[inline]
    pub fn try_push_str(&mut self, piece: &str) -> Result<(), AllocError> {
        self.push_str_or::<Report>(piece)
    }

    #[inline(always)]
    #[track_caller]
    fn push_str_or<F: Failure>(&mut self, piece: &str) -> Result<(), F::Error> {
        fill::copy_from_slice::<F, u8, _>(&mut self.bytes, piece.as_bytes())
    }

    /// Appends a character.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[track_caller]
    pub fn push(&mut self, character: char) {
        Panic::unwrap(self.push_or::<Panic>(character));
    }

    /// As [`push`](Self::push).
    ///
    /// # Errors
    /// When memory is exhausted; the text is as it was.
    #[inline]
    pub fn try_push(&mut self, character: char) -> Result<(), AllocError> {
        self.push_or::<Report>(character)
    }

    #[inline(always)]
    #[track_caller]
    fn push_or<F: Failure>(&mut self, character: char) -> Result<(), F::Error> {
        match character.len_utf8() {
            1 => fill::push::<F, u8, _>(&mut self.bytes, character as u8),
            _ => self.push_str_or::<F>(character.encode_utf8(&mut [0; 4])),
        }
    }

    /// Appends what an iterator gives, characters or strings.
    ///
    /// # Errors
    /// When memory cannot be had; what the iterator gave so far stays. ([`Extend::extend`] panics then.)
    pub fn try_extend<T: Piece>(&mut self, pieces: impl IntoIterator<Item = T>) -> Result<(), AllocError> {
        self.extend_or::<Report, T>(pieces)
    }

    #[track_caller]
    fn extend_or<F: Failure, T: Piece>(&mut self, pieces: impl IntoIterator<Item = T>) -> Result<(), F::Error> {
        for piece in pieces {
            piece.put::<F, A>(self)?;
        }
        Ok(())
    }

    /// Removes the last character and returns it.
    pub fn pop(&mut self) -> Option<char> {
        let last = self.as_str().chars().next_back()?;
        self.bytes.truncate(self.bytes.len() - last.len_utf8());
        Some(last)
    }

    /// Shortens the text to `len` bytes; does nothing when it is no longer than that.
    ///
    /// # Panics
    /// When `len` is inside a character.
    #[track_caller]
    pub fn truncate(&mut self, len: usize) {
        if len <= self.bytes.len() {
            assert!(self.as_str().is_char_boundary(len), "truncated inside a character");
            self.bytes.truncate(len);
        }
    }

    /// Removes all text, and keeps the capacity.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }
}
