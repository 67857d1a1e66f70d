//! What may lie in shared memory, and what may be referred to there.
//!
//! Two marks: [`Shareable`] for what is copied in and out, [`Concurrent`] for what is used in place. The
//! macros of nearly the same names make structs of either kind and have the compiler check the claim.

use super::header::MOST_ALIGN;
use super::{AtomicOffset, Offset, WORD};
use crate::sync::{AtomicI64, AtomicU64};
use core::alloc::Layout;

/// Plain data: types whose bytes mean the same in every process, and of which any bytes are a value.
///
/// Integers and floats, atomics, `Option<Offset<_>>`, arrays of those, and structs of those that
/// [`shareable!`](crate::shareable) makes. Not `bool`, `char` and enums (a peer may write bytes that are none
/// of theirs), not [`Offset`] without an `Option` (zero), no reference, pointer, `Box` or `String` (an address
/// means nothing elsewhere).
///
/// # Safety
/// Every pattern of bits is a value of the type; it has no padding, no pointer and nothing to drop; it is the
/// same however many processes have it; and its alignment is 4096 at most, as memory is mapped at the start of
/// a page, anywhere. Of a type with more, no method of shared memory compiles:
///
/// ```compile_fail,E0080
/// #[repr(align(8192))]
/// struct Wide([u64; 1024]);
/// // SAFETY: none: the alignment is above 4096.
/// unsafe impl region::shared::Shareable for Wide {}
/// let arena = region::SharedArena::new(1 << 16).unwrap();
/// let _ = arena.read(region::shared::Offset::<Wide>::from_raw(8192).unwrap());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shared between processes",
    note = "shared are integers, floats, atomics, `Option<Offset<_>>`, arrays of them, and structs made by \
            `region::shareable!`"
)]
pub unsafe trait Shareable: Sized + 'static {}

/// The layout of a value in shared memory, of a type whose alignment holds wherever the memory is mapped: one with
/// more does not compile.
#[inline(always)]
pub(super) const fn layout_of<T: Shareable>() -> Layout {
    const { assert!(align_of::<T>() <= MOST_ALIGN, "a value in shared memory may not be aligned beyond 4096") };
    Layout::new::<T>()
}

/// Types made of atomic words of 8 bytes alone, which may be referred to while other processes change them.
///
/// `AtomicU64`, `AtomicI64`, [`AtomicOffset`], arrays of those, and structs of those that
/// [`concurrent!`](crate::concurrent) makes. Not the smaller atomics: memory that is reached by atomics of
/// several sizes at once is undefined behaviour, and through forged offsets it would be.
///
/// # Safety
/// The type consists of atomics of 8 bytes, aligned to 8, and of nothing else, and has no safe method that
/// touches them in another size or not atomically.
#[diagnostic::on_unimplemented(
    message = "references to `{Self}` in shared memory are not safe",
    note = "other processes may change it meanwhile; `read` copies it, and `region::concurrent!` makes structs of \
            atomics"
)]
pub unsafe trait Concurrent: Shareable + Sync {}

/// Marks types.
macro_rules! mark {
    ($trait:ident: $($type:ty),*) => { $(
        // SAFETY: a plain integer, float or atomic: no padding, no pointer, any bits are a value; as
        // `Concurrent`, an atomic of 8 bytes.
        unsafe impl $trait for $type {}
    )* };
}
mark!(Shareable: u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, ());
mark!(Shareable: core::sync::atomic::AtomicU8, core::sync::atomic::AtomicI8);
mark!(Shareable: core::sync::atomic::AtomicU16, core::sync::atomic::AtomicI16);
mark!(Shareable: core::sync::atomic::AtomicU32, core::sync::atomic::AtomicI32);
mark!(Shareable: core::sync::atomic::AtomicUsize, core::sync::atomic::AtomicIsize, AtomicU64, AtomicI64);
mark!(Concurrent: AtomicU64, AtomicI64);
#[cfg(target_pointer_width = "64")]
mark!(Concurrent: core::sync::atomic::AtomicUsize, core::sync::atomic::AtomicIsize);

// SAFETY: eight bytes, and any of them are `None` or some offset, which is checked when it is used.
unsafe impl<T: ?Sized + 'static> Shareable for Option<Offset<T>> {}
// SAFETY: a transparent `AtomicU64`: eight bytes without padding, any value of which `load` understands, and nothing
// to drop.
unsafe impl<T: ?Sized + 'static> Shareable for AtomicOffset<T> {}
// SAFETY: a transparent `AtomicU64`, reached by atomic loads, stores and exchanges of all of it.
unsafe impl<T: ?Sized + 'static> Concurrent for AtomicOffset<T> {}
// SAFETY: an array is its elements, without anything between them, aligned as they are; so what holds of each of them,
// holds of all.
unsafe impl<T: Shareable, const N: usize> Shareable for [T; N] {}
// SAFETY: an array has nothing but its elements, one behind the other, each of which is atomic words alone; and what it
// has for methods hands out those.
unsafe impl<T: Concurrent, const N: usize> Concurrent for [T; N] {}

