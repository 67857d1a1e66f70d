//! What a program sets and asks of the block cache: whether it keeps blocks, how many bytes, and what that saved.
//!
//! The cache itself is in `cache`, and what is kept of large blocks in `retention`.

use super::cache::{BLOCKS, OFF, RETURNED, REUSED, SETTING, release_kept};
use super::retention;
use crate::bytes::Bytes;
use crate::policy::FIRST;
use crate::sync::global::Ordering;
use crate::sys;
use core::fmt;

/// Whether arenas' blocks are kept for the next arena, or returned to the system at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caching {
    /// Kept, within the bounds that [`trim`] names. The default.
    On,
    /// Returned at once, and every new arena maps anew. Blocks that are kept already stay until [`trim`].
    Off,
}

/// Gives the blocks that are kept for new arenas back to the system; returns how many of their bytes had
/// been written to. The RAM that this freed is at least that, and more where huge pages were in use.
///
/// The process keeps at most 64 MiB of RAM for new arenas, unless [`set_budget`] says otherwise. Most processes keep
/// far less: a large block stays only where arenas as large are made again and again. A program that becomes idle may
/// want even that back.
///
/// *Threads*: any, at any time. *Cost*: one `munmap` per block.
///
/// ```
/// drop(region::Arena::new().alloc(1));
/// region::trim();
/// assert_eq!(region::cache::stats().kept, 0);
/// ```
pub fn trim() -> usize {
    retention::forget();
    release_kept(FIRST).1
}

/// Turns the keeping of blocks on or off for the whole process, from now on.
pub fn set_caching(caching: Caching) {
    SETTING.store(if caching == Caching::Off { OFF } else { 0 }, Ordering::Relaxed);
}

/// Sets how many bytes of RAM the process keeps for new arenas at most: 64 MiB unless set.
///
/// A smaller budget than before gives back what is kept, as [`trim`] does, so that it holds from now on.
///
/// ```
/// region::cache::set_budget(512 << 20); // for documents of 400 MB, one after the other
/// # region::cache::set_budget(64 << 20);
/// ```
pub fn set_budget(bytes: usize) {
    if BLOCKS.set_most(bytes) > bytes {
        trim();
    }
}

/// What the process-wide cache holds, and what came of it. Made by [`stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Blocks that wait for an arena.
    pub kept: usize,
    /// About how many bytes of RAM they have.
    pub kept_bytes: usize,
    /// Blocks that are out and may be kept.
    pub out: usize,
    /// The most bytes of RAM that are kept ([`set_budget`]).
    pub budget: usize,
    /// Bytes of RAM that arenas found in kept blocks of more than 64 KiB, since the process began. Each page of them is a
    /// page fault that was not taken ([`faults_saved`](Self::faults_saved)). Small blocks are not counted: that would
    /// cost each arena more than the count is worth.
    pub reused_bytes: usize,
    /// Bytes of RAM that went back to the system because they were not to be kept, since the process began.
    pub returned_bytes: usize,
}

impl Stats {
    /// About how many page faults were not taken, because arenas found blocks of more than 64 KiB in RAM.
    ///
    /// In pages of [`page_size`](crate::page_size): where the kernel would have used huge pages, they are fewer.
    pub fn faults_saved(&self) -> usize {
        self.reused_bytes / sys::page_size()
    }
}

/// How many blocks the process-wide cache holds and has out, and what it saved. A snapshot: other threads go on meanwhile.
/// *Cost*: a step for each block.
///
/// ```
/// let before = region::cache::stats();
/// for _ in 0..10 {
///     region::Arena::new().alloc_slice_fill_copy(300_000, 1u8);
/// }
/// # if !cfg!(miri) {
/// assert!(region::cache::stats().faults_saved() > before.faults_saved());
/// # }
/// ```
pub fn stats() -> Stats {
    let (kept, kept_bytes, out) = BLOCKS.counts();
    let (reused_bytes, returned_bytes) = (REUSED.load(Ordering::Relaxed), RETURNED.load(Ordering::Relaxed));
    Stats { kept, kept_bytes, out, budget: BLOCKS.most(), reused_bytes, returned_bytes }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stats { kept, out, .. } = self;
        let (bytes, budget, returned) = (Bytes(self.kept_bytes), Bytes(self.budget), Bytes(self.returned_bytes));
        write!(
            f,
            "block cache: {kept} kept with {bytes} of {budget}, {out} out, {} faults saved, ",
            self.faults_saved()
        )?;
        write!(f, "{returned} returned")
    }
}
