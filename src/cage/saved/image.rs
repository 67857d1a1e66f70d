//! What a saved tree is as bytes: a header, values in the order of the walk, and the list of those that are shared.
//!
//! ```text
//!  0        64                                        end        len
//!  │ header │ root │ values, links and text among them │ shared │
//! ```
//!
//! Plain numbers in the machine's order of bytes, as the values are. A link's number is the one that it has when the image
//! lies at its *place* in the cage, which the header names; [`ground`](super::ground) puts it there.

use super::error::SavedReason;
use super::types::mixed;
use crate::bump::round_up;
use crate::error::{Call, Error, Reason};
use crate::policy::CAGE_UNIT;
use crate::sys::{self, Creation, OpenFile, PathBytes};
use crate::typed::RegionVec;
use core::fmt;
use core::ops::Deref;

/// Bytes of the header: a cache line.
pub(super) const HEADER: usize = 64;

/// "regionCT", as a number.
const MAGIC: u64 = u64::from_ne_bytes(*b"regionCT");

/// Of the header, and of the order in which values lie.
const VERSION: u32 = 1;

/// The alignment of images, and the largest of values in them: the cage's units and pages begin at multiples of it.
pub(super) const ALIGN: usize = 4096;

/// The start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Header {
    magic: u64,
    version: u32,
    /// Log of the bytes that a link's number counts.
    scale: u32,
    /// What the root is made of.
    fingerprint: [u64; 2],
    /// The number of the file's first byte, where its place is.
    pub first: u32,
    /// How many numbers the list has.
    pub shared: u32,
    /// Where the values end, in bytes from the file's start.
    pub end: u64,
    /// Bytes of the file.
    pub len: u64,
    /// For later versions; 0.
    rest: u64,
}

const _: () = assert!(size_of::<Header>() == HEADER);
const _: () = assert!(CAGE_UNIT % ALIGN == 0);

/// Most units of an image: a place behind its end, for a value of any alignment, still has a number.
pub(super) const MOST_UNITS: u32 = u32::MAX - ALIGN as u32;

/// A page of an image, so that it is aligned wherever it lies.
#[derive(Clone, Copy)]
#[repr(C, align(4096))]
pub(super) struct Page([u64; ALIGN / size_of::<u64>()]);

impl Page {
    pub(super) const ZERO: Self = Page([0; ALIGN / size_of::<u64>()]);
}

impl Header {
    pub(super) fn new(scale: u32, fingerprint: [u64; 2], first: u32, shared: u32, end: usize) -> Self {
        let end = end as u64;
        let len = list_end(end, shared);
        Header { magic: MAGIC, version: VERSION, scale, fingerprint, first, shared, end, len, rest: 0 }
    }

    /// The same of an image whose first byte has this number.
    pub(super) fn at(self, first: u32) -> Self {
        Header { first, ..self }
    }

