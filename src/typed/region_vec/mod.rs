//! A vector that never moves: the type, its memory, and what happens at its end.
//!
//! - `filling`: many values at a time. `traits`: the traits of the language and std.
//!
//! The algorithms on values, and the methods and traits that are the same for all vectors, are in `vector`.

mod filling;
mod traits;

use super::buffer::TypedBuffer;
use super::stats::BufferStats;
use crate::arena::{Backing, Buffer, DefaultBacking};
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use crate::sync::const_fn;
use crate::vector::{Grow, Vector, fill, vector_methods};
use core::mem::MaybeUninit;
use core::ops::RangeBounds;
use core::ptr::NonNull;

#[cfg(all(feature = "os", any(unix, windows)))]
use crate::arena::Mapped;
#[cfg(all(feature = "os", any(unix, windows, target_family = "wasm")))]
use crate::error::AllocReason;

/// A vector over a reservation of its own: growing never copies and never moves its values.
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
/// It has the methods of `std::vec::Vec`, with the same meaning, but for these: *capacity* is how many values
/// there are addresses for, and `reserve` makes them usable. `shrink_to_fit` gives RAM back, and keeps the addresses.
///
/// *Memory*: the first value reserves 64 GiB of addresses, or 4 GiB when the process has hundreds of such vectors;
/// where the system refuses that (`RLIMIT_AS`, valgrind), a quarter, a sixteenth, … down to what is needed. RAM
/// comes as the vector grows: at first 64 KiB as touched, then in steps of up to 256 KiB, and when the vector holds
/// 16 MiB in pages of 2 MiB where the system allows. `with_reservation` reserves as many
/// addresses as you say. The process keeps the memory of dropped vectors for new ones (`region::trim` gives it
/// back). The first vectors of a process are mappings, which cost microseconds and a fault for each of their first
/// pages.
///
/// *Full*: a vector whose reservation is used up returns an error or panics, and stays as it is. To grow further it
/// would have to move.
///
/// *Errors*: the plain methods panic when memory cannot be had, where `Vec` aborts. Each has a `try_` form
/// that returns an [`AllocError`]. *Threads*: `Send` and `Sync` as `T` is.
///
/// *Systems*: on a Unix and on Windows all of it. In WebAssembly, whose addresses are all memory, there is no `new`, as a
/// vector that never moves has to know how long it may become: `with_reservation`, or any backing.
///
/// To grow behind a shared reference, see [`AppendVec`](super::AppendVec) and
/// [`TypedArena`](super::TypedArena).
pub struct RegionVec<T, B: Backing = DefaultBacking> {
    pub(in crate::typed) buffer: TypedBuffer<T, B>,
}

// SAFETY: the positions are those of a buffer, in a block that it holds and that never moves. The first `ready` are
// usable. The buffer drops its first `len` values.
unsafe impl<T, B: Backing> Vector<T> for RegionVec<T, B> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.buffer.len()
    }

    #[inline(always)]
    unsafe fn set_len(&mut self, len: usize) {
        // SAFETY: the caller says that the first `len` positions hold values, and that the buffer owns none above.
        unsafe { self.buffer.set_len(len) };
    }

    #[inline(always)]
    fn capacity(&self) -> usize {
        self.buffer.ready()
    }

    #[inline(always)]
    fn pointer_to(&self, at: usize) -> NonNull<T> {
        self.buffer.pointer_to(at)
    }

    #[inline]
    fn protect_spare(&mut self) {
        self.buffer.protect_spare();
    }

    #[inline(always)]
    fn protect_spare_one(&mut self) {
        self.buffer.protect_spare_one();
    }
}

// SAFETY: `reserve_above` makes more of the block usable, as much as it is asked for, or changes nothing.
unsafe impl<T, B: Backing> Grow<T> for RegionVec<T, B> {
    const MOVES: bool = false;

    #[inline]
    #[track_caller]
    fn reserve_above<F: Failure>(&mut self, end: usize, more: usize) -> Result<(), F::Error> {
        self.buffer.reserve_above::<F>(end, more)
    }
}

#[cfg(all(feature = "os", any(unix, windows)))]
impl<T> RegionVec<T> {
    const_fn! {
        /// An empty vector in mapped memory. Makes no system call and takes no memory.
        #[inline]
        pub const fn new() -> Self {
            RegionVec::new_in(Mapped::new())
        }
    }
}

#[cfg(all(feature = "os", any(unix, windows, target_family = "wasm")))]
impl<T> RegionVec<T> {
    /// A vector with addresses for `max_len` values, rounded up to whole pages, and no more. RAM comes as it
    /// is used, so this may be far more than there is. In WebAssembly all of it is memory at once.
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
    #[track_caller]
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

