//! An append-only vector as other threads see it while it grows.

use super::count::Count;
use super::id::Id;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Index;
use core::ptr::NonNull;

/// A view of an [`AppendVec`](super::AppendVec) that other threads may have while its own thread pushes.
///
/// Lock-free: a reader loads a count, and everything below it is there and stays. Two loads may give
/// different counts, never a falling one.
///
/// *Threads*: `Send` and `Sync` if `T` is `Sync`; `Copy`. *Lifetime*: borrows the vector.
pub struct Reader<'a, T> {
    count: &'a Count,
    start: &'a Cell<NonNull<u8>>,
    values: PhantomData<&'a T>,
}

// SAFETY: a reader gives out `&T`, which `T: Sync` allows, and looks at two things of the vector. The count
// is atomic. The start is a plain cell: the appender sets it before it publishes the first count above zero
// and never again, and a reader looks at it after it saw such a count (`values`), so the two accesses are
// ordered. src/rows/models.rs explores just that.
unsafe impl<T: Sync> Send for Reader<'_, T> {}
// SAFETY: as for `Send`: all that `&Reader` allows is to copy it and to read.
unsafe impl<T: Sync> Sync for Reader<'_, T> {}

impl<T> Clone for Reader<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Reader<'_, T> {}

impl<'a, T> Reader<'a, T> {
    /// A reader of the row that this count and this start belong to.
    ///
    /// # Safety
    /// For `'a`, places below the count hold values of `T` that are not changed, moved or dropped, and the
    /// start is not set any more once a count above zero was published.
    pub(super) unsafe fn new(count: &'a Count, start: &'a Cell<NonNull<u8>>) -> Self {
        Reader { count, start, values: PhantomData }
    }

    /// Values that can be seen now.
    #[inline]
    pub fn len(&self) -> usize {
        self.count.seen()
    }

    /// Whether none can be seen yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values that can be seen now.
    #[inline]
    pub fn as_slice(&self) -> &'a [T] {
        let len = self.count.seen();
        if len == 0 {
            return &[];
        }
        let values = NonNull::slice_from_raw_parts(self.start.get().cast::<T>(), len);
        // SAFETY: `seen` ordered this after the first `len` values were written, and what makes a reader says
        // that they stay for `'a`.
        unsafe { values.as_ref() }
    }

    /// The value at `index`, if it can be seen yet.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a T> {
        self.as_slice().get(index)
    }

    /// The value of an id, if it can be seen yet.
    #[inline]
    pub fn get_id(&self, id: Id<T>) -> Option<&'a T> {
        self.get(id.index())
    }

    /// Goes through the values, and on through those that come meanwhile.
    #[inline]
    pub fn iter(&self) -> ReaderIter<'a, T> {
        ReaderIter { reader: *self, next: 0, seen: &[] }
    }
}

impl<T> Index<usize> for Reader<'_, T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        &self.as_slice()[index]
    }
}

impl<T> Index<Id<T>> for Reader<'_, T> {
    type Output = T;

    #[inline]
    fn index(&self, id: Id<T>) -> &T {
        &self.as_slice()[id.index()]
    }
}

impl<T: fmt::Debug> fmt::Debug for Reader<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(&self.as_slice()).finish()
    }
}

impl<'a, T> IntoIterator for Reader<'a, T> {
    type Item = &'a T;
    type IntoIter = ReaderIter<'a, T>;

    fn into_iter(self) -> ReaderIter<'a, T> {
        self.iter()
    }
}

/// Goes through an [`AppendVec`](super::AppendVec) while it grows. Made by
/// [`AppendVec::iter`](super::AppendVec::iter) and [`Reader::iter`].
///
/// After a `None` more may come; the iterator goes on then.
pub struct ReaderIter<'a, T> {
    reader: Reader<'a, T>,
    next: usize,
    /// What was seen at the last look: the count is loaded again only at its end.
    seen: &'a [T],
}

impl<T> Clone for ReaderIter<'_, T> {
    fn clone(&self) -> Self {
        ReaderIter { ..*self }
    }
}

impl<'a, T> Iterator for ReaderIter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        if self.next == self.seen.len() {
            self.seen = self.reader.as_slice();
        }
        let value = self.seen.get(self.next)?;
        self.next += 1;
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.reader.len() - self.next, None)
    }
}

impl<T: fmt::Debug> fmt::Debug for ReaderIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReaderIter").field(&self.reader.as_slice().get(self.next..)).finish()
    }
}
