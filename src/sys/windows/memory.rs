//! Memory: addresses that are reserved, committed, protected and released.
//!
//! Lengths are whole pages. Who owns a range and how long it is, the caller knows ([`crate::region`]). Files' views are
//! in `file`, but for their end.

use super::call::*;
use crate::error::{Call, Error};
use crate::sys::{Access, Advice, AtFork, MapRequest, SMALLEST_PAGE, Sharing, fault};
use core::ffi::CStr;
use core::ptr::{NonNull, null_mut};

/// Giving RAM back takes pages away, and new ones are committed in their place, with the access that is wanted.
pub(crate) const GIVING_BACK_REMAPS: bool = true;

/// What pages may be used for.
const fn access_flags(access: Access) -> u32 {
    match access {
        Access::None => PAGE_NOACCESS,
        Access::Read => PAGE_READONLY,
        Access::ReadWrite => PAGE_READWRITE,
    }
}

/// New zeroed memory at an address of the system's choice. `VirtualAlloc`.
pub(crate) fn map(request: MapRequest) -> Result<NonNull<u8>, Error> {
    map_near(null_mut(), request)
}

/// New zeroed memory at `address` if that is free, at an address of the system's choice otherwise. `VirtualAlloc`.
///
/// What may be touched is committed, and all of it counts at once. Memory that forked children see is refused.
pub(crate) fn map_near(address: *mut u8, request: MapRequest) -> Result<NonNull<u8>, Error> {
    let MapRequest { len, huge, access, sharing, charge: _, populate: wanted } = request;
    let call = if huge.is_some() { Call::MapHuge } else { Call::Map };
    fault::may(call, len)?;
    // Large pages are never only reserved, and Windows has them of one size by this call.
    let is_large = huge.is_some_and(|huge| huge.page() == GetLargePageMinimum() && access == Access::ReadWrite);
    if sharing == Sharing::Shared || huge.is_some() != is_large {
        return Err(missing(call, len));
    }
    let mut what = MEM_RESERVE;
    if access != Access::None {
        what |= MEM_COMMIT;
    }
    if is_large {
        what |= MEM_LARGE_PAGES;
    }
    let near = |address: *mut u8| {
        // SAFETY: addresses that nothing has, of the system's choice or just these; the call fails if something is
        // there.
        NonNull::new(unsafe { VirtualAlloc(address.cast(), len, what, access_flags(access)) }.cast::<u8>())
    };
    let there = if address.is_null() { None } else { near(address) };
    let start = there.or_else(|| near(null_mut())).ok_or_else(|| failed(call, len))?;
    if wanted && access == Access::ReadWrite {
        // SAFETY: the pages were just mapped, and may be written.
        unsafe { populate(start, len) };
    }
    Ok(start)
}

/// Returns memory, or a file's view, as a whole. `VirtualFree`, `UnmapViewOfFile`.
///
/// # Safety
/// `base` is the start of a mapping of the caller's, to which nothing refers any more.
pub(crate) unsafe fn unmap(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    fault::may(Call::Unmap, len)?;
    // SAFETY: the mapping is the caller's, who gives it up. The first call refuses what is a view, and the second what
    // is none; neither takes a part of a mapping.
    let gone = unsafe {
        VirtualFree(base.as_ptr().cast(), 0, MEM_RELEASE) != 0
            || UnmapViewOfFile(base.as_ptr().cast_const().cast()) != 0
    };
    if gone { Ok(()) } else { Err(failed(Call::Unmap, len)) }
}

/// Returns a mapping when its owner is dropped.
///
/// # Safety
/// As for [`unmap`].
pub(crate) unsafe fn release(base: NonNull<u8>, len: usize, _: Sharing) {
    // SAFETY: the caller's promise, passed on.
    let released = unsafe { unmap(base, len) };
    debug_assert!(released.is_ok());
}

/// Changes what may be done with pages, and commits those that are only reserved. `VirtualAlloc`, `VirtualProtect`.
///
/// # Safety
/// The pages are the caller's mapping, and no live reference needs the access that is taken away.
pub(crate) unsafe fn protect(base: NonNull<u8>, len: usize, access: Access) -> Result<(), Error> {
    fault::may(Call::Protect, len)?;
    if len == 0 {
        return Ok(());
    }
    if access == Access::None {
        // SAFETY: the caller's promise, passed on.
        return unsafe { take_access(base, len) };
    }
    let mut before = 0;
    // SAFETY: the pages are the caller's. Those that are committed keep their content, and may be used as before or
    // more, or lose an access that nothing needs.
    unsafe {
        if VirtualAlloc(base.as_ptr().cast(), len, MEM_COMMIT, access_flags(access)).is_null()
            || VirtualProtect(base.as_ptr().cast(), len, access_flags(access), &raw mut before) == 0
        {
            return Err(failed(Call::Protect, len));
        }
    }
    Ok(())
}

/// Takes the access to pages away. Those that are only reserved have none, and cannot be protected.
///
/// # Safety
/// As for [`protect`].
unsafe fn take_access(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    let mut at = 0;
    while at < len {
        let start = base.as_ptr().wrapping_add(at);
        let (committed, run) = run_at(start, len - at).ok_or_else(|| failed(Call::Protect, len))?;
        let mut before = 0;
        // SAFETY: these are pages of the caller's, of which nothing that is live needs the access.
        if committed && unsafe { VirtualProtect(start.cast(), run, PAGE_NOACCESS, &raw mut before) } == 0 {
            return Err(failed(Call::Protect, len));
        }
        at += run;
    }
    Ok(())
}

