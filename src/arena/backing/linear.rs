//! Blocks of WebAssembly's linear memory, which grows and never shrinks (`.back.linear`).
//!
//! What is given back is kept in one list for the next arenas, whoever makes them: free ranges by address, neighbours
//! joined. A thread takes the whole list to look at it, and puts it back; another one finds no list meanwhile, and grows
//! the memory. So nobody waits, and without threads nothing is lost. Where memory cannot be got at all, two threads at
//! once may be refused what one alone would find.
//!
//! The list is plain memory and is tested on any system. `memory.grow` is made in `sys`.

#[cfg(target_family = "wasm")]
use super::{Backing, Block};
#[cfg(target_family = "wasm")]
use crate::error::{AllocError, AllocReason};
use crate::sync::global::{AtomicPtr, Ordering};
#[cfg(target_family = "wasm")]
use core::alloc::Layout;
use core::ptr::{NonNull, null_mut};

/// A free range, in its own first bytes.
struct Range {
    len: usize,
    next: *mut Range,
}

/// Free ranges.
struct Free {
    /// The range at the lowest address, or null: there is none, or somebody looks at the list.
    first: AtomicPtr<Range>,
}

impl Free {
    const fn new() -> Self {
        Free { first: AtomicPtr::new(null_mut()) }
    }

    /// Takes `len` bytes from the front of the first range that has as many.
    fn take(&self, len: usize) -> Option<NonNull<u8>> {
        // Acquire: what another thread wrote into the ranges is there.
        let mut first = self.first.swap(null_mut(), Ordering::Acquire);
        // SAFETY: the list was taken out, so its ranges are this call's alone until they are put back.
        let found = unsafe { cut(&mut first, len) };
        // SAFETY: so is what is left of it.
        unsafe { self.put_back(first) };
        found
    }

    /// Gives a range back.
    ///
    /// # Safety
    /// It is the caller's, may be written, is aligned as a `Range` and long enough for one, and nothing uses it any more.
    unsafe fn give(&self, start: NonNull<u8>, len: usize) {
        let mut first = self.first.swap(null_mut(), Ordering::Acquire);
        // SAFETY: the list was taken out, and the caller promises the range.
        unsafe {
            insert(&mut first, start.as_ptr(), len);
            self.put_back(first);
        }
    }

    /// Puts a list back, with what others put there meanwhile.
    ///
    /// # Safety
    /// The ranges of the list are the caller's, who does not use them any more.
    unsafe fn put_back(&self, mut list: *mut Range) {
        // Release: whoever takes the list sees its ranges.
        while !list.is_null()
            && self.first.compare_exchange(null_mut(), list, Ordering::Release, Ordering::Relaxed).is_err()
        {
            let mut other = self.first.swap(null_mut(), Ordering::Acquire);
            while let Some(range) = NonNull::new(other) {
                // SAFETY: both lists are this call's alone, and a range is read before its bytes get into the other list.
                unsafe {
                    let Range { len, next } = range.read();
                    insert(&mut list, range.as_ptr().cast(), len);
                    other = next;
                }
            }
        }
    }
}

/// Cuts `len` bytes from the front of the first range of the list that has as many. Ranges and `len` are multiples of
/// something that a `Range` fits.
///
/// # Safety
/// The list is the caller's.
unsafe fn cut(first: &mut *mut Range, len: usize) -> Option<NonNull<u8>> {
    let mut link: *mut *mut Range = first;
    loop {
        // SAFETY: the link is the caller's variable or in a range of the list, and each range begins with a `Range`. What
        // is left of a range is a multiple as its whole was, so that the next `Range` fits.
        unsafe {
            let range = NonNull::new(*link)?;
            let Range { len: has, next } = range.read();
            if has >= len {
                *link = next;
                if has > len {
                    let rest = range.byte_add(len);
                    rest.write(Range { len: has - len, next });
                    *link = rest.as_ptr();
                }
                return Some(range.cast());
            }
            link = &raw mut (*range.as_ptr()).next;
        }
    }
}

/// Puts a range into the list, and joins it with its neighbours.
///
/// # Safety
/// The list and the range are the caller's, and a `Range` fits into the latter.
unsafe fn insert(first: &mut *mut Range, start: *mut u8, mut len: usize) {
    let (mut link, mut before): (*mut *mut Range, *mut Range) = (first, null_mut());
    // SAFETY: the link is the caller's variable or in a range of the list, and each of those begins with a `Range`, as the
    // new one may. Two ranges that touch are one piece of the program's memory, whose pointers may lead to all of
    // it. No range of the list meets the new one, which was handed out until now.
    unsafe {
        while !(*link).is_null() && (*link).addr() < start.addr() {
            before = *link;
            link = &raw mut (*before).next;
        }
        let mut next = *link;
        if !next.is_null() && start.addr() + len == next.addr() {
            len += (*next).len;
            next = (*next).next;
        }
        if !before.is_null() && before.addr() + (*before).len == start.addr() {
            (*before).len += len;
            (*before).next = next;
        } else {
            let range = start.cast::<Range>();
            range.write(Range { len, next });
            *link = range;
        }
    }
}

/// WebAssembly's linear memory, the default there: grown page by page of 64 KiB, and kept for the next arenas when it
/// comes back, as a module's memory never shrinks.
///
/// *Cost*: a `memory.grow` for each block, which is as long as the two before it; a step for each free range where blocks
/// come back. *RAM*: hosts take it at first touch. *Threads*: `Send` and `Sync`; it holds no state.
#[cfg(target_family = "wasm")]
#[derive(Clone, Copy, Debug, Default)]
pub struct LinearMemory;

