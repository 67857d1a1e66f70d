//! The crate's atomics: `core`'s, or loom's when a model checker runs the code.
//!
//! All code that is shared between threads uses these names, so a model explores the algorithm that ships. The atomic
//! mechanisms that several modules use are here too:
//!
//! - `slot`: one word that says who may use the content beside it. `slot_cache`: slots, each of which keeps one thing for
//!   the next taker; `slot_chunk`: where they are.
//! - `append_list`: a list to which any thread appends and from which none removes.
//! - `thread_hint`: a number that mostly differs between threads.
//! - `remote`: blocks that are freed by threads that do not hold what they belong to. `address_table`: what is at an
//!   address. `seen`: numbers that one thread changes and others look at.
//! - `alone`: whether no other thread can be running. `one_thread`: what the compiler says when threads would share what is not `Sync`.
//! - `slot_cache_models`, `append_list_models`, `remote_models`, `address_table_models`: their loom models.
//!
//! It owns no memory. Numbering blocks is in `pool`.

// Without a system, threads share nothing but a static buffer's mark, and on Windows no memory of other processes.
#![cfg_attr(not(all(feature = "os", unix)), allow(dead_code, unused_imports, unused_macros))]

pub(crate) mod address_table;
#[cfg(all(loom, test))]
pub(crate) mod address_table_models;
mod alone;
#[cfg(all(feature = "os", any(unix, windows)))]
pub(crate) mod append_list;
#[cfg(all(loom, test))]
pub(crate) mod append_list_models;
pub(crate) mod one_thread;
pub(crate) mod remote;
#[cfg(all(loom, test))]
pub(crate) mod remote_models;
pub(crate) mod seen;
pub(crate) mod slot;
#[cfg(all(feature = "os", any(unix, windows)))]
pub(crate) mod slot_cache;
#[cfg(all(loom, test))]
pub(crate) mod slot_cache_models;
#[cfg(all(feature = "os", any(unix, windows)))]
mod slot_chunk;
mod thread_hint;

pub(crate) use alone::is_alone;
pub(crate) use thread_hint::{HINTS, thread_hint};

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
#[cfg(all(not(loom), target_has_atomic = "64"))]
pub(crate) use core::sync::atomic::{AtomicI64, AtomicU64};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};

/// A cell that threads share under a protocol of their own, with loom's interface.
#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell as Shared;

/// A cell that threads share under a protocol of their own, with loom's interface: loom checks that no two
/// accesses meet.
#[cfg(not(loom))]
#[derive(Debug)]
#[repr(transparent)] // a plain word may be looked at as a shared one
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

/// A function that is `const`, but in a model build, as loom's atomics and cells are not made in constants.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $public:vis const fn $($rest:tt)+) => {
        #[cfg(not(loom))]
        $(#[$attribute])*
        $public const fn $($rest)+

        #[cfg(loom)]
        $(#[$attribute])*
        $public fn $($rest)+
    };
}

pub(crate) use const_fn;

/// An array whose elements are each made anew, although they are not `Copy`: from a constant, or, in a model build,
/// where there is no constant, by one call each.
macro_rules! fresh {
    ([$thing:expr; $number:expr]) => {{
        #[cfg(not(loom))]
        {
            [const { $thing }; $number]
        }
        #[cfg(loom)]
        {
            core::array::from_fn(|_| $thing)
        }
    }};
}

pub(crate) use fresh;

/// A `static` with loom's atomics in it. Each run of a model has its own, made at its first use.
macro_rules! per_process {
    ($(#[$attribute:meta])* pub(super) static $name:ident: $type:ty = $made:expr;) => {
        #[cfg(not(loom))]
        $(#[$attribute])*
        pub(super) static $name: $type = $made;

        #[cfg(loom)]
        loom::lazy_static! {
            $(#[$attribute])*
            pub(super) static ref $name: $type = $made;
        }
    };
}

#[cfg(all(feature = "os", any(unix, windows)))]
pub(crate) use per_process;

/// Keeps what was written before in front of what is written after, for a forked child: it has this thread's memory as it
/// was between two of its instructions. A limit for the compiler, and no instruction.
#[inline(always)]
pub(crate) fn in_this_order() {
    core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::Release);
}

/// Says to ThreadSanitizer what the kernel orders: an address that one thread unmapped may be mapped by another, and
/// whoever uses it then comes after whoever used it before.
///
/// The sanitizer does not see raw system calls. This is built with `--cfg region_tsan` only (`.ci/tsan`). Other builds
/// need nothing here: the kernel's own lock orders the calls.
#[cfg(all(feature = "os", any(unix, windows)))]
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
    #[cfg(any(all(test, not(loom)), target_family = "wasm"))]
    pub(crate) use core::sync::atomic::AtomicPtr;
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
}
