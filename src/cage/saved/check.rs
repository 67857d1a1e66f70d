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
//! way from the root, and every circle is found. The walk recurses for the first [`LEVELS`] levels below the root. What lies
//! deeper waits on a stack of frames in memory of its own, so the depth of a tree costs no stack of the thread. Values are
//! checked by functions of their types ([`links`](super::links)), of which this file knows nothing.

use super::error::{SavedFault, SavedReason, Stop};
use super::image::{HEADER, grain};
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
    /// Log of the bytes that a link counts.
    pub scale: u32,
    /// Where values end, in bytes, and the list of shared ones begins.
    pub end: usize,
    /// How many are listed.
    pub shared: u32,
    /// The number of the image's first byte, and what is added to it.
    pub first: u32,
    pub more: u32,
}

impl Scope {
    /// The number of the first value, behind the header.
    fn start(&self) -> u64 {
        u64::from(self.first) + HEADER.div_ceil(1 << self.scale) as u64
    }

    /// The number behind the last value.
    fn end(&self) -> u64 {
        u64::from(self.first) + (self.end as u64 >> self.scale)
    }
}

/// A walk over an image.
#[doc(hidden)]
pub struct Check {
    scope: Scope,
    /// Where a link would lead whose number is 0.
    origin: *mut u8,
    /// The number of the byte behind the last value that was claimed.
    cursor: u64,
    /// Values that end up to this number are taken in a few instructions: none of them is listed, [`SLACK`] bytes of the
    /// image are behind them, and their links keep their numbers. None are if numbers change.
    soft: u64,
    /// How many levels deeper the walk may recurse. At 0 everything waits.
    levels: u32,
    /// Whether what waits is being checked.
    draining: bool,
    frames: RegionVec<Frame>,
    seen: RegionVec<Seen>,
    /// The next of the listed numbers, from the image's first byte; none has `u32::MAX`, as no image is so long.
    next: u32,
    /// Where shared values were found lately: their numbers, from the image's first byte, and their places in `seen`.
    recent: [(u32, u32); RECENT],
    wrong: Option<SavedReason>,
}

/// How deep the walk recurses: deeper than what people write nests, and some kilobytes of the stack.
const LEVELS: u32 = 64;

/// Bytes behind a value that [`Check::take`] took that can be read as well.
pub(super) const SLACK: usize = 32;

/// How many shared values are found without a search: names of members and the like, of which there are mostly few.
const RECENT: usize = 64;

impl Check {
    /// # Safety
    /// The image's bytes to the list's end are readable at `scope.base`, a multiple of 4096, and initialized; writable if
    /// something is added to numbers. They are the caller's alone for as long as the walk is used, or nobody can change
    /// them. `end` is not less than a header, in whole units and at a multiple of 4. `first` is a number of a multiple of
    /// 4096 bytes, and no number of the image is larger than a `u32`.
    pub(super) unsafe fn new(scope: Scope) -> Self {
        let origin = scope.base.as_ptr().wrapping_sub((scope.first as usize) << scope.scale);
        let (frames, seen, cursor, levels) = (RegionVec::new(), RegionVec::new(), scope.start(), LEVELS);
        // No value begins with the header.
        let recent = [(0, u32::MAX); RECENT];
        let (soft, draining, next, wrong) = (0, false, 0, None);
        let mut walk = Check { scope, origin, cursor, soft, levels, draining, frames, seen, next, recent, wrong };
        walk.expect();
        walk
    }

    /// Looks up which listed value comes next.
    fn expect(&mut self) {
        self.next = self.listed(self.seen.len());
        let slack = SLACK.div_ceil(1 << self.scope.scale) as u64;
        let soft = (u64::from(self.scope.first) + u64::from(self.next)).min(self.scope.end() - slack);
        self.soft = if self.scope.more == 0 { soft } else { 0 };
    }

