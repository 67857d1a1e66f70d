//! Rewinding made safe by lifetimes: a scope's values cannot outlive it, and scopes nest.
//!
//! ```text
//!   guard = arena.scope_guard()        remembers a mark
//!     scope = guard.scope()            allocates for 's, which ends with the guard's borrow
//!       inner = scope.scope_guard()    the outer scope is borrowed while the inner one lives,
//!   drop(guard)                        so only the innermost allocates, and marks are rewound in order
//! ```

use super::mark::Mark;
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
    #[inline]
    pub fn scope(&mut self) -> Scope<'_, MIN_ALIGN, B> {
        Scope { arena: self.arena }
    }

    /// Frees what was allocated in the scope so far, and goes on.
    #[inline]
    pub fn reset(&mut self) {
        // SAFETY: the mark is of this arena. Values of the scope borrow the guard, which is borrowed
        // mutably now, so none is in use. The arena and outer scopes, which could rewind further, are
        // borrowed by this guard. Inner guards have been dropped, or were leaked without a rewind.
        unsafe { self.arena.rewind(self.mark) }
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Drop for ScopeGuard<'_, MIN_ALIGN, B> {
    #[inline]
    fn drop(&mut self) {
        self.reset();
    }
}

/// Ends a scope whose closure panics.
///
/// A type of its own, whose drop is one call: the position then stays in registers where the closure returns.
struct RewindOnPanic<'a, const MIN_ALIGN: usize, B: Backing> {
    arena: &'a Arena<MIN_ALIGN, B>,
    mark: Mark,
}

impl<const MIN_ALIGN: usize, B: Backing> Drop for RewindOnPanic<'_, MIN_ALIGN, B> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: as `scoped_from_here` argues where the closure returns; when it panicked, what it had is gone too.
        unsafe { self.arena.rewind_after_panic(self.mark) }
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
    /// Begins a scope that ends when the guard is dropped. Constant time, no system call. So is its end,
    /// plus a step for each block that was entered since.
    #[inline]
    pub fn scope_guard(&mut self) -> ScopeGuard<'_, MIN_ALIGN, B> {
        ScopeGuard { mark: self.mark(), arena: self }
    }

    /// Runs `f` in a scope of its own and frees what it allocated, also when it panics.
    #[inline]
    pub fn scoped<R>(&mut self, f: impl for<'s> FnOnce(Scope<'s, MIN_ALIGN, B>) -> R) -> R {
        // SAFETY: the arena is borrowed mutably until this returns, so the scope alone allocates in it.
        unsafe { self.scoped_from_here(f) }
    }

    /// Runs `f` in a scope that begins here.
    ///
    /// # Safety
    /// Until this returns nobody but the scope and what is inside it allocates in the arena or rewinds it.
    #[inline(always)]
    unsafe fn scoped_from_here<R>(&self, f: impl for<'s> FnOnce(Scope<'s, MIN_ALIGN, B>) -> R) -> R {
        let on_panic = RewindOnPanic { arena: self, mark: self.mark() };
        let result = f(Scope { arena: self });
        let mark = on_panic.mark;
        core::mem::forget(on_panic);
        // SAFETY: the mark was made here in this arena. `f` takes a scope of any lifetime, so neither its result nor
        // anything outside of it refers to a value of the scope. By the caller's promise no older mark was rewound to
        // and nothing from before the mark was given back. Inner scopes have ended, or were leaked without a rewind.
        unsafe { self.rewind(mark) };
        result
    }
}

impl<'s, const MIN_ALIGN: usize, B: Backing> Scope<'s, MIN_ALIGN, B> {
    /// The scope of an arena that only guards of this scope rewind while `'s` lasts.
    #[cfg(not(region_staticlib))]
    #[inline(always)]
    pub(super) fn over(arena: &'s Arena<MIN_ALIGN, B>) -> Self {
        Scope { arena }
    }

    /// Begins a scope inside this one, which waits until the guard is dropped.
    #[inline]
    pub fn scope_guard(&mut self) -> ScopeGuard<'_, MIN_ALIGN, B> {
        ScopeGuard { arena: self.arena, mark: self.arena.mark() }
    }

    /// Runs `f` in a scope inside this one.
    #[inline]
    pub fn scoped<R>(&mut self, f: impl for<'i> FnOnce(Scope<'i, MIN_ALIGN, B>) -> R) -> R {
        // SAFETY: this scope is borrowed mutably until this returns, so the inner one alone allocates in the arena.
        unsafe { self.arena.scoped_from_here(f) }
    }

    /// The arena, borrowed for all of the scope.
    ///
    /// A value lives as long as the borrow that it is allocated through, which here is `'s`: the arena is rewound
    /// only by guards that cannot exist while `'s` lasts.
    #[inline(always)]
    pub(crate) fn as_arena(&self) -> &'s Arena<MIN_ALIGN, B> {
        self.arena
    }

    /// Bytes used in the whole arena.
    pub fn used(&self) -> usize {
        self.arena.used()
    }
}

