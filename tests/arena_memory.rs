//! What an arena's memory is and costs: zeroes, buffers, RAM brought in and given back, mappings.
#![cfg(all(target_os = "linux", not(miri)))]

mod support;

use region::backing::{Backing, Mapped};
use region::{Arena, StackBuffer, StaticBuffer};
use std::mem::MaybeUninit;
use support::{all, in_child, is_child, promised};

/// A row of this byte, without a loop.
#[allow(clippy::mut_from_ref)]
fn filled<const MIN_ALIGN: usize, B: Backing>(arena: &Arena<MIN_ALIGN, B>, len: usize, byte: u8) -> &mut [u8] {
    let row = arena.alloc_slice_zeroed::<u8>(len);
    row.fill(byte);
    row
}

/// Dirties and rewinds an arena in every way there is; what is zeroed afterwards must be zero.
fn zeroed_is_zero<const MIN_ALIGN: usize, B: Backing>(arena: &mut Arena<MIN_ALIGN, B>, most: usize) {
    let dirty = |arena: &Arena<MIN_ALIGN, B>| filled(arena, most, 0xff).len();
    let zero = |arena: &Arena<MIN_ALIGN, B>| {
        for len in [0, 1, 7, most / 3, most / 2] {
            assert!(all(arena.alloc_slice_zeroed::<u8>(len), 0));
        }
    };
    zero(arena);
    for round in 0..3 {
        arena.reset();
        dirty(arena);
        arena.reset();
        zero(arena);

        arena.reset();
        let mark = arena.mark();
        dirty(arena);
        // SAFETY: the value is gone, and nothing was rewound further.
        unsafe { arena.rewind(mark) };
        zero(arena);

        for keep in [0, 1, 5_000, most, usize::MAX] {
            arena.reset();
            dirty(arena);
            arena.reset_keeping(keep);
            zero(arena);
            arena.reset();
            arena.alloc_slice_fill_copy(1 + round, 0xffu8);
            arena.reset_keeping(keep);
            zero(arena);
        }

        arena.reset();
        arena.scoped(|scope| scope.alloc_slice_fill_copy(most, 0xffu8).len());
        zero(arena);

        arena.reset();
        assert!(arena.alloc_try_with(|| Err::<[u8; 64], ()>(())).is_err());
        let some = most.min(9_000);
        let fails = arena.alloc_slice_try_fill_with(some, |i| if i + 1 == some { Err(()) } else { Ok(0xffu8) });
        assert!(fails.is_err());
        zero(arena);
        arena.reset();
        assert_eq!(*arena.alloc_fmt(format_args!("{:1$}", 7, 30.min(most))).trim_start(), *"7");
        arena.reset();
        zero(arena);
    }
}

#[test]
fn zeroed_memory_is_zero_whatever_was_there_before() {
    static MEMORY: StaticBuffer<40_000> = StaticBuffer::new();
    zeroed_is_zero(&mut Arena::new(), 20_000);
    zeroed_is_zero(&mut Arena::new(), 4 << 20);
    zeroed_is_zero(&mut Arena::<1>::with_min_align(), 200_000);
    zeroed_is_zero(&mut Arena::<64>::with_min_align(), 700_000);
    zeroed_is_zero(&mut Arena::try_with_reservation(1 << 20).unwrap(), 1 << 20);
    zeroed_is_zero(&mut Arena::from_buffer(MEMORY.take().unwrap()), 40_000);
    let mut memory = [MaybeUninit::new(0xee); 30_000];
    zeroed_is_zero(&mut Arena::from_buffer(&mut memory), 29_000);
    zeroed_is_zero(&mut Arena::with_buffer(&mut memory), 100_000);
    zeroed_is_zero(&mut Arena::with_buffer(&mut memory), 20_000);
}

#[test]
fn a_buffer_is_used_to_its_last_byte_and_no_further() {
    let mut memory = StackBuffer::<1024>::new();
    let mut arena = Arena::from_buffer(&mut memory);
    for round in 0..3u64 {
        let values: Vec<_> = (0..128).map(|i| arena.try_alloc(i ^ round).unwrap()).collect();
        assert!(arena.try_alloc(1u8).is_err());
        assert!(values.iter().enumerate().all(|(i, value)| **value == i as u64 ^ round));
        assert_eq!((arena.used(), arena.reserved(), arena.committed()), (1024, 1024, 1024));
        arena.reset();
    }
    let mut odd = [MaybeUninit::uninit(); 37];
    let arena = Arena::<1, _>::new_in(region::backing::Buffer::new(&mut odd));
    arena.alloc_str(&"x".repeat(37));
    assert!(arena.try_alloc(1u8).is_err());
}

