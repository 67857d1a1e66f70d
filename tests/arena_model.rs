//! Any row of operations against a shadow model: no overlap, alignment, contents kept, zeroes really zero.
//!
//! The model is a list of what is alive: where, and which bytes it must hold.

#![cfg(feature = "os")]

mod support;

use proptest::prelude::*;
use region::{AllocOrInitError, Arena, Backing, Buffer, Mapped, Mark, Pages, Region, RegionBacking, Spill, page_size};
use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use support::heap::{Heap, Plan};

#[derive(Clone, Debug)]
enum Op {
    Layout {
        size: usize,
        shift: u32,
    },
    Zeroed {
        size: usize,
        shift: u32,
    },
    Values(u8),
    SliceCopy(usize),
    SliceZeroed(usize),
    Str(usize),
    Fmt(Vec<usize>),
    /// Collects so many values, with a hint off by so much; every `nested`th value allocates as well.
    Iter {
        count: usize,
        hint: isize,
        nested: usize,
    },
    FillWith {
        count: usize,
        nested: usize,
    },
    /// A closure that fails after it allocated so many bytes, or none.
    Fails {
        shift: u32,
        nested: usize,
    },
    Mark,
    Rewind(usize),
    Reset,
    ResetKeeping(usize),
    Limit(usize),
    NoLimit,
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..40usize, 3 => 40..400usize, 1 => 400..9_000usize]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (size(), 0..8u32).prop_map(|(size, shift)| Op::Layout { size, shift }),
        1 => (size(), 8..13u32).prop_map(|(size, shift)| Op::Layout { size, shift }),
        4 => (size(), 0..8u32).prop_map(|(size, shift)| Op::Zeroed { size, shift }),
        4 => any::<u8>().prop_map(Op::Values),
        2 => size().prop_map(Op::SliceCopy),
        3 => size().prop_map(Op::SliceZeroed),
        2 => size().prop_map(Op::Str),
        2 => prop::collection::vec(0..70usize, 0..6).prop_map(Op::Fmt),
        3 => (0..120usize, -50..200isize, 0..9usize).prop_map(|(count, hint, nested)| Op::Iter { count, hint, nested }),
        2 => (0..60usize, 0..9usize).prop_map(|(count, nested)| Op::FillWith { count, nested }),
        3 => (0..7u32, prop_oneof![Just(0), size()]).prop_map(|(shift, nested)| Op::Fails { shift, nested }),
        3 => Just(Op::Mark),
        4 => (0..8usize).prop_map(Op::Rewind),
        1 => Just(Op::Reset),
        1 => prop_oneof![0..20_000usize, Just(usize::MAX)].prop_map(Op::ResetKeeping),
        1 => (0..20_000usize).prop_map(Op::Limit),
        2 => Just(Op::NoLimit),
    ]
}

/// Something alive: where it is, and what it holds.
struct Alive {
    start: NonNull<u8>,
    bytes: Vec<u8>,
}

impl Alive {
    fn new<T>(row: &mut [T]) -> Self {
        let len = size_of_val(row);
        let start = NonNull::from(row).cast::<u8>();
        // SAFETY: integers without padding that were just made.
        let bytes = unsafe { std::slice::from_raw_parts(start.as_ptr(), len) }.to_vec();
        Alive { start, bytes }
    }
}

struct Model {
    alive: Vec<Alive>,
    /// Marks that may still be rewound to, with how much was alive and used then.
    marks: Vec<(Mark, usize, usize)>,
    next: u8,
}

impl Model {
    fn byte(&mut self) -> u8 {
        self.next = self.next.wrapping_mul(5).wrapping_add(37) | 1;
        self.next
    }

    fn add(&mut self, new: Alive, align: usize) {
        let (start, end) = (new.start.addr().get(), new.start.addr().get() + new.bytes.len());
        assert_eq!(start % align, 0);
        if new.bytes.is_empty() {
            return;
        }
        for old in &self.alive {
            let at = old.start.addr().get();
            assert!(end <= at || at + old.bytes.len() <= start, "two values share bytes");
        }
        self.alive.push(new);
    }

    fn check(&self) {
        for value in &self.alive {
            // SAFETY: the value is alive, and was initialized in full.
            let bytes = unsafe { std::slice::from_raw_parts(value.start.as_ptr(), value.bytes.len()) };
            assert!(bytes == value.bytes, "a value changed");
        }
    }
}

/// An iterator that lies about its length.
struct Liar<I>(I, usize);

impl<I: Iterator> Iterator for Liar<I> {
    type Item = I::Item;
    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.1, None)
    }
}

