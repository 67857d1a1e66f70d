//! A hash table in an arena: open addressing over a slice, which doubles when it is three quarters full.
//!
//! Entries are found by a hash and a question, so one table serves keys of any kind. The smaller slices that it
//! outgrew stay behind in the arena; together they are smaller than the one in use. Nothing is ever removed.

use region::Arena;

pub struct Table<'t, T> {
    arena: &'t Arena,
    /// A power of two of entries, or none.
    entries: &'t mut [Option<T>],
    len: usize,
}

/// Places of the first slice.
const FIRST: usize = 64;
const _: () = assert!(FIRST.is_power_of_two());

impl<'t, T: Copy> Table<'t, T> {
    pub fn new(arena: &'t Arena) -> Self {
        Table { arena, entries: &mut [], len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().flatten()
    }

    /// The entry of this hash for which `same` says yes.
    pub fn find(&mut self, hash: u64, same: impl Fn(&T) -> bool) -> Option<&mut T> {
        if self.entries.is_empty() {
            return None;
        }
        let index = seek(self.entries, hash, same);
        self.entries[index].as_mut()
    }

    /// Adds an entry that is not there yet. `hash_of` gives the hash of any entry.
    pub fn add(&mut self, entry: T, hash_of: impl Fn(&T) -> u64) {
        if self.len >= self.entries.len() / 4 * 3 {
            let entries = self.arena.alloc_slice_fill_copy((self.entries.len() * 2).max(FIRST), None);
            for old in self.entries.iter().flatten() {
                entries[seek(entries, hash_of(old), |_| false)] = Some(*old);
            }
            self.entries = entries;
        }
        let index = seek(self.entries, hash_of(&entry), |_| false);
        self.entries[index] = Some(entry);
        self.len += 1;
    }
}

/// Where the entry is, or the empty entry where it would be. There always is one: a quarter is empty.
fn seek<T>(entries: &[Option<T>], hash: u64, same: impl Fn(&T) -> bool) -> usize {
    let mask = entries.len() - 1;
    let mut at = hash as usize & mask;
    while entries[at].as_ref().is_some_and(|entry| !same(entry)) {
        at = (at + 1) & mask;
    }
    at
}
