//! Rewinding made safe by lifetimes: a scope's values cannot outlive it, and scopes nest.
//!
//! ```text
//!   guard = arena.scope_guard()        remembers a mark
//!     scope = guard.scope()            allocates for 's, which ends with the guard's borrow
//!       inner = scope.scope_guard()    the outer scope is borrowed while the inner one lives,
//!   drop(guard)                        so only the innermost allocates, and marks fall in order
//! ```

use super::blocks::Mark;
use super::{Arena, Backing, DefaultBacking, Zeroable};
use crate::error::{AllocError, AllocOrInitError};
use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

/// Frees what was allocated since it was made, when it is dropped. Made by [`Arena::scope_guard`].
///
/// ```
/// let mut arena = region::Arena::new();
/// {
///     let mut guard = arena.scope_guard();
///     let scope = guard.scope();
///     let word = scope.alloc_str("temporary");
///     assert_eq!(word, "temporary");
/// }
/// assert_eq!(arena.used(), 0);
/// ```
///
/// A guard that is leaked (`mem::forget`) frees nothing; the memory stays until a reset.
#[must_use = "the scope ends when the guard is dropped"]
pub struct ScopeGuard<'a, const MIN_ALIGN: usize = 8, B: Backing = DefaultBacking> {
    arena: &'a Arena<MIN_ALIGN, B>,
    mark: Mark,
}

impl<const MIN_ALIGN: usize, B: Backing> ScopeGuard<'_, MIN_ALIGN, B> {
    /// The scope to allocate in. Its values live as long as this borrow of the guard.
    pub fn scope(&mut self) -> Scope<'_, MIN_ALIGN, B> {
        Scope { arena: self.arena }
    }

    /// Frees what was allocated in the scope so far, and goes on.
    pub fn reset(&mut self) {
        // SAFETY: the mark is of this arena. Values of the scope borrow the guard, which is borrowed
        // mutably now, so none is in use. Whatever could rewind further (the arena, an outer scope) is
        // borrowed by this guard, and inner guards are gone or leaked without a rewind.
        unsafe { self.arena.rewind(self.mark) }
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Drop for ScopeGuard<'_, MIN_ALIGN, B> {
    fn drop(&mut self) {
        self.reset();
    }
}

/// An arena for the time of a scope: the methods of [`Arena`], with values that live for `'s`.
///
/// Values of an outer scope stay usable inside; allocating in the outer scope has to wait.
///
/// ```
/// let mut arena = region::Arena::new();
/// let total = arena.scoped(|mut outer| {
///     let kept = outer.alloc(40);
///     *kept += outer.scoped(|inner| *inner.alloc(2));         // the 2 is freed here
///     *kept
/// });
/// assert_eq!((total, arena.used()), (42, 0));
/// ```
pub struct Scope<'s, const MIN_ALIGN: usize = 8, B: Backing = DefaultBacking> {
    arena: &'s Arena<MIN_ALIGN, B>,
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Begins a scope that ends when the guard is dropped. Constant time, no system call; so is its end,
    /// but for a step per block that was entered since.
    pub fn scope_guard(&mut self) -> ScopeGuard<'_, MIN_ALIGN, B> {
        ScopeGuard { mark: self.mark(), arena: self }
    }

    /// Runs `f` in a scope of its own and frees what it allocated, also when it panics.
    pub fn scoped<R>(&mut self, f: impl for<'s> FnOnce(Scope<'s, MIN_ALIGN, B>) -> R) -> R {
        f(self.scope_guard().scope())
    }
}

impl<'s, const MIN_ALIGN: usize, B: Backing> Scope<'s, MIN_ALIGN, B> {
    /// Begins a scope inside this one, which waits until the guard is dropped.
    pub fn scope_guard(&mut self) -> ScopeGuard<'_, MIN_ALIGN, B> {
        ScopeGuard { arena: self.arena, mark: self.arena.mark() }
    }

    /// Runs `f` in a scope inside this one.
    pub fn scoped<R>(&mut self, f: impl for<'i> FnOnce(Scope<'i, MIN_ALIGN, B>) -> R) -> R {
        f(self.scope_guard().scope())
    }

    /// The arena, borrowed for all of the scope.
    ///
    /// A value lives as long as the borrow it is taken through, which here is `'s`: the arena is rewound
    /// only by guards that nobody can hold while `'s` lasts.
    #[inline(always)]
    pub(super) fn lent(&self) -> &'s Arena<MIN_ALIGN, B> {
        self.arena
    }

    /// Bytes used in the whole arena.
    pub fn used(&self) -> usize {
        self.arena.used()
    }
}

