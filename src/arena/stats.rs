//! What an arena holds and what it costs, in bytes: one method for each number, and all of them at one moment.

use super::{Arena, Backing};
use crate::bytes::Bytes;
use crate::table::Table;
use core::fmt;

/// An arena's numbers at one moment, in bytes. Made by [`Arena::stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArenaStats {
    /// How many blocks the arena has.
    pub blocks: usize,
    /// As [`Arena::used`].
    pub used: usize,
    /// As [`Arena::high_water`].
    pub high_water: usize,
    /// As [`Arena::resident`].
    pub resident: usize,
    /// As [`Arena::committed`].
    pub committed: usize,
    /// As [`Arena::reserved`].
    pub reserved: usize,
    /// As [`Arena::allocation_limit`].
    pub limit: Option<usize>,
    /// As [`Arena::wasted`].
    pub wasted: Option<usize>,
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// All numbers of the arena, as they are now. They print a line each.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// arena.alloc([0u8; 1000]);
    /// let stats = arena.stats();
    /// assert_eq!((stats.blocks, stats.used, stats.limit), (1, 1000, None));
    /// println!("{stats}");
    /// ```
    pub fn stats(&self) -> ArenaStats {
        ArenaStats {
            blocks: self.blocks().count() + usize::from(self.spare_block().is_some()),
            used: self.used(),
            high_water: self.high_water(),
            resident: self.resident(),
            committed: self.committed(),
            reserved: self.reserved(),
            limit: self.allocation_limit(),
            wasted: self.wasted(),
        }
    }

    /// Bytes handed out since the last reset, with what rounds them up to their alignment.
    #[inline]
    pub fn used(&self) -> usize {
        self.used_before() + (self.cur.get().addr() - self.base.get().addr())
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

    /// Notes what is in use, before it becomes less. The C ABI has no call for it, so the archive does without.
    #[inline(always)]
    pub(super) fn note_peak(&self) {
        // Stored only when it changes: the next rewind would wait for the store.
        let used = self.used();
        if cfg!(not(region_staticlib)) && self.peak.get() < used {
            self.peak.set(used);
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
        // Mostly there is one block, whose word is enough.
        if self.link.get().is_none() && self.spare.get().is_none() {
            // SAFETY: the cell is this arena's, and nothing changes it here. Only a word of it is loaded.
            return unsafe { (*self.block.as_ptr()).as_ref().map_or(0, |block| block.ready) };
        }
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
        blocks.map(|block| self.backing().resident(&block)).sum()
    }
}

impl fmt::Display for ArenaStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.blocks == 1 { "" } else { "s" };
        let mut table = Table::new(f, format_args!("arena in {} block{plural}", self.blocks))?;
        // The bars are parts of what is committed: as parts of the reserved addresses all would be empty.
        let whole = self.committed.max(self.high_water);
        table.part("used", self.used, whole)?;
        table.part("high water", self.high_water, whole)?;
        table.part("resident", self.resident, whole)?;
        table.part("committed", self.committed, whole)?;
        table.bytes("reserved", self.reserved)?;
        match self.limit {
            Some(limit) => table.bytes("limit", limit)?,
            None => table.line("limit", format_args!("none"))?,
        }
        match self.wasted {
            Some(wasted) => table.line("wasted", format_args!("{} by alignment", Bytes(wasted))),
            None => table.line("wasted", format_args!("counted in debug builds")),
        }
    }
}

/// The [stats](Arena::stats), a line each.
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
        fmt::Display::fmt(&self.stats(), f)
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
