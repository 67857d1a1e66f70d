//! Errors in few words: what only sentences say left out of the C archive, and reasons in one word each.
//!
//! The rest of the crate sees [`Detail`] alone. What a reason means, and its sentence, are the parent's.

#[cfg(region_staticlib)]
use super::Error;
#[cfg(region_staticlib)]
use super::reason::AllocReason;
use super::{Errno, Reason};
use core::fmt;
use core::num::NonZero;

/// Whether errors keep what only their sentences say. In the C archive they do not: `region_strerror` has sentences
/// for numbers, and a failure that is one word comes back in a register. A twelfth of the code would move the rest
/// about.
#[cfg_attr(not(all(feature = "os", unix)), allow(dead_code))]
pub(super) const HAS_DETAILS: bool = cfg!(not(region_staticlib));

/// A part of an error that only its sentence says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Detail<T>(#[cfg(not(region_staticlib))] T, #[cfg(region_staticlib)] core::marker::PhantomData<T>);

impl<T: Copy> Detail<T> {
    pub(crate) const fn new(part: T) -> Self {
        #[cfg(not(region_staticlib))]
        return Detail(part);
        #[cfg(region_staticlib)]
        {
            let _ = part;
            Detail(core::marker::PhantomData)
        }
    }

    /// For sentences, and for Rust to ask; not there where nothing was kept.
    #[cfg(not(region_staticlib))]
    pub(crate) const fn get(self) -> T {
        self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Detail<T> {
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
pub(crate) use show_reason;

/// A [`Reason`] in one word that is never 0, so that a `Result` with it is no larger: the system's number, and above
/// it which reason it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed(NonZero<usize>);

/// The reasons that are no more than that, by their numbers. As long as a power of two, so that a mask keeps a number
/// inside.
const PLAIN: &[Reason; Reason::OTHERS.next_power_of_two()] = &{
    let mut plain = [Reason::Empty; Reason::OTHERS.next_power_of_two()];
    let mut at = 0;
    while at < Reason::OTHERS {
        if let Some(reason) = Reason::numbered(Reason::OS + 1 + at, 0) {
            plain[at] = reason;
        }
        at += 1;
    }
    plain
};

impl Packed {
    /// Bits of the system's number. Linux's end at 4095, as addresses begin above; others of a Unix end far below, and
    /// those of Windows have 16 bits.
    const BITS: u32 = if cfg!(windows) { 16 } else { 12 };

    #[cfg_attr(not(all(feature = "os", unix)), allow(dead_code))]
    pub(super) const fn new(reason: Reason) -> Self {
        let errno = match reason {
            Reason::Os(errno) => errno.raw() as u32 as usize,
            _ => 0,
        };
        debug_assert!(errno < 1 << Self::BITS);
        // No number is 0, so neither is the word.
        match NonZero::new((reason.number() << Self::BITS) + errno) {
            Some(word) => Packed(word),
            None => Packed(NonZero::<usize>::MAX),
        }
    }

    pub(super) const fn get(self) -> Reason {
        let word = self.0.get();
        let number = word >> Self::BITS;
        if number == Reason::OS {
            return Reason::Os(Errno::new((word & ((1 << Self::BITS) - 1)) as i32));
        }
        // No other number is made, and the mask, which changes none of them, spares a look at the table's end.
        PLAIN[(number - Reason::OS - 1) & (PLAIN.len() - 1)]
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// An [`AllocReason`] in one word that is never 0, for the reason that [`Detail`] gives: which it is, and above that
/// its bytes. They are exact as far as addresses reach on 64 bits; only sentences say them.
#[cfg(region_staticlib)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct PackedAlloc(NonZero<usize>);

#[cfg(region_staticlib)]
impl PackedAlloc {
    const BITS: u32 = 5;

    pub(super) const fn new(reason: AllocReason) -> Self {
        const { assert!(AllocReason::OS + AllocReason::OTHERS < 1 << Self::BITS) };
        let bytes = match reason {
            AllocReason::Os(error) => error.reason.0.get(),
            other => other.bytes(),
        };
        // No number is 0, so neither is the word.
        match NonZero::new(bytes << Self::BITS | reason.number()) {
            Some(word) => PackedAlloc(word),
            None => PackedAlloc(NonZero::<usize>::MAX),
        }
    }

    pub(super) const fn get(self) -> AllocReason {
        let bytes = self.0.get() >> Self::BITS;
        let number = self.0.get() & ((1 << Self::BITS) - 1);
        match (AllocReason::numbered(number, bytes), NonZero::new(bytes)) {
            (Some(reason), _) => reason,
            (None, Some(word)) => AllocReason::Os(Error::of(Packed(word))),
            (None, None) => AllocReason::Refused,
        }
    }
}

#[cfg(region_staticlib)]
impl fmt::Debug for PackedAlloc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AllocReason;

    #[test]
    fn every_reason_comes_back_as_it_was_packed() {
        for reason in PLAIN.iter().copied().chain([1, 12, 4095].map(|errno| Reason::Os(Errno::new(errno)))) {
            assert_eq!(Packed::new(reason).get(), reason);
        }
    }

    #[test]
    fn every_reason_of_an_allocation_has_a_number_that_leads_back_to_it() {
        let numbers = AllocReason::OS + 1..=AllocReason::OS + AllocReason::OTHERS;
        for number in numbers.clone() {
            let reason = AllocReason::numbered(number, 5).unwrap();
            assert_eq!((reason.number(), reason.bytes() % 5), (number, 0));
            assert_eq!(AllocReason::numbered(number, reason.bytes()), Some(reason));
        }
        assert_eq!(numbers.filter(|&number| AllocReason::numbered(number, 5).unwrap().bytes() == 5).count(), 4);
        assert_eq!(AllocReason::numbered(0, 0).or(AllocReason::numbered(AllocReason::OS, 0)), None);
    }
}
