//! Any row of operations on an arena against a list of what is alive: no overlap, alignment, contents kept, zeroes
//! really zero, limits kept, marks that lead back to where they were made.
//!
//! Does not choose the operations: property tests and fuzzers do.

#[path = "block.rs"]
mod block;

use block::{Alive, layout};
use region::Arena;
use region::arena::Mark;
use region::backing::Backing;
use region::error::{AllocOrInitError, AllocReason};

/// What can be done to an arena. Alignments are powers of two, given by their exponent.
#[derive(Clone, Debug)]
pub enum Op {
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
    /// Which value, counted from the newest; by how much; and its new alignment.
    Grow {
        which: usize,
        more: usize,
        shift: u32,
    },
    GrowZeroed {
        which: usize,
        more: usize,
        shift: u32,
    },
    Shrink {
        which: usize,
        size: usize,
        shift: u32,
    },
    Free(usize),
    /// Slices of these lengths in a scope, each with a scope of its own inside.
    Scope(Vec<usize>),
    /// Slices of these lengths in a claim, each with a claim of its own inside; meanwhile older values change.
    Claim(Vec<usize>),
    Mark,
    Rewind(usize),
    Reset,
    ResetKeeping(usize),
    Limit(usize),
    NoLimit,
}

struct Value {
    block: Alive,
    /// How many marks there were when it was first allocated: those after it end when it is freed.
    born: usize,
}

/// A mark that may still be rewound to, with how much was alive and used then.
#[derive(Clone, Copy)]
struct Position {
    mark: Mark,
    alive: usize,
    used: usize,
}

struct Model {
    /// In the order in which they were allocated, or grown since.
    alive: Vec<Value>,
    marks: Vec<Position>,
    next: u8,
}

impl Model {
    fn byte(&mut self) -> u8 {
        self.next = self.next.wrapping_mul(5).wrapping_add(37) | 1;
        self.next
    }

    fn add(&mut self, block: Alive) {
        assert_eq!(block.start.addr().get() % block.layout.align(), 0);
        self.alive.push(Value { block, born: self.marks.len() });
    }

    /// Forgets all marks but the first `born`: those that the end of a value born then undoes. Marks made from here
    /// on come after every value that there is.
    fn forget_marks_after(&mut self, born: usize) {
        self.marks.truncate(born);
        self.alive.iter_mut().for_each(|value| value.born = value.born.min(born));
    }

    /// The index of a value that is counted from the newest.
    fn pick(&self, which: usize) -> Option<usize> {
        self.alive.len().checked_sub(1 + which)
    }

    /// A value that was grown or moved counts as allocated now.
    fn renew(&mut self, index: usize) {
        let value = self.alive.remove(index);
        self.alive.push(value);
        for position in self.marks.iter_mut().filter(|position| position.alive > index) {
            position.alive -= 1;
        }
    }

