//! What an owner has, handed over to another arena: nothing is copied, everything lives on, and all of it goes back
//! when the arena does, by every way in which an arena gives back.
#![cfg(all(feature = "os", any(unix, windows), not(loom)))]

mod support;

use proptest::prelude::*;
use region::arena::{AdoptError, Root};
use region::backing::{Backing, Mapped};
use region::error::AllocReason;
use region::{Arena, ArenaPool, Owned};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use support::heap::{Book, Heap, Plan};

/// A list in an arena, the newest value first.
#[derive(Debug)]
struct List<'a> {
    value: u64,
    next: Option<&'a List<'a>>,
}

/// Bytes of a link between two blocks.
const LINK: usize = if cfg!(target_pointer_width = "64") { 80 } else { 48 };

fn values(list: Option<&List<'_>>) -> Vec<u64> {
    std::iter::successors(list, |list| list.next).map(|list| list.value).collect()
}

region::root! { struct Lists = for<'a> Option<&'a List<'a>>; }
region::root! { struct Bytes = for<'a> &'a [u8]; }
region::root! { struct Whole = for<'a> (&'a Arena, &'a str); }

fn list_in<B: Backing + 'static>(arena: Arena<8, B>, numbers: std::ops::Range<u64>) -> Owned<Lists, 8, B> {
    Owned::new_in(arena, |arena| numbers.fold(None, |next, value| Some(&*arena.alloc(List { value, next }))))
}

fn list(numbers: std::ops::Range<u64>) -> Owned<Lists> {
    list_in(Arena::new(), numbers)
}

fn used_of<R: Root, B: Backing>(owned: &mut Owned<R, 8, B>) -> usize {
    owned.with_mut(|_, arena| arena.used())
}

#[test]
fn values_stay_where_they_are_and_are_counted() {
    let arena = Arena::new();
    let kept = arena.alloc_str("kept");
    let mut owned = list(0..100_000);
    let first = std::ptr::from_ref(owned.get().unwrap()).addr();
    let (before, more) = (arena.stats(), used_of(&mut owned));
    let reserved = owned.with_mut(|_, arena| arena.reserved());
    let root = arena.adopt(owned);
    assert_eq!(std::ptr::from_ref(root.unwrap()).addr(), first);
    let after = arena.stats();
    let link = after.used - before.used - more;
    assert!((LINK..LINK + 16).contains(&link), "{link}");
    assert_eq!(after.reserved, before.reserved + reserved);
    assert!(after.blocks > before.blocks && after.high_water == after.used && after.committed > more);
    if let (Some(before), Some(after)) = (before.wasted, after.wasted) {
        assert!(after >= before);
    }
    // The arena goes on behind the adopted values.
    let longer = arena.alloc(List { value: 7, next: root });
    assert_eq!(values(Some(longer)).len(), 100_001);
    assert_eq!(arena.stats().blocks, after.blocks);
    assert_eq!((values(root).len(), &*kept), (100_000, "kept"));
}

#[test]
fn an_arena_without_blocks_takes_those_of_the_other_as_its_own() {
    let mut arena = Arena::new();
    let mut owned = list(0..10);
    let used = used_of(&mut owned);
    let root = arena.adopt(owned);
    assert_eq!(values(root), (0..10).rev().collect::<Vec<_>>());
    assert_eq!((arena.used(), arena.stats().blocks), (used, 1));
    arena.reset();
    assert_eq!((arena.used(), *arena.alloc(1)), (0, 1));
}

#[test]
fn trees_of_threads_end_in_one_arena() {
    let mut arena = Arena::new();
    for round in 0..20u64 {
        let workers: Vec<_> =
            (1..5u64).map(|n| std::thread::spawn(move || list(0..n * 3_000 * (round % 3 + 1)))).collect();
        let lists: Vec<_> = workers.into_iter().map(|worker| arena.adopt(worker.join().unwrap())).collect();
        for (n, list) in (1..5u64).zip(&lists) {
            assert_eq!(values(*list), (0..n * 3_000 * (round % 3 + 1)).rev().collect::<Vec<_>>());
        }
        if round % 2 == 0 {
            arena.reset()
        } else {
            arena.reset_keeping(100_000)
        }
        assert_eq!(arena.used(), 0);
        // What is left of the blocks is zero where it is said to be.
        assert!(arena.alloc_slice_zeroed::<u64>(200_000).iter().all(|&word| word == 0));
    }
}

#[test]
fn a_scope_and_a_claim_free_what_they_adopted() {
    let mut arena = Arena::new();
    let kept = &*arena.alloc(40u64);
    let used = arena.used();
    let sum = arena.claimed(|scratch| {
        let list = scratch.adopt(list(0..50_000));
        values(list).iter().sum::<u64>() + kept
    });
    assert_eq!((sum, arena.used()), (1_249_975_040, used));
    for _ in 0..100 {
        let len = arena.scoped(|mut scope| {
            let outer = scope.adopt(list(0..100));
            let inner = scope.scoped(|inner| values(inner.try_adopt(list(0..10_000)).unwrap()).len());
            scope.alloc(1);
            values(outer).len() + inner
        });
        assert_eq!((len, arena.used()), (10_100, used));
    }
    assert!(arena.stats().blocks <= 2, "{}", arena.stats());
    // In an arena without blocks, too.
    let empty = Arena::new();
    assert_eq!(empty.claimed(|scratch| values(scratch.adopt(list(0..9))).len()), 9);
    assert_eq!((empty.used(), *empty.alloc(3)), (0, 3));
}

#[test]
fn a_member_adopts_for_as_long_as_the_pool_lives() {
    let mut pool = ArenaPool::new();
    let lists = [pool.member().adopt(list(0..100)), pool.member().try_adopt(list(0..200)).unwrap()];
    assert_eq!(lists.map(|list| values(list).len()), [100, 200]);
    pool.reset();
    assert_eq!(pool.used(), 0);
}

#[test]
fn an_owner_adopts_another_one() {
    let mut outer = list(0..5);
    outer.with_mut(|root, arena| {
        let inner = arena.adopt(list(5..10_000));
        *root = Some(arena.alloc(List { value: root.unwrap().value, next: inner }));
    });
    let arena = Arena::new();
    arena.alloc(1);
    let root = arena.adopt(outer);
    assert_eq!(values(root).len(), 9_996);
    assert_eq!(root.unwrap().value, 4);
}

#[test]
fn the_arena_that_was_adopted_refuses_and_gives_nothing_back() {
    let arena = Arena::new();
    let owned = Owned::<Whole>::new(|arena| (arena, arena.alloc_str("text")));
    let (old, text) = arena.adopt(owned);
    let used = arena.used();
    assert_eq!(old.try_alloc(1u8).unwrap_err().reason(), AllocReason::Adopted);
    assert_eq!(old.try_claim().unwrap_err().reason(), AllocReason::Adopted);
    assert!(catch_unwind(AssertUnwindSafe(|| old.alloc_str("more"))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(old.claim()))).is_err());
    old.set_limit(1);
    let stats = old.stats();
    assert_eq!((stats.used, stats.blocks, stats.reserved, old.alloc(())), (0, 0, 0, &mut ()));
    // A container of its own: within its capacity, and no further.
    #[cfg(feature = "collections")]
    {
        region::root! { struct Words = for<'a> region::collections::Vec<'a, u64>; }
        let owned = Owned::<Words>::new(|arena| region::collections::Vec::with_capacity_in(3, arena));
        let mut words = arena.adopt(owned);
        words.extend_from_slice(&[1, 2, 3]);
        assert!(words.try_push(4).is_err());
        words.shrink_to_fit();
        assert_eq!(words[..], [1, 2, 3]);
    }
    assert!(text == "text" && arena.used() >= used);
    assert_eq!(*arena.alloc(5), 5);
}

