//! The process-wide block cache: arenas start warm, without a system call, and no block has two owners.
//!
//! The cache belongs to the process, so every test here runs in a process of its own.
#![cfg(all(target_os = "linux", feature = "os", not(miri), not(loom)))]

mod support;

use region::cache::Caching;
use region::{AppendVec, Arena, RegionVec, TypedArena};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{allow_calls, forked_answering, in_child, is_child, page_faults, promised, status};

/// Runs `body` in a process of its own, as the test `name`.
fn alone(name: &str, body: impl FnOnce()) {
    // What a test skipped or measured is said past the harness, which would swallow it.
    if is_child() {
        // The figures below follow what is touched.
        support::huge_pages_on_request();
        body()
    } else {
        in_child(name, |command| _ = command.stderr(std::process::Stdio::inherit()))
    }
}

const REFUSED: i32 = 77;
const FAULTED: i32 = 78;

/// Warms up, forbids system calls, and lives `rounds` lives more. A life that faults does so in each round; the system
/// may take a page of the program's code away at any time, so a second and a third round are asked as well.
fn live_without_calls(life: impl Fn(), rounds: usize) -> i32 {
    let warm_up = || (0..100).for_each(|_| life());
    warm_up();
    page_faults();
    // The calls of this test itself.
    if !allow_calls(&[libc::SYS_getrusage, libc::SYS_exit_group]) {
        return REFUSED;
    }
    let without_faults = (0..3).any(|_| {
        let before = page_faults();
        (0..rounds).for_each(|_| life());
        page_faults() == before
    });
    if without_faults { 0 } else { FAULTED }
}

fn assert_lives_without_calls(what: &str, life: impl Fn(), rounds: usize) {
    let status = forked_answering(|| live_without_calls(life, rounds));
    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == REFUSED {
        eprintln!("SKIPPED: seccomp is refused here; that {what} makes no system call was NOT tested");
        return;
    }
    assert!(!libc::WIFSIGNALED(status), "{what} made a system call (signal {})", libc::WTERMSIG(status));
    assert_ne!(libc::WEXITSTATUS(status), FAULTED, "{what} faulted");
    assert_eq!(status, 0);
    eprintln!("{what}: {rounds} lives, 0 system calls, 0 faults");
}

/// An arena that holds `values` words.
fn small_life(values: u64) {
    let arena = Arena::new();
    (0..values).for_each(|value| _ = std::hint::black_box(arena.alloc([value; 3])));
}

/// An arena of a mebibyte, all of it written.
fn mebibyte_life() {
    let arena = Arena::new();
    for _ in 0..16 {
        std::hint::black_box(arena.alloc_slice_fill_copy(128, [1u64; 64]));
    }
}

#[test]
fn small_arenas_live_without_system_calls_and_faults() {
    alone("small_arenas_live_without_system_calls_and_faults", || {
        assert_lives_without_calls("a small arena", || small_life(10), 100_000);
        assert_lives_without_calls("an arena of 48 kB", || small_life(2000), 1000);
    });
}

#[test]
fn mebibyte_arenas_live_without_system_calls_and_faults() {
    alone("mebibyte_arenas_live_without_system_calls_and_faults", || {
        assert_lives_without_calls("an arena of 1 MiB", mebibyte_life, 1000);
        let pool = region::ArenaPool::new();
        let life = || _ = std::hint::black_box(pool.get().alloc_slice_fill_copy(1000, [1u64; 64]));
        assert_lives_without_calls("an arena of 512 kB from a pool", life, 1000);
    });
}

/// The two tests above would see a system call.
#[test]
fn forbidden_system_call_is_noticed() {
    alone("forbidden_system_call_is_noticed", || {
        let status = forked_answering(|| {
            region::cache::set_caching(Caching::Off);
            live_without_calls(|| small_life(1), 1)
        });
        let refused = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == REFUSED;
        assert!(refused || libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSYS, "{status:#x}");
    });
}

