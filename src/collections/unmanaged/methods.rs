//! What the two vectors have in common: making one, growing it in an arena, and the traits of slices.
//!
//! The bodies are those of all vectors (`crate::vector`), which a vector has together with its arena (`with_arena`).

/// Those methods and traits, for a type that is [`Unmanaged`](super::growing::Unmanaged) and has `new`. Takes a parameter of
/// the type beside `'a` and `T`, if it has one; the bound of the arenas that it grows in; and how an example makes a vector
/// of values: a line before, and what stands around the values.
macro_rules! unmanaged_vector {
    (
        $vector:ident $([$parameter:ident: $bound:path])?, $arena:path;
        $before:literal, $open:literal, $close:literal;
    ) => {
        // SAFETY: a vector is the only way to its values, and nothing else: it does not use the arena.
        unsafe impl<T: Send$(, $parameter: $bound)?> Send for $vector<'_, T$(, $parameter)?> {}
        // SAFETY: a shared vector gives shared references to its values, and nothing else.
        unsafe impl<T: Sync$(, $parameter: $bound)?> Sync for $vector<'_, T$(, $parameter)?> {}
        // A vector is safe across a panic if its values are, as the standard library's.
        impl<T: core::panic::UnwindSafe$(, $parameter: $bound)?> core::panic::UnwindSafe
            for $vector<'_, T$(, $parameter)?>
        {
        }

        impl<'a, T$(, $parameter: $bound)?> $vector<'a, T$(, $parameter)?> {
            /// An empty vector with capacity for `capacity` values.
            ///
            /// # Panics
            /// When memory cannot be had.
            #[inline]
            #[track_caller]
            pub fn with_capacity_in<A: $arena>(capacity: usize, arena: &'a A) -> Self {
                Panic::unwrap(Panic::check(Self::try_with_capacity_in(capacity, arena)))
            }

            /// As [`with_capacity_in`](Self::with_capacity_in).
            ///
            /// # Errors
            /// When memory cannot be had.
            #[inline]
            pub fn try_with_capacity_in<A: $arena>(
                capacity: usize,
                arena: &'a A,
            ) -> Result<Self, AllocError> {
                let mut vector = Self::new();
                $crate::collections::unmanaged::growing::grow_exactly(&mut vector, 0, capacity, arena)?;
                Ok(vector)
            }

            /// Collects an iterator.
            ///
            /// # Panics
            /// When memory cannot be had, or the iterator does; what was collected is leaked then.
            #[inline]
            #[track_caller]
            pub fn from_iter_in<A: $arena>(
                values: impl IntoIterator<Item = T>,
                arena: &'a A,
            ) -> Self {
                Panic::unwrap(Self::from_iter_or::<Panic, A>(values, arena))
            }

            /// As [`from_iter_in`](Self::from_iter_in).
            ///
            /// # Errors
            /// When memory cannot be had; what was collected is leaked.
            #[inline]
            pub fn try_from_iter_in<A: $arena>(
                values: impl IntoIterator<Item = T>,
                arena: &'a A,
            ) -> Result<Self, AllocError> {
                Self::from_iter_or::<Report, A>(values, arena)
            }

            #[inline]
            #[track_caller]
            fn from_iter_or<F: Failure, A: $arena>(
                values: impl IntoIterator<Item = T>,
                arena: &'a A,
            ) -> Result<Self, F::Error> {
                let mut vector = Self::new();
                let values = values.into_iter();
                // Exactly the iterator's least size hint.
                let hint = $crate::vector::hinted(&values);
                let _ = $crate::collections::unmanaged::growing::grow_exactly(&mut vector, 0, hint, arena);
                $crate::vector::fill::extend::<F, T, _>(&mut vector.with_arena(arena), values)?;
                Ok(vector)
            }

            /// The same values in memory of their own, with no spare capacity.
            ///
            /// # Panics
            /// When memory cannot be had, or a clone does; the clones that were made are leaked then.
            #[track_caller]
            pub fn clone_in<'b, A: $arena>(&self, arena: &'b A) -> $vector<'b, T$(, $parameter)?>
            where
                T: Clone,
            {
                $vector::from_iter_in(self.iter().cloned(), arena)
            }

            /// As [`clone_in`](Self::clone_in).
            ///
            /// # Errors
            /// When memory cannot be had; the clones that were made are leaked.
            pub fn try_clone_in<'b, A: $arena>(
                &self,
                arena: &'b A,
            ) -> Result<$vector<'b, T$(, $parameter)?>, AllocError>
            where
                T: Clone,
            {
                $vector::try_from_iter_in(self.iter().cloned(), arena)
            }

            /// Values in the vector.
            #[inline(always)]
            pub fn len(&self) -> usize {
                $crate::vector::Vector::len(self)
            }

            /// Whether there are none.
            #[inline(always)]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Values that fit before it must grow.
            #[inline]
            pub fn capacity(&self) -> usize {
                $crate::vector::Vector::capacity(self)
            }

            /// The values.
            #[inline(always)]
            pub fn as_slice(&self) -> &[T] {
                // SAFETY: the first `len` positions hold values, which change behind `&mut self` alone.
                unsafe { $crate::vector::pointers_to(self, 0, self.len()).as_ref() }
            }

            /// The values, to be changed.
            #[inline(always)]
            pub fn as_mut_slice(&mut self) -> &mut [T] {
                // SAFETY: the first `len` positions hold values, and the vector is borrowed mutably.
                unsafe { $crate::vector::pointers_to(self, 0, self.len()).as_mut() }
            }

            /// The values, for as long as the arena is borrowed. They will not be dropped. Unused memory is not given
            /// back; [`shrink_to_fit`](Self::shrink_to_fit) does that before.
            #[inline]
            pub fn into_slice(self) -> &'a mut [T] {
                // SAFETY: the first `len` positions hold values. The vector is given up, so nobody else has them, and
                // their memory is an arena's that is borrowed for `'a`.
                unsafe { $crate::vector::pointers_to(&self, 0, self.len()).as_mut() }
            }

            /// The vector together with an arena, for calls that need one or may need one: with the methods that
            /// vectors have which know their arena, and with `Extend`.
            ///
            /// ```
            #[doc = $before]
            #[doc = concat!("let mut row = ", $open, "1, 2", $close, ";")]
            /// let mut growing = row.with_arena(&arena);
            /// growing.resize(4, 0);
            /// growing.splice(1..1, [7, 8]);
            /// assert_eq!(row, [1, 7, 8, 2, 0, 0]);
            /// ```
            #[inline(always)]
            pub fn with_arena<'v, A: $arena>(
                &'v mut self,
                arena: &'a A,
            ) -> $crate::collections::unmanaged::WithArena<'v, 'a, T, Self, A> {
                $crate::collections::unmanaged::WithArena::of(self, arena)
            }

            /// Reserves capacity for at least `more` values.
            ///
            /// # Panics
            /// When that much cannot be had.
            #[inline]
            #[track_caller]
            pub fn reserve<A: $arena>(&mut self, more: usize, arena: &'a A) {
                self.with_arena(arena).reserve(more);
            }

            /// As [`reserve`](Self::reserve).
            ///
            /// # Errors
            /// When that much cannot be had.
            #[inline]
            pub fn try_reserve<A: $arena>(
                &mut self,
                more: usize,
                arena: &'a A,
            ) -> Result<(), AllocError> {
                self.with_arena(arena).try_reserve(more)
            }

            /// Appends a value.
            ///
            /// # Panics
            /// When memory cannot be had.
            #[inline(always)]
            #[track_caller]
            pub fn push<A: $arena>(&mut self, value: T, arena: &'a A) {
                self.with_arena(arena).push(value);
            }

            /// As [`push`](Self::push).
            ///
            /// # Errors
            /// When memory cannot be had; the vector is as it was, and the value is dropped.
            #[inline(always)]
            pub fn try_push<A: $arena>(
                &mut self,
                value: T,
                arena: &'a A,
            ) -> Result<(), AllocError> {
                self.with_arena(arena).try_push(value)
            }

            /// Appends what an iterator gives.
            ///
            /// # Panics
            /// When memory cannot be had.
            #[inline]
            #[track_caller]
            pub fn extend<A: $arena>(
                &mut self,
                values: impl IntoIterator<Item = T>,
                arena: &'a A,
            ) {
                Panic::unwrap($crate::vector::fill::extend::<Panic, T, _>(&mut self.with_arena(arena), values));
            }

            /// As [`extend`](Self::extend).
            ///
            /// # Errors
            /// When memory cannot be had; what the iterator gave so far stays in the vector, and the value that did not
            /// fit is dropped.
            #[inline]
            pub fn try_extend<A: $arena>(
                &mut self,
                values: impl IntoIterator<Item = T>,
                arena: &'a A,
            ) -> Result<(), AllocError> {
                self.with_arena(arena).try_extend(values)
            }

            /// Appends copies of a slice's values, in one copy.
            ///
            /// # Panics
            /// When memory cannot be had.
            #[inline]
            #[track_caller]
            pub fn extend_from_slice_copy<A: $arena>(&mut self, values: &[T], arena: &'a A)
            where
                T: Copy,
            {
                self.with_arena(arena).extend_from_slice_copy(values);
            }

            /// As [`extend_from_slice_copy`](Self::extend_from_slice_copy).
            ///
            /// # Errors
            /// When memory cannot be had; the vector is as it was.
            #[inline]
            pub fn try_extend_from_slice_copy<A: $arena>(
                &mut self,
                values: &[T],
                arena: &'a A,
            ) -> Result<(), AllocError>
            where
                T: Copy,
            {
                self.with_arena(arena).try_extend_from_slice_copy(values)
            }
        }

        $crate::vector::removing_methods! {
            [impl<T$(, $parameter: $bound)?> $vector<'_, T$(, $parameter)?>];
            $before, $open, $close;
        }

        $crate::vector::slice_traits! {
            [T$(, $parameter: $bound)?] $vector<'_, T$(, $parameter)?>, [] $vector<'_, T$(, $parameter)?>
        }
        $crate::collections::unmanaged::traits::equals!([T$(, $parameter: $bound)?] T, $vector<'_, T$(, $parameter)?>);

        impl<T$(, $parameter: $bound)?> Default for $vector<'_, T$(, $parameter)?> {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<'b, T: PartialEq<U>, U$(, $parameter: $bound)?> PartialEq<$vector<'b, U$(, $parameter)?>>
            for $vector<'_, T$(, $parameter)?>
        {
            #[inline]
            fn eq(&self, other: &$vector<'b, U$(, $parameter)?>) -> bool {
                self.as_slice() == other.as_slice()
            }
        }
    };
}

pub(crate) use unmanaged_vector;
