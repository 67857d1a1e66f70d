//! A tree that lives in one arena: nodes are `Copy`, lists are slices, nothing has a destructor.
//!
//! ```text
//!  arena   │ text │ [Value; 3] │ [Member; 2] │ text │ [Value; 40] │ …
//!                       └──► text, or a slice of the document when it needed no unescaping
//! ```
//!
//! Children come before their parent, and each list is one slice of exactly its length. Dropping the arena
//! is dropping the tree, whatever its size and depth.

use super::run::Run;
use super::{Node, Shape};
use crate::parser::{self, Builder, Full, Number, Options, SyntaxError, Text};
use region::{AllocError, RegionVec};
use std::fmt;

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

/// Why there is no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The document is not JSON, or beyond a limit.
    Syntax(SyntaxError),
    /// The tree does not fit in memory.
    Memory(AllocError),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Syntax(error) => error.fmt(f),
            Refused::Memory(error) => write!(f, "no memory for the tree: {error}"),
        }
    }
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
    let mut grower = Grower {
        arena,
        strings,
        values: RegionVec::new(),
        capacity: FIRST,
        keys: RegionVec::new(),
        open: Vec::new(),
        refused: None,
    };
    match (parser::parse(document, options, &mut grower, progress), grower.refused) {
        (Ok(()), _) => Ok(grower.values[0]),
        (Err(_), Some(error)) => Err(Refused::Memory(error)),
        (Err(error), None) => Err(Refused::Syntax(error)),
    }
}

/// How many values wait before the first look whether some may leave: 1.5 MiB, which a processor's cache holds.
const FIRST: usize = 1 << 16;

/// Builds a tree in an arena.
///
/// Values wait on a stack until the list that they are in is closed. Those of a long list whose elements take no memory
/// of their own, such as a million numbers, leave it earlier: a batch at a time they go to the end of the arena, which
/// nobody else uses meanwhile. So such a list is never in memory twice.
struct Grower<'a> {
    arena: &'a Arena,
    strings: Strings,
    /// Values that are not yet part of another. A vector of its own mapping: it grows where it is, in large pages.
    values: RegionVec<Value<'a>>,
    /// How many may wait until the next look.
    capacity: usize,
    /// Keys of objects that are open.
    keys: RegionVec<&'a str>,
    /// The lists that are open and not empty, outermost first.
    open: Vec<Open<'a>>,
    /// Why memory could not be had.
    refused: Option<AllocError>,
}

/// A list that is open.
struct Open<'a> {
    is_array: bool,
    /// Where on the stack its values begin.
    first: usize,
    /// Its values that are in the arena already: those before the ones on the stack.
    gone: Run<'a, Value<'a>>,
    /// What the arena held at its opening, or when values last left for it.
    used: usize,
}

impl<'a> Grower<'a> {
    #[inline]
    fn keep<'i: 'a>(&mut self, text: Text<'i, '_>) -> Result<&'a str, Full> {
        match (text, self.strings) {
            (Text::Plain(text), Strings::Borrowed) => Ok(text),
            (Text::Plain(text), Strings::Copied) | (Text::Unescaped(text), _) => {
                let copied = self.arena.try_alloc_str(text);
                copied.map(|text| &*text).map_err(|error| self.refuse(error))
            }
        }
    }

    #[inline]
    fn push(&mut self, value: Value<'a>) -> Result<(), Full> {
        if self.values.len() == self.capacity {
            self.make_room()?;
        }
        self.values.try_push(value).map_err(|error| self.refuse(error))
    }

    #[inline]
    fn open(&mut self, is_array: bool) -> Result<(), Full> {
        let (first, used) = (self.values.len(), self.arena.used());
        let list = Open { is_array, first, gone: Run::new_in(self.arena), used };
        self.open.try_reserve(1).map_err(|_| Full)?;
        self.open.push(list);
        Ok(())
    }

    /// Lets the values of the innermost list leave, if they are most of what waits and nothing was allocated among
    /// them; else more may wait.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) -> Result<(), Full> {
        match self.open.last_mut() {
            Some(list)
                if list.is_array
                    && self.values.len() - list.first > self.capacity / 2
                    && self.arena.used() == list.used =>
            {
                let gone = std::mem::replace(&mut list.gone, Run::new_in(self.arena));
                match gone.followed_by(&self.values[list.first..]) {
                    Ok(gone) => list.gone = gone,
                    Err(error) => return Err(self.refuse(error)),
                }
                list.used = self.arena.used();
                self.values.truncate(list.first);
            }
            _ => self.capacity *= 2,
        }
        Ok(())
    }

    #[cold]
    fn refuse(&mut self, error: AllocError) -> Full {
        self.refused = Some(error);
        Full
    }
}

impl<'a, 'i: 'a> Builder<'i> for Grower<'a> {
    #[inline]
    fn null(&mut self) -> Result<(), Full> {
        self.push(Value::Null)
    }

    #[inline]
    fn boolean(&mut self, value: bool) -> Result<(), Full> {
        self.push(Value::Bool(value))
    }

    #[inline]
    fn number(&mut self, number: Number) -> Result<(), Full> {
        self.push(Value::Number(number))
    }

    #[inline]
    fn string(&mut self, text: Text<'i, '_>) -> Result<(), Full> {
        let text = self.keep(text)?;
        self.push(Value::String(text))
    }

    #[inline]
    fn key(&mut self, text: Text<'i, '_>) -> Result<(), Full> {
        let text = self.keep(text)?;
        self.keys.try_push(text).map_err(|error| self.refuse(error))
    }

    #[inline]
    fn open_array(&mut self) -> Result<(), Full> {
        self.open(true)
    }

    #[inline]
    fn open_object(&mut self) -> Result<(), Full> {
        self.open(false)
    }

    #[inline]
    fn array(&mut self, len: usize) -> Result<(), Full> {
        let mut elements: &[Value<'a>] = &[];
        if len > 0 {
            let Some(list) = self.open.pop() else { return Ok(()) };
            let waiting = &self.values[list.first..];
            let closed = match list.gone.is_empty() {
                true => self.arena.try_alloc_slice_copy(waiting).map(|elements| &*elements),
                false => list.gone.followed_by(waiting).map(Run::into_slice),
            };
            elements = closed.map_err(|error| self.refuse(error))?;
            self.values.truncate(list.first);
        }
        self.push(Value::Array(elements))
    }

    #[inline]
    fn object(&mut self, len: usize) -> Result<(), Full> {
        let mut members: &[Member<'a>] = &[];
        if len > 0 {
            let Some(list) = self.open.pop() else { return Ok(()) };
            let first_key = self.keys.len() - len;
            let (keys, values) = (&self.keys[first_key..], &self.values[list.first..]);
            let closed = self.arena.try_alloc_slice_fill_with(len, |at| Member { key: keys[at], value: values[at] });
            members = closed.map_err(|error| self.refuse(error))?;
            self.keys.truncate(first_key);
            self.values.truncate(list.first);
        }
        self.push(Value::Object(members))
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
