//! A cage's addresses: reserved at the first use, cut into units, and never given up.
//!
//! ```text
//!   base                      first unit for arenas
//!   │ header, words of `units` │ unit │ unit │ ...                          base + len
//! ```
//!
//! The header is written before the base is settled ([`address`](super::address)), and only read from then on. The words
//! behind it are zero when they are mapped, which are free units. Which run goes to whom is in
//! [`units`](super::units), how an arena uses its run in [`backing`](super::backing).

use super::address::Address;
use super::options::Options;
use super::units::{Counts, Plan, Run, Units};
use crate::arena::backing::is_locked_when_mapped;
use crate::bump::{pad_to, round_down};
use crate::error::{CageFull, Errno, Error};
use crate::policy::{CAGE_BUDGET, CAGE_LEAST, CAGE_SHARE, CAGE_UNIT, HUGE_PAGE, SMALLER};
use crate::pool::bitmap::{LINE, Words};
use crate::pool::bits::WORD_LOG;
use crate::roots;
use crate::sync::AtomicUsize;
use crate::sync::{HINTS, global, thread_hint};
use crate::sys::{self, Access, Advice, Sharing};
use core::fmt;
use core::ptr::NonNull;

/// What a cage's `static` holds: where it is, once it is reserved. Made by [`cage!`](crate::cage!) alone.
#[doc(hidden)]
pub struct Space {
    name: &'static str,
    options: Options,
    base: Address,
    /// Threads that are mapping a constant address now.
    mapping: global::AtomicUsize,
}

/// What lies at a cage's base.
#[repr(C, align(128))]
struct Header {
    /// Bytes of the cage, the header's own units included: whole units.
    len: usize,
    /// Units are made usable by `mprotect` as they are needed.
    protected: bool,
    plan: Plan,
}

/// A cage that is mapped.
#[derive(Clone, Copy)]
pub(super) struct Mounted {
    base: NonNull<u8>,
    header: &'static Header,
}

/// The bytes before the words.
const WORDS_AT: usize = size_of::<Header>().next_multiple_of(LINE * size_of::<usize>());

impl Words for Mounted {
    #[inline(always)]
    fn word(&self, at: usize) -> &AtomicUsize {
        debug_assert!(at < self.header.plan.words());
        // SAFETY: the words lie behind the header, as many as the plan has, in memory that was mapped as zeroes and is
        // never unmapped; nothing but these atomics is there.
        unsafe { self.base.add(WORDS_AT).cast::<AtomicUsize>().add(at).as_ref() }
    }
}

impl Mounted {
    /// # Safety
    /// `base` was settled by `Space::mount`, and what it wrote there is seen.
    unsafe fn at(base: usize) -> Self {
        let base = core::ptr::with_exposed_provenance_mut::<u8>(base);
        // SAFETY: an address that was settled is not 0, its mapping was exposed, and a header was written there, which
        // is only read from then on and stays for ever.
        unsafe {
            let base = NonNull::new_unchecked(base);
            Mounted { base, header: base.cast::<Header>().as_ref() }
        }
    }

    pub(super) fn base(self) -> usize {
        self.base.addr().get()
    }

    pub(super) const fn len(self) -> usize {
        self.header.len
    }

    pub(super) const fn capacity(self) -> usize {
        self.header.plan.capacity()
    }

    /// Whether units must be given access before they are used.
    pub(super) const fn is_protected(self) -> bool {
        self.header.protected
    }

    pub(super) fn counts(&self) -> Counts {
        self.units().counts()
    }

