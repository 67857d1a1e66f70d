//! A value in an arena that is dropped when its owner is. One word; its memory is not freed.
//!
//! allocator-api2's `Box<T, &Arena>` also gives its memory back, and has two words. There is no `Pin` here: a pinned
//! value must be dropped before its memory is used again, and an arena may be reset when a box was leaked.

use super::ArenaAllocator;
use crate::error::AllocError;
use core::any::Any;
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::panic::UnwindSafe;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};

/// Owns a value in an arena, and drops it; its bytes stay the arena's.
///
/// ```
/// use region::Arena;
/// use region::collections::Box;
/// let arena = Arena::new();
/// let list = Box::new_in(vec![1, 2, 3], &arena);              // the heap's memory is freed with the box
/// let text: Box<str> = Box::from_str_in("text", &arena);
/// let values: Box<[u32]> = Box::from_iter_in(0..4, &arena);
/// let shape: Box<dyn std::fmt::Display> = region::unsize_box!(Box::new_in(7, &arena));
/// assert_eq!(format!("{list:?} {text} {values:?} {shape}"), "[1, 2, 3] text [0, 1, 2, 3] 7");
/// ```
///
/// One word for a sized value, so `Option<Box<T>>` in a tree is as small as a reference. *Lifetime*: cannot
/// outlive the arena. *Threads*: sent and shared as the value itself is, since it does not refer to the arena.
/// *Cost*: that of [`Arena::alloc`](crate::Arena::alloc).
pub struct Box<'a, T: ?Sized + 'a> {
    /// Points into an arena that is borrowed for `'a`, to a value that is ours alone.
    value: NonNull<T>,
    /// Lives at most as long as the arena's borrow, and drops a `T`; covariant in both.
    owns: PhantomData<(&'a mut (), T)>,
}

// SAFETY: a box is the only way to its value, and nothing else.
unsafe impl<T: ?Sized + Send> Send for Box<'_, T> {}
// SAFETY: a shared box gives shared references to its value, and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for Box<'_, T> {}

// A box is safe across a panic if its value is, as the standard library's. The compiler does not see that, because of
// the pointer and the lifetime.
impl<T: ?Sized + UnwindSafe> UnwindSafe for Box<'_, T> {}

// Moving a box does not move its value.
impl<T: ?Sized> Unpin for Box<'_, T> {}

impl<'a, T> Box<'a, T> {
    /// Moves `value` into an arena or a scope.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let file = region::collections::Box::new_in(std::fs::File::open("/dev/null")?, &arena);
    /// drop(file);                                                  // closed
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline(always)]
    #[track_caller]
    pub fn new_in<P: ArenaAllocator>(value: T, arena: &'a P) -> Self {
        Box::owning(arena.put(value))
    }

    /// As [`new_in`](Self::new_in).
    ///
    /// # Errors
    /// When memory cannot be had; the value is dropped.
    #[inline(always)]
    pub fn try_new_in<P: ArenaAllocator>(value: T, arena: &'a P) -> Result<Self, AllocError> {
        arena.try_put(value).map(Box::owning)
    }

    /// Moves the value out.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let boxed = region::collections::Box::new_in(String::from("mine"), &arena);
    /// let string: String = region::collections::Box::into_inner(boxed);
    /// assert_eq!(string, "mine");
    /// ```
    #[inline]
    pub fn into_inner(boxed: Self) -> T {
        // SAFETY: the box owns the value and is given up without dropping it, so it is read once.
        unsafe { Box::into_raw(boxed).read() }
    }
}

impl<'a, T> Box<'a, [T]> {
    /// Collects an iterator.
    ///
    /// # Panics
    /// When memory cannot be had, or the iterator does; what was collected is leaked then.
    #[inline]
    #[track_caller]
    pub fn from_iter_in<P: ArenaAllocator>(values: impl IntoIterator<Item = T>, arena: &'a P) -> Self {
        Box::owning(arena.put_iter(values))
    }

    /// As [`from_iter_in`](Self::from_iter_in).
    ///
    /// # Errors
    /// When memory cannot be had; what was collected is leaked.
    #[inline]
    pub fn try_from_iter_in<P: ArenaAllocator>(
        values: impl IntoIterator<Item = T>,
        arena: &'a P,
    ) -> Result<Self, AllocError> {
        arena.try_put_iter(values).map(Box::owning)
    }
}

