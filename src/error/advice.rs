//! What to do about a refusal of the system, by call and number.
//!
//! A sentence is here only if it is true of every case in which Linux returns that number for that call as this crate
//! makes it (the ERRORS sections of the manual's pages). Limits that are known to have refused are named by
//! [`Limit`](super::Limit) instead.

use super::{Call, Errno};

/// What to do about `errno` of `call`, if there is advice.
pub(super) fn advice(call: Call, errno: Errno) -> Option<&'static str> {
    let name = errno.name()?;
    by_call(call, name).or_else(|| anywhere(name))
}

/// Advice that depends on the call.
fn by_call(call: Call, name: &str) -> Option<&'static str> {
    match call {
        Call::Open | Call::OpenWritable | Call::Create => opening(call, name),
        Call::Write | Call::Resize | Call::Allocate | Call::Sync => writing(call, name),
        Call::Read | Call::Stat | Call::Seek | Call::MapFile => reading(call, name),
        Call::MakeMemory | Call::Seal => descriptors(call, name),
        _ => memory(call, name),
    }
}

fn opening(call: Call, name: &str) -> Option<&'static str> {
    Some(match (call, name) {
        (Call::Open, "EACCES") => {
            "The permissions of the file, or of a directory on the way to it, do not let this user read it."
        }
        (Call::OpenWritable, "EACCES") => {
            "The permissions of the file, or of a directory on the way to it, do not let this user read and write it."
        }
        (_, "EACCES") => {
            "The permissions of the directory, or of the file that is there, do not let this user write to it."
        }
        (Call::Create, "ENOENT") => "A directory on the way to it does not exist; make it first.",
        (_, "ENOENT") => "There is no such file; check the path.",
        (_, "EISDIR") => "It is a directory; name a file in it.",
        (_, "ENOTDIR") => "A part of the path is a file where a directory is needed; check the path.",
        (_, "ELOOP") => "The path leads through too many symbolic links, or through a circle of them.",
        (_, "ENAMETOOLONG") => "A name in the path is longer than the file system takes: 255 bytes on most.",
        (_, "ETXTBSY") => "It is a program that runs, or a swap file; write to another file, or wait for its end.",
        (_, "ENXIO") => "It is a socket, or the device behind it is not there.",
        (_, "EPERM") => "The file is immutable, append-only or sealed, and must not be written in place.",
        (_, "ENOSPC") => "The file system has no room for another file; remove some.",
        _ => return None,
    })
}

fn writing(call: Call, name: &str) -> Option<&'static str> {
    Some(match (call, name) {
        (Call::Sync, "EBUSY") => "Some of the pages are locked in RAM; unlock them first.",
        (Call::Sync, "EIO") => "The device failed, and what was written to these pages may not have reached it.",
        (_, "EFBIG") => "The file system does not let a file be so long.",
        (_, "ENOSPC") => "The disk is full; free some of it, or make the file shorter.",
        (_, "EPERM") => "The file is sealed, immutable or append-only, and keeps its size.",
        (_, "ETXTBSY") => "It is a program that runs, or a swap file; write to another file, or wait for its end.",
        (_, "EINVAL" | "EBADF") => "The descriptor must be a regular file or memory, open for writing.",
        (Call::Allocate, "EOPNOTSUPP" | "ENODEV" | "ESPIPE") => {
            "This file system reserves no space ahead; it does so as pages are written back."
        }
        _ => return None,
    })
}

fn reading(call: Call, name: &str) -> Option<&'static str> {
    Some(match (call, name) {
        (Call::MapFile, "EACCES") => {
            "The descriptor must be open for reading, and for writing if others share the memory."
        }
        (Call::MapFile, "EPERM") => "The file is sealed against writing.",
        (Call::MapFile, "ENODEV") => "This kind of file cannot be mapped; read it with `Input::read`.",
        (Call::MapFile, "EAGAIN") => "The process locks all its memory, and may lock no more; raise `ulimit -l`.",
        (Call::MapFile, "ENOMEM") => NO_MEMORY,
        (_, "EBADF") => "The descriptor is closed, not open for reading, or open for its path alone (O_PATH).",
        (Call::Read, "EAGAIN") => "The descriptor is non-blocking and has no bytes yet; wait for it, then go on.",
        (Call::Read, "EISDIR") => "It is a directory; name a file in it.",
        (Call::Read, "EIO") => "The device failed; the bytes read so far are kept.",
        (Call::Stat, "ENOTTY") => "This device has no known length; read it with `Input::read`.",
        (Call::Read, "EINVAL") => "Nothing can be read from this kind of descriptor in such pieces.",
        (Call::Read, "ENOTCONN") => "The socket is not connected.",
        (Call::Read, "ECONNRESET" | "ETIMEDOUT") => "The other side is gone; the bytes read so far are kept.",
        (Call::Seek, "ESPIPE") => "It is a pipe, a socket or a terminal, which has no position.",
        _ => return None,
    })
}

