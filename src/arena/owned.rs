//! An arena and a value that refers into it, in one value that owns both.
//!
//! ```text
//!   Owned ──► slot                                  all of it in the arena's own memory, from its first block on
//!   one word   │ to the arena │ root │
//!                     │           └──► values, which refer to each other and to the arena
//!     first block     ▼
//!     │ the arena's words │ slot │ values …
//! ```
//!
//! The arena is moved into memory of its own before anything borrows it, and moved out again when nothing does. So it
//! stays where it is as long as there is a root, also when the owner moves: the owner is a pointer, and a move of it
//! says nothing about what it leads to. The root lies in raw memory, and no `&'static` and no `Of<'static>` is ever
//! made of it. Its lifetime is some `'a` that callers' code cannot name (`for<'a>`), so nothing of it gets out and
//! nothing shorter gets in. What is read is shortened to the borrow of the owner, which is what covariance is for.
//!
//! Owners of this kind were unsound again and again. What broke them, and what is refused here, is in `tests/owned.rs`
//! and `tests/compile_fail/owned_*.rs`, by the cause.

use super::backing::Backing;
use super::{Arena, DefaultBacking};
use crate::error::AllocOrInitError;
use crate::error::failure::{Failure, Panic, Report};
use core::alloc::Layout;
use core::convert::Infallible;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

/// What an [`Owned`] has as its root: a type with a lifetime, by the name of a type without one. Made by
/// [`root!`](crate::root).
///
/// # Safety
/// `Of` is covariant: an `Of<'long>` may be used as an `Of<'short>` wherever `'long` outlives `'short`. `shorten`
/// returns its argument, which compiles if that is so, and does nothing else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no type that an `Owned` can have as its root",
    note = "`region::root!` makes such a name: `region::root! {{ pub struct Tree = for<'a> &'a Node<'a>; }}`"
)]
pub unsafe trait Root: 'static {
    /// The root's type, with the lifetime of the arena's content.
    type Of<'a>;

    /// The proof. Between pointers to functions the compiler accepts a subtype and applies no coercion, of which some
    /// change a lifetime that is not covariant (`Box<dyn Trait + 'long>` to `Box<dyn Trait + 'short>`).
    #[doc(hidden)]
    fn shorten<'short, 'long: 'short>(long: fn() -> Self::Of<'long>) -> fn() -> Self::Of<'short>;
}

/// Names a type with a lifetime, so that an [`Owned`] can have it as its root.
///
/// ```
/// use region::Owned;
///
/// /// A list of words, and the longest.
/// struct Words<'a> { all: &'a [&'a str], longest: &'a str }
///
/// region::root! {
///     /// The name; it has no values.
///     struct WordsRoot = for<'a> Words<'a>;
/// }
///
/// let words: Owned<WordsRoot> = Owned::new(|arena| {
///     let text = &*arena.alloc_str("to be or not");
///     let all = &*arena.alloc_slice_fill_iter(text.split(' '));
///     Words { all, longest: all.iter().max_by_key(|word| word.len()).unwrap_or(&"") }
/// });
/// assert_eq!((words.get().all.len(), words.get().longest), (4, "not"));
/// ```
///
/// A closure that makes a root returns just this type: `&*arena.alloc(node)`, where `arena.alloc(node)` is a `&mut Node`.
///
/// The type must be covariant in the lifetime: it may hold `&'a T`, boxes, slices, vectors without interior mutability
/// of `'a`. With a `Cell<&'a T>` or a `&'a mut &'a T` in it the macro does not compile:
///
/// ```compile_fail
/// region::root! { struct Tree = for<'a> &'a std::cell::Cell<Option<&'a u32>>; }
/// ```
#[macro_export]
macro_rules! root {
    ($(#[$attribute:meta])* $visible:vis struct $name:ident = for<$life:lifetime> $of:ty;) => {
        $(#[$attribute])*
        $visible enum $name {}

        // SAFETY: `shorten` compiles, and it can return its argument only if the type is covariant. The type stands
        // here once, so that a macro in its place cannot give one type for the proof and another for the use.
        unsafe impl $crate::arena::Root for $name {
            type Of<$life> = $of;

            fn shorten<'short, 'long: 'short>(long: fn() -> Self::Of<'long>) -> fn() -> Self::Of<'short> {
                long
            }
        }
    };
}

