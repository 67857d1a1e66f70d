//! Links in saved trees: what each kind is as bytes, and how the values that it leads to are walked. Text is in
//! [`text`](super::text).
//!
//! Links that copy, [`Ref32`], [`Slice32`] and [`Str32`], may share a value; [`Box32`] and [`Vec32`] own theirs. Values
//! whose types have no links but to text are done at once, others when all of the value was looked at that the link is in.
//! Both walks make these choices by the same constants, since both must find values in the same order. The walk that saves
//! leaves all that is not done at once on its stack of frames. The one that checks recurses as far as it may
//! ([`check`](super::check)): a tree is checked far more often than saved, and this is twice as fast.

use super::check::{Check, Claimed, Frame, Target};
use super::error::{SavedFault, Stop};
use super::image::ALIGN;
use super::savable::Savable;
use super::save::{self, Save};
use super::types::Types;
use crate::cage::link::NOTHING;
use crate::cage::{Box32, Cage, Ref32, Slice32, Str32, Vec32};
use core::any::TypeId;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::num::NonZeroU32;
use core::ptr::NonNull;

/// What a link leads to: values of `T`, of which several links may have one if they are `SHARED`.
pub(super) struct Values<T, C, const SHARED: bool>(PhantomData<(T, C)>);

impl<'a, T: Savable<'a, C>, C: Cage, const SHARED: bool> Target for Values<T, C, SHARED> {
    const SIZE: usize = size_of::<T>();
    const ALIGN: usize = {
        assert!(align_of::<T>() <= ALIGN, "a value in a saved tree is aligned to 4096 at most");
        align_of::<T>()
    };
    const PENDS: bool = T::PENDS;
    const SCALE: u32 = C::OPTIONS.scale();

    fn shared() -> Option<TypeId> {
        SHARED.then(TypeId::of::<T::Name>)
    }
}

/// The root, to which no link leads.
pub(super) type Root<T, C> = Values<T, C, false>;

/// Checks `left` values that lie side by side from `at` on, each with all that it leads to. On the walk's deepest level, when
/// one of them leads to something that waits, the rest waits behind that.
///
/// # Safety
/// The walk claimed the bytes of so many `T` there, aligned.
unsafe fn check_values<'a, T: Savable<'a, C>, C: Cage>(
    at: NonNull<u8>,
    left: u32,
    walk: &mut Check,
) -> Result<(), Stop> {
    let mut at = at.cast::<T>();
    for left in (0..left).rev() {
        // SAFETY: one of the values, whose bytes the walk claimed; the next one, or the end, lies behind it.
        unsafe {
            if T::check(at, walk)? && T::PENDS {
                if walk.is_deep() {
                    return leave_values::<T, C>(at, left, walk);
                }
                T::follow(at, walk)?;
            }
            at = at.add(1);
        }
    }
    Ok(())
}

/// Leaves for later what a value leads to, and behind that the `left` values behind it.
///
/// # Safety
/// The value was checked, and as for `check_values`.
#[inline(never)]
unsafe fn leave_values<'a, T: Savable<'a, C>, C: Cage>(
    at: NonNull<T>,
    left: u32,
    walk: &mut Check,
) -> Result<(), Stop> {
    // SAFETY: the caller's promise.
    unsafe {
        if left != 0 {
            walk.wait(Frame { check: check_values::<T, C>, at: at.add(1).cast(), left })?;
        }
        let before = walk.waiting();
        T::follow(at, walk)?;
        walk.turn(before);
        walk.drain()
    }
}

/// Checks a value that the walk begins with.
///
/// # Safety
/// As for `check_values`, of one.
pub(super) unsafe fn check_root<'a, T: Savable<'a, C>, C: Cage>(at: NonNull<u8>, walk: &mut Check) -> Result<(), Stop> {
    // SAFETY: the caller's promise.
    unsafe { check_values::<T, C>(at, 1, walk) }
}

/// Finds what the link at `link` leads to, and checks it if no link led there before: in this order a value is checked, with
/// all that it leads to, before the next link is looked at.
///
/// # Safety
/// The walk claimed the 4 bytes of the link's number, aligned. The values have bytes, and are not 0.
#[inline(always)]
unsafe fn follow<'a, T: Savable<'a, C>, C: Cage, const SHARED: bool>(
    link: NonNull<u32>,
    count: u32,
    walk: &mut Check,
) -> Result<(), Stop> {
    // SAFETY: the caller's promise; what is taken is the bytes of so many `T`, aligned. The link is the same.
    unsafe {
        match walk.take::<Values<T, C, SHARED>>(link, count, |_| true) {
            Some(at) => check_values::<T, C>(at, count, walk),
            None => follow_slowly::<T, C, SHARED>(link.cast(), count, walk),
        }
    }
}

