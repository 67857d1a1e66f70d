//! Vectors in an arena.
//!
//! - `raw_vec`: the memory, and how it grows. `growing`: the methods that may need more. `traits`: the traits of the
//!   language and std.
//!
//! The algorithms on values, and the methods and traits that are the same for all vectors, are in `vector`. Here are
//! the type and what needs no memory.

mod growing;
mod raw_vec;
mod traits;

use super::{ArenaAllocator, Box};
use crate::arena::Arena;
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use crate::vector::{Grow, Vector, spare, vector_methods};
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::RangeBounds;
use core::ptr::NonNull;
use raw_vec::RawVec;

/// A vector in an arena: the standard library's methods, and growth in place at the arena's end.
///
/// ```
/// use region::Arena;
/// use region::collections::Vec;
/// let arena = Arena::new();
/// let mut primes: Vec<u32> = Vec::new_in(&arena);
/// primes.extend([2, 3, 5, 7]);
/// let before = primes.as_ptr();
/// primes.extend(std::iter::repeat_n(0, 10_000));
/// assert_eq!(primes.as_ptr(), before);                         // nothing came after it: nothing was copied
/// let primes: &mut [u32] = primes.into_bump_slice();           // as long as the arena is borrowed
/// assert_eq!(primes.len(), 10_004);
/// ```
///
/// `A` is what it allocates from, an [`Arena`] by default: `Vec<'a, u8, Arena<1>>`, `Vec<'a, u8, Scope<'s>>`.
///
/// *Memory*: the capacity doubles as in the standard library, in place while the vector is the arena's last allocation.
/// (It moves once all the same, when it outgrows the arena's first 64 KiB, and leaves nothing behind there.) With an
/// allocation after it, it moves, and its old memory is unused until the arena's reset; `with_capacity_in` avoids that.
/// Where twice the capacity cannot be had, every method tries just what is needed, so that a limit or a buffer is used
/// to its end. Dropping the vector drops its values, and gives its memory back if it is the last allocation.
///
/// *Errors*: the plain methods panic when memory cannot be had, with the arena's reason; every one has a `try_` form
/// that returns an [`AllocError`]. *Threads*: stays in its arena's thread.
pub struct Vec<'a, T: 'a, A: ArenaAllocator = Arena> {
    len: usize,
    /// Declared last: freed when the values are gone, also when a value's drop panics.
    raw: RawVec<'a, T, A>,
    owns: PhantomData<T>,
}

// SAFETY: the positions are those of a block that the vector alone has. It changes, and moves with its content, only
// when it grows or shrinks. The vector drops its first `len` values.
unsafe impl<T, A: ArenaAllocator> Vector<T> for Vec<'_, T, A> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    unsafe fn set_len(&mut self, len: usize) {
        self.len = len;
    }

    #[inline(always)]
    fn capacity(&self) -> usize {
        self.raw.capacity()
    }

    #[inline(always)]
    fn pointer_to(&self, at: usize) -> NonNull<T> {
        // SAFETY: `at` is at most the positions of the block; those of values without bytes are all the same.
        unsafe { self.raw.start().add(at) }
    }
}

// SAFETY: growing keeps every position that there was, and reserves what it is asked for; a refusal changes nothing.
unsafe impl<T, A: ArenaAllocator> Grow<T> for Vec<'_, T, A> {
    const MOVES: bool = true;

    #[inline]
    #[track_caller]
    fn reserve_above<F: Failure>(&mut self, end: usize, more: usize) -> Result<(), F::Error> {
        if more > self.raw.capacity() - end {
            F::check(self.raw.grow(end, more))?;
        }
        Ok(())
    }
}

impl<T, A: ArenaAllocator> Drop for Vec<'_, T, A> {
    #[inline]
    fn drop(&mut self) {
        let len = core::mem::take(&mut self.len);
        // SAFETY: the first `len` positions hold values, which the vector owns, and does not count any more.
        unsafe { NonNull::slice_from_raw_parts(self.raw.start(), len).drop_in_place() };
    }
}

impl<'a, T, A: ArenaAllocator> Vec<'a, T, A> {
    /// An empty vector, which takes no memory yet.
    #[inline]
    pub const fn new_in(arena: &'a A) -> Self {
        Vec { len: 0, raw: RawVec::new(arena), owns: PhantomData }
    }

