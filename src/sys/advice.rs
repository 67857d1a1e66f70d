//! Advice about pages: how they are going to be used, and what forked children get of them. `madvise(2)`.
//!
//! What takes content away is in `memory`, and so is who may give advice: the owner of a mapping.

use super::memory::{failed, failed_raw};
use super::{Advice, AtFork, fault, raw, system};
use crate::error::{Call, Errno, Error, number};
use crate::sync::global::{AtomicBool, Ordering};
use core::ptr::NonNull;

/// Gives advice that changes no content. `madvise(2)`.
///
/// # Safety
/// The pages are the caller's mapping.
pub(crate) unsafe fn advise(base: NonNull<u8>, len: usize, advice: Advice) -> Result<(), Error> {
    fault::may(if matches!(advice, Advice::Collapse) { Call::Collapse } else { Call::Advise }, len)?;
    use system::mm::Advice as A;
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
        Advice::Collapse => {
            // SAFETY: the pages are the caller's mapping, and collapsing keeps every byte.
            return unsafe { raw::madvise(base.as_ptr(), len, raw::MADV_COLLAPSE) }
                .map_err(|errno| failed_raw(Call::Collapse, len, Errno::new(errno)));
        }
        #[cfg(not(target_os = "linux"))]
        _ => return Err(failed(Call::Advise, len, system::io::Errno::INVAL)),
    };
    // SAFETY: the pages are the caller's mapping, and none of these advices changes content.
    unsafe { system::mm::madvise(base.as_ptr().cast(), len, known) }.map_err(|errno| failed(Call::Advise, len, errno))
}

/// Says what children that are forked from now on get of pages. `madvise(2)`; EINVAL for wiping memory that is not
/// private and anonymous, and on systems other than Linux.
///
/// # Safety
/// The pages are the caller's mapping. With anything but `Keep`, no child relies on what is in them: not on the values,
/// with `Wipe`, and with `Drop` not on their being mapped either.
#[inline(never)]
pub(crate) unsafe fn at_fork(base: NonNull<u8>, len: usize, at_fork: AtFork) -> Result<(), Error> {
    fault::may(Call::Advise, len)?;
    #[cfg(target_os = "linux")]
    {
        use system::mm::Advice as A;
        let choices: &[A] = match at_fork {
            AtFork::Keep => &[A::LinuxDoFork, A::LinuxKeepOnFork],
            AtFork::Wipe => &[A::LinuxWipeOnFork],
            AtFork::Drop => &[A::LinuxDontFork],
        };
        choices.iter().try_for_each(|&choice| {
            // SAFETY: the pages are the caller's mapping, and the call changes nothing in this process. The caller
            // promises that children do not rely on what it changes for them.
            unsafe { system::mm::madvise(base.as_ptr().cast(), len, choice) }
                .map_err(|errno| failed(Call::Advise, len, errno))
        })
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = base;
        match at_fork {
            AtFork::Keep => Ok(()),
            AtFork::Wipe | AtFork::Drop => Err(failed(Call::Advise, len, system::io::Errno::INVAL)),
        }
    }
}

/// Brings pages in for writing, ahead of use; does nothing where the kernel cannot. Whether it can.
///
/// # Safety
/// The pages are the caller's writable mapping.
// (`.back.fallback`)
pub(crate) unsafe fn populate(base: NonNull<u8>, len: usize) -> bool {
    /// Set by the first EINVAL or ENOSYS: kernels before 5.14 do not know the advice.
    static UNKNOWN: AtomicBool = AtomicBool::new(false);
    if UNKNOWN.load(Ordering::Relaxed) {
        return false;
    }
    // SAFETY: the pages are the caller's mapping, which is all that advice requires. No byte changes. (The kernel
    // brings in only pages that may be written; that is no condition of soundness.)
    if let Err(error) = unsafe { advise(base, len, Advice::PopulateWrite) } {
        // Anything else (ENOMEM, EFAULT) concerns this range only, and shows at the touch.
        if super::refused_with(&error, &[number::EINVAL, number::ENOSYS]) {
            UNKNOWN.store(true, Ordering::Relaxed);
            return false;
        }
    }
    true
}
