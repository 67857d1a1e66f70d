//! Claims: scratch memory while values of the arena are borrowed, and an arena that refuses meanwhile.

#![cfg(feature = "os")]

mod support;

#[cfg(unix)]
use region::FileArena;
use region::arena::PooledArena;
use region::backing::{Backing, Mapped, RegionBacking};
use region::error::{AllocOrInitError, AllocReason};
use region::{AllocError, Arena, ArenaPool, Claim, Region, Scope, StackBuffer, page_size};
use static_assertions::assert_not_impl_any;
use std::alloc::Layout;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(unix)]
use support::TempPath;
use support::heap::{Heap, Plan};
use support::watched::{Notes, Watched};

// Whoever has the claim allocates in the arena's blocks, and the arena is in its thread.
assert_not_impl_any!(Claim<'static>: Send, Sync, Clone);
// The scratch arena goes back to where it came from: nobody may put another in its place.
assert_not_impl_any!(Claim<'static>: std::ops::DerefMut);

#[derive(Clone, Copy)]
struct Tree<'t> {
    value: u64,
    children: &'t [Tree<'t>],
}

fn tree<const M: usize, B: Backing>(arena: &Arena<M, B>, depth: u64) -> Tree<'_> {
    let children = arena.alloc_slice_fill_with(depth as usize, |i| tree(arena, i as u64));
    Tree { value: depth + 1, children }
}

/// All values, in order, in the scratch arena of a claim; with a claim of its own for each child.
fn values<'s, const M: usize, B: Backing>(tree: &Tree<'_>, scratch: &'s Arena<M, B>) -> &'s mut [u64] {
    let mut all = vec![tree.value];
    for child in tree.children {
        let inner = scratch.claim();
        all.extend_from_slice(values(child, &inner));
    }
    scratch.alloc_slice_copy(&all)
}

fn size(tree: &Tree<'_>) -> usize {
    1 + tree.children.iter().map(size).sum::<usize>()
}

/// A tree is walked with scratch memory, many times over, while it is borrowed.
fn walk<const M: usize, B: Backing>(arena: &mut Arena<M, B>) {
    {
        let tree = tree(arena, 7);
        let used = arena.used();
        for _ in 0..3 {
            let claim = arena.claim();
            let all = values(&tree, &claim);
            assert_eq!((all.len(), all[0], *all.last().unwrap()), (size(&tree), 8, 1));
            assert!(claim.used() >= used + size_of_val(all));
            assert_eq!(arena.used(), used);
        }
        assert_eq!((arena.used(), size(&tree)), (used, 128));
        assert_eq!(*arena.alloc(3u8), 3);
        assert!(arena.used() > used);
    }
    arena.reset();
    assert_eq!(arena.used(), 0);
    assert_eq!(arena.claimed(|scratch| *scratch.alloc(5u8)), 5);
}

#[test]
fn a_tree_is_borrowed_while_passes_have_scratch_memory_over_any_backing() {
    walk(&mut Arena::new());
    walk(&mut Arena::<1>::with_min_align());
    walk(&mut Arena::<4096>::with_min_align());
    walk(&mut Arena::<8, _>::new_in(Mapped::new().paranoid()));
    walk(&mut Arena::try_with_reservation(1 << 20).unwrap());
    let mut memory = StackBuffer::<16_384>::new();
    walk(&mut Arena::from_buffer(&mut memory));
    let mut memory = StackBuffer::<100>::new();
    walk(&mut Arena::with_buffer(&mut memory));
    walk(&mut Arena::<8, _>::new_in(RegionBacking::new(Region::new(16 * page_size()).unwrap())));
    walk(&mut *ArenaPool::new().get());
    #[cfg(feature = "alloc")]
    walk(&mut Arena::<8, _>::new_in(region::backing::Global));
    for plan in [Plan::TINY, Plan::TIGHT] {
        let (heap, book) = Heap::new(plan);
        walk(&mut Arena::<8, _>::new_in(heap));
        book.check_closed();
    }
}

