//! The shared arena: making it, opening it, and its stats.
//!
//! Its state lies in shared memory (`header`). Only the mapping and its end are kept here. [`alloc`](super::alloc)
//! writes values, [`access`](super::access) reads them.

use super::bump::{self, Claimer};
#[cfg(target_os = "linux")]
use super::error::SharedError;
#[cfg(target_os = "linux")]
use super::header::check;
use super::header::{
    CURSOR_AT, END_AT, FIRST, HOLDERS_AT, LEAST, MAGIC, MAGIC_AT, ROOT_AT, SLOT_WORDS, SLOTS, SLOTS_AT, VERSION,
    VERSION_AT, plausible,
};
use super::{AtomicOffset, Offset, SharedRegion, WORD};
use crate::bytes::Bytes;
use crate::error::{Call, Error, Reason};
use crate::sync::{AtomicU64, AtomicUsize, Ordering, thread_hint};
#[cfg(target_os = "linux")]
use crate::sys::Fd;
use crate::table::Table;
use core::ffi::CStr;
use core::fmt;

/// An allocator in memory that several processes have at once: any of them allocates at any time, and an
/// [`Offset`] leads to the same value in all of them.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// use region::SharedArena;
/// use region::shared::Offset;
/// let arena = SharedArena::new(1 << 20)?;              // children forked from now on share it
/// let name: Offset<str> = arena.alloc_str("shared")?;
/// let list: Offset<[u32]> = arena.alloc_slice_copy(&[1, 2, 3])?;
/// assert_eq!(arena.read_str(name, &mut [0; 16])?, "shared");
/// assert_eq!(arena.read_at(list, 2)?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// *What goes in*: plain data without pointers ([`Shareable`](crate::shared::Shareable)), linked by offsets. *What
/// comes out*: copies, and references to values made of atomic words ([`Concurrent`](crate::shared::Concurrent)). That
/// is sound whatever the other processes do: each offset is checked against what this process mapped, and there are no
/// data races. Processes that trust each other have references to everything through `unsafe`
/// ([`borrow`](Self::borrow)). docs/rules.md has the details.
///
/// *Alignment*: 8 at least, 4096 at most. *Lifetime*: nothing is freed before the last process unmaps the memory,
/// and nothing is dropped. *Errors*: the capacity is fixed, so every allocation returns a `Result`; nothing
/// panics.
///
/// *Order*: each process and thread takes a stretch of up to 16 KiB at once and fills it, so its values mostly follow
/// each other, and those of several alternate by stretches. Who is alone gets every byte. Where several fill an arena,
/// pieces too short for what is asked for stay unused at its end, and where one stretch gave way to the next: each is
/// shorter than the value that did not fit. And a process that was interrupted just as it took a stretch holds it for
/// that time, so that others may meet a full arena a little early: leave 16 KiB for each where they fill it to the end.
///
/// *Cost*: an allocation is one compare-exchange, mostly in a cache line that nobody else uses; RAM comes as touched,
/// zeroed. *Threads and processes*: `Send` and `Sync`, lock-free; a process that is killed anywhere leaves the others
/// working, and loses what it had allocated and not linked, and a stretch at most. A child of `fork` goes on in its
/// parent's stretch until the two meet there; then they part.
// Invariants:
// - `end` is a multiple of a word, at least 4096 and at most the region's length. It is this process's
//   own and never read again from shared memory.
// - Shared memory is touched as words, through [`SharedRegion::words`] alone, or by the caller's `unsafe`.
pub struct SharedArena {
    pub(super) region: SharedRegion,
    pub(super) end: usize,
    /// Where this holder's slots begin: those of its threads follow. A hint, this process's own.
    home: AtomicUsize,
}

impl SharedArena {
    /// An arena for `capacity` bytes, rounded up to whole pages, in memory that children forked from now on
    /// share.
    ///
    /// # Errors
    /// When the capacity exceeds `isize::MAX` less a page, or the system refuses.
    pub fn new(capacity: usize) -> Result<Self, Error> {
        Self::make(capacity, None)
    }

