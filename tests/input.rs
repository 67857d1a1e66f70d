//! `Input` gives the bytes of every kind of file, from where the descriptor stands, both ways.
#![cfg(target_os = "linux")]

mod support;

use region::error::Reason;
use region::input::{Fd, Source};
use region::{Input, InputError, page_size};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::Arc;
use support::*;

/// Maps or reads; the files of these tests are not written to while they are mapped.
fn map(file: &impl AsRawFd) -> Result<Input, InputError> {
    // SAFETY: see above.
    unsafe { Input::from_fd(fd(file)) }
}

fn open(path: &[u8]) -> Result<Input, InputError> {
    // SAFETY: as in `map`.
    unsafe { Input::open(path) }
}

/// The error's name, `None` when it was not the system's or there was none.
fn errno(result: Result<Input, InputError>) -> Option<&'static str> {
    result.err()?.error().errno()?.name()
}

#[test]
fn regular_file_is_mapped_and_the_same_bytes_are_read() {
    let page = page_size();
    for len in [1, 63, page - 1, page, page + 1, 3 * page, 600_000, (1 << 20) - 1, 1 << 20, 5_000_001] {
        let content = pattern(len);
        let path = TempPath::with(&content);
        let mapped = open(path.bytes()).unwrap();
        let read = Input::read(path.bytes()).unwrap();
        assert_eq!((mapped.source(), read.source()), (Source::Mapped, Source::Read));
        assert!(*mapped == content[..] && *read == content[..], "{len} bytes");
    }
}

#[test]
fn both_ways_start_where_the_descriptor_stands() {
    let page = page_size() as u64;
    let content = pattern(3 * page as usize + 5);
    let path = TempPath::with(&content);
    for position in [0, 1, page - 1, page, page + 1, 3 * page, 3 * page + 4, 3 * page + 5, 1 << 40] {
        let rest = usize::try_from(position).ok().and_then(|at| content.get(at..)).unwrap_or_default();
        let mut file = path.open();
        file.seek(SeekFrom::Start(position)).unwrap();
        assert_eq!(*map(&file).unwrap(), *rest, "mapped from {position}");
        assert_eq!(file.stream_position().unwrap(), position, "mapping moved the descriptor");
        assert_eq!(*Input::read_fd(fd(&file)).unwrap(), *rest, "read from {position}");
        assert_eq!(file.stream_position().unwrap(), position.max(content.len() as u64));
    }
}

#[test]
fn empty_file_is_an_empty_input() {
    let path = TempPath::with(b"");
    for input in [open(path.bytes()).unwrap(), Input::read(path.bytes()).unwrap(), Input::new(), Input::default()] {
        assert!(input.is_empty() && input.lines().next().is_none() && input.as_str() == Ok(""));
    }
}

#[test]
fn sparse_file_reads_as_nul_bytes() {
    let path = TempPath::new();
    let file = File::create_new(&path).unwrap();
    file.set_len(3 << 20).unwrap();
    file.write_all_at(b"\nend", 2 << 20).unwrap();
    for input in [open(path.bytes()).unwrap(), Input::read(path.bytes()).unwrap()] {
        let lengths: Vec<_> = input.lines().map(<[u8]>::len).collect();
        assert_eq!(lengths, [2 << 20, (1 << 20) - 1]);
    }
}

#[test]
fn files_that_lie_about_their_size_are_read() {
    let mut seen = 0;
    for path in ["/proc/version", "/proc/filesystems", "/sys/kernel/mm/transparent_hugepage/enabled"] {
        let Ok(expected) = std::fs::read(path) else { continue };
        let input = open(path.as_bytes()).unwrap();
        assert_eq!((input.source(), &*input), (Source::Read, &expected[..]), "{path}");
        assert_eq!(*Input::read(path).unwrap(), expected[..]);
        seen += 1;
    }
    assert!(seen > 0, "neither /proc nor /sys is mounted");
    assert_eq!(*open(b"/proc/sys/kernel/ostype").unwrap(), *b"Linux\n");
}

