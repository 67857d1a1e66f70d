//! A sequence of values whose length is not known yet, grown as the last allocation of the arena.
//!
//! As long as nothing else is allocated the sequence grows in place. When something was allocated behind it, it moves
//! to memory that is twice as long. Unused memory is given back at the end. Used by
//! `alloc_slice_fill_iter`, `alloc_fmt` and `alloc_file`, none of which may trust the lengths that it is given
//! (`.bump.iter`).

use super::{Arena, Backing};
use crate::bump::round_up;
use crate::copy::copy;
use crate::error::failure::{Failure, Report};
use crate::error::{AllocError, AllocReason};
use crate::policy::LARGEST_HINT;
use core::alloc::Layout;
#[cfg(all(feature = "os", any(unix, windows)))]
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// A growing sequence of `T`. If it is dropped before [`finish`](Self::finish), it gives its memory back if it is still
/// the last allocation. Its values are leaked, as an arena's values are.
pub(super) struct Growing<'a, T, const MIN_ALIGN: usize, B: Backing> {
    arena: &'a Arena<MIN_ALIGN, B>,
    start: NonNull<T>,
    len: usize,
    capacity: usize,
}

/// The first capacity is at least so many values, and at least so many bytes.
///
/// Unused capacity is given back, so more costs only memory for a while. With 8 bytes first, a short text would have to
/// grow three times.
const FIRST_CAPACITY: usize = 8;
const FIRST_BYTES: usize = 64;

/// More bytes are not asked for before there are values for them: a hint may be far too large.
const LARGEST_BYTES: usize = 1 << 16;

impl<'a, T, const MIN_ALIGN: usize, B: Backing> Growing<'a, T, MIN_ALIGN, B> {
    /// An empty sequence, which takes no memory yet.
    #[inline]
    pub(super) fn new(arena: &'a Arena<MIN_ALIGN, B>) -> Self {
        // SAFETY: no value was taken.
        unsafe { Self::of(arena, NonNull::dangling(), 0, 0) }
    }

    /// The first of `count` values, if the arena has their memory at hand and they are not more than is believed.
    #[inline(always)]
    pub(super) fn room_at_hand(arena: &Arena<MIN_ALIGN, B>, count: usize) -> Option<NonNull<T>> {
        if size_of::<T>() == 0 || count == 0 {
            return Some(NonNull::dangling());
        }
        if count > Self::LARGEST_ROOM {
            return None;
        }
        arena.take::<false>(Layout::array::<T>(count).ok()?).map(NonNull::cast)
    }

    /// A sequence of values that lie in the arena already.
    ///
    /// # Safety
    /// `capacity` values at `start` were taken from the arena and are the caller's, and the first `len` were written.
    #[inline(always)]
    pub(super) unsafe fn of(arena: &'a Arena<MIN_ALIGN, B>, start: NonNull<T>, len: usize, capacity: usize) -> Self {
        Growing { arena, start, len, capacity: if size_of::<T>() == 0 { usize::MAX } else { capacity } }
    }

    /// An empty sequence with room for `room` values, if the arena has as much at hand; else for `least`, if that is not
    /// too much to believe, and the arena gets it.
    #[inline(always)]
    pub(super) fn with_room(arena: &'a Arena<MIN_ALIGN, B>, room: usize, least: usize) -> Self {
        let whole = if room <= Self::LARGEST_ROOM { with_rounding::<T, MIN_ALIGN>(room) } else { 0 };
        let at_hand = if whole != 0 { Self::room_at_hand(arena, whole) } else { None };
        match at_hand {
            // SAFETY: so many values were just taken, and none is written.
            Some(start) => unsafe { Self::of(arena, start, 0, whole) },
            None => Self::with_reserve(arena, whole, least),
        }
    }

    // It returns the sequence, so that the caller's can be in registers.
    #[cold]
    #[inline(never)]
    fn with_reserve(arena: &'a Arena<MIN_ALIGN, B>, whole: usize, least: usize) -> Self {
        // An arena without a block gets one by the first value anyway, and has the room at once then.
        if whole != 0 && arena.block.get().is_none() {
            let start = Layout::array::<T>(whole).ok().and_then(|layout| arena.take_any::<Report>(layout).ok());
            if let Some(start) = start {
                // SAFETY: so many values were just taken, and none is written.
                return unsafe { Self::of(arena, start.cast(), 0, whole) };
            }
        }
        let mut empty = Self::new(arena);
        if least.saturating_mul(size_of::<T>()) <= LARGEST_HINT {
            // Only a hint, so a refusal comes when there is a value for which there is no memory.
            let _ = empty.reserve::<Report>(least);
        }
        empty
    }

