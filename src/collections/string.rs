//! Text in an arena that grows: the standard library's `String`, over a vector of bytes at the tip.
//!
//! Only whole characters go in, so the bytes are UTF-8 at any time. Text that is complete when it is made is
//! served by `Arena::alloc_str` and `alloc_fmt` for a word less.

use super::vec::reserve;
use super::{Box, Place, TryReserveError, Vec, VecExt};
use crate::arena::Arena;
use allocator_api2_02::alloc::Allocator;
use allocator_api2_02::vec;
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::error::Error;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{AddAssign, Deref, DerefMut};
use core::str::Utf8Error;

/// Growable text in an arena.
///
/// ```
/// use region::{Arena, String};
/// let arena = Arena::new();
/// let mut text = String::from_str_in("let x", &arena);
/// text.push_str(" = ");
/// text.extend(['4', '2']);
/// text.push(';');
/// assert_eq!(text, "let x = 42;");
/// let text: &str = text.into_bump_str();                        // as long as the arena is borrowed
/// assert_eq!(arena.used(), 16);                                  // 11 bytes; unused room was given back
/// # assert_eq!(text.len(), 11);
/// ```
///
/// *Memory*, *threads*, and *when memory is exhausted*: as [`Vec`]. Through [`fmt::Write`], exhausted memory is
/// [`fmt::Error`], and the piece that found no room is left out as a whole.
pub struct String<'a, A = Arena>
where
    &'a A: Allocator,
{
    /// Always UTF-8.
    bytes: Vec<'a, u8, A>,
}

/// Bytes that are no text, with what is wrong with them. Made by [`String::from_utf8`].
pub struct FromUtf8Error<'a, A = Arena>
where
    &'a A: Allocator,
{
    bytes: Vec<'a, u8, A>,
    error: Utf8Error,
}

