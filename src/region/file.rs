//! File regions: a file's bytes as memory, changed in place (`.region.unsafe`).
//!
//! [`FileRegion`] maps a whole file and owns descriptor, mapping and length. What is written into a shared one
//! is in the file at once for every other process, and on the disk when the kernel writes it back or
//! [`flush`](FileRegion::flush) makes it: only pages that were modified. It does not read streams, and does not
//! protect from others who write to the file: [`Input::read`](crate::Input::read) does, by copying.
//!
//! ```text
//!  mapping (page-aligned)                len                 mapping + mapped
//!  │ the file's bytes                     │ zeroes, never written │
//! ```

use crate::bytes::Bytes;
use crate::error::number::EPERM;
use crate::error::{Call, Error, Reason};
use crate::sys::PathBytes;
use crate::sys::{self, Access, Advice, AtFork, BorrowedFd, Creation, Hint, Kind, OpenFile, Sharing};
use core::fmt;
use core::ops::RangeBounds;
use core::ptr::NonNull;

/// A file's bytes as memory: written in place, written back page by page as modified.
///
/// *Units*: bytes; the length is the file's to the byte. *Alignment*: a page. *Cost*: opening costs four system
/// calls whatever the size; a page of the file is read at its first touch, and only modified ones are written.
/// The kernel writes back whole *folios* of its page cache: the 4 KiB page where the file was written or faulted
/// in such pieces, up to 1 MiB where it was written in larger ones. *Threads*: `Send` and `Sync`, as a `Box<[u8]>`
/// is. *Fork*: the child has the same bytes (a private region: a copy) and cannot [resize](Self::resize) them.
///
/// The constructors are `unsafe` because other programs may open the file. They can change bytes while a slice borrows
/// them, or cut them off, after which a touch ends the process (SIGBUS).
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
pub struct FileRegion {
    // Invariants:
    // - `mapping..mapping + mapped` is one mapping of `file` from its start that this value owns alone. `mapped` is
    //   `len` rounded up to whole pages, or more where the system did not take the rest back. Neither is 0.
    // - All of it up to `len` is readable, and writable unless `access` says otherwise.
    mapping: NonNull<u8>,
    mapped: usize,
    len: usize,
    access: Access,
    sharing: Sharing,
    file: OpenFile,
    /// The process that opened the file. A forked child has a copy of this value over the same bytes.
    opener: u32,
}

/// What an existing file is opened for.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    /// Writing into the file.
    Write,
    /// Reading.
    Read,
    /// Writing into copies of pages.
    WriteToCopy,
}

// SAFETY: a file region owns its mapping as a `Box<[u8]>` does; no state is tied to the thread that made it.
unsafe impl Send for FileRegion {}
// SAFETY: through a shared reference the bytes can only be read or written back; every change takes `&mut self`.
unsafe impl Sync for FileRegion {}

impl FileRegion {
    /// Makes a file of `len` zeroes and maps it for writing. A file that has the path is emptied first.
    ///
    /// The zeroes take no disk. The file system finds a block for each page when it is first touched or written back.
    /// If the disk is full then, the touch ends the process (SIGBUS). [`allocate`](Self::allocate) takes the blocks
    /// beforehand.
    ///
    /// # Errors
    /// When `len` is 0 or exceeds `isize::MAX`; when the file cannot be made, grown or mapped; when the path leads to
    /// no regular file.
    ///
    /// # Safety
    /// As long as the value exists, the file is not made shorter by anyone, and nothing but this value writes to a part
    /// of the file while a slice of that part is borrowed.
    pub unsafe fn create(path: impl PathBytes, len: usize) -> Result<Self, Error> {
        // SAFETY: the caller's promise.
        unsafe { Self::create_by(len, || sys::open_writable(path.path_bytes(), Creation::Fresh)) }
    }

    /// Makes a file by `open`, and maps it for writing.
    ///
    /// # Safety
    /// As for `create`.
    pub(crate) unsafe fn create_by(len: usize, open: impl FnOnce() -> Result<OpenFile, Error>) -> Result<Self, Error> {
        let refuse = |reason| Err(Error::new(Call::MapFile, reason, len));
        // Checked before a file that has the path is emptied.
        match sys::page_align_up(len) {
            None => return refuse(Reason::TooLarge),
            Some(0) => return refuse(Reason::Empty),
            Some(_) => {}
        }
        let file = open()?;
        if let Err(error) = sys::resize(file.borrow(), len) {
            // A file that cannot have a length answers EINVAL; its kind says why.
            return match sys::kind(file.borrow())? {
                Kind::Regular(_) | Kind::BlockDevice => Err(error),
                kind => refuse(without_length(kind)),
            };
        }
        // SAFETY: the caller's promise.
        unsafe { Self::map(file, len, Access::ReadWrite, Sharing::Shared) }
    }

