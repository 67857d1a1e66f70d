//! Arena pools: any thread takes and returns arenas without a lock, and they are kept warm in between.
//!
//! A pool is an [append-only list](crate::sync::append_list) of *chunks*, pages that hold arenas in
//! [slots](crate::sync::slot). A chunk is added when every arena of the others is out. Chunks are freed only with the
//! pool, so nothing is removed while other threads read the list. An arena is found by walking the list and claimed by
//! one exchange on its slot's word. There is no stack of pointers, and so no ABA problem.
//!
//! ```text
//!  first ──▶ │ next │ arena 0 │ arena 1 │ ... │ ──▶ │ next │ arena 31 │ ... │      a chunk is one page
//!
//!  a slot:  EMPTY, an arena without values ──get()──▶ HELD by a PooledArena ──reset──▶ EMPTY
//!            EMPTY or FULL ──member()──▶ HELD by a Member ──as it is──▶ FULL, values that live as long as the pool
//!                                               └──into_arena()──▶ HELD until the pool is reset, by one thread
//! ```
//!
//! A pool does not run the `Drop` of values, as no arena does. Two threads never use one arena at once.

use super::member::{Member, OneThread};
use super::{Arena, Mapped};
use crate::error::failure::{Failure, Panic};
use crate::error::{AllocError, AllocReason};
use crate::region::{Region, RegionOptions};
use crate::seeded::{Bug, seeded};
use crate::sync::append_list::{Link, Linked};
use crate::sync::global::AtomicUsize as Hint;
use crate::sync::slot::{EMPTY, FULL, HELD, Slot};
use crate::sync::{AtomicPtr, Ordering, thread_hint};
use crate::sync::{const_fn, fresh};
use crate::table::Table;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::{NonNull, null_mut};

/// Arenas of a chunk: as many as fit into a page of 4 KiB beside the chunk's own words. With debug assertions arenas
/// are larger by a word, and there are 15. One in a model, so that two arenas need a second chunk.
const CHUNK: usize = if cfg!(loom) { 1 } else { 4096 / size_of::<Slot<Arena>>() - 1 };
#[cfg(all(not(loom), not(debug_assertions)))]
const _: () = assert!(CHUNK == 31);

/// Arenas that a pool keeps warm by default: one for each processor of most machines.
const KEEP_ARENAS: usize = 16;
/// A thread finds one of so many by itself, and leaves the word alone that says where another one was given back.
const FOUND: usize = if cfg!(loom) { 1 } else { KEEP_ARENAS };
/// Bytes of RAM that it keeps in each: enough for a source file's syntax tree. 16 MiB in all.
const KEEP_BYTES: usize = 1 << 20;

/// Arenas for many threads, each used by one at a time, kept warm for the next.
///
/// There are two forms:
///
/// - [`get`](Self::get) lends an arena for a task; when the handle is dropped the values are gone
///   and the next user starts with RAM that is there already.
/// - [`member`](Self::member) lends an arena whose values live *as long as the pool*: threads parse in
///   parallel and share the trees. The next member gets the arena with its values, and they are freed
///   with all others by [`reset`](Self::reset) or the pool's end. For a parser that takes `&'a Arena`,
///   [`Member::into_arena`] gives one that lives as long as the pool.
///
/// ```
/// let pool = region::ArenaPool::new();
/// let words: Vec<&str> = std::thread::scope(|threads| {
///     let workers = ["left", "right"].map(|side| {
///         let pool = &pool;
///         threads.spawn(move || &*pool.member().alloc_fmt(format_args!("{side} tree")))
///     });
///     workers.map(|worker| worker.join().unwrap()).into()
/// });
/// assert_eq!(words, ["left tree", "right tree"]);
///
/// let scratch = pool.get();
/// scratch.alloc([0u8; 1000]);                     // gone with `scratch`, the RAM stays for the next
/// ```
///
/// *Retention*: the first 16 arenas keep up to 1 MiB of RAM each when they are returned; the
/// others give all of it back. [`keep_arenas`](Self::keep_arenas) and [`keep_bytes`](Self::keep_bytes)
/// change that. Values of members are kept, however large. *Cost*: taking is one exchange and giving
/// back one store; a page is mapped for every 31 arenas that are out at once. *Threads*: `Sync` and
/// lock-free; a handle is `Send`, and two threads never have one arena. *Fork*: the child has a copy of its own, in
/// which arenas that other threads hold stay out until [`reset`](Self::reset).
///
/// A handle that is leaked (`mem::forget`) keeps its arena until the pool is reset or dropped.
pub struct ArenaPool<const MIN_ALIGN: usize = 8> {
    /// The oldest chunk. Chunks are appended and never removed while the pool is shared.
    first: Link<Chunk<MIN_ALIGN>>,
    recent: Recent<MIN_ALIGN>,
    keep_arenas: usize,
    keep_bytes: usize,
}

