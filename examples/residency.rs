//! What an arena's memory is made of while it fills, is reset, and gives back: as pictures of its pages.
//!
//! ```sh
//! cargo run --release --example residency                   # in the terminal
//! cargo run --release --example residency -- --svg pages.svg
//! ```
//!
//! Two arenas, one on base pages and one that asks for huge ones, go through the same steps; after each step the
//! system is asked which of their pages are in RAM, and of what size they are.

#[path = "support/program.rs"]
mod program;
#[path = "support/svg.rs"]
mod svg;

use region::backing::RegionBacking;
use region::mapping::{Advice, PageState, Pages};
use region::{Arena, Region, page_size};
use std::io::{self, Write};
use std::process::ExitCode;
use svg::{BLUE, GREY, ORANGE, Svg};

/// Bytes of each arena, and how many of them it fills.
const LEN: usize = 8 << 20;
const FILLED: usize = 5 << 20;

/// What is seen of a region at one moment.
struct Picture {
    step: &'static str,
    /// The state of each base page.
    pages: Vec<PageState>,
}

impl Picture {
    fn of(step: &'static str, arena: &Arena<8, RegionBacking>) -> Result<Self, region::Error> {
        let page = page_size();
        let mut pages = vec![PageState::Absent; LEN / page];
        arena.backing().page_runs(|run| pages[run.start / page..(run.start + run.len) / page].fill(run.state))?;
        Ok(Picture { step, pages })
    }

    fn mebibytes(&self, state: PageState) -> f64 {
        let count = self.pages.iter().filter(|&&page| page == state).count();
        (count * page_size()) as f64 / (1 << 20) as f64
    }

    fn summary(&self) -> String {
        let [base, huge] = [PageState::Base, PageState::Huge].map(|state| self.mebibytes(state));
        let unknown = self.mebibytes(PageState::Unknown);
        let unknown = if unknown > 0.0 { format!(", {unknown:.1} MiB of unknown size") } else { String::new() };
        format!("{huge:.1} MiB huge, {base:.1} MiB base{unknown}")
    }

    /// A character for so many pages; the most resident of them decides.
    fn line(&self, cells: usize) -> String {
        let cell = |pages: &[PageState]| {
            let any = |state| pages.contains(&state);
            match (any(PageState::Huge), any(PageState::Base) || any(PageState::Unknown)) {
                (true, _) => '█',
                (false, true) => '▒',
                (false, false) => '·',
            }
        };
        self.pages.chunks(self.pages.len() / cells).map(cell).collect()
    }
}

/// An arena in pages of a kind, seen after each step.
fn states(pages: Pages) -> Result<Vec<Picture>, region::Error> {
    let options = Region::options().len(LEN).align(2 << 20).pages(pages);
    let mut arena: Arena<8, _> = Arena::new_in(RegionBacking::map(options)?);
    if pages == Pages::Base {
        arena.backing().advise(.., Advice::NoHugePage)?;
    }
    let mut seen = vec![Picture::of("new", &arena)?];
    let node = [1u64; 8];
    while arena.used() < 100 << 10 {
        arena.alloc(node);
    }
    seen.push(Picture::of("100 KiB of nodes", &arena)?);
    while arena.used() < FILLED {
        arena.alloc(node);
    }
    seen.push(Picture::of("5 MiB of nodes", &arena)?);
    arena.reset();
    seen.push(Picture::of("reset()", &arena)?);
    arena.reset_keeping(1 << 20);
    seen.push(Picture::of("reset_keeping(1 MiB)", &arena)?);
    arena.reset_keeping(0);
    seen.push(Picture::of("reset_keeping(0)", &arena)?);
    Ok(seen)
}

