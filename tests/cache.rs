//! The process-wide block cache: arenas start warm, without a system call, and no block has two owners.
//!
//! The cache belongs to the process, so every test here runs in a process of its own.
#![cfg(all(target_os = "linux", feature = "os", not(feature = "no-cache"), not(miri), not(loom)))]

mod support;

use region::{Arena, Caching, RegionVec};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{in_child, is_child, status};

/// Runs `body` in a process of its own, as the test `name`.
fn alone(name: &str, body: impl FnOnce()) {
    // What a test skipped or measured is said past the harness, which would swallow it.
    if is_child() { body() } else { in_child(name, |command| _ = command.stderr(std::process::Stdio::inherit())) }
}

/// Runs `work` in a forked child, which ends with its answer; says how the child ended.
fn forked(work: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the process has one thread, as it runs one test and `--test-threads=1`; the child leaves by
    // `_exit`.
    match unsafe { libc::fork() } {
        0 => {
            let answer = work();
            // SAFETY: ends the child without running anything of the parent's.
            unsafe { libc::_exit(answer) }
        }
        child => {
            let mut status = 0;
            // SAFETY: `status` is a plain integer to write to.
            assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
            status
        }
    }
}

/// From now on any system call but `getrusage` and the exit kills the process. False if that is refused.
fn forbid_system_calls() -> bool {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jt, k| libc::sock_filter { code, jt, jf: 0, k };
    let mut steps = [
        // The number of the call is the first word of what the filter is shown.
        step(LOAD, 0, 0),
        step(JUMP_IF_EQUAL, 2, libc::SYS_getrusage as u32),
        step(JUMP_IF_EQUAL, 1, libc::SYS_exit_group as u32),
        step(RETURN, 0, libc::SECCOMP_RET_KILL_PROCESS),
        step(RETURN, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: the kernel copies the program, which lives until the calls return.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    }
}

/// Faults of this process so far that needed no disk.
fn faults() -> i64 {
    // SAFETY: plain data, all zero is valid, and the call fills it.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage.ru_minflt
    }
}

const REFUSED: i32 = 77;
const FAULTED: i32 = 78;

/// Warms up, forbids system calls, and lives `rounds` lives more.
fn live_without_calls(life: impl Fn(), rounds: usize) -> i32 {
    let warm_up = || (0..100).for_each(|_| life());
    warm_up();
    faults();
    if !forbid_system_calls() {
        return REFUSED;
    }
    let before = faults();
    (0..rounds).for_each(|_| life());
    if faults() == before { 0 } else { FAULTED }
}

fn assert_lives_without_calls(what: &str, life: impl Fn(), rounds: usize) {
    let status = forked(|| live_without_calls(life, rounds));
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
        let status = forked(|| {
            region::set_caching(Caching::Off);
            live_without_calls(|| small_life(1), 1)
        });
        let refused = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == REFUSED;
        assert!(refused || libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSYS, "{status:#x}");
    });
}

#[test]
fn trim_gives_ram_back_and_the_bound_holds() {
    alone("trim_gives_ram_back_and_the_bound_holds", || {
        let empty = status("VmRSS");
        let arenas: Vec<Arena> = (0..40).map(|_| Arena::new()).collect();
        for arena in &arenas {
            (0..18).for_each(|_| _ = arena.alloc_slice_fill_copy(64 << 10, 1u8));
        }
        assert!(status("VmRSS") > empty + 40 * (18 << 16));
        drop(arenas);
        let kept = status("VmRSS");
        let figures = region::cache_figures();
        assert_eq!((figures.kept, figures.out), (24, 0));
        assert!(kept > empty + (8 << 20), "nothing was kept");
        assert!(kept < empty + (22 << 20), "more was kept than the 21 MiB that are promised");
        let freed = region::trim();
        let trimmed = status("VmRSS");
        assert!(freed >= 8 << 20 && kept - trimmed > freed / 2, "{freed} freed, {kept} to {trimmed}");
        assert_eq!(region::cache_figures().kept, 0);
        eprintln!(
            "kept {} KiB, trim said {} KiB and freed {} KiB",
            (kept - empty) >> 10,
            freed >> 10,
            (kept - trimmed) >> 10
        );
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
        assert_eq!(region::cache_figures().kept, 2, "an arena found no place");
        drop((values, others));
        assert_eq!(region::cache_figures().kept, 2 + 4);
        // One that is large goes back to the system.
        drop(RegionVec::from_iter(0..1_000_000u64));
        let figures = region::cache_figures();
        assert_eq!((figures.kept, figures.out), (2 + 3, 0));
        // What was written is not taken for zeroes.
        drop(RegionVec::from_iter(std::iter::repeat_n(u64::MAX, 10_000)));
        assert!(region::trim() >= 80_000);
        assert_eq!(region::cache_figures().kept, 0);
    });
}

