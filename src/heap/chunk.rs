//! A chunk: a range of a backing's block, in units of one length, with the records of what is in it at its start.
//!
//! ```text
//!  base                                        first               fresh               base + (units << shift)
//!  │ Chunk │ (State) │ marks │ records (remotes) │ runs, used or free │ never in use since │
//! ```
//!
//! A chunk of a shard has a third table, of what threads freed that did not hold the shard, and begins and ends at a
//! granule, by which any thread finds it (`addresses`).
//!
//! A mark a unit says how far back the record of its page is, and 0 says that no block begins there. So a wild pointer is
//! refused by arithmetic, and nothing in front of it is read. A chunk does not know what runs are for: that is in
//! `state`; nor where blocks come from: that is in `growing`.

use super::front::{Front, Remote};
use super::page::Page;
use crate::arena::Block;
use crate::bump::{pad_to, round_up};
use crate::sync::in_this_order;
use crate::sync::seen::SeenU16;
use core::cell::Cell;
use core::num::NonZeroU32;
use core::ptr::NonNull;

/// Bytes of a unit, as a power of two: a page of the smallest processor, and less in a short buffer.
pub(super) const SHIFT: u32 = 12;
/// The least, whose alignment the classes have.
const LEAST_SHIFT: u32 = super::classes::ALIGN.ilog2();

/// A chunk shorter than this many units has smaller units, if it can.
const FEW_UNITS: usize = 16;

/// Who uses a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Users {
    /// The thread that has the heap.
    One,
    /// A thread at a time, and others free blocks of it meanwhile.
    Many,
}

impl Users {
    /// What a chunk's start and end are multiples of, unless a unit is longer.
    fn granule(self) -> usize {
        if self == Users::Many { GRANULE } else { 1 }
    }

    /// Bytes of a unit's remote.
    fn remote(self) -> usize {
        if self == Users::Many { size_of::<Remote>() } else { 0 }
    }
}

/// Bytes by which addresses of shards are distinguished: the shortest of their chunks.
///
/// Longer ones lose more addresses where a block of the backing begins and ends, shorter ones take more of the table: a
/// word each.
pub(super) const GRANULE: usize = 1 << GRANULE_SHIFT;
pub(super) const GRANULE_SHIFT: u32 = 16;
const _: () = assert!(GRANULE >= FEW_UNITS << SHIFT);

/// How a chunk of some length is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Bytes in front of the first unit, for its alignment.
    pub pad: usize,
    pub shift: u32,
    pub units: u32,
    /// The first unit that may be handed out. The table is in those before.
    pub first: u32,
    /// From the base to the marks, to the records, and to the remotes.
    pub marks: usize,
    pub records: usize,
    pub remotes: usize,
}

impl Plan {
    /// The plan for `len` bytes at `start`, of which the first `head` behind the padding have another use.
    pub(super) fn of(start: usize, len: usize, head: usize, users: Users) -> Plan {
        let mut shift = SHIFT;
        while shift > LEAST_SHIFT && len >> shift < FEW_UNITS {
            shift -= 1;
        }
        let granule = users.granule().max(1 << shift);
        let pad = pad_to(start, granule);
        let units = ((len.saturating_sub(pad) & !(granule - 1)) >> shift).min(u32::MAX as usize >> 1);
        let marks = round_up(head, align_of::<u16>());
        let records = round_up(marks + units * size_of::<u16>(), align_of::<Page>());
        let remotes = round_up(records + units * size_of::<Page>(), align_of::<Remote>());
        let first = units_of(remotes + units * users.remote(), shift);
        Plan { pad, shift, units: units as u32, first: first.min(units) as u32, marks, records, remotes }
    }

    /// Whether a run of so many bytes at this alignment is to be had, where the chunk begins at `base`.
    pub(super) fn holds(&self, base: usize, bytes: usize, align: usize) -> bool {
        self.first != 0 && run_in(base, self.shift, (self.first, self.units), bytes, align).is_some()
    }