    /// The listed number of this place in the list.
    fn listed(&self, at: usize) -> u32 {
        if at >= self.scope.shared as usize {
            return u32::MAX;
        }
        // SAFETY: the list has so many numbers, aligned, and is readable (`new`).
        unsafe { self.scope.base.add(self.scope.end).cast::<u32>().add(at).read() }
    }

    /// The number of the next place where values of this type can begin.
    #[inline(always)]
    fn next_place<T: Target>(&self) -> u64 {
        // The first byte's number is one of a multiple of any alignment (`new`).
        let units = (T::ALIGN >> T::SCALE) as u64;
        if units > 1 { (self.cursor + (units - 1)) & !(units - 1) } else { self.cursor }
    }

    /// The number behind so many values that begin at this place.
    #[inline(always)]
    fn end_of<T: Target>(place: u64, count: u32) -> u64 {
        let bytes = if T::SIZE <= i32::MAX as usize {
            T::SIZE as u64 * u64::from(count)
        } else {
            // What would wrap is longer than any image, and stays so.
            (T::SIZE as u64).saturating_mul(u64::from(count)).min(i64::MAX as u64)
        };
        // In whole units. A place is no more than a number and an alignment, so the sum does not wrap.
        place + ((bytes + ((1 << T::SCALE) - 1)) >> T::SCALE)
    }

    /// Where the byte of a number lies that the image has.
    #[inline(always)]
    fn at<T: Target>(&self, place: u64) -> NonNull<u8> {
        // SAFETY: the place lies in the image, which does not lie at address 0.
        unsafe { NonNull::new_unchecked(self.origin.wrapping_add((place as usize) << T::SCALE)) }
    }

    /// Gives the root its bytes, the first ones.
    pub(super) fn claim_root<T: Target>(&mut self) -> Result<NonNull<u8>, Stop> {
        let place = self.next_place::<T>();
        let end = Self::end_of::<T>(place, 1);
        if end > self.scope.end() {
            return Err(self.refuse(self.scope.base, SavedFault::Outside));
        }
        self.cursor = end;
        Ok(self.at::<T>(place))
    }

    /// Takes the bytes that a link leads to, whose values have some, if it leads to the next place, as nearly all do, and
    /// `accepts` them, with as many behind them as `SLACK` says. None says nothing: the link has to be
    /// [claimed](Self::claim).
    ///
    /// # Safety
    /// `link` leads to 4 bytes in the image that were claimed, aligned.
    #[inline(always)]
    pub(super) unsafe fn take<T: Target>(
        &mut self,
        link: NonNull<u32>,
        count: u32,
        accepts: impl FnOnce(NonNull<u8>) -> bool,
    ) -> Option<NonNull<u8>> {
        // SAFETY: the caller's promise; any bits are a number.
        let number = unsafe { link.read() };
        let place = self.next_place::<T>();
        let end = Self::end_of::<T>(place, count);
        // A listed value begins before the soft end and ends behind it.
        if u64::from(number) != place || end > self.soft {
            return None;
        }
        let at = self.at::<T>(place);
        if !accepts(at) {
            return None;
        }
        self.cursor = end;
        Some(at)
    }

    /// Looks where any link leads whose values have bytes: to the next place, whose bytes it takes then, to a value that the
    /// walk came by, or nowhere. Writes the number that it is to have.
    ///
    /// # Safety
    /// As for `take`.
    #[inline(never)]
    pub(super) unsafe fn claim<T: Target>(&mut self, link: NonNull<u32>, count: u32) -> Result<Claimed, Stop> {
        // SAFETY: the caller's promise; any bits are a number.
        let number = unsafe { link.read() };
        let place = self.next_place::<T>();
        let end = Self::end_of::<T>(place, count);
        if u64::from(number) != place || end > self.scope.end() {
            // SAFETY: the caller's promise.
            return unsafe { self.claim_again::<T>(link, number, count) };
        }
        self.cursor = end;
        // SAFETY: the caller's promise.
        unsafe { self.renumber(link, number) };
        let at = self.at::<T>(place);
        match T::shared() {
            Some(of) if number - self.scope.first == self.next => {
                self.note(of, count, T::PENDS).map(|index| Claimed::Shared(at, index))
            }
            _ => Ok(Claimed::Fresh(at)),
        }
    }

