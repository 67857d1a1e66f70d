//! Zeroed allocation that writes nothing to memory that is still zero from the kernel (`.back.zero`).

use super::backing::checked;
use super::{Arena, Backing};
use crate::checkers::{self, Contents};
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// Types for which all bytes zero is a value.
///
/// # Safety
/// The value whose bytes are all zero must be valid for the type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known to have a value whose bytes are all zero",
    note = "numbers, `bool`, `char`, raw pointers, `Option<&T>`, and arrays and cells of them have one; for a type of \
            your own, implement `Zeroable` where it has"
)]
pub unsafe trait Zeroable {}

/// Marks plain types.
macro_rules! zeroable {
    ($($type:ty),*) => { $(
        // SAFETY: zero is a value of this plain type.
        unsafe impl Zeroable for $type {}
    )* };
}
zeroable!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, bool, char, ());
zeroable!(
    core::sync::atomic::AtomicBool,
    core::sync::atomic::AtomicU8,
    core::sync::atomic::AtomicU32,
    core::sync::atomic::AtomicUsize
);

// SAFETY: any bytes are a value.
unsafe impl<T> Zeroable for MaybeUninit<T> {}
// SAFETY: a null pointer is a value of a raw pointer to a sized type.
unsafe impl<T> Zeroable for *const T {}
// SAFETY: a null pointer is a value of a raw pointer to a sized type, whatever may be done through it.
unsafe impl<T> Zeroable for *mut T {}
// SAFETY: the null pointer is `None`, as the language guarantees for references to sized types.
unsafe impl<T> Zeroable for Option<&T> {}
// SAFETY: the null pointer is `None`, as the language guarantees for exclusive references to sized types, too.
unsafe impl<T> Zeroable for Option<&mut T> {}
// SAFETY: the null pointer is `None`, as the standard library guarantees for `NonNull` of a sized type.
unsafe impl<T> Zeroable for Option<NonNull<T>> {}
// SAFETY: each element is zeroable, and an array has nothing else.
unsafe impl<T: Zeroable, const N: usize> Zeroable for [T; N] {}
// SAFETY: a cell is its content.
unsafe impl<T: Zeroable> Zeroable for core::cell::Cell<T> {}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// A zero value. Costs no `memset` on memory that was never used.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let table: &mut [u64; 512] = arena.alloc_zeroed();
    /// assert!(table.iter().all(|&slot| slot == 0));
    /// ```
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_zeroed<T: Zeroable>(&self) -> &mut T {
        &mut self.alloc_slice_zeroed(1)[0]
    }

    /// As [`alloc_zeroed`](Self::alloc_zeroed).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_zeroed<T: Zeroable>(&self) -> Result<&mut T, AllocError> {
        Ok(&mut self.try_alloc_slice_zeroed(1)?[0])
    }

    /// `len` zero values. A large slice takes RAM only where it is touched.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let sparse: &mut [u32] = arena.alloc_slice_zeroed(100_000_000);      // 400 MB of addresses
    /// sparse[77_777_777] = 1;                                              // a page or two of RAM
    /// assert_eq!(sparse[5], 0);
    /// ```
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_slice_zeroed<T: Zeroable>(&self, len: usize) -> &mut [T] {
        Panic::unwrap(self.slice_zeroed_or::<Panic, T>(len))
    }

    /// As [`alloc_slice_zeroed`](Self::alloc_slice_zeroed).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_zeroed<T: Zeroable>(&self, len: usize) -> Result<&mut [T], AllocError> {
        self.slice_zeroed_or::<Report, T>(len)
    }

    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn slice_zeroed_or<F: Failure, T: Zeroable>(&self, len: usize) -> Result<&mut [T], F::Error> {
        let start = self.slots_for::<F, T>(len)?;
        self.zero(start.cast(), len * size_of::<T>());
        // SAFETY: `slots_for` gave memory for `len` values, all of it is zero now, and zero is a value of `T`.
        Ok(unsafe { core::slice::from_raw_parts_mut(start.as_ptr(), len) })
    }

    /// Zeroed bytes for `layout`; otherwise as [`alloc_layout`](Self::alloc_layout).
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[track_caller]
    pub fn alloc_layout_zeroed(&self, layout: Layout) -> NonNull<u8> {
        let start = self.alloc_layout(layout);
        self.zero(start, layout.size());
        start
    }

    /// As [`alloc_layout_zeroed`](Self::alloc_layout_zeroed).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    pub fn try_alloc_layout_zeroed(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let start = self.try_alloc_layout(layout)?;
        self.zero(start, layout.size());
        Ok(start)
    }

    /// Zeroes the part of the last allocation that may have been written before.
    pub(super) fn zero(&self, start: NonNull<u8>, size: usize) {
        let block = match self.block.get() {
            Some(block) if size != 0 => block,
            _ => return,
        };
        // The last allocation lies in the current block, at or above its start.
        let at = start.addr().get() - block.start.addr().get();
        let dirty = block.dirty.saturating_sub(at).min(size);
        // SAFETY: `dirty <= size`, and these bytes were just handed out to this call.
        unsafe { start.write_bytes(0, dirty) };
        checkers::unpoison(start, size, Contents::Initialized);
        // SAFETY: the rest of what was handed out lies at or above the block's `dirty`, and is ready.
        unsafe { checked::zeroes(start.add(dirty), size - dirty) };
    }
}
