//! A block of the kind that arenas have, for the bytes of a small file: kept from an earlier input or arena, with its
//! pages in RAM, so that nothing is mapped and no page comes in.
//!
//! On Windows the bytes of a longer input are in one, too: what may be written counts there before it is touched, and
//! such a block is committed as it fills.
//!
//! The C archive has none of this, and its inputs map: there region_read_file is for small files in great number.

#[cfg(not(region_staticlib))]
pub(super) use kept::KeptBlock;

#[cfg(not(region_staticlib))]
mod kept {
    use crate::arena::backing::{Backing, Block, Mapped, checked};
    #[cfg(windows)]
    use crate::error::{AllocError, AllocReason, Call, Error, Reason};
    use crate::policy::BLOCK_FITS;
    use core::alloc::Layout;
    use core::ptr::NonNull;

    /// Where blocks come from: what arenas have by default.
    const BLOCKS: Mapped = Mapped::new();

    /// Most bytes of an input in a block: as many as fit one of the short kinds.
    const MOST: usize = BLOCK_FITS[0];

    /// A block on loan, which goes back when this is dropped.
    pub(in crate::input) struct KeptBlock(Block);

    impl KeptBlock {
        /// A block of which `size` bytes can be used, if it is for so few and can be had.
        pub(in crate::input) fn take(size: usize) -> Option<Self> {
            if size > MOST {
                return None;
            }
            let layout = Layout::from_size_align(size, 1).ok()?;
            let mut taken = KeptBlock(checked::acquire(&BLOCKS, layout, 0).ok()?);
            if taken.0.ready < size {
                // SAFETY: the block is on loan from there, and at least so long.
                unsafe { checked::commit(&BLOCKS, &mut taken.0, size) }.ok()?;
            }
            Some(taken)
        }

        /// A block of at least `size` bytes, of which so many can be used. It is longer where it is long, so that more
        /// of it can be ([`reach`](Self::reach)).
        #[cfg(windows)]
        pub(in crate::input) fn long(size: usize) -> Result<Self, Error> {
            let refused = |error: AllocError| match error.reason() {
                AllocReason::Os(error) => error,
                _ => Error::new(Call::Map, Reason::TooLarge, size),
            };
            let layout = Layout::from_size_align(size, 1).map_err(|_| Error::new(Call::Map, Reason::TooLarge, size))?;
            let mut taken = KeptBlock(checked::acquire(&BLOCKS, layout, 0).map_err(refused)?);
            if taken.0.ready < size {
                // SAFETY: the block is on loan from there, and at least so long.
                unsafe { checked::commit(&BLOCKS, &mut taken.0, size) }.map_err(refused)?;
            }
            Ok(taken)
        }

        /// Lets `size` bytes be used, if the block is as long and they can be had.
        #[cfg(windows)]
        pub(in crate::input) fn reach(&mut self, size: usize) -> bool {
            // SAFETY: the block is on loan from there, and at least so long.
            size <= self.0.ready || size <= self.0.len && unsafe { checked::commit(&BLOCKS, &mut self.0, size) }.is_ok()
        }

        /// Gives what is behind the first `keep` bytes back, of a block that was taken for many. How many can be used
        /// now.
        #[cfg(windows)]
        pub(in crate::input) fn keep(&mut self, keep: usize) -> usize {
            if self.0.len > MOST {
                // SAFETY: the block is on loan from there, and nothing uses the bytes behind the content.
                unsafe { BLOCKS.decommit(&mut self.0, keep) };
            }
            self.0.ready
        }

        /// Its first byte.
        pub(in crate::input) fn start(&self) -> NonNull<u8> {
            self.0.start
        }

        /// Notes that its first `bytes` may have been written.
        pub(in crate::input) fn written(&mut self, bytes: usize) {
            self.0.dirty = self.0.dirty.max(bytes);
        }
    }

    impl Drop for KeptBlock {
        fn drop(&mut self) {
            // SAFETY: the block is on loan from there. What was written was noted, and the owner gives the bytes up.
            unsafe { BLOCKS.release(&self.0) };
        }
    }
}

/// None, ever.
#[cfg(region_staticlib)]
pub(super) enum KeptBlock {}

#[cfg(region_staticlib)]
impl KeptBlock {
    pub(super) fn take(_: usize) -> Option<Self> {
        None
    }

    pub(super) fn start(&self) -> core::ptr::NonNull<u8> {
        match *self {}
    }

    pub(super) fn written(&mut self, _: usize) {
        match *self {}
    }
}
