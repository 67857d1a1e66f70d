//! Where an arena's memory comes from (`.back.kinds`).
//!
//! A [`Backing`] hands out [`Block`]s: ranges that may be far larger than the RAM behind them. The arena
//! asks for a block when no block has enough free bytes, commits more of it as its cursor moves,
//! and gives it back at the end. Each kind is one file:
//!
//! - [`Buffer`]: bytes that the caller owns, on the stack or in a `static`. Makes no system call.
//! - [`Spill`]: such a buffer first, another backing after it.
//! - [`RegionBacking`]: a region of the caller's making: in huge pages, locked, named; never shared.
//! - `Global`: the global allocator's memory, with feature `alloc`.
//! - `LinearMemory`: WebAssembly's, which grows. The default there.
//! - [`Mapped`]: address space from the kernel, RAM as touched. The default.
//!
//! The kinds that are one block have a `loan` in common: it hands the block out once at a time.
//!
//! The trait is public: a kernel, a firmware or a program with its own memory plan can implement another kind.

mod buffer;
#[cfg(all(feature = "os", any(unix, windows)))]
mod cache;
pub(crate) mod checked;
#[cfg(feature = "alloc")]
mod global;
#[cfg(any(all(test, not(loom)), all(feature = "os", target_family = "wasm")))]
mod linear;
pub(super) mod loan;
#[cfg(all(feature = "os", any(unix, windows)))]
mod mapped;
#[cfg(all(feature = "os", any(unix, windows)))]
mod region;
#[cfg(all(feature = "os", any(unix, windows)))]
mod reserve;
#[cfg(all(feature = "os", any(unix, windows)))]
mod retention;
#[cfg(all(feature = "os", any(unix, windows)))]
mod settings;
mod spill;
#[cfg(all(feature = "os", any(unix, windows)))]
mod tag;

pub use buffer::{Buffer, StackBuffer, StaticBuffer};
#[cfg(feature = "alloc")]
pub use global::Global;
#[cfg(all(feature = "os", target_family = "wasm"))]
pub use linear::LinearMemory;
#[cfg(all(feature = "os", any(unix, windows)))]
pub use mapped::Mapped;
#[cfg(all(feature = "os", any(unix, windows)))]
pub use region::RegionBacking;
#[cfg(all(feature = "os", any(unix, windows)))]
#[cfg_attr(any(loom, region_staticlib, windows), allow(unused_imports))]
pub(crate) use reserve::{decommit, discard, give_access, is_locked_when_mapped, resident, touched, usual_reservation};
#[cfg(all(feature = "os", any(unix, windows)))]
pub use settings::{Caching, Stats, set_budget, set_caching, stats, trim};
pub use spill::Spill;
#[cfg(all(feature = "os", any(unix, windows)))]
#[cfg_attr(any(loom, region_staticlib, windows), allow(unused_imports))]
pub(crate) use tag::Tag;

use crate::error::AllocError;
use core::alloc::Layout;
use core::ptr::NonNull;

/// The kind of memory that [`Arena`](crate::Arena) uses by default: mapped memory on Unix and Windows, linear memory in
/// WebAssembly, elsewhere the global allocator's with feature `alloc`, and else a buffer.
#[cfg(all(feature = "os", any(unix, windows)))]
pub type DefaultBacking = Mapped;
/// The kind of memory that [`Arena`](crate::Arena) uses by default.
#[cfg(all(feature = "os", target_family = "wasm"))]
pub type DefaultBacking = LinearMemory;
/// The kind of memory that [`Arena`](crate::Arena) uses by default.
#[cfg(all(feature = "alloc", not(all(feature = "os", any(unix, windows, target_family = "wasm")))))]
pub type DefaultBacking = Global;
/// The kind of memory that [`Arena`](crate::Arena) uses by default.
#[cfg(not(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc")))]
pub type DefaultBacking = Buffer<'static>;

/// The default kind of memory, where it needs nothing to begin with.
#[cfg(all(feature = "os", any(unix, windows)))]
pub(crate) const DEFAULT: DefaultBacking = Mapped::new();
#[cfg(all(feature = "os", target_family = "wasm"))]
pub(crate) const DEFAULT: DefaultBacking = LinearMemory;
#[cfg(all(feature = "alloc", not(all(feature = "os", any(unix, windows, target_family = "wasm")))))]
pub(crate) const DEFAULT: DefaultBacking = Global;

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
    /// Bytes that belong to the arena while it holds the block, usable or not.
    pub len: usize,
    /// Bytes from `start` that are usable now; the rest after [`Backing::commit`].
    pub ready: usize,
    /// Bytes from `start` that may be other than zero. Everything above is zero.
    pub dirty: usize,
    /// A word for the backing's own use; the arena keeps it and does not read it.
    pub tag: usize,
}

