//! Links in saved trees: what each kind is as bytes, and how the values that it leads to are walked.
//!
//! Links that copy, [`Ref32`], [`Slice32`] and [`Str32`], may share a value; [`Box32`] and [`Vec32`] own theirs. Values
//! whose types have no links but to text are done at once, others wait, so that a walk does not recurse. Both walks make
//! these choices by the same constants, since both must find values in the same order.

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

/// Checks `left` values that lie side by side from `at` on. When one of them leaves something for later, the rest waits
/// behind that.
///
/// # Safety
/// The walk claimed the bytes of so many `T` there, aligned.
unsafe fn check_values<'a, T: Savable<'a, C>, C: Cage>(
    at: NonNull<u8>,
    left: u32,
    walk: &mut Check,
) -> Result<(), Stop> {
    let mut at = at.cast::<T>();
    // The frame of the rest is there before those of the links, and filled in when there is one to wait for.
    let rest = walk.waiting();
    let mut before = rest;
    if T::PENDS && left > 1 {
        walk.wait(Frame { check: check_values::<T, C>, at: at.cast(), left: 0 })?;
        before += 1;
    }
    for left in (0..left).rev() {
        // SAFETY: one of the values, whose bytes the walk claimed; the next one, or the end, lies behind it.
        unsafe {
            T::check(at, walk)?;
            at = at.add(1);
        }
        if T::PENDS && walk.waiting() != before {
            if left != 0 {
                walk.set_rest(rest, at.cast(), left);
            }
            walk.turn(before);
            return Ok(());
        }
    }
    if before != rest {
        walk.drop_last();
    }
    Ok(())
}

/// Checks a value that the walk begins with.
///
/// # Safety
/// As for `check_values`, of one.
pub(super) unsafe fn check_root<'a, T: Savable<'a, C>, C: Cage>(at: NonNull<u8>, walk: &mut Check) -> Result<(), Stop> {
    // SAFETY: the caller's promise.
    unsafe { check_values::<T, C>(at, 1, walk) }
}

