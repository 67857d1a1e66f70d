//! Links to several values, or to text, that are complete: a number and a length, in 8 bytes.

use super::allocator::CageAllocator;
use super::link::{NOTHING, number, number_of, values};
use super::sealed::Sealed;
use super::vec::Vec32;
use super::{Base, Cage, Leads, Link, base_of};
use crate::collections::unmanaged::traits::{shared_slice, text_traits};
use crate::error::failure::{Failure, Panic, Report};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;
use core::cmp::Ordering;
use core::marker::PhantomData;
use core::num::NonZeroU32;
use core::ptr::NonNull;

/// A `&'a [T]` in 8 bytes: to values in the cage `C`.
///
/// ```
/// use region::cage::{Cage, Slice32};
///
/// region::cage! { struct Ast; }
///
/// let arena = Ast::arena();
/// let primes = Slice32::<_, Ast>::from_iter_in([2, 3, 5], &arena);
/// assert_eq!((primes.iter().sum::<i32>(), size_of_val(&primes)), (10, 8));
/// assert!(Slice32::<u64, Ast>::empty().is_empty());
/// ```
///
/// *Length*: at most `u32::MAX` values; more is an error. Otherwise as [`Ref32`](super::Ref32).
// Invariant: without values, or if these have no bytes, the number is `NOTHING`. Laid out as in C: it is in saved trees.
#[repr(C)]
pub struct Slice32<'a, T: 'a, C: Cage> {
    pub(super) number: NonZeroU32,
    pub(super) len: u32,
    to: Leads<'a, [T], C>,
}

impl<'a, T, C: Cage> Slice32<'a, T, C> {
    /// A slice of no values, in no arena.
    #[must_use]
    #[inline]
    pub const fn empty() -> Self {
        Slice32 { number: NOTHING, len: 0, to: PhantomData }
    }

    /// Copies a slice's values into the arena.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[track_caller]
    pub fn new_in<A: CageAllocator<C>>(values: &[T], arena: &'a A) -> Self
    where
        T: Copy,
    {
        Panic::unwrap(Self::copy_or::<Panic, A>(values, arena))
    }

    /// As [`new_in`](Self::new_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    pub fn try_new_in<A: CageAllocator<C>>(values: &[T], arena: &'a A) -> Result<Self, AllocError>
    where
        T: Copy,
    {
        Self::copy_or::<Report, A>(values, arena)
    }

    #[inline]
    #[track_caller]
    fn copy_or<F: Failure, A: CageAllocator<C>>(values: &[T], arena: &'a A) -> Result<Self, F::Error>
    where
        T: Copy,
    {
        let layout = Layout::for_value(values).align_to(C::OPTIONS.unit());
        let (Ok(len), Ok(layout)) = (u32::try_from(values.len()), layout) else {
            return Err(F::from(AllocError::new(size_of_val(values), AllocReason::TooLarge)));
        };
        if size_of_val(values) == 0 {
            return Ok(Slice32 { number: NOTHING, len, to: PhantomData });
        }
        let start = arena.take_in_units::<F>(layout)?.cast::<T>();
        // SAFETY: the arena gave memory for so many values, which nothing else uses, and which are `Copy` or bytes.
        unsafe { start.copy_from_nonoverlapping(NonNull::from(values).cast(), values.len()) };
        Ok(Slice32 { number: number::<C>(start.cast()), len, to: PhantomData })
    }

    /// The link to values that are borrowed: none if they are not in the cage, not at a multiple of the cage's unit, or
    /// more than `u32::MAX`.
    ///
    /// ```
    /// use region::cage::{Cage, Slice32};
    /// region::cage! { struct Ast; }
    /// let arena = Ast::arena();
    /// let squares: &[u64] = arena.alloc_slice_fill_with(4, |i| (i * i) as u64);
    /// let link = Slice32::<_, Ast>::from_slice(&squares[1..]).unwrap();
    /// assert_eq!(*link, [1, 4, 9]);
    /// assert!(Slice32::<_, Ast>::from_slice(&[7u64]).is_none());
    /// ```
    #[inline]
    pub fn from_slice(values: &'a [T]) -> Option<Self> {
        let len = u32::try_from(values.len()).ok()?;
        let number = if size_of_val(values) == 0 { NOTHING } else { number_of::<C>(NonNull::from(values).cast())? };
        Some(Slice32 { number, len, to: PhantomData })
    }

    /// Collects an iterator.
    ///
    /// # Panics
    /// When memory cannot be had, or the iterator does; what was collected is leaked then.
    #[inline]
    #[track_caller]
    pub fn from_iter_in<A: CageAllocator<C>>(values: impl IntoIterator<Item = T>, arena: &'a A) -> Self {
        let mut values = Vec32::from_iter_in(values, arena);
        values.shrink_to_fit(arena);
        values.into_slice32()
    }

    /// As [`from_iter_in`](Self::from_iter_in).
    ///
    /// # Errors
    /// When memory cannot be had; what was collected is leaked.
    #[inline]
    pub fn try_from_iter_in<A: CageAllocator<C>>(
        values: impl IntoIterator<Item = T>,
        arena: &'a A,
    ) -> Result<Self, AllocError> {
        let mut values = Vec32::try_from_iter_in(values, arena)?;
        values.shrink_to_fit(arena);
        Ok(values.into_slice32())
    }

    /// The values, for as long as the arena is borrowed.
    #[inline(always)]
    pub fn as_slice(self) -> &'a [T] {
        // SAFETY: the values live and are shared for `'a`.
        unsafe { values::<T, C>(self.number, self.len, || base_of::<C>()).as_ref() }
    }
}

impl<'a, T, C: Cage> Vec32<'a, T, C> {
    /// The values, shared, for as long as the arena is borrowed, in 8 bytes that may be copied. They will not be dropped.
    /// Unused memory is not given back; [`shrink_to_fit`](Self::shrink_to_fit) does that before.
    #[inline]
    pub fn into_slice32(self) -> Slice32<'a, T, C> {
        // Of no values, the block is not of interest any more. As the vector is given up nobody changes those that it had.
        let (number, len) = self.into_parts();
        Slice32 { number: if len == 0 { NOTHING } else { number }, len, to: PhantomData }
    }
}

