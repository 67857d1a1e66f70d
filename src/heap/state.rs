//! All that a heap knows, at the start of its first block: each class's current word and pages, its chunks, its free
//! runs. So a heap that is moved moves a few words.
//!
//! Taking and freeing blocks is here, and needs no backing. When there is no page with room, `growing` makes one.

use super::addresses::Addresses;
use super::chunk::{Chunk, Run, Users};
use super::classes::{self, LARGE, PLACES};
use super::error::{FreeError, Taken};
use super::front::Front;
use super::page::{self, Kind, Link, Page, WORD};
use super::quarantine::Quarantine;
use crate::checkers::{self, Contents};
use crate::sync::in_this_order;
use crate::sync::remote::{self, Word};
use core::cell::Cell;
use core::ptr::NonNull;

/// How many chunks are found without a loop: the longest ones.
const NEAR: usize = 4;

/// Lists of free runs: each of those with twice the bytes of the one before. The last has all that are longer.
pub(super) const BINS: usize = 24;

/// 0 without a chunk.
fn address(chunk: Option<NonNull<Chunk>>) -> usize {
    chunk.map_or(0, |chunk| chunk.addr().get())
}

type Near = [Option<NonNull<Chunk>>; NEAR];

/// Sorts by a key. By hand, as the library's sort is many times the code for so few: the next one that is out of order
/// goes a place down until it is in order.
#[inline(never)]
fn sort(near: &mut Near, key: fn(Option<NonNull<Chunk>>) -> usize) {
    let mut at = 1;
    while at < NEAR {
        if at != 0 && key(near[at - 1]) > key(near[at]) {
            near.swap(at - 1, at);
            at -= 1;
        } else {
            at += 1;
        }
    }
}

/// A word of a page that has, or had, free blocks.
struct Slot {
    word: Cell<NonNull<Word>>,
    /// The address of the word's first block.
    base: Cell<*mut u8>,
}

#[repr(C)]
pub(super) struct State {
    /// The bases of the near chunks, ascending. Without a chunk it is 0.
    starts: [Cell<usize>; NEAR],
    near: [Cell<Option<NonNull<Chunk>>>; NEAR],
    slots: [Slot; PLACES],
    /// The pages of each class that may have room.
    pages: [Link; PLACES],
    /// Free runs, by length (`runs`).
    pub(super) free_runs: [Link; BINS],
    /// How many free runs are in the lists.
    pub(super) listed: Cell<usize>,
    /// Bytes of free runs whose RAM was not given back.
    pub(super) idle: Cell<usize>,
    /// Bytes of runs in use.
    pub(super) taken: Cell<usize>,
    pub(super) peak: Cell<usize>,
    /// Leading units that may be other than zero, of the run that was taken last.
    pub(super) dirty: Cell<u32>,
    /// The chunk that was made last.
    pub(super) newest: Cell<Option<NonNull<Chunk>>>,
    /// The word of a class without a page.
    none: Word,
    pub(super) quarantine: Quarantine,
    /// If this is a shard's state.
    pub(super) shard: Cell<Option<Shared>>,
}

/// What a shard's state has for other threads.
#[derive(Clone, Copy)]
pub(super) struct Shared {
    pub front: NonNull<Front>,
    /// Where they find its chunks.
    pub addresses: NonNull<Addresses>,
    /// [`Addresses::enter_over`] for the shard's backing. By its address, so that programs whose heaps have no shards are
    /// without it.
    pub enter: Enter,
}

/// The type of [`Addresses::enter_over`].
pub(super) type Enter = unsafe fn(NonNull<Addresses>, NonNull<Chunk>, NonNull<()>) -> Taken<()>;

/// What follows when a block was freed.
pub(super) struct Freed {
    /// The block, if its page must be [looked at](State::look_after).
    pub look: Option<Found>,
    /// Whether another word is the class's current one now: the block's.
    pub moved: bool,
}

/// A block that is in use.
pub(super) struct Found {
    pub chunk: NonNull<Chunk>,
    pub page: NonNull<Page>,
    pub block: usize,
    /// The page's class, or `LARGE`.
    pub class: usize,
}

