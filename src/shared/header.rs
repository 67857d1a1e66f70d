//! The first bytes of a shared arena: what they hold, and whether they make sense.
//!
//! ```text
//!  word  0       1         2     3      4         5 .. 7   8        9 .. 15   16 .. 143   144
//!        │ magic │ version │ end │ root │ holders │ zero │ cursor │ zero    │ slots     │ values ...
//! ```
//!
//! The cursor has a cache line of its own, and so has each slot, for those who claim write them, and the rest is read.
//! Numbers are in the machine's own byte order, and a peer of the other order does not know the magic. Pure integers:
//! [`arena`](super::arena) reads them.

use super::WORD;
use crate::seeded::{Bug, seeded};

/// Where each number lies, in words.
pub(super) const MAGIC_AT: usize = 0;
pub(super) const VERSION_AT: usize = 1;
pub(super) const END_AT: usize = 2;
pub(super) const ROOT_AT: usize = 3;
pub(super) const HOLDERS_AT: usize = 4;
pub(super) const CURSOR_AT: usize = 8;
pub(super) const SLOTS_AT: usize = 16;

/// How many slots there are. With fewer, processes and threads meet more often; each costs a cache line.
pub(super) const SLOTS: usize = if cfg!(loom) { 2 } else { 16 };
/// Words between one slot and the next: a cache line.
pub(super) const SLOT_WORDS: usize = 8;
#[allow(dead_code)] // the oldest compiler does not see that assertions use it
const LINE: usize = 64;

/// Bytes of the header, and so the offset of the first value.
pub(super) const FIRST: usize = (SLOTS_AT + SLOTS * SLOT_WORDS) * WORD;
const _: () = assert!(HOLDERS_AT * WORD < LINE && CURSOR_AT * WORD == LINE && SLOTS_AT * WORD == 2 * LINE);
const _: () = assert!(SLOT_WORDS * WORD == LINE && SLOTS.is_power_of_two() && FIRST % WORD == 0);

/// Bytes of the smallest arena: the smallest page there is. Larger than any alignment may demand, so that
/// values without bytes have an offset ([`MOST_ALIGN`]).
pub(super) const LEAST: usize = 4096;

/// The largest alignment of a value: the smallest page. Above it, an address would be aligned in one process
/// and not in another.
pub(super) const MOST_ALIGN: usize = 4096;
const _: () = assert!(FIRST <= MOST_ALIGN && MOST_ALIGN <= LEAST);

/// What an arena's first word says.
pub(super) const MAGIC: u64 = u64::from_ne_bytes(*b"region\0A");

/// The layout of the header and of slices, in the low half; the size of a pointer in the high half, as types
/// may be laid out differently in programs that do not agree on it.
pub(super) const VERSION: u64 = 2 | (size_of::<usize>() as u64) << 32;

/// What is wrong with a header.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // only Linux opens what others made
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    Magic,
    Version(u64),
    End(u64),
    Cursor(u64),
}

/// Checks a header that was read once, word by word, from memory of `size` bytes; the arena's end.
///
/// Ensures that the end is a multiple of a word, at least [`LEAST`] and at most `size`.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
pub(super) fn check(word: impl Fn(usize) -> u64, size: usize) -> Result<usize, Invalid> {
    if word(MAGIC_AT) != MAGIC {
        return Err(Invalid::Magic);
    }
    let version = word(VERSION_AT);
    if version != VERSION {
        return Err(Invalid::Version(version));
    }
    let said = word(END_AT);
    let end = usize::try_from(said).ok().filter(|end| (LEAST..=size).contains(end) && end % WORD == 0);
    let end = end.ok_or(Invalid::End(said))?;
    let cursor = word(CURSOR_AT);
    plausible(cursor, end).ok_or(Invalid::Cursor(cursor))?;
    Ok(end)
}

/// The cursor as an offset, if a claim can have left it there. Requires `end >= FIRST`.
#[inline]
pub(super) fn plausible(cursor: u64, end: usize) -> Option<usize> {
    let at = usize::try_from(cursor).ok()?;
    let first = if seeded(Bug::ClaimBelievesCursor) { 0 } else { FIRST };
    // One comparison for both bounds: what is below the first wraps to far above the end.
    (at.wrapping_sub(first) <= end - first && at % WORD == 0).then_some(at)
}
