//! The C ABI: everything that the library does, for C, C++ and whatever speaks to them.
//!
//! Nothing but translation: each function checks what it was given, calls the Rust that does the work, and turns
//! the outcome into a pointer, a number or a negative errno. `include/region.h` is made from this folder by
//! build.rs: each noun's types and functions by cbindgen from its `.rs`, within the prose and the inline parts
//! that stand in `header/`. The documentation of the functions here is therefore written for C programmers.
//!
//! - `arena`: lives, marks, cleanups, figures. `alloc`: what is taken out of one. `string`: text that grows.
//! - `hooks`: arenas as the allocators of other libraries.
//! - `map`, `pool`, `shared`, `file`, `input`, `lines`: regions, page pools, shared arenas, files changed in place,
//!   files and streams read, lines.
//! - `error`: errnos and their sentences. `process`: versions, the page size, the block cache.
//! - `handler`: what a panic would run into. `memory`: memory functions for programs without a libc.
//! - `checked`: pointers and versions that callers hand in. `line`: a line of text for a descriptor.
//!
//! Rules: nothing here panics or unwinds (`.c.no-unwind`), every symbol begins with `region_` (`.c.closed`), and
//! each struct of C's is a number of opaque words whose all-zero state is valid and empty.

#![allow(non_camel_case_types)] // C's names

mod alloc;
mod arena;
mod checked;
mod error;
mod file;
#[cfg(all(not(test), any(region_staticlib, cargo_c)))]
mod handler;
mod hooks;
mod input;
mod line;
mod lines;
mod map;
#[cfg(region_mem)]
mod memory;
mod pool;
mod process;
#[cfg(target_os = "linux")]
mod shared;
mod string;