/// Finds what the link at `link` leads to, and checks it if no link led there before. A frame's function: in this order a
/// value is checked, with all that it leads to, before the next link is looked at.
///
/// # Safety
/// The walk claimed the 4 bytes of the link's number, aligned. The values have bytes, and are not 0.
unsafe fn follow<'a, T: Savable<'a, C>, C: Cage, const SHARED: bool>(
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
                if T::PENDS {
                    // Below all that the values leave for later.
                    walk.wait(Frame { check: close, at, left: index })?;
                }
                check_values::<T, C>(at, count, walk)
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

/// Checks a link by its number at `link`, and the values that it leads to.
///
/// # Safety
/// The walk claimed the 4 bytes of the number, aligned.
#[inline(always)]
unsafe fn check_link<'a, T: Savable<'a, C>, C: Cage, const SHARED: bool>(
    link: NonNull<u32>,
    count: u32,
    walk: &mut Check,
) -> Result<(), Stop> {
    if size_of::<T>() == 0 || count == 0 {
        // SAFETY: the caller's promise. A value without bytes may be anywhere, and is checked once for all.
        unsafe {
            if link.read() != NOTHING.get() {
                return Err(walk.refuse(link.cast(), SavedFault::Nothing));
            }
            return if count == 0 { Ok(()) } else { T::check(NonNull::dangling(), walk) };
        }
    }
    if T::PENDS {
        return walk.wait(Frame { check: follow::<T, C, SHARED>, at: link.cast(), left: count });
    }
    // SAFETY: the caller's promise, and there are values with bytes.
    unsafe { follow::<T, C, SHARED>(link.cast(), count, walk) }
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
unsafe fn field<T>(at: NonNull<T>, offset: usize) -> NonNull<u32> {
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
            unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop> {
                const { assert!(size_of::<Self>() == size_of::<u32>()) };
                // SAFETY: the walk claimed these bytes, aligned; all of them are the number.
                unsafe { check_link::<T, C, $shared>(at.cast(), 1, walk) }
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
    unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop> {
        // SAFETY: the walk claimed these bytes, aligned; both fields lie in them, and any bits are a length.
        unsafe {
            let len = field(at, offset_of!(Self, len)).read();
            check_link::<T, C, true>(field(at, 0), len, walk)
        }
    }

    fn save(&self, at: usize, walk: &mut Save) -> Result<(), Stop> {
        walk.number(at + offset_of!(Self, len), self.len);
        save_link::<T, C, true>(self.number, self.as_slice(), at, walk)
    }
}

/// Whether bytes that begin at a unit of the image are ASCII, not 0 of them; they may be if the answer is no.
///
/// # Safety
/// The walk claimed these bytes.
#[inline(always)]
unsafe fn is_ascii(bytes: NonNull<u8>, len: usize, scale: u32) -> bool {
    const WORD: usize = size_of::<u64>();
    const HIGH: u64 = u64::from_ne_bytes([0x80; WORD]);
    if 1 << scale < WORD {
        // SAFETY: the bytes are the walk's, who does not change them meanwhile.
        return unsafe { NonNull::slice_from_raw_parts(bytes, len).as_ref() }.is_ascii();
    }
    let (words, words_end) = (bytes.cast::<u64>(), (len - 1) / WORD);
    let mut high = 0;
    for at in 0..words_end {
        // SAFETY: the word lies in the bytes, aligned, as a unit is.
        high |= unsafe { words.add(at).read() };
    }
    // SAFETY: the last word ends in the unit in which the bytes end, and all units of values are initialized.
    let last = unsafe { words.add(words_end).read() };
    let beyond = (WORD - 1 - (len - 1) % WORD) as u32 * u8::BITS;
    let last = if cfg!(target_endian = "little") { last << beyond } else { last >> beyond };
    (high | last) & HIGH == 0
}

/// What text leads to, by which the walks know text that is shared from a slice of bytes that is.
struct TextBytes<C>(PhantomData<C>);

impl<C: Cage> Target for TextBytes<C> {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;
    const PENDS: bool = false;
    const SCALE: u32 = C::OPTIONS.scale();

    fn shared() -> Option<TypeId> {
        Some(TypeId::of::<Self>())
    }
}

// SAFETY: text is a number and a length, of bytes that are claimed and are UTF-8, or the number of none. The rest as of a
// slice. A value of this type leaves nothing for later: its bytes are looked at at once.
unsafe impl<'a, C: Cage> Savable<'a, C> for Str32<'a, C> {
    type Name = Str32<'static, C>;
    const PENDS: bool = false;

    fn describe(types: &mut Types) {
        if types.enter::<Self, Self::Name>("Str32") {
            types.leave();
        }
    }

    #[inline(always)]
    unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop> {
        // SAFETY: the walk claimed these bytes, aligned; both fields lie in them, and any bits are a number or a length.
        // The bytes that are claimed for it are as many as the length says, and nobody writes them meanwhile.
        unsafe {
            let count = field(at, offset_of!(Slice32<'a, u8, C>, len)).read();
            let link = field(at, 0);
            if count == 0 {
                return check_link::<u8, C, true>(link, 0, walk);
            }
            let (Claimed::Fresh(bytes) | Claimed::Shared(bytes, _)) = walk.claim::<TextBytes<C>>(link, count)? else {
                return Ok(());
            };
            if is_ascii(bytes, count as usize, C::OPTIONS.scale()) {
                return Ok(());
            }
            // Other text takes several times as long.
            let text = NonNull::slice_from_raw_parts(bytes, count as usize).as_ref();
            if core::str::from_utf8(text).is_ok() {
                return Ok(());
            }
            Err(walk.refuse(bytes, SavedFault::Text))
        }
    }

    fn save(&self, at: usize, walk: &mut Save) -> Result<(), Stop> {
        let (number, text) = (self.number(), self.as_str());
        let len = text.len() as u32;
        walk.number(at + offset_of!(Slice32<'a, u8, C>, len), len);
        if len == 0 {
            walk.number(at, NOTHING.get());
            return Ok(());
        }
        if let Some(to) = walk.claim::<TextBytes<C>>(at, number.get(), len)? {
            // SAFETY: so many bytes of text.
            unsafe { walk.put(to, NonNull::from(text).cast(), text.len()) };
        }
        Ok(())
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
    unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop> {
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
            unsafe fn check(at: NonNull<Self>, walk: &mut Check) -> Result<(), Stop> {
                const { assert!(size_of::<Self>() == size_of::<$link>()) };
                // SAFETY: the walk claimed these bytes, aligned, and the number lies in them.
                unsafe {
                    match field(at, 0).read() {
                        0 => Ok(()),
                        _ => <$link>::check(at.cast(), walk),
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
