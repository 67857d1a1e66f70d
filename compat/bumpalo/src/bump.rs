//! [`Bump`]: an arena of region's, with bumpalo's default alignment and errors.

use crate::{AllocErr, AllocOrInitError};
use core::alloc::Layout;
use core::ptr::NonNull;
use region::Arena;

/// [`region::Arena`] under bumpalo's name: values are packed, as `MIN_ALIGN` is 1 by default.
#[repr(transparent)]
#[derive(Debug)]
pub struct Bump<const MIN_ALIGN: usize = 1>(pub(crate) Arena<MIN_ALIGN>);

/// The used bytes of each chunk, newest chunk first. In a chunk the oldest value comes first.
pub type ChunkIter<'a, const MIN_ALIGN: usize = 1> = region::arena::ChunkIter<'a, MIN_ALIGN>;

/// The addresses and lengths of the same.
pub type ChunkRawIter<'a, const MIN_ALIGN: usize = 1> = region::arena::ChunkRawIter<'a, MIN_ALIGN>;

/// A position in a [`Bump`], made by [`Bump::raw_checkpoint`].
#[derive(Debug, Clone, Copy)]
pub struct RawCheckpoint {
    mark: region::arena::Mark,
    used: usize,
}

impl Bump {
    pub fn new() -> Self {
        Self::with_min_align()
    }

    pub fn try_new() -> Result<Self, AllocErr> {
        Ok(Self::new())
    }

    #[track_caller]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_min_align_and_capacity(capacity)
    }

    pub fn try_with_capacity(capacity: usize) -> Result<Self, AllocErr> {
        Self::try_with_min_align_and_capacity(capacity)
    }

    /// The bump whose arena this is, for containers, which know region's.
    #[cfg(feature = "collections")]
    pub(crate) fn of(arena: &Arena<1>) -> &Self {
        // SAFETY: a bump is an arena and nothing else, in the same form (`repr(transparent)`).
        unsafe { &*core::ptr::from_ref(arena).cast() }
    }
}

impl<const MIN_ALIGN: usize> Default for Bump<MIN_ALIGN> {
    fn default() -> Self {
        Self::with_min_align()
    }
}

impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> {
    pub fn with_min_align() -> Self {
        Bump(Arena::with_min_align())
    }

    #[track_caller]
    pub fn with_min_align_and_capacity(capacity: usize) -> Self {
        Bump(Arena::with_min_align_and_capacity(capacity))
    }

    pub fn try_with_min_align_and_capacity(capacity: usize) -> Result<Self, AllocErr> {
        Ok(Bump(Arena::try_with_min_align_and_capacity(capacity)?))
    }

    pub fn min_align(&self) -> usize {
        self.0.min_align()
    }

    pub fn allocation_limit(&self) -> Option<usize> {
        self.0.allocation_limit()
    }

    pub fn set_allocation_limit(&self, limit: Option<usize>) {
        self.0.set_allocation_limit(limit);
    }

    pub fn reset(&mut self) {
        self.0.reset();
    }

    pub fn raw_checkpoint(&self) -> RawCheckpoint {
        RawCheckpoint { mark: self.0.mark(), used: self.0.used() }
    }

    /// # Safety
    /// The checkpoint is of this bump, no reset to an older one and no [`reset`](Self::reset) came since, and what was
    /// allocated, grown or shrunk since is not used any more.
    pub unsafe fn reset_to_raw_checkpoint(&self, checkpoint: RawCheckpoint) {
        // What was there before may have been given back since: then the position is free already.
        if checkpoint.used <= self.0.used() {
            // SAFETY: the caller's promise, and the position is not above what is in use.
            unsafe { self.0.rewind(checkpoint.mark) }
        }
    }

    pub fn chunk_capacity(&self) -> usize {
        self.0.chunk_capacity()
    }

    pub fn allocated_bytes(&self) -> usize {
        self.0.allocated_bytes()
    }

    pub fn allocated_bytes_including_metadata(&self) -> usize {
        self.0.allocated_bytes_including_metadata()
    }

    pub fn iter_allocated_chunks(&mut self) -> ChunkIter<'_, MIN_ALIGN> {
        self.0.iter_allocated_chunks()
    }

    /// # Safety
    /// As [`Arena::iter_allocated_chunks_raw`].
    pub unsafe fn iter_allocated_chunks_raw(&self) -> ChunkRawIter<'_, MIN_ALIGN> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.iter_allocated_chunks_raw() }
    }
}

/// Methods that return what the arena's method of that name does: a value, or an error that becomes bumpalo's.
macro_rules! forward {
    ($(
        fn $name:ident [$($generic:ident $(: $bound:path)?),*] ($($argument:ident: $type:ty),*) -> $result:ty
        $(, or $error:ty)? $(where [$($where:tt)*])? ;
    )*) => {
        #[allow(clippy::mut_from_ref)] // every call returns other bytes
        impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> { $(
            #[inline(always)]
            #[track_caller]
            pub fn $name<$($generic $(: $bound)?),*>(&self $(, $argument: $type)*) -> forward!(@ $result $(, $error)?)
            $(where $($where)*)?
            {
                forward!(@@ self.0.$name($($argument),*) $(, $error)?)
            }
        )* }
    };
    (@ $result:ty) => { $result };
    (@ $result:ty, $error:ty) => { Result<$result, $error> };
    (@@ $call:expr) => { $call };
    (@@ $call:expr, $error:ty) => { $call.map_err(<$error>::from) };
}

