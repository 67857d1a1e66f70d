//! Text over the two vectors.

use super::traits::text_traits;
use super::{ThinSlice, ThinVec, Vec, WithArena};
use crate::arena::Arena;
use crate::arena::formatting::{Formatted, Text};
use crate::collections::ArenaAllocator;
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic};
use core::fmt;

/// A text over a vector of bytes, with the methods and traits of both.
macro_rules! text {
    ($(#[$doc:meta])* $text:ident over $vector:ident, $name:literal) => {
        $(#[$doc])*
        #[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $text<'a> {
            /// UTF-8.
            bytes: $vector<'a, u8>,
        }

        impl<'a> $text<'a> {
            /// Empty text, which takes no memory.
            #[inline]
            pub const fn new() -> Self {
                $text { bytes: $vector::new() }
            }

            /// Empty text with room for `capacity` bytes.
            ///
            /// # Panics
            /// When memory cannot be had.
            #[inline]
            #[track_caller]
            pub fn with_capacity_in<A: ArenaAllocator>(capacity: usize, arena: &'a A) -> Self {
                $text { bytes: $vector::with_capacity_in(capacity, arena) }
            }

            /// As [`with_capacity_in`](Self::with_capacity_in).
            ///
            /// # Errors
            /// When memory cannot be had.
            #[inline]
            pub fn try_with_capacity_in<A: ArenaAllocator>(capacity: usize, arena: &'a A) -> Result<Self, AllocError> {
                Ok($text { bytes: $vector::try_with_capacity_in(capacity, arena)? })
            }

            /// Copies a string.
            ///
            /// # Panics
            /// When memory cannot be had.
            #[inline]
            #[track_caller]
            pub fn from_str_in<A: ArenaAllocator>(source: &str, arena: &'a A) -> Self {
                Panic::unwrap(Panic::check(Self::try_from_str_in(source, arena)))
            }

            /// As [`from_str_in`](Self::from_str_in).
            ///
            /// # Errors
            /// When memory cannot be had.
            #[inline]
            pub fn try_from_str_in<A: ArenaAllocator>(source: &str, arena: &'a A) -> Result<Self, AllocError> {
                let mut text = Self::try_with_capacity_in(source.len(), arena)?;
                text.try_push_str(source, arena)?;
                Ok(text)
            }

            /// Formats.
            ///
            /// # Panics
            /// When memory cannot be had, or a `Display` implementation fails.
            ///
            /// ```
            #[doc = concat!("use region::collections::unmanaged::", $name, ";")]
            /// let arena = region::Arena::new();
            #[doc = concat!("let name = ", $name, "::from_fmt_in(format_args!(\"{}.{:02}\", \"node\", 7), &arena);")]
            /// assert_eq!(name, "node.07");
            /// ```
            #[track_caller]
            pub fn from_fmt_in<A: ArenaAllocator>(arguments: fmt::Arguments<'_>, arena: &'a A) -> Self {
                Panic::unwrap(Panic::check(Self::try_from_fmt_in(arguments, arena)))
            }

            /// As [`from_fmt_in`](Self::from_fmt_in).
            ///
            /// # Errors
            /// When memory cannot be had, or a `Display` implementation fails
            /// ([`Format`](crate::error::AllocReason::Format)).
            pub fn try_from_fmt_in<A: ArenaAllocator>(
                arguments: fmt::Arguments<'_>,
                arena: &'a A,
            ) -> Result<Self, AllocError> {
                let mut text = Self::new();
                Formatted::new(text.writer(arena)).write(arguments)?;
                text.shrink_to_fit(arena);
                Ok(text)
            }

            /// Text of bytes.
            ///
            /// # Safety
            /// They are UTF-8.
            #[inline]
            pub const unsafe fn from_utf8_unchecked(bytes: $vector<'a, u8>) -> Self {
                $text { bytes }
            }

            /// The bytes.
            #[inline]
            pub fn into_bytes(self) -> $vector<'a, u8> {
                self.bytes
            }

            /// The text, for as long as the arena is borrowed. Unused memory is not given back;
            /// [`shrink_to_fit`](Self::shrink_to_fit) does that before.
            #[inline]
            pub fn into_str(self) -> &'a mut str {
                // SAFETY: the bytes are UTF-8.
                unsafe { core::str::from_utf8_unchecked_mut(self.bytes.into_slice()) }
            }

            /// The text.
            #[inline(always)]
            pub fn as_str(&self) -> &str {
                // SAFETY: the bytes are UTF-8.
                unsafe { core::str::from_utf8_unchecked(self.bytes.as_slice()) }
            }

            /// The text, to change characters in place.
            #[inline]
            pub fn as_mut_str(&mut self) -> &mut str {
                // SAFETY: the bytes are UTF-8, and stay so behind a `str`.
                unsafe { core::str::from_utf8_unchecked_mut(self.bytes.as_mut_slice()) }
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
            pub fn reserve<A: ArenaAllocator>(&mut self, more: usize, arena: &'a A) {
                self.bytes.reserve(more, arena);
            }

            /// As [`reserve`](Self::reserve).
            ///
            /// # Errors
            /// When that much cannot be had.
            #[inline]
            pub fn try_reserve<A: ArenaAllocator>(&mut self, more: usize, arena: &'a A) -> Result<(), AllocError> {
                self.bytes.try_reserve(more, arena)
            }

            /// Gives unused memory back, if this is the last allocation of `arena`. Otherwise nothing changes.
            pub fn shrink_to_fit<A: ArenaAllocator>(&mut self, arena: &'a A) {
                self.bytes.shrink_to_fit(arena);
            }

            /// Appends a string.
            ///
            /// # Panics
            /// When memory cannot be had.
            #[inline]
            #[track_caller]
            pub fn push_str<A: ArenaAllocator>(&mut self, piece: &str, arena: &'a A) {
                self.bytes.extend_from_slice_copy(piece.as_bytes(), arena);
            }

            /// As [`push_str`](Self::push_str).
            ///
            /// # Errors
            /// When memory cannot be had; the text is as it was.
            #[inline]
            pub fn try_push_str<A: ArenaAllocator>(&mut self, piece: &str, arena: &'a A) -> Result<(), AllocError> {
                self.bytes.try_extend_from_slice_copy(piece.as_bytes(), arena)
            }

            /// Appends a character.
            ///
            /// # Panics
            /// When memory cannot be had.
            #[inline]
            #[track_caller]
            pub fn push<A: ArenaAllocator>(&mut self, character: char, arena: &'a A) {
                self.push_str(character.encode_utf8(&mut [0; 4]), arena);
            }

            /// As [`push`](Self::push).
            ///
            /// # Errors
            /// When memory cannot be had; the text is as it was.
            #[inline]
            pub fn try_push<A: ArenaAllocator>(&mut self, character: char, arena: &'a A) -> Result<(), AllocError> {
                self.try_push_str(character.encode_utf8(&mut [0; 4]), arena)
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

            /// The same text in memory of its own, with no spare capacity.
            ///
            /// # Panics
            /// When memory cannot be had.
            #[track_caller]
            pub fn clone_in<'b, A: ArenaAllocator>(&self, arena: &'b A) -> $text<'b> {
                $text::from_str_in(self, arena)
            }

            /// As [`clone_in`](Self::clone_in).
            ///
            /// # Errors
            /// When memory cannot be had.
            pub fn try_clone_in<'b, A: ArenaAllocator>(&self, arena: &'b A) -> Result<$text<'b>, AllocError> {
                $text::try_from_str_in(self, arena)
            }

            /// The text together with an arena, as what is formatted or written to.
            ///
            /// ```
            /// use std::fmt::Write;
            #[doc = concat!("use region::collections::unmanaged::", $name, ";")]
            /// let arena = region::Arena::new();
            #[doc = concat!("let mut text = ", $name, "::new();")]
            /// write!(text.writer(&arena), "{} is {:>4}", "x", 7)?;
            /// assert_eq!(text, "x is    7");
            /// # Ok::<(), std::fmt::Error>(())
            /// ```
            #[inline]
            pub fn writer<'v, A: ArenaAllocator>(&'v mut self, arena: &'a A) -> Writer<'v, 'a, $vector<'a, u8>, A> {
                Writer { bytes: self.bytes.with_arena(arena) }
            }
        }

        text_traits!([] $text<'_>);

        impl core::ops::DerefMut for $text<'_> {
            #[inline]
            fn deref_mut(&mut self) -> &mut str {
                self.as_mut_str()
            }
        }
    };
}