    fn units(&self) -> Units<'_, Mounted, WORD_LOG> {
        Units::new(self, &self.header.plan)
    }

    /// The first byte of unit number `at`, which the cage has.
    pub(super) fn start_of(self, at: usize) -> NonNull<u8> {
        debug_assert!(at < self.capacity());
        // SAFETY: the unit lies in the cage.
        unsafe { self.base.add(at * CAGE_UNIT) }
    }

    /// The number of the unit that begins here.
    pub(super) fn number_of(self, start: NonNull<u8>) -> usize {
        (start.addr().get() - self.base()) / CAGE_UNIT
    }

    /// Takes units, and empties the slots if there are no such units otherwise.
    pub(super) fn take(&self, count: usize) -> Option<Run> {
        // SAFETY: `empty_slots` calls it for units that it took itself.
        let give_back = |start: usize, count: usize| unsafe { self.give_back(start, count) };
        loop {
            let run = self.units().take(count);
            if run.is_some() || self.units().empty_slots(budget(), give_back) == 0 {
                return run;
            }
        }
    }

    /// Takes just these units, if the cage has them and they are free.
    pub(super) fn take_exactly(&self, start: usize, count: usize) -> Option<Run> {
        self.units().take_exactly(start, count)
    }

    /// Gives units back over which something else was mapped, with new pages in its place. If the system refuses these, the
    /// units are not given back: something else may be there for ever.
    ///
    /// # Safety
    /// As for [`give`](Self::give).
    pub(super) unsafe fn renew(&self, run: Run) {
        let access = if self.is_protected() { Access::None } else { Access::ReadWrite };
        let (start, len) = (self.start_of(run.start), run.count * CAGE_UNIT);
        // SAFETY: the units are the caller's, and nothing uses them; advice of this kind changes no page.
        unsafe {
            if sys::map_over(start, len, access).is_ok() {
                let _ = sys::advise(start, len, Advice::NoHugePage);
                self.give(Run { dirty: 0, ..run });
            }
        }
    }

    /// Takes the unit that the last small arena of this thread left, if there is one.
    #[inline]
    pub(super) fn take_waiting(&self) -> Option<Run> {
        self.units().take_waiting(thread_hint())
    }

    /// Leaves a unit to the next small arena of this thread. False if there is one already.
    ///
    /// # Safety
    /// As for [`give`](Self::give), if the answer is true.
    #[inline]
    pub(super) unsafe fn give_waiting(&self, run: Run) -> bool {
        run.count == 1 && !roots::are_looked_for() && self.units().give_waiting(run.start, thread_hint())
    }

    /// Gives a run back, with the RAM of its dirty units if the cage keeps enough for the next.
    ///
    /// # Safety
    /// The run was taken, and nothing uses its bytes from here on.
    pub(super) unsafe fn give(&self, run: Run) {
        // SAFETY: the units are the caller's until the call, and nothing uses them.
        self.units().give(run, budget(), || unsafe { self.give_back(run.start, run.dirty) });
    }

    /// Gives the RAM of free units back; how many bytes.
    pub(super) fn trim(&self) -> usize {
        // SAFETY: `trim` calls it for units that it took itself.
        self.units().trim(|start, count| unsafe { self.give_back(start, count) }) * CAGE_UNIT
    }

    /// Returns the RAM of units, and whether they are zero now.
    ///
    /// # Safety
    /// The units are the caller's, and nothing uses their bytes.
    unsafe fn give_back(&self, start: usize, count: usize) -> bool {
        // Where this maps new pages, they are given access as they are needed again.
        let access = if self.is_protected() { Access::None } else { Access::ReadWrite };
        // SAFETY: private anonymous pages, which nothing uses; all may be written, or are not ready in their next block.
        unsafe { sys::decommit(self.start_of(start), count * CAGE_UNIT, Sharing::Private, access).is_ok() }
    }
}

