//! File regions: a file's bytes as memory, changed in place (`.region.unsafe`).
//!
//! [`FileRegion`] maps a whole file and owns descriptor, mapping and length. What is written into a shared one
//! is in the file at once for every other process, and on the disk when the kernel writes it back or
//! [`flush`](FileRegion::flush) makes it: only pages that were modified. What it does not do: read streams, or
//! protect from others who write to the file (that is [`Input::read`](crate::Input::read)'s business, by copying).
//!
//! ```text
//!  mapping (page-aligned)                len                 mapping + mapped
//!  │ the file's bytes                     │ zeroes, never written │
//! ```

use crate::bytes::Bytes;
use crate::error::{Call, Error, Reason};
use crate::input::PathBytes;
use crate::sys::{self, Access, Advice, Creation, Kind, OpenFile, Sharing};
use core::fmt;
use core::ops::RangeBounds;
use core::ptr::NonNull;

/// A file's bytes as memory: written in place, written back page by page as modified.
///
/// *Units*: bytes; the length is the file's to the byte. *Alignment*: a page. *Cost*: opening costs three system
/// calls whatever the size; a page of the file is read at its first touch, and only modified ones are written.
/// The kernel writes back whole *folios* of its page cache: the 4 KiB page where the file was written or faulted
/// in such pieces, up to 1 MiB where it was written in larger ones. *Threads*: `Send` and `Sync`, as a `Box<[u8]>`
/// is. *Fork*: the child has the same bytes (a private region: a copy).
///
/// The constructors are `unsafe` because a file is not one's own: whoever else may open it can change bytes that
/// a slice promises to be still, or cut them off, after which a touch ends the process (SIGBUS).
///
/// ```
/// # let path = std::env::temp_dir().join(format!("region-doc-{}", std::process::id()));
/// # let path = path.to_str().unwrap();
/// // SAFETY: the file is this program's own, and nobody else opens it.
/// let mut file = unsafe { region::FileRegion::create(path, 1 << 20) }?;
/// file.as_mut_slice()[..5].copy_from_slice(b"hello");
/// file.flush()?;                                   // one page goes to the disk
/// assert_eq!(&std::fs::read(path)?[..6], b"hello\0");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Invariants
/// - `mapping..mapping + mapped` is one mapping of `file` from its start that this value owns alone; `mapped` is
///   `len` rounded up to whole pages, or more where the system did not take the rest back, and neither is 0.
/// - All of it up to `len` is readable, and writable unless `access` says otherwise.
pub struct FileRegion {
    mapping: NonNull<u8>,
    mapped: usize,
    len: usize,
    access: Access,
    sharing: Sharing,
    file: OpenFile,
}

/// What a file that exists is opened for.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    /// Writing in place.
    Write,
    /// Reading.
    Read,
    /// Writing to a copy of the pages that are written.
    WriteToCopy,
}

// SAFETY: a file region owns its mapping as a `Box<[u8]>` does; no state is tied to the thread that made it.
unsafe impl Send for FileRegion {}
// SAFETY: through a shared reference the bytes can only be read or written back; every change takes `&mut self`.
unsafe impl Sync for FileRegion {}

impl FileRegion {
    /// Makes a file of `len` zeroes, in place of whatever had the path, and maps it for writing.
    ///
    /// The zeroes take no disk: a place is found for each page when it is written back, and where the disk is full
    /// then, the touch ends the process (SIGBUS). [`allocate`](Self::allocate) finds the places beforehand.
    ///
    /// # Errors
    /// When `len` is 0 or exceeds `isize::MAX`; when the file cannot be made, grown or mapped.
    ///
    /// # Safety
    /// As long as the value lives, nobody makes the file shorter, and nobody else writes to a part of it that a
    /// slice of this value is borrowed of.
    pub unsafe fn create(path: impl PathBytes, len: usize) -> Result<Self, Error> {
        // SAFETY: the caller's promise.
        unsafe { Self::create_by(len, || sys::open_writable(path.path_bytes(), Creation::Fresh)) }
    }

