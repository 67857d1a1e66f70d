//! Allocating single values, and raw layouts.

use super::{Arena, Backing, dangling};
use crate::error::failure::{Failure, Panic, Report};
use crate::error::{AllocError, AllocOrInitError};
use core::alloc::Layout;
use core::ptr::NonNull;

/// A slot that a caller's closure is about to fill. If the closure fails or panics, dropping this
/// gives the slot back, provided that it is still the last allocation.
// (`.bump.order`)
pub(super) struct Slot<'a, const MIN_ALIGN: usize, B: Backing> {
    arena: &'a Arena<MIN_ALIGN, B>,
    before: *mut u8,
    start: NonNull<u8>,
    size: usize,
}

impl<'a, const MIN_ALIGN: usize, B: Backing> Slot<'a, MIN_ALIGN, B> {
    /// A slot of `size` bytes for values of `T`, taken when the cursor was at `before`.
    #[inline(always)]
    pub(super) fn new<T>(arena: &'a Arena<MIN_ALIGN, B>, before: *mut u8, start: NonNull<T>, size: usize) -> Self {
        let start: NonNull<u8> = start.cast();
        // Only larger alignments have padding; for others `before` need not be kept.
        let before = if align_of::<T>() <= MIN_ALIGN { start.as_ptr() } else { before };
        Slot { arena, before, start, size }
    }

    /// The slot is filled: it stays.
    #[inline(always)]
    pub(super) fn keep(self) {
        core::mem::forget(self);
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Drop for Slot<'_, MIN_ALIGN, B> {
    fn drop(&mut self) {
        if self.size != 0 {
            self.arena.give_back_last(self.before, self.start, self.size);
        }
    }
}

/// Bytes of a value that calls pass in registers.
///
/// A larger one would be passed by address, so the caller would build it on the stack first and copy it into the
/// arena: 17 instructions for three words instead of 15 (tests/codegen.rs).
const IN_REGISTERS: usize = 2 * size_of::<usize>();

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Moves `value` into the arena.
    ///
    /// The value's `Drop` never runs. A value without bytes takes no memory.
    ///
    /// # Panics
    /// When memory cannot be had; [`try_alloc`](Self::try_alloc) says so instead.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let x = arena.alloc(20u32);
    /// *x += 1;
    /// assert_eq!(*x, 21);
    /// ```
    #[inline(always)]
    #[allow(clippy::mut_from_ref)] // every call hands out other bytes
    #[track_caller]
    pub fn alloc<T>(&self, value: T) -> &mut T {
        Panic::unwrap(self.alloc_or::<Panic, T>(value))
    }

    /// As [`alloc`](Self::alloc).
    ///
    /// # Errors
    /// When memory cannot be had; the value is dropped.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc<T>(&self, value: T) -> Result<&mut T, AllocError> {
        self.alloc_or::<Report, T>(value)
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn alloc_or<F: Failure, T>(&self, value: T) -> Result<&mut T, F::Error> {
        if size_of::<T>() != 0 && size_of::<T>() <= IN_REGISTERS {
            return match self.take::<true>(Layout::new::<T>()) {
                // SAFETY: `take` gave a slot of the layout of `T`, which has no other user until the arena is reset,
                // and a reset takes `&mut self`, which no reference from here outlives.
                Some(slot) => unsafe {
                    slot.cast::<T>().write(value);
                    Ok(&mut *slot.cast().as_ptr())
                },
                None => self.alloc_slowly::<F, T>(value),
            };
        }
        let slot = self.slot_for::<F, T>()?;
        // SAFETY: `slot_for` gives bytes for one `T`, aligned, with no other user until the arena is reset or
        // dropped, which the returned borrow prevents.
        unsafe {
            slot.write(value);
            Ok(&mut *slot.as_ptr())
        }
    }

    /// As `alloc`, at an address that is a multiple of `unit`, a power of two, too.
    #[cfg(all(feature = "os", unix, not(any(loom, region_staticlib))))]
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub(crate) fn alloc_in_units_or<F: Failure, T>(&self, value: T, unit: usize) -> Result<&mut T, F::Error> {
        if unit <= MIN_ALIGN || unit <= align_of::<T>() || size_of::<T>() == 0 {
            return self.alloc_or::<F, T>(value);
        }
        // SAFETY: `unit` is a power of two, and the size is that of a value, which is far from wrapping.
        let layout = unsafe { Layout::from_size_align_unchecked(size_of::<T>(), unit) };
        let slot = self.take_any::<F>(layout)?.cast::<T>();
        // SAFETY: the slot has the size of `T` and more than its alignment, and has no other user until the arena is
        // reset, and a reset takes `&mut self`, which no reference from here outlives.
        unsafe {
            slot.write(value);
            Ok(&mut *slot.as_ptr())
        }
    }

