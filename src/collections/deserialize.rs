//! Reading into an arena with serde: the seed that carries the arena, and what it can make.
//!
//! serde's own `Deserialize` has no place for an arena, and its derive writes no code for seeds. So a struct has its
//! few lines written by hand. Nothing here parses.

use super::{ArenaAllocator, Box, String, Vec};
use crate::arena::Arena;
use crate::error::AllocError;
use core::fmt;
use core::marker::PhantomData;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

/// A value that serde reads into an arena, given by [`Seed`].
///
/// Numbers, `bool` and `char` have it; texts (`String`, `&str`); and of what has it, `Vec`, slices, `Box` and `Option`.
/// For a struct, read its fields with seeds:
///
/// ```
/// use region::collections::{DeserializeIn, Seed, Vec};
/// use serde::de::{Deserializer, Error, SeqAccess, Visitor};
///
/// struct Word<'a> { text: &'a str, lines: Vec<'a, u32> }
///
/// impl<'de, 'a> DeserializeIn<'de, 'a> for Word<'a> {
///     fn deserialize_in<D: Deserializer<'de>>(arena: &'a region::Arena, from: D) -> Result<Self, D::Error> {
///         struct Fields<'a>(&'a region::Arena);
///         impl<'de, 'a> Visitor<'de> for Fields<'a> {
///             type Value = Word<'a>;
///             fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
///                 f.write_str("a word and its lines")
///             }
///             fn visit_seq<S: SeqAccess<'de>>(self, mut fields: S) -> Result<Word<'a>, S::Error> {
///                 let missing = || S::Error::custom("a field is missing");
///                 let text = fields.next_element_seed(Seed::new(self.0))?.ok_or_else(missing)?;
///                 let lines = fields.next_element_seed(Seed::new(self.0))?.ok_or_else(missing)?;
///                 Ok(Word { text, lines })
///             }
///         }
///         from.deserialize_tuple(2, Fields(arena))
///     }
/// }
///
/// let arena = region::Arena::new();
/// let mut json = serde_json::Deserializer::from_str(r#"[["arena", [1, 7]], ["pool", [3]]]"#);
/// let index: Vec<Word> = Vec::deserialize_in(&arena, &mut json)?;
/// assert_eq!((index[0].text, &index[0].lines[..], index[1].text), ("arena", &[1, 7][..], "pool"));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub trait DeserializeIn<'de, 'a, A: ArenaAllocator = Arena>: Sized {
    /// Reads a value whose memory is the arena's.
    ///
    /// # Errors
    /// When what is read is no such value, or memory cannot be had. The arena keeps what was allocated until then.
    fn deserialize_in<D: Deserializer<'de>>(arena: &'a A, from: D) -> Result<Self, D::Error>;
}

/// Reads a `T` into an arena, wherever serde takes a seed.
pub struct Seed<'a, T, A: ArenaAllocator = Arena> {
    arena: &'a A,
    makes: PhantomData<fn() -> T>,
}

impl<'a, T, A: ArenaAllocator> Seed<'a, T, A> {
    /// The seed of a value in `arena`.
    pub const fn new(arena: &'a A) -> Self {
        Seed { arena, makes: PhantomData }
    }
}

impl<'de, 'a, T: DeserializeIn<'de, 'a, A>, A: ArenaAllocator> DeserializeSeed<'de> for Seed<'a, T, A> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        T::deserialize_in(self.arena, from)
    }
}

/// Values that need no arena.
macro_rules! plain {
    ($($type:ty),*) => { $(
        impl<'de, 'a, A: ArenaAllocator> DeserializeIn<'de, 'a, A> for $type {
            fn deserialize_in<D: Deserializer<'de>>(_: &'a A, from: D) -> Result<Self, D::Error> {
                Deserialize::deserialize(from)
            }
        }
    )* };
}
plain!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, bool, char, ());

/// The arena's refusal, as an error of the format.
fn refused<E: Error>(error: AllocError) -> E {
    E::custom(error)
}

impl<'de, 'a, A: ArenaAllocator> DeserializeIn<'de, 'a, A> for &'a mut str {
    fn deserialize_in<D: Deserializer<'de>>(arena: &'a A, from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Seed::<Self, A>::new(arena))
    }
}

