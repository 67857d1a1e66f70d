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
//! `impl<T> Drop for Row<T>` would forbid the first, as `#[may_dangle]` is not for stable Rust. How rows grow
//! behind shared references is `shared_row`'s business.

use super::count::Count;
use crate::arena::Backing;
use crate::arena::backing::Block;
use crate::arena::bump::pad_to;
use crate::arena::failure::Failure;
use crate::bytes::Bytes;
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
    block: Cell<Block>,
    backing: B,
}

impl<B: Backing> Drop for Ground<B> {
    fn drop(&mut self) {
        let block = self.block.get_mut();
        if block.len != 0 {
            // How far values were ever written is not kept: to count all that was usable is never wrong.
            block.dirty = block.ready;
            HELD.fetch_sub(block.len, Ordering::Relaxed);
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
/// - `ready` places lie in the block's first `block.ready` bytes, or fewer: see `shared_row`.
/// - Once there is a block, neither it nor `start` changes.
#[repr(C)] // as declared: see `ready`
struct Store<B: Backing> {
    len: Count,
    start: Cell<NonNull<u8>>,
    /// Places up to which a push needs no look at the memory (`.bump.cold`).
    ///
    /// Not beside `len`: the compiler would read the two with one wide load, which waits until narrow stores
    /// before it have left the processor (docs/design.md, "The block cache").
    ready: Cell<usize>,
    /// Drops that many values from that address on; none when there is nothing to do.
    drop_values: Option<unsafe fn(NonNull<u8>, usize)>,
    /// Declared last, as fields are dropped in order and also when a value's drop panics.
    ground: Ground<B>,
}

impl<B: Backing> Drop for Store<B> {
    #[inline]
    fn drop(&mut self) {
        let len = mem::take(self.len.get_mut());
        if let Some(drop_values) = self.drop_values {
            // SAFETY: the first `len` places hold values that the store owns, and owns no more from here on.
            // The function is the one for their type (`Row::new`).
            unsafe { drop_values(self.start.get(), len) };
        }
    }
}

impl<B: Backing> Store<B> {
    /// Asks for a block of `bytes` for values of this layout, and gives up addresses where it is refused: down
    /// to `least` bytes.
    fn reserve(&self, value: Layout, bytes: usize, least: usize) -> Result<(), AllocError> {
        let mut wish = bytes.max(least);
        let block = loop {
            let refused = match Layout::from_size_align(wish, value.align()) {
                Ok(layout) => match self.ground.backing.acquire(layout, 0) {
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
        self.ground.block.set(block);
        // SAFETY: a block has room for what it was acquired for behind the padding that aligns it.
        self.start.set(unsafe { block.start.add(pad(&block, value)) });
        self.ready.set(self.usable(value));
        Ok(())
    }

    /// Places that can be written to now.
    fn usable(&self, value: Layout) -> usize {
        let block = self.ground.block.get();
        match value.size() {
            0 => usize::MAX,
            size => block.ready.saturating_sub(pad(&block, value)) / size,
        }
    }

    /// Places that there are addresses for.
    fn capacity(&self, value: Layout) -> usize {
        let block = self.ground.block.get();
        match value.size() {
            0 => usize::MAX,
            size => block.len.saturating_sub(pad(&block, value)) / size,
        }
    }

    /// Makes the first `places` places usable, and says how many are. The one slow path of every way to grow:
    /// it knows layouts only, and makes all the system calls.
    #[cold]
    #[inline(never)]
    fn make_usable<F: Failure>(&self, value: Layout, len: usize, more: usize) -> Result<usize, F::Error> {
        self.try_make_usable(value, len, more).map_err(F::from)
    }

    fn try_make_usable(&self, value: Layout, len: usize, more: usize) -> Result<usize, AllocError> {
        let asked = more.saturating_mul(value.size());
        let fail = |reason| AllocError::new(asked, reason);
        let places = len.checked_add(more).ok_or(fail(AllocReason::TooLarge))?;
        if value.size() == 0 {
            return Ok(usize::MAX);
        }
        let bytes = places.checked_mul(value.size()).ok_or(fail(AllocReason::TooLarge))?;
        if self.ground.block.get().len == 0 {
            let wish = WISHES[usize::from(HELD.load(Ordering::Relaxed) > MANY)];
            self.reserve(value, wish, bytes).map_err(|error| fail(error.reason()))?;
        }
        let mut block = self.ground.block.get();
        // A block's length is at most `isize::MAX` and so is an alignment: no wrap in the addition below, as
        // `bytes` is compared first (`.bump.size-first`).
        let pad = pad(&block, value);
        if bytes > block.len.saturating_sub(pad) {
            return Err(fail(AllocReason::Reservation(block.len)));
        }
        if pad + bytes > block.ready {
            // SAFETY: the block came from this backing and is on loan; the need is at most its length.
            let committed = unsafe { self.ground.backing.commit(&mut block, pad + bytes) };
            committed.map_err(|error| fail(error.reason()))?;
            self.ground.block.set(block);
        }
        Ok(self.usable(value))
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

impl<T, B: Backing> Row<T, B> {
    const VALUE: Layout = Layout::new::<T>();

    /// An empty row, without memory.
    #[inline]
    pub(super) const fn new(backing: B) -> Self {
        let store = Store {
            start: Cell::new(NonNull::<T>::dangling().cast()),
            len: Count::new(),
            ready: Cell::new(if size_of::<T>() == 0 { usize::MAX } else { 0 }),
            drop_values: if mem::needs_drop::<T>() { Some(drop_values::<T>) } else { None },
            ground: Ground { block: Cell::new(NO_BLOCK), backing },
        };
        Row { store, values: PhantomData }
    }

    /// An empty row with addresses for `max_len` values at least; no ladder (`.back.region`).
    pub(super) fn with_reservation<F: Failure>(max_len: usize, backing: B) -> Result<Self, F::Error> {
        let row = Row::new(backing);
        if size_of::<T>() != 0 {
            let bytes = max_len.checked_mul(size_of::<T>()).ok_or(AllocError::new(usize::MAX, AllocReason::TooLarge));
            bytes.and_then(|bytes| row.store.reserve(Self::VALUE, bytes, bytes)).map_err(F::from)?;
        }
        Ok(row)
    }

    pub(super) const fn backing(&self) -> &B {
        &self.store.ground.backing
    }

    /// Values in the row, for the thread that has it.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        // SAFETY: a row is not `Sync` but as the row of a `RegionVec`, whose count changes behind `&mut` alone.
        // So whoever has it may count on being the only one to raise the count; a `Reader` does not.
        unsafe { self.store.len.own() }
    }

    /// The count itself, which readers follow.
    pub(super) fn count(&self) -> &Count {
        &self.store.len
    }

    /// Where the first value is, which readers may ask once they saw a count above zero: it is set before the
    /// first value is published, and not again.
    pub(super) fn start_cell(&self) -> &Cell<NonNull<u8>> {
        &self.store.start
    }

    /// Places up to which a push needs no look at the memory.
    #[inline(always)]
    pub(super) fn ready(&self) -> usize {
        self.store.ready.get()
    }

    /// Sets that, to at most what is usable.
    #[inline(always)]
    pub(super) fn set_ready(&self, places: usize) {
        self.store.ready.set(places);
    }

    /// Places that can be written to now, worked out anew.
    pub(super) fn usable(&self) -> usize {
        self.store.usable(Self::VALUE)
    }

    /// Places that there are addresses for: 0 before the first value, unless they were reserved.
    pub(super) fn capacity(&self) -> usize {
        self.store.capacity(Self::VALUE)
    }

    /// The place for value number `at`, which is at most `usable`.
    #[inline(always)]
    pub(super) fn place(&self, at: usize) -> NonNull<T> {
        // SAFETY: up to `usable` places lie in the block (the invariant), and those of values without a size
        // are all the same.
        unsafe { self.store.start.get().cast::<T>().add(at) }
    }

    /// The values from `from` on, up to `to`, as an address: both at most `usable`, in order.
    #[inline(always)]
    pub(super) fn places(&self, from: usize, to: usize) -> NonNull<[T]> {
        NonNull::slice_from_raw_parts(self.place(from), to - from)
    }

    /// Makes `len + more` places usable and says how many are; `ready` is left to the caller.
    #[inline]
    pub(super) fn make_usable<F: Failure>(&self, len: usize, more: usize) -> Result<usize, F::Error> {
        self.store.make_usable::<F>(Self::VALUE, len, more)
    }

    /// Makes room for `more` values after those that there are.
    #[inline]
    pub(super) fn make_room<F: Failure>(&self, more: usize) -> Result<(), F::Error> {
        if more > self.ready() - self.len() {
            self.set_ready(self.make_usable::<F>(self.len(), more)?);
        }
        Ok(())
    }

    /// Makes room for one value, out of the way of a loop that pushes.
    #[cold]
    #[inline(never)]
    pub(super) fn make_room_for_one<F: Failure>(&self) -> Result<(), F::Error> {
        self.set_ready(self.make_usable::<F>(self.len(), 1)?);
        Ok(())
    }

    /// Raises the count to include values that were just written.
    ///
    /// # Safety
    /// The first `len` places hold values, which become the row's.
    #[inline(always)]
    pub(super) unsafe fn publish(&self, len: usize) {
        self.store.len.publish(len);
    }

    /// Sets the count.
    ///
    /// # Safety
    /// The first `len` places hold values, which become the row's; those above are somebody else's to drop.
    #[inline(always)]
    pub(super) unsafe fn set_len(&mut self, len: usize) {
        *self.store.len.get_mut() = len;
    }

    /// Drops the values from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        let before = self.len();
        if len < before {
            // SAFETY: `len..before` hold values. They leave the row before they are dropped, so that none is
            // dropped twice when a drop panics.
            unsafe {
                self.set_len(len);
                self.places(len, before).drop_in_place();
            }
        }
    }

    /// Gives the RAM above the values back, as far as that can be done. The addresses stay.
    pub(super) fn shrink_to_fit(&mut self) {
        let mut block = self.store.ground.block.get();
        if block.len != 0 {
            let keep = pad(&block, Self::VALUE) + self.len() * size_of::<T>();
            block.dirty = block.ready;
            // SAFETY: the block came from this backing and is on loan; what lies above the values is not in
            // use.
            unsafe { self.store.ground.backing.decommit(&mut block, keep) };
            self.store.ground.block.set(block);
            self.set_ready(self.usable());
        }
    }

    /// Bytes of the values.
    pub(super) fn used(&self) -> usize {
        self.len() * size_of::<T>()
    }

    /// Bytes that are usable without asking for more, used or not.
    pub(super) fn committed(&self) -> usize {
        self.store.ground.block.get().ready
    }

    /// Bytes of addresses.
    pub(super) fn reserved(&self) -> usize {
        self.store.ground.block.get().len
    }

    /// Bytes in RAM.
    pub(super) fn resident(&self) -> usize {
        let block = self.store.ground.block.get();
        if block.len == 0 { 0 } else { self.store.ground.backing.resident(&block) }
    }

    /// Writes all figures, a line each, under the name of what the row is.
    pub(super) fn report(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let len = self.len();
        let plural = if len == 1 { "" } else { "s" };
        let mut report = Report::new(f, format_args!("{name} of {len} value{plural}, {} each", Bytes(size_of::<T>())))?;
        report.part("used", self.used(), self.committed())?;
        report.part("resident", self.resident(), self.committed())?;
        report.part("committed", self.committed(), self.committed())?;
        report.bytes("reserved", self.reserved())
    }
}
