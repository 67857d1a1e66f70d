//! Regions, files and arenas in a forked child: what the child does through safe methods leaves its parent's bytes
//! alone.

#![cfg(all(feature = "os", target_os = "linux"))]

mod support;

use region::backing::RegionBacking;
use region::error::{AllocReason, Reason};
use region::mapping::AtFork;
use region::{Arena, FileArena, FileRegion, Region, page_size};
use std::io::{Read, Write};
use support::{TempPath, all, forked};

/// Whether the child's work was true.
fn held(status: i32) -> bool {
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

/// A forked child's copy of a value, for it to drop.
fn inherited<T>(value: &T) -> T {
    // SAFETY: called in children that leave by `_exit`, so the original is not dropped there.
    unsafe { std::ptr::read(value) }
}

fn file_arena(path: &TempPath, capacity: usize) -> FileArena {
    // SAFETY: the path is the test's own, and children neither allocate nor change values.
    unsafe { FileArena::create(path.bytes(), capacity) }.unwrap()
}

#[test]
fn a_child_that_drops_a_file_arena_does_not_cut_the_file() {
    let path = TempPath::new();
    let mut arena = file_arena(&path, 1 << 20);
    let first = arena.offset_of(arena.alloc(7u64));
    arena.set_root(first);
    assert!(held(forked(|| {
        drop(inherited(&arena));
        true
    })));
    assert!(std::fs::metadata(&path).unwrap().len() > 1 << 20, "the child cut the file");
    // All of the room is still there to be written to.
    assert!(all(arena.alloc_slice_fill_copy(1 << 19, 1u8), 1));
    let end = arena.end();
    drop(arena);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), end, "the parent cuts it as ever");
}

#[test]
fn a_child_that_outlives_its_parents_flush_does_not_undo_it() {
    let path = TempPath::new();
    let mut arena = file_arena(&path, 1 << 20);
    let (mut gate, mut opener) = support::pipe();
    let child = support::fork(|| {
        let waited = gate.read(&mut [0]).is_ok_and(|read| read == 1);
        let refused = arena.flush().is_err_and(|error| error.reason() == Reason::NotOpener);
        drop(inherited(&arena));
        waited && refused
    });
    let later = arena.offset_of(arena.alloc(8u64));
    arena.set_root(later);
    arena.flush().unwrap();
    opener.write_all(&[1]).unwrap();
    assert!(held(support::wait(child)));
    // As a process finds it that comes after one that was killed here.
    std::mem::forget(arena);
    // SAFETY: the path is the test's own.
    let found = unsafe { FileArena::open(path.bytes(), 0) }.unwrap();
    assert_eq!(found.root(), later);
    // SAFETY: the root is the number that was put there.
    assert_eq!(unsafe { found.get::<u64>(found.root().unwrap()) }, Some(&8));
}

#[test]
fn a_child_cannot_resize_its_parents_file() {
    let path = TempPath::new();
    // SAFETY: the path is the test's own.
    let mut file = unsafe { FileRegion::create(path.bytes(), 1 << 20) }.unwrap();
    file.as_mut_slice().fill(3);
    for len in [1, 2 << 20] {
        assert!(held(forked(|| {
            let error = file.resize(len).unwrap_err();
            error.reason() == Reason::NotOpener && error.to_string().contains("forked") && file.len() == 1 << 20
        })));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 1 << 20);
        assert!(all(file.as_slice(), 3));
    }
    file.resize(2 << 20).unwrap();
}

#[test]
fn a_shared_region_gives_no_slices_and_keeps_its_bytes() {
    let mut shared = Region::options().len(4 * page_size()).shared().map().unwrap();
    assert_eq!((shared.as_slice().len(), shared.as_mut_slice().len(), shared.len()), (0, 0, 4 * page_size()));
    let byte = shared.as_mut_ptr();
    // SAFETY: the byte is the region's; the child writes it, and the parent reads it when the child is gone.
    unsafe {
        assert!(held(forked(|| {
            byte.write(7);
            let error = shared.decommit(..).unwrap_err();
            drop(inherited(&shared));
            error.reason() == Reason::Shared && error.to_string().contains("decommit_shared")
        })));
        assert_eq!(byte.read(), 7);
        shared.decommit_shared(..).unwrap();
        assert_eq!(byte.read(), 0);
    }
    shared.protect(page_size().., region::mapping::Access::None).unwrap();
    shared.commit(..).unwrap();
    assert_eq!(shared.as_mut_slice().len(), 0);
}

/// Both sides of a fork would hand out the same bytes, and each `reset_keeping` take pages from the other.
#[test]
fn an_arena_over_a_shared_region_is_refused_with_the_reason() {
    let options = Region::options().len(1 << 20).shared();
    let arena = Arena::over(options.map().unwrap());
    let error = arena.try_alloc(1u64).unwrap_err();
    assert!(matches!(error.reason(), AllocReason::Os(error) if error.reason() == Reason::Shared), "{error:?}");
    assert!(error.to_string().contains("SharedArena"), "{error}");
    assert_eq!(RegionBacking::map(options).unwrap_err().reason(), Reason::Shared);
    // A private one is a copy in the child, which does with it what it likes.
    let mut private = Arena::over(Region::options().len(1 << 20).map().unwrap());
    let value = private.alloc([5u8; 100_000]).as_ptr();
    assert!(held(forked(|| {
        private.reset_keeping(0);
        all(private.alloc_slice_fill_copy(1 << 19, 1u8), 1)
    })));
    // SAFETY: the value was not reset in this process.
    assert!(all(unsafe { std::slice::from_raw_parts(value, 100_000) }, 5));
}

#[test]
fn what_a_child_gets_is_said_page_by_page_and_taken_back() {
    let page = page_size();
    let mut region = Region::new(3 * page).unwrap();
    region.as_mut_slice().fill(9);
    // SAFETY: bytes are as good when they are zero, and no child touches the last page while it is not there.
    unsafe {
        region.set_at_fork(..page, AtFork::Wipe).unwrap();
        region.set_at_fork(2 * page.., AtFork::Drop).unwrap();
    }
    let (wiped, rest) = region.as_slice().split_at(page);
    assert!(held(forked(|| all(wiped, 0) && all(&rest[..page], 9))));
    let status = forked(|| rest[page] == 9);
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV, "{status:#x}");
    // SAFETY: a child has all of it again.
    unsafe { region.set_at_fork(.., AtFork::Keep).unwrap() };
    assert!(held(forked(|| all(region.as_slice(), 9))));
    assert!(all(region.as_slice(), 9));
}
