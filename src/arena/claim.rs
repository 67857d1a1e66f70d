//! Scratch memory while values of an arena are borrowed.
//!
//! ```text
//!   arena.claim()                  copies the state of the arena into the claim, and sets `end` to `cur` in the arena:
//!     │                            it has no capacity left, so every allocation takes the slow path, and fails
//!     ├─ &*claim                   the scratch arena: an `Arena` of the same type, in the same blocks
//!     │    └─ scratch.claim()      claims nest, because the scratch arena is an arena
//!   drop(claim)                    rewinds the scratch arena to the arena's cursor, and updates the arena
//! ```
//!
//! A scope needs `&mut`: the borrow checker allows only one part of the program to allocate. A claim needs `&`: the
//! arena refuses at run time while it is claimed. In both, lifetimes ensure that no value outlives the rewind. The fast
//! path has no code for claims: a claimed arena has no capacity left, and the slow path finds out why.
//!
//! The C ABI has no claims, and the C archive has no code of this file.

use super::scope::Scope;
use super::{Arena, Backing, DefaultBacking};
use crate::error::{AllocError, AllocReason};
use core::cell::Cell;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;

/// Scratch memory in an arena that is borrowed, until this is dropped. Made by [`Arena::claim`], which explains it.
///
/// It dereferences to the scratch arena, an [`Arena`] of the same type.
#[must_use = "the claim ends when it is dropped"]
pub struct Claim<'a, const MIN_ALIGN: usize = 8, B: Backing = DefaultBacking> {
    /// Never dropped: its blocks belong to the claimed arena, or will.
    scratch: ManuallyDrop<Arena<MIN_ALIGN, B>>,
    /// Its cursor has not moved since the claim began. The scratch arena is rewound to it.
    claimed: &'a Arena<MIN_ALIGN, B>,
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Scratch memory in this arena, while values in it are borrowed.
    ///
    /// The claim dereferences to another arena, the *scratch arena*. It allocates behind the arena's values, in the
    /// same blocks. All that takes an `&'s Arena` takes it: containers, parsers, a pass that claims it in turn. `'s` is
    /// a borrow of the claim. Values, containers and their results in the scratch arena live for `'s`. Dropping the
    /// claim frees them, and so does [`Claim::reset`].
    ///
    /// ```
    /// use region::Arena;
    ///
    /// struct Node<'t> { value: u32, children: &'t [Node<'t>] }
    ///
    /// /// The greatest sum of a path from the root; what it needs for that is gone when it returns.
    /// fn heaviest(node: &Node, arena: &Arena) -> u32 {
    ///     let scratch = arena.claim();
    ///     let below = scratch.alloc_slice_fill_iter(node.children.iter().map(|child| heaviest(child, &scratch)));
    ///     node.value + below.iter().max().unwrap_or(&0)
    /// }
    ///
    /// let arena = Arena::new();
    /// let leaves = arena.alloc_slice_fill_with(3, |i| Node { value: i as u32, children: &[] });
    /// let tree = arena.alloc(Node { value: 40, children: leaves });
    /// let used = arena.used();
    /// assert_eq!(heaviest(tree, &arena), 42);                     // the tree is borrowed all the time
    /// assert_eq!(arena.used(), used);
    /// ```
    ///
    /// *While it is claimed* the arena refuses: allocations through it panic, or report [`AllocReason::Claimed`], and
    /// so does a second claim. Only values without bytes are served. The arena's values can be read and written.
    /// Containers that were made in it before work within their capacity and cannot grow beyond it; what they give back
    /// when they shrink or are dropped waits for the arena's reset. [`used`](Self::used) and the other numbers are what
    /// they were when the claim began; the scratch arena knows the present ones. [`rewind`](Self::rewind) does nothing.
    ///
    /// *Closures* that the arena calls to make a value ([`alloc_with`](Self::alloc_with), iterators, `Display`) may
    /// claim it. The value's memory is taken before the closure runs, and lies before the claim's.
    ///
    /// *Limit*: the scratch arena begins with the arena's limit. A limit that is set on it ends with it.
    ///
    /// *Panics*: a panic drops the claim, which ends it as usual.
    ///
    /// *Leaks*: a claim that is leaked (`mem::forget`) never ends. The arena refuses until it is [reset](Self::reset),
    /// and then begins with new memory. Its old blocks are lost: their bytes are not used again before the backing is
    /// dropped, and mapped blocks stay mapped. So no reference dangles.
    ///
    /// *Threads*: a claim stays in its arena's thread. *Fork*: the child has its own copy of both. *Cost*: constant and
    /// without a system call to begin and to end, plus one step for each block that was entered in between.
    ///
    /// # Panics
    /// When the arena is claimed; [`try_claim`](Self::try_claim) says so instead.
    ///
    /// ```should_panic
    /// let arena = region::Arena::new();
    /// let scratch = arena.claim();
    /// arena.alloc(1);                 // "cannot allocate 4 bytes: the arena is claimed; ..."
    /// # drop(scratch);
    /// ```
    #[inline]
    #[track_caller]
    pub fn claim(&self) -> Claim<'_, MIN_ALIGN, B> {
        if self.is_claimed() {
            refuse(self.why_claimed());
        }
        self.begin_claim()
    }

    /// As [`claim`](Self::claim).
    ///
    /// # Errors
    /// When the arena is claimed ([`AllocReason::Claimed`]).
    #[inline]
    pub fn try_claim(&self) -> Result<Claim<'_, MIN_ALIGN, B>, AllocError> {
        match self.is_claimed() {
            true => Err(AllocError::new(0, self.why_claimed())),
            false => Ok(self.begin_claim()),
        }
    }

    /// Runs `f` with a scratch arena and frees what it allocated, also when it panics. The rules of
    /// [`claim`](Self::claim) hold meanwhile.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let names = [arena.alloc_str("b"), arena.alloc_str("a")];
    /// let first = arena.claimed(|scratch| {
    ///     let sorted = scratch.alloc_slice_fill_iter(names.iter().map(|name| &**name));
    ///     sorted.sort_unstable();
    ///     sorted[0]                                               // the name is the arena's, the slice is gone
    /// });
    /// assert_eq!((first, arena.used()), ("a", 16));
    /// ```
    ///
    /// # Panics
    /// When the arena is claimed.
    #[inline]
    #[track_caller]
    pub fn claimed<R>(&self, f: impl FnOnce(&Self) -> R) -> R {
        f(&self.claim())
    }

    /// Copies the state into a claim.
    #[inline(always)]
    fn begin_claim(&self) -> Claim<'_, MIN_ALIGN, B> {
        // SAFETY: the scratch arena is used through borrows of the claim only, and the claim borrows this arena for
        // longer. So the arena does not move meanwhile and is only shared. If it is a scratch arena itself, the same
        // holds for the arena that it borrows the backing from.
        let supply = unsafe { self.supply.borrow() };
        // Volatile, so that it is a load of its own: each claim stores `end`, and one load of both `end` and `cur`
        // would wait until that store has reached the cache. Together with the stores that `end_claim` leaves out, a
        // claim of one node takes 11.5 ns instead of 18.
        // SAFETY: the cell is this arena's.
        let end = unsafe { self.end.as_ptr().read_volatile() };
        let scratch = Arena {
            cur: self.cur.clone(),
            end: Cell::new(end),
            base: self.base.clone(),
            block: self.block.clone(),
            link: self.link.clone(),
            spare: self.spare.clone(),
            limit_complement: self.limit_complement.clone(),
            peak: self.peak.clone(),
            noted: self.noted.clone(),
            #[cfg(debug_assertions)]
            wasted: self.wasted.clone(),
            supply,
        };
        self.end.set(self.cur.get());
        self.supply.set_claimed(true);
        Claim { scratch: ManuallyDrop::new(scratch), claimed: self }
    }

    /// Takes over the changes of a scratch arena that was rewound to this arena's cursor.
    ///
    /// Words that have not changed are not stored: the next claim loads several words as one, and would wait for a
    /// store of one of them.
    #[inline(always)]
    fn end_claim(&self, scratch: &Self) {
        // SAFETY: the cells are these arenas', and nothing that is called here looks at them.
        match unsafe { (&mut *self.block.as_ptr(), &*scratch.block.as_ptr()) } {
            // The block is the same.
            (Some(ours), Some(theirs)) => {
                if (ours.ready, ours.dirty, ours.tag) != (theirs.ready, theirs.dirty, theirs.tag) {
                    (ours.ready, ours.dirty, ours.tag) = (theirs.ready, theirs.dirty, theirs.tag);
                }
            }
            // The claim has entered the first block.
            (ours @ None, theirs) => {
                *ours = *theirs;
                self.base.set(scratch.base.get());
                self.cur.set(scratch.cur.get());
            }
            (Some(_), None) => {}
        }
        if self.spare.get() != scratch.spare.get() {
            self.spare.set(scratch.spare.get());
        }
        if self.peak.get() != scratch.peak.get() {
            self.peak.set(scratch.peak.get());
        }
        self.end.set(scratch.end.get());
        self.supply.set_claimed(false);
        if self.limit_complement.get() != scratch.limit_complement.get() {
            self.set_end();
        } else if self.noted.get() != scratch.noted.get() {
            self.noted.set(scratch.noted.get());
        }
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Scope<'_, MIN_ALIGN, B> {
    /// As [`Arena::claim`]: scratch memory inside the scope, while containers in it borrow it. A scope inside this one
    /// waits until the claim is dropped.
    ///
    /// # Panics
    /// When the scope is claimed.
    #[inline]
    #[track_caller]
    pub fn claim(&self) -> Claim<'_, MIN_ALIGN, B> {
        self.as_arena().claim()
    }

    /// As [`claim`](Self::claim).
    ///
    /// # Errors
    /// When the scope is claimed ([`AllocReason::Claimed`]).
    #[inline]
    pub fn try_claim(&self) -> Result<Claim<'_, MIN_ALIGN, B>, AllocError> {
        self.as_arena().try_claim()
    }

    /// As [`Arena::claimed`].
    ///
    /// # Panics
    /// When the scope is claimed.
    #[inline]
    #[track_caller]
    pub fn claimed<R>(&self, f: impl FnOnce(&Arena<MIN_ALIGN, B>) -> R) -> R {
        self.as_arena().claimed(f)
    }
}