/// Every way to allocate through a claimed arena says the same, and takes nothing.
#[test]
fn a_claimed_arena_refuses_every_way_to_allocate_and_says_why() {
    let (heap, book) = Heap::new(Plan::TINY);
    let arena = Arena::<8, Heap>::new_in(heap);
    let value = arena.alloc(7u64);
    let claim = arena.claim();
    let acquired = book.acquired.get();
    let ok = |i: usize| Ok::<_, ()>(i);
    let layout = Layout::new::<[u64; 2]>();
    let wide = Layout::from_size_align(16, 4096).unwrap();
    let refusals: Vec<Option<AllocError>> = vec![
        arena.try_alloc(1u8).err(),
        arena.try_alloc([1u64; 9]).err(),
        arena.try_alloc_with(|| -> u32 { unreachable!("its place is refused before") }).err(),
        arena.try_alloc_layout(layout).err(),
        arena.try_alloc_layout(wide).err(),
        arena.try_alloc_layout_zeroed(layout).err(),
        arena.try_alloc_str("text").err(),
        arena.try_alloc_fmt(format_args!("{}", 1)).err(),
        arena.try_alloc_slice_copy(&[1u16]).err(),
        arena.try_alloc_slice_clone(&[String::new()]).err(),
        arena.try_alloc_slice_fill_with(1, |i| i).err(),
        arena.try_alloc_slice_fill_copy(1, 1u8).err(),
        arena.try_alloc_slice_fill_clone(1, &String::new()).err(),
        arena.try_alloc_slice_fill_default::<u8>(1).err(),
        arena.try_alloc_slice_fill_iter([1u8]).err(),
        arena.try_alloc_zeroed::<u8>().err(),
        arena.try_alloc_slice_zeroed::<u8>(1).err(),
        region::collections::Box::try_new_in(1u8, &arena).err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.unwrap().reason(), AllocReason::Claimed);
    }
    assert!(matches!(arena.try_alloc_try_with(|| ok(1)), Err(AllocOrInitError::Alloc(_))));
    assert!(matches!(arena.try_alloc_slice_try_fill_with(1, ok), Err(AllocOrInitError::Alloc(_))));
    assert!(matches!(arena.try_alloc_slice_try_fill_iter([ok(1)]), Err(AllocOrInitError::Alloc(_))));
    // More than there is memory is refused as that.
    assert_eq!(arena.try_alloc_slice_zeroed::<u64>(usize::MAX).unwrap_err().reason(), AllocReason::TooLarge);
    // What has no bytes needs no arena.
    assert_eq!((arena.alloc(()), arena.alloc_slice_copy::<u64>(&[]).len(), &*arena.alloc_str("")), (&mut (), 0, ""));
    assert_eq!(arena.alloc_layout(Layout::from_size_align(0, 4096).unwrap()).addr().get() % 4096, 0);
    assert_eq!((arena.used(), book.acquired.get()), (8, acquired));
    *value += 1;
    assert_eq!(*claim.alloc(1u8), 1);
    drop(claim);
    assert_eq!((*value, *arena.alloc(2u8)), (8, 2));
    drop(arena);
    book.check_closed();
}

fn panic_of(f: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(f)).unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn the_sentences_say_that_the_arena_is_claimed() {
    let mut arena = Arena::new();
    let claim = arena.claim();
    let why = "the arena is claimed; allocate through the claim, or drop the claim first";
    assert_eq!(panic_of(|| _ = arena.alloc(1u32)), format!("cannot allocate 4 bytes: {why}"));
    assert_eq!(panic_of(|| _ = arena.claim()), format!("cannot claim the arena: {why}"));
    assert_eq!(panic_of(|| arena.claimed(|_| ())), format!("cannot claim the arena: {why}"));
    assert_eq!(arena.try_claim().unwrap_err().to_string(), format!("cannot claim the arena: {why}"));
    drop(claim);
    assert_eq!(arena.try_claim().unwrap().try_claim().unwrap().used(), 0);
    arena.scoped(|scope| {
        let _claim = scope.claim();
        assert_eq!(panic_of(|| scope.claimed(|_| ())), format!("cannot claim the arena: {why}"));
        assert!(scope.try_claim().is_err());
    });
}