    /// Maps a new file for writing, however it is opened.
    ///
    /// # Safety
    /// As for `create`.
    pub(crate) unsafe fn create_by(len: usize, open: impl FnOnce() -> Result<OpenFile, Error>) -> Result<Self, Error> {
        let refuse = |reason| Err(Error::new(Call::MapFile, reason, len));
        // Before what has the path is emptied.
        match sys::page_align_up(len) {
            None => return refuse(Reason::TooLarge),
            Some(0) => return refuse(Reason::Empty),
            Some(_) => {}
        }
        let file = open()?;
        sys::resize(file.borrow(), len)?;
        // SAFETY: the caller's promise.
        unsafe { Self::map(file, len, Access::ReadWrite, Sharing::Shared) }
    }

    /// Maps a file for writing: what is written is the file's.
    ///
    /// # Errors
    /// When the file cannot be opened for reading and writing or cannot be mapped, or is empty.
    ///
    /// # Safety
    /// As for [`create`](Self::create).
    pub unsafe fn open(path: impl PathBytes) -> Result<Self, Error> {
        let file = sys::open_writable(path.path_bytes(), Creation::Existing)?;
        // SAFETY: the caller's promise.
        unsafe { Self::of(file, Use::Write) }
    }

    /// Maps a file for reading. [`as_mut_slice`](Self::as_mut_slice) is empty.
    ///
    /// # Errors
    /// When the file cannot be opened or mapped, or is empty.
    ///
    /// # Safety
    /// As for [`create`](Self::create).
    pub unsafe fn open_read_only(path: impl PathBytes) -> Result<Self, Error> {
        let file = sys::open(path.path_bytes())?;
        // SAFETY: the caller's promise.
        unsafe { Self::of(file, Use::Read) }
    }

    /// Maps a file for writing to a copy: a page that is written becomes this process's own, and the file stays as
    /// it is. [`resize`](Self::resize) and the flushes are refused or do nothing.
    ///
    /// # Errors
    /// When the file cannot be opened or mapped, or is empty.
    ///
    /// # Safety
    /// As for [`create`](Self::create): pages that were not written yet are still the file's, and a page beyond the
    /// end of a file that was cut is gone even if it was written.
    pub unsafe fn open_private(path: impl PathBytes) -> Result<Self, Error> {
        let file = sys::open(path.path_bytes())?;
        // SAFETY: the caller's promise.
        unsafe { Self::of(file, Use::WriteToCopy) }
    }

    /// Maps a file that was opened for the purpose, whole.
    ///
    /// # Safety
    /// As for `create`.
    pub(crate) unsafe fn of(file: OpenFile, purpose: Use) -> Result<Self, Error> {
        let (access, sharing) = match purpose {
            Use::Write => (Access::ReadWrite, Sharing::Shared),
            Use::Read => (Access::Read, Sharing::Shared),
            Use::WriteToCopy => (Access::ReadWrite, Sharing::Private),
        };
        let refuse = |reason| Err(Error::new(Call::MapFile, reason, 0));
        let len = match sys::kind(file.borrow())? {
            Kind::Regular(0) => return refuse(Reason::Empty),
            Kind::Regular(size) => usize::try_from(size).unwrap_or(usize::MAX),
            Kind::Directory => return refuse(Reason::Directory),
            // Without a size there is no mapping; the kernel says so in its own word.
            Kind::Pipe | Kind::Other => sys::page_size(),
        };
        // SAFETY: the caller's promise.
        unsafe { Self::map(file, len, access, sharing) }
    }

    /// # Safety
    /// As for `create`; the file has `len` bytes, not 0.
    unsafe fn map(file: OpenFile, len: usize, access: Access, sharing: Sharing) -> Result<Self, Error> {
        let mapped = sys::page_align_up(len).ok_or(Error::new(Call::MapFile, Reason::TooLarge, len))?;
        let mapping = sys::map_file(file.borrow(), 0, mapped, access, sharing)?;
        Ok(FileRegion { mapping, mapped, len, access, sharing, file })
    }

