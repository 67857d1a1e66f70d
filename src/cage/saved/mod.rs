//! Saved trees: a tree of a cage as a file, which other processes map and read in place.
//!
//! | you have | you take |
//! |---|---|
//! | the types of a tree | [`savable!`](crate::savable), which declares them; [`Savable`] |
//! | the type at its root | [`root!`](crate::root), which gives it a name |
//! | a tree to keep | [`Saved::image`], and [`Image::write`] or [`Image::seal`] |
//! | a file of anybody's | [`Saved::open`], which checks everything |
//! | a file of your own that nobody changes | [`Saved::open_trusted`], which takes the same time for any size |

// - `image`: what a saved tree is as bytes. `ground`: where an opened one lies.
// - `check`, `save`: the walks, which know no types. `links`, `text`: what links are to them. `savable`: the trait, and numbers.
// - `declare`: types of the user's. `types`: fingerprints. `error`: what is refused.

mod check;
mod declare;
mod error;
mod ground;
mod image;
mod links;
mod savable;
mod save;
mod text;
mod types;

pub use check::Check;
pub use error::{SavedError, SavedFault, SavedReason, Stop};
pub use image::Image;
#[cfg(target_os = "linux")]
pub use image::SealedImage;
pub use savable::Savable;
pub use save::Save;
pub use types::Types;

use super::Cage;
use crate::arena::Root;
use crate::bump::round_up;
use crate::error::Call;
use crate::sys::{self, BorrowedFd, Fd, PathBytes};
use check::Scope;
use core::fmt;
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;
use error::Operation;
use ground::Ground;
use image::{HEADER, Header};

/// A saved tree, opened in the cage `C`: the owner of its bytes. `R` names the type of its root ([`root!`](crate::root)).
///
/// ```
/// use region::cage::{Box32, Cage, Saved, Slice32, Str32};
///
/// region::cage! { struct Ast; }
///
/// region::savable! {
///     in Ast;
///     enum Expr<'a> {
///         Number(f64),
///         Name(Str32<'a, Ast>),
///         Call { callee: Box32<'a, Expr<'a>, Ast>, arguments: Slice32<'a, Expr<'a>, Ast> },
///     }
/// }
///
/// region::root! { struct Program = for<'a> Expr<'a>; }
///
/// let arena = Ast::arena();
/// let callee = Box32::new_in(Expr::Name(Str32::new_in("f", &arena)), &arena);
/// let arguments = Slice32::from_iter_in([Expr::Number(1.0), Expr::Number(2.0)], &arena);
/// let image = Saved::<Program, Ast>::image(&Expr::Call { callee, arguments })?;
/// drop(arena);
/// # if cfg!(miri) { return Ok(()) }
/// # let path = std::env::temp_dir().join(format!("region-doc-saved-{}", std::process::id()));
/// # let path = path.to_str().unwrap();
/// image.write(path)?;
///
/// let tree = Saved::<Program, Ast>::open(path)?;              // in another process, usually
/// let Expr::Call { callee, arguments } = tree.get() else { unreachable!() };
/// assert!(matches!(**callee, Expr::Name(name) if name == "f") && arguments.len() == 2);
///
/// // SAFETY: this program wrote the file, and nobody changes it.
/// let same = unsafe { Saved::<Program, Ast>::open_trusted(path) }?;
/// assert!(same.len() == image.len());
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// *In place*: links count from the base of the cage, so a tree can be read where it is only if it lies in its cage where it
/// was made for. Each file names such a place, by its content, in the upper part of the cage; mostly it is free. If another
/// tree is there, as when one file is opened twice, or the cage is shorter here (`ulimit -v`), the bytes are copied and
/// the links moved.
///
/// *Checked*: [`open`](Self::open), [`open_fd`](Self::open_fd), [`from_bytes`](Self::from_bytes). Before there is a
/// reference, a walk has seen that each link leads to a value of its type inside the tree, owned once and not by itself; that
/// each enum, `bool`, `char`, text and number is valid; and the bytes are memory that nobody else can change: a copy, or a
/// memory file that is sealed, which is mapped. So a file may be of anybody's, and damaged or forged. What a tree means is
/// not checked: a forged one may hold other numbers and names than any parser would make.
///
/// *Trusted*: [`open_trusted`](Self::open_trusted) maps the file and reads its header, whatever its length.
///
/// *Types*: the header has a fingerprint of the root's type: names of types, fields and variants, their order, sizes and
/// offsets, and the same of all that links lead to. With other types a file is refused.
///
/// *Lifetime*: what [`get`](Self::get) gives is borrowed from this value; its drop unmaps the file, or gives the copy back to
/// the cage. *Threads*: `Send` and `Sync` as the root. *Fork*: a child has the same. *Memory*: an opened tree takes addresses
/// of the cage, in units of 64 KiB. A checked opening takes more while it runs, at most in proportion to the tree's depth and
/// to what is shared in it. It recurses for at most 64 levels of a tree, which takes some kilobytes of the stack.
pub struct Saved<R: Root, C: Cage> {
    ground: Ground<C>,
    /// Bytes of the file.
    len: usize,
    /// Invariant, as in [`Owned`](crate::Owned).
    root: PhantomData<fn(R) -> R>,
}

