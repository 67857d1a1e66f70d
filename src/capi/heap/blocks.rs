//! Blocks of a C heap: taking them, giving them back, resizing them, and what is done about pointers that are none.

use super::super::checked::{layout, product};
use super::super::error::{self, EALREADY, EFAULT, EINVAL};
use super::{ALIGN, Inside, REGION_HEAP_STRICT, inside, region_heap};
use crate::error::AllocError;
use crate::heap::{FreeError, Heap, LARGEST, copy_block};
use crate::stop::stop;
use crate::sys::{self, Fd};
use core::alloc::Layout;
use core::ffi::{c_int, c_void};
use core::ptr::{NonNull, null_mut};

/// What the functions on blocks have of a C heap, of one thread or of many.
pub(super) trait Blocks {
    /// A block that is at hand.
    fn take_quickly(&self, layout: Layout) -> Option<NonNull<u8>>;
    /// A block, where none is at hand.
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocError>;
    /// A block of its own with zeroes.
    fn take_zeroed(&self, layout: Layout) -> Result<NonNull<u8>, AllocError>;
    /// The C function that takes a block.
    fn alloc(&self, size: usize) -> *mut c_void;
    /// The C function that frees one.
    ///
    /// # Safety
    /// A block in use is the caller's, who uses it no more.
    unsafe fn free_block(&self, block: *mut c_void) -> c_int;
    /// 0 if the block has its new length where it is, or how many bytes it has.
    fn resize(&self, block: NonNull<u8>, layout: Layout) -> Result<usize, FreeError>;
    /// # Safety
    /// A block in use is the caller's, who uses it no more.
    unsafe fn free(&self, block: NonNull<u8>) -> Result<(), FreeError>;
    fn usable_size(&self, block: NonNull<u8>) -> Option<usize>;
    fn contains(&self, block: NonNull<u8>) -> bool;
    /// Notes why a call was refused: a negative errno.
    fn refused(&self, error: c_int);
    /// Notes that a pointer was refused.
    fn mistaken(&self);
    /// Whether that ends the process.
    fn is_strict(&self) -> bool;
}

/// The blocks of a struct's field `heap`, whose methods have the same names in both kinds of heaps. What is noted is the
/// struct's. `$alloc` and `$free` are the C functions.
macro_rules! blocks_of_heap {
    ($alloc:ident, $free:ident) => {
        #[inline(always)]
        fn take_quickly(&self, layout: Layout) -> Option<NonNull<u8>> {
            self.heap.take_quickly(layout)
        }

        #[inline(always)]
        fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
            self.heap.take_slowly(layout)
        }

        #[inline(always)]
        fn take_zeroed(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
            self.heap.take_zeroed(layout)
        }

        #[inline(always)]
        fn alloc(&self, size: usize) -> *mut c_void {
            // SAFETY: the heap that this is the inside of.
            unsafe { $alloc((&raw const *self).cast_mut().cast(), size) }
        }

        #[inline(always)]
        unsafe fn free_block(&self, block: *mut c_void) -> c_int {
            // SAFETY: the heap that this is the inside of, and the caller's promise, passed on.
            unsafe { $free((&raw const *self).cast_mut().cast(), block) }
        }

        #[inline(always)]
        fn resize(&self, block: NonNull<u8>, layout: Layout) -> Result<usize, FreeError> {
            self.heap.resize_in_place(block, layout)
        }

        #[inline(always)]
        unsafe fn free(&self, block: NonNull<u8>) -> Result<(), FreeError> {
            // SAFETY: the caller's promise, passed on.
            unsafe { self.heap.try_free(block) }
        }

        #[inline(always)]
        fn usable_size(&self, block: NonNull<u8>) -> Option<usize> {
            self.heap.usable_size(block)
        }

        #[inline(always)]
        fn contains(&self, block: NonNull<u8>) -> bool {
            self.heap.contains(block)
        }
    };
}

pub(super) use blocks_of_heap;

impl Blocks for Inside {
    blocks_of_heap!(region_heap_alloc, region_heap_free_block);

