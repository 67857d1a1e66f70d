//! What was given back to the system is zero when it comes again, whatever part of the library gave it back, and on
//! whatever system: where advice is only a hint, bytes would stay (`.ci/other-unix` runs this there).
#![cfg(all(feature = "os", not(miri), not(loom)))]

use region::backing::RegionBacking;
use region::mapping::Access;
use region::{Arena, PagePool, Region, RegionVec, page_size};

#[test]
fn arenas_hand_out_no_stale_bytes_as_zeroes() {
    for len in [1000, 300_000, 5 << 20] {
        for keep in [0, 100, 70_000] {
            let mut arena = Arena::new();
            for round in 0..3 {
                arena.alloc_slice_fill_copy(len, 0xaau8);
                arena.reset_keeping(keep);
                let zeroes = arena.alloc_slice_zeroed::<u8>(len);
                assert!(zeroes.iter().all(|&byte| byte == 0), "{len} bytes, {keep} kept, round {round}");
                zeroes.fill(0x55);
                arena.reset_keeping(keep);
            }
        }
    }
    let region = Region::new(1 << 20).unwrap();
    let mut arena: Arena<8, _> = Arena::new_in(RegionBacking::new(region));
    arena.alloc_slice_fill_copy(300_000, 0xaau8);
    arena.reset_keeping(0);
    assert!(arena.alloc_slice_zeroed::<u8>(300_000).iter().all(|&byte| byte == 0));
}

#[test]
fn regions_are_zero_where_they_were_given_back_and_keep_the_rest_and_their_access() {
    let page = page_size();
    let mut region = Region::new(8 * page).unwrap();
    region.as_mut_slice().fill(0xaa);
    // Six pages may be read, the first four of them written too.
    region.protect(4 * page..6 * page, Access::Read).unwrap();
    region.protect(6 * page.., Access::None).unwrap();
    region.decommit(2 * page..7 * page).unwrap();
    assert_eq!((region.as_slice().len(), region.as_mut_slice().len()), (6 * page, 4 * page));
    let (kept, given) = region.as_slice().split_at(2 * page);
    assert!(kept.iter().all(|&byte| byte == 0xaa) && given.iter().all(|&byte| byte == 0));
    region.as_mut_slice()[2 * page..].fill(0xbb);
    region.commit(..).unwrap();
    let [six, seven] = [6, 7].map(|at| &region.as_slice()[at * page..(at + 1) * page]);
    assert!(six.iter().all(|&byte| byte == 0) && seven.iter().all(|&byte| byte == 0xaa));
}

#[test]
fn pools_hand_out_no_stale_bytes_as_zeroes() {
    let pool = PagePool::new(page_size(), 64).unwrap();
    let mut pages: Vec<_> = (0..64).map(|_| pool.take_zeroed().unwrap()).collect();
    pages.iter_mut().for_each(|page| page.fill(0xaa));
    drop(pages);
    assert!(pool.trim(3).is_ok());
    let pages: Vec<_> = (0..64).map(|_| pool.take_zeroed().unwrap()).collect();
    assert!(pages.iter().all(|page| page.iter().all(|&byte| byte == 0)));
}

#[test]
fn rows_and_arenas_after_them_take_no_stale_bytes_for_zeroes() {
    let mut row: RegionVec<u8> = RegionVec::new();
    row.resize(3 << 20, 0xaa);
    row.truncate(100);
    row.shrink_to_fit();
    row.resize(3 << 20, 0);
    assert!(row[..100].iter().all(|&byte| byte == 0xaa) && row[100..].iter().all(|&byte| byte == 0));
    drop(row);
    let arena = Arena::new();
    assert!(arena.alloc_slice_zeroed::<u8>(3 << 20).iter().all(|&byte| byte == 0));
}
