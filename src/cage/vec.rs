//! A vector in 12 bytes: a number, a length, a capacity. It is given its arena when it grows.

use super::allocator::CageAllocator;
use super::link::{NOTHING, number, place, values};
use super::sealed::Sealed;
use super::{Base, Cage, Leads, Link, base_of};
use crate::collections::unmanaged::counted::counted_vector;
use crate::collections::unmanaged::growing::LONGEST;
use crate::collections::unmanaged::methods::unmanaged_vector;
use crate::error::failure::{Failure, Panic, Report};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::marker::PhantomData;
use core::num::NonZeroU32;
use core::ops::RangeBounds;
use core::ptr::NonNull;

/// A vector in the cage `C`, in 12 bytes: it is given an arena when it grows, as those of
/// [`unmanaged`](crate::collections::unmanaged) are, whose rules it has.
///
/// ```
/// use region::cage::{Cage, Vec32};
///
/// region::cage! { struct Ast; }
///
/// let arena = Ast::arena();
/// let mut primes: Vec32<u32, Ast> = Vec32::new();              // no memory yet, and no arena
/// primes.push(2, &arena);
/// primes.extend([3, 5, 7], &arena);
/// assert_eq!(primes, [2, 3, 5, 7]);
/// assert_eq!((size_of_val(&primes), size_of::<Option<Vec32<u32, Ast>>>()), (12, 12));
/// let done = primes.into_slice32();                            // 8 bytes, and copies
/// assert_eq!(done[3], 7);
/// ```
///
/// *Values are not dropped* with the vector; those that leave it are the caller's, and `clear`, `truncate` and `retain`
/// drop what they remove. *Length*: at most `u32::MAX` values. *Threads*: as its values.
// Invariants: those that `counted_vector` names. The block is at `number`, in the cage. Laid out as in C: it is in saved
// trees.
#[repr(C)]
pub struct Vec32<'a, T: 'a, C: Cage> {
    pub(super) number: NonZeroU32,
    pub(super) len: u32,
    pub(super) capacity: u32,
    values: Leads<'a, T, C>,
}

impl<'a, T, C: Cage> Vec32<'a, T, C> {
    /// The alignment of blocks: that of the values and of the cage.
    const ALIGN: usize = if align_of::<T>() > C::OPTIONS.unit() { align_of::<T>() } else { C::OPTIONS.unit() };

    /// An empty vector, which takes no memory.
    #[must_use]
    #[inline]
    pub const fn new() -> Self {
        Vec32 { number: NOTHING, len: 0, capacity: Self::capacity_of(0), values: PhantomData }
    }

    /// The capacity of a vector without spare memory.
    pub(super) const fn capacity_of(len: u32) -> u32 {
        if size_of::<T>() == 0 { LONGEST as u32 } else { len }
    }

    #[inline(always)]
    fn start(&self) -> NonNull<T> {
        if size_of::<T>() == 0 || self.capacity == 0 {
            return NonNull::dangling();
        }
        // SAFETY: there is a block, in the cage (the invariants).
        place::<T, C>(self.number, unsafe { base_of::<C>() })
    }

    fn moved(&mut self, to: NonNull<u8>) {
        self.number = number::<C>(to);
    }

    /// Where the values are, and how many. No vector any more.
    #[inline]
    pub(super) fn into_parts(self) -> (NonZeroU32, u32) {
        (self.number, self.len)
    }
}

impl<T, C: Cage> Sealed for Vec32<'_, T, C> {}

impl<T, C: Cage> Link<C> for Vec32<'_, T, C> {
    type Target = [T];

    #[inline(always)]
    fn at(&self, base: Base<C>) -> &[T] {
        // SAFETY: the first `len` positions hold values, which change behind `&mut self` alone, and this is the cage's
        // base.
        unsafe { values::<T, C>(self.number, self.len, || base.address()).as_ref() }
    }
}

counted_vector!(Vec32 [C: Cage], CageAllocator<C>);
unmanaged_vector! {
    Vec32 [C: Cage], CageAllocator<C>;
    "use region::cage::{Cage, Vec32}; region::cage! { struct Ast; } let arena = Ast::arena();",
    "Vec32::<_, Ast>::from_iter_in([", "], &arena)";
}
