//! A thread is stopped at each step of an operation on a heap, and the others go on.
//!
//! The processor traps after every instruction of the operation, and the handler of the trap stops its thread at the
//! Nth, for one N after another: with a shard claimed, with a block half freed. A trap takes long, so that some steps are
//! left out, other ones for each operation. While a thread is stopped other
//! threads take and free blocks, those of its shard among them. That they finish is the claim.

#![cfg(all(feature = "os", target_os = "linux", target_arch = "x86_64", not(miri)))]

#[path = "support/stepwise.rs"]
mod stepwise;

use region::SyncHeap;
use std::alloc::Layout;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicUsize, Ordering};
use stepwise::stepwise;

/// At which step to stop, and how many there were.
static STOP_AT: AtomicUsize = AtomicUsize::new(0);
static STEPS: AtomicUsize = AtomicUsize::new(0);
/// What the thread is doing.
static STATE: AtomicUsize = AtomicUsize::new(RUNNING);
const RUNNING: usize = 0;
const STOPPED: usize = 1;
const ENDED: usize = 2;

/// Leaves the processor to others for a moment, also in a handler.
fn nap() {
    // SAFETY: `nanosleep` reads the time that it is given.
    unsafe { libc::nanosleep(&libc::timespec { tv_sec: 0, tv_nsec: 20_000 }, std::ptr::null_mut()) };
}

extern "C" fn on_step(_: libc::c_int, _: *const libc::siginfo_t, interrupted: *mut c_void) {
    if STEPS.fetch_add(1, Ordering::Relaxed) + 1 == STOP_AT.load(Ordering::Relaxed) {
        STATE.store(STOPPED, Ordering::Release);
        while STATE.load(Ordering::Acquire) == STOPPED {
            nap();
        }
        // SAFETY: the handler was called with it.
        unsafe { stepwise::no_more(interrupted) };
    }
}

/// Lets traps stop threads, for one test at a time.
fn trapping() -> MutexGuard<'static, ()> {
    // SAFETY: the handler uses atomics and `nanosleep` alone.
    unsafe { stepwise::trapping(on_step) }
}

/// A block that another thread may use.
#[derive(Clone, Copy)]
struct Sent(NonNull<u8>);

// SAFETY: one thread at a time uses the block.
unsafe impl Send for Sent {}
// SAFETY: one thread at a time uses the block.
unsafe impl Sync for Sent {}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).unwrap()
}

fn take(heap: &SyncHeap, size: usize) -> Sent {
    let block = heap.alloc_layout(layout(size));
    // SAFETY: the block is as long.
    unsafe { block.write_bytes(size as u8, size) };
    Sent(block)
}

fn give(heap: &SyncHeap, block: Sent, size: usize) {
    // SAFETY: the block is in use, as long, and not used any more.
    unsafe {
        assert!((0..size).step_by(97).all(|at| block.0.add(at).read() == size as u8), "a block keeps its bytes");
        heap.free(block.0);
    }
}

/// What another thread does while one is stopped.
fn others(heap: &SyncHeap, of_stopped: Sent, size: usize) {
    let sizes = [size, 24, 24, 700, 5000, 40_000];
    let blocks = sizes.map(|size| (take(heap, size), size));
    give(heap, of_stopped, size);
    assert!(!heap.contains(of_stopped.0));
    blocks.into_iter().for_each(|(block, size)| give(heap, block, size));
}

/// How far apart about so many steps of an operation are, which is stopped at none: how many there are, the compiler
/// decides.
fn stride(most: usize, mut unstopped: impl FnMut()) -> usize {
    // The first time makes what all that follow have, and a block may grow where it is or elsewhere.
    let steps = (0..4).map(|_| {
        unstopped();
        STEPS.load(Ordering::Relaxed)
    });
    (steps.min().unwrap() / most).max(1)
}