// `None` is all zeroes, so an arena of zeroes is an empty one.
// SAFETY: if zeroes were no valid value or not `None`, the assertion would not compile.
const _: () = assert!(unsafe { core::mem::zeroed::<Option<Block>>() }.is_none());

/// A supplier of memory for arenas and typed buffers.
///
/// # Safety
/// Arenas rely on these promises, and nothing else keeps them sound. They hold for every block
/// from when [`acquire`](Self::acquire) or [`acquire_at_once`](Self::acquire_at_once) hands it out until it is given to
/// [`release`](Self::release):
/// - *Size.* Behind the padding that aligns `start` to the layout's alignment there are at least the layout's bytes,
///   all
///   within `len`, which is at most `isize::MAX`. The block does not begin in the last 4 KiB of the address space.
/// - *Access.* Through `start`, and pointers made of it, all of the first `ready` bytes may be read and written, as one
///   object of `len` bytes. That stays so when the arena and the backing in it are moved and when methods are called:
///   the bytes are not part of the backing's own value.
/// - *Exclusive use.* Nothing else reads, writes or hands out the block's bytes. A backing that is `Send` keeps this
///   promise, and takes calls about the block, in any thread that it is moved to; one that is `Sync`, in several at
///   once.
/// - *Zeroes.* `ready <= len` and `dirty <= len`. Of the bytes from `dirty` on, those that are ready are zero, and so
///   are those that `commit` makes ready. The bytes before `dirty` may hold anything, and may be uninitialized.
/// - *Methods* change only what they document of a block and its content. They do not unwind. They do not use the arena
///   that has the backing, because the arena may be in the middle of an operation.
/// - *Adoption.* Where `adopts` says yes, all of this holds for that block of the other backing from then on.
/// - *Lifetime.* The memory stays until the block is released. A block of an arena that was leaked is never released:
///   its memory stays until the backing is dropped, or a lifetime in the backing's type ends, or else for ever. The
///   end of a value that the backing's type does not borrow must not free it.
///
/// `acquire`, `acquire_at_once`, [`adopts`](Self::adopts) and [`resident`](Self::resident) are safe to call, by any
/// code, at any time ([`Arena::backing`](crate::Arena::backing)), with any numbers. Debug builds check what can be
/// checked from outside, and panic.
///
/// ```
/// use region::{AllocError, Arena};
/// use region::backing::{Backing, Block};
/// use region::error::AllocReason;
/// use std::alloc::{Layout, alloc, dealloc};
/// use std::ptr::NonNull;
///
/// /// Blocks of one kilobyte, or of what is asked for.
/// struct Kilobytes;
/// const ALIGN: usize = 16;
///
/// // SAFETY: each block is an allocation of its own, as long as `acquire` was asked for and padding for its alignment,
/// // all of it ready, none of it known to be zero. It lives until it is released. Nothing here panics.
/// unsafe impl Backing for Kilobytes {
///     fn acquire(&self, layout: Layout, _previous: usize) -> Result<Block, AllocError> {
///         let refused = AllocError::new(layout.size(), AllocReason::Refused);
///         let len = layout.size().checked_add(layout.align()).ok_or(refused)?.max(1024);
///         let whole = Layout::from_size_align(len, ALIGN).map_err(|_| refused)?;
///         // SAFETY: a kilobyte at least is asked for.
///         let start = NonNull::new(unsafe { alloc(whole) }).ok_or(refused)?;
///         Ok(Block { start, len, ready: len, dirty: len, tag: 0 })
///     }
///     unsafe fn commit(&self, _: &mut Block, _: usize) -> Result<(), AllocError> {
///         Ok(())                                  // never called: no block has less ready than it has bytes
///     }
///     unsafe fn decommit(&self, _: &mut Block, _: usize) {}
///     unsafe fn release(&self, block: &Block) {
///         // SAFETY: `acquire` allocated the block with this layout.
///         unsafe { dealloc(block.start.as_ptr(), Layout::from_size_align_unchecked(block.len, ALIGN)) };
///     }
/// }
///
/// let arena = Arena::<8, _>::new_in(Kilobytes);
/// assert_eq!(arena.alloc_slice_zeroed::<u64>(1000), [0; 1000]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no backing: an arena cannot take its memory from there",
    note = "backings are in `region::backing`; `Arena::from_buffer` takes a buffer; `Global`, the global allocator, \
            needs the feature `alloc` of `libregion`"
)]
pub unsafe trait Backing {
    /// Hands out a block that can hold `layout`, whose size may be 0: behind the padding that aligns its start to
    /// `layout.align()`, `layout.size()` bytes follow. `previous` is the length of the arena's newest
    /// block, 0 before the first: a hint for backings whose blocks grow geometrically.
    ///
    /// A block of no bytes (`len` 0) may never be released.
    ///
    /// # Errors
    /// When there is no such memory; nothing has changed then.
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError>;