text! {
    /// Text in an arena, in 16 bytes: it is given the arena when it grows. [The module](super) has the rules.
    ///
    /// ```
    /// use region::collections::unmanaged::String;
    /// let arena = region::Arena::new();
    /// let mut text = String::from_str_in("to be", &arena);
    /// text.push_str(" or not", &arena);
    /// assert_eq!((text.as_str(), size_of_val(&text)), ("to be or not", 16));
    /// let text: &str = text.into_str();                            // as long as the arena is borrowed
    /// assert_eq!(text.len(), 12);
    /// ```
    String over Vec, "String"
}

text! {
    /// Text in an arena, in 8 bytes: its length lies before it. It is given the arena when it grows.
    /// [The module](super) has the rules.
    ///
    /// ```
    /// use region::collections::unmanaged::ThinString;
    /// let arena = region::Arena::new();
    /// let mut text = ThinString::from_str_in("to be", &arena);
    /// text.push('!', &arena);
    /// assert_eq!((text.as_str(), size_of_val(&text)), ("to be!", 8));
    /// assert_eq!(text.into_thin_str(), "to be!");
    /// ```
    ThinString over ThinVec, "ThinString"
}

impl<'a> ThinString<'a> {
    /// The text, for as long as the arena is borrowed, in one word that may be copied.
    #[inline]
    pub fn into_thin_str(self) -> ThinStr<'a> {
        // SAFETY: the bytes are UTF-8.
        unsafe { ThinStr::from_utf8_unchecked(self.bytes.into_thin_slice()) }
    }
}

