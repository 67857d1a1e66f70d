//! The handle that owns what was taken from a pool.

use super::error::PoolError;
use super::page_pool::PagePool;
use super::process::Process;
use core::fmt;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for core::mem::MaybeUninit<u8> {}
}

/// What is known of a page's bytes: `u8` when they are initialized, `MaybeUninit<u8>` when they are
/// whatever the last owner left.
pub trait PageByte: sealed::Sealed {}

impl PageByte for u8 {}
impl PageByte for MaybeUninit<u8> {}

/// A block of a [`PagePool`], or a run of them, owned: goes back to the pool when it is dropped.
///
/// Derefs to its bytes. After [`PagePool::take`] they are `MaybeUninit<u8>`: a recycled block holds what its
/// last owner left, and that may have been the padding of some type, which must not be read. After
/// [`PagePool::take_zeroed`] they are `u8`.
///
/// *Threads*: `Send` and `Sync`, as a `Box<[u8]>` is; it may be dropped on another thread than it was taken
/// on. *Cost* of the drop: one store, or one locked instruction or two; no system call. A page that is
/// forgotten keeps its block out for as long as the pool lives.
///
/// *Processes*: a page that is out at `fork` still belongs to its taker. The child has a copy of the handle. In a pool
/// that both share, dropping the copy does nothing, and only the taker may write the bytes. To hand a block over to
/// another process, give it up by [`into_raw`](Page::into_raw) on one side and own it by [`from_raw`](Page::from_raw)
/// on the other.
pub struct Page<'p, B: PageByte = MaybeUninit<u8>> {
    // Invariants: `base` is the first byte of `blocks` blocks of `pool` that are out and belong to this page alone.
    // `slot` is the slot that the block stays in, if it is a single block and has one. `owner` is the process for which
    // all that holds.
    pool: &'p PagePool,
    base: NonNull<B>,
    blocks: u8,
    slot: Option<u8>,
    owner: Process,
}

const _: () = assert!(size_of::<Page<'_>>() == 2 * size_of::<usize>() + 8, "what a page remembers fills its last word");
const _: () = assert!(super::page_pool::LONGEST_RUN <= u8::MAX as usize);
const _: () = assert!(super::slots::MOST_SLOTS <= u8::MAX as usize);

// SAFETY: the ledger gave the blocks to this page alone, and no other handle reaches them. So the thread that has the
// page may use them, as with a `Box<[u8]>`. Giving back is the same on every thread, and the pool that the page refers
// to is `Sync`.
unsafe impl<B: PageByte> Send for Page<'_, B> {}
// SAFETY: every method of `&Page` only reads: the bytes, which are not written while the page is borrowed, or the
// page's own fields.
unsafe impl<B: PageByte> Sync for Page<'_, B> {}

impl<'p> Page<'p> {
    /// Owns what the ledger has just given out.
    ///
    /// # Safety
    /// The type's invariants hold for these parts.
    #[inline]
    pub(super) unsafe fn new(
        pool: &'p PagePool,
        base: NonNull<MaybeUninit<u8>>,
        blocks: usize,
        slot: Option<usize>,
    ) -> Self {
        Page { pool, base, blocks: blocks as u8, slot: slot.map(|slot| slot as u8), owner: pool.process() }
    }

    /// Owns again what [`into_raw`](Page::into_raw) gave up: `bytes` is its pointer and length.
    ///
    /// # Safety
    /// The blocks are the caller's: no other page owns them, and no reference into them is live.
    ///
    /// # Errors
    /// Mistakes that can be seen are refused: `Foreign`, `Misaligned`, `NotOut`, and `Count` for a length
    /// that is not 1 to 64 whole blocks, or blocks that were not taken in one piece.
    pub unsafe fn from_raw(pool: &'p PagePool, bytes: NonNull<[u8]>) -> Result<Self, PoolError> {
        let (address, size) = (bytes.cast::<u8>().addr().get(), pool.block_size());
        let blocks = if bytes.len() % size == 0 { bytes.len() / size } else { 0 };
        let slot = pool.slot_of_run(address, blocks)?;
        // SAFETY: the pool has checked that the blocks are inside it, out, and in that slot if in any. The caller
        // promises that no other page owns them.
        Ok(unsafe { Page::new(pool, bytes.cast(), blocks, slot) })
    }

    /// Fills the page with zeroes.
    pub fn zeroed(self) -> Page<'p, u8> {
        // SAFETY: the `len` bytes from `base` on are blocks that this page owns, mapped writable as those of every pool
        // are.
        unsafe { self.base.write_bytes(0, self.len()) };
        // SAFETY: the line above wrote all `len` of them.
        unsafe { self.assume_init() }
    }

    /// Changes the type to initialized bytes. Writes nothing.
    ///
    /// # Safety
    /// The caller has written all of the bytes since the page was taken.
    #[inline]
    pub unsafe fn assume_init(self) -> Page<'p, u8> {
        let page = ManuallyDrop::new(self);
        Page { pool: page.pool, base: page.base.cast(), blocks: page.blocks, slot: page.slot, owner: page.owner }
    }
}

