//! File regions: what is written is the file's, no more of it than that, and at the right time.

#![cfg(feature = "os")]

mod support;

use region::error::{Call, Reason};
use region::mapping::Advice;
use region::shared::Offset;
use region::{FileArena, FileRegion, page_size};
use std::io::Write;
use support::TempPath;

/// What is in the file, by other means than mapping it.
fn content(path: &TempPath) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

fn create(path: &TempPath, len: usize) -> Result<FileRegion, region::Error> {
    // SAFETY: the path is this test's own, here and below.
    unsafe { FileRegion::create(path.bytes(), len) }
}

fn open(path: &TempPath) -> Result<FileRegion, region::Error> {
    // SAFETY: as above.
    unsafe { FileRegion::open(path.bytes()) }
}

#[test]
fn a_length_that_cannot_be_leaves_the_old_file_as_it_was() {
    let path = TempPath::new();
    std::fs::write(&path, b"precious").unwrap();
    for (len, reason) in [(usize::MAX, Reason::TooLarge), (0, Reason::Empty)] {
        assert_eq!(create(&path, len).unwrap_err().reason(), reason);
        assert_eq!(content(&path), b"precious");
    }
}

#[test]
fn what_is_written_is_in_the_file_and_is_found_again() {
    let path = TempPath::new();
    let mut file = create(&path, 10_000).unwrap();
    assert!(file.len() == 10_000 && file.as_slice().iter().all(|&byte| byte == 0) && !file.is_empty());
    file.as_mut_slice()[9_999] = 9;
    assert_eq!(content(&path)[9_999], 9, "other readers see it before it is flushed");
    file.flush().unwrap();
    file.flush_async().unwrap();
    drop(file);
    let mut file = open(&path).unwrap();
    assert_eq!((file.len(), file.as_slice()[9_999]), (10_000, 9));
    file.as_mut_slice()[0] = 1;
    file.allocate().unwrap();
    drop(file);
    let content = content(&path);
    assert_eq!((content.len(), content[0], content[9_999]), (10_000, 1, 9));
    // Making it anew leaves nothing of what was there.
    assert!(create(&path, 10_000).unwrap().as_slice().iter().all(|&byte| byte == 0));
}

/// Has the system answer EINTR, as it does when a signal comes first, to every `fallocate` of this many bytes from now
/// on.
#[cfg(all(target_os = "linux", target_endian = "little", not(miri)))]
fn interrupt_allocations_of(len: u32) -> bool {
    const EINTR: u32 = libc::SECCOMP_RET_ERRNO | libc::EINTR as u32;
    let load = |offset| libc::sock_filter { code: 0x20, jt: 0, jf: 0, k: offset };
    let unless = |k, jf| libc::sock_filter { code: 0x15, jt: 0, jf, k };
    let answer = |k| libc::sock_filter { code: 0x06, jt: 0, jf: 0, k };
    // `struct seccomp_data`: the number, and 16 bytes further on the arguments, of which the length is the fourth.
    let mut steps = [
        load(0),
        unless(libc::SYS_fallocate as u32, 3),
        load(16 + 3 * 8),
        unless(len, 1),
        answer(EINTR),
        answer(libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: changes what this process alone may do; the filter lives until it was read.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) == 0
    }
}

#[cfg(all(target_os = "linux", target_endian = "little", not(miri)))]
#[test]
fn a_signal_does_not_keep_a_file_from_getting_its_place() {
    const LEN: usize = 16 << 20;
    let path = TempPath::new();
    let file = create(&path, LEN).unwrap();
    if let Err(error) = file.allocate() {
        return support::skip(&format!("finding room while signals come: {error}"));
    }
    let ends = support::forked(|| {
        if !interrupt_allocations_of(LEN as u32) {
            support::skip("a call that a signal ends: no filters for system calls");
            return true;
        }
        file.allocate().map_err(|error| eprintln!("{error}")).is_ok()
    });
    assert_eq!(ends, 0);
}

#[test]
fn resized_file_keeps_its_bytes_and_new_ones_are_zero() {
    let (path, page) = (TempPath::new(), page_size());
    let mut file = create(&path, 100).unwrap();
    file.as_mut_slice().fill(7);
    for len in [101, page, page + 1, 64 * page + 3, 50 * page, 150, 99, 1 << 26, 100] {
        let before = file.len();
        file.resize(len).unwrap();
        assert_eq!((file.len(), std::fs::metadata(&path).unwrap().len()), (len, len as u64));
        assert_eq!(file.as_mut_slice().len(), len);
        assert!(file.as_slice()[..len.min(99)].iter().all(|&byte| byte == 7));
        assert!(file.as_slice().get(before..).is_none_or(|new| new.iter().all(|&byte| byte == 0)));
    }
    // What was cut off is gone, also where the page stayed.
    assert_eq!((file.as_slice()[98], file.as_slice()[99]), (7, 0));
    assert_eq!(file.resize(0).unwrap_err().reason(), Reason::Empty);
    assert_eq!(file.resize(usize::MAX).unwrap_err().reason(), Reason::TooLarge);
    assert_eq!(file.len(), 100);
}

