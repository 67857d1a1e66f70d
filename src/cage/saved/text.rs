//! Text in saved trees: a link to bytes that are UTF-8.
//!
//! Most text is short and ASCII, and there is as much of it as of anything: a look at one vector of bytes, without a loop,
//! says so of nearly all. What is not, or lies at the image's end, or is shared, takes a function.

use super::check::{Check, Claimed, SLACK, Target};
use super::error::{SavedFault, Stop};
use super::links::{check_link, field};
use super::savable::Savable;
use super::save::Save;
use super::types::Types;
use crate::cage::link::NOTHING;
use crate::cage::{Cage, Slice32, Str32};
use core::any::TypeId;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::ptr::NonNull;

/// Bytes of text that are looked at together.
#[cfg(target_arch = "x86_64")]
const SHORT: u32 = 32;
#[cfg(not(target_arch = "x86_64"))]
const SHORT: u32 = 16;
const _: () = assert!(SHORT as usize <= SLACK);

/// Whether `len` is 1 to `SHORT`, and so many bytes are ASCII.
///
/// # Safety
/// `SHORT` bytes are readable and initialized, which nobody writes meanwhile.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn is_ascii(bytes: NonNull<u8>, len: u32) -> bool {
    use core::arch::x86_64::{_mm_loadu_si128, _mm_movemask_epi8};
    const HALF: u32 = SHORT / 2;
    let halves = bytes.as_ptr().cast();
    // A bit for each byte that is not, and one behind them.
    // SAFETY: the caller's promise; all processors of this kind have SSE2.
    let first = unsafe { _mm_movemask_epi8(_mm_loadu_si128(halves)) } as u32 | 1 << HALF;
    let last = len.wrapping_sub(1);
    if last < first.trailing_zeros() {
        return true;
    }
    // SAFETY: the caller's promise is of `SHORT` bytes, which are both halves.
    let second = unsafe { _mm_movemask_epi8(_mm_loadu_si128(halves.add(1))) } as u32 | 1 << HALF;
    first == 1 << HALF && last < HALF + second.trailing_zeros()
}

/// As above.
///
/// # Safety
/// As above.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn is_ascii(bytes: NonNull<u8>, len: u32) -> bool {
    const { assert!(SHORT == TWO_WORDS) };
    // SAFETY: the caller's promise.
    unsafe { is_ascii_by_words(bytes, len) }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
const TWO_WORDS: u32 = 2 * size_of::<u64>() as u32;

/// Whether `len` is 1 to `TWO_WORDS`, and so many bytes are ASCII.
///
/// # Safety
/// `TWO_WORDS` bytes are readable and initialized, which nobody writes meanwhile.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
unsafe fn is_ascii_by_words(bytes: NonNull<u8>, len: u32) -> bool {
    const WORD: u32 = TWO_WORDS / 2;
    const HIGH: u64 = u64::from_ne_bytes([0x80; WORD as usize]);
    let words = bytes.cast::<u64>();
    if len.wrapping_sub(1) >= TWO_WORDS {
        return false;
    }
    // SAFETY: the caller's promise.
    let first = u64::from_le(unsafe { words.read_unaligned() });
    if len <= WORD {
        return (first << (u64::BITS - len * u8::BITS)) & HIGH == 0;
    }
    // SAFETY: the caller's promise; the word ends with the text.
    let last = unsafe { words.byte_add((len - WORD) as usize).read_unaligned() };
    (first | last) & HIGH == 0
}

/// What text leads to, by which the walks know text that is shared from a slice of bytes that is.
struct TextBytes<C>(PhantomData<C>);

impl<C: Cage> Target for TextBytes<C> {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;
    const PENDS: bool = false;
    const SCALE: u32 = C::OPTIONS.scale();

    fn shared() -> Option<TypeId> {
        Some(TypeId::of::<Self>())
    }
}

