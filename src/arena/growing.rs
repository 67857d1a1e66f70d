//! A row of values whose length is not known yet, grown at the tip of the arena.
//!
//! As long as nothing else is allocated the row grows in place; when something came after it, it moves once
//! to a place with twice the room. What it did not use is given back at the end. Behind
//! `alloc_slice_fill_iter` and `alloc_fmt`, neither of which may trust what it is told about lengths
//! (`.bump.iter`).

use super::bump::round_up;
use super::failure::{Failure, Report};
use super::{Arena, Backing};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::ptr::NonNull;

/// A growing row of `T`. Dropped before [`finish`](Self::finish), it gives its room back if it is still at
/// the tip; the values in it are leaked, as an arena's values are.
pub(super) struct Growing<'a, T, const MIN_ALIGN: usize, B: Backing> {
    arena: &'a Arena<MIN_ALIGN, B>,
    start: NonNull<T>,
    len: usize,
    room: usize,
}

/// Values that a row has room for when it first needs any, and the bytes that it takes at least.
///
/// A row gives back what it does not fill, so more costs nothing but the room; a piece of text that grew from 8 bytes
/// would come to the arena three times.
const FIRST_ROOM: usize = 8;
const FIRST_BYTES: usize = 64;

impl<'a, T, const MIN_ALIGN: usize, B: Backing> Growing<'a, T, MIN_ALIGN, B> {
    /// An empty row, which takes nothing yet.
    pub(super) fn new(arena: &'a Arena<MIN_ALIGN, B>) -> Self {
        let room = if size_of::<T>() == 0 { usize::MAX } else { 0 };
        Growing { arena, start: NonNull::dangling(), len: 0, room }
    }

    /// Makes room for `more` values, and for as many again as there are if that can be had.
    pub(super) fn reserve<F: Failure>(&mut self, more: usize) -> Result<(), F::Error> {
        if more <= self.room - self.len {
            return Ok(());
        }
        let least = self.len.saturating_add(more);
        let first = FIRST_ROOM.max(FIRST_BYTES / size_of::<T>().max(1));
        let ample = least.max(self.room.saturating_mul(2)).max(first);
        // A buffer or a limit may have room for what is needed and not for twice as much.
        match self.grow_to::<Report>(ample) {
            Ok(()) => Ok(()),
            Err(_) => self.grow_to::<F>(least),
        }
    }

    /// Makes the room `room` values long, in place if it can be.
    fn grow_to<F: Failure>(&mut self, room: usize) -> Result<(), F::Error> {
        let too_large = || F::from(AllocError::new(room.saturating_mul(size_of::<T>()), AllocReason::TooLarge));
        let old = Layout::array::<T>(self.room).map_err(|_| too_large())?;
        Layout::array::<T>(room).map_err(|_| too_large())?;
        // The cursor goes so far in any case, and a memory checker hears of the bytes that are asked for.
        let whole = with_rounding::<T, MIN_ALIGN>(room);
        let new = Layout::array::<T>(whole).map_err(|_| too_large())?;
        // SAFETY: the room came from this arena and is in use; `reserve` only asks for more of it.
        let start = unsafe { self.arena.try_grow(self.start.cast(), old, new) }.map_err(F::from)?;
        (self.start, self.room) = (start.cast(), whole);
        Ok(())
    }

    /// Appends a value.
    #[inline]
    pub(super) fn push<F: Failure>(&mut self, value: T) -> Result<(), F::Error> {
        if self.len == self.room {
            self.reserve::<F>(1)?;
        }
        // SAFETY: `len < room` places belong to the row.
        unsafe { self.start.add(self.len).write(value) };
        self.len += 1;
        Ok(())
    }

    /// Appends copies.
    pub(super) fn extend_from_slice<F: Failure>(&mut self, values: &[T]) -> Result<(), F::Error>
    where
        T: Copy,
    {
        self.reserve::<F>(values.len())?;
        // SAFETY: `reserve` made room for `values.len()` more, and the row is not part of `values`: nobody
        // has a reference into it.
        unsafe { self.start.add(self.len).copy_from_nonoverlapping(NonNull::from(values).cast(), values.len()) };
        self.len += values.len();
        Ok(())
    }

    /// The values, with the unused room given back.
    pub(super) fn finish(mut self) -> &'a mut [T] {
        let (start, len) = (self.start, self.len);
        self.release_from(len);
        core::mem::forget(self);
        // SAFETY: the first `len` values are initialized and belong to the row, which is given up.
        unsafe { core::slice::from_raw_parts_mut(start.as_ptr(), len) }
    }

    /// Whether the row ends where the arena's cursor stands.
    fn at_tip(&self) -> bool {
        self.room != 0 && round_up(self.end(), MIN_ALIGN) == self.arena.cur.get().addr()
    }

    fn end(&self) -> usize {
        self.start.addr().get() + self.room * size_of::<T>()
    }

    /// Gives the room from value `keep` on back, if the row is at the tip.
    fn release_from(&mut self, keep: usize) {
        if size_of::<T>() != 0 && self.at_tip() {
            let keep = round_up(keep * size_of::<T>(), MIN_ALIGN);
            // SAFETY: `keep` is at most the rounded size of the room, so this is at most the cursor.
            self.arena.lower(unsafe { self.start.cast::<u8>().add(keep) }.as_ptr());
        }
    }
}

/// Values that room for `room` of them holds once the cursor has rounded it up to `MIN_ALIGN`: that way a row
/// of small values ends where the cursor stands, and can go on there.
fn with_rounding<T, const MIN_ALIGN: usize>(room: usize) -> usize {
    round_up(room * size_of::<T>(), MIN_ALIGN) / size_of::<T>().max(1)
}

impl<T, const MIN_ALIGN: usize, B: Backing> Drop for Growing<'_, T, MIN_ALIGN, B> {
    fn drop(&mut self) {
        self.release_from(0);
    }
}
