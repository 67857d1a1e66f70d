//! The traits of the language, std and serde for text.

use super::String;
use crate::collections::ArenaAllocator;
use crate::error::failure::{Failure, Panic};
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Add, AddAssign, Deref, DerefMut};

impl<'a, A: ArenaAllocator> fmt::Write for String<'a, A> {
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
        impl<'a, $($extra)* A: ArenaAllocator> $trait for String<'a, A> {
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
        #[track_caller]
        fn clone(&self) -> Self {
            String::from_str_in(self, self.allocator())
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
    [] Add<&str> {
        type Output = Self;

        /// The text with `piece` at its end, in the same memory.
        #[track_caller]
        fn add(mut self, piece: &str) -> Self {
            self.push_str(piece);
            self
        }
    }
    [] AddAssign<&str> {
        #[track_caller]
        fn add_assign(&mut self, piece: &str) {
            self.push_str(piece);
        }
    }
}

/// What text is made of: characters and strings. Public because it bounds public items, but other crates cannot name it.
pub trait Piece {
    /// Appends it to a text.
    #[doc(hidden)]
    #[track_caller]
    fn put<F: Failure, A: ArenaAllocator>(self, text: &mut String<'_, A>) -> Result<(), F::Error>;
}

/// Pieces that are a character, or dereference to a string.
macro_rules! pieces {
    ($([$($parameter:tt)*] $piece:ty, $put:ident, |$it:ident| $value:expr;)*) => { $(
        impl<$($parameter)*> Piece for $piece {
            #[inline]
            #[track_caller]
            fn put<F: Failure, A: ArenaAllocator>(self, text: &mut String<'_, A>) -> Result<(), F::Error> {
                let $it = self;
                text.$put::<F>($value)
            }
        }
    )* };
}

pieces! {
    [] char, push_or, |it| it;
    [] &char, push_or, |it| *it;
    [] &str, push_str_or, |it| it;
    [B: ArenaAllocator] String<'_, B>, push_str_or, |it| it.as_str();
}

#[cfg(feature = "alloc")]
pieces! {
    [] alloc::string::String, push_str_or, |it| it.as_str();
    [] alloc::borrow::Cow<'_, str>, push_str_or, |it| &it;
}

impl<T: Piece, A: ArenaAllocator> Extend<T> for String<'_, A> {
    #[track_caller]
    fn extend<I: IntoIterator<Item = T>>(&mut self, pieces: I) {
        Panic::unwrap(self.extend_or::<Panic, T>(pieces));
    }
}

impl<'a, A: ArenaAllocator> PartialEq<String<'a, A>> for str {
    fn eq(&self, other: &String<'a, A>) -> bool {
        self == other.as_str()
    }
}

impl<'a, A: ArenaAllocator> PartialEq<String<'a, A>> for &str {
    fn eq(&self, other: &String<'a, A>) -> bool {
        *self == other.as_str()
    }
}

/// Comparisons with the texts of the crate `alloc`, from the left and from the right.
#[cfg(feature = "alloc")]
macro_rules! equals_texts_of_alloc {
    ($([$($extra:tt)*] $other:ty;)*) => { $(
        impl<'a, $($extra)* A: ArenaAllocator> PartialEq<$other> for String<'a, A> {
            fn eq(&self, other: &$other) -> bool {
                self.as_str() == &other[..]
            }
        }

        impl<'a, $($extra)* A: ArenaAllocator> PartialEq<String<'a, A>> for $other {
            fn eq(&self, other: &String<'a, A>) -> bool {
                &self[..] == other.as_str()
            }
        }
    )* };
}

#[cfg(feature = "alloc")]
equals_texts_of_alloc! {
    [] alloc::string::String;
    ['b,] alloc::borrow::Cow<'b, str>;
}

#[cfg(feature = "serde")]
impl<'a, A: ArenaAllocator> serde::Serialize for String<'a, A> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}