#[test]
fn claims_nest_and_each_refuses_while_the_one_inside_lives() {
    let (heap, book) = Heap::new(Plan::TINY);
    let arena = Arena::<8, Heap>::new_in(heap);
    fn nest(arena: &Arena<8, Heap>, depth: u8) {
        let own = arena.alloc_slice_fill_copy(90, depth);
        if depth == 0 {
            return;
        }
        let used = arena.used();
        {
            let inner = arena.claim();
            nest(&inner, depth - 1);
            assert!(arena.try_alloc(1u8).is_err() && arena.try_claim().is_err());
            nest(&inner, depth - 1);
        }
        assert_eq!(arena.used(), used);
        assert!(own.iter().all(|&byte| byte == depth));
    }
    nest(&arena, 6);
    assert_eq!(arena.used(), 96);
    drop(arena);
    book.check_closed();
}

#[test]
fn an_arena_without_memory_is_claimed_and_keeps_the_block() {
    let (heap, book) = Heap::new(Plan::TINY);
    let arena = Arena::<8, Heap>::new_in(heap);
    for round in 0..10u8 {
        let claim = arena.claim();
        assert_eq!(claim.alloc_slice_fill_copy(1000, round), [round; 1000]);
        assert_eq!(arena.used(), 0);
    }
    assert_eq!((arena.used(), book.acquired.get()), (0, 1));
    // A claim that takes nothing of an arena that has nothing.
    drop(Arena::new().claim());
    drop(arena);
    book.check_closed();
}

#[test]
fn what_grows_at_the_tip_stays_there_while_the_arena_is_claimed() {
    let (heap, book) = Heap::new(Plan::TINY);
    let mut arena = Arena::<8, Heap>::new_in(heap);
    let (small, large) = (Layout::new::<[u8; 12]>(), Layout::new::<[u8; 40]>());
    let wide = Layout::from_size_align(12, 128).unwrap();
    arena.alloc(1u64);
    let block = arena.alloc_layout(small);
    let used = arena.used();
    // SAFETY: the block is alive with this layout until it is freed.
    unsafe {
        block.write_bytes(0x77, 12);
        let claim = arena.claim();
        let above = claim.alloc([0x11u8; 8]);
        for new in [large, Layout::from_size_align(16, 4096).unwrap()] {
            assert_eq!(arena.try_grow(block, small, new).unwrap_err().reason(), AllocReason::Claimed);
            assert_eq!(arena.try_grow_zeroed(block, small, new).unwrap_err().reason(), AllocReason::Claimed);
        }
        assert_eq!(arena.try_shrink(block, small, wide).unwrap_err().reason(), AllocReason::Claimed);
        // What rounds it up is its own already.
        let rounded = Layout::new::<[u8; 16]>();
        assert_eq!(arena.try_grow(block, small, rounded).unwrap(), block);
        block.add(12).write_bytes(0x77, 4);
        assert_eq!(arena.try_shrink(block, rounded, small).unwrap(), block);
        arena.free(block, small);
        assert_eq!((*above, arena.used()), ([0x11; 8], used));
        assert!(claim.alloc(2u8) as *mut u8 > above.as_mut_ptr());
        drop(claim);
        // What was freed meanwhile waits for a reset.
        assert_eq!(arena.used(), used);
    }
    arena.reset();
    assert_eq!(arena.used(), 0);
    drop(arena);
    book.check_closed();
}