#[test]
fn device_without_bytes_is_empty_and_one_without_end_can_be_cut() {
    assert!(open(b"/dev/null").unwrap().is_empty());
    let zero = File::open("/dev/zero").unwrap();
    let mut input = Input::new();
    assert_eq!(input.read_more_up_to(fd(&zero), 3_000_000), Ok(3_000_000));
    assert!(input.len() == 3_000_000 && input.iter().all(|&byte| byte == 0));
    assert_eq!(input.read_more_up_to(fd(&zero), 0), Ok(0));
}

#[test]
fn pipe_with_a_slow_writer_is_read_to_its_end() {
    let content = pattern(3_500_000);
    for piece in [777, 65_536, 1 << 20] {
        let (reader, writer) = pipe();
        let writing = write_in_pieces(writer, content.clone(), piece);
        let input = map(&reader).unwrap();
        writing.join().unwrap();
        assert_eq!(input.source(), Source::Read);
        assert!(*input == content[..], "in pieces of {piece}");
    }
}

#[test]
fn pipe_is_asked_for_1_mib_and_never_made_smaller() {
    let size = |pipe: &File| {
        // SAFETY: asks for a number.
        unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_GETPIPE_SZ) }
    };
    let (reader, writer) = pipe();
    drop(writer);
    let most: i32 = Input::read("/proc/sys/fs/pipe-max-size").unwrap().as_str().unwrap().trim().parse().unwrap();
    assert!(map(&reader).unwrap().is_empty());
    assert!(size(&reader) >= most.min(1 << 20), "{} bytes", size(&reader));

    let (reader, writer) = pipe();
    // SAFETY: changes the size of a buffer in the kernel. Refused to those who may not.
    if unsafe { libc::fcntl(reader.as_raw_fd(), libc::F_SETPIPE_SZ, 4 << 20) } > 0 {
        drop(writer);
        assert!(map(&reader).unwrap().is_empty());
        assert_eq!(size(&reader), 4 << 20);
    }
}

#[test]
fn fifo_socket_and_terminal_are_read() {
    let content = pattern(200_000);

    let path = TempPath::new();
    let name = std::ffi::CString::new(path.bytes()).unwrap();
    // SAFETY: a NUL-terminated path in, nothing out.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let (to, bytes) = (path.as_ref().to_owned(), content.clone());
    let writing = std::thread::spawn(move || std::fs::write(to, bytes).unwrap());
    assert!(*open(path.bytes()).unwrap() == content[..]);
    writing.join().unwrap();

    let (reader, writer) = UnixStream::pair().unwrap();
    let writing = write_in_pieces(writer, content.clone(), 5000);
    assert!(*map(&reader).unwrap() == content[..]);
    writing.join().unwrap();

    // A network of its own that is not set up has no way even to itself.
    let listener = std::net::TcpListener::bind("127.0.0.1:0");
    match listener.and_then(|listener| Ok((std::net::TcpStream::connect(listener.local_addr()?)?, listener.accept()?)))
    {
        Ok((writer, (reader, _))) => {
            let writing = write_in_pieces(writer, content.clone(), 5000);
            assert!(*map(&reader).unwrap() == content[..]);
            writing.join().unwrap();
        }
        Err(refused) => support::skip(&format!("a TCP socket as an input: {refused}")),
    }

    let (mut master, slave) = terminal();
    master.write_all(b"typed\n\x04").unwrap(); // a line, and the key that ends the input
    assert_eq!(*map(&slave).unwrap(), *b"typed\n");
}

#[test]
fn directory_is_an_error_that_says_so() {
    for result in [open(b"/"), Input::read("/"), map(&File::open("/").unwrap())] {
        let error = result.unwrap_err();
        assert_eq!(error.error().reason(), Reason::Directory);
        assert_eq!(error.to_string(), "cannot read: it is a directory. Name a file in it.");
    }
}

#[test]
fn descriptors_that_cannot_be_read_say_ebadf() {
    let path = TempPath::with(b"something");
    let write_only = OpenOptions::new().write(true).open(&path).unwrap();
    let path_only = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(&path).unwrap();
    for file in [&write_only, &path_only] {
        assert_eq!(errno(map(file)), Some("EBADF"));
        assert_eq!(errno(Input::read_fd(fd(file))), Some("EBADF"));
    }
    let (_reader, writer) = pipe();
    assert_eq!(errno(map(&writer)), Some("EBADF"));
    // SAFETY: numbers that no file of this process has.
    let closed = [-1, i32::MIN, i32::MAX, 1_000_000].map(|raw| unsafe { Fd::from_raw(raw) });
    for fd in closed {
        assert_eq!(errno(Input::read_fd(fd)), Some("EBADF"));
        assert!(Input::new().read_more(fd).unwrap_err().is(region::error::Errno::EBADF));
        // SAFETY: as in `map`.
        assert_eq!(errno(unsafe { Input::from_fd(fd) }), Some("EBADF"));
    }
}