impl Space {
    /// A cage that is not reserved yet.
    #[must_use]
    pub const fn new(name: &'static str, options: Options) -> Self {
        Space { name, options, base: Address::unknown(), mapping: global::AtomicUsize::new(0) }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Where the cage begins: a load, which the compiler may move out of loops and join with others.
    ///
    /// # Safety
    /// The caller has something that leads into the cage, or got the cage from `mount` or `mounted`.
    #[inline(always)]
    pub(super) unsafe fn base(&self) -> usize {
        // SAFETY: nothing leads into a cage before its address was settled, and whoever made it knew the address.
        unsafe { self.base.known() }
    }

    /// The cage, if it is reserved.
    pub(super) fn mounted(&self) -> Option<Mounted> {
        // SAFETY: `mount` settled the address.
        self.base.get().map(|base| unsafe { Mounted::at(base) })
    }

    /// The cage, which is reserved now if it was not.
    ///
    /// # Errors
    /// When the system refuses even the shortest, or the constant address.
    #[inline]
    pub(super) fn mount(&self) -> Result<Mounted, Error> {
        match self.mounted() {
            Some(mounted) => Ok(mounted),
            None => self.mount_first(),
        }
    }

    #[cold]
    #[inline(never)]
    fn mount_first(&self) -> Result<Mounted, Error> {
        let order = global::Ordering::AcqRel;
        self.mapping.fetch_add(1, order);
        let reserved = self.reserve();
        let settled = reserved.map(|reserved| {
            // SAFETY: the bytes were mapped just now, writable as far as the header and the words reach.
            unsafe { self.prepare(reserved) };
            let base = self.base.settle(reserved.base.addr().get());
            if base != reserved.base.addr().get() {
                // SAFETY: another thread was faster, and nobody knows of this mapping.
                unsafe { reserved.unmap() };
            }
            // SAFETY: the address is the settled one.
            unsafe { Mounted::at(base) }
        });
        self.mapping.fetch_sub(1, order);
        // Another thread may have had a constant address a moment before.
        settled.or_else(|refused| self.mounted().ok_or(refused))
    }

    /// As [`reserve_at`](Self::reserve_at), and shorter ones where the system refuses.
    fn reserve(&self) -> Result<Reserved, Error> {
        /// How often an address is tried that another thread seems to be mapping.
        const TRIES: usize = 10_000;
        let share = round_down(sys::address_space() / CAGE_SHARE, CAGE_UNIT);
        let first = self.options.most().min(share).max(CAGE_LEAST);
        let (mut len, mut tries) = (first, 0);
        loop {
            match self.reserve_at(len) {
                // Where a limit refused more, as much is left for others.
                Ok(reserved) if len == first || len == CAGE_LEAST || addresses_are_left(len) => return Ok(reserved),
                Ok(reserved) => {
                    // SAFETY: the mapping was made just now, and nobody knows of it.
                    unsafe { reserved.unmap() };
                    len = shorter(len);
                }
                Err(refused) if refused.is(Errno::EEXIST) => {
                    // Either it is really taken, or a thread has mapped it and not said so yet. A child of `fork` waits
                    // for a thread that it has not, so not for ever.
                    tries += 1;
                    let others = self.mapping.load(global::Ordering::Acquire) > 1;
                    if self.base.get().is_some() || !others || tries == TRIES {
                        return Err(refused);
                    }
                    core::hint::spin_loop();
                }
                Err(refused) if len == CAGE_LEAST => return Err(refused),
                Err(_) => len = shorter(len),
            }
        }
    }

    /// Maps a cage of `len` bytes: readable and writable as a whole if the kernel allows. Else it is made usable as it is
    /// needed: under strict overcommit and limits on data all of it would count at once, where all memory is locked it
    /// would come into RAM, and a leak checker would read it.
    fn reserve_at(&self, len: usize) -> Result<Reserved, Error> {
        let late = roots::are_looked_for() || sys::data_is_limited() || is_locked_when_mapped(len);
        if !late {
            if let Ok(reserved) = self.map(len, Access::ReadWrite) {
                return Ok(reserved);
            }
        }
        let reserved = self.map(len, Access::None)?;
        let prepared = reserved.header_units() * CAGE_UNIT;
        // SAFETY: the pages were mapped just now, and nothing refers to them.
        match unsafe { sys::protect(reserved.base, prepared, Access::ReadWrite) } {
            Ok(()) => Ok(reserved),
            Err(refused) => {
                // SAFETY: the mapping was made just now, and nobody knows of it.
                unsafe { reserved.unmap() };
                Err(refused)
            }
        }
    }

    fn map(&self, len: usize, access: Access) -> Result<Reserved, Error> {
        let request = |len| sys::MapRequest {
            len,
            access,
            sharing: Sharing::Private,
            charge: false,
            populate: false,
            huge: None,
        };
        let protected = access == Access::None;
        let reserved = match self.options.constant() {
            Some(address) => {
                let start = sys::map_at(core::ptr::with_exposed_provenance_mut(address), request(len))?;
                Reserved { base: start, len, mapping: start, mapped: len, protected }
            }
            None => {
                // Aligned for huge pages, wherever the kernel puts it.
                let mapped = len + HUGE_PAGE;
                let mapping = sys::map(request(mapped))?;
                let lead = pad_to(mapping.addr().get(), HUGE_PAGE);
                // SAFETY: the distance is less than what was mapped beyond `len`.
                Reserved { base: unsafe { mapping.add(lead) }, len, mapping, mapped, protected }
            }
        };
        roots::enter(reserved.mapping, reserved.mapped);
        // An arena of a page must not take 2 MiB, where the kernel uses huge pages unasked. Long blocks ask for them.
        // SAFETY: the bytes were mapped just now, and advice of this kind changes none.
        let _ = unsafe { sys::advise(reserved.mapping, reserved.mapped, Advice::NoHugePage) };
        Ok(reserved)
    }

    /// Writes the header, and takes the units that it and the words lie in.
    ///
    /// # Safety
    /// The bytes are the caller's alone, zero, and the header's units may be written.
    unsafe fn prepare(&self, reserved: Reserved) {
        let Reserved { base, len, protected, .. } = reserved;
        base.as_ptr().expose_provenance();
        // SAFETY: the caller's promise. The base is aligned to a page at least, and the header's units are as long as it.
        let mounted = unsafe {
            base.cast::<Header>().write(Header { len, protected, plan: plan(len) });
            Mounted::at(base.addr().get())
        };
        mounted.units().prepare(reserved.header_units());
    }

    /// Why a cage that is used up cannot give more.
    pub(super) fn full(&self, mounted: Mounted) -> CageFull {
        CageFull::new(self.name, mounted.len())
    }

    /// Which of the cage's bytes `address` is, if it is one. The first is never a value's: a header lies there.
    pub(super) fn offset_of(&self, address: usize) -> Option<usize> {
        let mounted = self.mounted()?;
        address.checked_sub(mounted.base()).filter(|offset| (1..mounted.len()).contains(offset))
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").field("name", &self.name).field("options", &self.options).finish_non_exhaustive()
    }
}

/// A mapping that may become a cage.
#[derive(Clone, Copy)]
struct Reserved {
    base: NonNull<u8>,
    len: usize,
    mapping: NonNull<u8>,
    mapped: usize,
    protected: bool,
}

impl Reserved {
    fn header_units(self) -> usize {
        header_units(self.len)
    }

