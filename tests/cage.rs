//! Cages: links of four bytes and what they lead to, several cages, threads, a full cage, constant bases.
#![cfg(all(feature = "os", unix, not(any(miri, loom))))]

mod support;

use region::cage::{
    Base, Box32, Cage, CageAllocator, CageArena, CageStats, Caged, Link, Options, Ref32, Slice32, Space, Str32, Vec32,
};
use region::error::{AllocReason, CageFull, Errno};
use region::{Arena, Owned};
use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert_eq};
use std::alloc::Layout;
use std::cell::Cell;
use std::collections::HashSet;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::string::String;

region::cage! {
    /// What most tests here use.
    pub struct Ast;
}

const_assert_eq!(size_of::<Ref32<u64, Ast>>(), 4);
const_assert_eq!(size_of::<Option<Ref32<u64, Ast>>>(), 4);
const_assert_eq!(size_of::<Box32<[u64; 9], Ast>>(), 4);
const_assert_eq!(size_of::<Option<Box32<u8, Ast>>>(), 4);
const_assert_eq!(size_of::<Slice32<u64, Ast>>(), 8);
const_assert_eq!(size_of::<Option<Slice32<u64, Ast>>>(), 8);
const_assert_eq!(size_of::<Str32<Ast>>(), 8);
const_assert_eq!(size_of::<Option<Str32<Ast>>>(), 8);
const_assert_eq!(size_of::<Vec32<u64, Ast>>(), 12);
const_assert_eq!(size_of::<Option<Vec32<u64, Ast>>>(), 12);
const_assert_eq!(align_of::<Vec32<u64, Ast>>(), 4);
const_assert_eq!(size_of::<Caged<Ast>>(), 0);
assert_impl_all!(Ref32<u8, Ast>: Send, Sync, Copy, Unpin, UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(Ref32<Cell<u8>, Ast>: Send, Sync, UnwindSafe);
assert_impl_all!(Slice32<u8, Ast>: Send, Sync, Copy, Default);
assert_not_impl_any!(Slice32<Cell<u8>, Ast>: Send, Sync);
assert_impl_all!(Str32<Ast>: Send, Sync, Copy, Ord, std::hash::Hash);
assert_impl_all!(Box32<Cell<u8>, Ast>: Send, UnwindSafe);
assert_not_impl_any!(Box32<Cell<u8>, Ast>: Sync, Copy, Clone);
assert_not_impl_any!(Box32<Rc<u8>, Ast>: Send, Sync);
assert_impl_all!(Vec32<Cell<u8>, Ast>: Send);
assert_not_impl_any!(Vec32<Rc<u8>, Ast>: Send, Sync, Clone);
assert_impl_all!(CageArena<Ast>: Send);
assert_not_impl_any!(CageArena<Ast>: Sync);
const _: () = assert!(!std::mem::needs_drop::<Box32<String, Ast>>() && !std::mem::needs_drop::<Vec32<String, Ast>>());

#[test]
fn links_lead_to_the_values_they_were_made_of() {
    let arena = Ast::arena();
    let refs: Vec<Ref32<u64, Ast>> = (0..50_000).map(|i| Ref32::new_in(i, &arena)).collect();
    let mut boxes: Vec<Box32<[u8; 3], Ast>> = (0..50_000u32).map(|i| Box32::new_in([i as u8; 3], &arena)).collect();
    let texts: Vec<Str32<Ast>> = (0..1000).map(|i| Str32::new_in(&i.to_string(), &arena)).collect();
    let lists: Vec<Slice32<u16, Ast>> = (0..300u16).map(|i| Slice32::from_iter_in(0..i, &arena)).collect();
    boxes.iter_mut().for_each(|value| value[1] = 9);
    assert!(refs.iter().enumerate().all(|(i, link)| **link == i as u64 && *Ref32::get(*link) == i as u64));
    assert!(boxes.iter().enumerate().all(|(i, value)| **value == [i as u8, 9, i as u8]));
    assert!(texts.iter().enumerate().all(|(i, text)| text.as_str() == i.to_string() && *text == *i.to_string()));
    assert!(lists.iter().enumerate().all(|(i, list)| list.iter().copied().eq(0..i as u16)));
    let numbers: HashSet<u32> = refs.iter().map(|link| Ref32::number(*link)).collect();
    assert_eq!(numbers.len(), refs.len());
    // SAFETY: the number is that of a link, and the arena is still borrowed.
    assert_eq!(unsafe { *Ref32::<u64, Ast>::from_number(Ref32::number(refs[7])) }, 7);
}

/// One test for every link: with a base that was taken it leads where it leads by itself.
#[test]
fn a_base_that_was_taken_leads_to_the_same() {
    fn same<C: Cage, L: Link<C> + std::ops::Deref<Target = <L as Link<C>>::Target>>(base: Base<C>, link: &L) {
        assert!(std::ptr::eq(base.get(link), &**link));
    }
    let arena = Ast::arena();
    let base = Ast::base();
    same(base, &Ref32::<_, Ast>::new_in(1u8, &arena));
    same(base, &Ref32::<_, Ast>::new_in((), &arena));
    same(base, &Box32::<_, Ast>::new_in([1u64; 9], &arena));
    same(base, &Slice32::<_, Ast>::new_in(&[1, 2, 3], &arena));
    same(base, &Slice32::<u64, Ast>::empty());
    same(base, &Slice32::<_, Ast>::new_in(&[(); 4], &arena));
    same(base, &Str32::<Ast>::new_in("text", &arena));
    same(base, &Str32::<Ast>::empty());
    same(base, &Vec32::<_, Ast>::from_iter_in(0..9, &arena));
    same(base, &Vec32::<u8, Ast>::new());
    assert!(Ast::try_base().is_ok() && format!("{base:?}").starts_with("Base<Ast>(0x"));
}

#[test]
fn links_are_compared_printed_and_hashed_as_what_they_lead_to() {
    let arena = Ast::arena();
    let (one, other) = (Ref32::<_, Ast>::new_in(5, &arena), Ref32::<_, Ast>::new_in(5, &arena));
    assert!(one == other && one <= other && Ref32::number(one) != Ref32::number(other));
    assert_eq!((format!("{one} {one:?}"), HashSet::from([one, other]).len()), ("5 5".into(), 1));
    let boxed = Box32::<_, Ast>::new_in("b", &arena);
    assert!(boxed > Box32::new_in("a", &arena) && boxed.as_ref() == &"b");
    let (list, text) = (Slice32::<_, Ast>::new_in(&[1, 2], &arena), Str32::<Ast>::new_in("é", &arena));
    assert_eq!((format!("{list:?} {text} {text:?}"), list), ("[1, 2] é \"é\"".into(), list));
    assert!(list == [1, 2] && list == [1, 2][..] && text == "é" && list.into_iter().sum::<i32>() == 3);
    let (array, slice): (&[i32; 2], &[i32]) = (&[1, 2], &[1, 2]);
    assert!(list == array && list == slice);
    let mut rows = Vec32::<_, Ast>::from_iter_in([3, 1, 2], &arena);
    rows.sort_unstable();
    assert_eq!((rows.as_slice(), format!("{rows:?}")), (&[1, 2, 3][..], "[1, 2, 3]".into()));
}

#[test]
fn a_box_is_emptied_shared_or_borrowed_for_the_arenas_life() {
    let arena = Ast::arena();
    let text = Box32::<_, Ast>::new_in(String::from("dropped by its taker"), &arena);
    assert_eq!(Box32::into_inner(text).len(), 20);
    let counter: &mut u64 = Box32::into_mut(Box32::<_, Ast>::new_in(1, &arena));
    *counter += 1;
    let mut value = Box32::<_, Ast>::new_in(*counter, &arena);
    *value.as_mut() += 1;
    let link: Ref32<u64, Ast> = Box32::into_ref(value);
    assert_eq!((*link, *counter), (3, 2));
    let nothing = Box32::<_, Ast>::new_in((), &arena);
    assert_eq!((Box32::into_inner(nothing), *Ref32::<_, Ast>::new_in([0u8; 0], &arena)), ((), []));
}

/// Any alignment of values, any least alignment of arenas, any unit.
#[test]
fn values_are_aligned_as_they_and_the_unit_are() {
    region::cage! { struct Bytes; shift = 0; }
    region::cage! { struct Lines; shift = 6; size = 16 << 20; }
    region::cage! { struct Pages; shift = 12; size = 16 << 20; }
    #[repr(align(64))]
    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Line(u8);
    #[repr(align(4096))]
    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Page(u8);

    fn check<C: Cage, const MIN_ALIGN: usize>() {
        let arena = CageArena::<C, MIN_ALIGN>::new_in(Caged::new());
        for round in 0..20 {
            arena.alloc(1u8);
            let small = Ref32::<_, C>::new_in(round, &arena);
            let line = Box32::<_, C>::new_in(Line(round), &arena);
            let page = Ref32::<_, C>::try_new_in(Page(round), &arena).unwrap();
            let list = Slice32::<_, C>::from_iter_in([round; 3], &arena);
            let mut rows = Vec32::<_, C>::new();
            rows.extend([round; 5], &arena);
            let copies = Slice32::<_, C>::try_new_in(&[Line(round); 2], &arena).unwrap();
            let text = Str32::<C>::try_new_in("abc", &arena).unwrap();
            assert_eq!((*small, *line, *page), (round, Line(round), Page(round)));
            assert!(list == [round; 3] && rows == [round; 5] && copies == [Line(round); 2] && text == "abc");
            assert_eq!(Ref32::from_ref(Ref32::get(small)), Some(small));
        }
    }
    check::<Bytes, 1>();
    check::<Bytes, 8>();
    check::<Lines, 1>();
    check::<Lines, 16>();
    check::<Pages, 8>();
    check::<Ast, 1>();
    check::<Ast, 64>();
    assert_eq!(Pages::OPTIONS.unit(), 4096);
}

#[test]
fn only_what_lies_in_the_cage_at_a_unit_becomes_a_link() {
    region::cage! { struct Other; }
    let (arena, other) = (Ast::arena(), Other::arena());
    let bytes = arena.alloc_slice_copy(&[7u8; 32]);
    let found = |at: usize| Ref32::<u8, Ast>::from_ref(&bytes[at]).is_some();
    assert_eq!([0, 1, 4, 8, 15, 16].map(found), [true, false, false, true, false, true]);
    assert!(Ref32::<_, Ast>::from_ref(other.alloc(1u64)).is_none() && Ref32::<_, Ast>::from_ref(&1u64).is_none());
    assert!(Ref32::<_, Ast>::from_ref(Arena::new().alloc(1u64)).is_none());
    // What has no bytes may be anywhere.
    assert!(Ref32::<_, Ast>::from_ref(&[(); 3]).is_some());
    region::cage! { struct Unused; }
    assert!(Ref32::<_, Unused>::from_ref(&1u64).is_none() && Unused::stats() == CageStats::default());
}

#[test]
fn slices_and_texts_that_lie_in_the_cage_have_links() {
    let arena = Ast::arena();
    let words: &[u32] = arena.alloc_slice_fill_with(9, |i| i as u32);
    // Units are of eight bytes, so every second of these may be a link's first.
    for from in 0..9 {
        let link = Slice32::<_, Ast>::from_slice(&words[from..]);
        assert_eq!(link.map(Slice32::as_slice), (from % 2 == 0).then_some(&words[from..]));
    }
    assert_eq!(Slice32::<_, Ast>::from_slice(&words[9..]), Some(Slice32::empty()));
    assert_eq!(Slice32::<_, Ast>::from_slice(&[(); 7]).map(|units| units.len()), Some(7));
    #[cfg(target_pointer_width = "64")]
    assert!(Slice32::<(), Ast>::from_slice(&[(); u32::MAX as usize + 1]).is_none());
    assert!(Slice32::<_, Ast>::from_slice(Arena::new().alloc_slice_copy(&[1u64])).is_none());
    let text: &str = arena.alloc_str("0123456789");
    assert_eq!(Str32::<Ast>::from_text(&text[8..]).unwrap(), "89");
    assert!(Str32::<Ast>::from_text(&text[1..]).is_none() && Str32::<Ast>::from_text("elsewhere").is_none());
    assert_eq!(Str32::<Ast>::from_text("").unwrap(), "");
    region::cage! { struct Unused; }
    assert!(Slice32::<_, Unused>::from_slice(words).is_none() && Unused::stats() == CageStats::default());
}

#[test]
fn what_is_empty_needs_no_cage() {
    region::cage! { struct Never; }
    let list: Slice32<u64, Never> = Slice32::default();
    let rows = Vec32::<u64, Never>::new();
    assert!(list.is_empty() && rows.is_empty() && Str32::<Never>::empty().is_empty() && rows.into_slice32().is_empty());
    let arena = Never::arena();
    assert!(Slice32::<u64, _>::new_in(&[], &arena).is_empty() && Str32::<Never>::new_in("", &arena).is_empty());
    assert_eq!(*Box32::<_, Never>::new_in((), &arena), ());
    assert_eq!((Never::stats(), Never::trim()), (CageStats::default(), 0));
}

/// What a function over any arena of a cage takes.
fn pushed<'a, A: CageAllocator<Ast>>(rows: &mut Vec32<'a, u32, Ast>, arena: &'a A) {
    (0..1000).for_each(|number| rows.push(number, arena));
}