    /// The header that these bytes are.
    pub(super) fn read(bytes: &[u8; HEADER]) -> Self {
        // SAFETY: as many bytes as a header, of which any are one.
        unsafe { bytes.as_ptr().cast::<Header>().read_unaligned() }
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8; HEADER] {
        // SAFETY: a header has so many bytes, and no padding.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }

    /// Whether a file of `len` bytes can have this header, and holds a tree of these types, for links of this scale.
    pub(super) fn fits(&self, len: u64, scale: u32, fingerprint: [u64; 2]) -> Result<(), SavedReason> {
        if self.magic != MAGIC {
            return Err(SavedReason::NotATree);
        }
        if self.version != VERSION {
            return Err(SavedReason::Version(self.version));
        }
        if self.scale != scale {
            return Err(1u64.checked_shl(self.scale).map_or(SavedReason::Header, SavedReason::Unit));
        }
        if self.fingerprint != fingerprint {
            return Err(SavedReason::Type);
        }
        // Nothing wraps: an end is compared with the file's before anything is added.
        let whole = self.end >= HEADER as u64 && self.end <= len && list_end(self.end, self.shared) == len;
        let whole = whole && self.end % grain(scale) as u64 == 0;
        let counted = len >> scale <= u64::from(MOST_UNITS) && isize::MAX as u64 > len;
        if !whole || !counted || self.len != len {
            return Err(SavedReason::Length(len));
        }
        // The place is a block's, and all numbers from it on are some of a cage.
        let placed = self.first != 0 && self.first as usize % (CAGE_UNIT >> scale) == 0;
        if !placed || u64::from(self.first) + (len >> scale) > 1 << 32 || self.rest != 0 {
            return Err(SavedReason::Header);
        }
        Ok(())
    }
}

/// What the end of values is a multiple of: whole units, behind which the list is aligned.
pub(super) const fn grain(scale: u32) -> usize {
    if 1 << scale < size_of::<u32>() { size_of::<u32>() } else { 1 << scale }
}

/// Where a list of so many shared values ends, behind values that end at `end`, no more than a file has bytes.
fn list_end(end: u64, shared: u32) -> u64 {
    end.saturating_add(u64::from(shared) * size_of::<u32>() as u64)
}

/// Where an image of these bytes shall lie in cages of `most` bytes: the number of a unit of blocks.
///
/// It depends on the content, so that files mostly have places of their own and the same tree always has the same bytes.
/// The lower eighth is left to arenas, which take the lowest units.
pub(super) fn place(pages: &[Page], len: usize, most: usize) -> Option<usize> {
    let (units, all) = (len.div_ceil(CAGE_UNIT), most / CAGE_UNIT);
    let least = (all / 8).max(1);
    // A tree that leaves no choice lies as high as it can.
    let choices = match all.checked_sub(least + units) {
        Some(more) => more + 1,
        None => return all.checked_sub(units).filter(|&place| place != 0),
    };
    let words = pages.iter().flat_map(|page| &page.0);
    let hash = words.fold(len as u64, |hash, &word| mixed(hash, word, 0x9e37_79b9_7f4a_7c15));
    Some(least + (hash % choices as u64) as usize)
}

/// A saved tree, as bytes: the content of a file, for [`Saved`](super::Saved) to open.
///
/// ```
/// use region::cage::{Cage, Saved, Str32};
/// region::cage! { struct Ast; }
/// region::root! { struct Name = for<'a> Str32<'a, Ast>; }
///
/// let arena = Ast::arena();
/// let image = Saved::<Name, Ast>::image(&Str32::new_in("answer", &arena))?;
/// let bytes: &[u8] = &image;                     // to be sent, or put into a larger file
/// assert_eq!(*Saved::<Name, Ast>::from_bytes(bytes)?.get(), "answer");
/// # Ok::<(), region::cage::SavedError>(())
/// ```
///
/// *Content*: the same tree always has the same bytes; those between values are 0, so nothing else of the process's memory
/// is in it. *Memory*: a mapping of its own, given back with it.
// Invariant: the first `len` bytes of the pages are the image.
pub struct Image {
    pages: RegionVec<Page>,
    len: usize,
}

impl Image {
    pub(super) fn new(pages: RegionVec<Page>, len: usize) -> Self {
        debug_assert!(len <= pages.len() * ALIGN);
        Image { pages, len }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the pages have so many bytes (the invariant), all of them initialized.
        unsafe { core::slice::from_raw_parts(self.pages.as_ptr().cast(), self.len) }
    }

    /// Writes a file that has these bytes and no others, by `open(2)` and `write(2)`. A file that has the path is emptied
    /// first.
    ///
    /// Where others may open the file meanwhile, write it under another name and rename it, as for any file.
    ///
    /// # Errors
    /// When the file cannot be made, or the disk is full. The file may have a part of the bytes then, which no opening
    /// accepts.
    pub fn write(&self, path: impl PathBytes) -> Result<(), Error> {
        let file = sys::open_writable(path.path_bytes(), Creation::Fresh)?;
        self.write_to(&file)
    }

    fn write_to(&self, file: &OpenFile) -> Result<(), Error> {
        sys::write(file.as_fd(), self).map_err(|errno| Error::new(Call::Write, Reason::Os(errno), self.len))
    }

