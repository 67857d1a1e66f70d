//! [`Vec`]: region's vector in a [`Bump`].

use super::CollectionAllocErr;
use crate::Bump;
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;
use core::mem::{ManuallyDrop, take};
use core::ops::{Deref, DerefMut, Index, IndexMut, RangeBounds};
use core::slice::SliceIndex;
use region::Arena;
use region::collections::ExtractIf;

/// region's vector in region's arena.
pub(super) type Inner<'bump, T> = region::collections::Vec<'bump, T, Arena<1>>;

/// [`region::collections::Vec`] under bumpalo's name.
#[repr(transparent)]
pub struct Vec<'bump, T: 'bump>(pub(super) Inner<'bump, T>);

/// The values of a range that is being removed.
pub type Drain<'a, 'bump, T> = region::collections::Drain<'a, T, Inner<'bump, T>>;

/// The values of a range that is being replaced.
pub type Splice<'a, 'bump, I> = region::collections::Splice<'a, I, Inner<'bump, <I as Iterator>::Item>>;

impl<'bump, T: 'bump> Vec<'bump, T> {
    #[inline]
    pub fn new_in(bump: &'bump Bump) -> Self {
        Vec(Inner::new_in(&bump.0))
    }

    #[inline]
    #[track_caller]
    pub fn with_capacity_in(capacity: usize, bump: &'bump Bump) -> Self {
        Vec(Inner::with_capacity_in(capacity, &bump.0))
    }

    #[inline]
    #[track_caller]
    pub fn from_iter_in<I: IntoIterator<Item = T>>(values: I, bump: &'bump Bump) -> Self {
        Vec(Inner::from_iter_in(values, &bump.0))
    }

    /// # Safety
    /// As [`region::collections::Vec::from_raw_parts_in`].
    pub unsafe fn from_raw_parts_in(start: *mut T, len: usize, capacity: usize, bump: &'bump Bump) -> Self {
        // SAFETY: the caller's promise, passed on.
        Vec(unsafe { Inner::from_raw_parts_in(start, len, capacity, &bump.0) })
    }

    #[inline]
    pub fn bump(&self) -> &'bump Bump {
        Bump::of(self.0.allocator())
    }

    #[inline]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    #[inline]
    #[track_caller]
    pub fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    #[inline]
    #[track_caller]
    pub fn reserve_exact(&mut self, additional: usize) {
        self.0.reserve_exact(additional);
    }

    /// # Errors
    /// When memory cannot be had.
    pub fn try_reserve(&mut self, additional: usize) -> Result<(), CollectionAllocErr> {
        Ok(self.0.try_reserve(additional)?)
    }

    /// # Errors
    /// When memory cannot be had.
    pub fn try_reserve_exact(&mut self, additional: usize) -> Result<(), CollectionAllocErr> {
        Ok(self.0.try_reserve_exact(additional)?)
    }

    pub fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }

    pub fn into_bump_slice(self) -> &'bump [T] {
        self.0.into_bump_slice()
    }

    pub fn into_bump_slice_mut(self) -> &'bump mut [T] {
        self.0.into_bump_slice_mut()
    }

    #[cfg(feature = "boxed")]
    pub fn into_boxed_slice(self) -> crate::boxed::Box<'bump, [T]> {
        crate::boxed::Box::of(self.0.into_boxed_slice())
    }

    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    #[inline]
    pub fn as_slice(&self) -> &[T] {
        self.0.as_slice()
    }

    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.0.as_mut_slice()
    }

    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.0.as_ptr()
    }

    #[inline]
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.0.as_mut_ptr()
    }

    /// # Safety
    /// As [`region::collections::Vec::set_len`].
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.set_len(len) }
    }

    #[track_caller]
    pub fn swap_remove(&mut self, index: usize) -> T {
        self.0.swap_remove(index)
    }

    #[track_caller]
    pub fn insert(&mut self, index: usize, value: T) {
        self.0.insert(index, value);
    }

    #[track_caller]
    pub fn remove(&mut self, index: usize) -> T {
        self.0.remove(index)
    }

    pub fn retain<F: FnMut(&T) -> bool>(&mut self, keep: F) {
        self.0.retain(keep);
    }

    pub fn retain_mut<F: FnMut(&mut T) -> bool>(&mut self, keep: F) {
        self.0.retain_mut(keep);
    }

    /// As [`region::collections::Vec::extract_if`] of the whole vector, but what is left when the iterator is dropped is
    /// filtered and dropped too.
    pub fn drain_filter<'a, F: FnMut(&mut T) -> bool>(&'a mut self, filter: F) -> DrainFilter<'a, 'bump, T, F> {
        DrainFilter { wanted: self.0.extract_if(.., filter), asking: false }
    }

    pub fn dedup_by_key<F: FnMut(&mut T) -> K, K: PartialEq>(&mut self, key: F) {
        self.0.dedup_by_key(key);
    }

    pub fn dedup_by<F: FnMut(&mut T, &mut T) -> bool>(&mut self, same: F) {
        self.0.dedup_by(same);
    }

    #[inline(always)]
    #[track_caller]
    pub fn push(&mut self, value: T) {
        self.0.push(value);
    }

    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    pub fn pop_if(&mut self, wanted: impl FnOnce(&mut T) -> bool) -> Option<T> {
        self.0.pop_if(wanted)
    }

    #[track_caller]
    pub fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    #[track_caller]
    pub fn drain<R: RangeBounds<usize>>(&mut self, range: R) -> Drain<'_, 'bump, T> {
        self.0.drain(range)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
        Vec(self.0.split_off(at))
    }

    #[track_caller]
    pub fn splice<R: RangeBounds<usize>, I: IntoIterator<Item = T>>(
        &mut self,
        range: R,
        replacement: I,
    ) -> Splice<'_, 'bump, I::IntoIter> {
        self.0.splice(range, replacement)
    }
}

