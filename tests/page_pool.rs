//! What a page pool promises, seen from outside: exact figures, lowest first, zeroes, RAM given back, and
//! returns that cannot be right refused. Forked processes have `page_pool_fork.rs` to themselves.
#![cfg(all(any(target_os = "linux", windows), not(miri), not(loom)))]

#[path = "model/pages.rs"]
mod model;

mod support;

use model::{Step, base_of, check, number, touch};
use proptest::prelude::*;
use region::mapping::Pages;
use region::pool::{Page, PoolReason};
use region::{PagePool, Region, page_size};
use std::ptr::NonNull;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const BLOCK: usize = 64 << 10;

/// A pool without ready slots, where "lowest first" has no exception.
fn strict(block_size: usize, capacity: usize) -> PagePool {
    PagePool::options().block_size(block_size).capacity(capacity).slots(0).map().unwrap()
}

#[test]
fn figures_are_exact_at_every_step() {
    for slots in [0, 1, 16] {
        let pool = PagePool::options().block_size(BLOCK).capacity(100).slots(slots).map().unwrap();
        assert_eq!((pool.capacity(), pool.taken(), pool.warm()), (100, 0, 0));
        let mut pages = Vec::new();
        for n in 1..=100 {
            pages.push(pool.take().unwrap());
            assert_eq!((pool.taken(), pool.warm()), (n, 0));
        }
        for n in (0..100).rev() {
            pages.pop();
            assert_eq!((pool.taken(), pool.warm()), (n, 100 - n));
        }
        drop(pool.take().unwrap());
        assert_eq!(pool.warm(), 100, "taking a warm block again makes nothing warm");
    }
}

#[test]
fn exhausted_pool_says_so_and_recovers() {
    for slots in [0, 16] {
        let pool = PagePool::options().block_size(page_size()).capacity(65).slots(slots).map().unwrap();
        let mut pages: Vec<_> = (0..65).map(|_| pool.take().unwrap()).collect();
        assert_eq!(pool.take().unwrap_err().reason(), PoolReason::Exhausted);
        assert_eq!(pool.take_many(2).unwrap_err().reason(), PoolReason::Exhausted);
        let freed = pages.swap_remove(40).as_ptr().addr();
        let again = pool.take().unwrap();
        assert_eq!(again.as_ptr().addr(), freed);
        assert!(pool.take_zeroed().is_err());
    }
}

#[test]
fn lowest_free_block_comes_first() {
    let pool = strict(page_size(), 300);
    let base = base_of(&pool);
    let mut pages: Vec<_> = (0..300).map(|_| Some(pool.take().unwrap())).collect();
    for (at, page) in pages.iter().flatten().enumerate() {
        assert_eq!(number(&pool, base, page), at);
    }
    for at in [299, 7, 130, 64, 63] {
        pages[at] = None;
    }
    for at in [7, 63, 64, 130, 299] {
        let page = pool.take().unwrap();
        assert_eq!(number(&pool, base, &page), at);
        pages[at] = Some(page);
    }
}

#[test]
fn pool_with_ready_slots_stays_dense() {
    let pool = PagePool::new(page_size(), 10_000).unwrap();
    let base = base_of(&pool);
    for _ in 0..1000 {
        let pages: Vec<_> = (0..20).map(|_| pool.take().unwrap()).collect();
        let highest = pages.iter().map(|page| number(&pool, base, page)).max();
        assert!(highest < Some(20 + 16), "{highest:?} with 20 blocks out and 16 slots");
    }
}

#[test]
fn ready_block_is_the_same_one_each_time() {
    let pool = PagePool::new(BLOCK, 8).unwrap();
    let first = pool.take().unwrap().as_ptr();
    for _ in 0..100 {
        assert_eq!(pool.take().unwrap().as_ptr(), first);
    }
}

#[test]
fn blocks_are_aligned_to_their_size() {
    for size in [4096, 16 << 10, BLOCK, 2 << 20].into_iter().filter(|&size| size >= page_size()) {
        let pool = PagePool::new(size, 3).unwrap();
        let pages: Vec<_> = (0..3).map(|_| pool.take().unwrap()).collect();
        assert!(pages.iter().all(|page| page.as_ptr().addr() % size == 0 && page.len() == size));
    }
}