#[cfg(target_family = "wasm")]
static FREE: Free = Free::new();

// SAFETY: a block is a range that was grown for this call or taken out of the list of free ranges, so nothing else uses it
// until it is released, and all of it may be touched. What was grown is zero; what was used before counts as dirty.
#[cfg(target_family = "wasm")]
unsafe impl Backing for LinearMemory {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        use crate::policy::LINEAR_STEP_MOST;
        use crate::sys::{PAGE, grow};
        let fail = |reason| AllocError::new(layout.size(), reason);
        // Blocks begin at a page, so more alignment needs padding.
        let padded = layout.size().checked_add(layout.align().saturating_sub(PAGE));
        let need = padded.and_then(|bytes| bytes.max(1).checked_next_multiple_of(PAGE));
        let need = need.filter(|&need| need <= isize::MAX as usize).ok_or(fail(AllocReason::TooLarge))?;
        // If as much as the block before cannot be had, what is needed may be.
        let ample = need.max(previous.saturating_mul(2).min(LINEAR_STEP_MOST).next_multiple_of(PAGE));
        let block = |start, len, dirty| Block { start, len, ready: len, dirty, tag: 0 };
        [ample, need]
            .into_iter()
            .find_map(|len| {
                let kept = FREE.take(len).map(|start| block(start, len, len));
                kept.or_else(|| grow(len).map(|start| block(start, len, 0)))
            })
            .ok_or(fail(AllocReason::Grow))
    }

    unsafe fn commit(&self, _: &mut Block, _: usize) -> Result<(), AllocError> {
        // A block is ready to its end, so no more of it is ever needed.
        Ok(())
    }

    unsafe fn decommit(&self, _: &mut Block, _: usize) {}

    fn adopts(&self, _: &Self, _: &Block) -> bool {
        true
    }

    unsafe fn release(&self, block: &Block) {
        // SAFETY: the caller is the block's only owner and uses it no more; it is of whole pages.
        unsafe { FREE.give(block.start, block.len) };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    const UNIT: usize = 64;

    /// The free ranges, from the start of the memory, in units.
    fn ranges(free: &Free, base: *mut u8) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut range = free.first.load(Ordering::Relaxed);
        while !range.is_null() {
            // SAFETY: only this thread uses the list.
            let Range { len, next } = unsafe { range.read() };
            found.push(((range.addr() - base.addr()) / UNIT, len / UNIT));
            range = next;
        }
        found
    }

    proptest! {
        /// Against a map of units: what is out meets nothing else, and free neighbours are one range.
        #[test]
        fn ranges_are_cut_and_joined(steps in proptest::collection::vec((any::<bool>(), 1..9usize, any::<prop::sample::Index>()), 0..200)) {
            const UNITS: usize = 64;
            let mut memory = std::vec![0u64; UNITS * UNIT / 8];
            let base = memory.as_mut_ptr().cast::<u8>();
            let (free, mut map, mut out) = (Free::new(), [true; UNITS], Vec::new());
            // SAFETY: the memory is this test's.
            unsafe { free.give(NonNull::new(base).unwrap(), UNITS * UNIT) };
            for (take, units, which) in steps {
                if take {
                    let fits = map.windows(units).any(|run| run.iter().all(|&is_free| is_free));
                    let taken = free.take(units * UNIT);
                    prop_assert_eq!(taken.is_some(), fits);
                    if let Some(start) = taken {
                        let at = (start.addr().get() - base.addr()) / UNIT;
                        prop_assert!(map[at..at + units].iter().all(|&is_free| is_free));
                        map[at..at + units].fill(false);
                        // SAFETY: the bytes were taken out.
                        unsafe { start.write_bytes(0xff, units * UNIT) };
                        out.push((start, at, units));
                    }
                } else if !out.is_empty() {
                    let (start, at, units) = out.swap_remove(which.index(out.len()));
                    map[at..at + units].fill(true);
                    // SAFETY: the range was taken out, and is not used any more.
                    unsafe { free.give(start, units * UNIT) };
                }
                let mut expected = Vec::new();
                let mut at = 0;
                for run in map.chunk_by(|a, b| a == b) {
                    if run[0] {
                        expected.push((at, run.len()));
                    }
                    at += run.len();
                }
                prop_assert_eq!(ranges(&free, base), expected);
            }
        }
    }

    #[test]
    fn threads_that_meet_lose_nothing() {
        const UNITS: usize = 64;
        let mut memory = std::vec![0u64; UNITS * UNIT / 8];
        let base = NonNull::new(memory.as_mut_ptr().cast::<u8>()).unwrap();
        let free = Free::new();
        // SAFETY: the memory is this test's.
        unsafe { free.give(base, UNITS * UNIT) };
        std::thread::scope(|scope| {
            for thread in 1..=4u8 {
                let free = &free;
                scope.spawn(move || {
                    for round in 0..10_000 {
                        let len = (round % 5 + 1) * UNIT;
                        let Some(start) = free.take(len) else { continue };
                        // SAFETY: the bytes were taken out, and are given back after that.
                        unsafe {
                            start.write_bytes(thread, len);
                            std::thread::yield_now();
                            let bytes = core::slice::from_raw_parts(start.as_ptr(), len);
                            assert!(bytes.iter().all(|&byte| byte == thread), "two threads have a range");
                            free.give(start, len);
                        }
                    }
                });
            }
        });
        assert_eq!(ranges(&free, base.as_ptr()), [(0, UNITS)]);
    }
}
