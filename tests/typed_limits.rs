//! Vectors and typed arenas in processes that may not have much: address space, data, or a fork.
//!
//! Each test runs in a process of its own, which sets the limit before it makes anything.
#![cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]

mod support;

use region::error::AllocReason;
use region::{AppendVec, RegionVec, TypedArena};
use support::{Fork, in_a_process_of_its_own, limit, promised, status};

const MIB: usize = 1 << 20;

/// Pushes numbers until there is no more memory, and says how many were pushed and what was said.
fn fill(values: &mut RegionVec<u64>) -> (usize, region::AllocError) {
    loop {
        if let Err(error) = values.try_push(values.len() as u64) {
            assert!(values.iter().enumerate().all(|(i, value)| *value == i as u64));
            return (values.len(), error);
        }
    }
}

/// `ulimit -v`: the reservation shrinks to what can be had, and several share it.
#[test]
fn vectors_share_little_address_space() {
    in_a_process_of_its_own!("vectors_share_little_address_space");
    limit(libc::RLIMIT_AS, (status("VmSize") + 700 * MIB) as u64);
    let mut values = [const { RegionVec::new() }; 4];
    for values in &mut values {
        values.push(0);
        println!("{} of addresses", region::Bytes(values.reserved()));
    }
    let reserved: Vec<_> = values.iter().map(RegionVec::reserved).collect();
    assert!(reserved[0] >= 200 * MIB && reserved.iter().all(|&bytes| bytes >= 16 * MIB));
    for values in &mut values {
        let reserved = values.reserved();
        let (len, error) = fill(values);
        assert!(len * 8 <= reserved && len * 8 >= reserved - 8 * MIB.min(reserved / 8), "{len} of {reserved}: {error}");
        assert!(matches!(error.reason(), AllocReason::Reservation(bytes) if bytes == reserved), "{error}");
        values.clear();
        values.shrink_to_fit();
        values.extend(0..100);
    }
    let error = RegionVec::<u64>::try_with_reservation(1 << 30).unwrap_err();
    assert!(error.to_string().contains("(RLIMIT_AS)"), "{error}");
}

#[test]
fn no_address_space_at_all_is_an_error_that_says_so() {
    in_a_process_of_its_own!("no_address_space_at_all_is_an_error_that_says_so");
    let mut values = RegionVec::new();
    let arena = TypedArena::new();
    limit(libc::RLIMIT_AS, 1);
    let error = values.try_push([0u8; 50_000]).unwrap_err();
    let other = arena.try_alloc([0u8; 50_000]).unwrap_err();
    limit(libc::RLIMIT_AS, 1 << 40);
    assert!(error.to_string().contains("ENOMEM (mmap)"), "{error}");
    assert_eq!((error.size(), other.size()), (50_000, 50_000));
    assert!(values.try_push([0; 50_000]).is_ok() && arena.try_alloc([0; 50_000]).is_ok());
}

/// Address space is free, what is writable is not: rows commit by `mprotect`.
#[test]
fn vectors_work_where_data_is_limited() {
    in_a_process_of_its_own!("vectors_work_where_data_is_limited");
    limit(libc::RLIMIT_DATA, (status("VmData") + 64 * MIB) as u64);
    let mut values = RegionVec::new();
    let (len, error) = fill(&mut values);
    println!("{len} numbers, then: {error}");
    assert!(len * 8 >= 50 * MIB && values.reserved() >= 1 << 30);
    assert!(error.to_string().contains("ENOMEM (mprotect)"), "{error}");
    values.truncate(1000);
    assert!(values.try_reserve(100 * MIB).is_err());
    values.push(1);

    let arena = TypedArena::new();
    let error = arena.try_alloc_extend(0u64..).unwrap_err();
    assert!(error.to_string().contains("mmap") || error.to_string().contains("mprotect"), "{error}");
    assert!(arena.into_iter().enumerate().all(|(i, value)| value == i as u64));
}

/// Also where the system makes huge pages unasked.
#[test]
fn small_vectors_take_little_ram() {
    in_a_process_of_its_own!("small_vectors_take_little_ram");
    const COUNT: usize = 100;
    if !promised(COUNT << 30) {
        return;
    }
    let before = status("VmRSS");
    let vectors: Vec<_> = (0..COUNT).map(|i| RegionVec::from([i])).collect();
    let each = (status("VmRSS") - before) / COUNT;
    assert!(each <= 128 << 10, "{each} bytes of RAM for a vector of {} values", vectors[0].len());
}

/// The addresses of a process are enough for so many vectors; those that come later ask for less.
#[test]
fn thousands_of_vectors_fit() {
    in_a_process_of_its_own!("thousands_of_vectors_fit");
    if !promised(32 << 30) {
        return;
    }
    let vectors: Vec<_> = (0..6000).map(|i| RegionVec::from([i])).collect();
    assert!(vectors.iter().enumerate().all(|(i, values)| *values == [i]));
    println!("{} to {}", vectors[0].reserved(), vectors[5999].reserved());
    assert!(vectors[5999].reserved() >= 4000 * MIB && vectors[5999].reserved() < vectors[0].reserved());
    // And there is room for others still.
    assert!(region::Region::reserve(1 << 44).is_ok());
    drop(vectors);
    assert!(RegionVec::from([1]).reserved() > 1 << 35);
}

#[test]
fn after_a_fork_both_sides_have_a_vector_of_their_own() {
    in_a_process_of_its_own!("after_a_fork_both_sides_have_a_vector_of_their_own");
    let values = AppendVec::new();
    values.extend(0..100_000u64);
    let fork = Fork::new();
    let mine = if fork.is_child() { 1 } else { 2 };
    (0..100_000u64).for_each(|i| assert_eq!(*values.push(i * mine), i * mine));
    let fine = values.iter().take(100_000).enumerate().all(|(i, value)| *value == i as u64)
        && values.iter().skip(100_000).enumerate().all(|(i, value)| *value == i as u64 * mine);
    drop(values);
    fork.join(fine);
}
