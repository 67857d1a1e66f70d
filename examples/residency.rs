//! What an arena's memory is made of while it fills, is reset, and gives back: as pictures of its pages.
//!
//! ```sh
//! cargo run --release --example residency                   # in the terminal
//! cargo run --release --example residency -- --svg pages.svg
//! ```
//!
//! Two arenas, one on base pages and one that asks for huge ones, go through the same life; after each step the
//! system is asked which of their pages are in RAM, and of what size they are.

#[path = "support/svg.rs"]
mod svg;

use region::{Advice, Arena, PageState, Pages, Region, RegionBacking, page_size};
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
    fn line(&self) -> String {
        const CELLS: usize = 64;
        let cell = |pages: &[PageState]| {
            let any = |state| pages.contains(&state);
            match (any(PageState::Huge), any(PageState::Base) || any(PageState::Unknown)) {
                (true, _) => '█',
                (false, true) => '▒',
                (false, false) => '·',
            }
        };
        self.pages.chunks(self.pages.len() / CELLS).map(cell).collect()
    }
}

/// The life of an arena in pages of a kind, seen after each step.
fn life(pages: Pages) -> Result<Vec<Picture>, region::Error> {
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

/// Pages in rows of a quarter of a mebibyte.
fn draw(lives: &[(&str, Vec<Picture>)]) -> String {
    const SQUARE: f64 = 4.0;
    let across = (256 << 10) / page_size().min(256 << 10);
    let down = (LEN / page_size()).div_ceil(across);
    let (width, height) = (across as f64 * SQUARE, down as f64 * SQUARE);
    let steps = lives.iter().map(|(_, seen)| seen.len()).max().unwrap_or(0);
    let mut svg = Svg::new(48 + steps * (width as usize + 20), 90 + lives.len() * (height as usize + 86));
    svg.text((24.0, 36.0), 20, "An arena of 8 MiB, page by page");
    for (at, (colour, name)) in
        [(BLUE, "in RAM, 2 MiB pages"), (ORANGE, "in RAM, base pages"), (GREY, "not in RAM")].into_iter().enumerate()
    {
        let x = 24.0 + at as f64 * 190.0;
        svg.rect((x, 52.0), (12.0, 12.0), colour);
        svg.text((x + 18.0, 63.0), 13, name);
    }
    for (row, (title, seen)) in lives.iter().enumerate() {
        let top = 100.0 + row as f64 * (height + 86.0);
        svg.text((24.0, top), 15, title);
        for (column, picture) in seen.iter().enumerate() {
            let left = 24.0 + column as f64 * (width + 20.0);
            svg.text((left, top + 22.0), 12, picture.step);
            svg.text((left, top + 38.0), 10, &picture.summary());
            for (line, pages) in picture.pages.chunks(across).enumerate() {
                let mut at = 0;
                for run in pages.chunk_by(|one, other| one == other) {
                    let (colour, gap) = match run[0] {
                        // A huge page is one piece, so its rows overlap; a hair parts those of others.
                        PageState::Huge => (BLUE, -0.3),
                        PageState::Absent => (GREY, 0.5),
                        _ => (ORANGE, 0.5),
                    };
                    let place = (left + at as f64 * SQUARE, top + 46.0 + line as f64 * SQUARE);
                    svg.rect(place, (run.len() as f64 * SQUARE, SQUARE - gap), colour);
                    at += run.len();
                }
            }
        }
    }
    svg.finish()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let picture = match &arguments[..] {
        [] => None,
        [flag, path] if flag == "--svg" => Some(path),
        _ => {
            eprintln!("usage: residency [--svg FILE]");
            return ExitCode::from(2);
        }
    };
    let mut lives = Vec::new();
    for (title, pages) in [("on base pages", Pages::Base), ("asking for 2 MiB pages", Pages::Transparent)] {
        match life(pages) {
            Ok(seen) => lives.push((title, seen)),
            Err(error) => {
                eprintln!("residency: {title}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    for (title, seen) in &lives {
        println!("{title}  (█ in 2 MiB pages, ▒ in base pages, · not in RAM)");
        for picture in seen {
            println!("  {:<22}{}  {}", picture.step, picture.line(), picture.summary());
        }
        println!();
    }
    if let Some(path) = picture {
        if let Err(error) = std::fs::write(path, draw(&lives)) {
            eprintln!("residency: cannot write {path}: {error}");
            return ExitCode::FAILURE;
        }
        println!("Drawn in {path}");
    }
    ExitCode::SUCCESS
}
