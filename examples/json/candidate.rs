//! The candidates, and a process that measures one of them.
//!
//! The process finds the document on its standard input and prints one line of stats. A process of its
//! own for each run gives each a fresh heap, and its own peak and faults.

use crate::command::{Access, MEASURE};
use crate::parser::Options;
use crate::tree::arena::{self, Arena, Strings};
use crate::tree::{Census, compact, heap};
use crate::{document, meter, sample};
use region::Region;
use region::mapping::Pages;
use std::fmt::Display;
use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// A kind of tree for a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// This parser, the tree in an arena; plain strings stay in the document.
    Arena,
    /// The same, all strings copied, so that what is left to the next is the allocator alone.
    ArenaCopied,
    /// The same in a cage, with links of four bytes; all strings copied.
    Compact,
    /// This parser, the tree in `Vec`s and `String`s.
    Heap,
    /// `serde_json::from_slice` to a `Value`.
    Serde,
}

impl Candidate {
    pub const ALL: [Candidate; 5] =
        [Candidate::Arena, Candidate::ArenaCopied, Candidate::Compact, Candidate::Heap, Candidate::Serde];

    /// Its name on the command line of the process that measures it.
    const fn name(self) -> &'static str {
        match self {
            Candidate::Arena => "arena",
            Candidate::ArenaCopied => "arena-copied",
            Candidate::Compact => "compact",
            Candidate::Heap => "heap",
            Candidate::Serde => "serde",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|candidate| candidate.name() == name)
    }

    /// The pages that most of its memory comes in.
    const fn pages(self) -> Pages {
        match self {
            Candidate::Arena | Candidate::ArenaCopied | Candidate::Compact => Pages::Transparent,
            Candidate::Heap | Candidate::Serde => Pages::Base,
        }
    }

    /// The heading of its column.
    pub const fn title(self) -> &'static str {
        match self {
            Candidate::Arena => "arena",
            Candidate::ArenaCopied => "copied",
            Candidate::Compact => "compact",
            Candidate::Heap => "Box/Vec",
            Candidate::Serde => "serde_json",
        }
    }
}

/// What a process is to measure.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub candidate: Candidate,
    pub options: Options,
    pub access: Access,
    /// Bytes of RAM that it is expected to take; 0 when it is not known yet.
    pub ram: usize,
}

impl Order {
    /// The arguments for it.
    pub fn arguments(&self) -> [String; 5] {
        let access = if self.access == Access::Map { "map" } else { "read" };
        let (depth, ram) = (self.options.max_depth.to_string(), self.ram.to_string());
        [MEASURE.into(), self.candidate.name().into(), depth, access.into(), ram]
    }
}

/// What one run took. Sizes in bytes; absent where the system does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    pub parse: Duration,
    /// A walk over the whole tree, once.
    pub walk: Duration,
    pub drop: Duration,
    /// Page faults of all three.
    pub faults: Option<u64>,
    /// RAM held by the tree when it was walked, over what was held before.
    pub tree: Option<u64>,
    /// The most RAM held, over what was held before.
    pub peak: Option<u64>,
    /// RAM held after the drop, over what was held before.
    pub kept: Option<u64>,
    /// Values in the tree, so that none wins by leaving some out.
    pub values: u64,
}

impl Stats {
    /// The line that the measuring process prints.
    fn to_line(self) -> String {
        let times = [self.parse, self.walk, self.drop].map(|time| time.as_nanos().to_string());
        let sizes =
            [self.faults, self.tree, self.peak, self.kept].map(|size| size.map_or("-".into(), |size| size.to_string()));
        format!("{} {} {}", times.join(" "), sizes.join(" "), self.values)
    }

    /// Parses such a line.
    pub fn from_line(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let mut next = || fields.next()?.parse::<u64>().ok();
        let [parse, walk, drop] = [next()?, next()?, next()?].map(Duration::from_nanos);
        let [faults, tree, peak, kept] = [next(), next(), next(), next()];
        Some(Stats { parse, walk, drop, faults, tree, peak, kept, values: next()? })
    }
}

