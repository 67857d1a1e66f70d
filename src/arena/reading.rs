//! Files read into an arena: all bytes of a path or a descriptor as one slice, or as text.
//!
//! [`fill`] is the one body for Rust and C: it reads, and knows the memory by the trait [`Room`] alone. A regular file
//! that is as long as the system says is one `read`. Nothing is mapped. Bytes that came before an error are not kept;
//! [`Input`](crate::Input) keeps them, and goes on.
//!
//! ```text
//!   start                 + len             + padding     what was reserved
//!   │ the file's bytes     │ zeroes, if asked for │ given back │
//! ```

use super::growing::Growing;
use super::{Arena, Backing};
use crate::error::failure::Report;
use crate::error::{AllocError, AllocReason, Call, Error, Reason};
use crate::policy::{LONGEST_READ, READ_STEP, SHORT_INPUT, SMALLEST_PAGE};
use crate::sys::{self, BorrowedFd, Fd, Kind, PathBytes};
use core::fmt;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::str::Utf8Error;

/// Memory that a file is read into.
pub(crate) trait Room {
    /// What a caller gets. The system's refusals turn into it.
    type Error: From<Error>;

    /// What a caller gets when the system has no RAM for `size` bytes.
    fn no_memory(size: usize, error: Error) -> Self::Error;

    /// Makes spare what a file of `expected` bytes needs, with so many zeroes behind it. One byte more than the file
    /// has shows that it was the end, without another call.
    ///
    /// # Errors
    /// When that cannot be had and the file is surely as long.
    fn begin(&mut self, expected: usize, padding: usize) -> Result<(), Self::Error>;

    /// Makes at least `more` bytes spare; more than that where they can be had.
    ///
    /// # Errors
    /// When they cannot be had. What was read stays.
    fn reserve(&mut self, more: usize, want: Want) -> Result<(), Self::Error>;

    /// The spare bytes, right behind those that were read.
    fn spare(&mut self) -> &mut [MaybeUninit<u8>];

    /// Counts spare bytes as read.
    ///
    /// # Safety
    /// The first `count` bytes of the spare ones were written.
    unsafe fn add(&mut self, count: usize);
}

/// How much depends on spare bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Fewer would do, so a refusal is no news.
    Try,
    /// The file cannot be read without.
    Need,
}

