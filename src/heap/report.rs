//! Where the memory of a heap is: its size classes, large blocks and free pages, and what its blocks take in RAM.
//!
//! A walk of the pages, so that blocks are taken and freed without counting. The sums are what `stats` gives.

use super::classes::{self, CLASSES};
use super::pages::{HeapPageKind, HeapPages};
use super::{Heap, HeapStats};
use crate::arena::Backing;
use crate::bytes::Bytes;
use crate::table::{Bar, Table};
use core::fmt;

/// What a heap has of one size class. Made by [`HeapReport::classes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizeClass {
    /// Bytes of a block.
    pub size: usize,
    /// Pages.
    pub pages: usize,
    /// Bytes of the pages.
    pub taken: usize,
    /// Blocks in use.
    pub blocks: usize,
    /// Blocks that are free.
    pub free: usize,
}

/// Where a heap's memory is, at one moment. Made by [`Heap::report`] and [`SyncHeap::report`](super::SyncHeap::report).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapReport {
    /// The sums.
    pub stats: HeapStats,
    /// Large blocks in use.
    pub large: usize,
    /// Bytes of the large blocks in use.
    pub large_bytes: usize,
    /// Bytes that were in use and are in no page now, with RAM or without.
    pub free_bytes: usize,
    classes: [SizeClass; CLASSES],
}

impl Default for HeapReport {
    /// Of an empty heap.
    fn default() -> Self {
        // A class has its size when it has a page: until then nobody sees it, and zeroes are made faster.
        let classes = [SizeClass::default(); CLASSES];
        HeapReport { stats: HeapStats::default(), large: 0, large_bytes: 0, free_bytes: 0, classes }
    }
}

impl HeapReport {
    /// The size classes that have pages, from the smallest on.
    pub fn classes(&self) -> impl Iterator<Item = &SizeClass> {
        self.classes.iter().filter(|class| class.pages != 0)
    }

    /// How many hundredths of the pages' and large blocks' bytes are free blocks; 0 of an empty heap.
    pub fn free_percent(&self) -> usize {
        percent(self.stats.taken.saturating_sub(self.stats.used), self.stats.taken)
    }

    /// Bytes in RAM, in hundredths of the bytes in use: 120 for a heap that has a fifth more; 0 of an empty heap.
    pub fn resident_percent(&self) -> usize {
        percent(self.stats.resident, self.stats.used)
    }

    /// Adds the blocks of pages, and the free ones.
    #[inline(never)]
    pub(super) fn add(&mut self, pages: HeapPages<'_>) {
        for page in pages {
            match page.kind {
                HeapPageKind::Blocks { size, blocks, free } => {
                    let Some(class) = self.classes.get_mut(classes::of(size)) else { continue };
                    class.size = size;
                    class.pages += 1;
                    class.taken += page.len;
                    class.blocks += blocks - free;
                    class.free += free;
                }
                HeapPageKind::Large => {
                    self.large += 1;
                    self.large_bytes += page.len;
                }
                HeapPageKind::Free => self.free_bytes += page.len,
            }
        }
        (self.stats.blocks, self.stats.used) = (self.large, self.large_bytes);
        for class in &self.classes {
            self.stats.blocks += class.blocks;
            self.stats.used += class.blocks * class.size;
        }
    }
}

impl<B: Backing> Heap<B> {
    /// Where the heap's memory is: a table by size class, which prints in 80 columns.
    ///
    /// *Cost*: that of [`stats`](Self::stats), which are part of it.
    ///
    /// ```
    /// let heap = region::Heap::new();
    /// heap.alloc_layout(std::alloc::Layout::new::<[u8; 1000]>());
    /// let report = heap.report();
    /// let class = report.classes().next().unwrap();
    /// assert_eq!((class.size, class.pages, class.blocks), (1024, 1, 1));
    /// println!("{report}");
    /// ```
    #[inline(never)]
    pub fn report(&self) -> HeapReport {
        let mut report = HeapReport::default();
        report.stats.limit = Some(self.limit()).filter(|&limit| limit != usize::MAX);
        self.add_memory(&mut report.stats);
        report.add(self.pages());
        if let Some(state) = self.state() {
            report.stats.blocks -= state.quarantine.blocks().count();
            report.stats.used -= state.held_bytes();
        }
        report
    }
}

impl fmt::Display for HeapReport {
    /// A line for each size class with pages, for large blocks and for what is free, and then the stats.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HeapReport { stats, large, large_bytes, free_bytes, .. } = self;
        let mut table = Table::new(f, format_args!("{stats}"))?;
        if stats.taken != 0 {
            let (free, percent) = (Bytes(stats.taken.saturating_sub(stats.used)), self.free_percent());
            table.line("free blocks", format_args!("{free}, {percent} % of what is taken"))?;
        }
        if stats.used != 0 {
            table.line("RAM", format_args!("{} % of the bytes in use", self.resident_percent()))?;
        }
        if stats.taken == 0 && *free_bytes == 0 {
            return Ok(());
        }
        table.row([&"block size", &"pages", &"in use", &"free", &"taken"], "bytes in use")?;
        for class in self.classes() {
            let SizeClass { size, pages, taken, blocks, free } = *class;
            table.row([&size, &pages, &blocks, &free, &Bytes(taken)], Bar(blocks * size, taken))?;
        }
        if *large != 0 {
            table.row([&"large", &"", large, &"", &Bytes(*large_bytes)], Bar(*large_bytes, *large_bytes))?;
        }
        if *free_bytes != 0 {
            table.row([&"no block", &"", &"", &"", &Bytes(*free_bytes)], Bar(0, *free_bytes))?;
        }
        Ok(())
    }
}

/// How many hundredths of `whole` a part is; 0 if there is no whole.
#[inline(never)]
fn percent(part: usize, whole: usize) -> usize {
    // Where the product would wrap, whole hundredths are exact enough.
    let (part, whole) = match part.checked_mul(100) {
        Some(hundredfold) => (hundredfold, whole),
        None => (part, whole / 100),
    };
    part.checked_div(whole).unwrap_or(0)
}