/// Stops a thread at about so many steps of `act`, which is given a block of its own: of its shard if `own`, or else of
/// the main thread's. How many stops there were.
fn stop_at_each(heap: &SyncHeap, size: usize, own: bool, most: usize, act: fn(&SyncHeap, Sent, usize)) -> usize {
    // Whether it was stopped. None is at step 0.
    let round = |stop_at: usize| {
        STOP_AT.store(stop_at, Ordering::Relaxed);
        STEPS.store(0, Ordering::Relaxed);
        STATE.store(RUNNING, Ordering::Release);
        let theirs = take(heap, size);
        let of_stopped = std::sync::OnceLock::new();
        let stopped = std::thread::scope(|scope| {
            scope.spawn(|| {
                of_stopped.set(take(heap, size)).ok().unwrap();
                let block = if own { take(heap, size) } else { theirs };
                stepwise(|| act(heap, block, size));
                STATE.store(ENDED, Ordering::Release);
            });
            while STATE.load(Ordering::Acquire) == RUNNING {
                nap();
            }
            let stopped = STATE.load(Ordering::Acquire) == STOPPED;
            let of_stopped = *of_stopped.get().unwrap();
            scope.spawn(move || others(heap, of_stopped, size)).join().unwrap();
            // A thread that comes now may have the stopped one's number, and the main thread has its own.
            let more = take(heap, size);
            others(heap, more, size);
            STATE.store(RUNNING, Ordering::Release);
            stopped
        });
        if own {
            give(heap, theirs, size);
        }
        assert_eq!(heap.stats().blocks, 0, "stopped at step {stop_at}");
        stopped
    };
    let stride = stride(most, || assert!(!round(0)));
    (1..).step_by(stride).take_while(|&stop_at| round(stop_at)).count()
}

#[test]
fn no_thread_waits_for_one_that_is_stopped_at_any_step() {
    let _one = trapping();
    let free: fn(&SyncHeap, Sent, usize) = |heap, block, _| {
        // SAFETY: the block is in use, and not used any more.
        unsafe { heap.free(block.0) }
    };
    let exchange: fn(&SyncHeap, Sent, usize) = |heap, block, size| {
        let new = heap.alloc_layout(layout(size));
        // SAFETY: both blocks are in use, and not used any more.
        unsafe {
            heap.free(block.0);
            heap.free(new);
        }
    };
    let resize: fn(&SyncHeap, Sent, usize) = |heap, block, size| {
        // SAFETY: the block is in use, and used under its new address alone.
        unsafe {
            let longer = heap.realloc(block.0, layout(size * 3));
            heap.free(longer);
        }
    };
    for (size, own, most, act) in [
        (40, true, 40, free),
        (40, false, 40, free),
        (40, true, 30, exchange),
        (3000, true, 30, exchange),
        (50_000, true, 20, exchange),
        (50_000, false, 30, free),
        (50_000, true, 10, resize),
    ] {
        let heap = SyncHeap::new();
        let stops = stop_at_each(&heap, size, own, most, act);
        println!("{size} bytes, own {own}: {stops} stops");
        assert!(stops > 5);
    }
}

/// Does something while another thread, which is stopped at some step of it, does something with a block. What both gave;
/// `None` if the other was not stopped any more.
fn beside<M, R: Send>(
    block: Sent,
    stop_at: usize,
    act: impl FnOnce(Sent) -> R + Send,
    meanwhile: impl FnOnce() -> M,
) -> Option<(M, R)> {
    STOP_AT.store(stop_at, Ordering::Relaxed);
    STEPS.store(0, Ordering::Relaxed);
    STATE.store(RUNNING, Ordering::Release);
    std::thread::scope(|scope| {
        let other = scope.spawn(move || {
            let mut result = None;
            stepwise(|| result = Some(act(block)));
            STATE.store(ENDED, Ordering::Release);
            result.unwrap()
        });
        while STATE.load(Ordering::Acquire) == RUNNING {
            nap();
        }
        let stopped = STATE.load(Ordering::Acquire) == STOPPED;
        let mine = meanwhile();
        STATE.store(RUNNING, Ordering::Release);
        let other = other.join().unwrap();
        stopped.then_some((mine, other))
    })
}

/// Frees a block of this thread's shard beside the other thread. Whether it was freed, and what the other gave.
fn free_beside<R: Send>(
    heap: &SyncHeap,
    block: Sent,
    stop_at: usize,
    act: impl FnOnce(Sent) -> R + Send,
) -> Option<(bool, R)> {
    // SAFETY: nothing uses the block.
    beside(block, stop_at, act, || unsafe { heap.try_free(block.0) }.is_ok())
}

