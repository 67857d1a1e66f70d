//! The memory of a buffer, how many values are in it, and how they are dropped.
//!
//! [`Store`] does not know the type of its values: it has their count and a function that drops them. So the compiler
//! learns nothing from its `Drop`, and checks the field beside it, `PhantomData<T>`, as if the buffer held a `T`
//! (`core::ops::Drop`, "Drop check"). This gives the rules that are wanted:
//!
//! - values without a `Drop` of their own may refer to each other and to the buffer they are in, as in
//!   `struct Node<'a> { next: Cell<Option<&'a Node<'a>>> }`;
//! - values with one may refer only to what is alive when it runs.
//!
//! `impl<T> Drop for TypedBuffer<T>` would forbid the first, as `#[may_dangle]` is not for stable Rust.
//!
//! Everything here changes behind `&mut` alone. `shared_buffer` grows buffers behind shared references. For its sake
//! growing goes by address and makes no mutable reference.

use super::shown::{Shown, View};
use super::stats::BufferStats;
use crate::arena::Backing;
use crate::arena::backing::{Block, checked, usual_reservation};
use crate::bump::pad_to;
use crate::checkers::{self, Contents};
use crate::error::failure::Failure;
use crate::error::{AllocError, AllocReason};
use crate::policy::{FIRST_BLOCK, SMALLER};
use crate::seeded::{Bug, seeded};
use crate::sync::const_fn;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem;
use core::ptr::NonNull;

/// What a buffer has before its first value.
const NO_BLOCK: Block = Block { start: NonNull::dangling(), len: 0, ready: 0, dirty: 0, tag: 0 };

/// Most bytes of values that a buffer begins with in a block that is at hand: of those no more is mostly ready.
const FEW: usize = FIRST_BLOCK;

/// A block from a backing, released at the end.
struct Ground<B: Backing> {
    block: Block,
    backing: B,
}

impl<B: Backing> Drop for Ground<B> {
    fn drop(&mut self) {
        let block = &mut self.block;
        if block.len != 0 {
            // How far values were ever written is not stored. All that was usable is an upper bound.
            block.dirty = block.dirty.max(block.ready);
            checkers::unpoison(block.start, block.dirty, Contents::Initialized);
            // SAFETY: the block came from this backing and is held. Its values were dropped, forgotten or
            // moved out, and references to them do not outlive the buffer.
            unsafe { self.backing.release(block) };
        }
    }
}

/// A buffer without the type of its values.
///
/// # Invariants
/// - `start` is aligned for the values. Values of no size have no block, and their capacity is `usize::MAX`.
/// - The first `len` positions from `start` hold values, which the store owns.
/// - `usable` positions lie in the block's first `block.ready` bytes, and `len <= ready <= usable`.
/// - Once there is a block, neither where it is nor `start` changes.
#[repr(C)] // as declared: see `ready`
struct Store<B: Backing> {
    /// `len` and `start`.
    shown: Shown,
    /// Up to this length a push does not look at the block.
    ///
    /// Not beside `len`: the compiler would read the two with one wide load, which waits until narrow stores
    /// before it have left the processor (docs/rules.md, "The block cache").
    // (`.bump.cold`)
    ready: usize,
    /// Positions that may be written to. Equal to `ready`, but in a `shared_buffer` while it collects an iterator.
    usable: usize,
    /// Drops that many values from that address on. `None` when the type has no drop.
    drop_values: Option<unsafe fn(NonNull<u8>, usize)>,
    /// Declared last, as fields are dropped in order and also when a value's drop panics.
    ground: Ground<B>,
}

impl<B: Backing> Drop for Store<B> {
    #[inline]
    fn drop(&mut self) {
        let len = self.shown.len();
        self.shown.set_len(0);
        if let Some(drop_values) = self.drop_values {
            // SAFETY: the first `len` positions hold values that the store owns. It stopped counting them just now, so
            // they are dropped once. The function is the one for their type (`TypedBuffer::new`).
            unsafe { drop_values(self.shown.start(), len) };
        }
    }
}

