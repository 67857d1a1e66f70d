//! Mapping, protecting, giving back: the memory calls, one function each. Those that only advise are in `advice`.
//!
//! Each function returns an [`Error`] that knows the call and the size. Lengths are whole pages. Who owns
//! a mapping and how long it is, the caller knows ([`crate::region`]).

#[cfg(target_os = "linux")]
use super::HugePool;
use super::system;
use super::system::fd::BorrowedFd;
#[cfg(target_os = "linux")]
use super::system::mm::MremapFlags;
use super::system::mm::{MapFlags, MprotectFlags, MsyncFlags, ProtFlags};
use super::{Access, MapRequest, Sharing, fault, from_system, raw};
use crate::error::{Call, Errno, Error, Reason, number};
use crate::sync::kernel;
use core::ffi::{CStr, c_void};
use core::ptr::NonNull;

impl Access {
    const fn map_flags(self) -> ProtFlags {
        match self {
            Access::None => ProtFlags::empty(),
            Access::Read => ProtFlags::READ,
            Access::ReadWrite => ProtFlags::READ.union(ProtFlags::WRITE),
        }
    }

    const fn protect_flags(self) -> MprotectFlags {
        match self {
            Access::None => MprotectFlags::empty(),
            Access::Read => MprotectFlags::READ,
            Access::ReadWrite => MprotectFlags::READ.union(MprotectFlags::WRITE),
        }
    }
}

/// An error of `call` on `size` bytes, from an error number of `system`.
pub(super) fn failed(call: Call, size: usize, errno: system::io::Errno) -> Error {
    failed_raw(call, size, from_system(errno))
}

pub(super) fn failed_raw(call: Call, size: usize, errno: Errno) -> Error {
    failed_for(call, size, size, errno)
}

/// As [`failed_raw`], of a call that needed `more` bytes beyond what the process had.
fn failed_for(call: Call, size: usize, more: usize, errno: Errno) -> Error {
    Error::new(call, Reason::Os(errno), size).limited_by(|| super::limit::refusing(call, more, errno))
}

/// The address that the kernel gave. It is never null: the kernel maps at 0 only when asked for that address.
pub(super) fn mapped(base: system::io::Result<*mut c_void>, call: Call, size: usize) -> Result<NonNull<u8>, Error> {
    let base = base.map_err(|errno| failed(call, size, errno))?;
    kernel::mapped();
    NonNull::new(base.cast::<u8>()).ok_or(Error::new(call, Reason::TooLarge, size))
}

/// Maps new zeroed memory at an address of the kernel's choice. `mmap(2)`.
pub(crate) fn map(request: MapRequest) -> Result<NonNull<u8>, Error> {
    map_near(core::ptr::null_mut(), request)
}

/// Maps new zeroed memory at `address` if that is free and the kernel follows the hint, at an address of its choice
/// otherwise. `mmap(2)`.
pub(crate) fn map_near(address: *mut u8, request: MapRequest) -> Result<NonNull<u8>, Error> {
    map_with(address, request, MapFlags::empty())
}

/// Maps new zeroed memory at just this address, or fails with EEXIST if something is there. `mmap(2)` with
/// `MAP_FIXED_NOREPLACE`; kernels and systems without it take the address as a hint.
#[cfg_attr(region_staticlib, allow(dead_code))]
pub(crate) fn map_at(address: *mut u8, request: MapRequest) -> Result<NonNull<u8>, Error> {
    #[cfg(all(target_os = "linux", not(miri)))]
    let flags = MapFlags::FIXED_NOREPLACE;
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let flags = MapFlags::empty();
    let start = map_with(address, request, flags)?;
    if start.as_ptr() == address {
        return Ok(start);
    }
    // SAFETY: the mapping was made just now, and nobody knows of it.
    unsafe { release(start, request.len, request.sharing) };
    Err(failed_raw(Call::Map, request.len, Errno::EEXIST))
}

