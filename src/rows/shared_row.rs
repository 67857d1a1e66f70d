//! A row that grows behind a shared reference, also from within an iterator that it is collecting.
//!
//! One value is easy: it is there before the row is touched. Values from an iterator must end up side by side,
//! and the iterator may come back to the same row between any two of them (`.bump.iter`, `.bump.order`). So they
//! are *staged*: written above the count, which nobody may look at, and counted when the iterator is done.
//! Pushes from within go below them, into a gap that is opened by moving what is staged upward; that may be
//! moved, as no reference to it was given out.
//!
//! ```text
//!  start     len          staged_at                          staged_end       room
//!  │ values  │ gap        │ staged by outer │ by the innermost │ usable         │
//!  └─────────┴─ ready ────┴─────────────────┴──────────────────┴────────────────┘
//! ```
//!
//! Extensions within extensions stack up, the innermost on top. One that is done moves its values down to
//! `len`. With no push from within, which is the rule, the gap is empty and nothing moves. The gap opens by as
//! much as is staged, so a value moves once on average, however many pushes come from within.
//!
//! No code of the caller's runs while values are between two places: not even a drop.

use super::row::Row;
use crate::arena::Backing;
use crate::arena::failure::{Failure, Report};
use core::cell::Cell;
use core::marker::PhantomData;
use core::mem;
use core::ptr::NonNull;

/// A row that one thread appends to by shared reference.
///
/// # Invariants
/// - Places below the row's count are never written again, nor moved.
/// - While `extensions > 0`: `len <= staged_at == ready <= staged_end <= room`, `room` places are usable, and
///   `staged_at..staged_end` hold values that belong to the extensions under way, the outermost's first.
/// - With none under way, `ready` places are usable.
pub(super) struct SharedRow<T, B: Backing> {
    row: Row<T, B>,
    extensions: Cell<usize>,
    staged_at: Cell<usize>,
    staged_end: Cell<usize>,
    room: Cell<usize>,
    /// A row of `&'static str` must not pass for one of `&'a str`, or shorter ones could be pushed.
    invariant: PhantomData<Cell<T>>,
}

impl<T, B: Backing> SharedRow<T, B> {
    /// The same values, to grow behind shared references.
    pub(super) const fn new(row: Row<T, B>) -> Self {
        let [extensions, staged_at, staged_end, room] = [const { Cell::new(0) }; 4];
        SharedRow { row, extensions, staged_at, staged_end, room, invariant: PhantomData }
    }

    #[inline(always)]
    pub(super) const fn row(&self) -> &Row<T, B> {
        &self.row
    }

    /// The row, for its only user. No extension is under way then, as each borrows the row.
    pub(super) const fn row_mut(&mut self) -> &mut Row<T, B> {
        &mut self.row
    }

    pub(super) fn into_row(self) -> Row<T, B> {
        self.row
    }

    /// Appends a value and says where it is.
    #[inline(always)]
    pub(super) fn push<F: Failure>(&self, value: T) -> Result<NonNull<T>, F::Error> {
        let len = self.row.len();
        if len == self.row.ready() {
            self.make_room::<F>()?;
        }
        let place = self.row.place(len);
        // SAFETY: `len < ready` places are usable, and the one at `len` is nobody's: counted values are below
        // it and staged ones at `ready` or above. Once it is written, the first `len + 1` hold values.
        unsafe {
            place.write(value);
            self.row.publish(len + 1);
        }
        Ok(place)
    }

    /// Makes room for one value at the count.
    #[cold]
    #[inline(never)]
    fn make_room<F: Failure>(&self) -> Result<(), F::Error> {
        match self.extensions.get() {
            0 => self.row.make_room::<F>(1),
            _ => self.open_gap::<F>(1),
        }
    }

    /// Makes room for `more` values at the count.
    pub(super) fn reserve<F: Failure>(&self, more: usize) -> Result<(), F::Error> {
        match self.extensions.get() {
            0 => self.row.make_room::<F>(more),
            _ => self.open_gap::<F>(more),
        }
    }

    /// Moves what is staged upward, so that `more` values fit between it and the count.
    fn open_gap<F: Failure>(&self, more: usize) -> Result<(), F::Error> {
        let (at, end) = (self.staged_at.get(), self.staged_end.get());
        let least = more.saturating_sub(at - self.row.len());
        if least == 0 {
            return Ok(());
        }
        // As much as moves now is put in afterwards before it moves again.
        let ample = least.max(end - at);
        let by = match self.make_usable::<Report>(end, ample) {
            Ok(()) => ample,
            Err(_) => {
                self.make_usable::<F>(end, least)?;
                least
            }
        };
        // SAFETY: `at..end` hold staged values, `end + by` places are usable, and nobody has a reference to
        // anything above the count. They belong to their extensions at the new place as at the old one.
        unsafe { self.row.place(at).copy_to(self.row.place(at + by), end - at) };
        self.staged_at.set(at + by);
        self.staged_end.set(end + by);
        self.row.set_ready(at + by);
        Ok(())
    }

    /// Makes `more` places above `end` usable, while an extension is under way.
    #[inline]
    fn make_usable<F: Failure>(&self, end: usize, more: usize) -> Result<(), F::Error> {
        if more > self.room.get() - end {
            self.room.set(self.row.make_usable::<F>(end, more)?);
        }
        Ok(())
    }

