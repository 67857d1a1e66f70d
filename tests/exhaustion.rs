//! Processes that have used up what the system gives them: mappings, locked memory, a file that was longer.
//!
//! Whatever is refused says so in a sentence, what was there before stays, and once something is free again
//! everything works as ever. Each test runs in a process of its own.
#![cfg(all(feature = "os", target_os = "linux", target_pointer_width = "64", not(miri), not(loom)))]

mod support;

use region::{AllocError, Arena, ArenaPool, Input, PagePool, Region, RegionVec, SharedArena, page_size};
use std::fs::OpenOptions;
use support::{Fork, TempPath, again, all, in_a_process_of_its_own, is_child, limit, pattern, skip, status};

const MIB: usize = 1 << 20;

/// A process as full of mappings as it may be, until this is dropped.
struct FullMap {
    start: *mut libc::c_void,
    len: usize,
}

impl FullMap {
    /// Splits one mapping, page by page, until the kernel keeps no more of them. Allocates nothing.
    fn new(most: usize) -> Self {
        let page = page_size();
        // Each second page becomes a mapping of its own, and so does what lies between.
        let len = (most + 64) * page;
        // SAFETY: a new mapping, which nobody else knows of.
        let start = unsafe {
            libc::mmap(std::ptr::null_mut(), len, libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
        };
        assert_ne!(start, libc::MAP_FAILED);
        for at in (page..len).step_by(2 * page) {
            // SAFETY: pages of the mapping above.
            if unsafe { libc::mprotect(start.byte_add(at), page, libc::PROT_READ) } != 0 {
                break;
            }
        }
        // What is left of the count: single pages, which the drop leaves to the process's end.
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: new mappings again; the first that is refused ends it.
        while unsafe { libc::mmap(std::ptr::null_mut(), page, libc::PROT_EXEC, flags, -1, 0) } != libc::MAP_FAILED {}
        FullMap { start, len }
    }
}

impl Drop for FullMap {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's, whole.
        assert_eq!(unsafe { libc::munmap(self.start, self.len) }, 0);
    }
}

/// Whether the sentence names the call, the error, and what to do about it.
fn clear(error: &dyn std::fmt::Display) {
    let text = error.to_string();
    assert!(text.contains("ENOMEM (m") && text.contains("vm.max_map_count"), "{text}");
}

