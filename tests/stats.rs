//! What arenas, pools and regions say about themselves.

#![cfg(all(feature = "os", unix))]

use region::arena::{ArenaPoolStats, ArenaStats};
use region::mapping::RegionStats;
use region::pool::PagePoolStats;
use region::shared::SharedArenaStats;
use region::typed::BufferStats;
use region::{AppendVec, Arena, ArenaPool, PagePool, Region, RegionVec, SharedArena, TypedArena};

#[test]
fn high_water_outlives_rewinds_and_resets() {
    let mut arena = Arena::new();
    arena.alloc([0u8; 5000]);
    arena.scoped(|scope| _ = scope.alloc_slice_fill_copy(200_000, 1u8));
    assert_eq!((arena.used(), arena.high_water()), (5000, 205_000));
    let failed: Result<&mut [u8; 300_000], ()> = arena.alloc_try_with(|| Err(()));
    assert!(failed.is_err());
    assert_eq!(arena.high_water(), 305_000, "a slot that was given back was in use");
    arena.reset_keeping(0);
    assert_eq!((arena.used(), arena.high_water()), (0, 305_000));
    arena.alloc_slice_fill_copy(400_000, 1u8);
    assert_eq!(arena.high_water(), 400_000);
}

#[test]
fn wasted_counts_what_aligns_and_nothing_else() {
    if cfg!(not(debug_assertions)) {
        assert_eq!(Arena::new().wasted(), None);
        return;
    }
    let mut arena = Arena::new();
    arena.alloc(1u64);
    assert_eq!(arena.wasted(), Some(0));
    arena.alloc(1u8);
    assert_eq!(arena.wasted(), Some(7));
    arena.alloc_str("nine char");
    assert_eq!(arena.wasted(), Some(14));
    let before = arena.used();
    arena.scoped(|scope| _ = scope.alloc(2u8));
    assert_eq!((arena.used(), arena.wasted()), (before, Some(14)), "a scope takes its waste with it");
    assert!(arena.alloc_try_with(|| Err::<u8, _>(())).is_err());
    assert_eq!(arena.wasted(), Some(14), "a slot that was given back wastes nothing");
    arena.reset();
    assert_eq!(arena.wasted(), Some(0));

    let packed = Arena::<1>::with_min_align();
    packed.alloc(1u8);
    packed.alloc(1u32);
    assert_eq!((packed.used(), packed.wasted()), (8, Some(3)));
}

#[test]
fn a_report_names_every_figure_on_one_screen() {
    let arena = Arena::new();
    arena.set_limit(1 << 20);
    arena.alloc_slice_fill_copy(40_000, 1u8);
    let report = arena.to_string();
    for line in [
        "arena in 1 block\n",
        "used ",
        "high water ",
        "resident ",
        "committed ",
        " 64 KiB",
        "limit       1 MiB",
        "wasted ",
    ] {
        assert!(report.contains(line), "{line:?} in\n{report}");
    }
    let pool = PagePool::new(1 << 16, 8).unwrap();
    let _page = pool.take_zeroed().unwrap();
    let pool_report = pool.to_string();
    assert!(pool_report.starts_with("page pool of 8 blocks of 64 KiB\n"), "{pool_report}");
    assert!(pool_report.contains("taken       ███░░░░░░░░░░░░░░░░░░░░░ 64 KiB"), "{pool_report}");
    let region_report = Region::new(1 << 20).unwrap().to_string();
    assert!(region_report.starts_with("region of 1 MiB at 0x"), "{region_report}");
    for report in [report, pool_report, region_report] {
        assert!(report.lines().count() <= 10 && report.lines().all(|line| line.chars().count() <= 80), "{report}");
        println!("{report}\n");
    }
}

/// Each type that holds memory has its numbers as one value, and prints what that value prints.
#[test]
fn stats_are_the_numbers_of_the_type_at_that_moment_and_print() {
    let arena = Arena::new();
    arena.alloc_slice_fill_copy(1000, 1u8);
    arena.set_limit(1 << 20);
    let stats: ArenaStats = arena.stats();
    assert_eq!(
        (stats.blocks, stats.used, stats.high_water, stats.limit),
        (1, arena.used(), arena.high_water(), arena.allocation_limit())
    );
    assert_eq!((stats.committed, stats.reserved), (arena.committed(), arena.reserved()));
    assert_eq!((stats.wasted, stats.resident), (arena.wasted(), arena.resident()));
    assert_eq!(stats.to_string(), arena.to_string());
    arena.alloc(1u64);
    assert_eq!((stats.used, arena.stats().used), (1000, 1008), "a copy stays as it is");

    let mut pool = ArenaPool::new();
    let kept = pool.member();
    pool.member().alloc_slice_fill_copy(5000, 1u8);
    std::mem::forget(kept);
    let stats: ArenaPoolStats = pool.stats();
    assert_eq!((stats.out, stats.holding_values, stats.used), (1, 1, 5000));
    assert_eq!((stats.out, stats.used, stats.resident), (pool.out(), pool.used(), pool.resident()));
    assert!(stats.arenas >= 2);
    let shown = stats.to_string();
    assert!(shown.contains("\n  out         1\n  with values 1\n  used        5000 bytes"), "{shown}");

    let pool = PagePool::new(1 << 16, 8).unwrap();
    let _page = pool.take_zeroed().unwrap();
    let stats: PagePoolStats = pool.stats();
    assert_eq!((stats.block_size, stats.capacity, stats.taken, stats.warm), (1 << 16, 8, 1, pool.warm()));
    assert_eq!((stats.resident, stats.to_string()), (pool.try_resident(), pool.to_string()));

    let mut region = Region::new(1 << 20).unwrap();
    region.as_mut_slice()[0] = 1;
    let stats: RegionStats = region.stats();
    assert_eq!((stats.address, stats.len), (region.as_ptr().addr(), 1 << 20));
    assert_eq!((stats.readable, stats.writable, stats.pages), (1 << 20, 1 << 20, region.page_stats(..)));
    assert_eq!(stats.to_string(), region.to_string());
}

#[test]
fn typed_buffers_and_shared_arenas_have_their_numbers_as_one_value() {
    let vector = RegionVec::from_iter(0..100u64);
    let stats: BufferStats = vector.stats();
    assert_eq!((stats.len, stats.value_size, stats.used), (100, 8, vector.used()));
    assert_eq!(
        (stats.resident, stats.committed, stats.reserved),
        (vector.resident(), vector.committed(), vector.reserved())
    );
    assert!(stats.to_string().starts_with("vector of 100 values, 8 bytes each\n  used "), "{stats}");

    let appended = AppendVec::from_iter([1u8]);
    let stats: BufferStats = appended.stats();
    assert_eq!((stats.len, stats.value_size, stats.to_string()), (1, 1, appended.to_string()));
    assert!(stats.to_string().starts_with("append-only vector of 1 value, 1 byte each\n"), "{stats}");

    let typed = TypedArena::from_iter([1u32, 2]);
    let stats: BufferStats = typed.stats();
    assert_eq!((stats.len, stats.used, stats.to_string()), (2, 8, typed.to_string()));

    let arena = SharedArena::new(1 << 20).unwrap();
    arena.alloc(1u64).unwrap();
    let stats: SharedArenaStats = arena.stats();
    assert_eq!((stats.capacity, stats.used), (arena.capacity(), 8));
    assert_eq!((stats.resident, stats.to_string()), (arena.region().try_resident(), arena.to_string()));
}
