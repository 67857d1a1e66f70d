//! Containers collected at the end of a chain of iterators: `iter.collect_in(&arena)`.
//!
//! Each does what the container's own `from_iter_in` does, which also takes other allocators for a [`Box`].

use super::string::Piece;
use super::{ArenaAllocator, Box, String, Vec};
use crate::arena::Arena;
use crate::error::AllocError;

/// What [`CollectIn::collect_in`] makes: a container in an arena, or the first error (or `None`) in place of one.
pub trait FromIteratorIn<T>: Sized {
    /// What it allocates from: a reference to an arena or a scope.
    type Allocator;

    /// Collects an iterator.
    ///
    /// # Panics
    /// When memory cannot be had, or the iterator does.
    fn from_iter_in<I: IntoIterator<Item = T>>(values: I, arena: Self::Allocator) -> Self;

    /// As [`from_iter_in`](Self::from_iter_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    fn try_from_iter_in<I: IntoIterator<Item = T>>(values: I, arena: Self::Allocator) -> Result<Self, AllocError>;
}

/// [`Iterator::collect`], into an arena.
///
/// ```
/// use region::Arena;
/// use region::collections::{CollectIn, String, Vec};
/// let arena = Arena::new();
/// let squares: Vec<u32> = (1..4).map(|n| n * n).collect_in(&arena);
/// let loud = "name".chars().map(|c| c.to_ascii_uppercase()).collect_in::<String>(&arena);
/// assert_eq!((&squares[..], &loud[..]), (&[1, 4, 9][..], "NAME"));
/// // The first error ends it.
/// let numbers: Result<Vec<u8>, _> = "1 2 300".split(' ').map(str::parse).collect_in(&arena);
/// assert!(numbers.is_err());
/// ```
pub trait CollectIn: Iterator + Sized {
    /// Collects the iterator into a container in `arena`: a [`Vec`], a [`Box`] of a slice, or, of characters or
    /// strings, a [`String`]; or into a [`Result`] or an [`Option`] of one.
    ///
    /// # Panics
    /// When memory cannot be had, or the iterator does.
    #[inline]
    #[track_caller]
    fn collect_in<C: FromIteratorIn<Self::Item>>(self, arena: C::Allocator) -> C {
        C::from_iter_in(self, arena)
    }

    /// As [`collect_in`](Self::collect_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    fn try_collect_in<C: FromIteratorIn<Self::Item>>(self, arena: C::Allocator) -> Result<C, AllocError> {
        C::try_from_iter_in(self, arena)
    }
}

impl<I: Iterator> CollectIn for I {}

/// A container's own two functions, as the trait's.
macro_rules! collected {
    ($([$($parameter:tt)*] $container:ty, $item:ty, $allocator:ty;)*) => { $(
        impl<'a, $($parameter)*> FromIteratorIn<$item> for $container {
            type Allocator = &'a $allocator;

            #[inline]
            #[track_caller]
            fn from_iter_in<I: IntoIterator<Item = $item>>(values: I, arena: Self::Allocator) -> Self {
                <$container>::from_iter_in(values, arena)
            }

            #[inline]
            fn try_from_iter_in<I: IntoIterator<Item = $item>>(
                values: I,
                arena: Self::Allocator,
            ) -> Result<Self, AllocError> {
                <$container>::try_from_iter_in(values, arena)
            }
        }
    )* };
}

collected! {
    [T, A: ArenaAllocator] Vec<'a, T, A>, T, A;
    [T: Piece, A: ArenaAllocator] String<'a, A>, T, A;
    [T] Box<'a, [T]>, T, Arena;
}

/// The values up to the first error, which is kept.
struct UntilError<'e, I, E> {
    values: I,
    error: &'e mut Option<E>,
}

impl<T, E, I: Iterator<Item = Result<T, E>>> Iterator for UntilError<'_, I, E> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.error.is_some() {
            return None;
        }
        match self.values.next()? {
            Ok(value) => Some(value),
            Err(error) => {
                *self.error = Some(error);
                None
            }
        }
    }
}

impl<T, E, C: FromIteratorIn<T>> FromIteratorIn<Result<T, E>> for Result<C, E> {
    type Allocator = C::Allocator;

    #[track_caller]
    fn from_iter_in<I: IntoIterator<Item = Result<T, E>>>(values: I, arena: Self::Allocator) -> Self {
        let mut error = None;
        let container = C::from_iter_in(UntilError { values: values.into_iter(), error: &mut error }, arena);
        error.map_or(Ok(container), Err)
    }

    fn try_from_iter_in<I: IntoIterator<Item = Result<T, E>>>(
        values: I,
        arena: Self::Allocator,
    ) -> Result<Self, AllocError> {
        let mut error = None;
        let container = C::try_from_iter_in(UntilError { values: values.into_iter(), error: &mut error }, arena)?;
        Ok(error.map_or(Ok(container), Err))
    }
}

impl<T, C: FromIteratorIn<T>> FromIteratorIn<Option<T>> for Option<C> {
    type Allocator = C::Allocator;

    #[track_caller]
    fn from_iter_in<I: IntoIterator<Item = Option<T>>>(values: I, arena: Self::Allocator) -> Self {
        Result::from_iter_in(values.into_iter().map(|value| value.ok_or(())), arena).ok()
    }

    fn try_from_iter_in<I: IntoIterator<Item = Option<T>>>(
        values: I,
        arena: Self::Allocator,
    ) -> Result<Self, AllocError> {
        Ok(Result::try_from_iter_in(values.into_iter().map(|value| value.ok_or(())), arena)?.ok())
    }
}
