//! What a region is and what lies in RAM of it, as one value that prints.
//!
//! The pages are asked for in `pages`.

use super::{PageStats, Region};
use crate::bytes::Bytes;
use crate::error::Error;
use crate::table::Table;
use core::fmt;

/// A region's numbers at one moment, in bytes. Made by [`Region::stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegionStats {
    /// The address of its first byte.
    pub address: usize,
    /// As [`Region::len`].
    pub len: usize,
    /// Bytes from the start that may be read.
    pub readable: usize,
    /// Bytes from the start that may be written.
    pub writable: usize,
    /// As [`Region::page_stats`] of all of it.
    pub pages: Result<PageStats, Error>,
}

impl Region {
    /// All numbers of the region, as they are now. They print a line each.
    ///
    /// ```
    /// let region = region::Region::new(1 << 20)?;
    /// let stats = region.stats();
    /// assert_eq!((stats.len, stats.writable), (1 << 20, 1 << 20));
    /// println!("{stats}");
    /// # Ok::<(), region::Error>(())
    /// ```
    pub fn stats(&self) -> RegionStats {
        RegionStats {
            address: self.base.addr().get(),
            len: self.len,
            readable: self.readable,
            writable: self.writable,
            pages: self.page_stats(..),
        }
    }
}

impl fmt::Display for RegionStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(f, format_args!("region of {} at {:#x}", Bytes(self.len), self.address))?;
        table.part("readable", self.readable, self.len)?;
        table.part("writable", self.writable, self.len)?;
        match self.pages {
            Ok(pages) => {
                table.part("resident", pages.resident(), self.len)?;
                table.part("huge", pages.huge, self.len)
            }
            Err(error) => table.line("resident", format_args!("unknown: {error}")),
        }
    }
}

/// The [stats](Region::stats), a line each.
impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.stats(), f)
    }
}
