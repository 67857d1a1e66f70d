//! How many values a row has, for one thread that appends and any number that read.
//!
//! The appender writes a value, then publishes the count that includes it; whoever sees the count sees the
//! value. Nothing else is shared: values below the count do not change any more. Memory is `row`'s business.

#![cfg_attr(loom, allow(dead_code))]

use super::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering};

/// A number of values that one thread raises and others follow.
#[derive(Debug)]
pub(super) struct Count(AtomicUsize);

impl Count {
    /// No values.
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Count(AtomicUsize::new(0))
    }

    /// No values.
    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Count(AtomicUsize::new(0))
    }

    /// The count, for the thread that raises it: a plain load, which the compiler may keep and combine.
    ///
    /// # Safety
    /// No other thread raises it.
    #[inline(always)]
    pub(super) unsafe fn own(&self) -> usize {
        #[cfg(loom)]
        return self.0.load(Ordering::Relaxed);
        // SAFETY: only this thread writes, as the caller says, and what others do are atomic loads.
        #[cfg(not(loom))]
        return unsafe { self.0.as_ptr().read() };
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

    /// The count, for the only user of the row.
    #[cfg(not(loom))]
    #[inline(always)]
    pub(super) fn get_mut(&mut self) -> &mut usize {
        self.0.get_mut()
    }
}
