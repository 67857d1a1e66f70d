//! The system's error numbers and their names.

use core::fmt;

/// The numbers that the library knows, as constants, and the table of their names.
///
/// They differ between systems, and some between processors. The three processors whose Linux is called without rustix
/// have those of `asm-generic/errno.h`, which are written down; all others are constants of rustix. `name` is the only
/// other thing that is made of them.
#[cfg(not(windows))]
macro_rules! numbers {
    ($($name:ident($linux:literal) = $known:ident,)*) => {
        /// Numbers to compare with and to give to C.
        #[cfg(all(feature = "os", unix))]
        #[allow(dead_code)]
        pub(crate) mod number {
            $(
                #[cfg(region_raw)]
                pub(crate) const $name: i32 = $linux;
                #[cfg(not(region_raw))]
                pub(crate) const $name: i32 = rustix::io::Errno::$known.raw_os_error();
            )*
        }

        /// The numbers that the library's own calls are known to give, as this system has them.
        #[cfg(all(feature = "os", unix))]
        impl Errno {
            $(
                #[doc = concat!("`", stringify!($name), "` of errno(3).")]
                pub const $name: Errno = Errno(number::$name);
            )*
        }

        #[cfg(all(feature = "os", unix))]
        const NAMES: &[(i32, &str)] = &[$((number::$name, stringify!($name)),)*];

        #[cfg(all(test, feature = "os", region_raw))]
        #[test]
        fn numbers_are_those_of_the_system() {
            $(assert_eq!(number::$name, libc::$name);)*
        }
    };
}

#[cfg(not(windows))]
numbers! {
    EPERM(1) = PERM,
    ENOENT(2) = NOENT,
    EINTR(4) = INTR,
    EIO(5) = IO,
    ENXIO(6) = NXIO,
    EBADF(9) = BADF,
    EAGAIN(11) = AGAIN,
    ENOMEM(12) = NOMEM,
    EACCES(13) = ACCESS,
    EFAULT(14) = FAULT,
    EBUSY(16) = BUSY,
    EEXIST(17) = EXIST,
    ENODEV(19) = NODEV,
    ENOTDIR(20) = NOTDIR,
    EISDIR(21) = ISDIR,
    EINVAL(22) = INVAL,
    ENFILE(23) = NFILE,
    EMFILE(24) = MFILE,
    ETXTBSY(26) = TXTBSY,
    EFBIG(27) = FBIG,
    ENOSPC(28) = NOSPC,
    ESPIPE(29) = SPIPE,
    EROFS(30) = ROFS,
    EPIPE(32) = PIPE,
    ENAMETOOLONG(36) = NAMETOOLONG,
    ENOSYS(38) = NOSYS,
    ELOOP(40) = LOOP,
    EBADMSG(74) = BADMSG,
    EPROTO(71) = PROTO,
    EOVERFLOW(75) = OVERFLOW,
    EDESTADDRREQ(89) = DESTADDRREQ,
    EOPNOTSUPP(95) = OPNOTSUPP,
    ECONNRESET(104) = CONNRESET,
    ENOTCONN(107) = NOTCONN,
    ETIMEDOUT(110) = TIMEDOUT,
    ECONNREFUSED(111) = CONNREFUSED,
    EHOSTUNREACH(113) = HOSTUNREACH,
    EALREADY(114) = ALREADY,
    ESTALE(116) = STALE,
    EDQUOT(122) = DQUOT,
}

/// As above, for the numbers of Windows, which are the same everywhere.
#[cfg(all(feature = "os", windows))]
macro_rules! numbers_of_windows {
    ($($name:ident = $number:literal,)*) => {
        /// Numbers to compare with.
        #[allow(dead_code)]
        pub(crate) mod number {
            $(pub(crate) const $name: i32 = $number;)*
        }

        /// The numbers that the library's own calls are known to give (`GetLastError`).
        impl Errno {
            $(
                #[doc = concat!("`", stringify!($name), "` of Windows.")]
                pub const $name: Errno = Errno(number::$name);
            )*
        }

        const NAMES: &[(i32, &str)] = &[$((number::$name, stringify!($name)),)*];
    };
}

#[cfg(all(feature = "os", windows))]
numbers_of_windows! {
    ERROR_INVALID_FUNCTION = 1,
    ERROR_FILE_NOT_FOUND = 2,
    ERROR_PATH_NOT_FOUND = 3,
    ERROR_TOO_MANY_OPEN_FILES = 4,
    ERROR_ACCESS_DENIED = 5,
    ERROR_INVALID_HANDLE = 6,
    ERROR_NOT_ENOUGH_MEMORY = 8,
    ERROR_OUTOFMEMORY = 14,
    ERROR_NOT_READY = 21,
    ERROR_SHARING_VIOLATION = 32,
    ERROR_LOCK_VIOLATION = 33,
    ERROR_HANDLE_EOF = 38,
    ERROR_NOT_SUPPORTED = 50,
    ERROR_INVALID_PARAMETER = 87,
    ERROR_BROKEN_PIPE = 109,
    ERROR_INVALID_NAME = 123,
    ERROR_NOT_LOCKED = 158,
    ERROR_BAD_PATHNAME = 161,
    ERROR_FILENAME_EXCED_RANGE = 206,
    ERROR_NO_DATA = 232,
    ERROR_PIPE_NOT_CONNECTED = 233,
    ERROR_MORE_DATA = 234,
    ERROR_INVALID_ADDRESS = 487,
    ERROR_NOACCESS = 998,
    ERROR_FILE_INVALID = 1006,
    ERROR_IO_DEVICE = 1117,
    ERROR_PRIVILEGE_NOT_HELD = 1314,
    ERROR_NO_SYSTEM_RESOURCES = 1450,
    ERROR_WORKING_SET_QUOTA = 1453,
    ERROR_COMMITMENT_LIMIT = 1455,
}

/// Without a system nothing gives a number.
#[cfg(not(all(feature = "os", any(unix, windows))))]
const NAMES: &[(i32, &str)] = &[];

/// An error number as the system gave it.
///
/// ```
/// # #[cfg(all(feature = "os", target_os = "linux"))]
/// assert_eq!(region::error::Errno::ENOMEM.name(), Some("ENOMEM"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(i32);

impl Errno {
    /// Wraps a raw, positive error number.
    pub const fn new(raw: i32) -> Self {
        Errno(raw)
    }

    /// The raw, positive error number.
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// The number's name in `<errno.h>`, or on Windows in `<winerror.h>`, for those that this crate's calls are known
    /// to give.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(known, _)| *known == self.0).map(|(_, name)| *name)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{} {}", if cfg!(windows) { "error" } else { "errno" }, self.0),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