impl<'bump, T: 'bump + Clone> Vec<'bump, T> {
    #[track_caller]
    pub fn resize(&mut self, len: usize, value: T) {
        self.0.resize(len, value);
    }

    #[track_caller]
    pub fn extend_from_slice(&mut self, values: &[T]) {
        self.0.extend_from_slice(values);
    }
}

impl<'bump, T: 'bump + Copy> Vec<'bump, T> {
    #[track_caller]
    pub fn extend_from_slice_copy(&mut self, values: &[T]) {
        self.0.extend_from_slice_copy(values);
    }

    #[track_caller]
    pub fn extend_from_slices_copy(&mut self, slices: &[&[T]]) {
        self.0.extend_from_slices_copy(slices);
    }
}

impl<'bump, T: 'bump + PartialEq> Vec<'bump, T> {
    pub fn dedup(&mut self) {
        self.0.dedup();
    }
}

impl<'bump, T: 'bump + Clone> Clone for Vec<'bump, T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Vec(self.0.clone())
    }

    #[track_caller]
    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

impl<T: Hash> Hash for Vec<'_, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T: fmt::Debug> fmt::Debug for Vec<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> Deref for Vec<'_, T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Vec<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T, I: SliceIndex<[T]>> Index<I> for Vec<'_, T> {
    type Output = I::Output;

    #[inline]
    #[track_caller]
    fn index(&self, index: I) -> &I::Output {
        &self.as_slice()[index]
    }
}

impl<T, I: SliceIndex<[T]>> IndexMut<I> for Vec<'_, T> {
    #[inline]
    #[track_caller]
    fn index_mut(&mut self, index: I) -> &mut I::Output {
        &mut self.as_mut_slice()[index]
    }
}

impl<T> Extend<T> for Vec<'_, T> {
    #[inline]
    #[track_caller]
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

impl<'a, T: Copy + 'a> Extend<&'a T> for Vec<'_, T> {
    #[inline]
    #[track_caller]
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

/// Comparisons of the slices.
macro_rules! equals {
    ($([$($parameter:tt)*] $other:ty;)*) => { $(
        impl<$($parameter)* A: PartialEq<B>, B> PartialEq<$other> for Vec<'_, A> {
            #[inline]
            fn eq(&self, other: &$other) -> bool {
                self[..] == other[..]
            }
        }
    )* };
}
equals! {
    ['b,] Vec<'b, B>;
    [] &[B];
    [] &mut [B];
    [const N: usize,] [B; N];
    [const N: usize,] &[B; N];
    [const N: usize,] &mut [B; N];
}

impl<T: Eq> Eq for Vec<'_, T> {}

impl<T: PartialOrd> PartialOrd for Vec<'_, T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

impl<T: Ord> Ord for Vec<'_, T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> AsRef<Self> for Vec<'_, T> {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<T> AsMut<Self> for Vec<'_, T> {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

impl<T> AsRef<[T]> for Vec<'_, T> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T> AsMut<[T]> for Vec<'_, T> {
    fn as_mut(&mut self) -> &mut [T] {
        self
    }
}

impl<T> Borrow<[T]> for Vec<'_, T> {
    fn borrow(&self) -> &[T] {
        self
    }
}

impl<T> BorrowMut<[T]> for Vec<'_, T> {
    fn borrow_mut(&mut self) -> &mut [T] {
        self
    }
}

