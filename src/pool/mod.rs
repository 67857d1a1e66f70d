//! Page pools: blocks of one size, taken and given back by any thread without a lock.
//!
//! [`PagePool`] is the type, `Page` the handle that owns what was taken. A pool is one range of addresses, cut into
//! blocks, and a table beside it that says which are out. Nothing is ever written into a free block, so its RAM can go
//! back to the system, and the table means the same to every process that sees it. A pool has one size of blocks, and
//! does not grow.
//!
//! ```
//! # if cfg!(miri) { return Ok(()) }
//! let pool = region::PagePool::new(64 << 10, 16)?;
//! let page = pool.take_zeroed()?;
//! assert_eq!((page.len(), pool.taken()), (64 << 10, 1));
//! # Ok::<(), region::PoolError>(())
//! ```

// ```text
//  ledger, a mapping of its own              blocks, the region
//  │ slots │ taken │ full │ warm │           │ 0 │ 1 │ 2 │ 3 │ .......................│
//  └───────┴───────┴──────┴──────┘           └───┴───┴───┴───┴─ no RAM until touched ─┘
// ```
//
// The state lies beside the blocks, never in them (`.sync.pool`). From the bottom up:
//
// - `bits`: the arithmetic on words and runs of bits, pure. `bitmap`: which blocks are out, lowest first, with summary
//   words. `slots`: blocks kept ready for the next taker, one locked instruction each. Other modules may build on
//   these.
// - `ledger`: the two together, and what is warm. Everything atomic ends here.
// - `models`: the loom models of all that; only under `cfg(loom)`.
// - `process`: which process took a page of a pool that several share.
// - `page_pool`, `page`, `take`, `options`, `error`: the ledger's numbers turned into memory; the public types.
//
// docs/pool.md has the measurements behind the choices.

// A model build has no page pools above the ledger, and so no user of it but the models.
#![cfg_attr(loom, allow(dead_code))]

pub(crate) mod bitmap;
pub(crate) mod bits;
mod ledger;
#[cfg(all(loom, test))]
pub(crate) mod models;
pub(crate) mod slots;

// loom's atomics are not made of zeroed memory, as a ledger's mapping is, so a model build stops there.
#[cfg(not(loom))]
mod error;
#[cfg(not(loom))]
mod options;
#[cfg(not(loom))]
mod page;
#[cfg(not(loom))]
mod page_pool;
#[cfg(not(loom))]
mod process;
#[cfg(not(loom))]
mod take;

#[cfg(not(loom))]
pub use error::{PoolError, PoolReason};
#[cfg(not(loom))]
pub use options::PoolOptions;
#[cfg(all(unix, feature = "capi"))]
pub(crate) use options::Sizes;
#[cfg(not(loom))]
pub use page::{Page, PageByte};
#[cfg(not(loom))]
pub use page_pool::{PagePool, PagePoolStats};
