//! Links to one value: shared, and unique.
//!
//! A link is the distance from the cage's base in the cage's units. Its address is exposed when the link is made, and the
//! pointer is made of the number again: so a link to what is borrowed already is the same borrow, whatever the compiler
//! makes of pointers.

use super::allocator::CageAllocator;
use super::sealed::Sealed;
use super::{Base, Cage, Leads, Link, base_of};
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::num::NonZeroU32;
use core::ops::{Deref, DerefMut};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

/// The number of no value, for what has no bytes.
pub(super) const NOTHING: NonZeroU32 = NonZeroU32::MIN;

/// The number of bytes that an arena in the cage handed out, or that are known to be in the cage: they lie behind the
/// header, so it is not 0.
#[inline(always)]
pub(super) fn number<C: Cage>(start: NonNull<u8>) -> NonZeroU32 {
    let address = start.as_ptr().expose_provenance();
    // SAFETY: an arena of the cage has memory, so its address was settled.
    let base = unsafe { base_of::<C>() };
    debug_assert!((address - base) % C::OPTIONS.unit() == 0);
    let units = (address.wrapping_sub(base) >> C::OPTIONS.scale()) as u32;
    // SAFETY: the header's units lie before all others, and the cage is no longer than its links count.
    unsafe { NonZeroU32::new_unchecked(units) }
}

/// The number of bytes that may lie anywhere: none if they are not in the cage, or not at a multiple of its unit.
#[inline]
pub(super) fn number_of<C: Cage>(start: NonNull<u8>) -> Option<NonZeroU32> {
    let offset = C::space().offset_of(start.addr().get())?;
    (offset % C::OPTIONS.unit() == 0).then(|| number::<C>(start))
}

/// Where the value of a number lies.
#[inline(always)]
pub(super) fn place<T, C: Cage>(number: NonZeroU32, base: usize) -> NonNull<T> {
    let address = base.wrapping_add((number.get() as usize) << C::OPTIONS.scale());
    // SAFETY: neither the base nor the distance is 0, and their sum is an address in the cage.
    unsafe { NonNull::new_unchecked(core::ptr::with_exposed_provenance_mut(address)) }
}

/// Values at a number. `base` is called if they have bytes.
#[inline(always)]
pub(super) fn values<T, C: Cage>(number: NonZeroU32, len: u32, base: impl FnOnce() -> usize) -> NonNull<[T]> {
    // Without values there may be no base either. Loops ask for the length in any case.
    let start = if size_of::<T>() == 0 || len == 0 { NonNull::dangling() } else { place::<T, C>(number, base()) };
    NonNull::slice_from_raw_parts(start, len as usize)
}

/// A `&'a T` in 4 bytes: to a value in the cage `C`.
///
/// ```
/// use region::cage::{Cage, Ref32};
///
/// region::cage! { struct Ast; }
///
/// enum Expr<'a> { Number(i32), Add(Ref32<'a, Expr<'a>, Ast>, Ref32<'a, Expr<'a>, Ast>) }
/// assert_eq!(size_of::<Expr>(), 8);                  // 16 with references
///
/// fn value(expr: &Expr) -> i32 {
///     match expr { Expr::Number(number) => *number, Expr::Add(left, right) => value(left) + value(right) }
/// }
///
/// let arena = Ast::arena();
/// let one = Ref32::new_in(Expr::Number(1), &arena);
/// let sum = Ref32::new_in(Expr::Add(one, one), &arena);
/// assert_eq!((value(&sum), size_of::<Option<Ref32<Expr, Ast>>>()), (2, 4));
/// ```
///
/// *Lifetime*: `'a` is a borrow of the arena, as of a `&'a T`. *Threads*: as `&'a T`. *Cost*: a pointer's access, a load of
/// the base, and where the unit is not 8 bytes a shift. With a constant base, or one that was [taken](Base) before a
/// loop, no load.
#[repr(transparent)]
pub struct Ref32<'a, T: 'a, C: Cage> {
    pub(super) number: NonZeroU32,
    to: Leads<'a, T, C>,
}

impl<'a, T, C: Cage> Ref32<'a, T, C> {
    /// Moves a value into the arena.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline(always)]
    #[track_caller]
    pub fn new_in<A: CageAllocator<C>>(value: T, arena: &'a A) -> Self {
        Box32::into_ref(Box32::new_in(value, arena))
    }

    /// As [`new_in`](Self::new_in).
    ///
    /// # Errors
    /// When memory cannot be had; the value is dropped.
    #[inline(always)]
    pub fn try_new_in<A: CageAllocator<C>>(value: T, arena: &'a A) -> Result<Self, AllocError> {
        Box32::try_new_in(value, arena).map(Box32::into_ref)
    }