// SAFETY: the value owns the tree as a box does: what leads there is behind it. Nothing is tied to a thread.
unsafe impl<R: Root, C: Cage> Send for Saved<R, C> where for<'a> R::Of<'a>: Send {}
// SAFETY: behind a shared owner there are shared references to the tree.
unsafe impl<R: Root, C: Cage> Sync for Saved<R, C> where for<'a> R::Of<'a>: Sync {}

// As a box with the root.
impl<R: Root, C: Cage> UnwindSafe for Saved<R, C> where for<'a> R::Of<'a>: UnwindSafe {}
impl<R: Root, C: Cage> RefUnwindSafe for Saved<R, C> where for<'a> R::Of<'a>: RefUnwindSafe {}

/// Where a tree is read from.
enum Source<'s> {
    Bytes(&'s [u8]),
    /// A file of this length. If it is `sealed`, neither can ever change.
    File {
        fd: BorrowedFd<'s>,
        len: u64,
        sealed: bool,
    },
}

impl<'s> Source<'s> {
    /// Of a file that is `trusted` it is of no interest whether it is sealed.
    fn file(fd: BorrowedFd<'s>, trusted: bool) -> Result<Self, SavedReason> {
        #[cfg(target_os = "linux")]
        if !trusted {
            if let Ok(Some(sealed)) = sys::sealed(fd) {
                // Pages of the huge-page pool may not come back when they are needed.
                return Ok(Source::File {
                    fd,
                    len: sealed.size,
                    sealed: sealed.write && sealed.shrink && !sealed.huge,
                });
            }
        }
        let _ = trusted;
        Ok(Source::File { fd, len: crate::region::length(fd)?, sealed: false })
    }

    fn len(&self) -> u64 {
        match *self {
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::File { len, .. } => len,
        }
    }

