//! Arenas and pools in a signal handler, which interrupts a thread that has others of its own.

#![cfg(all(feature = "os", target_os = "linux", not(miri)))]

use region::{Arena, PagePool};
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static POOL: OnceLock<PagePool> = OnceLock::new();
/// How often a handler interrupts.
const TIMES: usize = 2000;

static HANDLED: AtomicUsize = AtomicUsize::new(0);
static DAMAGED: AtomicBool = AtomicBool::new(false);

/// Whole lives, of bytes that all are `with`; whether they stayed so.
fn live(with: u8) -> bool {
    let mut arena = Arena::new();
    let mut fine = true;
    for size in [24, 900, 7000] {
        let block = &*arena.alloc_slice_fill_copy(size, with);
        let page = POOL.get().and_then(|pool| pool.take_zeroed().ok());
        let page = page.map(|mut page| {
            page.fill(with);
            page
        });
        let number = arena.alloc(Cell::new(usize::from(with)));
        fine &= arena.alloc_slice_fill_copy(300, with).iter().all(|&byte| byte == with);
        fine &= number.get() == usize::from(with) && block.iter().all(|&byte| byte == with);
        fine &= page.is_none_or(|page| (page[0], page[page.len() - 1]) == (with, with));
    }
    arena.reset();
    fine
}

extern "C" fn handle(_: libc::c_int) {
    if !live(3) {
        DAMAGED.store(true, Ordering::Relaxed);
    }
    if HANDLED.fetch_add(1, Ordering::Relaxed) + 1 < TIMES {
        interrupt_soon();
    }
}

/// After 50 microseconds, once: the handler does it again, so that what is interrupted gets on in between.
fn interrupt_soon() {
    let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let once = libc::itimerval { it_interval: never, it_value: libc::timeval { tv_sec: 0, tv_usec: 50 } };
    // SAFETY: a timer of the process, and plain values.
    if unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const once, std::ptr::null_mut()) } != 0 {
        DAMAGED.store(true, Ordering::Relaxed);
    }
}

#[test]
fn handlers_that_interrupt_arenas_and_pools_do_no_damage() {
    POOL.set(PagePool::new(1 << 16, 8).unwrap()).unwrap();
    // SAFETY: zeroes are a `sigaction`, and the handler does what handlers may: it neither locks nor allocates but in
    // memory of its own.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handle as extern "C" fn(libc::c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()), 0);
    }
    interrupt_soon();
    while HANDLED.load(Ordering::Relaxed) < TIMES && !DAMAGED.load(Ordering::Relaxed) {
        assert!(live(1), "what an interrupted thread wrote is changed");
    }
    assert!(!DAMAGED.load(Ordering::Relaxed), "what a handler wrote is changed");
}
