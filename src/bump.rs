//! Bump arithmetic: where the next value starts and where the cursor goes.
//!
//! Pure integers, no pointers and no `unsafe`, so that unit tests, property tests and fuzzers run the very
//! code the arena runs. `arena/mod.rs` turns these numbers into memory; `backing` finds more memory.
//!
//! ```text
//!   cur        cur + pad            cur + advance         end
//!   │ padding  │ the value │ up to MIN_ALIGN │ still free │
//! ```
//!
//! The cursor moves upward (`.bump.up`), so that the last value can grow in place and a mapping grows at its
//! end. Cursor and end are multiples of `MIN_ALIGN` (`.bump.min-align`): a value of at most that alignment needs no
//! address arithmetic.

/// Where a value goes, as distances from the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    /// From the cursor to the value.
    pub pad: usize,
    /// From the cursor to the next cursor: `pad`, the value, and what rounds it up to `MIN_ALIGN`.
    pub advance: usize,
}

/// Bytes at the top of the address space that no arena uses.
///
/// So a cursor plus as much cannot wrap, and a small value of known size is compared by its end. That is one
/// instruction and one register less than comparing with the free bytes. An arena at the very top of memory, which only
/// firmware could have, loses its last page.
pub(crate) const TOP: usize = 4096;

/// Fits `size` bytes aligned to `align` between `cur` and `end`, or says that they do not fit.
///
/// Requires `cur <= end <= usize::MAX - TOP`, both multiples of `MIN_ALIGN`, their distance at most
/// `isize::MAX`, and powers of two for `align` and `MIN_ALIGN`. Ensures `pad + size <= advance <= end - cur`,
/// that `cur + pad` is a multiple of `align` and `cur + advance` one of `MIN_ALIGN`.
///
/// `KNOWN` says that the caller's size and alignment are constants, so that a condition on them costs
/// nothing. A small value is then compared by its end, and a value of at most `MIN_ALIGN` bytes fits unless cursor and
/// end are equal.
#[inline(always)]
pub(crate) const fn fit<const MIN_ALIGN: usize, const KNOWN: bool>(
    cur: usize,
    end: usize,
    size: usize,
    align: usize,
) -> Option<Fit> {
    debug_assert!(cur <= end && align.is_power_of_two() && MIN_ALIGN.is_power_of_two());
    debug_assert!(cur % MIN_ALIGN == 0 && end % MIN_ALIGN == 0);
    debug_assert!(end <= usize::MAX - TOP);
    if KNOWN && align <= TOP / 2 && size <= TOP / 2 {
        if align <= MIN_ALIGN {
            let advance = round_up(size, MIN_ALIGN);
            // At most TOP/2 plus what rounds it up, or one MIN_ALIGN, which is at most TOP: no wrap.
            let full = if size <= MIN_ALIGN { cur == end } else { cur + advance > end };
            return if full { None } else { Some(Fit { pad: 0, advance }) };
        }
        if size % align == 0 {
            // Rounding the value's end up instead of its start gives the same, as the size is a multiple of
            // the alignment, with fewer steps from one cursor to the next. `size + align <= TOP`: no wrap.
            let to = round_up(cur + size, align);
            return if to > end { None } else { Some(Fit { pad: to - size - cur, advance: to - cur }) };
        }
    }
    // `.bump.size-first`: the size is compared with the free bytes before anything is added to it, so nothing can wrap.
    let free = end.wrapping_sub(cur);
    if align <= MIN_ALIGN {
        if size > free {
            return None;
        }
        // `size <= free` and `free` is a multiple of MIN_ALIGN, so the rounded size is at most `free` too.
        return Some(Fit { pad: 0, advance: round_up(size, MIN_ALIGN) });
    }
    let pad = cur.wrapping_neg() & (align - 1);
    if size > free {
        return None;
    }
    // `free - size` cannot wrap after the test above, and bounds `pad` before `pad` is added.
    if pad > free - size {
        return None;
    }
    // `pad` is a multiple of MIN_ALIGN as `cur` is and `align` is, so the rounded sum is at most `free`.
    Some(Fit { pad, advance: pad + round_up(size, MIN_ALIGN) })
}

/// `size` rounded up to a multiple of `align`, a power of two. The caller knows that it does not wrap.
#[inline(always)]
pub(crate) const fn round_up(size: usize, align: usize) -> usize {
    size.wrapping_add(align - 1) & !(align - 1)
}

/// `size` rounded down to a multiple of `align`, a power of two.
#[inline(always)]
pub(crate) const fn round_down(size: usize, align: usize) -> usize {
    size & !(align - 1)
}

/// The smallest of `address + 0..align` that is a multiple of `align`, as a distance from `address`.
#[inline(always)]
pub(crate) const fn pad_to(address: usize, align: usize) -> usize {
    address.wrapping_neg() & (align - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Checks one request against the definition, in arithmetic that is too wide to wrap.
    fn check<const MIN: usize>(cur: usize, room: usize, size: usize, align: usize) {
        let cur = round_down(cur, MIN);
        let end = match cur.checked_add(round_down(room, MIN)) {
            Some(end) if end <= usize::MAX - TOP => end,
            _ => return,
        };
        let (wide_cur, wide_align) = (cur as u128, align as u128);
        let start = wide_cur.next_multiple_of(wide_align.max(MIN as u128));
        let fits = start + size as u128 <= end as u128;
        for known in [false, true] {
            let got =
                if known { fit::<MIN, true>(cur, end, size, align) } else { fit::<MIN, false>(cur, end, size, align) };
            // Zero bytes may be refused at the end: the slow path serves them.
            if size == 0 && cur == end {
                continue;
            }
            assert_eq!(got.is_some(), fits, "{cur:#x} {end:#x} {size:#x} {align:#x}");
            if let Some(Fit { pad, advance }) = got {
                assert_eq!((cur + pad) as u128, start);
                assert!(pad + size <= advance && advance <= end - cur);
                assert_eq!((cur + pad) % align, 0);
                assert_eq!((cur + advance) % MIN, 0);
                assert!(advance - (pad + size) < MIN);
            }
        }
    }

    #[test]
    fn sizes_near_the_top_never_wrap() {
        let top = round_down(usize::MAX - TOP, 64);
        for size in [usize::MAX, usize::MAX - 3, usize::MAX - 8, isize::MAX as usize, isize::MAX as usize + 1] {
            for cur in [0x1000, usize::MAX / 2 - 0xfff, top - 0x1000] {
                for align in [1, 8, 16, 4096, 1 << 21] {
                    check::<8>(cur, 0x1000, size, align);
                    check::<1>(cur, 0x1000, size, align);
                    check::<16>(cur, 0x1000, size, align);
                }
            }
        }
    }

    #[test]
    fn every_small_case_meets_the_definition() {
        for cur in 0..40 {
            for room in 0..40 {
                for size in 0..40 {
                    for align in [1, 2, 4, 8, 16, 32, 64] {
                        check::<1>(4096 + cur, room, size, align);
                        check::<8>(4096 + cur, room, size, align);
                        check::<32>(4096 + cur, room, size, align);
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_case_meets_the_definition(
            cur: usize,
            room in prop_oneof![0..1usize << 20, 0..isize::MAX as usize],
            size in prop_oneof![0..1usize << 20, any::<usize>()],
            align in 0..usize::BITS.min(40),
        ) {
            check::<1>(cur, room, size, 1 << align);
            check::<8>(cur, room, size, 1 << align);
            check::<64>(cur, room, size, 1 << align);
        }
    }
}
