//! The address where a cage begins: a word that is written once, before anything can lead into the cage.
//!
//! What lies there is made by its caller, and how the word is read without an instruction more than a load is in
//! [`Space::base`](super::space::Space).

use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicUsize, Ordering, const_fn};

/// An address, or 0 as long as there is none.
#[derive(Debug)]
pub(super) struct Address(AtomicUsize);

impl Address {
    const_fn! {
        pub(super) const fn unknown() -> Self {
            Address(AtomicUsize::new(0))
        }
    }

    /// The address, if it is known. Whoever gets it sees what was written there before it was settled.
    #[inline]
    pub(super) fn get(&self) -> Option<usize> {
        let order = if seeded(Bug::CageBaseRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        match self.0.load(order) {
            0 => None,
            address => Some(address),
        }
    }

    /// Settles the address, unless another thread did in the meantime. Returns the one that holds.
    pub(super) fn settle(&self, address: usize) -> usize {
        if seeded(Bug::CageBaseTorn) {
            self.0.store(address, Ordering::Release);
            return address;
        }
        // Release: what was written there. Acquire: what the other thread wrote.
        match self.0.compare_exchange(0, address, Ordering::Release, Ordering::Acquire) {
            Ok(_) => address,
            Err(settled) => settled,
        }
    }

    /// The address, by a plain load that may be moved and joined with others.
    ///
    /// # Safety
    /// The address was settled before, and the caller's thread knows: it got it from [`get`](Self::get) or
    /// [`settle`](Self::settle), or what it has from a thread that did.
    #[cfg(not(loom))]
    #[inline(always)]
    pub(super) unsafe fn known(&self) -> usize {
        // SAFETY: the word is written once, and that was before, as the caller says. So no write meets this read.
        unsafe { self.0.as_ptr().read() }
    }
}
