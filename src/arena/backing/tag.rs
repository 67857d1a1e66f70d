//! The tag of a mapped block: what `mapped` must know of its mapping when the block comes back.
//!
//! Only bits. `mapped`, `cache` and `reserve` act on them, and on those of a cage's blocks, which have flags alone.

use crate::policy::{KINDS, LARGE};

/// The [`Block::tag`](super::Block) of a mapped block. In the lowest bits are flags, and a number: the block's kind, if it
/// has a slot in the block cache, or that it has none. Above them is the address of the slot, or else the distance from
/// the mapping's start to the block's start, in whole pages.
#[derive(Clone, Copy)]
pub(crate) struct Tag(pub(crate) usize);

impl Tag {
    /// The region was reserved without access and commits through `mprotect`.
    pub(crate) const PROTECTED: usize = 1;
    /// Everything behind the small-page prefix has been advised huge.
    pub(crate) const ADVISED: usize = 2;
    /// Huge pages come only when the block is large.
    // (`.back.proportion`)
    pub(super) const LATE: usize = 4;
    /// The number is in the bits from here on: 0 for a first block with a slot, so that one test finds those.
    const KIND_SHIFT: u32 = 3;
    const KIND: usize = 7 << Self::KIND_SHIFT;
    /// The block is an external buffer, without a slot. It is no mapping of ours, and may not be whole pages.
    pub(super) const EXTERNAL: usize = 5 << Self::KIND_SHIFT;
    /// The block is a first block, without a slot.
    pub(super) const FIRST: usize = 6 << Self::KIND_SHIFT;
    /// The block is another one without a slot.
    pub(crate) const OTHER: usize = 7 << Self::KIND_SHIFT;
    /// Flags are below this: slots have whole cache lines, and pages are larger.
    const ALIGN: usize = 64;
    const FLAGS: usize = Self::ALIGN - 1;
    const CHECK: () = assert!(Self::KIND < Self::ALIGN && KINDS << Self::KIND_SHIFT <= Self::EXTERNAL);

    pub(super) const fn new(lead: usize, flags: usize) -> Self {
        debug_assert!(lead & Self::FLAGS == 0 && flags & !Self::FLAGS == 0);
        Tag(lead | flags)
    }

    /// The tag of the same block with a slot, which stays where it is.
    pub(super) fn slotted<S>(self, slot: &S, kind: usize) -> Self {
        const { Self::CHECK };
        Tag(core::ptr::from_ref(slot).expose_provenance() | self.of_kind(kind))
    }

    /// The flags, with the number of a kind.
    const fn of_kind(self, kind: usize) -> usize {
        self.0 & (Self::PROTECTED | Self::ADVISED | Self::LATE) | kind << Self::KIND_SHIFT
    }

    /// What is below the address or the distance.
    pub(super) const fn flags(self) -> usize {
        self.0 & Self::FLAGS
    }

    pub(super) const fn lead(self) -> usize {
        self.0 & !Self::FLAGS
    }

    pub(crate) const fn has(self, flag: usize) -> bool {
        self.0 & flag != 0
    }

    /// Whether the block has a slot in the cache.
    #[inline(always)]
    pub(super) const fn is_slotted(self) -> bool {
        self.0 & Self::KIND < Self::EXTERNAL
    }

    /// Whether this is a caller's buffer.
    pub(super) const fn is_external(self) -> bool {
        self.0 & Self::KIND == Self::EXTERNAL
    }

    /// Whether this is a first block with a slot.
    #[inline(always)]
    pub(super) const fn is_kept_first(self) -> bool {
        self.0 & Self::KIND == 0
    }

    /// Whether this is a region with a slot and nothing special about it, as a typed buffer has it at first.
    #[inline(always)]
    pub(super) const fn is_plain_region(self) -> bool {
        self.0 & (Self::FLAGS & !Self::KIND) == Self::LATE && self.kind() > LARGE && self.is_slotted()
    }

    /// Whether this is a first block.
    pub(super) const fn is_first(self) -> bool {
        self.is_kept_first() || self.0 & Self::KIND == Self::FIRST
    }

    /// The kind of a block with a slot.
    pub(super) const fn kind(self) -> usize {
        (self.0 & Self::KIND) >> Self::KIND_SHIFT
    }

    /// The address of the slot of a block that has one.
    #[inline(always)]
    pub(super) fn slot<S>(self) -> *const S {
        const { assert!(align_of::<S>() >= Self::ALIGN) };
        core::ptr::with_exposed_provenance(self.0 & !Self::FLAGS)
    }
}
