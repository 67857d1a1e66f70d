//! Every way to allocate, when the memory under it is refused: the Nth call to the backing fails, once and from then
//! on.
//!
//! Tables of operations, each of which is run with its first call to the backing refused, then its second, until a run
//! meets no refusal. A `try_` form gives an error, the other panics; earlier values stand, the arena is as full as it
//! was, and the same operation then succeeds. The system's refusals are tests/faults.rs's.

#![cfg(all(feature = "os", not(loom)))]

mod support;

use region::backing::{Backing, Block, Buffer, Spill};
use region::error::AllocReason;
use region::{AllocError, AppendVec, Arena, RegionVec, Scope};
use region::{StackBuffer, TypedArena};
use std::alloc::Layout;
use std::cell::Cell;
use std::fs::File;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::rc::Rc;
use std::sync::{LazyLock, Once};
use support::heap::{Book, Heap, Plan};

/// Whether what an operation gave is what was asked for; or that it was refused.
type Outcome = Result<bool, ()>;

/// An operation of an arena, of a scope of any life.
type OfArena<B> = fn(&Arena<8, B>) -> Outcome;
type OfScope = fn(&Scope<'_, 8, Heap>) -> Outcome;
/// An operation of a row of values.
type OfRow<R> = fn(&mut R) -> Outcome;

const PLANS: [Plan; 3] = [Plan::TINY, Plan::TIGHT, Plan { least: 512, ready: 0, step: 0, skew: 24 }];

/// Runs what may panic for want of memory, and takes only such a panic for a refusal. It has to name this file: the
/// caller's, and not the library's.
fn caught(act: impl FnOnce() -> bool) -> Outcome {
    thread_local! {
        static EXPECTED: Cell<bool> = const { Cell::new(false) };
        static NAMES_THE_CALLER: Cell<bool> = const { Cell::new(false) };
    }
    static QUIET: Once = Once::new();
    // Thousands of panics are expected, and a backtrace of each would take minutes.
    QUIET.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |panic| match EXPECTED.get() {
            true => NAMES_THE_CALLER.set(panic.location().is_some_and(|at| at.file() == file!())),
            false => loud(panic),
        }));
    });
    EXPECTED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(act));
    EXPECTED.set(false);
    outcome.map_err(|panic| {
        let text = panic.downcast_ref::<String>().expect("a panic says something");
        assert!(text.contains("cannot allocate"), "another panic than for want of memory: {text}");
        assert!(NAMES_THE_CALLER.get(), "a panic names a line of the library: {text}");
    })
}

