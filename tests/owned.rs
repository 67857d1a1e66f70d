//! An arena and its root as one value: where the words lie, what moves, what is dropped when, and what is left after a
//! panic or a refusal.
//!
//! The ways in which such types of other crates were unsound are refused at compile time
//! (`compile_fail/owned_*.rs`); those that only running shows are here, each by its cause.
#![cfg(all(feature = "os", any(unix, windows), not(loom)))]

mod support;

use region::arena::Root;
use region::error::AllocOrInitError;
use region::{Arena, Owned};
use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert_eq};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::Rc;
use support::drops::{Drops, Value};
use support::heap::{Heap, Plan};

/// A list in an arena, the newest value first.
struct List<'a> {
    value: u64,
    next: Option<&'a List<'a>>,
}

fn values(list: Option<&List<'_>>) -> Vec<u64> {
    std::iter::successors(list, |list| list.next).map(|list| list.value).collect()
}

region::root! { struct Lists = for<'a> Option<&'a List<'a>>; }
region::root! { struct Text = for<'a> &'a str; }
region::root! { struct Nothing = for<'a> (); }
region::root! { struct Counter = for<'a> &'a Cell<u32>; }
region::root! { struct Shared = for<'a> Rc<&'a str>; }
region::root! { struct Whole = for<'a> &'a Arena; }
region::root! { struct Dropped = for<'a> Option<Value>; }
region::root! { struct Wide = for<'a> Aligned<&'a str>; }
region::root! { struct Books = for<'a> InBook<'a>; }

#[repr(align(128))]
struct Aligned<T>(T, [u8; 200]);

const WORD: usize = size_of::<usize>();
const_assert_eq!(size_of::<Owned<Lists>>(), WORD);
const_assert_eq!(size_of::<Option<Owned<Wide>>>(), WORD);
// Threads and panics: as the root is.
assert_impl_all!(Owned<Lists>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Owned<Text>: Send, Sync, std::fmt::Debug);
assert_not_impl_any!(Owned<Text>: Clone, Copy);
assert_not_impl_any!(Owned<Counter>: Send, Sync, UnwindSafe);
assert_not_impl_any!(Owned<Shared>: Send, Sync);
assert_not_impl_any!(Owned<Whole>: Send, Sync);
assert_not_impl_any!(Owned<Text, 8, Heap>: Send);

fn list(numbers: std::ops::Range<u64>) -> Owned<Lists> {
    Owned::new(|arena| numbers.fold(None, |next, value| Some(&*arena.alloc(List { value, next }))))
}

#[test]
fn the_root_stays_where_it_is_when_the_owner_moves() {
    let mut owned: Vec<_> = (0..100).map(|n| list(0..n)).collect();
    let first = std::ptr::from_ref(owned[50].get()).addr();
    owned.reverse();
    let owned: Vec<_> = owned.into_iter().map(Box::new).collect();
    assert_eq!(std::ptr::from_ref(owned[49].get()).addr(), first);
    for (n, list) in owned.iter().rev().enumerate() {
        assert_eq!(values(*list.get()), (0..n as u64).rev().collect::<Vec<_>>());
    }
}

#[test]
fn it_is_read_and_dropped_by_other_threads() {
    let lists: Vec<_> = (0..20).map(|n| list(0..n * 100)).collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| lists.iter().for_each(|list| drop(values(*list.get()))));
        }
    });
    std::thread::spawn(move || drop(lists)).join().unwrap();
    // Also in a `static`, which is never dropped.
    static NAME: std::sync::LazyLock<Owned<Text>> =
        std::sync::LazyLock::new(|| Owned::new(|arena| &*arena.alloc_str("Ada")));
    let name: &'static str = NAME.get();
    assert_eq!(name, "Ada");
    assert_eq!(format!("{:?}", *NAME), "Owned(\"Ada\")");
}

