//! The shadow model of a heap, of one thread or many: which blocks are in use, where, and what is in them.
//!
//! After each operation every number that a heap gives is held against it. It does not choose what to do.

use region::backing::Backing;
use region::error::AllocError;
use region::heap::{FreeError, HeapStats};
use region::{Heap, SyncHeap};
use std::alloc::Layout;
use std::collections::BTreeMap;
use std::ptr::NonNull;

#[derive(Clone, Debug)]
pub enum Op {
    Alloc {
        size: usize,
        shift: u32,
    },
    Zeroed {
        size: usize,
        shift: u32,
    },
    Free(usize),
    /// Frees a block from `from` on, and all those of its size after it.
    FreeMany {
        from: usize,
        every: usize,
    },
    FreeAgain(usize),
    FreeInside {
        which: usize,
        at: usize,
    },
    Realloc {
        which: usize,
        size: usize,
        shift: u32,
    },
    Trim,
    Clear,
    ClearKeeping(usize),
    Limit(usize),
    NoLimit,
}

struct Held {
    layout: Layout,
    seed: u8,
}

/// What both heaps can.
trait Blocks {
    fn alloc(&self, layout: Layout) -> Result<NonNull<u8>, AllocError>;
    fn zeroed(&self, layout: Layout) -> Result<NonNull<u8>, AllocError>;
    /// # Safety
    /// As `try_free`.
    unsafe fn free(&self, block: NonNull<u8>) -> Result<(), FreeError>;
    /// # Safety
    /// As `try_realloc`.
    unsafe fn realloc(&self, block: NonNull<u8>, layout: Layout) -> Result<NonNull<u8>, AllocError>;
    fn contains(&self, block: NonNull<u8>) -> bool;
    fn usable_size(&self, block: NonNull<u8>) -> Option<usize>;
    fn trim(&self);
    fn stats(&self) -> HeapStats;
    /// Frees everything, and keeps so many bytes if a number is given. False if it cannot.
    fn clear(&mut self, keep: Option<usize>) -> bool;
    /// Sets the limit. False if it cannot.
    fn limit(&self, bytes: usize) -> bool;
}

macro_rules! blocks {
    ($heap:ident, $clear:item, $limit:item) => {
        impl<B: Backing> Blocks for $heap<B> {
            fn alloc(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
                self.try_alloc_layout(layout)
            }
            fn zeroed(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
                self.try_alloc_layout_zeroed(layout)
            }
            unsafe fn free(&self, block: NonNull<u8>) -> Result<(), FreeError> {
                // SAFETY: the caller's promise, passed on.
                unsafe { self.try_free(block) }
            }
            unsafe fn realloc(&self, block: NonNull<u8>, layout: Layout) -> Result<NonNull<u8>, AllocError> {
                // SAFETY: the caller's promise, passed on.
                unsafe { self.try_realloc(block, layout) }
            }
            fn contains(&self, block: NonNull<u8>) -> bool {
                $heap::contains(self, block)
            }
            fn usable_size(&self, block: NonNull<u8>) -> Option<usize> {
                $heap::usable_size(self, block)
            }
            fn trim(&self) {
                $heap::trim(self)
            }
            fn stats(&self) -> HeapStats {
                $heap::stats(self)
            }
            $clear
            $limit
        }
    };
}

blocks!(
    Heap,
    fn clear(&mut self, keep: Option<usize>) -> bool {
        match keep {
            Some(bytes) => self.clear_keeping(bytes),
            None => Heap::clear(self),
        }
        true
    },
    fn limit(&self, bytes: usize) -> bool {
        self.set_limit(bytes);
        true
    }
);
blocks!(
    SyncHeap,
    fn clear(&mut self, _: Option<usize>) -> bool {
        false
    },
    fn limit(&self, _: usize) -> bool {
        false
    }
);

struct Model<H> {
    heap: H,
    held: BTreeMap<usize, (NonNull<u8>, Held)>,
    freed: Vec<NonNull<u8>>,
    seed: u8,
    limit: usize,
}

fn content(seed: u8, at: usize) -> u8 {
    seed.wrapping_add((at / 7) as u8)
}

impl<H: Blocks> Model<H> {
    fn write(&mut self, block: NonNull<u8>, layout: Layout) {
        self.seed = self.seed.wrapping_add(41);
        assert_eq!(block.addr().get() % layout.align(), 0, "aligned");
        let at = block.addr().get();
        let end = at + layout.size().max(1);
        let before = self.held.range(..end).next_back();
        if let Some((start, (_, held))) = before {
            assert!(start + held.layout.size().max(1) <= at, "blocks have no byte in common");
        }
        // SAFETY: the block is taken, and as long.
        unsafe { (0..layout.size()).for_each(|at| block.add(at).write(content(self.seed, at))) };
        self.held.insert(at, (block, Held { layout, seed: self.seed }));
    }

    fn check_content(block: NonNull<u8>, held: &Held, upto: usize) {
        for at in 0..held.layout.size().min(upto) {
            // SAFETY: the block is in use, and all of it was written.
            assert_eq!(unsafe { block.add(at).read() }, content(held.seed, at), "a block keeps its bytes");
        }
    }

    fn pick(&self, which: usize) -> Option<usize> {
        let len = self.held.len();
        self.held.keys().nth(which % len.max(1)).copied()
    }

