//! A row that grows behind a shared reference, also from within an iterator that it is collecting.
//!
//! One value is easy: it is there before the row is touched. Values from an iterator must end up side by side,
//! and the iterator may come back to the same row between any two of them (`.bump.iter`, `.bump.order`). So they
//! are *staged*: written above the count, which nobody may look at, and counted when the iterator is done. Each
//! extension has a *window* for that, as long as its iterator says that it will be, and longer where that was
//! a lie. Pushes from within go below the windows, into a gap that is opened by moving these upward with all
//! that is in them; that may be moved, as no reference to it was given out.
//!
//! ```text
//!  start     len          ready                              staged_end       usable
//!  │ values  │ gap        │ outer's window  │ the innermost's │ room           │
//!  └─────────┴────────────┴─────────────────┴─────────────────┴────────────────┘
//! ```
//!
//! Extensions within extensions stack up, the innermost on top. One that is done moves its values down to
//! `len`. With no push from within, which is the rule, the gap is empty and nothing moves: the extension finds
//! that out by one look at `ready` after each value, which only what came from within changes; the values
//! are all that it writes.
//!
//! The gap opens by as much as the windows hold, so a place moves once on average, however many pushes come
//! from within. No code of the caller's runs while values are between two places: not even a drop.

use super::count::Count;
use super::row::Row;
use crate::arena::Backing;
use crate::arena::failure::{Failure, Report};
use crate::checkers;
use crate::error::{AllocError, AllocReason};
use core::cell::{Cell, UnsafeCell};
use core::iter;
use core::mem;
use core::ptr::NonNull;

/// `staged_end` when no extension is under way. Only a row of values without size has as many places, and no
/// window reaches to its last (`room_above`).
const IDLE: usize = usize::MAX;

/// A row that one thread appends to by shared reference.
///
/// # Invariants
/// - Places below the row's count are never written again, nor moved.
/// - While extensions are under way: `len <= ready <= staged_end <= usable`, and `ready..staged_end` are the
///   windows of the extensions, the outermost's first, touching one another.
/// - With none under way, `staged_end` is [`IDLE`] and `ready` is all that is usable.
///
/// The row is in a cell, which also makes the type invariant: a row of `&'static str` must not pass for one of
/// `&'a str`, or shorter ones could be pushed. As readers look at its count and start from other threads, no
/// mutable reference to it is made behind `&self`; its fields are written one by one.
pub(super) struct SharedRow<T, B: Backing> {
    row: UnsafeCell<Row<T, B>>,
    staged_end: Cell<usize>,
}

impl<T, B: Backing> SharedRow<T, B> {
    /// Least places of a window: extensions that say nothing of their length often are short.
    const WINDOW: usize = {
        const BYTES: usize = 256;
        const PLACES: usize = 16;
        match BYTES.checked_div(size_of::<T>()) {
            Some(0) => 1,
            Some(places) if places < PLACES => places,
            _ => PLACES,
        }
    };

    /// The same values, to grow behind shared references.
    pub(super) const fn new(row: Row<T, B>) -> Self {
        SharedRow { row: UnsafeCell::new(row), staged_end: Cell::new(IDLE) }
    }

    /// The row, to be looked at: not while any code of the caller's runs.
    #[inline(always)]
    pub(super) const fn row(&self) -> &Row<T, B> {
        // SAFETY: a shared row is not `Sync`, so nothing is written while this thread looks; what readers on
        // other threads do is to read.
        unsafe { &*self.row.get() }
    }

    /// The row, for its only user. No extension is under way then, as each borrows the row.
    pub(super) const fn row_mut(&mut self) -> &mut Row<T, B> {
        self.row.get_mut()
    }

    pub(super) fn into_row(self) -> Row<T, B> {
        self.row.into_inner()
    }

    /// What readers follow: the count, and where the first value is once there is one.
    pub(super) fn followed(&self) -> (&Count, &Cell<NonNull<u8>>) {
        // SAFETY: the row is alive while this is borrowed. Meanwhile its count changes in `publish` alone, and
        // its start when it gets its block, before the first value.
        unsafe { Row::followed(self.row.get()) }
    }

    #[inline(always)]
    fn ready(&self) -> usize {
        self.row().ready()
    }

