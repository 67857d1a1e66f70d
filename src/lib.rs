//! placeholder
#![no_std]
#![deny(missing_docs, unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

#[cfg(any(feature = "alloc", feature = "std"))]
extern crate alloc;
#[cfg(any(test, loom, feature = "std"))]
extern crate std;

mod bytes;
mod error;
mod input;
mod sync;

#[cfg(all(feature = "os", unix))]
mod pool;
#[cfg(all(feature = "os", unix))]
mod region;
#[cfg(all(feature = "os", unix))]
mod sys;

pub use bytes::Bytes;
pub use error::{AllocError, AllocReason, Call, Errno, Error, Reason};
pub use input::{CrlfLines, Lines};
#[cfg(all(feature = "os", unix))]
pub use input::{Input, InputError, PathBytes, Source};
#[cfg(all(feature = "os", unix, not(loom)))]
pub use pool::{Page, PageByte, PagePool, PoolError, PoolOptions, PoolReason};
#[cfg(all(feature = "os", unix))]
pub use region::{Access, Advice, Pages, Region, RegionOptions};
#[cfg(all(feature = "os", unix))]
pub use sys::{Fd, page_size};
