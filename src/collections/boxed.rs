//! A value in an arena that is dropped when its owner is: one word, and nothing freed.
//!
//! For a box that gives its place back as well, at two words, use allocator-api2's `Box<T, &Arena>`. There is
//! no `Pin` here: a pinned value must be dropped before its memory is used again, and an arena may be reset
//! when a box was leaked.

use super::Place;
use crate::error::AllocError;
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::error::Error;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// Owns a value in an arena, and drops it; its bytes stay the arena's.
///
/// ```
/// use region::{Arena, Box};
/// let arena = Arena::new();
/// let list = Box::new_in(vec![1, 2, 3], &arena);              // the heap's memory is freed with the box
/// let text: Box<str> = Box::from_str_in("text", &arena);
/// let row: Box<[u32]> = Box::from_iter_in(0..4, &arena);
/// let shape: Box<dyn std::fmt::Display> = region::unsize_box!(Box::new_in(7, &arena));
/// assert_eq!(format!("{list:?} {text} {row:?} {shape}"), "[1, 2, 3] text [0, 1, 2, 3] 7");
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

impl<'a, T> Box<'a, T> {
    /// Moves `value` into an arena or a scope.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let file = region::Box::new_in(std::fs::File::open("/dev/null")?, &arena);
    /// drop(file);                                                  // closed
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline(always)]
    pub fn new_in<P: Place>(value: T, place: &'a P) -> Self {
        Box::owning(place.put(value))
    }

    /// As [`new_in`](Self::new_in).
    ///
    /// # Errors
    /// When memory cannot be had; the value is dropped.
    #[inline(always)]
    pub fn try_new_in<P: Place>(value: T, place: &'a P) -> Result<Self, AllocError> {
        place.try_put(value).map(Box::owning)
    }

    /// The value, moved out.
    ///
    /// ```
    /// let arena = region::Arena::new();
    /// let boxed = region::Box::new_in(String::from("mine"), &arena);
    /// let string: String = region::Box::into_inner(boxed);
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
    pub fn from_iter_in<P: Place>(values: impl IntoIterator<Item = T>, place: &'a P) -> Self {
        Box::owning(place.put_iter(values))
    }

    /// As [`from_iter_in`](Self::from_iter_in).
    ///
    /// # Errors
    /// When memory cannot be had; what was collected is leaked.
    #[inline]
    pub fn try_from_iter_in<P: Place>(values: impl IntoIterator<Item = T>, place: &'a P) -> Result<Self, AllocError> {
        place.try_put_iter(values).map(Box::owning)
    }
}

impl<'a> Box<'a, str> {
    /// Copies a string.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    pub fn from_str_in<P: Place>(source: &str, place: &'a P) -> Self {
        Box::owning(place.put_str(source))
    }

    /// As [`from_str_in`](Self::from_str_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    pub fn try_from_str_in<P: Place>(source: &str, place: &'a P) -> Result<Self, AllocError> {
        place.try_put_str(source).map(Box::owning)
    }
}

impl<'a, T: ?Sized> Box<'a, T> {
    /// A box around a value that was just put into an arena and that nobody else knows of.
    #[inline(always)]
    fn owning(value: &'a mut T) -> Self {
        Box { value: NonNull::from(value), owns: PhantomData }
    }

    /// Gives the value up for as long as the arena is borrowed; it will not be dropped.
    #[inline]
    pub fn leak(boxed: Self) -> &'a mut T {
        // SAFETY: the box owns the value and is given up, and the arena holds it for `'a`.
        unsafe { &mut *Box::into_raw(boxed) }
    }

    /// A box around a value that a box owned before: the way back from [`leak`](Self::leak).
    ///
    /// # Safety
    /// Nobody else drops the value, and nobody uses it after the box dropped it.
    #[inline(always)]
    pub unsafe fn from_leaked(value: &'a mut T) -> Self {
        Box::owning(value)
    }

    /// The value's address, and how long the value is there: what [`unsize_box!`](crate::unsize_box) takes apart.
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

/// Turns a [`Box`] of a sized value into one of a trait object or slice, as the type where it goes to says.
///
/// The language does this by itself for the standard library's `Box` alone.
///
/// ```
/// use region::{Arena, Box};
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
        let (value, there) = $crate::Box::into_parts($boxed);
        // The pointer coerces on its way into the call. A pointer and not a reference, which would also coerce
        // through `Deref`: from a guard to the value that it guards, which is not the box's to drop.
        // SAFETY: both are of the box that just gave them up.
        unsafe { $crate::Box::from_parts(value, there) }
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
        // SAFETY: as in `deref`, and the box is borrowed mutably.
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
}

impl<I: ?Sized + DoubleEndedIterator> DoubleEndedIterator for Box<'_, I> {
    fn next_back(&mut self) -> Option<I::Item> {
        (**self).next_back()
    }
}

impl<I: ?Sized + ExactSizeIterator> ExactSizeIterator for Box<'_, I> {}

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