#[test]
fn a_box_of_the_arena_is_dropped_during_a_claim() {
    let (arena, count) = (Arena::new(), std::rc::Rc::new(()));
    let boxed = region::collections::Box::new_in(count.clone(), &arena);
    let claim = arena.claim();
    let inner = region::collections::Box::new_in((count.clone(), &boxed), &claim);
    assert_eq!(std::rc::Rc::strong_count(&count), 3);
    drop(inner);
    drop(boxed);
    assert_eq!(std::rc::Rc::strong_count(&count), 1);
    drop(claim);
    arena.alloc(1u8);
}

#[test]
fn closures_that_an_arena_calls_claim_it() {
    let (heap, book) = Heap::new(Plan::TINY);
    let arena = Arena::<8, Heap>::new_in(heap);
    let work =
        |n: u64| arena.claimed(|scratch| scratch.alloc_slice_fill_copy(50, n).iter().sum::<u64>() + *scratch.alloc(n));
    let one = arena.alloc_with(|| [work(1); 20]);
    let row = arena.alloc_slice_fill_with(30, |i| work(i as u64));
    let collected = arena.alloc_slice_fill_iter((0..100).map(work));
    struct Shown<F>(F);
    impl<F: Fn(u64) -> u64> fmt::Display for Shown<F> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (0..9).try_for_each(|n| write!(f, "{},", self.0(n)))
        }
    }
    let text = arena.alloc_fmt(format_args!("{}", Shown(work)));
    assert_eq!(*one, [51; 20]);
    assert!(row.iter().zip(0..).all(|(value, n)| *value == 51 * n));
    assert!(collected.iter().zip(0..).all(|(value, n)| *value == 51 * n));
    assert_eq!(text, "0,51,102,153,204,255,306,357,408,");
    drop(arena);
    book.check_closed();
}

/// An iterator whose claim is there between its values: the row that is collected can use its room, and no more.
#[test]
fn a_row_under_way_cannot_grow_while_its_iterator_has_the_claim() {
    let arena = Arena::new();
    let mut claim = None;
    let mut count = 0u32;
    let values = std::iter::from_fn(|| {
        claim.get_or_insert_with(|| arena.claim()).alloc(!count);
        count += 1;
        (count <= 1000).then_some(count)
    });
    let refused = arena.try_alloc_slice_fill_iter(values).unwrap_err();
    assert_eq!(refused.reason(), AllocReason::Claimed);
    drop(claim);
    let mut claim = None;
    let few =
        arena.alloc_slice_fill_iter((0..3u64).inspect(|&n| _ = claim.get_or_insert_with(|| arena.claim()).alloc(n)));
    assert_eq!(few, [0, 1, 2]);
    let scratch = claim.unwrap();
    assert!(scratch.alloc(9u64) as *mut u64 > &raw mut few[2]);
    drop(scratch);
    assert_eq!((&*few, *arena.alloc(7u64)), (&[0, 1, 2][..], 7));
}

#[test]
fn a_panic_ends_the_claims_that_it_passes() {
    let arena = Arena::new();
    let kept = arena.alloc(1u8);
    let used = arena.used();
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.claimed(|scratch| {
            scratch.alloc([0u8; 100_000]);
            let inner = scratch.claim();
            inner.alloc_slice_fill_copy(1 << 20, 0u8);
            inner.alloc_with(|| -> [u8; 64] { panic!("inside") });
        })
    }));
    assert!(result.is_err());
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.alloc_with(|| -> u64 {
            let claim = arena.claim();
            claim.alloc(2u64);
            panic!("with a claim, while a place waits")
        });
    }));
    assert!(result.is_err());
    assert_eq!((*kept, arena.used()), (1, used));
    assert_eq!(*arena.alloc(3u8), 3);
}

