//! A backing that passes everything on to another, and notes what its arena asks of it.

use region::AllocError;
use region::backing::{Backing, Block};
use std::alloc::Layout;
use std::cell::{Cell, RefCell};

/// What happened to a [`Watched`] backing.
#[derive(Default)]
pub struct Notes {
    /// How often a block came back.
    pub released: Cell<usize>,
    /// How many bytes were kept by each rewind.
    pub kept: RefCell<Vec<usize>>,
    /// How often the backing was dropped.
    pub dropped: Cell<usize>,
}

/// Another backing, with notes.
pub struct Watched<'n, B>(pub B, pub &'n Notes);

impl<B> Drop for Watched<'_, B> {
    fn drop(&mut self) {
        self.1.dropped.set(self.1.dropped.get() + 1);
    }
}

// SAFETY: the contract is the other backing's, to which everything is passed on.
unsafe impl<B: Backing> Backing for Watched<'_, B> {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        self.0.acquire(layout, previous)
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        // SAFETY: the caller's promise, passed on; as below.
        unsafe { self.0.commit(block, need) }
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        // SAFETY: as above.
        unsafe { self.0.decommit(block, keep) }
    }

    fn protects(&self) -> bool {
        true
    }

    unsafe fn protect(&self, block: &mut Block, keep: usize) {
        self.1.kept.borrow_mut().push(keep);
        // SAFETY: as above.
        unsafe { self.0.protect(block, keep) }
    }

    unsafe fn release(&self, block: &Block) {
        self.1.released.set(self.1.released.get() + 1);
        // SAFETY: as above.
        unsafe { self.0.release(block) }
    }
}