#[test]
fn a_block_that_two_threads_free_at_once_is_free_once() {
    const SIZE: usize = 50_000;
    let _one = trapping();
    let (mut stops, mut by_both) = (0, 0);
    let take = |heap: &SyncHeap| Sent(heap.alloc_layout(layout(SIZE)));
    let stride = stride(60, || {
        let heap = SyncHeap::new();
        // SAFETY: nothing uses the block.
        free_beside(&heap, take(&heap), 0, |block| unsafe { heap.try_free(block.0) }.is_ok());
    });
    // With a free block in front of it, the run that is freed begins at another's record.
    for (stop_at, is_first) in (1..).step_by(stride).flat_map(|at| [(at, true), (at + stride / 2, false)]) {
        let heap = SyncHeap::new();
        let [before, block, behind] = [take(&heap), take(&heap), take(&heap)];
        if !is_first {
            // SAFETY: the block is in use, and not used any more.
            unsafe { heap.free(before.0) };
        }
        // SAFETY: nothing uses the block.
        let free = |block: Sent| unsafe { heap.try_free(block.0) }.is_ok();
        let Some((mine, theirs)) = free_beside(&heap, block, stop_at, free) else { break };
        assert!(mine || theirs, "a block in use was called free by both");
        stops += 1;
        by_both += usize::from(mine && theirs);
        let mut used: Vec<Sent> = if is_first { vec![before, behind] } else { vec![behind] };
        let each = SIZE.next_multiple_of(4096);
        assert_eq!(heap.stats().taken, used.len() * each, "stopped at step {stop_at}");
        used.extend((0..20).map(|_| take(&heap)));
        used.sort_unstable_by_key(|block| block.0);
        let apart = used.windows(2).all(|two| two[1].0.addr().get() - two[0].0.addr().get() >= each);
        assert!(apart, "handed out twice, stopped at step {stop_at}");
        // SAFETY: the blocks are in use, and not used any more.
        used.into_iter().for_each(|block| unsafe { heap.free(block.0) });
        assert_eq!(heap.stats().taken, 0, "stopped at step {stop_at}");
    }
    println!("{stops} stops, {by_both} times both succeeded");
    assert!(stops > 20 && by_both > 0);
}

#[test]
fn a_block_that_is_freed_while_another_thread_resizes_it_is_free_once() {
    const SIZE: usize = 50_000;
    let _one = trapping();
    let (mut stops, mut refused) = (0, 0);
    let stride = stride(40, || {
        let heap = SyncHeap::new();
        let block = Sent(heap.alloc_layout(layout(SIZE)));
        // SAFETY: nothing uses the block under its old address.
        let resize = |block: Sent| unsafe { heap.try_realloc(block.0, layout(2 * SIZE)) }.is_ok();
        free_beside(&heap, block, 0, resize);
    });
    for (stop_at, longer) in (1..).step_by(stride).flat_map(|at| [(at, true), (at + stride / 2, false)]) {
        let heap = SyncHeap::new();
        let take = || Sent(heap.alloc_layout(layout(SIZE)));
        let [block, behind, last] = [take(), take(), take()];
        // SAFETY: the block is in use, and not used any more: so the one in front of it can grow.
        unsafe { heap.free(behind.0) };
        let new = layout(if longer { 2 * SIZE } else { SIZE - 10_000 });
        // SAFETY: nothing uses the block under its old address.
        let resize = |block: Sent| unsafe { heap.try_realloc(block.0, new) }.ok().map(Sent);
        let Some((freed, resized)) = free_beside(&heap, block, stop_at, resize) else { break };
        assert!(freed || resized.is_some(), "the block was lost");
        stops += 1;
        refused += usize::from(resized.is_none());
        if let Some(block) = resized {
            // It may have been freed after it was resized.
            // SAFETY: nothing uses the block.
            let _ = unsafe { heap.try_free(block.0) };
        }
        let each = SIZE.next_multiple_of(4096);
        assert_eq!((heap.stats().blocks, heap.stats().taken), (1, each), "stopped at step {stop_at}");
        let mut used: Vec<Sent> = (0..20).map(|_| take()).chain([last]).collect();
        used.sort_unstable_by_key(|block| block.0);
        let apart = used.windows(2).all(|two| two[1].0.addr().get() - two[0].0.addr().get() >= each);
        assert!(apart, "handed out twice, stopped at step {stop_at}");
    }
    println!("{stops} stops, {refused} times refused");
    assert!(stops > 20 && refused > 0);
}

#[test]
fn a_resize_that_is_refused_frees_nothing() {
    let _one = trapping();
    let (mut stops, mut refused) = (0, 0);
    // Resizes a block that is free, and that this thread takes meanwhile.
    let round = |stop_at: usize| {
        let heap = SyncHeap::new();
        let block = take(&heap, 24);
        give(&heap, block, 24);
        // SAFETY: where it is refused nothing changes, and else the block's new owner does not touch it.
        let resize = |block: Sent| unsafe { heap.try_realloc(block.0, layout(240)) }.ok().map(Sent);
        let ended = beside(block, stop_at, resize, || assert_eq!(heap.alloc_layout(layout(24)), block.0));
        if let Some(((), None)) = ended {
            assert!(heap.contains(block.0), "stopped at step {stop_at}");
        }
        ended.map(|((), longer)| longer.is_none())
    };
    let stride = stride(60, || _ = round(0));
    for was_refused in (1..).step_by(stride).map_while(round) {
        stops += 1;
        refused += usize::from(was_refused);
    }
    println!("{stops} stops, {refused} times it was refused");
    assert!(refused > 5 && refused < stops);
}
