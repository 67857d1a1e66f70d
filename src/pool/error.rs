//! Errors of pools: what was refused and why, as a sentence that says what to do.

#[cfg(not(region_staticlib))]
use crate::bytes::Bytes;
use crate::error::{Detail, Error};
#[cfg(not(region_staticlib))]
use core::fmt;

#[cfg(region_staticlib)]
crate::error::show_reason!(PoolError);

/// Why a pool refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolReason {
    /// The block size is no power of two from a page to 2 MiB.
    BlockSize,
    /// A pool holds at least one block.
    Empty,
    /// So many blocks exceed the address space.
    TooMany,
    /// The region may not be read and written throughout.
    Inaccessible,
    /// A run is 1 to 64 whole blocks, taken in one piece.
    Count,
    /// Every block is out.
    Exhausted,
    /// Blocks are free, but not so many side by side.
    Fragmented,
    /// The address is not in this pool.
    Foreign,
    /// The address is in this pool, and no block starts there.
    Misaligned,
    /// The block is not out: it was given back already.
    NotOut,
    /// The operating system refused.
    Os(Error),
}

/// What a pool refused, and why. Nothing was changed.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// let pool = region::PagePool::new(64 << 10, 1)?;
/// let page = pool.take()?;
/// let error = pool.take().unwrap_err();
/// assert_eq!(error.reason(), region::pool::PoolReason::Exhausted);
/// assert_eq!(
///     error.to_string(),
///     "cannot take a block of 64 KiB: all of the pool's 1 are out. Give some back, or make the pool larger."
/// );
/// # drop(page);
/// # Ok::<(), region::PoolError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolError {
    reason: PoolReason,
    block_size: Detail<usize>,
    capacity: Detail<usize>,
    /// What was refused: a count of blocks, a length or an address, as the reason has it.
    subject: Detail<usize>,
}

impl PoolError {
    pub(super) const fn new(reason: PoolReason, (block_size, capacity): (usize, usize), subject: usize) -> Self {
        let (block_size, capacity) = (Detail::new(block_size), Detail::new(capacity));
        PoolError { reason, block_size, capacity, subject: Detail::new(subject) }
    }

    /// The system's error number as `std::io::Error` has it, when it was the system that refused.
    pub const fn raw_os_error(&self) -> Option<i32> {
        match self.reason {
            PoolReason::Os(error) => error.raw_os_error(),
            _ => None,
        }
    }

    /// Why it was refused.
    pub const fn reason(&self) -> PoolReason {
        self.reason
    }

    /// Bytes of one block of the pool.
    #[cfg(not(region_staticlib))]
    pub const fn block_size(&self) -> usize {
        self.block_size.get()
    }
}

impl From<Error> for PoolError {
    fn from(error: Error) -> Self {
        PoolError::new(PoolReason::Os(error), (0, 0), 0)
    }
}

#[cfg(not(region_staticlib))]
impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (block, capacity, subject) = (Bytes(self.block_size()), self.capacity.get(), self.subject.get());
        match self.reason {
            PoolReason::BlockSize => write!(
                f,
                "cannot make a pool of blocks of {block}: the size is not a power of two from a page to 2 MiB."
            ),
            PoolReason::Empty => f.write_str("cannot make a pool without blocks: ask for one block at least."),
            PoolReason::TooMany => write!(
                f,
                "cannot make a pool of {capacity} blocks of {block}: they exceed the address space. Ask for fewer."
            ),
            PoolReason::Inaccessible => write!(
                f,
                "cannot make a pool over this region: only its first {} may be written. Commit all of it first.",
                Bytes(subject)
            ),
            PoolReason::Count => {
                write!(f, "cannot handle a run of {subject} blocks: a run is 1 to 64 whole blocks, taken in one piece.")
            }
            PoolReason::Exhausted if subject <= 1 => write!(
                f,
                "cannot take a block of {block}: all of the pool's {capacity} are out. \
                 Give some back, or make the pool larger."
            ),
            PoolReason::Exhausted => write!(
                f,
                "cannot take {subject} blocks of {block}: fewer of the pool's {capacity} are free. \
                 Give some back, or make the pool larger."
            ),
            PoolReason::Fragmented => write!(
                f,
                "cannot take {subject} blocks of {block} in a row: so many are free, but not side by side. \
                 Take them one by one, or use larger blocks."
            ),
            PoolReason::Foreign => {
                write!(f, "cannot give back {subject:#x}: it is not in this pool. Give it to the one it came from.")
            }
            PoolReason::Misaligned => write!(
                f,
                "cannot give back {subject:#x}: no block of {block} starts there. Give back the pointer that was taken."
            ),
            PoolReason::NotOut => {
                write!(f, "cannot give back {subject:#x}: its block is not out; it was given back already.")
            }
            PoolReason::Os(error) => fmt::Display::fmt(&error, f),
        }
    }
}

impl core::error::Error for PoolError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.reason {
            PoolReason::Os(error) => Some(error),
            _ => None,
        }
    }
}
