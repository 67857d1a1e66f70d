//! How much memory a vector asks for that is given its arena, and what it promises to those who ask.

use crate::collections::ArenaAllocator;
use crate::error::{AllocError, AllocReason};
use crate::vector::Vector;

/// Vectors that are given their arena when they grow. Public because it bounds public types, but other crates cannot
/// name it.
///
/// # Safety
/// An implementation upholds that `grow_in(capacity, arena)` leaves at least that capacity if it succeeds, and keeps
/// the positions within the capacity that there was. If it fails, nothing changes.
pub unsafe trait Unmanaged<'a, T, A>: Vector<T> {
    /// Makes the capacity at least `capacity`, which is more than it is and at most what a `u32` counts.
    ///
    /// # Errors
    /// When memory cannot be had.
    fn grow_in(&mut self, capacity: usize, arena: &'a A) -> Result<(), AllocError>;

    /// Gives unused memory back, if it is the last that `arena` gave. Otherwise nothing changes.
    fn shrink_in(&mut self, arena: &'a A);
}

/// Most values of a vector, or bytes of text: what its length can say. An `isize` has more, also on 32 bits.
pub(crate) const LONGEST: usize = if usize::BITS > 32 { u32::MAX as usize } else { isize::MAX as usize };

/// Reserves capacity for `more` values above the first `end`, which are within it already: twice the capacity, so that
/// each value is copied a few times at most, or just what is needed where that is refused.
#[cold]
#[inline(never)]
pub(super) fn grow<'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator>(
    vector: &mut V,
    end: usize,
    more: usize,
    arena: &'a A,
) -> Result<(), AllocError> {
    let needed = needed::<T>(end, more)?;
    let ample = needed.max(vector.capacity().saturating_mul(2)).max(first::<T>()).min(LONGEST);
    match vector.grow_in(ample, arena) {
        Err(_) if ample > needed => vector.grow_in(needed, arena),
        result => result,
    }
}

/// Reserves capacity for exactly `more` values above the first `end`.
pub(crate) fn grow_exactly<'a, T, V: Unmanaged<'a, T, A>, A: ArenaAllocator>(
    vector: &mut V,
    end: usize,
    more: usize,
    arena: &'a A,
) -> Result<(), AllocError> {
    if more <= vector.capacity() - end {
        return Ok(());
    }
    vector.grow_in(needed::<T>(end, more)?, arena)
}

/// Capacity for `more` values above the first `end`, if a vector can have it.
fn needed<T>(end: usize, more: usize) -> Result<usize, AllocError> {
    match end.checked_add(more) {
        Some(needed) if needed <= LONGEST => Ok(needed),
        _ => Err(AllocError::new(end.saturating_add(more).saturating_mul(size_of::<T>()), AllocReason::TooLarge)),
    }
}

/// Capacity after the first growth: more than one for small values, as there will likely be more of them.
const fn first<T>() -> usize {
    match size_of::<T>() {
        0 | 1 => 8,
        2..=1024 => 4,
        _ => 1,
    }
}
