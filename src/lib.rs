//! Bump arenas, page pools, mapped regions, and files as one slice: memory from the kernel, without malloc.
//!
//! ```
//! let arena = region::Arena::new();                        // no system call yet
//! let name: &str = arena.alloc_str("answer");
//! let node: &mut (&str, u32) = arena.alloc((name, 41));
//! node.1 += 1;
//! assert_eq!(*node, ("answer", 42));
//! // Dropped: the RAM is back at the system at once.
//! ```
//!
//! # What bump allocation is
//!
//! An arena hands out memory by moving a pointer past each new value, and takes all of it back at once. That makes an
//! allocation a comparison and an addition, puts values side by side in the order in which they were made, and lets
//! them refer to each other by plain references that live as long as the arena.
//!
//! The drawback: single values are not freed. Memory comes back when the arena is [reset](Arena::reset) or dropped,
//! when a [scope](Arena::scoped) ends, or when the last allocation [shrinks](Arena::try_shrink). And **values are not
//! dropped**: an arena runs no destructors. What must be dropped goes into a [`Box`], a `Vec` or a [`TypedArena`]. A
//! program whose values come and go in no order is better served by a [`Heap`], or by a [`PagePool`] where they have one
//! size and many threads.
//!
//! The kernel grants addresses, not RAM; RAM comes page by page at first touch, zeroed, and goes back the moment it is
//! unmapped. So an arena here reserves addresses as it grows, a large one far more than it may need, and never moves:
//! nothing is doubled or copied.
//!
//! # What you take
//!
//! | you have | you take |
//! |---|---|
//! | a tree, a graph, strings, all freed together | [`Arena`] |
//! | a stage whose values end with it | [`Arena::scoped`], [`scope_guard`](Arena::scope_guard) |
//! | scratch memory while values of the arena are borrowed | [`Arena::claim`], [`claimed`](Arena::claimed) |
//! | an arena and a tree in it as one value: returned, stored, sent | [`Owned`], [`root!`] |
//! | a value that must be dropped | [`Box`] |
//! | vectors and strings that grow | [`Vec`], [`String`], [`format!`], [`vec!`] (feature `collections`) |
//! | lists and names in the nodes of a tree, in 16 or 8 bytes | `Vec`, `ThinVec`, `String`, … in `collections::unmanaged` |
//! | a tree of half the size: links of four bytes into one reservation | [`cage!`], `Ref32`, `Box32`, `Slice32`, `Str32`, `Vec32` in `cage` |
//! | such a tree in a file, which another process maps and reads in place, checked or trusted | [`savable!`], `Saved` in `cage` |
//! | hash maps | [hashbrown's](https://docs.rs/hashbrown), with `HashMap::new_in(&arena)` |
//! | a buffer on the stack or in a `static`, and maybe no system at all | [`Arena::from_buffer`], [`Arena::with_buffer`], [`StackBuffer`], [`StaticBuffer`] |
//! | blocks that come and go in no order | [`Heap`] |
//! | the same from many threads; a program's `#[global_allocator]` | [`SyncHeap`] |
//! | values of one type that want their `Drop` run, or point at each other in cycles | [`TypedArena`] |
//! | a vector that grows large and must not move | [`RegionVec`] |
//! | a vector that others read while it grows; ids in place of references | [`AppendVec`], [`Id`] |
//! | an arena per thread, whose values may live as long as the pool | [`ArenaPool`] |
//! | blocks of one size, from many threads and forked children | [`PagePool`] |
//! | a file, a pipe, standard input | [`Input`], and its [`Lines`] |
//! | files whose bytes live as long as an arena | [`Arena::alloc_file`], [`alloc_fd`] |
//! | a range of memory of your own | [`Region`] |
//! | huge pages, required or preferred | [`Region::options`] and [`pages_in_order`], [`Arena::over`], [`PagePool::over`] |
//! | a file to change in place | [`FileRegion`] |
//! | a structure that is built once and opened again | [`FileArena`] |
//! | a structure that several processes build and read at once | [`SharedArena`], and its [`Offset`]s |
//!
//! # Adding it
//!
//! ```toml
//! [dependencies]
//! region = { package = "libregion", version = "0.1", features = ["collections"] }
//! ```
//!
//! The package is `libregion`, the library `region`. Where another crate called `region` is a dependency too, cargo
//! refuses the second line of that name; then this one takes another, and its paths begin with it (`arenas::Arena`):
//!
//! ```toml
//! arenas = { package = "libregion", version = "0.1" }
//! ```
//!
//! `no_std`, no `alloc`, no libc, and no other crate on Windows, and on Linux for x86-64, aarch64 and riscv64: system
//! calls are made by `sys`, on other systems through rustix. Without the feature `os` (on by default) there is no system
//! at all, and arenas live in buffers. Feature `std` adds conversions from the standard library's paths and descriptors.
//!
//! On Windows all of the table is there but cages, files that are changed ([`FileRegion`], [`FileArena`]) and shared memory.
//! In WebAssembly there are arenas, heaps, containers, and typed buffers of a length that is said (`with_reservation`):
//! its memory is neither given back nor protected. README.md has the table of systems.
//!
//! Threads: an arena is `Send` and used by one thread at a time; pools and shared arenas are `Sync` and
//! lock-free. Nothing uses thread-local storage or pthreads.
//!
//! # Modules
//!
//! The types of the table are at the root, and so are the errors. What goes with them is in modules, each with a page:
//! [`arena`], [`heap`], [`backing`], [`cache`], [`cage`], [`collections`], [`typed`], [`pool`], [`mapping`], [`file`], [`input`],
//! [`shared`], [`error`]. `Box`, `Vec` and `String` are in [`collections`] alone, so that no glob hides the standard
//! library's.
//!
//! # Where to read on
//!
//! [`glossary`] has the terms, with their names in Rust and C. In the repository, docs/architecture.md says what the
//! parts are and why, docs/rules.md has the rules with their reasons, docs/measurements.md the numbers.
//!
//! [`Box`]: crate::collections::Box
//! [`Id`]: crate::typed::Id
//!
#![cfg_attr(feature = "collections", doc = "[`Vec`]: crate::collections::Vec")]
#![cfg_attr(feature = "collections", doc = "[`String`]: crate::collections::String")]
#![cfg_attr(feature = "collections", doc = "[`format!`]: crate::format")]
#![cfg_attr(feature = "collections", doc = "[`vec!`]: crate::vec")]
#![cfg_attr(not(feature = "collections"), doc = "[`Vec`]: #adding-it")]
#![cfg_attr(not(feature = "collections"), doc = "[`String`]: #adding-it")]
#![cfg_attr(not(feature = "collections"), doc = "[`format!`]: #adding-it")]
#![cfg_attr(not(feature = "collections"), doc = "[`vec!`]: #adding-it")]
#![cfg_attr(all(feature = "os", unix), doc = "[`Offset`]: crate::shared::Offset")]
#![cfg_attr(all(feature = "os", any(unix, windows)), doc = "[`alloc_fd`]: crate::Arena::alloc_fd")]
#![cfg_attr(all(feature = "os", unix), doc = "[`file`]: mod@crate::file")]
#![cfg_attr(all(feature = "os", unix, not(loom)), doc = "[`cage`]: mod@crate::cage")]
#![cfg_attr(all(feature = "os", unix, not(loom)), doc = "[`cage!`]: macro@crate::cage")]
#![cfg_attr(all(feature = "os", unix, not(loom)), doc = "[`savable!`]: crate::savable")]
#![cfg_attr(
    all(feature = "os", any(unix, windows)),
    doc = "[`pages_in_order`]: crate::mapping::RegionOptions::pages_in_order"
)]
// What the page names and this build has not leads to the section on features.
#![cfg_attr(not(all(feature = "os", any(unix, windows))), doc = include_str!("without_os.md"))]
#![cfg_attr(not(all(feature = "os", unix)), doc = include_str!("without_unix.md"))]
#![no_std]
#![cfg_attr(region_nightly, feature(allocator_api))]
// docs.rs shows of each item which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg(hide(loom, region_staticlib))))]
// A model build has the atomic algorithms, and not all that the others use.
#![cfg_attr(loom, allow(dead_code, unused_imports))]
#![deny(missing_docs, unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(test, loom, region_faults, feature = "std"))]
extern crate std;