impl Found {
    /// What begins at this address, `distance` bytes behind the base of the chunk.
    ///
    /// # Safety
    /// The chunk exists, and has the address.
    #[inline(always)]
    pub(super) unsafe fn at(chunk: NonNull<Chunk>, distance: usize, address: usize) -> Result<Found, FreeError> {
        // SAFETY: the chunk exists, and so does the record of a page that its marks lead to.
        let Some(page) = (unsafe { chunk.as_ref() }).page_at(distance) else { return Err(FreeError::NoBlock) };
        // SAFETY: marks lead to initialized records.
        let Some((block, class)) = unsafe { page.as_ref() }.block_at(address) else { return Err(FreeError::NoBlock) };
        Ok(Found { chunk, page, block, class })
    }

    /// Whether a thread that did not hold the shard has freed a block of the page.
    #[inline(always)]
    pub(super) fn is_strange(&self) -> bool {
        // SAFETY: what is found is a record.
        unsafe { self.page.as_ref() }.strange.get() != 0
    }
}

/// A chunk of a state, and those that were made before it, newest first.
pub(super) fn chunks_from(newest: Option<NonNull<Chunk>>) -> impl Iterator<Item = NonNull<Chunk>> {
    core::iter::successors(newest, |chunk| {
        // SAFETY: the chunks of the list exist.
        unsafe { chunk.as_ref().older.get() }
    })
}

impl State {
    /// Makes the state of a heap without chunks.
    ///
    /// # Safety
    /// A state's bytes at `place` may be written, are aligned, and stay as long as the state is used.
    pub(super) unsafe fn begin(place: NonNull<State>) {
        // SAFETY: the caller's promise. Zeroes are a state but for the slots' words, which are written then. Until that is
        // done there is no reference to the state.
        unsafe {
            place.write_bytes(0, 1);
            let none = NonNull::new_unchecked(&raw mut (*place.as_ptr()).none);
            let slots = (&raw mut (*place.as_ptr()).slots).cast::<Slot>();
            // Four at a time: a heap that comes and goes has little more to do than this.
            for at in (0..PLACES).step_by(4) {
                for at in at..at + 4 {
                    (&raw mut (*slots.add(at)).word).write(Cell::new(none));
                }
            }
        }
    }

    /// Who uses the chunks.
    pub(super) fn users(&self) -> Users {
        if self.shard.get().is_some() { Users::Many } else { Users::One }
    }

    /// Forgets which pages and free runs there are. The chunks stay, and what they say of their units.
    pub(super) fn forget_lists(&self) {
        for slot in &self.slots {
            slot.word.set(NonNull::from(&self.none));
        }
        self.pages.iter().chain(&self.free_runs).for_each(|list| list.set(None));
        self.listed.set(0);
        self.idle.set(0);
        self.taken.set(0);
        self.order();
    }

    /// Forgets every block and every run. The chunks stay.
    pub(super) fn forget(&self) {
        self.forget_lists();
        self.quarantine.forget();
        for chunk in self.chunks() {
            // SAFETY: the chunks of the list exist.
            let chunk = unsafe { chunk.as_ref() };
            let units = chunk.fresh.get() - chunk.first;
            let bytes = (units as usize) << chunk.shift;
            chunk.unmark(chunk.first, units);
            // SAFETY: no unit is at address 0.
            checkers::poison(unsafe { NonNull::new_unchecked(chunk.address(chunk.first)) }, bytes);
            self.idle.set(self.idle.get() + bytes);
            chunk.fresh.set(chunk.first);
        }
    }

    /// Counts bytes of a run that is in use from here on.
    pub(super) fn count(&self, bytes: usize) {
        self.taken.set(self.taken.get() + bytes);
        self.peak.set(self.peak.get().max(self.taken.get()));
    }

    /// The chunks, newest first.
    pub(super) fn chunks(&self) -> impl Iterator<Item = NonNull<Chunk>> {
        chunks_from(self.newest.get())
    }

    /// Adds a chunk.
    ///
    /// # Safety
    /// It stays until it is removed.
    pub(super) unsafe fn add(&self, chunk: NonNull<Chunk>) {
        // SAFETY: the caller's promise.
        unsafe { chunk.as_ref().older.set(self.newest.get()) };
        in_this_order();
        self.newest.set(Some(chunk));
        self.order();
    }

