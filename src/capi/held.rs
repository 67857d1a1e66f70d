//! Rust values in C's structs: whether one is there, how it gets in and out, and what C sees of it.
//!
//! What callers say of their structs and options is checked in `checked`, before anything here is formed. The arena has
//! a struct of its own kind, in `inside`.

use super::error::{EINVAL, EOVERFLOW, answer};
use core::ffi::{c_int, c_uint, c_void};
use core::mem::MaybeUninit;
use core::ops::Range;
use core::ptr::null_mut;

/// A Rust value in the opaque words of a C struct: there when `state` says so, and not when the words are zero.
///
/// # Invariants
/// `value` is initialized if and only if `state` is `LIVE`.
#[repr(C)]
pub(super) struct Held<T> {
    state: usize,
    value: MaybeUninit<T>,
}

/// A word that memory does not hold by accident, so that a struct that was never initialized is found empty. One that
/// an instruction can hold, as every function compares with it.
const LIVE: usize = 0x5265_6769;

impl<T> Held<T> {
    const fn of(value: T) -> Self {
        Held { state: LIVE, value: MaybeUninit::new(value) }
    }

    /// The value that is here.
    fn get(&self) -> Option<&T> {
        // SAFETY: the type's invariant.
        (self.state == LIVE).then(|| unsafe { self.value.assume_init_ref() })
    }

    /// The value that is here, to change.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: the type's invariant.
        (self.state == LIVE).then(|| unsafe { self.value.assume_init_mut() })
    }

    /// The value that is here, or a new one.
    pub(super) fn get_or_put(&mut self, new: impl FnOnce() -> T) -> &mut T {
        if self.state != LIVE {
            *self = Held::of(new());
        }
        // SAFETY: the type's invariant: the value was there, or was just put.
        unsafe { self.value.assume_init_mut() }
    }

    /// Takes the value out and leaves nothing.
    fn take(&mut self) -> Option<T> {
        // SAFETY: the value was there, and the state says from here on that it is not.
        self.forget().then(|| unsafe { self.value.assume_init_read() })
    }

    /// Drops the value and leaves nothing.
    fn clear(&mut self) {
        if self.forget() {
            // SAFETY: the value was there, and the state says that it is not.
            unsafe { self.value.assume_init_drop() };
        }
    }

    /// Calls the place empty; says whether a value was there, which is the caller's now.
    fn forget(&mut self) -> bool {
        core::mem::take(&mut self.state) == LIVE
    }
}

/// A value that is a range of bytes, which C sees.
pub(super) trait Bytes {
    /// The first byte, and how many there are.
    fn bytes(&mut self) -> (*mut c_void, usize);
}

/// A value, and before it where its bytes are. Of no value, NULL and 0.
#[repr(C)]
pub(super) struct Shown<T> {
    base: *mut c_void,
    len: usize,
    held: Held<T>,
}

/// What is in a struct's bytes. All bytes zero is one without a value.
pub(super) trait Place {
    type Value;

    /// The value's place within.
    fn held(&self) -> &Held<Self::Value>;

    /// The same, to change.
    fn held_mut(&mut self) -> &mut Held<Self::Value>;

    /// Shows C what became of the value.
    fn show(&mut self) {}
}

impl<T> Place for Held<T> {
    type Value = T;

    fn held(&self) -> &Held<T> {
        self
    }

    fn held_mut(&mut self) -> &mut Held<T> {
        self
    }
}

impl<T: Bytes> Place for Shown<T> {
    type Value = T;

    fn held(&self) -> &Held<T> {
        &self.held
    }

    fn held_mut(&mut self) -> &mut Held<T> {
        &mut self.held
    }

    fn show(&mut self) {
        (self.base, self.len) = self.held.get_mut().map_or((null_mut(), 0), Bytes::bytes);
    }
}

/// A struct of C's that has a Rust value in it. [`holds!`] says of one what it has.
///
/// # Safety
/// A `Place` has no more bytes than the struct, and no stricter alignment.
pub(super) unsafe trait Handle: Sized {
    type Place: Place;
}

/// Says what a struct of C's has in it.
macro_rules! holds {
    ($handle:ident: $place:ty) => {
        const _: () = assert!(size_of::<$place>() <= size_of::<$handle>());
        const _: () = assert!(align_of::<$place>() <= align_of::<$handle>());

        // SAFETY: size and alignment were just asserted.
        unsafe impl $crate::capi::held::Handle for $handle {
            type Place = $place;
        }
    };
}

