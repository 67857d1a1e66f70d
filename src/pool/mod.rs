//! Page pools: fixed-size blocks of memory, taken and given back by any thread without a lock.
//!
//! [`PagePool`] is the type, [`Page`] the handle that owns what was taken. A pool is one range of address
//! space, cut into blocks, and a *ledger* beside it that says which are out (`.sync.pool`): nothing is
//! ever written into a free block, so its RAM can go back to the system, and the ledger means the same to
//! every process that sees it. What a pool does not do: serve different sizes, or grow.
//!
//! ```text
//!  ledger, a mapping of its own              blocks, the region
//!  │ slots │ taken │ full │ warm │           │ 0 │ 1 │ 2 │ 3 │ .......................│
//!  └───────┴───────┴──────┴──────┘           └───┴───┴───┴───┴─ no RAM until touched ─┘
//! ```
//!
//! From the bottom up:
//! - `bits`: the arithmetic on words and runs of bits, pure.
//! - `bitmap`: which blocks are out, lowest first, with summary words. Lock-free.
//! - `slots`: blocks kept ready for the next taker, one locked instruction a life.
//! - `place`: the same trick on one word, for things that are not numbered. `shelf`: a handful of places;
//!   arenas' block cache. `chain`: things that are appended and stay. (Arena pools, in `arena`, stand on places
//!   in a chain of rows.)
//! - `ledger`: the two together, and what is warm. Everything atomic ends here.
//! - `seeded`: bugs that the models must notice. Nothing in a shipped build.
//! - `models`, `shelf_models`, `chain_models`: the loom models of all that; only under `cfg(loom)`.
//! - `page_pool`, `page`, `options`, `error`: the ledger's numbers turned into memory, and the faces.
//!
//! `docs/pool.md` has the measurements behind the choices.

// A model build has nothing above the ledger, and so no user of it but the models.
#![cfg_attr(loom, allow(dead_code))]

mod bitmap;
mod bits;
pub(crate) mod chain;
#[cfg(all(loom, test))]
mod chain_models;
mod ledger;
#[cfg(all(loom, test))]
mod models;
pub(crate) mod place;
mod seeded;
pub(crate) mod shelf;
#[cfg(all(loom, test))]
mod shelf_models;
mod slots;

// loom's atomics cannot live in mapped memory, so a model build stops at the ledger.
#[cfg(not(loom))]
mod error;
#[cfg(not(loom))]
mod options;
#[cfg(not(loom))]
mod page;
#[cfg(not(loom))]
mod page_pool;

#[cfg(not(loom))]
pub use error::{PoolError, PoolReason};
#[cfg(not(loom))]
pub use options::PoolOptions;
#[cfg(feature = "capi")]
pub(crate) use options::Sizes;
#[cfg(not(loom))]
pub use page::{Page, PageByte};
#[cfg(not(loom))]
pub use page_pool::PagePool;

/// A number that differs between threads and mostly stays the same within one: where the stack is, to the
/// megabyte, scattered.
///
/// Threads have their stacks a megabyte or more apart on every system that matters here, and it costs one
/// multiplication and no thread-local storage (`.sync.none`). A thread that runs on many small stacks, or
/// many threads on one, merely meet in slots more often.
#[inline]
pub(crate) fn stack_hint() -> usize {
    /// 2 to the power of the word's bits over the golden ratio: neighbours land far apart.
    const SCATTER: usize = 0x9e37_79b9_7f4a_7c15_u64 as usize;
    const MEGABYTE: u32 = 20;
    let here = core::mem::MaybeUninit::<u8>::uninit();
    let stack = (&raw const here).addr() >> MEGABYTE;
    stack.wrapping_mul(SCATTER) >> (usize::BITS - slots::MOST_SLOTS.ilog2())
}
