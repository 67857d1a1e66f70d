//! Newlines, or whatever one byte ends a line, 64 bytes at a time: one bit for each.
//!
//! A search for one delimiter has a cost at its start and end, for every line. A mask of 64 bytes has that cost once a
//! block, and its bits are found by counting zeroes. Here are the masks for each processor (SSE2 and, if it exists,
//! AVX2; NEON; plain words elsewhere), and batches of masks. `lines` makes lines of the bits. Nothing outside the slice
//! is read.

/// Bytes that one mask covers.
pub(super) const BLOCK: usize = 64;

/// Masks made at a time, so that the choice of instructions is made once in 1 KiB of text.
///
/// Fewer make that choice more often (4: 8 % slower by the line, 1.6× when counting); more waste time where only a
/// few lines are wanted, and make [`Lines`](super::Lines), which carries a batch, large (64: as fast).
const BATCH: usize = 16;

/// Bytes that a batch covers.
pub(super) const BATCH_BYTES: usize = BATCH * BLOCK;

/// Bit `i` of mask `k` says whether byte `64 * k + i` is the delimiter; 0 behind the end of the text.
pub(super) type Masks = [u64; BATCH];

/// Makes the masks of the first [`BATCH_BYTES`] bytes of `text`, or of all of it if it is shorter.
pub(super) fn fill(masks: &mut Masks, text: &[u8], delimiter: u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if let (true, Some(batch)) = (x86::has_avx2(), text.first_chunk()) {
        // SAFETY: the processor and the system have just said that they have AVX2.
        unsafe { x86::fill_avx2(masks, batch, delimiter) };
        return;
    }
    *masks = [0; BATCH];
    for (mask, block) in masks.iter_mut().zip(text.chunks(BLOCK)) {
        *mask = mask_of(block, delimiter);
    }
}

/// How many delimiters `text` has.
pub(super) fn count(text: &[u8], delimiter: u8) -> usize {
    let mut masks = [0; BATCH];
    let of = |batch: &[u8]| {
        fill(&mut masks, batch, delimiter);
        masks.iter().map(|mask| mask.count_ones() as usize).sum::<usize>()
    };
    text.chunks(BATCH_BYTES).map(of).sum()
}

/// Where the last delimiter of `text` is.
pub(super) fn last(text: &[u8], delimiter: u8) -> Option<usize> {
    let mut end = text.len();
    for block in text.rchunks(BLOCK) {
        let at = end - block.len();
        if let Some(highest) = mask_of(block, delimiter).checked_ilog2() {
            return Some(at + highest as usize);
        }
        end = at;
    }
    None
}

/// The mask of one block, which may be shorter than [`BLOCK`] at the text's end.
fn mask_of(block: &[u8], delimiter: u8) -> u64 {
    match block.first_chunk() {
        Some(block) => mask(block, delimiter),
        // The bytes that were added may be delimiters, too.
        None => mask(&pad(block), delimiter) & ((1 << block.len()) - 1),
    }
}

/// A copy with zeroes behind it, so that the wide loads stay inside memory that is ours.
fn pad(block: &[u8]) -> [u8; BLOCK] {
    let mut padded = [0; BLOCK];
    for (to, from) in padded.iter_mut().zip(block) {
        *to = *from;
    }
    padded
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
use x86::mask_sse2 as mask;

#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little", not(miri)))]
use arm::mask_neon as mask;

#[cfg(any(
    miri,
    not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon", target_endian = "little")))
))]
use mask_words as mask;