/// As [`map_near`], with `more` flags, none of which lets a mapping be replaced.
fn map_with(address: *mut u8, request: MapRequest, more: MapFlags) -> Result<NonNull<u8>, Error> {
    let MapRequest { len, huge, access, sharing, charge, populate } = request;
    let call = if huge.is_some() { Call::MapHuge } else { Call::Map };
    fault::may(call, len)?;
    let mut flags = match sharing {
        Sharing::Private => MapFlags::PRIVATE,
        Sharing::Shared => MapFlags::SHARED,
    } | more;
    // Miri knows neither flag; both change cost only.
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        // Without a reservation a touch ends the process (SIGBUS) when the pool is empty. With one the call here fails.
        flags.set(MapFlags::NORESERVE, !charge && huge.is_none());
        flags.set(MapFlags::POPULATE, populate);
        flags |= match huge {
            None => MapFlags::empty(),
            Some(HugePool::Mega2) => MapFlags::HUGETLB | MapFlags::HUGE_2MB,
            Some(HugePool::Giga1) => MapFlags::HUGETLB | MapFlags::HUGE_1GB,
        };
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    if huge.is_some() {
        return Err(failed(call, len, system::io::Errno::INVAL));
    }
    let _ = (charge, populate, &mut flags);
    // SAFETY: without MAP_FIXED the kernel picks a free range, wherever the hint leads, so nothing that exists is
    // touched.
    let base = unsafe { system::mm::mmap_anonymous(address.cast(), len, access.map_flags(), flags) };
    mapped(base, call, len)
}

/// Maps `len` bytes of a file from `offset` (a multiple of the page size). `mmap(2)`.
pub(crate) fn map_file(
    fd: BorrowedFd<'_>,
    offset: u64,
    len: usize,
    access: Access,
    sharing: Sharing,
) -> Result<NonNull<u8>, Error> {
    let flags = match sharing {
        Sharing::Private => MapFlags::PRIVATE,
        Sharing::Shared => MapFlags::SHARED,
    };
    fault::may(Call::MapFile, len)?;
    // SAFETY: without MAP_FIXED the kernel picks a free range, so nothing that exists is touched. The code that reads
    // the mapping says what the file's owner may do to the bytes later.
    let base = unsafe { system::mm::mmap(core::ptr::null_mut(), len, access.map_flags(), flags, fd, offset) };
    mapped(base, Call::MapFile, len)
}

/// Maps a file's first `len` bytes privately over what is there. `mmap(2)` with `MAP_FIXED`. If it fails, the old pages may
/// be gone, and something else may be mapped at their addresses.
///
/// # Safety
/// The pages are the caller's mapping, and nothing refers to them, also not after a failure.
#[cfg_attr(region_staticlib, allow(dead_code))]
pub(crate) unsafe fn map_file_over(
    base: NonNull<u8>,
    len: usize,
    fd: BorrowedFd<'_>,
    access: Access,
) -> Result<(), Error> {
    fault::may(Call::MapFile, len)?;
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: the pages that are replaced are the caller's, and nothing refers to them.
    let base = unsafe { system::mm::mmap(base.as_ptr().cast(), len, access.map_flags(), flags, fd, 0) };
    mapped(base, Call::MapFile, len).map(|_| ())
}

/// Maps new zeroed memory over what is there, without a promise of RAM. `mmap(2)` with `MAP_FIXED`. If it fails, the old
/// pages may be gone, and something else may be mapped at their addresses.
///
/// # Safety
/// The pages are the caller's mapping, and nothing refers to them, also not after a failure.
#[cfg_attr(region_staticlib, allow(dead_code))]
pub(crate) unsafe fn map_over(base: NonNull<u8>, len: usize, access: Access) -> Result<(), Error> {
    fault::may(Call::Map, len)?;
    #[cfg(all(target_os = "linux", not(miri)))]
    let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: the pages that are replaced are the caller's, and nothing refers to them.
    let base = unsafe { system::mm::mmap_anonymous(base.as_ptr().cast(), len, access.map_flags(), flags) };
    mapped(base, Call::Map, len).map(|_| ())
}

/// Returns a mapping. `munmap(2)`.
///
/// # Safety
/// `base..base + len` is one whole mapping of the caller's, or the end of one (another part would have to be
/// split off, which the kernel may refuse), and nothing refers into it any more.
pub(crate) unsafe fn unmap(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    fault::may(Call::Unmap, len)?;
    kernel::unmaps();
    // SAFETY: the range is a whole mapping of the caller's or the end of one, so no other memory is unmapped, and
    // nothing refers into it any more.
    unsafe { system::mm::munmap(base.as_ptr().cast(), len) }.map_err(|errno| failed(Call::Unmap, len, errno))
}

