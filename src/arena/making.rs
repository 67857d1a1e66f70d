//! New arenas: in the default memory, with a capacity, in one reservation, in a buffer.
//!
//! Empty ones over any other backing are made by `Arena::new_in`, in the folder's own file.

#[cfg(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc"))]
use super::DefaultBacking;
#[cfg(all(feature = "os", any(unix, windows)))]
use super::backing::Mapped;
use super::backing::checked;
#[cfg(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc"))]
use super::backing::{DEFAULT, Spill};
use super::{Arena, Backing, Buffer};
use crate::error::failure::{Failure, Panic, Report};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;

#[cfg(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc"))]
impl Arena {
    /// An empty arena in mapped memory. Makes no system call and takes no memory.
    ///
    /// On Windows and in WebAssembly it is in what they have, and on systems of none of these kinds in the global
    /// allocator's, with feature `alloc` ([`DefaultBacking`]).
    // (`.back.lazy`)
    #[inline]
    pub const fn new() -> Self {
        Arena::new_in(DEFAULT)
    }

    /// An arena whose first block can hold `bytes` without asking the system for addresses again. RAM still
    /// comes at first touch.
    ///
    /// # Panics
    /// When the addresses cannot be reserved.
    #[track_caller]
    pub fn with_capacity(bytes: usize) -> Self {
        Self::with_min_align_and_capacity(bytes)
    }

    /// As [`with_capacity`](Self::with_capacity).
    ///
    /// # Errors
    /// When the addresses cannot be reserved.
    pub fn try_with_capacity(bytes: usize) -> Result<Self, AllocError> {
        Self::try_with_min_align_and_capacity(bytes)
    }

    /// An arena that starts in the caller's `buffer` and goes on in mapped memory.
    pub fn with_buffer<'b>(buffer: impl Into<Buffer<'b>>) -> Arena<8, Spill<'b, DefaultBacking>> {
        Arena::new_in(Spill::new(buffer.into(), DEFAULT))
    }
}

#[cfg(all(feature = "os", any(unix, windows)))]
impl Arena {
    /// An arena in one contiguous reservation of `bytes`, rounded up to whole pages, and nothing after it.
    /// Addresses only: RAM comes at first touch, so a reservation may be much larger than RAM.
    ///
    /// # Panics
    /// When so much cannot be reserved; nothing smaller is tried.
    ///
    /// ```
    /// let arena = region::Arena::with_reservation(1 << 20);
    /// assert!(arena.try_alloc([0u8; 1 << 20]).is_ok());
    /// assert!(arena.try_alloc(1u8).is_err());
    /// ```
    #[track_caller]
    pub fn with_reservation(bytes: usize) -> Arena {
        Panic::unwrap(Self::with_reservation_or::<Panic>(bytes))
    }

    /// As [`with_reservation`](Self::with_reservation).
    ///
    /// # Errors
    /// When so much cannot be reserved; nothing smaller is tried.
    pub fn try_with_reservation(bytes: usize) -> Result<Arena, AllocError> {
        Self::with_reservation_or::<Report>(bytes)
    }

    #[track_caller]
    fn with_reservation_or<F: Failure>(bytes: usize) -> Result<Arena, F::Error> {
        let arena = Arena::new_in(Mapped::exactly(bytes));
        arena.enter_first(F::check(checked::acquire(arena.backing(), Layout::new::<u8>(), 0))?);
        Ok(arena)
    }
}

#[cfg(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc"))]
impl<const MIN_ALIGN: usize> Arena<MIN_ALIGN> {
    /// An empty arena in mapped memory whose values are aligned to `MIN_ALIGN` at least.
    ///
    /// ```
    /// let packed = region::Arena::<1>::with_min_align();
    /// packed.alloc_str("abc");
    /// packed.alloc_str("de");
    /// assert_eq!(packed.used(), 5);
    /// ```
    #[inline]
    pub const fn with_min_align() -> Self {
        Arena::new_in(DEFAULT)
    }

    /// As [`with_capacity`](Arena::with_capacity), for any `MIN_ALIGN`.
    ///
    /// # Panics
    /// When the addresses cannot be reserved.
    #[track_caller]
    pub fn with_min_align_and_capacity(bytes: usize) -> Self {
        Self::with_capacity_in(bytes, DEFAULT)
    }

    /// As [`with_capacity`](Arena::with_capacity), for any `MIN_ALIGN`.
    ///
    /// # Errors
    /// When the addresses cannot be reserved.
    pub fn try_with_min_align_and_capacity(bytes: usize) -> Result<Self, AllocError> {
        Self::try_with_capacity_in(bytes, DEFAULT)
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// An arena over a backing, whose first block can hold `bytes`. Within them a value that is the last one grows where it
    /// is.
    ///
    /// ```
    /// # #[cfg(all(feature = "os", any(unix, windows)))] {
    /// use region::Arena;
    /// use region::backing::Mapped;
    ///
    /// let arena = Arena::<8, _>::with_capacity_in(1 << 20, Mapped::new());
    /// assert!(arena.chunk_capacity() >= 1 << 20 && arena.used() == 0);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the backing has no such block.
    #[track_caller]
    pub fn with_capacity_in(bytes: usize, backing: B) -> Self {
        Panic::unwrap(Self::with_capacity_in_or::<Panic>(bytes, backing))
    }

    /// As [`with_capacity_in`](Self::with_capacity_in).
    ///
    /// # Errors
    /// When the backing has no such block.
    pub fn try_with_capacity_in(bytes: usize, backing: B) -> Result<Self, AllocError> {
        Self::with_capacity_in_or::<Report>(bytes, backing)
    }

    #[track_caller]
    fn with_capacity_in_or<F: Failure>(bytes: usize, backing: B) -> Result<Self, F::Error> {
        let arena = Self::new_in(backing);
        if bytes != 0 {
            let layout = Layout::from_size_align(bytes, 1).ok().and_then(Self::in_units);
            let layout = F::check(layout.ok_or(AllocError::new(bytes, AllocReason::TooLarge)))?;
            arena.enter_first(F::check(checked::acquire(arena.backing(), layout, 0))?);
        }
        Ok(arena)
    }
}

impl<'b> Arena<8, Buffer<'b>> {
    /// An arena in the caller's bytes: a [`StackBuffer`](crate::StackBuffer), a [`StaticBuffer`](crate::StaticBuffer)
    /// that was taken, or any slice of `MaybeUninit<u8>`. Never makes a system call; when the bytes are used up,
    /// allocations fail.
    pub fn from_buffer(buffer: impl Into<Buffer<'b>>) -> Self {
        Arena::new_in(buffer.into())
    }
}

#[cfg(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc"))]
impl<const MIN_ALIGN: usize> Default for Arena<MIN_ALIGN> {
    fn default() -> Self {
        Arena::new_in(DEFAULT)
    }
}
