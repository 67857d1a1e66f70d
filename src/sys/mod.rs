//! The operating system: the only module that makes a system call.
//!
//! One thin function per call, through rustix's raw backend, so that no libc is needed and every other
//! room of the house speaks of bytes, pages and [`Error`]s. Nothing here owns anything: lengths are
//! tracked by [`region`](crate::region), descriptors by [`input`](crate::input).
//!
//! - `memory`: map, unmap, protect, advise, remap, sync, lock.
//! - `residency`: which pages are in RAM, and of what size.
//! - `page`: the page sizes of this machine.
//! - `fd`: a borrowed descriptor.
//! - `file`: open, kind, position, read, resize.
//! - `fault`: refusals made up for tests.
//! - `memfd`: memory with a descriptor, and its seals.
//! - `raw`: the calls and the advice numbers that rustix does not carry, or not without a way to panic.

#[cfg_attr(not(region_faults), allow(clippy::unnecessary_wraps))]
mod fault;
mod fd;
mod file;
#[cfg(target_os = "linux")]
mod memfd;
mod memory;
mod page;
mod raw;
mod residency;

#[cfg(region_faults)]
pub use fault::{FaultPlan, plan_faults, refusals};
pub use fd::Fd;
pub(crate) use file::*;
#[cfg(target_os = "linux")]
pub(crate) use memfd::*;
pub(crate) use memory::*;
pub use memory::{Access, Advice};
pub use page::page_size;
pub(crate) use page::{HUGE_PAGE, page_align_up, whole_pages};
pub use residency::PageState;
#[cfg(feature = "capi")]
pub(crate) use residency::huge_bytes;
pub(crate) use residency::{page_runs, resident_bytes};

use crate::error::{Errno, Error};

/// The names that `<errno.h>` gives to the numbers our calls return.
pub(crate) fn errno_name(errno: Errno) -> Option<&'static str> {
    use rustix::io::Errno as E;
    /// The name of a constant of rustix with its `E` back in front.
    macro_rules! names {
        ($($name:ident),*) => {
            [$((E::$name, concat!("E", stringify!($name)))),*]
        };
    }
    let names = names![
        PERM,
        NOENT,
        INTR,
        IO,
        NXIO,
        BADF,
        AGAIN,
        NOMEM,
        FAULT,
        BUSY,
        EXIST,
        NODEV,
        NOTDIR,
        ISDIR,
        INVAL,
        NFILE,
        MFILE,
        TXTBSY,
        FBIG,
        NOSPC,
        SPIPE,
        ROFS,
        PIPE,
        NAMETOOLONG,
        NOSYS,
        LOOP,
        OVERFLOW,
        CONNRESET,
        STALE
    ];
    if errno == from_rustix(E::ACCESS) {
        return Some("EACCES");
    }
    if errno == from_rustix(E::OPNOTSUPP) {
        return Some("EOPNOTSUPP");
    }
    names.iter().find(|(known, _)| from_rustix(*known) == errno).map(|(_, name)| *name)
}

/// Whether the system refused with one of these numbers. By number: names would be a search through text.
pub(crate) fn refused_with(error: &Error, known: &[rustix::io::Errno]) -> bool {
    error.errno().is_some_and(|errno| known.iter().any(|&known| from_rustix(known) == errno))
}

/// rustix's error number as ours.
fn from_rustix(errno: rustix::io::Errno) -> Errno {
    Errno::new(errno.raw_os_error())
}
