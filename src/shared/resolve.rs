//! Whether an offset leads to a value: pure integers, no memory.
//!
//! Offsets come out of shared memory, where any process writes. They are compared with the length that this process
//! mapped.

use super::WORD;
use super::error::OffsetReason;
use super::header::FIRST;

/// Finds the first byte of `size` bytes aligned to `align` that lie between the header and `end`.
///
/// Requires that `end` is a multiple of a word and `align` a power of two. Ensures that the answer is a
/// multiple of a word and of `align`, at least [`FIRST`], and that `size` rounded up to words is at most
/// `end` less the answer.
#[inline]
pub(super) const fn resolve(raw: u64, size: usize, align: usize, end: usize) -> Result<usize, OffsetReason> {
    let at = raw as usize;
    if at as u64 != raw || at < FIRST || at > end {
        return Err(OffsetReason::Outside);
    }
    let align = if align < WORD { WORD } else { align };
    if at & (align - 1) != 0 {
        return Err(OffsetReason::Misaligned);
    }
    // `.bump.size-first`: `end - at` is a multiple of a word, so a size that fits does when rounded, too.
    if size > end - at {
        return Err(OffsetReason::Outside);
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_offset_is_answered_by_the_definition(
            raw in prop_oneof![any::<u64>(), 0..1u64 << 13, (0..1u64 << 10).prop_map(|n| n * 8)],
            size in prop_oneof![any::<usize>(), 0..5000usize],
            align in 0..13u32,
            end in (512..1024usize).prop_map(|n| n * 8),
        ) {
            let (wide, align) = (u128::from(raw), 1usize << align);
            let inside = wide >= FIRST as u128 && wide + (size as u128).next_multiple_of(8) <= end as u128;
            let aligned = raw % align.max(WORD) as u64 == 0;
            let answer = resolve(raw, size, align, end);
            prop_assert_eq!(answer.is_ok(), inside && aligned);
            if let Ok(at) = answer {
                prop_assert_eq!(at as u64, raw);
            }
        }
    }
}
