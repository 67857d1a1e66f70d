//! What can go wrong, in words a person can act on.
//!
//! Two types. [`Error`] is a refused request to the operating system: which call, on how many bytes, the
//! errno, and what to do about it. [`AllocError`] is an allocation that an arena could not serve, and why;
//! it wraps an [`Error`] when the system was the reason. Neither allocates, both are `Copy`, and the
//! sentence is made only when somebody displays it.

mod packed;

#[cfg(not(region_staticlib))]
use crate::bytes::Bytes;
use core::fmt;
#[cfg(region_staticlib)]
use packed::PackedAlloc;
pub(crate) use packed::Told;
use packed::{IS_TOLD, Packed};

/// What was asked of the operating system.
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
    /// Advising the kernel on how memory is used, or taking RAM back: `madvise(2)`.
    Advise,
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
    /// Opening a file: `open(2)`.
    Open,
    /// Asking what kind of file a descriptor is: `fstat(2)`.
    Stat,
    /// Asking where a descriptor stands: `lseek(2)`.
    Seek,
    /// Reading bytes: `read(2)`.
    Read,
    /// Setting a file's size: `ftruncate(2)`.
    Resize,
    /// Giving a file its place on the disk: `fallocate(2)`.
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
            Call::Collapse => ("make huge pages of", "madvise"),
            Call::Lock => ("lock in RAM", "mlock"),
            Call::Unlock => ("unlock", "munlock"),
            Call::Remap => ("resize a mapping to", "mremap"),
            Call::Sync => ("write back", "msync"),
            Call::Resident => ("ask for the resident pages of", "mincore"),
            Call::Name => ("name", "prctl"),
            Call::Open => ("open the file", "open"),
            Call::Stat => ("ask for the kind of the file", "fstat"),
            Call::Seek => ("ask for the position in the file", "lseek"),
            Call::Read => ("read", "read"),
            Call::Resize => ("set the file's size to", "ftruncate"),
            Call::Allocate => ("find room on the disk for", "fallocate"),
            Call::MakeMemory => ("make memory with a descriptor", "memfd_create"),
            Call::Seal => ("handle the seals of the file", "fcntl"),
        }
    }

    /// Whether the size says something about this call.
    #[cfg(not(region_staticlib))]
    const fn has_size(self) -> bool {
        !matches!(self, Call::Open | Call::Stat | Call::Seek | Call::MakeMemory | Call::Seal)
    }
}

/// An error number as the system gave it.
///
/// ```
/// # #[cfg(all(feature = "os", target_os = "linux"))]
/// assert_eq!(region::Errno::new(12).name(), Some("ENOMEM"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(i32);

impl Errno {
    /// Wraps a raw, positive error number.
    pub const fn new(raw: i32) -> Self {
        Errno(raw)
    }

    /// The raw, positive error number.
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// The number's name in `<errno.h>`, for those that this crate's calls are known to give.
    pub fn name(self) -> Option<&'static str> {
        #[cfg(all(feature = "os", unix))]
        {
            crate::sys::errno_name(self)
        }
        #[cfg(not(all(feature = "os", unix)))]
        {
            None
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The operating system refused with this error number.
    Os(Errno),
    /// Zero bytes were asked for; a mapping holds at least one page.
    Empty,
    /// The size exceeds `isize::MAX` or what is left of the address space.
    TooLarge,
    /// An alignment that is not a power of two.
    BadAlignment,
    /// A range that reaches outside the region, or is not made of whole pages.
    BadRange,
    /// The descriptor is a directory, which has no bytes to read.
    Directory,
    /// A range that reaches outside the file.
    OutsideFile,
    /// The region is not the file itself: it is a private copy, or read-only.
    NotShared,
    /// The file is not one that an arena was built in, or it was cut.
    NotAnArena,
    /// A path with a NUL byte or too long to hand to the system.
    BadPath,
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
    call: Told<Call>,
    size: Told<usize>,
    /// The soft RLIMIT_AS at the time of the failure, `usize::MAX` when there is none.
    address_space: Told<usize>,
}

impl Error {
    /// An error of `call` on `size` bytes.
    #[cfg_attr(not(feature = "os"), allow(dead_code))]
    pub(crate) const fn new(call: Call, reason: Reason, size: usize) -> Self {
        let (call, size, address_space) = (Told::new(call), Told::new(size), Told::new(usize::MAX));
        Error { reason: Packed::new(reason), call, size, address_space }
    }

    /// An error of which only the reason is kept.
    #[cfg(region_staticlib)]
    const fn of(reason: Packed) -> Self {
        Error { reason, ..Error::new(Call::Map, Reason::Empty, 0) }
    }

