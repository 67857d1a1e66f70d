//! What shared memory refuses, in words a person can act on.
//!
//! [`SharedError`]: a descriptor that cannot be opened. [`OffsetError`]: an offset that does not lead to what
//! it is said to. A full arena gives an [`AllocError`](crate::AllocError), as any arena does.

use super::header::{Invalid, LEAST, VERSION};
use crate::bytes::Bytes;
use crate::error::Error;
use core::fmt;

/// Why a descriptor was not opened as shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SharedReason {
    /// The operating system refused.
    Os(Error),
    /// It is not memory: a file, a pipe, a directory, a device.
    NotMemory,
    /// It lies in the pool of huge pages, where a page that another process punched out may not come back.
    HugePages,
    /// Its size may still become smaller, which would cut pages off that are in use: `F_SEAL_SHRINK` is missing.
    Unsealed,
    /// It has this many bytes, fewer than the smallest arena or none at all.
    TooSmall(u64),
    /// It has this many bytes, more than can be mapped.
    TooLarge(u64),
    /// It does not begin as a shared arena does.
    NoArena,
    /// It is the arena of another version of this library, or of a program with pointers of another size.
    Version(u64),
    /// The arena claims to end here, which is not inside the memory.
    End(u64),
    /// The arena claims to have handed out everything up to here, which is not inside it.
    Cursor(u64),
}

/// A descriptor that was not opened, and why. Nothing is left mapped.
///
/// ```
/// # #[cfg(all(feature = "std", target_os = "linux"))] {
/// let file = std::fs::File::open("/dev/null")?;
/// let error = region::SharedArena::open(&file).unwrap_err();
/// assert_eq!(error.reason(), region::shared::SharedReason::NotMemory);
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedError {
    reason: SharedReason,
}

impl SharedError {
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(super) const fn new(reason: SharedReason) -> Self {
        SharedError { reason }
    }

    /// The system's error number as `std::io::Error` has it, when it was the system that refused.
    pub const fn raw_os_error(&self) -> Option<i32> {
        match self.reason {
            SharedReason::Os(error) => error.raw_os_error(),
            _ => None,
        }
    }

    /// Why it was refused.
    pub const fn reason(&self) -> SharedReason {
        self.reason
    }
}

impl From<Error> for SharedError {
    fn from(error: Error) -> Self {
        SharedError { reason: SharedReason::Os(error) }
    }
}

impl From<Invalid> for SharedError {
    fn from(invalid: Invalid) -> Self {
        let reason = match invalid {
            Invalid::Magic => SharedReason::NoArena,
            Invalid::Version(version) => SharedReason::Version(version),
            Invalid::End(end) => SharedReason::End(end),
            Invalid::Cursor(cursor) => SharedReason::Cursor(cursor),
        };
        SharedError { reason }
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot open shared memory: ")?;
        match self.reason {
            SharedReason::Os(error) => fmt::Display::fmt(&error, f),
            SharedReason::NotMemory => f.write_str(
                "the descriptor is no memory but a file, a pipe, a directory or a device. \
                 Hand over the descriptor of a SharedArena::sealed, or of memfd_create(2).",
            ),
            SharedReason::HugePages => f.write_str(
                "it lies in huge pages, which other processes can take away for good. \
                 Make it without MFD_HUGETLB.",
            ),
            SharedReason::Unsealed => f.write_str(
                "its size may still shrink, and whoever touches what was cut off would be killed. \
                 Let its maker add F_SEAL_SHRINK.",
            ),
            SharedReason::TooSmall(size) => {
                write!(f, "it has {size} bytes, and the smallest arena {}.", Bytes(LEAST))
            }
            SharedReason::TooLarge(size) => write!(f, "it has {size} bytes, more than can be mapped."),
            SharedReason::NoArena => {
                f.write_str("it does not begin as a shared arena does. Is it the right descriptor?")
            }
            SharedReason::Version(version) => write!(
                f,
                "its version is {version:#x}, and this program's {VERSION:#x}. \
                 Build both programs with one version of the library, for one kind of processor.",
            ),
            SharedReason::End(end) => write!(f, "its arena claims to end at byte {end}, which is not inside it."),
            SharedReason::Cursor(cursor) => {
                write!(f, "its arena claims to be used up to byte {cursor}, which is not inside it.")
            }
        }
    }
}

impl core::error::Error for SharedError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.reason {
            SharedReason::Os(error) => Some(error),
            _ => None,
        }
    }
}

/// Why an offset does not lead to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OffsetReason {
    /// The value would not lie between the arena's header and its end.
    Outside,
    /// No value of the type starts at an offset of this alignment.
    Misaligned,
    /// The slice or text that starts there claims a length that is not inside the arena.
    Length(u64),
    /// The slice has this many elements, and another number of them was wanted.
    Count(usize),
    /// The bytes are no UTF-8.
    NotText,
}

/// An offset that does not lead to a value of its type in this arena. Nothing was touched.
///
/// In memory that only honest processes write, it is the offset of another arena; otherwise it was
/// forged.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// use region::SharedArena;
/// use region::shared::{Offset, OffsetReason};
/// let arena = SharedArena::new(1 << 16)?;
/// let forged = Offset::<u64>::from_raw(1 << 40).unwrap();
/// assert_eq!(arena.read(forged).unwrap_err().reason(), OffsetReason::Outside);
/// # Ok::<(), region::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetError {
    offset: u64,
    reason: OffsetReason,
}

impl OffsetError {
    #[cold]
    pub(super) const fn new(offset: u64, reason: OffsetReason) -> Self {
        OffsetError { offset, reason }
    }

    /// The offset.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Why it leads to no value.
    pub const fn reason(&self) -> OffsetReason {
        self.reason
    }
}

impl fmt::Display for OffsetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {:#x} of shared memory ", self.offset)?;
        match self.reason {
            OffsetReason::Outside => f.write_str("leads out of the arena."),
            OffsetReason::Misaligned => f.write_str("leads to a place where no value of this type can start."),
            OffsetReason::Length(len) => {
                write!(f, "leads to a slice that claims to have {len} elements, more than the arena holds.")
            }
            OffsetReason::Count(len) => {
                write!(f, "leads to a slice of {len} elements. Ask for its length first, and for no more.")
            }
            OffsetReason::NotText => f.write_str("leads to bytes that are not text."),
        }?;
        match self.reason {
            OffsetReason::Count(_) => Ok(()),
            _ => f.write_str(" It belongs to another arena, or a process wrote over it."),
        }
    }
}

impl core::error::Error for OffsetError {}
