//! Arenas for threads: taken and given back by anybody without a lock, kept warm in between.
//!
//! A pool is a chain of *rows*, pages that hold arenas in [places](crate::pool::place); a row is added when
//! every arena of the others is out, and rows go only with the pool (a [chain](crate::pool::chain)). So nothing
//! is ever unlinked while others look, and an arena is found by walking and claimed by one exchange on its own
//! word: there is no stack of pointers, and no ABA.
//!
//! ```text
//!  first ──▶ │ next │ arena 0 │ arena 1 │ ... │ ──▶ │ next │ arena 31 │ ... │      a row is one page
//!
//!  a place:  EMPTY, an arena without values ──get()──▶ HELD by a PooledArena ──reset──▶ EMPTY
//!            EMPTY or FULL ──member()──▶ HELD by a Member ──as it is──▶ FULL, values of the pool's life
//! ```
//!
//! What a pool does not do: run the `Drop` of values, as no arena does, or let two threads use one arena.

use super::scope::forward;
use super::{Arena, Mapped, Zeroable};
use crate::error::{AllocError, AllocOrInitError, AllocReason};
use crate::pool::chain::{Link, Linked};
use crate::pool::place::{EMPTY, FULL, HELD, Place};
use crate::pool::stack_hint;
use crate::region::{Region, RegionOptions};
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// Arenas of a row: with the row's own words, what fills a page of 4 KiB.
const ROW: usize = 31;

/// Arenas that a pool keeps warm unless told otherwise: one for each processor of most machines.
const KEEP_ARENAS: usize = 16;
/// Bytes of RAM that it keeps in each: a source file's syntax tree. With the above, 16 MiB in all.
const KEEP_BYTES: usize = 1 << 20;

/// Arenas for many threads, each used by one at a time, kept warm for the next.
///
/// Two forms, for two needs:
///
/// - [`get`](Self::get) lends an arena for a piece of work; when the handle is dropped the values are gone
///   and the next one starts in RAM that is there already.
/// - [`member`](Self::member) lends an arena whose values live *as long as the pool*: threads parse in
///   parallel and hand the trees around. The arena is handed on to the next member as it is, and freed
///   with all others by [`reset`](Self::reset) or the pool's end.
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
/// *Retention*: arenas that come back reset keep up to 1 MiB of RAM each, and only the first 16 do; the
/// others give all of it back. [`keep_arenas`](Self::keep_arenas) and [`keep_bytes`](Self::keep_bytes)
/// change that. Values of members are kept whatever they take. *Cost*: taking is one exchange and giving
/// back one store; a page is mapped for every 31 arenas that are out at once. *Threads*: `Sync` and
/// lock-free; a handle is `Send`. *Fork*: the child has a copy of its own, in which arenas that other
/// threads hold stay out until [`reset`](Self::reset).
///
/// A handle that is leaked (`mem::forget`) keeps its arena until the pool is reset or dropped.
pub struct ArenaPool<const MIN_ALIGN: usize = 8> {
    /// The oldest row. Rows are appended and never removed while the pool is shared.
    first: Link<Row<MIN_ALIGN>>,
    keep_arenas: usize,
    keep_bytes: usize,
}

/// A page of arenas.
struct Row<const MIN_ALIGN: usize> {
    next: Link<Self>,
    /// The mapping that this row lies in.
    region: Region,
    places: [Place<Arena<MIN_ALIGN>>; ROW],
}

impl<const MIN_ALIGN: usize> Linked for Row<MIN_ALIGN> {
    #[inline]
    fn link(&self) -> &Link<Self> {
        &self.next
    }
}

const _: () = assert!(size_of::<Row<8>>() <= 4096 && align_of::<Row<8>>() <= 4096);

// A pool is `Send` and `Sync` by its parts: an arena is reached only by who claimed its place, one thread at a
// time (`Place`); rows are published whole, by a release exchange that walkers acquire, and unmapped under `&mut`.

impl ArenaPool {
    /// An empty pool. Makes no system call and takes no memory.
    pub const fn new() -> Self {
        Self::with_min_align()
    }
}

impl<const MIN_ALIGN: usize> Default for ArenaPool<MIN_ALIGN> {
    fn default() -> Self {
        Self::with_min_align()
    }
}