mod bump;
mod bytes;
#[cfg(all(feature = "capi", unix, not(loom)))]
mod capi;
mod checkers;
mod copy;
#[cfg(all(not(test), any(region_staticlib, cargo_c)))]
mod handler;
#[cfg(region_malloc)]
mod malloc;
#[cfg(all(region_malloc, not(region_weak)))]
compile_error!("the malloc is for Linux on x86-64, aarch64 and riscv64, where it can ask for symbols weakly");
#[cfg(all(loom, test))]
mod models;
mod policy;
mod seeded;
#[cfg(any(feature = "capi", region_staticlib, cargo_c))]
mod stop;
mod sync;
mod table;
mod vector;
#[cfg(region_weak)]
mod weak;

#[cfg(all(feature = "os", any(unix, windows)))]
mod region;
#[cfg(all(feature = "os", any(unix, windows)))]
mod roots;
#[cfg(all(feature = "os", any(unix, windows)))]
mod sys;
#[cfg(all(feature = "os", target_family = "wasm"))]
#[path = "sys/wasm.rs"]
mod sys;
// Nobody runs what is to be run at unloading in a program without a libc, and a malloc stays.
#[cfg(all(feature = "os", unix, region_weak, not(any(loom, region_malloc, region_mem))))]
mod unload;