    /// Bytes to ask a backing for, so that the plan holds such a run wherever the memory is. `None`: no object is so
    /// long.
    pub(super) fn bytes_for(head: usize, bytes: usize, align: usize, users: Users) -> Option<usize> {
        // A record and a mark for each unit are an eighth of the shortest units and less than a 60th of the others. No
        // object and its alignment are longer together than half of the addresses, so that no sum wraps.
        let unit = 1 << LEAST_SHIFT;
        let most = FEW_UNITS << SHIFT;
        if users == Users::One && bytes < most {
            let whole = round_up(bytes, unit);
            // Units double with the length, so what is lost by rounding is an eighth of it at most.
            let small = whole + whole / 2 + head + head / 2 + 8 * unit + if align > unit { align } else { 0 };
            // Units of the full length if there are that many, and for so long shorter ones.
            if small < most {
                return Some(small);
            }
        }
        // With remotes twice as much. Up to two granules are lost at the ends.
        let (share, ends) = if users == Users::Many { (16, 2 * GRANULE) } else { (32, 0) };
        let (whole, align) = (round_up(bytes, 1 << SHIFT), if align > unit { align } else { 0 });
        let len = (whole + whole / share + align + align / share + head + (3 << SHIFT) + ends).max(most);
        (len <= isize::MAX as usize).then_some(len)
    }
}

/// Units of so many bytes.
#[inline(always)]
pub(super) fn units_of(bytes: usize, shift: u32) -> usize {
    // No object is so long that the sum wraps.
    (bytes + ((1 << shift) - 1)) >> shift
}

/// Where a run of so many bytes at this alignment begins and ends, in the units from one of them on that are free up to
/// another.
#[cfg_attr(region_staticlib, inline(never))]
pub(super) fn run_in(
    base: usize,
    shift: u32,
    (from, to): (u32, u32),
    bytes: usize,
    align: usize,
) -> Option<(u32, NonZeroU32)> {
    // Units are aligned to their length, so that what is padded is units.
    let pad = pad_to(base + ((from as usize) << shift), align) >> shift;
    let need = pad.checked_add(units_of(bytes, shift))?;
    if need > (to - from) as usize {
        return None;
    }
    Some((from + pad as u32, NonZeroU32::new(from + need as u32)?))
}

/// A run of units: one that was taken is a block of its own that no mark leads to yet.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub chunk: NonNull<Chunk>,
    pub record: NonNull<Page>,
}

/// A chunk's header, at its base.
#[repr(C, align(64))]
pub(super) struct Chunk {
    /// The address of unit 0.
    base: *mut u8,
    /// Bytes of all units.
    len: usize,
    marks: *mut SeenU16,
    records: *mut Page,
    remotes: *mut Remote,
    /// The shard's, if it is a shard's. What is up to here and the next three do not change, and any thread reads them.
    pub front: Option<NonNull<Front>>,
    pub shift: u32,
    pub units: u32,
    /// The first unit that may be handed out.
    pub first: u32,
    /// No unit from here on is in a run.
    pub fresh: Cell<u32>,
    /// Every unit from here on is zero, once it is ready.
    pub clean: Cell<u32>,
    /// The chunk that was made before.
    pub older: Cell<Option<NonNull<Chunk>>>,
    /// The first chunk of the block. It alone has the next two.
    pub owner: NonNull<Chunk>,
    pub block: Cell<Block>,
    /// Bytes from the block's start that are in chunks.
    pub cut: Cell<usize>,
}