impl<const MIN_ALIGN: usize> ArenaPool<MIN_ALIGN> {
    /// An empty pool of arenas whose values are aligned to `MIN_ALIGN` at least.
    pub const fn with_min_align() -> Self {
        ArenaPool { first: Link::end(), keep_arenas: KEEP_ARENAS, keep_bytes: KEEP_BYTES }
    }

    /// The pool, keeping RAM in at most so many arenas: 16 unless told otherwise. Others can be out all the
    /// same, and come back without memory.
    ///
    /// ```
    /// static SCRATCH: region::ArenaPool = region::ArenaPool::new().keep_arenas(4).keep_bytes(64 << 10);
    /// assert_eq!(*SCRATCH.get().alloc(7), 7);
    /// ```
    pub const fn keep_arenas(mut self, arenas: usize) -> Self {
        self.keep_arenas = arenas;
        self
    }

    /// The pool, keeping at most about so many bytes of RAM in each arena: 1 MiB unless told otherwise.
    /// Below 64 KiB every return of a used arena takes a system call.
    pub const fn keep_bytes(mut self, bytes: usize) -> Self {
        self.keep_bytes = bytes;
        self
    }

    /// An arena of one's own, empty, which goes back reset when the handle is dropped.
    ///
    /// # Panics
    /// When a page for more arenas cannot be mapped; [`try_get`](Self::try_get) says so instead.
    #[inline]
    pub fn get(&self) -> PooledArena<'_, MIN_ALIGN> {
        self.try_get().unwrap_or_else(refused)
    }

    /// As [`get`](Self::get).
    ///
    /// # Errors
    /// When a page for more arenas cannot be mapped.
    #[inline]
    pub fn try_get(&self) -> Result<PooledArena<'_, MIN_ALIGN>, AllocError> {
        let (number, place) = self.claim(&[EMPTY])?;
        Ok(PooledArena { place, keep: self.keep_of(number), one_thread: PhantomData })
    }

    /// A share in the pool: allocates values that outlive the handle and live as long as the pool is not
    /// reset.
    ///
    /// Arenas in which members have put values already are taken first, so that few are begun.
    ///
    /// # Panics
    /// When a page for more arenas cannot be mapped; [`try_member`](Self::try_member) says so instead.
    #[inline]
    pub fn member(&self) -> Member<'_, MIN_ALIGN> {
        self.try_member().unwrap_or_else(refused)
    }

    /// As [`member`](Self::member).
    ///
    /// # Errors
    /// When a page for more arenas cannot be mapped.
    #[inline]
    pub fn try_member(&self) -> Result<Member<'_, MIN_ALIGN>, AllocError> {
        let (_, place) = self.claim(&[FULL, EMPTY])?;
        Ok(Member { place, one_thread: PhantomData })
    }

    /// Frees the values of all members, and keeps RAM as returned arenas do. Arenas whose handles were
    /// leaked are the pool's again.
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
        for (number, place) in self.places().enumerate() {
            // `&mut self`: no handle and no value borrows the pool, so every place is the caller's. One that
            // is still held was leaked by its holder.
            if place.is(HELD) || place.claim(FULL) {
                // SAFETY: the place is ours, as just said, and nobody has a reference into its arena.
                unsafe { place.write(|arena| clear(arena, self.keep_of(number))) };
                place.give(EMPTY);
            }
        }
    }

    /// Gives the memory of all arenas back that are neither out nor hold values.
    ///
    /// *Threads*: any, at any time.
    pub fn trim(&self) {
        for place in self.places().filter(|place| place.claim(EMPTY)) {
            // SAFETY: we hold the place, and an empty one's arena has no values.
            unsafe { place.write(|arena| clear(arena, None)) };
            place.give(EMPTY);
        }
    }

    /// Arenas that are out now, leaked ones included. A snapshot: other threads go on meanwhile.
    pub fn out(&self) -> usize {
        self.places().filter(|place| place.is(HELD)).count()
    }

    /// Bytes that members' values take.
    pub fn used(&mut self) -> usize {
        self.arenas().map(|arena| arena.used()).sum()
    }

    /// Bytes of the arenas that are in RAM now, as the system says (`mincore(2)`).
    pub fn resident(&mut self) -> usize {
        self.arenas().map(|arena| arena.resident()).sum()
    }

    /// What an arena may keep that comes back to this place; nothing at all past the bound.
    #[inline]
    fn keep_of(&self, number: usize) -> Option<usize> {
        (number < self.keep_arenas).then_some(self.keep_bytes)
    }

    /// Claims a place in one of `states`, the earlier the better, adding a row if there is none.
    #[inline]
    fn claim(&self, states: &[usize]) -> Result<(usize, &Place<Arena<MIN_ALIGN>>), AllocError> {
        // Threads have places of their own, as far as those go that are kept warm.
        let number = stack_hint() % self.keep_arenas.clamp(1, ROW);
        let own = || {
            let row = self.first.follow()?;
            row.places[number].claim(states[0]).then(|| (number, &row.places[number]))
        };
        loop {
            if let Some(claimed) = own().or_else(|| self.claim_elsewhere(states)) {
                return Ok(claimed);
            }
            self.add_row()?;
        }
    }

    /// Claims the first place of all that is in the first of `states` that any is in.
    #[cold]
    fn claim_elsewhere(&self, states: &[usize]) -> Option<(usize, &Place<Arena<MIN_ALIGN>>)> {
        states.iter().find_map(|&state| self.places().enumerate().find(|(_, place)| place.claim(state)))
    }

    /// Appends a row, or finds that somebody else just did.
    fn add_row(&self) -> Result<(), AllocError> {
        let len = size_of::<Row<MIN_ALIGN>>();
        let region = RegionOptions::new().len(len).map();
        let region = region.map_err(|error| AllocError::new(len, AllocReason::Os(error)))?;
        let (start, mapped) = region.into_mapping();
        let row = start.cast::<Row<MIN_ALIGN>>();
        // SAFETY: the mapping was a whole region's, which just gave it up, all of it accessible.
        let region = unsafe { Region::from_mapping((start, mapped), (start, mapped), mapped) };
        let places = [const { Place::new(Arena::new_in(Mapped::new())) }; ROW];
        // SAFETY: the mapping is page-aligned, so aligned for a row (asserted above), at least as long, and
        // nobody else's.
        unsafe { row.write(Row { next: Link::end(), region, places }) };
        // SAFETY: the row is written, ours, and an end; it stays where it is until the pool is dropped.
        if !unsafe { self.first.append(row) } {
            // SAFETY: the row was not published, so it is still ours alone.
            unsafe { unmap(row) };
        }
        Ok(())
    }

    fn places(&self) -> impl Iterator<Item = &Place<Arena<MIN_ALIGN>>> {
        self.first.iter().flat_map(|row| &row.places)
    }

    /// All arenas, which nobody uses while the pool is borrowed mutably.
    fn arenas(&mut self) -> impl Iterator<Item = &mut Arena<MIN_ALIGN>> {
        // SAFETY: handles and values borrow the pool, so under `&mut self` none is left, and each place is
        // visited once. Threads that held arenas gave them back, or the borrow that they held them by ended,
        // before this borrow could begin: their writes are seen.
        self.places().map(|place| unsafe { &mut *place.content() })
    }
}