/// The allocating methods of [`Arena`], for a type that lends an arena for longer than its own borrow: `lent`
/// gives `&'life Arena`. `$span` says in words how long that is.
macro_rules! forward {
    ($life:lifetime, $span:literal, [$($header:tt)*]) => { $crate::arena::scope::forward_each! { $span, [$($header)*]
            alloc<T>(value: T) -> &$life mut T;
            try_alloc<T>(value: T) -> Result<&$life mut T, AllocError>;
            alloc_with<F: FnOnce() -> T, T>(f: F) -> &$life mut T;
            try_alloc_with<F: FnOnce() -> T, T>(f: F) -> Result<&$life mut T, AllocError>;
            alloc_try_with<F: FnOnce() -> Result<T, E>, T, E>(f: F) -> Result<&$life mut T, E>;
            try_alloc_try_with<F: FnOnce() -> Result<T, E>, T, E>(f: F) -> Result<&$life mut T, AllocOrInitError<E>>;
            alloc_layout(layout: Layout) -> NonNull<u8>;
            try_alloc_layout(layout: Layout) -> Result<NonNull<u8>, AllocError>;
            alloc_layout_zeroed(layout: Layout) -> NonNull<u8>;
            try_alloc_layout_zeroed(layout: Layout) -> Result<NonNull<u8>, AllocError>;
            alloc_slice_copy<T: Copy>(source: &[T]) -> &$life mut [T];
            try_alloc_slice_copy<T: Copy>(source: &[T]) -> Result<&$life mut [T], AllocError>;
            alloc_slice_clone<T: Clone>(source: &[T]) -> &$life mut [T];
            try_alloc_slice_clone<T: Clone>(source: &[T]) -> Result<&$life mut [T], AllocError>;
            alloc_slice_fill_with<T, F: FnMut(usize) -> T>(len: usize, f: F) -> &$life mut [T];
            try_alloc_slice_fill_with<T, F: FnMut(usize) -> T>(len: usize, f: F) -> Result<&$life mut [T], AllocError>;
            alloc_slice_try_fill_with<T, F: FnMut(usize) -> Result<T, E>, E>(len: usize, f: F) -> Result<&$life mut [T], E>;
            try_alloc_slice_try_fill_with<T, F: FnMut(usize) -> Result<T, E>, E>(len: usize, f: F)
                -> Result<&$life mut [T], AllocOrInitError<E>>;
            alloc_slice_fill_copy<T: Copy>(len: usize, value: T) -> &$life mut [T];
            try_alloc_slice_fill_copy<T: Copy>(len: usize, value: T) -> Result<&$life mut [T], AllocError>;
            alloc_slice_fill_clone<T: Clone>(len: usize, value: &T) -> &$life mut [T];
            try_alloc_slice_fill_clone<T: Clone>(len: usize, value: &T) -> Result<&$life mut [T], AllocError>;
            alloc_slice_fill_default<T: Default>(len: usize) -> &$life mut [T];
            try_alloc_slice_fill_default<T: Default>(len: usize) -> Result<&$life mut [T], AllocError>;
            alloc_slice_fill_iter<T, I: IntoIterator<Item = T>>(values: I) -> &$life mut [T];
            try_alloc_slice_fill_iter<T, I: IntoIterator<Item = T>>(values: I) -> Result<&$life mut [T], AllocError>;
            alloc_slice_try_fill_iter<T, I: IntoIterator<Item = Result<T, E>>, E>(values: I) -> Result<&$life mut [T], E>;
            try_alloc_slice_try_fill_iter<T, I: IntoIterator<Item = Result<T, E>>, E>(values: I)
                -> Result<&$life mut [T], AllocOrInitError<E>>;
            alloc_zeroed<T: Zeroable>() -> &$life mut T;
            try_alloc_zeroed<T: Zeroable>() -> Result<&$life mut T, AllocError>;
            alloc_slice_zeroed<T: Zeroable>(len: usize) -> &$life mut [T];
            try_alloc_slice_zeroed<T: Zeroable>(len: usize) -> Result<&$life mut [T], AllocError>;
            alloc_str(source: &str) -> &$life mut str;
            try_alloc_str(source: &str) -> Result<&$life mut str, AllocError>;
            alloc_fmt(arguments: fmt::Arguments<'_>) -> &$life mut str;
            try_alloc_fmt(arguments: fmt::Arguments<'_>) -> Result<&$life mut str, AllocError>;
    } };
}

/// The body of [`forward`], for the list there.
macro_rules! forward_each {
    ($span:literal, [$($header:tt)*]
        $($name:ident $(<$($param:ident $(: $bound:path)?),+>)? ($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        $($header)* { $(
            #[doc = concat!("As [`Arena::", stringify!($name), "`], ", $span, ".")]
            #[inline(always)]
            #[allow(clippy::mut_from_ref, clippy::missing_errors_doc)]
            pub fn $name $(<$($param $(: $bound)?),+>)? (&self, $($arg: $type),*) -> $result {
                self.lent().$name($($arg),*)
            }
        )* }
    };
}

#[cfg(all(feature = "os", unix, not(loom)))]
pub(super) use forward;
pub(super) use forward_each;

forward! {
    's, "for the time of the scope",
    [impl<'s, const MIN_ALIGN: usize, B: Backing> Scope<'s, MIN_ALIGN, B>]
}

impl<const MIN_ALIGN: usize, B: Backing> fmt::Debug for Scope<'_, MIN_ALIGN, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scope").field(self.arena).finish()
    }
}

impl<const MIN_ALIGN: usize, B: Backing> fmt::Debug for ScopeGuard<'_, MIN_ALIGN, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeGuard").field("arena", self.arena).field("mark", &self.mark).finish()
    }
}
