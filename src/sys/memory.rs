//! Mapping, protecting, advising: the memory calls, one function each.
//!
//! Each function returns an [`Error`] that knows the call and the size. Lengths are whole pages; who owns
//! a mapping and how long it is, is the caller's business ([`crate::region`]).

use super::{fault, from_rustix, raw};
use crate::error::{Call, Errno, Error, Reason};
use crate::sync::global::{AtomicBool, Ordering};
use crate::sync::kernel;
use core::ffi::{CStr, c_void};
use core::ptr::NonNull;
use rustix::fd::BorrowedFd;
#[cfg(target_os = "linux")]
use rustix::mm::MremapFlags;
use rustix::mm::{MapFlags, MprotectFlags, MsyncFlags, ProtFlags};

/// What may be done with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Nothing: any touch faults. Takes address space, no RAM and no commit charge.
    None,
    /// Reading only.
    Read,
    /// Reading and writing.
    ReadWrite,
}

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

/// How memory is going to be used. Advice never changes content; see `madvise(2)`.
///
/// A kernel that does not know an advice answers EINVAL; one that knows it may still do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// No particular use: undoes `Sequential` and `Random`.
    Normal,
    /// Read from low addresses to high: read ahead far.
    Sequential,
    /// Read in no order: do not read ahead.
    Random,
    /// Needed soon: start reading it in.
    WillNeed,
    /// Prefer 2 MiB pages (`MADV_HUGEPAGE`). Success means asked, not got.
    HugePage,
    /// Do not use 2 MiB pages here.
    NoHugePage,
    /// Bring every page in now, for reading (Linux 5.14).
    PopulateRead,
    /// Bring every page in now, for writing: one call instead of a fault per page (Linux 5.14).
    PopulateWrite,
    /// Make huge pages of what is resident, now, whatever the THP setting says (Linux 6.1).
    Collapse,
    /// Not needed for a while: first to go under memory pressure (Linux 5.4).
    Cold,
    /// Not needed for long: swap it out now (Linux 5.4).
    PageOut,
    /// Leave it out of core dumps.
    DontDump,
    /// Put it into core dumps again.
    DoDump,
    /// A forked child does not have it.
    DontFork,
    /// A forked child has it again.
    DoFork,
    /// A forked child sees zeroes (private anonymous memory only).
    WipeOnFork,
    /// A forked child sees the content again.
    KeepOnFork,
}

/// Whether a mapping's writes are its own or everybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Copy-on-write, this process only.
    Private,
    /// Seen by forked children, and written to the file if there is one.
    Shared,
}

/// Pages that the administrator set aside (hugetlb), by their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HugePool {
    /// 2 MiB.
    Mega2,
    /// 1 GiB.
    Giga1,
}

impl HugePool {
    /// Bytes of one of its pages.
    pub(crate) const fn page(self) -> usize {
        match self {
            HugePool::Mega2 => 2 << 20,
            HugePool::Giga1 => 1 << 30,
        }
    }
}

/// What an anonymous mapping is asked to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapRequest {
    /// Bytes, a multiple of the page size.
    pub len: usize,
    /// The pool of huge pages to draw on, of whose pages `len` is a multiple; ordinary pages without one.
    pub huge: Option<HugePool>,
    pub access: Access,
    pub sharing: Sharing,
    /// Charge the commit limit at map time; without it RAM is accounted as touched.
    pub charge: bool,
    /// Bring all pages in before the call returns.
    pub populate: bool,
}

/// An error of `call` on `size` bytes, from what rustix said.
pub(super) fn failed(call: Call, size: usize, errno: rustix::io::Errno) -> Error {
    failed_raw(call, size, from_rustix(errno))
}

pub(super) fn failed_raw(call: Call, size: usize, errno: Errno) -> Error {
    let error = Error::new(call, Reason::Os(errno), size);
    match (call, errno) {
        // The most frequent reason for ENOMEM is a limit that the user can see and raise: name it.
        (Call::Map | Call::MapFile | Call::Remap, e) if e == from_rustix(rustix::io::Errno::NOMEM) => {
            error.limited_to(address_space_limit)
        }
        _ => error,
    }
}