/// The measuring process: reads the document, runs one candidate over it, prints its stats.
///
/// A candidate that refuses the document says why on standard error and prints no stats.
pub fn measure(order: Order) -> io::Result<()> {
    let input = document::from_stdin(order.access).map_err(io::Error::other)?;
    // Code, the allocator's first pages and the document itself are in RAM before anything is counted.
    let warm = sample::document(WARM_UP).map_err(io::Error::other)?;
    _ = black_box(run(Order { options: Options::default(), ..order }, warm.as_bytes()));
    drop(warm);
    black_box(input.iter().step_by(PAGE).fold(0u8, |sum, &byte| sum.wrapping_add(byte)));
    warm_ram(order);

    match run(order, &input) {
        Ok(stats) => writeln!(io::stdout().lock(), "{}", stats.to_line()),
        Err(message) => writeln!(io::stdout().lock(), "refused: {message}"),
    }
}

/// Bytes of the document that warms up: enough to pass through all of the code.
const WARM_UP: usize = 64 << 10;

/// No page is smaller, so a byte in each of these touches every page.
const PAGE: usize = 4096;

/// Takes as much RAM as the candidate will, in pages of the same size, and gives it back.
///
/// Memory that was freed a moment ago is what the system hands out next. Without this a run may be handed
/// memory that the machine under a virtual one took back meanwhile, and a first touch there is several times
/// slower: measured, the same candidate took 890 ms after one that frees much, and 220 ms after itself.
fn warm_ram(order: Order) {
    // Not all of what the first time frees is what the second gets, but most of it is.
    for _ in 0..2 {
        if order.ram > 0 {
            // If there is not that much RAM, the run itself will say so.
            drop(Region::options().len(order.ram).pages(order.candidate.pages()).populate().map());
        }
    }
}

fn run(order: Order, input: &[u8]) -> Result<Stats, String> {
    let silent = |_| ();
    match order.candidate {
        Candidate::Arena | Candidate::ArenaCopied => {
            let strings = if order.candidate == Candidate::Arena { Strings::Borrowed } else { Strings::Copied };
            let mut watch = Watch::start();
            let arena = Arena::new();
            let root = arena::parse(input, &arena, strings, order.options, silent).map_err(text)?;
            watch.parsed();
            watch.walked(Census::of(&root).map_err(text)?);
            drop(arena);
            Ok(watch.dropped())
        }
        Candidate::Compact => {
            let mut watch = Watch::start();
            let arena = compact::arena(input.len());
            let root = compact::parse(input, &arena, order.options, silent).map_err(text)?;
            watch.parsed();
            watch.walked(Census::of(&root).map_err(text)?);
            drop(arena);
            Ok(watch.dropped())
        }
        Candidate::Heap => {
            let mut watch = Watch::start();
            let root = heap::parse(input, order.options, silent).map_err(text)?;
            watch.parsed();
            watch.walked(Census::of(&root).map_err(text)?);
            drop(root);
            Ok(watch.dropped())
        }
        Candidate::Serde => {
            let mut watch = Watch::start();
            let root: serde_json::Value = serde_json::from_slice(input).map_err(text)?;
            watch.parsed();
            watch.walked(Census::of(&root).map_err(text)?);
            drop(root);
            Ok(watch.dropped())
        }
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}

/// Takes the stats of one run. What it does itself happens while the watch stands.
struct Watch {
    stats: Stats,
    resident: Option<u64>,
    faults: Option<u64>,
    since: Instant,
}

impl Watch {
    fn start() -> Self {
        meter::reset_peak();
        let resident = meter::resident();
        let faults = meter::faults();
        Watch { stats: Stats::default(), resident, faults, since: Instant::now() }
    }

    fn parsed(&mut self) {
        self.stats.parse = self.since.elapsed();
        self.since = Instant::now();
    }

    fn walked(&mut self, census: Census<'_>) {
        self.stats.walk = self.since.elapsed();
        self.stats.values = census.values() as u64;
        // The walk counts for what it read, so it must have read it.
        black_box(census);
        self.stats.tree = self.over(meter::resident());
        self.since = Instant::now();
    }

    fn dropped(mut self) -> Stats {
        self.stats.drop = self.since.elapsed();
        self.stats.faults = meter::faults().zip(self.faults).map(|(now, before)| now.saturating_sub(before));
        self.stats.kept = self.over(meter::resident());
        self.stats.peak = self.over(meter::peak());
        self.stats
    }

    /// Bytes of RAM over those at the start.
    fn over(&self, now: Option<u64>) -> Option<u64> {
        Some(now?.saturating_sub(self.resident?))
    }
}
