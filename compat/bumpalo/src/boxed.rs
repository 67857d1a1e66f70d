//! [`Box`]: region's box, made in a [`Bump`].

use crate::Bump;
use core::any::Any;
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::fmt;
use core::future::Future;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::task::{Context, Poll};
use region::collections::Box as Inner;

/// [`region::collections::Box`] under bumpalo's name: owns a value, and drops it.
#[repr(transparent)]
pub struct Box<'a, T: ?Sized + 'a>(Inner<'a, T>);

impl<'a, T> Box<'a, T> {
    #[inline(always)]
    #[track_caller]
    pub fn new_in(value: T, bump: &'a Bump) -> Self {
        Box(Inner::new_in(value, &bump.0))
    }

    /// A box that is pinned. region has no such function, since nothing stops a program from forgetting the box and
    /// resetting the bump, which breaks what a pin promises. bumpalo's has the same hole.
    #[track_caller]
    pub fn pin_in(value: T, bump: &'a Bump) -> Pin<Self> {
        Box::new_in(value, bump).into()
    }

    #[inline]
    pub fn into_inner(boxed: Self) -> T {
        Inner::into_inner(boxed.0)
    }
}

impl<'a, T: ?Sized> Box<'a, T> {
    /// # Safety
    /// As [`region::collections::Box::from_raw`].
    #[inline]
    pub unsafe fn from_raw(raw: *mut T) -> Self {
        // SAFETY: the caller's promise, passed on.
        Box(unsafe { Inner::from_raw(raw) })
    }

    #[inline]
    pub fn into_raw(boxed: Self) -> *mut T {
        Inner::into_raw(boxed.0)
    }

    #[inline]
    pub fn leak(boxed: Self) -> &'a mut T {
        Inner::leak(boxed.0)
    }

    #[cfg(feature = "collections")]
    pub(crate) fn of(inner: Inner<'a, T>) -> Self {
        Box(inner)
    }
}

impl<'a, T> Box<'a, [T]> {
    #[track_caller]
    pub fn from_iter_in<I: IntoIterator<Item = T>>(values: I, bump: &'a Bump) -> Self {
        Box(Inner::from_iter_in(values, &bump.0))
    }
}

impl<'a> Box<'a, dyn Any> {
    /// # Errors
    /// The box, when it holds a value of another type.
    pub fn downcast<T: Any>(self) -> Result<Box<'a, T>, Self> {
        self.0.downcast().map(Box).map_err(Box)
    }
}

impl<'a> Box<'a, dyn Any + Send> {
    /// # Errors
    /// The box, when it holds a value of another type.
    pub fn downcast<T: Any>(self) -> Result<Box<'a, T>, Self> {
        self.0.downcast().map(Box).map_err(Box)
    }
}

impl<T: ?Sized> Unpin for Box<'_, T> {}

impl<'a, T: ?Sized> From<Box<'a, T>> for Pin<Box<'a, T>> {
    fn from(boxed: Box<'a, T>) -> Self {
        // SAFETY: the box does not move its value and gives it to nobody. What it cannot promise is said at `pin_in`.
        unsafe { Pin::new_unchecked(boxed) }
    }
}

impl<T> Default for Box<'_, [T]> {
    fn default() -> Self {
        Box(Inner::default())
    }
}

impl Default for Box<'_, str> {
    fn default() -> Self {
        Box(Inner::default())
    }
}

impl<'a, T, const N: usize> From<Box<'a, [T; N]>> for Box<'a, [T]> {
    fn from(array: Box<'a, [T; N]>) -> Self {
        Box(array.0.into())
    }
}

impl<'a, T, const N: usize> TryFrom<Box<'a, [T]>> for Box<'a, [T; N]> {
    type Error = Box<'a, [T]>;

    fn try_from(values: Box<'a, [T]>) -> Result<Self, Box<'a, [T]>> {
        values.0.try_into().map(Box).map_err(Box)
    }
}

impl<T: ?Sized> Deref for Box<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> DerefMut for Box<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// What shows a value, for the box of one.
macro_rules! shown {
    ($($trait:ident),*) => { $(
        impl<T: ?Sized + fmt::$trait> fmt::$trait for Box<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )* };
}
shown!(Debug, Display);

impl<T: ?Sized> fmt::Pointer for Box<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'b, T: ?Sized + PartialEq> PartialEq<Box<'b, T>> for Box<'_, T> {
    fn eq(&self, other: &Box<'b, T>) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq> Eq for Box<'_, T> {}

impl<'b, T: ?Sized + PartialOrd> PartialOrd<Box<'b, T>> for Box<'_, T> {
    fn partial_cmp(&self, other: &Box<'b, T>) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: ?Sized + Ord> Ord for Box<'_, T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T: ?Sized + Hash> Hash for Box<'_, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// A hasher's methods for numbers.
macro_rules! forward_hasher {
    ($($method:ident $number:ty),*) => { $(
        fn $method(&mut self, number: $number) {
            self.0.$method(number);
        }
    )* };
}

impl<T: ?Sized + Hasher> Hasher for Box<'_, T> {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    forward_hasher!(
        write_u8 u8, write_u16 u16, write_u32 u32, write_u64 u64, write_u128 u128, write_usize usize,
        write_i8 i8, write_i16 i16, write_i32 i32, write_i64 i64, write_i128 i128, write_isize isize
    );
}

impl<I: ?Sized + Iterator> Iterator for Box<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<I::Item> {
        self.0.nth(n)
    }
}

impl<I: ?Sized + DoubleEndedIterator> DoubleEndedIterator for Box<'_, I> {
    fn next_back(&mut self) -> Option<I::Item> {
        self.0.next_back()
    }

    fn nth_back(&mut self, n: usize) -> Option<I::Item> {
        self.0.nth_back(n)
    }
}

impl<I: ?Sized + ExactSizeIterator> ExactSizeIterator for Box<'_, I> {
    fn len(&self) -> usize {
        self.0.len()
    }
}

impl<I: ?Sized + FusedIterator> FusedIterator for Box<'_, I> {}

impl<F: ?Sized + Future + Unpin> Future for Box<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T: ?Sized> AsRef<T> for Box<'_, T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> AsMut<T> for Box<'_, T> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: ?Sized> Borrow<T> for Box<'_, T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized> BorrowMut<T> for Box<'_, T> {
    fn borrow_mut(&mut self) -> &mut T {
        self
    }
}

#[cfg(feature = "serde")]
impl<T: serde::Serialize> serde::Serialize for Box<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&self.0, serializer)
    }
}