    #[track_caller]
    fn with_reservation_or<F: Failure>(max_len: usize) -> Result<Self, F::Error> {
        // Padding where values have more alignment than a mapping has: as `Mapped` counts it, so that with longer pages
        // no room is left over in which one more value would fit.
        #[cfg(any(unix, windows))]
        let slack = align_of::<T>().saturating_sub(crate::sys::sure_alignment());
        // This memory brings its own.
        #[cfg(target_family = "wasm")]
        let slack = 0;
        let bytes = max_len.checked_mul(size_of::<T>()).and_then(|bytes| bytes.checked_add(slack));
        let bytes = F::check(bytes.ok_or(AllocError::new(usize::MAX, AllocReason::TooLarge)))?;
        #[cfg(any(unix, windows))]
        let backing = Mapped::exactly(bytes);
        #[cfg(target_family = "wasm")]
        let backing = {
            let _ = bytes;
            crate::arena::backing::LinearMemory
        };
        TypedBuffer::with_reservation::<F>(max_len, backing).map(Self::from_typed_buffer)
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
    const_fn! {
        /// An empty vector over any backing, of which it takes one block.
        #[inline]
        pub const fn new_in(backing: B) -> Self {
            RegionVec { buffer: TypedBuffer::new(backing) }
        }
    }

    /// A vector with capacity for `max_len` values in one block of any backing.
    ///
    /// # Errors
    /// When the backing has no such block.
    pub fn try_with_reservation_in(max_len: usize, backing: B) -> Result<Self, AllocError> {
        TypedBuffer::with_reservation::<Report>(max_len, backing).map(Self::from_typed_buffer)
    }

    const fn from_typed_buffer(buffer: TypedBuffer<T, B>) -> Self {
        RegionVec { buffer }
    }

    /// Appends a value.
    ///
    /// *Cost*: a comparison, a store and an addition; a system call for every 64 KiB to 2 MiB.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline(always)]
    #[track_caller]
    pub fn push(&mut self, value: T) {
        Panic::unwrap(fill::push::<Panic, T, Self>(self, value));
    }

    /// As [`push`](Self::push).
    ///
    /// # Errors
    /// When memory cannot be had; the value is dropped. To keep it, call [`try_reserve`](Self::try_reserve)
    /// first.
    #[inline(always)]
    pub fn try_push(&mut self, value: T) -> Result<(), AllocError> {
        fill::push::<Report, T, Self>(self, value)
    }

    /// Values in the vector.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.buffer.len() == 0
    }

    /// Values that the vector has addresses for: 0 before the first, unless they were reserved.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Reserves capacity for `more` values, so that pushing them asks the system for nothing but their RAM.
    ///
    /// # Panics
    /// When that much cannot be had.
    #[track_caller]
    pub fn reserve(&mut self, more: usize) {
        Panic::unwrap(self.buffer.reserve::<Panic>(more));
    }

    /// As [`reserve`](Self::reserve).
    ///
    /// # Errors
    /// When that much cannot be had.
    pub fn try_reserve(&mut self, more: usize) -> Result<(), AllocError> {
        self.buffer.reserve::<Report>(more)
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
        self.buffer.shrink_to_fit();
    }

    /// The values.
    #[inline(always)]
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: the first `len` positions hold values, which change behind `&mut self` alone.
        unsafe { self.buffer.pointers_to(0, self.buffer.len()).as_ref() }
    }

    /// The values, to be changed.
    #[inline(always)]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: the first `len` positions hold values, and the vector is borrowed mutably.
        unsafe { self.buffer.pointers_to(0, self.buffer.len()).as_mut() }
    }

    /// A pointer to the first value. It stays the same from the first value on.
    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.buffer.pointer_to(0).as_ptr()
    }

    /// As [`as_ptr`](Self::as_ptr).
    #[inline]
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.buffer.pointer_to(0).as_ptr()
    }

    /// The usable memory after the values, uninitialized. Write to it, then count the values with
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
        let (len, ready) = (self.buffer.len(), self.buffer.ready());
        let spare = NonNull::slice_from_raw_parts(self.buffer.pointer_to(len).cast::<MaybeUninit<T>>(), ready - len);
        // SAFETY: the positions `len..ready` are usable, hold no values, and the vector is borrowed mutably.
        unsafe { &mut *spare.as_ptr() }
    }

    /// Sets the number of values.
    ///
    /// # Safety
    /// `len` is at most the present number plus the [spare capacity](Self::spare_capacity_mut), and the first
    /// `len` positions hold values.
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.buffer.ready());
        // SAFETY: the caller's promise.
        unsafe { self.buffer.set_len(len) };
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
        let mut values = vec.buffer.pointers_to(0, vec.buffer.len());
        // SAFETY: the first `len` positions hold values. Without its drop the vector holds its block for
        // good, and nobody else has the vector. A backing's memory outlives the backing's own `'a`.
        unsafe { values.as_mut() }
    }

    /// Where the vector's memory comes from.
    pub const fn backing(&self) -> &B {
        self.buffer.backing()
    }

    /// Bytes of the values.
    pub fn used(&self) -> usize {
        self.buffer.used()
    }

    /// Bytes that are usable without asking the system again, used or not. RAM is at most this.
    pub fn committed(&self) -> usize {
        self.buffer.committed()
    }

    /// Bytes of addresses that belong to the vector.
    pub fn reserved(&self) -> usize {
        self.buffer.reserved()
    }

    /// Bytes that are in RAM now, as the system says (`mincore(2)`).
    pub fn resident(&self) -> usize {
        self.buffer.resident()
    }

    /// All numbers of the vector, as they are now. They print a line each.
    ///
    /// ```
    /// let values = region::RegionVec::from_iter(0..100u64);
    /// let stats = values.stats();
    /// assert_eq!((stats.len, stats.value_size, stats.used), (100, 8, 800));
    /// println!("{stats}");
    /// ```
    pub fn stats(&self) -> BufferStats {
        self.buffer.stats("vector")
    }
}

vector_methods! {
    [impl<T, B: Backing> RegionVec<T, B>], [C: Backing] RegionVec<T, C>;
    "#", "region::RegionVec::from([", "])";
}
