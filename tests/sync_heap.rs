//! Heaps of many threads: who frees what, what is refused, and what stays when memory ends.

#![cfg(feature = "os")]

mod support;

use region::backing::Mapped;
use region::error::AllocReason;
use region::heap::FreeError;
use region::{Heap, SyncHeap};
use std::alloc::{GlobalAlloc, Layout};
use std::collections::HashSet;
use std::ptr::NonNull;
#[cfg(unix)]
use std::sync::Arc;
#[cfg(unix)]
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use support::heap::{Heap as Booked, Plan};

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// How often something is done: less where each step takes long.
const fn rounds(miri: usize, most: usize) -> usize {
    match () {
        () if cfg!(miri) => miri,
        () if cfg!(region_tsan) => most / 20,
        () => most,
    }
}

/// A random number from the one before (xorshift).
fn next(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 11) as usize
}

/// A block that is handed to another thread, with its size and the byte that fills it.
#[derive(Clone, Copy)]
struct Sent(NonNull<u8>, usize, u8);

// SAFETY: the block is used by the thread that has the value.
unsafe impl Send for Sent {}

impl Sent {
    fn fill(block: NonNull<u8>, size: usize, byte: u8) -> Self {
        // SAFETY: the block is as long, and no other thread uses it.
        unsafe { block.write_bytes(byte, size) };
        Sent(block, size, byte)
    }

    fn check(&self) {
        // SAFETY: the block is in use, as long, and was written by its last user.
        let bytes = unsafe { std::slice::from_raw_parts(self.0.as_ptr(), self.1) };
        assert!(bytes.iter().all(|&byte| byte == self.2), "a block keeps its bytes");
    }
}

#[test]
fn a_heap_in_a_static_is_made_without_memory() {
    static_assertions::assert_impl_all!(SyncHeap: Send, Sync);
    static HEAP: SyncHeap = SyncHeap::new();
    assert_eq!((HEAP.stats().reserved, HEAP.stats().blocks), (0, 0));
    assert!(!HEAP.contains(NonNull::dangling()));
    let blocks: Vec<Sent> = std::thread::scope(|scope| {
        let take = || Sent::fill(HEAP.alloc_layout(layout(24, 8)), 24, 7);
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for block in &blocks {
        block.check();
        assert!(HEAP.contains(block.0));
        assert_eq!(HEAP.usable_size(block.0), Some(24));
        // SAFETY: the block is in use, and nothing uses it any more.
        unsafe { HEAP.free(block.0) };
        assert!(!HEAP.contains(block.0));
    }
    assert_eq!(HEAP.stats().blocks, 0);
}

#[test]
fn a_heap_is_moved_with_its_blocks_and_gives_all_back() {
    let (booked, book) = Booked::new(Plan::TINY);
    let heap = SyncHeap::new_in(booked);
    let block = heap.alloc_layout(layout(100, 8));
    let moved = Box::new(heap);
    assert!(moved.contains(block));
    moved.alloc_layout(layout(5 << 20, 8));
    assert!(format!("{moved:?}").starts_with("SyncHeap(HeapStats { blocks: 2,"));
    drop(moved);
    book.check_closed();
}

#[test]
fn a_report_adds_up_the_shards() {
    let heap = SyncHeap::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|at| _ = heap.alloc_layout(layout([24, 1000, 50_000][at % 3], 8))));
        }
    });
    let report = heap.report();
    let classes: Vec<_> = report.classes().map(|class| (class.size, class.blocks)).collect();
    assert_eq!((&*classes, report.large), (&[(24, 136), (1024, 132)][..], 132));
    // A large block has whole pages.
    assert_eq!((report.stats.blocks, report.stats.used), (400, 136 * 24 + 132 * 1024 + report.large_bytes));
    assert_eq!(report.large_bytes, 132 * 50_000usize.next_multiple_of(4096));
    assert!(report.free_percent() < 50 && report.resident_percent() < 1000, "{report}");
}

