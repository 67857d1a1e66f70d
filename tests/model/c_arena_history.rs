//! What an arena of the C ABI knows of the places that it went back from.

use super::abi::Mark;

/// A mark that was undone.
pub struct Undone {
    pub mark: Mark,
    /// What was in use when it was made, and after it was undone.
    pub then: usize,
    pub after: usize,
    /// Whether the arena remembers it, whatever happens to its place.
    pub known: bool,
}

/// How far an arena went back: the last undoings that count, of which it remembers three.
#[derive(Default)]
pub struct History {
    kept: Vec<usize>,
    pub highest: usize,
}

impl Undone {
    /// Whether an arena that has `used` bytes in use must refuse it.
    pub fn is_told(&self, used: usize) -> bool {
        self.then > used || (self.known && self.then > self.after)
    }
}

impl History {
    /// Whether the arena forgot one for it.
    pub fn undo(&mut self, used: usize) -> bool {
        self.highest = self.highest.min(used);
        self.kept.retain(|&before| before < used);
        let full = self.kept.len() == 3;
        self.kept.truncate(2);
        self.kept.push(used);
        full
    }
}
