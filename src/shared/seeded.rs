//! Bugs that the models must notice: each names one thing that the algorithms may not leave out.

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

crate::seeded::switch!(Bug);
