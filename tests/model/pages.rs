//! Any row of operations on a page pool against a list of its blocks: out or free, warm or not.
//!
//! Does not choose the operations: property tests and fuzzers do.

use region::pool::Page;
use region::{PagePool, page_size};
use std::collections::BTreeMap;

/// What can be done to a pool.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Take,
    TakeZeroed,
    TakeMany(usize),
    GiveBack(usize),
    GiveBackRaw(usize),
    Trim(usize),
}

/// A block's number, from its address and that of the lowest block.
pub fn number(pool: &PagePool, base: usize, page: &Page<'_>) -> usize {
    (page.as_ptr().addr() - base) / pool.block_size()
}

/// The address of block 0 of a pool that has it free.
pub fn base_of(pool: &PagePool) -> usize {
    let page = pool.take().unwrap();
    page.as_ptr().addr()
}

pub fn touch(page: &mut Page<'_>) {
    let step = page_size();
    for byte in page.iter_mut().step_by(step) {
        byte.write(0xff);
    }
}

/// Does all of the steps, and checks every figure after each.
pub fn check(steps: &[Step], capacity: usize, slots: usize) {
    let pool = PagePool::options().block_size(page_size()).capacity(capacity).slots(slots).map().unwrap();
    let base = base_of(&pool);
    pool.trim(0).unwrap();
    let mut out: BTreeMap<usize, Page<'_>> = BTreeMap::new();
    let mut free = vec![true; capacity];
    let mut warm = vec![false; capacity];
    for &step in steps {
        let count = if let Step::TakeMany(count) = step { count } else { 1 };
        let lowest = (0..capacity).find(|&at| at + count <= capacity && free[at..at + count].iter().all(|&f| f));
        match step {
            Step::Take | Step::TakeZeroed | Step::TakeMany(_) => {
                let taken = match step {
                    Step::Take => pool.take(),
                    Step::TakeMany(count) => pool.take_many(count),
                    _ => pool.take_zeroed().map(|page| {
                        assert!(page.iter().all(|&byte| byte == 0));
                        // SAFETY: the blocks came from `into_raw` just now.
                        unsafe { Page::from_raw(&pool, page.into_raw()) }.unwrap()
                    }),
                };
                assert_eq!(taken.is_ok(), lowest.is_some(), "{:?} {:?}", taken, lowest);
                if let Ok(mut page) = taken {
                    let at = number(&pool, base, &page);
                    if slots == 0 {
                        assert_eq!(Some(at), lowest);
                    }
                    assert_eq!(page.blocks(), count);
                    for block in at..at + count {
                        assert!(free[block], "block {} was out", block);
                        (free[block], warm[block]) = (false, true);
                    }
                    touch(&mut page);
                    out.insert(at, page);
                }
            }
            Step::GiveBack(which) | Step::GiveBackRaw(which) if !out.is_empty() => {
                let at = *out.keys().nth(which % out.len()).unwrap();
                let page = out.remove(&at).unwrap();
                free[at..at + page.blocks()].fill(true);
                if let Step::GiveBackRaw(_) = step {
                    let count = page.blocks();
                    let raw = page.into_raw().cast::<u8>().as_ptr();
                    // SAFETY: the blocks came from `into_raw` and nobody refers into them.
                    let returned = unsafe { pool.give_back_many_raw(raw, count) };
                    assert!(returned.is_ok(), "{:?}", returned);
                    // SAFETY: the blocks are not out.
                    let returned = unsafe { pool.give_back_many_raw(raw, count) };
                    assert!(returned.is_err());
                }
            }
            Step::GiveBack(_) | Step::GiveBackRaw(_) => {}
            Step::Trim(keep) => {
                let mut candidates: Vec<usize> = (0..capacity).filter(|&at| free[at] && warm[at]).collect();
                let cold = candidates.split_off(keep.min(candidates.len()));
                assert_eq!(pool.trim(keep).unwrap(), cold.len() * page_size());
                for at in cold {
                    warm[at] = false;
                }
            }
        }
        assert_eq!(pool.taken(), free.iter().filter(|&&free| !free).count());
        assert_eq!(pool.warm(), (0..capacity).filter(|&at| free[at] && warm[at]).count());
        assert_eq!(pool.resident(), warm.iter().filter(|&&warm| warm).count() * page_size());
    }
}