    #[inline(always)]
    fn set_ready(&self, places: usize) {
        // SAFETY: the row is alive, and a shared row is not `Sync`.
        unsafe { Row::set_ready(self.row.get(), places) };
    }

    /// Raises the count to include values that were just written.
    ///
    /// # Safety
    /// The first `len` places hold values, which become the row's.
    #[inline(always)]
    unsafe fn publish(&self, len: usize) {
        self.followed().0.publish(len);
    }

    /// Makes `more` places above `end` usable.
    fn make_usable<F: Failure>(&self, end: usize, more: usize) -> Result<(), F::Error> {
        if more > self.row().usable() - end {
            let grown = self.row().grow::<F>(end, more)?;
            // SAFETY: the row is alive and this is the one thread that writes to it. Readers look at the start
            // only once they saw a count above zero, when there is a block and it does not change.
            unsafe { Row::note(self.row.get(), grown) };
        }
        Ok(())
    }

    /// Usable places above `end` that a window may have.
    #[inline(always)]
    fn room_above(&self, end: usize) -> usize {
        let usable = self.row().usable();
        if size_of::<T>() == 0 { usable.min(IDLE - 1).saturating_sub(end) } else { usable - end }
    }

    /// Appends a value and says where it is.
    #[inline(always)]
    pub(super) fn push<F: Failure>(&self, value: T) -> Result<NonNull<T>, F::Error> {
        let len = self.row().len();
        if len == self.ready() {
            self.make_room::<F>()?;
        }
        let place = self.row().place(len);
        // SAFETY: `len < ready` places are usable, and the one at `len` is nobody's: counted values are below
        // it and windows at `ready` or above. Once it is written, the first `len + 1` hold values.
        unsafe {
            place.write(value);
            self.publish(len + 1);
        }
        Ok(place)
    }

    /// Makes room for one value at the count.
    #[cold]
    #[inline(never)]
    fn make_room<F: Failure>(&self) -> Result<(), F::Error> {
        self.reserve::<F>(1)
    }

    /// Makes room for `more` values at the count.
    pub(super) fn reserve<F: Failure>(&self, more: usize) -> Result<(), F::Error> {
        if self.staged_end.get() != IDLE {
            return self.open_gap::<F>(more);
        }
        self.make_usable::<F>(self.row().len(), more)?;
        self.set_ready(self.row().usable());
        Ok(())
    }

    /// Moves the windows upward, so that `more` values fit between them and the count.
    fn open_gap<F: Failure>(&self, more: usize) -> Result<(), F::Error> {
        let (at, end) = (self.ready(), self.staged_end.get());
        let least = more.saturating_sub(at - self.row().len());
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
        // SAFETY: `end + by` places are usable, and nobody has a reference to anything above the count. What of
        // `at..end` holds values belongs to the extensions at the new place as at the old one; what does not is
        // copied as the bytes that it is.
        unsafe { self.row().place(at).copy_to(self.row().place(at + by), end - at) };
        self.staged_end.set(end + by);
        self.set_ready(at + by);
        Ok(())
    }

    /// Lengthens the innermost window, which holds `count` values and is full, and says where it ends now.
    #[cold]
    #[inline(never)]
    fn lengthen<F: Failure>(&self, count: usize) -> Result<usize, F::Error> {
        let end = self.staged_end.get();
        self.make_usable::<F>(end, 1)?;
        let more = count.max(Self::WINDOW).min(self.room_above(end));
        if more == 0 {
            return Err(F::from(AllocError::new(size_of::<T>(), AllocReason::TooLarge)));
        }
        self.staged_end.set(end + more);
        Ok(end + more)
    }

    /// Counts the first `count` values of the innermost window, which begins at `from`, and closes it. Says
    /// where they are; without memory for that, all is as it was.
    #[cold]
    #[inline(never)]
    fn settle<F: Failure>(&self, mut from: usize, count: usize) -> Result<NonNull<[T]>, F::Error> {
        if from != self.ready() {
            // Other windows are below this one, and stay.
            let end = self.staged_end.get();
            self.open_gap::<F>(count)?;
            from += self.staged_end.get() - end;
        }
        let len = self.row().len();
        // SAFETY: the window holds `count` values at its start. They move to the places from `len` on, which are
        // usable and hold nothing: a gap of `count` was opened there, or no window but this one lies above the
        // count, and `copy` lets the two places overlap.
        unsafe { self.row().place(from).copy_to(self.row().place(len), count) };
        if from == self.ready() {
            // Nothing is staged any more: the next value may come right after these.
            self.set_ready(len + count);
            from = len + count;
        }
        self.staged_end.set(from);
        // SAFETY: `count` values were just moved to the places after the first `len`, and leave their window.
        unsafe { self.publish(len + count) };
        Ok(self.row().places(len, len + count))
    }