/// What is kept at most, unless it was set.
const BUDGET: usize = 64 << 20;

#[test]
fn trim_gives_ram_back_and_the_bound_holds() {
    alone("trim_gives_ram_back_and_the_bound_holds", || {
        let empty = status("VmRSS");
        let arenas: Vec<Arena> = (0..100).map(|_| Arena::new()).collect();
        for arena in &arenas {
            (0..15).for_each(|_| _ = arena.alloc_slice_fill_copy(64 << 10, 1u8));
        }
        assert!(status("VmRSS") > empty + 100 * (15 << 16));
        drop(arenas);
        let kept = status("VmRSS");
        let figures = region::cache::stats();
        assert!(figures.kept >= 200 && figures.kept_bytes <= BUDGET && figures.out == 0, "{figures}");
        assert!(kept > empty + BUDGET / 2, "little was kept");
        assert!(kept < empty + BUDGET + (2 << 20), "more was kept than the 64 MiB that are promised");
        let freed = region::trim();
        let trimmed = status("VmRSS");
        assert!(freed >= 8 << 20 && kept - trimmed > freed / 2, "{freed} freed, {kept} to {trimmed}");
        assert_eq!(region::cache::stats().kept, 0);
        eprintln!(
            "kept {} KiB, trim said {} KiB and freed {} KiB",
            (kept - empty) >> 10,
            freed >> 10,
            (kept - trimmed) >> 10
        );
    });
}

#[test]
fn the_cache_says_what_it_saved_and_what_it_gave_back() {
    alone("the_cache_says_what_it_saved_and_what_it_gave_back", || {
        let fill = |bytes: usize| _ = Arena::new().alloc_slice_fill_copy(bytes, 1u8);
        let before = region::cache::stats();
        assert_eq!((before.reused_bytes, before.returned_bytes, before.budget), (0, 0, BUDGET));
        (0..10).for_each(|_| fill(300_000));
        let warm = region::cache::stats();
        assert!(warm.reused_bytes >= 9 * 300_000 && warm.reused_bytes <= 9 * (1 << 20), "{warm}");
        assert_eq!(warm.faults_saved(), warm.reused_bytes / region::page_size());
        assert_eq!(warm.returned_bytes, 0, "{warm}");
        // A first arena of 20 MB returns its RAM; and so does what is trimmed.
        fill(20 << 20);
        let large = region::cache::stats();
        assert!(large.returned_bytes >= 10 << 20, "{large}");
        region::trim();
        let trimmed = region::cache::stats();
        assert!(trimmed.returned_bytes >= large.returned_bytes + large.kept_bytes, "{large}, then {trimmed}");
    });
}

#[test]
fn rows_start_warm_and_take_no_arena_s_place() {
    alone("rows_start_warm_and_take_no_arena_s_place", || {
        let mut values = RegionVec::from_iter(0..1000u64);
        let start = values.as_ptr();
        let far = values.reserved();
        drop(values);
        values = RegionVec::from_iter(0..100u64);
        assert_eq!((values.as_ptr(), values.reserved()), (start, far));
        assert!(values.resident() >= 8000, "it does not start warm");
        let others: Vec<_> = (0..20).map(|_| RegionVec::from_iter(0..1000u64)).collect();
        mebibyte_life();
        let before = region::cache::stats().kept;
        drop((values, others));
        assert_eq!(region::cache::stats().kept, before + 21, "a buffer was not kept");
        // One that is large goes back to the system.
        drop(RegionVec::from_iter(0..1_000_000u64));
        let figures = region::cache::stats();
        assert_eq!((figures.kept, figures.out), (before + 20, 0));
        // What was written is not taken for zeroes.
        drop(RegionVec::from_iter(std::iter::repeat_n(u64::MAX, 10_000)));
        assert!(region::trim() >= 80_000);
        assert_eq!(region::cache::stats().kept, 0);
    });
}

