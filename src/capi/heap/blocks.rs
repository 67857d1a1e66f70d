//! Blocks of a C heap: taking them, giving them back, resizing them, and what is done about pointers that are none.

use super::super::checked::{layout, product};
use super::super::error::{self, EALREADY, EFAULT, EINVAL};
use super::super::line::Line;
use super::{ALIGN, Inside, REGION_HEAP_STRICT, inside, region_heap};
use crate::error::{AllocError, AllocReason};
use crate::heap::{FreeError, Heap};
use crate::stop::stop;
use crate::sys::{self, Fd};
use core::alloc::Layout;
use core::ffi::{c_int, c_void};
use core::ptr::{NonNull, null_mut};

/// A method of the heap that takes a block, so that programs which never ask for zeroes do not link what makes them.
type Allocate = fn(&Heap<super::supply::Supply>, Layout) -> Result<NonNull<u8>, AllocError>;

/// A block with any content.
const ANY: Allocate = Heap::try_alloc_layout;
/// Zeroes.
const ZERO: Allocate = Heap::try_alloc_layout_zeroed;

/// `size` bytes at a multiple of `align`, or NULL.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[inline(never)]
unsafe fn take(heap: *mut region_heap, size: usize, align: usize, allocate: Allocate) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(heap) }) else { return null_mut() };
    let layout = match layout(size, align) {
        Ok(layout) => layout,
        Err(error) => {
            this.error.set(-error);
            return null_mut();
        }
    };
    // Blocks of any size are aligned as malloc's are.
    let layout = if align < ALIGN { layout.align_to(ALIGN).unwrap_or(layout) } else { layout };
    match allocate(&this.heap, layout) {
        Ok(start) => start.as_ptr().cast(),
        Err(error) => {
            this.error.set(-error::of_alloc(&error));
            null_mut()
        }
    }
}

/// A block with any content, from the class's current word if that has one: no heap's block is aligned to less than 16.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[inline(always)]
unsafe fn take_any(heap: *mut region_heap, size: usize, align: usize) -> *mut c_void {
    // The archive that is built for size has one way alone.
    if !cfg!(region_small) && align <= ALIGN && align.is_power_of_two() {
        // SAFETY: the caller's promise, passed on.
        if let (Some(this), Ok(layout)) = (unsafe { inside(heap) }, Layout::from_size_align(size, ALIGN)) {
            if let Some(block) = this.heap.take_quickly(layout) {
                return block.as_ptr().cast();
            }
        }
    }
    // SAFETY: the caller's promise, passed on.
    unsafe { take(heap, size, align, ANY) }
}

/// `size` bytes, aligned to 16.
///
/// cbindgen:postfix=REGION_MALLOC_((2))
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_alloc(heap: *mut region_heap, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take_any(heap, size, ALIGN) }
}

/// `size` bytes at a multiple of `align`, a power of two up to 1 GiB; others give NULL.
///
/// cbindgen:postfix=REGION_BLOCK_((2), 3)
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn region_heap_alloc_aligned(heap: *mut region_heap, size: usize, align: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take_any(heap, size, align) }
}

/// `n` times `size` bytes at a multiple of `align`; NULL when the product wraps.
///
/// cbindgen:postfix=REGION_BLOCK_((2, 3), 4)
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_alloc_array(
    heap: *mut region_heap,
    n: usize,
    size: usize,
    align: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_heap_alloc_aligned(heap, product(n, size), align) }
}

/// `n` times `size` zero bytes, aligned to 16; NULL when the product wraps. Large blocks of fresh memory are zero
/// already, and are not written.
///
/// cbindgen:postfix=REGION_MALLOC_((2, 3))
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_calloc(heap: *mut region_heap, n: usize, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take(heap, product(n, size), ALIGN, ZERO) }
}

/// As region_heap_calloc, at a multiple of `align`.
///
/// cbindgen:postfix=REGION_BLOCK_((2, 3), 4)
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_calloc_aligned(
    heap: *mut region_heap,
    n: usize,
    size: usize,
    align: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { take(heap, product(n, size), align, ZERO) }
}

