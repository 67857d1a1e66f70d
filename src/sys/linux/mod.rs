//! The calls of a Linux kernel that this crate makes, one function each, for processors that [`trap`](super::trap)
//! knows.
//!
//! Names and types are rustix's, so that `system` in the rest of [`sys`](super) is this module on Linux and rustix on
//! other systems. Only what is used is here. rustix itself would work. But it takes longer to compile than the rest of
//! the crate, and its owned descriptors assert that no number is -1, which would be the only panic in the archive.
//!
//! Flags and layouts are those of the kernel's headers; the tests compare them with libc's, as they do the calls'
//! numbers (`number`).
//!
//! - `mm`: mapping, protecting, advising, locking.
//! - `fs`: files: opening, kind, size, position, seals.
//! - `io`: reading, writing, closing, and error numbers.

#[cfg(test)]
mod tests;

pub(crate) mod fs;
pub(crate) mod io;
pub(crate) mod mm;

use super::number;
use super::raw::Arguments;
use core::mem::MaybeUninit;

/// Makes a call. Returns its answer or the error number.
///
/// # Safety
/// The call and its arguments must not break memory that the program relies on.
#[inline(always)]
unsafe fn call(number: usize, arguments: impl Arguments) -> io::Result<usize> {
    // SAFETY: the caller vouches for what the call does with its arguments.
    match unsafe { super::raw::call(number, arguments) } {
        Ok(answer) => Ok(answer),
        Err(errno) => Err(io::Errno::new(errno)),
    }
}

/// As [`call`], of a call that answers 0.
///
/// # Safety
/// As for [`call`].
#[inline(always)]
unsafe fn done(number: usize, arguments: impl Arguments) -> io::Result<()> {
    // SAFETY: the caller promises what this call requires.
    unsafe { call(number, arguments) }.map(drop)
}

/// A set of flags: a type with the names, and the operations on sets that are used here.
macro_rules! flags {
    ($(#[$about:meta])* $type:ident { $($name:ident = $bits:expr,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy)]
        pub(crate) struct $type(u32);

        #[allow(dead_code)]
        impl $type {
            $(pub(crate) const $name: Self = Self($bits);)*

            pub(crate) const fn empty() -> Self {
                Self(0)
            }

            pub(crate) const fn bits(self) -> u32 {
                self.0
            }

            pub(crate) const fn from_bits(bits: u32) -> Self {
                Self(bits)
            }

            pub(crate) const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            pub(crate) const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            pub(crate) fn set(&mut self, other: Self, on: bool) {
                self.0 = if on { self.0 | other.0 } else { self.0 & !other.0 };
            }
        }

        impl core::ops::BitOr for $type {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }

        impl core::ops::BitOrAssign for $type {
            fn bitor_assign(&mut self, other: Self) {
                *self = self.union(other);
            }
        }
    };
}
use flags;

/// Descriptors by number.
pub(crate) mod fd {
    use core::ffi::c_int;
    use core::marker::PhantomData;

    pub(crate) type RawFd = c_int;

    /// An open descriptor, borrowed for `'f`.
    #[derive(Clone, Copy)]
    pub(crate) struct BorrowedFd<'f> {
        raw: RawFd,
        owner: PhantomData<&'f ()>,
    }

    impl BorrowedFd<'_> {
        /// The descriptor of this number.
        ///
        /// # Safety
        /// The number is that of an open file, which stays open for the lifetime.
        pub(crate) const unsafe fn borrow_raw(raw: RawFd) -> Self {
            BorrowedFd { raw, owner: PhantomData }
        }

        /// As an argument of a call. A descriptor is not negative, so no sign is lost.
        pub(super) const fn argument(self) -> usize {
            self.raw as u32 as usize
        }
    }

    /// A descriptor that was just made, for its owner to take: it closes nothing by itself.
    pub(crate) struct Made(RawFd);

    impl Made {
        pub(super) const fn new(raw: usize) -> Self {
            Made(raw as RawFd)
        }
    }

    /// A type that gives its descriptor's number up.
    pub(crate) trait IntoRawFd {
        fn into_raw_fd(self) -> RawFd;
    }

    impl IntoRawFd for Made {
        fn into_raw_fd(self) -> RawFd {
            self.0
        }
    }

    /// A type that has a descriptor's number.
    pub(crate) trait AsRawFd {
        fn as_raw_fd(&self) -> RawFd;
    }

    impl AsRawFd for BorrowedFd<'_> {
        fn as_raw_fd(&self) -> RawFd {
            self.raw
        }
    }
}

