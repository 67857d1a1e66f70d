//! A file shown by the kernel: the bytes of the page cache, with no copy.
//!
//! Owns the mapping and its length. It cannot keep others from changing or truncating the file, so it is made in
//! `unsafe` code only (`.region.unsafe`).
//!
//! ```text
//!  mapping (page-aligned)       + lead = the position            mapping + mapped
//!  │ bytes before the position, unseen │ content, len bytes │ zeroes, unseen │
//! ```

use crate::error::{Call, Error, Reason};
use crate::sys::{self, Access, BorrowedFd, Sharing};
use core::ptr::NonNull;

/// A private, read-only mapping of a file from a position to its end.
///
/// # Invariants
/// `mapping..mapping + mapped` is one mapping that this value owns alone, and
/// `lead + len <= mapped`. The file reached at least to `lead + len` when it was mapped.
pub(super) struct MappedFile {
    mapping: NonNull<u8>,
    mapped: usize,
    lead: usize,
    len: usize,
}

/// Where the mapping of a file must start, and how many unseen bytes that puts before `position`.
const fn page_of(position: u64, page: usize) -> (u64, usize) {
    let lead = position & (page as u64 - 1);
    (position - lead, lead as usize)
}

impl MappedFile {
    /// Maps `position..size` of a file, which must not be empty. No advice is given: on a warm page cache
    /// none paid (docs/measurements.md, "Files and input").
    ///
    /// # Safety
    /// Until the value is dropped nobody truncates the file or writes to that range.
    pub(super) unsafe fn new(fd: BorrowedFd<'_>, position: u64, size: u64) -> Result<Self, Error> {
        debug_assert!(position < size);
        let (from, lead) = page_of(position, sys::file_grain());
        let too_large = Error::new(Call::MapFile, Reason::TooLarge, usize::MAX);
        let visible = usize::try_from(size - from).map_err(|_| too_large)?;
        let mapped = sys::page_align_up(visible).ok_or(too_large)?;
        let mapping = sys::map_file(fd, from, mapped, Access::Read, Sharing::Private)?;
        Ok(MappedFile { mapping, mapped, lead, len: visible - lead })
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        // SAFETY: `lead..lead + len` lies inside the mapping (invariant), readable until `self` is dropped,
        // and whoever called `new` promised that the file keeps these bytes, unchanged, until then.
        unsafe { core::slice::from_raw_parts(self.mapping.as_ptr().add(self.lead), self.len) }
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's alone (its invariant), whole, and `drop` runs once. An error
        // loses address space and nothing else.
        let _ = unsafe { sys::unmap(self.mapping, self.mapped) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_starts_on_the_page_that_holds_the_position() {
        assert_eq!(page_of(0, 4096), (0, 0));
        assert_eq!(page_of(4095, 4096), (0, 4095));
        assert_eq!(page_of(4096, 4096), (4096, 0));
        assert_eq!(page_of((1 << 30) + 5, 65536), (1 << 30, 5));
    }
}
