//! Taking blocks from a pool: one or a run of them, as pages.
//!
//! The ledger chooses the blocks. A page gives itself back when it is dropped; the pool gives back by address.

use super::error::{PoolError, PoolReason};
use super::ledger::Claim;
use super::page::Page;
use super::page_pool::{LONGEST_RUN, PagePool};
use crate::sync::thread_hint;
use core::mem::MaybeUninit;

impl PagePool {
    /// Takes a block. Its bytes are what the last owner left.
    ///
    /// # Errors
    /// `Exhausted` when every block was out at some instant during the call. Blocks that another thread's
    /// [`trim`](Self::trim) or [`take_many`](Self::take_many) is working on count as out.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let pool = region::PagePool::new(4096, 8)?;
    /// let mut page = pool.take()?;
    /// page[..5].write_copy_of_slice(b"hello");
    /// # trait Old { fn write_copy_of_slice(&mut self, from: &[u8]); }
    /// # impl Old for [std::mem::MaybeUninit<u8>] {
    /// #     fn write_copy_of_slice(&mut self, from: &[u8]) {
    /// #         for (to, from) in self.iter_mut().zip(from) { to.write(*from); }
    /// #     }
    /// # }
    /// assert_eq!(pool.taken(), 1);
    /// drop(page);
    /// assert_eq!((pool.taken(), pool.warm()), (0, 1));
    /// # Ok::<(), region::PoolError>(())
    /// ```
    #[inline]
    pub fn take(&self) -> Result<Page<'_>, PoolError> {
        match self.ledger.take(thread_hint()) {
            Some(claim) => Ok(self.page(claim)),
            None => Err(self.refuse(PoolReason::Exhausted, 1)),
        }
    }

    /// Takes a block whose bytes are all zero.
    ///
    /// Costs a `memset` if the block was out before. A block that was never out, or was trimmed since, costs nothing:
    /// it has the kernel's zeroes, and no RAM until it is touched.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    #[inline]
    pub fn take_zeroed(&self) -> Result<Page<'_, u8>, PoolError> {
        let claim = self.ledger.take(thread_hint()).ok_or(self.refuse(PoolReason::Exhausted, 1))?;
        let page = self.page(claim);
        if claim.warm {
            return Ok(page.zeroed());
        }
        // SAFETY: a block that is not warm has never been handed out, or not since its RAM was given back
        // to the kernel, which fills its pages with zeroes.
        Ok(unsafe { page.assume_init() })
    }

    /// Takes the lowest `count` adjacent free blocks, 1 to 64, as one page.
    ///
    /// Reads every word of the ledger up to the run (64 blocks a word). When no run is found, the blocks that are kept
    /// ready become free and the search is repeated. Runs that cross a word boundary are taken in two steps, so two
    /// threads that want the last blocks at once may each see blocks as out that the other is about to give back.
    ///
    /// # Errors
    /// `Count` when `count` is not 1 to 64; `Exhausted` when fewer blocks are free; `Fragmented` when they
    /// are not side by side.
    pub fn take_many(&self, count: usize) -> Result<Page<'_>, PoolError> {
        self.take_run(count, |_| ())
    }

    /// Takes `count` adjacent blocks, 1 to 64, whose bytes are all zero.
    ///
    /// # Errors
    /// As [`take_many`](Self::take_many).
    pub fn take_many_zeroed(&self, count: usize) -> Result<Page<'_, u8>, PoolError> {
        let page = self.take_run(count, |block| {
            // SAFETY: the block is one of the run that the ledger has just given to this call alone.
            unsafe { self.block(block).write_bytes(0, self.block_size()) }
        })?;
        // SAFETY: the blocks that were warm have been zeroed above; the others have the kernel's zeroes.
        Ok(unsafe { page.assume_init() })
    }

    fn take_run(&self, count: usize, dirty: impl FnMut(usize)) -> Result<Page<'_>, PoolError> {
        if count == 0 || count > LONGEST_RUN {
            return Err(self.refuse(PoolReason::Count, count));
        }
        match self.ledger.take_run(count, dirty) {
            // SAFETY: the ledger gave blocks `start..start + count` to this call alone, all below the capacity, and so
            // inside the region; a run is in no slot; 64 blocks at most fit the page's count.
            Some(start) => Ok(unsafe { Page::new(self, self.block(start).cast(), count, None) }),
            None if self.capacity() - self.taken() < count => Err(self.refuse(PoolReason::Exhausted, count)),
            None => Err(self.refuse(PoolReason::Fragmented, count)),
        }
    }

    #[inline]
    fn page(&self, claim: Claim) -> Page<'_> {
        // SAFETY: `claim` is what the ledger gave out a moment ago to this call alone, with the slot that the block is
        // in; its number is below the capacity, so that the whole block lies inside the region; the claim is of this
        // process.
        unsafe { Page::new(self, self.block(claim.block).cast::<MaybeUninit<u8>>(), 1, claim.slot) }
    }
}