/// Makes a block `size` bytes long: where it lies if there is space, else in a new block, with a copy. `block` NULL: a
/// new block. NULL: memory could not be had, or `block` is no block in use; the old block is as it was. A block that
/// moves is aligned to 16.
///
/// cbindgen:postfix=REGION_SIZED_((3))
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap; a block of it is the caller's, who uses it under its new address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_realloc(heap: *mut region_heap, block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), Some(start)) = (unsafe { inside(heap) }, NonNull::new(block.cast::<u8>())) else {
        // SAFETY: the caller's promise, passed on.
        return unsafe { take(heap, size, ALIGN, ANY) };
    };
    let moved = match Layout::from_size_align(size, ALIGN) {
        // SAFETY: a block in use is the caller's, who uses it under its new address.
        Ok(layout) => unsafe { this.heap.resize(start, layout) },
        Err(_) => Ok(Err(AllocError::new(size, AllocReason::TooLarge))),
    };
    match moved {
        Ok(Ok(block)) => return block.as_ptr().cast(),
        Ok(Err(error)) => this.error.set(-error::of_alloc(&error)),
        Err(error) => {
            mistaken(this, error);
        }
    }
    null_mut()
}

/// Frees a block. What cannot be right is refused: -EFAULT for an address outside the heap, -EINVAL where no block
/// begins, -EALREADY for a block that is free. NULL is nothing. Not found is a block that was freed, and handed out
/// again since.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap; a block in use is the caller's, who uses it no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_free_block(heap: *mut region_heap, block: *mut c_void) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(heap) }) else { return -EINVAL };
    let Some(start) = NonNull::new(block.cast::<u8>()) else { return 0 };
    // SAFETY: a block in use is the caller's, who uses it no more.
    match unsafe { this.heap.try_free(start) } {
        Ok(()) => 0,
        Err(error) => mistaken(this, error),
    }
}

/// Notes that a pointer was refused; the errno. Ends the process of a strict heap.
#[cold]
#[inline(never)]
fn mistaken(this: &Inside, error: FreeError) -> c_int {
    let (errno, what) = match error {
        FreeError::Foreign => (EFAULT, "it is not of this heap"),
        FreeError::NoBlock => (EINVAL, "no block begins there, or it was freed before"),
        FreeError::Free => (EALREADY, "it was freed before"),
    };
    if this.flags & REGION_HEAP_STRICT != 0 {
        let mut line = Line::new();
        line.fill("region: a block cannot be freed or resized: ", &[]);
        line.fill(what, &[]);
        line.fill(". The process ends here, as its heap is strict.\n", &[]);
        // Nothing can be done about a standard error that is closed.
        let _ = sys::write(Fd::STDERR, line.bytes());
        stop()
    }
    this.mistakes.set(this.mistakes.get().saturating_add(1));
    this.error.set(-errno);
    -errno
}

/// Bytes of the block that begins at `block`, as many as were asked for or more: all of them may be used. 0 if no block
/// in use begins there.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap. The address is only compared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_usable_size(heap: *const region_heap, block: *const c_void) -> usize {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), Some(start)) = (unsafe { inside(heap) }, NonNull::new(block.cast_mut().cast::<u8>())) else {
        return 0;
    };
    this.heap.usable_size(start).unwrap_or(0)
}

/// Whether a block that is in use begins at `block`.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap. The address is only compared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_contains(heap: *const region_heap, block: *const c_void) -> bool {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), Some(start)) = (unsafe { inside(heap) }, NonNull::new(block.cast_mut().cast::<u8>())) else {
        return false;
    };
    this.heap.contains(start)
}

/// Bytes that a block of `size` bytes has in any heap but one in a short buffer: what is best asked for instead.
#[unsafe(no_mangle)]
pub extern "C" fn region_heap_good_size(size: usize) -> usize {
    Layout::from_size_align(size, ALIGN).map_or(size, Heap::<super::supply::Supply>::bytes_of)
}
