//! What a heap has and how full it is. What its memory is, is here, and what its blocks are, in `report`.

use super::Heap;
use crate::arena::Backing;
use crate::table::Table;
use core::fmt;

/// A heap's numbers at one moment. Made by [`Heap::stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapStats {
    /// Blocks in use.
    pub blocks: usize,
    /// Bytes of the blocks in use, as many as each may use.
    pub used: usize,
    /// Bytes of the pages and large blocks in use: `used`, and what is free in the pages.
    pub taken: usize,
    /// The most that `taken` has been.
    pub high_water: usize,
    /// Bytes of free pages whose RAM has not been given back.
    pub idle: usize,
    /// Bytes in RAM of all that the backing supplied, the records of pages among them.
    pub resident: usize,
    /// Bytes that the backing supplied, most of them addresses without RAM.
    pub reserved: usize,
    /// As [`Heap::limit`]; `None` if there is none.
    pub limit: Option<usize>,
}

impl<B: Backing> Heap<B> {
    /// All numbers of the heap, as they are now. They print a line each.
    ///
    /// *Cost*: as [`pages`](Self::pages), and what the system takes to say what is in RAM; 3 KiB of the stack.
    ///
    /// ```
    /// let heap = region::Heap::new();
    /// heap.alloc_layout(std::alloc::Layout::new::<[u8; 1000]>());
    /// let stats = heap.stats();
    /// assert_eq!((stats.blocks, stats.used, stats.limit), (1, 1024, None));
    /// println!("{stats}");
    /// ```
    pub fn stats(&self) -> HeapStats {
        self.report().stats
    }

    /// Adds the numbers of the heap's memory, and none of its blocks.
    #[inline(never)]
    pub(super) fn add_memory(&self, stats: &mut HeapStats) {
        let Some(state) = self.state() else { return };
        stats.taken += state.taken.get();
        stats.high_water += state.peak.get();
        stats.idle += state.idle.get();
        for chunk in state.chunks() {
            // SAFETY: the chunks of the list exist.
            let facts = unsafe { chunk.as_ref() };
            if facts.is_owner() {
                let block = facts.block.get();
                stats.reserved += block.len;
                stats.resident += self.backing().resident(&block);
            }
        }
    }
}

impl fmt::Display for HeapStats {
    /// A line for each number, with a bar for its share of the largest that has RAM.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HeapStats { blocks, used, taken, high_water, idle, resident, reserved, limit } = *self;
        let plural = if blocks == 1 { "" } else { "s" };
        let mut table = Table::new(f, format_args!("heap with {blocks} block{plural} in use"))?;
        let whole = taken.max(idle).max(resident).max(high_water);
        table.part("used", used, whole)?;
        table.part("taken", taken, whole)?;
        table.part("high water", high_water, whole)?;
        table.part("idle", idle, whole)?;
        table.part("resident", resident, whole)?;
        table.bytes("reserved", reserved)?;
        match limit {
            Some(limit) => table.bytes("limit", limit),
            None => table.line("limit", format_args!("none")),
        }
    }
}
