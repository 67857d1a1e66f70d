//! What the kernel does with a region's pages, changed after mapping: locking, a name, huge pages now, a child's copy.
//!
//! Plain advice is [`Advice`] and goes through [`Region::advise`]. What must hold from the first byte on is said before
//! mapping, in [`RegionOptions`](super::RegionOptions).

use super::Region;
use crate::error::{Call, Error};
use crate::sys::{self, Advice, AtFork, Hint};
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
    ///     Ok(()) => assert_eq!(region.resident(), 8192),
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

    /// Says what a child that is forked from now on gets of `range`. [`RegionOptions::at_fork`](super::RegionOptions)
    /// says it for the whole region, before anything is in it.
    ///
    /// # Errors
    /// When the range is not made of whole pages of this region, or the kernel cannot do it: wiping is for private
    /// regions in base pages (EINVAL).
    ///
    /// # Safety
    /// As for [`RegionOptions::at_fork`](super::RegionOptions::at_fork), of what is in the range now and later.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use region::Region;
    /// use region::mapping::AtFork;
    /// let state = Region::new(8192)?;
    /// // SAFETY: the region holds bytes, and a child that finds zeroes there begins anew.
    /// unsafe { state.set_at_fork(..4096, AtFork::Wipe)? };
    /// # Ok::<(), region::Error>(())
    /// ```
    pub unsafe fn set_at_fork(&self, range: impl RangeBounds<usize>, at_fork: AtFork) -> Result<(), Error> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.hint(range, Hint::AtFork(at_fork)) }
    }

    /// Advice, or what a child gets.
    ///
    /// # Safety
    /// As for [`set_at_fork`](Self::set_at_fork), where that is said.
    pub(crate) unsafe fn hint(&self, range: impl RangeBounds<usize>, hint: Hint) -> Result<(), Error> {
        let (at, len) = self.pages_of(range, Call::Advise)?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: `pages_of` vouches for whole pages inside the mapping that this region owns. The caller promises that
        // children rely on nothing else in them.
        unsafe { sys::hint(self.base.add(at), len, hint) }
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
    /// use region::Region;
    /// use region::mapping::Pages;
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