/// Pages in lines of a quarter of a mebibyte, and the steps three to a row, so that all of it can be read at a width of
/// 830 pixels.
fn draw(arenas: &[(&str, Vec<Picture>)]) -> String {
    const SQUARE: f64 = 4.0;
    const WIDTH: usize = 830;
    const ACROSS: usize = 3;
    const HEAD: f64 = 124.0;
    // Above a picture: its step, and its sum. Above an arena's pictures: its title.
    const WORDS: f64 = 46.0;
    const TITLE: f64 = 34.0;
    let across = (256 << 10) / page_size().min(256 << 10);
    let down = (LEN / page_size()).div_ceil(across);
    let (width, height) = (across as f64 * SQUARE, down as f64 * SQUARE);
    let between = (WIDTH as f64 - 2.0 * 16.0 - ACROSS as f64 * width) / (ACROSS - 1) as f64;
    let lines = |seen: &[Picture]| seen.len().div_ceil(ACROSS) as f64;
    let tall: f64 = arenas.iter().map(|(_, seen)| TITLE + lines(seen) * (WORDS + height + 14.0)).sum();
    let mut svg =
        Svg::new(WIDTH, (HEAD + tall) as usize + 4, "Which pages of an arena are in RAM", description(arenas));
    svg.text((16.0, 34.0), 24, "An arena of 8 MiB, page by page");
    let names = [(BLUE, "in RAM, 2 MiB page"), (ORANGE, "in RAM, small page"), (GREY, "not in RAM")];
    for (at, (colour, name)) in names.into_iter().enumerate() {
        let x = 16.0 + at as f64 * 220.0;
        svg.rect((x, 52.0), (16.0, 16.0), colour);
        svg.text((x + 24.0, 66.0), 17, name);
    }
    let page = page_size() >> 10;
    let legend = format!("One line is 256 KiB ({across} pages of {page} KiB), eight lines are 2 MiB.");
    svg.text((16.0, 98.0), 17, &legend);
    let mut top = HEAD;
    for (title, seen) in arenas {
        svg.text((16.0, top + 20.0), 20, &format!("An arena {title}"));
        top += TITLE;
        for row in seen.chunks(ACROSS) {
            for (column, picture) in row.iter().enumerate() {
                let left = 16.0 + column as f64 * (width + between);
                svg.text((left, top + 16.0), 17, picture.step);
                svg.text((left, top + 37.0), 15, &picture.summary());
                for (line, pages) in picture.pages.chunks(across).enumerate() {
                    let mut at = 0;
                    for run in pages.chunk_by(|one, other| one == other) {
                        let (colour, gap) = match run[0] {
                            // A huge page is one piece, so its lines overlap; a hair parts those of others.
                            PageState::Huge => (BLUE, -0.3),
                            PageState::Absent => (GREY, 0.5),
                            _ => (ORANGE, 0.5),
                        };
                        let corner = (left + at as f64 * SQUARE, top + WORDS + line as f64 * SQUARE);
                        svg.rect(corner, (run.len() as f64 * SQUARE, SQUARE - gap), colour);
                        at += run.len();
                    }
                }
            }
            top += WORDS + height + 14.0;
        }
    }
    svg.finish()
}

/// The picture in words.
fn description(arenas: &[(&str, Vec<Picture>)]) -> String {
    let steps = |seen: &[Picture]| {
        let steps: Vec<String> =
            seen.iter().map(|picture| format!("{}: {}", picture.step, picture.summary())).collect();
        steps.join("; ")
    };
    let arenas: Vec<String> =
        arenas.iter().map(|(title, seen)| format!("An arena {title}. {}.", steps(seen))).collect();
    arenas.join(" ")
}

const HELP: &str = "\
Shows which pages of an arena are in RAM while it fills, resets and gives back.

Usage: residency [--svg FILE]

Options:
  --svg FILE   draw it into FILE, too
  --help       show this

Exit code: 0, 1 when the system refuses or it cannot print or draw, 2 for a wrong
command line.
";

/// The two arenas, and what was seen of each.
fn arenas() -> Result<Vec<(&'static str, Vec<Picture>)>, String> {
    [("on base pages", Pages::Base), ("asking for 2 MiB pages", Pages::Transparent)]
        .into_iter()
        .map(|(title, pages)| match states(pages) {
            Ok(seen) => Ok((title, seen)),
            Err(error) => Err(format!("{title}: {error}")),
        })
        .collect()
}

fn main() -> ExitCode {
    program::picture("residency", HELP, arenas, |arenas| draw(arenas), |arenas| print(arenas))
}

/// Each step's name and sum, and its pages below them.
fn print(arenas: &[(&str, Vec<Picture>)]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let width = program::width();
    let cells = if width >= 68 { 64 } else { 32 };
    for (title, seen) in arenas {
        program::fill(&mut out, &format!("{title} (█ in 2 MiB pages, ▒ in base pages, · not in RAM)"), 0, 2, width)?;
        for picture in seen {
            match width >= 60 {
                true => writeln!(out, "  {:<21} {}", picture.step, picture.summary())?,
                false => writeln!(out, "  {}\n  {}", picture.step, picture.summary())?,
            }
            writeln!(out, "    {}", picture.line(cells))?;
        }
        writeln!(out)?;
    }
    out.flush()
}