#[test]
fn a_process_without_mappings_left_keeps_what_it_has_and_says_what_it_lacks() {
    in_a_process_of_its_own!("a_process_without_mappings_left_keeps_what_it_has_and_says_what_it_lacks");
    let most = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap().trim().parse::<usize>().unwrap();
    if most > 2 << 20 {
        return skip(&format!("vm.max_map_count is {most}: to fill it would take too long"));
    }
    let path = TempPath::with(&pattern(100_000));
    let mut arena = Arena::new();
    let numbers = arena.alloc_slice_fill_with(100_000, |i| i);
    let pool = PagePool::new(1 << 14, 100).unwrap();
    let mut page = pool.take_zeroed().unwrap();
    page[77] = 7;
    let mut values = RegionVec::from_iter(0..100_000u64);
    let guarded = Region::options().len(MIB).guard_pages().map().unwrap();
    let arenas = ArenaPool::new();
    region::trim();

    let before = status("VmSize");
    let full = FullMap::new(most);
    let (mut new_arena, new_arenas) = (Arena::new(), ArenaPool::new());
    // What was begun goes on in the addresses that it has, without huge pages if it must be.
    let grown = arena.try_alloc_slice_fill_copy(3 * MIB, 1u8).map(|row| all(row, 1));
    let pushed = (100_000..1_000_000u64).try_for_each(|i| values.try_push(i));
    let taken = pool.take_many_zeroed(50).map(|pages| all(&pages, 0));
    // What is begun now cannot be.
    let of_arena = new_arena.try_alloc([1u8; 100]).unwrap_err();
    let of_large = new_arena.try_alloc_slice_zeroed::<u8>(MIB).unwrap_err();
    let of_row = RegionVec::<u64>::new().try_push(1).unwrap_err();
    let of_arenas = new_arenas.try_get().err().unwrap();
    let of_region = Region::new(MIB).err().unwrap();
    let of_pool = PagePool::new(1 << 14, 100).err().unwrap();
    let of_shared = SharedArena::new(MIB).err().unwrap();
    let of_input = Input::read(path.bytes()).err().unwrap();
    // A region with guard pages is several mappings, and goes in one call all the same.
    drop(guarded);
    drop(full);

    assert_eq!((grown, pushed, taken), (Ok(true), Ok(()), Ok(true)));
    for error in [&of_arena as &dyn std::fmt::Display, &of_large, &of_row, &of_arenas, &of_region, &of_shared] {
        clear(error);
    }
    clear(&of_pool);
    assert!(of_input.error().is(region::error::Errno::ENOMEM) && of_input.input().is_empty(), "{of_input}");
    println!("{of_arena}\n{of_input}");
    // Nothing was lost, nothing was leaked, and everything works again.
    assert!(numbers.iter().enumerate().all(|(i, number)| *number == i));
    assert!(page[77] == 7 && values.iter().enumerate().all(|(i, value)| *value == i as u64));
    assert_eq!(*new_arena.alloc([2u8; 100]), [2; 100]);
    assert_eq!((*new_arenas.get().alloc(3), *arenas.get().alloc(4)), (3, 4));
    assert_eq!(*Input::read(path.bytes()).unwrap(), *pattern(100_000));
    drop(page);
    drop((pool, values, new_arenas, arenas));
    new_arena = Arena::new();
    arena = Arena::new();
    assert_eq!((arena.used(), new_arena.used()), (0, 0));
    region::trim();
    assert!(status("VmSize") <= before, "{} of addresses were leaked", region::Bytes(status("VmSize") - before));
}

/// `mlockall(MCL_FUTURE)` and a small RLIMIT_MEMLOCK: mappings are refused with EAGAIN, and RAM cannot be
/// taken out of them (`MADV_DONTNEED` says EINVAL).
#[test]
fn an_arena_works_where_all_memory_is_locked_and_little_of_it_may_be() {
    in_a_process_of_its_own!("an_arena_works_where_all_memory_is_locked_and_little_of_it_may_be");
    region::trim();
    let (some, mut limits) = ((status("VmLck") + 6 * MIB) as u64, libc::rlimit { rlim_cur: 0, rlim_max: 0 });
    // SAFETY: the call fills the two numbers.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &mut limits) }, 0);
    // Before Linux 5.16 it is 64 KiB where nobody sets another.
    if limits.rlim_max < some {
        return skip(&format!("locked memory: this process may lock {} KiB at most", limits.rlim_max >> 10));
    }
    limit(libc::RLIMIT_MEMLOCK, some);
    // SAFETY: gives up rights of this process (root may lock without limit), and then locks what it maps.
    let locks = unsafe {
        libc::setgroups(0, std::ptr::null());
        let nobody = 65_534;
        (libc::geteuid() != 0 || libc::setresuid(nobody, nobody, nobody) == 0) && libc::mlockall(libc::MCL_FUTURE) == 0
    };
    if !locks {
        return skip("memory cannot be locked here (mlockall)");
    }
    let mut arena = Arena::new();
    for _ in 0..3 {
        let mut rows: Vec<&mut [u8]> = Vec::with_capacity(256);
        let refused: AllocError = loop {
            match arena.try_alloc_slice_fill_copy(50_000, rows.len() as u8) {
                Ok(row) => rows.push(row),
                Err(error) => break error,
            }
        };
        let text = refused.to_string();
        println!("{} rows, then: {text}", rows.len());
        assert!(rows.len() >= 40 && rows.len() < 130, "{} rows of 50 kB in 6 MiB", rows.len());
        assert!(text.contains("EAGAIN (mmap)") && text.contains("ulimit -l"), "{text}");
        assert!(rows.iter().enumerate().all(|(i, row)| all(row, i as u8)));
        arena.reset_keeping(100_000);
        // What could not be given back is not zero by itself.
        assert!(all(arena.alloc_slice_zeroed::<u8>(1_000_000), 0));
        arena.reset();
    }
    let refused = RegionVec::<u8>::try_with_reservation(64 * MIB).unwrap_err();
    assert!(refused.to_string().contains("ulimit -l"), "{refused}");
    drop(arena);
    region::trim();
    assert_eq!(*Arena::new().alloc([5u8; 1000]), [5; 1000]);
}

