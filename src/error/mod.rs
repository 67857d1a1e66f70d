//! What can go wrong, in words a person can act on.
//!
//! [`Error`] is a refused request to the operating system: which call, on how many bytes, the errno, which limit of
//! the process refused if one did, and what to do about it. [`AllocError`] is an allocation that an arena could not
//! serve, and why; it wraps an [`Error`] when the system was the reason. Neither allocates, both are `Copy`, and the
//! sentence is made only when somebody displays it.
//!
//! Others stand beside what returns them: `PoolError`, `InputError`, `SharedError`, `OffsetError`, `FromUtf8Error`.
//!
//! ```
//! let arena = region::Arena::new();
//! arena.set_limit(100);
//! let error = arena.try_alloc([0u8; 200]).unwrap_err();
//! assert_eq!(error.reason(), region::error::AllocReason::Limit(100));
//! ```

// - `errno`: the system's numbers and their names. `advice`: what to do about each number, by call. `advice_on_windows`: the
//   same there, and the names of its calls.
// - `limit`: the limits of a process that refuse.
// - `alloc`: `AllocError`. `reason`: why, for both, in a table.
// - `failure`: how the panicking and the `try_` form of a method share their code.
// - `packed`: what is left of an error in the C archive.

#[cfg(all(not(region_staticlib), not(windows)))]
mod advice;
#[cfg(windows)]
#[path = "advice_on_windows.rs"]
mod advice;
mod alloc;
mod errno;
pub(crate) mod failure;
mod limit;
mod packed;
mod reason;

#[cfg(not(region_staticlib))]
use crate::bytes::Bytes;
pub use alloc::{AllocError, AllocOrInitError};
#[cfg(not(region_staticlib))]
use core::fmt;
pub use errno::Errno;
#[cfg(all(feature = "os", any(unix, windows)))]
pub(crate) use errno::number;
pub(crate) use limit::Limit;
pub(crate) use packed::Detail;
#[cfg(region_staticlib)]
pub(crate) use packed::show_reason;
use packed::{HAS_DETAILS, Packed};
#[cfg(not(region_staticlib))]
pub use reason::CageFull;
pub use reason::{AllocReason, Reason};
#[cfg(region_staticlib)]
show_reason!(Error AllocError);

/// What was asked of the operating system. On Windows another function than the named one does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// Reserving address space or mapping memory: `mmap(2)`.
    Map,
    /// Mapping memory in pages that were set aside for it: `mmap(2)` with `MAP_HUGETLB`.
    MapHuge,
    /// Mapping a file's bytes: `mmap(2)` with a descriptor.
    MapFile,
    /// Returning a mapping: `munmap(2)`.
    Unmap,
    /// Changing what may be done with memory, or committing it: `mprotect(2)`.
    Protect,
    /// Advising the kernel on how memory is used: `madvise(2)`.
    Advise,
    /// Giving RAM back: `madvise(2)` with `MADV_DONTNEED` or `MADV_REMOVE`.
    Decommit,
    /// Making huge pages of what is in RAM: `madvise(2)` with `MADV_COLLAPSE`.
    Collapse,
    /// Keeping pages in RAM: `mlock(2)`.
    Lock,
    /// Letting pages go out of RAM again: `munlock(2)`.
    Unlock,
    /// Growing or shrinking a mapping: `mremap(2)`.
    Remap,
    /// Writing a mapping back to its file: `msync(2)`.
    Sync,
    /// Asking which pages are in RAM: `mincore(2)`.
    Resident,
    /// Naming memory for `/proc/PID/maps`: `prctl(2)`.
    Name,
    /// Opening a file for reading: `open(2)`.
    Open,
    /// Opening a file for reading and writing: `open(2)`.
    OpenWritable,
    /// Making a file, or making one empty: `open(2)` with `O_CREAT` and `O_TRUNC`.
    Create,
    /// Asking what kind of file a descriptor is: `fstat(2)`.
    Stat,
    /// Asking where a descriptor stands: `lseek(2)`.
    Seek,
    /// Reading bytes: `read(2)`.
    Read,
    /// Writing bytes: `write(2)`.
    Write,
    /// Setting a file's size: `ftruncate(2)`.
    Resize,
    /// Reserving a file's space on the disk: `fallocate(2)`.
    Allocate,
    /// Making memory that has a descriptor: `memfd_create(2)`.
    MakeMemory,
    /// Fixing what may be done to memory that has a descriptor, or asking: `fcntl(2)`.
    Seal,
}

