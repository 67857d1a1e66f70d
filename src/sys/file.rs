//! Files and streams: open, kind, position, read, resize.
//!
//! One thin function per call. A file opened here is closed here ([`OpenFile`]); descriptors of
//! others are only borrowed ([`Fd`]). What to do with each kind of file is decided in
//! [`input`](crate::input).

use super::memory::failed;
use super::system;
use super::system::fd::{BorrowedFd, IntoRawFd, RawFd};
use super::system::fs::{FileType, Mode, OFlags};
use super::system::io::Errno;
use super::{Fd, Kind, PATH_MAX, fault, from_system};
use crate::error::number::{EACCES, EINVAL, EIO, ENODEV, EPERM};
use crate::error::{Call, Error, Reason};
use core::ffi::CStr;
use core::mem::MaybeUninit;

/// A file opened by this crate, closed at drop. The number is not negative.
pub(crate) struct OpenFile(RawFd);

impl OpenFile {
    /// Takes over a descriptor that was just made.
    ///
    /// # Safety
    /// The number is that of an open file and not negative, and nothing else closes it.
    #[cfg(target_os = "linux")]
    pub(crate) const unsafe fn new(fd: RawFd) -> Self {
        OpenFile(fd)
    }

    /// The descriptor, for calls outside of `sys`.
    pub(crate) fn as_fd(&self) -> Fd<'_> {
        Fd::borrowed(self.borrow())
    }

    pub(crate) fn borrow(&self) -> BorrowedFd<'_> {
        // The mask changes nothing. With it the compiler knows that the number is not -1, and leaves out
        // `borrow_raw`'s assertion.
        // SAFETY: the number is not negative, and its file belongs to this value, which closes it when it is dropped
        // and not before. The borrow ends earlier.
        unsafe { BorrowedFd::borrow_raw(self.0 & RawFd::MAX) }
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        // SAFETY: the descriptor belongs to this value alone, and is not used after it.
        unsafe { system::io::close(self.0) }
    }
}

/// The access of a new file, before the process's mask: reading and writing for all users, as in `std`.
const MODE: Mode = Mode::from_raw_mode(0o666);

/// Opens a file for reading. `open(2)`.
///
/// The path goes to the system as it is, NUL-terminated on the stack (4 KiB of it).
pub(crate) fn open(path: &[u8]) -> Result<OpenFile, Error> {
    open_as(path, Call::Open, OFlags::RDONLY)
}

/// Opens a file for reading by a path that ends in a NUL already. `open(2)`.
pub(crate) fn open_terminated(path: &CStr) -> Result<OpenFile, Error> {
    open_terminated_as(path, Call::Open, OFlags::RDONLY)
}

/// As [`open`], for mapping: a fifo, which is refused then, does not wait for its writer.
pub(crate) fn open_to_map(path: &[u8]) -> Result<OpenFile, Error> {
    open_as(path, Call::Open, OFlags::RDONLY | OFlags::NONBLOCK)
}

/// As [`open_to_map`], by a path that ends in a NUL already.
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
pub(crate) fn open_terminated_to_map(path: &CStr) -> Result<OpenFile, Error> {
    open_terminated_as(path, Call::Open, OFlags::RDONLY | OFlags::NONBLOCK)
}

fn open_as(path: &[u8], call: Call, flags: OFlags) -> Result<OpenFile, Error> {
    if path.len() >= PATH_MAX || path.contains(&0) {
        return Err(Error::new(call, Reason::BadPath, path.len()));
    }
    let mut buffer = MaybeUninit::<[u8; PATH_MAX]>::uninit();
    let start = buffer.as_mut_ptr().cast::<u8>();
    // SAFETY: the path and one byte more fit into the buffer, which overlaps nothing. The path holds no NUL, and is
    // followed by one.
    let path = unsafe {
        start.copy_from_nonoverlapping(path.as_ptr(), path.len());
        start.add(path.len()).write(0);
        CStr::from_bytes_with_nul_unchecked(core::slice::from_raw_parts(start, path.len() + 1))
    };
    open_terminated_as(path, call, flags)
}

#[inline(never)]
fn open_terminated_as(path: &CStr, call: Call, flags: OFlags) -> Result<OpenFile, Error> {
    fault::may(call, 0)?;
    loop {
        // NOCTTY: opening a terminal must not make it the terminal of this process.
        match system::fs::open(path, flags | OFlags::CLOEXEC | OFlags::NOCTTY, MODE) {
            Ok(file) => return Ok(OpenFile(file.into_raw_fd())),
            // A fifo waits for its writer here, and a signal may end the wait.
            Err(Errno::INTR) => {}
            Err(errno) => return Err(failed(call, 0, errno)),
        }
    }
}

