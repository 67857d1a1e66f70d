//! Error numbers: what each refusal is called in C, and the sentence for each.

use super::c_str::length;
pub(super) use crate::error::number::*;
use crate::error::{AllocError, AllocReason, Error, Reason};
use crate::pool::{PoolError, PoolReason};
#[cfg(target_os = "linux")]
use crate::shared::{SharedError, SharedReason};
use core::ffi::{c_char, c_int};

/// The number for a request that was refused. One copy: there are as many callers as there are functions.
#[inline(never)]
pub(super) fn of_error(error: &Error) -> c_int {
    match error.reason() {
        Reason::Os(errno) => errno.raw(),
        Reason::TooLarge => EOVERFLOW,
        Reason::Directory => EISDIR,
        Reason::BadPath => ENAMETOOLONG,
        Reason::NotOpener => EPERM,
        Reason::Pipe | Reason::Socket | Reason::CharacterDevice | Reason::NoFile => ENODEV,
        // Empty, bad alignment, bad range, and what is yet to come.
        _ => EINVAL,
    }
}

/// The number for an allocation that an arena refused. One copy, as for requests.
#[inline(never)]
pub(super) fn of_alloc(error: &AllocError) -> c_int {
    match error.reason() {
        AllocReason::TooLarge => EOVERFLOW,
        AllocReason::Limit(_) | AllocReason::Exhausted(_) => ENOSPC,
        AllocReason::Os(error) => of_error(&error),
        AllocReason::Grow => ENOMEM,
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
    answer(result.map_err(|error| of_error(&error)))
}

/// The same, where the number is known.
#[inline]
pub(super) fn answer(result: Result<(), c_int>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => -error,
    }
}

/// The numbers that have a sentence, and the sentences one after the other, each with its NUL: a search through them is
/// less code than a match.
macro_rules! sentences {
    ($($name:ident: $sentence:literal),* $(,)?) => {
        const NUMBERS: &[c_int] = &[0, $($name),*];
        const SENTENCES: &str = concat!(
            "no error\0",
            $(stringify!($name), ": ", $sentence, "\0",)*
            "an error of the system; see errno(3)\0"
        );
    };
}
sentences! {
    EACCES: "permissions or a lack of access forbid it",
    EAGAIN: "no bytes yet, or too much memory is locked; wait, or raise `ulimit -l`",
    EALREADY: "the block was given back already, or the node's call is due already",
    EBADMSG: "the memory does not hold a shared arena, or a broken one",
    EBADF: "the descriptor is closed or not open for reading",
    EBUSY: "it is in use, or its pages are locked in RAM; try again later, or unlock them",
    ECONNREFUSED: "nobody listens on the other side",
    ECONNRESET: "the other side is gone; the bytes read so far are kept",
    EDESTADDRREQ: "the socket is not connected to anybody",
    EDQUOT: "the user's quota of the disk is used up",
    EEXIST: "something is there already",
    EFAULT: "the address is not in this pool or heap",
    EFBIG: "the file would be larger than files may be here; see `ulimit -f`",
    EHOSTUNREACH: "no way leads to the other side any more",
    EINTR: "a signal came first",
    EINVAL: "NULL, an empty struct, a size, alignment, range, flag or format that cannot be, or what a rewind undid",
    EIO: "the device failed; the bytes read so far are kept",
    EISDIR: "it is a directory; name a file in it",
    ELOOP: "the path has too many symbolic links, or a circle of them",
    EMFILE: "too many files are open in this process; raise `ulimit -n`",
    ENAMETOOLONG: "the path, or a name in it, is too long",
    ENFILE: "too many files are open in the whole system",
    ENODEV: "this kind of file cannot be mapped",
    ENOENT: "there is no such file",
    ENOMEM: "the system gives no more memory or addresses; see ulimit -v, vm.max_map_count, vm.nr_hugepages",
    ENOSPC: "no room is left: in the limit that was set, the memory that was given, or on the disk",
    ENOSYS: "this kernel does not have the call",
    ENOTDIR: "a part of the path is not a directory",
    ENOTCONN: "the socket is not connected",
    ENXIO: "it is a socket, or the device behind it is not there",
    EOPNOTSUPP: "this file system, or this kind of file or memory, cannot do that",
    EOVERFLOW: "no object can be that large",
    EPERM: "the system does not permit it",
    EPIPE: "nobody reads the pipe any more",
    EPROTO: "the program was compiled against a region.h of another version",
    EROFS: "the file system is mounted read-only",
    ESPIPE: "it is a pipe, a socket or a terminal, which has no position",
    ESTALE: "the file server does not have the file any more",
    ETIMEDOUT: "the other side does not answer; the bytes read so far are kept",
    ETXTBSY: "the file is a program that is running",
}

/// What went wrong, for a number that a function of this library returned, negative or not. A static string;
/// never NULL.
///
/// cbindgen:postfix=REGION_NEVER_NULL_
#[unsafe(no_mangle)]
pub extern "C" fn region_strerror(error: c_int) -> *const c_char {
    // The smallest number has no positive counterpart; as a bit pattern it is unknown like any other.
    let wanted = error.wrapping_abs();
    let mut sentence: *const c_char = SENTENCES.as_ptr().cast();
    for &number in NUMBERS {
        if number == wanted {
            break;
        }
        // SAFETY: there is one sentence more than there are numbers, so another one begins behind this one's NUL.
        sentence = unsafe { sentence.add(length(sentence, usize::MAX) + 1) };
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::CStr;

    #[test]
    fn every_number_that_the_calls_give_has_its_name_and_a_sentence() {
        let mut named = 0;
        for raw in 1..200 {
            let Some(name) = crate::error::Errno::new(raw).name() else { continue };
            // SAFETY: what is returned is static and NUL-terminated.
            let sentence = unsafe { CStr::from_ptr(region_strerror(-raw)) }.to_str().unwrap();
            let said = sentence.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
            assert!(said.is_some_and(|said| said.len() > 10), "{name}: {sentence:?}");
            named += 1;
        }
        assert!(named >= 33);
    }
}
