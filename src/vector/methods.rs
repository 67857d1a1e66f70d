//! The methods that all vectors have in common: those that need no word about where the memory is.
//!
//! The bodies are in `edit` and `fill`. Making a vector, its capacity, and copying slices into it are in the vectors'
//! own files.

/// Those that need no memory, for a type that is a [`Vector`](super::Vector). Takes the head of the `impl`, and how an
/// example makes a vector of values: a line before, and what stands around the values.
macro_rules! removing_methods {
    ([$($head:tt)*]; $before:literal, $open:literal, $close:literal;) => { $($head)* {
        /// Removes the last value and returns it.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut stack = ", $open, "1, 2", $close, ";")]
        /// assert_eq!([stack.pop(), stack.pop(), stack.pop()], [Some(2), Some(1), None]);
        /// ```
        #[inline]
        pub fn pop(&mut self) -> Option<T> {
            $crate::vector::edit::pop(self)
        }

        /// Removes the last value and returns it, if `wanted` returns `true` for it.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut values = ", $open, "1, 2", $close, ";")]
        /// assert_eq!([values.pop_if(|last| *last > 1), values.pop_if(|last| *last > 1)], [Some(2), None]);
        /// ```
        pub fn pop_if(&mut self, wanted: impl FnOnce(&mut T) -> bool) -> Option<T> {
            if wanted(self.as_mut_slice().last_mut()?) { self.pop() } else { None }
        }

        /// Removes value number `index` and returns it. The values after it move down by one.
        ///
        /// # Panics
        /// When there is no such value.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut letters = ", $open, "'a', 'b', 'c'", $close, ";")]
        /// assert_eq!(letters.remove(0), 'a');
        /// assert_eq!(letters, ['b', 'c']);
        /// ```
        #[track_caller]
        pub fn remove(&mut self, index: usize) -> T {
            $crate::vector::edit::remove(self, index)
        }

        /// Removes value number `index` and returns it. The last value takes its place.
        ///
        /// # Panics
        /// When there is no such value.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut letters = ", $open, "'a', 'b', 'c'", $close, ";")]
        /// assert_eq!(letters.swap_remove(0), 'a');
        /// assert_eq!(letters, ['c', 'b']);
        /// ```
        #[track_caller]
        pub fn swap_remove(&mut self, index: usize) -> T {
            $crate::vector::edit::swap_remove(self, index)
        }

        /// Drops the values from number `len` on. Does nothing if there are at most `len`.
        pub fn truncate(&mut self, len: usize) {
            $crate::vector::edit::truncate(self, len);
        }

        /// Drops all values, and keeps the memory.
        #[inline]
        pub fn clear(&mut self) {
            $crate::vector::edit::truncate(self, 0);
        }

        /// Drops the values for which `keep` returns `false`. The others close up, in their order.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut values = ", $open, "0, 1, 2, 3, 4, 5, 6", $close, ";")]
        /// values.retain(|value| value % 3 == 0);
        /// assert_eq!(values, [0, 3, 6]);
        /// ```
        pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
            self.retain_mut(|value| keep(value));
        }

        /// As [`retain`](Self::retain), with values that `keep` may change.
        ///
        /// When `keep` or a drop panics, the values that were not looked at yet stay.
        pub fn retain_mut(&mut self, keep: impl FnMut(&mut T) -> bool) {
            $crate::vector::edit::retain_mut(self, keep);
        }

        /// Drops each value for which `same(value, the one kept before)` returns `true`.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut words = ", $open, r#""a", "A", "b", "a""#, $close, ";")]
        /// words.dedup_by(|word, before| word.eq_ignore_ascii_case(before));
        /// assert_eq!(words, ["a", "b", "a"]);
        /// ```
        pub fn dedup_by(&mut self, same: impl FnMut(&mut T, &mut T) -> bool) {
            $crate::vector::edit::dedup_by(self, same);
        }

        /// Drops each value that equals the one before it.
        pub fn dedup(&mut self)
        where
            T: PartialEq,
        {
            self.dedup_by(|value, before| value == before);
        }

        /// Drops each value whose key equals that of the one before it.
        pub fn dedup_by_key<K: PartialEq>(&mut self, mut key: impl FnMut(&mut T) -> K) {
            self.dedup_by(|value, before| key(value) == key(before));
        }

        /// Removes a range of values and returns them as an iterator. When the iterator is dropped, what is left of the
        /// range is dropped and the values after it close up. If the iterator is forgotten, they are too.
        ///
        /// # Panics
        /// When the range ends after the vector, or before it starts.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut values = ", $open, "0, 1, 2, 3, 4, 5", $close, ";")]
        /// assert!(values.drain(1..3).eq([1, 2]));
        /// assert_eq!(values, [0, 3, 4, 5]);
        /// ```
        #[track_caller]
        pub fn drain(&mut self, range: impl RangeBounds<usize>) -> $crate::vector::Drain<'_, T, Self> {
            $crate::vector::Drain::new(self, range)
        }

        /// Takes the values of a range for which `wanted` returns `true` out of the vector, as the iterator comes to
        /// them. The others close up, in their order. Values that it did not come to stay, also when the iterator is
        /// dropped or `wanted` panics. If it is forgotten, all values are.
        ///
        /// # Panics
        /// When the range ends after the vector, or before it starts.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut values = ", $open, "0, 1, 2, 3, 4, 5", $close, ";")]
        /// assert!(values.extract_if(1.., |value| *value % 2 == 0).eq([2, 4]));
        /// assert_eq!(values, [0, 1, 3, 5]);
        /// ```
        #[track_caller]
        pub fn extract_if<F: FnMut(&mut T) -> bool>(
            &mut self,
            range: impl RangeBounds<usize>,
            wanted: F,
        ) -> $crate::vector::ExtractIf<'_, T, Self, F> {
            $crate::vector::ExtractIf::new(self, range, wanted)
        }
    } };
}

