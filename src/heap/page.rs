//! What a heap knows of a page: blocks of one class side by side, each with a bit that says whether it is free.
//!
//! The record of a page is not in it: a heap's chunks have all records in a table (`chunk`). So a block that is written
//! past its end reaches no record, a block has no header, and who frees a block does not touch it. The same record
//! stands for a run of units that is free, and for one that is a block of its own.
//!
//! Where many threads use a heap, one of them at a time changes a record, and others read of it what says which block
//! begins at an address, and whether it is free.

use super::classes::{self, LARGE, MOST_BLOCKS};
use crate::sync::remote::Word;
use crate::sync::seen::{SeenPtr, SeenU8, SeenU32};
use core::cell::Cell;
use core::ptr::NonNull;

/// A place in a list of pages.
pub(super) type Link = Cell<Option<NonNull<Page>>>;

/// What a run of units is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// A page in its class's list: it may have free blocks.
    Listed,
    /// A page in no list: without a free block when it was last looked at, and none was freed since.
    Full,
    /// A block of its own, or the last unit of any run that is in use.
    Used,
    /// A free run of units. The record of its last unit says so, too.
    Free,
    /// A free run of units whose bytes are zero.
    Zero,
}

/// Blocks of a word.
pub(super) const WORD: usize = usize::BITS as usize;

/// The record of a run of units, in the place of its first unit.
///
/// One cache line: who frees a block reads and writes no more than that, and the chunk's marks.
#[repr(C, align(64))]
pub(super) struct Page {
    /// A bit for each block: set if it is free. None behind the last block.
    free: [Word; MOST_BLOCKS / WORD],
    /// In the list of the class, or in that of free runs of a length.
    pub next: Link,
    pub previous: Link,
    /// The first block's address.
    pub base: SeenPtr<u8>,
    /// Units of the run.
    pub units: SeenU32,
    /// The number of the last block.
    last: SeenU8,
    /// The class, or `LARGE`.
    pub class: SeenU8,
    pub kind: Cell<Kind>,
    /// Other than 0 if a thread that did not hold the shard has freed a block of the page.
    pub strange: SeenU8,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Page>() == 64);

impl Page {
    /// Makes it the record of a run, without blocks.
    pub(super) fn begin(&self, base: *mut u8, units: u32, kind: Kind, class: usize) {
        self.free.iter().for_each(|free| free.set(0));
        self.next.set(None);
        self.previous.set(None);
        self.base.set(base);
        self.units.set(units);
        self.last.set(0);
        self.class.set(class as u8);
        self.kind.set(kind);
        self.strange.set(0);
    }

    /// Makes a run a page of so many blocks, which are all free, and are not marked yet.
    pub(super) fn fill(&self, class: usize, blocks: usize) {
        debug_assert!(blocks <= MOST_BLOCKS && blocks != 0);
        (0..blocks / WORD).for_each(|word| self.word(word * WORD).set(usize::MAX));
        if blocks % WORD != 0 {
            self.word(blocks).set((1 << (blocks % WORD)) - 1);
        }
        self.last.set((blocks - 1) as u8);
        self.class.set(class as u8);
        self.kind.set(Kind::Full);
    }

    /// Blocks of the page.
    pub(super) fn blocks(&self) -> usize {
        usize::from(self.last.get()) + 1
    }

    /// Makes a page one of no list, without touching the others of the list that it was in.
    pub(super) fn unlist(&self) {
        self.next.set(None);
        self.previous.set(None);
        self.kind.set(Kind::Full);
    }

    /// Whether it is in use as a block of its own.
    pub(super) fn is_large(&self) -> bool {
        usize::from(self.class.get()) == LARGE
    }

    /// The bits of a word that have blocks.
    pub(super) fn blocks_of(&self, word: usize) -> usize {
        match self.blocks().saturating_sub(word * WORD) {
            0 => 0,
            here => usize::MAX >> WORD.saturating_sub(here),
        }
    }

    /// The first word with a free block, and which block is its first.
    #[cfg_attr(region_staticlib, inline(never))]
    pub(super) fn word_with_room(&self) -> Option<(&Word, usize)> {
        self.free.iter().enumerate().find_map(|(at, word)| (word.get() != 0).then_some((word, at * WORD)))
    }