#[test]
fn file_that_may_not_grow_stays_as_it_was() {
    const TEST: &str = "file_that_may_not_grow_stays_as_it_was";
    if !support::is_child() {
        return support::in_child(TEST, |_| ());
    }
    // SAFETY: the signal that comes with the limit is left alone, for the error to be seen.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let path = TempPath::new();
    let mut file = create(&path, 5000).unwrap();
    file.as_mut_slice().fill(3);
    support::limit(libc::RLIMIT_FSIZE, 8192);
    let error = file.resize(1 << 20).unwrap_err();
    assert!(error.call() == Call::Resize && error.is(region::error::Errno::EFBIG), "{error}");
    assert!(file.len() == 5000 && file.as_slice().iter().all(|&byte| byte == 3));
    // No addresses for so much: the file is cut again.
    support::limit(libc::RLIMIT_FSIZE, support::UNLIMITED);
    support::limit(libc::RLIMIT_AS, support::status("VmSize") as u64 + (8 << 20));
    let error = file.resize(1 << 30).unwrap_err();
    assert!(error.call() == Call::Remap && error.is(region::error::Errno::ENOMEM), "{error}");
    assert_eq!((file.len(), content(&path).len()), (5000, 5000));
    assert!(file.as_slice().iter().all(|&byte| byte == 3));
}

#[test]
fn read_only_and_private_regions_leave_the_file_alone() {
    let path = TempPath::new();
    std::fs::write(&path, vec![5u8; 9000]).unwrap();
    // SAFETY: nobody writes to the file below.
    let mut reading = unsafe { FileRegion::open_read_only(path.bytes()) }.unwrap();
    assert_eq!(reading.as_slice(), [5; 9000]);
    assert!(reading.as_mut_slice().is_empty());
    assert_eq!(reading.resize(10).unwrap_err().reason(), Reason::NotShared);
    // SAFETY: as above.
    let mut copy = unsafe { FileRegion::open_private(path.bytes()) }.unwrap();
    copy.as_mut_slice().fill(6);
    copy.flush().unwrap();
    let error = copy.resize(10).unwrap_err();
    assert_eq!(error.reason(), Reason::NotShared);
    assert!(error.to_string().contains("private copy"), "{error}");
    assert!(copy.as_slice().iter().all(|&byte| byte == 6));
    assert!(reading.as_slice().iter().all(|&byte| byte == 5));
    assert_eq!(content(&path), vec![5u8; 9000]);
}

#[test]
fn advice_keeps_every_byte_of_a_file() {
    let path = TempPath::new();
    std::fs::write(&path, vec![5u8; 100_000]).unwrap();
    let mut file = open(&path).unwrap();
    file.as_mut_slice()[50_000] = 6;
    for advice in [Advice::Sequential, Advice::Random, Advice::WillNeed, Advice::Cold, Advice::PageOut, Advice::Normal]
    {
        for range in [0..100_000, 1..2, 99_999..100_000, 7..7] {
            if let Err(error) = file.advise(range, advice) {
                eprintln!("this kernel does not follow {advice:?}: {error}");
            }
        }
        let others = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte != 5).count();
        assert!(file.as_slice()[50_000] == 6 && others(file.as_slice()) == 1, "{advice:?}");
    }
    assert_eq!(file.advise(..100_001, Advice::Cold).unwrap_err().reason(), Reason::OutsideFile);
}

/// Such a file is several entries of the kernel's map, of which mremap(2) resizes one (EFAULT).
#[test]
fn a_file_that_was_advised_in_parts_is_resized() {
    let (path, page) = (TempPath::new(), page_size());
    let mut file = create(&path, 8 * page).unwrap();
    file.as_mut_slice().fill(7);
    for len in [20 * page, 4 * page, 30 * page + 1, 5 * page, 100] {
        file.advise(..page, Advice::Random).unwrap();
        file.advise(2 * page..3 * page, Advice::Sequential).unwrap();
        file.resize(len).unwrap();
        assert_eq!((file.len(), std::fs::metadata(&path).unwrap().len()), (len, len as u64));
        assert!(file.as_slice()[..len.min(4 * page)].iter().all(|&byte| byte == 7));
        file.as_mut_slice()[len - 1] = 7;
        assert_eq!(content(&path)[len - 1], 7);
    }
}