/// What a buffer has after it grew.
struct Grown {
    block: Block,
    /// Positions that may be written to.
    usable: usize,
}

impl<B: Backing> Ground<B> {
    /// A block of `bytes` for values of this layout, or a smaller one where that is refused, down to `least` bytes.
    fn acquire(&self, value: Layout, bytes: usize, least: usize) -> Result<Block, AllocError> {
        let mut reservation = bytes.max(least);
        let block = loop {
            let refused = match Layout::from_size_align(reservation, value.align()) {
                Ok(layout) => match checked::acquire(&self.backing, layout, 0) {
                    Ok(block) => break block,
                    Err(error) => error.reason(),
                },
                Err(_) => AllocReason::TooLarge,
            };
            if reservation == least {
                return Err(AllocError::new(least, refused));
            }
            reservation = (reservation / SMALLER).max(least);
        };
        checkers::poison(block.start, block.ready);
        Ok(block)
    }

    /// Makes memory for `len + more` values usable. The one slow path of all growing: it knows layouts only, and makes
    /// all the system calls. A block that it acquired belongs to the caller.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn grow<F: Failure>(&self, value: Layout, len: usize, more: usize) -> Result<Grown, F::Error> {
        F::check(self.try_grow(value, len, more))
    }

    fn try_grow(&self, value: Layout, len: usize, more: usize) -> Result<Grown, AllocError> {
        let asked = more.saturating_mul(value.size());
        let fail = |reason| AllocError::new(asked, reason);
        let total = len.checked_add(more).ok_or(fail(AllocReason::TooLarge))?;
        let mut block = self.block;
        if value.size() == 0 {
            return Ok(Grown { block, usable: usize::MAX });
        }
        let bytes = total.checked_mul(value.size()).ok_or(fail(AllocReason::TooLarge))?;
        let new = block.len == 0;
        if new {
            block = self.acquire(value, usual_reservation(), bytes).map_err(|error| fail(error.reason()))?;
        }
        // A block's length is at most `isize::MAX` and so is an alignment: no wrap in the addition below, as
        // `bytes` is compared first (`.bump.size-first`).
        let pad = pad(&block, value);
        if bytes > block.len.saturating_sub(pad) {
            return Err(fail(AllocReason::Reservation(block.len)));
        }
        if pad + bytes > block.ready {
            let before = block.ready;
            // SAFETY: the block came from this backing and is held. The need is more than is ready, as just
            // compared, and at most the block's length: `bytes` was compared with what is behind the padding.
            if let Err(error) = unsafe { checked::commit(&self.backing, &mut block, pad + bytes) } {
                if new {
                    // The block is unused: the next attempt starts without one.
                    checkers::unpoison(block.start, block.ready, Contents::Initialized);
                    // SAFETY: the block came from this backing a moment ago, in `acquire`, and a refused commit leaves
                    // it as it was; nothing was written to it, and this copy of it is the only one.
                    unsafe { self.backing.release(&block) };
                }
                return Err(fail(error.reason()));
            }
            // SAFETY: the commit was granted, so what was asked for is ready (`Backing::commit`): `before` is less than
            // that, and `ready` at most the block's length, so the address lies in the block.
            checkers::poison(unsafe { block.start.add(before) }, block.ready - before);
        }
        if !checkers::watching() {
            return Ok(Grown { block, usable: usable(&block, value) });
        }
        // A checker unpoisons just what is asked for.
        // SAFETY: `pad + bytes` is at most the block's length, as compared above, and `bytes` are those of `len + more`
        // positions: the first of the new ones lies within.
        let from = unsafe { block.start.add(pad + len * value.size()) };
        checkers::unpoison(from, asked, Contents::Uninitialized);
        Ok(Grown { block, usable: total })
    }
}

/// How many values fit in the usable part of a block.
fn usable(block: &Block, value: Layout) -> usize {
    match value.size() {
        0 => usize::MAX,
        size => block.ready.saturating_sub(pad(block, value)) / size,
    }
}

