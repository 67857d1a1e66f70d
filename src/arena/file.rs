//! An arena whose memory is a file: values are built once, and the file can be opened again.
//!
//! The file begins with a header, values follow as they are allocated, and the end of the file is the end of the
//! values. Addresses change from one opening to the next, so values refer to each other by *offsets* from the
//! file's start. The bytes of a file are not checked to be values of a type: that is the `unsafe` of
//! [`FileArena::get`]. Two processes cannot allocate in one file at once.
//!
//! ```text
//!  0        64                       end                     capacity
//!  │ header │ values                 │ free, no disk yet      │       while it is open
//!  └────────┴────────────────────────┘                                when it is closed
//! ```

use super::Arena;
use super::backing::loan::Loan;
use super::backing::{Backing, Block};
use crate::error::{AllocError, Call, Error, Reason};
use crate::region::FileRegion;
use crate::shared::Offset;
use crate::sys::PathBytes;
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;

/// The start of the file.
///
/// Plain integers in the machine's byte order, as the values behind it. In a file from a machine with the other byte
/// order the magic number differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Header {
    magic: u64,
    version: u32,
    /// Alignment of every value, at least.
    min_align: u32,
    /// Where the values end, in bytes from the file's start.
    end: u64,
    /// The offset of the root value, which leads to all others; 0 if none was set.
    root: u64,
    /// For later versions; 0.
    rest: [u64; 4],
}

/// Bytes of the header: a cache line, so that the first value starts one.
const HEADER: usize = 64;
const _: () = assert!(size_of::<Header>() == HEADER);

/// "regionFA", as a number.
const MAGIC: u64 = u64::from_ne_bytes(*b"regionFA");
const VERSION: u32 = 1;
const MIN_ALIGN: usize = 8;

impl Header {
    const fn new() -> Self {
        let (end, root, rest) = (HEADER as u64, 0, [0; 4]);
        Header { magic: MAGIC, version: VERSION, min_align: MIN_ALIGN as u32, end, root, rest }
    }

    /// Whether a file of `len` bytes can have this header.
    const fn fits(&self, len: usize) -> bool {
        let known = self.magic == MAGIC && self.version == VERSION && self.min_align == MIN_ALIGN as u32;
        let whole = HEADER as u64 <= self.end && self.end <= len as u64 && self.end % MIN_ALIGN as u64 == 0;
        // The root may lie at the end if it has no bytes, as an empty slice.
        known && whole && self.root <= self.end
    }
}

/// Where a range of `len` bytes at `offset` ends, if it lies in the values that end at `end`, aligned.
const fn range_of(offset: u64, len: usize, align: usize, end: u64) -> Option<u64> {
    match offset.checked_add(len as u64) {
        Some(last) if offset >= HEADER as u64 && last <= end && offset % align as u64 == 0 => Some(last),
        _ => None,
    }
}

/// An [`Arena`] in a file, for structures that are built once and opened again.
///
/// Has all the allocating methods of [`Arena`]. Values must not hold addresses, as the file is mapped elsewhere at the
/// next opening. They hold offsets from [`offset_of`](Self::offset_of), and [`get`](Self::get) gives the value.
///
/// *Cost*: as a [`FileRegion`]'s; capacity that is not used takes no disk. *Threads*: `Send`. *Processes*: one at a
/// time. *Fork*: the arena stays the parent's; a child may read, and its flush is refused and its drop does nothing to
/// the file. *Crash*: what was allocated since the last [`flush`](Self::flush) may be lost, the rest is found.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("region-doc-arena-{}", std::process::id()));
/// # let path = path.to_str().unwrap();
/// use region::FileArena;
/// use region::shared::Offset;
///
/// #[repr(C)]
/// struct Entry { value: u64, next: Option<Offset<Entry>> }
///
/// // SAFETY: the file is this program's own, and nobody else opens it.
/// let mut list = unsafe { FileArena::create(path, 1 << 30) }?;
/// for value in 0..3 {
///     let entry = list.alloc(Entry { value, next: list.root() });
///     let entry = list.offset_of(entry);
///     list.set_root(entry);
/// }
/// drop(list);
///
/// // SAFETY: the file is this program's own, nobody else opens it, and entries are what was put there.
/// let list = unsafe { FileArena::open(path, 0) }?;
/// let (mut at, mut values) = (list.root::<Entry>(), vec![]);
/// while let Some(entry) = at.and_then(|at| unsafe { list.get(at) }) {
///     values.push(entry.value);
///     at = entry.next;
/// }
/// assert_eq!(values, [2, 1, 0]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FileArena {
    arena: Arena<MIN_ALIGN, FileBacking>,
    root: u64,
}

