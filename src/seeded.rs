//! Seeded bugs: deliberate mistakes that the loom models must catch.
//!
//! One table for the crate. Each bug is one mistake in an atomic algorithm. It is in the code that ships, behind
//! `seeded(bug)`, which is `false` in every build but a model's, so the compiler drops the branch. `models` switches
//! the bugs on one by one and expects each model that names a bug to fail. A bug that no model names fails a test.

/// The bugs, and in a model build a list of them.
macro_rules! bugs {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// A mistake that can be switched on in a model build.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(not(all(loom, test)), allow(dead_code))]
        pub(crate) enum Bug {
            $($(#[$doc])* $name,)+
        }

        impl Bug {
            /// All of them.
            #[cfg(all(loom, test))]
            pub(crate) const ALL: &'static [Bug] = &[$(Bug::$name,)+];
        }
    };
}

bugs! {
    // Page pools: the bitmap, the blocks kept ready, the ledger.
    /// A block goes back to the bitmap without publishing what its owner wrote.
    GiveRelaxed,
    /// A block is taken from the bitmap without seeing what its last owner wrote.
    TakeRelaxed,
    /// A bit is set by a load and a store instead of one exchange.
    TakeTorn,
    /// A run that crosses words is left half taken when its second half turns out to be gone.
    RunWithoutRollback,
    /// A full word is marked full, without a second look whether it still is.
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
    /// A trimmed block is given back before its RAM.
    TrimGivesEarly,
    /// A trimmed block keeps its warm mark cleared although its RAM could not be given back.
    TrimForgetsFailure,
    /// Two returns of one block are decided by a load instead of an exchange.
    ReturnTorn,

    // Things that are kept for the next taker: slots, append lists, slot caches, block cache, arena pools, static
    // buffers.
    /// A slot is claimed without seeing what its last holder did to the thing.
    SlotClaimRelaxed,
    /// A slot is claimed by a load and a store instead of one exchange.
    SlotClaimTorn,
    /// A slot is given back without publishing what its holder did to its content.
    SlotReleaseRelaxed,
    /// A thing is appended to a list without publishing what was written into it.
    ListAppendRelaxed,
    /// A thing is appended by a load and a store instead of one exchange.
    ListAppendTorn,
    /// A list is walked without seeing what was written into its things.
    ListFollowRelaxed,
    /// A thing is put into a slot cache before what its holder did to it is written down.
    CachePutsEarly,
    /// A slot that is left without a thing is called full.
    CacheLeavesFull,
    /// A thread that empties a slot cache takes things whose slots it did not claim.
    CacheDrainsUnclaimed,
    /// A block is kept as less written than it is.
    CacheForgetsDirty,
    /// An arena that comes back is given to the next before it is cleared.
    ArenaGivenUncleared,
    /// An arena with a member's values is given on as one without.
    MemberGivesEmpty,
    /// An arena that was taken for as long as the pool lives is given to the next member.
    TakenArenaGivenBack,
    /// A thread that trims a pool clears arenas that it did not claim.
    PoolTrimsUnclaimed,
    /// A reset leaves the arenas out whose handles were leaked.
    ResetForgetsLeaked,
    /// Two takers of a static buffer are decided by a load instead of an exchange.
    StaticTakeTorn,

    // Heaps of many threads: blocks that others free, and what is at an address.
    /// A block that another thread frees goes to the holder without what was written into it.
    RemoteFreeRelaxed,
    /// A block is freed from outside by a load and a store instead of one exchange.
    RemoteFreeTorn,
    /// A node goes on the list each time that a block of it is freed.
    RemotePushesTwice,
    /// A node goes on the list without publishing its link.
    RemotePushRelaxed,
    /// The holder takes what others freed without seeing what they wrote.
    RemoteSettleRelaxed,
    /// The holder clears a node's bits by a store, over those that came meanwhile.
    RemoteClearsBlindly,
    /// The holder clears a node's bits before it sets them in its own word.
    RemoteClearsEarly,
    /// The holder reads a node's link when others may have pushed the node again.
    RemoteLinkLate,
    /// A block that another thread freed, too, is handed out before that is settled.
    TakeIgnoresRemote,
    /// What was freed of a group that is there no more is written into what is there now.
    RemoteSettlesGone,
    /// A thing is entered in a table without publishing what was written into it.
    TableEnterRelaxed,
    /// A thing is entered in a table before it is certain that all of it can be.
    TableEntersEarly,
    /// A table is read without seeing what was written into its nodes and things.
    TableFindRelaxed,
    /// A table's node is published without what was written into it.
    TableNodeRelaxed,
    /// Two nodes for one word of a table are decided by a load instead of an exchange.
    TableNodeTorn,

    // Typed buffers that other threads read while they grow.
    /// A count is raised without publishing the values below it.
    PublishRelaxed,
    /// A count is read without seeing what it covers.
    SeeRelaxed,
    /// A reader loads the address of the values before it loads their count.
    StartBeforeCount,
    /// A buffer stores its start address each time that it grows.
    StartAgain,
    /// A value that is pushed is counted before it is written.
    PushPublishesEarly,
    /// Values that are copied are counted before they are written.
    CopyPublishesEarly,
    /// An iterator's values are counted when their window is opened.
    ExtendPublishesEarly,
    /// An iterator's values are counted before they are moved to where they belong.
    SettlePublishesEarly,

    // Shared memory.
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
    /// A link that lost the exchange is returned without acquiring what was published with it.
    LinkLossRelaxed,

    // Cages.
    /// Units that come back are called zero although they were written.
    CageForgetsDirty,
    /// Units are given back before their RAM, and before they are marked.
    CageGivesEarly,
    /// A thread that trims gives the RAM of units back that it did not take.
    CageTrimsUntaken,
    /// A unit that waits in a slot is taken by a load and a store.
    CageSlotTorn,
    /// A unit is put into a slot without publishing what its holder wrote.
    CageSlotRelaxed,
    /// A cage's address is read without seeing what was prepared there.
    CageBaseRelaxed,
    /// Two threads that begin a cage both believe that theirs is the address.
    CageBaseTorn,
}

/// Whether `bug` is switched on: never, outside of a model.
#[cfg(not(loom))]
#[inline(always)]
pub(crate) const fn seeded(_bug: Bug) -> bool {
    false
}

#[cfg(loom)]
std::thread_local! {
    /// loom runs all threads of a model on the system thread that started it, so this is one per model.
    static ACTIVE: core::cell::Cell<Option<Bug>> = const { core::cell::Cell::new(None) };
}

/// Whether `bug` is switched on in this model.
#[cfg(loom)]
pub(crate) fn seeded(bug: Bug) -> bool {
    ACTIVE.with(|active| active.get() == Some(bug))
}

/// Switches one bug on, or all off, for the calling thread's model.
#[cfg(all(loom, test))]
pub(crate) fn seed(bug: Option<Bug>) {
    ACTIVE.with(|active| active.set(bug));
}