#[test]
fn path_is_refused_only_for_what_it_cannot_be() {
    assert!(Input::read("/no/such/file").unwrap_err().error().is(region::error::Errno::ENOENT));
    assert!(Input::read("").unwrap_err().error().is(region::error::Errno::ENOENT));
    for bad in [&b"/dev/null\0"[..], b"\0", b"/dev\0/null", &[b'/'; 4096], &[b'x'; 100_000]] {
        let error = Input::read(bad).unwrap_err().error();
        assert_eq!(error.reason(), Reason::BadPath);
        assert_eq!(error.to_string(), "cannot open the file: the path holds a NUL byte or is longer than 4095 bytes.");
    }
    let mut longest = [b'/'; 4095];
    longest[4087..].copy_from_slice(b"dev/null");
    assert!(Input::read(longest).unwrap().is_empty());

    let odd = TempPath::new();
    let name = [odd.bytes(), b" \xff\xfe\n"].concat();
    std::fs::write(std::ffi::OsStr::from_bytes(&name), b"not UTF-8").unwrap();
    let input = Input::read(&name[..]);
    std::fs::remove_file(std::ffi::OsStr::from_bytes(&name)).unwrap();
    assert_eq!(*input.unwrap(), *b"not UTF-8");
    assert!(Input::read(c"/dev/null").unwrap().is_empty());
}

#[cfg(feature = "std")]
#[test]
fn std_paths_and_files_are_taken_as_they_are() {
    let path = TempPath::with(b"content");
    let std_path: &std::path::Path = path.as_ref();
    assert_eq!(*Input::read(std_path).unwrap(), *b"content");
    assert_eq!(*Input::read(std_path.to_owned()).unwrap(), *b"content");
    assert_eq!(*Input::read(std_path.as_os_str()).unwrap(), *b"content");
    assert_eq!(*Input::read(std_path.to_str().unwrap().to_string()).unwrap(), *b"content");
    assert_eq!(*Input::read_fd(&path.open()).unwrap(), *b"content");
    use std::os::fd::AsFd;
    assert_eq!(*Input::read_fd(&path.open().as_fd()).unwrap(), *b"content");
}

#[test]
fn nonblocking_pipe_keeps_what_came_and_goes_on() {
    let (reader, mut writer) = pipe();
    set_nonblocking(&reader);
    writer.write_all(b"one\ntw").unwrap();
    let stopped = map(&reader).unwrap_err();
    assert!(stopped.error().is(region::error::Errno::EAGAIN));
    assert_eq!(**stopped.input(), *b"one\ntw");
    assert!(stopped.to_string().ends_with(" 6 bytes came before that."), "{stopped}");
    let mut input = stopped.into_input();
    let first = input.as_ptr();

    assert!(input.read_more(fd(&reader)).unwrap_err().is(region::error::Errno::EAGAIN));
    writer.write_all(b"o\nthree").unwrap();
    assert!(input.read_more(fd(&reader)).unwrap_err().is(region::error::Errno::EAGAIN));
    assert_eq!(*input, *b"one\ntwo\nthree");
    drop(writer);
    assert_eq!(input.read_more(fd(&reader)), Ok(0));
    assert_eq!(input.as_ptr(), first, "what was read has moved");
    input.shrink_to_fit();
    assert!(input.lines().eq([&b"one"[..], b"two", b"three"]));
    assert!(input.records(b'o').eq([&b""[..], b"ne\ntw", b"\nthree"]));
}

/// A pipe proper cannot be made to fail; a terminal whose other side has hung up is a stream that does.
#[test]
fn stream_that_hits_eio_keeps_what_it_read() {
    let (master, mut slave) = terminal();
    slave.write_all(b"last words").unwrap();
    drop(slave);
    let stopped = map(&master).unwrap_err();
    assert!(stopped.error().is(region::error::Errno::EIO), "{stopped}");
    assert_eq!(*stopped.into_input(), *b"last words");
}

