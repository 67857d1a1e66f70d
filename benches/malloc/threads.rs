//! What a heap of many threads costs: blocks of mixed sizes that come and go in several threads, some of which another
//! thread frees than took them.
//!
//! Each thread has its slots, and exchanges the block of one for a new one. A part of the old blocks it does not free
//! itself: it leaves them in a place that all threads have, and frees what another one left there. The peers are called
//! directly; none of them is this program's allocator.
//!
//! ```sh
//! cargo run --release --bin threads            # times, then the slowest operations
//! cargo run --release --bin threads -- 2       # with so many threads alone
//! ```

#[path = "../support/mod.rs"]
mod support;

use region::{Heap, SyncHeap};
use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Instant;
use support::Duel;
use talc::DefaultBinning;
use talc::source::Manual;

/// What the contest needs of an allocator.
trait Allocator: Sync {
    fn take(&self, size: usize) -> *mut u8;
    /// # Safety
    /// `block` was taken with this size and is given back once.
    unsafe fn give(&self, block: *mut u8, size: usize);
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 16).unwrap()
}

struct Global<A>(A);

impl<A: GlobalAlloc + Sync> Allocator for Global<A> {
    #[inline(always)]
    fn take(&self, size: usize) -> *mut u8 {
        // SAFETY: no size is 0.
        unsafe { self.0.alloc(layout(size)) }
    }
    #[inline(always)]
    unsafe fn give(&self, block: *mut u8, size: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.0.dealloc(block, layout(size)) }
    }
}

struct Glibc;

impl Allocator for Glibc {
    #[inline(always)]
    fn take(&self, size: usize) -> *mut u8 {
        // SAFETY: malloc takes any size.
        unsafe { libc::malloc(size).cast() }
    }
    #[inline(always)]
    unsafe fn give(&self, block: *mut u8, _: usize) {
        // SAFETY: the caller's promise.
        unsafe { libc::free(block.cast()) }
    }
}

/// A heap of one thread, for a contest of one.
struct Alone(Heap);

// SAFETY: one thread at a time uses it.
unsafe impl Sync for Alone {}

impl Allocator for Alone {
    #[inline(always)]
    fn take(&self, size: usize) -> *mut u8 {
        self.0.alloc_layout(layout(size)).as_ptr()
    }
    #[inline(always)]
    unsafe fn give(&self, block: *mut u8, _: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.0.free(std::ptr::NonNull::new_unchecked(block)) }
    }
}

/// Talc serves several threads behind a lock.
struct Talc(Mutex<talc::base::Talc<Manual, DefaultBinning>>);

impl Talc {
    fn new() -> Self {
        const ARENA: usize = 512 << 20;
        // SAFETY: anonymous private memory, which is never unmapped and talc's alone.
        unsafe {
            let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            let start = libc::mmap(std::ptr::null_mut(), ARENA, access, flags, -1, 0);
            assert_ne!(start, libc::MAP_FAILED);
            let mut talc = talc::base::Talc::new(Manual);
            talc.claim(start.cast(), ARENA).unwrap();
            Talc(Mutex::new(talc))
        }
    }
}

impl Allocator for Talc {
    fn take(&self, size: usize) -> *mut u8 {
        // SAFETY: no size is 0.
        unsafe { self.0.lock().unwrap().allocate(layout(size)).unwrap().as_ptr() }
    }
    unsafe fn give(&self, block: *mut u8, size: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.0.lock().unwrap().deallocate(block, layout(size)) }
    }
}

/// Places where threads leave blocks for each other.
const PLACES: usize = 1024;
/// Slots of all threads together.
const SLOTS: usize = 40_000;
const LEAST: usize = 16;
const MOST: usize = 512;

/// A thread's slots.
struct Churn {
    slots: Vec<*mut u8>,
    seed: u64,
}

// SAFETY: the blocks are the churn's, whichever thread has it.
unsafe impl Send for Churn {}

impl Churn {
    fn new(number: usize, threads: usize) -> Self {
        Churn { slots: vec![std::ptr::null_mut(); SLOTS / threads], seed: 88_172_645_463_325_252 + number as u64 }
    }

