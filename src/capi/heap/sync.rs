//! Heaps in C that many threads use at once: the same functions on blocks as those of one thread, in mapped memory.

use super::super::checked::product;
use super::super::error::EINVAL;
use super::ALIGN;
use super::blocks::{self, Blocks, blocks_of_heap};
use super::stats::{counts_of, print_report, region_heap_counts, report_text};
use crate::arena::Mapped;
use crate::error::AllocError;
use crate::heap::{FreeError, SyncHeap};
use crate::sync::global::{AtomicUsize, Ordering};
use core::alloc::Layout;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::NonNull;

/// A heap of many threads. All bytes zero (REGION_SYNC_HEAP_INIT) is an empty one, and so is one that was freed. It
/// stays where it is while it is used.
#[repr(C)]
pub struct region_sync_heap {
    opaque_: [usize; 16],
}

/// The Rust side of a `region_sync_heap`. All bytes zero is a value: an empty heap.
#[repr(C)]
struct Inside {
    heap: SyncHeap<Mapped>,
    /// How many pointers were refused.
    mistakes: AtomicUsize,
}

const _: () = assert!(size_of::<Inside>() <= size_of::<region_sync_heap>());
const _: () = assert!(align_of::<Inside>() <= align_of::<region_sync_heap>());
// All bytes zero is a value, or this would not be compiled.
// SAFETY: `zeroed` panics, at compile time, for a type of which zero is not a value.
const _: () = core::mem::forget(unsafe { core::mem::zeroed::<Inside>() });

/// The Rust side of a heap that C hands in; `None` for NULL.
///
/// # Safety
/// `this` is NULL or points to a `region_sync_heap` that is zeroed, or what this library put there.
#[inline(always)]
unsafe fn inside<'a>(this: *const region_sync_heap) -> Option<&'a Inside> {
    // SAFETY: size and alignment are those of a `region_sync_heap` (asserted above), whose bytes are zero, a value of
    // `Inside`, or what this library put there. Threads share it: all that is in it may be.
    unsafe { this.cast::<Inside>().as_ref() }
}

impl Blocks for Inside {
    blocks_of_heap!(region_sync_heap_alloc, region_sync_heap_free_block);

    #[inline(always)]
    fn refused(&self, _: c_int) {
        // Of several threads' refusals the last one would stay, whichever thread looks at it.
    }

    #[inline(always)]
    fn mistaken(&self) {
        self.mistakes.fetch_add(1, Ordering::Relaxed);
    }

    #[inline(always)]
    fn is_strict(&self) -> bool {
        false
    }
}

/// `size` bytes, aligned to 16. Any thread may free them.
///
/// cbindgen:postfix=REGION_MALLOC_((2))
///
/// # Safety
/// `heap` is NULL, zeroed, or in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_alloc(heap: *mut region_sync_heap, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    blocks::take_any(unsafe { inside(heap) }, size)
}

/// `size` bytes at a multiple of `align`, a power of two up to 1 GiB; others give NULL.
///
/// cbindgen:postfix=REGION_BLOCK_((2), 3)
///
/// # Safety
/// `heap` is NULL, zeroed, or in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_alloc_aligned(
    heap: *mut region_sync_heap,
    size: usize,
    align: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    blocks::take_aligned(unsafe { inside(heap) }, size, align)
}

/// `n` times `size` zero bytes, aligned to 16; NULL when the product wraps. Large blocks of fresh memory are zero
/// already, and are not written.
///
/// cbindgen:postfix=REGION_MALLOC_((2, 3))
///
/// # Safety
/// `heap` is NULL, zeroed, or in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_calloc(heap: *mut region_sync_heap, n: usize, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    blocks::take_zeroed(unsafe { inside(heap) }, product(n, size), ALIGN)
}