    /// Makes memory that has these bytes and a [descriptor](SealedImage::descriptor), sealed so that neither bytes nor
    /// size can ever change: whoever gets it opens it checked, in place and without a copy. `name` is what it is called in
    /// `/proc/PID/fd`. `memfd_create(2)`; Linux only.
    ///
    /// # Errors
    /// When the name has more than 249 bytes, too many files are open, or the system has no memory.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use region::cage::Saved;
    /// region::cage! { struct Ast; }
    /// region::root! { struct Number = for<'a> u64; }
    ///
    /// let sealed = Saved::<Number, Ast>::image(&42)?.seal(c"tree")?;
    /// let tree = Saved::<Number, Ast>::open_fd(sealed.descriptor())?;       // in another process, usually
    /// assert_eq!(*tree.get(), 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(target_os = "linux")]
    pub fn seal(&self, name: &core::ffi::CStr) -> Result<SealedImage, Error> {
        let file = sys::memfd(name)?;
        self.write_to(&file)?;
        sys::seal_content(file.borrow())?;
        Ok(SealedImage { file })
    }
}

impl Deref for Image {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image").field("len", &self.len).finish_non_exhaustive()
    }
}

/// A saved tree in memory with a descriptor, which nobody can change any more. Made by [`Image::seal`]. The descriptor is
/// closed at `exec` and when this is dropped; the memory stays as long as somebody has it open or mapped.
#[cfg(target_os = "linux")]
pub struct SealedImage {
    file: OpenFile,
}

#[cfg(target_os = "linux")]
impl SealedImage {
    /// The memory's descriptor, for [`Saved::open_fd`](super::Saved::open_fd) in this process or another.
    pub fn descriptor(&self) -> sys::Fd<'_> {
        self.file.as_fd()
    }
}

#[cfg(target_os = "linux")]
impl fmt::Debug for SealedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedImage").field("descriptor", &self.descriptor().as_raw()).finish()
    }
}

/// The pages that so many bytes take.
pub(super) const fn pages_of(bytes: usize) -> usize {
    round_up(bytes, ALIGN) / ALIGN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_lie_are_not_taken() {
        let good = Header::new(3, [1, 2], 8192, 2, 1000);
        assert_eq!((good.len, good.fits(1008, 3, [1, 2])), (1008, Ok(())));
        assert_eq!(Header::read(good.bytes()), good);
        assert_eq!(good.fits(1008, 4, [1, 2]), Err(SavedReason::Unit(8)));
        assert_eq!(good.fits(1008, 3, [1, 3]), Err(SavedReason::Type));
        assert_eq!(good.fits(1007, 3, [1, 2]), Err(SavedReason::Length(1007)));
        assert_eq!(Header { version: 2, ..good }.fits(1008, 3, [1, 2]), Err(SavedReason::Version(2)));
        assert_eq!(Header { magic: MAGIC.swap_bytes(), ..good }.fits(1008, 3, [1, 2]), Err(SavedReason::NotATree));
        assert_eq!(Header { scale: 77, ..good }.fits(1008, 3, [1, 2]), Err(SavedReason::Header));
        for header in [
            Header { first: 0, ..good },
            Header { first: 8191, ..good },
            Header { first: 8192 + 512, ..good },
            Header { rest: 1, ..good },
        ] {
            assert_eq!(header.fits(1008, 3, [1, 2]), Err(SavedReason::Header), "{header:?}");
        }
        // The last place of all is too short for more than a block.
        let (last, block) = (u32::MAX - 8191, CAGE_UNIT);
        assert_eq!(Header::new(3, [1, 2], last, 0, block).fits(block as u64, 3, [1, 2]), Ok(()));
        let longer = Header::new(3, [1, 2], last, 0, block + 8);
        assert_eq!(longer.fits(block as u64 + 8, 3, [1, 2]), Err(SavedReason::Header));
        let bad = [
            Header { end: 1001, ..good },
            Header { end: 56, shared: 238, ..good },
            Header { end: 1004, shared: 1, ..good },
            Header { end: u64::MAX, ..good },
            Header { end: u64::MAX - 8, ..good },
            Header { shared: u32::MAX, ..good },
            Header { len: 1009, ..good },
        ];
        for header in bad {
            assert_eq!(header.fits(1008, 3, [1, 2]), Err(SavedReason::Length(1008)), "{header:?}");
        }
    }

    #[test]
    fn places_lie_in_the_cage_and_not_where_arenas_begin() {
        let (all, unit) = (64 * CAGE_UNIT, CAGE_UNIT);
        for units in 1..64 {
            let mut page = Page::ZERO;
            for salt in 0..50 {
                page.0[7] = salt;
                let place = place(&[page], units * unit, all).unwrap();
                assert!(place >= 1 && place + units <= 64 && (place >= 8 || units > 56), "{place} of {units}");
            }
        }
        assert_eq!(place(&[Page::ZERO], 64 * unit, all), None);
    }
}
