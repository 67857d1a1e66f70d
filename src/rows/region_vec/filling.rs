//! Many values at a time.

use super::RegionVec;
use super::editing::{bounds, outside};
use crate::arena::Backing;
use crate::arena::failure::{Failure, Panic, Report};
use crate::error::AllocError;
use core::ops::RangeBounds;

/// Bytes that a slice is copied by.
///
/// The backing brings RAM in ahead of what is asked for as long as it is asked for little; a larger piece would
/// be left to page faults, as it might never be written (`.back.populate`). This one is about to be.
const PIECE: usize = 128 << 10;

impl<T, B: Backing> RegionVec<T, B> {
    /// Appends clones of a slice's values.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let mut text = region::RegionVec::new();
    /// text.extend_from_slice(b"to be ");
    /// text.extend_from_slice(b"or not");
    /// assert_eq!(text, b"to be or not");
    /// ```
    pub fn extend_from_slice(&mut self, values: &[T])
    where
        T: Clone,
    {
        Panic::unwrap(self.extend_from_slice_or::<Panic>(values));
    }

    /// As [`extend_from_slice`](Self::extend_from_slice).
    ///
    /// # Errors
    /// When memory cannot be had; the vector is as it was.
    pub fn try_extend_from_slice(&mut self, values: &[T]) -> Result<(), AllocError>
    where
        T: Clone,
    {
        let len = self.row.len();
        self.extend_from_slice_or::<Report>(values).inspect_err(|_| self.truncate(len))
    }

    fn extend_from_slice_or<F: Failure>(&mut self, values: &[T]) -> Result<(), F::Error>
    where
        T: Clone,
    {
        for piece in values.chunks((PIECE / size_of::<T>().max(1)).max(1)) {
            self.row.make_room::<F>(piece.len())?;
            // The count is written once a piece, also when a clone panics.
            let mut end = End::of(self);
            for value in piece {
                // SAFETY: `make_room` made room for the piece.
                unsafe { end.push(value.clone()) };
            }
        }
        Ok(())
    }

    /// Appends clones of a range of the vector's own values.
    ///
    /// # Panics
    /// When the range ends after the vector, or before it starts; when memory cannot be had.
    ///
    /// ```
    /// let mut text = region::RegionVec::from(*b"to be or not ");
    /// text.extend_from_within(..5);
    /// assert_eq!(text, b"to be or not to be");
    /// ```
    #[track_caller]
    pub fn extend_from_within(&mut self, range: impl RangeBounds<usize>)
    where
        T: Clone,
    {
        Panic::unwrap(self.extend_from_within_or::<Panic>(range));
    }

    /// As [`extend_from_within`](Self::extend_from_within).
    ///
    /// # Errors
    /// When memory cannot be had; the vector is as it was.
    ///
    /// # Panics
    /// When the range ends after the vector, or before it starts.
    #[track_caller]
    pub fn try_extend_from_within(&mut self, range: impl RangeBounds<usize>) -> Result<(), AllocError>
    where
        T: Clone,
    {
        self.extend_from_within_or::<Report>(range)
    }

    #[track_caller]
    fn extend_from_within_or<F: Failure>(&mut self, range: impl RangeBounds<usize>) -> Result<(), F::Error>
    where
        T: Clone,
    {
        let (start, past) = bounds("clone", range, self.row.len());
        self.row.make_room::<F>(past - start)?;
        let mut end = End::of(self);
        for at in start..past {
            // SAFETY: `at` is below the number of values that there were, which nobody changes meanwhile.
            let value = unsafe { end.vec.row.place(at).as_ref() }.clone();
            // SAFETY: `make_room` made room for the range.
            unsafe { end.push(value) };
        }
        Ok(())
    }

    /// Takes the values from number `at` on out, into a vector of their own over the same kind of memory. They
    /// are copied: unlike std's, neither vector had a block to give away.
    ///
    /// # Panics
    /// When `at` is greater than the length, or memory cannot be had.
    ///
    /// ```
    /// let mut letters = region::RegionVec::from(['a', 'b', 'c']);
    /// let rest = letters.split_off(1);
    /// assert_eq!((&letters[..], &rest[..]), (&['a'][..], &['b', 'c'][..]));
    /// ```
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self
    where
        B: Clone,
    {
        Panic::unwrap(self.split_off_or::<Panic>(at))
    }

    /// As [`split_off`](Self::split_off).
    ///
    /// # Errors
    /// When memory cannot be had; the vector is as it was.
    ///
    /// # Panics
    /// When `at` is greater than the length.
    #[track_caller]
    pub fn try_split_off(&mut self, at: usize) -> Result<Self, AllocError>
    where
        B: Clone,
    {
        self.split_off_or::<Report>(at)
    }

    #[track_caller]
    fn split_off_or<F: Failure>(&mut self, at: usize) -> Result<Self, F::Error>
    where
        B: Clone,
    {
        let len = self.row.len();
        if at > len {
            outside("split", at, len);
        }
        let mut rest = RegionVec::new_in(self.backing().clone());
        rest.row.make_room::<F>(len - at)?;
        // SAFETY: the values from `at` on leave this vector, and become the other's, which has room for them and
        // whose memory is its own.
        unsafe {
            self.row.set_len(at);
            self.row.place(at).copy_to_nonoverlapping(rest.row.place(0), len - at);
            rest.row.set_len(len - at);
        }
        self.row.retire();
        Ok(rest)
    }