#[test]
fn a_buffer_without_bytes_refuses_everything_but_nothing() {
    let mut none: [MaybeUninit<u8>; 0] = [];
    let arena = Arena::from_buffer(&mut none);
    assert!(arena.try_alloc(1u8).is_err());
    assert!(arena.try_alloc(()).is_ok());
}

#[test]
fn a_static_buffer_is_taken_once() {
    static MEMORY: StaticBuffer<64> = StaticBuffer::new();
    let takers: Vec<_> = (0..8).map(|_| std::thread::spawn(|| MEMORY.take().is_some())).collect();
    assert_eq!(takers.into_iter().map(|taker| taker.join().unwrap()).filter(|&took| took).count(), 1);
    assert!(MEMORY.take().is_none());
}

#[test]
fn a_spill_fills_the_buffer_first_and_returns_to_it() {
    let mut memory = StackBuffer::<512>::new();
    let inside = (&raw const memory).addr()..(&raw const memory).addr() + 512;
    let mut arena = Arena::with_buffer(&mut memory);
    for _ in 0..3 {
        let first = arena.alloc([1u8; 512]);
        assert!(inside.contains(&first.as_ptr().addr()));
        let second = arena.alloc([2u8; 100_000]);
        assert!(!inside.contains(&second.as_ptr().addr()));
        assert!(all(first, 1) && all(second, 2));
        arena.reset();
    }
    arena.reset_keeping(0);
    assert!(inside.contains(&(arena.alloc(1u8) as *mut u8).addr()));
}

/// However long the buffer is, the rest goes on to blocks that are longer.
#[test]
fn a_long_buffer_spills_into_longer_blocks() {
    let mut memory = vec![MaybeUninit::uninit(); 1 << 20];
    let arena = Arena::with_buffer(&mut memory[..]);
    for _ in 0..200 {
        arena.alloc([0u8; 16_384]);
    }
    // The second block has 16 MiB, of which there are fewer where addresses have 32 bits.
    assert!(arena.reserved() > if usize::BITS == 64 { 16 << 20 } else { 8 << 20 }, "{arena:?}");
}

#[test]
fn a_reservation_is_exact() {
    let page = region::page_size();
    for pages in [1, 2, 16, 17, 300, 1024] {
        let mut arena = Arena::try_with_reservation(pages * page - 1).unwrap();
        for _ in 0..2 {
            assert_eq!(arena.reserved(), pages * page);
            let base = arena.alloc_slice_zeroed::<u8>(page - 8).as_ptr().addr();
            assert_eq!(base % page, 0);
            let rest = arena.alloc_slice_fill_copy((pages - 1) * page + 8, 1u8);
            assert!(all(rest, 1));
            assert!(arena.try_alloc(1u8).is_err());
            arena.reset();
        }
    }
    let far = 1 << if usize::BITS == 64 { 40 } else { 29 };
    let arena = Arena::try_with_reservation(far).unwrap();
    assert!(arena.committed() <= 1 << 20 && arena.reserved() == far);
    assert!(Arena::try_with_reservation(isize::MAX as usize / 2 + 1).is_err() || usize::BITS < 64);
}

#[test]
fn a_capacity_needs_no_second_block() {
    for bytes in [0, 1, 65_536, 65_537, 1 << 20, 5 << 30] {
        if !promised(bytes.max(1)) {
            continue;
        }
        let arena = Arena::with_capacity(bytes);
        let reserved = arena.reserved();
        assert!(reserved >= bytes && (bytes == 0) == (reserved == 0));
        assert_eq!(arena.alloc_slice_zeroed::<u8>(bytes).len(), bytes);
        assert_eq!(arena.reserved(), reserved);
    }
}

#[test]
fn a_new_arena_takes_nothing() {
    let arena = Arena::new();
    assert_eq!((arena.used(), arena.committed(), arena.reserved(), arena.resident()), (0, 0, 0, 0));
}

