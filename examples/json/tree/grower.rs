//! Builds a tree in an arena, whatever its values look like: those of `arena` and of `compact`.

use super::run::Run;
use crate::parser::{self, Builder, Full, Number, Options, SyntaxError, Text};
use region::backing::Backing;
use region::{AllocError, Arena, RegionVec};
use std::fmt;

/// What the values of a tree look like, and the arena that they lie in.
pub trait Form<'a, 'i, const ALIGN: usize> {
    /// A value.
    type Value: Copy + 'a;
    /// The text of a key or a string.
    type Text: Copy + 'a;
    /// A member of an object.
    type Member: Copy + 'a;
    /// The memory of the arena.
    type Backing: Backing + 'a;

    /// Where lists go.
    fn arena(&self) -> &'a Arena<ALIGN, Self::Backing>;
    /// The text, where it stays.
    ///
    /// # Errors
    /// When there is no memory for it.
    fn keep(&self, text: Text<'i, '_>) -> Result<Self::Text, AllocError>;
    /// `null`.
    fn null() -> Self::Value;
    /// `true` or `false`.
    fn boolean(value: bool) -> Self::Value;
    /// A number.
    fn number(number: Number) -> Self::Value;
    /// A string.
    fn string(text: Self::Text) -> Self::Value;
    /// A member of an object.
    fn member(key: Self::Text, value: Self::Value) -> Self::Member;
    /// An array of these elements, which lie in the arena or are none.
    ///
    /// # Errors
    /// When there are more than a value can say.
    fn array(elements: &'a [Self::Value]) -> Result<Self::Value, AllocError>;
    /// An object of these members, which lie in the arena or are none.
    ///
    /// # Errors
    /// When there are more than a value can say.
    fn object(members: &'a [Self::Member]) -> Result<Self::Value, AllocError>;
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

/// Parses `document` into the form's arena; the root is the value returned.
///
/// # Errors
/// When the document is not JSON, or its tree does not fit in memory. What the arena holds by then is of no use:
/// reset or drop it.
pub fn parse<'a, 'i, F: Form<'a, 'i, ALIGN>, const ALIGN: usize>(
    document: &'i [u8],
    form: F,
    options: Options,
    progress: impl FnMut(usize),
) -> Result<F::Value, Refused> {
    let mut grower = Grower {
        form,
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

/// How many values wait before the first look whether some may leave: 1.5 MiB at most, which a processor's cache holds.
const FIRST: usize = 1 << 16;

/// Builds a tree in an arena.
///
/// Values wait on a stack until the list that they are in is closed. Those of a long list whose elements take no memory
/// of their own, such as a million numbers, leave it earlier: a batch at a time they go to the end of the arena, which
/// nobody else uses meanwhile. So such a list is never in memory twice.
struct Grower<'a, 'i, F: Form<'a, 'i, ALIGN>, const ALIGN: usize> {
    form: F,
    /// Values that are not yet part of another. A vector of its own mapping: it grows where it is, in large pages.
    values: RegionVec<F::Value>,
    /// How many may wait until the next look.
    capacity: usize,
    /// Keys of objects that are open.
    keys: RegionVec<F::Text>,
    /// The lists that are open and not empty, outermost first.
    open: Vec<Open<'a, F::Value, F::Backing, ALIGN>>,
    /// Why memory could not be had.
    refused: Option<AllocError>,
}

/// A list that is open.
struct Open<'a, V, B: Backing, const ALIGN: usize> {
    is_array: bool,
    /// Where on the stack its values begin.
    first: usize,
    /// Its values that are in the arena already: those before the ones on the stack.
    gone: Run<'a, V, B, ALIGN>,
    /// What the arena held at its opening, or when values last left for it.
    used: usize,
}

impl<'a, 'i, F: Form<'a, 'i, ALIGN>, const ALIGN: usize> Grower<'a, 'i, F, ALIGN> {
    #[inline]
    fn keep(&mut self, text: Text<'i, '_>) -> Result<F::Text, Full> {
        self.form.keep(text).map_err(|error| self.refuse(error))
    }

    #[inline]
    fn push(&mut self, value: F::Value) -> Result<(), Full> {
        if self.values.len() == self.capacity {
            self.make_room()?;
        }
        self.values.try_push(value).map_err(|error| self.refuse(error))
    }

    #[inline]
    fn open(&mut self, is_array: bool) -> Result<(), Full> {
        let (first, arena) = (self.values.len(), self.form.arena());
        let list = Open { is_array, first, gone: Run::new_in(arena), used: arena.used() };
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
                    && self.form.arena().used() == list.used =>
            {
                let gone = std::mem::replace(&mut list.gone, Run::new_in(self.form.arena()));
                match gone.followed_by(&self.values[list.first..]) {
                    Ok(gone) => list.gone = gone,
                    Err(error) => return Err(self.refuse(error)),
                }
                list.used = self.form.arena().used();
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

impl<'a, 'i, F: Form<'a, 'i, ALIGN>, const ALIGN: usize> Builder<'i> for Grower<'a, 'i, F, ALIGN> {
    #[inline]
    fn null(&mut self) -> Result<(), Full> {
        self.push(F::null())
    }

    #[inline]
    fn boolean(&mut self, value: bool) -> Result<(), Full> {
        self.push(F::boolean(value))
    }

    #[inline]
    fn number(&mut self, number: Number) -> Result<(), Full> {
        self.push(F::number(number))
    }

    #[inline]
    fn string(&mut self, text: Text<'i, '_>) -> Result<(), Full> {
        let text = self.keep(text)?;
        self.push(F::string(text))
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
        let mut elements: &[F::Value] = &[];
        if len > 0 {
            let Some(list) = self.open.pop() else { return Ok(()) };
            let waiting = &self.values[list.first..];
            let closed = match list.gone.is_empty() {
                true => self.form.arena().try_alloc_slice_copy(waiting).map(|elements| &*elements),
                false => list.gone.followed_by(waiting).map(Run::into_slice),
            };
            elements = closed.map_err(|error| self.refuse(error))?;
            self.values.truncate(list.first);
        }
        let array = F::array(elements).map_err(|error| self.refuse(error))?;
        self.push(array)
    }

    #[inline]
    fn object(&mut self, len: usize) -> Result<(), Full> {
        let mut members: &[F::Member] = &[];
        if len > 0 {
            let Some(list) = self.open.pop() else { return Ok(()) };
            let first_key = self.keys.len() - len;
            let (keys, values) = (&self.keys[first_key..], &self.values[list.first..]);
            let closed = self.form.arena().try_alloc_slice_fill_with(len, |at| F::member(keys[at], values[at]));
            members = closed.map_err(|error| self.refuse(error))?;
            self.keys.truncate(first_key);
            self.values.truncate(list.first);
        }
        let object = F::object(members).map_err(|error| self.refuse(error))?;
        self.push(object)
    }
}