    /// The link to a value that is borrowed: none if it is not in the cage, or not at a multiple of the cage's unit.
    ///
    /// ```
    /// use region::cage::{Cage, Ref32};
    /// region::cage! { struct Ast; }
    /// let arena = Ast::arena();
    /// let numbers: &[u64] = arena.alloc_slice_copy(&[1, 2, 3]);
    /// let second = Ref32::<_, Ast>::from_ref(&numbers[1]).unwrap();
    /// assert_eq!(*second, 2);
    /// assert!(Ref32::<_, Ast>::from_ref(&7u64).is_none());
    /// ```
    #[inline]
    pub fn from_ref(value: &'a T) -> Option<Self> {
        let number = if size_of::<T>() == 0 { NOTHING } else { number_of::<C>(NonNull::from(value).cast())? };
        Some(Ref32 { number, to: PhantomData })
    }

    /// The value, for as long as the arena is borrowed.
    #[inline(always)]
    pub fn get(this: Self) -> &'a T {
        // SAFETY: a link leads to a value that lives and is shared for `'a`.
        unsafe { this.place().as_ref() }
    }

    #[inline(always)]
    fn place(self) -> NonNull<T> {
        // SAFETY: this is such a link, unless the value has no bytes.
        if size_of::<T>() == 0 { NonNull::dangling() } else { place::<T, C>(self.number, unsafe { base_of::<C>() }) }
    }

    /// How many units from the base the value lies: the same for all links to it, and different for values with bytes.
    #[inline]
    pub fn number(this: Self) -> u32 {
        this.number.get()
    }

    /// The link with this number again.
    ///
    /// # Safety
    /// The number is that of a link of this type, whose value lives and is shared for `'a`. If it came from another thread,
    /// that was by something that orders memory.
    #[inline]
    pub unsafe fn from_number(number: u32) -> Self {
        // SAFETY: no link's number is 0.
        Ref32 { number: unsafe { NonZeroU32::new_unchecked(number) }, to: PhantomData }
    }
}

/// A value in the cage `C`, owned, in 4 bytes. It is changed through the box, and is not dropped with it.
///
/// ```
/// use region::cage::{Box32, Cage};
///
/// region::cage! { struct Ast; }
///
/// enum List<'a> { End, Item(i32, Box32<'a, List<'a>, Ast>) }
/// assert_eq!(size_of::<List>(), 8);
///
/// let arena = Ast::arena();
/// let mut list = Box32::new_in(List::Item(1, Box32::new_in(List::End, &arena)), &arena);
/// if let List::Item(number, _) = &mut *list { *number += 1 }
/// assert!(matches!(Box32::into_inner(list), List::Item(2, _)));
/// ```
///
/// *Drop*: none, as of a `&'a mut T`; what must be dropped is taken out with [`into_inner`](Self::into_inner). So types may
/// refer to each other in cycles. *Lifetime*: `'a` is a borrow of the arena. *Threads*: as `T`.
// Invariant: the number is that of a slot that `new_in` took, with a value in it, and nothing else leads there.
#[repr(transparent)]
pub struct Box32<'a, T: 'a, C: Cage> {
    pub(super) number: NonZeroU32,
    to: Leads<'a, T, C>,
}

impl<'a, T, C: Cage> Box32<'a, T, C> {
    /// Moves a value into the arena.
    ///
    /// # Panics
    /// When memory cannot be had.
    #[inline(always)]
    #[track_caller]
    pub fn new_in<A: CageAllocator<C>>(value: T, arena: &'a A) -> Self {
        Panic::unwrap(Self::new_or::<Panic, A>(value, arena))
    }

    /// As [`new_in`](Self::new_in).
    ///
    /// # Errors
    /// When memory cannot be had; the value is dropped.
    #[inline(always)]
    pub fn try_new_in<A: CageAllocator<C>>(value: T, arena: &'a A) -> Result<Self, AllocError> {
        Self::new_or::<Report, A>(value, arena)
    }

    #[inline(always)]
    #[track_caller]
    fn new_or<F: Failure, A: CageAllocator<C>>(value: T, arena: &'a A) -> Result<Self, F::Error> {
        let number = if size_of::<T>() == 0 {
            core::mem::forget(value);
            NOTHING
        } else {
            number::<C>(NonNull::from(arena.put_in_units::<F, T>(value)?).cast())
        };
        Ok(Box32 { number, to: PhantomData })
    }

