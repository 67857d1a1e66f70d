//! A borrowed handle: what Windows has for a descriptor, and for how long it stays open.

use super::call::*;
use core::ffi::c_void;
use core::marker::PhantomData;

/// An open file, borrowed: its owner keeps it open for `'f`. On a Unix it is a descriptor, on Windows a handle.
///
/// With the crate's feature `std`, references to types that implement `std::os::windows::io::AsHandle` (files, pipes,
/// standard input) convert into it. Without it, one is made of the handle. Copying it copies the handle; dropping it
/// closes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd<'f> {
    which: Which,
    owner: PhantomData<&'f ()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// Standard input, whichever handle it has by then.
    Stdin,
    This(Handle),
}

// SAFETY: a handle is a number, which all threads of the process may use.
unsafe impl Send for Fd<'_> {}
// SAFETY: behind a reference the handle is only read, and every call on it may be made from several threads.
unsafe impl Sync for Fd<'_> {}

impl Fd<'static> {
    /// Standard input: the handle that the process has for it when it is used.
    pub const STDIN: Self = Fd { which: Which::Stdin, owner: PhantomData };
}

impl Fd<'_> {
    /// The file of this handle. A handle that no file has makes calls fail with `ERROR_INVALID_HANDLE`.
    ///
    /// # Safety
    /// If the handle is that of an open file, the file stays open for `'f`, and its owner agrees to its being read and
    /// moved (what `std` calls I/O safety). It was not opened for overlapped use.
    pub const unsafe fn from_raw(raw: *mut c_void) -> Self {
        Fd { which: Which::This(raw), owner: PhantomData }
    }

    /// The handle; null for standard input of a process that has none.
    pub fn as_raw(self) -> *mut c_void {
        match self.which {
            Which::Stdin => GetStdHandle(STD_INPUT_HANDLE),
            Which::This(raw) => raw,
        }
    }
}

#[cfg(feature = "std")]
impl<'f, T: std::os::windows::io::AsHandle + ?Sized> From<&'f T> for Fd<'f> {
    fn from(owner: &'f T) -> Self {
        use std::os::windows::io::AsRawHandle;
        Fd { which: Which::This(owner.as_handle().as_raw_handle()), owner: PhantomData }
    }
}

/// An open handle, borrowed: what the calls take. Not null, and not that of no file.
#[derive(Clone, Copy)]
pub(crate) struct BorrowedFd<'f> {
    pub(super) raw: Handle,
    owner: PhantomData<&'f ()>,
}

impl BorrowedFd<'_> {
    /// The file of this handle.
    ///
    /// # Safety
    /// The handle is that of an open file for the lifetime, or of none at all.
    pub(super) const unsafe fn new(raw: Handle) -> Self {
        BorrowedFd { raw, owner: PhantomData }
    }
}