#[test]
fn a_few_values_take_the_region_of_those_before() {
    alone("a_few_values_take_the_region_of_those_before", || {
        // One that was large and shrank is small again, and says how much of it is ready.
        let mut values = RegionVec::from_iter(0..100_000u64);
        let (start, far) = (values.as_ptr(), values.reserved());
        values.truncate(10);
        values.shrink_to_fit();
        drop(values);
        let few = TypedArena::new();
        let first: *const u64 = few.alloc(7);
        assert_eq!((first, few.reserved(), few.committed()), (start, far, 64 << 10));
        assert!((0..100_000u64).all(|i| *few.alloc(i) == i), "it does not go on");
        drop(few);
        // One that has more serves, too, and is not taken for a small one.
        let few = AppendVec::new();
        let first: *const u64 = few.push(7);
        assert!(first == start && few.committed() >= 800_000);
        drop(few);
        // What another thread ended is found: no more regions are mapped. Not even where there are so many that the last
        // ones asked for fewer addresses, which on 32 bits is from the ninth on; about a hundred would take them all.
        let count = if usize::BITS == 32 { 30 } else { 300 };
        let make = || (0..count).map(|_| RegionVec::from([7u64])).collect::<Vec<_>>();
        let made = make();
        let known = |figures: region::cache::Stats| figures.kept + figures.out;
        let before = known(region::cache::stats());
        std::thread::spawn(|| drop(made)).join().unwrap();
        let made = make();
        assert_eq!(known(region::cache::stats()), before, "new regions");
        drop(made);
        region::trim();
        let figures = region::cache::stats();
        assert_eq!((figures.kept, figures.out), (0, 0));
    });
}

#[test]
fn caching_that_is_off_keeps_nothing() {
    alone("caching_that_is_off_keeps_nothing", || {
        let out = Arena::new();
        out.alloc(1);
        region::cache::set_caching(Caching::Off);
        // Both a block that came from the cache and one that did not go back to the system.
        drop(out);
        mebibyte_life();
        let figures = region::cache::stats();
        assert_eq!((figures.kept, figures.out), (0, 0));
        region::cache::set_caching(Caching::On);
        mebibyte_life();
        assert!(region::cache::stats().kept >= 2);
    });
}

#[test]
fn recycled_memory_is_zero_where_zeroes_are_asked_for() {
    alone("recycled_memory_is_zero_where_zeroes_are_asked_for", || {
        for (dirty, asked) in [(100, 64 << 10), (64 << 10, 64 << 10), (600 << 10, 1 << 20), (1 << 20, 1 << 20)] {
            let mut arena = Arena::new();
            arena.alloc_slice_fill_copy(dirty, 0xffu8);
            // Written bytes stay dirty when the cursor has left them.
            arena.reset();
            let before = arena.alloc_slice_fill_copy(dirty, 0xeeu8).as_ptr();
            arena.reset();
            drop(arena);
            let arena = Arena::new();
            let zeroes = arena.alloc_slice_zeroed::<u8>(asked);
            assert_eq!(zeroes.as_ptr(), before, "the block was not recycled, so nothing is tested");
            assert!(zeroes.iter().all(|&byte| byte == 0), "{dirty} dirty bytes, {asked} asked for");
        }
    });
}

#[test]
fn parent_and_child_do_not_share_a_block() {
    alone("parent_and_child_do_not_share_a_block", || {
        let kept: Vec<Arena> = (0..3).map(|_| Arena::new()).collect();
        kept.iter().for_each(|arena| _ = arena.alloc_slice_fill_copy(100_000, 1u8));
        let live = Arena::new();
        let value = live.alloc_slice_fill_copy(1000, 7u64);
        drop(kept);
        let write = |byte: u8| {
            let arenas: Vec<Arena> = (0..3).map(|_| Arena::new()).collect();
            let starts = arenas.iter().map(|arena| arena.alloc_slice_fill_copy(60_000, byte).as_mut_ptr());
            let mut starts: Vec<*mut u8> = starts.collect();
            starts.sort();
            (arenas, starts)
        };
        let (arenas, mine) = write(1);
        drop(arenas);
        let status = forked_answering(|| {
            value.iter().for_each(|&word| assert_eq!(word, 7));
            let (_arenas, theirs) = write(2);
            // The same addresses, as both have the same cache: what is shared would show.
            if theirs == mine { 0 } else { 1 }
        });
        assert_eq!(status, 0);
        // SAFETY: the cache keeps the blocks mapped, and nothing else runs in this process.
        assert!(mine.iter().all(|&start| unsafe { start.read() == 1 && start.add(59_999).read() == 1 }));
        assert!(value.iter().all(|&word| word == 7));
    });
}

