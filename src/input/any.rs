//! [`Input`]: the bytes of a path, a descriptor or standard input, whichever kind of file it is.
//!
//! Decides between mapping and reading, by a table of what each kind of descriptor supports (docs/measurements.md,
//! "Files and input"). `mapped` maps and `stream` reads. It does not watch a file, seek in one, or wait for a
//! non-blocking one.

use super::Lines;
use super::mapped::MappedFile;
use super::stream::Stream;
use crate::arena::reading::expected;
use crate::bytes::Bytes;
use crate::error::{Call, Error, Reason};
use crate::sys::{self, BorrowedFd, Fd, Kind, PathBytes};
use core::fmt;
use core::ops::Deref;
use core::str::Utf8Error;

/// How an [`Input`] got its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The file is mapped: its page cache is shown, nothing was copied.
    Mapped,
    /// The bytes were read into memory of the input's own.
    Read,
}

/// All bytes of a file as one slice, whether the file can be mapped or not.
///
/// | | may map: fast, `unsafe` | reads: safe |
/// |---|---|---|
/// | a path | [`open`](Self::open) | [`read`](Self::read) |
/// | a descriptor | [`from_fd`](Self::from_fd) | [`read_fd`](Self::read_fd) |
/// | standard input | [`stdin`](Self::stdin) | [`read_stdin`](Self::read_stdin) |
///
/// Both columns give the same bytes: from where the descriptor stands to the end. The left one maps a
/// regular file, so that nothing is copied, and reads whatever cannot be mapped: pipes, sockets, terminals,
/// devices, and the files of `/proc` and `/sys`, whose sizes are wrong. The right one reads every kind. A
/// descriptor that was read stands at its end afterwards, one that was mapped where it stood.
///
/// *Cost*: mapping is four system calls for a path of any length, and a fault for every 64 KiB, or larger
/// piece of the page cache, that is looked at. Reading a file of up to 512 KiB is four, into a block of those
/// that are kept for arenas ([`trim`](crate::trim)); so a program that reads one small file after the other
/// maps nothing and has no faults. More is copied in steps of 1 MiB, onto huge pages from 512 KiB on, and takes
/// RAM for what was read and at most a page more. Dropping gives everything back at once. *Memory* other than
/// that is not allocated. *Threads*: `Send` and `Sync`, as a `Box<[u8]>` is.
///
/// *Systems*: a Unix and Windows, where an [`Fd`] is a handle, pipes keep their length, a file that is mapped can be
/// written to by others but not truncated, and sockets of `std` are not read. In WebAssembly a host has no files.
///
/// Bytes that are to live as long as values that refer to them are read into their arena:
/// [`Arena::alloc_file`](crate::Arena::alloc_file).
///
/// # Safety
///
/// Why the left column is `unsafe`: a mapping shows the file as it is at every moment, and others may change
/// it. **As long as the input lives, nobody may write to those bytes of the file or truncate it**, in this
/// process or another. A write breaks Rust's promise that bytes behind `&[u8]` stay the same (undefined
/// behaviour; checked UTF-8 stops being UTF-8); a truncation kills the process with SIGBUS at the next
/// touch behind the new end. Replacing the file by `rename(2)` is harmless. Where that cannot be
/// known (a log that is being written, a directory that others may write to), read.
///
/// ```
/// # if cfg!(miri) { return Ok(()) }
/// // SAFETY: a program that is running is not written to (ETXTBSY).
/// let program = unsafe { region::Input::open("/proc/self/exe") }?;
/// assert_eq!(&program[..4], b"\x7fELF");
///
/// let status = region::Input::read("/proc/self/status")?;
/// let threads = status.lines().find_map(|line| line.strip_prefix(b"Threads:"));
/// assert!(threads.is_some());
/// # Ok::<(), region::InputError>(())
/// ```
pub struct Input {
    content: Content,
}

/// Where the bytes are.
enum Content {
    Mapped(MappedFile),
    Read(Stream),
}

