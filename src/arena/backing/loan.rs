//! Memory that is one block: it is handed out once at a time, and remembers how much of it was written.
//!
//! The backings that have a loan, `buffer`, `region` and the arena's `file`, know where the memory is and bring in its
//! RAM.

use super::Block;
use crate::bump;
#[cfg(feature = "poison")]
use crate::checkers::{self, Contents};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

/// Whether an arena has the memory now, and which bytes the next one must treat as written.
#[derive(Debug)]
pub(in crate::arena) struct Loan {
    taken: Cell<bool>,
    /// Bytes from the start that may be other than zero.
    dirty: Cell<usize>,
    /// What an arena may have poisoned: the memory, as far as it was ready.
    #[cfg(feature = "poison")]
    ready: Cell<(NonNull<u8>, usize)>,
}

impl Loan {
    /// Memory that no arena has. Its first `dirty` bytes may be other than zero.
    pub(in crate::arena) const fn new(dirty: usize) -> Self {
        Loan {
            taken: Cell::new(false),
            dirty: Cell::new(dirty),
            #[cfg(feature = "poison")]
            ready: Cell::new((NonNull::dangling(), 0)),
        }
    }

    /// Whether an arena has the memory.
    pub(super) fn is_taken(&self) -> bool {
        self.taken.get()
    }

    /// Hands out all of the memory, `len` bytes from `start`, `ready` of them usable, if no arena has it and the layout
    /// fits.
    #[inline(never)]
    pub(in crate::arena) fn take(
        &self,
        layout: Layout,
        start: NonNull<u8>,
        len: usize,
        ready: usize,
    ) -> Result<Block, AllocError> {
        let first = start.addr().get();
        let fits = bump::fit::<1, false>(first, first + len, layout.size(), layout.align());
        if self.taken.get() || fits.is_none() {
            return Err(AllocError::new(layout.size(), AllocReason::Exhausted(len)));
        }
        self.taken.set(true);
        #[cfg(feature = "poison")]
        self.ready.set((start, ready));
        Ok(Block { start, len, ready, dirty: self.dirty.get(), tag: 0 })
    }

    /// Notes that the first `ready` bytes are usable now.
    #[cfg(all(feature = "os", any(unix, windows)))]
    pub(super) fn commit(&self, ready: usize) {
        #[cfg(feature = "poison")]
        self.ready.set((self.ready.get().0, ready));
        #[cfg(not(feature = "poison"))]
        let _ = ready;
    }

    /// Takes the memory back. It may go out again, and is not zero any more where it was written.
    pub(in crate::arena) fn give_back(&self, block: &Block) {
        self.dirty.set(block.dirty);
        self.taken.set(false);
    }
}

/// Memory that an arena still has was lost with a claim that was leaked. Whoever gets it next finds no poison in it.
#[cfg(feature = "poison")]
impl Drop for Loan {
    fn drop(&mut self) {
        let (start, ready) = self.ready.get();
        if self.taken.get() {
            checkers::unpoison(start, ready, Contents::Initialized);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aligned for as many bytes as it has. (`u128` is not on all processors.)
    #[derive(Clone, Copy)]
    #[repr(align(16))]
    struct Unit(#[allow(dead_code)] [u8; 16]);

    const MEMORY: [Unit; 4] = [Unit([0; 16]); 4];

    fn take(loan: &Loan, memory: &mut [Unit], size: usize, align: usize) -> Result<Block, AllocError> {
        let layout = Layout::from_size_align(size, align).unwrap();
        loan.take(layout, NonNull::from(&mut *memory).cast(), size_of_val(memory), 16)
    }

    #[test]
    fn memory_is_taken_once_at_a_time() {
        let (loan, mut memory) = (Loan::new(0), MEMORY);
        let block = take(&loan, &mut memory, 8, 8).unwrap();
        assert_eq!((block.start.as_ptr().cast(), block.len, block.ready), (memory.as_mut_ptr(), 64, 16));
        let refused = take(&loan, &mut memory, 8, 8).unwrap_err();
        assert!(loan.is_taken() && matches!(refused.reason(), AllocReason::Exhausted(64)));
        loan.give_back(&block);
        assert!(!loan.is_taken() && take(&loan, &mut memory, 8, 8).is_ok());
    }

    #[test]
    fn what_is_larger_with_its_padding_is_refused_and_takes_nothing() {
        let (loan, mut memory) = (Loan::new(0), MEMORY);
        // One of the two halves is not aligned so far.
        let at = usize::from(memory.as_ptr().addr() % 32 == 0);
        let odd = &mut memory[at..at + 2];
        assert!(take(&loan, odd, 33, 1).is_err() && take(&loan, odd, 17, 32).is_err());
        assert!(take(&loan, odd, usize::MAX >> 1, 1).is_err() && !loan.is_taken());
        assert!(take(&loan, odd, 16, 32).is_ok());
    }

    #[test]
    fn what_was_written_is_dirty_for_the_next() {
        let (loan, mut memory) = (Loan::new(40), MEMORY);
        let mut block = take(&loan, &mut memory, 64, 1).unwrap();
        assert_eq!(block.dirty, 40);
        block.dirty = 48;
        loan.give_back(&block);
        assert_eq!(take(&loan, &mut memory, 1, 1).unwrap().dirty, 48);
    }
}