    #[inline(always)]
    fn refused(&self, error: c_int) {
        self.error.set(error);
    }

    #[inline(always)]
    fn mistaken(&self) {
        self.mistakes.set(self.mistakes.get().saturating_add(1));
    }

    #[inline(always)]
    fn is_strict(&self) -> bool {
        self.flags & REGION_HEAP_STRICT != 0
    }
}

/// `size` bytes at a multiple of `align`, or NULL. The way to take a block is an argument, so that programs which never
/// ask for zeroes do not link what makes them.
#[inline(never)]
pub(super) fn take<B: Blocks>(
    this: Option<&B>,
    size: usize,
    align: usize,
    way: fn(&B, Layout) -> Result<NonNull<u8>, AllocError>,
) -> *mut c_void {
    let Some(this) = this else { return null_mut() };
    let layout = match layout(size, align) {
        Ok(layout) => layout,
        Err(error) => {
            this.refused(-error);
            return null_mut();
        }
    };
    // Blocks of any size are aligned as malloc's are.
    let layout = if align < ALIGN { layout.align_to(ALIGN).unwrap_or(layout) } else { layout };
    match way(this, layout) {
        Ok(start) => start.as_ptr().cast(),
        Err(error) => {
            this.refused(-error::of_alloc(&error));
            null_mut()
        }
    }
}

/// A block with any content, from the class's current word if that has one: no heap's block is aligned to less than 16.
#[inline(always)]
pub(super) fn take_any<B: Blocks>(this: Option<&B>, size: usize) -> *mut c_void {
    // The archive that is built for size has one way alone.
    if !cfg!(region_small) {
        if let (Some(this), Ok(layout)) = (this, Layout::from_size_align(size, ALIGN)) {
            if let Some(block) = this.take_quickly(layout) {
                return block.as_ptr().cast();
            }
        }
    }
    take(this, size, ALIGN, B::take)
}

/// The same at an alignment.
#[inline(always)]
pub(super) fn take_aligned<B: Blocks>(this: Option<&B>, size: usize, align: usize) -> *mut c_void {
    match this {
        Some(this) if align <= ALIGN && align.is_power_of_two() => this.alloc(size),
        this => take(this, size, align, B::take),
    }
}

/// A block of zeroes. Those of pages may be other than zero, and are taken as all others are.
#[inline(always)]
pub(super) fn take_zeroed<B: Blocks>(this: Option<&B>, size: usize, align: usize) -> *mut c_void {
    let Some(this) = this.filter(|_| size <= LARGEST && align == ALIGN) else {
        return take(this, size, align, B::take_zeroed);
    };
    let block = this.alloc(size);
    if !block.is_null() {
        // SAFETY: the block is new, and has as many bytes.
        unsafe { block.cast::<u8>().write_bytes(0, size) };
    }
    block
}

/// A block made `size` bytes long, or a new one in place of NULL; or NULL.
///
/// # Safety
/// A block in use is the caller's, who uses it under its new address.
#[inline(always)]
pub(super) unsafe fn resize<B: Blocks>(this: Option<&B>, block: *mut c_void, size: usize) -> *mut c_void {
    let Some(this) = this else { return null_mut() };
    let (Some(start), Ok(layout)) = (NonNull::new(block.cast::<u8>()), Layout::from_size_align(size, ALIGN)) else {
        return this.alloc(size);
    };
    let old = match this.resize(start, layout) {
        Ok(0) => return block,
        Ok(old) => old,
        Err(error) => {
            mistaken(this, error);
            return null_mut();
        }
    };
    let new = this.alloc(size);
    if new.is_null() {
        return new;
    }
    // SAFETY: both blocks have as many bytes, and the new one is no part of the old one, which is in use. Nobody uses the
    // old one any more, as the caller promised.
    unsafe {
        copy_block(start, NonNull::new_unchecked(new.cast()), old.min(size));
        if this.free_block(block) != 0 {
            // Another thread has freed it meanwhile.
            this.free_block(new);
            return null_mut();
        }
    }
    new
}