/// One large value among small ones commits what was asked plus one step, here a huge page, and the
/// first block.
#[test]
fn one_large_value_commits_no_more_than_itself_and_a_step() {
    let arena = Arena::new();
    arena.alloc([0u8; 10]);
    arena.alloc_slice_zeroed::<u8>(1 << 20);
    arena.alloc([0u8; 10]);
    let before = arena.committed();
    arena.alloc([0u8; 8 << 10]);
    let asked = 10 + (1 << 20) + 10 + (8 << 10);
    assert!(arena.committed() <= asked + (64 << 10) + (2 << 20), "{arena:?}");
    assert_eq!(arena.committed(), before, "the small values use what is there");
}

#[test]
fn reset_keeping_gives_ram_back_and_keeps_what_it_is_told() {
    let mut arena = Arena::new();
    filled(&arena, 64 << 20, 1);
    assert!(arena.resident() >= 64 << 20);
    arena.reset_keeping(usize::MAX);
    assert!(arena.resident() >= 64 << 20, "all of it was to be kept");
    arena.reset_keeping(8 << 20);
    let resident = arena.resident();
    assert!((8 << 20..=9 << 20).contains(&resident), "{resident}");
    arena.reset_keeping(0);
    assert!(arena.resident() <= 128 << 10, "{}", arena.resident());
    assert!(all(filled(&arena, 1 << 20, 2), 2));
}

/// A field of `/proc/self/statm`, in bytes; 1 is the resident set.
fn resident_set() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * region::page_size()
}

/// In a process of its own: others of this binary touch memory too.
#[test]
fn the_resident_set_is_back_after_small_values_are_reset() {
    if !is_child() {
        return in_child("the_resident_set_is_back_after_small_values_are_reset", |_| {});
    }
    support::huge_pages_on_request();
    let mut arena = Arena::new();
    arena.alloc(1u8);
    let start = resident_set();
    for round in 0..2 {
        for i in 0..(250 << 20) / 32u64 {
            arena.alloc([i; 4]);
        }
        assert!(resident_set() >= start + (240 << 20));
        arena.reset_keeping(1 << 20);
        // Shorter blocks wait for other arenas.
        region::trim();
        let after = resident_set();
        // Linux 6.18 keeps a part of a huge page that has no access any more, where a paranoid arena gives back the rest.
        let most = if cfg!(region_paranoid) { 4 << 20 } else { 2 << 20 };
        assert!(after <= start + most, "round {round}: {} KiB more", (after - start) >> 10);
    }
    drop(arena);
    // What the process keeps for its next arena is bounded, and goes back on request.
    region::trim();
    let after = resident_set();
    assert!(after <= start + (256 << 10), "{} KiB more after the drop", after.saturating_sub(start) >> 10);
}

/// In a process of its own: other threads map memory too.
#[test]
fn a_dropped_arena_leaves_no_mapping() {
    if !is_child() {
        return in_child("a_dropped_arena_leaves_no_mapping", |_| {});
    }
    let large = if promised(6 << 30) { 5 << 30 } else { 100 << 20 };
    let use_them = || {
        let mut arena = Arena::new();
        for _ in 0..2 {
            filled(&arena, 10 << 20, 1);
            arena.alloc(1u8);
            arena.alloc_slice_zeroed::<u8>(large);
            arena.reset_keeping(1 << 20);
        }
        let mut memory = StackBuffer::<64>::new();
        let spill = Arena::with_buffer(&mut memory);
        spill.alloc([0u8; 60]);
        spill.alloc([0u8; 4096]);
        drop(Arena::try_with_reservation(1 << 30));
        drop(Arena::<8, Mapped>::with_capacity(1 << 20));
    };
    // Spans alone: the heap may grow in place for the text itself.
    let anonymous = || {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| !line.contains("[heap]") && !line.contains("[stack]")).count()
    };
    use_them();
    anonymous();
    let (count, size) = (anonymous(), support::status("VmSize"));
    for _ in 0..20 {
        use_them();
    }
    assert_eq!(anonymous(), count);
    assert!(support::status("VmSize") <= size + (1 << 20));
}

#[test]
fn an_arena_may_be_sent_to_another_thread() {
    let arena = Arena::new();
    arena.alloc_slice_fill_copy(100_000, 1u8);
    let mut arena = std::thread::spawn(move || {
        let mark = arena.mark();
        assert!(all(filled(&arena, 1 << 20, 2), 2));
        // SAFETY: the value is gone, and nothing was rewound further.
        unsafe { arena.rewind(mark) };
        arena
    })
    .join()
    .unwrap();
    assert_eq!(arena.used(), 100_000);
    arena.reset();
    assert_eq!(*arena.alloc(5u8), 5);
}
