//! Collecting into a bump. The traits are bumpalo's, which programs may implement for types of their own.

use crate::Bump;
#[cfg(feature = "boxed")]
use crate::boxed::Box;
use crate::collections::{String, Vec};

/// Containers that are made of an iterator and what they allocate from.
pub trait FromIteratorIn<A> {
    /// What they allocate from.
    type Alloc;

    /// Collects an iterator.
    fn from_iter_in<I: IntoIterator<Item = A>>(iter: I, alloc: Self::Alloc) -> Self;
}

/// `collect`, into a bump.
///
/// ```
/// use bumpalo::collections::{CollectIn, Vec};
/// let bump = bumpalo::Bump::new();
/// assert_eq!((0..3).collect_in::<Vec<_>>(&bump), [0, 1, 2]);
/// ```
pub trait CollectIn: Iterator + Sized {
    /// Collects the iterator.
    #[track_caller]
    fn collect_in<C: FromIteratorIn<Self::Item>>(self, alloc: C::Alloc) -> C {
        C::from_iter_in(self, alloc)
    }
}

impl<I: Iterator> CollectIn for I {}

/// A container's own function, as the trait's.
macro_rules! collected {
    ([$($parameter:ident)?] $container:ty, $item:ty) => {
        impl<'bump, $($parameter)?> FromIteratorIn<$item> for $container {
            type Alloc = &'bump Bump;

            #[track_caller]
            fn from_iter_in<I: IntoIterator<Item = $item>>(iter: I, bump: Self::Alloc) -> Self {
                <$container>::from_iter_in(iter, bump)
            }
        }
    };
}
collected!([T] Vec<'bump, T>, T);
collected!([] String<'bump>, char);
#[cfg(feature = "boxed")]
collected!([T] Box<'bump, [T]>, T);

impl<T, V: FromIteratorIn<T>> FromIteratorIn<Option<T>> for Option<V> {
    type Alloc = V::Alloc;

    #[track_caller]
    fn from_iter_in<I: IntoIterator<Item = Option<T>>>(iter: I, alloc: Self::Alloc) -> Self {
        Result::from_iter_in(iter.into_iter().map(|value| value.ok_or(())), alloc).ok()
    }
}

impl<T, E, V: FromIteratorIn<T>> FromIteratorIn<Result<T, E>> for Result<V, E> {
    type Alloc = V::Alloc;

    #[track_caller]
    fn from_iter_in<I: IntoIterator<Item = Result<T, E>>>(iter: I, alloc: Self::Alloc) -> Self {
        let (mut iter, mut error) = (iter.into_iter(), None);
        let until_error = core::iter::from_fn(|| match iter.next()? {
            Ok(value) => Some(value),
            Err(first) => {
                error = Some(first);
                None
            }
        });
        let container = V::from_iter_in(until_error, alloc);
        error.map_or(Ok(container), Err)
    }
}