/// Makes a block `size` bytes long, as region_heap_realloc does. A large block of another thread's moves if that thread
/// is at the heap just then.
///
/// cbindgen:postfix=REGION_SIZED_((3))
///
/// # Safety
/// `heap` is NULL, zeroed, or in use; a block of it is the caller's, who uses it under its new address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_realloc(
    heap: *mut region_sync_heap,
    block: *mut c_void,
    size: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { blocks::resize(inside(heap), block, size) }
}

/// Frees a block, in any thread. Refuses what region_heap_free_block refuses, by the same numbers. Two threads that
/// free one block at the same moment may both get 0; it is free once.
///
/// # Safety
/// `heap` is NULL, zeroed, or in use; a block in use is the caller's, who uses it no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_free_block(heap: *mut region_sync_heap, block: *mut c_void) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { blocks::free(inside(heap), block) }
}

/// Bytes of the block that begins at `block`, as many as were asked for or more: all of them may be used. 0 if no block
/// in use begins there.
///
/// # Safety
/// `heap` is NULL, zeroed, or in use. The address is only compared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_usable_size(heap: *const region_sync_heap, block: *const c_void) -> usize {
    // SAFETY: the caller's promise, passed on.
    blocks::usable_size(unsafe { inside(heap) }, block)
}

/// Whether a block that is in use begins at `block`.
///
/// # Safety
/// `heap` is NULL, zeroed, or in use. The address is only compared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_contains(heap: *const region_sync_heap, block: *const c_void) -> bool {
    // SAFETY: the caller's promise, passed on.
    blocks::contains(unsafe { inside(heap) }, block)
}

/// Gives the RAM of free memory back, but what other threads are at just then. A heap does so by itself when that is
/// more than 1 MiB and an eighth of what is in use.
///
/// # Safety
/// `heap` is NULL, zeroed, or in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_trim(heap: *mut region_sync_heap) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(heap) }) else { return -EINVAL };
    this.heap.trim();
    0
}

/// What the heap holds, in `stats`: exact while no other thread uses it.
///
/// # Safety
/// `heap` is NULL, zeroed, or in use; `stats` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_stats(
    heap: *const region_sync_heap,
    stats: *mut region_heap_counts,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), false) = (unsafe { inside(heap) }, stats.is_null()) else { return -EINVAL };
    let mistakes = this.mistakes.load(Ordering::Relaxed);
    // SAFETY: the caller lets it be written.
    unsafe { stats.write(counts_of(&this.heap.stats(), usize::MAX, mistakes)) };
    0
}

/// Writes where the heap's memory is to a descriptor, as region_heap_print_report does: exact while no other thread
/// uses it.
///
/// # Safety
/// `heap` is NULL, zeroed, or in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_print_report(heap: *const region_sync_heap, fd: c_int) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(heap) }) else { return -EINVAL };
    // SAFETY: the caller lends the descriptor for this call, as to `write(2)`.
    unsafe { print_report(&this.heap.report(), fd) }.err().unwrap_or(0)
}

/// Writes where the heap's memory is into `text`, as region_heap_report does: exact while no other thread uses it.
///
/// # Safety
/// `heap` is NULL, zeroed, or in use. `text` is NULL, or `size` bytes there may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_report(
    heap: *const region_sync_heap,
    text: *mut c_char,
    size: usize,
) -> usize {
    // SAFETY: the caller's promises, passed on.
    unsafe { inside(heap).map_or(0, |this| report_text(&this.heap.report(), text, size)) }
}

/// Gives all memory back, whatever blocks are in use, and leaves the heap empty. No thread uses it meanwhile.
///
/// # Safety
/// `heap` is NULL, zeroed, or in use by no other thread, and nothing uses its blocks afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_sync_heap_free(heap: *mut region_sync_heap) -> c_int {
    if heap.is_null() {
        return -EINVAL;
    }
    // SAFETY: the caller's promise: a value of `Inside`, and zeroes in its place, an empty heap.
    unsafe {
        heap.cast::<Inside>().drop_in_place();
        heap.write_bytes(0, 1);
    }
    0
}