    /// Appends what an iterator gives.
    ///
    /// # Errors
    /// When memory cannot be had; what the iterator gave so far stays in the vector, and the value that had no
    /// room is dropped. ([`Extend::extend`] panics then.)
    pub fn try_extend(&mut self, values: impl IntoIterator<Item = T>) -> Result<(), AllocError> {
        self.extend_or::<Report>(values)
    }

    #[inline]
    pub(super) fn extend_or<F: Failure>(&mut self, values: impl IntoIterator<Item = T>) -> Result<(), F::Error> {
        let mut values = values.into_iter();
        // What fits is counted in a register; whatever the iterator says of its length is not needed
        // (`.bump.iter`).
        loop {
            let room = self.row.ready() - self.row.len();
            let mut end = End::of(self);
            for _ in 0..room {
                match values.next() {
                    // SAFETY: this is done `room` times at most.
                    Some(value) => unsafe { end.push(value) },
                    None => return Ok(()),
                }
            }
            drop(end);
            match values.next() {
                Some(value) => self.push_or::<F>(value)?,
                None => return Ok(()),
            }
        }
    }

    /// Moves all values of `other` to the end.
    ///
    /// # Panics
    /// When memory cannot be had.
    pub fn append<C: Backing>(&mut self, other: &mut RegionVec<T, C>) {
        Panic::unwrap(self.append_or::<Panic, C>(other));
    }

    /// As [`append`](Self::append).
    ///
    /// # Errors
    /// When memory cannot be had; both are as they were.
    pub fn try_append<C: Backing>(&mut self, other: &mut RegionVec<T, C>) -> Result<(), AllocError> {
        self.append_or::<Report, C>(other)
    }

    fn append_or<F: Failure, C: Backing>(&mut self, other: &mut RegionVec<T, C>) -> Result<(), F::Error> {
        let (len, more) = (self.row.len(), other.row.len());
        self.row.make_room::<F>(more)?;
        // SAFETY: there is room for `more` values, and two vectors' memory does not overlap. The values leave
        // the other vector and become this one's.
        unsafe {
            other.row.set_len(0);
            other.row.place(0).copy_to_nonoverlapping(self.row.place(len), more);
            self.row.set_len(len + more);
        }
        other.row.retire();
        Ok(())
    }

    /// Makes the vector `len` values long: drops values, or appends clones of `value`.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let mut grid = region::RegionVec::new();
    /// grid.resize(3, '.');
    /// grid.resize(2, '#');
    /// assert_eq!(grid, ['.', '.']);
    /// ```
    pub fn resize(&mut self, len: usize, value: T)
    where
        T: Clone,
    {
        Panic::unwrap(self.resize_or::<Panic>(len, || value.clone()));
    }

    /// As [`resize`](Self::resize).
    ///
    /// # Errors
    /// When memory cannot be had; the vector is as it was.
    pub fn try_resize(&mut self, len: usize, value: T) -> Result<(), AllocError>
    where
        T: Clone,
    {
        self.resize_or::<Report>(len, || value.clone())
    }

    /// Makes the vector `len` values long: drops values, or appends what `make` gives.
    ///
    /// # Panics
    /// When memory cannot be had.
    pub fn resize_with(&mut self, len: usize, make: impl FnMut() -> T) {
        Panic::unwrap(self.resize_or::<Panic>(len, make));
    }

    /// As [`resize_with`](Self::resize_with).
    ///
    /// # Errors
    /// When memory cannot be had; the vector is as it was.
    pub fn try_resize_with(&mut self, len: usize, make: impl FnMut() -> T) -> Result<(), AllocError> {
        self.resize_or::<Report>(len, make)
    }

    fn resize_or<F: Failure>(&mut self, len: usize, mut make: impl FnMut() -> T) -> Result<(), F::Error> {
        let before = self.row.len();
        if len <= before {
            self.truncate(len);
            return Ok(());
        }
        self.row.make_room::<F>(len - before)?;
        let mut end = End::of(self);
        for _ in before..len {
            // SAFETY: `make_room` made room for `len` values.
            unsafe { end.push(make()) };
        }
        Ok(())
    }
}

/// The end of a vector while values are written there: their number is brought back when this ends, so that
/// a loop may keep it in a register, and a panic loses none.
struct End<'a, T, B: Backing> {
    vec: &'a mut RegionVec<T, B>,
    len: usize,
}

impl<'a, T, B: Backing> End<'a, T, B> {
    #[inline]
    fn of(vec: &'a mut RegionVec<T, B>) -> Self {
        let len = vec.row.len();
        End { vec, len }
    }

    /// Appends a value.
    ///
    /// # Safety
    /// There is room.
    #[inline(always)]
    unsafe fn push(&mut self, value: T) {
        // SAFETY: the place at `len` is usable, as the caller says, and holds no value.
        unsafe { self.vec.row.place(self.len).write(value) };
        self.len += 1;
    }
}

impl<T, B: Backing> Drop for End<'_, T, B> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: every place up to `len` was written.
        unsafe { self.vec.row.set_len(self.len) };
    }
}
