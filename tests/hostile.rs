//! What safe code may try against memory: absurd sizes and alignments, types without size, limits that move,
//! panics and second calls in the middle of a first. Every answer is a value or an error.
#![cfg(all(feature = "os", target_os = "linux", not(miri), not(loom)))]

mod support;

use region::backing::{Backing, Spill};
use region::{AllocError, AppendVec, Arena, ArenaPool, PagePool, Region, RegionVec, StackBuffer, TypedArena};
use std::alloc::Layout;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use support::watched::{Notes, Watched};

const ABSURD: [usize; 6] = [
    usize::MAX,
    usize::MAX - 4095,
    isize::MAX as usize + 1,
    isize::MAX as usize,
    isize::MAX as usize - 4095,
    isize::MAX as usize / 2 + 1,
];

/// Whether no process can have so many bytes. With addresses of 32 bits one may have most of them.
fn beyond_all(bytes: usize) -> bool {
    bytes > isize::MAX as usize || usize::BITS > 32
}

fn absurd_layouts() -> impl Iterator<Item = Layout> {
    let sizes = ABSURD.into_iter().chain([0, 1, 4096, 1 << 21]);
    sizes.flat_map(|size| (0..usize::BITS - 1).filter_map(move |shift| Layout::from_size_align(size, 1 << shift).ok()))
}

/// Asks for every absurd layout; whatever is given is aligned, and the arena still works.
fn asks_for_the_absurd<const MIN_ALIGN: usize, B: Backing>(arena: Arena<MIN_ALIGN, B>) {
    let first = arena.alloc([7u8; 3]);
    for layout in absurd_layouts() {
        for place in [arena.try_alloc_layout(layout), arena.try_alloc_layout_zeroed(layout)] {
            match place {
                Ok(place) => assert!(place.addr().get() % layout.align() == 0, "{layout:?}"),
                Err(error) => assert!(
                    layout.size() != 0 && error.to_string().starts_with("cannot allocate "),
                    "{layout:?}: {error}"
                ),
            }
        }
    }
    for len in ABSURD {
        assert!(arena.try_alloc_slice_zeroed::<u64>(len).is_err());
        assert!(arena.try_alloc_slice_fill_with(len, |i| i).is_err());
        assert_eq!(arena.try_alloc_slice_fill_copy(0, len).unwrap(), []);
        assert!(arena.try_alloc_slice_zeroed::<()>(len).is_ok_and(|row| row.len() == len));
    }
    assert_eq!((*first, *arena.alloc(5u8)), ([7; 3], 5));
}

/// A buffer whose last byte is no multiple of any alignment, so that an aligned value leaves room for one more.
#[repr(align(4096))]
struct AtAPage(StackBuffer<1000>);

#[test]
fn absurd_layouts_are_refused_and_harm_nothing() {
    asks_for_the_absurd(Arena::new());
    asks_for_the_absurd(Arena::<1>::with_min_align());
    asks_for_the_absurd(Arena::<4096>::with_min_align());
    asks_for_the_absurd(Arena::try_with_reservation(1 << 24).unwrap());
    let mut memory = AtAPage(StackBuffer::<1000>::new());
    asks_for_the_absurd(Arena::from_buffer(&mut memory.0));
    asks_for_the_absurd(Arena::with_buffer(&mut memory.0));
    for bytes in ABSURD {
        assert!(TypedArena::<u64>::try_with_reservation(bytes).is_err());
        assert!(PagePool::new(4096, bytes).is_err());
    }
    for bytes in ABSURD.into_iter().filter(|&bytes| beyond_all(bytes)) {
        assert!(Arena::try_with_capacity(bytes).is_err() && Arena::try_with_reservation(bytes).is_err());
        assert!(RegionVec::<u8>::try_with_reservation(bytes).is_err());
        assert!(RegionVec::<[u8; 3]>::try_with_reservation(bytes).is_err());
        assert!(Region::new(bytes).is_err() && Region::reserve(bytes).is_err());
        assert!(PagePool::new(bytes, 1).is_err());
        assert!(region::SharedArena::new(bytes).is_err());
    }
}