    /// A vector over memory that belonged to a vector before.
    ///
    /// ```
    /// use region::Arena;
    /// use region::collections::Vec;
    /// let arena = Arena::new();
    /// let mut values = std::mem::ManuallyDrop::new(Vec::from_iter_in([1, 2], &arena));
    /// // SAFETY: all are of one vector, which is not used or dropped any more.
    /// let values = unsafe { Vec::from_raw_parts_in(values.as_mut_ptr(), values.len(), values.capacity(), &arena) };
    /// assert_eq!(values, [1, 2]);
    /// ```
    ///
    /// # Safety
    /// The four are what `as_mut_ptr`, `len`, `capacity` and `allocator` of one vector said last, or a smaller `len`;
    /// that vector was forgotten, and nobody else uses its values or its memory.
    pub unsafe fn from_raw_parts_in(start: *mut T, len: usize, capacity: usize, arena: &'a A) -> Self {
        // SAFETY: the memory was that of a vector, which was forgotten; its address is not null.
        let raw = unsafe { RawVec::from_parts(NonNull::new_unchecked(start), capacity, arena) };
        Vec { len, raw, owns: PhantomData }
    }

    /// The arena or scope that the vector is in.
    #[inline]
    pub const fn allocator(&self) -> &'a A {
        self.raw.allocator()
    }

    /// As [`allocator`](Self::allocator); named as bumpalo has it.
    #[inline]
    pub const fn bump(&self) -> &'a A {
        self.raw.allocator()
    }

    /// Values in the vector.
    #[inline(always)]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[inline(always)]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Values that fit before it must grow.
    #[inline]
    pub const fn capacity(&self) -> usize {
        self.raw.capacity()
    }

    /// The values.
    #[inline(always)]
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: the first `len` positions hold values, which change behind `&mut self` alone.
        unsafe { NonNull::slice_from_raw_parts(self.raw.start(), self.len).as_ref() }
    }

    /// The values, to be changed.
    #[inline(always)]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: the first `len` positions hold values, and the vector is borrowed mutably.
        unsafe { NonNull::slice_from_raw_parts(self.raw.start(), self.len).as_mut() }
    }

    /// Where the first value is.
    #[inline]
    pub const fn as_ptr(&self) -> *const T {
        self.raw.start().as_ptr()
    }

    /// As [`as_ptr`](Self::as_ptr).
    #[inline]
    pub const fn as_mut_ptr(&mut self) -> *mut T {
        self.raw.start().as_ptr()
    }

    /// The memory after the values, uninitialized. Write to it, then count the values with
    /// [`set_len`](Self::set_len).
    pub fn spare_capacity_mut(&mut self) -> &mut [MaybeUninit<T>] {
        spare(self)
    }

    /// Sets the number of values.
    ///
    /// # Safety
    /// `len` is at most the [capacity](Self::capacity), and the first `len` positions hold values.
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.raw.capacity());
        self.len = len;
    }

    /// Gives unused memory back, if this is the arena's last allocation.
    pub fn shrink_to_fit(&mut self) {
        self.raw.shrink_to(self.len);
    }

    /// As [`shrink_to_fit`](Self::shrink_to_fit), but keeps capacity for `least` values.
    pub fn shrink_to(&mut self, least: usize) {
        self.raw.shrink_to(self.len.max(least));
    }

    /// The values, for as long as the arena is borrowed; they will not be dropped. Unused memory is not given back.
    pub fn leak(self) -> &'a mut [T] {
        let vec = ManuallyDrop::new(self);
        let mut values = NonNull::slice_from_raw_parts(vec.raw.start(), vec.len);
        // SAFETY: the first `len` positions hold values. The vector is given up without its drop, so nobody else has
        // them, and their memory is the arena's for `'a`.
        unsafe { values.as_mut() }
    }

    /// The values, for as long as the arena is borrowed; they will not be dropped. Unused memory is given back
    /// if the vector is the arena's last allocation. Named as bumpalo has it.
    pub fn into_bump_slice(mut self) -> &'a mut [T] {
        self.shrink_to_fit();
        self.leak()
    }

    /// As [`into_bump_slice`](Self::into_bump_slice), which gives a mutable slice here too.
    pub fn into_bump_slice_mut(self) -> &'a mut [T] {
        self.into_bump_slice()
    }

    /// The values, owned and dropped by a [`Box`] of two words, with unused memory given back as above.
    pub fn into_boxed_slice(self) -> Box<'a, [T]> {
        // SAFETY: the vector gave its values up just now.
        unsafe { Box::from_leaked(self.into_bump_slice()) }
    }
}

vector_methods! {
    [impl<T, A: ArenaAllocator> Vec<'_, T, A>], [B: ArenaAllocator] Vec<'_, T, B>;
    "let arena = region::Arena::new();", "region::vec![in &arena; ", "]";
}
