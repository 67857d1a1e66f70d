//! A mapping that other processes have, too.
//!
//! [`SharedRegion`] owns its addresses, not its bytes. All processes that have the bytes mapped share them, and the
//! last one to unmap them returns them to the system. So it never gives out a slice of plain bytes, and its drop unmaps
//! and does nothing else.

use super::WORD;
#[cfg(target_os = "linux")]
use super::error::{SharedError, SharedReason};
use crate::bytes::Bytes;
use crate::error::{Call, Error, Reason};
use crate::sync::AtomicU64;
use crate::sys::{self, Access, Fd, MapRequest, OpenFile, Sharing};
#[cfg(target_os = "linux")]
use core::ffi::CStr;
use core::fmt;
use core::ptr::NonNull;

/// Memory that several processes have at once, zeroed, in RAM as touched, given back with the last of them.
///
/// *Who has it*: of [`anonymous`](Self::anonymous) memory, this process and the children that it forks
/// afterwards; of [`sealed`](Self::sealed) memory, also whoever gets its descriptor (over a Unix socket with
/// `SCM_RIGHTS`, or by inheritance) and [opens](Self::open) it. Each has it at an address of its own.
///
/// *Units*: bytes, rounded up to whole pages. *Cost*: one `mmap`; with a descriptor three calls more. *Threads*:
/// `Send` and `Sync`. *What is safe*: [`words`](Self::words) are atomic; anything else is reached through
/// [`as_ptr`](Self::as_ptr) under an agreement of the processes' own.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// use std::sync::atomic::Ordering;
/// let region = region::shared::SharedRegion::anonymous(4096)?;
/// // A child that is forked here counts in the same word.
/// region.words()[0].fetch_add(1, Ordering::Relaxed);
/// assert_eq!(region.words()[0].load(Ordering::Relaxed), 1);
/// # Ok::<(), region::Error>(())
/// ```
// Invariants:
// - `base..base + len`, to the end of its last page, is one mapping, shared, readable and writable, that this
//   value unmaps once. `base` is the start of a page.
// - Touching it does not fault: it is anonymous, or its size is sealed against shrinking.
pub struct SharedRegion {
    base: NonNull<u8>,
    len: usize,
    /// For memory that was made with one. A descriptor that was passed in is not kept.
    file: Option<OpenFile>,
}

// SAFETY: a mapping is the process's, not a thread's, and the descriptor's number is too.
unsafe impl Send for SharedRegion {}
// SAFETY: through a shared reference the bytes are reached atomically, or by the caller's own `unsafe`.
unsafe impl Sync for SharedRegion {}

impl SharedRegion {
    /// Maps `len` bytes that children forked from now on share. `mmap(2)`, `MAP_SHARED | MAP_ANONYMOUS`.
    ///
    /// # Errors
    /// When `len` is 0 or exceeds `isize::MAX`, or the system refuses: the whole length counts against the
    /// commit limit.
    pub fn anonymous(len: usize) -> Result<Self, Error> {
        let len = whole_pages(len)?;
        let access = Access::ReadWrite;
        let base =
            sys::map(MapRequest { len, huge: None, access, sharing: Sharing::Shared, charge: true, populate: false })?;
        Ok(SharedRegion { base, len, file: None })
    }

    /// Maps `len` bytes of memory that has a [`descriptor`](Self::descriptor), called `name` in
    /// `/proc/PID/maps` and `/proc/PID/fd`. Its size is sealed for ever. `memfd_create(2)`; Linux only.
    ///
    /// RAM counts as it is touched, so a touch may fail where the system has none left (the out-of-memory
    /// killer).
    ///
    /// # Errors
    /// As [`anonymous`](Self::anonymous); when the name has more than 249 bytes; when too many files are open.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let made = region::shared::SharedRegion::sealed(1 << 20, c"counters")?;
    /// let seen = region::shared::SharedRegion::open(made.descriptor().unwrap())?;      // in another process, usually
    /// made.words()[5].store(7, std::sync::atomic::Ordering::Relaxed);
    /// assert_eq!(seen.words()[5].load(std::sync::atomic::Ordering::Relaxed), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(target_os = "linux")]
    pub fn sealed(len: usize, name: &CStr) -> Result<Self, Error> {
        let len = whole_pages(len)?;
        let file = sys::memfd(name)?;
        sys::resize(file.borrow(), len)?;
        sys::seal_size(file.borrow())?;
        let base = sys::map_shared(file.borrow(), len)?;
        Ok(SharedRegion { base, len, file: Some(file) })
    }

