//! A small address space has room for many arenas and typed buffers: none takes so much that others find nothing.
//!
//! `.ci/port` runs it where a process has 39 bits of addresses, as on some arm64 and riscv64 machines. Everywhere else it
//! holds as well. A binary of its own, as nothing else may map memory meanwhile.
#![cfg(all(unix, target_pointer_width = "64", not(miri), not(loom)))]

use region::{Arena, RegionVec};
use std::ptr::null_mut;

/// Bytes of addresses that a process has: the stack is near their end.
fn all() -> usize {
    let local = 0u8;
    (&raw const local).addr().next_power_of_two()
}

/// Whether there are so many addresses in one range. Few are asked for: an emulator keeps account of every page.
fn is_free(len: usize) -> bool {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: addresses of the system's choice, without access, which are unmapped at once.
    unsafe {
        let start = libc::mmap(null_mut(), len, libc::PROT_NONE, flags, -1, 0);
        start != libc::MAP_FAILED && libc::munmap(start, len) == 0
    }
}

fn a_thread_starts() {
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(|| ());
    thread.expect("there is no room for a thread's stack").join().unwrap();
}

#[test]
fn many_live_side_by_side_and_leave_addresses_to_others() {
    let all = all();
    println!("{} GiB of addresses", all >> 30);

    let rows: Vec<RegionVec<u64>> = (0..12)
        .map(|value| {
            let mut row = RegionVec::new();
            row.push(value);
            row
        })
        .collect();
    let reserved: usize = rows.iter().map(RegionVec::reserved).sum();
    println!("12 vectors: {} GiB reserved", reserved >> 30);
    assert!(reserved <= all / 2, "12 vectors take {reserved} of {all} bytes of addresses");
    assert!(is_free(all / 8), "no long range is left");
    a_thread_starts();

    let arenas: Vec<Arena> = (0..1000).map(|_| Arena::new()).collect();
    for (at, arena) in arenas.iter().enumerate() {
        let filled = arena.try_alloc_slice_fill_copy(100 << 10, 1u8);
        assert!(filled.is_ok(), "arena {at} of 100 KiB: {}", filled.unwrap_err());
    }
    assert!(is_free(all / 8), "a thousand arenas take the addresses");
    a_thread_starts();
    assert!(rows.iter().zip(0..).all(|(row, value)| row[..] == [value]));
}
