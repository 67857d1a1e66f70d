//! An [`Owned`] handed over to another arena: its blocks move onto that arena's stack, and not a byte of them is
//! copied.
//!
//! What becomes of the blocks is in `blocks`. Here is what makes it sound. A root may refer to the arena that it was
//! built in, which lies in the first of these blocks. That arena stays there, empty, and refuses as one whose claim was
//! leaked: nothing would ever give back what it took. So references to it stay good as long as the blocks do.
//!
//! An arena that is not owned has no references into it when it is moved, and so nothing that would be worth handing
//! over.

use super::backing::Backing;
use super::{Arena, DefaultBacking, Owned, Root, Scope};
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic};
use core::fmt;
use core::mem::ManuallyDrop;

impl<const MIN_ALIGN: usize, B: Backing + 'static> Arena<MIN_ALIGN, B> {
    /// Takes over all that an owner has, and gives its root: from now on that lives as long as this arena's values do.
    /// Nothing is copied, moved in memory or touched.
    ///
    /// ```
    /// use region::{Arena, Owned};
    ///
    /// struct Node<'a> { text: &'a str, next: Option<&'a Node<'a>> }
    /// region::root! { struct List = for<'a> Option<&'a Node<'a>>; }
    ///
    /// /// A list of the words, in an arena of its own.
    /// fn read(words: &'static str) -> Owned<List> {
    ///     Owned::new(|arena| words.split(' ').fold(None, |next, word| {
    ///         Some(&*arena.alloc(Node { text: arena.alloc_str(word), next }))
    ///     }))
    /// }
    ///
    /// let workers = ["to be", "or not to be"].map(|words| std::thread::spawn(move || read(words)));
    /// let arena = Arena::new();
    /// let lists = workers.map(|worker| arena.adopt(worker.join().unwrap()));
    /// assert_eq!(lists.map(|list| list.unwrap().text), ["be", "be"]);
    /// // Two lists in one arena: they may refer to each other.
    /// let joined = arena.alloc(Node { text: "and", next: lists[0] });
    /// assert_eq!(joined.next.unwrap().next.unwrap().text, "to");
    /// ```
    ///
    /// *Lifetime*: the root and all that it refers to live as long as this borrow of the arena, as a value would that
    /// is allocated now. In a [scope](Self::scoped) or a [claim](Self::claim) they end with it, and a
    /// [reset](Self::reset) frees them.
    ///
    /// *Drop*: the root is the caller's, by value; other values in the arena are not dropped, as always.
    ///
    /// *The arena that the owner had* is empty, and refuses: a container in the root that allocates by itself, as `Vec`
    /// of [`collections`](crate::collections) does, works within its capacity and cannot grow
    /// ([`AllocReason::Adopted`](crate::error::AllocReason::Adopted)). Its limit and its [`Backing`] are gone; the
    /// backing's drop is not run.
    ///
    /// *Numbers*: [`used`](Self::used) and all others, and the limit, count what was adopted, and a link of up to 80
    /// bytes with what aligns it to 16. This arena goes on in the newest block of the adopted one; what was free in its
    /// own waits for the next reset or rewind. So adopt what is some pages long, and copy what is shorter.
    ///
    /// *Cost*: constant and no system call, plus a step for each block.
    ///
    /// # Panics
    /// When the blocks cannot move, as [`try_adopt`](Self::try_adopt) says.
    #[inline]
    #[track_caller]
    pub fn adopt<R: Root>(&self, owned: Owned<R, MIN_ALIGN, B>) -> R::Of<'_> {
        Panic::unwrap(Panic::check(self.try_adopt(owned).map_err(|refused| refused.error)))
    }

    /// As [`adopt`](Self::adopt).
    ///
    /// # Errors
    /// When they cannot move: the memory is a buffer's, a region's or a file's, or this arena has one reservation, or it
    /// alone is paranoid ([`AllocReason::Bound`](crate::error::AllocReason::Bound); [`Backing::adopts`] says it of
    /// other backings); when this arena's limit would be passed; when either arena is claimed; when there is no memory
    /// for the link. The error has the owner, as it was.
    ///
    /// ```
    /// region::root! { struct Numbers = for<'a> &'a [u32]; }
    ///
    /// let numbers = region::Owned::<Numbers>::new(|arena| &*arena.alloc_slice_fill_iter(0..1000));
    /// let small = region::Arena::new();
    /// small.set_limit(1000);
    /// let refused = small.try_adopt(numbers).unwrap_err();
    /// assert!(refused.to_string().contains("the arena's limit is 1000 bytes"));
    /// assert_eq!(refused.into_owned().get().len(), 1000);
    /// ```
    pub fn try_adopt<R: Root>(&self, owned: Owned<R, MIN_ALIGN, B>) -> Result<R::Of<'_>, AdoptError<R, MIN_ALIGN, B>> {
        let arena = owned.arena();
        // SAFETY: the owner's arena is where this leads (the invariants of `Owned`), and it is only shared: by the root
        // and what that leads to, and here. Its words are cells.
        let from = unsafe { arena.as_ref() };
        if let Err(error) = self.absorb(from) {
            return Err(AdoptError { error, owned });
        }
        from.supply.set_adopted();
        let owned = ManuallyDrop::new(owned);
        // SAFETY: the root is there (the invariants of `Owned`), and read once: the owner is given up without a drop.
        // It is an `Of<'a>` for an `'a` in which the arena that it was built in stays where it is, with all that it
        // handed out. Both stay as long as this borrow of the new arena: their blocks are on its stack now, above all
        // that was handed out before, and are given back by what frees a value that is allocated now. The arena that it
        // was built in takes and gives nothing back any more. `Of` is covariant, so it may be used as an `Of` of this
        // lifetime.
        Ok(unsafe { owned.root().read() })
    }
}