    /// To divide by: bytes of a value, and 1 of one that has none.
    const SIZE: usize = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };

    /// How many values a sequence takes room for at most.
    const LARGEST_ROOM: usize = LARGEST_BYTES / Self::SIZE;

    /// How many values a sequence takes room for at least.
    pub(super) const FIRST_ROOM: usize = {
        let values = FIRST_BYTES / Self::SIZE;
        if values > FIRST_CAPACITY { values } else { FIRST_CAPACITY }
    };

    /// Makes the capacity large enough for `more` values.
    #[inline(always)]
    #[track_caller]
    pub(super) fn reserve<F: Failure>(&mut self, more: usize) -> Result<(), F::Error> {
        if more <= self.capacity - self.len {
            return Ok(());
        }
        self.reserve_slowly::<F>(more)
    }

    /// Doubles the capacity if the arena has the memory.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn reserve_slowly<F: Failure>(&mut self, more: usize) -> Result<(), F::Error> {
        let least = self.len.saturating_add(more);
        let ample = least.max(self.capacity.saturating_mul(2)).max(Self::FIRST_ROOM);
        // A buffer or a limit may allow what is needed and not twice as much.
        match self.grow_to::<Report>(ample) {
            Ok(()) => Ok(()),
            Err(_) => self.grow_to::<F>(least),
        }
    }

    /// Makes the capacity `capacity` values, in place if possible.
    #[track_caller]
    fn grow_to<F: Failure>(&mut self, capacity: usize) -> Result<(), F::Error> {
        F::check(self.try_grow_to(capacity))
    }

    fn try_grow_to(&mut self, capacity: usize) -> Result<(), AllocError> {
        let too_large = || AllocError::new(capacity.saturating_mul(size_of::<T>()), AllocReason::TooLarge);
        let old = Layout::array::<T>(self.capacity).map_err(|_| too_large())?;
        Layout::array::<T>(capacity).map_err(|_| too_large())?;
        // The cursor moves to this rounded length in any case. A memory checker unpoisons only bytes that are asked
        // for.
        let whole = with_rounding::<T, MIN_ALIGN>(capacity);
        let new = Layout::array::<T>(whole).map_err(|_| too_large())?;
        // SAFETY: the memory came from this arena and is in use; `reserve` only asks for more of it.
        let start = unsafe { self.arena.try_grow(self.start.cast(), old, new) }?;
        (self.start, self.capacity) = (start.cast(), whole);
        Ok(())
    }

    /// Appends a value.
    #[inline]
    #[track_caller]
    pub(super) fn push<F: Failure>(&mut self, value: T) -> Result<(), F::Error> {
        if self.len == self.capacity {
            self.reserve::<F>(1)?;
        }
        // SAFETY: `len < capacity`, so the address lies in the sequence's memory.
        unsafe { self.start.add(self.len).write(value) };
        self.len += 1;
        Ok(())
    }

    /// Appends values as long as there is room for them. Returns whether that was the end of them, or the first error.
    ///
    /// Nothing is called that could look at the sequence, so its length is a register meanwhile.
    #[inline(always)]
    pub(super) fn fill<E>(&mut self, values: &mut impl Iterator<Item = Result<T, E>>) -> Result<bool, E> {
        let (start, room) = (self.start, self.capacity);
        let mut len = self.len;
        while len < room {
            match values.next() {
                // SAFETY: `len` is less than the capacity, so the address lies in the sequence's memory.
                Some(Ok(value)) => unsafe { start.add(len).write(value) },
                Some(Err(error)) => return Err(error),
                None => {
                    self.len = len;
                    return Ok(true);
                }
            }
            len += 1;
        }
        self.len = len;
        Ok(false)
    }

    /// Appends copies.
    #[inline(always)]
    #[track_caller]
    pub(super) fn extend_from_slice<F: Failure>(&mut self, values: &[T]) -> Result<(), F::Error>
    where
        T: Copy,
    {
        if !self.extend_at_hand(values) {
            self.reserve_slowly::<F>(values.len())?;
            self.extend_at_hand(values);
        }
        Ok(())
    }

    /// Appends copies if there is room for all. Returns whether there was.
    #[inline(always)]
    pub(super) fn extend_at_hand(&mut self, values: &[T]) -> bool
    where
        T: Copy,
    {
        let fit = values.len() <= self.capacity - self.len;
        if fit {
            // SAFETY: the capacity is large enough for `values.len()` more, as was just found. `values` does not overlap
            // the sequence, as there is no reference into it.
            unsafe { copy(values.as_ptr(), self.start.add(self.len).as_ptr(), values.len()) };
            self.len += values.len();
        }
        fit
    }

    /// The capacity that is left, behind the values.
    #[cfg(all(feature = "os", any(unix, windows)))]
    pub(super) fn spare(&mut self) -> &mut [MaybeUninit<T>] {
        // SAFETY: `len <= capacity`, so these values' memory is the sequence's; `&mut self` makes this the only way to
        // it.
        unsafe { core::slice::from_raw_parts_mut(self.start.add(self.len).cast().as_ptr(), self.capacity - self.len) }
    }

    /// Counts spare values as the sequence's.
    ///
    /// # Safety
    /// The first `count` spare values were written.
    #[cfg(all(feature = "os", any(unix, windows)))]
    pub(super) unsafe fn add(&mut self, count: usize) {
        debug_assert!(count <= self.capacity - self.len);
        self.len += count;
    }

    /// The values. Unused memory is given back.
    #[inline(always)]
    pub(super) fn finish(self) -> &'a mut [T] {
        self.release_from(self.len);
        // SAFETY: the values are initialized and belong to the sequence, which is given up.
        unsafe { self.into_raw().as_mut() }
    }

    /// As [`finish`](Self::finish), of values that were all appended by [`extend_from_slice`](Self::extend_from_slice): no
    /// byte behind them was written. By a pointer that is good for growing them where they are.
    #[inline(always)]
    pub(super) fn finish_copied(self) -> NonNull<[T]> {
        if let Some(to) = self.excess_from(self.len) {
            self.arena.give_back_unwritten(to);
        }
        self.into_raw()
    }

    #[inline(always)]
    fn into_raw(self) -> NonNull<[T]> {
        let values = NonNull::slice_from_raw_parts(self.start, self.len);
        core::mem::forget(self);
        values
    }

    /// As [`finish`](Self::finish), where that is seldom.
    #[cold]
    #[inline(never)]
    pub(super) fn finish_short(self) -> &'a mut [T] {
        self.finish()
    }

    /// Whether so many values take all the memory that there is.
    #[inline(always)]
    fn is_all(&self, len: usize) -> bool {
        let rounded = |count: usize| round_up(count.wrapping_mul(size_of::<T>()), MIN_ALIGN);
        size_of::<T>() == 0 || rounded(len) == rounded(self.capacity)
    }

    /// Whether the sequence is the arena's last allocation.
    #[inline(always)]
    fn is_last(&self) -> bool {
        self.capacity != 0 && round_up(self.end(), MIN_ALIGN) == self.arena.cur.get().addr()
    }

    #[inline(always)]
    fn end(&self) -> usize {
        self.start.addr().get() + self.capacity * size_of::<T>()
    }

    /// Gives the memory from value `keep` on back, if the sequence is the last allocation.
    #[inline(always)]
    fn release_from(&self, keep: usize) {
        if let Some(to) = self.excess_from(keep) {
            self.arena.rewind_cursor(to);
        }
    }

    /// Where the cursor is to return to, if the memory from value `keep` on can be given back.
    #[inline(always)]
    fn excess_from(&self, keep: usize) -> Option<*mut u8> {
        if self.is_all(keep) || !self.is_last() {
            return None;
        }
        let keep = round_up(keep * size_of::<T>(), MIN_ALIGN);
        // SAFETY: `keep` is at most the rounded size of the memory, so this is at most the cursor.
        Some(unsafe { self.start.cast::<u8>().add(keep) }.as_ptr())
    }
}

/// How many values fit when the bytes of `capacity` values are rounded up to `MIN_ALIGN`. So a sequence of small values
/// ends at the cursor, and can grow there.
fn with_rounding<T, const MIN_ALIGN: usize>(capacity: usize) -> usize {
    round_up(capacity * size_of::<T>(), MIN_ALIGN) / size_of::<T>().max(1)
}

impl<T, const MIN_ALIGN: usize, B: Backing> Drop for Growing<'_, T, MIN_ALIGN, B> {
    fn drop(&mut self) {
        self.release_from(0);
    }
}
