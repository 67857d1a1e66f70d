//! A number that differs between threads and mostly stays the same within one, without thread-local storage.
//!
//! Threads differ by where their stacks are. The first threads of a process get the numbers 0, 1, 2 and so on, so
//! that a few threads have different slots however few slots there are. A number is only a hint: two threads that have
//! the same one use the same slot or magazine first, and one of them goes on to another.

use crate::policy::WHOLE_CACHE;
use crate::sync::global::{AtomicUsize, Ordering};

/// Hints are below this. A power of two, and the most slots that anything keeps.
pub(crate) const HINTS: usize = 64;
const _: () = assert!(HINTS.is_power_of_two());

/// How many entries a thread looks at before it takes one over.
const TRIES: usize = 8;

/// A thread and its number. Read by all threads, and seldom written.
struct Entry {
    /// The tag of the thread; 0 for none.
    tag: AtomicUsize,
    number: AtomicUsize,
}

static THREADS: [Entry; HINTS] = [const { Entry { tag: AtomicUsize::new(0), number: AtomicUsize::new(0) } }; HINTS];

/// How many numbers were given.
static GIVEN: AtomicUsize = AtomicUsize::new(0);
/// How often a thread took over the number of another, which mostly has ended.
static TURN: AtomicUsize = AtomicUsize::new(0);

/// The calling thread's number, below [`HINTS`].
///
/// Costs a multiplication and a load, and no thread-local storage. Where one thread runs on many small
/// stacks it has many numbers. Where there are more threads than numbers, or threads with stacks below 128 KiB, some
/// have the same.
// (`.sync.none`)
#[inline]
pub(crate) fn thread_hint() -> usize {
    THREADS[thread_entry() & (HINTS - 1)].number.load(Ordering::Relaxed) & (HINTS - 1)
}

/// The number of the calling thread's entry in the table, below [`HINTS`]: it differs between threads as the hint does,
/// and is not among the first few. It is known a load earlier, as the processor foresees that the tag is right.
#[inline]
pub(crate) fn thread_entry() -> usize {
    match entry_at_once() {
        Some(entry) => entry,
        None => entry_elsewhere(thread_tag()),
    }
}

/// The same, unless the thread's entry has to be looked for.
#[inline(always)]
pub(crate) fn entry_at_once() -> Option<usize> {
    // All threads of a model have one entry, so that they meet and each run does the same. The archive that is built for
    // size has one for all, too.
    if cfg!(loom) || !WHOLE_CACHE {
        return Some(0);
    }
    entry_of(thread_tag())
}

/// The entry of a tag, if it is the first one that a thread of this tag looks at.
#[inline(always)]
fn entry_of(tag: usize) -> Option<usize> {
    let first = scatter(tag);
    // Below `HINTS` anyway. The mask lets the compiler know it, and leave out the panic.
    (THREADS[first & (HINTS - 1)].tag.load(Ordering::Relaxed) == tag).then_some(first)
}

/// Entries that the calling thread has if its stack is in use a unit further up or down: where the caller is near the end of
/// a unit, functions that it calls are in another one.
pub(crate) fn nearby_entries() -> impl Iterator<Item = usize> {
    // Where all threads have one entry there are no others.
    let tags = neighbours(thread_tag()).into_iter().filter(|_| !cfg!(loom) && WHOLE_CACHE);
    tags.filter_map(entry_of)
}

