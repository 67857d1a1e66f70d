//! What is printed: the counts, the table, and colour where a person looks.

use crate::candidate::{Candidate, Figures};
use crate::compare::Outcome;
use crate::tree::Census;
use crate::tree::arena::Arena;
use crate::watched;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Prints what is in the document.
pub fn census(out: &mut impl Write, census: &Census<'_>, bytes: usize, arena: &Arena) -> io::Result<()> {
    let rows = [
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
    for (name, count) in rows {
        writeln!(out, "  {name:<18} {:>15}", grouped(count as u64))?;
    }
    Ok(())
}

/// Bytes of a page as most systems have it, for telling a size in pages.
const PAGE: u64 = 4096;

/// Prints what each candidate took, beside the first.
pub fn comparison(
    out: &mut impl Write,
    results: &[(Candidate, Outcome)],
    rounds: usize,
    paint: Paint,
) -> io::Result<()> {
    type Row = (&'static str, fn(&Figures) -> Option<u64>, fn(u64) -> String);
    const ROWS: [Row; 8] = [
        ("parse", |run| Some(nanoseconds(run.parse)), milliseconds),
        ("walk", |run| Some(nanoseconds(run.walk)), milliseconds),
        ("drop", |run| Some(nanoseconds(run.drop)), milliseconds),
        ("time in all", |run| Some(nanoseconds(run.parse + run.walk + run.drop)), milliseconds),
        ("page faults", |run| run.faults, grouped),
        ("peak RSS", |run| run.peak, megabytes),
        ("RSS after drop", |run| run.kept, kept),
        ("values", |run| Some(run.values), grouped),
    ];
    writeln!(out)?;
    write!(out, "{:<14}", "")?;
    for (candidate, _) in results {
        write!(out, "{}", paint.bold(&format!("{:>19}", candidate.title())))?;
    }
    writeln!(out)?;
    for (name, figure, show) in ROWS {
        write!(out, "{name:<14}")?;
        let first = results.first().and_then(|(_, run)| run.as_ref().ok()).and_then(figure);
        for (at, (_, run)) in results.iter().enumerate() {
            let value = run.as_ref().ok().and_then(figure);
            let shown = value.map_or("–".to_string(), show);
            let ratio = match (value, first) {
                // A ratio of nothing, or of what must be equal, says nothing.
                (Some(value), Some(first)) if at > 0 && first > 0 && !matches!(name, "RSS after drop" | "values") => {
                    ratio(value, first)
                }
                _ => String::new(),
            };
            write!(out, "{shown:>12}{}", paint.dim(&format!("{ratio:>7}")))?;
        }
        writeln!(out)?;
    }
    for (candidate, run) in results {
        if let Err(message) = run {
            writeln!(out, "{}: {message}", candidate.title())?;
        }
    }
    let runs = if rounds == 1 { "one run".to_string() } else { format!("medians of {rounds} runs") };
    writeln!(
        out,
        "\n{}",
        paint.dim(&format!(
            "{runs}, each in a process of its own with the document in RAM; ratios are to the first column.\n\
             RSS is over what the process held before it parsed.\n\
             arena: plain strings stay in the document. arena, copied: all strings copied, as Box/Vec/String must."
        ))
    )
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn milliseconds(nanoseconds: u64) -> String {
    let decimals = if nanoseconds < 10_000_000 { 2 } else { 0 };
    format!("{:.decimals$} ms", nanoseconds as f64 / 1e6)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn kept(bytes: u64) -> String {
    if bytes < 256 * PAGE {
        let pages = bytes.div_ceil(PAGE);
        format!("+{pages} page{}", if pages == 1 { "" } else { "s" })
    } else {
        format!("+{}", megabytes(bytes))
    }
}

fn ratio(value: u64, first: u64) -> String {
    let ratio = value as f64 / first as f64;
    if ratio < 99.95 { format!("{ratio:.1}×") } else { format!("{ratio:.0}×") }
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