/// The allocating methods of [`Arena`], for a type whose arena lives longer than its own borrow: `taken`
/// gives `&'a Arena`. `$span` is the text for how long that is.
macro_rules! forward {
    ($a:lifetime, $span:literal, [$($header:tt)*]) => { $crate::arena::scope::forward_each! { $span, [$($header)*]
            alloc<T>(value: T) -> &$a mut T;
            try_alloc<T>(value: T) -> Result<&$a mut T, AllocError>;
            alloc_with<F: FnOnce() -> T, T>(f: F) -> &$a mut T;
            try_alloc_with<F: FnOnce() -> T, T>(f: F) -> Result<&$a mut T, AllocError>;
            alloc_try_with<F: FnOnce() -> Result<T, E>, T, E>(f: F) -> Result<&$a mut T, E>;
            try_alloc_try_with<F: FnOnce() -> Result<T, E>, T, E>(f: F) -> Result<&$a mut T, AllocOrInitError<E>>;
            alloc_layout(layout: Layout) -> NonNull<u8>;
            try_alloc_layout(layout: Layout) -> Result<NonNull<u8>, AllocError>;
            alloc_layout_zeroed(layout: Layout) -> NonNull<u8>;
            try_alloc_layout_zeroed(layout: Layout) -> Result<NonNull<u8>, AllocError>;
            alloc_slice_copy<T: Copy>(source: &[T]) -> &$a mut [T];
            try_alloc_slice_copy<T: Copy>(source: &[T]) -> Result<&$a mut [T], AllocError>;
            alloc_slice_clone<T: Clone>(source: &[T]) -> &$a mut [T];
            try_alloc_slice_clone<T: Clone>(source: &[T]) -> Result<&$a mut [T], AllocError>;
            alloc_slice_fill_with<T, F: FnMut(usize) -> T>(len: usize, f: F) -> &$a mut [T];
            try_alloc_slice_fill_with<T, F: FnMut(usize) -> T>(len: usize, f: F) -> Result<&$a mut [T], AllocError>;
            alloc_slice_try_fill_with<T, F: FnMut(usize) -> Result<T, E>, E>(len: usize, f: F)
                -> Result<&$a mut [T], E>;
            try_alloc_slice_try_fill_with<T, F: FnMut(usize) -> Result<T, E>, E>(len: usize, f: F)
                -> Result<&$a mut [T], AllocOrInitError<E>>;
            alloc_slice_fill_copy<T: Copy>(len: usize, value: T) -> &$a mut [T];
            try_alloc_slice_fill_copy<T: Copy>(len: usize, value: T) -> Result<&$a mut [T], AllocError>;
            alloc_slice_fill_clone<T: Clone>(len: usize, value: &T) -> &$a mut [T];
            try_alloc_slice_fill_clone<T: Clone>(len: usize, value: &T) -> Result<&$a mut [T], AllocError>;
            alloc_slice_fill_default<T: Default>(len: usize) -> &$a mut [T];
            try_alloc_slice_fill_default<T: Default>(len: usize) -> Result<&$a mut [T], AllocError>;
            alloc_slice_fill_iter<T, I: IntoIterator<Item = T>>(values: I) -> &$a mut [T];
            try_alloc_slice_fill_iter<T, I: IntoIterator<Item = T>>(values: I) -> Result<&$a mut [T], AllocError>;
            alloc_slice_try_fill_iter<T, I: IntoIterator<Item = Result<T, E>>, E>(values: I) -> Result<&$a mut [T], E>;
            try_alloc_slice_try_fill_iter<T, I: IntoIterator<Item = Result<T, E>>, E>(values: I)
                -> Result<&$a mut [T], AllocOrInitError<E>>;
            alloc_zeroed<T: Zeroable>() -> &$a mut T;
            try_alloc_zeroed<T: Zeroable>() -> Result<&$a mut T, AllocError>;
            alloc_slice_zeroed<T: Zeroable>(len: usize) -> &$a mut [T];
            try_alloc_slice_zeroed<T: Zeroable>(len: usize) -> Result<&$a mut [T], AllocError>;
            alloc_str(source: &str) -> &$a mut str;
            try_alloc_str(source: &str) -> Result<&$a mut str, AllocError>;
            alloc_fmt(arguments: fmt::Arguments<'_>) -> &$a mut str;
            try_alloc_fmt(arguments: fmt::Arguments<'_>) -> Result<&$a mut str, AllocError>;
        }
        #[cfg(all(feature = "os", any(unix, windows)))]
        $crate::arena::scope::forward_each! { $span, [$($header)*]
            alloc_file(path: impl $crate::sys::PathBytes) -> Result<&$a mut [u8], $crate::arena::ReadError>;
            alloc_file_str(path: impl $crate::sys::PathBytes) -> Result<&$a mut str, $crate::arena::ReadError>;
            alloc_file_padded(path: impl $crate::sys::PathBytes, padding: usize)
                -> Result<$crate::arena::Padded<$a>, $crate::arena::ReadError>;
            alloc_fd<'f>(fd: impl Into<$crate::sys::Fd<'f>>) -> Result<&$a mut [u8], $crate::arena::ReadError>;
            alloc_fd_str<'f>(fd: impl Into<$crate::sys::Fd<'f>>) -> Result<&$a mut str, $crate::arena::ReadError>;
            alloc_fd_padded<'f>(fd: impl Into<$crate::sys::Fd<'f>>, padding: usize)
                -> Result<$crate::arena::Padded<$a>, $crate::arena::ReadError>;
        }
    };
}

/// The body of [`forward`], for the list there.
macro_rules! forward_each {
    ($span:literal, [$($header:tt)*]
        $($name:ident $(<$($life:lifetime)? $($param:ident $(: $bound:path)?),*>)? ($($arg:ident: $type:ty),*)
            -> $result:ty;)*) => {
        $($header)* { $(
            #[doc = concat!("As [`Arena::", stringify!($name), "`], ", $span, ".")]
            #[inline(always)]
            #[track_caller]
            #[allow(clippy::mut_from_ref, clippy::missing_errors_doc)]
            pub fn $name $(<$($life)? $($param $(: $bound)?),*>)? (&self, $($arg: $type),*) -> $result {
                self.as_arena().$name($($arg),*)
            }
        )* }
    };
}

#[cfg(all(feature = "os", any(unix, windows)))]
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
