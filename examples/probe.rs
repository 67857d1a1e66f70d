//! What memory costs on this machine, and what the library therefore does.
//!
//! ```sh
//! cargo run --release --example probe
//! cargo run --release --example probe -- --svg memory.svg
//! ```
//!
//! Asks the system for its settings, then measures what it takes to bring memory in by each kind of page, and to map
//! and unmap. Every measurement touches its RAM once before it counts, as a virtual machine's never-used RAM is
//! several times dearer, and is the median of several.

#[path = "support/svg.rs"]
mod svg;

use region::{Advice, Pages, Region, page_size};
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

/// What is chosen of several: the word in brackets.
fn chosen(text: &str) -> &str {
    text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or(text, |(chosen, _)| chosen)
}

fn bytes(bytes: u64) -> String {
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
            let of = |name: &str| costs.iter().find(|cost| cost.name == name).map(|cost| cost.per_mebibyte());
            match (of("4 KiB faults"), of("transparent huge")) {
                (Some(small), Some(huge)) => format!(
                    "From 512 KiB on they go in pages of 2 MiB, which brings RAM in {:.1} times as fast.",
                    small / huge
                ),
                _ => "From 512 KiB on they go in pages of 2 MiB.".into(),
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
    each: Duration,
}

impl Measured {
    /// Microseconds.
    fn per_mebibyte(&self) -> f64 {
        self.each.as_secs_f64() * 1e6 * (1 << 20) as f64 / self.unit as f64
    }
}

/// The median time of an operation out of `count`, over several rounds after one that does not count.
fn median(count: usize, mut round: impl FnMut() -> Duration) -> Duration {
    round();
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| round()).collect();
    times.sort();
    times[ROUNDS / 2] / count as u32
}

/// Brings a region in, `unit` bytes at a time, by a touch or by a call, and gives it back.
fn bring_in(name: &'static str, pages: Pages, unit: usize, call: bool) -> Option<Measured> {
    let mut region = Region::options().len(LEN).pages(pages).map().ok()?;
    if pages == Pages::Base {
        let _ = region.advise(.., Advice::NoHugePage);
    }
    let each = median(LEN / unit, || {
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
        time
    });
    Some(Measured { name, unit, each })
}

fn map_and_unmap(name: &'static str, make: impl Fn() -> Option<Region>) -> Option<Measured> {
    const COUNT: usize = 1000;
    make()?;
    let each = median(COUNT, || {
        let start = Instant::now();
        (0..COUNT).for_each(|_| drop(make()));
        start.elapsed()
    });
    Some(Measured { name, unit: 0, each })
}

fn measure(machine: &Machine) -> Vec<Measured> {
    let page = page_size();
    let transparent = machine.has_transparent();
    let measured = [
        bring_in("4 KiB faults", Pages::Base, page, false),
        bring_in("64 KiB populated", Pages::Base, 64 << 10, true),
        transparent.then(|| bring_in("transparent huge", Pages::Transparent, HUGE, false)).flatten(),
        transparent.then(|| bring_in("transparent, populated", Pages::Transparent, HUGE, true)).flatten(),
        bring_in("set aside (hugetlb)", Pages::Huge2M, HUGE, false),
        map_and_unmap("map + unmap 64 KiB", || Region::new(64 << 10).ok()),
        map_and_unmap("map + unmap 64 GiB", || Region::options().len(1 << 36).uncharged().map().ok()),
        map_and_unmap("map, touch, unmap 64 KiB", || {
            let mut region = Region::new(64 << 10).ok()?;
            region.as_mut_slice()[0] = 1;
            Some(region)
        }),
    ];
    measured.into_iter().flatten().collect()
}

fn draw(machine: &Machine, costs: &[Measured]) -> String {
    const LEFT: f64 = 210.0;
    const WIDEST: f64 = 420.0;
    let lines = machine.consequences(costs);
    let filling: Vec<&Measured> = costs.iter().filter(|cost| cost.unit > 0).collect();
    let most = filling.iter().map(|cost| cost.per_mebibyte()).fold(1.0, f64::max);
    let height = 110 + filling.len() * 34 + machine.settings.len() * 22 + lines.len() * 22 + 40;
    let mut svg = Svg::new(800, height);
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

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let picture = match &arguments[..] {
        [] => None,
        [flag, path] if flag == "--svg" => Some(path),
        _ => {
            eprintln!("usage: probe [--svg FILE]");
            return ExitCode::from(2);
        }
    };
    let machine = Machine::ask();
    println!("This machine says");
    for (name, value) in &machine.settings {
        println!("  {name:<34}{value}");
    }
    println!("\nMeasured{:>48}", "each        a MiB");
    let costs = measure(&machine);
    for cost in &costs {
        let each = format!("{:.2} µs", cost.each.as_secs_f64() * 1e6);
        match cost.unit {
            0 => println!("  {:<34}{each:>12}", cost.name),
            _ => println!("  {:<34}{each:>12}{:>10.1} µs", cost.name, cost.per_mebibyte()),
        }
    }
    println!("\nSo");
    for line in machine.consequences(&costs) {
        println!("  {line}");
    }
    if let Some(path) = picture {
        if let Err(error) = std::fs::write(path, draw(&machine, &costs)) {
            eprintln!("probe: cannot write {path}: {error}");
            return ExitCode::FAILURE;
        }
        println!("\nDrawn in {path}");
    }
    ExitCode::SUCCESS
}
