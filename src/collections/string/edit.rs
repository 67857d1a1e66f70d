//! Changes in the middle of text: characters and ranges put in, taken out, replaced, sifted, split off.
//!
//! Positions are bytes, at which a character begins or the text ends; any other panics.

use super::String;
use crate::collections::ArenaAllocator;
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use crate::vector::{Grow, bounds};
use core::fmt;
use core::iter::FusedIterator;
use core::ops::RangeBounds;

impl<'a, A: ArenaAllocator> String<'a, A> {
    /// Inserts a character before byte `at`.
    ///
    /// # Panics
    /// When `at` is inside a character or past the end, or memory cannot be had.
    #[track_caller]
    pub fn insert(&mut self, at: usize, character: char) {
        self.insert_str(at, character.encode_utf8(&mut [0; 4]));
    }

    /// As [`insert`](Self::insert).
    ///
    /// # Errors
    /// When memory cannot be had; the text is as it was.
    ///
    /// # Panics
    /// When `at` is inside a character or past the end.
    #[track_caller]
    pub fn try_insert(&mut self, at: usize, character: char) -> Result<(), AllocError> {
        self.try_insert_str(at, character.encode_utf8(&mut [0; 4]))
    }

    /// Inserts a string before byte `at`.
    ///
    /// # Panics
    /// When `at` is inside a character or past the end, or memory cannot be had.
    #[track_caller]
    pub fn insert_str(&mut self, at: usize, piece: &str) {
        self.check_boundary("insert", at);
        Panic::unwrap(self.put_over::<Panic>(at, at, piece));
    }

    /// As [`insert_str`](Self::insert_str).
    ///
    /// # Errors
    /// When memory cannot be had; the text is as it was.
    ///
    /// # Panics
    /// When `at` is inside a character or past the end.
    #[track_caller]
    pub fn try_insert_str(&mut self, at: usize, piece: &str) -> Result<(), AllocError> {
        self.check_boundary("insert", at);
        self.put_over::<Report>(at, at, piece)
    }

    /// Replaces a range of bytes by a string, which may be shorter or longer.
    ///
    /// # Panics
    /// When the range begins or ends inside a character or past the end, or memory cannot be had.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let mut text = region::format!(in &arena, "a, b, c");
    /// text.replace_range(1..4, " and ");
    /// text.replace_range(.., "");
    /// assert_eq!(text, "");
    /// ```
    #[track_caller]
    pub fn replace_range(&mut self, range: impl RangeBounds<usize>, piece: &str) {
        let (start, end) = self.range("replace", range);
        Panic::unwrap(self.put_over::<Panic>(start, end, piece));
    }

    /// As [`replace_range`](Self::replace_range).
    ///
    /// # Errors
    /// When memory cannot be had; the text is as it was.
    ///
    /// # Panics
    /// When the range begins or ends inside a character or past the end.
    #[track_caller]
    pub fn try_replace_range(&mut self, range: impl RangeBounds<usize>, piece: &str) -> Result<(), AllocError> {
        let (start, end) = self.range("replace", range);
        self.put_over::<Report>(start, end, piece)
    }

    /// Puts `piece` where the bytes `start..end` are, both of which are where a character begins or the text ends.
    #[track_caller]
    fn put_over<F: Failure>(&mut self, start: usize, end: usize, piece: &str) -> Result<(), F::Error> {
        let len = self.bytes.len();
        self.bytes.reserve_above::<F>(len, piece.len().saturating_sub(end - start))?;
        // SAFETY: `start <= end <= len`, and the capacity is at least the new length, so all of it lies within the
        // block. The text after the range moves to where the piece ends, and the piece, which is not of this block (the
        // text is borrowed mutably), fills the gap. Whole characters have replaced whole characters.
        unsafe {
            let at = self.bytes.as_mut_ptr().add(start);
            at.add(end - start).copy_to(at.add(piece.len()), len - end);
            at.copy_from_nonoverlapping(piece.as_ptr(), piece.len());
            self.bytes.set_len(start + piece.len() + (len - end));
        }
        Ok(())
    }

    /// Removes the character at byte `at` and returns it.
    ///
    /// # Panics
    /// When `at` is inside a character, or not before the end.
    #[track_caller]
    pub fn remove(&mut self, at: usize) -> char {
        let character = self.as_str()[at..].chars().next().expect("removed past the end");
        self.bytes.drain(at..at + character.len_utf8());
        character
    }

    /// Removes a range of bytes, and gives its characters.
    ///
    /// The range leaves the text when the iterator is dropped, however far it was read. If the iterator is forgotten,
    /// the text stays as it was.
    ///
    /// # Panics
    /// When the range begins or ends inside a character or past the end.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let mut text = region::format!(in &arena, "key = value");
    /// let key: std::string::String = text.drain(..3).rev().collect();
    /// assert_eq!((key.as_str(), text.as_str()), ("yek", " = value"));
    /// ```
    #[track_caller]
    pub fn drain(&mut self, range: impl RangeBounds<usize>) -> StringDrain<'_, 'a, A> {
        let (start, end) = self.range("drain", range);
        StringDrain { text: self, start, next: start, next_back: end, end }
    }