    /// Bytes of the file.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Always false: an empty file cannot be mapped. Here because `len` is.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The file's first byte. Valid for `len()` bytes, until the region is resized or dropped.
    pub const fn as_ptr(&self) -> *const u8 {
        self.mapping.as_ptr()
    }

    /// The file's first byte, for writing where the region is writable.
    pub const fn as_mut_ptr(&mut self) -> *mut u8 {
        self.mapping.as_ptr()
    }

    /// The file's bytes.
    pub const fn as_slice(&self) -> &[u8] {
        // SAFETY: `len` bytes of the mapping are readable and are the file's, which stays that long and still by
        // the promise of whoever made this value; changes through it take `&mut self`.
        unsafe { core::slice::from_raw_parts(self.mapping.as_ptr(), self.len) }
    }

    /// The file's bytes, for writing; none of them where the region is read-only.
    pub const fn as_mut_slice(&mut self) -> &mut [u8] {
        let writable = if matches!(self.access, Access::ReadWrite) { self.len } else { 0 };
        // SAFETY: as above, writable, and `&mut self` makes this the only way to them in this process.
        unsafe { core::slice::from_raw_parts_mut(self.mapping.as_ptr(), writable) }
    }

    /// Makes the file and the region `len` bytes long; what is new is zero. The bytes may move to another address.
    ///
    /// *Cost*: two system calls; nothing is copied (`ftruncate(2)`, `mremap(2)`). Where parts were advised, the file is
    /// mapped anew, and what was advised is forgotten.
    ///
    /// # Errors
    /// When `len` is 0 or exceeds `isize::MAX`, the region is private or read-only, or the system refuses. The region
    /// is as it was, at its address, and so is the file; only one that could be made longer, but then neither mapped nor
    /// cut again, has more zeroes at its end.
    ///
    /// ```
    /// # let path = std::env::temp_dir().join(format!("region-doc-resize-{}", std::process::id()));
    /// # let path = path.to_str().unwrap();
    /// // SAFETY: the file is this program's own, and nobody else opens it.
    /// let mut log = unsafe { region::FileRegion::create(path, 4) }?;
    /// log.as_mut_slice().copy_from_slice(b"one\n");
    /// log.resize(1 << 20)?;
    /// log.as_mut_slice()[4..8].copy_from_slice(b"two\n");
    /// log.resize(8)?;
    /// assert_eq!(std::fs::read(path)?, b"one\ntwo\n");
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resize(&mut self, len: usize) -> Result<(), Error> {
        let refuse = |reason| Error::new(Call::Resize, reason, len);
        if len == 0 {
            return Err(refuse(Reason::Empty));
        }
        let mapped = sys::page_align_up(len).ok_or(refuse(Reason::TooLarge))?;
        if self.sharing == Sharing::Private || self.access != Access::ReadWrite {
            return Err(refuse(Reason::NotShared));
        }
        // The file first: a refusal then has changed nothing, and the mapping has not moved.
        sys::resize(self.file.borrow(), len)?;
        match self.remap(mapped) {
            Err(error) if len > self.len => {
                // A file that was just grown can be cut again; should it not, it is longer and nothing is lost.
                let _ = sys::resize(self.file.borrow(), self.len);
                return Err(error);
            }
            // What stays mapped behind the file's end is addresses that no slice reaches, and goes with the rest.
            _ => self.len = len,
        }
        Ok(())
    }

