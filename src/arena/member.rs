//! A thread's share in a pool of arenas: values that live as long as the pool.
//!
//! ```text
//!   pool.member() ──▶ Member ──drop──────────▶ the slot is FULL: the next member goes on in its arena, in any thread
//!                        └────into_arena()───▶ &'pool Arena: the slot stays HELD until the pool is reset or dropped
//! ```
//!
//! An arena is for one thread at a time. So the next thread gets it only when no reference to it is left. While a
//! member is the only access to it, all borrows end before the member does. A `&'pool Arena` may be anywhere in its
//! thread, for as long as the pool is borrowed. It never leaves that thread, as an arena is not `Sync`.

use super::scope::forward;
use super::{Arena, Zeroable};
use crate::error::{AllocError, AllocOrInitError};
use crate::seeded::{Bug, seeded};
use crate::sync::slot::{EMPTY, FULL, Slot};
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

/// Makes a handle `Send` and not `Sync`, as its arena is.
pub(super) type OneThread = PhantomData<Cell<()>>;

/// A thread's share in a pool: an arena whose values live as long as the pool. Made by
/// [`ArenaPool::member`](super::ArenaPool::member).
///
/// What its own methods allocate lives as long as the pool. When the member is dropped, the next member gets its arena
/// with the values in it.
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
///
/// It dereferences to the arena, for functions that take `&Arena`, and containers can be made in it. What these make
/// lives as long as the member is borrowed. For results that live as long as the pool there is
/// [`into_arena`](Self::into_arena).
///
/// ```
/// fn count(words: &str, scratch: &region::Arena) -> usize {
///     scratch.claimed(|scratch| scratch.alloc_slice_fill_iter(words.split(' ')).len())
/// }
/// let pool = region::ArenaPool::new();
/// let member = pool.member();
/// assert_eq!((count("to be", &member), *region::collections::Box::new_in(3, &member)), (2, 3));
/// ```
///
/// A limit that is set on it ends with it.
pub struct Member<'pool, const MIN_ALIGN: usize = 8> {
    /// Held by this handle.
    slot: &'pool Slot<Arena<MIN_ALIGN>>,
    one_thread: OneThread,
}

impl<'pool, const MIN_ALIGN: usize> Member<'pool, MIN_ALIGN> {
    /// The member that has a slot of a pool.
    ///
    /// # Safety
    /// The caller holds the slot and gives it up to the member. While `'pool` lasts, the arena of a slot that is full
    /// or held is not cleared.
    #[inline(always)]
    pub(super) unsafe fn holding(slot: &'pool Slot<Arena<MIN_ALIGN>>) -> Self {
        Member { slot, one_thread: PhantomData }
    }

    /// The arena, borrowed for as long as the pool. It must not be handed out: the borrow outlives the member.
    #[inline(always)]
    pub(crate) fn as_arena(&self) -> &'pool Arena<MIN_ALIGN> {
        // SAFETY: the member holds the slot, so no other thread refers to its arena. The bytes of values are handed out
        // once, also when other members allocate in the arena later. They stay until a reset or the end of the pool,
        // neither of which can come while `'pool` lasts.
        unsafe { &*self.slot.content() }
    }

    /// The arena itself, for as long as the pool: for parsers and containers whose results live so long.
    /// ```
    /// use region::{Arena, ArenaPool};
    ///
    /// /// Takes the arena that its result is to live in.
    /// fn parse<'a>(source: &str, arena: &'a Arena) -> &'a [&'a str] {
    ///     arena.alloc_slice_fill_iter(source.split(' ').map(|word| &*arena.alloc_str(word)))
    /// }
    ///
    /// let pool = ArenaPool::new();
    /// let trees: Vec<&[&str]> = std::thread::scope(|threads| {
    ///     let workers = ["to be", "or not to be"].map(|source| {
    ///         let pool = &pool;
    ///         threads.spawn(move || parse(source, pool.member().into_arena()))
    ///     });
    ///     workers.map(|worker| worker.join().unwrap()).into()
    /// });
    /// assert_eq!(trees, [&["to", "be"][..], &["or", "not", "to", "be"]]);
    /// ```
    ///
    /// From here on only this thread has the arena, until [`reset`](super::ArenaPool::reset) gives it back to the pool.
    /// No other thread gets it before, also when this one has ended. So a thread with many tasks takes one arena
    /// and passes the reference on. A pool that is never reset, as one in a `static`,
    /// needs one more arena for each call; there, keep the member.
    ///
    /// *Threads*: the reference stays in the thread; values may be sent to others if their types allow it. *Fork*: the
    /// child has a copy of the arena for its one thread.
    ///
    /// The pool cannot be reset while the arena is used:
    ///
    /// ```compile_fail,E0502
    /// let mut pool = region::ArenaPool::new();
    /// let arena = pool.member().into_arena();
    /// pool.reset();
    /// arena.alloc(1);
    /// ```
    #[inline]
    pub fn into_arena(self) -> &'pool Arena<MIN_ALIGN> {
        if seeded(Bug::TakenArenaGivenBack) {
            return self.as_arena();
        }
        // The slot stays held, so that no other thread gets the arena.
        ManuallyDrop::new(self).as_arena()
    }

    /// Bytes that values take in this member's arena, those of earlier members included.
    pub fn used(&self) -> usize {
        self.as_arena().used()
    }
}

forward! {
    'pool, "for as long as the pool lives",
    [impl<'pool, const MIN_ALIGN: usize> Member<'pool, MIN_ALIGN>]
}

impl<const MIN_ALIGN: usize> Deref for Member<'_, MIN_ALIGN> {
    type Target = Arena<MIN_ALIGN>;

    /// The arena, for as long as the member is borrowed.
    #[inline(always)]
    fn deref(&self) -> &Arena<MIN_ALIGN> {
        self.as_arena()
    }
}

impl<const MIN_ALIGN: usize> Drop for Member<'_, MIN_ALIGN> {
    #[inline]
    fn drop(&mut self) {
        let arena = self.as_arena();
        if arena.is_claimed() {
            // A claim was leaked. The values stay, and nothing more can be allocated, so the slot stays held.
            return;
        }
        if arena.limit() != usize::MAX {
            arena.set_limit(usize::MAX);
        }
        let state = if seeded(Bug::MemberGivesEmpty) { EMPTY } else { FULL };
        // SAFETY: the handle holds the slot and is being dropped, and no reference to the arena outlives its borrows.
        // The arena of a full slot gets more values, and is not cleared while the pool is shared, which the values rely
        // on.
        unsafe { self.slot.give(state) };
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for Member<'_, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Member").field(self.as_arena()).finish()
    }
}
