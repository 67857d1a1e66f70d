//! Trees of JSON values, by where their nodes live, and what can be asked of any of them.
//!
//! - `arena`: nodes in one [`region::Arena`], gone all at once.
//! - `compact`: the same with links of four bytes, in a [cage](region::cage).
//! - `heap`: nodes in `Vec`s and `String`s, each an allocation of its own.
//! - `serde`: how a `serde_json::Value` is seen by the same questions.
//! - `grower`: how both are built.
//! - `run`: a slice at the end of an arena that is made longer piece by piece.
//!
//! [`Node`] is how a tree is walked, and [`Census`] a walk that counts. Neither recurses, so they take any
//! depth that was parsed.

pub mod arena;
pub mod compact;
mod grower;
pub mod heap;
mod run;
mod serde;

use std::collections::TryReserveError;

/// What a node is, with its parts at hand.
pub enum Shape<'t, C> {
    /// `true`, `false` or `null`.
    Word,
    /// A number.
    Number(f64),
    /// A string.
    String(&'t str),
    /// An array, and its elements.
    Array(C),
    /// An object, and its members.
    Object(C),
}

/// A value in a tree.
pub trait Node {
    /// The parts of an array or object, in the tree's order; members with their keys.
    type Parts<'t>: Iterator<Item = (Option<&'t str>, &'t Self)>
    where
        Self: 't;

    /// What this value is.
    fn shape(&self) -> Shape<'_, Self::Parts<'_>>;
}

/// A member of an object.
pub trait Pair {
    /// What its value is.
    type Value;

    /// Its key.
    fn key(&self) -> &str;
    /// Its value.
    fn value(&self) -> &Self::Value;
}

/// The parts of an array or object whose elements, or members, lie side by side.
pub enum Parts<'t, V, M> {
    Elements(std::slice::Iter<'t, V>),
    Members(std::slice::Iter<'t, M>),
}

impl<'t, V, M: Pair<Value = V>> Iterator for Parts<'t, V, M> {
    type Item = (Option<&'t str>, &'t V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Parts::Elements(elements) => elements.next().map(|value| (None, value)),
            Parts::Members(members) => members.next().map(|member| (Some(member.key()), member.value())),
        }
    }
}

/// What is in a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Census<'t> {
    /// Objects, the empty ones too.
    pub objects: usize,
    /// Arrays, the empty ones too.
    pub arrays: usize,
    /// Strings that are values.
    pub strings: usize,
    /// Keys of members; a key that occurs twice counts twice.
    pub keys: usize,
    /// Numbers.
    pub numbers: usize,
    /// `true`, `false` and `null`.
    pub words: usize,
    /// Bytes of all keys and strings, unescaped.
    pub text_bytes: usize,
    /// Most arrays and objects within each other.
    pub depth: usize,
    /// The sum of all numbers, so that a walk cannot avoid reading them.
    pub sum: f64,
    /// The longest string, the first of them.
    pub longest: &'t str,
}

impl<'t> Census<'t> {
    /// Walks the tree below `root`.
    ///
    /// # Errors
    /// When there is no memory for the way from the root to the deepest value.
    pub fn of<N: Node>(root: &'t N) -> Result<Self, TryReserveError> {
        let mut census = Census::default();
        let mut open: Vec<N::Parts<'t>> = Vec::new();
        census.count(root, &mut open)?;
        while let Some(parts) = open.last_mut() {
            match parts.next() {
                None => {
                    open.pop();
                }
                Some((key, value)) => {
                    if let Some(key) = key {
                        census.keys += 1;
                        census.text_bytes += key.len();
                    }
                    census.count(value, &mut open)?;
                }
            }
        }
        Ok(census)
    }

    #[inline]
    fn count<N: Node>(&mut self, node: &'t N, open: &mut Vec<N::Parts<'t>>) -> Result<(), TryReserveError> {
        match node.shape() {
            Shape::Word => self.words += 1,
            Shape::Number(number) => {
                self.numbers += 1;
                self.sum += number;
            }
            Shape::String(text) => {
                self.strings += 1;
                self.text_bytes += text.len();
                if text.len() > self.longest.len() {
                    self.longest = text;
                }
            }
            Shape::Array(parts) => {
                self.arrays += 1;
                open.try_reserve(1)?;
                open.push(parts);
            }
            Shape::Object(parts) => {
                self.objects += 1;
                open.try_reserve(1)?;
                open.push(parts);
            }
        }
        self.depth = self.depth.max(open.len());
        Ok(())
    }

    /// All values: nodes of the tree.
    pub fn values(&self) -> usize {
        self.objects + self.arrays + self.strings + self.numbers + self.words
    }
}
