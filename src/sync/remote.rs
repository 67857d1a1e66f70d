//! Blocks that are freed by threads which do not hold what the blocks belong to, without waiting for the holder.
//!
//! A group of as many blocks as a word has bits has two words: `free`, which the holder alone writes, and the bits of a
//! [`Node`], which everybody writes:
//!
//! | `free` | bits | the block is |
//! |---|---|---|
//! | 0 | 0 | in use |
//! | 1 | 0 | free |
//! | 0 | 1 | freed by another thread, and the holder has not seen it yet |
//! | 1 | 1 | free; two threads freed it at the same moment |
//!
//! The thread that makes a node's bits other than zero puts the node on the holder's [`List`]; nobody else does, until
//! the holder has made them zero again. So a node is in the list once, and pushing is a compare-exchange on its head.
//! The holder takes the whole list by one exchange, so there is no ABA problem.
//!
//! A block that both words call free is not handed out before the holder has taken the bit from the node: or that bit
//! would free it a second time, under its new owner.
//!
//! It knows no memory, sizes or addresses, and not who may hold what: that is a [slot](super::slot)'s.

use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicPtr, AtomicUsize, Ordering};
use core::ptr::{NonNull, null_mut};

/// A bit for each block of a group, set if it is free. The holder writes it, and all may look.
#[repr(transparent)]
#[derive(Debug)]
pub(crate) struct Word(AtomicUsize);

impl Word {
    #[cfg(all(loom, test))]
    pub(crate) fn new(bits: usize) -> Self {
        Word(AtomicUsize::new(bits))
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(crate) fn set(&self, bits: usize) {
        self.0.store(bits, Ordering::Relaxed);
    }
}

/// What was freed of a group by others than the holder. Zeroes are a node of which nothing was.
#[derive(Debug)]
pub(crate) struct Node {
    bits: AtomicUsize,
    /// The next of the list, if this one is in it.
    next: AtomicPtr<Node>,
}

/// The nodes that have bits, last one first. Zeroes are an empty list.
///
/// # Invariants
/// A node in the list stays where it is until the holder has taken it.
#[derive(Debug)]
pub(crate) struct List {
    first: AtomicPtr<Node>,
}

/// The block is free already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IsFree;

impl Node {
    #[cfg(all(loom, test))]
    pub(crate) fn new() -> Self {
        Node { bits: AtomicUsize::new(0), next: AtomicPtr::new(null_mut()) }
    }

    /// Whether nothing is left that the holder has not taken.
    #[inline]
    pub(crate) fn is_clear(&self) -> bool {
        self.bits.load(Ordering::Acquire) == 0
    }

    /// Whether the block is free, for any thread.
    #[inline]
    pub(crate) fn is_free(&self, free: &Word, bit: usize) -> bool {
        // In this order: the holder sets the bit in `free` before it clears the one here, by a release.
        self.bits.load(Ordering::Acquire) & bit != 0 || free.get() & bit != 0
    }

    /// Frees a block for a thread that does not hold its group. Whether the node went on the list.
    ///
    /// # Errors
    /// When the block is free. Nothing was changed.
    ///
    /// # Safety
    /// The node stays where it is, and is only shared, as long as the list is used.
    #[inline]
    pub(crate) unsafe fn free(&self, free: &Word, bit: usize, list: &List) -> Result<bool, IsFree> {
        if self.is_free(free, bit) {
            return Err(IsFree);
        }
        // Release: the holder sees what was done to the block before it hands the block out.
        let release = if seeded(Bug::RemoteFreeRelaxed) { Ordering::Relaxed } else { Ordering::AcqRel };
        let before = if seeded(Bug::RemoteFreeTorn) {
            let before = self.bits.load(Ordering::Acquire);
            self.bits.store(before | bit, Ordering::Release);
            before
        } else {
            self.bits.fetch_or(bit, release)
        };
        if before & bit != 0 {
            return Err(IsFree);
        }
        if before == 0 || seeded(Bug::RemotePushesTwice) {
            list.push(self);
        }
        Ok(before == 0)
    }

