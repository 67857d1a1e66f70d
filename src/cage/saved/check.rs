//! The proof that bytes are a tree: a walk from the root that gives every byte to at most one value.
//!
//! Nothing of the bytes is believed, and no reference to them is made. The walk keeps a *cursor*: what lies before it
//! belongs to values. A link is good if it leads just behind the cursor, at the next place where its type can begin; its
//! values then belong to it, and the cursor is behind them. So no two links own the same bytes, no link leads out, and none
//! leads back, without a word of memory for each value. Saving ([`save`](super::save)) puts values in this order.
//!
//! ```text
//!  header │ root │ what the root's links lead to │ what the first of those leads to │ …        end │ shared │
//!                                                  ^ cursor
//! ```
//!
//! A value that several links of shared kinds lead to is where the first of them finds it. The file lists such values; the
//! walk notes the type and the length of each when it comes by, and later links must be the same. While what such a value
//! leads to is being walked it is *open*, and a link to it would close a circle: refused.
//!
//! A value is walked with all that it leads to before the link behind it is followed, so what is open are the values on the
//! way from the root, and every circle is found. What has to be looked at later waits on a stack of frames in memory of its
//! own, so the depth of a tree costs no stack of the thread. Values are checked by functions of their types ([`links`](super::links)), of which this file knows nothing.

use super::error::{SavedFault, SavedReason, Stop};
use super::image::grain;
use crate::bump::round_up;
use crate::error::AllocError;
use crate::typed::RegionVec;
use core::any::TypeId;
use core::ptr::NonNull;

/// Values that have still to be checked.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// Checks `left` values from `at` on, or does something else with the two.
    pub check: unsafe fn(NonNull<u8>, u32, &mut Check) -> Result<(), Stop>,
    pub at: NonNull<u8>,
    pub left: u32,
}

/// What a link was found to lead to.
pub(super) enum Claimed {
    /// Bytes behind the cursor, which are to be checked now.
    Fresh(NonNull<u8>),
    /// The same, and further links may lead there. With the number by which it is [closed](Check::close).
    Shared(NonNull<u8>, u32),
    /// A shared value that was checked before.
    Again,
}

/// What a link's type says of its values. All of it is constant, so that a walk has it in its instructions.
pub(super) trait Target {
    const SIZE: usize;
    const ALIGN: usize;
    /// Whether they have links of their own that wait for the walk.
    const PENDS: bool;
    /// Log of the bytes that a link's number counts.
    const SCALE: u32;

    /// The type, if several links may lead to one such value.
    fn shared() -> Option<TypeId>;
}

/// A shared value that the walk came by.
#[derive(Clone, Copy)]
struct Seen {
    of: TypeId,
    count: u32,
    open: bool,
}

/// What is checked, and how its links count.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    /// The image's first byte.
    pub base: NonNull<u8>,
    /// Where values begin and end, in units of the links: all of the image before `start` is its header.
    pub start: u32,
    pub end: u32,
    /// Where the list of shared ones begins, in bytes, and how many there are.
    pub list: usize,
    pub shared: u32,
    /// The number of the image's first byte, and what is added to it.
    pub first: u32,
    pub more: u32,
}

/// A walk over an image.
#[doc(hidden)]
pub struct Check {
    scope: Scope,
    /// In units.
    cursor: u32,
    frames: RegionVec<Frame>,
    seen: RegionVec<Seen>,
    /// The next of the listed numbers, from the image's first byte; none has `u32::MAX`, as no image is so long.
    next: u32,
    /// Where shared values were found lately: their numbers, from the image's first byte, and their places in `seen`.
    recent: [(u32, u32); RECENT],
    wrong: Option<SavedReason>,
}

/// How many shared values are found without a search: names of members and the like, of which there are mostly few.
const RECENT: usize = 64;

impl Check {
    /// # Safety
    /// The image's bytes to the list's end are readable at `scope.base`, a multiple of 4096, and initialized; writable if
    /// something is added to numbers. They are the caller's alone for as long as the walk is used, or nobody can change
    /// them. `start <= end <= MOST_UNITS`, and the list lies at a multiple of 4.
    pub(super) unsafe fn new(scope: Scope) -> Self {
        // No value begins with the header.
        let (frames, seen, recent) = (RegionVec::new(), RegionVec::new(), [(0, u32::MAX); RECENT]);
        let mut walk = Check { scope, cursor: scope.start, frames, seen, next: u32::MAX, recent, wrong: None };
        walk.next = walk.listed(0);
        walk
    }