#[test]
fn racing_and_dying_threads_never_own_one_block_at_once() {
    alone("racing_and_dying_threads_never_own_one_block_at_once", || {
        let seconds = std::env::var("REGION_STRESS_SECONDS").map_or(2, |seconds| seconds.parse().unwrap());
        let until = Instant::now() + Duration::from_secs(seconds);
        static LIVES: AtomicUsize = AtomicUsize::new(0);
        static DONE: AtomicBool = AtomicBool::new(false);
        let stress = |id: usize| {
            move || {
                let mut round = id;
                while !DONE.load(Ordering::Relaxed) {
                    round += 8;
                    let arenas = [Arena::new(), Arena::new(), Arena::new()];
                    let large = if round % 5 == 0 { 20_000 } else { 64 };
                    // Each block is full of its owner's own number; another owner would leave his.
                    let values = arenas.each_ref().map(|arena| arena.alloc_slice_fill_copy(large, round));
                    if round % 3 == 0 {
                        std::thread::yield_now();
                    }
                    assert!(values.iter().all(|value| value.iter().all(|&word| word == round)), "two owners");
                    LIVES.fetch_add(3, Ordering::Relaxed);
                }
            }
        };
        let workers = [0, 1, 2, 3].map(|id| std::thread::spawn(stress(id)));
        let mut leaked: Vec<&'static mut [usize]> = Vec::new();
        let mut deaths = 0;
        while Instant::now() < until {
            let dying = std::thread::spawn(|| {
                let arena = Box::leak(Box::new(Arena::new()));
                let value = arena.alloc_slice_fill_copy(1000, usize::MAX);
                small_life(1);
                (value, std::thread::current().id())
            });
            // Half of the places at most, so that the others go on racing for the rest.
            if leaked.len() < 8 {
                leaked.push(dying.join().unwrap().0);
            }
            deaths += 1;
            region::trim();
            region::cache::set_caching(if deaths % 16 == 0 { Caching::Off } else { Caching::On });
            std::thread::sleep(Duration::from_millis(1));
        }
        DONE.store(true, Ordering::Relaxed);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert!(leaked.iter().all(|value| value.iter().all(|&word| word == usize::MAX)), "a leaked block was reused");
        eprintln!("{} lives, {deaths} trims in {seconds} s: no block with two owners", LIVES.load(Ordering::Relaxed));
    });
}

/// Runs `act` where the stack has come down to this address.
#[inline(never)]
fn down_to<R>(address: usize, act: impl FnOnce() -> R) -> R {
    let here = [0u8; 512];
    if std::hint::black_box(&here).as_ptr().addr() <= address {
        return act();
    }
    let answer = down_to(address, act);
    std::hint::black_box(&here);
    answer
}

/// A thread's blocks are found by where its stack is, in parts of 128 KiB.
#[test]
fn a_block_that_was_put_back_in_the_next_part_of_the_stack_comes_before_those_of_other_threads() {
    const PART: usize = 128 << 10;
    const OTHERS: usize = 8;
    let name = "a_block_that_was_put_back_in_the_next_part_of_the_stack_comes_before_those_of_other_threads";
    alone(name, || {
        let here = 0u8;
        let middle = ((&raw const here).addr() / PART - 1) * PART + PART / 2;
        let life = || (&raw const *Arena::new().alloc(1u8)).addr();
        let below = || down_to(middle - PART, life);
        down_to(middle, || {
            // It gets its place in the table of threads before others do.
            below();
            let (taken, put_back) = (Barrier::new(OTHERS + 1), Barrier::new(OTHERS + 1));
            let block = std::thread::scope(|scope| {
                for _ in 0..OTHERS {
                    scope.spawn(|| {
                        let arena = Arena::new();
                        arena.alloc(1u8);
                        taken.wait();
                        put_back.wait();
                    });
                }
                taken.wait();
                let block = below();
                put_back.wait();
                block
            });
            assert_eq!(life(), block);
        });
    });
}