/// Why `Input::open` is unsafe: what a mapping shows behind the file's new end is SIGBUS.
#[test]
fn a_mapped_file_that_is_truncated_kills_who_looks_behind_its_end() {
    if is_child() {
        let path = std::env::var("REGION_TRUNCATED").unwrap();
        // SAFETY: this test is about what happens when the promise is broken: nothing but a fault.
        let input = unsafe { Input::open(path.as_str()) }.unwrap();
        let writer = OpenOptions::new().write(true).open(&path).unwrap();
        writer.set_len(100).unwrap();
        // The page of the new end is there, its rest cleared.
        assert_eq!((input.len(), input[99], input[100]), (3 * page_size(), pattern(100)[99], 0));
        println!("the first page stands");
        std::hint::black_box(input[page_size()]);
        return;
    }
    let path = TempPath::with(&pattern(3 * page_size()));
    let output = again("a_mapped_file_that_is_truncated_kills_who_looks_behind_its_end")
        .env("REGION_TRUNCATED", path.as_ref())
        .output()
        .unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("the first page stands"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(signal, Some(libc::SIGBUS));
}

/// Between the questions how long a file is and the mapping: any length that it had is an answer.
#[test]
fn a_file_that_changes_while_it_is_opened_has_one_of_its_lengths() {
    let lengths = [0, 1, page_size() as u64, 3 * page_size() as u64 + 5, 1 << 20];
    let path = TempPath::with(b"");
    let writer = OpenOptions::new().write(true).open(&path).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                lengths.iter().for_each(|&len| writer.set_len(len).unwrap());
            }
        });
        for _ in 0..500 {
            // SAFETY: only the length is looked at, not a byte.
            let input = unsafe { Input::open(path.bytes()) }.unwrap();
            // A file that was empty when it was asked is read, and may have grown at any moment of that.
            let told = lengths.contains(&(input.len() as u64)) || input.source() == region::input::Source::Read;
            if !told {
                done.store(true, std::sync::atomic::Ordering::Relaxed);
                panic!("{} bytes were never the file's length", input.len());
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn after_a_fork_with_little_address_space_both_sides_have_all_arenas_and_pools() {
    in_a_process_of_its_own!("after_a_fork_with_little_address_space_both_sides_have_all_arenas_and_pools");
    let arenas: Vec<Arena> = (0..300).map(|_| Arena::new()).collect();
    let rows: Vec<&mut [usize]> =
        arenas.iter().enumerate().map(|(i, arena)| &mut *arena.alloc_slice_fill_copy(2000, i)).collect();
    let pool = ArenaPool::new();
    let members: Vec<&str> = (0..40).map(|i| &*pool.member().alloc_fmt(format_args!("member {i}"))).collect();
    let lent: Vec<_> = (0..40).map(|_| pool.get()).collect();
    let pages = PagePool::new(1 << 16, 64).unwrap();
    let mut page = pages.take_zeroed().unwrap();
    page[1000] = 9;
    limit(libc::RLIMIT_AS, (status("VmSize") + 32 * MIB) as u64);
    let fork = Fork::new();
    let mut fine = rows.iter().enumerate().all(|(i, row)| row.iter().all(|&number| number == i));
    fine &= members.iter().enumerate().all(|(i, text)| text.strip_prefix("member ") == Some(&i.to_string()));
    fine &= page[1000] == 9;
    // Both go on in all of them, and neither sees the other's.
    let mine = if fork.is_child() { 1u8 } else { 2 };
    page[1000] = mine;
    let more: Vec<&mut [u8; 999]> = lent.iter().map(|arena| arena.alloc([mine; 999])).collect();
    fine &= arenas.iter().all(|arena| *arena.alloc(mine) == mine) && pages.take().is_ok();
    // The limit counts for each by itself.
    let large = Arena::new();
    fine &= large.try_alloc_slice_fill_copy(16 * MIB, mine).is_ok_and(|row| all(row, mine));
    fine &= large.try_alloc_slice_zeroed::<u8>(32 * MIB).is_err_and(|error| error.to_string().contains("RLIMIT_AS"));
    fine &= more.iter().all(|row| all(&row[..], mine)) && page[1000] == mine;
    drop((rows, more));
    drop((arenas, lent, page, large));
    drop((pool, pages));
    region::trim();
    fine &= *Arena::new().alloc(3) == 3;
    fork.join(fine);
}

#[test]
fn threads_that_end_leave_their_blocks_to_who_has_them() {
    in_a_process_of_its_own!("threads_that_end_leave_their_blocks_to_who_has_them");
    let pages = PagePool::new(1 << 14, 64).unwrap();
    let mut pool = ArenaPool::new();
    let round = |number: usize| {
        std::thread::scope(|threads| {
            let workers: Vec<_> = (0..8)
                .map(|worker| {
                    let (pages, pool) = (&pages, &pool);
                    threads.spawn(move || {
                        let arena = Arena::new();
                        arena.alloc_slice_fill_copy(2 * MIB, worker as u8);
                        assert!(arena.reserved() > 2048 * MIB);
                        let text = &*pool.member().alloc_fmt(format_args!("round {number}"));
                        let mut page = pages.take_zeroed().unwrap();
                        page[0] = worker as u8;
                        if worker == 7 {
                            // Unwinding gives back what this thread had: the page, the arena, its handle.
                            let _lent = pool.get();
                            std::panic::resume_unwind(Box::new("a thread ends in the middle of it"));
                        }
                        (arena, page, text)
                    })
                })
                .collect();
            let left: Vec<_> = workers.into_iter().filter_map(|worker| worker.join().ok()).collect();
            assert_eq!((left.len(), pages.taken(), pool.out()), (7, 7, 0));
            for (worker, (arena, page, text)) in left.iter().enumerate() {
                assert!(arena.used() >= 2 * MIB && page[0] == worker as u8);
                assert_eq!(*text, format!("round {number}"));
                assert_eq!(*arena.alloc(worker), worker);
            }
        });
        assert_eq!(pages.taken(), 0);
        region::trim();
        status("VmSize")
    };
    // Each arena had 4 GiB of addresses, and none of them is left: what grows is malloc's, for its own threads.
    let sizes: Vec<usize> = (0..20).map(round).collect();
    assert!(sizes[19] < sizes[0] + 2048 * MIB, "{sizes:?}");
    pool.reset();
    assert_eq!(pool.used(), 0);

    // And what a thread forgets stays out, without harm to the others.
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                std::mem::forget(pages.take().unwrap());
                std::mem::forget(pool.get());
            });
        }
    });
    assert_eq!((pages.taken(), pool.out()), (3, 3));
    assert_eq!(std::iter::from_fn(|| pages.take().ok()).take(100).collect::<Vec<_>>().len(), 61);
    assert_eq!(*pool.get().alloc(1), 1);
    pool.reset();
    assert_eq!(pool.out(), 0);
}
