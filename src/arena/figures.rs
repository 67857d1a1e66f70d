//! What an arena holds and what it costs, in bytes: single figures, and all of them as a report.

use super::{Arena, Backing};
use crate::bytes::Bytes;
use crate::report::Report;
use core::fmt;

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Bytes handed out since the last reset, with what rounds them up to their alignment.
    #[inline]
    pub fn used(&self) -> usize {
        self.below.get() + (self.cur.get().addr() - self.base.get().addr())
    }

    /// The most that [`used`](Self::used) has been, resets and rewinds included.
    ///
    /// ```
    /// let mut arena = region::Arena::new();
    /// arena.alloc([0u8; 1000]);
    /// arena.reset();
    /// assert_eq!((arena.used(), arena.high_water()), (0, 1000));
    /// ```
    #[inline]
    pub fn high_water(&self) -> usize {
        self.peak.get().max(self.used())
    }

    /// Notes what is in use, before it becomes less. Nobody asks the C archive for it.
    #[inline(always)]
    pub(super) fn note_peak(&self) {
        if cfg!(not(region_staticlib)) {
            self.peak.set(self.high_water());
        }
    }

    /// Bytes of [`used`](Self::used) that align values and hold none. Counted in builds with debug assertions
    /// only, as counting is work for each value; none in others.
    pub fn wasted(&self) -> Option<usize> {
        #[cfg(debug_assertions)]
        return Some(self.wasted.get());
        #[cfg(not(debug_assertions))]
        None
    }

    /// Bytes that are usable without asking the system again, used or not. RAM is at most this, as pages
    /// that were never touched take none.
    pub fn committed(&self) -> usize {
        self.totals().0
    }

    /// Bytes of address space that belong to the arena.
    pub fn reserved(&self) -> usize {
        self.totals().1
    }

    /// Bytes that are usable now, and bytes that are reserved, of all blocks and the spare.
    #[inline(never)]
    fn totals(&self) -> (usize, usize) {
        let blocks = self.blocks().map(|(block, ..)| block).chain(self.spare_block());
        blocks.fold((0, 0), |(ready, len), block| (ready + block.ready, len + block.len))
    }

    /// Bytes that are in RAM now, as the system says (`mincore(2)`, one call per 4 MiB).
    pub fn resident(&self) -> usize {
        let blocks = self.blocks().map(|(block, ..)| block).chain(self.spare_block());
        blocks.map(|block| self.backing.resident(&block)).sum()
    }
}

/// All figures, a line each.
///
/// ```
/// let arena = region::Arena::new();
/// arena.alloc_slice_fill_copy(40_000, 0u8);
/// println!("{arena}");
/// // arena in 1 block
/// //   used        ███████████████░░░░░░░░░ 39 KiB
/// //   committed   ████████████████████████ 64 KiB
/// //   ...
/// # assert!(arena.to_string().starts_with("arena in 1 block\n"));
/// ```
impl<const MIN_ALIGN: usize, B: Backing> fmt::Display for Arena<MIN_ALIGN, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocks = self.blocks().count() + usize::from(self.spare_block().is_some());
        let plural = if blocks == 1 { "" } else { "s" };
        let mut report = Report::new(f, format_args!("arena in {blocks} block{plural}"))?;
        // The bars are of what is committed: next to the reserved addresses everything is nothing.
        let whole = self.committed().max(self.high_water());
        report.part("used", self.used(), whole)?;
        report.part("high water", self.high_water(), whole)?;
        report.part("resident", self.resident(), whole)?;
        report.part("committed", self.committed(), whole)?;
        report.bytes("reserved", self.reserved())?;
        match self.allocation_limit() {
            Some(limit) => report.bytes("limit", limit)?,
            None => report.line("limit", format_args!("none"))?,
        }
        match self.wasted() {
            Some(wasted) => report.line("wasted", format_args!("{} by alignment", Bytes(wasted))),
            None => report.line("wasted", format_args!("counted in debug builds")),
        }
    }
}

impl<const MIN_ALIGN: usize, B: Backing> fmt::Debug for Arena<MIN_ALIGN, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("used", &format_args!("{}", Bytes(self.used())))
            .field("committed", &format_args!("{}", Bytes(self.committed())))
            .field("reserved", &format_args!("{}", Bytes(self.reserved())))
            .finish()
    }
}