/// Operations of whatever has an arena's methods: each by its `try_` name and by the name that panics.
macro_rules! ways {
    ($way:ty, $lender:ty) => { ways! { $way, $lender;
        alloc, try_alloc([7u64; 30]) => |v| *v == [7; 30];
        alloc_with, try_alloc_with(|| [6u8; 300]) => |v| *v == [6; 300];
        alloc_layout, try_alloc_layout(Layout::new::<[u64; 40]>()) => |v| v.takes_bytes();
        alloc_layout_zeroed, try_alloc_layout_zeroed(Layout::new::<[u64; 40]>()) => |v| v.takes_bytes();
        alloc_slice_copy, try_alloc_slice_copy(&[5u8; 300]) => |v| *v == [5; 300];
        alloc_slice_clone, try_alloc_slice_clone(&strings()) => |v| *v == strings();
        alloc_slice_fill_with, try_alloc_slice_fill_with(90, |i| i) => |v| v.iter().copied().eq(0..90);
        alloc_slice_fill_copy, try_alloc_slice_fill_copy(400, 4u8) => |v| *v == [4; 400];
        alloc_slice_fill_clone, try_alloc_slice_fill_clone(20, &strings()[0]) => |v| v[19] == strings()[0];
        alloc_slice_fill_default, try_alloc_slice_fill_default(99) => |v: &mut [u64]| *v == [0; 99];
        alloc_slice_fill_iter, try_alloc_slice_fill_iter(evens()) => |v| v.iter().copied().eq(evens());
        alloc_zeroed, try_alloc_zeroed() => |v: &mut [u64; 50]| *v == [0; 50];
        alloc_slice_zeroed, try_alloc_slice_zeroed(88) => |v: &mut [u64]| *v == [0; 88];
        alloc_str, try_alloc_str(&strings()[1]) => |v| *v == *strings()[1];
        alloc_fmt, try_alloc_fmt(format_args!("{:>400}", 1)) => |v| v.len() == 400 && v.ends_with(" 1");
        ;
        alloc_try_with, try_alloc_try_with(|| Ok::<_, ()>([3u8; 300])) => |v| *v == [3; 300];
        alloc_slice_try_fill_with, try_alloc_slice_try_fill_with(90, Ok::<_, ()>) => |v| v.iter().copied().eq(0..90);
        alloc_slice_try_fill_iter, try_alloc_slice_try_fill_iter(evens().map(Ok::<_, ()>))
            => |v| v.iter().copied().eq(evens());
        ;
        alloc_file(FILE.as_str()) => |v| *v == [2; 300];
        alloc_file_str(FILE.as_str()) => |v| v.len() == 300;
        alloc_file_padded(FILE.as_str(), 64) => |v| v.into_padded()[300..] == [0; 64];
        alloc_fd(support::fd(&File::open(FILE.as_str()).unwrap())) => |v| *v == [2; 300];
        alloc_fd_str(support::fd(&File::open(FILE.as_str()).unwrap())) => |v| v.len() == 300;
        alloc_fd_padded(support::fd(&File::open(FILE.as_str()).unwrap()), 64) => |v| v.into_padded()[300..] == [0; 64];
    } };
    ($way:ty, $lender:ty; $($plain:ident, $trying:ident($($arg:expr),*) => $fine:expr;)* ;
        $($plain_or:ident, $trying_or:ident($($arg_or:expr),*) => $fine_or:expr;)* ;
        $($one:ident($($arg_one:expr),*) => $fine_one:expr;)*) => {
        vec![
            $(
                (stringify!($trying), (|l: &$lender| l.$trying($($arg),*).map($fine).map_err(drop)) as $way),
                (stringify!($plain), (|l: &$lender| caught(|| Some(l.$plain($($arg),*)).map($fine).unwrap())) as $way),
            )*
            $(
                (stringify!($trying_or), (|l: &$lender| l.$trying_or($($arg_or),*).map($fine_or).map_err(drop)) as $way),
                (stringify!($plain_or), (|l: &$lender| caught(|| l.$plain_or($($arg_or),*).map($fine_or).unwrap())) as $way),
            )*
            $(
                // Reports in any case.
                (stringify!($one), (|l: &$lender| l.$one($($arg_one),*).map($fine_one).map_err(drop)) as $way),
            )*
        ]
    };
}

/// A block without a type, written to its end.
trait Room {
    fn takes_bytes(self) -> bool;
}

impl Room for std::ptr::NonNull<u8> {
    fn takes_bytes(self) -> bool {
        // SAFETY: the tables ask for blocks of 320 bytes.
        unsafe { self.write_bytes(9, 320) };
        self.addr().get() % 8 == 0
    }
}

fn strings() -> [String; 4] {
    ["first", "second", "third", "fourth"].map(|text| text.repeat(30))
}