#[test]
fn its_words_lie_at_the_start_of_the_arena_and_nothing_is_on_the_heap() {
    let mut owned: Owned<Text> = Owned::new(|arena| &*arena.alloc_str("x"));
    let (root, arena) =
        owned.with_mut(|root, arena| (std::ptr::from_ref(root).addr(), std::ptr::from_ref(arena).addr()));
    let (used, start) = owned.with_mut(|_, arena| {
        // SAFETY: nothing is allocated while the iterator is there.
        let chunk = unsafe { arena.iter_allocated_chunks_raw() }.next().unwrap();
        (arena.used(), chunk.0.addr())
    });
    assert_eq!(arena, start, "the arena is the first value in its first block");
    assert_eq!(root, arena + size_of::<Arena>() + WORD);
    assert_eq!(used, (size_of::<Arena>() + WORD + size_of::<&str>()).next_multiple_of(8) + 8);
}

#[test]
fn the_root_is_changed_and_grows() {
    let mut owned = list(0..3);
    for value in 3..10_000 {
        owned.with_mut(|root, arena| *root = Some(arena.alloc(List { value, next: *root })));
    }
    assert_eq!(values(*owned.get()), (0..10_000).rev().collect::<Vec<_>>());
    assert_eq!(owned.with_mut(|root, _| root.take().map(|list| list.value)), Some(9_999));
    assert!(owned.get().is_none());
}

/// Two references to one cell, one of them in a value that is passed on: a compiler that took the value for the only
/// way to the cell (`noalias`) could read an old count.
#[test]
fn a_moved_owner_does_not_claim_its_content_for_itself() {
    #[inline(never)]
    fn count(owned: Owned<Counter>, times: u32) -> (Owned<Counter>, u32) {
        let cell: *const Cell<u32> = *owned.get();
        for _ in 0..times {
            // SAFETY: the cell lives as long as the owner.
            unsafe { (*cell).set((*cell).get() + 1) };
            owned.get().set(owned.get().get() + 1);
        }
        let count = owned.get().get();
        (owned, count)
    }
    let owned: Owned<Counter> = Owned::new(|arena| &*arena.alloc(Cell::new(0)));
    let (owned, first) = count(owned, 10);
    let (_, second) = count(owned, 5);
    assert_eq!((first, second), (20, 30));
}

/// A root whose drop reads a value of the arena, and allocates in it.
struct InBook<'a> {
    arena: &'a Arena<8, Heap>,
    name: &'a RefCell<String>,
    seen: Rc<Cell<usize>>,
    panics: bool,
}

impl Drop for InBook<'_> {
    fn drop(&mut self) {
        self.name.borrow_mut().push_str(self.arena.alloc_str(" was dropped"));
        self.seen.set(self.name.take().len());
        assert!(!self.panics, "expected");
    }
}

#[test]
fn the_root_is_dropped_once_and_before_the_arena() {
    for panics in [false, true] {
        let (heap, book) = Heap::new(Plan::TINY);
        let seen = Rc::new(Cell::new(0));
        let owned: Owned<Books, 8, Heap> = Owned::new_in(Arena::new_in(heap), |arena| InBook {
            arena,
            name: arena.alloc(RefCell::new(String::from("Ada"))),
            seen: seen.clone(),
            panics,
        });
        assert_eq!(catch_unwind(AssertUnwindSafe(|| drop(owned))).is_err(), panics);
        assert_eq!(seen.get(), "Ada was dropped".len());
        book.check_closed();
    }
}

