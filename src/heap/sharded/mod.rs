//! A heap that many threads use at once.
//!
//! Its memory is divided into shards. Each is a heap of its own, as `state` and the files around it make it, which one
//! thread at a time uses: it claims the shard by one exchange for the length of an operation and gives it up by a store.
//! A thread that finds its shard held takes another. A block that is freed by a thread which does not hold its shard is
//! written down beside the page ([`remote`](crate::sync::remote)), and the next holder takes it over before it asks for
//! more memory. So no thread waits for another.
//!
//! - `shard`: a shard, for its holder and for others. `root`: all of them, and which one a thread takes.
//! - `through`: the heap's backing, as a shard has it. `global`: the program's allocator, and the allocator traits.
//! - `recover`: shards whose holders did not come along into a forked child.

mod global;
mod recover;
mod root;
mod shard;
mod through;

use super::addresses::Addresses;
use super::chunk::{Chunk, Run};
use super::classes::LARGE;
use super::error::{FreeError, Taken};
use super::forms::{taking_methods, used_methods};
use super::page::Page;
use super::state::{Found, State};
use super::{Heap, HeapReport, HeapStats, refuse};
#[cfg(all(feature = "os", any(unix, windows, target_family = "wasm")))]
use crate::arena::backing::DEFAULT;
use crate::arena::{Backing, DefaultBacking};
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use crate::policy::HEAP_WAITING;
use crate::sync::{AtomicPtr, Ordering, const_fn, is_alone};
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::mem::ManuallyDrop;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::{NonNull, null_mut};
use root::Root;
use shard::{Held, Shard, free_from_outside, is_free};
use through::Through;

/// A heap that many threads use at once: allocate in one, free in any.
///
/// ```
/// use region::SyncHeap;
/// use std::alloc::Layout;
///
/// static HEAP: SyncHeap = SyncHeap::new();                 // no system call yet
///
/// let block = HEAP.alloc_layout(Layout::new::<[u8; 24]>());
/// let address = block.as_ptr().expose_provenance();
/// let other = std::thread::spawn(move || {
///     let block = std::ptr::with_exposed_provenance_mut(address);
///     // SAFETY: the block is of this heap, and not used any more.
///     unsafe { HEAP.free(std::ptr::NonNull::new(block).unwrap()) };        // no size is asked for
/// });
/// other.join().unwrap();
/// assert!(!HEAP.contains(block));
/// ```
///
/// As the program's allocator, with `std`, with `alloc` alone, or freestanding:
///
/// ```
/// #[global_allocator]
/// static A: region::SyncHeap = region::SyncHeap::new();
///
/// assert_eq!(vec![1; 1000].iter().sum::<i32>(), 1000);
/// ```
///
/// With the feature `allocator-api2-02`, `-04` or `nightly`, `&SyncHeap` is an allocator for collections.
///
/// *Sizes, alignment*: as a [`Heap`]'s. Its first block takes 1.1 MiB of addresses and 32 KiB of RAM; each thread that
/// allocates, a share of both of its own.
///
/// *Mistakes*: a second free, and a pointer into a block or of elsewhere, are refused: [`free`](Self::free) panics,
/// [`try_free`](Self::try_free) reports. No address faults. Two threads that free one block at the same moment may both
/// succeed; it is free once then. What the heap cannot see is that an address was handed out again in between.
///
/// *Lifetime*: blocks live until they are freed or the heap is dropped. The heap may be moved meanwhile.
///
/// *Errors*: the plain methods panic when memory cannot be had; the `try_` forms return an [`AllocError`]. In both cases
/// every block stays as it is.
///
/// *Cost*: what a [`Heap`]'s operations cost, and one locked exchange for each; not that in a process of one thread, where
/// glibc says so. RAM of free pages goes back by shards, as a [`Heap`]'s does; addresses go back when the heap is dropped. *Threads*: any number at once. None waits for another,
/// also not for one that is stopped in the middle of an operation; nor does a signal handler for what it interrupted.
/// There is no thread-local storage. *Fork*: the child has a copy. What other threads were using at that moment is not
/// handed out again in the child, unless it takes that over
/// ([`recover_after_fork`](Self::recover_after_fork)); its blocks may be freed.
// Invariants:
// - Without a root there is no block of the backing. A heap of zeroes is an empty one, if zeroes are its backing.
// - The root, the shards and the table's nodes are records (`addresses`), which stay until the heap's end, and so does
//   every chunk.
// - A chunk is in the table before a block of it is handed out.
// - Only the holder of a shard changes its state, its chunks' headers, marks and records. Any thread reads of them what
//   does not change while a block is in use, and the rest through atomics.
// - A page's run is freed when its remote is clear. So a node in a list is that of a page in use, unless two threads freed
//   a block at once: one may have found the block in use before the run was freed, and set its bit after. The holder
//   drops such bits. If another page begins at the same unit by then, the bit frees a block of that page: a wrong pointer
//   into a page that is made at the same moment.
pub struct SyncHeap<B: Backing = DefaultBacking> {
    root: AtomicPtr<Root>,
    backing: B,
}

