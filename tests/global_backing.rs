//! Arenas over the global allocator: how often they ask it, and that they give everything back.

use region::Arena;
use region::backing::Global;
use region::error::AllocReason;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counting what this thread has from it and refusing when told.
struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn take(layout: Layout, from: unsafe fn(&System, Layout) -> *mut u8) -> *mut u8 {
    CALLS.set(CALLS.get() + 1);
    if layout.size() > MOST.get() {
        return std::ptr::null_mut();
    }
    // What another thread allocated may be freed here, so the count may pass zero.
    HELD.set(HELD.get().wrapping_add(layout.size()));
    // SAFETY: the layout is the caller's, passed on.
    unsafe { from(&System, layout) }
}

// SAFETY: the system's allocator, but for refusals, which are allowed.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout, System::alloc)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout, System::alloc_zeroed)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn blocks_double_and_all_go_back() {
    let (calls, held) = (CALLS.get(), HELD.get());
    let mut arena = Arena::<8, Global>::new_in(Global);
    assert_eq!(CALLS.get(), calls, "an empty arena asks for nothing");
    for i in 0..1 << 20u64 {
        assert_eq!(*arena.alloc(i), i);
    }
    assert!(CALLS.get() - calls <= 14, "{} calls for 8 MiB", CALLS.get() - calls);
    assert!(HELD.get().wrapping_sub(held) <= 3 * (8 << 20));
    arena.reset();
    let kept = CALLS.get();
    arena.alloc_slice_fill_copy(4 << 20, 1u8);
    assert_eq!(CALLS.get(), kept, "a reset keeps the largest block");
    drop(arena);
    assert_eq!(HELD.get(), held);
}

#[test]
fn zeroes_are_zeroes_in_short_and_long_blocks() {
    let mut arena = Arena::<1, Global>::new_in(Global);
    for _ in 0..3 {
        for len in [10, 3_000, 200_000] {
            assert!(arena.alloc_slice_zeroed::<u8>(len).iter().all(|&byte| byte == 0));
            arena.alloc_slice_fill_copy(len, 0xaau8);
        }
        arena.reset();
    }
}

#[test]
fn alignments_above_mallocs_hold() {
    let arena = Arena::<8, Global>::new_in(Global);
    for align in [16, 64, 4096, 1 << 20] {
        let place = arena.alloc_layout(Layout::from_size_align(5000, align).unwrap());
        assert_eq!(place.addr().get() % align, 0);
        // SAFETY: the bytes were just handed out.
        unsafe { place.write_bytes(7, 5000) };
    }
}

#[test]
fn a_refusal_says_so_and_loses_nothing() {
    let held = HELD.get();
    let arena = Arena::<8, Global>::new_in(Global);
    let kept = arena.alloc_slice_fill_copy(1_000, 3u8);
    MOST.set(100_000);
    assert_eq!(arena.try_alloc_slice_fill_copy(200_000, 1u8).unwrap_err().reason(), AllocReason::Refused);
    let exact = arena.try_alloc_slice_fill_copy(90_000, 2u8).map(|row| row.len());
    MOST.set(usize::MAX);
    assert_eq!(exact, Ok(90_000), "what is needed is had where twice as much is not");
    assert_eq!(
        arena.try_alloc_layout(Layout::from_size_align(isize::MAX as usize - 15, 16).unwrap()).unwrap_err().reason(),
        AllocReason::TooLarge
    );
    assert!(kept.iter().all(|&byte| byte == 3));
    drop(arena);
    assert_eq!(HELD.get(), held);
}
