//! Error numbers: what each refusal is called in C, and the sentence for each.

use crate::error::{AllocError, AllocReason, Error, Reason};
use crate::pool::{PoolError, PoolReason};
#[cfg(target_os = "linux")]
use crate::shared::{SharedError, SharedReason};
use core::ffi::{CStr, c_char, c_int};
use rustix::io::Errno as Known;

/// An error number as a constant to match on.
macro_rules! errnos {
    ($($name:ident = $known:ident),* $(,)?) => { $(
        pub(super) const $name: c_int = Known::$known.raw_os_error();
    )* };
}
errnos! {
    EACCES = ACCESS, EAGAIN = AGAIN, EALREADY = ALREADY, EBADF = BADF, EBADMSG = BADMSG, EFAULT = FAULT, EINTR = INTR, EINVAL = INVAL,
    EIO = IO, EISDIR = ISDIR, EMFILE = MFILE, ENAMETOOLONG = NAMETOOLONG, ENODEV = NODEV, ENOENT = NOENT,
    ENOMEM = NOMEM, ENOSPC = NOSPC, ENOSYS = NOSYS, EOVERFLOW = OVERFLOW, EPERM = PERM, EPIPE = PIPE, EPROTO = PROTO,
}

/// The number for a request that was refused. One copy: there are as many callers as there are functions.
#[inline(never)]
pub(super) fn of_error(error: &Error) -> c_int {
    match error.reason() {
        Reason::Os(errno) => errno.raw(),
        Reason::TooLarge => EOVERFLOW,
        Reason::Directory => EISDIR,
        Reason::BadPath => ENAMETOOLONG,
        // Empty, bad alignment, bad range, and what is yet to come.
        _ => EINVAL,
    }
}

/// The number for an allocation that an arena refused.
pub(super) fn of_alloc(error: &AllocError) -> c_int {
    match error.reason() {
        AllocReason::TooLarge => EOVERFLOW,
        AllocReason::Limit(_) | AllocReason::Exhausted(_) => ENOSPC,
        AllocReason::Os(error) => of_error(&error),
        _ => EINVAL,
    }
}

/// The number for what a pool refused.
pub(super) fn of_pool(error: &PoolError) -> c_int {
    match error.reason() {
        PoolReason::TooMany => EOVERFLOW,
        PoolReason::Inaccessible => EACCES,
        PoolReason::Exhausted | PoolReason::Fragmented => ENOSPC,
        PoolReason::Foreign => EFAULT,
        PoolReason::NotOut => EALREADY,
        PoolReason::Os(error) => of_error(&error),
        // Block size, no blocks, counts, addresses inside a block.
        _ => EINVAL,
    }
}

/// The number for shared memory that was not opened.
#[cfg(target_os = "linux")]
pub(super) fn of_shared(error: &SharedError) -> c_int {
    match error.reason() {
        SharedReason::Os(error) => of_error(&error),
        SharedReason::NotMemory => ENODEV,
        SharedReason::Unsealed => EPERM,
        SharedReason::TooLarge(_) => EOVERFLOW,
        SharedReason::Version(_) => EPROTO,
        SharedReason::NoArena | SharedReason::End(_) | SharedReason::Cursor(_) => EBADMSG,
        // Huge pages, too small, and what is yet to come.
        _ => EINVAL,
    }
}

/// What a function returns that gives 0 or a negative errno.
pub(super) fn status(result: Result<(), Error>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => -of_error(&error),
    }
}

/// What went wrong, for a number that a function of this library returned, negative or not. A static string;
/// never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn region_strerror(error: c_int) -> *const c_char {
    // The smallest number has no positive counterpart; as a bit pattern it is unknown like any other.
    let sentence: &'static CStr = match error.wrapping_abs() {
        0 => c"no error",
        EACCES => c"EACCES: permissions or a lack of access forbid it",
        EAGAIN => c"EAGAIN: no bytes yet, or too much memory is locked; wait, or raise `ulimit -l`",
        EALREADY => c"EALREADY: the block is not out: it was given back already",
        EBADMSG => c"EBADMSG: the memory does not hold a shared arena, or a broken one",
        EBADF => c"EBADF: the descriptor is closed or not open for reading",
        EFAULT => c"EFAULT: the address is not in this pool",
        EINTR => c"EINTR: a signal came first",
        EINVAL => c"EINVAL: NULL, an empty struct, or a size, alignment, range or flag that cannot be",
        EIO => c"EIO: the device failed; the bytes read so far are kept",
        EISDIR => c"EISDIR: it is a directory; name a file in it",
        EMFILE => c"EMFILE: too many files are open in this process; raise `ulimit -n`",
        ENAMETOOLONG => c"ENAMETOOLONG: the path is longer than 4095 bytes",
        ENODEV => c"ENODEV: this kind of file cannot be mapped",
        ENOENT => c"ENOENT: there is no such file",
        ENOMEM => {
            c"ENOMEM: the system gives no more memory or addresses; see ulimit -v, vm.max_map_count, vm.nr_hugepages"
        }
        ENOSPC => c"ENOSPC: the limit that was set, or the memory that was given, is used up",
        ENOSYS => c"ENOSYS: this kernel does not have the call",
        EOVERFLOW => c"EOVERFLOW: no object can be that large",
        EPERM => c"EPERM: the system does not permit it",
        EPIPE => c"EPIPE: nobody reads the pipe any more",
        EPROTO => c"EPROTO: the program was compiled against a region.h of another version",
        _ => c"an error of the system; see errno(3)",
    };
    sentence.as_ptr()
}
