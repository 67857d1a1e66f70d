//! The vector of two words: a pointer, and how many values there are and fit.

use super::counted::counted_vector;
use super::growing::LONGEST;
use super::methods::unmanaged_vector;
use crate::collections::ArenaAllocator;
use crate::error::failure::{Failure, Panic, Report};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::marker::PhantomData;
use core::ops::RangeBounds;
use core::ptr::NonNull;

/// A vector in an arena, in 16 bytes: it is given the arena when it grows. [The module](super) has the rules.
///
/// ```
/// use region::Arena;
/// use region::collections::unmanaged::Vec;
///
/// let arena = Arena::new();
/// let mut primes: Vec<u32> = Vec::new();                       // no memory yet, and no arena
/// primes.push(2, &arena);
/// primes.extend([3, 5, 7], &arena);
/// assert_eq!(primes, [2, 3, 5, 7]);
/// assert_eq!((size_of_val(&primes), size_of::<Option<Vec<u32>>>()), (16, 16));
/// let primes: &mut [u32] = primes.into_slice();                // as long as the arena is borrowed
/// assert_eq!(primes[3], 7);
/// ```
// Invariants: those that `counted_vector` names.
pub struct Vec<'a, T: 'a> {
    start: NonNull<T>,
    len: u32,
    capacity: u32,
    /// Covariant in both; drops nothing.
    values: PhantomData<&'a T>,
}

impl<T> Vec<'_, T> {
    const ALIGN: usize = align_of::<T>();

    /// An empty vector, which takes no memory.
    #[inline]
    pub const fn new() -> Self {
        let capacity = if size_of::<T>() == 0 { LONGEST as u32 } else { 0 };
        Vec { start: NonNull::dangling(), len: 0, capacity, values: PhantomData }
    }

    #[inline(always)]
    const fn start(&self) -> NonNull<T> {
        self.start
    }

    fn moved(&mut self, to: NonNull<u8>) {
        self.start = to.cast();
    }
}

counted_vector!(Vec, ArenaAllocator);
unmanaged_vector! {
    Vec, ArenaAllocator;
    "use region::collections::unmanaged::Vec; let arena = region::Arena::new();",
    "Vec::from_iter_in([", "], &arena)";
}
