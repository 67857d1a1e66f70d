//! Regions: mappings that own their length (`.region.owns`).
//!
//! [`Region`] is anonymous memory of this process; [`RegionOptions`] says what it should be like, and [`Pages`]
//! what it is made of; `knobs` are what can be said to the kernel later. A region
//! knows its base and its length, hands out slices where its access allows, and returns exactly what it
//! mapped, once, when it is dropped. [`FileRegion`] is a file in place of anonymous memory. What regions do not do:
//! hand out parts of themselves as typed values (that is [`Arena`](crate::Arena)'s business), or read what cannot
//! be mapped (that is [`Input`](crate::Input)'s).
//!
//! ```text
//!  mapping                                                         mapping + mapped
//!  │ slack, guard │ base ............................ base + len │ guard, slack │
//!  └──────────────┴── written so far, resident ──┴── no RAM ─────┴──────────────┘
//! ```

mod file;
mod knobs;
mod options;
mod pages;

pub use crate::sys::{Access, Advice, PageState};
pub use file::FileRegion;
#[cfg(feature = "capi")]
pub(crate) use file::Use;
pub use options::{AtFork, RegionOptions};
pub use pages::{PageFigures, PageRun, Pages};

use crate::bytes::Bytes;
use crate::error::{Call, Error, Reason};
use crate::report::Report;
use crate::sys::{self, Sharing};
use core::fmt;
use core::ops::{Bound, RangeBounds};
use core::ptr::NonNull;

/// Anonymous memory that owns its length: mapped zeroed, in RAM as touched, given back at drop.
///
/// *Units*: bytes; ranges given to its methods must consist of whole pages ([`page_size`](crate::page_size), or
/// the huge pages that were [granted](Self::granted)).
/// *Alignment*: a page, or more on request. *Cost*: one `mmap` and one `munmap` whatever the size; RAM
/// comes one page at a time at first touch. *Threads*: `Send` and `Sync`, as a `Box<[u8]>` is.
///
/// # Invariants
/// - `mapping..mapping + mapped` is one mapping that this value owns alone; `Drop` unmaps just that.
/// - `base..base + len` lies inside it, both ends at whole pages of the kind in `granted`.
/// - The first `readable` bytes from `base` may be read and the first `writable` may be written;
///   `writable <= readable <= len`.
///
/// ```
/// let mut region = region::Region::new(1 << 20)?;
/// assert_eq!(region.as_slice()[12_345], 0);       // the kernel's zeroes
/// region.as_mut_slice()[0] = 1;                   // one page of RAM from here on
/// assert_eq!(region.len(), 1 << 20);
/// # Ok::<(), region::Error>(())
/// ```
pub struct Region {
    base: NonNull<u8>,
    len: usize,
    readable: usize,
    writable: usize,
    mapping: NonNull<u8>,
    mapped: usize,
    sharing: Sharing,
    granted: Pages,
}

// SAFETY: a region owns its bytes as a `Box<[u8]>` does; no state is tied to the thread that made it.
unsafe impl Send for Region {}
// SAFETY: through a shared reference the bytes can only be read, and every change takes `&mut self`.
unsafe impl Sync for Region {}

impl Region {
    /// Maps `len` bytes, rounded up to whole pages, readable and writable.
    ///
    /// # Errors
    /// When `len` is 0 or exceeds `isize::MAX`, or when the system refuses.
    pub fn new(len: usize) -> Result<Self, Error> {
        Self::options().len(len).map()
    }

    /// Reserves `len` bytes of address space that take no RAM and fault on any touch until
    /// [`commit`](Self::commit)ted.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let mut far = region::Region::reserve(1 << 36)?;           // 64 GiB of addresses
    /// assert_eq!(far.as_slice().len(), 0);                       // none of it readable yet
    /// far.commit(..1 << 16)?;
    /// far.as_mut_slice()[65_535] = 7;
    /// # Ok::<(), region::Error>(())
    /// ```
    pub fn reserve(len: usize) -> Result<Self, Error> {
        Self::options().len(len).reserve_only().map()
    }