pub(super) use holds;

/// The type of the value that a struct has.
type Value<H> = <<H as Handle>::Place as Place>::Value;

/// The value in a struct that C hands in; `None` for NULL and for an empty one.
///
/// # Safety
/// `this` is NULL or points to a struct that is zeroed or initialized, and is not changed meanwhile, unless the value
/// can be used by several threads at once.
pub(super) unsafe fn value<'a, H: Handle>(this: *const H) -> Option<&'a Value<H>>
where
    H::Place: 'a,
{
    // SAFETY: by the caller's promise it is NULL, which `as_ref` sees, or a struct whose bytes are zero, which is a
    // place without a value, or what this library put there; it is large and aligned enough (`Handle`).
    unsafe { this.cast::<H::Place>().as_ref() }.and_then(|place| place.held().get())
}

/// What is in a struct that C hands in, to change; `None` for NULL.
///
/// # Safety
/// `this` is NULL or points to a struct that is zeroed or initialized and in no other use meanwhile.
pub(super) unsafe fn place<'a, H: Handle>(this: *mut H) -> Option<&'a mut H::Place> {
    // SAFETY: by the caller's promise it is NULL, which `as_mut` sees, or a struct whose bytes are zero, which is a
    // place without a value, or what this library put there, and nothing else uses it meanwhile; it is large and
    // aligned enough (`Handle`).
    unsafe { this.cast::<H::Place>().as_mut() }
}

/// The value in a struct that C hands in, to change; `None` for NULL and for an empty one.
///
/// # Safety
/// As for [`place`].
pub(super) unsafe fn value_mut<'a, H: Handle>(this: *mut H) -> Option<&'a mut Value<H>>
where
    H::Place: 'a,
{
    // SAFETY: the caller's promise, passed on.
    unsafe { place(this) }.and_then(|place| place.held_mut().get_mut())
}

/// Puts a value into a struct. What was there is not dropped: it may be garbage that only looks like a value.
///
/// # Safety
/// `this` was [prepared](super::checked::prepare), or is in no other use and empty.
pub(super) unsafe fn put<H: Handle>(this: *mut H, value: Value<H>) {
    // SAFETY: the caller's promise; a prepared struct is zeroed, which is a place without a value.
    let place = unsafe { &mut *this.cast::<H::Place>() };
    *place.held_mut() = Held::of(value);
    place.show();
}

/// Puts a value into a prepared struct and gives 0, or gives the negative errno that says why there is no value.
///
/// # Safety
/// As for [`put`].
#[inline]
pub(super) unsafe fn finish<H: Handle>(this: *mut H, made: Result<Value<H>, c_int>) -> c_int {
    match made {
        Ok(value) => {
            // SAFETY: the caller's promise, passed on.
            unsafe { put(this, value) };
            0
        }
        Err(error) => error,
    }
}

/// Takes the value out of a struct and leaves an empty one.
///
/// # Safety
/// As for [`place`].
pub(super) unsafe fn take<H: Handle>(this: *mut H) -> Option<Value<H>> {
    // SAFETY: the caller's promise, passed on.
    let place = unsafe { place(this) }?;
    let value = place.held_mut().take();
    place.show();
    value
}

/// Drops the value in a struct and leaves an empty one; -EINVAL for NULL.
///
/// # Safety
/// As for [`place`].
pub(super) unsafe fn free<H: Handle>(this: *mut H) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(place) = (unsafe { place(this) }) else { return -EINVAL };
    place.held_mut().clear();
    place.show();
    0
}

/// What is done to a range of a value, with a number from C that says how.
type RangeCall<T> = fn(&mut T, Range<usize>, c_uint) -> Result<(), c_int>;

/// Does something to a range of a value.
///
/// # Safety
/// As for [`place`].
#[inline(never)]
pub(super) unsafe fn on_range<H: Handle>(
    this: *mut H,
    at: usize,
    len: usize,
    how: c_uint,
    call: RangeCall<Value<H>>,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(value) = (unsafe { value_mut(this) }) else { return -EINVAL };
    answer(at.checked_add(len).ok_or(EOVERFLOW).and_then(|end| call(value, at..end, how)))
}
