//! Size classes: which sizes of blocks there are, and in which a request is served.
//!
//! Pure integers, without `unsafe`. `page` has blocks of one class side by side; what is larger than every class is a
//! run of units of its own (`runs`).
//!
//! | sizes | step | most that is lost |
//! |---|---|---|
//! | up to 128 | 8, from 16 on | 7 bytes |
//! | up to 1 KiB | eight a doubling | one ninth |
//! | up to 4 KiB | four a doubling | one fifth |
//! | up to 8 KiB | eight a doubling | one ninth |
//! | up to 32 KiB | four a doubling | one fifth |
//!
//! What is a little more than 4 KiB is common: a page of a file, and what its owner notes of it.
//!
//! A block's start is a multiple of the largest power of two that divides its class's size, up to [`ALIGN`]. A size that
//! is rounded up to a multiple of its alignment gets such a class without more ado: within a doubling the steps are
//! powers of two, and a multiple of more than the step is a class itself.

/// How many classes there are.
pub(super) const CLASSES: usize = 63;

/// Places in a table of all classes and `LARGE`: a power of two, so that a remainder stands in for a check.
pub(super) const PLACES: usize = 64;

/// The number that stands for a block of its own, of any size.
pub(super) const LARGE: usize = CLASSES;

/// Bytes of the largest class.
pub(crate) const LARGEST: usize = 32 << 10;

/// Largest alignment that classes serve: pages begin at multiples of it.
pub(super) const ALIGN: usize = 512;

/// Sizes up to this are looked up in a table, and the others computed.
const LOOKED_UP: usize = 1 << 10;

/// Classes of up to 128 bytes, of up to 1, 4 and 8 KiB.
const FINE: usize = 15;
const MIDDLE: usize = FINE + 24;
const COARSE: usize = MIDDLE + 8;
const PAGES: usize = COARSE + 8;

/// The class of a size of at most `LARGEST` bytes that is not in the table, and of those in it, to fill it.
#[cfg_attr(any(region_malloc, not(region_staticlib)), inline)]
#[cfg_attr(all(region_staticlib, not(region_malloc)), inline(never))]
const fn computed(size: usize) -> usize {
    if size <= 16 {
        return 0;
    }
    if size <= 128 {
        return size.div_ceil(8) - 2;
    }
    let last = size - 1;
    let log = last.ilog2() as usize;
    if size <= LOOKED_UP {
        let group = log - 7;
        return FINE + 8 * group + (last >> (4 + group)) - 8;
    }
    // Without a branch: it is inlined in all that takes memory, but for the archives.
    let (eight, behind) = ((log == 12) as usize, (log > 12) as usize);
    MIDDLE + 4 * (log - 10 + behind) + (last >> (log - 2 - eight)) - (4 << eight)
}

// A reference, and no `static`, so that other crates' compilers see the values: a known size then has a known class.
const TABLE: &[u8; LOOKED_UP / 8 + 1] = &{
    let mut table = [0; LOOKED_UP / 8 + 1];
    let mut at = 0;
    while at < table.len() {
        table[at] = computed(at * 8) as u8;
        at += 1;
    }
    table
};

/// The smallest class of `size` bytes or more, where `size` is at most [`LARGEST`].
#[inline(always)]
pub(super) fn of(size: usize) -> usize {
    debug_assert!(size <= LARGEST);
    if size <= LOOKED_UP { usize::from(TABLE[size.div_ceil(8)]) } else { computed(size) }
}

/// Bytes of a block of this class.
const fn size_of_class(class: usize) -> usize {
    if class < FINE {
        return 16 + 8 * class;
    }
    if class < MIDDLE {
        let (group, at) = ((class - FINE) / 8, (class - FINE) % 8);
        return (9 + at) << (4 + group);
    }
    if class < COARSE {
        let (group, at) = ((class - MIDDLE) / 4, (class - MIDDLE) % 4);
        return (5 + at) << (8 + group);
    }
    if class < PAGES {
        return (9 + class - COARSE) << 9;
    }
    let (group, at) = ((class - PAGES) / 4, (class - PAGES) % 4);
    (5 + at) << (11 + group)
}

/// A class's size, and what a distance is multiplied with in place of a division.
#[derive(Clone, Copy)]
pub(super) struct Class {
    pub size: u32,
    reciprocal: u32,
}

/// Bits of a product of a distance and a reciprocal that are behind the point.
const SHIFT: u32 = 35;

