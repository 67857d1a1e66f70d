//! Descriptors that tests need on a Unix, pipes and terminals, and what the machine promises.

use super::skip;
use region::input::Fd;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
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

/// A pipe: the end to read, the end to write.
pub fn pipe() -> (File, File) {
    let mut ends = [0; 2];
    // SAFETY: `pipe2` fills the two numbers it is given.
    assert_eq!(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
    let [reader, writer] = ends.map(|raw| File::from(owned(raw)));
    (reader, writer)
}

/// The reading end of a pipe into which a thread writes the bytes 0 to 49, and that thread, which sends a signal to the
/// calling one before each: calls of it are interrupted (EINTR).
pub fn pipe_with_signals() -> (File, JoinHandle<()>) {
    extern "C" fn nothing(_: i32) {}
    // SAFETY: installs a handler that does nothing, without SA_RESTART, for a signal that nobody else uses.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(i32) as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()), 0);
    }
    let (reader, mut writer) = pipe();
    // SAFETY: asks for the thread's own handle.
    let this = unsafe { libc::pthread_self() } as usize;
    let writing = std::thread::spawn(move || {
        for byte in 0..50u8 {
            std::thread::sleep(std::time::Duration::from_millis(1));
            // SAFETY: the calling thread waits for this one, so its handle is valid.
            assert_eq!(unsafe { libc::pthread_kill(this as libc::pthread_t, libc::SIGUSR1) }, 0);
            writer.write_all(&[byte]).unwrap();
        }
    });
    (reader, writing)
}

/// A terminal: the side of the emulator, the side of the program.
pub fn terminal() -> (File, File) {
    let (mut master, mut slave) = (0, 0);
    let null = std::ptr::null_mut();
    // SAFETY: `openpty` fills the two numbers; the rest is optional.
    assert_eq!(unsafe { libc::openpty(&mut master, &mut slave, null, null.cast(), null.cast()) }, 0);
    (File::from(owned(master)), File::from(owned(slave)))
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

/// Whether the system promises this process so many bytes of private memory, and says if not: `ulimit -d`, `ulimit -v`
/// and strict overcommit (vm.overcommit_memory = 2) all refuse what is far beyond them.
pub fn promised(bytes: usize) -> bool {
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
    // SAFETY: a new mapping at an address of the kernel's choice, which is given back untouched.
    let promised = unsafe {
        let base = libc::mmap(std::ptr::null_mut(), bytes, access, kind, -1, 0);
        base != libc::MAP_FAILED && libc::munmap(base, bytes) == 0
    };
    if !promised {
        skip(&format!("{} MiB of memory: the system does not promise so much to this process", bytes >> 20));
    }
    promised
}

/// Gives this process huge pages only where it asks for them, as the setting `madvise` does; no process of the
/// setting `always` has a resident set that follows what is touched.
pub fn huge_pages_on_request() {
    const PR_SET_THP_DISABLE: i32 = 41;
    const EXCEPT_ADVISED: usize = 2;
    let setting = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    if !setting.is_ok_and(|setting| setting.contains("[always]")) {
        return;
    }
    // Kernels before 6.18 know only none at all.
    let set = [EXCEPT_ADVISED, 0].into_iter().any(|flags| {
        // SAFETY: changes a flag of this process; no memory is given.
        unsafe { libc::prctl(PR_SET_THP_DISABLE, 1usize, flags, 0usize, 0usize) == 0 }
    });
    assert!(set, "{}", std::io::Error::last_os_error());
}