    /// The slow path of a small value, which writes the value too. Nothing is left to do when it returns, so
    /// the fast path saves no register for it.
    #[cold]
    #[inline(never)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn alloc_slowly<F: Failure, T>(&self, value: T) -> Result<&mut T, F::Error> {
        let slot = self.refill::<F>(Layout::new::<T>())?.cast::<T>();
        // SAFETY: `refill` gave a slot of the layout of `T`, which has no other user until the arena is reset, and a
        // reset takes `&mut self`, which no reference from here outlives.
        unsafe {
            slot.write(value);
            Ok(&mut *slot.as_ptr())
        }
    }

    /// Memory for one `T`.
    #[inline(always)]
    #[track_caller]
    fn slot_for<F: Failure, T>(&self) -> Result<NonNull<T>, F::Error> {
        if size_of::<T>() == 0 {
            return Ok(NonNull::dangling());
        }
        Ok(self.take_known::<F>(Layout::new::<T>())?.cast())
    }

    /// Makes the value in place with `f`, after its memory was taken: a large value is not copied.
    ///
    /// `f` may allocate from the same arena. When it panics the memory is given back if nothing was allocated after it.
    ///
    /// # Panics
    /// When memory cannot be had, before `f` is called.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let big: &mut [u8; 65_536] = arena.alloc_with(|| [0; 65_536]);
    /// assert_eq!(big.len(), 65_536);
    /// ```
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_with<F: FnOnce() -> T, T>(&self, f: F) -> &mut T {
        Panic::unwrap(self.alloc_with_or::<Panic, T>(f))
    }

    /// As [`alloc_with`](Self::alloc_with).
    ///
    /// # Errors
    /// When memory cannot be had; `f` is not called then.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_with<F: FnOnce() -> T, T>(&self, f: F) -> Result<&mut T, AllocError> {
        self.alloc_with_or::<Report, T>(f)
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn alloc_with_or<F: Failure, T>(&self, f: impl FnOnce() -> T) -> Result<&mut T, F::Error> {
        // `.bump.order`: the cursor moves first, then the closure runs, then its value is written. A closure
        // that allocates gets other bytes.
        let before = self.cur.get();
        let place = self.slot_for::<F, T>()?;
        let slot = Slot::new(self, before, place, size_of::<T>());
        // SAFETY: the slot has the layout of `T` and was taken before the closure ran, so what the closure allocated
        // lies elsewhere. The slot has no other user until the arena is reset, which takes `&mut self`.
        unsafe {
            place.write(f());
            slot.keep();
            Ok(&mut *place.as_ptr())
        }
    }

    /// Makes the value in place with an `f` that may fail. Then the memory is given back, if nothing was allocated
    /// after it.
    ///
    /// # Errors
    /// What `f` says.
    ///
    /// # Panics
    /// When memory cannot be had, before `f` is called.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let parsed: Result<&mut u32, _> = arena.alloc_try_with(|| "12x".parse::<u32>());
    /// assert!(parsed.is_err());
    /// assert_eq!(arena.used(), 0);
    /// ```
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_try_with<F: FnOnce() -> Result<T, E>, T, E>(&self, f: F) -> Result<&mut T, E> {
        Panic::unwrap(self.alloc_try_with_or::<Panic, T, E>(f))
    }

    /// As [`alloc_try_with`](Self::alloc_try_with).
    ///
    /// # Errors
    /// `Alloc` when memory cannot be had (`f` is not called then), `Init` with what `f` says when it fails.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_try_with<F: FnOnce() -> Result<T, E>, T, E>(&self, f: F) -> Result<&mut T, AllocOrInitError<E>> {
        AllocOrInitError::flatten(self.alloc_try_with_or::<Report, T, E>(f))
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn alloc_try_with_or<F: Failure, T, E>(
        &self,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<&mut T, E>, F::Error> {
        let before = self.cur.get();
        let place = self.slot_for::<F, T>()?;
        let slot = Slot::new(self, before, place, size_of::<T>());
        match f() {
            Ok(value) => {
                // SAFETY: the slot has the layout of `T` and was taken before the closure ran, so what the closure
                // allocated lies elsewhere.
                unsafe { place.write(value) };
                slot.keep();
                // SAFETY: the value was just written.
                Ok(Ok(unsafe { &mut *place.as_ptr() }))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Uninitialized bytes for `layout`, valid until the arena is reset or dropped.
    ///
    /// Zero bytes give an aligned address that must not be touched. Any alignment up to what the address
    /// space holds works.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// use std::alloc::Layout;
    /// let arena = region::Arena::new();
    /// let page = arena.alloc_layout(Layout::from_size_align(4096, 4096)?);
    /// assert_eq!(page.addr().get() % 4096, 0);
    /// # Ok::<(), std::alloc::LayoutError>(())
    /// ```
    #[inline(always)]
    #[track_caller]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        Panic::unwrap(self.take_any::<Panic>(layout))
    }

    /// As [`alloc_layout`](Self::alloc_layout).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline(always)]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        self.take_any::<Report>(layout)
    }

    /// Memory for `len` values of `T` side by side.
    #[inline(always)]
    #[track_caller]
    pub(super) fn slots_for<F: Failure, T>(&self, len: usize) -> Result<NonNull<T>, F::Error> {
        match Layout::array::<T>(len) {
            Ok(layout) if layout.size() == 0 => Ok(dangling(align_of::<T>()).cast()),
            Ok(layout) => Ok(self.take_any::<F>(layout)?.cast()),
            Err(_) => {
                Err(F::from(AllocError::new(len.saturating_mul(size_of::<T>()), crate::error::AllocReason::TooLarge)))
            }
        }
    }
}
