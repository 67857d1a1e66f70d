//! Vectors in an arena: allocator-api2's, and what an arena adds to it.
//!
//! Nothing here allocates by itself. A vector that is the last thing in the arena grows in place, because
//! `arena::tip` does.

use super::{Box, Place, TryReserveError};
use crate::arena::Arena;
use allocator_api2_02::alloc::Allocator;
use allocator_api2_02::vec;

/// A vector in an arena: the standard library's methods, and growth in place at the arena's tip.
///
/// ```
/// use region::{Arena, Vec};
/// let arena = Arena::new();
/// let mut primes: Vec<u32> = Vec::new_in(&arena);
/// primes.extend([2, 3, 5, 7]);
/// let before = primes.as_ptr();
/// primes.extend(std::iter::repeat_n(0, 10_000));
/// assert_eq!(primes.as_ptr(), before);                         // nothing came after it: nothing was copied
/// ```
///
/// It is [allocator-api2](https://docs.rs/allocator-api2/0.2)'s `Vec<T, &A>`, so whatever takes one of those
/// takes this; [`VecExt`] has what that lacks. `A` is the kind of place, an [`Arena`] unless told otherwise:
/// `Vec<'a, u8, Arena<1>>`, `Vec<'a, u8, Scope<'s>>`.
///
/// *Memory*: room doubles as in the standard library, for free while the vector is the arena's last thing. (It
/// moves once all the same, when it outgrows the arena's first 64 KiB, and leaves nothing behind there.) With
/// something after it, it moves, and its old place waits for the arena's reset; `with_capacity_in` avoids that.
/// Dropping the vector drops its values and gives its room back if it is the last thing.
///
/// *When memory is exhausted* the methods that grow call `handle_alloc_error`, which ends the program (without
/// std: panics), as the standard library's do. `try_reserve` and [`VecExt`]'s `try_` methods report.
///
/// *Threads*: stays in its arena's thread.
pub type Vec<'a, T, A = Arena> = vec::Vec<T, &'a A>;

