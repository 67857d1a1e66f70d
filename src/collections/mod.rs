//! What owns its values and lives in an arena: boxes, vectors, strings.
//!
//! | you have | you take |
//! |---|---|
//! | one value that must be dropped | [`Box`] |
//! | values that grow in number | `Vec`, and `vec!` (feature `collections`) |
//! | text that grows | `String`, and `format!` (feature `collections`) |
//! | the end of a chain of iterators | `CollectIn` (feature `collections`) |
//! | lists and names of a tree in half the bytes, which may cross threads | [`unmanaged`]: `Vec`, `ThinVec`, `String`, … |
//! | a hash map | hashbrown's: `HashMap::new_in(&arena)` |
//! | a function over whatever they live in | [`ArenaAllocator`] |
//! | what serde reads into an arena | `DeserializeIn`, `Seed` (features `collections` and `serde`) |
//!
//! None of them can outlive the arena, and none gives memory back to the system. The last allocation of an arena grows
//! and shrinks where it is.
//!
//! ```
//! # #[cfg(feature = "collections")] {
//! use region::Arena;
//! use region::collections::{Box, Vec};
//!
//! let arena = Arena::new();
//! let mut names = Vec::from_iter_in(["a", "b"], &arena);
//! names.push("c");
//! let owner = Box::new_in(std::string::String::from("dropped with the box"), &arena);
//! assert_eq!((names.len(), owner.len()), (3, 20));
//! # }
//! ```

// `allocator`: what they live in. `boxed`: one value. `vec`, `string`, behind the feature `collections`: values and
// text that grow. Their macros are in the crate's root. `collect`: any of them at an iterator's end. `unmanaged`: the
// same without a pointer to the arena. `deserialize`: reading them with serde.

mod allocator;
mod boxed;
#[cfg(feature = "collections")]
mod collect;
#[cfg(all(feature = "collections", feature = "serde"))]
mod deserialize;

#[cfg(feature = "collections")]
mod string;
#[cfg(not(region_staticlib))]
pub mod unmanaged;
#[cfg(feature = "collections")]
mod vec;

pub use allocator::ArenaAllocator;
pub use boxed::Box;
#[cfg(feature = "collections")]
pub use collect::{CollectIn, FromIteratorIn};
#[cfg(all(feature = "collections", feature = "serde"))]
pub use deserialize::{DeserializeIn, Seed};
#[cfg(feature = "collections")]
pub use string::{FromUtf8Error, String, StringDrain};
#[cfg(feature = "collections")]
pub use vec::Vec;

pub use crate::vector::{Drain, ExtractIf, Splice};
