//! Reading, writing and closing descriptors, and the numbers of errors. One call each: callers repeat it after a
//! signal or a short result.

use super::fd::{BorrowedFd, Made, RawFd};
use super::{MaybeUninit, call};
use crate::error::number;

pub(crate) type Result<T> = core::result::Result<T, Errno>;

/// An error number of the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(i32);

/// Those that callers handle.
impl Errno {
    pub(crate) const PERM: Self = Errno(number::EPERM);
    pub(crate) const INTR: Self = Errno(number::EINTR);
    pub(crate) const BADF: Self = Errno(number::EBADF);
    pub(crate) const AGAIN: Self = Errno(number::EAGAIN);
    pub(crate) const NOMEM: Self = Errno(number::ENOMEM);
    pub(crate) const INVAL: Self = Errno(number::EINVAL);
    pub(crate) const FBIG: Self = Errno(number::EFBIG);
}

impl Errno {
    pub(super) const fn new(raw: i32) -> Self {
        Errno(raw)
    }

    pub(crate) const fn raw_os_error(self) -> i32 {
        self.0
    }
}

/// `read(2)`.
pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut [MaybeUninit<u8>]) -> Result<usize> {
    // SAFETY: the kernel writes to the slice alone, which this call borrows.
    unsafe { call(super::number::READ, [fd.argument(), buffer.as_mut_ptr().expose_provenance(), buffer.len()]) }
}

/// `pread64(2)`.
#[cfg_attr(region_staticlib, allow(dead_code))]
pub(crate) fn pread(fd: BorrowedFd<'_>, buffer: &mut [MaybeUninit<u8>], offset: u64) -> Result<usize> {
    let [start, offset] = [buffer.as_mut_ptr().expose_provenance(), offset as usize];
    // SAFETY: the kernel writes to the slice alone, which this call borrows.
    unsafe { call(super::number::PREAD, [fd.argument(), start, buffer.len(), offset]) }
}

/// `write(2)`.
pub(crate) fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize> {
    // SAFETY: the kernel reads the slice and changes no memory.
    unsafe { call(super::number::WRITE, [fd.argument(), bytes.as_ptr().expose_provenance(), bytes.len()]) }
}

/// `close(2)`. The descriptor is gone whatever the kernel answers.
///
/// # Safety
/// The descriptor belongs to the caller, and is not used afterwards.
pub(crate) unsafe fn close(fd: RawFd) {
    // SAFETY: the descriptor belongs to the caller, who gives it up; no memory changes.
    let _ = unsafe { call(super::number::CLOSE, [fd as u32 as usize]) };
}

/// `fcntl(F_DUPFD_CLOEXEC)`: another descriptor of the same open file, the least that is free from `least` on.
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
pub(crate) fn fcntl_dupfd_cloexec(fd: BorrowedFd<'_>, least: RawFd) -> Result<Made> {
    const F_DUPFD_CLOEXEC: usize = 1030;
    // SAFETY: no memory changes.
    unsafe { call(super::number::FCNTL, [fd.argument(), F_DUPFD_CLOEXEC, least as usize]) }.map(Made::new)
}
