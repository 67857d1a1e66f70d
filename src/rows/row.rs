//! The memory of a row, how many values are in it, and their end.
//!
//! [`Store`] does not know the type of its values: it has their count and a function that drops them. So its
//! `Drop` says nothing about the type, and the compiler asks what a `Row<T>` may hold of the field beside it,
//! `PhantomData<T>`: it is checked as if the row held a `T` (`core::ops::Drop`, "Drop check"). That is just
//! what is wanted:
//!
//! - values without a `Drop` of their own may refer to each other and to the row they are in, as in
//!   `struct Node<'a> { next: Cell<Option<&'a Node<'a>>> }`;
//! - values with one may refer only to what is alive when it runs.
//!
//! `impl<T> Drop for Row<T>` would forbid the first, as `#[may_dangle]` is not for stable Rust.
//!
//! Everything here changes behind `&mut` alone. How rows grow behind shared references is `shared_row`'s
//! business, and so growing is in two steps: [`Row::grow`] works out what is to be, [`Row::note`] writes it down.

use super::count::Count;
use crate::arena::Backing;
use crate::arena::backing::Block;
use crate::arena::bump::pad_to;
use crate::arena::failure::Failure;
use crate::bytes::Bytes;
use crate::checkers::{self, Holds};
use crate::error::{AllocError, AllocReason};
use crate::report::Report;
use crate::sync::global::{AtomicUsize, Ordering};
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::ptr::NonNull;

/// What a mapped region needs beside its values to place its start (`.back.runway`): with so much less than a
/// round number asked for, the region of just that number serves.
const PLACING: usize = 4 << 20;

/// Bytes of addresses that a row asks for when nobody said how long it may become: the first as long as the
/// rows of this process hold no more than `MANY` together, then the second.
///
/// Mapping either costs what 64 KiB cost. Fewer would end rows that machines have the RAM for. But a process
/// has 128 TiB, and what takes the last of them takes it from everybody: two thousand rows of the first kind
/// would do that, where with the two it takes as many as the kernel's limit on mappings allows, about.
#[cfg(target_pointer_width = "64")]
const WISHES: [usize; 2] = [(64 << 30) - PLACING, (4 << 30) - PLACING];
#[cfg(target_pointer_width = "64")]
const MANY: usize = 16 << 40;
/// On smaller systems, shares of 2 to 4 GiB, or of what little there is.
#[cfg(not(target_pointer_width = "64"))]
const WISHES: [usize; 2] = [isize::MAX as usize / 16, isize::MAX as usize / 64];
#[cfg(not(target_pointer_width = "64"))]
const MANY: usize = isize::MAX as usize / 2;

/// Bytes of addresses that the rows of this process hold. Only says which wish to begin with.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// What the wish is divided by as long as it is refused, down to what the first values need.
const SMALLER: usize = 4;

/// What a row has before its first value.
const NO_BLOCK: Block = Block { start: NonNull::dangling(), len: 0, ready: 0, dirty: 0, tag: 0 };

/// A block on loan, given back at the end.
struct Ground<B: Backing> {
    block: Block,
    backing: B,
}

impl<B: Backing> Drop for Ground<B> {
    fn drop(&mut self) {
        let block = &mut self.block;
        if block.len != 0 {
            // How far values were ever written is not kept: to count all that was usable is never wrong.
            block.dirty = block.dirty.max(block.ready);
            HELD.fetch_sub(block.len, Ordering::Relaxed);
            checkers::tell(block.start, block.dirty, Holds::Bytes);
            // SAFETY: the block came from this backing and is on loan. Its values were dropped, forgotten or
            // moved out, and references to them do not outlive the row.
            unsafe { self.backing.release(block) };
        }
    }
}

/// A row without the type of its values.
///
/// # Invariants
/// - `start` is aligned for the values. Values of no size have no block, and room for `usize::MAX`.
/// - The first `len` places from `start` hold values, which the store owns.
/// - `usable` places lie in the block's first `block.ready` bytes, and `len <= ready <= usable`.
/// - Once there is a block, neither where it is nor `start` changes.
#[repr(C)] // as declared: see `ready`
struct Store<B: Backing> {
    len: usize,
    start: NonNull<u8>,
    /// Places up to which a push needs no look at the memory (`.bump.cold`).
    ///
    /// Not beside `len`: the compiler would read the two with one wide load, which waits until narrow stores
    /// before it have left the processor (docs/design.md, "The block cache").
    ready: usize,
    /// Places that may be written to. As many as `ready`, but for a `shared_row` that has something under way.
    usable: usize,
    /// Drops that many values from that address on; none when there is nothing to do.
    drop_values: Option<unsafe fn(NonNull<u8>, usize)>,
    /// Declared last, as fields are dropped in order and also when a value's drop panics.
    ground: Ground<B>,
}

