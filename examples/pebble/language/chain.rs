//! A list that grows at one end behind a shared reference, in an arena: what the parser collects while it
//! recurses. It can be cut back to what it was, which costs nothing and frees nothing.

use region::Arena;
use region::backing::Backing;
use std::cell::Cell;

pub struct Chain<'c, T>(Cell<Option<&'c Link<'c, T>>>);

pub struct Link<'c, T> {
    value: T,
    /// How many there are, this one included.
    len: u32,
    older: Option<&'c Link<'c, T>>,
}

impl<'c, T: Copy> Chain<'c, T> {
    pub const fn new() -> Self {
        Chain(Cell::new(None))
    }

    pub fn len(&self) -> u32 {
        self.0.get().map_or(0, |link| link.len)
    }

    pub fn push(&self, arena: &'c Arena, value: T) {
        self.0.set(Some(arena.alloc(Link { value, len: self.len() + 1, older: self.0.get() })));
    }

    /// What [`cut`](Self::cut) takes to come back to the present state.
    pub fn state(&self) -> Option<&'c Link<'c, T>> {
        self.0.get()
    }

    pub fn cut(&self, state: Option<&'c Link<'c, T>>) {
        self.0.set(state);
    }

    /// The values, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &'c T> {
        let mut next = self.0.get();
        std::iter::from_fn(move || {
            let link = next?;
            next = link.older;
            Some(&link.value)
        })
    }

    /// The values as a slice in `arena`, oldest first.
    pub fn to_slice<'p, B: Backing>(&self, arena: &'p Arena<8, B>) -> &'p [T] {
        let slice = arena.alloc_slice_fill_iter(self.iter().copied());
        slice.reverse();
        slice
    }
}
