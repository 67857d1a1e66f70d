//! Putting a tree into an image: a walk from the root that gives each value the next bytes.
//!
//! The order is that in which [`check`](super::check) looks at values, so that what is saved can be checked. Parts of values
//! are written one by one, over zeroes: no byte between them is copied. A value that several shared links of the tree lead to
//! is written once: its link's number, length and type are found in a table.

use super::check::Target;
use super::error::{SavedReason, Stop};
use super::image::{ALIGN, HEADER, MOST_UNITS, Page, grain, pages_of};
use crate::bump::round_up;
use crate::error::AllocError;
use crate::typed::RegionVec;
use core::any::TypeId;
use core::ptr::NonNull;

/// Values, or a link, that have still to be written.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// Writes them.
    pub save: unsafe fn(Frame, &mut Save) -> Result<(), Stop>,
    /// Where the values are that are written, or led to, and how many.
    pub from: NonNull<u8>,
    pub count: u32,
    /// The link's number in the cage.
    pub number: u32,
    /// Where the values, or the link, are in the image.
    pub to: usize,
}

/// A value that was written, by what led there. No number is 0, so that zeroes are an empty entry.
#[derive(Clone, Copy)]
struct Entry {
    number: u32,
    count: u32,
    to: u32,
    /// The type's place in the list of types, doubled; one more if a second link led there.
    kind: u32,
}

const EMPTY: Entry = Entry { number: 0, count: 0, to: 0, kind: 0 };

/// A walk that writes an image.
#[doc(hidden)]
pub struct Save {
    pages: RegionVec<Page>,
    cursor: usize,
    frames: RegionVec<Frame>,
    types: RegionVec<TypeId>,
    /// The place in that list of the type that was asked for last, as those of one list are asked for one after the other.
    recent: usize,
    /// A hash table: a power of two of entries, or none; at most half of them are full.
    entries: RegionVec<Entry>,
    full: usize,
    wrong: Option<SavedReason>,
}

impl Save {
    pub(super) fn new() -> Self {
        Save {
            pages: RegionVec::new(),
            cursor: HEADER,
            frames: RegionVec::new(),
            types: RegionVec::new(),
            recent: 0,
            entries: RegionVec::new(),
            full: 0,
            wrong: None,
        }
    }

    /// The next bytes for so many values: where they begin.
    pub(super) fn place<T: Target>(&mut self, count: u32) -> Result<usize, Stop> {
        let to = round_up(self.cursor, T::ALIGN.max(1 << T::SCALE));
        let most = (u64::from(MOST_UNITS) << T::SCALE).min(isize::MAX as u64 / 2);
        let end = (T::SIZE as u64).saturating_mul(u64::from(count)).saturating_add(to as u64);
        if end >= most {
            return Err(self.stop(SavedReason::TooLarge));
        }
        self.reach(end as usize)?;
        self.cursor = end as usize;
        Ok(to)
    }

    /// Makes the image so many bytes long, if it is shorter.
    fn reach(&mut self, end: usize) -> Result<(), Stop> {
        let (have, need) = (self.pages.len(), pages_of(end));
        if need <= have {
            return Ok(());
        }
        // By an eighth more, so that each step writes many pages; they are zero when they are new, but not by this vector.
        let answer = self.pages.try_resize(need + need / 8, Page::ZERO);
        answer.map_err(|refused| self.refused(refused))
    }

    /// Where the values of a link of this number are to be written: none if they were before, by another link. Writes
    /// the number that it has in the image at `link`.
    pub(super) fn claim<T: Target>(&mut self, link: usize, number: u32, count: u32) -> Result<Option<usize>, Stop> {
        let Some(of) = T::shared() else {
            let to = self.place::<T>(count)?;
            self.number(link, (to >> T::SCALE) as u32);
            return Ok(Some(to));
        };
        let kind = self.kind(of)?;
        self.make_room()?;
        let mask = self.entries.len() - 1;
        let mut at = hash(number, count) & mask;
        loop {
            let entry = self.entries[at];
            if entry.number == 0 {
                let to = self.place::<T>(count)?;
                let new = (to >> T::SCALE) as u32;
                self.entries[at] = Entry { number, count, to: new, kind };
                self.full += 1;
                self.number(link, new);
                return Ok(Some(to));
            }
            if (entry.number, entry.count, entry.kind | 1) == (number, count, kind | 1) {
                self.entries[at].kind |= 1;
                self.number(link, entry.to);
                return Ok(None);
            }
            at = (at + 1) & mask;
        }
    }

