//! The crate's atomics: `core`'s, or loom's when a model checker runs the code.
//!
//! The only place that says which. Everything that is shared between threads is written against these
//! names, so that the algorithm a model explores is the one that ships.

// Without a system there is nothing that threads share but a static buffer's mark.
#![cfg_attr(not(all(feature = "os", unix)), allow(dead_code, unused_imports))]

#[cfg(all(not(loom), target_has_atomic = "64"))]
pub(crate) use core::sync::atomic::{AtomicI64, AtomicU64};
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

/// A cell that threads share under a protocol of their own, with loom's interface.
#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell as Shared;

/// A cell that threads share under a protocol of their own, with loom's interface: loom checks that no two
/// accesses meet.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct Shared<T>(core::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> Shared<T> {
    pub(crate) const fn new(content: T) -> Self {
        Shared(core::cell::UnsafeCell::new(content))
    }

    /// Calls `f` with the content's address, to read.
    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Calls `f` with the content's address, to write.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// What the kernel orders and ThreadSanitizer does not see, told to it: an address that one thread unmapped may be
/// mapped by another, and who uses it then comes after who used it before.
///
/// Raw system calls pass the sanitizer by. Built with `--cfg region_tsan` alone (`.ci/tsan`); every other build
/// has nothing here, and needs nothing, because the kernel's own lock does it.
#[cfg(all(feature = "os", unix))]
pub(crate) mod kernel {
    #[cfg(region_tsan)]
    static UNMAPPED: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);

    /// Before addresses are given up.
    #[inline(always)]
    pub(crate) fn unmaps() {
        #[cfg(region_tsan)]
        UNMAPPED.fetch_add(1, core::sync::atomic::Ordering::Release);
    }

    /// After addresses were had.
    #[inline(always)]
    pub(crate) fn mapped() {
        #[cfg(region_tsan)]
        UNMAPPED.load(core::sync::atomic::Ordering::Acquire);
    }
}

/// Atomics for process-wide hints, such as "this kernel does not know that advice".
///
/// Always `core`'s: loom's cannot be made in a `static`, and no algorithm depends on these values.
pub(crate) mod global {
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
}