/// A file of 300 bytes.
static FILE: LazyLock<String> = LazyLock::new(|| {
    let path = format!("{}/nth-block-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    std::fs::write(&path, [2; 300]).unwrap();
    path
});

/// An iterator that does not say how many values come.
fn evens() -> impl Iterator<Item = u32> {
    (0..300).filter(|i| i % 2 == 0)
}

/// Runs an operation with some of its calls to the backing refused, then without. How many calls it made.
fn run<L>(
    (name, act): (&str, fn(&L) -> Outcome),
    lender: &L,
    used: fn(&L) -> usize,
    book: &Book,
    refused: &Range<usize>,
) -> usize {
    let before = used(lender);
    book.refuse(refused.clone());
    let outcome = act(lender);
    let calls = book.calls();
    book.refuse(0..0);
    if refused.is_empty() {
        assert_eq!(outcome, Ok(true), "{name}");
        return calls;
    }
    // What grows asks for ample room first, and where that is refused for what it needs, which may be there.
    let grows = ["iter", "fmt", "Vec", "String", "file", "fd"].iter().any(|grows| name.contains(grows));
    if outcome != Ok(true) || !grows || *refused == (0..usize::MAX) {
        assert_eq!(outcome, Err(()), "{name}: a refusal of {refused:?} that nobody noticed");
        assert_eq!(used(lender), before, "{name}: room was lost with {refused:?} refused");
    }
    assert_eq!(act(lender), Ok(true), "{name}: after {refused:?} was refused");
    calls
}

/// All ranges of calls to refuse, for an operation that makes so many.
fn refusals(calls: usize) -> impl Iterator<Item = Range<usize>> {
    (0..calls).flat_map(|nth| [nth..nth + 1, nth..usize::MAX])
}

/// Values that were there before, which must stand.
fn intact(kept: &[&mut [u8]]) {
    assert!(kept.iter().enumerate().all(|(i, row)| row.len() == 30 && row.iter().all(|&byte| byte == i as u8)));
}

/// Sweeps the operations of an arena over a backing that `make` makes of the refusing one.
fn sweep_arena<B: Backing>(ways: &[(&str, OfArena<B>)], make: impl Fn(Heap) -> B) {
    let mut runs = 0;
    for &(name, act) in ways {
        for plan in PLANS {
            let story = |refused: Range<usize>| {
                let (heap, book) = Heap::new(plan);
                let mut arena = Arena::<8, B>::new_in(make(heap));
                let kept: Vec<&mut [u8]> = (0..5).map(|i| arena.alloc_slice_fill_copy(30, i)).collect();
                let calls = run((name, act), &arena, Arena::used, &book, &refused);
                intact(&kept);
                arena.reset();
                assert_eq!(act(&arena), Ok(true), "{name}: after a reset");
                drop(arena);
                book.check_closed();
                calls
            };
            let calls = story(0..0);
            assert!(calls != 0, "{name}: asks the backing for nothing");
            runs += refusals(calls).map(story).count();
        }
    }
    assert!(runs > ways.len() * PLANS.len() * 2);
    println!("{} operations, {runs} runs with a refusal", ways.len());
}

#[test]
fn an_arena_loses_nothing_whichever_call_is_refused() {
    sweep_arena(&ways!(OfArena<Heap>, Arena<8, Heap>), |heap| heap);
}

#[test]
fn an_arena_that_spilled_loses_nothing_whichever_call_is_refused() {
    // A fresh buffer for every arena, leaked: it is a few hundred bytes.
    let buffer = || Buffer::from(Box::leak(Box::new(StackBuffer::<200>::new())));
    sweep_arena(&ways!(OfArena<Spill<'static, Heap>>, Arena<8, Spill<'static, Heap>>), |heap| {
        Spill::new(buffer(), heap)
    });
}

#[test]
fn a_scope_gives_back_what_was_refused_in_it() {
    fn story((name, act): (&str, OfScope), plan: Plan, refused: Range<usize>) -> usize {
        let (heap, book) = Heap::new(plan);
        let mut arena = Arena::<8, Heap>::new_in(heap);
        let calls = arena.scoped(|mut outer| {
            let kept: Vec<&mut [u8]> = (0..5).map(|i| outer.alloc_slice_fill_copy(30, i)).collect();
            let used = outer.used();
            let calls = outer.scoped(|inner| run((name, act), &inner, Scope::used, &book, &refused));
            assert_eq!(outer.used(), used, "{name}: a scope left something behind");
            intact(&kept);
            calls
        });
        assert_eq!(arena.used(), 0);
        drop(arena);
        book.check_closed();
        calls
    }
    let ways = ways!(OfScope, Scope<'_, 8, Heap>);
    let mut runs = 0;
    for &way in &ways {
        for plan in PLANS {
            for refused in refusals(story(way, plan, 0..0)) {
                story(way, plan, refused);
                runs += 1;
            }
        }
    }
    println!("{} operations, {runs} runs with a refusal", ways.len());
}

/// What a scope and a pool's member hand on to the arena, each of which must stand in the table above.
#[test]
fn every_way_to_allocate_is_in_the_table() {
    let scope = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/arena/scope.rs")).unwrap();
    let list = scope.split("macro_rules! forward {").nth(1).unwrap().split("\n}\n").next().unwrap();
    let word = |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned();
    let declared = list.lines().map(str::trim).filter(|line| line.contains("alloc") && !line.starts_with('('));
    let declared: Vec<String> = declared.map(word).filter(|name| !name.is_empty()).collect();
    let table: Vec<&str> = ways!(OfScope, Scope<'_, 8, Heap>).iter().map(|(name, _)| *name).collect();
    assert!(declared.len() >= 36, "{declared:?}");
    for name in declared {
        assert!(table.contains(&name.as_str()), "{name} is not swept");
    }
}

#[test]
fn boxes_give_back_what_was_refused() {
    use region::collections::Box;
    let ways: [(&str, OfArena<Heap>); 6] = [
        ("Box::try_new_in", |a| Box::try_new_in([1u64; 40], a).map(|b| *b == [1; 40]).map_err(drop)),
        ("Box::new_in", |a| caught(|| *Box::new_in([1u64; 40], a) == [1; 40])),
        ("Box::try_from_iter_in", |a| {
            Box::try_from_iter_in(evens(), a).map(|b| b.iter().copied().eq(evens())).map_err(drop)
        }),
        ("Box::from_iter_in", |a| caught(|| Box::from_iter_in(evens(), a).iter().copied().eq(evens()))),
        ("Box::try_from_str_in", |a| Box::try_from_str_in(&strings()[2], a).map(|b| *b == *strings()[2]).map_err(drop)),
        ("Box::from_str_in", |a| caught(|| *Box::from_str_in(&strings()[2], a) == *strings()[2])),
    ];
    sweep_arena(&ways, |heap| heap);
}

#[cfg(feature = "collections")]
#[test]
fn vectors_and_strings_keep_what_they_had() {
    use region::collections::{String, Vec};
    /// Appends to what begins with three pieces; a refusal leaves it as it was.
    fn append<'a, V>(
        arena: &'a Arena<8, Heap>,
        new: fn(&'a Arena<8, Heap>) -> Option<V>,
        mut more: impl FnMut(&mut V) -> bool,
        holds: impl Fn(&V, usize) -> bool,
    ) -> Outcome {
        let mut value = new(arena).ok_or(())?;
        for done in 0..40 {
            if !more(&mut value) {
                assert!(holds(&value, done), "{done} were appended, and are not there");
                return Err(());
            }
        }
        Ok(holds(&value, 40))
    }
    type Row<'a> = Vec<'a, u64, Arena<8, Heap>>;
    type Text<'a> = String<'a, Arena<8, Heap>>;
    fn row(arena: &Arena<8, Heap>) -> Option<Row<'_>> {
        Vec::try_with_capacity_in(1, arena).ok()
    }
    fn text(arena: &Arena<8, Heap>) -> Option<Text<'_>> {
        String::try_with_capacity_in(1, arena).ok()
    }
    let ways: [(&str, OfArena<Heap>); 9] = [
        ("Vec::try_from_iter_in", |a| {
            Vec::try_from_iter_in(evens(), a).map(|row| row.iter().copied().eq(evens())).map_err(drop)
        }),
        ("Vec::try_push", |a| append(a, row, |row| row.try_push(7).is_ok(), |row, n| **row == *[7].repeat(n))),
        ("Vec::try_extend", |a| {
            // The first may be there without the second.
            let holds = |row: &Row, n| row.len() / 2 == n && row.iter().all(|&word| word == 8);
            append(a, row, |row| row.try_extend([8, 8]).is_ok(), holds)
        }),
        ("Vec::try_extend_from_slice_copy", |a| {
            let more = |row: &mut Row| row.try_extend_from_slice_copy(&[9, 9, 9]).is_ok();
            append(a, row, more, |row, n| **row == *[9].repeat(3 * n))
        }),
        ("String::try_from_str_in", |a| {
            String::try_from_str_in(&strings()[3], a).map(|text| text.as_str() == strings()[3]).map_err(drop)
        }),
        ("String::try_from_fmt_in", |a| {
            String::try_from_fmt_in(format_args!("{:>400}", 1), a).map(|text| text.len() == 400).map_err(drop)
        }),
        ("String::try_push", |a| {
            append(a, text, |text| text.try_push('ö').is_ok(), |text, n| **text == *"ö".repeat(n))
        }),
        ("String::try_push_str", |a| {
            let more = |text: &mut Text| text.try_push_str("a piece").is_ok();
            append(a, text, more, |text, n| **text == *"a piece".repeat(n))
        }),
        ("String::try_reserve", |a| append(a, text, |text| text.try_reserve(500).is_ok(), |text, _| text.is_empty())),
    ];
    sweep_arena(&ways, |heap| heap);
}

/// The heap with blocks of at most 64 KiB: a row asks for as much as there is.
#[derive(Clone)]
struct Small(Rc<Heap>);

// SAFETY: every block is the heap's, which keeps the contract; the clones are one backing.
unsafe impl Backing for Small {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        match layout.size() {
            ..=0x1_0000 => self.0.acquire(layout, previous),
            size => Err(AllocError::new(size, AllocReason::Exhausted(0))),
        }
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.commit(block, need) }
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.decommit(block, keep) }
    }

    unsafe fn release(&self, block: &Block) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.release(block) }
    }
}