/// What the plain forms do where the `try_` forms return an error.
#[cold]
#[track_caller]
fn refused<T>(error: AllocError) -> T {
    panic!("{error}")
}

/// Makes a handle `Send` and not `Sync`, as the arena is that it stands for.
type OneThread = PhantomData<Cell<()>>;

/// Makes an arena empty that has no user any more, keeping that much RAM; with `None`, no memory at all.
fn clear<const MIN_ALIGN: usize>(arena: &mut Arena<MIN_ALIGN>, keep: Option<usize>) {
    match keep {
        // A holder may have put an arena of another making in its place: one that cannot grow does not serve
        // the next.
        Some(bytes) if !arena.backing().is_exact() => {
            // Asked before: what a paranoid backing withdraws at the reset is not committed any more.
            match arena.committed() > bytes {
                true => arena.reset_keeping(bytes),
                false => arena.reset(),
            }
            arena.set_limit(usize::MAX);
        }
        _ => *arena = Arena::new_in(Mapped::new()),
    }
}

/// Drops a row's arenas and returns its page; gives what was behind it.
///
/// # Safety
/// The row is the caller's, and nobody refers to it or to a value in its arenas.
unsafe fn unmap<const MIN_ALIGN: usize>(row: NonNull<Row<MIN_ALIGN>>) -> Link<Row<MIN_ALIGN>> {
    // SAFETY: the row is read out of its page and not used there again; the arenas are dropped before the
    // page is, as they are moved out of it.
    let Row { region, places, next } = unsafe { row.read() };
    drop((places, region));
    next
}

