//! Cages: one reservation of addresses for many arenas, and links of four bytes to all that is in them.
//!
//! | you have | you take | bytes |
//! |---|---|---|
//! | a program whose trees are to be smaller | [`cage!`](crate::cage!), which declares a cage as a type | |
//! | an arena in a cage | [`Cage::arena`], [`CageArena`]; any arena over [`Caged`] | |
//! | a reference to a value | [`Ref32`] | 4 |
//! | a value that is changed in place | [`Box32`] | 4 |
//! | a list, or a text, that is complete | [`Slice32`], [`Str32`] | 8 |
//! | a list that grows | [`Vec32`] | 12 |
//! | a loop over links | [`Cage::base`], and [`Base::get`] | |
//! | a tree to be read again, by any process | [`savable!`](crate::savable), [`Saved`] | |
//!
//! A pointer has 8 bytes, and half of a tree is pointers. A cage has at most 32 GiB of addresses, so a distance from its
//! base, in units of 8 bytes, fits into 32 bits. `Option` of any of them is no larger.
//!
//! ```
//! use region::cage::{Box32, Cage, Slice32, Str32};
//!
//! region::cage! {
//!     /// Syntax trees.
//!     pub struct Ast;
//! }
//!
//! enum Expr<'a> {
//!     Name(Str32<'a, Ast>),
//!     Call(Box32<'a, Expr<'a>, Ast>, Slice32<'a, Expr<'a>, Ast>),
//! }
//! assert_eq!(size_of::<Expr>(), 12);                              // 24 with pointers
//!
//! let arena = Ast::arena();
//! let name = |text| Expr::Name(Str32::new_in(text, &arena));
//! let call = Expr::Call(Box32::new_in(name("f"), &arena), Slice32::from_iter_in([name("x"), name("y")], &arena));
//! let Expr::Call(callee, arguments) = &call else { unreachable!() };
//! assert!(matches!(**callee, Expr::Name(text) if text == "f") && arguments.len() == 2);
//! ```
//!
//! *Several cages* are several types, so a link into one cannot be used as a link into another, and each has its own
//! 32 GiB. *Many arenas*, of many threads, take their blocks from one cage and give them back; what is given back side by
//! side is one again. No locks. A cage itself is reserved at its first use and stays for the life of the process.
//!
//! *Lifetimes* are those of references: a link's `'a` is a borrow of its arena. Links are covariant in it and in what they
//! lead to, cross threads as references do, and drop nothing, so types may refer to each other in cycles.
//!
//! *The base* is in a static, which is written once, before the first link exists. An access is a load of it more than one
//! by pointer, and the load does not wait for anything. [`Base`] takes it out of a loop. With `at = 0x…;` in
//! [`cage!`](crate::cage!) it is a constant, at the price of [randomized addresses](Options::at).
//!
//! *Errors*: a full cage is an [`AllocError`](crate::AllocError) that names it and its length. *Limits*: where the system
//! refuses the whole reservation (`ulimit -v`, processors with 39 bits of address, 32 bits) the cage is shorter, down to 4
//! MiB; [`Cage::stats`] says how long it is. Only if that is refused too does an allocation fail, with the limit that
//! refused. `mlockall(MCL_CURRENT)` would bring all of a cage into RAM, as it would a large arena's reservation; with
//! `MCL_FUTURE`, set before its first use, only what is used is.

// - `options`: what a cage may be like. `address`: the word that says where it is. `space`: the reservation.
// - `units`: who has which part of it. `backing`: a part as an arena's block. `allocator`: the arenas that links take.
// - `link`: one value. `slice`: several, complete. `vec`: several, growing.
// - `saved`: trees as files, which are opened again.

mod address;
#[cfg(not(loom))]
mod allocator;
#[cfg(not(loom))]
mod backing;
#[cfg(not(loom))]
mod link;
#[cfg(all(loom, test))]
pub(crate) mod models;
#[cfg(not(loom))]
mod options;
#[cfg(not(loom))]
mod saved;
#[cfg(not(loom))]
mod slice;
#[cfg(not(loom))]
mod space;
#[cfg(not(loom))]
mod stats;
mod units;
#[cfg(not(loom))]
mod vec;

