//! Files read into an arena: every kind of file, whole or not at all, with the zeroes behind it that were asked for.

#![cfg(all(feature = "os", target_os = "linux"))]

mod support;

use region::arena::ReadError;
use region::backing::Mapped;
use region::error::{AllocReason, Reason};
use region::{Arena, ArenaPool, Input, StackBuffer, page_size};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use support::heap::{Heap, Plan};
use support::*;

/// Lengths around those at which something changes: units of the cursor, pages, the first block, steps.
const LENGTHS: [usize; 15] =
    [1, 7, 8, 9, 4095, 4096, 4097, 65_528, 65_535, 65_536, 65_537, 600_000, (1 << 20) - 1, 1 << 20, 5_000_001];

#[test]
fn a_file_is_there_whole_and_takes_no_more_than_its_bytes() {
    for len in LENGTHS {
        let content = pattern(len);
        let path = TempPath::with(&content);
        let arena = Arena::<1>::with_min_align();
        let before = arena.alloc_slice_copy(b"before");
        let bytes = arena.alloc_file(path.bytes()).unwrap();
        assert!(*bytes == content[..], "{len} bytes");
        assert_eq!(arena.used(), 6 + len, "{len} bytes");
        let read = arena.alloc_fd(fd(&path.open())).unwrap();
        assert!(*read == content[..] && arena.used() == 6 + 2 * len, "{len} bytes");
        // They are the caller's to change, and lie apart.
        bytes.fill(1);
        read.fill(2);
        assert!(all(bytes, 1) && all(read, 2) && before == b"before");
    }
}

#[test]
fn a_descriptor_is_read_from_where_it_stands() {
    let content = pattern(3 * page_size() + 5);
    let path = TempPath::with(&content);
    let arena = Arena::new();
    let len = content.len() as u64;
    for position in [0, 1, 4096, len - 1, len, 1 << 40] {
        let mut file = path.open();
        file.seek(SeekFrom::Start(position)).unwrap();
        let rest = usize::try_from(position).ok().and_then(|at| content.get(at..)).unwrap_or_default();
        assert_eq!(arena.alloc_fd(fd(&file)).unwrap(), rest, "from {position}");
        assert_eq!(file.stream_position().unwrap(), position.max(len));
    }
}

#[test]
fn files_without_a_length_are_read_to_their_end() {
    let arena = Arena::new();
    let maps = arena.alloc_file_str("/proc/self/smaps").unwrap();
    assert!(maps.contains("[stack]") && maps.ends_with('\n'));
    assert_eq!(arena.alloc_file("/proc/sys/kernel/ostype").unwrap(), b"Linux\n");
    // Of /sys: 4096 bytes, it says.
    if let Ok(there) = std::fs::read("/sys/kernel/mm/transparent_hugepage/enabled") {
        assert_eq!(arena.alloc_file("/sys/kernel/mm/transparent_hugepage/enabled").unwrap(), there);
    }
    assert_eq!(arena.alloc_file("/dev/null").unwrap(), b"");
    let program = std::fs::read("/proc/self/exe").unwrap();
    assert!(arena.alloc_file("/proc/self/exe").unwrap() == program);
}

#[test]
fn pipes_of_every_length_are_read_to_their_end() {
    for len in LENGTHS {
        let content = pattern(len);
        let (reader, writer) = pipe();
        let writing = write_in_pieces(writer, content.clone(), 30_000);
        let arena = Arena::new();
        let kept = arena.alloc_str("kept");
        assert!(arena.alloc_fd(fd(&reader)).unwrap() == content, "{len} bytes");
        assert_eq!(arena.used(), 8 + len.next_multiple_of(8), "{len} bytes");
        assert_eq!(kept, "kept");
        writing.join().unwrap();
        // Nobody writes any more.
        assert_eq!(arena.alloc_fd(fd(&reader)).unwrap(), b"");
    }
}

