//! Input: the bytes of any file as one slice, and that slice as lines.
//!
//! A regular file can be mapped and a pipe cannot; [`Input`] hides which it was (`.input.any`), and says
//! it when asked ([`Input::source`]). [`Lines`] cuts any slice into lines without copying one
//! (`.input.lines`); it needs no operating system. Nothing here writes to a file, and nothing parses.
//!
//! - `any`: [`Input`], from a path, a descriptor or standard input.
//! - `path`: what counts as a path where `std` is not there.
//! - `mapped`: a file shown by the kernel.
//! - `stream`: bytes read into memory that grows without moving.
//! - `lines`: [`Lines`] and [`CrlfLines`].
//! - `newline`: 64 bytes at a time, one bit for each newline.

#[cfg(all(feature = "os", unix))]
mod any;
mod lines;
#[cfg(all(feature = "os", unix))]
mod mapped;
mod newline;
#[cfg(all(feature = "os", unix))]
mod path;
#[cfg(all(feature = "os", unix))]
mod stream;

#[cfg(all(feature = "os", unix))]
pub use any::{Input, InputError, Source};
pub use lines::{CrlfLines, Lines};
#[cfg(all(feature = "os", unix))]
pub use path::PathBytes;
