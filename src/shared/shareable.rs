//! What may lie in shared memory, and what may be referred to there.
//!
//! Two marks: [`Shareable`] for what is copied in and out, [`Concurrent`] for what is used in place. The
//! macros of nearly the same names make structs of either kind and have the compiler check the claim.

use super::{AtomicOffset, Offset, WORD};
use crate::sync::{AtomicI64, AtomicU64};

/// Plain data: types whose bytes mean the same in every process, and of which any bytes are a value.
///
/// Integers and floats, atomics, `Option<Offset<_>>`, arrays of those, and structs of those that
/// [`shareable!`](crate::shareable) makes. Not `bool`, `char` and enums (a peer may write bytes that are none
/// of theirs), not [`Offset`] without an `Option` (zero), no reference, pointer, `Box` or `String` (an address
/// means nothing elsewhere).
///
/// # Safety
/// Every pattern of bits is a value of the type; it has no padding, no pointer and nothing to drop; it is the
/// same however many processes have it; and its alignment is 4096 at most.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shared between processes",
    note = "shared are integers, floats, atomics, `Option<Offset<_>>`, arrays of them, and structs made by `region::shareable!`"
)]
pub unsafe trait Shareable: Sized + 'static {}

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
    note = "other processes may change it meanwhile; `read` copies it, and `region::concurrent!` makes structs of atomics"
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
// SAFETY: an atomic word, any value of which `load` understands.
unsafe impl<T: ?Sized + 'static> Shareable for AtomicOffset<T> {}
// SAFETY: a transparent `AtomicU64`, reached by atomic loads, stores and exchanges of all of it.
unsafe impl<T: ?Sized + 'static> Concurrent for AtomicOffset<T> {}
// SAFETY: an array is its elements, without anything between them.
unsafe impl<T: Shareable, const N: usize> Shareable for [T; N] {}
// SAFETY: as above.
unsafe impl<T: Concurrent, const N: usize> Concurrent for [T; N] {}

const _: () = assert!(size_of::<Option<Offset<[u8]>>>() == WORD && size_of::<AtomicOffset<[u8]>>() == WORD);

/// A struct that can be copied in and out of shared memory: [`Shareable`], laid out as in C.
///
/// Does not compile when a field is not shareable itself, or when there are bytes between the fields or behind
/// them that belong to none; an explicit field fills those.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// region::shareable! {
///     #[derive(Clone, Copy, Debug, PartialEq)]
///     pub struct Place { pub file: u32, pub line: u32, pub word: Option<region::Offset<str>> }
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
///     struct Padded { byte: u8, word: u64 }       // seven bytes between them are nobody's
/// }
/// ```
///
/// ```compile_fail,E0026
/// region::shareable! {
///     struct Padded { byte: u8, #[cfg(any())] filler: [u8; 7], word: u64 }      // and still are nobody's
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
            const fn bytes<T: $crate::Shareable>() -> usize {
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
        };

        // SAFETY: a C struct of shareable fields (`bytes` compiles for no other) whose sizes add up to its
        // own, so without padding, that is not dropped.
        unsafe impl $crate::Shareable for $name {}
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
            const fn of_words<T: $crate::Concurrent>() {}
            $(of_words::<$type>();)*
        };

        // SAFETY: a struct of nothing but fields that are made of atomic words (`of_words` compiles for no
        // other); what its author can do to them in safe code is what their own types allow.
        unsafe impl $crate::Concurrent for $name {}
    };
}