/// A second claim.
#[cold]
#[inline(never)]
#[track_caller]
fn refuse(why: AllocReason) -> ! {
    panic!("{}", AllocError::new(0, why))
}

impl<const MIN_ALIGN: usize, B: Backing> Claim<'_, MIN_ALIGN, B> {
    /// The scratch arena as a scope, for functions that take one. Values live as long as this borrow of the claim.
    #[inline]
    pub fn scope(&mut self) -> Scope<'_, MIN_ALIGN, B> {
        Scope::over(&self.scratch)
    }

    /// Frees what was allocated in the scratch arena so far, and goes on.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let mut scratch = arena.claim();
    /// for line in ["one two", "three"] {
    ///     let words = scratch.alloc_slice_fill_iter(line.split(' '));
    ///     assert!(words.len() <= 2);
    ///     scratch.reset();
    /// }
    /// assert_eq!(scratch.used(), 0);
    /// ```
    #[inline]
    pub fn reset(&mut self) {
        // SAFETY: the claimed arena's cursor is where the scratch arena began. Values of the scratch arena borrow the
        // claim, which is borrowed mutably now, so none is in use, and no claim of the scratch arena is alive. Values
        // before the mark were not given back or made shorter: the claimed arena gives nothing back, and the scratch
        // arena only what it handed out itself.
        unsafe { self.scratch.rewind(self.claimed.mark()) };
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Deref for Claim<'_, MIN_ALIGN, B> {
    type Target = Arena<MIN_ALIGN, B>;

    #[inline(always)]
    fn deref(&self) -> &Arena<MIN_ALIGN, B> {
        &self.scratch
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Drop for Claim<'_, MIN_ALIGN, B> {
    #[inline]
    fn drop(&mut self) {
        self.reset();
        // If a claim of the scratch arena was leaked, the blocks are lost with it, for the claimed arena, too.
        if !self.scratch.is_claimed() {
            self.claimed.end_claim(&self.scratch);
        }
    }
}

impl<const MIN_ALIGN: usize, B: Backing> fmt::Debug for Claim<'_, MIN_ALIGN, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claim").field(&*self.scratch).finish()
    }
}