#[test]
fn vectors_grow_in_one_arena_and_in_several() {
    let (arena, other) = (Ast::arena(), Ast::arena());
    let mut rows = Vec32::<u32, Ast>::with_capacity_in(4, &arena);
    let before = rows.as_ptr();
    pushed(&mut rows, &arena);
    assert_eq!((rows.as_ptr(), rows.len()), (before, 1000), "alone at the end it grows where it is");
    pushed(&mut rows, &other);
    assert!(rows.iter().copied().eq((0..1000).chain(0..1000)));
    rows.with_arena(&arena).insert(1, 77);
    assert_eq!((rows.pop(), rows[1], rows.remove(1)), (Some(999), 77, 77));
    rows.try_push(5, &arena).unwrap();
    rows.try_extend([6, 7], &arena).unwrap();
    rows.truncate(2001);
    rows.shrink_to_fit(&arena);
    let done: Slice32<u32, Ast> = rows.into_slice32();
    assert_eq!((done.len(), done[999], done[2000]), (2001, 999, 6));
    let copy = Vec32::<_, Ast>::from_iter_in(done, &other).clone_in(&arena);
    assert!(copy.iter().all(|number| **number < 1000) && Vec32::<(), Ast>::new().capacity() > 1 << 30);
    let mut copies = copy.try_clone_in(&arena).unwrap();
    copies.reserve(10, &arena);
    copies.try_reserve(10, &arena).unwrap();
    assert!(Vec32::<u8, Ast>::try_with_capacity_in(9, &arena).unwrap().capacity() == 9);
    copies.extend_from_slice_copy(&copy[..2], &arena);
    copies.try_extend_from_slice_copy(&copy[..1], &arena).unwrap();
    copies.as_mut_slice()[0] = copy[5];
    assert_eq!((copies.len(), *copies[0], copies[2003]), (2004, 5, copy[0]));
    let collected = Slice32::<_, Ast>::try_from_iter_in([1u8, 2], &arena).unwrap();
    assert_eq!(collected, [1, 2]);
    // A vector that was never filled shrinks to nothing.
    let mut none = Vec32::<u64, Ast>::new();
    none.shrink_to_fit(&arena);
    assert_eq!(none.into_slice(), &mut []);
}

