//! A block of the kind that arenas have, for the bytes of a small file: kept from an earlier input or arena, with its
//! pages in RAM, so that nothing is mapped and no page comes in.
//!
//! The C archive has none of this, and its inputs map: there region_read_file is for small files in great number.

#[cfg(not(region_staticlib))]
pub(super) use kept::KeptBlock;

#[cfg(not(region_staticlib))]
mod kept {
    use crate::arena::backing::{Backing, Block, Mapped, checked};
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
