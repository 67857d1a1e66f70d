//! Page pools in C: blocks of one size, from any thread.

use super::checked::{options, prepare, twins};
use super::error::{EINVAL, answer, of_error, of_pool};
use super::held::{Held, finish, free, holds, take, value};
use super::map::{REGION_MAP_UNCHARGED, region_map, region_options};
use crate::pool::Page;
use crate::pool::{PageByte, PagePool, PoolError, Sizes};
use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr::null_mut;

/// A pool of blocks of one size. All bytes zero (REGION_POOL_INIT) is an empty one, and so is one that was freed.
/// Stays where it is while other threads use it.
#[repr(C)]
pub struct region_pool {
    opaque_: [usize; 48],
}

/// Options of a pool. Begin with REGION_POOL_OPTIONS; zero is the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct region_pool_options {
    /// sizeof(region_pool_options).
    pub size: usize,
    /// How many blocks are kept ready for threads, up to 64; 0 for 16. region_pool_take prefers a ready block to a
    /// lower one.
    pub slots: usize,
    /// REGION_MAP_... flags of its memory, or-ed.
    pub flags: c_uint,
    /// Zero.
    pub reserved_: c_uint,
    /// A name in /proc/PID/maps; NULL for none.
    pub name: *const c_char,
}

// A pool is `Sync`.
holds!(region_pool: Held<PagePool>);

/// What region_pool_init calls.
///
/// # Safety
/// `pool` is NULL or may be written; `chosen` is NULL or points to options that lead with their size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_init_(
    pool: *mut region_pool,
    block_size: usize,
    blocks: usize,
    chosen: *const region_pool_options,
    abi: usize,
) -> c_int {
    let mut sizes = Sizes::new(block_size, blocks);
    let mut region = || {
        // SAFETY: the caller's promise about the pool, the options and their name, passed on.
        unsafe {
            prepare(pool, abi)?;
            let chosen = options(chosen)?;
            if chosen.reserved_ != 0 {
                return Err(-EINVAL);
            }
            if chosen.slots != 0 {
                sizes = sizes.slots(chosen.slots);
            }
            region_options(chosen.flags | REGION_MAP_UNCHARGED, chosen.name)
        }
    };
    let made = region().and_then(|region| sizes.map(region).map_err(|error| -of_pool(&error)));
    // SAFETY: if there is a pool, its struct was prepared.
    unsafe { finish(pool, made) }
}

/// What region_pool_over calls.
///
/// # Safety
/// `pool` is NULL or may be written; `map` is NULL or a zeroed or initialized map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_over_(
    pool: *mut region_pool,
    map: *mut region_map,
    block_size: usize,
    abi: usize,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    if let Err(error) = unsafe { prepare(pool, abi) } {
        return error;
    }
    // SAFETY: the caller promises that the map is NULL, zeroed or initialized, and that nobody uses it meanwhile.
    let Some(region) = (unsafe { take(map) }) else { return -EINVAL };
    // SAFETY: the pool was prepared.
    unsafe { finish(pool, PagePool::over(region, block_size).map_err(|error| -of_pool(&error))) }
}

twins! {
    region_pool_init(pool: *mut region_pool, block_size: usize, blocks: usize, chosen: *const region_pool_options)
        => region_pool_init_(pool, block_size, blocks, chosen);
    region_pool_over(pool: *mut region_pool, map: *mut region_map, block_size: usize)
        => region_pool_over_(pool, map, block_size);
}

/// Returns all memory to the system, also of blocks that are out, and leaves an empty pool. By one thread, when no
/// other uses the pool any more. Nothing happens to an empty one.
///
/// # Safety
/// `pool` is NULL or a zeroed or initialized pool, and nothing uses it or its blocks meanwhile and afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_free(pool: *mut region_pool) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { free(pool) }
}

/// The address of a page that C is to own.
fn given<B: PageByte>(page: Result<Page<'_, B>, PoolError>) -> *mut c_void {
    // A page that is forgotten stays out, which is what C's ownership of its address is.
    page.map_or(null_mut(), |page| core::mem::ManuallyDrop::new(page).as_mut_ptr().cast())
}