#[test]
fn a_rewind_of_the_arena_that_was_adopted_does_nothing() {
    region::root! { struct Marked = for<'a> (&'a Arena, region::arena::Mark, &'a str); }
    let arena = Arena::new();
    arena.alloc(1);
    let owned = Owned::<Marked>::new(|arena| (arena, arena.mark(), arena.alloc_str("text")));
    let (old, mark, text) = arena.adopt(owned);
    // SAFETY: the mark is that arena's, which gives nothing back any more.
    unsafe { old.rewind(mark) };
    assert!(arena.alloc_str("more") == "more" && text == "text" && old.used() == 0);
}

/// Refused for this reason, and both are as they were.
fn refused<B: Backing + 'static>(arena: &Arena<8, B>, mut owned: Owned<Lists, 8, B>, why: AllocReason) {
    let (used, of, most) = (arena.used(), used_of(&mut owned), arena.stats().high_water);
    let refused: AdoptError<Lists, 8, B> = arena.try_adopt(owned).unwrap_err();
    assert_eq!((refused.error().reason(), refused.error().size()), (why, of));
    assert!(!refused.to_string().is_empty() && std::error::Error::source(&refused).is_none());
    let mut owned = refused.into_owned();
    assert_eq!((arena.used(), used_of(&mut owned), arena.stats().high_water), (used, of, most));
    assert_eq!(values(*owned.get()), [2, 1, 0]);
    owned.with_mut(|root, arena| *root = arena.try_alloc(List { value: 3, next: *root }).ok().map(|list| &*list));
}