impl Chunk {
    /// Makes a chunk as the plan has it, `at` bytes behind the block's start. `owner` is the block's first chunk.
    ///
    /// # Safety
    /// From `at` on, the plan's bytes lie in the block and belong to the caller, and those before `plan.first` are
    /// ready.
    pub(super) unsafe fn begin(
        block: &Block,
        at: usize,
        plan: &Plan,
        owner: Option<NonNull<Chunk>>,
        front: Option<NonNull<Front>>,
    ) -> NonNull<Chunk> {
        let from = at + plan.pad;
        // SAFETY: the caller promises that the plan lies in the block.
        let base = unsafe { block.start.add(from) };
        let len = (plan.units as usize) << plan.shift;
        let chunk = base.cast::<Chunk>();
        let clean = units_of(block.dirty.saturating_sub(from), plan.shift).min(plan.units as usize);
        // SAFETY: the header, the marks, the records and the remotes are in the units before `first`, which are ready. The
        // base is aligned to a unit, so the header is, and the plan aligns the others. The bytes of the marks and remotes
        // that may be other than zero are made so. The records are written when their units get into a run; in a shard's
        // chunk they are zeroes until then, as from its entry in the table on they change through atomics alone.
        unsafe {
            let end = match front {
                Some(_) => plan.remotes + plan.units as usize * size_of::<Remote>(),
                None => plan.records,
            };
            let dirty = block.dirty.saturating_sub(from + plan.marks).min(end - plan.marks);
            base.add(plan.marks).write_bytes(0, dirty);
            chunk.write(Chunk {
                base: base.as_ptr(),
                len,
                marks: base.as_ptr().add(plan.marks).cast(),
                records: base.as_ptr().add(plan.records).cast(),
                remotes: base.as_ptr().add(plan.remotes).cast(),
                front,
                shift: plan.shift,
                units: plan.units,
                first: plan.first,
                fresh: Cell::new(plan.first),
                clean: Cell::new((clean as u32).max(plan.first)),
                older: Cell::new(None),
                owner: owner.unwrap_or(chunk),
                block: Cell::new(*block),
                cut: Cell::new(from + len),
            });
        }
        chunk
    }

    /// The address of a unit.
    pub(super) fn address(&self, unit: u32) -> *mut u8 {
        debug_assert!(unit <= self.units);
        // SAFETY: a unit that exists lies in the chunk, and the one behind the last at its end.
        unsafe { self.base.add((unit as usize) << self.shift) }
    }

    /// The unit at an address in the chunk.
    pub(super) fn unit_at(&self, address: usize) -> u32 {
        ((address - self.base.addr()) >> self.shift) as u32
    }

    /// From the base to an address, if it lies in the chunk.
    #[inline(always)]
    pub(super) fn distance(&self, address: usize) -> Option<usize> {
        let distance = address.wrapping_sub(self.base.addr());
        (distance < self.len).then_some(distance)
    }

    /// Bytes of all units.
    pub(super) fn bytes(&self) -> usize {
        self.len
    }

    pub(super) fn is_owner(&self) -> bool {
        core::ptr::eq(self.owner.as_ptr(), self)
    }

    /// From the block's start to the base.
    pub(super) fn at(&self) -> usize {
        // SAFETY: a chunk's owner is in the same block, and exists as long.
        let owner = unsafe { self.owner.as_ref() };
        self.base.addr() - owner.block.get().start.addr().get()
    }

    /// The unit's mark.
    #[inline(always)]
    fn mark(&self, unit: usize) -> &SeenU16 {
        debug_assert!(unit < self.units as usize);
        // SAFETY: there is a mark for each unit, and all have been zeroed before they were first read.
        unsafe { &*self.marks.add(unit) }
    }

    /// The record of a unit: initialized if a run begins or ends there, and always in a shard's chunk.
    #[inline(always)]
    pub(super) fn record(&self, unit: u32) -> NonNull<Page> {
        debug_assert!(unit < self.units);
        // SAFETY: there is the place of a record for each unit, behind the header.
        unsafe { NonNull::new_unchecked(self.records.add(unit as usize)) }
    }

    /// The unit in whose place a record is.
    pub(super) fn unit_of(&self, record: NonNull<Page>) -> u32 {
        ((record.addr().get() - self.records.addr()) / size_of::<Page>()) as u32
    }

    /// What others freed in a page, by its record: in a shard's chunk.
    #[inline(always)]
    pub(super) fn remote(&self, record: NonNull<Page>) -> &Remote {
        debug_assert!(self.front.is_some());
        // SAFETY: a shard's chunk has a remote for each unit, and zeroes are one.
        unsafe { &*self.remotes.add(self.unit_of(record) as usize) }
    }

    /// The record that a node belongs to, which is at this address, and which word of its blocks.
    pub(super) fn record_of_node(&self, address: usize) -> (NonNull<Page>, usize) {
        let distance = address - self.remotes.addr();
        let record = self.record((distance / size_of::<Remote>()) as u32);
        (record, Remote::word_at(distance % size_of::<Remote>()))
    }