    /// Maps `mapped` bytes of the file in place of those that are mapped.
    fn remap(&mut self, mapped: usize) -> Result<(), Error> {
        if mapped == self.mapped {
            return Ok(());
        }
        // SAFETY: the mapping is this value's alone and whole (invariant), and `&mut self` proves that nobody
        // holds a slice of it.
        self.mapping = match unsafe { sys::remap_file(self.mapping, self.mapped, mapped) } {
            Ok(mapping) => mapping,
            // What was written is the file's, so another mapping shows the same bytes.
            Err(error) if sys::is_in_parts(&error) => {
                let mapping = sys::map_file(self.file.borrow(), 0, mapped, self.access, self.sharing)?;
                // SAFETY: as above; it is given up, whole. An error loses address space and nothing else.
                let _ = unsafe { sys::unmap(self.mapping, self.mapped) };
                mapping
            }
            Err(error) => return Err(error),
        };
        self.mapped = mapped;
        Ok(())
    }

    /// Finds a place on the disk for every byte, so that no later write can fail for want of room. `fallocate(2)`.
    ///
    /// # Errors
    /// When the disk is full (ENOSPC), or the file system cannot do it (EOPNOTSUPP).
    pub fn allocate(&self) -> Result<(), Error> {
        sys::allocate(self.file.borrow(), self.len)
    }

    /// Writes what was modified to the disk, and returns when it is there.
    ///
    /// # Errors
    /// When the device or the file system failed (EIO, ENOSPC). What reached the disk is not known then.
    pub fn flush(&self) -> Result<(), Error> {
        self.sync(0, self.len, true)
    }

    /// Writes what was modified in `range`, in bytes, to the disk, and returns when it is there. Pages that lie
    /// partly in the range are written whole.
    ///
    /// # Errors
    /// As [`flush`](Self::flush), or when the range reaches outside the file.
    pub fn flush_range(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        let (start, end) = self.bytes_of(range, Call::Sync)?;
        self.sync(start, end, true)
    }

    /// Asks for what was modified to be written, and returns at once.
    ///
    /// Linux writes modified pages back by itself within half a minute (`vm.dirty_expire_centisecs`) and takes this
    /// as no more than a check of the range; [`flush`](Self::flush) is the call that means something there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn flush_async(&self) -> Result<(), Error> {
        self.sync(0, self.len, false)
    }

    /// Tells the kernel how `range`, in bytes, is going to be used; never changes content. Pages that lie partly in
    /// the range count as in it.
    ///
    /// # Errors
    /// When the range reaches outside the file, or the kernel does not know the advice for files (EINVAL).
    pub fn advise(&self, range: impl RangeBounds<usize>, advice: Advice) -> Result<(), Error> {
        let (start, end) = self.bytes_of(range, Call::Advise)?;
        let from = start & !(sys::page_size() - 1);
        if start == end {
            return Ok(());
        }
        // SAFETY: `from..end` lies inside the mapping that this value owns.
        unsafe { sys::advise(self.mapping.add(from), end - from, advice) }
    }

    /// Writes back the pages that `start..end` touches.
    fn sync(&self, start: usize, end: usize, wait: bool) -> Result<(), Error> {
        let from = start & !(sys::page_size() - 1);
        if start == end {
            return Ok(());
        }
        // SAFETY: `from..end` lies inside the mapping that this value owns.
        unsafe { sys::sync(self.mapping.add(from), end - from, wait) }
    }

    /// The range as its first byte and the one behind its last, if it lies inside the file.
    fn bytes_of(&self, range: impl RangeBounds<usize>, call: Call) -> Result<(usize, usize), Error> {
        let bad = |size| Error::new(call, Reason::OutsideFile, size);
        let (start, end) = super::bounds(range, self.len);
        if start > end || end > self.len {
            return Err(bad(end.saturating_sub(start)));
        }
        Ok((start, end))
    }
}

impl Drop for FileRegion {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's alone (its invariant), whole, and `drop` runs once. An error
        // loses address space and nothing else: what was written is the file's already.
        let _ = unsafe { sys::unmap(self.mapping, self.mapped) };
    }
}

impl fmt::Debug for FileRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileRegion")
            .field("base", &self.mapping)
            .field("len", &format_args!("{}", Bytes(self.len)))
            .field("access", &self.access)
            .field("sharing", &self.sharing)
            .finish()
    }
}
