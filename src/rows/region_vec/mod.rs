//! A vector that never moves: the type, its memory, and what happens at its end.
//!
//! - `editing`: what happens in the middle: insert, remove, retain.
//! - `filling`: many values at a time. `drain`, `owned`: ranges and whole vectors as iterators. `splice`: ranges
//!   replaced by others.
//! - `traits`: what the language and std ask of a vector.

mod drain;
mod editing;
mod filling;
mod owned;
mod splice;
mod traits;

pub use drain::Drain;
pub use owned::IntoIter;
pub use splice::Splice;

use super::row::Row;
use crate::arena::failure::{Failure, Panic, Report};
use crate::arena::{Backing, Buffer, DefaultBacking};
use crate::error::AllocError;
use core::mem::MaybeUninit;

#[cfg(all(feature = "os", unix))]
use crate::arena::Mapped;
#[cfg(all(feature = "os", unix))]
use crate::error::AllocReason;

/// A vector over a reservation of its own: growing never copies and never moves what is in it.
///
/// ```
/// let mut values = region::RegionVec::new();          // no system call yet
/// values.push(1u64);
/// let first = values.as_ptr();
/// values.extend(2..=1_000_000);
/// assert_eq!(values.as_ptr(), first);                 // where it was, a million values ago
/// assert_eq!(values[999_999], 1_000_000);
/// values.truncate(10);
/// values.shrink_to_fit();                             // the RAM is back at the system
/// ```
///
/// It has the methods of `std::vec::Vec`, with the same meaning, but for these: *capacity* is what there are
/// addresses for, and `reserve` makes that usable. `shrink_to_fit` gives RAM back, and keeps the addresses.
///
/// *Memory*: the first value reserves 64 GiB of addresses, or 4 GiB when the process has hundreds of such vectors;
/// where the system refuses that (`RLIMIT_AS`, valgrind), a quarter, a sixteenth, … down to what is needed. RAM
/// comes as the vector grows: at first 64 KiB as touched, then in steps of 64 to 256 KiB, from about 512 KiB on
/// in pages of 2 MiB where the system allows. [`with_reservation`](Self::with_reservation) asks for just as many
/// addresses as you say. Of dropped vectors with at most 2.5 MiB in RAM the process keeps four for new ones
/// ([`trim`](crate::trim) gives them back); else a new vector is a mapping, which costs microseconds and a fault
/// for each of its first pages: this is for vectors that grow large, not for many small ones at a time.
///
/// *Full*: a vector whose reservation is used up refuses to grow, and stays as it is. To go on it would have to
/// move.
///
/// *Errors*: the plain methods panic when memory cannot be had, as `Vec` aborts; every one has a `try_` form
/// that returns an [`AllocError`]. *Threads*: `Send` and `Sync` as `T` is.
///
/// To grow behind a shared reference, see [`AppendVec`](super::AppendVec) and
/// [`TypedArena`](super::TypedArena).
pub struct RegionVec<T, B: Backing = DefaultBacking> {
    row: Row<T, B>,
}

#[cfg(all(feature = "os", unix))]
impl<T> RegionVec<T> {
    /// An empty vector in mapped memory. Makes no system call and takes no memory (`.back.lazy`).
    #[inline]
    pub const fn new() -> Self {
        RegionVec::new_in(Mapped::new())
    }

    /// A vector with addresses for `max_len` values, rounded up to whole pages, and no more. RAM comes as it
    /// is used, so this may be far more than there is.
    ///
    /// # Panics
    /// When that much cannot be reserved.
    ///
    /// ```
    /// let mut values = region::RegionVec::with_reservation(4096);
    /// values.resize(4096, 1u8);
    /// assert!(values.try_push(1).is_err());
    /// assert_eq!(values.len(), 4096);
    /// ```
    pub fn with_reservation(max_len: usize) -> Self {
        Panic::unwrap(Self::with_reservation_or::<Panic>(max_len))
    }

    /// As [`with_reservation`](Self::with_reservation).
    ///
    /// # Errors
    /// When that much cannot be reserved; nothing smaller is tried.
    pub fn try_with_reservation(max_len: usize) -> Result<Self, AllocError> {
        Self::with_reservation_or::<Report>(max_len)
    }

