//! A backing's methods as arenas and typed buffers call them. Debug builds check the parts of its contract that can be
//! checked.
//!
//! [`Backing`] is `unsafe` to implement because other parts cannot be checked: that nothing else uses the bytes, and
//! how long they stay. A broken contract that is found here panics before a byte is used. Release builds check nothing.

use super::{Backing, Block};
use crate::bump::{TOP, pad_to};
use crate::error::AllocError;
use core::alloc::Layout;
use core::ptr::NonNull;

/// Bytes that are checked where memory is said to be zero: enough to find memory that was never cleared, and few enough
/// to touch no page that the value does not touch.
const LOOKED_AT: usize = 64;

/// As [`Backing::acquire`].
#[inline(always)]
pub(crate) fn acquire(backing: &impl Backing, layout: Layout, previous: usize) -> Result<Block, AllocError> {
    let acquired = backing.acquire(layout, previous);
    if let Ok(block) = &acquired {
        judge_new(block, layout);
    }
    acquired
}

/// As [`Backing::acquire_at_once`].
#[inline(always)]
pub(crate) fn acquire_at_once(backing: &impl Backing, layout: Layout) -> Option<Block> {
    let acquired = backing.acquire_at_once(layout);
    if let Some(block) = &acquired {
        judge_new(block, layout);
    }
    acquired
}

/// Panics if a new block broke the contract.
#[inline(always)]
fn judge_new(block: &Block, layout: Layout) {
    if cfg!(debug_assertions) {
        let broken = broken(block, layout);
        assert!(broken.is_none(), "a backing handed out a block that {}: {block:?} for {layout:?}", broken.unwrap());
    }
}

/// As [`Backing::commit`].
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn commit(backing: &impl Backing, block: &mut Block, need: usize) -> Result<(), AllocError> {
    let before = *block;
    // SAFETY: the caller's promise, passed on.
    let answer = unsafe { backing.commit(block, need) };
    if cfg!(debug_assertions) {
        let unchanged = before.ready == block.ready && before.tag == block.tag;
        let fine = is_same(&before, block, false)
            && match answer {
                Ok(()) => need <= block.ready && block.ready <= block.len,
                Err(_) => unchanged,
            };
        judge(fine, block, before, format_args!("committed {need} bytes ({})", answer.is_ok()));
    }
    answer
}

/// As [`Backing::protect`].
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn protect(backing: &impl Backing, block: &mut Block, keep: usize) {
    let before = *block;
    // SAFETY: the caller's promise, passed on.
    unsafe { backing.protect(block, keep) };
    if cfg!(debug_assertions) {
        let fine = is_same(&before, block, false) && is_lowered(&before, block, keep);
        judge(fine, block, before, format_args!("protected what is above {keep}"));
    }
}

/// As [`Backing::discard`].
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn discard(backing: &impl Backing, block: &Block, from: usize, len: usize) -> bool {
    debug_assert!(from + len <= block.ready);
    // SAFETY: the caller's promise, passed on.
    let zero = unsafe { backing.discard(block, from, len) };
    if zero {
        // SAFETY: these bytes are ready, and zero by the backing's word.
        unsafe { zeroes(block.start.add(from), len) };
    }
    zero
}

/// As [`Backing::decommit`].
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn decommit(backing: &impl Backing, block: &mut Block, keep: usize) {
    let before = *block;
    // SAFETY: the caller's promise, passed on.
    unsafe { backing.decommit(block, keep) };
    if cfg!(debug_assertions) {
        let fine = is_same(&before, block, true) && is_lowered(&before, block, keep);
        judge(fine, block, before, format_args!("gave back what is above {keep}"));
    }
}

/// Checks the beginning of memory that a block says is zero.
///
/// # Safety
/// The first `size` bytes from `start` on are ready, and lie at or above the block's `dirty`.
#[inline(always)]
pub(crate) unsafe fn zeroes(start: NonNull<u8>, size: usize) {
    if cfg!(debug_assertions) {
        // SAFETY: the caller promises that these bytes are ready and zero, and zero bytes may be read.
        let some = unsafe { core::slice::from_raw_parts(start.as_ptr(), size.min(LOOKED_AT)) };
        assert!(some.iter().all(|&byte| byte == 0), "a backing's block holds other bytes than zeroes above `dirty`");
    }
}

/// Whether two blocks that are in use at once have no byte in common.
pub(crate) fn are_apart(one: &Block, other: &Block) -> bool {
    if one.len == 0 || other.len == 0 {
        return true;
    }
    let (at, other_at) = (one.start.addr().get(), other.start.addr().get());
    at.wrapping_sub(other_at) >= other.len && other_at.wrapping_sub(at) >= one.len
}

/// Panics if a method broke the contract. Restores the block first, because its owner will still be dropped.
fn judge(fine: bool, block: &mut Block, before: Block, did: core::fmt::Arguments<'_>) {
    if !fine {
        let after = core::mem::replace(block, before);
        panic!("a backing {did} of {before:?}, and made {after:?} of it");
    }
}

/// What is wrong with a block that was handed out for this layout.
fn broken(block: &Block, layout: Layout) -> Option<&'static str> {
    let start = block.start.addr().get();
    let padding = pad_to(start, layout.align());
    match block.len {
        len if len > isize::MAX as usize => Some("is longer than an object may be"),
        len if start > usize::MAX - TOP || start.checked_add(len).is_none() => Some("reaches past the last address"),
        len if padding.checked_add(layout.size()).is_none_or(|need| need > len) => Some("does not hold the layout"),
        len if block.ready > len => Some("has more bytes ready than it has"),
        len if block.dirty > len => Some("has more bytes dirty than it has"),
        _ => None,
    }
}

/// Whether nothing but `ready` and `tag` differs, and with `cleaned` perhaps a lower `dirty`.
fn is_same(before: &Block, after: &Block, cleaned: bool) -> bool {
    let dirty = before.dirty == after.dirty || cleaned && after.dirty < before.dirty;
    (before.start, before.len) == (after.start, after.len) && dirty
}

/// Whether `ready` is at most what it was, and not below `keep`.
fn is_lowered(before: &Block, after: &Block, keep: usize) -> bool {
    keep.min(before.ready) <= after.ready && after.ready <= before.ready
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_apart_have_no_byte_in_common() {
        let mut bytes = [0u8; 64];
        let start = NonNull::from(&mut bytes).cast::<u8>();
        let block = |from, len| {
            // SAFETY: within the array.
            let start = unsafe { start.add(from) };
            Block { start, len, ready: 0, dirty: 0, tag: 0 }
        };
        for (one, other, apart) in [
            (block(0, 8), block(8, 8), true),
            (block(0, 9), block(8, 8), false),
            (block(8, 8), block(0, 64), false),
            (block(16, 8), block(8, 8), true),
            (block(8, 8), block(8, 8), false),
            (block(8, 0), block(8, 8), true),
        ] {
            assert_eq!((are_apart(&one, &other), are_apart(&other, &one)), (apart, apart), "{one:?} {other:?}");
        }
    }
}
