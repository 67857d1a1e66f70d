//! bumpalo's names, with region's arenas behind them.
//!
//! Not for new programs: they name region itself. This is for a tree of dependencies that names bumpalo, and moves
//! without a change of source:
//!
//! ```toml
//! [patch.crates-io]
//! bumpalo = { path = "../libregion/compat/bumpalo" }      # or git = "…"
//! ```
//!
//! Every type wraps one of region's, and every function calls the one of that name; what they do is documented there.
//! Nothing is added: what bumpalo does not have is not here either. What differs, such as the order of values within a
//! chunk, is in docs/bumpalo.md. `compat/run` runs dependents' tests with bumpalo and with this.
//!
//! ```
//! use bumpalo::Bump;
//! let bump = Bump::new();
//! let name: &mut str = bump.alloc_str("name");
//! assert_eq!(name, "name");
//! ```
//!
//! - `bump`: [`Bump`]. `emplace`: memory that is written where it lies. `boxed`: `Box`. `collections`: `Vec`, `String`, and how to collect them. Here: errors, macros.

#![no_std]
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

#[doc(hidden)]
pub extern crate alloc as core_alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "boxed")]
pub mod boxed;
mod bump;
#[cfg(feature = "collections")]
pub mod collections;

mod emplace;
pub use bump::{Bump, ChunkIter, ChunkRawIter, RawCheckpoint};
pub use emplace::{Emplace, EmplaceSlice, EmplaceStr};

use core::fmt;

/// Memory could not be had. region's error, which says how much and why not, is lost here: bumpalo's is a unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllocErr;

impl From<region::AllocError> for AllocErr {
    fn from(_: region::AllocError) -> Self {
        AllocErr
    }
}

impl fmt::Display for AllocErr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory allocation failed")
    }
}

/// Why [`Bump::try_alloc_try_with`] and its family made nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AllocOrInitError<E> {
    /// Memory could not be had.
    Alloc(AllocErr),
    /// The closure's own error.
    Init(E),
}

impl<E> From<AllocErr> for AllocOrInitError<E> {
    fn from(error: AllocErr) -> Self {
        AllocOrInitError::Alloc(error)
    }
}

impl<E> From<region::error::AllocOrInitError<E>> for AllocOrInitError<E> {
    fn from(error: region::error::AllocOrInitError<E>) -> Self {
        match error {
            region::error::AllocOrInitError::Alloc(error) => AllocOrInitError::Alloc(error.into()),
            region::error::AllocOrInitError::Init(error) => AllocOrInitError::Init(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for AllocOrInitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AllocOrInitError::Alloc(error) => error.fmt(f),
            AllocOrInitError::Init(error) => write!(f, "initialization failed: {error}"),
        }
    }
}

/// A [`Vec`](collections::Vec) of these values in a [`Bump`].
///
/// ```
/// let bump = bumpalo::Bump::new();
/// let row = bumpalo::vec![in &bump; 1, 2];
/// assert_eq!((row.len(), bumpalo::vec![in &bump; 'x'; 3].len()), (2, 3));
/// ```
#[cfg(feature = "collections")]
#[macro_export]
macro_rules! vec {
    (in $bump:expr) => { $crate::collections::Vec::new_in($bump) };
    (in $bump:expr; $value:expr; $len:expr) => {{
        let len = $len;
        let mut values = $crate::collections::Vec::with_capacity_in(len, $bump);
        values.resize(len, $value);
        values
    }};
    (in $bump:expr; $($value:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut values = $crate::collections::Vec::new_in($bump);
        $( values.push($value); )*
        values
    }};
}

/// A formatted [`String`](collections::String) in a [`Bump`].
///
/// ```
/// let bump = bumpalo::Bump::new();
/// assert_eq!(bumpalo::format!(in &bump, "{}-{}", 1, 2), "1-2");
/// ```
#[cfg(feature = "collections")]
#[macro_export]
macro_rules! format {
    (in $bump:expr, $($arguments:tt)*) => {{
        use $crate::core_alloc::fmt::Write;
        let mut text = $crate::collections::String::new_in($bump);
        let _ = write!(&mut text, $($arguments)*);
        text
    }};
}

/// A bump stays in its thread.
///
/// ```compile_fail
/// fn shared<T: Sync>(_: T) {}
/// shared(bumpalo::Bump::new());
/// ```
#[cfg(doctest)]
struct NotShared;
