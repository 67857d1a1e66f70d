//! The same tree in a cage: values of 12 bytes, whose lists and texts are links of four bytes and a length.
//!
//! ```text
//!  cage │ text │ [Value; 3] │ [Member; 2] │ text │ [Value; 40] │ …
//!                     └──► text, by its distance from the cage's base
//! ```
//!
//! A link can lead only into the cage, so all strings are copied there.

use super::grower::{self, Form, Refused};
use super::{Node, Pair, Parts, Shape};
use crate::parser::{Number, Options, Text};
use region::Arena;
use region::cage::{CageArena, Caged, Slice32, Str32};
use region::error::{AllocError, AllocReason};

region::cage! {
    /// JSON trees. Most of what is in one is short text, so links count in steps of two bytes, and reach 8 GiB.
    pub struct Json;
    shift = 1;
}

/// The alignment of text.
const ALIGN: usize = 2;

/// The arena of a tree.
pub type Compact = CageArena<Json, ALIGN>;

// Declared so that a tree may be a file, too (`region::cage::Saved`).
region::savable! {
    in Json;

    /// A JSON value.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Value<'a> {
        /// `null`.
        Null,
        /// `true` or `false`.
        Bool(bool),
        /// A number that is an integer of at least 0.
        Unsigned(Halves),
        /// An integer below 0.
        Negative(Halves),
        /// Any other number: the bits of an `f64`.
        Float(Halves),
        /// A string.
        String(Str32<'a, Json>),
        /// An array.
        Array(Slice32<'a, Value<'a>, Json>),
        /// An object, its members in the order of the document; duplicate keys are kept.
        Object(Slice32<'a, Member<'a>, Json>),
    }

    /// A member of an object.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Member<'a> {
        /// Its key.
        pub key: Str32<'a, Json>,
        /// Its value.
        pub value: Value<'a>,
    }

    /// Eight bytes that need the alignment of four.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Halves([u32; 2]);
}

// Half of what a tag and a slice are with pointers.
const _: () = assert!(size_of::<Value<'_>>() == 12 && size_of::<Member<'_>>() == 20 && align_of::<Member<'_>>() == 4);

impl Halves {
    #[inline]
    fn of(bits: u64) -> Self {
        Halves([bits as u32, (bits >> 32) as u32])
    }

    #[inline]
    fn bits(self) -> u64 {
        u64::from(self.0[0]) | u64::from(self.0[1]) << 32
    }
}

impl Value<'_> {
    /// The number, if it is one.
    #[inline]
    pub fn number(self) -> Option<Number> {
        match self {
            Value::Unsigned(halves) => Some(Number::Unsigned(halves.bits())),
            Value::Negative(halves) => Some(Number::Negative(halves.bits() as i64)),
            Value::Float(halves) => Some(Number::Float(f64::from_bits(halves.bits()))),
            _ => None,
        }
    }
}

/// An empty arena for the tree of a document of so many bytes.
///
/// It has the addresses of the largest tree there can be for them, if the cage has: RAM comes as it is touched, and a list
/// grows where it is. No two bytes of a document make more than the value in `[1,1]`.
pub fn arena(document: usize) -> Compact {
    let most = document.saturating_mul(size_of::<Value<'_>>() / 2);
    Compact::try_with_capacity_in(most, Caged::new()).unwrap_or(Compact::new_in(Caged::new()))
}

/// Parses `document` into `arena`; the root is the value returned.
///
/// # Errors
/// When the document is not JSON, or its tree does not fit in the cage. What the arena holds by then is of no use: reset
/// or drop it.
pub fn parse<'a>(
    document: &[u8],
    arena: &'a Compact,
    options: Options,
    progress: impl FnMut(usize),
) -> Result<Value<'a>, Refused> {
    grower::parse(document, Linked { arena }, options, progress)
}

/// Values of this file, in an arena of the cage.
struct Linked<'a> {
    arena: &'a Compact,
}

/// More elements than a link counts.
fn too_many<T>(values: &[T]) -> AllocError {
    AllocError::new(size_of_val(values), AllocReason::TooLarge)
}

impl<'a, 'i> Form<'a, 'i, ALIGN> for Linked<'a> {
    type Value = Value<'a>;
    type Text = Str32<'a, Json>;
    type Member = Member<'a>;
    type Backing = Caged<Json>;

    #[inline]
    fn arena(&self) -> &'a Arena<ALIGN, Caged<Json>> {
        self.arena
    }

    #[inline]
    fn keep(&self, text: Text<'i, '_>) -> Result<Str32<'a, Json>, AllocError> {
        let (Text::Plain(text) | Text::Unescaped(text)) = text;
        Str32::try_new_in(text, self.arena)
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
        match number {
            Number::Unsigned(number) => Value::Unsigned(Halves::of(number)),
            Number::Negative(number) => Value::Negative(Halves::of(number as u64)),
            Number::Float(number) => Value::Float(Halves::of(number.to_bits())),
        }
    }

    #[inline]
    fn string(text: Str32<'a, Json>) -> Value<'a> {
        Value::String(text)
    }

    #[inline]
    fn member(key: Str32<'a, Json>, value: Value<'a>) -> Member<'a> {
        Member { key, value }
    }

    #[inline]
    fn array(elements: &'a [Value<'a>]) -> Result<Value<'a>, AllocError> {
        Slice32::from_slice(elements).map(Value::Array).ok_or_else(|| too_many(elements))
    }

    #[inline]
    fn object(members: &'a [Member<'a>]) -> Result<Value<'a>, AllocError> {
        Slice32::from_slice(members).map(Value::Object).ok_or_else(|| too_many(members))
    }
}

impl<'a> Pair for Member<'a> {
    type Value = Value<'a>;

    #[inline]
    fn key(&self) -> &str {
        self.key.as_str()
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
            Value::String(text) => Shape::String(text.as_str()),
            Value::Array(elements) => Shape::Array(Parts::Elements(elements.as_slice().iter())),
            Value::Object(members) => Shape::Object(Parts::Members(members.as_slice().iter())),
            Value::Unsigned(_) | Value::Negative(_) | Value::Float(_) => {
                Shape::Number(self.number().map_or(0.0, Number::as_f64))
            }
        }
    }
}
