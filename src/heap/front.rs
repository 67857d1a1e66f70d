//! What threads use of a shard without holding it: its claim, and the list of what they freed in it.
//!
//! A shard is claimed by one exchange and given up by one store ([`Slot`]). Who finds it held does not wait: to allocate
//! it goes on to another shard, and what it frees it writes down here ([`remote`](crate::sync::remote)). What the holder
//! has is in `state` and not seen here.

use super::classes::MOST_BLOCKS;
use crate::sync::remote::{List, Node, Word};
use crate::sync::slot::{EMPTY, Pair, Slot};
use crate::sync::{AtomicUsize, Ordering};

/// Zeroes are one of a shard that is not held and has nothing to settle.
#[repr(C)]
pub(super) struct Front {
    claim: Slot<(), Pair>,
    // On lines of its own: those that free blocks here do not slow down who claims the shard.
    _lines: [Pair; 0],
    pub list: List,
    /// About how many nodes are in the list.
    waiting: AtomicUsize,
}

impl Front {
    /// Makes the shard the caller's, until [`give`](Self::give).
    #[inline(always)]
    pub(super) fn claim(&self) -> bool {
        self.claim.claim(EMPTY)
    }

    /// The same for a thread that is alone, without an exchange.
    #[inline(always)]
    pub(super) fn claim_alone(&self) -> bool {
        self.claim.claim_alone()
    }

    /// Gives the shard up. The next holder sees what this one did.
    ///
    /// # Safety
    /// The caller holds the shard, and has no reference to what belongs to the holder.
    #[inline(always)]
    pub(super) unsafe fn give(&self) {
        // SAFETY: the caller's promise; the slot has no content.
        unsafe { self.claim.give(EMPTY) };
    }

    /// Counts a node that went on the list; about how many there are now. Two threads that count at once may count one:
    /// an exchange here would cost a third of what it counts.
    pub(super) fn count(&self) -> usize {
        let waiting = self.waiting.load(Ordering::Relaxed).wrapping_add(1);
        self.waiting.store(waiting, Ordering::Relaxed);
        waiting
    }

    /// Begins to count anew. Only how soon the list is settled depends on it.
    pub(super) fn count_anew(&self) {
        self.waiting.store(0, Ordering::Relaxed);
    }
}

/// What other threads freed in a page, in a table of its own. It is not touched before one does.
#[repr(C, align(64))]
pub(super) struct Remote {
    nodes: [Node; MOST_BLOCKS / usize::BITS as usize],
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Remote>() == 64);

impl Remote {
    /// The node of a word of the page's blocks.
    #[inline(always)]
    pub(super) fn node(&self, word: usize) -> &Node {
        // The remainder changes nothing, and the compiler sees that the node is there.
        &self.nodes[word % (MOST_BLOCKS / usize::BITS as usize)]
    }

    /// Moves all of it into the page's words, each with the blocks that it has.
    pub(super) fn settle<'a>(&self, word: impl Fn(usize) -> (&'a Word, usize)) {
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| !node.is_clear()) {
            let (free, blocks) = word(at);
            node.settle(free, blocks);
        }
    }

    /// Whether the holder has seen all of it.
    pub(super) fn is_clear(&self) -> bool {
        self.nodes.iter().all(Node::is_clear)
    }

    /// Which node is at this address, from the first one's.
    pub(super) fn word_at(distance: usize) -> usize {
        distance / size_of::<Node>()
    }
}