/// A `&'a str` in 8 bytes: to text in the cage `C`.
///
/// ```
/// use region::cage::{Cage, Str32};
///
/// region::cage! { struct Ast; }
///
/// let arena = Ast::arena();
/// let name = Str32::<Ast>::new_in("answer", &arena);
/// assert!(name == "answer" && name.to_uppercase() == "ANSWER");
/// assert_eq!(size_of_val(&name), 8);
/// ```
///
/// *Length*: at most `u32::MAX` bytes; more is an error. Otherwise as [`Ref32`](super::Ref32).
// Invariant: the bytes are text.
#[repr(transparent)]
pub struct Str32<'a, C: Cage> {
    bytes: Slice32<'a, u8, C>,
}

impl<'a, C: Cage> Str32<'a, C> {
    pub(super) const fn number(self) -> NonZeroU32 {
        self.bytes.number
    }

    /// The empty text, in no arena.
    #[must_use]
    #[inline]
    pub const fn empty() -> Self {
        Str32 { bytes: Slice32::empty() }
    }

    /// Copies text into the arena.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline]
    #[track_caller]
    pub fn new_in<A: CageAllocator<C>>(text: &str, arena: &'a A) -> Self {
        Str32 { bytes: Slice32::new_in(text.as_bytes(), arena) }
    }

    /// As [`new_in`](Self::new_in).
    ///
    /// # Errors
    /// When memory cannot be had.
    #[inline]
    pub fn try_new_in<A: CageAllocator<C>>(text: &str, arena: &'a A) -> Result<Self, AllocError> {
        Slice32::try_new_in(text.as_bytes(), arena).map(|bytes| Str32 { bytes })
    }

    /// The link to text that is borrowed: none where [`Slice32::from_slice`] has none.
    ///
    /// ```
    /// use region::cage::{Cage, Str32};
    /// region::cage! { struct Ast; }
    /// let arena = Ast::arena();
    /// let name: &str = arena.alloc_fmt(format_args!("x{}", 7));
    /// assert_eq!(Str32::<Ast>::from_text(name).unwrap(), "x7");
    /// assert!(Str32::<Ast>::from_text("a constant").is_none());
    /// ```
    #[inline]
    pub fn from_text(text: &'a str) -> Option<Self> {
        Slice32::from_slice(text.as_bytes()).map(|bytes| Str32 { bytes })
    }

    /// The text, for as long as the arena is borrowed.
    #[inline(always)]
    pub fn as_str(self) -> &'a str {
        // SAFETY: the bytes are text (the invariant).
        unsafe { core::str::from_utf8_unchecked(self.bytes.as_slice()) }
    }
}

impl<T, C: Cage> Sealed for Slice32<'_, T, C> {}
impl<C: Cage> Sealed for Str32<'_, C> {}

impl<T, C: Cage> Link<C> for Slice32<'_, T, C> {
    type Target = [T];

    #[inline(always)]
    fn at(&self, base: Base<C>) -> &[T] {
        // SAFETY: the values live and are shared as long as the slice may be used, and this is the cage's base.
        unsafe { values::<T, C>(self.number, self.len, || base.address()).as_ref() }
    }
}

impl<C: Cage> Link<C> for Str32<'_, C> {
    type Target = str;

    #[inline(always)]
    fn at(&self, base: Base<C>) -> &str {
        // SAFETY: the bytes are text (the invariant).
        unsafe { core::str::from_utf8_unchecked(self.bytes.at(base)) }
    }
}

impl<T, C: Cage> Default for Slice32<'_, T, C> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<C: Cage> Default for Str32<'_, C> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<C: Cage> Clone for Str32<'_, C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Cage> Copy for Str32<'_, C> {}

impl<C: Cage, D: Cage> PartialEq<Str32<'_, D>> for Str32<'_, C> {
    fn eq(&self, other: &Str32<'_, D>) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<C: Cage> Eq for Str32<'_, C> {}

impl<C: Cage> PartialOrd for Str32<'_, C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<C: Cage> Ord for Str32<'_, C> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

shared_slice!(Slice32 [C, D: Cage]);
text_traits!([C: Cage] Str32<'_, C>);