impl<B: Backing> Drop for Store<B> {
    #[inline]
    fn drop(&mut self) {
        let len = mem::take(&mut self.len);
        if let Some(drop_values) = self.drop_values {
            // SAFETY: the first `len` places hold values that the store owns, and owns no more from here on.
            // The function is the one for their type (`Row::new`).
            unsafe { drop_values(self.start, len) };
        }
    }
}

/// What a row has after it grew.
pub(super) struct Grown {
    block: Block,
    /// Places that may be written to.
    usable: usize,
}

impl<B: Backing> Ground<B> {
    /// A block of `bytes` for values of this layout, or fewer where that is refused: down to `least` bytes.
    fn acquire(&self, value: Layout, bytes: usize, least: usize) -> Result<Block, AllocError> {
        let mut wish = bytes.max(least);
        let block = loop {
            let refused = match Layout::from_size_align(wish, value.align()) {
                Ok(layout) => match self.backing.acquire(layout, 0) {
                    Ok(block) => break block,
                    Err(error) => error.reason(),
                },
                Err(_) => AllocReason::TooLarge,
            };
            if wish == least {
                return Err(AllocError::new(least, refused));
            }
            wish = (wish / SMALLER).max(least);
        };
        HELD.fetch_add(block.len, Ordering::Relaxed);
        checkers::tell(block.start, block.ready, Holds::Nothing);
        Ok(block)
    }

    /// Works out how to make `len + more` places usable. The one slow path of every way to grow: it knows layouts
    /// only, and makes all the system calls. A block that it acquired belongs to the caller.
    #[cold]
    #[inline(never)]
    fn grow<F: Failure>(&self, value: Layout, len: usize, more: usize) -> Result<Grown, F::Error> {
        self.try_grow(value, len, more).map_err(F::from)
    }

    fn try_grow(&self, value: Layout, len: usize, more: usize) -> Result<Grown, AllocError> {
        let asked = more.saturating_mul(value.size());
        let fail = |reason| AllocError::new(asked, reason);
        let places = len.checked_add(more).ok_or(fail(AllocReason::TooLarge))?;
        let mut block = self.block;
        if value.size() == 0 {
            return Ok(Grown { block, usable: usize::MAX });
        }
        let bytes = places.checked_mul(value.size()).ok_or(fail(AllocReason::TooLarge))?;
        let new = block.len == 0;
        if new {
            let wish = WISHES[usize::from(HELD.load(Ordering::Relaxed) > MANY)];
            block = self.acquire(value, wish, bytes).map_err(|error| fail(error.reason()))?;
        }
        // A block's length is at most `isize::MAX` and so is an alignment: no wrap in the addition below, as
        // `bytes` is compared first (`.bump.size-first`).
        let pad = pad(&block, value);
        if bytes > block.len.saturating_sub(pad) {
            return Err(fail(AllocReason::Reservation(block.len)));
        }
        if pad + bytes > block.ready {
            let before = block.ready;
            // SAFETY: the block came from this backing and is on loan; the need is at most its length.
            if let Err(error) = unsafe { self.backing.commit(&mut block, pad + bytes) } {
                if new {
                    // Nothing has been put into it: another try starts from nothing again.
                    HELD.fetch_sub(block.len, Ordering::Relaxed);
                    checkers::tell(block.start, block.ready, Holds::Bytes);
                    // SAFETY: the block came from this backing and nobody uses it.
                    unsafe { self.backing.release(&block) };
                }
                return Err(fail(error.reason()));
            }
            // SAFETY: the first `block.ready` bytes, which are more than before, lie in the block.
            checkers::tell(unsafe { block.start.add(before) }, block.ready - before, Holds::Nothing);
        }
        if !checkers::watching() {
            return Ok(Grown { block, usable: usable(&block, value) });
        }
        // A checker hears of every place that is asked for, and nothing else may be touched.
        // SAFETY: the first `pad + bytes` bytes lie in the block, and the places from `len` on are their last.
        let from = unsafe { block.start.add(pad + len * value.size()) };
        checkers::tell(from, asked, Holds::Uninitialized);
        Ok(Grown { block, usable: places })
    }
}

