//! A slot cache: slots, each of which keeps one thing for the next taker; as many slots as there are things.
//!
//! A `Slot` stays its taker's while the thing is out, so taking and putting back together cost one locked
//! instruction, however many things are out. If a thread dies while it has a thing, its slot stays marked for ever. The
//! thing is lost, and is never handed out twice.
//!
//! Which slot a thread tries first is in its *magazine*: a list of the slots that the thread put back, the newest first:
//!
//! ```text
//!   magazine      slots
//!   │ newest ─┼──▶ │ state │ behind, thing │ ──▶ │ state │ behind, thing │ ──▶ none
//! ```
//!
//! Magazines are hints. They are read and written without locks, and only a slot's own word says who has its thing. If
//! two threads use one magazine at once, or a signal handler interrupts a thread there, a slot may be left out of all
//! lists. A thread whose magazine has nothing looks into the others, and then goes on with a search of all slots, a few
//! at a time.
//!
//! Things have weights. The slot cache keeps things of at most its budget together; the others stay their takers'.
//!
//! Counts and tags are `core`'s atomics in models too: nobody relies on their values, and a model would explore them all.
//!
//! A slot cache does not know what the things are, where they come from, and when to empty it. It does not free slots:
//! whoever found one in a list may still look at its word.

use super::slot::{EMPTY, HELD};
use super::slot_chunk::CHUNK;
pub(crate) use super::slot_chunk::{Chunk, Entry};
use super::thread_hint::{HINTS, entry_at_once, nearby_entries, thread_entry};
use crate::policy::WHOLE_CACHE;
use crate::seeded::{Bug, seeded};
use crate::sync::global::AtomicUsize as Hint;
use crate::sync::{AtomicPtr, Ordering, const_fn, fresh};
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null_mut};

/// Slots that a thread takes from a chunk at once, so that neighbours are mostly one thread's.
const GROUP: usize = if cfg!(loom) { 1 } else { 8 };

/// Slots that are looked at in one step of the search for those that are in no list.
const SEARCH: usize = 32;

/// A magazine takes this much of the budget at least, and gives back what it has above twice as much. Things that are
/// as heavy are paid for from the budget itself.
pub(crate) const SHARE: usize = 1 << 20;

/// What a magazine has above this is given back.
const MOST_SHARE: usize = 2 * SHARE;

/// How often a thread tries its own magazine again, which another thread may just be using, until it gives the list up.
const RETRIES: usize = if cfg!(loom) { 1 } else { 4 };

/// One magazine for each entry of the table of threads.
const MAGAZINES: usize = if cfg!(loom) || !WHOLE_CACHE { 1 } else { HINTS };

/// A thing that the caller holds now, and its slot.
#[derive(Debug)]
pub(crate) struct Claim<'a, T> {
    /// The slot is the caller's until `put` or `leave`.
    pub slot: &'a Entry<T>,
    pub thing: T,
}

/// What a thread tries first, on a pair of cache lines of its own.
#[repr(align(128))]
#[derive(Debug)]
struct Magazine<T, const KINDS: usize> {
    /// Weight that may be put back before the budget is asked.
    share: Hint,
    /// How often something was put back.
    puts: Hint,
    /// For each kind of things the slot that was put back last; null if there is none.
    full: [AtomicPtr<Entry<T>>; KINDS],
    /// The same of empty slots.
    empty: AtomicPtr<Entry<T>>,
}

/// Slots, in chunks, and the magazines. Things are of `KINDS` kinds, and weigh `MOST` together, unless set otherwise.
#[derive(Debug)]
pub(crate) struct SlotCache<T, const KINDS: usize, const MOST: usize> {
    magazines: [Magazine<T, KINDS>; MAGAZINES],
    /// What the things and the shares take of the budget.
    spent: Hint,
    /// What was added to `MOST`, wrapping: the budget was set.
    more: Hint,
    /// The chunk where the search goes on; null for the first.
    search: AtomicPtr<Chunk<T>>,
    /// A chunk that was the newest a moment ago; null for the first.
    newest: AtomicPtr<Chunk<T>>,
    first: Chunk<T>,
}

