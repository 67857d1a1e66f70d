//! A vector and the arena that it grows in, for the time of a borrow.

use super::growing::{Unmanaged, grow, grow_exactly};
use crate::arena::Arena;
use crate::collections::ArenaAllocator;
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use crate::vector::{Grow, Vector, fill, filling_methods, pointers_to, spare, vector_methods};
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut, RangeBounds};
use core::ptr::NonNull;

/// A vector and the arena that it grows in, made by its `with_arena`. It has the methods of vectors that know their
/// arena, so each of them is there for a vector that does not.
///
/// ```
/// use region::collections::unmanaged::Vec;
/// let arena = region::Arena::new();
/// let mut words: Vec<&str> = Vec::new();
/// {
///     let mut words = words.with_arena(&arena);
///     words.extend(["to", "be"]);
///     words.insert(1, "or");
/// }
/// assert_eq!(words, ["to", "or", "be"]);
/// ```
pub struct WithArena<'v, 'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator = Arena> {
    vector: &'v mut V,
    arena: &'a A,
    values: PhantomData<T>,
}

impl<'v, 'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator> WithArena<'v, 'a, T, V, A> {
    #[inline(always)]
    pub(crate) fn of(vector: &'v mut V, arena: &'a A) -> Self {
        WithArena { vector, arena, values: PhantomData }
    }

    /// The values.
    #[inline(always)]
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: the first `len` positions hold values, which change behind `&mut self` alone.
        unsafe { pointers_to(&*self.vector, 0, self.vector.len()).as_ref() }
    }

    /// The values, to be changed.
    #[inline(always)]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: the first `len` positions hold values, and the vector is borrowed mutably.
        unsafe { pointers_to(&*self.vector, 0, self.vector.len()).as_mut() }
    }

    /// Values that fit before it must grow.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.vector.capacity()
    }

    /// The memory after the values, uninitialized. Write to it, then count the values with [`set_len`](Self::set_len).
    pub fn spare_capacity_mut(&mut self) -> &mut [MaybeUninit<T>] {
        spare(self.vector)
    }

    /// Sets the number of values.
    ///
    /// # Safety
    /// `len` is at most the [capacity](Self::capacity), and the first `len` positions hold values.
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.vector.capacity());
        // SAFETY: the caller's promise, passed on.
        unsafe { self.vector.set_len(len) };
    }

    /// Gives unused memory back, if this is the arena's last allocation.
    pub fn shrink_to_fit(&mut self) {
        self.vector.shrink_in(self.arena);
    }

    /// As [`reserve_exact`](Self::reserve_exact).
    ///
    /// # Errors
    /// When that much cannot be had.
    #[inline]
    pub fn try_reserve_exact(&mut self, more: usize) -> Result<(), AllocError> {
        grow_exactly(self.vector, self.vector.len(), more, self.arena)
    }
}

// SAFETY: the positions are the vector's, which is borrowed mutably, and whose implementation promises the rest.
unsafe impl<'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator> Vector<T> for WithArena<'_, 'a, T, V, A> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.vector.len()
    }

    #[inline(always)]
    unsafe fn set_len(&mut self, len: usize) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.vector.set_len(len) };
    }

    #[inline(always)]
    fn capacity(&self) -> usize {
        self.vector.capacity()
    }

    #[inline(always)]
    fn pointer_to(&self, at: usize) -> NonNull<T> {
        self.vector.pointer_to(at)
    }
}

// SAFETY: `grow` reserves what it is asked for, by `grow_in`, which keeps the positions that there were.
unsafe impl<'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator> Grow<T> for WithArena<'_, 'a, T, V, A> {
    const MOVES: bool = true;

    #[inline]
    #[track_caller]
    fn reserve_above<F: Failure>(&mut self, end: usize, more: usize) -> Result<(), F::Error> {
        if more > self.vector.capacity() - end {
            F::check(grow(self.vector, end, more, self.arena))?;
        }
        Ok(())
    }
}

filling_methods! { [impl<'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator> WithArena<'_, 'a, T, V, A>] }

vector_methods! {
    [impl<'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator> WithArena<'_, 'a, T, V, A>], [W: Vector<T>] W;
    "use region::collections::unmanaged; let arena = region::Arena::new(); let mut bare;",
    "{ bare = unmanaged::Vec::from_iter_in([", "], &arena); bare.with_arena(&arena) }";
}

super::traits::equals!(['a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator] T, WithArena<'_, 'a, T, V, A>);

impl<'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator> Deref for WithArena<'_, 'a, T, V, A> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator> DerefMut for WithArena<'_, 'a, T, V, A> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
}

impl<'a, T: fmt::Debug, V: Unmanaged<'a, T, A>, A: ArenaAllocator> fmt::Debug for WithArena<'_, 'a, T, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_slice(), f)
    }
}

impl<'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator> Extend<T> for WithArena<'_, 'a, T, V, A> {
    #[inline]
    #[track_caller]
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        Panic::unwrap(fill::extend::<Panic, T, Self>(self, values));
    }
}