/// The soft RLIMIT_AS in bytes, `usize::MAX` when unlimited.
fn address_space_limit() -> usize {
    #[cfg(miri)]
    {
        usize::MAX
    }
    #[cfg(not(miri))]
    {
        let limit = rustix::process::getrlimit(rustix::process::Resource::As).current;
        limit.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX)
    }
}

/// The address that rustix gave, which is never null: the kernel maps nothing at 0 unless told to.
pub(super) fn mapped(base: rustix::io::Result<*mut c_void>, call: Call, size: usize) -> Result<NonNull<u8>, Error> {
    let base = base.map_err(|errno| failed(call, size, errno))?;
    kernel::mapped();
    NonNull::new(base.cast::<u8>()).ok_or(Error::new(call, Reason::TooLarge, size))
}

/// Maps new zeroed memory at an address of the kernel's choice. `mmap(2)`.
pub(crate) fn map(request: MapRequest) -> Result<NonNull<u8>, Error> {
    let MapRequest { len, huge, access, sharing, charge, populate } = request;
    let call = if huge.is_some() { Call::MapHuge } else { Call::Map };
    fault::may(call, len)?;
    let mut flags = match sharing {
        Sharing::Private => MapFlags::PRIVATE,
        Sharing::Shared => MapFlags::SHARED,
    };
    // Miri knows neither flag; both change cost only.
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        // Without a reservation a pool that runs short kills by SIGBUS at the touch; with one it refuses here.
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
        return Err(failed(call, len, rustix::io::Errno::INVAL));
    }
    let _ = (charge, populate, &mut flags);
    // SAFETY: without MAP_FIXED the kernel picks a free range, so nothing that exists is touched.
    let base = unsafe { rustix::mm::mmap_anonymous(core::ptr::null_mut(), len, access.map_flags(), flags) };
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
    // SAFETY: without MAP_FIXED the kernel picks a free range, so nothing that exists is touched. What
    // the file's owner does to the bytes later is stated where the mapping is made safe to read.
    let base = unsafe { rustix::mm::mmap(core::ptr::null_mut(), len, access.map_flags(), flags, fd, offset) };
    mapped(base, Call::MapFile, len)
}

/// Returns a mapping. `munmap(2)`.
///
/// # Safety
/// `base..base + len` is one whole mapping of the caller's, or the end of one (another part would have to be
/// split off, which the kernel may refuse), and nothing refers into it any more.
pub(crate) unsafe fn unmap(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    fault::may(Call::Unmap, len)?;
    kernel::unmaps();
    // SAFETY: the caller owns the mapping and gives it up.
    unsafe { rustix::mm::munmap(base.as_ptr().cast(), len) }.map_err(|errno| failed(Call::Unmap, len, errno))
}

/// Returns a mapping at the end of its owner's life, or what can be returned of it. Where the kernel merged it with
/// its neighbours and the map is full, it cannot be split off again (ENOMEM); its RAM goes back all the same then, and
/// only the addresses stay taken. Not the RAM of shared memory, whose bytes other processes may still use.
///
/// # Safety
/// `base..base + len` is one whole mapping of the caller's, and nothing refers into it any more.
pub(crate) unsafe fn release(base: NonNull<u8>, len: usize, sharing: Sharing) {
    // SAFETY: the caller owns the mapping and gives it up.
    unsafe {
        if unmap(base, len).is_err() && sharing == Sharing::Private {
            let _ = decommit(base, len, sharing);
        }
    }
}