/// How many bytes a file has from where it stands, as far as the system says; 0 if it does not.
///
/// Only a hint: a file may grow or shrink, and files that are not stored anywhere (`/proc`) have a wrong length.
/// `position` is where the file stands, if that is known. A pipe is asked to hold more.
#[inline(never)]
pub(crate) fn expected(fd: BorrowedFd<'_>, kind: Kind, position: Option<u64>) -> Result<usize, Error> {
    let bytes = match (kind, position) {
        (Kind::Directory, _) => return Err(Error::new(Call::Read, Reason::Directory, 0)),
        (Kind::Regular(size @ 1..), Some(position)) => size.saturating_sub(position),
        (Kind::Regular(size @ 1..), None) => size.saturating_sub(sys::position(fd)?),
        (Kind::Pipe, _) => {
            sys::enlarge_pipe(fd, READ_STEP);
            0
        }
        _ => 0,
    };
    Ok(usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// Reads a file from where it stands to its end, and puts `padding` zeroes behind it.
///
/// # Errors
/// When the file or the memory is refused.
pub(crate) fn fill<R: Room>(
    room: &mut R,
    fd: BorrowedFd<'_>,
    position: Option<u64>,
    padding: usize,
) -> Result<(), R::Error> {
    let expected = expected(fd, sys::kind(fd)?, position)?;
    if expected != 0 {
        // Addresses cost nothing. A file with holes may be longer than all RAM, and reading it would end the process.
        if expected > LONGEST_READ {
            sys::promise(expected).map_err(|error| R::no_memory(expected, error))?;
        }
        room.begin(expected, padding)?;
    }
    let mut len = 0;
    loop {
        let is_full = room.spare().is_empty() && !make_spare(room, len);
        // When all memory is used, a byte outside of it shows whether the file goes on.
        let mut next = [MaybeUninit::uninit()];
        let spare = if is_full { &mut next } else { room.spare() };
        // Written so that no panic is compiled in.
        let step = spare.len().min(LONGEST_READ);
        let count = sys::read(fd, spare.get_mut(..step).unwrap_or_default())?.min(step);
        if is_full && count != 0 {
            room.reserve(expected.saturating_sub(len).saturating_add(padding).max(1), Want::Need)?;
            room.spare().iter_mut().zip(next).for_each(|(to, byte)| *to = byte);
        }
        // SAFETY: the call wrote so many bytes to the start of the spare ones, or one that was copied there.
        unsafe { room.add(count) };
        len += count;
        if count == 0 || (len == expected && count < step) {
            break;
        }
    }
    room.reserve(padding, Want::Need)?;
    let zeroes = room.spare();
    let count = padding.min(zeroes.len());
    // SAFETY: there are so many spare bytes at least.
    unsafe { zeroes.as_mut_ptr().write_bytes(0, count) };
    // SAFETY: so many bytes were just written.
    unsafe { room.add(count) };
    Ok(())
}

/// Makes some bytes spare behind `len`: as many again, or fewer where memory is short. Whether there are any.
fn make_spare<R: Room>(room: &mut R, len: usize) -> bool {
    let mut more = len.clamp(SMALLEST_PAGE, READ_STEP);
    while more != 0 && room.reserve(more, Want::Try).is_err() {
        more /= 2;
    }
    more != 0
}

/// Why a file's bytes are not in an arena. The arena is as it was.
///
/// Turns into `std::io::Error`'s number by [`raw_os_error`](Self::raw_os_error), where the system refused.
///
/// ```
/// # if cfg!(miri) { return }
/// use region::arena::ReadError;
///
/// let arena = region::Arena::new();
/// let error = arena.alloc_file("/no/such/file").unwrap_err();
/// assert!(matches!(error, ReadError::File(error) if error.is(region::error::Errno::ENOENT)));
/// arena.set_limit(100);
/// let error = arena.alloc_file("/proc/self/exe").unwrap_err();
/// assert!(matches!(error, ReadError::Memory(_)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be opened or read.
    File(Error),
    /// The arena has no memory for all of its bytes.
    Memory(AllocError),
    /// The bytes are not UTF-8; the error says where.
    Text(Utf8Error),
}

impl ReadError {
    /// The system's error number as `std::io::Error` has it, when it was the system that refused.
    pub const fn raw_os_error(&self) -> Option<i32> {
        match self {
            ReadError::File(error) => error.raw_os_error(),
            #[cfg(not(region_staticlib))]
            ReadError::Memory(error) => error.raw_os_error(),
            _ => None,
        }
    }
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        ReadError::File(error)
    }
}

impl From<AllocError> for ReadError {
    fn from(error: AllocError) -> Self {
        ReadError::Memory(error)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::File(error) => error.fmt(f),
            ReadError::Memory(error) => write!(f, "cannot read the file into the arena: {error}"),
            ReadError::Text(error) => write!(f, "cannot take the file as text: {error}. Read its bytes instead."),
        }
    }
}

impl core::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            ReadError::File(error) => Some(error),
            ReadError::Memory(error) => Some(error),
            ReadError::Text(error) => Some(error),
        }
    }
}

/// The bytes of a file in an arena, with zeroes behind them. Made by
/// [`Arena::alloc_file_padded`](super::Arena::alloc_file_padded).
///
/// It dereferences to the file's bytes. The zeroes are there for whoever reads past the end: a scanner that stops at a
/// NUL, a parser that loads 64 bytes at a time.
pub struct Padded<'a> {
    all: &'a mut [u8],
    len: usize,
}

impl<'a> Padded<'a> {
    /// The file's bytes, for as long as the arena is borrowed.
    ///
    /// Pointers that are made of the slice may not reach past its end; those of
    /// [`into_padded`](Self::into_padded) may.
    pub fn into_bytes(self) -> &'a mut [u8] {
        let len = self.len;
        self.all.get_mut(..len).unwrap_or_default()
    }

    /// The file's bytes and the zeroes.
    pub fn into_padded(self) -> &'a mut [u8] {
        self.all
    }

    /// The file's bytes and the zeroes, for as long as this is borrowed.
    pub fn as_padded(&self) -> &[u8] {
        self.all
    }
}

impl Deref for Padded<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.all.get(..self.len).unwrap_or_default()
    }
}