    /// Maps a file for writing: what is written goes to the file.
    ///
    /// # Errors
    /// When the file cannot be opened for reading and writing or cannot be mapped, or is empty; when it is neither a
    /// regular file nor a block device, such as a pipe, a socket or `/dev/zero`, which have no length.
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
    /// As [`open`](Self::open), for reading alone.
    ///
    /// # Safety
    /// As for [`create`](Self::create).
    pub unsafe fn open_read_only(path: impl PathBytes) -> Result<Self, Error> {
        let file = sys::open_to_map(path.path_bytes())?;
        // SAFETY: the caller's promise.
        unsafe { Self::of(file, Use::Read) }
    }

    /// Maps a file for writing to a copy: a page that is written becomes this process's own, and the file does not
    /// change. [`resize`](Self::resize) and the flushes are refused or do nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open), for reading alone.
    ///
    /// # Safety
    /// As for [`create`](Self::create): pages that were not written yet are still the file's, and a page beyond the
    /// end of a file that was cut is gone even if it was written.
    pub unsafe fn open_private(path: impl PathBytes) -> Result<Self, Error> {
        let file = sys::open_to_map(path.path_bytes())?;
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
        let len = length(file.borrow())?;
        if len == 0 {
            return Err(Error::new(Call::MapFile, Reason::EmptyFile, 0));
        }
        // SAFETY: the caller's promise.
        unsafe { Self::map(file, usize::try_from(len).unwrap_or(usize::MAX), access, sharing) }
    }

    /// # Safety
    /// As for `create`; the file has `len` bytes, not 0.
    unsafe fn map(file: OpenFile, len: usize, access: Access, mut sharing: Sharing) -> Result<Self, Error> {
        let mapped = sys::page_align_up(len).ok_or(Error::new(Call::MapFile, Reason::TooLarge, len))?;
        let mut mapping = sys::map_file(file.borrow(), 0, mapped, access, sharing);
        // Before Linux 6.7 a file that is sealed against writing is not mapped shared, not even for reading. Pages of a
        // private mapping that nobody writes are the file's.
        if access == Access::Read && mapping.as_ref().is_err_and(|error| sys::refused_with(error, &[EPERM])) {
            sharing = Sharing::Private;
            mapping = sys::map_file(file.borrow(), 0, mapped, access, sharing);
        }
        let mapping = mapping?;
        Ok(FileRegion { mapping, mapped, len, access, sharing, file, opener: sys::process_id() })
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
        // SAFETY: `len` bytes of the mapping are readable and are the file's. The maker of this value promised that the
        // file stays that long and that others do not write to it; changes through this value take `&mut self`.
        unsafe { core::slice::from_raw_parts(self.mapping.as_ptr(), self.len) }
    }

    /// The file's bytes, for writing; none of them where the region is read-only.
    pub const fn as_mut_slice(&mut self) -> &mut [u8] {
        let writable = if matches!(self.access, Access::ReadWrite) { self.len } else { 0 };
        // SAFETY: `writable` bytes of the mapping may be written and are the file's. The maker of this value promised
        // that the file stays that long and that others do not write to it. Within this value, `&mut self` makes this
        // slice the only access to them.
        unsafe { core::slice::from_raw_parts_mut(self.mapping.as_ptr(), writable) }
    }

