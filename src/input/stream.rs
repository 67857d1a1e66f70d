//! Bytes read into memory that grows without moving.
//!
//! A pipe does not say how much will come. What outgrows a few pages goes to address space reserved for far
//! more than that, which costs next to nothing, and RAM comes as bytes do: no doubling, and what was
//! read stays where it is. Where the process may not have that much address space (RLIMIT_AS, strict
//! overcommit) the memory grows by `mremap`, which moves page-table entries and no bytes.
//!
//! ```text
//! far:
//!  mapping    + start                  + huge_from (2 MiB boundary)           mapping + mapped
//!  │ never touched │ content on base pages │ content on huge pages │ room, no RAM │
//!  └───────────────┴ RUNWAY ───────────────┴──── start + len ──────┴──────────────┘
//! ```
//!
//! What kind of file the bytes come from is `any`'s business.

use crate::error::{Call, Error, Reason};
use crate::sys::{self, Access, Advice, HUGE_PAGE, MapRequest, Sharing};
use core::ptr::NonNull;
use rustix::fd::BorrowedFd;

/// Bytes asked of one `read`, and of a pipe's buffer (`.input.any`).
///
/// A reader pays per call and per wake-up: 64 KiB costs twice the CPU. Unprivileged users may ask a pipe
/// for no more (`/proc/sys/fs/pipe-max-size`), and a larger step would fall out of the second-level cache
/// between the writer's copy and the reader's.
pub(super) const STEP: usize = 1 << 20;

/// Bytes of content before the first huge page: short inputs live here on base pages.
///
/// A huge page costs 2 MiB of RAM and the time of some 300 KiB of base-page faults, so that an input of a
/// few bytes must not take one. Larger would make long inputs pay more faults first.
const RUNWAY: usize = 512 << 10;
const _: () = assert!(RUNWAY < HUGE_PAGE && RUNWAY.is_power_of_two() && RUNWAY <= STEP);

/// Address space reserved at first: further than what most machines have RAM for.
///
/// Costs what 64 KiB cost (2.3 against 1.7 µs). Valgrind refuses it, and so does a processor with 39 bits
/// of address when several are wanted; both then take the growing way. A multiple of [`HUGE_PAGE`], or the
/// kernel would not align it.
const FAR: usize = if cfg!(miri) {
    4 << 20 // its memory is real at once
} else if usize::BITS >= 64 {
    (64u64 << 30) as usize
} else {
    256 << 20
};
const _: () = assert!(FAR % HUGE_PAGE == 0 && FAR >= 2 * HUGE_PAGE);

/// Bytes of the first mapping where nothing is known of what will come: what a pipe holds by default.
///
/// Most of what is read that way is short (`/proc`, the output of a command), and a far reservation with one
/// page in it takes 19 µs to make and return, against 8. Larger would copy more when it is outgrown.
const NEAR: usize = 64 << 10;
const _: () = assert!(NEAR <= RUNWAY);

/// Pages from which on one call for all costs less than a fault for each.
const WORTH_POPULATING: usize = 4;

/// Bytes that were read, in memory of their own with room behind them.
///
/// # Invariants
/// - `mapping..mapping + mapped` is private anonymous memory, readable and writable, that this value owns
///   alone; nothing is mapped when `mapped == 0`.
/// - `start + len <= mapped`.
/// - It is one entry of the kernel's map, or two that meet at `huge_from`.
pub(super) struct Stream {
    mapping: NonNull<u8>,
    mapped: usize,
    start: usize,
    len: usize,
    /// Offset in the mapping from which on huge pages are wanted.
    huge_from: usize,
    /// Whether the kernel was told so.
    huge_advised: bool,
}

/// Where content starts in a mapping at `address`, so that the next 2 MiB boundary comes after [`RUNWAY`]
/// bytes of it. Less than [`HUGE_PAGE`].
const fn runway_start(address: usize) -> usize {
    (address.wrapping_add(RUNWAY)).wrapping_neg() % HUGE_PAGE
}

/// The sizes to try, in turn, for a mapping of `mapped` bytes that needs at least `least`: far, twice as
/// much, just enough. All whole pages; too large ones are left out.
fn sizes(mapped: usize, least: usize) -> impl Iterator<Item = usize> {
    let fits = move |&size: &usize| size >= least && size > mapped;
    [FAR, mapped.saturating_mul(2), least].into_iter().filter_map(sys::page_align_up).filter(fits)
}

impl Stream {
    /// Nothing: no memory, no system call.
    pub(super) const fn new() -> Self {
        Stream { mapping: NonNull::dangling(), mapped: 0, start: 0, len: 0, huge_from: 0, huge_advised: false }
    }

    pub(super) const fn as_slice(&self) -> &[u8] {
        if self.mapped == 0 {
            return &[];
        }
        // SAFETY: `start..start + len` lies inside the mapping (invariant), which is readable and
        // initialized, by the kernel's zeroes if by nothing else; writes to it take `&mut self`.
        unsafe { core::slice::from_raw_parts(self.mapping.as_ptr().add(self.start), self.len) }
    }

