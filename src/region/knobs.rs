//! Knobs: what the kernel may do with a region's pages (`.region.knobs`).
//!
//! Locking, a name, huge pages on the spot. What only needs saying is [`Advice`], and goes through
//! [`Region::advise`]; what must hold from the first byte on is said before mapping, in
//! [`RegionOptions`](super::RegionOptions).

use super::Region;
use crate::error::{Call, Error};
use crate::sys::{self, Advice};
use core::ffi::CStr;
use core::ops::RangeBounds;

impl Region {
    /// Brings `range` into RAM and keeps it there: it is not swapped out, and its touches do not fault.
    ///
    /// Pages that are locked cannot be [decommitted](Self::decommit). A forked child has them unlocked. `mlock(2)`.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region; when more would be locked than RLIMIT_MEMLOCK
    /// allows (ENOMEM, or EPERM where it allows nothing); when a part has no access or no RAM is left (ENOMEM).
    ///
    /// ```
    /// let region = region::Region::new(8192)?;
    /// match region.lock(..) {
    ///     Ok(()) => assert_eq!(region.resident_bytes()?, 8192),
    ///     Err(error) => println!("{error}"),
    /// }
    /// # Ok::<(), region::Error>(())
    /// ```
    pub fn lock(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        let (at, len) = self.pages_of(range, Call::Lock)?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: `pages_of` vouches for whole pages inside the mapping that this region owns.
        unsafe { sys::lock(self.base.add(at), len) }
    }

    /// Lets `range` go out of RAM again where it was locked. `munlock(2)`.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region.
    pub fn unlock(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        let (at, len) = self.pages_of(range, Call::Unlock)?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: `pages_of` vouches for whole pages inside the mapping that this region owns.
        unsafe { sys::unlock(self.base.add(at), len) }
    }

    /// Gives the region a name in `/proc/PID/maps`, of at most 79 characters.
    ///
    /// # Errors
    /// When the kernel was built without names, or does not take this one (EINVAL), or the region is shared
    /// (EBADF).
    pub fn set_name(&self, name: &CStr) -> Result<(), Error> {
        // SAFETY: the pages are the region's.
        unsafe { sys::name(self.base, self.len, name) }
    }

    /// Makes huge pages of `range` now, whatever the setting for transparent ones says. `MADV_COLLAPSE`, Linux 6.1.
    ///
    /// Copies what is in RAM and brings in the rest, 2 MiB at a time; a range that is read or walked a lot is
    /// worth that once. It overrides the administrator's `never`, so nothing in this crate calls it by itself.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region or holds no whole aligned huge page; when the
    /// process runs with `PR_SET_THP_DISABLE` or the range was advised against (EINVAL); when the kernel finds no
    /// huge page for a part of it now (EAGAIN, ENOMEM). Parts may have been done; content never changes.
    ///
    /// ```
    /// use region::{Pages, Region};
    /// let mut table = Region::options().len(4 << 20).align(2 << 20).map()?;
    /// table.as_mut_slice().fill(1);
    /// if let Err(error) = table.collapse(..) {
    ///     println!("stays as it is: {error}");
    /// }
    /// assert!(table.as_slice().iter().all(|&byte| byte == 1));
    /// # Ok::<(), region::Error>(())
    /// ```
    pub fn collapse(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        let (at, len) = self.pages_of(range, Call::Collapse)?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: `pages_of` vouches for whole pages inside the mapping that this region owns.
        unsafe { sys::advise(self.base.add(at), len, Advice::Collapse) }
    }
}
