//! What memory costs on this machine, and what the library therefore does.
//!
//! ```sh
//! cargo run --release --example probe
//! cargo run --release --example probe -- --svg memory.svg
//! ```
//!
//! Asks the system for its settings, then measures what it takes to bring memory in by each kind of page, and to map
//! and unmap. Every measurement touches its RAM once before it counts, as a virtual machine's never-used RAM is
//! several times dearer, and is the median of several; what is compared is measured in turn.

#[path = "support/program.rs"]
mod program;
#[path = "support/svg.rs"]
mod svg;

use region::mapping::{Advice, Pages};
use region::{Region, page_size};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use svg::{BLUE, ORANGE, Svg};

/// Bytes that are brought in a round.
const LEN: usize = 64 << 20;
const ROUNDS: usize = 7;
const HUGE: usize = 2 << 20;
/// `PR_GET_THP_DISABLE`.
const GET_THP_DISABLE: i32 = 42;

/// A setting of the system and what it is.
type Setting = (String, String);

fn read(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

/// A region of addresses that no machine has the RAM for, or as long as 32 bits have room for.
const FAR: (&str, usize) = match usize::BITS {
    64 => ("map + unmap 64 GiB", (64u64 << 30) as usize),
    _ => ("map + unmap 1 GiB", 1 << 30),
};

/// What is chosen of several: the word in brackets.
fn chosen(text: &str) -> &str {
    text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or(text, |(chosen, _)| chosen)
}

/// A limit (`rlim_t`) has 32 bits on some systems.
fn bytes(bytes: impl Into<u64>) -> String {
    let bytes = bytes.into();
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let unit = (0..units.len() - 1).take_while(|unit| bytes >> (10 * (unit + 1)) > 0).count();
    format!("{} {}", bytes >> (10 * unit), units[unit])
}

fn limit(resource: libc::__rlimit_resource_t) -> String {
    // SAFETY: the call fills the plain struct it is given.
    let limit = unsafe {
        let mut limits: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(resource, &mut limits);
        limits.rlim_cur
    };
    if limit == libc::RLIM_INFINITY { "none".into() } else { bytes(limit) }
}

/// Kinds of transparent huge pages between the base page and 2 MiB that may be used.
fn middle_sizes() -> Vec<String> {
    let Ok(sizes) = std::fs::read_dir("/sys/kernel/mm/transparent_hugepage") else { return Vec::new() };
    let mut sizes: Vec<(u64, String)> = sizes
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let size: u64 = name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
            let setting = read(&format!("/sys/kernel/mm/transparent_hugepage/{name}/enabled"))?;
            let setting = chosen(&setting);
            (setting != "never").then(|| (size, format!("{} {setting}", bytes(size << 10))))
        })
        .collect();
    sizes.sort();
    sizes.into_iter().map(|(_, text)| text).collect()
}

/// Pages that were set aside: bytes of one, how many, how many are free.
fn pools() -> Vec<(u64, u64, u64)> {
    let mut pools: Vec<_> = [2048, 1 << 20]
        .into_iter()
        .filter_map(|size: u64| {
            let folder = format!("/sys/kernel/mm/hugepages/hugepages-{size}kB");
            let number = |name: &str| read(&format!("{folder}/{name}"))?.parse::<u64>().ok();
            let free = number("free_hugepages")?.saturating_sub(number("resv_hugepages")?);
            Some((size << 10, number("nr_hugepages")?, free))
        })
        .collect();
    pools.sort();
    pools
}

/// What was found out about the machine.
struct Machine {
    settings: Vec<Setting>,
    transparent: String,
    transparent_off_here: bool,
    free_huge: u64,
    strict: bool,
    limited: bool,
}

impl Machine {
    fn ask() -> Self {
        let unknown = || "unknown".to_owned();
        let transparent = read("/sys/kernel/mm/transparent_hugepage/enabled");
        let transparent = transparent.map_or("not built in".into(), |text| chosen(&text).to_owned());
        // SAFETY: the call reads a flag of this process.
        let transparent_off_here = unsafe { libc::prctl(GET_THP_DISABLE, 0, 0, 0, 0) } > 0;
        let overcommit = read("/proc/sys/vm/overcommit_memory").unwrap_or_else(unknown);
        let address_space = limit(libc::RLIMIT_AS);
        let pools = pools();
        let mut settings = vec![
            ("base page".into(), bytes(page_size() as u64)),
            (
                "transparent huge pages".into(),
                transparent.clone() + if transparent_off_here { ", off for this process" } else { "" },
            ),
            ("  of sizes".into(), middle_sizes().join(", ")),
        ];
        for (size, all, free) in &pools {
            settings.push((format!("set aside, {} each", bytes(*size)), format!("{all}, of which {free} free")));
        }
        let meaning = match overcommit.as_str() {
            "0" => "0 (by guess)",
            "1" => "1 (everything is granted)",
            "2" => "2 (strict)",
            other => other,
        };
        settings.push(("overcommit".into(), meaning.into()));
        settings.push(("addresses, at most (RLIMIT_AS)".into(), address_space.clone()));
        settings.push(("locked, at most (RLIMIT_MEMLOCK)".into(), limit(libc::RLIMIT_MEMLOCK)));
        settings.push(("mappings, at most".into(), read("/proc/sys/vm/max_map_count").unwrap_or_else(unknown)));
        Machine {
            free_huge: pools.iter().find(|pool| pool.0 == HUGE as u64).map_or(0, |pool| pool.2),
            strict: overcommit == "2",
            limited: address_space != "none",
            settings,
            transparent,
            transparent_off_here,
        }
    }

