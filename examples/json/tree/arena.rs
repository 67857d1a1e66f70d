//! A tree that lives in one arena: nodes are `Copy`, lists are slices, nothing has a destructor.
//!
//! ```text
//!  arena   │ text │ [Value; 3] │ [Member; 2] │ text │ [Value; 40] │ …
//!                       └──► text, or a slice of the document when it needed no unescaping
//! ```
//!
//! Children come before their parent, and each list is one slice of exactly its length. Dropping the arena
//! is dropping the tree, whatever its size and depth.

use super::grower::{self, Form};
use super::{Node, Pair, Parts, Shape};
use crate::parser::{Number, Options, Text};
use region::AllocError;
use region::backing::DefaultBacking;

pub use super::grower::Refused;
pub use region::Arena;

/// A JSON value: a small word, or a slice into the arena or the document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(&'a str),
    /// An array.
    Array(&'a [Value<'a>]),
    /// An object, its members in the order of the document; duplicate keys are kept.
    Object(&'a [Member<'a>]),
}

/// A member of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its value.
    pub value: Value<'a>,
}

// A tag and a slice. Every eight bytes more would cost an array of numbers a third of its memory.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Value<'_>>() == 24);

/// Where strings go that needed no unescaping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strings {
    /// They stay in the document, which must live as long as the tree.
    Borrowed,
    /// Into the arena, as those with escapes.
    Copied,
}

/// Parses `document` into `arena`; the root is the value returned.
///
/// # Errors
/// When the document is not JSON, or its tree does not fit in memory. What the arena holds by then is of no use:
/// reset or drop it.
pub fn parse<'a, 'i: 'a>(
    document: &'i [u8],
    arena: &'a Arena,
    strings: Strings,
    options: Options,
    progress: impl FnMut(usize),
) -> Result<Value<'a>, Refused> {
    grower::parse(document, Plain { arena, strings }, options, progress)
}

/// Values of this file, in an arena.
struct Plain<'a> {
    arena: &'a Arena,
    strings: Strings,
}

impl<'a, 'i: 'a> Form<'a, 'i, 8> for Plain<'a> {
    type Value = Value<'a>;
    type Text = &'a str;
    type Member = Member<'a>;
    type Backing = DefaultBacking;

    #[inline]
    fn arena(&self) -> &'a Arena {
        self.arena
    }

    #[inline]
    fn keep(&self, text: Text<'i, '_>) -> Result<&'a str, AllocError> {
        match (text, self.strings) {
            (Text::Plain(text), Strings::Borrowed) => Ok(text),
            (Text::Plain(text), Strings::Copied) | (Text::Unescaped(text), _) => {
                self.arena.try_alloc_str(text).map(|text| &*text)
            }
        }
    }

    #[inline]
    fn null() -> Value<'a> {
        Value::Null
    }

    #[inline]
    fn boolean(value: bool) -> Value<'a> {
        Value::Bool(value)
    }

    #[inline]
    fn number(number: Number) -> Value<'a> {
        Value::Number(number)
    }

    #[inline]
    fn string(text: &'a str) -> Value<'a> {
        Value::String(text)
    }

    #[inline]
    fn member(key: &'a str, value: Value<'a>) -> Member<'a> {
        Member { key, value }
    }

    #[inline]
    fn array(elements: &'a [Value<'a>]) -> Result<Value<'a>, AllocError> {
        Ok(Value::Array(elements))
    }

    #[inline]
    fn object(members: &'a [Member<'a>]) -> Result<Value<'a>, AllocError> {
        Ok(Value::Object(members))
    }
}

impl<'a> Pair for Member<'a> {
    type Value = Value<'a>;

    #[inline]
    fn key(&self) -> &str {
        self.key
    }

    #[inline]
    fn value(&self) -> &Value<'a> {
        &self.value
    }
}

impl<'a> Node for Value<'a> {
    type Parts<'t>
        = Parts<'t, Value<'a>, Member<'a>>
    where
        'a: 't;

    #[inline]
    fn shape(&self) -> Shape<'_, Self::Parts<'_>> {
        match *self {
            Value::Null | Value::Bool(_) => Shape::Word,
            Value::Number(number) => Shape::Number(number.as_f64()),
            Value::String(text) => Shape::String(text),
            Value::Array(elements) => Shape::Array(Parts::Elements(elements.iter())),
            Value::Object(members) => Shape::Object(Parts::Members(members.iter())),
        }
    }
}
