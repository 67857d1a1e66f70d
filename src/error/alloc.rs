//! What an arena could not serve, and why.
//!
//! [`AllocError`] wraps an [`Error`](super::Error) when the system was the reason; its size and reason are kept apart,
//! so that the sentence names what the caller asked for.

use super::Detail;
#[cfg(region_staticlib)]
use super::packed::PackedAlloc;
use super::reason::AllocReason;
#[cfg(not(region_staticlib))]
use crate::bytes::Bytes;
use core::fmt;

/// An allocation that an arena could not serve: how many bytes, and why. Nothing was changed.
///
/// ```
/// let mut memory = region::StackBuffer::<64>::new();
/// let arena = region::Arena::from_buffer(&mut memory);
/// let error = arena.try_alloc([0u8; 100]).unwrap_err();
/// assert_eq!(error.size(), 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocError {
    size: Detail<usize>,
    #[cfg(not(region_staticlib))]
    reason: AllocReason,
    #[cfg(region_staticlib)]
    reason: PackedAlloc,
}

impl AllocError {
    /// An allocation of `size` bytes that failed for `reason`. For authors of a [`Backing`](crate::backing::Backing).
    pub const fn new(size: usize, reason: AllocReason) -> Self {
        #[cfg(region_staticlib)]
        let reason = PackedAlloc::new(reason);
        AllocError { size: Detail::new(size), reason }
    }

    /// The same refusal, of `size` bytes: what the caller asked for, where more or less was needed for it.
    pub(crate) const fn of(self, size: usize) -> Self {
        AllocError { size: Detail::new(size), reason: self.reason }
    }

    /// How many bytes were asked for.
    #[cfg(not(region_staticlib))]
    pub const fn size(&self) -> usize {
        self.size.get()
    }

    /// The system's error number as `std::io::Error` has it, when it was the system that refused.
    #[cfg(not(region_staticlib))]
    pub const fn raw_os_error(&self) -> Option<i32> {
        match self.reason() {
            AllocReason::Os(error) => error.raw_os_error(),
            _ => None,
        }
    }

    /// Why they could not be had.
    pub const fn reason(&self) -> AllocReason {
        #[cfg(not(region_staticlib))]
        return self.reason;
        #[cfg(region_staticlib)]
        self.reason.get()
    }
}

#[cfg(not(region_staticlib))]
impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            // Not memory was refused: there is no size to name.
            AllocReason::Format => f.write_str("cannot format into the arena: ")?,
            AllocReason::Claimed | AllocReason::Adopted if self.size() == 0 => {
                f.write_str("cannot claim the arena: ")?
            }
            AllocReason::Bound => write!(f, "cannot adopt an arena of {}: ", Bytes(self.size()))?,
            _ => write!(f, "cannot allocate {}: ", Bytes(self.size()))?,
        }
        self.reason.write(f)
    }
}

impl core::error::Error for AllocError {
    /// The system's refusal, where it was the system.
    #[cfg(not(region_staticlib))]
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.reason {
            AllocReason::Os(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a `try_` method that also runs a caller's fallible closure or iterator failed.
///
/// ```
/// use region::Arena;
/// use region::error::AllocOrInitError;
///
/// let arena = Arena::new();
/// let read = |text: &str| arena.try_alloc_try_with(|| text.parse::<u32>()).copied();
/// assert_eq!(read("7"), Ok(7));
/// assert!(matches!(read("seven"), Err(AllocOrInitError::Init(error)) if error.to_string().contains("digit")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllocOrInitError<E> {
    /// Memory could not be had; the closure did not run, or not to its end.
    Alloc(AllocError),
    /// The error of the closure or the iterator.
    Init(E),
}

impl<E> AllocOrInitError<E> {
    /// The one error of a body that returns the two apart.
    #[inline(always)]
    pub(crate) fn flatten<T>(result: Result<Result<T, E>, AllocError>) -> Result<T, Self> {
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(AllocOrInitError::Init(error)),
            Err(error) => Err(AllocOrInitError::Alloc(error)),
        }
    }
}

impl<E> From<AllocError> for AllocOrInitError<E> {
    fn from(error: AllocError) -> Self {
        AllocOrInitError::Alloc(error)
    }
}

impl<E: fmt::Display> fmt::Display for AllocOrInitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AllocOrInitError::Alloc(error) => error.fmt(f),
            AllocOrInitError::Init(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for AllocOrInitError<E> {}
