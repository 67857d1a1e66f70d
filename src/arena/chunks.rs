//! An arena's blocks as chunks of values, and bumpalo's names for methods of this arena.
//!
//! A program moves here by a change of import, `use region::Arena as Bump`. docs/bumpalo.md lists what is
//! the same, what differs, and what is missing; tests/moving_from_bumpalo.rs runs programs with both.

use super::blocks::Blocks;
use super::{Arena, Backing};
use core::fmt;
use core::iter::FusedIterator;
use core::mem::MaybeUninit;

#[cfg(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc"))]
impl Arena {
    /// As [`new`](Self::new).
    ///
    /// # Errors
    /// Never: an arena takes no memory before its first value.
    #[inline]
    pub const fn try_new() -> Result<Self, crate::error::AllocError> {
        Ok(Self::new())
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// The alignment that every value gets at least.
    #[inline]
    pub const fn min_align(&self) -> usize {
        MIN_ALIGN
    }

    /// [`limit`](Self::limit) as an option: none where no limit was set.
    pub fn allocation_limit(&self) -> Option<usize> {
        Some(self.limit()).filter(|&limit| limit != usize::MAX)
    }

    /// As [`set_limit`](Self::set_limit); none takes the limit away.
    ///
    /// Unlike bumpalo's, the limit counts the bytes that values use, not the blocks that hold them, and it is exact:
    /// the next byte is refused.
    pub fn set_allocation_limit(&self, limit: Option<usize>) {
        self.set_limit(limit.unwrap_or(usize::MAX));
    }

    /// Bytes that can still be handed out without another block, up to the limit. Addresses: their RAM comes
    /// at first touch.
    ///
    /// ```
    /// let arena = region::Arena::with_capacity(100);
    /// assert!(arena.chunk_capacity() >= 100);
    /// ```
    pub fn chunk_capacity(&self) -> usize {
        self.block.get().map_or(0, |block| self.hard_end(&block, block.len).saturating_sub(self.cur.get().addr()))
    }

    /// Bytes of memory that belong to the arena, used or not: [`committed`](Self::committed).
    ///
    /// It grows as the arena's blocks are brought into use, not only with their number.
    pub fn allocated_bytes(&self) -> usize {
        self.committed()
    }

    /// As [`allocated_bytes`](Self::allocated_bytes), which counts the links between blocks already.
    pub fn allocated_bytes_including_metadata(&self) -> usize {
        self.committed()
    }

    /// The used bytes of each block, newest block first; in a block the oldest value comes first.
    ///
    /// Padding between values is uninitialized, so bytes may be read as values only where there is no padding: if all
    /// values have one type whose size is a multiple of `MIN_ALIGN`. Chunks then begin with a value, for alignments
    /// up to a page. In an external buffer they do only if that is aligned for the type. An arena that
    /// [adopted](Self::adopt) others has links and owners' words between its values, which are none of them.
    ///
    /// ```
    /// let mut arena = region::Arena::<1>::with_min_align();
    /// arena.alloc_slice_copy(b"ab");
    /// arena.alloc(b'c');
    /// let chunk: Vec<u8> = arena.iter_allocated_chunks().next().unwrap().iter().map(|byte| {
    ///     // SAFETY: only bytes were allocated, unpadded, so each is initialized.
    ///     unsafe { byte.assume_init() }
    /// }).collect();
    /// assert_eq!(chunk, b"abc");
    /// ```
    pub fn iter_allocated_chunks(&mut self) -> ChunkIter<'_, MIN_ALIGN> {
        ChunkIter(ChunkRawIter(self.blocks()))
    }

    /// As [`iter_allocated_chunks`](Self::iter_allocated_chunks): the address and length of each block's used
    /// bytes.
    ///
    /// # Safety
    /// The arena is not used while the iterator is; and while the bytes are read, no value in them is.
    pub unsafe fn iter_allocated_chunks_raw(&self) -> ChunkRawIter<'_, MIN_ALIGN> {
        ChunkRawIter(self.blocks())
    }
}

/// The used bytes of an arena's blocks, newest block first. Made by
/// [`Arena::iter_allocated_chunks`].
#[derive(Debug)]
pub struct ChunkIter<'a, const MIN_ALIGN: usize = 8>(ChunkRawIter<'a, MIN_ALIGN>);

impl<'a, const MIN_ALIGN: usize> Iterator for ChunkIter<'a, MIN_ALIGN> {
    type Item = &'a [MaybeUninit<u8>];

    fn next(&mut self) -> Option<Self::Item> {
        let (start, len) = self.0.next()?;
        // SAFETY: `start..start + len` is handed out, so it is readable memory of a block, which may be partly
        // uninitialized. For `'a` the arena is borrowed mutably: there are no references into it, and it does not
        // change.
        Some(unsafe { core::slice::from_raw_parts(start.cast(), len) })
    }
}

impl<const MIN_ALIGN: usize> FusedIterator for ChunkIter<'_, MIN_ALIGN> {}

/// Addresses and lengths of an arena's blocks' used bytes, newest block first. Made by
/// [`Arena::iter_allocated_chunks_raw`].
#[derive(Clone)]
pub struct ChunkRawIter<'a, const MIN_ALIGN: usize = 8>(Blocks<'a>);

impl<const MIN_ALIGN: usize> Iterator for ChunkRawIter<'_, MIN_ALIGN> {
    type Item = (*mut u8, usize);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(_, base, cur)| (base, cur.addr() - base.addr()))
    }
}

impl<const MIN_ALIGN: usize> FusedIterator for ChunkRawIter<'_, MIN_ALIGN> {}

impl<const MIN_ALIGN: usize> fmt::Debug for ChunkRawIter<'_, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