/// Arenas that have one page touched each.
fn crowd(count: usize) -> Vec<Option<Arena>> {
    let arenas: Vec<_> = (0..count).map(|_| Some(Arena::new())).collect();
    arenas.iter().flatten().enumerate().for_each(|(i, arena)| _ = arena.alloc(i));
    arenas
}

fn drop_every_other(arenas: &mut [Option<Arena>], first: usize) {
    arenas.iter_mut().skip(first).step_by(2).for_each(|arena| *arena = None);
}

#[test]
fn hundred_thousand_arenas_take_a_page_each_and_give_it_back() {
    alone("hundred_thousand_arenas_take_a_page_each_and_give_it_back", || {
        const COUNT: usize = 100_000;
        // Blocks of 64 KiB.
        if !promised(COUNT.saturating_mul(1 << 17)) {
            return;
        }
        let empty = status("VmRSS");
        let mut arenas = crowd(COUNT);
        let full = status("VmRSS");
        let each = (full - empty) / COUNT;
        assert!(each <= region::page_size() + 300, "{each} bytes of RAM an arena");
        drop_every_other(&mut arenas, 0);
        let half = status("VmRSS");
        assert!(full - half + BUDGET > (full - empty) * 4 / 10, "half of the arenas gave {} bytes back", full - half);
        assert!(arenas.iter().flatten().all(|arena| arena.used() == 8));
        drop_every_other(&mut arenas, 1);
        let kept = status("VmRSS") - empty;
        assert!(kept < BUDGET + (full - empty) / 10, "{kept} bytes were not given back");
        region::trim();
        let left = status("VmRSS") - empty;
        assert!(left < (full - empty) / 10, "{left} bytes were not given back");
        eprintln!("{COUNT} arenas: {each} bytes of RAM each, {left} bytes after the last");
    });
}

/// Blocks lie side by side as one entry of the kernel's map. Every other one that is trimmed splits an entry, until
/// there can be no more of them.
#[test]
fn full_map_of_the_process_does_not_keep_ram() {
    alone("full_map_of_the_process_does_not_keep_ram", || {
        let most: usize = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap().trim().parse().unwrap();
        if most > 100_000 {
            return support::skip(&format!("a full map of the process: it holds {most} entries here"));
        }
        let count = 2 * most + 10_000;
        if !promised(count.saturating_mul(1 << 17)) {
            return;
        }
        let empty = status("VmRSS");
        let mut arenas = crowd(count);
        let full = status("VmRSS") - empty;
        drop_every_other(&mut arenas, 0);
        let entries = || std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
        assert!(entries() < most / 10, "arenas that come and go fill the map: {} entries", entries());
        region::trim();
        assert!(entries() + 100 > most, "the map is not full: {} entries", entries());
        let half = status("VmRSS") - empty;
        // Of the blocks that went 5,000 could not be unmapped.
        let freed = full - half;
        assert!(freed > count / 2 * region::page_size() / 100 * 97, "{} arenas gave {freed} bytes back", count / 2);
        let entries = entries();
        drop(arenas);
        region::trim();
        let left = status("VmRSS") - empty;
        // What is left are the slots, which are 64 bytes for each arena that there was at once.
        assert!(left < full / 20, "{left} of {full} bytes were not given back");
        eprintln!("{entries} entries: {} MiB, half {} MiB, none {} MiB", full >> 20, half >> 20, left >> 20);
    });
}
