//! Files and streams: open, kind, position, read, resize.
//!
//! One thin function per call. A file opened here is closed here ([`OpenFile`]); other people's
//! descriptors are only borrowed ([`Fd`]). What to do with each kind of file is
//! [`input`](crate::input)'s business.

use super::memory::{failed, failed_raw};
use super::{Fd, fault, from_rustix};
use crate::error::{Call, Error, Reason};
use core::ffi::CStr;
use rustix::fd::{BorrowedFd, RawFd};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

/// Bytes of the longest path that the system takes, its NUL included: Linux's `PATH_MAX`.
pub(crate) const PATH_MAX: usize = 4096;

/// The kinds of file that differ in how their bytes are had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file of this size, which for `/proc` and `/sys` is a lie.
    Regular(u64),
    /// A pipe or fifo: its buffer can be enlarged.
    Pipe,
    Directory,
    /// A socket, a terminal, a device, an event counter: whatever `read` makes of it.
    Other,
}

/// A file opened by this crate, closed at drop. The number is not negative.
pub(crate) struct OpenFile(RawFd);

impl OpenFile {
    /// Owns a descriptor that was just made.
    #[cfg(target_os = "linux")]
    pub(super) const fn new(fd: RawFd) -> Self {
        OpenFile(fd)
    }

    /// The descriptor, for other people's calls.
    pub(crate) fn lend(&self) -> Fd<'_> {
        Fd::borrowed(self.borrow())
    }

    pub(crate) fn borrow(&self) -> BorrowedFd<'_> {
        // Masked, which changes nothing: it tells the compiler that `borrow_raw`, which asserts that the number is
        // not -1, has nothing to assert.
        // SAFETY: the descriptor is open as long as `self`.
        unsafe { BorrowedFd::borrow_raw(self.0 & RawFd::MAX) }
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this value's alone, and not used after it.
        unsafe { rustix::io::close(self.0) }
    }
}

/// What a new file may be used for, before the process's mask: by everybody, as files of `std` are.
const MODE: Mode = Mode::from_raw_mode(0o666);

/// Opens a file for reading. `open(2)`.
///
/// The path goes to the system as it is, NUL-terminated on the stack (4 KiB of it).
pub(crate) fn open(path: &[u8]) -> Result<OpenFile, Error> {
    open_as(path, OFlags::RDONLY)
}

/// Opens a file for reading by a path that ends in a NUL already. `open(2)`.
pub(crate) fn open_terminated(path: &CStr) -> Result<OpenFile, Error> {
    open_terminated_as(path, OFlags::RDONLY)
}

fn open_as(path: &[u8], flags: OFlags) -> Result<OpenFile, Error> {
    let bad = Error::new(Call::Open, Reason::BadPath, path.len());
    let mut buffer = [0u8; PATH_MAX];
    // One byte less than the buffer holds, so that the last is left 0.
    let room = buffer.get_mut(..path.len()).filter(|_| path.len() < PATH_MAX && !path.contains(&0)).ok_or(bad)?;
    room.copy_from_slice(path);
    let path = buffer.get(..=path.len()).ok_or(bad)?;
    // SAFETY: the path holds no NUL, and the byte behind it is one that the copy left 0.
    let path = unsafe { CStr::from_bytes_with_nul_unchecked(path) };
    open_terminated_as(path, flags)
}

fn open_terminated_as(path: &CStr, flags: OFlags) -> Result<OpenFile, Error> {
    fault::may(Call::Open, 0)?;
    loop {
        // NOCTTY: reading a terminal device must not make it ours.
        match open_raw(path, flags | OFlags::CLOEXEC | OFlags::NOCTTY) {
            Ok(fd) => return Ok(OpenFile(fd)),
            // A fifo waits for its writer here, and a signal may end the wait.
            Err(errno) if errno == Errno::INTR.raw_os_error() => {}
            Err(errno) => return Err(failed_raw(Call::Open, 0, crate::error::Errno::new(errno))),
        }
    }
}

/// `open(2)` where `raw` knows the call.
#[cfg(all(
    target_os = "linux",
    not(miri),
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
fn open_raw(path: &CStr, flags: OFlags) -> Result<RawFd, i32> {
    super::raw::open(path, flags.bits() as usize, MODE.bits() as usize)
}

/// `open(2)` elsewhere.
#[cfg(not(all(
    target_os = "linux",
    not(miri),
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
)))]
fn open_raw(path: &CStr, flags: OFlags) -> Result<RawFd, i32> {
    use rustix::fd::IntoRawFd;
    match rustix::fs::open(path, flags, MODE) {
        Ok(file) => Ok(file.into_raw_fd()),
        Err(errno) => Err(errno.raw_os_error()),
    }
}

/// Makes a descriptor of the same open file that is this crate's to close. `fcntl(2)`; EBADF for a number that no open
/// file has.
#[cfg(feature = "capi")]
pub(crate) fn duplicate(fd: Fd<'_>) -> Result<OpenFile, Error> {
    fault::may(Call::Open, 0)?;
    match duplicate_raw(fd) {
        Ok(fd) => Ok(OpenFile(fd)),
        Err(errno) => Err(failed_raw(Call::Open, 0, crate::error::Errno::new(errno))),
    }
}

/// `fcntl(2)` where `raw` knows the call.
#[cfg(all(
    feature = "capi",
    target_os = "linux",
    not(miri),
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
fn duplicate_raw(fd: Fd<'_>) -> Result<RawFd, i32> {
    super::raw::duplicate(fd.as_raw())
}

