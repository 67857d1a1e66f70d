//! Models of what arenas share: pools of them, the block cache, static buffers.
//!
//! The types are those that ship, in mapped memory. Each run of a model has a cache of its own, of two blocks, and the
//! chunks of a pool have one arena each. A model ([`models`](crate::models)) fails when an arena or a block has two
//! users at once, or when a user does not see what the last one did: the slots' words and cells are loom's. What a user
//! wrote into a block is checked again after other threads may have run.

use super::backing::{StaticBuffer, stats, trim};
use super::{Arena, ArenaPool, PooledArena};
use crate::models::{Held, Model, beside, share};
use crate::seeded::Bug;
use core::mem;
use loom::thread;
use std::boxed::Box;
use std::sync::Arc;

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "two threads make and drop arenas in cached blocks",
        preemptions: 2,
        run: make_and_drop_beside,
        catches: &[Bug::SlotClaimRelaxed, Bug::SlotClaimTorn, Bug::SlotReleaseRelaxed, Bug::CacheForgetsDirty],
    },
    Model {
        name: "the cache is emptied while arenas are made and dropped",
        preemptions: 2,
        run: trim_against_arenas,
        catches: &[Bug::SlotClaimRelaxed, Bug::SlotReleaseRelaxed],
    },
    Model {
        name: "two threads get arenas of a pool that has none",
        preemptions: 2,
        run: get_from_nothing,
        catches: &[Bug::ListAppendRelaxed, Bug::ListAppendTorn, Bug::ListFollowRelaxed, Bug::SlotClaimTorn],
    },
    Model {
        name: "an arena of a pool changes hands",
        preemptions: 2,
        run: get_in_turn,
        catches: &[Bug::ArenaGivenUncleared, Bug::SlotClaimRelaxed, Bug::SlotReleaseRelaxed, Bug::SlotClaimTorn],
    },
    Model {
        name: "members and a borrower share a pool",
        preemptions: 1,
        run: members,
        catches: &[Bug::MemberGivesEmpty, Bug::SlotClaimTorn, Bug::SlotClaimRelaxed, Bug::SlotReleaseRelaxed],
    },
    Model {
        name: "an arena that was taken for as long as the pool lives is one thread's",
        preemptions: 2,
        run: taken_for_good,
        catches: &[Bug::TakenArenaGivenBack, Bug::SlotClaimTorn],
    },
    Model {
        name: "a pool is trimmed while its arenas are used",
        preemptions: 2,
        run: trim_against_get,
        catches: &[Bug::PoolTrimsUnclaimed, Bug::SlotClaimTorn],
    },
    Model {
        name: "a pool is reset after its threads, with leaked handles",
        preemptions: 1,
        run: reset,
        catches: &[Bug::ResetForgetsLeaked, Bug::MemberGivesEmpty],
    },
    Model {
        name: "two threads take a static buffer",
        preemptions: 2,
        run: static_buffer,
        catches: &[Bug::StaticTakeTorn],
    },
];

/// An arena in a block of the cache, from `new` to its drop: zeroed memory is zero, and stays as its user leaves it.
fn make_and_drop(mark: u8) {
    let arena = Held::new(Arena::new());
    let bytes = arena.alloc_slice_zeroed::<u8>(64);
    assert_eq!(bytes, [0; 64], "a block is less clean than it is said to be");
    bytes.fill(mark);
    thread::yield_now();
    assert_eq!(bytes, [mark; 64], "a block has two users");
}

/// When no other thread is active: no block is out, and `trim` leaves none.
fn assert_cache_is_whole() {
    assert_eq!(stats().out, 0, "a slot was lost");
    trim();
    assert_eq!(stats().kept, 0);
}

/// Does `work` while another thread makes and drops arenas.
fn beside_arenas(work: impl FnOnce()) {
    make_and_drop(1);
    let arenas = || {
        make_and_drop(2);
        make_and_drop(3);
    };
    beside(arenas, work);
    assert_cache_is_whole();
}

fn make_and_drop_beside() {
    beside_arenas(|| make_and_drop(4));
}

fn trim_against_arenas() {
    beside_arenas(|| _ = trim());
}

/// Gets an arena and uses it as its only user may. A limit is part of the arena, and needs no memory.
fn use_alone(pool: &ArenaPool, mark: usize) -> Held<PooledArena<'_>> {
    let arena = Held::new(pool.get());
    assert_eq!((arena.limit(), arena.used()), (usize::MAX, 0), "an arena comes with what another user did");
    arena.set_limit(mark);
    thread::yield_now();
    assert_eq!(arena.limit(), mark, "an arena has two users");
    arena
}