/// Runs an operation that appends to a row, over every refusal; before it the row has no values, or some.
fn sweep_rows<R: From<RegionVec<u64, Small>>>(ways: &[(&str, OfRow<R>)], values: fn(&mut R) -> Vec<u64>) {
    let mut runs = 0;
    for &(name, act) in ways {
        for (plan, before) in PLANS.into_iter().flat_map(|plan| [0, 20].map(|before| (plan, before))) {
            let story = |refused: Range<usize>| {
                let (heap, book) = Heap::new(plan);
                let mut begun = RegionVec::new_in(Small(Rc::new(heap)));
                begun.extend(0..before);
                let mut row = R::from(begun);
                let stands = |row: &mut R| values(row).into_iter().take(before as usize).eq(0..before);
                book.refuse(refused.clone());
                let outcome = act(&mut row);
                let calls = book.calls();
                book.refuse(0..0);
                assert!(stands(&mut row), "{name}: values were lost with {refused:?} refused");
                match refused {
                    Range { start: 0, end: 0 } => assert_eq!(outcome, Ok(true), "{name}"),
                    // A row asks for less address space where much is refused, and for less at once.
                    Range { end: usize::MAX, .. } => assert_eq!(outcome, Err(()), "{name}: {refused:?} unnoticed"),
                    _ => assert_ne!(outcome, Ok(false), "{name}"),
                }
                assert_eq!(act(&mut row), Ok(true), "{name}: after {refused:?} was refused");
                assert!(stands(&mut row), "{name}: values were lost after {refused:?} was refused");
                drop(row);
                book.check_closed();
                calls
            };
            runs += refusals(story(0..0)).map(story).count();
        }
    }
    assert!(runs > ways.len() * PLANS.len() * 2);
    println!("{} operations, {runs} runs with a refusal", ways.len());
}

