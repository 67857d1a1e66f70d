//! Which limit of the process refused a call, so that an error can name it.
//!
//! ENOMEM is the answer for four different limits. Where one of them is set, small probes find out which one it was:
//! what each counts is known (getrlimit(2)), so a mapping that the one counts and the other does not is tried and
//! returned. Only after a failure, and only where a limit is set; where the probes leave a doubt no limit is named.

use super::from_system;
use super::system;
use super::system::io::Errno as Known;
use super::system::mm::{MapFlags, ProtFlags};
use super::system::process::{Resource, getrlimit};
use crate::error::{Call, Errno, Limit};

/// The limit that refused `call`, which needed `more` bytes, and how many bytes it is.
#[cold]
pub(super) fn refusing(call: Call, more: usize, errno: Errno) -> Option<(Limit, usize)> {
    let is = |known: &[Known]| known.iter().any(|&known| from_system(known) == errno);
    match call {
        Call::Map | Call::MapFile | Call::Remap | Call::Protect if is(&[Known::NOMEM]) => refusing_memory(more),
        // Under mlockall(2) every new mapping counts.
        Call::Map | Call::MapFile | Call::Remap if is(&[Known::AGAIN]) => soft(Limit::Locked),
        Call::Lock if is(&[Known::NOMEM, Known::PERM, Known::AGAIN]) => {
            // A privileged process may lock more than this, and fails for other reasons.
            soft(Limit::Locked).filter(|&(_, bytes)| more > bytes || is(&[Known::PERM]))
        }
        Call::Resize | Call::Allocate if is(&[Known::FBIG]) => soft(Limit::FileSize).filter(|&(_, bytes)| more > bytes),
        _ => None,
    }
}

/// Whether the process may have only so much private memory that it can write to, touched or not (`RLIMIT_DATA`).
pub(crate) fn data_is_limited() -> bool {
    soft(Limit::Data).is_some()
}

/// The limit that refused `more` bytes of memory.
fn refusing_memory(more: usize) -> Option<(Limit, usize)> {
    let (addresses, data) = (soft(Limit::AddressSpace), soft(Limit::Data));
    if addresses.is_none() && data.is_none() {
        return None;
    }
    let writable = ProtFlags::READ | ProtFlags::WRITE;
    if !maps(more, ProtFlags::empty(), MapFlags::PRIVATE) {
        // Addresses are refused: by their limit if there is one, else because none are left.
        return addresses;
    }
    // Private writable memory is refused, and shared memory, which the limit of data does not count, is not. So the
    // cause was neither strict overcommit nor the number of mappings.
    let private = maps(more, writable, MapFlags::PRIVATE | uncharged());
    if !private && maps(more, writable, MapFlags::SHARED | uncharged()) { data } else { None }
}

/// No commit charge, where the system has a flag for that.
fn uncharged() -> MapFlags {
    #[cfg(target_os = "linux")]
    return MapFlags::NORESERVE;
    #[cfg(not(target_os = "linux"))]
    MapFlags::empty()
}

/// Whether such a mapping is possible now. It is not touched, and is returned at once.
fn maps(len: usize, access: ProtFlags, flags: MapFlags) -> bool {
    // SAFETY: without MAP_FIXED the kernel picks a free range, so nothing that exists is touched.
    match unsafe { system::mm::mmap_anonymous(core::ptr::null_mut(), len, access, flags) } {
        Ok(base) => {
            // SAFETY: the mapping was made here, of this length, and nothing refers into it.
            let _ = unsafe { system::mm::munmap(base, len) };
            true
        }
        Err(_) => false,
    }
}

/// A limit of this process in bytes, if it is set.
fn soft(limit: Limit) -> Option<(Limit, usize)> {
    if cfg!(miri) {
        return None;
    }
    let resource = match limit {
        Limit::AddressSpace => Resource::As,
        Limit::Data => Resource::Data,
        Limit::Locked => Resource::Memlock,
        Limit::FileSize => Resource::Fsize,
    };
    Some((limit, usize::try_from(getrlimit(resource).current?).ok()?))
}
