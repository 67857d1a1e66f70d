//! Heaps: blocks of any size, freed one by one or all at once.
//!
//! | you have | you take |
//! |---|---|
//! | blocks that come and go in no order | [`Heap`] |
//! | the same from many threads; the program's allocator | [`SyncHeap`] |
//! | why a pointer was refused | [`FreeError`] |
//! | how much a heap has, and how full it is | [`HeapStats`], [`HeapReport`], [`HeapPages`] |
//!
//! What is never freed alone costs less in an [`Arena`](crate::Arena). docs/heap.md says how a heap is made, and what it
//! costs.
//!
//! ```
//! use std::alloc::Layout;
//!
//! let heap = region::Heap::new();                          // no system call yet
//! let block = heap.alloc_layout(Layout::new::<[u64; 4]>());
//! // SAFETY: the block is of this heap, and freed once.
//! unsafe { heap.free(block) };
//! ```

// This file has the heap and what is called for every block. Around it:
//
// - `classes`: which sizes there are. `page`: blocks of one size side by side. `chunk`: a range of memory with the records
//   of the pages in it. `runs`: free units by length. `state`: all of these together.
// - `growing`: pages and large blocks, from the backing. `resize`: blocks that grow and shrink. `ending`: RAM that goes
//   back, `clear`, and the heap's end.
// - `forms`: the ways to take a block. `stats`: what a heap has; `report`: the same by size class; `pages`: page by page.
//   `allocator`: the traits by which collections live in a heap. `nested`: arenas in heaps, and heaps in arenas. `error`:
//   why a pointer was refused. `quarantine`: what is not handed out again at once, for checkers.
// - `sharded`: the heap of many threads, made of such states. `front`: what threads use of a state that they do not hold;
//   `addresses`: where they find its chunks.

mod addresses;
#[cfg(any(feature = "allocator-api2-02", feature = "allocator-api2-04", region_nightly))]
mod allocator;
mod chunk;
mod classes;
mod ending;
mod error;
mod forms;
mod front;
mod growing;
mod nested;
mod page;
mod pages;
mod quarantine;
mod report;
mod resize;
mod runs;
mod sharded;
mod state;
mod stats;

#[cfg(all(feature = "capi", unix, not(loom)))]
pub(crate) use classes::LARGEST;
pub use error::FreeError;
pub(crate) use forms::copy_block;
pub use pages::{HeapPage, HeapPageKind, HeapPages};
pub use report::{HeapReport, SizeClass};
#[cfg(region_malloc)]
pub(crate) use sharded::Next;
pub use sharded::SyncHeap;
pub use stats::HeapStats;

#[cfg(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc"))]
use crate::arena::backing::DEFAULT;
#[cfg(all(feature = "os", any(unix, windows)))]
use crate::arena::backing::RegionBacking;
use crate::arena::{Backing, Buffer, DefaultBacking};
use crate::bump::round_up;
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
#[cfg(all(feature = "os", any(unix, windows)))]
use crate::region::Region;
use crate::sync::one_thread::one_thread;
use chunk::Chunk;
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;
use page::Page;
use state::{Found, State};