const _: () = assert!(size_of::<Option<Offset<[u8]>>>() == WORD && size_of::<AtomicOffset<[u8]>>() == WORD);

/// A struct that can be copied in and out of shared memory: [`Shareable`], laid out as in C.
///
/// Does not compile when a field is not shareable itself, when there are bytes between the fields or behind
/// them that belong to none (an explicit field fills those), or when it is aligned beyond 4096.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// region::shareable! {
///     #[derive(Clone, Copy, Debug, PartialEq)]
///     pub struct Place { pub file: u32, pub line: u32, pub word: Option<region::shared::Offset<str>> }
/// }
///
/// let arena = region::SharedArena::new(1 << 16)?;
/// let place = Place { file: 1, line: 7, word: Some(arena.alloc_str("answer")?) };
/// let offset = arena.alloc(place)?;
/// assert_eq!(arena.read(offset)?, place);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail,E0080
/// region::shareable! {
///     struct Padded { byte: u8, word: u64 }       // seven bytes between them are padding
/// }
/// ```
///
/// ```compile_fail,E0080
/// region::shareable! {
///     #[repr(align(8192))]
///     struct Wide { words: [u64; 1024] }          // aligned in one process and not in another
/// }
/// ```
///
/// ```compile_fail,E0026
/// region::shareable! {
///     struct Padded { byte: u8, #[cfg(any())] filler: [u8; 7], word: u64 }      // and still are padding
/// }
/// ```
#[macro_export]
macro_rules! shareable {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$inner:meta])* $field_vis:vis $field:ident: $type:ty),* $(,)?
    }) => {
        $(#[$meta])*
        #[repr(C)]
        $vis struct $name { $($(#[$inner])* $field_vis $field: $type),* }

        const _: () = {
            const fn bytes<T: $crate::shared::Shareable>() -> usize {
                ::core::mem::size_of::<T>()
            }
            // What is counted is what is there, once: a field that a `cfg` took out would stand for padding.
            const fn fields(_value: &$name) {
                let $name { $($field: _),* } = _value;
                $(let _: *const $type = &raw const _value.$field;)*
            }
            let _: fn(&$name) = fields;
            // By path, as a program may have an `assert!` of its own.
            ::core::assert!(
                0 $(+ bytes::<$type>())* == ::core::mem::size_of::<$name>(),
                "a shared struct may not have padding: add a field in its place"
            );
            ::core::assert!(!::core::mem::needs_drop::<$name>(), "nobody drops what lies in shared memory");
            ::core::assert!(
                ::core::mem::align_of::<$name>() <= 4096,
                "a shared struct may not be aligned beyond 4096: memory is mapped at any page"
            );
        };

        // SAFETY: its fields are those that are listed (`fields` takes it apart by them, type for type) and are
        // shareable (`bytes` compiles for no other), so it has no pointer and any bits are a value. Their sizes add up
        // to its own, so there is no padding; it is laid out as in C, which every process does alike; nothing of it
        // is dropped, and its alignment is 4096 at most (the assertions).
        unsafe impl $crate::shared::Shareable for $name {}
    };
}

/// A struct that processes use in place, all at once: [`Concurrent`], laid out as in C.
///
/// Every field is an atomic word or made of such. See [`AtomicOffset`] for an example.
///
/// ```compile_fail,E0277
/// region::concurrent! {
///     struct Counter { hits: std::sync::atomic::AtomicU64, last: u64 }      // `last` is not atomic
/// }
/// ```
#[macro_export]
macro_rules! concurrent {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$inner:meta])* $field_vis:vis $field:ident: $type:ty),* $(,)?
    }) => {
        $crate::shareable! {
            $(#[$meta])*
            $vis struct $name { $($(#[$inner])* $field_vis $field: $type),* }
        }

        const _: () = {
            const fn of_words<T: $crate::shared::Concurrent>() {}
            $(of_words::<$type>();)*
        };

        // SAFETY: its fields are all that it is (`shareable!` counted them, without padding), and each is made of
        // atomic words (`of_words` compiles for no other), so each starts a whole number of words from its start, which
        // is a word's in shared memory even if a `packed` asks for less. What safe code can do to them is what their
        // own types allow; the compiler refuses references to the fields of a packed one.
        unsafe impl $crate::shared::Concurrent for $name {}
    };
}