#[test]
fn values_without_size_are_counted_up_to_the_last_and_no_further() {
    let all = [(); usize::MAX];
    let arena = TypedArena::new();
    assert_eq!(arena.alloc_slice_copy(&all).len(), usize::MAX);
    assert!(arena.try_alloc(()).is_err() && arena.try_alloc_slice_copy(&[(); 3]).is_err());
    assert!(arena.try_alloc_extend([(), ()]).is_err());
    assert_eq!((arena.len(), arena.alloc_slice_copy(&[]).len()), (usize::MAX, 0));
    let values = AppendVec::new();
    values.extend_from_slice(&all[1..]);
    assert!(values.try_push(()).is_ok() && values.try_push(()).is_err());
    let mut values = values.into_vec();
    assert!(values.try_push(()).is_err() && values.try_insert(0, ()).is_err());
    assert_eq!((values.pop(), values.len()), (Some(()), usize::MAX - 1));
    values.truncate(3);
    assert_eq!(values.drain(1..).count(), 2);
}

#[repr(align(4096))]
#[derive(Clone, Copy)]
struct Page(u8);

#[repr(align(2097152))]
struct Huge(u8);

#[test]
fn large_alignments_hold_everywhere() {
    // Builds for tests move values of 2 MiB over the stack a few times. On 32 bits a test beside this one may have the
    // addresses for a moment.
    let begun = || std::thread::Builder::new().stack_size(128 << 20).spawn(large_alignments);
    let wait = |_| std::thread::sleep(std::time::Duration::from_millis(100));
    let thread = (0..600).find_map(|_| begun().map_err(wait).ok());
    thread.expect("a thread with a stack of 128 MiB").join().unwrap();
}

fn large_alignments() {
    let aligned = |at: *const u8, to: usize| assert_eq!(at.addr() % to, 0);
    let mut memory = vec![MaybeUninit::uninit(); 3 * 4096];
    let buffered = Arena::from_buffer(&mut memory[1..]);
    aligned(&raw const buffered.alloc(Page(1)).0, 4096);
    assert!(buffered.try_alloc_with(|| Huge(1)).is_err());
    let arena = Arena::<1>::with_min_align();
    for i in 0..3 {
        arena.alloc(i);
        aligned(&raw const arena.alloc_with(|| Huge(i)).0, 1 << 21);
        arena.alloc_slice_fill_copy(2, Page(i)).iter().for_each(|page| aligned(&raw const page.0, 4096));
    }
    let rows = TypedArena::with_reservation(2);
    aligned(&raw const rows.alloc_with(|| Huge(5)).0, 1 << 21);
    assert_eq!((rows.alloc_with(|| Huge(6)).0, rows.try_alloc_with(|| Huge(7)).is_err()), (6, true));
    // A panicking maker gives back also what aligned its value.
    let used = arena.used();
    arena.alloc(1u8);
    let caught = catch_unwind(AssertUnwindSafe(|| arena.alloc_with(|| -> Huge { panic!("no value") }).0));
    assert!(caught.is_err() && arena.used() == used + 1);
}

#[test]
fn a_limit_below_what_is_used_ends_growth_and_loses_nothing() {
    let arena = Arena::new();
    let kept = arena.alloc_slice_fill_copy(100_000, 3u8);
    let slot: Result<&mut [u8; 64], AllocError> = arena.try_alloc_with(|| {
        arena.set_limit(1000);
        assert!(arena.try_alloc(1u8).is_err());
        [9; 64]
    });
    assert_eq!(*slot.unwrap(), [9; 64]);
    let row = arena.try_alloc_slice_fill_iter(std::iter::repeat_n(1u8, 100));
    assert!(row.is_err() && arena.used() == 100_064, "{}", arena.used());
    arena.set_limit(100_064 + 16);
    // A row that grows to the limit and stops there gives its room back.
    assert!(arena.try_alloc_slice_fill_iter(0u64..).is_err());
    assert_eq!(arena.try_alloc_slice_fill_iter(0..2u64).unwrap(), [0, 1]);
    assert!(arena.try_alloc(0u8).is_err() && arena.chunk_capacity() == 0);
    arena.set_allocation_limit(None);
    assert!(kept.iter().all(|&byte| byte == 3) && arena.try_alloc_slice_fill_copy(1 << 20, 0u8).is_ok());
}

