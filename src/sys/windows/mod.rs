//! Windows: the same functions as on a Unix, over the calls of kernel32 (`.region.windows`).
//!
//! Memory that may be written counts against the system's limit at once, whether it was touched or not, and a
//! reservation does not. A reservation goes back as a whole, as it was made. What a Unix alone has (children that are
//! forked, advice, names) is refused with `ERROR_NOT_SUPPORTED`, and where it is only a preference, left out.
//!
//! - `memory`: reserve, commit, protect, give back, release, lock. `residency`: which pages are in RAM.
//! - `file`: open, kind, position, read, map. `handle`: a borrowed handle.
//! - `call`: the functions themselves.

mod call;
mod file;
mod handle;
mod memory;
mod residency;

pub(crate) use file::*;
pub(crate) use handle::BorrowedFd;
pub use handle::Fd;
pub(crate) use memory::*;
pub(crate) use residency::{page_runs, resident_bytes};

/// Every process may have as much as the system has.
pub(crate) fn data_is_limited() -> bool {
    false
}

/// This process's number.
pub(crate) fn process_id() -> u32 {
    call::GetCurrentProcessId()
}
