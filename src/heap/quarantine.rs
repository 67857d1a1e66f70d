//! Blocks that were freed while a memory checker watches, and are not handed out again for a while.
//!
//! A checker reports a touch of a freed block until the block is another's. So a heap holds the last ones back: for whoever
//! asks they are free, and their bits are set when they leave (`state`). When memory would be refused, all of them leave
//! (`growing`). Without a checker, and in a `SyncHeap`, whose threads free blocks of each other's, nothing is held.

#[cfg(not(feature = "poison"))]
pub(super) use none::Quarantine;
#[cfg(feature = "poison")]
pub(super) use ring::Quarantine;

#[cfg(feature = "poison")]
mod ring {
    use crate::checkers;
    use core::cell::Cell;

    /// How many blocks are held: few, so that a small heap does not become a large one.
    const HELD: usize = 2;

    /// A block that is held.
    #[derive(Clone, Copy)]
    struct Held {
        address: usize,
        bytes: usize,
    }

    /// The blocks that are held, the oldest first. Zeroes are an empty one.
    pub(in super::super) struct Quarantine {
        blocks: [Cell<Held>; HELD],
        first: Cell<usize>,
        len: Cell<usize>,
    }

    impl Quarantine {
        /// Bytes that are held at most.
        pub(in super::super) const BYTES: usize = 8 << 10;

        pub(in super::super) fn is_on() -> bool {
            checkers::watching()
        }

        fn held(&self) -> impl Iterator<Item = Held> {
            (0..self.len.get()).map(|at| self.blocks[(self.first.get() + at) % HELD].get())
        }

        pub(in super::super) fn has(&self, address: usize) -> bool {
            self.held().any(|held| held.address == address)
        }

        /// How many blocks are held, and their bytes.
        pub(in super::super) fn sums(&self) -> (usize, usize) {
            (self.len.get(), self.held().map(|held| held.bytes).sum())
        }

        /// Holds a block, unless [`is_full`](Self::is_full).
        pub(in super::super) fn hold(&self, address: usize, bytes: usize) {
            debug_assert!(self.len.get() < HELD);
            self.blocks[(self.first.get() + self.len.get()) % HELD].set(Held { address, bytes });
            self.len.set(self.len.get() + 1);
        }

        /// Whether a block leaves before one of so many bytes comes.
        pub(in super::super) fn is_full(&self, bytes: usize) -> bool {
            self.len.get() == HELD || self.sums().1 + bytes > Self::BYTES
        }

        /// Lets the oldest block leave.
        pub(in super::super) fn take(&self) -> Option<usize> {
            let oldest = self.held().next()?.address;
            self.first.set((self.first.get() + 1) % HELD);
            self.len.set(self.len.get() - 1);
            Some(oldest)
        }

        /// Forgets the blocks, which are no blocks any more.
        pub(in super::super) fn forget(&self) {
            self.len.set(0);
        }
    }
}

/// There is no checker, and the compiler drops the calls.
#[cfg(not(feature = "poison"))]
mod none {
    pub(in super::super) struct Quarantine {}

    impl Quarantine {
        pub(in super::super) const BYTES: usize = 0;

        #[inline(always)]
        pub(in super::super) fn is_on() -> bool {
            false
        }

        #[inline(always)]
        pub(in super::super) fn has(&self, _: usize) -> bool {
            false
        }

        #[inline(always)]
        pub(in super::super) fn sums(&self) -> (usize, usize) {
            (0, 0)
        }

        #[inline(always)]
        pub(in super::super) fn hold(&self, _: usize, _: usize) {}

        #[inline(always)]
        pub(in super::super) fn is_full(&self, _: usize) -> bool {
            false
        }

        #[inline(always)]
        pub(in super::super) fn take(&self) -> Option<usize> {
            None
        }

        #[inline(always)]
        pub(in super::super) fn forget(&self) {}
    }
}