    /// Writes the number that a link is to have in place of this one.
    ///
    /// # Safety
    /// As for `take`.
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
        self.expect();
        Ok(self.seen.len() as u32 - 1)
    }

    /// As `claim`, of a link that leads elsewhere than behind the cursor: to a value that was shared before, or nowhere.
    ///
    /// # Safety
    /// As for `take`.
    unsafe fn claim_again<T: Target>(&mut self, link: NonNull<u32>, number: u32, count: u32) -> Result<Claimed, Stop> {
        if let Some(of) = T::shared() {
            if let Some(seen) = self.find(number.wrapping_sub(self.scope.first)) {
                if seen.of != of || seen.count != count {
                    return Err(self.refuse(link.cast(), SavedFault::Taken));
                }
                if seen.open {
                    return Err(self.refuse(link.cast(), SavedFault::Cycle));
                }
                // SAFETY: the caller's promise.
                unsafe { self.renumber(link, number) };
                return Ok(Claimed::Again);
            }
        }
        let place = u64::from(number);
        let fault = if place < self.scope.start() || Self::end_of::<T>(place, count) > self.scope.end() {
            SavedFault::Outside
        } else if (place << T::SCALE) % T::ALIGN as u64 != 0 {
            SavedFault::Misaligned
        } else if place < self.cursor {
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

    /// Goes a level deeper, if the walk may; else what is there has to [wait](Self::wait).
    #[inline(always)]
    pub(super) fn descend(&mut self) -> bool {
        if self.is_deep() {
            return false;
        }
        self.levels -= 1;
        true
    }

    /// Comes back from a level.
    #[inline(always)]
    pub(super) fn ascend(&mut self) {
        self.levels += 1;
    }

    /// Whether the walk is on its deepest level, on which links wait.
    #[inline(always)]
    pub(super) fn is_deep(&self) -> bool {
        self.levels == 0
    }

    /// How many frames wait.
    pub(super) fn waiting(&self) -> usize {
        self.frames.len()
    }

    /// Leaves something for later. What is left last is done first, but for those that are [turned](Self::turn).
    pub(super) fn wait(&mut self, frame: Frame) -> Result<(), Stop> {
        self.frames.try_push(frame).map_err(|refused| self.out_of_memory(refused))
    }

    /// Turns the order of the frames from this one on, so that the first of them is done first.
    pub(super) fn turn(&mut self, from: usize) {
        self.frames[from..].reverse();
    }

    /// Whether what waits is being checked.
    pub(super) fn is_draining(&self) -> bool {
        self.draining
    }

    /// Checks what waits, all below a value of the deepest level; but not from within, as those wait that are found then.
    ///
    /// # Safety
    /// The frames are what the functions in them require.
    pub(super) unsafe fn drain(&mut self) -> Result<(), Stop> {
        if self.draining {
            return Ok(());
        }
        self.draining = true;
        while let Some(frame) = self.frames.pop() {
            // SAFETY: the caller's promise.
            unsafe { (frame.check)(frame.at, frame.left, self)? };
        }
        self.draining = false;
        Ok(())
    }

    /// Whether values and list are all there, when all that the root leads to was checked.
    pub(super) fn finish(&self) -> Result<(), SavedReason> {
        let Scope { scale, end, shared, first, .. } = self.scope;
        let cursor = (self.cursor - u64::from(first)) << scale;
        // Units of less than a number of the list are rounded up to one.
        if round_up(cursor as usize, grain(scale)) != end {
            Err(SavedReason::Value { at: cursor, fault: SavedFault::Gap })
        } else if self.seen.len() != shared as usize {
            let at = end + size_of::<u32>() * self.seen.len();
            Err(SavedReason::Value { at: at as u64, fault: SavedFault::Shared })
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