    fn free(&mut self, at: usize) {
        let (block, held) = self.held.remove(&at).unwrap();
        Self::check_content(block, &held, usize::MAX);
        // SAFETY: the block is in use, and nothing uses it from here on.
        unsafe { self.heap.free(block) }.unwrap();
        self.freed.push(block);
    }

    fn set_limit(&mut self, bytes: usize) {
        if self.heap.limit(bytes) {
            self.limit = bytes;
        }
    }

    fn apply(&mut self, op: &Op) {
        let before = self.heap.stats().taken;
        match *op {
            Op::Alloc { size, shift } => {
                let layout = Layout::from_size_align(size, 1 << shift).unwrap();
                if let Ok(block) = self.heap.alloc(layout) {
                    self.write(block, layout);
                }
            }
            Op::Zeroed { size, shift } => {
                let layout = Layout::from_size_align(size, 1 << shift).unwrap();
                if let Ok(block) = self.heap.zeroed(layout) {
                    // SAFETY: the block was taken zeroed, and is as long.
                    let bytes = unsafe { std::slice::from_raw_parts(block.as_ptr(), size) };
                    assert!(bytes.iter().all(|&byte| byte == 0), "zeroed");
                    self.write(block, layout);
                }
            }
            Op::Free(which) => {
                if let Some(at) = self.pick(which) {
                    self.free(at);
                }
            }
            Op::FreeMany { from, every } => {
                let all: Vec<usize> = self.held.keys().copied().skip(from % 16).step_by(every).collect();
                all.into_iter().for_each(|at| self.free(at));
            }
            Op::FreeAgain(which) => {
                if self.freed.is_empty() {
                    return;
                }
                let block = self.freed[which % self.freed.len()];
                if !self.held.contains_key(&block.addr().get()) {
                    // SAFETY: the block is not in use.
                    let refused = unsafe { self.heap.free(block) };
                    assert!(refused.is_err(), "freed twice");
                    assert!(!self.heap.contains(block) && self.heap.usable_size(block).is_none());
                }
            }
            Op::FreeInside { which, at } => {
                let Some((block, held)) = self.pick(which).map(|at| &self.held[&at]) else { return };
                if held.layout.size() > 1 {
                    let inside = 1 + at % (held.layout.size() - 1);
                    // SAFETY: within the block. No block in use begins there, so nothing is freed.
                    let refused = unsafe { self.heap.free(block.add(inside)) };
                    assert_eq!(refused, Err(FreeError::NoBlock));
                }
            }
            Op::Realloc { which, size, shift } => {
                let Some(at) = self.pick(which) else { return };
                let layout = Layout::from_size_align(size, 1 << shift).unwrap();
                let (block, held) = &self.held[&at];
                // SAFETY: the block is in use, and under its new address from here on.
                if let Ok(new) = unsafe { self.heap.realloc(*block, layout) } {
                    let (old, held) = self.held.remove(&at).unwrap();
                    Self::check_content(new, &held, size);
                    if new != old {
                        self.freed.push(old);
                    }
                    self.write(new, layout);
                } else {
                    Self::check_content(*block, held, usize::MAX);
                }
            }
            Op::Trim => self.heap.trim(),
            Op::Clear | Op::ClearKeeping(_) => {
                let keep = if let Op::ClearKeeping(bytes) = *op { Some(bytes) } else { None };
                if self.heap.clear(keep) {
                    let blocks: Vec<_> = std::mem::take(&mut self.held).into_values().collect();
                    self.freed.extend(blocks.into_iter().map(|(block, _)| block));
                }
            }
            Op::Limit(bytes) => self.set_limit(bytes),
            Op::NoLimit => self.set_limit(usize::MAX),
        }
        let taken = self.heap.stats().taken;
        assert!(taken <= before || taken <= self.limit, "{before} became {taken}, with a limit of {}", self.limit);
        self.check();
    }

    fn check(&self) {
        let stats = self.heap.stats();
        assert_eq!(stats.blocks, self.held.len(), "blocks");
        let asked: usize = self.held.values().map(|(_, held)| held.layout.size()).sum();
        assert!(asked <= stats.used && stats.used <= stats.taken && stats.taken <= stats.reserved, "{stats:?}");
        assert!(stats.taken <= stats.high_water, "{stats:?}");
        for (block, held) in self.held.values() {
            let usable = self.heap.usable_size(*block).expect("a block in use is known");
            assert!(usable >= held.layout.size());
        }
    }
}

/// Runs the operations on a heap over `backing`, and checks every block at the end.
pub fn run<B: Backing>(backing: B, ops: &[Op]) {
    run_on(Heap::new_in(backing), ops);
}

/// The same on a heap of many threads.
#[allow(dead_code)] // some users test one heap alone
pub fn run_sync<B: Backing>(backing: B, ops: &[Op]) {
    run_on(SyncHeap::new_in(backing), ops);
}

fn run_on<H: Blocks>(heap: H, ops: &[Op]) {
    let mut model = Model { heap, held: BTreeMap::new(), freed: Vec::new(), seed: 0, limit: usize::MAX };
    for op in ops {
        model.apply(op);
    }
    for (block, held) in model.held.values() {
        Model::<H>::check_content(*block, held, usize::MAX);
    }
}
