//! Bytes read into memory that grows without moving.
//!
//! Few bytes lie in a block of those that arenas take and give back: it is kept from an earlier input or arena, so that
//! no memory is mapped and no page comes in for a small file. The length of a pipe is not known in advance. More than a
//! block has goes to a large reservation of addresses, which costs next to nothing. RAM comes as bytes do: nothing is
//! doubled, and what was read stays where it is. Where the process may not have that much address space (RLIMIT_AS,
//! strict overcommit) the memory grows by `mremap`, which moves page-table entries and no bytes.
//!
//! ```text
//! far:
//!  mapping    + start                  + huge_from (2 MiB boundary)           mapping + mapped
//!  │ never touched │ content on base pages │ content on huge pages │ spare, no RAM│
//!  └───────────────┴ SMALL_PAGE_PREFIX ───────────────┴──── start + len ──────┴──────────────┘
//! ```
//!
//! `any` finds out what kind of file the bytes come from.

use super::block::KeptBlock;
use crate::error::{Call, Error, Reason};
use crate::policy::{HUGE_PAGE, INPUT_RESERVATION, READ_STEP, SHORT_INPUT, SMALL_PAGE_PREFIX, WORTH_POPULATING};
use crate::sys::{self, Advice, BorrowedFd};
#[cfg(not(windows))]
use crate::sys::{Access, MapRequest, Sharing};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// Bytes that were read, in memory of their own with spare memory behind them.
///
/// # Invariants
/// - `mapping..mapping + mapped` is private anonymous memory, readable and writable, that this value owns
///   alone; nothing is mapped when `mapped == 0`.
/// - `start + len <= mapped`.
/// - With a `block` these are its first bytes, and `start` is 0.
/// - Without one it is one entry of the kernel's map, or two that meet at `huge_from`.
pub(super) struct Stream {
    mapping: NonNull<u8>,
    mapped: usize,
    start: usize,
    len: usize,
    /// Offset in the mapping from which on huge pages are wanted.
    huge_from: usize,
    /// Whether the kernel was advised to use huge pages there, or is not to be.
    huge_advised: bool,
    block: Option<KeptBlock>,
}

/// Where content starts in a mapping at `address`, so that the next 2 MiB boundary comes after [`SMALL_PAGE_PREFIX`]
/// bytes of it. Less than [`HUGE_PAGE`].
#[cfg_attr(windows, allow(dead_code))]
const fn prefix_start(address: usize) -> usize {
    (address.wrapping_add(SMALL_PAGE_PREFIX)).wrapping_neg() % HUGE_PAGE
}

/// The sizes to try, in turn, for a mapping of `mapped` bytes that needs at least `least`: far, twice as
/// much, just enough. All whole pages; too large ones are left out.
fn sizes(mapped: usize, least: usize) -> impl Iterator<Item = usize> {
    let fits = move |&size: &usize| size >= least && size > mapped;
    [if sys::COUNTS_AT_ONCE { 0 } else { INPUT_RESERVATION }, mapped.saturating_mul(2), least]
        .into_iter()
        .filter_map(sys::page_align_up)
        .filter(fits)
}

impl Stream {
    /// Nothing: no memory, no system call.
    pub(super) const fn new() -> Self {
        let mapping = NonNull::dangling();
        Stream { mapping, mapped: 0, start: 0, len: 0, huge_from: 0, huge_advised: false, block: None }
    }

    pub(super) const fn as_slice(&self) -> &[u8] {
        if self.mapped == 0 {
            return &[];
        }
        // SAFETY: `start..start + len` lies inside the mapping (invariant), which is readable. What was read or copied
        // there initialized it, and writes to it take `&mut self`.
        unsafe { core::slice::from_raw_parts(self.mapping.as_ptr().add(self.start), self.len) }
    }