    /// Begins a region with options: alignment, populated, huge pages, guard pages, a name.
    pub const fn options<'n>() -> RegionOptions<'n> {
        RegionOptions::new()
    }

    /// Takes over a mapping.
    ///
    /// # Safety
    /// `mapping..mapping + mapped` is one whole mapping that nobody else owns; `base..base + len` lies
    /// inside it, page-aligned, and its first `accessible` bytes are readable and writable.
    pub(crate) unsafe fn from_mapping(
        (mapping, mapped): (NonNull<u8>, usize),
        (base, len): (NonNull<u8>, usize),
        accessible: usize,
    ) -> Self {
        debug_assert!(accessible <= len && len <= mapped);
        let (sharing, granted) = (Sharing::Private, Pages::Base);
        Region { base, len, readable: accessible, writable: accessible, mapping, mapped, sharing, granted }
    }

    /// Gives the mapping up to the caller, who must unmap it: its base and length.
    pub(crate) fn into_mapping(self) -> (NonNull<u8>, usize) {
        let parts = (self.mapping, self.mapped);
        core::mem::forget(self);
        parts
    }

    /// Bytes of the region: what was asked for, rounded up to whole pages.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Always false: a region holds at least one page. Here because `len` is.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first byte. Valid for `len()` bytes as far as access allows, until the region is dropped.
    pub const fn as_ptr(&self) -> *const u8 {
        self.base.as_ptr()
    }

    /// The first byte, for writing.
    pub const fn as_mut_ptr(&mut self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// The bytes from the start that may be read: all of a region that was mapped with access, the
    /// committed beginning of one that was reserved.
    pub const fn as_slice(&self) -> &[u8] {
        // SAFETY: the first `readable` bytes of the mapping are readable and initialized (anonymous memory
        // is zeroed), and nobody writes them while `self` is borrowed: every write takes `&mut self`.
        unsafe { core::slice::from_raw_parts(self.base.as_ptr(), self.readable) }
    }

    /// The bytes from the start that may be written.
    pub const fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: the first `writable` bytes of the mapping are writable and initialized, and `&mut self`
        // makes this the only way to them.
        unsafe { core::slice::from_raw_parts_mut(self.base.as_ptr(), self.writable) }
    }

    /// Makes `range` readable and writable. RAM still comes at first touch.
    ///
    /// Slices reach as far as what was committed from the start on without a hole.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region, or the system refuses (ENOMEM under
    /// `RLIMIT_DATA` or strict overcommit). Nothing has changed then.
    pub fn commit(&mut self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        self.protect(range, Access::ReadWrite)
    }

    /// Gives the RAM of `range` back to the system at once; its bytes are zero at the next touch.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region, or its pages are locked in RAM (EINVAL).
    ///
    /// ```
    /// let mut region = region::Region::new(1 << 20)?;
    /// region.as_mut_slice().fill(0xff);
    /// region.decommit(..)?;
    /// assert!(region.as_slice().iter().all(|&byte| byte == 0));
    /// # Ok::<(), region::Error>(())
    /// ```
    pub fn decommit(&mut self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        let (at, len) = self.pages_of(range, Call::Advise)?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: `pages_of` vouches for whole pages inside `base..base + len`, which this region owns,
        // anonymous; `&mut self` proves that nobody holds a slice of them.
        unsafe { sys::decommit(self.base.add(at), len, self.sharing) }
    }

    /// Gives the RAM of `len` bytes from `at` back, through a shared reference.
    ///
    /// # Errors
    /// As [`decommit`](Self::decommit): parts of a huge page that was set aside stay.
    ///
    /// # Safety
    /// The bytes are whole base pages inside the region, and the caller owns them: nobody else, in any process
    /// that shares them, reads or writes them or holds a reference to them.
    pub(crate) unsafe fn decommit_owned(&self, at: usize, len: usize) -> Result<(), Error> {
        debug_assert!(at + len <= self.len);
        // The kernel rounds the end of such a range down to a whole huge page and calls that a success.
        if (at | len) & (self.granted.grain() - 1) != 0 {
            return Err(Error::new(Call::Advise, Reason::BadRange, len));
        }
        // SAFETY: the caller vouches for whole pages of this region's, anonymous, that are its alone.
        unsafe { sys::decommit(self.base.add(at), len, self.sharing) }
    }