impl<'a, A: ArenaAllocator> Visitor<'_> for Seed<'a, &'a mut str, A> {
    type Value = &'a mut str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<&'a mut str, E> {
        self.arena.try_put_str(text).map_err(refused)
    }
}

impl<'de, 'a, A: ArenaAllocator> DeserializeIn<'de, 'a, A> for &'a str {
    fn deserialize_in<D: Deserializer<'de>>(arena: &'a A, from: D) -> Result<Self, D::Error> {
        <&'a mut str>::deserialize_in(arena, from).map(|text| &*text)
    }
}

impl<'de, 'a, A: ArenaAllocator> DeserializeIn<'de, 'a, A> for String<'a, A> {
    fn deserialize_in<D: Deserializer<'de>>(arena: &'a A, from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Seed::<Self, A>::new(arena))
    }
}

impl<'a, A: ArenaAllocator> Visitor<'_> for Seed<'a, String<'a, A>, A> {
    type Value = String<'a, A>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String<'a, A>, E> {
        String::try_from_str_in(text, self.arena).map_err(refused)
    }
}

impl<'de, 'a, T: DeserializeIn<'de, 'a, A>, A: ArenaAllocator> DeserializeIn<'de, 'a, A> for Vec<'a, T, A> {
    fn deserialize_in<D: Deserializer<'de>>(arena: &'a A, from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Seed::<Self, A>::new(arena))
    }
}

impl<'de, 'a, T: DeserializeIn<'de, 'a, A>, A: ArenaAllocator> Visitor<'de> for Seed<'a, Vec<'a, T, A>, A> {
    type Value = Vec<'a, T, A>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut values: S) -> Result<Vec<'a, T, A>, S::Error> {
        // The hint may come from the bytes that are read, so it is not believed beyond a page.
        const MOST: usize = 4096;
        let hint = values.size_hint().unwrap_or(0).min(MOST / size_of::<T>().max(1));
        let mut read = Vec::try_with_capacity_in(hint, self.arena).map_err(refused)?;
        while let Some(value) = values.next_element_seed(Seed::new(self.arena))? {
            read.try_push(value).map_err(refused)?;
        }
        Ok(read)
    }
}

impl<'de, 'a, T: DeserializeIn<'de, 'a, A>, A: ArenaAllocator> DeserializeIn<'de, 'a, A> for &'a mut [T] {
    fn deserialize_in<D: Deserializer<'de>>(arena: &'a A, from: D) -> Result<Self, D::Error> {
        Vec::deserialize_in(arena, from).map(Vec::into_bump_slice_mut)
    }
}

impl<'de, 'a, T: DeserializeIn<'de, 'a, A>, A: ArenaAllocator> DeserializeIn<'de, 'a, A> for &'a [T] {
    fn deserialize_in<D: Deserializer<'de>>(arena: &'a A, from: D) -> Result<Self, D::Error> {
        Vec::deserialize_in(arena, from).map(|values| &*values.into_bump_slice())
    }
}

impl<'de, 'a, T: DeserializeIn<'de, 'a, A>, A: ArenaAllocator> DeserializeIn<'de, 'a, A> for Box<'a, T> {
    fn deserialize_in<D: Deserializer<'de>>(arena: &'a A, from: D) -> Result<Self, D::Error> {
        Box::try_new_in(T::deserialize_in(arena, from)?, arena).map_err(refused)
    }
}

impl<'de, 'a, T: DeserializeIn<'de, 'a, A>, A: ArenaAllocator> DeserializeIn<'de, 'a, A> for Option<T> {
    fn deserialize_in<D: Deserializer<'de>>(arena: &'a A, from: D) -> Result<Self, D::Error> {
        from.deserialize_option(Seed::<Self, A>::new(arena))
    }
}

impl<'de, 'a, T: DeserializeIn<'de, 'a, A>, A: ArenaAllocator> Visitor<'de> for Seed<'a, Option<T>, A> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or none")
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Option<T>, D::Error> {
        T::deserialize_in(self.arena, from).map(Some)
    }
}
