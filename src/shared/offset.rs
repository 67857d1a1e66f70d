//! A handle to a value in shared memory that holds wherever the memory is mapped.
//!
//! It is a number with a type: it borrows nothing, owns nothing and proves nothing. It is checked when it is used
//! ([`resolve`](super::resolve)).

use super::WORD;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::num::NonZeroU64;

/// Where a value lies in a [`SharedArena`](crate::SharedArena): a distance in bytes from the arena's start, the
/// same in every process.
///
/// *Size*: 8 bytes, and so is `Option<Offset<T>>`, whose `None` is zero. 64 bits and not 32, as it is the
/// very word that [`AtomicOffset`](crate::shared::AtomicOffset) exchanges, and no arena is too large for it. For `[T]`
/// and `str` too: the length lies in front of the elements.
///
/// *Trust*: making one of any number is safe, as each use checks it. A wrong one leads to an
/// [`OffsetError`](crate::OffsetError) or to bytes of another value, never out of the arena.
///
/// In shared memory itself it is always an `Option`: a peer may write zero, which is no `Offset`.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// let arena = region::SharedArena::new(1 << 16)?;
/// let answer: region::shared::Offset<u64> = arena.alloc(42)?;
/// assert_eq!(arena.read(answer)?, 42);
/// assert_eq!(size_of::<Option<region::shared::Offset<[u8]>>>(), 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct Offset<T: ?Sized> {
    raw: NonZeroU64,
    /// The type is only named: an offset is `Send` and `Sync` whatever it leads to.
    leads_to: PhantomData<fn() -> *const T>,
}

impl<T: ?Sized> Offset<T> {
    /// The offset of this many bytes; `None` for zero, where no value lies.
    #[inline]
    pub const fn from_raw(raw: u64) -> Option<Self> {
        match NonZeroU64::new(raw) {
            Some(raw) => Some(Offset { raw, leads_to: PhantomData }),
            None => None,
        }
    }

    /// The distance in bytes from the arena's start. What another process needs to know.
    #[inline]
    pub const fn raw(self) -> u64 {
        self.raw.get()
    }

    /// The same offset, read as another type. Where a slice or text begins, that is its first element.
    #[inline]
    pub const fn cast<U>(self) -> Offset<U> {
        Offset { raw: self.raw, leads_to: PhantomData }
    }
}

impl<T> Offset<[T]> {
    /// Where the length lies: in the word before the first element.
    #[inline]
    pub(super) const fn length(self) -> Option<Offset<u64>> {
        Offset::from_raw(self.raw.get().wrapping_sub(WORD as u64))
    }
}

impl Offset<[u8]> {
    /// The same bytes as text. They are checked when they are read.
    #[inline]
    pub const fn as_text(self) -> Offset<str> {
        Offset { raw: self.raw, leads_to: PhantomData }
    }
}

impl Offset<str> {
    /// The text's bytes.
    #[inline]
    pub const fn as_bytes(self) -> Offset<[u8]> {
        Offset { raw: self.raw, leads_to: PhantomData }
    }
}

impl<T: ?Sized> Clone for Offset<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Offset<T> {}

impl<T: ?Sized> PartialEq for Offset<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<T: ?Sized> Eq for Offset<T> {}

impl<T: ?Sized> Hash for Offset<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}

impl<T: ?Sized> fmt::Debug for Offset<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Offset({:#x})", self.raw)
    }
}
