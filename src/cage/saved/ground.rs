//! Where an opened tree lies: units of its cage, with the file mapped over them, or with a copy of its bytes.
//!
//! A link's number counts from the cage's base, so a tree can be read in place only at the place that its links were made
//! for. The file names it, and mostly it is free. Then the file is mapped there, privately and for reading, over pages of
//! the cage that nobody has. Else the bytes are copied to other units, and the walk that checks them gives each link its
//! new number.

use super::error::SavedReason;
use crate::arena::Backing;
use crate::arena::backing::Block;
use crate::bump::round_up;
use crate::cage::Cage;
use crate::cage::backing::{Caged, acquire_exactly, units_of};
use crate::cage::space::Mounted;
use crate::cage::units::Run;
use crate::error::{AllocError, AllocReason};
use crate::policy::CAGE_UNIT;
use crate::sys::{self, Access, BorrowedFd, Sharing};
use core::marker::PhantomData;
use core::ptr::NonNull;

/// What the bytes are.
enum Content {
    /// The file itself, mapped over these units.
    Mapped(Run),
    /// Memory of the cage, as an arena's.
    Copy(Block),
}

/// Units of the cage `C` that an opened tree has.
pub(super) struct Ground<C: Cage> {
    start: NonNull<u8>,
    content: Content,
    of: PhantomData<fn() -> C>,
}

/// The cage, reserved now if it was not.
fn mounted<C: Cage>() -> Result<Mounted, SavedReason> {
    C::space().mount().map_err(SavedReason::Os)
}

/// The unit at which a file begins whose first byte has this number; none if that is no unit's.
fn place_of<C: Cage>(first: u32) -> Option<usize> {
    let bytes = u64::from(first) << C::OPTIONS.scale();
    usize::try_from(bytes).ok().filter(|bytes| bytes % CAGE_UNIT == 0).map(|bytes| bytes / CAGE_UNIT)
}

impl<C: Cage> Ground<C> {
    /// Maps a file's first `len` bytes, not 0, at the place of this number; none if that is not free, or the file cannot be
    /// mapped.
    ///
    /// # Safety
    /// As long as the ground is there, nobody changes the file's bytes or cuts them off.
    pub(super) unsafe fn map(fd: BorrowedFd<'_>, len: usize, first: u32) -> Result<Option<Self>, SavedReason> {
        let mounted = mounted::<C>()?;
        let Some(place) = place_of::<C>(first) else { return Ok(None) };
        // Whether it can be mapped at all is seen elsewhere: a mapping that fails may leave a hole in the cage.
        let Ok(tried) = sys::map_file(fd, 0, len.min(sys::page_size()), Access::Read, Sharing::Private) else {
            return Ok(None);
        };
        // SAFETY: the mapping was made just now, and nobody knows of it.
        unsafe { sys::release(tried, len.min(sys::page_size()), Sharing::Private) };
        let Some(run) = mounted.take_exactly(place, units_of(len)) else { return Ok(None) };
        let start = mounted.start_of(run.start);
        // SAFETY: the units were taken just now, and nothing refers to them. If it fails they stay taken for ever, so
        // nothing ever does.
        if unsafe { sys::map_file_over(start, round_up(len, sys::page_size()), fd, Access::Read) }.is_err() {
            return Ok(None);
        }
        Ok(Some(Ground { start, content: Content::Mapped(run), of: PhantomData }))
    }

    /// Writable memory for `len` bytes, not 0: at the place of this number if that is free, else anywhere in the cage. What
    /// is in it is not defined.
    pub(super) fn memory(len: usize, first: u32) -> Result<Self, SavedReason> {
        let mounted = mounted::<C>()?;
        let full = || AllocError::new(len, AllocReason::Cage(C::space().full(mounted)));
        let block = acquire_exactly(mounted, place_of::<C>(first), len).ok_or_else(full)?;
        let mut ground = Ground { start: block.start, content: Content::Copy(block), of: PhantomData };
        if let Content::Copy(block) = &mut ground.content {
            if block.ready < len {
                // SAFETY: the block came from the cage just now, and is longer than it is ready.
                unsafe { Caged::<C>::new().commit(block, len)? };
            }
        }
        Ok(ground)
    }

    pub(super) const fn is_mapped(&self) -> bool {
        matches!(self.content, Content::Mapped(_))
    }

    pub(super) const fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// The number of the first byte.
    pub(super) fn first(&self) -> u32 {
        crate::cage::link::number::<C>(self.start).get()
    }

    /// The first `len` bytes, to be written.
    ///
    /// # Safety
    /// It is `memory` of so many bytes, and nothing refers to them.
    pub(super) unsafe fn bytes(&mut self, len: usize) -> &mut [core::mem::MaybeUninit<u8>] {
        // SAFETY: the block is ready for so many bytes, and is this value's alone.
        unsafe { NonNull::slice_from_raw_parts(self.start.cast(), len).as_mut() }
    }
}

impl<C: Cage> Drop for Ground<C> {
    fn drop(&mut self) {
        match &self.content {
            // SAFETY: the block came from the cage, and nothing refers to it any more.
            Content::Copy(block) => unsafe { Caged::<C>::new().release(block) },
            Content::Mapped(run) => {
                let Some(mounted) = C::space().mounted() else { return };
                // SAFETY: the units are this value's, and nothing refers to them any more. If the file's pages cannot be
                // replaced by new ones, the units stay taken for ever.
                unsafe { mounted.renew(*run) };
            }
        }
    }
}