/// The mask by 8-byte words, for processors without a vector unit that is known here.
#[cfg_attr(not(test), allow(dead_code))]
fn mask_words(block: &[u8; BLOCK], delimiter: u8) -> u64 {
    const LOW_BITS: u64 = u64::MAX / 255;
    const LOW_SEVEN: u64 = LOW_BITS * 0x7f;
    /// Multiplied with bytes of which only the lowest bit may be set, gathers these bits in the highest byte: that of
    /// byte `i` is moved by `56 - 7 * i`, to bit `56 + i`, and no two are added.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let delimiters = LOW_BITS * u64::from(delimiter);
    let mut mask = 0;
    for (index, word) in block.chunks_exact(8).enumerate() {
        let Ok(word) = word.try_into() else { continue };
        let other = u64::from_le_bytes(word) ^ delimiters;
        // The high bit of each byte of `other` that is 0; the sum cannot carry from byte to byte.
        let zero = !(((other & LOW_SEVEN) + LOW_SEVEN) | other | LOW_SEVEN);
        let bits = (zero >> 7).wrapping_mul(GATHER) >> 56;
        mask |= bits << (8 * index);
    }
    mask
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod x86 {
    use super::{BATCH_BYTES, BLOCK, Masks};
    use crate::sync::global::{AtomicUsize, Ordering};
    use core::arch::x86_64::*;

    /// Whether AVX2 can be used. Asked once; the answer is the same in every thread.
    pub(super) fn has_avx2() -> bool {
        if cfg!(target_feature = "avx2") {
            return true;
        }
        // The test and the second code path are 230 bytes of code.
        if cfg!(region_small) {
            return false;
        }
        const UNKNOWN: usize = 0;
        const NO: usize = 1;
        const YES: usize = 2;
        static KNOWN: AtomicUsize = AtomicUsize::new(UNKNOWN);
        match KNOWN.load(Ordering::Relaxed) {
            UNKNOWN => {
                let has = ask();
                KNOWN.store(if has { YES } else { NO }, Ordering::Relaxed);
                has
            }
            known => known == YES,
        }
    }

    /// Asks the processor whether it knows AVX2, and whether the system keeps its registers.
    #[cold]
    #[allow(unused_unsafe)] // newer compilers know that CPUID is safe
    fn ask() -> bool {
        /// Leaf 1, ECX: the system uses XSAVE (so XGETBV exists); AVX.
        const OSXSAVE_AND_AVX: u32 = 1 << 27 | 1 << 28;
        /// Leaf 7, EBX: AVX2.
        const AVX2: u32 = 1 << 5;
        /// XCR0: the system keeps the SSE and the AVX registers of a thread that is not running.
        const SSE_AND_AVX_STATE: u64 = 0b110;
        // SAFETY: every x86-64 processor has CPUID. XGETBV exists where OSXSAVE says so, which is tested
        // before it is executed.
        unsafe {
            let (highest_leaf, _) = __get_cpuid_max(0);
            highest_leaf >= 7
                && __cpuid(1).ecx & OSXSAVE_AND_AVX == OSXSAVE_AND_AVX
                && saved_state() & SSE_AND_AVX_STATE == SSE_AND_AVX_STATE
                && __cpuid_count(7, 0).ebx & AVX2 != 0
        }
    }

    /// XCR0: which registers the system keeps.
    ///
    /// # Safety
    /// CPUID says OSXSAVE.
    #[target_feature(enable = "xsave")]
    unsafe fn saved_state() -> u64 {
        // SAFETY: the caller has seen OSXSAVE; register 0 always exists.
        unsafe { _xgetbv(0) }
    }

    /// The mask with the instructions that every x86-64 has.
    #[inline]
    pub(super) fn mask_sse2(block: &[u8; BLOCK], delimiter: u8) -> u64 {
        // SAFETY: SSE2 belongs to x86-64; the four unaligned loads read bytes 0..64 of a block of 64.
        unsafe {
            let delimiter = _mm_set1_epi8(delimiter as i8);
            let quarter = |index: usize| {
                let bytes = _mm_loadu_si128(block.as_ptr().cast::<__m128i>().add(index));
                u64::from(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, delimiter)) as u32) << (16 * index)
            };
            quarter(0) | quarter(1) | quarter(2) | quarter(3)
        }
    }

    /// A whole batch of masks.
    ///
    /// # Safety
    /// The processor has AVX2, and the system keeps its registers.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn fill_avx2(masks: &mut Masks, text: &[u8; BATCH_BYTES], delimiter: u8) {
        // SAFETY: the caller says that AVX2 is there; the loads read bytes `64 * index..64 * index + 64`, and
        // `index` is less than the 16 blocks that `text` has by its type.
        unsafe {
            let delimiter = _mm256_set1_epi8(delimiter as i8);
            for (index, mask) in masks.iter_mut().enumerate() {
                let from = text.as_ptr().cast::<__m256i>().add(2 * index);
                let low = _mm256_cmpeq_epi8(_mm256_loadu_si256(from), delimiter);
                let high = _mm256_cmpeq_epi8(_mm256_loadu_si256(from.add(1)), delimiter);
                let (low, high) = (_mm256_movemask_epi8(low) as u32, _mm256_movemask_epi8(high) as u32);
                *mask = u64::from(low) | u64::from(high) << 32;
            }
        }
    }
}

