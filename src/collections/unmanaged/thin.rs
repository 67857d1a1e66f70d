//! The vector of one word. Its length and capacity lie in the arena, before its values.
//!
//! ```text
//!   ThinVec ──► │ len, capacity │ (padding) │ value │ value │ spare …
//! ```

use super::growing::{LONGEST, Unmanaged};
use super::methods::unmanaged_vector;
use crate::collections::ArenaAllocator;
use crate::error::failure::{Failure, Panic, Report};
use crate::error::{AllocError, AllocReason};
use crate::vector::Vector;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::ops::RangeBounds;
use core::ptr::NonNull;

/// What lies before the values.
#[derive(Clone, Copy)]
pub(super) struct Header {
    len: u32,
    capacity: u32,
}

/// The header of all vectors without memory. Never written to. Behind it there is an address for values of any
/// alignment up to its own.
#[repr(C, align(64))]
struct Empty {
    header: Header,
    rest: [u8; 56],
}

static EMPTY: Empty = Empty { header: Header { len: 0, capacity: 0 }, rest: [0; 56] };
const _: () = assert!(size_of::<Empty>() == 64 && align_of::<Header>() <= align_of::<u64>());

/// A vector in an arena, in 8 bytes: its length lies before its values. It is given the arena when it grows.
/// [The module](super) has the rules.
///
/// ```
/// use region::Arena;
/// use region::collections::unmanaged::ThinVec;
///
/// struct Node<'a> { number: u32, kids: ThinVec<'a, Node<'a>> }
/// assert_eq!(size_of::<Node>(), 16);
///
/// let arena = Arena::new();
/// let leaves = (1..4).map(|number| Node { number, kids: ThinVec::new() });      // leaves take nothing for their lists
/// let mut root = Node { number: 0, kids: ThinVec::from_iter_in(leaves, &arena) };
/// root.kids[2].kids.push(Node { number: 4, kids: ThinVec::new() }, &arena);
/// assert_eq!(root.number + root.kids.iter().map(|kid| kid.number + kid.kids.len() as u32).sum::<u32>(), 7);
/// ```
///
/// *Memory*: 8 bytes before the values, or as many as their alignment if that is more. Values without bytes have a
/// header too, once there is one.
// Invariants:
// - `header` leads to `EMPTY`, or to a block that `grow_foreign` of some arena made, which is borrowed for `'a`: for a
//   header with this capacity, not 0, and so many values (`block`). It is this vector's alone.
pub struct ThinVec<'a, T: 'a> {
    header: NonNull<Header>,
    /// Covariant in both; drops nothing.
    values: PhantomData<&'a T>,
}

/// Bytes from a header to the first value.
pub(super) const fn offset<T>() -> usize {
    if size_of::<Header>() > align_of::<T>() { size_of::<Header>() } else { align_of::<T>() }
}

/// Where the values behind a header are.
///
/// # Safety
/// The header is `EMPTY`'s or in a block for values of this type.
#[inline(always)]
pub(super) unsafe fn values<T>(header: NonNull<Header>) -> NonNull<T> {
    // SAFETY: the caller says that the header can be read.
    if align_of::<T>() > align_of::<Empty>() && unsafe { header.as_ref() }.capacity == 0 {
        return NonNull::dangling();
    }
    // SAFETY: behind a header of a block there are the values, and `Empty` is as long as the largest alignment that
    // gets here.
    unsafe { header.byte_add(offset::<T>()).cast() }
}

impl Header {
    /// The header of a vector without values.
    #[inline(always)]
    pub(super) const fn empty() -> NonNull<Header> {
        // SAFETY: the address of a static is not null.
        unsafe { NonNull::new_unchecked((&raw const EMPTY.header).cast_mut()) }
    }

    #[inline(always)]
    pub(super) const fn len(self) -> usize {
        self.len as usize
    }
}

/// The layout of a header and so many values.
fn block<T>(capacity: usize) -> Option<Layout> {
    let bytes = capacity.checked_mul(size_of::<T>())?.checked_add(offset::<T>())?;
    Layout::from_size_align(
        bytes,
        if align_of::<T>() > align_of::<Header>() { align_of::<T>() } else { align_of::<Header>() },
    )
    .ok()
}

