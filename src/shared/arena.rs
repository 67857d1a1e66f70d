//! The arena itself: made, opened, and what it holds.
//!
//! What it is made of lies in shared memory (`header`), and so nothing but the mapping and its end is kept
//! here. The ways in are in [`alloc`](super::alloc), the ways out in [`access`](super::access).

use super::bump::plausible;
#[cfg(target_os = "linux")]
use super::error::SharedError;
#[cfg(target_os = "linux")]
use super::header::check;
use super::header::{CURSOR_AT, END_AT, FIRST, LEAST, MAGIC, MAGIC_AT, ROOT_AT, VERSION, VERSION_AT};
use super::{AtomicOffset, Offset, SharedRegion, WORD};
use crate::bytes::Bytes;
use crate::error::{Call, Error, Reason};
use crate::report::Report;
use crate::sync::{AtomicU64, Ordering};
#[cfg(target_os = "linux")]
use crate::sys::Fd;
#[cfg(target_os = "linux")]
use core::ffi::CStr;
use core::fmt;

/// An allocator in memory that several processes have at once: any of them allocates at any time, and an
/// [`Offset`] leads to the same value in all of them.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// use region::{Offset, SharedArena};
/// let arena = SharedArena::new(1 << 20)?;              // children forked from now on share it
/// let name: Offset<str> = arena.alloc_str("shared")?;
/// let list: Offset<[u32]> = arena.alloc_slice_copy(&[1, 2, 3])?;
/// assert_eq!(arena.read_str(name, &mut [0; 16])?, "shared");
/// assert_eq!(arena.read_at(list, 2)?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// *What goes in*: plain data without pointers ([`Shareable`](crate::Shareable)), linked by offsets. *What comes
/// out*: copies, and references to values made of atomic words ([`Concurrent`](crate::Concurrent)). That is
/// sound whatever the other processes do: each offset is checked against what this process mapped, and there
/// are no data races. Processes that trust each other have references to everything through `unsafe`
/// ([`borrow`](Self::borrow)). docs/design.md tells more.
///
/// *Alignment*: 8 at least, 4096 at most. *Lifetime*: nothing is freed before the last process unmaps the memory,
/// and nothing is dropped. *Errors*: the capacity is fixed, so every allocation returns a `Result`; nothing
/// panics.
///
/// *Cost*: an allocation is one compare-exchange; RAM comes as touched, zeroed. *Threads and processes*: `Send`
/// and `Sync`, lock-free; a process that is killed anywhere leaves the others working, and loses what it had
/// allocated and not linked.
///
/// # Invariants
/// - `end` is a multiple of a word, at least 4096 and at most the region's length. It is this process's
///   own and never read again from shared memory.
/// - Shared memory is touched as words, through [`SharedRegion::words`] alone, or by the caller's `unsafe`.
pub struct SharedArena {
    pub(super) region: SharedRegion,
    pub(super) end: usize,
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
        Ok(SharedArena { region, end })
    }

    /// Writes the header of an empty arena into new memory of [`LEAST`] bytes or more.
    fn format(region: SharedRegion) -> Self {
        let end = region.len();
        let arena = SharedArena { region, end };
        arena.header::<VERSION_AT>().store(VERSION, Ordering::Relaxed);
        arena.header::<END_AT>().store(end as u64, Ordering::Relaxed);
        arena.header::<CURSOR_AT>().store(FIRST as u64, Ordering::Relaxed);
        // Last, so that who opens the memory before it is an arena is told so.
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

    /// Bytes handed out so far, by all processes, with what rounds them up.
    ///
    /// When the header was written over, what is nearest to what it says.
    pub fn used(&self) -> usize {
        let cursor = self.cursor().load(Ordering::Relaxed);
        match plausible(cursor, self.end) {
            Some(at) => at - FIRST,
            None if cursor < self.end as u64 => 0,
            None => self.capacity(),
        }
    }

    /// Where the structure begins that the processes share: what was [set](Self::set_root) last.
    ///
    /// The type is the caller's word, as the memory does not know it; a wrong one gives wrong values or an
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

    /// Up to where everything was handed out.
    #[inline]
    pub(super) fn cursor(&self) -> &AtomicU64 {
        self.header::<CURSOR_AT>()
    }

    /// The words of `size` bytes at a place that was checked or claimed.
    ///
    /// # Safety
    /// `at` is a multiple of a word, and `at` plus `size`, rounded up to words, is at most `end`.
    #[inline]
    pub(super) unsafe fn words_unchecked(&self, at: usize, size: usize) -> &[AtomicU64] {
        debug_assert!(at % WORD == 0 && at <= self.end && size <= self.end - at);
        let from = at / WORD;
        // SAFETY: the caller's promise, and `end` is at most the region's length (the invariant).
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

/// Bytes of memory for an arena of `capacity`.
fn with_header(capacity: usize) -> Result<usize, Error> {
    let too_large = Error::new(Call::Map, Reason::TooLarge, capacity);
    capacity.checked_add(FIRST).map(|len| len.max(LEAST)).ok_or(too_large)
}

/// All figures, a line each, with what all processes have done so far.
impl fmt::Display for SharedArena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (used, capacity) = (self.used(), self.capacity());
        let mut report = Report::new(f, format_args!("shared arena of {}", Bytes(capacity)))?;
        report.part("used", used, capacity)?;
        match self.region.resident_bytes() {
            Ok(resident) => report.part("resident", resident, self.end),
            Err(error) => report.line("resident", format_args!("unknown: {error}")),
        }
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
