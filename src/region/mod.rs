//! Regions: mappings that own their length (`.region.owns`).
//!
//! [`Region`] is anonymous memory of this process. [`RegionOptions`] are set before it is mapped, [`Pages`] are the
//! kinds of pages, and `control` has what can be changed later. A region
//! knows its base and its length, hands out slices where its access allows, and returns exactly what it
//! mapped, once, when it is dropped. [`FileRegion`] is a file in place of anonymous memory. Regions do not hand out
//! typed values: [`Arena`](crate::Arena) does. They do not read what cannot be mapped: [`Input`](crate::Input) does.
//!
//! ```text
//!  mapping                                                         mapping + mapped
//!  │ slack, guard │ base ............................ base + len │ guard, slack │
//!  └──────────────┴── written so far, resident ──┴── no RAM ─────┴──────────────┘
//! ```

mod control;
#[cfg(unix)]
mod file;
mod options;
mod pages;
mod stats;

pub use crate::sys::{Access, Advice, AtFork, PageState};
#[cfg(unix)]
pub use file::FileRegion;
#[cfg(all(unix, feature = "capi"))]
pub(crate) use file::Use;
#[cfg(all(unix, not(region_staticlib)))]
pub(crate) use file::length;
pub use options::RegionOptions;
pub use pages::{PageRun, PageStats, Pages};
pub use stats::RegionStats;

use crate::bytes::Bytes;
use crate::error::{Call, Error, Reason};
use crate::roots;
use crate::sys::{self, Hint, Sharing};
use core::fmt;
use core::ops::{Bound, RangeBounds};
use core::ptr::NonNull;

/// Anonymous memory that owns its length: mapped zeroed, in RAM as touched, given back at drop.
///
/// *Units*: bytes; ranges given to its methods must consist of whole pages ([`page_size`](crate::page_size), or the
/// huge pages that were [granted](Self::granted)). *Alignment*: a page, or more on request. *Cost*: one `mmap` and one
/// `munmap` whatever the size; RAM comes one page at a time at first touch. *Threads*: `Send` and `Sync`, as a
/// `Box<[u8]>` is. *Systems*: a Unix and Windows. There what may be touched counts against the system's limit before it
/// is touched, and takes addresses by 64 KiB; `lock` ends when pages are given back; advice, names and what children
/// get are refused (`ERROR_NOT_SUPPORTED`). Not in WebAssembly, whose memory is neither given back nor protected:
/// zeroed memory is [`alloc_slice_zeroed`](crate::Arena::alloc_slice_zeroed) there.
///
/// ```
/// let mut region = region::Region::new(1 << 20)?;
/// assert_eq!(region.as_slice()[12_345], 0);       // the kernel's zeroes
/// region.as_mut_slice()[0] = 1;                   // one page of RAM from here on
/// assert_eq!(region.len(), 1 << 20);
/// # Ok::<(), region::Error>(())
/// ```
pub struct Region {
    // Invariants:
    // - `mapping..mapping + mapped` is one mapping that this value owns alone; `Drop` unmaps just that.
    // - `base..base + len` lies inside it, both ends at whole pages of the kind in `granted`.
    // - The first `readable` bytes from `base` may be read and the first `writable` may be written;
    //   `writable <= readable <= len`.
    // - No reference to bytes of a shared region is made here: other processes have them, too.
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
    /// `mapping..mapping + mapped` is one whole mapping that has no other owner; `base..base + len` lies
    /// inside it, page-aligned, and its first `accessible` bytes are readable and writable.
    pub(crate) unsafe fn from_mapping(
        (mapping, mapped): (NonNull<u8>, usize),
        (base, len): (NonNull<u8>, usize),
        accessible: usize,
    ) -> Self {
        debug_assert!(accessible <= len && len <= mapped);
        // Without the guards around it, which must not be read.
        roots::enter_readable(base, len);
        let (sharing, granted) = (Sharing::Private, Pages::Base);
        Region { base, len, readable: accessible, writable: accessible, mapping, mapped, sharing, granted }
    }

