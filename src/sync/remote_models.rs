//! Models of shards: who claims one, who frees blocks in it from outside, and what its holder takes over.
//!
//! A block is a cell that its owner writes. A model ([`models`](crate::models)) fails when a block has two owners at
//! once, when an owner does not see what the last one wrote, or when a block is lost.

use super::remote::{IsFree, List, Node, Word, take};
use super::slot::{EMPTY, Slot};
use crate::models::{Model, OwnedCell, share, share_among};
use crate::seeded::Bug;
use std::sync::Arc;
use std::vec::Vec;

/// Blocks of one group, or of groups of one block each, in a shard.
struct Shard {
    claim: Slot<()>,
    list: List,
    words: Vec<Word>,
    nodes: Vec<Node>,
    /// The cells of all blocks, group by group.
    blocks: Vec<OwnedCell<usize>>,
    /// What the holder alone uses beside the words.
    taken: OwnedCell<usize>,
}

impl Shard {
    /// With all blocks in use.
    fn new(groups: usize, blocks: usize) -> Arc<Self> {
        Arc::new(Shard {
            claim: Slot::new(()),
            list: List::new(),
            words: (0..groups).map(|_| Word::new(0)).collect(),
            nodes: (0..groups).map(|_| Node::new()).collect(),
            blocks: (0..groups * blocks).map(|_| OwnedCell::new(0)).collect(),
            taken: OwnedCell::new(0),
        })
    }

    fn place(&self, block: usize) -> (usize, usize) {
        let each = self.blocks.len() / self.words.len();
        (block / each, 1 << (block % each))
    }

    /// Uses a block as its only owner may.
    fn write(&self, block: usize) {
        self.blocks[block].replace(1);
    }

    fn free_from_outside(&self, block: usize) -> Result<bool, IsFree> {
        let (group, bit) = self.place(block);
        // SAFETY: the node stays until the model's end.
        unsafe { self.nodes[group].free(&self.words[group], bit, &self.list) }
    }

    /// As the holder frees.
    fn free(&self, block: usize) -> Result<(), IsFree> {
        let (group, bit) = self.place(block);
        if self.nodes[group].is_free(&self.words[group], bit) {
            return Err(IsFree);
        }
        self.words[group].set(self.words[group].get() | bit);
        Ok(())
    }

    /// As the holder settles what others freed.
    fn settle(&self) {
        self.settle_blocks(usize::MAX);
    }

    /// The same where groups have these blocks.
    fn settle_blocks(&self, blocks: usize) {
        let group = |node: core::ptr::NonNull<Node>| {
            let at = self.nodes.iter().position(|other| core::ptr::eq(other, node.as_ptr())).unwrap();
            (&self.words[at], blocks, ())
        };
        let mut seen = 0;
        self.list.drain(group, |()| {
            seen += 1;
            assert!(seen <= 2 * self.nodes.len(), "the list has a circle");
        });
    }

    /// As the holder takes a block.
    fn take(&self) -> Option<usize> {
        let each = self.blocks.len() / self.words.len();
        let at = |group: usize| Some(group * each + take(&self.words[group], &self.nodes[group])? as usize);
        let block = (0..self.words.len()).find_map(at)?;
        self.write(block);
        Some(block)
    }

    fn take_all(&self) -> Vec<usize> {
        core::iter::from_fn(|| self.take()).collect()
    }

    /// Does something as the shard's holder, if no other thread is.
    fn hold(&self, act: impl FnOnce(&Self)) -> bool {
        if !self.claim.claim(EMPTY) {
            return false;
        }
        self.taken.replace(1);
        act(self);
        // SAFETY: this thread holds the slot, which has no content.
        unsafe { self.claim.give(EMPTY) };
        true
    }