impl<'a> Box<'a, str> {
    /// Copies a string.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[track_caller]
    pub fn from_str_in<P: ArenaAllocator>(source: &str, arena: &'a P) -> Self {
        Box::owning(arena.put_str(source))
    }

    /// As [`from_str_in`](Self::from_str_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    pub fn try_from_str_in<P: ArenaAllocator>(source: &str, arena: &'a P) -> Result<Self, AllocError> {
        arena.try_put_str(source).map(Box::owning)
    }
}

impl<'a, T: ?Sized> Box<'a, T> {
    /// A box around a value that was just put into an arena, to which nothing else refers.
    #[inline(always)]
    fn owning(value: &'a mut T) -> Self {
        Box { value: NonNull::from(value), owns: PhantomData }
    }

    /// Returns the value, for as long as the arena is borrowed. It will not be dropped.
    #[inline]
    pub fn leak(boxed: Self) -> &'a mut T {
        // SAFETY: the box owns the value and is given up, and the arena holds it for `'a`.
        unsafe { &mut *Box::into_raw(boxed) }
    }

    /// A box around a value that a box owned before: undoes [`leak`](Self::leak).
    ///
    /// # Safety
    /// Nobody else drops the value, and nobody uses it after the box dropped it.
    #[inline(always)]
    pub unsafe fn from_leaked(value: &'a mut T) -> Self {
        Box::owning(value)
    }

    /// The value's address, and its lifetime, for [`unsize_box!`](crate::unsize_box).
    #[doc(hidden)]
    #[inline(always)]
    pub fn into_parts(boxed: Self) -> (*mut T, PhantomData<&'a mut ()>) {
        (Box::into_raw(boxed), PhantomData)
    }

    /// A box of the parts of another, whose pointer may have been coerced.
    ///
    /// # Safety
    /// Both came from one call of [`into_parts`](Self::into_parts), and go into one box.
    #[doc(hidden)]
    #[inline(always)]
    pub unsafe fn from_parts(value: *mut T, _there: PhantomData<&'a mut ()>) -> Self {
        // SAFETY: the caller's promise, passed on; the value is there for as long as the box was that had it.
        unsafe { Box::from_raw(value) }
    }

    /// The value's address, without dropping it.
    #[inline]
    pub fn into_raw(boxed: Self) -> *mut T {
        ManuallyDrop::new(boxed).value.as_ptr()
    }

    /// A box around the value at `raw`.
    ///
    /// # Safety
    /// `raw` came from [`into_raw`](Self::into_raw), or points to a valid value, in memory that stays valid and
    /// in place for `'a`; and nobody else uses or drops that value.
    #[inline]
    pub unsafe fn from_raw(raw: *mut T) -> Self {
        // SAFETY: the caller says that a value is there, so the address is not null.
        Box { value: unsafe { NonNull::new_unchecked(raw) }, owns: PhantomData }
    }
}

/// The same for each set of auto traits.
macro_rules! downcast {
    ($($any:ty),*) => { $(
        impl<'a> Box<'a, $any> {
            /// The value as one of type `T`.
            ///
            /// # Errors
            /// The box, when it holds a value of another type.
            ///
            /// ```
            /// # use region::collections::Box;
            /// # use std::any::Any;
            /// let arena = region::Arena::new();
            #[doc = concat!("let any: Box<", stringify!($any), "> = region::unsize_box!(Box::new_in(7_u32, &arena));")]
            /// let any = any.downcast::<i64>().unwrap_err();
            /// assert_eq!(*any.downcast::<u32>().unwrap(), 7);
            /// ```
            pub fn downcast<T: Any>(self) -> Result<Box<'a, T>, Self> {
                if self.is::<T>() {
                    // SAFETY: the box just gave its value up, which is of type `T` and in the arena for `'a`.
                    Ok(unsafe { Box::from_raw(Box::into_raw(self).cast()) })
                } else {
                    Err(self)
                }
            }
        }
    )* };
}
downcast!(dyn Any, dyn Any + Send, dyn Any + Send + Sync);

