//! How many values a row has, for one thread that appends and any number that read.
//!
//! The appender writes a value, then publishes the count that includes it; whoever sees the count sees the
//! value. Nothing else is shared: values below the count do not change any more. Memory is `row`'s business.

#![cfg_attr(loom, allow(dead_code))]

use super::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering};

/// A number of values that one thread raises and others follow.
#[derive(Debug)]
#[repr(transparent)]
pub(super) struct Count(AtomicUsize);

#[cfg(not(loom))]
const _: () = assert!(align_of::<Count>() == align_of::<usize>() && size_of::<Count>() == size_of::<usize>());

impl Count {
    /// The count at an address.
    ///
    /// # Safety
    /// For `'a` there is a number at the address, and whoever else touches it does so by a count too, or is the
    /// thread that raises it.
    #[cfg(not(loom))]
    #[inline(always)]
    pub(super) const unsafe fn at<'a>(number: *mut usize) -> &'a Count {
        // SAFETY: the caller's promise; a count is an atomic number and nothing else, which has the size and, as
        // asserted above, the alignment of a number.
        unsafe { &*number.cast::<Count>() }
    }

    /// No values.
    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Count(AtomicUsize::new(0))
    }

    /// The count, for the thread that raises it. (A row of one's own reads the number as such.)
    #[cfg(loom)]
    pub(super) fn own(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes `count` values visible. For the thread that raises the count, after it wrote them.
    #[inline(always)]
    pub(super) fn publish(&self, count: usize) {
        let ordering = if seeded(Bug::PublishRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        self.0.store(count, ordering);
    }

    /// The count, for any thread: values below it may be read.
    #[inline(always)]
    pub(super) fn seen(&self) -> usize {
        let ordering = if seeded(Bug::SeeRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        self.0.load(ordering)
    }
}