// SAFETY: the positions lie behind the header, in a block that the vector alone has. It changes, and moves with its
// content, only when it grows or shrinks. The vector drops nothing.
unsafe impl<T> Vector<T> for ThinVec<'_, T> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.header().len()
    }

    #[inline(always)]
    unsafe fn set_len(&mut self, len: usize) {
        // `EMPTY` is many vectors', and says 0 already.
        if self.header().capacity != 0 {
            // SAFETY: the header is in a block that is the vector's alone. The length is at most the capacity, which is
            // a `u32`.
            unsafe { (*self.header.as_ptr()).len = len as u32 };
        }
    }

    #[inline(always)]
    fn capacity(&self) -> usize {
        self.header().capacity as usize
    }

    #[inline(always)]
    fn pointer_to(&self, at: usize) -> NonNull<T> {
        // SAFETY: the header is `EMPTY` or in a block for values of `T`, and `at` is at most how many fit.
        unsafe { values::<T>(self.header).add(at) }
    }
}

// SAFETY: the block grows, with what it holds, and the capacity with it; a refusal changes nothing.
unsafe impl<'a, T, A: ArenaAllocator> Unmanaged<'a, T, A> for ThinVec<'a, T> {
    fn grow_in(&mut self, capacity: usize, arena: &'a A) -> Result<(), AllocError> {
        // Where values have no bytes, the header is for as many as it can count.
        let capacity = if size_of::<T>() == 0 { LONGEST } else { capacity };
        let too_large = AllocError::new(capacity.saturating_mul(size_of::<T>()), AllocReason::TooLarge);
        let new = block::<T>(capacity).ok_or(too_large)?;
        let Header { len, .. } = self.header();
        // SAFETY: the block is an arena's for the layout that it holds (the invariants), and `new` is longer. The
        // vector has the arenas borrowed, the old one and this, so neither was reset.
        let grown = unsafe { arena.grow_foreign(self.header.cast(), self.held(), new)? };
        self.header = grown.cast();
        // SAFETY: a block begins with memory for a header.
        unsafe { self.header.write(Header { len, capacity: capacity as u32 }) };
        Ok(())
    }

    fn shrink_in(&mut self, arena: &'a A) {
        let Header { len, capacity } = self.header();
        // An empty vector keeps a header, since a capacity of 0 stands for no memory.
        let kept = len.max(1);
        if size_of::<T>() == 0 || kept >= capacity {
            return;
        }
        let Some(new) = block::<T>(kept as usize) else { return };
        // SAFETY: the block is an arena's for the layout that it holds (the invariants), and `new` is shorter. Then the
        // header, which is in what is left, is the vector's alone.
        unsafe {
            if arena.shrink_foreign(self.header.cast(), self.held(), new) {
                (*self.header.as_ptr()).capacity = kept;
            }
        }
    }
}

impl<'a, T> ThinVec<'a, T> {
    /// An empty vector, which takes no memory.
    #[inline]
    pub const fn new() -> Self {
        ThinVec { header: Header::empty(), values: PhantomData }
    }

    #[inline(always)]
    fn header(&self) -> Header {
        // SAFETY: the header is there (the invariants), and written to behind `&mut self` alone.
        unsafe { self.header.read() }
    }

    /// What the block was taken for.
    fn held(&self) -> Layout {
        match self.header().capacity {
            0 => Layout::new::<()>(),
            // A block of this capacity was had.
            capacity => block::<T>(capacity as usize).unwrap_or(Layout::new::<()>()),
        }
    }

    /// Gives unused memory back, if this is the last allocation of `arena`. Otherwise nothing changes.
    pub fn shrink_to_fit<A: ArenaAllocator>(&mut self, arena: &'a A) {
        self.shrink_in(arena);
    }

    /// The header, and no vector any more.
    #[inline]
    pub(super) fn into_header(self) -> NonNull<Header> {
        self.header
    }
}

unmanaged_vector! {
    ThinVec, ArenaAllocator;
    "use region::collections::unmanaged::ThinVec; let arena = region::Arena::new();",
    "ThinVec::from_iter_in([", "], &arena)";
}
