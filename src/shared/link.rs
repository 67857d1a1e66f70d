//! An offset that processes exchange: how a structure in shared memory hangs together.
//!
//! Memory order matters here alone: what was written before an offset was stored is seen by whoever loads it. `bump`
//! claims the bytes.

use super::offset::Offset;
use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicU64, Ordering};
use core::fmt;
use core::marker::PhantomData;

/// A word in shared memory that holds an [`Offset`] or none. Any process may read and change it at any time.
///
/// *Order*: storing publishes: whoever loads the offset sees the value as it was written before. So a value is
/// made first and linked afterwards. Zero bytes are `None`, so zeroed memory is full of empty links.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// use region::SharedArena;
/// use region::shared::AtomicOffset;
/// use std::sync::atomic::AtomicU64;
///
/// region::concurrent! {
///     /// A link of a list that any process may push to.
///     struct Link { next: AtomicOffset<Link>, value: AtomicU64 }
/// }
///
/// fn push(arena: &SharedArena, value: u64) -> Result<(), Box<dyn std::error::Error>> {
///     let mut next = arena.root();
///     loop {
///         let link = arena.alloc(Link { next: AtomicOffset::new(next), value: value.into() })?;
///         match arena.root_link().compare_exchange(next, Some(link)) {
///             Ok(_) => return Ok(()),
///             Err(now) => next = now,             // somebody was faster; that link stays behind
///         }
///     }
/// }
///
/// let arena = SharedArena::new(1 << 16)?;
/// (1..=3).try_for_each(|n| push(&arena, n))?;
/// let first = arena.get(arena.root::<Link>().unwrap())?;
/// assert_eq!(first.value.load(std::sync::atomic::Ordering::Relaxed), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct AtomicOffset<T: ?Sized> {
    raw: AtomicU64,
    leads_to: PhantomData<fn() -> *const T>,
}

/// An offset as it lies in memory.
#[inline]
fn raw<T: ?Sized>(offset: Option<Offset<T>>) -> u64 {
    offset.map_or(0, Offset::raw)
}

impl<T: ?Sized> AtomicOffset<T> {
    /// A link that leads to `offset`.
    #[cfg(not(loom))]
    #[inline]
    pub const fn new(offset: Option<Offset<T>>) -> Self {
        let raw = match offset {
            Some(offset) => offset.raw(),
            None => 0,
        };
        AtomicOffset { raw: AtomicU64::new(raw), leads_to: PhantomData }
    }

    /// As in every other build; loom's atomics are not made in constants.
    #[cfg(loom)]
    #[allow(missing_docs)]
    pub fn new(offset: Option<Offset<T>>) -> Self {
        AtomicOffset { raw: AtomicU64::new(raw(offset)), leads_to: PhantomData }
    }

    /// Where it leads, together with all that was written there before (acquire).
    #[inline]
    pub fn load(&self) -> Option<Offset<T>> {
        let order = if seeded(Bug::LinkLoadRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        Offset::from_raw(self.raw.load(order))
    }

    /// Leads to `offset` from now on, and shows what was written there to whoever follows (release).
    #[inline]
    pub fn store(&self, offset: Option<Offset<T>>) {
        let order = if seeded(Bug::LinkStoreRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        self.raw.store(raw(offset), order);
    }

    /// Leads to `new` from now on, if it still leads to `current`.
    ///
    /// # Errors
    /// Where it leads instead; then nothing has changed.
    #[inline]
    pub fn compare_exchange(
        &self,
        current: Option<Offset<T>>,
        new: Option<Offset<T>>,
    ) -> Result<Option<Offset<T>>, Option<Offset<T>>> {
        let won = if seeded(Bug::LinkExchangeRelaxed) { Ordering::Relaxed } else { Ordering::AcqRel };
        let lost = if seeded(Bug::LinkLossRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        match self.raw.compare_exchange(raw(current), raw(new), won, lost) {
            Ok(before) => Ok(Offset::from_raw(before)),
            Err(now) => Err(Offset::from_raw(now)),
        }
    }
}

impl<T: ?Sized> Default for AtomicOffset<T> {
    fn default() -> Self {
        AtomicOffset::new(None)
    }
}

impl<T: ?Sized> fmt::Debug for AtomicOffset<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.load(), f)
    }
}