    /// Whether forked children see this region's bytes, or copies.
    pub(crate) const fn sharing(&self) -> Sharing {
        self.sharing
    }

    /// Sets what may be done with `range`. Slices shrink to what is left accessible from the start.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region, or the system refuses.
    pub fn protect(&mut self, range: impl RangeBounds<usize>, access: Access) -> Result<(), Error> {
        let (at, len) = self.pages_of(range, Call::Protect)?;
        if len == 0 {
            return Ok(());
        }
        // The kernel may change a part of the range before it refuses, so what is about to lose access
        // is given up first.
        let (read, write) = (access != Access::None, access == Access::ReadWrite);
        if !read {
            self.readable = self.readable.min(at);
        }
        if !write {
            self.writable = self.writable.min(at);
        }
        // SAFETY: `pages_of` vouches for whole pages inside the mapping that this region owns, and
        // `&mut self` proves that nobody holds a slice of them.
        unsafe { sys::protect(self.base.add(at), len, access)? };
        if read && at <= self.readable {
            self.readable = self.readable.max(at + len);
        }
        if write && at <= self.writable {
            self.writable = self.writable.max(at + len);
        }
        Ok(())
    }

    /// Tells the kernel how `range` is going to be used; never changes content.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region, or the kernel does not know the advice
    /// (EINVAL) or cannot follow it now.
    pub fn advise(&self, range: impl RangeBounds<usize>, advice: Advice) -> Result<(), Error> {
        let (at, len) = self.pages_of(range, Call::Advise)?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: `pages_of` vouches for whole pages inside the mapping that this region owns.
        unsafe { sys::advise(self.base.add(at), len, advice) }
    }

    /// Bytes of the region that are in RAM now, by `mincore(2)`; one call per 4 MiB.
    ///
    /// # Errors
    /// When the kernel refuses (ENOSYS in some sandboxes).
    pub fn resident_bytes(&self) -> Result<usize, Error> {
        sys::resident_bytes(self.base, self.len)
    }

    /// The range as an offset and a length in bytes, if it consists of whole pages of this region.
    fn pages_of(&self, range: impl RangeBounds<usize>, call: Call) -> Result<(usize, usize), Error> {
        let bad = |size| Error::new(call, Reason::BadRange, size);
        let (start, end) = bounds(range, self.len);
        let mask = self.granted.grain() - 1;
        if start > end || end > self.len || (start | end) & mask != 0 {
            return Err(bad(end.saturating_sub(start)));
        }
        Ok((start, end - start))
    }
}

/// A range of something `len` bytes long as its first byte and the one behind its last, not checked against `len`. What
/// would lie behind the last address is the last, which nothing reaches.
fn bounds(range: impl RangeBounds<usize>, len: usize) -> (usize, usize) {
    let start = match range.start_bound() {
        Bound::Included(&at) => at,
        Bound::Excluded(&at) => at.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&at) => at.saturating_add(1),
        Bound::Excluded(&at) => at,
        Bound::Unbounded => len,
    };
    (start, end)
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the mapping is this region's alone (its invariant), whole, and `drop` runs once.
        unsafe { sys::release(self.mapping, self.mapped, self.sharing) }
    }
}

/// All figures, a line each.
impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut report = Report::new(f, format_args!("region of {} at {:p}", Bytes(self.len), self.base))?;
        report.part("readable", self.readable, self.len)?;
        report.part("writable", self.writable, self.len)?;
        match self.page_figures(..) {
            Ok(figures) => {
                report.part("resident", figures.resident(), self.len)?;
                report.part("huge", figures.huge, self.len)
            }
            Err(error) => report.line("resident", format_args!("unknown: {error}")),
        }
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region")
            .field("base", &self.base)
            .field("len", &format_args!("{}", Bytes(self.len)))
            .field("readable", &format_args!("{}", Bytes(self.readable)))
            .field("writable", &format_args!("{}", Bytes(self.writable)))
            .finish()
    }
}