/// An [`Arena`] and a value that refers into it, in one word: a tree that can be returned, stored, sent to another
/// thread, and is freed as a whole.
///
/// ```
/// use region::{Arena, Owned};
///
/// enum Expr<'a> { Number(i64), Add(&'a Expr<'a>, &'a Expr<'a>) }
///
/// region::root! { struct Parsed = for<'a> &'a Expr<'a>; }
///
/// fn parse<'a>(text: &str, arena: &'a Arena) -> Result<&'a Expr<'a>, std::num::ParseIntError> {
///     Ok(match text.split_once('+') {
///         None => arena.alloc(Expr::Number(text.trim().parse()?)),
///         Some((left, right)) => arena.alloc(Expr::Add(parse(left, arena)?, parse(right, arena)?)),
///     })
/// }
///
/// fn value(expr: &Expr) -> i64 {
///     match expr { Expr::Number(number) => *number, Expr::Add(left, right) => value(left) + value(right) }
/// }
///
/// // No lifetime: the arena goes where the tree goes.
/// fn read(text: &str) -> Option<Owned<Parsed>> {
///     Owned::try_new(|arena| parse(text, arena)).ok()
/// }
///
/// let tree = read("1 + 2 + 39").unwrap();
/// assert_eq!(std::thread::spawn(move || value(tree.get())).join().unwrap(), 42);
/// assert!(read("1 + x").is_none());                           // the arena is gone
/// assert_eq!(size_of::<Option<Owned<Parsed>>>(), size_of::<usize>());
/// ```
///
/// `R` names the root's type ([`root!`](crate::root)); the arena's parameters are those of [`Arena`].
///
/// *Text* that the tree refers to is copied or read into the arena ([`Arena::alloc_str`], `Arena::alloc_file_str`):
/// what is outside of it cannot be referred to, unless for ever.
///
/// *Drop*: the root is dropped, then the arena with all that is in it; other values in the arena are not dropped, as
/// always. A panic in a closure, or of the root's drop, leaves no memory behind.
///
/// *Handed over*: [`Arena::adopt`] moves all of it into another arena, without a copy, and gives the root for as long
/// as that one is borrowed.
///
/// *Threads*: `Send` if the root is, and the arena's backing; `Sync` if the root is. A root with an `&'a Arena` in it
/// is neither. *Memory*: the arena's words, a pointer and the root lie at the start of the arena; a mark made before
/// cannot be rewound to. *Cost*: that of an arena with one more value, moved twice.
pub struct Owned<R: Root, const MIN_ALIGN: usize = 8, B: Backing + 'static = DefaultBacking> {
    /// Leads to a [`Slot`], by its first field.
    ///
    /// # Invariants
    /// - That field leads to the arena, which lies in memory of its own, and borrowed by nothing but the root and what
    ///   the root leads to. Nobody else has it.
    /// - Behind it is the root, an `R::Of<'a>` for an `'a` in which the arena stays where it is.
    slot: NonNull<NonNull<Arena<MIN_ALIGN, B>>>,
    /// Invariant: a subtype of `R`, if there is one, may name another root.
    root: PhantomData<fn(R) -> R>,
}

/// What an owner leads to.
#[repr(C)]
struct Slot<T, const MIN_ALIGN: usize, B: Backing> {
    arena: NonNull<Arena<MIN_ALIGN, B>>,
    root: MaybeUninit<T>,
}

