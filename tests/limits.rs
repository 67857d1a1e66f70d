//! Arenas in processes that may not have much: address space, data, or a fork (`.back.fallback`).
//!
//! Each test runs in a process of its own, which sets the limit before it makes an arena.
#![cfg(all(target_os = "linux", not(miri)))]

mod support;

use region::error::AllocReason;
use region::{Arena, Region, page_size};
use support::{Fork, all, forked, in_a_process_of_its_own, limit, status};

const MIB: usize = 1 << 20;

/// Allocates rows until memory is refused, and says how many there were and why they ended.
fn until_refused(arena: &Arena, row: usize) -> (Vec<&mut [u8]>, region::AllocError) {
    let mut rows = Vec::with_capacity(1 << 16);
    loop {
        match arena.try_alloc_slice_zeroed::<u8>(row) {
            Ok(new) => {
                new.fill(rows.len() as u8);
                rows.push(new);
            }
            Err(error) => return (rows, error),
        }
    }
}

fn intact(rows: &[&mut [u8]]) {
    for (i, row) in rows.iter().enumerate() {
        assert!(all(row, i as u8), "row {i} was overwritten");
    }
}

/// `ulimit -v 1048576`
#[test]
fn an_arena_works_in_1_gib_of_addresses() {
    in_a_process_of_its_own!("an_arena_works_in_1_gib_of_addresses");
    limit(libc::RLIMIT_AS, 1 << 30);
    let mut arena = Arena::new();
    let small: Vec<_> = (0..100_000u64).map(|i| arena.alloc([i; 3])).collect();
    assert!(small.iter().enumerate().all(|(i, value)| **value == [i as u64; 3]));
    assert!(all(arena.alloc_slice_zeroed::<u8>(200 * MIB), 0));
    arena.reset();
    let (rows, error) = until_refused(&arena, MIB);
    assert!(rows.len() >= 400, "no more than {} MiB of 1 GiB were had", rows.len());
    assert!(error.to_string().contains("RLIMIT_AS"), "{error}");
    intact(&rows);
}

/// In a forked child, which has one thread: the harness's other one may take memory for itself between the reading
/// of what is mapped and the limit, or give some back.
#[test]
fn the_last_pages_of_address_space_serve_values_that_fit_them() {
    in_a_process_of_its_own!("the_last_pages_of_address_space_serve_values_that_fit_them");
    let status = forked(|| {
        let arena = Arena::new();
        let first = arena.alloc_slice_fill_copy(64 << 10, 255u8);
        // Fewer than a first block's.
        limit(libc::RLIMIT_AS, (status("VmSize") + 10 * page_size()) as u64);
        let rows: [_; 8] = std::array::from_fn(|i| arena.try_alloc_slice_fill_copy(page_size() - 96, i as u8));
        rows.iter().enumerate().all(|(i, row)| row.as_ref().is_ok_and(|row| all(row, i as u8))) && all(first, 255)
    });
    assert_eq!(status, 0);
}

#[test]
fn an_arena_works_in_little_address_space_and_says_what_it_lacks() {
    in_a_process_of_its_own!("an_arena_works_in_little_address_space_and_says_what_it_lacks");
    limit(libc::RLIMIT_AS, (status("VmSize") + 64 * MIB) as u64);
    let mut arena = Arena::new();
    for _ in 0..3 {
        let (rows, error) = until_refused(&arena, 100_000);
        let text = error.to_string();
        println!("{} rows, then: {text}", rows.len());
        assert!(rows.len() >= 300, "only {} rows of 100 kB in 64 MiB", rows.len());
        assert!(text.starts_with("cannot allocate "), "{text}");
        assert!(text.contains("ENOMEM (mmap)") && text.contains("(RLIMIT_AS)"), "{text}");
        assert!(matches!(error.reason(), AllocReason::Os(error) if error.is(region::error::Errno::ENOMEM)));
        intact(&rows);
        while arena.try_alloc(7u64).is_ok() && arena.used() % 100_000 != 0 {}
        intact(&rows);
        arena.reset_keeping(1 << 16);
    }
    assert!(Arena::try_with_reservation(1 << 29).unwrap_err().to_string().contains("(RLIMIT_AS)"));
    assert!(Arena::try_with_capacity(1 << 30).unwrap_err().to_string().contains("(RLIMIT_AS)"));
    assert_eq!(*arena.alloc(3u8), 3);
}