    /// Moves the text from byte `at` on into a new string in the same arena.
    ///
    /// # Panics
    /// When `at` is inside a character or past the end, or memory cannot be had.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let mut head = region::format!(in &arena, "head: body");
    /// let body = head.split_off(6);
    /// assert_eq!((head.as_str(), body.as_str()), ("head: ", "body"));
    /// ```
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
        self.check_boundary("split", at);
        String { bytes: self.bytes.split_off(at) }
    }

    /// As [`split_off`](Self::split_off).
    ///
    /// # Errors
    /// When memory cannot be had; the text is as it was.
    ///
    /// # Panics
    /// When `at` is inside a character or past the end.
    #[track_caller]
    pub fn try_split_off(&mut self, at: usize) -> Result<Self, AllocError> {
        self.check_boundary("split", at);
        Ok(String { bytes: self.bytes.try_split_off(at)? })
    }

    /// Keeps the characters for which `keep` returns `true`, in their order.
    pub fn retain(&mut self, mut keep: impl FnMut(char) -> bool) {
        let len = self.bytes.len();
        let start = self.bytes.as_mut_ptr();
        // Empty while `keep` runs: if it panics, the bytes between the kept text and the rest may be no text.
        self.bytes.clear();
        let (mut to, mut from) = (0, 0);
        while from < len {
            // SAFETY: `from` is where a character starts: all before it was gone over character by character,
            // and what is written below lies before it.
            let rest = unsafe { core::slice::from_raw_parts(start.add(from), len - from) };
            // SAFETY: the rest starts at a character of what was text and reaches to its end, and nothing in it was
            // written to, so it is text.
            let Some(character) = unsafe { core::str::from_utf8_unchecked(rest) }.chars().next() else { break };
            let width = character.len_utf8();
            if keep(character) {
                // SAFETY: both are inside the vector's capacity, and `to <= from`; they may overlap.
                unsafe { start.add(from).copy_to(start.add(to), width) };
                to += width;
            }
            from += width;
        }
        // SAFETY: the first `to` bytes are the characters that were kept.
        unsafe { self.bytes.set_len(to) };
    }

    /// The bytes where a range begins and ends, if characters do so too.
    #[track_caller]
    fn range(&self, what: &str, range: impl RangeBounds<usize>) -> (usize, usize) {
        let (start, end) = bounds(what, range, self.bytes.len());
        self.check_boundary(what, start);
        self.check_boundary(what, end);
        (start, end)
    }

    #[track_caller]
    fn check_boundary(&self, what: &str, at: usize) {
        if !self.as_str().is_char_boundary(at) {
            panic!("cannot {what} at byte {at}: it is inside a character or past the end, {}", self.bytes.len());
        }
    }
}

/// The characters of a range that is being removed from a string. Made by [`String::drain`].
pub struct StringDrain<'s, 'a, A: ArenaAllocator> {
    text: &'s mut String<'a, A>,
    /// Where the range begins, what of it was not given out yet, and where it ends; all where characters do.
    start: usize,
    next: usize,
    next_back: usize,
    end: usize,
}

impl<A: ArenaAllocator> StringDrain<'_, '_, A> {
    /// The characters that were not given out yet.
    pub fn as_str(&self) -> &str {
        &self.text.as_str()[self.next..self.next_back]
    }
}

impl<A: ArenaAllocator> Iterator for StringDrain<'_, '_, A> {
    type Item = char;

    #[inline]
    fn next(&mut self) -> Option<char> {
        let character = self.as_str().chars().next()?;
        self.next += character.len_utf8();
        Some(character)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.as_str().chars().size_hint()
    }
}

impl<A: ArenaAllocator> DoubleEndedIterator for StringDrain<'_, '_, A> {
    #[inline]
    fn next_back(&mut self) -> Option<char> {
        let character = self.as_str().chars().next_back()?;
        self.next_back -= character.len_utf8();
        Some(character)
    }
}

impl<A: ArenaAllocator> FusedIterator for StringDrain<'_, '_, A> {}

impl<A: ArenaAllocator> AsRef<str> for StringDrain<'_, '_, A> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<A: ArenaAllocator> Drop for StringDrain<'_, '_, A> {
    fn drop(&mut self) {
        self.text.bytes.drain(self.start..self.end);
    }
}

impl<A: ArenaAllocator> fmt::Debug for StringDrain<'_, '_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StringDrain").field(&self.as_str()).finish()
    }
}
