//! Test: one table of every kind of descriptor, with the results of a file region and an input on it.

use super::{FileRegion, Use};
use crate::error::Reason;
use crate::input::Input;
use crate::sys::OpenFile;
use std::ffi::CString;
use std::io::Write;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::string::ToString;
use std::{eprintln, format, vec};

/// A result.
#[derive(Clone, Copy, Debug)]
enum Gives {
    Bytes(&'static [u8]),
    /// Bytes that differ between machines: so many, or any number but 0.
    Long(Option<usize>),
    Refused(Reason),
    /// An error number of the system.
    Errno(&'static str),
}
use Gives::{Bytes, Errno, Long, Refused};

/// A kind: its name, a function that opens one, and the results of reading, writing and `Input`.
type Row = (&'static str, fn(&Files) -> Option<RawFd>, Gives, Gives, Gives);

/// A folder of this process's own.
struct Files(std::path::PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const HELLO: &[u8] = b"hello";

impl Files {
    fn path(&self, name: &str, content: &[u8]) -> CString {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        CString::new(path.into_os_string().into_encoded_bytes()).unwrap()
    }

    fn open(&self, content: &[u8], flags: i32) -> Option<RawFd> {
        open(&self.path("file", content), flags)
    }
}

/// The descriptor that a call returned, or nothing if it failed.
fn made(fd: RawFd) -> Option<RawFd> {
    (fd >= 0).then_some(fd)
}

fn open(path: &core::ffi::CStr, flags: i32) -> Option<RawFd> {
    // SAFETY: the path is NUL-terminated, and no memory changes.
    made(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC) })
}

/// One end of a pair. HELLO was written into the other one, which was then closed.
fn behind_hello([reads, writes]: [RawFd; 2]) -> Option<RawFd> {
    // SAFETY: the descriptor is new, and nothing else closes it.
    std::fs::File::from(unsafe { OwnedFd::from_raw_fd(writes) }).write_all(HELLO).unwrap();
    Some(reads)
}

fn memory(seals: i32) -> Option<RawFd> {
    // SAFETY: the name is NUL-terminated, the bytes are HELLO's, and no other memory changes.
    unsafe {
        let fd = libc::memfd_create(c"kind".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING);
        assert_eq!(libc::pwrite(fd, HELLO.as_ptr().cast(), HELLO.len(), 0), HELLO.len() as isize);
        assert_eq!(libc::fcntl(fd, libc::F_ADD_SEALS, seals), 0);
        Some(fd)
    }
}

/// A free loop device over a file of 1 MiB, or nothing if this user or machine has none. It is free again once closed.
fn block_device(files: &Files) -> Option<RawFd> {
    const LOOP_CTL_GET_FREE: libc::c_ulong = 0x4c82;
    const LOOP_CONFIGURE: libc::c_ulong = 0x4c0a;
    const LO_FLAGS_AUTOCLEAR: u32 = 4;
    let file = open(&files.path("disk", &vec![7; 1 << 20]), libc::O_RDWR)?;
    // SAFETY: the first call changes no memory; the second reads a `struct loop_config` of 304 bytes.
    unsafe {
        let control = open(c"/dev/loop-control", libc::O_RDWR)?;
        let number = libc::ioctl(control, LOOP_CTL_GET_FREE);
        libc::close(control);
        let device = open(&CString::new(format!("/dev/loop{number}")).unwrap(), libc::O_RDWR)?;
        let mut config = [0u32; 76];
        // The file, and behind block size and three numbers of 64 bits and some, the flags of `struct loop_info64`.
        (config[0], config[2 + 13]) = (file as u32, LO_FLAGS_AUTOCLEAR);
        let configured = libc::ioctl(device, LOOP_CONFIGURE, config.as_ptr());
        libc::close(file);
        if configured != 0 {
            libc::close(device);
            return None;
        }
        Some(device)
    }
}

/// Compares a result with the table: how many bytes and the first of them, or the error.
fn check(what: &str, gives: Gives, had: Result<&[u8], crate::Error>) {
    if let Err(error) = had {
        let sentence = error.to_string();
        // The sentence says what is wrong and what to do, not only the call and the number.
        assert!(sentence.contains(". ") && sentence.ends_with('.'), "{what}: {sentence}");
    }
    match (gives, had) {
        (Bytes(bytes), Ok(had)) => assert_eq!(had, bytes, "{what}"),
        (Long(None), Ok(had)) => assert!(!had.is_empty(), "{what}"),
        (Long(Some(len)), Ok(had)) => assert!(had.len() == len && had.iter().all(|&byte| byte == 7), "{what}"),
        (Refused(reason), Err(error)) => assert_eq!(error.reason(), reason, "{what}"),
        (Errno(name), Err(error)) => {
            assert!(error.errno().and_then(crate::error::Errno::name) == Some(name), "{what}: {error}")
        }
        (gives, had) => panic!("{what}: {:?} bytes where the table says {gives:?}", had.map(<[u8]>::len)),
    }
}

#[test]
fn every_kind_of_descriptor_is_mapped_whole_or_refused_in_words() {
    let files = Files(std::env::temp_dir().join(format!("region-kinds-{}", std::process::id())));
    std::fs::create_dir_all(&files.0).unwrap();
    let no = Refused(Reason::EmptyFile);
    let table: [Row; 18] = [
        ("regular", |f| f.open(HELLO, libc::O_RDWR), Bytes(HELLO), Bytes(HELLO), Bytes(HELLO)),
        ("for reading", |f| f.open(HELLO, libc::O_RDONLY), Bytes(HELLO), Errno("EACCES"), Bytes(HELLO)),
        ("for writing", |f| f.open(HELLO, libc::O_WRONLY), Errno("EACCES"), Errno("EACCES"), Errno("EBADF")),
        ("path alone", |f| f.open(HELLO, libc::O_PATH), Errno("EBADF"), Errno("EBADF"), Errno("EBADF")),
        ("empty", |f| f.open(b"", libc::O_RDWR), no, no, Bytes(b"")),
        ("of /proc", |_| open(c"/proc/self/status", libc::O_RDONLY), no, no, Long(None)),
        (
            "directory",
            |_| open(c"/", libc::O_RDONLY),
            Refused(Reason::Directory),
            Refused(Reason::Directory),
            Refused(Reason::Directory),
        ),
        (
            "pipe",
            |_| {
                let mut ends = [0; 2];
                // SAFETY: the call fills the two numbers.
                assert_eq!(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
                behind_hello(ends)
            },
            Refused(Reason::Pipe),
            Refused(Reason::Pipe),
            Bytes(HELLO),
        ),
        (
            "fifo",
            |f| {
                let path = f.path("fifo", b"");
                std::fs::remove_file(f.0.join("fifo")).unwrap();
                // SAFETY: the path is NUL-terminated, and no memory changes.
                assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
                open(&path, libc::O_RDONLY | libc::O_NONBLOCK)
            },
            Refused(Reason::Pipe),
            Refused(Reason::Pipe),
            Bytes(b""),
        ),
        (
            "Unix socket",
            |_| {
                let (kind, mut ends) = (libc::SOCK_STREAM | libc::SOCK_CLOEXEC, [0; 2]);
                // SAFETY: the call fills the two numbers.
                assert_eq!(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) }, 0);
                behind_hello(ends)
            },
            Refused(Reason::Socket),
            Refused(Reason::Socket),
            Bytes(HELLO),
        ),
        (
            "TCP socket",
            // SAFETY: no memory changes.
            |_| made(unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) }),
            Refused(Reason::Socket),
            Refused(Reason::Socket),
            Errno("ENOTCONN"),
        ),
        (
            "/dev/null",
            |_| open(c"/dev/null", libc::O_RDWR),
            Refused(Reason::CharacterDevice),
            Refused(Reason::CharacterDevice),
            Bytes(b""),
        ),
        (
            "/dev/zero",
            |_| open(c"/dev/zero", libc::O_RDWR),
            Refused(Reason::CharacterDevice),
            Refused(Reason::CharacterDevice),
            // It never ends.
            Bytes(&[0; 300]),
        ),
        ("block device", block_device, Long(Some(1 << 20)), Long(Some(1 << 20)), Long(Some(1 << 20))),
        ("memory", |_| memory(0), Bytes(HELLO), Bytes(HELLO), Bytes(HELLO)),
        ("sealed memory", |_| memory(libc::F_SEAL_WRITE), Bytes(HELLO), Errno("EPERM"), Bytes(HELLO)),
        (
            "event counter",
            // SAFETY: no memory changes.
            |_| made(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) }),
            Refused(Reason::NoFile),
            Refused(Reason::NoFile),
            Errno("EAGAIN"),
        ),
        (
            "set of descriptors",
            // SAFETY: no memory changes.
            |_| made(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }),
            Refused(Reason::NoFile),
            Refused(Reason::NoFile),
            Errno("EINVAL"),
        ),
    ];
    for (name, make, read, write, input) in table {
        let Some(fd) = make(&files) else {
            eprintln!("SKIPPED: no {name} to be had here; what is made of one was NOT tested");
            continue;
        };
        // Each use has its own descriptor of the same open file.
        // SAFETY: no memory changes, and the descriptor that is made is the result's alone. `fd` is open.
        let again = || unsafe { OpenFile::new(libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0)) };
        for (how, purpose, gives) in [("read", Use::Read, read), ("written", Use::Write, write)] {
            // SAFETY: whatever the file is, only this test writes to it.
            let region = unsafe { FileRegion::of(again(), purpose) };
            check(&format!("{name}, {how}"), gives, region.as_ref().map(|it| it.as_slice()).map_err(|&error| error));
        }
        // SAFETY: the table made the descriptor for this round alone.
        let file = unsafe { OpenFile::new(fd) };
        if let ("/dev/zero", Bytes(zeroes)) = (name, input) {
            let mut some = Input::new();
            assert_eq!(some.read_more_up_to(file.as_fd(), zeroes.len()), Ok(zeroes.len()));
            assert_eq!(&*some, zeroes);
            continue;
        }
        // SAFETY: the files are this test's own, and nothing writes to them while they are mapped.
        let had = unsafe { Input::from_fd(file.as_fd()) };
        check(&format!("{name}, as an input"), input, had.as_deref().map_err(|stopped| stopped.error()));
        // SAFETY: no memory changes.
        let at_start = unsafe { libc::lseek(file.as_fd().as_raw(), 0, libc::SEEK_SET) } == 0;
        if matches!(input, Bytes(HELLO)) && !at_start {
            // A stream gives its bytes once.
            continue;
        }
        let had = Input::read_fd(file.as_fd());
        check(&format!("{name}, read"), input, had.as_deref().map_err(|stopped| stopped.error()));
    }
}
