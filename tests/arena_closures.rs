//! Closures, iterators, `Display` and `Clone` that allocate from the arena they are called by, or fail
//! (`.bump.order`).

#![cfg(feature = "os")]

mod support;

use region::Arena;
use region::backing::Backing;
use region::error::AllocOrInitError;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use support::heap::{Heap, Plan};

/// Values that allocate on their own account: each leaves a block of the arena behind, full of a pattern.
struct Nested<'a, const MIN_ALIGN: usize, B: Backing> {
    arena: &'a Arena<MIN_ALIGN, B>,
    made: RefCell<Vec<&'a mut [u8]>>,
}

impl<'a, const MIN_ALIGN: usize, B: Backing> Nested<'a, MIN_ALIGN, B> {
    fn new(arena: &'a Arena<MIN_ALIGN, B>) -> Self {
        Nested { arena, made: RefCell::default() }
    }

    /// Allocates within whatever is under way.
    fn work(&self) -> u64 {
        let count = self.made.borrow().len();
        let row = self.arena.alloc_slice_fill_copy(1 + count % 40, 0xc0 | (count % 64) as u8);
        self.made.borrow_mut().push(row);
        0x1111_1111_1111_1111
    }

    /// The nested values are whole and none shares a byte with another or with `outer`.
    fn check<T>(&self, outer: &[T]) {
        let made = self.made.borrow();
        assert!(!made.is_empty());
        let mut ranges = vec![(outer.as_ptr().addr(), size_of_val(outer))];
        for (i, row) in made.iter().enumerate() {
            assert!(row.iter().all(|&byte| byte == 0xc0 | (i % 64) as u8));
            ranges.push((row.as_ptr().addr(), row.len()));
        }
        ranges.sort();
        for pair in ranges.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0, "two values share bytes");
        }
    }
}

thread_local! {
    /// What `Default` and `Clone` have no parameter for.
    static HOOK: RefCell<Option<Box<dyn Fn() -> u64>>> = const { RefCell::new(None) };
}

#[derive(Debug, PartialEq)]
struct Hooked(u64);

impl Default for Hooked {
    fn default() -> Self {
        HOOK.with_borrow(|hook| Hooked(hook.as_ref().unwrap()()))
    }
}

impl Clone for Hooked {
    fn clone(&self) -> Self {
        Hooked::default()
    }
}

impl<const MIN_ALIGN: usize, B: Backing> fmt::Display for Nested<'_, MIN_ALIGN, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.work();
        f.write_str("abc")?;
        self.work();
        f.write_str("defghijklmno")
    }
}