impl DerefMut for Padded<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.all.get_mut(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for Padded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let padding = self.all.len() - self.len;
        f.debug_struct("Padded").field("len", &self.len).field("padding", &padding).finish()
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Room for Growing<'_, u8, MIN_ALIGN, B> {
    type Error = ReadError;

    fn no_memory(size: usize, error: Error) -> ReadError {
        ReadError::Memory(AllocError::new(size, AllocReason::Os(error)))
    }

    fn begin(&mut self, expected: usize, padding: usize) -> Result<(), ReadError> {
        if self.reserve::<Report>(expected.saturating_add(padding.max(1))).is_ok() || expected <= SHORT_INPUT {
            // A wrong length is short, so a short file is tried with what there is.
            return Ok(());
        }
        // In a limit that the file just fits into.
        Ok(self.reserve::<Report>(expected.saturating_add(padding))?)
    }

    fn reserve(&mut self, more: usize, _: Want) -> Result<(), ReadError> {
        Ok(self.reserve::<Report>(more)?)
    }

    fn spare(&mut self) -> &mut [MaybeUninit<u8>] {
        self.spare()
    }

    unsafe fn add(&mut self, count: usize) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.add(count) }
    }
}

impl<const MIN_ALIGN: usize, B: Backing> Arena<MIN_ALIGN, B> {
    /// Reads the file of this path into the arena: all of its bytes, side by side. `open(2)`, `read(2)`.
    ///
    /// Any file: also those of `/proc` and `/sys`, whose lengths are wrong, fifos (which wait for a writer), and
    /// devices. An endless one, such as `/dev/zero`, ends at the arena's limit, or takes all memory.
    ///
    /// *One form*: what is refused is returned, and never a panic, as the length of a file is not the program's to
    /// know. So there is no `try_` form, and every method here that reads is so. After an error the arena is as it was.
    ///
    /// *Cost*: four system calls for a regular file: `open`, `fstat`, `read`, `close`. The bytes are copied once, from
    /// the page cache to where they stay. A file whose length is not known, or is wrong, takes more calls; its bytes
    /// move where the block of the arena ends.
    ///
    /// # Errors
    /// When the path holds a NUL byte or is too long, when the file cannot be opened or read, when it is a directory;
    /// when the arena has no memory for all of it (its limit, a buffer that is full).
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let arena = region::Arena::new();
    /// let kernel = arena.alloc_file("/proc/sys/kernel/ostype")?;
    /// assert_eq!(kernel, b"Linux\n");
    /// # Ok::<(), region::arena::ReadError>(())
    /// ```
    #[allow(clippy::mut_from_ref)]
    pub fn alloc_file(&self, path: impl PathBytes) -> Result<&mut [u8], ReadError> {
        Ok(self.read_path(path.path_bytes(), 0)?.all)
    }

    /// Reads the file of this path into the arena as text; looks at every byte once more than
    /// [`alloc_file`](Self::alloc_file) does.
    ///
    /// # Errors
    /// As [`alloc_file`](Self::alloc_file), and when the bytes are not UTF-8.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let arena = region::Arena::new();
    /// let status: &str = arena.alloc_file_str("/proc/self/status")?;
    /// assert!(status.lines().any(|line| line.starts_with("Threads:")));
    /// # Ok::<(), region::arena::ReadError>(())
    /// ```
    #[allow(clippy::mut_from_ref)]
    pub fn alloc_file_str(&self, path: impl PathBytes) -> Result<&mut str, ReadError> {
        let before = self.mark();
        let bytes = self.alloc_file(path)?;
        // SAFETY: the mark was made right before the bytes were read, and nothing else was allocated since.
        unsafe { self.text_or_rewind(before, bytes) }
    }