#[test]
fn scopes_and_claims_of_caged_arenas_make_links() {
    let mut arena = Ast::arena();
    let kept = Ref32::<_, Ast>::new_in(1u32, &arena);
    arena.claimed(|claim| {
        let list = Slice32::<_, Ast>::from_iter_in([*kept, 2], claim);
        assert_eq!(list, [1, 2]);
    });
    let claim = arena.claim();
    pushed(&mut Vec32::new(), &claim);
    drop(claim);
    let used = arena.used();
    arena.scoped(|scope| {
        pushed(&mut Vec32::new(), &scope);
        assert_eq!(*Box32::<_, Ast>::new_in(3u8, &scope), 3);
    });
    assert_eq!(arena.used(), used);
    arena.reset();
    assert!(format!("{:?}", arena.backing()) == "Caged<Ast>" && *Ref32::<_, Ast>::new_in(4, &arena) == 4);
}

/// An arena in a cage and the tree in it, as one value without a lifetime.
#[test]
fn an_owner_has_a_caged_arena_and_links_into_it() {
    struct Pair<'a>(u32, Option<Box32<'a, Pair<'a>, Ast>>);
    region::root! { struct Tree = for<'a> Box32<'a, Pair<'a>, Ast>; }
    let make = |depth| {
        Owned::<Tree, 8, Caged<Ast>>::new_in(Ast::arena(), |arena| {
            (0..depth).fold(Box32::new_in(Pair(0, None), arena), |inner, _| {
                Box32::new_in(Pair(inner.0 + 1, Some(inner)), arena)
            })
        })
    };
    let mut owners: Vec<_> = [10, 1000].map(make).into();
    owners[0].with_mut(|pair, _| pair.0 += 1);
    let (first, second) =
        std::thread::spawn(move || (owners[0].get().0, owners[1].get().1.as_ref().unwrap().0)).join().unwrap();
    assert_eq!((first, second), (11, 999));
}

#[test]
fn threads_share_a_cage_and_read_each_others_trees() {
    region::cage! { struct Shared; }
    struct Node<'a>(u64, Option<Ref32<'a, Node<'a>, Shared>>);
    fn chain(arena: &CageArena<Shared>, seed: u64) -> Ref32<'_, Node<'_>, Shared> {
        (1..10_000)
            .fold(Ref32::new_in(Node(seed, None), arena), |next, i| Ref32::new_in(Node(seed + i, Some(next)), arena))
    }
    fn sum(mut node: &Node) -> u64 {
        let mut sum = node.0;
        while let Some(next) = &node.1 {
            node = next;
            sum += node.0;
        }
        sum
    }
    let mut arenas: Vec<CageArena<Shared>> = (0..8).map(|_| Shared::arena()).collect();
    std::thread::scope(|scope| {
        let heads: Vec<_> =
            arenas.iter_mut().zip(0..).map(|(arena, seed)| scope.spawn(move || chain(arena, seed))).collect();
        for (seed, head) in heads.into_iter().enumerate() {
            assert_eq!(sum(&head.join().unwrap()), (0..10_000).sum::<u64>() + 10_000 * seed as u64);
        }
    });
    let live = Shared::stats().live;
    drop(arenas);
    assert!(live >= 8 * 160_000 && Shared::stats().live == 0);
}

#[test]
fn a_full_cage_says_which_it_is_and_loses_nothing() {
    region::cage! { struct Little; size = 4 << 20; }
    let arenas: Vec<CageArena<Little>> = (0..20).map(|_| Little::arena()).collect();
    let mut values = Vec::new();
    let refused = loop {
        match Ref32::<_, Little>::try_new_in([values.len() as u32; 1000], &arenas[values.len() % 20]) {
            Ok(value) => values.push(value),
            Err(refused) => break refused,
        }
    };
    assert!(values.len() > 700, "{}", values.len());
    assert!(values.iter().enumerate().all(|(i, value)| **value == [i as u32; 1000]));
    let text = refused.to_string();
    assert_eq!(
        text,
        "cannot allocate 4000 bytes: the cage `Little` of 4 MiB has no run of addresses for it; drop arenas, or make the \
         cage larger"
    );
    let AllocReason::Cage(full) = refused.reason() else { panic!("{refused:?}") };
    assert_eq!((CageFull::name(&full), full.size(), refused.size()), ("Little", 4 << 20, 4000));
    // A value that no cage of this length could hold, and one that does not fit any more.
    let arena = Little::arena();
    for size in [1 << 20, 4 << 20, isize::MAX as usize / 2, isize::MAX as usize - 4096] {
        let refused = arena.try_alloc_layout(Layout::from_size_align(size, 1).unwrap()).unwrap_err();
        assert!(refused.to_string().contains("the cage `Little` of 4 MiB"), "{refused}");
    }
    assert!(arena.try_alloc_layout(Layout::from_size_align(8, 1 << 30).unwrap()).is_err());
    let stats = Little::stats();
    assert!(stats.live <= stats.peak && stats.high_water == stats.reserved && stats.reserved == 4 << 20, "{stats}");
    drop(values);
    drop(arenas);
    assert_eq!(Little::stats().live, 0);
    assert_eq!(arena.alloc_slice_zeroed::<u8>(3 << 20).iter().find(|byte| **byte != 0), None);
}

#[test]
fn zeroed_memory_is_zero_whoever_had_it_before() {
    region::cage! { struct Used; size = 64 << 20; }
    for round in 0..50usize {
        let mut arena = Used::arena();
        let size = 1 + (round * 7919) % 3_000_000;
        assert!(arena.alloc_slice_zeroed::<u8>(size).iter().all(|byte| *byte == 0));
        arena.alloc_slice_fill_copy(1 + size / 3, 255u8);
        if round % 3 == 0 {
            arena.reset_keeping(100_000);
            assert!(arena.alloc_slice_zeroed::<u8>(size).iter().all(|byte| *byte == 0));
        }
        if round % 5 == 0 {
            Used::trim();
        }
    }
    assert_eq!(Used::stats().live, 0);
}

/// Above 16 MiB blocks have huge pages, and give them up when they come back.
#[test]
fn large_arenas_grow_through_long_blocks() {
    let arena = Ast::arena();
    let mut rows = Vec32::<u64, Ast>::new();
    for number in 0..6_000_000 {
        rows.push(number, &arena);
    }
    assert!(rows.iter().enumerate().all(|(i, number)| *number == i as u64));
    let many: Vec<Ref32<[u64; 4], Ast>> = (0..1_000_000).map(|i| Ref32::new_in([i; 4], &arena)).collect();
    assert!(many.iter().enumerate().all(|(i, value)| **value == [i as u64; 4]));
}

/// RAM comes and goes, and what is said of it is what the system says.
#[test]
fn a_reset_gives_the_ram_of_a_caged_arena_back() {
    let mut arena = Ast::arena();
    arena.alloc_slice_fill_copy(8 << 20, 7u8);
    let full = arena.resident();
    assert!(full >= 8 << 20, "{full}");
    arena.reset_keeping(0);
    let kept = arena.resident();
    assert!(kept < 1 << 20, "{kept}");
    assert!(arena.alloc_slice_zeroed::<u8>(8 << 20).iter().all(|byte| *byte == 0));
}

#[test]
fn peak_counts_the_block_that_waits_for_the_next_small_arena() {
    region::cage! { struct Waiting; size = 4 << 20; }
    Waiting::arena().alloc(1);
    let waiting = Waiting::stats();
    assert_eq!((waiting.live, waiting.peak, waiting.kept), (0, 1 << 16, 1 << 16));
    let arena = Waiting::arena();
    arena.alloc_slice_fill_copy(4 << 16, 7u8);
    let stats = Waiting::stats();
    assert!(stats.live >= 4 << 16, "{stats}");
    assert_eq!(stats.peak, stats.live + stats.kept);
    drop(arena);
    assert_eq!(Waiting::stats().peak, stats.peak);
}

/// Units that wait and units that are free have one budget, also where the slots are emptied as the cage is full.
#[test]
fn no_more_ram_is_kept_than_the_budget() {
    region::cage! { struct Kept; size = 160 << 20; }
    // More than the budget, all of it written, in runs of all lengths.
    let arenas: Vec<CageArena<Kept>> = (1..=40).map(|_| Kept::arena()).collect();
    for (arena, units) in arenas.iter().zip(1usize..) {
        arena.alloc_slice_fill_copy((units % 17) << 18 | 1 << 12, 7u8);
    }
    assert!(Kept::stats().live > 100 << 20, "{}", Kept::stats());
    drop(arenas);
    let small = Kept::arena();
    small.alloc(1);
    drop(small);
    let stats = Kept::stats();
    assert!(stats.kept <= 64 << 20 && stats.kept > 50 << 20, "{stats}");
    assert!(Kept::arena().try_alloc_layout(Layout::from_size_align(512 << 20, 1).unwrap()).is_err());
    // No such run is free, so the slots are emptied.
    let long = Kept::arena();
    assert!(long.try_alloc_layout(Layout::from_size_align(159 << 20, 1).unwrap()).is_ok());
    drop(long);
    assert!(Kept::stats().kept <= 64 << 20, "{}", Kept::stats());
}

#[cfg(target_os = "linux")]
#[test]
fn long_blocks_of_a_cage_ask_for_huge_pages_until_they_come_back() {
    use support::{mapping_flags, skip};
    if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
        return skip("huge pages of a cage's long blocks: this kernel has none");
    }
    region::cage! { struct Long; size = 1 << 30; }
    let arena = Long::arena();
    let small = arena.alloc_slice_fill_copy(1, 7u8).as_ptr().addr();
    let long = arena.alloc_slice_fill_copy(20 << 20, 7u8).as_ptr().addr();
    let flags = |address| mapping_flags(address);
    assert!(flags(small).contains(" nh ") && !flags(small).contains(" hg "), "{}", flags(small));
    assert!(flags(long).contains(" hg ") && !flags(long).contains(" nh "), "{}", flags(long));
    drop(arena);
    assert!(flags(long).contains(" nh ") && !flags(long).contains(" hg "), "{}", flags(long));
}