    /// Records the process's address-space limit, for the sentence.
    #[cfg_attr(not(feature = "os"), allow(dead_code))]
    pub(crate) fn limited_to(mut self, address_space: impl FnOnce() -> usize) -> Self {
        if IS_TOLD {
            self.address_space = Told::new(address_space());
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

    /// Whether the system refused with the error number of this name, as in `is("ENOMEM")`.
    pub fn is(&self, name: &str) -> bool {
        self.errno().and_then(Errno::name) == Some(name)
    }
}

#[cfg(not(region_staticlib))]
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, manual) = self.call().words();
        write!(f, "cannot {verb}")?;
        if self.call().has_size() && self.reason() != Reason::Directory {
            write!(f, " {}", Bytes(self.size()))?;
        }
        match self.reason() {
            Reason::Os(errno) => {
                write!(f, ": {errno} ({manual}).")?;
                if self.address_space.get() != usize::MAX {
                    let limit = Bytes(self.address_space.get());
                    write!(
                        f,
                        " The process is limited to {limit} of address space (RLIMIT_AS); \
                         raise it with `ulimit -v`, or ask for less."
                    )?;
                } else if let Some(advice) = advice(self.call(), errno) {
                    write!(f, " {advice}")?;
                }
                Ok(())
            }
            Reason::Empty => f.write_str(": a mapping holds at least one page. Ask for more than 0 bytes."),
            Reason::TooLarge => {
                write!(f, ": no object may exceed {} bytes or what is left of the address space. ", isize::MAX)?;
                f.write_str("Ask for less.")
            }
            Reason::BadAlignment => f.write_str(": the alignment is not a power of two."),
            Reason::OutsideFile => f.write_str(": the range reaches outside the file."),
            Reason::BadRange => {
                f.write_str(": the range is not made of whole pages inside the region. Round it to page_size().")
            }
            Reason::Directory => f.write_str(": it is a directory. Name a file in it."),
            Reason::NotShared => {
                f.write_str(": the region is a private copy of the file, or read-only. Open the file for writing.")
            }
            Reason::NotAnArena => {
                f.write_str(": it does not begin as an arena's file of this version and machine does, or was cut.")
            }
            Reason::BadPath => f.write_str(": the path holds a NUL byte or is longer than 4095 bytes."),
        }
    }
}

impl core::error::Error for Error {}

/// What to do about the refusals that people meet.
#[cfg(not(region_staticlib))]
fn advice(call: Call, errno: Errno) -> Option<&'static str> {
    Some(match (call, errno.name()?) {
        (Call::Map | Call::Protect | Call::Remap, "ENOMEM") => {
            "The system has no memory or address space left for this process, or it holds \
             vm.max_map_count mappings; ask for less, or free some."
        }
        (Call::Map, "EAGAIN") | (Call::Advise, "EAGAIN") => {
            "Too much memory is locked, or vm.max_map_count is reached; raise `ulimit -l`, or free some."
        }
        (Call::MapHuge, "ENOMEM") => {
            "Too few huge pages of that size are free; set more aside in /sys/kernel/mm/hugepages, or name \
             ordinary pages as a further wish."
        }
        (Call::MapHuge, "EINVAL") => "This system has no huge pages of that size; name another wish.",
        (Call::Collapse, "EINVAL") => {
            "The range holds no whole huge page, or huge pages are ruled out for it or for this process \
             (MADV_NOHUGEPAGE, PR_SET_THP_DISABLE), or the kernel cannot (before 6.1)."
        }
        (Call::Collapse, "EAGAIN" | "EBUSY" | "ENOMEM") => {
            "No huge page could be had for all of it now; it serves as it is, and a later try may succeed."
        }
        (Call::Lock, "ENOMEM" | "EAGAIN" | "EPERM") => {
            "The process may lock no more than RLIMIT_MEMLOCK; raise it with `ulimit -l`, or lock less."
        }
        (Call::Resize | Call::Allocate, "EFBIG") => "The file system or RLIMIT_FSIZE does not let a file be so long.",
        (Call::Allocate, "ENOSPC") => "The disk is full; free some of it, or make the file shorter.",
        (Call::Sync, "EBUSY") => "Some of the pages are locked in RAM.",
        (Call::Open, "ENOENT") => "There is no such file; check the path.",
        (Call::Open, "EACCES") => "The file's permissions do not let this user read it.",
        (Call::Open, "EMFILE") => "Too many files are open in this process; raise `ulimit -n`.",
        (Call::Read | Call::Stat | Call::Seek, "EBADF") => "The descriptor is closed or not open for reading.",
        (Call::Read, "EAGAIN") => "The descriptor is non-blocking and has no bytes yet; wait for it, then go on.",
        (Call::Read, "EISDIR") => "It is a directory; name a file in it.",
        (Call::Read, "EIO") => "The device failed; the bytes read so far are kept.",
        (Call::MapFile, "EACCES") => {
            "The descriptor must be open for reading, and for writing if others share the memory."
        }
        (Call::MapFile, "EPERM") => "The file is sealed against writing.",
        (Call::Seal, "EBADF") => "The descriptor is closed, or open for its path alone.",
        (Call::MakeMemory, "EMFILE") => "Too many files are open in this process; raise `ulimit -n`.",
        (Call::MakeMemory, "EINVAL") => "A name has 249 bytes at most.",
        (_, "ENOSYS") => "This kernel does not have the call.",
        _ => return None,
    })
}