fn descriptors(call: Call, name: &str) -> Option<&'static str> {
    Some(match (call, name) {
        (Call::Seal, "EBADF") => "The descriptor is closed, or open for its path alone.",
        (Call::Seal, "EPERM") => "Its seals are closed for good, or it is not open for writing.",
        (Call::Seal, "EINVAL") => "It is no memory of memfd_create(2), which alone has seals.",
        (Call::MakeMemory, "EINVAL") => "A name has 249 bytes at most.",
        _ => return None,
    })
}

/// For what maps memory and commits it.
const NO_MEMORY: &str = "The system has no memory or address space left for this process, or it holds \
                         vm.max_map_count mappings; ask for less, or free some.";

fn memory(call: Call, name: &str) -> Option<&'static str> {
    Some(match (call, name) {
        (Call::Map | Call::Protect | Call::Remap | Call::Advise, "ENOMEM") => NO_MEMORY,
        (Call::Unmap | Call::Unlock | Call::Decommit, "ENOMEM") => {
            "The process holds vm.max_map_count mappings, and this one would have to be split; free some, or raise it."
        }
        (Call::Map | Call::Remap, "EAGAIN") => {
            "The process locks all its memory, and may lock no more; raise `ulimit -l`, or ask for less."
        }
        (Call::Map, "EEXIST") => "Something is mapped there already; choose another address, or let the system choose.",
        (Call::Advise, "EAGAIN") => "The kernel has no room to note it now, or vm.max_map_count is reached.",
        (Call::Protect, "EACCES") => "The file behind the memory is not open for writing.",
        (Call::MapHuge, "ENOMEM") => {
            "Too few huge pages of that size are free; set more aside in /sys/kernel/mm/hugepages, or name \
             ordinary pages as a further choice."
        }
        (Call::MapHuge, "EINVAL") => "This system has no huge pages of that size; name another choice.",
        (Call::Collapse, "EINVAL") => {
            "The range holds no whole huge page, or huge pages are ruled out for it or for this process \
             (MADV_NOHUGEPAGE, PR_SET_THP_DISABLE), or the kernel cannot (before 6.1)."
        }
        (Call::Collapse, "EAGAIN" | "EBUSY" | "ENOMEM") => {
            "No huge page could be had for all of it now; it serves as it is, and a later try may succeed."
        }
        (Call::Decommit, "EINVAL") => "The pages are locked in RAM; unlock them first.",
        (Call::Decommit, "EOPNOTSUPP") => "The file system behind this shared memory keeps its pages.",
        (Call::Advise, "EINVAL") => "This kernel does not know the advice, or it does not go with this kind of memory.",
        (Call::Lock, "ENOMEM" | "EAGAIN" | "EPERM") => {
            "The process may lock no more in RAM; raise `ulimit -l`, or lock less."
        }
        (Call::Name, "EINVAL") => "This kernel does not name memory, or the name is longer than 79 bytes or not plain.",
        _ => return None,
    })
}

/// Advice that holds for every call.
fn anywhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "EMFILE" => "Too many files are open in this process; raise `ulimit -n`, or close some.",
        "ENFILE" => "Too many files are open in the whole system (fs.file-max); close some.",
        "ENOMEM" => "The kernel has no memory left for it; free some, and try again.",
        "ENOSPC" => "The disk is full; free some of it.",
        "EDQUOT" => "This user's share of the disk is used up; remove some files.",
        "EROFS" => "The file system is mounted for reading only.",
        "EIO" => "The device failed.",
        "ESTALE" => "The file is gone from its server; open it anew.",
        "ENOSYS" => "This kernel, or a sandbox around the process, does not have the call.",
        _ => return None,
    })
}