#[test]
fn zeroed_block_is_zero_after_it_was_dirty() {
    let pool = PagePool::new(BLOCK, 2).unwrap();
    for slots in 0..3 {
        let mut pages: Vec<_> = (0..2).map(|_| pool.take().unwrap()).collect();
        pages.iter_mut().for_each(touch);
        drop(pages);
        if slots == 2 {
            pool.trim(0).unwrap();
        }
        let zeroed: Vec<_> = (0..2).map(|_| pool.take_zeroed().unwrap()).collect();
        assert!(zeroed.iter().all(|page| page.iter().all(|&byte| byte == 0)));
    }
}

#[test]
fn zeroed_block_that_is_fresh_takes_no_ram() {
    let pool = PagePool::new(2 << 20, 4).unwrap();
    let page = pool.take_zeroed().unwrap();
    let run = pool.take_many_zeroed(3).unwrap();
    assert_eq!(pool.resident(), 0);
    assert_eq!((page[2_000_000], run[5_000_000]), (0, 0));
}

#[test]
fn zeroed_run_is_zero_where_it_was_dirty() {
    let pool = strict(page_size(), 6);
    let mut pages: Vec<_> = (0..6).map(|_| pool.take().unwrap()).collect();
    touch(&mut pages[1]);
    touch(&mut pages[4]);
    drop(pages);
    pool.trim(2).unwrap();
    assert!(pool.take_many_zeroed(6).unwrap().iter().all(|&byte| byte == 0));
}

#[test]
fn free_block_is_never_written() {
    let pool = PagePool::new(page_size(), 64).unwrap();
    for _ in 0..3 {
        let pages: Vec<_> = (0..64).map(|_| pool.take().unwrap()).collect();
        drop(pages);
    }
    assert_eq!(pool.resident(), 0, "taking and giving back touches no block");
}

#[test]
fn trim_gives_ram_back_and_keeps_the_lowest() {
    #[cfg(unix)]
    support::huge_pages_on_request();
    let pool = PagePool::new(BLOCK, 128).unwrap();
    let mut pages: Vec<_> = (0..100).map(|_| pool.take().unwrap()).collect();
    pages.iter_mut().for_each(touch);
    assert_eq!(pool.resident(), 100 * BLOCK);
    pages.truncate(30);
    assert_eq!((pool.warm(), pool.taken()), (70, 30));
    assert_eq!(pool.trim(100).unwrap(), 0);
    assert_eq!(pool.trim(25).unwrap(), 45 * BLOCK);
    assert_eq!((pool.warm(), pool.taken()), (25, 30));
    assert_eq!(pool.resident(), 55 * BLOCK);
    let low = pool.take().unwrap();
    assert_eq!(low.as_ptr().addr(), pages[29].as_ptr().addr() + BLOCK, "what is kept is the lowest");
    drop(low);
    drop(pages);
    assert_eq!(pool.trim(0).unwrap(), 55 * BLOCK);
    assert_eq!((pool.warm(), pool.resident()), (0, 0));
    assert_eq!(pool.trim(0).unwrap(), 0);
}

#[test]
fn run_is_contiguous_and_lowest() {
    let pool = strict(page_size(), 200);
    let base = base_of(&pool);
    let first = pool.take().unwrap();
    let run = pool.take_many(64).unwrap();
    assert_eq!((run.blocks(), run.len(), number(&pool, base, &run)), (64, 64 * page_size(), 1));
    let second = pool.take_many(64).unwrap();
    assert_eq!(number(&pool, base, &second), 65);
    drop(run);
    assert_eq!(number(&pool, base, &pool.take_many(10).unwrap()), 1);
    assert_eq!(pool.taken(), 65);
    drop((first, second));
    for count in [0, 65, usize::MAX] {
        assert_eq!(pool.take_many(count).unwrap_err().reason(), PoolReason::Count);
    }
}

#[test]
fn fragmented_pool_tells_it_from_exhausted() {
    let pool = strict(page_size(), 128);
    let mut pages: Vec<_> = (0..128).map(|at| (at, pool.take().unwrap())).collect();
    pages.retain(|(at, _)| at % 2 == 0);
    assert_eq!(pool.take_many(2).unwrap_err().reason(), PoolReason::Fragmented);
    assert_eq!(pool.take_many(64).unwrap_err().reason(), PoolReason::Fragmented);
    pages.pop();
    assert_eq!(pool.take_many(3).unwrap().blocks(), 3);
}

#[test]
fn run_may_need_blocks_that_lie_ready() {
    let pool = PagePool::new(page_size(), 64).unwrap();
    drop(pool.take().unwrap());
    assert_eq!(pool.take_many(64).unwrap().blocks(), 64);
    assert_eq!(pool.taken(), 0);
}

