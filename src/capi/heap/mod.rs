//! Heaps in C: making, freeing, clearing, limits.
//!
//! - `blocks`: taking blocks, giving them back, and what is done about mistakes.
//! - `stats`: what a heap holds. `supply`: where its memory comes from. `sync`: heaps of many threads.

pub(super) mod blocks;
mod stats;
mod supply;
mod sync;

use super::checked::{options, prepare, twins};
use super::error::{self, EINVAL, EOVERFLOW};
use super::held::{take, value_mut};
use super::inside::region_arena;
use super::map::region_map;
use crate::arena::backing::{RegionBacking, Spill};
use crate::arena::{Buffer, Mapped};
use crate::heap::Heap;
use core::alloc::Layout;
use core::cell::Cell;
use core::ffi::{c_int, c_uint, c_void};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use supply::Supply;

/// A heap. All bytes zero (REGION_HEAP_INIT) is an empty one in mapped memory, and so is one that was freed. It may be
/// moved to another address, as no pointer leads to it.
#[repr(C)]
pub struct region_heap {
    opaque_: [usize; 32],
}

/// Options of a heap, for region_heap_init. Begin with REGION_HEAP_OPTIONS; zero is the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct region_heap_options {
    /// sizeof(region_heap_options).
    pub size: usize,
    /// Most bytes that pages and large blocks may have; 0 for no limit.
    pub limit: usize,
    /// Bytes of address space reserved now, in one piece, with nothing after it; 0 to grow without end. Exact: less is
    /// not tried.
    pub reserve: usize,
    /// Memory of yours to use first, at any address, whatever it holds; NULL for none. It is the heap's until that is
    /// freed. Less than 8 KiB are passed over, and 3 KiB are the heap's own. Not with `reserve`.
    pub buffer: *mut c_void,
    /// Bytes of the buffer.
    pub buffer_size: usize,
    /// An arena to take all memory from; NULL for none. It stays where it is, and is not rewound, reset or freed before
    /// the heap. Not with `reserve` or `buffer`.
    pub arena: *mut region_arena,
    /// REGION_HEAP_... flags, or-ed.
    pub flags: c_uint,
    /// Zero.
    pub reserved_: c_uint,
}

/// Nothing beyond the buffer, and no system call. -EINVAL for less than 8 KiB.
pub const REGION_HEAP_FIXED: c_uint = 1;
/// To free or resize what is no block in use ends the process, with a sentence on standard error.
pub const REGION_HEAP_STRICT: c_uint = 2;

/// What blocks are aligned to, as those of arenas are.
const ALIGN: usize = super::inside::ALIGN;

/// The Rust side of a `region_heap`. All bytes zero is a value: an empty heap.
#[repr(C)]
struct Inside {
    heap: Heap<Supply>,
    /// Why the last call that was refused was: a negative errno.
    error: Cell<c_int>,
    flags: c_uint,
    /// How many pointers were refused.
    mistakes: Cell<usize>,
}

const _: () = assert!(size_of::<Inside>() <= size_of::<region_heap>());
const _: () = assert!(align_of::<Inside>() <= align_of::<region_heap>());
// All bytes zero is a value, or this would not be compiled.
// SAFETY: `zeroed` panics, at compile time, for a type of which zero is not a value.
const _: () = core::mem::forget(unsafe { core::mem::zeroed::<Inside>() });

/// The Rust side of a heap that C hands in; `None` for NULL.
///
/// # Safety
/// `this` is NULL or points to a `region_heap` that is zeroed or initialized, used by one thread at a time.
#[inline(always)]
unsafe fn inside<'a>(this: *const region_heap) -> Option<&'a Inside> {
    // SAFETY: size and alignment are those of a `region_heap` (asserted above), whose bytes are zero, a value of
    // `Inside`, or what this library put there.
    unsafe { this.cast::<Inside>().as_ref() }
}

/// What region_heap_init calls.
///
/// # Safety
/// `heap` is NULL or may be written; `chosen` is NULL or points to options that lead with their size, whose buffer
/// nobody else uses until the heap was freed, and whose arena stays as it is so long.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_init_(
    heap: *mut region_heap,
    chosen: *const region_heap_options,
    abi: usize,
) -> c_int {
    // SAFETY: the caller's promise, passed on; options are plain words of which zero is the default.
    match unsafe { init(heap, chosen, abi) } {
        Ok(()) => 0,
        Err(error) => error,
    }
}

/// # Safety
/// As [`region_heap_init_`].
unsafe fn init(heap: *mut region_heap, chosen: *const region_heap_options, abi: usize) -> Result<(), c_int> {
    // SAFETY: the caller's promise about the heap and its options. Whatever fails below leaves the empty heap that is
    // made here.
    let chosen = unsafe {
        prepare(heap, abi)?;
        options(chosen)?
    };
    let this = heap.cast::<Inside>();
    // SAFETY: the caller's promise about the buffer, passed on. The heap may be written, and its zeroes are an empty one,
    // which has nothing to drop.
    let new = unsafe {
        (&raw mut (*this).heap).write(Heap::new_in(supply_of(&chosen)?));
        (*this).flags = chosen.flags;
        &mut (*this).heap
    };
    if chosen.reserve != 0 || chosen.flags & REGION_HEAP_FIXED != 0 {
        // A block that comes and goes: the heap has its memory from here on, or never.
        if let Err(error) = new.take_slowly(Layout::new::<u8>()) {
            // SAFETY: the heap was made here, and nothing uses a block of it. It may have memory that is of no use.
            unsafe { region_heap_free(heap) };
            return Err(if chosen.reserve == 0 { -EINVAL } else { -error::of_alloc(&error) });
        }
        new.clear();
    }
    if chosen.limit != 0 {
        new.set_limit(chosen.limit);
    }
    Ok(())
}