/// What an arena adds to [`Vec`]: forms that report when memory is exhausted, and ways to leave the vector.
///
/// ```
/// use region::{Arena, Vec, VecExt};
/// let arena = Arena::new();
/// let mut row = Vec::from_iter_in(1..4, &arena);
/// row.try_push(4)?;
/// let row: &mut [i32] = row.into_bump_slice();                  // as long as the arena is borrowed
/// assert_eq!(row, [1, 2, 3, 4]);
/// # Ok::<(), region::TryReserveError>(())
/// ```
pub trait VecExt<'a, T, A: Place>: Sized {
    /// Collects an iterator.
    ///
    /// # Panics
    /// As `extend` when memory is exhausted.
    fn from_iter_in(values: impl IntoIterator<Item = T>, place: &'a A) -> Self;

    /// As [`from_iter_in`](Self::from_iter_in).
    ///
    /// # Errors
    /// When memory is exhausted; what was collected is dropped.
    fn try_from_iter_in(values: impl IntoIterator<Item = T>, place: &'a A) -> Result<Self, TryReserveError>;

    /// An empty vector with room for `capacity` values.
    ///
    /// # Errors
    /// When there is no such room.
    fn try_with_capacity_in(capacity: usize, place: &'a A) -> Result<Self, TryReserveError>;

    /// Appends a value. Where twice the room cannot be had, one more place is tried before giving up, so a
    /// limit or a buffer is used to its end.
    ///
    /// # Errors
    /// When memory is exhausted; the vector is as it was, and the value is dropped.
    fn try_push(&mut self, value: T) -> Result<(), TryReserveError>;

    /// Appends an iterator's values.
    ///
    /// # Errors
    /// When memory is exhausted; the values up to there were appended, the one at hand is dropped.
    fn try_extend(&mut self, values: impl IntoIterator<Item = T>) -> Result<(), TryReserveError>;

    /// Appends copies, in one copy: `extend_from_slice` clones one by one.
    ///
    /// # Panics
    /// As `extend` when memory is exhausted.
    fn extend_from_slice_copy(&mut self, values: &[T])
    where
        T: Copy;

    /// As [`extend_from_slice_copy`](Self::extend_from_slice_copy).
    ///
    /// # Errors
    /// When memory is exhausted; the vector is as it was.
    fn try_extend_from_slice_copy(&mut self, values: &[T]) -> Result<(), TryReserveError>
    where
        T: Copy;

    /// The values, for as long as the arena is borrowed; they will not be dropped. Unused room is given back
    /// if the vector is the arena's last thing. Named as bumpalo has it.
    fn into_bump_slice(self) -> &'a mut [T];

    /// The values, owned and dropped by a [`Box`] of two words, with unused room given back as above.
    fn into_box(self) -> Box<'a, [T]>;
}

impl<'a, T, A: Place> VecExt<'a, T, A> for Vec<'a, T, A>
where
    &'a A: Allocator,
{
    fn from_iter_in(values: impl IntoIterator<Item = T>, place: &'a A) -> Self {
        let mut row = vec::Vec::new_in(place);
        row.extend(values);
        row
    }

    fn try_from_iter_in(values: impl IntoIterator<Item = T>, place: &'a A) -> Result<Self, TryReserveError> {
        let mut row = vec::Vec::new_in(place);
        row.try_extend(values)?;
        Ok(row)
    }

    fn try_with_capacity_in(capacity: usize, place: &'a A) -> Result<Self, TryReserveError> {
        let mut row = vec::Vec::new_in(place);
        row.try_reserve_exact(capacity)?;
        Ok(row)
    }

    #[inline]
    fn try_push(&mut self, value: T) -> Result<(), TryReserveError> {
        if let Err(value) = self.push_within_capacity(value) {
            reserve(self, 1)?;
            // There is room now, so this is no growth.
            self.push(value);
        }
        Ok(())
    }

    fn try_extend(&mut self, values: impl IntoIterator<Item = T>) -> Result<(), TryReserveError> {
        // The iterator's word on its length is not asked for: growing at the tip costs nothing (`.bump.iter`).
        values.into_iter().try_for_each(|value| self.try_push(value))
    }

    #[inline]
    fn extend_from_slice_copy(&mut self, values: &[T])
    where
        T: Copy,
    {
        self.reserve(values.len());
        append(self, values);
    }

    #[inline]
    fn try_extend_from_slice_copy(&mut self, values: &[T]) -> Result<(), TryReserveError>
    where
        T: Copy,
    {
        reserve(self, values.len())?;
        append(self, values);
        Ok(())
    }

    fn into_bump_slice(mut self) -> &'a mut [T] {
        // Shrinking at the same alignment stays in place, and cannot fail.
        self.shrink_to_fit();
        self.leak()
    }

    fn into_box(self) -> Box<'a, [T]> {
        // SAFETY: the vector gave its values up just now.
        unsafe { Box::from_leaked(self.into_bump_slice()) }
    }
}

/// Makes room for `more` values, and for as many again as there are if that can be had.
pub(super) fn reserve<T, A: Allocator>(row: &mut vec::Vec<T, A>, more: usize) -> Result<(), TryReserveError> {
    row.try_reserve(more).or_else(|_| row.try_reserve_exact(more))
}

/// Appends copies for which there is room.
#[inline]
fn append<T: Copy, A: Allocator>(row: &mut vec::Vec<T, A>, values: &[T]) {
    let len = row.len();
    assert!(values.len() <= row.capacity() - len);
    // SAFETY: there is room for so many values past the last, which is not part of `values`: the vector is
    // borrowed mutably. After the copy they are initialized.
    unsafe {
        row.as_mut_ptr().add(len).copy_from_nonoverlapping(values.as_ptr(), values.len());
        row.set_len(len + values.len());
    }
}