/// What a new owner allocates: its arena, and the first slot.
#[repr(C)]
struct Placed<T, const MIN_ALIGN: usize, B: Backing> {
    arena: MaybeUninit<Arena<MIN_ALIGN, B>>,
    slot: Slot<T, MIN_ALIGN, B>,
}

// SAFETY: an owner is all that has its arena and its root, and what the root leads to can be reached by the root alone.
// So they go to the other thread together. A reference to the arena that stayed behind would be in the root, and is not
// `Send`, as arenas are not `Sync`.
unsafe impl<R: Root, const MIN_ALIGN: usize, B: Backing + Send> Send for Owned<R, MIN_ALIGN, B> where
    for<'a> R::Of<'a>: Send
{
}
// SAFETY: behind a shared owner there are shared references to the root, and nothing of the arena.
unsafe impl<R: Root, const MIN_ALIGN: usize, B: Backing> Sync for Owned<R, MIN_ALIGN, B> where for<'a> R::Of<'a>: Sync {}

// An arena is whole after a panic, so an owner is if its root is.
impl<R: Root, const MIN_ALIGN: usize, B: Backing + 'static> UnwindSafe for Owned<R, MIN_ALIGN, B> where
    for<'a> R::Of<'a>: UnwindSafe
{
}
impl<R: Root, const MIN_ALIGN: usize, B: Backing> RefUnwindSafe for Owned<R, MIN_ALIGN, B> where
    for<'a> R::Of<'a>: RefUnwindSafe
{
}

/// Moves an arena word by word. Some of its words were just stored, and a wider load would wait until they have reached
/// the cache. `small` has the life of an owner.
///
/// # Safety
/// An arena is at `from`, and is not used there afterwards; `to` has memory for it, elsewhere.
#[inline(always)]
unsafe fn move_arena<const MIN_ALIGN: usize, B: Backing>(
    from: *const Arena<MIN_ALIGN, B>,
    to: *mut Arena<MIN_ALIGN, B>,
) {
    // A word of any content: with a part of a pointer, of padding, of nothing.
    type Word = MaybeUninit<usize>;
    const { assert!(align_of::<Arena<MIN_ALIGN, B>>() >= align_of::<Word>()) };
    const { assert!(size_of::<Arena<MIN_ALIGN, B>>() % size_of::<Word>() == 0) };
    for at in 0..size_of::<Arena<MIN_ALIGN, B>>() / size_of::<Word>() {
        // SAFETY: both have so many words, aligned. The loads are volatile so that they stay apart.
        unsafe { to.cast::<Word>().add(at).write(from.cast::<Word>().add(at).read_volatile()) };
    }
}

/// An arena in memory of its own. Its drop moves the arena out of that memory, and then drops it.
struct InPlace<const MIN_ALIGN: usize, B: Backing>(NonNull<Arena<MIN_ALIGN, B>>);

impl<const MIN_ALIGN: usize, B: Backing> InPlace<MIN_ALIGN, B> {
    /// Moves the arena out.
    fn take(self) -> Arena<MIN_ALIGN, B> {
        let at = ManuallyDrop::new(self).0;
        // SAFETY: the arena is there, whoever makes an `InPlace` says so, and it is given up without its drop.
        unsafe { at.read() }
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Drop for InPlace<MIN_ALIGN, B> {
    #[inline]
    fn drop(&mut self) {
        let mut out = MaybeUninit::<Arena<MIN_ALIGN, B>>::uninit();
        // SAFETY: the arena is there, and nothing refers to it any more: the root is gone. It is moved out and dropped
        // once. Dropped where it lies, it would free the memory that its own `&mut self` points to.
        unsafe {
            move_arena(self.0.as_ptr(), out.as_mut_ptr());
            out.assume_init_drop();
        }
    }
}

#[cfg(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc"))]
impl<R: Root> Owned<R> {
    /// A new arena, and the root that `make` builds in it.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// region::root! { struct Name = for<'a> &'a str; }
    ///
    /// let name = region::Owned::<Name>::new(|arena| &*arena.alloc_str("Ada"));
    /// assert_eq!(*name.get(), "Ada");
    /// ```
    #[inline]
    #[track_caller]
    pub fn new(make: impl for<'a> FnOnce(&'a Arena) -> R::Of<'a>) -> Self {
        Self::new_in(Arena::new(), make)
    }

    /// As [`new`](Self::new), with a `make` that may fail.
    ///
    /// # Errors
    /// `Alloc` when memory for the owner's own words cannot be had (`make` is not called then), `Init` with what `make`
    /// says when it fails. In both cases the arena is gone.
    #[inline]
    pub fn try_new<E>(
        make: impl for<'a> FnOnce(&'a Arena) -> Result<R::Of<'a>, E>,
    ) -> Result<Self, AllocOrInitError<E>> {
        Self::try_new_in(Arena::new(), make)
    }
}

