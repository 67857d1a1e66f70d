//! Memory that several processes have at once, and an allocator in it.
//!
//! [`SharedRegion`] is the memory: anonymous, for children forked later, or with a descriptor, for whomever
//! it is handed to. [`SharedArena`] bumps in it, from any process and thread at once, without a lock; an
//! [`Offset`] means the same value wherever each of them has it mapped. There is no free and no
//! reset, as no process can know what the others still read.
//!
//! ```text
//!  0                                 FIRST                       cursor                  end
//!  │ magic, size, root, cursor, slots │ values, and what is left │ zero, no RAM, unused   │
//! ```
//!
//! Each process takes a stretch of some KiB at once, for which it has a slot, and puts its values there. So processes do
//! not wait for each other, values of one process mostly lie together, and those of several take turns by stretches.
//!
//! # What a peer may do
//!
//! A process that has the memory mapped can write any byte at any time, whatever this library does, so
//! nothing that is read here is trusted:
//!
//! - *Words.* The safe interface touches shared memory by atomic loads, stores and exchanges of whole,
//!   aligned words of 8 bytes, and in no other way. So there are no data races and no accesses of mixed
//!   size, even between threads of one process that follow forged offsets to the same bytes.
//! - *Copies.* Plain values ([`Shareable`]) are copied in and out; every bit pattern is a value of theirs, so
//!   a copy that was torn or forged is wrong but not undefined. References are given to values made of
//!   atomic words alone ([`Concurrent`]).
//! - *Offsets.* An offset is checked, each time, against the length that this process mapped, never against a
//!   number that lies in shared memory. Lengths are read once and then checked.
//! - *Faults.* Memory is opened only if its size is sealed, so no page of it can be cut off.
//!
//! A hostile peer can still write wrong content and use the arena up.

// - `bump`: claiming bytes, one exchange each. `stretch`: what a slot says. `header`: what the first bytes hold, and
//   whether they make sense. `resolve`: whether an offset leads to a value. `words`: bytes to words and back. Pure, or
//   atomics alone.
// - `offset`, `link`: handles, plain and atomic. `shareable`: what may be shared.
// - `region`: the mapping. `arena`: making, opening, stats. `alloc`, `access`: writing and reading values.
// - `models`: the loom models.

// A model build has nothing above the algorithms, and so no user of them but the models.
#![cfg_attr(loom, allow(dead_code))]

mod bump;
mod header;
mod link;
#[cfg(all(loom, test))]
pub(crate) mod models;
mod offset;
mod stretch;

// loom's atomics are not made of the zeroed memory that is mapped here, so a model build stops at the algorithms.
#[cfg(not(loom))]
mod access;
#[cfg(not(loom))]
mod alloc;
#[cfg(not(loom))]
mod arena;
#[cfg(not(loom))]
mod error;
#[cfg(not(loom))]
mod region;
#[cfg(not(loom))]
mod resolve;
#[cfg(not(loom))]
mod shareable;
#[cfg(not(loom))]
mod words;

#[cfg(not(loom))]
pub use arena::{SharedArena, SharedArenaStats};
#[cfg(not(loom))]
pub use error::{OffsetError, OffsetReason, SharedError, SharedReason};
pub use link::AtomicOffset;
pub use offset::Offset;
#[cfg(not(loom))]
pub use region::SharedRegion;
#[cfg(not(loom))]
pub use shareable::{Concurrent, Shareable};

/// Bytes of a word: the unit in which shared memory is touched, and the least alignment of anything in it.
const WORD: usize = 8;