/// Sizes of pipes.
pub(crate) mod pipe {
    use super::fd::BorrowedFd;
    use super::{call, io, number};

    pub(super) const F_SETPIPE_SZ: usize = 1031;
    pub(super) const F_GETPIPE_SZ: usize = 1032;

    /// `fcntl(F_GETPIPE_SZ)`.
    pub(crate) fn fcntl_getpipe_size(fd: BorrowedFd<'_>) -> io::Result<usize> {
        // SAFETY: the call reads and writes no memory of this process.
        unsafe { call(number::FCNTL, [fd.argument(), F_GETPIPE_SZ]) }
    }

    /// `fcntl(F_SETPIPE_SZ)`.
    pub(crate) fn fcntl_setpipe_size(fd: BorrowedFd<'_>, size: usize) -> io::Result<usize> {
        // SAFETY: the call reads and writes no memory of this process.
        unsafe { call(number::FCNTL, [fd.argument(), F_SETPIPE_SZ, size]) }
    }
}

/// Requests to devices.
pub(crate) mod ioctl {
    use super::fd::BorrowedFd;
    use super::{MaybeUninit, done, io, number};
    use core::marker::PhantomData;

    /// The numbers of requests.
    pub(crate) mod opcode {
        /// `_IOR(group, number, T)`.
        pub(crate) const fn read<T>(group: u8, number: u8) -> u32 {
            const READ: u32 = 2;
            READ << 30 | (size_of::<T>() as u32) << 16 | (group as u32) << 8 | number as u32
        }
    }

    /// A request by which the kernel writes a `T`.
    pub(crate) struct Getter<const OPCODE: u32, T>(PhantomData<T>);

    impl<const OPCODE: u32, T> Getter<OPCODE, T> {
        pub(crate) const fn new() -> Self {
            Getter(PhantomData)
        }
    }

    /// `ioctl(2)`.
    ///
    /// # Safety
    /// On success the request has written a whole `T` to where its argument points, and nothing else.
    pub(crate) unsafe fn ioctl<const OPCODE: u32, T>(fd: BorrowedFd<'_>, _: Getter<OPCODE, T>) -> io::Result<T> {
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: the caller promises that the kernel writes a `T`, which `value` holds, and nothing else. It has
        // written all of it when it reports success.
        unsafe {
            done(number::IOCTL, [fd.argument(), OPCODE as usize, value.as_mut_ptr().expose_provenance()])?;
            Ok(value.assume_init())
        }
    }
}

/// This process and its limits.
pub(crate) mod process {
    use super::{call, done, number};
    use core::num::NonZeroI32;

    /// The number of a process.
    #[derive(Clone, Copy)]
    pub(crate) struct Pid(NonZeroI32);

    impl Pid {
        pub(crate) const fn as_raw_nonzero(self) -> NonZeroI32 {
            self.0
        }
    }

    /// `getpid(2)`, which cannot fail.
    pub(crate) fn getpid() -> Pid {
        // SAFETY: the call reads and writes no memory of this process.
        let answer = unsafe { call(number::GETPID, []) };
        // The kernel numbers processes from 1.
        Pid(answer.ok().and_then(|pid| NonZeroI32::new(pid as i32)).unwrap_or(NonZeroI32::MIN))
    }

    /// What is limited, by the number of its limit.
    #[derive(Clone, Copy)]
    pub(crate) enum Resource {
        Fsize = 1,
        Data = 2,
        Memlock = 8,
        As = 9,
    }

    /// A limit: `struct rlimit64`.
    #[derive(Default)]
    #[repr(C)]
    struct Raw {
        current: u64,
        maximum: u64,
    }

    /// A limit, if it is set.
    pub(crate) struct Rlimit {
        pub(crate) current: Option<u64>,
    }

    /// `prlimit(2)` of this process.
    pub(crate) fn getrlimit(resource: Resource) -> Rlimit {
        /// `RLIM64_INFINITY`.
        const NONE: u64 = u64::MAX;
        let mut raw = Raw { current: NONE, maximum: NONE };
        // SAFETY: process 0 is this one, and there are no new limits to read; the kernel writes both words of `raw`,
        // and nothing where it fails.
        let _ = unsafe { done(number::PRLIMIT, [0, resource as usize, 0, (&raw mut raw).expose_provenance()]) };
        Rlimit { current: (raw.current != NONE).then_some(raw.current) }
    }
}
