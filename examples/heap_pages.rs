//! What a heap's memory is while its blocks come and go: a picture of its pages, by size class and by how full they are.
//!
//! ```sh
//! cargo run --release --example heap_pages                  # in the terminal
//! cargo run --release --example heap_pages -- --svg heap.svg
//! ```
//!
//! Each size gets as many bytes of blocks, in turn. Then blocks are freed, in no order and in their order. After each
//! step the heap says what each of its pages is, and the system which of them are in RAM.

#[path = "support/program.rs"]
mod program;
#[path = "support/svg.rs"]
mod svg;

use region::backing::RegionBacking;
use region::heap::{HeapPageKind, HeapReport};
use region::mapping::{Advice, PageState};
use region::{Bytes, Heap, Region, page_size};
use std::alloc::Layout;
use std::io::{self, Write};
use std::process::ExitCode;
use std::ptr::NonNull;
use svg::Svg;

/// Bytes of the heap's memory.
const LEN: usize = 16 << 20;
/// Sizes of blocks, of which the last are blocks of their own, and bytes of each.
const SIZES: [usize; 6] = [24, 96, 416, 1792, 8192, 48 << 10];
const LARGE: usize = SIZES.len() - 1;
const EACH: usize = 256 << 10;

/// Bytes of memory, and how many of them are in use.
type Filled = (usize, usize);

/// What is seen of a heap at one moment.
struct Picture {
    step: &'static str,
    report: HeapReport,
    /// The pages of each size, in the order of their addresses.
    pages: [Vec<Filled>; SIZES.len()],
    /// Memory without a block, and how much of it is in RAM.
    free: Filled,
}

impl Picture {
    fn of(step: &'static str, heap: &Heap<RegionBacking>, base: usize) -> Result<Self, region::Error> {
        let mut resident = vec![false; LEN / page_size()];
        heap.backing().page_runs(|run| {
            let pages = run.start / page_size()..(run.start + run.len) / page_size();
            resident[pages].fill(run.state != PageState::Absent);
        })?;
        let mut pages = [const { Vec::new() }; SIZES.len()];
        let mut free = (0, 0);
        for page in heap.pages() {
            match page.kind {
                HeapPageKind::Blocks { size, blocks, free } => {
                    let row = SIZES.iter().position(|&one| one == size).expect("the sizes are those of classes");
                    pages[row].push((page.len, (blocks - free) * size));
                }
                HeapPageKind::Large => pages[LARGE].push((page.len, page.len)),
                _ => {
                    let at = page.address - base;
                    let whole = at / page_size()..(at + page.len) / page_size();
                    let in_ram = resident[whole].iter().filter(|&&resident| resident).count() * page_size();
                    free = (free.0 + page.len, free.1 + in_ram.min(page.len));
                }
            }
        }
        Ok(Picture { step, report: heap.report(), pages, free })
    }

    fn summary(&self) -> String {
        let stats = &self.report.stats;
        format!("{} used, {} of pages, {} in RAM", Bytes(stats.used), Bytes(stats.taken), Bytes(stats.resident))
    }

    /// What is in no page.
    fn rest(&self) -> String {
        format!("no block in {}, {} of it in RAM", Bytes(self.free.0), Bytes(self.free.1))
    }

    /// Bytes of the size that has most.
    fn longest(&self) -> usize {
        self.pages.iter().map(|row| row.iter().map(|page| page.0).sum()).max().unwrap_or(0)
    }
}

/// The name of a row of pages.
fn name(row: usize) -> String {
    if row == LARGE { "large".into() } else { format!("{} B", SIZES[row]) }
}

/// A heap in small pages, seen after each step.
fn states() -> Result<Vec<Picture>, region::Error> {
    let region = Region::options().len(LEN).map()?;
    region.advise(.., Advice::NoHugePage)?;
    let base = region.as_ptr().addr();
    let mut heap = Heap::over(region);
    let mut blocks: Vec<NonNull<u8>> = Vec::new();
    // A block of each size in its turn, so that all of them are in use for the same time.
    for at in 0..EACH / SIZES[0] {
        for size in SIZES {
            if at % (size / SIZES[0]) == 0 && at / (size / SIZES[0]) < EACH / size {
                let block = heap.alloc_layout(Layout::from_size_align(size, 8).unwrap());
                // SAFETY: the block has so many bytes, and is in use.
                unsafe { block.write_bytes(1, size) };
                blocks.push(block);
            }
        }
    }
    let mut seen = vec![Picture::of("256 KiB of each size", &heap, base)?];
    let mut seed = 1u64;
    let mut chosen = |share: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % 100 < share
    };
    let free = |blocks: &mut Vec<NonNull<u8>>, chosen: &mut dyn FnMut(usize) -> bool| {
        let mut at = 0;
        blocks.retain(|&block| {
            at += 1;
            let freed = chosen(at - 1);
            if freed {
                // SAFETY: the block is of this heap and is not kept.
                unsafe { heap.free(block) };
            }
            !freed
        });
    };
    free(&mut blocks, &mut |_| chosen(60));
    seen.push(Picture::of("60 % freed, in no order", &heap, base)?);
    let older = blocks.len() * 3 / 4;
    free(&mut blocks, &mut |at| at < older);
    seen.push(Picture::of("the older 3/4 of the rest freed", &heap, base)?);
    heap.trim();
    seen.push(Picture::of("trim()", &heap, base)?);
    heap.clear_keeping(0);
    seen.push(Picture::of("clear_keeping(0)", &heap, base)?);
    Ok(seen)
}

