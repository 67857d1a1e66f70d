//! Values of one type side by side in a reservation of their own, growing without ever moving.
//!
//! The kernel grants addresses far beyond its RAM, so each of these reserves as many as it may ever need and has them
//! filled with RAM as it grows. Nothing is doubled, copied or moved: an index is an addition, and an address stays
//! valid. The three types differ in how they grow:
//!
//! | type | grows by | gives | while it grows |
//! |---|---|---|---|
//! | [`RegionVec`] | `push(&mut self)` | a slice | no reference is out |
//! | [`AppendVec`] | `push(&self)` | `&T`, an index, an [`Id`] | others read, other threads too ([`Reader`]) |
//! | [`TypedArena`] | `alloc(&self)` | `&mut T` | each value has one user |
//!
//! A reservation never changes its length. A full one is an error.
//!
//! ```
//! let names = region::AppendVec::new();
//! let first = names.push_id("first");
//! names.push("second");
//! assert_eq!((names[first], names.len()), ("first", 2));
//! ```

// ```text
//  block.start   start              start + len          + ready              block.start + block.len
//  │ alignment   │ the values       │ usable now         │ addresses, no RAM  │
// ```
//
// - `buffer`: the memory, the count and the drop of the values. It drops them without knowing their type, so values
//   may refer to each other (see there).
// - `shared_buffer`: growing behind a shared reference, also from within the iterator that is being collected.
// - `shared_methods`: the methods that `AppendVec` and `TypedArena` have in common.
// - `shown`: how many values there are and where, published to readers. `models`: the loom models of that.
// - `stats`: what a buffer holds and costs. `into_iter`: the values of any vector, one by one.
// - `region_vec`, `append_vec`, `reader`, `typed_arena`, `id`: the public types.

mod append_vec;
mod buffer;
mod id;
mod into_iter;
#[cfg(all(loom, test))]
pub(crate) mod models;
mod reader;
mod region_vec;
mod shared_buffer;
mod shared_methods;
mod shown;
mod stats;
mod typed_arena;

pub use append_vec::AppendVec;
pub use id::Id;
pub use into_iter::IntoIter;
pub use reader::{Reader, ReaderIter};
pub use region_vec::RegionVec;
pub use stats::BufferStats;
pub use typed_arena::TypedArena;