/// A `&'a str` in 8 bytes. Made in an arena, or of a [`ThinString`] that is complete.
///
/// ```
/// use region::collections::unmanaged::ThinStr;
/// let arena = region::Arena::new();
/// let name = ThinStr::from_str_in("name", &arena);
/// assert_eq!((name.as_str(), name.len(), size_of_val(&name)), ("name", 4, 8));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThinStr<'a> {
    /// UTF-8.
    bytes: ThinSlice<'a, u8>,
}

impl<'a> ThinStr<'a> {
    /// Text of bytes.
    ///
    /// # Safety
    /// They are UTF-8.
    #[inline]
    pub const unsafe fn from_utf8_unchecked(bytes: ThinSlice<'a, u8>) -> Self {
        ThinStr { bytes }
    }

    /// Copies a string.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[track_caller]
    pub fn from_str_in<A: ArenaAllocator>(source: &str, arena: &'a A) -> Self {
        ThinString::from_str_in(source, arena).into_thin_str()
    }

    /// As [`from_str_in`](Self::from_str_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    pub fn try_from_str_in<A: ArenaAllocator>(source: &str, arena: &'a A) -> Result<Self, AllocError> {
        ThinString::try_from_str_in(source, arena).map(ThinString::into_thin_str)
    }

    /// The text, as long as the arena is borrowed.
    #[inline(always)]
    pub fn as_str(self) -> &'a str {
        // SAFETY: the bytes are UTF-8.
        unsafe { core::str::from_utf8_unchecked(self.bytes.as_slice()) }
    }
}

text_traits!([] ThinStr<'_>);

/// A text that is written to, and the arena that it grows in. Made by `writer` of a text over the bytes `V`.
pub struct Writer<'v, 'a, V: super::growing::Unmanaged<'a, u8, A>, A: ArenaAllocator = Arena> {
    bytes: WithArena<'v, 'a, u8, V, A>,
}

impl<'a, V: super::growing::Unmanaged<'a, u8, A>, A: ArenaAllocator> Text for Writer<'_, 'a, V, A> {
    #[inline]
    fn try_append(&mut self, piece: &str) -> Result<(), AllocError> {
        self.bytes.try_extend_from_slice_copy(piece.as_bytes())
    }
}

impl<'a, V: super::growing::Unmanaged<'a, u8, A>, A: ArenaAllocator> fmt::Write for Writer<'_, 'a, V, A> {
    #[inline]
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.try_append(piece).map_err(|_| fmt::Error)
    }
}
