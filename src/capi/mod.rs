//! The C ABI: the library for C, C++ and all languages that can call C.
//!
//! Each function checks its arguments, calls the Rust code that does the work, and turns the result into a pointer, a
//! number or a negative errno. `include/region.h` is made from this folder by `cargo capi-header`: each noun's types
//! and functions by cbindgen from its `.rs`, within the prose and the inline parts that stand in `header/`. The
//! documentation of the functions here is therefore written for C programmers.
//!
//! - `inside`: the contents of an arena. `arena`: making, freeing, limits, stats. `alloc`: allocating. `string`,
//!   `array`: text and elements that grow, over `growing`. `reading`: files read into arenas. `marks`: positions to go
//!   back to. `deferred`: calls that are due then. `history`: which positions were undone. `oom`: what happens when
//!   memory cannot be had.
//! - `heap`: heaps, a folder of its own. `hooks`, `heap_hooks`: arenas and heaps as the allocators of other libraries.
//! - `map`, `pool`, `shared`, `file`, `input`, `lines`: regions, page pools, shared arenas, files changed in place,
//!   files and streams read, lines.
//! - `error`: errnos and their sentences. `cache`: what is kept of freed arenas. `process`: versions, the page size.
//! - `memory`: memory functions for programs without a libc.
//! - `held`: the Rust values in C's structs. `checked`, `c_str`: versions, options and strings that callers hand in.
//!   `line`: a line of text for a descriptor.
//!
//! Rules: nothing here panics or unwinds (`.c.no-unwind`), every symbol begins with `region_` (`.c.closed`), and
//! each struct of C's is a number of opaque words whose all-zero state is valid and empty.

#![allow(non_camel_case_types)] // C's names

mod alloc;
mod arena;
mod array;
mod c_str;
mod cache;
mod checked;
mod deferred;
mod error;
mod file;
mod growing;
mod heap;
mod heap_hooks;
mod held;
mod history;
mod hooks;
mod input;
mod inside;
mod line;
mod lines;
mod map;
mod marks;
#[cfg(region_mem)]
mod memory;
mod oom;
mod pool;
mod process;
mod reading;
#[cfg(target_os = "linux")]
mod shared;
mod string;