/// Makes values that make values of their own in the arena, to a depth, some of which fail or panic.
fn nested<'a>(arena: &'a Arena<1>, depth: u32, trouble: &Cell<u32>) -> Result<&'a mut [u8], u32> {
    let mut deeper = None;
    let row = arena.alloc_slice_try_fill_iter((0..20u32).map(|i| {
        trouble.set(trouble.get() + 1);
        match (trouble.get() % 37, i) {
            (0, _) => return Err(depth),
            (1, _) => std::panic::resume_unwind(std::boxed::Box::new("trouble")),
            (_, 7 | 13) if depth > 0 => {
                let found = catch_unwind(AssertUnwindSafe(|| nested(arena, depth - 1, trouble)));
                deeper = found.ok().and_then(Result::ok).or(deeper.take());
            }
            _ => {}
        }
        Ok(depth as u8)
    }))?;
    assert!(row.iter().all(|&byte| byte == depth as u8));
    if let Some(deeper) = deeper {
        assert!(deeper.iter().all(|&byte| byte == depth as u8 - 1), "an inner row was written over");
        deeper.fill(0xee);
        assert!(row.iter().all(|&byte| byte == depth as u8), "two rows have the same bytes");
        deeper.fill(depth as u8 - 1);
    }
    Ok(row)
}

#[test]
fn rows_that_make_rows_that_fail_never_share_a_byte() {
    let arena = Arena::<1>::with_min_align();
    let trouble = Cell::new(2);
    let mut kept: Vec<(u8, &mut [u8])> = Vec::new();
    for depth in (0..6).cycle().take(600) {
        if let Ok(Ok(row)) = catch_unwind(AssertUnwindSafe(|| nested(&arena, depth, &trouble))) {
            kept.push((depth as u8, row));
        }
    }
    assert!(kept.len() > 50, "{}", kept.len());
    assert!(kept.iter().all(|(depth, row)| row.iter().all(|byte| byte == depth)));
}

/// An iterator that uses the row it is collected into, fails in the middle, and uses it again when it is dropped.
struct Meddler<'a> {
    row: &'a TypedArena<Rc<Cell<usize>>>,
    dropped: &'a Rc<Cell<usize>>,
    left: usize,
}

impl Iterator for Meddler<'_> {
    type Item = Rc<Cell<usize>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        self.row.alloc(self.dropped.clone());
        if self.left % 5 == 2 {
            let inner = Meddler { row: self.row, dropped: self.dropped, left: self.left / 2 };
            let _ = catch_unwind(AssertUnwindSafe(|| self.row.alloc_extend(inner).len()));
        }
        assert!(self.left % 11 != 3, "in the middle");
        Some(self.dropped.clone())
    }
}

impl Drop for Meddler<'_> {
    fn drop(&mut self) {
        self.row.alloc(self.dropped.clone());
        self.row.alloc_extend([self.dropped.clone(), self.dropped.clone()]);
    }
}

#[test]
fn values_of_an_iterator_that_meddles_are_dropped_once() {
    let counted = Rc::new(Cell::new(0));
    for left in 0..60 {
        let row = TypedArena::new();
        let meddler = Meddler { row: &row, dropped: &counted, left };
        let _ = catch_unwind(AssertUnwindSafe(|| row.alloc_extend(meddler).len()));
        assert_eq!(Rc::strong_count(&counted), row.len() + 1, "{left}");
        drop(row);
        assert_eq!(Rc::strong_count(&counted), 1, "{left}");
    }
}

