//! A child is forked at each step of an operation on a heap, and takes over the shard that was in use.
//!
//! The processor traps after every instruction of the operation, and the handler of the trap forks at the Nth, for one N
//! after another. The child has the heap as a child of several threads has it whose parent forks while another thread is
//! at that step: the shard is claimed, and whoever claimed it never goes on. It takes the shard over, and then no block in
//! use may have changed, none be handed out twice, and no memory be lost.

#![cfg(all(feature = "os", target_os = "linux", target_arch = "x86_64", not(miri)))]

#[path = "support/stepwise.rs"]
mod stepwise;

use region::SyncHeap;
use std::alloc::Layout;
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicUsize, Ordering};
use stepwise::stepwise;

const KEPT: usize = 60;

/// What the parent holds while it is at it.
struct Case {
    heap: SyncHeap,
    kept: [(usize, usize); KEPT],
}

static CASE: AtomicPtr<Case> = AtomicPtr::new(null_mut());
static FORK_AT: AtomicUsize = AtomicUsize::new(0);
static STEPS: AtomicUsize = AtomicUsize::new(0);
/// How the child ended; -1 if there was none.
static ENDED: AtomicI32 = AtomicI32::new(-1);

extern "C" fn on_step(_: libc::c_int, _: *const libc::siginfo_t, interrupted: *mut c_void) {
    if STEPS.fetch_add(1, Ordering::Relaxed) + 1 == FORK_AT.load(Ordering::Relaxed) {
        // SAFETY: the child uses the heap, which is there, and the stack, and ends. The parent waits for it.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::alarm(900);
                let wrong = in_the_child(&*CASE.load(Ordering::Relaxed)).err().unwrap_or(0);
                libc::_exit(wrong);
            }
            let mut status = 0;
            libc::waitpid(child, &mut status, 0);
            ENDED.store(status, Ordering::Relaxed);
            stepwise::no_more(interrupted);
        }
    }
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).unwrap()
}

fn take(heap: &SyncHeap, size: usize) -> (usize, usize) {
    let block = heap.alloc_layout(layout(size));
    // SAFETY: the block is as long.
    unsafe { block.write_bytes(size as u8, size) };
    (block.as_ptr().expose_provenance(), size)
}

fn pointer(address: usize) -> NonNull<u8> {
    NonNull::new(std::ptr::with_exposed_provenance_mut(address)).unwrap()
}

fn is_filled((address, size): (usize, usize)) -> bool {
    // SAFETY: the block is in use, and has so many bytes.
    unsafe { std::slice::from_raw_parts(pointer(address).as_ptr(), size) }.iter().all(|&byte| byte == size as u8)
}

fn free(heap: &SyncHeap, address: usize) -> bool {
    // SAFETY: nothing uses the block.
    unsafe { heap.try_free(pointer(address)) }.is_ok()
}

/// What must hold in the child. The number of what does not. Takes no memory but the heap's.
fn in_the_child(case: &Case) -> Result<(), i32> {
    let check = |number: i32, holds: bool| if holds { Ok(()) } else { Err(number) };
    let heap = &case.heap;
    // SAFETY: the child has one thread. The operation that it was in the middle of never goes on.
    unsafe { heap.recover_after_fork() };
    check(1, case.kept.iter().all(|&block| heap.contains(pointer(block.0)) && is_filled(block)))?;
    // A shard that is claimed would be left out. One block was about to be taken or freed, and another resized.
    let blocks = heap.stats().blocks;
    check(2, (KEPT..=KEPT + 2).contains(&blocks))?;
    let mut all = [(0, 0); 3 * KEPT];
    all[..KEPT].copy_from_slice(&case.kept);
    let sizes = [24, 40, 700, 3000, 5000, 50_000];
    for (at, place) in all[KEPT..].iter_mut().enumerate() {
        *place = take(heap, sizes[at % sizes.len()]);
    }
    check(3, heap.stats().blocks == blocks + 2 * KEPT)?;
    all.sort_unstable();
    check(4, all.windows(2).all(|two| two[0].0 + two[0].1 <= two[1].0))?;
    check(5, all.iter().all(|&block| is_filled(block)))?;
    check(6, all.iter().all(|&(address, _)| free(heap, address)))?;
    let now = heap.stats();
    // What is left are the blocks of the operation, and an empty page a class and shard.
    check(7, now.blocks == blocks - KEPT && now.used <= 4 << 20)?;
    heap.trim();
    check(8, heap.stats().taken <= 4 << 20)?;
    // The same once more, and again, takes no more addresses. The first time this thread takes blocks of another's as well.
    let mut reserved = [0; 2];
    for reserved in &mut reserved {
        all.iter_mut().for_each(|place| *place = take(heap, place.1));
        *reserved = heap.stats().reserved;
        check(9, all.iter().all(|&block| is_filled(block)))?;
        check(10, all.iter().all(|&(address, _)| free(heap, address)))?;
    }
    check(11, reserved[0] == reserved[1])
}

