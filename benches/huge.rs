//! Huge pages: a gibibyte of nodes made and dropped, a gibibyte given back, and a walk in no order over one.
//!
//! ```sh
//! cargo bench --bench huge
//! cargo bench --bench huge -- chase           # only the contests whose title has the word
//! ```
//!
//! Run by root, 520 pages of 2 MiB are set aside for the time of the run; otherwise those that are free must do,
//! and candidates that need them are left out aloud.
//!
//! The floor is a mapping in huge pages, populated by one call, filled by a loop with the same stores, unmapped. An
//! arena, which populates 2 MiB at a time, can pass it where zeroed lines are written before they leave the cache.
//!
//! Fresh ones run in a process each, as the C library's heap would otherwise start with what the last one freed.
//! Each run there has a twin before it that is not timed.

mod support;

use region::backing::RegionBacking;
use region::mapping::{Advice, Pages};
use region::{Arena, Region};
use std::hint::black_box;
use std::time::Duration;
use support::setting::Setting;
use support::{Cost, Duel, cost, escape};

const GIB: usize = 1 << 30;
/// A node fills a cache line.
type Node = [u64; 8];
const NODES: usize = GIB / size_of::<Node>();
const ROUNDS: usize = 5;

const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
/// A gibibyte, and what the regions around it round up to.
const WANTED: usize = 520;

/// Makes the pool of 2 MiB pages larger for a while.
fn set_aside() -> Option<Setting> {
    let pool = Setting::of(POOL)?;
    if !pool.set(&WANTED.to_string()) {
        println!("{POOL} cannot be written: {} pages are set aside", pool.before);
    }
    Some(pool)
}

fn options(pages: Pages) -> region::mapping::RegionOptions<'static> {
    Region::options().len(GIB).pages(pages)
}

/// A gibibyte in pages of a kind; base pages stay base pages, whatever the system's setting.
fn region(pages: Pages) -> Option<Region> {
    let region = options(pages).map().ok()?;
    if pages == Pages::Base {
        region.advise(.., Advice::NoHugePage).unwrap();
    }
    Some(region)
}

/// Runs `work` in a process of its own, with a heap that holds nothing from before, and says what it cost there.
///
/// Twice, of which the second time counts: which RAM a process gets depends on who gave some back before, and a
/// virtual machine's RAM that was never used is ten times as slow. After its twin it gets what the twin had.
fn alone(work: impl Fn()) -> Cost {
    once(&work);
    once(&work)
}

fn once(work: &impl Fn()) -> Cost {
    // SAFETY: this program has one thread, so a child can go on as its parent could; it leaves by `_exit`.
    unsafe {
        let mut ends = [0; 2];
        assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
        let mut answer = [0u64; 2];
        let (bytes, len) = (answer.as_mut_ptr(), size_of_val(&answer));
        let child = libc::fork();
        if child == 0 {
            let cost = cost(work);
            bytes.write(cost.time.as_nanos() as u64);
            bytes.add(1).write(cost.faults);
            libc::write(ends[1], bytes.cast(), len);
            libc::_exit(0);
        }
        assert!(child > 0 && libc::read(ends[0], bytes.cast(), len) == len as isize);
        assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child);
        for end in ends {
            libc::close(end);
        }
        Cost { time: Duration::from_nanos(answer[0]), faults: answer[1] }
    }
}

/// Whether a gibibyte of 2 MiB pages can be had.
fn has_hugetlb() -> bool {
    let has = region(Pages::Huge2M).is_some();
    if !has {
        println!("SKIPPED: candidates in pages that were set aside: no gibibyte of them is free");
    }
    has
}

#[inline(never)]
fn fill<B: region::backing::Backing>(arena: &Arena<8, B>) {
    for i in 0..NODES as u64 {
        escape::<Node>(arena.alloc([i; 8]));
    }
}

fn fresh_in(pages: Pages) {
    let arena: Arena<8, _> = Arena::new_in(RegionBacking::map(options(pages)).unwrap());
    fill(&arena);
}

#[inline(never)]
fn bumpalo() {
    let arena = bumpalo::Bump::new();
    for i in 0..NODES as u64 {
        escape::<Node>(arena.alloc([i; 8]));
    }
}