pub mod arena;
#[cfg(all(feature = "os", unix, not(region_staticlib)))]
pub mod cage;
pub mod collections;
pub mod error;
pub mod heap;
pub mod input;
#[cfg(all(feature = "os", any(unix, windows)))]
pub mod pool;
#[cfg(all(feature = "os", unix, target_has_atomic = "64"))]
pub mod shared;
pub mod typed;

/// Where an arena's memory comes from: the trait, and the kinds that there are.
///
/// | you have | you take |
/// |---|---|
/// | the system's memory, the default on a Unix and on Windows | `Mapped` |
/// | WebAssembly's memory, the default there | `LinearMemory` |
/// | a buffer on the stack or in a `static` | [`StackBuffer`], [`StaticBuffer`] |
/// | any other buffer | [`Buffer`](backing::Buffer), or [`Spill`](backing::Spill) to go on elsewhere when it is full |
/// | a region with pages of your choice | `RegionBacking` |
/// | a cage, by its type | `Caged` |
/// | the global allocator (feature `alloc`), the default on other systems | `Global` |
/// | memory of your own | [`Backing`](backing::Backing), implemented |
///
/// ```
/// use region::Arena;
/// use region::backing::Buffer;
///
/// let mut memory = region::StackBuffer::<1024>::new();
/// let arena: Arena<8, Buffer<'_>> = Arena::new_in(Buffer::from(&mut memory));
/// assert_eq!(*arena.alloc(7u64), 7);
/// ```
pub mod backing {
    #[cfg(feature = "alloc")]
    pub use crate::arena::backing::Global;
    #[cfg(all(feature = "os", target_family = "wasm"))]
    pub use crate::arena::backing::LinearMemory;
    pub use crate::arena::backing::{Backing, Block, Buffer, DefaultBacking, Spill};
    #[cfg(all(feature = "os", any(unix, windows)))]
    pub use crate::arena::backing::{Mapped, RegionBacking};
    #[cfg(all(feature = "os", unix, not(any(loom, region_staticlib))))]
    pub use crate::cage::Caged;
}

/// The blocks that the process keeps for its next arenas: how many, and giving them back.
///
/// ```
/// use region::cache::{self, Caching};
///
/// cache::set_caching(Caching::Off);                // from now on every arena returns its memory at once
/// drop(region::Arena::new().alloc(1));
/// region::trim();                                  // and what was kept before goes now
/// assert_eq!(cache::stats().kept, 0);
/// ```
#[cfg(all(feature = "os", any(unix, windows)))]
pub mod cache {
    pub use crate::arena::backing::{Caching, Stats, set_budget, set_caching, stats, trim};
}

/// Files as memory: changed in place, or with an arena in them.
///
/// | you have | you take |
/// |---|---|
/// | a file whose bytes you change where they are | [`FileRegion`] |
/// | a structure that is built once and opened again | [`FileArena`] |
///
/// A file that is only read is an [`Input`].
#[cfg(all(feature = "os", unix))]
pub mod file {
    #[cfg(all(not(loom), target_has_atomic = "64"))]
    pub use crate::arena::file::{FileArena, FileBacking};
    pub use crate::region::FileRegion;
    pub use crate::sys::{Fd, PathBytes};
}

/// Ranges of memory of your own: what they may be like, and what lies in RAM.
///
/// A [`Region`] is made by its options: length, access, kind of pages, guard pages, a name, sharing with
/// forked children.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// use region::Region;
/// use region::mapping::Pages;
///
/// let region = Region::options().len(4 << 20).pages(Pages::Transparent).guard_pages().map()?;
/// println!("{}", region.page_stats(..)?);
/// # Ok::<(), region::Error>(())
/// ```
#[cfg(all(feature = "os", any(unix, windows)))]
pub mod mapping {
    pub use crate::region::{
        Access, Advice, AtFork, PageRun, PageState, PageStats, Pages, Region, RegionOptions, RegionStats,
    };
    pub use crate::sys::page_size;
}