/// A page of arenas.
struct Chunk<const MIN_ALIGN: usize> {
    next: Link<Self>,
    /// The mapping that this chunk lies in.
    region: Region,
    slots: [Slot<Arena<MIN_ALIGN>>; CHUNK],
}

impl<const MIN_ALIGN: usize> Linked for Chunk<MIN_ALIGN> {
    #[inline]
    fn link(&self) -> &Link<Self> {
        &self.next
    }
}

const _: () = assert!(size_of::<Chunk<8>>() <= 4096 && align_of::<Chunk<8>>() <= 4096);

// A pool is `Send` and `Sync` by its parts. Only the thread that claimed a slot uses its arena (`Slot`). Chunks are
// published after they are written, by a release exchange that readers acquire, and unmapped under `&mut`.

// After a panic an arena is reset or keeps complete values, and each change of the pool's own state is one step.
impl<const MIN_ALIGN: usize> UnwindSafe for ArenaPool<MIN_ALIGN> {}
impl<const MIN_ALIGN: usize> RefUnwindSafe for ArenaPool<MIN_ALIGN> {}

impl ArenaPool {
    const_fn! {
        /// An empty pool. Makes no system call and takes no memory.
        pub const fn new() -> Self {
            Self::with_min_align()
        }
    }
}

impl<const MIN_ALIGN: usize> Default for ArenaPool<MIN_ALIGN> {
    fn default() -> Self {
        Self::with_min_align()
    }
}

impl<const MIN_ALIGN: usize> ArenaPool<MIN_ALIGN> {
    const_fn! {
        /// An empty pool of arenas whose values are aligned to `MIN_ALIGN` at least.
        pub const fn with_min_align() -> Self {
            ArenaPool { first: Link::end(), recent: Recent::new(), keep_arenas: KEEP_ARENAS, keep_bytes: KEEP_BYTES }
        }
    }

    /// The pool, keeping RAM in at most so many arenas: 16 by default. More can be out at once; they come back
    /// without memory.
    ///
    /// ```
    /// static SCRATCH: region::ArenaPool = region::ArenaPool::new().keep_arenas(4).keep_bytes(64 << 10);
    /// assert_eq!(*SCRATCH.get().alloc(7), 7);
    /// ```
    #[must_use = "the bound is the returned pool's"]
    pub const fn keep_arenas(mut self, arenas: usize) -> Self {
        self.keep_arenas = arenas;
        self
    }

    /// The pool, keeping at most about so many bytes of RAM in each arena: 1 MiB by default.
    /// Below 64 KiB every return of a used arena takes a system call.
    #[must_use = "the bound is the returned pool's"]
    pub const fn keep_bytes(mut self, bytes: usize) -> Self {
        self.keep_bytes = bytes;
        self
    }

