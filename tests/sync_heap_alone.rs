//! A heap of many threads in a process that has one, then several, whose blocks stay when they end: what it does without
//! exchanges, and handlers of signals in between.
//!
//! A program of its own, without the harness: that has threads, and the heap would be used as by one of several.

#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
#[path = "support/stepwise.rs"]
mod stepwise;

use region::SyncHeap;
use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

static HEAP: SyncHeap = SyncHeap::new();

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).unwrap()
}

/// A block whose bytes are all the low byte of its size.
struct Block(NonNull<u8>, usize);

// SAFETY: a block has one owner, and the heap is for all threads.
unsafe impl Send for Block {}

impl Block {
    fn new(size: usize) -> Self {
        let block = HEAP.alloc_layout(layout(size));
        // SAFETY: the block has so many bytes.
        unsafe { block.write_bytes(size as u8, size) };
        Block(block, size)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: the block has so many bytes, which were written, and is not used any more.
        unsafe {
            let bytes = NonNull::slice_from_raw_parts(self.0, self.1).as_ref();
            assert!(bytes.iter().all(|byte| *byte == self.1 as u8), "a block of {} bytes changed", self.1);
            HEAP.free(self.0);
        }
    }
}

/// What glibc says (`<sys/single_threaded.h>`, since 2.32).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn is_alone() -> bool {
    unsafe extern "C" {
        static __libc_single_threaded: u8;
    }
    // SAFETY: the library's byte, which changes at calls that make threads.
    unsafe { __libc_single_threaded != 0 }
}

fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize
}

/// Takes and frees blocks of many sizes in random order. What is left.
fn churn(seed: u64, steps: usize) -> Vec<Block> {
    let (mut seed, mut blocks) = (seed, Vec::new());
    for _ in 0..steps {
        let size = 1 + next(&mut seed) % if next(&mut seed) % 50 == 0 { 200_000 } else { 600 };
        blocks.push(Block::new(size));
        if blocks.len() > 200 {
            blocks.swap_remove(next(&mut seed) % blocks.len());
        }
    }
    blocks
}

#[cfg(unix)]
mod handler {
    use super::*;

    pub static HANDLED: AtomicUsize = AtomicUsize::new(0);
    /// How long after a signal the next comes; 0 for none.
    static MICROSECONDS: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn handle(_: libc::c_int) {
        // Two blocks that are alive at once, of the classes that the program uses.
        let (first, second) = (Block::new(24), Block::new(500));
        assert_ne!(first.0, second.0);
        HANDLED.fetch_add(1, Ordering::Relaxed);
        timer();
    }

    /// Has one signal come. Regular ones would leave the program no time where handling one takes longer (an emulator).
    fn timer() {
        let [never, once] = [0, MICROSECONDS.load(Ordering::Relaxed)]
            .map(|microseconds| libc::timeval { tv_sec: 0, tv_usec: microseconds as _ });
        let value = libc::itimerval { it_interval: never, it_value: once };
        // SAFETY: both addresses are good for what the call reads, and the second is none.
        assert_eq!(unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const value, std::ptr::null_mut()) }, 0);
    }

    /// Handles a signal after every few microseconds while `body` runs.
    pub fn while_interrupted<R>(body: impl FnOnce() -> R) -> R {
        // SAFETY: zeroes are an action without flags, and the handler uses the heap and atomics alone.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_RESTART;
            assert_eq!(libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()), 0);
        }
        MICROSECONDS.store(50, Ordering::Relaxed);
        timer();
        let result = body();
        MICROSECONDS.store(0, Ordering::Relaxed);
        timer();
        result
    }
}

#[cfg(not(unix))]
mod handler {
    pub fn while_interrupted<R>(body: impl FnOnce() -> R) -> R {
        body()
    }
}

/// A handler frees a block between any two instructions of an operation that has the shard claimed.
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
mod interrupted {
    use super::*;
    use std::ffi::c_void;
    use std::sync::atomic::AtomicPtr;

    static STOP_AT: AtomicUsize = AtomicUsize::new(0);
    static STEPS: AtomicUsize = AtomicUsize::new(0);
    static BLOCK: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());

    extern "C" fn on_step(_: libc::c_int, _: *const libc::siginfo_t, interrupted: *mut c_void) {
        if STEPS.fetch_add(1, Ordering::Relaxed) + 1 == STOP_AT.load(Ordering::Relaxed) {
            let block = BLOCK.swap(std::ptr::null_mut(), Ordering::Relaxed);
            // SAFETY: the block is in use, and not used any more. Traps end in what the handler was called with.
            unsafe {
                HEAP.free(NonNull::new(block).unwrap());
                stepwise::no_more(interrupted);
            }
        }
    }

    /// No block that was freed so is free twice. How often one was.
    pub fn frees_are_known() -> usize {
        // SAFETY: the handler uses the heap, from which no operation of a handler is kept, and atomics.
        let _one = unsafe { stepwise::trapping(on_step) };
        let ended = |stop_at: usize| {
            let block = HEAP.alloc_layout(layout(400));
            BLOCK.store(block.as_ptr(), Ordering::Relaxed);
            STEPS.store(0, Ordering::Relaxed);
            STOP_AT.store(stop_at, Ordering::Relaxed);
            stepwise::stepwise(|| {
                let other = HEAP.alloc_layout(layout(24));
                // SAFETY: the block is in use, and not used any more.
                unsafe { HEAP.free(other) };
            });
            let freed = BLOCK.load(Ordering::Relaxed).is_null();
            // SAFETY: nothing uses the block.
            let again = unsafe { HEAP.try_free(block) };
            assert_eq!(again.is_ok(), !freed, "freed by a handler at step {stop_at}");
            !freed
        };
        (1..).take_while(|&stop_at| !ended(stop_at)).count()
    }
}

fn main() {
    let steps = if cfg!(miri) { 500 } else { 200_000 };
    // Alone, which glibc says: without exchanges.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    assert!(is_alone(), "there is a second thread, or the C library has no such byte");
    let mut kept = churn(1, steps);
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    assert!(interrupted::frees_are_known() > 50);
    kept.extend(handler::while_interrupted(|| churn(2, steps)));
    // Blocks of before go to threads, which have blocks of their own, and all of them go on while signals come.
    let theirs = kept.split_off(kept.len() / 2);
    let handed = handler::while_interrupted(|| {
        std::thread::scope(|scope| {
            let other = scope.spawn(move || {
                drop(theirs);
                churn(3, steps)
            });
            kept.extend(churn(4, steps));
            other.join().unwrap()
        })
    });
    // With blocks of a thread that has ended.
    kept.extend(handed);
    kept.extend(handler::while_interrupted(|| churn(5, steps)));
    assert_eq!(HEAP.stats().blocks, kept.len());
    drop(kept);
    assert_eq!(HEAP.stats().blocks, 0);
    #[cfg(unix)]
    assert!(cfg!(miri) || handler::HANDLED.load(Ordering::Relaxed) > 0, "no signal came");
    println!("test result: ok. 1 passed; 0 failed");
}