#[cfg(all(feature = "os", any(unix, windows)))]
#[doc(inline)]
pub use crate::arena::ArenaPool;
#[cfg(not(region_staticlib))]
#[doc(inline)]
pub use crate::arena::Claim;
#[cfg(all(feature = "os", unix, not(loom), target_has_atomic = "64"))]
#[doc(inline)]
pub use crate::arena::FileArena;
#[cfg(not(region_staticlib))]
#[doc(inline)]
pub use crate::arena::Owned;
#[cfg(all(feature = "os", any(unix, windows)))]
#[doc(inline)]
pub use crate::arena::backing::trim;
#[doc(inline)]
pub use crate::arena::backing::{StackBuffer, StaticBuffer};
#[doc(inline)]
pub use crate::arena::{Arena, Scope};
pub use crate::bytes::Bytes;
#[doc(inline)]
pub use crate::error::{AllocError, Error};
#[doc(inline)]
pub use crate::heap::{Heap, SyncHeap};
#[doc(inline)]
pub use crate::input::Lines;
#[cfg(all(feature = "os", any(unix, windows)))]
#[doc(inline)]
pub use crate::input::{Input, InputError};
#[cfg(all(feature = "os", any(unix, windows), not(loom)))]
#[doc(inline)]
pub use crate::pool::{PagePool, PoolError};
#[cfg(all(feature = "os", unix))]
#[doc(inline)]
pub use crate::region::FileRegion;
#[cfg(all(feature = "os", any(unix, windows)))]
#[doc(inline)]
pub use crate::region::Region;
#[cfg(all(feature = "os", unix, not(loom), target_has_atomic = "64"))]
#[doc(inline)]
pub use crate::shared::{OffsetError, SharedArena, SharedError};
#[cfg(all(feature = "os", any(unix, windows)))]
#[doc(inline)]
pub use crate::sys::page_size;
#[doc(inline)]
pub use crate::typed::{AppendVec, RegionVec, TypedArena};

// Here and not in `collections`: where a build does not have a macro, the compiler says which feature it needs only if
// it is written in the root. Below the modules, as they use the standard library's macros of these names.

/// Formats into a new [`String`](crate::collections::String) in an arena or a scope.
///
/// ```
/// let arena = region::Arena::new();
/// let name = region::format!(in &arena, "{}.{:02}", "node", 7);
/// assert_eq!(name, "node.07");
/// ```
///
/// What is formatted may allocate from the same arena. For text that will not grow,
/// [`Arena::alloc_fmt`](crate::Arena::alloc_fmt) gives a `&mut str`.
///
/// # Panics
/// When memory cannot be had, or a `Display` implementation fails;
/// [`String::try_from_fmt_in`](crate::collections::String::try_from_fmt_in) returns an error instead.
#[cfg(feature = "collections")]
#[macro_export]
macro_rules! format {
    (in $arena:expr, $($arguments:tt)*) => {
        $crate::collections::String::from_fmt_in(::core::format_args!($($arguments)*), $arena)
    };
}

/// A [`Vec`](crate::collections::Vec) in an arena or a scope, from its values, or from one value and a length.
///
/// ```
/// let arena = region::Arena::new();
/// let mut primes = region::vec![in &arena; 2, 3, 5];
/// primes.push(7);
/// assert_eq!(primes, [2, 3, 5, 7]);
/// assert_eq!(region::vec![in &arena; 1u8; 3], [1, 1, 1]);      // a value to clone, and how often
/// let empty: region::collections::Vec<u64> = region::vec![in &arena];
/// assert_eq!(empty.capacity(), 0);
/// ```
///
/// # Panics
/// When memory cannot be had.
#[cfg(feature = "collections")]
#[macro_export]
macro_rules! vec {
    (in $arena:expr $(;)?) => {
        $crate::collections::Vec::new_in($arena)
    };
    (in $arena:expr; $value:expr; $len:expr) => {{
        let len: usize = $len;
        let mut values = $crate::collections::Vec::with_capacity_in(len, $arena);
        values.resize(len, $value);
        values
    }};
    (in $arena:expr; $($value:expr),+ $(,)?) => {
        $crate::collections::Vec::from_iter_in([$($value),+], $arena)
    };
}

/// Refusals of system calls made up for tests; only with `--cfg region_faults`.
#[cfg(all(region_faults, feature = "os", unix))]
#[doc(hidden)]
pub mod faults {
    pub use crate::sys::{FaultPlan, plan_faults, refusals};
}

// A page of the documentation, and no module of the library.
#[cfg(doc)]
#[doc = include_str!("../docs/glossary.md")]
pub mod glossary {}

/// The README's examples, as tests.
#[cfg(all(doctest, feature = "os"))]
#[doc = include_str!("../README.md")]
struct Readme;
