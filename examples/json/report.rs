//! What is printed: the counts, the table, and colour where a person looks.

use crate::candidate::{Candidate, Stats};
use crate::compare::Outcome;
use crate::program::fill;
use crate::tree::Census;
use crate::tree::arena::Arena;
use crate::watched;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Prints what is in the document.
pub fn census(out: &mut impl Write, census: &Census<'_>, bytes: usize, arena: &Arena) -> io::Result<()> {
    let lines = [
        ("bytes", bytes),
        ("objects", census.objects),
        ("arrays", census.arrays),
        ("strings", census.strings),
        ("numbers", census.numbers),
        ("true, false, null", census.words),
        ("keys", census.keys),
        ("bytes of text", census.text_bytes),
        ("longest string", census.longest.len()),
        ("depth", census.depth),
        ("bytes of arena", arena.used()),
    ];
    for (name, count) in lines {
        writeln!(out, "  {name:<18} {:>15}", grouped(count as u64))?;
    }
    Ok(())
}

/// Columns of a row's name, of a number, and of its ratio to the first.
const NAME: usize = 15;
const VALUE: usize = 9;
const RATIO: usize = 5;
/// Where the candidates do not fit beside each other they go below each other.
const BESIDE: usize = NAME + Candidate::ALL.len() * (VALUE + RATIO) - RATIO;
const _: () = assert!(BESIDE <= 80 && 2 + NAME + VALUE + RATIO <= 40);

/// Prints what each candidate took, beside the first, in so many columns.
pub fn comparison(
    out: &mut impl Write,
    results: &[(Candidate, Outcome)],
    rounds: usize,
    paint: Paint,
    columns: usize,
) -> io::Result<()> {
    type Row = (&'static str, fn(&Stats) -> Option<u64>, fn(u64) -> String);
    const ROWS: [Row; 10] = [
        ("parse", |run| Some(nanoseconds(run.parse)), milliseconds),
        ("walk", |run| Some(nanoseconds(run.walk)), milliseconds),
        ("drop", |run| Some(nanoseconds(run.drop)), milliseconds),
        ("time in all", |run| Some(nanoseconds(run.parse + run.walk + run.drop)), milliseconds),
        ("page faults", |run| run.faults, short),
        ("tree in RAM", |run| run.tree, mebibytes),
        ("bytes a value", |run| run.tree?.checked_div(run.values), grouped),
        ("peak RSS", |run| run.peak, mebibytes),
        ("RSS after drop", |run| run.kept, kept),
        ("values", |run| Some(run.values), |values| values.to_string()),
    ];
    let beside = columns >= BESIDE;
    writeln!(out)?;
    if beside {
        write!(out, "{:<NAME$}", "")?;
        for (at, (candidate, _)) in results.iter().enumerate() {
            let width = if at > 0 { VALUE + RATIO } else { VALUE };
            write!(out, "{}", paint.bold(&format!("{:>width$}", candidate.title())))?;
        }
        writeln!(out)?;
    }
    for (name, number, show) in ROWS {
        match beside {
            true => write!(out, "{name:<NAME$}")?,
            false => writeln!(out, "{}", paint.bold(name))?,
        }
        let first = results.first().and_then(|(_, run)| run.as_ref().ok()).and_then(number);
        for (at, (candidate, run)) in results.iter().enumerate() {
            let value = run.as_ref().ok().and_then(number);
            let shown = value.map_or("–".to_string(), show);
            let ratio = match (value, first) {
                // A ratio of nothing, or of what must be equal, says nothing.
                (Some(value), Some(first)) if at > 0 && first > 0 && !matches!(name, "RSS after drop" | "values") => {
                    ratio(value, first)
                }
                _ => String::new(),
            };
            if !beside {
                write!(out, "  {:<NAME$}", candidate.title())?;
            }
            write!(out, "{shown:>VALUE$}")?;
            if at > 0 {
                write!(out, "{}", paint.dim(&format!("{ratio:>RATIO$}")))?;
            }
            if !beside {
                writeln!(out)?;
            }
        }
        if beside {
            writeln!(out)?;
        }
    }
    for (candidate, run) in results {
        if let Err(message) = run {
            fill(out, &format!("{}: {message}", candidate.title()), 0, 2, columns)?;
        }
    }
    let runs = if rounds == 1 { "one run".to_string() } else { format!("medians of {rounds} runs") };
    writeln!(out)?;
    for note in [
        &*format!("{runs}, each in a process of its own with the document in RAM; ratios are to the first candidate."),
        "RSS is over what the process held before it parsed.",
        "arena: plain strings stay in the document.",
        "copied: in an arena with all strings copied, as in those that follow.",
        "compact: in a cage, with links of 4 bytes.",
        "Box/Vec: in Vecs and Strings, each with memory of its own.",
    ] {
        fill(out, &paint.dim(note), 0, 0, columns)?;
    }
    Ok(())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn milliseconds(nanoseconds: u64) -> String {
    let decimals = if nanoseconds < 10_000_000 { 2 } else { 0 };
    format!("{:.decimals$} ms", nanoseconds as f64 / 1e6)
}

fn mebibytes(bytes: u64) -> String {
    let mebibytes = bytes as f64 / (1 << 20) as f64;
    let decimals = if mebibytes < 99.95 { 1 } else { 0 };
    format!("{mebibytes:.decimals$} MiB")
}

/// The number, or how many millions it is where it is long.
fn short(number: u64) -> String {
    if number < 1_000_000 { grouped(number) } else { format!("{:.1} M", number as f64 / 1e6) }
}

fn kept(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("+{} KiB", bytes.div_ceil(1 << 10)) } else { format!("+{} MiB", bytes >> 20) }
}

fn ratio(value: u64, first: u64) -> String {
    let ratio = value as f64 / first as f64;
    if ratio < 9.95 { format!("{ratio:.1}×") } else { format!("{ratio:.0}×") }
}

/// The number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Colour, where a person looks and wants it (<https://no-color.org>).
#[derive(Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Colour for this stream.
    pub fn on(stream: &impl IsTerminal) -> Self {
        Paint { on: watched(stream) && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    }

    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    /// An excerpt with its last line, the caret, made to be seen.
    pub fn caret(self, excerpt: &str) -> String {
        match excerpt.rsplit_once('^') {
            Some((before, after)) => format!("{before}{}{after}", self.with("1;31", "^")),
            None => excerpt.to_string(),
        }
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}
