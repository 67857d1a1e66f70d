//! A pool across `fork`: shared, it is one pool of all processes; private, each has its own.
//!
//! A binary of its own with one test, so that no other thread is about when the process forks.
#![cfg(all(target_os = "linux", not(miri), not(loom)))]

mod support;

use region::pool::Page;
use region::{PagePool, Region, page_size};
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{fork, wait};

fn shared(len: usize) -> Region {
    Region::options().len(len).shared().map().unwrap()
}

/// Words that all processes see.
fn words(region: &Region) -> &[AtomicUsize] {
    // SAFETY: the region is zeroed, aligned, as long as said, and reached through atomics only.
    unsafe { std::slice::from_raw_parts(region.as_ptr().cast(), region.len() / size_of::<usize>()) }
}

fn number(pool: &PagePool, base: usize, page: &Page<'_>) -> usize {
    (page.as_ptr().addr() - base) / pool.block_size()
}

/// Takes and gives back `rounds` times, holding up to three pages, against the shadow list of owners.
fn churn(pool: &PagePool, base: usize, owners: &[AtomicUsize], id: usize, rounds: usize) -> bool {
    let mut held: Vec<Page<'_>> = Vec::new();
    let mut fine = true;
    for round in 0..rounds {
        if let Ok(mut page) = if round % 7 == 0 { pool.take_many(2) } else { pool.take() } {
            let at = number(pool, base, &page);
            for owner in &owners[at..at + page.blocks()] {
                fine &= owner.swap(id, Ordering::Relaxed) == 0;
            }
            page[0].write(id as u8);
            held.push(page);
        }
        if held.len() > 2 || round + 1 == rounds {
            for page in held.drain(..) {
                // SAFETY: this process wrote the byte when it took the page.
                fine &= unsafe { page[0].assume_init() } == id as u8;
                let at = number(pool, base, &page);
                owners[at..at + page.blocks()].iter().for_each(|owner| owner.store(0, Ordering::Relaxed));
            }
        }
        if round % 500 == 0 {
            fine &= pool.trim(1).is_ok();
        }
    }
    fine
}

#[test]
fn forked_children_and_their_parent_take_from_one_pool() {
    for slots in [0, 1, 16] {
        let pool = &PagePool::options().block_size(page_size()).slots(slots).over(shared(12 * page_size())).unwrap();
        let base = pool.take().unwrap().as_ptr().addr();
        let shadow = shared(page_size());
        let owners = words(&shadow);
        let children = [1, 2].map(|id| fork(move || churn(pool, base, owners, id, 100_000)));
        let fine = churn(pool, base, owners, 3, 100_000);
        assert_eq!(children.map(wait), [0, 0], "a child saw a block with two owners");
        assert!(fine, "the parent saw a block with two owners");
        assert_eq!(pool.taken(), 0, "a block was lost");
        assert_eq!(pool.take_many(12).unwrap().blocks(), 12);
    }

    a_child_can_give_back_what_its_parent_took();
    a_killed_child_keeps_only_what_it_had();
    private_pools_part_at_the_fork();
    a_page_that_is_out_at_the_fork_is_its_takers_alone();
}

fn a_child_can_give_back_what_its_parent_took() {
    let pool = PagePool::over(shared(4 * page_size()), page_size()).unwrap();
    let raw = pool.take().unwrap().into_raw().cast::<u8>().as_ptr();
    let child = fork(|| {
        // SAFETY: the parent gave the block up by `into_raw` and does not touch it any more.
        let (first, second) = unsafe { (pool.give_back_raw(raw), pool.give_back_raw(raw)) };
        first.is_ok() && second.is_err()
    });
    assert_eq!(wait(child), 0);
    assert_eq!(pool.taken(), 0);
    // SAFETY: the block is not out.
    assert!(unsafe { pool.give_back_raw(raw) }.is_err(), "the child's return counts here too");
}

fn a_killed_child_keeps_only_what_it_had() {
    let pool = &PagePool::over(shared(64 * page_size()), page_size()).unwrap();
    for round in 0..20 {
        let child = fork(move || {
            loop {
                let _pages = [pool.take(), pool.take(), pool.take_many(2)];
            }
        });
        std::thread::sleep(std::time::Duration::from_micros(500 + 137 * round));
        // SAFETY: `child` is a child of this process that has not been waited for.
        assert_eq!(unsafe { libc::kill(child, libc::SIGKILL) }, 0);
        assert_eq!(wait(child) & 0x7f, libc::SIGKILL);
        // Whatever instant it died at, everything that is free can still be taken.
        let free = pool.capacity() - pool.taken();
        assert!(free + 5 * (round as usize + 1) >= 64, "a child had five blocks in hand at most");
        let pages: Vec<_> = std::iter::from_fn(|| pool.take().ok()).collect();
        assert_eq!(pages.len(), free);
        if free < 10 {
            break;
        }
    }
}

fn private_pools_part_at_the_fork() {
    let pool = PagePool::new(page_size(), 8).unwrap();
    let mut page = pool.take().unwrap();
    page[0].write(1);
    let child = fork(|| {
        let theirs: Vec<_> = (0..7).map(|_| pool.take().unwrap()).collect();
        pool.taken() == 8 && pool.take().is_err() && theirs.len() == 7
    });
    assert_eq!(wait(child), 0);
    assert_eq!(pool.taken(), 1, "what the child took is its own affair");
}

/// A child drops its copies of its parent's pages, then both take: no block has two owners, and none is lost.
fn a_page_that_is_out_at_the_fork_is_its_takers_alone() {
    for slots in [0, 1, 16] {
        let pool = &PagePool::options().block_size(page_size()).slots(slots).over(shared(8 * page_size())).unwrap();
        let pages = [pool.take_many(3), pool.take(), pool.take()].map(Result::unwrap);
        let copies = std::cell::Cell::new(Some(pages));
        let child = fork(|| {
            drop(copies.take());
            let out = pool.taken();
            // The child's own pages go back, and those of its own child do not.
            let mine = pool.take().unwrap();
            let mine = std::cell::Cell::new(Some(mine));
            let grandchild = fork(|| {
                drop(mine.take());
                pool.taken() == 6
            });
            let kept = wait(grandchild) == 0 && pool.taken() == 6;
            drop(mine.take());
            out == 5 && kept && pool.taken() == 5
        });
        assert_eq!(wait(child), 0, "a copy gave back what its parent has, with {slots} slots");
        assert_eq!(pool.taken(), 5);
        drop(copies.take());
        assert_eq!(pool.taken(), 0, "a block was lost");
        assert_eq!(pool.take_many(8).unwrap().blocks(), 8);
    }
}