/// Places of a block that could be written to now.
fn usable(block: &Block, value: Layout) -> usize {
    match value.size() {
        0 => usize::MAX,
        size => block.ready.saturating_sub(pad(block, value)) / size,
    }
}

/// Places of a block that there are addresses for.
fn capacity(block: &Block, value: Layout) -> usize {
    match value.size() {
        0 => usize::MAX,
        size => block.len.saturating_sub(pad(block, value)) / size,
    }
}

/// Bytes of a block before the first value.
fn pad(block: &Block, value: Layout) -> usize {
    pad_to(block.start.addr().get(), value.align())
}

/// Drops `len` values from `start` on, in order; when one's drop panics, the others are dropped all the same.
///
/// # Safety
/// They are values of `T`, and the caller's to drop.
unsafe fn drop_values<T>(start: NonNull<u8>, len: usize) {
    // SAFETY: the caller's promise, passed on.
    unsafe { NonNull::slice_from_raw_parts(start.cast::<T>(), len).drop_in_place() }
}

/// Values of `T` side by side, and the memory for more.
pub(super) struct Row<T, B: Backing> {
    /// Made for `T`: its layout and its drop.
    store: Store<B>,
    /// Stands for the values at drop check, as the store's `Drop` does not know them.
    values: PhantomData<T>,
}

// SAFETY: a row owns its values and its block. A backing that is `Send` may be used from another thread with
// the block it lent, and references to values borrow the row, so none is left behind when it is moved.
unsafe impl<T: Send, B: Backing + Send> Send for Row<T, B> {}
// SAFETY: behind `&Row` there are only reads: of its fields, of values, and `resident`, which asks the backing.
unsafe impl<T: Sync, B: Backing + Sync> Sync for Row<T, B> {}

impl<T, B: Backing> Row<T, B> {
    const VALUE: Layout = Layout::new::<T>();

    /// An empty row, without memory.
    #[inline]
    pub(super) const fn new(backing: B) -> Self {
        let store = Store {
            start: NonNull::<T>::dangling().cast(),
            len: 0,
            ready: if size_of::<T>() == 0 { usize::MAX } else { 0 },
            usable: if size_of::<T>() == 0 { usize::MAX } else { 0 },
            drop_values: if mem::needs_drop::<T>() { Some(drop_values::<T>) } else { None },
            ground: Ground { block: NO_BLOCK, backing },
        };
        Row { store, values: PhantomData }
    }

    /// An empty row with addresses for `max_len` values at least; no ladder (`.back.region`).
    pub(super) fn with_reservation<F: Failure>(max_len: usize, backing: B) -> Result<Self, F::Error> {
        let mut row = Row::new(backing);
        if size_of::<T>() != 0 {
            let bytes = max_len.checked_mul(size_of::<T>()).ok_or(AllocError::new(usize::MAX, AllocReason::TooLarge));
            let block = bytes.and_then(|bytes| row.store.ground.acquire(Self::VALUE, bytes, bytes)).map_err(F::from)?;
            let usable = if checkers::watching() { 0 } else { usable(&block, Self::VALUE) };
            // SAFETY: the row is this function's alone.
            unsafe { Row::note(&raw mut row, Grown { block, usable }) };
            row.store.ready = usable;
        }
        Ok(row)
    }

    pub(super) const fn backing(&self) -> &B {
        &self.store.ground.backing
    }

    /// Values in the row.
    #[inline(always)]
    pub(super) const fn len(&self) -> usize {
        self.store.len
    }

    /// The count and where the first value is, of a row that readers follow. The latter they may ask once they
    /// saw a count above zero: it is set before the first value is published, and not again.
    ///
    /// # Safety
    /// The row is alive and may be written to by this address for `'a`, and its count is raised by the one and
    /// nothing else meanwhile.
    #[inline(always)]
    pub(super) unsafe fn followed<'a>(row: *mut Self) -> (&'a Count, &'a Cell<NonNull<u8>>)
    where
        Self: 'a,
    {
        // SAFETY: both are fields of a row that is alive, as the caller says; no reference to the row is made, as
        // others may be looking at these fields. A cell has the form of what is in it.
        unsafe { (Count::at(&raw mut (*row).store.len), &*(&raw mut (*row).store.start).cast()) }
    }

    /// Places up to which a push needs no look at the memory.
    #[inline(always)]
    pub(super) const fn ready(&self) -> usize {
        self.store.ready
    }

