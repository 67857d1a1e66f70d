//! Allocating slices: copied, cloned, filled, collected.

use super::growing::Growing;
use super::value::Slot;
use super::{Arena, Backing};
use crate::error::failure::{Failure, Panic, Report};
use crate::error::{AllocError, AllocOrInitError};
use core::alloc::Layout;
use core::convert::Infallible;
use core::ptr::NonNull;

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Copies a slice into the arena.
    ///
    /// # Panics
    /// When memory cannot be had, as all methods here without `try_`.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let copy = arena.alloc_slice_copy(&[1, 2, 3]);
    /// copy[0] = 9;
    /// assert_eq!(copy, [9, 2, 3]);
    /// ```
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_slice_copy<T: Copy>(&self, source: &[T]) -> &mut [T] {
        Panic::unwrap(self.slice_copy_or::<Panic, T>(source))
    }

    /// As [`alloc_slice_copy`](Self::alloc_slice_copy).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_copy<T: Copy>(&self, source: &[T]) -> Result<&mut [T], AllocError> {
        self.slice_copy_or::<Report, T>(source)
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub(super) fn slice_copy_or<F: Failure, T: Copy>(&self, source: &[T]) -> Result<&mut [T], F::Error> {
        // A slice that exists has a layout.
        let layout = Layout::for_value(source);
        if layout.size() != 0 {
            if let Some(start) = self.take::<false>(layout) {
                // SAFETY: so many bytes were just handed out.
                return Ok(unsafe { copied(source, start.cast()) });
            }
        }
        self.slice_copy_slowly::<F, T>(source)
    }

    /// The slow path, which copies too, so that the fast path keeps no register for it.
    #[cold]
    #[inline(never)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn slice_copy_slowly<F: Failure, T: Copy>(&self, source: &[T]) -> Result<&mut [T], F::Error> {
        let start = self.slots_for::<F, T>(source.len())?;
        // SAFETY: so many bytes were just handed out.
        Ok(unsafe { copied(source, start) })
    }

    /// Clones a slice into the arena. `clone` may allocate from the same arena.
    ///
    /// # Panics
    /// When memory cannot be had, or `clone` does.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_slice_clone<T: Clone>(&self, source: &[T]) -> &mut [T] {
        Panic::unwrap(self.slice_fill_or::<Panic, T, Infallible>(source.len(), |i| Ok(source[i].clone())))
            .unwrap_or_never()
    }

    /// As [`alloc_slice_clone`](Self::alloc_slice_clone).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_clone<T: Clone>(&self, source: &[T]) -> Result<&mut [T], AllocError> {
        Ok(self.slice_fill_or::<Report, T, Infallible>(source.len(), |i| Ok(source[i].clone()))?.unwrap_or_never())
    }

    /// Fills a slice of `len` values with what `f` makes of each index. `f` may allocate from the same arena.
    ///
    /// # Panics
    /// When memory cannot be had, or `f` does; the room is then given back if nothing came after it.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let squares = arena.alloc_slice_fill_with(4, |i| i * i);
    /// assert_eq!(squares, [0, 1, 4, 9]);
    /// ```
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_slice_fill_with<T, F: FnMut(usize) -> T>(&self, len: usize, mut f: F) -> &mut [T] {
        Panic::unwrap(self.slice_fill_or::<Panic, T, Infallible>(len, |i| Ok(f(i)))).unwrap_or_never()
    }

    /// As [`alloc_slice_fill_with`](Self::alloc_slice_fill_with).
    ///
    /// # Errors
    /// When memory cannot be had; `f` is not called then.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_fill_with<T, F: FnMut(usize) -> T>(
        &self,
        len: usize,
        mut f: F,
    ) -> Result<&mut [T], AllocError> {
        Ok(self.slice_fill_or::<Report, T, Infallible>(len, |i| Ok(f(i)))?.unwrap_or_never())
    }

    /// Fills a slice with an `f` that may fail; then the room is given back, if nothing came after it.
    ///
    /// # Errors
    /// What `f` says first.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_slice_try_fill_with<T, F: FnMut(usize) -> Result<T, E>, E>(
        &self,
        len: usize,
        f: F,
    ) -> Result<&mut [T], E> {
        Panic::unwrap(self.slice_fill_or::<Panic, T, E>(len, f))
    }

    /// As [`alloc_slice_try_fill_with`](Self::alloc_slice_try_fill_with).
    ///
    /// # Errors
    /// `Alloc` when memory cannot be had, `Init` with what `f` says when it fails.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_try_fill_with<T, F: FnMut(usize) -> Result<T, E>, E>(
        &self,
        len: usize,
        f: F,
    ) -> Result<&mut [T], AllocOrInitError<E>> {
        AllocOrInitError::flatten(self.slice_fill_or::<Report, T, E>(len, f))
    }

    /// Fills a slice with `len` copies of `value`.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_slice_fill_copy<T: Copy>(&self, len: usize, value: T) -> &mut [T] {
        self.alloc_slice_fill_with(len, |_| value)
    }

    /// As [`alloc_slice_fill_copy`](Self::alloc_slice_fill_copy).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_fill_copy<T: Copy>(&self, len: usize, value: T) -> Result<&mut [T], AllocError> {
        self.try_alloc_slice_fill_with(len, |_| value)
    }

    /// Fills a slice with `len` clones of `value`.
    ///
    /// # Panics
    /// When memory cannot be had, or `clone` does.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_slice_fill_clone<T: Clone>(&self, len: usize, value: &T) -> &mut [T] {
        self.alloc_slice_fill_with(len, |_| value.clone())
    }

    /// As [`alloc_slice_fill_clone`](Self::alloc_slice_fill_clone).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_fill_clone<T: Clone>(&self, len: usize, value: &T) -> Result<&mut [T], AllocError> {
        self.try_alloc_slice_fill_with(len, |_| value.clone())
    }

    /// Fills a slice with `len` default values.
    ///
    /// # Panics
    /// When memory cannot be had, or `default` does.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_slice_fill_default<T: Default>(&self, len: usize) -> &mut [T] {
        self.alloc_slice_fill_with(len, |_| T::default())
    }

    /// As [`alloc_slice_fill_default`](Self::alloc_slice_fill_default).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_fill_default<T: Default>(&self, len: usize) -> Result<&mut [T], AllocError> {
        self.try_alloc_slice_fill_with(len, |_| T::default())
    }

    /// Collects an iterator into a slice.
    ///
    /// The iterator's length hint may be wrong, and the iterator may allocate from the same arena: the slice
    /// then moves when it must grow. Unused memory is given back.
    ///
    /// # Panics
    /// When memory cannot be had, or the iterator does.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let words = arena.alloc_slice_fill_iter("to be or not".split(' '));
    /// assert_eq!(words, ["to", "be", "or", "not"]);
    /// ```
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_slice_fill_iter<T, I: IntoIterator<Item = T>>(&self, values: I) -> &mut [T] {
        Panic::unwrap(self.slice_collect_or::<Panic, T, Infallible>(values.into_iter().map(Ok))).unwrap_or_never()
    }

    /// As [`alloc_slice_fill_iter`](Self::alloc_slice_fill_iter).
    ///
    /// # Errors
    /// When memory cannot be had; what was collected is leaked in the arena.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_fill_iter<T, I: IntoIterator<Item = T>>(&self, values: I) -> Result<&mut [T], AllocError> {
        Ok(self.slice_collect_or::<Report, T, Infallible>(values.into_iter().map(Ok))?.unwrap_or_never())
    }

    /// Collects an iterator of results into a slice, up to the first error.
    ///
    /// # Errors
    /// The iterator's first error; the memory is then given back if nothing was allocated after it.
    ///
    /// # Panics
    /// When memory cannot be had, or the iterator does.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_slice_try_fill_iter<T, I: IntoIterator<Item = Result<T, E>>, E>(
        &self,
        values: I,
    ) -> Result<&mut [T], E> {
        Panic::unwrap(self.slice_collect_or::<Panic, T, E>(values.into_iter()))
    }

    /// As [`alloc_slice_try_fill_iter`](Self::alloc_slice_try_fill_iter).
    ///
    /// # Errors
    /// `Alloc` when memory cannot be had, `Init` with the iterator's first error.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_try_fill_iter<T, I: IntoIterator<Item = Result<T, E>>, E>(
        &self,
        values: I,
    ) -> Result<&mut [T], AllocOrInitError<E>> {
        AllocOrInitError::flatten(self.slice_collect_or::<Report, T, E>(values.into_iter()))
    }

    /// Fills a slice of known length, for every form above.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn slice_fill_or<F: Failure, T, E>(
        &self,
        len: usize,
        mut f: impl FnMut(usize) -> Result<T, E>,
    ) -> Result<Result<&mut [T], E>, F::Error> {
        let before = self.cur.get();
        let start = self.slots_for::<F, T>(len)?;
        // `slots_for` made sure that the size of `len` values does not wrap.
        let slot = Slot::new(self, before, start, len * size_of::<T>());
        for i in 0..len {
            match f(i) {
                // SAFETY: the address is that of one of the `len` values that were just taken, and what `f` allocated
                // lies elsewhere.
                Ok(value) => unsafe { start.add(i).write(value) },
                Err(error) => return Ok(Err(error)),
            }
        }
        slot.keep();
        // SAFETY: all `len` values were written.
        Ok(Ok(unsafe { core::slice::from_raw_parts_mut(start.as_ptr(), len) }))
    }

    /// Collects any iterator, for every form above.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn slice_collect_or<F: Failure, T, E>(
        &self,
        mut values: impl Iterator<Item = Result<T, E>>,
    ) -> Result<Result<&mut [T], E>, F::Error> {
        let (hint, most) = values.size_hint();
        let before = self.cur.get();
        let at_hand = if most == Some(hint) { Growing::room_at_hand(self, hint) } else { None };
        let Some(start) = at_hand else { return collect::<F, T, E, MIN_ALIGN, B>(self, values) };
        let slot = Slot::new(self, before, start, hint * size_of::<T>());
        // The bound is the hint itself, so that the compiler can see that an iterator which it knows does not end before.
        for i in 0..hint {
            match values.next() {
                // SAFETY: the address is that of one of the `hint` values that were just taken, and what the iterator
                // allocated lies elsewhere.
                Some(Ok(value)) => unsafe { start.add(i).write(value) },
                Some(Err(error)) => return Ok(Err(error)),
                None => {
                    slot.keep();
                    // SAFETY: so many values were taken from this arena, and the first `i` were written.
                    return Ok(Ok(unsafe { Growing::of(self, start, i, hint) }.finish_short()));
                }
            }
        }
        slot.keep();
        match values.next() {
            // SAFETY: all values were written.
            None => Ok(Ok(unsafe { core::slice::from_raw_parts_mut(start.as_ptr(), hint) })),
            Some(next) => {
                // SAFETY: so many values were taken from this arena, and all of them were written.
                let row = unsafe { Growing::of(self, start, hint, hint) };
                collect_on::<F, T, E, MIN_ALIGN, B>(row, next, values)
            }
        }
    }
}