/// Whether the pages from an address on are committed, and how many bytes are alike, at most so many. `VirtualQuery`.
pub(super) fn run_at(start: *const u8, most: usize) -> Option<(bool, usize)> {
    let mut info = core::mem::MaybeUninit::<PagesInfo>::uninit();
    // SAFETY: the call writes what it knows of these pages into a structure of this size, all of it if it succeeds. It
    // touches no page.
    let info = unsafe {
        if VirtualQuery(start.cast(), info.as_mut_ptr(), size_of::<PagesInfo>()) == 0 {
            return None;
        }
        info.assume_init()
    };
    // The run may begin before these pages and end behind them.
    Some((info.state == MEM_COMMIT, (info.start.addr() + info.len - start.addr()).min(most)))
}

/// Gives the RAM of pages back: they are decommitted, and, with an access, committed anew, as zeroes. `VirtualFree`,
/// `VirtualAlloc`.
///
/// If others took the memory in between, the pages are left without access and the call has failed.
///
/// # Safety
/// The pages are the caller's mapping, and nothing relies on their bytes, or on an access to them that is not given.
pub(crate) unsafe fn decommit(base: NonNull<u8>, len: usize, _: Sharing, access: Access) -> Result<(), Error> {
    fault::may(Call::Decommit, len)?;
    // Of no bytes the call would take the whole mapping.
    if len == 0 {
        return Ok(());
    }
    // SAFETY: the pages are the caller's, and nothing relies on what they hold.
    unsafe {
        if VirtualFree(base.as_ptr().cast(), len, MEM_DECOMMIT) == 0
            || access != Access::None
                && VirtualAlloc(base.as_ptr().cast(), len, MEM_COMMIT, access_flags(access)).is_null()
        {
            return Err(failed(Call::Decommit, len));
        }
    }
    Ok(())
}

/// Makes pages fault on any access: they are decommitted, or, of large pages, without access.
///
/// # Safety
/// The pages are the caller's mapping, and nothing relies on their bytes.
pub(crate) unsafe fn guard(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    // SAFETY: the caller's promise, passed on.
    unsafe { decommit(base, len, Sharing::Private, Access::None).or_else(|_| protect(base, len, Access::None)) }
}

/// A mapping keeps its length here, so its content has to be copied ([`is_in_parts`]).
///
/// # Safety
/// None; as on other systems.
pub(crate) unsafe fn remap(_: NonNull<u8>, _: usize, new: usize) -> Result<NonNull<u8>, Error> {
    Err(missing(Call::Remap, new))
}

/// Whether a mapping was not resized because it cannot be.
pub(crate) fn is_in_parts(_: &Error) -> bool {
    true
}

/// Brings pages in and keeps them in RAM. `VirtualLock`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn lock(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    fault::may(Call::Lock, len)?;
    // SAFETY: the pages are the caller's; locking brings them in and changes no content.
    match unsafe { VirtualLock(base.as_ptr().cast(), len) } {
        0 => Err(failed(Call::Lock, len)),
        _ => Ok(()),
    }
}

/// Lets pages go out of RAM again. `VirtualUnlock`, which refuses pages that are not locked; that is no failure.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn unlock(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    fault::may(Call::Unlock, len)?;
    // SAFETY: the pages are the caller's; unlocking lets them go out, and changes no content.
    if unsafe { VirtualUnlock(base.as_ptr().cast(), len) } == 0 {
        let refused = failed(Call::Unlock, len);
        if !refused.is(crate::error::Errno::ERROR_NOT_LOCKED) {
            return Err(refused);
        }
    }
    Ok(())
}

/// Memory has no names here.
///
/// # Safety
/// None; as on other systems.
pub(crate) unsafe fn name(_: NonNull<u8>, len: usize, _: &CStr) -> Result<(), Error> {
    Err(missing(Call::Name, len))
}

/// Only what undoes other advice, as none of that is followed here.
///
/// # Safety
/// None; as on other systems.
pub(crate) unsafe fn advise(_: NonNull<u8>, len: usize, advice: Advice) -> Result<(), Error> {
    match advice {
        Advice::Normal | Advice::NoHugePage | Advice::DoDump => Ok(()),
        Advice::Collapse => Err(missing(Call::Collapse, len)),
        _ => Err(missing(Call::Advise, len)),
    }
}

/// No process is forked here, so nothing but what is so anyway can be said of children.
///
/// # Safety
/// None; as on other systems.
pub(crate) unsafe fn at_fork(_: NonNull<u8>, len: usize, at_fork: AtFork) -> Result<(), Error> {
    match at_fork {
        AtFork::Keep => Ok(()),
        AtFork::Wipe | AtFork::Drop => Err(missing(Call::Advise, len)),
    }
}

/// Brings pages in, ahead of use, by a look at each. Whether it can, as elsewhere.
///
/// # Safety
/// The pages are the caller's, and may be read.
pub(crate) unsafe fn populate(base: NonNull<u8>, len: usize) -> bool {
    for at in (0..len).step_by(SMALLEST_PAGE) {
        // SAFETY: the byte is in a page of the caller's that may be read. What is read is not used.
        unsafe { base.add(at).read_volatile() };
    }
    true
}
