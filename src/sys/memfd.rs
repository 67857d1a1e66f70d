//! Memory with a descriptor: made, sized, sealed, asked for its seals, mapped for all.
//!
//! One thin function per call, as everywhere in `sys`. Which seals a mapping needs before it may be touched
//! is [`shared`](crate::shared)'s business.

use super::memory::{failed, failed_raw, mapped};
use super::{OpenFile, fault};
use crate::error::{Call, Error};
use core::ffi::CStr;
use core::ptr::NonNull;
use rustix::fd::{BorrowedFd, RawFd};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

/// The file system of huge-page memory, `HUGETLBFS_MAGIC` in `linux/magic.h`.
const HUGETLBFS: u32 = 0x9584_58f6;

/// What a descriptor says of itself that decides whether its memory may be mapped and touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// Its size can never become smaller (`F_SEAL_SHRINK`).
    pub shrink: bool,
    /// It lies in the huge-page pool, where a page that somebody punches out may not come back.
    pub huge: bool,
    /// Bytes, as of after the seals were read.
    pub size: u64,
}

/// Makes memory with a descriptor, closed at `exec`. `memfd_create(2)`, never executable where the kernel
/// can promise that (6.3; EINVAL before, `.back.fallback`).
pub(crate) fn memfd(name: &CStr) -> Result<OpenFile, Error> {
    fault::may(Call::MakeMemory, 0)?;
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let made = match memfd_raw(name, flags | MemfdFlags::NOEXEC_SEAL) {
        Err(errno) if errno == Errno::INVAL.raw_os_error() => memfd_raw(name, flags),
        answer => answer,
    };
    made.map(OpenFile::new).map_err(|errno| failed_raw(Call::MakeMemory, 0, crate::error::Errno::new(errno)))
}

/// `memfd_create(2)` where `raw` knows the call.
#[cfg(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
fn memfd_raw(name: &CStr, flags: MemfdFlags) -> Result<RawFd, i32> {
    super::raw::memfd(name, flags.bits() as usize)
}

/// `memfd_create(2)` elsewhere.
#[cfg(not(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
fn memfd_raw(name: &CStr, flags: MemfdFlags) -> Result<RawFd, i32> {
    use rustix::fd::IntoRawFd;
    match rustix::fs::memfd_create(name, flags) {
        Ok(file) => Ok(file.into_raw_fd()),
        Err(errno) => Err(errno.raw_os_error()),
    }
}

/// Fixes the size for ever, and the seals with it: nobody may add one that would shut later openers out.
/// `fcntl(2)`, `F_ADD_SEALS`.
pub(crate) fn seal_size(fd: BorrowedFd<'_>) -> Result<(), Error> {
    fault::may(Call::Seal, 0)?;
    rustix::fs::fcntl_add_seals(fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
        .map_err(|errno| failed(Call::Seal, 0, errno))
}

/// Reads the seals, then the size, in this order: a size that is read before its seal may still fall. `None` for
/// what has no seals (`fcntl` says EINVAL), and so is no memory. `fcntl(2)`, `fstat(2)`, `fstatfs(2)`.
pub(crate) fn sealed(fd: BorrowedFd<'_>) -> Result<Option<Sealed>, Error> {
    fault::may(Call::Seal, 0)?;
    let seals = match rustix::fs::fcntl_get_seals(fd) {
        Ok(seals) => seals,
        Err(Errno::INVAL) => return Ok(None),
        Err(errno) => return Err(failed(Call::Seal, 0, errno)),
    };
    let stat = rustix::fs::fstat(fd).map_err(|errno| failed(Call::Stat, 0, errno))?;
    let system = rustix::fs::fstatfs(fd).map_err(|errno| failed(Call::Stat, 0, errno))?;
    Ok(Some(Sealed {
        shrink: seals.contains(SealFlags::SHRINK),
        // The field's type differs between processors, and the number may come sign-extended.
        huge: system.f_type as u32 == HUGETLBFS,
        size: u64::try_from(stat.st_size).unwrap_or(0),
    }))
}

/// Maps the first `len` bytes for reading and writing, seen by everyone who maps them. `mmap(2)`; EACCES
/// for a descriptor that is not open for both, EPERM for memory that is sealed against writing.
pub(crate) fn map_shared(fd: BorrowedFd<'_>, len: usize) -> Result<NonNull<u8>, Error> {
    fault::may(Call::MapFile, len)?;
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: without MAP_FIXED the kernel picks a free range, so nothing that exists is touched. What others
    // do to the bytes is stated where they are made safe to read.
    let base = unsafe { rustix::mm::mmap(core::ptr::null_mut(), len, access, MapFlags::SHARED, fd, 0) };
    mapped(base, Call::MapFile, len)
}
