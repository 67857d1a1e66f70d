//! What a block costs: a page taken, touched on one word and given back, against malloc and free of as much.
//!
//! The peers are called directly, through `libc` and `GlobalAlloc`; none of them is this program's allocator.
//! The pool's ways stand side by side: its ready slots, and the bitmap alone (`slots(0)`), with the thread
//! on its own and two of them at once.

#[path = "../support/mod.rs"]
mod support;

use region::PagePool;
use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;
use support::{Cost, Duel, minor_faults};

const BLOCK: usize = 64 << 10;
const LIVES: usize = 200_000;
const ROUNDS: usize = 15;

fn pool(slots: usize) -> PagePool {
    PagePool::options().block_size(BLOCK).capacity(1024).slots(slots).map().unwrap()
}

/// One life of a block: had, touched on one word, given back.
fn pool_life(pool: &PagePool) {
    let mut page = pool.take().unwrap();
    page[0].write(black_box(1));
    black_box(page.as_mut_ptr());
}

fn glibc_life() {
    // SAFETY: the block is 64 KiB, touched at its start and freed once.
    unsafe {
        let block = libc::malloc(black_box(BLOCK)).cast::<u8>();
        block.write(black_box(1));
        libc::free(black_box(block).cast());
    }
}

fn global_life(allocator: &impl GlobalAlloc) {
    let layout = Layout::from_size_align(black_box(BLOCK), 16).unwrap();
    // SAFETY: the block is 64 KiB, touched at its start and freed once with the same layout.
    unsafe {
        let block = allocator.alloc(layout);
        block.write(black_box(1));
        allocator.dealloc(black_box(block), layout);
    }
}

/// The time of `LIVES` lives on each of `threads` threads that start together.
fn together(threads: usize, life: impl Fn() + Sync) -> Cost {
    let start = Barrier::new(threads);
    let faults = minor_faults();
    let times = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    // A first life finds what the thread keeps, and is not timed.
                    life();
                    start.wait();
                    let begin = Instant::now();
                    (0..LIVES).for_each(|_| life());
                    (begin, Instant::now())
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
    });
    let begin = times.iter().map(|time| time.0).min().unwrap();
    let end = times.iter().map(|time| time.1).max().unwrap();
    Cost { time: end - begin, faults: minor_faults() - faults }
}

fn main() {
    let (ready, one, bitmap) = (pool(16), pool(1), pool(0));

    Duel::new("take, touch a word, give back: 64 KiB", LIVES as u64, ROUNDS)
        .add("pool, ready slots", || (0..LIVES).for_each(|_| pool_life(&ready)))
        .add("pool, bitmap alone", || (0..LIVES).for_each(|_| pool_life(&bitmap)))
        .add("glibc", || (0..LIVES).for_each(|_| glibc_life()))
        .add("jemalloc", || (0..LIVES).for_each(|_| global_life(&tikv_jemallocator::Jemalloc)))
        .add("mimalloc", || (0..LIVES).for_each(|_| global_life(&mimalloc::MiMalloc)))
        .run();

    // 32 blocks had at once: all but one of them go through the bitmap.
    Duel::new("take 32, give 32 back", LIVES as u64, ROUNDS)
        .add("pool, ready slots", || {
            for _ in 0..LIVES / 32 {
                black_box([(); 32].map(|()| ready.take().unwrap()));
            }
        })
        .add("pool, bitmap alone", || {
            for _ in 0..LIVES / 32 {
                black_box([(); 32].map(|()| bitmap.take().unwrap()));
            }
        })
        .add("glibc", || {
            for _ in 0..LIVES / 32 {
                // SAFETY: each block is freed once.
                let blocks = [(); 32].map(|()| unsafe { libc::malloc(black_box(BLOCK)) });
                // SAFETY: as above.
                let _ = black_box(blocks).map(|block| unsafe { libc::free(block) });
            }
        })
        .add("mimalloc", || {
            let layout = Layout::from_size_align(BLOCK, 16).unwrap();
            for _ in 0..LIVES / 32 {
                // SAFETY: each block is freed once, with its layout.
                let blocks = [(); 32].map(|()| unsafe { mimalloc::MiMalloc.alloc(black_box(layout)) });
                // SAFETY: as above.
                let _ = black_box(blocks).map(|block| unsafe { mimalloc::MiMalloc.dealloc(block, layout) });
            }
        })
        .run();

    // Time for twice the work on two threads: a ratio of 1 is twice the throughput of one thread.
    for (name, pool) in [("ready slots", &ready), ("one slot for both", &one), ("bitmap alone", &bitmap)] {
        Duel::new(format!("threads, each its own lives: {name}"), LIVES as u64, ROUNDS)
            .add_costed("1 thread", || together(1, || pool_life(pool)))
            .add_costed("2 threads", || together(2, || pool_life(pool)))
            .run()
            .last()
            .inspect(|(_, ratio)| println!("  throughput of 2 threads over 1: {:.2}×", 2.0 / ratio));
    }
}
