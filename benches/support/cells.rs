//! Tables of cells, for the benchmarks that ask one question many times over: with more alive, larger, by more threads.
//!
//! A cell runs in processes of its own: the benchmark starts itself again with `--cell` and what the cell is, and the
//! child prints its numbers. So no cell meets what malloc or this library kept after another one. A cell that fails or
//! that the machine cannot hold has its reason in the table. The numbers are what mod.rs says: medians, and ratios
//! within one process or between processes that took turns.

use super::escape;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A ratio that counts as level: medians of the same work differ by as much.
pub const LEVEL: f64 = 0.98;

/// What the user asked for: words that select rows, and one number. A bare number never selects: "64 alive" does.
pub struct Asked {
    words: Vec<String>,
    number: Option<usize>,
}

impl Asked {
    /// From the arguments of this process, without cargo's own.
    pub fn new() -> Self {
        let arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
        let (numbers, words): (Vec<_>, Vec<_>) = arguments.partition(|argument| argument.parse::<usize>().is_ok());
        Asked { words, number: numbers.first().and_then(|number| number.parse().ok()) }
    }

    /// Whether a row is selected: it has all of the words, or there are none.
    pub fn wants(&self, row: &str) -> bool {
        self.words.iter().all(|word| row.contains(word.as_str()))
    }

    /// The number, or the usual one.
    pub fn number_or(&self, usual: usize) -> usize {
        self.number.unwrap_or(usual).max(1)
    }
}

/// In a process that `in_own_process` started: what it was given.
pub fn child() -> Option<Vec<String>> {
    let mut arguments = std::env::args().skip(1);
    (arguments.next()? == "--cell").then(|| arguments.collect())
}

/// Prints a child's numbers and ends it, without dropping what is still alive.
pub fn answer(numbers: &[f64]) -> ! {
    let text: Vec<String> = numbers.iter().map(f64::to_string).collect();
    println!("{}", text.join(" "));
    std::process::exit(0)
}

/// Runs this benchmark again with `arguments`, and gives the numbers that it answers, or why there are none.
pub fn in_own_process(arguments: &[String]) -> Result<Vec<f64>, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(this);
    command.arg("--cell").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.lines().find(|line| !line.is_empty() && !line.starts_with("thread '"));
        return Err(format!("{}: {}", output.status, reason.unwrap_or("no message")));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    said.split_whitespace().map(|number| number.parse().map_err(|_| said.to_string())).collect()
}

/// The middle one.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// How long a candidate's turn takes, about.
const TURN: Duration = Duration::from_millis(2);

/// How many units of work make a turn. The candidate runs meanwhile, and has its RAM in place afterwards.
pub fn units_for(turn: Duration, run: &mut dyn FnMut(u64)) -> u64 {
    let mut units = 1;
    loop {
        let start = Instant::now();
        run(units);
        let time = start.elapsed();
        if time >= turn / 4 {
            return ((units as f64 * turn.as_secs_f64() / time.as_secs_f64()) as u64).max(1);
        }
        units *= 2;
    }
}

/// Nanoseconds that a unit takes each candidate: medians of so many rounds, in an order that rotates.
pub fn alternate(rounds: usize, candidates: &mut [&mut dyn FnMut(u64)]) -> Vec<f64> {
    let units: Vec<u64> = candidates.iter_mut().map(|run| units_for(TURN, *run)).collect();
    let count = candidates.len();
    let mut times = vec![Vec::new(); count];
    for round in 0..rounds {
        for turn in 0..count {
            let which = (round + turn) % count;
            let start = Instant::now();
            candidates[which](units[which]);
            times[which].push(start.elapsed().as_secs_f64() * 1e9 / units[which] as f64);
        }
    }
    times.into_iter().map(median).collect()
}

/// Brings malloc where every long-lived program comes to: glibc's maps large blocks and unmaps them, until the program
/// frees one; from then on it keeps up to twice that size, here 60 MiB. Without it, malloc is "fresh".
pub fn warm_malloc() {
    drop(std::hint::black_box(vec![1u8; 30 << 20]));
}

/// Makes a value and drops it.
#[inline(never)]
pub fn life<A>(make: impl Fn(u64) -> A, count: u64) {
    let made = make(std::hint::black_box(count));
    escape(&made);
    drop(made);
}

/// A kilobyte-line of a file of `/proc`, in bytes.
fn kilobytes(file: &str, name: &str) -> Option<usize> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<usize>().ok().map(|number| number << 10)
}

/// RAM of this process. The sum over its mappings: what `statm` says may be some hundred KiB behind.
pub fn resident() -> usize {
    kilobytes("/proc/self/smaps_rollup", "Rss:").unwrap_or_else(|| {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
        pages * region::page_size()
    })
}

/// Why the machine cannot hold a cell that needs so much RAM.
pub fn lacks(bytes: usize) -> Option<String> {
    let gib = |bytes: usize| bytes as f64 / (1 << 30) as f64;
    let there = kilobytes("/proc/meminfo", "MemAvailable:")?;
    (there < bytes + (256 << 20))
        .then(|| format!("skipped: needs {:.1} GiB of RAM, {:.1} GiB are there", gib(bytes), gib(there)))
}

/// A table whose rows are printed as they come: a name, and columns. At most 100 characters wide.
pub struct Table {
    /// What is printed before the first row.
    head: String,
    /// Characters of the name, and of a column.
    name: usize,
    column: usize,
    columns: usize,
    rows: usize,
    below: usize,
}

impl Table {
    /// A table without rows yet. `note` says what the columns are and what is marked.
    pub fn new(title: &str, note: &str, columns: &[&str]) -> Self {
        let column = if columns.len() > 5 { 10 } else { 11 };
        let name = 97 - column * columns.len();
        let mut head = format!("\n{title}\n{}\n{note}\n\n{:name$}", machine(), "");
        columns.iter().for_each(|text| write!(head, "{text:>column$}").unwrap());
        Table { head, name, column, columns: columns.len(), rows: 0, below: 0 }
    }

    /// Prints a row. One that is below its bar is marked.
    pub fn row(&mut self, name: &str, cells: &[String], below: bool) {
        assert_eq!(cells.len(), self.columns, "{name}");
        let mut line = format!("{name:width$}", width = self.name);
        cells.iter().for_each(|cell| write!(line, "{cell:>width$}", width = self.column).unwrap());
        self.line(&line, below);
    }

    /// Prints why a row has no numbers. A failure counts as below the bar, a skipped row does not.
    pub fn reason(&mut self, name: &str, reason: &str) {
        let line = format!("{name:width$}  {reason}", width = self.name);
        self.line(&line.chars().take(97).collect::<String>(), !reason.starts_with("skipped"));
    }

    fn line(&mut self, line: &str, below: bool) {
        if self.rows == 0 {
            println!("{}", self.head);
        }
        println!("{line}{}", if below { " <" } else { "" });
        self.rows += 1;
        self.below += usize::from(below);
    }

    /// Prints how many rows are marked.
    pub fn end(self) {
        if self.rows > 0 {
            println!("{} of {} rows are below their bar, marked <", self.below, self.rows);
        }
    }
}

/// The processors and the system that the numbers are from.
fn machine() -> String {
    let read = |file| std::fs::read_to_string(file).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model);
    let release = read("/proc/sys/kernel/osrelease");
    let release = release.split('-').next().unwrap_or_default().trim();
    format!("{} × {model}, {} {release}", processors(), std::env::consts::OS)
}

/// Processors that this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
