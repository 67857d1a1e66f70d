//! External buffers: bytes that the caller owns, on the stack, in a `static` or in any slice. Never makes a system
//! call.
//!
//! [`Buffer`] lends bytes to one arena; [`StackBuffer`] and [`StaticBuffer`] are such bytes. When a
//! buffer is used up allocations fail; [`Spill`](super::Spill) goes on in another backing.

use super::loan::Loan;
use super::{Backing, Block};
use crate::error::AllocError;
use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicBool, Ordering, const_fn};
use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// A caller's bytes as an arena's only memory.
///
/// Made from a [`StackBuffer`], a [`StaticBuffer`], or a slice or array of `MaybeUninit<u8>`. A plain
/// `&mut [u8]` must be `'static`: values leave uninitialized padding behind, which the owner of a shorter borrow could
/// read afterwards.
///
/// *Cost*: none; no system call is made. *Threads*: `Send`.
#[derive(Debug)]
pub struct Buffer<'b> {
    start: NonNull<u8>,
    len: usize,
    loan: Loan,
    bytes: PhantomData<&'b mut [u8]>,
}

// SAFETY: a buffer is a unique borrow of plain bytes, which may be used from any one thread at a time.
unsafe impl Send for Buffer<'_> {}

impl<'b> Buffer<'b> {
    /// Lends `bytes` to an arena. They may hold anything.
    pub const fn new(bytes: &'b mut [MaybeUninit<u8>]) -> Self {
        let len = bytes.len();
        // SAFETY: a reference to a slice is never null.
        let start = unsafe { NonNull::new_unchecked(bytes.as_mut_ptr().cast::<u8>()) };
        Buffer { start, len, loan: Loan::new(len), bytes: PhantomData }
    }

    /// Bytes in the buffer.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the buffer has no bytes at all.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `block` is this buffer's. A buffer without bytes has no block, and its address may be that of another.
    pub(super) fn owns(&self, block: &Block) -> bool {
        self.loan.is_taken() && self.len != 0 && block.start == self.start
    }
}

impl<'b> From<&'b mut [MaybeUninit<u8>]> for Buffer<'b> {
    fn from(bytes: &'b mut [MaybeUninit<u8>]) -> Self {
        Buffer::new(bytes)
    }
}

impl From<&'static mut [u8]> for Buffer<'static> {
    fn from(bytes: &'static mut [u8]) -> Self {
        let len = bytes.len();
        // Values may leave uninitialized padding behind, which must not be read as `u8`. A borrow for
        // `'static` never ends, so the bytes cannot be read through the reference again.
        Buffer { start: NonNull::from(bytes).cast(), len, loan: Loan::new(len), bytes: PhantomData }
    }
}

impl<'b, const N: usize> From<&'b mut [MaybeUninit<u8>; N]> for Buffer<'b> {
    fn from(bytes: &'b mut [MaybeUninit<u8>; N]) -> Self {
        Buffer::new(bytes)
    }
}

impl<'b, const N: usize> From<&'b mut StackBuffer<N>> for Buffer<'b> {
    fn from(buffer: &'b mut StackBuffer<N>) -> Self {
        Buffer::new(&mut buffer.0)
    }
}

/// `N` uninitialized bytes for the stack, aligned for any ordinary value.
///
/// ```
/// let mut memory = region::StackBuffer::<1024>::new();
/// let arena = region::Arena::from_buffer(&mut memory);
/// assert_eq!(arena.alloc_str("no heap, no kernel"), "no heap, no kernel");
/// ```
#[repr(C, align(16))]
pub struct StackBuffer<const N: usize>([MaybeUninit<u8>; N]);

impl<const N: usize> StackBuffer<N> {
    /// Uninitialized bytes.
    #[inline]
    pub const fn new() -> Self {
        StackBuffer([MaybeUninit::uninit(); N])
    }
}

impl<const N: usize> Default for StackBuffer<N> {
    fn default() -> Self {
        StackBuffer::new()
    }
}

impl<const N: usize> fmt::Debug for StackBuffer<N> {
    /// The length only: the bytes may be uninitialized.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackBuffer").field("len", &N).finish()
    }
}

// SAFETY: the one block that goes out is the unique borrow `'b` itself, which outlives this value; `loan`
// lets it out once at a time. All of it is ready, and what is dirty is `len` or, for a fresh static, 0.
unsafe impl Backing for Buffer<'_> {
    fn acquire(&self, layout: Layout, _previous: usize) -> Result<Block, AllocError> {
        self.loan.take(layout, self.start, self.len, self.len)
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        debug_assert!(need <= block.ready, "a buffer is ready from the start");
        Ok(())
    }

    unsafe fn decommit(&self, _block: &mut Block, _keep: usize) {}

    unsafe fn release(&self, block: &Block) {
        self.loan.give_back(block);
    }
}

/// `N` bytes of global memory for one arena: zeroed, taken once, no system call.
///
/// ```
/// use region::{Arena, StaticBuffer};
/// static MEMORY: StaticBuffer<4096> = StaticBuffer::new();
///
/// let arena = Arena::from_buffer(MEMORY.take().expect("nobody took it before"));
/// let counters = arena.alloc_slice_zeroed::<u64>(8);      // no memset: a static is zero
/// assert_eq!(counters, [0; 8]);
/// assert!(MEMORY.take().is_none());
/// ```
///
/// *Threads*: any may call [`take`](Self::take); one of them gets the bytes.
#[repr(C, align(16))]
pub struct StaticBuffer<const N: usize> {
    bytes: UnsafeCell<[u8; N]>,
    taken: AtomicBool,
}

// SAFETY: the bytes are reached through `take` alone, which gives them to one caller, once.
unsafe impl<const N: usize> Sync for StaticBuffer<N> {}

impl<const N: usize> StaticBuffer<N> {
    const_fn! {
        /// Zeroed bytes, for a `static`.
        pub const fn new() -> Self {
            StaticBuffer { bytes: UnsafeCell::new([0; N]), taken: AtomicBool::new(false) }
        }
    }

    /// The bytes, at the first call; `None` afterwards.
    pub fn take(&'static self) -> Option<Buffer<'static>> {
        let torn = seeded(Bug::StaticTakeTorn) && !self.taken.load(Ordering::Relaxed);
        // Relaxed: no thread has written to the bytes, so the taker has nothing to acquire.
        if self.taken.swap(true, Ordering::Relaxed) && !torn {
            return None;
        }
        let start = NonNull::new(self.bytes.get().cast::<u8>())?;
        Some(Buffer { start, len: N, loan: Loan::new(0), bytes: PhantomData })
    }
}

impl<const N: usize> Default for StaticBuffer<N> {
    fn default() -> Self {
        StaticBuffer::new()
    }
}

impl<const N: usize> fmt::Debug for StaticBuffer<N> {
    /// Length and state only: the bytes belong to their taker.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = self.taken.load(Ordering::Relaxed);
        f.debug_struct("StaticBuffer").field("len", &N).field("taken", &taken).finish()
    }
}