impl<'p, B: PageByte> Page<'p, B> {
    /// Bytes of the page: its blocks' size times their number.
    #[inline]
    pub const fn len(&self) -> usize {
        self.pool.block_size() * self.blocks as usize
    }

    /// Always false: a page holds at least one block. Here because `len` is.
    pub const fn is_empty(&self) -> bool {
        self.blocks == 0
    }

    /// Number of blocks: 1, or what [`PagePool::take_many`] was asked for.
    pub const fn blocks(&self) -> usize {
        self.blocks as usize
    }

    /// The pool that it goes back to.
    pub const fn pool(&self) -> &'p PagePool {
        self.pool
    }

    /// The first byte. Valid for `len()` bytes until the page is dropped.
    #[inline]
    pub const fn as_ptr(&self) -> *const u8 {
        self.base.as_ptr().cast()
    }

    /// The first byte, for writing.
    #[inline]
    pub const fn as_mut_ptr(&mut self) -> *mut u8 {
        self.base.as_ptr().cast()
    }

    /// Gives the blocks up to the caller, who must give them back by [`from_raw`](Page::from_raw),
    /// [`PagePool::give_back_raw`] or [`PagePool::give_back_many_raw`], while the pool lives.
    #[must_use = "the blocks stay out until they are given back by their address"]
    pub fn into_raw(self) -> NonNull<[u8]> {
        let page = ManuallyDrop::new(self);
        NonNull::slice_from_raw_parts(page.base.cast(), page.len())
    }
}

impl<B: PageByte> Deref for Page<'_, B> {
    type Target = [B];

    #[inline]
    fn deref(&self) -> &[B] {
        // SAFETY: `base` has `len` bytes that are this page's alone, mapped readable; initialized if `B` says
        // so (`assume_init`); written only through `&mut self`.
        unsafe { core::slice::from_raw_parts(self.base.as_ptr(), self.len()) }
    }
}

impl<B: PageByte> DerefMut for Page<'_, B> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [B] {
        // SAFETY: `base` has `len` bytes that are this page's alone, mapped readable and writable; initialized if `B`
        // says so (`assume_init`); and `&mut self` makes this slice the only access to them while it lives.
        unsafe { core::slice::from_raw_parts_mut(self.base.as_ptr(), self.len()) }
    }
}

impl<B: PageByte> Drop for Page<'_, B> {
    #[inline]
    fn drop(&mut self) {
        if self.pool.process() == self.owner {
            self.pool.give_page(self.base.cast(), self.blocks as usize, self.slot.map(usize::from));
        }
    }
}

impl<B: PageByte> fmt::Debug for Page<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("base", &self.base).field("blocks", &self.blocks).finish()
    }
}
