//! The traits of the language, std and serde that all vectors have in common: as slices have them.
//!
//! Cloning, comparing with other types and writing bytes are in the vectors' own files.

/// Those traits, but for `Extend`, for a type that is a [`Vector`](super::Vector) and has `as_slice` and `as_mut_slice`.
/// Takes its parameters and another such vector that it is ordered with.
macro_rules! slice_traits {
    ([$($parameter:tt)*] $vector:ty, [$($more:tt)*] $other:ty) => {
        impl<$($parameter)*> core::ops::Deref for $vector {
            type Target = [T];

            #[inline(always)]
            fn deref(&self) -> &[T] {
                self.as_slice()
            }
        }

        impl<$($parameter)*> core::ops::DerefMut for $vector {
            #[inline(always)]
            fn deref_mut(&mut self) -> &mut [T] {
                self.as_mut_slice()
            }
        }

        impl<$($parameter)*> AsRef<[T]> for $vector {
            fn as_ref(&self) -> &[T] {
                self
            }
        }

        impl<$($parameter)*> AsMut<[T]> for $vector {
            fn as_mut(&mut self) -> &mut [T] {
                self
            }
        }

        impl<$($parameter)*> core::borrow::Borrow<[T]> for $vector {
            fn borrow(&self) -> &[T] {
                self
            }
        }

        impl<$($parameter)*> core::borrow::BorrowMut<[T]> for $vector {
            fn borrow_mut(&mut self) -> &mut [T] {
                self
            }
        }

        impl<$($parameter)*> core::fmt::Debug for $vector
        where
            T: core::fmt::Debug,
        {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(self.as_slice(), f)
            }
        }

        impl<$($parameter)*> Eq for $vector where T: Eq {}

        impl<$($parameter)*, $($more)*> PartialOrd<$other> for $vector
        where
            T: PartialOrd,
        {
            fn partial_cmp(&self, other: &$other) -> Option<core::cmp::Ordering> {
                self.as_slice().partial_cmp(other.as_slice())
            }
        }

        impl<$($parameter)*> Ord for $vector
        where
            T: Ord,
        {
            fn cmp(&self, other: &Self) -> core::cmp::Ordering {
                self.as_slice().cmp(other.as_slice())
            }
        }

        impl<$($parameter)*> core::hash::Hash for $vector
        where
            T: core::hash::Hash,
        {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                self.as_slice().hash(state);
            }
        }

        impl<$($parameter)*> IntoIterator for $vector {
            type Item = T;
            type IntoIter = $crate::typed::IntoIter<T, Self>;

            #[inline]
            fn into_iter(self) -> Self::IntoIter {
                $crate::typed::IntoIter::of(self)
            }
        }

        impl<'i, $($parameter)*> IntoIterator for &'i $vector {
            type Item = &'i T;
            type IntoIter = core::slice::Iter<'i, T>;

            #[inline]
            fn into_iter(self) -> Self::IntoIter {
                self.iter()
            }
        }

        impl<'i, $($parameter)*> IntoIterator for &'i mut $vector {
            type Item = &'i mut T;
            type IntoIter = core::slice::IterMut<'i, T>;

            #[inline]
            fn into_iter(self) -> Self::IntoIter {
                self.iter_mut()
            }
        }

        /// A sequence of the values, as a slice of them is.
        #[cfg(feature = "serde")]
        impl<$($parameter)*> serde::Serialize for $vector
        where
            T: serde::Serialize,
        {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.as_slice().serialize(serializer)
            }
        }
    };
}

/// All of them, for a type that can [`Grow`](super::Grow).
macro_rules! vector_traits {
    ([$($parameter:tt)*] $vector:ty, [$($more:tt)*] $other:ty) => {
        $crate::vector::slice_traits!([$($parameter)*] $vector, [$($more)*] $other);

        impl<$($parameter)*> Extend<T> for $vector {
            #[inline]
            #[track_caller]
            fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
                Panic::unwrap($crate::vector::fill::extend::<Panic, T, Self>(self, values));
            }
        }

        impl<'i, $($parameter)*> Extend<&'i T> for $vector
        where
            T: Copy + 'i,
        {
            #[inline]
            #[track_caller]
            fn extend<I: IntoIterator<Item = &'i T>>(&mut self, values: I) {
                Panic::unwrap($crate::vector::fill::extend::<Panic, T, Self>(self, values.into_iter().copied()));
            }
        }
    };
}

pub(crate) use {slice_traits, vector_traits};
