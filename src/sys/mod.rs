//! The operating system: the only module that makes a system call.
//!
//! One thin function per call, through `system`, so that no libc is needed and the other modules
//! use bytes, pages and [`Error`]s. Mappings belong to the caller, which knows their lengths
//! ([`region`](crate::region)). A file that is opened here is closed here (`file`).
//!
//! - `memory`: map, unmap, protect, give back, remap, sync, lock. `advice`: how pages are going to be used.
//! - `residency`: which pages are in RAM, and of what size.
//! - `number`: the numbers of system calls.
//! - `page`: the page sizes of this machine.
//! - `path`: what counts as a path where `std` is not there.
//! - `fd`: a borrowed descriptor.
//! - `file`: open, kind, position, read, resize.
//! - `limit`: which limit of the process refused a call.
//! - `fault`: refusals made up for tests.
//! - `memfd`: memory with a descriptor, and its seals.
//! - `system`: one call each, with the kernel's own types: `linux` on Linux for x86-64, aarch64 and riscv64
//!   (`region_raw` in build.rs), and rustix on other systems.
//! - `raw`: the calls and the advice numbers that rustix does not have.
//! - `trap`: the one instruction that makes them.

mod advice;
#[cfg_attr(not(region_faults), allow(clippy::unnecessary_wraps))]
mod fault;
mod fd;
mod file;
mod limit;
#[cfg(region_raw)]
mod linux;
#[cfg(target_os = "linux")]
mod memfd;
mod memory;
mod number;
mod page;
mod path;
mod raw;
mod residency;
mod trap;

pub(crate) use crate::policy::{HUGE_PAGE, SMALLEST_PAGE};
pub(crate) use advice::*;
pub use advice::{Advice, AtFork};
#[cfg(region_faults)]
pub use fault::{FaultPlan, plan_faults, refusals};
pub use fd::Fd;
pub(crate) use file::*;
pub(crate) use limit::data_is_limited;
#[cfg(target_os = "linux")]
pub(crate) use memfd::*;
pub use memory::Access;
pub(crate) use memory::*;
pub use page::page_size;
pub(crate) use page::{address_space, page_align_up, sure_alignment, whole_pages};
pub use path::PathBytes;
pub use residency::PageState;
#[cfg(feature = "capi")]
pub(crate) use residency::huge_bytes;
pub(crate) use residency::{page_runs, resident_bytes};
/// An open descriptor, borrowed: what the calls take.
pub(crate) use system::fd::BorrowedFd;

use crate::error::{Errno, Error};
#[cfg(region_raw)]
use linux as system;
#[cfg(not(region_raw))]
use rustix as system;

/// Whether the system refused with one of these numbers. Compares numbers: comparing names would compare text.
pub(crate) fn refused_with(error: &Error, known: &[i32]) -> bool {
    error.errno().is_some_and(|errno| known.contains(&errno.raw()))
}

/// An error number of `system` as ours.
fn from_system(errno: system::io::Errno) -> Errno {
    Errno::new(errno.raw_os_error())
}

/// This process's number. `getpid(2)`, which cannot fail.
pub(crate) fn process_id() -> u32 {
    system::process::getpid().as_raw_nonzero().get() as u32
}