    /// Moves what others freed into the holder's word. Bits that are not in `blocks` are dropped.
    pub(crate) fn settle(&self, free: &Word, blocks: usize) {
        let blocks = if seeded(Bug::RemoteSettlesGone) { usize::MAX } else { blocks };
        loop {
            let bits = self.bits.load(Ordering::Relaxed);
            if seeded(Bug::RemoteClearsBlindly) {
                free.set(free.get() | bits & blocks);
                return self.bits.store(0, Ordering::Release);
            }
            if !seeded(Bug::RemoteClearsEarly) {
                free.set(free.get() | bits & blocks);
            }
            // Release: whoever sees no bit here sees it in `free`. Acquire: the holder sees what was done to the blocks by
            // all that freed them, as each exchanged the word of the one before. To zero at once, because the next bit
            // puts the node on the list again. It fails at most once for each block, as each failure is one more.
            let acquire = if seeded(Bug::RemoteSettleRelaxed) { Ordering::Release } else { Ordering::AcqRel };
            if self.bits.compare_exchange(bits, 0, acquire, Ordering::Relaxed).is_ok() {
                if seeded(Bug::RemoteClearsEarly) {
                    free.set(free.get() | bits & blocks);
                }
                return;
            }
        }
    }
}

impl List {
    #[cfg(all(loom, test))]
    pub(crate) fn new() -> Self {
        List { first: AtomicPtr::new(null_mut()) }
    }

    /// Forgets the nodes, where no other thread is: what they say is looked for elsewhere.
    pub(crate) fn forget(&self) {
        self.first.store(null_mut(), Ordering::Relaxed);
    }

    fn push(&self, node: &Node) {
        let release = if seeded(Bug::RemotePushRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        let mut first = self.first.load(Ordering::Relaxed);
        loop {
            node.next.store(first, Ordering::Relaxed);
            match self.first.compare_exchange_weak(first, (&raw const *node).cast_mut(), release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// Whether no node was in the list a moment ago.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.load(Ordering::Relaxed).is_null()
    }

    /// Takes all nodes off the list, and moves what was freed into the words of their groups: for the holder alone.
    /// `group` finds the group of a node: its word, and the bits that have blocks, which are none if the group is there no
    /// more. `settled` is called when the word has changed.
    pub(crate) fn drain<'a, G>(
        &'a self,
        group: impl Fn(NonNull<Node>) -> (&'a Word, usize, G),
        mut settled: impl FnMut(G),
    ) {
        // Acquire: the links of the nodes, each of which was written before the node was pushed.
        let mut next = self.first.swap(null_mut(), Ordering::Acquire);
        while let Some(node) = NonNull::new(next) {
            // SAFETY: whoever pushed the node promised that it stays.
            let this = unsafe { node.as_ref() };
            // Before the bits are cleared: from then on another thread may push the node again.
            next = this.next.load(Ordering::Relaxed);
            let (free, blocks, found) = group(node);
            this.settle(free, blocks);
            if seeded(Bug::RemoteLinkLate) {
                next = this.next.load(Ordering::Relaxed);
            }
            settled(found);
        }
    }
}

/// Takes the lowest block of a group, for its holder.
#[inline(always)]
pub(crate) fn take(free: &Word, node: &Node) -> Option<u32> {
    loop {
        let bits = free.get();
        if bits == 0 {
            return None;
        }
        let rest = bits & (bits - 1);
        free.set(rest);
        // One that others freed as well comes back when that is settled. What they wrote was acquired then, or the block
        // was this holder's.
        if node.bits.load(Ordering::Relaxed) & (bits ^ rest) == 0 || seeded(Bug::TakeIgnoresRemote) {
            return Some(bits.trailing_zeros());
        }
    }
}