    /// An arena for `capacity` bytes, rounded up to whole pages, in memory whose
    /// [`descriptor`](Self::descriptor) can be handed to any process, which [opens](Self::open) it. The
    /// memory is called `name` in `/proc/PID/maps`. Linux only.
    ///
    /// # Errors
    /// As [`new`](Self::new), and as [`SharedRegion::sealed`].
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use region::SharedArena;
    /// let ours = SharedArena::sealed(1 << 16, c"greetings")?;
    /// ours.set_root(ours.alloc_str("hello")?);
    /// // What follows happens in another process, which got the descriptor over a socket.
    /// let theirs = SharedArena::open(ours.descriptor().unwrap())?;
    /// let greeting = theirs.root::<str>().unwrap();
    /// assert_eq!(theirs.read_str(greeting, &mut [0; 16])?, "hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(target_os = "linux")]
    pub fn sealed(capacity: usize, name: &CStr) -> Result<Self, Error> {
        Self::make(capacity, Some(name))
    }

    /// An arena for `capacity` bytes, with a descriptor if it has a name.
    pub(crate) fn make(capacity: usize, name: Option<&CStr>) -> Result<Self, Error> {
        let len = with_header(capacity)?;
        Ok(Self::format(match name {
            #[cfg(target_os = "linux")]
            Some(name) => SharedRegion::sealed(len, name)?,
            _ => SharedRegion::anonymous(len)?,
        }))
    }

    /// An arena that another process made and handed over. The descriptor is not needed afterwards. Linux only.
    ///
    /// Everything is checked: that it is memory, that its size cannot shrink, that it begins with an arena of
    /// this version, and that the arena lies inside it. Whoever made it can still write anything into it; the
    /// safe methods are made for that. One that only reads needs a descriptor open for writing all the same.
    ///
    /// # Errors
    /// When anything of that is not so.
    #[cfg(target_os = "linux")]
    pub fn open<'f>(fd: impl Into<Fd<'f>>) -> Result<Self, SharedError> {
        let region = SharedRegion::open(fd)?;
        let words = region.words();
        // Each word is read once: what is checked is what is used. Acquire, for the magic comes last.
        // What is not there is zero, which is no magic.
        let end = check(|at| words.get(at).map_or(0, |word| word.load(Ordering::Acquire)), region.len())?;
        Ok(Self::hold(region, end))
    }

    /// The arena in this memory, with a slot that the last holder does not have.
    fn hold(region: SharedRegion, end: usize) -> Self {
        let arena = SharedArena { region, end, home: AtomicUsize::new(0) };
        arena.part();
        arena
    }

    /// Writes the header of an empty arena into new memory of [`LEAST`] bytes or more.
    fn format(region: SharedRegion) -> Self {
        let end = region.len();
        let arena = Self::hold(region, end);
        arena.header::<VERSION_AT>().store(VERSION, Ordering::Relaxed);
        arena.header::<END_AT>().store(end as u64, Ordering::Relaxed);
        arena.header::<CURSOR_AT>().store(FIRST as u64, Ordering::Relaxed);
        // Last, so that a process which opens the memory too early gets an error.
        arena.header::<MAGIC_AT>().store(MAGIC, Ordering::Release);
        arena
    }

    /// The memory, for its descriptor, its address and what of it is resident.
    ///
    /// Its words are the arena's, header included: storing to them confuses whoever uses the arena, as a
    /// hostile process would.
    pub const fn region(&self) -> &SharedRegion {
        &self.region
    }

    /// The descriptor to hand over, if this process made the memory [with one](Self::sealed).
    #[cfg(target_os = "linux")]
    pub fn descriptor(&self) -> Option<Fd<'_>> {
        self.region.descriptor()
    }

    /// Bytes that values can take altogether, with what rounds them up.
    pub const fn capacity(&self) -> usize {
        self.end - FIRST
    }

    /// All numbers of the arena, with what all processes have allocated so far. They print a line each.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let arena = region::SharedArena::new(1 << 20)?;
    /// arena.alloc(1u64)?;
    /// let stats = arena.stats();
    /// assert_eq!((stats.used, stats.capacity), (8, arena.capacity()));
    /// println!("{stats}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stats(&self) -> SharedArenaStats {
        SharedArenaStats { capacity: self.capacity(), used: self.used(), resident: self.region.try_resident() }
    }

    /// Bytes handed out so far, by all processes, with what rounds them up, and with what was lost.
    ///
    /// When the header was overwritten, the nearest number that is possible.
    pub fn used(&self) -> usize {
        let cursor = self.cursor().load(Ordering::Relaxed);
        match plausible(cursor, self.end) {
            Some(at) => bump::used(self, at),
            None if cursor < self.end as u64 => 0,
            None => self.capacity(),
        }
    }

    /// Where the structure begins that the processes share: what was [set](Self::set_root) last.
    ///
    /// The caller states the type, as the memory does not hold it. A wrong one gives wrong values or an
    /// [`OffsetError`](crate::OffsetError).
    #[inline]
    pub fn root<T: ?Sized>(&self) -> Option<Offset<T>> {
        self.root_link().load()
    }

    /// Makes `root` what every process finds, now and after it opens the memory. What was written there before
    /// is seen by whoever finds it.
    #[inline]
    pub fn set_root<T: ?Sized>(&self, root: Offset<T>) {
        self.root_link().store(Some(root));
    }

    /// The link that [`root`](Self::root) reads, for those that exchange it.
    #[inline]
    pub fn root_link<T: ?Sized>(&self) -> &AtomicOffset<T> {
        let word: *const AtomicU64 = self.header::<ROOT_AT>();
        // SAFETY: an `AtomicOffset` is a transparent `AtomicU64`, any value of which it understands, and the
        // word lives as long as the region, which `self` holds.
        unsafe { &*word.cast() }
    }

    /// The words of `size` bytes at an offset that was checked or claimed.
    ///
    /// # Safety
    /// `at` is a multiple of a word, and `at` plus `size`, rounded up to words, is at most `end`.
    #[inline]
    pub(super) unsafe fn words_unchecked(&self, at: usize, size: usize) -> &[AtomicU64] {
        debug_assert!(at % WORD == 0 && at <= self.end && size <= self.end - at);
        let from = at / WORD;
        // SAFETY: the caller vouches that the words end at `end` at most, which is at most the region's length (the
        // invariant), and so inside the words that the region has.
        unsafe { self.region.words().get_unchecked(from..from + size.div_ceil(WORD)) }
    }

    /// A word of the header.
    #[inline]
    fn header<const AT: usize>(&self) -> &AtomicU64 {
        const { assert!(AT * WORD < FIRST) };
        // SAFETY: the region has `end` bytes, `LEAST` at least (the invariant), and the header is shorter.
        unsafe { self.region.words().get_unchecked(AT) }
    }
}