/// `fcntl(2)` elsewhere.
#[cfg(all(
    feature = "capi",
    not(all(
        target_os = "linux",
        not(miri),
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
    ))
))]
fn duplicate_raw(fd: Fd<'_>) -> Result<RawFd, i32> {
    use rustix::fd::IntoRawFd;
    let Ok(borrowed) = descriptor(fd, Call::Open) else { return Err(Errno::BADF.raw_os_error()) };
    match rustix::io::fcntl_dupfd_cloexec(borrowed, 0) {
        Ok(file) => Ok(file.into_raw_fd()),
        Err(errno) => Err(errno.raw_os_error()),
    }
}

/// Opens a file for reading and writing. `open(2)`.
pub(crate) fn open_writable(path: &[u8], creation: Creation) -> Result<OpenFile, Error> {
    open_as(path, creation.flags())
}

/// Opens a file for reading and writing by a path that ends in a NUL already. `open(2)`.
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
pub(crate) fn open_writable_terminated(path: &CStr, creation: Creation) -> Result<OpenFile, Error> {
    open_terminated_as(path, creation.flags())
}

/// Whether a file must be there when it is opened for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Creation {
    /// It must.
    Existing,
    /// It is made, or made empty.
    Fresh,
}

impl Creation {
    fn flags(self) -> OFlags {
        match self {
            Creation::Existing => OFlags::RDWR,
            Creation::Fresh => OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC,
        }
    }
}

/// Sets a file's size; what is new is zero and takes no room yet. `ftruncate(2)`.
pub(crate) fn resize(fd: BorrowedFd<'_>, size: usize) -> Result<(), Error> {
    fault::may(Call::Resize, size)?;
    let wide = u64::try_from(size).map_err(|_| Error::new(Call::Resize, Reason::TooLarge, size))?;
    loop {
        match rustix::fs::ftruncate(fd, wide) {
            Err(Errno::INTR) => {}
            answer => return answer.map_err(|errno| failed(Call::Resize, size, errno)),
        }
    }
}

/// Makes the disk hold a place for the first `len` bytes of a file. `fallocate(2)`.
pub(crate) fn allocate(fd: BorrowedFd<'_>, len: usize) -> Result<(), Error> {
    fault::may(Call::Allocate, len)?;
    #[cfg(target_os = "linux")]
    {
        let answer = rustix::fs::fallocate(fd, rustix::fs::FallocateFlags::KEEP_SIZE, 0, len as u64);
        answer.map_err(|errno| failed(Call::Allocate, len, errno))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = fd;
        Err(failed(Call::Allocate, len, Errno::NOSYS))
    }
}

/// The descriptor as rustix wants it; EBADF of `call` for a number that no open file has.
pub(crate) fn descriptor<'f>(fd: Fd<'f>, call: Call) -> Result<BorrowedFd<'f>, Error> {
    match fd.as_raw() {
        ..0 => Err(Error::new(call, Reason::Os(from_rustix(Errno::BADF)), 0)),
        // SAFETY: not -1, and whoever made the `Fd` keeps it open for `'f`.
        raw => Ok(unsafe { BorrowedFd::borrow_raw(raw) }),
    }
}

/// What kind of file it is. `fstat(2)`.
pub(crate) fn kind(fd: BorrowedFd<'_>) -> Result<Kind, Error> {
    fault::may(Call::Stat, 0)?;
    let stat = rustix::fs::fstat(fd).map_err(|errno| failed(Call::Stat, 0, errno))?;
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::Regular(u64::try_from(stat.st_size).unwrap_or(0)),
        FileType::Fifo => Kind::Pipe,
        FileType::Directory => Kind::Directory,
        _ => Kind::Other,
    })
}

/// Where the descriptor stands, in bytes from the file's start. `lseek(2)`; ESPIPE for a stream.
pub(crate) fn position(fd: BorrowedFd<'_>) -> Result<u64, Error> {
    fault::may(Call::Seek, 0)?;
    rustix::fs::seek(fd, rustix::fs::SeekFrom::Current(0)).map_err(|errno| failed(Call::Seek, 0, errno))
}

/// Reads up to `room.len()` bytes to its start; 0 only at the end (or when `room` is empty). `read(2)`,
/// begun again when a signal ended it before any byte came.
pub(crate) fn read(fd: BorrowedFd<'_>, room: &mut [u8]) -> Result<usize, Error> {
    fault::may(Call::Read, room.len())?;
    loop {
        match rustix::io::read(fd, &mut *room) {
            Err(Errno::INTR) => {}
            answer => return answer.map_err(|errno| failed(Call::Read, room.len(), errno)),
        }
    }
}

/// Writes all of `bytes` to the descriptor of this number. `write(2)`, begun again after signals and short writes.
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
pub(crate) fn write(fd: core::ffi::c_int, mut bytes: &[u8]) -> Result<(), crate::error::Errno> {
    if fd < 0 {
        return Err(from_rustix(Errno::BADF));
    }
    // SAFETY: not -1. A number that is not open makes the call fail; nothing is kept beyond it.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(from_rustix(errno)),
        }
    }
    Ok(())
}

/// Asks for a pipe's buffer to hold `size` bytes. `fcntl(2)`, `F_SETPIPE_SZ`.
///
/// Best effort: EPERM above `/proc/sys/fs/pipe-max-size`, and other systems have no such call.
pub(crate) fn enlarge_pipe(fd: BorrowedFd<'_>, size: usize) {
    #[cfg(target_os = "linux")]
    {
        // Never shrink one that its owner made larger; the kernel would, where the bytes in it allow.
        if rustix::pipe::fcntl_getpipe_size(fd).is_ok_and(|now| now < size) {
            let _ = rustix::pipe::fcntl_setpipe_size(fd, size);
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (fd, size);
    }
}