/// From a light blue for few of the bytes in use to a dark one for all of them.
fn shade(page: Filled) -> String {
    let mix = |light: usize, dark: usize| light - (light - dark) * page.1 / page.0;
    format!("#{:02x}{:02x}{:02x}", mix(0xdc, 0x1f), mix(0xe8, 0x4e), mix(0xf6, 0x96))
}

fn draw(seen: &[Picture]) -> String {
    const WIDTH: usize = 830;
    const LEFT: f64 = 90.0;
    const HEAD: f64 = 124.0;
    // Above a step's rows: its name and its sum.
    const WORDS: f64 = 48.0;
    const ROW: f64 = 18.0;
    let longest = seen.iter().map(Picture::longest).max().unwrap_or(0).max(1);
    let scale = (WIDTH as f64 - LEFT - 16.0) / longest as f64;
    let tall = WORDS + SIZES.len() as f64 * ROW + 18.0;
    let height = (HEAD + seen.len() as f64 * tall) as usize;
    let steps: Vec<String> = seen.iter().map(|picture| format!("{}: {}", picture.step, picture.summary())).collect();
    let mut svg = Svg::new(WIDTH, height, "Which pages a heap has, and how full they are", steps.join(". "));
    svg.text((16.0, 34.0), 24, "A heap, page by page");
    let names = [((1, 1), "all of a page in use"), ((2, 1), "half"), ((8, 1), "an eighth"), ((1, 0), "nothing")];
    let names = names.map(|(page, name)| (shade(page), name));
    for (at, (colour, name)) in names.iter().enumerate() {
        let x = 16.0 + at as f64 * 205.0;
        svg.rect((x, 52.0), (16.0, 16.0), colour);
        svg.text((x + 24.0, 66.0), 17, name);
    }
    svg.text((16.0, 98.0), 17, "A row is a size of blocks, and a piece of it a page, as wide as the page is long.");
    for (at, picture) in seen.iter().enumerate() {
        let top = HEAD + at as f64 * tall;
        svg.text((16.0, top + 16.0), 19, picture.step);
        svg.text((16.0, top + 37.0), 15, &format!("{}; {}", picture.summary(), picture.rest()));
        for (row, pages) in picture.pages.iter().enumerate() {
            let y = top + WORDS + row as f64 * ROW;
            svg.text((16.0, y + 13.0), 15, &name(row));
            let mut from = 0;
            for &page in pages {
                let wide = (page.0 as f64 * scale - 0.6).max(0.6);
                svg.rect((LEFT + from as f64 * scale, y), (wide, ROW - 3.0), &shade(page));
                from += page.0;
            }
        }
    }
    svg.finish()
}

/// A character for each cell of so many bytes, by how much of it is in use.
fn line(pages: &[Filled], cell: usize) -> String {
    let len: usize = pages.iter().map(|page| page.0).sum();
    let mut used = vec![0.0; len.div_ceil(cell)];
    let mut at = 0;
    for &(bytes, in_use) in pages {
        let share = in_use as f64 / bytes as f64;
        for (this, used) in used.iter_mut().enumerate().skip(at / cell).take(bytes.div_ceil(cell) + 1) {
            let here = (at + bytes).min((this + 1) * cell).saturating_sub(at.max(this * cell));
            *used += here as f64 * share / cell as f64;
        }
        at += bytes;
    }
    let char = |used: &f64| match (used * 8.0).ceil() as u32 {
        0 => '·',
        1 | 2 => '░',
        3 | 4 => '▒',
        5 | 6 => '▓',
        _ => '█',
    };
    used.iter().map(char).collect()
}

/// Each step's name and sum, and its pages by size below them; at last the heap's own report of the fullest.
fn print(seen: &[Picture]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let width = program::width();
    let longest = seen.iter().map(Picture::longest).max().unwrap_or(1);
    let cell = longest.div_ceil(width.saturating_sub(12).max(8)).next_multiple_of(1 << 10);
    let legend = format!("Pages by size of block, a character for {} (█ in use, ▓▒░ in part, · none)", Bytes(cell));
    program::fill(&mut out, &legend, 0, 2, width)?;
    for picture in seen {
        writeln!(out)?;
        program::fill(&mut out, &format!("{}: {}", picture.step, picture.summary()), 0, 2, width)?;
        for (row, pages) in picture.pages.iter().enumerate() {
            writeln!(out, "  {:>8} {}", name(row), line(pages, cell))?;
        }
        program::fill(&mut out, &format!("  {}", picture.rest()), 0, 2, width)?;
    }
    if width >= 80 {
        writeln!(out, "\n{}:\n{}", seen[1].step, seen[1].report)?;
    }
    out.flush()
}

const HELP: &str = "\
Shows which pages a heap has, of which sizes of blocks, and how full they are,
while blocks come and go.

Usage: heap_pages [--svg FILE]

Options:
  --svg FILE   draw it into FILE, too
  --help       show this

Exit code: 0, 1 when the system refuses or it cannot print or draw, 2 for a wrong
command line.
";

fn main() -> ExitCode {
    program::picture(
        "heap_pages",
        HELP,
        || states().map_err(|error| error.to_string()),
        |seen| draw(seen),
        |seen| print(seen),
    )
}