/// How many values fit in the addresses of a block.
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

/// Drops `len` values from `start` on, in order. When one drop panics, the others are dropped all the same.
///
/// # Safety
/// They are values of `T`, and the caller's to drop.
unsafe fn drop_values<T>(start: NonNull<u8>, len: usize) {
    // SAFETY: the caller says that these are values of `T`, side by side, and that nobody else drops or uses them.
    unsafe { NonNull::slice_from_raw_parts(start.cast::<T>(), len).drop_in_place() }
}

/// Values of `T` side by side, and the memory for more.
pub(super) struct TypedBuffer<T, B: Backing> {
    /// Has `T`'s layout and its drop.
    store: Store<B>,
    /// Stands for the values at drop check, as the store's `Drop` does not know them.
    values: PhantomData<T>,
}

// SAFETY: a buffer owns its values and its block. A backing that is `Send` may be used from another thread with
// its block, and references to values borrow the buffer, so none is left behind when it is moved.
unsafe impl<T: Send, B: Backing + Send> Send for TypedBuffer<T, B> {}
// SAFETY: behind `&TypedBuffer` there are only reads: of its fields; of values, which `T: Sync` allows; and `resident`,
// which asks the backing, as `B: Sync` allows. A `SharedBuffer`, which writes behind `&self`, is not `Sync`.
unsafe impl<T: Sync, B: Backing + Sync> Sync for TypedBuffer<T, B> {}

impl<T, B: Backing> TypedBuffer<T, B> {
    const VALUE: Layout = Layout::new::<T>();

    const_fn! {
        /// An empty buffer, without memory.
        #[inline]
        pub(super) const fn new(backing: B) -> Self {
            let store = Store {
                shown: Shown::new(NonNull::<T>::dangling().cast()),
                ready: if size_of::<T>() == 0 { usize::MAX } else { 0 },
                usable: if size_of::<T>() == 0 { usize::MAX } else { 0 },
                drop_values: if mem::needs_drop::<T>() { Some(drop_values::<T>) } else { None },
                ground: Ground { block: NO_BLOCK, backing },
            };
            TypedBuffer { store, values: PhantomData }
        }
    }

    /// An empty buffer with addresses for `max_len` values at least. No smaller size is tried.
    // (`.back.region`)
    #[track_caller]
    pub(super) fn with_reservation<F: Failure>(max_len: usize, backing: B) -> Result<Self, F::Error> {
        let mut buffer = TypedBuffer::new(backing);
        if size_of::<T>() != 0 {
            let bytes = max_len.checked_mul(size_of::<T>()).ok_or(AllocError::new(usize::MAX, AllocReason::TooLarge));
            let block = F::check(bytes.and_then(|bytes| buffer.store.ground.acquire(Self::VALUE, bytes, bytes)))?;
            let usable = if checkers::watching() { 0 } else { usable(&block, Self::VALUE) };
            // SAFETY: the buffer is this function's own variable, to which nothing refers; the block came from its
            // backing and goes nowhere else, and so many positions of it are ready.
            unsafe { TypedBuffer::note(&raw mut buffer, Grown { block, usable }) };
            buffer.store.ready = usable;
        }
        Ok(buffer)
    }

    pub(super) const fn backing(&self) -> &B {
        &self.store.ground.backing
    }