    /// Reads until the end, an error, or `limit` bytes, behind what there is. `expected` bytes are likely to
    /// come; 0 when nothing is known. After an error what came is kept.
    pub(super) fn read_from(&mut self, fd: BorrowedFd<'_>, expected: usize, limit: usize) -> Result<(), Error> {
        let before = self.len;
        if self.mapped == 0 {
            // Enough for the likely end and a byte more, so that nothing is left to cut off.
            let first = if expected == 0 { SHORT_INPUT } else { expected.min(limit).saturating_add(1) };
            // Refused? `spare` will return the error, or manage with less.
            if let Some(first @ 1..=SMALL_PAGE_PREFIX) = sys::page_align_up(first) {
                self.begin(first);
            }
        }
        loop {
            let come = self.len - before;
            let allowed = limit - come;
            if allowed == 0 {
                return Ok(());
            }
            // One byte more than expected: only a read that gives 0 proves that it was the end.
            let spare = self.spare(expected.saturating_sub(come).min(allowed).saturating_add(1))?;
            let step = spare.len().min(READ_STEP).min(allowed);
            // Written so that no panic is compiled in, however small the code is made.
            let count = sys::read(fd, spare.get_mut(..step).unwrap_or_default())?;
            // Not more than `step`, whatever a broken kernel says.
            self.len += count.min(step);
            // Nothing is the end, and so is less than there was room for when as much came as was expected.
            if count == 0 || (come + count == expected && count < step) {
                return Ok(());
            }
        }
    }

    /// Takes memory for the first `size` bytes, if it can be had: a block, or a mapping of so many.
    fn begin(&mut self, size: usize) {
        match KeptBlock::take(size) {
            Some(block) => {
                // Field by field, as there is nothing to drop.
                (self.mapping, self.mapped, self.huge_advised) = (block.start(), size, true);
                self.block = Some(block);
            }
            None => drop(self.map(size)),
        }
    }