#[test]
fn blocks_have_the_size_and_the_alignment_that_was_asked_for() {
    let heap = SyncHeap::default();
    for (size, usable) in [(0, 16), (1, 16), (17, 24), (129, 144), (1000, 1024), (32_768, 32_768), (32_769, 36_864)] {
        assert_eq!(heap.usable_size(heap.alloc_layout(layout(size, 1))), Some(usable), "{size}");
    }
    for shift in 0..=24 {
        for size in [0, 1, 100, 5000, 100_000] {
            let block = heap.alloc_layout_zeroed(layout(size, 1 << shift));
            assert_eq!(block.addr().get() % (1 << shift), 0);
            Sent(block, size, 0).check();
            Sent::fill(block, size, 1);
        }
    }
}

#[test]
fn what_no_memory_holds_is_refused_and_changes_nothing() {
    let heap = SyncHeap::new();
    let before = heap.alloc_layout(layout(100, 1));
    let most = isize::MAX as usize;
    for (size, align) in [(most, 1), (most - 4095, 4096), (most / 2 + 1, 1 << (usize::BITS - 2)), (most - 100_000, 16)]
    {
        assert_eq!(heap.try_alloc_layout(layout(size, align)).unwrap_err().size(), size);
        assert!(heap.try_alloc_layout_zeroed(layout(size, align)).is_err());
        // SAFETY: a refused block stays as it is.
        unsafe {
            assert!(heap.try_realloc(before, layout(size, align)).is_err());
            assert!(GlobalAlloc::alloc(&heap, layout(size, align)).is_null());
            assert!(GlobalAlloc::alloc_zeroed(&heap, layout(size, align)).is_null());
            // A process of 32 bits may have a quarter of its addresses, where nothing is asked of them but that.
            if usize::BITS >= 64 || size > most / 2 + 1 {
                assert!(GlobalAlloc::realloc(&heap, before.as_ptr(), layout(100, 1), size).is_null());
            }
        }
    }
    assert_eq!((heap.stats().blocks, heap.usable_size(before)), (1, Some(104)));
    let panicked = std::panic::catch_unwind(|| heap.alloc_layout_zeroed(layout(most, 1)));
    assert!(panicked.unwrap_err().downcast::<String>().unwrap().starts_with("cannot allocate"));
}

#[test]
fn a_heap_of_one_block_takes_little() {
    // In memory that no other heap had before.
    let heap = SyncHeap::new_in(Mapped::new().paranoid());
    heap.alloc_layout(layout(24, 8));
    let stats = heap.stats();
    // In a process of few threads half as much: they have the shards that lie in the root.
    assert!(stats.reserved <= 2400 << 10 && stats.resident <= 100 << 10, "{stats}");
    println!("{stats}");
}

#[test]
fn blocks_grow_and_shrink_where_they_are() {
    let heap = SyncHeap::new();
    let block = heap.alloc_layout(layout(2 << 20, 8));
    // SAFETY: each block is in use, and used under its new address alone.
    unsafe {
        block.write_bytes(5, 2 << 20);
        let longer = heap.realloc(block, layout(4 << 20, 8));
        assert_eq!(longer, block);
        let shorter = heap.realloc(longer, layout(100_000, 8));
        assert_eq!((shorter, heap.usable_size(shorter)), (block, Some(102_400)));
        let moved = heap.realloc(shorter, layout(1000, 8));
        Sent(moved, 1000, 5).check();
        assert_eq!(heap.realloc(moved, layout(990, 8)), moved);
        heap.free(moved);
        assert_eq!(heap.try_realloc(moved, layout(10, 1)).unwrap_err().reason(), AllocReason::NoBlock);
    }
    assert_eq!(heap.stats().blocks, 0);
}