#[test]
fn an_empty_file_takes_nothing_not_even_where_nothing_is_left() {
    let path = TempPath::with(b"");
    let arena = Arena::new();
    assert_eq!(arena.alloc_file(path.bytes()).unwrap(), b"");
    assert_eq!(arena.alloc_file_str(path.bytes()).unwrap(), "");
    assert_eq!(arena.used(), 0);
    arena.set_limit(0);
    assert_eq!(arena.alloc_file(path.bytes()).unwrap(), b"");
    let claim = arena.claim();
    assert_eq!(arena.alloc_file(path.bytes()).unwrap(), b"");
    let full = TempPath::with(b"x");
    let refused = arena.alloc_file(full.bytes()).unwrap_err();
    assert!(matches!(refused, ReadError::Memory(error) if error.reason() == AllocReason::Claimed));
    drop(claim);
    assert_eq!(arena.alloc_file_padded(path.bytes(), 0).unwrap().as_padded(), b"");
    arena.set_limit(16);
    assert_eq!(arena.alloc_file_padded(path.bytes(), 9).unwrap().as_padded(), [0; 9]);
}

#[test]
fn what_cannot_be_read_is_refused_with_what_to_do_and_takes_nothing() {
    let arena = Arena::new();
    arena.alloc(7);
    let directory = arena.alloc_file("/proc").unwrap_err();
    assert!(matches!(directory, ReadError::File(error) if error.reason() == Reason::Directory));
    assert_eq!(directory.to_string(), "cannot read: it is a directory. Name a file in it.");
    assert!(arena.alloc_fd(fd(&File::open("/").unwrap())).is_err());
    let missing = arena.alloc_file("/no/such/file").unwrap_err();
    assert_eq!(missing.raw_os_error(), Some(libc::ENOENT));
    assert_eq!(missing.to_string(), "cannot open the file: ENOENT (open). There is no such file; check the path.");
    assert!(arena.alloc_file(b"a\0b").is_err() && arena.alloc_file("x".repeat(5000).as_bytes()).is_err());
    // SAFETY: no file has the number.
    let closed = arena.alloc_fd(unsafe { region::input::Fd::from_raw(-1) }).unwrap_err();
    assert_eq!(closed.raw_os_error(), Some(libc::EBADF));
    let path = TempPath::with(b"content");
    let writable = OpenOptions::new().append(true).open(&path).unwrap();
    assert_eq!(arena.alloc_fd(fd(&writable)).unwrap_err().raw_os_error(), Some(libc::EBADF));
    let path_only = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(&path).unwrap();
    assert_eq!(arena.alloc_fd(fd(&path_only)).unwrap_err().raw_os_error(), Some(libc::EBADF));
    let (reader, mut writer) = pipe();
    set_nonblocking(&reader);
    writer.write_all(b"lost").unwrap();
    assert_eq!(arena.alloc_fd(fd(&reader)).unwrap_err().raw_os_error(), Some(libc::EAGAIN));
    assert_eq!(arena.used(), 8);
    assert!(std::error::Error::source(&directory).is_some());
}

#[test]
fn text_is_utf_8_or_takes_nothing() {
    let arena = Arena::new();
    let text = TempPath::with("Übergrößenträger\n".repeat(5000).as_bytes());
    assert!(arena.alloc_file_str(text.bytes()).unwrap().lines().all(|line| line == "Übergrößenträger"));
    assert_eq!(arena.alloc_fd_str(fd(&text.open())).unwrap().lines().count(), 5000);
    let used = arena.used();
    for len in [3, 100_000] {
        let mut bytes = vec![b'x'; len];
        bytes.push(0xff);
        let path = TempPath::with(&bytes);
        for refused in [arena.alloc_file_str(path.bytes()), arena.alloc_fd_str(fd(&path.open()))] {
            let refused = refused.map(drop).unwrap_err();
            assert!(matches!(refused, ReadError::Text(error) if error.valid_up_to() == len), "{refused:?}");
            assert!(refused.to_string().contains("not") || refused.to_string().contains("invalid"), "{refused}");
            assert_eq!(arena.used(), used);
        }
        let claim = arena.claim();
        assert!(claim.alloc_file(path.bytes()).unwrap() == bytes);
    }
}