/// A block, with whatever was left in it; NULL when all are out.
///
/// cbindgen:postfix=REGION_NEEDED_
///
/// # Safety
/// `pool` is NULL or a zeroed or initialized pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_take(pool: *mut region_pool) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(pool) }.map_or(null_mut(), |pool| given(pool.take()))
}

/// A block of zeroes; costs nothing when the block was never out. NULL when all are out.
///
/// cbindgen:postfix=REGION_NEEDED_
///
/// # Safety
/// `pool` is NULL or a zeroed or initialized pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_take_zeroed(pool: *mut region_pool) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(pool) }.map_or(null_mut(), |pool| given(pool.take_zeroed()))
}

/// `n` blocks in a row, 1 to 64, the lowest there are; NULL when there are none, or `n` cannot be.
///
/// cbindgen:postfix=REGION_NEEDED_
///
/// # Safety
/// `pool` is NULL or a zeroed or initialized pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_take_many(pool: *mut region_pool, n: usize) -> *mut c_void {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(pool) }.map_or(null_mut(), |pool| given(pool.take_many(n)))
}

/// Gives a block back. What cannot be right is refused: -EFAULT for an address outside the pool, -EINVAL inside a
/// block, -EALREADY for a block that is not out. NULL is nothing.
///
/// # Safety
/// `pool` is NULL or a zeroed or initialized pool; a block that is out is the caller's, who uses it no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_give(pool: *mut region_pool, block: *mut c_void) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(pool) = (unsafe { value(pool) }) else { return -EINVAL };
    if block.is_null() {
        return 0;
    }
    // SAFETY: the caller promises that the block is its own, if it is out, and that nothing uses it any more.
    answer(unsafe { pool.give_back_raw(block.cast()) }.map_err(|error| of_pool(&error)))
}

/// Gives `n` blocks in a row back; all of them or none.
///
/// # Safety
/// As [`region_pool_give`], for each of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_give_many(pool: *mut region_pool, first: *mut c_void, n: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(pool) = (unsafe { value(pool) }) else { return -EINVAL };
    // SAFETY: the caller promises that the blocks are its own, as far as they are out, and that nothing uses them.
    answer(unsafe { pool.give_back_many_raw(first.cast(), n) }.map_err(|error| of_pool(&error)))
}

/// Gives the RAM of free blocks back until `keep` warm ones are left; how many bytes, in `bytes` unless NULL. Other
/// threads may take and give meanwhile. -EINVAL for blocks smaller than the page that was set aside for them.
///
/// # Safety
/// `pool` is NULL or a zeroed or initialized pool; `bytes` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_trim(pool: *mut region_pool, keep: usize, bytes: *mut usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(pool) = (unsafe { value(pool) }) else { return -EINVAL };
    let (trimmed, answer) = match pool.trim(keep) {
        Ok(trimmed) => (trimmed, 0),
        Err(error) => (0, -of_error(&error)),
    };
    // SAFETY: NULL or writable, by the caller's promise.
    if let Some(bytes) = unsafe { bytes.as_mut() } {
        *bytes = trimmed;
    }
    answer
}

/// Bytes of a block.
///
/// # Safety
/// `pool` is NULL or a zeroed or initialized pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_block_size(pool: *const region_pool) -> usize {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(pool) }.map_or(0, PagePool::block_size)
}

/// Number of blocks, out and free.
///
/// # Safety
/// `pool` is NULL or a zeroed or initialized pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_capacity(pool: *const region_pool) -> usize {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(pool) }.map_or(0, PagePool::capacity)
}

/// Number of blocks that are out. Exact while nobody takes or gives.
///
/// # Safety
/// `pool` is NULL or a zeroed or initialized pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_taken(pool: *const region_pool) -> usize {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(pool) }.map_or(0, PagePool::taken)
}

/// Number of free blocks that may hold RAM. Exact while nobody takes or gives.
///
/// # Safety
/// `pool` is NULL or a zeroed or initialized pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_pool_warm(pool: *const region_pool) -> usize {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(pool) }.map_or(0, PagePool::warm)
}