#[test]
fn returns_that_cannot_be_right_are_refused() {
    for slots in [0, 16] {
        let pool = PagePool::options().block_size(BLOCK).capacity(4).slots(slots).map().unwrap();
        let other = PagePool::new(BLOCK, 4).unwrap();
        // SAFETY: each block that is out came from `into_raw` and is referred to by nobody.
        let back = |ptr: *mut u8| unsafe { pool.give_back_raw(ptr) }.map_err(|error| error.reason());
        let foreign = other.take().unwrap().into_raw().cast::<u8>().as_ptr();
        let mut local = 0u8;

        let raws: Vec<_> = (0..3).map(|_| pool.take().unwrap().into_raw().cast::<u8>().as_ptr()).collect();
        let figures = || (pool.taken(), pool.warm());
        let before = figures();
        assert_eq!(back(foreign), Err(PoolReason::Foreign));
        assert_eq!(back(&mut local), Err(PoolReason::Foreign));
        assert_eq!(back(std::ptr::null_mut()), Err(PoolReason::Foreign));
        assert_eq!(back(raws[0].wrapping_add(4 * BLOCK)), Err(PoolReason::Foreign));
        assert_eq!(back(raws[0].wrapping_sub(1)), Err(PoolReason::Foreign));
        assert_eq!(back(raws[0].wrapping_add(1)), Err(PoolReason::Misaligned));
        assert_eq!(back(raws[0].wrapping_add(page_size())), Err(PoolReason::Misaligned));
        assert_eq!(back(raws[0].wrapping_add(3 * BLOCK)), Err(PoolReason::NotOut), "never taken");
        assert_eq!(figures(), before, "a refusal changes nothing");
        for &raw in &raws {
            assert_eq!(back(raw), Ok(()));
            assert_eq!(back(raw), Err(PoolReason::NotOut), "given back twice");
        }
        assert_eq!(figures(), (0, 3));
    }
}

#[test]
fn return_of_a_run_is_checked_whole() {
    let pool = strict(page_size(), 130);
    let run = pool.take_many(64).unwrap().into_raw();
    let first = run.cast::<u8>().as_ptr();
    assert_eq!(run.len(), 64 * page_size());
    // SAFETY: the blocks came from `into_raw` and nobody refers into them.
    let back = |at: usize, count| unsafe { pool.give_back_many_raw(first.wrapping_add(at * page_size()), count) };
    assert_eq!(back(1, 64).unwrap_err().reason(), PoolReason::NotOut);
    assert_eq!(back(100, 64).unwrap_err().reason(), PoolReason::Foreign);
    assert_eq!(back(0, 65).unwrap_err().reason(), PoolReason::Count);
    assert_eq!(pool.taken(), 64);
    back(0, 32).unwrap();
    assert_eq!(back(0, 64).unwrap_err().reason(), PoolReason::NotOut);
    back(32, 32).unwrap();
    assert_eq!(pool.taken(), 0);
}

#[test]
fn page_comes_back_from_its_raw_form() {
    for (slots, blocks) in [(0, 1), (16, 1), (0, 5), (16, 5)] {
        let pool = PagePool::options().block_size(page_size()).capacity(8).slots(slots).map().unwrap();
        let raw = if blocks == 1 { pool.take() } else { pool.take_many(blocks) }.unwrap().into_raw();
        assert_eq!(pool.taken(), blocks);
        let short = NonNull::slice_from_raw_parts(raw.cast(), 4095);
        // SAFETY: the blocks came from `into_raw` and nobody refers into them.
        let refused = unsafe { Page::from_raw(&pool, short) };
        assert_eq!(refused.unwrap_err().reason(), PoolReason::Count);
        // SAFETY: as above.
        let page = unsafe { Page::from_raw(&pool, raw) }.unwrap();
        assert_eq!((page.blocks(), page.len()), (blocks, blocks * page_size()));
        drop(page);
        assert_eq!(pool.taken(), 0);
        // SAFETY: the blocks are not out.
        let refused = unsafe { Page::from_raw(&pool, raw) };
        assert_eq!(refused.unwrap_err().reason(), PoolReason::NotOut);
    }
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    for size in [0, 1, 2048, 4095, 5000, 4 << 20, usize::MAX] {
        assert_eq!(PagePool::new(size, 1).unwrap_err().reason(), PoolReason::BlockSize, "{size}");
    }
    assert_eq!(PagePool::new(page_size(), 0).unwrap_err().reason(), PoolReason::Empty);
    for capacity in [usize::MAX, usize::MAX / page_size(), isize::MAX as usize / page_size() + 1] {
        assert!(PagePool::new(page_size(), capacity).is_err(), "{capacity}");
    }
    let small = Region::new(page_size()).unwrap();
    assert_eq!(PagePool::over(small, BLOCK).unwrap_err().reason(), PoolReason::Empty);
    let closed = Region::reserve(1 << 20).unwrap();
    assert_eq!(PagePool::over(closed, BLOCK).unwrap_err().reason(), PoolReason::Inaccessible);
}