    /// Copies the first bytes, as many as the buffer has.
    fn copy_to(&self, buffer: &mut [core::mem::MaybeUninit<u8>]) -> Result<(), SavedReason> {
        match *self {
            Source::Bytes(bytes) => {
                let bytes = bytes.get(..buffer.len()).ok_or(SavedReason::Length(bytes.len() as u64))?;
                // SAFETY: the two are as long as each other, and the buffer is borrowed mutably.
                unsafe { buffer.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            }
            Source::File { fd, .. } => {
                let mut had = 0;
                while had < buffer.len() {
                    let end = buffer.len().min(had + crate::policy::LONGEST_READ);
                    match sys::read_at(fd, &mut buffer[had..end], had as u64)? {
                        // Somebody made it shorter since it was asked for its length.
                        0 => return Err(SavedReason::Length(had as u64)),
                        more => had += more,
                    }
                }
            }
        }
        Ok(())
    }

    fn header(&self) -> Result<Header, SavedReason> {
        if self.len() < HEADER as u64 {
            return Err(SavedReason::NotATree);
        }
        let mut bytes = [core::mem::MaybeUninit::uninit(); HEADER];
        self.copy_to(&mut bytes)?;
        // SAFETY: all of them were written.
        Ok(Header::read(unsafe { &*bytes.as_ptr().cast::<[u8; HEADER]>() }))
    }
}

impl<R: Root, C: Cage> Saved<R, C>
where
    for<'a> R::Of<'a>: Savable<'a, C>,
{
    /// The tree below `root`, as the bytes of a file.
    ///
    /// *Cost*: two walks over the tree, and memory for the image; for each slice, text and shared value 16 to 48 bytes
    /// more. *Shared values*: what several [`Ref32`](super::Ref32), [`Slice32`](super::Slice32) or
    /// [`Str32`](super::Str32) of one type lead to is one in the file, too. A link into the middle of another value has a
    /// copy of its own.
    ///
    /// # Errors
    /// When memory cannot be had, or the tree is longer than a cage can be.
    pub fn image(root: &R::Of<'_>) -> Result<Image, SavedError> {
        Self::make(root).map_err(|reason| Self::error(Operation::Save, reason))
    }

    fn make(root: &R::Of<'_>) -> Result<Image, SavedReason> {
        let fingerprint = Self::fingerprint()?;
        let mut walk = Save::new();
        links::save_root::<R::Of<'_>, C>(root, &mut walk).map_err(|_| walk.reason())?;
        // SAFETY: the frames are those of this walk, over values that `root` leads to, which is borrowed.
        let (mut pages, end, shared) = unsafe { walk.finish(C::OPTIONS.scale())? };
        let before = Header::new(C::OPTIONS.scale(), fingerprint, 0, shared, end);
        let len = before.len as usize;
        pages.truncate(image::pages_of(len));
        let place = image::place(&pages, len, C::OPTIONS.most()).ok_or(SavedReason::TooLarge)?;
        let first = ((place * crate::policy::CAGE_UNIT) >> C::OPTIONS.scale()) as u32;
        let base = NonNull::from(pages.as_mut_slice()).cast();
        // SAFETY: the pages are this function's own, and hold such an image, whose first byte counts as 0.
        unsafe { Self::check(base, &before, first)? };
        let header = before.at(first);
        // SAFETY: the first page is longer than a header, and nothing else refers to it.
        unsafe { base.copy_from_nonoverlapping(NonNull::from(header.bytes()).cast(), HEADER) };
        Ok(Image::new(pages, len))
    }

    /// Opens a file of anybody's: all of it is checked.
    ///
    /// *Cost*: the file is read into memory of the cage, as much as it is long, and walked once; nothing of it is mapped.
    /// Whoever takes files of strangers should look at their length first.
    ///
    /// # Errors
    /// When the file cannot be read; when it is not a saved tree with a root of this type, or was damaged or forged; when
    /// there is no memory, or no place in the cage.
    pub fn open(path: impl PathBytes) -> Result<Self, SavedError> {
        Self::opened(|| Self::open_path(path.path_bytes(), false))
    }

    /// As [`open`](Self::open), of a file that is open for reading, from its first byte on whatever its position.
    ///
    /// A memory file that is sealed against writing and shrinking, as [`Image::seal`] makes it, is not copied but mapped.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_fd<'f>(fd: impl Into<Fd<'f>>) -> Result<Self, SavedError> {
        Self::opened(|| Self::open_file(sys::descriptor(fd.into(), Call::MapFile)?, false))
    }

