//! What a heap is made of, page by page, for reports and pictures.
//!
//! By the marks alone, and from an address each time, so that a heap may change between two steps: no record is read that
//! no mark leads to.

use super::chunk::Chunk;
use super::state::State;
use super::{Heap, classes};
use crate::arena::Backing;
use core::fmt;
use core::iter::FusedIterator;

/// A run of a heap's memory: a page, a large block, or free. Made by [`Heap::pages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapPage {
    /// The address of its first byte.
    pub address: usize,
    /// Bytes.
    pub len: usize,
    /// What it is.
    pub kind: HeapPageKind,
}

/// What a run of a heap's memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeapPageKind {
    /// A page of blocks of one size class.
    Blocks {
        /// Bytes of a block.
        size: usize,
        /// Blocks of the page, free or in use.
        blocks: usize,
        /// Blocks that are free.
        free: usize,
    },
    /// A block of its own, in use.
    Large,
    /// In no page, and used before.
    Free,
}

/// A heap's memory, run by run, in the order of addresses. Made by [`Heap::pages`].
pub struct HeapPages<'h> {
    /// What a heap without memory has not.
    state: Option<&'h State>,
    /// What begins before this address has been given.
    from: usize,
}

impl Iterator for HeapPages<'_> {
    type Item = HeapPage;

    fn next(&mut self) -> Option<HeapPage> {
        let page = self.state?.page_from(self.from)?;
        self.from = page.address + page.len;
        Some(page)
    }
}

impl FusedIterator for HeapPages<'_> {}

impl fmt::Debug for HeapPages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeapPages").field("from", &self.from).finish_non_exhaustive()
    }
}

impl<B: Backing> Heap<B> {
    /// The heap's pages, large blocks, and what is free between them, in the order of addresses. Not the heap's own
    /// records, and not what was never in use.
    ///
    /// The heap may be used meanwhile. What changes behind the last item that was given is seen as it is then.
    ///
    /// *Cost*: a step for each unit of free memory, and for each block of the backing with each item.
    ///
    /// ```
    /// use region::heap::HeapPageKind;
    ///
    /// let heap = region::Heap::new();
    /// heap.alloc_layout(std::alloc::Layout::new::<[u8; 24]>());
    /// let page = heap.pages().next().unwrap();
    /// let HeapPageKind::Blocks { size: 24, blocks, free } = page.kind else { panic!("{page:?}") };
    /// assert_eq!(blocks, free + 1);
    /// ```
    pub fn pages(&self) -> HeapPages<'_> {
        HeapPages { state: self.state(), from: 0 }
    }
}

impl State {
    /// The first run at this address or behind it.
    #[inline(never)]
    fn page_from(&self, from: usize) -> Option<HeapPage> {
        let mut first: Option<(usize, &Chunk)> = None;
        for chunk in self.chunks() {
            // SAFETY: the chunks of the list exist, and none is removed as long as this function runs.
            let chunk = unsafe { chunk.as_ref() };
            let at = chunk.address(chunk.first).addr().max(from);
            let is_here = at < chunk.address(chunk.fresh.get()).addr();
            if is_here && first.is_none_or(|(least, _)| at < least) {
                first = Some((at, chunk));
            }
        }
        let (at, chunk) = first?;
        let unit = chunk.unit_at(at);
        let (units, kind) = match chunk.used_at(unit) {
            Some(record) => {
                // SAFETY: a mark leads to the record of a page or a large block in use.
                let run = unsafe { record.as_ref() };
                let size = classes::get(usize::from(run.class.get())).size as usize;
                let blocks = HeapPageKind::Blocks { size, blocks: run.blocks(), free: run.free_blocks() };
                (run.units.get(), if run.is_large() { HeapPageKind::Large } else { blocks })
            }
            None => {
                let next = (unit + 1..chunk.fresh.get()).find(|&next| chunk.used_at(next).is_some());
                (next.unwrap_or(chunk.fresh.get()) - unit, HeapPageKind::Free)
            }
        };
        Some(HeapPage { address: chunk.address(unit).addr(), len: (units as usize) << chunk.shift, kind })
    }
}