/// As [`follow`], of any link. Also a frame's function.
///
/// # Safety
/// As for `follow`.
#[inline(never)]
unsafe fn follow_slowly<'a, T: Savable<'a, C>, C: Cage, const SHARED: bool>(
    link: NonNull<u8>,
    count: u32,
    walk: &mut Check,
) -> Result<(), Stop> {
    // SAFETY: the caller's promise; what is claimed is the bytes of so many `T`, aligned.
    unsafe {
        match walk.claim::<Values<T, C, SHARED>>(link.cast(), count)? {
            Claimed::Again => Ok(()),
            Claimed::Fresh(at) => check_values::<T, C>(at, count, walk),
            Claimed::Shared(at, index) => {
                if T::PENDS && walk.is_draining() {
                    // Below all that the values leave for later.
                    walk.wait(Frame { check: close, at, left: index })?;
                    return check_values::<T, C>(at, count, walk);
                }
                check_values::<T, C>(at, count, walk)?;
                walk.close(index);
                Ok(())
            }
        }
    }
}

/// A frame's function: everything that a shared value leads to was checked.
///
/// # Safety
/// None is needed.
unsafe fn close(_at: NonNull<u8>, index: u32, walk: &mut Check) -> Result<(), Stop> {
    walk.close(index);
    Ok(())
}

/// Checks a link by its number at `link`, and the values that it leads to if they have no links of their own. True if they
/// have and are to be [followed](follow_link).
///
/// # Safety
/// The walk claimed the 4 bytes of the number, aligned.
#[inline(always)]
pub(super) unsafe fn check_link<'a, T: Savable<'a, C>, C: Cage, const SHARED: bool>(
    link: NonNull<u32>,
    count: u32,
    walk: &mut Check,
) -> Result<bool, Stop> {
    if size_of::<T>() == 0 || count == 0 {
        // SAFETY: the caller's promise. A value without bytes may be anywhere, and is checked once for all.
        unsafe {
            if link.read() != NOTHING.get() {
                return Err(walk.refuse(link.cast(), SavedFault::Nothing));
            }
            if count != 0 {
                T::check(NonNull::dangling(), walk)?;
            }
        }
        return Ok(false);
    }
    if !T::PENDS {
        // SAFETY: the caller's promise, and there are values with bytes.
        unsafe { follow::<T, C, SHARED>(link, count, walk)? };
    }
    Ok(T::PENDS)
}

/// Checks the values that a link leads to, of which [`check_link`] said that they are to be followed; or has them wait, on
/// the walk's deepest level.
///
/// # Safety
/// As for `check_link`.
#[inline(always)]
unsafe fn follow_link<'a, T: Savable<'a, C>, C: Cage, const SHARED: bool>(
    link: NonNull<u32>,
    count: u32,
    walk: &mut Check,
) -> Result<(), Stop> {
    if !T::PENDS || size_of::<T>() == 0 || count == 0 {
        return Ok(());
    }
    if !walk.descend() {
        return walk.wait(Frame { check: follow_slowly::<T, C, SHARED>, at: link.cast(), left: count });
    }
    // SAFETY: the caller's promise, and there are values with bytes. All frames are of this file.
    unsafe {
        follow::<T, C, SHARED>(link, count, walk)?;
    }
    walk.ascend();
    Ok(())
}

/// Writes values that lie side by side, as `check_values` checks them: `count` of them from `from` on, to the image's bytes
/// from `to` on.
///
/// # Safety
/// So many values of `T` are at `from`, and there is a place for them in the image.
unsafe fn save_values<'a, T: Savable<'a, C>, C: Cage>(values: save::Frame, walk: &mut Save) -> Result<(), Stop> {
    let (mut from, mut to) = (values.from.cast::<T>(), values.to);
    for count in (0..values.count).rev() {
        let before = walk.waiting();
        // SAFETY: one of the values; the next one, or the end, lies behind it.
        unsafe {
            from.as_ref().save(to, walk)?;
            from = from.add(1);
        }
        to += size_of::<T>();
        if T::PENDS && walk.waiting() != before {
            if count != 0 {
                walk.wait(save::Frame { from: from.cast(), to, count, ..values })?;
            }
            walk.turn(before);
            return Ok(());
        }
    }
    Ok(())
}

