//! What owns its values and lives in an arena: boxes, vectors, strings.
//!
//! - `place`: where they live, an arena or a scope. `boxed`: one value, which is dropped.
//! - `vec`, `string`, `macros`, behind the feature `collections`: rows and text that grow, at the tip of the
//!   arena in place, over allocator-api2's vector.
//!
//! None of them can outlive the arena, and none gives memory back to the system; `arena` does that. Hash maps
//! are hashbrown's: `HashMap::new_in(&arena)`.

mod boxed;
mod place;

#[cfg(feature = "collections")]
mod macros;
#[cfg(feature = "collections")]
mod string;
#[cfg(feature = "collections")]
mod vec;

#[cfg(feature = "collections")]
pub use allocator_api2_02::collections::TryReserveError;
pub use boxed::Box;
pub use place::Place;
#[cfg(feature = "collections")]
pub use string::{FromUtf8Error, String};
#[cfg(feature = "collections")]
pub use vec::{Vec, VecExt};
