//! What is printed: the outline of a file, and the counts of all.

use crate::item::{Item, Kind, Outline};
use crate::program::Shown;
use region::Bytes;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Prints what a file defines, indented by what is in what.
pub fn list(out: &mut impl Write, path: &Path, outline: &Outline<'_>, on_terminal: bool) -> io::Result<()> {
    let (as_is, name) = (path.as_os_str().as_encoded_bytes(), path.to_string_lossy());
    match on_terminal {
        true => writeln!(out, "{}", Shown(&name))?,
        // For whoever opens it next: its very bytes.
        false => {
            out.write_all(as_is)?;
            writeln!(out)?;
        }
    }
    items(out, outline.items, 1)
}

/// Recurses as deep as the scanner let items nest.
fn items(out: &mut impl Write, list: &[Item<'_>], depth: usize) -> io::Result<()> {
    for item in list {
        // As it stands in the source: `impl<T> ...`.
        let space = if item.name.starts_with('<') { "" } else { " " };
        let (word, indent) = (item.kind.word(), depth * 2);
        writeln!(out, "{:>6} {:indent$}{word}{space}{}", item.line, "", Shown(item.name))?;
        items(out, item.inner, depth + 1)?;
    }
    Ok(())
}

/// The counts.
pub struct Totals {
    threads: usize,
    time: Duration,
    files: usize,
    bytes: usize,
    lines: u64,
    kinds: [usize; Kind::ALL.len()],
}

impl Totals {
    pub fn new(threads: usize, time: Duration) -> Self {
        Totals { threads, time, files: 0, bytes: 0, lines: 0, kinds: [0; Kind::ALL.len()] }
    }

    pub fn add(&mut self, outline: &Outline<'_>) {
        self.files += 1;
        self.bytes += outline.bytes;
        self.lines += u64::from(outline.lines);
        self.count(outline.items);
    }

    fn count(&mut self, items: &[Item<'_>]) {
        for item in items {
            self.kinds[item.kind as usize] += 1;
            self.count(item.inner);
        }
    }

    /// Prints the table. `used` and `resident` are the pool's.
    pub fn print(&self, out: &mut impl Write, failed: usize, used: usize, resident: usize) -> io::Result<()> {
        let mut line = |name: &str, value: String| writeln!(out, "  {name:<18} {value:>14}");
        line("files", self.files.to_string())?;
        line("files that failed", failed.to_string())?;
        line("bytes", self.bytes.to_string())?;
        line("lines", self.lines.to_string())?;
        line("items", self.kinds.iter().sum::<usize>().to_string())?;
        for (kind, count) in Kind::ALL.iter().zip(self.kinds) {
            line(&format!("  {}", kind.word()), count.to_string())?;
        }
        line("threads", self.threads.to_string())?;
        line("time", format!("{:.1} ms", self.time.as_secs_f64() * 1e3))?;
        line("speed", format!("{:.0} MiB/s", self.bytes as f64 / (1 << 20) as f64 / self.time.as_secs_f64()))?;
        line("pool, used", Bytes(used).to_string())?;
        line("pool, resident", Bytes(resident).to_string())
    }
}
