//! The allocator traits, for references to an arena, to a scope, and to the types that dereference to an arena. So
//! collections of other crates can be in an arena.
//!
//! Each version of the trait is a line at the end, behind a feature of its own; the bodies are one macro, and use
//! `resize`: a collection that is the last allocation grows, shrinks and is freed in place.
//!
//! The traits' own error has no reason; the errors of [`Arena::try_alloc_layout`] and its family do.

#[cfg(not(region_staticlib))]
use super::claim::Claim;
use super::scope::Scope;
use super::{Arena, Backing};
#[cfg(all(feature = "os", any(unix, windows)))]
use super::{member::Member, pool::PooledArena};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Implements one version of the trait, whose module is `$api`, for all that lend an arena.
macro_rules! implement {
    ($($api:ident)::+) => {
        implement!($($api)::+, [const MIN_ALIGN: usize, B: Backing] &Arena<MIN_ALIGN, B>);
        implement!($($api)::+, [const MIN_ALIGN: usize, B: Backing] &Scope<'_, MIN_ALIGN, B>);
        #[cfg(not(region_staticlib))]
        implement!($($api)::+, [const MIN_ALIGN: usize, B: Backing] &Claim<'_, MIN_ALIGN, B>);
        #[cfg(all(feature = "os", any(unix, windows)))]
        implement!($($api)::+, [const MIN_ALIGN: usize] &PooledArena<'_, MIN_ALIGN>);
        #[cfg(all(feature = "os", any(unix, windows)))]
        implement!($($api)::+, [const MIN_ALIGN: usize] &Member<'_, MIN_ALIGN>);
    };
    ($($api:ident)::+, [$($parameters:tt)*] $lender:ty) => {
        const _: () = {
            use $($api)::+ as api;

            // SAFETY: a block is the arena's memory, which never moves and stays handed out until the
            // arena is reset, rewound or dropped. Each of these takes the arena by value or mutable borrow,
            // or is `unsafe` with conditions for it (`Arena::rewind`). While this allocator or a copy lives, the
            // arena is borrowed. (A scope's guard rewinds when nothing borrows the scope, and a scope inside
            // it borrows it mutably. A claim and a pool's arena end, or go back, when nothing borrows them.) Copies
            // refer to the same arena. Blocks are aligned and sized as `resize` and
            // `value` say, and freeing one does not change the others.
            unsafe impl<$($parameters)*> api::Allocator for $lender {
                #[inline]
                fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, api::AllocError> {
                    sized(self.as_arena().try_alloc_layout(layout), layout).map_err(|_| api::AllocError)
                }

                #[inline]
                fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, api::AllocError> {
                    sized(self.as_arena().try_alloc_layout_zeroed(layout), layout).map_err(|_| api::AllocError)
                }

                #[inline]
                unsafe fn deallocate(&self, start: NonNull<u8>, layout: Layout) {
                    // SAFETY: the trait's callers promise a block of this allocator that fits the layout, and give it
                    // up.
                    unsafe { self.as_arena().free(start, layout) }
                }

                #[inline]
                unsafe fn grow(
                    &self,
                    start: NonNull<u8>,
                    old: Layout,
                    new: Layout,
                ) -> Result<NonNull<[u8]>, api::AllocError> {
                    // SAFETY: the trait's callers promise a block of this allocator that fits `old`, no larger than
                    // `new`.
                    sized(unsafe { self.as_arena().try_grow(start, old, new) }, new).map_err(|_| api::AllocError)
                }

                #[inline]
                unsafe fn grow_zeroed(
                    &self,
                    start: NonNull<u8>,
                    old: Layout,
                    new: Layout,
                ) -> Result<NonNull<[u8]>, api::AllocError> {
                    // SAFETY: `start` is a block of this allocator with the layout `old`, and `new` is no smaller: the
                    // trait asks that of its callers, and the arena asks for no more.
                    sized(unsafe { self.as_arena().try_grow_zeroed(start, old, new) }, new).map_err(|_| api::AllocError)
                }

                #[inline]
                unsafe fn shrink(
                    &self,
                    start: NonNull<u8>,
                    old: Layout,
                    new: Layout,
                ) -> Result<NonNull<[u8]>, api::AllocError> {
                    // SAFETY: `start` is a block of this allocator with the layout `old`, and `new` is no larger: the
                    // trait asks that of its callers, and the arena asks for no more.
                    sized(unsafe { self.as_arena().try_shrink(start, old, new) }, new).map_err(|_| api::AllocError)
                }
            }
        };
    };
}

/// The block in the traits' form: with the size that was asked for.
#[inline(always)]
pub(crate) fn sized<E>(start: Result<NonNull<u8>, E>, layout: Layout) -> Result<NonNull<[u8]>, E> {
    start.map(|start| NonNull::slice_from_raw_parts(start, layout.size()))
}

#[cfg(feature = "allocator-api2-02")]
implement!(allocator_api2_02::alloc);

#[cfg(feature = "allocator-api2-04")]
implement!(allocator_api2_04::alloc);

#[cfg(region_nightly)]
implement!(core::alloc);