impl<const MIN_ALIGN: usize> Drop for ArenaPool<MIN_ALIGN> {
    fn drop(&mut self) {
        let mut next = self.first.detach();
        while let Some(row) = next {
            // SAFETY: the pool is going, so no handle and no value borrows it; each row is in the chain once.
            next = unsafe { unmap(row) }.detach();
        }
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for ArenaPool<MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holding = self.places().filter(|place| place.is(FULL)).count();
        f.debug_struct("ArenaPool")
            .field("arenas", &self.places().count())
            .field("out", &self.out())
            .field("holding_values", &holding)
            .finish()
    }
}

/// An arena that is on loan from a pool. Made by [`ArenaPool::get`].
///
/// It is an [`Arena`] in all respects. When the handle is dropped, also by a panic, the arena goes back empty,
/// and without a limit; what was put in its place goes back in its stead.
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
    place: &'pool Place<Arena<MIN_ALIGN>>,
    keep: Option<usize>,
    one_thread: OneThread,
}

impl<const MIN_ALIGN: usize> Deref for PooledArena<'_, MIN_ALIGN> {
    type Target = Arena<MIN_ALIGN>;

    #[inline(always)]
    fn deref(&self) -> &Arena<MIN_ALIGN> {
        // SAFETY: the handle holds the place, and lends its arena out no longer than it is borrowed itself.
        unsafe { &*self.place.content() }
    }
}

impl<const MIN_ALIGN: usize> DerefMut for PooledArena<'_, MIN_ALIGN> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Arena<MIN_ALIGN> {
        // SAFETY: as above, and `&mut self` makes this the only reference.
        unsafe { &mut *self.place.content() }
    }
}

impl<const MIN_ALIGN: usize> Drop for PooledArena<'_, MIN_ALIGN> {
    #[inline]
    fn drop(&mut self) {
        let keep = self.keep;
        clear(self, keep);
        self.place.give(EMPTY);
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for PooledArena<'_, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PooledArena").field(&**self).finish()
    }
}

/// One thread's share in a pool: the allocating methods of [`Arena`], for values that live as long as the pool.
/// Made by [`ArenaPool::member`].
///
/// Dropped, it passes its arena with the values in it on to the next member.
///
/// ```
/// let pool = region::ArenaPool::new();
/// let tree = {
///     let member = pool.member();
///     let leaf: &u32 = member.alloc(1);
///     member.alloc((leaf, 2))
/// };
/// assert_eq!((*tree.0, tree.1), (1, 2));
/// ```
pub struct Member<'pool, const MIN_ALIGN: usize = 8> {
    /// Held by this handle.
    place: &'pool Place<Arena<MIN_ALIGN>>,
    one_thread: OneThread,
}

impl<'pool, const MIN_ALIGN: usize> Member<'pool, MIN_ALIGN> {
    /// The arena, borrowed for as long as the pool.
    #[inline(always)]
    fn lent(&self) -> &'pool Arena<MIN_ALIGN> {
        // SAFETY: what allocates takes this handle, which holds the place; the methods below hand out values
        // and never this reference. The values' bytes are handed out once, whoever allocates in the arena
        // later, and stay until `reset` or the end of the pool, neither of which can come while `'pool` lasts.
        unsafe { &*self.place.content() }
    }

    /// Bytes that values take in this member's arena, those of earlier members included.
    pub fn used(&self) -> usize {
        self.lent().used()
    }
}

forward! {
    'pool, "for as long as the pool lives",
    [impl<'pool, const MIN_ALIGN: usize> Member<'pool, MIN_ALIGN>]
}

impl<const MIN_ALIGN: usize> Drop for Member<'_, MIN_ALIGN> {
    #[inline]
    fn drop(&mut self) {
        self.place.give(FULL);
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for Member<'_, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Member").field(self.lent()).finish()
    }
}