/// Returns a mapping when its owner is dropped, or what can be returned of it. Where the kernel merged it with
/// its neighbours and the map is full, it cannot be split off again (ENOMEM). Then its RAM still goes back, and only
/// the addresses stay taken. RAM of shared memory stays, as other processes may still use the bytes.
///
/// # Safety
/// `base..base + len` is one whole mapping of the caller's, and nothing refers into it any more.
pub(crate) unsafe fn release(base: NonNull<u8>, len: usize, sharing: Sharing) {
    // SAFETY: the mapping is whole and the caller's, who gives it up, so neither its bytes nor its access are relied
    // on.
    unsafe {
        if unmap(base, len).is_err() && sharing == Sharing::Private {
            let _ = decommit(base, len, sharing, Access::None);
        }
    }
}

/// Changes what may be done with pages. `mprotect(2)`.
///
/// # Safety
/// The pages are the caller's mapping, and no live reference needs the access that is taken away.
pub(crate) unsafe fn protect(base: NonNull<u8>, len: usize, access: Access) -> Result<(), Error> {
    fault::may(Call::Protect, len)?;
    // SAFETY: the pages are the caller's mapping, and nothing that is live needs the access that they lose.
    unsafe { system::mm::mprotect(base.as_ptr().cast(), len, access.protect_flags()) }
        .map_err(|errno| failed(Call::Protect, len, errno))
}

/// Grows or shrinks a mapping, moving it if need be. `mremap(2)`.
///
/// # Safety
/// `base..base + old` is one whole mapping of the caller's, and nothing refers into it: it may move.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn remap(base: NonNull<u8>, old: usize, new: usize) -> Result<NonNull<u8>, Error> {
    fault::may(Call::Remap, new)?;
    kernel::unmaps();
    // SAFETY: the range is one whole mapping of the caller's, to which nothing refers, so the kernel may move it.
    let base = unsafe { system::mm::mremap(base.as_ptr().cast(), old, new, MremapFlags::MAYMOVE) };
    match base {
        Err(errno) => Err(failed_for(Call::Remap, new, new.saturating_sub(old), from_system(errno))),
        base => mapped(base, Call::Remap, new),
    }
}

/// Grows or shrinks a mapping by copying it: systems other than Linux cannot resize one.
///
/// # Safety
/// `base..base + old` is one whole private, anonymous, writable mapping of the caller's, and nothing refers
/// into it: it moves.
#[cfg(not(target_os = "linux"))]
pub(crate) unsafe fn remap(base: NonNull<u8>, old: usize, new: usize) -> Result<NonNull<u8>, Error> {
    fault::may(Call::Remap, new)?;
    let request = MapRequest {
        len: new,
        huge: None,
        access: Access::ReadWrite,
        sharing: Sharing::Private,
        charge: true,
        populate: false,
    };
    let to = map(request)?;
    // SAFETY: both are mapped and at least this long. They are distinct, as the kernel has just chosen the second. The
    // caller gives up the whole of the first.
    unsafe {
        base.copy_to_nonoverlapping(to, old.min(new));
        unmap(base, old)?;
    }
    Ok(to)
}

/// Grows or shrinks a shared mapping of a file, moving it if need be. `mremap(2)`, which takes one entry of the
/// kernel's map. For a mapping that advice has split the answer is EFAULT, and on systems other than Linux it always
/// is. The file can be mapped anew then.
///
/// # Safety
/// As for [`remap`].
pub(crate) unsafe fn remap_file(base: NonNull<u8>, old: usize, new: usize) -> Result<NonNull<u8>, Error> {
    #[cfg(target_os = "linux")]
    // SAFETY: the caller promises what `remap` requires: one whole mapping, to which nothing refers.
    return unsafe { remap(base, old, new) };
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (base, old);
        Err(failed(Call::Remap, new, system::io::Errno::FAULT))
    }
}

/// Whether a mapping was not resized because it is several entries of the kernel's map.
pub(crate) fn is_in_parts(error: &Error) -> bool {
    super::refused_with(error, &[number::EFAULT])
}

/// Writes modified pages of a shared file mapping back. `msync(2)`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn sync(base: NonNull<u8>, len: usize, wait: bool) -> Result<(), Error> {
    fault::may(Call::Sync, len)?;
    let flags = if wait { MsyncFlags::SYNC } else { MsyncFlags::ASYNC };
    loop {
        // SAFETY: the pages are the caller's mapping, and writing back changes no content.
        match unsafe { system::mm::msync(base.as_ptr().cast(), len, flags) } {
            // On file systems over a network or in a process, a signal can end the wait.
            Err(system::io::Errno::INTR) => {}
            answer => return answer.map_err(|errno| failed(Call::Sync, len, errno)),
        }
    }
}