#[test]
fn pool_over_a_used_region_knows_that_it_is_dirty() {
    let mut region = Region::options().len(1 << 20).guard_pages().map().unwrap();
    region.as_mut_slice().fill(0xaa);
    let base = region.as_ptr().addr();
    let pool = PagePool::over(region, BLOCK).unwrap();
    assert_eq!((pool.capacity(), pool.warm(), pool.resident()), (16, 16, 1 << 20));
    let page = pool.take_zeroed().unwrap();
    assert_eq!(page.as_ptr().addr(), base);
    assert!(page.iter().all(|&byte| byte == 0));
    assert_eq!(pool.trim(0).unwrap(), 15 * BLOCK);
    assert_eq!(pool.resident(), BLOCK);
}

#[test]
fn pool_works_over_every_kind_of_region() {
    let kinds = [
        Region::options(),
        Region::options().uncharged().guard_pages(),
        Region::options().align(4 << 20),
        Region::options().pages(Pages::Transparent).populate(),
        #[cfg(unix)]
        Region::options().shared(),
        #[cfg(unix)]
        Region::options().shared().guard_pages().name(c"pool test"),
    ];
    for (at, kind) in kinds.into_iter().enumerate() {
        let pool = PagePool::over(kind.len(8 << 20).map().unwrap(), 2 << 20).unwrap();
        assert_eq!(pool.capacity(), 4);
        let mut pages: Vec<_> = (0..4).map(|_| pool.take().unwrap()).collect();
        pages.iter_mut().for_each(touch);
        assert_eq!(pool.resident(), 8 << 20, "kind {at}");
        pages.truncate(1);
        assert_eq!(pool.trim(0).unwrap(), 6 << 20);
        assert_eq!(pool.resident(), 2 << 20, "kind {at}: trim lowers what is in RAM");
        drop(pages);
        assert!(pool.take_many_zeroed(4).unwrap().iter().all(|&byte| byte == 0));
    }
}

#[cfg(unix)]
#[test]
fn far_pool_costs_nothing_until_it_is_used() {
    support::huge_pages_on_request();
    if !support::promised(64 << 30) {
        return;
    }
    let pool = PagePool::new(page_size(), (64 << 30) / page_size()).unwrap();
    assert_eq!(pool.capacity() * pool.block_size(), 64 << 30);
    let mut page = pool.take().unwrap();
    page[0].write(1);
    assert_eq!(pool.resident(), page_size());
}

#[cfg(unix)]
#[test]
fn locked_blocks_stay_warm_when_they_cannot_be_trimmed() {
    let pool = PagePool::new(page_size(), 2).unwrap();
    let mut page = pool.take().unwrap();
    touch(&mut page);
    let at = page.as_ptr();
    drop(page);
    // SAFETY: locking a page of a live mapping changes no content.
    assert_eq!(unsafe { libc::mlock(at.cast(), page_size()) }, 0);
    assert!(pool.trim(0).unwrap_err().is(region::error::Errno::EINVAL));
    assert_eq!((pool.warm(), pool.taken()), (1, 0));
    assert!(pool.take_zeroed().unwrap().iter().all(|&byte| byte == 0));
    // SAFETY: as above.
    assert_eq!(unsafe { libc::munlock(at.cast(), page_size()) }, 0);
    assert_eq!(pool.trim(0).unwrap(), page_size());
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Take),
        2 => Just(Step::TakeZeroed),
        2 => (1usize..=64).prop_map(Step::TakeMany),
        1 => (1usize..=4).prop_map(Step::TakeMany),
        6 => any::<usize>().prop_map(Step::GiveBack),
        2 => any::<usize>().prop_map(Step::GiveBackRaw),
        1 => (0usize..40).prop_map(Step::Trim),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Against a model that is a list of blocks: out or free, warm or not.
    #[test]
    fn pool_does_what_a_list_of_blocks_does(
        steps in steps(), capacity in 1usize..200, slots in prop_oneof![Just(0usize), Just(2), Just(16)],
    ) {
        check(&steps, capacity, slots);
    }
}

