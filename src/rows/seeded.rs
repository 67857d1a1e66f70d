//! Bugs that the models must notice: each names one thing that the algorithm may not leave out.
//!
//! In a model build a test switches one on and expects its model to fail, which shows that the model is
//! alive. In every other build [`seeded`] is the constant `false` and the compiler drops the branch.

/// A mistake that can be switched on in a model build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(all(loom, test)), allow(dead_code))]
pub(super) enum Bug {
    /// A count is raised without publishing the values below it.
    PublishRelaxed,
    /// A count is read without seeing what it covers.
    SeeRelaxed,
    /// A count is raised before the value is written.
    PublishEarly,
}

/// Whether `bug` is switched on: never, outside of a model.
#[cfg(not(loom))]
#[inline(always)]
pub(super) const fn seeded(_bug: Bug) -> bool {
    false
}

#[cfg(loom)]
std::thread_local! {
    /// loom runs all threads of a model on the system thread that started it, so this is one per test.
    static ACTIVE: core::cell::Cell<Option<Bug>> = const { core::cell::Cell::new(None) };
}

/// Whether `bug` is switched on in this test.
#[cfg(loom)]
pub(super) fn seeded(bug: Bug) -> bool {
    ACTIVE.with(|active| active.get() == Some(bug))
}

/// Switches one bug on, or all off, for the calling test.
#[cfg(all(loom, test))]
pub(super) fn seed(bug: Option<Bug>) {
    ACTIVE.with(|active| active.set(bug));
}