/// Collects an iterator of which only a hint is known: a wrong one may cost a move, and a far too large one must not fail
/// the allocation.
// A function of its own: that the iterator is moved there leaves it in registers where its length is known.
#[inline(never)]
#[track_caller]
fn collect<F: Failure, T, E, const MIN_ALIGN: usize, B: Backing>(
    arena: &Arena<MIN_ALIGN, B>,
    mut values: impl Iterator<Item = Result<T, E>>,
) -> Result<Result<&mut [T], E>, F::Error> {
    let hint = values.size_hint().0;
    let row = Growing::with_room(arena, hint.max(Growing::<T, MIN_ALIGN, B>::FIRST_ROOM), hint);
    match values.next() {
        None => Ok(Ok(row.finish())),
        Some(next) => collect_on::<F, T, E, MIN_ALIGN, B>(row, next, values),
    }
}

/// A copy of `source` at `start`.
///
/// # Safety
/// The memory at `start` holds as many values as `source` has, and was handed out for `'a` to the caller alone.
#[inline(always)]
unsafe fn copied<'a, T: Copy>(source: &[T], start: NonNull<T>) -> &'a mut [T] {
    // SAFETY: memory that was handed out overlaps nothing. After the copy all values are initialized and the caller's.
    // By `memcpy`: lengths of a program's strings are seldom predicted, and it took a fifth less time than moves that
    // overlap, as pieces of formatted text have (docs/measurements.md).
    unsafe {
        start.as_ptr().copy_from_nonoverlapping(source.as_ptr(), source.len());
        core::slice::from_raw_parts_mut(start.as_ptr(), source.len())
    }
}

/// Collects what an iterator has beyond the room that was made for it, from `next` on.
// A function of its own, as most iterators have what they said.
#[inline(never)]
#[track_caller]
fn collect_on<'a, F: Failure, T, E, const MIN_ALIGN: usize, B: Backing>(
    mut row: Growing<'a, T, MIN_ALIGN, B>,
    next: Result<T, E>,
    mut values: impl Iterator<Item = Result<T, E>>,
) -> Result<Result<&'a mut [T], E>, F::Error> {
    let mut next = Some(next);
    while let Some(value) = next {
        match value {
            Ok(value) => row.push::<F>(value)?,
            Err(error) => return Ok(Err(error)),
        }
        match row.fill(&mut values) {
            Ok(false) => next = values.next(),
            Ok(true) => break,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(row.finish()))
}

/// The value of a result that cannot be an error.
trait Never<T> {
    fn unwrap_or_never(self) -> T;
}

impl<T> Never<T> for Result<T, Infallible> {
    #[inline(always)]
    fn unwrap_or_never(self) -> T {
        match self {
            Ok(value) => value,
        }
    }
}