/// A heap of its own: allocate, free one block, free all.
///
/// ```
/// use std::alloc::Layout;
///
/// let mut heap = region::Heap::new();                      // no system call yet
/// let block = heap.alloc_layout(Layout::new::<[u8; 24]>());
/// assert_eq!(heap.usable_size(block), Some(24));           // from the address alone: there is no header
/// // SAFETY: the block is of this heap, and not used any more.
/// unsafe { heap.free(block) };                             // no size is asked for
/// heap.clear();                                            // every block at once
/// // Dropping the heap gives the RAM back to the system.
/// ```
///
/// With the feature `allocator-api2-02`, `-04` or `nightly`, `&Heap` is an allocator for collections.
///
/// *Sizes*: up to 128 bytes in steps of 8 bytes, up to 32 KiB in steps of an eighth to a quarter, beyond in pages of
/// 4 KiB. Blocks of size 0 have an address of their own. *Alignment*: any; a block is aligned as its layout asks.
///
/// *Mistakes*: which blocks are free is written beside the blocks, not in them. A second free, and a pointer into a block
/// or of elsewhere, are refused, always: [`free`](Self::free) panics, [`try_free`](Self::try_free) reports. A block is
/// never handed out twice. What the heap cannot see is that an address was handed out again in between.
///
/// *Lifetime*: blocks live until they are freed, cleared, or the heap is dropped. The heap may be moved meanwhile.
///
/// *Errors*: the plain methods panic when memory cannot be had; the `try_` forms return an [`AllocError`]. In both cases
/// every block stays as it is.
///
/// *Cost*: some 20 instructions to take a block, and some 60 to free it; RAM of free pages goes back when it is more than
/// 1 MiB and an eighth of what is in use. *Threads*: `Send`, not `Sync`. *Fork*: the child has a copy.
// Invariants:
// - Without a state there is no block of the backing. A heap of zeroes is an empty one, if zeroes are its backing.
// - The state is in the first block behind the header of the oldest chunk, and that chunk is removed by `end` alone.
// - Every unit from a chunk's `first` to its `fresh` is in one run: a page, a large block or a free run. The records of a
//   run's first and last unit say which. No two free runs are neighbours, and the last run is not free.
// - Marks lead to the records of pages in use and of large blocks in use, and to nothing else.
// - A page of a class is in the class's list (`Listed`), or has had no free block since it left it (`Full`).
// - A class's current word is one of a page in use, or the state's own `none`.
#[repr(C)]
pub struct Heap<B: Backing = DefaultBacking> {
    state: Cell<Option<NonNull<State>>>,
    /// The complement of the most bytes in use, so that zero means that there is no limit.
    limit_complement: Cell<usize>,
    backing: B,
}

// SAFETY: the pointers are into blocks that the backing gave to this heap alone, and a backing that is `Send` may be used
// from another thread with them.
unsafe impl<B: Backing + Send> Send for Heap<B> {}
one_thread!([B: Backing] Heap<B>);

// A heap calls no code of others but the backing's, which does not unwind.
impl<B: Backing> UnwindSafe for Heap<B> {}
impl<B: Backing> RefUnwindSafe for Heap<B> {}

#[cfg(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc"))]
impl Heap {
    /// An empty heap in mapped memory. Makes no system call.
    #[inline]
    pub const fn new() -> Self {
        Heap::new_in(DEFAULT)
    }
}

#[cfg(any(all(feature = "os", any(unix, windows, target_family = "wasm")), feature = "alloc"))]
impl Default for Heap {
    fn default() -> Self {
        Heap::new()
    }
}

#[cfg(all(feature = "os", any(unix, windows)))]
impl Heap<RegionBacking> {
    /// A heap in a region, which it owns from now on: as many bytes as may be written from the region's start.
    ///
    /// ```
    /// use region::{Heap, Region};
    ///
    /// let heap = Heap::over(Region::options().len(4 << 20).name(c"sessions").map()?);
    /// heap.alloc_layout(std::alloc::Layout::new::<u64>());
    /// # Ok::<(), region::Error>(())
    /// ```
    pub fn over(region: Region) -> Self {
        Heap::new_in(RegionBacking::new(region))
    }
}

impl<'b> Heap<Buffer<'b>> {
    /// A heap in the caller's bytes, without an operating system: a [`StackBuffer`](crate::StackBuffer), a
    /// [`StaticBuffer`](crate::StaticBuffer) that was taken, or any slice of `MaybeUninit<u8>`.
    ///
    /// The heap's own records take about 2.5 KiB of them, and a sixtieth to an eighth of the rest.
    ///
    /// ```
    /// let mut memory = region::StackBuffer::<16_384>::new();
    /// let heap = region::Heap::from_buffer(&mut memory);
    /// heap.alloc_layout(std::alloc::Layout::new::<[u64; 100]>());
    /// ```
    pub fn from_buffer(buffer: impl Into<Buffer<'b>>) -> Self {
        Heap::new_in(buffer.into())
    }
}

forms::taking_methods! { [impl<B: Backing> Heap<B>] }

impl<B: Backing> Heap<B> {
    /// Bytes in front of the first chunk's marks.
    const FIRST_HEAD: usize = size_of::<Chunk>() + size_of::<State>();