    /// Maps memory that another process made, all of it. The descriptor is not needed afterwards. Linux only.
    ///
    /// Whoever made it may be hostile: what cannot be touched safely is refused. The bytes are whatever others
    /// wrote, and may change at any time.
    ///
    /// # Errors
    /// When the descriptor is no memory (`memfd_create(2)`), when its size is not sealed against shrinking,
    /// when it is made of huge pages, empty, or not open for reading and writing.
    #[cfg(target_os = "linux")]
    pub fn open<'f>(fd: impl Into<Fd<'f>>) -> Result<Self, SharedError> {
        let fd = sys::descriptor(fd.into(), Call::Seal)?;
        let sealed = sys::sealed(fd)?.ok_or(SharedError::new(SharedReason::NotMemory))?;
        if sealed.huge {
            return Err(SharedError::new(SharedReason::HugePages));
        }
        if !sealed.shrink {
            return Err(SharedError::new(SharedReason::Unsealed));
        }
        if sealed.size == 0 {
            return Err(SharedError::new(SharedReason::TooSmall(0)));
        }
        // To the byte: what lies behind the end in its last page is there, but is cleared when the file grows.
        let len = usize::try_from(sealed.size).ok().filter(|&len| len <= isize::MAX as usize);
        let len = len.ok_or(SharedError::new(SharedReason::TooLarge(sealed.size)))?;
        let base = sys::map_shared(fd, len)?;
        Ok(SharedRegion { base, len, file: None })
    }

    /// Bytes of the region: whole pages where it was made, the file's size where it was opened.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Always false: a region holds at least one byte. Here because `len` is.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first byte, valid for reading and writing of `len()` bytes until the region is dropped.
    ///
    /// Other processes read and write them at any time. A reference or a plain access is sound only where all
    /// of them agreed on who does what when, and none of them can be hostile.
    pub const fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// All of it as atomic words, the same that the other processes see; a part of a word at the end is left out.
    pub const fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, readable and writable for `len` bytes as long as `self` lives (the
        // invariant), any bits are a value of an atomic word, and nothing in this library reaches the memory
        // in another way.
        unsafe { core::slice::from_raw_parts(self.base.as_ptr().cast(), self.len / WORD) }
    }

    /// The memory's descriptor, if it was made [with one](Self::sealed) by this process. Closed at `exec` and
    /// when the region is dropped.
    pub fn descriptor(&self) -> Option<Fd<'_>> {
        self.file.as_ref().map(OpenFile::as_fd)
    }

    /// Bytes of the region that are in RAM now, whoever touched them, by `mincore(2)`; one call per 4 MiB. All of them
    /// where the kernel does not say (some sandboxes); [`try_resident`](Self::try_resident) says so.
    pub fn resident(&self) -> usize {
        self.try_resident().unwrap_or(self.len)
    }

    /// As [`resident`](Self::resident).
    ///
    /// # Errors
    /// When the kernel refuses (ENOSYS in some sandboxes).
    pub fn try_resident(&self) -> Result<usize, Error> {
        sys::resident_bytes(self.base, self.len)
    }
}

/// `len` in whole pages, if a mapping can have so many.
fn whole_pages(len: usize) -> Result<usize, Error> {
    match sys::page_align_up(len) {
        Some(0) => Err(Error::new(Call::Map, Reason::Empty, 0)),
        Some(len) => Ok(len),
        None => Err(Error::new(Call::Map, Reason::TooLarge, len)),
    }
}

impl Drop for SharedRegion {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's (the invariant), whole, and `drop` runs once. Should the kernel
        // refuse, the addresses stay taken; the bytes are not ours to give up, others may be using them.
        let _ = unsafe { sys::unmap(self.base, self.len) };
    }
}

impl fmt::Debug for SharedRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRegion")
            .field("base", &self.base)
            .field("len", &format_args!("{}", Bytes(self.len)))
            .field("descriptor", &self.descriptor().map(Fd::as_raw))
            .finish()
    }
}
