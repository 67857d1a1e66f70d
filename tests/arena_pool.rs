//! Arena pools: one thread at a time, values that outlive their member, and RAM that goes back.
#![cfg(all(any(unix, windows), feature = "os", not(loom)))]

#[cfg(all(target_os = "linux", not(miri)))]
mod support;

use region::arena::{Member, PooledArena};
use region::{Arena, ArenaPool};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

assert_impl_all!(ArenaPool: Send, Sync);
assert_impl_all!(PooledArena<'static>: Send);
assert_impl_all!(Member<'static>: Send);
// Two threads at one arena would hand the same bytes out twice.
assert_not_impl_any!(PooledArena<'static>: Sync, Clone);
assert_not_impl_any!(Member<'static>: Sync, Clone);
// Values of a member live as long as the pool: nobody may reset its arena, or put another in its place.
assert_not_impl_any!(Member<'static>: std::ops::DerefMut);
// What is lent for the pool's life stays in its thread.
assert_not_impl_any!(&'static Arena: Send);

#[cfg(miri)]
const ROUNDS: usize = 20;
#[cfg(not(miri))]
const ROUNDS: usize = 20_000;

#[test]
fn returned_arena_comes_back_empty_and_warm() {
    let pool = ArenaPool::new();
    let first = pool.get().alloc(1u64) as *const u64;
    let arena = pool.get();
    assert_eq!(arena.used(), 0);
    assert_eq!(arena.alloc(2u64) as *const u64, first);
}

#[test]
fn limit_and_exchanged_arena_do_not_reach_the_next_user() {
    let pool = ArenaPool::new().keep_arenas(1);
    pool.get().set_limit(8);
    pool.get().alloc([0u8; 100]);
    *pool.get() = Arena::try_with_reservation(4096).unwrap();
    assert_eq!(pool.get().alloc_slice_fill_copy(1 << 20, 1u8).len(), 1 << 20);
}

#[test]
fn arenas_that_are_out_are_distinct_past_any_row() {
    let pool = ArenaPool::new();
    let arenas: Vec<_> = (0..100).map(|_| pool.get()).collect();
    let values: Vec<&mut usize> = arenas.iter().enumerate().map(|(i, arena)| arena.alloc(i)).collect();
    assert_eq!(pool.out(), 100);
    assert!(values.iter().enumerate().all(|(i, value)| **value == i));
    drop(arenas);
    assert_eq!(pool.out(), 0);
}

#[test]
fn racing_threads_never_hold_one_arena_at_once() {
    for (threads, keep) in [(2, 1), (4, 16), (8, 2)] {
        let pool = &ArenaPool::new().keep_arenas(keep);
        let start = &Barrier::new(threads);
        std::thread::scope(|scope| {
            for id in 0..threads {
                scope.spawn(move || {
                    start.wait();
                    for round in 0..ROUNDS / threads {
                        let arena = pool.get();
                        assert_eq!(arena.used(), 0);
                        let mine = arena.alloc_slice_fill_copy(16, id);
                        let other = (round % 3 == 0).then(|| pool.get());
                        if let Some(other) = &other {
                            other.alloc_slice_fill_copy(16, usize::MAX);
                        }
                        if round % 64 == 0 {
                            pool.trim();
                        }
                        assert!(mine.iter().all(|&word| word == id), "another thread wrote into our arena");
                    }
                });
            }
        });
        assert_eq!(pool.out(), 0);
    }
}

#[test]
fn values_of_racing_members_outlive_them_and_stay() {
    const THREADS: usize = 4;
    let mut pool = ArenaPool::new();
    for _ in 0..2 {
        let lists: Vec<Vec<&mut (usize, usize)>> = std::thread::scope(|scope| {
            let pool = &pool;
            let workers = [0; THREADS].map(|_| {
                scope.spawn(move || {
                    let id = &raw const pool as usize;
                    (0..ROUNDS / THREADS).map(|round| pool.member().alloc((id, round))).collect()
                })
            });
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        for list in &lists {
            assert!(list.iter().enumerate().all(|(round, value)| value.1 == round && value.0 == list[0].0));
        }
        // No more arenas than threads were begun, and nothing was rewound in between.
        assert_eq!(pool.used(), ROUNDS / THREADS * THREADS * size_of::<(usize, usize)>());
        pool.reset();
        assert_eq!(pool.used(), 0);
    }
}

#[test]
fn members_go_on_in_arenas_that_hold_values_already() {
    let mut pool = ArenaPool::new();
    let first = pool.member().alloc(1u64) as *const u64;
    // `get` must not take that arena, nor reset it.
    pool.get().alloc(3u64);
    let second = pool.member().alloc(2u64) as *const u64;
    assert_eq!(second, first.wrapping_add(1));
    assert_eq!(pool.used(), 16);
}

#[test]
fn member_begins_where_a_lone_arena_ended() {
    let pool = ArenaPool::new();
    drop(pool.get());
    let value = pool.member().alloc(5u64);
    for _ in 0..64 {
        pool.get().alloc_slice_fill_copy(100, 9u64);
    }
    assert_eq!(*value, 5);
}

#[test]
fn panic_while_holding_gives_the_arena_back() {
    let pool = ArenaPool::new();
    let lone = catch_unwind(AssertUnwindSafe(|| {
        let arena = pool.get();
        arena.alloc_with(|| -> u64 { panic!("while allocating") });
    }));
    let member = catch_unwind(AssertUnwindSafe(|| {
        let member = pool.member();
        member.alloc(7u64);
        member.alloc_with(|| -> u64 { panic!("while allocating") });
    }));
    assert!(lone.is_err() && member.is_err());
    assert_eq!(pool.out(), 0);
    assert_eq!(pool.member().used(), 8, "the slot of the closure that panicked is given back");
    assert_eq!(pool.get().used(), 0);
}

#[test]
fn leaked_handle_keeps_its_arena_until_reset() {
    let mut pool = ArenaPool::new().keep_arenas(1);
    let value = Box::leak(Box::new(pool.get())).alloc(1u64);
    std::mem::forget(pool.member());
    pool.get().alloc(2u64);
    assert_eq!((*value, pool.out()), (1, 2));
    pool.reset();
    assert_eq!((pool.out(), pool.used()), (0, 0));
}

/// What takes an arena, and gives back what lives as long as that.
fn parse<'a>(source: &str, arena: &'a Arena) -> &'a [&'a str] {
    let words = arena.claimed(|scratch| scratch.alloc_slice_fill_iter(source.split(' ')).len());
    assert_eq!(words, source.split(' ').count());
    arena.alloc_slice_fill_iter(source.split(' ').map(|word| &*arena.alloc_str(word)))
}

#[test]
fn a_member_is_an_arena_for_the_time_of_its_borrow() {
    let mut pool = ArenaPool::new();
    let member = pool.member();
    let kept = member.alloc(1u64);
    assert_eq!(parse("to be or not", &member), ["to", "be", "or", "not"]);
    let boxed = region::collections::Box::new_in(String::from("dropped"), &member);
    assert_eq!((boxed.as_str(), member.used() > 8), ("dropped", true));
    drop(boxed);
    drop(member);
    *kept += 1;
    assert_eq!(*kept, 2);
    assert_eq!(pool.out(), 0);
    pool.reset();
}

#[test]
fn an_arena_that_is_lent_for_the_pool_is_nobody_elses_before_a_reset() {
    let mut pool = ArenaPool::new();
    for _ in 0..3 {
        let first = pool.member().alloc(1u64) as *const u64;
        let arena = pool.member().into_arena();
        // It goes on behind the values of members before it.
        let words = parse("as long as the pool", arena);
        assert!(words.as_ptr().addr() > first.addr() && arena.used() > 8);
        assert_eq!(pool.out(), 1);
        for _ in 0..100 {
            let (member, other) = (pool.member(), pool.get());
            assert!(!std::ptr::eq(&*member, arena) && !std::ptr::eq(&*other, arena));
            member.alloc([0xffu8; 100]);
            other.alloc([0xffu8; 100]);
        }
        pool.trim();
        assert_eq!(words.concat(), "aslongasthepool");
        assert_eq!(arena.alloc(words.len()), &5);
        pool.reset();
        assert_eq!((pool.out(), pool.used()), (0, 0));
    }
}

#[test]
fn threads_that_end_leave_what_they_parsed_and_nobody_gets_their_arenas() {
    const THREADS: usize = 4;
    let mut pool = ArenaPool::new();
    let trees: Vec<Vec<&[&str]>> = std::thread::scope(|scope| {
        let pool = &pool;
        let workers = [0; THREADS].map(|_| {
            scope.spawn(move || {
                let arena = pool.member().into_arena();
                (0..ROUNDS / THREADS / 10).map(|round| parse(&format!("{round} of many"), arena)).collect()
            })
        });
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(pool.out(), THREADS);
    let other = pool.member().into_arena();
    parse("written over nothing", other);
    for tree in &trees {
        assert!(tree.iter().enumerate().all(|(round, words)| words[0] == round.to_string() && words[2] == "many"));
    }
    pool.reset();
    assert_eq!((pool.out(), pool.used()), (0, 0));
}

#[test]
fn what_a_member_did_to_its_arena_does_not_reach_the_next() {
    let mut pool = ArenaPool::new();
    let value = {
        let member = pool.member();
        member.set_limit(100);
        member.alloc(7u64)
    };
    assert_eq!(*pool.member().alloc([1u8; 200]), [1; 200]);
    // A leaked claim has the memory, and the values in it are the pool's as before.
    std::mem::forget(pool.member().claim());
    assert_eq!((pool.out(), *value), (1, 7));
    assert_eq!(*pool.member().alloc(8u64), 8);
    assert_eq!(*value, 7);
    pool.reset();
    assert_eq!((pool.out(), pool.used()), (0, 0));
    assert_eq!(*pool.member().alloc(9u64), 9);
}

#[test]
fn values_are_not_dropped_and_need_not_be_send() {
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Local(std::rc::Rc<()>);
    impl Drop for Local {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    let pool = ArenaPool::new();
    let value = pool.member().alloc(Local(Default::default()));
    assert_eq!(std::rc::Rc::strong_count(&value.0), 1);
    // SAFETY: the value is dropped here and never used again; the pool would leak its heap part.
    unsafe { std::ptr::drop_in_place(value) };
    drop(pool);
    assert_eq!(DROPS.get(), 1);
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn retention_bounds_give_ram_back() {
    const BIG: usize = 8 << 20;
    let mut pool = ArenaPool::new().keep_arenas(2).keep_bytes(256 << 10);
    let arenas: Vec<_> = (0..5).map(|_| pool.get()).collect();
    for arena in &arenas {
        arena.alloc_slice_fill_copy(BIG, 1u8);
        assert!(arena.resident() >= BIG);
    }
    drop(arenas);
    let resident = pool.resident();
    assert!(resident <= 2 * (256 << 10), "two arenas keep 256 KiB each, not {resident}");
    assert!(resident >= 256 << 10, "nothing was kept: {resident}");

    pool.member().alloc_slice_fill_copy(BIG, 1u8);
    assert!(pool.resident() >= BIG);
    pool.reset();
    assert!(pool.resident() <= 2 * (256 << 10));
    pool.trim();
    assert_eq!(pool.resident(), 0);
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn dropped_pool_unmaps_all_it_mapped() {
    // The process's map counts every thread's mappings, so this one has a process of its own.
    support::in_a_process_of_its_own!("dropped_pool_unmaps_all_it_mapped");
    let mapped = || std::fs::read_to_string("/proc/self/statm").unwrap().split(' ').next().unwrap().parse::<usize>();
    region::cache::set_caching(region::cache::Caching::Off);
    let mut sizes = [0; 3];
    for size in &mut sizes {
        let pool = ArenaPool::new();
        let arenas: Vec<_> = (0..70).map(|_| pool.get()).collect();
        arenas.iter().for_each(|arena| assert_eq!(arena.alloc_slice_fill_copy(100_000, 1u8)[99_999], 1));
        drop(arenas);
        pool.member().alloc_slice_fill_copy(4 << 20, 1u8);
        std::mem::forget(pool.get());
        drop(pool);
        *size = mapped().unwrap();
    }
    assert_eq!(sizes[1], sizes[2], "pages are left mapped");
}

#[test]
fn pool_in_a_static_serves_threads() {
    static POOL: ArenaPool = ArenaPool::new();
    static SUM: AtomicUsize = AtomicUsize::new(0);
    let workers = [1, 2, 3].map(|n| {
        std::thread::spawn(move || {
            SUM.fetch_add(*POOL.get().alloc(n), Ordering::Relaxed);
            &*POOL.member().alloc(n)
        })
    });
    let values = workers.map(|worker| *worker.join().unwrap());
    assert_eq!((values, SUM.load(Ordering::Relaxed)), ([1, 2, 3], 6));
}
