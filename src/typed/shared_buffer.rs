//! A buffer that grows behind a shared reference, also from within an iterator that it is collecting.
//!
//! One value is easy: it exists before the buffer is touched. Values from an iterator must end up side by side, and
//! the iterator may use the same buffer between any two of them (`.bump.iter`, `.bump.order`). So they are *staged*:
//! written above the count, where nothing reads, and counted when the iterator is done. Each extension has a *window*
//! for that. It is as long as the iterator's least size hint, and grows when that was too small. Pushes from within
//! go below the windows, into a gap. The gap opens when the windows move upward with their values. They may move, as
//! no reference to them was given out.
//!
//! ```text
//!  start     len          ready                              staged_end       usable
//!  │ values  │ gap        │ outer's window  │ the innermost's │ unused         │
//!  └─────────┴────────────┴─────────────────┴─────────────────┴────────────────┘
//! ```
//!
//! Extensions within extensions stack up, the innermost on top. One that is done moves its values down to `len`.
//! Usually nothing is pushed from within: then the gap is empty and nothing moves. The extension sees that by one load
//! of `ready` after each value, which only pushes from within change. It writes the values and nothing else.
//!
//! The gap opens by as much as the windows hold, so a value moves once on average, however many pushes come from
//! within. None of the caller's code runs while values are being moved: not even a drop.

use super::buffer::TypedBuffer;
use super::region_vec::RegionVec;
use super::shown::View;
use crate::arena::Backing;
use crate::checkers;
use crate::error::failure::{Failure, Report};
use crate::error::{AllocError, AllocReason};
use crate::seeded::{Bug, seeded};
use core::cell::{Cell, UnsafeCell};
use core::iter;
use core::mem;
use core::ptr::NonNull;

/// `staged_end` when no extension is running. Only a buffer of values without size has as many positions, and no
/// window reaches to its last (`usable_above`).
const IDLE: usize = usize::MAX;

/// A buffer that one thread appends to by shared reference.
///
/// # Invariants
/// - Positions below the buffer's count are never written again, nor moved.
/// - While extensions run: `len <= ready <= staged_end <= usable`, and `ready..staged_end` are the
///   windows of the extensions, the outermost's first, touching one another.
/// - While none runs, `staged_end` is [`IDLE`] and `ready` is all that is usable.
///
/// The buffer is in a cell, which also makes the type invariant: a buffer of `&'static str` must not pass for one of
/// `&'a str`, or shorter ones could be pushed. As readers look at its count and start from other threads, no
/// mutable reference to it is made behind `&self`; its fields are written one by one.
pub(super) struct SharedBuffer<T, B: Backing> {
    vec: UnsafeCell<RegionVec<T, B>>,
    staged_end: Cell<usize>,
}

impl<T, B: Backing> SharedBuffer<T, B> {
    /// Least length of a window: an extension without a size hint is often short.
    const WINDOW: usize = {
        const BYTES: usize = 256;
        const POSITIONS: usize = 16;
        match BYTES.checked_div(size_of::<T>()) {
            Some(0) => 1,
            Some(positions) if positions < POSITIONS => positions,
            _ => POSITIONS,
        }
    };

    /// The same values, to grow behind shared references.
    pub(super) const fn new(vec: RegionVec<T, B>) -> Self {
        SharedBuffer { vec: UnsafeCell::new(vec), staged_end: Cell::new(IDLE) }
    }

    /// The buffer, for reading: not while any of the caller's code runs.
    #[inline(always)]
    pub(super) const fn buffer(&self) -> &TypedBuffer<T, B> {
        // SAFETY: a shared buffer is not `Sync`, so nothing is written while this thread looks; what readers on
        // other threads do is to read.
        unsafe { &(*self.vec.get()).buffer }
    }

    /// The buffer's address, whose fields are written one by one.
    #[inline(always)]
    const fn address(&self) -> *mut TypedBuffer<T, B> {
        // SAFETY: the vector is in the cell as long as this is borrowed, and no reference to it is made.
        unsafe { &raw mut (*self.vec.get()).buffer }
    }

