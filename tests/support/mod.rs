//! Situations that tests need: files, pipes, terminals, processes with limits.

#![allow(dead_code)] // each test uses its part

pub mod drops;
pub mod heap;
pub mod hugetlb;

use region::Fd;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// What an owner of a descriptor lends.
pub fn fd<T: AsRawFd>(owner: &T) -> Fd<'_> {
    // SAFETY: the result borrows the owner, which keeps the descriptor open as long as it lives.
    unsafe { Fd::from_raw(owner.as_raw_fd()) }
}

/// What a C function answered that gives a new descriptor.
pub fn owned(raw: i32) -> OwnedFd {
    assert!(raw >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the descriptor is new, so nobody else owns it.
    unsafe { OwnedFd::from_raw_fd(raw) }
}

/// A path of this process's own, removed with whatever is there at drop.
pub struct TempPath(PathBuf);

impl TempPath {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("region-{}-{count}", std::process::id());
        TempPath(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    /// A path at which there is a file with these bytes.
    pub fn with(bytes: &[u8]) -> Self {
        let path = Self::new();
        std::fs::write(&path.0, bytes).unwrap();
        path
    }

    /// The bytes of the path.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_os_str().as_encoded_bytes()
    }

    pub fn open(&self) -> File {
        File::open(&self.0).unwrap()
    }
}

impl AsRef<Path> for TempPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Bytes in which every position can be told from those near it.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i ^ i >> 8 ^ i >> 16) as u8).collect()
}

/// A pipe: the end to read, the end to write.
pub fn pipe() -> (File, File) {
    let mut ends = [0; 2];
    // SAFETY: `pipe2` fills the two numbers it is given.
    assert_eq!(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
    let [reader, writer] = ends.map(|raw| File::from(owned(raw)));
    (reader, writer)
}

/// A terminal: the side of the emulator, the side of the program.
pub fn terminal() -> (File, File) {
    let (mut master, mut slave) = (0, 0);
    let null = std::ptr::null_mut();
    // SAFETY: `openpty` fills the two numbers; the rest is optional.
    assert_eq!(unsafe { libc::openpty(&mut master, &mut slave, null, null.cast(), null.cast()) }, 0);
    (File::from(owned(master)), File::from(owned(slave)))
}

/// Writes `bytes` in pieces of `piece` bytes from another thread, then closes.
pub fn write_in_pieces(mut to: impl Write + Send + 'static, bytes: Vec<u8>, piece: usize) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for piece in bytes.chunks(piece) {
            to.write_all(piece).unwrap();
            std::thread::yield_now();
        }
    })
}

/// A process that writes a file to the pipe that is its `stdout`.
pub fn cat(path: &Path) -> Child {
    Command::new("cat").arg(path).stdout(Stdio::piped()).spawn().unwrap()
}

/// Makes `read` say EAGAIN instead of waiting.
pub fn set_nonblocking(owner: &impl AsRawFd) {
    // SAFETY: changes a flag of an open file and no memory.
    assert_eq!(unsafe { libc::fcntl(owner.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) }, 0);
}

/// Runs the test of this name again in a process of its own, in which [`is_child`] holds, after `prepare`
/// has changed the command. Panics when the test fails there.
pub fn in_child(test: &str, prepare: impl FnOnce(&mut Command)) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    prepare(&mut command);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    complained.lines().filter_map(|line| line.strip_prefix("SKIPPED: ")).for_each(skip);
    assert!(said.contains("1 passed"), "no test has the name {test}: {said}");
}

/// Runs `work` in a forked child and gives its process number. The child ends with 0 if the work was true.
pub fn fork(work: impl FnOnce() -> bool) -> libc::pid_t {
    // SAFETY: the child has this thread alone, runs `work` and leaves by `_exit`; glibc keeps malloc usable there.
    match unsafe { libc::fork() } {
        0 => {
            let fine = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
            // SAFETY: ends the child without running anything of the parent's.
            unsafe { libc::_exit(if fine { 0 } else { 1 }) }
        }
        child => {
            assert!(child > 0, "{}", std::io::Error::last_os_error());
            child
        }
    }
}

/// How a child ended, as `waitpid` says it.
pub fn wait(child: libc::pid_t) -> i32 {
    let mut status = 0;
    // SAFETY: `status` is a plain integer to write to.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    status
}

/// Runs `work` in a forked child, where no other thread maps anything, and gives its wait status.
pub fn forked(work: impl FnOnce() -> bool) -> i32 {
    wait(fork(work))
}

/// Says what is not tested here, and why: past the harness's capture, as a skip must be seen.
pub fn skip(why: &str) {
    std::io::stderr().write_all(format!("\nSKIPPED: {why}\n").as_bytes()).unwrap();
}

const CHILD: &str = "REGION_TEST_CHILD";

/// Whether this process was started by [`in_child`].
pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Sets a soft limit of this process; what is mapped already stays.
pub fn limit(resource: libc::__rlimit_resource_t, bytes: u64) {
    // SAFETY: plain data in and out.
    unsafe {
        let mut limits: libc::rlimit = std::mem::zeroed();
        assert_eq!(libc::getrlimit(resource, &mut limits), 0);
        limits.rlim_cur = bytes;
        assert_eq!(libc::setrlimit(resource, &limits), 0);
    }
}

/// A size in bytes out of `/proc/self/status`, such as `VmSize`.
pub fn status(field: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// Whether every byte is this one: by `memcmp` of the row with itself, as builds for tests loop slowly.
pub fn all(row: &[u8], byte: u8) -> bool {
    row.first().is_none_or(|&first| first == byte) && row.get(1..).unwrap_or(&[]) == &row[..row.len().saturating_sub(1)]
}