#[test]
#[cfg_attr(miri, ignore = "Miri takes lost blocks for an error")]
fn a_claim_that_is_leaked_has_the_arena_refuse_until_it_is_reset() {
    let mut arena = Arena::new();
    for round in 0..3u64 {
        let before = arena.alloc_slice_fill_copy(100, round);
        let claim = arena.claim();
        let inside = claim.alloc([!round; 200]) as *const [u64; 200];
        std::mem::forget(claim);
        assert_eq!(arena.try_alloc(1u8).unwrap_err().reason(), AllocReason::Claimed);
        assert!(arena.try_claim().is_err());
        // Nothing was given back, so nothing is written over.
        assert!(before.iter().all(|&word| word == round));
        // SAFETY: the claim is leaked, and what it had stays as it is while the arena is borrowed.
        assert_eq!(unsafe { *inside }, [!round; 200]);
        assert_eq!(arena.used(), 800);
        assert!(arena.scoped(|scope| scope.try_alloc(1u8).is_err()));
        assert_eq!(arena.used(), 800);
        arena.reset();
        assert_eq!((arena.used(), arena.reserved(), arena.limit()), (0, 0, usize::MAX));
        arena.set_limit(usize::MAX);
    }
    std::mem::forget(arena.claim());
    drop(arena);
}

#[test]
#[cfg_attr(miri, ignore = "Miri takes lost blocks for an error")]
fn a_leaked_claim_inside_of_another_is_lost_with_it() {
    let arena = Arena::new();
    arena.alloc(4u8);
    let outer = arena.claim();
    let kept = outer.alloc(5u8);
    let leaked: &mut Claim<'_> = Box::leak(Box::new(outer.claim()));
    let value = leaked.alloc(6u8);
    assert!(outer.try_alloc(1u8).is_err());
    assert_eq!((*kept, *value), (5, 6));
    let mut outer = outer;
    outer.reset();
    assert!(outer.try_alloc(1u8).is_err());
    drop(outer);
    assert!(arena.try_alloc(1u8).is_err() && arena.try_claim().is_err());
    assert_eq!(arena.used(), 8);
}

#[test]
#[cfg_attr(miri, ignore = "Miri takes lost blocks for an error")]
fn blocks_of_a_leaked_claim_are_lost_and_never_given_back() {
    let (heap, book) = Heap::new(Plan::TINY);
    let mut arena = Arena::<8, Heap>::new_in(heap);
    // Several blocks, and one to spare.
    arena.alloc_slice_fill_with(5, |_| &*arena.alloc([1u8; 200]));
    let kept = arena.alloc([3u8; 8]) as *const [u8; 8];
    arena.scoped(|scope| _ = scope.alloc([2u8; 900]));
    let (released, committed) = (book.released.get(), arena.committed());
    std::mem::forget(arena.claim());
    // The claim has the spare block, which it may have given back.
    assert!(arena.committed() < committed);
    arena.reset();
    assert_eq!(book.released.get(), released);
    arena.alloc([4u8; 100]);
    let acquired = book.acquired.get();
    // SAFETY: the block is on loan still, as nobody can give it back.
    assert_eq!(unsafe { *kept }, [3; 8]);
    std::mem::forget(arena.claim());
    drop(arena);
    assert_eq!((book.acquired.get(), book.released.get()), (acquired, released));
    book.check();
}

#[test]
#[cfg_attr(miri, ignore = "Miri takes lost blocks for an error")]
fn a_scope_whose_claim_is_leaked_ends_without_harm() {
    let mut arena = Arena::new();
    arena.alloc(1u8);
    {
        let mut guard = arena.scope_guard();
        let mut scope = guard.scope();
        scope.alloc([1u8; 1000]);
        assert_eq!(scope.claimed(|scratch| *scratch.alloc(2u8)), 2);
        std::mem::forget(scope.claim());
        assert!(scope.try_alloc(1u8).is_err());
        assert!(scope.scoped(|inner| inner.try_alloc(1u8).is_err()));
    }
    assert!(arena.try_alloc(1u8).is_err());
    arena.reset();
    assert_eq!(*arena.alloc(3u8), 3);
}

#[test]
fn a_buffer_that_a_leaked_claim_has_is_not_lent_twice() {
    let mut memory = StackBuffer::<256>::new();
    let mut arena = Arena::from_buffer(&mut memory);
    arena.alloc(1u64);
    std::mem::forget(arena.claim());
    arena.reset();
    assert_eq!(arena.try_alloc(2u64).unwrap_err().reason(), AllocReason::Exhausted(256));
}