    /// An empty arena for this handle alone. It is reset and goes back when the handle is dropped.
    ///
    /// # Panics
    /// When a page for more arenas cannot be mapped; [`try_get`](Self::try_get) says so instead.
    #[inline]
    #[track_caller]
    pub fn get(&self) -> PooledArena<'_, MIN_ALIGN> {
        Panic::unwrap(Panic::check(self.try_get()))
    }

    /// As [`get`](Self::get).
    ///
    /// # Errors
    /// When a page for more arenas cannot be mapped.
    #[inline]
    pub fn try_get(&self) -> Result<PooledArena<'_, MIN_ALIGN>, AllocError> {
        let (number, slot) = self.claim(&[EMPTY])?;
        Ok(PooledArena { slot, recent: &self.recent, number, keep: self.keep_of(number), one_thread: PhantomData })
    }

    /// A share in the pool: allocates values that outlive the handle and live as long as the pool is not
    /// reset.
    ///
    /// Arenas in which members have put values already are taken first, so that values are in few arenas.
    ///
    /// # Panics
    /// When a page for more arenas cannot be mapped; [`try_member`](Self::try_member) says so instead.
    #[inline]
    #[track_caller]
    pub fn member(&self) -> Member<'_, MIN_ALIGN> {
        Panic::unwrap(Panic::check(self.try_member()))
    }

    /// As [`member`](Self::member).
    ///
    /// # Errors
    /// When a page for more arenas cannot be mapped.
    #[inline]
    pub fn try_member(&self) -> Result<Member<'_, MIN_ALIGN>, AllocError> {
        let (_, slot) = self.claim(&[FULL, EMPTY])?;
        // SAFETY: the slot was just claimed. Only `reset` and the pool's end clear arenas that hold values. Both need
        // `&mut`, which is impossible while `'_` lasts.
        Ok(unsafe { Member::holding(slot) })
    }

    /// Frees the values of all members, and keeps RAM as returned arenas do. Arenas whose handles were
    /// leaked go back to the pool.
    ///
    /// ```
    /// let mut pool = region::ArenaPool::new();
    /// pool.member().alloc(1u64);
    /// assert_eq!(pool.used(), 8);
    /// pool.reset();
    /// assert_eq!(pool.used(), 0);
    /// ```
    ///
    /// Values keep the pool from being reset:
    ///
    /// ```compile_fail,E0502
    /// let mut pool = region::ArenaPool::new();
    /// let value = pool.member().alloc(1u64);
    /// pool.reset();
    /// *value += 1;
    /// ```
    pub fn reset(&mut self) {
        for (number, slot) in self.slots().enumerate() {
            // `&mut self`: no handle and no value borrows the pool, so every slot belongs to the caller. If a slot
            // is still held, its handle was leaked.
            if slot.is(HELD) && !seeded(Bug::ResetForgetsLeaked) || slot.claim(FULL) {
                // SAFETY: the slot belongs to the caller, as just said, there is no reference into its arena, and the
                // arena has no values when the slot is given back.
                unsafe {
                    slot.write(|arena| clear(arena, self.keep_of(number)));
                    slot.give(EMPTY);
                }
            }
        }
    }

    /// Gives back the memory of all arenas that are not out and hold no values.
    ///
    /// *Threads*: any, at any time.
    pub fn trim(&self) {
        let claim = |slot: &Slot<_>| match seeded(Bug::PoolTrimsUnclaimed) {
            true => slot.is(EMPTY),
            false => slot.claim(EMPTY),
        };
        for slot in self.slots().filter(|slot| claim(slot)) {
            // SAFETY: this thread holds the slot, so no other refers to its arena, which has no values before or after.
            unsafe {
                slot.write(|arena| clear(arena, None));
                slot.give(EMPTY);
            }
        }
    }

    /// Arenas that are out now, leaked ones included. A snapshot: other threads go on meanwhile.
    pub fn out(&self) -> usize {
        self.slots().filter(|slot| slot.is(HELD)).count()
    }

    /// Bytes that members' values take.
    pub fn used(&mut self) -> usize {
        self.arenas().map(|arena| arena.used()).sum()
    }

    /// Bytes of the arenas that are in RAM now, as the system says (`mincore(2)`).
    pub fn resident(&mut self) -> usize {
        self.arenas().map(|arena| arena.resident()).sum()
    }

    /// All numbers of the pool, as they are now. They print a line each.
    ///
    /// ```
    /// let mut pool = region::ArenaPool::new();
    /// pool.member().alloc([0u8; 1000]);
    /// let stats = pool.stats();
    /// assert_eq!((stats.out, stats.holding_values, stats.used), (0, 1, 1000));
    /// println!("{stats}");
    /// ```
    pub fn stats(&mut self) -> ArenaPoolStats {
        ArenaPoolStats {
            arenas: self.slots().count(),
            out: self.out(),
            holding_values: self.holding_values(),
            used: self.used(),
            resident: self.resident(),
        }
    }

    /// Arenas with values of members in them that are not out.
    fn holding_values(&self) -> usize {
        self.slots().filter(|slot| slot.is(FULL)).count()
    }

    /// How much RAM the arena of this slot may keep when it comes back; nothing past the bound.
    #[inline]
    fn keep_of(&self, number: usize) -> Option<usize> {
        (number < self.keep_arenas).then_some(self.keep_bytes)
    }

    /// Claims a slot in one of `states`, earlier ones preferred. Adds a chunk if there is none.
    #[inline]
    fn claim(&self, states: &[usize]) -> Result<(usize, &Slot<Arena<MIN_ALIGN>>), AllocError> {
        // Each thread begins with its own slot among those that are kept warm.
        let number = thread_hint() % self.keep_arenas.clamp(1, CHUNK);
        let own = || {
            let chunk = self.first.follow()?;
            chunk.slots[number].claim(states[0]).then(|| (number, &chunk.slots[number]))
        };
        loop {
            if let Some(claimed) =
                own().or_else(|| self.recent.claim(states[0])).or_else(|| self.claim_elsewhere(states))
            {
                return Ok(claimed);
            }
            self.add_chunk()?;
        }
    }

    /// Claims any slot in the first of `states`, else any in the next.
    #[cold]
    fn claim_elsewhere(&self, states: &[usize]) -> Option<(usize, &Slot<Arena<MIN_ALIGN>>)> {
        states.iter().find_map(|&state| self.slots().enumerate().find(|(_, slot)| slot.claim(state)))
    }

    /// Appends a chunk, unless another thread has just done so.
    fn add_chunk(&self) -> Result<(), AllocError> {
        let len = size_of::<Chunk<MIN_ALIGN>>();
        let region = RegionOptions::new().len(len).map();
        let region = region.map_err(|error| AllocError::new(len, AllocReason::Os(error)))?;
        let (start, mapped) = region.into_mapping();
        let chunk = start.cast::<Chunk<MIN_ALIGN>>();
        // SAFETY: the mapping is whole and accessible, and the region that owned it just gave it up.
        let region = unsafe { Region::from_mapping((start, mapped), (start, mapped), mapped) };
        let slots = fresh!([Slot::new(Arena::new_in(Mapped::new())); CHUNK]);
        // SAFETY: the mapping is page-aligned, so aligned for a chunk (asserted above), at least as long as one, and
        // nothing else uses it.
        unsafe { chunk.write(Chunk { next: Link::end(), region, slots }) };
        // SAFETY: the chunk is written, ours, and an end; it stays where it is until the pool is dropped.
        if !unsafe { self.first.append(chunk) } {
            // SAFETY: the chunk was not published, so it is still ours alone.
            unsafe { unmap(chunk) };
        }
        Ok(())
    }

    fn slots(&self) -> impl Iterator<Item = &Slot<Arena<MIN_ALIGN>>> {
        self.first.iter().flat_map(|chunk| &chunk.slots)
    }

    /// All arenas. None is in use while the pool is borrowed mutably.
    fn arenas(&mut self) -> impl Iterator<Item = &mut Arena<MIN_ALIGN>> {
        // SAFETY: handles and values borrow the pool, so under `&mut self` none is left, and each slot is
        // visited once. Threads that held arenas gave them back, or their borrow of the pool ended,
        // before this borrow could begin. So their writes are seen.
        self.slots().map(|slot| unsafe { &mut *slot.content() })
    }
}