/// Whether giving RAM back maps new pages over the old ones: on systems where advice is only a hint and bytes may stay.
pub(crate) const GIVING_BACK_REMAPS: bool = cfg!(not(any(target_os = "linux", target_os = "android")));

/// Gives the RAM of anonymous pages back; they read as zeroes afterwards. `MADV_DONTNEED` on private ones;
/// `MADV_REMOVE` on shared ones, whose bytes DONTNEED would keep.
///
/// Systems other than Linux promise nothing of their advice. There new pages are mapped over private ones
/// (`MAP_FIXED`), with the given access, and shared ones are refused. If mapping fails, the pages may be left without
/// access.
///
/// # Safety
/// The pages are the caller's mapping, anonymous and not locked. Nothing relies on their bytes, in no process if they
/// are shared. `access` is what may be done with all of them, or nothing relies on that either.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) unsafe fn decommit(base: NonNull<u8>, len: usize, sharing: Sharing, _access: Access) -> Result<(), Error> {
    fault::may(Call::Decommit, len)?;
    let advice = match sharing {
        Sharing::Private => system::mm::Advice::LinuxDontNeed,
        Sharing::Shared => system::mm::Advice::LinuxRemove,
    };
    // SAFETY: both kinds of advice take the content of these pages and nothing else. The caller vouches that they
    // are its own and that nothing relies on what they hold.
    unsafe { system::mm::madvise(base.as_ptr().cast(), len, advice) }
        .map_err(|errno| failed(Call::Decommit, len, errno))
}

/// As on Linux, by mapping new pages over the old ones.
///
/// # Safety
/// As on Linux.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) unsafe fn decommit(base: NonNull<u8>, len: usize, sharing: Sharing, access: Access) -> Result<(), Error> {
    fault::may(Call::Decommit, len)?;
    if sharing == Sharing::Shared {
        return Err(failed(Call::Decommit, len, system::io::Errno::INVAL));
    }
    // SAFETY: the range is the caller's mapping, and nothing relies on its bytes, so no other memory is
    // replaced.
    let replace = |access: Access| unsafe { map_over(base, len, access) };
    replace(access).map_err(|refused| {
        // The old pages may be gone. Their addresses must stay taken, or something else could be mapped there.
        let _ = replace(Access::None);
        Error::new(Call::Decommit, refused.reason(), len)
    })
}

/// Makes pages fault on any access: a guard without an extra map entry, or `PROT_NONE` where the kernel
/// is older than 6.13.
///
/// # Safety
/// The pages are the caller's private anonymous mapping, and nothing relies on their bytes.
pub(crate) unsafe fn guard(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    // SAFETY: the pages are the caller's private anonymous mapping, and nothing relies on their bytes, which a guard
    // discards. So nothing needs their access either, which `protect` takes away.
    unsafe {
        let install = || raw::madvise(base.as_ptr(), len, raw::MADV_GUARD_INSTALL).is_ok();
        if fault::may(Call::Advise, len).is_ok() && install() { Ok(()) } else { protect(base, len, Access::None) }
    }
}

/// Brings pages in and keeps them in RAM. `mlock(2)`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn lock(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    fault::may(Call::Lock, len)?;
    // SAFETY: the pages are the caller's mapping; locking brings them in and changes no content.
    unsafe { system::mm::mlock(base.as_ptr().cast(), len) }.map_err(|errno| failed(Call::Lock, len, errno))
}

/// Lets pages go out of RAM again. `munlock(2)`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn unlock(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    fault::may(Call::Unlock, len)?;
    // SAFETY: the pages are the caller's mapping; unlocking lets them go out, and changes no content.
    unsafe { system::mm::munlock(base.as_ptr().cast(), len) }.map_err(|errno| failed(Call::Unlock, len, errno))
}

/// Names a range for `/proc/PID/maps`. `prctl(2)`; EINVAL on kernels built without it.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn name(base: NonNull<u8>, len: usize, name: &CStr) -> Result<(), Error> {
    fault::may(Call::Name, len)?;
    raw::name(base.as_ptr(), len, name).map_err(|errno| failed_raw(Call::Name, len, Errno::new(errno)))
}
