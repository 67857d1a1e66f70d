//! Memory with a descriptor: made, sized, sealed, checked for seals, mapped as shared.
//!
//! One thin function per call, as everywhere in `sys`. [`shared`](crate::shared) knows which seals a mapping needs
//! before it may be touched.

use super::memory::{failed, mapped};
use super::system;
use super::system::fd::{BorrowedFd, IntoRawFd};
use super::system::fs::{MemfdFlags, SealFlags};
use super::system::io::Errno;
use super::system::mm::{MapFlags, ProtFlags};
use super::{OpenFile, fault};
use crate::error::{Call, Error};
use core::ffi::CStr;
use core::ptr::NonNull;

/// The file system of huge-page memory, `HUGETLBFS_MAGIC` in `linux/magic.h`.
const HUGETLBFS: u32 = 0x9584_58f6;

/// The properties of a descriptor that decide whether its memory may be mapped and touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// Its size can never become smaller (`F_SEAL_SHRINK`).
    pub shrink: bool,
    /// Its bytes can never change, by no process and through no mapping (`F_SEAL_WRITE`).
    #[cfg_attr(region_staticlib, allow(dead_code))]
    pub write: bool,
    /// It lies in the huge-page pool, where a page that is punched out may not come back.
    pub huge: bool,
    /// Bytes, read after the seals.
    pub size: u64,
}

/// Makes memory with a descriptor, closed at `exec`. `memfd_create(2)`, never executable where the kernel
/// can promise that (6.3; EINVAL before).
// (`.back.fallback`)
pub(crate) fn memfd(name: &CStr) -> Result<OpenFile, Error> {
    fault::may(Call::MakeMemory, 0)?;
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let made = match system::fs::memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => system::fs::memfd_create(name, flags),
        answer => answer,
    };
    // SAFETY: the kernel just made the descriptor, and no other code knows its number.
    made.map(|file| unsafe { OpenFile::new(file.into_raw_fd()) }).map_err(|errno| failed(Call::MakeMemory, 0, errno))
}

/// Fixes the size for ever, and the seals with it: no seal can be added that would keep later processes from opening.
/// `fcntl(2)`, `F_ADD_SEALS`.
pub(crate) fn seal_size(fd: BorrowedFd<'_>) -> Result<(), Error> {
    fault::may(Call::Seal, 0)?;
    system::fs::fcntl_add_seals(fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
        .map_err(|errno| failed(Call::Seal, 0, errno))
}

/// Fixes the bytes and the size for ever, and the seals with them. `fcntl(2)`, `F_ADD_SEALS`; EBUSY while somebody has the
/// memory mapped for writing.
#[cfg_attr(region_staticlib, allow(dead_code))]
pub(crate) fn seal_content(fd: BorrowedFd<'_>) -> Result<(), Error> {
    fault::may(Call::Seal, 0)?;
    let all = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    system::fs::fcntl_add_seals(fd, all).map_err(|errno| failed(Call::Seal, 0, errno))
}

/// Reads the seals, then the size, in this order: a size that is read before its seal may still shrink. `None` for a
/// descriptor without seals (`fcntl` says EINVAL), which is no memory. `fcntl(2)`, `fstat(2)`, `fstatfs(2)`.
pub(crate) fn sealed(fd: BorrowedFd<'_>) -> Result<Option<Sealed>, Error> {
    fault::may(Call::Seal, 0)?;
    let seals = match system::fs::fcntl_get_seals(fd) {
        Ok(seals) => seals,
        Err(Errno::INVAL) => return Ok(None),
        Err(errno) => return Err(failed(Call::Seal, 0, errno)),
    };
    let stat = system::fs::fstat(fd).map_err(|errno| failed(Call::Stat, 0, errno))?;
    let system = loop {
        match system::fs::fstatfs(fd) {
            // `fstatfs` may wait for a file system, and a signal may end the wait.
            Err(Errno::INTR) => {}
            answer => break answer.map_err(|errno| failed(Call::Stat, 0, errno))?,
        }
    };
    Ok(Some(Sealed {
        shrink: seals.contains(SealFlags::SHRINK),
        write: seals.contains(SealFlags::WRITE),
        // The field's type differs between processors, and the number may be sign-extended.
        huge: system.f_type as u32 == HUGETLBFS,
        size: u64::try_from(stat.st_size).unwrap_or(0),
    }))
}

/// Maps the first `len` bytes for reading and writing, shared with all who map them. `mmap(2)`; EACCES
/// for a descriptor that is not open for both, EPERM for memory that is sealed against writing.
pub(crate) fn map_shared(fd: BorrowedFd<'_>, len: usize) -> Result<NonNull<u8>, Error> {
    fault::may(Call::MapFile, len)?;
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: without MAP_FIXED the kernel picks a free range, so nothing that exists is touched. The code that reads
    // the bytes says what others may do to them.
    let base = unsafe { system::mm::mmap(core::ptr::null_mut(), len, access, MapFlags::SHARED, fd, 0) };
    mapped(base, Call::MapFile, len)
}
