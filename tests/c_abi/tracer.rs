//! A process whose system calls are refused: ptrace(2) stops it at each, and the Nth of a kind answers an errno.
//!
//! The library makes its calls by itself, so there is no libc function to stand in the way. What is refused never
//! reaches the kernel: the call's number becomes -1, which no kernel knows, and the answer the errno.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Which calls of a process are refused, between its two marks.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Numbers of the calls that count.
    pub calls: Vec<libc::c_long>,
    /// The first of them that is refused, from 0.
    pub nth: usize,
    /// Whether those after it are refused too.
    pub lasting: bool,
    /// What they answer.
    pub errno: i32,
    /// Whether every mmap(2) of writable memory that is not to be charged answers so too, as where the system promises
    /// no more memory than it has. Not counted.
    pub strict: bool,
}

/// How a traced process ended, and what it did between its marks.
pub struct Traced {
    /// What it exited with; a negative number is the signal that killed it.
    pub code: i32,
    pub printed: String,
    pub complained: String,
    /// How many calls were refused.
    pub refused: usize,
    /// Every call that it made.
    pub calls: BTreeSet<libc::c_long>,
}

/// The first argument of the prctl(2) that c-tests/refused.c marks with; its second says how to go on.
const WATCH: u64 = 0x5245_4655;
const ON: u64 = 1;
const OVER: u64 = 2;

/// Runs a program to its end. An error if this process may not trace.
pub fn run(mut command: Command, plan: &Plan) -> io::Result<Traced> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // SAFETY: one system call in the new process, which allocates nothing and touches no memory.
    unsafe {
        command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
    let mut child = command.spawn()?;
    let pid = child.id() as libc::pid_t;
    let (mut refused, mut counted, mut calls) = (0, 0, BTreeSet::new());
    let (mut how, mut within, mut answer) = (0, false, None);
    // The first stop is the one that follows exec(2).
    wait(pid)?;
    let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;
    request(libc::PTRACE_SETOPTIONS, pid, options as usize)?;
    let mut signal = 0;
    let code = loop {
        // A story goes on long after the last call of interest, and two stops at each other call take time.
        let on = if how == OVER { libc::PTRACE_CONT } else { libc::PTRACE_SYSCALL };
        request(on, pid, signal as usize)?;
        let status = match wait(pid)? {
            status if libc::WIFEXITED(status) => break libc::WEXITSTATUS(status),
            status if libc::WIFSIGNALED(status) => break -libc::WTERMSIG(status),
            status => status,
        };
        signal = match libc::WSTOPSIG(status) {
            // A stop at a call, which the option tells from a signal by the bit.
            stop if stop == libc::SIGTRAP | 0x80 => 0,
            stop => stop,
        };
        if signal != 0 {
            continue;
        }
        within = !within;
        if !within {
            // The way out of a call.
            if let Some(errno) = answer.take() {
                machine::set_answer(pid, -i64::from(errno))?;
            }
            continue;
        }
        let (number, arguments) = machine::call(pid)?;
        if number == libc::SYS_prctl && arguments[0] & 0xffff_ffff == WATCH {
            how = arguments[1];
        } else if how == ON {
            calls.insert(number);
            let uncharged = plan.strict && promises_memory(number, &arguments);
            let mut refuse = uncharged;
            // What does not hold, the program says on its standard error.
            let complaint = number == libc::SYS_write && arguments[0] == libc::STDERR_FILENO as u64;
            if plan.calls.contains(&number) && !uncharged && !complaint {
                refuse = counted == plan.nth || (counted > plan.nth && plan.lasting);
                counted += 1;
                refused += usize::from(refuse);
            }
            if refuse {
                machine::set_call(pid, -1)?;
                answer = Some(plan.errno);
            }
        }
    };
    let (mut printed, mut complained) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut printed)?;
    child.stderr.take().unwrap().read_to_string(&mut complained)?;
    Ok(Traced { code, printed, complained, refused, calls })
}

/// Whether a call maps writable memory for which nothing is set aside.
fn promises_memory(number: libc::c_long, [_, _, access, flags]: &[u64; 4]) -> bool {
    number == libc::SYS_mmap && access & libc::PROT_WRITE as u64 != 0 && flags & libc::MAP_NORESERVE as u64 != 0
}

