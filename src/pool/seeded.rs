//! Bugs that the models must notice: each names one thing that the algorithms may not leave out.

/// A mistake that can be switched on in a model build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(loom), allow(dead_code))]
pub(super) enum Bug {
    /// A block goes back to the bitmap without publishing what its owner wrote.
    GiveRelaxed,
    /// A block is taken from the bitmap without seeing what its last owner wrote.
    TakeRelaxed,
    /// A bit is set by a load and a store instead of one exchange.
    TakeTorn,
    /// A run that crosses words is left half taken when its second half turns out to be gone.
    RunWithoutRollback,
    /// A full word is marked full, and nobody looks whether it still is.
    MarkWithoutRecheck,
    /// A word that ceases to be full is not counted.
    ReopenUncounted,
    /// A failed search trusts the summaries and one look at the slots.
    ExhaustedTooSoon,
    /// A block goes back to its slot without publishing what its owner wrote.
    SlotGiveRelaxed,
    /// A slot is taken by a load and a store instead of one exchange.
    SlotTakeTorn,
    /// A slot is taken without showing what its taker gave back before.
    SlotTakeHidesGive,
    /// A block that is detached from its slot is not given to the bitmap.
    DetachForgets,
    /// A slot's word does not count its takers.
    SlotWithoutVersion,
    /// A trimmed block is given back before its RAM is.
    TrimGivesEarly,
    /// A trimmed block keeps its warm mark cleared although its RAM could not be given back.
    TrimForgetsFailure,
    /// Two returns of one block are told apart by a load instead of an exchange.
    ReturnTorn,
    /// A place on a shelf is claimed without seeing what its last holder did to the thing.
    ShelfClaimRelaxed,
    /// A place on a shelf is claimed by a load and a store instead of one exchange.
    ShelfClaimTorn,
    /// A thing is put on a shelf without publishing what its holder did to it.
    ShelfPutRelaxed,
    /// A row is appended to a chain without publishing what was written into it.
    ChainAppendRelaxed,
    /// A row is appended by a load and a store instead of one exchange.
    ChainAppendTorn,
    /// A chain is walked without seeing what was written into its rows.
    ChainFollowRelaxed,
}

crate::seeded::switch!(Bug);
