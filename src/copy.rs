//! Copies of a few bytes without a call: strings and pieces of them are mostly short.
//!
//! A length between two powers of two is copied by two moves of the smaller one, which overlap. Nothing before or behind
//! the values is read or written. Longer ones are `memcpy`'s.

use core::mem::MaybeUninit;

/// Most bytes that are copied here.
pub(crate) const FEW: usize = 32;

/// Copies `len` values.
///
/// # Safety
/// As for [`core::ptr::copy_nonoverlapping`].
#[inline(always)]
pub(crate) unsafe fn copy<T: Copy>(from: *const T, to: *mut T, len: usize) {
    // The archives call `memcpy`, which is smaller.
    if size_of::<T>() != 1 || cfg!(region_staticlib) || len > FEW {
        // SAFETY: the caller's promise.
        return unsafe { to.copy_from_nonoverlapping(from, len) };
    }
    let (from, to) = (from.cast::<u8>(), to.cast::<u8>());
    // SAFETY: in each arm `N` is at most `len`, and `len` at most twice `N`, so both ends are covered, and all of it.
    unsafe {
        match len {
            16.. => ends::<16>(from, to, len),
            8.. => ends::<8>(from, to, len),
            4.. => ends::<4>(from, to, len),
            2.. => ends::<2>(from, to, len),
            1 => ends::<1>(from, to, len),
            0 => {}
        }
    }
}

/// Copies the first and the last `N` bytes. Both are loaded before one is stored.
///
/// # Safety
/// `N` is at most `len`, and there are so many bytes at both addresses.
#[inline(always)]
unsafe fn ends<const N: usize>(from: *const u8, to: *mut u8, len: usize) {
    let last = len - N;
    // Bytes of any kind, initialized or not.
    // SAFETY: the caller's promise. Arrays of bytes need no alignment.
    unsafe {
        let first = from.cast::<[MaybeUninit<u8>; N]>().read_unaligned();
        let second = from.add(last).cast::<[MaybeUninit<u8>; N]>().read_unaligned();
        to.cast::<[MaybeUninit<u8>; N]>().write_unaligned(first);
        to.add(last).cast::<[MaybeUninit<u8>; N]>().write_unaligned(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_length_is_copied_and_nothing_else() {
        let source: [u8; 64] = core::array::from_fn(|i| i as u8 + 1);
        for len in 0..=40 {
            for at in 0..8 {
                let mut target = [0u8; 64];
                // SAFETY: at most 48 of 64 bytes, of two arrays.
                unsafe { copy(source.as_ptr().add(at), target.as_mut_ptr().add(at), len) };
                let expected = |i: usize| if (at..at + len).contains(&i) { source[i] } else { 0 };
                assert!((0..64).all(|i| target[i] == expected(i)), "{len} bytes at {at}: {target:?}");
            }
        }
    }
}
