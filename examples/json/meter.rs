//! What this process costs: RAM held, the most it held, page faults. From `/proc` (proc(5)), so on Linux.
//!
//! Elsewhere every number is absent, and the report shows a dash.

use std::fs;

/// Bytes of RAM that the process holds now.
///
/// From `smaps_rollup`, which walks the page tables: the number in `statm` is put together from counters
/// of each processor, and off by dozens of pages.
pub fn resident() -> Option<u64> {
    field("/proc/self/smaps_rollup", "Rss:")
}

/// The most RAM that the process held since [`reset_peak`].
pub fn peak() -> Option<u64> {
    field("/proc/self/status", "VmHWM:")
}

/// Starts the peak anew at what is held now. Where the kernel does not let that be, the peak since the start
/// of the process stands, which is the same unless reading the document took more than parsing it.
pub fn reset_peak() {
    _ = fs::write("/proc/self/clear_refs", "5");
}

/// Page faults so far that needed no disk. A page that the kernel was asked to bring in ahead of use
/// (`MADV_POPULATE_WRITE`) counts as one.
pub fn faults() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    // `minflt` is the tenth field, so the eighth after the name.
    fields.split_ascii_whitespace().nth(7)?.parse().ok()
}

/// The field of this name, which is in kB of 1024 bytes.
fn field(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()? * 1024)
}
