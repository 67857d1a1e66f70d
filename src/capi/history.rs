//! Which positions of an arena were undone since they were noted. Marks and growing texts are checked with it.
//!
//! ```text
//!  used  │    q ───────────────→ lost            a position is lost once the arena was rewound to fewer used bytes
//!        │  p ──────┐ ─────────────────→ here
//!        │          │
//!        │          └ back to r
//!        └────────────────────────────── time
//! ```
//!
//! Plain numbers, without addresses and without `unsafe`. An undoing matters until a later one goes back as far or
//! further. While at most three matter, it is known for sure whether a position is lost. A loop within a loop within a
//! loop, each of which rewinds, has three. With more, a lost position may be taken for a valid one. A valid one is
//! never taken for lost.

use crate::sync::{AtomicUsize, Ordering};
use core::cell::Cell;

/// Undoings that an arena remembers. More would take more of its spare words.
const KEPT: usize = 3;

/// The last number of a generation in this process. An arena begins a new generation after it was freed.
static GENERATIONS: AtomicUsize = AtomicUsize::new(0);

/// A position that was noted. Plain words: any bytes are a value.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// The arena's number, from its first noted position until it is freed; never 0.
    generation: usize,
    /// Earlier undoings in that generation.
    undoings: usize,
    /// Bytes in use.
    used: usize,
}

/// The arena went back to a position.
#[derive(Clone, Copy)]
struct Undoing {
    /// Counted from 1 in each generation; 0 for none.
    number: usize,
    /// Bytes in use after it.
    used: usize,
}

const NONE: Undoing = Undoing { number: 0, used: 0 };

/// What an arena remembers. All bytes zero is an arena without a number yet.
#[repr(C)]
pub(super) struct History {
    generation: Cell<usize>,
    undoings: Cell<usize>,
    /// The oldest first, each to more bytes than the one before it; then none.
    kept: [Cell<Undoing>; KEPT],
    /// Most bytes in use at a mark that was made and not undone.
    highest: Cell<usize>,
}

impl History {
    /// Notes a position.
    #[inline(never)]
    pub(super) fn note(&self, used: usize) -> Position {
        if self.generation.get() == 0 {
            // Relaxed: only the number is shared. After the largest number they begin again at 1.
            let number = GENERATIONS.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            self.generation.set(number.max(1));
        }
        Position { generation: self.generation.get(), undoings: self.undoings.get(), used }
    }

    /// Notes the position of a mark.
    pub(super) fn mark(&self, used: usize) -> Position {
        self.highest.set(self.highest.get().max(used));
        self.note(used)
    }

    /// Whether the position is of another generation, or the arena was rewound to fewer used bytes since.
    pub(super) fn is_lost(&self, position: &Position) -> bool {
        let undid = |undoing: Undoing| undoing.number > position.undoings && undoing.used < position.used;
        position.generation != self.generation.get()
            || position.generation == 0
            || self.kept.iter().any(|kept| undid(kept.get()))
    }

    /// Records that the arena was rewound to `used` bytes in use.
    #[inline(never)]
    pub(super) fn undo(&self, used: usize) {
        if self.generation.get() == 0 {
            return; // nothing was noted
        }
        self.undoings.set(self.undoings.get().saturating_add(1));
        self.highest.set(self.highest.get().min(used));
        let mut new = Undoing { number: self.undoings.get(), used };
        let [before @ .., last] = &self.kept;
        for kept in before {
            // An earlier undoing that went back as far or less matters no more, nor do those after it.
            if kept.get().number == 0 || kept.get().used >= new.used {
                kept.set(core::mem::replace(&mut new, NONE));
            }
        }
        // If all are taken, the newest is replaced.
        last.set(new);
    }

    /// Records that a block was freed or shrunk, after which `used` bytes are in use. That undoes the marks above.
    #[inline]
    pub(super) fn lowered(&self, used: usize) {
        if used < self.highest.get() {
            self.undo(used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> History {
        // SAFETY: all bytes zero is a history, by its type.
        unsafe { core::mem::zeroed() }
    }

    #[test]
    fn a_position_is_lost_when_the_arena_was_rewound_below_it() {
        let history = fresh();
        let (low, high) = (history.note(10), history.note(20));
        history.undo(15);
        assert!(!history.is_lost(&low) && history.is_lost(&high));
        let again = history.note(20);
        assert!(!history.is_lost(&again) && history.is_lost(&high));
        history.undo(10);
        assert!(!history.is_lost(&low) && history.is_lost(&again));
    }

    #[test]
    fn positions_of_other_generations_and_of_none_are_lost() {
        let (history, other) = (fresh(), fresh());
        let (start, others) = (history.note(0), other.note(0));
        assert!(history.is_lost(&others) && other.is_lost(&start) && fresh().is_lost(&start));
        assert!(history.is_lost(&Position { generation: 0, undoings: 0, used: 0 }));
        assert!(fresh().is_lost(&Position { generation: 0, undoings: 0, used: 0 }));
    }

    #[test]
    fn memory_that_is_given_back_undoes_marks_alone() {
        let history = fresh();
        let (mark, text) = (history.mark(10), history.note(30));
        history.lowered(10);
        history.lowered(20);
        assert!(!history.is_lost(&mark) && !history.is_lost(&text));
        history.lowered(9);
        assert!(history.is_lost(&mark) && history.is_lost(&text));
    }

    /// Random positions and undoings, beside the list of all undoings that there were.
    #[test]
    fn no_valid_position_is_taken_for_lost_and_few_lost_ones_for_valid() {
        let mut random = 1u32;
        let mut next = |below: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((random >> 8) % below) as usize
        };
        let (mut lost, mut found) = (0, 0);
        for _ in 0..2000 {
            let history = fresh();
            // For each position: the least that the arena was rewound to since, and whether few enough undoings
            // mattered.
            let mut positions: std::vec::Vec<(Position, usize, bool)> = std::vec::Vec::new();
            let mut counting: std::vec::Vec<usize> = std::vec::Vec::new();
            for _ in 0..40 {
                let used = next(100);
                if next(3) > 0 {
                    positions.push((history.note(used), usize::MAX, true));
                } else {
                    history.undo(used);
                    counting.retain(|&before| before < used);
                    counting.push(used);
                    for (_, least, known) in &mut positions {
                        *least = (*least).min(used);
                        *known &= counting.len() <= KEPT;
                    }
                    if counting.len() > KEPT {
                        counting.remove(KEPT - 1); // as the newest takes its position
                    }
                }
                for (position, least, known) in &positions {
                    let is_lost = history.is_lost(position);
                    assert!(!is_lost || *least < position.used, "a valid position");
                    assert!(is_lost || *least >= position.used || !known, "a lost position");
                    lost += usize::from(*least < position.used);
                    found += usize::from(is_lost);
                }
            }
        }
        assert!(found * 10 > lost * 9, "{found} of {lost} were found");
    }
}