    /// Whether the kernel gives transparent huge pages to who asks.
    fn has_transparent(&self) -> bool {
        matches!(self.transparent.as_str(), "always" | "madvise") && !self.transparent_off_here
    }

    fn consequences(&self, costs: &[Measured]) -> Vec<String> {
        let mut lines = vec![format!(
            "Arenas take 64 KiB first, from a cache of blocks; then {} of addresses, and RAM as they grow.",
            if self.limited { "up to 4 GiB, as the limit allows," } else { "4 GiB" }
        )];
        if self.strict {
            lines.push("Overcommit is strict: regions are reserved without access and committed in steps.".into());
        }
        lines.push(if self.has_transparent() {
            let of = |name: &str| costs.iter().find(|cost| cost.name == name);
            let begin = "From 512 KiB on they go in pages of 2 MiB";
            match (of("4 KiB faults"), of("transparent huge")) {
                (Some(small), Some(huge)) => match small.over(huge) {
                    (least, most) if least > 1.0 => {
                        format!("{begin}, which brings RAM in {least:.1} to {most:.1} times as fast.")
                    }
                    (least, most) if most < 1.0 => {
                        format!("{begin}, which brings RAM in {:.1} to {:.1} times as slowly.", 1.0 / most, 1.0 / least)
                    }
                    (least, most) => format!(
                        "{begin}, which brings RAM in {least:.1} to {most:.1} times as fast: no difference that was measured."
                    ),
                },
                _ => format!("{begin}."),
            }
        } else {
            "No transparent huge pages: arenas stay on base pages, brought in 64 to 256 KiB at a time.".into()
        });
        lines.push(match self.free_huge {
            0 => "`Pages::Huge2M` is refused: none are set aside. `Pages::HUGE_FIRST` falls back.".into(),
            free => format!("`Pages::Huge2M` can have {}.", bytes(free * HUGE as u64)),
        });
        lines
    }
}

/// What it costs to have some memory.
struct Measured {
    name: &'static str,
    /// Bytes that one operation brings in; 0 where that is not the point.
    unit: usize,
    /// Of each round, in their order.
    rounds: Vec<Duration>,
}

impl Measured {
    /// Microseconds.
    fn per_mebibyte(&self) -> f64 {
        self.each().as_secs_f64() * 1e6 * (1 << 20) as f64 / self.unit as f64
    }

    /// The median round.
    fn each(&self) -> Duration {
        let mut times = self.rounds.clone();
        times.sort();
        times[times.len() / 2]
    }

    /// By how much this took longer for the same memory, round by round: all but the outermost rounds.
    fn over(&self, other: &Measured) -> (f64, f64) {
        let scale = other.unit as f64 / self.unit as f64;
        let rounds = self.rounds.iter().zip(&other.rounds);
        let mut ratios: Vec<f64> = rounds.map(|(one, two)| one.as_secs_f64() / two.as_secs_f64() * scale).collect();
        ratios.sort_by(f64::total_cmp);
        (ratios[1], ratios[ratios.len() - 2])
    }
}

/// Something to measure: what it is called, and one round of it, which gives the time of an operation.
struct Candidate {
    name: &'static str,
    unit: usize,
    round: Box<dyn FnMut() -> Duration>,
}

/// Brings a region in, `unit` bytes at a time, by a touch or by a call, and gives it back.
fn bring_in(name: &'static str, pages: Pages, unit: usize, call: bool) -> Option<Candidate> {
    let mut region = Region::options().len(LEN).pages(pages).map().ok()?;
    if pages == Pages::Base {
        let _ = region.advise(.., Advice::NoHugePage);
    }
    let round = move || {
        let start = Instant::now();
        for at in (0..LEN).step_by(unit) {
            if call {
                let _ = region.advise(at..at + unit, Advice::PopulateWrite);
            } else {
                region.as_mut_slice()[at] = 1;
            }
        }
        let time = start.elapsed();
        let _ = region.decommit(..);
        time / (LEN / unit) as u32
    };
    Some(Candidate { name, unit, round: Box::new(round) })
}

fn map_and_unmap(name: &'static str, make: impl Fn() -> Option<Region> + 'static) -> Option<Candidate> {
    const COUNT: usize = 1000;
    make()?;
    let round = move || {
        let start = Instant::now();
        (0..COUNT).for_each(|_| drop(make()));
        start.elapsed() / COUNT as u32
    };
    Some(Candidate { name, unit: 0, round: Box::new(round) })
}