    /// Gives the mapping up to the caller, who must unmap it: its base and length.
    pub(crate) fn into_mapping(self) -> (NonNull<u8>, usize) {
        let parts = (self.mapping, self.mapped);
        roots::leave_readable(self.base, self.len);
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
    /// committed beginning of one that was reserved, none of a [shared](RegionOptions::shared) one.
    pub const fn as_slice(&self) -> &[u8] {
        let still = if self.is_shared() { 0 } else { self.readable };
        // SAFETY: the first `still` bytes of the mapping are readable and initialized (anonymous memory is zeroed), no
        // other process has them, and they are not written while `self` is borrowed: every write takes `&mut self`.
        unsafe { core::slice::from_raw_parts(self.base.as_ptr(), still) }
    }

    /// The bytes from the start that may be written; none of a [shared](RegionOptions::shared) region.
    pub const fn as_mut_slice(&mut self) -> &mut [u8] {
        let own = if self.is_shared() { 0 } else { self.writable };
        // SAFETY: the first `own` bytes of the mapping are writable and initialized, no other process has them, and
        // `&mut self` makes this slice the only access to them.
        unsafe { core::slice::from_raw_parts_mut(self.base.as_ptr(), own) }
    }

    /// Whether forked children have the same bytes, so that no references to them may be made here.
    const fn is_shared(&self) -> bool {
        matches!(self.sharing, Sharing::Shared)
    }

    /// Bytes from the start that may be written, if the caller knows that nothing else uses them.
    pub(crate) const fn writable(&self) -> usize {
        self.writable
    }

    /// Makes `range` readable and writable. RAM still comes at first touch.
    ///
    /// Slices reach from the start to the first byte that is not committed.
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
    /// When the range is not made of whole pages of this region, its pages are locked in RAM (EINVAL), or the region is
    /// [shared](RegionOptions::shared): there is [`decommit_shared`](Self::decommit_shared). On systems other than
    /// Linux pages that slices do not reach lose their access, until they are [committed](Self::commit) again; on Windows
    /// all of them do if other programs take the memory meanwhile, and the error says so.
    ///
    /// ```
    /// let mut region = region::Region::new(1 << 20)?;
    /// region.as_mut_slice().fill(0xff);
    /// region.decommit(..)?;
    /// assert!(region.as_slice().iter().all(|&byte| byte == 0));
    /// # Ok::<(), region::Error>(())
    /// ```
    pub fn decommit(&mut self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        if self.is_shared() {
            return Err(Error::new(Call::Decommit, Reason::Shared, self.len));
        }
        if sys::GIVING_BACK_REMAPS {
            let (at, len) = self.pages_of(range, Call::Decommit)?;
            return self.replace(at, len);
        }
        // SAFETY: no other process has the bytes, and `&mut self` proves that no slice of them is borrowed in this one.
        unsafe { self.decommit_shared(range) }
    }

    /// As [`decommit`](Self::decommit), also for a [shared](RegionOptions::shared) region, whose bytes are lost for all
    /// processes that have it.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region, or its pages are locked in RAM (EINVAL). On systems
    /// other than Linux, always for a shared region.
    ///
    /// # Safety
    /// In no process that has the region is there a reference to these bytes, or code that relies on their content.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let mut region = region::Region::options().len(1 << 20).shared().map()?;
    /// // SAFETY: no child was forked, and nothing refers to the byte.
    /// unsafe {
    ///     region.as_mut_ptr().write(7);
    ///     region.decommit_shared(..)?;
    ///     assert_eq!(region.as_ptr().read(), 0);
    /// }
    /// # Ok::<(), region::Error>(())
    /// ```
    pub unsafe fn decommit_shared(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        let (at, len) = self.pages_of(range, Call::Decommit)?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: `pages_of` vouches for whole pages inside `base..base + len`, which this region owns and which are
        // anonymous. The caller promises that nothing relies on their content.
        unsafe { sys::decommit(self.base.add(at), len, self.sharing, Access::ReadWrite) }
    }

    /// Gives RAM back on systems where new pages replace the old ones, with the access that slices of them had.
    fn replace(&mut self, at: usize, len: usize) -> Result<(), Error> {
        let (readable, writable) = (self.readable, self.writable);
        // If a call fails, pages may be left without access, so slices end before them until all is done.
        (self.readable, self.writable) = (readable.min(at), writable.min(at));
        let bounds = [0, writable, readable, self.len].map(|bound| bound.clamp(at, at + len));
        let [start, writable_end, readable_end, end] = bounds;
        for (from, to, access) in [
            (start, writable_end, Access::ReadWrite),
            (writable_end, readable_end, Access::Read),
            (readable_end, end, Access::None),
        ] {
            if from < to {
                // SAFETY: `from..to` are whole pages, as the bounds of slices are. They lie inside `base..base + len`,
                // which this region owns and which is anonymous. `&mut self` proves that no slice of them is borrowed,
                // and later slices reach only as far as the access that the pages get here.
                unsafe { sys::decommit(self.base.add(from), to - from, self.sharing, access)? };
            }
        }
        (self.readable, self.writable) = (readable, writable);
        Ok(())
    }

    /// Gives the RAM of `len` bytes from `at` back, through a shared reference.
    ///
    /// # Errors
    /// As [`decommit`](Self::decommit). Parts of a hugetlb page cannot be given back.
    ///
    /// # Safety
    /// The bytes are whole base pages inside the region that may be written, and the caller owns them: no other code,
    /// in any process that shares them, reads or writes them or holds a reference to them.
    pub(crate) unsafe fn decommit_owned(&self, at: usize, len: usize) -> Result<(), Error> {
        debug_assert!(at + len <= self.len);
        // The kernel rounds the end of such a range down to a whole huge page and calls that a success.
        if (at | len) & (self.granted.grain() - 1) != 0 {
            return Err(Error::new(Call::Decommit, Reason::BadRange, len));
        }
        // SAFETY: the caller vouches for whole anonymous pages of this region that it alone uses and that may be
        // written. Pools and arenas use no other pages.
        unsafe { sys::decommit(self.base.add(at), len, self.sharing, Access::ReadWrite) }
    }

    /// Whether forked children see this region's bytes, or copies.
    pub(crate) const fn sharing(&self) -> Sharing {
        self.sharing
    }

    /// Changes the access to `range`. Slices then reach from the start to the first byte without access.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region, or the system refuses.
    pub fn protect(&mut self, range: impl RangeBounds<usize>, access: Access) -> Result<(), Error> {
        let (at, len) = self.pages_of(range, Call::Protect)?;
        if len == 0 {
            return Ok(());
        }
        // The kernel may change a part of the range before it fails, so slices are made shorter before the call.
        let (read, write) = (access != Access::None, access == Access::ReadWrite);
        if !read {
            self.readable = self.readable.min(at);
        }
        if !write {
            self.writable = self.writable.min(at);
        }
        // SAFETY: `pages_of` vouches for whole pages inside the mapping that this region owns, and
        // `&mut self` proves that no slice of them is borrowed.
        unsafe { sys::protect(self.base.add(at), len, access)? };
        if read && at <= self.readable {
            self.readable = self.readable.max(at + len);
        }
        if write && at <= self.writable {
            self.writable = self.writable.max(at + len);
        }
        Ok(())
    }

    /// Says to the kernel how `range` is going to be used; never changes content.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region, or the kernel does not know the advice
    /// (EINVAL) or cannot follow it now.
    pub fn advise(&self, range: impl RangeBounds<usize>, advice: Advice) -> Result<(), Error> {
        // SAFETY: advice changes no content, in this process or another.
        unsafe { self.hint(range, Hint::Use(advice)) }
    }

    /// Bytes of the region that are in RAM now, by `mincore(2)`; one call per 4 MiB. All of them where the kernel does
    /// not say (some sandboxes); [`try_resident`](Self::try_resident) says so.
    pub fn resident(&self) -> usize {
        self.try_resident().unwrap_or(self.len)
    }

    /// As [`resident`](Self::resident).
    ///
    /// # Errors
    /// When the kernel refuses (ENOSYS in some sandboxes).
    pub fn try_resident(&self) -> Result<usize, Error> {
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

/// The start and the end of a range, of something `len` bytes long. They are not checked against `len`. An end that
/// would overflow is `usize::MAX`, which is larger than any length.
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
        roots::leave_readable(self.base, self.len);
        // SAFETY: the mapping is whole and belongs to this region alone (its invariant), and `drop` runs once.
        unsafe { sys::release(self.mapping, self.mapped, self.sharing) }
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