    /// Sets that, of a row that readers follow.
    ///
    /// # Safety
    /// The row is alive, and this is the thread that raises its count. At most what is usable.
    #[inline(always)]
    pub(super) unsafe fn set_ready(row: *mut Self, places: usize) {
        // SAFETY: only that thread looks at the field.
        unsafe { (*row).store.ready = places };
    }

    /// Places that may be written to.
    #[inline(always)]
    pub(super) const fn usable(&self) -> usize {
        self.store.usable
    }

    /// Places that there are addresses for: 0 before the first value, unless they were reserved.
    pub(super) fn capacity(&self) -> usize {
        capacity(&self.store.ground.block, Self::VALUE)
    }

    /// The place for value number `at`, which is at most what is usable.
    #[inline(always)]
    pub(super) const fn place(&self, at: usize) -> NonNull<T> {
        // SAFETY: places up to what is usable lie in the block (the invariant), and those of values without a
        // size are all the same.
        unsafe { self.store.start.cast::<T>().add(at) }
    }

    /// The values from `from` on, up to `to`, as an address: both at most what is usable, in order.
    #[inline(always)]
    pub(super) const fn places(&self, from: usize, to: usize) -> NonNull<[T]> {
        NonNull::slice_from_raw_parts(self.place(from), to - from)
    }

    /// Works out how to make `len + more` places usable, for [`note`](Self::note).
    #[inline]
    pub(super) fn grow<F: Failure>(&self, len: usize, more: usize) -> Result<Grown, F::Error> {
        self.store.ground.grow::<F>(Self::VALUE, len, more)
    }

    /// Writes down what [`grow`](Self::grow) worked out; `ready` is left to the caller. By address, as others may be looking at the count and, if there was a block, at the start.
    ///
    /// # Safety
    /// The row is alive and `grown` is its own; nobody else looks at what changes.
    pub(super) unsafe fn note(row: *mut Self, grown: Grown) {
        // SAFETY: the caller's promise. A block has room for what it was acquired for behind the padding that
        // aligns it.
        unsafe {
            let store = &raw mut (*row).store;
            if (*store).ground.block.len != grown.block.len {
                (*store).start = grown.block.start.add(pad(&grown.block, Self::VALUE));
            }
            (*store).ground.block = grown.block;
            (*store).usable = grown.usable;
        }
    }

    fn make_usable<F: Failure>(&mut self, len: usize, more: usize) -> Result<(), F::Error> {
        let grown = self.grow::<F>(len, more)?;
        // SAFETY: the row is borrowed mutably.
        unsafe { Row::note(self, grown) };
        self.store.ready = self.store.usable;
        Ok(())
    }

    /// Makes room for `more` values after those that there are.
    #[inline]
    pub(super) fn make_room<F: Failure>(&mut self, more: usize) -> Result<(), F::Error> {
        self.make_room_above::<F>(self.len(), more)
    }

    /// Makes `more` places above the first `end` usable, which are so already.
    #[inline]
    pub(super) fn make_room_above<F: Failure>(&mut self, end: usize, more: usize) -> Result<(), F::Error> {
        if more > self.ready() - end {
            self.make_usable::<F>(end, more)?;
        }
        Ok(())
    }

    /// Makes room for one value, out of the way of a loop that pushes.
    #[cold]
    #[inline(never)]
    pub(super) fn make_room_for_one<F: Failure>(&mut self) -> Result<(), F::Error> {
        self.make_usable::<F>(self.len(), 1)
    }

    /// Sets the count.
    ///
    /// # Safety
    /// The first `len` places hold values, which become the row's; those above are somebody else's to drop.
    #[inline(always)]
    pub(super) const unsafe fn set_len(&mut self, len: usize) {
        self.store.len = len;
    }