#[cfg(not(loom))]
pub use allocator::CageAllocator;
#[cfg(not(loom))]
pub use backing::{CageArena, Caged};
#[cfg(not(loom))]
pub use link::{Box32, Ref32};
#[cfg(not(loom))]
pub use options::Options;
#[cfg(all(not(loom), target_os = "linux"))]
pub use saved::SealedImage;
#[cfg(not(loom))]
#[doc(hidden)]
pub use saved::{Check, Save, Stop, Types};
#[cfg(not(loom))]
pub use saved::{Image, Savable, Saved, SavedError, SavedFault, SavedReason};
#[cfg(not(loom))]
pub use slice::{Slice32, Str32};
#[cfg(not(loom))]
#[doc(hidden)]
pub use space::Space;
#[cfg(not(loom))]
pub use stats::CageStats;
#[cfg(not(loom))]
pub use vec::Vec32;

#[cfg(not(loom))]
use crate::error::Error;
#[cfg(not(loom))]
use core::fmt;
#[cfg(not(loom))]
use core::marker::PhantomData;

// (`.cage.types`)
/// A cage, by its type. Made by [`cage!`](crate::cage!) alone.
///
/// # Safety
/// `space` always returns the same space, made by `Space::new` with [`OPTIONS`](Self::OPTIONS), and of no other type.
#[cfg(not(loom))]
pub unsafe trait Cage: Sized + 'static {
    /// What the cage was declared with.
    const OPTIONS: Options;

    #[doc(hidden)]
    fn space() -> &'static Space;

    /// An arena in the cage. Makes no system call.
    ///
    /// ```
    /// use region::cage::Cage;
    /// region::cage! { struct Ast; }
    /// let arena = Ast::arena();
    /// assert!(arena.alloc_str("in the cage").len() == 11 && Ast::stats().live != 0);
    /// ```
    #[must_use]
    #[inline]
    fn arena() -> CageArena<Self> {
        CageArena::new_in(Caged::new())
    }

    /// The cage's base, for a loop that takes it once. Reserves the cage if it is not reserved yet.
    ///
    /// # Panics
    /// When the system refuses.
    #[inline]
    #[track_caller]
    fn base() -> Base<Self> {
        match Self::try_base() {
            Ok(base) => base,
            Err(refused) => panic!("{refused}"),
        }
    }

    /// As [`base`](Self::base).
    ///
    /// # Errors
    /// When the system refuses; with links into the cage it was asked before.
    #[inline]
    fn try_base() -> Result<Base<Self>, Error> {
        Self::space().mount().map(|mounted| Base { address: mounted.base(), of: PhantomData })
    }

    /// How long the cage is and what is in use of it; zeroes before its first use.
    fn stats() -> CageStats {
        CageStats::of(Self::space())
    }

    /// Gives the RAM back to the system that is kept for the next arenas in this cage; how many bytes. What is kept for
    /// other arenas goes by [`trim`](crate::trim).
    ///
    /// ```
    /// use region::cage::Cage;
    /// region::cage! { struct Ast; }
    /// drop(Ast::arena().alloc([7u8; 100_000]));
    /// assert!(Ast::trim() >= 100_000 && Ast::stats().kept == 0);
    /// ```
    fn trim() -> usize {
        Self::space().mounted().map_or(0, |mounted| mounted.trim())
    }
}