/// Allocates as a member. Returns the value's address.
fn add(pool: &ArenaPool, value: u64) -> usize {
    let member = Held::new(pool.member());
    core::ptr::from_mut(member.alloc(value)).expose_provenance()
}

fn get_from_nothing() {
    let pool = Arc::new(Held::new(ArenaPool::new()));
    share(&pool, |pool| mem::forget(use_alone(pool, 1)), |pool| mem::forget(use_alone(pool, 2)));
    assert_eq!(pool.out(), 2, "a row was lost, or an arena given twice");
}

/// Does `work` on a pool while another thread gets arenas of it.
fn beside_a_borrower(work: impl FnOnce(&ArenaPool)) {
    let pool = Arc::new(Held::new(ArenaPool::new()));
    use_alone(&pool, 1);
    let borrow = |pool: &Held<ArenaPool>| {
        use_alone(pool, 2);
        use_alone(pool, 3);
    };
    share(&pool, borrow, |pool| work(pool));
    assert_eq!(pool.out(), 0, "an arena was lost");
}

fn get_in_turn() {
    beside_a_borrower(|pool| drop(use_alone(pool, 4)));
}

fn members() {
    let pool = Arc::new(Held::new(ArenaPool::new()));
    let add_and_borrow = |pool: &Held<ArenaPool>| {
        let mine = add(pool, 1);
        use_alone(pool, 1);
        mine
    };
    let (theirs, mine) = share(&pool, add_and_borrow, |pool| add(pool, 2));
    // SAFETY: values of members live as long as the pool, which is there, and nobody refers to them.
    let values = [theirs, mine].map(|place| unsafe { *core::ptr::with_exposed_provenance::<u64>(place) });
    assert_eq!(values, [1, 2], "a member's value was written over");
    let mut pool = Arc::into_inner(pool).expect("the other thread is gone");
    assert_eq!(pool.used(), 16, "a member's value was lost");
    drop(pool);
    assert_cache_is_whole();
}

fn taken_for_good() {
    /// Takes an arena for as long as the pool lives. No other thread may use it from here on, also when this one ends.
    fn use_for_good(pool: &ArenaPool, mark: usize) {
        let arena = pool.member().into_arena();
        assert_eq!(arena.limit(), usize::MAX, "an arena is given twice");
        arena.set_limit(mark);
        thread::yield_now();
        assert_eq!(arena.limit(), mark, "an arena has two users");
    }
    let pool = Arc::new(Held::new(ArenaPool::new()));
    let theirs = |pool: &Held<ArenaPool>| {
        add(pool, 1);
        use_for_good(pool, 1);
    };
    share(&pool, theirs, |pool| use_for_good(pool, 2));
    assert_eq!(pool.out(), 2, "an arena that was taken for good came back");
    add(&pool, 3);
    let mut pool = Arc::into_inner(pool).expect("the other thread is gone");
    pool.reset();
    assert_eq!((pool.out(), pool.used()), (0, 0), "a reset leaves something");
    drop(pool);
    assert_cache_is_whole();
}

fn trim_against_get() {
    beside_a_borrower(ArenaPool::trim);
}

fn reset() {
    let pool = Arc::new(Held::new(ArenaPool::new()));
    let theirs = |pool: &Held<ArenaPool>| {
        add(pool, 1);
        mem::forget(use_alone(pool, 1));
    };
    share(&pool, theirs, |pool| add(pool, 2));
    let mut pool = Arc::into_inner(pool).expect("the other thread is gone");
    assert_eq!((pool.out(), pool.used()), (1, 16));
    pool.reset();
    assert_eq!((pool.out(), pool.used()), (0, 0), "a reset leaves something");
    use_alone(&pool, 1);
    drop(pool);
    assert_cache_is_whole();
}

fn static_buffer() {
    let buffer: &'static StaticBuffer<64> = Box::leak(Box::new(StaticBuffer::new()));
    let take = || buffer.take().is_some();
    let (theirs, mine) = beside(take, take);
    assert!(mine != theirs, "one of two gets the bytes");
    // SAFETY: the buffer was a box, and nobody has the bytes any more.
    drop(unsafe { Box::from_raw(core::ptr::from_ref(buffer).cast_mut()) });
}
