//! [`String`]: region's text in a [`Bump`].

use super::Vec;
use crate::Bump;
use crate::core_alloc::borrow::Cow;
use crate::core_alloc::string::String as StdString;
use core::borrow::{Borrow, BorrowMut};
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{
    Add, AddAssign, Deref, DerefMut, Index, IndexMut, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive,
    RangeTo, RangeToInclusive,
};
use core::str::Utf8Error;
use region::Arena;

type Inner<'bump> = region::collections::String<'bump, Arena<1>>;

/// [`region::collections::String`] under bumpalo's name.
#[derive(PartialOrd, Eq, Ord)]
#[repr(transparent)]
pub struct String<'bump>(Inner<'bump>);

/// Bytes that are no text, with what is wrong with them.
#[derive(Debug)]
pub struct FromUtf8Error<'bump>(region::collections::FromUtf8Error<'bump, Arena<1>>);

/// Words that are no text.
#[derive(Debug)]
pub struct FromUtf16Error(());

/// The characters of a range that is being removed.
pub type Drain<'a, 'bump> = region::collections::StringDrain<'a, 'bump, Arena<1>>;

impl<'bump> String<'bump> {
    #[inline]
    pub fn new_in(bump: &'bump Bump) -> Self {
        String(Inner::new_in(&bump.0))
    }

    #[inline]
    #[track_caller]
    pub fn with_capacity_in(capacity: usize, bump: &'bump Bump) -> Self {
        String(Inner::with_capacity_in(capacity, &bump.0))
    }

    /// # Errors
    /// When the bytes are no text; the error has them.
    pub fn from_utf8(bytes: Vec<'bump, u8>) -> Result<Self, FromUtf8Error<'bump>> {
        Inner::from_utf8(bytes.0).map(String).map_err(FromUtf8Error)
    }

    #[track_caller]
    pub fn from_utf8_lossy_in(bytes: &[u8], bump: &'bump Bump) -> Self {
        String(Inner::from_utf8_lossy_in(bytes, &bump.0))
    }

    /// # Errors
    /// When the words are no text.
    #[track_caller]
    pub fn from_utf16_in(words: &[u16], bump: &'bump Bump) -> Result<Self, FromUtf16Error> {
        Inner::from_utf16_in(words, &bump.0).map(String).map_err(|_| FromUtf16Error(()))
    }

    #[track_caller]
    pub fn from_str_in(text: &str, bump: &'bump Bump) -> Self {
        String(Inner::from_str_in(text, &bump.0))
    }

    #[track_caller]
    pub fn from_iter_in<I: IntoIterator<Item = char>>(characters: I, bump: &'bump Bump) -> Self {
        String(Inner::from_iter_in(characters, &bump.0))
    }

    /// # Safety
    /// As [`region::collections::String::from_raw_parts_in`].
    pub unsafe fn from_raw_parts_in(start: *mut u8, len: usize, capacity: usize, bump: &'bump Bump) -> Self {
        // SAFETY: the caller's promise, passed on.
        String(unsafe { Inner::from_raw_parts_in(start, len, capacity, &bump.0) })
    }

    /// # Safety
    /// The bytes are UTF-8.
    pub unsafe fn from_utf8_unchecked(bytes: Vec<'bump, u8>) -> Self {
        // SAFETY: the caller's promise, passed on.
        String(unsafe { Inner::from_utf8_unchecked(bytes.0) })
    }

    #[inline]
    pub fn bump(&self) -> &'bump Bump {
        Bump::of(self.0.allocator())
    }

    pub fn into_bytes(self) -> Vec<'bump, u8> {
        Vec(self.0.into_bytes())
    }

    pub fn into_bump_str(self) -> &'bump str {
        self.0.into_bump_str()
    }

    #[inline]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    #[inline]
    pub fn as_mut_str(&mut self) -> &mut str {
        self.0.as_mut_str()
    }

    #[inline]
    #[track_caller]
    pub fn push_str(&mut self, text: &str) {
        self.0.push_str(text);
    }

    #[inline]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    #[track_caller]
    pub fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    #[track_caller]
    pub fn reserve_exact(&mut self, additional: usize) {
        self.0.reserve_exact(additional);
    }

    pub fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }

    #[inline]
    #[track_caller]
    pub fn push(&mut self, character: char) {
        self.0.push(character);
    }

    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    #[track_caller]
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    pub fn pop(&mut self) -> Option<char> {
        self.0.pop()
    }

    #[track_caller]
    pub fn remove(&mut self, at: usize) -> char {
        self.0.remove(at)
    }

    pub fn retain<F: FnMut(char) -> bool>(&mut self, keep: F) {
        self.0.retain(keep);
    }

    #[track_caller]
    pub fn insert(&mut self, at: usize, character: char) {
        self.0.insert(at, character);
    }

    #[track_caller]
    pub fn insert_str(&mut self, at: usize, text: &str) {
        self.0.insert_str(at, text);
    }

    /// # Safety
    /// The bytes are UTF-8 when the borrow ends.
    pub unsafe fn as_mut_vec(&mut self) -> &mut Vec<'bump, u8> {
        // SAFETY: the caller's promise, passed on.
        let bytes = core::ptr::from_mut(unsafe { self.0.as_mut_vec() });
        // SAFETY: the vector is one of region's and nothing else, in the same form (`repr(transparent)`), and `self` is
        // borrowed mutably.
        unsafe { &mut *bytes.cast() }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
        String(self.0.split_off(at))
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    #[track_caller]
    pub fn drain<R: RangeBounds<usize>>(&mut self, range: R) -> Drain<'_, 'bump> {
        self.0.drain(range)
    }

    #[track_caller]
    pub fn replace_range<R: RangeBounds<usize>>(&mut self, range: R, text: &str) {
        self.0.replace_range(range, text);
    }
}