    /// Removes a chunk with no run in it.
    pub(super) fn remove(&self, chunk: NonNull<Chunk>) {
        // SAFETY: the chunk exists.
        let older = unsafe { chunk.as_ref() }.older.get();
        let mut place = &self.newest;
        while let Some(newer) = place.get().filter(|&newer| newer != chunk) {
            // SAFETY: the chunks of the list exist.
            place = unsafe { &(*newer.as_ptr()).older };
        }
        place.set(older);
        self.order();
    }

    /// Finds out which chunks are the longest, and puts those in the order of their addresses.
    fn order(&self) {
        let mut near: Near = [None; NEAR];
        if self.chunks().nth(1).is_none() {
            // Most heaps have one chunk, and no time for the rest.
            near[NEAR - 1] = self.newest.get();
        } else {
            self.fill_near(&mut near);
        }
        for (at, chunk) in near.into_iter().enumerate() {
            self.near[at].set(chunk);
            self.starts[at].set(address(chunk));
        }
    }

    /// The longest chunks, by their addresses.
    fn fill_near(&self, near: &mut Near) {
        let bytes = |chunk: Option<NonNull<Chunk>>| {
            // SAFETY: the chunks of the list exist.
            chunk.map_or(0, |chunk| unsafe { chunk.as_ref().bytes() })
        };
        for chunk in self.chunks() {
            // The first is the shortest.
            if bytes(Some(chunk)) > bytes(near[0]) {
                near[0] = Some(chunk);
                sort(near, bytes);
            }
        }
        sort(near, address);
    }

    /// The chunk with this address, and how far behind its base that is.
    #[inline(always)]
    pub(super) fn chunk_of(&self, address: usize) -> Option<(NonNull<Chunk>, usize)> {
        self.near_chunk_of(address).or_else(|| self.far_chunk_of(address))
    }

    /// The same, if it is one of the longest chunks.
    #[inline(always)]
    pub(super) fn near_chunk_of(&self, address: usize) -> Option<(NonNull<Chunk>, usize)> {
        // Without branches on which chunk it is: nobody could foresee them.
        let below = self.starts.iter().map(|start| usize::from(address >= start.get())).sum::<usize>();
        let chunk = self.near.get(below.wrapping_sub(1)).and_then(Cell::get)?;
        // SAFETY: the chunks of the state exist.
        let distance = unsafe { chunk.as_ref() }.distance(address)?;
        Some((chunk, distance))
    }

    /// The chunk with this address, for what is seldom done.
    #[cfg_attr(region_staticlib, inline(never))]
    pub(super) fn chunk_with(&self, address: usize) -> Option<NonNull<Chunk>> {
        self.chunk_of(address).map(|(chunk, _)| chunk)
    }

    #[cold]
    #[inline(never)]
    fn far_chunk_of(&self, address: usize) -> Option<(NonNull<Chunk>, usize)> {
        self.chunks().find_map(|chunk| {
            // SAFETY: the chunks of the list exist.
            unsafe { chunk.as_ref() }.distance(address).map(|distance| (chunk, distance))
        })
    }

    /// Takes a block of the class from its current word.
    #[inline(always)]
    pub(super) fn take(&self, class: usize) -> Option<NonNull<u8>> {
        let slot = &self.slots[class % PLACES];
        // SAFETY: a slot's word is one of a page that is in use, or `none`: no page goes while a slot has its word.
        let word = unsafe { slot.word.get().as_ref() };
        let free = word.get();
        if free == 0 {
            return None;
        }
        word.set(free & (free - 1));
        let distance = free.trailing_zeros() as usize * classes::get(class).size as usize;
        // SAFETY: the bit says that there is such a block in the page, which lies in one chunk and not at address 0.
        unsafe { Some(NonNull::new_unchecked(slot.base.get().add(distance))) }
    }