#[test]
fn scopes_of_two_arenas_may_change_places() {
    let (mut one, mut two) = (Arena::new(), Arena::new());
    let (mut first, mut second) = (one.scope_guard(), two.scope_guard());
    {
        let (mut a, mut b) = (first.scope(), second.scope());
        let before = a.alloc(1u64);
        std::mem::swap(&mut a, &mut b);
        let after = a.alloc_slice_fill_copy(100_000, 2u8);
        let inner =
            a.scoped(|inner| inner.alloc_slice_fill_copy(100_000, 3u8).iter().map(|&n| u64::from(n)).sum::<u64>());
        assert!(*before == 1 && inner == 300_000 && after.iter().all(|&byte| byte == 2));
        b.alloc(4);
    }
    std::mem::swap(&mut first, &mut second);
    first.reset();
    drop((first, second));
    assert_eq!((one.used(), two.used()), (0, 0));
}

#[test]
fn a_pool_takes_back_whatever_is_put_in_an_arena_s_place() {
    let pool = ArenaPool::new();
    for round in 0..20 {
        let (mut one, mut two) = (pool.get(), pool.get());
        one.alloc_slice_fill_copy(200_000, 1u8);
        std::mem::swap(&mut *one, &mut *two);
        assert!(two.used() == 200_000 && one.used() == 0);
        *one = Arena::try_with_reservation(4096).unwrap();
        one.set_limit(round);
        let mut own = std::mem::take(&mut *two);
        drop((one, two));
        // What was taken out is the taker's, and lives on its own.
        assert_eq!((own.used(), *own.alloc(5)), (200_000, 5));
        own.reset();
        let again = pool.get();
        assert_eq!((again.used(), again.limit(), again.alloc([7u8; 10_000])[9_999]), (0, usize::MAX, 7));
    }
    assert_eq!(pool.out(), 0);
}

/// A buffer without bytes has an address all the same, which may be that of the memory after it.
#[test]
fn an_empty_buffer_is_not_taken_for_its_neighbour() {
    let mut memory = [MaybeUninit::<u8>::uninit(); 256];
    let (empty, rest) = memory.split_at_mut(0);
    let notes = Notes::default();
    let neighbour = Watched(region::backing::Buffer::from(rest), &notes);
    let spill = Spill::new(region::backing::Buffer::from(empty), neighbour);
    // Asks for no bytes at all first, which the empty buffer has; then for some.
    let mut values = RegionVec::<u8, _>::try_with_reservation_in(0, spill).unwrap();
    while values.try_push(7).is_ok() {}
    assert_eq!((values.len(), notes.released.get()), (256, 0));
    drop(values);
    assert_eq!(notes.released.get(), 1, "the neighbour's block was given back to the empty buffer");
}

#[cfg(feature = "collections")]
#[test]
fn vectors_and_makers_that_fail_share_the_tip_in_any_order() {
    use region::collections::Vec as RegionVector;
    let arena = Arena::<1>::with_min_align();
    let mut outer: RegionVector<'_, u8, Arena<1>> = RegionVector::new_in(&arena);
    let inner: std::cell::RefCell<Option<RegionVector<'_, u8, Arena<1>>>> = Default::default();
    for round in 0..200u8 {
        outer.push(round);
        let failed: Result<&mut [u8; 40], ()> = arena.alloc_try_with(|| {
            // Moves past the slot, in each of the ways that there are, and leaves something or nothing there.
            outer.extend_from_slice_copy(&[round; 3]);
            let mut other = RegionVector::from_iter_in([round; 9], &arena);
            match round % 4 {
                0 => other.shrink_to_fit(),
                1 => other.clear(),
                2 => drop(inner.replace(Some(other))),
                _ => outer.shrink_to_fit(),
            }
            if round % 3 == 0 { Ok([round; 40]) } else { Err(()) }
        });
        assert!(failed.is_ok_and(|slot| *slot == [round; 40]) == (round % 3 == 0));
        let expected = (0..=round).flat_map(|round| [round; 4]);
        assert!(outer.iter().copied().eq(expected), "round {round}");
        let kept = round.checked_sub(2).map(|at| at / 4 * 4 + 2);
        assert_eq!(inner.borrow().as_deref(), kept.map(|at| [at; 9]).as_ref().map(|row| &row[..]), "round {round}");
    }
}