fn wait(pid: libc::pid_t) -> io::Result<i32> {
    let mut status = 0;
    // SAFETY: `status` is a plain integer to write to.
    match unsafe { libc::waitpid(pid, &mut status, libc::__WALL) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(status),
    }
}

/// A request that reads and writes no memory of ours.
fn request(what: libc::c_uint, pid: libc::pid_t, data: usize) -> io::Result<()> {
    // SAFETY: the requests passed here take a number as their data.
    match unsafe { libc::ptrace(what as _, pid, 0usize, data) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Where this processor's registers have the call, its arguments and its answer.
#[cfg(target_arch = "x86_64")]
mod machine {
    use super::*;

    fn poke(pid: libc::pid_t, at: usize, word: i64) -> io::Result<()> {
        // SAFETY: a word for a register of the stopped process.
        match unsafe { libc::ptrace(libc::PTRACE_POKEUSER, pid, at, word as usize) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    const NUMBER: usize = std::mem::offset_of!(libc::user_regs_struct, orig_rax);
    const ANSWER: usize = std::mem::offset_of!(libc::user_regs_struct, rax);

    /// The number of a call and its first four arguments.
    pub fn call(pid: libc::pid_t) -> io::Result<(libc::c_long, [u64; 4])> {
        let mut registers = std::mem::MaybeUninit::<libc::user_regs_struct>::uninit();
        // SAFETY: the kernel fills the registers, which are plain numbers, unless it says that it did not.
        let registers = unsafe {
            if libc::ptrace(libc::PTRACE_GETREGS, pid, 0usize, registers.as_mut_ptr()) == -1 {
                return Err(io::Error::last_os_error());
            }
            registers.assume_init()
        };
        let number = registers.orig_rax as libc::c_long;
        Ok((number, [registers.rdi, registers.rsi, registers.rdx, registers.r10]))
    }

    pub fn set_call(pid: libc::pid_t, number: i64) -> io::Result<()> {
        poke(pid, NUMBER, number)
    }

    pub fn set_answer(pid: libc::pid_t, answer: i64) -> io::Result<()> {
        poke(pid, ANSWER, answer)
    }
}

#[cfg(target_arch = "aarch64")]
mod machine {
    use super::*;

    /// `NT_PRSTATUS` and `NT_ARM_SYSTEM_CALL` of `<elf.h>`.
    const GENERAL: usize = 1;
    const CALL: usize = 0x404;

    /// Reads or writes a set of registers as the kernel lays it out.
    fn set<T>(what: libc::c_uint, pid: libc::pid_t, which: usize, registers: &mut T) -> io::Result<()> {
        let mut vector = libc::iovec { iov_base: (registers as *mut T).cast(), iov_len: size_of::<T>() };
        // SAFETY: the kernel reads or writes at most as many bytes as the vector says, all of which are `registers`.
        match unsafe { libc::ptrace(what as _, pid, which, &mut vector as *mut libc::iovec) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// x0 to x30, sp, pc and the state.
    fn general(pid: libc::pid_t) -> io::Result<[u64; 34]> {
        let mut registers = [0; 34];
        set(libc::PTRACE_GETREGSET as _, pid, GENERAL, &mut registers)?;
        Ok(registers)
    }

    /// The number of a call and its first four arguments.
    pub fn call(pid: libc::pid_t) -> io::Result<(libc::c_long, [u64; 4])> {
        let registers = general(pid)?;
        Ok((registers[8] as libc::c_long, [registers[0], registers[1], registers[2], registers[3]]))
    }

    pub fn set_call(pid: libc::pid_t, number: i64) -> io::Result<()> {
        set(libc::PTRACE_SETREGSET as _, pid, CALL, &mut (number as i32))
    }

    pub fn set_answer(pid: libc::pid_t, answer: i64) -> io::Result<()> {
        let mut registers = general(pid)?;
        registers[0] = answer as u64;
        set(libc::PTRACE_SETREGSET as _, pid, GENERAL, &mut registers)
    }
}
