//! How much RAM of a large block is kept for the next arena: as much as the process has shown that it wants again.
//!
//! ```text
//!   a large block is dropped ──▶ its RAM goes back, and its size is noted
//!   a block grows while a size is noted ──▶ as much is wanted
//!   a large block is dropped ──▶ as much as is wanted is kept
//!   some small lives pass without a large block ──▶ nothing is noted or wanted, and what is kept goes back
//! ```
//!
//! Only numbers, of the whole process, and no more than hints: two threads at once may lose a note. The budget is not
//! known here.

use crate::policy::{KEPT_UNASKED, KINDS, LARGE, MOST_PATIENCE, PATIENCE};
use crate::sync::global::{AtomicUsize, Ordering};

/// What is known of the large blocks of one kind, in bytes of RAM.
struct Habit {
    /// The most that a block had whose RAM went back.
    noted: AtomicUsize,
    /// What the next block keeps.
    wanted: AtomicUsize,
}

static HABITS: [Habit; KINDS - LARGE] =
    [const { Habit { noted: AtomicUsize::new(0), wanted: AtomicUsize::new(0) } }; KINDS - LARGE];

/// Whether a large block was used since the last time that anyone asked.
static USED: AtomicUsize = AtomicUsize::new(0);
/// Whether kept blocks went back because nobody seemed to want them.
static FORGOT: AtomicUsize = AtomicUsize::new(0);
/// Small lives to wait.
static WAIT: AtomicUsize = AtomicUsize::new(PATIENCE);

fn habit(kind: usize) -> Option<&'static Habit> {
    HABITS.get(kind.checked_sub(LARGE)?)
}

/// How much of the `had` bytes of a large block to keep.
pub(super) fn keep(kind: usize, had: usize) -> usize {
    let Some(habit) = habit(kind) else { return 0 };
    USED.store(1, Ordering::Relaxed);
    let wanted = habit.wanted.load(Ordering::Relaxed);
    if had <= wanted.max(KEPT_UNASKED) {
        return had;
    }
    habit.noted.fetch_max(had, Ordering::Relaxed);
    wanted
}

/// A large block grows to `ready` bytes: if as much was given back before, it is wanted again.
pub(super) fn grows(kind: usize, ready: usize) {
    let Some(habit) = habit(kind) else { return };
    USED.store(1, Ordering::Relaxed);
    let noted = habit.noted.load(Ordering::Relaxed);
    if noted > habit.wanted.load(Ordering::Relaxed) {
        habit.wanted.fetch_max(ready.min(noted), Ordering::Relaxed);
        if FORGOT.swap(0, Ordering::Relaxed) != 0 {
            WAIT.store((WAIT.load(Ordering::Relaxed) * 2).min(MOST_PATIENCE), Ordering::Relaxed);
        }
    }
}

/// Whether it is time to give large blocks back, after so many small lives of one thread.
pub(super) fn is_over(lives: usize) -> bool {
    let known = |habit: &Habit| habit.noted.load(Ordering::Relaxed) | habit.wanted.load(Ordering::Relaxed) != 0;
    if lives & (WAIT.load(Ordering::Relaxed) - 1) != 0 || !HABITS.iter().any(known) {
        return false;
    }
    if USED.swap(0, Ordering::Relaxed) != 0 {
        return false;
    }
    FORGOT.store(1, Ordering::Relaxed);
    forget();
    true
}

/// Forgets all habits.
pub(super) fn forget() {
    for habit in &HABITS {
        habit.noted.store(0, Ordering::Relaxed);
        habit.wanted.store(0, Ordering::Relaxed);
    }
}