/// Neither does a file; but a descriptor can stand before a hole in this process's memory.
#[test]
fn memory_that_hits_eio_keeps_what_it_read() {
    let page = page_size();
    // A mapping that is longer than its file: where the file ends nobody can read on. Pages without access are no such
    // place, as that file of /proc shows them on most kernels.
    let short = TempPath::with(&pattern(page));
    // SAFETY: a new mapping at an address of the kernel's choice. Nobody but the kernel reads it.
    let memory = unsafe {
        let (access, short) = (libc::PROT_READ, short.open());
        libc::mmap(std::ptr::null_mut(), 2 * page, access, libc::MAP_PRIVATE, short.as_raw_fd(), 0)
    };
    assert_ne!(memory, libc::MAP_FAILED);
    let mut file = File::open("/proc/self/mem").unwrap();
    file.seek(SeekFrom::Start(memory.addr() as u64 + 10)).unwrap();
    let stopped = map(&file).unwrap_err();
    assert!(stopped.error().is(region::error::Errno::EIO), "{stopped}");
    assert!(**stopped.input() == pattern(page)[10..], "{} bytes", stopped.input().len());
    // SAFETY: the mapping was made above, and nothing refers to it.
    assert_eq!(unsafe { libc::munmap(memory, 2 * page) }, 0);

    file.rewind().unwrap();
    let stopped = map(&file).unwrap_err();
    assert!(stopped.error().is(region::error::Errno::EIO) && stopped.input().is_empty());
    assert!(region::Error::from(stopped).is(region::error::Errno::EIO));
}

#[test]
fn several_files_make_one_slice_and_a_mapped_one_may_be_the_first() {
    let (one, two) = (TempPath::with(&pattern(700_000)), TempPath::with(b"tail"));
    let whole = [&pattern(700_000)[..], b"tail", b"tail"].concat();
    for mut input in [open(one.bytes()).unwrap(), Input::read(one.bytes()).unwrap()] {
        assert_eq!(input.read_more(fd(&two.open())), Ok(4));
        input.shrink_to_fit();
        assert_eq!(input.read_more_up_to(fd(&two.open()), 100), Ok(4));
        assert_eq!(input.source(), Source::Read);
        assert!(*input == whole[..]);
        assert!(input.read_more(fd(&File::open("/").unwrap())).is_err());
        assert!(*input == whole[..], "a failed read changed the input");
    }
}

#[test]
fn file_that_grows_or_shrinks_is_read_as_it_is_then() {
    let path = TempPath::with(&pattern(100_000));
    let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
    let reader = path.open();
    let mut input = Input::read_fd(fd(&reader)).unwrap();
    writer.write_all(b"more").unwrap();
    assert_eq!(input.read_more(fd(&reader)), Ok(4));
    writer.set_len(10).unwrap();
    assert_eq!(input.read_more(fd(&reader)), Ok(0));
    assert_eq!(input.len(), 100_004);

    // Grows and shrinks all the time while it is read: never an error, never bytes that were not written.
    writer.set_len(0).unwrap();
    let reading = Arc::new(());
    let still_reading = Arc::downgrade(&reading);
    let writing = std::thread::spawn(move || {
        while still_reading.strong_count() > 0 {
            writer.set_len(0).unwrap();
            writer.write_all(&[b'x'; 300_000]).unwrap();
            writer.write_all(&[b'x'; 2_000_000]).unwrap();
        }
    });
    for _ in 0..100 {
        let input = Input::read(path.bytes()).unwrap();
        assert!(input.len() <= 2_300_000 && input.iter().all(|&byte| byte == b'x' || byte == 0));
    }
    drop(reading);
    writing.join().unwrap();
}

#[test]
fn signal_in_mid_stream_loses_nothing() {
    let (reader, writing) = pipe_with_signals();
    let input = map(&reader).unwrap();
    writing.join().unwrap();
    assert!(input.iter().copied().eq(0..50));
}

