//! What a cage holds, at one moment.

use super::space::Space;
use crate::bytes::Bytes;
use crate::policy::CAGE_UNIT;
use core::fmt;

/// Numbers about a cage, in bytes of addresses but for `kept`. While other threads take and give back they are of slightly
/// different moments. What prints it prints a line.
///
/// ```
/// use region::cage::Cage;
/// region::cage! { struct Ast; }
/// assert_eq!(Ast::stats().reserved, 0);                // no system call yet
/// let arena = Ast::arena();
/// arena.alloc(1);
/// let stats = Ast::stats();
/// assert!(stats.live == 64 << 10 && stats.reserved >= 4 << 20);
/// println!("{stats}");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CageStats {
    /// The cage's length.
    pub reserved: usize,
    /// In blocks that arenas and opened trees hold.
    pub live: usize,
    /// Most that was in use at once: blocks that arenas and opened trees held, and those of 64 KiB that waited for a thread's
    /// next small arena, one for a thread.
    pub peak: usize,
    /// From the cage's beginning to the end of the highest block that an arena had, or a tree that could not lie where its
    /// file says: with no gaps that is `peak`, and a few units at the beginning, which the cage needs itself.
    pub high_water: usize,
    /// RAM of free units that is kept for the next arenas, at most.
    pub kept: usize,
}

impl CageStats {
    pub(super) fn of(space: &'static Space) -> Self {
        let Some(mounted) = space.mounted() else { return CageStats::default() };
        let counts = mounted.counts();
        let bytes = |units: usize| units * CAGE_UNIT;
        CageStats {
            reserved: mounted.len(),
            live: bytes(counts.live),
            peak: bytes(counts.peak),
            high_water: bytes(counts.high),
            kept: bytes(counts.kept),
        }
    }
}

impl fmt::Display for CageStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [reserved, live, peak, high, kept] =
            [self.reserved, self.live, self.peak, self.high_water, self.kept].map(Bytes);
        write!(f, "{live} of {reserved} in use (at most {peak}, up to {high}), {kept} kept")
    }
}