    /// Values in the buffer.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.store.shown.len()
    }

    /// What readers follow of the buffer: the count, and where the first value is.
    ///
    /// # Safety
    /// For `'a` the buffer is alive and may be written to by this address, and only the view raises its count.
    #[inline(always)]
    pub(super) unsafe fn followed<'a>(buffer: *mut Self) -> View<'a>
    where
        Self: 'a,
    {
        // SAFETY: these are words of a buffer that is alive, as the caller says; no reference to the buffer is made, as
        // others may be looking at them. Where the block and so the start is changes once, in the `note` before the
        // first value (the invariant).
        unsafe { Shown::follow(&raw mut (*buffer).store.shown) }
    }

    /// Up to this length a push does not look at the block.
    #[inline(always)]
    pub(super) const fn ready(&self) -> usize {
        self.store.ready
    }

    /// Sets [`ready`](Self::ready) of a buffer that readers follow.
    ///
    /// # Safety
    /// The buffer is alive, and this is the thread that raises its count. At most what is usable.
    #[inline(always)]
    pub(super) unsafe fn set_ready(buffer: *mut Self, positions: usize) {
        // SAFETY: the buffer is alive, as the caller says. Only the thread that raises the count looks at the field,
        // and the caller is that thread; no reference to the buffer is made.
        unsafe { (*buffer).store.ready = positions };
    }

    /// Positions that may be written to.
    #[inline(always)]
    pub(super) const fn usable(&self) -> usize {
        self.store.usable
    }

    /// Positions that there are addresses for: 0 before the first value, unless they were reserved.
    pub(super) fn capacity(&self) -> usize {
        capacity(&self.store.ground.block, Self::VALUE)
    }

    /// The address of value number `at`, which is at most what is usable.
    #[inline(always)]
    pub(super) fn pointer_to(&self, at: usize) -> NonNull<T> {
        // SAFETY: positions up to what is usable lie in the block (the invariant), and those of values without a
        // size are all the same.
        unsafe { self.store.shown.start().cast::<T>().add(at) }
    }

    /// Writes a value to a position of a buffer that readers may follow. Only this function and the next two write
    /// values: each shows a model where it writes ([`Shown::writes`]).
    ///
    /// # Safety
    /// `pointer` is the address of number `at`, which is below what is usable, and nothing refers to it.
    #[inline(always)]
    pub(super) unsafe fn put(&self, at: usize, pointer: NonNull<T>, value: T) {
        self.store.shown.writes(at, 1);
        // SAFETY: the caller says that the position is usable, and that nobody else reads or writes it.
        unsafe { pointer.write(value) };
    }

    /// Copies `count` values from number `from` on to where number `to` is. The two ranges may overlap.
    ///
    /// # Safety
    /// Both ranges are below what is usable and nothing refers to either. Of a value that is in both ranges afterwards
    /// the caller uses one copy.
    #[inline(always)]
    pub(super) unsafe fn shift(&self, from: usize, to: usize, count: usize) {
        self.store.shown.writes(to, count);
        // SAFETY: the caller says that both ranges are usable and nobody refers to them; `copy_to` lets them overlap.
        unsafe { self.pointer_to(from).copy_to(self.pointer_to(to), count) };
    }

    /// Copies a slice to number `at` and the following ones.
    ///
    /// # Safety
    /// As many positions from there on are below what is usable, and nothing refers to them: the slice does not
    /// overlap them.
    #[inline(always)]
    pub(super) unsafe fn put_copies(&self, at: usize, values: &[T])
    where
        T: Copy,
    {
        self.store.shown.writes(at, values.len());
        // SAFETY: the caller says that the positions are usable and that nothing refers to them, so the borrowed slice
        // does not overlap them.
        unsafe { self.pointer_to(at).copy_from_nonoverlapping(NonNull::from(values).cast(), values.len()) };
    }

    /// A pointer to the values `from..to`. Both are at most what is usable, and in order.
    #[inline(always)]
    pub(super) fn pointers_to(&self, from: usize, to: usize) -> NonNull<[T]> {
        NonNull::slice_from_raw_parts(self.pointer_to(from), to - from)
    }

    /// Makes memory for `len + more` values usable. `ready` is left to the caller. By address, as others may be looking at
    /// the count and, if there was a block, at the start.
    ///
    /// # Safety
    /// The buffer is alive, its first `len` positions are usable, and this is the thread that raises its count.
    #[inline(always)]
    #[track_caller]
    pub(super) unsafe fn grow<F: Failure>(buffer: *mut Self, len: usize, more: usize) -> Result<(), F::Error> {
        // SAFETY: the caller's promise, passed on.
        if unsafe { TypedBuffer::begin(buffer, more) } {
            return Ok(());
        }
        // SAFETY: the buffer is alive, as the caller says, and others look at the count and the start alone, not at the
        // ground. As this is the thread that raises the count, nobody else looks at what changes: at the start others
        // look once they saw a count above zero, when there is a block and it stays. What grew is the buffer's own.
        unsafe {
            let grown = (*buffer).store.ground.grow::<F>(Self::VALUE, len, more)?;
            TypedBuffer::note(buffer, grown);
        }
        Ok(())
    }

    /// Enters the first block of a buffer, if one is at hand: the only slow step of a small buffer, and the shortest way.
    /// Returns whether `more` values have memory then.
    ///
    /// # Safety
    /// As for [`grow`](Self::grow).
    // (`.back.first-block`)
    #[inline(always)]
    unsafe fn begin(buffer: *mut Self, more: usize) -> bool {
        // SAFETY: the buffer is alive, as the caller says, and others look at the count and the start alone.
        let ground = unsafe { &(*buffer).store.ground };
        if ground.block.len != 0 || size_of::<T>() == 0 || checkers::watching() {
            return false;
        }
        if more > FEW / size_of::<T>() {
            return false;
        }
        // The compiler sees that it is no arena's first block.
        let bytes = usual_reservation().max(FIRST_BLOCK + 1);
        let Ok(reservation) = Layout::from_size_align(bytes, align_of::<T>()) else { return false };
        let Some(block) = checked::acquire_at_once(&ground.backing, reservation) else { return false };
        let usable = usable(&block, Self::VALUE);
        // SAFETY: the block came from the buffer's backing just now and goes nowhere else, and so many positions of it
        // are ready. This thread raises the count, and others look at the start once they saw one above zero.
        unsafe { TypedBuffer::note(buffer, Grown { block, usable }) };
        more <= usable
    }

    /// Stores what was found. `ready` is left to the caller.
    ///
    /// # Safety
    /// The buffer is alive and `grown` is its own; nobody else looks at what changes.
    #[inline(always)]
    unsafe fn note(buffer: *mut Self, grown: Grown) {
        // SAFETY: the caller says that the buffer is alive and that nobody else looks at what changes; its fields are
        // written one by one. The padding lies in the block, which is longer by what it was acquired for. A block of
        // another length is the buffer's first, so no count above zero was published.
        unsafe {
            let store = &raw mut (*buffer).store;
            if (*store).ground.block.len != grown.block.len || seeded(Bug::StartAgain) {
                let start = grown.block.start.add(pad(&grown.block, Self::VALUE));
                Shown::set_start(&raw mut (*store).shown, start);
            }
            (*store).ground.block = grown.block;
            (*store).usable = grown.usable;
        }
    }

    #[track_caller]
    fn make_usable<F: Failure>(&mut self, len: usize, more: usize) -> Result<(), F::Error> {
        // SAFETY: the buffer is borrowed mutably, so nobody else looks at any of it. The callers' positions are usable.
        unsafe { TypedBuffer::grow::<F>(self, len, more)? };
        self.store.ready = self.store.usable;
        Ok(())
    }

    /// Makes memory for `more` values after the present ones usable.
    #[inline]
    #[track_caller]
    pub(super) fn reserve<F: Failure>(&mut self, more: usize) -> Result<(), F::Error> {
        self.reserve_above::<F>(self.len(), more)
    }

    /// Makes `more` positions above the first `end` usable. Those are usable already.
    #[inline]
    #[track_caller]
    pub(super) fn reserve_above<F: Failure>(&mut self, end: usize, more: usize) -> Result<(), F::Error> {
        if more > self.ready() - end {
            self.make_usable::<F>(end, more)?;
        }
        Ok(())
    }

    /// Sets the count.
    ///
    /// # Safety
    /// The first `len` positions hold values, which become the buffer's; those above are another owner's to drop.
    #[inline(always)]
    pub(super) unsafe fn set_len(&mut self, len: usize) {
        self.store.shown.set_len(len);
    }

    /// Protects what is above the count: a checker reports whoever touches it, and a paranoid backing
    /// takes its pages' access away. Without either it does nothing.
    // (`.back.reset`)
    #[inline]
    pub(super) fn protect_spare(&mut self) {
        let len = self.len();
        let used = self.used();
        let Ground { block, backing } = &mut self.store.ground;
        if size_of::<T>() == 0 || block.len == 0 {
            return;
        }
        let keep = pad(block, Self::VALUE) + used;
        let before = block.ready;
        // SAFETY: the block came from this backing and is held, and nobody uses what lies above the values. The
        // padding and the values, `keep` bytes, lie in the block.
        unsafe { checked::protect(backing, block, keep) };
        if block.ready != before {
            block.dirty = block.dirty.max(before);
            self.store.usable = usable(block, Self::VALUE);
        }
        if checkers::watching() {
            // SAFETY: what aligns the values and they themselves are the block's first `keep` bytes, so the address
            // lies in it or is its end. Without values fewer may be ready, and there is nothing to poison.
            checkers::poison(unsafe { block.start.add(keep) }, block.ready.saturating_sub(keep));
            self.store.usable = len;
        }
        self.store.ready = self.store.usable;
    }

    /// Poisons what is above the count, for a watching checker, in a buffer that readers follow.
    ///
    /// # Safety
    /// The buffer is alive, this is the thread that raises its count, and nothing uses what is above it.
    pub(super) unsafe fn protect_spare_behind_readers(buffer: *mut Self) {
        // SAFETY: the buffer is alive, as the caller says. Others look at the count and the start alone, which are read
        // here; `usable` and `ready` are this thread's, and no reference to them is made. What is poisoned is above the
        // count, up to what is usable, which lies in the block.
        unsafe {
            let (len, usable) = ((*buffer).store.shown.len(), (*buffer).store.usable);
            if size_of::<T>() != 0 {
                checkers::poison((*buffer).pointer_to(len).cast(), (usable - len) * size_of::<T>());
                ((*buffer).store.usable, (*buffer).store.ready) = (len, len);
            }
        }
    }

    /// As [`protect_spare`](Self::protect_spare), after one value left. Does something only with feature `poison` (or
    /// where tests build all backings paranoid): even a look at the backing would cost more than taking a value does.
    #[inline(always)]
    pub(super) fn protect_spare_one(&mut self) {
        if cfg!(any(feature = "poison", region_paranoid)) {
            self.protect_spare();
        }
    }

    /// Gives the RAM above the values back, as far as the backing can. The addresses stay.
    pub(super) fn shrink_to_fit(&mut self) {
        self.protect_spare();
        let used = self.used();
        let Ground { block, backing } = &mut self.store.ground;
        if block.len != 0 {
            let keep = pad(block, Self::VALUE) + used;
            block.dirty = block.dirty.max(block.ready);
            // The backing may write into what it takes back.
            checkers::unpoison(block.start, block.ready, Contents::Initialized);
            // SAFETY: the block came from this backing and is held; what lies above the values is not in
            // use. Without values not even what aligns them may be ready.
            unsafe {
                checked::decommit(backing, block, keep);
                checkers::poison(block.start.add(keep), block.ready.saturating_sub(keep));
            }
            self.store.usable = if checkers::watching() { self.store.shown.len() } else { usable(block, Self::VALUE) };
            self.store.ready = self.store.usable;
        }
    }

    /// Bytes of the values.
    pub(super) fn used(&self) -> usize {
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

    /// The stats at this moment, of what is called `title`.
    pub(super) fn stats(&self, title: &'static str) -> BufferStats {
        BufferStats {
            title,
            len: self.len(),
            value_size: size_of::<T>(),
            used: self.used(),
            resident: self.resident(),
            committed: self.committed(),
            reserved: self.reserved(),
        }
    }
}
