//! What arenas, pools and regions say about themselves.

#![cfg(all(feature = "os", unix))]

use region::{Arena, PagePool, Region};

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
    packed.alloc(1u64);
    assert_eq!((packed.used(), packed.wasted()), (16, Some(7)));
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
