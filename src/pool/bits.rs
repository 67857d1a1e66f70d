//! Arithmetic on words of bits: masks, runs inside a word, runs across words.
//!
//! Pure integers, no atomics and no `unsafe`, so that tests can compare every function with a simple one. `LOG` is the
//! binary logarithm of the number of bits used of a word: all of them in a pool, two or four in a model, where a few
//! blocks must already span several words.

/// Bits used of a word in a shipped pool, as a logarithm.
pub(crate) const WORD_LOG: u32 = usize::BITS.ilog2();

/// Bits used of a word.
pub(crate) const fn width(log: u32) -> usize {
    1 << log
}

/// A mask of `count` ones from bit `at` on; `at + count` may not exceed the bits of a `usize`.
pub(crate) const fn mask(at: usize, count: usize) -> usize {
    debug_assert!(count >= 1 && at + count <= usize::BITS as usize);
    (usize::MAX >> (usize::BITS as usize - count)) << at
}

/// The value of a word all of whose used bits are set.
pub(crate) const fn full(log: u32) -> usize {
    mask(0, width(log))
}

/// The lowest bit that is set in `word`, which has one.
pub(crate) const fn first(word: usize) -> usize {
    word.trailing_zeros() as usize
}

/// How many bits of `word` are set. For stats only: without an instruction for it, it is more code than a loop.
#[inline(never)]
pub(crate) const fn ones(word: usize) -> usize {
    word.count_ones() as usize
}

/// The words that blocks `start..start + count` lie in, lowest first, each with the mask of their bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spans<const LOG: u32> {
    start: usize,
    left: usize,
}

impl<const LOG: u32> Spans<LOG> {
    pub(crate) const fn new(start: usize, count: usize) -> Self {
        Spans { start, left: count }
    }
}

impl<const LOG: u32> Iterator for Spans<LOG> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        if self.left == 0 {
            return None;
        }
        let bit = self.start % width(LOG);
        let count = self.left.min(width(LOG) - bit);
        let span = (self.start / width(LOG), mask(bit, count));
        self.start += count;
        self.left -= count;
        Some(span)
    }
}

/// The lowest bit from which on `count >= 1` adjacent bits of `word` are set.
pub(crate) const fn run_in_word(word: usize, count: usize) -> Option<usize> {
    if count > usize::BITS as usize {
        return None;
    }
    // Bit i of `starts` says that bits i..i + have of `word` are set; each round at most doubles `have`.
    let mut starts = word;
    let mut have = 1;
    while have < count {
        let step = if have < count - have { have } else { count - have };
        starts &= starts >> step;
        have += step;
    }
    if starts == 0 { None } else { Some(starts.trailing_zeros() as usize) }
}

/// The highest run of ones of `word`, cut at its low end to at most `limit >= 1` bits; 0 for a word of 0.
pub(crate) const fn highest_run(word: usize, limit: usize) -> usize {
    if word == 0 {
        return 0;
    }
    let above = word.leading_zeros();
    let ones = (word << above).leading_ones() as usize;
    let count = if ones < limit { ones } else { limit };
    mask(usize::BITS as usize - above as usize - count, count)
}

/// Looks for the lowest run of `count` ones in words fed from the lowest up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunSearch<const LOG: u32> {
    count: usize,
    /// Adjacent ones that end at the end of the last word.
    have: usize,
}

impl<const LOG: u32> RunSearch<LOG> {
    pub(crate) const fn new(count: usize) -> Self {
        RunSearch { count, have: 0 }
    }

    /// The first bit of the run, counted from word 0, once `word`, the `at`-th, completes one.
    pub(crate) fn feed(&mut self, at: usize, word: usize) -> Option<usize> {
        let first = at * width(LOG);
        // The run that began in earlier words starts lower than any inside this word.
        let low = (word.trailing_ones() as usize).min(width(LOG));
        if self.have + low >= self.count {
            return Some(first - self.have);
        }
        if let Some(bit) = run_in_word(word, self.count) {
            return Some(first + bit);
        }
        let unused = usize::BITS as usize - width(LOG);
        let high = (word << unused).leading_ones() as usize;
        self.have = if high >= width(LOG) { self.have + width(LOG) } else { high };
        None
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn bit(words: &[usize], log: u32, at: usize) -> bool {
        words[at >> log] >> (at % width(log)) & 1 == 1
    }

    /// A search that is simple enough to be right: every start, every bit.
    fn slow_run(words: &[usize], log: u32, count: usize) -> Option<usize> {
        let bits = words.len() * width(log);
        (0..bits).find(|&start| start + count <= bits && (start..start + count).all(|at| bit(words, log, at)))
    }

    fn search<const LOG: u32>(words: &[usize], count: usize) -> Option<usize> {
        let mut search = RunSearch::<LOG>::new(count);
        words.iter().enumerate().find_map(|(at, &word)| search.feed(at, word & full(LOG)))
    }

    /// Words with long runs, which random ones do not have.
    fn word() -> impl Strategy<Value = usize> {
        prop_oneof![
            any::<usize>(),
            Just(0),
            Just(usize::MAX),
            (0..usize::BITS).prop_map(|n| usize::MAX << n),
            (0..usize::BITS).prop_map(|n| usize::MAX >> n),
            (any::<usize>(), any::<usize>()).prop_map(|(a, b)| a | b),
        ]
    }

    proptest! {
        #[test]
        fn lowest_run_is_found_across_words(words in prop::collection::vec(word(), 1..5), count in 1usize..=64) {
            prop_assert_eq!(search::<WORD_LOG>(&words, count), slow_run(&words, WORD_LOG, count));
            let narrow: Vec<usize> = words.iter().map(|word| word & full(2)).collect();
            prop_assert_eq!(search::<2>(&narrow, count), slow_run(&narrow, 2, count));
        }

        #[test]
        fn spans_cover_each_block_once(start in 0usize..1000, count in 1usize..=64) {
            let mut blocks = Vec::new();
            for (at, mask) in Spans::<2>::new(start, count) {
                blocks.extend((0..4).filter(|bit| mask >> bit & 1 == 1).map(|bit| at * 4 + bit));
            }
            prop_assert_eq!(blocks, (start..start + count).collect::<Vec<_>>());
        }

        #[test]
        fn highest_run_is_a_run_at_the_top(word in word(), limit in 1usize..=64) {
            let run = highest_run(word, limit);
            prop_assert_eq!(run & !word, 0);
            prop_assert_eq!(run.leading_zeros(), word.leading_zeros());
            prop_assert!(run.count_ones() as usize <= limit);
            let next = run.trailing_zeros().checked_sub(1);
            let more = word != 0 && next.is_some_and(|bit| word >> bit & 1 == 1);
            prop_assert!(!more || run.count_ones() as usize == limit, "a longer run was to be had");
        }
    }
}