    fn with_reservation_or<F: Failure>(max_len: usize) -> Result<Self, F::Error> {
        /// Reservations start at a page, and no page is smaller.
        const ANY_PAGE: usize = 4096;
        // A larger alignment costs that much room.
        let slack = align_of::<T>().saturating_sub(ANY_PAGE);
        let bytes = max_len.checked_mul(size_of::<T>()).and_then(|bytes| bytes.checked_add(slack));
        let bytes = bytes.ok_or(AllocError::new(usize::MAX, AllocReason::TooLarge)).map_err(F::from)?;
        Row::with_reservation::<F>(max_len, Mapped::exactly(bytes)).map(Self::from_row)
    }
}

impl<'b, T> RegionVec<T, Buffer<'b>> {
    /// A vector in the caller's bytes: a [`StackBuffer`](crate::StackBuffer), a taken
    /// [`StaticBuffer`](crate::StaticBuffer), or any slice of `MaybeUninit<u8>`. Makes no system call, ever;
    /// when the bytes are used up, it is full.
    ///
    /// ```
    /// let mut memory = region::StackBuffer::<64>::new();
    /// let mut values = region::RegionVec::from_buffer(&mut memory);
    /// while values.try_push(7u64).is_ok() {}
    /// assert_eq!(values, [7; 8]);
    /// ```
    pub fn from_buffer(buffer: impl Into<Buffer<'b>>) -> Self {
        RegionVec::new_in(buffer.into())
    }
}

impl<T, B: Backing> RegionVec<T, B> {
    /// An empty vector over any backing, of which it takes one block.
    #[inline]
    pub const fn new_in(backing: B) -> Self {
        RegionVec { row: Row::new(backing) }
    }

    /// A vector with room for `max_len` values in one block of any backing.
    ///
    /// # Errors
    /// When the backing has no such block.
    pub fn try_with_reservation_in(max_len: usize, backing: B) -> Result<Self, AllocError> {
        Row::with_reservation::<Report>(max_len, backing).map(Self::from_row)
    }

    pub(in crate::rows) const fn from_row(row: Row<T, B>) -> Self {
        RegionVec { row }
    }

    pub(in crate::rows) fn into_row(self) -> Row<T, B> {
        self.row
    }

    /// Appends a value.
    ///
    /// *Cost*: a comparison, a store and an addition; a system call for every 64 KiB to 2 MiB.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline(always)]
    pub fn push(&mut self, value: T) {
        Panic::unwrap(self.push_or::<Panic>(value));
    }

    /// As [`push`](Self::push).
    ///
    /// # Errors
    /// When memory cannot be had; the value is dropped. [`try_reserve`](Self::try_reserve) asks before there is
    /// a value.
    #[inline(always)]
    pub fn try_push(&mut self, value: T) -> Result<(), AllocError> {
        self.push_or::<Report>(value)
    }

    #[inline(always)]
    fn push_or<F: Failure>(&mut self, value: T) -> Result<(), F::Error> {
        let len = self.row.len();
        if len == self.row.ready() {
            self.row.make_room_for_one::<F>()?;
        }
        // SAFETY: `len < ready` places are usable, and the one at `len` holds no value. Once it does, the
        // vector owns it.
        unsafe {
            self.row.place(len).write(value);
            self.row.set_len(len + 1);
        }
        Ok(())
    }