/// Leaves an empty heap.
///
/// # Safety
/// The heap may be written, and what it holds has nothing to drop.
#[inline(never)]
unsafe fn erase(heap: *mut region_heap) {
    // SAFETY: the caller's promise.
    unsafe { heap.write_bytes(0, 1) };
}

/// Where the memory comes from that the options ask for.
///
/// # Safety
/// The buffer is NULL or may be used by the heap until that is freed, and the arena stays as it is so long.
unsafe fn supply_of(chosen: &region_heap_options) -> Result<Supply, c_int> {
    let region_heap_options { reserve, buffer, buffer_size, arena, flags, reserved_, .. } = *chosen;
    let is_fixed = flags & REGION_HEAP_FIXED != 0;
    if flags & !(REGION_HEAP_FIXED | REGION_HEAP_STRICT) != 0 || reserved_ != 0 {
        return Err(-EINVAL);
    }
    let Some(start) = NonNull::new(buffer.cast::<MaybeUninit<u8>>()) else {
        return match arena.is_null() {
            _ if buffer_size != 0 || is_fixed => Err(-EINVAL),
            true if reserve == 0 => Ok(Supply::Mapped(Mapped::new())),
            true => Ok(Supply::Mapped(Mapped::exactly(reserve))),
            false if reserve == 0 => Ok(Supply::Arena(arena)),
            false => Err(-EINVAL),
        };
    };
    if !arena.is_null() || reserve != 0 {
        return Err(-EINVAL);
    }
    if buffer_size > isize::MAX as usize || start.addr().checked_add(buffer_size).is_none() {
        return Err(-EOVERFLOW);
    }
    // SAFETY: the caller promises that the bytes are the heap's until it is freed, and they lie in the address space.
    let buffer = Buffer::new(unsafe { core::slice::from_raw_parts_mut(start.as_ptr(), buffer_size) });
    Ok(if is_fixed { Supply::Fixed(buffer) } else { Supply::Spill(Spill::new(buffer, Mapped::new())) })
}

/// What region_heap_over calls.
///
/// # Safety
/// `heap` is NULL or may be written; `map` is NULL or a zeroed or initialized map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_over_(heap: *mut region_heap, map: *mut region_map, abi: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    if let Err(error) = unsafe { prepare(heap, abi) } {
        return error;
    }
    // SAFETY: the caller promises that the map is NULL, zeroed or initialized, and that nobody uses it meanwhile.
    let usable = unsafe { value_mut(map) }.is_some_and(|region| !region.as_mut_slice().is_empty());
    // SAFETY: the map is zeroed or initialized, and nobody uses it meanwhile, as the caller promises.
    let Some(region) = usable.then(|| unsafe { take(map) }).flatten() else { return -EINVAL };
    // SAFETY: the heap may be written, and its zeroes are an empty one, which has nothing to drop.
    unsafe { (&raw mut (*heap.cast::<Inside>()).heap).write(Heap::new_in(Supply::Region(RegionBacking::new(region)))) };
    0
}

twins! {
    region_heap_init(heap: *mut region_heap, chosen: *const region_heap_options) => region_heap_init_(heap, chosen);
    region_heap_over(heap: *mut region_heap, map: *mut region_map) => region_heap_over_(heap, map);
}

/// Gives all memory back, whatever blocks are in use, and leaves the heap empty and in mapped memory, without a limit.
/// Nothing happens to one that is empty already.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap, and nothing uses its blocks afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_free(heap: *mut region_heap) -> c_int {
    if heap.is_null() {
        return -EINVAL;
    }
    // SAFETY: the caller's promise: a value of `Inside`, and zeroes in its place, an empty heap.
    unsafe {
        heap.cast::<Inside>().drop_in_place();
        erase(heap);
    }
    0
}

/// Frees every block. The RAM of about `keep` bytes stays for what comes next, and the rest goes back to the system at
/// once: REGION_KEEP_ALL is the fastest (no system call).
///
/// # Safety
/// As [`region_heap_free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_clear(heap: *mut region_heap, keep: usize) -> c_int {
    // SAFETY: the caller's promise, as for `inside`, and nothing else uses the heap meanwhile.
    let Some(this) = (unsafe { heap.cast::<Inside>().as_mut() }) else { return -EINVAL };
    this.heap.clear_keeping(keep);
    0
}

/// Gives the RAM of free memory back. A heap does so by itself when that is more than 1 MiB and an eighth of what is in
/// use.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_trim(heap: *mut region_heap) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(heap) }) else { return -EINVAL };
    this.heap.trim();
    0
}

/// Lets pages and large blocks have `bytes` together and not one more; SIZE_MAX for no limit. What is in use stays.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_set_limit(heap: *mut region_heap, bytes: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(heap) }) else { return -EINVAL };
    this.heap.set_limit(bytes);
    0
}

/// Why a call was last refused: a negative errno, for region_strerror; 0 if none was. For memory the reasons are those
/// of arenas (see "When memory cannot be had"), for blocks those of region_heap_free_block.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_error(heap: *const region_heap) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { inside(heap) }.map_or(-EINVAL, |this| this.error.get())
}