    /// As [`take`](Self::take), in a shard, if others have freed blocks of the page of the class's current word.
    #[inline(never)]
    pub(super) fn take_shared(&self, class: usize, page: NonNull<Page>) -> Option<NonNull<u8>> {
        let slot = &self.slots[class % PLACES];
        let (chunk, _) = self.chunk_of(page.addr().get())?;
        // SAFETY: the chunk exists, and has the page's record.
        let (chunk, facts) = unsafe { (chunk.as_ref(), page.as_ref()) };
        let node = chunk.remote(page).node(facts.word_number(slot.word.get().as_ptr()));
        // SAFETY: a slot's word is one of a page that is in use, or `none`: no page goes while a slot has its word.
        let bit = remote::take(unsafe { slot.word.get().as_ref() }, node)?;
        let distance = bit as usize * classes::get(class).size as usize;
        // SAFETY: the bit says that there is such a block in the page, which lies in one chunk and not at address 0.
        unsafe { Some(NonNull::new_unchecked(slot.base.get().add(distance))) }
    }

    /// Makes a word with room the class's current one: its page, and which word it is. `None` if no page of the class has
    /// room.
    #[inline]
    pub(super) fn refill(&self, class: usize) -> Option<NonNull<Page>> {
        let (list, slot) = (&self.pages[class % PLACES], &self.slots[class % PLACES]);
        while let Some(page) = list.get() {
            // SAFETY: the pages of the list are records that exist.
            let facts = unsafe { page.as_ref() };
            if let Some((word, block)) = facts.word_with_room() {
                let distance = block * classes::get(class).size as usize;
                slot.word.set(NonNull::from(word));
                // SAFETY: the block is one of the page.
                slot.base.set(unsafe { facts.base.get().add(distance) });
                return Some(page);
            }
            facts.kind.set(Kind::Full);
            // SAFETY: the page is the list's first.
            unsafe { page::unlink(list, page) };
        }
        None
    }

    /// Puts a page with room into its class's list.
    pub(super) fn list(&self, page: NonNull<Page>) {
        // SAFETY: the page is a record, and in no list, as its kind says.
        unsafe {
            debug_assert_eq!(page.as_ref().kind.get(), Kind::Full);
            page.as_ref().kind.set(Kind::Listed);
            page::push(&self.pages[usize::from(page.as_ref().class.get()) % PLACES], page);
        }
    }

    /// Whether the page is the only one of its class that may have room.
    #[inline(always)]
    fn is_alone(&self, class: usize, page: NonNull<Page>) -> bool {
        // SAFETY: the page is a record.
        self.pages[class % PLACES].get() == Some(page) && unsafe { page.as_ref().next.get() }.is_none()
    }

    /// The block that begins at this address.
    #[inline(always)]
    pub(super) fn find(&self, address: usize) -> Result<Found, FreeError> {
        let Some((chunk, distance)) = self.chunk_of(address) else { return Err(FreeError::Foreign) };
        // SAFETY: the chunk is one of the state's, and has the address.
        unsafe { Found::at(chunk, distance, address) }
    }

    /// The page of the block that begins at this address, if it is in use.
    pub(super) fn find_used(&self, address: usize) -> Result<Run, FreeError> {
        let chunk = self.chunk_with(address).ok_or(FreeError::Foreign)?;
        // SAFETY: the chunk exists.
        let distance = unsafe { chunk.as_ref() }.distance(address).ok_or(FreeError::Foreign)?;
        // SAFETY: the chunk is one of the state's, and has the address.
        let Found { page, block, .. } = unsafe { Found::at(chunk, distance, address) }?;
        // SAFETY: what is found is a record.
        let is_free = unsafe { page.as_ref() }.is_free(block) || self.quarantine.has(address);
        if is_free { Err(FreeError::Free) } else { Ok(Run { chunk, record: page }) }
    }

    /// Frees a block that was found.
    #[inline(always)]
    pub(super) fn free_found(&self, found: Found, address: usize) -> Result<Freed, FreeError> {
        if Quarantine::is_on() && self.shard.get().is_none() {
            return self.free_later(found, address);
        }
        self.free_at_once(found, address)
    }

