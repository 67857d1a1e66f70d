//! Lists that never change: pushing gives a longer list that shares all of the shorter one.
//!
//! Each cell knows the one before it and one further back, so chosen that any element is found in a logarithmic
//! number of steps (E. W. Myers, "An applicative random-access stack", 1983). One cell a push, and no list is
//! ever copied: what makes such structures dear with `malloc`, many small pieces that are owned by many, costs
//! nothing in an arena.

use super::error::Kind;
use super::value::Value;
use region::Scope;

#[derive(Clone, Copy)]
pub struct List<'p, 'a>(Option<&'a Cell<'p, 'a>>);

struct Cell<'p, 'a> {
    value: Value<'p, 'a>,
    /// Elements up to here, this one included.
    len: usize,
    /// How deep lists and functions are nested in here, so that whoever recurses knows that it ends.
    height: u32,
    before: List<'p, 'a>,
    further: List<'p, 'a>,
}

/// How deep lists and functions may be nested in each other. Copying, comparing and printing recurse so deep.
pub const MAX_HEIGHT: u32 = 500;

impl<'p, 'a> List<'p, 'a> {
    pub const EMPTY: Self = List(None);

    pub fn len(self) -> usize {
        self.0.map_or(0, |cell| cell.len)
    }

    pub fn height(self) -> u32 {
        self.0.map_or(0, |cell| cell.height)
    }

    /// The list with one more element at its end.
    pub fn push(self, value: Value<'p, 'a>, scope: &Scope<'a>) -> Result<Self, Kind<'p>> {
        let height = self.height().max(value.height() + 1);
        if height > MAX_HEIGHT {
            return Err(Kind::NestedTooDeep(MAX_HEIGHT));
        }
        // Two jumps of the same length in a row become one of twice that, and a step.
        let further = self.further();
        let equal = self.len() - further.len() == further.len() - further.further().len();
        let further = if equal { further.further() } else { self };
        let cell = Cell { value, len: self.len() + 1, height, before: self, further };
        Ok(List(Some(scope.try_alloc(cell).map_err(Kind::Memory)?)))
    }

    fn further(self) -> Self {
        self.0.map_or(List::EMPTY, |cell| cell.further)
    }

    pub fn get(self, index: usize) -> Option<Value<'p, 'a>> {
        let mut cell = self.0?;
        if index >= cell.len {
            return None;
        }
        while cell.len != index + 1 {
            cell = if cell.further.len() > index { cell.further.0? } else { cell.before.0? };
        }
        Some(cell.value)
    }

    pub fn iter(self) -> impl Iterator<Item = Value<'p, 'a>> {
        (0..self.len()).map_while(move |index| self.get(index))
    }

    /// Whether both are the very same cells.
    pub fn is(self, other: List<'_, '_>) -> bool {
        match (self.0, other.0) {
            (Some(a), Some(b)) => std::ptr::addr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
}
