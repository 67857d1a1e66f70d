//! The allocator traits, for `&Arena` and `&Scope`: so that collections of other crates live in an arena.
//!
//! Each version of the trait is a line at the end, behind a feature of its own; the bodies are one macro. What
//! they do is `tip`'s: a collection that is the last thing in the arena grows, shrinks and goes in place.
//!
//! The traits' own error says nothing; [`Arena::try_alloc_layout`] and its family say why.

use super::scope::Scope;
use super::{Arena, Backing};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Implements one version of the trait, whose module is `$api`, for one type that lends an arena.
macro_rules! implement {
    ($($api:ident)::+, $lender:ty) => {
        const _: () = {
            use $($api)::+ as api;

            // SAFETY: a block is the arena's memory, which moves for nobody and stays handed out until the
            // arena is reset, rewound or dropped. Each of these takes the arena by value or mutable borrow,
            // or, as `Arena::rewind`, is `unsafe` and says so; and while this allocator or a copy lives, the
            // arena is borrowed. (A scope's guard rewinds when nothing borrows the scope, and a scope inside
            // it borrows it mutably.) Copies lend the same arena. Blocks are aligned and sized as `tip` and
            // `value` say, and freeing one leaves the others alone.
            unsafe impl<const MIN_ALIGN: usize, B: Backing> api::Allocator for $lender {
                #[inline]
                fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, api::AllocError> {
                    sized(self.lent().try_alloc_layout(layout), layout).map_err(|_| api::AllocError)
                }

                #[inline]
                fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, api::AllocError> {
                    sized(self.lent().try_alloc_layout_zeroed(layout), layout).map_err(|_| api::AllocError)
                }

                #[inline]
                unsafe fn deallocate(&self, start: NonNull<u8>, layout: Layout) {
                    // SAFETY: the trait's promise: a block of this allocator that fits the layout, given up.
                    unsafe { self.lent().free(start, layout) }
                }

                #[inline]
                unsafe fn grow(
                    &self,
                    start: NonNull<u8>,
                    old: Layout,
                    new: Layout,
                ) -> Result<NonNull<[u8]>, api::AllocError> {
                    // SAFETY: the trait's promise: a block of this allocator that fits `old`, no larger than `new`.
                    sized(unsafe { self.lent().try_grow(start, old, new) }, new).map_err(|_| api::AllocError)
                }

                #[inline]
                unsafe fn grow_zeroed(
                    &self,
                    start: NonNull<u8>,
                    old: Layout,
                    new: Layout,
                ) -> Result<NonNull<[u8]>, api::AllocError> {
                    // SAFETY: as for `grow`.
                    sized(unsafe { self.lent().try_grow_zeroed(start, old, new) }, new).map_err(|_| api::AllocError)
                }

                #[inline]
                unsafe fn shrink(
                    &self,
                    start: NonNull<u8>,
                    old: Layout,
                    new: Layout,
                ) -> Result<NonNull<[u8]>, api::AllocError> {
                    // SAFETY: as for `grow`, and no smaller than `new`.
                    sized(unsafe { self.lent().try_shrink(start, old, new) }, new).map_err(|_| api::AllocError)
                }
            }
        };
    };
}

/// The block as the traits want it: with the size that was asked for.
#[inline(always)]
fn sized<E>(start: Result<NonNull<u8>, E>, layout: Layout) -> Result<NonNull<[u8]>, E> {
    start.map(|start| NonNull::slice_from_raw_parts(start, layout.size()))
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// The arena itself: what [`Scope`] has under the same name.
    #[inline(always)]
    fn lent(&self) -> &Self {
        self
    }
}

#[cfg(feature = "allocator-api2-02")]
implement!(allocator_api2_02::alloc, &Arena<MIN_ALIGN, B>);
#[cfg(feature = "allocator-api2-02")]
implement!(allocator_api2_02::alloc, &Scope<'_, MIN_ALIGN, B>);

#[cfg(feature = "allocator-api2-04")]
implement!(allocator_api2_04::alloc, &Arena<MIN_ALIGN, B>);
#[cfg(feature = "allocator-api2-04")]
implement!(allocator_api2_04::alloc, &Scope<'_, MIN_ALIGN, B>);

#[cfg(region_nightly)]
implement!(core::alloc, &Arena<MIN_ALIGN, B>);
#[cfg(region_nightly)]
implement!(core::alloc, &Scope<'_, MIN_ALIGN, B>);