/// How long the stress tests run: a second, or as many as REGION_STRESS_SECONDS says.
fn stress_time() -> Duration {
    let seconds = std::env::var("REGION_STRESS_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

/// Threads that take, mark, check and give back for a while, with one that trims, all against a shadow list of owners.
fn stress(pool: &PagePool, threads: usize) {
    let base = base_of(pool);
    let owners: Vec<AtomicUsize> = (0..pool.capacity()).map(|_| AtomicUsize::new(0)).collect();
    let (start, until) = (Barrier::new(threads), Instant::now() + stress_time());
    let lives = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for id in 1..=threads {
            let (owners, start, lives) = (&owners, &start, &lives);
            scope.spawn(move || {
                let mut random = id as u64;
                let mut next = |below: usize| {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (random >> 33) as usize % below
                };
                let own = |page: &mut Page<'_>| {
                    let at = number(pool, base, page);
                    for (block, owner) in owners.iter().enumerate().skip(at).take(page.blocks()) {
                        let before = owner.swap(id, Ordering::Relaxed);
                        assert_eq!(before, 0, "block {block} of thread {before} was given to {id} too");
                    }
                    page[..size_of::<usize>()].copy_from_slice(&id.to_ne_bytes().map(std::mem::MaybeUninit::new));
                };
                let give = |page: Page<'_>| {
                    // SAFETY: `own` wrote the first bytes.
                    let mark = unsafe { page.as_ptr().cast::<usize>().read() };
                    assert_eq!(mark, id, "thread {mark} wrote into a block of {id}");
                    let at = number(pool, base, &page);
                    owners[at..at + page.blocks()].iter().for_each(|owner| owner.store(0, Ordering::Relaxed));
                };
                let mut held = Vec::new();
                start.wait();
                while Instant::now() < until {
                    for _ in 0..100 {
                        match next(20) {
                            0 => {
                                pool.trim(next(4)).unwrap();
                            }
                            1..=3 => {
                                if let Ok(page) = pool.take_zeroed() {
                                    assert!(page.iter().step_by(512).all(|&byte| byte == 0));
                                    // SAFETY: the blocks came from `into_raw` just now.
                                    let mut page = unsafe { Page::from_raw(pool, page.into_raw()) }.unwrap();
                                    own(&mut page);
                                    held.push(page);
                                }
                            }
                            4..=5 => {
                                if let Ok(mut page) = pool.take_many(1 + next(5)) {
                                    own(&mut page);
                                    held.push(page);
                                }
                            }
                            6..=11 => {
                                if let Ok(mut page) = pool.take() {
                                    own(&mut page);
                                    held.push(page);
                                }
                            }
                            _ if held.is_empty() => {}
                            _ => give(held.swap_remove(next(held.len()))),
                        }
                    }
                    lives.fetch_add(1, Ordering::Relaxed);
                }
                held.into_iter().for_each(give);
            });
        }
    });
    assert!(lives.into_inner() > 0);
    assert_eq!(pool.taken(), 0, "a block was lost");
    let all: Vec<_> = (0..pool.capacity()).map(|_| pool.take().unwrap()).collect();
    assert_eq!(all.len(), pool.capacity());
}

#[test]
fn four_threads_never_own_one_block_twice() {
    for (capacity, slots) in [(24, 0), (24, 2), (200, 16)] {
        stress(&PagePool::options().block_size(page_size()).capacity(capacity).slots(slots).map().unwrap(), 4);
    }
}

#[test]
fn as_many_threads_as_blocks_never_find_the_pool_exhausted() {
    for slots in [0, 2, 16] {
        let pool = &PagePool::options().block_size(page_size()).capacity(4).slots(slots).map().unwrap();
        let until = Instant::now() + stress_time() / 2;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(move || {
                    while Instant::now() < until {
                        for _ in 0..1000 {
                            drop(pool.take().expect("at most three of four blocks are out"));
                        }
                    }
                });
            }
        });
    }
}

#[test]
fn page_goes_back_from_another_thread() {
    let pool = PagePool::new(BLOCK, 1).unwrap();
    for _ in 0..100 {
        let page = pool.take().unwrap();
        std::thread::scope(|scope| scope.spawn(move || drop(page)).join().unwrap());
    }
    assert_eq!(pool.taken(), 0);
    static_assertions::assert_impl_all!(PagePool: Send, Sync);
    static_assertions::assert_impl_all!(Page<'static>: Send, Sync);
}
