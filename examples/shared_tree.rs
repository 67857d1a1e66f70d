//! Counts words with several processes that build one tree.
//!
//! The parent makes a [`SharedArena`] and forks workers. Each takes the next file, and hangs its words into the
//! tree that all of them share: nodes are linked by offsets and atomic exchanges, without a lock, so a worker
//! that dies does not block the others. At the end the parent walks the tree and prints it. The only `unsafe` here is
//! `fork` itself.

#[path = "support/program.rs"]
mod program;

use region::shared::AtomicOffset;
use region::{Bytes, Input, SharedArena};
use std::cmp::Ordering::{Equal, Greater, Less};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

const HELP: &str = "\
Counts the words of files with several processes that build one tree in shared memory.

Usage: shared_tree [--workers N] [--top N] [FILE]...

Without FILE, the sources of this library are counted.

Options:
  --workers N   processes to fork (one per processor)
  --top N       how many words to print, the most frequent first (20)
  --help        show this

Exit code: 0 when every file was counted, 1 when some were not, 2 for a wrong command line.
";

/// Bytes of the longest word that is counted.
const LONGEST: usize = 256;

region::concurrent! {
    /// A word of the tree. Those that sort before it hang left.
    struct Node {
        word: AtomicOffset<str>,
        count: AtomicU64,
        left: AtomicOffset<Node>,
        right: AtomicOffset<Node>,
    }
}

region::concurrent! {
    /// What the processes share from the start: the arena's root.
    struct Job {
        tree: AtomicOffset<Node>,
        /// Files that some worker has taken.
        taken: AtomicU64,
        /// Files that were counted to their end.
        counted: AtomicU64,
    }
}

struct Command {
    workers: usize,
    top: usize,
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let command = match parse(std::env::args_os().skip(1)) {
        Ok(Some(command)) => command,
        Ok(None) => {
            let printed = std::io::stdout().write_all(HELP.as_bytes());
            return program::end("shared_tree", printed.map(|()| ExitCode::SUCCESS));
        }
        Err(complaint) => return program::misused("shared_tree", &complaint),
    };
    match run(&command) {
        Ok(counts) => {
            let code = if counts.files == command.files.len() as u64 { ExitCode::SUCCESS } else { ExitCode::FAILURE };
            match print(&counts, &command) {
                // The exit code says that files were not counted.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => code,
                printed => program::end("shared_tree", printed.map(|()| code)),
            }
        }
        Err(error) => {
            program::complain(format_args!("shared_tree: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The command line; `None` when help is wanted.
fn parse(mut words: impl Iterator<Item = std::ffi::OsString>) -> Result<Option<Command>, String> {
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    let mut command = Command { workers, top: 20, files: Vec::new() };
    while let Some(word) = words.next() {
        let field = match &*word.to_string_lossy() {
            "--help" | "-h" => return Ok(None),
            "--workers" => &mut command.workers,
            "--top" => &mut command.top,
            option if option.starts_with('-') => return Err(format!("no such option: {}", program::Shown(option))),
            _ => {
                command.files.push(word.clone().into());
                continue;
            }
        };
        let number = words.next().and_then(|word| word.to_str()?.parse().ok());
        *field = number.ok_or(format!("{} needs a number", word.to_string_lossy()))?;
    }
    if command.files.is_empty() {
        find_sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../src")), &mut command.files);
    }
    if command.files.is_empty() {
        return Err("no file is named, and the library's sources are not here".into());
    }
    command.workers = command.workers.clamp(1, command.files.len());
    Ok(Some(command))
}

fn find_sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => find_sources(&entry.path(), files),
            Ok(_) => files.push(entry.path()),
            Err(_) => {}
        }
    }
    files.sort();
}

/// What was counted.
struct Counts {
    /// The words and how often each was met, the most frequent first.
    words: Vec<(u64, String)>,
    /// Files that were counted to their end.
    files: u64,
    /// Bytes of the tree.
    used: usize,
}

fn run(command: &Command) -> Result<Counts, Box<dyn Error>> {
    // Addresses, not RAM: enough for files in which every second byte is a new word.
    let bytes: u64 = command.files.iter().filter_map(|file| Some(std::fs::metadata(file).ok()?.len())).sum();
    let arena = SharedArena::sealed((1 << 20) + 32 * usize::try_from(bytes)?, c"words")?;
    let job = arena.alloc_zeroed::<Job>()?;
    arena.set_root(job);

    let children: Vec<_> = (0..command.workers).map(|_| fork(|| work(&arena, &command.files))).collect();
    for child in children {
        let child = child?;
        let status = wait(child)?;
        if status != 0 {
            program::complain(format_args!(
                "shared_tree: worker {child} ended early (status {status}); the others went on"
            ));
        }
    }

    let job = arena.get(job)?;
    let mut words = Vec::new();
    let mut open = Vec::from_iter(job.tree.load());
    while let Some(offset) = open.pop() {
        let node = arena.get(offset)?;
        let mut text = [0; LONGEST];
        let word = node.word.load().ok_or("a node without a word")?;
        words.push((node.count.load(Ordering::Relaxed), arena.read_str(word, &mut text)?.to_owned()));
        open.extend(node.left.load().into_iter().chain(node.right.load()));
    }
    words.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));

