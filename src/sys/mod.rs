//! The operating system: the only module that makes a system call.
//!
//! One thin function per call, so that no libc is needed and the other modules use bytes, pages and [`Error`]s.
//! Mappings belong to the caller, which knows their lengths ([`region`](crate::region)). A file that is opened here is
//! closed here. The same functions are there on a Unix and on Windows (`windows`).
//!
//! - `kinds`: what calls are asked for and what they say. `page`: the page sizes of this machine. `path`: what counts
//!   as a path where `std` is not there. `fault`: refusals made up for tests.
//! - `windows`: all else, there.
//!
//! On a Unix, through `system`:
//!
//! - `memory`: map, unmap, protect, give back, remap, sync, lock. `advice`: how pages are going to be used.
//! - `residency`: which pages are in RAM, and of what size.
//! - `number`: the numbers of system calls.
//! - `fd`: a borrowed descriptor.
//! - `file`: open, kind, position, read, resize.
//! - `limit`: which limit of the process refused a call.
//! - `memfd`: memory with a descriptor, and its seals.
//! - `system`: one call each, with the kernel's own types: `linux` on Linux for x86-64, aarch64 and riscv64
//!   (`region_raw` in build.rs), and rustix on other systems.
//! - `raw`: the calls and the advice numbers that rustix does not have.
//! - `trap`: the one instruction that makes them.

#[cfg(unix)]
mod advice;
#[cfg_attr(not(region_faults), allow(clippy::unnecessary_wraps))]
mod fault;
#[cfg(unix)]
mod fd;
#[cfg(unix)]
mod file;
mod kinds;
#[cfg(unix)]
mod limit;
#[cfg(region_raw)]
mod linux;
#[cfg(target_os = "linux")]
mod memfd;
#[cfg(unix)]
mod memory;
#[cfg(unix)]
mod number;
mod page;
mod path;
#[cfg(unix)]
mod raw;
#[cfg(unix)]
mod residency;
#[cfg(unix)]
mod trap;
#[cfg(windows)]
mod windows;

pub(crate) use crate::policy::{HUGE_PAGE, SMALLEST_PAGE};
#[cfg(unix)]
pub(crate) use advice::*;
#[cfg(region_faults)]
pub use fault::{FaultPlan, plan_faults, refusals};
#[cfg(unix)]
pub use fd::Fd;
#[cfg(unix)]
pub(crate) use file::*;
pub use kinds::{Access, Advice, AtFork, PageState};
pub(crate) use kinds::{Hint, HugePool, Kind, MapRequest, PATH_MAX, Sharing};
#[cfg(unix)]
pub(crate) use limit::data_is_limited;
#[cfg(target_os = "linux")]
pub(crate) use memfd::*;
#[cfg(unix)]
pub(crate) use memory::*;
pub use page::page_size;
pub(crate) use page::{address_space, file_grain, huge_page, page_align_up, sure_alignment, whole_pages};
pub use path::PathBytes;
#[cfg(all(unix, feature = "capi"))]
pub(crate) use residency::huge_bytes;
#[cfg(unix)]
pub(crate) use residency::{page_runs, resident_bytes};
/// An open descriptor, borrowed: what the calls take.
#[cfg(unix)]
pub(crate) use system::fd::BorrowedFd;
#[cfg(windows)]
pub use windows::Fd;
#[cfg(windows)]
pub(crate) use windows::*;

#[cfg(unix)]
use crate::error::Errno;
use crate::error::{Call, Error, Reason};
use core::ptr::NonNull;
#[cfg(region_raw)]
use linux as system;
#[cfg(all(unix, not(region_raw)))]
use rustix as system;

/// Whether memory that may be written counts against the system's limit before it is touched, so that much is never
/// asked for at once.
// (`.back.windows`)
pub(crate) const COUNTS_AT_ONCE: bool = cfg!(windows);

/// Whether the system refused with one of these numbers. Compares numbers: comparing names would compare text.
#[cfg(unix)]
pub(crate) fn refused_with(error: &Error, known: &[i32]) -> bool {
    error.errno().is_some_and(|errno| known.contains(&errno.raw()))
}

/// An error number of `system` as ours.
#[cfg(unix)]
fn from_system(errno: system::io::Errno) -> Errno {
    Errno::new(errno.raw_os_error())
}

/// Asks whether the system promises RAM for `len` bytes: it maps them, so that they are accounted for, and gives them
/// back untouched. A Unix without limits and strict accounting refuses what is more than all RAM and swap.
pub(crate) fn promise(len: usize) -> Result<(), Error> {
    let len = page_align_up(len).ok_or(Error::new(Call::Map, Reason::TooLarge, len))?;
    let (access, sharing) = (Access::ReadWrite, Sharing::Private);
    let asked = map(MapRequest { len, huge: None, access, sharing, charge: true, populate: false })?;
    // SAFETY: the mapping was made just now, and nobody knows of it.
    unsafe { release(asked, len, sharing) };
    Ok(())
}

/// Gives the system one of the two for pages.
///
/// # Safety
/// As for [`advise`] or [`at_fork`].
pub(crate) unsafe fn hint(base: NonNull<u8>, len: usize, hint: Hint) -> Result<(), Error> {
    // SAFETY: the caller promises what the function that is called requires.
    unsafe {
        match hint {
            Hint::Use(advice) => advise(base, len, advice),
            Hint::AtFork(choice) => at_fork(base, len, choice),
        }
    }
}

/// This process's number. `getpid(2)`, which cannot fail.
#[cfg(unix)]
pub(crate) fn process_id() -> u32 {
    system::process::getpid().as_raw_nonzero().get() as u32
}
