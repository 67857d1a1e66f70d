//! A borrowed descriptor: the number of an open file, and for how long it stays open.
//!
//! `core` has no such type. rustix's becomes another type when some other crate of the program switches
//! rustix's `std` feature on. A bare number promises nothing. [`Fd`] closes nothing and owns nothing.

use super::system;
use core::ffi::c_int;
use core::marker::PhantomData;

/// An open descriptor, borrowed: its owner keeps it open for `'f`.
///
/// With the crate's feature `std`, references to types that implement `std::os::fd::AsFd` (files, pipes,
/// sockets, standard input, a `BorrowedFd`) convert into it. Without it, one is made of the
/// number. Copying it copies the number; dropping it closes nothing.
///
/// ```
/// # #[cfg(feature = "std")] {
/// let zeroes = std::fs::File::open("/dev/null")?;
/// assert!(region::Input::read_fd(&zeroes)?.is_empty());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd<'f> {
    raw: c_int,
    owner: PhantomData<&'f ()>,
}

impl Fd<'static> {
    /// Standard input, descriptor 0.
    pub const STDIN: Self = Fd { raw: 0, owner: PhantomData };
    /// Standard error, descriptor 2, for the message before an abort.
    #[cfg(any(feature = "capi", region_malloc))]
    pub(crate) const STDERR: Self = Fd { raw: 2, owner: PhantomData };
}

impl<'f> Fd<'f> {
    /// The descriptor of this number. A number that no file has, such as -1, makes calls fail with EBADF.
    ///
    /// # Safety
    /// If the number is that of an open file, the file stays open for `'f`, and its owner agrees to its
    /// being read and moved (what `std` calls I/O safety).
    ///
    /// ```
    /// use std::os::fd::AsRawFd;
    /// let file = std::fs::File::open("/dev/null")?;
    /// // SAFETY: `file` is ours and stays open until the end of this example.
    /// let fd = unsafe { region::input::Fd::from_raw(file.as_raw_fd()) };
    /// assert!(region::Input::read_fd(fd)?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const unsafe fn from_raw(raw: c_int) -> Self {
        Fd { raw, owner: PhantomData }
    }

    /// What `system` borrows.
    pub(super) fn borrowed(fd: system::fd::BorrowedFd<'f>) -> Self {
        Fd { raw: system::fd::AsRawFd::as_raw_fd(&fd), owner: PhantomData }
    }

    /// The number.
    pub const fn as_raw(self) -> c_int {
        self.raw
    }
}

#[cfg(feature = "std")]
impl<'f, T: std::os::fd::AsFd + ?Sized> From<&'f T> for Fd<'f> {
    fn from(owner: &'f T) -> Self {
        use std::os::fd::AsRawFd;
        Fd { raw: owner.as_fd().as_raw_fd(), owner: PhantomData }
    }
}