#[cfg_attr(region_staticlib, allow(unused_macros))] // the archive has no vectors of arenas
/// Those by which a vector of an arena is filled, for a type that can [`Grow`](super::Grow) and has `try_reserve_exact`.
macro_rules! filling_methods {
    ([$($head:tt)*]) => { $($head)* {
        /// Reserves capacity for at least `more` values.
        ///
        /// # Panics
        /// When that much cannot be had.
        #[inline]
        #[track_caller]
        pub fn reserve(&mut self, more: usize) {
            Panic::unwrap($crate::vector::Grow::reserve_above::<Panic>(self, $crate::vector::Vector::len(self), more));
        }

        /// As [`reserve`](Self::reserve).
        ///
        /// # Errors
        /// When that much cannot be had.
        #[inline]
        pub fn try_reserve(&mut self, more: usize) -> Result<(), AllocError> {
            $crate::vector::Grow::reserve_above::<Report>(self, $crate::vector::Vector::len(self), more)
        }

        /// Reserves capacity for exactly `more` values.
        ///
        /// # Panics
        /// When that much cannot be had.
        #[inline]
        #[track_caller]
        pub fn reserve_exact(&mut self, more: usize) {
            Panic::unwrap(Panic::check(self.try_reserve_exact(more)));
        }

        /// Appends a value.
        ///
        /// # Panics
        /// When memory cannot be had.
        #[inline(always)]
        #[track_caller]
        pub fn push(&mut self, value: T) {
            Panic::unwrap($crate::vector::fill::push::<Panic, T, Self>(self, value));
        }

        /// As [`push`](Self::push).
        ///
        /// # Errors
        /// When memory cannot be had; the vector is as it was, and the value is dropped.
        #[inline(always)]
        pub fn try_push(&mut self, value: T) -> Result<(), AllocError> {
            $crate::vector::fill::push::<Report, T, Self>(self, value)
        }

        /// Appends clones of a slice's values.
        ///
        /// # Panics
        /// When memory cannot be had.
        #[inline]
        #[track_caller]
        pub fn extend_from_slice(&mut self, values: &[T])
        where
            T: Clone,
        {
            Panic::unwrap($crate::vector::fill::extend_from_slice::<Panic, T, Self>(self, values));
        }

        /// As [`extend_from_slice`](Self::extend_from_slice).
        ///
        /// # Errors
        /// When memory cannot be had; the vector is as it was.
        #[inline]
        pub fn try_extend_from_slice(&mut self, values: &[T]) -> Result<(), AllocError>
        where
            T: Clone,
        {
            $crate::vector::fill::extend_from_slice::<Report, T, Self>(self, values)
        }

        /// Appends copies of a slice's values, in one copy.
        ///
        /// # Panics
        /// When memory cannot be had.
        #[inline]
        #[track_caller]
        pub fn extend_from_slice_copy(&mut self, values: &[T])
        where
            T: Copy,
        {
            Panic::unwrap($crate::vector::fill::copy_from_slice::<Panic, T, Self>(self, values));
        }

        /// As [`extend_from_slice_copy`](Self::extend_from_slice_copy).
        ///
        /// # Errors
        /// When memory cannot be had; the vector is as it was.
        #[inline]
        pub fn try_extend_from_slice_copy(&mut self, values: &[T]) -> Result<(), AllocError>
        where
            T: Copy,
        {
            $crate::vector::fill::copy_from_slice::<Report, T, Self>(self, values)
        }
    } };
}