#[test]
fn an_arena_works_where_data_is_limited() {
    in_a_process_of_its_own!("an_arena_works_where_data_is_limited");
    // Address space is free, what is writable is not: the arena commits by `mprotect`.
    limit(libc::RLIMIT_DATA, (status("VmData") + 64 * MIB) as u64);
    let mut arena = Arena::new();
    for _ in 0..3 {
        let (rows, error) = until_refused(&arena, 100_000);
        println!("{} rows, then: {error}", rows.len());
        assert!(rows.len() >= 655, "only {} rows of 100 kB in 64 MiB", rows.len());
        assert!(error.to_string().contains("ENOMEM (mprotect)") || error.to_string().contains("ENOMEM (mmap)"));
        intact(&rows);
        // On 32 bits the longest region has 128 MiB, less what its start is moved.
        assert!(arena.reserved() >= if usize::BITS == 64 { 1 << 30 } else { 2 * 64 * MIB - 2 * MIB });
        arena.reset();
    }
    arena.alloc_slice_fill_copy(30 * MIB, 1u8);
    let mark = arena.mark();
    assert!(arena.try_alloc_slice_fill_copy(40 * MIB, 1u8).is_err());
    assert!(arena.try_alloc_slice_fill_copy(20 * MIB, 1u8).is_ok());
    // SAFETY: no value is used any more, and nothing was rewound further.
    unsafe { arena.rewind(mark) };
    assert!(all(arena.try_alloc_slice_zeroed::<u8>(20 * MIB).unwrap(), 0));
}

/// All of the address space is taken by reservations; the arena was made before.
#[test]
fn an_arena_outlives_a_full_address_space() {
    in_a_process_of_its_own!("an_arena_outlives_a_full_address_space");
    let mut arena = Arena::new();
    arena.alloc([1u8; 1000]);
    let mut taken = Vec::with_capacity(4096);
    // Most of what addresses there are, then ever less.
    let mut len = isize::MAX as usize >> if usize::BITS == 64 { 17 } else { 0 };
    while len >= 4096 {
        match Region::reserve(len) {
            Ok(region) if taken.len() < taken.capacity() => taken.push(region),
            _ => len /= 2,
        }
    }
    let (rows, error) = until_refused(&arena, 1000);
    let more = arena.try_alloc(7u64).is_ok();
    let used = arena.used();
    drop(taken.pop());
    // Room to speak again.
    taken.truncate(8);
    println!("{} rows, then: {error}", rows.len());
    assert!(rows.len() >= 60 && used >= 60_000 && more);
    assert!(error.to_string().contains("ENOMEM (mmap)") && error.to_string().contains("no memory or address space"));
    intact(&rows);
    assert!(arena.try_alloc_slice_fill_copy(MIB, 1u8).is_ok());
    arena.reset();
    assert_eq!(*arena.alloc(3u8), 3);
}

#[test]
fn after_a_fork_both_sides_have_an_arena_of_their_own() {
    in_a_process_of_its_own!("after_a_fork_both_sides_have_an_arena_of_their_own");
    let mut arena = Arena::new();
    let kept: Vec<_> = (0..200u8).map(|i| arena.alloc([i; 10_000])).collect();
    let fork = Fork::new();
    let mine = if fork.is_child() { 0xcc } else { 0x33 };
    let more: Vec<_> = (0..200).map(|_| arena.alloc([mine; 10_000])).collect();
    let mut fine = kept.iter().enumerate().all(|(i, row)| all(&row[..], i as u8));
    fine &= more.iter().all(|row| all(&row[..], mine));
    arena.reset_keeping(MIB);
    fine &= all(arena.alloc_slice_zeroed::<u8>(8 * MIB), 0);
    drop(arena);
    fork.join(fine);
}