#[test]
fn standard_input_is_mapped_from_a_file_and_read_from_a_pipe() {
    const NAME: &str = "standard_input_is_mapped_from_a_file_and_read_from_a_pipe";
    if is_child() {
        // SAFETY: the parent does not write to the file while this process lives.
        let input = unsafe { Input::stdin() }.unwrap();
        let way = std::env::var("EXPECTED").unwrap();
        assert_eq!((format!("{:?}", input.source()), &*input), (way, &b"to standard input"[..]));
        assert_eq!(Input::read_stdin().unwrap().len(), if input.source() == Source::Mapped { 17 } else { 0 });
        return;
    }
    let path = TempPath::with(b"to standard input");
    in_child(NAME, |command| {
        command.stdin(path.open()).env("EXPECTED", "Mapped");
    });
    let (reader, mut writer) = pipe();
    writer.write_all(b"to standard input").unwrap();
    drop(writer);
    in_child(NAME, |command| {
        command.stdin(Stdio::from(reader)).env("EXPECTED", "Read");
    });
}

#[test]
fn process_short_of_address_space_reads_a_pipe_all_the_same() {
    const NAME: &str = "process_short_of_address_space_reads_a_pipe_all_the_same";
    const LEN: usize = 20_000_000;
    if !is_child() {
        return in_child(NAME, |_| ());
    }
    let content = pattern(LEN);
    let path = TempPath::with(&content);
    for resource in [libc::RLIMIT_AS, libc::RLIMIT_DATA] {
        let field = if resource == libc::RLIMIT_AS { "VmSize" } else { "VmData" };
        // Another process writes: a thread would take address space of its own at moments of its own.
        let mut cat = cat(path.as_ref());
        let reader = cat.stdout.take().unwrap();
        limit(resource, (status(field) + LEN + (2 << 20)) as u64);
        assert!(*map(&reader).unwrap() == content[..]);
        assert!(*Input::read(path.bytes()).unwrap() == content[..]);
        limit(resource, support::UNLIMITED);
        assert!(cat.wait().unwrap().success());

        // Too little for all of it: an error with as much as there was room for, and room to go on after it.
        let mut cat = support::cat(path.as_ref());
        let reader = cat.stdout.take().unwrap();
        limit(resource, (status(field) + LEN / 2) as u64);
        let stopped = map(&reader).unwrap_err();
        limit(resource, support::UNLIMITED);
        assert!(stopped.error().is(region::error::Errno::ENOMEM), "{stopped}");
        let mut input = stopped.into_input();
        let before = input.len();
        assert!(before > LEN / 4 && *input == content[..before], "{before} bytes");
        assert_eq!(input.read_more(fd(&reader)), Ok(LEN - before));
        assert!(*input == content[..]);
        assert!(cat.wait().unwrap().success());
    }
}

#[test]
fn dropping_an_input_gives_address_space_and_ram_back() {
    const NAME: &str = "dropping_an_input_gives_address_space_and_ram_back";
    if !is_child() {
        return in_child(NAME, |_| ());
    }
    support::huge_pages_on_request();
    let content = pattern(6_000_000);
    let path = TempPath::with(&content);
    let rest = |way: &dyn Fn() -> Input| {
        drop(way()); // once, for what the process needs for itself
        let (space, ram) = (status("VmSize"), status("RssAnon"));
        let input = way();
        let held = (status("VmSize") - space, status("RssAnon").saturating_sub(ram));
        assert!(*input == content[..]);
        drop(input);
        assert_eq!(status("VmSize"), space);
        held
    };
    let page = page_size();
    let (space, ram) = rest(&|| open(path.bytes()).unwrap());
    assert!(space <= content.len() + page && ram <= 64 << 10, "mapped: {space} bytes, {ram} in RAM");
    let (space, ram) = rest(&|| Input::read(path.bytes()).unwrap());
    // A start that is never touched lies before the content, at most a huge page of address space.
    assert!(space <= content.len() + (2 << 20) + page, "read: {space} bytes");
    assert!(ram <= content.len() + (64 << 10), "read: {ram} bytes in RAM");
}

static_assertions::assert_impl_all!(Input: Send, Sync, AsRef<[u8]>, std::fmt::Debug);

#[test]
fn debug_says_how_much_and_which_way_not_the_bytes() {
    let path = TempPath::with(&pattern(1024));
    assert_eq!(format!("{:?}", open(path.bytes()).unwrap()), "Input { source: Mapped, len: 1 KiB }");
}