fn step<const MIN_ALIGN: usize, B: Backing>(arena: &mut Arena<MIN_ALIGN, B>, model: &mut Model, op: &Op) {
    let byte = model.byte();
    let used = arena.used();
    match *op {
        Op::Layout { size, shift } => {
            let align = 1usize << shift;
            if let Ok(start) = arena.try_alloc_layout(Layout::from_size_align(size, align).unwrap()) {
                // SAFETY: `size` bytes were just allocated.
                unsafe { start.write_bytes(byte, size) };
                model.add(Alive { start, bytes: vec![byte; size] }, align);
            } else {
                assert_eq!(arena.used(), used);
            }
        }
        Op::Zeroed { size, shift } => {
            let align = 1usize << shift;
            if let Ok(start) = arena.try_alloc_layout_zeroed(Layout::from_size_align(size, align).unwrap()) {
                model.add(Alive { start, bytes: vec![0; size] }, align);
            }
        }
        Op::Values(n) => {
            let new = arena.try_alloc(n).ok().map(|value| Alive::new(std::slice::from_mut(value)));
            new.into_iter().for_each(|new| model.add(new, 1));
            let new = arena.try_alloc([u64::from(n); 3]).ok().map(|value| Alive::new(std::slice::from_mut(value)));
            new.into_iter().for_each(|new| model.add(new, 8));
            let new = arena.try_alloc_with(|| u128::from(n)).ok().map(|value| Alive::new(std::slice::from_mut(value)));
            new.into_iter().for_each(|new| model.add(new, align_of::<u128>()));
        }
        Op::SliceCopy(len) => {
            let source: Vec<u16> = (0..len).map(|i| i as u16 ^ u16::from(byte)).collect();
            if let Ok(row) = arena.try_alloc_slice_copy(&source) {
                assert_eq!(row, source);
                model.add(Alive::new(row), 2);
            }
        }
        Op::SliceZeroed(len) => {
            if let Ok(row) = arena.try_alloc_slice_zeroed::<u32>(len) {
                assert!(row.iter().all(|&word| word == 0), "zeroed memory is not zero");
                // Written now, so that the next zeroed value there has something to clear.
                row.fill(u32::from_ne_bytes([byte; 4]));
                model.add(Alive::new(row), 4);
            }
        }
        Op::Str(len) => {
            let source: String = (0..len).map(|i| char::from(b'a' + (i % 26) as u8)).collect();
            if let Ok(text) = arena.try_alloc_str(&source) {
                assert_eq!(*text, *source);
                // SAFETY: read only, and a string's bytes are bytes.
                model.add(Alive::new(unsafe { text.as_bytes_mut() }), 1);
            }
        }
        Op::Fmt(ref widths) => {
            let widths = [0, 1, 2, 3, 4].map(|i| widths.get(i).copied().unwrap_or(0));
            let [a, b, c, d, e] = widths;
            let expected = format!("{:a$}{:b$}{:c$}{:d$}{:e$}", 1, 22, "x", 4, "yz");
            if let Ok(text) = arena.try_alloc_fmt(format_args!("{:a$}{:b$}{:c$}{:d$}{:e$}", 1, 22, "x", 4, "yz")) {
                assert_eq!(*text, *expected);
                // SAFETY: as above.
                model.add(Alive::new(unsafe { text.as_bytes_mut() }), 1);
            }
        }
        Op::Iter { count, hint, nested } => {
            let mut inner = Vec::new();
            let value = |i: usize| {
                if nested != 0 && i % nested == 0 {
                    inner.extend(arena.try_alloc([byte ^ i as u8; 13]).ok().map(|v| Alive::new(v)));
                }
                i as u32 ^ u32::from(byte)
            };
            let hint = (count as isize + hint).max(0) as usize;
            let row = arena.try_alloc_slice_fill_iter(Liar((0..count).map(value), hint)).ok().map(|row| {
                assert!(row.iter().copied().eq((0..count).map(|i| i as u32 ^ u32::from(byte))));
                Alive::new(row)
            });
            inner.into_iter().for_each(|new| model.add(new, 1));
            row.into_iter().for_each(|new| model.add(new, 4));
        }
        Op::FillWith { count, nested } => {
            let mut inner = Vec::new();
            let row = arena.try_alloc_slice_fill_with(count, |i| {
                if nested != 0 && i % nested == 0 {
                    inner.extend(arena.try_alloc_slice_zeroed::<u8>(i).ok().map(Alive::new));
                }
                [byte, i as u8, byte]
            });
            let row = row.ok().map(Alive::new);
            inner.into_iter().for_each(|new| {
                assert!(new.bytes.iter().all(|&byte| byte == 0));
                model.add(new, 1);
            });
            row.into_iter().for_each(|new| model.add(new, 1));
        }
        Op::Fails { shift, nested } => {
            let mut inner = None;
            let mut work = || {
                inner = (nested != 0).then(|| arena.try_alloc_slice_fill_copy(nested, byte).ok().map(Alive::new));
                inner.as_ref().is_none_or(|made| made.is_none())
            };
            #[repr(align(64))]
            struct Aligned(#[allow(dead_code)] [u8; 192]);
            let alone = match shift {
                0 => arena.try_alloc_try_with(|| if work() { Err::<u8, _>(true) } else { Err(false) }).err(),
                1 => arena.try_alloc_try_with(|| Err::<u128, _>(work())).err(),
                2 => arena.try_alloc_try_with(|| Err::<Aligned, _>(work())).err(),
                3 => arena.try_alloc_slice_try_fill_with(99, |_| Err::<u16, _>(work())).err(),
                4 => arena.try_alloc_slice_try_fill_with(9, |_| Err::<Aligned, _>(work())).err(),
                _ => arena
                    .try_alloc_slice_try_fill_iter(
                        Liar([Err::<u64, _>(0); 1].into_iter(), 9).map(|_: Result<u64, i32>| Err::<u64, _>(work())),
                    )
                    .err(),
            };
            if nested == 0 && shift < 5 {
                assert!(matches!(alone, Some(AllocOrInitError::Alloc(_) | AllocOrInitError::Init(true))));
                assert_eq!(arena.used(), used, "the room of a failed value is given back");
            }
            inner.flatten().into_iter().for_each(|new| model.add(new, 1));
        }
        Op::Mark => model.marks.push((arena.mark(), model.alive.len(), used)),
        Op::Rewind(back) => {
            let Some(index) = model.marks.len().checked_sub(1 + back) else { return };
            let (mark, alive, used) = model.marks[index];
            model.marks.truncate(index);
            model.alive.truncate(alive);
            // SAFETY: newer marks are forgotten, and so is every value since.
            unsafe { arena.rewind(mark) };
            assert_eq!(arena.used(), used);
        }
        Op::Reset | Op::ResetKeeping(_) => {
            model.alive.clear();
            model.marks.clear();
            match *op {
                Op::ResetKeeping(bytes) => arena.reset_keeping(bytes),
                _ => arena.reset(),
            }
            assert_eq!(arena.used(), 0);
        }
        Op::Limit(bytes) => arena.set_limit(bytes),
        Op::NoLimit => arena.set_limit(usize::MAX),
    }
    assert!(arena.used() <= arena.limit().max(used), "the limit was passed");
    assert!(arena.used() <= arena.committed() && arena.committed() <= arena.reserved());
    model.check();
}

fn run<const MIN_ALIGN: usize, B: Backing>(backing: B, ops: &[Op]) {
    let mut arena = Arena::<MIN_ALIGN, B>::new_in(backing);
    let mut model = Model { alive: Vec::new(), marks: Vec::new(), next: 1 };
    for op in ops {
        step(&mut arena, &mut model, op);
    }
}

fn on_heap<const MIN_ALIGN: usize>(plan: Plan, ops: &[Op]) {
    let (heap, book) = Heap::new(plan);
    run::<MIN_ALIGN, _>(heap, ops);
    book.check_closed();
}

fn in_buffer<const MIN_ALIGN: usize>(bytes: usize, ops: &[Op]) {
    let mut memory = vec![MaybeUninit::new(0xa5); bytes];
    run::<MIN_ALIGN, _>(Buffer::new(&mut memory), ops);
}

fn spilling<const MIN_ALIGN: usize>(bytes: usize, ops: &[Op]) {
    let mut memory = vec![MaybeUninit::new(0xa5); bytes];
    run::<MIN_ALIGN, _>(Spill::new(Buffer::new(&mut memory), Mapped::new()), ops);
    let (heap, book) = Heap::new(Plan::TINY);
    run::<MIN_ALIGN, _>(Spill::new(Buffer::new(&mut memory), heap), ops);
    book.check_closed();
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 300 }))]

    #[test]
    fn any_operations_in_mapped_memory_keep_every_value(ops in ops()) {
        run::<1, _>(Mapped::new(), &ops);
        run::<8, _>(Mapped::new(), &ops);
        run::<64, _>(Mapped::new(), &ops);
        run::<8, _>(Mapped::exactly(20_000), &ops);
    }

    #[test]
    fn any_operations_in_a_buffer_keep_every_value(ops in ops(), bytes in 0..20_000usize) {
        in_buffer::<1>(bytes, &ops);
        in_buffer::<8>(bytes, &ops);
        in_buffer::<64>(bytes, &ops);
    }

    #[test]
    fn any_operations_over_a_region_keep_every_value(ops in ops(), pages in 1..1_000usize) {
        let mut used = Region::new(pages * page_size()).unwrap();
        used.as_mut_slice().fill(0xa5);
        run::<1, _>(RegionBacking::new(used), &ops);
        let fresh = Region::options().len(pages * page_size());
        run::<8, _>(RegionBacking::map(fresh).unwrap(), &ops);
        run::<64, _>(RegionBacking::map(fresh.pages(Pages::Transparent)).unwrap(), &ops);
    }

    #[test]
    fn any_operations_that_spill_keep_every_value(ops in ops(), bytes in 0..3_000usize) {
        spilling::<1>(bytes, &ops);
        spilling::<8>(bytes, &ops);
        spilling::<64>(bytes, &ops);
    }

    #[test]
    fn any_operations_in_tiny_blocks_keep_every_value(ops in ops(), ready in 0..256usize, step in 0..100usize, skew in 0..64usize) {
        let plan = Plan { least: 256, ready, step, skew };
        on_heap::<1>(plan, &ops);
        on_heap::<8>(plan, &ops);
        on_heap::<64>(plan, &ops);
    }
}