    /// # Safety
    /// Nobody knows of the mapping.
    unsafe fn unmap(self) {
        roots::leave(self.mapping, self.mapped);
        // SAFETY: the mapping is whole and the caller's, who gives it up.
        unsafe { sys::release(self.mapping, self.mapped, Sharing::Private) };
    }
}

/// Units of the bitmap that may be free and dirty. Each slot may have one more.
fn budget() -> usize {
    const { assert!(CAGE_BUDGET / CAGE_UNIT > HINTS) };
    // Where a leak checker looks, old values would hide what they once referred to.
    if roots::are_looked_for() { 0 } else { CAGE_BUDGET / CAGE_UNIT - HINTS }
}

/// The length to try after this one.
fn shorter(len: usize) -> usize {
    round_down(len / SMALLER, CAGE_UNIT).max(CAGE_LEAST)
}

/// Whether as many bytes of addresses can be had, now.
fn addresses_are_left(len: usize) -> bool {
    let (access, sharing) = (Access::None, Sharing::Private);
    let asked = sys::map(sys::MapRequest { len, access, sharing, charge: false, populate: false, huge: None });
    // SAFETY: the mapping was made just now, and nobody knows of it.
    asked.map(|start| unsafe { sys::release(start, len, sharing) }).is_ok()
}

fn plan(len: usize) -> Plan {
    Plan::new(WORD_LOG, len / CAGE_UNIT, HINTS)
}

/// Units that the header and the words take.
fn header_units(len: usize) -> usize {
    (WORDS_AT + plan(len).words() * size_of::<usize>()).div_ceil(CAGE_UNIT)
}
