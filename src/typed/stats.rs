//! What a buffer holds and what it costs.

use crate::bytes::Bytes;
use crate::table::Table;
use core::fmt;

/// The numbers of a [`RegionVec`](super::RegionVec), an [`AppendVec`](super::AppendVec) or a
/// [`TypedArena`](super::TypedArena) at one moment. Made by `stats` of each.
// A copy: the formatter that they are written to may be using the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BufferStats {
    /// Number of values.
    pub len: usize,
    /// Bytes of one value.
    pub value_size: usize,
    /// Bytes of the values.
    pub used: usize,
    /// Bytes in RAM, as the system says.
    pub resident: usize,
    /// Bytes that are usable without asking the system again, used or not.
    pub committed: usize,
    /// Bytes of addresses.
    pub reserved: usize,
    /// What the heading calls the buffer.
    pub(super) title: &'static str,
}

impl fmt::Display for BufferStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BufferStats { title, len, value_size, .. } = *self;
        let plural = if len == 1 { "" } else { "s" };
        let mut table = Table::new(f, format_args!("{title} of {len} value{plural}, {} each", Bytes(value_size)))?;
        table.part("used", self.used, self.committed)?;
        table.part("resident", self.resident, self.committed)?;
        table.part("committed", self.committed, self.committed)?;
        table.bytes("reserved", self.reserved)
    }
}