// SAFETY: an input owns its bytes as a `Box<[u8]>` does; no state is tied to the thread that made it.
unsafe impl Send for Input {}
// SAFETY: through a shared reference the bytes can only be read, and every change takes `&mut self`.
unsafe impl Sync for Input {}

impl Input {
    /// An input of no bytes, to [`read_more`](Self::read_more) into. Makes no system call.
    pub const fn new() -> Self {
        Input { content: Content::Read(Stream::new()) }
    }

    /// The bytes of the file of this path, mapped where it can be. `open(2)`, `mmap(2)`.
    ///
    /// # Errors
    /// When the path holds a NUL byte or is too long, when the file cannot be opened, when it is a directory, or
    /// as [`read_more`](Self::read_more).
    ///
    /// # Safety
    /// As long as the input lives, nobody writes to the file or truncates it ([why](Self#safety)).
    pub unsafe fn open(path: impl PathBytes) -> Result<Self, InputError> {
        let file = sys::open(path.path_bytes())?;
        let mut input = Self::new();
        // SAFETY: the caller's promise, passed on.
        let got = unsafe { input.map_or_read(file.borrow(), Some(0)) };
        input.whole(got)
    }

    /// The bytes of an open file, from where it stands, mapped where they can be. `mmap(2)`.
    ///
    /// The descriptor may be closed at once. If the file was mapped it stands where it stood.
    ///
    /// # Errors
    /// When it is a directory, closed, or not open for reading, or as [`read_more`](Self::read_more).
    ///
    /// # Safety
    /// As long as the input lives, nobody writes to the file or truncates it ([why](Self#safety)).
    pub unsafe fn from_fd<'f>(fd: impl Into<Fd<'f>>) -> Result<Self, InputError> {
        let fd = sys::descriptor(fd.into(), Call::Stat)?;
        let mut input = Self::new();
        // SAFETY: the caller's promise, passed on.
        let got = unsafe { input.map_or_read(fd, None) };
        input.whole(got)
    }

    /// The bytes of standard input, mapped where they can be (`program < file`), read where not
    /// (`other | program`).
    ///
    /// Bytes that `std::io::stdin()` has buffered already are not among them.
    ///
    /// # Errors
    /// As [`from_fd`](Self::from_fd).
    ///
    /// # Safety
    /// As long as the input lives, nobody writes to the file or truncates it ([why](Self#safety)).
    pub unsafe fn stdin() -> Result<Self, InputError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { Self::from_fd(Fd::STDIN) }
    }

    /// The bytes of the file of this path, read into memory. `open(2)`, `read(2)`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let input = region::Input::read("/proc/sys/kernel/ostype")?;
    /// assert_eq!(input.as_str(), Ok("Linux\n"));
    ///
    /// let error = region::Input::read("/no/such/file").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "cannot open the file: ENOENT (open). There is no such file; check the path."
    /// );
    /// # Ok::<(), region::InputError>(())
    /// ```
    pub fn read(path: impl PathBytes) -> Result<Self, InputError> {
        let file = sys::open(path.path_bytes())?;
        let mut input = Self::new();
        let got = input.read_on(file.borrow(), Some(0), usize::MAX);
        input.whole(got)
    }

    /// The bytes of an open file from where it stands, read into memory. `read(2)`.
    ///
    /// A pipe is asked to hold 1 MiB from now on.
    ///
    /// # Errors
    /// When it is a directory, closed, or not open for reading, or as [`read_more`](Self::read_more).
    pub fn read_fd<'f>(fd: impl Into<Fd<'f>>) -> Result<Self, InputError> {
        let fd = sys::descriptor(fd.into(), Call::Stat)?;
        let mut input = Self::new();
        let got = input.read_on(fd, None, usize::MAX);
        input.whole(got)
    }

    /// The bytes of standard input, read into memory.
    ///
    /// Bytes that `std::io::stdin()` has buffered already are not among them.
    ///
    /// # Errors
    /// As [`read_fd`](Self::read_fd).
    pub fn read_stdin() -> Result<Self, InputError> {
        Self::read_fd(Fd::STDIN)
    }

    /// Reads the rest, to the end, behind the bytes that are here. Returns how many bytes came.
    ///
    /// For going on after an error, and for putting several files into one slice. The bytes may move to another
    /// address; a mapped input is copied into memory of its own first. Address space behind the content is kept for
    /// more, see [`shrink_to_fit`](Self::shrink_to_fit).
    ///
    /// # Errors
    /// When the system refuses the next bytes (EAGAIN of a non-blocking descriptor that has none yet, EIO of
    /// a device, EBADF of a descriptor that is not open for reading, ENOMEM). What was read before it is
    /// kept: the input is as long as it got.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use region::{Input, InputError};
    /// use std::io::Write;
    /// use std::os::fd::AsRawFd;
    ///
    /// let (reader, mut writer) = std::os::unix::net::UnixStream::pair()?;
    /// reader.set_nonblocking(true)?;
    /// // SAFETY: `reader` is ours and stays open until the end of this example.
    /// let fd = unsafe { region::input::Fd::from_raw(reader.as_raw_fd()) };
    ///
    /// writer.write_all(b"half a ")?;
    /// let stopped: InputError = Input::read_fd(fd).unwrap_err();
    /// assert!(stopped.error().is(region::error::Errno::EAGAIN));
    /// let mut input = stopped.into_input();
    /// assert_eq!(&*input, b"half a ");
    ///
    /// writer.write_all(b"line\n")?;                   // here one would poll(2)
    /// drop(writer);
    /// assert_eq!(input.read_more(fd)?, 5);
    /// assert_eq!(&*input, b"half a line\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_more<'f>(&mut self, fd: impl Into<Fd<'f>>) -> Result<usize, Error> {
        self.read_more_up_to(fd, usize::MAX)
    }

    /// Reads at most `limit` bytes behind the bytes that are here: [`read_more`](Self::read_more) for streams
    /// that may be longer than RAM, or never end. Fewer came only if that was the end.
    ///
    /// # Errors
    /// As [`read_more`](Self::read_more).
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use std::os::fd::AsRawFd;
    /// let endless = std::fs::File::open("/dev/zero")?;
    /// // SAFETY: `endless` is ours and stays open until the end of this example.
    /// let fd = unsafe { region::input::Fd::from_raw(endless.as_raw_fd()) };
    /// let mut input = region::Input::new();
    /// assert_eq!(input.read_more_up_to(fd, 10_000)?, 10_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_more_up_to<'f>(&mut self, fd: impl Into<Fd<'f>>, limit: usize) -> Result<usize, Error> {
        let before = self.len();
        self.read_on(sys::descriptor(fd.into(), Call::Stat)?, None, limit)?;
        Ok(self.len() - before)
    }

    /// Returns the address space that is kept for more bytes, and RAM behind the content, to the system.
    ///
    /// Constructors have done that; worth a call after [`read_more`](Self::read_more).
    pub fn shrink_to_fit(&mut self) {
        if let Content::Read(stream) = &mut self.content {
            stream.shrink_to_fit();
        }
    }

    /// How the bytes were obtained.
    pub const fn source(&self) -> Source {
        match self.content {
            Content::Mapped(_) => Source::Mapped,
            Content::Read(_) => Source::Read,
        }
    }

    /// The bytes. Their alignment is 1.
    pub fn as_slice(&self) -> &[u8] {
        match &self.content {
            Content::Mapped(file) => file.as_slice(),
            Content::Read(stream) => stream.as_slice(),
        }
    }

    /// The bytes as text; looks at every byte once.
    ///
    /// # Errors
    /// When they are not UTF-8; the error says where.
    pub fn as_str(&self) -> Result<&str, Utf8Error> {
        core::str::from_utf8(self)
    }

    /// The lines, without their newlines, as slices of this input.
    pub fn lines(&self) -> Lines<'_> {
        Lines::new(self)
    }

    /// What a byte ends, as a newline ends a line: [`Lines::records`] of this input.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// // The variables that this process began with.
    /// let variables = region::Input::read("/proc/self/environ")?;
    /// assert!(variables.records(b'\0').any(|one| one.starts_with(b"PATH=")));
    /// # Ok::<(), region::InputError>(())
    /// ```
    pub fn records(&self, delimiter: u8) -> Lines<'_> {
        Lines::records(self, delimiter)
    }

    /// Maps all of `fd`, which stands at `at` if that is known, or reads it where it cannot be mapped, into an empty
    /// input.
    ///
    /// # Errors
    /// When neither can be done. What was read before is here.
    ///
    /// # Safety
    /// As long as the input lives, nobody writes to the file or truncates it.
    pub(crate) unsafe fn map_or_read(&mut self, fd: BorrowedFd<'_>, at: Option<u64>) -> Result<(), Error> {
        let kind = sys::kind(fd)?;
        if let Kind::Regular(size @ 1..) = kind {
            let position = at.map_or_else(|| sys::position(fd), Ok)?;
            if position < size {
                // SAFETY: the caller's promise, passed on.
                match unsafe { MappedFile::new(fd, position, size) } {
                    Ok(file) => {
                        self.content = Content::Mapped(file);
                        return Ok(());
                    }
                    Err(error) if sys::can_still_be_read(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.read_kind(fd, kind, at, usize::MAX)
    }

    /// Reads `fd`, which stands at `position` if that is known, to its end or `limit`, behind the bytes that are here.
    ///
    /// # Errors
    /// When the system refuses. What was read before is here.
    pub(crate) fn read_on(&mut self, fd: BorrowedFd<'_>, position: Option<u64>, limit: usize) -> Result<(), Error> {
        self.read_kind(fd, sys::kind(fd)?, position, limit)
    }

    fn read_kind(&mut self, fd: BorrowedFd<'_>, kind: Kind, at: Option<u64>, limit: usize) -> Result<(), Error> {
        let expected = expected(fd, kind, at)?;
        self.own()?.read_from(fd, expected, limit)
    }

    /// The input, if all of it is here. Memory that is kept for more goes back then; after an error the caller may go
    /// on, and needs it.
    fn whole(mut self, got: Result<(), Error>) -> Result<Self, InputError> {
        match got {
            Ok(()) => {
                self.shrink_to_fit();
                Ok(self)
            }
            Err(error) => Err(InputError { error, input: self }),
        }
    }

    /// The input's own memory, into which a mapped file is copied first.
    fn own(&mut self) -> Result<&mut Stream, Error> {
        if let Content::Mapped(file) = &self.content {
            let mut copy = Stream::new();
            copy.extend(file.as_slice())?;
            self.content = Content::Read(copy);
        }
        match &mut self.content {
            Content::Read(stream) => Ok(stream),
            // What was mapped was copied right above.
            Content::Mapped(_) => Err(Error::new(Call::Read, Reason::Empty, 0)),
        }
    }
}

impl Default for Input {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Input {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for Input {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("source", &self.source())
            .field("len", &format_args!("{}", Bytes(self.len())))
            .finish()
    }
}

/// Why an input is not complete, together with what was read before.
///
/// Turns into the plain [`Error`] by `?`, which drops those bytes.
#[derive(Debug)]
pub struct InputError {
    error: Error,
    input: Input,
}

impl InputError {
    /// What went wrong.
    pub const fn error(&self) -> Error {
        self.error
    }

    /// The system's error number as `std::io::Error` has it, when it was the system that refused.
    pub const fn raw_os_error(&self) -> Option<i32> {
        self.error.raw_os_error()
    }

    /// The bytes read before it, possibly none.
    pub const fn input(&self) -> &Input {
        &self.input
    }

    /// The bytes read before it, to use, or to go on with ([`Input::read_more`]).
    pub fn into_input(self) -> Input {
        self.input
    }
}

impl From<Error> for InputError {
    #[cold]
    #[inline(never)]
    fn from(error: Error) -> Self {
        InputError { error, input: Input::new() }
    }
}

impl From<InputError> for Error {
    fn from(stopped: InputError) -> Self {
        stopped.error
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)?;
        match self.input.len() {
            0 => Ok(()),
            len => write!(f, " {} came before that.", Bytes(len)),
        }
    }
}

impl core::error::Error for InputError {}