// SAFETY: the pointers are into blocks that the backing gave to this heap alone, and a backing that is `Send` may be used
// from another thread with them.
unsafe impl<B: Backing + Send> Send for SyncHeap<B> {}
// SAFETY: threads share the root, the shards' fronts and the remotes, which are atomics, and the backing, which is `Sync`.
// The rest is used by the thread that holds a shard, after what the last holder did, or does not change while others read.
unsafe impl<B: Backing + Sync> Sync for SyncHeap<B> {}

// A heap calls no code of others but the backing's, which does not unwind.
impl<B: Backing> UnwindSafe for SyncHeap<B> {}
impl<B: Backing> RefUnwindSafe for SyncHeap<B> {}

// Not over the global allocator, which it may be itself.
#[cfg(all(feature = "os", any(unix, windows, target_family = "wasm")))]
impl SyncHeap {
    const_fn! {
        /// An empty heap in the system's memory. Makes no system call.
        #[inline]
        pub const fn new() -> Self {
            SyncHeap::new_in(DEFAULT)
        }
    }
}

#[cfg(all(feature = "os", any(unix, windows, target_family = "wasm")))]
impl Default for SyncHeap {
    fn default() -> Self {
        SyncHeap::new()
    }
}

/// A block of a class whose current word has none, in a shard that this thread holds.
#[cfg(region_malloc)]
pub(crate) struct Next<'h>(Held<'h>, usize);

#[cfg(region_malloc)]
impl Next<'_> {
    /// The block, if there is a page with one, and the end of the claim.
    #[inline(always)]
    pub(crate) fn take(self) -> Option<NonNull<u8>> {
        self.0.take_next(self.1)
    }
}

taking_methods! { [impl<B: Backing> SyncHeap<B>] }
used_methods! { "SyncHeap"; [impl<B: Backing> SyncHeap<B>] }

impl<B: Backing> SyncHeap<B> {
    const_fn! {
        /// An empty heap over any backing. Threads share it if the backing is `Sync`.
        #[inline]
        pub const fn new_in(backing: B) -> Self {
            SyncHeap { root: AtomicPtr::new(null_mut()), backing }
        }
    }

    /// Where the heap's memory comes from.
    #[inline(always)]
    pub fn backing(&self) -> &B {
        &self.backing
    }

    #[inline(always)]
    fn root(&self) -> Option<&Root> {
        // SAFETY: the root stays until the heap's end.
        unsafe { self.root.load(Ordering::Acquire).as_ref() }
    }

    #[cold]
    fn make_root(&self) -> Taken<&Root> {
        Ok(Root::publish(Root::make(&self.backing)?, &self.root, &self.backing))
    }