#[test]
fn zeroes_are_behind_the_bytes_and_not_among_them() {
    for len in [0, 1, 8, 63, 64, 4096, 65_536, 300_000] {
        let content = vec![7; len];
        let path = TempPath::with(&content);
        let mut arena = Arena::new();
        for padding in [0, 1, 8, 64, 5000] {
            // Memory that held other bytes before.
            arena.alloc_slice_fill_copy(400_000, 9u8);
            arena.reset();
            let by_path = arena.alloc_file_padded(path.bytes(), padding).unwrap();
            let by_fd = arena.alloc_fd_padded(fd(&path.open()), padding).unwrap();
            for mut padded in [by_path, by_fd] {
                assert_eq!(format!("{padded:?}"), format!("Padded {{ len: {len}, padding: {padding} }}"));
                assert!(*padded == content[..] && padded.as_padded().len() == len + padding);
                assert!(all(&padded.as_padded()[len..], 0));
                padded.fill(8);
                let whole = padded.into_padded();
                assert!(all(&whole[..len], 8) && all(&whole[len..], 0));
            }
            assert_eq!(arena.used(), 2 * (len + padding).next_multiple_of(8), "{len} and {padding}");
            assert!(arena.alloc_file_padded(path.bytes(), padding).unwrap().into_bytes() == content);
        }
        let (reader, mut writer) = pipe();
        writer.write_all(&content[..len.min(60_000)]).unwrap();
        drop(writer);
        let padded = arena.alloc_fd_padded(fd(&reader), 64).unwrap();
        assert!(all(&padded.as_padded()[padded.len()..], 0) && padded.len() == len.min(60_000));
    }
}

#[test]
fn the_limit_is_exact_and_what_is_beyond_it_leaves_the_arena_as_it_was() {
    for len in [1, 100, 4096, 65_536, 70_000, 2_000_000] {
        let content = pattern(len);
        let path = TempPath::with(&content);
        for padding in [0, 1, 64] {
            let arena = Arena::<1>::with_min_align();
            arena.alloc([1u8; 10]);
            let (reader, committed) = (path.open(), arena.reserved());
            for limit in [0, 9, 10, 10 + len / 2, 10 + len + padding - 1] {
                arena.set_limit(limit);
                let refused = arena.alloc_file_padded(path.bytes(), padding).map(drop).unwrap_err();
                let limited =
                    matches!(refused, ReadError::Memory(error) if error.reason() == AllocReason::Limit(limit));
                assert!(limited, "{len} with {padding} in {limit}: {refused}");
                assert!(refused.to_string().starts_with("cannot read the file into the arena: cannot allocate "));
                assert_eq!(arena.used(), 10, "{len} with {padding} in {limit}");
                // A long file is refused before a block is taken for it.
                assert!(arena.reserved() == committed || len <= 65_536, "{len} with {padding} in {limit}");
            }
            arena.set_limit(10 + len + padding);
            assert!(*arena.alloc_fd_padded(fd(&reader), padding).unwrap() == content[..]);
            assert_eq!(arena.used(), arena.limit());
            // A stream of the same length, whose end is only seen when it comes.
            let (reader, writer) = pipe();
            let writing = write_in_pieces(writer, content.clone(), 50_000);
            let arena = Arena::<1>::with_min_align();
            arena.set_limit(len + padding);
            assert!(*arena.alloc_fd_padded(fd(&reader), padding).unwrap() == content[..], "{len} with {padding}");
            assert_eq!(arena.used(), len + padding);
            writing.join().unwrap();
        }
    }
}

#[test]
fn an_endless_file_ends_at_the_limit() {
    let arena = Arena::new();
    arena.set_limit(3_000_000);
    let refused = arena.alloc_file("/dev/zero").unwrap_err();
    assert!(matches!(refused, ReadError::Memory(error) if error.reason() == AllocReason::Limit(3_000_000)));
    assert_eq!(arena.used(), 0);
    assert_eq!(arena.alloc_slice_zeroed::<u8>(3_000_000).len(), 3_000_000);
}

#[test]
fn a_buffer_is_filled_to_its_last_byte() {
    let mut memory = StackBuffer::<1000>::new();
    let mut arena = Arena::from_buffer(&mut memory);
    arena.alloc(0u64);
    let room = arena.chunk_capacity() + 8;
    arena.reset();
    for len in [room, room - 1] {
        let path = TempPath::with(&pattern(len));
        assert_eq!(arena.alloc_file(path.bytes()).unwrap(), pattern(len));
        arena.reset();
    }
    let path = TempPath::with(&pattern(room + 1));
    let refused = arena.alloc_file(path.bytes()).unwrap_err();
    assert!(matches!(refused, ReadError::Memory(error) if matches!(error.reason(), AllocReason::Exhausted(_))));
    assert_eq!(arena.used(), 0);
    // The length that /sys says is more than the buffer has, and no file's there.
    assert!(arena.alloc_file("/sys/kernel/mm/transparent_hugepage/enabled").is_ok_and(|text| text.len() < 100));
}

