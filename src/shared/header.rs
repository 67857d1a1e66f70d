//! The first bytes of a shared arena: what they hold, and whether they make sense.
//!
//! ```text
//!  word  0      1        2    3     4 .. 7    8       9 .. 15   16
//!        │ magic │ version │ end │ root │ zero │ cursor │ zero │ values ...
//! ```
//!
//! The cursor has a cache line of its own: every claim writes it, and the rest is read. Numbers are in the
//! machine's own byte order, and a peer of the other order does not know the magic. Pure integers; what is
//! read from where is [`arena`](super::arena)'s business.

use super::WORD;
use super::bump::plausible;

/// Where each number lies, in words.
pub(super) const MAGIC_AT: usize = 0;
pub(super) const VERSION_AT: usize = 1;
pub(super) const END_AT: usize = 2;
pub(super) const ROOT_AT: usize = 3;
pub(super) const CURSOR_AT: usize = 8;

/// Bytes of the header, and so the offset of the first value. Two cache lines.
pub(super) const FIRST: usize = 128;
const _: () = assert!(CURSOR_AT * WORD >= 64 && (CURSOR_AT + 1) * WORD <= FIRST && FIRST % WORD == 0);

/// Bytes of the smallest arena: the smallest page there is. Larger than any alignment may demand, so that
/// values without bytes have a place ([`MOST_ALIGN`]).
pub(super) const LEAST: usize = 4096;

/// The largest alignment of a value: the smallest page. Above it, an address would be aligned in one process
/// and not in another.
pub(super) const MOST_ALIGN: usize = 4096;
const _: () = assert!(FIRST <= MOST_ALIGN && MOST_ALIGN <= LEAST);

/// What an arena's first word says.
pub(super) const MAGIC: u64 = u64::from_ne_bytes(*b"region\0A");

/// The layout of the header and of slices, in the low half; the size of a pointer in the high half, as types
/// may be laid out differently in programs that do not agree on it.
pub(super) const VERSION: u64 = 1 | (size_of::<usize>() as u64) << 32;

/// What does not make sense.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // only Linux opens what others made
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nonsense {
    Magic,
    Version(u64),
    End(u64),
    Cursor(u64),
}

/// Checks a header that was read once, word by word, from memory of `size` bytes; the arena's end.
///
/// Ensures that the end is a multiple of a word, at least [`LEAST`] and at most `size`.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
pub(super) fn check(word: impl Fn(usize) -> u64, size: usize) -> Result<usize, Nonsense> {
    if word(MAGIC_AT) != MAGIC {
        return Err(Nonsense::Magic);
    }
    let version = word(VERSION_AT);
    if version != VERSION {
        return Err(Nonsense::Version(version));
    }
    let said = word(END_AT);
    let end = usize::try_from(said).ok().filter(|end| (LEAST..=size).contains(end) && end % WORD == 0);
    let end = end.ok_or(Nonsense::End(said))?;
    let cursor = word(CURSOR_AT);
    plausible(cursor, end).ok_or(Nonsense::Cursor(cursor))?;
    Ok(end)
}
