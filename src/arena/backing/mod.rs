//! Where an arena's memory comes from (`.back.kinds`).
//!
//! A [`Backing`] hands out [`Block`]s: ranges that may be far larger than the RAM behind them. The arena
//! asks for a block when it has none with room, asks to have more of it made usable as its cursor moves,
//! and gives it back at the end. Each kind is one file:
//!
//! - [`Buffer`]: bytes that the caller owns, on the stack or in a `static`. Makes no system call.
//! - [`Spill`]: such a buffer first, another backing after it.
//! - [`RegionBacking`]: a region of the caller's making: huge, locked, shared.
//! - `Heap`: the global allocator's memory, with feature `alloc`.
//! - [`Mapped`]: address space from the kernel, RAM as touched. The default.
//!
//! The trait is open: a kernel, a firmware or a program with a memory plan of its own brings its own kind.

mod buffer;
#[cfg(all(feature = "os", unix, not(loom)))]
mod cache;
#[cfg(feature = "alloc")]
mod heap;
#[cfg(all(feature = "os", unix, not(loom)))]
mod mapped;
#[cfg(all(feature = "os", unix, not(loom)))]
mod region;
mod spill;

pub use buffer::{Buffer, StackBuffer, StaticBuffer};
#[cfg(all(feature = "os", unix, not(loom)))]
pub use cache::{CacheFigures, Caching, cache_figures, set_caching, trim};
#[cfg(feature = "alloc")]
pub use heap::Heap;
#[cfg(all(feature = "os", unix, not(loom)))]
pub use mapped::Mapped;
#[cfg(all(feature = "os", unix, not(loom)))]
pub use region::RegionBacking;
pub use spill::Spill;

use crate::error::AllocError;
use core::alloc::Layout;
use core::ptr::NonNull;

/// The kind of memory that [`Arena`](crate::Arena) uses unless told otherwise.
#[cfg(all(feature = "os", unix, not(loom)))]
pub type DefaultBacking = Mapped;
/// The kind of memory that [`Arena`](crate::Arena) uses unless told otherwise.
#[cfg(not(all(feature = "os", unix, not(loom))))]
pub type DefaultBacking = Buffer<'static>;

/// A range of memory on loan to an arena.
///
/// ```text
///   start            start + dirty       start + ready          start + len
///   │ ever handed out │ zero, usable now │ needs commit first    │
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The first byte.
    pub start: NonNull<u8>,
    /// Bytes that belong to the arena while it holds the block, touchable or not.
    pub len: usize,
    /// Bytes from `start` that may be touched now; the rest after [`Backing::commit`].
    pub ready: usize,
    /// Bytes from `start` that may be other than zero. Everything above is zero (`.back.zero`).
    pub dirty: usize,
    /// A word for the backing's own use; the arena keeps it and does not look at it.
    pub tag: usize,
}

// No block is a word of zeroes, wherever a block could be: an arena of zeroes is an empty one.
// SAFETY: if the bytes did not spell `None`, the assertion would not be compiled.
const _: () = assert!(unsafe { core::mem::zeroed::<Option<Block>>() }.is_none());

/// A supplier of memory for arenas.
///
/// # Safety
/// An implementation upholds, for every block that it hands out, until that block is released:
/// - `start..start + len` lies in one allocated object and is used by nobody else, whatever thread the
///   backing and the arena are moved to;
/// - `ready <= len`, the first `ready` bytes may be read and written, and stay so until `decommit` says
///   otherwise; `dirty <= len`, and every byte at or above `start + dirty` that can be touched is zero;
/// - `commit` changes `ready` and `tag` alone, and only ever raises `ready`; `retire` changes the same, and only
///   ever lowers `ready`; `decommit` may lower `ready` and `dirty`; neither of these lowers `ready` below `keep`,
///   and both leave the first `keep` bytes as they are;
/// - no method panics or calls back into the arena.
pub unsafe trait Backing {
    /// Hands out a block that can hold `layout`: past the padding that aligns its start to
    /// `layout.align()`, `layout.size()` bytes follow. `previous` is the length of the arena's newest
    /// block, 0 before the first: a backing that grows geometrically goes on from it.
    ///
    /// # Errors
    /// When there is no such memory; nothing has changed then.
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError>;

    /// Makes at least the first `need` bytes of the block usable (`need <= block.len`), more if that pays.
    ///
    /// # Errors
    /// When that much cannot be made usable; the block is as it was.
    ///
    /// # Safety
    /// The block came from this backing and is on loan.
    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError>;

    /// Gives the RAM above the first `keep` bytes back as far as that can be done.
    ///
    /// # Safety
    /// The block came from this backing and is on loan, and nobody uses the bytes above `keep`.
    unsafe fn decommit(&self, block: &mut Block, keep: usize);

    /// Hears that the arena was rewound to `keep` bytes from the block's start; a debugging backing may take
    /// access away from the pages above, and lower `ready` to say so. Their content stays, and `commit` makes
    /// them usable again. Usually does nothing.
    ///
    /// # Safety
    /// The block came from this backing and is on loan, and nobody uses the bytes above `keep`.
    #[inline(always)]
    unsafe fn retire(&self, block: &mut Block, keep: usize) {
        let _ = (block, keep);
    }

    /// Takes the block back. By reference, so that an arena's end need not copy it.
    ///
    /// # Safety
    /// The block came from this backing and is on loan, its `dirty` covers every byte that was written,
    /// and nobody uses any of its bytes from here on.
    unsafe fn release(&self, block: &Block);

    /// Bytes of the block that are in RAM.
    fn resident(&self, block: &Block) -> usize {
        block.ready
    }
}