/// Makes another descriptor of the same open file, which this crate closes. `fcntl(2)`; EBADF for a number that no open
/// file has.
#[cfg(feature = "capi")]
pub(crate) fn duplicate(fd: Fd<'_>) -> Result<OpenFile, Error> {
    fault::may(Call::Open, 0)?;
    match system::io::fcntl_dupfd_cloexec(descriptor(fd, Call::Open)?, 0) {
        Ok(file) => Ok(OpenFile(file.into_raw_fd())),
        Err(errno) => Err(failed(Call::Open, 0, errno)),
    }
}

/// Opens a file for reading and writing. `open(2)`.
pub(crate) fn open_writable(path: &[u8], creation: Creation) -> Result<OpenFile, Error> {
    open_as(path, creation.call(), creation.flags())
}

/// Opens a file for reading and writing by a path that ends in a NUL already. `open(2)`.
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
pub(crate) fn open_writable_terminated(path: &CStr, creation: Creation) -> Result<OpenFile, Error> {
    open_terminated_as(path, creation.call(), creation.flags())
}

/// Whether a file must exist when it is opened for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Creation {
    /// It must exist.
    Existing,
    /// It is created, or truncated.
    Fresh,
}

impl Creation {
    fn call(self) -> Call {
        match self {
            Creation::Existing => Call::OpenWritable,
            Creation::Fresh => Call::Create,
        }
    }

    fn flags(self) -> OFlags {
        match self {
            Creation::Existing => OFlags::RDWR,
            Creation::Fresh => OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC,
        }
    }
}

/// Sets a file's size. New bytes are zero and take no disk yet. `ftruncate(2)`.
pub(crate) fn resize(fd: BorrowedFd<'_>, size: usize) -> Result<(), Error> {
    fault::may(Call::Resize, size)?;
    let wide = u64::try_from(size).map_err(|_| Error::new(Call::Resize, Reason::TooLarge, size))?;
    loop {
        match system::fs::ftruncate(fd, wide) {
            Err(Errno::INTR) => {}
            answer => return answer.map_err(|errno| failed(Call::Resize, size, errno)),
        }
    }
}

/// Sets disk blocks aside for the first `len` bytes of a file. `fallocate(2)`.
///
/// A signal ends the call, and memory file systems then undo its work. In a program with a timer, the call would never
/// succeed. So after each signal the next call asks for half as many bytes, behind those that are done.
pub(crate) fn allocate(fd: BorrowedFd<'_>, len: usize) -> Result<(), Error> {
    fault::may(Call::Allocate, len)?;
    #[cfg(target_os = "linux")]
    {
        /// Between any two signals there is time for so many bytes.
        const LEAST_STEP: usize = 64 << 10;
        let (mut had, mut step) = (0, len);
        while had < len {
            let more = step.min(len - had);
            match system::fs::fallocate(fd, system::fs::FallocateFlags::KEEP_SIZE, had as u64, more as u64) {
                Ok(()) => had += more,
                Err(Errno::INTR) => step = (more / 2).max(LEAST_STEP),
                Err(errno) => return Err(failed(Call::Allocate, len, errno)),
            }
        }
        Ok(())
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = fd;
        Err(failed(Call::Allocate, len, Errno::NOSYS))
    }
}

/// The descriptor as `system`'s type; EBADF of `call` for a number that no open file has.
pub(crate) fn descriptor<'f>(fd: Fd<'f>, call: Call) -> Result<BorrowedFd<'f>, Error> {
    match fd.as_raw() {
        ..0 => Err(Error::new(call, Reason::Os(from_system(Errno::BADF)), 0)),
        // SAFETY: the number is not -1, and the maker of the `Fd` keeps its file open for `'f`.
        raw => Ok(unsafe { BorrowedFd::borrow_raw(raw) }),
    }
}

/// What kind of file it is. `fstat(2)`.
pub(crate) fn kind(fd: BorrowedFd<'_>) -> Result<Kind, Error> {
    fault::may(Call::Stat, 0)?;
    let stat = system::fs::fstat(fd).map_err(|errno| failed(Call::Stat, 0, errno))?;
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::Regular(u64::try_from(stat.st_size).unwrap_or(0)),
        FileType::Fifo => Kind::Pipe,
        FileType::Directory => Kind::Directory,
        FileType::Socket => Kind::Socket,
        FileType::CharacterDevice => Kind::CharacterDevice,
        FileType::BlockDevice => Kind::BlockDevice,
        _ => Kind::Other,
    })
}