    /// As [`open`](Self::open), of bytes in memory, which are copied. Their address does not matter.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SavedError> {
        Self::opened(|| Self::open_source(&Source::Bytes(bytes), false))
    }

    /// Opens a file that is known to be good, in the same time for any length: a handful of system calls, and no byte but
    /// the header's is looked at. Pages come from the file as they are read.
    ///
    /// If the place in the cage that the file names is not free, the file is opened as by [`open`](Self::open).
    ///
    /// # Errors
    /// As [`open`](Self::open), as far as the header shows it.
    ///
    /// # Safety
    /// The bytes are those of an [`Image`] that was made for these types. As long as the value exists, nobody changes them
    /// or makes the file shorter, in this process or another. A file that is replaced by renaming another stays as it was.
    pub unsafe fn open_trusted(path: impl PathBytes) -> Result<Self, SavedError> {
        Self::opened(|| Self::open_path(path.path_bytes(), true))
    }

    /// As [`open_trusted`](Self::open_trusted), of a file that is open for reading. The descriptor is not needed afterwards.
    ///
    /// # Errors
    /// As [`open_trusted`](Self::open_trusted).
    ///
    /// # Safety
    /// As for [`open_trusted`](Self::open_trusted).
    pub unsafe fn open_trusted_fd<'f>(fd: impl Into<Fd<'f>>) -> Result<Self, SavedError> {
        Self::opened(|| Self::open_file(sys::descriptor(fd.into(), Call::MapFile)?, true))
    }

    fn opened(open: impl FnOnce() -> Result<Self, SavedReason>) -> Result<Self, SavedError> {
        open().map_err(|reason| Self::error(Operation::Open, reason))
    }

    fn open_path(path: &[u8], trusted: bool) -> Result<Self, SavedReason> {
        let file = sys::open_to_map(path)?;
        Self::open_file(file.borrow(), trusted)
    }

    fn open_file(fd: BorrowedFd<'_>, trusted: bool) -> Result<Self, SavedReason> {
        Self::open_source(&Source::file(fd, trusted)?, trusted)
    }

    /// `trusted`: the caller's caller promised what `open_trusted` requires.
    fn open_source(source: &Source<'_>, trusted: bool) -> Result<Self, SavedReason> {
        let header = source.header()?;
        header.fits(source.len(), C::OPTIONS.scale(), Self::fingerprint()?)?;
        let len = header.len as usize;
        if let Source::File { fd, sealed, .. } = *source {
            if trusted || sealed {
                // SAFETY: the file is sealed, or its maker's caller promised the same.
                if let Some(ground) = unsafe { Ground::map(fd, len, header.first)? } {
                    let opened = Saved { ground, len, root: PhantomData };
                    if !trusted {
                        // SAFETY: nobody can change the bytes, and as the number of the first one stays, they are only read.
                        unsafe { Self::check(opened.ground.start(), &header, header.first)? };
                    }
                    return Ok(opened);
                }
            }
        }
        let mut ground = Ground::memory(len, header.first)?;
        // SAFETY: it is memory of this length, and nothing refers to it.
        source.copy_to(unsafe { ground.bytes(len) })?;
        // SAFETY: the bytes are this function's own, and were written just now.
        unsafe { Self::check(ground.start(), &header, ground.first())? };
        Ok(Saved { ground, len, root: PhantomData })
    }

    /// Checks an image, and gives links the numbers that they have if its first byte has the number `becomes`.
    ///
    /// # Safety
    /// Memory of the header's length is readable at `base`, a multiple of 4096, initialized, writable if the number
    /// changes, and nobody else has it or can change it. The header was found to fit.
    unsafe fn check(base: NonNull<u8>, header: &Header, becomes: u32) -> Result<(), SavedReason> {
        let scale = C::OPTIONS.scale();
        let Header { first, shared, end, .. } = *header;
        let scope = Scope { base, scale, end: end as usize, shared, first, more: becomes.wrapping_sub(first) };
        // SAFETY: the caller's promise; the header's length is that to the end of the list, at most `MOST_UNITS`,
        // and values end in whole ones.
        unsafe {
            let mut walk = Check::new(scope);
            let root = walk.claim_root::<links::Root<R::Of<'static>, C>>();
            let root = root.and_then(|at| links::check_root::<R::Of<'static>, C>(at, &mut walk));
            root.map_err(|_| walk.reason())?;
            walk.finish()
        }
    }

    /// What the root is made of, as a number.
    fn fingerprint() -> Result<[u64; 2], SavedReason> {
        let mut types = Types::new();
        <R::Of<'static> as Savable<'static, C>>::describe(&mut types);
        Ok(types.fingerprint()?)
    }
}

impl<R: Root, C: Cage> Saved<R, C> {
    /// Where the root lies, in bytes from the first.
    const ROOT: usize = {
        let align = align_of::<R::Of<'static>>();
        round_up(HEADER, if align > C::OPTIONS.unit() { align } else { C::OPTIONS.unit() })
    };

    fn error(operation: Operation, reason: SavedReason) -> SavedError {
        SavedError::new(operation, C::space().name(), C::OPTIONS.unit(), reason)
    }

    /// The root, for as long as the tree is borrowed.
    #[inline]
    pub fn get(&self) -> &R::Of<'_> {
        // SAFETY: the root is there, as the walk saw, or the caller of `open_trusted` promised: an `Of<'a>` for an `'a` that
        // this borrow is a part of, as all that it leads to is there until the drop of this value. The bytes are not changed
        // meanwhile. `Of` is covariant, so it may be used as an `Of` of this shorter lifetime.
        unsafe { self.ground.start().add(Self::ROOT).cast().as_ref() }
    }

    /// Bytes of the file.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Always false: a file has a header at least. Here because `len` is.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the file itself is mapped, and not a copy of its bytes in the cage.
    pub const fn is_mapped(&self) -> bool {
        self.ground.is_mapped()
    }
}

impl<R: Root, C: Cage> fmt::Debug for Saved<R, C>
where
    for<'a> R::Of<'a>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Saved").field(self.get()).finish()
    }
}