    fn check(&self) {
        let values = self.alive.iter().map(|value| &value.block);
        values.clone().for_each(Alive::check);
        let mut spans: Vec<_> = values
            .filter(|block| block.layout.size() != 0)
            .map(|block| (block.start.addr().get(), block.layout.size()))
            .collect();
        spans.sort();
        assert!(spans.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "two values share bytes");
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

/// Does one operation, and checks everything that must hold after it.
fn step<const MIN_ALIGN: usize, B: Backing>(arena: &mut Arena<MIN_ALIGN, B>, model: &mut Model, op: &Op) {
    let byte = model.byte();
    let used = arena.used();
    match *op {
        Op::Layout { size, shift } => match Alive::try_new(arena, size, 1 << shift, byte) {
            Some(new) => model.add(new),
            None => assert_eq!(arena.used(), used),
        },
        Op::Zeroed { size, shift } => {
            let layout = layout(size, 1 << shift);
            if let Ok(start) = arena.try_alloc_layout_zeroed(layout) {
                model.add(Alive { start, layout, bytes: vec![0; size] });
            }
        }
        Op::Values(n) => {
            let new = arena.try_alloc(n).ok().map(|value| Alive::of(std::slice::from_mut(value)));
            new.into_iter().for_each(|new| model.add(new));
            let new = arena.try_alloc([u64::from(n); 3]).ok().map(|value| Alive::of(std::slice::from_mut(value)));
            new.into_iter().for_each(|new| model.add(new));
            let new = arena.try_alloc_with(|| u128::from(n)).ok().map(|value| Alive::of(std::slice::from_mut(value)));
            new.into_iter().for_each(|new| model.add(new));
        }
        Op::SliceCopy(len) => {
            let source: Vec<u16> = (0..len).map(|i| i as u16 ^ u16::from(byte)).collect();
            if let Ok(row) = arena.try_alloc_slice_copy(&source) {
                assert_eq!(row, source);
                model.add(Alive::of(row));
            }
        }
        Op::SliceZeroed(len) => {
            if let Ok(row) = arena.try_alloc_slice_zeroed::<u32>(len) {
                assert!(row.iter().all(|&word| word == 0), "zeroed memory is not zero");
                // Written now, so that the next zeroed value there has something to clear.
                row.fill(u32::from_ne_bytes([byte; 4]));
                model.add(Alive::of(row));
            }
        }
        Op::Str(len) => {
            let source: String = (0..len).map(|i| char::from(b'a' + (i % 26) as u8)).collect();
            if let Ok(text) = arena.try_alloc_str(&source) {
                assert_eq!(*text, *source);
                // SAFETY: read only, and a string's bytes are bytes.
                model.add(Alive::of(unsafe { text.as_bytes_mut() }));
            }
        }
        Op::Fmt(ref widths) => {
            let widths = [0, 1, 2, 3, 4].map(|i| widths.get(i).copied().unwrap_or(0));
            let [a, b, c, d, e] = widths;
            let expected = format!("{:a$}{:b$}{:c$}{:d$}{:e$}", 1, 22, "x", 4, "yz");
            if let Ok(text) = arena.try_alloc_fmt(format_args!("{:a$}{:b$}{:c$}{:d$}{:e$}", 1, 22, "x", 4, "yz")) {
                assert_eq!(*text, *expected);
                // SAFETY: as above.
                model.add(Alive::of(unsafe { text.as_bytes_mut() }));
            }
        }
        Op::Iter { count, hint, nested } => {
            let mut inner = Vec::new();
            let value = |i: usize| {
                if nested != 0 && i % nested == 0 {
                    inner.extend(arena.try_alloc([byte ^ i as u8; 13]).ok().map(|v| Alive::of(v)));
                }
                i as u32 ^ u32::from(byte)
            };
            let hint = (count as isize + hint).max(0) as usize;
            let row = arena.try_alloc_slice_fill_iter(Liar((0..count).map(value), hint)).ok().map(|row| {
                assert!(row.iter().copied().eq((0..count).map(|i| i as u32 ^ u32::from(byte))));
                Alive::of(row)
            });
            inner.into_iter().for_each(|new| model.add(new));
            row.into_iter().for_each(|new| model.add(new));
        }
        Op::FillWith { count, nested } => {
            let mut inner = Vec::new();
            let row = arena.try_alloc_slice_fill_with(count, |i| {
                if nested != 0 && i % nested == 0 {
                    inner.extend(arena.try_alloc_slice_zeroed::<u8>(i).ok().map(Alive::of));
                }
                [byte, i as u8, byte]
            });
            let row = row.ok().map(Alive::of);
            inner.into_iter().for_each(|new| {
                assert!(new.bytes.iter().all(|&byte| byte == 0));
                model.add(new);
            });
            row.into_iter().for_each(|new| model.add(new));
        }
        Op::Fails { shift, nested } => {
            let mut inner = None;
            let mut work = || {
                inner = (nested != 0).then(|| arena.try_alloc_slice_fill_copy(nested, byte).ok().map(Alive::of));
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
            inner.flatten().into_iter().for_each(|new| model.add(new));
        }
        Op::Grow { which, more, shift } => {
            let Some(index) = model.pick(which) else { return };
            let size = model.alive[index].block.layout.size() + more;
            match model.alive[index].block.grow(arena, size, 1 << shift) {
                Ok(()) => model.renew(index),
                Err(_) => assert_eq!(arena.used(), used, "a refusal changed the arena"),
            }
        }
        Op::GrowZeroed { which, more, shift } => {
            let Some(index) = model.pick(which) else { return };
            let size = model.alive[index].block.layout.size() + more;
            if model.alive[index].block.grow_zeroed(arena, size, 1 << shift) {
                model.renew(index);
            } else {
                assert_eq!(arena.used(), used, "a refusal changed the arena");
            }
        }
        Op::Shrink { which, size, shift } => {
            let Some(index) = model.pick(which) else { return };
            let value = &mut model.alive[index];
            let (born, size) = (value.born, size.min(value.block.layout.size()));
            model.forget_marks_after(born);
            if model.alive[index].block.shrink(arena, size, 1 << shift) {
                model.renew(index);
            } else {
                assert_eq!(arena.used(), used, "a refusal changed the arena");
            }
        }
        Op::Free(which) => {
            let Some(index) = model.pick(which) else { return };
            let value = model.alive.remove(index);
            model.forget_marks_after(value.born);
            value.block.free(arena);
            assert!(arena.used() <= used);
        }
        Op::Scope(ref sizes) => {
            arena.scoped(|mut scope| {
                for (i, &size) in sizes.iter().enumerate() {
                    let outer = scope.try_alloc_slice_fill_copy(size, byte).ok();
                    let before = scope.used();
                    let mut guard = scope.scope_guard();
                    if i % 3 == 0 {
                        _ = guard.scope().try_alloc_slice_fill_copy(9, 0u64);
                        guard.reset();
                    }
                    let inner = guard.scope();
                    if let Ok(zeroes) = inner.try_alloc_slice_zeroed::<u16>(size) {
                        assert!(zeroes.iter().all(|&word| word == 0));
                        zeroes.fill(0x1111);
                    }
                    drop(guard);
                    assert_eq!(scope.used(), before);
                    assert!(outer.is_none_or(|row| row.iter().all(|&b| b == byte)));
                    model.check();
                }
            });
            assert_eq!(arena.used(), used);
        }
        Op::Claim(ref sizes) => {
            claim(arena, model, sizes, byte);
            assert_eq!(arena.used(), used, "a claim leaves something, or takes something along");
        }
        Op::Mark => model.marks.push(Position { mark: arena.mark(), alive: model.alive.len(), used }),
        Op::Rewind(back) => {
            let Some(index) = model.marks.len().checked_sub(1 + back) else { return };
            let position = model.marks[index];
            model.marks.truncate(index);
            model.alive.truncate(position.alive);
            // SAFETY: newer marks are forgotten, so is every value since, and no older value was freed or shrunk
            // since: that forgets the mark.
            unsafe { arena.rewind(position.mark) };
            assert_eq!(arena.used(), position.used);
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

/// Allocates in a claim, and does to the values of the claimed arena what their owners may do meanwhile.
fn claim<const MIN_ALIGN: usize, B: Backing>(
    arena: &Arena<MIN_ALIGN, B>,
    model: &mut Model,
    sizes: &[usize],
    byte: u8,
) {
    let used = arena.used();
    let mut claim = arena.claim();
    for (i, &size) in sizes.iter().enumerate() {
        let row = claim.try_alloc_slice_fill_copy(size, byte).ok();
        let before = claim.used();
        assert_eq!(arena.try_alloc(byte).unwrap_err().reason(), AllocReason::Claimed);
        match model.pick(i) {
            Some(index) if size % 4 == 0 => {
                let value = model.alive.remove(index);
                model.forget_marks_after(value.born);
                value.block.free(arena);
            }
            Some(index) if size % 4 == 1 => {
                let (born, old) = (model.alive[index].born, model.alive[index].block.layout);
                model.forget_marks_after(born);
                model.alive[index].block.shrink(arena, old.size() / 2, old.align() << (size % 3));
            }
            Some(index) => {
                let old = model.alive[index].block.layout;
                let align = old.align() << (size % 3);
                // What rounded it up is its own.
                let more = if size % 4 == 2 { 3 } else { MIN_ALIGN + size };
                match model.alive[index].block.grow(arena, old.size() + more, align) {
                    Ok(()) => model.renew(index),
                    Err(refused) => assert_eq!(refused, AllocReason::Claimed),
                }
            }
            None => {}
        }
        assert_eq!((arena.used(), claim.used()), (used, before), "the claimed arena gives back or takes");
        claim.claimed(|inner| {
            assert!(claim.try_claim().is_err());
            if let Ok(zeroes) = inner.try_alloc_slice_zeroed::<u16>(size) {
                assert!(zeroes.iter().all(|&word| word == 0), "zeroed memory is not zero");
                zeroes.fill(0x1111);
            }
        });
        assert_eq!(claim.used(), before);
        assert!(row.is_none_or(|row| row.iter().all(|&b| b == byte)));
        if i % 3 == 2 {
            claim.reset();
            assert_eq!(claim.used(), used);
        }
        model.check();
    }
}

/// Does all of the operations to an arena over `backing`.
pub fn run<const MIN_ALIGN: usize, B: Backing>(backing: B, ops: &[Op]) {
    let mut arena = Arena::<MIN_ALIGN, B>::new_in(backing);
    let mut model = Model { alive: Vec::new(), marks: Vec::new(), next: 1 };
    for op in ops {
        step(&mut arena, &mut model, op);
    }
}