/// What operations append.
const MORE: Range<u64> = 100..400;

fn ends_with_more(row: &[u64]) -> bool {
    row.iter().rev().take(300).rev().copied().eq(MORE)
}

#[test]
fn vectors_of_one_block_keep_what_they_had() {
    type Row = RegionVec<u64, Small>;
    let ways: [(&str, OfRow<Row>); 14] = [
        ("try_push", |r| r.try_push(5).map(|()| r.last() == Some(&5)).map_err(drop)),
        ("push", |r| {
            caught(|| {
                r.push(5);
                r.last() == Some(&5)
            })
        }),
        ("try_reserve", |r| r.try_reserve(500).map(|()| r.capacity() - r.len() >= 500).map_err(drop)),
        ("reserve", |r| {
            caught(|| {
                r.reserve(500);
                r.capacity() - r.len() >= 500
            })
        }),
        ("try_extend", |r| r.try_extend(MORE).map(|()| ends_with_more(r)).map_err(drop)),
        ("try_extend_from_slice", |r| {
            let (len, more) = (r.len(), MORE.collect::<Vec<_>>());
            let outcome = r.try_extend_from_slice(&more).map(|()| ends_with_more(r)).map_err(drop);
            assert!(outcome.is_ok() || r.len() == len, "a slice comes whole or not at all");
            outcome
        }),
        ("extend_from_slice", |r| {
            let more = MORE.collect::<Vec<_>>();
            caught(|| {
                r.extend_from_slice(&more);
                ends_with_more(r)
            })
        }),
        ("try_extend_from_within", |r| {
            let len = r.len();
            if len == 0 {
                r.try_extend(0..1).map_err(drop)?;
            }
            r.try_extend_from_within(..).map(|()| r.len() == 2 * len.max(1)).map_err(drop)
        }),
        ("try_resize", |r| r.try_resize(r.len() + 300, 3).map(|()| r.last() == Some(&3)).map_err(drop)),
        ("try_resize_with", |r| r.try_resize_with(r.len() + 300, || 3).map(|()| r.last() == Some(&3)).map_err(drop)),
        ("try_insert", |r| r.try_insert(r.len(), 9).map(|()| r.last() == Some(&9)).map_err(drop)),
        ("insert", |r| {
            caught(|| {
                r.insert(r.len(), 9);
                r.last() == Some(&9)
            })
        }),
        ("try_append", |r| {
            let mut other: RegionVec<u64> = MORE.collect();
            let outcome = r.try_append(&mut other).map(|()| ends_with_more(r)).map_err(drop);
            assert!(outcome == Ok(other.is_empty()) || other.iter().copied().eq(MORE), "what did not come stays");
            outcome
        }),
        ("try_split_off", |r| {
            r.try_extend(MORE).map_err(drop)?;
            let (len, half) = (r.len(), r.len() - 200);
            let rest = r.try_split_off(half).map_err(drop);
            assert!(rest.is_ok() || r.len() == len, "what is not split off stays");
            rest.map(|rest| r.len() == half && rest.iter().copied().eq(200..400))
        }),
    ];
    sweep_rows(&ways, |row| row.to_vec());
}