#[test]
fn a_sparse_file_larger_than_any_memory_is_refused_at_once() {
    let path = TempPath::with(b"");
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let longest = [1u64 << 62, 1 << 50, 1 << 43].into_iter().find(|&len| file.set_len(len).is_ok());
    let Some(longest) = longest else { return skip("sparse files: the file system has no long ones") };
    if std::fs::read_to_string("/proc/sys/vm/overcommit_memory").is_ok_and(|mode| mode.trim() == "1") {
        return skip("sparse files: vm.overcommit_memory is 1, and the system promises all that is asked for");
    }
    let arena = Arena::<8>::new_in(Mapped::exactly(1 << 29));
    let kept = arena.alloc([3u64; 100]);
    let refused = arena.alloc_file(path.bytes()).unwrap_err();
    // The longest that 32 bits can say stands for all that are longer.
    let longest = usize::try_from(longest).unwrap_or(usize::MAX);
    assert!(matches!(refused, ReadError::Memory(error) if error.size() >= longest), "{refused}");
    let refused = Arena::new().alloc_file(path.bytes()).unwrap_err();
    assert!(refused.to_string().starts_with("cannot read the file into the arena: cannot allocate "), "{refused}");
    assert_eq!((*kept, arena.used()), ([3; 100], 800));
}

#[test]
fn a_file_that_grows_or_shrinks_is_read_as_it_is_then() {
    let first = pattern(100_000);
    let path = TempPath::with(&first);
    let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
    let reading = Arc::new(());
    let still_reading = Arc::downgrade(&reading);
    let writing = std::thread::spawn(move || {
        while still_reading.strong_count() > 0 {
            writer.set_len(0).unwrap();
            writer.write_all(&[b'x'; 300_000]).unwrap();
            writer.write_all(&[b'x'; 700_000]).unwrap();
        }
    });
    let mut arena = Arena::new();
    arena.alloc_file(path.bytes()).unwrap(); // the first content may be there
    for _ in 0..200 {
        arena.reset();
        let bytes = arena.alloc_file_padded(path.bytes(), 64).unwrap();
        // One read may see both contents, the first one up to where it was when that ended.
        let ours = |(at, &byte): (usize, &u8)| byte == b'x' || byte == 0 || first.get(at) == Some(&byte);
        assert!(bytes.len() <= 1_000_000 && bytes.iter().enumerate().all(ours));
        assert!(all(&bytes.as_padded()[bytes.len()..], 0));
    }
    drop(reading);
    writing.join().unwrap();
}

#[test]
fn a_signal_in_mid_stream_loses_nothing() {
    let (reader, writing) = pipe_with_signals();
    let arena = Arena::new();
    assert!(arena.alloc_fd(fd(&reader)).unwrap().iter().copied().eq(0..50));
    writing.join().unwrap();
}

#[test]
fn a_stream_that_hits_eio_leaves_nothing() {
    let (master, mut slave) = terminal();
    slave.write_all(b"last words").unwrap();
    drop(slave);
    let arena = Arena::new();
    assert_eq!(arena.alloc_fd(fd(&master)).unwrap_err().raw_os_error(), Some(libc::EIO));
    assert_eq!(arena.used(), 0);
}

/// An error comes when the bytes lie in a block of their own already; the arena goes back to the one before.
#[test]
fn an_arena_goes_back_to_the_block_where_it_was() {
    for plan in [Plan::TINY, Plan::TIGHT, Plan { least: 4096, ready: 64, step: 64, skew: 24 }] {
        let (heap, book) = Heap::new(plan);
        let mut arena = Arena::<8, Heap>::new_in(heap);
        for len in [10, 100, 5_000, 50_000] {
            let kept = arena.alloc_slice_copy(&[5u8; 40]);
            let before = (arena.used(), arena.mark());
            let path = TempPath::with(&[&vec![b'x'; len][..], &[0xff]].concat());
            assert!(matches!(arena.alloc_file_str(path.bytes()), Err(ReadError::Text(_))));
            let (reader, mut writer) = pipe();
            set_nonblocking(&reader);
            writer.write_all(&vec![b'x'; len]).unwrap();
            assert_eq!(arena.alloc_fd(fd(&reader)).unwrap_err().raw_os_error(), Some(libc::EAGAIN));
            assert_eq!((arena.used(), arena.mark()), before);
            assert!(all(kept, 5));
            assert_eq!(arena.alloc_file(path.bytes()).unwrap().len(), len + 1);
        }
        arena.reset();
        drop(arena);
        book.check_closed();
    }
}