impl<'bump> FromUtf8Error<'bump> {
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub fn into_bytes(self) -> Vec<'bump, u8> {
        Vec(self.0.into_bytes())
    }

    pub fn utf8_error(&self) -> Utf8Error {
        self.0.utf8_error()
    }
}

impl fmt::Display for FromUtf8Error<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for FromUtf16Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid utf-16: lone surrogate found")
    }
}

impl Clone for String<'_> {
    #[track_caller]
    fn clone(&self) -> Self {
        String(self.0.clone())
    }
}

/// What text is put together of.
macro_rules! extended {
    ($([$($parameter:tt)*] $piece:ty;)*) => { $(
        impl<$($parameter)*> Extend<$piece> for String<'_> {
            #[track_caller]
            fn extend<I: IntoIterator<Item = $piece>>(&mut self, pieces: I) {
                self.0.extend(pieces);
            }
        }
    )* };
}
extended! {
    [] char;
    ['a] &'a char;
    ['a] &'a str;
    [] StdString;
    ['a] Cow<'a, str>;
}

impl<'bump> Extend<String<'bump>> for String<'bump> {
    #[track_caller]
    fn extend<I: IntoIterator<Item = String<'bump>>>(&mut self, pieces: I) {
        self.0.extend(pieces.into_iter().map(|piece| piece.0));
    }
}

impl PartialEq for String<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

/// Comparisons of the texts, from the left and from the right.
macro_rules! equals {
    ($([$($parameter:tt)*] $other:ty;)*) => { $(
        impl<$($parameter)*> PartialEq<$other> for String<'_> {
            #[inline]
            fn eq(&self, other: &$other) -> bool {
                self[..] == other[..]
            }
        }

        impl<'bump, $($parameter)*> PartialEq<String<'bump>> for $other {
            #[inline]
            fn eq(&self, other: &String<'bump>) -> bool {
                self[..] == other[..]
            }
        }
    )* };
}
equals! {
    [] str;
    ['a] &'a str;
    ['a] Cow<'a, str>;
    [] StdString;
}

impl fmt::Display for String<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for String<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Hash for String<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Add<&str> for String<'_> {
    type Output = Self;

    #[inline]
    #[track_caller]
    fn add(self, text: &str) -> Self {
        String(self.0 + text)
    }
}

impl AddAssign<&str> for String<'_> {
    #[inline]
    #[track_caller]
    fn add_assign(&mut self, text: &str) {
        self.0 += text;
    }
}

/// Parts by ranges of bytes.
macro_rules! indexed {
    ($($range:ty),*) => { $(
        impl Index<$range> for String<'_> {
            type Output = str;

            #[inline]
            #[track_caller]
            fn index(&self, range: $range) -> &str {
                &self.as_str()[range]
            }
        }

        impl IndexMut<$range> for String<'_> {
            #[inline]
            #[track_caller]
            fn index_mut(&mut self, range: $range) -> &mut str {
                &mut self.as_mut_str()[range]
            }
        }
    )* };
}
indexed!(Range<usize>, RangeTo<usize>, RangeFrom<usize>, RangeFull, RangeInclusive<usize>, RangeToInclusive<usize>);

impl Deref for String<'_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl DerefMut for String<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut str {
        &mut self.0
    }
}

impl AsRef<str> for String<'_> {
    #[inline]
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for String<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<str> for String<'_> {
    #[inline]
    fn borrow(&self) -> &str {
        self
    }
}

impl BorrowMut<str> for String<'_> {
    #[inline]
    fn borrow_mut(&mut self) -> &mut str {
        self
    }
}

/// Panics when memory cannot be had, as bumpalo's: its `format!` looks at no error.
impl fmt::Write for String<'_> {
    #[inline]
    #[track_caller]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }

    #[inline]
    #[track_caller]
    fn write_char(&mut self, character: char) -> fmt::Result {
        self.push(character);
        Ok(())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for String<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}