#[test]
fn a_plain_free_of_a_wrong_pointer_panics_and_the_programs_allocator_leaves_it_alone() {
    let heap = SyncHeap::new();
    // SAFETY: nothing is freed: the pointer is not of the heap.
    assert_eq!(unsafe { heap.try_free(NonNull::<u64>::dangling().cast()) }, Err(FreeError::Foreign));
    let block = heap.alloc_layout(layout(40, 8));
    // SAFETY: the block is not used.
    unsafe { heap.free(block) };
    let panicked = std::panic::catch_unwind(|| {
        // SAFETY: this frees nothing, as no block in use begins there.
        unsafe { heap.free(block) }
    });
    let text = *panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(text.starts_with("cannot free 0x") && text.ends_with("freed before"), "{text}");
    // SAFETY: no block in use begins there.
    unsafe { GlobalAlloc::dealloc(&heap, block.as_ptr(), layout(40, 8)) };
    assert_eq!(heap.stats().blocks, 0);
}

/// Each thread takes blocks, fills them, and sends most of them to other threads, which check and free them.
fn exchange(heap: &SyncHeap, threads: usize, rounds: usize) {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| mpsc::sync_channel::<Sent>(1000)).unzip();
    std::thread::scope(|scope| {
        for (number, receiver) in receivers.into_iter().enumerate() {
            let senders = senders.clone();
            scope.spawn(move || {
                let (mut seed, mut kept) = (number as u64 + 1, Vec::new());
                for _ in 0..rounds {
                    let size = match next(&mut seed) % 100 {
                        0 => next(&mut seed) % 300_000,
                        1..10 => next(&mut seed) % 9000,
                        _ => next(&mut seed) % 300,
                    };
                    let block = heap.alloc_layout(layout(size, 8));
                    let sent = Sent::fill(block, size, next(&mut seed) as u8);
                    let to = next(&mut seed) % threads;
                    // A full channel: the block is this thread's to keep.
                    if to == number || senders[to].try_send(sent).is_err() {
                        kept.push(sent);
                    }
                    let received = receiver.try_recv().ok();
                    let old = if kept.len() > 500 { Some(kept.swap_remove(next(&mut seed) % 500)) } else { None };
                    for sent in received.into_iter().chain(old) {
                        sent.check();
                        // SAFETY: the block is in use, this thread has it, and it is not used any more.
                        unsafe { heap.free(sent.0) };
                    }
                }
                drop(senders);
                for sent in kept.into_iter().chain(receiver) {
                    sent.check();
                    // SAFETY: the block is in use, this thread has it, and it is not used any more.
                    unsafe { heap.free(sent.0) };
                }
            });
        }
        drop(senders);
    });
    assert_eq!(heap.stats().blocks, 0, "every block is back");
}

#[test]
fn threads_free_each_others_blocks() {
    let rounds = rounds(100, 30_000);
    for threads in [2, 8] {
        let heap = SyncHeap::new();
        exchange(&heap, threads, rounds);
        exchange(&heap, threads, rounds);
        heap.trim();
        let stats = heap.stats();
        assert!(stats.taken == 0 && stats.idle == 0, "{stats}");
        println!("{threads} threads: {stats}");
    }
}