/// The state of a slot with a thing of this kind.
const fn full(kind: usize) -> usize {
    super::slot::FULL + kind
}

impl<T: Copy, const KINDS: usize, const MOST: usize> SlotCache<T, KINDS, MOST> {
    const_fn! {
        /// Empty slots. All bytes of them are zero, and so a `static` of them takes no space in a program's file.
        pub(crate) const fn new() -> Self {
            SlotCache {
                magazines: fresh!([Magazine {
                    share: Hint::new(0),
                    puts: Hint::new(0),
                    full: fresh!([AtomicPtr::new(null_mut()); KINDS]),
                    empty: AtomicPtr::new(null_mut()),
                }; MAGAZINES]),
                spent: Hint::new(0),
                more: Hint::new(0),
                search: AtomicPtr::new(null_mut()),
                newest: AtomicPtr::new(null_mut()),
                first: Chunk::new(),
            }
        }
    }

    /// The calling thread's magazine.
    #[inline]
    fn magazine(&self) -> &Magazine<T, KINDS> {
        // Entries are below that anyway. The mask lets the compiler know it, and leave out the panic.
        &self.magazines[thread_entry() & (MAGAZINES - 1)]
    }

    /// The same, unless it has to be looked for.
    #[inline(always)]
    fn magazine_at_once(&self) -> Option<&Magazine<T, KINDS>> {
        Some(&self.magazines[entry_at_once()? & (MAGAZINES - 1)])
    }