    /// Takes the last value out.
    ///
    /// ```
    /// let mut stack = region::RegionVec::from([1, 2]);
    /// assert_eq!([stack.pop(), stack.pop(), stack.pop()], [Some(2), Some(1), None]);
    /// ```
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let last = self.row.len().checked_sub(1)?;
        // SAFETY: the value at `last` leaves the vector before it is read out, so it has one owner.
        unsafe {
            self.row.set_len(last);
            let value = self.row.place(last).read();
            self.row.retire_one();
            Some(value)
        }
    }

    /// Drops the values from number `len` on; nothing if there are no more than `len`.
    pub fn truncate(&mut self, len: usize) {
        self.row.truncate(len);
    }

    /// Drops all values and keeps the memory (`.back.reset`).
    #[inline]
    pub fn clear(&mut self) {
        self.row.truncate(0);
    }

    /// Values in the vector.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.row.len()
    }

    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.row.len() == 0
    }

    /// Values that the vector has addresses for: 0 before the first, unless they were reserved.
    pub fn capacity(&self) -> usize {
        self.row.capacity()
    }

    /// Makes room for `more` values, so that pushing them asks the system for nothing but their RAM.
    ///
    /// # Panics
    /// When that much cannot be had.
    pub fn reserve(&mut self, more: usize) {
        Panic::unwrap(self.row.make_room::<Panic>(more));
    }

    /// As [`reserve`](Self::reserve).
    ///
    /// # Errors
    /// When that much cannot be had.
    pub fn try_reserve(&mut self, more: usize) -> Result<(), AllocError> {
        self.row.make_room::<Report>(more)
    }

    /// Gives the RAM that no value uses back to the system. The addresses stay.
    ///
    /// ```
    /// let mut values = region::RegionVec::from_iter(0..10_000_000u64);
    /// values.truncate(1000);
    /// values.shrink_to_fit();
    /// assert!(values.committed() <= 64 << 10);
    /// ```
    pub fn shrink_to_fit(&mut self) {
        self.row.shrink_to_fit();
    }

    /// The values.
    #[inline(always)]
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: the first `len` places hold values, which change behind `&mut self` alone.
        unsafe { self.row.places(0, self.row.len()).as_ref() }
    }

    /// The values, to be changed.
    #[inline(always)]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: the first `len` places hold values, and the vector is borrowed mutably.
        unsafe { self.row.places(0, self.row.len()).as_mut() }
    }

    /// Where the first value is or, once there is memory, will be. Stays the same from the first value on.
    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.row.place(0).as_ptr()
    }

    /// As [`as_ptr`](Self::as_ptr).
    #[inline]
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.row.place(0).as_ptr()
    }

    /// The usable room after the values, as uninitialized memory: to be written to, and counted with
    /// [`set_len`](Self::set_len).
    ///
    /// ```
    /// let mut bytes = region::RegionVec::<u8>::new();
    /// bytes.reserve(3);
    /// bytes.spare_capacity_mut()[..3].write_copy_of_slice_(b"abc");
    /// // SAFETY: three bytes were written.
    /// unsafe { bytes.set_len(3) };
    /// assert_eq!(bytes, b"abc");
    /// # trait Write { fn write_copy_of_slice_(&mut self, from: &[u8]); }
    /// # impl Write for [std::mem::MaybeUninit<u8>] {
    /// #     fn write_copy_of_slice_(&mut self, from: &[u8]) {
    /// #         self.iter_mut().zip(from).for_each(|(to, from)| { to.write(*from); });
    /// #     }
    /// # }
    /// ```
    pub fn spare_capacity_mut(&mut self) -> &mut [MaybeUninit<T>] {
        let (len, ready) = (self.row.len(), self.row.ready());
        let room = core::ptr::NonNull::slice_from_raw_parts(self.row.place(len).cast::<MaybeUninit<T>>(), ready - len);
        // SAFETY: the places `len..ready` are usable, hold no values, and the vector is borrowed mutably.
        unsafe { &mut *room.as_ptr() }
    }

    /// Sets the number of values.
    ///
    /// # Safety
    /// `len` is at most the present number plus the [spare room](Self::spare_capacity_mut), and the first
    /// `len` places hold values.
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.row.ready());
        // SAFETY: the caller's promise.
        unsafe { self.row.set_len(len) };
    }

    /// The values for as long as the program runs: neither they nor their memory are given back.
    ///
    /// ```
    /// let table: &'static mut [u32] = region::RegionVec::from_iter(0..100).leak();
    /// assert_eq!(table[99], 99);
    /// ```
    pub fn leak<'a>(self) -> &'a mut [T]
    where
        B: 'a,
    {
        let vec = core::mem::ManuallyDrop::new(self);
        let mut values = vec.row.places(0, vec.row.len());
        // SAFETY: the first `len` places hold values. Without its drop the vector keeps its block on loan for
        // good, and nobody else has the vector. A backing's memory outlives the backing's own `'a`.
        unsafe { values.as_mut() }
    }

    /// Where the vector's memory comes from.
    pub const fn backing(&self) -> &B {
        self.row.backing()
    }

    /// Bytes of the values.
    pub fn used(&self) -> usize {
        self.row.used()
    }

    /// Bytes that are usable without asking the system again, used or not. RAM is at most this.
    pub fn committed(&self) -> usize {
        self.row.committed()
    }

    /// Bytes of addresses that belong to the vector.
    pub fn reserved(&self) -> usize {
        self.row.reserved()
    }

    /// Bytes that are in RAM now, as the system says (`mincore(2)`).
    pub fn resident(&self) -> usize {
        self.row.resident()
    }
}