    /// A shard as a heap of its own, for its holder. It is not dropped.
    fn heap_of<'h>(&'h self, held: &'h Held<'_>) -> ManuallyDrop<Heap<Through<'h, B>>> {
        let state = Cell::new(Some(NonNull::from(held.state())));
        ManuallyDrop::new(Heap { state, limit_complement: Cell::new(0), backing: Through(&self.backing) })
    }

    /// Takes over what other threads freed in a shard, and gives RAM back if much of it is idle then.
    fn settle(&self, held: &Held<'_>) {
        if held.settle() {
            self.heap_of(held).relieve();
        }
    }

    /// A block of the class, if this thread's shard has one and nobody holds it.
    #[inline(always)]
    pub(crate) fn take_quickly(&self, layout: Layout) -> Option<NonNull<u8>> {
        let class = Heap::<B>::class_of(layout)?;
        let held = self.root()?.claim_own()?;
        let block = match held.take(class) {
            None => held.take_next(class)?,
            Some(block) => {
                drop(held);
                block
            }
        };
        State::unpoison(block, layout.size());
        Some(block)
    }

    /// The same for a thread that is alone, from its class's current word. If that has none, what comes next. So little that it
    /// is part of `malloc(3)`, without a place on the stack.
    #[cfg(region_malloc)]
    #[inline(always)]
    pub(crate) fn take_alone(&self, layout: Layout) -> Result<NonNull<u8>, Option<Next<'_>>> {
        let claim = || {
            let class = Heap::<B>::class_of(layout).filter(|_| is_alone())?;
            Some((self.root()?.own(true)?.claim_alone()?, class))
        };
        let (held, class) = claim().ok_or(None)?;
        let Some(block) = held.take(class) else { return Err(Some(Next(held, class))) };
        State::unpoison(block, layout.size());
        Ok(block)
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn take_slowly(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let (block, _) = self.take_or_grow(layout).map_err(|error| error.of(layout.size()))?;
        State::unpoison(block, layout.size());
        Ok(block)
    }

    /// A block, and how many of its first bytes may be other than zero. Where the backing refuses, every shard that can be
    /// claimed is asked.
    fn take_or_grow(&self, layout: Layout) -> Taken<(NonNull<u8>, usize)> {
        let root = match self.root() {
            Some(root) => root,
            None => self.make_root()?,
        };
        let mut refusal = match root.claim(&self.backing) {
            Ok(held) => match self.take_in(root, &held, layout) {
                Ok(taken) => return Ok(taken),
                Err(error) => error,
            },
            Err(error) => error,
        };
        for held in root.begun() {
            match self.take_in(root, &held, layout) {
                Ok(taken) => return Ok(taken),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// A block of a shard.
    fn take_in(&self, root: &Root, held: &Held<'_>, layout: Layout) -> Taken<(NonNull<u8>, usize)> {
        held.begin(&root.addresses, Addresses::enter_over::<Through<'_, B>>);
        let heap = self.heap_of(held);
        self.settle(held);
        let state = held.state();
        let Some(class) = Heap::<B>::class_of(layout) else { return heap.take_large(state, layout) };
        loop {
            if let Some(block) = held.take_listed(class) {
                return Ok((block, usize::MAX));
            }
            heap.new_page(state, class)?;
        }
    }

    /// The shard of an address, its chunk, and how far behind the chunk's base the address is.
    #[inline(always)]
    fn find(root: &Root, address: usize) -> Option<(&Shard, NonNull<Chunk>, usize)> {
        let (chunk, distance) = root.addresses.find(address)?;
        // SAFETY: chunks stay until the heap's end. Their fronts are those of shards, which stay as long.
        let shard = unsafe { Shard::of(chunk.as_ref().front?) };
        Some((shard, chunk, distance))
    }

    /// The page of the block that begins at an address, if it is in use.
    #[inline(never)]
    fn find_used(&self, address: usize) -> Result<Run, FreeError> {
        let (_, chunk, distance) = self.root().and_then(|root| Self::find(root, address)).ok_or(FreeError::Foreign)?;
        // SAFETY: the chunk stays until the heap's end, and has the address.
        let found = unsafe { Found::at(chunk, distance, address) }?;
        if is_free(&found) { Err(FreeError::Free) } else { Ok(Run { chunk, record: found.page }) }
    }

    /// Frees a block, in any thread. Its size is not needed.
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

    /// As [`free`](Self::free), for pointers that may be wrong. No address faults: nothing in front of the pointer or
    /// behind it is read.
    ///
    /// A wrong pointer into a page that other threads free or make at the same moment may be taken for a block of what is
    /// there then. A second free that comes after the first has ended, and before the address was handed out again, is
    /// always refused.
    ///
    /// # Errors
    /// When no block in use begins there. Nothing was changed.
    ///
    /// # Safety
    /// If the block is in use, nothing uses it any more.
    #[cfg_attr(not(region_staticlib), inline)]
    #[cfg_attr(region_staticlib, inline(never))]
    pub unsafe fn try_free(&self, block: NonNull<u8>) -> Result<(), FreeError> {
        let address = block.addr().get();
        self.free_alone(address).unwrap_or_else(|| self.free_anywhere(address))
    }

    /// Frees a block for a thread that is alone. `None`, and nothing done, unless the block is in one of the longest chunks of
    /// the first shard and in a page where no other thread has freed one, as it mostly is. So little that it is part of
    /// `free(3)`, without a place on the stack.
    #[inline(always)]
    pub(crate) fn free_alone(&self, address: usize) -> Option<Result<(), FreeError>> {
        if !is_alone() {
            return None;
        }
        let held = self.root()?.own(true).and_then(Shard::claim_alone).filter(Held::is_begun)?;
        let (chunk, distance) = held.state().near_chunk_of(address)?;
        // SAFETY: the chunk stays until the heap's end, and has the address.
        let found = unsafe { Found::at(chunk, distance, address) }.ok().filter(|found| !found.is_strange())?;
        let freed = held.free_own(found, address);
        Some(freed.map(|look| self.look_after(held, look)))
    }

    /// Frees a block of any shard, for any thread.
    #[inline(never)]
    fn free_anywhere(&self, address: usize) -> Result<(), FreeError> {
        let root = self.root().ok_or(FreeError::Foreign)?;
        let (shard, chunk, distance) = Self::find(root, address).ok_or(FreeError::Foreign)?;
        // The owner of most blocks is at hand. Other shards are left alone, or their users would have to go elsewhere.
        let is_own = root.own(is_alone()).is_some_and(|own| core::ptr::eq(own, shard));
        if is_own {
            if let Some(held) = shard.claim() {
                // SAFETY: the chunk stays until the heap's end, and has the address.
                return self.free_held(held, unsafe { Found::at(chunk, distance, address) }?, address);
            }
        }
        // SAFETY: the chunk stays until the heap's end, and has the address.
        self.free_elsewhere(shard, unsafe { Found::at(chunk, distance, address) }?, address)
    }

    /// Frees a block of a shard that this thread holds, and ends the claim.
    #[inline(always)]
    fn free_held(&self, held: Held<'_>, found: Found, address: usize) -> Result<(), FreeError> {
        let look = held.free(found, address)?;
        self.look_after(held, look);
        Ok(())
    }

    /// What is left to do in the page of a block that was freed, if there is anything, and the end of the claim.
    #[inline(always)]
    fn look_after(&self, held: Held<'_>, look: Option<Found>) {
        if let Some(Found { chunk, page, block, class }) = look {
            self.look_after_words(held, chunk, page, block, class);
        }
    }

    /// By words, as what is found would be stored for it.
    #[inline(never)]
    fn look_after_words(&self, held: Held<'_>, chunk: NonNull<Chunk>, page: NonNull<Page>, block: usize, class: usize) {
        if held.look_after(&Found { chunk, page, block, class }) {
            self.heap_of(&held).relieve();
        }
    }

    /// Frees a block in a shard that is another thread's, or held.
    #[inline(never)]
    fn free_elsewhere(&self, shard: &Shard, found: Found, address: usize) -> Result<(), FreeError> {
        // SAFETY: what is found is a record.
        let is_large = unsafe { found.page.as_ref() }.is_large();
        let waiting = free_from_outside(&found, &shard.front, address)?;
        // Its own threads take over what is freed here when they need memory, if there still are such threads. A large
        // block's RAM is not to wait for that.
        if waiting.is_some_and(|waiting| waiting >= HEAP_WAITING || is_large) {
            if let Some(held) = shard.claim_begun() {
                self.settle(&held);
            }
        }
        Ok(())
    }

    /// Frees a block that was copied; the copy, if another thread has freed the block meanwhile.
    ///
    /// # Safety
    /// Nothing uses the block any more if it is in use, and nothing the copy yet.
    unsafe fn free_moved(&self, block: NonNull<u8>, new: NonNull<u8>) -> Result<(), FreeError> {
        // SAFETY: the caller's promise, passed on.
        unsafe {
            self.try_free(block).inspect_err(|_| {
                let freed = self.try_free(new);
                debug_assert!(freed.is_ok());
            })
        }
    }

    /// Gives the block its new length where it is. False if that is impossible, or another thread holds its shard.
    fn resize_here(&self, run: Run, old: usize, layout: Layout) -> bool {
        // SAFETY: what was found is a record of a shard's chunk, both of which stay until the heap's end.
        let (page, chunk): (&Page, &Chunk) = unsafe { (run.record.as_ref(), run.chunk.as_ref()) };
        if !page.is_large() {
            return Heap::<B>::stays(page, old, layout);
        }
        // SAFETY: a shard's chunk has the shard's front.
        let Some(held) = chunk.front.and_then(|front| unsafe { Shard::of(front) }.claim_begun()) else { return false };
        // It was found without the claim. Another thread may have freed it since, and the record may be of something else.
        let found = Found { chunk: run.chunk, page: run.record, block: 0, class: LARGE };
        if is_free(&found) || !chunk.is_in_use(run.record) || !page.is_large() {
            return false;
        }
        self.heap_of(&held).resize_large(run, layout)
    }

    /// Gives the RAM of free memory back, as far as the backing can, of all shards but those that other threads are
    /// using. Addresses stay, and what is in use does.
    ///
    /// A shard does so by itself when the RAM of its free pages is more than 1 MiB and an eighth of what is in use.
    pub fn trim(&self) {
        let Some(root) = self.root() else { return };
        for held in root.begun() {
            held.settle();
            self.heap_of(&held).trim();
        }
    }

    /// The numbers of all shards but those that other threads are using, added up. `high_water` is the sum of what each
    /// shard had at most. They are exact when no other thread uses the heap.
    ///
    /// *Cost*: as [`Heap::stats`], for each shard.
    ///
    /// ```
    /// let heap = region::SyncHeap::new();
    /// heap.alloc_layout(std::alloc::Layout::new::<[u8; 1000]>());
    /// assert_eq!(heap.stats().blocks, 1);
    /// ```
    pub fn stats(&self) -> HeapStats {
        self.report().stats
    }

    /// Where the memory of all shards is but that of those that other threads are using: a table by size class, which
    /// prints in 80 columns. Exact when no other thread uses the heap.
    ///
    /// *Cost*: that of [`stats`](Self::stats), which are part of it.
    ///
    /// ```
    /// let heap = region::SyncHeap::new();
    /// heap.alloc_layout(std::alloc::Layout::new::<[u8; 1000]>());
    /// assert_eq!(heap.report().classes().next().unwrap().size, 1024);
    /// println!("{}", heap.report());
    /// ```
    #[inline(never)]
    pub fn report(&self) -> HeapReport {
        let mut report = HeapReport::default();
        let Some(root) = self.root() else { return report };
        let all = &mut report.stats;
        for block in root.addresses.blocks() {
            all.reserved += block.len;
            all.resident += self.backing.resident(&block);
        }
        // Every shard that no other thread uses, with what others freed in it taken over.
        for held in root.begun() {
            self.settle(&held);
            let shard = self.heap_of(&held);
            shard.add_memory(&mut report.stats);
            report.add(shard.pages());
        }
        report
    }
}

impl<B: Backing> Drop for SyncHeap<B> {
    fn drop(&mut self) {
        let Some(root) = self.root() else { return };
        // A shard whose holder was left behind by a fork may be in the middle of a change. Its memory stays.
        for held in root.begun() {
            let mut heap = self.heap_of(&held);
            heap.end();
            // The shard's own memory goes with the records.
        }
        // SAFETY: the heap is this thread's alone, and nothing refers to it any more.
        unsafe {
            Addresses::end(NonNull::from(&root.addresses), &Through(&self.backing));
        }
    }
}

impl<B: Backing> fmt::Debug for SyncHeap<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SyncHeap").field(&self.stats()).finish()
    }
}