#[test]
fn wrong_pointers_are_refused_each_time_whoever_frees() {
    const THREADS: usize = 4;
    let rounds = rounds(200, 1_000_000 / THREADS);
    let heap = SyncHeap::new();
    let other = Heap::new();
    let foreign = Sent(other.alloc_layout(layout(64, 8)), 64, 0);
    let refused = AtomicUsize::new(0);
    // What is in use or was freed: a thread frees blocks that others took, and those that others freed once more. Whole
    // steps are behind a lock, so that it is known what is free.
    let shared = std::sync::Mutex::new((Vec::<(Sent, bool)>::new(), HashSet::new()));
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let (heap, shared, refused) = (&heap, &shared, &refused);
            scope.spawn(move || {
                let (mut seed, mut count, foreign) = (number as u64 + 77, 0, { foreign });
                for _ in 0..rounds {
                    let mut guard = shared.lock().unwrap();
                    let (blocks, used) = &mut *guard;
                    let step = next(&mut seed) % 4;
                    if step == 0 || blocks.len() < 10 {
                        let size = 1 + next(&mut seed) % if next(&mut seed) % 50 == 0 { 60_000 } else { 500 };
                        let block = heap.alloc_layout(layout(size, 8));
                        assert!(used.insert(block.addr().get()), "handed out twice");
                        blocks.push((Sent(block, size, 0), true));
                        if blocks.len() > 2000 {
                            blocks.swap_remove(next(&mut seed) % 1000);
                        }
                        continue;
                    }
                    let at = next(&mut seed) % blocks.len();
                    let (Sent(block, size, _), in_use) = blocks[at];
                    // SAFETY: a block in use is freed once and not used; else no block in use begins there.
                    unsafe {
                        match step {
                            1 if in_use => {
                                assert_eq!(heap.try_free(block), Ok(()));
                                used.remove(&block.addr().get());
                                blocks[at].1 = false;
                            }
                            1 | 2 => {
                                // Some are in use again: then it is no second free.
                                if !in_use && !used.contains(&block.addr().get()) {
                                    assert!(heap.try_free(block).is_err(), "freed twice");
                                    assert!(!heap.contains(block) && heap.usable_size(block).is_none());
                                    count += 1;
                                }
                            }
                            _ => {
                                let inside = 1 + next(&mut seed) % size.max(2);
                                if in_use && inside < size {
                                    assert_eq!(heap.try_free(block.add(inside)), Err(FreeError::NoBlock));
                                }
                                assert_eq!(heap.try_free(foreign.0), Err(FreeError::Foreign));
                                assert_eq!(heap.try_free(NonNull::from(&mut count).cast()), Err(FreeError::Foreign));
                                let wild =
                                    NonNull::new_unchecked(std::ptr::without_provenance_mut(next(&mut seed) | 1));
                                assert!(heap.try_free(wild).is_err());
                                count += 3;
                            }
                        }
                    }
                }
                refused.fetch_add(count, Ordering::Relaxed);
            });
        }
    });
    let refused = refused.into_inner();
    assert!(refused > THREADS * rounds / 4, "{refused}");
    println!("{refused} refused");
}

#[test]
fn one_of_two_threads_that_free_a_block_at_once_frees_it() {
    let rounds = rounds(20, 20_000);
    let heap = &SyncHeap::new();
    let barrier = &Barrier::new(2);
    let block = &AtomicUsize::new(0);
    let freed = &AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..2 {
            scope.spawn(move || {
                for _ in 0..rounds {
                    if number == 0 {
                        block.store(heap.alloc_layout(layout(64, 8)).addr().get(), Ordering::Relaxed);
                        freed.store(0, Ordering::Relaxed);
                    }
                    barrier.wait();
                    let block = NonNull::new(block.load(Ordering::Relaxed) as *mut u8).unwrap();
                    // SAFETY: the block is not used.
                    if unsafe { heap.try_free(block) }.is_ok() {
                        freed.fetch_add(1, Ordering::Relaxed);
                    }
                    barrier.wait();
                    assert!(freed.load(Ordering::Relaxed) >= 1);
                    // SAFETY: the block is free, which is refused.
                    assert!(number == 1 || unsafe { heap.try_free(block) }.is_err());
                    barrier.wait();
                    if number == 0 {
                        let blocks: HashSet<_> = (0..200).map(|_| heap.alloc_layout(layout(64, 8))).collect();
                        assert_eq!(blocks.len(), 200, "handed out twice");
                        // SAFETY: the blocks are in use, and nothing uses them.
                        blocks.into_iter().for_each(|block| unsafe { heap.free(block) });
                    }
                }
            });
        }
    });
    assert_eq!(heap.stats().blocks, 0);
}