/// All classes, and then `LARGE`, in which every distance is that of block 0.
const ALL: &[Class; PLACES] = &{
    let mut all = [Class { size: 0, reciprocal: 0 }; PLACES];
    let mut class = 0;
    while class < CLASSES {
        let size = size_of_class(class) as u64;
        all[class] = Class { size: size as u32, reciprocal: (1u64 << SHIFT).div_ceil(size) as u32 };
        class += 1;
    }
    all
};

/// The facts of a class, or of `LARGE`.
#[inline(always)]
pub(super) fn get(class: usize) -> Class {
    ALL[class % PLACES]
}

impl Class {
    /// Which block of a page begins `distance` bytes behind its start. `Err` if none begins there.
    ///
    /// Exact for distances below [`LONGEST_PAGE`].
    #[inline(always)]
    pub(super) fn block_at(self, distance: usize) -> Result<usize, usize> {
        let block = ((distance as u64 * u64::from(self.reciprocal)) >> SHIFT) as usize;
        if block * self.size as usize == distance { Ok(block) } else { Err(block) }
    }
}

/// Most blocks of a page: as many as it has bits.
pub(super) const MOST_BLOCKS: usize = 256;

/// Most bytes of a page.
#[allow(dead_code)] // the oldest compiler does not see that assertions use it
pub(super) const LONGEST_PAGE: usize = 256 << 10;

/// Bytes that a page of this class should have, where `taken` bytes are in use: 32 blocks and 64 KiB at most, and not
/// less than eight blocks; but no more than a 64th of what is in use, as other classes need room, too, unless that is too
/// short for its blocks. In a small heap it is what holds one block, in whole units.
pub(super) fn page_bytes(class: usize, small: bool, taken: usize) -> usize {
    let size = get(class).size as usize;
    if small {
        return size;
    }
    let usual = (size * 32).clamp(4 << 10, 64 << 10).max(size * 8);
    usual.min(least_bytes(size).max(taken / 64))
}

/// Bytes of as few blocks as lose no more than an eighth of them in whole units, or of four.
const fn least_bytes(size: usize) -> usize {
    let mut bytes = size;
    while bytes < 4 * size && bytes.next_multiple_of(4 << 10) - bytes > bytes / 8 {
        bytes += size;
    }
    bytes
}

const _: () = assert!(LARGEST * 8 <= LONGEST_PAGE && size_of_class(CLASSES - 1) == LARGEST);
const _: () = assert!(size_of_class(0) * MOST_BLOCKS == 4 << 10 && CLASSES < PLACES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_the_smallest_class_that_holds_it() {
        for size in 0..=LARGEST {
            let class = of(size);
            let bytes = get(class).size as usize;
            assert!(bytes >= size && (class == 0 || (get(class - 1).size as usize) < size), "{size}: {bytes}");
            let share = if size <= 1 << 10 || (4 << 10..8 << 10).contains(&size) { 8 } else { 4 };
            let most = if size <= 128 { 16.max(size + 7) } else { size + size / share };
            assert!(bytes <= most, "{size}: {bytes}");
        }
    }

    #[test]
    fn a_rounded_size_has_a_class_of_its_alignment() {
        for shift in 0..=ALIGN.ilog2() {
            let align = 1usize << shift;
            for size in (align..=LARGEST).step_by(align) {
                assert_eq!(get(of(size)).size as usize % align.min(8).max(align), 0, "{size} at {align}");
            }
        }
    }

    #[test]
    fn the_product_with_the_reciprocal_is_the_quotient() {
        let step = if cfg!(miri) { 509 } else { 1 };
        for class in 0..CLASSES {
            let size = get(class).size as usize;
            for distance in (0..LONGEST_PAGE).step_by(step) {
                let (block, begins) = (distance / size, distance % size == 0);
                assert_eq!(get(class).block_at(distance), if begins { Ok(block) } else { Err(block) });
            }
        }
    }

    #[test]
    fn of_a_block_of_its_own_only_the_start_is_a_start() {
        assert_eq!(get(LARGE).block_at(0), Ok(0));
        assert!((1..LONGEST_PAGE).all(|distance| get(LARGE).block_at(distance).is_err()));
    }

    #[test]
    fn pages_are_no_longer_than_the_quotient_is_exact() {
        for class in 0..CLASSES {
            for taken in [0, 1 << 20, 1 << 30] {
                let size = get(class).size as usize;
                assert!((size..=LONGEST_PAGE).contains(&page_bytes(class, false, taken)));
                assert!(page_bytes(class, true, taken) <= LONGEST_PAGE);
            }
        }
    }
}