    /// Makes the file and the region `len` bytes long. New bytes are zero. The bytes may move to another address.
    ///
    /// *Cost*: two system calls; nothing is copied (`ftruncate(2)`, `mremap(2)`). Where parts were advised, the file is
    /// mapped anew, and what was advised is forgotten.
    ///
    /// # Errors
    /// When `len` is 0 or exceeds `isize::MAX`, the region is private or read-only, the process is a forked child of
    /// the one that opened the file, whose bytes would be cut off ([`Reason::NotOpener`]), or the system refuses. The
    /// region is as it was, at its address, and so is the file. Only if the file was made longer and could then neither
    /// be mapped nor be cut again, it has more zeroes at its end.
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
        if !self.is_openers() {
            return Err(refuse(Reason::NotOpener));
        }
        // The file first: if it is refused, nothing has changed, and the mapping has not moved.
        sys::resize(self.file.borrow(), len)?;
        match self.remap(mapped) {
            Err(error) if len > self.len => {
                // A file that was just grown can be cut again. If that fails, it is longer and nothing is lost.
                let _ = sys::resize(self.file.borrow(), self.len);
                return Err(error);
            }
            // Pages that stay mapped behind the file's end are reached by no slice, and are unmapped with the rest.
            _ => self.len = len,
        }
        Ok(())
    }

    /// Whether this is the process that opened the file, and not a forked child.
    pub(crate) fn is_openers(&self) -> bool {
        self.opener == sys::process_id()
    }

    /// Replaces the mapping by one of `mapped` bytes.
    fn remap(&mut self, mapped: usize) -> Result<(), Error> {
        if mapped == self.mapped {
            return Ok(());
        }
        // SAFETY: the mapping is whole and belongs to this value alone (invariant), and `&mut self` proves that no
        // slice of it is borrowed.
        self.mapping = match unsafe { sys::remap_file(self.mapping, self.mapped, mapped) } {
            Ok(mapping) => mapping,
            // What was written is in the file, so another mapping shows the same bytes.
            Err(error) if sys::is_in_parts(&error) => {
                let mapping = sys::map_file(self.file.borrow(), 0, mapped, self.access, self.sharing)?;
                // SAFETY: the old mapping belongs to this value alone and is given up here, whole; `&mut self` proves
                // that no slice of it is borrowed. An error loses address space and nothing else.
                let _ = unsafe { sys::unmap(self.mapping, self.mapped) };
                mapping
            }
            Err(error) => return Err(error),
        };
        self.mapped = mapped;
        Ok(())
    }

    /// Takes disk blocks for every byte, so that no later write can fail because the disk is full. `fallocate(2)`.
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
    /// Linux writes modified pages back by itself within half a minute (`vm.dirty_expire_centisecs`), and this call
    /// only checks the range there; [`flush`](Self::flush) writes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn flush_async(&self) -> Result<(), Error> {
        self.sync(0, self.len, false)
    }

    /// Says to the kernel how `range`, in bytes, is going to be used; never changes content. Pages that lie partly in
    /// the range count as in it.
    ///
    /// # Errors
    /// When the range reaches outside the file, or the kernel does not know the advice for files (EINVAL).
    pub fn advise(&self, range: impl RangeBounds<usize>, advice: Advice) -> Result<(), Error> {
        // SAFETY: advice changes no content, in this process or another.
        unsafe { self.hint(range, Hint::Use(advice)) }
    }

    /// Says what a child that is forked from now on gets of `range`, in bytes. Pages that lie partly in the range count
    /// as in it.
    ///
    /// # Errors
    /// When the range reaches outside the file, or the kernel cannot do it: it wipes no file (EINVAL).
    ///
    /// # Safety
    /// With [`AtFork::Drop`] a child neither uses nor drops the region: it may map something else at the same
    /// addresses.
    ///
    /// ```
    /// # let path = std::env::temp_dir().join(format!("region-doc-fork-{}", std::process::id()));
    /// # let path = path.to_str().unwrap();
    /// // SAFETY: the file is this program's own, and it forks no child that would use it.
    /// unsafe {
    ///     let file = region::FileRegion::create(path, 1 << 20)?;
    ///     file.set_at_fork(.., region::mapping::AtFork::Drop)?;
    /// }
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub unsafe fn set_at_fork(&self, range: impl RangeBounds<usize>, at_fork: AtFork) -> Result<(), Error> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.hint(range, Hint::AtFork(at_fork)) }
    }

    /// Advice, or what a child gets.
    ///
    /// # Safety
    /// As for [`set_at_fork`](Self::set_at_fork), where that is said.
    pub(crate) unsafe fn hint(&self, range: impl RangeBounds<usize>, hint: Hint) -> Result<(), Error> {
        let (start, end) = self.bytes_of(range, Call::Advise)?;
        let from = start & !(sys::page_size() - 1);
        if start == end {
            return Ok(());
        }
        // SAFETY: `from..end` lies inside the mapping that this value owns. The caller promises that children rely on
        // nothing that they do not get.
        unsafe { sys::hint(self.mapping.add(from), end - from, hint) }
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

/// Bytes of a file that can be mapped.
pub(crate) fn length(file: BorrowedFd<'_>) -> Result<u64, Error> {
    match sys::kind(file)? {
        Kind::Regular(size) => Ok(size),
        Kind::BlockDevice => sys::device_size(file),
        // The kernel would map some of these. They would show zeroes, or end the process at the first touch.
        kind => Err(Error::new(Call::MapFile, without_length(kind), 0)),
    }
}

/// Why a file that has no length is not mapped.
fn without_length(kind: Kind) -> Reason {
    match kind {
        Kind::Directory => Reason::Directory,
        Kind::Pipe => Reason::Pipe,
        Kind::Socket => Reason::Socket,
        Kind::CharacterDevice => Reason::CharacterDevice,
        Kind::Regular(_) | Kind::BlockDevice | Kind::Other => Reason::NoFile,
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
#[path = "file_kinds.rs"]
mod kinds;

impl Drop for FileRegion {
    fn drop(&mut self) {
        // SAFETY: the mapping is whole and belongs to this value alone (its invariant), and `drop` runs once. An error
        // loses address space and nothing else: what was written is in the file already.
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