    /// The listed number of this place in the list.
    fn listed(&self, at: usize) -> u32 {
        if at >= self.scope.shared as usize {
            return u32::MAX;
        }
        // SAFETY: the list has so many numbers, aligned, and is readable (`new`).
        unsafe { self.scope.base.add(self.scope.list).cast::<u32>().add(at).read() }
    }

    /// Takes the next place for these values: the unit where they begin, if they fit.
    #[inline(always)]
    fn next_place<T: Target>(&self) -> u32 {
        // A cursor is at most `end`, which leaves as much as an alignment has (`new`): no wrap.
        let units = (T::ALIGN >> T::SCALE) as u32;
        if units > 1 { (self.cursor + (units - 1)) & !(units - 1) } else { self.cursor }
    }

    /// Whether so many units are left from a place on. Takes them if so.
    #[inline(always)]
    fn advance<T: Target>(&mut self, place: u32, count: u32) -> bool {
        let bytes = (T::SIZE as u64).saturating_mul(u64::from(count));
        let units = bytes.saturating_add((1 << T::SCALE) - 1) >> T::SCALE;
        let fits = place <= self.scope.end && units <= u64::from(self.scope.end - place);
        if fits {
            self.cursor = place + units as u32;
        }
        fits
    }

    /// Where a unit lies that the image has.
    #[inline(always)]
    fn at<T: Target>(&self, place: u32) -> NonNull<u8> {
        // SAFETY: the place lies in the image.
        unsafe { self.scope.base.add((place as usize) << T::SCALE) }
    }

    /// Gives the root its bytes, the first ones.
    pub(super) fn claim_root<T: Target>(&mut self) -> Result<NonNull<u8>, Stop> {
        let place = self.next_place::<T>();
        if !self.advance::<T>(place, 1) {
            return Err(self.refuse(self.scope.base, SavedFault::Outside));
        }
        Ok(self.at::<T>(place))
    }

    /// Looks where a link leads whose values have bytes, and takes these for it. Writes the number that it is to have.
    ///
    /// # Safety
    /// `link` leads to 4 bytes in the image that were claimed, aligned.
    #[inline(always)]
    pub(super) unsafe fn claim<T: Target>(&mut self, link: NonNull<u32>, count: u32) -> Result<Claimed, Stop> {
        // SAFETY: the caller's promise; any bits are a number.
        let number = unsafe { link.read() };
        let from_start = number.wrapping_sub(self.scope.first);
        let place = self.next_place::<T>();
        if from_start != place || !self.advance::<T>(place, count) {
            // SAFETY: the caller's promise.
            return unsafe { self.claim_again::<T>(link, from_start, count) };
        }
        // SAFETY: the caller's promise.
        unsafe { self.renumber(link, number) };
        let at = self.at::<T>(place);
        match T::shared() {
            Some(of) if place == self.next => self.note(of, count, T::PENDS).map(|index| Claimed::Shared(at, index)),
            _ => Ok(Claimed::Fresh(at)),
        }
    }

    /// # Safety
    /// As for `claim`.
    #[inline(always)]
    unsafe fn renumber(&self, link: NonNull<u32>, number: u32) {
        if self.scope.more != 0 {
            // SAFETY: the image is writable if numbers change (`new`), and no reference to it exists.
            unsafe { link.write(number.wrapping_add(self.scope.more)) };
        }
    }

    /// Notes a shared value when the walk comes by.
    #[inline(never)]
    fn note(&mut self, of: TypeId, count: u32, open: bool) -> Result<u32, Stop> {
        let seen = Seen { of, count, open };
        self.seen.try_push(seen).map_err(|refused| self.out_of_memory(refused))?;
        self.next = self.listed(self.seen.len());
        Ok(self.seen.len() as u32 - 1)
    }

    /// As `claim`, of a link that leads elsewhere than behind the cursor: to a value that was shared before, or nowhere.
    #[inline(never)]
    unsafe fn claim_again<T: Target>(
        &mut self,
        link: NonNull<u32>,
        from_start: u32,
        count: u32,
    ) -> Result<Claimed, Stop> {
        if let Some(of) = T::shared() {
            if let Some(seen) = self.find(from_start) {
                if seen.of != of || seen.count != count {
                    return Err(self.refuse(link.cast(), SavedFault::Taken));
                }
                if seen.open {
                    return Err(self.refuse(link.cast(), SavedFault::Cycle));
                }
                // SAFETY: the caller's promise.
                unsafe { self.renumber(link, link.read()) };
                return Ok(Claimed::Again);
            }
        }
        let bytes = (T::SIZE as u64).saturating_mul(u64::from(count));
        let end = (u64::from(from_start) << T::SCALE).saturating_add(bytes);
        let fault = if from_start < self.scope.start || end > u64::from(self.scope.end) << T::SCALE {
            SavedFault::Outside
        } else if (u64::from(from_start) << T::SCALE) % T::ALIGN as u64 != 0 {
            SavedFault::Misaligned
        } else if from_start < self.cursor {
            SavedFault::Taken
        } else {
            SavedFault::Gap
        };
        Err(self.refuse(link.cast(), fault))
    }