    /// Reads until the end, an error, or `limit` bytes, behind what there is. `expected` bytes are likely to
    /// come; 0 when nothing is known. Gives how many came; on error they are kept all the same.
    pub(super) fn read_from(&mut self, fd: BorrowedFd<'_>, expected: usize, limit: usize) -> Result<usize, Error> {
        let before = self.len;
        if self.mapped == 0 {
            // Enough for the likely end and a byte more, so that nothing is left to cut off.
            let first = if expected == 0 { NEAR } else { expected.min(limit).saturating_add(1) };
            // Refused? `room` will say so, or manage with less.
            if let Some(first @ 1..=RUNWAY) = sys::page_align_up(first) {
                let _ = self.map(first);
            }
        }
        loop {
            let come = self.len - before;
            let allowed = limit - come;
            if allowed == 0 {
                return Ok(come);
            }
            // One byte more than expected: only a read that gives 0 proves that it was the end.
            let room = self.room(expected.saturating_sub(come).min(allowed).saturating_add(1))?;
            let step = room.len().min(STEP).min(allowed);
            // Written so that no panic is compiled in, however small the code is made.
            let count = sys::read(fd, room.get_mut(..step).unwrap_or_default())?;
            if count == 0 {
                return Ok(come);
            }
            // Not more than `step`, whatever a broken kernel says.
            self.len += count.min(step);
        }
    }