/// Writes the link whose number is at `to` in the image, and what it leads to if no link led there before.
///
/// # Safety
/// The link has this number in the cage, and leads to so many values of `T`, which are at `from`.
unsafe fn save_followed<'a, T: Savable<'a, C>, C: Cage, const SHARED: bool>(
    link: save::Frame,
    walk: &mut Save,
) -> Result<(), Stop> {
    match walk.claim::<Values<T, C, SHARED>>(link.to, link.number, link.count)? {
        None => Ok(()),
        // SAFETY: the caller's promise, and this is their place.
        Some(to) => unsafe { save_values::<T, C>(save::Frame { save: save_values::<T, C>, to, ..link }, walk) },
    }
}

/// Writes the value that a walk begins with, to the first place.
pub(super) fn save_root<'a, T: Savable<'a, C>, C: Cage>(root: &T, walk: &mut Save) -> Result<(), Stop> {
    let to = walk.place::<Root<T, C>>(1)?;
    let root = save::Frame { save: save_values::<T, C>, from: NonNull::from(root).cast(), to, number: 0, count: 1 };
    // SAFETY: one value, and its place.
    unsafe { save_values::<T, C>(root, walk) }
}

/// Writes a link to these values, whose number is `number` in the cage, to the image's bytes at `link`.
fn save_link<'a, T: Savable<'a, C>, C: Cage, const SHARED: bool>(
    number: NonZeroU32,
    values: &[T],
    link: usize,
    walk: &mut Save,
) -> Result<(), Stop> {
    if size_of_val(values) == 0 {
        walk.number(link, NOTHING.get());
        return Ok(());
    }
    // No link leads to more.
    let (from, number, count) = (NonNull::from(values).cast(), number.get(), values.len() as u32);
    let link = save::Frame { save: save_followed::<T, C, SHARED>, from, to: link, number, count };
    if T::PENDS {
        return walk.wait(link);
    }
    // SAFETY: this is such a link.
    unsafe { save_followed::<T, C, SHARED>(link, walk) }
}

/// The address of a field, of which the address of the whole is known.
///
/// # Safety
/// The field lies in memory that begins at `at`.
#[inline(always)]
pub(super) unsafe fn field<T>(at: NonNull<T>, offset: usize) -> NonNull<u32> {
    // SAFETY: the caller's promise.
    unsafe { at.byte_add(offset).cast() }
}

/// Links to one value.
macro_rules! to_one {
    ($link:ident, $shared:literal) => {
        // SAFETY: the link is its number, which is not 0 and leads to a value that is claimed and checked, or is the number
        // of values without bytes. It drops nothing, and `&` of it gives `&` of the value alone. It is described by its
        // name and the type of the value.
        unsafe impl<'a, T: Savable<'a, C>, C: Cage> Savable<'a, C> for $link<'a, T, C> {
            type Name = $link<'static, T::Name, C>;
            const PENDS: bool = true;

            fn describe(types: &mut Types) {
                describe_link::<Self, Self::Name, T, C>(stringify!($link), types);
            }

            #[inline(always)]
            unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<bool, Stop> {
                const { assert!(size_of::<Self>() == size_of::<u32>()) };
                // SAFETY: the walk claimed these bytes, aligned; all of them are the number.
                unsafe { check_link::<T, C, $shared>(at.cast(), 1, walk) }
            }

            #[inline(always)]
            unsafe fn follow(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop> {
                // SAFETY: the walk claimed these bytes, aligned; all of them are the number.
                unsafe { follow_link::<T, C, $shared>(at.cast(), 1, walk) }
            }

            fn save(&self, at: usize, walk: &mut Save) -> Result<(), Stop> {
                save_link::<T, C, $shared>(self.number, core::slice::from_ref(&**self), at, walk)
            }
        }
    };
}
to_one!(Ref32, true);
to_one!(Box32, false);

/// Describes a type of links to `T`.
fn describe_link<'a, L, N: 'static, T: Savable<'a, C>, C: Cage>(name: &str, types: &mut Types) {
    if types.enter::<L, N>(name) {
        T::describe(types);
        types.leave();
    }
}

// SAFETY: the slice is a number and a length: the number leads to as many values, which are claimed and checked, or is
// that of no values. The rest as of a link to one value.
unsafe impl<'a, T: Savable<'a, C>, C: Cage> Savable<'a, C> for Slice32<'a, T, C> {
    type Name = Slice32<'static, T::Name, C>;
    const PENDS: bool = true;

    fn describe(types: &mut Types) {
        describe_link::<Self, Self::Name, T, C>("Slice32", types);
    }

    #[inline(always)]
    unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<bool, Stop> {
        // SAFETY: the walk claimed these bytes, aligned; both fields lie in them, and any bits are a length.
        unsafe {
            let len = field(at, offset_of!(Self, len)).read();
            check_link::<T, C, true>(field(at, 0), len, walk)
        }
    }