#[test]
fn append_vectors_keep_what_they_had() {
    type Row = AppendVec<u64, Small>;
    let ways: [(&str, OfRow<Row>); 8] = [
        ("try_push", |r| r.try_push(5).map(|&value| value == 5).map_err(drop)),
        ("push", |r| caught(|| *r.push(5) == 5)),
        ("try_push_id", |r| r.try_push_id(6).map(|id| r[id] == 6).map_err(drop)),
        ("push_id", |r| caught(|| r[r.push_id(6)] == 6)),
        ("try_extend", |r| r.try_extend(MORE).map(ends_with_more).map_err(drop)),
        ("extend", |r| caught(|| ends_with_more(AppendVec::extend(r, MORE)))),
        ("try_extend_from_slice", |r| {
            let (len, more) = (r.len(), MORE.collect::<Vec<_>>());
            let outcome = r.try_extend_from_slice(&more).map(ends_with_more).map_err(drop);
            assert!(outcome.is_ok() || r.len() == len, "a slice comes whole or not at all");
            outcome
        }),
        ("try_reserve", |r| r.try_reserve(500).map(|()| r.capacity() - r.len() >= 500).map_err(drop)),
    ];
    sweep_rows(&ways, |row| row.as_slice().to_vec());
}

#[test]
fn typed_arenas_keep_what_they_had() {
    type Row = TypedArena<u64, Small>;
    let ways: [(&str, OfRow<Row>); 8] = [
        ("try_alloc", |r| r.try_alloc(5).map(|value| *value == 5).map_err(drop)),
        ("alloc", |r| caught(|| *r.alloc(5) == 5)),
        ("try_alloc_with", |r| r.try_alloc_with(|| 6).map(|value| *value == 6).map_err(drop)),
        ("try_alloc_extend", |r| r.try_alloc_extend(MORE).map(|row| ends_with_more(row)).map_err(drop)),
        ("alloc_extend", |r| caught(|| ends_with_more(r.alloc_extend(MORE)))),
        ("try_alloc_slice_copy", |r| {
            let (len, more) = (r.len(), MORE.collect::<Vec<_>>());
            let outcome = r.try_alloc_slice_copy(&more).map(|row| ends_with_more(row)).map_err(drop);
            assert!(outcome.is_ok() || r.len() == len, "a slice comes whole or not at all");
            outcome
        }),
        ("try_reserve", |r| r.try_reserve(500).map(|()| r.capacity() - r.len() >= 500).map_err(drop)),
        ("reserve", |r| {
            caught(|| {
                r.reserve(500);
                r.capacity() - r.len() >= 500
            })
        }),
    ];
    sweep_rows(&ways, |row| row.as_mut_slice().to_vec());
}