/// An address where nothing is, far above a program and far below its mappings.
const fn far(part: usize) -> usize {
    part << (usize::BITS / 64 * 16 + 24)
}

#[test]
fn a_constant_base_is_where_it_was_asked_for_or_refused() {
    region::cage! { struct Fixed; at = far(0x2a); size = 8 << 20; }
    assert_eq!(Fixed::OPTIONS.constant(), Some(far(0x2a)));
    let arena = Fixed::arena();
    let link = Ref32::<_, Fixed>::new_in(7u64, &arena);
    assert_eq!((&raw const *link).addr(), far(0x2a) + 8 * Ref32::number(link) as usize);
    assert_eq!(*Fixed::base().get(&link), 7);

    // Somebody else is there.
    region::cage! { struct Taken; at = far(0x2a); }
    let refused = Ref32::<_, Taken>::try_new_in(1, &Taken::arena()).unwrap_err();
    let AllocReason::Os(error) = refused.reason() else { panic!("{refused}") };
    assert!(error.is(Errno::EEXIST) && refused.to_string().contains("choose another address"), "{refused}");
    assert!(Taken::try_base().is_err() && Taken::stats() == CageStats::default());
    assert_eq!(*link, 7);
}

#[test]
fn threads_that_begin_a_constant_cage_at_once_all_have_it() {
    region::cage! { struct Begun; at = far(0x2b); size = 8 << 20; }
    let barrier = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for number in 0..4u64 {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                assert_eq!(*Box32::<_, Begun>::new_in(number, &Begun::arena()), number);
            });
        }
    });
    assert_eq!(Begun::stats().live, 0);
}

