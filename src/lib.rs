//! Memory on the kernel's own terms: bump arenas, page pools and regions that live without malloc.
//!
//! ```
//! let arena = region::Arena::new();                        // no system call yet
//! let name: &str = arena.alloc_str("answer");
//! let node: &mut (&str, u32) = arena.alloc((name, 41));
//! node.1 += 1;
//! assert_eq!(*node, ("answer", 42));
//! // Dropped: the RAM is back at the system at once.
//! ```
//!
//! The kernel grants address space, not RAM; RAM comes page by page at first touch, zeroed, and goes back
//! the moment it is unmapped. So this crate reserves far and commits late, where `malloc` doubles and
//! copies; it takes zeroes for free; and every mapping knows its own length.
//!
//! | you have | you take |
//! |---|---|
//! | a tree, a graph, strings, all freed together | [`Arena`] |
//! | a buffer on the stack or in a `static`, and maybe no system at all | [`Arena::from_buffer`], [`StackBuffer`], [`StaticBuffer`] |
//! | a stage whose values end with it | [`Arena::scoped`] |
//! | a value that must be dropped | [`Box`] |
//! | vectors and strings that grow; hash maps | `Vec`, `String`, `format!`, `vec!` (feature `collections`); hashbrown's over `&Arena` |
//! | values of one type that want their `Drop` run, or point at each other | [`TypedArena`] |
//! | a vector that grows large and must not move | [`RegionVec`] |
//! | a vector that others read while it grows; ids in place of references | [`AppendVec`], [`Id`] |
//! | an arena per thread, whose values may live as long as the pool | [`ArenaPool`] |
//! | blocks of one size, from many threads | [`PagePool`] |
//! | a file, a pipe, standard input | [`Input`], and its [`Lines`] |
//! | a range of memory of your own, in huge pages if there are any | [`Region`], and [`Arena::over`] one |
//! | a file to change in place | [`FileRegion`] |
//! | a structure that is built once and opened again | [`FileArena`] |
//! | a structure that several processes build and read at once | [`SharedArena`], and its [`Offset`]s |
//!
//! # What it stands on
//!
//! `no_std`, no `alloc`, no libc: system calls go through rustix's raw backend. Without the feature `os` (on
//! by default) there is no system at all, and arenas live in buffers. Feature `std` adds conversions from
//! the standard library's paths and descriptors.
//!
//! Threads: an arena is `Send` and used by one thread at a time; pools and shared arenas are `Sync` and
//! lock-free. Nothing uses thread-local storage or pthreads.
//!
//! # Where things are
//!
//! `arena` bumps; `collections` own what they put there; `rows` keep values of one type side by side; `pool` recycles
//! blocks; `shared` bumps in memory of several processes; `region` maps; `input` reads; `sys` makes the system calls,
//! and it alone. docs/design.md in the repository tells why, with the figures.

#![no_std]
#![cfg_attr(region_nightly, feature(allocator_api))]
// A model build has the atomic algorithms, and not all that the others use.
#![cfg_attr(loom, allow(dead_code, unused_imports))]
#![deny(missing_docs, unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

#[cfg(any(feature = "alloc", feature = "std"))]
extern crate alloc;
#[cfg(any(test, loom, region_faults, feature = "std"))]
extern crate std;

mod arena;
mod bytes;
#[cfg(all(feature = "capi", unix, not(loom)))]
mod capi;
mod checkers;
mod collections;
mod error;
mod input;
mod report;
mod rows;
mod seeded;
mod sync;

#[cfg(all(feature = "os", unix))]
mod pool;
#[cfg(all(feature = "os", unix))]
mod region;
#[cfg(all(feature = "os", unix, target_has_atomic = "64"))]
mod shared;
#[cfg(all(feature = "os", unix))]
mod sys;

#[cfg(feature = "alloc")]
pub use arena::Heap;
pub use arena::{
    Arena, Backing, Block, Buffer, ChunkIter, ChunkRawIter, DefaultBacking, Mark, Scope, ScopeGuard, Spill,
    StackBuffer, StaticBuffer, Zeroable,
};
#[cfg(all(feature = "os", unix, not(loom)))]
pub use arena::{ArenaPool, Member, PooledArena};
#[cfg(all(feature = "os", unix, not(loom)))]
pub use arena::{CacheFigures, Caching, Mapped, RegionBacking, cache_figures, set_caching, trim};
#[cfg(all(feature = "os", unix, not(loom), target_has_atomic = "64"))]
pub use arena::{FileArena, FileBacking};
pub use bytes::Bytes;
pub use collections::{Box, Place};
#[cfg(feature = "collections")]
pub use collections::{FromUtf8Error, String, TryReserveError, Vec, VecExt};
pub use error::{AllocError, AllocOrInitError, AllocReason, Call, Errno, Error, Reason};
pub use input::{CrlfLines, Lines};
#[cfg(all(feature = "os", unix))]
pub use input::{Input, InputError, PathBytes, Source};
#[cfg(all(feature = "os", unix, not(loom)))]
pub use pool::{Page, PageByte, PagePool, PoolError, PoolOptions, PoolReason};
#[cfg(all(feature = "os", unix))]
pub use region::{Access, Advice, AtFork, FileRegion, PageFigures, PageRun, PageState, Pages, Region, RegionOptions};
#[cfg(not(loom))]
pub use rows::{AppendVec, Drain, Id, IntoIter, Reader, ReaderIter, RegionVec, Splice, TypedArena};
#[cfg(all(feature = "os", unix, not(loom), target_has_atomic = "64"))]
pub use shared::{
    AtomicOffset, Concurrent, Offset, OffsetError, OffsetReason, Shareable, SharedArena, SharedError, SharedReason,
    SharedRegion,
};
#[cfg(all(feature = "os", unix))]
pub use sys::{Fd, page_size};

/// Refusals of system calls made up for tests; only with `--cfg region_faults`.
#[cfg(all(region_faults, feature = "os", unix))]
#[doc(hidden)]
pub mod faults {
    pub use crate::sys::{FaultPlan, plan_faults, refusals};
}

/// The README's examples, as tests.
#[cfg(all(doctest, feature = "os"))]
#[doc = include_str!("../README.md")]
struct Readme;