/// Bytes of a block device. `ioctl(2)`, `BLKGETSIZE64`: `lseek(2)` to the end would move the position of the owner.
pub(crate) fn device_size(fd: BorrowedFd<'_>) -> Result<u64, Error> {
    fault::may(Call::Stat, 0)?;
    #[cfg(target_os = "linux")]
    {
        use system::ioctl::{Getter, ioctl, opcode};
        // The request's number names a `size_t`; the kernel writes 64 bits on every processor.
        // SAFETY: the call of this number writes a `u64` into the getter, which holds one, and nothing else.
        let size = unsafe { ioctl(fd, Getter::<{ opcode::read::<usize>(0x12, 114) }, u64>::new()) };
        size.map_err(|errno| failed(Call::Stat, 0, errno))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = fd;
        Err(failed(Call::Stat, 0, Errno::NOTTY))
    }
}

/// The descriptor's position, in bytes from the file's start. `lseek(2)`; ESPIPE for a stream.
pub(crate) fn position(fd: BorrowedFd<'_>) -> Result<u64, Error> {
    fault::may(Call::Seek, 0)?;
    system::fs::seek(fd, system::fs::SeekFrom::Current(0)).map_err(|errno| failed(Call::Seek, 0, errno))
}

/// Reads up to `buffer.len()` bytes to its start; 0 only at the end (or when `buffer` is empty). `read(2)`,
/// begun again when a signal ended it before any byte came.
#[inline(never)]
pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut [MaybeUninit<u8>]) -> Result<usize, Error> {
    fault::may(Call::Read, buffer.len())?;
    loop {
        let answer = system::io::read(fd, &mut *buffer);
        #[cfg(not(region_raw))]
        let answer = answer.map(|(read, _)| read.len());
        match answer {
            Err(Errno::INTR) => {}
            answer => return answer.map_err(|errno| failed(Call::Read, buffer.len(), errno)),
        }
    }
}

/// Reads up to `buffer.len()` bytes from a place in the file, whatever the descriptor's position; 0 only at the end.
/// `pread(2)`, begun again when a signal ended it before any byte came.
#[cfg_attr(region_staticlib, allow(dead_code))]
pub(crate) fn read_at(fd: BorrowedFd<'_>, buffer: &mut [MaybeUninit<u8>], offset: u64) -> Result<usize, Error> {
    fault::may(Call::Read, buffer.len())?;
    loop {
        let answer = system::io::pread(fd, &mut *buffer, offset);
        #[cfg(not(region_raw))]
        let answer = answer.map(|(read, _)| read.len());
        match answer {
            Err(Errno::INTR) => {}
            answer => return answer.map_err(|errno| failed(Call::Read, buffer.len(), errno)),
        }
    }
}

/// Writes all of `bytes` to a descriptor; EBADF for a number that no open file has. `write(2)`, begun again after
/// signals and short writes.
#[cfg_attr(not(any(feature = "capi", region_malloc)), allow(dead_code))]
pub(crate) fn write(fd: Fd<'_>, mut bytes: &[u8]) -> Result<(), crate::error::Errno> {
    if fd.as_raw() < 0 {
        return Err(from_system(Errno::BADF));
    }
    if let Some(refused) = fault::may(Call::Write, bytes.len()).err().and_then(|refused| refused.errno()) {
        return Err(refused);
    }
    // SAFETY: the number is not negative, and the maker of the `Fd` keeps its file open for longer than this call.
    let fd = unsafe { BorrowedFd::borrow_raw(fd.as_raw()) };
    while !bytes.is_empty() {
        match system::io::write(fd, bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(from_system(errno)),
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
        // A pipe that its owner made larger must not shrink. The kernel would shrink it, if the bytes in it still fit.
        if system::pipe::fcntl_getpipe_size(fd).is_ok_and(|now| now < size) {
            let _ = system::pipe::fcntl_setpipe_size(fd, size);
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (fd, size);
    }
}

/// Whether a file that cannot be mapped may have bytes to read all the same.
///
/// ENODEV: the file system maps nothing, or not this file (`/proc`, `/sys`). EIO: some of `/proc`. EACCES: a
/// descriptor open for writing only, of which `read` then says so. EPERM: sealed, or a mount that forbids.
/// EINVAL: a file system that maps whole huge pages only. Anything else, such as ENOMEM, reading would
/// meet as well.
pub(crate) fn can_still_be_read(error: &Error) -> bool {
    super::refused_with(error, &[ENODEV, EIO, EACCES, EPERM, EINVAL])
}