#[test]
fn parent_and_child_write_one_file() {
    let path = TempPath::new();
    let mut file = create(&path, 8192).unwrap();
    let start = file.as_mut_ptr();
    let ended = support::forked(|| {
        // SAFETY: the byte is the file's, and the parent reads it when the child is gone.
        unsafe { start.add(5000).write(8) };
        true
    });
    assert_eq!(ended, 0);
    assert_eq!((file.as_slice()[5000], content(&path)[5000]), (8, 8));
}

#[test]
fn what_cannot_be_mapped_is_refused_in_words() {
    let path = TempPath::new();
    assert!(open(&path).unwrap_err().is(region::error::Errno::ENOENT));
    assert_eq!(create(&path, 0).unwrap_err().reason(), Reason::Empty);
    assert!(create(&path, usize::MAX).is_err());
    std::fs::write(&path, b"").unwrap();
    let error = open(&path).unwrap_err();
    assert!(error.call() == Call::MapFile && error.reason() == Reason::EmptyFile, "{error}");
    let read = |path: &str| {
        // SAFETY: nothing is mapped.
        let refused = unsafe { FileRegion::open_read_only(path) };
        refused.unwrap_err()
    };
    assert_eq!(read("/").reason(), Reason::Directory);
    assert_eq!(read("/dev/null").reason(), Reason::CharacterDevice);
    assert_eq!(read("/proc/self/maps").reason(), Reason::EmptyFile);
    std::fs::write(&path, b"12345").unwrap();
    let file = open(&path).unwrap();
    file.flush_range(1..5).unwrap();
    file.flush_range(5..).unwrap();
    let error = file.flush_range(..6).unwrap_err();
    assert!(error.reason() == Reason::OutsideFile && error.to_string().contains("outside the file"), "{error}");
}

/// Opened to be read, a fifo waits for its writer; `/dev/zero` would be mapped at any length, and be no file.
#[test]
fn what_has_no_length_is_refused_at_once_whichever_way_it_is_opened() {
    let fifo = TempPath::new();
    let path = std::ffi::CString::new(fifo.bytes()).unwrap();
    // SAFETY: the path is NUL-terminated, and no memory changes.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    for (path, reason) in [(fifo.bytes(), Reason::Pipe), (b"/dev/zero", Reason::CharacterDevice)] {
        // SAFETY: nothing is mapped.
        let refused = unsafe {
            [
                FileRegion::open(path),
                FileRegion::open_read_only(path),
                FileRegion::open_private(path),
                FileRegion::create(path, 4096),
            ]
        };
        assert!(refused.iter().all(|refused| refused.as_ref().is_err_and(|error| error.reason() == reason)));
    }
}

/// Bytes that this process made the system write to its devices.
fn device_bytes() -> Option<u64> {
    let io = std::fs::read_to_string("/proc/self/io").ok()?;
    io.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.parse().ok()
}

/// Writes the file in pieces, which are the pieces in which it is kept in RAM and goes to the disk.
fn write_in_pieces(path: &TempPath, len: usize, piece: usize) {
    let mut file = std::fs::File::create(path).unwrap();
    let bytes = vec![0xa5u8; piece];
    (0..len / piece).for_each(|_| file.write_all(&bytes).unwrap());
    file.sync_all().unwrap();
}

#[test]
fn three_changed_pages_of_a_gibibyte_are_all_that_is_written() {
    const TEST: &str = "three_changed_pages_of_a_gibibyte_are_all_that_is_written";
    const LEN: usize = 1 << 30;
    if !support::is_child() {
        return support::in_child(TEST, |_| ());
    }
    if device_bytes().is_none() {
        eprintln!("SKIPPED: no /proc/self/io here; how much a flush writes was NOT tested");
        return;
    }
    let path = TempPath::new();
    for (piece, most) in [(4 << 10, 64 << 10), (1 << 20, 3 << 20)] {
        write_in_pieces(&path, LEN, piece);
        let mut file = open(&path).unwrap();
        let changed = [12_345, LEN / 2 + 1, LEN - 1];
        let before = device_bytes().unwrap();
        for at in changed {
            file.as_mut_slice()[at] = 1;
        }
        file.flush().unwrap();
        let written = device_bytes().unwrap() - before;
        eprintln!("3 bytes in a file written in pieces of {} KiB: {} KiB to the device", piece >> 10, written >> 10);
        assert!(written <= most, "{written} bytes were written");
        drop(file);
        // SAFETY: nobody writes to the file.
        let file = unsafe { FileRegion::open_read_only(path.bytes()) }.unwrap();
        let mut start = 0;
        for at in changed {
            assert!(support::all(&file.as_slice()[start..at], 0xa5) && file.as_slice()[at] == 1, "before {at}");
            start = at + 1;
        }
        assert_eq!(start, LEN);
    }
}

/// A tree node in a file: what it leads to is said in offsets.
#[repr(C)]
struct Node {
    value: u64,
    below: [Option<Offset<Node>>; 2],
}

