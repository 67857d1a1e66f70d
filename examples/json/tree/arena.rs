//! A tree that lives in one arena: nodes are `Copy`, lists are slices, nothing has a destructor.
//!
//! ```text
//!  arena   │ text │ [Value; 3] │ [Member; 2] │ text │ [Value; 40] │ …
//!                       └──► text, or a slice of the document when it needed no unescaping
//! ```
//!
//! Children come before their parent, and each list is one slice of exactly its length. Dropping the arena
//! is dropping the tree, whatever its size and depth.

use super::stack::Stack;
use super::{Node, Shape};
use crate::parser::{self, Builder, Number, Options, SyntaxError, Text};

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
/// When the document is not JSON. What the arena holds by then is of no use: reset or drop it.
pub fn parse<'a, 'i: 'a>(
    document: &'i [u8],
    arena: &'a Arena,
    strings: Strings,
    options: Options,
    progress: impl FnMut(usize),
) -> Result<Value<'a>, SyntaxError> {
    // Two stacks that grow in turn would leave holes in one arena, but no larger ones than in two.
    let scratch = Arena::new();
    let mut grower =
        Grower { arena, strings, values: Stack::new_in(&scratch, Value::Null), keys: Stack::new_in(&scratch, "") };
    parser::parse(document, options, &mut grower, progress)?;
    Ok(grower.values.top(1)[0])
}

/// Builds a tree in an arena.
struct Grower<'a, 's> {
    arena: &'a Arena,
    strings: Strings,
    /// Values that are not yet part of another.
    values: Stack<'s, Value<'a>>,
    /// Keys of objects that are open.
    keys: Stack<'s, &'a str>,
}

impl<'a> Grower<'a, '_> {
    #[inline]
    fn keep<'i: 'a>(&self, text: Text<'i, '_>) -> &'a str {
        match (text, self.strings) {
            (Text::Plain(text), Strings::Borrowed) => text,
            (Text::Plain(text), Strings::Copied) | (Text::Unescaped(text), _) => self.arena.alloc_str(text),
        }
    }
}

impl<'a, 'i: 'a> Builder<'i> for Grower<'a, '_> {
    #[inline]
    fn null(&mut self) {
        self.values.push(Value::Null);
    }

    #[inline]
    fn boolean(&mut self, value: bool) {
        self.values.push(Value::Bool(value));
    }

    #[inline]
    fn number(&mut self, number: Number) {
        self.values.push(Value::Number(number));
    }

    #[inline]
    fn string(&mut self, text: Text<'i, '_>) {
        self.values.push(Value::String(self.keep(text)));
    }

    #[inline]
    fn key(&mut self, text: Text<'i, '_>) {
        self.keys.push(self.keep(text));
    }

    #[inline]
    fn array(&mut self, len: usize) {
        let elements = self.arena.alloc_slice_copy(self.values.top(len));
        self.values.drop_top(len);
        self.values.push(Value::Array(elements));
    }

    #[inline]
    fn object(&mut self, len: usize) {
        let (keys, values) = (self.keys.top(len), self.values.top(len));
        let members = self.arena.alloc_slice_fill_with(len, |at| Member { key: keys[at], value: values[at] });
        self.keys.drop_top(len);
        self.values.drop_top(len);
        self.values.push(Value::Object(members));
    }
}

/// The parts of an array or object.
pub enum Parts<'t, 'a> {
    Elements(std::slice::Iter<'t, Value<'a>>),
    Members(std::slice::Iter<'t, Member<'a>>),
}

impl<'t, 'a> Iterator for Parts<'t, 'a> {
    type Item = (Option<&'t str>, &'t Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Parts::Elements(elements) => elements.next().map(|value| (None, value)),
            Parts::Members(members) => members.next().map(|member| (Some(member.key), &member.value)),
        }
    }
}

impl<'a> Node for Value<'a> {
    type Parts<'t>
        = Parts<'t, 'a>
    where
        'a: 't;

    #[inline]
    fn shape(&self) -> Shape<'_, Parts<'_, 'a>> {
        match *self {
            Value::Null | Value::Bool(_) => Shape::Word,
            Value::Number(number) => Shape::Number(number.as_f64()),
            Value::String(text) => Shape::String(text),
            Value::Array(elements) => Shape::Array(Parts::Elements(elements.iter())),
            Value::Object(members) => Shape::Object(Parts::Members(members.iter())),
        }
    }
}
