//! Copies plain values into shared words and back.
//!
//! Relaxed loads and stores of whole words, so that a process which writes meanwhile makes the bytes wrong and does
//! nothing worse. Links give order between processes. Nothing here panics: where words and bytes differ in length,
//! which callers prevent, the shorter counts.

use super::{Shareable, WORD};
use crate::sync::{AtomicU64, Ordering};

/// Stores `bytes` from the first word on, as far as the words reach; what the last word has left becomes zero.
#[inline]
pub(super) fn store(words: &[AtomicU64], bytes: &[u8]) {
    let mut words = words.iter();
    let whole = bytes.chunks_exact(WORD);
    let rest = whole.remainder();
    for (bytes, word) in whole.zip(&mut words) {
        let mut value = [0; WORD];
        value.copy_from_slice(bytes);
        word.store(u64::from_ne_bytes(value), Ordering::Relaxed);
    }
    if rest.is_empty() {
        return;
    }
    if let Some(word) = words.next() {
        let mut value = [0; WORD];
        value.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
        word.store(u64::from_ne_bytes(value), Ordering::Relaxed);
    }
}

/// Loads `bytes.len()` bytes, the first of which is byte `skip` of the first word, as far as the words reach.
#[inline]
pub(super) fn load(words: &[AtomicU64], skip: usize, bytes: &mut [u8]) {
    let mut words = words.iter();
    let mut bytes = bytes;
    if skip != 0 {
        let here = bytes.len().min(WORD.saturating_sub(skip));
        let (Some((head, tail)), Some(word)) = (bytes.split_at_mut_checked(here), words.next()) else { return };
        let value = word.load(Ordering::Relaxed).to_ne_bytes();
        head.iter_mut().zip(value.iter().skip(skip)).for_each(|(to, &from)| *to = from);
        bytes = tail;
    }
    let mut whole = bytes.chunks_exact_mut(WORD);
    for (bytes, word) in (&mut whole).zip(&mut words) {
        bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
    }
    let rest = whole.into_remainder();
    if rest.is_empty() {
        return;
    }
    if let Some(word) = words.next() {
        let value = word.load(Ordering::Relaxed).to_ne_bytes();
        rest.iter_mut().zip(&value).for_each(|(to, &from)| *to = from);
    }
}

/// The bytes of plain values, which have no padding.
#[inline]
pub(super) fn bytes_of<T: Shareable + Copy>(values: &[T]) -> &[u8] {
    // SAFETY: `Shareable` types have no padding, so all `size_of_val` bytes are initialized; and as the type
    // is `Copy` it has no atomics in it that somebody could be changing.
    unsafe { core::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// The bytes of a plain value that nobody else can see, so that nobody changes atomics that it may have.
#[inline]
pub(super) fn bytes_of_mine<T: Shareable>(value: &mut T) -> &mut [u8] {
    bytes_of_mut(core::slice::from_mut(value))
}

/// The bytes of plain values, to be written.
#[inline]
pub(super) fn bytes_of_mut<T: Shareable>(values: &mut [T]) -> &mut [u8] {
    // SAFETY: `Shareable` types have no padding, so all bytes are initialized; any bytes are a value, so they
    // may be written; and `&mut` makes this the only way to them.
    unsafe { core::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) }
}

/// The value whose bytes are all zero, to be loaded over.
#[inline]
pub(super) const fn zero<T: Shareable>() -> T {
    // SAFETY: any bytes are a value of a `Shareable` type.
    unsafe { core::mem::zeroed() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn what_was_stored_is_loaded_from_any_byte_on(bytes: Vec<u8>, from: usize, len: usize) {
            let words: Vec<AtomicU64> = bytes.chunks(WORD).map(|_| AtomicU64::new(u64::MAX)).collect();
            store(&words, &bytes);
            let from = from.checked_rem(bytes.len()).unwrap_or(0);
            let len = len % (bytes.len() - from + 1);
            let mut loaded = vec![0; len];
            load(&words[from / WORD..], from % WORD, &mut loaded);
            prop_assert_eq!(&loaded, &bytes[from..from + len]);
        }
    }
}