#[test]
fn marks_of_the_arena_and_of_the_scratch_arena_go_together() {
    let arena = Arena::new();
    let mark = arena.mark();
    arena.alloc([1u8; 100]);
    let claim = arena.claim();
    let inner = claim.mark();
    let kept = claim.alloc([2u8; 50_000]);
    claim.alloc([3u8; 100_000]);
    // SAFETY: the mark is of a claimed arena, which this leaves as it is.
    unsafe { arena.rewind(mark) };
    assert_eq!((arena.used(), *kept), (104, [2; 50_000]));
    // SAFETY: nothing of the scratch arena is used any more.
    unsafe { claim.rewind(inner) };
    assert_eq!(claim.used(), 104);
    claim.alloc(4u8);
    drop(claim);
    assert_eq!(arena.used(), 104);
    // SAFETY: no value is left, and nothing was rewound further.
    unsafe { arena.rewind(mark) };
    assert_eq!(arena.used(), 0);
}

#[test]
fn limits_of_the_arena_hold_in_a_claim_and_come_back_after_it() {
    let arena = Arena::new();
    arena.alloc([0u8; 96]);
    arena.set_limit(200);
    let claim = arena.claim();
    assert_eq!(claim.limit(), 200);
    assert!(claim.try_alloc([0u8; 112]).is_err());
    assert!(claim.try_alloc([0u8; 104]).is_ok());
    claim.set_limit(1 << 20);
    assert!(claim.try_alloc_slice_fill_copy(1000, 1u8).is_ok());
    assert_eq!((claim.limit(), arena.limit()), (1 << 20, 200));
    drop(claim);
    assert!(arena.try_alloc([0u8; 112]).is_err());
    // Set during a claim, it is the arena's, and the claim's from the next time on.
    let claim = arena.claim();
    arena.set_limit(usize::MAX);
    assert_eq!(arena.try_alloc(0u8).unwrap_err().reason(), AllocReason::Claimed, "it must not open the arena");
    assert!(claim.try_alloc([0u8; 112]).is_err());
    drop(claim);
    assert!(arena.try_alloc([0u8; 112]).is_ok());
    let claim = arena.claim();
    arena.set_limit(208);
    assert!(claim.try_alloc([0u8; 1000]).is_ok());
    drop(claim);
    assert_eq!(arena.try_alloc(0u8).unwrap_err().reason(), AllocReason::Limit(208));
}

#[test]
fn a_claim_is_seen_in_the_high_water_mark_and_in_the_figures_of_its_arena() {
    let arena = Arena::new();
    arena.alloc([0u8; 1000]);
    let claim = arena.claim();
    claim.alloc_slice_fill_copy(500_000, 1u8);
    assert_eq!((claim.used(), arena.used(), arena.high_water()), (501_000, 1000, 1000));
    assert!(claim.committed() >= 501_000 && claim.reserved() > arena.reserved());
    assert!(format!("{claim:?}").starts_with("Claim(Arena { used: 489.2 KiB"), "{claim:?}");
    drop(claim);
    assert_eq!((arena.used(), arena.high_water()), (1000, 501_000));
    assert_eq!(arena.claimed(|scratch| scratch.backing() as *const Mapped), arena.backing() as *const Mapped);
}

#[test]
fn a_claim_of_a_paranoid_arena_gives_access_back_that_it_took_away() {
    let arena = Arena::<8, _>::new_in(Mapped::new().paranoid());
    let kept = arena.alloc_slice_fill_copy(10_000, 1u8);
    for round in 0..4u8 {
        let claim = arena.claim();
        assert!(claim.alloc_slice_zeroed::<u8>(40_000).iter().all(|&byte| byte == 0));
        claim.alloc_slice_fill_copy(200_000, round);
    }
    assert!(kept.iter().all(|&byte| byte == 1));
    assert!(arena.alloc_slice_zeroed::<u8>(50_000).iter().all(|&byte| byte == 0));
}