/// All of them, for a type that can [`Grow`](super::Grow). Takes another such vector too, whose values are appended.
macro_rules! vector_methods {
    (
        [$($head:tt)*], [$($parameter:tt)*] $other:ty;
        $before:literal, $open:literal, $close:literal;
    ) => {
        $crate::vector::removing_methods! { [$($head)*]; $before, $open, $close; }

        $($head)* {
        /// Puts a value before number `index`; the values from there on move up by one.
        ///
        /// # Panics
        /// When `index` is greater than the length, or memory cannot be had.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut letters = ", $open, "'a', 'c'", $close, ";")]
        /// letters.insert(1, 'b');
        /// assert_eq!(letters, ['a', 'b', 'c']);
        /// ```
        #[track_caller]
        pub fn insert(&mut self, index: usize, value: T) {
            Panic::unwrap($crate::vector::edit::insert::<Panic, T, Self>(self, index, value));
        }

        /// As [`insert`](Self::insert).
        ///
        /// # Errors
        /// When memory cannot be had; the value is dropped.
        ///
        /// # Panics
        /// When `index` is greater than the length.
        #[track_caller]
        pub fn try_insert(&mut self, index: usize, value: T) -> Result<(), AllocError> {
            $crate::vector::edit::insert::<Report, T, Self>(self, index, value)
        }

        /// Replaces a range by an iterator's values, however many, and returns the old values as an iterator. The
        /// replacement is made when that iterator is dropped. If it is forgotten, the values after the range are too.
        ///
        /// # Panics
        /// When the range ends after the vector, or before it starts. When memory cannot be had as the iterator is
        /// dropped: the vector then has what came before. To avoid that, call [`try_reserve`](Self::try_reserve) first.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut words = ", $open, r#""to", "be", "!""#, $close, ";")]
        /// let old: Vec<_> = words.splice(1..2, ["see", "or", "not"]).collect();
        /// assert_eq!(old, ["be"]);
        /// assert_eq!(words, ["to", "see", "or", "not", "!"]);
        /// ```
        #[track_caller]
        pub fn splice<I: IntoIterator<Item = T>>(
            &mut self,
            range: impl RangeBounds<usize>,
            replacement: I,
        ) -> $crate::vector::Splice<'_, I::IntoIter, Self> {
            $crate::vector::Splice::new(self.drain(range), replacement.into_iter())
        }

        /// Appends what an iterator gives.
        ///
        /// # Errors
        /// When memory cannot be had; what the iterator gave so far stays in the vector, and the value that did
        /// not fit is dropped. ([`Extend::extend`] panics then.)
        #[inline]
        pub fn try_extend(&mut self, values: impl IntoIterator<Item = T>) -> Result<(), AllocError> {
            $crate::vector::fill::extend::<Report, T, Self>(self, values)
        }

        /// Appends clones of a range of the vector's own values.
        ///
        /// # Panics
        /// When the range ends after the vector, or before it starts; when memory cannot be had.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut words = ", $open, r#""to be", "or not""#, $close, ";")]
        /// words.extend_from_within(..1);
        /// assert_eq!(words, ["to be", "or not", "to be"]);
        /// ```
        #[track_caller]
        pub fn extend_from_within(&mut self, range: impl RangeBounds<usize>)
        where
            T: Clone,
        {
            Panic::unwrap($crate::vector::fill::extend_from_within::<Panic, T, Self>(self, range));
        }

        /// As [`extend_from_within`](Self::extend_from_within).
        ///
        /// # Errors
        /// When memory cannot be had; the vector is as it was.
        ///
        /// # Panics
        /// When the range ends after the vector, or before it starts.
        #[track_caller]
        pub fn try_extend_from_within(&mut self, range: impl RangeBounds<usize>) -> Result<(), AllocError>
        where
            T: Clone,
        {
            $crate::vector::fill::extend_from_within::<Report, T, Self>(self, range)
        }

        /// Moves all values of `other` to the end.
        ///
        /// # Panics
        /// When memory cannot be had.
        #[track_caller]
        pub fn append<$($parameter)*>(&mut self, other: &mut $other) {
            Panic::unwrap($crate::vector::fill::move_from::<Panic, T, Self, _>(self, other, 0));
        }

        /// As [`append`](Self::append).
        ///
        /// # Errors
        /// When memory cannot be had; both are as they were.
        pub fn try_append<$($parameter)*>(&mut self, other: &mut $other) -> Result<(), AllocError> {
            $crate::vector::fill::move_from::<Report, T, Self, _>(self, other, 0)
        }

        /// Makes the vector `len` values long: drops values, or appends clones of `value`.
        ///
        /// # Panics
        /// When memory cannot be had.
        ///
        /// ```
        #[doc = $before]
        #[doc = concat!("let mut marks = ", $open, "'.'", $close, ";")]
        /// marks.resize(3, '#');
        /// marks.resize(2, '#');
        /// assert_eq!(marks, ['.', '#']);
        /// ```
        #[track_caller]
        pub fn resize(&mut self, len: usize, value: T)
        where
            T: Clone,
        {
            Panic::unwrap($crate::vector::fill::resize_with::<Panic, T, Self>(self, len, || value.clone()));
        }

        /// As [`resize`](Self::resize).
        ///
        /// # Errors
        /// When memory cannot be had; the vector is as it was.
        pub fn try_resize(&mut self, len: usize, value: T) -> Result<(), AllocError>
        where
            T: Clone,
        {
            $crate::vector::fill::resize_with::<Report, T, Self>(self, len, || value.clone())
        }

        /// Makes the vector `len` values long: drops values, or appends what `make` gives.
        ///
        /// # Panics
        /// When memory cannot be had.
        #[track_caller]
        pub fn resize_with(&mut self, len: usize, make: impl FnMut() -> T) {
            Panic::unwrap($crate::vector::fill::resize_with::<Panic, T, Self>(self, len, make));
        }

        /// As [`resize_with`](Self::resize_with).
        ///
        /// # Errors
        /// When memory cannot be had; the vector is as it was.
        pub fn try_resize_with(&mut self, len: usize, make: impl FnMut() -> T) -> Result<(), AllocError> {
            $crate::vector::fill::resize_with::<Report, T, Self>(self, len, make)
        }
    } };
}

#[cfg(not(region_staticlib))]
pub(crate) use filling_methods;
pub(crate) use {removing_methods, vector_methods};
