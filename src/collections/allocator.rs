//! What containers allocate from: the methods that arenas, scopes, claims and members of a pool share.

#[cfg(not(region_staticlib))]
use crate::arena::Claim;
use crate::arena::{Arena, Backing, Scope};
#[cfg(all(feature = "os", any(unix, windows)))]
use crate::arena::{Member, PooledArena};
use crate::error::AllocError;
use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

/// An [`Arena`] or a [`Scope`], or what stands for an arena: a [`Claim`], an arena of an
/// `ArenaPool` or a member. What the containers take as `&allocator`. Other crates cannot implement it.
///
/// A container's type names its allocator: `Vec<'a, T, Claim<'c>>` where it was made in `&claim`. Made in `&*claim`,
/// the arena that the claim dereferences to, it is a `Vec<'a, T>`.
#[diagnostic::on_unimplemented(
    message = "containers cannot be made in `{Self}`",
    note = "they take a reference to an `Arena`, a `Scope`, a `Claim`, a `PooledArena` or a `Member`"
)]
pub trait ArenaAllocator: sealed::Sealed {
    /// As [`Arena::try_alloc`].
    ///
    /// # Errors
    /// When memory cannot be had.
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)] // every call returns other bytes
    fn try_put<T>(&self, value: T) -> Result<&mut T, AllocError>;

    /// As [`Arena::alloc`].
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn put<T>(&self, value: T) -> &mut T;

    /// As [`Arena::alloc_str`].
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn put_str(&self, source: &str) -> &mut str;

    /// As [`Arena::try_alloc_str`].
    ///
    /// # Errors
    /// When memory cannot be had.
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)]
    fn try_put_str(&self, source: &str) -> Result<&mut str, AllocError>;

    /// As `Arena::try_formatted`.
    ///
    /// # Errors
    /// When memory cannot be had, or a `Display` implementation fails.
    #[doc(hidden)]
    fn try_put_fmt(&self, arguments: fmt::Arguments<'_>) -> Result<NonNull<[u8]>, AllocError>;

    /// As [`Arena::alloc_slice_fill_iter`].
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn put_iter<T>(&self, values: impl IntoIterator<Item = T>) -> &mut [T];

    /// As [`Arena::try_alloc_slice_fill_iter`].
    ///
    /// # Errors
    /// When memory cannot be had.
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)]
    fn try_put_iter<T>(&self, values: impl IntoIterator<Item = T>) -> Result<&mut [T], AllocError>;

    /// As [`Arena::try_grow`].
    ///
    /// # Errors
    /// When memory cannot be had.
    ///
    /// # Safety
    /// As [`Arena::try_grow`].
    #[doc(hidden)]
    unsafe fn grow(&self, start: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<u8>, AllocError>;

    /// As [`Arena::try_shrink`].
    ///
    /// # Errors
    /// When the block has to move and cannot.
    ///
    /// # Safety
    /// As [`Arena::try_shrink`].
    #[doc(hidden)]
    unsafe fn shrink(&self, start: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<u8>, AllocError>;

    /// As [`Arena::free`].
    ///
    /// # Safety
    /// As [`Arena::free`].
    #[doc(hidden)]
    unsafe fn free(&self, start: NonNull<u8>, layout: Layout);

    /// As `Arena::try_grow_foreign`: the block may be another arena's.
    ///
    /// # Errors
    /// When memory cannot be had.
    ///
    /// # Safety
    /// As `Arena::try_grow_foreign`.
    #[doc(hidden)]
    #[cfg(not(region_staticlib))]
    unsafe fn grow_foreign(&self, start: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<u8>, AllocError>;

    /// As `Arena::shrink_foreign`.
    ///
    /// # Safety
    /// As `Arena::shrink_foreign`.
    #[doc(hidden)]
    #[cfg(not(region_staticlib))]
    unsafe fn shrink_foreign(&self, start: NonNull<u8>, old: Layout, new: Layout) -> bool;
}

mod sealed {
    pub trait Sealed {}
}

/// All have the methods under the same names.
macro_rules! arena_allocator {
    ([$($parameters:tt)*] $type:ty) => {
        impl<$($parameters)*> sealed::Sealed for $type {}

        impl<$($parameters)*> ArenaAllocator for $type {
            #[inline(always)]
            fn try_put<T>(&self, value: T) -> Result<&mut T, AllocError> {
                self.try_alloc(value)
            }

            #[inline(always)]
            #[track_caller]
            fn put<T>(&self, value: T) -> &mut T {
                self.alloc(value)
            }

            #[inline]
            #[track_caller]
            fn put_str(&self, source: &str) -> &mut str {
                self.alloc_str(source)
            }

            #[inline]
            fn try_put_str(&self, source: &str) -> Result<&mut str, AllocError> {
                self.try_alloc_str(source)
            }

            #[inline]
            fn try_put_fmt(&self, arguments: fmt::Arguments<'_>) -> Result<NonNull<[u8]>, AllocError> {
                self.as_arena().try_formatted(arguments)
            }

            #[inline]
            #[track_caller]
            fn put_iter<T>(&self, values: impl IntoIterator<Item = T>) -> &mut [T] {
                self.alloc_slice_fill_iter(values)
            }

            #[inline]
            fn try_put_iter<T>(&self, values: impl IntoIterator<Item = T>) -> Result<&mut [T], AllocError> {
                self.try_alloc_slice_fill_iter(values)
            }

            #[inline]
            unsafe fn grow(&self, start: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<u8>, AllocError> {
                // SAFETY: the caller's promise, passed on to the arena that the block came from.
                unsafe { self.as_arena().try_grow(start, old, new) }
            }

            #[inline]
            unsafe fn shrink(&self, start: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<u8>, AllocError> {
                // SAFETY: the caller's promise, passed on to the arena that the block came from.
                unsafe { self.as_arena().try_shrink(start, old, new) }
            }

            #[inline]
            unsafe fn free(&self, start: NonNull<u8>, layout: Layout) {
                // SAFETY: the caller's promise, passed on to the arena that the block came from.
                unsafe { self.as_arena().free(start, layout) }
            }

            #[inline]
            #[cfg(not(region_staticlib))]
            unsafe fn grow_foreign(
                &self,
                start: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<u8>, AllocError> {
                // SAFETY: the caller's promise, passed on.
                unsafe { self.as_arena().try_grow_foreign(start, old, new) }
            }

            #[inline]
            #[cfg(not(region_staticlib))]
            unsafe fn shrink_foreign(&self, start: NonNull<u8>, old: Layout, new: Layout) -> bool {
                // SAFETY: the caller's promise, passed on.
                unsafe { self.as_arena().shrink_foreign(start, old, new) }
            }
        }
    };
}
arena_allocator!([const MIN_ALIGN: usize, B: Backing] Arena<MIN_ALIGN, B>);
arena_allocator!([const MIN_ALIGN: usize, B: Backing] Scope<'_, MIN_ALIGN, B>);
#[cfg(not(region_staticlib))]
arena_allocator!([const MIN_ALIGN: usize, B: Backing] Claim<'_, MIN_ALIGN, B>);
#[cfg(all(feature = "os", any(unix, windows)))]
arena_allocator!([const MIN_ALIGN: usize] PooledArena<'_, MIN_ALIGN>);
#[cfg(all(feature = "os", any(unix, windows)))]
arena_allocator!([const MIN_ALIGN: usize] Member<'_, MIN_ALIGN>);