impl FileArena {
    /// Makes a file for an arena, for `capacity` bytes of values. A file that has the path is emptied first.
    ///
    /// # Errors
    /// When the file cannot be made or mapped.
    ///
    /// # Safety
    /// As for [`FileRegion::create`]: as long as the value exists, nothing else writes to the file or makes it shorter.
    /// That includes a forked child: it neither allocates nor changes values.
    pub unsafe fn create(path: impl PathBytes, capacity: usize) -> Result<Self, Error> {
        let len = capacity.checked_add(HEADER).ok_or(Error::new(Call::Resize, Reason::TooLarge, capacity))?;
        // SAFETY: the caller's promise.
        let file = unsafe { FileRegion::create(path, len)? };
        let arena = FileArena { arena: Arena::new_in(FileBacking::new(file, HEADER, 0)), root: 0 };
        arena.write_header();
        Ok(arena)
    }

    /// Opens a file in which an arena was built, for `capacity` bytes of values in all; 0 to add none.
    ///
    /// # Errors
    /// When the file cannot be opened or mapped, or its header is not that of a whole arena
    /// ([`Reason::NotAnArena`]).
    ///
    /// # Safety
    /// As for [`create`](Self::create).
    pub unsafe fn open(path: impl PathBytes, capacity: usize) -> Result<Self, Error> {
        // SAFETY: the caller's promise.
        let mut file = unsafe { FileRegion::open(path)? };
        let alien = Error::new(Call::MapFile, Reason::NotAnArena, file.len());
        if file.len() < HEADER {
            return Err(alien);
        }
        // SAFETY: the file has so many bytes, aligned to a page, and every pattern of bits is a header.
        let header = unsafe { file.as_ptr().cast::<Header>().read() };
        if !header.fits(file.len()) {
            return Err(alien);
        }
        let end = header.end as usize;
        let len = capacity.saturating_add(HEADER).max(end);
        if len != file.len() {
            file.resize(len)?;
        }
        // A process that died may have left any bytes behind the end.
        let dirty = len - end;
        Ok(FileArena { arena: Arena::new_in(FileBacking::new(file, end, dirty)), root: header.root })
    }

    /// The offset of a value of this arena; nothing for other values.
    pub fn offset_of<T>(&self, value: &T) -> Option<Offset<T>> {
        self.offset_of_slice(core::slice::from_ref(value))
    }

    /// The offset of a slice's first value; nothing for slices outside of this arena. The caller must keep the
    /// length.
    pub fn offset_of_slice<T>(&self, values: &[T]) -> Option<Offset<T>> {
        let offset = values.as_ptr().addr().wrapping_sub(self.base().addr().get()) as u64;
        range_of(offset, size_of_val(values), align_of::<T>(), self.end())?;
        Offset::from_raw(offset)
    }

    /// The value at an offset; nothing if it would not lie within the values, aligned.
    ///
    /// # Safety
    /// The bytes there are a `T`: one was allocated at this offset, now or before the file was closed, and its content
    /// is still valid (no addresses). There is no mutable reference to it.
    pub unsafe fn get<T>(&self, offset: Offset<T>) -> Option<&T> {
        // SAFETY: the caller's promise.
        unsafe { self.get_slice(offset, 1) }?.first()
    }

    /// The `len` values from an offset on; nothing if they would not lie within the values, aligned.
    ///
    /// # Safety
    /// As for [`get`](Self::get), of each.
    pub unsafe fn get_slice<T>(&self, offset: Offset<T>, len: usize) -> Option<&[T]> {
        let offset = offset.raw();
        range_of(offset, len.checked_mul(size_of::<T>())?, align_of::<T>(), self.end())?;
        // SAFETY: the range lies within the mapping.
        let first = unsafe { self.base().add(offset as usize) }.cast::<T>();
        // An alignment above a page may hold at one opening and not at the next, which maps the file elsewhere.
        if !first.is_aligned() {
            return None;
        }
        // SAFETY: the range lies within the file's values, aligned for a `T`, and the caller promises that the bytes
        // are `T`s. They stay as long as the arena is borrowed.
        Some(unsafe { core::slice::from_raw_parts(first.as_ptr(), len) })
    }

    /// Sets the root: the value that leads to all others, for those who open the file.
    ///
    /// # Panics
    /// When the offset is none of this arena's.
    #[track_caller]
    pub fn set_root<T>(&mut self, root: Option<Offset<T>>) {
        let offset = root.map_or(0, Offset::raw);
        assert!(offset == 0 || range_of(offset, 0, 1, self.end()).is_some(), "offset {offset} is not in the arena");
        self.root = offset;
    }

    /// What [`set_root`](Self::set_root) was given last, also before the file was closed. Whether it is a `T` is
    /// checked only when it is [used](Self::get).
    pub const fn root<T>(&self) -> Option<Offset<T>> {
        Offset::from_raw(self.root)
    }

    /// Where the values end, in bytes from the file's start: how long the file will be when it is closed.
    pub fn end(&self) -> u64 {
        // Not by asking whether the backing has given its block: other code may have taken it, and then the arena has
        // none.
        match self.arena.block.get() {
            Some(_) => (self.arena.cur.get().addr() - self.base().addr().get()) as u64,
            None => self.arena.backing().from as u64,
        }
    }

