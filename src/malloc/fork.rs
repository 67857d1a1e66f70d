//! The process's heap, and whether this process is a forked child that has not looked after it yet.
//!
//! No function of the libc is asked, and no handler is left with it: a word in a page of its own is zero in a child, as the
//! kernel wipes that page (`MADV_WIPEONFORK`). The first call of the family in a child finds that, and takes over what the
//! parent's other threads were using; calls of other threads that come meanwhile wait for it. Kernels before 4.14 do not
//! know the advice: there the child leaves that alone.

use crate::heap::SyncHeap;
use crate::sync::global::{AtomicBool, AtomicUsize, Ordering};
use crate::sys::{self, AtFork};
use core::ptr::NonNull;

/// Whole pages, in the part of the program's data that is no file's.
#[cfg_attr(region_4k, repr(C, align(4096)))]
#[cfg_attr(not(region_4k), repr(C, align(65536)))]
struct Wiped {
    /// 0 at first, and again in a child; then `BEGINNING` or `READY`.
    seen: AtomicUsize,
}

static WIPED: Wiped = Wiped { seen: AtomicUsize::new(0) };
/// Whether some process has been here: this one, or the one that it was forked from.
static BEGUN: AtomicBool = AtomicBool::new(false);
static HEAP: SyncHeap = SyncHeap::new();

/// What the word says: somebody makes the heap fit for this process, or it is.
const BEGINNING: usize = 1;
const READY: usize = 2;

/// The heap, in a state that this process may use.
#[inline(always)]
pub(super) fn heap() -> &'static SyncHeap {
    if WIPED.seen.load(Ordering::Acquire) != READY {
        begin();
    }
    &HEAP
}

/// The heap for a thread that is alone, whatever process it is in. It uses the first shard alone, and only while nobody has
/// claimed that: what a missing thread was using stays claimed, and who finds it so asks for the [`heap`].
#[inline(always)]
pub(super) fn heap_alone() -> &'static SyncHeap {
    &HEAP
}

/// For the first calls in a process.
#[cold]
#[inline(never)]
fn begin() {
    let is_child = BEGUN.load(Ordering::Relaxed);
    // In the first process there is nothing to wait for, and a child that is forked meanwhile must not find it unfinished.
    let first = if is_child { BEGINNING } else { READY };
    if WIPED.seen.compare_exchange(0, first, Ordering::Acquire, Ordering::Acquire).is_err() {
        // A child may have made a thread before it took memory. What is waited for is short, and made once in a process.
        while WIPED.seen.load(Ordering::Acquire) == BEGINNING {
            core::hint::spin_loop();
        }
    } else if is_child {
        // SAFETY: the page was wiped, so this is a child. Other threads of it wait here: only a thread that is alone goes
        // past, and there is no other beside one. The thread that forked is in no call of the family: one that a handler
        // had interrupted to fork has ended, or this is that handler, which may not call them.
        unsafe { HEAP.recover_after_fork() };
        WIPED.seen.store(READY, Ordering::Release);
    } else {
        BEGUN.store(true, Ordering::Relaxed);
        if sys::page_size() <= align_of::<Wiped>() {
            // SAFETY: the page is this static's alone, which is as long as its alignment. Its word is not 0 here, and zero in a
            // child: a value that is expected there. If it is refused, a child finds what it is here.
            let _ = unsafe { sys::at_fork(NonNull::from(&WIPED).cast(), sys::page_size(), AtFork::Wipe) };
        }
    }
}
