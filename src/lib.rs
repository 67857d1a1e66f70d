//! placeholder
#![no_std]
#![deny(missing_docs, unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

#[cfg(any(test, loom))]
extern crate std;

mod bytes;
mod error;
mod sync;

#[cfg(all(feature = "os", unix))]
mod pool;
#[cfg(all(feature = "os", unix))]
mod region;
#[cfg(all(feature = "os", unix))]
mod sys;

pub use bytes::Bytes;
pub use error::{AllocError, AllocReason, Call, Errno, Error, Reason};
#[cfg(all(feature = "os", unix, not(loom)))]
pub use pool::{Page, PageByte, PagePool, PoolError, PoolOptions, PoolReason};
#[cfg(all(feature = "os", unix))]
pub use region::{Access, Advice, Pages, Region, RegionOptions};
#[cfg(all(feature = "os", unix))]
pub use sys::page_size;
