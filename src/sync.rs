//! The crate's atomics: `core`'s, or loom's when a model checker runs the code.
//!
//! The only place that says which. Everything that is shared between threads is written against these
//! names, so that the algorithm a model explores is the one that ships.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicUsize, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering};

/// Atomics for process-wide hints, such as "this kernel does not know that advice".
///
/// Always `core`'s: loom's cannot be made in a `static`, and no algorithm depends on these values.
pub(crate) mod global {
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
}