/// A file for an arena, of this process alone.
fn own_file(name: &str) -> String {
    format!("{}/hostile-{}-{name}", env!("CARGO_TARGET_TMPDIR"), std::process::id())
}

#[test]
fn a_file_s_root_may_be_a_slice_without_values() {
    let path = own_file("root");
    // SAFETY: the file is this test's own; as below.
    let mut arena = unsafe { region::FileArena::create(path.as_str(), 1 << 16) }.unwrap();
    let values = &*arena.alloc_slice_copy(&[1u64, 2]);
    let end = arena.offset_of_slice(&values[2..]);
    assert!(end.is_some());
    arena.set_root(end);
    drop(arena);
    // SAFETY: as above.
    let arena = unsafe { region::FileArena::open(path.as_str(), 0) }.unwrap();
    assert_eq!(arena.root::<u64>(), end);
    // SAFETY: nothing is there, and so much may be had of it.
    assert_eq!(unsafe { (arena.get_slice(end.unwrap(), 0), arena.get(end.unwrap())) }, (Some(&[][..]), None));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_file_s_room_that_is_taken_from_its_arena_harms_no_value() {
    let path = own_file("room");
    // SAFETY: the file is this test's own; as below.
    let mut arena = unsafe { region::FileArena::create(path.as_str(), 1 << 16) }.unwrap();
    let root = arena.offset_of(arena.alloc(7u64));
    arena.set_root(root);
    drop(arena);
    // SAFETY: as above.
    let arena = unsafe { region::FileArena::open(path.as_str(), 1 << 16) }.unwrap();
    let end = arena.end();
    // The room is gone before the arena's first value, which then has none.
    assert!(arena.backing().acquire(Layout::new::<u8>(), 0).is_ok());
    assert!(arena.try_alloc(1u64).is_err() && arena.end() == end && arena.flush().is_ok());
    drop(arena);
    // SAFETY: as above.
    let arena = unsafe { region::FileArena::open(path.as_str(), 0) }.unwrap();
    // SAFETY: a number was put there.
    assert_eq!(unsafe { arena.get(arena.root::<u64>().unwrap()) }, Some(&7));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_file_s_values_are_aligned_or_not_given() {
    #[repr(align(65536))]
    struct Wide(u8);
    let path = own_file("aligned");
    // SAFETY: the file is this test's own; as below.
    let arena = unsafe { region::FileArena::create(path.as_str(), 1 << 20) }.unwrap();
    arena.alloc_slice_fill_copy(300_000, 1u8);
    drop(arena);
    let mut given = 0;
    for _ in 0..20 {
        // Each time it lies elsewhere.
        let _elsewhere = Region::new(4096 * (given + 1)).unwrap();
        // SAFETY: as above.
        let arena = unsafe { region::FileArena::open(path.as_str(), 0) }.unwrap();
        for offset in (0..300_000u64).step_by(4096).filter_map(region::shared::Offset::<Wide>::from_raw) {
            // SAFETY: any bytes are such a value.
            if let Some(wide) = unsafe { arena.get(offset) } {
                assert_eq!((std::ptr::from_ref(wide).addr() % (1 << 16), wide.0 <= 1), (0, true));
                given += 1;
            }
        }
    }
    std::fs::remove_file(path).unwrap();
}
