//! The process's heap, and whether this process is a forked child that has not looked after it yet.
//!
//! No function of the libc is asked, and no handler is left with it: a word in a page of its own is zero in a child, as the
//! kernel wipes that page (`MADV_WIPEONFORK`). The first call of the family in a child finds that, before the child can
//! have a second thread, and takes over what the parent's other threads were using. Kernels before 4.14 do not know the
//! advice: there the child leaves that alone.

use crate::heap::SyncHeap;
use crate::sync::global::{AtomicBool, AtomicUsize, Ordering};
use crate::sys::{self, AtFork};
use core::ptr::NonNull;

/// Whole pages, in the part of the program's data that is no file's.
#[cfg_attr(region_4k, repr(C, align(4096)))]
#[cfg_attr(not(region_4k), repr(C, align(65536)))]
struct Wiped {
    /// 0 at first, and again in a child.
    seen: AtomicUsize,
}

static WIPED: Wiped = Wiped { seen: AtomicUsize::new(0) };
/// Whether some process has been here: this one, or the one that it was forked from.
static BEGUN: AtomicBool = AtomicBool::new(false);
static HEAP: SyncHeap = SyncHeap::new();

/// The heap, in a state that this process may use.
#[inline(always)]
pub(super) fn heap() -> &'static SyncHeap {
    if WIPED.seen.load(Ordering::Relaxed) == 0 {
        begin();
    }
    &HEAP
}

/// For the first call in a process.
#[cold]
#[inline(never)]
fn begin() {
    // One thread alone goes on: in the first process others have nothing to wait for, and in a child there are none.
    if WIPED.seen.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        return;
    }
    if BEGUN.swap(true, Ordering::Relaxed) {
        // SAFETY: the page was wiped, so this is a child, which has the thread that forked: to make another, a libc takes
        // memory, and would have come here before. That thread was in no call of the family, as none of them forks, and a
        // signal handler may not call them.
        unsafe { HEAP.recover_after_fork() };
    } else if sys::page_size() <= align_of::<Wiped>() {
        // SAFETY: the page is this static's alone, which is as long as its alignment. Its word is 1 here, and zero in a
        // child: a value that is expected there. If it is refused, a child finds 1.
        let _ = unsafe { sys::at_fork(NonNull::from(&WIPED).cast(), sys::page_size(), AtFork::Wipe) };
    }
}