    /// The block that [`acquire`](Self::acquire) would hand out to an arena or a typed buffer without blocks, if it is at
    /// hand; none where that takes more than a few instructions, which is the default. Inlined where they begin.
    #[inline(always)]
    fn acquire_at_once(&self, layout: Layout) -> Option<Block> {
        let _ = layout;
        None
    }

    /// Makes at least the first `need` bytes of the block usable, and may make more usable: `Ok` says that
    /// `need <= block.ready <= block.len`. Changes `ready` and `tag`, and no byte that was ready.
    ///
    /// # Errors
    /// When so many bytes cannot be made usable; the block is as it was, in every field.
    ///
    /// # Safety
    /// The block came from this backing and is on loan, as its methods left it but for `dirty`;
    /// `block.ready < need <= block.len`.
    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError>;

    /// Gives the RAM above the first `keep` bytes back as far as possible. `keep` may be more than the block's length.
    ///
    /// May lower `ready`, but not below the lesser of `keep` and itself; may lower `dirty`, where what is ready above
    /// it is zero then; may change `tag`. The first `keep` bytes stay as they are.
    ///
    /// # Safety
    /// The block came from this backing and is on loan, as its methods left it but for `dirty`, which covers every byte
    /// that was written; nothing uses the bytes above `keep`.
    unsafe fn decommit(&self, block: &mut Block, keep: usize);

    /// Gives the RAM of the `len` bytes from `from` on back, in the middle of the block, as far as possible. True says that
    /// all of them are zero now; they stay ready. False says that they may hold anything. Changes no other byte. Heaps use
    /// it. Does nothing by default.
    ///
    /// # Safety
    /// The block came from this backing and is on loan, as its methods left it but for `dirty`;
    /// `from + len <= block.ready`, and nothing uses these bytes.
    #[inline]
    unsafe fn discard(&self, block: &Block, from: usize, len: usize) -> bool {
        let _ = (block, from, len);
        false
    }

    /// Whether [`protect`](Self::protect) is to be called. Always the same for a backing; no, by default: then a rewind
    /// only moves the cursor.
    #[inline(always)]
    fn protects(&self) -> bool {
        false
    }

    /// Called when the arena was rewound to `keep` bytes from the block's start, if the backing
    /// [`protects`](Self::protects). A backing for debugging may take access away from the pages above, until `commit`
    /// makes them usable again. Does nothing by default.
    ///
    /// May lower `ready`, but not below the lesser of `keep` and itself; may change `tag`. The first `keep` bytes stay
    /// as they are, and so do the zeroes from `dirty` on. The bytes in between may change.
    ///
    /// # Safety
    /// As for [`decommit`](Self::decommit), with `keep` at most `block.len`.
    #[inline(always)]
    unsafe fn protect(&self, block: &mut Block, keep: usize) {
        let _ = (block, keep);
    }

    /// Takes the block back, once. Blocks are released in any order. By reference, so that it is not copied when an
    /// arena is dropped.
    ///
    /// # Safety
    /// The block came from this backing and is on loan, as its methods left it but for `dirty`, which covers every byte
    /// that was written, and may be more than is ready; nothing uses any of its bytes from here on.
    unsafe fn release(&self, block: &Block);

    /// Whether this backing takes a block of `other`'s over, which is on loan: from then on it keeps its promises for
    /// the block as if it had handed it out, and `release` takes it. `other` is never used again, and never dropped.
    /// Asked where an arena [adopts](crate::Arena::adopt) what another one holds; the block does not become longer or
    /// shorter by it. No, by default. A backing whose values are all alike says yes.
    #[inline]
    fn adopts(&self, other: &Self, block: &Block) -> bool {
        let _ = (other, block);
        false
    }

    /// Bytes of the block that are in RAM. For a block that is not on loan the result may be any number, and no byte of
    /// it is touched.
    fn resident(&self, block: &Block) -> usize {
        block.ready
    }
}

/// Bytes to ask for at first for a typed buffer whose user did not say how long it may become.
#[cfg(not(all(feature = "os", any(unix, windows))))]
pub(crate) fn usual_reservation() -> usize {
    crate::policy::reservation(usize::MAX / 2, 0)
}
