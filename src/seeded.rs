//! The switch for seeded bugs: how a loom model shows that it is alive.
//!
//! Each room with atomics names its bugs in a `seeded.rs` of its own and gets the switch from here. In a model
//! build a test switches one on and expects its model to fail; in every other build `seeded` is the constant
//! `false` and the compiler drops the branch.

/// `seeded(bug)` and `seed(bug)` for the bugs of one room.
macro_rules! switch {
    ($bug:ty) => {
        /// Whether `bug` is switched on: never, outside of a model.
        #[cfg(not(loom))]
        #[inline(always)]
        pub(super) const fn seeded(_bug: $bug) -> bool {
            false
        }

        #[cfg(loom)]
        std::thread_local! {
            /// loom runs all threads of a model on the system thread that started it, so this is one per test.
            static ACTIVE: core::cell::Cell<Option<$bug>> = const { core::cell::Cell::new(None) };
        }

        /// Whether `bug` is switched on in this test.
        #[cfg(loom)]
        pub(super) fn seeded(bug: $bug) -> bool {
            ACTIVE.with(|active| active.get() == Some(bug))
        }

        /// Switches one bug on, or all off, for the calling test.
        #[cfg(all(loom, test))]
        pub(super) fn seed(bug: Option<$bug>) {
            ACTIVE.with(|active| active.set(bug));
        }
    };
}

pub(crate) use switch;