    /// What is left to do at the end of the outermost extension: the room belongs to ordinary pushes again.
    #[inline(always)]
    fn end(&self) {
        self.staged_end.set(IDLE);
        self.set_ready(self.row().usable());
        if checkers::watching() {
            self.retire_window();
        }
    }

    /// Tells a checker that nothing is left above the count.
    #[cold]
    fn retire_window(&self) {
        // SAFETY: the row is alive and this is the one thread that writes to it.
        unsafe { Row::retire_followed(self.row.get()) };
    }

    /// Ends an extension that found no end of its own: its iterator panicked, or memory ran out. What it has
    /// stays in the row.
    #[cold]
    #[inline(never)]
    fn break_off(&self, from: usize, count: usize, outermost: bool) {
        if self.settle::<Report>(from, count).is_err() {
            // An extension within another, and no memory to bring its values below the other's: they are
            // forgotten, and never dropped.
            self.staged_end.set(from);
        }
        if outermost {
            self.end();
        }
    }

    /// Appends what an iterator gives, side by side, and says where it is. The iterator may use this row.
    ///
    /// When memory cannot be had or the iterator panics, what it gave so far stays in the row.
    #[inline(always)]
    pub(super) fn extend<F: Failure>(&self, values: impl IntoIterator<Item = T>) -> Result<NonNull<[T]>, F::Error> {
        // Code of the caller's, which may use the row: before the window is opened.
        let values = values.into_iter();
        match values.size_hint().0 {
            0 => self.extend_by_unknown::<F>(values),
            least => self.extend_by::<F>(least, values),
        }
    }

    #[inline(never)]
    fn extend_by_unknown<F: Failure>(&self, values: impl Iterator<Item = T>) -> Result<NonNull<[T]>, F::Error> {
        self.extend_by::<F>(Self::WINDOW, values)
    }

    /// What happens as a rule: no extension is under way, the window has room for all values, and none comes
    /// from within. Inlined, so that a compiler that sees the iterator may unroll it and write many values
    /// at once. All else is [`go_on`](Self::go_on).
    #[inline(always)]
    fn extend_by<F: Failure>(&self, least: usize, values: impl Iterator<Item = T>) -> Result<NonNull<[T]>, F::Error> {
        let len = self.row().len();
        if self.staged_end.get() != IDLE || least > self.room_above(len) {
            return self.extend_otherwise::<F>((least, values));
        }
        self.open_first_window(len, least);
        let mut extension = Extension { shared: self, outermost: true, from: len, count: 0, end: len + least };
        // Declared later, so dropped earlier: the iterator's end belongs to the extension, also when it panics.
        let mut values = values;
        let first = self.row().place(len);
        while let Some(value) = values.next() {
            if self.ready() != len || extension.count == least {
                return self.go_on::<F>(extension, iter::once(value).chain(values));
            }
            // SAFETY: the place lies in the window, which is usable, this extension's, and where it was; the
            // `count` places before it are written already.
            unsafe { first.add(extension.count).write(value) };
            // Says that the write changed nothing of the row: a compiler that sees the iterator then leaves the
            // look at `ready` and this store out, and writes several values at once.
            self.set_ready(len);
            extension.count += 1;
        }
        drop(values);
        if self.ready() != len {
            return extension.finish::<F>();
        }
        let count = extension.count;
        mem::forget(extension);
        // SAFETY: `count` values were written right above the first `len` places, and leave their window.
        unsafe { self.publish(len + count) };
        self.end();
        Ok(self.row().places(len, len + count))
    }

    /// As [`extend_by`](Self::extend_by), whatever happens. In a pair, as the iterator would be laid out in memory
    /// for every call if its own place were handed on here.
    #[cold]
    #[inline(never)]
    fn extend_otherwise<F: Failure>(
        &self,
        (least, values): (usize, impl Iterator<Item = T>),
    ) -> Result<NonNull<[T]>, F::Error> {
        self.go_on::<F>(Extension::begin(self, least), values)
    }