    /// Appends a copy of `bytes`.
    pub(super) fn extend(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let room = self.room(bytes.len())?;
            let count = room.len().min(bytes.len());
            for (to, from) in room.iter_mut().zip(bytes) {
                *to = *from;
            }
            self.len += count;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Returns address space and RAM behind the content. The content stays where it is.
    pub(super) fn shrink_to_fit(&mut self) {
        let keep = if self.len == 0 { 0 } else { sys::page_align_up(self.start + self.len).unwrap_or(self.mapped) };
        if keep >= self.mapped {
            return;
        }
        // SAFETY: `keep < mapped`, so this is inside the mapping.
        let tail = unsafe { self.mapping.add(keep) };
        // SAFETY: `keep..mapped` is the end of this value's own mapping, whole pages behind the content, and
        // `&mut self` proves that nobody looks at it. `mapped` forgets it in the same breath.
        match unsafe { sys::unmap(tail, self.mapped - keep) } {
            Ok(()) => self.mapped = keep,
            // The kernel's map is full and it merged this mapping with a neighbour: keep the addresses,
            // give back the RAM.
            // SAFETY: as above; the pages are private and anonymous. Refused means locked: they stay.
            Err(_) => drop(unsafe { sys::decommit(tail, self.mapped - keep, sys::Sharing::Private) }),
        }
    }

    /// Memory for more content, right behind what there is; at least one byte, however many are `wanted`.
    fn room(&mut self, wanted: usize) -> Result<&mut [u8], Error> {
        if self.start + self.len == self.mapped {
            self.grow(wanted)?;
        }
        let at = self.start + self.len;
        let end = if self.huge_advised {
            self.mapped
        } else if at < self.huge_from {
            // Base pages first; and known to be needed, so all at once instead of a fault for each.
            let end = self.huge_from.min(self.mapped);
            self.populate(at, wanted.saturating_sub(1).min(end - at));
            end
        } else {
            self.huge_advised = true;
            // SAFETY: `huge_from <= at < mapped`, so these pages are this value's own. No THP here: EINVAL,
            // and base pages serve.
            let _ = unsafe {
                let from = self.mapping.add(self.huge_from);
                sys::advise(from, self.mapped - self.huge_from, Advice::HugePage)
            };
            self.mapped
        };
        // SAFETY: `at..end` lies inside the mapping, writable and initialized (zeroes at least), behind the
        // content; `&mut self` makes this the only way to it.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.mapping.as_ptr().add(at), end - at) })
    }

    /// Brings in the pages of `at..at + len` that were not touched yet, if it is worth a call.
    fn populate(&self, at: usize, len: usize) {
        let page = sys::page_size();
        // Both ends round up: the page that `at` is in has content, unless content starts on it.
        let (from, to) = (sys::whole_pages(at), sys::whole_pages(at + len).min(self.mapped));
        if to.saturating_sub(from) >= WORTH_POPULATING * page {
            // SAFETY: `from..to` are whole pages of this value's own writable mapping.
            unsafe { sys::populate(self.mapping.add(from), to - from) };
        }
    }

    /// Makes the mapping larger by `wanted` bytes, or by as many as can be had, one at least.
    #[cold]
    fn grow(&mut self, wanted: usize) -> Result<(), Error> {
        let too_large = Error::new(Call::Map, Reason::TooLarge, wanted);
        let mut last = too_large;
        // What is expected may be a lie (`/proc/kcore`), so that just enough for one step comes after it.
        for more in [wanted, STEP, sys::page_size()] {
            let Some(least) = self.mapped.checked_add(more).and_then(sys::page_align_up) else { continue };
            for size in sizes(self.mapped, least) {
                match self.resize(size) {
                    Ok(()) => return Ok(()),
                    Err(error) => last = error,
                }
            }
        }
        Err(last)
    }

    /// Maps `size` bytes, or makes what is mapped that long.
    #[inline(never)]
    fn resize(&mut self, size: usize) -> Result<(), Error> {
        if self.len <= RUNWAY && size == FAR {
            // Copied, not remapped: a remapped range would lie anywhere between two boundaries.
            return self.copy_to(size);
        }
        if self.mapped == 0 {
            // Where address space is scarce none is spent on a start below a boundary.
            return self.map(size);
        }
        if self.huge_advised && self.huge_from != 0 {
            // Only one entry of the kernel's map can be resized: give both the same advice, and they merge. Where that
            // is refused it is tried again at the next growth; without THP both are refused, and the entry is one.
            // SAFETY: the pages are this value's own.
            if unsafe { sys::advise(self.mapping, self.mapped, Advice::HugePage) }.is_ok() {
                self.huge_from = 0;
            }
        }
        // SAFETY: the mapping is this value's own, and `&mut self` proves that nobody refers into it.
        match unsafe { sys::remap(self.mapping, self.mapped, size) } {
            Ok(mapping) => (self.mapping, self.mapped) = (mapping, size),
            // Still two entries.
            Err(error) if sys::is_in_parts(&error) => return self.copy_to(size),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Moves the content into a mapping of its own of `size` bytes.
    fn copy_to(&mut self, size: usize) -> Result<(), Error> {
        let mut copy = Stream::new();
        copy.map(size)?;
        copy.extend(self.as_slice())?;
        *self = copy;
        Ok(())
    }

    /// Maps `size` bytes where nothing is mapped yet. Content starts at once, or below a boundary in a far mapping.
    fn map(&mut self, size: usize) -> Result<(), Error> {
        debug_assert!(self.mapped == 0);
        let mapping = sys::map(MapRequest {
            huge: None,
            len: size,
            access: Access::ReadWrite,
            sharing: Sharing::Private,
            charge: false,
            populate: false,
        })?;
        let start = if size == FAR { runway_start(mapping.as_ptr().addr()) } else { 0 };
        *self = Stream { mapping, mapped: size, start, len: 0, huge_from: start + RUNWAY, huge_advised: false };
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.mapped != 0 {
            // SAFETY: the mapping is this value's alone (its invariant), whole, and `drop` runs once. An error
            // loses address space and nothing else.
            let _ = unsafe { sys::unmap(self.mapping, self.mapped) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runway_ends_on_a_boundary_wherever_the_mapping_is() {
        for address in (0..3 * HUGE_PAGE).step_by(4096).chain([usize::MAX - 4095, 1 << 40]) {
            let start = runway_start(address);
            assert_eq!(address.wrapping_add(start + RUNWAY) % HUGE_PAGE, 0);
            assert!(start < HUGE_PAGE && start + RUNWAY < FAR);
        }
    }

    #[test]
    fn sizes_go_from_far_to_just_enough_and_never_wrap() {
        let list = |mapped, least| sizes(mapped, least).collect::<std::vec::Vec<_>>();
        assert_eq!(list(0, 4096), [FAR, 4096]);
        assert_eq!(list(1 << 20, (1 << 20) + 4096), [FAR, 2 << 20, (1 << 20) + 4096]);
        assert_eq!(list(FAR, FAR + 4096), [2 * FAR, FAR + 4096]);
        assert_eq!(list(0, FAR + 4096), [FAR + 4096]);
        assert_eq!(list(0, usize::MAX), []);
    }

    #[test]
    fn content_survives_every_way_of_growing() {
        let bytes: std::vec::Vec<u8> = (0..700_000u32).map(|i| (i ^ i >> 8) as u8).collect();
        let mut stream = Stream::new();
        stream.map(4096 * 16).unwrap();
        stream.extend(&bytes[..10]).unwrap();
        stream.extend(&bytes[10..]).unwrap(); // outgrows the first mapping: far
        assert_eq!((stream.as_slice(), stream.mapped), (&bytes[..], FAR));
        stream.shrink_to_fit();
        assert!(stream.mapped < 4 << 20);
        stream.resize(6 << 20).unwrap(); // remapped: both advices become one
        stream.extend(&bytes).unwrap();
        assert_eq!(stream.as_slice(), [&bytes[..], &bytes].concat());
        stream.resize(2 * FAR).unwrap();
        assert_eq!(stream.as_slice().len(), 1_400_000);

        let mut empty = Stream::new();
        empty.grow(1).unwrap();
        empty.shrink_to_fit();
        assert_eq!((empty.as_slice(), empty.mapped), (&[][..], 0));
    }
}