#[cfg(feature = "boxed")]
impl<'bump, T> From<Vec<'bump, T>> for crate::boxed::Box<'bump, [T]> {
    fn from(values: Vec<'bump, T>) -> Self {
        values.into_boxed_slice()
    }
}

#[cfg(feature = "std")]
impl std::io::Write for Vec<'_, u8> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "serde")]
impl<T: serde::Serialize> serde::Serialize for Vec<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&self.0, serializer)
    }
}

impl<'a, T> IntoIterator for &'a Vec<'_, T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Vec<'_, T> {
    type Item = &'a mut T;
    type IntoIter = core::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<'bump, T: 'bump> IntoIterator for Vec<'bump, T> {
    type Item = T;
    type IntoIter = IntoIter<'bump, T>;

    fn into_iter(self) -> IntoIter<'bump, T> {
        let values: *mut [T] = self.0.leak();
        // SAFETY: `ManuallyDrop` has the form of what is in it. The vector gave its values up just now, for `'bump`, and
        // from here on only the iterator has them.
        IntoIter { left: unsafe { &mut *(values as *mut [ManuallyDrop<T>]) } }
    }
}

/// The values of a vector, one by one.
///
/// Not region's iterator, which gives the memory back at its end and so stays in the arena's thread: bumpalo's goes to
/// another, with values that do.
pub struct IntoIter<'bump, T> {
    /// Those that were not given out yet, which are the iterator's.
    left: &'bump mut [ManuallyDrop<T>],
}

impl<T> IntoIter<'_, T> {
    pub fn as_slice(&self) -> &[T] {
        let values: *const [ManuallyDrop<T>] = &*self.left;
        // SAFETY: `ManuallyDrop` has the form of the value in it, which was not given out.
        unsafe { &*(values as *const [T]) }
    }

    pub fn as_mut_slice(&mut self) -> &mut [T] {
        let values: *mut [ManuallyDrop<T>] = &mut *self.left;
        // SAFETY: `ManuallyDrop` has the form of the value in it, which was not given out, and `self` is borrowed
        // mutably.
        unsafe { &mut *(values as *mut [T]) }
    }
}

impl<T> Iterator for IntoIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let (first, rest) = take(&mut self.left).split_first_mut()?;
        self.left = rest;
        // SAFETY: the first value has just left those that are to be given out, so it is taken once.
        Some(unsafe { ManuallyDrop::take(first) })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.len(), Some(self.left.len()))
    }

    fn count(self) -> usize {
        self.left.len()
    }
}

impl<T> DoubleEndedIterator for IntoIter<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        let (last, rest) = take(&mut self.left).split_last_mut()?;
        self.left = rest;
        // SAFETY: the last value has just left those that are to be given out, so it is taken once.
        Some(unsafe { ManuallyDrop::take(last) })
    }
}

impl<T> ExactSizeIterator for IntoIter<'_, T> {}
impl<T> FusedIterator for IntoIter<'_, T> {}

impl<T> Drop for IntoIter<'_, T> {
    fn drop(&mut self) {
        let left = take(&mut self.left);
        let values: *mut [ManuallyDrop<T>] = left;
        // SAFETY: these were not given out, and the iterator has just let them go. All are dropped, also when one's drop
        // panics.
        unsafe { (values as *mut [T]).drop_in_place() };
    }
}

impl<T: fmt::Debug> fmt::Debug for IntoIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.as_slice()).finish()
    }
}

/// The values that a filter removes from a vector, also those that the iterator has not come to when it is dropped.
pub struct DrainFilter<'a, 'bump: 'a, T: 'a + 'bump, F: FnMut(&mut T) -> bool> {
    wanted: ExtractIf<'a, T, Inner<'bump, T>, F>,
    /// The filter runs, or panicked: it is not asked again.
    asking: bool,
}

impl<T, F: FnMut(&mut T) -> bool> Iterator for DrainFilter<'_, '_, T, F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.asking = true;
        let value = self.wanted.next();
        self.asking = false;
        value
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.wanted.size_hint()
    }
}

impl<T, F: FnMut(&mut T) -> bool> Drop for DrainFilter<'_, '_, T, F> {
    fn drop(&mut self) {
        if !self.asking {
            self.for_each(drop);
        }
    }
}

impl<T: fmt::Debug, F: FnMut(&mut T) -> bool> fmt::Debug for DrainFilter<'_, '_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DrainFilter").field(&self.wanted).finish()
    }
}