    /// The value, shared, for as long as the arena is borrowed, by a link that may be copied.
    #[inline(always)]
    pub fn into_ref(this: Self) -> Ref32<'a, T, C> {
        this.same_link()
    }

    /// The value, to be changed, for as long as the arena is borrowed.
    #[inline(always)]
    pub fn into_mut(this: Self) -> &'a mut T {
        // SAFETY: the slot has a value, lives for `'a`, and nothing else leads there, as the box is given up.
        unsafe { this.place().as_mut() }
    }

    /// Takes the value out. Its memory waits for the arena's reset.
    #[inline]
    pub fn into_inner(this: Self) -> T {
        // SAFETY: the slot has a value, which nothing else leads to, and nothing reads it again, as the box is given up.
        unsafe { this.place().read() }
    }

    #[inline(always)]
    fn place(&self) -> NonNull<T> {
        self.same_link().place()
    }

    /// A link to the same value, which must not be used while the value is changed.
    #[inline(always)]
    fn same_link(&self) -> Ref32<'a, T, C> {
        Ref32 { number: self.number, to: PhantomData }
    }
}

impl<T, C: Cage> Clone for Ref32<'_, T, C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, C: Cage> Copy for Ref32<'_, T, C> {}

// SAFETY: a link is a shared reference to its value, and nothing else.
unsafe impl<T: Sync, C: Cage> Send for Ref32<'_, T, C> {}
// SAFETY: a shared link is a shared reference to its value, and nothing else.
unsafe impl<T: Sync, C: Cage> Sync for Ref32<'_, T, C> {}
// SAFETY: the box is the only way to its value, and nothing else.
unsafe impl<T: Send, C: Cage> Send for Box32<'_, T, C> {}
// SAFETY: a shared box gives shared references to its value, and nothing else.
unsafe impl<T: Sync, C: Cage> Sync for Box32<'_, T, C> {}

// As a shared reference and as an owner.
impl<T: RefUnwindSafe, C: Cage> UnwindSafe for Ref32<'_, T, C> {}
impl<T: UnwindSafe, C: Cage> UnwindSafe for Box32<'_, T, C> {}

impl<T, C: Cage> DerefMut for Box32<'_, T, C> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the slot has a value, and the box, which alone leads there, is borrowed mutably.
        unsafe { self.place().as_mut() }
    }
}

impl<T, C: Cage> AsMut<T> for Box32<'_, T, C> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

/// What both have, as references and boxes have it.
macro_rules! link_traits {
    ($link:ident) => {
        impl<T, C: Cage> Deref for $link<'_, T, C> {
            type Target = T;

            #[inline(always)]
            fn deref(&self) -> &T {
                // SAFETY: the value lives as long as the link may be used, and is not changed while it is borrowed.
                unsafe { self.place().as_ref() }
            }
        }

        impl<T, C: Cage> Sealed for $link<'_, T, C> {}

        impl<T, C: Cage> Link<C> for $link<'_, T, C> {
            type Target = T;

            #[inline(always)]
            fn at(&self, base: Base<C>) -> &T {
                match size_of::<T>() {
                    0 => self,
                    // SAFETY: this is the cage's base, so the value is where `deref` finds it.
                    _ => unsafe { place::<T, C>(self.number, base.address()).as_ref() },
                }
            }
        }

        impl<T, C: Cage> AsRef<T> for $link<'_, T, C> {
            fn as_ref(&self) -> &T {
                self
            }
        }

        impl<T, C: Cage> core::borrow::Borrow<T> for $link<'_, T, C> {
            fn borrow(&self) -> &T {
                self
            }
        }

        impl<T: fmt::Debug, C: Cage> fmt::Debug for $link<'_, T, C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<T: fmt::Display, C: Cage> fmt::Display for $link<'_, T, C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }

        impl<'b, T: PartialEq<U>, U, C: Cage, D: Cage> PartialEq<$link<'b, U, D>> for $link<'_, T, C> {
            #[inline]
            fn eq(&self, other: &$link<'b, U, D>) -> bool {
                **self == **other
            }
        }

        impl<T: Eq, C: Cage> Eq for $link<'_, T, C> {}

        impl<T: PartialOrd, C: Cage> PartialOrd for $link<'_, T, C> {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
                (**self).partial_cmp(&**other)
            }
        }

        impl<T: Ord, C: Cage> Ord for $link<'_, T, C> {
            #[inline]
            fn cmp(&self, other: &Self) -> core::cmp::Ordering {
                (**self).cmp(&**other)
            }
        }

        impl<T: Hash, C: Cage> Hash for $link<'_, T, C> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (**self).hash(state);
            }
        }

        /// As the value itself.
        #[cfg(feature = "serde")]
        impl<T: serde::Serialize, C: Cage> serde::Serialize for $link<'_, T, C> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                (**self).serialize(serializer)
            }
        }
    };
}
link_traits!(Ref32);
link_traits!(Box32);