impl Claimer for SharedArena {
    #[inline]
    fn cursor(&self) -> &AtomicU64 {
        self.header::<CURSOR_AT>()
    }

    #[inline(always)]
    fn slot(&self, number: usize) -> &AtomicU64 {
        let at = SLOTS_AT + number % SLOTS * SLOT_WORDS;
        // SAFETY: `at` is less than `FIRST / WORD`, as the number of the slot is below `SLOTS`. The region has `end`
        // bytes, `LEAST` at least (the invariant), and the header is shorter.
        unsafe { self.region.words().get_unchecked(at) }
    }

    #[inline(always)]
    fn mine(&self) -> usize {
        self.home.load(Ordering::Relaxed).wrapping_add(thread_hint()) % SLOTS
    }

    /// The numbers that others have are not known, but who comes next gets another one than who came before, and a few
    /// lines from it: processors fetch lines in pairs, and threads have the slots next to their first.
    #[cold]
    fn part(&self) {
        const APART: usize = 5;
        let number = self.header::<HOLDERS_AT>().fetch_add(1, Ordering::Relaxed) as usize;
        self.home.store(number.wrapping_mul(APART) % SLOTS, Ordering::Relaxed);
    }

    #[inline(always)]
    fn end(&self) -> usize {
        self.end
    }
}

/// Bytes of memory for an arena of `capacity`.
fn with_header(capacity: usize) -> Result<usize, Error> {
    let too_large = Error::new(Call::Map, Reason::TooLarge, capacity);
    capacity.checked_add(FIRST).map(|len| len.max(LEAST)).ok_or(too_large)
}

/// A shared arena's numbers at one moment, in bytes. Made by [`SharedArena::stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharedArenaStats {
    /// As [`SharedArena::capacity`].
    pub capacity: usize,
    /// As [`SharedArena::used`].
    pub used: usize,
    /// As [`SharedRegion::try_resident`].
    pub resident: Result<usize, Error>,
}

impl fmt::Display for SharedArenaStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(f, format_args!("shared arena of {}", Bytes(self.capacity)))?;
        table.part("used", self.used, self.capacity)?;
        match self.resident {
            Ok(resident) => table.part("resident", resident, self.capacity + FIRST),
            Err(error) => table.line("resident", format_args!("unknown: {error}")),
        }
    }
}

/// The [stats](SharedArena::stats), a line each.
impl fmt::Display for SharedArena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.stats(), f)
    }
}

impl fmt::Debug for SharedArena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedArena")
            .field("used", &format_args!("{}", Bytes(self.used())))
            .field("capacity", &format_args!("{}", Bytes(self.capacity())))
            .field("region", &self.region)
            .finish()
    }
}
