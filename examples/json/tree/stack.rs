//! A stack in an arena of its own, for what is not yet part of a tree.

use super::arena::Arena;

/// How many items the first piece holds: enough for most documents, few enough to be nothing.
const FIRST: usize = 512;

/// A stack that grows by moving to twice its size further up in `arena`.
///
/// The pieces it leaves behind add up to less than the one it is in, and all go when the arena does. A
/// `Vec` would serve, but grows through the global allocator: on a document with one long array that would
/// put a page fault of 4 KiB to every few hundred elements, where the arena's memory comes in large pages.
pub struct Stack<'s, T> {
    arena: &'s Arena,
    items: &'s mut [T],
    len: usize,
    blank: T,
}

impl<'s, T: Copy> Stack<'s, T> {
    /// An empty stack; `blank` fills what is not in use.
    pub fn new_in(arena: &'s Arena, blank: T) -> Self {
        Stack { arena, items: &mut [], len: 0, blank }
    }

    #[inline]
    pub fn push(&mut self, item: T) {
        if self.len == self.items.len() {
            self.grow();
        }
        self.items[self.len] = item;
        self.len += 1;
    }

    /// The last `len` items, oldest first.
    #[inline]
    pub fn top(&self, len: usize) -> &[T] {
        &self.items[self.len - len..self.len]
    }

    /// Takes the last `len` items off.
    #[inline]
    pub fn drop_top(&mut self, len: usize) {
        self.len -= len;
    }

    #[cold]
    fn grow(&mut self) {
        let larger = self.arena.alloc_slice_fill_copy((2 * self.len).max(FIRST), self.blank);
        larger[..self.len].copy_from_slice(self.items);
        self.items = larger;
    }
}
