//! Errors in few words: what only sentences say left out of the C archive, and reasons in one word each.
//!
//! The rest of the crate sees [`Told`] alone. What a reason means, and its sentence, are the parent's.

#[cfg(region_staticlib)]
use super::{AllocError, AllocReason, Error};
use super::{Errno, Reason};
use core::fmt;
use core::num::NonZero;

/// Whether errors keep what only their sentences say. In the C archive they do not: `region_strerror` has sentences
/// for numbers, and a failure that is one word comes back in a register. A twelfth of the code would move the rest
/// about.
pub(super) const IS_TOLD: bool = cfg!(not(region_staticlib));

/// A part of an error that only its sentence says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told<T>(#[cfg(not(region_staticlib))] T, #[cfg(region_staticlib)] core::marker::PhantomData<T>);

impl<T: Copy> Told<T> {
    pub(crate) const fn new(part: T) -> Self {
        #[cfg(not(region_staticlib))]
        return Told(part);
        #[cfg(region_staticlib)]
        {
            let _ = part;
            Told(core::marker::PhantomData)
        }
    }

    /// For sentences, and for Rust to ask; not there where nothing was kept.
    #[cfg(not(region_staticlib))]
    pub(crate) const fn get(self) -> T {
        self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Told<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `Display` for errors where they keep nothing for a sentence: why, and no more.
#[cfg(region_staticlib)]
macro_rules! show_reason {
    ($($error:ty)*) => { $(
        impl core::fmt::Display for $error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(&self.reason(), f)
            }
        }
    )* };
}
#[cfg(region_staticlib)]
show_reason!(Error AllocError crate::pool::PoolError);

/// A [`Reason`] in one word that is never 0, so that a `Result` with it is no larger: the system's number, and above
/// it which reason it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed(NonZero<usize>);

impl Packed {
    /// Bits of the system's number. Linux ends at 4095, so as to tell a number from an address; others do far below.
    const BITS: u32 = 12;

    pub(super) const fn new(reason: Reason) -> Self {
        let (kind, errno) = match reason {
            Reason::Os(errno) => (1, errno.raw() as u32 as usize),
            Reason::Empty => (2, 0),
            Reason::TooLarge => (3, 0),
            Reason::BadAlignment => (4, 0),
            Reason::BadRange => (5, 0),
            Reason::Directory => (6, 0),
            Reason::OutsideFile => (7, 0),
            Reason::NotShared => (8, 0),
            Reason::NotAnArena => (9, 0),
            Reason::BadPath => (10, 0),
        };
        debug_assert!(errno < 1 << Self::BITS);
        // No kind is 0, so neither is the word.
        match NonZero::new((kind << Self::BITS) + errno) {
            Some(word) => Packed(word),
            None => Packed(NonZero::<usize>::MAX),
        }
    }

    pub(super) const fn get(self) -> Reason {
        let word = self.0.get();
        match word >> Self::BITS {
            1 => Reason::Os(Errno((word & ((1 << Self::BITS) - 1)) as i32)),
            2 => Reason::Empty,
            3 => Reason::TooLarge,
            4 => Reason::BadAlignment,
            5 => Reason::BadRange,
            6 => Reason::Directory,
            7 => Reason::OutsideFile,
            8 => Reason::NotShared,
            9 => Reason::NotAnArena,
            _ => Reason::BadPath,
        }
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// An [`AllocReason`] in one word that is never 0, for the reason that [`Told`] gives: which it is, and above that its
/// bytes. They are exact as far as addresses reach on 64 bits; only sentences say them.
#[cfg(region_staticlib)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct PackedAlloc(NonZero<usize>);

#[cfg(region_staticlib)]
impl PackedAlloc {
    const BITS: u32 = 4;

    pub(super) const fn new(reason: AllocReason) -> Self {
        let (kind, bytes) = match reason {
            AllocReason::TooLarge => (1, 0),
            AllocReason::Limit(bytes) => (2, bytes),
            AllocReason::Exhausted(bytes) => (3, bytes),
            AllocReason::Os(error) => (4, error.reason.0.get()),
            AllocReason::Refused => (5, 0),
            AllocReason::Alignment(bytes) => (6, bytes),
            AllocReason::Corrupt => (7, 0),
            AllocReason::Format => (8, 0),
            AllocReason::Reservation(bytes) => (9, bytes),
            AllocReason::Ids => (10, 0),
        };
        // No kind is 0, so neither is the word.
        match NonZero::new(bytes << Self::BITS | kind) {
            Some(word) => PackedAlloc(word),
            None => PackedAlloc(NonZero::<usize>::MAX),
        }
    }

    pub(super) const fn get(self) -> AllocReason {
        let bytes = self.0.get() >> Self::BITS;
        match self.0.get() & ((1 << Self::BITS) - 1) {
            1 => AllocReason::TooLarge,
            2 => AllocReason::Limit(bytes),
            3 => AllocReason::Exhausted(bytes),
            4 => match NonZero::new(bytes) {
                Some(word) => AllocReason::Os(Error::of(Packed(word))),
                None => AllocReason::Refused,
            },
            5 => AllocReason::Refused,
            6 => AllocReason::Alignment(bytes),
            7 => AllocReason::Corrupt,
            8 => AllocReason::Format,
            9 => AllocReason::Reservation(bytes),
            _ => AllocReason::Ids,
        }
    }
}

#[cfg(region_staticlib)]
impl fmt::Debug for PackedAlloc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