/// Changes what may be done with pages. `mprotect(2)`.
///
/// # Safety
/// The pages are the caller's mapping, and no live reference needs the access that is taken away.
pub(crate) unsafe fn protect(base: NonNull<u8>, len: usize, access: Access) -> Result<(), Error> {
    fault::may(Call::Protect, len)?;
    // SAFETY: the caller's promise, passed on.
    unsafe { rustix::mm::mprotect(base.as_ptr().cast(), len, access.protect_flags()) }
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
    // SAFETY: the caller's promise, passed on.
    let base = unsafe { rustix::mm::mremap(base.as_ptr().cast(), old, new, MremapFlags::MAYMOVE) };
    mapped(base, Call::Remap, new)
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
    // SAFETY: both are mapped, at least this long, and distinct, for the kernel has just chosen the second;
    // the caller gives the first up, whole.
    unsafe {
        base.copy_to_nonoverlapping(to, old.min(new));
        unmap(base, old)?;
    }
    Ok(to)
}

/// Grows or shrinks a shared mapping of a file, moving it if need be. `mremap(2)`, which takes one entry of the kernel's
/// map: of a mapping that advice has split the answer is EFAULT, and so it is of any where the system is not Linux.
/// The file can be mapped anew then.
///
/// # Safety
/// As for [`remap`].
pub(crate) unsafe fn remap_file(base: NonNull<u8>, old: usize, new: usize) -> Result<NonNull<u8>, Error> {
    #[cfg(target_os = "linux")]
    // SAFETY: the caller's promise, passed on.
    return unsafe { remap(base, old, new) };
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (base, old);
        Err(failed(Call::Remap, new, rustix::io::Errno::FAULT))
    }
}

/// Whether a mapping was not resized because it is several entries of the kernel's map.
pub(crate) fn is_in_parts(error: &Error) -> bool {
    super::refused_with(error, &[rustix::io::Errno::FAULT])
}

/// Writes modified pages of a shared file mapping back. `msync(2)`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn sync(base: NonNull<u8>, len: usize, wait: bool) -> Result<(), Error> {
    fault::may(Call::Sync, len)?;
    let flags = if wait { MsyncFlags::SYNC } else { MsyncFlags::ASYNC };
    // SAFETY: the caller's promise; writing back changes no content.
    unsafe { rustix::mm::msync(base.as_ptr().cast(), len, flags) }.map_err(|errno| failed(Call::Sync, len, errno))
}

/// Gives advice that changes no content. `madvise(2)`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn advise(base: NonNull<u8>, len: usize, advice: Advice) -> Result<(), Error> {
    fault::may(if matches!(advice, Advice::Collapse) { Call::Collapse } else { Call::Advise }, len)?;
    use rustix::mm::Advice as A;
    let known = match advice {
        Advice::Normal => A::Normal,
        Advice::Sequential => A::Sequential,
        Advice::Random => A::Random,
        Advice::WillNeed => A::WillNeed,
        #[cfg(target_os = "linux")]
        Advice::HugePage => A::LinuxHugepage,
        #[cfg(target_os = "linux")]
        Advice::NoHugePage => A::LinuxNoHugepage,
        #[cfg(target_os = "linux")]
        Advice::PopulateRead => A::LinuxPopulateRead,
        #[cfg(target_os = "linux")]
        Advice::PopulateWrite => A::LinuxPopulateWrite,
        #[cfg(target_os = "linux")]
        Advice::Cold => A::LinuxCold,
        #[cfg(target_os = "linux")]
        Advice::PageOut => A::LinuxPageOut,
        #[cfg(target_os = "linux")]
        Advice::DontDump => A::LinuxDontDump,
        #[cfg(target_os = "linux")]
        Advice::DoDump => A::LinuxDoDump,
        #[cfg(target_os = "linux")]
        Advice::DontFork => A::LinuxDontFork,
        #[cfg(target_os = "linux")]
        Advice::DoFork => A::LinuxDoFork,
        #[cfg(target_os = "linux")]
        Advice::WipeOnFork => A::LinuxWipeOnFork,
        #[cfg(target_os = "linux")]
        Advice::KeepOnFork => A::LinuxKeepOnFork,
        Advice::Collapse => {
            // SAFETY: the pages are the caller's mapping, and collapsing keeps every byte.
            return unsafe { raw::madvise(base.as_ptr(), len, raw::MADV_COLLAPSE) }
                .map_err(|errno| failed_raw(Call::Collapse, len, Errno::new(errno)));
        }
        #[cfg(not(target_os = "linux"))]
        _ => return Err(failed(Call::Advise, len, rustix::io::Errno::INVAL)),
    };
    // SAFETY: the pages are the caller's mapping, and none of these advices changes content.
    unsafe { rustix::mm::madvise(base.as_ptr().cast(), len, known) }.map_err(|errno| failed(Call::Advise, len, errno))
}