#[test]
#[should_panic(expected = "EEXIST")]
fn a_base_that_cannot_be_had_is_a_panic() {
    region::cage! { struct First; at = far(0x2c); size = 4 << 20; }
    region::cage! { struct Second; at = far(0x2c); }
    First::base();
    Second::base();
}

#[test]
fn options_say_what_they_were_given() {
    let options = Options::default().shift(5).size(1 << 30).at(0x10_0000);
    assert_eq!((options.unit(), options.constant()), (32, Some(0x10_0000)));
    let spare = Space::new("Spare", options);
    assert!(format!("{spare:?}").contains("Spare"));
    for wrong in [
        || Options::new().shift(13),
        || Options::new().size(4096),
        || Options::new().at(0x10_1000),
        || Options::new().at(0),
    ] {
        assert!(std::panic::catch_unwind(wrong).is_err());
    }
}

/// A cage is copied as private memory is: neither side sees what the other does in it.
#[cfg(target_os = "linux")]
#[test]
fn a_forked_child_has_a_cage_of_its_own() {
    region::cage! { struct Forked; }
    let arena = Forked::arena();
    let mut ours = Box32::<_, Forked>::new_in(1u64, &arena);
    let status = support::forked(|| {
        *ours = 2;
        let second = Forked::arena();
        let theirs = Box32::<_, Forked>::new_in(3u64, &second);
        (*ours, *theirs, Forked::stats().live) == (2, 3, 2 << 16)
    });
    assert_eq!((status, *ours, Forked::stats().live), (0, 1, 1 << 16));
}