    /// The vector, for its only user. No extension is running then, as each borrows the buffer.
    pub(super) const fn vec_mut(&mut self) -> &mut RegionVec<T, B> {
        self.vec.get_mut()
    }

    /// The vector, which is used alone from now on.
    pub(super) fn into_vec(self) -> RegionVec<T, B> {
        self.vec.into_inner()
    }

    /// What readers follow: the count, and where the first value is once there is one.
    pub(super) fn followed(&self) -> View<'_> {
        // SAFETY: the buffer is alive while this is borrowed. Meanwhile its count changes in `publish` alone, and
        // its start when it gets its block, before the first value.
        unsafe { TypedBuffer::followed(self.address()) }
    }

    #[inline(always)]
    fn ready(&self) -> usize {
        self.buffer().ready()
    }

    #[inline(always)]
    fn set_ready(&self, positions: usize) {
        // SAFETY: the buffer is alive, and a shared buffer is not `Sync`.
        unsafe { TypedBuffer::set_ready(self.address(), positions) };
    }

    /// Raises the count to include values that were just written.
    ///
    /// # Safety
    /// The first `len` positions hold values, which become the buffer's.
    #[inline(always)]
    unsafe fn publish(&self, len: usize) {
        // SAFETY: the caller wrote the values; a shared buffer is not `Sync`, so this is the one thread that appends.
        unsafe { self.followed().publish(len) };
    }

    /// Makes `more` positions above `end` usable.
    #[inline(always)]
    #[track_caller]
    fn make_usable<F: Failure>(&self, end: usize, more: usize) -> Result<(), F::Error> {
        if more > self.buffer().usable() - end {
            // SAFETY: the buffer is alive, `end` is at most what is usable, and a shared buffer is not `Sync`: this is
            // the one thread that appends.
            unsafe { TypedBuffer::grow::<F>(self.address(), end, more)? };
        }
        Ok(())
    }

    /// The same while an extension is running, which is seldom the beginning of a buffer.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn make_usable_meanwhile<F: Failure>(&self, end: usize, more: usize) -> Result<(), F::Error> {
        self.make_usable::<F>(end, more)
    }

    /// Usable positions above `end` that a window may have.
    #[inline(always)]
    fn usable_above(&self, end: usize) -> usize {
        let usable = self.buffer().usable();
        if size_of::<T>() == 0 { usable.min(IDLE - 1).saturating_sub(end) } else { usable - end }
    }

    /// Appends a value and returns a pointer to it.
    #[inline(always)]
    #[track_caller]
    pub(super) fn push<F: Failure>(&self, value: T) -> Result<NonNull<T>, F::Error> {
        let len = self.buffer().len();
        if len == self.ready() {
            self.reserve_one::<F>()?;
        }
        let pointer = self.buffer().pointer_to(len);
        // SAFETY: `len < ready` positions are usable, and nothing uses the one at `len`: counted values are below
        // it and windows at `ready` or above. Once it is written, the first `len + 1` hold values.
        unsafe {
            if seeded(Bug::PushPublishesEarly) {
                self.publish(len + 1);
            }
            self.buffer().put(len, pointer, value);
            self.publish(len + 1);
        }
        Ok(pointer)
    }

    /// Makes memory for one value at the count usable.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn reserve_one<F: Failure>(&self) -> Result<(), F::Error> {
        self.reserve::<F>(1)
    }

    /// Makes memory for `more` values at the count usable.
    #[track_caller]
    pub(super) fn reserve<F: Failure>(&self, more: usize) -> Result<(), F::Error> {
        if self.staged_end.get() != IDLE {
            return self.open_gap::<F>(more);
        }
        self.make_usable::<F>(self.buffer().len(), more)?;
        self.set_ready(self.buffer().usable());
        Ok(())
    }

    /// Moves the windows upward, so that `more` values fit between them and the count.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn open_gap<F: Failure>(&self, more: usize) -> Result<(), F::Error> {
        let (at, end) = (self.ready(), self.staged_end.get());
        let least = more.saturating_sub(at - self.buffer().len());
        if least == 0 {
            return Ok(());
        }
        // The gap is as long as what moves now, so as many values are put in before it moves again.
        let ample = least.max(end - at);
        let by = match self.make_usable_meanwhile::<Report>(end, ample) {
            Ok(()) => ample,
            Err(_) => {
                self.make_usable_meanwhile::<F>(end, least)?;
                least
            }
        };
        // SAFETY: `end + by` positions are usable, and nobody has a reference to anything above the count. What of
        // `at..end` holds values belongs to the extensions at the new place as at the old one; what does not is
        // copied as the bytes that it is.
        unsafe { self.buffer().shift(at, at + by, end - at) };
        self.staged_end.set(end + by);
        self.set_ready(at + by);
        Ok(())
    }

    /// Lengthens the innermost window, which holds `count` values and is full. Returns its new end.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn lengthen<F: Failure>(&self, count: usize) -> Result<usize, F::Error> {
        let end = self.staged_end.get();
        self.make_usable_meanwhile::<F>(end, 1)?;
        let more = count.max(Self::WINDOW).min(self.usable_above(end));
        if more == 0 {
            return Err(F::from(AllocError::new(size_of::<T>(), AllocReason::TooLarge)));
        }
        self.staged_end.set(end + more);
        Ok(end + more)
    }

    /// Counts the first `count` values of the innermost window, which begins at `from`, and closes it. Returns a
    /// pointer to them. Without memory for that, nothing changes.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn settle<F: Failure>(&self, mut from: usize, count: usize) -> Result<NonNull<[T]>, F::Error> {
        if from != self.ready() {
            // Other windows are below this one, and stay open.
            let end = self.staged_end.get();
            self.open_gap::<F>(count)?;
            from += self.staged_end.get() - end;
        }
        let len = self.buffer().len();
        if seeded(Bug::SettlePublishesEarly) {
            // SAFETY: only the model of this bug comes here, and is to fail.
            unsafe { self.publish(len + count) };
        }
        // SAFETY: the window holds `count` values at its start. They move to the positions from `len` on, which are
        // usable and hold nothing: a gap of `count` was opened there, or no window but this one lies above the
        // count, and the two ranges may overlap.
        unsafe { self.buffer().shift(from, len, count) };
        if from == self.ready() {
            // Nothing is staged any more: the next value may come right after these.
            self.set_ready(len + count);
            from = len + count;
        }
        self.staged_end.set(from);
        // SAFETY: `count` values were just moved to the positions after the first `len`, and leave their window.
        unsafe { self.publish(len + count) };
        Ok(self.buffer().pointers_to(len, len + count))
    }

    /// Ends the outermost extension: ordinary pushes use the memory above the count again.
    #[inline(always)]
    fn end(&self) {
        self.staged_end.set(IDLE);
        self.set_ready(self.buffer().usable());
        if checkers::watching() {
            self.protect_window();
        }
    }

    /// Poisons what is above the count.
    #[cold]
    fn protect_window(&self) {
        // SAFETY: the buffer is alive and this is the one thread that writes to it.
        unsafe { TypedBuffer::protect_spare_behind_readers(self.address()) };
    }

    /// Ends an extension early: its iterator panicked, or memory ran out. Its values so far stay in the buffer.
    #[cold]
    #[inline(never)]
    fn break_off(&self, from: usize, count: usize, outermost: bool) {
        if self.settle::<Report>(from, count).is_err() {
            // This extension is within another, and there is no memory to move its values below the other's. They are
            // forgotten, and never dropped.
            self.staged_end.set(from);
        }
        if outermost {
            self.end();
        }
    }

    /// Appends an iterator's values, side by side, and returns a pointer to them. The iterator may use this buffer.
    ///
    /// When memory cannot be had or the iterator panics, what it gave so far stays in the buffer.
    #[inline(always)]
    #[track_caller]
    pub(super) fn extend<F: Failure>(&self, values: impl IntoIterator<Item = T>) -> Result<NonNull<[T]>, F::Error> {
        // The caller's code, which may use the buffer: so it runs before the window is opened.
        let values = values.into_iter();
        match values.size_hint().0 {
            0 => self.extend_by_unknown::<F>(values),
            least => self.extend_by::<F>(least, values),
        }
    }

    #[inline(never)]
    #[track_caller]
    fn extend_by_unknown<F: Failure>(&self, values: impl Iterator<Item = T>) -> Result<NonNull<[T]>, F::Error> {
        self.extend_by::<F>(Self::WINDOW, values)
    }

    /// The usual case: no extension is running, all values fit the window, and none is pushed from within. Inlined, so
    /// that a compiler that sees the iterator may unroll it and write many values at once. The other cases are in
    /// [`go_on`](Self::go_on).
    #[inline(always)]
    #[track_caller]
    fn extend_by<F: Failure>(&self, least: usize, values: impl Iterator<Item = T>) -> Result<NonNull<[T]>, F::Error> {
        let len = self.buffer().len();
        if self.staged_end.get() != IDLE || least > self.usable_above(len) {
            return self.extend_otherwise::<F>((least, values));
        }
        self.open_first_window(len, least);
        if seeded(Bug::ExtendPublishesEarly) {
            // SAFETY: only the model of this bug comes here, and is to fail.
            unsafe { self.publish(len + least) };
        }
        let mut extension = Extension { shared: self, outermost: true, from: len, count: 0, end: len + least };
        // Declared later, so dropped earlier: the iterator's drop may push, and is part of the extension, also in a
        // panic.
        let mut values = values;
        let first = self.buffer().pointer_to(len);
        while let Some(value) = values.next() {
            if self.ready() != len || extension.count == least {
                return self.go_on::<F>(extension, iter::once(value).chain(values));
            }
            // SAFETY: the position lies in the window, which is usable, this extension's, and where it was; the
            // `count` positions before it are written already.
            unsafe { self.buffer().put(len + extension.count, first.add(extension.count), value) };
            // Shows that the write did not change `ready`. A compiler that sees the iterator then leaves out the load
            // of `ready` and this store, and writes several values at once.
            self.set_ready(len);
            extension.count += 1;
        }
        drop(values);
        if self.ready() != len {
            return extension.finish::<F>();
        }
        let count = extension.count;
        mem::forget(extension);
        // SAFETY: `count` values were written right above the first `len` positions, and leave their window.
        unsafe { self.publish(len + count) };
        self.end();
        Ok(self.buffer().pointers_to(len, len + count))
    }

    /// As [`extend_by`](Self::extend_by), for all cases. The arguments are a pair: passed alone, the iterator
    /// would be laid out in memory for every call.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn extend_otherwise<F: Failure>(
        &self,
        (least, values): (usize, impl Iterator<Item = T>),
    ) -> Result<NonNull<[T]>, F::Error> {
        self.go_on::<F>(Extension::begin(self, least), values)
    }

    /// Appends the rest of an iterator's values, in all cases.
    #[cold]
    #[inline(never)]
    #[track_caller]
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

    /// Opens the outermost window: `positions` above `len`.
    #[inline(always)]
    fn open_first_window(&self, len: usize, positions: usize) {
        self.staged_end.set(len + positions);
        // From here on a push from within takes the slow path.
        self.set_ready(len);
    }

    /// Appends copies of a slice's values, and returns a pointer to them. None of the caller's code runs meanwhile.
    #[inline]
    #[track_caller]
    pub(super) fn copy<F: Failure>(&self, values: &[T]) -> Result<NonNull<[T]>, F::Error>
    where
        T: Copy,
    {
        let len = self.buffer().len();
        if values.len() > self.ready() - len {
            self.reserve::<F>(values.len())?;
        }
        // SAFETY: `len..ready` are usable, long enough for the values, and unused: counted values are below and windows
        // above. So the slice, which may be of counted values, does not overlap them. Once they are written, as many
        // more positions hold values.
        unsafe {
            if seeded(Bug::CopyPublishesEarly) {
                self.publish(len + values.len());
            }
            self.buffer().put_copies(len, values);
            self.publish(len + values.len());
        }
        Ok(self.buffer().pointers_to(len, len + values.len()))
    }

    /// Counts `count` more positions as if they held values, and returns a pointer to them.
    ///
    /// # Safety
    /// They hold values before anything reads or drops them.
    #[track_caller]
    pub(super) unsafe fn count_unwritten<F: Failure>(&self, count: usize) -> Result<NonNull<[T]>, F::Error> {
        let len = self.buffer().len();
        if count > self.ready() - len {
            self.reserve::<F>(count)?;
        }
        // SAFETY: `len..ready` are usable, long enough, and unused: counted values are below and windows above. The
        // caller sees to it that they hold values before they are taken for some.
        unsafe { self.publish(len + count) };
        Ok(self.buffer().pointers_to(len, len + count))
    }

    /// The positions above the count that can be written to.
    pub(super) fn unwritten(&self) -> NonNull<[T]> {
        self.buffer().pointers_to(self.buffer().len(), self.ready())
    }

    /// The number of the value at an address, if that value was counted.
    pub(super) fn index_of(&self, value: *const T) -> Option<usize> {
        let from_start = value.addr().wrapping_sub(self.buffer().pointer_to(0).addr().get());
        let index = from_start.checked_div(size_of::<T>())?;
        (index < self.buffer().len() && from_start % size_of::<T>() == 0).then_some(index)
    }
}