    /// Writes all values to the disk, then the header, and returns when they are there.
    ///
    /// # Errors
    /// As [`FileRegion::flush`]; in a forked child of the process that opened the file, which may have gone on since
    /// ([`Reason::NotOpener`]).
    pub fn flush(&self) -> Result<(), Error> {
        let file = &self.arena.backing().file;
        if !file.is_openers() {
            return Err(Error::new(Call::Sync, Reason::NotOpener, file.len()));
        }
        file.flush_range(..self.end() as usize)?;
        self.write_header();
        file.flush_range(..HEADER)
    }

    fn base(&self) -> NonNull<u8> {
        self.arena.backing().base
    }

    fn write_header(&self) {
        let header = Header { end: self.end(), root: self.root, ..Header::new() };
        // SAFETY: the header's bytes are the arena's own, writable, aligned to a page, and no value lies there.
        unsafe { self.base().cast::<Header>().write(header) };
    }
}

impl Deref for FileArena {
    type Target = Arena<MIN_ALIGN, FileBacking>;

    fn deref(&self) -> &Self::Target {
        &self.arena
    }
}

impl Drop for FileArena {
    fn drop(&mut self) {
        let backing = self.arena.backing();
        // A forked child must not write the header: its parent may have allocated since.
        if backing.file.is_openers() {
            self.write_header();
            backing.end.set(self.end() as usize);
        }
    }
}

impl fmt::Debug for FileArena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileArena")
            .field("end", &self.end())
            .field("root", &self.root)
            .field("file", &self.arena.backing().file)
            .finish()
    }
}

/// A file as an arena's memory, from behind what it holds to its end. The [`Backing`] of a [`FileArena`].
#[derive(Debug)]
pub struct FileBacking {
    /// The loan of the bytes from `from` on. First, so that it ends before the file's mapping does.
    loan: Loan,
    file: FileRegion,
    /// The file's first byte.
    base: NonNull<u8>,
    /// Where the memory for new values starts, in bytes from the file's start; a multiple of `MIN_ALIGN`.
    from: usize,
    /// The file's length after it is closed.
    end: Cell<usize>,
}

// SAFETY: the file region is owned and its pointer leads into it; the block of it moves with the arena that has the
// backing.
unsafe impl Send for FileBacking {}

impl FileBacking {
    fn new(mut file: FileRegion, from: usize, dirty: usize) -> Self {
        // SAFETY: a mapping's first byte is never at address 0.
        let base = unsafe { NonNull::new_unchecked(file.as_mut_ptr()) };
        let end = Cell::new(file.len());
        FileBacking { file, base, from, loan: Loan::new(dirty), end }
    }
}

// SAFETY: the file region is owned, writable (`FileArena` makes no other), and not resized before it is dropped. The
// bytes behind `from` go out as one block at a time (`loan`), and nothing else reaches them. A file's new bytes are
// zero, and old ones count as dirty. The makers of a `FileArena` promise that others do not change the file.
unsafe impl Backing for FileBacking {
    fn acquire(&self, layout: Layout, _previous: usize) -> Result<Block, AllocError> {
        let room = self.file.len() - self.from;
        // SAFETY: `from` is not behind the end of the mapping.
        let start = unsafe { self.base.add(self.from) };
        self.loan.take(layout, start, room, room)
    }

    unsafe fn commit(&self, _block: &mut Block, _need: usize) -> Result<(), AllocError> {
        // All of it is usable from the start.
        Ok(())
    }

    unsafe fn decommit(&self, _block: &mut Block, _keep: usize) {}

    unsafe fn release(&self, block: &Block) {
        self.loan.give_back(block);
    }
}

impl Drop for FileBacking {
    fn drop(&mut self) {
        // Unused bytes are cut off, by the process that opened the file; a forked child is refused. If that fails, the
        // header still says where the values end.
        let _ = self.file.resize(self.end.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_lie_are_not_taken() {
        let good = Header { end: 1000, root: 64, ..Header::new() };
        assert!(good.fits(1000) && good.fits(5000) && Header::new().fits(HEADER));
        assert!(Header { root: 1000, ..good }.fits(1000));
        let bad = [
            Header { magic: MAGIC.swap_bytes(), ..good },
            Header { version: 2, ..good },
            Header { min_align: 16, ..good },
            Header { end: 1001, ..good },
            Header { end: u64::MAX, ..good },
            Header { end: 56, ..good },
            Header { end: 999, ..good },
            Header { root: 1001, ..good },
        ];
        assert!(bad.iter().all(|header| !header.fits(1000)));
    }

    #[test]
    fn ranges_outside_of_the_values_lead_nowhere() {
        assert_eq!(range_of(64, 8, 8, 72), Some(72));
        assert_eq!(range_of(72, 0, 8, 72), Some(72));
        for (offset, len, align) in [(0, 8, 8), (56, 8, 8), (65, 4, 4), (64, 9, 1), (u64::MAX, 1, 1), (72, 1, 1)] {
            assert_eq!(range_of(offset, len, align, 72), None, "{offset} {len} {align}");
        }
    }
}
