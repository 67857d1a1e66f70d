//! The algorithms that all vectors share, wherever their values lie.
//!
//! A vector is memory for values in order, the first part of which holds some ([`Vector`]). The algorithms do not
//! depend on whether values move when the vector grows. So each is written here once, and the vectors' methods are
//! thin:
//!
//! - `edit`: one value put in or taken out, values sifted. `fill`: many appended.
//! - `drain`: a range as an iterator. `extract`: some values of a range as an iterator. `splice`: a range replaced.
//! - `methods`, `traits`: the vectors' own methods and traits, as far as they are the same for all.
//!
//! Nothing here allocates or knows an address. `typed::buffer` and `collections::vec::raw_vec` do.

mod drain;
pub(crate) mod edit;
mod extract;
pub(crate) mod fill;
mod methods;
mod splice;
mod traits;

pub use drain::Drain;
pub use extract::ExtractIf;
#[cfg(not(region_staticlib))]
pub(crate) use methods::filling_methods;
pub(crate) use methods::{removing_methods, vector_methods};
pub use splice::Splice;
pub(crate) use traits::{slice_traits, vector_traits};

use crate::error::failure::Failure;
use crate::policy::LARGEST_HINT;
#[cfg(not(region_staticlib))]
use core::mem::MaybeUninit;
use core::ops::{Bound, RangeBounds};
use core::ptr::NonNull;

/// A sequence of positions, the first of which hold values. Public because it bounds public types, but other crates
/// cannot name it.
///
/// # Safety
/// An implementation upholds, and changes by these methods and those of [`Grow`] alone:
/// - The positions from `pointer_to(0)` on lie side by side, aligned for a `T`, in memory that is the vector's alone.
///   The first `capacity()` of them may be written to. The address of `pointer_to(0)` changes by `reserve_above` alone.
/// - `len() <= capacity()`, and the vector drops its first `len()` values, or none, and touches no other position,
///   unless to copy them all.
pub unsafe trait Vector<T> {
    /// Values in the vector.
    fn len(&self) -> usize;

    /// Sets their number.
    ///
    /// # Safety
    /// The first `len` positions hold values, which become the vector's; those above are another owner's to drop.
    unsafe fn set_len(&mut self, len: usize);

    /// Positions that may be written to.
    fn capacity(&self) -> usize;

    /// The address of value number `at`, which is at most `capacity()`.
    fn pointer_to(&self, at: usize) -> NonNull<T>;

    /// Protects the memory above the counted values. Called after values have left.
    #[inline(always)]
    fn protect_spare(&mut self) {}

    /// As [`protect_spare`](Self::protect_spare), after one value left.
    #[inline(always)]
    fn protect_spare_one(&mut self) {}
}

/// A vector that can get more memory by itself. Public as [`Vector`] is.
///
/// # Safety
/// An implementation upholds that `reserve_above(end, more)` with `end <= capacity()` leaves a capacity of at least
/// `end + more` if it succeeds, and keeps the first `end` positions, whether they are counted or not. If it fails,
/// nothing changes.
pub unsafe trait Grow<T>: Vector<T> {
    /// Whether values may move as the vector grows. Then it pays to reserve as many positions as will be needed.
    const MOVES: bool;

    /// Reserves capacity for `more` values above the first `end` positions, which are within the capacity already.
    #[track_caller]
    fn reserve_above<F: Failure>(&mut self, end: usize, more: usize) -> Result<(), F::Error>;
}

/// How many values to reserve for an iterator: its least size hint, or 0 where that is too large to trust.
#[inline]
pub(crate) fn hinted<T>(values: &impl Iterator<Item = T>) -> usize {
    let least = values.size_hint().0;
    if least.saturating_mul(size_of::<T>()) <= LARGEST_HINT { least } else { 0 }
}

/// A pointer to the values `from..to`. Both are at most the capacity, and in order.
#[inline(always)]
pub(crate) fn pointers_to<T, V: Vector<T>>(vector: &V, from: usize, to: usize) -> NonNull<[T]> {
    NonNull::slice_from_raw_parts(vector.pointer_to(from), to - from)
}

/// The positions after the values, which hold none.
#[cfg(not(region_staticlib))]
pub(crate) fn spare<T, V: Vector<T>>(vector: &mut V) -> &mut [MaybeUninit<T>] {
    let spare = pointers_to(vector, vector.len(), vector.capacity());
    let spare = NonNull::slice_from_raw_parts(spare.cast::<MaybeUninit<T>>(), spare.len());
    // SAFETY: positions up to the capacity are the vector's, these hold no values, and it is borrowed mutably.
    unsafe { &mut *spare.as_ptr() }
}

/// The first number of a range and the one after its last, in a vector of `len` values.
#[track_caller]
pub(crate) fn bounds(what: &str, range: impl RangeBounds<usize>, len: usize) -> (usize, usize) {
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&before) => match before.checked_add(1) {
            Some(start) => start,
            None => outside(what, before, len),
        },
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => match last.checked_add(1) {
            Some(end) => end,
            None => outside(what, last, len),
        },
        Bound::Excluded(&end) => end,
        Bound::Unbounded => len,
    };
    if end > len {
        outside(what, end, len);
    }
    if start > end {
        panic!("cannot {what} from {start} to {end}: the range ends before it starts");
    }
    (start, end)
}

/// Panics for an index that is out of bounds.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn outside(what: &str, index: usize, len: usize) -> ! {
    panic!("cannot {what} at {index}: the vector has {len} values")
}