#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little", not(miri)))]
mod arm {
    use super::BLOCK;
    use core::arch::aarch64::*;

    /// The mask with NEON, which has no movemask: every byte keeps the bit of its index among eight, and three rounds
    /// of adding neighbours gather the bits.
    #[inline]
    pub(super) fn mask_neon(block: &[u8; BLOCK], delimiter: u8) -> u64 {
        const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
        // SAFETY: NEON is among this build's target features; the loads read the 16 bytes of `BITS` and
        // bytes 0..64 of a block of 64.
        unsafe {
            let bits = vld1q_u8(BITS.as_ptr());
            let delimiter = vdupq_n_u8(delimiter);
            let quarter = |index: usize| {
                let bytes = vld1q_u8(block.as_ptr().add(16 * index));
                vandq_u8(vceqq_u8(bytes, delimiter), bits)
            };
            let halves = (vpaddq_u8(quarter(0), quarter(1)), vpaddq_u8(quarter(2), quarter(3)));
            let whole = vpaddq_u8(halves.0, halves.1);
            vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(whole, whole)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// The mask, one byte after the other.
    fn slow_mask(block: &[u8], delimiter: u8) -> u64 {
        block.iter().enumerate().filter(|&(_, &byte)| byte == delimiter).fold(0, |mask, (index, _)| mask | 1 << index)
    }

    /// A newline, a NUL, which pads the end of a text, and bytes whose signs and carries could be lost.
    const DELIMITERS: [u8; 6] = [b'\n', 0, 1, 0x7f, 0x80, 0xff];

    /// Bytes that repeat late, with delimiters and their neighbours (a carry would show in 9 and 11, a lost
    /// sign in 0x8a).
    fn bytes(len: usize, seed: u64) -> Vec<u8> {
        let kinds = [b'\n', 9, 11, 0x8a, 0, 0xff, b'x', b'\n', 1, 0x7f, 0x80, 0, 0xff, 0x81, b'x', b'\n'];
        let mut state = seed | 1;
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            kinds[(state >> 60) as usize]
        };
        (0..len).map(next).collect()
    }

    #[test]
    fn every_byte_value_at_every_index_is_a_delimiter_or_not() {
        for delimiter in DELIMITERS {
            for value in 0..=255u8 {
                for index in 0..BLOCK {
                    let mut block = [delimiter ^ 0x55; BLOCK];
                    block[index] = value;
                    let expected = slow_mask(&block, delimiter);
                    assert_eq!(mask(&block, delimiter), expected, "{value} at {index}");
                    assert_eq!(mask_words(&block, delimiter), expected, "{value} at {index}");
                }
            }
        }
    }

    #[test]
    fn masks_agree_with_a_slow_search_at_every_alignment_and_length() {
        let text = bytes(2 * BATCH_BYTES, 1);
        let mut masks = [u64::MAX; BATCH];
        for from in 0..BLOCK {
            let delimiter = DELIMITERS[from % DELIMITERS.len()];
            for len in (0..200).chain(BATCH_BYTES - 70..BATCH_BYTES + 70) {
                let text = &text[from..from + len];
                fill(&mut masks, text, delimiter);
                let mut expected = [0; BATCH];
                for (mask, block) in expected.iter_mut().zip(text.chunks(BLOCK)) {
                    *mask = slow_mask(block, delimiter);
                }
                assert_eq!(masks, expected, "{len} bytes from {from}");
                assert_eq!(last(text, delimiter), text.iter().rposition(|&byte| byte == delimiter));
                assert_eq!(count(text, delimiter), text.iter().filter(|&&byte| byte == delimiter).count());
            }
        }
    }

    #[test]
    fn words_agree_with_vectors() {
        for seed in 0..1000 {
            let text = bytes(BLOCK, seed);
            let block = text.first_chunk().unwrap();
            for delimiter in DELIMITERS {
                assert_eq!(mask_words(block, delimiter), slow_mask(block, delimiter));
                assert_eq!(mask(block, delimiter), slow_mask(block, delimiter));
            }
        }
    }

    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[test]
    fn avx2_is_found_where_std_finds_it() {
        assert_eq!(x86::has_avx2(), std::is_x86_feature_detected!("avx2"));
    }
}