#[test]
fn a_root_is_dropped_once_however_the_owner_ends() {
    type Ending = fn(Owned<Dropped>);
    let endings: [Ending; 5] = [
        drop,
        |owned| drop(owned.into_arena()),
        |owned| drop(owned.map::<Dropped>(|value, _| value)),
        |owned| assert!(owned.try_map::<Dropped, _>(|_, _| Err(())).is_err()),
        |mut owned| owned.with_mut(|value, _| *value = None),
    ];
    for (at, end) in endings.into_iter().enumerate() {
        let drops = Drops::new();
        end(Owned::new(|_| Some(drops.make())));
        assert_eq!(drops.order(), [0], "ending {at}");
        // The same when the drop panics, and nothing of it a second time.
        let drops = Drops::new();
        let owned = Owned::new(|_| Some(drops.make()));
        drops.panic_at(0);
        assert!(catch_unwind(AssertUnwindSafe(|| end(owned))).is_err(), "ending {at}");
        assert_eq!(drops.order(), [0], "ending {at}");
    }
}

#[test]
fn closures_that_panic_or_fail_leave_no_memory_behind() {
    fn expect_panic(act: impl FnOnce()) {
        assert!(catch_unwind(AssertUnwindSafe(act)).is_err());
    }
    region::root! { struct Strings = for<'a> Vec<&'a str>; }
    let made = |plan| {
        let (heap, book) = Heap::new(plan);
        let owned: Owned<Strings, 8, Heap> = Owned::new_in(Arena::new_in(heap), |arena| {
            (0..40).map(|i| &*arena.alloc_fmt(format_args!("{i}"))).collect()
        });
        (owned, book)
    };
    for plan in [Plan::TINY, Plan::TIGHT] {
        let (heap, book) = Heap::new(plan);
        expect_panic(|| {
            drop(Owned::<Text, 8, _>::new_in(Arena::new_in(heap), |arena| panic!("{}", arena.alloc_str("x"))))
        });
        book.check_closed();

        let (heap, book) = Heap::new(plan);
        let failed = Owned::<Text, 8, _>::try_new_in(Arena::new_in(heap), |arena| Err(arena.alloc_str("x").len()));
        assert!(matches!(failed, Err(AllocOrInitError::Init(1))));
        book.check_closed();

        let (owned, book) = made(plan);
        expect_panic(|| drop(owned.map::<Text>(|all, _| panic!("{}", all.len()))));
        book.check_closed();

        let (owned, book) = made(plan);
        let failed = owned.try_map::<Text, _>(|all, _| Err(all.len()));
        assert!(matches!(failed, Err(AllocOrInitError::Init(40))));
        book.check_closed();

        // A panic in a change leaves what was changed so far.
        let (mut owned, book) = made(plan);
        expect_panic(|| {
            owned.with_mut(|all, arena| {
                all.push(arena.alloc_str("last"));
                panic!("expected");
            })
        });
        assert_eq!((owned.get().len(), owned.get()[40]), (41, "last"));
        drop(owned);
        book.check_closed();
    }
}

#[test]
fn a_refusal_of_any_call_loses_nothing() {
    for call in 0.. {
        let (heap, book) = Heap::new(Plan::TIGHT);
        book.refuse(call..call + 1);
        let made =
            Owned::<Text, 8, _>::try_new_in(Arena::new_in(heap), |arena| arena.try_alloc_str("x").map(|text| &*text));
        let mapped = made.and_then(|made| made.try_map::<Wide, _>(|text, _| Ok(Aligned(text, [7; 200]))));
        let calls = book.calls();
        match mapped {
            Ok(owned) => assert_eq!((owned.get().0, owned.get().1), ("x", [7; 200])),
            Err(error) => assert!(matches!(error, AllocOrInitError::Alloc(_) | AllocOrInitError::Init(_))),
        }
        book.check_closed();
        if calls <= call {
            assert!(call > 2, "fewer calls than there are blocks");
            return;
        }
    }
}