    /// The same, without holding it back.
    #[inline(always)]
    pub(super) fn free_at_once(&self, found: Found, address: usize) -> Result<Freed, FreeError> {
        // SAFETY: what is found is a record.
        let facts = unsafe { found.page.as_ref() };
        let Some(word) = facts.free(found.block) else { return Err(FreeError::Free) };
        if cfg!(feature = "poison") {
            Self::poison(found.chunk, found.page, address);
        }
        // A class's only page with room is kept when it is empty, which is nothing to look at.
        let class = found.class;
        if word.had_none && facts.kind.get() != Kind::Listed || word.has_all && !self.is_alone(class, found.page) {
            return Ok(Freed { look: Some(found), moved: false });
        }
        let moves = !word.had_none || self.is_used_up(class);
        Ok(Freed { look: None, moved: moves && self.go_on_in(class, found.page, found.block) })
    }

    /// Whether the class's current word has no block. A word that has one free block alone is left with the next one that is
    /// taken, so the class goes on there only if it has to leave its current word as well.
    #[inline(always)]
    fn is_used_up(&self, class: usize) -> bool {
        // SAFETY: a slot's word is one of a page that is in use, or `none`: no page goes while a slot has its word.
        unsafe { self.slots[class % PLACES].word.get().as_ref() }.get() == 0
    }

    /// Makes the word of a block that was just freed its class's current one, if it is another: it is in the processor's
    /// caches, and so is what is near the block.
    #[inline(always)]
    fn go_on_in(&self, class: usize, page: NonNull<Page>, block: usize) -> bool {
        // SAFETY: the caller's page is a record.
        let facts = unsafe { page.as_ref() };
        let (slot, word) = (&self.slots[class % PLACES], NonNull::from(facts.word(block)));
        if slot.word.get() == word {
            return false;
        }
        slot.word.set(word);
        let distance = (block / WORD * WORD) * classes::get(class).size as usize;
        // SAFETY: the word's first block is one of the page.
        slot.base.set(unsafe { facts.base.get().add(distance) });
        true
    }

    /// What is left to do in the page of a block that was freed: whether a run was freed with it, and the heap may have RAM
    /// to give back; and whether the block's word has become its class's current one.
    #[inline]
    pub(super) fn look_after(&self, found: &Found) -> (bool, bool) {
        // SAFETY: what is found is a record.
        let facts = unsafe { found.page.as_ref() };
        if !facts.has_all(found.block) && facts.kind.get() == Kind::Full {
            // Mostly the page has room again, and that is all.
            self.list(found.page);
        } else if self.look_at(found.chunk, found.page) {
            return (true, false);
        }
        let goes_on = found.class != LARGE && self.is_used_up(found.class);
        (false, goes_on && self.go_on_in(found.class, found.page, found.block))
    }

    /// Frees a block that was found, and holds it back.
    #[cold]
    #[inline(never)]
    pub(super) fn free_later(&self, found: Found, address: usize) -> Result<Freed, FreeError> {
        // SAFETY: what is found is a record.
        let page = unsafe { found.page.as_ref() };
        if page.is_free(found.block) || self.quarantine.has(address) {
            return Err(FreeError::Free);
        }
        if Self::usable(found.chunk, found.page) > Quarantine::LARGEST {
            return self.free_at_once(found, address);
        }
        Self::poison(found.chunk, found.page, address);
        match self.quarantine.hold(address) {
            Some(oldest) => self.free_at_once(self.find(oldest)?, oldest),
            None => Ok(Freed { look: None, moved: false }),
        }
    }

    /// Bytes of the blocks that are held.
    pub(super) fn held_bytes(&self) -> usize {
        let found = self.quarantine.blocks().flat_map(|address| self.find(address));
        found.map(|found| Self::usable(found.chunk, found.page)).sum()
    }

    /// Frees the blocks that are held. Whether there was one.
    pub(super) fn end_quarantine(&self) -> bool {
        let mut any = false;
        while let Some(oldest) = self.quarantine.take() {
            let freed = self.find(oldest).and_then(|found| self.free_at_once(found, oldest));
            any |= freed.is_ok_and(|freed| {
                freed.look.inspect(|found| _ = self.look_after(found));
                true
            });
        }
        any
    }

    /// Lets a checker know that a block is free.
    pub(super) fn poison(chunk: NonNull<Chunk>, page: NonNull<Page>, address: usize) {
        let bytes = Self::usable(chunk, page);
        // SAFETY: the block begins at this address, which is in the page.
        unsafe {
            let base = page.as_ref().base.get();
            checkers::poison(NonNull::new_unchecked(base.with_addr(address)), bytes);
        }
    }

