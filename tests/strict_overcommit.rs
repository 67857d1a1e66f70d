//! Where the system promises no more memory than it has (`vm.overcommit_memory` = 2), and NORESERVE counts for
//! nothing (`.back.region`).
//!
//! The setting is the whole machine's. So the test changes it only for whoever says so, by `REGION_SET_SYSCTLS=1`
//! in the environment (`.ci/run` does), for as long as one child process lives, a moment; and it is a binary of
//! its own, so that no other test runs meanwhile.
#![cfg(all(feature = "os", target_os = "linux", target_pointer_width = "64", not(miri), not(loom)))]

mod support;

use region::cage::{Cage, Slice32};
use region::{Arena, ArenaPool, Heap, PagePool, Region, RegionVec, SharedArena, SyncHeap};
use std::alloc::Layout;
use support::{all, in_child, is_child, skip};

const MIB: usize = 1 << 20;
const SETTING: &str = "/proc/sys/vm/overcommit_memory";

/// The setting as it was, put back when this is dropped: also by a panic.
struct Restore(String);

impl Drop for Restore {
    fn drop(&mut self) {
        std::fs::write(SETTING, &self.0).unwrap();
    }
}

/// The bytes that the system promises at most to all processes together.
fn commit_limit() -> usize {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("CommitLimit:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

#[test]
fn everything_works_where_the_system_promises_only_what_it_has() {
    if is_child() {
        return with_strict_accounting();
    }
    if std::env::var_os("REGION_SET_SYSCTLS").is_none() {
        return skip("strict overcommit: it is set for the whole machine, which REGION_SET_SYSCTLS=1 allows");
    }
    let before = Restore(std::fs::read_to_string(SETTING).unwrap());
    if let Err(refused) = std::fs::write(SETTING, "2") {
        return skip(&format!("strict overcommit: {SETTING} cannot be written: {refused}"));
    }
    in_child("everything_works_where_the_system_promises_only_what_it_has", |_| {});
    let setting = before.0.clone();
    drop(before);
    assert_eq!(std::fs::read_to_string(SETTING).unwrap(), setting);
}

fn with_strict_accounting() {
    assert_eq!(std::fs::read_to_string(SETTING).unwrap().trim(), "2");
    let too_much = commit_limit() + (1 << 30);

    // Small and middling arenas, and what is not promised is refused, without harm.
    let mut arena = Arena::new();
    let rows: Vec<&mut [u8]> = (0..100u8).map(|i| &mut *arena.alloc_slice_copy(&[i; 100_000])).collect();
    let error = arena.try_alloc_slice_zeroed::<u8>(too_much).unwrap_err();
    println!("{error}");
    assert!(error.to_string().contains("ENOMEM (m"), "{error}");
    assert!(rows.iter().enumerate().all(|(i, row)| all(row, i as u8)));
    assert_eq!(*arena.alloc(7), 7);
    arena.reset_keeping(MIB);
    assert!(all(arena.alloc_slice_zeroed::<u8>(8 * MIB), 0));

    // Addresses cost nothing: a reservation beyond any promise is had, and commits by `mprotect`.
    let large = Arena::try_with_reservation(1 << 40).unwrap();
    let row = large.alloc_slice_zeroed::<u8>(16 * MIB);
    row.fill(3);
    let error = large.try_alloc_slice_zeroed::<u8>(too_much).unwrap_err();
    assert!(error.to_string().contains("ENOMEM (mprotect)"), "{error}");
    assert!(all(row, 3) && large.reserved() >= 1 << 40);
    assert!(all(large.try_alloc_slice_copy(&[4u8; 100_000]).unwrap(), 4));

    let mut values = RegionVec::<u64>::try_with_reservation(too_much).unwrap();
    values.extend(0..50_000);
    assert!(values.try_reserve(too_much / 8 - 100_000).is_err());
    assert!(values.iter().enumerate().all(|(i, value)| *value == i as u64));
    values.push(1);

    // What asks for memory and not for addresses is refused, and says so.
    for refused in [Region::new(too_much).map(drop), SharedArena::new(too_much).map(drop)] {
        let error = refused.unwrap_err();
        assert!(
            error.is(region::error::Errno::ENOMEM) && error.to_string().contains("no memory or address space left"),
            "{error}"
        );
    }
    assert!(PagePool::new(1 << 16, too_much >> 16).is_err());
    let mut reserved = Region::reserve(too_much).unwrap();
    assert!(reserved.commit(..).unwrap_err().is(region::error::Errno::ENOMEM));
    reserved.commit(..MIB).unwrap();
    reserved.as_mut_slice()[MIB - 1] = 1;

    // A cage has all of its addresses, and heaps have their chunks; what is not promised is refused, and blocks stay.
    region::cage! { struct Strict; }
    let tree = Strict::arena();
    let values = Slice32::<u64, Strict>::from_iter_in(0..100_000, &tree);
    assert_eq!(Strict::stats().reserved, 32 << 30);
    assert!(tree.try_alloc_slice_zeroed::<u8>(too_much).is_err());
    assert!(values.iter().copied().eq(0..100_000));
    assert!(tree.alloc_slice_zeroed::<u8>(80 * MIB).iter().step_by(4096).all(|byte| *byte == 0));
    let (heap, shared_heap) = (Heap::new(), SyncHeap::new());
    let layout = Layout::from_size_align(too_much, 1).unwrap();
    for size in [24, 5_000, 3 * MIB] {
        let layout = Layout::from_size_align(size, 8).unwrap();
        for block in [heap.alloc_layout(layout), shared_heap.alloc_layout(layout)] {
            // SAFETY: the block has so many bytes.
            unsafe { block.write_bytes(1, size) };
        }
    }
    assert!(heap.try_alloc_layout(layout).is_err() && shared_heap.try_alloc_layout(layout).is_err());
    assert_eq!((heap.stats().blocks, shared_heap.stats().blocks), (3, 3));

    // The rest is as ever.
    let pool = PagePool::new(1 << 14, 1000).unwrap();
    assert!(all(&pool.take_many_zeroed(50).unwrap(), 0));
    let arenas = ArenaPool::new();
    assert_eq!(*arenas.member().alloc_str("member"), *"member");
    let shared = SharedArena::new(MIB).unwrap();
    assert_eq!(shared.read(shared.alloc(5u64).unwrap()), Ok(5));
}