    /// Appends what an iterator gives, side by side, and says where it is. The iterator may use this row.
    ///
    /// When memory cannot be had or the iterator panics, what it gave so far stays in the row.
    #[inline]
    pub(super) fn extend<F: Failure>(&self, values: impl IntoIterator<Item = T>) -> Result<NonNull<[T]>, F::Error> {
        let values = values.into_iter();
        let mut extension = Extension::begin(self);
        // Within the loop the iterator is dropped, also when it panics, before the extension ends.
        for value in values {
            extension.push::<F>(value)?;
        }
        extension.finish::<F>()
    }

    /// Appends copies of a slice's values, and says where they are: no code of the caller's comes in between.
    #[inline]
    pub(super) fn copy<F: Failure>(&self, values: &[T]) -> Result<NonNull<[T]>, F::Error>
    where
        T: Copy,
    {
        let len = self.row.len();
        if values.len() > self.row.ready() - len {
            self.reserve::<F>(values.len())?;
        }
        // SAFETY: `len..ready` have room for the values, and are nobody's, as in `push`; so the slice, which may
        // be of this row, is not among them.
        unsafe {
            self.row.place(len).copy_from_nonoverlapping(NonNull::from(values).cast(), values.len());
            self.row.publish(len + values.len());
        }
        Ok(self.row.places(len, len + values.len()))
    }

    /// The number of the value at an address, if it is one that was counted.
    pub(super) fn index_of(&self, value: *const T) -> Option<usize> {
        let from_start = value.addr().wrapping_sub(self.row.place(0).addr().get());
        let index = from_start.checked_div(size_of::<T>())?;
        (index < self.row.len() && from_start % size_of::<T>() == 0).then_some(index)
    }
}

/// Values on their way into a row: the uppermost of those that are staged.
struct Extension<'a, T, B: Backing> {
    shared: &'a SharedRow<T, B>,
    /// How many of the staged values are this one's.
    count: usize,
}

impl<'a, T, B: Backing> Extension<'a, T, B> {
    fn begin(shared: &'a SharedRow<T, B>) -> Self {
        let under_way = shared.extensions.get();
        if under_way == 0 {
            let len = shared.row.len();
            shared.staged_at.set(len);
            shared.staged_end.set(len);
            shared.room.set(shared.row.ready());
            // From here on a push from within has to ask.
            shared.row.set_ready(len);
        }
        shared.extensions.set(under_way + 1);
        Extension { shared, count: 0 }
    }

    #[inline]
    fn push<F: Failure>(&mut self, value: T) -> Result<(), F::Error> {
        let end = self.shared.staged_end.get();
        self.shared.make_usable::<F>(end, 1)?;
        // SAFETY: the place at `end` is usable and nobody's: staged values end there, and those of extensions
        // within this one were moved down when they ended.
        unsafe { self.shared.row.place(end).write(value) };
        self.shared.staged_end.set(end + 1);
        self.count += 1;
        Ok(())
    }

    /// Counts the values, and says where they are.
    fn finish<F: Failure>(mut self) -> Result<NonNull<[T]>, F::Error> {
        let values = self.settle::<F>();
        if values.is_ok() {
            self.end();
            mem::forget(self);
        }
        values
    }

    /// Moves the values down to the count and raises it; without memory for that, all is as it was.
    fn settle<F: Failure>(&mut self) -> Result<NonNull<[T]>, F::Error> {
        let shared = self.shared;
        let outer = shared.staged_end.get() - shared.staged_at.get() - self.count;
        if outer != 0 {
            shared.open_gap::<F>(self.count)?;
        }
        let (len, from) = (shared.row.len(), shared.staged_end.get() - self.count);
        if from != len {
            // SAFETY: the uppermost `count` staged values are this extension's. They move to the places from
            // `len` on, which are usable and hold nothing: a gap of `count` was opened there, or nothing but
            // these very values is staged, and `copy` lets the two overlap.
            unsafe { shared.row.place(from).copy_to(shared.row.place(len), self.count) };
        }
        shared.staged_end.set(from);
        if outer == 0 {
            // Nothing is staged any more: the next value may come right after these.
            shared.staged_at.set(len + self.count);
            shared.staged_end.set(len + self.count);
            shared.row.set_ready(len + self.count);
        }
        // SAFETY: `count` values were just moved to the places after the first `len`, and leave the stage.
        unsafe { shared.row.publish(len + self.count) };
        let values = shared.row.places(len, len + self.count);
        self.count = 0;
        Ok(values)
    }

    /// The last extension to end gives the room back to ordinary pushes.
    fn end(&self) {
        let shared = self.shared;
        shared.extensions.set(shared.extensions.get() - 1);
        if shared.extensions.get() == 0 {
            shared.row.set_ready(shared.room.get());
        }
    }
}

impl<T, B: Backing> Drop for Extension<'_, T, B> {
    /// The iterator panicked, or memory ran out: what came before stays.
    fn drop(&mut self) {
        if self.settle::<Report>().is_err() {
            // An extension within another, and no memory to bring its values below the other's: they are
            // forgotten, and never dropped.
            let end = self.shared.staged_end.get();
            self.shared.staged_end.set(end - self.count);
        }
        self.end();
    }
}