    /// When no other thread is active: the blocks that are free, each of which is there once.
    fn end(&self, expected: &[usize]) {
        self.settle();
        let mut left = self.take_all();
        self.settle();
        assert_eq!(self.take(), None, "a block was freed twice");
        left.sort_unstable();
        assert_eq!(left, expected, "a block was lost, or is there twice");
    }
}

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "two threads free blocks of one word from outside while the holder takes them",
        preemptions: 3,
        run: one_word,
        catches: &[
            Bug::RemoteFreeRelaxed,
            Bug::RemoteFreeTorn,
            Bug::RemotePushesTwice,
            Bug::RemoteSettleRelaxed,
            Bug::RemoteClearsBlindly,
        ],
    },
    Model {
        name: "two threads free blocks of different words from outside",
        preemptions: 3,
        run: two_words,
        catches: &[Bug::RemotePushRelaxed, Bug::RemoteLinkLate],
    },
    Model {
        name: "a block is freed a second time while the holder takes the first over",
        preemptions: 4,
        run: freed_again,
        catches: &[Bug::RemoteClearsEarly],
    },
    Model {
        name: "the holder and another thread free one block at once",
        preemptions: 4,
        run: freed_by_both,
        catches: &[Bug::TakeIgnoresRemote],
    },
    Model {
        name: "the holder frees a block and then its group, and another thread the block",
        preemptions: 4,
        run: freed_with_its_group,
        catches: &[Bug::RemoteSettlesGone],
    },
    Model {
        name: "two threads claim a shard, or free in it from outside",
        preemptions: 3,
        run: claim_or_free,
        catches: &[Bug::SlotClaimTorn, Bug::SlotClaimRelaxed, Bug::SlotReleaseRelaxed],
    },
];

fn one_word() {
    let shard = Shard::new(1, 2);
    let free = |shard: &Shard, block| {
        shard.write(block);
        assert!(shard.free_from_outside(block).is_ok(), "a block in use was called free");
    };
    let taken = share_among(&shard, [0, 1], free, |shard| {
        shard.settle();
        let taken = shard.take_all();
        shard.settle();
        taken.into_iter().chain(shard.take_all()).collect::<Vec<_>>()
    });
    let left: Vec<usize> = (0..2).filter(|block| !taken.contains(block)).collect();
    assert_eq!(taken.len() + left.len(), 2, "a block was taken twice");
    shard.end(&left);
}

fn two_words() {
    let shard = Shard::new(2, 2);
    let free = |shard: &Shard, number: usize| {
        // A block of the other's word last, so that nodes go on the list again.
        for block in [2 * number, 2 * (1 - number) + 1] {
            shard.write(block);
            assert!(shard.free_from_outside(block).is_ok(), "a block in use was called free");
        }
    };
    let taken = share_among(&shard, [0, 1], free, |shard| {
        shard.settle();
        shard.take_all()
    });
    let left: Vec<usize> = (0..4).filter(|block| !taken.contains(block)).collect();
    assert_eq!(taken.len() + left.len(), 4, "a block was taken twice");
    shard.end(&left);
}

/// The second free is the thread that loom lets run second: where a thread loads what another stores later, loom looks
/// for the other order only if the store came first.
fn freed_again() {
    let shard = Shard::new(1, 1);
    assert!(shard.free_from_outside(0).is_ok());
    let again = |shard: &Shard| assert_eq!(shard.free_from_outside(0), Err(IsFree), "a second free was not refused");
    share(&shard, again, Shard::settle);
    shard.end(&[0]);
}

fn freed_by_both() {
    let shard = Shard::new(1, 1);
    let (theirs, mine) = share(&shard, |shard| shard.free_from_outside(0).is_ok(), |shard| shard.free(0).is_ok());
    assert!(theirs || mine, "a block in use was called free by both");
    // Before what the other thread freed is taken over.
    let taken = shard.take();
    shard.settle();
    let again = shard.take();
    assert!(taken.is_some() != again.is_some(), "the block was lost, or handed out twice");
    shard.end(&[]);
}

/// The group goes if its node is clear, and its word is used for something else then, which no late bit may reach.
fn freed_with_its_group() {
    let shard = Shard::new(1, 1);
    let go = |shard: &Shard| {
        let goes = shard.free(0).is_ok() && shard.nodes[0].is_clear();
        if goes {
            shard.words[0].set(0);
        }
        goes
    };
    let (theirs, gone) = share(&shard, |shard| shard.free_from_outside(0).is_ok(), go);
    assert!(theirs || gone, "a block in use was called free by both");
    if gone {
        shard.settle_blocks(0);
        assert!(shard.nodes[0].is_clear() && shard.list.is_empty(), "a free block was left unsettled");
        assert_eq!(shard.words[0].get(), 0, "a block was freed in what another group has");
    } else {
        shard.end(&[0]);
    }
}

fn claim_or_free() {
    let shard = Shard::new(1, 2);
    let act = |shard: &Shard, block: usize| {
        shard.write(block);
        let freed = shard.hold(|shard| {
            shard.settle();
            assert!(shard.free(block).is_ok());
        });
        assert!(freed || shard.free_from_outside(block).is_ok());
    };
    share(&shard, move |shard| act(shard, 0), |shard| act(shard, 1));
    shard.end(&[0, 1]);
}
