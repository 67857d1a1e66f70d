//! Runs the candidates in turn, each run in a process of its own, and takes the medians.

use crate::candidate::{Candidate, Order, Stats};
use crate::command::Settings;
use crate::document::Document;
use crate::progress::Progress;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The result of a candidate: the medians of its stats, or why there are none.
pub type Outcome = Result<Stats, String>;

/// Measures every candidate `settings.rounds` times.
///
/// One round more comes first and shows how much RAM each takes, which its later runs warm up before they
/// are timed. Each round begins with another candidate, so that what a neighbour does to the machine falls on
/// all alike.
pub fn run(document: &Document, settings: &Settings) -> Vec<(Candidate, Outcome)> {
    let mut runs: [Result<Vec<Stats>, String>; Candidate::ALL.len()] = std::array::from_fn(|_| Ok(Vec::new()));
    let mut ram = [0; Candidate::ALL.len()];
    let total = (settings.rounds + 1) * runs.len();
    let progress = Progress::runs("measuring", total, document.bytes().len());
    for round in 0..=settings.rounds {
        for turn in 0..runs.len() {
            let at = (round + turn) % runs.len();
            let (options, access) = (settings.options, settings.access);
            let order = Order { candidate: Candidate::ALL[at], options, access, ram: ram[at] };
            if let Ok(done) = &mut runs[at] {
                match measure(document, &order) {
                    Ok(stats) if round == 0 => ram[at] = stats.peak.unwrap_or(0) as usize,
                    Ok(stats) => done.push(stats),
                    Err(message) => runs[at] = Err(message),
                }
            }
            progress.at(round * runs.len() + turn + 1);
        }
    }
    progress.finish();
    Candidate::ALL.into_iter().zip(runs.map(|runs| runs.map(|runs| medians(&runs)))).collect()
}

/// One run, in a process of its own.
fn measure(document: &Document, order: &Order) -> Outcome {
    let failed = |error| format!("cannot measure: {error}");
    let program = std::env::current_exe().map_err(failed)?;
    let mut child = Command::new(program)
        .args(order.arguments())
        .stdin(document.stdin_for_child().map_err(failed)?)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(failed)?;
    // A child that dies early leaves the pipe broken; its exit status says more than that.
    let fed = document.feed(&mut child);
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(format!("the process ended early: {}", output.status));
    }
    let line = String::from_utf8_lossy(&output.stdout);
    match (Stats::from_line(&line), fed) {
        (Some(stats), _) => Ok(stats),
        (None, Err(error)) => Err(failed(error)),
        (None, Ok(())) => Err(line.trim().to_string()),
    }
}

/// The median of each number by itself.
fn medians(runs: &[Stats]) -> Stats {
    let time = |of: fn(&Stats) -> Duration| median(runs.iter().map(of)).unwrap_or_default();
    let size = |of: fn(&Stats) -> Option<u64>| median(runs.iter().filter_map(of));
    Stats {
        parse: time(|run| run.parse),
        walk: time(|run| run.walk),
        drop: time(|run| run.drop),
        faults: size(|run| run.faults),
        tree: size(|run| run.tree),
        peak: size(|run| run.peak),
        kept: size(|run| run.kept),
        values: median(runs.iter().map(|run| run.values)).unwrap_or_default(),
    }
}

/// The middle one, or the lower of the two.
fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}
