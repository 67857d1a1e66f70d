//! Which process took a page, where several processes share one pool.
//!
//! A forked child has a copy of every page handle of its parent. Of two handles of one block only the taker's may give
//! it back: a second return would free a block that may have been taken again. So a page remembers the process that it
//! was taken in. There is no record of what a dead process held.

use crate::error::Error;
use crate::sync::{AtomicUsize, Ordering};
use crate::sys::{self, Access, AtFork, MapRequest, Sharing};
use core::ptr::NonNull;

/// Whether pages are dropped at all. C programs hold addresses, and give their own blocks back by address.
const HAS_HANDLES: bool = cfg!(not(region_staticlib));

/// A process among those that share a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process(u32);

/// How a pool knows which process it is in.
#[derive(Debug)]
pub(super) enum Processes {
    /// It has only one: after `fork` the child's pool is a copy of its own.
    One,
    /// By a word in a page of its own that reads 0 in a process that has no number yet: the kernel wipes the page in
    /// forked children (`MADV_WIPEONFORK`).
    Marked(NonNull<AtomicUsize>),
    /// By the system's number, one call each time: on a system that wipes nothing.
    Asked,
}

impl Processes {
    /// For a pool whose memory is shared as `sharing` says.
    pub(super) fn new(sharing: Sharing) -> Result<Self, Error> {
        if !HAS_HANDLES || sharing == Sharing::Private {
            return Ok(Processes::One);
        }
        let (len, access, sharing) = (sys::page_size(), Access::ReadWrite, Sharing::Private);
        let mark = sys::map(MapRequest { len, huge: None, access, sharing, charge: true, populate: false })?;
        // SAFETY: the page was just mapped for this value alone and holds nothing that a child could miss.
        if unsafe { sys::at_fork(mark, len, AtFork::Wipe) }.is_ok() {
            // SAFETY: the page was just mapped. A kernel without names says EINVAL, which costs nothing.
            let _ = unsafe { sys::name(mark, len, c"region: pool process") };
            return Ok(Processes::Marked(mark.cast()));
        }
        // SAFETY: the page was just mapped, is whole, and nothing refers into it.
        unsafe { sys::release(mark, len, sharing) };
        Ok(Processes::Asked)
    }

    /// The calling process. `count` is a word that all processes of the pool see: how many of them have a number.
    #[inline]
    pub(super) fn current(&self, count: &AtomicUsize) -> Process {
        match self {
            _ if !HAS_HANDLES => Process(0),
            Processes::One => Process(0),
            Processes::Marked(mark) => {
                // SAFETY: `new` mapped the page, zeroed, which is a valid word, for as long as `self` lives.
                let mark = unsafe { mark.as_ref() };
                match mark.load(Ordering::Relaxed) {
                    0 => Self::number(mark, count),
                    known => Process(known as u32),
                }
            }
            Processes::Asked => Process(sys::process_id()),
        }
    }

    /// Gives this process the next number.
    #[cold]
    fn number(mark: &AtomicUsize, count: &AtomicUsize) -> Process {
        // 0 is "none yet"; numbers repeat after four thousand million processes.
        let next = (count.fetch_add(1, Ordering::Relaxed) as u32).wrapping_add(1).max(1);
        // Threads that ask at once get one number: that of the first exchange. Nothing else is published by it.
        match mark.compare_exchange(0, next as usize, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Process(next),
            Err(known) => Process(known as u32),
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        if let (true, Processes::Marked(mark)) = (HAS_HANDLES, self) {
            // SAFETY: `new` mapped this one page for this value alone, and `drop` runs once.
            unsafe { sys::release(mark.cast(), sys::page_size(), Sharing::Private) };
        }
    }
}
