//! Where a box or a string can live: what an arena and a scope have in common.

use crate::arena::{Arena, Backing, Scope};
use crate::error::AllocError;

/// An [`Arena`] or a [`Scope`]: what the containers take as `&place`. Nothing else can be one.
pub trait Place: sealed::Sealed {
    /// As [`Arena::try_alloc`].
    ///
    /// # Errors
    /// When memory cannot be had.
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)] // every call hands out other bytes
    fn try_put<T>(&self, value: T) -> Result<&mut T, AllocError>;

    /// As [`Arena::alloc`].
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)]
    fn put<T>(&self, value: T) -> &mut T;

    /// As [`Arena::alloc_str`].
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)]
    fn put_str(&self, source: &str) -> &mut str;

    /// As [`Arena::try_alloc_str`].
    ///
    /// # Errors
    /// When memory cannot be had.
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)]
    fn try_put_str(&self, source: &str) -> Result<&mut str, AllocError>;

    /// As [`Arena::alloc_slice_fill_iter`].
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)]
    fn put_iter<T>(&self, values: impl IntoIterator<Item = T>) -> &mut [T];

    /// As [`Arena::try_alloc_slice_fill_iter`].
    ///
    /// # Errors
    /// When memory cannot be had.
    #[doc(hidden)]
    #[allow(clippy::mut_from_ref)]
    fn try_put_iter<T>(&self, values: impl IntoIterator<Item = T>) -> Result<&mut [T], AllocError>;
}

mod sealed {
    pub trait Sealed {}
}

/// Both have the methods under the same names.
macro_rules! place {
    ($type:ty) => {
        impl<const MIN_ALIGN: usize, B: Backing> sealed::Sealed for $type {}

        impl<const MIN_ALIGN: usize, B: Backing> Place for $type {
            #[inline(always)]
            fn try_put<T>(&self, value: T) -> Result<&mut T, AllocError> {
                self.try_alloc(value)
            }

            #[inline(always)]
            fn put<T>(&self, value: T) -> &mut T {
                self.alloc(value)
            }

            #[inline]
            fn put_str(&self, source: &str) -> &mut str {
                self.alloc_str(source)
            }

            #[inline]
            fn try_put_str(&self, source: &str) -> Result<&mut str, AllocError> {
                self.try_alloc_str(source)
            }

            #[inline]
            fn put_iter<T>(&self, values: impl IntoIterator<Item = T>) -> &mut [T] {
                self.alloc_slice_fill_iter(values)
            }

            #[inline]
            fn try_put_iter<T>(&self, values: impl IntoIterator<Item = T>) -> Result<&mut [T], AllocError> {
                self.try_alloc_slice_fill_iter(values)
            }
        }
    };
}
place!(Arena<MIN_ALIGN, B>);
place!(Scope<'_, MIN_ALIGN, B>);