    fn next(&mut self) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 16) as usize
    }

    /// One exchange. A block has its size in its first bytes.
    #[inline(always)]
    fn step(&mut self, allocator: &impl Allocator, places: &[AtomicPtr<u8>], share: usize) {
        let at = self.next() % self.slots.len();
        let size = LEAST + self.next() % (MOST - LEAST + 1);
        let mut old = self.slots[at];
        if self.next() % 100 < share {
            old = places[self.next() % PLACES].swap(old, Ordering::AcqRel);
        }
        // SAFETY: the old block is this thread's, and given back once; the new one has `size` bytes, 16 at least.
        unsafe {
            if !old.is_null() {
                allocator.give(old, old.cast::<usize>().read());
            }
            let block = allocator.take(black_box(size));
            block.cast::<usize>().write(size);
            block.add(size - 1).write(2);
            self.slots[at] = block;
        }
    }
}

/// The churns of all threads on one allocator, and the places that they have in common.
struct Contest<A> {
    allocator: A,
    churns: Vec<Churn>,
    places: Vec<AtomicPtr<u8>>,
    share: usize,
}

impl<A: Allocator> Contest<A> {
    /// With all slots full.
    fn new(allocator: A, threads: usize, share: usize) -> Self {
        let churns = (0..threads).map(|number| Churn::new(number, threads)).collect();
        let places = (0..PLACES).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect();
        let mut contest = Contest { allocator, churns, places, share };
        contest.run(SLOTS * 5);
        contest
    }

    /// So many steps of all threads together.
    fn run(&mut self, times: usize) {
        let times = times / self.churns.len();
        let (allocator, places, share) = (&self.allocator, &self.places, self.share);
        std::thread::scope(|scope| {
            for churn in &mut self.churns {
                scope.spawn(move || (0..times).for_each(|_| churn.step(allocator, places, share)));
            }
        });
    }

    /// The slowest operations, in nanoseconds: of a thousand, of 100,000, and of all. A system that takes the processor
    /// away is in the last.
    fn slowest(&mut self, times: usize) -> [u64; 3] {
        let each = times / self.churns.len();
        let (allocator, places, share) = (&self.allocator, &self.places, self.share);
        let mut all: Vec<u64> = std::thread::scope(|scope| {
            let timed = |churn: &mut Churn| {
                let start = Instant::now();
                churn.step(allocator, places, share);
                start.elapsed().as_nanos() as u64
            };
            let run = move |churn: &mut Churn| (0..each).map(|_| timed(churn)).collect::<Vec<_>>();
            let threads: Vec<_> = self.churns.iter_mut().map(|churn| scope.spawn(move || run(churn))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        all.sort_unstable();
        [all.len() / 1000, all.len() / 100_000, 1].map(|behind| all[all.len() - behind.max(1)])
    }
}

fn contest(threads: usize, share: usize) {
    const TIMES: usize = 800_000;
    let mut heap = Contest::new(Global(SyncHeap::new()), threads, share);
    let mut mi = Contest::new(Global(mimalloc::MiMalloc), threads, share);
    let mut glibc = Contest::new(Glibc, threads, share);
    let mut je = Contest::new(Global(tikv_jemallocator::Jemalloc), threads, share);
    let mut talc = Contest::new(Talc::new(), threads, share);
    let mut alone = (threads == 1).then(|| Contest::new(Alone(Heap::new()), threads, share));
    let plural = if threads == 1 { "" } else { "s" };
    let title = format!("{threads} thread{plural}, {share} % freed by others: one freed and one taken");
    let mut duel = Duel::new(title, TIMES as u64, 9)
        .add("sync heap", || heap.run(TIMES))
        .add("mimalloc", || mi.run(TIMES))
        .add("glibc", || glibc.run(TIMES))
        .add("jemalloc", || je.run(TIMES))
        .add("talc, locked", || talc.run(TIMES));
    if let Some(alone) = &mut alone {
        duel = duel.add("heap", || alone.run(TIMES));
    }
    duel.run();
    println!("  slowest of 1,000, of 100,000, of all {TIMES}, in ns:");
    let print = |name: &str, [a, b, c]: [u64; 3]| println!("    {name:<14}{a:>8}{b:>10}{c:>12}");
    print("sync heap", heap.slowest(TIMES));
    print("mimalloc", mi.slowest(TIMES));
    print("glibc", glibc.slowest(TIMES));
    print("jemalloc", je.slowest(TIMES));
    print("talc, locked", talc.slowest(TIMES));
    std::mem::forget((heap, mi, glibc, je, talc));
}

fn main() {
    let only: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    for threads in [1, 2, 8] {
        for share in [0, 10, 50] {
            if (only.is_empty() || only.contains(&threads)) && (threads > 1 || share == 0) {
                contest(threads, share);
            }
        }
    }
}