/// What the sanitizer of races looks at: records are made anew while others look at what they were.
#[test]
fn addresses_are_looked_up_while_pages_come_and_go() {
    const THREADS: usize = 3;
    let rounds = rounds(50, 20_000);
    let heap = &SyncHeap::new();
    let recent = &[const { AtomicUsize::new(0) }; 64];
    let left = &AtomicUsize::new(THREADS);
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            scope.spawn(move || {
                let mut seed = number as u64 + 5;
                for _ in 0..rounds {
                    let sizes = [0; 4].map(|_| [3000, 9000, 20_000, 50_000, 130_000][next(&mut seed) % 5]);
                    let blocks = sizes.map(|size| heap.alloc_layout(layout(size, 8)));
                    for block in blocks {
                        assert!(heap.contains(block), "a block in use is found");
                        recent[next(&mut seed) % recent.len()].store(block.addr().get(), Ordering::Relaxed);
                        // SAFETY: the block is in use, and nothing uses it any more.
                        unsafe { heap.free(block) };
                    }
                    if next(&mut seed) % 16 == 0 {
                        heap.trim();
                    }
                }
                left.fetch_sub(1, Ordering::Relaxed);
            });
        }
        scope.spawn(move || {
            let (mut seed, mut looked) = (99, 0);
            while left.load(Ordering::Relaxed) != 0 {
                let address = recent[next(&mut seed) % recent.len()].load(Ordering::Relaxed);
                if let Some(block) = NonNull::new(std::ptr::without_provenance_mut(address)) {
                    // Whatever is there by now.
                    let _ = heap.contains(block);
                    looked += 1;
                }
            }
            println!("{looked} looked up");
        });
    });
    assert_eq!(heap.stats().blocks, 0);
}

#[test]
fn what_an_ended_thread_left_goes_back_when_others_free_it() {
    let heap = &SyncHeap::new();
    let blocks = std::thread::scope(|scope| {
        let sizes = [vec![60_000; 1000], vec![400; 160_000]].concat();
        let take = |size: usize| Sent::fill(heap.alloc_layout(layout(size, 8)), size, 1);
        let all = scope.spawn(move || sizes.into_iter().map(take).collect::<Vec<_>>());
        all.join().unwrap()
    });
    let full = heap.stats().resident;
    assert!(full >= 124_000_000, "{full}");
    for sent in blocks {
        // SAFETY: the block is in use, and nothing uses it any more.
        unsafe { heap.free(sent.0) };
    }
    let stats = heap.stats();
    assert!(stats.blocks == 0 && stats.resident < full / 8, "{stats}");
}

#[test]
fn exhaustion_keeps_every_block_and_memory_of_all_threads_is_of_use() {
    let (booked, book) = Booked::new(Plan { least: 1 << 20, ready: 4096, step: 4096, skew: 0 });
    let heap = SyncHeap::new_in(booked);
    let mut held = Vec::new();
    let fill = |held: &mut Vec<Sent>, size: usize| {
        while let Ok(block) = heap.try_alloc_layout(layout(size, 8)) {
            held.push(Sent::fill(block, size, held.len() as u8));
        }
    };
    for at in 0..2000 {
        held.push(Sent::fill(heap.alloc_layout(layout(at, 8)), at, at as u8));
    }
    book.refuse(0..usize::MAX);
    for size in [40_000, 700, 24] {
        fill(&mut held, size);
    }
    let before = held.len();
    held.iter().for_each(Sent::check);
    let mut at = 0;
    held.retain(|sent| {
        at += 1;
        if at % 2 == 0 {
            // SAFETY: the block is in use, and nothing uses it any more.
            unsafe { heap.free(sent.0) };
        }
        at % 2 == 1
    });
    let half = held.len();
    for size in [700, 24] {
        fill(&mut held, size);
    }
    held.iter().for_each(Sent::check);
    assert!(held.len() > half + half / 20, "{} of {before}, {half} of which stayed", held.len());
    assert_eq!(heap.stats().blocks, held.len());
    book.refuse(0..0);
    drop(heap);
    book.check_closed();
}

