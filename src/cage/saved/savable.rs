//! What may be in a saved tree, and how its values are checked, described and written.
//!
//! The trait, and what has no links: numbers, `bool`, `char`, arrays. Links are in [`links`](super::links), types of the
//! user's in [`declare`](super::declare).

use super::check::Check;
use super::error::{SavedFault, Stop};
use super::save::Save;
use super::types::Types;
use crate::cage::Cage;
use core::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8, NonZeroU16, NonZeroU32,
    NonZeroU64, NonZeroU128, NonZeroUsize,
};
use core::ptr::NonNull;

/// Types that may be in a tree that is [saved](super::Saved) from the cage `C`, and checked when it is opened.
///
/// Integers, floats, `bool`, `char`, `NonZero…` and an `Option` of it, `()`, arrays; [`Ref32`](crate::cage::Ref32),
/// [`Box32`](crate::cage::Box32), [`Slice32`](crate::cage::Slice32), [`Str32`](crate::cage::Str32),
/// [`Vec32`](crate::cage::Vec32) and an `Option` of them, into the same cage and with the lifetime `'a`; and structs and
/// enums that [`savable!`](crate::savable) declares. Not pointers and references (an address means nothing elsewhere), cells
/// and atomics (an opened tree cannot be written), and types whose layout the compiler chooses, as tuples have and `Option`
/// of other types.
///
/// # Safety
/// `check` accepts only bytes that are a value of the type, and it and `follow` claim what all its links lead to. `Name` is
/// the type itself, with `'static` for its lifetime. `describe` names all that decides about layout and meaning. `PENDS` is true if `check`
/// may leave something to `follow`. Nothing of a value is dropped, and nothing can be changed through `&Self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be in a tree that is saved from the cage `{C}`",
    note = "it may hold numbers, `bool`, `char`, links into this cage, arrays of them, and types that \
            `region::savable!` declares, as in `region::savable! {{ in {C}; struct Node<'a> {{ .. }} }}`"
)]
pub unsafe trait Savable<'a, C: Cage>: Sized {
    #[doc(hidden)]
    type Name: 'static;

    #[doc(hidden)]
    const PENDS: bool;

    #[doc(hidden)]
    fn describe(types: &mut Types);

    /// Checks the bytes of a value, and what its links lead to if that has no links but to text. True if there is more to
    /// [follow](Self::follow).
    ///
    /// # Safety
    /// The walk claimed so many bytes at `at`, aligned for the type.
    #[doc(hidden)]
    unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<bool, Stop>;

    /// Checks, or leaves for later, what else the links of a value lead to, in the order in which they lie.
    ///
    /// # Safety
    /// The value was checked.
    #[doc(hidden)]
    unsafe fn follow(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop>;

    /// Writes the value to the image's bytes from `at` on.
    #[doc(hidden)]
    fn save(&self, at: usize, walk: &mut Save) -> Result<(), Stop>;
}

/// Types without parts, padding and lifetime, and their names: how a compiler writes a type is in no fingerprint. `$check`
/// finds the fault of bytes, read as `$bits`, if they have one.
macro_rules! plain {
    ($($type:ty as $bits:ty, $name:expr, |$value:ident| $check:expr;)*) => {$(
        // SAFETY: the type has no links, no padding and nothing to drop or to change. Its bytes are those of `$bits`, of
        // which any are a value, and `$check` refuses those that are none of this type. It is described by its name.
        unsafe impl<'a, C: Cage> Savable<'a, C> for $type {
            type Name = $type;
            const PENDS: bool = false;

            fn describe(types: &mut Types) {
                if types.enter::<Self, Self>($name) {
                    types.leave();
                }
            }

            #[inline(always)]
            unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<bool, Stop> {
                const { assert!(size_of::<$type>() == size_of::<$bits>()) };
                // SAFETY: the walk claimed these bytes, aligned.
                let $value = unsafe { at.cast::<$bits>().read() };
                match $check {
                    None => Ok(false),
                    Some(fault) => Err(walk.refuse(at.cast(), fault)),
                }
            }

            unsafe fn follow(_at: NonNull<Self>, _walk: &mut Check) -> Result<(), Stop> {
                Ok(())
            }

            #[inline(always)]
            fn save(&self, at: usize, walk: &mut Save) -> Result<(), Stop> {
                // SAFETY: a value without padding.
                unsafe { walk.put(at, NonNull::from(self).cast(), size_of::<Self>()) };
                Ok(())
            }
        }
    )*};
}

/// Numbers of which any bits are one.
macro_rules! numbers {
    ($($type:ident)*) => { plain! { $($type as $type, stringify!($type), |_number| None::<SavedFault>;)* } };
}

/// Numbers that are not 0, of which any other bits are one; and an `Option` of them, of which any bits are one, as 0 is
/// `None`.
macro_rules! nonzero_numbers {
    ($($type:ident as $bits:ty;)*) => { plain! {$(
        $type as $bits, stringify!($type), |bits| if bits == 0 { Some(SavedFault::Zero) } else { None };
        Option<$type> as $bits, concat!("Option<", stringify!($type), ">"), |_bits| None::<SavedFault>;
    )*} };
}

numbers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 }

nonzero_numbers! {
    NonZeroU8 as u8;
    NonZeroU16 as u16;
    NonZeroU32 as u32;
    NonZeroU64 as u64;
    NonZeroU128 as u128;
    NonZeroUsize as usize;
    NonZeroI8 as i8;
    NonZeroI16 as i16;
    NonZeroI32 as i32;
    NonZeroI64 as i64;
    NonZeroI128 as i128;
    NonZeroIsize as isize;
}

plain! {
    bool as u8, "bool", |byte| if byte > 1 { Some(SavedFault::Bool(byte)) } else { None };
    char as u32, "char", |number| match char::from_u32(number) {
        Some(_) => None,
        None => Some(SavedFault::Char(number)),
    };
    () as (), "()", |_nothing| None::<SavedFault>;
}

// SAFETY: an array is its elements, side by side, each of which is checked, described and written as such. What holds of
// each element holds of all.
unsafe impl<'a, T: Savable<'a, C>, C: Cage, const N: usize> Savable<'a, C> for [T; N] {
    type Name = [T::Name; N];
    const PENDS: bool = N != 0 && T::PENDS;

    fn describe(types: &mut Types) {
        if types.enter::<Self, Self::Name>("[]") {
            types.at(N);
            T::describe(types);
            types.leave();
        }
    }

    #[inline]
    unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<bool, Stop> {
        let mut more = false;
        for element in 0..N {
            // SAFETY: the element lies in the array, whose bytes the walk claimed.
            more |= unsafe { T::check(at.cast::<T>().add(element), walk)? };
        }
        Ok(more)
    }

    #[inline]
    unsafe fn follow(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop> {
        for element in 0..N {
            // SAFETY: the element lies in the array, and was checked with it.
            unsafe { T::follow(at.cast::<T>().add(element), walk)? };
        }
        Ok(())
    }

    fn save(&self, at: usize, walk: &mut Save) -> Result<(), Stop> {
        self.iter().enumerate().try_for_each(|(element, value)| value.save(at + element * size_of::<T>(), walk))
    }
}
