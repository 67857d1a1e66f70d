//! Names, each kept once: two are the same name exactly when they are the same address.

use super::syntax::{CodeArena, Str};
use super::table::Table;
use region::Arena;
use std::fmt;
use std::hash::{Hash, Hasher};

/// An interned name. Comparing two costs what comparing two pointers costs.
#[derive(Clone, Copy)]
pub struct Symbol<'p>(Str<'p>);

impl<'p> Symbol<'p> {
    pub fn name(self) -> &'p str {
        self.0.as_str()
    }

    /// The hash of its address, for tables whose keys are symbols.
    pub fn hash(self) -> u64 {
        // Addresses are multiples of 8, and neighbours come in rows: the multiplication spreads them.
        let mixed = (self.name().as_ptr().addr() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ mixed >> 32
    }
}

impl PartialEq for Symbol<'_> {
    fn eq(&self, other: &Self) -> bool {
        // Names are never empty, so no two share an address.
        std::ptr::eq(self.name(), other.name())
    }
}

impl Eq for Symbol<'_> {}

impl fmt::Display for Symbol<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Symbol<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name())
    }
}

/// All names of a program.
pub struct Symbols<'s, 'p> {
    arena: &'p CodeArena,
    table: Table<'s, Symbol<'p>>,
}

impl<'s, 'p> Symbols<'s, 'p> {
    /// The names go into `arena`, and the table of them into `scratch`.
    pub fn new(arena: &'p CodeArena, scratch: &'s Arena) -> Self {
        Symbols { arena, table: Table::new(scratch) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// The symbol of this name, which is not empty; copied into the arena the first time.
    pub fn intern(&mut self, name: &str) -> Symbol<'p> {
        let hash = hash_of(name);
        if let Some(symbol) = self.table.find(hash, |symbol| symbol.name() == name) {
            return *symbol;
        }
        let symbol = Symbol(Str::new_in(name, self.arena));
        self.table.add(symbol, |symbol| hash_of(symbol.name()));
        symbol
    }
}

fn hash_of(name: &str) -> u64 {
    // Deterministic on purpose: a program's stats are the same every time. Who parses the source of people
    // that mean harm wants a keyed hash here.
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    name.hash(&mut hasher);
    hasher.finish()
}

/// Fowler, Noll and Vo's hash, FNV-1a: short, and good for short names.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