/// Checks any link to text.
///
/// # Safety
/// The walk claimed the 4 bytes of the link's number, aligned.
#[inline(never)]
unsafe fn check_text<C: Cage>(link: NonNull<u32>, count: u32, walk: &mut Check) -> Result<(), Stop> {
    // SAFETY: the caller's promise. What is claimed has as many bytes as the length says, and nobody writes them meanwhile.
    unsafe {
        if count == 0 {
            return check_link::<u8, C, true>(link, 0, walk).map(|_| ());
        }
        let (Claimed::Fresh(bytes) | Claimed::Shared(bytes, _)) = walk.claim::<TextBytes<C>>(link, count)? else {
            return Ok(());
        };
        let text = NonNull::slice_from_raw_parts(bytes, count as usize).as_ref();
        // Text with other characters takes several times as long.
        if (count > SHORT && text.is_ascii()) || core::str::from_utf8(text).is_ok() {
            return Ok(());
        }
        Err(walk.refuse(bytes, SavedFault::Text))
    }
}

// SAFETY: text is a number and a length, of bytes that are claimed and are UTF-8, or the number of none. The rest as of a
// slice. A value of this type leaves nothing for later: its bytes are looked at at once.
unsafe impl<'a, C: Cage> Savable<'a, C> for Str32<'a, C> {
    type Name = Str32<'static, C>;
    const PENDS: bool = false;

    fn describe(types: &mut Types) {
        if types.enter::<Self, Self::Name>("Str32") {
            types.leave();
        }
    }

    #[inline(always)]
    unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<bool, Stop> {
        // SAFETY: the walk claimed these bytes, aligned; both fields lie in them, and any bits are a number or a length.
        // What it takes has as many bytes as the length says, with more behind them, and nobody writes them meanwhile.
        unsafe {
            let (link, count) = (field(at, 0), field(at, offset_of!(Slice32<'a, u8, C>, len)).read());
            if walk.take::<TextBytes<C>>(link, count, |bytes| is_ascii(bytes, count)).is_none() {
                check_text::<C>(link, count, walk)?;
            }
        }
        Ok(false)
    }

    unsafe fn follow(_at: NonNull<Self>, _walk: &mut Check) -> Result<(), Stop> {
        Ok(())
    }

    fn save(&self, at: usize, walk: &mut Save) -> Result<(), Stop> {
        let (number, text) = (self.number(), self.as_str());
        let len = text.len() as u32;
        walk.number(at + offset_of!(Slice32<'a, u8, C>, len), len);
        if len == 0 {
            walk.number(at, NOTHING.get());
            return Ok(());
        }
        if let Some(to) = walk.claim::<TextBytes<C>>(at, number.get(), len)? {
            // SAFETY: so many bytes of text.
            unsafe { walk.put(to, NonNull::from(text).cast(), text.len()) };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks of all lengths, with one byte at each place that is not ASCII.
    fn asks(longest: u32, is_ascii: unsafe fn(NonNull<u8>, u32) -> bool) {
        for len in [0, longest + 1, u32::MAX] {
            let text = [b'a'; 2 * SLACK];
            // SAFETY: there are as many bytes.
            assert!(!unsafe { is_ascii(NonNull::from(&text).cast(), len) }, "{len} bytes");
        }
        for len in 1..=longest {
            for at in 0..longest {
                for byte in [0x80, 0xff] {
                    let mut text = [0x7f_u8; 2 * SLACK];
                    text[1 + at as usize] = byte;
                    // SAFETY: there are `longest` bytes from the second one on.
                    let found = unsafe { is_ascii(NonNull::new_unchecked((&raw mut text).cast::<u8>().add(1)), len) };
                    assert_eq!(found, at >= len, "{len} bytes, {byte:#x} at {at}");
                }
            }
        }
    }

    #[test]
    fn any_byte_of_short_text_that_is_not_ascii_is_seen() {
        // By closures, since what is always inlined for a processor has no address.
        // SAFETY: `asks` passes as many bytes as it was given here.
        asks(SHORT, |bytes, len| unsafe { is_ascii(bytes, len) });
        // SAFETY: `asks` passes two words, and they live for the call.
        asks(TWO_WORDS, |bytes, len| unsafe { is_ascii_by_words(bytes, len) });
    }
}
