//! Which pages are in RAM, and of what size they are.
//!
//! Two sources. `PAGEMAP_SCAN`, an `ioctl(2)` on `/proc/self/pagemap` (Linux 6.7), gives runs of pages with their
//! size. Where it is missing, `mincore(2)` says only which pages are in RAM (`.back.fallback`).

use super::memory::failed_raw;
use super::system::fd::AsRawFd;
use super::{PageState, SMALLEST_PAGE, fault, page_size, raw};
use crate::error::{Call, Errno, Error};
use core::ptr::NonNull;

/// Calls `each` for each run of pages of `base..base + len`, with offset, length and state, in order, without gaps.
pub(crate) fn page_runs(
    base: NonNull<u8>,
    len: usize,
    each: &mut dyn FnMut(usize, usize, PageState),
) -> Result<(), Error> {
    fault::may(Call::Resident, len)?;
    match scan(base, len, each) {
        Some(reported) if reported == len => Ok(()),
        // The scan can only end early if it failed before its first answer.
        _ => by_mincore(base, len, each),
    }
}

/// By `PAGEMAP_SCAN`. Gives how many bytes were reported, or nothing where the kernel cannot.
fn scan(base: NonNull<u8>, len: usize, each: &mut dyn FnMut(usize, usize, PageState)) -> Option<usize> {
    let mut reported = 0;
    scanned(base, len, |from, to, huge| {
        if from > reported {
            each(reported, from - reported, PageState::Absent);
        }
        each(from, to - from, if huge { PageState::Huge } else { PageState::Base });
        reported = to;
    })?;
    if reported < len {
        each(reported, len - reported, PageState::Absent);
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

/// Calls `each` for each run of pages in RAM, with the offsets of its start and end, and whether its pages are huge.
fn scanned(base: NonNull<u8>, len: usize, mut each: impl FnMut(usize, usize, bool)) -> Option<()> {
    let pagemap = super::open_terminated(c"/proc/self/pagemap").ok()?;
    let descriptor = pagemap.borrow().as_raw_fd();
    let start = base.as_ptr().addr();
    let mut runs = [raw::ScannedRun::default(); 64];
    let mut asked = 0;
    while asked < len {
        // SAFETY: the descriptor is of the pagemap that was just opened, and stays open to the end of this function.
        let (found, end) = unsafe { raw::scan_pages(descriptor, start + asked, start + len, &mut runs) }.ok()?;
        for run in &runs[..found] {
            let (from, to) = (run.start as usize - start, (run.end as usize - start).min(len));
            each(from, to, run.categories & raw::PAGE_IS_HUGE != 0);
        }
        asked = end - start;
    }
    Some(())
}

fn by_mincore(base: NonNull<u8>, len: usize, each: &mut dyn FnMut(usize, usize, PageState)) -> Result<(), Error> {
    let page = page_size();
    let (mut from, mut was) = (0, None);
    answers(base, len, page, |at, resident| {
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
    answers(base, len, page_size(), |_, is| resident += usize::from(is))?;
    Ok((resident * page_size()).min(len))
}

/// Calls `each` for each page, with its offset and whether it is in RAM, by pages of this size.
///
/// One call per 4 MiB of range. The answer is 1 KiB on the stack, enough for the smallest pages. The range must be
/// mapped, or the answer is ENOMEM.
fn answers(base: NonNull<u8>, len: usize, page: usize, mut each: impl FnMut(usize, bool)) -> Result<(), Error> {
    const PAGES: usize = 1024;
    let mut answers = [0u8; PAGES];
    let mut at = 0;
    while at < len {
        let batch = (len - at).min(PAGES * SMALLEST_PAGE);
        raw::mincore(base.as_ptr().wrapping_add(at), batch, &mut answers)
            .map_err(|errno| failed_raw(Call::Resident, len, Errno::new(errno)))?;
        for (number, answer) in answers.iter().enumerate().take(batch.div_ceil(page)) {
            each(at + number * page, answer & 1 != 0);
        }
        at += batch;
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;
    use crate::region::Region;

    #[test]
    fn answers_stay_in_order_when_pages_are_taken_for_larger_than_they_are() {
        // More than one call's worth, and an end that is no whole page of the larger kind.
        let mut region = Region::new((9 << 20) + page_size()).unwrap();
        region.as_mut_slice().fill(1);
        let base = NonNull::new(region.as_mut_ptr()).unwrap();
        for page in [page_size(), 64 << 10, 1 << 20] {
            let (mut count, mut last) = (0, 0);
            answers(base, region.len(), page, |at, resident| {
                assert!(at == count * page && resident, "{at} of pages of {page}");
                (count, last) = (count + 1, at);
            })
            .unwrap();
            assert!(count == region.len().div_ceil(page) && last < region.len(), "{count} pages of {page}");
        }
    }

    #[test]
    fn an_answer_that_might_not_fit_is_not_asked_for() {
        let region = Region::new(1 << 20).unwrap();
        let mut pages = [0xff; 255];
        assert!(raw::mincore(region.as_ptr(), region.len(), &mut pages).is_err());
        assert_eq!(pages, [0xff; 255]);
    }
}
