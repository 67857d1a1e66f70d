//! The bytes of any file as one slice, and that slice as lines.
//!
//! A regular file can be mapped and a pipe cannot. [`Input`] hides which it was, and says it when asked. [`Lines`] cuts
//! any slice into lines without copying one, and needs no operating system. Nothing here writes to a file, and nothing
//! parses.
//!
//! | you have | you take |
//! |---|---|
//! | a path, a descriptor, standard input | [`Input`] |
//! | bytes with newlines | [`Lines`], [`CrlfLines`] |
//! | bytes with a NUL or another byte behind each record | [`Lines::records`] |
//!
//! ```
//! let lines = region::Lines::new(b"one\ntwo");
//! assert_eq!(lines.map(<[u8]>::len).sum::<usize>(), 6);
//! ```
#![cfg_attr(not(all(feature = "os", any(unix, windows))), doc = "\n[`Input`]: crate#adding-it")]

// - `any`: `Input`, from a path, a descriptor or standard input (`.input.any`). `mapped`: a file shown by the kernel.
// - `stream`: bytes read into memory that grows without moving. `block`: that memory for small files.
// - `lines`: `Lines` and `CrlfLines` (`.input.lines`). `delimiter`: 64 bytes at a time, one bit for each newline.

#[cfg(all(feature = "os", any(unix, windows)))]
mod any;
#[cfg(all(feature = "os", any(unix, windows)))]
mod block;
mod delimiter;
mod lines;
#[cfg(all(feature = "os", any(unix, windows)))]
mod mapped;
#[cfg(all(feature = "os", any(unix, windows)))]
mod stream;

#[cfg(all(feature = "os", any(unix, windows)))]
pub use crate::sys::{Fd, PathBytes};
#[cfg(all(feature = "os", any(unix, windows)))]
pub use any::{Input, InputError, Source};
pub use lines::{CrlfLines, Lines};