/// An extension that is running: the first `count` positions of the uppermost window, `from..end`, hold its values.
///
/// The numbers are those of the last look. Pushes from within since then moved the window, by as much as its end in the
/// buffer moved. They are passed by value, so that they may stay in registers.
struct Extension<'a, T, B: Backing> {
    shared: &'a SharedBuffer<T, B>,
    outermost: bool,
    from: usize,
    count: usize,
    end: usize,
}

impl<'a, T, B: Backing> Extension<'a, T, B> {
    /// Opens a window for `least` values, as far as they fit in usable memory.
    // (`.bump.iter`)
    fn begin(shared: &'a SharedBuffer<T, B>, least: usize) -> Self {
        let outermost = shared.staged_end.get() == IDLE;
        let from = if outermost { shared.buffer().len() } else { shared.staged_end.get() };
        let positions = least.min(shared.usable_above(from));
        match outermost {
            true => shared.open_first_window(from, positions),
            false => shared.staged_end.set(from + positions),
        }
        Extension { shared, outermost, from, count: 0, end: from + positions }
    }

    /// Finds where the window begins now.
    #[inline(always)]
    fn follow(&mut self) {
        let end = self.shared.staged_end.get();
        self.from = self.from.wrapping_add(end.wrapping_sub(self.end));
        self.end = end;
    }

    #[inline]
    #[track_caller]
    fn push<F: Failure>(&mut self, value: T) -> Result<(), F::Error> {
        self.follow();
        if self.from + self.count == self.end {
            self.end = self.shared.lengthen::<F>(self.count)?;
        }
        // SAFETY: the position lies in the window, which is usable and this extension's, behind the values that it
        // has: the windows of extensions within this one were closed when they ended.
        unsafe {
            let (buffer, at) = (self.shared.buffer(), self.from + self.count);
            buffer.put(at, buffer.pointer_to(at), value);
        }
        self.count += 1;
        Ok(())
    }

    /// Counts the values, and returns a pointer to them.
    #[track_caller]
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