    #[inline(always)]
    unsafe fn follow(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop> {
        // SAFETY: the value was checked, so its bytes are the walk's, aligned, and the fields lie in them.
        unsafe {
            let len = field(at, offset_of!(Self, len)).read();
            follow_link::<T, C, true>(field(at, 0), len, walk)
        }
    }

    fn save(&self, at: usize, walk: &mut Save) -> Result<(), Stop> {
        walk.number(at + offset_of!(Self, len), self.len);
        save_link::<T, C, true>(self.number, self.as_slice(), at, walk)
    }
}

// SAFETY: the vector is a number, a length and a capacity, which is the length: the number leads to as many values, which
// are claimed and checked and are this vector's alone, or is that of no values. So the invariants of a vector without spare
// memory hold. The rest as of a slice.
unsafe impl<'a, T: Savable<'a, C>, C: Cage> Savable<'a, C> for Vec32<'a, T, C> {
    type Name = Vec32<'static, T::Name, C>;
    const PENDS: bool = true;

    fn describe(types: &mut Types) {
        describe_link::<Self, Self::Name, T, C>("Vec32", types);
    }

    #[inline(always)]
    unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<bool, Stop> {
        // SAFETY: the walk claimed these bytes, aligned; the fields lie in them, and any bits are a length or a capacity.
        unsafe {
            let len = field(at, offset_of!(Self, len)).read();
            let capacity = field(at, offset_of!(Self, capacity));
            if capacity.read() != Self::capacity_of(len) {
                return Err(walk.refuse(capacity.cast(), SavedFault::Capacity));
            }
            check_link::<T, C, false>(field(at, 0), len, walk)
        }
    }

    #[inline(always)]
    unsafe fn follow(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop> {
        // SAFETY: the value was checked, so its bytes are the walk's, aligned, and the fields lie in them.
        unsafe {
            let len = field(at, offset_of!(Self, len)).read();
            follow_link::<T, C, false>(field(at, 0), len, walk)
        }
    }

    fn save(&self, at: usize, walk: &mut Save) -> Result<(), Stop> {
        walk.number(at + offset_of!(Self, len), self.len);
        walk.number(at + offset_of!(Self, capacity), Self::capacity_of(self.len));
        save_link::<T, C, false>(self.number, self.as_slice(), at, walk)
    }
}

/// `Option` of links. They have one pattern of bits that is none of them, a number of 0, and no byte more: it is `None`,
/// whatever the other bytes are.
macro_rules! maybe_links {
    ($([$($parameter:ident)?] $link:ty, $name:literal;)*) => {$(
        // SAFETY: a number of 0 is `None`, as the size shows: there is no other place for it. With any other number the
        // bytes are those of the link, which is checked.
        unsafe impl<'a, $($parameter: Savable<'a, C>,)? C: Cage> Savable<'a, C> for Option<$link> {
            type Name = Option<<$link as Savable<'a, C>>::Name>;
            const PENDS: bool = <$link as Savable<'a, C>>::PENDS;

            fn describe(types: &mut Types) {
                if types.enter::<Self, Self::Name>($name) {
                    <$link>::describe(types);
                    types.leave();
                }
            }

            #[inline(always)]
            unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<bool, Stop> {
                const { assert!(size_of::<Self>() == size_of::<$link>()) };
                // SAFETY: the walk claimed these bytes, aligned, and the number lies in them.
                unsafe {
                    match field(at, 0).read() {
                        0 => Ok(false),
                        _ => <$link>::check(at.cast(), walk),
                    }
                }
            }

            #[inline(always)]
            unsafe fn follow(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop> {
                // SAFETY: the value was checked, so its bytes are the walk's, aligned, and the fields lie in them.
                unsafe {
                    match field(at, 0).read() {
                        0 => Ok(()),
                        _ => <$link>::follow(at.cast(), walk),
                    }
                }
            }

            fn save(&self, at: usize, walk: &mut Save) -> Result<(), Stop> {
                // The image is zero already.
                self.as_ref().map_or(Ok(()), |link| link.save(at, walk))
            }
        }
    )*};
}
maybe_links! {
    [T] Ref32<'a, T, C>, "Option<Ref32>";
    [T] Box32<'a, T, C>, "Option<Box32>";
    [T] Slice32<'a, T, C>, "Option<Slice32>";
    [T] Vec32<'a, T, C>, "Option<Vec32>";
    [] Str32<'a, C>, "Option<Str32>";
}
