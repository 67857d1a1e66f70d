//! The traits of references to slices and of texts that do not know their arena, and comparisons with plain slices.
//!
//! Those of a cage have them too. Those that vectors have in common are in `crate::vector`.

/// What shared references to slices have in common, once they have `as_slice`, by value and for the whole life of what they
/// refer to. Takes a parameter beside `'a` and `T`, if the type has one: by two names, as one is equal to that of another.
macro_rules! shared_slice {
    ($slice:ident $([$parameter:ident, $other:ident: $bound:path])?) => {
        // SAFETY: such a slice is a shared reference to its values, and nothing else.
        unsafe impl<T: Sync$(, $parameter: $bound)?> Send for $slice<'_, T$(, $parameter)?> {}
        // SAFETY: a shared one of these is a shared reference to its values, and nothing else.
        unsafe impl<T: Sync$(, $parameter: $bound)?> Sync for $slice<'_, T$(, $parameter)?> {}
        // As a shared reference.
        impl<T: core::panic::RefUnwindSafe$(, $parameter: $bound)?> core::panic::UnwindSafe
            for $slice<'_, T$(, $parameter)?>
        {
        }

        impl<T$(, $parameter: $bound)?> Clone for $slice<'_, T$(, $parameter)?> {
            #[inline(always)]
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T$(, $parameter: $bound)?> Copy for $slice<'_, T$(, $parameter)?> {}

        impl<T$(, $parameter: $bound)?> core::ops::Deref for $slice<'_, T$(, $parameter)?> {
            type Target = [T];

            #[inline(always)]
            fn deref(&self) -> &[T] {
                self.as_slice()
            }
        }

        impl<T$(, $parameter: $bound)?> AsRef<[T]> for $slice<'_, T$(, $parameter)?> {
            fn as_ref(&self) -> &[T] {
                self
            }
        }

        impl<T$(, $parameter: $bound)?> core::borrow::Borrow<[T]> for $slice<'_, T$(, $parameter)?> {
            fn borrow(&self) -> &[T] {
                self
            }
        }

        impl<T: core::fmt::Debug$(, $parameter: $bound)?> core::fmt::Debug for $slice<'_, T$(, $parameter)?> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(self.as_slice(), f)
            }
        }

        $crate::collections::unmanaged::traits::equals!([T$(, $parameter: $bound)?] T, $slice<'_, T$(, $parameter)?>);

        impl<'b, T: PartialEq<U>, U$(, $parameter: $bound, $other: $bound)?> PartialEq<$slice<'b, U$(, $other)?>>
            for $slice<'_, T$(, $parameter)?>
        {
            fn eq(&self, other: &$slice<'b, U$(, $other)?>) -> bool {
                self.as_slice() == other.as_slice()
            }
        }

        impl<T: Eq$(, $parameter: $bound)?> Eq for $slice<'_, T$(, $parameter)?> {}

        impl<T: PartialOrd$(, $parameter: $bound)?> PartialOrd for $slice<'_, T$(, $parameter)?> {
            fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
                self.as_slice().partial_cmp(other.as_slice())
            }
        }

        impl<T: Ord$(, $parameter: $bound)?> Ord for $slice<'_, T$(, $parameter)?> {
            fn cmp(&self, other: &Self) -> core::cmp::Ordering {
                self.as_slice().cmp(other.as_slice())
            }
        }

        impl<T: core::hash::Hash$(, $parameter: $bound)?> core::hash::Hash for $slice<'_, T$(, $parameter)?> {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                self.as_slice().hash(state);
            }
        }

        impl<'a, T$(, $parameter: $bound)?> IntoIterator for $slice<'a, T$(, $parameter)?> {
            type Item = &'a T;
            type IntoIter = core::slice::Iter<'a, T>;

            #[inline]
            fn into_iter(self) -> Self::IntoIter {
                self.as_slice().iter()
            }
        }

        impl<'i, T$(, $parameter: $bound)?> IntoIterator for &'i $slice<'_, T$(, $parameter)?> {
            type Item = &'i T;
            type IntoIter = core::slice::Iter<'i, T>;

            #[inline]
            fn into_iter(self) -> Self::IntoIter {
                self.as_slice().iter()
            }
        }

        /// A sequence of the values, as a slice of them is.
        #[cfg(feature = "serde")]
        impl<T: serde::Serialize$(, $parameter: $bound)?> serde::Serialize for $slice<'_, T$(, $parameter)?> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.as_slice().serialize(serializer)
            }
        }
    };
}

/// What texts have in common, once they have `as_str`. Takes the type's parameters beside `'a`.
macro_rules! text_traits {
    ([$($parameters:tt)*] $text:ty) => {
        impl<$($parameters)*> core::ops::Deref for $text {
            type Target = str;

            #[inline(always)]
            fn deref(&self) -> &str {
                self.as_str()
            }
        }

        impl<$($parameters)*> core::fmt::Debug for $text {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl<$($parameters)*> core::fmt::Display for $text {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self.as_str(), f)
            }
        }

        impl<$($parameters)*> core::hash::Hash for $text {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl<$($parameters)*> PartialEq<str> for $text {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl<$($parameters)*> PartialEq<&str> for $text {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl<$($parameters)*> AsRef<str> for $text {
            fn as_ref(&self) -> &str {
                self
            }
        }

        impl<$($parameters)*> core::borrow::Borrow<str> for $text {
            fn borrow(&self) -> &str {
                self
            }
        }

        #[cfg(feature = "serde")]
        impl<$($parameters)*> serde::Serialize for $text {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self)
            }
        }
    };
}

/// Comparisons with slices and arrays, for a type with `as_slice`.
macro_rules! equals {
    ([$($parameters:tt)*] $value:ident, $type:ty) => {
        $crate::collections::unmanaged::traits::equals! { [$($parameters)*] $value, $type, [] [U] }
        $crate::collections::unmanaged::traits::equals! { [$($parameters)*] $value, $type, [] &[U] }
        $crate::collections::unmanaged::traits::equals! { [$($parameters)*] $value, $type, [const N: usize,] [U; N] }
        $crate::collections::unmanaged::traits::equals! { [$($parameters)*] $value, $type, [const N: usize,] &[U; N] }
    };
    ([$($parameters:tt)*] $value:ident, $type:ty, [$($more:tt)*] $other:ty) => {
        impl<$($parameters)*, $($more)* U> PartialEq<$other> for $type
        where
            $value: PartialEq<U>,
        {
            #[inline]
            fn eq(&self, other: &$other) -> bool {
                self.as_slice() == &other[..]
            }
        }
    };
}

pub(crate) use {equals, shared_slice, text_traits};