forward! {
    fn alloc[T](value: T) -> &mut T;
    fn try_alloc[T](value: T) -> &mut T, or AllocErr;
    fn alloc_with[F, T](f: F) -> &mut T where [F: FnOnce() -> T];
    fn try_alloc_with[F, T](f: F) -> &mut T, or AllocErr where [F: FnOnce() -> T];
    fn alloc_try_with[F, T, E](f: F) -> Result<&mut T, E> where [F: FnOnce() -> Result<T, E>];
    fn try_alloc_try_with[F, T, E](f: F) -> &mut T, or AllocOrInitError<E> where [F: FnOnce() -> Result<T, E>];
    fn alloc_slice_copy[T: Copy](source: &[T]) -> &mut [T];
    fn try_alloc_slice_copy[T: Copy](source: &[T]) -> &mut [T], or AllocErr;
    fn alloc_slice_clone[T: Clone](source: &[T]) -> &mut [T];
    fn try_alloc_slice_clone[T: Clone](source: &[T]) -> &mut [T], or AllocErr;
    fn alloc_str[](source: &str) -> &mut str;
    fn try_alloc_str[](source: &str) -> &mut str, or AllocErr;
    fn alloc_slice_fill_with[T, F](len: usize, f: F) -> &mut [T] where [F: FnMut(usize) -> T];
    fn try_alloc_slice_fill_with[T, F](len: usize, f: F) -> &mut [T], or AllocErr where [F: FnMut(usize) -> T];
    fn alloc_slice_try_fill_with[T, F, E](len: usize, f: F) -> Result<&mut [T], E>
        where [F: FnMut(usize) -> Result<T, E>];
    fn alloc_slice_fill_copy[T: Copy](len: usize, value: T) -> &mut [T];
    fn try_alloc_slice_fill_copy[T: Copy](len: usize, value: T) -> &mut [T], or AllocErr;
    fn alloc_slice_fill_clone[T: Clone](len: usize, value: &T) -> &mut [T];
    fn try_alloc_slice_fill_clone[T: Clone](len: usize, value: &T) -> &mut [T], or AllocErr;
    fn alloc_slice_fill_iter[T, I](values: I) -> &mut [T]
        where [I: IntoIterator<Item = T>, I::IntoIter: ExactSizeIterator];
    fn try_alloc_slice_fill_iter[T, I](values: I) -> &mut [T], or AllocErr
        where [I: IntoIterator<Item = T>, I::IntoIter: ExactSizeIterator];
    fn alloc_slice_try_fill_iter[T, I, E](values: I) -> Result<&mut [T], E>
        where [I: IntoIterator<Item = Result<T, E>>, I::IntoIter: ExactSizeIterator];
    fn alloc_slice_fill_default[T: Default](len: usize) -> &mut [T];
    fn try_alloc_slice_fill_default[T: Default](len: usize) -> &mut [T], or AllocErr;
    fn alloc_layout[](layout: Layout) -> NonNull<u8>;
    fn try_alloc_layout[](layout: Layout) -> NonNull<u8>, or AllocErr;
}

#[cfg(feature = "allocator_api")]
use crate::core_alloc::alloc as api;
#[cfg(all(feature = "allocator-api2", not(feature = "allocator_api")))]
use allocator_api2::alloc as api;

// SAFETY: region's implementation for a reference to the arena in the bump. Blocks lie outside both, so that they stay
// where they are when the bump moves.
#[cfg(any(feature = "allocator_api", feature = "allocator-api2"))]
unsafe impl<const MIN_ALIGN: usize> api::Allocator for &Bump<MIN_ALIGN> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, api::AllocError> {
        api::Allocator::allocate(&&self.0, layout)
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, api::AllocError> {
        api::Allocator::allocate_zeroed(&&self.0, layout)
    }

    #[inline]
    unsafe fn deallocate(&self, start: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise, passed on to the arena that the block came from.
        unsafe { api::Allocator::deallocate(&&self.0, start, layout) }
    }

    #[inline]
    unsafe fn grow(&self, start: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, api::AllocError> {
        // SAFETY: the caller's promise, passed on to the arena that the block came from.
        unsafe { api::Allocator::grow(&&self.0, start, old, new) }
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        start: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, api::AllocError> {
        // SAFETY: the caller's promise, passed on to the arena that the block came from.
        unsafe { api::Allocator::grow_zeroed(&&self.0, start, old, new) }
    }

    #[inline]
    unsafe fn shrink(&self, start: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, api::AllocError> {
        // SAFETY: the caller's promise, passed on to the arena that the block came from.
        unsafe { api::Allocator::shrink(&&self.0, start, old, new) }
    }
}