    Ok(Counts { words, files: job.counted.load(Ordering::Relaxed), used: arena.used() })
}

fn print(counts: &Counts, command: &Command) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let total: u64 = counts.words.iter().map(|(count, _)| count).sum();
    let line = format!(
        "{total} words, {} of them different, in {} of {} files; {} processes, one tree of {}",
        counts.words.len(),
        counts.files,
        command.files.len(),
        command.workers,
        Bytes(counts.used),
    );
    program::fill(&mut out, &line, 0, 0, program::width())?;
    writeln!(out)?;
    for (count, word) in counts.words.iter().take(command.top) {
        writeln!(out, "{count:>10}  {word}")?;
    }
    out.flush()
}

/// What a worker does: takes files until none is left. Complaints go to standard error.
fn work(arena: &SharedArena, files: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let job = arena.get(arena.root::<Job>().ok_or("no job")?)?;
    loop {
        let number = job.taken.fetch_add(1, Ordering::Relaxed);
        let Some(file) = usize::try_from(number).ok().and_then(|number| files.get(number)) else {
            return Ok(());
        };
        let input = match Input::read(file.as_os_str().as_encoded_bytes()) {
            Ok(input) => input,
            Err(error) => {
                let name = program::shown(&file.to_string_lossy(), &std::io::stderr());
                program::complain(format_args!("shared_tree: {name}: {error}"));
                continue;
            }
        };
        let text = String::from_utf8_lossy(&input);
        for word in text.split(|letter: char| !letter.is_alphanumeric()) {
            if !word.is_empty() && word.len() <= LONGEST {
                count(arena, &job.tree, word)?;
            }
        }
        job.counted.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts a word: finds its node, or hangs a new one where the search ended.
fn count(arena: &SharedArena, tree: &AtomicOffset<Node>, word: &str) -> Result<(), Box<dyn Error>> {
    let mut link = tree;
    let mut made = None;
    loop {
        let Some(offset) = link.load() else {
            let node = match made {
                Some(node) => node,
                None => arena.alloc(Node {
                    word: AtomicOffset::new(Some(arena.alloc_str(word)?)),
                    count: AtomicU64::new(1),
                    left: AtomicOffset::default(),
                    right: AtomicOffset::default(),
                })?,
            };
            // Complete before it is seen. If another process was faster, the search goes on from its node.
            if link.compare_exchange(None, Some(node)).is_ok() {
                return Ok(());
            }
            made = Some(node);
            continue;
        };
        let node = arena.get(offset)?;
        let mut text = [0; LONGEST];
        let there = arena.read_str(node.word.load().ok_or("a node without a word")?, &mut text)?;
        link = match word.cmp(there) {
            Less => &node.left,
            Greater => &node.right,
            Equal => {
                node.count.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
        };
    }
}

/// Runs `work` in a child.
fn fork(work: impl FnOnce() -> Result<(), Box<dyn Error>>) -> std::io::Result<libc::pid_t> {
    // SAFETY: this program has one thread, and the child leaves by `_exit`.
    match unsafe { libc::fork() } {
        -1 => Err(std::io::Error::last_os_error()),
        0 => {
            let done = work();
            if let Err(error) = &done {
                program::complain(format_args!("shared_tree: {error}"));
            }
            // SAFETY: ends the child without running what the parent will run at its end.
            unsafe { libc::_exit(i32::from(done.is_err())) }
        }
        child => Ok(child),
    }
}

/// How a child ended, as `waitpid` says it: 0 when all went well.
fn wait(child: libc::pid_t) -> std::io::Result<i32> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is a plain integer to write to.
        match unsafe { libc::waitpid(child, &mut status, 0) } {
            -1 => match std::io::Error::last_os_error() {
                error if error.kind() == std::io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
            _ => return Ok(status),
        }
    }
}
