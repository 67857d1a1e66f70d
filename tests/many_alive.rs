//! Many arenas at once: what they take of a limited address space, of limited data, of locked memory, and of the RAM that
//! the process keeps.
//!
//! How long they take is measured by benches/many.rs. Each test runs in a process of its own.
#![cfg(all(feature = "os", target_os = "linux", target_pointer_width = "64", not(miri), not(loom)))]

mod support;

use region::Arena;
use support::{all, in_a_process_of_its_own, limit, skip, status};

const MIB: usize = 1 << 20;

/// An arena of 100 KB of small values.
fn arena_of_100_kb(byte: u8) -> Option<Arena> {
    let arena = Arena::new();
    for _ in 0..2000 {
        arena.try_alloc([byte; 50]).ok()?;
    }
    Some(arena)
}

/// How many such arenas can be alive at once, up to 200, each with what it was filled with.
fn alive() -> usize {
    let mut arenas = Vec::with_capacity(200);
    arenas.extend((0..200u8).map_while(arena_of_100_kb));
    for (byte, arena) in arenas.iter_mut().enumerate() {
        // SAFETY: no value of the arena is borrowed.
        assert!(unsafe { arena.iter_allocated_chunks_raw() }.all(|(start, len)| {
            // SAFETY: the chunk is full of arrays of one byte's value, and of padding between them.
            (0..len).step_by(56).all(|at| unsafe { *start.add(at) } == byte as u8)
        }));
    }
    arenas.len()
}

#[test]
fn two_hundred_arenas_of_100_kb_live_in_little_address_space() {
    in_a_process_of_its_own!("two_hundred_arenas_of_100_kb_live_in_little_address_space");
    limit(libc::RLIMIT_AS, (status("VmSize") + 300 * MIB) as u64);
    assert_eq!(alive(), 200);
    // And again, from what is kept.
    assert_eq!(alive(), 200);
}

#[test]
fn two_hundred_arenas_of_100_kb_live_in_little_data() {
    in_a_process_of_its_own!("two_hundred_arenas_of_100_kb_live_in_little_data");
    limit(libc::RLIMIT_DATA, (status("VmData") + 58 * MIB) as u64);
    assert_eq!(alive(), 200);
    assert_eq!(alive(), 200);
}

#[test]
fn as_many_arenas_of_70_kb_are_alive_as_one_likes() {
    in_a_process_of_its_own!("as_many_arenas_of_70_kb_are_alive_as_one_likes");
    const COUNT: usize = 200_000;
    let before = status("VmRSS");
    let arenas: Vec<Arena> = (0..COUNT).map(|_| Arena::try_with_capacity(70_000).unwrap()).collect();
    let entries = std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    assert!(entries < 30_000, "{entries} mappings of {COUNT} arenas");
    let each = (status("VmRSS") - before) / COUNT;
    assert!(each < 512, "{each} bytes of RAM an arena whose block is not touched");
    drop(arenas);
    region::trim();
    assert_eq!(region::cache::stats().out, 0);
}

#[test]
fn locked_memory_is_in_proportion_and_comes_back() {
    in_a_process_of_its_own!("locked_memory_is_in_proportion_and_comes_back");
    limit(libc::RLIMIT_AS, (status("VmSize") + 900 * MIB) as u64);
    // SAFETY: changes how this process's memory is mapped, and no memory.
    if unsafe { libc::mlockall(libc::MCL_FUTURE) } != 0 {
        return skip("memory cannot be locked here (mlockall)");
    }
    let before = status("VmLck");
    let arena = Arena::new();
    (0..20_000u64).for_each(|number| _ = arena.alloc([number; 6]));
    let one = status("VmLck") - before;
    assert!(one <= 4 * MIB, "{one} bytes are locked for 1 MB");
    // Addresses count, so a large one does not reserve far more than it has.
    let large = Arena::new();
    (0..600_000u64).for_each(|number| _ = large.alloc([number; 6]));
    let all = status("VmLck") - before;
    assert!(all <= one + 3 * 29 * MIB, "{all} bytes are locked for 30 MB");
    drop((arena, large));
    region::trim();
    let left = status("VmLck").saturating_sub(before);
    assert!(left <= MIB / 2, "{left} bytes stay locked");
}

/// A large arena once leaves nothing; again and again it is kept, within the budget; and small ones let it go.
#[test]
fn ram_is_kept_for_what_the_process_does_again() {
    in_a_process_of_its_own!("ram_is_kept_for_what_the_process_does_again");
    let large = || {
        let arena = Arena::new();
        (0..1_000_000u64).for_each(|number| _ = arena.alloc([number; 5]));
    };
    let small = || assert!(all(Arena::new().alloc([1; 100]), 1));
    small();
    let start = status("VmRSS");
    let more = || status("VmRSS").saturating_sub(start);
    large();
    assert!(more() <= 5 * MIB / 2, "{} KiB after one large arena", more() >> 10);
    (0..4).for_each(|_| large());
    let kept = region::cache::stats().kept_bytes;
    assert!((36 * MIB..=64 * MIB).contains(&kept), "{kept} bytes are kept after a loop");
    assert!(more() <= 66 * MIB, "{} KiB after a loop", more() >> 10);
    (0..64).for_each(|_| small());
    assert!(more() <= 5 * MIB / 2, "{} KiB after small arenas", more() >> 10);
    (0..4).for_each(|_| large());
    region::trim();
    assert!(more() <= MIB, "{} KiB after a trim", more() >> 10);
    // With a budget of nothing no RAM is kept, also of what a thread may keep without asking.
    small();
    region::cache::set_budget(0);
    (0..4).for_each(|_| large());
    assert!(more() <= MIB, "{} KiB with a budget of nothing", more() >> 10);
    small();
    assert_eq!(region::cache::stats().kept_bytes, 0, "a smaller budget holds at once");
    // With a larger one an arena of 80 MB stays as a whole.
    region::cache::set_budget(512 * MIB);
    let twice = || {
        let arena = Arena::new();
        (0..2_000_000u64).for_each(|number| _ = arena.alloc([number; 5]));
    };
    (0..4).for_each(|_| twice());
    let kept = region::cache::stats().kept_bytes;
    assert!((76 * MIB..=512 * MIB).contains(&kept), "{kept} bytes are kept with a budget of 512 MiB");
}