#[test]
fn what_cannot_move_stays_with_its_owner() {
    use region::backing::{Buffer, RegionBacking};
    static MEMORY: [region::StaticBuffer<1024>; 2] = [const { region::StaticBuffer::new() }; 2];
    let buffer = |at: usize| Arena::<8, Buffer<'static>>::from_buffer(MEMORY[at].take().unwrap());
    refused(&buffer(0), list_in(buffer(1), 0..3), AllocReason::Bound);
    let region = || Arena::<8, RegionBacking>::over(region::Region::new(1 << 20).unwrap());
    refused(&region(), list_in(region(), 0..3), AllocReason::Bound);
    // One reservation is all that such an arena has; one that is in such a reservation may move.
    refused(&Arena::with_reservation(1 << 20), list(0..3), AllocReason::Bound);
    assert_eq!(values(Arena::new().adopt(list_in(Arena::with_reservation(1 << 20), 0..3))), [2, 1, 0]);
    // Where stale pointers are to fault, blocks have one life.
    let paranoid = || Arena::<8, Mapped>::new_in(Mapped::new().paranoid());
    // Leak checkers have all blocks so.
    if is_refused_by(paranoid().backing()) {
        refused(&paranoid(), list(0..3), AllocReason::Bound);
    }
    let mut arena = paranoid();
    assert_eq!(values(arena.adopt(list_in(paranoid(), 0..100_000))).len(), 100_000);
    arena.reset();
    // A block whose first page has lost its access is no spare.
    let mut arena = paranoid();
    arena.alloc(1);
    arena.adopt(list_in(paranoid(), 0..10));
    arena.reset();
    arena.alloc_slice_fill_copy(100_000, 1u8);
    // The books of two heaps that know nothing of each other.
    let (one, other) = (Heap::new(Plan::TINY), Heap::new(Plan::TINY));
    refused(&Arena::new_in(one.0), list_in(Arena::new_in(other.0), 0..3), AllocReason::Bound);
    one.1.check_closed();
    other.1.check_closed();
}

/// Whether a backing refuses the blocks that arenas usually have.
fn is_refused_by(backing: &Mapped) -> bool {
    let usual = Mapped::new();
    let block = usual.acquire(std::alloc::Layout::new::<u8>(), 0).unwrap();
    let refuses = !backing.adopts(&usual, &block);
    // SAFETY: the block was just acquired, and nothing was written to it.
    unsafe { usual.release(&block) };
    refuses
}