/// The slot of the arena that was given back last: a hint where to look when a thread's own slot is held. With thousands
/// of arenas out, a search would look at all of them.
struct Recent<const MIN_ALIGN: usize> {
    slot: AtomicPtr<Slot<Arena<MIN_ALIGN>>>,
    /// The slot's number. It may be that of another slot for a moment: then another number of bytes is kept.
    number: Hint,
}

impl<const MIN_ALIGN: usize> Recent<MIN_ALIGN> {
    const_fn! {
        const fn new() -> Self {
            Recent { slot: AtomicPtr::new(null_mut()), number: Hint::new(0) }
        }
    }

    /// Claims the slot, if it is in `state`.
    fn claim(&self, state: usize) -> Option<(usize, &Slot<Arena<MIN_ALIGN>>)> {
        // Acquire: the slot was there before it was noted.
        // SAFETY: it is a slot of this pool's chunks, which stay where they are, shared, as long as the pool is borrowed.
        let slot = unsafe { self.slot.load(Ordering::Acquire).as_ref() }?;
        slot.claim(state).then(|| (self.number.load(Ordering::Relaxed), slot))
    }

    /// Notes a slot of the same pool.
    #[inline]
    fn note(&self, number: usize, slot: &Slot<Arena<MIN_ALIGN>>) {
        self.number.store(number, Ordering::Relaxed);
        self.slot.store(core::ptr::from_ref(slot).cast_mut(), Ordering::Release);
    }
}

/// Empties an arena that is not in use. Keeps so much RAM, or with `None` no memory at all.
fn clear<const MIN_ALIGN: usize>(arena: &mut Arena<MIN_ALIGN>, keep: Option<usize>) {
    match keep {
        // A holder may have replaced the arena in its slot by another. One that cannot grow is not kept.
        Some(bytes) if !arena.backing().is_exact() => {
            // Asked before: what a paranoid backing protects at the reset is not committed any more.
            match arena.committed() > bytes {
                true => arena.reset_keeping(bytes),
                false => arena.reset(),
            }
            arena.set_limit(usize::MAX);
        }
        _ => *arena = Arena::new_in(Mapped::new()),
    }
}