/// Grows a tree of values that are in order, and gives the offset of its top.
fn grow(arena: &FileArena, values: std::ops::Range<u64>) -> Option<Offset<Node>> {
    if values.is_empty() {
        return None;
    }
    let middle = values.start + (values.end - values.start) / 2;
    let below = [grow(arena, values.start..middle), grow(arena, middle + 1..values.end)];
    arena.offset_of(arena.alloc(Node { value: middle, below }))
}

fn walk(arena: &FileArena, at: Option<Offset<Node>>, values: &mut Vec<u64>) {
    let Some(at) = at else { return };
    // SAFETY: what is at offsets of nodes are nodes, and nobody changes them.
    let node = unsafe { arena.get(at) }.expect("an offset leads to a node");
    walk(arena, node.below[0], values);
    values.push(node.value);
    walk(arena, node.below[1], values);
}

fn reopen(path: &TempPath, capacity: usize) -> Result<FileArena, region::Error> {
    // SAFETY: the path is this test's own.
    unsafe { FileArena::open(path.bytes(), capacity) }
}

#[test]
fn structure_that_was_built_in_a_file_is_found_again_and_goes_on() {
    let path = TempPath::new();
    // SAFETY: the path is this test's own.
    let mut arena = unsafe { FileArena::create(path.bytes(), 1 << 30) }.unwrap();
    let top = grow(&arena, 0..10_000);
    arena.set_root(top);
    let text = arena.offset_of_slice(arena.alloc_str("after the tree").as_bytes()).unwrap();
    let end = arena.end();
    drop(arena);
    assert_eq!(content(&path).len() as u64, end, "room that was not used is still there");
    let mut arena = reopen(&path, 1 << 20).unwrap();
    let mut values = Vec::new();
    walk(&arena, arena.root(), &mut values);
    assert!(arena.root() == top && values.into_iter().eq(0..10_000));
    // SAFETY: the text's bytes are there.
    assert_eq!(unsafe { arena.get_slice(text, 14) }.unwrap(), b"after the tree");
    assert!(arena.alloc_slice_zeroed::<u64>(100).iter().all(|&word| word == 0));
    let more = grow(&arena, 5..9);
    assert!(more.unwrap().raw() >= end, "a new value lies among the old ones");
    arena.set_root(more);
    assert!(arena.try_alloc_slice_fill_copy(1 << 20, 1u8).is_err());
    arena.flush().unwrap();
    // As a process finds it that comes after one that was killed here.
    std::mem::forget(arena);
    let arena = reopen(&path, 0).unwrap();
    let mut values = Vec::new();
    walk(&arena, arena.root(), &mut values);
    assert_eq!(values, [5, 6, 7, 8]);
    assert!(arena.try_alloc(1u8).is_err(), "there is no room in a file that was given none");
}

#[test]
fn offsets_that_lead_nowhere_are_noticed() {
    let path = TempPath::new();
    // SAFETY: the path is this test's own.
    let arena = unsafe { FileArena::create(path.bytes(), 4096) }.unwrap();
    let value = arena.offset_of(arena.alloc(7u64)).unwrap();
    // SAFETY: all but the first lead to nothing, which is the point.
    unsafe {
        assert_eq!(arena.get(value), Some(&7));
        for offset in [8, value.raw() + 1, value.raw() + 8, u64::MAX, u64::MAX - 6] {
            assert_eq!(arena.get(Offset::<u64>::from_raw(offset).unwrap()), None, "{offset}");
        }
        assert_eq!(arena.get_slice(value, 2), None);
        assert_eq!(arena.get_slice(value, usize::MAX), None);
    }
    assert_eq!(arena.offset_of(&7u64), None);
}

#[test]
fn files_that_are_no_arenas_are_refused() {
    let path = TempPath::new();
    // SAFETY: the path is this test's own.
    let arena = unsafe { FileArena::create(path.bytes(), 1 << 16) }.unwrap();
    arena.alloc([1u64; 100]);
    drop(arena);
    let good = content(&path);
    assert!(reopen(&path, 0).is_ok());
    for (at, byte) in [(0, b'x'), (8, 2), (16, 0xff), (23, 1), (31, 1)] {
        let mut bad = good.clone();
        bad[at] = byte;
        std::fs::write(&path, bad).unwrap();
        assert_eq!(reopen(&path, 0).unwrap_err().reason(), Reason::NotAnArena, "byte {at}");
    }
    for cut in [1, 63, 64, good.len() - 1] {
        std::fs::write(&path, &good[..cut]).unwrap();
        let error = reopen(&path, 0).unwrap_err();
        assert_eq!(error.reason(), Reason::NotAnArena, "cut to {cut}");
        assert!(error.to_string().contains("was cut"), "{error}");
    }
}