    /// Lets a checker know of a block that was taken.
    #[inline(always)]
    pub(super) fn unpoison(start: NonNull<u8>, bytes: usize) {
        checkers::unpoison(start, bytes, Contents::Uninitialized);
    }

    /// Lets a checker know of a block that has another length where it is: what `old` bytes were may be read, of as many
    /// as were asked for.
    pub(super) fn unpoison_resized(start: NonNull<u8>, old: usize, asked: usize, usable: usize) {
        checkers::unpoison(start, asked.min(old), Contents::Initialized);
        // SAFETY: the block has `usable` bytes, and neither number is larger.
        unsafe {
            checkers::unpoison(start.add(asked.min(old)), asked - asked.min(old), Contents::Uninitialized);
            checkers::poison(start.add(asked.min(usable)), usable - asked.min(usable));
        }
    }

    /// Bytes of a block of the page.
    pub(super) fn usable(chunk: NonNull<Chunk>, page: NonNull<Page>) -> usize {
        // SAFETY: both exist.
        let (chunk, page) = unsafe { (chunk.as_ref(), page.as_ref()) };
        match page.is_large() {
            true => (page.units.get() as usize) << chunk.shift,
            false => classes::get(usize::from(page.class.get())).size as usize,
        }
    }

    /// Looks at a page in which a block was freed: whether it has room again, and whether none of its blocks is in use.
    /// True if its run was freed.
    #[inline(never)]
    pub(super) fn look_at(&self, chunk: NonNull<Chunk>, page: NonNull<Page>) -> bool {
        // SAFETY: the page is a record, as its chunk is there.
        let facts = unsafe { page.as_ref() };
        let class = usize::from(facts.class.get());
        // SAFETY: the chunk exists.
        let settled = || unsafe { chunk.as_ref() }.is_settled(page);
        if facts.is_large() {
            // If other threads freed it as well, it goes when that is settled.
            let goes = settled();
            if goes {
                self.free_run(chunk, page, 1);
            }
            return goes;
        }
        if facts.kind.get() == Kind::Full {
            self.list(page);
        }
        // One empty page a class is kept, so that a block that comes and goes does not make a page each time.
        if !facts.is_empty() || self.is_alone(class, page) || !settled() {
            return false;
        }
        let current = &self.slots[class % PLACES].word;
        if facts.has_word(current.get().as_ptr()) {
            current.set(NonNull::from(&self.none));
        }
        // SAFETY: the page is in the list, as its kind says.
        unsafe { page::unlink(&self.pages[class % PLACES], page) };
        self.free_run(chunk, page, facts.units.get());
        true
    }

    /// Frees the pages with no block in use that were kept.
    #[inline(never)]
    pub(super) fn free_empty_pages(&self) {
        for (list, slot) in self.pages.iter().zip(&self.slots) {
            let mut next = list.get();
            while let Some(page) = next {
                // SAFETY: the pages of the list are records that exist.
                let facts = unsafe { page.as_ref() };
                next = facts.next.get();
                let Some(chunk) = self.chunk_with(page.addr().get()) else { continue };
                // SAFETY: the chunk exists.
                if facts.is_empty() && unsafe { chunk.as_ref() }.is_settled(page) {
                    if facts.has_word(slot.word.get().as_ptr()) {
                        slot.word.set(NonNull::from(&self.none));
                    }
                    // SAFETY: the page is in this list.
                    unsafe { page::unlink(list, page) };
                    self.free_run(chunk, page, facts.units.get());
                }
            }
        }
    }

    /// Frees a page's or a large block's run. `marked` of its units lead to it.
    #[inline(never)]
    fn free_run(&self, chunk: NonNull<Chunk>, page: NonNull<Page>, marked: u32) {
        // SAFETY: both exist, and no list of pages has the page.
        unsafe {
            let (base, units) = (page.as_ref().base.get().addr(), page.as_ref().units.get());
            let unit = chunk.as_ref().unit_at(base);
            chunk.as_ref().unmark(unit, marked);
            in_this_order();
            self.taken.set(self.taken.get() - ((units as usize) << chunk.as_ref().shift));
            self.give_run(chunk, unit, units);
        }
    }
}