    /// The shared value that begins here, if the walk came by.
    fn find(&mut self, from_start: u32) -> Option<Seen> {
        let recent = (from_start.wrapping_mul(0x9e37_79b1) >> (u32::BITS - RECENT.ilog2())) as usize;
        let (of, at) = self.recent[recent];
        if of == from_start {
            return self.seen.get(at as usize).copied();
        }
        let (mut low, mut high) = (0, self.seen.len());
        while low < high {
            let middle = low + (high - low) / 2;
            // Those that were seen were the next one each time, so they ascend, whatever the file says of others.
            match self.listed(middle) {
                listed if listed < from_start => low = middle + 1,
                listed if listed > from_start => high = middle,
                _ => {
                    self.recent[recent] = (from_start, middle as u32);
                    return Some(self.seen[middle]);
                }
            }
        }
        None
    }

    /// Everything that a shared value leads to was checked.
    pub(super) fn close(&mut self, index: u32) {
        if let Some(seen) = self.seen.get_mut(index as usize) {
            seen.open = false;
        }
    }

    /// How many frames wait.
    #[inline(always)]
    pub(super) fn waiting(&self) -> usize {
        self.frames.len()
    }

    /// Leaves something for later. What is left last is done first, but for those that are [turned](Self::turn).
    #[inline(always)]
    pub(super) fn wait(&mut self, frame: Frame) -> Result<(), Stop> {
        self.frames.try_push(frame).map_err(|refused| self.out_of_memory(refused))
    }

    /// Says what is left to be done by a frame that waits.
    #[inline(always)]
    pub(super) fn set_rest(&mut self, frame: usize, at: NonNull<u8>, left: u32) {
        if let Some(frame) = self.frames.get_mut(frame) {
            (frame.at, frame.left) = (at, left);
        }
    }

    /// Forgets what was left for later last.
    #[inline(always)]
    pub(super) fn drop_last(&mut self) {
        self.frames.truncate(self.frames.len() - 1);
    }

    /// Turns the order of the frames from this one on, so that the first of them is done first.
    #[inline(always)]
    pub(super) fn turn(&mut self, from: usize) {
        // Mostly there is one. Frames that were just written are better not read at once.
        if self.frames.len() - from > 1 {
            self.frames[from..].reverse();
        }
    }

    /// Checks what waits, and then whether values and list are all there. `scale` is that of all links.
    ///
    /// # Safety
    /// The frames are what the functions in them require.
    pub(super) unsafe fn finish(&mut self, scale: u32) -> Result<(), SavedReason> {
        while let Some(frame) = self.frames.pop() {
            // SAFETY: the caller's promise.
            if unsafe { (frame.check)(frame.at, frame.left, self) }.is_err() {
                return Err(self.reason());
            }
        }
        let list = self.scope.list + size_of::<u32>() * self.seen.len();
        // Units of less than a number of the list are rounded up to one.
        if round_up((self.cursor as usize) << scale, grain(scale)) != self.scope.list {
            Err(SavedReason::Value { at: u64::from(self.cursor) << scale, fault: SavedFault::Gap })
        } else if self.seen.len() != self.scope.shared as usize {
            Err(SavedReason::Value { at: list as u64, fault: SavedFault::Shared })
        } else {
            Ok(())
        }
    }

    /// Why the walk was stopped.
    pub(super) fn reason(&self) -> SavedReason {
        // It is set before a `Stop` is made.
        self.wrong.unwrap_or(SavedReason::NotATree)
    }

    /// Notes what is wrong with the bytes at `at`, in the image.
    #[cold]
    #[inline(never)]
    pub fn refuse(&mut self, at: NonNull<u8>, fault: SavedFault) -> Stop {
        let at = at.addr().get().wrapping_sub(self.scope.base.addr().get()) as u64;
        self.wrong = Some(SavedReason::Value { at, fault });
        Stop::NOW
    }

    #[cold]
    fn out_of_memory(&mut self, refused: AllocError) -> Stop {
        self.wrong = Some(SavedReason::Alloc(refused));
        Stop::NOW
    }
}
