//! Leak roots: memory of arenas in which LeakSanitizer looks for pointers.
//!
//! LeakSanitizer searches stacks, globals and malloc's blocks, but no other mappings. A malloc'd block that only a
//! value in an arena refers to would be reported as lost. So memory that is mapped for values is entered as a root
//! while LeakSanitizer is in the program, as it is with AddressSanitizer. Its functions are weak symbols: there is no
//! feature and nothing to configure. On processors that [`weak`](crate::weak) does not know, and in programs without a
//! libc, this file does nothing.
//!
//! A check reads all readable bytes of a root. Therefore arenas commit step by step while LeakSanitizer is there
//! (`arena/backing/mapped.rs`), and keep no blocks for each other: stale pointers in them would hide a leak.
//! *Signals*: entering takes a lock of the sanitizer's.

use core::ptr::NonNull;

/// The longest mapping that becomes a root although all of it is readable and most of it untouched: a check of so many
/// bytes takes a second.
#[cfg(target_pointer_width = "64")]
const MOST: usize = 4 << 30;
/// No limit: no mapping is so long.
#[cfg(not(target_pointer_width = "64"))]
const MOST: usize = usize::MAX;

/// Whether LeakSanitizer is in this process.
#[inline(always)]
pub(crate) fn are_looked_for() -> bool {
    interface::enter().is_some()
}

/// Enters memory that was just mapped, of which only what values need is readable.
#[cold]
#[inline(never)]
pub(crate) fn enter(start: NonNull<u8>, len: usize) {
    if let Some(enter) = interface::enter() {
        // SAFETY: the function of this name, of `sanitizer/lsan_interface.h`, notes the range and touches none of it. A
        // check reads those of its pages that the kernel says are readable, whoever has them by then.
        unsafe { enter(start.as_ptr(), len) }
    }
}

/// Removes exactly the range that was entered: for another one the sanitizer ends the process.
#[cold]
#[inline(never)]
pub(crate) fn leave(start: NonNull<u8>, len: usize) {
    if let Some(leave) = interface::leave() {
        // SAFETY: the function of this name, of `sanitizer/lsan_interface.h`, forgets the range and touches none of it.
        unsafe { leave(start.as_ptr(), len) }
    }
}

/// As [`enter`], of memory that is readable as a whole.
#[cold]
#[inline(never)]
pub(crate) fn enter_readable(start: NonNull<u8>, len: usize) {
    if len <= MOST {
        enter(start, len);
    }
}

/// As [`leave`], of what [`enter_readable`] was given.
#[cold]
#[inline(never)]
pub(crate) fn leave_readable(start: NonNull<u8>, len: usize) {
    if len <= MOST {
        leave(start, len);
    }
}

/// A function of LeakSanitizer's interface.
type Root = unsafe extern "C" fn(start: *const u8, len: usize);

#[cfg(all(region_weak, not(any(loom, region_mem))))]
mod interface {
    use super::Root;
    use crate::weak::address;

    #[inline(always)]
    pub(super) fn enter() -> Option<Root> {
        let address = address!("__lsan_register_root_region");
        // SAFETY: an address that is not 0 is that of the interface's function of this name, which has this signature.
        unsafe { core::mem::transmute::<usize, Option<Root>>(address) }
    }

    #[inline(always)]
    pub(super) fn leave() -> Option<Root> {
        let address = address!("__lsan_unregister_root_region");
        // SAFETY: an address that is not 0 is that of the interface's function of this name, which has this signature.
        unsafe { core::mem::transmute::<usize, Option<Root>>(address) }
    }
}

/// There is no LeakSanitizer, and the compiler drops the calls.
#[cfg(not(all(region_weak, not(any(loom, region_mem)))))]
mod interface {
    use super::Root;

    #[inline(always)]
    pub(super) fn enter() -> Option<Root> {
        None
    }

    #[inline(always)]
    pub(super) fn leave() -> Option<Root> {
        None
    }
}