    /// Appends the rest of what an iterator gives, whatever happens meanwhile.
    #[cold]
    #[inline(never)]
    fn go_on<F: Failure>(
        &self,
        mut extension: Extension<'_, T, B>,
        values: impl Iterator<Item = T>,
    ) -> Result<NonNull<[T]>, F::Error> {
        // Within the loop the iterator is dropped, also when it panics, before the extension ends.
        for value in values {
            extension.push::<F>(value)?;
        }
        extension.finish::<F>()
    }

    /// Opens the outermost window: so many places above `len`.
    #[inline(always)]
    fn open_first_window(&self, len: usize, places: usize) {
        self.staged_end.set(len + places);
        // From here on a push from within has to ask.
        self.set_ready(len);
    }

    /// Appends copies of a slice's values, and says where they are: no code of the caller's comes in between.
    #[inline]
    pub(super) fn copy<F: Failure>(&self, values: &[T]) -> Result<NonNull<[T]>, F::Error>
    where
        T: Copy,
    {
        let len = self.row().len();
        if values.len() > self.ready() - len {
            self.reserve::<F>(values.len())?;
        }
        // SAFETY: `len..ready` have room for the values, and are nobody's, as in `push`; so the slice, which may
        // be of this row, is not among them.
        unsafe {
            self.row().place(len).copy_from_nonoverlapping(NonNull::from(values).cast(), values.len());
            self.publish(len + values.len());
        }
        Ok(self.row().places(len, len + values.len()))
    }

    /// The number of the value at an address, if it is one that was counted.
    pub(super) fn index_of(&self, value: *const T) -> Option<usize> {
        let from_start = value.addr().wrapping_sub(self.row().place(0).addr().get());
        let index = from_start.checked_div(size_of::<T>())?;
        (index < self.row().len() && from_start % size_of::<T>() == 0).then_some(index)
    }
}

/// Values on their way into a row: the first `count` of the uppermost window, `from..end`.
///
/// The numbers are as they were at the last look; what came from within since then moved the window, and its
/// end in the row says how far. They are handed on by value, so that they may stay in registers.
struct Extension<'a, T, B: Backing> {
    shared: &'a SharedRow<T, B>,
    outermost: bool,
    from: usize,
    count: usize,
    end: usize,
}

impl<'a, T, B: Backing> Extension<'a, T, B> {
    /// Opens a window for `least` values, as far as there is room without asking for it (`.bump.iter`).
    fn begin(shared: &'a SharedRow<T, B>, least: usize) -> Self {
        let outermost = shared.staged_end.get() == IDLE;
        let from = if outermost { shared.row().len() } else { shared.staged_end.get() };
        let places = least.min(shared.room_above(from));
        match outermost {
            true => shared.open_first_window(from, places),
            false => shared.staged_end.set(from + places),
        }
        Extension { shared, outermost, from, count: 0, end: from + places }
    }

    /// Where the window begins now.
    #[inline(always)]
    fn follow(&mut self) {
        let end = self.shared.staged_end.get();
        self.from = self.from.wrapping_add(end.wrapping_sub(self.end));
        self.end = end;
    }

    #[inline]
    fn push<F: Failure>(&mut self, value: T) -> Result<(), F::Error> {
        self.follow();
        if self.from + self.count == self.end {
            self.end = self.shared.lengthen::<F>(self.count)?;
        }
        // SAFETY: the place lies in the window, which is usable and this extension's, behind the values that it
        // has: the windows of extensions within this one were closed when they ended.
        unsafe { self.shared.row().place(self.from + self.count).write(value) };
        self.count += 1;
        Ok(())
    }

    /// Counts the values, and says where they are.
    fn finish<F: Failure>(mut self) -> Result<NonNull<[T]>, F::Error> {
        self.follow();
        let values = self.shared.settle::<F>(self.from, self.count)?;
        if self.outermost {
            self.shared.end();
        }
        mem::forget(self);
        Ok(values)
    }
}

impl<T, B: Backing> Drop for Extension<'_, T, B> {
    #[inline]
    fn drop(&mut self) {
        self.follow();
        self.shared.break_off(self.from, self.count, self.outermost);
    }
}