/// The cage, its shorter forms, and what is missing when even the shortest is refused.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn a_cage_is_shorter_where_addresses_are_few_and_names_the_limit_where_there_are_none() {
    use support::{in_a_process_of_its_own, limit, status};
    in_a_process_of_its_own!("a_cage_is_shorter_where_addresses_are_few_and_names_the_limit_where_there_are_none");
    region::cage! { struct Short; }
    region::cage! { struct None; }
    limit(libc::RLIMIT_AS, (status("VmSize") + (256 << 20)) as u64);
    let arena = Short::arena();
    let value = Ref32::<_, Short>::new_in(7, &arena);
    let reserved = Short::stats().reserved;
    assert!((32 << 20..256 << 20).contains(&reserved) && *value == 7, "{reserved}");
    limit(libc::RLIMIT_AS, (status("VmSize") + (1 << 20)) as u64);
    let refused = Ref32::<_, None>::try_new_in(7, &None::arena()).unwrap_err().to_string();
    assert!(refused.contains("ENOMEM (mmap)") && refused.contains("(RLIMIT_AS)"), "{refused}");
    limit(libc::RLIMIT_AS, support::UNLIMITED);
    assert_eq!(*Ref32::<_, None>::new_in(7, &None::arena()), 7);
}

/// Where all of it would count as data, or be brought in because it is locked, it is made usable step by step.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn a_cage_works_where_data_is_limited_and_all_memory_is_locked() {
    use support::{in_a_process_of_its_own, limit, status};
    in_a_process_of_its_own!("a_cage_works_where_data_is_limited_and_all_memory_is_locked");
    region::cage! { struct Limited; }
    region::cage! { struct Locked; }
    fn used<C: Cage>() {
        for round in 0..20 {
            let arena = C::arena();
            let mut rows = Vec32::<usize, C>::new();
            rows.extend(0..100_000 + round * 10_000, &arena);
            assert!(rows.iter().enumerate().all(|(i, number)| *number == i));
            assert!(arena.alloc_slice_zeroed::<u8>(100_000).iter().all(|byte| *byte == 0));
        }
        C::trim();
    }
    limit(libc::RLIMIT_DATA, (status("VmData") + (64 << 20)) as u64);
    used::<Limited>();
    let arena = Limited::arena();
    let refused = arena.try_alloc_slice_fill_copy(128 << 20, 1u8).unwrap_err().to_string();
    assert!(refused.contains("(RLIMIT_DATA)"), "{refused}");
    assert_eq!(Limited::stats().reserved, 32 << 30);
    limit(libc::RLIMIT_DATA, support::UNLIMITED);
    // SAFETY: a number.
    if unsafe { libc::mlockall(libc::MCL_FUTURE) } != 0 {
        eprintln!("SKIPPED: a cage under mlockall, which this process may not call");
        return;
    }
    used::<Locked>();
    assert!(status("VmRSS") < 256 << 20, "{}", status("VmRSS"));
}
