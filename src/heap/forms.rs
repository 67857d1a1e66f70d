//! The ways to take a block and to resize it, which heaps of one thread and of many have in common: panicking and `try_`,
//! with zeroes.
//!
//! Where the block comes from is the heap's: `take_quickly`, `take_slowly`, `take_or_grow`. So is where a block is found, and
//! whether it can stay there: `find_used`, `resize_here`, `free_moved`.

use crate::checkers::{self, Contents};
use core::ptr::NonNull;

/// The methods, for a type that has those three, in a file that imports what they name.
macro_rules! taking_methods {
    ([$($head:tt)*]) => { $($head)* {
        #[inline(always)]
        #[track_caller]
        fn take<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error> {
            match self.take_quickly(layout) {
                Some(block) => Ok(block),
                None => F::check(self.take_slowly(layout)),
            }
        }

        /// Takes a block for a layout: `layout.size()` bytes at least, which may hold anything.
        ///
        /// # Panics
        /// When memory cannot be had.
        #[inline]
        #[track_caller]
        pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
            Panic::unwrap(self.take::<Panic>(layout))
        }

        /// As [`alloc_layout`](Self::alloc_layout).
        ///
        /// # Errors
        /// When memory cannot be had.
        #[inline]
        pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
            self.take::<Report>(layout)
        }

        /// Takes a block of zeroes. Large blocks in memory that was never used are not cleared: they are zero.
        ///
        /// # Panics
        /// When memory cannot be had.
        #[track_caller]
        pub fn alloc_layout_zeroed(&self, layout: Layout) -> NonNull<u8> {
            match self.try_alloc_layout_zeroed(layout) {
                Ok(block) => block,
                Err(error) => panic!("{error}"),
            }
        }

        /// As [`alloc_layout_zeroed`](Self::alloc_layout_zeroed).
        ///
        /// # Errors
        /// When memory cannot be had.
        pub fn try_alloc_layout_zeroed(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
            let Some(block) = self.take_quickly(layout) else { return self.take_zeroed(layout) };
            // SAFETY: the block has as many bytes as the layout.
            unsafe { block.write_bytes(0, layout.size()) };
            Ok(block)
        }

        /// A block of zeroes, where none is at hand.
        #[cold]
        #[inline(never)]
        pub(crate) fn take_zeroed(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
            let (block, dirty) = self.take_or_grow(layout).map_err(|error| error.of(layout.size()))?;
            State::unpoison(block, layout.size());
            // SAFETY: the block has as many bytes as the layout.
            unsafe { block.write_bytes(0, layout.size().min(dirty)) };
            $crate::checkers::unpoison(block, layout.size(), $crate::checkers::Contents::Initialized);
            Ok(block)
        }
    } };
}

/// The methods about blocks that are in use, for a type that has those three, in a file that
/// imports what they name. `$name` is the type's.
macro_rules! used_methods {
    ($name:literal; [$($head:tt)*]) => { $($head)* {
        /// Whether a block that is in use begins at this address.
        pub fn contains(&self, block: NonNull<u8>) -> bool {
            self.find_used(block.addr().get()).is_ok()
        }

        /// Bytes of the block that begins at this address, as many as were asked for or more. All of them may be used. `None`
        /// if no block in use begins there.
        pub fn usable_size(&self, block: NonNull<u8>) -> Option<usize> {
            let run = self.find_used(block.addr().get()).ok()?;
            let bytes = State::usable(run.chunk, run.record);
            $crate::checkers::unpoison(block, bytes, $crate::checkers::Contents::Initialized);
            Some(bytes)
        }

        /// Gives a block another layout: where it is if there is space, or else by copying it. Its content stays up to the
        /// shorter size.
        ///
        /// # Panics
        /// When memory cannot be had, or no block in use begins there. The block is as it was.
        ///
        /// # Safety
        /// If the block is in use, nothing uses it under its old address any more.
        ///
        /// ```
        /// # #[cfg(feature = "os")] {
        /// use std::alloc::Layout;
        ///
        #[doc = concat!("let heap = region::", $name, "::new();")]
        /// let block = heap.alloc_layout(Layout::new::<[u8; 1000]>());
        /// // SAFETY: the block is of this heap, and used under its new address from here on.
        /// let longer = unsafe { heap.realloc(block, Layout::new::<[u8; 1_000_000]>()) };
        /// assert!(heap.contains(longer) && !heap.contains(block));
        /// # }
        /// ```
        #[track_caller]
        pub unsafe fn realloc(&self, block: NonNull<u8>, layout: Layout) -> NonNull<u8> {
            // SAFETY: the caller's promise, passed on.
            match unsafe { self.try_realloc(block, layout) } {
                Ok(block) => block,
                Err(error) => panic!("{error}"),
            }
        }

        /// As [`realloc`](Self::realloc).
        ///
        /// # Errors
        /// When memory cannot be had, or no block in use begins there
        /// ([`NoBlock`](crate::error::AllocReason::NoBlock)). The block is as it was.
        ///
        /// # Safety
        /// If the block is in use and the result is `Ok`, nothing uses it under its old address any more.
        pub unsafe fn try_realloc(&self, block: NonNull<u8>, layout: Layout) -> Result<NonNull<u8>, AllocError> {
            // SAFETY: the caller's promise, passed on.
            unsafe { self.resize(block, layout) }
                .unwrap_or_else(|_| Err(AllocError::new(layout.size(), $crate::error::AllocReason::NoBlock)))
        }

        /// As [`try_realloc`](Self::try_realloc), and says why there is no block to resize.
        ///
        /// # Safety
        /// As there.
        pub(crate) unsafe fn resize(
            &self,
            block: NonNull<u8>,
            layout: Layout,
        ) -> Result<Result<NonNull<u8>, AllocError>, FreeError> {
            let old = match self.resize_in_place(block, layout)? {
                0 => return Ok(Ok(block)),
                old => old,
            };
            let new = match self.try_alloc_layout(layout) {
                Ok(new) => new,
                Err(error) => return Ok(Err(error)),
            };
            // SAFETY: both blocks have as many bytes, and the new one is no part of the old one, which is in use. Nobody
            // uses the old one any more, as the caller promised.
            unsafe {
                $crate::heap::copy_block(block, new, old.min(layout.size()));
                self.free_moved(block, new)?;
            }
            Ok(Ok(new))
        }

        /// Gives a block another layout where it is, if there is space: 0, or how many bytes it has if it must move.
        pub(crate) fn resize_in_place(&self, block: NonNull<u8>, layout: Layout) -> Result<usize, FreeError> {
            let address = block.addr().get();
            let run = self.find_used(address)?;
            let old = State::usable(run.chunk, run.record);
            if address & (layout.align() - 1) != 0 || !self.resize_here(run, old, layout) {
                return Ok(old);
            }
            if cfg!(feature = "poison") {
                State::unpoison_resized(block, old, layout.size(), State::usable(run.chunk, run.record));
            }
            Ok(0)
        }
    } };
}

/// Copies what a block holds into one that takes its place.
///
/// # Safety
/// Both have so many bytes, and none in common; nothing uses them meanwhile.
#[inline(always)]
pub(crate) unsafe fn copy_block(from: NonNull<u8>, to: NonNull<u8>, bytes: usize) {
    checkers::unpoison(from, bytes, Contents::Initialized);
    // SAFETY: the caller's promise.
    unsafe { to.copy_from_nonoverlapping(from, bytes) };
}

pub(crate) use {taking_methods, used_methods};
