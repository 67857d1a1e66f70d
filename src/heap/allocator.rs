//! The allocator traits, for references to a heap: collections of other crates can be in one, and free what they leave.
//!
//! Each version of the trait is a line at the end, behind a feature of its own; the body is one macro.

use super::{Heap, SyncHeap};
use crate::arena::Backing;
use crate::arena::allocator::sized;
use core::alloc::Layout;
use core::ptr::NonNull;

/// Implements one version of the trait, whose module is `$api`.
macro_rules! implement {
    ($heap:ident, $($api:ident)::+) => {
        const _: () = {
            use $($api)::+ as api;

            // SAFETY: a block is the heap's memory, which never moves and stays handed out until it is freed, or the heap
            // is cleared or dropped, which needs the heap by value or mutable borrow: while this allocator or a copy
            // lives, the heap is borrowed. Copies refer to the same heap. Blocks are aligned as their layouts ask and have
            // as many bytes, and freeing one changes no other.
            unsafe impl<B: Backing> api::Allocator for &$heap<B> {
                #[inline]
                fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, api::AllocError> {
                    sized(self.try_alloc_layout(layout), layout).map_err(|_| api::AllocError)
                }

                #[inline]
                fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, api::AllocError> {
                    sized(self.try_alloc_layout_zeroed(layout), layout).map_err(|_| api::AllocError)
                }

                #[inline]
                #[track_caller]
                unsafe fn deallocate(&self, start: NonNull<u8>, _: Layout) {
                    // SAFETY: the trait's callers promise a block of this allocator, and give it up.
                    unsafe { self.free(start) }
                }

                #[inline]
                unsafe fn grow(
                    &self,
                    start: NonNull<u8>,
                    _: Layout,
                    new: Layout,
                ) -> Result<NonNull<[u8]>, api::AllocError> {
                    // SAFETY: the trait's callers promise a block of this allocator, and use it under its new address.
                    sized(unsafe { self.try_realloc(start, new) }, new).map_err(|_| api::AllocError)
                }

                #[inline]
                unsafe fn grow_zeroed(
                    &self,
                    start: NonNull<u8>,
                    old: Layout,
                    new: Layout,
                ) -> Result<NonNull<[u8]>, api::AllocError> {
                    // SAFETY: the trait's callers promise a block of this allocator with `old.size()` bytes, no more than
                    // the new layout has, and use it under its new address. The bytes behind are in the block.
                    unsafe {
                        let block = self.try_realloc(start, new).map_err(|_| api::AllocError)?;
                        block.add(old.size()).write_bytes(0, new.size() - old.size());
                        Ok(NonNull::slice_from_raw_parts(block, new.size()))
                    }
                }

                #[inline]
                unsafe fn shrink(
                    &self,
                    start: NonNull<u8>,
                    _: Layout,
                    new: Layout,
                ) -> Result<NonNull<[u8]>, api::AllocError> {
                    // SAFETY: the trait's callers promise a block of this allocator, and use it under its new address.
                    sized(unsafe { self.try_realloc(start, new) }, new).map_err(|_| api::AllocError)
                }
            }
        };
    };
}

#[cfg(feature = "allocator-api2-02")]
implement!(Heap, allocator_api2_02::alloc);
#[cfg(feature = "allocator-api2-02")]
implement!(SyncHeap, allocator_api2_02::alloc);

#[cfg(feature = "allocator-api2-04")]
implement!(Heap, allocator_api2_04::alloc);
#[cfg(feature = "allocator-api2-04")]
implement!(SyncHeap, allocator_api2_04::alloc);

#[cfg(region_nightly)]
implement!(Heap, core::alloc);
#[cfg(region_nightly)]
implement!(SyncHeap, core::alloc);