#[test]
fn caching_that_is_off_keeps_nothing() {
    alone("caching_that_is_off_keeps_nothing", || {
        let out = Arena::new();
        out.alloc(1);
        region::set_caching(Caching::Off);
        // Both a block that came from the cache and one that did not go back to the system.
        drop(out);
        mebibyte_life();
        let figures = region::cache_figures();
        assert_eq!((figures.kept, figures.out), (0, 0));
        region::set_caching(Caching::On);
        mebibyte_life();
        assert_eq!(region::cache_figures().kept, 2);
    });
}

#[test]
fn recycled_memory_is_zero_where_zeroes_are_asked_for() {
    alone("recycled_memory_is_zero_where_zeroes_are_asked_for", || {
        for (dirty, asked) in [(100, 64 << 10), (64 << 10, 64 << 10), (1 << 20, 1 << 20), (1 << 20, 2 << 20)] {
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
            let starts: Vec<*mut u8> = starts.collect();
            (arenas, starts)
        };
        let (arenas, mine) = write(1);
        drop(arenas);
        let status = forked(|| {
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
            region::set_caching(if deaths % 16 == 0 { Caching::Off } else { Caching::On });
            std::thread::sleep(Duration::from_millis(1));
        }
        DONE.store(true, Ordering::Relaxed);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert!(leaked.iter().all(|value| value.iter().all(|&word| word == usize::MAX)), "a leaked block was reused");
        eprintln!("{} lives, {deaths} trims in {seconds} s: no block with two owners", LIVES.load(Ordering::Relaxed));
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

fn huge_pages_everywhere() -> bool {
    let setting = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    setting.is_ok_and(|setting| setting.contains("[always]"))
}

#[test]
fn hundred_thousand_arenas_take_a_page_each_and_give_it_back() {
    alone("hundred_thousand_arenas_take_a_page_each_and_give_it_back", || {
        const COUNT: usize = 100_000;
        if huge_pages_everywhere() {
            eprintln!("SKIPPED: huge pages for everybody here; the RAM of many small arenas was NOT tested");
            return;
        }
        let empty = status("VmRSS");
        let mut arenas = crowd(COUNT);
        let full = status("VmRSS");
        let each = (full - empty) / COUNT;
        assert!(each <= 4096 + 256, "{each} bytes of RAM an arena");
        drop_every_other(&mut arenas, 0);
        let half = status("VmRSS");
        assert!(full - half > (full - empty) * 4 / 10, "half of the arenas gave {} bytes back", full - half);
        assert!(arenas.iter().flatten().all(|arena| arena.used() == 8));
        drop_every_other(&mut arenas, 1);
        let left = status("VmRSS") - empty;
        assert!(left < (full - empty) / 10, "{left} bytes were not given back");
        eprintln!("{COUNT} arenas: {each} bytes of RAM each, {left} bytes after the last");
    });
}

/// Blocks lie side by side as one entry of the kernel's map, and every other one that goes splits an entry,
/// until there can be no more of them.
#[test]
fn full_map_of_the_process_does_not_keep_ram() {
    alone("full_map_of_the_process_does_not_keep_ram", || {
        let most: usize = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap().trim().parse().unwrap();
        if most > 100_000 || huge_pages_everywhere() {
            eprintln!("SKIPPED: the map holds {most} entries here; what happens when it is full was NOT tested");
            return;
        }
        let count = 2 * most + 10_000;
        let empty = status("VmRSS");
        let mut arenas = crowd(count);
        let full = status("VmRSS") - empty;
        drop_every_other(&mut arenas, 0);
        let entries = std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
        assert!(entries + 100 > most, "the map is not full: {entries} entries");
        let half = status("VmRSS") - empty;
        // 5,000 of the blocks that went could not be unmapped: 7 % of their RAM.
        let freed = full - half;
        assert!(freed > count / 2 * 4096 / 100 * 97, "{} arenas gave {freed} bytes back", count / 2);
        drop(arenas);
        let left = status("VmRSS") - empty;
        assert!(left < full / 50, "{left} of {full} bytes were not given back");
        eprintln!("{entries} entries: {} MiB, half {} MiB, none {} MiB", full >> 20, half >> 20, left >> 20);
    });
}