    /// Whether the holder has seen all that others freed in a page.
    pub(super) fn is_settled(&self, record: NonNull<Page>) -> bool {
        self.front.is_none() || self.remote(record).is_clear()
    }

    /// The page whose units have the byte so far behind the base. `None` in the table, in a free run, and behind the
    /// first unit of a block of its own.
    #[inline(always)]
    pub(super) fn page_at(&self, distance: usize) -> Option<NonNull<Page>> {
        let unit = distance >> self.shift;
        let mark = usize::from(self.mark(unit).get());
        if mark == 0 {
            return None;
        }
        Some(self.record((unit + 1 - mark) as u32))
    }

    /// Whether this is the record of a page or a large block in use.
    pub(super) fn is_in_use(&self, record: NonNull<Page>) -> bool {
        self.mark(self.unit_of(record) as usize).get() == 1
    }

    /// The record of the page or large block in use that begins at a unit, if one does.
    pub(super) fn used_at(&self, unit: u32) -> Option<NonNull<Page>> {
        Some(self.record(unit)).filter(|&record| self.is_in_use(record))
    }

    /// Lets the units of a page lead to its record: `marked` units from its first one.
    pub(super) fn mark_page(&self, unit: u32, marked: u32) {
        in_this_order();
        self.set_marks(unit, marked, 1);
    }

    /// The units lead to no record from here on.
    pub(super) fn unmark(&self, unit: u32, marked: u32) {
        self.set_marks(unit, marked, 0);
    }

    /// Makes marks multiples of `step`, from one of them on.
    #[cfg_attr(region_staticlib, inline(never))]
    fn set_marks(&self, unit: u32, marked: u32, step: u16) {
        let mut mark = 0;
        for unit in unit..unit + marked {
            mark += step;
            self.mark(unit as usize).set(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_holds_what_it_is_for_wherever_it_is() {
        let sizes = [1, 16, 512, 513, 1000, 4096, 4097, 9000, 20_000, 32_768, 65_536, 100_000, 1 << 20, 77 << 20];
        for bytes in sizes {
            for align in [1, 64, 512, 4096, 65_536, 2 << 20] {
                for (head, users) in [(192, Users::One), (2048, Users::One), (192, Users::Many)] {
                    let len = Plan::bytes_for(head, bytes, align, users).unwrap();
                    for start in [0, 1, 63, 64, 511, 512, 4095, 4096, 10_000, (2 << 20) - 512] {
                        let start = start + (4 << 20);
                        for more in [0, 1, 511, 4096, 60_000, 16 << 20] {
                            let plan = Plan::of(start, len + more, head, users);
                            let holds = plan.holds(start + plan.pad, bytes, align);
                            assert!(holds, "{bytes} at {align} in {len}+{more} at {start}: {plan:?}");
                        }
                    }
                }
            }
        }
        assert_eq!(Plan::bytes_for(192, isize::MAX as usize - 100, 1, Users::One), None);
    }

    #[test]
    fn the_table_is_in_front_of_the_first_unit() {
        for len in [0, 100, 4000, 8192, 64 << 10, 1 << 20, 16 << 20, 1 << 30] {
            let plan = Plan::of(12_345, len, 256, Users::One);
            let end = plan.records + plan.units as usize * size_of::<Page>();
            let many = Plan::of(12_345, len, 256, Users::Many);
            let (from, bytes) = (12_345 + many.pad, (many.units as usize) << many.shift);
            assert!(
                many.units == 0 || from % GRANULE == 0 && bytes % GRANULE == 0 && many.pad + bytes <= len,
                "{many:?}"
            );
            let needed = many.remotes + many.units as usize * size_of::<Remote>();
            assert!(many.first == many.units || needed <= (many.first as usize) << many.shift, "{many:?}");
            assert!(plan.first == plan.units || end <= (plan.first as usize) << plan.shift, "{plan:?}");
            assert!(plan.pad + ((plan.units as usize) << plan.shift) <= len.max(plan.pad), "{plan:?}");
            assert!(plan.units == 0 || plan.records % 64 == 0 && plan.records >= plan.marks + 2 * plan.units as usize);
        }
    }
}
