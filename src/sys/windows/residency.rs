//! Which pages are in RAM, and of what size they are: `QueryWorkingSetEx`, which is asked page by page.
//!
//! Of pages that are only reserved there is nothing to ask: they are looked up as whole runs.

use super::call::*;
use super::memory::run_at;
use crate::error::{Call, Error};
use crate::sys::{PageState, SMALLEST_PAGE, fault};
use core::ptr::NonNull;

/// Bits of a page's answer: it is in this process's RAM; it is a part of a large page.
const VALID: usize = 1;
const LARGE: usize = 1 << 23;

/// Calls `each` for each run of pages of `base..base + len`, with offset, length and state, in order, without gaps.
pub(crate) fn page_runs(
    base: NonNull<u8>,
    len: usize,
    each: &mut dyn FnMut(usize, usize, PageState),
) -> Result<(), Error> {
    let (mut from, mut was) = (0, None);
    answers(base, len, |at, _, state| {
        if let Some(was) = was.filter(|&was| was != state) {
            each(from, at - from, was);
            from = at;
        }
        was = Some(state);
    })?;
    each(from, len - from, was.unwrap_or(PageState::Absent));
    Ok(())
}

/// Bytes of `base..base + len` that are in RAM.
pub(crate) fn resident_bytes(base: NonNull<u8>, len: usize) -> Result<usize, Error> {
    let mut resident = 0;
    answers(base, len, |_, bytes, state| resident += if state == PageState::Absent { 0 } else { bytes })?;
    Ok(resident)
}

/// Calls `each` for each page, or run of pages that are only reserved, with its offset, its length and what it is. One call
/// for a MiB.
fn answers(base: NonNull<u8>, len: usize, mut each: impl FnMut(usize, usize, PageState)) -> Result<(), Error> {
    const PAGES: usize = 256;
    fault::may(Call::Resident, len)?;
    let mut pages = [WorkingSetPage { address: base.as_ptr().cast(), is: 0 }; PAGES];
    let mut at = 0;
    while at < len {
        let (committed, run) =
            run_at(base.as_ptr().wrapping_add(at), len - at).ok_or_else(|| failed(Call::Resident, len))?;
        let end = at + run;
        if !committed {
            each(at, run, PageState::Absent);
            at = end;
        }
        while at < end {
            let count = ((end - at) / SMALLEST_PAGE).clamp(1, PAGES);
            for (number, page) in pages[..count].iter_mut().enumerate() {
                page.address = base.as_ptr().wrapping_add(at + number * SMALLEST_PAGE).cast();
            }
            let bytes = (count * size_of::<WorkingSetPage>()) as u32;
            // SAFETY: the call reads the addresses of so many pages from there, and writes what they are beside them. It
            // does not touch the pages.
            if unsafe { K32QueryWorkingSetEx(GetCurrentProcess(), pages.as_mut_ptr(), bytes) } == 0 {
                return Err(failed(Call::Resident, len));
            }
            for (number, page) in pages[..count].iter().enumerate() {
                let state = match page.is & (VALID | LARGE) {
                    VALID => PageState::Base,
                    is if is & VALID != 0 => PageState::Huge,
                    _ => PageState::Absent,
                };
                each(at + number * SMALLEST_PAGE, SMALLEST_PAGE, state);
            }
            at += count * SMALLEST_PAGE;
        }
    }
    Ok(())
}