impl Call {
    /// What the call was for, and the name it has in the manual.
    #[cfg(not(region_staticlib))]
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Call::Map => ("map", "mmap"),
            Call::MapHuge => ("map huge pages for", "mmap"),
            Call::MapFile => ("map a file of", "mmap"),
            Call::Unmap => ("unmap", "munmap"),
            Call::Protect => ("change the protection of", "mprotect"),
            Call::Advise => ("advise on", "madvise"),
            Call::Decommit => ("give back the RAM of", "madvise"),
            Call::Collapse => ("make huge pages of", "madvise"),
            Call::Lock => ("lock in RAM", "mlock"),
            Call::Unlock => ("unlock", "munlock"),
            Call::Remap => ("resize a mapping to", "mremap"),
            Call::Sync => ("write back", "msync"),
            Call::Resident => ("ask for the resident pages of", "mincore"),
            Call::Name => ("name", "prctl"),
            Call::Open => ("open the file", "open"),
            Call::OpenWritable => ("open the file for writing", "open"),
            Call::Create => ("create the file", "open"),
            Call::Stat => ("ask for the kind of the file", "fstat"),
            Call::Seek => ("ask for the position in the file", "lseek"),
            Call::Read => ("read", "read"),
            Call::Write => ("write", "write"),
            Call::Resize => ("set the file's size to", "ftruncate"),
            Call::Allocate => ("find space on the disk for", "fallocate"),
            Call::MakeMemory => ("make memory with a descriptor", "memfd_create"),
            Call::Seal => ("handle the seals of the file", "fcntl"),
        }
    }

    /// Whether the size says something about this call.
    #[cfg(not(region_staticlib))]
    const fn has_size(self) -> bool {
        use Call::{Create, MakeMemory, Open, OpenWritable, Seal, Seek, Stat};
        !matches!(self, Open | OpenWritable | Create | Stat | Seek | MakeMemory | Seal)
    }
}

/// A request to the operating system that failed: which call, on what, why, and what to do.
///
/// ```
/// # #[cfg(feature = "os")] {
/// let error = region::Region::options().len(0).map().unwrap_err();
/// assert_eq!(error.to_string(), "cannot map 0 bytes: a mapping holds at least one page. Ask for more than 0 bytes.");
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    reason: Packed,
    call: Detail<Call>,
    size: Detail<usize>,
    /// The limit that refused, where that is known, and its bytes at that time.
    limit: Detail<Option<Limit>>,
    limit_bytes: Detail<usize>,
}

impl Error {
    /// An error of `call` on `size` bytes.
    #[cfg_attr(not(all(feature = "os", unix)), allow(dead_code))]
    pub(crate) const fn new(call: Call, reason: Reason, size: usize) -> Self {
        let (reason, call, size) = (Packed::new(reason), Detail::new(call), Detail::new(size));
        Error { reason, call, size, limit: Detail::new(None), limit_bytes: Detail::new(0) }
    }

    /// An error of which only the reason is kept.
    #[cfg(region_staticlib)]
    const fn of(reason: Packed) -> Self {
        Error { reason, ..Error::new(Call::Map, Reason::Empty, 0) }
    }

    /// Records which limit of the process refused, and how many bytes it is, for the sentence.
    #[cfg_attr(not(all(feature = "os", unix)), allow(dead_code))]
    pub(crate) fn limited_by(mut self, find: impl FnOnce() -> Option<(Limit, usize)>) -> Self {
        if !HAS_DETAILS {
            return self;
        }
        if let Some((limit, bytes)) = find() {
            (self.limit, self.limit_bytes) = (Detail::new(Some(limit)), Detail::new(bytes));
        }
        self
    }

    /// Which call failed.
    #[cfg(not(region_staticlib))]
    pub const fn call(&self) -> Call {
        self.call.get()
    }

    /// Why it failed.
    pub const fn reason(&self) -> Reason {
        self.reason.get()
    }

    /// The system's error number, when it was the system that refused.
    pub const fn errno(&self) -> Option<Errno> {
        match self.reason() {
            Reason::Os(errno) => Some(errno),
            _ => None,
        }
    }

    /// How many bytes the call was about.
    #[cfg(not(region_staticlib))]
    pub const fn size(&self) -> usize {
        self.size.get()
    }

    /// Whether the system refused with this error number, as in `is(Errno::ENOMEM)`.
    pub fn is(&self, errno: Errno) -> bool {
        self.errno() == Some(errno)
    }

    /// The system's error number as `std::io::Error` has it.
    pub const fn raw_os_error(&self) -> Option<i32> {
        match self.reason() {
            Reason::Os(errno) => Some(errno.raw()),
            _ => None,
        }
    }
}

#[cfg(not(region_staticlib))]
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, manual) = self.call().words();
        #[cfg(windows)]
        let manual = advice::function(self.call()).unwrap_or(manual);
        // What is wrong with the file itself has nothing to do with a size.
        match (self.call(), self.reason()) {
            (Call::MapFile, reason) if reason.is_of_the_file() => f.write_str("cannot map the file")?,
            (call, reason) if call.has_size() && reason != Reason::Directory => {
                write!(f, "cannot {verb} {}", Bytes(self.size()))?;
            }
            _ => write!(f, "cannot {verb}")?,
        }
        match self.reason() {
            Reason::Os(errno) => {
                write!(f, ": {errno} ({manual}).")?;
                if let Some(limit) = self.limit.get() {
                    return limit.explain(self.limit_bytes.get(), f);
                }
                match advice::advice(self.call(), errno) {
                    Some(advice) => write!(f, " {advice}"),
                    None => Ok(()),
                }
            }
            Reason::Shared if self.call() == Call::Decommit => f.write_str(
                ": other processes may be using them, as the region is shared. `decommit_shared` gives them back for \
                 all.",
            ),
            reason => {
                f.write_str(if reason == Reason::Shared { " for an arena: " } else { ": " })?;
                reason.write(f)
            }
        }
    }
}

impl core::error::Error for Error {}
