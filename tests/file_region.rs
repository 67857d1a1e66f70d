//! File regions: what is written is the file's, no more of it than that, and at the right time.

#![cfg(feature = "os")]

mod support;

use region::{Call, FileRegion, Reason, page_size};
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
    assert!(error.call() == Call::Resize && error.is("EFBIG"), "{error}");
    assert!(file.len() == 5000 && file.as_slice().iter().all(|&byte| byte == 3));
    // No addresses for so much: the file is cut again.
    support::limit(libc::RLIMIT_FSIZE, libc::RLIM_INFINITY);
    support::limit(libc::RLIMIT_AS, support::status("VmSize") as u64 + (8 << 20));
    let error = file.resize(1 << 30).unwrap_err();
    assert!(error.call() == Call::Remap && error.is("ENOMEM"), "{error}");
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
fn parent_and_child_write_one_file() {
    let path = TempPath::new();
    let mut file = create(&path, 8192).unwrap();
    let start = file.as_mut_ptr();
    // SAFETY: the child writes one byte that the parent reads when it is gone, and leaves by `_exit`.
    unsafe {
        match libc::fork() {
            0 => {
                start.add(5000).write(8);
                libc::_exit(0);
            }
            child => assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child),
        }
    }
    assert_eq!((file.as_slice()[5000], content(&path)[5000]), (8, 8));
}

#[test]
fn what_cannot_be_mapped_is_refused_in_words() {
    let path = TempPath::new();
    assert!(open(&path).unwrap_err().is("ENOENT"));
    assert_eq!(create(&path, 0).unwrap_err().reason(), Reason::Empty);
    assert!(create(&path, usize::MAX).is_err());
    std::fs::write(&path, b"").unwrap();
    let error = open(&path).unwrap_err();
    assert!(error.call() == Call::MapFile && error.reason() == Reason::Empty, "{error}");
    let read = |path: &str| {
        // SAFETY: nothing is mapped.
        let refused = unsafe { FileRegion::open_read_only(path) };
        refused.unwrap_err()
    };
    assert_eq!(read("/").reason(), Reason::Directory);
    assert!(read("/dev/null").is("ENODEV"));
    assert_eq!(read("/proc/self/maps").reason(), Reason::Empty);
    std::fs::write(&path, b"12345").unwrap();
    let file = open(&path).unwrap();
    file.flush_range(1..5).unwrap();
    file.flush_range(5..).unwrap();
    let error = file.flush_range(..6).unwrap_err();
    assert!(error.reason() == Reason::BadRange && error.to_string().contains("outside the file"), "{error}");
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