fn nested_allocations_are_apart<const MIN_ALIGN: usize, B: Backing + 'static>(make: impl Fn() -> Arena<MIN_ALIGN, B>) {
    const VALUE: u64 = 0x1111_1111_1111_1111;
    macro_rules! each {
        ($(|$arena:ident, $nested:ident| $body:expr => $expected:expr;)*) => { $( {
            // Leaked, so that the hook can be `'static`; the arena's blocks go with the test.
            let $arena: &'static Arena<MIN_ALIGN, B> = Box::leak(Box::new(make()));
            let $nested: &'static Nested<'static, MIN_ALIGN, B> = Box::leak(Box::new(Nested::new($arena)));
            HOOK.set(Some(Box::new(|| $nested.work())));
            let row = $body;
            assert_eq!(row, $expected, "{}", stringify!($body));
            $nested.check(row);
        } )* };
    }
    use std::slice::from_mut as one;
    each! {
        |a, n| one(a.alloc_with(|| n.work())) => [VALUE];
        |a, n| one(a.try_alloc_with(|| n.work()).unwrap()) => [VALUE];
        |a, n| one(a.alloc_try_with(|| Ok::<_, ()>(n.work())).unwrap()) => [VALUE];
        |a, n| one(a.try_alloc_try_with(|| Ok::<_, ()>(n.work())).unwrap()) => [VALUE];
        |a, n| a.alloc_slice_fill_with(50, |_| n.work()) => [VALUE; 50];
        |a, n| a.try_alloc_slice_fill_with(50, |_| n.work()).unwrap() => [VALUE; 50];
        |a, n| a.alloc_slice_try_fill_with(50, |_| Ok::<_, ()>(n.work())).unwrap() => [VALUE; 50];
        |a, n| a.try_alloc_slice_try_fill_with(50, |_| Ok::<_, ()>(n.work())).unwrap() => [VALUE; 50];
        |a, n| a.alloc_slice_fill_iter((0..50).map(|_| n.work())) => [VALUE; 50];
        |a, n| a.try_alloc_slice_fill_iter((0..50).map(|_| n.work())).unwrap() => [VALUE; 50];
        |a, n| a.alloc_slice_fill_iter((0..50).filter(|_| true).map(|_| n.work())) => [VALUE; 50];
        |a, n| a.alloc_slice_try_fill_iter((0..50).map(|_| Ok::<_, ()>(n.work()))).unwrap() => [VALUE; 50];
        |a, n| a.try_alloc_slice_try_fill_iter((0..50).map(|_| Ok::<_, ()>(n.work()))).unwrap() => [VALUE; 50];
        |a, n| a.alloc_slice_clone(&[const { Hooked(0) }; 20]) => [const { Hooked(VALUE) }; 20];
        |a, n| a.try_alloc_slice_clone(&[const { Hooked(0) }; 20]).unwrap() => [const { Hooked(VALUE) }; 20];
        |a, n| a.alloc_slice_fill_clone(20, &Hooked(0)) => [const { Hooked(VALUE) }; 20];
        |a, n| a.try_alloc_slice_fill_clone(20, &Hooked(0)).unwrap() => [const { Hooked(VALUE) }; 20];
        |a, n| a.alloc_slice_fill_default::<Hooked>(20) => [const { Hooked(VALUE) }; 20];
        |a, n| a.try_alloc_slice_fill_default::<Hooked>(20).unwrap() => [const { Hooked(VALUE) }; 20];
        |a, n| a.alloc_fmt(format_args!("{n}{n}")).as_bytes() => *b"abcdefghijklmnoabcdefghijklmno";
        |a, n| a.try_alloc_fmt(format_args!("{n}{n}")).unwrap().as_bytes() => *b"abcdefghijklmnoabcdefghijklmno";
    }
    HOOK.set(None);
}

#[test]
fn whatever_a_method_calls_may_allocate_and_gets_bytes_of_its_own() {
    nested_allocations_are_apart(Arena::new);
    nested_allocations_are_apart(Arena::<1>::with_min_align);
    nested_allocations_are_apart(Arena::<64>::with_min_align);
}

#[test]
fn nested_allocations_are_apart_when_blocks_change_under_them() {
    nested_allocations_are_apart(|| Arena::<8, Heap>::new_in(Heap::new(Plan::TINY).0));
    nested_allocations_are_apart(|| Arena::<1, Heap>::new_in(Heap::new(Plan::TIGHT).0));
    nested_allocations_are_apart(|| Arena::<64, Heap>::new_in(Heap::new(Plan::TINY).0));
}

/// Every way to fail takes nothing from the arena.
#[test]
fn a_closure_that_fails_gives_the_room_back() {
    let arena = Arena::new();
    arena.alloc(1u64);
    let used = arena.used();
    assert_eq!(arena.alloc_try_with(|| Err::<[u8; 100], _>(5)), Err(5));
    assert_eq!(arena.try_alloc_try_with(|| Err::<u128, _>(5)), Err(AllocOrInitError::Init(5)));
    let third = |i| if i == 3 { Err(i) } else { Ok(i) };
    assert_eq!(arena.alloc_slice_try_fill_with(10, third), Err(3));
    assert_eq!(arena.try_alloc_slice_try_fill_with(10, third), Err(AllocOrInitError::Init(3)));
    assert_eq!(arena.alloc_slice_try_fill_iter((0..10).map(third)), Err(3));
    assert_eq!(
        arena.try_alloc_slice_try_fill_iter((0..1_000).map(|i| if i == 900 { Err(i) } else { Ok(i) })),
        Err(AllocOrInitError::Init(900))
    );
    assert_eq!(arena.used(), used);
}

