//! What every benchmark here shares: a duel between candidates, and what a process costs.
//!
//! A duel runs its candidates in turn, round after round, in an order that rotates, after one untimed
//! round that touches all the RAM they will need (a virtual machine's never-used RAM is several times
//! slower at first touch). It reports medians and ratios within the run: nanoseconds do not carry over
//! between machines, ratios do. It never fails a run.

#![allow(dead_code)] // each benchmark uses its part

pub mod cells;
pub mod list;
pub mod setting;

use std::io::Read;
use std::os::fd::FromRawFd;
use std::time::{Duration, Instant};

/// What one run of a candidate cost.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    pub time: Duration,
    pub faults: u64,
}

/// Runs `work` once and says what it cost this process.
pub fn cost(work: impl FnOnce()) -> Cost {
    let faults = minor_faults();
    let start = Instant::now();
    work();
    let time = start.elapsed();
    Cost { time, faults: minor_faults() - faults }
}

/// Runs `life` in a process of its own, and says what it cost there.
pub fn in_child(life: fn()) -> Cost {
    let mut ends = [0; 2];
    // SAFETY: this process has one thread, so the child may do anything; it leaves by `_exit`. The pipe's
    // ends are new and owned here alone.
    unsafe {
        assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
        let child = libc::fork();
        assert!(child >= 0, "{}", std::io::Error::last_os_error());
        if child == 0 {
            let Cost { time, faults } = cost(life);
            let report = [time.as_nanos() as u64, faults];
            let sent = libc::write(ends[1], report.as_ptr().cast(), size_of_val(&report));
            libc::_exit(i32::from(sent != size_of_val(&report) as isize));
        }
        libc::close(ends[1]);
        let mut report = [0; 16];
        std::fs::File::from_raw_fd(ends[0]).read_exact(&mut report).expect("the child reports");
        libc::waitpid(child, std::ptr::null_mut(), 0);
        let [time, faults] = [0, 8].map(|at| u64::from_ne_bytes(report[at..at + 8].try_into().unwrap()));
        Cost { time: Duration::from_nanos(time), faults }
    }
}

/// Page faults of this process so far that needed no I/O. Pages brought in by a populate call count too.
pub fn minor_faults() -> u64 {
    // SAFETY: `getrusage` fills the plain struct it is given.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage.ru_minflt as u64
    }
}

/// Lets an address escape: the optimizer must assume that its memory is read and written.
///
/// Without an instruction where the compiler has inline assembly; `black_box` stores the address first,
/// which is as much work as a bump allocation does.
#[inline(always)]
pub fn escape<T: ?Sized>(address: *const T) {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
    // SAFETY: the assembly is empty; it claims to access memory, which is its purpose.
    unsafe {
        std::arch::asm!("/* {0} */", in(reg) address.cast::<u8>(), options(nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
    std::hint::black_box(address);
}

/// A named way of doing the work.
struct Candidate<'a> {
    name: &'static str,
    run: Box<dyn FnMut() -> Cost + 'a>,
    costs: Vec<Cost>,
}

/// A contest over one piece of work. The first candidate is the one that the ratios are about.
pub struct Duel<'a> {
    title: String,
    /// Units of work a run, for the time per unit.
    units: u64,
    rounds: usize,
    candidates: Vec<Candidate<'a>>,
}

impl<'a> Duel<'a> {
    /// A contest of `rounds` rounds over `units` units of work a run.
    pub fn new(title: impl Into<String>, units: u64, rounds: usize) -> Self {
        Duel { title: title.into(), units, rounds, candidates: Vec::new() }
    }

    /// Adds a candidate whose whole call is timed.
    pub fn add(self, name: &'static str, mut run: impl FnMut() + 'a) -> Self {
        self.add_costed(name, move || cost(&mut run))
    }

    /// Adds a candidate that says itself what it cost, to leave its preparation out.
    pub fn add_costed(mut self, name: &'static str, run: impl FnMut() -> Cost + 'a) -> Self {
        self.candidates.push(Candidate { name, run: Box::new(run), costs: Vec::new() });
        self
    }

    /// Runs the contest, prints its table, and gives each candidate's median time over the first's.
    pub fn run(mut self) -> Vec<(&'static str, f64)> {
        let filter: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
        if !filter.is_empty() && !filter.iter().any(|word| self.title.contains(word.as_str())) {
            return Vec::new();
        }
        for candidate in &mut self.candidates {
            (candidate.run)();
        }
        let n = self.candidates.len();
        for round in 0..self.rounds {
            for turn in 0..n {
                let candidate = &mut self.candidates[(round + turn) % n];
                let cost = (candidate.run)();
                candidate.costs.push(cost);
            }
        }
        let units = self.units as f64;
        println!("\n{} ({} rounds, medians)", self.title, self.rounds);
        println!("  {:<28} {:>12} {:>12} {:>10} {:>9}", "", "ns/unit", "ms/run", "faults", "ratio");
        let mut ratios = Vec::new();
        let mut first = None;
        for candidate in &mut self.candidates {
            candidate.costs.sort_by_key(|cost| cost.time);
            let median = candidate.costs[candidate.costs.len() / 2];
            let time = median.time.as_secs_f64();
            let ratio = time / *first.get_or_insert(time);
            println!(
                "  {:<28} {:>12.2} {:>12.3} {:>10} {:>8.2}×",
                candidate.name,
                time * 1e9 / units,
                time * 1e3,
                median.faults,
                ratio
            );
            ratios.push((candidate.name, ratio));
        }
        ratios
    }
}
