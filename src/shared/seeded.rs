//! Bugs that the models must notice: each names one thing that the algorithms may not leave out.
//!
//! As the pools' (`pool/seeded.rs`): a model build switches one on and expects its model to fail; in every
//! other build [`seeded`] is the constant `false` and the compiler drops the branch.

/// A mistake that can be switched on in a model build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(loom), allow(dead_code))]
pub(super) enum Bug {
    /// Bytes are claimed by a load and a store instead of one exchange.
    ClaimTorn,
    /// The cursor is moved first, and whether that was too far is asked afterwards.
    ClaimOvershoots,
    /// The cursor is believed when it lies in the header.
    ClaimBelievesCursor,
    /// A link is stored without publishing what it leads to.
    LinkStoreRelaxed,
    /// A link is loaded without seeing what was published with it.
    LinkLoadRelaxed,
    /// A link is exchanged without publishing what it leads to.
    LinkExchangeRelaxed,
    /// A link that lost the exchange is shown without what was published with it.
    LinkLossRelaxed,
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
