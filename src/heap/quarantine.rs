//! Blocks that were freed while a memory checker watches, and are not handed out again for a while.
//!
//! A checker reports a touch of a freed block until the block is another's. So a heap holds the last ones back: for whoever
//! asks they are free, and their bits are set when they leave (`state`). When memory would be refused, all of them leave
//! (`growing`). Without a checker, and in a `SyncHeap`, whose threads free blocks of each other's, nothing is held.

#[cfg(not(feature = "poison"))]
pub(super) use none::Quarantine;
#[cfg(feature = "poison")]
pub(super) use row::Quarantine;

#[cfg(feature = "poison")]
mod row {
    use crate::checkers;
    use core::cell::Cell;

    /// How many blocks are held: few, so that a small heap does not become a large one.
    const HELD: usize = 8;

    /// The addresses of the blocks that are held, the oldest first; 0 where there is none. Zeroes are an empty one.
    pub(in super::super) struct Quarantine([Cell<usize>; HELD]);

    impl Quarantine {
        /// Bytes of the largest block that is held.
        pub(in super::super) const LARGEST: usize = 8 << 10;

        pub(in super::super) fn is_on() -> bool {
            checkers::watching()
        }

        /// The blocks that are held.
        pub(in super::super) fn blocks(&self) -> impl Iterator<Item = usize> {
            self.0.iter().map(Cell::get).filter(|&address| address != 0)
        }

        pub(in super::super) fn has(&self, address: usize) -> bool {
            self.blocks().any(|held| held == address)
        }

        /// Holds a block, and lets the oldest one leave if there is no room for both.
        pub(in super::super) fn hold(&self, address: usize) -> Option<usize> {
            let mut coming = address;
            for place in self.0.iter().rev() {
                coming = place.replace(coming);
            }
            (coming != 0).then_some(coming)
        }

        /// Lets a block leave.
        pub(in super::super) fn take(&self) -> Option<usize> {
            self.0.iter().map(|place| place.replace(0)).find(|&address| address != 0)
        }

        /// Forgets the blocks, which are no blocks any more.
        pub(in super::super) fn forget(&self) {
            self.0.iter().for_each(|place| place.set(0));
        }
    }
}

/// There is no checker, and the compiler drops the calls.
#[cfg(not(feature = "poison"))]
mod none {
    pub(in super::super) struct Quarantine {}

    impl Quarantine {
        pub(in super::super) const LARGEST: usize = 0;

        #[inline(always)]
        pub(in super::super) fn is_on() -> bool {
            false
        }

        #[inline(always)]
        pub(in super::super) fn blocks(&self) -> impl Iterator<Item = usize> {
            core::iter::empty()
        }

        #[inline(always)]
        pub(in super::super) fn has(&self, _: usize) -> bool {
            false
        }

        #[inline(always)]
        pub(in super::super) fn hold(&self, address: usize) -> Option<usize> {
            Some(address)
        }

        #[inline(always)]
        pub(in super::super) fn take(&self) -> Option<usize> {
            None
        }

        #[inline(always)]
        pub(in super::super) fn forget(&self) {}
    }
}
