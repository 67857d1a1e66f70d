//! What a C heap holds, as numbers and as text.

use super::super::error::EINVAL;
use super::super::line::Line;
use super::{inside, region_heap};
use crate::heap::{HeapReport, HeapStats};
use crate::sys::{self, Fd};
use core::ffi::{c_char, c_int};

/// What a heap holds, in bytes and blocks. Filled by region_heap_stats.
#[repr(C)]
pub struct region_heap_counts {
    /// Blocks in use.
    pub blocks: usize,
    /// Bytes of the blocks in use, as many as each may use.
    pub used: usize,
    /// Bytes of the pages and large blocks in use: `used`, and what is free in the pages.
    pub taken: usize,
    /// The most that `taken` has been.
    pub high_water: usize,
    /// Bytes of free pages whose RAM has not been given back.
    pub idle: usize,
    /// Bytes in RAM, as the system says, with the heap's own records.
    pub resident: usize,
    /// Bytes of all its memory, most of them addresses without RAM.
    pub reserved: usize,
    /// Most that `taken` may reach; SIZE_MAX for no limit.
    pub limit: usize,
    /// How often something was to be freed or resized that is no block in use.
    pub mistakes: usize,
    /// For stats to come; zero.
    pub spare_: [usize; 7],
}

/// The stats of a heap as C has them.
pub(super) fn counts_of(now: &HeapStats, limit: usize, mistakes: usize) -> region_heap_counts {
    region_heap_counts {
        blocks: now.blocks,
        used: now.used,
        taken: now.taken,
        high_water: now.high_water,
        idle: now.idle,
        resident: now.resident,
        reserved: now.reserved,
        limit,
        mistakes,
        spare_: [0; 7],
    }
}

/// What the heap holds, in `stats`. Walks its pages, and asks the system what is in RAM.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap; `stats` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_stats(heap: *const region_heap, stats: *mut region_heap_counts) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), false) = (unsafe { inside(heap) }, stats.is_null()) else { return -EINVAL };
    let current = counts_of(&this.heap.stats(), this.heap.limit(), this.mistakes.get());
    // SAFETY: the caller lets it be written.
    unsafe { stats.write(current) };
    0
}

/// Writes one line with the heap's stats to a descriptor, such as 2. Allocates nothing.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_print_stats(heap: *const region_heap, fd: c_int) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(heap) }) else { return -EINVAL };
    let now = this.heap.stats();
    let mut line = Line::new();
    let numbers = [now.used, now.blocks, now.taken, now.high_water, now.idle, now.resident, now.reserved];
    line.fill("region_heap: % bytes used in % blocks, % taken, % at most, % idle, % resident, % reserved", &numbers);
    if this.heap.limit() != usize::MAX {
        line.fill(", limit %", &[this.heap.limit()]);
    }
    if this.mistakes.get() != 0 {
        line.fill(", % mistakes", &[this.mistakes.get()]);
    }
    line.fill("\n", &[]);
    // SAFETY: the caller lends the descriptor for this call, as to `write(2)`.
    unsafe { print(&line, fd) }.err().unwrap_or(0)
}

/// Writes where the heap's memory is to a descriptor, such as 2, in 80 columns: the sums, and a line for each size of
/// blocks, for large ones, and for what is in no block. Allocates nothing; a call of write(2) for each line.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_print_report(heap: *const region_heap, fd: c_int) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(heap) }) else { return -EINVAL };
    // SAFETY: the caller lends the descriptor for this call, as to `write(2)`.
    unsafe { print_report(&this.heap.report(), fd) }.err().unwrap_or(0)
}

/// Writes where the heap's memory is into `text`, which has `size` bytes: the lines of region_heap_print_report and
/// a NUL, as much of them as there is room for. Gives the bytes of the whole report without the NUL, so that less
/// than `size` says that it is all there; 0 if `heap` is NULL. `text` may be NULL: then nothing is written.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap. `text` is NULL, or `size` bytes there may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_report(heap: *const region_heap, text: *mut c_char, size: usize) -> usize {
    // SAFETY: the caller's promises, passed on.
    unsafe { inside(heap).map_or(0, |this| report_text(&this.heap.report(), text, size)) }
}

/// Writes a report into `text`, and gives its bytes.
///
/// # Safety
/// `text` is NULL, or `size` bytes there may be written.
pub(super) unsafe fn report_text(report: &HeapReport, text: *mut c_char, size: usize) -> usize {
    let most = if text.is_null() { 0 } else { size };
    let mut len = 0;
    let copied = lines(report, &mut |line| {
        let fits = line.bytes().len().min(most.saturating_sub(len + 1));
        if fits != 0 {
            // SAFETY: so many bytes from `len` on are within `most`, which the caller lets be written.
            unsafe { text.cast::<u8>().add(len).copy_from_nonoverlapping(line.bytes().as_ptr(), fits) };
        }
        len += line.bytes().len();
        Ok(())
    });
    debug_assert!(copied.is_ok());
    if most != 0 {
        // SAFETY: the place is within `most`.
        unsafe { text.add(len.min(most - 1)).write(0) };
    }
    len
}

/// Writes a report to a descriptor.
///
/// # Safety
/// As of [`Fd::from_raw`], for the length of this call; if no file is open, that is an error.
pub(super) unsafe fn print_report(report: &HeapReport, fd: c_int) -> Result<(), c_int> {
    // SAFETY: the caller's promise, passed on.
    lines(report, &mut |line| unsafe { print(line, fd) })
}

/// Columns in which the numbers of a row end, each from the one before.
const COLUMNS: [usize; 5] = [12, 9, 11, 11, 18];

/// The place of a number that a row has not.
const BLANK: usize = usize::MAX;

/// The lines of a report, one after the other, until one is refused.
fn lines(report: &HeapReport, take: &mut dyn FnMut(&Line) -> Result<(), c_int>) -> Result<(), c_int> {
    let HeapReport { stats, large, large_bytes, free_bytes, .. } = report;
    let mut line = Line::new();
    let text = "region_heap: % bytes used in % blocks\n  % taken, % percent of them in free blocks\n  \
                % resident, % percent of those used\n  block size    pages     in use       free             taken\n";
    let (free, resident) = (report.free_percent(), report.resident_percent());
    line.fill(text, &[stats.used, stats.blocks, stats.taken, free, stats.resident, resident]);
    take(&line)?;
    for class in report.classes() {
        row("", &[class.size, class.pages, class.blocks, class.free, class.taken], take)?;
    }
    row("       large", &[BLANK, *large, BLANK, *large_bytes], take)?;
    row("    no block", &[BLANK, BLANK, BLANK, *free_bytes], take)
}

/// A line of a text, and of numbers in the last columns.
#[inline(never)]
fn row(text: &str, numbers: &[usize], take: &mut dyn FnMut(&Line) -> Result<(), c_int>) -> Result<(), c_int> {
    let mut line = Line::new();
    line.fill(text, &[]);
    // The last columns.
    for (&number, &columns) in numbers.iter().zip(COLUMNS.get(COLUMNS.len() - numbers.len()..).unwrap_or(&[])) {
        match number {
            BLANK => line.blank(columns),
            number => line.column(number, columns),
        }
    }
    line.fill("\n", &[]);
    take(&line)
}

/// Writes a line, or a negative errno.
///
/// # Safety
/// As of [`Fd::from_raw`], for the length of this call; if no file is open, that is an error.
unsafe fn print(line: &Line, fd: c_int) -> Result<(), c_int> {
    // SAFETY: the caller's promise, passed on.
    sys::write(unsafe { Fd::from_raw(fd) }, line.bytes()).map_err(|errno| -errno.raw())
}