fn measure(machine: &Machine) -> Vec<Measured> {
    let page = page_size();
    let transparent = machine.has_transparent();
    let candidates = [
        bring_in("4 KiB faults", Pages::Base, page, false),
        bring_in("64 KiB populated", Pages::Base, 64 << 10, true),
        transparent.then(|| bring_in("transparent huge", Pages::Transparent, HUGE, false)).flatten(),
        transparent.then(|| bring_in("transparent, populated", Pages::Transparent, HUGE, true)).flatten(),
        bring_in("set aside (hugetlb)", Pages::Huge2M, HUGE, false),
        map_and_unmap("map + unmap 64 KiB", || Region::new(64 << 10).ok()),
        map_and_unmap(FAR.0, || Region::options().len(FAR.1).uncharged().map().ok()),
        map_and_unmap("map, touch, unmap 64 KiB", || {
            let mut region = Region::new(64 << 10).ok()?;
            region.as_mut_slice()[0] = 1;
            Some(region)
        }),
    ];
    let mut candidates: Vec<Candidate> = candidates.into_iter().flatten().collect();
    let begun = |candidate: &Candidate| Measured { name: candidate.name, unit: candidate.unit, rounds: Vec::new() };
    let mut measured: Vec<Measured> = candidates.iter().map(begun).collect();
    // In turn, so that what disturbs the machine falls on all alike. The first round brings the RAM and does not count.
    for round in 0..=ROUNDS {
        for (candidate, measured) in candidates.iter_mut().zip(&mut measured) {
            let time = (candidate.round)();
            if round > 0 {
                measured.rounds.push(time);
            }
        }
    }
    measured
}

fn draw(machine: &Machine, costs: &[Measured]) -> String {
    const LEFT: f64 = 210.0;
    const WIDEST: f64 = 420.0;
    let lines = machine.consequences(costs);
    let filling: Vec<&Measured> = costs.iter().filter(|cost| cost.unit > 0).collect();
    let most = filling.iter().map(|cost| cost.per_mebibyte()).fold(1.0, f64::max);
    let height = 110 + filling.len() * 34 + machine.settings.len() * 22 + lines.len() * 22 + 40;
    let what = "Bars: microseconds to bring 1 MiB of RAM in, by way; below, the settings and costs of this machine.";
    let mut svg = Svg::new(800, height, "Memory on this machine", what.into());
    svg.text((24.0, 40.0), 20, "Memory on this machine");
    svg.text((24.0, 66.0), 13, "microseconds to bring 1 MiB of RAM in");
    let mut y = 84.0;
    for cost in filling {
        let width = (cost.per_mebibyte() / most * WIDEST).max(1.0);
        svg.text((24.0, y + 17.0), 14, cost.name);
        svg.rect((LEFT, y), (width, 24.0), if cost.unit >= HUGE { BLUE } else { ORANGE });
        svg.text((LEFT + width + 8.0, y + 17.0), 14, &format!("{:.0}", cost.per_mebibyte()));
        y += 34.0;
    }
    y += 30.0;
    for (name, value) in &machine.settings {
        svg.text((24.0, y), 13, name.trim_start());
        svg.text((LEFT + 80.0, y), 13, value);
        y += 22.0;
    }
    y += 18.0;
    for line in lines {
        svg.text((24.0, y), 13, &line);
        y += 22.0;
    }
    svg.finish()
}

const HELP: &str = "\
Shows what memory costs on this machine, and what the library therefore does.

Usage: probe [--svg FILE]

Options:
  --svg FILE   draw it into FILE, too
  --help       show this

Exit code: 0, 1 when it cannot print or draw, 2 for a wrong command line.
";

fn main() -> ExitCode {
    let see = || {
        let machine = Machine::ask();
        let costs = measure(&machine);
        Ok((machine, costs))
    };
    program::picture(
        "probe",
        HELP,
        see,
        |(machine, costs)| draw(machine, costs),
        |(machine, costs)| print(machine, costs),
    )
}

fn print(machine: &Machine, costs: &[Measured]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let width = program::width();
    // Names on lines of their own where there is no room beside them.
    let wide = width >= 60;
    writeln!(out, "This machine says")?;
    for (name, value) in &machine.settings {
        match wide {
            true => write!(out, "  {name:<34}")?,
            false => write!(out, "  {name}\n    ")?,
        }
        let column = if wide { 36 } else { 4 };
        program::fill(&mut out, value, column, column, width)?;
    }
    let (gap, place) = if wide { (34, 12) } else { (18, 10) };
    writeln!(out, "\nMeasured{:>1$}", "each     a MiB", gap + place + 4)?;
    for cost in costs {
        let each = format!("{:.2} µs", cost.each().as_secs_f64() * 1e6);
        let name = if wide { format!("  {:<gap$}", cost.name) } else { format!("  {}\n  {:gap$}", cost.name, "") };
        match cost.unit {
            0 => writeln!(out, "{name}{each:>place$}")?,
            _ => writeln!(out, "{name}{each:>place$}{:>7.1} µs", cost.per_mebibyte())?,
        }
    }
    writeln!(out, "\nSo")?;
    for line in machine.consequences(costs) {
        write!(out, "  ")?;
        program::fill(&mut out, &line, 2, 4, width)?;
    }
    out.flush()
}