/// Drops a chunk's arenas and unmaps its page. Returns the link to the next chunk.
///
/// # Safety
/// The chunk belongs to the caller, and nothing refers to it or to a value in its arenas.
unsafe fn unmap<const MIN_ALIGN: usize>(chunk: NonNull<Chunk<MIN_ALIGN>>) -> Link<Chunk<MIN_ALIGN>> {
    // SAFETY: the chunk is read out of its page and not used there again; the arenas are dropped before the
    // page is, as they are moved out of it.
    let Chunk { region, slots, next } = unsafe { chunk.read() };
    drop((slots, region));
    next
}

impl<const MIN_ALIGN: usize> Drop for ArenaPool<MIN_ALIGN> {
    fn drop(&mut self) {
        let mut next = self.first.detach();
        while let Some(chunk) = next {
            // SAFETY: the pool is being dropped, so no handle and no value borrows it; each chunk is in the list once.
            next = unsafe { unmap(chunk) }.detach();
        }
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for ArenaPool<MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArenaPool")
            .field("arenas", &self.slots().count())
            .field("out", &self.out())
            .field("holding_values", &self.holding_values())
            .finish()
    }
}

/// The numbers of a pool of arenas at one moment. Made by [`ArenaPool::stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArenaPoolStats {
    /// Arenas that the pool has places for, empty ones included.
    pub arenas: usize,
    /// As [`ArenaPool::out`].
    pub out: usize,
    /// Arenas with values of members in them that are not out.
    pub holding_values: usize,
    /// Bytes that members' values take.
    pub used: usize,
    /// Bytes of the arenas that are in RAM.
    pub resident: usize,
}

impl fmt::Display for ArenaPoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(f, format_args!("pool of {} arenas", self.arenas))?;
        table.line("out", format_args!("{}", self.out))?;
        table.line("with values", format_args!("{}", self.holding_values))?;
        table.bytes("used", self.used)?;
        table.bytes("resident", self.resident)
    }
}

/// An arena that is on loan from a pool. Made by [`ArenaPool::get`].
///
/// It can be used as an [`Arena`]. When the handle is dropped, also by a panic, the arena goes back empty
/// and without a limit. If the arena was replaced through the handle, the replacement goes back.
///
/// ```
/// let pool = region::ArenaPool::new();
/// let mut arena = pool.get();
/// let sum: u32 = arena.scoped(|scope| scope.alloc_slice_fill_with(3, |i| i as u32).iter().sum());
/// assert_eq!((sum, arena.used()), (3, 0));
/// ```
///
/// Its values end with the handle:
///
/// ```compile_fail,E0716
/// let pool = region::ArenaPool::new();
/// let value = pool.get().alloc(1u64);
/// *value += 1;
/// ```
pub struct PooledArena<'pool, const MIN_ALIGN: usize = 8> {
    /// Held by this handle.
    slot: &'pool Slot<Arena<MIN_ALIGN>>,
    recent: &'pool Recent<MIN_ALIGN>,
    number: usize,
    keep: Option<usize>,
    one_thread: OneThread,
}

impl<const MIN_ALIGN: usize> Deref for PooledArena<'_, MIN_ALIGN> {
    type Target = Arena<MIN_ALIGN>;

    #[inline(always)]
    fn deref(&self) -> &Arena<MIN_ALIGN> {
        // SAFETY: the handle holds the slot, and the reference does not outlive the borrow of the handle.
        unsafe { &*self.slot.content() }
    }
}

impl<const MIN_ALIGN: usize> DerefMut for PooledArena<'_, MIN_ALIGN> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Arena<MIN_ALIGN> {
        // SAFETY: the handle holds the slot, so nothing else reaches the arena. The handle is borrowed mutably for as
        // long as the reference lives, so it is the only reference.
        unsafe { &mut *self.slot.content() }
    }
}

impl<const MIN_ALIGN: usize> Drop for PooledArena<'_, MIN_ALIGN> {
    #[inline]
    fn drop(&mut self) {
        let keep = self.keep;
        if seeded(Bug::ArenaGivenUncleared) {
            // SAFETY: only the model of this bug comes here, and it must fail.
            unsafe { self.slot.give(EMPTY) };
            return clear(self, keep);
        }
        clear(self, keep);
        // SAFETY: the handle holds the slot and is being dropped. References into the arena borrowed the handle, so
        // there are none left. The arena has no values any more.
        unsafe { self.slot.give(EMPTY) };
        if self.number >= FOUND {
            self.recent.note(self.number, self.slot);
        }
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for PooledArena<'_, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PooledArena").field(&**self).finish()
    }
}