/// Why an arena could not serve an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AllocReason {
    /// The size, rounded to its alignment, exceeds `isize::MAX`.
    TooLarge,
    /// The arena's own limit of this many bytes would be passed.
    Limit(usize),
    /// The arena's memory is a buffer or reservation of this many bytes, and it is used up.
    Exhausted(usize),
    /// The operating system refused more memory.
    Os(Error),
    /// The global allocator refused more memory.
    Refused,
    /// No alignment above this one means the same at every address where shared memory may be mapped.
    Alignment(usize),
    /// Shared memory's own account of what is taken makes no sense: another process wrote over it.
    Corrupt,
    /// A `Display` implementation returned an error while it was formatted into the arena.
    Format,
    /// The reservation of this many bytes is used up, and its values never move.
    Reservation(usize),
    /// There are as many values as an [`Id`](crate::Id) can tell apart.
    Ids,
}

/// An allocation that an arena could not serve: how many bytes, and why. Nothing was changed.
///
/// ```
/// let mut memory = region::StackBuffer::<64>::new();
/// let arena = region::Arena::from_buffer(&mut memory);
/// let error = arena.try_alloc([0u8; 100]).unwrap_err();
/// assert_eq!(error.size(), 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocError {
    size: Told<usize>,
    #[cfg(not(region_staticlib))]
    reason: AllocReason,
    #[cfg(region_staticlib)]
    reason: PackedAlloc,
}

impl AllocError {
    /// An allocation of `size` bytes that failed for `reason`. For authors of a [`Backing`](crate::Backing).
    pub const fn new(size: usize, reason: AllocReason) -> Self {
        #[cfg(region_staticlib)]
        let reason = PackedAlloc::new(reason);
        AllocError { size: Told::new(size), reason }
    }

    /// The same refusal, of `size` bytes: what the caller asked for, where more or less was needed for it.
    pub(crate) const fn of(self, size: usize) -> Self {
        AllocError { size: Told::new(size), reason: self.reason }
    }

    /// How many bytes were asked for.
    #[cfg(not(region_staticlib))]
    pub const fn size(&self) -> usize {
        self.size.get()
    }

    /// Why they could not be had.
    pub const fn reason(&self) -> AllocReason {
        #[cfg(not(region_staticlib))]
        return self.reason;
        #[cfg(region_staticlib)]
        self.reason.get()
    }
}

#[cfg(not(region_staticlib))]
impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot allocate {}: ", Bytes(self.size()))?;
        match self.reason {
            AllocReason::TooLarge => write!(f, "no object may exceed {} bytes", isize::MAX),
            AllocReason::Limit(limit) => {
                write!(f, "the arena's limit is {}; raise it with `set_limit`, or reset the arena", Bytes(limit))
            }
            AllocReason::Exhausted(capacity) => write!(
                f,
                "the arena's memory of {} is used up; give it a larger one, or let it go on in mapped memory",
                Bytes(capacity)
            ),
            AllocReason::Os(error) => fmt::Display::fmt(&error, f),
            AllocReason::Refused => f.write_str("the global allocator has no such memory; ask for less, or free some"),
            AllocReason::Alignment(most) => write!(f, "shared memory keeps alignments up to {} only", Bytes(most)),
            AllocReason::Corrupt => {
                f.write_str("another process wrote over the shared arena's header; make a new arena")
            }
            AllocReason::Format => f.write_str("a Display implementation returned an error"),
            AllocReason::Reservation(reserved) => write!(
                f,
                "the reservation of {} is used up, and values in it never move; reserve more with `with_reservation`",
                Bytes(reserved)
            ),
            AllocReason::Ids => {
                write!(f, "an Id tells {} values apart; use indices, or another row", u32::MAX)
            }
        }
    }
}

impl core::error::Error for AllocError {}

/// Why a `try_` method that also runs a caller's fallible closure or iterator gave nothing.
///
/// ```
/// use region::{AllocOrInitError, Arena};
///
/// let arena = Arena::new();
/// let read = |text: &str| arena.try_alloc_try_with(|| text.parse::<u32>()).copied();
/// assert_eq!(read("7"), Ok(7));
/// assert!(matches!(read("seven"), Err(AllocOrInitError::Init(error)) if error.to_string().contains("digit")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllocOrInitError<E> {
    /// Memory could not be had; the closure did not run, or not to its end.
    Alloc(AllocError),
    /// What the closure or the iterator said.
    Init(E),
}

impl<E> AllocOrInitError<E> {
    /// The two errors of a body that reports them apart, as one.
    #[inline(always)]
    pub(crate) fn flatten<T>(result: Result<Result<T, E>, AllocError>) -> Result<T, Self> {
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(AllocOrInitError::Init(error)),
            Err(error) => Err(AllocOrInitError::Alloc(error)),
        }
    }
}

impl<E> From<AllocError> for AllocOrInitError<E> {
    fn from(error: AllocError) -> Self {
        AllocOrInitError::Alloc(error)
    }
}

impl<E: fmt::Display> fmt::Display for AllocOrInitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AllocOrInitError::Alloc(error) => error.fmt(f),
            AllocOrInitError::Init(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for AllocOrInitError<E> {}