#[test]
fn scopes_claims_and_pools_read_too() {
    let path = TempPath::with("content".as_bytes());
    let mut arena = Arena::new();
    let len = arena.scoped(|scope| {
        assert_eq!(scope.alloc_file_padded(path.bytes(), 9).unwrap().as_padded(), b"content\0\0\0\0\0\0\0\0\0");
        scope.alloc_file_str(path.bytes()).unwrap().len() + scope.alloc_fd(fd(&path.open())).unwrap().len()
    });
    assert_eq!((len, arena.used()), (14, 0));
    let kept = arena.alloc_file(path.bytes()).unwrap();
    assert_eq!(arena.claimed(|scratch| scratch.alloc_file(path.bytes()).unwrap().len()), kept.len());
    let pool = ArenaPool::new();
    let text: &str = pool.member().alloc_file_str(path.bytes()).unwrap();
    assert_eq!((text, &*pool.get().alloc_file(path.bytes()).unwrap()), ("content", &b"content"[..]));
    assert_eq!(pool.member().alloc_fd_padded(fd(&path.open()), 1).unwrap().as_padded(), b"content\0");
}

/// `open`, `fstat`, `read`, `close`: a filter kills the process for any other call.
#[test]
fn small_files_again_and_again_are_four_calls_each_and_bring_in_no_page() {
    const NAME: &str = "small_files_again_and_again_are_four_calls_each_and_bring_in_no_page";
    // A process of its own: other tests' arenas would hold the blocks that are kept.
    if !is_child() {
        return in_child(NAME, |_| ());
    }
    let files = [100, 1_000, 10_000, 100_000, 400_000].map(|len| TempPath::with(&pattern(len)));
    let mut arena = Arena::new();
    let mut read_all = || {
        let mut bytes = 0;
        for file in &files {
            bytes += Input::read(file.bytes()).unwrap().len();
            bytes += Arena::new().alloc_file(file.bytes()).unwrap().len();
            bytes += arena.alloc_file(file.bytes()).unwrap().len();
            arena.reset();
        }
        bytes
    };
    read_all();
    #[cfg(target_pointer_width = "64")]
    let allowed = [libc::SYS_openat, libc::SYS_fstat, libc::SYS_read, libc::SYS_close];
    // The first `open` is used where it exists, and the first `fstat` has no room for long files there.
    #[cfg(not(target_pointer_width = "64"))]
    let allowed =
        [libc::SYS_open, libc::SYS_openat, libc::SYS_statx, libc::SYS_fstat64, libc::SYS_read, libc::SYS_close];
    let fork = Fork::new();
    if !fork.is_child() {
        return fork.join(true);
    }
    // The last two are this test's own.
    if !allow_calls(&[&allowed[..], &[libc::SYS_getrusage, libc::SYS_exit_group]].concat()) {
        skip("the calls that reading makes: seccomp(2) is refused");
        return fork.join(true);
    }
    // The child's pages are copies, once each.
    read_all();
    let before = page_faults();
    let bytes: usize = (0..100).map(|_| read_all()).sum();
    fork.join(bytes == 100 * 3 * 511_100 && page_faults() - before < 20);
}

/// The blocks of inputs are longer than their files, and must not use up the addresses while many files are kept.
#[test]
fn inputs_that_stay_leave_addresses_for_each_other() {
    const NAME: &str = "inputs_that_stay_leave_addresses_for_each_other";
    if !is_child() {
        return in_child(NAME, |_| ());
    }
    let content = pattern(100_000);
    let path = TempPath::with(&content);
    limit(libc::RLIMIT_AS, (status("VmSize") + (1 << 30)) as u64);
    let kept: Vec<Input> = (0..1_000).map(|_| Input::read(path.bytes()).unwrap()).collect();
    assert!(kept.iter().all(|input| **input == content[..]));
}