/// Brings pages in for writing, ahead of use; does nothing where the kernel cannot (`.back.fallback`).
///
/// # Safety
/// The pages are the caller's writable mapping.
pub(crate) unsafe fn populate(base: NonNull<u8>, len: usize) {
    /// Set by the first EINVAL or ENOSYS: kernels before 5.14 do not know the advice.
    static UNKNOWN: AtomicBool = AtomicBool::new(false);
    if UNKNOWN.load(Ordering::Relaxed) {
        return;
    }
    // SAFETY: the caller's promise; populating keeps every byte.
    if let Err(error) = unsafe { advise(base, len, Advice::PopulateWrite) } {
        // Anything else (ENOMEM, EFAULT) concerns this range only, and the touch will tell.
        if super::refused_with(&error, &[rustix::io::Errno::INVAL, rustix::io::Errno::NOSYS]) {
            UNKNOWN.store(true, Ordering::Relaxed);
        }
    }
}

/// Gives the RAM of anonymous pages back; they read as zeroes afterwards. `MADV_DONTNEED` on private ones;
/// `MADV_REMOVE` on shared ones, whose bytes DONTNEED would keep.
///
/// # Safety
/// The pages are the caller's mapping, anonymous and not locked; nobody relies on their bytes, which for
/// shared pages means nobody in any process.
pub(crate) unsafe fn decommit(base: NonNull<u8>, len: usize, sharing: Sharing) -> Result<(), Error> {
    fault::may(Call::Advise, len)?;
    #[cfg(target_os = "linux")]
    let advice = match sharing {
        Sharing::Private => rustix::mm::Advice::LinuxDontNeed,
        Sharing::Shared => rustix::mm::Advice::LinuxRemove,
    };
    #[cfg(not(target_os = "linux"))]
    let advice = match sharing {
        Sharing::Private => rustix::mm::Advice::DontNeed,
        Sharing::Shared => return Err(failed(Call::Advise, len, rustix::io::Errno::INVAL)),
    };
    // SAFETY: the caller's promise, passed on.
    unsafe { rustix::mm::madvise(base.as_ptr().cast(), len, advice) }.map_err(|errno| failed(Call::Advise, len, errno))
}

/// Makes pages fault on any access: a guard without an extra map entry, or `PROT_NONE` where the kernel
/// is older than 6.13.
///
/// # Safety
/// The pages are the caller's private anonymous mapping, and nobody relies on their bytes.
pub(crate) unsafe fn guard(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    // SAFETY: the caller gives the pages' content up; what follows only takes access away.
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
    // SAFETY: the caller's promise; locking changes no content.
    unsafe { rustix::mm::mlock(base.as_ptr().cast(), len) }.map_err(|errno| failed(Call::Lock, len, errno))
}

/// Lets pages go out of RAM again. `munlock(2)`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn unlock(base: NonNull<u8>, len: usize) -> Result<(), Error> {
    fault::may(Call::Unlock, len)?;
    // SAFETY: the caller's promise; unlocking changes no content.
    unsafe { rustix::mm::munlock(base.as_ptr().cast(), len) }.map_err(|errno| failed(Call::Unlock, len, errno))
}

/// Names a range for `/proc/PID/maps`. `prctl(2)`; EINVAL on kernels built without it.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn name(base: NonNull<u8>, len: usize, name: &CStr) -> Result<(), Error> {
    fault::may(Call::Name, len)?;
    raw::name(base.as_ptr(), len, name).map_err(|errno| failed_raw(Call::Name, len, Errno::new(errno)))
}