    /// Which of this page's words `word` is.
    pub(super) fn word_number(&self, word: *const Word) -> usize {
        word.addr().wrapping_sub(self.free.as_ptr().addr()) / size_of::<Word>()
    }

    /// Whether `word` is one of this page's.
    pub(super) fn has_word(&self, word: *const Word) -> bool {
        self.free.as_ptr_range().contains(&word)
    }

    /// How many blocks are free.
    pub(super) fn free_blocks(&self) -> usize {
        self.free.iter().map(|word| word.get().count_ones() as usize).sum()
    }

    /// Whether all blocks are free.
    #[cfg_attr(region_staticlib, inline(never))]
    pub(super) fn is_empty(&self) -> bool {
        // The last word first: it is the only one of most pages.
        let last = usize::from(self.last.get());
        self.word(last).get() == usize::MAX >> (WORD - 1 - last % WORD)
            && (0..last / WORD).all(|word| self.word(word * WORD).get() == usize::MAX)
    }

    /// Which block begins at this address, which is at or above the page's first; and the page's class.
    #[inline(always)]
    pub(super) fn block_at(&self, address: usize) -> Option<(usize, usize)> {
        let distance = address.wrapping_sub(self.base.get().addr());
        let class = usize::from(self.class.get());
        let block = classes::get(class).block_at(distance).ok()?;
        // Behind the last block there may be bytes that make none.
        (block <= usize::from(self.last.get())).then_some((block, class))
    }

    /// The word that has the block's bit.
    #[inline(always)]
    pub(super) fn word(&self, block: usize) -> &Word {
        // The remainder changes nothing, and the compiler sees that the word is there.
        &self.free[block / WORD % (MOST_BLOCKS / WORD)]
    }

    /// Whether the block is free.
    #[inline(always)]
    pub(super) fn is_free(&self, block: usize) -> bool {
        self.word(block).get() >> (block % WORD) & 1 != 0
    }

    /// Marks the block as free, and says what of its word. `None` if the block was free already.
    #[inline(always)]
    pub(super) fn free(&self, block: usize) -> Option<FreedIn> {
        let word = self.word(block);
        let before = word.get();
        let bit = 1 << (block % WORD);
        if before & bit != 0 {
            return None;
        }
        word.set(before | bit);
        Some(FreedIn { had_none: before == 0, has_all: self.has_all(block) })
    }

    /// Whether all blocks of a block's word are free.
    #[inline(always)]
    pub(super) fn has_all(&self, block: usize) -> bool {
        // They are a row of ones from the lowest bit on, and a large block's word has none.
        let free = self.word(block).get();
        free & free.wrapping_add(1) == 0
    }
}

/// The word of a block that was just freed.
pub(super) struct FreedIn {
    /// No other block of the word is free.
    pub had_none: bool,
    /// Every block of the word is free.
    pub has_all: bool,
}

/// Puts a page at the front of a list.
///
/// # Safety
/// The page and those of the list are records that exist, and the page is in no list.
#[cfg_attr(region_staticlib, inline(never))]
pub(super) unsafe fn push(head: &Link, page: NonNull<Page>) {
    let next = head.get();
    // SAFETY: the caller promises that both are records, which change through their cells alone.
    unsafe {
        page.as_ref().next.set(next);
        page.as_ref().previous.set(None);
        if let Some(next) = next {
            next.as_ref().previous.set(Some(page));
        }
    }
    head.set(Some(page));
}

/// Takes a page out of its list.
///
/// # Safety
/// The page is in this list, and all pages of the list are records that exist.
#[cfg_attr(region_staticlib, inline(never))]
pub(super) unsafe fn unlink(head: &Link, page: NonNull<Page>) {
    // SAFETY: the caller promises that the page is a record, and that its neighbours are.
    unsafe {
        let (next, previous) = (page.as_ref().next.get(), page.as_ref().previous.get());
        match previous {
            Some(previous) => previous.as_ref().next.set(next),
            None => head.set(next),
        }
        if let Some(next) = next {
            next.as_ref().previous.set(previous);
        }
    }
}
