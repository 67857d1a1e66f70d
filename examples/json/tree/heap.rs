//! The same tree in `Vec`s and `String`s: what the arena is compared with.
//!
//! It is built as sparingly as the heap allows: values wait on one reused stack, as the arena's do, and each
//! list and string is one allocation of exactly its length, never grown. What is left of the difference
//! is the allocator, and freeing node by node.

use super::{Node, Pair, Parts, Shape};
use crate::parser::{self, Builder, Full, Number, Options, SyntaxError, Text};

/// A JSON value that owns its parts.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, its members in the order of the document; duplicate keys are kept.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Value,
}

/// The deepest tree that is built here: dropping one recurses, and 4096 levels fit a thread's stack of
/// 2 MiB even unoptimized. The arena's tree needs no such limit.
pub const MAX_DEPTH: usize = 4096;

/// Parses `document` into a tree of its own.
///
/// # Errors
/// When the document is not JSON, or nests deeper than [`MAX_DEPTH`].
pub fn parse(document: &[u8], options: Options, progress: impl FnMut(usize)) -> Result<Value, SyntaxError> {
    let options = Options { max_depth: options.max_depth.min(MAX_DEPTH) };
    let mut grower = Grower { values: Vec::new(), keys: Vec::new() };
    parser::parse(document, options, &mut grower, progress)?;
    Ok(grower.values.swap_remove(0))
}

/// Builds a tree on the heap.
struct Grower {
    /// Values that are not yet part of another.
    values: Vec<Value>,
    /// Keys of objects that are open.
    keys: Vec<String>,
}

impl Builder<'_> for Grower {
    #[inline]
    fn null(&mut self) -> Result<(), Full> {
        self.values.push(Value::Null);
        Ok(())
    }

    #[inline]
    fn boolean(&mut self, value: bool) -> Result<(), Full> {
        self.values.push(Value::Bool(value));
        Ok(())
    }

    #[inline]
    fn number(&mut self, number: Number) -> Result<(), Full> {
        self.values.push(Value::Number(number));
        Ok(())
    }

    #[inline]
    fn string(&mut self, text: Text<'_, '_>) -> Result<(), Full> {
        let (Text::Plain(text) | Text::Unescaped(text)) = text;
        self.values.push(Value::String(text.into()));
        Ok(())
    }

    #[inline]
    fn key(&mut self, text: Text<'_, '_>) -> Result<(), Full> {
        let (Text::Plain(text) | Text::Unescaped(text)) = text;
        self.keys.push(text.into());
        Ok(())
    }

    #[inline]
    fn array(&mut self, len: usize) -> Result<(), Full> {
        let elements = self.values.drain(self.values.len() - len..).collect();
        self.values.push(Value::Array(elements));
        Ok(())
    }

    #[inline]
    fn object(&mut self, len: usize) -> Result<(), Full> {
        let keys = self.keys.drain(self.keys.len() - len..);
        let values = self.values.drain(self.values.len() - len..);
        let members = keys.zip(values).map(|(key, value)| Member { key, value }).collect();
        self.values.push(Value::Object(members));
        Ok(())
    }
}

impl Pair for Member {
    type Value = Value;

    #[inline]
    fn key(&self) -> &str {
        &self.key
    }

    #[inline]
    fn value(&self) -> &Value {
        &self.value
    }
}

impl Node for Value {
    type Parts<'t> = Parts<'t, Value, Member>;

    #[inline]
    fn shape(&self) -> Shape<'_, Self::Parts<'_>> {
        match self {
            Value::Null | Value::Bool(_) => Shape::Word,
            Value::Number(number) => Shape::Number(number.as_f64()),
            Value::String(text) => Shape::String(text),
            Value::Array(elements) => Shape::Array(Parts::Elements(elements.iter())),
            Value::Object(members) => Shape::Object(Parts::Members(members.iter())),
        }
    }
}