impl<'a, A: Place> String<'a, A>
where
    &'a A: Allocator,
{
    /// Empty text, which takes no memory yet.
    #[inline]
    pub fn new_in(place: &'a A) -> Self {
        String { bytes: vec::Vec::new_in(place) }
    }

    /// Empty text with room for `capacity` bytes.
    #[inline]
    pub fn with_capacity_in(capacity: usize, place: &'a A) -> Self {
        String { bytes: vec::Vec::with_capacity_in(capacity, place) }
    }

    /// As [`with_capacity_in`](Self::with_capacity_in).
    ///
    /// # Errors
    /// When there is no such room.
    pub fn try_with_capacity_in(capacity: usize, place: &'a A) -> Result<Self, TryReserveError> {
        Ok(String { bytes: Vec::try_with_capacity_in(capacity, place)? })
    }

    /// A copy of `source`, with no room to spare.
    #[inline]
    pub fn from_str_in(source: &str, place: &'a A) -> Self {
        let mut text = String::with_capacity_in(source.len(), place);
        text.push_str(source);
        text
    }

    /// As [`from_str_in`](Self::from_str_in).
    ///
    /// # Errors
    /// When memory is exhausted.
    pub fn try_from_str_in(source: &str, place: &'a A) -> Result<Self, TryReserveError> {
        let mut text = String::try_with_capacity_in(source.len(), place)?;
        text.try_push_str(source)?;
        Ok(text)
    }

    /// Collects characters or strings.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let shout = region::String::from_iter_in("name".chars().map(|c| c.to_ascii_uppercase()), &arena);
    /// assert_eq!(shout, "NAME");
    /// ```
    pub fn from_iter_in<T>(pieces: impl IntoIterator<Item = T>, place: &'a A) -> Self
    where
        Self: Extend<T>,
    {
        let mut text = String::new_in(place);
        text.extend(pieces);
        text
    }

    /// Formats; behind [`format!`](crate::format).
    ///
    /// # Panics
    /// When a `Display` implementation fails.
    pub fn from_fmt_in(arguments: fmt::Arguments<'_>, place: &'a A) -> Self {
        let mut text = String::new_in(place);
        match arguments.as_str() {
            Some(whole) => text.push_str(whole),
            None => fmt::write(&mut Pushing(&mut text), arguments).expect("a Display implementation returned an error"),
        }
        text
    }

    /// As [`from_fmt_in`](Self::from_fmt_in).
    ///
    /// # Errors
    /// When memory is exhausted or a `Display` implementation fails.
    pub fn try_from_fmt_in(arguments: fmt::Arguments<'_>, place: &'a A) -> Result<Self, fmt::Error> {
        let mut text = String::new_in(place);
        fmt::write(&mut text, arguments)?;
        Ok(text)
    }

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

    /// Takes bytes that the caller knows to be UTF-8.
    ///
    /// # Safety
    /// The bytes are UTF-8.
    pub unsafe fn from_utf8_unchecked(bytes: Vec<'a, u8, A>) -> Self {
        String { bytes }
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<'a, u8, A> {
        self.bytes
    }

    /// The text, for as long as the arena is borrowed. Unused room is given back if this is the arena's last
    /// thing. Named as bumpalo has it.
    pub fn into_bump_str(self) -> &'a mut str {
        // SAFETY: a string's bytes are UTF-8.
        unsafe { core::str::from_utf8_unchecked_mut(self.bytes.into_bump_slice()) }
    }

    /// The text as a box of two words, with unused room given back as above.
    pub fn into_boxed_str(self) -> Box<'a, str> {
        // SAFETY: the string gave its text up just now.
        unsafe { Box::from_leaked(self.into_bump_str()) }
    }

    /// The arena or scope that the text lives in.
    pub fn place(&self) -> &'a A {
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

    /// Makes room for `more` bytes at least.
    #[inline]
    pub fn reserve(&mut self, more: usize) {
        self.bytes.reserve(more);
    }

    /// As [`reserve`](Self::reserve).
    ///
    /// # Errors
    /// When there is no such room.
    #[inline]
    pub fn try_reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        reserve(&mut self.bytes, more)
    }

    /// Gives unused room back, if this is the arena's last thing.
    pub fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Appends a string.
    #[inline]
    pub fn push_str(&mut self, piece: &str) {
        self.bytes.extend_from_slice_copy(piece.as_bytes());
    }

    /// As [`push_str`](Self::push_str).
    ///
    /// # Errors
    /// When memory is exhausted; the text is as it was.
    #[inline]
    pub fn try_push_str(&mut self, piece: &str) -> Result<(), TryReserveError> {
        self.bytes.try_extend_from_slice_copy(piece.as_bytes())
    }

    /// Appends a character.
    #[inline]
    pub fn push(&mut self, character: char) {
        match character.len_utf8() {
            1 => self.bytes.push(character as u8),
            _ => self.push_str(character.encode_utf8(&mut [0; 4])),
        }
    }

    /// As [`push`](Self::push).
    ///
    /// # Errors
    /// When memory is exhausted; the text is as it was.
    #[inline]
    pub fn try_push(&mut self, character: char) -> Result<(), TryReserveError> {
        self.try_push_str(character.encode_utf8(&mut [0; 4]))
    }

    /// Takes the last character off.
    pub fn pop(&mut self) -> Option<char> {
        let last = self.as_str().chars().next_back()?;
        self.bytes.truncate(self.bytes.len() - last.len_utf8());
        Some(last)
    }

    /// Shortens the text to `len` bytes; does nothing when it is no longer than that.
    ///
    /// # Panics
    /// When `len` is inside a character.
    pub fn truncate(&mut self, len: usize) {
        if len <= self.bytes.len() {
            assert!(self.as_str().is_char_boundary(len), "truncated inside a character");
            self.bytes.truncate(len);
        }
    }

    /// Takes everything off, and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Inserts a character before byte `at`.
    ///
    /// # Panics
    /// When `at` is inside a character or past the end.
    pub fn insert(&mut self, at: usize, character: char) {
        self.insert_str(at, character.encode_utf8(&mut [0; 4]));
    }

    /// Inserts a string before byte `at`.
    ///
    /// # Panics
    /// When `at` is inside a character or past the end.
    pub fn insert_str(&mut self, at: usize, piece: &str) {
        assert!(self.as_str().is_char_boundary(at), "inserted inside a character or past the end");
        self.push_str(piece);
        // Behind a character's end, whole characters change places with whole characters.
        self.bytes[at..].rotate_right(piece.len());
    }

    /// Takes the character at byte `at` out.
    ///
    /// # Panics
    /// When `at` is inside a character, or not before the end.
    pub fn remove(&mut self, at: usize) -> char {
        let character = self.as_str()[at..].chars().next().expect("removed past the end");
        self.bytes.drain(at..at + character.len_utf8());
        character
    }

    /// Keeps the characters of which `keep` says so, in their order.
    pub fn retain(&mut self, mut keep: impl FnMut(char) -> bool) {
        let len = self.bytes.len();
        let start = self.bytes.as_mut_ptr();
        // Empty while `keep` runs: if it panics, what lies between the kept and the rest is nobody's text.
        self.bytes.clear();
        let (mut to, mut from) = (0, 0);
        while from < len {
            // SAFETY: `from` is where a character starts: all before it was gone over character by character,
            // and what is written below lies before it.
            let rest = unsafe { core::slice::from_raw_parts(start.add(from), len - from) };
            // SAFETY: as above, so the rest is text.
            let Some(character) = unsafe { core::str::from_utf8_unchecked(rest) }.chars().next() else { break };
            let width = character.len_utf8();
            if keep(character) {
                // SAFETY: both are inside the vector's room, and `to <= from`; they may overlap.
                unsafe { start.add(from).copy_to(start.add(to), width) };
                to += width;
            }
            from += width;
        }
        // SAFETY: the first `to` bytes are the characters that were kept.
        unsafe { self.bytes.set_len(to) };
    }
}

/// Text under way, appended to as `push_str` does: ends the program when memory is exhausted.
struct Pushing<'t, 'a, A>(&'t mut String<'a, A>)
where
    &'a A: Allocator;

