//! What a heap costs: made, filled a little and dropped; and blocks of mixed sizes that come and go in no order.
//!
//! The peers are called directly; none of them is this program's allocator. A run's RAM is measured in a process of its
//! own: what is resident after the churn, over the bytes that are live.
//!
//! ```sh
//! cargo run --release --bin heap              # times, then RAM over live
//! cargo run --release --bin heap -- churn     # the part of that name
//! ```

#[path = "../support/mod.rs"]
mod support;

use region::Heap;
use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;
use std::ptr::NonNull;
use support::Duel;
use talc::DefaultBinning;
use talc::source::Manual;

/// What the contest needs of an allocator.
trait Allocator {
    fn take(&mut self, size: usize) -> *mut u8;
    /// # Safety
    /// `block` was taken with this size and is given back once.
    unsafe fn give(&mut self, block: *mut u8, size: usize);
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 16).unwrap()
}

impl Allocator for Heap {
    #[inline(always)]
    fn take(&mut self, size: usize) -> *mut u8 {
        self.alloc_layout(layout(size)).as_ptr()
    }
    #[inline(always)]
    unsafe fn give(&mut self, block: *mut u8, _: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.free(NonNull::new_unchecked(block)) }
    }
}

struct Glibc;

impl Allocator for Glibc {
    #[inline(always)]
    fn take(&mut self, size: usize) -> *mut u8 {
        // SAFETY: malloc takes any size.
        unsafe { libc::malloc(size).cast() }
    }
    #[inline(always)]
    unsafe fn give(&mut self, block: *mut u8, _: usize) {
        // SAFETY: the caller's promise.
        unsafe { libc::free(block.cast()) }
    }
}

struct Global<A>(A);

impl<A: GlobalAlloc> Allocator for Global<A> {
    #[inline(always)]
    fn take(&mut self, size: usize) -> *mut u8 {
        // SAFETY: no size is 0.
        unsafe { self.0.alloc(layout(size)) }
    }
    #[inline(always)]
    unsafe fn give(&mut self, block: *mut u8, size: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.0.dealloc(block, layout(size)) }
    }
}

/// mimalloc's heap of its own, by its C interface.
struct MiHeap(*mut libmimalloc_sys::mi_heap_t);

impl MiHeap {
    fn new() -> Self {
        // SAFETY: it takes nothing.
        MiHeap(unsafe { libmimalloc_sys::mi_heap_new() })
    }
}

impl Drop for MiHeap {
    fn drop(&mut self) {
        // SAFETY: the heap is this value's.
        unsafe { libmimalloc_sys::mi_heap_destroy(self.0) }
    }
}

impl Allocator for MiHeap {
    #[inline(always)]
    fn take(&mut self, size: usize) -> *mut u8 {
        // SAFETY: the heap lives.
        unsafe { libmimalloc_sys::mi_heap_malloc(self.0, size).cast() }
    }
    #[inline(always)]
    unsafe fn give(&mut self, block: *mut u8, _: usize) {
        // SAFETY: the caller's promise.
        unsafe { libmimalloc_sys::mi_free(block.cast()) }
    }
}

/// Bytes of memory for the allocators that manage what they are given.
const ARENA: usize = 256 << 20;

fn arena() -> &'static mut [std::mem::MaybeUninit<u8>] {
    // SAFETY: anonymous private memory, which is never unmapped.
    unsafe {
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let start = libc::mmap(std::ptr::null_mut(), ARENA, access, flags, -1, 0);
        assert_ne!(start, libc::MAP_FAILED);
        std::slice::from_raw_parts_mut(start.cast(), ARENA)
    }
}

struct Talc(talc::base::Talc<Manual, DefaultBinning>);

impl Talc {
    fn new() -> Self {
        let mut talc = talc::base::Talc::new(Manual);
        let arena = arena();
        // SAFETY: the memory is talc's alone.
        unsafe { talc.claim(arena.as_mut_ptr().cast(), ARENA) }.unwrap();
        Talc(talc)
    }
}

impl Allocator for Talc {
    fn take(&mut self, size: usize) -> *mut u8 {
        // SAFETY: no size is 0.
        unsafe { self.0.allocate(layout(size)).unwrap().as_ptr() }
    }
    unsafe fn give(&mut self, block: *mut u8, size: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.0.deallocate(block, layout(size)) }
    }
}