    /// An empty heap over any backing.
    #[inline]
    pub const fn new_in(backing: B) -> Self {
        Heap { state: Cell::new(None), limit_complement: Cell::new(0), backing }
    }

    /// Where the heap's memory comes from.
    #[inline(always)]
    pub fn backing(&self) -> &B {
        &self.backing
    }

    /// Most bytes that may be in use; `usize::MAX` unless set.
    pub fn limit(&self) -> usize {
        !self.limit_complement.get()
    }

    /// Lets the pages and large blocks in use have `bytes` bytes together and not one more. Blocks that are in use stay.
    ///
    /// What counts is [`HeapStats::taken`]: whole pages, each for blocks of one size.
    ///
    /// ```
    /// let heap = region::Heap::new();
    /// heap.set_limit(1 << 20);
    /// assert!(heap.try_alloc_layout(std::alloc::Layout::new::<[u8; 1 << 20]>()).is_ok());
    /// assert!(heap.try_alloc_layout(std::alloc::Layout::new::<u8>()).is_err());
    /// ```
    pub fn set_limit(&self, bytes: usize) {
        self.limit_complement.set(!bytes);
    }

    /// The class that serves a layout. `None`: it gets a run of units of its own. One function in the archive made for
    /// size, and part of every way to take a block in the others.
    #[cfg_attr(not(region_small), inline(always))]
    fn class_of(layout: Layout) -> Option<usize> {
        // A layout's size can be rounded up to its alignment, and that of no bytes to one of some.
        let size = round_up(layout.size().max(1), layout.align());
        (size <= classes::LARGEST && layout.align() <= classes::ALIGN).then(|| classes::of(size))
    }

    /// Bytes of the block that a layout gets: its class's, or whole units.
    #[cfg(all(feature = "capi", unix, not(loom)))]
    pub(crate) fn bytes_of(layout: Layout) -> usize {
        match Self::class_of(layout) {
            Some(class) => classes::get(class).size as usize,
            None => round_up(layout.size(), 1 << chunk::SHIFT),
        }
    }

    /// A block of the class's current word, if it has one.
    #[inline(always)]
    pub(crate) fn take_quickly(&self, layout: Layout) -> Option<NonNull<u8>> {
        let block = self.state()?.take(Self::class_of(layout)?)?;
        State::unpoison(block, layout.size());
        Some(block)
    }

    /// Frees a block. Its size is not needed.
    ///
    /// # Safety
    /// If the block is in use, nothing uses it any more.
    ///
    /// # Panics
    /// When no block in use begins there: it was freed before, or is not of this heap. Nothing was changed then.
    #[inline]
    #[track_caller]
    pub unsafe fn free(&self, block: NonNull<u8>) {
        // SAFETY: the caller's promise, passed on.
        if let Err(error) = unsafe { self.try_free(block) } {
            refuse(block, error);
        }
    }

    /// As [`free`](Self::free), for pointers that may be wrong. Reads nothing in front of the pointer or behind it.
    ///
    /// # Errors
    /// When no block in use begins there. Nothing was changed.
    ///
    /// # Safety
    /// If the block is in use, nothing uses it any more.
    #[inline]
    pub unsafe fn try_free(&self, block: NonNull<u8>) -> Result<(), FreeError> {
        let Some(state) = self.state() else { return Err(FreeError::Foreign) };
        let address = block.addr().get();
        if let Some(Found { chunk, page, block, class }) = state.free_found(state.find(address)?, address)?.look {
            self.look_after_words(state, chunk, page, block, class);
        }
        Ok(())
    }

    /// What is left to do in the page of a block that was freed. By words, as what is found would be stored for it.
    #[inline(never)]
    fn look_after_words(&self, state: &State, chunk: NonNull<Chunk>, page: NonNull<Page>, block: usize, class: usize) {
        if state.look_after(&Found { chunk, page, block, class }).0 {
            self.relieve();
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse(block: NonNull<u8>, error: FreeError) -> ! {
    panic!("cannot free {block:p}: {error}");
}

impl<B: Backing> fmt::Debug for Heap<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Heap").field(&self.stats()).finish()
    }
}