impl<'s, const MIN_ALIGN: usize, B: Backing + 'static> Scope<'s, MIN_ALIGN, B> {
    /// As [`Arena::adopt`], for the time of the scope.
    ///
    /// # Panics
    /// As there.
    #[inline]
    #[track_caller]
    pub fn adopt<R: Root>(&self, owned: Owned<R, MIN_ALIGN, B>) -> R::Of<'s> {
        self.as_arena().adopt(owned)
    }

    /// As [`Arena::try_adopt`], for the time of the scope.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn try_adopt<R: Root>(&self, owned: Owned<R, MIN_ALIGN, B>) -> Result<R::Of<'s>, AdoptError<R, MIN_ALIGN, B>> {
        self.as_arena().try_adopt(owned)
    }
}

#[cfg(all(feature = "os", any(unix, windows)))]
impl<'pool, const MIN_ALIGN: usize> super::Member<'pool, MIN_ALIGN> {
    /// As [`Arena::adopt`], for as long as the pool lives.
    ///
    /// # Panics
    /// As there.
    #[inline]
    #[track_caller]
    pub fn adopt<R: Root>(&self, owned: Owned<R, MIN_ALIGN>) -> R::Of<'pool> {
        self.as_arena().adopt(owned)
    }

    /// As [`Arena::try_adopt`], for as long as the pool lives.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn try_adopt<R: Root>(&self, owned: Owned<R, MIN_ALIGN>) -> Result<R::Of<'pool>, AdoptError<R, MIN_ALIGN>> {
        self.as_arena().try_adopt(owned)
    }
}

/// Why an arena could not [adopt](Arena::try_adopt) what an owner has; and the owner, as it was.
pub struct AdoptError<R: Root, const MIN_ALIGN: usize = 8, B: Backing + 'static = DefaultBacking> {
    error: AllocError,
    owned: Owned<R, MIN_ALIGN, B>,
}

impl<R: Root, const MIN_ALIGN: usize, B: Backing + 'static> AdoptError<R, MIN_ALIGN, B> {
    /// Why: as many bytes as the owner's arena has in use were refused.
    pub fn error(&self) -> AllocError {
        self.error
    }

    /// The owner.
    pub fn into_owned(self) -> Owned<R, MIN_ALIGN, B> {
        self.owned
    }
}

impl<R: Root, const MIN_ALIGN: usize, B: Backing + 'static> fmt::Debug for AdoptError<R, MIN_ALIGN, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdoptError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<R: Root, const MIN_ALIGN: usize, B: Backing + 'static> fmt::Display for AdoptError<R, MIN_ALIGN, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<R: Root, const MIN_ALIGN: usize, B: Backing + 'static> core::error::Error for AdoptError<R, MIN_ALIGN, B> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.error.source()
    }
}
