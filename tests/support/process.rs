//! Processes that tests need on a Unix: both sides of a fork, limits. `child` has what every system has.

use std::fs::File;
use std::io::Read;

/// The two sides of a fork, in a test that goes on in both.
pub struct Fork(libc::pid_t);

impl Fork {
    /// Forks this process.
    pub fn new() -> Self {
        // SAFETY: the harness's other threads only wait; the child runs the rest of one test or of a closure and leaves
        // by `_exit`. glibc keeps malloc usable there.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "{}", std::io::Error::last_os_error());
        Fork(child)
    }

    /// Whether this is the child.
    pub fn is_child(&self) -> bool {
        self.0 == 0
    }

    /// Ends the child here, and has the parent wait for that. Panics in the parent unless all was fine on both sides.
    pub fn join(self, fine: bool) {
        if self.is_child() {
            exit(i32::from(!fine));
        }
        assert_eq!((wait(self.0), fine), (0, true));
    }
}

/// Ends a child without running anything of its parent's.
fn exit(code: i32) -> ! {
    // SAFETY: the process ends, and no destructor of it runs.
    unsafe { libc::_exit(code) }
}

/// Runs `work` in a forked child and gives its process number. The child ends with what it answers, or with 1 if it
/// panics.
fn fork_answering(work: impl FnOnce() -> i32) -> libc::pid_t {
    let fork = Fork::new();
    if fork.is_child() {
        exit(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(1));
    }
    fork.0
}

/// Runs `work` in a forked child and gives its process number. The child ends with 0 if the work was true.
pub fn fork(work: impl FnOnce() -> bool) -> libc::pid_t {
    fork_answering(|| i32::from(!work()))
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

/// As [`forked`], for work that answers with the number that the child ends with.
pub fn forked_answering(work: impl FnOnce() -> i32) -> i32 {
    wait(fork_answering(work))
}

/// No limit.
pub const UNLIMITED: u64 = u64::MAX;

/// Sets a soft limit of this process, to its hard limit at most; what is mapped already stays.
pub fn limit(resource: libc::__rlimit_resource_t, bytes: u64) {
    // SAFETY: plain data in and out.
    unsafe {
        let mut limits: libc::rlimit = std::mem::zeroed();
        assert_eq!(libc::getrlimit(resource, &mut limits), 0);
        // 32 bits wide where pointers are.
        limits.rlim_cur = (bytes as libc::rlim_t).min(limits.rlim_max);
        assert_eq!(libc::setrlimit(resource, &limits), 0);
    }
}

/// A size in bytes out of `/proc/self/status`, such as `VmSize`. Takes no memory, which could be counted or not.
pub fn status(field: &str) -> usize {
    let (mut file, mut text, mut len) = (File::open("/proc/self/status").unwrap(), [0; 8192], 0);
    while len < text.len() {
        match file.read(&mut text[len..]).unwrap() {
            0 => break,
            read => len += read,
        }
    }
    let mut lines = text[..len].split(|&byte| byte == b'\n');
    let line = lines.find_map(|line| line.strip_prefix(field.as_bytes())?.strip_prefix(b":")).unwrap();
    let number = line.trim_ascii().strip_suffix(b" kB").unwrap();
    std::str::from_utf8(number).unwrap().parse::<usize>().unwrap() << 10
}

/// From now on any other system call than these kills the process. False if that is refused.
#[cfg(target_os = "linux")]
pub fn allow_calls(allowed: &[libc::c_long]) -> bool {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jt, k| libc::sock_filter { code, jt, jf: 0, k };
    // The number of the call is the first word of what the filter is shown.
    let mut steps = vec![step(LOAD, 0, 0)];
    let jumps = allowed.iter().enumerate();
    steps.extend(jumps.map(|(at, &call)| step(JUMP_IF_EQUAL, (allowed.len() - at) as u8, call as u32)));
    steps.push(step(RETURN, 0, libc::SECCOMP_RET_KILL_PROCESS));
    steps.push(step(RETURN, 0, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: the kernel copies the program, which lives until the calls return.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    }
}

/// Faults of this process so far that needed no disk.
pub fn page_faults() -> libc::c_long {
    // SAFETY: plain data, all zero is valid, and the call fills it.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage.ru_minflt
    }
}

/// The flags of the mapping that has `address`, with a space before and behind each, out of `/proc/self/smaps`.
pub fn mapping_flags(address: usize) -> String {
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut lines = smaps.lines().skip_while(|line| {
        let range = line.split_once(' ').and_then(|(range, _)| range.split_once('-'));
        let bounds = range
            .and_then(|(from, to)| Some(usize::from_str_radix(from, 16).ok()?..usize::from_str_radix(to, 16).ok()?));
        !bounds.is_some_and(|bounds| bounds.contains(&address))
    });
    lines.find_map(|line| line.strip_prefix("VmFlags:")).unwrap().to_owned() + " "
}