/// Declares a cage: a type without values, which [`Cage`] is implemented for. After it may come options: the methods of
/// [`Options`].
///
/// ```
/// use region::cage::{Cage, Options};
///
/// region::cage! {
///     /// The trees of this program.
///     pub struct Ast;
/// }
///
/// region::cage! {
///     struct Large;
///     shift = 4;                       // links count 16 bytes: up to 64 GiB
///     size = 48 << 30;                 // at most
/// }
///
/// region::cage! {
///     struct Fixed;
///     at = 0x2000_0000_0000;           // a constant base, without ASLR for what is in it
/// }
///
/// assert_eq!(Ast::OPTIONS, Options::new());
/// assert_eq!((Large::OPTIONS.unit(), Fixed::OPTIONS.constant()), (16, Some(0x2000_0000_0000)));
/// ```
///
/// [`Cage`]: crate::cage::Cage
#[cfg(not(loom))]
#[macro_export]
macro_rules! cage {
    ($(#[$attribute:meta])* $visible:vis struct $name:ident; $($option:ident = $value:expr;)*) => {
        $(#[$attribute])*
        $visible enum $name {}

        // SAFETY: the space is this function's static, made with the type's own options.
        unsafe impl $crate::cage::Cage for $name {
            const OPTIONS: $crate::cage::Options = $crate::cage::Options::new()$(.$option($value))*;

            #[inline(always)]
            fn space() -> &'static $crate::cage::Space {
                static SPACE: $crate::cage::Space = $crate::cage::Space::new(
                    ::core::stringify!($name),
                    <$name as $crate::cage::Cage>::OPTIONS,
                );
                &SPACE
            }
        }
    };
}

/// A link into the cage `C`: [`Ref32`], [`Box32`], [`Slice32`], [`Str32`], [`Vec32`]. Other crates have no use for its
/// method and cannot make links of their own.
#[cfg(not(loom))]
pub trait Link<C: Cage>: sealed::Sealed {
    /// What it leads to.
    type Target: ?Sized;

    /// As `deref`, with the base given.
    #[doc(hidden)]
    fn at(&self, base: Base<C>) -> &Self::Target;
}

#[cfg(not(loom))]
mod sealed {
    pub trait Sealed {}
}

/// A cage's base, taken once: links are followed with it and not with the static, so a loop has it in a register. Made by
/// [`Cage::base`].
///
/// ```
/// use region::cage::{Base, Cage, Ref32};
///
/// region::cage! { struct Ast; }
///
/// struct Item<'a> { number: u64, next: Option<Ref32<'a, Item<'a>, Ast>> }
///
/// fn sum(mut item: &Item, base: Base<Ast>) -> u64 {
///     let mut sum = item.number;
///     while let Some(next) = &item.next {
///         item = base.get(next);
///         sum += item.number;
///     }
///     sum
/// }
///
/// let arena = Ast::arena();
/// let last = Ref32::new_in(Item { number: 2, next: None }, &arena);
/// assert_eq!(sum(&Item { number: 1, next: Some(last) }, Ast::base()), 3);
/// ```
#[cfg(not(loom))]
pub struct Base<C> {
    address: usize,
    of: PhantomData<fn() -> C>,
}

#[cfg(not(loom))]
impl<C: Cage> Base<C> {
    /// What a link leads to.
    #[inline(always)]
    pub fn get<L: Link<C>>(self, link: &L) -> &L::Target {
        link.at(self)
    }

    #[inline(always)]
    fn address(self) -> usize {
        C::OPTIONS.constant().unwrap_or(self.address)
    }
}

#[cfg(not(loom))]
impl<C> Clone for Base<C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

#[cfg(not(loom))]
impl<C> Copy for Base<C> {}

#[cfg(not(loom))]
impl<C: Cage> fmt::Debug for Base<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base<{}>({:#x})", C::space().name(), self.address)
    }
}

/// What a link is to the type system: a reference that names its cage. Covariant in both, and drops nothing.
#[cfg(not(loom))]
type Leads<'a, T, C> = PhantomData<(&'a T, fn() -> C)>;

// (`.cage.base`)
/// Where the cage begins: a constant, or a load of its static.
///
/// # Safety
/// As for `Space::base`.
#[cfg(not(loom))]
#[inline(always)]
unsafe fn base_of<C: Cage>() -> usize {
    match C::OPTIONS.constant() {
        Some(constant) => constant,
        // SAFETY: the caller's promise, passed on.
        None => unsafe { C::space().base() },
    }
}