    /// Reads the file of this path into the arena, with `padding` zeroes behind it: 1 for a scanner that stops at a
    /// NUL, 64 for a parser that loads so many bytes at a time.
    ///
    /// # Errors
    /// As [`alloc_file`](Self::alloc_file).
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let arena = region::Arena::new();
    /// let kernel = arena.alloc_file_padded("/proc/sys/kernel/ostype", 64)?;
    /// assert_eq!((&kernel[..], kernel.as_padded().len()), (&b"Linux\n"[..], 6 + 64));
    /// let first = std::ffi::CStr::from_bytes_until_nul(kernel.as_padded());
    /// assert_eq!(first, Ok(c"Linux\n"));
    /// # Ok::<(), region::arena::ReadError>(())
    /// ```
    pub fn alloc_file_padded(&self, path: impl PathBytes, padding: usize) -> Result<Padded<'_>, ReadError> {
        self.read_path(path.path_bytes(), padding)
    }

    /// Reads an open file into the arena, from where it stands to its end: a file, a pipe, a socket, a device.
    ///
    /// A pipe is asked to hold 1 MiB from now on. What a stream gave before an error is lost: where that matters, take
    /// an [`Input`](crate::Input).
    ///
    /// # Errors
    /// When the descriptor is a directory, closed, or not open for reading, or has no bytes yet and does not wait
    /// (EAGAIN); when the arena has no memory for all of it.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use std::io::{Seek, SeekFrom};
    /// use std::os::fd::AsRawFd;
    ///
    /// let mut program = std::fs::File::open("/proc/self/exe")?;
    /// program.seek(SeekFrom::End(-1000))?;
    /// // SAFETY: `program` is ours and stays open until the end of this example.
    /// let fd = unsafe { region::input::Fd::from_raw(program.as_raw_fd()) };
    /// let arena = region::Arena::new();
    /// assert_eq!(arena.alloc_fd(fd)?.len(), 1000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[allow(clippy::mut_from_ref)]
    pub fn alloc_fd<'f>(&self, fd: impl Into<Fd<'f>>) -> Result<&mut [u8], ReadError> {
        Ok(self.read_fd(fd.into(), 0)?.all)
    }

    /// Reads an open file into the arena as text, as [`alloc_fd`](Self::alloc_fd) reads bytes.
    ///
    /// # Errors
    /// As [`alloc_fd`](Self::alloc_fd), and when the bytes are not UTF-8.
    #[allow(clippy::mut_from_ref)]
    pub fn alloc_fd_str<'f>(&self, fd: impl Into<Fd<'f>>) -> Result<&mut str, ReadError> {
        let before = self.mark();
        let bytes = self.alloc_fd(fd)?;
        // SAFETY: the mark was made right before the bytes were read, and nothing else was allocated since.
        unsafe { self.text_or_rewind(before, bytes) }
    }

    /// Reads an open file into the arena, with `padding` zeroes behind it, as
    /// [`alloc_file_padded`](Self::alloc_file_padded) does.
    ///
    /// # Errors
    /// As [`alloc_fd`](Self::alloc_fd).
    pub fn alloc_fd_padded<'f>(&self, fd: impl Into<Fd<'f>>, padding: usize) -> Result<Padded<'_>, ReadError> {
        self.read_fd(fd.into(), padding)
    }

    fn read_path(&self, path: &[u8], padding: usize) -> Result<Padded<'_>, ReadError> {
        let file = sys::open(path)?;
        self.read(file.borrow(), Some(0), padding)
    }

    fn read_fd(&self, fd: Fd<'_>, padding: usize) -> Result<Padded<'_>, ReadError> {
        self.read(sys::descriptor(fd, Call::Stat)?, None, padding)
    }

    /// Reads a file, which stands at `position` if that is known.
    fn read(&self, fd: BorrowedFd<'_>, position: Option<u64>, padding: usize) -> Result<Padded<'_>, ReadError> {
        let before = self.mark();
        let mut bytes = Growing::new(self);
        match fill(&mut bytes, fd, position, padding) {
            Ok(()) => {
                let all = bytes.finish();
                let len = all.len() - padding;
                Ok(Padded { all, len })
            }
            Err(error) => {
                drop(bytes);
                // Back to the block where the arena was, too.
                // SAFETY: the mark was made above, and only the bytes were allocated since, which nothing refers to.
                unsafe { self.rewind(before) };
                Err(error)
            }
        }
    }

    /// The bytes as text. If they are none, they are freed.
    ///
    /// # Safety
    /// `before` is a mark of this arena, and since it was made the bytes alone were allocated.
    #[allow(clippy::mut_from_ref)]
    unsafe fn text_or_rewind<'a>(&'a self, before: super::Mark, bytes: &'a mut [u8]) -> Result<&'a mut str, ReadError> {
        match core::str::from_utf8(bytes) {
            // SAFETY: the bytes are UTF-8, as was just seen.
            Ok(_) => Ok(unsafe { core::str::from_utf8_unchecked_mut(bytes) }),
            Err(error) => {
                // SAFETY: the caller's promise; the bytes are not used any more.
                unsafe { self.rewind(before) };
                Err(ReadError::Text(error))
            }
        }
    }
}
