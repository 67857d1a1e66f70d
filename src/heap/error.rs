//! Why a heap refused a pointer.

use crate::error::{AllocError, AllocReason};
use core::fmt;

/// What is taken, or why not: without the size that was asked for.
pub(super) type Taken<T> = Result<T, AllocError>;

pub(super) const fn refused(reason: AllocReason) -> AllocError {
    AllocError::new(0, reason)
}

/// Why a heap did not take a pointer for one of its blocks. Nothing was changed.
///
/// ```
/// use region::Heap;
/// use region::heap::FreeError;
///
/// let heap = Heap::new();
/// let block = heap.alloc_layout(std::alloc::Layout::new::<[u64; 3]>());
/// // SAFETY: the block is freed once; what follows is refused.
/// unsafe {
///     assert_eq!(heap.try_free(block.add(8)), Err(FreeError::NoBlock));
///     assert_eq!(heap.try_free(block), Ok(()));
///     assert_eq!(heap.try_free(block), Err(FreeError::Free));
/// }
/// assert_eq!(FreeError::Free.to_string(), "the block was freed before");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FreeError {
    /// The address is in none of the heap's memory.
    Foreign,
    /// The address is in the heap's memory, and no block begins there: it is inside a block, or in memory that holds no
    /// block, perhaps not any more.
    NoBlock,
    /// The block that begins there is free.
    Free,
}

impl fmt::Display for FreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FreeError::Foreign => "the pointer is not of this heap",
            FreeError::NoBlock => "no block of the heap begins at the pointer, or it was freed before",
            FreeError::Free => "the block was freed before",
        })
    }
}

impl core::error::Error for FreeError {}
