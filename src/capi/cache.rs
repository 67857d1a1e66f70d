//! The block cache in C: what is kept of freed arenas, how much of it, and what that saved.
//!
//! The cache is the process's, so nothing here has a handle. What the cache keeps is decided in `arena::backing`.

use super::error::EINVAL;
use crate::arena::backing::{Caching, Stats, set_budget, set_caching, stats, trim};
use core::ffi::c_int;

/// What the process keeps of freed arenas, in bytes and blocks. Filled by region_cache_stats.
#[repr(C)]
pub struct region_cache_counts {
    /// Blocks that wait for an arena.
    pub kept: usize,
    /// About how many bytes of RAM they have.
    pub kept_bytes: usize,
    /// Blocks that arenas have now and that may be kept.
    pub out: usize,
    /// The most bytes of RAM that are kept.
    pub budget: usize,
    /// Bytes that arenas found in RAM, of blocks of more than 64 KiB: a page fault saved for each page.
    pub reused_bytes: usize,
    /// Bytes of RAM that went back to the system because they were not to be kept.
    pub returned_bytes: usize,
    /// For counts to come; zero.
    pub spare_: [usize; 10],
}

/// Gives the memory that is kept for new arenas back to the system.
#[unsafe(no_mangle)]
pub extern "C" fn region_trim() {
    trim();
}

/// Lets the process keep at most `bytes` bytes of RAM for new arenas: 64 MiB unless set. If that is less than before,
/// what is kept goes back at once.
#[unsafe(no_mangle)]
pub extern "C" fn region_cache_set_budget(bytes: usize) {
    set_budget(bytes);
}

/// Whether blocks of freed arenas are kept from now on; they are unless set. Without, each arena is mapped anew, and
/// returns everything when it is freed. Blocks that are kept already stay until region_trim.
#[unsafe(no_mangle)]
pub extern "C" fn region_cache_enable(on: bool) {
    set_caching(if on { Caching::On } else { Caching::Off });
}

/// What the process keeps for new arenas, in `counts`, while other threads go on.
///
/// # Safety
/// `counts` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_cache_stats(counts: *mut region_cache_counts) -> c_int {
    if counts.is_null() {
        return -EINVAL;
    }
    let Stats { kept, kept_bytes, out, budget, reused_bytes, returned_bytes } = stats();
    let counted = region_cache_counts { kept, kept_bytes, out, budget, reused_bytes, returned_bytes, spare_: [0; 10] };
    // SAFETY: the caller lets it be written.
    unsafe { counts.write(counted) };
    0
}