/// The entry of a thread whose first one is another's: the next that nobody uses, or one that it takes over. Each time
/// another one, so that threads that met part.
#[cold]
#[inline(never)]
fn entry_elsewhere(tag: usize) -> usize {
    let near = |turn: usize| scatter(tag).wrapping_add(turn) & (HINTS - 1);
    for at in (0..TRIES).map(near) {
        let entry = &THREADS[at & (HINTS - 1)];
        let seen = entry.tag.load(Ordering::Relaxed);
        if seen == 0 && entry.tag.compare_exchange(0, tag, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            entry.number.store(GIVEN.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        } else if seen != tag {
            continue;
        }
        return at;
    }
    let at = near(TURN.fetch_add(1, Ordering::Relaxed) % TRIES);
    THREADS[at & (HINTS - 1)].tag.store(tag, Ordering::Relaxed);
    at
}

/// Where the thread's stack is, in units that are no more than the smallest stack that threads are given (128 KiB, with
/// musl): never 0. Threads that run at the same time mostly have different ones.
#[inline]
fn thread_tag() -> usize {
    tag_of(stack())
}

#[inline(always)]
fn tag_of(address: usize) -> usize {
    address >> SMALLEST_STACK | 1 << (usize::BITS - 1)
}

/// The tags of the units above and below. Neither wraps, as a tag has its highest bit set and the next ones clear.
fn neighbours(tag: usize) -> [usize; 2] {
    [tag + 1, tag - 1]
}

/// 2 to the power of this is the length of the smallest stack that threads are given.
const SMALLEST_STACK: u32 = 17;

/// An address in the calling thread's stack.
#[inline(always)]
fn stack() -> usize {
    // A variable would do here too, but its callers would make room for it, and their last calls could not be jumps.
    #[cfg(all(target_arch = "x86_64", target_pointer_width = "64", not(miri)))]
    {
        let here: usize;
        // SAFETY: copies a register, and does nothing else.
        unsafe { core::arch::asm!("mov {}, rsp", out(reg) here, options(nomem, nostack, preserves_flags)) };
        here
    }
    #[cfg(not(all(target_arch = "x86_64", target_pointer_width = "64", not(miri))))]
    {
        let here = core::mem::MaybeUninit::<u8>::uninit();
        (&raw const here).addr()
    }
}

/// A number below [`HINTS`] for any number: neighbours land far apart.
#[inline]
fn scatter(number: usize) -> usize {
    /// 2 to the power of the word's bits over the golden ratio: its upper half, where words are half as long.
    const GOLDEN: usize = (0x9e37_79b9_7f4a_7c15_u64 >> (u64::BITS - usize::BITS)) as usize;
    const _: () = assert!(GOLDEN % 2 == 1);
    number.wrapping_mul(GOLDEN) >> (usize::BITS - HINTS.ilog2())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Barrier;
    use std::vec::Vec;

    /// Stacks lie side by side, with a gap or none between.
    #[test]
    fn neighbours_land_in_entries_of_their_own() {
        for (apart, least) in [(1, 32), (2, 29), (3, 32)] {
            let entries: BTreeSet<usize> = (0..32).map(|number| scatter(number * apart)).collect();
            assert!(entries.len() >= least, "{} entries for 32 tags that are {apart} apart", entries.len());
        }
    }

    #[test]
    fn threads_that_run_at_once_have_numbers_of_their_own() {
        const COUNT: usize = 32;
        // By a hash alone 25 would be expected. Where stacks lie, and so which threads meet, differs from run to run.
        const EXPECTED: usize = 30;
        const ROUNDS: usize = 20;
        let mut all = 0;
        for _ in 0..ROUNDS {
            let barrier = Barrier::new(COUNT);
            let numbers: BTreeSet<usize> = std::thread::scope(|scope| {
                let number = || {
                    thread_hint();
                    barrier.wait();
                    let number = thread_hint();
                    assert_eq!(thread_hint(), number, "a thread's number stays");
                    barrier.wait();
                    number
                };
                let threads: Vec<_> = (0..COUNT).map(|_| scope.spawn(number)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            all += numbers.len();
        }
        assert!(all >= ROUNDS * EXPECTED, "{all} numbers in {ROUNDS} rounds of {COUNT} threads");
    }

    #[test]
    fn parts_of_a_stack_that_touch_are_near_each_other() {
        for end in [1 << SMALLEST_STACK, 0x7ffc << SMALLEST_STACK, usize::MAX >> 2 & !((1 << SMALLEST_STACK) - 1)] {
            let (below, above) = (tag_of(end - 1), tag_of(end));
            assert!(
                below != above && neighbours(above).contains(&below) && neighbours(below).contains(&above),
                "{end:#x}"
            );
        }
    }
}