/// Blocks of two threads, some of them freed by the other one.
fn begin(heap: &SyncHeap) -> [(usize, usize); KEPT] {
    let sizes = [16, 40, 40, 700, 3000, 50_000];
    let size = |at: usize| sizes[at % sizes.len()];
    let mut kept = [(0, 0); KEPT];
    let (own, others) = kept.split_at_mut(KEPT / 2);
    let mut passing = Vec::new();
    for (at, place) in own.iter_mut().enumerate() {
        *place = take(heap, size(at));
        passing.push(take(heap, size(at)).0);
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (at, place) in others.iter_mut().enumerate() {
                *place = take(heap, size(at));
            }
            // The last of them are small, and wait for the shard's next holder.
            assert!(passing.iter().rev().all(|&address| free(heap, address)));
        });
    });
    kept
}

/// Forks at about so many of the steps of `act`, which are even far apart: how many there are, the compiler decides. How
/// often it did.
fn fork_at_each(size: usize, most: usize, act: fn(&SyncHeap, usize, usize)) -> usize {
    // Whether there was a child. None is forked at step 0.
    let round = |at: usize| {
        let heap = SyncHeap::new();
        let kept = begin(&heap);
        let mut case = Box::new(Case { heap, kept });
        let block = take(&case.heap, size).0;
        CASE.store(&raw mut *case, Ordering::Relaxed);
        FORK_AT.store(at, Ordering::Relaxed);
        STEPS.store(0, Ordering::Relaxed);
        ENDED.store(-1, Ordering::Relaxed);
        stepwise(|| act(&case.heap, block, size));
        let ended = ENDED.load(Ordering::Relaxed);
        assert!(ended == -1 || ended >> 8 | ended & 127 == 0, "{ended:#x} at step {at} of {size} bytes");
        ended != -1
    };
    // The first makes what all that follow have.
    let steps = (0..4).map(|_| {
        assert!(!round(0));
        STEPS.load(Ordering::Relaxed)
    });
    let stride = steps.min().unwrap() / most;
    (1..).step_by(stride.max(1)).take_while(|&at| round(at)).count()
}

#[test]
fn a_child_takes_over_a_shard_that_was_in_use_at_any_step() {
    // SAFETY: the handler forks, and waits for a child that uses the heap as its interface allows.
    let _one = unsafe { stepwise::trapping(on_step) };
    let free_it: fn(&SyncHeap, usize, usize) = |heap, block, _| {
        free(heap, block);
    };
    let take_one: fn(&SyncHeap, usize, usize) = |heap, _, size| {
        heap.alloc_layout(layout(size));
    };
    // Sizes of which there is no page yet, and a free of a page's last block.
    let make_page: fn(&SyncHeap, usize, usize) = |heap, _, size| {
        let block = heap.alloc_layout(layout(size + 300));
        free(heap, block.as_ptr().expose_provenance());
    };
    let resize: fn(&SyncHeap, usize, usize) = |heap, block, size| {
        for new in [2 * size, size / 2] {
            // SAFETY: the block is in use, and used under its new address alone.
            let new = unsafe { heap.realloc(pointer(block), layout(new)) };
            if new != pointer(block) {
                break;
            }
        }
    };
    let give_back: fn(&SyncHeap, usize, usize) = |heap, block, _| {
        free(heap, block);
        heap.trim();
    };
    for (size, most, act) in [
        (40, 40, free_it),
        (40, 40, take_one),
        (3000, 30, take_one),
        (50_000, 30, free_it),
        (50_000, 30, take_one),
        (1000, 30, make_page),
        (50_000, 10, resize),
        (2_000_000, 30, take_one),
        (50_000, 20, give_back),
    ] {
        let forks = fork_at_each(size, most, act);
        println!("{size} bytes: {forks} forks");
        assert!(forks > 5);
    }
}