    /// Takes the thing of this kind that the thread put back last. All things of the kind weigh less than a share.
    ///
    /// Calls no function, so that its user saves no registers: what is not usual is for [`take`](Self::take).
    #[inline(always)]
    pub(crate) fn take_at_once(&self, kind: usize) -> Option<Claim<'_, T>> {
        let magazine = self.magazine_at_once()?;
        let share = magazine.share.load(Ordering::Relaxed);
        if WHOLE_CACHE && share > MOST_SHARE {
            return None;
        }
        let (claim, weight) = Self::pop(magazine, kind)?;
        if WHOLE_CACHE {
            magazine.share.store(share + weight, Ordering::Relaxed);
        }
        Some(claim)
    }

    /// Takes the thing of this kind that the thread put back last.
    #[inline(always)]
    pub(crate) fn take(&self, kind: usize) -> Option<Claim<'_, T>> {
        self.take_from(self.magazine(), kind)
    }

    /// As [`take_from`](Self::take_from), for the functions that run seldom.
    #[inline(never)]
    fn take_in<'a>(&self, magazine: &'a Magazine<T, KINDS>, kind: usize) -> Option<Claim<'a, T>> {
        self.take_from(magazine, kind)
    }

    #[inline(always)]
    fn take_from<'a>(&self, magazine: &'a Magazine<T, KINDS>, kind: usize) -> Option<Claim<'a, T>> {
        let (claim, weight) = Self::pop(magazine, kind)?;
        self.refund(magazine, weight);
        Some(claim)
    }

    /// Takes the newest slot of a list, if it is still full. Its thing's weight is still to be refunded.
    #[inline(always)]
    fn pop(magazine: &Magazine<T, KINDS>, kind: usize) -> Option<(Claim<'_, T>, usize)> {
        let newest = magazine.full.get(kind)?;
        // Acquire: the slot was there before it was listed.
        // SAFETY: magazines list slots of this cache, which stay where they are, shared, as long as it does.
        let slot = unsafe { newest.load(Ordering::Acquire).as_ref() }?;
        if !slot.claim_likely(full(kind)) {
            return None;
        }
        // SAFETY: the slot was full, and the claim made it ours. Only `put` gives a slot back as full, with a thing in
        // it, as its caller promises.
        let (behind, weight, thing) =
            unsafe { slot.read(|content| (content.behind, content.weight, content.thing.assume_init_read())) };
        newest.store(behind.cast_mut(), Ordering::Release);
        Some((Claim { slot, thing }, weight))
    }

    /// Takes a thing of this kind from any magazine, or one that is in none.
    #[cold]
    #[inline(never)]
    pub(crate) fn take_elsewhere(&self, kind: usize) -> Option<Claim<'_, T>> {
        let own = self.magazine();
        for _ in 0..RETRIES {
            if let Some(claim) = self.take_in(own, kind) {
                return Some(claim);
            }
        }
        // The newest slot of the list has no thing, and only its holder could say what is behind it.
        if let Some(newest) = own.full.get(kind) {
            newest.store(null_mut(), Ordering::Relaxed);
        }
        // What functions put back whose part of the stack has another entry, and then what other threads did.
        let near = nearby_entries().map(|entry| &self.magazines[entry & (MAGAZINES - 1)]);
        near.chain(&self.magazines).find_map(|magazine| self.take_in(magazine, kind)).or_else(|| self.find(kind))
    }

    /// The slots that the search looks at next.
    #[inline(never)]
    fn searched(&self) -> &[Entry<T>] {
        // SAFETY: chunks that were added stay where they are, shared, as long as this cache.
        let chunk = unsafe { self.search.load(Ordering::Acquire).as_ref() }.unwrap_or(&self.first);
        let start = chunk.searched.fetch_add(SEARCH, Ordering::Relaxed);
        let slots = chunk.used();
        if start.saturating_add(SEARCH) >= slots.len() {
            chunk.searched.store(0, Ordering::Relaxed);
            let next = chunk.next.follow().map_or(null_mut(), |next| core::ptr::from_ref(next).cast_mut());
            self.search.store(next, Ordering::Release);
        }
        let end = start.saturating_add(SEARCH).min(slots.len());
        slots.get(start..end).unwrap_or(&[])
    }

    /// Goes on with the search for things of this kind that are in no list.
    #[inline(never)]
    fn find(&self, kind: usize) -> Option<Claim<'_, T>> {
        let slot = self.searched().iter().find(|slot| slot.claim(full(kind)))?;
        // SAFETY: the slot was full, and `claim` made it ours. Only `put` gives a slot back as full, with a thing in it.
        let (weight, thing) = unsafe { slot.read(|content| (content.weight, content.thing.assume_init_read())) };
        self.refund(self.magazine(), weight);
        Some(Claim { slot, thing })
    }

    /// Makes things lighter that are kept, a few at a time: `lighten` says what a thing weighs from then on, or that it
    /// is gone.
    #[cold]
    #[inline(never)]
    pub(crate) fn lighten(&self, lighten: &mut dyn FnMut(T) -> Option<(usize, T)>) {
        self.searched().iter().for_each(|slot| self.lighten_one(slot, 0, lighten));
    }

    /// The same with one slot, if it has a thing of the kinds from `least` on.
    #[inline(never)]
    fn lighten_one(&self, slot: &Entry<T>, least: usize, lighten: &mut dyn FnMut(T) -> Option<(usize, T)>) {
        let state = slot.state();
        if state < full(least) || !seeded(Bug::CacheDrainsUnclaimed) && !slot.claim(state) {
            return;
        }
        // SAFETY: `claim` made the slot ours, and it was full.
        let (before, thing) = unsafe { slot.read(|content| (content.weight, content.thing.assume_init_read())) };
        let after = lighten(thing);
        let weight = after.map_or(0, |(weight, _)| weight);
        self.refund(self.magazine(), before.saturating_sub(weight));
        // SAFETY: the slot is ours. Its place in a list stays as it was, if it has one.
        unsafe {
            match after {
                Some((_, thing)) => {
                    slot.write(|content| (content.weight, content.thing) = (weight, MaybeUninit::new(thing)));
                    slot.give(state);
                }
                None => self.leave(slot),
            }
        }
    }

    /// Takes an empty slot; none if a chunk must be added.
    #[cold]
    #[inline(never)]
    pub(crate) fn take_empty(&self) -> Option<&Entry<T>> {
        let own = Self::take_empty_from(self.magazine());
        let taken = own.or_else(|| self.newest().and_after().find_map(|chunk| self.take_group(chunk)));
        if !WHOLE_CACHE {
            return taken;
        }
        // Others leave slots that this thread takes, if one makes what the other ends.
        taken
            .or_else(|| self.magazines.iter().find_map(Self::take_empty_from))
            .or_else(|| self.searched().iter().find(|slot| slot.claim(EMPTY)))
    }

    #[inline(never)]
    fn take_empty_from(magazine: &Magazine<T, KINDS>) -> Option<&Entry<T>> {
        // Acquire: the slot was there before it was listed.
        // SAFETY: magazines list slots of this cache, which stay where they are, shared, as long as it does.
        let slot = unsafe { magazine.empty.load(Ordering::Acquire).as_ref() }?;
        if !slot.claim(EMPTY) {
            // Only its holder could say what is behind it.
            magazine.empty.store(null_mut(), Ordering::Relaxed);
            return None;
        }
        // SAFETY: `claim` made the slot ours.
        let behind = unsafe { slot.read(|content| content.behind) };
        magazine.empty.store(behind.cast_mut(), Ordering::Release);
        Some(slot)
    }

    /// Takes slots of a chunk that were never used: one for the caller, the others for its magazine.
    fn take_group<'a>(&'a self, chunk: &'a Chunk<T>) -> Option<&'a Entry<T>> {
        if chunk.used.load(Ordering::Relaxed) >= CHUNK {
            return None;
        }
        let start = chunk.used.fetch_add(GROUP, Ordering::Relaxed);
        let mut group = chunk.slots.iter().skip(start).take(GROUP).filter(|slot| slot.claim(EMPTY));
        let first = group.next()?;
        for slot in group {
            // SAFETY: `claim` made the slot ours, and it has no thing.
            unsafe { self.leave(slot) };
        }
        Some(first)
    }

    /// Adds a chunk, unless another thread has just done so. Returns whether it did. If it did not, the chunk is still
    /// the caller's.
    ///
    /// # Safety
    /// `chunk` is a new chunk that no one else has. Once added it stays where it is, shared, as long as this cache.
    pub(crate) unsafe fn add(&self, chunk: NonNull<Chunk<T>>) -> bool {
        // SAFETY: the caller's promise.
        let added = unsafe { self.newest().next.append(chunk) };
        if added {
            self.newest.store(chunk.as_ptr(), Ordering::Release);
        }
        added
    }

    /// A chunk that was the newest a moment ago.
    fn newest(&self) -> &Chunk<T> {
        // Acquire: the chunk was there before it was stored here.
        // SAFETY: chunks that were added stay where they are, shared, as long as this cache.
        unsafe { self.newest.load(Ordering::Acquire).as_ref() }.unwrap_or(&self.first)
    }

    /// Writes the thing into a slot that was empty.
    ///
    /// # Safety
    /// The caller holds the slot.
    pub(crate) unsafe fn fill(&self, slot: &Entry<T>, thing: T) {
        // SAFETY: the caller holds the slot, so no other thread uses its content, and no reference to it outlives the
        // calls in this file.
        unsafe { slot.write(|content| _ = content.thing.write(thing)) };
    }

    /// Changes the thing of a slot by `change`, and gives it back for the next taker, if the budget has `weight` left.
    /// Returns how often this thread has done so. If the budget has not, nothing happens, and the slot and the thing
    /// are still the caller's.
    ///
    /// # Safety
    /// The caller holds the slot, which was claimed with a thing in it or filled since, and uses the thing no more if
    /// it was given back.
    #[inline]
    pub(crate) unsafe fn put(
        &self,
        slot: &Entry<T>,
        kind: usize,
        weight: usize,
        change: impl FnOnce(&mut T),
    ) -> Option<usize> {
        let magazine = self.magazine();
        if !self.pay(magazine, weight) {
            return None;
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { Self::push(magazine, slot, kind, weight, change) }
    }

    /// As [`put`](Self::put), for things that weigh less than a share; calls no function, as
    /// [`take_at_once`](Self::take_at_once). If nothing happened, `put` may still do it.
    ///
    /// # Safety
    /// As for `put`.
    #[inline(always)]
    pub(crate) unsafe fn put_at_once(
        &self,
        slot: &Entry<T>,
        kind: usize,
        weight: usize,
        change: impl FnOnce(&mut T),
    ) -> Option<usize> {
        let magazine = self.magazine_at_once()?;
        if WHOLE_CACHE {
            let rest = magazine.share.load(Ordering::Relaxed).checked_sub(weight)?;
            magazine.share.store(rest, Ordering::Relaxed);
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { Self::push(magazine, slot, kind, weight, change) }
    }

    /// Puts a slot whose thing is paid for at the beginning of a list. Returns how often that happened in the magazine.
    ///
    /// # Safety
    /// As for [`put`](Self::put).
    #[inline(always)]
    unsafe fn push(
        magazine: &Magazine<T, KINDS>,
        slot: &Entry<T>,
        kind: usize,
        weight: usize,
        change: impl FnOnce(&mut T),
    ) -> Option<usize> {
        let newest = magazine.full.get(kind)?;
        if seeded(Bug::CachePutsEarly) {
            // SAFETY: only the model of this bug comes here, and it must fail.
            unsafe { slot.give(full(kind)) };
        }
        let behind = newest.load(Ordering::Relaxed).cast_const();
        // SAFETY: the caller holds the slot, so no other thread uses its content. The thing is initialized: it was
        // claimed or filled, as the caller promises, and nothing takes it out, as claims copy it.
        unsafe {
            slot.write(|content| {
                // Mostly the same as before, and then not stored: the next life would wait for the stores.
                if content.behind != behind {
                    content.behind = behind;
                }
                if content.weight != weight {
                    content.weight = weight;
                }
                change(content.thing.assume_init_mut());
            });
        }
        if !seeded(Bug::CachePutsEarly) {
            // SAFETY: the caller holds the slot, the reference that `change` had is gone, and the content has a thing.
            unsafe { slot.give(full(kind)) };
        }
        newest.store(core::ptr::from_ref(slot).cast_mut(), Ordering::Release);
        let puts = magazine.puts.load(Ordering::Relaxed).wrapping_add(1);
        magazine.puts.store(puts, Ordering::Relaxed);
        Some(puts)
    }

    /// Gives a slot back with nothing in it.
    ///
    /// # Safety
    /// The caller holds the slot.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn leave(&self, slot: &Entry<T>) {
        let newest = &self.magazine().empty;
        let behind = newest.load(Ordering::Relaxed).cast_const();
        let state = if seeded(Bug::CacheLeavesFull) { full(0) } else { EMPTY };
        // SAFETY: the caller holds the slot, and the thing of an empty slot is not read before it is filled.
        unsafe {
            slot.write(|content| content.behind = behind);
            slot.give(state);
        }
        newest.store(core::ptr::from_ref(slot).cast_mut(), Ordering::Release);
    }

    /// Pays for a thing, from the magazine's share or from the budget. Returns whether there was enough.
    #[inline]
    fn pay(&self, magazine: &Magazine<T, KINDS>, weight: usize) -> bool {
        if !WHOLE_CACHE {
            return true;
        }
        let share = magazine.share.load(Ordering::Relaxed);
        match share.checked_sub(weight) {
            Some(rest) if weight < SHARE => {
                magazine.share.store(rest, Ordering::Relaxed);
                true
            }
            _ => self.draw(magazine, share, weight),
        }
    }

    /// Pays from the budget: for a heavy thing as much as it weighs, for a light one a share.
    #[cold]
    #[inline(never)]
    fn draw(&self, magazine: &Magazine<T, KINDS>, share: usize, weight: usize) -> bool {
        let heavy = weight >= SHARE;
        let wanted = if heavy { weight } else { SHARE };
        let most = self.most();
        let more = |spent: usize| spent.checked_add(wanted).filter(|&spent| spent <= most);
        let drawn = self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        if drawn && !heavy {
            magazine.share.store(share + SHARE - weight, Ordering::Relaxed);
        }
        drawn
    }

    /// Undoes `pay`.
    #[inline]
    fn refund(&self, magazine: &Magazine<T, KINDS>, weight: usize) {
        if !WHOLE_CACHE {
            return;
        }
        let share = magazine.share.load(Ordering::Relaxed) + weight;
        match share <= MOST_SHARE && weight < SHARE {
            true => magazine.share.store(share, Ordering::Relaxed),
            false => self.refund_much(magazine, share - weight, weight),
        }
    }

    #[cold]
    #[inline(never)]
    fn refund_much(&self, magazine: &Magazine<T, KINDS>, share: usize, weight: usize) {
        let heavy = weight >= SHARE;
        if !heavy {
            magazine.share.store(share + weight - SHARE, Ordering::Relaxed);
        }
        // `drain` may have said meanwhile that nothing is kept.
        let less = |spent: usize| Some(spent.saturating_sub(if heavy { weight } else { SHARE }));
        let _ = self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Takes everything of the kinds from `least` on that is in the slot cache, thing by thing.
    pub(crate) fn drain(&self, least: usize, f: &mut dyn FnMut(T)) {
        let mut gone = |thing| {
            f(thing);
            None
        };
        for chunk in self.chunks() {
            chunk.used().iter().for_each(|slot| self.lighten_one(slot, least, &mut gone));
        }
        if least == 0 {
            // Nothing is kept now. Threads that shared a magazine may have lost some of what they paid.
            self.magazines.iter().for_each(|magazine| magazine.share.store(0, Ordering::Relaxed));
            self.spent.store(0, Ordering::Relaxed);
        }
    }

    /// The thing of a slot.
    ///
    /// # Safety
    /// The caller holds the slot, which was claimed with a thing in it or filled since.
    pub(crate) unsafe fn thing(&self, slot: &Entry<T>) -> T {
        // SAFETY: the caller's promise.
        unsafe { slot.read(|content| content.thing.assume_init_read()) }
    }

    /// The budget.
    pub(crate) fn most(&self) -> usize {
        MOST.wrapping_add(self.more.load(Ordering::Relaxed))
    }

    /// Sets the budget; what it was. What is kept already stays, and so do the shares that magazines have.
    pub(crate) fn set_most(&self, most: usize) -> usize {
        MOST.wrapping_add(self.more.swap(most.wrapping_sub(MOST), Ordering::Relaxed))
    }

    /// What is left of the budget, beside the magazines' shares.
    pub(crate) fn left(&self) -> usize {
        self.most().saturating_sub(self.spent.load(Ordering::Relaxed))
    }

    /// How many things are in the slot cache, what they weigh, and how many slots are held by their takers.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let (mut kept, mut held) = (0, 0);
        for slot in self.chunks().flat_map(Chunk::used) {
            held += usize::from(slot.is(HELD));
            kept += usize::from(slot.state() >= full(0));
        }
        let shares: usize = self.magazines.iter().map(|magazine| magazine.share.load(Ordering::Relaxed)).sum();
        (kept, self.spent.load(Ordering::Relaxed).saturating_sub(shares), held)
    }

    fn chunks(&self) -> impl Iterator<Item = &Chunk<T>> {
        self.first.and_after()
    }
}

#[cfg(all(test, not(loom)))]
#[path = "slot_cache_tests.rs"]
mod tests;
