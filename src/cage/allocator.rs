//! What caged containers allocate from: arenas, scopes and claims whose memory comes from the cage.

use super::Cage;
use super::backing::Caged;
use crate::arena::{Arena, Claim, Scope};
use crate::collections::ArenaAllocator;
use crate::error::failure::Failure;
use core::alloc::Layout;
use core::ptr::NonNull;

/// An [`Arena`], a [`Scope`] or a [`Claim`] with memory of the cage `C`: what the constructors and `push` of caged
/// containers take by reference. Other crates cannot implement it.
#[diagnostic::on_unimplemented(
    message = "links into the cage `{C}` cannot lead into `{Self}`",
    note = "they need an arena in that cage: `region::cage::CageArena<{C}>`, made by `{C}::arena()`; or a scope or a \
            claim of one"
)]
pub trait CageAllocator<C: Cage>: ArenaAllocator {
    /// Moves a value with bytes to an address that is a multiple of the cage's unit.
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)] // every call returns other bytes
    #[track_caller]
    fn put_in_units<F: Failure, T>(&self, value: T) -> Result<&mut T, F::Error>;

    /// Memory for a layout of the cage's alignment, with bytes.
    #[doc(hidden)]
    #[track_caller]
    fn take_in_units<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error>;
}

macro_rules! cage_allocator {
    ([$($parameters:tt)*] $type:ty) => {
        impl<$($parameters)*> CageAllocator<C> for $type {
            #[inline(always)]
            #[track_caller]
            fn put_in_units<F: Failure, T>(&self, value: T) -> Result<&mut T, F::Error> {
                self.as_arena().alloc_in_units_or::<F, T>(value, C::OPTIONS.unit())
            }

            #[inline(always)]
            #[track_caller]
            fn take_in_units<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error> {
                self.as_arena().take_any::<F>(layout)
            }
        }
    };
}
cage_allocator!([const MIN_ALIGN: usize, C: Cage] Arena<MIN_ALIGN, Caged<C>>);
cage_allocator!([const MIN_ALIGN: usize, C: Cage] Scope<'_, MIN_ALIGN, Caged<C>>);
cage_allocator!([const MIN_ALIGN: usize, C: Cage] Claim<'_, MIN_ALIGN, Caged<C>>);
