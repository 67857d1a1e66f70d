//! The handle that owns what was taken from a pool.

use super::error::PoolError;
use super::page_pool::PagePool;
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
/// last owner left, and that may have been the padding of some type, which nobody may read. After
/// [`PagePool::take_zeroed`] they are `u8`.
///
/// *Threads*: `Send` and `Sync`, as a `Box<[u8]>` is; it may be dropped on another thread than it was taken
/// on. *Cost* of the drop: one store, or one locked instruction or two; no system call. A page that is
/// forgotten keeps its block out for as long as the pool lives.
///
/// # Invariants
/// `base` is the first byte of `blocks` blocks of `pool` that are out and this page's alone; `slot` is the
/// slot that the block stays in, if it is a single one and has one.
pub struct Page<'p, B: PageByte = MaybeUninit<u8>> {
    pool: &'p PagePool,
    base: NonNull<B>,
    blocks: u8,
    slot: Option<u8>,
}

const _: () = assert!(super::page_pool::LONGEST_RUN <= u8::MAX as usize);
const _: () = assert!(super::slots::MOST_SLOTS <= u8::MAX as usize);

// SAFETY: a page owns its bytes as a `Box<[u8]>` does, and the pool that it refers to is `Sync`.
unsafe impl<B: PageByte> Send for Page<'_, B> {}
// SAFETY: through a shared page its bytes can only be read.
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
        Page { pool, base, blocks: blocks as u8, slot: slot.map(|slot| slot as u8) }
    }

    /// Owns again what [`into_raw`](Page::into_raw) gave up: `bytes` is its pointer and length.
    ///
    /// # Safety
    /// The blocks are the caller's: no other page owns them, and no reference into them is live.
    ///
    /// # Errors
    /// What can be told to be wrong is refused: `Foreign`, `Misaligned`, `NotOut`, and `Count` for a length
    /// that is not 1 to 64 whole blocks, or blocks that were not taken in one piece.
    pub unsafe fn from_raw(pool: &'p PagePool, bytes: NonNull<[u8]>) -> Result<Self, PoolError> {
        let (address, size) = (bytes.cast::<u8>().addr().get(), pool.block_size());
        let blocks = if bytes.len() % size == 0 { bytes.len() / size } else { 0 };
        let slot = pool.slot_of_run(address, blocks)?;
        // SAFETY: the pool has found the blocks inside it, out, and in that slot if in any; that they are
        // nobody else's is the caller's promise.
        Ok(unsafe { Page::new(pool, bytes.cast(), blocks, slot) })
    }

    /// Fills the page with zeroes.
    pub fn zeroed(self) -> Page<'p, u8> {
        // SAFETY: the bytes are this page's, writable.
        unsafe { self.base.write_bytes(0, self.len()) };
        // SAFETY: all of them were written just now.
        unsafe { self.assume_init() }
    }

    /// Takes the bytes as they are for initialized.
    ///
    /// # Safety
    /// They are: written by the caller since the page was taken, all of them.
    #[inline]
    pub unsafe fn assume_init(self) -> Page<'p, u8> {
        let page = ManuallyDrop::new(self);
        Page { pool: page.pool, base: page.base.cast(), blocks: page.blocks, slot: page.slot }
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
        // SAFETY: as in `deref`, writable, and `&mut self` makes this the only way to the bytes.
        unsafe { core::slice::from_raw_parts_mut(self.base.as_ptr(), self.len()) }
    }
}

impl<B: PageByte> Drop for Page<'_, B> {
    #[inline]
    fn drop(&mut self) {
        self.pool.give_page(self.base.cast(), self.blocks as usize, self.slot.map(usize::from));
    }
}

impl<B: PageByte> fmt::Debug for Page<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("base", &self.base).field("blocks", &self.blocks).finish()
    }
}