#[test]
fn a_buffer_that_is_too_small_for_the_words_is_an_error() {
    use region::backing::Buffer;
    static MEMORY: [region::StaticBuffer<256>; 2] = [const { region::StaticBuffer::new() }; 2];
    let arena = |at: usize| Arena::<8, Buffer<'static>>::from_buffer(MEMORY[at].take().unwrap());
    let made =
        Owned::<Text, 8, Buffer<'static>>::try_new_in(arena(0), |arena| arena.try_alloc_str("static").map(|s| &*s));
    assert_eq!(*made.unwrap().get(), "static");
    let tight = arena(1);
    tight.alloc([0u8; 200]);
    let made = Owned::<Text, 8, Buffer<'static>>::try_new_in(tight, |arena| arena.try_alloc_str("static").map(|s| &*s));
    assert!(matches!(made, Err(AllocOrInitError::Alloc(_))));
}

#[test]
fn a_map_takes_the_memory_of_the_old_root_if_it_fits() {
    let owned = list(0..9);
    let at = std::ptr::from_ref(owned.get()).addr();
    let mut smaller: Owned<Nothing> = owned.map(|_, _| ());
    assert_eq!(std::ptr::from_ref(smaller.get()).addr(), at);
    let used = smaller.with_mut(|_, arena| arena.used());
    let mut larger: Owned<Wide> = smaller.map(|_, arena| Aligned(&*arena.alloc_str("x"), [1; 200]));
    assert!(larger.with_mut(|_, arena| arena.used()) >= used + size_of::<Aligned<&str>>());
    assert_eq!(std::ptr::from_ref(larger.get()).addr() % 128, 0);
    // And back, with what was built before still there.
    let text: Owned<Text> = larger.map(|wide, _| wide.0);
    assert_eq!(*text.get(), "x");
}

#[test]
fn a_root_that_holds_the_arena_finds_it_after_every_map() {
    let mut owned: Owned<Whole> = Owned::new(|arena| arena);
    for _ in 0..3 {
        let wide: Owned<ArenaAndMore> = owned.map(|arena, same| {
            assert!(std::ptr::eq(arena, same));
            (arena, [0; 64])
        });
        owned = wide.map(|(arena, _), _| arena);
    }
    assert!(owned.with_mut(|root, arena| std::ptr::eq(*root, arena)));
    assert_eq!(owned.get().alloc_str("still"), "still");
}
region::root! { struct ArenaAndMore = for<'a> (&'a Arena, [u64; 64]); }

#[test]
fn an_arena_is_used_again_and_keeps_its_memory() {
    let (heap, book) = Heap::new(Plan::TINY);
    let mut arena: Arena<8, Heap> = Arena::new_in(heap);
    for n in 0..50 {
        let owned: Owned<Text, 8, Heap> = Owned::new_in(arena, |arena| &*arena.alloc_fmt(format_args!("{n:>300}")));
        assert!(owned.get().trim_start().parse() == Ok(n));
        arena = owned.into_arena();
        assert_eq!(arena.used(), 0);
    }
    assert!(book.acquired.get() <= 4, "{} blocks", book.acquired.get());
    drop(arena);
    book.check_closed();
}

#[test]
fn a_claim_that_is_leaked_in_an_owner_costs_its_memory_and_nothing_else() {
    let mut owned = list(0..5);
    owned.with_mut(|_, arena| std::mem::forget(arena.claim()));
    assert!(owned.with_mut(|_, arena| arena.try_alloc(1).is_err()));
    assert_eq!(values(*owned.get()), [4, 3, 2, 1, 0]);
    let arena = owned.into_arena();
    assert_eq!(*arena.alloc(7), 7);
}

#[test]
fn names_of_ones_own_are_written_with_unsafe() {
    struct Mine;
    // SAFETY: a shared reference is covariant in its lifetime, and `shorten` returns its argument.
    unsafe impl Root for Mine {
        type Of<'a> = &'a [u8];
        fn shorten<'short, 'long: 'short>(long: fn() -> &'long [u8]) -> fn() -> &'short [u8] {
            long
        }
    }
    assert_eq!(Owned::<Mine>::new(|arena| &*arena.alloc_slice_copy(b"abc")).get(), b"abc");
    fn four() -> &'static [u8] {
        b"four"
    }
    assert_eq!(Mine::shorten(four)(), b"four");
}