#[test]
fn a_backing_that_refuses_any_call_loses_nothing() {
    let mut most = 0;
    for plan in [Plan { least: 70_000, ready: 5000, step: 100, skew: 100 }, Plan::TIGHT, Plan::TINY] {
        for refused in 0..40 {
            for length in [1, 3, usize::MAX - 100] {
                let (booked, book) = Booked::new(plan);
                {
                    let heap = SyncHeap::new_in(booked);
                    book.refuse(refused..refused + length);
                    let (mut held, mut refusals) = (Vec::new(), 0);
                    for at in 0..300 {
                        match heap.try_alloc_layout(layout(at * 60, 8)) {
                            Ok(block) => held.push(Sent::fill(block, at * 60, at as u8)),
                            Err(_) => refusals += 1,
                        }
                    }
                    most = most.max(book.calls());
                    assert!(refusals <= length, "{refusals}");
                    held.iter().for_each(Sent::check);
                    assert_eq!(heap.stats().blocks, held.len());
                    book.refuse(0..0);
                    held.push(Sent::fill(heap.alloc_layout(layout(500_000, 8)), 500_000, 1));
                    held.iter().for_each(Sent::check);
                    heap.trim();
                    book.check();
                }
                book.check_closed();
            }
        }
    }
    println!("{most} calls at most");
}

#[cfg(unix)]
#[test]
fn a_forked_child_allocates_and_frees_what_other_threads_had() {
    if cfg!(miri) {
        return;
    }
    let heap = Arc::new(SyncHeap::new());
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let (heap, stop) = (heap.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut seed = number + 1;
                while !stop.load(Ordering::Relaxed) {
                    let size = next(&mut seed) % 3000;
                    let sent = Sent::fill(heap.alloc_layout(layout(size, 8)), size, number as u8);
                    sent.check();
                    // SAFETY: the block is in use, and nothing uses it any more.
                    unsafe { heap.free(sent.0) };
                }
            })
        })
        .collect();
    for _ in 0..100 {
        let before = Sent::fill(heap.alloc_layout(layout(300, 8)), 300, 9);
        // SAFETY: the child uses this heap and nothing that another thread may have locked, and ends at once.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::alarm(900);
                before.check();
                let freed = heap.try_free(before.0).is_ok() && !heap.contains(before.0);
                let taken = (0..2000).all(|at| {
                    let block = heap.alloc_layout(layout(at, 8));
                    block.write_bytes(1, at);
                    at % 2 == 0 || heap.try_free(block).is_ok()
                });
                libc::_exit(if freed && taken { 0 } else { 1 });
            }
            let mut status = 0;
            assert_eq!(libc::waitpid(child, &mut status, 0), child);
            assert_eq!(status, 0, "the child's end");
            before.check();
            heap.free(before.0);
        }
    }
    stop.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(heap.stats().blocks, 0);
}

#[cfg(feature = "allocator-api2-02")]
#[test]
fn collections_of_several_threads_are_in_one_heap() {
    use allocator_api2_02::alloc::Allocator;
    use hashbrown::{DefaultHashBuilder, HashMap};
    static HEAP: SyncHeap = SyncHeap::new();
    let fill = |number: u64| {
        let mut map = HashMap::with_hasher_in(DefaultHashBuilder::default(), &HEAP);
        for at in 0..5000 {
            map.insert(at, at * number);
        }
        map
    };
    let maps = [1, 2, 3].map(|number| std::thread::spawn(move || fill(number)));
    for (number, map) in maps.into_iter().enumerate() {
        assert_eq!(map.join().unwrap()[&4999], 4999 * (number as u64 + 1));
    }
    let (small, large) = (layout(24, 8), layout(100_000, 4096));
    // SAFETY: each block is this heap's, in use, and used under its new address alone.
    unsafe {
        let block = (&HEAP).allocate(small).unwrap().cast::<u8>();
        block.write_bytes(3, 24);
        let block = (&HEAP).grow_zeroed(block, small, large).unwrap();
        assert!(block.as_ref()[..24] == [3; 24] && block.as_ref()[24..].iter().all(|&byte| byte == 0));
        let block = (&HEAP).shrink(block.cast(), large, small).unwrap();
        (&HEAP).deallocate(block.cast(), small);
    }
    assert_eq!(HEAP.stats().blocks, 0);
}