/// A list of nodes, as their owner would keep them, freed one by one.
#[inline(never)]
fn malloc() {
    let mut last: *mut Node = std::ptr::null_mut();
    for i in 0..NODES as u64 {
        // SAFETY: the block holds a node.
        last = unsafe {
            let node = libc::malloc(size_of::<Node>()).cast::<Node>();
            node.write([last.expose_provenance() as u64, i, i, i, i, i, i, i]);
            node
        };
        escape(last);
    }
    while !last.is_null() {
        // SAFETY: the node's first word is the address of the node before, and each is freed once.
        unsafe {
            let before = std::ptr::with_exposed_provenance_mut((*last)[0] as usize);
            libc::free(last.cast());
            last = before;
        }
    }
}

/// The same stores, and nothing else.
#[inline(never)]
fn floor(pages: Pages) {
    let mut region = options(pages).populate().map().unwrap();
    let nodes = region.as_mut_ptr().cast::<Node>();
    for i in 0..NODES {
        // SAFETY: the region has room for so many nodes, aligned to a page.
        let node = unsafe { nodes.add(i) };
        // SAFETY: as above.
        unsafe { node.write([i as u64; 8]) };
        escape(node);
    }
}

/// What it costs to drop a region that was written all over.
fn drop_of(pages: Pages) -> Cost {
    let mut region = region(pages).unwrap();
    // SAFETY: whole words of the region's.
    (0..GIB / 4096).for_each(|page| unsafe { region.as_mut_ptr().add(page * 4096).write(1) });
    cost(|| drop(region))
}

/// Nodes that lead to each other, once around all of them in no order: a full-period congruence.
fn ring(region: &mut Region) -> *const *const u8 {
    let start = region.as_mut_ptr();
    for i in 0..NODES {
        let next = i.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f) % NODES;
        // SAFETY: both are nodes inside the region, aligned.
        unsafe { start.add(i * 64).cast::<*const u8>().write(start.add(next * 64)) };
    }
    start.cast::<*const u8>()
}

const STEPS: usize = 1 << 20;

#[inline(never)]
fn chase(mut at: *const *const u8) {
    for _ in 0..STEPS {
        // SAFETY: every node of the ring holds the address of another.
        at = unsafe { at.read() }.cast::<*const u8>();
    }
    black_box(at);
}

fn main() {
    let _pool = set_aside();
    let hugetlb = has_hugetlb();

    let mut duel = Duel::new("fresh 1 GiB of 64-byte nodes, dropped", NODES as u64, ROUNDS)
        .add_costed("region::Arena", || alone(|| fill(&Arena::new())))
        .add_costed("bumpalo", || alone(bumpalo))
        .add_costed("malloc, free", || alone(malloc))
        .add_costed("floor: THP, populated", || alone(|| floor(Pages::Transparent)))
        .add_costed("Arena over THP", || alone(|| fresh_in(Pages::Transparent)));
    if hugetlb {
        duel = duel
            .add_costed("floor: hugetlb, populated", || alone(|| floor(Pages::Huge2M)))
            .add_costed("Arena over hugetlb", || alone(|| fresh_in(Pages::Huge2M)));
    }
    duel.run();

    let mut duel = Duel::new("drop of 1 GiB", 1, ROUNDS)
        .add_costed("in transparent huge pages", || drop_of(Pages::Transparent))
        .add_costed("in 4 KiB pages", || drop_of(Pages::Base));
    if hugetlb {
        duel = duel.add_costed("in hugetlb pages", || drop_of(Pages::Huge2M));
    }
    duel.run();

    let kinds = [Pages::Transparent, Pages::Base, Pages::Huge2M];
    let mut regions: Vec<Region> = kinds.into_iter().filter_map(region).collect();
    let mut duel = Duel::new("chase of pointers over 1 GiB", STEPS as u64, 2 * ROUNDS);
    for region in &mut regions {
        let (start, kind) = (ring(region), region.granted());
        println!("{kind:?}: {}", region.page_stats(..).unwrap());
        let name = match kind {
            Pages::Transparent => "transparent huge pages",
            Pages::Base => "4 KiB pages",
            _ => "hugetlb pages",
        };
        duel = duel.add(name, move || chase(start));
    }
    duel.run();
}