    /// The type's number in the table.
    fn kind(&mut self, of: TypeId) -> Result<u32, Stop> {
        if self.types.get(self.recent) != Some(&of) {
            self.recent = match self.types.iter().position(|known| *known == of) {
                Some(at) => at,
                None => {
                    self.types.try_push(of).map_err(|refused| self.refused(refused))?;
                    self.types.len() - 1
                }
            };
        }
        Ok((self.recent as u32) << 1)
    }

    /// Makes the table larger before more than half of it is full.
    fn make_room(&mut self) -> Result<(), Stop> {
        if self.full < self.entries.len() / 2 {
            return Ok(());
        }
        let len = (self.entries.len() * 2).max(64);
        let mut larger = RegionVec::new();
        larger.try_resize(len, EMPTY).map_err(|refused| self.refused(refused))?;
        for &entry in self.entries.iter().filter(|entry| entry.number != 0) {
            let mut at = hash(entry.number, entry.count) & (len - 1);
            while larger[at].number != 0 {
                at = (at + 1) & (len - 1);
            }
            larger[at] = entry;
        }
        self.entries = larger;
        Ok(())
    }

    /// Writes a number at a place that was given out.
    pub(super) fn number(&mut self, at: usize, number: u32) {
        // SAFETY: any bytes of a number are initialized.
        unsafe { self.put(at, NonNull::from(&number).cast(), size_of::<u32>()) };
    }

    /// Copies bytes to a place that was given out.
    ///
    /// # Safety
    /// So many bytes are readable and initialized at `from`.
    pub(super) unsafe fn put(&mut self, at: usize, from: NonNull<u8>, len: usize) {
        assert!(
            at.checked_add(len).is_some_and(|end| end <= self.pages.len() * ALIGN),
            "written where no place was given"
        );
        // SAFETY: the pages have so many bytes behind `at`, and are apart from what the caller has; the caller says that the
        // source has as many.
        unsafe { from.copy_to_nonoverlapping(self.bytes().add(at), len) };
    }

    fn bytes(&mut self) -> NonNull<u8> {
        NonNull::from(self.pages.as_mut_slice()).cast()
    }

    /// How many frames wait.
    pub(super) fn waiting(&self) -> usize {
        self.frames.len()
    }

    /// Leaves something for later, as [`Check::wait`](super::check::Check).
    pub(super) fn wait(&mut self, frame: Frame) -> Result<(), Stop> {
        self.frames.try_push(frame).map_err(|refused| self.refused(refused))
    }

    /// Turns the order of the frames from this one on.
    pub(super) fn turn(&mut self, from: usize) {
        self.frames[from..].reverse();
    }

    /// Writes what waits, and the list of shared values behind all. Gives the pages, where values end, and how many
    /// are listed. `scale` is that of all links.
    ///
    /// # Safety
    /// The frames are what the functions in them require.
    pub(super) unsafe fn finish(mut self, scale: u32) -> Result<(RegionVec<Page>, usize, u32), SavedReason> {
        while let Some(frame) = self.frames.pop() {
            // SAFETY: the caller's promise.
            if unsafe { (frame.save)(frame, &mut self) }.is_err() {
                return Err(self.reason());
            }
        }
        let end = round_up(self.cursor, grain(scale));
        let mut list = RegionVec::new();
        list.try_extend(self.entries.iter().filter(|entry| entry.kind & 1 != 0).map(|entry| entry.to))?;
        list.sort_unstable();
        if self.reach(end + size_of_val::<[u32]>(&list)).is_err() {
            return Err(self.reason());
        }
        // SAFETY: the numbers are initialized.
        unsafe { self.put(end, NonNull::from(list.as_slice()).cast(), size_of_val::<[u32]>(&list)) };
        Ok((self.pages, end, list.len() as u32))
    }

    /// Why the walk was stopped.
    pub(super) fn reason(&self) -> SavedReason {
        // It is set before a `Stop` is made.
        self.wrong.unwrap_or(SavedReason::TooLarge)
    }

    #[cold]
    fn stop(&mut self, reason: SavedReason) -> Stop {
        self.wrong = Some(reason);
        Stop::NOW
    }

    #[cold]
    fn refused(&mut self, refused: AllocError) -> Stop {
        self.stop(SavedReason::Alloc(refused))
    }
}

/// Spreads the numbers of links, which are multiples of little and close to each other.
fn hash(number: u32, count: u32) -> usize {
    let both = u64::from(number) << 32 | u64::from(count);
    (both.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}