/// Turns a [`Box`] of a sized value into one of a trait object or slice, by the type that is expected.
///
/// The language does this by itself for the standard library's `Box` alone.
///
/// ```
/// use region::Arena;
/// use region::collections::Box;
/// let arena = Arena::new();
/// let mut steps: Vec<Box<dyn FnMut(u32) -> u32>> = Vec::new();
/// steps.push(region::unsize_box!(Box::new_in(|x| x + 1, &arena)));
/// let mut sum = 0;
/// steps.push(region::unsize_box!(Box::new_in(move |x| { sum += x; sum }, &arena)));
/// assert_eq!(steps.iter_mut().fold(1, |x, step| step(x)), 2);
/// ```
#[macro_export]
macro_rules! unsize_box {
    ($boxed:expr $(,)?) => {{
        let (value, there) = $crate::collections::Box::into_parts($boxed);
        // The pointer coerces on its way into the call. A pointer and not a reference, which would also coerce
        // through `Deref`: from a guard to the value that it guards, which is not the box's to drop.
        // SAFETY: both are of the box that just gave them up.
        unsafe { $crate::collections::Box::from_parts(value, there) }
    }};
}

impl<T: ?Sized> Drop for Box<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the box owns a valid value, which nobody uses after this.
        unsafe { self.value.as_ptr().drop_in_place() }
    }
}

impl<T: ?Sized> Deref for Box<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the value is valid as long as the box is, and borrowed with it.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for Box<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the value is in the arena for longer than the box, initialized and the box's alone, and the box is
        // borrowed mutably.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Box<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Box<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Pointer for Box<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: ?Sized + PartialEq> PartialEq for Box<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq> Eq for Box<'_, T> {}

impl<T: ?Sized + PartialOrd> PartialOrd for Box<'_, T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(other)
    }
}

impl<T: ?Sized + Ord> Ord for Box<'_, T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(other)
    }
}

impl<T: ?Sized + Hash> Hash for Box<'_, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

/// A hasher's methods for numbers, which hashers may do in ways of their own.
macro_rules! forward_hasher {
    ($($method:ident $number:ty),*) => { $(
        fn $method(&mut self, number: $number) {
            (**self).$method(number);
        }
    )* };
}

impl<T: ?Sized + Hasher> Hasher for Box<'_, T> {
    fn finish(&self) -> u64 {
        (**self).finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        (**self).write(bytes);
    }

    forward_hasher!(
        write_u8 u8, write_u16 u16, write_u32 u32, write_u64 u64, write_u128 u128, write_usize usize,
        write_i8 i8, write_i16 i16, write_i32 i32, write_i64 i64, write_i128 i128, write_isize isize
    );
}

/// No values, in no memory.
impl<T> Default for Box<'_, [T]> {
    fn default() -> Self {
        Box::owning(Default::default())
    }
}

/// No text, in no memory.
impl Default for Box<'_, str> {
    fn default() -> Self {
        Box::owning(Default::default())
    }
}

impl<'a, T, const N: usize> From<Box<'a, [T; N]>> for Box<'a, [T]> {
    fn from(array: Box<'a, [T; N]>) -> Self {
        // SAFETY: the box just gave its array up, which is in the arena for `'a`; only the type of the pointer changes.
        unsafe { Box::from_raw(Box::<[T; N]>::into_raw(array)) }
    }
}

impl<'a, T, const N: usize> TryFrom<Box<'a, [T]>> for Box<'a, [T; N]> {
    type Error = Box<'a, [T]>;

    /// The same values, if there are just as many.
    fn try_from(values: Box<'a, [T]>) -> Result<Self, Box<'a, [T]>> {
        if values.len() == N {
            // SAFETY: the box just gave its values up. `N` of them side by side are an array, in the arena for `'a`.
            Ok(unsafe { Box::from_raw(Box::into_raw(values).cast()) })
        } else {
            Err(values)
        }
    }
}

impl<F: ?Sized + Future + Unpin> Future for Box<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut **self).poll(context)
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

impl<I: ?Sized + Iterator> Iterator for Box<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        (**self).next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (**self).size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<I::Item> {
        (**self).nth(n)
    }
}

impl<I: ?Sized + DoubleEndedIterator> DoubleEndedIterator for Box<'_, I> {
    fn next_back(&mut self) -> Option<I::Item> {
        (**self).next_back()
    }

    fn nth_back(&mut self, n: usize) -> Option<I::Item> {
        (**self).nth_back(n)
    }
}

impl<I: ?Sized + ExactSizeIterator> ExactSizeIterator for Box<'_, I> {
    fn len(&self) -> usize {
        (**self).len()
    }
}

impl<I: ?Sized + FusedIterator> FusedIterator for Box<'_, I> {}

impl<E: ?Sized + Error> Error for Box<'_, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        (**self).source()
    }
}

#[cfg(feature = "serde")]
impl<T: ?Sized + serde::Serialize> serde::Serialize for Box<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}