#[test]
fn a_limit_counts_what_is_adopted() {
    let mut owned = list(0..3);
    let of = used_of(&mut owned);
    let arena = Arena::new();
    arena.set_limit(of - 1);
    refused(&arena, owned, AllocReason::Limit(of - 1));
    let mut owned = list(0..3);
    arena.set_limit(of);
    assert_eq!(used_of(&mut owned), of);
    arena.adopt(owned);
    assert!(arena.used() == of && arena.try_alloc(1u8).is_err());
    // Behind other values there is a link.
    let arena = Arena::new();
    arena.alloc(1u64);
    arena.set_limit(8 + of);
    refused(&arena, list(0..3), AllocReason::Limit(8 + of));
    arena.set_limit(8 + of + LINK - 1);
    refused(&arena, list(0..3), AllocReason::Limit(8 + of + LINK - 1));
    assert_eq!(arena.stats().blocks, 1);
    arena.set_limit(8 + of + LINK + 8);
    arena.adopt(list(0..3));
    assert!(arena.try_alloc([0u8; 64]).is_err());
}

#[test]
fn a_claimed_arena_neither_adopts_nor_is_adopted() {
    let arena = Arena::new();
    let claim = arena.claim();
    refused(&arena, list(0..3), AllocReason::Claimed);
    drop(claim);
    let mut owned = list(0..3);
    owned.with_mut(|_, arena| std::mem::forget(arena.claim()));
    let refused = arena.try_adopt(owned).unwrap_err();
    assert_eq!(refused.error().reason(), AllocReason::Claimed);
    assert_eq!(values(*refused.into_owned().get()), [2, 1, 0]);
}

#[cfg(unix)]
#[test]
fn other_backings_whose_values_are_alike_adopt() {
    use region::cage::Cage;
    region::cage! { struct Here; size = 1 << 30; }
    let caged = Here::arena;
    let arena = caged();
    arena.alloc(1);
    assert_eq!(values(arena.adopt(list_in(caged(), 0..50_000))).len(), 50_000);
    #[cfg(feature = "alloc")]
    {
        use region::backing::Global;
        let arena = Arena::<8, _>::new_in(Global);
        arena.alloc(1);
        assert_eq!(values(arena.adopt(list_in(Arena::new_in(Global), 0..50_000))).len(), 50_000);
    }
}

#[test]
fn a_refusal_of_any_call_loses_nothing() {
    for call in 0.. {
        let (heap, book) = Heap::new(Plan::TIGHT);
        let arena: Arena<8, Heap> = Arena::new_in(heap);
        arena.alloc(1u64);
        let owned = list_in(Arena::new_in(Heap::beside(&book, Plan::TIGHT)), 0..3);
        book.refuse(call..call + 1);
        let adopted = arena.try_adopt(owned);
        let calls = book.calls();
        let adopted = adopted.map(|root| assert_eq!(values(root), [2, 1, 0]));
        if let Err(refused) = adopted {
            assert_eq!(values(*refused.into_owned().get()), [2, 1, 0]);
        }
        drop(arena);
        book.check_closed();
        if calls <= call {
            assert!(call > 0, "the link needs a block here");
            return;
        }
    }
}

region::root! { struct Many = for<'a> Vec<&'a [u8]>; }
region::root! { struct Wide = for<'a> (Vec<&'a [u8]>, [u8; 300]); }

