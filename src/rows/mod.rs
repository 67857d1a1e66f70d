//! Rows: values of one type side by side in a reservation of their own, growing without ever moving.
//!
//! ```text
//!  block.start   start              start + len          + ready              block.start + block.len
//!  │ alignment   │ the values       │ room, usable now   │ addresses, no RAM  │
//! ```
//!
//! The kernel grants addresses far beyond its RAM, so a row reserves as many as it may ever need and has them
//! filled with RAM as it grows. Nothing is doubled, copied or moved: an index is an addition, and an address
//! stays good for as long as the row.
//!
//! Three types stand on that, one for each way of growing:
//!
//! | type | grows by | gives | while it grows |
//! |---|---|---|---|
//! | [`RegionVec`] | `push(&mut self)` | a slice | nobody looks |
//! | [`AppendVec`] | `push(&self)` | `&T`, an index, an [`Id`] | others read, other threads too ([`Reader`]) |
//! | [`TypedArena`] | `alloc(&self)` | `&mut T` | each value has one user |
//!
//! - `row`: the memory, the count and the end of the values. Runs their drops without knowing their type,
//!   which is what lets values refer to each other (see there).
//! - `shared_row`: growing behind a shared reference, also from within the iterator that is being collected.
//! - `count`: how many values there are, published to readers. `models`: its loom models. `seeded`: the bugs
//!   that these must notice.
//! - `region_vec`, `append_vec`, `reader`, `typed_arena`, `id`: the faces.
//!
//! A row has one length of reservation for life. One that is full says so; to move on to a longer one would
//! move the values.

mod count;
#[cfg(all(loom, test))]
mod models;
mod seeded;

// Rows take their memory from the system; a model build has only what threads share.
#[cfg(not(loom))]
mod append_vec;
#[cfg(not(loom))]
mod id;
#[cfg(not(loom))]
mod reader;
#[cfg(not(loom))]
mod region_vec;
#[cfg(not(loom))]
mod row;
#[cfg(not(loom))]
mod shared_row;
#[cfg(not(loom))]
mod typed_arena;

#[cfg(not(loom))]
pub use append_vec::AppendVec;
#[cfg(not(loom))]
pub use id::Id;
#[cfg(not(loom))]
pub use reader::{Reader, ReaderIter};
#[cfg(not(loom))]
pub use region_vec::{Drain, IntoIter, RegionVec, Splice};
#[cfg(not(loom))]
pub use typed_arena::TypedArena;