impl<'a, A: Place> fmt::Write for Pushing<'_, 'a, A>
where
    &'a A: Allocator,
{
    #[inline]
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.push_str(piece);
        Ok(())
    }
}

impl<'a, A: Place> fmt::Write for String<'a, A>
where
    &'a A: Allocator,
{
    #[inline]
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.try_push_str(piece).map_err(|_| fmt::Error)
    }

    #[inline]
    fn write_char(&mut self, character: char) -> fmt::Result {
        self.try_push(character).map_err(|_| fmt::Error)
    }
}

/// Implements traits for `String<'a, A>`, whose bounds are the same each time.
macro_rules! for_string {
    ($([$($extra:tt)*] $trait:ty { $($body:tt)* })*) => { $(
        impl<'a, $($extra)* A: Place> $trait for String<'a, A>
        where
            &'a A: Allocator,
        {
            $($body)*
        }
    )* };
}

for_string! {
    [] Deref {
        type Target = str;

        #[inline]
        fn deref(&self) -> &str {
            self.as_str()
        }
    }
    [] DerefMut {
        #[inline]
        fn deref_mut(&mut self) -> &mut str {
            self.as_mut_str()
        }
    }
    [] fmt::Debug {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Debug::fmt(self.as_str(), f)
        }
    }
    [] fmt::Display {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Display::fmt(self.as_str(), f)
        }
    }
    [] Clone {
        fn clone(&self) -> Self {
            String::from_str_in(self, self.place())
        }
    }
    [] Hash {
        #[inline]
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.as_str().hash(state);
        }
    }
    [] Eq {}
    [] PartialEq {
        #[inline]
        fn eq(&self, other: &Self) -> bool {
            self.as_str() == other.as_str()
        }
    }
    [] PartialEq<str> {
        #[inline]
        fn eq(&self, other: &str) -> bool {
            self.as_str() == other
        }
    }
    ['b,] PartialEq<&'b str> {
        #[inline]
        fn eq(&self, other: &&'b str) -> bool {
            self.as_str() == *other
        }
    }
    [] PartialOrd {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    [] Ord {
        fn cmp(&self, other: &Self) -> Ordering {
            self.as_str().cmp(other)
        }
    }
    [] AsRef<str> {
        fn as_ref(&self) -> &str {
            self
        }
    }
    [] AsRef<[u8]> {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }
    [] AsMut<str> {
        fn as_mut(&mut self) -> &mut str {
            self
        }
    }
    [] Borrow<str> {
        fn borrow(&self) -> &str {
            self
        }
    }
    [] BorrowMut<str> {
        fn borrow_mut(&mut self) -> &mut str {
            self
        }
    }
    [] Extend<char> {
        fn extend<I: IntoIterator<Item = char>>(&mut self, pieces: I) {
            pieces.into_iter().for_each(|piece| self.push(piece));
        }
    }
    [] AddAssign<&str> {
        fn add_assign(&mut self, piece: &str) {
            self.push_str(piece);
        }
    }
}

impl<'a, 'b, A: Place> Extend<&'b char> for String<'a, A>
where
    &'a A: Allocator,
{
    fn extend<I: IntoIterator<Item = &'b char>>(&mut self, pieces: I) {
        pieces.into_iter().for_each(|&piece| self.push(piece));
    }
}

impl<'a, 'b, A: Place> Extend<&'b str> for String<'a, A>
where
    &'a A: Allocator,
{
    fn extend<I: IntoIterator<Item = &'b str>>(&mut self, pieces: I) {
        pieces.into_iter().for_each(|piece| self.push_str(piece));
    }
}

impl<'a, A: Place> PartialEq<String<'a, A>> for str
where
    &'a A: Allocator,
{
    fn eq(&self, other: &String<'a, A>) -> bool {
        self == other.as_str()
    }
}

impl<'a, A: Place> PartialEq<String<'a, A>> for &str
where
    &'a A: Allocator,
{
    fn eq(&self, other: &String<'a, A>) -> bool {
        *self == other.as_str()
    }
}

#[cfg(feature = "serde")]
impl<'a, A: Place> serde::Serialize for String<'a, A>
where
    &'a A: Allocator,
{
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'a, A: Place> FromUtf8Error<'a, A>
where
    &'a A: Allocator,
{
    /// The bytes that were refused.
    pub fn into_bytes(self) -> Vec<'a, u8, A> {
        self.bytes
    }

    /// Where and how they are no text.
    pub fn utf8_error(&self) -> Utf8Error {
        self.error
    }
}

impl<'a, A: Place> fmt::Debug for FromUtf8Error<'a, A>
where
    &'a A: Allocator,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FromUtf8Error").field(&self.error).finish()
    }
}

impl<'a, A: Place> fmt::Display for FromUtf8Error<'a, A>
where
    &'a A: Allocator,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl<'a, A: Place> Error for FromUtf8Error<'a, A> where &'a A: Allocator {}
