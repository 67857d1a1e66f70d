//! An append-only vector as other threads see it while it grows.

use super::id::Id;
use super::shown::View;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Index;
use core::ptr::NonNull;

/// A view of an [`AppendVec`](super::AppendVec) that other threads may have while its own thread pushes.
///
/// Lock-free: a reader loads a count, and every value below it is there and stays. A later load may give a larger
/// count, never a smaller one.
///
/// *Threads*: `Send` and `Sync` if `T` is `Sync`; `Copy`. *Lifetime*: borrows the vector.
pub struct Reader<'a, T> {
    view: View<'a>,
    values: PhantomData<&'a T>,
}

// What makes a reader `Send` and `Sync` is in its parts: the values are there as `&T`, so `T` must be `Sync`, and a
// `View` may be looked at from anywhere.

impl<T> Clone for Reader<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Reader<'_, T> {}

impl<'a, T> Reader<'a, T> {
    /// A reader of the buffer that `view` shows.
    ///
    /// # Safety
    /// For `'a`, positions below the count hold values of `T` that are not changed, moved or dropped.
    pub(super) unsafe fn new(view: View<'a>) -> Self {
        Reader { view, values: PhantomData }
    }

    /// Values that can be seen now.
    #[inline]
    pub fn len(&self) -> usize {
        self.view.len()
    }

    /// Whether none can be seen yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values that can be seen now.
    #[inline]
    pub fn as_slice(&self) -> &'a [T] {
        let Some((start, len)) = self.view.values() else { return &[] };
        let values = NonNull::slice_from_raw_parts(start.cast::<T>(), len);
        // SAFETY: the view ordered this after the first `len` values were written from `start` on, and what makes a
        // reader says that they stay for `'a`.
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
    #[track_caller]
    fn index(&self, index: usize) -> &T {
        &self.as_slice()[index]
    }
}

impl<T> Index<Id<T>> for Reader<'_, T> {
    type Output = T;

    #[inline]
    #[track_caller]
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