/// Frees a block; 0, or the errno of what is wrong with it.
///
/// # Safety
/// A block in use is the caller's, who uses it no more.
#[inline(always)]
pub(super) unsafe fn free<B: Blocks>(this: Option<&B>, block: *mut c_void) -> c_int {
    let Some(this) = this else { return -EINVAL };
    let Some(start) = NonNull::new(block.cast::<u8>()) else { return 0 };
    // SAFETY: a block in use is the caller's, who uses it no more.
    match unsafe { this.free(start) } {
        Ok(()) => 0,
        Err(error) => mistaken(this, error),
    }
}

/// Notes that a pointer was refused; the errno. Ends the process of a strict heap.
#[cold]
#[inline(never)]
fn mistaken<B: Blocks>(this: &B, error: FreeError) -> c_int {
    macro_rules! sentence {
        ($what:literal) => {
            concat!(
                "region: a block cannot be freed or resized: ",
                $what,
                ". The process ends here, as its heap is strict.\n"
            )
        };
    }
    let (errno, sentence) = match error {
        FreeError::Foreign => (EFAULT, sentence!("it is not of this heap")),
        FreeError::NoBlock => (EINVAL, sentence!("no block begins there, or it was freed before")),
        FreeError::Free => (EALREADY, sentence!("it was freed before")),
    };
    if this.is_strict() {
        // Nothing can be done about a standard error that is closed.
        let _ = sys::write(Fd::STDERR, sentence.as_bytes());
        stop()
    }
    this.mistaken();
    this.refused(-errno);
    -errno
}

/// Bytes of the block that begins at an address; 0 if none that is in use does.
#[inline(always)]
pub(super) fn usable_size<B: Blocks>(this: Option<&B>, block: *const c_void) -> usize {
    let (Some(this), Some(start)) = (this, NonNull::new(block.cast_mut().cast::<u8>())) else { return 0 };
    this.usable_size(start).unwrap_or(0)
}

/// Whether a block that is in use begins at an address.
#[inline(always)]
pub(super) fn contains<B: Blocks>(this: Option<&B>, block: *const c_void) -> bool {
    let (Some(this), Some(start)) = (this, NonNull::new(block.cast_mut().cast::<u8>())) else { return false };
    this.contains(start)
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
    take_any(unsafe { inside(heap) }, size)
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
    take_aligned(unsafe { inside(heap) }, size, align)
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
    unsafe { region_heap_calloc_aligned(heap, n, size, ALIGN) }
}

/// As region_heap_calloc, at a multiple of `align`.
///
/// cbindgen:postfix=REGION_BLOCK_((2, 3), 4)
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn region_heap_calloc_aligned(
    heap: *mut region_heap,
    n: usize,
    size: usize,
    align: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    take_zeroed(unsafe { inside(heap) }, product(n, size), align)
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
    unsafe { resize(inside(heap), block, size) }
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
    unsafe { free(inside(heap), block) }
}

/// Bytes of the block that begins at `block`, as many as were asked for or more: all of them may be used. 0 if no block
/// in use begins there.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap. The address is only compared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_usable_size(heap: *const region_heap, block: *const c_void) -> usize {
    // SAFETY: the caller's promise, passed on.
    usable_size(unsafe { inside(heap) }, block)
}

/// Whether a block that is in use begins at `block`.
///
/// # Safety
/// `heap` is NULL or a zeroed or initialized heap. The address is only compared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_heap_contains(heap: *const region_heap, block: *const c_void) -> bool {
    // SAFETY: the caller's promise, passed on.
    contains(unsafe { inside(heap) }, block)
}

/// Bytes that a block of `size` bytes has in any heap but one in a short buffer: what is best asked for instead.
#[unsafe(no_mangle)]
pub extern "C" fn region_heap_good_size(size: usize) -> usize {
    Layout::from_size_align(size, ALIGN).map_or(size, Heap::<super::supply::Supply>::bytes_of)
}