    /// Appends a copy of `bytes`.
    pub(super) fn extend(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let spare = self.spare(bytes.len())?;
            let count = spare.len().min(bytes.len());
            for (to, from) in spare.iter_mut().zip(bytes) {
                to.write(*from);
            }
            self.len += count;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Returns address space and RAM behind the content. The content stays where it is.
    pub(super) fn shrink_to_fit(&mut self) {
        if self.block.is_some() {
            // It has RAM as it was touched, and goes back as a whole.
            if self.len == 0 {
                *self = Stream::new();
            }
            #[cfg(windows)]
            if let Some(block) = &mut self.block {
                block.written(self.mapped);
                self.mapped = self.mapped.min(block.keep(self.len));
            }
            return;
        }
        let keep = if self.len == 0 { 0 } else { sys::page_align_up(self.start + self.len).unwrap_or(self.mapped) };
        if keep >= self.mapped {
            return;
        }
        // SAFETY: `keep < mapped`, so this is inside the mapping.
        let tail = unsafe { self.mapping.add(keep) };
        // SAFETY: `keep..mapped` is the end of this value's own mapping, whole pages behind the content, and
        // `&mut self` proves that nobody looks at it. `mapped` is set to exclude it.
        match unsafe { sys::unmap(tail, self.mapped - keep) } {
            Ok(()) => self.mapped = keep,
            // The kernel's map is full and it merged this mapping with a neighbour: keep the addresses,
            // give back the RAM.
            // SAFETY: the pages behind the content are this value's own, private, anonymous and writable, and `&mut
            // self` proves that nobody looks at them. Refused means locked: they stay.
            Err(_) => unsafe {
                let (sharing, access) = (sys::Sharing::Private, sys::Access::ReadWrite);
                let _ = sys::decommit(tail, self.mapped - keep, sharing, access);
            },
        }
    }

    /// Memory for more content, right behind the present one: at least one byte, however many are `wanted`.
    fn spare(&mut self, wanted: usize) -> Result<&mut [MaybeUninit<u8>], Error> {
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
        // SAFETY: `at..end` lies inside the mapping, writable, behind the content; `&mut self` makes this the only way
        // to it.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.mapping.as_ptr().add(at).cast(), end - at) })
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
        for more in [wanted, READ_STEP, sys::page_size()] {
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
        #[cfg(windows)]
        if self.block.as_mut().is_some_and(|block| block.reach(size)) {
            self.mapped = size;
            return Ok(());
        }
        if self.block.is_some() || (self.len <= SMALL_PAGE_PREFIX && size == INPUT_RESERVATION) {
            // Copied, not remapped: a block is the arenas', and a remapped range would lie anywhere between two
            // boundaries.
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
    #[inline(never)]
    fn map(&mut self, size: usize) -> Result<(), Error> {
        debug_assert!(self.mapped == 0);
        #[cfg(windows)]
        {
            let block = KeptBlock::long(size)?;
            (self.mapping, self.mapped, self.huge_advised) = (block.start(), size, true);
            self.block = Some(block);
            Ok(())
        }
        #[cfg(not(windows))]
        self.map_alone(size)
    }

    /// Maps `size` bytes for this value alone.
    #[cfg(not(windows))]
    #[inline(always)]
    fn map_alone(&mut self, size: usize) -> Result<(), Error> {
        let mapping = sys::map(MapRequest {
            huge: None,
            len: size,
            access: Access::ReadWrite,
            sharing: Sharing::Private,
            charge: false,
            populate: false,
        })?;
        let start = if size == INPUT_RESERVATION { prefix_start(mapping.as_ptr().addr()) } else { 0 };
        (self.mapping, self.mapped, self.start) = (mapping, size, start);
        (self.huge_from, self.huge_advised) = (start + SMALL_PAGE_PREFIX, false);
        Ok(())
    }
}

impl Drop for Stream {
    #[inline(never)]
    fn drop(&mut self) {
        if let Some(block) = &mut self.block {
            // A call that was refused may have written behind the content, too.
            block.written(self.mapped);
        } else if self.mapped != 0 {
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
    fn prefix_ends_on_a_boundary_wherever_the_mapping_is() {
        for address in (0..3 * HUGE_PAGE).step_by(4096).chain([usize::MAX - 4095, usize::MAX / 2 + 1]) {
            let start = prefix_start(address);
            assert_eq!(address.wrapping_add(start + SMALL_PAGE_PREFIX) % HUGE_PAGE, 0);
            assert!(start < HUGE_PAGE && start + SMALL_PAGE_PREFIX < INPUT_RESERVATION);
        }
    }

    // On Windows there is no far one.
    #[cfg(not(windows))]
    #[test]
    fn sizes_go_from_far_to_just_enough_and_never_wrap() {
        let list = |mapped, least| sizes(mapped, least).collect::<std::vec::Vec<_>>();
        let page = sys::page_size();
        assert_eq!(list(0, page), [INPUT_RESERVATION, page]);
        assert_eq!(list(1 << 20, (1 << 20) + page), [INPUT_RESERVATION, 2 << 20, (1 << 20) + page]);
        assert_eq!(
            list(INPUT_RESERVATION, INPUT_RESERVATION + page),
            [2 * INPUT_RESERVATION, INPUT_RESERVATION + page]
        );
        assert_eq!(list(0, INPUT_RESERVATION + page), [INPUT_RESERVATION + page]);
        assert!(list(0, usize::MAX).is_empty());
    }

    #[test]
    fn content_survives_every_way_of_growing() {
        let bytes: std::vec::Vec<u8> = (0..700_000u32).map(|i| (i ^ i >> 8) as u8).collect();
        // Not where the system promises no more than it has.
        let far = Stream::new().map(INPUT_RESERVATION).is_ok();
        let mut stream = Stream::new();
        stream.map(1 << 16).unwrap();
        stream.extend(&bytes[..10]).unwrap();
        stream.extend(&bytes[10..]).unwrap(); // outgrows the first mapping: far
        assert!(stream.as_slice() == bytes && (stream.mapped == INPUT_RESERVATION) == far);
        stream.shrink_to_fit();
        assert!(stream.mapped < 4 << 20);
        stream.resize(6 << 20).unwrap(); // remapped: both advices become one
        stream.extend(&bytes).unwrap();
        assert!(stream.as_slice() == [&bytes[..], &bytes].concat());
        assert_eq!(stream.resize(2 * INPUT_RESERVATION).is_ok(), far);
        assert_eq!(stream.as_slice().len(), 1_400_000);

        let mut empty = Stream::new();
        empty.grow(1).unwrap();
        empty.shrink_to_fit();
        assert_eq!((empty.as_slice(), empty.mapped), (&[][..], 0));
    }
}