impl<R: Root, const MIN_ALIGN: usize, B: Backing + 'static> Owned<R, MIN_ALIGN, B> {
    /// As `new`, in an arena of the caller's: one with a capacity, a limit, another backing.
    ///
    /// What the arena holds already stays in it, unused, until the owner is dropped.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// use region::{Arena, Owned};
    /// region::root! { struct Squares = for<'a> &'a [u64]; }
    ///
    /// let squares: Owned<Squares> = Owned::new_in(Arena::with_capacity(1 << 20), |arena| {
    ///     &*arena.alloc_slice_fill_iter((0..1000).map(|i| i * i))
    /// });
    /// assert_eq!(squares.get()[30], 900);
    /// ```
    #[inline]
    #[track_caller]
    pub fn new_in(arena: Arena<MIN_ALIGN, B>, make: impl for<'a> FnOnce(&'a Arena<MIN_ALIGN, B>) -> R::Of<'a>) -> Self {
        let Ok(owned) = Panic::unwrap(Self::make::<Panic, Infallible>(arena, |arena| Ok(make(arena))));
        owned
    }

    /// As [`new_in`](Self::new_in), with a `make` that may fail.
    ///
    /// # Errors
    /// As `try_new`.
    #[inline]
    pub fn try_new_in<E>(
        arena: Arena<MIN_ALIGN, B>,
        make: impl for<'a> FnOnce(&'a Arena<MIN_ALIGN, B>) -> Result<R::Of<'a>, E>,
    ) -> Result<Self, AllocOrInitError<E>> {
        AllocOrInitError::flatten(Self::make::<Report, E>(arena, make))
    }

    #[inline]
    #[track_caller]
    fn make<F: Failure, E>(
        arena: Arena<MIN_ALIGN, B>,
        make: impl for<'a> FnOnce(&'a Arena<MIN_ALIGN, B>) -> Result<R::Of<'a>, E>,
    ) -> Result<Result<Self, E>, F::Error> {
        // The layout does not depend on the lifetime.
        let placed = arena.take_known::<F>(Layout::new::<Placed<R::Of<'static>, MIN_ALIGN, B>>())?;
        let placed = placed.cast::<Placed<R::Of<'static>, MIN_ALIGN, B>>().as_ptr();
        // SAFETY: the arena gave this memory for a `Placed`, to us alone; both fields lie in it, and so are not null.
        // The arena is moved into it while nothing borrows it.
        let (arena, slot) = unsafe {
            let arena = ManuallyDrop::new(arena);
            move_arena(&raw const *arena, (&raw mut (*placed).arena).cast());
            (NonNull::new_unchecked(&raw mut (*placed).arena).cast(), NonNull::new_unchecked(&raw mut (*placed).slot))
        };
        Ok(Self::fill(InPlace(arena), slot.cast(), make))
    }

    /// Makes a root and puts it into a slot that is long enough for it and has none.
    #[inline]
    fn fill<E>(
        arena: InPlace<MIN_ALIGN, B>,
        slot: NonNull<NonNull<Arena<MIN_ALIGN, B>>>,
        make: impl for<'a> FnOnce(&'a Arena<MIN_ALIGN, B>) -> Result<R::Of<'a>, E>,
    ) -> Result<Self, E> {
        // SAFETY: the arena is in place, and stays there until the root is gone: if `make` fails or panics, until
        // here, and else as the owner's invariants say. `make` is for any lifetime, so it keeps nothing of this one but
        // in the root.
        let root = make(unsafe { arena.0.as_ref() })?;
        let owned = Owned { slot, root: PhantomData };
        // SAFETY: the slot is in the arena's memory, long enough for this root, and nothing else is in it.
        unsafe {
            slot.write(arena.0);
            owned.root().write(root);
        }
        core::mem::forget(arena);
        Ok(owned)
    }

    /// Where the root is.
    #[inline(always)]
    pub(super) fn root<'a>(&self) -> NonNull<R::Of<'a>> {
        let slot: *mut Slot<R::Of<'a>, MIN_ALIGN, B> = self.slot.as_ptr().cast();
        // SAFETY: the pointer leads to such a slot (the invariants), so this one leads into it and is not null.
        unsafe { NonNull::new_unchecked((&raw mut (*slot).root).cast()) }
    }

    /// Where the arena is.
    #[inline(always)]
    pub(super) fn arena(&self) -> NonNull<Arena<MIN_ALIGN, B>> {
        // SAFETY: the first field of the slot, which leads to the arena (the invariants).
        unsafe { self.slot.read() }
    }

    /// The root, for as long as the owner is borrowed.
    #[inline(always)]
    pub fn get(&self) -> &R::Of<'_> {
        // SAFETY: the root is there (the invariants), an `Of<'a>` for an `'a` that the borrow of the owner is a part
        // of, since the owner neither changes nor is dropped meanwhile. `Of` is covariant, so it may be used as an `Of`
        // of this shorter lifetime.
        unsafe { self.root().as_ref() }
    }

    /// Changes the root, and builds more in the arena. Returns what `change` does, which cannot be of the arena.
    ///
    /// ```
    /// region::root! { struct Names = for<'a> Vec<&'a str>; }
    ///
    /// let mut names = region::Owned::<Names>::new(|_| Vec::new());
    /// for name in ["Ada", "Grace"] {
    ///     names.with_mut(|names, arena| names.push(arena.alloc_str(name)));
    /// }
    /// assert_eq!(names.get(), &["Ada", "Grace"]);
    /// ```
    #[inline]
    pub fn with_mut<T>(&mut self, change: impl for<'a> FnOnce(&mut R::Of<'a>, &'a Arena<MIN_ALIGN, B>) -> T) -> T {
        // SAFETY: both are there (the invariants), and the owner is borrowed mutably, so nothing else refers to the root
        // itself. `change` is for any lifetime of the content, so it puts nothing into the root that lives for less, and
        // keeps nothing. The two are apart: the root is not a part of the arena's words.
        unsafe { change(self.root().as_mut(), self.arena().as_ref()) }
    }

    /// Another root over the same arena, made of this one: a part of it, or what a pass makes of it.
    ///
    /// The new root takes the memory of the old one, or is one more value in the arena if it is larger.
    ///
    /// # Panics
    /// When memory for a larger root cannot be had.
    ///
    /// ```
    /// use region::Owned;
    /// region::root! { struct Lines = for<'a> &'a [&'a str]; }
    /// region::root! { struct Line = for<'a> &'a str; }
    ///
    /// let lines: Owned<Lines> = Owned::new(|arena| {
    ///     let text = &*arena.alloc_str("one\ntwo");
    ///     &*arena.alloc_slice_fill_iter(text.lines())
    /// });
    /// let last: Owned<Line> = lines.map(|lines, _| lines[lines.len() - 1]);
    /// assert_eq!(*last.get(), "two");
    /// ```
    #[inline]
    #[track_caller]
    pub fn map<S: Root>(
        self,
        make: impl for<'a> FnOnce(R::Of<'a>, &'a Arena<MIN_ALIGN, B>) -> S::Of<'a>,
    ) -> Owned<S, MIN_ALIGN, B> {
        let Ok(owned) = Panic::unwrap(self.remake::<Panic, S, Infallible>(|root, arena| Ok(make(root, arena))));
        owned
    }

    /// As [`map`](Self::map), with a `make` that may fail.
    ///
    /// # Errors
    /// `Alloc` when memory for a larger root cannot be had (`make` is not called then), `Init` with what `make` says
    /// when it fails. In both cases the owner is dropped, with its arena.
    #[inline]
    pub fn try_map<S: Root, E>(
        self,
        make: impl for<'a> FnOnce(R::Of<'a>, &'a Arena<MIN_ALIGN, B>) -> Result<S::Of<'a>, E>,
    ) -> Result<Owned<S, MIN_ALIGN, B>, AllocOrInitError<E>> {
        AllocOrInitError::flatten(self.remake::<Report, S, E>(make))
    }

    #[inline]
    #[track_caller]
    fn remake<F: Failure, S: Root, E>(
        self,
        make: impl for<'a> FnOnce(R::Of<'a>, &'a Arena<MIN_ALIGN, B>) -> Result<S::Of<'a>, E>,
    ) -> Result<Result<Owned<S, MIN_ALIGN, B>, E>, F::Error> {
        let (old, new) =
            (Layout::new::<Slot<R::Of<'static>, MIN_ALIGN, B>>(), Layout::new::<Slot<S::Of<'static>, MIN_ALIGN, B>>());
        let slot = if new.size() <= old.size() && new.align() <= old.align() {
            self.slot
        } else {
            // SAFETY: the arena is there (the invariants).
            unsafe { self.arena().as_ref() }.take_known::<F>(new)?.cast()
        };
        let this = ManuallyDrop::new(self);
        // From here on the owner is this value and the root.
        let arena = InPlace(this.arena());
        Ok(Owned::<S, MIN_ALIGN, B>::fill(arena, slot, |arena| {
            // SAFETY: the root is there (the invariants), for the lifetime of this reference to the arena as well: both
            // end when the arena leaves its place. The owner is given up, so the root is read once.
            make(unsafe { this.root().read() }, arena)
        }))
    }

    /// The arena, [reset](Arena::reset): the root is dropped, and the memory is kept for the next values.
    ///
    /// ```
    /// region::root! { struct Name = for<'a> &'a str; }
    ///
    /// let name = region::Owned::<Name>::new(|arena| &*arena.alloc_str("Ada"));
    /// let arena = name.into_arena();
    /// assert_eq!(arena.used(), 0);
    /// assert!(arena.committed() > 0);                             // ready for the next
    /// ```
    pub fn into_arena(self) -> Arena<MIN_ALIGN, B> {
        let this = ManuallyDrop::new(self);
        let arena = InPlace(this.arena());
        // SAFETY: the root is there (the invariants), and the owner is given up, so it is dropped once, before the arena
        // leaves its place. If its drop panics, the arena is dropped after it.
        unsafe { this.root().drop_in_place() };
        let mut arena = arena.take();
        arena.reset();
        arena
    }
}

impl<R: Root, const MIN_ALIGN: usize, B: Backing + 'static> Drop for Owned<R, MIN_ALIGN, B> {
    #[inline]
    fn drop(&mut self) {
        // Dropped at the end, also when the root's drop panics.
        let _arena = InPlace(self.arena());
        // SAFETY: the root is there (the invariants), and dropped once, while the arena is in place.
        unsafe { self.root().drop_in_place() };
    }
}

impl<R: Root, const MIN_ALIGN: usize, B: Backing + 'static> fmt::Debug for Owned<R, MIN_ALIGN, B>
where
    for<'a> R::Of<'a>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Owned").field(self.get()).finish()
    }
}
