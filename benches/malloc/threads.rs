//! What a heap of many threads costs: blocks of mixed sizes that come and go in several threads, some of which another
//! thread frees than took them.
//!
//! Each thread has its slots, and exchanges the block of one for a new one. A part of the old blocks it does not free
//! itself: it leaves them in a place that all threads have, and frees what another one left there. The peers are called
//! directly; none of them is this program's allocator.
//!
//! The threads stay for all rounds. In another contest they end with each, and the next ones free what they had. The first
//! contest of all is the main thread's, before there is another: what need not be locked there is not.
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
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
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

/// What a contest's threads have in common.
struct Common<A> {
    allocator: A,
    places: Vec<AtomicPtr<u8>>,
    share: usize,
}

/// What a thread is to do.
#[derive(Clone, Copy)]
enum Work {
    Steps(usize),
    /// The same, each of them timed.
    Timed(usize),
}

impl Work {
    fn done<A: Allocator>(self, churn: &mut Churn, common: &Common<A>) -> Vec<u64> {
        let mut step = || churn.step(&common.allocator, &common.places, common.share);
        match self {
            Work::Steps(times) => {
                (0..times).for_each(|_| step());
                Vec::new()
            }
            Work::Timed(times) => {
                let mut timed = || {
                    let start = Instant::now();
                    step();
                    start.elapsed().as_nanos() as u64
                };
                (0..times).map(|_| timed()).collect()
            }
        }
    }
}

/// A thread that waits for work, and says how long each step took.
type Worker = (Sender<Work>, Receiver<Vec<u64>>);

/// Threads on one allocator: the main thread, the same ones in each round, or new ones, to which the slots of those that
/// ended pass.
enum Contest<A> {
    Alone(Common<A>, Churn),
    Staying(Vec<Worker>),
    Ending(Common<A>, Vec<Churn>),
}

impl<A: Allocator + Send + 'static> Contest<A> {
    /// With all slots full.
    fn new(allocator: A, Setting { threads, share, who }: Setting) -> Self {
        let mut churns = (0..threads).map(|number| Churn::new(number, threads));
        let places = (0..PLACES).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect();
        let common = Common { allocator, places, share };
        let mut contest = match who {
            Who::Alone => Contest::Alone(common, churns.next().unwrap()),
            Who::Ending => Contest::Ending(common, churns.collect()),
            Who::Staying => {
                let common = Arc::new(common);
                Contest::Staying(churns.map(|churn| Self::worker(common.clone(), churn)).collect())
            }
        };
        contest.run(SLOTS * 5);
        contest
    }

    fn worker(common: Arc<Common<A>>, mut churn: Churn) -> Worker {
        let (order, orders) = channel::<Work>();
        let (answer, answers) = channel();
        std::thread::spawn(move || {
            orders.iter().try_for_each(|work| answer.send(work.done(&mut churn, &common))).ok();
        });
        (order, answers)
    }

    fn all_do(&mut self, work: impl Fn(usize) -> Work) -> Vec<u64> {
        match self {
            Contest::Alone(common, churn) => work(1).done(churn, common),
            Contest::Staying(workers) => {
                let work = work(workers.len());
                workers.iter().for_each(|(order, _)| order.send(work).unwrap());
                workers.iter().flat_map(|(_, answers)| answers.recv().unwrap()).collect()
            }
            Contest::Ending(common, churns) => std::thread::scope(|scope| {
                let (work, common) = (work(churns.len()), &*common);
                let begin = |churn| scope.spawn(move || work.done(churn, common));
                let threads: Vec<_> = churns.iter_mut().map(begin).collect();
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            }),
        }
    }

    /// So many steps of all threads together.
    fn run(&mut self, times: usize) {
        self.all_do(|threads| Work::Steps(times / threads));
    }

    /// The slowest operations, in nanoseconds: of a thousand, of 100,000, and of all. A system that takes the processor
    /// away is in the last.
    fn slowest(&mut self, times: usize) -> [u64; 3] {
        let mut all = self.all_do(|threads| Work::Timed(times / threads));
        all.sort_unstable();
        [all.len() / 1000, all.len() / 100_000, 1].map(|behind| all[all.len() - behind.max(1)])
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Who {
    Alone,
    Staying,
    Ending,
}

/// How many threads, of how many percent of the blocks are freed by another, and who they are.
#[derive(Clone, Copy)]
struct Setting {
    threads: usize,
    share: usize,
    who: Who,
}

fn contest(setting: Setting) {
    const TIMES: usize = 800_000;
    let Setting { threads, share, who } = setting;
    let mut heap = Contest::new(Global(SyncHeap::new()), setting);
    let mut mi = Contest::new(Global(mimalloc::MiMalloc), setting);
    let mut glibc = Contest::new(Glibc, setting);
    let mut je = Contest::new(Global(tikv_jemallocator::Jemalloc), setting);
    let mut talc = Contest::new(Talc::new(), setting);
    let mut alone = (threads == 1).then(|| Contest::new(Alone(Heap::new()), setting));
    let plural = if threads == 1 { "" } else { "s" };
    let freed = match who {
        Who::Alone => "the only one of the process".into(),
        Who::Staying => format!("{share} % freed by others"),
        Who::Ending => "all freed by those that come after".into(),
    };
    let title = format!("{threads} thread{plural}, {freed}: one freed and one taken");
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
}

fn main() {
    let only: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let wanted = |threads: usize| only.is_empty() || only.contains(&threads);
    if wanted(1) {
        contest(Setting { threads: 1, share: 0, who: Who::Alone });
    }
    for threads in [1, 2, 8].into_iter().filter(|&threads| wanted(threads)) {
        let settings = [(0, Who::Staying), (10, Who::Staying), (50, Who::Staying), (0, Who::Ending)];
        for (share, who) in settings.into_iter().filter(|&(share, _)| share == 0 || threads > 1) {
            contest(Setting { threads, share, who });
        }
    }
}