/// What is done to the arena that adopts.
#[derive(Clone, Debug)]
enum Op {
    Alloc(usize),
    /// So many bytes before the owner's words, whether its root is longer than a block, and these values.
    Adopt(usize, bool, Vec<usize>),
    Scope(Vec<Op>),
    Claim(Vec<Op>),
    Reset,
    ResetKeeping(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let size = || prop_oneof![8 => 0..60usize, 2 => 60..700usize];
    let flat = prop_oneof![
        5 => size().prop_map(Op::Alloc),
        4 => (prop_oneof![Just(0usize), Just(1), 0..600usize], any::<bool>(), prop::collection::vec(size(), 0..12))
            .prop_map(|(first, wide, sizes)| Op::Adopt(first, wide, sizes)),
    ];
    let nested = flat.prop_recursive(3, 30, 6, |inner| {
        prop_oneof![
            3 => inner.clone(),
            1 => prop::collection::vec(inner.clone(), 0..6).prop_map(Op::Scope),
            1 => prop::collection::vec(inner, 0..6).prop_map(Op::Claim),
        ]
    });
    prop_oneof![8 => nested, 1 => Just(Op::Reset), 1 => (0..2_000usize).prop_map(Op::ResetKeeping)]
}

/// Does it all in an arena, and looks at every value after every step.
fn run(arena: &mut Arena<8, Heap>, ops: &[Op], book: &Rc<Book>, plan: Plan, seed: &mut u8) {
    for op in ops {
        match op {
            Op::Reset => arena.reset(),
            Op::ResetKeeping(bytes) => arena.reset_keeping(*bytes),
            other => {
                let used = arena.used();
                arena.scoped(|scope| {
                    let mut live: Vec<(&[u8], u8)> = Vec::new();
                    step(&scope.claim(), other, book, plan, seed, &mut live);
                });
                assert_eq!(arena.used(), used);
                // And to stay until a reset.
                step(arena, other, book, plan, seed, &mut Vec::new());
            }
        }
        book.check();
    }
}

fn step<'a>(
    arena: &'a Arena<8, Heap>,
    op: &Op,
    book: &Rc<Book>,
    plan: Plan,
    seed: &mut u8,
    live: &mut Vec<(&'a [u8], u8)>,
) {
    *seed = seed.wrapping_add(1);
    let mark = *seed;
    match op {
        Op::Alloc(size) => live.push((arena.alloc_slice_fill_copy(*size, mark), mark)),
        Op::Adopt(first, wide, sizes) => {
            let own = Arena::new_in(Heap::beside(book, plan));
            own.alloc_slice_fill_copy(*first, 0xabu8);
            let used = arena.used();
            let (of, all) = if *wide {
                let mut owned = Owned::<Wide, 8, Heap>::new_in(own, |arena| (slices(arena, sizes, mark), [mark; 300]));
                (used_of(&mut owned), arena.adopt(owned).0)
            } else {
                let mut owned = Owned::<Many, 8, Heap>::new_in(own, |arena| slices(arena, sizes, mark));
                (used_of(&mut owned), arena.adopt(owned))
            };
            live.extend(all.into_iter().map(|bytes| (bytes, mark)));
            assert!((used + of..used + of + LINK + 16).contains(&arena.used()));
            assert!(arena.alloc_slice_zeroed::<u8>(40).iter().all(|&byte| byte == 0));
        }
        Op::Scope(ops) | Op::Claim(ops) => {
            let used = arena.used();
            arena.claimed(|inner| {
                let mut inner_live: Vec<(&[u8], u8)> = Vec::new();
                for op in ops {
                    step(inner, op, book, plan, seed, &mut inner_live);
                }
                check(&inner_live);
            });
            assert_eq!(arena.used(), used);
        }
        Op::Reset | Op::ResetKeeping(_) => {}
    }
    check(live);
}

fn slices<'a>(arena: &'a Arena<8, Heap>, sizes: &[usize], mark: u8) -> Vec<&'a [u8]> {
    sizes.iter().map(|&size| &*arena.alloc_slice_fill_copy(size, mark)).collect()
}

fn check(live: &[(&[u8], u8)]) {
    for (bytes, mark) in live {
        assert!(bytes.iter().all(|byte| byte == mark));
    }
}

proptest! {
    #[test]
    fn any_row_of_operations_keeps_every_value_and_loses_no_block(
        ops in prop::collection::vec(op(), 1..25),
        tight in any::<bool>(),
    ) {
        let plan = if tight { Plan::TIGHT } else { Plan::TINY };
        let (heap, book) = Heap::new(plan);
        let mut arena = Arena::new_in(heap);
        run(&mut arena, &ops, &book, plan, &mut 0);
        drop(arena);
        book.check_closed();
    }
}