#[test]
fn a_closure_that_panics_gives_the_room_back() {
    struct Panics;
    impl fmt::Display for Panics {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("begun")?;
            panic!("in Display")
        }
    }
    let arena = Arena::new();
    arena.alloc(1u64);
    let used = arena.used();
    let fifth = |i: usize| if i == 5 { panic!("the fifth") } else { i };
    let panics = |f: &dyn Fn()| {
        assert!(catch_unwind(AssertUnwindSafe(f)).is_err());
        assert_eq!(arena.used(), used);
    };
    panics(&|| assert!(arena.alloc_with(|| -> [u8; 100] { panic!() }).is_empty()));
    panics(&|| drop(arena.try_alloc_with(|| -> u8 { panic!() })));
    panics(&|| drop(arena.alloc_try_with(|| -> Result<u8, ()> { panic!() })));
    panics(&|| assert!(arena.alloc_slice_fill_with(10, fifth).is_empty()));
    panics(&|| assert!(arena.alloc_slice_fill_iter((0..10).map(fifth)).is_empty()));
    panics(&|| drop(arena.try_alloc_fmt(format_args!("{Panics}"))));
    assert_eq!(*arena.alloc(3u8), 3);
}

#[test]
fn room_with_something_after_it_is_not_given_back() {
    let arena = Arena::new();
    let mut inner = None;
    let failed = arena.alloc_try_with(|| {
        inner = Some(arena.alloc(0xaau8));
        Err::<[u8; 24], _>(())
    });
    assert_eq!((failed, arena.used()), (Err(()), 32));
    arena.alloc_slice_fill_copy(64, 0x55u8);
    assert_eq!(inner, Some(&mut 0xaa));

    // A row of which a value allocated.
    let before = arena.used();
    let mut inner = Vec::new();
    let failed = arena.alloc_slice_try_fill_iter((0..20).map(|i| {
        inner.push(arena.alloc(i));
        if i == 15 { Err(i) } else { Ok(i) }
    }));
    assert_eq!(failed, Err(15));
    assert!(arena.used() > before);
    arena.alloc_slice_fill_copy(256, 0x55u8);
    assert!(inner.iter().map(|value| **value).eq(0..16));
}

#[test]
fn a_million_failures_take_no_memory() {
    let arena = Arena::new();
    arena.alloc(1u8);
    let (used, committed) = (arena.used(), arena.committed());
    for _ in 0..1_000_000 {
        assert!(arena.alloc_try_with(|| Err::<[u8; 200], ()>(())).is_err());
    }
    assert_eq!(arena.used(), used);
    assert!(arena.committed() <= committed);
    // Also with padding in front, and where each attempt needs another block.
    let (heap, book) = Heap::new(Plan::TINY);
    let tiny = Arena::<8, Heap>::new_in(heap);
    tiny.alloc([0u8; 200]);
    assert!(tiny.alloc_try_with(|| Err::<[u8; 200], ()>(())).is_err());
    let committed = tiny.committed();
    for _ in 0..100_000 {
        assert!(tiny.alloc_try_with(|| Err::<[u8; 200], ()>(())).is_err());
        assert!(tiny.alloc_try_with(|| Err::<u128, ()>(())).is_err());
    }
    assert_eq!((tiny.committed(), book.acquired.get()), (committed, 2));
}

/// A value that was given back leaves its bytes behind; zeroed memory over them is zero.
#[test]
fn zeroed_memory_over_a_slot_that_was_given_back_is_zero() {
    let arena = Arena::new();
    let seen = Cell::new(0);
    let failed = arena.alloc_slice_try_fill_with(4096, |i| {
        seen.set(i);
        if i == 4000 { Err(()) } else { Ok(0xffu8) }
    });
    assert_eq!((failed, seen.get(), arena.used()), (Err(()), 4000, 0));
    assert_eq!(arena.alloc_slice_zeroed::<u8>(8192), [0; 8192]);
}

/// The limit falls below a slot that is then given back: the room that opens is beyond it.
#[test]
fn giving_back_above_a_lowered_limit_opens_no_room() {
    let arena = Arena::new();
    arena.alloc([0u8; 96]);
    let failed = arena.alloc_try_with(|| {
        arena.set_limit(48);
        Err::<[u8; 96], ()>(())
    });
    assert!(failed.is_err());
    assert!(arena.try_alloc(1u8).is_err());
    assert_eq!(arena.used(), 96);
}