#[test]
fn refused_memory_in_a_claim_leaves_both_arenas_whole() {
    let (heap, book) = Heap::new(Plan::TINY);
    let arena = Arena::<8, Heap>::new_in(heap);
    let kept = arena.alloc([1u8; 100]);
    for calls in 0..6 {
        book.refuse(calls..calls + 2);
        let claim = arena.claim();
        let mut made = 0;
        for _ in 0..10 {
            made += usize::from(claim.try_alloc([2u8; 100]).is_ok());
        }
        assert!(made < 10);
    }
    book.refuse(0..0);
    assert_eq!((*kept, arena.used(), *arena.alloc(3u8)), ([1; 100], 104, 3));
    drop(arena);
    book.check_closed();
}

#[test]
fn a_scope_of_a_claim_is_a_scope() {
    fn sum(mut scope: Scope<'_>, n: u64) -> u64 {
        let own = scope.alloc(n);
        let inner = scope.scoped(|inner| *inner.alloc(1u64));
        *own + inner + scope.claimed(|scratch| *scratch.alloc(2u64))
    }
    let arena = Arena::new();
    let kept = arena.alloc(10u64);
    let mut claim = arena.claim();
    assert_eq!(sum(claim.scope(), 4) + sum(claim.scope(), 5) + *kept, 25);
    claim.reset();
    assert_eq!(claim.used(), 8);
}

#[test]
#[cfg_attr(miri, ignore = "Miri takes lost blocks for an error")]
fn arenas_of_a_pool_are_claimed_and_a_leak_does_not_reach_the_next_user() {
    let pool = ArenaPool::new().keep_arenas(1);
    {
        let arena: PooledArena<'_> = pool.get();
        let kept = arena.alloc(1u32);
        *kept += arena.claimed(|scratch| *scratch.alloc(2u32));
        assert_eq!(*kept, 3);
        std::mem::forget(arena.claim());
    }
    let arena = pool.get();
    assert_eq!((arena.used(), *arena.alloc(4u8)), (0, 4));
}

#[cfg(unix)]
#[test]
#[cfg_attr(miri, ignore = "Miri maps no files")]
fn a_file_ends_where_it_was_when_its_arena_was_claimed() {
    let path = TempPath::new();
    for leaks in [false, true] {
        // SAFETY: the path is this test's own.
        let arena = unsafe { FileArena::create(path.bytes(), 1 << 16) }.unwrap();
        let kept = arena.alloc(0x1234u64);
        let offset = arena.offset_of(kept);
        let end = arena.end();
        let claim = arena.claim();
        claim.alloc_slice_fill_copy(10_000, 0xffu8);
        assert_eq!((arena.end(), arena.offset_of(kept)), (end, offset));
        arena.flush().unwrap();
        if leaks {
            std::mem::forget(claim);
        } else {
            drop(claim);
        }
        drop(arena);
        // SAFETY: as above; the value is what was put there.
        unsafe {
            let arena = FileArena::open(path.bytes(), 0).unwrap();
            assert_eq!((arena.end(), arena.get(offset.unwrap())), (end, Some(&0x1234)));
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri takes lost blocks for an error")]
fn drops_of_a_backing_come_once_whatever_becomes_of_claims() {
    let notes = Notes::default();
    let (heap, book) = Heap::new(Plan::TINY);
    let arena = Arena::<8, _>::new_in(Watched(heap, &notes));
    arena.claimed(|outer| outer.claimed(|inner| _ = inner.alloc([1u8; 1000])));
    assert_eq!(notes.dropped.get(), 0);
    drop(arena);
    assert_eq!(notes.dropped.get(), 1);
    book.check_closed();
    let arena = Arena::<8, _>::new_in(Watched(Heap::new(Plan::TINY).0, &notes));
    std::mem::forget(arena.claim());
    drop(arena);
    assert_eq!(notes.dropped.get(), 2);
}