    /// Drops the values from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        /// Hears of the end of the values, also when a drop panics.
        struct Retire<'a, T, B: Backing>(&'a mut Row<T, B>);

        impl<T, B: Backing> Drop for Retire<'_, T, B> {
            #[inline]
            fn drop(&mut self) {
                self.0.retire();
            }
        }

        let before = self.len();
        if len < before {
            let row = Retire(self);
            // SAFETY: `len..before` hold values. They leave the row before they are dropped, so that none is
            // dropped twice when a drop panics.
            unsafe {
                row.0.set_len(len);
                row.0.places(len, before).drop_in_place();
            }
        }
    }

    /// Says that nothing is left above the count: a checker reports who touches it, and a paranoid backing
    /// takes its pages' access away. Nothing, otherwise.
    #[inline]
    pub(super) fn retire(&mut self) {
        let len = self.len();
        let used = self.used();
        let Ground { block, backing } = &mut self.store.ground;
        if size_of::<T>() == 0 || block.len == 0 {
            return;
        }
        let keep = pad(block, Self::VALUE) + used;
        let before = block.ready;
        // SAFETY: the block came from this backing and is on loan, and nobody uses what lies above the values.
        unsafe { backing.retire(block, keep) };
        if block.ready != before {
            block.dirty = block.dirty.max(before);
            self.store.usable = usable(block, Self::VALUE);
        }
        if checkers::watching() {
            // SAFETY: what aligns the values and they themselves are the block's first `keep` bytes. Without values
            // fewer may be ready, and there is nothing to tell.
            checkers::tell(unsafe { block.start.add(keep) }, block.ready.saturating_sub(keep), Holds::Nothing);
            self.store.usable = len;
        }
        self.store.ready = self.store.usable;
    }

    /// Tells a watching checker that nothing is above the count, of a row that readers follow.
    ///
    /// # Safety
    /// The row is alive, this is the thread that raises its count, and what is above it is nobody's.
    pub(super) unsafe fn retire_followed(row: *mut Self) {
        // SAFETY: what the caller says. No reference to what is written is made.
        unsafe {
            let (len, usable) = ((*row).store.len, (*row).store.usable);
            if size_of::<T>() != 0 {
                checkers::tell((*row).place(len).cast(), (usable - len) * size_of::<T>(), Holds::Nothing);
                ((*row).store.usable, (*row).store.ready) = (len, len);
            }
        }
    }

    /// As [`retire`](Self::retire), after one value left: built in only with feature `poison` or `paranoid`, as
    /// even a look at the backing would cost more than taking a value does.
    #[inline(always)]
    pub(super) fn retire_one(&mut self) {
        if cfg!(any(feature = "poison", feature = "paranoid")) {
            self.retire();
        }
    }

    /// Gives the RAM above the values back, as far as that can be done. The addresses stay.
    pub(super) fn shrink_to_fit(&mut self) {
        self.retire();
        let used = self.used();
        let Ground { block, backing } = &mut self.store.ground;
        if block.len != 0 {
            let keep = pad(block, Self::VALUE) + used;
            block.dirty = block.dirty.max(block.ready);
            // The backing may write into what it takes back.
            checkers::tell(block.start, block.ready, Holds::Bytes);
            // SAFETY: the block came from this backing and is on loan; what lies above the values is not in
            // use. Without values not even what aligns them may be ready.
            unsafe {
                backing.decommit(block, keep);
                checkers::tell(block.start.add(keep), block.ready.saturating_sub(keep), Holds::Nothing);
            }
            self.store.usable = if checkers::watching() { self.store.len } else { usable(block, Self::VALUE) };
            self.store.ready = self.store.usable;
        }
    }

    /// Bytes of the values.
    pub(super) const fn used(&self) -> usize {
        self.len() * size_of::<T>()
    }

    /// Bytes that are usable without asking for more, used or not.
    pub(super) const fn committed(&self) -> usize {
        self.store.ground.block.ready
    }

    /// Bytes of addresses.
    pub(super) const fn reserved(&self) -> usize {
        self.store.ground.block.len
    }

    /// Bytes in RAM.
    pub(super) fn resident(&self) -> usize {
        let Ground { block, backing } = &self.store.ground;
        if block.len == 0 { 0 } else { backing.resident(block) }
    }

    /// All figures, at one moment.
    pub(super) fn figures(&self) -> Figures {
        Figures {
            len: self.len(),
            each: size_of::<T>(),
            used: self.used(),
            resident: self.resident(),
            committed: self.committed(),
            reserved: self.reserved(),
        }
    }
}

/// What a row has to say of itself. Apart from the row, as whoever writes it down may be using the row.
pub(super) struct Figures {
    len: usize,
    each: usize,
    used: usize,
    resident: usize,
    committed: usize,
    reserved: usize,
}

impl Figures {
    /// Writes them, a line each, under the name of what the row is.
    pub(super) fn report(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let plural = if self.len == 1 { "" } else { "s" };
        let mut report =
            Report::new(f, format_args!("{name} of {} value{plural}, {} each", self.len, Bytes(self.each)))?;
        report.part("used", self.used, self.committed)?;
        report.part("resident", self.resident, self.committed)?;
        report.part("committed", self.committed, self.committed)?;
        report.bytes("reserved", self.reserved)
    }
}
