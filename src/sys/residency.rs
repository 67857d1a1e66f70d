//! Which pages are in RAM, and of what size they are.
//!
//! Two sources. `PAGEMAP_SCAN`, an `ioctl(2)` on `/proc/self/pagemap` (Linux 6.7), tells runs of pages apart by
//! size; where it is not there, `mincore(2)` tells which are in RAM and no more (`.back.fallback`).

use super::memory::failed_raw;
use super::{fault, raw};
use crate::error::{Call, Errno, Error};
use core::ptr::NonNull;
use rustix::fd::AsRawFd;

/// What a run of pages is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageState {
    /// Not in RAM: never touched, given back, swapped out, or only ever read (the kernel's one page of zeroes).
    Absent,
    /// In RAM, in base pages.
    Base,
    /// In RAM, in huge pages.
    Huge,
    /// In RAM; this kernel does not say in pages of which size.
    Unknown,
}

/// Tells `each` run of pages of `base..base + len` as offset, length and state, in order and without gaps.
pub(crate) fn page_runs(
    base: NonNull<u8>,
    len: usize,
    each: &mut dyn FnMut(usize, usize, PageState),
) -> Result<(), Error> {
    fault::may(Call::Resident, len)?;
    match scan(base, len, each) {
        Some(told) if told == len => Ok(()),
        // The scan can only end early if it failed before its first answer.
        _ => by_mincore(base, len, each),
    }
}

/// By `PAGEMAP_SCAN`; gives how much was told, or nothing where the kernel cannot.
fn scan(base: NonNull<u8>, len: usize, each: &mut dyn FnMut(usize, usize, PageState)) -> Option<usize> {
    let mut told = 0;
    scanned(base, len, |from, to, huge| {
        if from > told {
            each(told, from - told, PageState::Absent);
        }
        each(from, to - from, if huge { PageState::Huge } else { PageState::Base });
        told = to;
    })?;
    if told < len {
        each(told, len - told, PageState::Absent);
    }
    Some(len)
}

/// Bytes of `base..base + len` that are in RAM in huge pages; nothing where the kernel does not say.
#[cfg(feature = "capi")]
pub(crate) fn huge_bytes(base: NonNull<u8>, len: usize) -> Option<usize> {
    let mut bytes = 0;
    scanned(base, len, |from, to, huge| bytes += if huge { to - from } else { 0 })?;
    Some(bytes)
}

/// Tells `each` run of pages that are in RAM, as offsets of its start and its end, and whether its pages are huge.
fn scanned(base: NonNull<u8>, len: usize, mut each: impl FnMut(usize, usize, bool)) -> Option<()> {
    let pagemap = super::open_terminated(c"/proc/self/pagemap").ok()?;
    let descriptor = pagemap.borrow().as_raw_fd();
    let start = base.as_ptr().addr();
    let mut runs = [raw::ScannedRun::default(); 64];
    let mut asked = 0;
    while asked < len {
        let (found, end) = raw::scan_pages(descriptor, start + asked, start + len, &mut runs).ok()?;
        for run in &runs[..found] {
            let (from, to) = (run.start as usize - start, (run.end as usize - start).min(len));
            each(from, to, run.categories & raw::PAGE_IS_HUGE != 0);
        }
        asked = end - start;
    }
    Some(())
}

fn by_mincore(base: NonNull<u8>, len: usize, each: &mut dyn FnMut(usize, usize, PageState)) -> Result<(), Error> {
    let page = super::page_size();
    let (mut from, mut was) = (0, None);
    answers(base, len, |at, resident| {
        if was.is_some_and(|was| was != resident) {
            each(from, at - from, if resident { PageState::Absent } else { PageState::Unknown });
            from = at;
        }
        was = Some(resident);
    })?;
    debug_assert!(len % page == 0);
    each(from, len - from, if was == Some(true) { PageState::Unknown } else { PageState::Absent });
    Ok(())
}

/// Bytes of `base..base + len` that are in RAM. `mincore(2)`.
pub(crate) fn resident_bytes(base: NonNull<u8>, len: usize) -> Result<usize, Error> {
    fault::may(Call::Resident, len)?;
    let mut resident = 0;
    answers(base, len, |_, is| resident += usize::from(is))?;
    Ok((resident * super::page_size()).min(len))
}

/// Tells `each` page's offset and whether it is in RAM.
///
/// One call per 4 MiB of range (a 1 KiB answer on the stack); the range must be mapped.
fn answers(base: NonNull<u8>, len: usize, mut each: impl FnMut(usize, bool)) -> Result<(), Error> {
    const BATCH: usize = 1024;
    let page = super::page_size();
    let mut answers = [0u8; BATCH];
    let mut at = 0;
    while at < len {
        let batch = (len - at).min(BATCH * page);
        raw::mincore(base.as_ptr().wrapping_add(at), batch, &mut answers)
            .map_err(|errno| failed_raw(Call::Resident, len, Errno::new(errno)))?;
        for (number, answer) in answers.iter().enumerate().take(batch.div_ceil(page)) {
            each(at + number * page, answer & 1 != 0);
        }
        at += batch;
    }
    Ok(())
}
