//! The system's error numbers and their names.

use core::fmt;

/// The numbers that the library knows, as constants, and the table of their names.
///
/// They differ between systems, and some between processors. The three processors whose Linux is called without rustix
/// have those of `asm-generic/errno.h`, which are written down; all others are constants of rustix. `name` is the only
/// other thing that is made of them.
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

/// Without a system nothing gives a number.
#[cfg(not(all(feature = "os", unix)))]
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

    /// The number's name in `<errno.h>`, for those that this crate's calls are known to give.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(known, _)| *known == self.0).map(|(_, name)| *name)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