struct Rlsf(rlsf::Tlsf<'static, u32, u32, 28, 32>);

impl Rlsf {
    fn new() -> Self {
        let mut tlsf = rlsf::Tlsf::new();
        let _ = tlsf.insert_free_block(arena());
        Rlsf(tlsf)
    }
}

impl Allocator for Rlsf {
    fn take(&mut self, size: usize) -> *mut u8 {
        self.0.allocate(layout(size)).unwrap().as_ptr()
    }
    unsafe fn give(&mut self, block: *mut u8, _: usize) {
        // SAFETY: the caller's promise, with the alignment of `layout`.
        unsafe { self.0.deallocate(NonNull::new_unchecked(block), 16) }
    }
}

/// Slots with a block each, some of which are exchanged for one of another size.
struct Churn {
    slots: Vec<(*mut u8, usize)>,
    least: usize,
    most: usize,
    seed: u64,
}

impl Churn {
    fn new(slots: usize, least: usize, most: usize) -> Self {
        Churn { slots: vec![(std::ptr::null_mut(), 0); slots], least, most, seed: 88_172_645_463_325_252 }
    }

    fn next(&mut self) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 16) as usize
    }

    /// Frees what a slot has, and takes a block for it, written at both ends.
    fn run(&mut self, allocator: &mut impl Allocator, times: usize) {
        for _ in 0..times {
            let at = self.next() % self.slots.len();
            let size = self.least + self.next() % (self.most - self.least + 1);
            let (old, old_size) = self.slots[at];
            // SAFETY: the slot's block is given back once; the new one has `size` bytes, 16 at least.
            unsafe {
                if !old.is_null() {
                    allocator.give(old, old_size);
                }
                let block = allocator.take(black_box(size));
                block.write(1);
                block.add(size - 1).write(2);
                self.slots[at] = (block, size);
            }
        }
    }

    fn live(&self) -> usize {
        self.slots.iter().map(|slot| slot.1).sum()
    }
}

fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Every slot filled, and then exchanged ten times; with every byte written, so that what is live is in RAM.
fn ram(name: &str, slots: usize, least: usize, most: usize) -> String {
    fn measure(mut allocator: impl Allocator, mut churn: Churn) -> String {
        let times = churn.slots.len() * 10;
        churn.slots.iter_mut().for_each(|slot| slot.1 = 0);
        let before = resident();
        churn.run(&mut allocator, times);
        for &(block, size) in &churn.slots {
            if !block.is_null() {
                // SAFETY: the slot's block has as many bytes.
                unsafe { block.write_bytes(1, size) };
            }
        }
        let (live, after) = (churn.live(), resident());
        std::mem::forget(allocator);
        format!("{:.3}", (after - before) as f64 / live as f64)
    }
    let churn = Churn::new(slots, least, most);
    match name {
        "heap" => measure(Heap::new(), churn),
        "mimalloc" => measure(Global(mimalloc::MiMalloc), churn),
        "jemalloc" => measure(Global(tikv_jemallocator::Jemalloc), churn),
        "talc" => measure(Talc::new(), churn),
        "rlsf" => measure(Rlsf::new(), churn),
        _ => measure(Glibc, churn),
    }
}

fn lives(blocks: usize) {
    fn fill(allocator: &mut impl Allocator, blocks: usize) {
        for _ in 0..blocks {
            // SAFETY: the block has 24 bytes.
            unsafe { allocator.take(black_box(24)).write(1) };
        }
    }
    Duel::new(format!("life: a heap made, {blocks} blocks of 24 bytes, destroyed"), 1000, 15)
        .add("heap", || (0..1000).for_each(|_| fill(&mut Heap::new(), blocks)))
        .add("mimalloc's heap", || (0..1000).for_each(|_| fill(&mut MiHeap::new(), blocks)))
        .run();
}

fn churns(slots: usize, least: usize, most: usize) {
    const TIMES: usize = 400_000;
    let churn = || Churn::new(slots, least, most);
    let mut all = [(); 6].map(|()| churn());
    let [a, b, c, d, e, f] = &mut all;
    let (mut heap, mut mi, mut je) = (Heap::new(), Global(mimalloc::MiMalloc), Global(tikv_jemallocator::Jemalloc));
    let (mut talc, mut rlsf) = (Talc::new(), Rlsf::new());
    // All slots full before the first round.
    let fill = slots * 5;
    a.run(&mut heap, fill);
    b.run(&mut mi, fill);
    c.run(&mut Glibc, fill);
    d.run(&mut je, fill);
    e.run(&mut talc, fill);
    f.run(&mut rlsf, fill);
    Duel::new(format!("churn: {least} to {most} bytes, {slots} slots"), TIMES as u64, 11)
        .add("heap", || a.run(&mut heap, TIMES))
        .add("mimalloc", || b.run(&mut mi, TIMES))
        .add("glibc", || c.run(&mut Glibc, TIMES))
        .add("jemalloc", || d.run(&mut je, TIMES))
        .add("talc", || e.run(&mut talc, TIMES))
        .add("rlsf", || f.run(&mut rlsf, TIMES))
        .run();
}

const CHURNS: [(usize, usize, usize); 2] = [(100_000, 16, 512), (20_000, 16, 4096)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("--ram", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        let (slots, least, most) = CHURNS[rest[1].parse::<usize>().unwrap()];
        return println!("{}", ram(&rest[0], slots, least, most));
    }
    lives(1);
    lives(50);
    for (slots, least, most) in CHURNS {
        churns(slots, least, most);
    }
    if !arguments.is_empty() && !arguments.iter().any(|word| word == "ram") {
        return;
    }
    println!("\nram: resident over live bytes after a churn, each in a process of its own");
    for (at, (slots, least, most)) in CHURNS.into_iter().enumerate() {
        print!("  {least} to {most} bytes, {slots} slots:");
        for name in ["heap", "mimalloc", "glibc", "jemalloc", "talc", "rlsf"] {
            let at = at.to_string();
            let program = std::env::current_exe().unwrap();
            let answer = std::process::Command::new(program).args(["--ram", name, &at]).output().unwrap();
            print!("  {name} {}", String::from_utf8(answer.stdout).unwrap().trim());
        }
        println!();
    }
}
